"""Runs of rounds in very large graphs: here all graphs count as very large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from loop_programs import (
    RandomLoop,
    choosing,
    decaying,
    delayed,
    epochs,
    garch,
    interrupted,
    logarithms,
    loops_of,
    lorenz,
    number,
    path,
    uneven,
)

from autograd import Value, compile, grad, no_grad, sin, tanh, value_and_grad
from autograd.compiled.ir import Instruction, Loop, check
from autograd.compiled.passes import roll
from autograd.errors import DomainError

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "lorenz": lambda a, b: lorenz([10.0 * a, 28.0, b], [1.0, 1.0, 1.0], 40),
    "path": lambda a, b: path(a, b, np.random.default_rng(0).normal(size=60).tolist()),
    "decaying": lambda a, b: decaying(a, b),
    "delayed": delayed,
    "uneven": lambda a, b: uneven(a) * b,
    "epochs": lambda a, b: epochs(a, np.linspace(-1.0, 1.0, 50).tolist()) * b,
    "interrupted": lambda a, b: interrupted(a) * b,
    "choosing": lambda a, b: choosing(a) * b,
    "states": lambda a, b: states(a, b),
}


def states(a: Any, b: Any) -> Any:
    """Numbers of several rounds are read afterwards, and a constant and an argument in every round."""
    x = [a]
    for k in range(70):
        x.append(sin(x[-1] * b + 0.01 * k) + 0.3)
    return x[-1] * x[20] + x[21] * x[69] + sum(x[40:60])


@pytest.fixture(autouse=True)
def all_graphs_are_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "HUGE_GRAPH", 0)
    monkeypatch.setattr(roll, "LARGE_GRAPH", 0)
    monkeypatch.setattr(roll, "LEAST_ROWS", 60)


@pytest.mark.parametrize("name", PROGRAMS)
def test_rounds_that_are_rolled_are_those_of_eager_code(name: str, executor: str) -> None:
    f = PROGRAMS[name]
    a, b = np.array([0.7, 0.4, 0.9]), np.array([0.6, 0.8, 0.5])
    expected = [value_and_grad(f, argnums=(0, 1))(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    for in_axes, arguments in ((None, (a, b)), ((0, None), (a, 0.6)), ((None, None), (0.7, 0.6))):
        g = compile(f, in_axes=in_axes, executor=executor)
        value, (of_a, of_b) = g.value_and_grad(*arguments, reduce="sum" if in_axes == (0, None) else None)
        check(g.specialisations[-1].code)
        if in_axes is None:
            np.testing.assert_allclose(value, [number(y) for y, _ in expected], rtol=1e-10)
            np.testing.assert_allclose(of_a, [number(slopes[0]) for _, slopes in expected], rtol=1e-8, atol=1e-12)
            np.testing.assert_allclose(of_b, [number(slopes[1]) for _, slopes in expected], rtol=1e-8, atol=1e-12)
        elif in_axes == (None, None):
            slopes = [number(slope) for slope in expected[0][1]]
            np.testing.assert_allclose([value, of_a, of_b], [number(expected[0][0]), *slopes], rtol=1e-8, atol=1e-12)
        else:
            apart = [value_and_grad(f, argnums=(0, 1))(x, 0.6) for x in a.tolist()]
            assert value == pytest.approx(sum(number(y) for y, _ in apart))
            assert of_b == pytest.approx(sum(number(slopes[1]) for _, slopes in apart), rel=1e-8, abs=1e-12)


def test_a_run_is_a_row_and_what_is_read_of_it_has_its_place(executor: str) -> None:
    g = compile(states, executor=executor)
    g.value_and_grad(0.3, 0.7)
    [loop] = loops_of(g)
    assert loop.rounds >= 67
    root = states(Value(0.3, label="a"), Value(0.7, label="b"))
    program = compile(root, executor=executor)
    value = root.data
    a, b = program.leaves
    assert program() == pytest.approx(value)
    np.testing.assert_allclose([a.grad, b.grad], [number(x) for x in grad(states, (0, 1))(0.3, 0.7)], rtol=1e-10)


@pytest.mark.parametrize("loops", [25, pytest.param(120, marks=pytest.mark.slow)])
def test_random_loops_that_are_rolled(loops: int, executor: str) -> None:
    found = 0
    for seed in range(loops):
        loop = RandomLoop(seed)
        p, x = [0.3 + 0.2 * k for k in range(loop.parameters)], 0.4
        expected, slopes = value_and_grad(loop, argnums=(0, 1))(p, x)
        g = compile(loop, in_axes=(None, None), executor=executor)
        value, (of_p, of_x) = g.value_and_grad(p, x)
        np.testing.assert_allclose(value, number(expected), rtol=1e-9, atol=1e-12, err_msg=f"loop {seed}")
        np.testing.assert_allclose(of_p, [number(v) for v in slopes[0]], rtol=1e-7, atol=1e-10, err_msg=f"loop {seed}")
        np.testing.assert_allclose(of_x, number(slopes[1]), rtol=1e-7, atol=1e-10, err_msg=f"loop {seed}")
        check(g.specialisations[-1].code)
        found += bool(loops_of(g))
    assert found > loops / 8


def test_domains_of_rounds_that_are_rolled(executor: str) -> None:
    g = compile(logarithms, executor=executor)
    assert g(2.0) == pytest.approx(number(logarithms(2.0)))
    with pytest.raises(DomainError, match="log"):
        g(-3.0)


def test_rounds_with_shared_and_batched_numbers(executor: str) -> None:
    """A run ends where a round reads a number of the sample, and not one of all samples, as the others do."""

    def f(w: Any, x: Any) -> Any:
        s = x
        for i in range(90):
            s = sin(s) + (x if i in (20, 70) else w)
        return s

    g = compile(f, in_axes=(None, 0), executor=executor)
    points = [0.3, 0.7]
    value, (of_w, of_x) = g.value_and_grad(0.4, np.array(points), reduce="sum")
    apart = [value_and_grad(f, (0, 1))(0.4, x) for x in points]
    assert value == pytest.approx(sum(number(y) for y, _ in apart))
    assert of_w == pytest.approx(sum(number(slopes[0]) for _, slopes in apart))
    np.testing.assert_allclose(of_x, [number(slopes[1]) for _, slopes in apart], rtol=1e-9, atol=1e-14)
    check(g.specialisations[-1].code)


def test_wide_rounds_become_vectors(executor: str) -> None:
    """Of a network for many samples, only the sum of the losses is carried on."""
    w = [Value(0.1 * k - 0.4) for k in range(8)]
    losses = [sum([tanh(v * x + 0.1) for v in w]) ** 2 for x in np.linspace(-1.0, 1.0, 40).tolist()]
    total = losses[0]
    for one in losses[1:]:
        total = total + one
    program = compile(total, executor=executor)
    assert not any(isinstance(one, Loop) for one in program.code.instructions)
    assert program() == pytest.approx(total.data)


def test_smaller_graphs_are_rolled_where_nothing_becomes_vectors(monkeypatch: pytest.MonkeyPatch, executor: str) -> None:
    monkeypatch.setattr(roll, "HUGE_GRAPH", 10**9)
    r = np.random.default_rng(0).normal(size=90).tolist()
    apart = compile(lambda p: garch(p, r), in_axes=(None,), executor=executor)  # its logarithms stay vectors
    assert apart([0.1, 0.1, 0.8]) == pytest.approx(garch([0.1, 0.1, 0.8], r))
    assert any(one.operation.name == "log" for one in apart.specialisations[0].code.instructions if isinstance(one, Instruction))
    rolled = compile(lambda p: lorenz(p, [1.0, 1.0, 1.0], 40), in_axes=(None,), executor=executor)
    rolled([10.0, 28.0, 2.0])
    assert [type(one) for one in rolled.specialisations[0].code.instructions].count(Loop) == 1


def test_what_is_computed_under_no_grad_in_rounds_has_no_gradient(executor: str) -> None:
    def f(x: Any, a: Any, b: Any) -> Any:
        for _ in range(60):
            with no_grad():
                fixed = sum(x)
            a, b = sin(b), a * 0.5 + fixed
        return a

    expected, (of_x, of_a, of_b) = value_and_grad(f, argnums=(0, 1, 2))([1.97, 0.45], 2.0, 0.65)
    assert of_x == [0.0, 0.0]
    value, slopes = compile(f, in_axes=(None, None, None), executor=executor).value_and_grad([1.97, 0.45], 2.0, 0.65)
    assert value == pytest.approx(number(expected))
    assert slopes[0].tolist() == [0.0, 0.0]
    assert slopes[1:] == pytest.approx([number(of_a), number(of_b)])
