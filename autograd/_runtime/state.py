"""Flags: whether a context is active or a function is traced. Each new node tests two of them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, final

from autograd._runtime.hooks import Hooks

RECORDING: Final[ContextVar[bool]] = ContextVar("recording", default=True)
"""Whether new nodes of this thread or task remember their inputs: not within `no_grad`."""


@final
class State:
    """Flags for all threads together, because reading a context variable for each node would slow down every node.

    Attributes:
        paused: 1 while a `no_grad` or `enable_grad` is entered, in any thread, else 0. While it is 1, each new node reads `RECORDING`.
        watched: 1 while a `detect_anomaly` or `scope` is entered, or one side of a recorded `where` runs, else 0.
        recorders: 1 while a function is being recorded, else 0.
        traced: 1 while a function is being recorded or differentiated, else 0.
        hooks: what is called while a flag is set; see `Hooks`.
    """

    __slots__ = ("hooks", "paused", "recorders", "traced", "watched")

    hooks: Hooks  # assigned once, by `autograd.supervision`

    def __init__(self) -> None:
        self.paused: int = 0
        self.watched: int = 0
        self.recorders: int = 0
        self.traced: int = 0


STATE: Final = State()


def is_recorded() -> bool:
    """Whether this thread is within a function that is being recorded."""
    return STATE.recorders != 0 and STATE.hooks.is_recorded()
