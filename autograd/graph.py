"""The graph and the chain rule: nodes with inputs, local derivatives and a gradient; their topological order; the backward pass.

For y = f(a, b), a gradient of the result r comes to a and b through y:

    ∂r/∂a  +=  ∂y/∂a · ∂r/∂y        slope times gradient, for each input of each node,
    ∂r/∂b  +=  ∂y/∂b · ∂r/∂y        the result first, every node before its inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from typing import Final, final

from autograd import ops
from autograd._runtime.mypyc_shim import mypyc_attr
from autograd.ops import Operation

LEAF: Final = ops.LEAF
NO_NODES: Final[list[Node]] = []  # never added to
NO_NUMBERS: Final[list[float]] = []
_generations = count(1)  # next() on it is atomic, so two threads never draw the same number


@mypyc_attr(acyclic=True)
class Node:
    """A number, the operation and the inputs it was computed from, the derivative with respect to each input, and a gradient.

    One or two inputs stand in slots, more of them in lists: a node without containers is invisible to Python's cyclic garbage collector,
    whose visits would cost more than the arithmetic. The graph has no cycles, since inputs exist before what is computed from them.

    Attributes:
        _data, _operation: the number, and the row of the op table that it was computed by: LEAF or CONSTANT for none.
        _left, _right, _dleft, _dright: the inputs, None where there are fewer, and the local derivatives with respect to them.
        _grad: the derivative of the node that `backward` was called on with respect to this one; for a leaf, summed over calls.
        _extra, _mark: what few nodes have; how far the latest walk has come with this one.
    """

    __slots__ = ("_data", "_dleft", "_dright", "_extra", "_grad", "_left", "_mark", "_operation", "_right")

    def __init__(
        self, data: float, operation: Operation, left: Node | None, right: Node | None, dleft: float, dright: float, extra: Extra | None
    ) -> None:
        self._data, self._operation, self._extra = data, operation, extra
        self._left, self._right = left, right
        self._dleft, self._dright = dleft, dright
        self._grad, self._mark = 0.0, 0

    @property
    def _inputs(self) -> tuple[Node, ...]:
        """The inputs in order, with repetitions: those of `a * a` are `(a, a)`."""
        if self._left is None:
            return () if self._extra is None else tuple(self._extra.left + self._extra.right)
        return (self._left,) if self._right is None else (self._left, self._right)

    def _extras(self) -> Extra:
        if self._extra is None:
            self._extra = Extra()
        return self._extra

    def _pass_on(self) -> None:
        """Add this node's gradient, times the local derivative, to each of its inputs."""
        grad = self._grad
        left, right, extra = self._left, self._right, self._extra
        if left is not None:
            part = self._dleft * grad
            left._grad += part if part == part else self._selected(self._dleft)
        if right is not None:
            part = self._dright * grad
            right._grad += part if part == part else self._selected(self._dright)
        if extra is not None:
            for x, slope in zip(extra.left, extra.dleft):  # noqa: B905 - with strict=, mypyc calls Python's slower zip
                part = slope * grad
                x._grad += part if part == part else self._selected(slope)
            for x, slope in zip(extra.right, extra.dright):  # noqa: B905
                part = slope * grad
                x._grad += part if part == part else self._selected(slope)
            if extra.own is not None:
                extra.own(self)

    def _selected(self, slope: float) -> float:
        """The product slope · gradient where it is nan: 0 if the slope of 0 means that the input was not selected (`Operation.selects`)."""
        return 0.0 if slope == 0.0 and self._operation.selects else math.nan


@final
@mypyc_attr(acyclic=True)
class Extra:
    """The attributes that few nodes have, in an object of their own, so that other nodes are smaller.

    Attributes:
        left, right: the inputs of a node that has more than two: all on the left, or the two sides of a dot. Nodes may share a list.
        dleft, dright: the local derivatives with respect to them; none for a node that was made by hand.
        own: what passes on the gradient of such a node, instead; see `_runtime/by_hand`.
        label: a name for pictures and messages.
        scope: the names of the `scope` contexts in which it was made, such as "layer0/neuron2".
        line: the line that made it, within `detect_anomaly`.
        attributes: those of the user's own, by name; see `_runtime/attributes`.
        gradient: its gradient as a Value, after ``backward(create_graph=True)``.
    """

    __slots__ = ("attributes", "dleft", "dright", "gradient", "label", "left", "line", "own", "right", "scope")

    def __init__(
        self, left: list[Node] = NO_NODES, dleft: list[float] = NO_NUMBERS, right: list[Node] = NO_NODES, dright: list[float] = NO_NUMBERS
    ) -> None:
        self.left, self.right = left, right
        self.dleft, self.dright = dleft, dright
        self.label = self.scope = self.line = ""
        self.gradient: object = None
        self.attributes: dict[str, object] | None = None
        self.own: Callable[[Node], None] | None = None


def topological_order(root: Node) -> list[Node]:
    """Every node on which `root` depends, inputs first and `root` last.

    The walk is depth-first and iterative, so that only memory limits the depth; the same graph always gives the same order. Each walk uses
    higher marks than all walks before, so that marks need not be reset, even if a walk is interrupted.

    Source: Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", section on topological sort.
    """
    entered = 2 * next(_generations)
    done = entered + 1
    order: list[Node] = []
    stack = [root]
    while stack:
        node = stack[-1]
        if node._mark < entered:
            node._mark = entered
            left, right, extra = node._left, node._right, node._extra
            if extra is not None:
                for side in (extra.right, extra.left):
                    for x in reversed(side):
                        if x._mark < entered:
                            stack.append(x)
            if right is not None and right._mark < entered:
                stack.append(right)
            if left is not None and left._mark < entered:
                stack.append(left)
            if stack[-1] is not node:
                continue
        stack.pop()
        if node._mark < done:
            node._mark = done
            order.append(node)
    return order


def backward(root: Node, check: Callable[[Node], None] | None = None) -> None:
    """The chain rule, from `root` to the leaves, whose gradients add up; all others start from 0. `check` is called after each node."""
    order = topological_order(root)
    leaves = [node for node in order if node._operation is LEAF]
    before = [leaf._grad for leaf in leaves]
    for node in order:
        if node._operation is not LEAF:
            node._grad = 0.0
        elif node._extra is not None:
            node._extra.gradient = None
    try:
        root._grad += 1.0
        for node in reversed(order):
            node._pass_on()
            if check is not None:
                check(node)
    except BaseException:  # Ctrl-C above all: the leaves are as they were
        for leaf, gradient in zip(leaves, before):  # noqa: B905
            leaf._grad = gradient
        raise
