"""Roll: in a very large graph, runs of equal rounds become one row each, as if they had been written as a `scan`.

The passes that follow go through the rows one by one, and would take seconds and gigabytes for millions of them. The rounds are found as
in `loops`, by kinds of rows that come again after a period; what a round reads is checked for all rounds at once. Other than in `loops`,
all of a round is in the loop, and nothing is left to become vectors: so this is only done to rounds that are long rather than wide. All
rows of a round are shared, or all are batched; and the backward pass reaches all of them, or none, as it does not under `no_grad`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Source
from autograd.compiled.passes.loops import WIDEST, kinds_of, length_of, on_cycles, periods_of, runs_of
from autograd.compiled.stages import Rows, Tape
from autograd.compiled.written_loop import ELEMENT, Written, operation_of
from autograd.ops import CONSTANT, DOT, SUM
from autograd.value import Value

HUGE_GRAPH, LARGE_GRAPH, LEAST_ROWS = 200_000, 60_000, 30_000
"""A graph of fewer rows than the second is left as it is, and so is a run of fewer than the third."""

MOSTLY, NEARLY_ALL = 0.5, 0.9
"""This part of a round must be carried on in graphs of at least HUGE_GRAPH rows, and in others: the rest would better become vectors."""


class _Run(NamedTuple):
    """Rounds of a graph that can be one loop.

    Attributes:
        first, period, rounds: the position of the first row among those that are computed, how many rows a round has, and how many rounds
            there are.
        sources: for each input of a round, where it comes from: SAME and BEFORE with the member, OUTSIDE with the column in `read`.
        read: the rows that the inputs of each round read.
    """

    first: int
    period: int
    rounds: int
    sources: list[Source]
    read: Rows


def roll_loops(tape: Tape) -> tuple[Tape, Rows]:
    """The tape with long runs of rounds as one row each; and for each row of the tape its new number, or -1 if it is in such a row."""
    moved = np.arange(len(tape.nodes))
    part = MOSTLY if len(tape.nodes) >= HUGE_GRAPH else NEARLY_ALL
    while len(tape.nodes) >= LARGE_GRAPH:
        computed = np.flatnonzero(tape.counts > 0)
        run = _largest_run(tape, computed, part) if len(computed) >= LEAST_ROWS else None
        if run is None:
            break
        tape, new = _rolled(tape, computed, run)
        moved = np.where(moved >= 0, new[moved], -1)
    return tape, moved


def _largest_run(tape: Tape, computed: Rows, part: float) -> _Run | None:
    counts, codes = tape.counts[computed], np.unique(tape.codes[computed], return_inverse=True)[1]
    starts = np.concatenate([[0], np.cumsum(counts)])
    position = np.full(len(tape.nodes), -1, dtype=np.intp)
    position[computed] = np.arange(len(computed))
    of_tape = np.array(tape.batched)
    batched = of_tape[computed]
    reached = np.array(tape.reached)[computed] if tape.reached else np.ones(len(computed), dtype=bool)
    unchecked = np.isin(computed, list(tape.unchecked)) if tape.unchecked else 0
    apart = {id(one) for one in set(tape.operations) if (one.arity is None and one not in (SUM, DOT)) or one.stops or one is ELEMENT}
    alone = np.isin(tape.codes[computed], list(apart)) | np.isin(computed, [*tape.masks, *tape.error_masks])
    kinds = kinds_of(codes, counts, (batched, reached, unchecked), alone)
    best, most = None, LEAST_ROWS - 1
    for period in periods_of(kinds):
        for first, rounds in runs_of(kinds, period):
            round_ = slice(first, first + period)
            if period * rounds <= most or len(set(batched[round_].tolist())) > 1 or len(set(reached[round_].tolist())) > 1:
                continue
            own = slice(starts[first], starts[first + period * rounds])
            run = _regular(position, of_tape, tape.read[own].reshape(rounds, -1), first, period)
            if run is None or period * run.rounds <= most:
                continue
            if _is_long(run, counts[round_], part):
                best, most = run, period * run.rounds
    return best


def _is_long(run: _Run, counts: Rows, part: float) -> bool:
    """Whether more than a part of a round depends on carried numbers and leads to others, and few rows are independent of each other."""
    reader = np.repeat(np.arange(run.period), counts)
    inner, within = (np.array([where in kinds for where, _ in run.sources]) for kinds in ((SAME, BEFORE), (SAME,)))
    source = np.array([k for _, k in run.sources], dtype=np.intp)
    kept = on_cycles(reader[inner], source[inner], np.ones(run.period, dtype=bool))
    return bool(kept.mean() > part) and run.period < WIDEST * length_of(reader, source, within, np.ones(run.period, dtype=bool))


def _regular(position: Rows, batched: npt.NDArray[np.bool_], read: Rows, first: int, period: int) -> _Run | None:
    """The longest part of a run in which all rounds read in the same way; None if there is none.

    What they read from outside is shared in all of them, or batched in all.
    """
    rounds = len(read)
    at = position[read]  # -1 for leaves and constants
    middle = rounds // 2
    offset = at[middle] - (first + middle * period)
    inside = at[middle] >= first
    if (offset[inside] < -period).any():  # from more than one round before
        return None
    own = first + np.arange(rounds)[:, None] * period + offset
    within = (at >= first) & (at < first + rounds * period)
    alike = batched[read] == batched[read[middle]]
    valid = np.where(inside, at == own, ~within & alike).all(axis=1)
    edges = np.flatnonzero(np.diff(valid, prepend=False, append=False)).reshape(-1, 2)
    if not len(edges):
        return None
    begin, end = max(edges.tolist(), key=lambda edge: edge[1] - edge[0])
    if begin == 0 and (offset[inside] < 0).any():
        begin = 1
    if end - begin < 2:
        return None
    sources = [
        Source(OUTSIDE, k) if not own_round else Source(SAME, int(d)) if d >= 0 else Source(BEFORE, int(d % period))
        for k, (own_round, d) in enumerate(zip(inside.tolist(), offset.tolist(), strict=True))
    ]
    return _Run(first + begin * period, period, end - begin, sources, read[begin:end])


def _rolled(tape: Tape, computed: Rows, run: _Run) -> tuple[Tape, Rows]:
    rows = computed[run.first : run.first + run.period * run.rounds].reshape(run.rounds, -1)
    counts = tape.counts[rows[0]]
    repeated, along, sources = _outside(run)
    members = sorted({k for where, k in run.sources if where == BEFORE})
    placed = [Source(BEFORE, members.index(k)) if where == BEFORE else Source(where, k) for where, k in sources]
    ends = np.cumsum(counts).tolist()
    inputs = tuple([tuple(placed[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)])

    in_loop = np.zeros(len(tape.nodes), dtype=bool)
    in_loop[rows] = True
    outer = np.flatnonzero(~in_loop)
    outer_reads = tape.read[~np.repeat(in_loop, tape.counts)]
    masks = [*tape.masks.values(), *tape.error_masks.values()]
    used = np.unique(np.concatenate([outer_reads, tape.results, masks]).astype(np.intp))
    used = used[in_loop[used]]
    where = np.full(len(tape.nodes), -1, dtype=np.intp)
    where[rows.ravel()] = np.arange(rows.size)
    of_round, of_member = np.divmod(where[used], run.period)
    last = [m if r == run.rounds - 1 and m in members else -1 for r, m in zip(of_round.tolist(), of_member.tolist(), strict=True)]
    kept = sorted({m for m, carried in zip(of_member.tolist(), last, strict=True) if carried < 0})
    written = Written(
        run.rounds,
        tuple([tape.operations[row] for row in rows[0].tolist()]),
        inputs,
        tuple(members),
        tuple(kept),
        len(repeated),
        (None,) * len(along),
        None,
    )
    before = computed[run.first - run.period : run.first]  # the round before, which has the first carried numbers
    read = [*before[members].tolist(), *repeated, *[row for column in along for row in column]]
    elements = [
        members.index(m) if carried >= 0 else len(members) + kept.index(m) * run.rounds + r
        for m, carried, r in zip(of_member.tolist(), last, of_round.tolist(), strict=True)
    ]
    return _with_loop(tape, outer, int(rows[0, 0]), int(rows[-1, -1]), written, read, used, elements)


def _outside(run: _Run) -> tuple[list[int], list[list[int]], list[Source]]:
    """The rows from outside that are the same in every round; the columns of others; and the sources with their indices among these."""
    repeated: dict[int, int] = {}
    along: dict[bytes, int] = {}
    columns: list[list[int]] = []
    found: list[tuple[bool, int]] = []
    for where, k in run.sources:
        if where != OUTSIDE:
            continue
        column = run.read[:, k]
        if (column == column[0]).all():
            found.append((True, repeated.setdefault(int(column[0]), len(repeated))))
        else:
            key = column.tobytes()
            if key not in along:
                along[key] = len(columns)
                columns.append(column.tolist())
            found.append((False, along[key]))
    of_outside = iter([index if is_same else len(repeated) + index for is_same, index in found])
    return list(repeated), columns, [Source(where, next(of_outside)) if where == OUTSIDE else Source(where, k) for where, k in run.sources]


def _with_loop(
    tape: Tape, outer: Rows, start: int, end: int, written: Written, read: list[int], used: npt.NDArray[np.intp], elements: list[int]
) -> tuple[Tape, Rows]:
    """The tape with a row for the loop, and rows for its elements, in place of its own rows.

    Args:
        tape: the tape.
        outer: the rows that stay.
        start, end: the first and the last row of the loop.
        written: the loop.
        read: the rows that are its inputs.
        used: the rows of the loop that others read.
        elements: which element each of them is.
    """
    first, after = outer[outer <= end], outer[outer > end]
    count, of_elements = len(first), len(elements)
    new = np.full(len(tape.nodes), -1, dtype=np.intp)
    new[first] = np.arange(count)
    new[used] = count + 1 + of_elements + np.arange(of_elements)
    new[after] = count + 1 + 2 * of_elements + np.arange(len(after))

    def moved(rows: Rows) -> list[tuple[int, ...]]:
        return [tuple(new[[*tape.inputs[row]]].tolist()) if tape.inputs[row] else () for row in rows.tolist()]

    loop = Value(0.0)
    indices = [Value(float(k), None, CONSTANT) for k in elements]
    nodes = [*[tape.nodes[row] for row in first.tolist()], loop, *indices, *[tape.nodes[row] for row in [*used.tolist(), *after.tolist()]]]
    operations = [
        *[tape.operations[row] for row in first.tolist()],
        operation_of(written),
        *[CONSTANT] * of_elements,
        *[ELEMENT] * of_elements,
        *[tape.operations[row] for row in after.tolist()],
    ]
    inputs = [
        *moved(first),
        tuple(new[read].tolist()),
        *[()] * of_elements,
        *[(count, count + 1 + i) for i in range(of_elements)],
        *moved(after),
    ]

    def flags(of: list[bool], of_loop: bool) -> list[bool]:
        return [*np.array(of)[first].tolist(), of_loop, *[False] * of_elements, *np.array(of)[[*used, *after]].tolist()]

    same = np.arange(len(nodes))
    same[new[outer]] = new[tape.same[outer]]
    return replace(
        tape,
        nodes=nodes,
        operations=operations,
        inputs=inputs,
        results=new[tape.results].tolist(),
        batched=flags(tape.batched, tape.batched[start]),
        masks={int(new[row]): int(new[mask]) for row, mask in tape.masks.items()},
        error_masks={int(new[row]): int(new[mask]) for row, mask in tape.error_masks.items()},
        unchecked=frozenset([int(new[row]) for row in tape.unchecked if new[row] >= 0] + ([count] if start in tape.unchecked else [])),
        reached=flags(tape.reached, True) if tape.reached else [],
        same=same,
    ), new
