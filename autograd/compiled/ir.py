"""The intermediate representation: instructions on numbered places, which the passes make and a backend loads.

An instruction is of one of a few kinds, each a class: `Map`, `Select`, `Sum`, `Dot`, `Matmul`, `Spread`, and `Scalars`. A backend or an
export has one table from kind to rule, and nothing else asks of which kind an instruction is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.errors import CompileError
from autograd.ops import DOT, SELECT, SUM, Operation

Rows = npt.NDArray[np.intp]
"""Places of numbers; or rows of a tape."""

Index = Rows | slice
"""Places, as a slice where they lie side by side."""


# -- instructions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """Where an instruction finds an input: a strided view of storage, or, where the places are irregular, a list of them.

    Attributes:
        shape: as the instruction sees it; samples are one more axis, the last.
        start, strides: of the view, counted in numbers; a stride of 0 repeats the same numbers along that axis.
        places: the list, in that shape, or None.
        distinct: no place occurs twice (beyond the repetition that strides of 0 say).
        constant: no derivative is wanted.
        batched: in the batched storage rather than the shared one.
    """

    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...]
    places: Rows | None
    distinct: bool
    constant: bool
    batched: bool

    def all_places(self) -> Rows:
        """The place of each number, in the operand's shape."""
        return self.places if self.places is not None else places_of(self.start, self.shape, self.strides)

    @property
    def row_distance(self) -> int | None:
        """How far apart rows are, of a matrix as BLAS takes it: each in one piece, none within another. None of other operands."""
        if self.places is not None or len(self.shape) != 2:
            return None
        (rows, terms), (distance, pace) = self.shape, self.strides
        apart = terms if rows == 1 else distance
        return apart if apart >= terms and (pace == 1 or terms == 1) else None


@dataclass(frozen=True)
class Instruction:
    """Computes `shape` numbers, from place `start` on, from its operands; they are batched if an operand is. See its kinds.

    Attributes:
        operation: the row of the op table that computes each number.
        mask: says where a gradient comes to an output: elsewhere a `where` has selected its other side, and it is 0.
        checked: whether it is an error to leave the domain.
        excused: says where it is one: elsewhere the number was computed within a side that is not selected.
    """

    operation: Operation
    shape: tuple[int, ...]
    start: int
    operands: tuple[Operand, ...]
    batched: bool
    mask: Operand | None
    checked: bool
    excused: Operand | None = None

    @property
    def size(self) -> int:
        """How many numbers it computes, for each sample."""
        return math.prod(self.shape)

    @property
    def stacked(self) -> bool:
        """Whether it is an operation of any number of inputs, which its operands have as one more axis, the last."""
        return self.operation.arity is None and len(self.operands[0].shape) > len(self.shape)

    @property
    def constant(self) -> bool:
        """Whether no derivative passes through it."""
        return all(operand.constant for operand in self.operands)


class Map(Instruction):
    """The operation, number by number. Where it is `stacked`, its inputs are one after the other along the last axis of the operand."""


class Select(Map):
    """A `where`: the second operand where the first is not 0, else the third."""


class Sum(Instruction):
    """The sum of its operand along the last axis."""


class Dot(Instruction):
    """The sum of products of its two operands along the last axis."""


class Matmul(Instruction):
    """A[m, n] @ B[p, n]ᵀ: m × p dots."""


class Spread(Instruction):
    """Shared numbers as batched ones, the same for every sample: where an operand needs both. It computes nothing."""


def kind_of(operation: Operation) -> type[Instruction]:
    """The kind of instruction that computes an operation for many rows at once."""
    if operation is DOT:
        return Dot
    if operation is SUM:
        return Sum
    return Select if operation.is_like(SELECT) else Map


@dataclass(frozen=True, eq=False)
class Scalars:
    """Scalars computed one after the other: instructions of one output each, in a form that is quick to make.

    Scalar `i` is `operations[i]` of the numbers ``inputs[ends[i - 1]:ends[i]]``, also where the operation is a sum.

    Attributes:
        operations, checked: as for `Instruction`.
        outputs, inputs: places.
        ends: where the inputs of each end.
        output_batched, input_batched: whether these places are in the batched storage.
        input_constant: whether no derivative with respect to it is wanted.
    """

    operations: list[Operation]
    checked: list[bool]
    outputs: Rows
    inputs: Rows
    ends: Rows
    output_batched: npt.NDArray[np.bool_]
    input_batched: npt.NDArray[np.bool_]
    input_constant: npt.NDArray[np.bool_]

    @property
    def batched(self) -> bool:
        """Whether some of them differ from sample to sample."""
        return bool(self.output_batched.any())

    def terms(self) -> Iterator[tuple[int, slice]]:
        """The number of each scalar, and which of the inputs are its own."""
        start = 0
        for i, end in enumerate(self.ends.tolist()):
            yield i, slice(start, end)
            start = end

    @cached_property
    def single(self) -> list[Instruction]:
        """Each as an instruction of its own, made once, where they are asked for."""
        instructions: list[Instruction] = []
        for i, own in self.terms():
            parts = (self.inputs, self.input_constant, self.input_batched)
            operands = [
                Operand((1,), place, (0,), None, True, constant, batched)
                for place, constant, batched in zip(*[part[own].tolist() for part in parts], strict=True)
            ]
            batched = bool(self.output_batched[i])
            instructions.append(Map(self.operations[i], (1,), int(self.outputs[i]), tuple(operands), batched, None, self.checked[i]))
        return instructions


