"""The operands of a listing as text: the array, the part of it, and the shape. See `listing`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from autograd.compiled.export.naming import NUMBER, Names, shape_text
from autograd.compiled.export.parts import FEW, listed, part_of
from autograd.compiled.ir import Dot, Instruction, Map, Matmul, Operand, Places, Select, Spread, Sum


@dataclass(frozen=True)
class Read:
    """The places that an operand reads.

    Attributes:
        kind: whether they are batched.
        places: the places in the shape to be written, with an axis of length 1 if the same numbers are repeated along it.
        full: the shape with the repetitions, if it does not follow from the line.
    """

    kind: bool
    places: Places
    full: tuple[int, ...] | None = None


class Operands:
    """Writes operands with the names of a program.

    Args:
        names: the names of the numbers.
        count: the number of instructions.
    """

    def __init__(self, names: Names, count: int) -> None:
        self.names, self._count = names, count

    def read(self, instruction: Instruction) -> list[Read]:
        """The reads of the operands of an instruction, and last that of its mask."""
        reads = READS[type(instruction)](self, instruction)
        return [*reads, *([] if instruction.mask is None else [self.like_output(instruction, instruction.mask)])]

    def like_output(self, instruction: Instruction, operand: Operand) -> Read:
        """The read of an operand that has the shape of the outputs."""
        places = self.without_ones(instruction, operand)
        return _reduced(operand, places, [False] * places.ndim)

    def without_ones(self, instruction: Instruction, operand: Operand) -> Places:
        """The places of an operand, without the axes along which the instruction has one number."""
        places = self.places(operand)
        kept = [n for n, m in zip(places.shape, instruction.shape, strict=False) if m != 1]
        return places.reshape((*kept, *places.shape[len(instruction.shape) :]))

    def places(self, operand: Operand) -> Places:
        """The places of an operand; of equal constants the first one."""
        return self.names.same[operand.batched][operand.all_places()]

    def shape_leaves(self, read: Read) -> None:
        """If the labels of leaves do not give them a shape, use the shape in which they are first read as a whole."""
        array = self.names.array[read.kind][read.places]
        i = int(array.flat[0])
        if i < self._count or read.places.ndim < 2 or 1 in read.places.shape or self.names.has_shape(i):
            return
        named = self.names.arrays[i]
        if len(named.shape) == 1 and named.size == read.places.size and (array == i).all():
            positions, order = self.names.position[read.kind][read.places], np.arange(named.size)
            if np.array_equal(positions.ravel(), order):
                named.shape = read.places.shape
            elif np.array_equal(positions.T.ravel(), order):
                named.shape = read.places.shape[::-1]

    def operand(self, read: Read, short: bool, swap: bool = False) -> str:
        """The operand as text. `short` abbreviates long lists; `swap` prefers the transpose, with a ᵀ, if both are equally long."""
        kind, places, full = read.kind, read.places, read.full
        is_single = places.size == 1
        shape = places.shape if not is_single else (full or ())
        text, natural, count = self._pieces(kind, places.ravel(), short)
        swapped = False
        if places.ndim == 2 and 1 not in places.shape:
            other, other_natural, other_count = self._pieces(kind, places.T.ravel(), short)
            lengths = (0, 0) if (self.names.array[kind][places] == NUMBER).all() else (len(other), len(text))
            if (other_count, lengths[0], not swap) < (count, lengths[1], swap):
                text, natural, shape, swapped = other, other_natural, shape[::-1], True
        if kind or natural is None or natural != shape:
            text += shape_text(shape, kind)
        text += "ᵀ" if swapped else ""
        return text + (shape_text(full, kind) if full and not is_single and full != places.shape else "")

    def _pieces(self, kind: bool, places: Places, short: bool) -> tuple[str, tuple[int, ...] | None, int]:
        """Consecutive numbers as text, their shape if the text shows it, and the number of arrays they come from."""
        arrays = self.names.array[kind][places]
        cuts = [0, *(np.flatnonzero(np.diff(arrays)) + 1).tolist(), len(places)]
        texts: list[str] = []
        scalar = True
        for start, end in pairwise(cuts):
            if short and len(texts) > FEW:  # the rest is omitted
                for i in np.unique(arrays[start:]).tolist():
                    self.names.arrays[i].is_used |= i != NUMBER and self.names.arrays[i].labels is not None
                break
            if arrays[start] == NUMBER:
                texts += _runs(self.names.number[kind][places[start:end]].tolist(), short)
                scalar = scalar and not any("[" in text for text in texts)
                continue
            named = self.names.arrays[arrays[start]]
            positions = self.names.position[kind][places[start:end]]
            if named.labels and len(positions) <= FEW // 2:
                texts += [named.labels[k] for k in positions.tolist()]
                continue
            named.is_used |= named.labels is not None
            times = len(positions) if (positions == positions[0]).all() else 1
            part, shape = part_of(positions[::times], named.shape, short)
            if times > 1:
                part, shape = part + shape_text((times,), kind), (times,)
            if len(cuts) == 2:
                return named.name + part, () if len(positions) == 1 else shape, 1
            scalar = scalar and len(positions) == 1
            texts.append(named.name + part)
        if len(texts) == 1 and len(places) == 1:
            return texts[0], (), 1
        count = len(texts)
        if short and count > FEW:
            texts = texts[: FEW // 2]
        return f"({listed(texts, count)})", (len(places),) if scalar else None, len(cuts) - 1


def _is_repeated(places: Places, axis: int) -> bool:
    return places.shape[axis] > 1 and bool((places == places.take([0], axis=axis)).all())


def _reduced(operand: Operand, places: Places, must: list[bool]) -> Read:
    """The read without repetitions, and without leading axes that only repeat. `must` marks axes whose length is always shown."""
    same = [_is_repeated(places, axis) for axis in range(places.ndim)]
    full = places.shape if any(a and b for a, b in zip(same, must, strict=True)) else None
    for axis, is_same in enumerate(same):
        if is_same:
            places = places.take([0], axis=axis)
    if places.size == 1:
        return Read(operand.batched, places.reshape(1), full or (tuple(places.shape) if any(must) else None))
    leading = 0
    while full is None and leading < places.ndim and same[leading]:
        leading += 1
    return Read(operand.batched, places.reshape(places.shape[leading:]), full)


def _runs(numbers: list[float], short: bool) -> list[str]:
    """Constants as text, with repeated ones written once."""
    runs: list[tuple[str, int]] = []
    for text in map(number_text, numbers):
        if runs and runs[-1][0] == text:
            runs[-1] = text, runs[-1][1] + 1
        else:
            runs.append((text, 1))
    return [run for text, n in runs for run in ([text] * n if n < 3 else [f"{text}[{n}]"])]


def number_text(x: float) -> str:
    """A number with all of its digits, without a decimal point if it is whole."""
    return repr(x).removesuffix(".0")


# -- the kinds of instructions ----------------------------------------------------------------------------------------------


def _map_reads(operands: Operands, instruction: Instruction) -> list[Read]:
    if instruction.stacked:
        return [_with_terms(operands, instruction, operand, True) for operand in instruction.operands]
    return [operands.like_output(instruction, operand) for operand in instruction.operands]


def _dot_reads(operands: Operands, instruction: Instruction) -> list[Read]:
    a, b = instruction.operands
    must = _is_repeated(operands.without_ones(instruction, b), -1)  # one of the factors says how many terms there are
    return [_with_terms(operands, instruction, a, must), _with_terms(operands, instruction, b, False)]


def _with_terms(operands: Operands, instruction: Instruction, operand: Operand, must: bool) -> Read:
    """The read of an operand whose last axis has the terms; `must`: their number is shown also where they are all the same."""
    places = operands.without_ones(instruction, operand)
    return _reduced(operand, places, [*[False] * (places.ndim - 1), must])


def _matmul_reads(operands: Operands, instruction: Instruction) -> list[Read]:
    reads = []
    for operand in instruction.operands:
        places = operands.places(operand)
        places = places.reshape(places.shape[1:] if len(places) == 1 else places.shape)
        reads.append(_reduced(operand, places, [True] * places.ndim))
    return reads


READS: dict[type[Instruction], Callable[[Operands, Instruction], list[Read]]] = {
    Map: _map_reads,
    Select: _map_reads,
    Sum: _map_reads,
    Dot: _dot_reads,
    Matmul: _matmul_reads,
    Spread: _map_reads,
}
