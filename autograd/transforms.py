"""Transforms of plain functions, in JAX's manner: `grad(f)` is a function again, and can be transformed again.

A derivative is computed in one of two ways, which agree to the last bit: on the numbers stored in the graph, where only the
number is wanted; or by evaluating the derivative rules on Values, which builds the graph of the derivative, where that will
be differentiated in turn.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from autograd.errors import InputError, StaleGraphError
from autograd.functions import GRAPHS
from autograd.graph import topological_order
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, LEAF
from autograd.trees import flatten
from autograd.value import Value, real


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a scalar function.

    Args:
        f: takes numbers, or nested lists, tuples and dicts of numbers; returns one number.
        argnums: by which argument to differentiate; several give a tuple of gradients.

    Returns:
        A function of the same arguments. Its result has the form of the argument: numbers where numbers went in, Values where
        the result depends on a Value from outside (an argument, or one that `f` refers to), so that it can be differentiated.

    Raises:
        InputError: (when called) an argument is not a number, or `f` does not return one.

    Example:
        >>> grad(lambda x: x**3)(2.0)
        12.0
        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
        >>> grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
        {'a': 5.0, 'b': 2.0}
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that returns both `f(…)` and its gradient; see `grad`.

    Example:
        >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
        (10.0, (5.0, 2.0))
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if any(not -len(args) <= i < len(args) for i in chosen):
            raise InputError(f"argnums={argnums} does not fit a call with {len(args)} positional arguments")
        replaced = list(args)
        variables: list[Value] = []
        pieces = []
        for i in chosen:
            leaves, build = flatten(args[i])
            fresh = [variable(x) for x in leaves]
            replaced[i] = build(fresh)
            variables += fresh
            pieces.append((len(fresh), build))
        try:
            value, gradients = pull_back(f(*replaced, **kwargs), variables)
        finally:
            for node in variables:  # what was made of a number is one again, for a transform around this one
                if node._operation is LEAF:
                    node._operation = CONSTANT
        built = []
        for n, build in pieces:
            built.append(build(gradients[:n]))
            gradients = gradients[n:]
        return value, built[0] if isinstance(argnums, int) else tuple(built)

    return function


def variable(x: Any) -> Value:
    """A fresh node for `x`, so that the derivative by this use of it can be told from the derivative by others."""
    return +x if isinstance(x, Value) else Value(real(x))


def pull_back(result: Any, variables: list[Value]) -> tuple[Any, list[Any]]:
    """The value of `result` and its derivatives by `variables`: plain numbers unless a Value from outside has a part in it."""
    if not isinstance(result, Value):
        return real(result), [0.0] * len(variables)
    own = set(variables)
    order = cast("list[Value]", topological_order(result))
    if any(node._operation is LEAF and node not in own for node in order):
        return result, derivatives(result, variables)
    result.backward()
    return result.data, [v.grad for v in variables]


def derivatives(result: Value, variables: list[Value]) -> list[Any]:
    """The derivatives of a graph by some of its nodes, as graphs: the chain rule, with the rules evaluated on Values.

    Raises:
        StaleGraphError: `.data` of a node was changed since the graph was built, so that its stored numbers are those of
            another point than the rules would be evaluated at.
    """
    order = cast("list[Value]", topological_order(result))
    depends = set(variables)
    for node in order:
        if node not in depends and any(x in depends for x in node._prev):
            depends.add(node)
    gradient: dict[Value, Any] = {result: 1.0}
    for node in reversed(order):
        inputs = node._prev
        if node not in gradient or not any(x in depends for x in inputs):
            continue
        check_current(node)
        upstream = gradient[node]
        for x, slope in zip(inputs, node._operation.slopes(GRAPHS, node, *inputs), strict=True):
            if x in depends:
                part = upstream if isinstance(slope, float) and slope == 1.0 else upstream * slope
                gradient[x] = gradient[x] + part if x in gradient else part
    return [gradient.get(v, 0.0) for v in variables]


def check_current(node: Value) -> None:
    """Raise StaleGraphError unless the node still is what its operation gives for the data of its inputs."""
    data = [x.data for x in node._prev]
    value = real(node._operation.value(FLOATS, *data))
    if value != node.data and (value == value or node.data == node.data):
        raise StaleGraphError(
            f"{node!r} was computed by {node._operation.name} from other numbers than {data}: .data was assigned since the graph "
            "was built. Build the graph again, then differentiate."
        )
