"""The op table as functions and methods: `exp(v)`, `v.exp()`; and the namespace in which rules build graphs."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from operator import index
from typing import Any, SupportsIndex

from autograd import ops
from autograd._runtime.coercion import real, refuse_masked, shown
from autograd._runtime.messages import undefined
from autograd._runtime.state import STATE, is_recorded
from autograd.conditions import Condition, compare
from autograd.errors import InputError
from autograd.namespaces import FLOATS, SPECIAL, Namespace, Truth
from autograd.ops import CONSTANT, OPERATIONS, Operation, outside
from autograd.recording import is_unchecked
from autograd.value import Value, apply, apply_one


def call(operation: Operation, *operands: Any, checked: bool = True) -> Any:
    """Apply an operation to Values and numbers: a Value, or a float where all of them are numbers.

    Raises:
        InputError: an operand is not a real number, or there are too few or too many.
        DomainError, PoleError: the operation is not defined at this point.
    """
    if operation.arity is not None and len(operands) != operation.arity:
        raise InputError(f"{operation.name} takes {operation.arity} inputs, not {len(operands)}")
    if not any(isinstance(x, Value) for x in operands):
        data = [real(x) for x in operands]
        if checked and outside(operation, FLOATS, *data):
            if is_recorded():  # each run checks the domain
                inputs = len(data) - operation.parameters
                return call(operation, *[Value(x, None, CONSTANT) for x in data[:inputs]], *data[inputs:])
            raise undefined(operation, [Value(x) for x in data])
        return real(operation.value(FLOATS, *data))
    if operation.parameters:
        parameters = operands[-operation.parameters :]
        if not any(isinstance(x, Value) for x in parameters):
            operation = operation.bind(*[real(x) for x in parameters])
            operands = operands[: -len(parameters)]
        elif operation.fixed:
            raise InputError(f"{operation.name} has no derivative with respect to its last input: pass a number, not {parameters[-1]!r}")
    node = apply(operation, [x if isinstance(x, Value) else Value(real(x), None, CONSTANT) for x in operands], checked)
    if not checked and STATE.recorders:
        is_unchecked(node)
    return node


def function_of(operation: Operation) -> Callable[..., Any]:
    """A row as a function of Values and numbers, documented from the row. If it has any number of inputs, it takes a sequence."""
    if operation.arity is None:

        def function(items: Any) -> Any:
            return call(operation, *_sequence(operation.name, items))

    elif operation.arity == 1:

        def function(x: Any) -> Any:  # type: ignore[misc]
            return apply_one(operation, x) if type(x) is Value else call(operation, x)

    else:

        def function(*operands: Any) -> Any:  # type: ignore[misc]
            return call(operation, *operands)

    letters = "items" if operation.arity is None else ", ".join("abcdef"[: operation.arity])
    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = f"{operation.name}({letters}): {operation.doc}."
    if operation.requires:
        function.__doc__ += f"\n\nDefined for {operation.requires}; elsewhere a DomainError or PoleError."
    return function


def _sequence(name: str, items: Any) -> Any:
    if not hasattr(items, "__iter__") or getattr(items, "ndim", None) == 0:
        raise InputError(f"{name} takes a sequence of Values and numbers, as in [a, b], not {shown(items)}")
    return items


NUMPY_NAMES: dict[str, str] = {"divide": "div", "power": "pow"}
"""NumPy's names, which rules use, where they differ from those of the rows."""


class Graphs:
    """The namespace of Values: a rule evaluated on it builds the graph of its expression.

    Nothing is checked and nothing raises: an infinite slope is inf.
    """

    inf = math.inf
    nan = math.nan

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = OPERATIONS.get(NUMPY_NAMES.get(name, name))
        if operation is not None:

            def function(*operands: Any) -> Any:
                return call(operation, *operands, checked=False)

        elif name in SPECIAL:
            function = partial(SPECIAL[name], self)
        else:
            raise AttributeError(f"rules cannot use xp.{name}: there is no operation of that name")
        setattr(self, name, function)
        return function

    @staticmethod
    def isinf(a: Any) -> Truth:
        """Whether the number is infinite."""
        return compare("==", abs(a), math.inf)

    @staticmethod
    def equal(a: Any, b: Any) -> Truth:
        """Whether the numbers are equal."""
        return compare("==", a, b)

    @staticmethod
    def where(condition: Truth, a: Any, b: Any) -> Any:
        """The selected side; the other has no part in the graph, except in one that is being recorded."""
        return condition.select(a, b) if isinstance(condition, Condition) else a if condition else b


