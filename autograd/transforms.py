"""Transforms of plain functions, in JAX's manner: `grad(f)` is a function again, and can be transformed again.

A derivative is computed in one of two ways, which agree to the last bit: on the numbers stored in the graph, where only the
number is wanted; or by evaluating the derivative rules on Values, which builds the graph of the derivative, where that will
be differentiated in turn.
"""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar, cast

from autograd.contexts import RECORDING, Assigned, enable_grad
from autograd.errors import InputError, StaleGraphError
from autograd.functions import GRAPHS
from autograd.graph import topological_order
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, LEAF, SELECT, product
from autograd.recording import Condition, differentiated, sides_of
from autograd.state import STATE
from autograd.temporary import During, Temporary
from autograd.tracing import owner_of, traced
from autograd.trees import flatten, leaves_like
from autograd.value import Value, real

Tree = TypeVar("Tree")

MOST = 100
"""The highest order of `derivative`: each multiplies the size of the graph."""


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a scalar function.

    Args:
        f: takes numbers, or nested lists, tuples, dicts and NumPy arrays of numbers (an array comes to it as one of Values); returns
            one number.
        argnums: by which argument to differentiate; several give a tuple of gradients.

    Returns:
        A function of the same arguments. Its result has the form of the argument: numbers where numbers went in, Values where
        the result depends on a Value from outside (an argument, or one that `f` refers to), so that it can be differentiated.

    Raises:
        InputError: (when called) an argument is not a number, `f` does not return one, or `argnums` are not different arguments.

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

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with variables_of(args, argnums) as (replaced, variables, restore):
            result = traced(f, variables, replaced, kwargs)
            plain = not is_from_outside([result], variables)
            (gradient,) = _rows([result], variables, plain)
            found = _number(result) if plain else result, restore(gradient)
        return detached(found)

    return function


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The derivatives of each output of a function by each input.

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

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        with variables_of(args, argnums) as (replaced, variables, restore):
            outputs, build = _outputs(traced(f, variables, replaced, kwargs))
            found = build([restore(row) for row in _rows(outputs, variables, not is_from_outside(outputs, variables))])
        return detached(found)

    return function


