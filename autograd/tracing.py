"""Which functions are being traced, that is, recorded by `compile` or differentiated by a transform.

A traced function runs on Values in place of its arguments, and must do what it does on floats. What could make it do something else
(equality, hashes, text, copies) checks here whether a Value belongs to a traced function:

- `here`: the traced function that this thread is within, kept in a context variable.
- `trace_of`: the traced function whose arguments a Value depends on, read from the graph: a thread that a traced function started does not
  have its context.
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
from autograd.errors import AutogradError
from autograd.value import Value


@dataclass(frozen=True, eq=False)
class Trace:
    """A function that is being traced.

    Attributes:
        is_recorded: whether `compile` records it; otherwise it is differentiated.
        variables: the nodes that stand for its arguments.
        owned: the `id` of each variable, and whether it is a parameter of a module. Empty as soon as the function has ended.
        thread: the thread that runs it.
        outer: the trace around it.
        refusals: the errors that were raised because the function did something that a trace cannot follow.
    """

    is_recorded: bool
    outer: Trace | None = None
    variables: list[Value] = field(default_factory=list)
    owned: dict[int, bool] = field(default_factory=dict)
    thread: int = field(default_factory=threading.get_ident)
    refusals: list[Exception] = field(default_factory=list)

    def refused(self, error: Exception) -> Exception:
        """Return the error to be raised. `end` raises it again if the function has caught it, because floats would not cause it."""
        self.refusals.append(error)
        if isinstance(error, AutogradError):
            error.is_refusal = True
        return error

    def end(self) -> None:
        """
        Raises:
            AutogradError: the first refusal, which the function has caught, or which ended another thread.
        """
        if self.refusals:
            raise self.refusals[0]

    def add(self, variables: Sequence[Value], are_parameters: bool = False) -> None:
        """Make these nodes variables of the function. They may be parameters of a module."""
        self.variables.extend(variables)  # which keeps them alive, so that no `id` is reused
        self.owned.update(dict.fromkeys(map(id, variables), are_parameters))


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
        trace.owned.clear()
        _TRACED.pop(id(trace), None)
        _RECORDED.pop(id(trace), None)
        _derive()
        innermost = _INNERMOST.get()
        while innermost is not None and not is_running(innermost):
            innermost = innermost.outer
        _INNERMOST.set(innermost)


def tracing(is_recorded: bool, variables: Sequence[Value] = ()) -> During[Trace]:
    """A context in which a function of these variables runs."""
    return During(lambda: Tracing(is_recorded, variables))


def traced(f: Callable[..., Any], variables: Sequence[Value], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
    """Call a function that is being differentiated with respect to these variables, which are in its arguments.

    Raises:
        AutogradError: the function did what a trace cannot follow, also if it has caught the error.
    """
    with tracing(False, variables) as trace:
        result = f(*args, **(kwargs or {}))
        trace.end()
    return result


def is_running(trace: Trace) -> bool:
    """Whether the function of a trace still runs."""
    return id(trace) in _TRACED


def _after_fork() -> None:
    """A child process has one thread only: the traces of the others have ended."""
    own = threading.get_ident()
    for traces in (_TRACED, _RECORDED):
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
    """Return the error to be raised. If this thread is within a traced function, see `Trace.refused`."""
    trace = here()
    return error if trace is None else trace.refused(error)


def owner_of(node: Value) -> Trace | None:
    """The trace of which a node is a variable."""
    return next((trace for trace in reversed([*_TRACED.values()]) if id(node) in trace.owned), None)


def trace_of(value: object) -> Trace | None:
    """A trace on whose variables the Value depends, preferably one that is recorded; None if there is none."""
    running = [*reversed([*_TRACED.values()])]
    if not isinstance(value, Value) or not running:
        return None
    trace: Trace | None = None
    seen: set[int] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        owner = next((other for other in running if id(node) in other.owned), None)
        if owner is not None:
            trace = owner
            if owner.is_recorded:
                break
        pending.extend(node._prev)
    return trace


def called_by_library() -> bool:
    """Whether the method of Value that led to the caller was called by code of this package."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in _METHODS:  # in the compiled core, methods have no frames
        frame = frame.f_back
    return frame is not None and cast(str, frame.f_globals.get("__name__", "")).split(".")[0] in ("autograd", "nn")


_METHODS = ("autograd.value", "autograd._runtime.observed", "autograd.supervision")
