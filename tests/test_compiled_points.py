"""Compiled is eager: every special point, and what lies outside of a domain, in every executor."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS
from test_special_points import POINTS, same

import autograd as ag
from autograd import Value, exp, log
from autograd.errors import DomainError, PoleError

inf, nan = math.inf, math.nan


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "f", "point", "value", "slopes"), POINTS, ids=[row[0] for row in POINTS])
def test_special_points(
    name: str, f: Callable[..., Any], point: tuple[float, ...], value: float, slopes: tuple[float, ...], executor: str
) -> None:
    compiled = ag.compile(f, executor=executor)
    found, gradient = compiled.value_and_grad(*point)
    assert same(found, value), name
    assert all(map(same, gradient, slopes)), (name, gradient, slopes)
    arrays, gradients = compiled.value_and_grad(*[np.array([x, x]) for x in point])  # without a warning: none is outside of a domain
    assert all(same(y, value) for y in arrays), name
    assert all(same(g, slope) for row, slope in zip(gradients, slopes, strict=True) for g in row), (name, gradients, slopes)


OUTSIDE: list[tuple[str, Callable[[Any], Any], float, float]] = [
    ("1/0", lambda x: 1 / x, 0.0, inf),
    ("-1/0", lambda x: -1 / x, 0.0, -inf),
    ("0**-1", lambda x: x**-1, 0.0, inf),
    ("(-2)**0.5", lambda x: x**0.5, -2.0, nan),
    ("log(0)", log, 0.0, -inf),
    ("log(-1)", log, -1.0, nan),
    ("log1p(-1)", ag.log1p, -1.0, -inf),
    ("sqrt(-1)", ag.sqrt, -1.0, nan),
    ("asin(2)", ag.asin, 2.0, nan),
    ("acosh(0.5)", ag.acosh, 0.5, nan),
    ("atanh(1)", ag.atanh, 1.0, inf),
    ("5 % 0", lambda x: 5 % x, 0.0, nan),
    ("a pole whose result is finite again", lambda x: exp(-1 / x**2), 0.0, 0.0),
]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "f", "x", "value"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_a_number_raises_and_an_array_warns(name: str, f: Callable[[Any], Any], x: float, value: float, executor: str) -> None:
    compiled = ag.compile(f, executor=executor)
    with pytest.raises((DomainError, PoleError)) as eager:
        f(Value(x))
    inside = 1.5 if name.startswith("acosh") else 0.75
    assert compiled(inside) == pytest.approx(f(Value(inside)).data, rel=1e-15)
    with pytest.raises(type(eager.value)):
        compiled(x)
    with pytest.warns(RuntimeWarning, match="1 of 3 elements are outside"):
        found = compiled(np.array([inside, x, inside]))
    assert [same(y, expected) for y, expected in zip(found, [f(Value(inside)).data, value, f(Value(inside)).data], strict=True)] == [
        True
    ] * 3
