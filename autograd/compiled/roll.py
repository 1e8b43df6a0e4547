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
        mask: the rows, in the shape of the outputs, that say where an output is wanted; None where it always is.
        checked: whether it is an error to leave the domain of the operation.
        excused: whether it is none where an output is not wanted.
    """

    operation: Operation
    shape: tuple[int, ...]
    outputs: Rows
    operands: tuple[Rows, ...]
    mask: Rows | None = None
    checked: bool = True
    excused: bool = False


@dataclass(frozen=True)
class Block:
    """Scalars computed one after the other.

    Attributes:
        operations, outputs, inputs: of each, in an order in which they can be computed: what computes it, its row, those it reads.
        checked: for each, whether it is an error to leave the domain of the operation.
    """

    operations: list[Operation]
    outputs: list[int]
    inputs: list[tuple[int, ...]]
    checked: list[bool]


FEW = 16
"""A group of fewer rows is no faster as a vector than as scalars."""
MANY = 32
"""From how many of such groups in a row on they are a block. Fewer are shown as what they are."""


def roll(tape: Tape) -> list[Group | Block]:
    """The groups and blocks of a tape, in an order in which they can be computed."""
    rolled, masks, batched = _sums(tape)
    # leaves and constants are in no group, but those that differ from sample to sample are of another kind
    group_of = [-2 if kind else -1 for kind in batched]
    depths = [0] * len(batched)
    members: dict[Any, int] = {}
    groups: list[list[int]] = []
    levels: list[int] = []  # for each group its depth, and whether it can be scalars
    scalar: list[bool] = []
    plain = not (tape.unchecked or masks)
    for position, (row, operation, inputs) in enumerate(rolled):
        kind = None if plain else (row in tape.unchecked, row in tape.excused, tape.batched[masks[row]] if row in masks else None)
        # an operation with other constants is another object
        if operation.arity == 2:  # most are: the general way below takes twice as long
            i, j = inputs
            depth = depths[i] if depths[i] > depths[j] else depths[j]
            key: Any = id(operation), group_of[i], group_of[j], kind
        else:
            depth = max([depths[i] for i in inputs])
            if operation is DOT:
                sources: Any = depth, batched[row]
            elif operation.arity is None:  # the order of terms is not part of what a sum is
                sources = frozenset([group_of[i] for i in inputs])
            else:
                sources = tuple([group_of[i] for i in inputs])
            key = id(operation), len(inputs), sources, kind
        depths[row] = depth + 1
        group_of[row] = group = members.setdefault(key, len(groups))
        if group == len(groups):
            groups.append([position])
            levels.append(depth)
            scalar.append(row not in masks and (operation.arity is not None or operation in (SUM, DOT)))
        else:
            groups[group].append(position)

    order = sorted(range(len(groups)), key=levels.__getitem__)
    small = [fits and len(group) < FEW for fits, group in zip(scalar, groups, strict=True)]
    found: list[Group | Block] = []
    for are_small, run in groupby(order, small.__getitem__):
        together = [groups[group] for group in run]
        if are_small and len(together) >= MANY:
            found.append(_block(tape, [rolled[i] for i in sorted(chain.from_iterable(together))]))
        else:
            found += [_group(tape, masks, [rolled[i] for i in group]) for group in together]
    return found


def _block(tape: Tape, rolled: list[Rolled]) -> Block:
    rows = [row for row, _, _ in rolled]
    checked = [row not in tape.unchecked for row in rows] if tape.unchecked else [True] * len(rows)
    return Block([operation for _, operation, _ in rolled], rows, [inputs for _, _, inputs in rolled], checked)


def _group(tape: Tape, masks: dict[int, int], rolled: list[Rolled]) -> Group:
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
    mask = np.array([masks[row] for row in rows], dtype=np.intp) if rows[0] in masks else None
    outputs = np.array(rows, dtype=np.intp)
    return Group(operation, outputs.shape, outputs, operands, mask, rows[0] not in tape.unchecked, rows[0] in tape.excused)


def _sums(tape: Tape) -> tuple[list[Rolled], dict[int, int], list[bool]]:
    """The rows that compute something, with chains of additions as sums and dots; the masks of rows; and which are batched."""
    rows = len(tape.nodes)
    used = np.fromiter(chain.from_iterable(tape.inputs), dtype=np.intp)
    users = np.repeat(np.arange(rows), [len(inputs) for inputs in tape.inputs])
    uses = np.bincount(used, minlength=rows)
    uses[[*tape.results, *tape.masks.values()]] += 2  # by whoever asked for it
    by_addition = np.array([operation is ADD for operation in tape.operations])[users]
    adders = np.full(rows, -1)
    adders[used[by_addition]] = users[by_addition]
    part = ((uses == 1) & (adders >= 0)).tolist()  # all that uses this row is one addition
    if tape.masks:  # what is added up is wanted together
        part = [
            is_part and tape.masks.get(i) == tape.masks.get(adder)
            for i, (is_part, adder) in enumerate(zip(part, adders.tolist(), strict=True))
        ]

    rolled: list[Rolled] = []
    masks = dict(tape.masks)
    batched = list(tape.batched)
    for row, (operation, inputs) in enumerate(zip(tape.operations, tape.inputs, strict=True)):
        if not inputs or (part[row] and operation is ADD):
            continue
        if part[row] and operation is MUL:
            continue  # the sum it belongs to decides what becomes of it
        if operation is not ADD:
            rolled.append((row, operation, inputs))
            continue
        parts = [i for i in inputs if part[i]]
        if not parts or (len(parts) == 1 and tape.operations[parts[0]] is MUL):  # nothing to add up with it: quicker
            rolled += [(i, MUL, tape.inputs[i]) for i in parts]
            rolled.append((row, operation, inputs))
            continue
        terms = _terms(tape, part, row)
        products = [i for i in terms if part[i] and tape.operations[i] is MUL]
        if len(products) < 2 or len(products) == len(terms) == 1:
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
            found = set(products)
            terms = [i for i in terms if i not in found] + [fresh]
        rolled.append((row, ADD if len(terms) == 2 else SUM, tuple(terms)))
    return rolled, masks, batched


def _terms(tape: Tape, part: list[bool], row: int) -> list[int]:
    """What a chain of additions adds up, from left to right."""
    terms: list[int] = []
    stack = [row]
    while stack:
        i = stack.pop()
        if i == row or (part[i] and tape.operations[i] is ADD):
            stack.extend(reversed(tape.inputs[i]))
        else:
            terms.append(i)
    return terms
