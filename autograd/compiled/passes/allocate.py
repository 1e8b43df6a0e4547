"""Allocate: assign each number a place in one of two arrays, such that operands are slices of it where possible.

*Shared* numbers are the same for all samples. *Batched* ones differ from sample to sample. They are in an array of two axes, one row for
each number and one column for each sample, so that the same place means the same number in every sample. A program without a batch has
shared numbers only.

The arguments of a function are placed in their own order, so that they are copied as a whole. Other leaves are placed in the order in
which matrix products read them, then in that of the other instructions. The outputs of an instruction are consecutive, in the order of
the operand that was computed last.

Equal constants are one row, which would make a gather of an operand in which some are equal, or which has them in another order than an
earlier one. Such an operand gets constants of its own, in its order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Code, Instruction, Loop, Matmul, Operand, Scalars, Spread, places_of
from autograd.compiled.placed_loops import Tables, element_is_constant, written_loop
from autograd.compiled.stages import AnyGroup, Block, Group, Rows, Tape, WrittenBlock
from autograd.ops import POS, Operation


class _Places:
    """Assigns places to rows."""

    def __init__(self, batched: npt.NDArray[np.bool_]) -> None:
        self.batched = batched
        self.of = np.full(batched.size, -1, dtype=np.intp)
        self._first = np.empty(batched.size, dtype=np.intp)  # used within `put` only
        self.size = {False: 0, True: 0}

    def put(self, rows: Rows) -> None:
        """Assign places to the rows that have none yet, in their order."""
        new = rows.ravel()[self.of[rows.ravel()] < 0]
        if new.size > 1:  # each of them once, where it comes first
            indices = np.arange(new.size)
            self._first[new[::-1]] = indices[::-1]  # the last of equal rows counts, which is the first one
            new = new[self._first[new] == indices]
        for kind in (False, True):
            mine = new[self.batched[new] == kind]
            self.of[mine] = self.take(kind, mine.size) + np.arange(mine.size)

    def by_kind(self, rows: Rows) -> tuple[Rows, Rows]:
        """The shared and the batched places of the rows; rows without a place are left out."""
        rows = rows[self.of[rows] >= 0]
        return self.of[rows[~self.batched[rows]]], self.of[rows[self.batched[rows]]]

    def take(self, batched: bool, count: int) -> int:
        """Reserve consecutive places. Returns the first of them."""
        start = self.size[batched]
        self.size[batched] += count
        return start


def allocate(tape: Tape, groups: list[AnyGroup], same: Rows, wanted: Collection[int], first: Sequence[int] = ()) -> Code:
    """Assign a place to every row of the groups, and a view to every operand.

    Args:
        tape: the recorded graph.
        groups: the result of the earlier passes.
        same: see `Sums.same`.
        wanted: the leaves whose derivatives are wanted.
        first: leaves that are placed before all others, in this order.
    """
    batched, constant = _kinds(tape, groups, wanted)
    total = len(batched)
    is_number, computed = np.zeros(total, dtype=bool), np.ones(total, dtype=bool)
    is_number[tape.constants()] = True
    computed[: len(tape.nodes)] = tape.counts > 0

    places = _Places(batched)
    places.put(np.array(first, dtype=np.intp))
    groups, copies = _place_leaves(groups, places, computed, is_number)
    batched = places.batched
    constant, is_number = (np.append(of, np.ones(len(copies), dtype=bool)) for of in (constant, is_number))
    masks = [rows.ravel() for group in groups if isinstance(group, Group) for rows in (group.mask, group.error_mask) if rows is not None]
    results = np.concatenate([same[np.array(tape.results, dtype=np.intp)], *masks])
    places.put(results[~computed[results]])  # results that are leaves or constants

    shapes: dict[tuple[bool, int], tuple[int, ...]] = {}  # by the place at which its outputs start, the shape of an instruction
    instructions: list[Instruction | Scalars] = []
    tables: Tables = []
    spread: dict[int, int] = {}

    def locate(operand: Rows, reached: bool) -> Operand:
        """The operand that reads the rows. If some rows are batched, shared ones are copied to batched places."""
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
            instructions.append(Spread(POS, (len(fresh),), start, (copied,), True, None, False))
        where[~kinds] = [spread[row] for row in operand[~kinds].tolist()]
        return _operand(where, nothing_wanted, True)

    masked: list[tuple[int, Instruction, Group]] = []
    for group in groups:
        if isinstance(group, WrittenBlock):
            loop, own_tables = written_loop(group, places.of, batched, constant, places.take)
            instructions.append(loop)
            tables += own_tables
            continue
        if isinstance(group, Block):
            places.put(np.array(group.outputs, dtype=np.intp).reshape(group.rounds, -1).T)  # the same output of all rounds together
            instructions.append(_scalars(group, places, constant))
            continue
        ordered = _in_order_of_operands(group, places, shapes)
        operands = tuple([locate(operand, group.reached) for operand in ordered.operands])
        is_batched = any(operand.batched for operand in operands)
        start = places.size[is_batched]
        places.put(ordered.outputs)
        shapes[is_batched, start] = ordered.shape
        instruction = ordered.kind(
            ordered.operation,
            ordered.shape,
            start,
            operands,
            is_batched,
            None,
            _is_checked(ordered.operation, group.checked),
        )
        if ordered.mask is not None or ordered.error_mask is not None:
            masked.append((len(instructions), instruction, ordered))
        instructions.append(instruction)
    for i, instruction, group in masked:  # last, because a mask may be computed after the instruction that it masks
        mask, error_mask = (
            None if rows is None else _operand(places.of[rows], True, bool(batched[rows].any())) for rows in (group.mask, group.error_mask)
        )
        instructions[i] = replace(instruction, mask=mask, error_mask=error_mask)
    place = places.of[same[: len(tape.nodes)]]
    numbers = np.flatnonzero(is_number & (places.of >= 0))
    numbers = numbers[np.argsort(places.of[numbers])]
    fixed = places.of[numbers], np.array([tape.nodes[i if i < total else copies[i - total]]._data for i in numbers.tolist()])
    if tables:
        fixed = _with_tables(*fixed, tables)
    read, leaves, given = (
        places.by_kind(np.array([*rows], dtype=np.intp)) for rows in (same[np.array(tape.results, dtype=np.intp)], wanted, first)
    )
    return Code(instructions, places.size[False], places.size[True], place, fixed, read, leaves, given)


def _with_tables(places: Rows, numbers: npt.NDArray[np.float64], tables: Tables) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Constants, and those that were placed with loops, in ascending order of their places."""
    places = np.concatenate([places, *[start + np.arange(len(table)) for start, table in tables]])
    numbers = np.concatenate([numbers, *[table for _, table in tables]])
    order = np.argsort(places)
    return places[order], numbers[order]


