"""The checks of notebook 13: Speed and vocabulary."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .tools import Check

check_13_1 = Check(
    "13.1",
    17,
    [
        (16, "you have {answer}: after 16 steps the eager engine took 160 ms, and the compiled one 168. Its steps take time as well."),
        (lambda steps: 16.0 < steps < 17.0, "you have {answer}, where both take equally long. Steps are whole, so round up."),
        (18, "17 steps are enough: 170 ms against 168.5."),
    ],
    otherwise="after n steps the one took 10 n ms, the other 160 + 0.5 n. From which n on is the second less?",
    why="17 eager steps take 170 ms; compiled, with the recording, they take 168.5.",
)
check_13_2 = Check(
    "13.2",
    3.0,
    [
        (1.0 / 3.0, "that is how many times as fast theirs is. Divide the other way round."),
        (9.16 / 3.98, "you have {answer}, the ratio of the means: one disturbed turn of each decides it. Which average ignores it?"),
        (5.9 / 1.9, "you have {answer}, the ratio of the fastest turns: one lucky turn decides it. Take the medians."),
        (2.0, "ours is faster by 200 %, and that is three times as fast."),
    ],
    otherwise="sort each list, take the number in the middle, and divide theirs by ours.",
    why="The medians are 6 ms and 2 ms.",
)


def _softened(logits: Sequence[float]) -> list[float]:
    powers = [math.exp(logit) for logit in logits]
    return [power / sum(powers) for power in powers]


check_13_3 = Check(
    "13.3",
    -math.log(_softened(_softened([0.1, 10.0, 0.1]))[1]),
    [
        (-math.log(_softened([0.1, 10.0, 0.1])[1]), "that is the loss with one softmax. In the trap there are two, one after the other."),
        (-math.log(_softened(_softened([0.1, 10.0, 0.1]))[2]), "that is the loss of another class. The second class has the number 1."),
        (
            math.log(_softened(_softened([0.1, 10.0, 0.1]))[1]),
            "a cross-entropy is never negative: it is minus the logarithm of a probability.",
        ),
    ],
    otherwise="first softmax(logits), then cross_entropy of that, for class 1.",
    why="With two softmaxes, the loss cannot come below 0.55.",
)
