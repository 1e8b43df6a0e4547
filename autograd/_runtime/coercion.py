"""What may be used as a number, and as an operand beside a Value."""

from __future__ import annotations

import numbers
import reprlib
from decimal import Decimal
from typing import Any, Final, cast

from autograd._runtime.messages import described
from autograd.errors import InputError, MagnitudeError
from autograd.graph import Node

_NOT_NUMBERS: Final = (str, bytes, bytearray, complex, list, tuple, dict, set, frozenset, type(None))


def real(number: object) -> float:
    """`number` as a float.

    Raises:
        InputError: it is not a real number.
        MagnitudeError: it is an integer or fraction too large for a float.
    """
    if isinstance(number, float):
        return float(number)
    if type(number) is int and -(2**53) < number < 2**53:  # most integers, without a look at the abstract base class
        return float(number)
    if isinstance(number, (numbers.Real, Decimal)) or type(number).__name__ in ("bool", "bool_"):
        try:
            return float(cast(Any, number))
        except OverflowError:
            raise MagnitudeError(f"{type(number).__name__} too large for a float: scale it, or pass float('inf')") from None
    if isinstance(number, Node):
        raise InputError(f"a number is needed here, not {described(number)}: write .data for its number")
    if isinstance(number, complex):
        raise InputError(f"complex numbers are not supported: {number!r}; use two Values, its real and imaginary part")
    if isinstance(number, str):
        raise InputError(f"a string is not a number: {number!r}; write float({number!r}) if it holds one")
    if getattr(number, "ndim", None) == 0:
        refuse_masked(number)
        raise InputError(f"a Value is one number, not {type(number).__name__}, even without axes: write x.item() for its number")
    if hasattr(number, "__len__") or hasattr(number, "__array__"):
        raise InputError(f"a Value is one number, not {type(number).__name__}: make a Value of each element, as in [Value(x) for x in xs]")
    raise InputError(f"not a real number: {number!r} of type {type(number).__name__}")


def refuse_masked(array: object) -> None:
    """
    Raises:
        InputError: it is a NumPy array with masked numbers, which would count as numbers; or a list or tuple of such.
    """
    arrays: Any = array if isinstance(array, (list, tuple)) else [array]
    kinds = [kind for kind in set(map(type, arrays)) if any(base.__name__ == "MaskedArray" for base in kind.__mro__)]
    for one in arrays if kinds else ():
        if type(one) in kinds and one.mask.any():
            which = f"{one.mask.sum()} of the {one.size} numbers of a masked array are masked" if one.ndim else "a number is masked"
            raise InputError(f"{which}: leave masked numbers out, or fill them, as in array.filled(0.0)")


def is_number(other: object) -> bool:
    """Whether `other` is a Value or a real number."""
    # NumPy's truth value is not registered as numbers.Real
    return isinstance(other, (Node, float, int, numbers.Real, Decimal)) or type(other).__name__ in ("bool", "bool_")


def is_operand(other: object) -> bool:
    """Whether `other` can be used beside a Value; False where its own type may know what to do (an array, a user's class).

    Raises:
        InputError: it is of a type that certainly cannot, such as a string.
    """
    if is_number(other):
        return True
    if isinstance(other, _NOT_NUMBERS):
        real(other)  # raises
    return False


def number_of(other: object) -> float:
    """The number of a Value, or the number itself."""
    return other._data if isinstance(other, Node) else real(other)


def shown(x: object) -> str:
    """What was given, for a message. The text of a Value is refused while a function is recorded, and its number says nothing there."""
    return "a Value" if isinstance(x, Node) else repr(x)


def sequence(items: object) -> list[object]:
    """The elements of a sequence of Values and numbers.

    Raises:
        InputError: `items` is not a sequence.
    """
    if isinstance(items, list):
        return items
    try:
        iter(cast(Any, items))
    except TypeError:  # a NumPy scalar has the methods of a sequence and is not one
        raise InputError(f"a sequence of Values and numbers is needed, not {shown(items)}") from None
    return list(cast(Any, items))


def need_function(f: object, example: str) -> None:
    """Check that `f` can be called.

    Raises:
        InputError: it cannot. The message shows `example`.
    """
    if not callable(f):
        raise InputError(f"a function is needed, as in {example}, not {reprlib.repr(f)}")


def flag(name: str, choice: object) -> bool:
    """`choice` as a bool. 0 and 1 stand for False and True; another object may be a truth by accident, such as the string "no".

    Raises:
        InputError: it is something else. The message begins with `name`.
    """
    if choice is True or choice is False:
        return choice is True
    if type(choice).__name__ in ("bool", "bool_") or (type(choice) is int and choice in (0, 1)):
        return bool(choice)
    raise InputError(f"{name} must be True or False, not {reprlib.repr(choice)}")


def label_of(name: object) -> str:
    """A label that was given.

    Raises:
        InputError: it is not a string.
    """
    if not isinstance(name, str):
        raise InputError(f"a label is a string, not {name!r} of type {type(name).__name__}: write label=str(…), or leave it out")
    return name
