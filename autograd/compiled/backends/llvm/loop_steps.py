"""The steps of loops: what the body of a loop is, and where its numbers are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.elementwise import is_cheap
from autograd.compiled.backends.llvm.fusion import Read
from autograd.compiled.backends.llvm.loop_kernels import BEFORE, OUTSIDE, SAME, Before, Body, Member, loop_backward, loop_forward
from autograd.compiled.backends.llvm.row_kernels import ALONG, LISTED, REPEATED, Access
from autograd.compiled.backends.llvm.step import Step
from autograd.compiled.ir import Code, Loop, Scalars
from autograd.ops import Operation

MOST_TERMS = 400
"""A body is written out if it has no more inputs."""

Reads = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


class LoopSteps(NamedTuple):
    """A loop as steps.

    Attributes:
        forward, backward: the steps; there is none backward through a loop of constants.
        reads: what is read from outside.
        stored: the places of the outputs that are stored.
    """

    forward: list[Step]
    backward: list[Step]
    reads: list[Read]
    stored: npt.NDArray[np.intp]


def reads_of(code: Code) -> Reads:
    """How often each shared and each batched place is read, also from outside of the program."""
    counts = np.zeros(code.shared, dtype=np.intp), np.zeros(code.batched, dtype=np.intp)
    for kind, places in enumerate(code.results):
        np.add.at(counts[kind], places, 1)
    for one in code.instructions:
        if isinstance(one, Scalars):
            for kind in (0, 1):
                np.add.at(counts[kind], one.inputs[one.input_batched == kind], 1)
            continue
        for operand in (*one.operands, one.mask, one.error_mask):
            if operand is not None:
                np.add.at(counts[operand.batched], operand.all_places(), 1)
    return counts


def loop_steps(loop: Loop, reads: Reads) -> LoopSteps | None:
    """The steps of a loop; None if it is too long or irregular, so that its scalars are computed otherwise."""
    return _Layout(loop, reads).steps() if len(loop.inputs) <= MOST_TERMS * loop.rounds else None


class _IrregularError(Exception):
    """The rounds of a loop differ in where they read."""


class _Layout:
    """Where the numbers of a loop are."""

    def __init__(self, loop: Loop, reads: Reads) -> None:
        self.loop, self.rounds = loop, loop.rounds
        self.batched = bool(loop.output_batched[0])
        self.outputs = loop.outputs.reshape(loop.rounds, -1)
        self.inputs = loop.inputs.reshape(loop.rounds, -1)
        self.input_batched = loop.input_batched.reshape(loop.rounds, -1)
        self.input_constant = loop.input_constant.reshape(loop.rounds, -1)
        self.member_of = {int(start): m for m, start in enumerate(self.outputs[0].tolist())}
        self.first_places = np.sort(self.outputs[0])
        own = np.bincount(loop.inputs[loop.input_batched == self.batched], minlength=len(reads[self.batched]))
        self.elsewhere: npt.NDArray[np.bool_] = np.any((reads[self.batched] - own)[self.outputs], axis=0)
        self.carried: dict[Any, Before] = {}
        self.operands: dict[Any, Access] = {}
        self.arguments: list[Any] = []
        self.reads: list[Read] = []

    def steps(self) -> LoopSteps | None:
        """The steps; None if the rounds differ."""
        loop, rounds = self.loop, self.rounds
        is_regular = (self.outputs == self.outputs[0] + np.arange(rounds)[:, None]).all() and (loop.output_batched == self.batched).all()
        if not is_regular:
            return None
        try:
            members = self._members()
        except _IrregularError:
            return None
        stored = np.array([member.stored for member in members])
        body = Body(self.batched, members, tuple(self.carried.values()), tuple(self.operands.values()))
        firsts = [place for key in self.carried for place in key[2]]
        arguments = [rounds, *self.outputs[0].tolist(), *firsts, *self.arguments]
        backward = [] if loop.input_constant.all() else [Step(loop_backward, (body,), arguments)]
        return LoopSteps([Step(loop_forward, (body,), arguments)], backward, self.reads, self.outputs[:, stored].ravel())

    def _members(self) -> tuple[Member, ...]:
        loop = self.loop
        sources: list[list[tuple[str, int]]] = []
        constants: list[tuple[bool, ...]] = []
        for m, own in loop.terms():
            if m == loop.body:
                break
            found = [self._source(m, k) for k in range(own.start, own.stop)]
            sources.append([source for source, _ in found])
            constants.append(tuple([constant for _, constant in found]))
        needed = {before.member for before in self.carried.values()}
        return tuple(
            [
                Member(
                    operation,
                    tuple(sources[m]),
                    constants[m],
                    loop.checked[m],
                    m in needed or bool(self.elsewhere[m]) or not _is_cheap(operation, len(sources[m])),
                    bool(self.elsewhere[m]),
                )
                for m, operation in enumerate(loop.operations[: loop.body])
            ]
        )

    def _source(self, m: int, k: int) -> tuple[tuple[str, int], bool]:
        """Where input `k` of a round, which member `m` reads, comes from; and whether no gradient with respect to it is wanted."""
        places, batched, constant = self.inputs[:, k], self.input_batched[:, k], self.input_constant[:, k]
        of = self._member_at(int(places[-1])) if batched[-1] == self.batched else None
        if of is None:
            if self._are_own(places[batched == self.batched]).any() or (batched != batched[0]).any():
                raise _IrregularError
            return (OUTSIDE, self._operand(places, bool(batched[0]), bool(constant.all()))), bool(constant.all())
        member, back = of, self.rounds - 1 - (int(places[-1]) - int(self.outputs[0, of]))
        regular = places[back:] == self.outputs[: self.rounds - back, member]
        if not regular.all() or (batched[back:] != self.batched).any():
            raise _IrregularError
        is_constant = bool(constant[back:].all())
        if back == 0:
            if member >= m:
                raise _IrregularError
            return (SAME, member), is_constant
        firsts, kinds, fixed = (table[:back].tolist() for table in (places, batched, constant))
        own = self._are_own(places[:back][batched[:back] == self.batched])
        if own.any() or (is_constant and not all(fixed)):
            raise _IrregularError
        return (BEFORE, self._before(member, firsts, kinds, [is_constant or each for each in fixed])), is_constant

    def _member_at(self, place: int) -> int | None:
        """The member that writes a place; None for none."""
        k = int(np.searchsorted(self.first_places, place, side="right")) - 1
        start = int(self.first_places[k]) if k >= 0 else place + 1
        return self.member_of[start] if start <= place < start + self.rounds else None

    def _are_own(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        k = np.searchsorted(self.first_places, places, side="right") - 1
        result: npt.NDArray[np.bool_] = (k >= 0) & (places < self.first_places[np.maximum(k, 0)] + self.rounds)
        return result

    def _before(self, member: int, firsts: list[int], kinds: list[bool], fixed: list[bool]) -> int:
        key = member, len(firsts), tuple(firsts), tuple(kinds)
        accesses = tuple([Access(*pair_of) for pair_of in zip(kinds, [REPEATED] * len(firsts), fixed, strict=True)])
        known = self.carried.get(key)
        if known is not None:  # wanted by one reader is wanted
            accesses = tuple([a if b.constant else b for a, b in zip(accesses, known.first, strict=True)])
        self.carried[key] = Before(member, len(firsts), accesses)
        for place, kind, constant in zip(firsts, kinds, fixed, strict=True):
            self.reads.append(Read(np.array([place]), kind, constant))
        return list(self.carried).index(key)

    def _operand(self, places: npt.NDArray[np.intp], batched: bool, constant: bool) -> int:
        key = batched, places.tobytes()
        known = self.operands.get(key)
        steps = np.unique(np.diff(places))
        how = LISTED if len(steps) > 1 else ALONG if steps[0] else REPEATED
        if known is None:
            self.arguments += [places.astype(np.int64), 0] if how == LISTED else [int(places[0]), int(steps[0])]
        self.operands[key] = Access(batched, how, constant and (known is None or known.constant))
        self.reads.append(Read(places.astype(np.int64), batched, constant))
        return list(self.operands).index(key)


def _is_cheap(operation: Operation, inputs: int) -> bool:
    return operation.arity is None or is_cheap(operation, inputs)
