"""The body of a loop: what each scalar of a round reads, from the same round, from an earlier one, or from outside of the loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.ops import Operation

Places = npt.NDArray[np.intp]
"""Where numbers are in storage."""

SAME, BEFORE, OUTSIDE = "same", "before", "outside"
"""Where an input comes from: a number of the same round, a carried one, or one from outside of the loop."""

REPEATED, ALONG, LISTED = "repeated", "along", "listed"
"""Where rounds read a number from outside: at one place, at places of a constant distance, or at any."""


class Source(NamedTuple):
    """An input of a member: SAME, BEFORE or OUTSIDE, and its index among the members, the carried numbers, or those from outside."""

    where: str
    which: int


def within_round(inputs: Sequence[Sequence[Source]], members: Iterable[int]) -> frozenset[int]:
    """Some members, and those on which they depend within a round.

    Args:
        inputs: those of each member.
        members: the indices of some.
    """
    found: set[int] = set()
    pending = list(members)
    while pending:
        m = pending.pop()
        if m not in found:
            found.add(m)
            pending += [k for where, k in inputs[m] if where == SAME]
    return frozenset(found)


@dataclass(frozen=True)
class Member:
    """A scalar of the body.

    Attributes:
        operation: the row of the op table.
        inputs: where its inputs come from.
        constant: for each input, whether no gradient with respect to it is wanted.
        checked: whether inputs outside the domain are an error.
        start: the place of its output in the first round; those of the others follow.
    """

    operation: Operation
    inputs: tuple[Source, ...]
    constant: tuple[bool, ...]
    checked: bool
    start: int


@dataclass(frozen=True)
class Carried:
    """What a member has computed some rounds before.

    Attributes:
        member: its index.
        first: the places that the first rounds read instead, which are as many as it lies back.
        batched, constant: for each of these, whether it is batched, and whether no gradient with respect to it is wanted.
    """

    member: int
    first: tuple[int, ...]
    batched: tuple[bool, ...]
    constant: tuple[bool, ...]

    @property
    def back(self) -> int:
        """How many rounds before it was computed."""
        return len(self.first)


@dataclass(frozen=True, eq=False)
class Outside:
    """A number from outside of the loop.

    Attributes:
        places: its place in each round.
        batched: whether it is batched.
        constant: whether no gradient with respect to it is wanted.
    """

    places: Places
    batched: bool
    constant: bool

    @property
    def step(self) -> int | None:
        """The distance from the place of one round to that of the next; None if it varies."""
        if self.places.strides == (0,):  # one place, seen as many
            return 0
        steps = np.diff(self.places)
        return int(steps[0]) if (steps == steps[0]).all() else None

    @property
    def how(self) -> str:
        """REPEATED, ALONG or LISTED."""
        return LISTED if self.step is None else ALONG if self.step else REPEATED


@dataclass(frozen=True)
class LoopBody:
    """A loop as rounds.

    Attributes:
        rounds: how many there are.
        batched: whether its numbers differ from sample to sample.
        members, carried, outside: the scalars of a round, and what they read.
    """

    rounds: int
    batched: bool
    members: tuple[Member, ...]
    carried: tuple[Carried, ...]
    outside: tuple[Outside, ...]

    @property
    def constant(self) -> bool:
        """Whether no derivative passes through it."""
        return all(all(member.constant) for member in self.members)

    @property
    def checked(self) -> bool:
        """Whether some inputs outside of a domain are an error."""
        return any(member.checked for member in self.members)
