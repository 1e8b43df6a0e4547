"""Loops in NumPy source and in C: each is a `for`, and computes what plain Python does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from against_eager import flat, sample
from loop_programs import (
    RandomLoop,
    choosing,
    decaying,
    delayed,
    epochs,
    garch,
    indexed,
    interrupted,
    logarithms,
    loops_of,
    lorenz,
    path,
    uneven,
)

from autograd import Program, Value, compile, sin, value_and_grad
from autograd.compiled.backends.contract import Storage
from autograd.compiled.backends.numpy import reference
from autograd.compiled.export.numpy_loops import LoopLines
from autograd.compiled.ir import Loop
from autograd.compiled.loop_body import body_of

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


@pytest.mark.parametrize("loops", [50, pytest.param(400, marks=pytest.mark.slow)])
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
    assert written > loops / 4
    assert found > written, "no irregular loop was among them"


def test_the_source_of_an_equation_is_short() -> None:
    f = compile(lambda p, x: lorenz(p, x, 500), in_axes=(None, None), executor="numpy")
    f.value_and_grad(P, X, wrt=(0, 1))
    source = f.source
    assert len(source.splitlines()) < 1200
    forward, backward = source.split("def backward")
    assert re.findall(r"for .*:", forward) == ["for r in range(499):"]
    assert re.findall(r"for .*:", backward) == ["for r in reversed(range(499)):"]
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
