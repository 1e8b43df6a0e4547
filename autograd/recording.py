"""Recording: what `compile` must know of a function while it runs once on Values that stand for its arguments.

A graph has no `if`. While a function is recorded, a comparison of Values is therefore a `Condition`. Asked for its truth, by
an `if`, it answers for the numbers at hand and leaves a `Guard`: the recorded graph holds only where the answer is the same.
Given to `where`, it becomes a part of the graph, which then holds for both answers.

Nothing is checked while recording: whether a number is outside of a domain, the run decides.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from autograd.contexts import RECORDING, Assigned, Watching, current_line, observe
from autograd.errors import CompileError, InputError
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, EQUAL, LESS, LESS_EQUAL, OPERATIONS, SELECT, Operation
from autograd.state import STATE
from autograd.temporary import During, Temporary
from autograd.tracing import Trace, Tracing, asked_by_us, here, is_running, refused, trace_of
from autograd.trees import flatten
from autograd.value import Value, apply, is_operand, number_of, real


@dataclass(frozen=True)
class Guard:
    """What a run must have in common with the recording: the condition, its truth then, the line that asked, and whether it was wanted."""

    node: Value
    truth: bool
    line: str
    mask: Value | None


@dataclass
class Recording:
    """What happened while a function ran once.

    Attributes:
        draws: the leaves that stand for random numbers, each with the function that draws it anew.
        guards: the conditions that were asked for their truth.
        masks: for the nodes that were made within one side of a `where`, a node that is 1 where that side is selected, else 0.
        unchecked: the nodes whose domain is not checked: those of derivatives, where an infinite slope is inf.
        mask: of the nodes that are made now.
        trace: which nodes stand for the arguments.
        answers: where the function is recorded again, the truths that its conditions had the first time: it takes the same branches.
        lines: where it is to be known, the line at which each node was made, by its `id`.
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
    _outer: dict[Value, Value | None] = field(default_factory=dict)  # the side that a side stands in
    _chosen: dict[Value, frozenset[tuple[Value, bool]]] = field(default_factory=dict)  # the conditions of a side, and how they are chosen

    def side(self, condition: Value, first: bool, outer: Value | None) -> Value:
        """The mask of one side of a `where` that stands within the side `outer`."""
        chosen = self._chosen.get(condition) if first else None  # of a choice by a mask, as derivatives have it
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
        """Whether a side of a `where`, or what is outside of all of them, is surely in another one, or the same."""
        return inner is mask or (inner is not None and mask not in self._several and self._chosen[mask] <= self._chosen[inner])

    def uses(self, order: Sequence[Value], roots: dict[Value, Value | None], backward: bool) -> dict[Value, Value | None]:
        """For each node the mask of the innermost side of a `where` that all who use it are in; None where it is used outside too.

        Eager code has no graph of the side that is not selected, and so no gradient goes there. In a recorded graph that gradient
        must be exactly 0, also where 0 meets an infinite slope.

        Args:
            order: the graph, inputs before what is computed from them.
            roots: who is asked for a result, and in which side.
            backward: whether only those count that a gradient comes from; a condition gives none.
        """
        found = dict(roots)
        for node in reversed(order):
            if node not in found or (backward and node._operation.stops):
                continue
            outer = found[node]
            is_choice = node._operation.is_like(SELECT)
            for k, x in enumerate(node._prev):
                if backward and is_choice and not k:
                    continue
                use = self.side(node._prev[0], k == 1, outer) if k and is_choice else outer
                both = self._either if backward else self._common
                found[x] = both(found[x], use) if x in found else use
        return found

    def _either(self, a: Value | None, b: Value | None) -> Value | None:
        """What is 1 where one of two sides is selected."""
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
        """The innermost side that two are in."""
        while a is not None and not self.within(b, a):
            a = self._outer[a]
        return a


GUARDS = 100_000
"""How many conditions may be asked for their truth in one recording."""

_RECORDER: ContextVar[Recording | None] = ContextVar("recorder", default=None)


class _Recorder(Temporary[Recording]):
    """A function is recorded."""

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
        found = _RECORDER.get()
        while found is not None and (found.trace is None or not is_running(found.trace)):
            found = found.outer
        _RECORDER.set(found)


