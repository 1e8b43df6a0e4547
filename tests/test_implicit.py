"""Derivatives through the root of an equation."""

import math
from typing import Any

import pytest

from autograd import Value, atan, cos, derivative, erf, exp, grad, implicit, jacobian, log, sin, sqrt
from autograd.errors import ConvergenceError, InputError


def test_a_square_root_to_the_third_order() -> None:
    root = implicit(lambda y, a: y * y - a, order=3)
    assert root(1.0, 4.0) == 2.0
    for n, expected in enumerate([2.0, 0.25, -0.03125, 0.01171875]):
        assert derivative(lambda a: root(1.0, a), n)(4.0) == pytest.approx(expected, rel=1e-12)


def test_keplers_equation() -> None:
    anomaly = implicit(lambda E, M, e: E - e * sin(E) - M)
    E = anomaly(0.5, 0.8, 0.3)
    by_mean, by_eccentricity = grad(lambda M, e: anomaly(0.5, M, e), argnums=(0, 1))(0.8, 0.3)
    assert by_mean == pytest.approx(1 / (1 - 0.3 * math.cos(E)), rel=1e-12)
    assert by_eccentricity == pytest.approx(math.sin(E) / (1 - 0.3 * math.cos(E)), rel=1e-12)


def test_calibration_of_a_volatility() -> None:
    def normal(x: Any) -> Any:
        return 0.5 * (1 + erf(x / math.sqrt(2)))

    def price(volatility: Any, spot: Any, strike: float = 100.0, time: float = 1.0) -> Any:
        d1 = (log(spot / strike) + volatility**2 / 2 * time) / (volatility * sqrt(time))
        return spot * normal(d1) - strike * normal(d1 - volatility * sqrt(time))

    implied = implicit(lambda volatility, quote, spot: price(volatility, spot) - quote)
    quote = price(0.25, 105.0)
    assert implied(0.5, quote, 105.0) == pytest.approx(0.25, rel=1e-10)
    vega = grad(price)(0.25, 105.0)
    assert grad(lambda q: implied(0.5, q, 105.0))(quote) == pytest.approx(1 / vega, rel=1e-10)


def test_inverse_kinematics() -> None:
    """The angles of an arm of two links that reach a point: their derivatives are the inverse of the arm's Jacobian."""

    def hand(angles: list[Any]) -> list[Any]:
        a, b = angles
        return [cos(a) + 0.7 * cos(a + b), sin(a) + 0.7 * sin(a + b)]

    reach = implicit(lambda angles, target: [h - t for h, t in zip(hand(angles), target, strict=True)])
    target = hand([0.4, 0.9])
    angles = reach([0.1, 1.2], target)
    assert angles == pytest.approx([0.4, 0.9], rel=1e-10)
    inverse = jacobian(lambda t: reach([0.1, 1.2], t))(target)
    forward = jacobian(hand)([0.4, 0.9])
    product = [[sum(inverse[i][k] * forward[k][j] for k in range(2)) for j in range(2)] for i in range(2)]
    assert product[0] == pytest.approx([1.0, 0.0], abs=1e-12)
    assert product[1] == pytest.approx([0.0, 1.0], abs=1e-12)


def test_values_outside_of_transforms() -> None:
    a = Value(9.0)
    y = implicit(lambda y, a: y * y - a)(1.0, a)
    y.backward()
    assert y.data == 3.0
    assert a.grad == pytest.approx(1 / 6, rel=1e-12)


def test_no_root_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match="try another guess"):
        implicit(lambda y, a: y * y + a)(1.0, 1.0)
    with pytest.raises(ConvergenceError, match="there is no root near the guess"):
        implicit(lambda y, a: y * y + a)(0.3, 1.0)
    with pytest.raises(ConvergenceError, match="there is no root near the guess"):
        implicit(lambda y, a: y * y - a, max_iterations=2)(100.0, 2.0)
    with pytest.raises(ConvergenceError, match="no inverse"):
        implicit(lambda y, a: exp(a) + 0 * y)(1.0, 1.0)
    with pytest.raises(InputError, match="as many numbers"):
        implicit(lambda y, a: [y, a])(1.0, 1.0)
    with pytest.raises(InputError, match="order must be a whole number of at least 1, not 0"):
        implicit(lambda y, a: y * y - a, order=0)
    with pytest.raises(InputError, match="max_iterations must be a whole number of at least 1, not 2.0"):
        implicit(lambda y, a: y * y - a, max_iterations=2.0)  # type: ignore[arg-type]
    for wrong in (0.0, -1e-9, math.nan, math.inf, None, "1e-9", Value(1e-9)):
        with pytest.raises(InputError, match="tolerance must be a positive number, as in tolerance=1e-12, not"):
            implicit(lambda y, a: y * y - a, tolerance=wrong)  # type: ignore[arg-type]


def test_steps_that_go_too_far_are_halved() -> None:
    assert implicit(lambda y, a: atan(y) - a)(3.0, 0.5) == pytest.approx(math.tan(0.5), rel=1e-12)  # Newton alone diverges from 3
    assert implicit(lambda y, a: log(y) - a)(20.0, 0.0) == pytest.approx(1.0, rel=1e-12)  # the first step leaves the domain