GRAPHS: Namespace = Graphs()


def where(condition: Truth, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`. Either may be a function of no arguments, which is called only if selected.

    Write functions where the other side is not defined, so that it is not computed. In a compiled function both sides are part of the
    program, and each run and sample selects anew.

    Raises:
        InputError: the condition is a Value, which would be true unless it is exactly 0, or the `~` of a bool.

    Example:
        >>> x = Value(-1.0)
        >>> where(x > 0, lambda: log(x), lambda: 0.0)
        0.0
    """
    if isinstance(condition, Value):
        raise InputError(f"where needs a condition, not {condition!r}: write where(v > 0, …)")
    if hasattr(condition, "__len__") or hasattr(condition, "__array__"):
        refuse_masked(condition)
        if getattr(condition, "shape", None) != ():
            raise InputError(
                f"where needs one condition, not {type(condition).__name__}: choose for each element, as in "
                "[where(x > 0, x, 0.0) for x in xs]; for arrays of plain numbers, use numpy.where"
            )
    elif type(condition) is int and condition not in (0, 1):  # ~True is -2, which is true
        raise InputError(f"where needs True or False, not {condition}: write x > 0 rather than ~(x <= 0)")
    if isinstance(condition, Condition):
        return condition.select(a, b)
    selected = a if condition else b
    selected = selected() if callable(selected) else selected
    return +selected if STATE.paused and isinstance(selected, Value) else selected  # within no_grad, without its history


def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """x, or negative_slope · x where x is not positive: a ReLU that cannot die.

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Example:
        >>> leaky_relu(-2.0)
        -0.02
    """
    return call(ops.LEAKY_RELU, x, negative_slope)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x, or alpha · (exp(x) - 1) where x is not positive.

    Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential linear units" (2016).

    Example:
        >>> round(elu(-1.0, alpha=2.0), 6)
        -1.264241
    """
    return call(ops.ELU, x, alpha)


def gelu(x: Any, approximate: str = "none") -> Any:
    """x · Φ(x), where Φ is the distribution function of the standard normal; or, with ``approximate="tanh"``, close to it.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016).

    Raises:
        InputError: `approximate` is neither "none" nor "tanh".

    Example:
        >>> round(gelu(1.0), 6), round(gelu(1.0, approximate="tanh"), 6)
        (0.841345, 0.841192)
    """
    rows = {"none": ops.GELU, "tanh": ops.GELU_TANH}
    if not isinstance(approximate, str) or approximate not in rows:
        raise InputError(f'approximate must be "none" or "tanh", not {approximate!r}')
    return call(rows[approximate], x)


POLYGAMMA_ORDERS = 100
"""The highest order of `polygamma`, so that derivatives of it are numbers, too."""


def polygamma(n: SupportsIndex, x: Any) -> Any:
    """The derivative of `digamma` of order n, the derivative of `lgamma` of order n + 1. Its arguments are those of SciPy's.

    Args:
        n: a whole number from 0 to 100; with 0 this is digamma(x).
        x: neither 0 nor a negative whole number.

    Raises:
        InputError: n is no such number, or a Value: there are derivatives of whole orders only.
        DomainError: x is 0 or a negative whole number.

    Source: Abramowitz and Stegun, "Handbook of mathematical functions" (1964), 6.4.

    Example:
        >>> round(polygamma(1, 1.0), 6)  # π² / 6
        1.644934
    """
    try:
        order = index(n)
    except TypeError:
        order = -1
    if isinstance(n, bool) or not 0 <= order <= POLYGAMMA_ORDERS:
        raise InputError(f"polygamma(n, x) needs a whole number n from 0 to {POLYGAMMA_ORDERS}, as in polygamma(1, x), not n = {n!r}")
    return call(ops.POLYGAMMA, x, float(order)) if order else digamma(x)


def softmax(logits: Any) -> list[Any]:
    """exp(zᵢ) / Σ exp(zⱼ): positive numbers whose sum is 1. Stable for logits of any size.

    Args:
        logits: a sequence of Values and numbers, at least one.

    Raises:
        InputError: the sequence is empty.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> softmax([0.0, 0.0])
        [0.5, 0.5]
    """
    exponentials = [exp(z) for z in _below_peak(logits)]
    total = sum(exponentials)
    if type(total) is float and total == 0.0:
        return [call(ops.DIV, e, total) for e in exponentials]  # whose error says what it is
    return [e / total for e in exponentials]


def log_softmax(logits: Any) -> list[Any]:
    """The logarithm of `softmax`, without computing the softmax: log(softmax([0, -1000])) would be log(0).

    Args:
        logits: a sequence of Values and numbers, at least one.

    Raises:
        InputError: the sequence is empty.

    Example:
        >>> log_softmax([0.0, -1000.0])
        [0.0, -1000.0]
    """
    shifted = _below_peak(logits)
    log_total = logsumexp(shifted)
    return [z - log_total for z in shifted]


def hardmax(logits: Any) -> list[float]:
    """1 at the largest logit (the first of several), 0 elsewhere; nan where one is nan. Piecewise constant, so that it has no gradient.

    Args:
        logits: a sequence of Values and numbers, at least one.

    Raises:
        InputError: the sequence is empty.

    Example:
        >>> hardmax([0.1, 10.0, 0.1])
        [0.0, 1.0, 0.0]
    """
    items = _some(logits)
    best = 0
    for i, item in enumerate(items):
        if item > items[best]:
            best = i
        elif not item <= items[best]:  # one of them is nan
            return [math.nan] * len(items)
    return [1.0 if i == best else 0.0 for i in range(len(items))]


def _below_peak(logits: Any) -> list[Any]:
    """Logits minus a number near the largest of them, so that exp does not overflow; the shift does not change their softmax."""
    items = _some(logits)
    largest = peak(items)
    return [z - largest for z in items]


def _some(logits: Any) -> list[Any]:
    items = [z if isinstance(z, (float, Value)) else real(z) for z in _sequence("a function of logits", logits)]
    if not items:
        raise InputError("at least one logit is needed, not an empty sequence")
    return items


# fmt: off
pow, remainder, abs, sign, floor, ceil = map(function_of, (ops.POW, ops.REMAINDER, ops.ABS, ops.SIGN, ops.FLOOR, ops.CEIL))
exp, expm1, log, log1p, log2, log10 = map(function_of, (ops.EXP, ops.EXPM1, ops.LOG, ops.LOG1P, ops.LOG2, ops.LOG10))
sqrt, cbrt, hypot, erf, erfc, erfinv = map(function_of, (ops.SQRT, ops.CBRT, ops.HYPOT, ops.ERF, ops.ERFC, ops.ERFINV))
ndtr, log_ndtr, lgamma, digamma = map(function_of, (ops.NDTR, ops.LOG_NDTR, ops.LGAMMA, ops.DIGAMMA))
trunc, fmod, copysign, logaddexp = map(function_of, (ops.TRUNC, ops.FMOD, ops.COPYSIGN, ops.LOGADDEXP))
sin, cos, tan, asin, acos, atan, atan2 = map(function_of, (ops.SIN, ops.COS, ops.TAN, ops.ASIN, ops.ACOS, ops.ATAN, ops.ATAN2))
sinh, cosh, tanh, asinh, acosh, atanh = map(function_of, (ops.SINH, ops.COSH, ops.TANH, ops.ASINH, ops.ACOSH, ops.ATANH))
maximum, minimum, clip = map(function_of, (ops.MAXIMUM, ops.MINIMUM, ops.CLIP))
relu, silu, sigmoid, softplus = map(function_of, (ops.RELU, ops.SILU, ops.SIGMOID, ops.SOFTPLUS))
sum, logsumexp, peak = map(function_of, (ops.SUM, ops.LOGSUMEXP, ops.PEAK))
# fmt: on

METHODS: tuple[Callable[..., Any], ...] = (
    *(exp, expm1, log, log1p, log2, log10, sqrt, cbrt, sin, cos, tan, asin, acos, atan, atan2, hypot),
    *(sinh, cosh, tanh, asinh, acosh, atanh, erf, erfc, erfinv, ndtr, log_ndtr, lgamma, digamma, logaddexp),
    *(abs, sign, floor, ceil, trunc, copysign, maximum, minimum, clip, pow, remainder, fmod),
    *(relu, leaky_relu, elu, gelu, silu, sigmoid, softplus),
)
"""The functions that are methods of Value too: `v.exp()` is `exp(v)`."""

OTHER_NAMES: dict[str, str] = {
    **{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"},
    **{"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"},
    **{"abs": "__abs__", "floor": "__floor__", "ceil": "__ceil__", "trunc": "__trunc__"},
}
"""NumPy's names for methods, where they differ: `np.arcsin` of an object array calls `.arcsin()` of each element."""

for _function in METHODS:
    setattr(Value, _function.__name__, _function)
    if _function.__name__ in OTHER_NAMES:
        setattr(Value, OTHER_NAMES[_function.__name__], _function)
