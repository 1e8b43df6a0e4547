"""The intermediate representation: instructions on numbered places, which the passes produce and a backend loads.

There are a few kinds of instructions, each a class: `Map`, `Select`, `Sum`, `Dot`, `Matmul`, `Spread`. A backend or an export has one table
from kind to rule. Beside them there are blocks of `Scalars`, which a backend may run as they are, or as one instruction each. A `Loop` is
such a block, of equal rounds; a `LongLoop` is one that is not written out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.loop_body import LoopBody
from autograd.compiled.loop_body import Places as Places  # noqa: PLC0414 - exported
from autograd.errors import CompileError
from autograd.ops import DOT, SELECT, SUM, Operation

Index = Places | slice
"""The same: a slice where they are consecutive, otherwise an array."""


# -- instructions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """Where an instruction reads an input: a strided view of storage or, if the places are irregular, a list of them.

    Attributes:
        shape: the shape for one sample; a batched operand has one more axis, the last, for the samples.
        start, strides: the view, counted in numbers; a stride of 0 repeats the same numbers along that axis.
        places: the list, in the same shape; None for a view.
        distinct: whether no place occurs twice, apart from the repetition by strides of 0.
        constant: whether no derivative with respect to it is wanted.
        batched: whether it is in the batched storage rather than the shared one.
    """

    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...]
    places: Places | None
    distinct: bool
    constant: bool
    batched: bool

    def all_places(self) -> Places:
        """The place of each number, in the operand's shape."""
        return self.places if self.places is not None else places_of(self.start, self.shape, self.strides)

    @property
    def row_distance(self) -> int | None:
        """The distance between rows, if BLAS can take the operand as a matrix: rows are contiguous and do not overlap. Otherwise None."""
        if self.places is not None or len(self.shape) != 2:
            return None
        (rows, terms), (distance, pace) = self.shape, self.strides
        apart = terms if rows == 1 else distance
        return apart if apart >= terms and (pace == 1 or terms == 1) else None


@dataclass(frozen=True)
class Instruction:
    """Computes numbers of the shape `shape` from its operands and stores them from place `start` on. The kinds are its subclasses.

    Attributes:
        operation: the row of the op table that computes each number.
        batched: whether the outputs differ from sample to sample, as they do if an operand does.
        mask: not 0 where an output receives a gradient; it is 0 where a `where` selected its other side, and so is the gradient.
        checked: whether inputs outside the domain are an error.
        error_mask: not 0 where they are an error; it is 0 where the output belongs to a side of a `where` that was not selected.
    """

    operation: Operation
    shape: tuple[int, ...]
    start: int
    operands: tuple[Operand, ...]
    batched: bool
    mask: Operand | None
    checked: bool
    error_mask: Operand | None = None

    @property
    def size(self) -> int:
        """The number of outputs, for each sample."""
        return math.prod(self.shape)

    @property
    def stacked(self) -> bool:
        """Whether the operation takes any number of inputs, and its operand has them along an additional last axis."""
        return self.operation.arity is None and len(self.operands[0].shape) > len(self.shape)

    @property
    def constant(self) -> bool:
        """Whether no derivative passes through it."""
        return all(operand.constant for operand in self.operands)


class Map(Instruction):
    """The operation, element by element. If it is `stacked`, its inputs are along the last axis of the operand."""


class Select(Map):
    """A `where`: the second operand where the first is not 0, otherwise the third."""


class Sum(Instruction):
    """The sum of its operand along the last axis."""


class Dot(Instruction):
    """The sum of the products of its two operands along the last axis."""


class Matmul(Instruction):
    """A[m, n] @ B[p, n]ᵀ: m × p dots."""


class Spread(Instruction):
    """Copies shared numbers to batched places, the same for every sample, for an operand that needs both kinds."""


def kind_of(operation: Operation) -> type[Instruction]:
    """The kind of instruction that computes an operation for many rows at once."""
    if operation is DOT:
        return Dot
    if operation is SUM:
        return Sum
    return Select if operation.is_like(SELECT) else Map


