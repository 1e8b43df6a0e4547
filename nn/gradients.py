"""Losses, outputs and the gradient of a batch: where samples become a batch, and losses a mean. Eager, or compiled.

Both ways give the same numbers to within rounding, for the same samples in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd.contexts import detect_anomaly, no_grad
from autograd.errors import AnomalyError, AutogradError, InputError, TrainingError
from autograd.value import Value, operand
from nn.module import Module

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Loss = Callable[[Any, Any], Value]
Penalty = Callable[[Any], Value]


class Eager:
    """The graph of every sample, and the chain rule through all of it.

    Args:
        model: called with one sample.
        loss: of the output and the target of one sample.
        parameters: the Values by which to differentiate.
        penalty: of the model, added to the mean loss of a batch.
    """

    def __init__(self, model: Module, loss: Loss, parameters: Sequence[Value], penalty: Penalty | None = None) -> None:
        self.model: Any = model
        self.loss = loss
        self.parameters = parameters
        self.penalty = penalty

    def gradient(self, X: Sequence[Any], y: Sequence[Any]) -> tuple[list[float], list[Any], Array]:
        """The losses and outputs of the samples as numbers, and the gradient of the mean loss, in the order of the parameters.

        Raises:
            InputError: the loss gives no Value.
        """
        import numpy as np

        outputs = [self.model(x) for x in X]
        losses = [self.loss(output, target) for output, target in zip(outputs, y, strict=True)]
        for one in losses:
            if not isinstance(one, Value):
                raise InputError(f"a loss must be a Value, which has a gradient, not {one!r}: compute it from the model's output")
        mean = sum(losses[1:], losses[0]) / len(losses)
        for p in self.parameters:
            p.grad = 0.0
        (mean if self.penalty is None else mean + self.penalty(self.model)).backward()
        return [one.data for one in losses], [plain(output) for output in outputs], np.array([p.grad for p in self.parameters])

    def evaluate(self, X: Sequence[Any], y: Sequence[Any] | None) -> tuple[list[float], list[Any]]:
        """The losses (none without targets) and the outputs of the samples, as numbers."""
        with no_grad():
            outputs = [plain(self.model(x)) for x in X]
            if y is None:
                return [], outputs
            constants = [operand(out) if isinstance(out, float) else [operand(o) for o in out] for out in outputs]
            return [self.loss(out, target).data for out, target in zip(constants, y, strict=True)], outputs

    def read(self) -> None:
        """Take the numbers of the parameters: they are where they are."""

    def write(self) -> None:
        """Give the parameters their numbers: they have them."""

    def update(self, rule: Callable[[Array, Array], Array], gradient: Array) -> None:
        """Set the parameters to what a rule gives of them and of the gradient."""
        import numpy as np

        new = rule(np.array([p.data for p in self.parameters]), gradient)
        for p, number in zip(self.parameters, new.tolist(), strict=True):
            p.data = number


class Compiled:
    """One sample recorded, and run for all samples of a batch at once. The numbers of the parameters are in an array while it is used.

    Args: as for `Eager`.
    """

    def __init__(self, model: Module, loss: Loss, parameters: Sequence[Value], penalty: Penalty | None = None) -> None:
        from autograd import compile
        from autograd.compiled.arguments import Parameters

        def sample(model: Any, x: Any, target: Any) -> Any:
            output = model(x)
            one = loss(output, target)
            if not isinstance(one, Value):
                raise InputError(f"a loss must be a Value, which has a gradient, not {one!r}: compute it from the model's output")
            return one, (one, output)

        self.eager = Eager(model, loss, parameters, penalty)
        self.parameters = Parameters(model, parameters)
        self.sample = compile(sample, in_axes=(None, 0, 0))
        self.output = compile(lambda model, x: model(x), in_axes=(None, 0))
        self.penalty = None if penalty is None else compile(penalty, in_axes=(None,))

    def record(self, X: Any, y: Any) -> None:
        """Record the loss of a sample, and the penalty.

        Raises:
            AutogradError: they cannot be recorded, or not be added up as `gradient` does.
        """
        self.sample.record(self.parameters, X, y, wrt=0)
        if self.penalty is not None:
            self.penalty.record(self.parameters, wrt=0)

    def gradient(self, X: Any, y: Any) -> tuple[list[float], list[Any], Array]:
        """As `Eager.gradient`.

        Raises:
            FloatingPointError: a sample left the domain of an operation.
        """
        import numpy as np

        with np.errstate(invalid="raise"):  # as eager code would: also where the result is a number again
            (_, (losses, outputs)), gradient = self.sample.value_and_grad(self.parameters, X, y, wrt=0, reduce="mean", has_aux=True)
        if self.penalty is not None:
            gradient = gradient + self.penalty.value_and_grad(self.parameters, wrt=0)[1]
        return losses.tolist(), outputs.tolist(), gradient

    def evaluate(self, X: Any, y: Any) -> tuple[list[float], list[Any]]:
        """As `Eager.evaluate`.

        Raises:
            FloatingPointError: a sample left the domain of an operation.
        """
        import numpy as np

        with np.errstate(invalid="raise"):
            if y is None:
                return [], self.output(self.parameters, X).tolist()
            losses, outputs = self.sample(self.parameters, X, y)[1]
        return losses.tolist(), outputs.tolist()

    def read(self) -> None:
        """Take the numbers of the parameters."""
        self.parameters.read()

    def write(self) -> None:
        """Give the parameters their numbers."""
        self.parameters.write()

    def update(self, rule: Callable[[Array, Array], Array], gradient: Array) -> None:
        """Set the parameters to what a rule gives of them and of the gradient."""
        self.parameters.array = rule(self.parameters.array, gradient)


def plain(output: Any) -> Any:
    """Numbers only, so that the graph behind them is freed."""
    return output.data if isinstance(output, Value) else float(output) if isinstance(output, (int, float)) else [plain(o) for o in output]


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """The model and all its parts in evaluation mode, and afterwards as they were."""
    modules = model.modules() if isinstance(model, Module) else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, mode in zip(modules, before, strict=True):
            module.training = mode


def check(engine: Eager, X: Sequence[Any], y: Sequence[Any], order: Sequence[int], losses: Sequence[float], gradient: Array) -> None:
    """Stop before a step that would make the parameters nan or inf.

    Args:
        engine: whose model and loss are asked again, to find the operation.
        X, y, order: the samples of the batch, and their numbers in the data.
        losses, gradient: what was computed of them.

    Raises:
        TrainingError: a loss, their mean, or the gradient is not finite; it names the sample, the operation, the parameter.
    """
    import numpy as np

    for x, target, i, one in zip(X, y, order, losses, strict=True):
        if not math.isfinite(one):
            raise TrainingError(f"the loss of sample {i} is {one}{_origin(engine, x, target)}: lower the learning rate, or check the data")
    if not math.isfinite(sum(losses)):
        raise TrainingError(f"the loss of this batch is {sum(losses)}: lower the learning rate, or check the data")
    if not np.isfinite(gradient).all():
        p = int(np.flatnonzero(~np.isfinite(gradient))[0])
        names = {value: name for name, value in engine.model.named_parameters()}
        found = ""
        for x, target, i in zip(X, y, order, strict=True):
            found = _origin(engine, x, target)
            if found:
                found = f" by sample {i}{found}"
                break
        raise TrainingError(
            f"the gradient of {names.get(engine.parameters[p], 'a parameter')} is {float(gradient[p])}{found}; "
            "the parameters are those before this step"
        )


def _origin(engine: Eager, x: Any, target: Any) -> str:
    """Which operation first gave nan or inf, for this sample."""
    for p in engine.parameters:
        p.grad = 0.0  # what it is now may be nan
    try:
        with detect_anomaly():
            engine.loss(engine.model(x), target).backward()
    except AnomalyError as error:
        return f" ({error})"
    except AutogradError:
        return ""
    return ""
