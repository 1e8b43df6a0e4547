"""Loops that are not written out, round by round: as NumPy's arrays of the samples, or as Python's floats without samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Storage, Violation
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.compiled.ir import LongLoop, Map
from autograd.compiled.loop_body import BEFORE, SAME, Source
from autograd.namespaces import FLOATS
from autograd.ops import outside, product


class _Rounds:
    """The numbers of a loop in some storage: those of a run, their gradients, or their tangents."""

    def __init__(self, loop: LongLoop, data: Storage) -> None:
        self.loop, self.body = loop, loop.body
        self._arrays = {True: data.batched, False: data.shared}

    def at(self, batched: bool, place: int) -> Any:
        """The number at a place; of a batched place a copy of those of all samples."""
        return self._arrays[True][place].copy() if batched else self._arrays[False].item(place)

    def put(self, place: int, number: Any) -> None:
        """Set a number of the loop."""
        self._arrays[self.loop.batched][place] = number

    def add(self, batched: bool, place: int, part: Any) -> None:
        """Add to the number at a place; to a shared one the sum over the samples."""
        self._arrays[batched][place] += part if batched else np.sum(part)

    def first(self) -> list[Any]:
        """The carried numbers of the first round."""
        return [self.at(before.batched[0], before.first[0]) for before in self.body.carried]

    def read(self, source: Source, r: int, carried: list[Any], outputs: list[Any]) -> Any:
        """An input in round `r`, of which the carried numbers, and the outputs so far, are known."""
        where, k = source
        if where == SAME:
            return outputs[k]
        return carried[k] if where == BEFORE else self.at(self.body.outside[k].batched, int(self.body.outside[k].places[r]))

    def inputs(self, m: int, r: int, carried: list[Any], outputs: list[Any]) -> list[Any]:
        """The inputs of a member."""
        return [self.read(source, r, carried, outputs) for source in self.body.members[m].inputs]

    def outputs(self, r: int, carried: list[Any], xp: Any) -> list[Any]:
        """All numbers of a round."""
        outputs: list[Any] = []
        for m, member in enumerate(self.body.members):
            outputs.append(member.operation.value(xp, *self.inputs(m, r, carried, outputs)))
        return outputs

    def after(self, outputs: list[Any]) -> list[Any]:
        """The carried numbers of the next round."""
        return [outputs[before.member] for before in self.body.carried]

    def keep(self, r: int, outputs: list[Any]) -> None:
        """Store what is read elsewhere, and after a segment the carried numbers."""
        for member, y in zip(self.body.members, outputs, strict=True):
            if member.start >= 0:
                self.put(member.start + r, y)
        if (r + 1) % self.loop.every == 0 or r + 1 == self.body.rounds:
            for start, y in zip(self.loop.checkpoints, self.after(outputs), strict=True):
                self.put(start + r // self.loop.every, y)

    def backward(self, xp: Any) -> Iterator[tuple[int, list[Any], list[Any]]]:
        """The rounds from the last to the first, with their carried numbers and outputs, segment by segment from the checkpoints."""
        for s in range(self.loop.segments - 1, -1, -1):
            carried = [self.at(self.loop.batched, start + s - 1) for start in self.loop.checkpoints] if s else self.first()
            segment: list[tuple[int, list[Any], list[Any]]] = []
            for r in range(s * self.loop.every, min((s + 1) * self.loop.every, self.body.rounds)):
                outputs = self.outputs(r, carried, xp)
                segment.append((r, carried, outputs))
                carried = self.after(outputs)
            yield from reversed(segment)


def _namespace(loop: LongLoop) -> Any:
    return ARRAYS if loop.batched else FLOATS


def run_rounds(loop: LongLoop, data: Storage) -> list[Violation]:
    """Compute all rounds. Returns the operations that left their domain."""
    rounds, body, xp = _Rounds(loop, data), loop.body, _namespace(loop)
    bad: dict[int, Any] = {}
    carried = rounds.first()
    for r in range(body.rounds):
        outputs = rounds.outputs(r, carried, xp)
        for m, member in enumerate(body.members):
            own = outside(member.operation, xp, *rounds.inputs(m, r, carried, outputs)) if member.checked else False
            if np.any(own):
                bad[m] = bad.get(m, False) | np.broadcast_to(own, (1, data.samples) if loop.batched else (1,))
        rounds.keep(r, outputs)
        carried = rounds.after(outputs)
    return [(Map(body.members[m].operation, (1,), 0, (), loop.batched, None, True), where) for m, where in bad.items()]


def pull_rounds(loop: LongLoop, data: Storage, grads: Storage) -> None:
    """The chain rule, from the last round to the first."""
    numbers, gradients, body, xp = _Rounds(loop, data), _Rounds(loop, grads), loop.body, _namespace(loop)
    waiting = [gradients.at(loop.batched, start + loop.segments - 1) for start in loop.checkpoints]
    for r, carried, outputs in numbers.backward(xp):
        own: list[Any] = [gradients.at(loop.batched, member.start + r) if member.start >= 0 else None for member in body.members]
        for before, part in zip(body.carried, waiting, strict=True):
            own[before.member] = part if own[before.member] is None else own[before.member] + part
        waiting = [0.0] * len(waiting)
        for m in range(len(body.members) - 1, -1, -1):
            member, gradient = body.members[m], own[m]
            if gradient is None or all(member.constant):
                continue
            inputs = numbers.inputs(m, r, carried, outputs)
            slopes = member.operation.slopes_except(member.constant, xp, outputs[m], *inputs)
            for (where, k), slope in zip(member.inputs, slopes, strict=True):
                if slope is None:
                    continue
                part = product(member.operation, xp, slope, gradient)
                if where == SAME:
                    own[k] = part if own[k] is None else own[k] + part
                elif where == BEFORE:
                    waiting[k] = waiting[k] + part
                else:
                    gradients.add(body.outside[k].batched, int(body.outside[k].places[r]), part)
    for before, part in zip(body.carried, waiting, strict=True):
        if not before.constant[0]:
            gradients.add(before.batched[0], before.first[0], part)


def push_rounds(loop: LongLoop, data: Storage, tangents: Storage, moving: Storage) -> None:
    """Forward mode: the tangents of all rounds, and which numbers have one."""
    numbers, moved, moves, body = _Rounds(loop, data), _Rounds(loop, tangents), _Rounds(loop, moving), loop.body
    carried, of_carried, of_moving = numbers.first(), moved.first(), moves.first()
    for r in range(body.rounds):
        outputs = numbers.outputs(r, carried, _namespace(loop))
        totals: list[Any] = []
        any_moves: list[Any] = []
        for m, member in enumerate(body.members):
            inputs = numbers.inputs(m, r, carried, outputs)
            slopes = member.operation.slopes_except(member.constant, ARRAYS, outputs[m], *inputs)
            total, is_moving = np.zeros(()), np.zeros((), dtype=bool)
            for source, slope in zip(member.inputs, slopes, strict=True):
                if slope is None:
                    continue
                own = np.asarray(moves.read(source, r, of_moving, any_moves)) != 0.0
                own = own & (slope != 0.0) if member.operation.selects else own
                part = product(member.operation, ARRAYS, slope, moved.read(source, r, of_carried, totals))
                total, is_moving = total + np.where(own, part, 0.0), is_moving | own
            totals.append(total)
            any_moves.append(np.where(is_moving, 1.0, 0.0))
        moved.keep(r, totals)
        moves.keep(r, any_moves)
        carried, of_carried, of_moving = numbers.after(outputs), moved.after(totals), moves.after(any_moves)