def recording(new: Recording | None = None) -> During[Recording]:
    """Record what happens within."""
    return During(lambda: _Recorder(new or Recording()))


def recorder() -> Recording | None:
    """The function that this thread is recording; None in a thread that it has started."""
    now = _RECORDER.get()
    return now if now is not None and now.trace is not None and now.trace.thread == threading.get_ident() else None


_KEPT: ContextVar[list[float] | None] = ContextVar("kept", default=None)
_GIVEN_BACK: ContextVar[list[float] | None] = ContextVar("given back", default=None)


def keeping_draws(kept: list[float]) -> During[None]:
    """Within it, the numbers that are drawn are appended to a list."""
    return During(lambda: Assigned(_KEPT, kept))


def giving_back(kept: list[float]) -> During[None]:
    """Within it, these numbers are drawn first, before any others: as if they had not been drawn yet."""
    return During(lambda: Assigned(_GIVEN_BACK, kept))


def draw(sampler: Callable[[], float]) -> float:
    """A number of a sampler, or one that was given back."""
    given_back = _GIVEN_BACK.get()
    number = given_back.pop(0) if given_back else sampler()
    kept = _KEPT.get()
    if kept is not None:
        kept.append(number)
    return number


def drawn(sampler: Callable[[], float]) -> float | Value:
    """A random number, from `sampler`. In a compiled function it is drawn anew at every run and for every sample.

    A compiled function that draws random numbers in another way is an error: they would be those of the recording at every run.

    Args:
        sampler: a function of no arguments that returns a number.

    Raises:
        CompileError: it is called within a side of a `where` in a function that is being compiled.

    Example:
        >>> import random
        >>> rng = random.Random(0)
        >>> 0.0 <= drawn(rng.random) < 1.0
        True
    """
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


