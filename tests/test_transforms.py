"""grad and value_and_grad."""

import math
from typing import Any

import pytest

from autograd import Value, exp, grad, log, sigmoid, tanh, value_and_grad
from autograd.errors import InputError, StaleGraphError
from autograd.transforms import derivatives


def test_numbers_in_numbers_out() -> None:
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert type(grad(lambda x: x * x)(2)) is float
    assert value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0) == (10.0, (5.0, 2.0))
    assert grad(lambda x, y: x * y, argnums=-1)(2.0, 5.0) == 2.0
    assert grad(lambda x, *, k: x * k)(2.0, k=7.0) == 7.0
    assert grad(lambda x: 5.0)(1.0) == 0.0


def test_nested_structures_keep_their_form() -> None:
    point = {"w": [1.0, (2.0, 3.0)], "b": 4.0}
    gradient = grad(lambda p: p["w"][0] * p["w"][1][0] + p["w"][1][1] * p["b"])(point)
    assert gradient == {"w": [2.0, (1.0, 4.0)], "b": 3.0}


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x**3, 2.0, [8.0, 12.0, 12.0, 6.0, 0.0]),
        (lambda x: x**3, 0.0, [0.0, 0.0, 0.0, 6.0, 0.0]),
        (tanh, 0.0, [0.0, 1.0, 0.0, -2.0, 0.0, 16.0]),
        (sigmoid, 0.0, [0.5, 0.25, 0.0, -0.125, 0.0, 0.25]),
        (exp, 1.0, [math.e] * 6),
        (log, 2.0, [math.log(2.0), 0.5, -0.25, 0.25, -0.375]),
        (lambda x: 1 / x, 2.0, [0.5, -0.25, 0.25, -0.375]),
        (lambda x: x**0.5, 4.0, [2.0, 0.25, -0.03125, 0.01171875]),
        (lambda x: 2.0**x, 0.0, [1.0, math.log(2.0), math.log(2.0) ** 2]),
    ],
)
def test_derivatives_of_every_order(f: Any, x: float, expected: list[float]) -> None:
    for order, value in enumerate(expected):
        assert f(x) == pytest.approx(value, rel=1e-14, abs=1e-15), order
        f = grad(f)


def test_perturbations_are_not_confused() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: y * y * x)(2.0) * x)(3.0) == 24.0


def test_a_value_from_outside_stays_in_the_graph() -> None:
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, Value)
    assert slope.data == 12.0
    slope.backward()
    assert w.grad == 4.0
    assert isinstance(grad(lambda x: x * x)(Value(2.0)), Value)


def test_gradients_of_leaves_outside_are_left_alone() -> None:
    w = Value(3.0)
    w.grad = 7.0
    grad(lambda x: w * x)(2.0)
    assert w.grad == 7.0


def test_changed_data_is_an_error_and_never_a_mixture() -> None:
    x = Value(2.0, label="x")
    y = tanh(x * 3.0)
    x.data = 5.0
    with pytest.raises(StaleGraphError, match="data was assigned"):
        derivatives(y, [x])


def test_bad_calls() -> None:
    with pytest.raises(InputError, match="argnums=1 does not fit"):
        grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(InputError, match="string"):
        grad(lambda x: x)("1")
    with pytest.raises(InputError, match="each element"):
        grad(lambda x: [x, x])(1.0)
