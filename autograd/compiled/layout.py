"""Lay out storage: every number gets a place in one of two arrays, such that operands are slices of it where that can be had.

*Shared* numbers are the same for all samples. *Batched* ones differ from sample to sample: theirs is an array of two axes, one
row a number and one column a sample, so that the same place means the same number in every sample. A program without a
batch has shared numbers only.

The arguments of a function are placed in their own order, so that they are copied as a whole. Other leaves are placed in the
order in which matrix products read them, then in the order of the other instructions; the outputs of an instruction lie
side by side, in the order of the operands they were computed from.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.matrices import MATMUL
from autograd.compiled.record import Tape
from autograd.compiled.roll import Block, Group, Rows
from autograd.ops import Operation

Index = npt.NDArray[np.intp] | slice

SPREAD = Operation("spread", "spread", lambda xp, a: a, (), 1)
"""A shared number as a batched one, the same for every sample: where an operand needs both kinds. It computes nothing."""


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
    places: npt.NDArray[np.intp] | None
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
    """`operation` of the operands; its outputs are `shape` numbers from place `start` on, batched if an operand is.

    `mask` says where a gradient comes to an output: elsewhere a `where` has selected its other side, and it is 0. `checked` says whether it
    is an error to leave the domain, and `excused` where: elsewhere it was computed within a side that is not selected.
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


