"""Which functions are being traced, that is, recorded by `compile` or differentiated by a transform, and by whom.

A traced function runs on Values in place of its arguments, and must do what it does on floats. What would make it do something else
(equality, hashes, text, copies) asks here whether a Value belongs to a traced function. Two questions are asked:

- `here`: is this thread within a traced function? A context variable knows.
- `trace_of`: does this Value depend on an argument of one? A thread that a traced function started has no such context, so that only the
  graph of the Value can tell.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

from autograd._runtime.state import STATE
from autograd._runtime.temporary import During, Temporary
from autograd.value import Value


@dataclass(frozen=True, eq=False)
class Trace:
    """A function that is being traced.

    Attributes:
        is_recorded: by `compile`; else it is differentiated.
        variables: the nodes that stand for its arguments.
        parameters: the `id` of those that are the parameters of a module.
        thread: the one that runs it.
        outer: the one around it.
        refusals: the errors that were raised in it because it asked what cannot be answered.
    """

    is_recorded: bool
    outer: Trace | None = None
    variables: list[Value] = field(default_factory=list)
    parameters: set[int] = field(default_factory=set)
    thread: int = field(default_factory=threading.get_ident)
    refusals: list[Exception] = field(default_factory=list)

    def refused(self, error: Exception) -> Exception:
        """The error, to be raised; also when the function ends, if it has caught it. On floats there was none to catch."""
        self.refusals.append(error)
        return error

    def end(self) -> None:
        """
        Raises:
            AutogradError: the first refusal, which the function has caught, or which ended a thread of its own.
        """
        if self.refusals:
            raise self.refusals[0]

    def add(self, variables: Sequence[Value]) -> None:
        """Make these nodes variables of the function."""
        self.variables.extend(variables)
        _OWNERS.update({id(node): self for node in variables})


_OWNERS: dict[int, Trace] = {}
"""The trace of each variable, by its `id`, in all threads. The trace keeps the variable alive."""

_INNERMOST: ContextVar[Trace | None] = ContextVar("innermost", default=None)
# See `autograd.contexts` for why the state is derived from dicts.
_TRACED: dict[int, Trace] = {}
_RECORDED: dict[int, Trace] = {}


def _derive() -> None:
    STATE.traced = 1 if _TRACED else 0
    STATE.recorders = 1 if _RECORDED else 0


class Tracing(Temporary[Trace]):
    """A function of these variables runs."""

    def __init__(self, is_recorded: bool, variables: Sequence[Value] = ()) -> None:
        self.trace = Trace(is_recorded, _INNERMOST.get())
        self._variables = variables

    def do(self) -> Trace:
        """See `Temporary`."""
        trace = self.trace
        _TRACED[id(trace)] = trace
        if trace.is_recorded:
            _RECORDED[id(trace)] = trace
        _derive()
        _INNERMOST.set(trace)
        trace.add(self._variables)
        return trace

    def undo(self) -> None:
        """See `Temporary`. Traces may end in any order: the innermost is then one that has not ended."""
        trace = self.trace
        for node in trace.variables:
            _OWNERS.pop(id(node), None)
        _TRACED.pop(id(trace), None)
        _RECORDED.pop(id(trace), None)
        _derive()
        innermost = _INNERMOST.get()
        while innermost is not None and not is_running(innermost):
            innermost = innermost.outer
        _INNERMOST.set(innermost)


def tracing(is_recorded: bool, variables: Sequence[Value] = ()) -> During[Trace]:
    """Within it a function of these variables runs."""
    return During(lambda: Tracing(is_recorded, variables))


def traced(f: Callable[..., Any], variables: Sequence[Value], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
    """What a function returns that is being differentiated by these variables, which are in its arguments.

    Raises:
        AutogradError: the function asked for what cannot be answered, also if it has caught the error.
    """
    with tracing(False, variables) as trace:
        result = f(*args, **(kwargs or {}))
        trace.end()
    return result


def is_running(trace: Trace) -> bool:
    """Whether the function of a trace has not ended."""
    return id(trace) in _TRACED


def _after_fork() -> None:
    """In a child process there is one thread: what others traced has ended."""
    own = threading.get_ident()
    for traces in (_TRACED, _RECORDED, _OWNERS):
        for key, trace in [*traces.items()]:
            if trace.thread != own:
                del traces[key]
    _derive()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def here() -> Trace | None:
    """The innermost traced function that this thread is within."""
    trace = _INNERMOST.get()
    return trace if trace is not None and trace.thread == threading.get_ident() else None


def refused(error: Exception) -> Exception:
    """The error, to be raised; noted on the traced function that this thread is within, if there is one: see `Trace.refused`."""
    trace = here()
    return error if trace is None else trace.refused(error)


def owner_of(node: Value) -> Trace | None:
    """The trace that a node is a variable of."""
    return _OWNERS.get(id(node))


def trace_of(value: object) -> Trace | None:
    """A trace that a Value depends on a variable of, one of a recording if there is one; None where there is none."""
    if not isinstance(value, Value) or not _OWNERS:
        return None
    found: Trace | None = None
    seen: set[int] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        owner = _OWNERS.get(id(node))
        if owner is not None:
            found = owner
            if owner.is_recorded:
                break
        pending.extend(node._prev)
    return found


def asked_by_us() -> bool:
    """Whether our own code asks something of a Value: who called the method of Value that led to our caller."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in _METHODS:  # in the compiled core, methods have no frames
        frame = frame.f_back
    return frame is not None and cast(str, frame.f_globals.get("__name__", "")).split(".")[0] in ("autograd", "nn")


_METHODS = ("autograd.value", "autograd._runtime.observed", "autograd.supervision")
