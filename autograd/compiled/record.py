"""Record: the graph behind some Values as flat rows, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF, SUM, Operation
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
        unchecked: the rows whose operation may leave its domain.
        masks: for some rows a row that is 1 where this one is wanted and 0 where a `where` has selected its other side.
    """

    nodes: list[Value]
    operations: list[Operation]
    inputs: list[tuple[int, ...]]
    results: list[int]
    batched: list[bool]
    masks: dict[int, int]
    unchecked: frozenset[int]

    def leaves(self) -> list[int]:
        """The rows that are read anew at every run."""
        return [i for i, operation in enumerate(self.operations) if operation is LEAF]

    def constants(self) -> list[int]:
        """The rows whose number is frozen."""
        return [i for i, operation in enumerate(self.operations) if operation is CONSTANT]

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


def record(
    roots: Sequence[Value], varying: Collection[Value] = (), masks: Mapping[Value, Value] | None = None, unchecked: Collection[Value] = ()
) -> Tape:
    """The graph behind the roots as a Tape.

    Args:
        roots: the results that are wanted.
        varying: the leaves that differ from sample to sample.
        masks: see `Tape`; those of nodes that no root depends on do not matter.
        unchecked: see `Tape`.
    """
    masks = masks or {}
    nodes = _order([*roots, *masks.values()]) if masks else _order(roots)
    row = {node: i for i, node in enumerate(nodes)}
    inputs = [tuple([row[x] for x in node._prev]) for node in nodes]
    batched = [node in varying for node in nodes]
    for i, sources in enumerate(inputs):
        batched[i] = batched[i] or any(batched[x] for x in sources)
    return Tape(
        nodes,
        [node._operation for node in nodes],
        inputs,
        [row[root] for root in roots],
        batched,
        {row[node]: row[mask] for node, mask in masks.items() if node in row and node._prev},
        frozenset(row[node] for node in unchecked if node in row),
    )


def _order(roots: Sequence[Value]) -> list[Value]:
    """Every node that the roots depend on, inputs first."""
    if len(roots) == 1:
        return cast("list[Value]", topological_order(roots[0]))
    above = node_of(SUM, list(roots), 0.0, [0.0] * len(roots))  # one walk, from a node above them all
    return cast("list[Value]", topological_order(above))[:-1]
