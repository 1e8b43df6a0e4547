"""Ctrl-C during training: parts that must not be interrupted are completed first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

from autograd.temporary import During, Temporary


def handling_interrupts() -> During[AbstractContextManager[None]]:
    """Install a handler of Ctrl-C. Within its `with` statement, parts that must not be interrupted stand within a second one.

    There is one handler for all parts, because installing one for each would cost more than a small step.

    Example:
        >>> with handling_interrupts() as uninterrupted:
        ...     with uninterrupted:
        ...         pass  # Ctrl-C raises KeyboardInterrupt at the end of this block
    """
    return During(_Handler)


class _Uninterrupted:
    """A context in which Ctrl-C waits for its end."""

    def __init__(self, before: Callable[[int, FrameType | None], Any]) -> None:
        self._before = before
        self._within = self._waits = False

    def pressed(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signal."""
        if self._within:
            self._waits = True
            return
        signal.signal(signal.SIGINT, self._before)
        self._before(number, frame)  # Python's handler raises KeyboardInterrupt
        signal.signal(signal.SIGINT, self.pressed)

    def __enter__(self) -> None:
        self._within = True

    def __exit__(self, *_: object) -> None:
        self._within = False
        if self._waits:
            self._waits = False
            signal.raise_signal(signal.SIGINT)


class _Handler(Temporary["AbstractContextManager[None]"]):
    """The handler. There is none where Ctrl-C is not handled by Python, or in a thread that it never reaches."""

    def __init__(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        self._parts = _Uninterrupted(before) if callable(before) and is_main else None
        self._before = before

    def do(self) -> AbstractContextManager[None]:
        """See `Temporary`."""
        if self._parts is None:
            return nullcontext()
        signal.signal(signal.SIGINT, self._parts.pressed)
        return self._parts

    def undo(self) -> None:
        """See `Temporary`."""
        if self._parts is not None:
            signal.signal(signal.SIGINT, self._before)