KINDS: tuple[type[Instruction | Scalars], ...] = (Map, Select, Sum, Dot, Matmul, Spread, Scalars)


# -- code ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Code:
    """Instructions on `shared` numbers, and on `batched` numbers a sample: what a backend loads.

    Attributes:
        instructions: in the order of execution.
        shared, batched: how many numbers there are of each kind.
        place: for each row of the tape its place in the storage it belongs to, -1 where no instruction needs it (a part of a sum).
        fixed: the places of the constants, which are shared, in ascending order; and their numbers.
        kept, wanted, given: the shared and the batched places of what is read when it has run, of the leaves whose derivatives are wanted,
            and of the numbers of the arguments.
    """

    instructions: list[Instruction | Scalars]
    shared: int
    batched: int
    place: Rows
    fixed: tuple[Rows, npt.NDArray[np.float64]]
    kept: tuple[Rows, Rows]
    wanted: tuple[Rows, Rows]
    given: tuple[Rows, Rows]

    @cached_property
    def flattened(self) -> list[Instruction]:
        """The instructions, with scalars as instructions of their own: for backends that know no `Scalars`."""
        return [one for each in self.instructions for one in (each.single if isinstance(each, Scalars) else (each,))]


def index_of(places: list[int]) -> Index:
    """These places as an index, a slice where they lie side by side: that is faster."""
    if places and places == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return np.array(places, dtype=np.intp)


def places_of(start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Rows:
    """The places that a strided view reads, in its shape."""
    places = np.full(shape, start, dtype=np.intp)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        places += (np.arange(n) * stride).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return places


def check(code: Code) -> None:
    """Raise if code is not legal. It is if

    - outputs are disjoint, and lie within the storage;
    - what an instruction reads was written before it: by an earlier instruction, or as a leaf or constant, which no instruction writes.
      Operands may overlap, each other and themselves;
    - shared numbers depend on no batched ones, but for masks, which are read when all has been computed;
    - the shapes of operands are those of the kind of instruction;
    - a strided operand has no place twice, but for what its strides of 0 repeat.

    Raises:
        CompileError: it is not legal; the message says why.
    """
    sizes = (code.shared, code.batched)
    writer = [np.full(size, -1, dtype=np.intp) for size in sizes]
    for i, one in enumerate(code.flattened):
        _need(0 <= one.start <= one.start + one.size <= sizes[one.batched], i, one, "writes outside of the storage")
        outputs = writer[one.batched][one.start : one.start + one.size]
        _need((outputs == -1).all(), i, one, "writes what another one has written")
        outputs[...] = i
    leaves = [(0, code.fixed[0]), *[(kind, places) for pair in (code.wanted, code.given) for kind, places in enumerate(pair)]]
    for kind, places in leaves:
        written_by = writer[kind][places]
        for i in written_by[written_by >= 0].tolist():
            _need(False, i, code.flattened[i], "writes a leaf or a constant")
    for i, one in enumerate(code.flattened):
        for operand in one.operands:
            places = operand.all_places()
            _need(places.shape == operand.shape, i, one, f"has an operand with places of the shape {places.shape}, not {operand.shape}")
            _need(places.min() >= 0 and places.max() < sizes[operand.batched], i, one, "reads outside of the storage")
            _need((writer[operand.batched][places] < i).all(), i, one, "reads what is computed later")
            _need(one.batched >= operand.batched, i, one, "is shared, and reads batched numbers")
            moving = math.prod([n for n, stride in zip(operand.shape, operand.strides, strict=False) if stride])
            _need(operand.places is not None or len(np.unique(places)) == moving, i, one, "has a strided operand with a place twice")
        for mask in (one.mask, one.excused):
            _need(mask is None or mask.shape == one.shape, i, one, "has a mask of another shape")
        _need(_shapes_fit(one), i, one, f"has operands of the shapes {', '.join(str(operand.shape) for operand in one.operands)}")


def _need(condition: Any, i: int, one: Instruction, what: str) -> None:
    if not condition:
        raise CompileError(
            f"the code is not legal: instruction {i}, {type(one).__name__} {one.operation.name} of the shape {one.shape}, {what}"
        )


def _shapes_fit(one: Instruction) -> bool:
    shapes = [operand.shape for operand in one.operands]
    if isinstance(one, Matmul):
        if [len(shape) for shape in shapes] != [2, 2]:
            return False
        (m, terms), (p, others) = shapes
        return one.shape == (m, p) and terms == others
    if isinstance(one, Dot):
        return len(shapes) == 2 and shapes[0] == shapes[1] and shapes[0][:-1] == one.shape
    if isinstance(one, Sum) or one.stacked:
        return len(shapes) == 1 and shapes[0][:-1] == one.shape
    arity = len(shapes) if one.operation.arity is None else one.operation.arity
    return len(shapes) == arity and all(shape == one.shape for shape in shapes)
