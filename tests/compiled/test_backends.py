"""Backends and exports: the contract is enough to write one, and each has one table from kind to rule."""

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from against_eager import codes, same

from autograd import Value, clip, compile, dot, exp, log, logsumexp, sqrt, tanh, to_jax, where
from autograd.compiled import ir
from autograd.compiled.api import function, replay
from autograd.compiled.backends.contract import Backend, Executable, Seed, Storage, Violation
from autograd.compiled.backends.jax import xla, xla_namespace, xla_program
from autograd.compiled.backends.llvm.executable import Llvm
from autograd.compiled.backends.numpy import kinds, reference
from autograd.compiled.backends.registry import NAMES, backend_named
from autograd.compiled.export import costs, listing, numpy_source, operands
from autograd.compiled.export.c import c_kinds, c_terms
from autograd.compiled.ir import KINDS, Code, Instruction, LongLoop, Loop, Matmul, Operand, Scalars, Spread
from autograd.errors import CompileError, DomainError, MissingPackageError
from autograd.namespaces import FLOATS
from autograd.ops import DOT, OPERATIONS, SUM, outside, product

# -- a backend of one's own ---------------------------------------------------------------------------------------------

Place = tuple[int, int]
"""Of which operand, and where in storage."""


def places(one: Instruction, index: tuple[int, ...]) -> list[Place]:
    """What one output of an instruction is computed from, in the order of the inputs of its operation."""

    def at(k: int, *index: Any) -> list[Place]:
        return [(k, place) for place in np.ravel(one.operands[k].all_places()[index]).tolist()]

    if isinstance(one, Matmul):
        return at(0, index[0]) + at(1, index[1])
    return [place for k in range(len(one.operands)) for place in at(k, *index)]  # of a sum or a dot all along the last axis


def elements(one: Instruction) -> Iterator[tuple[tuple[int, ...], int, list[Place]]]:
    """For each output its index, its place, and what it is computed from."""
    for index, place in zip(np.ndindex(one.shape), itertools.count(one.start)):
        yield index, place, places(one, index)


def number(data: Storage, batched: bool, place: int, sample: int) -> float:
    return float(data.batched[place, sample] if batched else data.shared[place])


def put(data: Storage, batched: bool, place: int, sample: int, x: float) -> None:
    if batched:
        data.batched[place, sample] = x
    else:
        data.shared[place] = x


def add(data: Storage, batched: bool, place: int, sample: int, amount: float) -> None:
    put(data, batched, place, sample, number(data, batched, place, sample) + amount)


