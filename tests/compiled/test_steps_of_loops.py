"""Steps of scans that are traced once: which callables they may be, what they may keep, and what they leave plain numbers."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd import compile, detect_anomaly, exp, scan, sin, sqrt, tanh, to_c, value_and_grad, where
from autograd.errors import AnomalyError
from autograd.looping import LEAST_ROUNDS
from tests.loop_programs import number

N = LEAST_ROUNDS + 30
XS = [0.01 * i for i in range(N)]


def is_one_loop(f: Any) -> bool:
    """Whether a scan of the program that was recorded last is one node."""
    return any(operation.loop is not None for operation in f.specialisations[-1].tape.operations)


def compared(f: Callable[[Any, Any], Any]) -> Any:
    """The compiled function, whose value and gradients are those of eager code."""
    value, slopes = value_and_grad(f, argnums=(0, 1))(0.7, 0.5)
    g = compile(f, executor="numpy")
    actual, gradients = g.value_and_grad(0.7, 0.5)
    np.testing.assert_allclose([actual, *gradients], [number(x) for x in (value, *slopes)], rtol=1e-9, atol=1e-14)
    return g


# -- what changes from round to round -----------------------------------------------------------------------------------------


def rate_of(k: int) -> float:
    """A schedule whose first rounds are alike."""
    return 0.1 if k < 100 else 0.03


class Schedule:
    """An object that counts."""

    def __init__(self) -> None:
        self.count = 0

    def rate(self) -> float:
        self.count += 1
        return rate_of(self.count)


def by_outer_variable() -> Callable[[], float]:
    count = 0

    def rate() -> float:
        nonlocal count
        count += 1
        return rate_of(count)

    return rate


def by_list() -> Callable[[], float]:
    seen: list[int] = []

    def rate() -> float:
        seen.append(1)
        return rate_of(len(seen))

    return rate


def by_array() -> Callable[[], float]:
    count = np.zeros(1)

    def rate() -> float:
        count[0] += 1
        return rate_of(int(count[0]))

    return rate


def by_default() -> Callable[[], float]:
    def rate(kept: dict[str, int] = {"count": 0}) -> float:  # noqa: B006
        kept["count"] += 1
        return rate_of(kept["count"])

    rate.__defaults__ = ({"count": 0},)
    return rate


def by_generator() -> Callable[[], float]:
    def rates() -> Iterator[float]:
        for k in itertools.count():
            yield rate_of(k)

    return functools.partial(next, rates())


def by_iterator() -> Callable[[], float]:
    return functools.partial(next, map(rate_of, range(N)))


def by_queue() -> Callable[[], float]:
    rates = [rate_of(k) for k in range(N)]
    return lambda: rates.pop(0)


STATES = [by_outer_variable, by_list, by_array, by_default, by_generator, by_iterator, by_queue, lambda: Schedule().rate]


@pytest.mark.parametrize("made", STATES)
def test_a_step_that_changes_something_is_called_in_every_round(made: Callable[[], Callable[[], float]]) -> None:
    """Its first two rounds are the same, and would be repeated."""

    def f(a: Any, b: Any) -> Any:
        rate = made()
        return scan(lambda s, _: (s - rate() * (s - a), None), b, length=N)[0]

    assert not is_one_loop(compared(f))


def test_a_table_that_a_step_fills_once_is_no_state() -> None:
    def f(a: Any, b: Any) -> Any:
        known: dict[int, float] = {}

        def power(k: int) -> float:
            if k not in known:
                known[k] = 0.5**k
            return known[k]

        return scan(lambda s, x: (tanh(s * a + power(3) * x), None), b, XS)[0]

    assert is_one_loop(compared(f))


def list_in_place(a: Any, b: Any) -> Any:
    """All of the kept lists are the one that is carried."""

    def step(s: Any, x: Any) -> Any:
        s[0] = s[0] * a + x
        return s, s

    last, ys = scan(step, [b], XS)
    return last[0] + ys[3][0]


def array_in_place(a: Any, b: Any) -> Any:
    def step(s: Any, x: Any) -> Any:
        s[0] = s[0] * a + x
        return s, s

    last, ys = scan(step, np.array([b, a], dtype=object), XS)
    return last[0] + ys[3, 0]


def init_in_place(a: Any, b: Any) -> Any:
    init = {"s": b}

    def step(s: Any, x: Any) -> Any:
        s["s"] = s["s"] * a + x
        return s, None

    return scan(step, init, XS)[0]["s"] + init["s"]


def row_in_place(a: Any, b: Any) -> Any:
    """All rounds get the same list."""
    row = [0.1, 0.2]

    def step(s: Any, x: Any) -> Any:
        x[0] = x[0] * a
        return s * 0.9 + x[0], None

    return scan(step, b, [row] * N)[0]


@pytest.mark.parametrize("f", [list_in_place, array_in_place, init_in_place, row_in_place])
def test_a_step_that_works_in_place_is_called_in_every_round(f: Callable[[Any, Any], Any]) -> None:
    """The other rounds, and what was kept of them, see what it changes."""
    assert not is_one_loop(compared(f))


def asks_for_type(a: Any, b: Any) -> Any:
    return scan(lambda s, x: (s * 0.9 + (a if isinstance(x, float) else b), None), b, XS)[0]


def asks_for_identity(a: Any, b: Any) -> Any:
    return scan(lambda s, x: (s * 0.9 + (a if s is b else x), None), b, XS)[0]


@pytest.mark.parametrize("f", [asks_for_type, asks_for_identity])
def test_a_step_that_asks_what_its_arguments_are_gets_those_of_eager_code(f: Callable[[Any, Any], Any]) -> None:
    assert not is_one_loop(compared(f))


def test_methods_of_values_are_an_error_for_numbers_as_in_eager_code() -> None:
    f = lambda a: scan(lambda s, x: (s.tanh() * a + x, None), 0.5, XS)[0]
    for g in (f, compile(f)):
        with pytest.raises(AttributeError, match="tanh"):
            g(0.7)


# -- callables ----------------------------------------------------------------------------------------------------------------


class Step:
    """A step in several forms."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __call__(self, s: Any, x: Any) -> Any:
        return s * 0.9 + x * self.a, s

    def method(self, s: Any, x: Any) -> Any:
        return sin(s) * 0.9 + x * self.a, s

    @staticmethod
    def static(s: Any, x: Any) -> Any:
        return s * 0.8 + x, s


