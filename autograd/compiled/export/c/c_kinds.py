"""The rules for each kind of instruction in C: the lines that compute its outputs, and those of the chain rule through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.export.c.c_loops import loop_outside, loop_parts, loop_places, loop_value
from autograd.compiled.export.c.c_memory import Element
from autograd.compiled.export.c.c_namespace import CNamespace, CNumber
from autograd.compiled.export.c.c_terms import SLOPES, TERM, VALUES
from autograd.compiled.export.c.c_writing import RESULT, VARIABLES, Writing, added, evaluated, indented, lines_of, product_of
from autograd.compiled.ir import Dot, Instruction, Loop, Map, Matmul, Operand, Places, Scalars, Select, Spread, Sum
from autograd.ops import DOT, SUM, outside

FEW = 6
"""A sum of so many numbers that stand anywhere is written out; one of more is a loop over a table of places."""


class _Elements:
    """The elements of an instruction within its loops, in a namespace of their own."""

    def __init__(self, writing: Writing, instruction: Instruction, variables: Sequence[str] = VARIABLES) -> None:
        self.writing, self.instruction, self.variables = writing, instruction, variables
        self.xp = writing.namespace()
        outputs = instruction.start + np.arange(instruction.size).reshape(instruction.shape)
        self.output = writing.memory.element(outputs, variables)

    def read(self, element: Element) -> CNumber:
        """An element as a number."""
        return self.xp.named(element.value, element.is_short)

    def operand(self, k: int, variables: Sequence[str] | None = None) -> Element:
        """An element of an operand."""
        return self.writing.memory.element(self.instruction.operands[k].all_places(), variables or self.variables)

    def target(self) -> str:
        """The beginning of the statement that computes the output."""
        return f"{self.output.value} = "

    def gradient(self) -> CNumber:
        """The gradient of the output."""
        return self.read(replace(self.output, value=f"d{self.output.value[1:]}"))

    def masked(self, lines: list[str]) -> list[str]:
        """The lines, for outputs that receive a gradient."""
        mask, memory = self.instruction.mask, self.writing.memory
        conditions = []
        if self.writing.reach is not None:
            conditions += self._reached(self.writing.reach.of(self.instruction))
        if mask is not None:
            conditions.append(f"{memory.element(mask.all_places(), self.variables).value} != {self.writing.precision.literal(0.0)}")
        return [f"if ({' && '.join(conditions)}) {{", *indented(lines), "}"] if conditions else lines

    def _reached(self, by: npt.NDArray[np.bool_]) -> list[str]:
        """The condition under which an output is reached from the result that is differentiated; none, if it always is."""
        variables = [*self.variables[: by.ndim - 1], RESULT]
        if by.all():
            return []
        if (by.sum(axis=-1) == 1).all():
            return [f"{RESULT} == {self.writing.memory.index(by.argmax(axis=-1), variables)}"]
        return [self.writing.memory.index(by.astype(np.intp), variables)]

    def within_loops(self, lines: list[str]) -> list[str]:
        """The lines in the loops over the outputs."""
        return self.writing.loops(self.instruction.shape, self.variables, lines)


# -- Map, Select --------------------------------------------------------------------------------------------------------


def _columns(elements: _Elements) -> list[Element]:
    """The inputs of a rule: an element of each operand, or of each column of the operand."""
    instruction = elements.instruction
    if not instruction.stacked:
        return [elements.operand(k) for k in range(len(instruction.operands))]
    places = instruction.operands[0].all_places()
    memory = elements.writing.memory
    return [memory.element(places[..., j], elements.variables) for j in range(places.shape[-1])]


def _is_loop(instruction: Instruction) -> bool:
    """Whether the operation is written as loops over many inputs."""
    return instruction.stacked and instruction.operation in VALUES and instruction.operands[0].shape[-1] > FEW


def _term(elements: _Elements) -> tuple[Element, Callable[[list[str]], list[str]]]:
    """An element along the last axis of the operand, and the loop over that axis."""
    terms = elements.instruction.operands[0].shape[-1]
    term = elements.operand(0, [elements.variables[0], TERM])
    return term, lambda body: elements.writing.loops([terms], [TERM], body)


def _map_of_terms(writing: Writing, instruction: Instruction) -> list[str]:
    elements = _Elements(writing, instruction)
    term, loop = _term(elements)
    lines, y = VALUES[instruction.operation](writing.precision, term.value, loop)
    return elements.within_loops([*lines, f"{elements.target()}{y};"])


def _parts_of_terms(writing: Writing, instruction: Instruction) -> list[str]:
    elements = _Elements(writing, instruction)
    term, loop = _term(elements)
    before, first, slope = SLOPES[instruction.operation](writing.precision, term.value, loop)
    if not slope or term.add is None:
        return []
    head, end = term.add
    g = f"d{elements.output.value[1:]}"
    return elements.within_loops(elements.masked([*before, *loop([*first, f"{head}{slope} * {g}{end}"])]))


def _map(writing: Writing, instruction: Instruction) -> list[str]:
    if _is_loop(instruction):
        return _map_of_terms(writing, instruction)
    elements = _Elements(writing, instruction)
    inputs = [elements.read(element) for element in _columns(elements)]
    y = evaluated(instruction.operation, lambda: elements.xp.number(instruction.operation.value(elements.xp, *inputs)))
    return elements.within_loops(lines_of(elements.xp, [(elements.target(), y, ";")]))


def _map_parts(writing: Writing, instruction: Instruction) -> list[str]:
    if _is_loop(instruction):
        return _parts_of_terms(writing, instruction)
    elements = _Elements(writing, instruction)
    columns, xp, operation = _columns(elements), elements.xp, instruction.operation
    constant = [column.add is None for column in columns]
    if not instruction.stacked:
        constant = [own or operand.constant for own, operand in zip(constant, instruction.operands, strict=True)]

    def rule() -> list[tuple[Any, Any]]:
        slopes = operation.slopes_except(constant, xp, elements.read(elements.output), *[elements.read(column) for column in columns])
        g = elements.gradient()
        return [(slope, None if slope is None else product_of(operation, xp, slope, g)) for slope in slopes]

    statements: list[tuple[str, Any, str]] = []
    needs_mask = instruction.mask is not None
    for column, (slope, part) in zip(columns, evaluated(operation, rule), strict=True):
        if part is not None and not (type(part) is float and part == 0.0):
            statements += added(column, part)
            needs_mask |= isinstance(slope, CNumber)  # any other slope times a gradient of 0 is 0
    if not statements:
        return []
    lines = lines_of(xp, statements)
    return elements.within_loops(elements.masked(lines) if needs_mask else lines)


def outside_lines(writing: Writing, instruction: Instruction) -> list[str]:
    """The lines that return 1 if an input is outside of the domain where that is an error."""
    elements = _Elements(writing, instruction)
    xp, operation = elements.xp, instruction.operation
    inputs = [elements.read(column) for column in _columns(elements)]
    bad = evaluated(operation, lambda: xp.any_of(outside(operation, xp, *inputs)))
    if instruction.error_mask is not None:
        element = writing.memory.element(instruction.error_mask.all_places(), elements.variables)
        bad = xp.both(elements.read(element) != 0.0, bad)
    lines = lines_of(xp, [("if (", bad, ") {")])
    return elements.within_loops([*lines, "    return 1;", "}"])


# -- sums ---------------------------------------------------------------------------------------------------------------


def _total(writing: Writing, elements: _Elements, xp: CNamespace, term: CNumber, terms: int) -> list[str]:
    """The lines that add up the terms, and assign the output."""
    zero, name = writing.precision.literal(0.0), "sum"
    lines = [f"{writing.precision.type} {name} = {zero};"]
    lines += writing.loops([terms], [TERM], xp.lines([(f"{name} += ", term)]))
    return elements.within_loops([*lines, f"{elements.target()}{name};"])


def _factors(elements: _Elements, matrices: bool) -> list[Element]:
    """A term of each operand."""
    i, j = elements.variables[:2]
    indices = [[i, TERM], [j, TERM]] if matrices else [[i, TERM]] * len(elements.instruction.operands)
    return [elements.operand(k, own) for k, own in enumerate(indices)]


def _sum(writing: Writing, instruction: Instruction, matrices: bool = False) -> list[str]:
    elements = _Elements(writing, instruction)
    factors = [elements.read(factor) for factor in _factors(elements, matrices)]
    term = factors[0] if len(factors) == 1 else factors[0] * factors[1]
    return _total(writing, elements, elements.xp, term, instruction.operands[0].shape[-1])


def _sum_parts(writing: Writing, instruction: Instruction, matrices: bool = False) -> list[str]:
    elements = _Elements(writing, instruction)
    xp, factors = elements.xp, _factors(elements, matrices)
    g = xp.named("g")
    statements: list[tuple[str, Any, str]] = []
    for k, factor in enumerate(factors):
        if not instruction.operands[k].constant:
            statements += added(factor, g if len(factors) == 1 else g * elements.read(factors[1 - k]))
    if not statements:
        return []
    lines = writing.loops([instruction.operands[0].shape[-1]], [TERM], lines_of(xp, statements))
    lines = [f"const {writing.precision.type} g = d{elements.output.value[1:]};", *lines]
    needs_mask = instruction.mask is not None or len(factors) > 1
    return elements.within_loops(elements.masked(lines) if needs_mask else lines)


def _matmul(writing: Writing, instruction: Instruction) -> list[str]:
    return _sum(writing, instruction, matrices=True)


def _matmul_parts(writing: Writing, instruction: Instruction) -> list[str]:
    return _sum_parts(writing, instruction, matrices=True)


def places_read(instruction: Instruction) -> list[Places]:
    """The places of each operand, and of the masks."""
    masks = [mask for mask in (instruction.mask, instruction.error_mask) if mask is not None]
    return [operand.all_places() for operand in (*instruction.operands, *masks)]


# -- the table ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KindRule:
    """The rule for a kind of instruction.

    Attributes:
        value: the lines that compute the outputs.
        parts: the lines that add to the gradients of the operands.
        outside: the lines that return 1 if an input is outside of the domain where that is an error.
        places: the places of each operand, and of all else that is read.
    """

    value: Callable[[Writing, Any], list[str]]
    parts: Callable[[Writing, Any], list[str]]
    outside: Callable[[Writing, Any], list[str]] = outside_lines
    places: Callable[[Any], list[Places]] = places_read


RULES: dict[type[Instruction | Scalars], KindRule] = {
    Map: KindRule(_map, _map_parts),
    Select: KindRule(_map, _map_parts),
    Sum: KindRule(_sum, _sum_parts),
    Dot: KindRule(_sum, _sum_parts),
    Matmul: KindRule(_matmul, _matmul_parts),
    Spread: KindRule(_map, _map_parts),
    Loop: KindRule(loop_value, loop_parts, loop_outside, loop_places),
}
"""Those of loops take a `LoopBody`."""


# -- instructions as the rules take them -----------------------------------------------------------------------------------


def prepared(instruction: Instruction) -> Instruction:
    """The instruction in the form that is shortest in C: with as few loops as possible, and sums of scalars as loops."""
    if instruction.operation.arity is None and not instruction.stacked and type(instruction) is Map:
        return _gathered(instruction) if len(instruction.operands) > FEW else instruction
    return _flattened(instruction)


def _gathered(single: Instruction) -> Instruction:
    """A scalar of any number of inputs, each an operand, as an instruction of one operand, or as a dot of two."""
    places = np.array([operand.start for operand in single.operands])
    is_dot = single.operation is DOT
    halves = np.split(places, 2) if is_dot else [places]
    constant = np.split(np.array([operand.constant for operand in single.operands]), 2 if is_dot else 1)
    operands = tuple(
        [Operand((1, own.size), 0, (), own[None], False, bool(of.all()), False) for own, of in zip(halves, constant, strict=True)]
    )
    kind = Dot if is_dot else Sum if single.operation is SUM else Map
    return kind(single.operation, (1,), single.start, operands, False, single.mask, single.checked, single.error_mask)


def _flattened(instruction: Instruction) -> Instruction:
    """An element-wise instruction on several axes as one on a single axis, if its operands are consecutive along all of them."""
    if not isinstance(instruction, Map) or instruction.stacked or len(instruction.shape) < 2:
        return instruction
    operands = [_flat(operand) for operand in (*instruction.operands, instruction.mask, instruction.error_mask)]
    count = len(instruction.operands)
    if any(operand is None for operand in operands[:count]):
        return instruction
    masks = operands[count:]
    if any((own is None) != (flat is None) for own, flat in zip((instruction.mask, instruction.error_mask), masks, strict=True)):
        return instruction
    own = tuple([operand for operand in operands[:count] if operand is not None])
    return replace(instruction, shape=(instruction.size,), operands=own, mask=masks[0], error_mask=masks[1])


def _flat(operand: Operand | None) -> Operand | None:
    """The operand with a single axis; None if its places have no stride along it."""
    if operand is None:
        return None
    places: Places = operand.all_places().ravel()
    stride = int(places[1] - places[0])
    if not np.array_equal(places, places[0] + stride * np.arange(places.size)):
        return None
    return Operand((places.size,), int(places[0]), (stride,), None, operand.distinct, operand.constant, operand.batched)
