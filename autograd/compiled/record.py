"""Record: the graph behind some Values as flat rows, in an order in which they can be computed."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt

from autograd.graph import Node, inputs_by, topological_order
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
        masks: for some rows a row that is 1 where this one is wanted and 0 where a `where` has selected its other side.
        excused: those of them for which it is no error there to leave a domain.
        unchecked: the rows whose operation may leave its domain.
    """

    nodes: list[Value]
    operations: list[Operation]
    inputs: list[tuple[int, ...]]
    results: list[int]
    batched: list[bool]
    masks: dict[int, int]
    excused: frozenset[int]
    unchecked: frozenset[int]

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


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without Python's cyclic garbage collector, which takes a third of the time in which a program is made: it makes no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def record(roots: Sequence[Value], varying: Collection[Value] = (), heard: Recording | None = None) -> Tape:
    """The graph behind the roots as a Tape.

    Args:
        roots: the results that are wanted.
        varying: the leaves that differ from sample to sample.
        heard: what else is known of the function that was recorded, and is being recorded still.
    """
    nodes = _order(roots)
    operations = [node._operation for node in nodes]
    masks, excused = _masks(nodes, roots, heard) if heard and SELECT in set(operations) else ({}, set())
    if masks:
        nodes = _order([*roots, *dict.fromkeys(masks.values())])
        operations = [node._operation for node in nodes]
    row = {node: i for i, node in enumerate(nodes)}
    inputs = inputs_by(row, cast("list[Node]", nodes))
    batched = [False] * len(nodes)
    if varying:
        for i, (node, sources) in enumerate(zip(nodes, inputs, strict=True)):
            batched[i] = node in varying or True in [batched[x] for x in sources]
    return Tape(
        nodes,
        operations,
        inputs,
        [row[root] for root in roots],
        batched,
        {row[node]: row[mask] for node, mask in masks.items()},
        frozenset(row[node] for node in excused),
        frozenset(row[node] for node in (heard.unchecked if heard else ()) if node in row),
    )


def _masks(nodes: Sequence[Value], roots: Sequence[Value], heard: Recording) -> tuple[dict[Value, Value], set[Value]]:
    """The masks of nodes that only one side of a `where` uses; and those of them that were made there too, where errors are none."""
    asked: dict[Value, Value | None] = {guard.node: guard.mask for guard in reversed(heard.guards)}
    for guard in heard.guards:
        asked[guard.node] = asked[guard.node] if asked[guard.node] is guard.mask else None
    wanted = {**asked, **dict.fromkeys([root for root in roots if root not in asked])}
    masks: dict[Value, Value] = {}
    excused: set[Value] = set()
    for node, use in heard.uses(nodes, wanted).items():
        if use is None or not node._prev or node._operation in (SELECT, *COMPARISONS):
            continue
        made = heard.masks.get(node)
        if made is None or not heard.within(use, made):
            masks[node] = use
        else:  # of two sides within each other, the outer one decides about errors
            masks[node] = made if node._operation.domain or node._operation.pole else use
            excused.add(node)
    return masks, excused


def _order(roots: Sequence[Value]) -> list[Value]:
    """Every node that the roots depend on, inputs first."""
    if len(roots) == 1:
        return cast("list[Value]", topological_order(roots[0]))
    above = node_of(SUM, list(roots), 0.0, [0.0] * len(roots))  # one walk, from a node above them all
    return cast("list[Value]", topological_order(above))[:-1]
