"""Contexts: `no_grad`, `detect_anomaly`, `scope`. Each holds for the thread or task that entered it, and ends on exceptions too."""

from __future__ import annotations

import functools
import inspect
import linecache
import math
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any, Self, TypeVar, cast

from autograd._runtime.observed import Observed
from autograd._runtime.state import RECORDING, STATE
from autograd._runtime.temporary import During, Temporary
from autograd.errors import AnomalyError, InputError
from autograd.graph import Node

F = TypeVar("F", bound=Callable[..., Any])

_ANOMALY: ContextVar[bool] = ContextVar("anomaly", default=False)
_SCOPE: ContextVar[str] = ContextVar("scope", default="")
# Counters that threads share would need a lock, and an interrupt may leave a lock taken. These are derived from dicts, in one statement
# without a call: neither an interrupt nor another thread can come in between.
_PAUSED: dict[int, Any] = {}
_WATCHED: dict[int, Any] = {}


def _derive() -> None:
    STATE.paused = 1 if _PAUSED else 0
    STATE.watched = 1 if _WATCHED else 0


class Watching(Temporary[None]):
    """Each new node is given to `Hooks.created`."""

    def do(self) -> None:
        """See `Temporary`."""
        _WATCHED[id(self)] = self
        _derive()

    def undo(self) -> None:
        """See `Temporary`."""
        _WATCHED.pop(id(self), None)
        _derive()


class Assigned(Temporary[None]):
    """A value of a context variable."""

    def __init__(self, variable: ContextVar[Any], value: Any) -> None:
        self._variable = variable
        self._value = value
        self._outer = _INNERMOST.get()
        around = _nearest(self._outer, variable)
        self._before: Any = variable.get() if around is None else around._before  # outside of all of them
        self._ended = False
        self._counted = _PAUSED if variable is RECORDING else _WATCHED if variable in (_ANOMALY, _SCOPE) else {}

    def do(self) -> None:
        """See `Temporary`."""
        self._counted[id(self)] = self
        _derive()
        _INNERMOST.set(self)
        self._variable.set(self._value)

    def undo(self) -> None:
        """Give the variable the value of the innermost setting that has not ended: settings may end in any order."""
        self._ended = True
        setting = _INNERMOST.get()
        while setting is not None and setting._ended:
            setting = setting._outer
        _INNERMOST.set(setting)
        setting = _nearest(setting, self._variable)
        while setting is not None and setting._ended:
            setting = _nearest(setting._outer, self._variable)
        self._variable.set(self._before if setting is None else setting._value)
        self._counted.pop(id(self), None)
        _derive()


def _nearest(setting: Assigned | None, variable: ContextVar[Any]) -> Assigned | None:
    """The innermost setting of a variable, from this one outward."""
    while setting is not None and setting._variable is not variable:
        setting = setting._outer
    return setting


_INNERMOST: ContextVar[Assigned | None] = ContextVar("innermost", default=None)


class _Setting(During[None]):
    """Set a context variable for a while, as a `with` statement or as a decorator of a function."""

    def __init__(self, variable: ContextVar[Any], value: Any) -> None:
        super().__init__(lambda: Assigned(variable, value))

    def __call__(self, function: F) -> F:
        """The function with this setting whenever its code runs, which for generators and coroutines is after the call."""
        decorated: F = self._decorated(function)
        return decorated

    def _decorated(self, function: Any) -> Any:
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                return (yield from _Resumed(function(*args, **kwargs), self))

            return generator
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                return await _Resumed(function(*args, **kwargs).__await__(), self)

            return coroutine
        if inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                inner = function(*args, **kwargs)
                item: Any = None
                step = inner.asend
                try:
                    while True:
                        try:
                            received = await _Resumed(step(item).__await__(), self)
                        except StopAsyncIteration:
                            return
                        try:
                            item, step = (yield received), inner.asend
                        except GeneratorExit:
                            raise
                        except BaseException as error:  # thrown into the generator by its caller
                            item, step = error, inner.athrow
                finally:
                    await _Resumed(inner.aclose().__await__(), self)

            return asynchronous
        return super().__call__(function)


class _Resumed:
    """A generator that has a setting while its own code runs, and not while it waits."""

    def __init__(self, generator: Any, setting: _Setting) -> None:
        self._generator, self._setting = generator, setting

    def __iter__(self) -> Self:
        return self

    __await__ = __iter__

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, item: Any) -> Any:
        with self._setting:
            return next(self._generator) if item is None else self._generator.send(item)

    def throw(self, *error: Any) -> Any:
        with self._setting:
            return self._generator.throw(*error)

    def close(self) -> None:
        with self._setting:
            self._generator.close()


def no_grad() -> _Setting:
    """Within it, results do not remember how they were computed: for evaluating a model, and for updating parameters.

    Example:
        >>> x = Value(2.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y.data, y._prev
        (4.0, ())
    """
    return _Setting(RECORDING, False)