@dataclass(frozen=True, eq=False)
class Scalars:
    """Scalars computed one after the other, in arrays rather than as an instruction each.

    Scalar `i` is `operations[i]` of the numbers ``inputs[ends[i - 1]:ends[i]]``, also if the operation is a sum.

    Attributes:
        operations, checked: as for `Instruction`.
        outputs, inputs: places.
        ends: for each scalar, the end of its inputs.
        output_batched, input_batched: for each place, whether it is in the batched storage.
        input_constant: for each input, whether no derivative with respect to it is wanted.
    """

    operations: list[Operation]
    checked: list[bool]
    outputs: Places
    inputs: Places
    ends: Places
    output_batched: npt.NDArray[np.bool_]
    input_batched: npt.NDArray[np.bool_]
    input_constant: npt.NDArray[np.bool_]

    @property
    def batched(self) -> bool:
        """Whether some of them differ from sample to sample."""
        return bool(self.output_batched.any())

    def terms(self) -> Iterator[tuple[int, slice]]:
        """The index of each scalar, and the slice of its inputs."""
        start = 0
        for i, end in enumerate(self.ends.tolist()):
            yield i, slice(start, end)
            start = end

    @cached_property
    def single(self) -> list[Instruction]:
        """Each as an instruction of its own. They are made once, when they are needed."""
        return [self.instruction(i, own) for i, own in self.terms()]

    def instruction(self, i: int, own: slice) -> Instruction:
        """Scalar `i`, which has the inputs `own`, as an instruction."""
        parts = (self.inputs, self.input_constant, self.input_batched)
        operands = [
            Operand((1,), place, (0,), None, True, constant, batched)
            for place, constant, batched in zip(*[part[own].tolist() for part in parts], strict=True)
        ]
        return Map(self.operations[i], (1,), int(self.outputs[i]), tuple(operands), bool(self.output_batched[i]), None, self.checked[i])


@dataclass(frozen=True, eq=False)
class Loop(Scalars):
    """Scalars in rounds: each round computes the same operations, with numbers of the rounds before.

    An output of all rounds is in consecutive places, as far as they are free. A backend that has nothing better computes the scalars.

    Attributes:
        rounds: how many there are.
    """

    rounds: int

    @property
    def body(self) -> int:
        """The number of scalars of a round."""
        return len(self.operations) // self.rounds

    @property
    def is_regular(self) -> bool:
        """Whether all rounds have the operations of the first one."""
        sizes = np.diff(self.ends, prepend=0)
        parts = [(operation, checked, size) for operation, checked, size in zip(self.operations, self.checked, sizes, strict=True)]
        return self.rounds > 1 and parts == parts[: self.body] * self.rounds


class LongLoop(Scalars):
    """A loop of too many rounds for its scalars to be written out.

    Carried numbers have a place for each *segment* of rounds, where they are after it, and for each round within a segment, which one
    segment after the other uses. Other numbers have places only if they are read elsewhere: those of all rounds.

    Its scalars cannot be asked for, so that only a rule for this kind can compute it.

    Attributes:
        body: its rounds. A member that has no places starts at -1. Carried numbers lie one round back.
        every: the rounds of a segment.
        checkpoints, within: for each carried number, the place where it is after the first segment, and after the first round within one.
    """

    body: LoopBody
    every: int
    checkpoints: tuple[int, ...]
    within: tuple[int, ...]

    def __init__(self, body: LoopBody, every: int, checkpoints: tuple[int, ...], within: tuple[int, ...]) -> None:
        vars(self).update(body=body, every=every, checkpoints=checkpoints, within=within)

    def __getattr__(self, name: str) -> Any:
        if name in Scalars.__dataclass_fields__:
            raise CompileError(
                f'a loop of {self.body.rounds:,} rounds is too long to be written out: run it by the executors "native" or "numpy", or '
                "export fewer rounds"
            )
        raise AttributeError(name)

    @property
    def batched(self) -> bool:
        """Whether its numbers differ from sample to sample."""
        return self.body.batched

    @property
    def segments(self) -> int:
        """How many there are."""
        return segments_of(self.body.rounds, self.every)

    @property
    def stored(self) -> Places:
        """The places that it writes."""
        return np.concatenate([places for places, _ in self.positions()])

    def positions(self) -> Iterator[tuple[Places, Places]]:
        """Its places, and which member and round each of them belongs to, as the index in a table of one row for each member."""
        body = self.body
        for m, member in enumerate(body.members):
            if member.start >= 0:
                yield member.start + np.arange(body.rounds), m * body.rounds + np.arange(body.rounds)
        last = np.minimum(self.every * np.arange(1, self.segments + 1), body.rounds) - 1
        for before, start, within in zip(body.carried, self.checkpoints, self.within, strict=True):
            yield within + np.arange(self.every), before.member * body.rounds + np.arange(self.every)
            yield start + np.arange(self.segments), before.member * body.rounds + last


