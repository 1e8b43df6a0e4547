"""Contexts that set something for the time of a `with` statement, and restore it whatever interrupts them.

Ctrl-C raises a KeyboardInterrupt at any line, also at the first line of `__exit__` or of a `finally`, or in `__enter__` after the state was
set. A context of this module restores the state in all of these cases.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Temporary(Generic[T]):
    """Something that `do` sets and `undo` restores, for `During`.

    An interrupt may come at any line: `undo` must be right also when `do` was not completed, and when it is called twice.
    """

    def do(self) -> T:
        """Set it. The result is bound by the `as` of the `with` statement."""
        raise NotImplementedError

    def finish(self) -> None:
        """Called before `undo` at the end of a block that raised nothing."""

    def undo(self) -> None:
        """Restore it."""
        raise NotImplementedError


class _Afterwards(Temporary[None]):
    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action

    def do(self) -> None:
        """See `Temporary`."""

    def undo(self) -> None:
        """See `Temporary`."""
        self._action()


def afterwards(action: Callable[[], object]) -> During[None]:
    """A context that sets nothing and calls an action at its end; after an interrupt perhaps twice."""
    return During(lambda: _Afterwards(action))


class _UnlessDone(Temporary[Callable[[], None]]):
    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._is_done = False

    def do(self) -> Callable[[], None]:
        """See `Temporary`."""
        return self._done

    def _done(self) -> None:
        self._is_done = True

    def undo(self) -> None:
        """See `Temporary`."""
        if not self._is_done:
            self._action()


def unless_done(action: Callable[[], object]) -> During[Callable[[], None]]:
    """A context that calls an action at its end, unless the function that it gives was called: for what is done as a whole or not at all.

    Example:
        >>> numbers = [1.0]
        >>> with unless_done(numbers.clear) as done:
        ...     numbers.append(2.0)
        ...     done()
        >>> numbers
        [1.0, 2.0]
    """
    return During(lambda: _UnlessDone(action))


class _Entered:
    """What one `with` statement has entered."""

    def __init__(self, by_hand: _Entered | None = None) -> None:
        self._by_hand = by_hand
        self._temporaries: list[Temporary[Any]] = []
        self.watch: weakref.ref[Any] | None = None

    def enter(self, temporary: Temporary[T]) -> T:
        """Set something."""
        try:
            self._temporaries.append(temporary)
            return temporary.do()
        except BaseException:
            temporary.undo()
            raise

    def leave(self, error: object = None, *_: object) -> None:
        """Restore what was set last."""
        if not self._temporaries:  # `__exit__` was called by hand, as `__enter__` was
            if self._by_hand is not None:
                self._by_hand.leave(error)
            return
        temporary = self._temporaries[-1]
        try:
            if error is None:
                temporary.finish()
            temporary.undo()
        except BaseException:  # an interrupt, with part of it done, or an error of `finish`
            temporary.undo()
            raise
        self._temporaries.pop()
        if not self._temporaries:
            self.watch = None
            _BY_HAND.pop(id(self), None)

    def lost(self, _: object) -> None:
        """Restore what the statement did not: an interrupt came before its `__exit__`, or at the first line of it."""
        for temporary in reversed(self._temporaries):
            temporary.undo()
        self._temporaries.clear()
        _BY_HAND.pop(id(self), None)


_BY_HAND: dict[int, _Entered] = {}
"""What was entered without a `with` statement. The garbage collector calls no callback of a weak reference that it frees as well."""


class _Exit:
    """`__exit__` of `During`: a new function for each `with` statement, which refers to it from before its `__enter__` until its end.

    Python calls `__exit__` like any function, and an interrupt may come before its first line. But the statement drops its reference to the
    function in any case, which the callback of a weak reference notices. No frame of a traceback refers to the function.
    """

    def __get__(self, during: During[Any] | None, owner: Any = None) -> Callable[..., None]:
        if during is None:  # ExitStack takes it from the class
            return _leave
        entered = _Entered(during.by_hand)
        function = partial(entered.leave)  # not the method itself: a call drops its reference to a bound method before the method begins
        entered.watch = weakref.ref(function, entered.lost)
        during.taken[threading.get_ident()] = entered
        return function


def _leave(during: During[Any], error: object = None, *_: object) -> None:
    during.by_hand.leave(error)


class During(ContextDecorator, Generic[T]):
    """A context, also usable as a decorator, that sets something for a while and restores it whatever interrupts it.

    It can be entered several times, also while it is entered.

    Args:
        make: makes the Temporary, each time the context is entered.

    Attributes:
        taken: for each thread, the state of the `with` statement that has just read `__exit__` and is about to call `__enter__`.
        by_hand: the state without a `with` statement, as with an ExitStack. It is restored at the latest when the context is freed.
    """

    __exit__ = _Exit()

    def __init__(self, make: Callable[[], Temporary[T]]) -> None:
        self._make = make
        self.taken: dict[int, _Entered] = {}
        self.by_hand = _Entered()

    def __enter__(self) -> T:
        entered = self.taken.pop(threading.get_ident(), None)
        if entered is None or entered.watch is None or entered.watch() is None:
            entered = self.by_hand
            entered.watch = weakref.ref(self, entered.lost)
            _BY_HAND[id(entered)] = entered
        return entered.enter(self._make())
