"""The questions that the core puts to the rest of the library while something out of the ordinary goes on: one typed protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from autograd.graph import Node


class Hooks(Protocol):
    """What contexts and traced functions have to know of a Value. `autograd.supervision` implements it and installs itself.

    The counters of `State` say when a hook is called; while they are 0, no Value calls any but `differentiate`. A hook raises where the
    answer would make a traced function do something else than it does with floats.
    """

    def created(self, node: Node) -> None:
        """A node was made within `detect_anomaly`, `scope`, or one side of a recorded `where` (while `watched`)."""

    def gradient_check(self) -> Callable[[Node], None] | None:
        """What to call after each node of a backward pass, None for nothing (while `watched`)."""

    def differentiate(self, root: Node) -> None:
        """Build the graph of the derivatives: `backward(create_graph=True)`."""

    def backward_called(self, root: Node) -> None:
        """`backward` was called (while `traced`)."""

    def is_recorded(self) -> bool:
        """Whether this thread is within a function that is being recorded (while `recorders`)."""

    def compared(self, symbol: str, a: Node, b: object) -> object:
        """The result of a comparison: "<", "<=", ">", ">=" while `recorders`; "==" and "!=" unless both are Values and none is traced."""

    def truth(self, node: Node) -> bool:
        """Whether the number is not 0 (while `recorders`)."""

    def number_read(self, node: Node) -> None:
        """`.data` was read (while `recorders`)."""

    def number_assigned(self, node: Node) -> None:
        """`.data` is about to be assigned (while `recorders`)."""

    def gradient_read(self, node: Node) -> None:
        """`.grad` was read (while `recorders`)."""

    def hashed(self, node: Node) -> None:
        """The node was hashed (while `traced`)."""

    def is_shown_as_number(self, node: Node) -> bool:
        """The node is converted to text. Returns whether to write its number, as for a float (while `traced`)."""

    def refused(self, node: Node, error: Exception) -> Exception:
        """The error, to be raised; a traced function that catches it ends with it all the same (while `traced`)."""
