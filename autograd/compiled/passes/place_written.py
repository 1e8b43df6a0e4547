"""Written loops as instructions: their members get places, one for each round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Loop, Places
from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Source
from autograd.compiled.stages import Rows, WrittenBlock
from autograd.compiled.written_loop import HUGE, LastRound, UnrolledError
from autograd.ops import ADD, NEG, POS, SUB, SUM

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
    outside = [bool(fixed[rows].all()) for rows in _outside(block)]
    live, visited = (_leading_to(block, which) for which in (block.elements.values(), block.reached))
    constant = [True] * len(written.operations)
    while True:
        before = constant[:]
        for m, sources in enumerate(written.inputs):
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


def _outside(block: WrittenBlock) -> list[Rows]:
    """The indices of the inputs of the loop that are each number from OUTSIDE; none for one whose numbers are constants of the loop."""
    tables = [-len(table) for table in block.written.along if table is not None]  # so that they are told apart from inputs
    return [own[own >= 0] for own in block.written.places_of(np.arange(len(block.inputs)), [2 * start for start in tables])]


def _leading_to(block: WrittenBlock, elements: Iterable[int]) -> list[bool]:
    """The members on which some elements depend, in any round."""
    written = block.written
    leads = [False] * len(written.operations)
    pending = list({written.member_of(k)[0] for k in elements})
    while pending:
        m = pending.pop()
        if leads[m]:
            continue
        leads[m] = True
        for where, k in written.inputs[m]:
            if where == SAME:
                pending.append(k)
            elif where == BEFORE:
                pending.append(written.carried[k])
    return leads


def _need_even_visits(block: WrittenBlock) -> None:
    """
    Raises:
        UnrolledError: the backward pass does not reach the same members in every round, so that a slope could be multiplied by a gradient
            that eager code does not have.
    """
    written = block.written
    uneven = _unevenness(block)
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
    by_kept, of_round = np.unique(kept, axis=1, return_inverse=True)
    own = [[written.kept[j] for j in np.flatnonzero(column)] for column in by_kept.T]
    known: dict[tuple[int, frozenset[int]], frozenset[int]] = {}
    after = _within_round(block, [*own[of_round[-1]], *[written.carried[k] for k in block.reached if k < len(written.carried)]])
    last, others = after, set()
    for which in of_round.ravel()[-2::-1].tolist():
        key = which, after
        if key not in known:
            carried = [written.carried[k] for m in after for where, k in written.inputs[m] if where == BEFORE]
            known[key] = _within_round(block, [*own[which], *carried])
            others.add(known[key])
        after = known[key]
    counted = {_with_slopes(block, members) for members in others}
    if counted <= {_with_slopes(block, last)}:
        return ""
    return "last" if len(counted) == 1 else "all"


def _within_round(block: WrittenBlock, members: Iterable[int]) -> frozenset[int]:
    """Some members, and those on which they depend within a round."""
    found: set[int] = set()
    pending = list(members)
    while pending:
        m = pending.pop()
        if m not in found:
            found.add(m)
            pending += [k for where, k in block.written.inputs[m] if where == SAME]
    return frozenset(found)


def _with_slopes(block: WrittenBlock, members: Iterable[int]) -> frozenset[int]:
    """Those members that have slopes other than 1 and -1, which leave a gradient of 0 as it is."""
    return frozenset([m for m in members if block.written.operations[m] not in (ADD, SUB, NEG, POS, SUM)])


def written_loop(block: WrittenBlock, of: Places, batched: Bools, constant: Bools, take: Take) -> tuple[Loop, Tables]:
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
    starts = [take(is_batched, rounds) if live else -1 for live in flow.live]
    for row, k in block.elements.items():
        m, r = written.member_of(k)
        of[row] = starts[m] + r
    places = written.places_of(of[rows], [start for start, _ in tables])
    kinds, fixed = (written.places_of(about[rows].astype(np.intp), [0] * len(tables)) for about in (batched, constant))
    for k, table in enumerate(written.along):
        if table is not None:
            kinds[written.repeated + k], fixed[written.repeated + k] = np.zeros(rounds, dtype=np.intp), np.ones(rounds, dtype=np.intp)

    def column(m: int, source: Source) -> tuple[Places, Places, Places]:
        """Of an input of a member: its place in each round, whether it is batched, and whether no derivative is wanted."""
        where, k = source
        unwanted = not flow.visited[m]
        if where == OUTSIDE:
            three = places[k], kinds[k], fixed[k] | unwanted
            return tuple([np.broadcast_to(x, rounds) for x in three])  # type: ignore[return-value]
        member = k if where == SAME else written.carried[k]
        own, batch = starts[member] + np.arange(rounds), np.full(rounds, is_batched, dtype=np.intp)
        if where == SAME:
            return own, batch, np.full(rounds, unwanted or flow.constant[member], dtype=np.intp)
        own[1:], own[0] = own[:-1].copy(), of[rows[k]]
        batch[0] = batched[rows[k]]
        return own, batch, np.full(rounds, unwanted or (flow.constant[member] and bool(constant[rows[k]])), dtype=np.intp)

    live = [m for m, own in enumerate(flow.live) if own]
    columns = [column(m, source) for m in live for source in written.inputs[m]]
    inputs, input_batched, input_constant = (np.stack(own, axis=1).ravel() for own in zip(*columns, strict=True))
    counts = np.array([len(written.inputs[m]) for m in live] * rounds)
    operations = [written.operations[m] for m in live]
    fails = [block.checked and (operation.domain is not None or operation.pole is not None) for operation in operations]
    outputs = np.array([starts[m] for m in live]) + np.arange(rounds)[:, None]
    loop = Loop(
        operations * rounds,
        fails * rounds,
        outputs.ravel(),
        inputs,
        np.cumsum(counts),
        np.full(outputs.size, is_batched),
        input_batched.astype(bool),
        input_constant.astype(bool),
        rounds,
    )
    return loop, tables
