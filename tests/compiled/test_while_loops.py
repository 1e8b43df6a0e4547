"""`while_loop` in compiled functions: rounds that are recorded together, of which those after the end change nothing."""

import array
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, abs, compile, exp, grad, hessian, jvp, log, no_grad, scan, sin, sqrt, value_and_grad, where, while_loop
from autograd.compiled import ir
from autograd.compiled.api import rolled
from autograd.errors import CompileError, ConvergenceError, DomainError
from autograd.recording import drawn

TOGETHER: list[Callable[..., Any]] = []
"""Functions whose rounds are recorded together."""

ALONE: list[Callable[..., Any]] = []
"""Functions whose rounds are recorded one by one, because they do something else in some round."""


def together(f: Callable[..., Any]) -> Callable[..., Any]:
    TOGETHER.append(f)
    return f


def alone(f: Callable[..., Any]) -> Callable[..., Any]:
    ALONE.append(f)
    return f


@together
def shrinking(a: Any, b: Any) -> Any:
    return while_loop(lambda s: s > b, lambda s: s * (0.9 + 0.01 * sin(a)), a * a + 5.0)


@together
def undefined_at_the_end(a: Any, b: Any) -> Any:
    """After the last round, neither the square root nor the logarithm is defined."""
    return while_loop(lambda s: s > 0.0, lambda s: sqrt(s) * sqrt(s) - 0.2 * b + 0.001 * log(s), a + 4.0)


@together
def infinite_at_the_end(a: Any, b: Any) -> Any:
    """After the last round, the slope of the square root is infinite."""
    return while_loop(lambda s: s > 0.0, lambda s: where_positive(s - 0.25) + sqrt(s) * 0.0, a * 0.0 + 4.0) * b + a


def where_positive(x: Any) -> Any:
    return 0.5 * (x + abs(x))


@together
def pair(a: Any, b: Any) -> Any:
    """The condition reads the second number, which no gradient passes."""
    return while_loop(lambda s: s[1] > 1e-13, lambda s: (0.5 * (s[0] + a / s[0]), abs(s[0] * s[0] - a)), (20.0 + b, math.inf))[0]


@alone
def of_the_round_before(a: Any, b: Any) -> Any:
    """The last round computes a number that only a next round would use."""

    def step(s: Any) -> Any:
        x = s["x"] - s["f"] / (2.0 * s["x"])
        return {"x": x, "f": x * x - a - b}

    return while_loop(lambda s: abs(s["f"]) > 1e-12, step, {"x": a + 30.0, "f": (a + 30.0) * (a + 30.0) - a - b})["x"]


@alone
def residual_of_the_last_round(a: Any, b: Any) -> Any:
    """A number that the last round of a sample computes with an infinite slope, and that only a next round would use."""

    def step(s: Any) -> Any:
        return s[0] * 0.5, s[1] + s[2] + 0.1 * s[0], sqrt(s[0] * 0.5 - 1.0 + 0.0 * b)

    return while_loop(lambda s: s[0] > 1.0, step, (a * 0.0 + 64.0, a, a))[1]


@together
def part_that_nothing_depends_on(a: Any, b: Any) -> Any:
    """Its slopes are infinite in all rounds, and no gradient comes to them."""
    return while_loop(lambda s: s[0] > 1.0, lambda s: (s[0] * 0.5, sqrt(s[0] * 0.0)), (a + 16.0, b))[0]


@alone
def in_place(a: Any, b: Any) -> Any:
    carry = [a + 8.0, b]

    def step(s: Any) -> Any:
        s[0] = s[0] * 0.8
        s[1] = s[1] * 1.01
        return s

    while_loop(lambda s: s[0] > 0.6, step, carry)
    return carry[0] * carry[1]


@alone
def order_of_keys(a: Any, b: Any) -> Any:
    def step(s: Any) -> Any:
        k, l = s  # noqa: E741
        return {l: s[l] * 1.01, k: s[k] * 0.8}

    s = while_loop(lambda s: s["x"] > 0.6, step, {"x": a + 8.0, "y": b + 1.0})
    return s["x"] * 10.0 + s["y"]


