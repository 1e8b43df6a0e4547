"""Trace: the graph behind some Values as flat rows, inputs first, and which of the rows receive gradients and can raise errors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

import numpy as np

from autograd._runtime.bulk import inputs_by
from autograd._runtime.messages import described, without_rules
from autograd.compiled.stages import Tape
from autograd.compiled.written_loop import ELEMENT
from autograd.errors import CompileError
from autograd.graph import Node, topological_order
from autograd.ops import COMPARISONS, LEAF, SELECT, SUM, Operation
from autograd.recording import Recording
from autograd.value import Value, node_of


def trace(
    roots: Sequence[Value],
    varying: Collection[Value] = (),
    recording: Recording | None = None,
    differentiated: Sequence[Value] | None = None,
    fixed: Collection[Value] = (),
) -> Tape:
    """The graph behind the roots as a Tape.

    Args:
        roots: the results.
        varying: the leaves that differ from sample to sample.
        recording: the recording of the function, which is still open.
        differentiated: the roots from which the backward pass starts. None means all of them; empty means that there is no backward pass.
        fixed: computed nodes that become leaves of the tape: each run reads their present number.

    Raises:
        CompileError: a node was made by hand.
    """
    nodes = _up_to(fixed, roots)
    operations = [node._operation for node in nodes]
    masks: dict[Value, Value] = {}
    error_masks: dict[Value, Value] = {}
    if recording and any(operation.is_like(SELECT) for operation in set(operations)):
        masks, error_masks = _masks(nodes, roots, differentiated, recording)
    if masks:
        nodes = _up_to(fixed, [*roots, *dict.fromkeys([*masks.values(), *error_masks.values()])])
        operations = [node._operation for node in nodes]
    row = dict(zip(nodes, range(len(nodes)), strict=True))
    inputs = inputs_by(row, cast("list[Node]", nodes)) if not fixed else _inputs_up_to(fixed, row, nodes)
    operations = [LEAF if node in fixed else operation for node, operation in zip(nodes, operations, strict=True)] if fixed else operations
    if any(operation.by_hand for operation in set(operations)):
        node = next(node for node, operation in zip(nodes, operations, strict=True) if operation.by_hand)
        raise CompileError(without_rules(f"{described(node)}, a {node._op!r},", "compiled"))
    batched = [False] * len(nodes)
    for node in varying:
        if node in row:
            batched[row[node]] = True
    for i, sources in enumerate(inputs) if varying else ():
        if sources and not batched[i]:
            batched[i] = any(map(batched.__getitem__, sources))
    begin = [row[root] for root in (roots if differentiated is None else differentiated)]
    known = set(operations)
    stops = {operation for operation in known if operation.stops}
    is_partial = bool(stops) or differentiated is not None or ELEMENT in known
    return Tape(
        nodes,
        [operation.origin or operation for operation in operations] if stops else operations,
        inputs,
        [row[root] for root in roots],
        batched,
        {row[node]: row[mask] for node, mask in masks.items()},
        {row[node]: row[mask] for node, mask in error_masks.items()},
        frozenset(row[node] for node in (recording.unchecked if recording else ()) if node in row),
        _reached(begin, nodes, operations, inputs, stops) if begin and is_partial else [],
        np.arange(len(nodes)),
    )


def _reached(
    begin: list[int], nodes: Sequence[Value], operations: list[Operation], inputs: list[tuple[int, ...]], stops: set[Operation]
) -> list[bool]:
    """Which rows pass a gradient on to their inputs, if the backward pass starts from some rows and ends at some operations."""
    reached = [False] * len(operations)
    elements: dict[int, list[int]] = {}  # of each loop those that are reached
    for i in begin:
        reached[i] = True
    for i in range(len(operations) - 1, -1, -1):
        if not reached[i]:
            continue
        operation, sources = operations[i], inputs[i]
        if operation in stops:
            reached[i] = False
            continue
        if operation is ELEMENT:
            elements.setdefault(sources[0], []).append(int(nodes[sources[1]]._data))
        elif operation.loop is not None:
            sources = tuple([sources[k] for k in operation.loop.reached_by(elements[i])])
        for x in sources:
            reached[x] = True
    return reached


def _masks(
    nodes: Sequence[Value], roots: Sequence[Value], differentiated: Sequence[Value] | None, recording: Recording
) -> tuple[dict[Value, Value], dict[Value, Value]]:
    """Masks for nodes that only one side of a `where` uses: of their gradients, and of their errors if they were made in that side."""
    guarded: dict[Value, Value | None] = {guard.node: guard.mask for guard in reversed(recording.guards)}
    for guard in recording.guards:
        guarded[guard.node] = guarded[guard.node] if guarded[guard.node] is guard.mask else None
    everywhere = {**guarded, **dict.fromkeys([root for root in roots if root not in guarded])}
    gradients = recording.uses(nodes, dict.fromkeys(roots if differentiated is None else differentiated), backward=True)
    masks: dict[Value, Value] = {}
    error_masks: dict[Value, Value] = {}
    for node, use in recording.uses(nodes, everywhere, backward=False).items():
        if not node._prev or any(map(node._operation.is_like, (SELECT, *COMPARISONS))):
            continue
        comes_from = gradients.get(node, use)
        if comes_from is not None:
            masks[node] = comes_from
        made = recording.masks.get(node)
        if made is not None and use is not None and recording.within(use, made) and (node._operation.domain or node._operation.pole):
            error_masks[node] = made
    return masks, error_masks


def _up_to(fixed: Collection[Value], roots: Sequence[Value]) -> list[Value]:
    """The nodes behind the roots, inputs first, without those that only fixed nodes depend on."""
    nodes = order_of(roots)
    if not fixed:
        return nodes
    needed = set(roots)
    for node in reversed(nodes):
        if node in needed and node not in fixed:
            needed.update(node._prev)
    return [node for node in nodes if node in needed]


def _inputs_up_to(fixed: Collection[Value], row: dict[Value, int], nodes: list[Value]) -> list[tuple[int, ...]]:
    return [() if node in fixed else tuple([row[x] for x in node._prev]) for node in nodes]


def order_of(roots: Sequence[Value]) -> list[Value]:
    """Every node that the roots depend on, inputs first."""
    if len(roots) == 1:
        return cast("list[Value]", topological_order(roots[0]))
    above = node_of(SUM, list(roots), 0.0, [0.0] * len(roots))  # an auxiliary node with all roots as its inputs, so that one walk suffices
    return cast("list[Value]", topological_order(above))[:-1]
