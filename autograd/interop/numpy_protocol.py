"""NumPy: how Values behave beside its scalars, in its functions and in its object arrays.

`np.float64(2) * v` and `np.exp(v)` give a Value; `array * v` gives an object array of Values. In `np.maximum` and `np.minimum` of two
object arrays, NumPy compares elements and picks one, so that equal ones do not share the derivative as in `autograd.maximum`.
NumPy is not imported here: the callers of these functions have imported it already.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from autograd._runtime.coercion import real
from autograd.errors import InputError
from autograd.functions import OTHER_NAMES, call
from autograd.ops import OPERATIONS
from autograd.tracing import refused
from autograd.value import Value

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "negative": operator.neg,
    "positive": operator.pos,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "conjugate": operator.pos,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
"""NumPy's functions that are Python's operators, or made of them. Those with the name of a row of the op table are taken from the table."""

ROWS = {other: name for name, other in OTHER_NAMES.items()} | {"absolute": "abs", "fabs": "abs", "gammaln": "lgamma", "psi": "digamma"}
"""The rows of NumPy's and SciPy's functions that have other names."""


def array_ufunc(self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's protocol for its element-wise functions.

    Raises:
        InputError: there is no such operation.

    Source: NEP 13, "A mechanism for overriding ufuncs".
    """
    numpy = sys.modules["numpy"]
    # an array without axes stands for the number in it: NumPy passes scalars without a Python type, such as a longdouble, as one
    inputs = tuple([x[()] if isinstance(x, numpy.ndarray) and x.ndim == 0 else x for x in inputs])
    if any(isinstance(x, numpy.ndarray) for x in inputs) or method != "__call__" or options:
        boxed = []
        for x in inputs:
            if isinstance(x, Value):
                box = numpy.empty((), dtype=object)
                box[()] = x
                boxed.append(box)
            else:
                boxed.append(x)
        return getattr(ufunc, method)(*boxed, **options)
    name = ufunc.__name__
    operands = [x if isinstance(x, Value) else real(x) for x in inputs]
    if name in OPERATORS:
        return OPERATORS[name](*operands)
    row = OPERATIONS.get(ROWS.get(name, name))
    if row is None:
        raise refused(
            InputError(f"there is no np.{name} of a Value: write it with the operations of autograd, or np.{name}(v.data) for the number")
        )
    return call(row, *operands)


Value.__array_ufunc__ = array_ufunc  # type: ignore[method-assign]
Value.conjugate = lambda self: self  # type: ignore[attr-defined] # np.var and np.std of an object array ask each element for it
