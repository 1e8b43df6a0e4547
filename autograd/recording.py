"""Recording: what `compile` records while a function runs once on Values that stand for its arguments.

A graph has no `if`. While a function is recorded, a comparison of Values is therefore a `Condition` (see `autograd.conditions`), which
adds a `Guard` to the recording when the function uses its truth. Domains are not checked while recording: each run checks them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from autograd._runtime.coercion import need_function
from autograd._runtime.state import RECORDING
from autograd._runtime.temporary import During, Temporary
from autograd.contexts import Assigned, Watching, current_line, observe
from autograd.errors import CompileError
from autograd.graph import Node
from autograd.ops import OPERATIONS, SELECT
from autograd.tracing import Trace, Tracing, is_running, refused
from autograd.value import Value, apply


@dataclass(frozen=True)
class Guard:
    """A condition that decided a branch: its truth while recording, the line of the `if`, and the mask of its side of a `where`."""

    node: Value
    truth: bool
    line: str
    mask: Value | None


@dataclass
class Recording:
    """The recording of one run of a function, besides its graph.

    Attributes:
        draws: the leaves that stand for random numbers, each with the function that draws it at every run.
        guards: the conditions whose truth the function used.
        masks: for each node that was made within one side of a `where`, a node that is 1 where that side is selected, else 0.
        unchecked: the nodes whose domain is not checked: those of derivatives, where an infinite slope is inf.
        mask: the mask of the nodes that are being made.
        trace: the nodes that stand for the arguments.
        answers: if a function is recorded again, the truths of its conditions in the first recording, so that it takes the same branches.
        lines: the line at which each node was made, by its `id`; None if the lines are not needed.
        outer: the recording around this one.
    """

    draws: list[tuple[Value, Callable[[], float]]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    masks: dict[Value, Value] = field(default_factory=dict)
    unchecked: set[Value] = field(default_factory=set)
    mask: Value | None = None
    trace: Trace | None = None
    answers: list[bool] | None = None
    lines: dict[int, str] | None = None
    outer: Recording | None = None
    _sides: dict[tuple[Value, bool, Value | None], Value] = field(default_factory=dict)
    _unions: dict[frozenset[int], Value] = field(default_factory=dict)  # of two sides, by their `id`
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
                    "not end, or has too many rounds. End it after a number of rounds that does not depend on Values"
                )
            )
        return truth

    def side(self, condition: Value, first: bool, outer: Value | None) -> Value:
        """The mask of one side of a `where` within the side `outer`."""
        chosen = self._chosen.get(condition) if first else None  # the condition is a mask, as in derivatives
        if chosen is not None and (outer is None or self.within(condition, outer)):
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
        sides = dict(roots)
        for node in reversed(order):
            if node not in sides or (backward and node._operation.stops):
                continue
            outer = sides[node]
            is_choice = node._operation.is_like(SELECT)
            for k, x in enumerate(node._prev):
                if backward and is_choice and not k:
                    continue
                use = self.side(node._prev[0], k == 1, outer) if k and is_choice else outer
                both = self._either if backward else self._common
                sides[x] = both(sides[x], use) if x in sides else use
        return sides

    def _either(self, a: Value | None, b: Value | None) -> Value | None:
        """A mask that is 1 where either of two sides is selected."""
        if a is None or b is None:
            return None
        if self.within(b, a):
            return a
        if self.within(a, b):
            return b
        key = frozenset([id(a), id(b)])
        mask = self._unions.get(key)
        if mask is None:
            mask = self._unions[key] = apply(OPERATIONS["maximum"], [a, b])
            self._several.add(mask)
            self._chosen[mask] = self._chosen[a] & self._chosen[b]
            self._outer[mask] = self._common(a, b)
        return mask

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


_LOGGED: ContextVar[list[float] | None] = ContextVar("logged draws", default=None)
_REPLAYED: ContextVar[list[float] | None] = ContextVar("replayed draws", default=None)


def logging_draws(log: list[float]) -> During[None]:
    """A context in which the numbers that are drawn are appended to a list."""
    return During(lambda: Assigned(_LOGGED, log))


def replaying_draws(log: list[float]) -> During[None]:
    """A context in which these numbers are drawn again, before any others."""
    return During(lambda: Assigned(_REPLAYED, log))


def draw(sampler: Callable[[], float]) -> float:
    """A number of a sampler, or one to be replayed."""
    replayed = _REPLAYED.get()
    number = replayed.pop(0) if replayed else sampler()
    log = _LOGGED.get()
    if log is not None:
        log.append(number)
    return number


def drawn(sampler: Callable[[], float]) -> float | Value:
    """A random number from `sampler`. In a compiled function it is drawn at every run, for every sample.

    Other ways to draw random numbers in a compiled function are an error, because every run would repeat the numbers of the recording.

    Args:
        sampler: a function of no arguments that returns a number.

    Raises:
        InputError: `sampler` is not a function.
        CompileError: it is called within a side of a `where` in a function that is being compiled.

    Example:
        >>> import random
        >>> rng = random.Random(0)
        >>> 0.0 <= drawn(rng.random) < 1.0
        True
    """
    need_function(sampler, "drawn(random.random)")
    now = recorder()
    if now is None:
        return draw(sampler)
    assert now.trace is not None
    if now.mask is not None:
        raise refused(
            CompileError(
                f"drawn() was called at {current_line()} within a side of a where while the function was recorded: samples that choose the "
                "other side would draw too. Draw before the where, or choose by `if`"
            )
        )
    leaf = Value(0.5, label="drawn")  # no number is used up: each run draws its own
    now.draws.append((leaf, sampler))
    now.trace.add([leaf])
    return leaf


def observing() -> During[None]:
    """A context in which `observed` is called with each new node."""
    return During(Watching)


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
    if now.mask is not None and isinstance(node, Value) and node._inputs:
        now.masks[node] = now.mask
