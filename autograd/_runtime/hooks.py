"""Hooks: the protocol by which contexts and traced functions intervene in the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from autograd.graph import Node


class Hooks(Protocol):
    """Called by Values while a context is active or a function is traced. `autograd.supervision` implements and installs the hooks.

    The flags of `State` decide when a hook is called; while none is set, `differentiate` and `compared`. A hook raises an error if a traced
    function would otherwise behave differently from the same function of floats.
    """

    def created(self, node: Node) -> None:
        """A node was made within `detect_anomaly`, `scope`, or one side of a recorded `where` (while `watched`)."""

    def gradient_check(self) -> Callable[[Node], None] | None:
        """The function to call after each node of a backward pass, or None (while `watched`)."""

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
        """Return the error to be raised. If a traced function catches it, it is raised again when the function ends (while `traced`)."""
