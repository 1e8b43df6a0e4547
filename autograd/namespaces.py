"""Namespaces: the functions that a rule of the op table may use, on floats, on arrays and on Values.

A rule is a function of a *namespace* `xp` and of its inputs: `lambda xp, a: xp.exp(a)`. The same rule runs

- on Python floats with `FLOATS`, below: one number;
- on NumPy arrays with `autograd.compiled.backends.numpy.arrays`: a whole batch;
- on Values with `autograd.functions`: the graph of the expression, which can be differentiated again.

Every namespace is *total*: it follows IEEE 754 and gives inf or nan where `math` raises. Errors are defined in one place, the `domain` and
`pole` of each row, and checked before a rule runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from autograd import special

Number = Any  # a float, an array or a Value, as the namespace has it
Truth = Any  # a bool, or an array of them
Namespace = Any  # an object with the functions named in FUNCTIONS, and with `inf` and `nan`

FUNCTIONS = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
    *("abs", "floor", "ceil", "copysign", "divide", "power", "remainder", "isinf", "equal", "where"),
    *special.FORMULAS,
)
"""What a rule may use besides `+ - * /`, `< <= > >=`, `&` and `|`. The names are NumPy's, and those of special functions SciPy's."""

SPECIAL: Mapping[str, Callable[..., Any]] = special.FORMULAS
"""Those that are formulas of the others: each is a function of the namespace and of numbers."""


def total(
    function: Callable[[float], float], poles: Mapping[float, float] = {}, *, overflow: Callable[[float], float] = abs
) -> Callable[[float], float]:
    """A function of `math` made total: nan, or what `poles` has, for ValueError; inf, signed as `overflow(x)`, for OverflowError."""

    def ieee(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return poles.get(x, math.nan)
        except OverflowError:
            return math.copysign(math.inf, overflow(x))

    ieee.__name__ = ieee.__qualname__ = function.__name__
    return ieee


def small_power(a: Number, b: float) -> Number | None:
    """A power with a small whole exponent as a product, or a quotient; None for any other."""
    if b in range(1, 5):
        result = a if b % 2 else a * a
        return result * (a * a) if b > 2 else result
    return 1.0 / a if b == -1.0 else None


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    if b == 2.0:
        return a * a  # as in every backend, and rounded once
    try:
        return math.pow(a, b)
    except ValueError:  # a negative number to a fractional power, or zero to a negative one
        if a != 0.0:
            return math.nan
        return math.copysign(math.inf, a) if b % 2.0 == 1.0 else math.inf
    except OverflowError:
        return -math.inf if a < 0.0 and b % 2.0 == 1.0 else math.inf


def _floor(x: float) -> float:
    return x if math.isinf(x) or x != x else math.copysign(float(math.floor(x)), x)


def _equal(a: float, b: float) -> bool:
    return a == b


def _where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


def _remainder(a: float, b: float) -> float:
    return a % b if b != 0.0 else math.nan


def _ceil(x: float) -> float:
    return -_floor(-x)


def _sign_of(x: float) -> float:
    return x


class Floats:
    """The namespace of Python floats."""

    inf = math.inf
    nan = math.nan

    exp = staticmethod(total(math.exp))
    expm1 = staticmethod(total(math.expm1))
    log = staticmethod(total(math.log, {0.0: -math.inf}))
    log1p = staticmethod(total(math.log1p, {-1.0: -math.inf}))
    log2 = staticmethod(total(math.log2, {0.0: -math.inf}))
    log10 = staticmethod(total(math.log10, {0.0: -math.inf}))
    sqrt = staticmethod(total(math.sqrt))
    cbrt = staticmethod(math.cbrt)

    sin = staticmethod(total(math.sin))
    cos = staticmethod(total(math.cos))
    tan = staticmethod(total(math.tan))
    asin = staticmethod(total(math.asin))
    acos = staticmethod(total(math.acos))
    atan = staticmethod(math.atan)
    atan2 = staticmethod(math.atan2)
    hypot = staticmethod(math.hypot)

    sinh = staticmethod(total(math.sinh, overflow=_sign_of))
    cosh = staticmethod(total(math.cosh))
    tanh = staticmethod(math.tanh)
    asinh = staticmethod(math.asinh)
    acosh = staticmethod(total(math.acosh))
    atanh = staticmethod(total(math.atanh, {1.0: math.inf, -1.0: -math.inf}))
    erf = staticmethod(math.erf)
    erfc = staticmethod(math.erfc)

    abs = staticmethod(math.fabs)
    floor = staticmethod(_floor)
    ceil = staticmethod(_ceil)
    copysign = staticmethod(math.copysign)
    divide = staticmethod(_divide)
    power = staticmethod(_power)
    remainder = staticmethod(_remainder)
    isinf = staticmethod(math.isinf)
    equal = staticmethod(_equal)
    where = staticmethod(_where)


FLOATS: Namespace = Floats()

for _name, _formula in SPECIAL.items():
    setattr(Floats, _name, staticmethod(partial(_formula, FLOATS)))
