"""Loops that are found again in unrolled graphs: which there are, and that they compute what plain Python does."""

from __future__ import annotations

import math
import random
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

from autograd import Program, Value, compile, drawn, grad, hessian, sin, tanh, value_and_grad
from autograd.compiled import pipeline
from autograd.compiled.backends.llvm.loop_steps import loop_steps, reads_of
from autograd.compiled.ir import Code, Loop, check
from autograd.compiled.passes import loops
from autograd.compiled.passes.loops import LEAST_ROUNDS, LONGEST, WIDEST
from autograd.errors import CompileError, DomainError


def shapes_of(f: Any) -> list[tuple[int, int]]:
    return [(loop.rounds, loop.body) for loop in loops_of(f)]


# -- which there are ----------------------------------------------------------------------------------------------------


def test_an_ordinary_differential_equation_is_one_loop(executor: str) -> None:
    f = compile(lambda p: lorenz(p, [1.0, 1.0, 1.0], 40), in_axes=(None,), executor=executor)
    p = [10.0, 28.0, 8.0 / 3.0]
    value, gradient = f.value_and_grad(p)
    expected = grad(lambda p: lorenz(p, [1.0, 1.0, 1.0], 40))(p)
    np.testing.assert_allclose(gradient, [number(x) for x in expected], rtol=1e-10)
    assert value == pytest.approx(number(lorenz(p, [1.0, 1.0, 1.0], 40)), rel=1e-12)
    [(rounds, body)] = shapes_of(f)
    assert rounds >= 38
    assert body < 90


@pytest.mark.parametrize("loops", [2, 3, 4, 7])
def test_equal_loops_one_after_the_other(loops: int, executor: str) -> None:
    """They are one run of rounds, in the middle of which another loop may begin."""

    def f(x: Any) -> Any:
        total = 0.0
        ends = []
        for start in x:
            y = start
            for _ in range(120):
                y = sin(y)
            ends.append(y)
        for y in ends:
            total = total + y * y
        return total

    x = np.linspace(0.3, 1.2, loops).tolist()
    compiled = compile(f, in_axes=(None,), executor=executor)
    value, gradient = compiled.value_and_grad(x)
    assert value == pytest.approx(f(x), rel=1e-13)
    np.testing.assert_allclose(gradient, grad(f)(x), rtol=1e-11)
    assert shapes_of(compiled) == [(120, 1)] * loops


def test_only_what_is_carried_is_in_the_loop(executor: str) -> None:
    """The logarithms and quotients of a likelihood are independent of each other: they stay vectors."""
    r = np.random.default_rng(0).normal(size=200).tolist()
    f = compile(garch, in_axes=(None, None), executor=executor)
    value, gradient = f.value_and_grad([0.1, 0.1, 0.8], r, wrt=0)
    assert value == pytest.approx(garch([0.1, 0.1, 0.8], r), rel=1e-12)
    expected = [number(x) for x in grad(lambda p: garch(p, r))([0.1, 0.1, 0.8])]
    np.testing.assert_allclose(gradient, expected, rtol=1e-11)
    assert shapes_of(f) == [(199, 2)]
    names = [one.operation.name for one in f.specialisations[-1].code.instructions if not isinstance(one, Loop)]
    assert names.count("log") == names.count("div") == 1


def test_samples_go_through_a_loop_together(executor: str) -> None:
    z = np.random.default_rng(1).normal(size=(21, 60))
    f = compile(path, in_axes=(None, None, 0), executor=executor)
    value, gradients = f.value_and_grad(1.0, 0.2, z, wrt=("s", "volatility"), reduce="sum")
    assert value == pytest.approx(sum([number(path(1.0, 0.2, row)) for row in z.tolist()]), rel=1e-11)
    expected = grad(lambda s, v: sum([path(s, v, row) for row in z.tolist()], start=Value(0.0)), (0, 1))(1.0, 0.2)
    np.testing.assert_allclose(gradients, [number(x) for x in expected], rtol=1e-10)
    [(rounds, body)] = shapes_of(f)
    assert rounds >= 59
    assert body <= 5


