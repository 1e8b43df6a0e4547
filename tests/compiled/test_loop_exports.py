"""Loops in NumPy source and in C: each is a `for`, and computes what plain Python does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from against_eager import flat, sample
from c_compiler import SANITIZED, called, compiled, differentiated, needs_compiler, printed
from loop_programs import (
    RandomLoop,
    choosing,
    decaying,
    delayed,
    epochs,
    garch,
    indexed,
    interrupted,
    lagged,
    logarithms,
    loops_of,
    lorenz,
    path,
    trajectory,
    uneven,
)
from rounding import explained

from autograd import Program, Value, compile, sin, to_c, value_and_grad
from autograd.compiled.backends.contract import Storage
from autograd.compiled.backends.numpy import reference
from autograd.compiled.export.numpy_loops import LoopLines
from autograd.compiled.ir import Loop
from autograd.compiled.rounds_of import body_of

RNG = np.random.default_rng(0)
SAMPLES = 3

P, X = np.array([10.0, 28.0, 8.0 / 3.0]), np.array([1.0, 1.2, 0.9])


class Case(NamedTuple):
    """A function with a loop, the axes of its arguments, and arguments.

    Attributes:
        fors: how many loops the source has, in each direction; None for any number.
    """

    function: Callable[..., Any]
    in_axes: tuple[int | None, ...]
    args: tuple[Any, ...]
    fors: int | None


def by_sample(x: Any) -> Any:
    return np.stack([x + 0.01 * k for k in range(SAMPLES)])


def runge_kutta(p: Any, x: Any) -> Any:
    return lorenz(p, x, 40)


CASES = {
    "an equation": Case(runge_kutta, (None, None), (P, X), 1),
    "an equation with samples of parameters": Case(runge_kutta, (0, None), (by_sample(P), X), 1),
    "an equation with samples of starts": Case(runge_kutta, (None, 0), (P, by_sample(X)), 1),
    "garch": Case(garch, (None, None), (np.array([0.1, 0.1, 0.8]), RNG.normal(size=120)), 1),
    "garch of samples": Case(garch, (None, 0), (np.array([0.1, 0.1, 0.8]), RNG.normal(size=(SAMPLES, 60))), 1),
    "a path": Case(path, (None, None, None), (1.0, 0.2, RNG.normal(size=60)), 1),
    "paths": Case(path, (None, None, 0), (1.0, 0.2, RNG.normal(size=(SAMPLES, 60))), 1),
    "a shared loop and one of samples": Case(decaying, (0, None), (np.linspace(-1.0, 1.0, SAMPLES), 0.8), 2),
    "some rounds back": Case(delayed, (None, None), (0.4, -0.7), 1),
    "some rounds back, to shared numbers and those of samples": Case(delayed, (0, None), (np.linspace(0.2, 0.6, SAMPLES), -0.7), 1),
    "some rounds back, to others": Case(delayed, (None, 0), (0.4, np.linspace(-0.7, 0.2, SAMPLES)), 1),
    "other rounds": Case(uneven, (None,), (0.7,), 1),
    "loops in loops": Case(epochs, (None, None), (0.3, np.linspace(-1.0, 1.0, 50)), 4),
    "loops in loops of samples": Case(epochs, (None, 0), (0.3, by_sample(np.linspace(-1.0, 1.0, 50))), 4),
    "interrupted": Case(interrupted, (None,), (0.4,), None),
    "logarithms": Case(logarithms, (None,), (2.0,), 1),
    "conditions": Case(choosing, (None,), (0.4,), None),
    "places anywhere": Case(indexed, (None, None), (0.3, RNG.normal(size=100)), 1),
    "places anywhere of samples": Case(indexed, (0, None), (np.linspace(0.2, 0.4, SAMPLES), RNG.normal(size=100)), None),
    "shared places anywhere": Case(indexed, (None, 0), (0.3, RNG.normal(size=(SAMPLES, 100))), None),
}


def recorded(case: Case) -> Any:
    """The function, recorded with gradients with respect to all arguments."""
    f = compile(case.function, in_axes=case.in_axes, executor="numpy")
    summed = {"reduce": "sum"} if 0 in case.in_axes else {}
    f.value_and_grad(*case.args, wrt=tuple(range(len(case.args))), **summed)
    return f


def eager(case: Case) -> tuple[list[float], list[Any]]:
    """The value of each sample, and for each argument its gradients: a row for each sample."""
    n = SAMPLES if 0 in case.in_axes else 1
    points = [[sample(x, i) if axis == 0 else x for x, axis in zip(case.args, case.in_axes, strict=True)] for i in range(n)]
    plain = [[x.tolist() if isinstance(x, np.ndarray) else x for x in point] for point in points]
    expected = [value_and_grad(case.function, argnums=tuple(range(len(case.args))))(*point) for point in plain]
    rows = [np.array([flat(slopes[k]) for _, slopes in expected], dtype=float) for k in range(len(case.args))]
    return [float(getattr(y, "data", y)) for y, _ in expected], rows


# -- NumPy source -----------------------------------------------------------------------------------------------------------


def run(f: Any, case: Case, source: str) -> tuple[Any, list[Any]]:
    """The values and gradients that the source gives. All numbers are also compared with those of the reference backend."""
    arguments, batch, _ = f.specialise(*case.args)
    branch, n = f.specialisations[-1], batch.size if 0 in case.in_axes else 1
    executable = reference.load(branch.code)
    data = executable.storage(n)
    for argument, (used, places) in zip(arguments, branch.inputs, strict=True):
        numbers = argument.numbers(n)
        (data.batched if numbers.ndim == 2 else data.shared)[places] = numbers[used]
    grads = executable.gradients(n)
    branch.seed(grads, [np.ones(n)] if 0 in case.in_axes else [1.0])
    own, of_own = (Storage(s.shared.copy(), s.batched.copy()) for s in (data, grads))
    executable.forward(data)
    executable.backward(data, grads)
    names: dict[str, Any] = {}
    exec(source, names)
    with np.errstate(all="ignore"):
        names["forward"](own.shared, own.batched)
        names["backward"](own.shared, own.batched, of_own.shared, of_own.batched)
    for each in (grads, of_own):
        each.shared[branch.code.fixed[0]] = 0.0  # those of constants are of no use
    for actual, expected in ((own, data), (of_own, grads)):
        np.testing.assert_allclose(actual.shared, expected.shared, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(actual.batched, expected.batched, rtol=1e-10, atol=1e-12)
    slopes = []
    for argument, (used, places) in zip(arguments, branch.inputs, strict=True):
        numbers = argument.numbers(n)
        slopes.append(np.zeros(numbers.shape))
        slopes[-1][used] = (of_own.batched if numbers.ndim == 2 else of_own.shared)[places]
    return np.ravel(branch.results(own)[0]), slopes


@pytest.mark.parametrize("name", CASES)
def test_numpy_source(name: str) -> None:
    case = CASES[name]
    f = recorded(case)
    source = f.source
    if case.fors is not None:
        assert source.count("for r in range(") == source.count("for r in reversed(range(") == case.fors
    compare(case, *run(f, case, source))


def compare(case: Case, values: Any, slopes: list[Any]) -> None:
    expected, rows = eager(case)
    np.testing.assert_allclose(values, expected, rtol=1e-11)
    for own, each, axis in zip(slopes, rows, case.in_axes, strict=True):
        np.testing.assert_allclose(own, each.T if axis == 0 else each.sum(axis=0), rtol=1e-9, atol=1e-11)


def of_random_loop(seed: int) -> Case:
    loop = RandomLoop(seed)
    rng = np.random.default_rng(seed)
    batched = seed % 2 == 0
    x = rng.normal(size=SAMPLES) if batched else float(rng.normal())
    return Case(loop, (None, 0 if batched else None), (rng.normal(size=loop.parameters), x), None)


@pytest.mark.parametrize("loops", [50, pytest.param(200, marks=pytest.mark.slow)])
def test_numpy_source_of_random_loops(loops: int) -> None:
    """Loops that are irregular are scalars: no case fails, and most loops are written as such."""
    found = written = 0
    for seed in range(loops):
        case = of_random_loop(seed)
        f = recorded(case)
        bodies = [body_of(loop) for loop in loops_of(f)]
        source = f.source
        try:
            compare(case, *run(f, case, source))
        except AssertionError as error:
            raise AssertionError(f"loop {seed}: {error}") from error
        assert source.count("for r in range(") == sum(body is not None for body in bodies)
        found += len(bodies)
        written += source.count("for r in range(")
    assert written > loops / 6
    assert found > written, "no irregular loop was among them"


def test_the_source_of_an_equation_is_short() -> None:
    f = compile(lambda p, x: lorenz(p, x, 500), in_axes=(None, None), executor="numpy")
    f.value_and_grad(P, X, wrt=(0, 1))
    source = f.source
    assert len(source.splitlines()) < 1200
    forward, backward = source.split("def backward")
    assert re.findall(r"^ +(for .*:)$", forward, re.MULTILINE) == ["for r in range(499):"]
    assert re.findall(r"^ +(for .*:)$", backward, re.MULTILINE) == ["for r in reversed(range(499)):"]
    assert "\n        y[0, r] = x[1] - carried0\n" in forward
    assert "\n        y[1, r] = carried1 * y[0, r]\n" in forward
    assert "\n        carried0 = x[5] if r == 0 else y[60, r - 1]\n" in forward
    assert "\n        g[0, r] += carried1 * g[1, r]\n" in backward
    assert "\n        if r >= 1:\n            g[60, r - 1] += d_carried0\n" in backward
    assert "\n        else:\n            d[5] += d_carried0\n" in backward


def test_the_source_of_a_replayed_graph_has_loops() -> None:
    a, x = Value(0.9), Value(0.3)
    y = x
    for _ in range(100):
        y = sin(y * a) + 0.1 * y
    program: Program = compile(y, executor="numpy")
    names: dict[str, Any] = {}
    source = program.source
    assert "for r in range(100):" in source
    exec(source, names)
    value, gradients = names["run"]([leaf.data for leaf in program.leaves])
    assert value == pytest.approx(program(), rel=1e-13)
    assert gradients == pytest.approx([leaf.grad for leaf in program.leaves], rel=1e-11)


def test_members_may_be_anywhere_in_storage() -> None:
    """The outputs of a member are in consecutive places; the members need not be in order."""
    y = x = Value(0.3)
    for _ in range(100):
        y = sin(y * 0.9) + 0.1 * y
    program: Program = compile(y, executor="numpy")
    [loop] = [one for one in program.code.instructions if isinstance(one, Loop)]
    body = body_of(loop)
    assert body is not None
    moved = np.arange(program.code.shared)
    first, last = (member.start + np.arange(body.rounds) for member in (body.members[0], body.members[-1]))
    moved[first], moved[last] = last, first
    other = body_of(replace(loop, outputs=moved[loop.outputs], inputs=moved[loop.inputs]))
    assert other is not None
    numbers = np.zeros(moved.size)
    numbers[program.code.fixed[0]] = program.code.fixed[1]
    numbers[program.code.wanted[0]] = x.data
    seeds = np.zeros(moved.size)
    seeds[program.code.results[0]] = 1.0
    results = []
    for own, at in ((body, np.arange(moved.size)), (other, moved)):
        data, gradients = numbers.copy(), np.zeros(moved.size)
        gradients[at] = seeds
        lines = LoopLines(own, program.code.fixed)
        exec("\n".join([*lines.forward(), *lines.backward()]), {"x": data, "d": gradients, "sin": np.sin, "cos": np.cos, "np": np})
        results.append((data[at], gradients[at], lines.forward()[1]))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert results[0][1][program.code.wanted[0]] != 0.0
    assert results[0][2].startswith("y = x[")
    assert results[1][2].startswith("y = [x[")


# -- C ----------------------------------------------------------------------------------------------------------------------


def loops_in(source: str) -> tuple[int, int]:
    """The number of loops over rounds forward and backward."""
    return source.count("for (int r = 0; "), len(re.findall(r"for \(int r = \d+; r >= 0; r--\)", source))


def first_sample(case: Case) -> list[Any]:
    return [sample(x, 0) if axis == 0 else x for x, axis in zip(case.args, case.in_axes, strict=True)]


def check_c(case: Case, source: str, count: int = 1) -> None:
    """The values and gradients for the first sample, compared with eager code, and within rounding with the reference backend."""
    point = first_sample(case)
    plain = [x.tolist() if isinstance(x, np.ndarray) else x for x in point]
    values, jacobian = differentiated(compiled(source), "model", flat(plain), count)
    y, slopes = value_and_grad(case.function, argnums=tuple(range(len(plain))))(*plain)
    np.testing.assert_allclose(values, [float(getattr(y, "data", y))], rtol=1e-11)
    np.testing.assert_allclose(jacobian[0], np.array(flat(slopes), dtype=float), rtol=1e-9, atol=1e-11)
    f = compile(case.function, in_axes=(None,) * len(plain), executor="numpy")

    def run() -> Any:
        value, own = f.value_and_grad(*point, wrt=tuple(range(len(point))))
        return np.concatenate([flat(value), flat(own)])

    assert explained(np.array([*values, *jacobian[0]]), run(), run)


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_c(name: str) -> None:
    """As there are no samples in C, what a loop of samples shares with them is in the same loop."""
    case = CASES[name]
    source = to_c(recorded(case))
    if case.fors is not None:
        assert loops_in(source) == (C_FORS.get(name, case.fors),) * 2
    check_c(case, source)


C_FORS = {"a shared loop and one of samples": 1}


@needs_compiler
@pytest.mark.parametrize("loops", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_c_of_random_loops(loops: int) -> None:
    written = 0
    for seed in range(loops):
        case = of_random_loop(seed)
        source = to_c(recorded(case))
        try:
            check_c(case, source)
        except AssertionError as error:
            raise AssertionError(f"loop {seed}: {error}") from error
        written += loops_in(source)[0] > 0
    assert written >= loops / 5


@needs_compiler
def test_the_c_of_an_equation_is_short() -> None:
    f = compile(lambda p, x: lorenz(p, x, 500), in_axes=(None, None), executor="numpy")
    f.value_and_grad(P, X, wrt=(0, 1))
    source = to_c(f)
    assert len(source) < 20_000
    assert loops_in(source) == (1, 1)
    assert "\n        const double carried0 = r == 0 ? x[5] : w[29941 + r];\n" in source
    assert "\n        const double y0 = x[1] - carried0;\n" in source
    assert "\n        const double y1 = carried1 * y0;\n" in source
    assert "\n        if (r >= 1) {\n            d[29941 + r] += d_carried0;\n" in source
    assert "\n        } else {\n            gradient[5] += d_carried0;\n" in source


def every_result(f: Any, args: list[Any], count: int, **options: Any) -> tuple[Any, Any, str]:
    """The values and the Jacobian in C, and the source."""
    g = compile(f, in_axes=(None,) * len(args), executor="numpy")
    g(*args)
    source = to_c(g, **options)
    return (*differentiated(compiled(source), "model", flat(args), count), source)


@needs_compiler
def test_each_result_is_differentiated_as_far_as_it_depends_on_rounds() -> None:
    """Elsewhere, an infinite derivative times a gradient of 0 would be nan."""
    data = [0.5 + 0.01 * i for i in range(60)]
    data[40] = 0.0
    values, jacobian, source = every_result(trajectory, [0.7, data], 61)
    assert loops_in(source) == (1, 1)
    assert re.search(r"r < result", source)
    for k in (0, 1, 20, 40):
        y, (dx, of_data) = value_and_grad(lambda x, data, k=k: trajectory(x, data)[k], argnums=(0, 1))(0.7, data)
        assert values[k] == pytest.approx(float(getattr(y, "data", y)), rel=1e-13)
        np.testing.assert_allclose(jacobian[k], [float(v) for v in (dx, *of_data)], rtol=1e-11)
    assert not np.isfinite(jacobian[50]).all()


@needs_compiler
def test_a_result_may_depend_on_some_rounds_only() -> None:
    """The last but one does not depend on the round in which a derivative is infinite, nor on those that follow from it."""
    data = [0.5 + 0.01 * i for i in range(60)]
    data[40] = 0.0
    values, jacobian, source = every_result(lagged, [0.7, data], 3)
    assert loops_in(source) == (1, 1)
    assert "[3 * r + result]" in source
    y, (dx, of_data) = value_and_grad(lambda x, data: lagged(x, data)[1], argnums=(0, 1))(0.7, data)
    assert values[1] == pytest.approx(float(getattr(y, "data", y)), rel=1e-13)
    np.testing.assert_allclose(jacobian[1], [float(v) for v in (dx, *of_data)], rtol=1e-11)
    assert np.isfinite(jacobian[1]).all()
    assert not np.isfinite(jacobian[0]).all()


@needs_compiler
def test_domains_of_rounds() -> None:
    f = compile(logarithms, executor="numpy")
    f(2.0)
    library = compiled(to_c(f, checked=True))
    assert called(library, "model", [2.0])[0] == pytest.approx(logarithms(2.0), rel=1e-13)
    value, jacobian = differentiated(library, "model", [0.1])
    assert np.isnan(value).all()
    assert np.isnan(jacobian).all()
    source = to_c(f, checked=True)
    assert source.count("for (int r = 0; ") == 2
    assert source.count("return 1;") == 1


@needs_compiler
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["garch", "places anywhere", "some rounds back", "an equation"])
def test_sanitizers_find_nothing_in_loops(name: str, dtype: str, tmp_path: Path) -> None:
    case = CASES[name]
    f = recorded(case)
    size = len(flat(case.args))
    kind = "double" if dtype == "float64" else "float"
    source = to_c(f, dtype=dtype, checked=True)
    outputs = [printed(source, tmp_path, size, 1, kind, *flags) for flags in (["-O2"], SANITIZED)]
    tolerance = 1e-11 if dtype == "float64" else 1e-3
    assert outputs[1] == pytest.approx(outputs[0], rel=tolerance, abs=tolerance)
    x = 0.01 * np.arange(1, size + 1)
    ends = np.cumsum([np.size(own) for own in case.args])[:-1]
    point = [own if np.ndim(like) else float(own[0]) for own, like in zip(np.split(x, ends), case.args, strict=True)]
    y, slopes = f.value_and_grad(*point, wrt=tuple(range(len(point))))
    assert outputs[0] == pytest.approx(np.concatenate([flat(y), flat(slopes)]), rel=tolerance, abs=tolerance)
