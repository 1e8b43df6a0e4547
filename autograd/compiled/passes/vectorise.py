"""Vectorise: rows with the same operation become one vector instruction.

*Groups*: rows with the same operation and number of inputs are computed together if their inputs come from the same groups. So are all
dots of one length and depth, among which `matmuls` looks for matrix products. A group depends only on groups of less depth.

*Loops*: the rows that `loops` has found. Each loop is a block of its own. What is beside it in the rounds is grouped by its phase, so that
a group has the same row of every round, and reads regular places.

*Loops that were written* are in one row each, with rows for what they leave behind, which need no instruction of their own.

*Blocks*: an irregular graph, such as that of a differential equation, has many groups of few rows, for which vector instructions gain
nothing. These rows stay scalars, computed one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import kind_of
from autograd.compiled.stages import AnyGroup, Block, Computed, Group, Loops, Rows, Sums, Tape, WrittenBlock
from autograd.compiled.written_loop import ELEMENT
from autograd.ops import DOT, SUM

FEW = 16
"""A group of fewer rows gains nothing as a vector instruction."""
MANY = 32
"""So many small groups in a row, or more, become a block. Fewer stay groups, which a listing shows more clearly."""


@dataclass(frozen=True)
class _Part:
    """A part of the computed rows: a group, or narrow levels.

    Attributes:
        depth: the depth of the first level.
        few: the number of small groups that it stands for; 0 for a group that becomes a vector instruction.
        positions: its positions in the list of computed rows, ascending; those of a loop round by round.
        rounds: of a loop, how many it has.
    """

    depth: int
    few: int
    positions: list[int]
    rounds: int = 1


def vectorise(tape: Tape, sums: Sums, loops: Loops) -> list[AnyGroup]:
    """The groups and blocks of a tape, in an order in which they can be computed."""
    computed, masks, batched, reached = sums.computed, sums.masks, sums.batched, sums.reached
    depths = loops.depths
    rigid = {operation for operation in set(tape.operations) if operation.arity is None} - {SUM, DOT}
    fits = np.ones(len(computed), dtype=bool)  # which rows can be scalars of a block
    if rigid or masks or sums.error_masks:
        fits[:] = [row not in masks and row not in sums.error_masks and operation not in rigid for row, operation, _ in computed]
    rest = np.ones(len(computed), dtype=bool)
    parts = [_Part(depths[computed[rows[0, 0]][0]], 0, rows.ravel().tolist(), len(rows)) for rows in loops.positions]
    written = _written_blocks(tape, sums)
    parts += [_Part(depths[computed[position][0]], 0, [position]) for position in written]
    for part in parts:
        rest[part.positions] = False
    if written:
        rest[[i for i, (_, operation, _) in enumerate(computed) if operation is ELEMENT]] = False
    parts += _narrow_levels(np.array([depths[row] for row, _, _ in computed], dtype=np.intp), fits & rest)
    for part in parts:
        rest[part.positions] = False

    # rows that are in no group yet, such as leaves, count as one group for each depth, shared and batched ones apart
    group_of = (-1 - 2 * np.array(depths) - np.array(batched)).tolist()
    members: dict[Any, int] = {}
    groups: list[list[int]] = []
    plain = not (tape.unchecked or masks or tape.reached or loops.phases)
    for position in np.flatnonzero(rest).tolist():
        row, operation, inputs = computed[position]
        kind = None
        if not plain:
            mask, error_mask = (batched[of[row]] if row in of else None for of in (masks, sums.error_masks))
            phase = loops.phases[row] if loops.phases else 0
            kind = row in tape.unchecked, error_mask, mask, not reached or reached[row], phase
        # an operation with other constants is another object, so the key tells them apart
        if operation.arity == 2:  # the most frequent case, without the general one's tuples
            i, j = inputs
            key: Any = operation, group_of[i], group_of[j], kind
        else:
            if operation is DOT:
                sources: Any = depths[row], batched[row]
            elif operation.arity is None:  # a sum does not depend on the order of its terms
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
        parts.append(_Part(depths[computed[first][0]], int(bool(fits[first]) and len(positions) < FEW), positions))

    groups_and_blocks: list[AnyGroup] = []
    for are_few, run in groupby(sorted(parts, key=lambda part: part.depth), lambda part: part.few > 0):
        together = list(run)
        if are_few and sum([part.few for part in together]) >= MANY:
            groups_and_blocks.append(
                _block(tape, reached, [computed[i] for i in sorted(chain.from_iterable([part.positions for part in together]))])
            )
            continue
        for part in together:
            if part.positions[0] in written:
                groups_and_blocks.append(written[part.positions[0]])
                continue
            own = [computed[i] for i in part.positions]
            groups_and_blocks.append(_block(tape, reached, own, part.rounds) if part.rounds > 1 else _group(tape, sums, own))
    return groups_and_blocks


def _written_blocks(tape: Tape, sums: Sums) -> dict[int, WrittenBlock]:
    """The loops that were written, by their positions among the computed rows."""
    if not any(operation.loop is not None for operation in set(tape.operations)):
        return {}
    elements: dict[int, dict[int, int]] = {}
    for row, operation, inputs in sums.computed:
        if operation is ELEMENT:
            elements.setdefault(inputs[0], {})[row] = int(tape.nodes[inputs[1]]._data)
    blocks = {}
    for position, (row, operation, inputs) in enumerate(sums.computed):
        if operation.loop is not None:
            own = elements[row]
            reached = frozenset([k for of_row, k in own.items() if not sums.reached or sums.reached[of_row]])
            blocks[position] = WrittenBlock(operation.loop, row, inputs, own, row not in tape.unchecked, reached)
    return blocks


def _narrow_levels(depths: Rows, fits: npt.NDArray[np.bool_]) -> list[_Part]:
    """Runs of levels of few rows, long enough to become a block whatever their groups are, so that the groups need not be made.

    Args:
        depths: the depth of each computed row.
        fits: whether it can be a scalar of a block, and is in no loop.
    """
    sizes = np.bincount(depths)
    is_narrow = (np.bincount(depths, np.where(fits, 1, FEW)) < FEW) & (sizes > 0)  # level 0 has no computed rows
    ends = sizes.cumsum()
    by_depth = np.argsort(depths, kind="stable")
    return [
        _Part(first, last - first, np.sort(by_depth[ends[first - 1] : ends[last - 1]]).tolist())
        for first, last in np.flatnonzero(np.diff(is_narrow, prepend=False, append=False)).reshape(-1, 2).tolist()
        if last - first >= MANY
    ]


def _block(tape: Tape, reached: list[bool], computed: list[Computed], rounds: int = 1) -> Block:
    rows = [row for row, _, _ in computed]
    checked = [row not in tape.unchecked for row in rows] if tape.unchecked else [True] * len(rows)
    visited = [reached[row] for row in rows] if reached else [True] * len(rows)
    return Block([operation for _, operation, _ in computed], rows, [inputs for _, _, inputs in computed], checked, visited, rounds)


def _group(tape: Tape, sums: Sums, computed: list[Computed]) -> Group:
    rows = [row for row, _, _ in computed]
    operation = computed[0][1]
    table = np.array([inputs for _, _, inputs in computed], dtype=np.intp)
    if operation is DOT:
        n = table.shape[1] // 2
        operands: tuple[Rows, ...] = (table[:, :n], table[:, n:])
    elif operation.arity is None:
        operands = (table,)
    else:
        operands = tuple(table.T)
    mask, error_mask = (
        np.array([of[row] for row in rows], dtype=np.intp) if rows[0] in of else None for of in (sums.masks, sums.error_masks)
    )
    outputs = np.array(rows, dtype=np.intp)
    checked, visited = rows[0] not in tape.unchecked, not sums.reached or sums.reached[rows[0]]
    return Group(kind_of(operation), operation, outputs.shape, outputs, operands, mask, checked, error_mask, visited)
