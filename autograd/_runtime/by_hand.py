"""Nodes made by hand, as in micrograd: ``out = Value(t, (x,), "tanh")``, and then ``out._backward = …``.

Such a node has no local derivatives, and its operation no rules: `backward` calls the function that was assigned, which adds to the
gradients of the inputs. What needs a rule, such as a second derivative or `compile`, is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CellType, FunctionType
from typing import Any, cast

from autograd._runtime.coercion import label_of
from autograd._runtime.messages import construction_refused, described, without_rules
from autograd._runtime.state import STATE, is_recorded
from autograd._runtime.temporary import afterwards
from autograd.errors import CompileError, InputError
from autograd.graph import Extra, Node
from autograd.ops import LEAF, Operation


def made_by_hand(data: object, children: object, symbol: object, label: object) -> tuple[Operation, Extra | None]:
    """The operation and the inputs of a Value that was made with micrograd's arguments.

    Raises:
        InputError: they are not a sequence or set of Values, and strings; or there is an operation without inputs.
        CompileError: a function is being recorded.
    """
    children = () if children is None else children
    symbol = "" if symbol is LEAF else symbol
    if not isinstance(children, (tuple, list, set, frozenset)):
        raise construction_refused(data, children)
    wrong = [x for x in children if not isinstance(x, Node)]
    if wrong or not isinstance(symbol, str) or (symbol and not children):
        raise construction_refused(data, wrong[0] if wrong else symbol)
    inputs: list[Node] = [*children]
    extra = Extra(inputs)
    if label is not None:
        extra.label = label_of(label)
    if not inputs:
        return LEAF, extra if extra.label else None
    if is_recorded():
        error = CompileError(without_rules(f"Value({data!r}, …, {symbol!r})", "compiled"))
        raise STATE.hooks.refused(inputs[0], error) if STATE.traced else error
    extra.own = _missing
    return operation_by_hand(symbol), extra


@lru_cache(maxsize=256)
def operation_by_hand(symbol: str) -> Operation:
    """The operation of all nodes that were made by hand with this symbol. It is not in the table."""

    def rule(*_: object) -> Any:
        raise InputError(without_rules(f"an operation {symbol!r}", "evaluated"))

    return Operation(symbol or "f", symbol, rule, (rule,), None, by_hand=True)


def assigned_backward(node: Node, function: object) -> None:
    """``node._backward = function``.

    Raises:
        InputError: it cannot be called, or the node was not made by hand.
    """
    extra = node._extra
    if not callable(function):
        raise InputError(f"_backward is a function of no arguments, not {function!r}")
    if extra is None or extra.own is None:
        if node._inputs:
            why = f"comes from the operation {node._operation.symbol!r}, which passes its gradient on"
            advice = f"A node with a function of its own is made as Value(data, (a, b), {node._operation.symbol!r})"
        else:
            why = "has no inputs that its gradient could be passed on to"
            advice = 'A node is made with its inputs, as in Value(data, (a, b), "op")'
        raise InputError(f"the _backward of {described(node)} cannot be assigned: it {why}. {advice}")
    if extra.own is not silent:
        extra.own = Own(node, cast("Callable[[], object]", function))


def _missing(node: Node) -> None:
    """In place of a function that was not assigned yet. That of micrograd does nothing: the inputs get no gradient, without a word."""
    raise InputError(
        f"{described(node)} was made by hand, as {node._operation.symbol!r}, and has no _backward: assign a function that adds to the "
        "gradients of its inputs, or lambda: None where there is none to add"
    )


def silent(node: Node) -> None:
    """In place of the function of a node that was made by hand within `no_grad`: it is a constant, whatever is assigned."""


class Own:
    """The function that was assigned to the `_backward` of a node, to be called with the node.

    The closure of such a function holds the node itself (``out.grad``). The cyclic garbage collector does not see Values, so the two would
    keep each other alive. Therefore the function is kept without the node, which is put into its closure for each call.

    Whatever else refers to the node and is kept by the function keeps both alive: a bound method, a `partial`, a default argument, as in
    ``lambda out=out: …``, a container that holds the node, or a node that was computed from it.

    Args:
        node: the node.
        function: what was assigned.
    """

    __slots__ = ("_cells", "_function")

    def __init__(self, node: Node, function: Callable[[], object]) -> None:
        closure = (function.__closure__ or ()) if isinstance(function, FunctionType) else ()
        self._cells: list[CellType | None] = [None if _content(cell) is node else cell for cell in closure]
        self._function = function if None not in self._cells else _with_cells(cast(FunctionType, function), [CellType() for _ in closure])

    def __call__(self, node: Node) -> None:
        """Call it."""
        if None in self._cells:
            own = CellType(node)
            _with_cells(cast(FunctionType, self._function), [own if cell is None else cell for cell in self._cells])()
        else:
            self._function()

    @property
    def nodes(self) -> list[Node]:
        """The other nodes that the closure holds."""
        return [x for cell in self._cells if cell is not None and isinstance(x := _content(cell), Node)]


def slopes_by_hand(node: Node) -> tuple[float, ...]:
    """The local derivatives of a node that was made by hand: what its function adds, if its gradient is 1 and those of its inputs are 0.

    An input that occurs several times has the sum at its first place, and 0 at the others.
    """
    extra, inputs = node._extras(), node._inputs
    touched = [node, *inputs, *(extra.own.nodes if isinstance(extra.own, Own) else [])]
    before = [(x, x._grad, None if x._extra is None else x._extra.gradient) for x in touched]
    with afterwards(lambda: _give_back(before)):
        for x in touched:
            _set_gradient(x, 0.0, None)
        node._grad = 1.0
        node._pass_on()
        return tuple([0.0 if any(x is y for y in inputs[:i]) else x._grad for i, x in enumerate(inputs)])


def _with_cells(function: FunctionType, cells: list[CellType]) -> FunctionType:
    """The function with another closure."""
    new = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells))
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _give_back(gradients: list[tuple[Node, float, object]]) -> None:
    for node, number, graph in gradients:
        _set_gradient(node, number, graph)


def _set_gradient(node: Node, number: float, graph: object) -> None:
    node._grad = number
    if node._extra is not None:
        node._extra.gradient = graph
