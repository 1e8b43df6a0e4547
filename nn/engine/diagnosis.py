"""Why a step would make the parameters nan or infinite: which sample, operation and parameter it was."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.contexts import detect_anomaly
from autograd.errors import AnomalyError, AutogradError, TrainingError
from nn.array_type import Array
from nn.engine.interface import BatchGradient, Engine
from nn.engine.samples import Samples


def check_finite(engine: Engine, samples: Samples, order: Sequence[int], batch: BatchGradient) -> None:
    """Stop before a step that would make the parameters nan or infinite.

    Args:
        engine: what computed the batch. Its model and loss are called again to find the operation.
        samples, order: the data, and the indices of the samples in the batch.
        batch: what was computed.

    Raises:
        TrainingError: a loss, their sum, or the gradient is not finite. It names the sample, the operation, the parameter.
    """
    total = sum(batch.losses)
    if not math.isfinite(total):
        for i, one in zip(order, batch.losses, strict=True):
            if not math.isfinite(one):
                raise TrainingError(
                    f"the loss of sample {i} is {one}{_origin(engine, samples, i)}: lower the learning rate, or check the data"
                )
        raise TrainingError(f"the loss of this batch is {total}: lower the learning rate, or check the data")
    if not _all_finite(batch.gradient):
        origins = ((i, _origin(engine, samples, i)) for i in order)
        cause = next((f" by sample {i}{origin}" for i, origin in origins if origin), "")
        raise TrainingError(f"the gradient of {_first(engine, batch.gradient)}{cause}; the parameters are those before this step")


def checked_step(engine: Engine, new: Array) -> Array:
    """The numbers that the parameters are to have after a step.

    Raises:
        TrainingError: one of them is not finite.
    """
    if not _all_finite(new):
        raise TrainingError(f"with this step {_first(engine, new)}: lower the learning rate; the parameters are those before this step")
    return new


def _all_finite(numbers: Array) -> bool:
    import numpy as np

    return bool(np.isfinite(numbers).all())


def _first(engine: Engine, numbers: Array) -> str:
    """Which parameter has the first of these numbers that is not finite, and that number."""
    import numpy as np

    names = {value: name for name, value in engine.model.named_parameters()}
    p = int(np.flatnonzero(~np.isfinite(numbers))[0])
    return f"{names.get(engine.parameters[p], 'a parameter')} is {float(numbers[p])}"


def _origin(engine: Engine, samples: Samples, i: int) -> str:
    """Which operation first gave nan or infinity for this sample; "" where the error does not repeat, as with a new dropout mask."""
    engine.write()
    for p in engine.parameters:
        p.grad = 0.0  # the present gradient may be nan
    X, y = samples.lists([i])
    try:
        with detect_anomaly():
            engine.loss(engine.model(X[0]), y[0]).backward()
    except AutogradError as error:
        return f" ({error})" if isinstance(error, AnomalyError) else ""
    return ""
