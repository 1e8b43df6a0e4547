"""Recording: what `compile` records while a function runs once on Values that stand for its arguments.

A graph has no `if`. While a function is recorded, a comparison of Values is therefore a `Condition` (see `autograd.conditions`), which
adds a `Guard` to the recording when the function uses its truth. Domains are not checked while recording: each run checks them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, overload

from autograd._runtime.coercion import need_function
from autograd._runtime.state import RECORDING
from autograd._runtime.temporary import During, Temporary
from autograd.contexts import Assigned, Watching, current_line, observe
from autograd.draws import Draw, Shape, draw
from autograd.errors import CompileError
from autograd.graph import Node
from autograd.ops import OPERATIONS, SELECT
from autograd.tracing import Trace, Tracing, is_running, refused
from autograd.value import Value, apply

Sides = tuple[Value, ...] | None
"""Sides of `where`s in one of which something is used, in an order that each recording repeats; None if it is used everywhere."""

SIDES = 16
"""So many sides are distinguished; more become one."""


@dataclass(frozen=True)
class Guard:
    """A condition that decided a branch: its truth while recording, the line of the `if`, and the mask of its side of a `where`."""

    node: Value
    truth: bool
    line: str
    mask: Value | None


Roll = Callable[["Recording", Callable[[Any, Any], Any], Any, Callable[[int], Any] | None, int], tuple[Any, list[Any]] | None]
"""See `Recording`."""


@dataclass
class Recording:
    """The recording of one run of a function, besides its graph.

    Attributes:
        draws: the leaves that stand for random numbers, those that are drawn together with what draws them at every run.
        guards: the conditions whose truth the function used.
        masks: for each node that was made within one side of a `where`, a node that is 1 where that side is selected, else 0.
        unchecked: the nodes whose domain is not checked: those of derivatives, where an infinite slope is inf.
        mask: the mask of the nodes that are being made.
        checks_domains: whether the domains of the nodes that are being made are checked.
        trace: the nodes that stand for the arguments.
        answers: if a function is recorded again, the truths of its conditions in the first recording, so that it takes the same branches.
        lines: the line at which each node was made, by its `id`; None if the lines are not needed.
        outer: the recording around this one.
        roll: records a scan as one loop: a function of this recording, the step, the first carry, a function that returns what a round
            gets (None if nothing), and the number of rounds. It returns the last carry and the ys; or None if the scan is to be unrolled.
    """

    draws: list[tuple[list[Value], Draw]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    masks: dict[Value, Value] = field(default_factory=dict)
    unchecked: set[Value] = field(default_factory=set)
    mask: Value | None = None
    checks_domains: bool = True
    trace: Trace | None = None
    answers: list[bool] | None = None
    lines: dict[int, str] | None = None
    outer: Recording | None = None
    roll: Roll | None = None
    _sides: dict[tuple[Value, bool, Value | None], Value] = field(default_factory=dict)
    _unions: dict[frozenset[Value], Value] = field(default_factory=dict)  # masks of several sides
    _several: set[Value] = field(default_factory=set)  # the unions, and the sides within them
    _outer: dict[Value, Value | None] = field(default_factory=dict)  # the enclosing side of each side
    _chosen: dict[Value, frozenset[tuple[Value, bool]]] = field(default_factory=dict)  # the conditions of each side, and their truths

    def answer(self, condition: Value, truth: bool) -> bool:
        """The truth of a condition that decides a branch. Adds a guard.

        Raises:
            CompileError: there are too many guards.
        """
        if self.answers is not None and len(self.guards) < len(self.answers):
            truth = self.answers[len(self.guards)]
        self.guards.append(Guard(condition, truth, current_line(), self.mask))
        if len(self.guards) > GUARDS:
            raise refused(
                CompileError(
                    f"the function decided more than {GUARDS:,} branches while it was recorded, the last at {current_line()}: a loop does "
                    "not end, or has too many rounds. End it after a number of rounds that does not depend on Values, as "
                    "while_loop(condition, step, init, max_rounds=1000) does"
                )
            )
        return truth

    def side(self, condition: Value, first: bool, outer: Value | None) -> Value:
        """The mask of one side of a `where` within the side `outer`."""
        chosen = self._chosen.get(condition)  # not None if the condition is a mask, as in derivatives
        if chosen is not None and not first:
            chosen = frozenset([(of, not truth) for of, truth in chosen]) if len(chosen) == 1 and condition not in self._several else None
        elif chosen is not None and (outer is None or self.within(condition, outer)):
            return condition
        key = condition, first, outer
        mask = self._sides.get(key)
        if mask is None:
            mask = condition if first else 1.0 - condition
            mask = self._sides[key] = mask if outer is None else mask * outer
            self._outer[mask] = outer
            if outer in self._several:
                self._several.add(mask)
            self._chosen[mask] = (chosen or frozenset([(condition, first)])) | (frozenset() if outer is None else self._chosen[outer])
        return mask

    def within(self, inner: Value | None, mask: Value) -> bool:
        """Whether a side of a `where` (None for outside of all) is certainly within another one, or is the same."""
        return inner is mask or (inner is not None and mask not in self._several and self._chosen[mask] <= self._chosen[inner])

    def uses(self, order: Sequence[Value], roots: dict[Value, Value | None], backward: bool) -> dict[Value, Value | None]:
        """For each node the mask of the innermost side of a `where` that contains all of its uses; None if it is also used outside.

        Eager code has no graph of the side that is not selected, so no gradient passes there. In a recorded graph this gradient must be
        exactly 0, even if 0 is multiplied by an infinite slope.

        Args:
            order: the graph, inputs first.
            roots: the results, each with the side in which it is used.
            backward: whether to count only uses that pass a gradient back; a condition passes none.
        """
        sides: dict[Value, Sides] = {node: None if side is None else (side,) for node, side in roots.items()}
        for node in reversed(order):
            if node not in sides or (backward and node._operation.stops):
                continue
            outer = sides[node]
            is_choice = node._operation.is_like(SELECT)
            for k, x in enumerate(node._prev):
                if backward and is_choice and not k:
                    continue
                use = self._within_each(node._prev[0], k == 1, outer) if k and is_choice else outer
                both = self._either if backward else self._around
                sides[x] = both(sides[x], use) if x in sides else use
        return {node: self._mask_of(of_node) for node, of_node in sides.items()}

    def _within_each(self, condition: Value, first: bool, outer: Sides) -> Sides:
        """One side of a `where` that is used in several sides of others."""
        if outer is None:
            return (self.side(condition, first, None),)
        return tuple([self.side(condition, first, side) for side in outer])

    def _either(self, a: Sides, b: Sides) -> Sides:
        """The sides in which either is used: without those within others, and with both sides of a `where` as what is around it."""
        if a is None or b is None:
            return None
        todo = list(b)
        while todo:
            new = todo.pop()
            if any(self.within(new, side) for side in a):
                continue
            a = tuple([side for side in a if not self.within(side, new)])
            for side in a:
                around = self._around_both(side, new)
                if around is None:
                    return None
                if around is not side:
                    a = tuple([other for other in a if other is not side])
                    todo.append(around)
                    break
            else:
                a = (*a, new)
        return a if len(a) <= SIDES else (self._any_of(a),)

    def _around_both(self, a: Value, b: Value) -> Value | None:
        """What is around two sides, if they are the two sides of one `where`; None if that is everything; `a` if they are not."""
        if a in self._several or b in self._several:
            return a
        of_a, of_b = self._chosen[a], self._chosen[b]
        common = of_a & of_b
        if len(of_a) != len(of_b) or len(of_a) != len(common) + 1:
            return a
        (condition, truth), (other, opposite) = *(of_a - common), *(of_b - common)
        if condition is not other or truth is opposite:
            return a
        around: Value | None = a
        while around is not None and self._chosen[around] != common:
            around = self._outer[around]
        return around if around is not None or not common else a

    def _mask_of(self, sides: Sides) -> Value | None:
        return None if sides is None else self._any_of(sides)

    def _any_of(self, sides: tuple[Value, ...]) -> Value:
        """A mask that is 1 where one of the sides is selected."""
        if len(sides) == 1:
            return sides[0]
        key = frozenset(sides)
        mask = self._unions.get(key)
        if mask is None:
            mask, around = sides[0], self._outer[sides[0]]
            for side in sides[1:]:
                mask, around = apply(OPERATIONS["maximum"], [mask, side]), self._common(around, side)
            self._unions[key] = mask
            self._several.add(mask)
            self._chosen[mask] = frozenset.intersection(*[self._chosen[side] for side in sides])
            self._outer[mask] = around
        return mask

    def _around(self, a: Sides, b: Sides) -> Sides:
        """The innermost side that contains both."""
        common = self._common(self._mask_of(a), self._mask_of(b))
        return None if common is None else (common,)

    def _common(self, a: Value | None, b: Value | None) -> Value | None:
        """The innermost side that contains both."""
        while a is not None and not self.within(b, a):
            a = self._outer[a]
        return a


GUARDS = 100_000
"""The largest number of guards in one recording."""

_RECORDER: ContextVar[Recording | None] = ContextVar("recorder", default=None)


class _Recorder(Temporary[Recording]):
    """The context in which a function is recorded."""

    def __init__(self, new: Recording) -> None:
        self._new = new
        self._tracing = Tracing(is_recorded=True)
        self._recording = Assigned(RECORDING, True)
        new.outer = _RECORDER.get()
        new.trace = self._tracing.trace

    def do(self) -> Recording:
        """See `Temporary`."""
        _RECORDER.set(self._new)
        self._tracing.do()
        self._recording.do()
        return self._new

    def undo(self) -> None:
        """See `Temporary`."""
        self._recording.undo()
        self._tracing.undo()
        innermost = _RECORDER.get()
        while innermost is not None and (innermost.trace is None or not is_running(innermost.trace)):
            innermost = innermost.outer
        _RECORDER.set(innermost)


def recording(new: Recording | None = None) -> During[Recording]:
    """A context in which this thread records."""
    return During(lambda: _Recorder(new or Recording()))


def recorder() -> Recording | None:
    """The recording of this thread; None in a thread that was started by the recorded function."""
    now = _RECORDER.get()
    return now if now is not None and now.trace is not None and now.trace.thread == threading.get_ident() else None


@overload
def drawn(sampler: Callable[[], float]) -> float | Value: ...


@overload
def drawn(sampler: Callable[..., Any], shape: Shape) -> Any: ...


def drawn(sampler: Callable[..., Any], shape: Shape | None = None) -> Any:
    """A random number from `sampler`, or with a shape many of them. In a compiled function they are drawn at every run, for every sample.

    Other ways to draw random numbers in a compiled function are an error, because every run would repeat the numbers of the recording.
    A sample draws all of its numbers before the next one, so that a compiled function draws, from the same seed, what eager code draws.

    Args:
        sampler: a function of no arguments that returns a number. With a shape, it may be a function of the shape that returns as many
            numbers, in an array or in nested lists, as the methods of NumPy's generators: one call for all of them is quicker than one
            for each.
        shape: a whole number, for a list of so many numbers; or a tuple, for nested lists. Without it, a single number.

    Raises:
        InputError: `sampler` is not a function, or returns numbers of another shape; or `shape` is no shape.
        CompileError: it is called within a side of a `where` in a function that is being compiled.

    Example:
        >>> import random
        >>> rng = random.Random(0)
        >>> 0.0 <= drawn(rng.random) < 1.0
        True
        >>> noise = drawn(rng.random, (2, 3))
        >>> len(noise), len(noise[0])
        (2, 3)
    """
    need_function(sampler, "drawn(random.random)")
    now = recorder()
    if now is None:
        if shape is None:
            return draw(sampler)
        own = Draw(sampler, shape)
        return own.arranged(own.numbers())
    assert now.trace is not None
    if now.mask is not None:
        raise refused(
            CompileError(
                f"drawn() was called at {current_line()} within a side of a where while the function was recorded: samples that choose the "
                "other side would draw too. Draw before the where, or choose by `if`"
            )
        )
    own = Draw(sampler, shape)
    leaves = [Value(0.5, label="drawn") for _ in range(own.count)]  # no number is used up: each run draws its own
    now.draws.append((leaves, own))
    now.trace.add(leaves)
    return own.arranged(leaves)


def observing() -> During[None]:
    """A context in which `observed` is called with each new node."""
    return During(Watching)


class _Unchecked(Temporary[None]):
    def __init__(self, now: Recording) -> None:
        self._now, self._before = now, now.checks_domains
        self._watching = Watching()

    def do(self) -> None:
        """See `Temporary`."""
        self._watching.do()  # calls `observed` with each new node
        self._now.checks_domains = False

    def undo(self) -> None:
        """See `Temporary`."""
        self._now.checks_domains = self._before
        self._watching.undo()


def unchecked(now: Recording) -> During[None]:
    """A context for a search in a recorded function: beyond its domain an operation is nan, where eager code would catch the error."""
    return During(lambda: _Unchecked(now))


def is_unchecked(node: Value) -> None:
    """Note that the domain of the operation of this node is not checked."""
    now = recorder()
    if now is not None:
        now.unchecked.add(node)


def observed(node: Node) -> None:
    """Called with each new node within `detect_anomaly`, `scope`, or one side of a recorded `where`."""
    observe(node)
    now = recorder()
    if now is None:
        return
    if now.lines is not None:
        now.lines[id(node)] = current_line()
    if isinstance(node, Value) and node._inputs:
        if now.mask is not None:
            now.masks[node] = now.mask
        if not now.checks_domains:
            now.unchecked.add(node)
