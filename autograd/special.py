"""Special functions that Python and NumPy do not have, as formulas of a namespace `xp`, as those of `formulas` are.

Every namespace has them, so that a rule may write `xp.digamma(a)`. Their errors are a few units in the last place. Near the zeros of
`lgamma` and `digamma` for positive arguments, a difference of large terms would cancel; a polynomial times the distance from the zero
does not. The polynomials are in `coefficients`.

Source of the recurrences, reflections and asymptotic series: Abramowitz and Stegun, "Handbook of mathematical functions" (1964), chapters
6, 7, 23 and 26.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import coefficients as table

Number = Any

BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
    -236364091 / 2730,
)
"""Bernoulli's numbers B₂, B₄, …, which are the coefficients of the asymptotic series."""

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
ROOT_2PI = math.sqrt(2.0 * math.pi)
ONE_OVER_ROOT_2PI = 1.0 / ROOT_2PI
FAR = 8.0
"""From here on the asymptotic series of `lgamma` and `digamma` have no error that counts."""


def choose(xp: Any, condition: Any, a: Callable[[], Number], b: Callable[[], Number]) -> Number:
    """`a()` where the condition holds, else `b()`; of a single number only one of them is computed."""
    if isinstance(condition, bool):
        return a() if condition else b()
    return xp.where(condition, a(), b())


def polynomial(x: Number, of: tuple[float, float, tuple[float, ...]]) -> Number:
    """A polynomial of `coefficients`, by Horner's rule."""
    centre, scale, coefficients = of
    return powers((x - centre) * scale, coefficients)


def powers(t: Number, coefficients: Sequence[float]) -> Number:
    """c₀ + c₁t + c₂t² + …, by Horner's rule."""
    result: Number = coefficients[-1]
    for c in coefficients[-2::-1]:
        result = result * t + c
    return result


def distance_from_whole(xp: Any, x: Number) -> Number:
    """x minus the nearest whole number, exactly."""
    return x - xp.floor(x + 0.5)


# -- the gamma function -------------------------------------------------------------------------------------------------


def lgamma(xp: Any, x: Number) -> Number:
    """log |Γ(x)|. Below 0 by Γ(x) Γ(1 - x) = π / sin(πx), near 0 by Γ(x) = Γ(1 + x) / x."""
    size = xp.abs(x)

    def reflected() -> Number:
        r = distance_from_whole(xp, x)
        whole = xp.equal(r, 0.0) | xp.isinf(x)
        return xp.where(whole, xp.inf, xp.log(xp.divide(math.pi, size * xp.abs(xp.sin(math.pi * r)))) - _lgamma_of_positive(xp, size))

    def near_0() -> Number:
        return _lgamma_of_positive(xp, 1.0 + x) - xp.log(size)

    def usual() -> Number:
        return choose(xp, size < 0.5, near_0, lambda: _lgamma_of_positive(xp, size))

    return choose(xp, x <= -0.5, reflected, usual)


def _lgamma_of_positive(xp: Any, x: Number) -> Number:
    """log Γ(x) for x ≥ ½: polynomials up to 3, Γ(x + 1) = x Γ(x) up to 8, and Stirling's series."""

    def far() -> Number:
        w = xp.divide(1.0, x)
        series = w * powers(w * w, [b / ((2 * k + 1) * (2 * k + 2)) for k, b in enumerate(BERNOULLI[:10])])
        return (x - 0.5) * (xp.log(x) - 1.0) + ((HALF_LOG_2PI - 0.5) + series)

    def near() -> Number:
        v, product = x, 1.0
        for _ in range(int(FAR) - 3):
            above = v >= 3.0
            v = xp.where(above, v - 1.0, v)
            product = xp.where(above, product * v, product)
        factor = choose(xp, v < 1.5, lambda: polynomial(v, table.LGAMMA_NEAR_1), lambda: polynomial(v, table.LGAMMA_NEAR_2))
        return (v - 1.0) * (v - 2.0) * factor + xp.log(product)

    return choose(xp, x >= FAR, far, near)


def digamma(xp: Any, x: Number) -> Number:
    """ψ(x) = Γ'(x) / Γ(x). Below 0 by ψ(x) = ψ(1 - x) - π / tan(πx)."""

    def reflected() -> Number:
        r = distance_from_whole(xp, x)
        cosine = xp.sin(math.pi * (0.5 - xp.abs(r)))
        cotangent = xp.where(xp.equal(r, 0.0), xp.nan, xp.divide(cosine, xp.sin(math.pi * r)))
        return _digamma_of_positive(xp, 1.0 - x) - math.pi * cotangent

    return choose(xp, x < 0.0, reflected, lambda: _digamma_of_positive(xp, x))


