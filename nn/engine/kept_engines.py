"""Compiled engines that are kept from one call of `predict` or `evaluate` to the next, as long as their model lives."""

from __future__ import annotations

import weakref

from nn.engine.compiled_engine import CompiledEngine
from nn.engine.interface import Evaluation
from nn.engine.samples import Samples
from nn.losses import Loss
from nn.module import Module

_KEPT: dict[int, tuple[weakref.ref[Module], CompiledEngine]] = {}
"""By the `id` of the model; an entry goes with its model."""


def evaluate_compiled(model: Module, loss: Loss, samples: Samples) -> Evaluation:
    """The losses and outputs of all samples, in evaluation mode, from compiled code.

    What was recorded at the last call with this model is used again, if recording it now would give the same. That is tried on the first
    sample at each call, because what a model computes may depend on anything.

    Raises:
        AutogradError: what the model or the loss raises; a note names the sample.

    Example:
        >>> from nn import Linear, mse
        >>> model = Linear(1, 1, initialiser=lambda fan_in, fan_out, rng: 2.0)
        >>> evaluate_compiled(model, mse, Samples([[1.0], [3.0]], [[1.0], [5.0]]))
        Evaluation(losses=[1.0, 1.0], outputs=[[2.0], [6.0]])
        >>> id(model) in kept_ids()
        True
    """
    known, engine = _KEPT.pop(id(model), (None, None))  # taken out, so that no other thread uses it too
    if known is None or engine is None or known() is not model:
        engine = CompiledEngine(model, loss, [])
    else:
        engine.attach(model, loss, samples)
    result = engine.evaluate(samples)
    if engine.detach():
        key = id(model)
        _KEPT[key] = weakref.ref(model, lambda _: _KEPT.pop(key, None)), engine
    return result


def kept_ids() -> set[int]:
    """The `id` of each model for which an engine is kept.

    Example: see `evaluate_compiled`.
    """
    return set(_KEPT)