def hessian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The second derivatives of a scalar function: the Jacobian of its gradient.

    Example:
        >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def derivative(f: Callable[..., Any], n: int = 1) -> Callable[..., Any]:
    """The n-th derivative of a function of one number.

    Raises:
        InputError: `n` is no whole number from 0 to 100.

    Example:
        >>> derivative(lambda x: x**5, 3)(1.0)
        60.0
    """
    if not isinstance(n, int) or not 0 <= n <= MOST:
        raise InputError(f"the order of a derivative is a whole number from 0 to {MOST}, not {n!r}")
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
        InputError: the forms differ, or something in them is no number.

    Example:
        >>> jvp(lambda x, y: [x * y, x + y], (2.0, 3.0), (1.0, 0.0))
        ([6.0, 5.0], [3.0, 1.0])
    """
    _need_sequence(primals)
    found = leaves_like(tangents, primals, "tangents")
    directions = [x if isinstance(x, Value) else real(x) for x in found]
    with variables_of(primals, tuple(range(len(primals)))) as (replaced, variables, _):
        outputs, build = _outputs(traced(f, variables, replaced))
        plain = all(not isinstance(x, Value) for x in directions) and not is_from_outside(outputs, variables)
        moved = push_forward(outputs, variables, directions, plain)
        pair = build([_number(x) for x in outputs] if plain else outputs), build(moved)
    return detached(pair)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of a function at a point, and a function from gradients with respect to the value to those with respect to the arguments.

    Args:
        f: takes the primals as its arguments; returns a number, or nested lists, tuples and dicts of numbers.
        primals: the point.

    Returns:
        The value, and `pull_back(cotangent)`, where the cotangent has the form of the value: a tuple with a gradient for each argument.

    Raises:
        InputError: something in it is no number, or (when called) the cotangent is not of the form of the value.

    Example:
        >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
        >>> value, pull_back([1.0, 10.0])
        ([6.0, 5.0], (13.0, 12.0))
    """
    with variables_of(primals, tuple(range(len(primals)))) as (replaced, variables, restore):
        result = traced(f, variables, replaced)
        outputs, build = _outputs(result)
        plain = not is_from_outside(outputs, variables)
        value = build([_number(x) for x in outputs] if plain else outputs)

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        weights = leaves_like(cotangent, result, "the cotangent")
        with enable_grad() if STATE.paused else nullcontext():
            total = builtins.sum([weight * x for weight, x in zip(weights, outputs, strict=True)], Value(0.0, CONSTANT))
            (gradient,) = _rows([total], variables, plain and not any(isinstance(x, Value) for x in weights))
        return cast("tuple[Any, ...]", detached(restore(gradient)))

    return detached(value), pull_back


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: the gradient's derivative in a direction.

    Args:
        primals, tangents: as for `jvp`; the gradient is that by the first argument.

    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

    Example:
        >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 2.0],), ([1.0, 0.0],))
        [4.0, 6.0]
    """
    return jvp(grad(f), primals, tangents)[1]


# -- how they are computed ----------------------------------------------------------------------------------------------


Replaced = tuple[list[Any], list[Value], Callable[[list[Any]], Any]]
"""The arguments with fresh variables in place of the chosen ones, the variables, and how to give derivatives their form."""


def variables_of(args: Sequence[Any], argnums: int | tuple[int, ...]) -> During[Replaced]:
    """Within it a function is called with `Replaced` arguments.

    Raises:
        InputError: when it is entered, if `argnums` does not fit the call.
    """
    return During(lambda: _Variables(args, argnums))


class _Variables(Temporary[Replaced]):
    def __init__(self, args: Sequence[Any], argnums: int | tuple[int, ...]) -> None:
        self._single = hasattr(argnums, "__index__")
        self._chosen = _chosen(args, argnums)
        self._args = args
        self._variables: list[Value] = []
        self._pieces: list[tuple[int, Any]] = []
        self._recording = Assigned(RECORDING, True) if STATE.paused else None  # there may be a no_grad around

    def do(self) -> Replaced:
        """See `Temporary`."""
        if self._recording is not None:
            self._recording.do()
        replaced = list(self._args)
        for i in self._chosen:
            leaves, build = flatten(self._args[i])
            # a fresh node, so that the derivative by this use of a Value can be told from the derivative by others
            fresh = [+x if isinstance(x, Value) else Value(real(x)) for x in leaves]
            replaced[i] = build(fresh)
            self._variables += fresh
            self._pieces.append((len(fresh), build))
        return replaced, self._variables, self._restore

    def undo(self) -> None:
        """See `Temporary`. What was made of a number is one again, for a transform around this one."""
        for node in self._variables:
            if node._operation is LEAF:
                node._operation = CONSTANT
        if self._recording is not None:
            self._recording.undo()

    def _restore(self, derivatives: list[Any]) -> Any:
        built = []
        start = 0
        for n, build in self._pieces:
            built.append(build(derivatives[start : start + n]))
            start += n
        return built[0] if self._single else tuple(built)


def _chosen(args: Sequence[Any], argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of the chosen arguments."""
    try:
        chosen = tuple([operator.index(i) for i in ((argnums,) if hasattr(argnums, "__index__") else argnums)])
    except TypeError:
        raise InputError(f"argnums is a whole number or a tuple of them, not {argnums!r}") from None
    if any(not -len(args) <= i < len(args) for i in chosen):
        raise InputError(f"argnums={argnums!r} does not fit a call with {len(args)} positional arguments")
    if len({i % len(args) for i in chosen}) != len(chosen):
        raise InputError(f"argnums={argnums!r} names an argument twice")
    return chosen


def detached(tree: Tree) -> Tree:
    """The result of a transform. Within `no_grad` its Values have no history, as those of every other function."""
    if not STATE.paused or RECORDING.get():
        return tree
    leaves, build = flatten(tree)
    return cast(Tree, build([+x if isinstance(x, Value) else x for x in leaves]))


def _outputs(result: Any) -> tuple[list[Any], Any]:
    """The numbers of a result, and what puts others in their places.

    Raises:
        InputError: there is no result.
    """
    if result is None:
        raise InputError("the function returned None: it needs a `return`")
    return flatten(result)


def _need_sequence(primals: Any) -> None:
    if not isinstance(primals, (list, tuple)):
        raise InputError(f"the primals are a sequence with one item for each argument of f, as in ({primals!r},)")


def is_from_outside(outputs: list[Any], variables: list[Value]) -> bool:
    """Whether a Value from outside has a part in the outputs, so that the derivatives must be Values too.

    That is a leaf, or a variable of a transform around this one.
    """
    own = set(map(id, variables))
    return any(
        (node._operation is LEAF or owner_of(node) is not None) and id(node) not in own
        for output in outputs
        if isinstance(output, Value)
        for node in cast("list[Value]", topological_order(output))
    )


def _rows(outputs: list[Any], variables: list[Value], plain: bool) -> Iterator[list[Any]]:
    """The derivatives of each output by the variables: as plain numbers, or as Values."""
    for output in outputs:
        if not isinstance(output, Value):
            real(output)  # raises unless it is a number
            yield [0.0] * len(variables)
        elif plain:
            for v in variables:
                v.grad = 0.0
            output._go_backward()
            yield [v._grad for v in variables]
        else:
            yield derivatives(output, variables)


def _number(x: Any) -> float:
    return x._data if isinstance(x, Value) else real(x)


