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

from autograd.compiled.export.listing import Line
from autograd.compiled.export.numpy_loops import DATA, GRADIENTS, LoopLines
from autograd.compiled.export.rule_text import array_text, comment, docstring, lines_of
from autograd.compiled.ir import Code, Dot, Instruction, Loop, Map, Matmul, Operand, Scalars, Select, Spread, Sum
from autograd.compiled.rounds_of import body_of
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
    blocks = [
        (comment(f"{line.name}{line.shape} = {line.text}"), list(_parts(code, instruction)))
        for instruction, line in zip(code.instructions, lines, strict=True)
    ]
    forward = [text for words, parts in blocks for text in (words, *[own for rule, part in parts for own in rule.forward(part)])]
    backward = [
        text
        for words, parts in reversed(blocks)
        for text in (words, *[own for rule, part in reversed(parts) for own in rule.backward(part)])
    ]
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


def _parts(code: Code, instruction: Instruction | Scalars) -> Iterator[tuple[KindRule, Any]]:
    """An instruction and its rule; for scalars each of them, unless they are rounds of a loop."""
    body = body_of(instruction) if isinstance(instruction, Loop) else None
    if body is not None:
        yield RULES[Loop], LoopLines(body, code.fixed)
        return
    for each in instruction.single if isinstance(instruction, Scalars) else [instruction]:
        yield RULES[type(each)], each


@dataclass(frozen=True)
class KindRule:
    """The rule for a kind of instruction.

    Attributes:
        forward: the lines that compute it.
        backward: the lines of the chain rule through it.
    """

    forward: Callable[[Any], list[str]]
    backward: Callable[[Any], list[str]]


def _by_operand(value: Callable[[Instruction], list[str]], part: Callable[[Instruction, int], list[str]], aligned: bool = True) -> KindRule:
    """The rule for a kind with inputs `a`, `b`, …

    Args:
        value: the lines that compute the outputs `y`.
        part: the lines that compute `part`, the gradient of operand `k`, from the gradient `g` of the outputs.
        aligned: whether a shared input beside batched ones gets an axis of length 1 for the samples, over which its gradient is summed.
    """
    return KindRule(
        lambda instruction: [*_inputs(instruction, aligned), *value(instruction), f"{_output(instruction, DATA)}[...] = y"],
        lambda instruction: _backward(instruction, part, aligned),
    )


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


RULES: dict[type[Instruction | Scalars], KindRule] = {
    Map: _by_operand(_map, _map_part),
    Select: _by_operand(_map, _map_part),
    Sum: _by_operand(lambda instruction: ["y = a.sum(axis=1)"], lambda instruction, k: ["part = g[:, None]"]),
    Dot: _by_operand(lambda instruction: ["y = (a * b).sum(axis=1)"], lambda instruction, k: [f"part = g[:, None] * {_other(k)}"]),
    Matmul: _by_operand(
        lambda instruction: [f"y = np.einsum('{','.join(_axes(instruction)[:2])}->{_axes(instruction)[2]}', a, b)"],
        _matmul_part,
        aligned=False,
    ),
    Spread: _by_operand(lambda instruction: ["y = a"], lambda instruction, k: ["part = g"]),
    Loop: KindRule(LoopLines.forward, LoopLines.backward),
}


def _backward(instruction: Instruction, part: Callable[[Instruction, int], list[str]], aligned: bool) -> list[str]:
    """The lines of the chain rule through an instruction. For the arguments see `_by_operand`."""
    if instruction.constant:
        return []
    lines = [f"g = {_output(instruction, GRADIENTS)}", f"y = {_output(instruction, DATA)}", *_inputs(instruction, aligned)]
    if instruction.mask is not None:
        lines.append(f"wanted = {_read(instruction.mask, DATA, instruction.batched)} != 0.0")
        if instruction.mask.batched and not instruction.batched:
            lines.append("wanted = wanted.any(axis=-1)")
    for k, operand in enumerate(instruction.operands):
        if operand.constant:
            continue
        lines += part(instruction, k)
        if instruction.mask is not None:
            lines.append(f"part = np.where(wanted{'[:, None]' if instruction.stacked else ''}, part, 0.0)")
        if instruction.batched and not operand.batched and aligned:
            lines.append("part = part.sum(axis=-1)")
        lines.append(_add(operand))
    return lines


def _inputs(instruction: Instruction, aligned: bool) -> list[str]:
    return [
        f"{name} = {_read(x, DATA, aligned and instruction.batched)}"
        for name, x in zip(_names(instruction), instruction.operands, strict=True)
    ]


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
