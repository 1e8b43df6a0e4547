"""The body of a loop that was found in a graph: what its rounds have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import LongLoop, Loop, Places
from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Carried, LoopBody, Member, Outside, Source


def body_of(loop: Loop | LongLoop) -> LoopBody | None:
    """The body of a loop; None if its rounds differ in what they read, so that it is only a row of scalars."""
    if isinstance(loop, LongLoop):
        return loop.body
    try:
        return _Reader(loop).body()
    except _IrregularError:
        return None


class _IrregularError(Exception):
    """The rounds of a loop differ in where they read."""


class _Reader:
    """Finds out where the inputs of the rounds come from."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.rounds = loop, loop.rounds
        self.batched = bool(loop.output_batched[0])
        self.outputs = loop.outputs.reshape(loop.rounds, -1)
        self.inputs = loop.inputs.reshape(loop.rounds, -1)
        self.input_batched = loop.input_batched.reshape(loop.rounds, -1)
        self.input_constant = loop.input_constant.reshape(loop.rounds, -1)
        self.order = np.argsort(self.outputs[0])
        self.starts = self.outputs[0][self.order]
        self.carried: dict[Any, Carried] = {}
        self.outside: dict[Any, Outside] = {}

    def body(self) -> LoopBody:
        """The body.

        Raises:
            _IrregularError: there is none.
        """
        loop = self.loop
        follow = self.outputs == self.outputs[0] + np.arange(self.rounds)[:, None]
        if not follow.all() or (loop.output_batched != self.batched).any():
            raise _IrregularError
        members = []
        for m, own in loop.terms():
            if m == loop.body:
                break
            found = [self._source(m, k) for k in range(own.start, own.stop)]
            inputs, constant = tuple([source for source, _ in found]), tuple([fixed for _, fixed in found])
            members.append(Member(loop.operations[m], inputs, constant, loop.checked[m], int(self.outputs[0, m])))
        return LoopBody(self.rounds, self.batched, tuple(members), tuple(self.carried.values()), tuple(self.outside.values()))

    def _source(self, m: int, k: int) -> tuple[Source, bool]:
        """Where input `k` of a round, which member `m` reads, comes from; and whether no gradient with respect to it is wanted."""
        places, batched, constant = self.inputs[:, k], self.input_batched[:, k], self.input_constant[:, k]
        last = int(self._members_at(places[-1:])[0]) if batched[-1] == self.batched else -1
        if last < 0:
            if (batched != batched[0]).any() or (batched[0] == self.batched and (self._members_at(places) >= 0).any()):
                raise _IrregularError
            return Source(OUTSIDE, self._from_outside(places, bool(batched[0]), bool(constant.all()))), bool(constant.all())
        back = self.rounds - 1 - (int(places[-1]) - int(self.outputs[0, last]))
        regular = (places[back:] == self.outputs[: self.rounds - back, last]) & (batched[back:] == self.batched)
        fixed = bool(constant[back:].all())
        if not regular.all() or (back == 0 and last >= m):
            raise _IrregularError
        if back == 0:
            return Source(SAME, last), fixed
        first = [(int(place), bool(b), fixed or bool(c)) for place, b, c in zip(places[:back], batched, constant, strict=False)]
        if (self._members_at(places[:back])[batched[:back] == self.batched] >= 0).any() or (fixed and not constant[:back].all()):
            raise _IrregularError
        return Source(BEFORE, self._before(last, first)), fixed

    def _members_at(self, places: Places) -> npt.NDArray[np.intp]:
        """The members that write places of the kind of this loop; -1 for none."""
        k = np.searchsorted(self.starts, places, side="right") - 1
        result: npt.NDArray[np.intp] = np.where((k >= 0) & (places < self.starts[k] + self.rounds), self.order[k], -1)
        return result

    def _before(self, member: int, first: list[tuple[int, bool, bool]]) -> int:
        places, batched, constant = zip(*first, strict=True)
        key = member, places, batched
        known = self.carried.get(key)
        if known is not None:  # what one reader wants is wanted
            constant = tuple([a and b for a, b in zip(constant, known.constant, strict=True)])
        self.carried[key] = Carried(member, places, batched, constant)
        return list(self.carried).index(key)

    def _from_outside(self, places: Places, batched: bool, constant: bool) -> int:
        key = batched, places.tobytes()
        known = self.outside.setdefault(key, Outside(places, batched, constant))
        if known.constant and not constant:
            self.outside[key] = replace(known, constant=False)
        return list(self.outside).index(key)
