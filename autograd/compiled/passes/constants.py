"""Constants: those with the same bits become one row.

A loss that refers to its data, as in `compile(lambda p: loss(p, X, y))`, has a constant wherever it uses a number of `X`. If these are one
row, all neurons read the same numbers, and their dots form one matrix product.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograd._runtime.bulk import numbers_of
from autograd.compiled.stages import Tape


def merge_constants(tape: Tape) -> Tape:
    """The tape, in which the first of equal constants stands for all of them."""
    constants = np.array(tape.constants(), dtype=np.intp)
    numbers = np.array(numbers_of([tape.nodes[row] for row in constants.tolist()]), dtype=np.float64)
    _, first, which = np.unique(numbers.view(np.int64), return_index=True, return_inverse=True)  # by which 0.0 is not -0.0
    if len(first) == len(constants):
        return tape
    same = tape.same.copy()
    same[constants] = constants[first][which]
    stands = same.tolist()
    inputs = tape.inputs[:]
    for row in np.unique(np.repeat(tape.same, tape.counts)[same[tape.read] != tape.read]).tolist():
        inputs[row] = tuple([stands[i] for i in inputs[row]])
    masks, error_masks = ({row: stands[mask] for row, mask in of.items()} for of in (tape.masks, tape.error_masks))
    results = [stands[row] for row in tape.results]
    merged = replace(tape, inputs=inputs, results=results, masks=masks, error_masks=error_masks, same=same)
    vars(merged).update(read=same[tape.read], counts=tape.counts, codes=tape.codes)  # which would take long to compute again
    return merged
