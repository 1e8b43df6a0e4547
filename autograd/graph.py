"""The graph: nodes that know their inputs, and the order in which the chain rule visits them."""

from __future__ import annotations

from itertools import count

from autograd.native import mypyc_attr

_generations = count(1)  # next() on it is atomic, so two threads never draw the same number


@mypyc_attr(acyclic=True)
class Inputs:
    """The inputs of a node that has more than two, and the local derivative with respect to each."""

    __slots__ = ("nodes", "slopes")

    def __init__(self, nodes: list[Node], slopes: list[float]) -> None:
        self.nodes: list[Node] = nodes
        self.slopes: list[float] = slopes


@mypyc_attr(acyclic=True)
class Node:
    """What the graph knows of a value: the nodes it was computed from. One or two stand in slots, more in a list.

    There are slots and no containers because a node that Python's cyclic garbage collector visits costs several times the
    arithmetic it stands for; and a graph can have no cycle, since inputs exist before what is computed from them.
    """

    __slots__ = ("_left", "_many", "_mark", "_right")

    _left: Node | None
    _right: Node | None
    _many: Inputs | None
    _mark: int


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
            many = node._many
            if many is not None:
                for i in range(len(many.nodes) - 1, -1, -1):
                    if many.nodes[i]._mark < entered:
                        stack.append(many.nodes[i])
            right = node._right
            if right is not None and right._mark < entered:
                stack.append(right)
            left = node._left
            if left is not None and left._mark < entered:
                stack.append(left)
        else:
            stack.pop()
            if node._mark < done:
                node._mark = done
                order.append(node)
    return order
