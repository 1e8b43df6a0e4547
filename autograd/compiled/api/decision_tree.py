"""The decision tree of a compiled function: the conditions that a sample meets, one after the other, down to its branch.

The recordings of two branches are the same up to the first condition whose truth differs. So the branches are the leaves of a tree
whose inner nodes are conditions. Samples walk down together: a *stretch* of decisions is one program, which computes the conditions
for the samples that reach it; the first condition at which a sample leaves the stretch decides where it goes on. A stretch follows the
side with more branches (a heavy path), and ends where its work would be more than twice that of the conditions before it. So a sample
costs in proportion to the work of the conditions that it meets, times the logarithm of the number of branches at most, in whatever
order the branches were recorded. Whether a sample belongs to the branch to which it was led, the guards of the branch decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.compiled.api.arguments import Argument, Array
from autograd.compiled.api.branch import Branch
from autograd.compiled.api.loaded import Check, Checks, Loaded, loaded
from autograd.compiled.backends.contract import Backend
from autograd.compiled.pipeline import collector_paused, trace
from autograd.contexts import enable_grad
from autograd.recording import Guard
from autograd.value import Value

FREE_ROWS = 64
"""A stretch may compute so many rows more than twice those that its samples have passed already."""

Samples = Any
"""The indices of samples, in order; or a slice of all of them."""


@dataclass(eq=False, slots=True)
class Decision:
    """A condition, and what follows by its truth.

    Attributes:
        branch: the first branch that was recorded through the decision.
        depth: the number of guards before it.
        true, false: what follows: another decision, a branch, or None if no sample has taken this side yet.
        count: the number of branches behind it.
        stretch: the program that starts with this decision.
    """

    branch: Branch
    depth: int
    true: Decision | Branch | None = None
    false: Decision | Branch | None = None
    count: int = 1
    stretch: Stretch | None = field(default=None, repr=False)

    @property
    def line(self) -> str:
        """The line of the condition."""
        return self.branch.checks[self.depth].line

    @property
    def guard(self) -> Guard:
        """The condition in the recording of the first branch."""
        return self.branch.recorded.recording.guards[self.depth]

    def side(self, truth: bool) -> Decision | Branch | None:
        """What follows if the condition has this truth."""
        return self.true if truth else self.false

    def lead(self, truth: bool, to: Decision | Branch) -> None:
        """Set what follows."""
        if truth:
            self.true = to
        else:
            self.false = to

    @property
    def heavier(self) -> bool:
        """The side with more branches."""
        return _count(self.true) >= _count(self.false)


def _count(side: Decision | Branch | None) -> int:
    return side.count if isinstance(side, Decision) else int(side is not None)


class DecisionTree:
    """The branches of a function for arguments of one form.

    Attributes:
        version: the number of branches that were added.
    """

    def __init__(self) -> None:
        self.version = 0
        self._root: Decision | Branch | None = None

    def add(self, branch: Branch) -> None:
        """Add a branch, unless the tree has other conditions where it has its own, because the function changes."""
        passed: list[tuple[Decision, bool]] = []
        at = self._root
        while isinstance(at, Decision):
            if len(passed) == len(branch.checks) or at.line != branch.checks[len(passed)].line:
                return
            passed.append((at, branch.checks[len(passed)].truth))
            at = at.side(passed[-1][1])
        if at is not None:
            return
        below: Decision | Branch = branch
        for depth in range(len(branch.checks) - 1, len(passed) - 1, -1):
            above = Decision(branch, depth)
            above.lead(branch.checks[depth].truth, below)
            below = above
        if passed:
            passed[-1][0].lead(passed[-1][1], below)
        else:
            self._root = below
        for decision, _ in passed:
            decision.count += 1
        self.version += 1

    def route(self, backend: Backend, arguments: Sequence[Argument], numbers: Sequence[Array], size: int) -> list[tuple[Branch, Samples]]:
        """The samples of each branch that some of them reach. Those that take a way that was not recorded are not among them."""
        placed: list[tuple[Branch, Samples]] = []
        todo: list[tuple[Decision | Branch | None, Samples]] = [(self._root, slice(None))]
        while todo:
            at, samples = todo.pop()
            if isinstance(at, Branch):
                placed.append((at, samples))
            elif at is not None:
                if at.stretch is None or at.stretch.version != self.version:
                    at.stretch = self._stretch(at, backend, arguments)
                todo += at.stretch.parts(numbers, samples, size)
        return placed

    def _stretch(self, start: Decision, backend: Backend, arguments: Sequence[Argument]) -> Stretch:
        """The stretch that starts with a decision: the one that it has, if it is still the same."""
        decisions = _cut(_heavy_path(start))
        before = start.stretch
        if before is not None and before.decisions == decisions:
            return replace(before, version=self.version)
        return record_stretch(backend, arguments, decisions, self.version)


def _heavy_path(start: Decision) -> list[Decision]:
    """Decisions in a row, of which each is on the heavier side of the one before it."""
    path, at = [start], start.side(start.heavier)
    while isinstance(at, Decision):
        path.append(at)
        at = at.side(at.heavier)
    return path


def _cut(path: list[Decision]) -> list[Decision]:
    """The first decisions of a path, whose work is in proportion to that of the decisions before it."""
    guards = path[-1].branch.recorded.recording.guards
    start = path[0].depth
    rows = _rows_behind(guards[: path[-1].depth + 1])
    passed = 0
    for depth, behind in enumerate(rows):
        if depth < start:
            passed = behind
        elif depth > start and behind > 2 * passed + FREE_ROWS:
            return path[: depth - start]
    return path


def _rows_behind(guards: Sequence[Guard]) -> Iterator[int]:
    """The number of nodes behind the first guard, behind the first two, and so on."""
    seen: set[Value] = set()
    for guard in guards:
        todo: list[Any] = [guard.node] if guard.mask is None else [guard.node, guard.mask]
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += node._prev
        yield len(seen)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Decisions in a row, and the program that computes their conditions.

    Attributes:
        decisions: the decisions.
        sides: for each of them, the truth with which the next one follows.
        program: computes the conditions.
        checks: the conditions in storage.
        version: the version of the tree for which it is up to date.
    """

    decisions: list[Decision]
    sides: list[bool]
    program: Loaded
    checks: Checks
    version: int

    def parts(self, numbers: Sequence[Array], samples: Samples, size: int) -> Iterator[tuple[Decision | Branch | None, Samples]]:
        """Where some of the samples go on. For the arguments see `Loaded.storage`."""
        data = self.program.storage(numbers, samples, size)
        self.program.executable.forward(data)
        stays, matter = self.checks.hold(data), self.checks.matter(data)
        if matter is not None:
            # where a condition does not matter, it has its own truth if the side was recorded, and the other one if not
            closed = [decision.side(not side) is None for decision, side in zip(self.decisions, self.sides, strict=True)]
            stays |= ~matter & np.array(closed)[:, None]
        count = np.zeros(data.samples, dtype=np.min_scalar_type(len(stays)))  # small integers are sorted in linear time
        going = np.ones(data.samples, dtype=bool)
        for row in stays:
            going &= row
            count += going
        which = np.flatnonzero(np.bincount(count))
        ends = [(decision, not side) for decision, side in zip(self.decisions, self.sides, strict=True)]
        ends.append((self.decisions[-1], self.sides[-1]))
        if len(which) == 1:
            decision, side = ends[which[0]]
            yield decision.side(side), samples
            return
        order = np.argsort(count, kind="stable")
        own = order if isinstance(samples, slice) else samples[order]
        edges = [0, *np.searchsorted(count[order], which[1:]).tolist(), len(own)]
        for k, (start, end) in zip(which.tolist(), pairwise(edges), strict=True):
            decision, side = ends[k]
            yield decision.side(side), own[start:end]


@collector_paused()
def record_stretch(backend: Backend, arguments: Sequence[Argument], decisions: list[Decision], version: int) -> Stretch:
    """Compile the conditions of decisions in a row, from the recording of a branch through all of them."""
    last = decisions[-1]
    recorded = last.branch.recorded
    guards = recorded.recording.guards[decisions[0].depth : last.depth + 1]
    roots = [guard.node for guard in guards] + [guard.mask for guard in guards if guard.mask is not None]
    batched = [leaf for argument, leaves in zip(arguments, recorded.variables, strict=True) if argument.batched for leaf in leaves]
    with enable_grad():
        tape = trace(roots, batched, None, [], last.branch.fixed)
    tape = replace(tape, unchecked=frozenset(range(len(tape.nodes))))  # the branch checks its domains
    program, place, _, _ = loaded(backend, recorded, tape, (), ())
    sides = [guard.truth for guard in guards[:-1]] + [last.heavier]
    checks = [
        Check(place(guard.node), side, guard.line, None if guard.mask is None else place(guard.mask))
        for guard, side in zip(guards, sides, strict=True)
    ]
    return Stretch(decisions, sides, program, Checks(checks), version)
