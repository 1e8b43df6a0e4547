"""The forms of a program between the passes, before there are instructions.

    Tape            the graph as flat rows, inputs first            made by `passes.trace`
    Sums            its rows, chains of additions as sums and dots  made by `passes.sums`
    Group, Block    rows that are computed together                 made by `passes.vectorise` and `passes.matmuls`

The last form is `ir.Code`, made by `passes.allocate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np

from autograd.compiled.ir import Instruction, Rows
from autograd.ops import CONSTANT, LEAF, Operation
from autograd.value import Value, apply


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
        excused: for some rows a row that is 0 where it is no error that this one leaves its domain.
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
    def counts(self) -> Rows:
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


Computed = tuple[int, Operation, tuple[int, ...]]
"""A row, the operation that computes it, and the rows it is computed from."""


@dataclass(frozen=True)
class Sums:
    """The rows of a tape that compute something, with chains of additions as sums and dots.

    Attributes:
        computed: these rows, in the order of the tape. Numbers from `len(tape.nodes)` on are dots that a sum of other terms contains.
        masks, batched, reached: as those of the tape, also for these dots.
    """

    computed: list[Computed]
    masks: dict[int, int]
    batched: list[bool]
    reached: list[bool]


# -- groups -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Rows that are computed by one instruction.

    Attributes:
        kind: of the instruction.
        operation: the row of the op table.
        shape: of the outputs: (k,), or (m, p) where they are a matrix.
        outputs: the rows they stand for, in that shape.
        operands: rows, one array an input. Of the shape of the outputs where the operation has a fixed number of inputs;
            (k, n) for a sum and other operations of n inputs, two of them for a dot; (m, n) and (p, n) for a matrix product.
        mask: the rows, in the shape of the outputs, that say where a gradient comes to an output; None where one always does.
        checked: whether it is an error to leave the domain of the operation.
        excused: the rows that say where that is an error; None where it always is.
        reached: whether backward comes here: see `Tape.reached`.
    """

    kind: type[Instruction]
    operation: Operation
    shape: tuple[int, ...]
    outputs: Rows
    operands: tuple[Rows, ...]
    mask: Rows | None = None
    checked: bool = True
    excused: Rows | None = None
    reached: bool = True


@dataclass(frozen=True)
class Block:
    """Scalars that are computed one after the other.

    Attributes:
        operations, outputs, inputs: of each, in an order in which they can be computed: what computes it, its row, those it reads.
        checked: for each, whether it is an error to leave the domain of the operation.
        reached: for each, whether backward comes there.
    """

    operations: list[Operation]
    outputs: list[int]
    inputs: list[tuple[int, ...]]
    checked: list[bool]
    reached: list[bool]

    @cached_property
    def read(self) -> Rows:
        """The inputs of all, one after the other."""
        return np.fromiter(chain.from_iterable(self.inputs), dtype=np.intp)
