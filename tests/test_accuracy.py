"""Values and derivatives against 900 digits: within 4 units in the last place, over the whole domain."""

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mp
from points import ROWS

from autograd.namespaces import FLOATS
from autograd.ops import OPERATIONS, Operation, outside

ULPS = 4

EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pos": lambda a: +a,
    "pow": lambda a, b: mp.power(a, b),
    "remainder": lambda a, b: a - b * mp.floor(a / b),
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda a: mp.log(a, 2),
    "log10": mp.log10,
    "sqrt": mp.sqrt,
    "cbrt": lambda a: mp.sign(a) * mp.cbrt(abs(a)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "hypot": mp.hypot,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "abs": abs,
    "sign": mp.sign,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "maximum": max,
    "minimum": min,
    "clip": lambda a, b, c: min(max(a, b), c),
    "where": lambda a, b, c: b if a != 0 else c,
    "relu": lambda a: max(a, mp.mpf(0)),
    "leaky_relu": lambda a, b: a if a > 0 else b * a,
    "elu": lambda a, b: a if a > 0 else b * mp.expm1(a),
    "gelu": lambda a: a * mp.erfc(-a / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda a: a / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (a + mp.mpf(0.044715) * a**3))),
    "silu": lambda a: a / (1 + mp.exp(-a)),
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "softplus": lambda a: mp.log1p(mp.exp(a)) if a < 0 else a + mp.log1p(mp.exp(-a)),
    "sum": lambda *a: mp.fsum(a),
    "dot": lambda *ab: mp.fsum(x * y for x, y in zip(ab[: len(ab) // 2], ab[len(ab) // 2 :], strict=True)),
    "peak": lambda *a: mp.floor(max(a)),
    "logsumexp": lambda *a: mp.log(mp.fsum(mp.exp(x) for x in a)),
}


def samples(row: Operation, count: int) -> list[tuple[float, ...]]:
    """Points of all magnitudes inside the domain, many of them near 0 and near 1, where rules cancel."""
    rng = random.Random(row.name)

    def number() -> float:
        kind = rng.randrange(5)
        if kind == 0:
            return rng.uniform(-4.0, 4.0)
        if kind == 1:
            return rng.choice([-1.0, 1.0]) * (1.0 - rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-12, -1))
        if kind == 2:
            return rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-12, 0)
        return rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(0, 2.3)

    arity = row.arity or 4
    found: list[tuple[float, ...]] = []
    for _ in range(1000 * count):
        point = tuple(number() for _ in range(arity))
        if not outside(row, FLOATS, *point):
            found.append(point)
        if len(found) == count:
            return found
    raise AssertionError(f"the domain of {row.name} is almost empty")


def error_in_ulps(found: float, exact: Any, scale: Any = 0) -> float:
    """The error in units in the last place of the exact number, or of `scale` where that is larger."""
    size = max(abs(exact), abs(scale))
    if size > mp.mpf(1.7e308):
        return 0.0 if math.isinf(found) or abs(found) > 1e308 else math.inf
    if size < mp.mpf(2.3e-308):  # subnormal numbers have fewer digits
        return float(abs(mp.mpf(found) - exact) / mp.mpf(5e-324)) / 1e3
    return float(abs(mp.mpf(found) - exact) / mp.mpf(math.ulp(float(size))))


def largest_term(row: Operation, point: tuple[Any, ...]) -> Any:
    """For what is a sum of terms of both signs: the largest of them, which no rule can do better than."""
    if row.arity is None:
        return max(map(abs, point)) ** (2 if row.name == "dot" else 1)
    return 0


def tolerance(row: Operation, point: tuple[float, ...]) -> float:
    """4, with two exceptions, where the argument of an exponential is rounded and the rounding is multiplied by its size.

    In the left tail of GELU, Φ(a) changes by a² times the relative change of a; the error stays below 1e-13 where GELU itself
    is above 1e-20. In `logsumexp` an input's share is the exponential of its distance from the largest input.
    """
    if row.name.startswith("gelu") and point[0] < 0.0:
        return ULPS + 2.0 * point[0] ** 2
    return ULPS + (max(point) - min(point) if row.name == "logsumexp" else 0.0)


def derivative(f: Callable[..., Any], point: tuple[Any, ...], i: int) -> Any:
    step = mp.mpf(10) ** -300
    up, down = ([*point[:i], point[i] + s, *point[i + 1 :]] for s in (step, -step))
    return (f(*up) - f(*down)) / (2 * step)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_within_4_ulp(row: Operation) -> None:
    f = EXACT[row.name]
    with mp.workdps(900):
        for point in samples(row, 150):
            exact_point = tuple(mp.mpf(x) for x in point)
            y = row.value(FLOATS, *point)
            value = f(*exact_point)
            assert error_in_ulps(y, value, largest_term(row, exact_point)) <= tolerance(row, point), (point, y, value)
            for i, slope in enumerate(row.slopes(FLOATS, y, *point)):
                if math.isnan(slope):
                    continue
                exact = derivative(f, exact_point, i)
                scale = mp.mpf(0)
                if row.name in ("silu", "gelu", "gelu_tanh"):  # the slope is Φ + a Φ'
                    scale = max(value / exact_point[0], abs(exact - value / exact_point[0]))
                assert error_in_ulps(slope, exact, scale) <= tolerance(row, point), (point, i, slope, float(exact))


def test_every_row_has_an_exact_value() -> None:
    assert {row.name for row in ROWS} <= set(EXACT)
    assert list(itertools.filterfalse(OPERATIONS.__contains__, EXACT)) == []
