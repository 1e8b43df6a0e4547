"""The kernels of loops that are not written out: carried numbers are stored once in each segment of rounds, as checkpoints.

The backward pass goes through the segments from the last to the first. It computes the carried numbers of a segment again, from the
checkpoint before it, and then the adjoint of its rounds: see Griewank and Walther, "Evaluating Derivatives" (2008), chapter 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from autograd.compiled.backends.llvm.loop_kernels import Body, LoopKernel, Round, now
from autograd.compiled.backends.llvm.text import TRUTH, Carried, Module, Number
from autograd.compiled.loop_body import BEFORE, Source, within_round


@dataclass(frozen=True)
class LongBody(Body):
    """What a kernel is made for.

    Attributes:
        finals: for each carried number, whether its last one is read elsewhere.
    """

    finals: tuple[bool, ...]


class _LongKernel(LoopKernel):
    """The arguments are those of a loop; then the rounds of a segment, the number of segments, and for each carried number the place of its
    first checkpoint and that of its numbers within a segment."""

    def __init__(self, body: LongBody, lanes: int) -> None:
        super().__init__(body, lanes)
        at = 1 + len(body.members) + len(body.carried) + 2 * len(body.operands)
        self.every, self.segments = self.argument(at), self.argument(at + 1)
        self._places = [(self.argument(at + 2 + 2 * c), self.argument(at + 3 + 2 * c)) for c in range(len(body.carried))]

    def segment(self, s: str) -> tuple[str, str]:
        """The first round of a segment, and the one behind its last."""
        f = self.f
        begin = f.name_of(f"mul i64 {s}, {self.every}")
        end = f.name_of(f"add i64 {begin}, {self.every}")
        is_short = f.name_of(f"icmp ult i64 {self.rounds}, {end}")
        return begin, f.name_of(f"select i1 {is_short}, i64 {self.rounds}, i64 {end}")

    def checkpoint(self, c: int, s: str, gradients: bool = False) -> str:
        """A pointer to a carried number after a segment."""
        return self.address(self.memories[self.body.batched, gradients], self.f.name_of(f"add i64 {self._places[c][0]}, {s}"))

    def within(self, c: int, i: str) -> str:
        """A pointer to a carried number after round `i` of the segment."""
        return self.address(self.memories[self.body.batched, False], self.f.name_of(f"add i64 {self._places[c][1]}, {i}"))

    def before(self, first: Number, index: str, pointer: Any) -> Number:
        """What comes before an index: a first number before 0, and for others what is at the pointer to the index before."""
        f = self.f
        is_first = f.name_of(f"icmp eq i64 {index}, 0")
        there = f.name_of(f"select i1 {is_first}, i64 0, i64 {f.name_of(f'sub i64 {index}, 1')}")
        kept, vector = self.load(pointer(there), self.index), f.type(first.type)
        return Number(f, f.name_of(f"select i1 {is_first}, {vector} {first.name}, {vector} {kept.name}"), first.type)


def long_forward(body: LongBody, lanes: int) -> Module:
    """Compute all rounds, and note inputs outside of a domain."""
    kernel = _LongKernel(body, lanes)
    f = kernel.f
    checked = any(member.checked for member in body.members)
    with kernel.samples() as kernel.index:
        repeated = kernel.repeated()
        state = [Carried(first[0]) for first in kernel.first_numbers()]
        bad = Carried(False, TRUTH)
        with f.loop(kernel.segments, carried=[*state, *([bad] if checked else [])]) as s:
            begin, end = kernel.segment(s)
            inner, inner_bad = [Carried(now(each)) for each in state], Carried(bad.now, TRUTH)
            with f.loop(end, start=begin, carried=[*inner, *([inner_bad] if checked else [])]) as r:
                one = Round(kernel, r, repeated, [now(each) for each in inner])
                one.compute(inner_bad)
                for before, each in zip(body.carried, inner, strict=True):
                    each.after = one.outputs[before.member]
            for c, (each, outer) in enumerate(zip(inner, state, strict=True)):
                outer.after = f.constant(each.after)
                kernel.store(outer.after, kernel.checkpoint(c, s), kernel.index)
            bad.after = inner_bad.after
        if checked:
            kernel.flag_of_valid(bad)
    f.end()
    return kernel.module


def long_backward(body: LongBody, lanes: int) -> Module:
    """Add the gradients of what the rounds read."""
    kernel = _LongKernel(body, lanes)
    f = kernel.f
    needed = within_round([member.inputs for member in body.members], [before.member for before in body.carried])
    last = f.name_of(f"sub i64 {kernel.segments}, 1")
    with kernel.samples() as kernel.index:
        repeated, first = kernel.repeated(), [own[0] for own in kernel.first_numbers()]
        totals = {k: Carried(0.0) for k in repeated if not body.operands[k].constant}
        finals = [kernel.load(kernel.checkpoint(c, last, True), kernel.index) if own else 0.0 for c, own in enumerate(body.finals)]
        waiting = [Carried(each) for each in finals]
        with f.loop(kernel.segments, carried=[*totals.values(), *waiting]) as t:
            s = f.name_of(f"sub i64 {last}, {t}")
            begin, end = kernel.segment(s)
            start = [kernel.before(number, s, partial(kernel.checkpoint, c)) for c, number in enumerate(first)]
            again = [Carried(number) for number in start]
            with f.loop(end, start=begin, carried=again) as r:
                one = Round(kernel, r, repeated, [now(each) for each in again])
                i = f.name_of(f"sub i64 {r}, {begin}")
                for m, member in enumerate(body.members):
                    if m in needed:
                        one.outputs[m] = f.constant(member.operation.value(kernel.xp, *one.inputs(member)))
                for c, (before, each) in enumerate(zip(body.carried, again, strict=True)):
                    each.after = one.outputs[before.member]
                    kernel.store(each.after, kernel.within(c, i), kernel.index)
            inner, inner_totals = [Carried(now(each)) for each in waiting], {k: Carried(now(each)) for k, each in totals.items()}
            with f.loop(f.name_of(f"sub i64 {end}, {begin}"), carried=[*inner_totals.values(), *inner]) as j:
                r = f.name_of(f"sub i64 {f.name_of(f'sub i64 {end}, {j}')}, 1")
                i = f.name_of(f"sub i64 {r}, {begin}")
                carried = [kernel.before(number, i, partial(kernel.within, c)) for c, number in enumerate(start)]
                one = Round(kernel, r, repeated, carried)
                for m, member in enumerate(body.members):
                    one.outputs[m] = member.operation.value(kernel.xp, *one.inputs(member))
                gradients = one.gradients([now(each) for each in inner])
                kernel.add_of_round(r, gradients, inner_totals)
                for c, each in enumerate(inner):
                    each.after = gradients.get(Source(BEFORE, c), 0.0)
            for outer, each in zip([*totals.values(), *waiting], [*inner_totals.values(), *inner], strict=True):
                outer.after = f.constant(each.after)
        kernel.add_at_end(totals, [[each] for each in waiting])
    f.end()
    return kernel.module
