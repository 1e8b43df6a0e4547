"""What every operation does at its special points: value [derivatives], or the exception."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, exp, log, log_softmax, relu, sigmoid, softmax, tanh, where
from autograd.errors import DomainError, PoleError

inf, nan = math.inf, math.nan

POINTS: list[tuple[str, Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = [
    ("x**0 at 0", lambda x: x**0, (0.0,), 1.0, (0.0,)),
    ("0**1", lambda x: x**1, (0.0,), 0.0, (1.0,)),
    ("0**2", lambda x: x**2, (0.0,), 0.0, (0.0,)),
    ("0**0, both Values", lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("0**0.5", lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    ("(-2)**Value(2)", lambda x, y: x**y, (-2.0, 2.0), 4.0, (-4.0, nan)),
    ("0**2, both Values", lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("exp(1000)", exp, (1000.0,), inf, (inf,)),
    ("exp(-1000)", exp, (-1000.0,), 0.0, (0.0,)),
    ("10.0**400", lambda x: x**400, (10.0,), inf, (inf,)),
    ("(-10.0)**401", lambda x: x**401, (-10.0,), -inf, (inf,)),
    ("10.0**Value(400)", lambda y: 10.0**y, (400.0,), inf, (inf,)),
    ("relu'(0)", relu, (0.0,), 0.0, (0.0,)),
    ("relu(-0.0)", relu, (-0.0,), 0.0, (0.0,)),
    ("relu(inf)", relu, (inf,), inf, (1.0,)),
    ("tanh'(20)", tanh, (20.0,), math.tanh(20.0), (1.6993417021166355e-17,)),
    ("tanh(1000)", tanh, (1000.0,), 1.0, (0.0,)),
    ("tanh(-1000)", tanh, (-1000.0,), -1.0, (0.0,)),
    ("sigmoid'(30)", sigmoid, (30.0,), 0.9999999999999064, (9.357622968838425e-14,)),
    ("sigmoid'(-30)", sigmoid, (-30.0,), 9.357622968839299e-14, (9.357622968838425e-14,)),
    ("sigmoid(1000)", sigmoid, (1000.0,), 1.0, (0.0,)),
    ("sigmoid(-1000)", sigmoid, (-1000.0,), 0.0, (0.0,)),
    ("log(inf)", log, (inf,), inf, (0.0,)),
    ("log(5e-324)", log, (5e-324,), math.log(5e-324), (inf,)),
    ("inf - inf", lambda x, y: x - y, (inf, inf), nan, (1.0, -1.0)),
    ("0 * inf", lambda x, y: x * y, (0.0, inf), nan, (inf, 0.0)),
    ("overflow", lambda x, y: x * y, (1e300, 1e300), inf, (1e300, 1e300)),
    ("where, selected", lambda x: where(x > 0, lambda: log(x), lambda: 0.0) + 0 * x, (2.0,), math.log(2.0), (0.5,)),
    ("where, guarded", lambda x: where(x > 0, lambda: log(x), lambda: 3.0) + 0 * x, (-2.0,), 3.0, (0.0,)),
    ("1/tiny", lambda x: 1 / x, (5e-324,), inf, (-inf,)),
]


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b) or abs(a - b) <= 4 * math.ulp(max(abs(a), abs(b)))


@pytest.mark.parametrize(("name", "f", "point", "value", "slopes"), POINTS, ids=[row[0] for row in POINTS])
def test_value_and_derivatives(name: str, f: Callable[..., Any], point: tuple[float, ...], value: float, slopes: tuple[float, ...]) -> None:
    inputs = [Value(x) for x in point]
    y = f(*inputs)
    y.backward()
    assert same(y.data, value), name
    found = [x.grad for x in inputs]
    assert all(map(same, found, slopes)), (name, found, slopes)


RAISES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("1/0", lambda: 1 / Value(0.0, label="speed"), PoleError, r"b = 0\.0 \(label 'speed'\)"),
    ("0/0", lambda: Value(0.0) / 0, PoleError, "needs b ≠ 0"),
    ("1/-0.0", lambda: Value(1.0) / Value(-0.0), PoleError, "b = -0.0"),
    ("0**-1", lambda: Value(0.0, label="x") ** -1, PoleError, r"a = 0\.0 \(label 'x'\), b = -1\.0"),
    ("0**Value(-1)", lambda: Value(0.0) ** Value(-1.0), PoleError, "pow"),
    ("(-2)**0.5", lambda: Value(-2.0) ** 0.5, DomainError, "needs a > 0, or b an integer"),
    ("(-2)**Value(0.5)", lambda: Value(-2.0) ** Value(0.5), DomainError, "where"),
    ("log(0)", lambda: log(Value(0.0)), DomainError, "log.a. needs a > 0, but a = 0.0"),
    ("log(-1)", lambda: Value(-1.0).log(), DomainError, "lambda: log"),  # type: ignore[attr-defined]
    ("log(-1), a number", lambda: log(-1.0), DomainError, "a = -1.0"),
    ("log(-inf)", lambda: log(Value(-inf)), DomainError, "a = -inf"),
]


@pytest.mark.parametrize(("name", "f", "error", "message"), RAISES, ids=[row[0] for row in RAISES])
def test_poles_and_domains_raise_what_a_float_would(name: str, f: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f()
    builtin = ZeroDivisionError if error is PoleError else ValueError
    with pytest.raises(builtin):
        f()


def test_nan_and_infinity_pass_through() -> None:
    assert math.isnan(relu(Value(nan)).data)
    assert math.isnan(log(Value(nan)).data)
    assert math.isnan((Value(nan) ** 0.5).data)
    assert (Value(-inf) ** 0.5).data == inf


def test_backward_never_raises_for_an_infinite_slope() -> None:
    x = Value(0.0)
    (x**0.5).backward()
    assert x.grad == inf


def test_softmax_is_stable() -> None:
    assert softmax([1e4, -1e4]) == [1.0, 0.0]
    assert softmax([Value(1e308), Value(-1e308)])[0].data == 1.0
    assert log_softmax([0.0, -1000.0]) == [0.0, -1000.0]
    logits = [Value(1e4), Value(-1e4), Value(1e4)]
    log_softmax(logits)[0].backward()
    assert [z.grad for z in logits] == [0.5, 0.0, -0.5]
    assert softmax([Value(1.0), Value(-inf)])[1].data == 0.0
