"""Whether what an engine has recorded can be used again in a later call."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import TYPE_CHECKING, Any

from autograd._runtime.temporary import During, afterwards
from autograd.value import Value
from nn.engine.eager_engine import EagerEngine
from nn.engine.side_effects import refused_side_effects
from nn.layers.dropout import Dropout

if TYPE_CHECKING:
    from nn.engine.fingerprint import Fingerprint


class Reuse:
    """Watches the recordings of an engine: all of them must be of the same model, loss and penalty, in the same state.

    Args:
        eager: has the model, the loss and the penalty.

    Attributes:
        is_possible: whether all recordings were made in one state, which can be compared with a later one.
    """

    def __init__(self, eager: EagerEngine) -> None:
        self._eager = eager
        self._recorded: Fingerprint | None = None  # of the first recording
        self._is_checking = False
        self.is_possible = True

    def recording(self) -> During[None]:
        """A context in which a function of the engine is recorded, or compared with its record.

        Raises:
            CompileError: the function changes something when it is called.
        """
        if not self._is_checking and self.is_possible:
            present = self._present()
            self._recorded = self._recorded or present
            self.is_possible = self._recorded.is_same(present)
        return refused_side_effects(self._eager.model, self._eager.loss, self._eager.penalty)

    def checking(self) -> During[None]:
        """A context in which functions are run only to compare them with their records."""
        self._is_checking = True
        return afterwards(self._end_of_checking)

    def _end_of_checking(self) -> None:
        self._is_checking = False

    def restart(self) -> None:
        """All records were dropped."""
        self._recorded, self.is_possible = None, True

    def is_current(self) -> bool:
        """Whether recording anew would give the same. If that is unknown, or nothing was recorded, it is False."""
        return self.is_possible and self._recorded is not None and self._recorded.is_same(self._present())

    def _present(self) -> Fingerprint:
        from nn.engine.fingerprint import Fingerprint

        return Fingerprint([self._eager.model, self._eager.loss, self._eager.penalty], self._eager.modules)


def are_same(some: Sequence[Value], others: Sequence[Value]) -> bool:
    """Whether these are the same Values in the same order.

    Example:
        >>> x, y = Value(1.0), Value(1.0)
        >>> are_same([x, y], [x, y]), are_same([x], [y])
        (True, False)
    """
    return len(some) == len(others) and all(map(is_, some, others))


def is_of_layer(sampler: Any) -> bool:
    """Whether a sampler, a function that draws random numbers, is that of a Dropout, which refers to no model.

    Others may refer to the model, and to objects that were replaced by equal ones since.

    Example:
        >>> is_of_layer(Dropout(0.5)._mask), is_of_layer(lambda: 0.5)
        (True, False)
    """
    return type(getattr(sampler, "__self__", None)) is Dropout
