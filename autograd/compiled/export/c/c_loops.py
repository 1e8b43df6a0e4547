"""The rule for loops in C: a `for` over the rounds, forward and backward.

The numbers of all rounds are in memory. Within a round, `y3` is what scalar 3 computes, `g3` its gradient, and `carried0` a number of an
earlier round, which the first rounds have from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd.compiled.export.c.c_memory import Element
from autograd.compiled.export.c.c_namespace import ATOM, CHOICE, ORDER, CNumber
from autograd.compiled.export.c.c_writing import RESULT, Writing, added, evaluated, indented, lines_of, product_of
from autograd.compiled.ir import Places
from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Carried, LoopBody, Member, Source
from autograd.ops import outside

ROUND = "r"
"""The index of rounds."""


class _Round:
    """The numbers of a round, in a namespace of their own.

    Attributes:
        names: the names of expressions.
        outside: the elements of the numbers from outside.
    """

    def __init__(self, writing: Writing, body: LoopBody) -> None:
        self.writing, self.body = writing, body
        self.xp = writing.namespace()
        self.names: dict[CNumber, str] = {}
        self.outside = [writing.memory.element(own.places, [ROUND]) for own in body.outside]
        self._numbers: dict[Source, CNumber] = {}

    def named(self, x: CNumber, name: str) -> CNumber:
        """An expression, with a name in case that it is used more than once."""
        self.names.setdefault(x, name)
        return x

    def output(self, m: int, back: int = 0) -> Element:
        """The output of a member in this round, or in an earlier one."""
        return self.writing.memory.of_round(self.body.members[m].start, ROUND, back)

    def gradient(self, m: int) -> CNumber:
        """The gradient that the output of a member has from elsewhere."""
        return self.xp.named(f"d{self.output(m).value[1:]}", False)

    def compute(self, m: int, y: CNumber) -> None:
        """Note what a member computes. Unless it is computed, it is read."""
        self._numbers[Source(SAME, m)] = self.named(y, f"y{m}")

    def of(self, source: Source) -> CNumber:
        """An input, or an output."""
        known = self._numbers.get(source)
        if known is None:
            known = self._numbers[source] = self._read(source)
        return known

    def inputs(self, member: Member) -> list[CNumber]:
        """The inputs of a member."""
        return [self.of(source) for source in member.inputs]

    def value(self, member: Member) -> CNumber:
        """What a member computes."""
        return self.xp.number(member.operation.value(self.xp, *self.inputs(member)))

    def outside_of(self, member: Member) -> CNumber:
        """Whether an input of a member is outside of the domain."""
        return self.xp.any_of(outside(member.operation, self.xp, *self.inputs(member)))

    def _read(self, source: Source) -> CNumber:
        where, k = source
        if where == SAME:
            return self.named(self.xp.named(self.output(k).value, False), f"y{k}")
        if where == OUTSIDE:
            return self.xp.named(self.outside[k].value, self.outside[k].is_short)
        carried = self.body.carried[k]
        firsts = [f"{ROUND} == {r} ? {element.value} : " for r, element in enumerate(self.firsts(carried))]
        text = "".join([*firsts, self.output(carried.member, carried.back).value])
        return self.named(self.xp.made((text,), CHOICE), f"carried{k}")

    def firsts(self, carried: Carried) -> list[Element]:
        """What the first rounds read in place of a carried number."""
        return [self.writing.memory.element(np.array([place]), []) for place in carried.first]

    def reached(self, m: int) -> CNumber | None:
        """The condition under which a member is reached from the result that is differentiated; None if it always is."""
        if self.writing.reach is None:
            return None
        rounds, memory = np.arange(self.body.rounds), self.writing.memory
        by = self.writing.reach.at(self.body.members[m].start + rounds)
        if by.all():
            return None
        counts = by.sum(axis=0)
        if np.array_equal(by, rounds[:, None] < counts):  # those up to some round
            limit = memory.index(counts, [RESULT])
            cast = f"({self.writing.integer})" if "[" in limit else ""
            return self.xp.made((f"{ROUND} < {cast}{limit}",), ORDER, is_truth=True)
        return self.xp.made((memory.index(by.astype(np.intp), [ROUND, RESULT]),), ATOM, is_truth=True)


def _rounds(writing: Writing, body: LoopBody, lines: list[str], backward: bool = False) -> list[str]:
    """The lines in a loop over the rounds."""
    last = body.rounds - 1
    head = f"{ROUND} = {last}; {ROUND} >= 0; {ROUND}--" if backward else f"{ROUND} = 0; {ROUND} < {body.rounds}; {ROUND}++"
    return [f"for ({writing.integer} {head}) {{", *indented(lines), "}"]


def loop_value(writing: Writing, body: LoopBody) -> list[str]:
    """The lines that compute all rounds."""
    one = _Round(writing, body)
    statements: list[tuple[str, Any, str]] = []
    for m, member in enumerate(body.members):
        y = evaluated(member.operation, partial(one.value, member))
        one.compute(m, y)
        statements.append((f"{one.output(m).value} = ", y, ";"))
    return _rounds(writing, body, lines_of(one.xp, statements, one.names))


def loop_parts(writing: Writing, body: LoopBody) -> list[str]:
    """The lines that add to the gradients of what the rounds read, from the last round to the first."""
    one = _Round(writing, body)
    gradients: dict[Source, list[_Part]] = {}
    for m in range(len(body.members) - 1, -1, -1):
        g = _sum_of(one.gradient(m), gradients.pop(Source(SAME, m), []))
        for source, part in _parts(one, m, one.named(g, f"g{m}")):
            gradients.setdefault(source, []).append(part)
    totals = {source: _sum_of(-first.number if first.is_less else first.number, rest) for source, (first, *rest) in gradients.items()}
    statements: list[tuple[str, Any, str]] = []
    carried: dict[int, list[int]] = {}
    for source, total in sorted(totals.items(), key=lambda item: (item[0].where == BEFORE, item[0].which)):
        if source.where == OUTSIDE:
            statements += added(one.outside[source.which], total)
        else:
            statements.append((f"const {writing.precision.type} d_carried{source.which} = ", total, ";"))
            carried.setdefault(body.carried[source.which].back, []).append(source.which)
    if not statements:
        return []
    passed = [line for back, which in carried.items() for line in _pass_on(one, back, which)]
    return _rounds(writing, body, [*lines_of(one.xp, statements, one.names), *passed], backward=True)


class _Part(NamedTuple):
    """A part of a gradient: a number, and whether it is subtracted rather than added."""

    number: Any
    is_less: bool


def _sum_of(first: Any, parts: Iterable[_Part]) -> Any:
    for part in parts:
        first = first - part.number if part.is_less else first + part.number
    return first


def _parts(one: _Round, m: int, g: CNumber) -> list[tuple[Source, _Part]]:
    """What a member adds to the gradients of its inputs."""
    member, xp = one.body.members[m], one.xp
    constant = [
        fixed or (source.where == OUTSIDE and one.outside[source.which].add is None)
        for source, fixed in zip(member.inputs, member.constant, strict=True)
    ]

    def rule() -> list[tuple[Any, Any]]:
        slopes = member.operation.slopes_except(constant, xp, one.of(Source(SAME, m)), *one.inputs(member))
        return [(slope, None if slope is None else product_of(member.operation, xp, slope, g)) for slope in slopes]

    reached = one.reached(m)
    parts: list[tuple[Source, _Part]] = []
    for source, (slope, part) in zip(member.inputs, evaluated(member.operation, rule), strict=True):
        if part is None or (type(part) is float and part == 0.0):
            continue
        if type(slope) is float and slope == -1.0:
            parts.append((source, _Part(g, True)))
        elif reached is not None and isinstance(slope, CNumber):  # any other slope times a gradient of 0 is 0
            parts.append((source, _Part(xp.where(reached, part, 0.0), False)))
        else:
            parts.append((source, _Part(part, False)))
    return parts


def _pass_on(one: _Round, back: int, which: Sequence[int]) -> list[str]:
    """The lines that add the gradients of the numbers of an earlier round to those there, or in the first rounds elsewhere.

    Args:
        one: the round.
        back: how many rounds before they were computed.
        which: the carried numbers.
    """
    numbers = [(f"d_carried{c};", one.body.carried[c], one.firsts(one.body.carried[c])) for c in which]
    later = [f"    d{one.output(carried.member, back).value[1:]} += {part}" for part, carried, _ in numbers]
    lines = [f"if ({ROUND} >= {back}) {{", *later]
    for r in range(back):
        firsts = [(elements[r].add, part) for part, carried, elements in numbers if not carried.constant[r]]
        own = [f"    {add[0]}{part}" for add, part in firsts if add is not None]
        if own:
            lines += ["} else {" if back == 1 else f"}} else if ({ROUND} == {r}) {{", *own]
    return [*lines, "}"]


def loop_outside(writing: Writing, body: LoopBody) -> list[str]:
    """The lines that return 1 if an input of a round is outside of the domain where that is an error."""
    one = _Round(writing, body)
    bad = [evaluated(member.operation, partial(one.outside_of, member)) for member in body.members if member.checked]
    lines = lines_of(one.xp, [("if (", each, ") {") for each in bad], one.names)
    first = len(lines) - len(bad)
    return _rounds(writing, body, [*lines[:first], *[line for head in lines[first:] for line in (head, "    return 1;", "}")]])


def loop_places(body: LoopBody) -> list[Places]:
    """The places of the numbers from outside."""
    return [own.places for own in body.outside]