def _digamma_of_positive(xp: Any, x: Number) -> Number:
    """ψ(x) for x ≥ 0: a polynomial from 1 to 3, ψ(x + 1) = ψ(x) + 1 / x on both sides of it, and from 8 on an asymptotic series."""

    def far() -> Number:
        w = xp.divide(1.0, x)
        u = w * w
        return xp.log(x) - (0.5 * w + u * powers(u, [b / (2 * k + 2) for k, b in enumerate(BERNOULLI)]))

    def near() -> Number:
        below = x < 1.0
        v, shift = xp.where(below, x + 1.0, x), xp.where(below, -xp.divide(1.0, x), 0.0)
        for _ in range(int(FAR) - 3):
            above = v >= 3.0
            v = xp.where(above, v - 1.0, v)
            shift = xp.where(above, shift + xp.divide(1.0, v), shift)
        distance = xp.where(below, x - (table.DIGAMMA_ROOT - 1.0), v - table.DIGAMMA_ROOT)
        return (distance * polynomial(v, table.DIGAMMA) + table.DIGAMMA_AT_ROOT) + shift

    return choose(xp, x >= FAR, far, near)


HIGHEST_ORDER = 170.0
"""The largest number whose factorial is a float."""


def polygamma(xp: Any, x: Number, n: float) -> Number:
    """The derivative of ψ of order n, a whole number: (-1)ⁿ⁺¹ n! Σ 1 / (x + k)ⁿ⁺¹, over k = 0, 1, 2, …; nan if n is none.

    Below 0 the sum is that over all whole numbers k, minus that over the negative ones. With r = x minus the nearest whole number,
    both are values of Hurwitz's zeta function at positive numbers, plus 1 / rⁿ⁺¹.
    """
    if not (0.0 <= n <= HIGHEST_ORDER and n == math.floor(n)):
        return x * math.nan
    if n == 0.0:
        return digamma(xp, x)
    s = int(n) + 1
    factorial, even = float(math.factorial(s - 1)), s % 2 == 0

    def reflected() -> Number:
        r = distance_from_whole(xp, x)
        here, right = _scaled_power(xp, r, s, factorial), _scaled_zeta(xp, 1.0 + r, s, factorial)
        left, beyond = _scaled_zeta(xp, 1.0 - r, s, factorial), _scaled_zeta(xp, 1.0 - x, s, factorial)
        return here + ((right + left) - beyond if even else (right - left) + beyond)

    total = choose(xp, x < 0.0, reflected, lambda: _scaled_zeta(xp, x, s, factorial))
    return total if even else -total


def _scaled_power(xp: Any, x: Number, s: int, factor: float) -> Number:
    """factor / xˢ."""
    if s > 4:
        return factor * xp.power(x, -float(s))
    square = x * x
    return xp.divide(factor, {2: square, 3: square * x, 4: square * square}[s])


def _scaled_zeta(xp: Any, x: Number, s: int, factor: float) -> Number:
    """factor · Σ 1 / (x + k)ˢ for x ≥ 0: the first terms, and of the others the sum of Euler and Maclaurin."""
    steps = 10 + (3 * s) // 5
    v, terms = x, []
    for _ in range(steps):
        below = v < float(steps)
        terms.append(xp.where(below, _scaled_power(xp, v, s, factor), 0.0))
        v = xp.where(below, v + 1.0, v)
    w = xp.divide(1.0, v)
    rising, series = float(s), []
    for j, b in enumerate(BERNOULLI):  # b₂ⱼ s (s + 1) … (s + 2j - 2) / (2j)!
        series.append(b * rising / math.factorial(2 * j + 2))
        rising *= (s + 2 * j + 1) * (s + 2 * j + 2)
    half = (s - 1) // 2  # in two parts, since the factor may be large where the power is
    tail = 1.0 / (s - 1) + w * (0.5 + w * powers(w * w, series))
    tail = xp.divide(xp.divide(factor * tail, _power(xp, v, s - 1 - half)), _power(xp, v, half))
    for term in reversed(terms):  # the smallest ones first
        tail = tail + term
    return tail


def _power(xp: Any, x: Number, n: int) -> Number:
    """xⁿ for a whole number n ≥ 0."""
    return 1.0 if n == 0 else x if n == 1 else x * x if n == 2 else xp.power(x, float(n))


