"""Constants: those with the same bits become one row.

A loss that refers to its data, as in `compile(lambda p: loss(p, X, y))`, has a constant wherever it uses a number of `X`. If these are one
row, all neurons read the same numbers, and their dots form one matrix product.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from autograd._runtime.bulk import numbers_of
from autograd.compiled.stages import Tape


def merge_constants(tape: Tape) -> Tape:
    """The tape, in which the first of equal constants stands for all of them."""
    constants = np.array(tape.constants(), dtype=np.intp)
    bits = np.array(numbers_of([tape.nodes[row] for row in constants.tolist()]), dtype=np.float64).view(np.int64)  # 0.0 is not -0.0
    _, first, which = np.unique(bits, return_index=True, return_inverse=True)
    same = tape.same.copy()
    same[constants] = constants[first][which]
    stands = same.tolist()
    all_read = np.fromiter(chain.from_iterable(tape.inputs), dtype=np.intp)
    read = same[all_read]
    users = np.searchsorted(np.cumsum(tape.counts), np.flatnonzero(read != all_read), side="right")
    inputs = tape.inputs[:]
    for row in dict.fromkeys(users.tolist()):
        inputs[row] = tuple([stands[i] for i in inputs[row]])
    masks, error_masks = ({row: stands[mask] for row, mask in of.items()} for of in (tape.masks, tape.error_masks))
    results = [stands[row] for row in tape.results]
    merged = replace(tape, inputs=inputs, results=results, masks=masks, error_masks=error_masks, same=same)
    vars(merged).update(read=read, counts=tape.counts)  # so that they are not computed again
    return merged
