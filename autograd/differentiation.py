"""How derivatives are computed: the numbers in the graph where numbers are wanted, the rules evaluated on Values where graphs are."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Any, TypeVar, cast

from autograd._runtime.coercion import number_of, real
from autograd._runtime.messages import without_rules
from autograd._runtime.state import RECORDING, STATE
from autograd._runtime.temporary import During, Temporary
from autograd.conditions import Condition, differentiated, sides_of
from autograd.contexts import Assigned, enable_grad, gradient_check
from autograd.errors import InputError, StaleGraphError
from autograd.functions import GRAPHS
from autograd.graph import Node, backward, topological_order
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, LEAF, SELECT, product
from autograd.recording import recorder
from autograd.tracing import owner_of
from autograd.trees import flatten
from autograd.value import Value

Tree = TypeVar("Tree")

Replaced = tuple[list[Any], list[Value], Callable[[list[Any]], Any]]
"""The arguments with fresh variables in place of the chosen ones, the variables, and how to give derivatives their form."""


def variables_of(args: Sequence[Any], argnums: int | tuple[int, ...]) -> During[Replaced]:
    """Within it, a function is called with `Replaced` arguments.

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
            # a fresh node, to separate the derivative with respect to this use of a Value from that with respect to others
            fresh = [+x if isinstance(x, Value) else Value(real(x)) for x in leaves]
            replaced[i] = build(fresh)
            self._variables += fresh
            self._pieces.append((len(fresh), build))
        return replaced, self._variables, self._restore

    def undo(self) -> None:
        """See `Temporary`. Variables that were made of numbers become constants, for a transform around this one."""
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
        raise InputError(f"argnums must be a whole number or a tuple of them, not {argnums!r}") from None
    if any(not -len(args) <= i < len(args) for i in chosen):
        raise InputError(f"argnums={argnums!r} does not fit a call with {len(args)} positional arguments")
    if len({i % len(args) for i in chosen}) != len(chosen):
        raise InputError(f"argnums={argnums!r} names an argument twice")
    return chosen


def detached(tree: Tree) -> Tree:
    """The result of a transform. Within `no_grad` its Values have no history, like those of every other function."""
    if not STATE.paused or RECORDING.get():
        return tree
    leaves, build = flatten(tree)
    return cast(Tree, build([+x if isinstance(x, Value) else x for x in leaves]))


def need_one_number(result: Any) -> None:
    """
    Raises:
        InputError: the result of a function that is to have a gradient is a sequence or a dict.
    """
    if isinstance(result, (list, tuple, dict)) or getattr(result, "ndim", False):
        raise InputError(f"a gradient is that of a function which returns one number, not {type(result).__name__}: use jacobian or vjp")


def outputs_of(result: Any) -> tuple[list[Any], Any]:
    """The numbers of a result, and what puts others in their places.

    Raises:
        InputError: the result is None.
    """
    if result is None:
        raise InputError("the function returned None: it needs a `return`")
    return flatten(result)


def is_from_outside(outputs: list[Any], variables: list[Value]) -> bool:
    """Whether the outputs depend on a Value from outside, so that the derivatives must be Values too.

    Such a Value is a leaf, or a variable of a transform around this one.
    """
    own = set(map(id, variables))
    return any(
        (node._operation is LEAF or owner_of(node) is not None) and id(node) not in own
        for output in outputs
        if isinstance(output, Value)
        for node in cast("list[Value]", topological_order(output))
    )


def rows(outputs: list[Any], variables: list[Value], plain: bool) -> Iterator[list[Any]]:
    """The derivatives of each output with respect to the variables: as plain numbers, or as Values."""
    for output in outputs:
        if not isinstance(output, Value):
            real(output)  # raises unless it is a number
            yield [0.0] * len(variables)
        elif plain:
            for v in variables:
                v.grad = 0.0
            backward(output, gradient_check())
            yield [v._grad for v in variables]
        else:
            yield derivatives(output, variables)


def derivatives(result: Value, variables: Sequence[Value]) -> list[Any]:
    """The derivatives of a graph with respect to some of its nodes, as graphs: the chain rule, with the rules evaluated on Values.

    Raises:
        StaleGraphError: `.data` of a node was assigned since the graph was built, so that its stored numbers belong to another point than
            the rules would be evaluated at.
    """
    order = cast("list[Value]", topological_order(result))
    depends = _depending(order, variables)
    is_known = _is_recorded()
    sides = sides_of(order) if STATE.recorders else {}
    gradient: dict[int, Any] = {id(result): 1.0}  # by `id`: the hash of a Value is refused in a function that is differentiated
    for node in reversed(order):
        if id(node) not in gradient or id(node) not in depends:
            continue
        inputs = node._prev
        wanted = [id(x) in depends for x in inputs]
        rest = node, wanted, gradient[id(node)], is_known
        parts = differentiated(sides.get(node), partial(_parts_as_graphs, *rest)) if sides else _parts_as_graphs(*rest)
        for x, part in zip(compress(inputs, wanted), parts, strict=True):
            gradient[id(x)] = gradient[id(x)] + part if id(x) in gradient else part
    return [gradient.get(id(v), 0.0) for v in variables]


def push_forward(outputs: list[Any], variables: Sequence[Value], tangents: Sequence[Any], plain: bool) -> list[Any]:
    """The derivatives of the outputs in the direction of these tangents of the variables: the chain rule, from inputs to outputs."""
    return [own.get(0, 0.0) for own in push_forward_each(outputs, variables, [{0: tangent} for tangent in tangents], plain)]


