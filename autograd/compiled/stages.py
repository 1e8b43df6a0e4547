"""The stages of a program between the passes, before there are instructions.

    Tape            the graph as flat rows, inputs first                   made by `passes.trace` and `passes.constants`
    Sums            its rows, with chains of additions as sums and dots    made by `passes.sums` and `passes.simplify`
    Loops           which of them are rounds of loops                      made by `passes.loops`
    Group, Block, WrittenBlock    rows that are computed together          made by `passes.vectorise` and `passes.matmuls`

The last stage is `ir.Code`, made by `passes.allocate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Instruction
from autograd.compiled.written_loop import Written
from autograd.ops import CONSTANT, LEAF, Operation
from autograd.value import Value, apply

Rows = npt.NDArray[np.intp]
"""Row numbers of a tape."""


@dataclass(frozen=True)
class Tape:
    """A recorded graph. Row `i` computes `operations[i]` of the rows `inputs[i]`, all of which come before it.

    Attributes:
        nodes: the Value from which each row was recorded.
        operations: the operation of each row; LEAF and CONSTANT rows have no inputs.
        inputs: the input rows of each row, in order, with repetitions.
        results: the rows of the results.
        batched: for each row, whether it differs from sample to sample.
        masks: from a row to the row that is 1 where it receives a gradient, and 0 where a `where` selected its other side.
        error_masks: from a row to the row that is 0 where inputs outside the domain of its operation are no error.
        unchecked: the rows for which inputs outside the domain are never an error.
        reached: for each row, whether the backward pass reaches it. It does not reach rows that are only used by conditions, by auxiliary
            results or by what is computed under `no_grad`. Empty if it reaches every row.
        same: for each row, the row that stands for it: itself, or an equal one that comes before it. Nothing reads a row for which another
            one stands.
    """

    nodes: list[Value]
    operations: list[Operation]
    inputs: list[tuple[int, ...]]
    results: list[int]
    batched: list[bool]
    masks: dict[int, int]
    error_masks: dict[int, int]
    unchecked: frozenset[int]
    reached: list[bool]
    same: Rows

    def leaves(self) -> list[int]:
        """The rows of the leaves, which are read at every run."""
        return [i for i in np.flatnonzero(self.counts == 0).tolist() if self.operations[i] is LEAF]

    def constants(self) -> list[int]:
        """The rows of the constants."""
        return [i for i in np.flatnonzero(self.counts == 0).tolist() if self.operations[i] is CONSTANT]

    def rows(self) -> dict[Value, int]:
        """The row of each node."""
        return dict(zip(self.nodes, range(len(self.nodes)), strict=True))

    def ends(self) -> dict[Value, int]:
        """The rows of the leaves and of the results, which are few beside all of them."""
        return {self.nodes[row]: row for row in [*self.leaves(), *self.results]}

    @cached_property
    def counts(self) -> Rows:
        """The number of inputs of each row."""
        return np.fromiter(map(len, self.inputs), dtype=np.intp, count=len(self.inputs))

    @cached_property
    def read(self) -> Rows:
        """The inputs of all rows, one after the other."""
        return np.fromiter(chain.from_iterable(self.inputs), dtype=np.intp)

    @cached_property
    def codes(self) -> Rows:
        """A number for the operation of each row, its `id`."""
        return np.fromiter(map(id, self.operations), dtype=np.intp, count=len(self.operations))

    def replay(self) -> None:
        """Compute the graph eagerly from the present data of the leaves. It raises the error that eager code would raise."""
        fresh: list[Value] = []
        for node, operation, inputs in zip(self.nodes, self.operations, self.inputs, strict=True):
            if inputs:
                again = apply(operation, [fresh[i] for i in inputs])
                again.label = node.label
                fresh.append(again)
            else:
                fresh.append(node)


Computed = tuple[int, Operation, tuple[int, ...]]
"""A row, the operation that computes it, and its input rows."""


@dataclass(frozen=True)
class Sums:
    """The computed rows of a tape, with chains of additions as sums and dots.

    Attributes:
        computed: these rows, in the order of the tape. Row numbers from `len(tape.nodes)` on are new: dots that are terms of a sum.
        masks, error_masks, batched, reached, same: those of the tape, extended by these dots. A row for which another one stands is not
            computed.
    """

    computed: list[Computed]
    masks: dict[int, int]
    error_masks: dict[int, int]
    batched: list[bool]
    reached: list[bool]
    same: Rows


@dataclass(frozen=True)
class Loops:
    """The loops among the computed rows.

    Attributes:
        depths: for each row the length of the longest path to it from a leaf or constant; the rows of a loop have the same depth.
        positions: of each loop the positions of its rows among those that are computed: one line for each round.
        phases: for each row of a round, whether it is in the loop or not, a number that the same row of the other rounds has too; 0 for
            other rows. Empty if there are no loops.
    """

    depths: list[int]
    positions: list[Rows]
    phases: list[int] = field(default_factory=list)


# -- groups -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Rows that are computed by one instruction.

    Attributes:
        kind: the kind of the instruction.
        operation: the row of the op table.
        shape: the shape of the outputs: (k,), or (m, p) if they are a matrix.
        outputs: the rows that are computed, in that shape.
        operands: the rows that are read, one array for each operand. Its shape is that of the outputs if the operation has a fixed number
            of inputs; (k, n) for a sum and other operations of n inputs, with two operands for a dot; (m, n) and (p, n) for a matrix
            product.
        mask: see `Tape.masks`: the rows of the masks, in the shape of the outputs; None if there are none.
        checked: whether inputs outside the domain of the operation are an error.
        error_mask: see `Tape.error_masks`: rows in the shape of the outputs; None if such inputs are an error everywhere.
        reached: see `Tape.reached`.
    """

    kind: type[Instruction]
    operation: Operation
    shape: tuple[int, ...]
    outputs: Rows
    operands: tuple[Rows, ...]
    mask: Rows | None = None
    checked: bool = True
    error_mask: Rows | None = None
    reached: bool = True


@dataclass(frozen=True)
class Block:
    """Scalars that are computed one after the other.

    Attributes:
        rounds: how often the same operations follow each other: 1 but for a loop.
        operations, outputs, inputs: for each scalar its operation, its row, and its input rows, in an order in which they can be computed.
        checked: for each scalar, whether inputs outside the domain of the operation are an error.
        reached: for each scalar, see `Tape.reached`.
    """

    operations: list[Operation]
    outputs: list[int]
    inputs: list[tuple[int, ...]]
    checked: list[bool]
    reached: list[bool]
    rounds: int = 1

    @cached_property
    def read(self) -> Rows:
        """The inputs of all scalars, one after the other."""
        return np.fromiter(chain.from_iterable(self.inputs), dtype=np.intp)


@dataclass(frozen=True)
class WrittenBlock:
    """A loop that was written, in one row.

    Attributes:
        written: its rounds.
        output: the row of the loop.
        inputs: the input rows.
        elements: the rows of what it leaves behind, and which element each of them is.
        checked: whether inputs outside the domains of its operations are an error.
        reached: of the elements, those that receive gradients.
    """

    written: Written
    output: int
    inputs: tuple[int, ...]
    elements: dict[int, int]
    checked: bool
    reached: frozenset[int]

    @cached_property
    def read(self) -> Rows:
        """The input rows."""
        return np.array(self.inputs, dtype=np.intp)


AnyGroup = Group | Block | WrittenBlock
"""What becomes an instruction."""
