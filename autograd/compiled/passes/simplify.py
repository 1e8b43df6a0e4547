"""Simplify: the same operation on the same inputs is computed once.

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
    if not _may_repeat(tape):
        return sums
    same = _equal_rows(sums)
    if sums.masks or sums.error_masks or sums.reached or tape.unchecked:
        # a mask is only read, so any row with its numbers will do: the first of them is computed in any case
        masks, error_masks = ({row: int(same[mask]) for row, mask in of.items()} for of in (sums.masks, sums.error_masks))
        sums = replace(sums, masks=masks, error_masks=error_masks)
        same = _equal_rows(sums, _kind_of(tape, sums))
    stands = same.tolist()
    computed = [(row, operation, tuple([stands[i] for i in inputs])) for row, operation, inputs in sums.computed if stands[row] == row]
    return replace(sums, computed=computed, same=same)


def _may_repeat(tape: Tape) -> bool:
    """Whether an operation may occur twice with the same inputs. It is decided by hashes, because most large graphs repeat nothing.

    The hash of a row is that of its operation plus those of its inputs, in any order. The factors are those of SplitMix64.
    """
    hashes = (tape.read + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    totals = np.concatenate([[np.uint64(0)], np.cumsum(hashes)])
    ends = np.cumsum(tape.counts)
    of_rows = totals[ends] - totals[ends - tape.counts] + tape.codes.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
    ordered = np.sort(of_rows[tape.counts > 0])
    return bool((ordered[1:] == ordered[:-1]).any())


def _equal_rows(sums: Sums, kind: Kind | None = None) -> Rows:
    """For each row the first one that is computed by the same operation from the same inputs, and is of the same kind.

    Args:
        sums: the computed rows.
        kind: what else must be the same; without it, the result has only the same numbers.
    """
    stands = sums.same.tolist()
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
    """What must be the same besides the numbers: whether and where a row passes gradients on, and whether and where it raises errors."""

    def kind(row: int, operation: Operation) -> Hashable:
        fails = operation.domain is not None or operation.pole is not None
        error = (row in tape.unchecked, sums.error_masks.get(row)) if fails else None
        return sums.masks.get(row), not sums.reached or sums.reached[row], error

    return kind
