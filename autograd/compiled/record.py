"""Record: the graph behind a Value as flat rows, in an order in which they can be computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF, Operation
from autograd.value import Value, apply


@dataclass(frozen=True)
class Tape:
    """A recorded graph. Row `i` computes `operations[i]` of the rows `inputs[i]`, all of which come before it; the last is the result.

    Attributes:
        nodes: the Value each row was recorded from.
        operations: the operation of each row; LEAF and CONSTANT rows have no inputs.
        inputs: row numbers, in order, with multiplicity.
    """

    nodes: list[Value]
    operations: list[Operation]
    inputs: list[tuple[int, ...]]

    def leaves(self) -> list[int]:
        """The rows that are read anew at every run."""
        return [i for i, operation in enumerate(self.operations) if operation is LEAF]

    def constants(self) -> list[int]:
        """The rows whose number is frozen."""
        return [i for i, operation in enumerate(self.operations) if operation is CONSTANT]

    def replay(self) -> Value:
        """Compute the graph again, eagerly, from the data that the leaves have now: for the error that eager code would raise."""
        fresh: list[Value] = []
        for node, operation, inputs in zip(self.nodes, self.operations, self.inputs, strict=True):
            if inputs:
                again = apply(operation, [fresh[i] for i in inputs])
                again.label = node.label
                fresh.append(again)
            else:
                fresh.append(node)
        return fresh[-1]


def record(root: Value) -> Tape:
    """The graph behind `root` as a Tape."""
    nodes = cast("list[Value]", topological_order(root))
    row = {node: i for i, node in enumerate(nodes)}
    return Tape(nodes, [node._operation for node in nodes], [tuple([row[x] for x in node._prev]) for node in nodes])
