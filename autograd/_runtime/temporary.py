"""What is set for the time of a `with` statement, and set back whatever interrupts it.

Ctrl-C raises a KeyboardInterrupt at any line, also at the first line of `__exit__`, of a `finally`, or of `__enter__` when the state is
already set. A context of this module leaves nothing behind in any of these cases.
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
    """Something that is set by `do` and set back by `undo`, for `During`.

    An interrupt may come at any line: `undo` must be right also when `do` did not come to its end, and when it is called twice.
    """

    def do(self) -> T:
        """Set it. What it returns is what follows the `as` of a `with` statement."""
        raise NotImplementedError

    def undo(self) -> None:
        """Set it back."""
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
    """Within it nothing is set. Afterwards something is done, after an interrupt perhaps twice."""
    return During(lambda: _Afterwards(action))


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

    def leave(self, *_: object) -> None:
        """Set back what was set last."""
        if not self._temporaries:  # `__exit__` was called by hand, as `__enter__` was
            if self._by_hand is not None:
                self._by_hand.leave()
            return
        temporary = self._temporaries[-1]
        try:
            temporary.undo()
        except BaseException:  # an interrupt, with part of it done
            temporary.undo()
            raise
        self._temporaries.pop()
        if not self._temporaries:
            self.watch = None

    def lost(self, _: object) -> None:
        """Set back what the statement did not: an interrupt came before its `__exit__`, or at the first line of it."""
        for temporary in reversed(self._temporaries):
            temporary.undo()
        self._temporaries.clear()


class _Exit:
    """`__exit__` of `During`: a new function for each `with` statement, which holds it from before its `__enter__` until its end.

    Python calls `__exit__` as it calls any function, and an interrupt may keep it from beginning. But the statement lets go of the function
    in any case, and a weak reference tells when. No frame of a traceback refers to the function, which may be kept for long.
    """

    def __get__(self, during: During[Any] | None, owner: Any = None) -> Callable[..., None]:
        if during is None:  # ExitStack takes it from the class
            return _leave
        entered = _Entered(during.by_hand)
        function = partial(entered.leave)  # not the method itself: a call lets go of a method before the method begins
        entered.watch = weakref.ref(function, entered.lost)
        during.taken[threading.get_ident()] = entered
        return function


def _leave(during: During[Any], *_: object) -> None:
    during.by_hand.leave()


class During(ContextDecorator, Generic[T]):
    """A context, also as a decorator, that sets something for a while and sets it back whatever interrupts it.

    It can be entered again, also while it is entered.

    Args:
        make: makes what is set, for each time that it is entered.

    Attributes:
        taken: for each thread the `__exit__` that a `with` statement has just taken, and with which it will call `__enter__`.
        by_hand: what was entered without a `with` statement, as by an ExitStack. It is set back with the context itself, at the latest.
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
        return entered.enter(self._make())
