"""Lay out storage: every number gets a place in one array, such that operands are slices of it where that can be had.

Leaves are placed in the order in which matrix products read them, then in the order of the other instructions; the outputs
of an instruction lie side by side, in the order of the operands they were computed from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograd.compiled.matrices import MATMUL
from autograd.compiled.record import Tape
from autograd.compiled.roll import Group, Rows
from autograd.ops import CONSTANT, Operation


@dataclass(frozen=True)
class Operand:
    """Where an instruction finds an input: a strided view of storage, or, where the places are irregular, a list of them.

    Attributes:
        shape: as the instruction sees it.
        start, strides: of the view, counted in numbers; a stride of 0 repeats the same numbers along that axis.
        places: the list, in that shape, or None.
        distinct: no place occurs twice (beyond the repetition that strides of 0 say).
        constant: no derivative is wanted.
    """

    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...]
    places: npt.NDArray[np.intp] | None
    distinct: bool
    constant: bool

    def all_places(self) -> Rows:
        """The place of each number, in the operand's shape."""
        return self.places if self.places is not None else places_of(self.start, self.shape, self.strides)


@dataclass(frozen=True)
class Instruction:
    """`operation` of the operands; its outputs are `shape` numbers from place `start` on."""

    operation: Operation
    shape: tuple[int, ...]
    start: int
    operands: tuple[Operand, ...]

    @property
    def size(self) -> int:
        """How many numbers it computes."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Layout:
    """A program: instructions on one array of `size` numbers.

    Attributes:
        instructions: in the order of execution.
        size: of the storage.
        place: for each row of the tape its place, -1 where no instruction needs it (a part of a sum).
    """

    instructions: list[Instruction]
    size: int
    place: npt.NDArray[np.intp]


def lay_out(tape: Tape, groups: list[Group]) -> Layout:
    """Give every row of the groups a place, and every operand its view."""
    rows = len(tape.nodes)
    fresh = sum(int((group.outputs >= rows).sum()) for group in groups)
    place = np.full(rows + fresh, -1, dtype=np.intp)
    size = 0

    def put(these: Rows) -> None:
        nonlocal size
        for row in these.ravel().tolist():
            if place[row] < 0:
                place[row] = size
                size += 1

    computed = np.zeros(rows + fresh, dtype=bool)
    computed[rows:] = True
    computed[:rows] = [bool(inputs) for inputs in tape.inputs]
    for group in sorted(groups, key=lambda group: group.operation is not MATMUL):
        for operand in group.operands:
            put(operand[~computed[operand]])
    if place[rows - 1] < 0 and not computed[rows - 1]:  # the graph is one leaf
        put(np.array([rows - 1]))

    fixed = np.zeros(rows + fresh, dtype=bool)  # constant, and what is computed from constants only
    fixed[:rows] = [operation is CONSTANT for operation in tape.operations]
    shapes: dict[int, tuple[int, ...]] = {}  # of the instruction whose outputs start at a place
    instructions: list[Instruction] = []
    for group in groups:
        ordered = _in_order_of_operands(group, place, shapes)
        start = size
        put(ordered.outputs)
        shapes[start] = ordered.shape
        fixed[ordered.outputs] = np.logical_and.reduce([fixed[operand].all() for operand in ordered.operands])
        operands = tuple(_operand(place[operand], bool(fixed[operand].all())) for operand in ordered.operands)
        instructions.append(Instruction(ordered.operation, ordered.shape, start, operands))
    return Layout(instructions, size, place[:rows])


def _in_order_of_operands(group: Group, place: Rows, shapes: dict[int, tuple[int, ...]]) -> Group:
    """The group with its outputs in the order in which its latest computed operand lies in memory, and in that one's shape."""
    if group.operation is MATMUL:
        return group
    operands = group.operands
    if group.operation.arity is not None:
        latest = max(operands, key=lambda operand: int(place[operand].max()))
        order = np.argsort(place[latest], kind="stable")
        places = place[latest][order]
        shape = shapes.get(int(places[0]), group.shape)
        if int(np.prod(shape)) != group.outputs.size or not np.array_equal(places, np.arange(places[0], places[0] + places.size)):
            shape = group.shape
        outputs, operands = group.outputs[order].reshape(shape), tuple(operand[order].reshape(shape) for operand in operands)
        return Group(group.operation, shape, outputs, operands)
    order = np.argsort(place[operands[0]].min(axis=1), kind="stable")
    return Group(group.operation, group.shape, group.outputs[order], tuple(operand[order] for operand in operands))


def _operand(places: Rows, constant: bool) -> Operand:
    """The places as a strided view, if they are one that can also be added to: no number twice, except by a stride of 0."""
    shape = places.shape
    start = int(places.flat[0])
    strides = tuple(int(np.take(places, 1, axis=axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(shape))
    regular = places_of(start, shape, strides)
    count = len(np.unique(places))
    if np.array_equal(regular, places) and count == int(np.prod([n for n, stride in zip(shape, strides, strict=True) if stride])):
        return Operand(shape, start, strides, None, True, constant)
    return Operand(shape, 0, (), places, count == places.size, constant)


def places_of(start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Rows:
    """The places that a strided view reads, in its shape."""
    places = np.full(shape, start, dtype=np.intp)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        places += (np.arange(n) * stride).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return places
