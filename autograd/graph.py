"""The graph: nodes that know their inputs, and the order in which the chain rule visits them."""

from __future__ import annotations

from itertools import count
from typing import Any, Final, final

from autograd.native import mypyc_attr

NO_NODES: Final[list[Node]] = []  # never added to
NO_NUMBERS: Final[list[float]] = []
_generations = count(1)  # next() on it is atomic, so two threads never draw the same number


@mypyc_attr(acyclic=True)
class Node:
    """What the graph knows of a value: the nodes it was computed from. One or two stand in slots, more in lists.

    There are slots and no containers because a node that Python's cyclic garbage collector visits costs several times the
    arithmetic it stands for; and a graph can have no cycle, since inputs exist before what is computed from them.
    """

    __slots__ = ("_extra", "_left", "_mark", "_right")

    _left: Node | None
    _right: Node | None
    _extra: Extra | None
    _mark: int


@final
@mypyc_attr(acyclic=True)
class Extra:
    """What few nodes have, kept out of all the others, which are an eighth smaller and so much faster for it.

    Attributes:
        left, right: the inputs of a node that has more than two: all on the left, or the two sides of a dot. A list may be that of
            many nodes: the neurons of a layer share what they know of its inputs.
        dleft, dright: the local derivatives with respect to them.
        label: a name for pictures and messages.
        scope: the names of the `scope` contexts it was made in, as "layer0/neuron2".
        line: where it was made, under `detect_anomaly`.
        gradient: its gradient as a Value, after ``backward(create_graph=True)``.
    """

    __slots__ = ("dleft", "dright", "gradient", "label", "left", "line", "right", "scope")

    def __init__(
        self,
        left: list[Node] = NO_NODES,
        dleft: list[float] = NO_NUMBERS,
        right: list[Node] = NO_NODES,
        dright: list[float] = NO_NUMBERS,
    ) -> None:
        self.left: list[Node] = left
        self.dleft: list[float] = dleft
        self.right: list[Node] = right
        self.dright: list[float] = dright
        self.label: str = ""
        self.scope: str = ""
        self.line: str = ""
        self.gradient: object = None

    def drop_inputs(self) -> None:
        """As for a constant."""
        self.left = self.right = NO_NODES
        self.dleft = self.dright = NO_NUMBERS


def topological_order(root: Node) -> list[Node]:
    """Every node that `root` depends on, inputs before what is computed from them, `root` last.

    Depth-first and iterative, so depth is limited by memory only; always the same order for the same graph. A node's
    mark says how far this walk has come with it. Each walk has marks of its own, higher than all before, so that nothing
    needs to be reset, also when a walk is interrupted.

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
            extra = node._extra
            if extra is not None:
                for side in (extra.right, extra.left):
                    for x in reversed(side):
                        if x._mark < entered:
                            stack.append(x)
            right = node._right
            if right is not None and right._mark < entered:
                stack.append(right)
            left = node._left
            if left is not None and left._mark < entered:
                stack.append(left)
            if stack[-1] is not node:
                continue
        stack.pop()
        if node._mark < done:
            node._mark = done
            order.append(node)
    return order


def inputs_by(number: dict[Any, int], nodes: list[Node]) -> list[tuple[int, ...]]:
    """The inputs of each node by their numbers, in order, with multiplicity: of `a * a` twice that of `a`."""
    found: list[tuple[int, ...]] = []
    for node in nodes:
        left, right, extra = node._left, node._right, node._extra
        if left is None:
            found.append(() if extra is None else tuple([number[x] for x in extra.left + extra.right]))
        elif right is None:
            found.append((number[left],))
        else:
            found.append((number[left], number[right]))
    return found