def decorated(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def wrapper(*args: Any) -> Any:
        return f(*args)

    return wrapper


FORMS: dict[str, Callable[[Any], Callable[[Any, Any], Any]]] = {
    "object": Step,
    "method": lambda a: Step(a).method,
    "static method": lambda a: Step.static,
    "partial": lambda a: functools.partial(lambda k, s, x: (s * k * 0.9 + x, s), a),
    "partial of a partial": lambda a: functools.partial(functools.partial(lambda k, m, s, x: (s * k * m + x, s), a), 0.9),
    "decorated": lambda a: decorated(lambda s, x: (s * a + x, s)),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_python_callable_is_traced_once(form: str) -> None:
    def f(a: Any, b: Any) -> Any:
        last, ys = scan(FORMS[form](a), b, XS)
        return last + sum(ys) * 0.01

    assert is_one_loop(compared(f))


def test_steps_with_one_decorator_are_told_apart() -> None:
    """One of them branches, so that it is unrolled; the other one is not."""

    def f(a: Any, b: Any) -> Any:
        plain = scan(decorated(lambda s, x: (tanh(s * a + x), None)), b, XS)[0]
        return plain + scan(decorated(lambda s, x: (s * 0.9 + x if s < 3.0 else s - b, None)), b, XS)[0]

    assert is_one_loop(compared(f))


def test_a_callable_without_code_is_called_in_every_round() -> None:
    """A builtin, of numbers only."""
    f = lambda a, b: scan(divmod, 7, [2] * N)[0] * a + b
    assert not is_one_loop(compared(f))


def test_anomalies_of_rounds_name_the_operation() -> None:
    f = compile(lambda a: scan(lambda s, _: (exp(s) * a, None), 1.0, length=N)[0], executor="numpy")
    assert f(0.1) < 1.0
    with detect_anomaly(), pytest.raises(AnomalyError, match="exp gave inf"):
        f.value_and_grad(0.7)


# -- plain numbers --------------------------------------------------------------------------------------------------------------


def test_numbers_that_depend_on_no_value_stay_plain() -> None:
    """A counter can be a size or an index after the scan, as in eager code."""

    def f(a: Any, b: Any) -> Any:
        (count, total, _), (counts, halves) = scan(
            lambda s, x: ((s[0] + 2, s[1] + 0.5, s[2] * 0.9 + a * s[0] * 0.001), (s[0], s[1] * x)), (0, 0.0, b), range(N)
        )
        assert type(count) is int
        assert type(total) is float
        assert {type(k) for k in counts} == {int}
        assert {type(x) for x in halves} == {float}
        last, _ = scan(lambda s, x: (s * 0.9 + x, None), b, XS[: count // 2])
        return last * a + counts[3] + halves[5]

    compared(f)


def test_what_depends_on_a_value_from_outside_does_not() -> None:
    def f(a: Any, b: Any) -> Any:
        return scan(lambda s, x: ((s[0] + 1, s[1] * 0.5 + a), s[1]), (0, 0.0), XS)[0][1] * b

    assert is_one_loop(compared(f))


def test_what_was_recorded_for_values_can_be_exported_with_derivatives() -> None:
    """Of the numbers that are kept, only some are used: the backward pass of C would not reach all rounds alike."""

    def f(a: Any, b: Any) -> Any:
        _, ys = scan(lambda s, x: (s * 0.99 + a, sqrt(x * b)), b, [0.01 * i for i in range(LEAST_ROUNDS + 10)])
        return sum(ys[10::10])

    def g(a: Any, b: Any) -> Any:
        s, _ = scan(lambda s, _: (0.9 * s + a, None), b, length=LEAST_ROUNDS + 10)
        return where(a > 0.0, s, b)

    for function in (f, g):
        compiled = compile(function)
        compiled(0.7, 0.5)
        assert "void model_grad" in to_c(compiled)