# -- the normal distribution --------------------------------------------------------------------------------------------


def within_40(xp: Any, x: Number) -> Number:
    """`x`, but at most 40 away from 0, where exp(-x²/2) is 0: its square and cube cannot overflow."""
    return xp.where(x > 40.0, 40.0, xp.where(x < -40.0, -40.0, x))


def square_of(xp: Any, x: Number) -> tuple[Number, Number]:
    """x², for `within_40(x)`, in two parts: h², which is exact, and (x - h)(x + h). h is 0 near 0, where derivatives are to stay odd."""
    x = within_40(xp, x)
    h = xp.floor(x * 65536.0 + 0.5) / 65536.0
    return h * h, (x - h) * (x + h)


def bell(xp: Any, x: Number) -> Number:
    """exp(-x²/2). Squaring rounds, and exp magnifies the error: x² is therefore in two parts."""
    exact, rest = square_of(xp, x)
    y = xp.exp(-0.5 * exact)
    return y + y * xp.expm1(-0.5 * rest)


def density(xp: Any, x: Number) -> Number:
    """φ(x), the density of the standard normal."""
    return ONE_OVER_ROOT_2PI * bell(xp, x)


def inverse_mills(xp: Any, x: Number) -> Number:
    """φ(x) / Φ(x), the inverse of Mills' ratio: the derivative of `log_ndtr`, and itself a rule that is differentiated.

    For x < -4 it is written as -x and the rest, because the derivatives of the rest are those that count.
    """

    def far() -> Number:
        w = xp.divide(-1.0, x)
        return w * polynomial(w * w, table.INVERSE_MILLS_TAIL) - x

    def left() -> Number:
        return polynomial(x, table.INVERSE_MILLS_LEFT)

    def centre() -> Number:
        return polynomial(x, table.INVERSE_MILLS)

    def right() -> Number:
        return xp.divide(density(xp, x), ndtr(xp, x))

    usual = lambda: choose(xp, x < -0.75, left, centre)  # noqa: E731 - see `choose`
    return choose(xp, x < -4.0, far, lambda: choose(xp, x > 1.0, right, usual))


CENTRE = 0.7
"""Up to this distance from 0, `ndtr` is the Taylor series of its difference from ½."""

CENTRAL = [(-1.0) ** k / (ROOT_2PI * 2.0**k * math.factorial(k) * (2 * k + 1)) for k in range(13)]


def ndtr(xp: Any, x: Number) -> Number:
    """Φ(x), the distribution function of the standard normal: exact also in the left tail."""

    def centre() -> Number:
        return 0.5 + x * powers(x * x, CENTRAL)

    def ends() -> Number:
        tail = bell(xp, x) * _scaled_tail(xp, x)
        return xp.where(x > 0.0, 1.0 - tail, tail)

    return choose(xp, xp.abs(x) < CENTRE, centre, ends)


def _scaled_tail(xp: Any, x: Number) -> Number:
    """Φ(-|x|) exp(x²/2), for |x| ≥ 0.7."""
    size = xp.abs(x)
    return polynomial(xp.divide(1.0, size + 3.0), table.NDTR_TAIL) / (size + 1.0)


def log_ndtr(xp: Any, x: Number) -> Number:
    """log Φ(x), also where Φ(x) is 0 as a float."""

    def left() -> Number:
        return xp.log(_scaled_tail(xp, x)) - 0.5 * (x * x)

    return choose(xp, x < -CENTRE, left, lambda: xp.log1p(-ndtr(xp, -x)))


def erfinv(xp: Any, x: Number) -> Number:
    """The inverse of erf: x or √w times a polynomial, where w = -log(1 - x²).

    Source of the variable: Giles, "Approximating the erfinv function", GPU Computing Gems (2011).
    """
    size = xp.abs(x)
    w = -xp.log((1.0 - size) * (1.0 + size))

    def centre() -> Number:
        return x * polynomial(w, table.ERFINV)

    def ends() -> Number:
        root = xp.sqrt(w)
        y = root * polynomial(xp.divide(1.0, root), table.ERFINV_TAIL)
        return xp.where(x < 0.0, -y, y)

    return choose(xp, w < 6.0, centre, ends)


FORMULAS: dict[str, Callable[..., Number]] = {
    function.__name__: function for function in (lgamma, digamma, polygamma, ndtr, log_ndtr, inverse_mills, erfinv)
}
"""Those that namespaces have, by name; each is a function of the namespace and of numbers."""
