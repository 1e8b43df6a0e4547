"""A loop as NumPy source: a `for` over its rounds.

The numbers of all rounds are in memory. In the source, `y[m, r]` is what scalar `m` computes in round `r`, and `g[m, r]` its gradient.
A number of an earlier round is `carried0`, …: the first rounds have it from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.export.rule_text import array_text, expression_of, text_of
from autograd.compiled.ir import Places
from autograd.compiled.loop_body import ALONG, BEFORE, LISTED, REPEATED, SAME, Carried, LoopBody, Member, Source
from autograd.ops import DOT, SUM, Operation, product

DATA, GRADIENTS = ("x", "xs"), ("d", "ds")
"""The names of the shared and batched arrays of numbers, and of their gradients."""


class LoopLines:
    """Writes a loop.

    Args:
        body: its rounds.
        fixed: the places of the constants, which are shared, in ascending order; and their numbers.
    """

    def __init__(self, body: LoopBody, fixed: tuple[Places, npt.NDArray[np.float64]]) -> None:
        self.body = body
        self._numbers = dict(zip(fixed[0].tolist(), fixed[1].tolist(), strict=True))
        starts = [member.start for member in body.members]
        self._is_dense = starts == [starts[0] + m * body.rounds for m in range(len(starts))]

    # -- both passes ----------------------------------------------------------------------------------------------------

    def forward(self) -> list[str]:
        """The lines that compute all rounds."""
        lines: list[str] = []
        read: set[int] = set()
        for m, member in enumerate(self.body.members):
            inputs = [self._input(source, read) for source in member.inputs]
            before, text = SUMS[member.operation](inputs) if member.operation in SUMS else expression_of(member.operation.value, inputs)
            lines += [*before, f"{self._member('y', m)} = {text}"]
        return self._within(f"for r in range({self.body.rounds}):", [*self._carried(read), *lines])

    def backward(self) -> list[str]:
        """The lines of the chain rule, from the last round to the first."""
        lines: list[str] = []
        read: set[int] = set()
        carried: set[int] = set()
        for m in range(len(self.body.members) - 1, -1, -1):
            member = self.body.members[m]
            for k, source in enumerate(member.inputs):
                if not member.constant[k]:
                    lines += self._part(m, k, source, read, carried)
        if not lines:
            return []
        for back in sorted({self.body.carried[c].back for c in carried}):
            lines += self._pass_on(back, [c for c in sorted(carried) if self.body.carried[c].back == back])
        return self._within(f"for r in reversed(range({self.body.rounds})):", [*self._carried(read), *lines])

    def _within(self, head: str, lines: list[str]) -> list[str]:
        """The lines within a loop, and before it the names that they use."""
        text = "\n".join(lines)
        used = [(name, arrays) for name, arrays in (("y", DATA), ("g", GRADIENTS)) if re.search(rf"\b{name}\[", text)]
        named = [self._all(name, arrays) for name, arrays in used]
        lists = [f"places{k} = {array_text(own.places)}" for k, own in enumerate(self.body.outside) if f"places{k}[" in text]
        words = "# y[m, r] is number m of round r" + (", g[m, r] its gradient" if used[-1][0] == "g" else "")
        return [words, *named, *lists, head, *[f"    {line}" for line in lines]]

    def _part(self, m: int, k: int, source: Source, read: set[int], carried: set[int]) -> list[str]:
        """The lines that add to the gradient of input `k` of member `m`."""
        member = self.body.members[m]
        used: set[int] = set()
        names = [self._member("g", m), self._member("y", m), *[self._input(own, used) for own in member.inputs]]
        before, text = expression_of(_gradient_of(member, k), names)
        if text == text_of(0.0):
            return []
        whole = "\n".join([*before, text])
        read |= {c for c in used if re.search(rf"\bcarried{c}\b", whole)}
        if source.where == BEFORE:
            first = source.which not in carried
            carried.add(source.which)
            name = f"d_carried{source.which}"
            return [*before, f"{name} = {text}" if first else f"{name} = {name} + {text}"]
        if source.where == SAME:
            return [*before, f"{self._member('g', source.which)} += {text}"]
        outside = self.body.outside[source.which]
        target = f"{GRADIENTS[outside.batched]}[{self._place(source.which)}]"
        return [*before, f"{target} += {self._summed(text, outside.batched)}"]

    def _pass_on(self, back: int, which: list[int]) -> list[str]:
        """The lines that add the gradients of numbers of an earlier round to those there, or in the first rounds elsewhere.

        Args:
            back: how many rounds before they were computed.
            which: the carried numbers.
        """
        numbers = [(f"d_carried{c}", self.body.carried[c]) for c in which]
        lines = [f"if r >= {back}:", *[f"    {self._member('g', carried.member, back)} += {name}" for name, carried in numbers]]
        for r in range(back):
            own = [
                f"    {GRADIENTS[carried.batched[r]]}[{carried.first[r]}] += {self._summed(name, carried.batched[r])}"
                for name, carried in numbers
                if not carried.constant[r]
            ]
            if own:
                lines += ["else:" if back == 1 else f"elif r == {r}:", *own]
        return lines

    # -- numbers --------------------------------------------------------------------------------------------------------

    def _all(self, name: str, arrays: tuple[str, str]) -> str:
        """The line that gives the outputs of all rounds a name: views of one row for each member."""
        members, rounds = self.body.members, self.body.rounds
        array = arrays[self.body.batched]
        if self._is_dense:
            start = members[0].start
            shape = f"{len(members)}, {rounds}{', -1' if self.body.batched else ''}"
            return f"{name} = {array}[{start}:{start + len(members) * rounds}].reshape({shape})"
        return f"{name} = [{', '.join([f'{array}[{member.start}:{member.start + rounds}]' for member in members])}]"

    def _member(self, name: str, m: int, back: int = 0) -> str:
        """An output of this round, or of an earlier one."""
        r = f"r - {back}" if back else "r"
        return f"{name}[{m}, {r}]" if self._is_dense else f"{name}[{m}][{r}]"

    def _place(self, k: int) -> str:
        """The place of a number from outside in round `r`."""
        return PLACES[self.body.outside[k].how](k, int(self.body.outside[k].places[0]), self.body.outside[k].step)

    def _input(self, source: Source, read: set[int]) -> str:
        """An input as text. Notes which carried numbers are read."""
        if source.where == SAME:
            return self._member("y", source.which)
        if source.where == BEFORE:
            read.add(source.which)
            return f"carried{source.which}"
        outside = self.body.outside[source.which]
        if outside.how == REPEATED:
            return self._number(int(outside.places[0]), outside.batched)
        return f"{DATA[outside.batched]}[{self._place(source.which)}]"

    def _number(self, place: int, batched: bool) -> str:
        """The number at a place. A constant is written as it is, but not 0: Python's 1.0 / 0.0 raises, NumPy's is inf."""
        if not batched and self._numbers.get(place, 0.0) != 0.0:
            return text_of(self._numbers[place])
        return f"{DATA[batched]}[{place}]"

    def _carried(self, read: set[int]) -> list[str]:
        """The lines that read numbers of earlier rounds."""
        return [f"carried{c} = {self._before(self.body.carried[c])}" for c in sorted(read)]

    def _before(self, carried: Carried) -> str:
        """A number of an earlier round; in the first ones from elsewhere."""
        first = [self._number(place, batched) for place, batched in zip(carried.first, carried.batched, strict=True)]
        condition, start = ("r == 0", first[0]) if carried.back == 1 else (f"r < {carried.back}", f"({', '.join(first)})[r]")
        return f"{start} if {condition} else {self._member('y', carried.member, carried.back)}"

    def _summed(self, text: str, batched: bool) -> str:
        """A part of a gradient, summed over the samples for a number that they share."""
        return f"np.sum({text})" if self.body.batched and not batched else text


PLACES: dict[str, Callable[[int, int, Any], str]] = {
    REPEATED: lambda k, first, step: str(first),
    ALONG: lambda k, first, step: f"{first} {'-' if step < 0 else '+'} {'r' if abs(step) == 1 else f'{abs(step)} * r'}",
    LISTED: lambda k, first, step: f"places{k}[r]",
}
"""The place of number `k` from outside in round `r`."""


SUMS: dict[Operation, Callable[[list[str]], tuple[list[str], str]]] = {
    SUM: lambda inputs: ([], " + ".join(inputs)),
    DOT: lambda inputs: ([], " + ".join([f"{a} * {b}" for a, b in zip(*_halves(inputs), strict=True)])),
}
"""Sums on one line, which their rules would write term by term."""


def _halves(inputs: list[str]) -> tuple[list[str], list[str]]:
    return inputs[: len(inputs) // 2], inputs[len(inputs) // 2 :]


def _gradient_of(member: Member, k: int) -> Callable[..., Any]:
    """The rule for the gradient of input `k`: of the gradient of the output, the output, and the inputs."""
    constant = [own != k for own in range(len(member.inputs))]

    def rule(xp: Any, g: Any, y: Any, *inputs: Any) -> Any:
        slope = member.operation.slopes_except(constant, xp, y, *inputs)[k]
        if type(slope) is float and slope == -1.0:
            return -g
        if type(slope) is float and slope == 0.0 and member.operation.selects:
            return 0.0
        return product(member.operation, xp, slope, g)

    return rule
