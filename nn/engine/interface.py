"""What every engine does: it computes the losses, the outputs and the gradient of a batch, and holds the parameters meanwhile.

All engines give the same numbers to within rounding, for the same samples in the same order, and draw the same random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from autograd.temporary import During
from autograd.value import Value
from nn.array_type import Array
from nn.engine.samples import Samples
from nn.losses import Loss


class Evaluation(NamedTuple):
    """The losses and the outputs of some samples, as numbers.

    Attributes:
        losses: one number a sample; none where there are no targets.
        outputs: what the model returned for each sample.
    """

    losses: list[float]
    outputs: list[Any]


class BatchGradient(NamedTuple):
    """What one step of training needs to know of a batch.

    Attributes:
        losses: one number a sample.
        outputs: what the model returned for each sample, as numbers.
        gradient: of the mean loss plus the penalty, with respect to each parameter, in their order.
    """

    losses: list[float]
    outputs: list[Any]
    gradient: Array


class Engine(Protocol):
    """Computes losses, outputs and gradients of a model.

    Between `read` and `write` an engine may hold the numbers of the parameters itself; those in the Values are then out of date.

    Attributes:
        reason: why the model was not compiled although it should have been; "" otherwise.
        watched: whether code of the user, such as a callback, runs between the steps and may change the model.
    """

    reason: str
    watched: bool

    @property
    def model(self) -> Any:
        """The model: called with one sample."""

    @property
    def loss(self) -> Loss:
        """The loss: a function of the output and the target of one sample."""

    @property
    def parameters(self) -> list[Value]:
        """The Values with respect to which the loss is differentiated."""

    def mode(self, training: bool) -> During[None]:
        """Put the model and all its parts in training or in evaluation mode, for the time of a `with` statement."""

    def gradient(self, samples: Samples, order: Sequence[int]) -> BatchGradient:
        """The losses and outputs of the samples with these indices, and the gradient of their mean loss.

        Raises:
            InputError: the loss returns no Value.
            AutogradError: what the model or the loss raises; a note names the sample.
        """

    def evaluate(self, samples: Samples) -> Evaluation:
        """The losses and outputs of all samples, in evaluation mode.

        Raises:
            AutogradError: what the model or the loss raises; a note names the sample.
        """

    def refresh(self, samples: Samples) -> None:
        """Look at the model again: code of the user may have changed its parts or what it computes."""

    def update(self, rule: Callable[[Array], Array]) -> None:
        """Replace the numbers of the parameters by what a rule makes of them."""

    def read(self) -> None:
        """Take the numbers of the parameters from the Values."""

    def write(self) -> None:
        """Write the numbers of the parameters back to the Values. It may be repeated, as after an interrupt."""
