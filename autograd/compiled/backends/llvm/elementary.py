"""Elementary functions without branches, for vectors: a reduction of the argument, and a polynomial.

Each is a function of the namespace `xp` of LLVM values and of numbers. Errors are below 1 unit in the last place for `exp` and `log`, and
below 2.5 for the others.

Source: the reductions are those of Cody and Waite, "Software manual for the elementary functions" (1980). The polynomials are Taylor's,
evaluated by pairs as Estrin does; those of `erf` are around the nearest 64th, where its derivatives are Hermite's polynomials.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import formulas as exact
from autograd.namespaces import SPECIAL

ROUND = 1.5 * 2.0**52
"""Added to a small number, this rounds it to an integer, which is then in the last bits."""

ROUND_BITS = 0x4338000000000000
COARSE = 1.5 * 2.0**32
"""Added to a number, this rounds it to a multiple of 2⁻²⁰."""

LOG2_E = math.log2(math.e)
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # times an integer of 11 bits this is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # the rest of log(2)
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
SIGN = -(2**63)

PI_HALF_1 = float.fromhex("0x1.921fb54400000p+0")  # π/2 in three parts; the first two have 33 bits
PI_HALF_2 = float.fromhex("0x1.0b4611a600000p-34")
PI_HALF_3 = float.fromhex("0x1.3198a2e037073p-69")
TWO_OVER_PI = 2.0 / math.pi
LARGE_ANGLE = 1e5
"""From here on, `sin` and `cos` are those of the C library: the reduction has too few bits."""


def horner(x: Any, coefficients: list[float]) -> Any:
    """c₀ + c₁x + c₂x² + …, by pairs."""
    terms: list[Any] = [
        coefficients[i] + coefficients[i + 1] * x if i + 1 < len(coefficients) else coefficients[i] for i in range(0, len(coefficients), 2)
    ]
    power = x * x
    while len(terms) > 1:
        terms = [terms[i] + terms[i + 1] * power if i + 1 < len(terms) else terms[i] for i in range(0, len(terms), 2)]
        power = power * power
    return terms[0]


def _factorials(first: int, last: int) -> list[float]:
    return [1.0 / math.factorial(n) for n in range(first, last + 1)]


def exp(xp: Any, a: Any) -> Any:
    """2ᵏ eʳ, where a = k log(2) + r and |r| ≤ log(2) / 2."""
    shifted = a * LOG2_E + ROUND
    k = shifted - ROUND
    r = (a - k * LN2_HIGH) - k * LN2_LOW
    y = 1.0 + (r + r * r * horner(r, _factorials(2, 13)))
    power = xp.bits(shifted) - ROUND_BITS
    half = ((power + 4096) >> 1) - 2048  # by halves, because 2¹⁰²⁴ is no float
    y = y * xp.of_bits((half + 1023) << 52) * xp.of_bits((power - half + 1023) << 52)
    return xp.where(a < -746.0, 0.0, xp.where(a > 710.0, math.inf, y))


def log(xp: Any, a: Any) -> Any:
    """k log(2) + log(1 + f), where √½ ≤ 1 + f < √2; log(1 + f) = 2 (s + s³/3 + s⁵/5 + …) for s = f / (2 + f)."""
    small = a < 2.0**-1022
    x = xp.where(small, a * 2.0**54, a)
    power = (xp.bits(x) - ROOT_HALF_BITS) >> 52
    f = xp.of_bits(xp.bits(x) - (power << 52)) - 1.0
    k = xp.of_bits(power + ROUND_BITS) - ROUND - xp.where(small, 54.0, 0.0)
    s = f / (2.0 + f)
    z = s * s
    y = k * LN2_HIGH - ((s * (f - z * horner(z, [2.0 / n for n in range(3, 24, 2)])) - k * LN2_LOW) - f)
    return xp.where((a > 0.0) & (a < math.inf), y, xp.where(xp.equal(a, 0.0), -math.inf, xp.where(a > 0.0, a, math.nan)))


def expm1(xp: Any, a: Any) -> Any:
    """Taylor's series near 0; further out exp(a) - 1."""
    near = xp.where(xp.abs(a) < 0.5, a, 0.5)
    y = near + near * near * horner(near, _factorials(2, 16))
    return xp.where(xp.abs(a) < 0.5, xp.where(xp.equal(a, 0.0), a, y), xp.exp(a) - 1.0)


def log1p(xp: Any, a: Any) -> Any:
    """log(u) · a / (u - 1) with u = 1 + a, which makes good for the rounding of u."""
    u = 1.0 + a
    rest = u - 1.0
    y = xp.log(u) * (a / xp.where(xp.equal(rest, 0.0), 1.0, rest))
    return xp.where(xp.equal(rest, 0.0), a, xp.where(u < math.inf, y, xp.log(u)))


