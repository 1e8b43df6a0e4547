"""A model or a loss that changes something when it is called, such as a counter, cannot be recorded: compiled code would not change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd.errors import CompileError
from autograd.temporary import afterwards
from nn.losses import Loss, Penalty


@contextmanager
def refused_side_effects(model: Any, loss: Loss, penalty: Penalty | None) -> Iterator[None]:
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
    from autograd.compiled.api.surroundings import Surroundings

    surroundings = Surroundings(model, loss, penalty)
    if surroundings.iterators:
        raise CompileError(
            f"the model or the loss refers to a {type(surroundings.iterators[0]).__name__}, which each call may advance, and compiled "
            "code would not"
        )
    snapshot = surroundings.snapshot()
    with afterwards(lambda: snapshot.restore(surroundings)):
        yield
        changed = snapshot.changed() or ("the state of a random generator" if surroundings.states() != snapshot.states else "")
    if changed:
        raise CompileError(f"the model or the loss changes {changed} when it is called, and compiled code would not")
