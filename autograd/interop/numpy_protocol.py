"""NumPy: how Values behave beside its scalars, in its functions and in its object arrays.

`np.float64(2) * v` and `np.exp(v)` give a Value; `array * v` gives an object array of Values. In `np.maximum` and `np.minimum` of two
object arrays, NumPy compares elements and picks one, so that equal ones do not share the derivative as in `autograd.maximum`.
NumPy is not imported here: the callers of these functions have imported it already.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

from autograd._runtime.coercion import real
from autograd._runtime.state import is_recorded
from autograd._runtime.temporary import Temporary
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


# fmt: off
OF_ARRAYS = {
    *("ndim", "shape", "size", "all", "any", "count_nonzero", "argmax", "argmin", "amax", "amin", "max", "min", "ptp", "searchsorted"),
    *("sum", "prod", "cumsum", "cumprod", "diff", "gradient", "trapezoid", "mean", "average", "median", "std", "var"),
    *("percentile", "quantile", "cov", "corrcoef", "histogram", "sort", "argsort", "unique", "flip", "roll", "take", "diag", "trace"),
    *("dot", "vdot", "inner", "outer", "kron", "cross", "matmul", "einsum", "tensordot", "convolve", "correlate", "norm", "det", "inv"),
    *("solve", "ravel", "reshape", "squeeze", "transpose", "moveaxis", "swapaxes", "concatenate", "stack", "hstack", "vstack", "split"),
}
# fmt: on
"""NumPy's functions that measure, reduce or rearrange an array, and so do not mean a single number."""

OF_TWO_ARRAYS = {"vdot", "inner", "outer", "kron", "cross", "matmul", "tensordot", "convolve", "correlate"}
"""Those of them that combine two arrays. `np.dot` with a number is a product by it."""


class OneOfArray(Temporary[None]):
    """A context in which a function gets one number of an array in place of the array, and it is not clear whether it wants that.

    In NumPy, ``w * x`` of two arrays is element by element. A function of one number means something else by it, so what combines such a
    number with an array is refused within this context: `compile` then passes the array, if the function takes it.

    Attributes:
        applies: whether it is so; asked when a number meets an array.
        was_refused: whether something was refused.
    """

    def __init__(self, applies: Callable[[], bool]) -> None:
        self.applies = applies
        self.was_refused = False
        self._token: Token[OneOfArray | None] | None = None

    def do(self) -> None:
        """See `Temporary`."""
        self._token = _ONE_OF_ARRAY.set(self)

    def undo(self) -> None:
        """See `Temporary`."""
        token, self._token = self._token, None
        if token is not None:
            _ONE_OF_ARRAY.reset(token)


_ONE_OF_ARRAY: ContextVar[OneOfArray | None] = ContextVar("one of an array", default=None)


def _need_array(name: str, *inputs: Any) -> None:
    """
    Raises:
        TypeError: a function is being recorded on a number of each sample, and expects all of an array; `compile` then passes that.
    """
    if not any(isinstance(x, Value) for x in inputs):
        return
    _refuse_one_of_array(name)
    if is_recorded():
        raise TypeError(f"np.{name} takes an array, and here it got a Value, which is one number")


def _refuse_one_of_array(name: str) -> None:
    """
    Raises:
        TypeError: see `OneOfArray`.
    """
    state = _ONE_OF_ARRAY.get()
    if state is not None and state.applies():
        state.was_refused = True
        raise TypeError(f"np.{name} takes an array, and here it got a Value, which is one number of an array")


def array_function(self: Value, function: Any, types: Any, args: Any, options: Any) -> Any:
    """NumPy's protocol for its other functions, which are called as if there were none.

    Source: NEP 18, "A dispatch mechanism for NumPy's high level array functions".
    """
    if any(isinstance(x, Value) for x in args):
        _refuse_one_of_array(function.__name__)
    if function.__name__ in OF_ARRAYS and args:
        _need_array(function.__name__, *args[: 1 + (function.__name__ in OF_TWO_ARRAYS)])
    return function._implementation(*args, **options)


def array_ufunc(self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's protocol for its element-wise functions.

    Raises:
        InputError: there is no such operation.

    Source: NEP 13, "A mechanism for overriding ufuncs".
    """
    numpy = sys.modules["numpy"]
    # an array without axes stands for the number in it: NumPy passes scalars without a Python type, such as a longdouble, as one
    inputs = tuple([x[()] if isinstance(x, numpy.ndarray) and x.ndim == 0 else x for x in inputs])
    if method != "__call__":
        _need_array(f"{ufunc.__name__}.{method}", inputs[0])
    if ufunc.signature is not None:
        _need_array(ufunc.__name__, *inputs)
    if any(isinstance(x, numpy.ndarray) for x in inputs):
        _refuse_one_of_array(ufunc.__name__)
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
Value.__array_function__ = array_function  # type: ignore[attr-defined]
Value.conjugate = lambda self: self  # type: ignore[attr-defined] # np.var and np.std of an object array ask each element for it
