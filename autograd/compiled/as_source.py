"""A program as NumPy source that runs: what the reference executor does, written out, for a reader and for a debugger.

The numbers of a run stand in two arrays, as for the executors: `x` has the shared ones, and `xs` the batched ones, with the samples as
its last axis; `d` and `ds` are their gradients.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand, Scalars
from autograd.compiled.matrices import MATMUL
from autograd.compiled.printing import Line
from autograd.compiled.source import comment, docstring, lines_of
from autograd.namespaces import FUNCTIONS
from autograd.ops import DOT, SUM, Operation, Rule


def source_of(layout: Layout, title: str, lines: list[Line], main: list[str]) -> str:
    """The source of a module with two functions, `forward(x, xs)` and `backward(x, xs, d, ds)`, which fill the arrays they are given.

    Domains are not checked: where an operation is not defined, the result is inf or nan.

    Args:
        layout: the program.
        title: the docstring of the module.
        lines: the steps in words.
        main: what comes after the two functions.
    """
    writer = _Writer()
    steps = [(step, comment(f"{line.name}{line.shape} = {line.text}")) for step, line in zip(layout.steps, lines, strict=True)]
    forward = [text for step, said in steps for text in (said, *_each(step, writer.forward))]
    backward = [text for step, said in reversed(steps) for text in (said, *_each(step, writer.backward, True))]
    used = {name for text in (*forward, *backward) if not text.startswith("#") for name in re.findall(r"(?<![.\w])[a-z]\w*", text)}
    return "\n".join(
        [
            docstring(title),
            "",
            "import numpy as np",
            "",
            "from autograd.compiled.arrays import ARRAYS",
            *(["from autograd.ops import OPERATIONS"] if any("OPERATIONS" in text for text in forward) else []),
            "",
            *[f"{name} = ARRAYS.{name}" for name in (*FUNCTIONS, "inf", "nan") if name in used],
            "",
            "",
            "def forward(x, xs):",
            '    """Compute every number from the leaves and constants."""',
            *[f"    {text}" for text in forward or ["pass"]],
            "",
            "",
            "def backward(x, xs, d, ds):",
            '    """The chain rule, from the last instruction to the first: adds to the gradients, which begin with the results\'."""',
            *[f"    {text}" for text in backward or ["pass"]],
            "",
            *main,
        ]
    )


def array_text(numbers: npt.NDArray[Any]) -> str:
    """An array as source, with every digit."""
    if np.array_equal(numbers, np.arange(numbers.size) + (numbers.flat[0] if numbers.size else 0)):
        return f"np.arange({numbers.flat[0]}, {numbers.flat[-1] + 1})" if numbers.size else "np.zeros(0, dtype=int)"
    return f"np.array({numbers.tolist()})".replace("nan", "np.nan").replace("inf", "np.inf")


def _each(step: Instruction | Scalars, write: Callable[[Instruction], list[str]], backward: bool = False) -> Iterator[str]:
    """The lines of a step; of scalars, those of all of them."""
    single = step.single if isinstance(step, Scalars) else [step]
    for one in reversed(single) if backward else single:
        yield from write(one)


