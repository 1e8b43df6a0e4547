"""Transforms of plain functions, in JAX's manner: `grad(f)` is a function again, and can be transformed again.

A derivative is computed in one of two ways, which agree to the last bit: on the numbers stored in the graph, where only the
number is wanted; or, where the derivative will be differentiated in turn, by evaluating the derivative rules on Values, which builds the
graph of the derivative (see `differentiation`).
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, cast

from autograd._runtime.coercion import need_function, number_of, real
from autograd._runtime.state import STATE
from autograd.contexts import enable_grad
from autograd.differentiation import detached, is_from_outside, need_one_number, outputs_of, push_forward, rows, variables_of
from autograd.errors import InputError
from autograd.ops import CONSTANT
from autograd.tracing import traced
from autograd.trees import leaves_like
from autograd.value import Value

MOST = 100
"""The highest order of `derivative`: each multiplies the size of the graph."""


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a scalar function.

    Args:
        f: takes numbers, or nested lists, tuples, dicts and NumPy arrays of numbers (an array comes to it as one of Values); returns
            one number.
        argnums: the argument to differentiate with respect to; several give a tuple of gradients.

    Returns:
        A function of the same arguments. Its result has the form of the argument: numbers where numbers went in, Values where
        the result depends on a Value from outside (an argument, or one that `f` refers to), so that it can be differentiated.

    Raises:
        InputError: `f` is not a function; or (when called) an argument is not a number, `f` does not return one number, or `argnums`
            are not distinct arguments.

    Example:
        >>> grad(lambda x: x**3)(2.0)
        12.0
        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
        >>> grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
        {'a': 5.0, 'b': 2.0}
        >>> import numpy as np
        >>> grad(lambda v: np.exp(v).sum())(np.zeros(3))
        array([1., 1., 1.])
    """
    need_function(f, "grad(f)")
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return _marked("grad", gradient, f, argnums)


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that returns both `f(…)` and its gradient; see `grad`.

    Example:
        >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
        (10.0, (5.0, 2.0))
    """
    need_function(f, "value_and_grad(f)")

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with variables_of(args, argnums) as (replaced, variables, restore):
            result = traced(f, variables, replaced, kwargs)
            need_one_number(result)
            plain = not is_from_outside([result], variables)
            (gradient,) = rows([result], variables, plain)
            pair = number_of(result) if plain else result, restore(gradient)
        return detached(pair)

    return _marked("value_and_grad", function, f, argnums)


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The derivatives of each output of a function with respect to each input.

    Args:
        f: returns a number, or nested lists, tuples and dicts of numbers.
        argnums: as for `grad`.

    Returns:
        A function of the same arguments. Its result has the form of the output, with the form of the input in place of each number.

    Raises:
        InputError: (when called) an argument or a result is not a number.

    Example:
        >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
        [[3.0, 2.0], [1.0, 1.0]]
    """
    need_function(f, "jacobian(f)")

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        with variables_of(args, argnums) as (replaced, variables, restore):
            outputs, build = outputs_of(traced(f, variables, replaced, kwargs))
            matrix = build([restore(row) for row in rows(outputs, variables, not is_from_outside(outputs, variables))])
        return detached(matrix)

    return _marked("jacobian", function, f, argnums)


