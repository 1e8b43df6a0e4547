"""Formulas that several rows of the op table share, exact where the textbook's would cancel or overflow.

Each is a function of a namespace `xp` and of numbers, as the rules of the table are; for the habits that keep it exact, see there.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.namespaces import Number, Truth
from autograd.special import HIGHEST_ORDER, choose, square_of, within_40

LOG2_E, LOG10_E = 1.0 / math.log(2.0), 1.0 / math.log(10.0)
TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
ROOT_2, ROOT_HALF, HALF_ROOT_PI = math.sqrt(2.0), math.sqrt(0.5), 0.5 * math.sqrt(math.pi)
ROOT_8_OVER_PI = math.sqrt(8.0 / math.pi)


def power_slope(xp: Any, y: Number, a: Number, b: Number) -> Number:
    """b a^(b-1); y b / a where b - 1 is rounded, whose power would be far off.

    So it is at b = 0, where the power may be infinite. It is 0 there, but its derivative with respect to b is 1 / a. At a = b = 0 it is 0.
    """
    if isinstance(b, float) and b == 0.0:
        return 0.0  # a constant exponent, with respect to which nothing is differentiated, or just a number
    by_division = xp.divide(y * b, a)
    at_zero = xp.where((a > 0.0) | (a < 0.0), by_division + 0.0, 0.0)
    exact = xp.equal((b - 1.0) + 1.0, b) | xp.equal(y, 0.0) | xp.isinf(y)
    return xp.where(xp.equal(b, 0.0), at_zero, xp.where(exact, b * xp.power(a, b - 1.0), by_division))


def exp_minus_abs(xp: Any, a: Number) -> Number:
    """exp(-|a|), which cannot overflow; for `where` in place of abs, see the third habit."""
    return xp.exp(xp.where(a > 0.0, -a, a))


def logistic(xp: Any, a: Number) -> Number:
    """1 / (1 + exp(-a)); on Values the row `sigmoid`, whose derivatives do not cancel."""
    if hasattr(xp, "sigmoid"):
        return xp.sigmoid(a)
    e = exp_minus_abs(xp, a)
    return xp.where(a > 0.0, 1.0, e) / (1.0 + e)


def logistic_slope(xp: Any, a: Number) -> Number:
    """The derivative of the logistic function, 1 / (4 cosh²(a / 2))."""
    return 0.25 * sech_squared(xp, 0.5 * a, xp.tanh(0.5 * a))


def sech_squared(xp: Any, a: Number, t: Number) -> Number:
    """1 / cosh²(a), where t is tanh(a); on Values the row of that name.

    Near 0 as 1 - t², whose derivative -2t / cosh²(a) does not cancel; further out, where 1 - t² would cancel, as 4e / (1 + e)² with
    e = exp(-2|a|).
    """
    if hasattr(xp, "sech_squared"):
        return xp.sech_squared(a)
    e = exp_minus_abs(xp, 2.0 * a)
    return xp.where(xp.abs(t) < 0.5, 1.0 - t * t, 4.0 * (e / ((1.0 + e) * (1.0 + e))))


def one_minus_square(xp: Any, a: Number) -> Number:
    """1 - a²: near 0 as it stands, for the sake of its derivative -2a; further out as (1 - a)(1 + a), for the sake of its value."""
    return xp.where(xp.abs(a) < 0.5, 1.0 - a * a, (1.0 - a) * (1.0 + a))


def cube_root_slope(xp: Any, y: Number, a: Number) -> Number:
    """y / 3a, which is inf at 0. Near 0 as y⁻² / 3, whose derivatives are sums of terms of one sign: they overflow to inf, not to nan."""
    return xp.where(xp.equal(a, 0.0), xp.inf, xp.where(xp.abs(a) < 1e-100, xp.power(y, -2.0), xp.divide(y, a)) / 3.0)


def over_one_plus_square(xp: Any, a: Number) -> Number:
    """1 / (1 + a²); where 1 + a² is rounded to a², as (1 / a)², because the squares of a² in its derivatives would overflow."""
    q = xp.divide(1.0, a)
    return xp.where(xp.abs(a) > 1e9, q * q, 1.0 / (1.0 + a * a))


def cosine(xp: Any, r: Number, a: Number, b: Number) -> Number:
    """a / r, where r = √(a² + b²), and 0 at r = 0.

    For |b| ≤ |a| as ±1 / √(1 + q²) with q = b / a, because the derivative of a / r there, b² / r³, would cancel.
    """
    q = xp.divide(b, a)
    flat = xp.divide(xp.where(a < 0.0, -1.0, 1.0), xp.sqrt(1.0 + q * q))
    return xp.where(xp.equal(r, 0.0), 0.0, xp.where(xp.abs(a) < xp.abs(b), xp.divide(a, r), flat))


def over_square(xp: Any, a: Number, r: Number) -> Number:
    """a / r², without overflow; 0 at r = 0."""
    return xp.where(xp.equal(r, 0.0), 0.0, xp.divide(xp.divide(a, r), r))


def gaussian(xp: Any, a: Number) -> Number:
    """exp(-a²). Squaring rounds, and exp magnifies the error: a² is therefore in two parts.

    On Values the row of that name; a namespace may have a quicker `gaussian` of its own.
    """
    if hasattr(xp, "gaussian"):
        return xp.gaussian(a)
    exact, rest = square_of(xp, a)
    return xp.exp(-exact) * xp.exp(-rest)


def erfinv_slope(xp: Any, y: Number, a: Number) -> Number:
    """√π/2 exp(y²). At the ends exp would magnify the rounding of y; there it is φ(z) / (1 - a) with Φ(-z) = (1 - a) / 2, z = √2 |y|."""

    def centre() -> Number:
        return HALF_ROOT_PI * xp.exp(y * y)

    def ends() -> Number:
        return xp.divide(ROOT_HALF, xp.inverse_mills(-ROOT_2 * xp.abs(y)) * (1.0 - xp.abs(a)))

    return choose(xp, xp.abs(a) < 0.5, centre, ends)


def no_pole_of_gamma(xp: Any, a: Number) -> Truth:
    """Whether `a` is neither 0 nor a negative whole number. At -inf the functions have their limit, or none, which is nan."""
    return (a > 0.0) | (a > xp.floor(a)) | xp.isinf(a)


def is_order(xp: Any, n: Number) -> Truth:
    """Whether n is the order of a derivative that `polygamma` has."""
    return (n >= 0.0) & (n <= HIGHEST_ORDER) & xp.equal(n, xp.floor(n))


def larger(xp: Any, a: Number, b: Number) -> Number:
    """The larger one. Where neither is, a + b is nan: one of them is."""
    return xp.where(a >= b, a, xp.where(b > a, b, a + b))


def difference(xp: Any, a: Number, b: Number) -> Number:
    """a - b, and 0 where both are the same infinity."""
    return xp.where(xp.isinf(a) & xp.equal(a, b), 0.0, a - b)


def normal(xp: Any, a: Number) -> Number:
    """The distribution function of the standard normal."""
    return 0.5 * xp.erfc(-a * ROOT_HALF)


def gelu_z(xp: Any, a: Number) -> Number:
    """The z for which GELU's approximation is a · logistic(z): (1 + tanh(z / 2)) / 2 without cancellation."""
    a = within_40(xp, a)
    return ROOT_8_OVER_PI * (a + 0.044715 * a * a * a)


