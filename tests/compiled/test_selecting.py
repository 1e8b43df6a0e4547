"""No gradient passes through structural slopes of 0, nor to nodes on which only conditions and auxiliary results depend."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, acos, cbrt, clip, compile, floor, grad, hessian, jvp, log, maximum, minimum, relu, sign, sqrt, where
from autograd.functions import call
from autograd.ops import OPERATIONS, SELECT

SELECTS = ("sign", "floor", "ceil", "trunc", "copysign", "maximum", "minimum", "clip", "where", "relu", "peak", "take")


def test_the_rows_that_select() -> None:
    assert {name for name, row in OPERATIONS.items() if row.selects} == set(SELECTS)
    assert SELECT.selects
    assert OPERATIONS["clip"].bind(-1.0, 1.0).selects


def infinite(x: Any) -> Any:
    """Something with an infinite slope at 0, whatever its number is there."""
    return sqrt(abs(x))


CASES: list[tuple[str, Callable[[Any], Any], float]] = [
    ("sqrt(relu(x))", lambda x: sqrt(relu(x)), -1.0),
    ("acos(min(x, 1))", lambda x: acos(minimum(x, 1.0)), 1.0000001),
    ("acos(max(-x, -1))", lambda x: acos(maximum(-x, -1.0)), 2.0),
    ("asin(clip(x))", lambda x: autograd.asin(clip(x, -1.0, 1.0)), 2.0),
    ("sqrt(floor(x))", lambda x: sqrt(floor(x)), 0.5),
    ("sqrt(ceil(x))", lambda x: sqrt(autograd.ceil(x)), -0.5),
    ("sqrt(trunc(x))", lambda x: sqrt(autograd.trunc(x)), -0.5),
    ("acos(copysign(1, x))", lambda x: acos(autograd.copysign(1.0, x)), 0.5),
    ("sqrt(1 + sign(x))", lambda x: sqrt(1.0 + sign(x)), -2.0),
    ("cbrt(where)", lambda x: cbrt(call(OPERATIONS["where"], 0.0, x, 0.0)), 3.0),
    ("sqrt(peak)", lambda x: sqrt(autograd.peak([x, x - 1.0])), 0.5),
    ("sqrt(take)", lambda x: sqrt(autograd.take([x * 0.5, 0.0, x], 1.0 + 0.0 * floor(x))), -2.0),
    ("relu of relu", lambda x: sqrt(relu(relu(x) * 2.0) * 3.0), -1.0),
]


@pytest.mark.parametrize(("name", "f", "at"), CASES, ids=[name for name, *_ in CASES])
def test_a_slope_that_selects_passes_no_infinite_gradient_on(name: str, f: Callable[[Any], Any], at: float, executor: str) -> None:
    x = Value(at)
    f(x).backward()
    assert x.grad == 0.0
    assert grad(f)(at) == 0.0
    assert jvp(f, (at,), (1.0,))[1] == 0.0
    assert autograd.derivative(f, 2)(at) == 0.0
    assert autograd.derivative(f, 3)(at) == 0.0
    x = Value(at)
    y = f(x)
    y.backward(create_graph=True)
    assert float(getattr(x.grad, "data", x.grad)) == 0.0
    compiled = compile(f, executor=executor)
    for points in (at, [at], [at, at, at]):
        assert np.all(compiled.value_and_grad(points)[1] == 0.0)
        assert np.all(compiled.jvp((points,), (np.ones_like(points),))[1] == 0.0)
        for order in (grad(f), hessian(f), grad(hessian(f)), lambda v: jvp(f, (v,), (1.0,))[1]):
            assert np.all(compile(order, executor=executor)(points) == 0.0)
    program = compile(f(x := Value(at)), executor=executor)
    program()
    assert x.grad == 0.0


def test_a_slope_that_is_zero_by_value_multiplies(executor: str) -> None:
    for f in (lambda x: sqrt(x * 0.0), lambda x: sqrt(x * x), lambda x: sqrt(abs(x * 0.0) * 2.0)):
        for point in (0.0, -0.0):
            x = Value(point)
            f(x).backward()
            assert math.isnan(x.grad)
            assert math.isnan(compile(f, executor=executor).value_and_grad(point)[1])


def test_an_operation_of_ones_own_may_select(executor: str) -> None:
    def value(xp: Any, a: Any) -> Any:
        return xp.where(a > 0.5, a, 0.0)

    def slope(xp: Any, y: Any, a: Any) -> Any:
        return xp.where(a > 0.5, 1.0, 0.0)

    selecting = autograd.define("threshold_that_selects", value, slope, selects=True)
    plain = autograd.define("threshold_that_multiplies", value, slope)
    assert grad(lambda x: sqrt(selecting(x)))(0.25) == 0.0
    assert math.isnan(grad(lambda x: sqrt(plain(x)))(0.25))
    assert compile(lambda x: sqrt(selecting(x)), executor=executor).value_and_grad([0.25, 4.0])[1].tolist() == [0.0, 0.25]
    assert math.isnan(compile(lambda x: sqrt(plain(x)), executor=executor).value_and_grad(0.25)[1])


# -- what only conditions and auxiliary results are computed from ------------------------------------------------------------


def project(a: Any, b: Any) -> Any:
    n = sqrt(a * a + b * b)
    return a / n if n > 1 else a


def three(a: Any, b: Any) -> Any:
    s = sqrt(a)
    return sum([where(b > k, s * b, a) for k in (3.0, 4.0)], where(b < 0.0, s**0.5, a))


REACHED: list[tuple[str, Callable[..., Any], tuple[float, ...]]] = [
    ("if", project, (0.0, 0.0)),
    ("a chain", lambda a, b: a * 2.0 if -1.0 < sqrt(a) < 1.0 else b, (0.0, 1.0)),
    ("max", lambda a, b: max(b, sqrt(a) - 1.0), (0.0, 1.0)),
    ("min of several", lambda a, b: min(b, cbrt(a) + 3.0, a**0.5 + 4.0), (0.0, 1.0)),
    ("sorted", lambda a, b: sorted([sqrt(a), b, b + 1.0])[2] * a, (0.0, 1.0)),
    ("where", lambda a, b: where(sqrt(a) < 1.0, b * a, b), (0.0, 2.0)),
    ("where, and what it reads is a side too", lambda a, b: where((s := sqrt(a)) > 1.0, s, b * a), (0.0, 2.0)),
    (
        "where within where",
        lambda a, b: where(b > 0.0, lambda: where(sqrt(a) > 1.0, lambda: sqrt(a), lambda: a * b), lambda: a),
        (0.0, 2.0),
    ),
    ("sides of two wheres", lambda a, b: where(b > 3.0, s := sqrt(a), a) + where(b > 4.0, s, a * b), (0.0, 2.0)),
    ("opposite sides of two wheres", lambda a, b: where(b > 3.0, s := sqrt(a), a) + where(b > 1.0, a * b, s), (0.0, 2.0)),
    ("sides of wheres within each other", lambda a, b: where(b > 3.0, s := sqrt(a), where(b > 2.5, s, a)), (0.0, 2.0)),
    (
        "sides of three wheres",
        three,
        (0.0, 2.0),
    ),
    ("& and |", lambda a, b: where((sqrt(a) < 1.0) & (a**0.25 < 1.0) | (b < 0.0), a * b, b), (0.0, 2.0)),
    ("equality", lambda a, b: a * b if sqrt(a) == 0.0 else b, (0.0, 2.0)),
    ("no_grad", lambda a, b: a * b + stopped(a), (0.0, 2.0)),
]


def stopped(a: Any) -> Any:
    with autograd.no_grad():
        return sqrt(a)


@pytest.mark.parametrize(("name", "f", "at"), REACHED, ids=[name for name, *_ in REACHED])
def test_backward_goes_where_eager_backward_goes(name: str, f: Callable[..., Any], at: tuple[float, ...], executor: str) -> None:
    every = (0, 1)
    _, exact = autograd.value_and_grad(f, argnums=every)(*at)
    assert all(map(math.isfinite, exact))
    compiled = compile(f, executor=executor)
    assert compiled.value_and_grad(*at)[1] == exact
    assert compiled.vjp(*at)[1](1.0) == exact
    assert compiled.jvp(at, (1.0, 0.0))[1] == jvp(f, at, (1.0, 0.0))[1] == exact[0]
    batch = [[x, x, 0.5] for x in at]
    result = compiled.value_and_grad(*batch)[1]
    for k in every:
        assert result[k][:2].tolist() == [exact[k]] * 2
        assert math.isfinite(result[k][2])
    assert compile(grad(f, every), executor=executor)(*at) == exact
    second = autograd.jacobian(grad(f, every), every)(*at)
    np.testing.assert_array_equal(np.array(compile(autograd.jacobian(grad(f, every), every), executor=executor)(*at)), np.array(second))


def test_of_what_stands_beside_the_result_nothing_is_differentiated(executor: str) -> None:
    f = compile(lambda x, y: (2.0 * x * y, {"root": sqrt(x), "log": log(y)}), executor=executor)
    (value, aux), slopes = f.value_and_grad(0.0, 1.0, has_aux=True)
    assert (value, aux, slopes) == (0.0, {"root": 0.0, "log": 0.0}, (2.0, 0.0))
    (values, more), (by_x, by_y) = f.value_and_grad([0.0, 4.0], 1.0, has_aux=True, reduce="sum")
    assert (values, more["root"].tolist(), by_x.tolist(), by_y) == (8.0, [0.0, 2.0], [2.0, 2.0], 8.0)
    shared = compile(lambda x: ((s := sqrt(x)) * 0.0 + 2.0 * x, s), executor=executor)
    assert math.isnan(shared.value_and_grad(0.0, has_aux=True)[1])  # the root is a part of the result too


def test_a_branch_that_no_derivative_is_wanted_of_keeps_its_products(executor: str) -> None:
    def f(W: Any, x: Any) -> Any:
        h = [autograd.dot(row, x) for row in W]
        return h[0] if h[0] > h[1] else h[1]

    compiled = compile(f, in_axes=(None, 0), executor=executor)
    W, X = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[1.0, 1.0], [-1.0, -2.0]])
    assert compiled(W, X).tolist() == [3.0, 1.5]
    assert all("@" in str(line.text) or line.is_product for line in compiled.outline()[:1])
    value, by = compiled.value_and_grad(W, X, wrt=0, reduce="sum")
    assert (value, by.tolist()) == (4.5, [[1.0, 1.0], [-1.0, -2.0]])
