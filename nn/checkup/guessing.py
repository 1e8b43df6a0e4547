"""The loss of guessing: of the best answer that does not look at the sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from autograd.contexts import no_grad
from autograd.errors import AutogradError
from autograd.trees import flatten
from autograd.value import Value
from nn.engine.eager_engine import loss_of
from nn.losses import Loss

LEAST = 1e-9
"""The probability of a class that does not occur, in a guess."""

TARGETS = 1000
"""How many targets are looked at, evenly spread, if there are more different ones."""


def guessed(loss: Loss, output: Any, targets: list[Any]) -> tuple[float, str]:
    """The mean loss of the best constant answer, and what that is; nan where none fits the loss.

    Several are tried: the means and the medians of the targets, the logits of the means, the logarithms of the frequencies of classes.

    Args:
        loss: a function of an output and a target.
        output: one of the model, whose form the answers have.
        targets: those of all samples.

    Example:
        >>> from nn.losses import cross_entropy, mse
        >>> guessed(mse, 0.5, [0.0, 2.0])
        (1.0, 'the mean of the targets')
        >>> round(guessed(cross_entropy, [0.1, 0.2], [0, 1])[0], 6)
        0.693147
    """
    leaves, build = flatten(output, arrays=False)
    counts = _counted(targets)
    if len(counts) > TARGETS:
        targets = targets[:: -(-len(targets) // TARGETS)]
        counts = _counted(targets)
    best = math.nan, ""
    for numbers, name in _answers(len(leaves), targets):
        answer = build([Value(number) for number in numbers])
        try:
            with no_grad():
                found = math.fsum(times * loss_of(loss, answer, target).data for target, times in counts) / len(targets)
        except (AutogradError, ArithmeticError, ValueError, TypeError):  # such as a logit where the loss takes a probability
            continue
        if found < best[0] or math.isnan(best[0]):
            best = found, name
    return best


def _counted(targets: list[Any]) -> list[tuple[Any, int]]:
    """Each target that occurs, and how often."""
    counts: dict[str, tuple[Any, int]] = {}
    for target in targets:
        first, times = counts.get(repr(target), (target, 0))
        counts[repr(target)] = first, times + 1
    return list(counts.values())


def _answers(size: int, targets: list[Any]) -> Iterator[tuple[list[float], str]]:
    """Answers of so many numbers."""
    rows = [flatten(target)[0] for target in targets]
    if not all(isinstance(x, (int, float)) and math.isfinite(x) for row in rows for x in row):
        return
    if all(len(row) == size for row in rows):
        columns = [sorted(column) for column in zip(*rows, strict=True)]
        means = [math.fsum(column) / len(column) for column in columns]
        yield means, "the mean of the targets"
        yield [column[len(column) // 2] for column in columns], "the median of the targets"
        if all(0.0 <= mean <= 1.0 for mean in means):
            bounded = [min(max(mean, LEAST), 1.0 - LEAST) for mean in means]
            yield [math.log(p / (1.0 - p)) for p in bounded], "the mean of the targets"
            yield [math.log(p) for p in bounded], "the frequencies of the classes"
        yield [1.0] * size, "1 for every sample"
        yield [-1.0] * size, "−1 for every sample"
    if size > 1 and all(len(row) == 1 and row[0] in range(size) for row in rows):
        counts = [0] * size
        for row in rows:
            counts[int(row[0])] += 1
        yield [math.log(max(count / len(rows), LEAST)) for count in counts], "the frequencies of the classes"
        yield [count / len(rows) for count in counts], "the frequencies of the classes"
