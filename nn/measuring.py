"""What is measured of an epoch: the mean loss, and the metrics that a user has chosen by name or passed as functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograd._runtime.coercion import real
from autograd.errors import InputError
from nn import metrics as known_metrics
from nn.losses import Loss, cross_entropy

Metric = Callable[[list[Any], list[Any]], float]
"""A function of the outputs and the targets of many samples."""

Metrics = str | Metric | Iterable[str | Metric] | None


def metrics_named(metrics: Metrics, loss: Loss, y: list[Any]) -> dict[str, Metric]:
    """The metrics by their names.

    Args:
        metrics: names from `nn.metrics`, functions, or both. By default the accuracy, if the loss or the targets are those of classes.
        loss: from which the threshold of the accuracy follows, see `nn.metrics.threshold_of`.
        y: the targets.

    Raises:
        InputError: there is no metric of that name, two have one name, or the accuracy cannot be measured.

    Example:
        >>> from nn.losses import mse
        >>> list(metrics_named(None, cross_entropy, [2, 0])), list(metrics_named("r2_score", mse, [0.5, 2.5]))
        (['accuracy'], ['r2_score'])
    """
    result: dict[str, Metric] = {}
    for metric in _chosen(metrics, loss, y):
        name = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
        if name in result or name in ("loss", "seconds", "epoch") or name.startswith("validation_"):
            raise InputError(f"the history already has a curve {name!r}: give the metric another name")
        if callable(metric):
            result[name] = metric
        elif not isinstance(metric, str):
            raise InputError(f"a metric must be a name, or a function of outputs and targets, not {metric!r}")
        elif metric == "accuracy":
            if known_metrics.is_measurable(loss, y):
                result[name] = _accuracy(loss, y)
            elif metrics is not None:
                raise InputError(
                    "all targets are 1, and the loss does not tell whether the other class is 0 or -1: pass "
                    "metrics=[lambda outputs, targets: accuracy(outputs, targets, threshold=0.5)] for 0, or threshold=0.0 for -1"
                )
        elif metric in ("mean_absolute_error", "r2_score"):
            result[name] = getattr(known_metrics, metric)
        else:
            raise InputError(
                f'there is no metric {metric!r}: choose "accuracy", "mean_absolute_error" or "r2_score", '
                "or pass a function of outputs and targets"
            )
    return result


def _chosen(metrics: Metrics, loss: Loss, y: list[Any]) -> Iterable[str | Metric]:
    if metrics is None:
        return ["accuracy"] if loss is cross_entropy or known_metrics.are_two_classes(y) else []
    if isinstance(metrics, str) or callable(metrics):
        return [metrics]
    if not hasattr(metrics, "__iter__") or getattr(metrics, "ndim", None) == 0:
        raise InputError(f"metrics must be names, or functions of outputs and targets, not {metrics!r}")
    return metrics


def _accuracy(loss: Loss, y: list[Any]) -> Metric:
    """The accuracy. Its threshold is computed once, for the first outputs, because the loss may need outputs of this form."""
    threshold: float | None = None

    def accuracy(outputs: list[Any], targets: list[Any]) -> float:
        nonlocal threshold
        if threshold is None:
            threshold = known_metrics.threshold_of(loss, y, outputs[0])
        return known_metrics.accuracy(outputs, targets, threshold or 0.0)

    return accuracy


def measured(losses: list[float], outputs: list[Any], targets: list[Any], metrics: dict[str, Metric]) -> dict[str, float]:
    """The mean loss and the metrics of some samples.

    Raises:
        InputError: a metric returns no number.

    Example:
        >>> measured([1.0, 2.0], [0.5, 1.5], [1.0, 1.0], {"count": lambda outputs, targets: len(outputs)})
        {'loss': 1.5, 'count': 2.0}
    """
    result = {"loss": math.fsum(losses) / len(losses)}
    for name, metric in metrics.items():
        number = metric(list(outputs), list(targets))  # copies, because a metric may sort them
        try:
            result[name] = real(number)
        except InputError:
            raise InputError(f"the metric {name!r} must return a number, not {number!r}") from None
    return result
