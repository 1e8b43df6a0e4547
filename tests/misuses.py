"""Wrong arguments of every kind, for the tests of misuse."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

Engine = Any  # the package `autograd` of one of the builds


def square(x: Any) -> Any:
    return x * x


class Named:
    """The text of an object without addresses."""

    def __repr__(self) -> str:
        return "<a thing>"


WRONG: dict[str, Callable[[Engine], Any]] = {
    "None": lambda ag: None,
    "a string": lambda ag: "sq",
    "an empty string": lambda ag: "",
    "bytes": lambda ag: b"sq",
    "a list": lambda ag: [1.0],
    "an empty list": lambda ag: [],
    "a tuple": lambda ag: (ag.Value(1.0),),
    "an empty tuple": lambda ag: (),
    "a dict": lambda ag: {"a": 1.0},
    "a set": lambda ag: {1.0},
    "an object": lambda ag: Named(),
    "object()": lambda ag: object(),
    "a class": lambda ag: int,
    "a function": lambda ag: square,
    "a complex number": lambda ag: 1j,
    "True": lambda ag: True,
    "NumPy's True": lambda ag: np.True_,
    "0": lambda ag: 0,
    "1": lambda ag: 1,
    "1.0": lambda ag: 1.0,
    "-2.5": lambda ag: -2.5,
    "nan": lambda ag: math.nan,
    "a number too large": lambda ag: 10**400,
    "a fraction": lambda ag: Fraction(1, 3),
    "a decimal": lambda ag: Decimal("0.5"),
    "a NumPy scalar": lambda ag: np.float32(0.5),
    "an array": lambda ag: np.ones(2),
    "an array of no axes": lambda ag: np.array(1.0),
    "a Value": lambda ag: ag.Value(0.5),
    "NotImplemented": lambda ag: NotImplemented,
}
