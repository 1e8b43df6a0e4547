"""How NumPy treats overflow, division by zero and invalid operations, changed for one call.

NumPy keeps this setting in a context variable. `np.errstate` changes the variable and changes it back, but a Ctrl-C at the first line of
its `__exit__` leaves it changed, also where a function of NumPy uses it, as `np.allclose` does. A call in a copy of the context leaves
nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def quietly(f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function, without warnings: infinity and nan follow IEEE 754.

    Example:
        >>> float(quietly(np.log, 0.0))
        -inf
    """
    return copy_context().run(_with, {"all": "ignore"}, f, args, kwargs)


def refusing_invalid(f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function in which an invalid operation is an error.

    Raises:
        FloatingPointError: an operation on numbers gave nan.

    Example:
        >>> refusing_invalid(np.sqrt, -1.0)
        Traceback (most recent call last):
        FloatingPointError: invalid value encountered in sqrt
    """
    return copy_context().run(_with, {"invalid": "raise"}, f, args, kwargs)


def _with(setting: Any, f: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
    np.seterr(**setting)
    return f(*args, **kwargs)
