"""Loops: rounds that repeat are found again in the unrolled graph.

A loop, when it is recorded, is a run of rows in which the same operations come again after one *period*, round by round. A round reads
rows of the same round, *carried* rows of a fixed number of rounds before, and rows outside of the loop. The rows that depend on carried
ones and lead to others become the loop. What only leads to it, or only follows from it, is independent from round to round, and left to
`vectorise`: compilers call this the distribution of a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.stages import Computed, Loops, Rows, Sums, Tape
from autograd.ops import DOT, SUM

LEAST_DEPTH = 32
"""A graph of less depth has no loop that is worth it."""

LEAST_ROUNDS, LEAST_ROWS = 8, 100
"""A loop has so many rounds at least, and so many rows in all."""

LONGEST, FURTHEST, WIDEST = 2048, 8, 16
"""The longest period; how many rounds back a round reads at most; and how many rows of a round may be independent of each other on
average: with more of them, vector instructions are better."""

WINDOWS = (4, 16, 64, 256)
"""Where so many kinds of rows in a row occur again, there may be a period."""

MOST_LOOPS = 64
"""So many loops are found at most, as each takes a walk through the graph."""


@dataclass(frozen=True)
class _Graph:
    """The computed rows as arrays.

    Attributes:
        kinds: a number for what is the same in each round: the operation, the number of inputs, and how gradients and errors are treated.
            A row that cannot be in a loop has a kind of its own.
        batched: whether a row differs from sample to sample.
        reads: the position of each input among the computed rows, one row after the other; -1 for leaves and constants.
        starts: where the inputs of each row begin, and where the last ones end.
    """

    kinds: Rows
    batched: npt.NDArray[np.bool_]
    reads: Rows
    starts: Rows


def find_loops(tape: Tape, sums: Sums) -> Loops:
    """The loops among the computed rows."""
    depths = _depths(sums.computed, len(sums.batched))
    if len(sums.computed) < LEAST_ROWS or max(depths) < LEAST_DEPTH:
        return Loops(depths, [])
    codes = np.array([id(operation) for _, operation, _ in sums.computed])
    if not _may_repeat(codes):
        return Loops(depths, [])
    graph = _graph_of(tape, sums, codes)
    kinds = graph.kinds.copy()
    loops: list[Rows] = []
    phases = np.zeros(len(kinds), dtype=np.intp)
    for period in periods_of(kinds):
        pending = list(runs_of(kinds, period))
        while pending:
            first, rounds = pending.pop(0)
            free = _free_rounds(kinds, graph.kinds, first, period, rounds)
            # where a kind changes within a round, the next run begins in the last round of this one
            if free != [(first, rounds)]:
                pending[:0] = free
                continue
            found = [rows for rows in _recurrences(graph, first, period, rounds) if _is_apart(graph, rows)][: MOST_LOOPS - len(loops)]
            for rows in found:
                loops.append(rows)
                kinds[rows] = -1 - rows  # it is found once
                phases[first : first + period * rounds] = 1 + phases.max() + np.tile(np.arange(period), rounds)
            pending += _beside(found, first, period, rounds)
    if not loops:
        return Loops(depths, [])
    of_rows = np.zeros(len(sums.batched), dtype=np.intp)
    of_rows[[row for row, _, _ in sums.computed]] = phases
    return Loops(_depths_around(loops, sums, len(sums.batched)), loops, of_rows.tolist())


def _graph_of(tape: Tape, sums: Sums, codes: Rows) -> _Graph:
    rows = np.array([row for row, _, _ in sums.computed])
    inputs = [inputs for _, _, inputs in sums.computed]
    counts = np.fromiter(map(len, inputs), dtype=np.intp, count=len(inputs))
    position = np.full(len(sums.batched), -1, dtype=np.intp)
    position[rows] = np.arange(len(rows))
    reads = position[np.fromiter(chain.from_iterable(inputs), dtype=np.intp, count=int(counts.sum()))]
    batched, reached = np.array(sums.batched)[rows], np.array(sums.reached)[rows] if sums.reached else 1
    unchecked = np.isin(rows, list(tape.unchecked)) if tape.unchecked else 0
    number = np.searchsorted(sorted([id(operation) for operation in {SUM, DOT, *tape.operations}]), codes)
    rigid = {id(operation) for operation in set(tape.operations) if operation.arity is None and operation not in (SUM, DOT)}
    apart = np.isin(codes, list(rigid)) | np.isin(rows, [*sums.masks, *sums.error_masks])
    kinds = kinds_of(number, counts, (batched, reached, unchecked), apart)
    return _Graph(kinds, batched, reads, np.concatenate([[0], np.cumsum(counts)]))


def kinds_of(codes: Rows, counts: Rows, truths: Sequence[Any], apart: npt.NDArray[np.bool_]) -> Rows:
    """A number for what a row has in common with the same row of other rounds: its operation, its number of inputs, and some truths.

    A row that cannot be in a loop (`apart`) has a number of its own.
    """
    kinds = codes * (counts.max() + 1) + counts
    for truth in truths:
        kinds = kinds * 2 + truth
    result: Rows = np.where(apart, -1 - np.arange(len(kinds)), kinds)
    return result


def periods_of(kinds: Rows) -> list[int]:
    """The distances at which the kinds may repeat, the most promising first: those that cover most rows, and of equal ones the shortest."""
    candidates: set[int] = set()
    for window in WINDOWS:
        gaps = _gaps(kinds, window)
        candidates.update([gap for gap, _ in Counter(gaps[gaps <= LONGEST].tolist()).most_common(3)])
    covered = {period: sum([period * rounds for _, rounds in runs_of(kinds, period)]) for period in candidates}
    return sorted([period for period in candidates if covered[period]], key=lambda period: (-covered[period], period))


def _may_repeat(codes: Rows) -> bool:
    """Whether enough operations occur in an order in which they did before. It is decided by hashes, because most graphs have no loops."""
    hashes = np.sort(_hashes(codes, LEAST_ROWS // 4))
    return int(np.count_nonzero(hashes[1:] == hashes[:-1])) >= LEAST_ROWS // 4


def _hashes(kinds: Rows, window: int) -> npt.NDArray[np.uint64]:
    """A hash for each window of kinds: a polynomial modulo 2⁶⁴."""
    base = 0x9E3779B97F4A7C15
    powers, inverse = (np.cumprod(np.full(len(kinds), x, dtype=np.uint64)) for x in (base, pow(base, -1, 2**64)))
    mixed = (kinds.astype(np.uint64) + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9)
    totals = np.concatenate([[np.uint64(0)], np.cumsum((mixed ^ (mixed >> np.uint64(29))) * powers)])
    hashes: npt.NDArray[np.uint64] = (totals[window:] - totals[:-window]) * inverse[: len(totals) - window]
    return hashes


def _gaps(kinds: Rows, window: int) -> Rows:
    """The distances between equal windows of kinds that follow each other."""
    if len(kinds) < 2 * window:
        return np.zeros(0, dtype=np.intp)
    hashes = _hashes(kinds, window)
    order = np.argsort(hashes, kind="stable")
    gaps: Rows = np.diff(order)[np.diff(hashes[order]) == 0]
    return gaps


def runs_of(kinds: Rows, period: int) -> Iterator[tuple[int, int]]:
    """Where kinds repeat with a period: the first position, and how many rounds follow from there."""
    same = kinds[:-period] == kinds[period:]
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False)).reshape(-1, 2)
    rounds = (edges[:, 1] - edges[:, 0]) // period + 1
    long = rounds >= LEAST_ROUNDS
    yield from zip(edges[long, 0].tolist(), rounds[long].tolist(), strict=True)


def _recurrences(graph: _Graph, first: int, period: int, rounds: int) -> Iterator[Rows]:
    """The loops in a run of rounds: one of the shared rows, and one of those that differ from sample to sample.

    Yields:
        The positions of the rows, by round.
    """
    own = slice(graph.starts[first], graph.starts[first + period * rounds])
    reads = graph.reads[own].reshape(rounds, -1)
    counts = np.diff(graph.starts[first : first + period + 1])
    reader = np.repeat(np.arange(period), counts)  # the row of a round to which an input belongs
    middle = _typical(reads, first, period)
    source, back = (reads[middle] - first) % period, middle - (reads[middle] - first) // period
    carried = (reads[middle] >= first) & (back >= 0) & (back <= FURTHEST)
    for batched in (False, True):
        kept = on_cycles(reader[carried], source[carried], graph.batched[first : first + period] == batched)
        inner = carried & kept[reader]
        inner[inner] = kept[source[inner]]
        if not inner.any() or kept.sum() >= WIDEST * length_of(reader, source, inner & (back == 0), kept):
            continue
        regular = reads[:, inner] == first + (np.arange(rounds)[:, None] - back[inner]) * period + source[inner]
        at, k = np.nonzero(~regular)
        begins = at - back[inner][k] + 1  # the carried numbers of the first rounds come from elsewhere
        others = reads[:, kept[reader] & ~inner] - first
        mixed = np.flatnonzero(((others >= 0) & (others < period * rounds) & kept[others % period]).any(axis=1))
        start = max([0, *begins[at < middle].tolist(), *(mixed[mixed < middle] + 1).tolist()])
        end = min([rounds, *at[at > middle].tolist(), *mixed[mixed >= middle].tolist()])
        if end - start >= LEAST_ROUNDS and (end - start) * kept.sum() >= LEAST_ROWS:
            yield first + np.arange(start, end)[:, None] * period + np.flatnonzero(kept)


def _typical(reads: Rows, first: int, period: int) -> int:
    """A round that reads from the same distances as the one before it, as most of them do: if possible in the middle of a run.

    Two equal loops, one after the other, are one run, in whose middle the second one begins.
    """
    rounds = len(reads)
    for k in (rounds // 2, 5 * rounds // 8, 3 * rounds // 8):
        before, own = reads[k - 1], reads[k]
        inner = (before >= first) | (own >= first)
        if (before[inner] + period == own[inner]).all():
            return k
    return rounds // 2


def _free_rounds(kinds: Rows, original: Rows, first: int, period: int, rounds: int) -> list[tuple[int, int]]:
    """The parts of a run, as its first position and its number of rounds, none of whose rows is in a loop that was found before."""
    own = slice(first, first + period * rounds)
    is_free = (kinds[own] == original[own]).reshape(rounds, period).all(axis=1)
    edges = np.flatnonzero(np.diff(is_free, prepend=False, append=False)).reshape(-1, 2).tolist()
    return [(first + begin * period, end - begin) for begin, end in edges if end - begin >= LEAST_ROUNDS]


def _beside(found: list[Rows], first: int, period: int, rounds: int) -> list[tuple[int, int]]:
    """The rounds before and after the loops that were found in a run, in which there may be others."""
    if not found:
        return []
    start = min([(int(rows[0, 0]) - first) // period for rows in found])
    end = max([(int(rows[-1, 0]) - first) // period + 1 for rows in found])
    parts = [(first, start), (first + end * period, rounds - end)]
    return [part for part in parts if part[1] >= LEAST_ROUNDS]


def on_cycles(reader: Rows, source: Rows, may: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The rows of a round that lie on cycles, or between them: those that remain when again and again rows are taken away that read none
    of the others, or that none of the others reads."""
    kept = may
    while True:
        edges = kept[reader] & kept[source]
        reading, read = np.zeros_like(kept), np.zeros_like(kept)
        reading[reader[edges]] = True
        read[source[edges]] = True
        fewer = kept & reading & read
        if (fewer == kept).all():
            return kept
        kept = fewer


