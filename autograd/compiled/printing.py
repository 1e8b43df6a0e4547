"""A program as text: the instructions that were found, with the labels of the leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand
from autograd.compiled.matrices import MATMUL
from autograd.compiled.record import Tape
from autograd.ops import COMPARISONS, CONSTANT, DOT, SUM


@dataclass(frozen=True)
class Line:
    """One instruction in words, for a printed program and for a picture of it.

    Attributes:
        name: of what it computes.
        shape: of that, as "[n, 16]".
        text: what it does, as "x[n, 2] @ w[16, 2]ᵀ".
        is_product: whether it is a matrix product.
        sources: a key and a text for each thing it reads that is no constant: the name of an earlier line, or a leaf.
    """

    name: str
    shape: str
    text: str
    is_product: bool
    sources: tuple[tuple[str, str], ...]


INFIX = ("+", "-", "*", "/", "**", "%")


def describe(tape: Tape, layout: Layout) -> str:
    """The program as text: what was recorded, and one line an instruction. The axis of the samples is `n`."""
    return str(_Text(tape, layout))


def outline(tape: Tape, layout: Layout) -> list[Line]:
    """The instructions in words."""
    return _Text(tape, layout).lines()


class _Text:
    def __init__(self, tape: Tape, layout: Layout) -> None:
        self.tape = tape
        self.steps = layout.instructions
        self.names = {(step.batched, step.start): f"t{i + 1}" for i, step in enumerate(self.steps)}
        self.labels: dict[tuple[bool, int], str] = {}
        self.numbers: dict[tuple[bool, int], float] = {}
        for i, inputs in enumerate(tape.inputs):
            where = tape.batched[i], int(layout.place[i])
            if not inputs and where[1] >= 0:
                if tape.operations[i] is CONSTANT:
                    self.numbers[where] = tape.nodes[i]._data
                else:
                    self.labels[where] = tape.nodes[i].label

    def __str__(self) -> str:
        products = sum(step.operation is MATMUL for step in self.steps)
        leaves, constants = len(self.tape.leaves()), len(self.tape.constants())
        head = (
            f"program: {len(self.tape.nodes):,} nodes → {len(self.steps)} instructions, {products} of them matrix products; "
            f"{leaves:,} leaves, {constants:,} constants"
        )
        return "\n".join([head, *[f"  {line.name}{line.shape} = {line.text}" for line in self.lines()]])

    def lines(self) -> list[Line]:
        return [
            Line(
                self.names[step.batched, step.start],
                _shape(step.shape, step.batched),
                self.instruction(step),
                step.operation is MATMUL,
                tuple(dict.fromkeys(source for operand in step.operands for source in self.sources(operand))),
            )
            for step in self.steps
        ]

    def sources(self, operand: Operand) -> list[tuple[str, str]]:
        """What the operand is made of that has a name: keys and texts."""
        origins, labels, _ = self.parts(operand)
        found = [(name, name) for name in origins]
        if labels:
            places = [place for place in np.unique(operand.all_places()).tolist() if (operand.batched, place) in self.labels]
            found.append((f"leaf {operand.batched} {places[0]} to {places[-1]}", _stem(labels) + _shape(_moving(operand), operand.batched)))
        return found

    def instruction(self, step: Instruction) -> str:
        a = [self.operand(operand) for operand in step.operands]
        operation = step.operation
        if operation is MATMUL:
            return f"{a[0]} @ {a[1]}ᵀ"
        if operation is DOT:
            return f"Σ {a[0]} * {a[1]}"
        if operation is SUM:
            return f"Σ {a[0]}"
        if operation is SPREAD:
            return f"{a[0]} for each sample"
        if (operation.symbol in INFIX or operation in COMPARISONS) and len(a) == 2:
            return f"{a[0]} {operation.symbol} {a[1]}"
        if operation.name == "pow":
            return f"{a[0]} {operation.symbol}"
        return f"{operation.symbol}({', '.join(a)})"

    def parts(self, operand: Operand) -> tuple[list[str], list[str], set[float]]:
        """What the operand is made of: names of earlier lines, labels of leaves, constants."""
        starts = np.array([-1, *[start for batched, start in self.names if batched == operand.batched]])
        origins: dict[str, None] = {}
        labels: list[str] = []
        numbers: set[float] = set()
        for place in np.unique(operand.all_places()).tolist():
            where = operand.batched, place
            if where in self.labels:
                labels.append(self.labels[where])
            elif where in self.numbers:
                numbers.add(self.numbers[where])
            else:
                start = int(starts[np.searchsorted(starts, place, side="right") - 1])
                origins[self.names[operand.batched, start]] = None
        return [*origins], labels, numbers

    def operand(self, operand: Operand) -> str:
        """The operand in words."""
        origins, labels, numbers = self.parts(operand)
        parts = [*origins, *([_stem(labels)] if labels else [])]
        if numbers:
            parts.append(f"{min(numbers):g}" if len(numbers) == 1 else "constants")
        if len(numbers) == len(parts) == 1:  # one number, however often: it needs no shape
            return parts[0]
        return (parts[0] if len(parts) == 1 else f"({', '.join(parts)})") + _shape(_moving(operand), operand.batched)


def _moving(operand: Operand) -> tuple[int, ...]:
    """The shape without the axes along which the same numbers are repeated."""
    return tuple([n for n, stride in zip(operand.shape, operand.strides or operand.shape, strict=True) if stride and n > 1])


def _shape(shape: tuple[int, ...], batched: bool) -> str:
    sizes = [*(["n"] if batched else []), *[str(size) for size in shape if size != 1]]
    return f"[{', '.join(sizes)}]" if sizes else ""


def _stem(labels: list[str]) -> str:
    """What labels have in common: that of w1, w2, w3 is w."""
    stems = {label.rstrip("0123456789_[], ") for label in labels}
    return stems.pop() if len(stems) == 1 and "" not in stems else "leaves" if len(labels) > 1 else "leaf"