@dataclass(frozen=True, eq=False)
class Scalars:
    """Scalars computed one after the other: instructions of one output each, in a form that is quick to make.

    Scalar `i` is `operations[i]` of the numbers ``inputs[ends[i - 1]:ends[i]]``, also where the operation is a sum.

    Attributes:
        operations, checked: as for `Instruction`.
        outputs, inputs: places.
        ends: where the inputs of each end.
        output_batched, input_batched: whether these places are in the batched storage.
        input_constant: whether no derivative by it is wanted.
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
        found = []
        for i, own in self.terms():
            parts = (self.inputs, self.input_constant, self.input_batched)
            operands = [
                Operand((1,), place, (0,), None, True, constant, batched)
                for place, constant, batched in zip(*[part[own].tolist() for part in parts], strict=True)
            ]
            batched = bool(self.output_batched[i])
            found.append(Instruction(self.operations[i], (1,), int(self.outputs[i]), tuple(operands), batched, None, self.checked[i]))
        return found


_LOCK = threading.Lock()
"""Held while a note is made; see `Layout.once`."""

if hasattr(os, "register_at_fork"):  # another thread may have held it
    os.register_at_fork(after_in_child=lambda: globals().update(_LOCK=threading.Lock()))


@dataclass(frozen=True, eq=False)
class Layout:
    """A program: instructions on `shared` numbers, and on `batched` numbers a sample.

    Attributes:
        steps: in the order of execution.
        shared, batched: the sizes of the two arrays.
        place: for each row of the tape its place in the array it belongs to, -1 where no instruction needs it (a part of a sum).
        fixed: the places of the constants, which are shared, in ascending order; and their numbers.
        kept, wanted, given: the shared and the batched places of what is read when it has run, of the leaves whose derivatives are wanted,
            and of the numbers of the arguments.
        notes: what executors keep of a layout; see `once`.
    """

    steps: list[Instruction | Scalars]
    shared: int
    batched: int
    place: npt.NDArray[np.intp]
    fixed: tuple[Rows, npt.NDArray[np.float64]]
    kept: tuple[Rows, Rows]
    wanted: tuple[Rows, Rows]
    given: tuple[Rows, Rows]
    notes: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[Layout], Any]) -> Any:
        """The note of this name; it is made when it is asked for first, by one thread."""
        if name not in self.notes:
            with _LOCK:
                if name not in self.notes:
                    self.notes[name] = make(self)
        return self.notes[name]

    @cached_property
    def instructions(self) -> list[Instruction]:
        """The steps, with scalars as instructions of their own: what executors run that know no `Scalars`."""
        return [one for step in self.steps for one in (step.single if isinstance(step, Scalars) else (step,))]


class _Places:
    """Gives out the places."""

    def __init__(self, batched: npt.NDArray[np.bool_]) -> None:
        self.batched = batched
        self.of = np.full(batched.size, -1, dtype=np.intp)
        self.size = {False: 0, True: 0}

    def put(self, rows: Rows) -> None:
        """Places for the rows that have none yet, in their order."""
        new = rows.ravel()[self.of[rows.ravel()] < 0]
        if new.size > 1:
            new = new[np.sort(np.unique(new, return_index=True)[1])]
        for kind in (False, True):
            mine = new[self.batched[new] == kind]
            self.of[mine] = self.take(kind, mine.size) + np.arange(mine.size)

    def by_kind(self, rows: Rows) -> tuple[Rows, Rows]:
        """The shared and the batched places of these rows, of those that have one."""
        rows = rows[self.of[rows] >= 0]
        return self.of[rows[~self.batched[rows]]], self.of[rows[self.batched[rows]]]

    def take(self, batched: bool, count: int) -> int:
        """That many places side by side; the first of them."""
        start = self.size[batched]
        self.size[batched] += count
        return start


def lay_out(tape: Tape, groups: list[Group | Block], wanted: Collection[int], first: Sequence[int] = ()) -> Layout:
    """Give every row of the groups a place, and every operand its view.

    Args:
        tape: what was recorded.
        groups: what `roll` and `find_matrices` made of it.
        wanted: the leaves whose derivatives are wanted.
        first: leaves that are placed before all others, in this order.
    """
    batched, constant = _kinds(tape, groups, wanted)
    computed = np.ones(len(batched), dtype=bool)
    computed[: len(tape.nodes)] = tape.counts > 0

    places = _Places(batched)
    places.put(np.array(first, dtype=np.intp))
    for group in sorted(groups, key=lambda group: isinstance(group, Block) or group.operation is not MATMUL):
        for operand in [group.read] if isinstance(group, Block) else group.operands:
            places.put(operand[~computed[operand]])
    results = np.array([*tape.results, *tape.masks.values(), *tape.excused.values()], dtype=np.intp)
    places.put(results[~computed[results]])  # what is given back as it came in

    shapes: dict[tuple[bool, int], tuple[int, ...]] = {}  # of the instruction whose outputs start at a place
    steps: list[Instruction | Scalars] = []
    spread: dict[int, int] = {}

    def locate(operand: Rows, reached: bool) -> Operand:
        """Where the rows are; shared ones are copied to batched places where they stand beside such."""
        nothing_wanted = not reached or bool(constant[operand].all())
        if operand.size == 1:
            row = operand.item()
            return Operand(operand.shape, int(places.of[row]), (0,) * operand.ndim, None, True, nothing_wanted, bool(batched[row]))
        kinds = batched[operand]
        where = places.of[operand]
        if not kinds.any() or kinds.all():
            return _operand(where, nothing_wanted, bool(kinds.any()))
        fresh = [row for row in dict.fromkeys(operand[~kinds].tolist()) if row not in spread]
        if fresh:
            start = places.take(True, len(fresh))
            spread.update({row: start + i for i, row in enumerate(fresh)})
            source = np.array(fresh, dtype=np.intp)
            copied = _operand(places.of[source], bool(constant[source].all()), False)
            steps.append(Instruction(SPREAD, (len(fresh),), start, (copied,), True, None, False))
        where[~kinds] = [spread[row] for row in operand[~kinds].tolist()]
        return _operand(where, nothing_wanted, True)

    masked: list[tuple[int, Instruction, Group]] = []
    for group in groups:
        if isinstance(group, Block):
            places.put(np.array(group.outputs, dtype=np.intp))
            steps.append(_scalars(group, places, constant))
            continue
        ordered = _in_order_of_operands(group, places, shapes)
        operands = tuple([locate(operand, group.reached) for operand in ordered.operands])
        is_batched = any(operand.batched for operand in operands)
        start = places.size[is_batched]
        places.put(ordered.outputs)
        shapes[is_batched, start] = ordered.shape
        step = Instruction(
            ordered.operation,
            ordered.shape,
            start,
            operands,
            is_batched,
            None,
            _is_checked(ordered.operation, group.checked),
        )
        if ordered.mask is not None or ordered.excused is not None:
            masked.append((len(steps), step, ordered))
        steps.append(step)
    for i, step, group in masked:  # now that they have places: a mask may be computed after what it masks
        mask, excused = (
            None if rows is None else _operand(places.of[rows], True, bool(batched[rows].any())) for rows in (group.mask, group.excused)
        )
        steps[i] = replace(step, mask=mask, excused=excused)
    place = places.of[: len(tape.nodes)]
    constants = sorted([i for i in tape.constants() if place[i] >= 0], key=place.__getitem__)
    fixed = place[constants], np.array([tape.nodes[i]._data for i in constants])
    kept, leaves, given = (places.by_kind(np.array([*rows], dtype=np.intp)) for rows in (results, wanted, first))
    return Layout(steps, places.size[False], places.size[True], place, fixed, kept, leaves, given)


def _kinds(tape: Tape, groups: list[Group | Block], wanted: Collection[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each row, also the sums that were found, whether it is batched, and whether no derivative by it is wanted."""
    rows = len(tape.nodes)
    total = max([rows, *[1 + int(np.max(group.outputs)) for group in groups]])
    batched = [*tape.batched, *[False] * (total - rows)]
    any_batched = True in batched
    constant = [True] * total
    for row in wanted:
        constant[row] = False
    for group in groups:
        if isinstance(group, Block):
            for row, inputs in zip(group.outputs, group.inputs, strict=True) if any_batched else ():
                if row >= rows:
                    batched[row] = True in [batched[i] for i in inputs]
            for row, inputs, reached in zip(group.outputs, group.inputs, group.reached, strict=True):
                for i in inputs:  # a comprehension took twice as long
                    if not constant[i]:
                        constant[row] = not reached
                        break
            continue
        read = np.unique(np.concatenate([operand.ravel() for operand in group.operands])).tolist()
        is_batched = any(batched[i] for i in read)
        is_constant = not group.reached or all(constant[i] for i in read)
        for row in group.outputs.ravel().tolist():
            batched[row] = batched[row] if row < rows else is_batched
            constant[row] = is_constant
    return np.array(batched, dtype=bool), np.array(constant, dtype=bool)


