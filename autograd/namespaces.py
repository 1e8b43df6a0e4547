"""What a rule may be evaluated on.

A rule of the op table is a function of a *namespace* `xp` and of its inputs: `lambda xp, a: xp.exp(a)`. The same rule runs

- on Python floats with `FLOATS`, below: one number;
- on NumPy arrays with `autograd.compiled.arrays`: a whole batch;
- on Values with `autograd.functions`: the graph of the expression, which can be differentiated again.

Every namespace is *total*: it follows IEEE 754 and gives inf or nan where `math` raises. What is an error is said once, by
the `domain` and `pole` of each row, and checked before a rule runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Number = Any  # a float, an array or a Value: whatever the namespace at hand works on
Truth = Any  # a bool, or an array of them
Namespace = Any  # an object with the functions named in FUNCTIONS, and with `inf` and `nan`

FUNCTIONS = ("exp", "log", "tanh", "divide", "power", "floor", "isinf", "equal", "where")
"""What a rule may use beside `+ - * /`, `< <= > >=`, `&` and `|`. The names are NumPy's."""


def total(function: Callable[[float], float], *, overflow: Callable[[float], float] = abs) -> Callable[[float], float]:
    """`function` of `math`, with nan where it raises ValueError and, where it overflows, inf signed as `overflow(x)`."""

    def ieee(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.copysign(math.inf, overflow(x))

    ieee.__name__ = ieee.__qualname__ = function.__name__
    return ieee


def _log(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return -math.inf if x == 0.0 else math.nan


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
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


class Floats:
    """The namespace of Python floats."""

    inf = math.inf
    nan = math.nan

    exp = staticmethod(total(math.exp))
    log = staticmethod(_log)
    tanh = staticmethod(math.tanh)
    divide = staticmethod(_divide)
    power = staticmethod(_power)
    floor = staticmethod(_floor)
    isinf = staticmethod(math.isinf)
    equal = staticmethod(_equal)
    where = staticmethod(_where)


FLOATS: Namespace = Floats()