def gelu_z_slope(xp: Any, a: Number) -> Number:
    """The derivative of `gelu_z`."""
    a = within_40(xp, a)
    return ROOT_8_OVER_PI * (1.0 + 3.0 * 0.044715 * a * a)


def total(a: tuple[Number, ...]) -> Number:
    """a₁ + a₂ + …, from left to right."""
    result: Number = 0.0
    for x in a:
        result = result + x
    return result


def dot(*ab: Number) -> Number:
    """a₁b₁ + a₂b₂ + …, from left to right; the first half of the inputs is a."""
    n = len(ab) // 2
    result: Number = 0.0
    for a, b in zip(ab[:n], ab[n:], strict=True):
        result = result + a * b
    return result


def largest(xp: Any, a: tuple[Number, ...]) -> Number:
    """The largest input; nan where one of them is."""
    result: Number = -math.inf
    for x in a:
        result = xp.where(x > result, x, xp.where(result >= x, result, x + result))
    return result


def peak(xp: Any, a: tuple[Number, ...]) -> Number:
    """A whole number near the largest input, to be subtracted before exp. Being whole, it has no derivative of its own."""
    near = largest(xp, a)
    return xp.floor(xp.where(xp.isinf(near), 0.0, near))


def exponentials(xp: Any, a: tuple[Number, ...]) -> tuple[Number, ...]:
    """exp(aᵢ - peak) for each input."""
    near = peak(xp, a)
    return tuple(xp.exp(x - near) for x in a)


def shares(xp: Any, a: tuple[Number, ...]) -> list[Number]:
    """Each input, divided by their sum. One above a half is 1 minus the others: the derivative of x / (x + others) would cancel."""
    whole = total(a)
    most = [x + x > whole for x in a]
    others = total(tuple([xp.where(is_most, 0.0, x) for is_most, x in zip(most, a, strict=True)]))
    return [xp.where(is_most, 1.0 - xp.divide(others, whole), xp.divide(x, whole)) for is_most, x in zip(most, a, strict=True)]


def taken(xp: Any, index: Number, *values: Number) -> Number:
    """The value at a position; nan where there is none."""
    result: Number = xp.nan
    for position, value in enumerate(values):
        result = xp.where(xp.equal(index, float(position)), value, result)
    return result


def is_taken(xp: Any, index: Number, *values: Number) -> list[Number]:
    """For each value 1 if it is the one at the position, else 0."""
    return [xp.where(xp.equal(index, float(position)), 1.0, 0.0) for position in range(len(values))]


def is_position(xp: Any, index: Number, *values: Number) -> Truth:
    """Whether there is a value at the position."""
    return (index >= 0.0) & (index < float(len(values))) & xp.equal(index, xp.floor(index))