@alone
def restated(a: Any, b: Any) -> Any:
    s = while_loop(lambda s: s[0] > 0.6, lambda s: (s[0] * 0.8, False), (a + 8.0, False))
    return s[0] * (b if s[1] is False else a)


@alone
def toggled(a: Any, b: Any) -> Any:
    s = while_loop(lambda s: s[0] > 0.6, lambda s: (s[0] * 0.8, s[2], s[1]), (a + 8.0, 0, 1))
    return s[0] * [a, b][s[1]]


@alone
def asked_for(a: Any, b: Any) -> Any:
    """A plain number of the carry, which the step asks for what it is."""
    return while_loop(lambda s: s[0] > b, lambda s: (s[0] * (0.8 if s[1] is True else 0.5), s[1]), (a + 8.0, True))[0]


class Looking:
    """A callable object that finds its attributes by itself."""

    def __init__(self, **known: float) -> None:
        self.known = known

    def __getattr__(self, name: str) -> float:
        return self.__dict__["known"][name]  # type: ignore[no-any-return] # KeyError where there is none

    def __call__(self, x: Any) -> Any:
        return x * self.rate


@together
def callable_object(a: Any, b: Any) -> Any:
    return while_loop(lambda s: s > b, Looking(rate=0.8), a + 8.0)


@alone
def counted_by_a_buffer(a: Any, b: Any) -> Any:
    count = array.array("i", [0])

    def step(s: Any) -> Any:
        count[0] += 1
        return s * 0.8

    return while_loop(lambda s: s > b, step, a + 8.0) * count[0]


@together
def unchanged(a: Any, b: Any) -> Any:
    """Parts of the carry that the step hands on."""
    carry = while_loop(lambda s: s[0] < s[1][1], lambda s: (s[0] * 1.3 + s[1][0] * 0.1, s[1]), (0.01, [a, 5.0 + b]))
    return carry[0] * carry[1][0] + carry[1][1]


@together
def both_conditions(a: Any, b: Any) -> Any:
    return while_loop(lambda s: (s > b) & ((s * s > a) | (s > 3.0)), lambda s: s * 0.8, a + 8.0)


@together
def around_a_scan(a: Any, b: Any) -> Any:
    def step(s: Any) -> Any:
        return scan(lambda c, x: (c * x * (1.0 + 0.001 * sin(a)), None), s, [0.99, 0.98, 0.97])[0]

    return while_loop(lambda s: s > b, step, a + 6.0)


@together
def within_a_scan(a: Any, b: Any) -> Any:
    return scan(lambda c, _: (while_loop(lambda s: s > 0.5 * b, lambda s: s * 0.7, c + 3.0) * a, None), a, length=3)[0]


@together
def truth_as_a_number(a: Any, b: Any) -> Any:
    """A comparison in the step passes no gradient, also where the slope behind it is infinite."""
    return while_loop(lambda s: s > b, lambda s: s * 0.9 - 0.01 * (sqrt(abs(a - 0.7)) > 0.5) * s, a * 0.0 + 6.0) + a


@alone
def counted(a: Any, b: Any) -> Any:
    x, n = while_loop(lambda s: s[0] > b, lambda s: (s[0] * 0.8, s[1] + 1), (a + 8.0, 0))
    return x * sum(1.0 for _ in range(n))


@alone
def both_by_and(a: Any, b: Any) -> Any:
    return while_loop(lambda s: s > b and s > 0.1, lambda s: s * 0.8, a + 8.0)


@alone
def chosen(a: Any, b: Any) -> Any:
    return while_loop(lambda s: s > b, lambda s: where(s > 3.0, sqrt(s) * 0.9, s * 0.8), a + 8.0)


@alone
def branched(a: Any, b: Any) -> Any:
    return while_loop(lambda s: s > b, lambda s: s * 0.7 if s > 4.0 else s * 0.8, a + 8.0)


