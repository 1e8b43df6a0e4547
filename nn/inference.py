"""Inference: what a model answers, and how good its answers are: `predict`, `evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd._runtime.coercion import need_function
from nn.checks import loss_function, paired
from nn.data.rows import Rows
from nn.engine.eager_engine import EagerEngine
from nn.engine.interface import Evaluation
from nn.engine.kept_engines import evaluate_compiled
from nn.engine.samples import Samples
from nn.losses import Loss, cross_entropy
from nn.measuring import Metrics, measured, metrics_named
from nn.module import Module

COMPILED_FROM = 1000
"""`predict` and `evaluate` compile the model for this many samples or more. For few samples, recording costs more than it saves."""

WIDE_FROM, WIDE_PRODUCT = 100, 300_000
"""They compile a wide model for fewer samples: from `WIDE_FROM` on, if samples · parameters are at least `WIDE_PRODUCT`. Below this
product, eager code ends before a compiler is imported."""


def predict(model: Callable[[Any], Any], X: Rows) -> list[Any]:
    """The outputs of a model for many samples, as numbers: for each sample one number, or a list of them. In evaluation mode.

    For many samples the model is recorded for one sample and compiled. The record is kept as long as the model lives. The next call uses
    it again if recording the model would give the same, which it would not after a layer or a setting has changed.

    Args:
        model: called with one sample.
        X: samples: a list, a NumPy array, or a pandas frame.

    Raises:
        InputError: `model` is not a function.
        AutogradError: what the model raises for a sample; a note names the sample.

    Example:
        >>> from nn import MLP
        >>> len(predict(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]]))
        2
    """
    need_function(model, "predict(model, X)")
    return _evaluated(model, cross_entropy, Samples(X)).outputs


def evaluate(model: Callable[[Any], Any], X: Rows, y: Rows, *, loss: Loss = cross_entropy, metrics: Metrics = None) -> dict[str, float]:
    """The mean loss and the metrics on samples and targets, in evaluation mode. The model is compiled as for `predict`.

    Args:
        model, X, y, loss, metrics: as for `fit`.

    Raises:
        InputError: `model` is not a function, the lengths differ, there are no samples, or there is no such metric.
        AutogradError: what the model or the loss raises for a sample; a note names the sample.

    Example:
        >>> from nn import MLP
        >>> sorted(evaluate(MLP(2, [3]), [[0.0, 1.0]], [2]))
        ['accuracy', 'loss']
    """
    need_function(model, "evaluate(model, X, y)")
    samples = Samples(X, y)
    paired("evaluate", samples.X, samples.y)
    chosen = metrics_named(metrics, loss_function(loss), samples.y)
    losses, outputs = _evaluated(model, loss, samples)
    return measured(losses, outputs, samples.y, chosen)


def _evaluated(model: Callable[[Any], Any], loss: Loss, samples: Samples) -> Evaluation:
    """The losses and outputs, from compiled code where that is faster."""
    n = len(samples)
    if isinstance(model, Module) and n >= WIDE_FROM and (n >= COMPILED_FROM or n * len(model.parameters()) >= WIDE_PRODUCT):
        return evaluate_compiled(model, loss, samples)
    return EagerEngine(model, loss, []).evaluate(samples)
