"""The stages of a program between the passes as text, for `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from autograd.compiled.export.operands import number_text
from autograd.compiled.export.rule_text import printable
from autograd.compiled.ir import Map
from autograd.compiled.stages import AnyGroup, Block, Computed, Group, Loops, Rows, Sums, Tape, WrittenBlock
from autograd.ops import CONSTANT, LEAF, Operation

INPUTS = 6
"""The number of rows that a list shows. Of a longer list it shows the first ones and the length."""


def _numbers(rows: Sequence[int]) -> str:
    """Rows as text; consecutive ones as a range."""
    if len(rows) > 2 and list(rows) == list(range(rows[0], rows[0] + len(rows))):
        return f"{rows[0]}…{rows[-1]}"
    if len(rows) > INPUTS:
        return f"{', '.join(map(str, rows[:INPUTS]))}, … ({len(rows)})"
    return ", ".join(map(str, rows))


def _operation(operation: Operation, inputs: str) -> str:
    constants = "".join(f", {number_text(c)}" for c in operation.constants)
    return f"{operation.name}({inputs}{constants})"


def lines_of_tape(tape: Tape) -> Iterator[str]:
    """A line for each row: its number, and its operation with notes such as its label, or the row that stands for it."""
    for i, (node, operation, inputs) in enumerate(zip(tape.nodes, tape.operations, tape.inputs, strict=True)):
        if tape.same[i] != i:
            yield f"{i} is {tape.same[i]}"
            continue
        if operation is CONSTANT:
            text = number_text(node._data)
        else:
            text = "leaf" if operation is LEAF else _operation(operation, _numbers(inputs))
        notes = [
            *([printable(node.label)] if node.label else []),
            *(["differs from sample to sample"] if tape.batched[i] and operation is LEAF else []),
            *([f"receives a gradient where row {tape.masks[i]} is not 0"] if i in tape.masks else []),
            *(["receives no gradient"] if tape.reached and not tape.reached[i] and inputs else []),
            *(["result"] if i in tape.results else []),
        ]
        yield f"{i} = {text}" + (f"  # {'; '.join(notes)}" if notes else "")


def lines_of_sums(sums: Sums) -> Iterator[str]:
    """A line for each computed row, and one for each row for which a computed one stands."""
    yield from map(_line_of, sums.computed)
    computed = {row for row, _, _ in sums.computed}
    for row in np.flatnonzero(sums.same != np.arange(len(sums.same))).tolist():
        if sums.same[row] in computed:
            yield f"{row} is {sums.same[row]}"


def _line_of(computed: Computed) -> str:
    row, operation, inputs = computed
    return f"{row} = {_operation(operation, _numbers(inputs))}"


def _flat(rows: Rows) -> str:
    numbers = rows.ravel().tolist()
    shape = f" as {' × '.join(map(str, rows.shape))}" if rows.ndim > 1 else ""
    return _numbers(numbers) + shape


def lines_of_loops(loops: Loops) -> Iterator[str]:
    """A line for each loop: its rounds, and the rows of a round, counted among those that are computed."""
    if not loops.positions:
        yield "none"
    for positions in loops.positions:
        rounds, rows = positions.shape
        yield f"Loop: {rounds:,} rounds of {rows:,} rows; first {_numbers(positions[0].tolist())}, last {_numbers(positions[-1].tolist())}"


@singledispatch
def _part(part: Any) -> str:
    raise TypeError(f"{part!r} is not a part of a program")


@_part.register
def _(group: Group) -> str:
    operands = "; ".join(_flat(operand) for operand in group.operands)
    mask = "" if group.mask is None else f" where {_flat(group.mask)} is not 0"
    kind = f"Map {group.operation.name}" if group.kind is Map else group.kind.__name__
    return f"{kind}: {_flat(group.outputs)} from {operands}{mask}"


@_part.register
def _(block: Block) -> str:
    rounds = f" in {block.rounds:,} rounds" if block.rounds > 1 else ""
    return f"Scalars: {len(block.outputs):,} rows one after the other{rounds}, {_numbers(block.outputs)}"


@_part.register
def _(block: WrittenBlock) -> str:
    body = block.written
    words = f"{body.rounds:,} rounds of {len(body.operations):,} scalars, from {_numbers(block.inputs)}"
    return f"Loop: {block.output} with {_numbers(list(block.elements))}; {words}"


def lines_of_groups(groups: Sequence[AnyGroup]) -> Iterator[str]:
    """A line for each group or block: the kind of its instruction, the rows that it computes, and those that it reads."""
    return map(_part, groups)


LINES: dict[type, Callable[[Any], Iterator[str]]] = {Tape: lines_of_tape, Sums: lines_of_sums, Loops: lines_of_loops, list: lines_of_groups}
"""The function that writes each form."""
