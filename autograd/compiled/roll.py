"""Roll: rows that do the same thing become one vector instruction.

Three steps. *Sums*: a chain of additions is one sum, and the products in it one dot product, where nothing else uses the parts;
that is how a loop over `w * x` looks after it was unrolled. *Groups*: rows with the same operation, the same number of inputs,
whose inputs come from the same groups, are computed together; so are all dots of one length and depth, in which `matrices` looks for
products. A group depends on groups of less depth only. *Blocks*: where a graph
is irregular, as that of a differential equation is, there are many groups of a few rows each, and vectors gain nothing; they stay
scalars, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.record import Tape
from autograd.ops import ADD, DOT, MUL, SUM, Operation

Rows = npt.NDArray[np.intp]
Rolled = tuple[int, Operation, tuple[int, ...]]
"""A row, what computes it, and the rows it is computed from."""


@dataclass(frozen=True)
class Group:
    """Outputs computed by one instruction.

    Attributes:
        operation: the row of the op table, or MATMUL.
        shape: of the outputs: (k,), or (m, p) where they are a matrix.
        outputs: the rows they stand for, in that shape. Numbers from `len(tape.nodes)` on are sums and dots that were found.
        operands: rows, one array an input. Of one shape with the outputs where the operation has a fixed number of inputs;
            (k, n) for `sum` and other operations of n inputs, two of them for `dot`; (m, n) and (p, n) for MATMUL.
        mask: the rows, in the shape of the outputs, that say where a gradient comes to an output; None where one always does.
        checked: whether it is an error to leave the domain of the operation.
        excused: the rows that say where that is an error; None where it always is.
        reached: whether backward comes here: see `Tape.reached`.
    """

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
    """Scalars computed one after the other.

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
        return _flat(self.inputs)


def _flat(inputs: list[tuple[int, ...]]) -> Rows:
    return np.fromiter(chain.from_iterable(inputs), dtype=np.intp)


ADDITIONS = (ADD, SUM)

FEW = 16
"""A group of fewer rows is no faster as a vector than as scalars."""
MANY = 32
"""From how many of such groups in a row on they are a block. Fewer are shown as what they are."""


@dataclass(frozen=True)
class _Part:
    """Some of what is rolled: a group, or narrow levels.

    Attributes:
        depth: of the first level.
        few: how many groups of few rows it stands for; 0 for a group that is to be a vector.
        positions: in the list of what is rolled, ascending.
    """

    depth: int
    few: int
    positions: list[int]


def roll(tape: Tape) -> list[Group | Block]:
    """The groups and blocks of a tape, in an order in which they can be computed."""
    rolled, masks, batched, reached = _sums(tape)
    depths = _depths(rolled, len(batched))
    rigid = {operation for operation in set(tape.operations) if operation.arity is None} - {SUM, DOT}
    fits = np.ones(len(rolled), dtype=bool)  # to be scalars
    if rigid or masks or tape.excused:
        fits[:] = [row not in masks and row not in tape.excused and operation not in rigid for row, operation, _ in rolled]
    parts = _narrow_levels(np.array([depths[row] for row, _, _ in rolled], dtype=np.intp), fits)
    rest = np.ones(len(rolled), dtype=bool)
    for part in parts:
        rest[part.positions] = False

    # what is in no group, as leaves are, is of one kind with all of its depth, but for what differs from sample to sample
    group_of = (-1 - 2 * np.array(depths) - np.array(batched)).tolist()
    members: dict[Any, int] = {}
    groups: list[list[int]] = []
    plain = not (tape.unchecked or masks or tape.reached)
    for position in np.flatnonzero(rest).tolist():
        row, operation, inputs = rolled[position]
        kind = None
        if not plain:
            mask, excused = (tape.batched[found[row]] if row in found else None for found in (masks, tape.excused))
            kind = row in tape.unchecked, excused, mask, not reached or reached[row]
        # an operation with other constants is another object
        if operation.arity == 2:  # most are: the general way below takes twice as long
            i, j = inputs
            key: Any = operation, group_of[i], group_of[j], kind
        else:
            if operation is DOT:
                sources: Any = depths[row], batched[row]
            elif operation.arity is None:  # the order of terms is not part of what a sum is
                sources = frozenset([group_of[i] for i in inputs])
            else:
                sources = tuple([group_of[i] for i in inputs])
            key = operation, len(inputs), sources, kind
        group_of[row] = group = members.setdefault(key, len(groups))
        if group == len(groups):
            groups.append([position])
        else:
            groups[group].append(position)
    for positions in groups:
        first = positions[0]
        parts.append(_Part(depths[rolled[first][0]], int(bool(fits[first]) and len(positions) < FEW), positions))

    found: list[Group | Block] = []
    for are_few, run in groupby(sorted(parts, key=lambda part: part.depth), lambda part: part.few > 0):
        together = list(run)
        if are_few and sum([part.few for part in together]) >= MANY:
            found.append(_block(tape, reached, [rolled[i] for i in sorted(chain.from_iterable([part.positions for part in together]))]))
        else:
            found += [_group(tape, masks, reached, [rolled[i] for i in part.positions]) for part in together]
    return found


def _depths(rolled: list[Rolled], rows: int) -> list[int]:
    """For each row how many are computed one after the other until it is; 0 for leaves and constants."""
    depths = [0] * rows
    for row, _, inputs in rolled:
        if len(inputs) == 2:  # as most have: quicker
            i, j = inputs
            depths[row] = (depths[i] if depths[i] > depths[j] else depths[j]) + 1
        else:
            depths[row] = max([depths[i] for i in inputs]) + 1
    return depths