def segments_of(rounds: int, every: int) -> int:
    """The number of segments of so many rounds each."""
    return -(-rounds // every)


KINDS: tuple[type[Instruction | Scalars], ...] = (Map, Select, Sum, Dot, Matmul, Spread, Scalars, Loop, LongLoop)


# -- code ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Code:
    """What a backend loads: instructions on numbers that all samples share, and on numbers that differ from sample to sample.

    Attributes:
        instructions: in the order of execution.
        shared, batched: the number of places of each kind; of batched ones for each sample.
        place: for each row of the tape its place in its storage; -1 if no instruction needs it, as for a part of a sum.
        fixed: the places of the constants, which are shared, in ascending order; and their numbers.
        results, wanted, given: shared and batched places: of the results, which are read after a run; of the leaves whose
            derivatives are wanted; and of the numbers of the arguments.
    """

    instructions: list[Instruction | Scalars]
    shared: int
    batched: int
    place: Places
    fixed: tuple[Places, npt.NDArray[np.float64]]
    results: tuple[Places, Places]
    wanted: tuple[Places, Places]
    given: tuple[Places, Places]

    @cached_property
    def flattened(self) -> list[Instruction]:
        """The instructions, with each of the `Scalars` as an instruction of its own."""
        return [instruction for each in self.instructions for instruction in (each.single if isinstance(each, Scalars) else (each,))]


def count_of(one: Instruction | Scalars) -> int:
    """How many instructions it is: of scalars, one each."""
    if isinstance(one, LongLoop):
        return one.body.rounds * len(one.body.members)
    return len(one.operations) if isinstance(one, Scalars) else 1


def index_of(places: list[int]) -> Index:
    """The places as an index: a slice, which NumPy does not copy, if they are consecutive."""
    if places and places == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return np.array(places, dtype=np.intp)


def places_of(start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Places:
    """The places that a strided view reads, in its shape."""
    places = np.full(shape, start, dtype=np.intp)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        places += (np.arange(n) * stride).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return places


def check(code: Code) -> None:
    """Check that the code is legal:

    - Outputs are disjoint and within the storage.
    - An instruction reads nothing that a later one writes, and no instruction writes a leaf or a constant. Operands may overlap, with each
      other and themselves.
    - Shared numbers do not depend on batched ones. Masks are an exception, because they are read after everything was computed.
    - The shapes of operands fit the kind of the instruction.
    - The rounds of a loop are equal, but for where they read and write.
    - A strided operand has each place once, apart from what its strides of 0 repeat.

    Raises:
        CompileError: the code is not legal; the message says why.
    """
    instructions = code.flattened
    for loop in code.instructions:
        if isinstance(loop, Loop) and not loop.is_regular:
            raise CompileError(f"the code is not legal: the {loop.rounds} rounds of a loop differ in their operations")

    def need(condition: bool | np.bool_, i: int, fault: str) -> None:
        if not condition:
            instruction = instructions[i]
            name = f"instruction {i}, {type(instruction).__name__} {instruction.operation.name} of the shape {instruction.shape},"
            raise CompileError(f"the code is not legal: {name} {fault}")

    sizes = (code.shared, code.batched)
    writer = [np.full(size, -1, dtype=np.intp) for size in sizes]
    for i, instruction in enumerate(instructions):
        batched, start, end = instruction.batched, instruction.start, instruction.start + instruction.size
        need(0 <= start <= end <= sizes[batched], i, "writes outside of the storage")
        outputs = writer[batched][start:end]
        need((outputs == -1).all(), i, "writes what another one has written")
        outputs[...] = i
    leaves = [(0, code.fixed[0]), *[(kind, places) for pair in (code.wanted, code.given) for kind, places in enumerate(pair)]]
    for kind, places in leaves:
        written_by = writer[kind][places]
        for i in written_by[written_by >= 0].tolist():
            need(False, i, "writes a leaf or a constant")
    for i, instruction in enumerate(instructions):
        for operand in instruction.operands:
            places = operand.all_places()
            need(places.shape == operand.shape, i, f"has an operand with places of the shape {places.shape}, not {operand.shape}")
            need(places.min() >= 0 and places.max() < sizes[operand.batched], i, "reads outside of the storage")
            need((writer[operand.batched][places] < i).all(), i, "reads what is computed later")
            need(instruction.batched >= operand.batched, i, "is shared, and reads batched numbers")
            moving = math.prod([n for n, stride in zip(operand.shape, operand.strides, strict=False) if stride])
            need(operand.places is not None or len(np.unique(places)) == moving, i, "has a strided operand with a place twice")
        for mask in (instruction.mask, instruction.error_mask):
            if mask is not None:
                need(mask.shape == instruction.shape, i, "has a mask of another shape")
                need(mask.all_places().min() >= 0 and mask.all_places().max() < sizes[mask.batched], i, "has a mask outside of the storage")
        shapes = ", ".join(str(operand.shape) for operand in instruction.operands)
        need(_shapes_fit(instruction), i, f"has operands of the shapes {shapes}")


def _shapes_fit(instruction: Instruction) -> bool:
    shapes = [operand.shape for operand in instruction.operands]
    if isinstance(instruction, Matmul):
        if [len(shape) for shape in shapes] != [2, 2]:
            return False
        (m, terms), (p, others) = shapes
        return instruction.shape == (m, p) and terms == others
    if isinstance(instruction, Dot):
        return len(shapes) == 2 and shapes[0] == shapes[1] and len(shapes[0]) == 2 and shapes[0][:-1] == instruction.shape
    if isinstance(instruction, Sum) or instruction.stacked:
        return len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][:-1] == instruction.shape
    arity = len(shapes) if instruction.operation.arity is None else instruction.operation.arity
    return len(shapes) == arity and all(shape == instruction.shape for shape in shapes)
