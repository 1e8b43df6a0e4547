"""What is wrong with the training: a loss that is that of guessing, and a learning rate that does not fit the curvature."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nn.checkup.curvature import Limit
from nn.checkup.findings import Finding

AT_CHANCE, WORSE = 0.99, 2.0
"""The loss is that of guessing from this share of it on, and far worse from so many times it on."""

LEARNED = 0.5
"""A network has learned if the loss is below this share of that of guessing."""

STANDING = 1e-3
"""Training stands still if the best step along the gradient would lower the loss by less than this share of it."""

TOO_HIGH, TOO_LOW = 2.0, 0.01
"""A rate is too high from so many times the largest stable one on: there, steps leave the valley instead of finding a flatter part of it. It
is too low below that share of it: even along the steepest direction, the way to the minimum then takes a hundred steps."""


def loss_findings(loss: float, chance: float, guess: str, gain: float) -> Iterator[Finding]:
    """What the loss says.

    Args:
        loss: the mean loss.
        chance: that of guessing, and what the guess is; nan if it is not known.
        guess: what is guessed.
        gain: by how much the best step along the gradient would lower it, ‖g‖² / 2λ; nan if it is not known.

    Source: of the loss at the start, Karpathy, "A recipe for training neural networks" (2019); of the gain, the parabola of slope ‖g‖ and
    curvature λ.

    Example:
        >>> [finding.ailment for finding in loss_findings(0.6931, 0.6931, "the mean of the targets", 1e-9)]
        ['loss at chance']
    """
    if not math.isfinite(loss):
        yield Finding("serious", "loss not finite", "loss", (), loss, f"it is {loss}", "lower the learning rate, and check the data")
    elif chance > 0.0 and loss >= WORSE * chance:
        yield Finding(
            "warning",
            "loss worse than chance",
            "loss",
            (),
            loss / chance,
            f"it is {loss:.4g}, {loss / chance:.3g} times that of answering with {guess}, {chance:.4g}: the network is sure of wrong answers",
            "before training, make the weights of the last layer smaller; after it, lower the learning rate",
        )
    elif chance > 0.0 and loss >= AT_CHANCE * chance:
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


def rate_findings(lr: float, limit: Limit, after: float, loss: float) -> Iterator[Finding]:
    """Whether a learning rate fits the curvature.

    Args:
        lr: the rate.
        limit: the largest stable one.
        after: the loss after a step with this rate; nan if it is not known.
        loss: the loss before it.

    Source: see `diagnose`.

    Example:
        >>> [finding.ailment for finding in rate_findings(50.0, Limit(1.0, "2/λ", 2.0), 9.0, 0.7)]
        ['rate too high']
    """
    ratio = lr / limit.rate
    stable = f"{limit.formula} = {limit.rate:.2g}, where λ = {limit.eigenvalue:.3g}"
    if ratio >= TOO_HIGH:
        step = f"; one step takes the loss from {loss:.3g} to {after:.3g}" if math.isfinite(after) else ""
        yield Finding(
            "serious" if not after <= loss else "note",
            "rate too high",
            "learning rate",
            (),
            ratio,
            f"{lr:g} is {ratio:.3g} times the largest stable one, {stable}{step}",
            f"write lr={limit.rate / 2.0:.1g}, or less for small batches",
        )
    elif ratio <= TOO_LOW:
        yield Finding(
            "warning",
            "rate too low",
            "learning rate",
            (),
            ratio,
            f"{lr:g} is {ratio:.2g} of the largest stable one, {stable}",
            f"write lr={limit.rate / 10.0:.1g} to lr={limit.rate / 2.0:.1g}",
        )
