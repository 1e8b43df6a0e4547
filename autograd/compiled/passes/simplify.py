"""Simplify: constants with the same bits are one row, and the same operation on the same inputs is computed once.

A loss that refers to its data, as in `compile(lambda p: loss(p, X, y))`, has a constant wherever it uses a number of `X`. If these are one
row, all neurons read the same numbers, and their dots form one matrix product.

The pass comes after `sums`: a product that two chains of additions have in common stays a term of both, so that both can be dots. Two rows
are the same only if they also receive gradients and raise errors in the same cases. The gradient with respect to a number that is used in
several places is a sum, whose order may change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np

from autograd.compiled.stages import Rows, Sums, Tape
from autograd.ops import ADD, MUL, Operation

COMMUTATIVE = (ADD, MUL)

Kind = Callable[[int, Operation], Hashable]
"""What must be the same for two rows that are computed by an operation."""


def simplify(tape: Tape, sums: Sums) -> Sums:
    """The sums, in which every number is computed once."""
    same = _equal_constants(tape, sums.same)
    repeats = _may_repeat(tape, same)
    equal = _equal_rows(sums, same) if repeats else same
    # a mask is only read, so any row with its numbers will do: the first of them is computed in any case
    masks, error_masks = ({row: int(equal[mask]) for row, mask in of.items()} for of in (sums.masks, sums.error_masks))
    if not repeats or not (masks or error_masks or sums.reached or tape.unchecked):
        same = equal
    else:
        same = _equal_rows(sums, same, _kind_of(tape, replace(sums, masks=masks, error_masks=error_masks)))
    gone = set(np.flatnonzero(same != sums.same).tolist())
    if not gone:
        return sums
    stands = same.tolist()
    computed = [
        own if gone.isdisjoint(own[2]) else (own[0], own[1], tuple([stands[i] for i in own[2]]))
        for own in sums.computed
        if own[0] not in gone
    ]
    return replace(sums, computed=computed, masks=masks, error_masks=error_masks, same=same)


def _equal_constants(tape: Tape, same: Rows) -> Rows:
    """For each row itself, and for each constant the first one with the same bits."""
    constants = np.array(tape.constants(), dtype=np.intp)
    bits = np.array([tape.nodes[row]._data for row in constants.tolist()], dtype=np.float64).view(np.int64)  # 0.0 is not -0.0
    _, first, which = np.unique(bits, return_index=True, return_inverse=True)
    same = same.copy()
    same[constants] = constants[first][which]
    return same


def _may_repeat(tape: Tape, same: Rows) -> bool:
    """Whether an operation may occur twice with the same inputs. It is decided by hashes, because most large graphs repeat nothing."""
    hashes = (same[tape.read] + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    totals = np.concatenate([[np.uint64(0)], np.cumsum(hashes)])
    ends = np.cumsum(tape.counts)
    of_rows = totals[ends] - totals[ends - tape.counts] + tape.codes.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
    ordered = np.sort(of_rows[tape.counts > 0])
    return bool((ordered[1:] == ordered[:-1]).any())


def _equal_rows(sums: Sums, same: Rows, kind: Kind | None = None) -> Rows:
    """For each row the first one that is computed by the same operation from the same inputs, and is of the same kind.

    Args:
        sums: the computed rows.
        same: for each constant the row that stands for it.
        kind: what else must be the same; without it, the result has only the same numbers.
    """
    stands = same.tolist()
    seen: dict[Hashable, int] = {}
    for row, operation, inputs in sums.computed:
        key: Hashable
        if len(inputs) == 2:
            i, j = stands[inputs[0]], stands[inputs[1]]
            key = (operation, j, i) if j < i and operation in COMMUTATIVE else (operation, i, j)
        else:
            key = (operation, *[stands[i] for i in inputs])
        stands[row] = seen.setdefault(key if kind is None else (key, kind(row, operation)), row)
    return np.array(stands, dtype=np.intp)


def _kind_of(tape: Tape, sums: Sums) -> Kind:
    def kind(row: int, operation: Operation) -> Hashable:
        fails = operation.domain is not None or operation.pole is not None
        error = (row in tape.unchecked, sums.error_masks.get(row)) if fails else None
        return sums.masks.get(row), not sums.reached or sums.reached[row], error

    return kind
