"""The checks of notebook 6: Losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .tools import Check, CheckOf, is_like, is_open

check_6_1 = Check(
    "6.1",
    (20.0, 3.0),
    [
        ((3.0, 20.0), "you have both numbers, the wrong way round: large errors count most in the squared one."),
        ((20.0, 20.0), "20 is right for mse. In mae, each error has the slope +1 or −1: the outlier pulls no more than any other target."),
        ((3.0, 3.0), "3 is right for mae. In mse an error of 87 counts as 87²: the outlier pulls much more than the others."),
        (lambda answer: is_like(answer[0], 20.0), "20 is right for mse. For mae, as many targets must lie below c as above it."),
        (lambda answer: is_like(answer[1], 3.0), "3 is right for mae. For mse, the errors c − y, with their signs, must add up to 0."),
    ],
    why="The mean, and the median.",
)


def logits_at(two_logits: Any) -> list[tuple[Any, float]] | None:
    """What a function makes of several numbers, with the numbers."""
    found = [(two_logits(z), z) for z in (-1.5, 0.7, 3.0)]
    return None if is_open([pair for pair, _ in found]) else found


def differ_by(difference: Callable[[float], float]) -> Callable[[Any], bool]:
    """Whether in each pair of logits the second minus the first is a function of z."""
    return lambda found: all(len(pair) == 2 and is_like(pair[1] - pair[0], difference(z)) for pair, z in found)


check_6_2 = CheckOf(
    "6.2",
    logits_at,
    differ_by(lambda z: z),
    [
        (
            lambda found: all(is_like(sum(pair), 1.0) for pair, _ in found),
            "your two numbers add up to 1, so they are probabilities. Softmax makes probabilities of them once more: return logits.",
        ),
        (differ_by(lambda z: -z), "the two are the wrong way round: a large z speaks for class 1, the second logit."),
        (differ_by(lambda z: 2 * z), "the difference of your logits is 2z, so class 1 gets the probability σ(2z)."),
        (differ_by(lambda z: z - 1), "the difference of your logits is z − 1. In σ(z) = e^z / (1 + e^z), the 1 is e⁰, not e¹."),
    ],
    otherwise="the difference of the two logits has to be z. A hint is below.",
    why="Softmax only looks at the difference of two logits, which is z.",
)


def is_near(answer: Any, expected: Any) -> bool:
    """Whether numbers are right to three digits."""
    answers, targets = (list(x) if isinstance(x, (tuple, list)) else [x] for x in (answer, expected))
    return len(answers) == len(targets) and all(abs(getattr(x, "data", x) - y) < 6e-4 for x, y in zip(answers, targets, strict=True))


_SOFT = (0.7, 0.2, 0.1)

check_6_3 = Check(
    "6.3",
    lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 0.80182),
    [
        (
            lambda answer: is_near(answer[0], (1.0, 0.0, 0.0)),
            "the model does not become sure of class 0: the gradient is ŷ − q, which is not 0 there.",
        ),
        (lambda answer: is_near(answer[1], 0.0), "the loss does not become 0: then ŷ would have to be 1 for each of the three classes."),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 1.15678),
            "the probabilities are right, and the loss is in bits: take math.log in place of the logarithm to base 2.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 0.35667),
            "the probabilities are right. −log 0.7 is the term of class 0 without its factor q, and the other classes are missing.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], -0.80182),
            "the probabilities are right. The sum has a minus in front of it.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT),
            "the probabilities are right, the loss is not: it is −Σ q log ŷ, over all three classes.",
        ),
    ],
    otherwise="the gradient ŷ − q has to be 0 for each class. A hint is below.",
    why="What remains is the entropy of q.",
)


def said_to_be(loss: str, *numbers: float) -> Callable[[Any], bool]:
    """Whether an answer to 6.4 is a loss of this name, with this factor and this constant, or with any where none is given."""
    return lambda answer: getattr(answer[0], "__name__", answer[0]) == loss and all(map(is_near, answer[1 : 1 + len(numbers)], numbers))


check_6_4 = Check(
    "6.4",
    said_to_be("mae", 0.5, math.log(4.0)),
    [
        (said_to_be("mse"), "squares come from normal noise, e to the −(y − ŷ)². Here the exponent is −|y − ŷ| / s."),
        (said_to_be("mae", 2.0), "the loss is right. The exponent is divided by s, so the factor is 1 / s."),
        (said_to_be("mae", -0.5), "the loss is right. Minus the logarithm: the minus of the exponent goes away."),
        (said_to_be("mae", 0.5, -math.log(4.0)), "loss and factor are right. Minus the logarithm of 1/(2s) is +log(2s)."),
        (said_to_be("mae", 0.5, 0.25), "loss and factor are right. The constant is minus the logarithm of 1/(2s) = ¼, not ¼ itself."),
        (said_to_be("mae", 0.5, math.log(2.0)), "loss and factor are right. The density has 1/(2s) in front, which is ¼, not ½."),
        (said_to_be("mae"), "the loss is right. Take the logarithm of 1/(2s) and of the exponential one after the other."),
    ],
    otherwise="which loss contains |y − ŷ|? A hint is below.",
    why="Laplace's noise leads to the absolute error.",
)