class PlainExecutable:
    """Code that runs in Python, number by number and sample by sample. See `Executable`."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def zeros(self, samples: int = 1) -> Storage:
        return Storage(np.zeros(self.code.shared), np.zeros((self.code.batched, samples)))

    def storage(self, samples: int = 1) -> Storage:
        data = self.zeros(samples)
        for place, constant in zip(*self.code.fixed, strict=True):
            data.shared[place] = constant
        return data

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
        grads = self.zeros(samples)
        if seed is not None:
            grads.set(*seed)
        return grads

    def forward(self, data: Storage) -> list[Violation]:
        violations = []
        for one in self.code.flattened:
            bad = np.zeros((*one.shape, self._samples(one, data)), dtype=bool)
            for sample, (index, place, read) in itertools.product(range(bad.shape[-1]), elements(one)):
                inputs = [number(data, one.operands[k].batched, x, sample) for k, x in read]
                bad[(*index, sample)] = one.checked and bool(outside(one.operation, FLOATS, *inputs))
                put(data, one.batched, place, sample, one.operation.value(FLOATS, *inputs))
            violations.append((one, bad))
        for one, bad in violations:  # what excuses a violation may be computed after it
            for *index, sample in np.argwhere(bad):
                bad[(*index, sample)] = self._is_on(one.error_mask, data, tuple(index), sample)
        return [(one, bad) for one, bad in violations if bad.any()]

    def backward(self, data: Storage, grads: Storage) -> None:
        for one in reversed(self.code.flattened):
            for sample, (index, place, read) in itertools.product(range(self._samples(one, data)), elements(one)):
                if self._is_wanted(one, data, index, sample):
                    slopes = self._slopes(one, data, place, read, sample)
                    gradient = number(grads, one.batched, place, sample)
                    for (k, x), slope in zip(read, slopes, strict=True):
                        if not one.operands[k].constant:
                            add(grads, one.operands[k].batched, x, sample, product(one.operation, FLOATS, slope, gradient))

    def differentiate(self, data: Storage, grads: Storage) -> list[Violation]:
        violations = self.forward(data)
        if not violations:
            self.backward(data, grads)
        return violations

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        for one in self.code.flattened:
            for sample, (index, place, read) in itertools.product(range(self._samples(one, data)), elements(one)):
                if self._is_wanted(one, data, index, sample):
                    slopes = self._slopes(one, data, place, read, sample)
                    for (k, x), slope in zip(read, slopes, strict=True):
                        if number(moving, one.operands[k].batched, x, sample):
                            tangent = number(tangents, one.operands[k].batched, x, sample)
                            add(tangents, one.batched, place, sample, product(one.operation, FLOATS, slope, tangent))
                            put(moving, one.batched, place, sample, 1.0)

    def _slopes(self, one: Instruction, data: Storage, place: int, read: list[Place], sample: int) -> list[float]:
        inputs = [number(data, one.operands[k].batched, x, sample) for k, x in read]
        return one.operation.slopes(FLOATS, number(data, one.batched, place, sample), *inputs)

    def _samples(self, one: Instruction, data: Storage) -> int:
        return data.batched.shape[1] if one.batched else 1

    def _is_wanted(self, one: Instruction, data: Storage, index: tuple[int, ...], sample: int) -> bool:
        samples = range(data.batched.shape[1]) if one.mask is not None and one.mask.batched and not one.batched else [sample]
        return any(self._is_on(one.mask, data, index, s) for s in samples)

    def _is_on(self, mask: Operand | None, data: Storage, index: tuple[int, ...], sample: int) -> bool:
        return mask is None or number(data, mask.batched, int(mask.all_places()[index]), sample) != 0.0


class Plain:
    """A backend: an object with `load`."""

    def load(self, code: Code) -> Executable:
        return PlainExecutable(code)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """The backend that `compile` takes for all names."""
    backend = Plain()
    for module in (function, replay):
        monkeypatch.setattr(module, "backend_named", lambda name, threads=None: backend)
    return backend


def layers(p: Any, x: Any) -> Any:
    hidden = [tanh(dot(row, x) + bias) for row, bias in zip(p["W"], p["b"], strict=True)]
    return dot(hidden, hidden) + logsumexp(hidden) * clip(x[0], -0.5, 0.5)


def halves(x: Any, y: Any) -> Any:
    if x > y:
        return where(x > 1.0, lambda: log(x) * y, lambda: sqrt(1.0 - x) + y**3)
    return exp(-x * y) / (1.0 + y * y)


RNG = np.random.default_rng(0)


def test_a_backend_of_ones_own_computes_what_eager_code_computes(plain: Plain) -> None:
    p = {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4)}
    network = same(layers, p, RNG.normal(size=(5, 3)), in_axes=(None, 0))
    assert any(isinstance(one, Matmul) for code in codes(network) for one in code.flattened)
    same(halves, [0.5, 2.0, -1.0, 0.75], [0.25, 1.5, 0.5, 0.5])
    mixed = same(
        lambda p, x: dot([p[0], x[0], 2.0], [x[1], x[2], p[2]]) + p[1] * p[1],
        RNG.normal(size=3),
        RNG.normal(size=(4, 3)),
        in_axes=(None, 0),
    )
    assert any(isinstance(one, Spread) for code in codes(mixed) for one in code.flattened)
    irregular = same(lambda x, y: [x := where(x > 0.1 * i, x, y) + exp(x - y) * 0.1 for i in range(12)][-1], [0.3, 0.9], [0.7, 1.4])
    assert any(isinstance(each, Scalars) for code in codes(irregular) for each in code.instructions)


def test_a_backend_of_ones_own_gives_what_the_reference_gives(plain: Plain) -> None:
    """The same code, with storage that both fill."""
    f = compile(layers, in_axes=(None, 0))
    f.value_and_grad({"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4)}, RNG.normal(size=(5, 3)), reduce="sum")
    [code] = codes(f)
    results = []
    for backend in (plain, reference):
        executable = backend.load(code)
        data, rng = executable.storage(5), np.random.default_rng(1)
        shared, batched = code.given
        data.shared[shared] = rng.normal(size=len(shared))
        data.batched[batched] = rng.normal(size=(len(batched), 5))
        assert not executable.forward(data)
        [place] = code.results[1]
        grads = executable.gradients(5, (True, place, 1.0))
        executable.backward(data, grads)
        results.append([data.batched[place], grads.shared[code.wanted[0]], grads.batched[code.wanted[1]]])
    for own, expected in zip(*results, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-13)


def test_a_backend_of_ones_own_reports_violations_and_runs_graphs(plain: Plain) -> None:
    f = compile(lambda x: log(x) * 2.0)
    with pytest.raises(DomainError, match="log"):
        f(-1.0)
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert f([-1.0, 1.0])[1] == 0.0
    assert compile(lambda x: where(x > 0.0, lambda: log(x), lambda: 0.0))([-1.0, 1.0]).tolist() == [0.0, 0.0]
    x, y = Value(2.0), Value(3.0)
    program = compile(x * y + exp(x))
    x.data = 0.5
    assert program() == 1.5 + np.exp(0.5)
    assert (x.grad, y.grad) == (3.0 + np.exp(0.5), 0.5)


# -- the backends that there are ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [reference, Llvm(), xla, Plain()], ids=["numpy", "llvm", "jax", "one's own"])
def test_a_backend_is_what_loads_code(backend: Backend) -> None:
    assert callable(backend.load)


def test_names_of_backends() -> None:
    assert backend_named("numpy") is reference
    assert backend_named("auto") in (reference, Llvm())
    with pytest.raises(CompileError, match=f"there is no executor 'gpu': choose one of {', '.join(NAMES)}"):
        backend_named("gpu")


TABLES: dict[str, dict[Any, Any]] = {
    "numpy": kinds.RULES,
    "jax": xla_program.RULES,
    "numpy source": numpy_source.RULES,
    "C": c_kinds.RULES,
    "listing": listing.WORDS,
    "the operands of a listing": operands.READS,
    "costs": costs.COSTS,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_a_rule_for_each_kind(name: str) -> None:
    """Scalars are handled apart, but for costs: other tables see them as instructions of one number; so are loops, but for exports.

    Long loops are run round by round, and cannot be exported.
    """
    assert set(TABLES[name]) | {Scalars, Loop, LongLoop} == set(KINDS)
    assert (LongLoop in TABLES[name]) == (name == "costs")
    assert (Scalars in TABLES[name]) == (name == "costs")
    assert (Loop in TABLES[name]) == (name in ("numpy source", "C", "costs"))


def test_loops_of_c_over_many_inputs_have_values_and_slopes() -> None:
    assert c_terms.VALUES.keys() == c_terms.SLOPES.keys() == {row for row in OPERATIONS.values() if row.arity is None} - {SUM, DOT}


def test_all_kinds_of_instructions_are_known() -> None:
    defined = {x for x in vars(ir).values() if isinstance(x, type) and issubclass(x, Instruction) and x is not Instruction}
    assert defined | {Scalars, Loop, LongLoop} == set(KINDS)


# -- packages that are too old ----------------------------------------------------------------------------------------------


def test_an_old_jax_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 0.10, JAX could not transpose the scan of a loop, and failed with an error of its own."""
    jax = pytest.importorskip("jax")
    assert xla_namespace.jax_package() is jax
    monkeypatch.setattr(jax, "__version_info__", (0, 9, 2))
    monkeypatch.setattr(jax, "__version__", "0.9.2")
    f = compile(lambda x: x * x, executor="jax")
    for call in (lambda: f(2.0), lambda: to_jax(f, 2.0)):
        with pytest.raises(MissingPackageError, match=r"needs JAX 0\.10 or newer, not 0\.9\.2: pip install -U 'scalar-autograd\[jax\]'"):
            call()


def test_the_least_version_of_jax_is_that_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["optional-dependencies"]["jax"] == ["jax>=" + ".".join(map(str, xla_namespace.LEAST))]
