"""What is wrong with the training: a loss that is that of guessing, and a learning rate that does not fit the curvature."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator
from typing import Any

from nn.checkup.curvature import Limit
from nn.checkup.findings import Finding

AT_CHANCE, WORSE, NO_CHANCE = 0.99, 5.0, 1e-6
"""The loss is that of guessing from this share of it on, and far worse from so many times it on: ten sigmoids that answer ½ where one
target is 1 start at three times. Where the loss of guessing is at most the last of these, all targets are the same, and it says nothing."""

LEARNED = 0.5
"""A network has learned if the loss is below this share of that of guessing."""

STANDING = 1e-3
"""Training stands still if the best step along the gradient would lower the loss by less than this share of it."""

TOO_HIGH, TOO_LOW = 2.0, 0.01
"""A rate is too high from so many times the largest stable one on: there, steps leave the valley instead of finding a flatter part of it.
It is too low below that share of it: even along the steepest direction, the way to the minimum then takes a hundred steps."""

RISEN = 2.0
"""If a step with a rate that is too high makes the loss so many times as large, it is serious."""

SMALL_STEPS = 1e-5
"""The rate of an optimizer that scales its steps, which is about the size of a step, is too low if it is that share of a parameter."""


def loss_findings(loss: float, chance: float, guess: str, gain: float, wrong: int = -1) -> Iterator[Finding]:
    """What the loss says.

    Args:
        loss: the mean loss.
        chance: that of guessing, and what the guess is; nan if it is not known.
        guess: what is guessed.
        gain: by how much the best step along the gradient would lower it, ‖g‖² / 2λ; nan if it is not known.
        wrong: the first sample of which the loss is not finite.

    Source: of the loss at the start, Karpathy, "A recipe for training neural networks" (2019); of the gain, the parabola of slope ‖g‖ and
    curvature λ.

    Example:
        >>> [finding.ailment for finding in loss_findings(0.6931, 0.6931, "the mean of the targets", 1e-9)]
        ['loss at chance']
    """
    if not math.isfinite(loss):
        yield Finding(
            "serious",
            "loss not finite",
            "loss",
            (),
            loss,
            f"that of sample {wrong} is not finite",
            "lower the learning rate, and check the data",
        )
    elif chance > NO_CHANCE and loss >= WORSE * chance:
        yield Finding(
            "warning",
            "loss worse than chance",
            "loss",
            (),
            loss / chance,
            f"it is {loss:.4g}, {loss / chance:.3g} times that of answering with {guess}, {chance:.4g}: "
            "an answer that does not look at the sample is better",
            "before training, make the weights of the last layer smaller; after it, lower the learning rate",
        )
    elif chance > NO_CHANCE and loss >= AT_CHANCE * chance:
        stands = gain < STANDING * loss
        yield Finding(
            "serious" if stands else "note",
            "loss at chance",
            "loss",
            (),
            loss / chance,
            f"it is {loss:.4g}, and that of answering with {guess} is {chance:.4g}: "
            + ("the best step along the gradient lowers it by only " + f"{gain:.1g}" if stands else "the network has learned nothing yet"),
            "look at the other findings, and at whether the targets belong to the samples; start from other weights, or with more neurons"
            if stands
            else "train it",
        )


def target_findings(targets: list[Any]) -> Iterator[Finding]:
    """Whether the targets differ at all.

    Example:
        >>> [finding.text for finding in target_findings([1, 1, 1])]
        ['all 3 targets are 1']
    """
    if len(targets) > 1 and all(repr(target) == repr(targets[0]) for target in targets):
        yield Finding(
            "warning",
            "targets that never vary",
            "targets",
            (),
            1.0,
            f"all {len(targets):,} targets are {reprlib.repr(targets[0])}",
            "look at where they come from: there is nothing to learn from them",
        )


def high_rate_findings(lr: float, limit: Limit, before: float, after: float, has_learned: bool) -> Iterator[Finding]:
    """Whether a learning rate is too high for the curvature.

    Args:
        lr: the rate.
        limit: the largest stable one.
        before, after: the loss before and after a step with this rate.
        has_learned: whether the loss is far below that of guessing. A step that makes the loss a little larger is then as usual.

    Source: see `diagnose`.

    Example:
        >>> [finding.number for finding in high_rate_findings(50.0, Limit(1.0, "2/λ", 2.0), 0.7, 9.0, False)]
        [50.0]
    """
    ratio = lr / limit.rate
    if ratio >= TOO_HIGH:
        yield Finding(
            "serious" if not after < RISEN * before else "warning" if after > before and not has_learned else "note",
            "rate too high",
            "learning rate",
            (),
            ratio,
            f"{lr:g} is {ratio:.3g} times the largest stable one, {_limit(limit)}; "
            f"one step takes the loss from {before:.3g} to {after:.3g}",
            f"write lr={limit.rate / 2.0:.1g}, or less for small batches",
        )


def low_rate_findings(lr: float, limit: Limit, has_learned: bool) -> Iterator[Finding]:
    """Whether a learning rate of gradient descent is too low for the curvature.

    Args:
        lr, limit, has_learned: as for `high_rate_findings`.

    Example:
        >>> [finding.ailment for finding in low_rate_findings(1e-6, Limit(1.0, "2/λ", 2.0), False)]
        ['rate too low']
    """
    ratio = lr / limit.rate
    if ratio <= TOO_LOW:
        yield Finding(
            "note" if has_learned else "warning",
            "rate too low",
            "learning rate",
            (),
            ratio,
            f"{lr:g} is {ratio:.2g} of the largest stable one, {_limit(limit)}",
            f"write lr={limit.rate / 10.0:.1g} to lr={limit.rate / 2.0:.1g}",
        )


def small_step_findings(lr: float, size: float) -> Iterator[Finding]:
    """Whether the learning rate of an optimizer that scales its steps, such as Adam, is too low for the parameters.

    Args:
        lr: the rate, which is about by how much a step changes a parameter.
        size: the root mean square of the parameters.

    Source: Karpathy, "CS231n: Convolutional neural networks for visual recognition" (2016): a step should be about a thousandth of the
    weights.

    Example:
        >>> [finding.ailment for finding in small_step_findings(1e-8, 0.2)]
        ['rate too low']
    """
    if size > 0.0 and lr / size <= SMALL_STEPS:
        yield Finding(
            "warning",
            "rate too low",
            "learning rate",
            (),
            lr / size,
            f"a step changes a parameter by at most about {lr:g}, which is {lr / size:.1g} of their root mean square, {size:.2g}",
            f"write lr={0.001 * size:.1g} to lr={0.01 * size:.1g}",
        )


def _limit(limit: Limit) -> str:
    return f"{limit.formula} = {limit.rate:.2g}, where λ = {limit.eigenvalue:.3g}"
