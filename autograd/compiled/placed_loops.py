"""Written loops as instructions: their members get places, one for each round."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import LongLoop, Loop, Places, segments_of
from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Carried, LoopBody, Member, Outside, Source, within_round
from autograd.compiled.stages import WrittenBlock
from autograd.compiled.written_loop import HUGE, LastRound, UnrolledError
from autograd.ops import ADD, HELD, NEG, POS, SUB, SUM

WRITTEN_OUT = 1_000_000
"""A loop of no more scalars in all is written out."""

Bools = npt.NDArray[np.bool_]

Take = Callable[[bool, int], int]
"""A function that reserves so many consecutive shared or batched places, and returns the first."""

Tables = list[tuple[int, npt.NDArray[np.float64]]]
"""Constants that are placed with a loop: the first place, and the numbers."""


class _Flow(NamedTuple):
    """What is known of each member of a loop.

    Attributes:
        live: whether something that is used depends on it.
        visited: whether the backward pass reaches it.
        constant: whether no derivative with respect to it is wanted.
    """

    live: list[bool]
    visited: list[bool]
    constant: list[bool]


def element_is_constant(block: WrittenBlock, constant: list[bool]) -> dict[int, bool]:
    """For each row of an element, whether no derivative with respect to it is wanted; `constant` says so of the inputs."""
    flow = _flow_of(block, np.array([constant[row] for row in block.inputs], dtype=bool))
    return {row: flow.constant[block.written.member_of(k)[0]] for row, k in block.elements.items()}


def _flow_of(block: WrittenBlock, fixed: Bools) -> _Flow:
    """Of each member what is known; `fixed` says for each input of the loop whether no derivative with respect to it is wanted."""
    written = block.written
    outside = [inputs is None or bool(fixed[inputs].all()) for inputs in written.outside()]
    live = written.leading_to(block.elements.values(), written.inputs)
    visited = written.leading_to(block.reached, written.passed)
    constant = [True] * len(written.operations)
    while True:
        before = constant[:]
        for m, sources in enumerate(written.passed):
            if not visited[m]:
                continue
            for where, k in sources:
                if where == SAME:
                    is_fixed = constant[k]
                elif where == BEFORE:
                    is_fixed = constant[written.carried[k]] and bool(fixed[k])
                else:
                    is_fixed = outside[k]
                constant[m] = constant[m] and is_fixed
        if constant == before:
            return _Flow(live, visited, constant)


def _need_even_visits(block: WrittenBlock) -> None:
    """
    Raises:
        UnrolledError: the backward pass does not reach the same members in every round, so that a slope could be multiplied by a gradient
            that eager code does not have.
    """
    written = block.written
    if written.step is None:  # found in a graph, all of whose rounds are reached alike
        return
    uneven = _unevenness(block)
    if uneven and HELD in written.operations:  # each sample has a last round of its own
        raise UnrolledError(written.step)
    if uneven == "last":
        raise UnrolledError(LastRound(written.step))
    if uneven and len(written.operations) * written.rounds < HUGE:
        raise UnrolledError(written.step)


def _unevenness(block: WrittenBlock) -> str:
    """Whether the backward pass reaches the same members in every round: "" if it does, "last" if it does but in the last, or "all"."""
    written = block.written
    kept = np.zeros((len(written.kept), written.rounds), dtype=bool)
    for k in block.reached:
        if k >= len(written.carried):
            kept[divmod(k - len(written.carried), written.rounds)] = True
    if written.kept:
        by_kept, inverse = np.unique(kept, axis=1, return_inverse=True)
        own, of_round = [[written.kept[j] for j in np.flatnonzero(column)] for column in by_kept.T], inverse.ravel().tolist()
    else:  # after as many rounds as there are members, nothing new is reached
        own, of_round = [[]], [0] * min(written.rounds, len(written.operations) + 2)
    known: dict[tuple[int, frozenset[int]], frozenset[int]] = {}
    after = within_round(written.passed, [*own[of_round[-1]], *[written.carried[k] for k in block.reached if k < len(written.carried)]])
    last, others = after, set()
    for which in of_round[-2::-1]:
        key = which, after
        if key not in known:
            carried = [written.carried[k] for m in after for where, k in written.passed[m] if where == BEFORE]
            known[key] = within_round(written.passed, [*own[which], *carried])
            others.add(known[key])
        after = known[key]
    counted = {_with_slopes(block, members) for members in others}
    if counted <= {_with_slopes(block, last)}:
        return ""
    return "last" if len(counted) == 1 else "all"


def _with_slopes(block: WrittenBlock, members: Iterable[int]) -> frozenset[int]:
    """Those members that have slopes other than 1 and -1, which leave a gradient of 0 as it is."""
    return frozenset([m for m in members if block.written.operations[m] not in (ADD, SUB, NEG, POS, SUM)])


def written_loop(block: WrittenBlock, of: Places, batched: Bools, constant: Bools, take: Take) -> tuple[Loop | LongLoop, Tables]:
    """The instruction of a loop. Its elements get their places in `of`.

    Args:
        block: the loop.
        of, batched, constant: of each row its place, whether it is batched, and whether no derivative with respect to it is wanted.
        take: reserves places.
    """
    written, rows = block.written, block.read
    flow = _flow_of(block, constant[rows])
    if not all(flow.constant):
        _need_even_visits(block)
    rounds, is_batched = written.rounds, bool(batched[block.output])
    tables: Tables = [(take(False, rounds), table) for table in written.along if table is not None]
    live = [m for m, own in enumerate(flow.live) if own]
    is_long = rounds * len(live) > WRITTEN_OUT
    carried = sorted({k for m in live for where, k in written.inputs[m] if where == BEFORE})
    kept = {written.member_of(k)[0] for k in block.elements.values() if k >= len(written.carried)}
    starts = {m: take(is_batched, rounds) if m in kept or not is_long else -1 for m in live}
    every = math.isqrt(rounds - 1) + 1
    if is_long:
        carried = sorted({*carried, *[k for k in block.elements.values() if k < len(written.carried)]})
        checkpoints = [take(is_batched, segments_of(rounds, every)) for _ in carried]
        within = [take(is_batched, every) for _ in carried]
    for row, k in block.elements.items():
        m, r = written.member_of(k)
        if is_long and k < len(written.carried):
            of[row] = checkpoints[carried.index(k)] + segments_of(rounds, every) - 1
        else:
            of[row] = starts[m] + r

    index = {m: i for i, m in enumerate(live)}
    is_fixed = {k: flow.constant[written.carried[k]] and bool(constant[rows[k]]) for k in carried}
    outside = _from_outside(block, of, batched, constant, [start for start, _ in tables])

    def source(where: str, k: int) -> Source:
        return Source(where, index[k] if where == SAME else carried.index(k) if where == BEFORE else k)

    def unwanted(where: str, k: int) -> bool:
        return flow.constant[k] if where == SAME else is_fixed[k] if where == BEFORE else outside[k].constant

    members = []
    for m in live:
        operation, inputs = written.operations[m], written.inputs[m]
        fails = block.checked and (operation.domain is not None or operation.pole is not None)
        fixed = tuple([not flow.visited[m] or one not in written.passed[m] or unwanted(*one) for one in inputs])
        members.append(Member(operation, tuple([source(*one) for one in inputs]), fixed, fails, starts[m]))
    before = [
        Carried(index[written.carried[k]], (int(of[rows[k]]),), (bool(batched[rows[k]]),), (bool(constant[rows[k]]),)) for k in carried
    ]
    body = LoopBody(rounds, is_batched, tuple(members), tuple(before), tuple(outside))
    return LongLoop(body, every, tuple(checkpoints), tuple(within)) if is_long else written_out(body), tables


def _from_outside(block: WrittenBlock, of: Places, batched: Bools, constant: Bools, tables: list[int]) -> list[Outside]:
    """The numbers from outside of a loop, with their places in all rounds; `tables` are the first places of its arrays of constants.

    Raises:
        UnrolledError: some rounds have a shared number, and others a batched one.
    """
    written, rows = block.written, block.read
    starts = iter(tables)
    numbers = []
    for inputs in written.outside():
        if inputs is None:
            numbers.append(Outside(next(starts) + np.arange(written.rounds), False, True))
            continue
        own = rows[inputs]
        if len(set(batched[own].tolist())) > 1:
            raise UnrolledError(written.step)
        numbers.append(Outside(np.broadcast_to(of[own], written.rounds), bool(batched[own[0]]), bool(constant[own].all())))
    return numbers


def written_out(body: LoopBody) -> Loop:
    """A loop with all of its scalars, of which each has a place."""
    rounds = np.arange(body.rounds)

    def column(source: Source) -> tuple[Places, Bools]:
        """The places of an input in all rounds, and whether it is batched."""
        where, k = source
        if where == OUTSIDE:
            return body.outside[k].places, np.full(body.rounds, body.outside[k].batched)
        places = body.members[k if where == SAME else body.carried[k].member].start + rounds
        kinds = np.full(body.rounds, body.batched)
        if where == BEFORE:
            back = body.carried[k].back
            places = np.concatenate([body.carried[k].first, places[:-back]])
            kinds[:back] = body.carried[k].batched
        return places, kinds

    members = body.members
    columns = [column(source) for member in members for source in member.inputs]
    inputs, kinds = (np.stack(own, axis=1).ravel() for own in zip(*columns, strict=True))
    outputs = np.array([member.start for member in members]) + rounds[:, None]
    return Loop(
        [member.operation for member in members] * body.rounds,
        [member.checked for member in members] * body.rounds,
        outputs.ravel(),
        inputs,
        np.cumsum([len(member.inputs) for member in members] * body.rounds),
        np.full(outputs.size, body.batched),
        kinds,
        np.array([fixed for member in members for fixed in member.constant] * body.rounds, dtype=bool),
        body.rounds,
    )
