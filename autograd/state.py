"""What the making of a node looks at: is anything out of the ordinary? One load and one branch where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final


@final
class State:
    """Plain numbers, because looking into a context variable for each node would cost a tenth of the node.

    Attributes:
        paused: 1 while a `no_grad` or `enable_grad` is entered, in any thread, else 0. While it is 1, every new node looks whether
            this thread is recording.
        watched: 1 while a `detect_anomaly` or `scope` is entered, else 0. While it is 1, every new node is shown to `observe`.
        observe: set by `autograd.contexts`.
        recorders: 1 while a function is being recorded, else 0. While it is 1, comparisons and reads of `.data` go to `asked`.
        traced: 1 while one is recorded or differentiated, else 0. While it is 1, `==`, hashes and text of Values go to `asked`.
        asked: set by `autograd.recording`: what was asked ("<", "data", …), of which Value, and the other operand.
        differentiate: set by `autograd.transforms`: the gradients of a graph as graphs.
    """

    __slots__ = ("asked", "differentiate", "observe", "paused", "recorders", "traced", "watched")

    def __init__(self) -> None:
        self.paused: int = 0
        self.watched: int = 0
        self.recorders: int = 0
        self.traced: int = 0
        self.observe: Callable[[Any], None] | None = None
        self.asked: Callable[[str, Any, Any], Any] | None = None
        self.differentiate: Callable[[Any], None] | None = None


STATE: Final = State()
