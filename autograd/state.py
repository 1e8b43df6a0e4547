"""What the making of a node looks at: is anything out of the ordinary? One load and one branch where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from autograd.native import mypyc_attr


@final
@mypyc_attr(acyclic=True)
class Extra:
    """What few nodes have, kept out of all the others.

    Attributes:
        scope: the names of the `scope` contexts it was made in, as "layer0/neuron2".
        line: where it was made, under `detect_anomaly`.
        gradient: its gradient as a Value, after ``backward(create_graph=True)``.
    """

    __slots__ = ("gradient", "line", "scope")

    def __init__(self, scope: str, line: str) -> None:
        self.scope: str = scope
        self.line: str = line
        self.gradient: Any = None


@final
class State:
    """A plain flag, because looking into a context variable for each node would cost a tenth of the node.

    Attributes:
        special: how many contexts of `autograd.contexts` are entered, in all threads together. While it is not 0, every new
            node is shown to `observe`, which finds out whether one of them is this thread's.
        observe: set by `autograd.contexts`.
        differentiate: set by `autograd.transforms`: the gradients of a graph as graphs.
    """

    __slots__ = ("differentiate", "observe", "special")

    def __init__(self) -> None:
        self.special: int = 0
        self.observe: Callable[[Any], None] | None = None
        self.differentiate: Callable[[Any], None] | None = None


STATE: Final = State()
