"""The listing: a program as exact text, one line for each instruction, with the labels of the Values.

A line is ``name[shape] = operation of operands``, for each sample if the shape begins with `n`. Axes of length 1 are omitted. The names
come from `naming`. An operand is the name of an array, followed by the part that is read, if not the whole (see `parts`), and by the
shape, if that is not clear; ``ᵀ`` swaps the last two axes:

    x[100, 2] @ w[16, 2]ᵀ         all of x and w, row by row
    p[48:320][16, 17]             the numbers 48 to 319 of p, as 16 rows
    x₃[5]                         one number five times
    (t3, 0, x₂)[7]                a concatenation: all of t3, the constant 0, and number 2 of x
    a[5, 1] * b[3]                broadcast as by NumPy, and to the shape of the result
    Σ a[4, 3], Σ a[4, 3] * b[3]   sums along the last axis, along which all functions of any number of inputs work
    y[n, 4] = … where t1[n]       used only where t1 is not 0: elsewhere a `where` selects its other side

Constants have all of their digits. The printed text abbreviates long lists with an ellipsis; `Line.exact` does not. The last lines say
which leaves a name stands for, unless labels show it, and what a function returns, unless it is the last line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import indent
from typing import Any, Protocol

import numpy as np

from autograd.compiled.export.costs import operations
from autograd.compiled.export.naming import NUMBER, Names, Shapes, shape_text
from autograd.compiled.export.operands import Operands, Read, number_text
from autograd.compiled.export.parts import FEW, SUBSCRIPTS
from autograd.compiled.export.rule_text import printable
from autograd.compiled.ir import (
    Code,
    Dot,
    Instruction,
    LongLoop,
    Loop,
    Map,
    Matmul,
    Operand,
    Places,
    Scalars,
    Select,
    Spread,
    Sum,
    count_of,
)
from autograd.compiled.loop_body import BEFORE, OUTSIDE, REPEATED, SAME, Source
from autograd.compiled.rounds_of import body_of
from autograd.compiled.stages import Tape
from autograd.ops import COMPARISONS, DOT, HELD, OPERATIONS, SELECT, SUM, Operation
from autograd.value import Value

MOST_LINES = 40
"""So many lines of a loop are shown."""


class Writer(Protocol):
    """Writes operands: `Operands`, or what is text already."""

    def operand(self, read: Any, short: bool, swap: bool = False) -> str:
        """The operand as text."""
        ...  # pragma: no cover - a protocol


@dataclass(frozen=True)
class Line:
    """One instruction in words, for a printed program and for a picture of it.

    Attributes:
        name: the name of its output.
        shape: the shape of its output, such as "[n, 16]".
        text: what it computes, such as "x[n, 2] @ w[16, 2]ᵀ". Long lists are abbreviated.
        is_product: whether it is a matrix product.
        sources: a key and a text for each operand that is not a constant: the name of an earlier line, or of leaves.
        scope: the scope of its Values, if they all have the same.
        body: of a loop, what its first rounds begin with, and what each of them computes; `r`, if
            nothing else has this name, is the index of the round.
        is_result: whether a function returns some of its numbers; False where that is not known.
    """

    name: str
    shape: str
    text: str
    is_product: bool
    sources: tuple[tuple[str, str], ...]
    scope: str = ""
    body: tuple[str, ...] = ()
    is_result: bool = False
    _write: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False, compare=False)
    _leaves: Callable[[], dict[str, tuple[Value, ...]]] = field(default=dict, repr=False, compare=False)

    @cached_property
    def exact(self) -> tuple[str, ...]:
        """The line without abbreviations. Scalars that are computed one after the other have a line each."""
        return self._write()

    @cached_property
    def leaves(self) -> dict[str, tuple[Value, ...]]:
        """The Values for which the names of leaves stand, in order."""
        return self._leaves()

    def __str__(self) -> str:
        line = f"{self.name}{self.shape} = {self.text}" + (f"  # {printable(self.scope)}" if self.scope else "")
        return "\n".join([line, *[f"    {text}" for text in self.body]])


INFIX = ("add", "sub", "mul", "div", "pow", "remainder")
"""The rows of the op table whose symbol is written between the inputs."""

Outputs = Sequence[tuple[bool, int]]
"""For each number of a result, whether it is batched, and its place."""


def describe(tape: Tape, code: Code, shapes: Shapes = (), returned: Outputs | None = None) -> str:
    """The program as text: its size, its cost, and one line for each instruction. The axis of the samples is `n`.

    Args:
        tape, code: the program.
        shapes: the shapes of the arguments of a function; without them, they are taken from the indices that are read.
        returned: the numbers that a function returns; None to leave that out.
    """
    return _Text(tape, code, shapes).whole(returned)


def outline(tape: Tape, code: Code, shapes: Shapes = ()) -> list[Line]:
    """A line for each instruction. For the arguments see `describe`."""
    return _Text(tape, code, shapes).lines()


def outline_of_function(tape: Tape, code: Code, shapes: Shapes, returned: Outputs) -> list[Line]:
    """A line for each instruction, and a last one for what is returned if none of them computes it. For the arguments see `describe`."""
    return _Text(tape, code, shapes).lines_to(returned)


class _Text:
    def __init__(self, tape: Tape, code: Code, shapes: Shapes) -> None:
        self.tape, self.code, self.instructions = tape, code, code.instructions
        self.names = Names(tape, code, shapes)
        self.operands = Operands(self.names, len(self.instructions))
        self.reads = [[] if isinstance(instruction, Scalars) else self.operands.read(instruction) for instruction in self.instructions]
        for reads in self.reads:
            for read in reads:
                self.operands.shape_leaves(read)

    # -- the text -------------------------------------------------------------------------------------------------------

    def whole(self, returned: Outputs | None) -> str:
        lines = [indent(str(line), "  ") for line in self.lines()]
        ends = self.returned(returned) if returned else []
        return "\n".join([self.head(), *lines, *[f"  {line}" for line in (*ends, *self.names.legend())]])

    def head(self) -> str:
        products = sum(isinstance(instruction, Matmul) for instruction in self.instructions)
        count = sum(map(count_of, self.instructions))
        numbers = [self.tape.nodes[i]._data for i in self.tape.constants()]
        distinct = list(dict.fromkeys(map(number_text, numbers)))
        inside = ", ".join([*distinct[:4], "…"] if len(distinct) > 4 else distinct)
        costs = [operations(instruction) for instruction in self.instructions]
        shared = sum(cost for cost, instruction in zip(costs, self.instructions, strict=True) if not instruction.batched)
        cost = f"{shared:,} floating-point operations forward, {8 * self.code.shared:,} bytes"
        if self.code.batched:
            cost += f"; and for each of n samples {sum(costs) - shared:,}, {8 * self.code.batched:,} bytes"
        return (
            f"program: {len(self.tape.nodes):,} nodes → {count:,} instructions, {products} of them matrix products; "
            f"{len(self.tape.leaves()):,} leaves, {len(numbers):,} constants" + (f" ({inside})" if inside else "") + f"\n  {cost}"
        )

    def returned(self, outputs: Outputs) -> list[str]:
        """A line for what a function returns, unless it is the output of the last line."""
        last = self.instructions[-1] if self.instructions else None
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
                texts.append(self.operands.operand(Read(kind, places, (len(places),) if len(places) > 1 else ()), False))
                start = end
        return [f"returns {', '.join(texts)}"]

    def lines(self) -> list[Line]:
        return [
            self.scalars(i, instruction) if isinstance(instruction, Scalars) else self.line(i, instruction)
            for i, instruction in enumerate(self.instructions)
        ]

    def lines_to(self, returned: Outputs) -> list[Line]:
        places = {kind: np.array([place for batched, place in returned if batched == kind], dtype=np.intp) for kind in (False, True)}
        results = {i for kind in places for i in self.names.array[kind][self.names.same[kind][places[kind]]].tolist()}
        lines = [replace(line, is_result=i in results) for i, line in enumerate(self.lines())]
        if not any(line.is_result for line in lines):  # what is returned are arguments and constants
            sources = tuple(source for kind in places for source in self.sources(kind, self.names.same[kind][places[kind]]))
            text = ", ".join(self.returned(returned)).removeprefix("returns ")
            lines.append(Line("returns", "", text, False, sources, is_result=True))
        return lines

    def line(self, i: int, instruction: Instruction) -> Line:
        named = self.names.arrays[i]
        rows = self.names.rows(instruction)
        scopes = {self.tape.nodes[row].scope if row >= 0 else "" for row in rows}
        shape = shape_text(named.shape, instruction.batched)
        text = self.instruction(instruction, self.reads[i], True)
        reads = self.reads[i][: len(instruction.operands)]
        sources = dict.fromkeys(source for read in reads for source in self.sources(read.kind, read.places))
        leaves = self.leaves([(read.kind, read.places) for read in reads])
        scope = scopes.pop() if len(scopes) == 1 else ""
        return Line(
            named.name,
            shape,
            text,
            isinstance(instruction, Matmul),
            tuple(sources),
            scope,
            _write=lambda: (f"{named.name}{shape} = {self.instruction(instruction, self.reads[i], False)}",),
            _leaves=leaves,
        )

    def long_loop(self, i: int, loop: LongLoop) -> Line:
        named = self.names.arrays[i]
        reads = [(own.batched, np.unique(own.places)) for own in loop.body.outside]
        sources = dict.fromkeys(source for kind, x in reads for source in self.sources(kind, x))
        lines, shape, leaves = self.rounds(named.name, loop), shape_text(named.shape, loop.batched), self.leaves(reads)
        text = f"for {loop.body.rounds:,} rounds:"
        return Line(named.name, shape, text, False, tuple(sources), "", lines, _write=lambda: lines, _leaves=leaves)

    def scalars(self, i: int, instruction: Scalars) -> Line:
        if isinstance(instruction, LongLoop):
            return self.long_loop(i, instruction)
        named = self.names.arrays[i]
        counts = Counter(operation.symbol for operation in instruction.operations).most_common()
        words = ", ".join(f"{count:,} {printable(symbol)}" for symbol, count in counts)
        reads = [(kind, np.unique(instruction.inputs[instruction.input_batched == kind])) for kind in (False, True)]
        sources = dict.fromkeys(source for kind, x in reads for source in self.sources(kind, x[self.names.array[kind][x] != i]))
        text = f"{len(instruction.operations):,} scalars one after the other: {words}"
        rounds: tuple[str, ...] = ()
        if isinstance(instruction, Loop):
            text, rounds = f"for {instruction.rounds:,} rounds:", self.rounds(named.name, instruction)
        shape = shape_text(named.shape, instruction.batched)
        exact, leaves = lambda: tuple(self.each(instruction)), self.leaves(reads)
        return Line(named.name, shape, text, False, tuple(sources), "", rounds, _write=exact, _leaves=leaves)

    def rounds(self, name: str, loop: Loop | LongLoop) -> tuple[str, ...]:
        """What the rounds of a loop compute."""
        body = body_of(loop)
        if body is None:
            assert isinstance(loop, Loop)
            return (f"{loop.body:,} scalars, which differ in what they read",)
        r = next(name for name in ("r", "k", "i", "round_") if name not in self.names.taken or name == "round_")
        rows = [name] if len(body.members) == 1 else [f"{name}{str(m).translate(SUBSCRIPTS)}" for m in range(len(body.members))]
        read = {Source(SAME, m): f"{row}[{r}]" for m, row in enumerate(rows)}
        read |= {Source(BEFORE, c): f"{rows[before.member]}[{r}-{before.back}]" for c, before in enumerate(body.carried)}
        for k, outside in enumerate(body.outside):
            places = outside.places[:1] if outside.how == REPEATED else outside.places
            text = self.operands.operand(Read(outside.batched, self.names.same[outside.batched][places]), True)
            read[Source(OUTSIDE, k)] = text if outside.how == REPEATED else f"{text}[{r}]"
        first: dict[str, None] = {}
        for before in body.carried:
            for k, (place, batched) in enumerate(zip(before.first, before.batched, strict=True)):
                text = self.operands.operand(Read(batched, self.names.same[batched][np.array([place])]), True)
                first[f"{rows[before.member]}[{k - before.back}] = {text}"] = None
        lines = [*first]
        single = Operand((1,), 0, (0,), None, True, True, False)
        for row, member in zip(rows, body.members, strict=True):
            texts = _Written([read[source] for source in member.inputs])
            one = Map(member.operation, (1,), 0, (single,) * len(member.inputs), body.batched, None, member.checked)
            lines.append(f"{row}[{r}] = {WORDS[Map](texts, one, texts.reads, True)}")
        return (*lines[:MOST_LINES], *([f"… {len(lines) - MOST_LINES:,} more"] if len(lines) > MOST_LINES else []))

    def leaves(self, reads: list[tuple[bool, Places]]) -> Callable[[], dict[str, tuple[Value, ...]]]:
        """A function that returns the leaves that are read, by the names of their arrays."""

        def find() -> dict[str, tuple[Value, ...]]:
            arrays = {
                i: None for kind, places in reads for i in np.unique(self.names.array[kind][places]).tolist() if i >= len(self.instructions)
            }
            return {self.names.arrays[i].name: self.names.leaves(i) for i in arrays}

        return find

    def each(self, instruction: Scalars) -> Iterator[str]:
        """A line for each scalar."""
        for single in instruction.single:
            output = Read(single.batched, np.array([single.start]))
            yield f"{self.operands.operand(output, False)} = {self.instruction(single, self.operands.read(single), False)}"

    def sources(self, kind: bool, places: Places) -> list[tuple[str, str]]:
        """The named arrays and leaves that are read: keys and texts."""
        named_sources = []
        for i in np.unique(self.names.array[kind][places]).tolist():
            if i != NUMBER:
                named = self.names.arrays[i]
                own = np.unique(places[self.names.array[kind][places] == i])
                if named.labels and len(own) < FEW:
                    labels = [named.labels[k] for k in self.names.position[kind][own].tolist()]
                    named_sources += [(label, label + shape_text((), kind)) for label in labels]
                else:
                    named.is_used |= named.labels is not None
                    named_sources.append((named.name, named.name + shape_text(named.shape if named.size > 1 else (), kind)))
        return named_sources

    # -- an instruction -------------------------------------------------------------------------------------------------

    def instruction(self, instruction: Instruction, reads: Sequence[Read], short: bool) -> str:
        if instruction.mask is not None:
            *reads, mask = reads
            return f"{WORDS[type(instruction)](self.operands, instruction, reads, short)} where {self.operands.operand(mask, short)}"
        return WORDS[type(instruction)](self.operands, instruction, reads, short)


class _Written:
    """Operands that are text already."""

    def __init__(self, reads: list[str]) -> None:
        self.reads: list[Any] = reads

    def operand(self, read: Any, short: bool, swap: bool = False) -> str:
        return str(read)


# -- the kinds of instructions ----------------------------------------------------------------------------------------------


def _each(operands: Writer, reads: Sequence[Read], short: bool) -> list[str]:
    return [operands.operand(read, short) for read in reads]


def _listed(operands: Writer, reads: Sequence[Read], short: bool) -> str:
    """Scalars as a vector; a single one without parentheses."""
    texts = _each(operands, reads, short)
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _map(operands: Writer, instruction: Instruction, reads: Sequence[Read], short: bool) -> str:
    row = instruction.operation.origin or instruction.operation
    if row is SUM:
        return f"Σ {_listed(operands, reads, short)}"
    if row is DOT:
        half = len(reads) // 2
        return f"Σ {_listed(operands, reads[:half], short)} * {_listed(operands, reads[half:], short)}"
    a = _each(operands, reads, short)
    constants = [number_text(c) for c in row.constants]
    if row.name == "pow" and constants:
        return f"{a[0]} **{constants[0]}"
    if (row.name in INFIX and len(a) == 2) or row in COMPARISONS:
        base = f"({a[0]})" if row.name == "pow" and a[0].startswith("-") else a[0]
        return f"{base} {row.symbol} {a[1]}"
    return f"{_word(row)}({', '.join([*a, *constants])})"


def _matmul(operands: Writer, instruction: Instruction, reads: Sequence[Read], short: bool) -> str:
    left, right = reads
    swapped = Read(right.kind, right.places.T, right.full and right.full[::-1]) if right.places.ndim == 2 else right
    return f"{operands.operand(left, short)} @ {operands.operand(swapped, short, True)}"


def _spread(operands: Writer, instruction: Instruction, reads: Sequence[Read], short: bool) -> str:
    return f"{operands.operand(reads[0], short)} for each sample"


WORDS: dict[type[Instruction], Callable[[Writer, Instruction, Sequence[Read], bool], str]] = {
    Map: _map,
    Select: _map,
    Sum: _map,
    Dot: _map,
    Matmul: _matmul,
    Spread: _spread,
}


def _word(row: Operation) -> str:
    """The name of an operation: its symbol, unless that is not a word or belongs to another row too."""
    if row in (SELECT, HELD):
        return row.symbol
    others = [other for other in OPERATIONS.values() if row.symbol in (other.symbol, other.name) and other.name != row.name]
    return row.symbol if row.symbol.isidentifier() and row.symbol != SUM.symbol and not others else row.name