def _narrow_levels(depths: Rows, fits: npt.NDArray[np.bool_]) -> list[_Part]:
    """Levels of few rows, so many of them that they are a block, in whichever groups they were: to find these took half of the time.

    Args:
        depths: of what is rolled.
        fits: whether it can be scalars.
    """
    sizes = np.bincount(depths)
    is_narrow = (np.bincount(depths, np.where(fits, 1, FEW)) < FEW) & (sizes > 0)  # on level 0 nothing is computed
    ends = sizes.cumsum()
    by_depth = np.argsort(depths, kind="stable")
    return [
        _Part(first, last - first, np.sort(by_depth[ends[first - 1] : ends[last - 1]]).tolist())
        for first, last in np.flatnonzero(np.diff(is_narrow, prepend=False, append=False)).reshape(-1, 2).tolist()
        if last - first >= MANY
    ]


def _block(tape: Tape, reached: list[bool], rolled: list[Rolled]) -> Block:
    rows = [row for row, _, _ in rolled]
    checked = [row not in tape.unchecked for row in rows] if tape.unchecked else [True] * len(rows)
    visited = [reached[row] for row in rows] if reached else [True] * len(rows)
    return Block([operation for _, operation, _ in rolled], rows, [inputs for _, _, inputs in rolled], checked, visited)


def _group(tape: Tape, masks: dict[int, int], reached: list[bool], rolled: list[Rolled]) -> Group:
    rows = [row for row, _, _ in rolled]
    operation = rolled[0][1]
    table = np.array([inputs for _, _, inputs in rolled], dtype=np.intp)
    if operation is DOT:
        n = table.shape[1] // 2
        operands: tuple[Rows, ...] = (table[:, :n], table[:, n:])
    elif operation.arity is None:
        operands = (table,)
    else:
        operands = tuple(table.T)
    mask, excused = (np.array([found[row] for row in rows], dtype=np.intp) if rows[0] in found else None for found in (masks, tape.excused))
    outputs = np.array(rows, dtype=np.intp)
    return Group(operation, outputs.shape, outputs, operands, mask, rows[0] not in tape.unchecked, excused, not reached or reached[rows[0]])


def _sums(tape: Tape) -> tuple[list[Rolled], dict[int, int], list[bool], list[bool]]:
    """The rows that compute something, with chains of additions as sums and dots; the masks of rows; which are batched, and reached.

    A `sum` of any number of terms is a link of such a chain as well as an addition of two is.
    """
    rows = len(tape.nodes)
    used = _flat(tape.inputs)
    users = np.repeat(np.arange(rows), tape.counts)
    uses = np.bincount(used, minlength=rows)
    uses[[*tape.results, *tape.masks.values(), *tape.excused.values()]] += 2  # by whoever asked for it
    adds, multiplies = (np.array([operation in kind for operation in tape.operations]) for kind in (ADDITIONS, (MUL,)))
    by_addition = adds[users]
    adders = np.full(rows, -1)
    adders[used[by_addition]] = users[by_addition]
    is_part = (adds | multiplies) & (uses == 1) & (adders >= 0)  # all that uses this row is one addition or sum
    if tape.masks:  # what is added up is wanted together
        is_part &= [tape.masks.get(i) == tape.masks.get(adder) for i, adder in enumerate(adders.tolist())]
    if tape.reached:  # and backward goes into all of it, or into nothing
        visited = np.array(tape.reached)
        is_part &= visited == visited[adders]
    added, multiplied = (np.bincount(adders[is_part & kind], minlength=rows) for kind in (adds, multiplies))
    is_sum = adds & ~is_part & ((added > 0) | (multiplied > 1))  # with a single product there is nothing to add up
    is_part &= (is_sum | is_part)[adders]
    is_alone = (tape.counts > 0) & ~is_sum & ~is_part

    part = is_part.tolist()
    rolled: list[Rolled] = []
    masks = dict(tape.masks)
    batched, reached = list(tape.batched), list(tape.reached)
    every = zip(range(rows), tape.operations, tape.inputs, strict=True)
    for own, alone, to_add_up in zip(every, is_alone.tolist(), is_sum.tolist(), strict=True):
        if alone:
            rolled.append(own)
        if not to_add_up:
            continue
        row = own[0]
        terms = _terms(tape, part, row)
        products = [i for i in terms if part[i]]
        if len(products) < 2:
            rolled.extend((i, MUL, tape.inputs[i]) for i in products)
        else:
            pairs = [tape.inputs[i] for i in products]
            factors = (*[a for a, _ in pairs], *[b for _, b in pairs])
            if len(products) == len(terms):
                rolled.append((row, DOT, factors))
                continue
            fresh = len(batched)
            batched.append(True in [batched[i] for i in factors])
            rolled.append((fresh, DOT, factors))
            if row in masks:
                masks[fresh] = masks[row]
            if reached:
                reached.append(reached[row])
            found = set(products)
            terms = [i for i in terms if i not in found] + [fresh]
        rolled.append((row, ADD if len(terms) == 2 else SUM, tuple(terms)))
    return rolled, masks, batched, reached


def _terms(tape: Tape, part: list[bool], row: int) -> list[int]:
    """What a chain of additions adds up, from left to right."""
    terms: list[int] = []
    stack = [row]
    while stack:
        i = stack.pop()
        if i == row or (part[i] and tape.operations[i] in ADDITIONS):
            stack.extend(reversed(tape.inputs[i]))
        else:
            terms.append(i)
    return terms