def _scalars(block: Block, places: _Places, constant: npt.NDArray[np.bool_]) -> Scalars:
    outputs, inputs = np.array(block.outputs, dtype=np.intp), block.read
    can_fail = {operation: _is_checked(operation, True) for operation in set(block.operations)}
    visited = np.repeat(block.reached, [len(own) for own in block.inputs])
    return Scalars(
        block.operations,
        [checked and can_fail[operation] for operation, checked in zip(block.operations, block.checked, strict=True)],
        places.of[outputs],
        places.of[inputs],
        np.cumsum([len(own) for own in block.inputs]),
        places.batched[outputs],
        places.batched[inputs],
        constant[inputs] | ~visited,
    )


def _is_checked(operation: Operation, wanted: bool) -> bool:
    return wanted and (operation.domain is not None or operation.pole is not None)


def _in_order_of_operands(group: Group, places: _Places, shapes: dict[tuple[bool, int], tuple[int, ...]]) -> Group:
    """The group with its outputs in the order in which its latest computed operand lies in memory, and in that one's shape."""
    if group.operation is MATMUL or group.outputs.size == 1:  # the latter in irregular graphs, where it would take long
        return group
    operands = group.operands
    batched = [bool(places.batched[operand].any()) for operand in operands]
    if group.operation.arity is not None:
        candidates = [operand for operand, b in zip(operands, batched, strict=True) if b == any(batched)]
        latest = max(candidates, key=lambda operand: int(places.of[operand].max()))
        order = np.argsort(places.of[latest], kind="stable")
        where = places.of[latest][order]
        shape = shapes.get((any(batched), int(where[0])), group.shape)
        if int(np.prod(shape)) != group.outputs.size or not np.array_equal(where, np.arange(where[0], where[0] + where.size)):
            shape = group.shape
        outputs, operands = group.outputs[order].reshape(shape), tuple(operand[order].reshape(shape) for operand in operands)
        mask, excused = (None if rows is None else rows[order].reshape(shape) for rows in (group.mask, group.excused))
        return replace(group, shape=shape, outputs=outputs, operands=operands, mask=mask, excused=excused)
    order = np.argsort(places.of[operands[0]].min(axis=1), kind="stable")
    operands = tuple(operand[order] for operand in operands)
    mask, excused = (None if rows is None else rows[order] for rows in (group.mask, group.excused))
    return replace(group, outputs=group.outputs[order], operands=operands, mask=mask, excused=excused)


def _operand(places: Rows, constant: bool, batched: bool) -> Operand:
    """The places as a strided view, if they are one that can also be added to: no number twice, except by a stride of 0."""
    shape = places.shape
    start = int(places.flat[0])
    strides = tuple(int(np.take(places, 1, axis=axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(shape))
    regular = places_of(start, shape, strides)
    count = len(np.unique(places))
    if np.array_equal(regular, places) and count == int(np.prod([n for n, stride in zip(shape, strides, strict=True) if stride])):
        return Operand(shape, start, strides, None, True, constant, batched)
    return Operand(shape, 0, (), places, count == places.size, constant, batched)


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