class _Writer:
    # -- where the numbers are ------------------------------------------------------------------------------------------

    def read(self, operand: Operand, arrays: tuple[str, str], beside: bool = False) -> str:
        """The operand in its shape; `beside` batched ones, a shared one has an axis of length 1 for the samples."""
        if _is_piece(operand):
            text = self.piece(arrays[operand.batched], operand.start, operand.shape, operand.batched)
        else:
            text = f"{arrays[operand.batched]}[{_index(operand)}]"
        return f"{text}[..., None]" if beside and not operand.batched else text

    @staticmethod
    def piece(array: str, start: int, shape: tuple[int, ...], batched: bool) -> str:
        text = f"{array}[{start}:{start + math.prod(shape)}]"
        return text if len(shape) == 1 else f"{text}.reshape({', '.join(map(str, shape))}{', -1' if batched else ''})"

    def output(self, step: Instruction, arrays: tuple[str, str]) -> str:
        return self.piece(arrays[step.batched], step.start, step.shape, step.batched)

    def inputs(self, step: Instruction) -> list[str]:
        beside = step.batched and step.operation is not MATMUL
        return [f"{name} = {self.read(x, ('x', 'xs'), beside)}" for name, x in zip(_names(step), step.operands, strict=True)]

    # -- forward --------------------------------------------------------------------------------------------------------

    def forward(self, step: Instruction) -> list[str]:
        operation = step.operation
        if operation is MATMUL:
            body = [f"y = np.einsum('{','.join(_axes(step)[:2])}->{_axes(step)[2]}', a, b)"]
        elif operation is DOT and step.stacked:
            body = ["y = (a * b).sum(axis=1)"]
        elif operation is SUM and step.stacked:
            body = ["y = a.sum(axis=1)"]
        elif operation is SPREAD:
            body = ["y = a"]
        elif step.stacked:
            body = [f"y = OPERATIONS[{operation.name!r}].value(ARRAYS, *np.moveaxis(a, 1, 0))"]
        else:
            body = lines_of(operation.value, _names(step), "y")
        return [*self.inputs(step), *body, f"{self.output(step, ('x', 'xs'))}[...] = y"]

    # -- backward -------------------------------------------------------------------------------------------------------

    def backward(self, step: Instruction) -> list[str]:
        if step.constant:
            return []
        lines = [f"g = {self.output(step, ('d', 'ds'))}", f"y = {self.output(step, ('x', 'xs'))}", *self.inputs(step)]
        if step.mask is not None:
            lines.append(f"wanted = {self.read(step.mask, ('x', 'xs'), step.batched)} != 0.0")
            if step.mask.batched and not step.batched:
                lines.append("wanted = wanted.any(axis=-1)")
        for k, operand in enumerate(step.operands):
            if operand.constant:
                continue
            lines += self.part(step, k)
            if step.mask is not None:
                lines.append(f"part = np.where(wanted{'[:, None]' if step.stacked else ''}, part, 0.0)")
            if step.batched and not operand.batched and step.operation is not MATMUL:
                lines.append("part = part.sum(axis=-1)")
            lines.append(self.add(operand))
        return lines

    def part(self, step: Instruction, k: int) -> list[str]:
        """The gradient by operand k."""
        operation, other = step.operation, "b" if k == 0 else "a"
        if operation is MATMUL:
            axes = _axes(step)
            return [f"part = np.einsum('{axes[2]},{axes[1 - k]}->{axes[k]}', g, {other})"]
        if operation is DOT and step.stacked:
            return [f"part = g[:, None] * {other}"]
        if operation is SUM and step.stacked:
            return ["part = g[:, None]"]
        if operation is SPREAD:
            return ["part = g"]
        if step.stacked:
            slopes = f"OPERATIONS[{operation.name!r}].slopes(ARRAYS, y, *np.moveaxis(a, 1, 0))"
            return [f"part = np.stack(np.broadcast_arrays(*[{_product(operation)} for slope in {slopes}]), axis=1)"]
        return [*lines_of(_rule(operation, k), ["y", *_names(step)], "slope"), f"part = {_product(operation)}"]

    def add(self, operand: Operand) -> str:
        """Add to the gradients of an operand; numbers that are read several times receive the sum."""
        if _is_piece(operand):
            return f"{self.read(operand, ('d', 'ds'))}[...] += part"
        shape = f"({', '.join(map(str, operand.shape))}, {'ds.shape[1]' if operand.batched else ''})"
        return f"np.add.at({'ds' if operand.batched else 'd'}, {_index(operand)}, np.broadcast_to(part, {shape}))"


def _names(step: Instruction) -> list[str]:
    """What to call the inputs of an instruction."""
    return ["a", "b", "c"][: len(step.operands)] if len(step.operands) < 4 else [f"a{i}" for i in range(len(step.operands))]


def _product(operation: Operation) -> str:
    """See `ops.product`."""
    return "np.where(slope == 0.0, 0.0, slope * g)" if operation.selects else "slope * g"


def _rule(operation: Operation, k: int) -> Rule:
    """The derivative by input k."""
    return operation.derivatives[k] if operation.arity is not None else lambda xp, y, *inputs: operation.slopes(xp, y, *inputs)[k]


def _axes(step: Instruction) -> tuple[str, str, str]:
    """The axes of a product and of its factors: rows, terms, columns, samples."""
    a, b = ("s" * operand.batched for operand in step.operands)
    return f"mt{a}", f"pt{b}", f"mp{'s' * step.batched}"


def _is_piece(operand: Operand) -> bool:
    """Whether the numbers lie side by side in their order."""
    if operand.places is not None:
        return False
    strides = [math.prod(operand.shape[i + 1 :]) for i in range(len(operand.shape))]
    return all(n == 1 or stride == even for n, stride, even in zip(operand.shape, operand.strides, strides, strict=True))


def _index(operand: Operand) -> str:
    """The places as an expression."""
    if operand.places is not None:
        return array_text(operand.places)
    axes = len(operand.shape)
    terms = [str(operand.start)]
    for i, (n, stride) in enumerate(zip(operand.shape, operand.strides, strict=True)):
        view = f"[{', '.join(':' if k == i else 'None' for k in range(axes))}]" if axes > 1 else ""
        terms.append(f"{stride} * np.arange({n}){view}")
    return " + ".join(terms)
