"""Print a program: the instructions that were found, with the labels of the leaves."""

from __future__ import annotations

import numpy as np

from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand
from autograd.compiled.matrices import MATMUL
from autograd.compiled.record import Tape
from autograd.ops import CONSTANT, DOT, EQUAL, LESS, LESS_EQUAL, SUM

INFIX = ("+", "-", "*", "/", "**", "%")


def describe(tape: Tape, layout: Layout) -> str:
    """The program as text: what was recorded, and one line an instruction. The axis of the samples is `n`."""
    return str(_Text(tape, layout))


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
        lines = [f"  {self.names[s.batched, s.start]}{_shape(s.shape, s.batched)} = {self.instruction(s)}" for s in self.steps]
        return "\n".join([head, *lines])

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
        if (operation.symbol in INFIX or operation in (LESS, LESS_EQUAL, EQUAL)) and len(a) == 2:
            return f"{a[0]} {operation.symbol} {a[1]}"
        if operation.name == "pow":
            return f"{a[0]} {operation.symbol}"
        return f"{operation.symbol}({', '.join(a)})"

    def operand(self, operand: Operand) -> str:
        """What the operand is made of: earlier instructions, labels of leaves, constants."""
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
        parts = [*origins, *([_stem(labels)] if labels else [])]
        if numbers:
            parts.append(f"{min(numbers):g}" if len(numbers) == 1 else "constants")
        if len(numbers) == len(parts) == 1:  # one number, however often: it needs no shape
            return parts[0]
        shape = tuple([n for n, stride in zip(operand.shape, operand.strides or operand.shape, strict=True) if stride and n > 1])
        return (parts[0] if len(parts) == 1 else f"({', '.join(parts)})") + _shape(shape, operand.batched)


def _shape(shape: tuple[int, ...], batched: bool) -> str:
    sizes = [*(["n"] if batched else []), *[str(size) for size in shape if size != 1]]
    return f"[{', '.join(sizes)}]" if sizes else ""


def _stem(labels: list[str]) -> str:
    """What labels have in common: that of w1, w2, w3 is w."""
    stems = {label.rstrip("0123456789_[], ") for label in labels}
    return stems.pop() if len(stems) == 1 and "" not in stems else "leaves" if len(labels) > 1 else "leaf"
