"""A program as text that says exactly what is computed: one line an instruction, with the labels of the Values they stand for.

A line is ``name[shape] = operation of operands``, for each sample where the shape begins with `n`. Axes of length 1 are left out. Names are
those of `names`. An operand is an array, which part of it, where it is not the whole (see `parts`), and in which shape, where that does
not go without saying; ``ᵀ`` swaps the last two axes of it:

    x[100, 2] @ w[16, 2]ᵀ         all of x and w, row by row
    p[48:320][16, 17]             the numbers 48 to 319 of p, as 16 rows
    x₃[5]                         one number five times
    (t3, 0, x₂)[7]                one after the other: all of t3, the constant 0, and number 2 of x
    a[5, 1] * b[3]                is broadcast as by NumPy, and to the shape of the result
    Σ a[4, 3], Σ a[4, 3] * b[3]   add up along the last axis, as do all functions of any number of inputs
    y[n, 4] = … where t1[n]       only where t1 is not 0 the result matters: elsewhere a `where` selects its other side

Constants have all of their digits. The printed text abbreviates long lists, with an ellipsis; `Line.exact` does not. Lines at the end tell
which leaves a name stands for, where labels do not say it, and what a function returns, where that is not the last line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand, Scalars
from autograd.compiled.matrices import MATMUL
from autograd.compiled.names import NUMBER, Names, Shapes, shape_text
from autograd.compiled.parts import FEW, listed, part_of
from autograd.compiled.record import Tape
from autograd.compiled.roll import Rows
from autograd.compiled.source import printable
from autograd.ops import COMPARISONS, DOT, OPERATIONS, SELECT, SUM, Operation
from autograd.value import Value


@dataclass(frozen=True)
class Line:
    """One instruction in words, for a printed program and for a picture of it.

    Attributes:
        name: of what it computes.
        shape: of that, as "[n, 16]".
        text: what it does, as "x[n, 2] @ w[16, 2]ᵀ". Long lists are abbreviated.
        is_product: whether it is a matrix product.
        sources: a key and a text for each thing it reads that is no constant: the name of an earlier line, or of leaves.
        scope: that of the Values it computes, where they have one in common.
    """

    name: str
    shape: str
    text: str
    is_product: bool
    sources: tuple[tuple[str, str], ...]
    scope: str = ""
    _write: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False, compare=False)
    _leaves: Callable[[], dict[str, tuple[Value, ...]]] = field(default=dict, repr=False, compare=False)

    @cached_property
    def exact(self) -> tuple[str, ...]:
        """The line as it is printed, without abbreviations; of scalars that are computed one after the other, a line for each."""
        return self._write()

    @cached_property
    def leaves(self) -> dict[str, tuple[Value, ...]]:
        """The Values that the names of leaves stand for, in their order."""
        return self._leaves()

    def __str__(self) -> str:
        return f"{self.name}{self.shape} = {self.text}" + (f"  # {printable(self.scope)}" if self.scope else "")


INFIX = ("add", "sub", "mul", "div", "pow", "remainder")
"""The rows of the op table that are written between their inputs."""

Outputs = Sequence[tuple[bool, int]]
"""Whether each number of a result is batched, and its place."""


def describe(tape: Tape, layout: Layout, shapes: Shapes = (), returned: Outputs | None = None) -> str:
    """The program as text: what was recorded, what it costs, and one line an instruction. The axis of the samples is `n`.

    A product of m × t by t × p numbers counts as 2mtp floating-point operations, any function of one number as one.

    Args:
        tape, layout: the program.
        shapes: of the arguments of a function; without them they are as large as what is read of them.
        returned: the numbers that a function returns, where that is to be said.
    """
    return _Text(tape, layout, shapes).whole(returned)


def outline(tape: Tape, layout: Layout, shapes: Shapes = ()) -> list[Line]:
    """The instructions in words; `shapes` as for `describe`."""
    return _Text(tape, layout, shapes).lines()


@dataclass(frozen=True)
class _Read:
    """What an operand reads.

    Attributes:
        kind: whether it is batched.
        places: in the shape in which they are written, with an axis of length 1 where the same numbers are repeated along it.
        full: the shape with the repetitions, where it does not follow from the line.
    """

    kind: bool
    places: Rows
    full: tuple[int, ...] | None = None


class _Text:
    def __init__(self, tape: Tape, layout: Layout, shapes: Shapes) -> None:
        self.tape, self.layout, self.steps = tape, layout, layout.steps
        self.names = Names(tape, layout, shapes)
        self.reads = [[] if isinstance(step, Scalars) else self.read(step) for step in self.steps]
        for reads in self.reads:
            for read in reads:
                self.shape_leaves(read)

    # -- the text -------------------------------------------------------------------------------------------------------

    def whole(self, returned: Outputs | None) -> str:
        lines = [f"  {line}" for line in self.lines()]
        ends = self.returned(returned) if returned else []
        return "\n".join([self.head(), *lines, *[f"  {line}" for line in (*ends, *self.names.legend())]])

    def head(self) -> str:
        products = sum(isinstance(step, Instruction) and step.operation is MATMUL for step in self.steps)
        count = sum(len(step.operations) if isinstance(step, Scalars) else 1 for step in self.steps)
        numbers = [self.tape.nodes[i]._data for i in self.tape.constants()]
        distinct = list(dict.fromkeys(map(_number, numbers)))
        inside = ", ".join([*distinct[:4], "…"] if len(distinct) > 4 else distinct)
        costs = [_operations(step) for step in self.steps]
        shared = sum(cost for cost, step in zip(costs, self.steps, strict=True) if not step.batched)
        cost = f"{shared:,} floating-point operations forward, {8 * self.layout.shared:,} bytes"
        if self.layout.batched:
            cost += f"; and for each of n samples {sum(costs) - shared:,}, {8 * self.layout.batched:,} bytes"
        return (
            f"program: {len(self.tape.nodes):,} nodes → {count:,} instructions, {products} of them matrix products; "
            f"{len(self.tape.leaves()):,} leaves, {len(numbers):,} constants" + (f" ({inside})" if inside else "") + f"\n  {cost}"
        )

    def returned(self, outputs: Outputs) -> list[str]:
        """What a function returns, if that is not what the last line computes."""
        last = self.steps[-1] if self.steps else None
        if isinstance(last, Instruction) and list(outputs) == [
            (last.batched, place) for place in range(last.start, last.start + last.size)
        ]:
            return []
        texts = []
        start = 0
        for end in range(1, len(outputs) + 1):
            if end == len(outputs) or outputs[end][0] != outputs[start][0]:
                kind = outputs[start][0]
                places = self.names.same[kind][np.array([place for _, place in outputs[start:end]], dtype=np.intp)]
                texts.append(self.operand(_Read(kind, places, (len(places),) if len(places) > 1 else ()), False))
                start = end
        return [f"returns {', '.join(texts)}"]

    def lines(self) -> list[Line]:
        return [self.scalars(i, step) if isinstance(step, Scalars) else self.line(i, step) for i, step in enumerate(self.steps)]

    def line(self, i: int, step: Instruction) -> Line:
        named = self.names.arrays[i]
        rows = self.names.rows(step)
        scopes = {self.tape.nodes[row].scope if row >= 0 else "" for row in rows}
        shape = shape_text(named.shape, step.batched)
        text = self.instruction(step, self.reads[i], True)
        reads = self.reads[i][: len(step.operands)]
        sources = dict.fromkeys(source for read in reads for source in self.sources(read.kind, read.places))
        leaves = self.leaves([(read.kind, read.places) for read in reads])
        scope = scopes.pop() if len(scopes) == 1 else ""
        return Line(
            named.name,
            shape,
            text,
            step.operation is MATMUL,
            tuple(sources),
            scope,
            lambda: (f"{named.name}{shape} = {self.instruction(step, self.reads[i], False)}",),
            leaves,
        )

    def scalars(self, i: int, step: Scalars) -> Line:
        named = self.names.arrays[i]
        counts = Counter(operation.symbol for operation in step.operations).most_common()
        words = ", ".join(f"{count:,} {printable(symbol)}" for symbol, count in counts)
        reads = [(kind, np.unique(step.inputs[step.input_batched == kind])) for kind in (False, True)]
        found = dict.fromkeys(source for kind, x in reads for source in self.sources(kind, x[self.names.array[kind][x] != i]))
        text = f"{len(step.operations):,} scalars one after the other: {words}"
        shape = shape_text(named.shape, step.batched)
        return Line(named.name, shape, text, False, tuple(found), "", lambda: tuple(self.each(step)), self.leaves(reads))

    def leaves(self, reads: list[tuple[bool, Rows]]) -> Callable[[], dict[str, tuple[Value, ...]]]:
        """The leaves that are read, by the names of their arrays; found where they are asked for."""

        def find() -> dict[str, tuple[Value, ...]]:
            arrays = {i: None for kind, places in reads for i in np.unique(self.names.array[kind][places]).tolist() if i >= len(self.steps)}
            return {self.names.arrays[i].name: self.names.leaves(i) for i in arrays}

        return find

    def each(self, step: Scalars) -> Iterator[str]:
        """Every scalar on a line of its own."""
        for single in step.single:
            output = _Read(single.batched, np.array([single.start]))
            yield f"{self.operand(output, False)} = {self.instruction(single, self.read(single), False)}"

    def sources(self, kind: bool, places: Rows) -> list[tuple[str, str]]:
        """What is read that has a name: keys and texts."""
        found = []
        for i in np.unique(self.names.array[kind][places]).tolist():
            if i != NUMBER:
                named = self.names.arrays[i]
                own = np.unique(places[self.names.array[kind][places] == i])
                if named.labels and len(own) < FEW:
                    labels = [named.labels[k] for k in self.names.position[kind][own].tolist()]
                    found += [(label, label + shape_text((), kind)) for label in labels]
                else:
                    named.is_asked_for |= named.labels is not None
                    found.append((named.name, named.name + shape_text(named.shape if named.size > 1 else (), kind)))
        return found

    # -- an instruction -------------------------------------------------------------------------------------------------

    def read(self, step: Instruction) -> list[_Read]:
        """What the operands of an instruction read, and last its mask."""
        operation, operands = step.operation, step.operands
        if step.mask is not None:
            operands = (*operands, step.mask)
        codes = []
        for operand in operands:
            places = self.names.same[operand.batched][operand.all_places()]
            if operation is MATMUL and operand is not step.mask:
                kept = places.shape[1:] if len(places) == 1 else places.shape
            else:
                kept = tuple([n for n, m in zip(places.shape, step.shape, strict=False) if m != 1]) + places.shape[len(step.shape) :]
            codes.append(places.reshape(kept))
        repeated = [[_is_repeated(places, axis) for axis in range(places.ndim)] for places in codes]
        found = []
        for k, (operand, places, same) in enumerate(zip(operands, codes, repeated, strict=True)):
            must = [operation is MATMUL and operand is not step.mask] * places.ndim
            if step.stacked and operand is not step.mask:
                must[-1] = operation is not DOT or (k == 0 and repeated[1][-1])  # one factor of a dot says how many terms there are
            found.append(_reduced(operand, places, same, must))
        return found

    def instruction(self, step: Instruction, reads: Sequence[_Read], short: bool) -> str:
        operation = step.operation
        if step.mask is not None:
            *reads, mask = reads
            return f"{self.instruction_of(operation, step, reads, short)} where {self.operand(mask, short)}"
        return self.instruction_of(operation, step, reads, short)

    def instruction_of(self, operation: Operation, step: Instruction, reads: Sequence[_Read], short: bool) -> str:
        if operation is MATMUL:
            left, right = reads
            swapped = _Read(right.kind, right.places.T, right.full and right.full[::-1]) if right.places.ndim == 2 else right
            return f"{self.operand(left, short)} @ {self.operand(swapped, short, True)}"
        a = [self.operand(read, short) for read in reads]
        if operation is DOT:
            return f"Σ {a[0]} * {a[1]}" if len(a) == 2 else f"Σ {self.halves(reads, short)}"
        if operation is SUM:
            return f"Σ {a[0]}" if len(a) == 1 else f"Σ {self.together(reads, short)}"
        if operation is SPREAD:
            return f"{a[0]} for each sample"
        row = operation.origin or operation
        constants = [_number(c) for c in row.constants]
        if row.name == "pow" and constants:
            return f"{a[0]} **{constants[0]}"
        if (row.name in INFIX and len(a) == 2) or row in COMPARISONS:
            base = f"({a[0]})" if row.name == "pow" and a[0].startswith("-") else a[0]
            return f"{base} {row.symbol} {a[1]}"
        return f"{_word(row)}({', '.join([*a, *constants])})"

    def halves(self, reads: Sequence[_Read], short: bool) -> str:
        """The factors of a dot of scalars."""
        half = len(reads) // 2
        return f"{self.together(reads[:half], short)} * {self.together(reads[half:], short)}"

    def together(self, reads: Sequence[_Read], short: bool) -> str:
        return f"({', '.join(self.operand(read, short) for read in reads)})"

    # -- an operand -----------------------------------------------------------------------------------------------------

    def shape_leaves(self, read: _Read) -> None:
        """Give leaves that have no shape by their labels that in which they are read first, as a whole."""
        array = self.names.array[read.kind][read.places]
        i = int(array.flat[0])
        if i < len(self.steps) or read.places.ndim < 2 or 1 in read.places.shape or self.names.has_shape(i):
            return
        named = self.names.arrays[i]
        if len(named.shape) == 1 and named.size == read.places.size and (array == i).all():
            positions, order = self.names.position[read.kind][read.places], np.arange(named.size)
            if np.array_equal(positions.ravel(), order):
                named.shape = read.places.shape
            elif np.array_equal(positions.T.ravel(), order):
                named.shape = read.places.shape[::-1]

    def operand(self, read: _Read, short: bool, swap: bool = False) -> str:
        """The operand in words; `swap` prefers to write it with a ᵀ."""
        kind, places, full = read.kind, read.places, read.full
        one = places.size == 1
        shape = places.shape if not one else (full or ())
        text, natural, count = self.pieces(kind, places.ravel(), short)
        swapped = False
        if places.ndim == 2 and 1 not in places.shape:
            other, other_natural, other_count = self.pieces(kind, places.T.ravel(), short)
            if (other_count, len(other), not swap) < (count, len(text), swap):
                text, natural, shape, swapped = other, other_natural, shape[::-1], True
        if kind or natural is None or natural != shape:
            text += shape_text(shape, kind)
        text += "ᵀ" if swapped else ""
        return text + (shape_text(full, kind) if full and not one and full != places.shape else "")

    def pieces(self, kind: bool, places: Rows, short: bool) -> tuple[str, tuple[int, ...] | None, int]:
        """Numbers one after the other in words, their shape where the words tell it, and how many pieces they are of."""
        arrays = self.names.array[kind][places]
        cuts = [0, *(np.flatnonzero(np.diff(arrays)) + 1).tolist(), len(places)]
        texts: list[str] = []
        scalar = True
        for start, end in pairwise(cuts):
            if short and len(texts) > FEW:  # the rest is not shown
                for i in np.unique(arrays[start:]).tolist():
                    self.names.arrays[i].is_asked_for |= i != NUMBER and self.names.arrays[i].labels is not None
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
            named.is_asked_for |= named.labels is not None
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


def _is_repeated(places: Rows, axis: int) -> bool:
    return places.shape[axis] > 1 and bool((places == places.take([0], axis=axis)).all())


def _reduced(operand: Operand, places: Rows, same: list[bool], must: list[bool]) -> _Read:
    """Without repetitions, and without leading axes that are nothing but that."""
    full = places.shape if any(a and b for a, b in zip(same, must, strict=True)) else None
    for axis, is_same in enumerate(same):
        if is_same:
            places = places.take([0], axis=axis)
    if places.size == 1:
        return _Read(operand.batched, places.reshape(1), full or (tuple(places.shape) if any(must) else None))
    leading = 0
    while full is None and leading < places.ndim and same[leading]:
        leading += 1
    return _Read(operand.batched, places.reshape(places.shape[leading:]), full)


def _runs(numbers: list[float], short: bool) -> list[str]:
    """Constants, where the same one many times is written once."""
    found: list[tuple[str, int]] = []
    for text in map(_number, numbers):
        if found and found[-1][0] == text:
            found[-1] = text, found[-1][1] + 1
        else:
            found.append((text, 1))
    return [one for text, n in found for one in ([text] * n if n < 3 else [f"{text}[{n}]"])]


def _number(x: float) -> str:
    """A number with all of its digits, without a point where it is whole."""
    return repr(x).removesuffix(".0")


def _word(row: Operation) -> str:
    """What an operation is called: its symbol, unless that is no word, or another row has it too."""
    if row is SELECT:
        return SELECT.symbol
    others = [other for other in OPERATIONS.values() if row.symbol in (other.symbol, other.name) and other.name != row.name]
    return row.symbol if row.symbol.isidentifier() and row.symbol != SUM.symbol and not others else row.name


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
