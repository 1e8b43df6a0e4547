"""The checks of notebook 3: Backpropagation by hand."""

from __future__ import annotations

import math
from typing import Any

from .tools import Check, is_like


def _sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


_A1 = _sigma(0.8 * 1.5 - 0.5)
_A2 = _sigma(-1.2 * _A1 + 0.3)

check_3_1 = Check(
    "3.1",
    right=(_A2, _A2 * _A1),
    wrong=[
        (lambda d: is_like(d[0], _A2 - 1), "your dz2 is still the one for the target 1. Here the target is 0."),
        (lambda d: is_like(d[0], -_A2), "the sign of dz2 is wrong: it is the output minus the target."),
        (
            lambda d: is_like(d[0], 1 / (1 - _A2)),
            "your dz2 is da2. One step further back, multiply by the slope of the sigmoid, a2 (1 − a2).",
        ),
        (
            lambda d: is_like(d, (_A2, _A2 * 1.5)),
            "dz2 is right. For dw2 you took the input x, but a1 is what comes into the output neuron.",
        ),
        (
            lambda d: is_like(d, (_A2, _A2 * -1.2)),
            "dz2 is right. Your dw2 is da1: the factor for a weight is its input, not the weight itself.",
        ),
        (lambda d: is_like(d, (_A2, _A2)), "dz2 is right. Your dw2 is db2: the factor a1 is missing."),
        (lambda d: is_like(d[0], _A2), "dz2 is right, dw2 is not. What comes into the output neuron?"),
    ],
    why="Only a2 − y has changed.",
    names=("dz2", "dw2"),
)

_TANH = math.tanh(0.8 * 1.5 - 0.5)
_DA1 = (_sigma(-1.2 * _TANH + 0.3) - 1.0) * -1.2

check_3_2 = Check(
    "3.2",
    right=_DA1 * (1 - _TANH**2) * 1.5,
    wrong=[
        (
            _DA1 * _TANH * (1 - _TANH) * 1.5,
            "you have {answer}, with a1 (1 − a1), the slope of a sigmoid. The hidden neuron has a tanh now.",
        ),
        (_DA1 * (1 - _TANH) * 1.5, "you have {answer}. The slope of tanh is 1 − a1²: the square is missing."),
        (_DA1 * (1 - _TANH**2), "you have {answer}, which is dz1. For dw1 one factor is missing: the input x."),
        (_DA1 * 1.5, "you have {answer}. The step from da1 to dz1, through the activation, is missing."),
        (
            (_A2 - 1) * -1.2 * _A1 * (1 - _A1) * 1.5,
            "you have {answer}, as in the network with two sigmoids. Compute a1 and a2 anew, with the tanh.",
        ),
        (-_DA1 * (1 - _TANH**2) * 1.5, "you have {answer}: only the sign is wrong. dz2 is the output minus the target."),
    ],
    why="Only dz1 = da1 (1 − a1²) is new.",
)

check_3_3 = Check(
    "3.3",
    right=(0.2, -0.5, 0.3),  # of the outputs (0.2, 0.5, 0.3) and the targets (0, 1, 0)
    wrong=[
        ((-0.2, 0.5, -0.3), "the sign is wrong. A larger logit of the right class lowers the cost, so its error is negative."),
        (
            (0.2 * 0.2 * 0.8, -0.5 * 0.5 * 0.5, 0.3 * 0.3 * 0.7),
            "you multiplied by a (1 − a), the slope of a sigmoid. With this cost it cancels.",
        ),
        ((0.0, -2.0, 0.0), "that is ∂C/∂a. The step back through the softmax is missing."),
        ((0.0, -0.5, 0.0), "you let each logit act on its own output only. A softmax mixes them: the wrong classes have an error too."),
    ],
    why="It is the output minus the target, as with a sigmoid and the binary cross-entropy.",
)


def _means(singles: Any, which: int, factor: float = 1.0) -> list[Any]:
    """The means over the samples of the gradients of all weights (0) or biases (1), as lists."""
    layers = zip(*(single[which] for single in singles), strict=True)
    return [(factor * sum(of_samples) / len(singles)).tolist() for of_samples in layers]


def _columns(gradients: Any) -> list[Any]:
    """Gradients of biases as columns, which they are if the sums have kept their dimensions."""
    return [[[number] for number in gradient.ravel()] for gradient in gradients]


def _over_neurons(answer: Any) -> bool:
    """Whether the gradients of the weights or of the biases were divided by numbers of neurons, where it should be that of the samples."""
    sizes = {size for mean in _means(answer[1], 0) for size in (len(mean), len(mean[0]))} - {len(answer[1])}

    def divided(which: int) -> bool:
        return all(
            any(is_like(gradient, [[x * len(answer[1]) / size for x in row] for row in mean]) for size in sizes)
            for gradient, mean in zip(answer[0][which], _means(answer[1], which), strict=True)
        )

    return divided(0) or divided(1)


check_3_4 = Check(
    "3.4",
    right=lambda a: is_like(a[0], [_means(a[1], 0), _means(a[1], 1)]),
    wrong=[
        (
            lambda a: is_like(_columns(a[0][1]), _means(a[1], 1)) and not is_like(a[0][1], _means(a[1], 1)),
            "the mean is right, but the shape is not: it should be a column, as b is. Write keepdims=True.",
        ),
        (
            lambda a: is_like([gradient.T for gradient in a[0][0]], _means(a[1], 0)),
            "your gradient of the weights has rows and columns exchanged: one row for each neuron the weights lead to.",
        ),
        (_over_neurons, "you divided by the number of neurons. m is the number of samples, X.shape[1]."),
        (lambda a: a[0][1][0].shape[0] == 1, "the sum for the biases runs over the neurons. The samples are the columns: axis=1."),
        (
            lambda a: a[0][1][0].shape[1] == len(a[1]),
            "a gradient of a bias has a column for each sample. There is only one bias: add up over the samples.",
        ),
        (
            lambda a: is_like(a[0], [_means(a[1], k, len(a[1])) for k in (0, 1)]),
            "these are the gradients of the sum of the costs. The mean has a factor 1/m.",
        ),
        (lambda a: is_like(a[0][1], _means(a[1], 1)), "the biases are right. The weights need a mean over the samples, too."),
        (lambda a: is_like(a[0][0], _means(a[1], 0)), "the weights are right. The biases need a mean over the samples, too."),
    ],
    why="BP3 and BP4 take the mean over the samples; BP1 and BP2 stay as they are.",
)
