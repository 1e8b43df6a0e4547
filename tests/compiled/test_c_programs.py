"""Exported programs: those of the benchmarks, all kinds of instructions, long ones, and how they use memory."""

import math
import random
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from against_eager import flat
from c_compiler import COMPILER, SANITIZED, STRICT, called, compiled, differentiated, needs_compiler, printed
from rounding import explained

import autograd
from autograd import Value, compile, dot, exp, logsumexp, relu, sigmoid, sqrt, tanh, to_c, where
from autograd import sum as total
from autograd.compiled.api.function import Function
from autograd.compiled.api.replay import Program
from autograd.compiled.export.c import c_kinds
from autograd.compiled.ir import Dot, Matmul, Scalars, Select, Sum
from benchmarks import cases
from nn import MLP, losses

pytestmark = needs_compiler


# -- the benchmarks -------------------------------------------------------------------------------------------------------------

MAKERS: list[tuple[Callable[[], cases.Case], int, bool]] = [
    (cases.moons_step, 3, False),
    (cases.rosenbrock, 2, False),
    (lambda: cases.lorenz(30), 2, False),
    (cases.lorenz, 2, True),
    (cases.black_scholes, 1, False),
    (cases.product, 2, False),
    (lambda: cases.nielsen(20), 2, False),
    (cases.gpt_step, 2, False),
]
"""The cases, how many programs each has at least, and whether a test takes long."""