def hessian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The second derivatives of a scalar function: the Jacobian of its gradient.

    Example:
        >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
    """
    need_function(f, "hessian(f)")
    return _marked("hessian", jacobian(grad(f, argnums), argnums), f, argnums)


@dataclass(frozen=True)
class Differentiated:
    """What a transform differentiates. `compile` need not record every row of a Jacobian, nor a derivative twice.

    Attributes:
        transform: "grad", "value_and_grad", "jacobian" or "hessian".
        f, argnums: its arguments.
        code: that of the function which it has returned. `functools.wraps` copies the mark to other functions.
    """

    transform: str
    f: Callable[..., Any]
    argnums: int | tuple[int, ...]
    code: CodeType


def _marked(transform: str, function: Callable[..., Any], f: Callable[..., Any], argnums: int | tuple[int, ...]) -> Callable[..., Any]:
    vars(function)["_differentiated"] = Differentiated(transform, f, argnums, function.__code__)
    return function


def differentiated_by(function: Any) -> Differentiated | None:
    """What a function that a transform has returned differentiates; None for other functions."""
    mark = vars(function).get("_differentiated") if isinstance(function, FunctionType) else None
    return mark if isinstance(mark, Differentiated) and function.__code__ is mark.code else None


def innermost(function: Any) -> Any:
    """The function that transforms differentiate, one within the other, to give this one."""
    mark = differentiated_by(function)
    return function if mark is None else innermost(mark.f)


def derivative(f: Callable[..., Any], n: int = 1) -> Callable[..., Any]:
    """The n-th derivative of a function of one number.

    Raises:
        InputError: `n` is not a whole number from 0 to 100.

    Example:
        >>> derivative(lambda x: x**5, 3)(1.0)
        60.0
    """
    need_function(f, "derivative(f, 2)")
    if not isinstance(n, int) or not 0 <= n <= MOST:
        raise InputError(f"the order of a derivative must be a whole number from 0 to {MOST}, not {n!r}")
    for _ in range(n):
        f = grad(f)
    return f


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of a function at a point, and its derivative in a direction: forward mode, one pass for all outputs.

    Args:
        f: takes as many arguments as there are primals.
        primals: the point, a list or tuple with one item an argument.
        tangents: the direction, of the same form.

    Raises:
        InputError: the forms differ, or something in them is not a number.

    Example:
        >>> jvp(lambda x, y: [x * y, x + y], (2.0, 3.0), (1.0, 0.0))
        ([6.0, 5.0], [3.0, 1.0])
    """
    need_function(f, "jvp(f, (2.0,), (1.0,))")
    _need_sequence(primals)
    directions = [x if isinstance(x, Value) else real(x) for x in leaves_like(tangents, primals, "tangents")]
    with variables_of(primals, tuple(range(len(primals)))) as (replaced, variables, _):
        outputs, build = outputs_of(traced(f, variables, replaced))
        plain = all(not isinstance(x, Value) for x in directions) and not is_from_outside(outputs, variables)
        moved = push_forward(outputs, variables, directions, plain)
        pair = build([number_of(x) for x in outputs] if plain else outputs), build(moved)
    return detached(pair)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of a function at a point, and a function from gradients with respect to the value to those with respect to the arguments.

    Args:
        f: takes the primals as its arguments; returns a number, or nested lists, tuples and dicts of numbers.
        primals: the point.

    Returns:
        The value, and `pull_back(cotangent)`, where the cotangent has the form of the value: a tuple with a gradient for each argument.

    Raises:
        InputError: an argument or result is not a number, or (when called) the cotangent does not have the form of the value.

    Example:
        >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
        >>> value, pull_back([1.0, 10.0])
        ([6.0, 5.0], (13.0, 12.0))
    """
    need_function(f, "vjp(f, 2.0)")
    with variables_of(primals, tuple(range(len(primals)))) as (replaced, variables, restore):
        result = traced(f, variables, replaced)
        outputs, build = outputs_of(result)
        plain = not is_from_outside(outputs, variables)
        value = build([number_of(x) for x in outputs] if plain else outputs)

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        weights = [x if isinstance(x, Value) else real(x) for x in leaves_like(cotangent, result, "the cotangent")]
        with enable_grad() if STATE.paused else nullcontext():
            total = builtins.sum([weight * x for weight, x in zip(weights, outputs, strict=True)], Value(0.0, None, CONSTANT))
            (gradient,) = rows([total], variables, plain and not any(isinstance(x, Value) for x in weights))
        return cast("tuple[Any, ...]", detached(restore(gradient)))

    return detached(value), pull_back


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: the gradient's derivative in a direction.

    Args:
        primals, tangents: as for `jvp`; the gradient is taken with respect to the first argument.

    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

    Example:
        >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 2.0],), ([1.0, 0.0],))
        [4.0, 6.0]
    """
    need_function(f, "hvp(f, (2.0,), (1.0,))")
    return jvp(grad(f), primals, tangents)[1]


def _need_sequence(primals: Any) -> None:
    if not isinstance(primals, (list, tuple)):
        raise InputError(f"primals must be a sequence with one item for each argument of f, as in ({primals!r},)")