def enable_grad() -> _Setting:
    """Record again, within a `no_grad`.

    Example:
        >>> x = Value(2.0)
        >>> with no_grad(), enable_grad():
        ...     y = x * x
        >>> len(y._prev)
        2
    """
    return _Setting(RECORDING, True)


def detect_anomaly() -> _Setting:
    """Within it, the first nan or inf is an error that names the operation, its operands and the line that built it.

    In the forward pass, as soon as a node with such a number is made; in the backward pass, as soon as a gradient becomes one. Nodes become
    more expensive. Only nodes are watched: a compiled function has nodes only while it is recorded, and the derivatives of `jvp` are not
    nodes.

    Example:
        >>> with detect_anomaly():
        ...     Value(1e200, label="x") ** 2
        Traceback (most recent call last):
        ...
        autograd.errors.AnomalyError: **2 gave inf at ...: a = 1e+200 (label 'x')
    """
    return _Setting(_ANOMALY, True)


def scope(name: str) -> _Setting:
    """Nodes that are made within it belong to a group of this name. Scopes nest: "neuron2" within "layer0" is "layer0/neuron2".

    A model of `nn` that is called within a scope opens one for each of its layers and neurons.

    Raises:
        InputError: the name is empty or not a string.

    Example:
        >>> with scope("layer0"), scope("neuron2"):
        ...     y = Value(1.0) + 1.0
        >>> y.scope
        'layer0/neuron2'
    """
    if not isinstance(name, str) or not name.strip("/"):
        raise InputError(f"a scope needs a name, as in scope('layer0'), not {name!r}")
    return _Scope(name.strip("/"))


def detects_anomaly() -> bool:
    """Whether this thread is within a `detect_anomaly`."""
    return _ANOMALY.get()


def current_scope() -> str:
    """The scopes that this thread is in: the `scope` of a node that is made now."""
    return _SCOPE.get()


class _Scope(_Setting):
    def __init__(self, name: str) -> None:
        super().__init__(_SCOPE, name)
        self._make = lambda: Assigned(_SCOPE, f"{outer}/{name}" if (outer := _SCOPE.get()) else name)


def observe(node: Node) -> None:
    """What `detect_anomaly` and `scope` do to a node that was just made.

    Raises:
        AnomalyError: its number is nan or inf.
    """
    anomaly = _ANOMALY.get()
    name = _SCOPE.get()
    if name or anomaly:
        extra = node._extras()
        extra.scope, extra.line = name, current_line() if anomaly else ""
        if anomaly and not math.isfinite(node._data):
            raise AnomalyError(f"{_made(node)}: {_operands(node)}" if node._inputs or extra.label else _made(node))


def gradient_check() -> Callable[[Node], None] | None:
    """What to call after each node of a backward pass of this thread: within `detect_anomaly` a check of the gradients it passed on."""
    return _check_gradients_of_inputs if _ANOMALY.get() else None


def _check_gradients_of_inputs(node: Node) -> None:
    for i, x in enumerate(node._inputs):
        if not math.isfinite(x._grad):
            slope = cast(Observed, node)._slopes[i]
            raise AnomalyError(
                f"the gradient of {x!r} became {x._grad} in the backward pass of {_made(node)}: "
                f"the gradient {node._grad!r} times the local derivative {slope!r}; {_operands(node)}"
            )


def _made(node: Node) -> str:
    line = node._extra.line if node._extra is not None else ""
    what = f"{node._operation.symbol} gave {node._data!r}" if node._inputs else f"the number {node._data!r} came in"
    return f"{what} at {line}" if line else what


def _operands(node: Node) -> str:
    """The operands by letters; of many, the largest or nan, by their positions."""
    inputs = list(enumerate(node._inputs))
    if len(inputs) > SHOWN:
        names = [f"input {i}" for i, _ in inputs]
        inputs = sorted(inputs, key=lambda pair: math.inf if math.isnan(pair[1]._data) else math.fabs(pair[1]._data), reverse=True)[:SHOWN]
        start = f"of {len(names)} inputs the largest are "
    else:
        names, start = list("abcdef"), ""
    operands = [f"{names[i]} = {x._data!r}" + (f" (label {_label(x)!r})" if _label(x) else "") for i, x in inputs]
    return start + ", ".join(operands) if operands else f"label {_label(node)!r}"


def _label(node: Node) -> str:
    return "" if node._extra is None else node._extra.label


SHOWN = 6
"""How many operands a message names."""


def current_line(frame: FrameType | None = None) -> str:
    """The line of the user's code that is running: the innermost frame outside of this package, from the given one outward."""
    frame = frame or sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("autograd", "nn"):
        frame = frame.f_back
    if frame is None:  # pragma: no cover - only where no code but ours is running
        return ""
    source = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" + (f" ({source})" if source else "")
