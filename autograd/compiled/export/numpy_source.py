"""A program as NumPy source that runs, for reading and for debugging: what the reference backend does, written out.

As in the backends, the numbers of a run are in two arrays: `x` has the shared ones, and `xs` the batched ones, with the samples along its
last axis. `d` and `ds` are their gradients.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.export.listing import Line
from autograd.compiled.export.rule_text import comment, docstring, lines_of
from autograd.compiled.ir import Code, Dot, Instruction, Map, Matmul, Operand, Scalars, Select, Spread, Sum
from autograd.namespaces import FUNCTIONS
from autograd.ops import Operation, Rule


def source_of(code: Code, title: str, lines: list[Line], main: list[str]) -> str:
    """The source of a module with two functions, `forward(x, xs)` and `backward(x, xs, d, ds)`, which write to the arrays.

    Domains are not checked: where an operation is not defined, the result is inf or nan.

    Args:
        code: the program.
        title: the docstring of the module.
        lines: the instructions as text, for comments.
        main: the lines after the two functions.
    """
    instructions = [
        (instruction, comment(f"{line.name}{line.shape} = {line.text}")) for instruction, line in zip(code.instructions, lines, strict=True)
    ]
    forward = [text for instruction, words in instructions for text in (words, *_each(instruction, _forward))]
    backward = [text for instruction, words in reversed(instructions) for text in (words, *_each(instruction, _backward, True))]
    used = {name for text in (*forward, *backward) if not text.startswith("#") for name in re.findall(r"(?<![.\w])[a-z]\w*", text)}
    return "\n".join(
        [
            docstring(title),
            "",
            "import numpy as np",
            "",
            "from autograd.compiled.backends.numpy.arrays import ARRAYS",
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


def _each(instruction: Instruction | Scalars, write: Callable[[Instruction], list[str]], backward: bool = False) -> Iterator[str]:
    """The lines of an instruction; for scalars, those of each."""
    single = instruction.single if isinstance(instruction, Scalars) else [instruction]
    for each in reversed(single) if backward else single:
        yield from write(each)


@dataclass(frozen=True)
class KindRule:
    """The rule for a kind of instruction with inputs `a`, `b`, …

    Attributes:
        value: the lines that compute the outputs `y`.
        part: the lines that compute `part`, the gradient of operand `k`, from the gradient `g` of the outputs.
        aligned: whether a shared input beside batched ones gets an axis of length 1 for the samples, over which its gradient is summed.
    """

    value: Callable[[Instruction], list[str]]
    part: Callable[[Instruction, int], list[str]]
    aligned: bool = True


def _map(instruction: Instruction) -> list[str]:
    if instruction.stacked:
        return [f"y = OPERATIONS[{instruction.operation.name!r}].value(ARRAYS, *np.moveaxis(a, 1, 0))"]
    return lines_of(instruction.operation.value, _names(instruction), "y")


def _map_part(instruction: Instruction, k: int) -> list[str]:
    operation = instruction.operation
    if instruction.stacked:
        slopes = f"OPERATIONS[{operation.name!r}].slopes(ARRAYS, y, *np.moveaxis(a, 1, 0))"
        return [f"part = np.stack(np.broadcast_arrays(*[{_product(operation)} for slope in {slopes}]), axis=1)"]
    return [*lines_of(_rule(operation, k), ["y", *_names(instruction)], "slope"), f"part = {_product(operation)}"]


def _other(k: int) -> str:
    """The other factor of a product."""
    return "b" if k == 0 else "a"


def _matmul_part(instruction: Instruction, k: int) -> list[str]:
    axes = _axes(instruction)
    return [f"part = np.einsum('{axes[2]},{axes[1 - k]}->{axes[k]}', g, {_other(k)})"]


RULES: dict[type[Instruction], KindRule] = {
    Map: KindRule(_map, _map_part),
    Select: KindRule(_map, _map_part),
    Sum: KindRule(lambda instruction: ["y = a.sum(axis=1)"], lambda instruction, k: ["part = g[:, None]"]),
    Dot: KindRule(lambda instruction: ["y = (a * b).sum(axis=1)"], lambda instruction, k: [f"part = g[:, None] * {_other(k)}"]),
    Matmul: KindRule(
        lambda instruction: [f"y = np.einsum('{','.join(_axes(instruction)[:2])}->{_axes(instruction)[2]}', a, b)"],
        _matmul_part,
        aligned=False,
    ),
    Spread: KindRule(lambda instruction: ["y = a"], lambda instruction, k: ["part = g"]),
}

DATA, GRADIENTS = ("x", "xs"), ("d", "ds")
"""The names of the shared and batched arrays of numbers, and of their gradients."""


def _forward(instruction: Instruction) -> list[str]:
    """The lines that compute an instruction."""
    return [*_inputs(instruction), *RULES[type(instruction)].value(instruction), f"{_output(instruction, DATA)}[...] = y"]


def _backward(instruction: Instruction) -> list[str]:
    """The lines of the chain rule through an instruction."""
    if instruction.constant:
        return []
    lines = [f"g = {_output(instruction, GRADIENTS)}", f"y = {_output(instruction, DATA)}", *_inputs(instruction)]
    if instruction.mask is not None:
        lines.append(f"wanted = {_read(instruction.mask, DATA, instruction.batched)} != 0.0")
        if instruction.mask.batched and not instruction.batched:
            lines.append("wanted = wanted.any(axis=-1)")
    for k, operand in enumerate(instruction.operands):
        if operand.constant:
            continue
        lines += RULES[type(instruction)].part(instruction, k)
        if instruction.mask is not None:
            lines.append(f"part = np.where(wanted{'[:, None]' if instruction.stacked else ''}, part, 0.0)")
        if instruction.batched and not operand.batched and RULES[type(instruction)].aligned:
            lines.append("part = part.sum(axis=-1)")
        lines.append(_add(operand))
    return lines


def _inputs(instruction: Instruction) -> list[str]:
    aligned = instruction.batched and RULES[type(instruction)].aligned
    return [f"{name} = {_read(x, DATA, aligned)}" for name, x in zip(_names(instruction), instruction.operands, strict=True)]


def _read(operand: Operand, arrays: tuple[str, str], aligned: bool = False) -> str:
    """The operand in its shape. `aligned` gives a shared one an axis of length 1 for the samples."""
    if _is_contiguous(operand):
        text = _slice(arrays[operand.batched], operand.start, operand.shape, operand.batched)
    else:
        text = f"{arrays[operand.batched]}[{_index(operand)}]"
    return f"{text}[..., None]" if aligned and not operand.batched else text


def _output(instruction: Instruction, arrays: tuple[str, str]) -> str:
    return _slice(arrays[instruction.batched], instruction.start, instruction.shape, instruction.batched)


def _slice(array: str, start: int, shape: tuple[int, ...], batched: bool) -> str:
    text = f"{array}[{start}:{start + math.prod(shape)}]"
    return text if len(shape) == 1 else f"{text}.reshape({', '.join(map(str, shape))}{', -1' if batched else ''})"


def _add(operand: Operand) -> str:
    """The line that adds to the gradients of an operand. A number that is read several times receives the sum."""
    if _is_contiguous(operand):
        return f"{_read(operand, GRADIENTS)}[...] += part"
    shape = f"({', '.join(map(str, operand.shape))}, {'ds.shape[1]' if operand.batched else ''})"
    return f"np.add.at({'ds' if operand.batched else 'd'}, {_index(operand)}, np.broadcast_to(part, {shape}))"


def _names(instruction: Instruction) -> list[str]:
    """The names of the inputs of an instruction."""
    return (
        ["a", "b", "c"][: len(instruction.operands)]
        if len(instruction.operands) < 4
        else [f"a{i}" for i in range(len(instruction.operands))]
    )


def _product(operation: Operation) -> str:
    """See `ops.product`."""
    return "np.where(slope == 0.0, 0.0, slope * g)" if operation.selects else "slope * g"


def _rule(operation: Operation, k: int) -> Rule:
    """The derivative with respect to input k."""
    return operation.derivatives[k] if operation.arity is not None else lambda xp, y, *inputs: operation.slopes(xp, y, *inputs)[k]


def _axes(instruction: Instruction) -> tuple[str, str, str]:
    """The axes of the factors of a product and of the product, for einsum: rows m, terms t, columns p, samples s."""
    a, b = ("s" * operand.batched for operand in instruction.operands)
    return f"mt{a}", f"pt{b}", f"mp{'s' * instruction.batched}"


def _is_contiguous(operand: Operand) -> bool:
    """Whether the places are consecutive, in order."""
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