class Condition:
    """A comparison of Values in a function that is being recorded.

    `&`, `|` and `~` combine conditions, as with NumPy's arrays. `if`, `and`, `or` and `not` ask for the truth, which is allowed, and
    makes a branch; `where(condition, a, b)` makes none.

    Attributes:
        node: 1 where it holds, else 0.
    """

    __slots__ = ("node",)

    def __init__(self, node: Value) -> None:
        self.node = node

    def __bool__(self) -> bool:
        truth = self.node._data != 0.0
        now = recorder()
        if now is None and STATE.recorders:
            _refuse_in_threads(self.node)
        if now is not None:
            if now.answers is not None and len(now.guards) < len(now.answers):
                truth = now.answers[len(now.guards)]
            now.guards.append(Guard(self.node, truth, current_line(), now.mask))
            if len(now.guards) > GUARDS:
                line = current_line()
                raise refused(CompileError(f"a loop that does not end while the function is recorded, or one of too many rounds: {line}"))
        return truth

    def __and__(self, other: Any) -> Any:
        known = _known(other)
        return Condition(self.node * _node(other)) if known is None else self if known else False

    def __or__(self, other: Any) -> Any:
        known = _known(other)
        return Condition(apply(OPERATIONS["maximum"], [self.node, _node(other)])) if known is None else True if known else self

    def __invert__(self) -> Condition:
        return Condition(1.0 - self.node)

    __rand__ = __and__
    __ror__ = __or__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Condition):
            raise refused(InputError("conditions cannot be compared by == while a function is recorded: combine them by &, | and ~"))
        return bool(self) == other

    def __hash__(self) -> int:
        return hash(bool(self))

    def __index__(self) -> int:
        return int(bool(self))

    # As a number a truth is 0 or 1, which is what its node is. No derivative goes through it.

    def __add__(self, other: Any) -> Any:
        return self.node + _as_number(other)

    def __sub__(self, other: Any) -> Any:
        return self.node - _as_number(other)

    def __rsub__(self, other: Any) -> Any:
        return other - self.node

    def __mul__(self, other: Any) -> Any:
        return self.node * _as_number(other)

    def __truediv__(self, other: Any) -> Any:
        return self.node / _as_number(other)

    def __neg__(self) -> Value:
        return -self.node

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self) -> str:
        if recorder() is not None and not asked_by_us():
            raise refused(
                CompileError(
                    f"a condition was asked for its text at {current_line()} while the function was recorded: the text would be frozen. "
                    "Choose with where(x > 0, a, b), or by `if`"
                )
            )
        return f"<condition, {self.node._data != 0.0} while recording>"

    def select(self, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`: what `where` does while recording. Both sides become part of the graph.

        Raises:
            InputError: the two sides are not of the same form, or not made of numbers.
        """
        (first, build), (second, other) = flatten(self._side(a, True)), flatten(self._side(b, False))
        if repr(build([0] * len(first))) != repr(other([0] * len(second))):
            raise refused(
                InputError("both sides of a where must have the same form in a compiled function: two numbers, or two lists of one length")
            )
        return build([apply(SELECT, [self.node, _number_node(x), _number_node(y)]) for x, y in zip(first, second, strict=True)])

    def _side(self, side: Any, first: bool) -> Any:
        """One side of a `where`, with all its nodes masked by the condition."""
        now = recorder()
        if not callable(side) or now is None:
            return side
        with _masked_by(now, now.side(self.node, first, now.mask)):
            return side()


def observing() -> During[None]:
    """Within it, each new node is shown to `_observe`."""
    return During(Watching)


class _Masking(Temporary[None]):
    def __init__(self, now: Recording, mask: Value) -> None:
        self._now, self._mask, self._before = now, mask, now.mask
        self._watching = Watching()

    def do(self) -> None:
        """See `Temporary`."""
        self._watching.do()  # shows each new node to `_observe`
        self._now.mask = self._mask

    def undo(self) -> None:
        """See `Temporary`."""
        self._now.mask = self._before
        self._watching.undo()


def _masked_by(now: Recording, mask: Value) -> During[None]:
    """Nodes that are made within it are masked."""
    return During(lambda: _Masking(now, mask))


def sides_of(order: Sequence[Value]) -> dict[Value, Value | None]:
    """While a function is recorded: for the nodes of a graph, whose last one is its result, the sides of a `where` they are used in."""
    now = recorder()
    if now is None or not any(node._operation.is_like(SELECT) for node in order):
        return {}
    return now.uses(order, {order[-1]: None}, backward=True)


def differentiated(mask: Value | None, parts: Callable[[], list[Any]]) -> list[Any]:
    """What a derivative that goes through a node adds to its inputs: nothing, where the side that it is used in is not selected."""
    now = recorder()
    if now is None or mask is None:
        return parts()
    with _masked_by(now, mask):
        inside = parts()
    return [Condition(mask).select(lambda part=part: part, 0.0) for part in inside]


def is_unchecked(node: Value) -> None:
    """Remember that the domain of this node's operation is not checked."""
    now = recorder()
    if now is not None:
        now.unchecked.add(node)


def _known(x: Any) -> bool | None:
    """A truth that is known while recording, and in every run; None for a condition."""
    return bool(x) if type(x).__name__ in ("bool", "bool_") else None  # NumPy has a truth of its own


def _node(x: Any) -> Value:
    if isinstance(x, Condition):
        return x.node
    raise refused(InputError(f"a condition can be combined with another condition, not with {x!r}: write (v > 0) & (w > 0)"))


def _as_number(x: Any) -> Any:
    """What arithmetic takes of a condition: its node, which is 0 or 1. Anything else as it is."""
    return x.node if isinstance(x, Condition) else x


def _number_node(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(real(x), CONSTANT)


_COMPARISONS: dict[str, tuple[Operation, bool]] = {
    "<": (LESS, False),
    "<=": (LESS_EQUAL, False),
    ">": (LESS, True),
    ">=": (LESS_EQUAL, True),
    "==": (EQUAL, False),
}


def compare(symbol: str, a: Any, b: Any) -> Any:
    """A comparison of Values and numbers: a Condition while this thread records, else a truth; of two numbers it is one always.

    Raises:
        CompileError: in a thread that a function has started which is being recorded: which way it goes would be frozen.
    """
    operation, swapped = _COMPARISONS[symbol]
    left, right = (b, a) if swapped else (a, b)
    if not (isinstance(a, Value) or isinstance(b, Value)) or not (is_operand(left) and is_operand(right)):
        return operation.value(FLOATS, number_of(left), number_of(right)) != 0.0
    if recorder() is None:
        if STATE.recorders:
            _refuse_in_threads(a, b)
        return operation.value(FLOATS, number_of(left), number_of(right)) != 0.0
    return Condition(apply(operation, [_number_node(left), _number_node(right)]))


def _refuse_in_threads(*operands: Any) -> None:
    for x in operands:
        trace = trace_of(x)
        if trace is not None and trace.is_recorded:
            raise trace.refused(
                CompileError(
                    f"{x._described()} was asked for its number at {current_line()}, in another thread than the one that records the "
                    "function: the answer would be frozen into the program. Compare in the thread of the function, or choose with "
                    "where(x > 0, a, b)"
                )
            )


def _equals(value: Any, other: Any) -> Any:
    """What `==` says: in a traced function whether the numbers are equal, elsewhere whether it is the same node.

    Raises:
        InputError: a Value is compared with a number outside of traced functions.
    """
    if recorder() is not None or here() is not None or trace_of(value) is not None or trace_of(other) is not None:
        return compare("==", value, other)
    if isinstance(other, Value):
        return value is other
    raise InputError(
        f"{value._described()} == {other!r}: == asks whether two Values are the same node, not whether their numbers are equal: "
        f"write v.data == {other!r}"
    )


def _asked(what: str, value: Any, other: Any) -> Any:
    """What Value asks while a function is traced: a comparison, its number, its hash, its text.

    Raises:
        CompileError, InputError: the answer would make the function do something else than it does with floats.
    """
    if what in _COMPARISONS:
        return compare(what, value, other)
    if what == "equals":
        return _equals(value, other)
    if what == "differs":
        equal = _equals(value, other)
        return ~equal if isinstance(equal, Condition) else not equal
    if what == "is recorded":
        return recorder() is not None
    trace = here() or trace_of(value)
    if trace is None:
        return None
    if what == "refused":
        return trace.refused(other)
    recorded = recorder() is not None or trace.is_recorded
    if what in ("data", "grad", "assign"):
        if recorded:
            raise trace.refused(_refused_number(what, value))
        return None
    if what == "backward":
        if trace_of(value) is not None:
            raise trace.refused(
                InputError(
                    f"{value._described()}.backward() was called at {current_line()} in a function that is differentiated or compiled: the "
                    "gradients would be plain numbers, without derivatives of their own. Write grad(f)(x) there, or "
                    "backward(create_graph=True)"
                )
            )
        return None
    if asked_by_us():
        return None
    if what == "text" and not recorded:
        return "number"  # as of the float that the function is called with
    kind = "recorded" if recorded else "differentiated"
    error = CompileError if recorded else InputError
    text = (
        f"{value._described()} was asked for its {what} at {current_line()} while the function was {kind}, where a Value stands for a "
        f"number: what follows from its {what} would not be what follows from that of the number. "
        + (
            "Choose with where(x > 0, a, b), or by `if`; to print numbers, call the function that was compiled: f.__wrapped__(…)"
            if what == "text"
            else "Look it up by v.data, or by id(v) for the node itself, outside of the function; choose by `if` in it"
        )
    )
    raise trace.refused(error(text))


def _refused_number(what: str, value: Any) -> CompileError:
    if what == "assign":
        return CompileError(
            f"the .data of {value._described()} was assigned at {current_line()} while the function was recorded: no run would do that. "
            "Compute a new Value from it, and assign outside of the compiled function"
        )
    return CompileError(
        f"{value._described()} was asked for its .{what} at {current_line()} while the function was recorded: the number would be frozen "
        f"into the program. Compute with the Value itself; choose with where(x > 0, a, b); stop its gradient with no_grad(); or read "
        f".{what} outside of the compiled function"
    )


def _observe(node: Any) -> None:
    observe(node)
    now = recorder()
    if now is None:
        return
    if now.lines is not None:
        now.lines[id(node)] = current_line()
    if now.mask is not None and node._prev:
        now.masks[node] = now.mask


STATE.asked = _asked
STATE.observe = _observe
