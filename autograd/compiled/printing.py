"""A program as text: the instructions that were found, with the labels and scopes of the Values they stand for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand, Scalars
from autograd.compiled.matrices import MATMUL
from autograd.compiled.record import Tape
from autograd.compiled.roll import Rows
from autograd.ops import COMPARISONS, CONSTANT, DOT, SUM, Operation


@dataclass(frozen=True)
class Line:
    """One instruction in words, for a printed program and for a picture of it.

    Attributes:
        name: of what it computes.
        shape: of that, as "[n, 16]".
        text: what it does, as "x[n, 2] @ w[16, 2]ᵀ".
        is_product: whether it is a matrix product.
        sources: a key and a text for each thing it reads that is no constant: the name of an earlier line, or a leaf.
        scope: that of the Values it computes, where they have one in common.
    """

    name: str
    shape: str
    text: str
    is_product: bool
    sources: tuple[tuple[str, str], ...]
    scope: str = ""


INFIX = ("+", "-", "*", "/", "**", "%")
LEAF, NUMBER, NOTHING = -1, -2, -3
"""What is at a place, where no step has computed it."""


def describe(tape: Tape, layout: Layout) -> str:
    """The program as text: what was recorded, what it costs, and one line an instruction. The axis of the samples is `n`.

    A product of m × t by t × p numbers counts as 2mtp floating-point operations, any function of one number as one.
    """
    return str(_Text(tape, layout))


def outline(tape: Tape, layout: Layout) -> list[Line]:
    """The instructions in words."""
    return _Text(tape, layout).lines()


class _Text:
    def __init__(self, tape: Tape, layout: Layout) -> None:
        self.tape, self.layout, self.steps = tape, layout, layout.steps
        sizes = (layout.shared, layout.batched)
        self.owner = [np.full(size, NOTHING, dtype=np.intp) for size in sizes]  # of each place: the step, or what else it holds
        self.rows = [np.full(size, NOTHING, dtype=np.intp) for size in sizes]  # NOTHING: a sum or dot that was found
        for row, inputs in enumerate(tape.inputs):
            kind, place = tape.batched[row], int(layout.place[row])
            if place >= 0:
                self.rows[kind][place] = row
                if not inputs:
                    self.owner[kind][place] = NUMBER if tape.operations[row] is CONSTANT else LEAF
        for i, step in enumerate(self.steps):
            if isinstance(step, Scalars):
                for batched in (False, True):
                    self.owner[batched][step.outputs[step.output_batched == batched]] = i
            else:
                self.owner[step.batched][step.start : step.start + step.size] = i
        self.names = self.named()

    def named(self) -> list[str]:
        """A name for each step: the label of what it computes, where that has one of its own, else a number."""
        found: list[str] = []
        for i, step in enumerate(self.steps):
            label = "" if isinstance(step, Scalars) else _stem(self.labels(step.batched, np.arange(step.start, step.start + step.size)))
            found.append(label if label and label not in found else f"t{i + 1}")
        return found

    def labels(self, batched: bool, places: Rows) -> list[str]:
        return [self.tape.nodes[row].label if row >= 0 else "" for row in self.rows[batched][places].tolist()]

    def __str__(self) -> str:
        lines = [f"  {line.name}{line.shape} = {line.text}" + (f"  # {line.scope}" if line.scope else "") for line in self.lines()]
        return "\n".join([self.head(), *lines])

    def head(self) -> str:
        products = sum(isinstance(step, Instruction) and step.operation is MATMUL for step in self.steps)
        count = sum(len(step.operations) if isinstance(step, Scalars) else 1 for step in self.steps)
        numbers = [self.tape.nodes[i]._data for i in self.tape.constants()]
        distinct = list(dict.fromkeys(f"{number:g}" for number in numbers))
        listed = ", ".join([*distinct[:4], "…"] if len(distinct) > 4 else distinct)
        costs = [_operations(step) for step in self.steps]
        shared = sum(cost for cost, step in zip(costs, self.steps, strict=True) if not step.batched)
        cost = f"{shared:,} floating-point operations forward, {8 * self.layout.shared:,} bytes"
        if self.layout.batched:
            cost += f"; and for each of n samples {sum(costs) - shared:,}, {8 * self.layout.batched:,} bytes"
        return (
            f"program: {len(self.tape.nodes):,} nodes → {count:,} instructions, {products} of them matrix products; "
            f"{len(self.tape.leaves()):,} leaves, {len(numbers):,} constants" + (f" ({listed})" if listed else "") + f"\n  {cost}"
        )

    def lines(self) -> list[Line]:
        return [self.scalars(i, step) if isinstance(step, Scalars) else self.line(i, step) for i, step in enumerate(self.steps)]

    def line(self, i: int, step: Instruction) -> Line:
        rows = self.rows[step.batched][step.start : step.start + step.size].tolist()
        scopes = {self.tape.nodes[row].scope if row >= 0 else "" for row in rows}
        return Line(
            self.names[i],
            _shape(step.shape, step.batched),
            self.instruction(step),
            step.operation is MATMUL,
            tuple(dict.fromkeys(source for operand in step.operands for source in self.sources(operand))),
            scopes.pop() if len(scopes) == 1 else "",
        )

    def scalars(self, i: int, step: Scalars) -> Line:
        counts = Counter(operation.symbol for operation in step.operations).most_common()
        text = f"{len(step.operations):,} scalars one after the other: " + ", ".join(f"{count:,} {symbol}" for symbol, count in counts)
        found: dict[tuple[str, str], None] = {}
        for batched in (False, True):
            places = np.unique(step.inputs[step.input_batched == batched])
            inside = self.owner[batched][places] == i
            if (~inside).any():
                outside = places[~inside]
                found.update(dict.fromkeys(self.sources(Operand(outside.shape, 0, (), outside, True, False, batched))))
        return Line(self.names[i], _shape((len(step.operations),), step.batched), text, False, tuple(found))

    def sources(self, operand: Operand) -> list[tuple[str, str]]:
        """What the operand is made of that has a name: keys and texts."""
        origins, leaves, _ = self.parts(operand)
        found = [(name, name) for name in origins]
        if len(leaves):
            text = (_stem(self.labels(operand.batched, leaves)) or "leaves") + _shape(_moving(operand), operand.batched)
            found.append((f"leaf {operand.batched} {leaves[0]} to {leaves[-1]}", text))
        return found

    def instruction(self, step: Instruction) -> str:
        a = [self.operand(operand) for operand in step.operands]
        operation = step.operation
        if operation is MATMUL:
            return f"{a[0]} @ {a[1]}ᵀ"
        if operation is DOT and step.stacked:
            return f"Σ {a[0]} * {a[1]}"
        if operation is SUM and step.stacked:
            return f"Σ {a[0]}"
        if operation is SPREAD:
            return f"{a[0]} for each sample"
        if (operation.symbol in INFIX or operation in COMPARISONS) and len(a) == 2:
            return f"{a[0]} {operation.symbol} {a[1]}"
        if operation.name == "pow":
            return f"{a[0]} {operation.symbol}"
        return f"{operation.symbol}({', '.join(a)})"

    def parts(self, operand: Operand) -> tuple[list[str], Rows, set[float]]:
        """What the operand is made of: names of steps, places of leaves, constants."""
        places = np.unique(operand.all_places())
        owners = self.owner[operand.batched][places]
        rows = self.rows[operand.batched]
        numbers = {self.tape.nodes[row]._data for row in rows[places[owners == NUMBER]].tolist()}
        return [self.names[i] for i in np.unique(owners[owners >= 0]).tolist()], places[owners == LEAF], numbers

    def operand(self, operand: Operand) -> str:
        """The operand in words."""
        origins, leaves, numbers = self.parts(operand)
        parts = [*origins]
        if len(leaves):
            parts.append(_stem(self.labels(operand.batched, leaves)) or ("leaves" if len(leaves) > 1 else "leaf"))
        if numbers:
            parts.append(f"{min(numbers):g}" if len(numbers) == 1 else "constants")
        if len(numbers) == len(parts) == 1:  # one number, however often: it needs no shape
            return parts[0]
        return (parts[0] if len(parts) == 1 else f"({', '.join(parts)})") + _shape(_moving(operand), operand.batched)


def _moving(operand: Operand) -> tuple[int, ...]:
    """The shape without the axes along which the same numbers are repeated."""
    return tuple([n for n, stride in zip(operand.shape, operand.strides or operand.shape, strict=True) if stride and n > 1])


def _shape(shape: tuple[int, ...], batched: bool) -> str:
    sizes = [*(["n"] if batched else []), *[f"{size:,}" for size in shape if size != 1]]
    return f"[{', '.join(sizes)}]" if sizes else ""


def _stem(labels: list[str]) -> str:
    """What labels have in common: that of W1[0, 1] and W1[0, 2] is W1, that of w1, w2, w3 is w; nothing where that is nothing."""
    stems = {re.sub(r"(\[[^\]]*\])+$", "", label) for label in labels}
    if len(stems) > 1:
        stems = {stem.rstrip("0123456789") for stem in stems}
    return stems.pop() if len(stems) == 1 else ""


def _operations(step: Instruction | Scalars) -> int:
    """How many floating-point operations a step takes forward, for each sample."""
    if isinstance(step, Scalars):
        counts = np.diff(step.ends, prepend=0).tolist()
        return sum(_of_one(operation, count) for operation, count in zip(step.operations, counts, strict=True))
    if step.operation is SPREAD:
        return 0
    if step.operation is MATMUL:
        return 2 * step.size * step.operands[0].shape[-1]
    terms = sum(operand.shape[-1] for operand in step.operands) if step.stacked else 1
    return step.size * _of_one(step.operation, terms)


def _of_one(operation: Operation, inputs: int) -> int:
    """Of one number: a function of any number of inputs takes as many as it has."""
    return 1 if operation.arity is not None else max(inputs - 1, 1)