def length_of(reader: Rows, source: Rows, within: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_]) -> int:
    """The length of the longest path through a round."""
    depth = kept.astype(int).tolist()
    for i, j in zip(reader[within].tolist(), source[within].tolist(), strict=True):
        depth[i] = max(depth[i], depth[j] + 1)
    longest: int = max(depth)
    return longest


def _is_apart(graph: _Graph, rows: Rows) -> bool:
    """Whether no row outside of a loop comes between two of its rows, so that it can be computed as a whole."""
    first, last = int(rows.min()), int(rows.max()) + 1
    own = np.zeros(last - first, dtype=bool)
    own[rows.ravel() - first] = True
    between = np.flatnonzero(~own)
    if not between.size:
        return True
    depends = own.tolist()
    starts, reads = graph.starts[first : last + 1], graph.reads
    inner = (reads[starts[0] : starts[-1]] - first).tolist()
    cuts = (starts - starts[0]).tolist()
    for i in between.tolist():
        for j in inner[cuts[i] : cuts[i + 1]]:
            if j >= 0 and depends[j]:
                depends[i] = True
                break
    read_by_loop = np.repeat(own, np.diff(starts))
    read = reads[starts[0] : starts[-1]][read_by_loop] - first
    read = read[read >= 0]
    return not (np.array(depends)[read] & ~own[read]).any()