def test_shared_and_batched_rounds_are_loops_of_their_own(executor: str) -> None:
    """A decay that all samples share is computed once, in a loop before that of the samples."""
    g = compile(decaying, in_axes=(0, None), executor=executor)
    x = np.linspace(-1.0, 1.0, 9)
    np.testing.assert_allclose(g(x, 0.8), [decaying(v, 0.8) for v in x.tolist()], rtol=1e-12)
    _, (dx, decay) = g.value_and_grad(x, 0.8, reduce="sum")
    expected = [grad(decaying, (0, 1))(v, 0.8) for v in x.tolist()]
    np.testing.assert_allclose(dx, [float(a) for a, _ in expected], rtol=1e-10)
    assert decay == pytest.approx(sum([float(b) for _, b in expected]), rel=1e-10)
    loops = loops_of(g)
    assert sorted([bool(loop.output_batched[0]) for loop in loops]) == [False, True]


def test_rounds_may_look_back_several_rounds(executor: str) -> None:
    g = compile(delayed, executor=executor)
    value, gradients = g.value_and_grad(0.4, -0.7)
    assert value == pytest.approx(delayed(0.4, -0.7), rel=1e-12)
    np.testing.assert_allclose(gradients, [number(x) for x in grad(delayed, (0, 1))(0.4, -0.7)], rtol=1e-11)
    assert [loop.rounds for loop in loops_of(g)] == [89]


def test_the_first_and_last_rounds_may_differ(executor: str) -> None:
    g = compile(uneven, executor=executor)
    value, (gradient,) = g.value_and_grad(0.7, wrt=(0,))
    assert value == pytest.approx(uneven(0.7), rel=1e-12)
    assert gradient == pytest.approx(float(grad(uneven)(0.7)), rel=1e-11)
    [loop] = loops_of(g)
    assert 70 <= loop.rounds <= 75


def test_a_row_is_in_one_loop(executor: str) -> None:
    """The operation of a row changes for good, so that the rounds of the second loop begin within the last one of the first loop."""

    def f(x: Any) -> Any:
        ends = []
        for i in range(200):
            x = (sin if i < 100 else tanh)(x) * 0.97 + 0.25
            ends.append(x)
        return sum(ends)

    g = compile(f, executor=executor)
    value, slope = g.value_and_grad(0.3)
    expected = value_and_grad(f)(0.3)
    assert [value, slope] == pytest.approx([number(x) for x in expected], rel=1e-12)
    assert shapes_of(g) == [(100, 3), (99, 3)]


