"""Losses, each of one sample: a function of the model's output and the target that returns a Value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import log_softmax
from autograd.errors import InputError
from autograd.value import Value, dot, real


def mse(output: Any, target: Any) -> Value:
    """The mean of the squared differences.

    Args:
        output: a Value, or a sequence of them.
        target: a number, or as many numbers.

    Raises:
        InputError: the lengths differ, or there is no output.

    Example:
        >>> mse([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        2.5
    """
    outputs = [output] if isinstance(output, Value) else list(output)
    targets = list(target) if hasattr(target, "__len__") else [target]
    if len(outputs) != len(targets) or not outputs:
        raise InputError(f"mse needs as many targets as outputs, at least one: {len(outputs)} outputs, {len(targets)} targets")
    differences = [o - t for o, t in zip(outputs, targets, strict=True)]
    mean: Value = dot(differences, differences) / len(differences)
    return mean


def cross_entropy(logits: Sequence[Value], target: Any) -> Value:
    """-Σ yⱼ log softmax(logits)ⱼ: minus the logarithm of the probability that the model gives to the target.

    Args:
        logits: the model's output, without softmax; any size of numbers is safe.
        target: the index of the right class, or a probability for each class.

    Raises:
        InputError: no such class, or not as many probabilities as logits.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> loss = cross_entropy([Value(0.1), Value(10.0), Value(0.1)], 1)
        >>> round(loss.data, 6)
        0.0001
    """
    if isinstance(logits, Value):
        raise InputError("cross_entropy needs a logit for each class; give the model as many outputs as there are classes")
    log_probabilities = log_softmax(logits)
    if hasattr(target, "__len__"):
        if len(target) != len(log_probabilities):
            raise InputError(f"cross_entropy needs as many probabilities as logits: {len(target)} and {len(log_probabilities)}")
        return -dot(target, log_probabilities)
    classes = range(len(log_probabilities))
    if real(target) not in classes:
        raise InputError(f"target {target!r} is no class: with {len(classes)} logits, classes are 0 to {len(classes) - 1}")
    return -log_probabilities[int(target)]  # type: ignore[no-any-return]
