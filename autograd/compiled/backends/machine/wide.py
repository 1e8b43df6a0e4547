"""exp, log, tanh, erf, exp(-a²) without a branch or a call: compilers make instructions on several numbers of them. Compiled by Numba.

They are for many numbers; a single number goes to the library's functions. Errors are below 1 unit in the last place, those of tanh, erf
and exp(-a²) below 2.5. Like `kernels` this is not a module to import: the machine has its text.

Source: the reductions of the argument are those of Cody and Waite, "Software manual for the elementary functions" (1980); what remains
are Taylor's series, evaluated by pairs, as Estrin does. That of erf is around the nearest 64th; its terms are Hermite's polynomials.
"""

import math

import numpy as np
from numba import types
from numba.extending import intrinsic, register_jitable

# mypy: ignore-errors


@intrinsic
def bits_of(typing, x):
    """A float's 64 bits as a whole number."""
    return types.int64(types.float64), lambda context, builder, _, args: builder.bitcast(args[0], context.get_value_type(types.int64))


@intrinsic
def of_bits(typing, i):
    """The float of these 64 bits."""
    return types.float64(types.int64), lambda context, builder, _, args: builder.bitcast(args[0], context.get_value_type(types.float64))


@intrinsic
def chosen(typing, condition, a, b):
    """a where the condition holds, else b: both are computed, while of `a if condition else b` only one may be, by a branch."""
    return types.float64(types.boolean, types.float64, types.float64), lambda context, builder, _, args: builder.select(*args)


SHIFT = 1.5 * 2.0**52  # a small number added to it is rounded to a whole one, which then stands in its last bits
SHIFT_BITS = 0x4338000000000000
FEW_BITS = 1.5 * 2.0**32  # a number added to it is rounded to a multiple of 2⁻²⁰
LOG2_E = math.log2(math.e)
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # times a whole number of 11 bits this is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # the rest of log(2)
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
SIGN = -(2**63)
E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13 = [1.0 / math.factorial(n) for n in range(2, 14)]
M14, M15, M16, M17, M18, M19, M20 = [1.0 / math.factorial(n) for n in range(14, 21)]
L3, L5, L7, L9, L11, L13, L15, L17, L19, L21, L23 = [2.0 / n for n in range(3, 24, 2)]

ERF_AT = np.array([math.erf(k / 64.0) for k in range(385)])
SLOPE_AT = np.array([2.0 / math.sqrt(math.pi) * math.exp(-((k / 64.0) ** 2)) for k in range(385)])


@register_jitable(forceinline=True, fastmath={"contract"})
def wide_exp(a):
    """2ᵏ eʳ, where r is what a whole number of log(2) leaves of a, at most half of one."""
    shifted = a * LOG2_E + SHIFT
    k = shifted - SHIFT
    r = (a - k * LN2_HIGH) - k * LN2_LOW
    s = r * r
    q = s * s
    low = (E2 + E3 * r) + (E4 + E5 * r) * s
    high = (E6 + E7 * r) + (E8 + E9 * r) * s + ((E10 + E11 * r) + (E12 + E13 * r) * s) * q
    power = bits_of(shifted) - SHIFT_BITS
    half = (power + 4096 >> 1) - 2048  # by halves, as 2¹⁰²⁴ is no float
    y = (1.0 + (r + s * (low + q * high))) * of_bits(half + 1023 << 52) * of_bits(power - half + 1023 << 52)
    return 0.0 if a < -746.0 else math.inf if a > 710.0 else y


@register_jitable(forceinline=True, fastmath={"contract"})
def wide_gaussian(a):
    """exp(-a²) = exp(-h²) e⁻ᵗ, t = (a - h)(a + h), where h has so few bits that h² is exact, and t is so small that its series is short."""
    a = 28.0 if a > 28.0 else -28.0 if a < -28.0 else a  # exp(-28²) is 0
    h = (a + FEW_BITS) - FEW_BITS
    t = (a - h) * (a + h)
    return wide_exp(-(h * h)) * (1.0 - t * (1.0 - t * (E2 - t * E3)))


@register_jitable(forceinline=True, fastmath={"contract"})
def wide_log(a):
    """k log(2) + log(1 + f), where 1 + f is between √½ and √2; log(1 + f) = 2 (s + s³/3 + s⁵/5 + …) for s = f / (2 + f)."""
    small = a < 2.0**-1022
    x = a * 2.0**54 if small else a
    power = bits_of(x) - ROOT_HALF_BITS >> 52
    f = of_bits(bits_of(x) - (power << 52)) - 1.0
    k = of_bits(power + SHIFT_BITS) - SHIFT - (54.0 if small else 0.0)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    v = w * w
    low = (L3 + L5 * z) + (L7 + L9 * z) * w
    high = (L11 + L13 * z) + (L15 + L17 * z) * w + ((L19 + L21 * z) + L23 * w) * v
    y = k * LN2_HIGH - ((s * (f - z * (low + v * high)) - k * LN2_LOW) - f)
    return y if 0.0 < a < math.inf else -math.inf if a == 0.0 else a if a > 0.0 else math.nan


@register_jitable(forceinline=True, fastmath={"contract"})
def wide_tanh(a):
    """(e²ˣ - 1) / (e²ˣ + 1): below ½ by the series of eᵗ - 1, above it as 1 - 2 / (e²ˣ + 1)."""
    t = 2.0 * math.fabs(a)
    r = t if t < 1.0 else 1.0
    s = r * r
    q = s * s
    low = (E2 + E3 * r) + (E4 + E5 * r) * s + ((E6 + E7 * r) + (E8 + E9 * r) * s) * q
    high = (E10 + E11 * r) + (E12 + E13 * r) * s + ((M14 + M15 * r) + (M16 + M17 * r) * s + ((M18 + M19 * r) + M20 * s) * q) * q
    minus_one = r + s * (low + q * q * high)
    y = chosen(t < 1.0, minus_one / (minus_one + 2.0), 1.0 - 2.0 / (wide_exp(t) + 1.0))
    return of_bits(bits_of(y) | bits_of(a) & SIGN)


@register_jitable(forceinline=True, fastmath={"contract"})
def wide_erf(a):
    """erf(c + h) = erf(c) + erf'(c) · h · (1 + p₁/2! + … + p₆/7!), pₙ = (-h)ⁿ Hₙ(c): of u = -2ch and v = -2h² these are u, u² + v, …"""
    x = math.fabs(a)
    x = x if x < 6.0 else 6.0  # where erf is 1; also nan, which must not become a place in a table
    shifted = x * 64.0 + SHIFT
    c = (shifted - SHIFT) * 0.015625
    h = x - c
    u, v = -2.0 * c * h, -2.0 * h * h
    s = u * u
    q = s * s
    alone = u * ((E2 + E3 * u) + (E4 + E5 * u) * s + (E6 + E7 * u) * q)
    with_v = (E3 + 3.0 * E4 * u) + (6.0 * E5 + 10.0 * E6 * u) * s + 15.0 * E7 * q
    with_v2 = (3.0 * E5 + 15.0 * E6 * u) + 45.0 * E7 * s
    more = h * (alone + v * (with_v + v * (with_v2 + v * (15.0 * E7))))
    place = np.uint64(bits_of(shifted) - SHIFT_BITS)
    y = ERF_AT[place] + SLOPE_AT[place] * (h + more)
    return chosen(a == a, of_bits(bits_of(y) | bits_of(a) & SIGN), a)
