"""Sums: a chain of additions becomes one sum, and the products in it one dot, if nothing else uses the parts.

A loop over `w * x` gives such a chain when it is unrolled. A link of the chain is an addition, or a sum of any number of terms.
"""

from __future__ import annotations

import numpy as np

from autograd.compiled.stages import Computed, Sums, Tape
from autograd.ops import ADD, DOT, MUL, SUM

ADDITIONS = (ADD, SUM)


def find_sums(tape: Tape) -> Sums:
    """The computed rows of a tape, with chains of additions as sums and dots."""
    rows = len(tape.nodes)
    used = tape.read
    users = np.repeat(np.arange(rows), tape.counts)
    uses = np.bincount(used, minlength=rows)
    uses[[*tape.results, *tape.masks.values(), *tape.error_masks.values()]] += 2  # they are read from outside, so they stay
    adds, multiplies = (np.isin(tape.codes, [id(operation) for operation in kind]) for kind in (ADDITIONS, (MUL,)))
    by_addition = adds[users]
    adders = np.full(rows, -1)
    adders[used[by_addition]] = users[by_addition]
    is_part = (adds | multiplies) & (uses == 1) & (adders >= 0)  # the only use of the row is in an addition or sum
    if tape.masks:  # the terms of a sum must have its mask
        is_part &= [tape.masks.get(i) == tape.masks.get(adder) for i, adder in enumerate(adders.tolist())]
    if tape.reached:  # and the backward pass must reach all of them, or none
        visited = np.array(tape.reached)
        is_part &= visited == visited[adders]
    added, multiplied = (np.bincount(adders[is_part & kind], minlength=rows) for kind in (adds, multiplies))
    is_sum = adds & ~is_part & ((added > 0) | (multiplied > 1))  # a single product is no dot
    is_part &= (is_sum | is_part)[adders]
    is_alone = (tape.counts > 0) & ~is_sum & ~is_part

    part = is_part.tolist()
    computed: list[Computed] = []
    masks = dict(tape.masks)
    batched, reached = list(tape.batched), list(tape.reached)
    every = zip(range(rows), tape.operations, tape.inputs, strict=True)
    for own, alone, to_add_up in zip(every, is_alone.tolist(), is_sum.tolist(), strict=True):
        if alone:
            computed.append(own)
        if not to_add_up:
            continue
        row = own[0]
        terms = _terms(tape, part, row)
        products = [i for i in terms if part[i]]
        if len(products) < 2:
            computed.extend((i, MUL, tape.inputs[i]) for i in products)
        else:
            pairs = [tape.inputs[i] for i in products]
            factors = (*[a for a, _ in pairs], *[b for _, b in pairs])
            if len(products) == len(terms):
                computed.append((row, DOT, factors))
                continue
            fresh = len(batched)
            batched.append(True in [batched[i] for i in factors])
            computed.append((fresh, DOT, factors))
            if row in masks:
                masks[fresh] = masks[row]
            if reached:
                reached.append(reached[row])
            in_dot = set(products)
            terms = [i for i in terms if i not in in_dot] + [fresh]
        computed.append((row, ADD if len(terms) == 2 else SUM, tuple(terms)))
    return Sums(computed, masks, tape.error_masks, batched, reached, np.append(tape.same, np.arange(rows, len(batched))))


def _terms(tape: Tape, part: list[bool], row: int) -> list[int]:
    """The terms of a chain of additions, from left to right."""
    terms: list[int] = []
    stack = [row]
    while stack:
        i = stack.pop()
        if i == row or (part[i] and tape.operations[i] in ADDITIONS):
            stack.extend(reversed(tape.inputs[i]))
        else:
            terms.append(i)
    return terms