def push_forward_each(
    outputs: list[Any], variables: Sequence[Value], tangents: Sequence[dict[int, Any]], plain: bool
) -> list[dict[int, Any]]:
    """The same in several directions at once: tangents and derivatives by the number of the direction, without those that are not there.

    A node that does not depend on a variable with a tangent has none, nor has one that did not select the input that has one. `moves` holds
    whether it has one, as a bool, or as a Condition while a function is recorded. Then, products of constants are computed at once: of the
    derivatives in many directions, most are products of ones and constants.
    """
    moved: dict[int, dict[int, Any]] = {id(v): tangent for v, tangent in zip(variables, tangents, strict=True)}
    moves: dict[int, dict[int, Any]] = {id(v): dict.fromkeys(tangent, True) for v, tangent in zip(variables, tangents, strict=True)}
    xp = FLOATS if plain else GRAPHS
    is_known = _is_recorded()
    folds = is_known and not plain
    for output in outputs:
        for node in cast("list[Value]", topological_order(output)) if isinstance(output, Value) else ():
            inputs, operation = node._prev, node._operation
            if id(node) in moved or operation.stops or not any(id(x) in moved for x in inputs):
                continue
            total: dict[int, Any] = {}
            where: dict[int, Any] = {}
            slopes = node._slopes if plain else _slopes_as_graphs(node, [id(x) in moved for x in inputs], is_known)
            if folds:
                slopes = [x._data if isinstance(x, Value) and x._operation is CONSTANT else x for x in slopes]
            for x, slope in zip(inputs, slopes, strict=True):
                if id(x) not in moved:
                    continue
                selected: Any = _is_not(xp.equal(slope, 0.0)) if operation.selects else True
                if selected is False:
                    continue
                for k, tangent in moved[id(x)].items():
                    own = moves[id(x)][k] if selected is True else moves[id(x)][k] & selected
                    is_slope = folds and type(tangent) is float and tangent == 1.0 and not operation.selects
                    part = slope if is_slope else product(operation, xp, slope, tangent)
                    part = part if own is True else own.select(part, 0.0)
                    total[k] = total[k] + part if k in total else part
                    where[k] = where[k] | own if k in where else own
            if total:
                moved[id(node)], moves[id(node)] = total, where
    return [moved.get(id(output), {}) if isinstance(output, Value) else {} for output in outputs]


def _is_not(truth: Any) -> Any:
    return ~truth if isinstance(truth, Condition) else not truth


def _depending(order: list[Value], variables: Sequence[Value]) -> set[int]:
    """The variables and the nodes that depend on them, by their `id`; a dependence through comparisons or `no_grad` does not count."""
    depends = set(map(id, variables))
    for node in order:
        if id(node) not in depends and not depends.isdisjoint(map(id, node._prev)) and not node._operation.stops:
            depends.add(id(node))
    return depends


def _is_recorded() -> bool:
    """Whether a function is being recorded. In it, `.data` of a node cannot be assigned."""
    return bool(STATE.recorders) and recorder() is not None


def _parts_as_graphs(node: Value, wanted: list[bool], upstream: Any, is_known: bool) -> list[Any]:
    """The parts of its gradient that a node passes on to the inputs that are wanted, as graphs."""
    if node._operation is SELECT:  # of the function that is being recorded
        condition = Condition(node._prev[0])
        sides = [(0.0, 0.0), (upstream, 0.0), (0.0, upstream)]
        return [condition.select(*side) for side in compress(sides, wanted)]
    operation = node._operation
    return [product(operation, GRAPHS, slope, upstream) for slope in compress(_slopes_as_graphs(node, wanted, is_known), wanted)]


def _slopes_as_graphs(node: Value, wanted: list[bool], is_known: bool) -> list[Any]:
    """The local derivatives of a node with respect to the inputs that are wanted, as graphs of its inputs; anything in place of the others.

    Args:
        node: the node.
        wanted: for each input, whether it is wanted.
        is_known: whether the numbers of the graph are certainly those with which it was built.

    Raises:
        InputError: it was made by hand.
        StaleGraphError: the node, or a local derivative, is not what its operation gives for the data of its inputs.
    """
    inputs, operation = node._prev, node._operation
    if not inputs:
        return []
    if operation.by_hand:
        raise InputError(without_rules(f"{node!r}, a {node._op!r},", "differentiated twice, or as a graph"))
    if not is_known:
        data = [x._data for x in inputs]
        value = real(operation.value(FLOATS, *data))
        slopes = operation.slopes(FLOATS, value, *data)
        for now, then in zip((value, *slopes), (node._data, *node._slopes), strict=True):
            if now != then and (now == now or then == then):  # nan counts as equal to nan
                raise StaleGraphError(
                    f"{node!r} was computed by {operation.name} from other numbers than {data}: .data was assigned since the graph "
                    "was built. Build the graph again, then differentiate."
                )
    if all(wanted):
        return operation.slopes(GRAPHS, node, *inputs)
    return operation.slopes_except([not own for own in wanted], GRAPHS, node, *inputs)


def backward_on_graphs(root: Node) -> None:
    """``root.backward(create_graph=True)``: the `.grad` of each leaf becomes a Value."""
    order = cast("list[Value]", topological_order(root))
    leaves = [node for node in order if node._operation is LEAF or owner_of(node) is not None]
    with enable_grad():
        for leaf, gradient in zip(leaves, derivatives(order[-1], leaves), strict=True):
            before = leaf.grad
            total = gradient if isinstance(before, float) and before == 0.0 else before + gradient
            leaf.grad = number_of(total)
            leaf._extras().gradient = total if isinstance(total, Value) else Value(total, None, CONSTANT)