@pytest.mark.parametrize("rounds", [9, 12, 14, 17, 20, 40])
def test_loops_have_no_rows_in_common(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Branches that change from round to round, with low thresholds: one row in two loops would pass its gradient twice."""
    for name, most in (("LEAST_DEPTH", 3), ("LEAST_ROUNDS", 3), ("LEAST_ROWS", 8)):
        monkeypatch.setattr(loops, name, most)

    def f(y: Any) -> Any:
        parts, x, total = [], y, y
        for i in range(rounds):
            parts.append(total)
            x, total = tanh(x + (0.3 * i - 1.0) * -1.95), total * 0.5 + tanh(0.0 - (x if x < 0.0 else 0.0))
        return x + sum(parts)

    found: list[Any] = []
    original = loops.find_loops
    monkeypatch.setattr(pipeline, "find_loops", lambda *given: found.append(original(*given)) or found[-1])  # type: ignore[func-returns-value]
    g = compile(f, executor="numpy")
    assert g.value_and_grad(0.0) == pytest.approx([number(x) for x in value_and_grad(f)(0.0)], rel=1e-12)
    for one in found:
        rows = np.concatenate([positions.ravel() for positions in one.positions])
        assert len(rows) == len(set(rows.tolist())) > 0


def test_loops_within_loops_are_loops(executor: str) -> None:
    """Epochs of steps: between the epochs, other things happen."""
    x = np.linspace(-1.0, 1.0, 50).tolist()
    g = compile(epochs, in_axes=(None, None), executor=executor)
    value, (dw, dx) = g.value_and_grad(0.3, x)
    assert value == pytest.approx(epochs(0.3, x), rel=1e-12)
    expected = grad(epochs, (0, 1))(0.3, x)
    assert dw == pytest.approx(number(expected[0]), rel=1e-11)
    np.testing.assert_allclose(dx, [float(v) for v in expected[1]], rtol=1e-10, atol=1e-14)
    assert [loop.rounds for loop in loops_of(g)] == [50] * 4 or len(loops_of(g)) == 4


def test_what_is_no_loop() -> None:
    few = compile(lambda a: lorenz([a, 28.0, 2.0], [1.0, 1.0, 1.0], LEAST_ROUNDS - 2))
    few(10.0)
    assert not loops_of(few)
    wide = compile(lambda a: _wide(a, 2 * WIDEST), in_axes=(None,))
    wide([0.1] * (2 * WIDEST))
    assert not loops_of(wide)
    independent = compile(lambda x: sum([tanh(v) * v for v in x]), in_axes=(None,))
    independent([0.1] * 500)
    assert not loops_of(independent)
    assert LONGEST > 200


def _wide(x: Any, n: int) -> Any:
    for _ in range(40):
        x = [tanh(v + 0.1 * w) for v, w in zip(x, x[1:] + x[:1], strict=True)]
    return x[0]


def test_a_row_outside_that_comes_between_keeps_the_rounds_apart(executor: str) -> None:
    """What one round computes goes through an irregular number to a later one, so that the loop is not computed as a whole."""
    g = compile(interrupted, executor=executor)
    value, (gradient,) = g.value_and_grad(0.4, wrt=(0,))
    assert value == pytest.approx(interrupted(0.4), rel=1e-13)
    assert gradient == pytest.approx(float(grad(interrupted)(0.4)), rel=1e-11)
    check(g.specialisations[-1].code)


# -- what they compute --------------------------------------------------------------------------------------------------


def test_second_derivatives_and_forward_mode(executor: str) -> None:
    r = np.random.default_rng(3).normal(size=80).tolist()
    p = [0.2, 0.15, 0.7]
    plain = lambda p: garch(p, r)
    expected = np.array(hessian(plain)(p), dtype=float)
    np.testing.assert_allclose(compile(hessian(plain), in_axes=(None,), executor=executor)(p), expected, rtol=1e-9)
    f = compile(plain, in_axes=(None,), executor=executor)
    _, tangent = f.jvp((p,), ([1.0, 0.0, 0.0],))
    assert tangent == pytest.approx(float(grad(plain)(p)[0]), rel=1e-10)


def test_domains_are_checked_in_every_round(executor: str) -> None:
    g = compile(logarithms, executor=executor)
    assert g(2.0) == pytest.approx(logarithms(2.0))
    assert loops_of(g)
    with pytest.raises(DomainError):
        g(0.1)
    with np.errstate(invalid="ignore"):
        assert np.isnan(g(np.array([2.0, 0.1]))).tolist() == [False, True]


def test_conditions_within_rounds(executor: str) -> None:
    """A `where` in a round is computed as without loops."""
    g = compile(choosing, executor=executor)
    x = np.linspace(-1.0, 1.0, 7)
    np.testing.assert_allclose(g(x), [choosing(v) for v in x.tolist()], rtol=1e-12)
    _, gradients = g.value_and_grad(x)
    np.testing.assert_allclose(gradients, [float(grad(choosing)(v)) for v in x.tolist()], rtol=1e-10, atol=1e-13)


def test_a_replayed_graph_has_loops_too() -> None:
    a, x = Value(0.9), Value(0.3)
    y = x
    for _ in range(100):
        y = sin(y * a) + 0.1 * y
    program = Program(y)
    assert [one.rounds for one in program.code.instructions if isinstance(one, Loop)] == [100]
    a.data = 0.7
    program.forward()
    program.backward()
    gradient = a.grad
    again = grad(lambda a: _again(a))(0.7)
    assert gradient == pytest.approx(float(again), rel=1e-11)


def _again(a: Any) -> Any:
    y: Any = 0.3
    for _ in range(100):
        y = sin(y * a) + 0.1 * y
    return y


def test_rounds_that_differ_are_not_legal() -> None:
    f = compile(lambda a: lorenz([a, 28.0, 2.0], [1.0, 1.0, 1.0], 30))
    f(10.0)
    [loop] = loops_of(f)
    code = f.specialisations[-1].code
    loop.operations[3], loop.operations[4] = loop.operations[4], loop.operations[3]
    with pytest.raises(CompileError, match="rounds of a loop differ"):
        check(code)


# -- random loops -------------------------------------------------------------------------------------------------------


def of_random_loop(seed: int, executors: list[str]) -> int:
    """Compare a random loop in all executors with eager code. Returns how many loops were found."""
    loop = RandomLoop(seed)
    rng = np.random.default_rng(seed)
    p, x = rng.normal(size=loop.parameters).tolist(), rng.normal(size=5)
    expected = [loop(p, v) for v in x.tolist()]
    gradients = [grad(loop, (0, 1))(p, v) for v in x.tolist()]
    of_p = np.array([[float(d) for d in dp] for dp, _ in gradients])
    of_x = np.array([float(dx) for _, dx in gradients])
    found = 0
    for executor in executors:
        f = compile(loop, in_axes=(None, 0), executor=executor)
        np.testing.assert_allclose(f(p, x), [number(v) for v in expected], rtol=1e-10, atol=1e-12)
        _, (dp, dx) = f.value_and_grad(p, x, reduce="sum")
        np.testing.assert_allclose(dx, of_x, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(dp, of_p.sum(axis=0), rtol=1e-8, atol=1e-10)
        code: Code = f.specialisations[-1].code
        check(code)
        found += len(loops_of(f))
        single = compile(loop, in_axes=(None, None), executor=executor)
        value, (dp, first) = single.value_and_grad(p, float(x[0]))
        np.testing.assert_allclose(value, number(expected[0]), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(dp, of_p[0], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(first, of_x[0], rtol=1e-8, atol=1e-10)
        check(single.specialisations[-1].code)
        for one in loops_of(single):
            assert loop_steps(one, reads_of(single.specialisations[-1].code)) is not None, "the rounds are irregular for kernels"
    return found


@pytest.mark.parametrize("loops", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_random_loops(loops: int, executor: str) -> None:
    """Each seed is a loop of its own, so that a failure names it: ``of_random_loop(seed, ["native"])``."""
    found = 0
    for seed in range(loops):
        try:
            found += of_random_loop(seed, [executor]) > 0
        except AssertionError as error:
            raise AssertionError(f"loop {seed}: {error}") from error
    assert found > loops / 6  # the carried numbers of many random bodies do not depend on each other
    assert math.isfinite(found)


def test_branches_and_random_numbers_within_rounds(executor: str) -> None:
    """An `if` in each round is a guard of its number; a random number is drawn anew for every sample and round."""

    def steps(x: Any) -> Any:
        for _ in range(60):
            x = 0.9 * x + 0.1 * sin(x)
            if x > 2.0:
                x = x - 1.0
        return x

    f = compile(steps, executor=executor)
    x = np.linspace(0.1, 5.0, 9)
    np.testing.assert_allclose(f(x), [steps(v) for v in x.tolist()], rtol=1e-12)
    _, slopes = f.value_and_grad(x)
    np.testing.assert_allclose(slopes, [number(grad(steps)(v)) for v in x.tolist()], rtol=1e-10)

    def walk(x: Any, rng: Any) -> Any:
        for _ in range(80):
            x = tanh(x) + 0.1 * drawn(rng.random)
        return x

    rng = random.Random(0)
    g = compile(lambda x: walk(x, rng), executor=executor)
    state = rng.getstate()
    value = g(0.3)
    rng.setstate(state)
    assert value == pytest.approx(number(walk(0.3, rng)), rel=1e-12)
    assert len(set(g(np.zeros(20)).tolist())) == 20
