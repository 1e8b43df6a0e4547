"""The checks of notebook 2: A neuron."""

from __future__ import annotations

import math
from typing import Any

from .tools import Check, is_like

_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
_GATES = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NAND": (1, 1, 1, 0)}


def _fires(neuron: Any) -> tuple[int, ...]:
    """What a neuron with a step, (w1, w2, b), says at the four corners."""
    w1, w2, b = neuron
    return tuple(int(w1 * x1 + w2 * x2 + b > 0) for x1, x2 in _CORNERS)


def _mistake(answers: Any) -> str:
    """The first gate that is wrong, and where."""
    for (gate, truth), neuron in zip(_GATES.items(), answers, strict=False):
        for corner, fires, should in zip(_CORNERS, _fires(neuron), truth, strict=True):
            if fires != should:
                return f"{gate} {corner}"
    return ""


def _on_the_line(answers: Any) -> str:
    """The first gate whose border runs through a corner at which it is wrong."""
    for (gate, truth), (w1, w2, b) in zip(_GATES.items(), answers, strict=False):
        for (x1, x2), should in zip(_CORNERS, truth, strict=True):
            if should and w1 * x1 + w2 * x2 + b == 0:
                return f"{gate} {(x1, x2)}"
    return ""


check_2_1 = Check(
    "2.1",
    lambda answers: not _mistake(answers) and answers[3] == 2,
    [
        (
            lambda answers: _fires(answers[2]) == _GATES["AND"] and _fires(answers[0]) == _GATES["AND"],
            "your NAND is an AND. Turn its answers round: change the sign of both weights and of the bias.",
        ),
        (_on_the_line, "{found}: there the sum is exactly 0, and the neuron fires only above 0. Move the border between two corners."),
        (_mistake, "{found}: at this corner the neuron gives the wrong answer."),
        (
            lambda answers: answers[3] == 3,
            "three neurons, but not three layers: OR and NAND stand side by side, and the inputs are not counted.",
        ),
        (lambda answers: answers[3] == 1, "AND needs the answers of the other two, so it cannot be in the same layer."),
    ],
    why="OR and NAND are the hidden layer, AND is the output.",
)

check_2_2 = Check(
    "2.2",
    math.log((1 + math.sqrt(0.99)) / (1 - math.sqrt(0.99))),
    [
        (
            math.log((1 + math.sqrt(0.96)) / (1 - math.sqrt(0.96))),
            "{answer} is where the derivative is 0.01. One percent of its largest value is 0.01 · ¼.",
        ),
        (-math.log((1 + math.sqrt(0.99)) / (1 - math.sqrt(0.99))), "{answer} is z on the left side. Asked for is |z|, which is positive."),
        ((1 + math.sqrt(0.99)) / 2, "{answer} is the value of the sigmoid there. Undo the sigmoid to find z."),
        (lambda answer: 5.9 < answer < 6.1, "{answer} is close, as read from the picture. The formula gives all digits."),
    ],
    why="A sigmoid learns only while its weighted sum is between about −6 and 6.",
)

_SIGMOID = [1 / (1 + math.exp(-z)) for z in (-1.0, 2.0)]

check_2_3 = Check(
    "2.3",
    (*_SIGMOID, math.log(2)),
    [
        (
            lambda answers: is_like(answers[:2], [1 - s for s in _SIGMOID]),
            "your derivative is 1/(1 + eᶻ), that of the logarithm alone: the inner derivative, eᶻ, is missing.",
        ),
        (
            lambda answers: is_like(answers[:2], [0, 1]),
            "your derivative is that of the ReLU, with its jump. That of softplus is smooth: use the chain rule.",
        ),
        (
            lambda answers: is_like(answers[:2], [math.log1p(math.exp(z)) for z in (-1.0, 2.0)]),
            "that is softplus itself, not its derivative.",
        ),
        (lambda answers: is_like(answers[2], 0), "far from 0 the two come close, but at the kink they are apart. What is softplus at 0?"),
        (
            lambda answers: is_like(answers[:2], _SIGMOID),
            "the derivative is right. The gap is largest at the kink, where ReLU is 0 and softplus is log(1 + e⁰).",
        ),
    ],
    why="The derivative of softplus is the sigmoid.",
)
