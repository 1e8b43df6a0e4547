"""Write the table of polynomials that stand for special functions, and check that it is up to date.

    $ python -m build_tools.polynomials           # write it
    $ python -m build_tools.polynomials --check   # whether it is what this file computes

Each polynomial interpolates its function at the zeros of a Chebyshev polynomial, in `DIGITS` digits, and is then written in powers of a
variable that goes from -1 to 1. It has so many terms that the rest is far below the rounding of floats: where a rule of the op table is
differentiated, the polynomial is differentiated too, and its derivatives have to be as exact.

Source: Trefethen, "Approximation theory and approximation practice" (2013), chapters 4 and 8.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpmath import mp

PATH = Path(__file__).resolve().parent.parent / "autograd" / "coefficients.py"
COMMAND = "python -m build_tools.polynomials"
DIGITS = 60
LINE = 5
"""How many numbers a line has."""

Real = Any
"""A number of mpmath."""

HEAD = f'''"""Polynomials that stand for the functions in `special`, each on an interval.

Each is a centre c, a scale s, and the coefficients of the powers of (x - c) s, which goes from -1 to 1 on the interval. Written by
`{COMMAND}`, which says how they are computed.
"""

# fmt: off
'''


def lgamma_without_zeros(x: Real) -> Real:
    """log(Γ(x)) / ((x - 1)(x - 2))."""
    return mp.loggamma(x) / ((x - 1) * (x - 2))


def digamma_without_zero(x: Real) -> Real:
    """(ψ(x) - ψ(x₀)) / (x - x₀), where x₀ is the positive zero of ψ as a float."""
    root = mp.mpf(digamma_root())
    return (mp.digamma(x) - mp.digamma(root)) / (x - root)


def digamma_root() -> float:
    """The positive zero of ψ, rounded."""
    return float(mp.findroot(mp.digamma, mp.mpf("1.46163")))


def erfinv_ratio(w: Real) -> Real:
    """erfinv(x) / x, where w = -log(1 - x²)."""
    if w <= 0:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    rest = mp.log(mp.exp(-w) / (1 + x))  # of erfc at the result; its logarithm is close to a parabola
    slope = 2 / mp.sqrt(mp.pi)
    y = mp.sqrt(w) if w > 1 else x
    for _ in range(100):
        tail = mp.erfc(y)
        step = (mp.log(tail) - rest) * tail / (slope * mp.exp(-y * y))
        y += step
        if abs(step) < abs(y) * mp.mpf(10) ** (5 - mp.dps):
            return y / x
    raise ArithmeticError(f"no inverse at {w}")


def erfinv_tail(r: Real) -> Real:
    """erfinv(x) / √w, where r = 1 / √(-log(1 - x²))."""
    w = 1 / (r * r)
    return erfinv_ratio(w) * mp.sqrt(-mp.expm1(-w)) * r


def ndtr_tail(d: Real) -> Real:
    """(z + 1) Φ(-z) exp(z²/2), where z = 1 / d - 3."""
    z = 1 / d - 3
    return (z + 1) * mp.exp(z * z / 2) * mp.erfc(z / mp.sqrt(2)) / 2


def inverse_mills(x: Real) -> Real:
    """φ(x) / Φ(x)."""
    return mp.npdf(x) / (mp.erfc(-x / mp.sqrt(2)) / 2)


def inverse_mills_tail(u: Real) -> Real:
    """z (φ(z) / Φ(-z) - z), where z = 1 / √u."""
    z = 1 / mp.sqrt(u)
    with mp.workdps(DIGITS + 60):
        return z * (inverse_mills(-z) - z)


POLYNOMIALS: dict[str, tuple[str, Callable[[Real], Real], str, str, int]] = {
    "LGAMMA_NEAR_1": ("log(Γ(x)) / ((x - 1)(x - 2))", lgamma_without_zeros, "1/2", "3/2", 29),
    "LGAMMA_NEAR_2": ("the same", lgamma_without_zeros, "3/2", "3", 24),
    "DIGAMMA": ("(ψ(x) - ψ(x₀)) / (x - x₀), where x₀ is the zero, as a float", digamma_without_zero, "1", "3", 32),
    "ERFINV": ("erfinv(x) / x, as a function of w = -log(1 - x²)", erfinv_ratio, "0", "6", 25),
    "ERFINV_TAIL": ("erfinv(x) / √w, as a function of r = 1 / √w", erfinv_tail, "4/25", "41/100", 30),
    "NDTR_TAIL": ("(z + 1) Φ(-z) exp(z²/2), as a function of 1 / (z + 3)", ndtr_tail, "0", "27/100", 28),
    "INVERSE_MILLS_LEFT": ("φ(x) / Φ(x)", inverse_mills, "-17/4", "-1/2", 38),
    "INVERSE_MILLS": ("the same", inverse_mills, "-1", "5/4", 31),
    "INVERSE_MILLS_TAIL": ("z (φ(z) / Φ(-z) - z), as a function of 1 / z²", inverse_mills_tail, "0", "1/14", 32),
}
"""Of each polynomial what it stands for, that function, the ends of the interval, and the number of terms."""


def interpolated(f: Callable[[Real], Real], centre: Real, scale: Real, terms: int) -> list[Real]:
    """The coefficients of the polynomial in powers of (x - centre) · scale."""
    angles = [mp.pi * (2 * k + 1) / (2 * terms) for k in range(terms)]
    values = [f(centre + mp.cos(angle) / scale) for angle in angles]
    series = [mp.fsum(y * mp.cos(j * angle) for y, angle in zip(values, angles, strict=True)) * 2 / terms for j in range(terms)]
    powers = [mp.mpf(0)] * terms
    before, now = [mp.mpf(0)], [mp.mpf(1)]  # Chebyshev polynomials in powers: the first one counts half, as the one before it is 0
    series[0] /= 2
    for j, weight in enumerate(series):
        for k, c in enumerate(now):
            powers[k] += weight * c
        factor = 1 if j == 0 else 2
        after = [mp.mpf(0), *[factor * c for c in now]]
        for k, c in enumerate(before):
            after[k] -= c
        before, now = now, after
    return powers


def number(text: str) -> Real:
    """A number that is written as a fraction."""
    above, _, below = text.partition("/")
    return mp.mpf(above) / mp.mpf(below or "1")


def table(name: str) -> Iterator[str]:
    """The lines of a polynomial."""
    words, f, low, high, terms = POLYNOMIALS[name]
    centre, scale = float((number(low) + number(high)) / 2), float(2 / (number(high) - number(low)))
    coefficients = [repr(float(c)) for c in interpolated(f, mp.mpf(centre), mp.mpf(scale), terms)]
    yield f"{name} = ({centre!r}, {scale!r}, ("
    for k in range(0, terms, LINE):
        yield f"    {', '.join(coefficients[k : k + LINE])},"
    yield "))"
    yield f'"""{words}, from {low} to {high}."""'


def text() -> str:
    """The file as it should be."""
    with mp.workdps(DIGITS):
        root = digamma_root()
        lines = [
            f"DIGAMMA_ROOT, DIGAMMA_AT_ROOT = {root!r}, {float(mp.digamma(mp.mpf(root)))!r}",
            '"""The positive zero of ψ, rounded, and ψ there."""',
        ]
        for name in POLYNOMIALS:
            lines += ["", *table(name)]
    return HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the table, or with --check say whether it is up to date."""
    if "--check" in arguments:
        if PATH.read_text(encoding="utf-8") == text():
            return 0
        print(f"{PATH.name} is out of date: {COMMAND}")
        return 1
    PATH.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
