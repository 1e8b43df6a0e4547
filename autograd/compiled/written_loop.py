"""A loop that was written as a `scan`: its step is traced once, and stands in the graph as one node.

The node of the loop has the inputs of all rounds; what a round leaves behind is an `ELEMENT` of it. The passes carry both along as they
are, and `allocate` makes a `Loop` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Source
from autograd.errors import CompileError
from autograd.ops import HELD, Operation
from autograd.tracing import refused

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Written:
    """The rounds of a loop.

    Attributes:
        rounds: how many there are.
        operations, inputs: of each member, that is, each number that a round computes: its operation, and where its inputs come from. A
            number from OUTSIDE is the repeated one of this index, or behind these the one of `along` of the round.
        carried: for each carried number, the member that computes its next one.
        kept: the members of which all rounds are results.
        repeated: how many numbers from outside are the same in every round.
        along: the numbers from outside that each round has one of: an array of them, or None if they are inputs of the loop.
        step: what tells the step from those of other loops: its code.
    """

    rounds: int
    operations: tuple[Operation, ...]
    inputs: tuple[tuple[Source, ...], ...]
    carried: tuple[int, ...]
    kept: tuple[int, ...]
    repeated: int
    along: tuple[npt.NDArray[np.float64] | None, ...]
    step: Any

    @property
    def key(self) -> Any:
        """What tells loops apart that stand for different computations."""
        tables = tuple([None if table is None else table.tobytes() for table in self.along])
        return self.rounds, self.operations, self.inputs, self.carried, self.kept, self.repeated, tables, self.step

    @cached_property
    def passed(self) -> tuple[tuple[Source, ...], ...]:
        """Of each member, the inputs to which it passes a gradient: none of a comparison, and not the condition of a `where`."""
        return tuple(
            [
                () if operation.stops else own[1:] if operation is HELD else own
                for operation, own in zip(self.operations, self.inputs, strict=True)
            ]
        )

    def member_of(self, k: int) -> tuple[int, int]:
        """The member and the round of element `k`: first the last carried numbers, then what is kept, member by member."""
        if k < len(self.carried):
            return self.carried[k], self.rounds - 1
        which, r = divmod(k - len(self.carried), self.rounds)
        return self.kept[which], r

    def leading_to(self, elements: Iterable[int], inputs: Sequence[Sequence[Source]]) -> list[bool]:
        """The members on which some elements depend, in any round; `inputs` are those of each member that count."""
        leads = [False] * len(self.operations)
        pending = list({self.member_of(k)[0] for k in elements})
        while pending:
            m = pending.pop()
            if leads[m]:
                continue
            leads[m] = True
            pending += [k if where == SAME else self.carried[k] for where, k in inputs[m] if where != OUTSIDE]
        return leads

    def reached_by(self, elements: Iterable[int]) -> list[int]:
        """The inputs of the loop to which some elements pass their gradients."""
        visited, outside = self.leading_to(elements, self.passed), self.outside()
        inputs: set[int] = set()
        for where, k in {source for own, leads in zip(self.passed, visited, strict=True) if leads for source in own}:
            rows = outside[k] if where == OUTSIDE else slice(k, k + 1) if where == BEFORE else None
            inputs.update(range(rows.start, rows.stop) if rows is not None else ())
        return sorted(inputs)

    def outside(self) -> list[slice | None]:
        """The inputs of the loop that are each number from OUTSIDE: one, or one for each round; None for the constants of an array.

        The inputs are first those that carried numbers have at first, then the repeated ones, then those of each round.
        """
        start = len(self.carried)
        inputs: list[slice | None] = [slice(k, k + 1) for k in range(start, start + self.repeated)]
        start += self.repeated
        for table in self.along:
            inputs.append(None if table is not None else slice(start, start + self.rounds))
            start += self.rounds if table is None else 0
        return inputs


HUGE = 2_000_000
"""A loop of so many scalars in all is not unrolled if that can be avoided."""


@dataclass(frozen=True)
class LastRound:
    """The last round of the loop with this step, which stays outside of the loop."""

    step: Any


class UnrolledError(CompileError):
    """Raised while a function is recorded: the loop with this step cannot be one node, so that the function is recorded anew, without that.

    Attributes:
        step: what tells the step from those of other loops; or its `LastRound`.
    """

    def __init__(self, step: Any) -> None:
        super().__init__("a scan that was recorded as one loop is computed, and differentiated, by a program only")
        self.step = step

    def apart(self, before: frozenset[Any]) -> frozenset[Any]:
        """The steps that are unrolled when the function is recorded anew.

        Args:
            before: those that were unrolled until now.

        Raises:
            UnrolledError: this one was, so that it does not help.
        """
        known = isinstance(self.step, LastRound) and self.step in before
        step = self.step.step if known else self.step
        if step in before:
            raise self
        return before | {step}


def unrolling(record: Callable[[frozenset[Any]], T]) -> T:
    """A recording in which as many scans are unrolled as need be. Each failed attempt names one more.

    Args:
        record: records a function, of whose scans those with the given steps are unrolled.

    Raises:
        UnrolledError: a scan cannot be recorded even so.
    """
    apart: frozenset[Any] = frozenset()
    while True:
        try:
            return record(apart)
        except UnrolledError as error:
            apart = error.apart(apart)


def operation_of(written: Written) -> Operation:
    """The operation of the node of a loop."""

    def only_compiled(*_: Any) -> Any:
        raise refused(UnrolledError(written.step))

    return Operation("scan", "scan", only_compiled, (only_compiled,), None, loop=written)


ELEMENT = Operation("element", "element", lambda xp, a, k: a, (lambda xp, y, a, k: 1.0, lambda xp, y, a, k: 0.0), 2)
"""A number that a loop leaves behind: its inputs are the node of the loop, and a constant that says which."""