@alone
def without_gradient(a: Any, b: Any) -> Any:
    def step(s: Any) -> Any:
        with no_grad():
            move = s * 0.1
        return s - move * 1.0

    return while_loop(lambda s: s > b, step, a + 8.0)


rng = random.Random(0)
A, B = [0.7, 1.3, 0.2, 30.0, 0.5, 2.5, 11.0, 0.25], [0.5, 0.4, 1.1, 0.7, 0.01, 0.02, 0.3, 4.0]


def has_together(f: Any) -> bool:
    """Whether rounds of some branch were recorded together."""
    return any(operation.loop is not None for branch in f.specialisations for operation in branch.tape.operations)


def numbers(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


@pytest.mark.parametrize("f", [*TOGETHER, *ALONE], ids=lambda f: f.__name__)
def test_values_and_gradients_are_those_of_eager_code(f: Callable[..., Any], executor: str) -> None:
    eager = [value_and_grad(f, argnums=(0, 1))(a, b) for a, b in zip(A, B, strict=True)]
    g = compile(f, executor=executor)
    for _ in range(2):
        value, slopes = g.value_and_grad(A, B)
        np.testing.assert_allclose(value, [numbers(y) for y, _ in eager], rtol=1e-12, atol=1e-14)
        for k in (0, 1):
            np.testing.assert_allclose(slopes[k], [numbers(of[k]) for _, of in eager], rtol=1e-9, atol=1e-12)
    for (y, of), a, b in zip(eager, A, B, strict=True):
        single = compile(f, executor=executor).value_and_grad(a, b)
        np.testing.assert_allclose([single[0], *single[1]], [numbers(y), *map(numbers, of)], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(compile(f, executor=executor)(A, B), [numbers(y) for y, _ in eager], rtol=1e-12, atol=1e-14)
    for branch in g.specialisations:
        ir.check(branch.code)
    assert has_together(g) == (f in TOGETHER)


@pytest.mark.parametrize("f", [shrinking, undefined_at_the_end, pair, of_the_round_before, unchanged, counted], ids=lambda f: f.__name__)
def test_other_derivatives(f: Callable[..., Any], executor: str) -> None:
    g = compile(f, executor=executor)
    for a, b in zip(A[:3], B[:3], strict=True):
        value, tangent = g.jvp((a, b), (1.0, -0.5))
        expected = jvp(f, (a, b), (1.0, -0.5))
        np.testing.assert_allclose([value, tangent], [numbers(x) for x in expected], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(g.hessian(a, b), hessian(f)(a, b), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(compile(grad(f), executor=executor)(a, b), numbers(grad(f)(a, b)), rtol=1e-9, atol=1e-12)


def test_few_branches_serve_many_numbers_of_rounds(executor: str) -> None:
    """A branch for each number of rounds would be some hundred."""
    starts = 1.01 ** np.arange(1.0, 400.0)
    f = compile(lambda a: while_loop(lambda s: s > 1.0, lambda s: s / 1.01, a * 1.001), executor=executor)
    value, slopes = f.value_and_grad(starts)
    rounds = np.arange(1, 400) + 1
    np.testing.assert_allclose(slopes, 1.001 / 1.01**rounds, rtol=1e-9)
    np.testing.assert_allclose(value, starts * 1.001 / 1.01**rounds, rtol=1e-9)
    assert len(f.specialisations) <= 14


def test_the_step_is_not_called_in_every_round() -> None:
    calls = []

    class Counted:
        """Called by the step, whose code is all that is looked into for what it changes."""

        def __array_ufunc__(self, *_: Any) -> Any:
            return NotImplemented

        def __rmul__(self, x: Any) -> Any:
            calls.append(1)
            return x * 0.99

    factor = Counted()
    del calls[:]
    f = compile(lambda a: while_loop(lambda s: s > 1.0, lambda s: s * 0.99, a))
    f(1e4)
    (branch,) = f.specialisations
    assert len(branch.tape.nodes) < 200
    assert f(1e4) == pytest.approx(numbers(while_loop(lambda s: s > 1.0, lambda s: s * factor, 1e4)))
    assert len(calls) > 900


@pytest.mark.parametrize("most", range(1, 14))
def test_a_loop_that_does_not_end_in_time(most: int, executor: str) -> None:
    """Each number of rounds up to `max_rounds` is right, and one more is an error, whatever the other samples need."""

    def f(x: Any) -> Any:
        return while_loop(lambda s: s > 0.5, lambda s: s - 1.0, x, max_rounds=most)

    g = compile(f, executor=executor)
    assert g(np.arange(0.0, most + 1.0)).tolist() == [0.0] * (most + 1)
    with pytest.raises(ConvergenceError, match=rf"the loop at .*test_while_loops\.py:\d+ .*did not end within {most} rounds"):
        g(np.array([1.0, most + 1.0]))
    with pytest.raises(ConvergenceError, match=f"within {most} rounds"):
        compile(f, executor=executor)(most + 1.0)


def test_a_loop_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.looping.MOST_RECORDED", 5000)
    with pytest.raises(CompileError, match=r"the loop at .*test_while_loops\.py.* did not end within 5,000 rounds while .*max_rounds"):
        compile(lambda x: while_loop(lambda s: s > 0.0, lambda s: s * 1.0, x))(1.0)


def test_many_rounds(executor: str) -> None:
    f = compile(lambda a: while_loop(lambda s: s > 1.0, lambda s: s * (1.0 - 1e-4), a), executor=executor)
    value, slope = f.value_and_grad(2.0)
    assert value == pytest.approx(1.0, abs=1e-4)
    assert slope == pytest.approx(value / 2.0, rel=1e-9)


def test_loops_that_are_no_longer_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two recordings of a function have equal loops, if not the same objects."""
    monkeypatch.setattr(rolled, "MOST_KNOWN", 3)
    f = compile(shrinking)
    assert f(A, B).tolist() == compile(shrinking)(A, B).tolist()
    rates = iter([0.9, 0.8] * 20)

    def changing(a: Any) -> Any:
        rate = next(rates)
        return scan(lambda s, _: (s * rate if rate > 0.85 else sin(s) * a, None), a, length=300)[0]

    with pytest.raises(CompileError, match="does something else each time"):
        compile(changing)(0.5)


def test_an_error_in_a_round_is_an_error(executor: str) -> None:
    """And none where the step of a round that eager code does not run would leave the domain."""

    def f(a: Any, low: Any) -> Any:
        return while_loop(lambda s: s > low, lambda s: s - 0.5 + 0.0 * log(s), a)

    g = compile(f, executor=executor)
    assert g([8.0, 7.8], [0.0, -0.1]).tolist() == pytest.approx([0.0, -0.2])
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert np.isnan(g([8.0, 7.8], [0.0, -1.0])).tolist() == [False, True]
    for call in (g, f):
        with pytest.raises(DomainError, match="log"):
            call(Value(7.8) if call is f else 7.8, -1.0)


def test_random_numbers_are_drawn_as_in_eager_code(executor: str) -> None:
    rng, other = random.Random(0), random.Random(0)

    def walk(a: Any) -> Any:
        return while_loop(lambda s: s[0] > 1.0, lambda s: (s[0] * 0.8, s[1] + drawn(rng.random)), (a, 0.0))[1]

    rounds = 1 + math.floor(math.log(50.0) / -math.log(0.8))
    assert compile(walk, executor=executor)(50.0) == pytest.approx(sum(other.random() for _ in range(rounds)))


def test_exports() -> None:
    f = compile(shrinking)
    f.value_and_grad(A, B)
    assert "where(" in str(f)
    assert "for " in f.source


def test_a_kept_exponential(executor: str) -> None:
    """Numbers that overflow after the end do so in no sample."""
    f = compile(lambda a: while_loop(lambda s: s < 700.0, lambda s: s + 50.0 + 0.0 * exp(s), a), executor=executor)
    value, slope = f.value_and_grad([1.0, 320.0, 699.0])
    assert value.tolist() == [701.0, 720.0, 749.0]
    assert slope.tolist() == [1.0, 1.0, 1.0]
