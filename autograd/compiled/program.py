"""compile: record a graph once, run it as a tensor program."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiled.execute import OutsideDomain, backward, forward
from autograd.compiled.layout import Instruction, Layout, Operand, lay_out
from autograd.compiled.matrices import MATMUL, find_matrices
from autograd.compiled.record import Tape, record
from autograd.compiled.roll import roll
from autograd.errors import CompileError, DomainError
from autograd.ops import DOT, SUM
from autograd.value import Value


def compile(root: Value) -> Program:
    """Record the graph behind a Value once, to run it many times as a tensor program.

    The leaves are live: each run reads their `.data`. Everything else is frozen: numbers in expressions, and the side that a
    Python `if` or `where` took.

    Args:
        root: the result of a computation, such as a loss.

    Raises:
        CompileError: `root` is no Value.

    Example:
        >>> w = [Value(0.5), Value(-1.0)]
        >>> loss = (w[0] * 2.0 + w[1] * 3.0) ** 2
        >>> program = compile(loss)
        >>> program()
        4.0
        >>> w[0].data = 1.0
        >>> program()
        1.0
    """
    if not isinstance(root, Value):
        raise CompileError(f"compile takes a Value, the result of a computation, not {root!r}: write program = compile(loss)")
    return Program(record(root))


class Program:
    """A recorded graph as a tensor program. See `compile`.

    `print(program)` shows the instructions that were found.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.layout: Layout = lay_out(tape, find_matrices(roll(tape)))
        place = self.layout.place
        self._leaves = [(tape.nodes[i], int(place[i])) for i in tape.leaves()]
        self._leaf_places = np.array([p for _, p in self._leaves], dtype=np.intp)
        self._initial = np.zeros(self.layout.size)
        for i in tape.constants():
            self._initial[place[i]] = tape.nodes[i].data
        self._result = int(place[-1])
        self._labels = {p: leaf.label for leaf, p in self._leaves}

    @property
    def root(self) -> Value:
        """The Value whose graph this is."""
        return self.tape.nodes[-1]

    @property
    def leaves(self) -> list[Value]:
        """The Values that are read at every run, and whose `.grad` is added to."""
        return [leaf for leaf, _ in self._leaves]

    @property
    def constants(self) -> list[float]:
        """The numbers that are frozen, in the order of recording."""
        return [self.tape.nodes[i].data for i in self.tape.constants()]

    def __call__(self) -> float:
        """Compute the result from the leaves' data, and add its derivatives to the leaves' `.grad`.

        Returns:
            The result, which `root.data` is set to as well.

        Raises:
            DomainError, PoleError: what eager code would have raised; no `.grad` has changed then. Of several errors it is the
                first in the order of the graph, which need not be the order in which the lines were written.
        """
        data = self._run()
        grads = np.zeros_like(data)
        grads[self._result] = 1.0
        backward(self.layout, data, grads)
        for (leaf, _), gradient in zip(self._leaves, grads[self._leaf_places].tolist(), strict=True):
            leaf.grad += gradient
        return self.root.data

    def forward(self) -> float:
        """Compute the result only. Sets `root.data`.

        Raises:
            DomainError, PoleError: what eager code would have raised.
        """
        self._run()
        return self.root.data

    def _run(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        data = self._initial.copy()
        data[self._leaf_places] = [leaf.data for leaf, _ in self._leaves]
        try:
            forward(self.layout, data)
        except OutsideDomain:
            self.tape.replay()  # raises the error with the operation, the numbers and the labels
            raise DomainError("an operation left its domain in compiled code, though not in eager code") from None
        if self.root not in self.leaves[:1]:
            self.root.data = float(data[self._result])
        return data

    # -- what was found -----------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        steps = self.layout.instructions
        products = sum(step.operation is MATMUL for step in steps)
        names = {step.start: f"t{i + 1}" for i, step in enumerate(steps)}
        head = (
            f"program: {len(self.tape.nodes):,} nodes → {len(steps)} instructions, {products} of them matrix products; "
            f"{len(self._leaves):,} leaves, {len(self.tape.constants()):,} constants"
        )
        return "\n".join([head, *[f"  {names[step.start]}{_shape(step.shape)} = {self._describe(step, names)}" for step in steps]])

    def __repr__(self) -> str:
        return f"<Program of {len(self.tape.nodes):,} nodes, {len(self.layout.instructions)} instructions>"

    def _describe(self, step: Instruction, names: dict[int, str]) -> str:
        a = [self._name(operand, names) for operand in step.operands]
        operation = step.operation
        if operation is MATMUL:
            return f"{a[0]} @ {a[1]}ᵀ"
        if operation is DOT:
            return f"Σ {a[0]} * {a[1]}"
        if operation is SUM:
            return f"Σ {a[0]}"
        if operation.symbol in ("+", "-", "*", "/", "**"):
            return f"{a[0]} {operation.symbol} {a[1]}"
        if operation.name == "pow":
            return f"{a[0]} {operation.symbol}"
        return f"{operation.symbol}({', '.join(a)})"

    def _name(self, operand: Operand, names: dict[int, str]) -> str:
        """What the operand is made of: earlier instructions, labels of leaves, constants."""
        places = np.unique(operand.all_places())
        starts = np.array([0, *names])
        parts: list[str] = []
        for start in np.unique(starts[np.searchsorted(starts, places, side="right") - 1]).tolist():
            if start in names:
                parts.append(names[start])
        inputs = [place for place in places.tolist() if not names or place < min(names)]
        labels = [self._labels[place] for place in inputs if place in self._labels]
        if labels:
            parts.append(_stem(labels))
        numbers = {float(self._initial[place]) for place in inputs if place not in self._labels}
        if numbers:
            parts.append(f"{min(numbers):g}" if len(numbers) == 1 else "constants")
        if len(numbers) == len(parts) == 1:  # one number, however often: it needs no shape
            return parts[0]
        shape = [n for n, stride in zip(operand.shape, operand.strides or operand.shape, strict=True) if stride and n > 1]
        return (parts[0] if len(parts) == 1 else f"({', '.join(parts)})") + _shape(tuple(shape))


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]" if shape and shape != (1,) else ""


def _stem(labels: list[str]) -> str:
    """What labels have in common: that of w1, w2, w3 is w."""
    stems = {label.rstrip("0123456789_[], ") for label in labels}
    return stems.pop() if len(stems) == 1 and "" not in stems else "leaves" if len(labels) > 1 else "leaf"