def _depths(computed: list[Computed], rows: int) -> list[int]:
    """The depth of each row: the length of the longest path to it from a leaf or constant."""
    depths = [0] * rows
    for row, _, inputs in computed:
        if len(inputs) == 2:  # the most frequent case, without a list
            i, j = inputs
            depths[row] = (depths[i] if depths[i] > depths[j] else depths[j]) + 1
        else:
            depths[row] = max([depths[i] for i in inputs]) + 1
    return depths


def _depths_around(loops: list[Rows], sums: Sums, rows: int) -> list[int]:
    """The same, where all rows of a loop have one depth."""
    computed = sums.computed
    stands = np.arange(rows)  # the first row of a loop stands for all of them
    is_free = np.ones(len(computed), dtype=bool)
    read: list[list[int]] = []
    for positions in loops:
        own = [computed[p] for p in positions.ravel().tolist()]
        is_free[positions] = False
        members = np.array([row for row, _, _ in own])
        outside = np.unique(np.fromiter(chain.from_iterable([inputs for _, _, inputs in own]), dtype=np.intp))
        read.append(np.setdiff1d(outside, members).tolist())
        stands[members] = members[0]
    of = stands.tolist()
    first = [of[computed[positions[0, 0]][0]] for positions in loops]
    free = [(row, [of[i] for i in inputs]) for row, _, inputs in map(computed.__getitem__, np.flatnonzero(is_free).tolist())]
    depths = [0] * rows
    known = [1] * len(loops)
    while True:  # a loop that reads another one is one step deeper, which the next walk finds
        for row, depth in zip(first, known, strict=True):
            depths[row] = depth
        for row, sources in free:
            if len(sources) == 2:  # the most frequent case, without a list
                i, j = sources
                depths[row] = (depths[i] if depths[i] > depths[j] else depths[j]) + 1
            else:
                depths[row] = max([depths[i] for i in sources]) + 1
        needed = [1 + max([depths[of[i]] for i in outside], default=0) for outside in read]
        if needed == known:
            result: list[int] = np.array(depths)[stands].tolist()
            return result
        known = needed
