"""The checks of notebook 7: Gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .tools import Check, is_like

check_7_1 = Check(
    "7.1",
    (4.4, 4.9),
    [
        ((5.6, 5.1), "you went uphill: the step goes against the gradient, so it is subtracted."),
        ((4.4, 4.4), "gradient descent is right. Adam divides the slope by its own size: what is left of 6 / √6²?"),
        ((4.4, 5.1), "gradient descent is right. Adam goes downhill, too."),
        (lambda a: is_like(a[0], 4.7), "you have {answer}: the slope of (w − 2)² is 2(w − 2), not w − 2."),
        (lambda a: is_like(a[0], -1.0), "you have {answer}: the slope must be multiplied by the rate, 0.1."),
        (lambda a: is_like(a[0], 4.0), "you have {answer}: that subtracts the cost. Subtract its slope, times the rate."),
        (lambda a: is_like(a[0], 4.4), "gradient descent is right, Adam is not yet. Write its formula for t = 1, and see what cancels."),
    ],
    why="However steep the cost is, Adam's first step has the length of the rate.",
)

NEAR, FAR = 1.3469974, -1.4729976
"""The minima of w⁴ − 4w² + w."""


def limit_at(w: float, part: float = 2.0) -> Callable[[Any], bool]:
    """Whether an answer is 2/h, or another part of 1/h, to three digits, where h is the second derivative of w⁴ − 4w² + w."""
    return lambda answer: math.isclose(float(answer), part / (12.0 * w**2 - 8.0), rel_tol=1e-3)


check_7_2 = Check(
    "7.2",
    limit_at(NEAR),
    [
        (limit_at(NEAR, 1.0), "you have {answer}, which is 1/h: with that rate a step ends in the minimum. The limit is twice as large."),
        (lambda answer: limit_at(NEAR, 1.0)(1.0 / answer), "you have {answer}: that is the curvature h. The limit is 2/h."),
        (limit_at(FAR), "you have {answer}: that is the limit in the other valley, at w = −1.47."),
        (limit_at(2.2), "you have {answer}: that takes the curvature at the start, w = 2.2. Take it at the minimum, `ends[0.01]`."),
        (0.1, "you have {answer}: that is the limit of the narrow valley with two parameters. Take the curvature of `two_valleys`."),
        (1.0, "you have {answer}: that is the limit of the parabola at the beginning. Take the curvature of `two_valleys`."),
        (
            lambda answer: 0.13 < answer < 0.1452,
            "you have {answer}, a little below. Do not try rates: compute the limit from the curvature.",
        ),
        (
            lambda answer: 0.1452 < answer < 0.16,
            "you have {answer}, a little above. Do not try rates: compute the limit from the curvature.",
        ),
    ],
    why="The more sharply a valley curves, the smaller the steps must be.",
)

check_7_3 = Check(
    "7.3",
    2.625,
    [
        (3.0, "you have {answer}, the plain mean: it gives a sample of the small batch more weight than the others."),
        (9.0, "you have {answer}, the sum of the means. Weight each by the number of its samples, and divide."),
        (168.0, "you have {answer}: that is the sum over all samples. Divide it by their number."),
        (56.0, "you have {answer}: you divided by the number of batches. Divide by the number of samples."),
    ],
    why="A sample counts the same in each batch.",
)

check_7_4 = Check(
    "7.4",
    (0.15, 0.1, 0.075),
    [
        ((0.15, 0.225, 0.3), "your rate rises. Divide by 1 + k/10."),
        ((0.15, 0.15 / 6.0, 0.15 / 11.0), "your rate falls ten times as fast: it is divided by 1 + k."),
        ((0.15, 0.075, 0.0), "your rate is 0 after ten epochs, and negative after that. Divide by 1 + k/10, do not multiply by 1 − k/10."),
        ((0.15, 0.15, 0.075), "your rate falls only at every tenth epoch: `//` rounds down. Divide with `/`."),
        ((0.15, 0.15, 0.15), "your rate stays the same."),
    ],
    why="Now compare last_distance(rate_in) with last_distance(lambda epoch: 0.15).",
)

check_7_5 = Check(
    "7.5",
    lambda a: 0 < a[0] < a[1] / 3.0,
    [
        (
            lambda a: a[0] >= 240,
            "240 epochs were not enough. Either the steps are too small, or so large that it jumps about: try a rate near 0.2.",
        ),
        (
            lambda a: a[0] >= a[1],
            "that needs no fewer epochs than before. Momentum, such as 0.9, makes the steps longer where the direction stays.",
        ),
        (
            lambda a: a[0] >= a[1] / 3.0,
            "better than before, and not yet three times as fast. With momentum μ the steps become up to 1/(1 − μ) times as long.",
        ),
    ],
    why="The exact gradient can bear what a noisy one cannot.",
)
