"""Early stopping: training ends when the loss has not improved for some epochs, and the best weights are restored."""

from __future__ import annotations

import math

from autograd._runtime.bulk import numbers_of
from autograd._runtime.coercion import real
from autograd.errors import InputError
from autograd.value import Value
from nn.checks import whole
from nn.engine.eager_engine import assign
from nn.history import History
from nn.interrupts import handling_interrupts


class EarlyStopping:
    """The best weights so far, and the epoch after which the model had them.

    Args:
        patience: after how many epochs without an improvement to stop; None for never.
        tol: by how much a loss must be lower to be an improvement.
        parameters: the Values whose numbers are the weights.

    Raises:
        InputError: a setting is out of its range, or `tol` is given without `patience`.

    Example:
        >>> p = Value(1.0)
        >>> stopping = EarlyStopping(1, 0.0, [p])
        >>> stopping.should_stop(History(loss=[0.5]))
        False
        >>> p.data = 2.0
        >>> stopping.should_stop(History(loss=[0.5, 0.75]))
        True
        >>> stopping.restore()
        >>> p.data, stopping.epoch
        (1.0, 1)
    """

    def __init__(self, patience: int | None, tol: float, parameters: list[Value]) -> None:
        self.patience = None if patience is None else whole("patience", patience)
        self.tol = real(tol)
        if not 0.0 <= self.tol < math.inf:
            raise InputError(f"tol must be finite and not negative, not {tol!r}")
        if self.tol and patience is None:
            raise InputError(f"tol needs patience, the number of epochs to wait for an improvement: write patience=5, tol={tol!r}")
        self.parameters = parameters
        self.loss = math.inf
        self.epoch = 0
        self.weights = numbers_of(parameters)

    def should_stop(self, history: History) -> bool:
        """Take note of an epoch. Whether there was no improvement for too long."""
        if self.patience is None:
            return False
        loss = (history.validation_loss or history.loss)[-1]
        if loss < self.loss - self.tol:
            self.loss, self.epoch, self.weights = loss, len(history.loss), numbers_of(self.parameters)
        return len(history.loss) - self.epoch >= self.patience

    def restore(self) -> None:
        """Give the parameters their best numbers."""
        with handling_interrupts() as uninterrupted, uninterrupted:
            assign(self.parameters, self.weights)
