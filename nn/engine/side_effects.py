"""A model or a loss that changes something when it is called, such as a counter, cannot be recorded: compiled code would not change it.

Recording itself refuses a function that draws from a random generator.
"""

from __future__ import annotations

from typing import Any

from autograd._runtime.temporary import During, Temporary
from autograd.errors import CompileError
from nn.losses import Loss, Penalty


def refused_side_effects(model: Any, loss: Loss, penalty: Penalty | None) -> During[None]:
    """Recording within it leaves everything as it was.

    Raises:
        CompileError: the model, the loss or the penalty has changed something.

    Example:
        >>> seen = []
        >>> with refused_side_effects(seen.append, seen.append, None):
        ...     seen.append(1.0)
        Traceback (most recent call last):
        autograd.errors.CompileError: the model or the loss changes a list when it is called, and compiled code would not
        >>> seen
        []
    """
    return During(lambda: _Refused(model, loss, penalty))


class _Refused(Temporary[None]):
    def __init__(self, model: Any, loss: Loss, penalty: Penalty | None) -> None:
        from autograd.compiled.api.surroundings import Surroundings

        surroundings = Surroundings(model, loss, penalty)
        if surroundings.iterators:
            raise CompileError(
                f"the model or the loss refers to a {type(surroundings.iterators[0]).__name__}, which each call may advance, and "
                "compiled code would not"
            )
        self._before = surroundings.snapshot()

    def do(self) -> None:
        """See `Temporary`."""

    def finish(self) -> None:
        """See `Temporary`."""
        changed = self._before.changed()
        if changed:
            raise CompileError(f"the model or the loss changes {changed} when it is called, and compiled code would not")

    def undo(self) -> None:
        """See `Temporary`."""
        self._before.restore()
