"""Record: the graph behind some Values as flat rows, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF, SUM, Operation
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


def record(roots: Sequence[Value], varying: Collection[Value] = (), heard: Recording | None = None) -> Tape:
    """The graph behind the roots as a Tape.

    Args:
        roots: the results that are wanted.
        varying: the leaves that differ from sample to sample.
        heard: what else is known of the function that was recorded.
    """
    heard = heard or Recording()
    nodes = _order([*roots, *heard.masks.values()]) if heard.masks else _order(roots)
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
        {row[node]: row[mask] for node, mask in _masks(nodes, roots, heard).items()} if heard.masks else {},
        frozenset(row[node] for node in heard.unchecked if node in row),
    )


def _masks(nodes: Sequence[Value], roots: Sequence[Value], heard: Recording) -> dict[Value, Value]:
    """The masks of nodes that nothing outside of their side of a `where` uses: what was made in one may be kept and used elsewhere."""

    def within(inner: Value | None, mask: Value) -> bool:
        while inner is not None and inner is not mask:
            inner = heard.outer.get(inner)
        return inner is not None

    kept = {node: mask for node, mask in heard.masks.items() if node._prev}
    for guard in heard.guards:
        if guard.node in kept and not within(guard.mask, kept[guard.node]):
            del kept[guard.node]
    checked = {guard.node for guard in heard.guards}
    for root in roots:
        if root not in checked:
            kept.pop(root, None)
    for node in reversed(nodes):  # users come before what they use
        sides = heard.sides.get(node)
        for k, x in enumerate(node._prev):
            mask = kept.get(x)
            if mask is not None and not within(kept.get(node), mask) and not (sides and k > 0 and within(sides[k - 1], mask)):
                del kept[x]
    known = set(nodes)
    return {node: mask for node, mask in kept.items() if node in known}


def _order(roots: Sequence[Value]) -> list[Value]:
    """Every node that the roots depend on, inputs first."""
    if len(roots) == 1:
        return cast("list[Value]", topological_order(roots[0]))
    above = node_of(SUM, list(roots), 0.0, [0.0] * len(roots))  # one walk, from a node above them all
    return cast("list[Value]", topological_order(above))[:-1]