def _kinds(tape: Tape, groups: list[AnyGroup], wanted: Collection[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each row, and each dot that was added to them: whether it is batched, and whether no derivative with respect to it is wanted."""
    rows = len(tape.nodes)
    total = max([rows, *[1 + int(np.max(group.outputs)) for group in groups if not isinstance(group, WrittenBlock)]])
    batched = [*tape.batched, *[False] * (total - rows)]
    any_batched = True in batched
    constant = [True] * total
    for row in wanted:
        constant[row] = False
    for group in groups:
        if isinstance(group, WrittenBlock):
            for row, is_fixed in element_is_constant(group, constant).items():
                constant[row] = is_fixed
            continue
        if isinstance(group, Block):
            for row, inputs in zip(group.outputs, group.inputs, strict=True) if any_batched else ():
                if row >= rows:
                    batched[row] = True in [batched[i] for i in inputs]
            for row, inputs, reached in zip(group.outputs, group.inputs, group.reached, strict=True):
                for i in inputs:
                    if not constant[i]:
                        constant[row] = not reached
                        break
            continue
        read = np.concatenate([operand.ravel() for operand in group.operands]).tolist()
        is_batched = any(map(batched.__getitem__, read))
        is_constant = not group.reached or all(map(constant.__getitem__, read))
        for row in group.outputs.ravel().tolist():
            batched[row] = batched[row] if row < rows else is_batched
            constant[row] = is_constant
    return np.array(batched, dtype=bool), np.array(constant, dtype=bool)


def _place_leaves(
    groups: list[AnyGroup], places: _Places, computed: npt.NDArray[np.bool_], is_number: npt.NDArray[np.bool_]
) -> tuple[list[AnyGroup], list[int]]:
    """Place the leaves and constants that groups read, those of matrix products first.

    Returns:
        The groups, with new rows for copies of constants; and the constant of which each new row is a copy.
    """
    groups = groups[:]
    copies: list[int] = []
    known: dict[bytes, Rows] = {}
    starts = []
    for i, group in sorted(enumerate(groups), key=lambda item: not isinstance(item[1], Group) or item[1].kind is not Matmul):
        if not isinstance(group, Group):
            places.put(group.read[~computed[group.read]])
            continue
        operands = list(group.operands)
        for k, operand in enumerate(operands):
            places.put(operand[~computed[operand]])
            if not is_number[operand].all() or _operand(places.of[operand], True, False).places is None:
                continue
            own = known.get(operand.tobytes())
            if own is None:
                own = known[operand.tobytes()] = len(computed) + len(copies) + np.arange(operand.size)
                copies += operand.ravel().tolist()
                starts.append(places.take(False, operand.size) + np.arange(operand.size))
            operands[k] = own.reshape(operand.shape)
            groups[i] = replace(group, operands=tuple(operands))
    places.of = np.concatenate([places.of, *starts])
    places.batched = np.append(places.batched, np.zeros(len(copies), dtype=bool))
    return groups, copies


def _scalars(block: Block, places: _Places, constant: npt.NDArray[np.bool_]) -> Scalars:
    outputs, inputs = np.array(block.outputs, dtype=np.intp), block.read
    can_fail = {operation: _is_checked(operation, True) for operation in set(block.operations)}
    visited = np.repeat(block.reached, [len(own) for own in block.inputs])
    parts = (
        block.operations,
        [checked and can_fail[operation] for operation, checked in zip(block.operations, block.checked, strict=True)],
        places.of[outputs],
        places.of[inputs],
        np.cumsum([len(own) for own in block.inputs]),
        places.batched[outputs],
        places.batched[inputs],
        constant[inputs] | ~visited,
    )
    return Loop(*parts, block.rounds) if block.rounds > 1 else Scalars(*parts)


def _is_checked(operation: Operation, wanted: bool) -> bool:
    return wanted and (operation.domain is not None or operation.pole is not None)


def _in_order_of_operands(group: Group, places: _Places, shapes: dict[tuple[bool, int], tuple[int, ...]]) -> Group:
    """The group with its outputs in the order, and in the shape, that its most recently computed operand has in storage."""
    if group.kind is Matmul or group.outputs.size == 1:  # the latter because irregular graphs have many such groups
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
        mask, error_mask = (None if rows is None else rows[order].reshape(shape) for rows in (group.mask, group.error_mask))
        return replace(group, shape=shape, outputs=outputs, operands=operands, mask=mask, error_mask=error_mask)
    order = np.argsort(places.of[operands[0]].min(axis=1), kind="stable")
    operands = tuple(operand[order] for operand in operands)
    mask, error_mask = (None if rows is None else rows[order] for rows in (group.mask, group.error_mask))
    return replace(group, outputs=group.outputs[order], operands=operands, mask=mask, error_mask=error_mask)


def _operand(places: Rows, constant: bool, batched: bool) -> Operand:
    """The places as a strided view, if they are one that gradients can be added to: no place twice, except by a stride of 0."""
    shape = places.shape
    start = int(places.flat[0])
    strides = tuple(int(np.take(places, 1, axis=axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(shape))
    regular = places_of(start, shape, strides)
    count = _count_distinct(places)
    if np.array_equal(regular, places) and count == int(np.prod([n for n, stride in zip(shape, strides, strict=True) if stride])):
        return Operand(shape, start, strides, None, True, constant, batched)
    return Operand(shape, 0, (), places, count == places.size, constant, batched)


def _count_distinct(places: Rows) -> int:
    """The number of different places."""
    first = int(places.min())
    span = int(places.max()) - first + 1
    if span > 8 * places.size:  # far apart
        return len(np.unique(places))
    is_there = np.zeros(span, dtype=bool)
    is_there[places - first] = True
    return int(np.count_nonzero(is_there))
