"""The eager engine, which is the reference: it builds the graph of every sample, and applies the chain rule to all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd._runtime.bulk import gradients_of, numbers_of, set_gradients, set_numbers
from autograd._runtime.coercion import number_of
from autograd._runtime.temporary import During, Temporary
from autograd.contexts import no_grad
from autograd.errors import AutogradError
from autograd.trees import flatten
from autograd.value import Value
from nn.array_type import Array
from nn.checks import differentiable
from nn.engine.interface import BatchGradient, Evaluation
from nn.engine.samples import Samples
from nn.losses import Loss, Penalty, mean
from nn.module import Module


class EagerEngine:
    """Computes every sample by itself, as a loop by hand would. See `Engine` for what its methods do.

    Args:
        model: called with one sample.
        loss: a function of the output and the target of one sample.
        parameters: the Values with respect to which the loss is differentiated.
        penalty: a function of the model, added to the mean loss of a batch.
    """

    def __init__(self, model: Any, loss: Loss, parameters: list[Value], penalty: Penalty | None = None) -> None:
        self.reason = ""
        self.watched = False
        self.attach(model, loss, parameters, penalty)

    def attach(self, model: Any, loss: Any, parameters: list[Value], penalty: Penalty | None) -> None:
        """Take these, in place of those that it has."""
        self.model = model
        self.loss: Loss = loss
        self.parameters = parameters
        self.penalty: Penalty | None = None if penalty is None else lambda model: penalty_of(penalty, model)
        self.list_modules()

    def list_modules(self) -> None:
        """Find the parts of the model. The list is kept, because a search at each step can take longer than the step."""
        self.modules = self.model.modules() if isinstance(self.model, Module) else []

    def mode(self, training: bool) -> During[None]:
        """See `Engine`."""
        return During(lambda: _Mode(self.modules, training))

    def gradient(self, samples: Samples, order: Sequence[int]) -> BatchGradient:
        """See `Engine`. The gradients are in the parameters too."""
        import numpy as np

        losses, outputs = self._each(samples, order)
        batch_loss = mean(losses)
        total = batch_loss if self.penalty is None else batch_loss + self.penalty(self.model)
        before = gradients_of(self.parameters)
        try:
            set_gradients(self.parameters, [0.0] * len(self.parameters))
            total.backward()
            return BatchGradient([one.data for one in losses], outputs, np.array(gradients_of(self.parameters)))
        except BaseException:  # such as an interrupt
            set_gradients(self.parameters, before)
            raise

    def evaluate(self, samples: Samples) -> Evaluation:
        """See `Engine`."""
        with self.mode(training=False), no_grad():
            losses, outputs = self._each(samples, range(len(samples)))
        return Evaluation([one.data for one in losses], outputs)

    def _each(self, samples: Samples, order: Sequence[int]) -> tuple[list[Value], list[Any]]:
        losses: list[Value] = []
        outputs: list[Any] = []
        for i in order:
            X, y = samples.lists([i])
            try:
                output = self.model(X[0])
                losses += [loss_of(self.loss, output, target) for target in y]
            except AutogradError as error:
                error.add_note(f"This was sample {i}.")
                raise
            outputs.append(plain(output))
        return losses, outputs

    def refresh(self, samples: Samples) -> None:
        """See `Engine`."""
        self.list_modules()

    def update(self, rule: Callable[[Array], Array]) -> None:
        """See `Engine`."""
        import numpy as np

        assign(self.parameters, rule(np.array(numbers_of(self.parameters))).tolist())

    def read(self) -> None:
        """See `Engine`. The Values keep their numbers, so there is nothing to do."""

    def write(self) -> None:
        """See `Engine`. The Values keep their numbers, so there is nothing to do."""


class _Mode(Temporary[None]):
    def __init__(self, modules: Sequence[Module], training: bool) -> None:
        self._modules, self._training = modules, training
        self._before = [module.training for module in modules]

    def do(self) -> None:
        """See `Temporary`."""
        for module in self._modules:
            module.training = self._training

    def undo(self) -> None:
        """See `Temporary`."""
        for module, before in zip(self._modules, self._before, strict=True):
            module.training = before


def loss_of(loss: Loss, output: Any, target: Any) -> Value:
    """The loss of one sample.

    Raises:
        InputError: it is not a Value.

    Example:
        >>> loss_of(lambda output, target: output - target, Value(3.0), 1.0).data
        2.0
    """
    return differentiable("a loss", loss(output, target), "the model's output")


def penalty_of(penalty: Penalty, model: Any) -> Value:
    """The penalty of a model.

    Raises:
        InputError: it is not a Value.

    Example:
        >>> penalty_of(lambda model: 2.0 * model, Value(3.0)).data
        6.0
    """
    return differentiable("a penalty", penalty(model), "the model's parameters")


def assign(parameters: list[Value], numbers: list[float]) -> None:
    """Set the numbers of all parameters, or of none where an interrupt comes in between.

    Example:
        >>> p = Value(1.0)
        >>> assign([p], [2.0])
        >>> p.data
        2.0
    """
    before = numbers_of(parameters)
    try:
        set_numbers(parameters, numbers)
    except BaseException:
        set_numbers(parameters, before)
        raise


def plain(output: Any) -> Any:
    """The output as numbers, so that the graph behind it is freed.

    Example:
        >>> plain([Value(1.0), (Value(2.0), 3)])
        [1.0, (2.0, 3.0)]
    """
    leaves, build = flatten(output, arrays=False)
    return build([number_of(leaf) for leaf in leaves])
