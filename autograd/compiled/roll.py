"""Roll: rows that do the same thing become one vector instruction.

Two steps. *Sums*: a chain of additions is one sum, and the products in it one dot product, where nothing else uses the parts;
that is how a loop over `w * x` looks after it was unrolled. *Groups*: rows with the same operation, the same number of inputs,
whose inputs come from the same groups, are computed together. A group depends on earlier groups only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.record import Tape
from autograd.ops import ADD, DOT, MUL, SUM, Operation

Rows = npt.NDArray[np.intp]


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
    """

    operation: Operation
    shape: tuple[int, ...]
    outputs: Rows
    operands: tuple[Rows, ...]
    mask: Rows | None = None
    checked: bool = True


def roll(tape: Tape) -> list[Group]:
    """The groups of a tape, in an order in which they can be computed."""
    rolled, masks = _sums(tape)
    # leaves and constants are in no group, but those that differ from sample to sample are of another kind
    group_of = {i: -2 if tape.batched[i] else -1 for i, inputs in enumerate(tape.inputs) if not inputs}
    members: dict[Any, int] = {}
    operations: list[Operation] = []
    rows: list[list[int]] = []
    operands: list[list[tuple[int, ...]]] = []
    for row, operation, inputs in rolled:
        sources: Any = [group_of[i] for i in inputs]
        if operation.arity is None:  # the order of terms is not part of what a sum is
            half = len(inputs) // 2
            sources = (frozenset(sources[:half]), frozenset(sources[half:])) if operation is DOT else frozenset(sources)
        else:
            sources = tuple(sources)
        key = (
            operation.name,
            operation.constants,
            len(inputs),
            sources,
            tape.batched[masks[row]] if row in masks else None,
            row in tape.unchecked,
        )
        group = members.setdefault(key, len(rows))
        if group == len(rows):
            operations.append(operation)
            rows.append([])
            operands.append([])
        group_of[row] = group
        rows[group].append(row)
        operands[group].append(inputs)
    return [_group(tape, masks, *columns) for columns in zip(operations, rows, operands, strict=True)]


def _group(tape: Tape, masks: dict[int, int], operation: Operation, rows: list[int], inputs: list[tuple[int, ...]]) -> Group:
    table = np.array(inputs, dtype=np.intp)
    if operation is DOT:
        n = table.shape[1] // 2
        operands: tuple[Rows, ...] = (table[:, :n], table[:, n:])
    elif operation.arity is None:
        operands = (table,)
    else:
        operands = tuple(table.T)
    mask = np.array([masks[row] for row in rows], dtype=np.intp) if rows[0] in masks else None
    return Group(operation, (len(rows),), np.array(rows, dtype=np.intp), operands, mask, rows[0] not in tape.unchecked)


def _sums(tape: Tape) -> tuple[list[tuple[int, Operation, tuple[int, ...]]], dict[int, int]]:
    """The rows that compute something, with chains of additions as sums and dots; and the masks of rows."""
    uses = [0] * len(tape.nodes)
    adder = [-1] * len(tape.nodes)  # the addition that uses this row, if that is its only use
    for row, inputs in enumerate(tape.inputs):
        for i in inputs:
            uses[i] += 1
            adder[i] = row if tape.operations[row] is ADD else -1
    for row in (*tape.results, *tape.masks.values()):
        uses[row] += 2  # by whoever asked for it
    part = [uses[i] == 1 and adder[i] >= 0 for i in range(len(tape.nodes))]
    if tape.masks:  # what is added up is wanted together
        part = [is_part and tape.masks.get(i) == tape.masks.get(adder[i]) for i, is_part in enumerate(part)]

    rolled: list[tuple[int, Operation, tuple[int, ...]]] = []
    masks = dict(tape.masks)
    fresh = len(tape.nodes)
    for row, (operation, inputs) in enumerate(zip(tape.operations, tape.inputs, strict=True)):
        if not inputs or (part[row] and operation is ADD):
            continue
        if part[row] and operation is MUL:
            continue  # the sum it belongs to decides what becomes of it
        if operation is not ADD:
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
            rolled.append((fresh, DOT, factors))
            if row in masks:
                masks[fresh] = masks[row]
            found = set(products)
            terms = [i for i in terms if i not in found] + [fresh]
            fresh += 1
        rolled.append((row, ADD if len(terms) == 2 else SUM, tuple(terms)))
    return rolled, masks


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
