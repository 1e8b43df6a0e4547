"""What a model does with many samples: compiled where possible, else sample by sample for some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd._runtime.bulk import gradients_of, set_gradients
from autograd.differentiation import derivatives
from autograd.errors import AutogradError, CompileError
from autograd.value import Value, dot
from nn.array_type import Array
from nn.checkup.watching import Unit, WatchedModel
from nn.engine.compiled_engine import CHUNK
from nn.engine.eager_engine import loss_of
from nn.engine.samples import Samples, as_eager
from nn.losses import Loss

EAGER = 200
"""How many samples are looked at where the model cannot be compiled."""


class Part(NamedTuple):
    """What was computed for some samples.

    Attributes:
        losses: one number a sample.
        units: what the layers returned: whose numbers stand in the columns of the arrays.
        numbers: those numbers; a row for each sample.
        before: the numbers that activations were applied to; nan where a unit is not the result of one.
        gradients: of the loss of each sample with respect to each of them.
        gradient: of the sum of the losses, with respect to each parameter.
    """

    losses: Array
    units: list[Unit]
    numbers: Array
    before: Array
    gradients: Array
    gradient: Array


class Runner:
    """Runs a watched model, and differentiates its loss.

    Args:
        watched: the model.
        loss: a function of the output and the target of one sample.
        samples: with targets.

    Attributes:
        parameters: those of the copy.
        reason: why it was not compiled; "" if it was.
        order: the indices of the samples that are looked at: all of them, or if it is not compiled some, evenly spread.
    """

    def __init__(self, watched: WatchedModel, loss: Loss, samples: Samples) -> None:
        from autograd import compile
        from autograd.compiled.api.arguments import Parameters

        self._watched, self._loss, self._samples = watched, loss, samples
        self.parameters = watched.model.parameters()
        self.reason = ""
        self.order: Sequence[int] = range(len(samples))
        self._store = Parameters(watched.model, self.parameters)
        self._units: list[Unit] = []  # those of the last run
        self._expected: list[Unit] = []  # those of the first recording
        self._probe = compile(self._probed, in_axes=(None, 0, 0))
        self._along = compile(self._directed, in_axes=(None, 0, 0, None))

    # -- of one sample, on Values -------------------------------------------------------------------------------------------

    def _watched_loss(self, model: Any, x: Any, target: Any) -> Value:
        self._watched.begin()
        loss = None
        try:
            loss = loss_of(self._loss, model(as_eager(x)), as_eager(target))
        finally:
            self._units = self._watched.end(loss)
        return loss

    def _probed(self, model: Any, x: Any, target: Any) -> Any:
        loss = self._watched_loss(model, x, target)
        self._expected = self._expected or self._units
        if _signature(self._units) != _signature(self._expected):
            raise CompileError("which numbers the layers return depends on the sample")
        nodes = [unit.node for unit in self._units]
        return loss, (loss, nodes, [unit.z for unit in self._units if unit.z is not None], derivatives(loss, nodes))

    def _directed(self, model: Any, x: Any, target: Any, direction: Any) -> Any:
        """The derivative of the loss in a direction. Its gradient is the Hessian times the direction."""
        loss = loss_of(self._loss, model(as_eager(x)), as_eager(target))
        return dot(derivatives(loss, self.parameters), list(direction))

    # -- of many --------------------------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """All samples, some at a time; one at a time where they are not compiled.

        Raises:
            CompileError: the model cannot be compiled: `give_up`, and begin again. Other errors mean the same while there is no `reason`.
            AutogradError: what the model or the loss raises for a sample; a note names the sample.
        """
        if self.reason:
            yield from map(self._eager, self.order)
        else:
            self.check(0)  # where even that fails, its error names the numbers
            for start in range(0, len(self.order), CHUNK):
                yield self._compiled(self.order[start : start + CHUNK])

    def check(self, i: int) -> None:
        """Compute one sample eagerly.

        Raises:
            AutogradError: what the model or the loss raises for it; a note names the sample.
        """
        self._eager(i)

    def give_up(self, error: Exception) -> None:
        """Compute some samples eagerly from now on.

        Args:
            error: that of compiled code.
        """
        text = str(error).splitlines()[0] if str(error) else ""
        self.reason = text if isinstance(error, AutogradError) and text else f"{type(error).__name__}: {text}"
        self.order = spread(len(self._samples), EAGER)

    def _compiled(self, order: Sequence[int]) -> Part:
        import numpy as np

        (_, (losses, nodes, zs, gradients)), gradient = self._run(
            self._probe, *self._samples.arrays(order), wrt=0, reduce="sum", has_aux=True
        )
        units = self._expected
        before = np.full((len(order), len(units)), np.nan)
        before[:, [unit.z is not None for unit in units]] = zs
        return Part(losses, units, nodes, before, gradients, gradient)

    def _run(self, function: Any, *arguments: Any, **settings: Any) -> Any:
        from autograd.compiled.floating_errors import quietly

        return quietly(function.value_and_grad, self._store, *arguments, **settings)

    def _eager(self, i: int) -> Part:
        import numpy as np

        (x,), (target,) = self._samples.lists([i])
        set_gradients(self.parameters, [0.0] * len(self.parameters))
        try:
            loss = self._watched_loss(self._watched.model, x, target)
        except AutogradError as error:
            error.add_note(f"This was sample {i}.")
            raise
        loss.backward()
        rows = (
            [unit.node.data for unit in self._units],
            [np.nan if unit.z is None else unit.z.data for unit in self._units],
            gradients_of([unit.node for unit in self._units]),
        )
        numbers, before, gradients = (np.array([row], np.float64) for row in rows)
        return Part(np.array([loss.data]), self._units, numbers, before, gradients, np.array(gradients_of(self.parameters)))

    # -- of few ---------------------------------------------------------------------------------------------------------------

    def gradient(self, order: Sequence[int]) -> Array:
        """The gradient of the mean loss of some samples."""
        parts = [self._eager(i) for i in order] if self.reason else [self._compiled(order)]
        return sum([part.gradient for part in parts]) / len(order)  # type: ignore[return-value]

    def curvature_along(self, direction: Array, order: Sequence[int]) -> Array:
        """The Hessian of the mean loss of some samples, times a direction."""
        import numpy as np

        if not self.reason:
            return self._run(self._along, *self._samples.arrays(order), direction, wrt=0, reduce="sum")[1] / len(order)  # type: ignore[no-any-return]
        set_gradients(self.parameters, [0.0] * len(self.parameters))
        for i in order:
            (x,), (target,) = self._samples.lists([i])
            self._directed(self._watched.model, x, target, direction.tolist()).backward()
        return np.array(gradients_of(self.parameters)) / len(order)

    def loss_after(self, step: Array, order: Sequence[int]) -> float:
        """The mean loss of some samples, if each parameter were changed by its number in `step`."""
        import numpy as np

        before = self._store.array
        self._store.array = before + step
        try:
            if self.reason:
                self._store.write()
            parts = [self._eager(i) for i in order] if self.reason else [self._compiled(order)]
        finally:
            self._store.array = before
            self._store.write()
        return float(np.mean([one for part in parts for one in part.losses]))


def _signature(units: list[Unit]) -> list[Any]:
    """What is the same for all samples in a compiled program."""
    return [(unit.row, unit.neuron, unit.activation) for unit in units]


def spread(count: int, most: int) -> range:
    """At most so many indices, evenly spread over all.

    Example:
        >>> list(spread(10, 4)), list(spread(3, 4))
        ([0, 3, 6, 9], [0, 1, 2])
    """
    return range(0, count, max(1, -(-count // most)))
