"""Record: the graph behind some Values as flat rows, in an order in which they can be computed."""

from __future__ import annotations

import gc
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt

from autograd._runtime.bulk import inputs_by
from autograd._runtime.temporary import During, Temporary
from autograd.graph import Node, topological_order
from autograd.ops import COMPARISONS, CONSTANT, LEAF, SELECT, SUM, Operation
from autograd.recording import Recording
from autograd.value import Value, apply, node_of


@dataclass(frozen=True)
class Tape:
    """A recorded graph. Row `i` computes `operations[i]` of the rows `inputs[i]`, all of which come before it.

    Attributes:
        nodes: the Value each row was recorded from.
        operations: the operation of each row; LEAF and CONSTANT rows have no inputs.
        inputs: row numbers, in order, with multiplicity.
        results: the rows that are wanted.
        batched: for each row whether it differs from sample to sample.
        masks: for some rows a row that is 1 where a gradient comes to this one, and 0 where a `where` has selected its other side.
        excused: the same for errors: where it is 0, it is none to leave the domain.
        unchecked: the rows whose operation may leave its domain.
        reached: for each row whether the backward pass comes to it: not to what only conditions, auxiliary results or the results of
            `no_grad` are computed from. Empty where it comes to all of them.
    """

    nodes: list[Value]
    operations: list[Operation]
    inputs: list[tuple[int, ...]]
    results: list[int]
    batched: list[bool]
    masks: dict[int, int]
    excused: dict[int, int]
    unchecked: frozenset[int]
    reached: list[bool] = field(default_factory=list)

    def leaves(self) -> list[int]:
        """The rows that are read anew at every run."""
        return [i for i in np.flatnonzero(self.counts == 0).tolist() if self.operations[i] is LEAF]

    def constants(self) -> list[int]:
        """The rows whose number is frozen."""
        return [i for i in np.flatnonzero(self.counts == 0).tolist() if self.operations[i] is CONSTANT]

    def rows(self) -> dict[Value, int]:
        """The row of each node."""
        return {node: i for i, node in enumerate(self.nodes)}

    @cached_property
    def counts(self) -> npt.NDArray[np.intp]:
        """How many inputs each row has."""
        return np.array([len(inputs) for inputs in self.inputs], dtype=np.intp)

    def replay(self) -> None:
        """Compute the graph again, eagerly, from the data that the leaves have now: for the error that eager code would raise."""
        fresh: list[Value] = []
        for node, operation, inputs in zip(self.nodes, self.operations, self.inputs, strict=True):
            if inputs:
                again = apply(operation, [fresh[i] for i in inputs])
                again.label = node.label
                fresh.append(again)
            else:
                fresh.append(node)


class _CollectorPaused(Temporary[None]):
    def __init__(self) -> None:
        self._was_on = gc.isenabled()

    def do(self) -> None:
        """See `Temporary`."""
        gc.disable()

    def undo(self) -> None:
        """See `Temporary`."""
        if self._was_on:
            gc.enable()


def collector_paused() -> During[None]:
    """Without Python's cyclic garbage collector, which takes a third of the time in which a program is made: it makes no cycles."""
    return During(_CollectorPaused)


def record(
    roots: Sequence[Value],
    varying: Collection[Value] = (),
    heard: Recording | None = None,
    differentiated: Sequence[Value] | None = None,
    fixed: Collection[Value] = (),
) -> Tape:
    """The graph behind the roots as a Tape.

    Args:
        roots: the results that are wanted.
        varying: the leaves that differ from sample to sample.
        heard: what else is known of the function that was recorded, and is being recorded still.
        differentiated: those of the roots that the backward pass begins with; None for all, and none where there is none.
        fixed: computed nodes that are leaves of the tape: each run reads the number that they have.
    """
    nodes = _up_to(fixed, roots)
    operations = [node._operation for node in nodes]
    masks: dict[Value, Value] = {}
    excused: dict[Value, Value] = {}
    if heard and any(operation.is_like(SELECT) for operation in set(operations)):
        masks, excused = _masks(nodes, roots, differentiated, heard)
    if masks:
        nodes = _up_to(fixed, [*roots, *dict.fromkeys([*masks.values(), *excused.values()])])
        operations = [node._operation for node in nodes]
    row = {node: i for i, node in enumerate(nodes)}
    inputs = inputs_by(row, cast("list[Node]", nodes)) if not fixed else _inputs_up_to(fixed, row, nodes)
    operations = [LEAF if node in fixed else operation for node, operation in zip(nodes, operations, strict=True)] if fixed else operations
    batched = [False] * len(nodes)
    if varying:
        for i, (node, sources) in enumerate(zip(nodes, inputs, strict=True)):
            batched[i] = node in varying or True in [batched[x] for x in sources]
    begin = [row[root] for root in (roots if differentiated is None else differentiated)]
    stops = {operation for operation in set(operations) if operation.stops}
    return Tape(
        nodes,
        [operation.origin or operation for operation in operations] if stops else operations,
        inputs,
        [row[root] for root in roots],
        batched,
        {row[node]: row[mask] for node, mask in masks.items()},
        {row[node]: row[mask] for node, mask in excused.items()},
        frozenset(row[node] for node in (heard.unchecked if heard else ()) if node in row),
        _reached(begin, operations, inputs, stops) if begin and (stops or differentiated is not None) else [],
    )


def _reached(begin: list[int], operations: list[Operation], inputs: list[tuple[int, ...]], stops: set[Operation]) -> list[bool]:
    """Which rows pass a gradient on to their inputs, when the backward pass begins with some rows and ends at some operations."""
    reached = [False] * len(operations)
    for i in begin:
        reached[i] = True
    for i in range(len(operations) - 1, -1, -1):
        if not reached[i]:
            continue
        if operations[i] in stops:
            reached[i] = False
            continue
        for x in inputs[i]:
            reached[x] = True
    return reached


def _masks(
    nodes: Sequence[Value], roots: Sequence[Value], differentiated: Sequence[Value] | None, heard: Recording
) -> tuple[dict[Value, Value], dict[Value, Value]]:
    """The masks of nodes that only one side of a `where` uses: of their gradients, and of their errors, if they were made there too."""
    asked: dict[Value, Value | None] = {guard.node: guard.mask for guard in reversed(heard.guards)}
    for guard in heard.guards:
        asked[guard.node] = asked[guard.node] if asked[guard.node] is guard.mask else None
    everywhere = {**asked, **dict.fromkeys([root for root in roots if root not in asked])}
    gradients = heard.uses(nodes, dict.fromkeys(roots if differentiated is None else differentiated), backward=True)
    masks: dict[Value, Value] = {}
    excused: dict[Value, Value] = {}
    for node, use in heard.uses(nodes, everywhere, backward=False).items():
        if not node._prev or any(map(node._operation.is_like, (SELECT, *COMPARISONS))):
            continue
        comes_from = gradients.get(node, use)
        if comes_from is not None:
            masks[node] = comes_from
        made = heard.masks.get(node)
        if made is not None and use is not None and heard.within(use, made) and (node._operation.domain or node._operation.pole):
            excused[node] = made
    return masks, excused


def _up_to(fixed: Collection[Value], roots: Sequence[Value]) -> list[Value]:
    """The nodes behind the roots, inputs first, without what only the fixed ones are computed from."""
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
    above = node_of(SUM, list(roots), 0.0, [0.0] * len(roots))  # one walk, from a node above them all
    return cast("list[Value]", topological_order(above))[:-1]
