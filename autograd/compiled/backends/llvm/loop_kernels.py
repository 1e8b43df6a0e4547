"""The kernels of loops: the body as straight-line code, with carried numbers in registers.

Of a batch, vectors are along the samples, and each vector of samples goes through all rounds. The backward pass goes through the rounds
from the last to the first. It computes the body again from the numbers that are stored: the carried ones, those that are read elsewhere,
and those that take long to compute.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.llvm.frame import (
    PADDED,
    SHARED,
    SHARED_GRADIENTS,
    TILE,
    TILE_GRADIENTS,
    VALID,
    Kernel,
)
from autograd.compiled.backends.llvm.lanes import Lanes
from autograd.compiled.backends.llvm.row_kernels import LISTED, REPEATED, Access
from autograd.compiled.backends.llvm.text import FLOAT, TRUTH, Carried, Module, Number
from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Source
from autograd.ops import Operation, outside, product


@dataclass(frozen=True)
class Member:
    """A scalar of the body.

    Attributes:
        operation: the row of the op table.
        inputs: see `loop_body.Member`.
        constant: for each input, whether no gradient is wanted.
        checked: whether inputs outside the domain are noted.
        stored: whether its outputs are stored.
        receives: whether they receive gradients from elsewhere.
    """

    operation: Operation
    inputs: tuple[Source, ...]
    constant: tuple[bool, ...]
    checked: bool
    stored: bool
    receives: bool


@dataclass(frozen=True)
class Before:
    """A number that a member has computed some rounds before.

    Attributes:
        member: its index.
        back: how many rounds before.
        first: for each of the first rounds, how its number is read, which comes from outside.
    """

    member: int
    back: int
    first: tuple[Access, ...]


@dataclass(frozen=True)
class Body:
    """What a kernel is made for.

    Attributes:
        batched: whether it is a loop for each sample.
        members: the scalars of a round.
        carried: the numbers of earlier rounds.
        operands: how numbers from outside are read from round to round: at one place (REPEATED), at places of constant distance (ALONG),
            or at places that are listed.
    """

    batched: bool
    members: tuple[Member, ...]
    carried: tuple[Before, ...]
    operands: tuple[Access, ...]


class LoopKernel(Kernel):
    """The arguments are the number of rounds; the first place of each member; the places of the numbers that carried ones are at first; and
    for each operand a place, and the distance to the next one, or the address of a list of places."""

    def __init__(self, body: Body, lanes: int) -> None:
        super().__init__(lanes if body.batched else 1)
        self.body = body
        f = self.f
        self.xp = Lanes(f)
        self.memories = {
            (batched, gradients): self.memory(kind)
            for batched, gradients, kind in (
                (False, False, SHARED),
                (True, False, TILE),
                (False, True, SHARED_GRADIENTS),
                (True, True, TILE_GRADIENTS),
            )
        }
        self.rounds = self.argument(0)
        self.last = f.name_of(f"sub i64 {self.rounds}, 1")
        at = 1
        self.starts = [self.argument(at + m) for m in range(len(body.members))]
        at += len(body.members)
        self.firsts: list[list[str]] = []
        for before in body.carried:
            self.firsts.append([self.argument(at + k) for k in range(before.back)])
            at += before.back
        self.places = [(self.argument(at + 2 * k), self.argument(at + 2 * k + 1)) for k in range(len(body.operands))]
        self.valid = self.entry(VALID)
        self.index = "0"  # the first sample of the vector

    def samples(self) -> AbstractContextManager[str]:
        """The loop over the vectors of samples."""
        return self.f.loop(self.entry(PADDED), self.module.lanes) if self.body.batched else nullcontext("0")

    def of_valid(self, x: Any) -> Number:
        """The number, 0 in lanes beyond the samples."""
        return self.f.select(self.first_lanes(self.index, self.valid), x, 0.0)

    # -- places ---------------------------------------------------------------------------------------------------------

    def pointer_to(self, access: Access, place: str, gradients: bool = False) -> str:
        """A pointer to a place in the memory of an operand."""
        return self.address(self.memories[access.batched, gradients], place)

    def place_in(self, k: int, r: str) -> str:
        """The place of operand `k` in round `r`."""
        first, step = self.places[k]
        how = self.body.operands[k].how
        if how == REPEATED:
            return first
        if how == LISTED:
            return self.integer(self.pointer(first), r)
        return self.f.name_of(f"add i64 {first}, {self.f.name_of(f'mul i64 {r}, {step}')}")

    def output(self, m: int, r: str, gradients: bool = False) -> str:
        """A pointer to the output of a member in round `r`."""
        return self.address(self.memories[self.body.batched, gradients], self.f.name_of(f"add i64 {self.starts[m]}, {r}"))

    def read(self, access: Access, pointer: str) -> Number:
        """The number at a pointer, in each lane."""
        if access.batched or not self.body.batched:
            return self.load(pointer, self.index)
        return self.f.spread(self.scalar(pointer))

    def add_to(self, access: Access, pointer: str, part: Any) -> None:
        """Add to the gradient at a pointer; to one that all samples share, the sum over the samples."""
        if access.batched or not self.body.batched:
            self.add(part, pointer, self.index)
        else:
            self.add_scalar(pointer, self.f.reduce("fadd", self.of_valid(part)))

    # -- what both passes read ------------------------------------------------------------------------------------------

    def first_numbers(self) -> list[list[Number]]:
        """Of each carried number those of the first rounds, which come from outside."""
        return [
            [self.read(access, self.pointer_to(access, place)) for access, place in zip(before.first, places, strict=True)]
            for before, places in zip(self.body.carried, self.firsts, strict=True)
        ]

    def repeated(self) -> dict[int, Number]:
        """The operands that are the same in every round."""
        return {
            k: self.read(access, self.pointer_to(access, self.places[k][0]))
            for k, access in enumerate(self.body.operands)
            if access.how == REPEATED
        }

    def flag_of_valid(self, bad: Carried) -> None:
        """Note that an input was outside of a domain, if it was for a sample."""
        left = self.f.constant(bad.after, TRUTH)
        self.flag(left & self.first_lanes(self.index, self.valid) if self.body.batched else left)

    # -- what the backward passes add -----------------------------------------------------------------------------------

    def add_of_round(self, r: str, gradients: dict[Source, Any], totals: dict[int, Carried]) -> None:
        """Add the gradients of what round `r` has read from outside: to a total, of an operand that all rounds read."""
        for k, access in enumerate(self.body.operands):
            part = gradients.get(Source(OUTSIDE, k))
            if k in totals:
                totals[k].after = totals[k].now if part is None else now(totals[k]) + part
            elif part is not None:
                self.add_to(access, self.pointer_to(access, self.place_in(k, r), gradients=True), part)

    def add_at_end(self, totals: dict[int, Carried], waiting: list[list[Carried]]) -> None:
        """Add the totals, and what waits for the numbers that carried ones are at first."""
        for k, total in totals.items():
            access = self.body.operands[k]
            self.add_to(access, self.pointer_to(access, self.places[k][0], gradients=True), self.f.constant(total.after))
        for before, places, own in zip(self.body.carried, self.firsts, waiting, strict=True):
            for access, place, each in zip(before.first, places, own, strict=True):
                if not access.constant:
                    self.add_to(access, self.pointer_to(access, place, gradients=True), self.f.constant(each.after))


class Round:
    """The numbers of one round."""

    def __init__(self, kernel: LoopKernel, r: str, repeated: dict[int, Number], carried: list[Number]) -> None:
        self.kernel, self.r, self.carried = kernel, r, carried
        self.outside = dict(repeated)
        self.outputs: dict[int, Any] = {}

    def of(self, source: Source) -> Any:
        """An input."""
        where, k = source
        if where == SAME:
            return self.outputs[k]
        if where == BEFORE:
            return self.carried[k]
        if k not in self.outside:
            kernel, access = self.kernel, self.kernel.body.operands[k]
            self.outside[k] = kernel.read(access, kernel.pointer_to(access, kernel.place_in(k, self.r)))
        return self.outside[k]

    def inputs(self, member: Member) -> list[Any]:
        """The inputs of a member."""
        return [self.of(source) for source in member.inputs]

    def compute(self, bad: Carried) -> None:
        """Compute all members, store those that are stored, and pass on whether an input was outside of a domain."""
        kernel, f = self.kernel, self.kernel.f
        bad.after = bad.now
        for m, member in enumerate(kernel.body.members):
            inputs = self.inputs(member)
            if member.checked:
                left = outside(member.operation, kernel.xp, *inputs)
                bad.after = bad.after | f.constant(left, TRUTH) if left is not False else bad.after
            self.outputs[m] = f.constant(member.operation.value(kernel.xp, *inputs))
            if member.stored:
                kernel.store(self.outputs[m], kernel.output(m, self.r), kernel.index)

    def gradients(self, of_carried: list[Number]) -> dict[Source, Any]:
        """The gradients of all that the round reads, from those that later rounds have passed to its carried numbers."""
        kernel, members = self.kernel, self.kernel.body.members
        gradients: dict[Source, Any] = {
            Source(SAME, m): kernel.load(kernel.output(m, self.r, gradients=True), kernel.index)
            for m, member in enumerate(members)
            if member.receives
        }
        for before, part in zip(kernel.body.carried, of_carried, strict=True):
            _add_part(gradients, Source(SAME, before.member), part)
        for m in range(len(members) - 1, -1, -1):
            if Source(SAME, m) in gradients:
                self._pull(m, gradients)
        return gradients

    def _pull(self, m: int, gradients: dict[Source, Any]) -> None:
        """Add the gradients of the inputs of a member to those of the round."""
        member, xp = self.kernel.body.members[m], self.kernel.xp
        slopes = member.operation.slopes_except(member.constant, xp, self.outputs[m], *self.inputs(member))
        for source, slope in zip(member.inputs, slopes, strict=True):
            if slope is not None:
                _add_part(gradients, source, product(member.operation, xp, slope, gradients[Source(SAME, m)]))


def loop_forward(body: Body, lanes: int) -> Module:
    """Compute all rounds, and note inputs outside of a domain."""
    kernel = LoopKernel(body, lanes)
    f = kernel.f
    with kernel.samples() as kernel.index:
        repeated = kernel.repeated()
        history = [[Carried(number) for number in reversed(first)] for first in kernel.first_numbers()]  # the round before comes first
        bad = Carried(False, TRUTH)
        checked = any(member.checked for member in body.members)
        with f.loop(kernel.rounds, carried=[*[each for own in history for each in own], *([bad] if checked else [])]) as r:
            one = Round(kernel, r, repeated, [now(own[-1]) for own in history])
            one.compute(bad)
            for before, own in zip(body.carried, history, strict=True):
                _shift(own, one.outputs[before.member])
        if checked:
            kernel.flag_of_valid(bad)
    f.end()
    return kernel.module


def loop_backward(body: Body, lanes: int) -> Module:
    """Add the gradients of what the rounds read."""
    kernel = LoopKernel(body, lanes)
    f = kernel.f
    with kernel.samples() as kernel.index:
        repeated, first = kernel.repeated(), kernel.first_numbers()
        totals = {k: Carried(0.0) for k in repeated if not body.operands[k].constant}
        # what a round has added to a number of some rounds before waits for that round
        waiting = [[Carried(0.0) for _ in range(before.back)] for before in body.carried]
        with f.loop(kernel.rounds, carried=[*totals.values(), *[each for own in waiting for each in own]]) as t:
            r = f.name_of(f"sub i64 {kernel.last}, {t}")
            one = Round(kernel, r, repeated, [_carried(kernel, c, first[c], r) for c in range(len(body.carried))])
            for m, member in enumerate(body.members):
                if member.stored:
                    one.outputs[m] = kernel.load(kernel.output(m, r), kernel.index)
                else:
                    one.outputs[m] = member.operation.value(kernel.xp, *one.inputs(member))
            gradients = one.gradients([now(own[-1]) for own in waiting])
            kernel.add_of_round(r, gradients, totals)
            for c, own in enumerate(waiting):
                _shift(own, gradients.get(Source(BEFORE, c), 0.0))
        kernel.add_at_end(totals, waiting)
    f.end()
    return kernel.module


def _carried(kernel: LoopKernel, c: int, first: list[Number], r: str) -> Number:
    """A carried number as round `r` reads it: what is stored, or in the first rounds a number from outside."""
    f, before = kernel.f, kernel.body.carried[c]
    earlier = f.name_of(f"sub i64 {r}, {before.back}")
    is_first = f.name_of(f"icmp slt i64 {earlier}, 0")
    there = f.name_of(f"select i1 {is_first}, i64 0, i64 {earlier}")
    result = kernel.load(kernel.output(before.member, there), kernel.index)
    for k, number in enumerate(first):
        vector = f.type(FLOAT)
        name = f.name_of(f"select i1 {f.name_of(f'icmp eq i64 {r}, {k}')}, {vector} {number.name}, {vector} {result.name}")
        result = Number(f, name, FLOAT)
    return result


def _add_part(gradients: dict[Source, Any], source: Source, part: Any) -> None:
    """Add to the gradient of something that a round reads or computes."""
    gradients[source] = gradients[source] + part if source in gradients else part


def now(carried: Carried) -> Number:
    """What this round got."""
    assert carried.now is not None
    return carried.now


def _shift(own: list[Carried], newest: Any) -> None:
    """Pass numbers on to the next round: each becomes one round older."""
    for older, newer in zip(own[:0:-1], own[-2::-1], strict=True):
        older.after = newer.now
    own[0].after = newest