def derivatives(result: Value, variables: Sequence[Value]) -> list[Any]:
    """The derivatives of a graph by some of its nodes, as graphs: the chain rule, with the rules evaluated on Values.

    Raises:
        StaleGraphError: `.data` of a node was changed since the graph was built, so that its stored numbers are those of
            another point than the rules would be evaluated at.
    """
    order = cast("list[Value]", topological_order(result))
    depends = _depending(order, variables)
    sides = sides_of(order) if STATE.recorders else {}
    gradient: dict[int, Any] = {id(result): 1.0}  # by `id`: a hash of a Value may be refused, in a function that is differentiated
    for node in reversed(order):
        if id(node) not in gradient or id(node) not in depends:
            continue
        inputs = node._prev
        upstream = gradient[id(node)]
        parts = differentiated(sides.get(node), partial(_parts_as_graphs, node, upstream)) if sides else _parts_as_graphs(node, upstream)
        for x, part in zip(inputs, parts, strict=True):
            if id(x) in depends:
                gradient[id(x)] = gradient[id(x)] + part if id(x) in gradient else part
    return [gradient.get(id(v), 0.0) for v in variables]


def push_forward(outputs: list[Any], variables: Sequence[Value], tangents: Sequence[Any], plain: bool) -> list[Any]:
    """The derivatives of the outputs in the direction of these tangents of the variables: the chain rule, from inputs to outputs.

    What does not depend on the variables has no tangent, nor has what did not select the input that has one: `moves` says where, as a
    truth, or as a Condition while a function is recorded.
    """
    moved: dict[int, Any] = {id(v): tangent for v, tangent in zip(variables, tangents, strict=True)}
    moves: dict[int, Any] = dict.fromkeys(moved, True)
    xp = FLOATS if plain else GRAPHS
    for output in outputs:
        for node in cast("list[Value]", topological_order(output)) if isinstance(output, Value) else ():
            inputs = node._prev
            if id(node) in moved or node._operation.stops or not any(id(x) in moved for x in inputs):
                continue
            total: Any = None
            where: Any = False
            for x, slope in zip(inputs, node._slopes if plain else _slopes_as_graphs(node), strict=True):
                if id(x) not in moved:
                    continue
                own = moves[id(x)]
                if node._operation.selects:
                    own = own & _is_not(xp.equal(slope, 0.0))
                if own is False:
                    continue
                part = product(node._operation, xp, slope, moved[id(x)])
                part = part if own is True else own.select(part, 0.0)
                total = part if total is None else total + part
                where = where | own
            if total is not None:
                moved[id(node)], moves[id(node)] = total, where
    return [moved.get(id(output), 0.0) if isinstance(output, Value) else 0.0 for output in outputs]


def _is_not(truth: Any) -> Any:
    return ~truth if isinstance(truth, Condition) else not truth


def _depending(order: list[Value], variables: Sequence[Value]) -> set[int]:
    """The nodes, by their `id`, that depend on the variables by other ways than through comparisons and `no_grad`; and these."""
    depends = set(map(id, variables))
    for node in order:
        if id(node) not in depends and not node._operation.stops and any(id(x) in depends for x in node._prev):
            depends.add(id(node))
    return depends


def _parts_as_graphs(node: Value, upstream: Any) -> list[Any]:
    """What a node passes on of its gradient to each input, as graphs."""
    if node._operation is SELECT:  # of the function that is being recorded
        condition = Condition(node._prev[0])
        return [0.0, condition.select(upstream, 0.0), condition.select(0.0, upstream)]
    slopes = _slopes_as_graphs(node)
    return [upstream if type(slope) is float and slope == 1.0 else product(node._operation, GRAPHS, slope, upstream) for slope in slopes]


def _slopes_as_graphs(node: Value) -> list[Any]:
    """The local derivatives of a node, as graphs of its inputs.

    Raises:
        StaleGraphError: the node, or a local derivative, is not what its operation gives for the data of its inputs.
    """
    inputs = node._prev
    if not inputs:
        return []
    data = [x._data for x in inputs]
    value = real(node._operation.value(FLOATS, *data))
    slopes = node._operation.slopes(FLOATS, value, *data)
    for now, then in zip((value, *slopes), (node._data, *node._slopes), strict=True):
        if now != then and (now == now or then == then):  # nan is not another number than nan
            raise StaleGraphError(
                f"{node!r} was computed by {node._operation.name} from other numbers than {data}: .data was assigned since the graph "
                "was built. Build the graph again, then differentiate."
            )
    return node._operation.slopes(GRAPHS, node, *inputs)


def _backward_on_graphs(root: Value) -> None:
    """What ``root.backward(create_graph=True)`` does: the `.grad` of each leaf becomes a Value."""
    order = cast("list[Value]", topological_order(root))
    leaves = [node for node in order if node._operation is LEAF or owner_of(node) is not None]
    with enable_grad():
        for leaf, gradient in zip(leaves, derivatives(root, leaves), strict=True):
            before = leaf.grad
            total = gradient if isinstance(before, float) and before == 0.0 else before + gradient
            leaf.grad = _number(total)
            leaf._extras().gradient = total if isinstance(total, Value) else Value(total, CONSTANT)


STATE.differentiate = _backward_on_graphs
