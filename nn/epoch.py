"""One epoch of training: for each batch its losses and gradient, and one step of the optimizer."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from types import FunctionType
from typing import Any

from autograd.contexts import enable_grad
from autograd.errors import TrainingError
from autograd.state import STATE
from autograd.value import numbers_of, set_gradients, set_numbers
from nn.array_type import Array
from nn.data.batching import batches
from nn.engine.diagnosis import check_finite, checked_step
from nn.engine.interface import Engine
from nn.engine.samples import Samples
from nn.interrupts import handling_interrupts
from nn.measuring import Metric, measured
from nn.optimizers import Optimizer


def run_epoch(
    engine: Engine,
    optimizer: Optimizer,
    samples: Samples,
    batch_size: int,
    rng: random.Random | None,
    metrics: dict[str, Metric],
    advance: Callable[[], object],
) -> dict[str, float]:
    """Learn from all samples once.

    Args:
        engine: computes the losses and gradients. Its parameters are those of the optimizer.
        optimizer: makes the steps.
        samples: samples and targets.
        batch_size: at least 1.
        rng: the generator that shuffles; None for Python's global one.
        metrics: by name.
        advance: called after each step.

    Returns:
        The mean loss, and the metrics of the outputs from which the steps were computed.

    Raises:
        TrainingError: something is not finite; the parameters are those before the step.
        AutogradError: what the model or the loss raises for a sample; a note names the sample.

    Example:
        >>> from nn import SGD, Linear, mse
        >>> from nn.engine.eager_engine import EagerEngine
        >>> model = Linear(1, 1, bias=False, initialiser=lambda fan_in, fan_out, rng: 2.0)
        >>> optimizer = SGD(model.parameters(), lr=0.25)
        >>> engine = EagerEngine(model, mse, optimizer.parameters)
        >>> run_epoch(engine, optimizer, Samples([[1.0]], [[1.0]]), 1, None, {}, lambda: None)
        {'loss': 1.0}
        >>> model.weight[0][0].data
        1.5
    """
    losses: list[float] = []
    outputs: list[Any] = []
    targets: list[Any] = []
    indices = range(len(samples))
    by_hand = getattr(optimizer.step, "__func__", None) is not Optimizer.step
    by_user = by_hand or is_of_user(optimizer)
    engine.read()
    with handling_interrupts() as uninterrupted, enable_grad() if STATE.paused else nullcontext():  # there may be a no_grad around
        for order, _ in batches(indices, indices, batch_size, rng=rng):
            batch = engine.gradient(samples, order)
            check_finite(engine, samples, order, batch)
            with uninterrupted:
                if by_user:  # its code may use the gradients in the Values too
                    set_gradients(engine.parameters, batch.gradient.tolist())
                if by_hand:
                    _step_by_hand(engine, optimizer, batch.gradient)
                else:
                    engine.update(lambda numbers: checked_step(engine, optimizer.update(numbers, batch.gradient)))  # noqa: B023 - called at once
            if by_user:  # its code may have changed the model
                engine.refresh(samples)
            losses += batch.losses
            outputs += batch.outputs
            targets += [samples.y[i] for i in order]
            advance()
    engine.write()
    return measured(losses, outputs, targets, metrics)


def is_of_user(x: object) -> bool:
    """Whether it is a function or an object of a class from outside of this package.

    Example:
        >>> from nn import SGD
        >>> is_of_user(SGD([Value(1.0)])), is_of_user(random.random)
        (False, True)
    """
    module = x.__module__ if isinstance(x, (FunctionType, type)) else type(x).__module__
    return str(module).split(".")[0] != "nn"


def _step_by_hand(engine: Engine, optimizer: Optimizer, gradient: Array) -> None:
    """A step of an optimizer that defines `step` itself, which uses the Values, as in a loop by hand."""
    import numpy as np

    engine.write()
    before = numbers_of(engine.parameters)
    set_gradients(engine.parameters, gradient.tolist())
    try:
        optimizer.step()
        checked_step(engine, np.array(numbers_of(engine.parameters)))
    except (KeyboardInterrupt, TrainingError):  # after other errors, the parameters stay as the step left them
        set_numbers(engine.parameters, before)
        raise
    engine.read()
