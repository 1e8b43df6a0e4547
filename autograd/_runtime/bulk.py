"""Many Values at once: their numbers, gradients and inputs, and the comparison of two graphs. Compiled, so that no element is a call."""

from __future__ import annotations

from typing import Any, Final

from autograd import ops
from autograd.graph import Node
from autograd.value import Value

LEAF: Final = ops.LEAF
CONSTANT: Final = ops.CONSTANT


def inputs_by(number: dict[Any, int], nodes: list[Node]) -> list[tuple[int, ...]]:
    """For each node the row numbers of its inputs, in order, with repetitions: for `a * a` twice that of `a`."""
    numbered: list[tuple[int, ...]] = []
    for node in nodes:
        left, right, extra = node._left, node._right, node._extra
        if left is None:
            numbered.append(() if extra is None else tuple([number[x] for x in extra.left + extra.right]))
        elif right is None:
            numbered.append((number[left],))
        else:
            numbered.append((number[left], number[right]))
    return numbered


def are_values(items: list[Any]) -> bool:
    """Whether all items are Values."""
    for x in items:  # noqa: SIM110 - mypyc compiles it; all() would call Python for each
        if type(x) is not Value:
            return False
    return True


def leaves_of(nodes: list[Value]) -> list[Value]:
    """The leaves among some Values."""
    return [node for node in nodes if node._operation is LEAF]


def numbers_of(nodes: list[Value]) -> list[float]:
    """The numbers of some Values."""
    return [node._data for node in nodes]


def set_numbers(nodes: list[Value], numbers: list[float]) -> None:
    """Assign the `.data` of some Values."""
    for node, number in zip(nodes, numbers):  # noqa: B905 - with strict=, mypyc calls Python's slower zip
        node._data = number


def gradients_of(nodes: list[Value]) -> list[Any]:
    """The gradients of some Values."""
    return [node.grad for node in nodes]


def set_gradients(nodes: list[Value], gradients: list[float]) -> None:
    """Assign the `.grad` of some Values."""
    for node, gradient in zip(nodes, gradients):  # noqa: B905
        node.grad = gradient


def add_gradients(nodes: list[Value], gradients: list[float]) -> None:
    """Add to the gradients of some Values, as `backward` does: to all, or after an interrupt to none."""
    before = [node._grad for node in nodes]
    try:
        for node, gradient in zip(nodes, gradients):  # noqa: B905
            node._grad += gradient
            if node._extra is not None:
                node._extra.gradient = None
    except BaseException:
        for node, number in zip(nodes, before):  # noqa: B905
            node._grad = number
        raise


def _same_input(ours: Node | None, theirs: Node | None) -> bool:
    """Whether both are at the same position of the graphs that `first_difference` compares, or both are none."""
    if ours is None or theirs is None:
        return ours is theirs
    return ours._mark == theirs._mark


def first_difference(ours: list[Value], theirs: list[Value], known: dict[int, Value], shared: list[Value]) -> int:
    """The first position at which two graphs differ in an operation, a constant or an input; -1 where they are the same.

    Args:
        ours, theirs: the nodes of each graph, in topological order.
        known: the leaf of theirs that stands for one of ours, by the `id` of ours; another leaf stands for itself.
        shared: receives the nodes, other than leaves, that are the same object in both.
    """
    n = min(len(ours), len(theirs))
    for nodes in (ours, theirs):
        for i in range(n):
            nodes[i]._mark = -1 - i  # a number of this comparison: the mark of no walk is negative
    for i in range(n):
        a = ours[i]
        b = theirs[i]
        if a is b:
            if a._operation is not LEAF:
                shared.append(a)
            elif known.get(id(a), a) is not b:  # a leaf that only the first run used
                return i
            continue
        if a._operation is not b._operation and not a._operation.is_same(b._operation):
            return i
        if not _same_input(a._left, b._left) or not _same_input(a._right, b._right):
            return i
        extra, more = a._extra, b._extra
        if a._left is None and (extra is not None or more is not None):
            inputs = [] if extra is None else extra.left + extra.right
            others = [] if more is None else more.left + more.right
            if len(inputs) != len(others):
                return i
            for x, y in zip(inputs, others):  # noqa: B905
                if x._mark != y._mark:
                    return i
        if a._operation is LEAF:
            if known.get(id(a)) is not b:
                return i
        elif a._operation is CONSTANT and (a._data != b._data or a._data == 0.0) and a._data.hex() != b._data.hex():
            return i
    return -1 if len(ours) == len(theirs) else n