@pytest.mark.parametrize(
    ("make", "programs"),
    [pytest.param(make, count, marks=[pytest.mark.slow] if is_slow else [], id=f"{i}") for i, (make, count, is_slow) in enumerate(MAKERS)],
)
def test_every_program_of_the_benchmarks(make: Callable[[], cases.Case], programs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that runs when a case is run: programs of graphs, and functions with the arguments of their calls."""
    monkeypatch.setattr(cases, "executors", lambda: ["numpy"])
    monkeypatch.setattr(cases.peers, "installed", lambda *_: None)
    monkeypatch.setattr(cases.peers, "micrograd", lambda: None)
    used: dict[int, tuple[Any, tuple[Any, ...]]] = {}
    with monkeypatch.context() as patch:
        spy(patch, used)
        for name, run in make().runs.items():
            if "numpy" in name:
                cases.flat(run())
    assert len(used) >= programs
    for target, args in used.values():
        if isinstance(target, Program):
            check_program(target)
        else:
            check_function(target, args)


def spy(patch: pytest.MonkeyPatch, used: dict[int, tuple[Any, tuple[Any, ...]]]) -> None:
    """Note all programs and functions that run, and the arguments of functions."""
    run, differentiate = Program.__call__, Function.value_and_grad

    def program(self: Program) -> float:
        used[id(self)] = self, ()
        return run(self)

    def function(self: Function[Any], *args: Any, **kwargs: Any) -> Any:
        used[id(self)] = self, args
        return differentiate(self, *args, **kwargs)

    patch.setattr(Program, "__call__", program)
    patch.setattr(Function, "value_and_grad", function)


def check_program(program: Program) -> None:
    leaves = program.leaves
    numbers = [leaf.data for leaf in leaves]

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = 0.0
        return np.array([program(), *[leaf.grad for leaf in leaves]])

    library = compiled(to_c(program))
    value, jacobian = differentiated(library, "model", numbers)
    assert explained(np.array([*value, *jacobian[0]]), run(), run)
    assert called(library, "model", numbers)[0] == value[0]


def check_function(f: Function[Any], args: tuple[Any, ...], samples: int = 3) -> None:
    """At some samples, with respect to all arguments."""
    arguments, batch, [branch, *_] = f.specialise(*args)
    count = sum(output.places.size for output in branch.outputs)
    library = compiled(to_c(f, *args))
    for s in range(min(samples, batch.size)):
        numbers = [argument.numbers(batch.size) for argument in arguments]
        x = np.concatenate([own[:, s] if argument.batched else own for argument, own in zip(arguments, numbers, strict=True)])
        one = [np.asarray(own)[s : s + 1] if argument.batched else own for own, argument in zip(args, arguments, strict=True)]

        def run(one: list[Any] = one) -> Any:
            y, slopes = f.value_and_grad(*one, reduce="sum", has_aux=count > 1)
            return np.concatenate([flat(y), flat(slopes)])

        value, jacobian = differentiated(library, "model", x, count)
        assert explained(np.array([*value, *jacobian[0]]), run(), run)


def test_rounding_explains_no_more_than_rounding() -> None:
    x = np.array([1.0, 2.0, -3.0])
    f = compile(lambda x: dot(x, x) * tanh(x[0]), in_axes=(None,), executor="numpy")
    again = lambda: np.array([f(x)])
    y = again()
    assert explained(y * (1.0 + 1e-15), y, again)
    assert not explained(y * (1.0 + 2e-14), y, again)
    assert not explained(y * math.nan, y, again)


# -- kinds of instructions, and places ------------------------------------------------------------------------------------------


def mixed(w: Any, x: Any) -> Any:
    """Matrices, sums and dots of numbers that are anywhere: arguments, constants and what is computed, each of them several times."""
    h = [tanh(dot(row, x)) for row in w]
    again = [sigmoid(dot(row, h[:3])) for row in w[::-1]]
    side = where(x[0] > 0.0, lambda: [sqrt(x[0]) * a for a in h], lambda: [exp(-a) for a in again])
    outer = [[a * b for b in x] for a in h]
    everywhere = dot([x[0], 1.0, h[2], x[2], h[0], 2.5, x[0], h[3]], [h[1], x[1], 0.5, x[2], w[1][1], h[0], h[1], 3.0])
    odd = [relu(w[2][0] + w[0][2]), relu(x[1] + 1.0), relu(h[3] + x[0])]
    return (
        logsumexp([*h, *again, 1.0, x[2]])
        + total(side) * everywhere
        + total([a for row in outer for a in row[::-1]])
        + dot(odd, [h[2], 0.25, x[1]]),
        dot(h, again),
        [a - b for a, b in zip(h, again, strict=True)],
    )


def flat_mixed(p: list[Any]) -> list[Any]:
    first, second, rest = mixed([p[:3], p[3:6], p[6:9], p[9:12]], p[12:])
    return [first, second, *rest]


def test_every_kind_of_instruction_and_operands_anywhere() -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(4, 3)), rng.normal(size=3)
    f = compile(mixed, in_axes=(None, None), executor="numpy")
    f(w, x)
    [branch] = f.specialisations
    kinds = {type(instruction) for instruction in branch.code.instructions}
    assert {Matmul, Dot, Sum, Select} <= kinds
    for chunk in (c_kinds.FEW, 0, 100):  # sums as loops, and written out
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(c_kinds, "FEW", chunk)
            source = to_c(f)
        assert "model_at(x, w, " in source
        assert "model_add(gradient, d, " in source
        assert "model_constants[" in source
        library = compiled(source)
        for own in (x, -x, np.zeros(3), 100.0 * x):
            expected = flat(f(w, own))
            value, jacobian = differentiated(library, "model", [*w.ravel(), *own], 6)
            assert value == pytest.approx(expected, rel=1e-13)
            exact = autograd.jacobian(flat_mixed)([*w.ravel(), *own])
            assert jacobian == pytest.approx(np.array(exact), rel=1e-10, abs=1e-13)


def chain(x: Any, rounds: int) -> Any:
    """Rounds of which no two need have the same operations, so that they are no loop."""
    z, sums = x[0], []
    rng = random.Random(0)
    for i in range(rounds):
        z = rng.choice([tanh, sigmoid])(z * x[1] + 0.1 * i) + x[0] * x[2] + z * 0.5 + x[2]
        sums.append(z)
        if i % 50 == 9:
            z = z + 0.01 * dot([x[0], z, 2.0, x[2]], sums[-4:])
    return z + total(sums[::3])


def test_scalars_one_after_the_other_in_several_functions() -> None:
    x = [0.3, 0.7, -0.2]
    f = compile(lambda x: chain(x, 400), in_axes=(None,), executor="numpy")
    y, slopes = f.value_and_grad(x, wrt=0)
    assert any(type(one) is Scalars for one in f.specialisations[0].code.instructions)
    source = to_c(f)
    assert "model_forward_3(x, w);" in source
    value, jacobian = differentiated(compiled(source), "model", x)
    assert value[0] == pytest.approx(y, rel=1e-13)
    assert jacobian[0] == pytest.approx(slopes, rel=1e-11)


def test_so_many_numbers_that_int_may_not_hold_their_indices() -> None:
    n = 12_000
    f = compile(lambda x: dot(x, x) + total([tanh(a) for a in x]) + dot(x[::2], x[1::2]), in_axes=(None,), executor="numpy")
    x = np.random.default_rng(0).normal(size=n)
    y, slopes = f.value_and_grad(x, wrt=0)
    source = to_c(f)
    assert "for (int " in source
    large = to_c(f, np.tile(x, 3), name="large")
    assert "for (long i = 0; i < 36000; i++)" in large
    library = compiled(f"{source}\n{large}")
    value, jacobian = differentiated(library, "model", x)
    assert value[0] == pytest.approx(y, rel=1e-12)
    assert jacobian[0] == pytest.approx(slopes, rel=1e-12)
    y, slopes = f.value_and_grad(np.tile(x, 3), wrt=0)
    value, jacobian = differentiated(library, "large", np.tile(x, 3))
    assert value[0] == pytest.approx(y, rel=1e-12)
    assert jacobian[0] == pytest.approx(slopes, rel=1e-12)


def test_places_without_a_pattern_are_in_tables_of_the_least_type() -> None:
    rng = random.Random(0)
    for n, kind in ((200, "unsigned char"), (2000, "unsigned short"), (70_000, "unsigned long")):
        order = rng.sample(range(n), 60)
        f = compile(lambda x, order=order: dot([x[i] for i in order[:30]], [x[i] for i in order[30:]]), in_axes=(None,), executor="numpy")
        x = np.arange(n) * 0.001
        y, slopes = f.value_and_grad(x, wrt=0)
        source = to_c(f)
        assert f"static const {kind} model_places_" in source
        value, jacobian = differentiated(compiled(source), "model", x)
        assert value[0] == pytest.approx(y, rel=1e-14)
        assert jacobian[0] == pytest.approx(slopes, rel=1e-14)


def test_rows_of_places_without_a_pattern() -> None:
    """Dots and element-wise operations of numbers that are anywhere, in rows and columns."""
    rng = random.Random(1)
    rows = [[rng.randrange(30) for _ in range(5)] for _ in range(40)]

    def f(x: Any) -> Any:
        dots = [dot([x[i] for i in row], [x[j] for j in row[::-1]]) for row in rows]
        again = [dot([dots[i] for i in row], [x[(i + 3) % 30] for i in row]) for row in rows]
        return total([tanh(a * x[rows[k][0]]) for k, a in enumerate(again)])

    g = compile(f, in_axes=(None,), executor="numpy")
    x = np.random.default_rng(0).normal(size=30)
    y, slopes = g.value_and_grad(x, wrt=0)
    source = to_c(g)
    assert re.search(r"x\[model_places_\d\[5 \* i \+ k\]\]", source)
    value, jacobian = differentiated(compiled(source), "model", x)
    assert value[0] == pytest.approx(y, rel=1e-12)
    assert jacobian[0] == pytest.approx(slopes, rel=1e-11)


def test_rows_and_columns_that_follow_each_other_are_one_loop() -> None:
    model = MLP(3, [20, 20, 1], "relu", rng=random.Random(0))
    X = np.random.default_rng(0).normal(size=(6, 3))
    f = compile(lambda X: total([model(list(row)) for row in X]), in_axes=(None,), executor="numpy")
    y, slopes = f.value_and_grad(X, wrt=0)
    source = to_c(f)
    assert source.count("for (int i = 0; i < 120; i++) {") == 4  # each ReLU, forward and backward
    value, jacobian = differentiated(compiled(source), "model", X.ravel())
    assert value[0] == pytest.approx(y, rel=1e-12)
    assert jacobian[0] == pytest.approx(slopes.ravel(), rel=1e-11)


def test_a_network_is_loops_over_constants() -> None:
    model = MLP(64, [32, 10], "tanh", rng=random.Random(0))
    f = compile(lambda x: model(x), in_axes=(0,), executor="numpy")
    x = np.random.default_rng(0).random((3, 64))
    scores = f(x)
    source = to_c(f, dtype="float32", gradient=False)
    assert len([line for line in source.splitlines() if not line.startswith("    -") and not line.startswith("    0.")]) < 90
    assert "static const float model_constants[2368]" in source
    library = compiled(source)
    for i in range(3):
        assert called(library, "model", x[i], 10, np.float32) == pytest.approx(scores[i], rel=1e-5, abs=1e-6)
    g = compile(lambda x: losses.cross_entropy(model(x), 3), in_axes=(0,), executor="numpy")
    y, slopes = g.value_and_grad(x, wrt=0)
    library = compiled(to_c(g, dtype="float32"))
    for i in range(3):
        value, jacobian = differentiated(library, "model", x[i], 1, np.float32)
        assert value[0] == pytest.approx(y[i], rel=1e-5)
        assert jacobian[0] == pytest.approx(slopes[i], rel=1e-4, abs=1e-6)


# -- memory ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("storage", ["static", "auto", "static __thread"])
def test_sanitizers_find_nothing(storage: str, dtype: str, tmp_path: Path) -> None:
    """Every access is within its array, and nothing is read before it is written; also with optimisation."""
    f = compile(mixed, in_axes=(None, None), executor="numpy")
    f(np.ones((4, 3)), np.ones(3))
    kind = "double" if dtype == "float64" else "float"
    source = to_c(f, dtype=dtype, checked=True)
    outputs = [printed(source, tmp_path, 15, 6, kind, *flags, f"-DMODEL_STORAGE={storage}") for flags in (["-O2"], SANITIZED)]
    x = 0.01 * np.arange(1, 16)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert outputs[1] == pytest.approx(outputs[0], rel=tolerance, abs=tolerance)
    assert outputs[0][:6] == pytest.approx(flat(f(x[:12].reshape(4, 3), x[12:])), rel=tolerance)


def test_threads_have_arrays_of_their_own_on_request() -> None:
    f = compile(lambda x: chain(x, 100), in_axes=(None,), executor="numpy")
    f([0.1, 0.2, 0.3])
    points = np.random.default_rng(0).normal(size=(8, 3))
    for storage in ("auto", "static __thread"):
        library = compiled(to_c(f), "-O1", f"-DMODEL_STORAGE={storage}")
        alone = [differentiated(library, "model", point) for point in points]
        wrong: list[int] = []

        def run(i: int, library: Any = library, alone: Any = alone, wrong: list[int] = wrong) -> None:
            for _ in range(50):
                value, jacobian = differentiated(library, "model", points[i])
                if value[0] != alone[i][0][0] or not np.array_equal(jacobian, alone[i][1]):
                    wrong.append(i)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_the_comment_tells_the_bytes(tmp_path: Path) -> None:
    f = compile(lambda x: chain(x, 50), in_axes=(None,), executor="numpy")
    f([0.1, 0.2, 0.3])
    for dtype, size in (("float64", 8), ("float32", 4)):
        source = to_c(f, dtype=dtype)
        numbers = int(source.split("MODEL_STORAGE ")[-1].split("w[")[1].split("]")[0])
        text = " ".join(source.split())
        assert f"{numbers * size:,} bytes in model and {2 * numbers * size:,} in model_grad" in text
        file = tmp_path / f"{dtype}.c"
        file.write_text(source)
        assert COMPILER is not None
        subprocess.run([COMPILER, *STRICT, "-Os", "-c", str(file), "-o", str(file.with_suffix(".o"))], check=True)
        done = subprocess.run(["size", "-A", str(file.with_suffix(".o"))], capture_output=True, text=True, check=True)
        memory = sum(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith(".bss"))
        assert 3 * numbers * size <= memory < 3 * numbers * size + 128
    assert "bytes in" not in to_c(compile(Value(1.0), executor="numpy"))
    assert math.isfinite(numbers)