def tanh(xp: Any, a: Any) -> Any:
    """(e²ˣ - 1) / (e²ˣ + 1): near 0 by the series of eᵗ - 1, further out as 1 - 2 / (e²ˣ + 1)."""
    t = 2.0 * xp.abs(a)
    r = xp.where(t < 1.0, t, 1.0)
    minus_one = r + r * r * horner(r, _factorials(2, 20))
    y = xp.where(t < 1.0, minus_one / (minus_one + 2.0), 1.0 - 2.0 / (xp.exp(t) + 1.0))
    return _with_sign_of(xp, y, a)


def gaussian(xp: Any, a: Any) -> Any:
    """exp(-a²) = exp(-h²) e⁻ᵗ with t = (a - h)(a + h): h has so few bits that h² is exact, and t is so small that its series is short."""
    a = xp.where(a > 28.0, 28.0, xp.where(a < -28.0, -28.0, a))  # exp(-28²) is 0
    h = (a + COARSE) - COARSE
    t = (a - h) * (a + h)
    return xp.exp(-(h * h)) * (1.0 - t * (1.0 - t * (0.5 - t * (1.0 / 6.0))))


def erf(xp: Any, a: Any) -> Any:
    """erf(c + h) = erf(c) + erf'(c) · h · (1 + p₁/2! + … + p₆/7!), pₙ = (-h)ⁿ Hₙ(c): of u = -2ch and v = -2h² these are u, u² + v, …"""
    e2, e3, e4, e5, e6, e7 = _factorials(2, 7)
    x = xp.abs(a)
    x = xp.where(x < 6.0, x, 6.0)  # where erf is 1; also nan, which must not become a place in a table
    shifted = x * 64.0 + ROUND
    c = (shifted - ROUND) * 0.015625
    h = x - c
    u, v = -2.0 * c * h, -2.0 * h * h
    s = u * u
    q = s * s
    alone = u * ((e2 + e3 * u) + (e4 + e5 * u) * s + (e6 + e7 * u) * q)
    with_v = (e3 + 3.0 * e4 * u) + (6.0 * e5 + 10.0 * e6 * u) * s + 15.0 * e7 * q
    with_v2 = (3.0 * e5 + 15.0 * e6 * u) + 45.0 * e7 * s
    more = h * (alone + v * (with_v + v * (with_v2 + v * (15.0 * e7))))
    place = xp.bits(shifted) - ROUND_BITS
    y = xp.entry("erf_at", ERF_AT, place) + xp.entry("slope_at", SLOPE_AT, place) * (h + more)
    return xp.where(xp.equal(a, a), _with_sign_of(xp, y, a), a)


ERF_AT = [math.erf(k / 64.0) for k in range(385)]
SLOPE_AT = [exact.TWO_OVER_ROOT_PI * math.exp(-((k / 64.0) ** 2)) for k in range(385)]


def sin(xp: Any, a: Any) -> Any:
    """±sin(r) or ±cos(r), where a = k π/2 + r and |r| ≤ π/4."""
    return _circular(xp, a, 0, "sin")


def cos(xp: Any, a: Any) -> Any:
    """sin(a + π/2): as `sin`, with k + 1 in place of k."""
    return _circular(xp, a, 1, "cos")


def _circular(xp: Any, a: Any, quarter: int, library: str) -> Any:
    shifted = a * TWO_OVER_PI + ROUND
    k = shifted - ROUND
    t = a - k * PI_HALF_1  # exact
    w = k * PI_HALF_2  # exact
    r = t - w
    rest = ((t - r) - w) - k * PI_HALF_3  # r + rest is the reduced argument with some 30 bits more
    z = r * r
    sine = r + (rest + r * z * horner(z, [(-1.0) ** (n // 2) / math.factorial(n) for n in range(3, 18, 2)]))
    half = 0.5 * z
    one = 1.0 - half
    tail = z * z * horner(z, [(-1.0) ** (n // 2) / math.factorial(n) for n in range(4, 19, 2)]) - r * rest
    cosine = one + (((1.0 - one) - half) + tail)
    which = xp.bits(shifted) + quarter
    odd = xp.has_bit(which, 1)
    y = xp.where(odd, cosine, sine)
    y = xp.of_bits(xp.bits(y) ^ ((which >> 1) << 63))
    y = xp.where(xp.equal(a, 0.0), a, y) if quarter == 0 else y
    usual = xp.abs(a) <= LARGE_ANGLE
    return xp.rarely(usual == False, y, library, a)  # noqa: E712 - a number of a kernel


def _with_sign_of(xp: Any, y: Any, a: Any) -> Any:
    return xp.of_bits(xp.bits(y) | (xp.bits(a) & SIGN))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{function.__name__: function for function in (exp, log, expm1, log1p, tanh, gaussian, erf, sin, cos)},
    **SPECIAL,
}
"""Those that kernels compute as vectors."""
