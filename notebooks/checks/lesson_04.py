"""The checks of notebook 4: Why a hidden layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .tools import Check, is_like


def _at_corners(gate: Any) -> list[float]:
    """What a neuron with a sigmoid answers at (0, 0), (0, 1), (1, 0) and (1, 1)."""
    (w1, w2), b = gate
    return [0.5 * (1 + math.tanh(0.5 * (w1 * x1 + w2 * x2 + b))) for x1 in (0, 1) for x2 in (0, 1)]


def _is_gate(gate: Any, targets: Sequence[int], tolerance: float = 0.5) -> bool:
    return all(abs(output - target) < tolerance for output, target in zip(_at_corners(gate), targets, strict=True))


_OR, _NAND, _AND = (0, 1, 1, 1), (1, 1, 1, 0), (0, 0, 0, 1)
_GATES = (_OR, _NAND, _AND)

check_4_1 = Check(
    "4.1",
    right=lambda gates: all(map(_is_gate, gates, _GATES, (0.01,) * 3)),
    wrong=[
        (
            lambda gates: any(abs(output - 0.5) < 1e-9 for gate in gates for output in _at_corners(gate)),
            "the line of a gate goes through a corner, and there its answer is ½. Move the line between the corners with the bias.",
        ),
        (
            lambda gates: all(map(_is_gate, gates, _GATES)),
            "the lines are right, but an answer is not within 0.01 of 0 or 1. Multiply weights and bias by a larger number.",
        ),
        (lambda gates: _is_gate(gates[0], _AND), "your OR is an AND: it asks for both inputs. Its threshold is between 0 and 1 inputs."),
        (
            lambda gates: not _is_gate(gates[0], _OR),
            "OR is wrong at a corner. It is 0 at (0, 0) only, so its threshold is between 0 and 1 inputs.",
        ),
        (lambda gates: _is_gate(gates[1], _AND), "your NAND is an AND. Turn the signs of both weights and of the bias."),
        (lambda gates: not _is_gate(gates[1], _NAND), "NAND is wrong at a corner. It is 0 at (1, 1) only."),
        (lambda gates: _is_gate(gates[2], _OR), "your AND is an OR: one input is enough for it. Its threshold is between 1 and 2 inputs."),
        (lambda gates: not _is_gate(gates[2], _AND), "AND is wrong at a corner. It is 1 at (1, 1) only."),
    ],
    why="AND(OR, NAND) is XOR.",
)

_SIDE = (-100 * math.cos(0.5), -100 * math.sin(0.5))  # the weights at the angle 0.5
_TURNED = tuple(-w for w in _SIDE)


def _bias_between(answer: Any, low: float, high: float) -> bool:
    """Whether the bias of the output neuron, for 3 and for 6 sides, puts the threshold between n + low and n + high."""
    return all(n + low < -bias / 100 < n + high for n, bias in zip((3, 6), answer[1:], strict=True))


check_4_2 = Check(
    "4.2",
    right=lambda a: is_like(a[0], (_SIDE, 70.0)) and _bias_between(a, -0.95, -0.05),
    wrong=[
        (
            lambda a: is_like(a[0], (_TURNED, -70.0)),
            "this neuron is active outside, beyond the side. Turn the signs of its weights and its bias.",
        ),
        (lambda a: is_like(a[0][0], _TURNED), "the weights point outwards, away from the ring. Turn their signs."),
        (
            lambda a: is_like(a[0], (_SIDE, -70.0)),
            "the weights are right, but the bias has the wrong sign: at the origin the neuron must be active.",
        ),
        (
            lambda a: is_like(a[0], (_SIDE, 0.7)),
            "the weights are right. The bias has to be multiplied by steep as well, or the line moves.",
        ),
        (lambda a: is_like(a[0][0], (_SIDE[1], _SIDE[0])), "cosine and sine have changed places."),
        (
            lambda a: not is_like(a[0], (_SIDE, 70.0)),
            "the hidden neuron is not right yet. It is active where 0.7 − x₁ cos φ − x₂ sin φ is positive.",
        ),
        (lambda a: is_like(a[1:], (-50.0, -50.0)), "the sides are right. The output neuron is an OR: it is active as soon as one side is."),
        (
            lambda a: _bias_between(a, -0.05, 0.05),
            "the sides are right. The threshold is exactly at n, so even in the middle of the ring the answer is ½.",
        ),
        (
            lambda a: all(bias > 0 for bias in a[1:]),
            "the sides are right. With a bias above 0 the output neuron is active everywhere: the bias is minus the threshold.",
        ),
        (lambda a: _bias_between(a, 0.0, math.inf), "the sides are right. The threshold is above n, which the sum never reaches."),
        (lambda a: not _bias_between(a, -0.95, -0.05), "the sides are right. The threshold must be between n − 1 and n, times steep."),
    ],
    why="A side is a line at the distance 0.7, and the output neuron is an AND of n.",
)

check_4_3 = Check(
    "4.3",
    right=(3.0, 1.0, 4.25),
    wrong=[
        ((3.0, 1.0, 0.25), "the weights are right. The biases of the hidden neurons are missing: they arrive times 2 and times −1."),
        ((3.0, 1.0, 4.0), "the weights are right. The output neuron's own bias, 0.25, is missing."),
        (
            (3.0, 1.0, -2.25),
            "the weights are right. You added the biases as they are; those of the hidden neurons are multiplied by 2 and by −1.",
        ),
        ((3.0, 1.0, -1.75), "the weights are right. In the bias, −1 times −3 is +3."),
        (lambda a: is_like(a[:2], (0.0, 5.0)), "you added the weights of the hidden neurons. The output takes h₁ twice and subtracts h₂."),
        (
            lambda a: is_like(a[:2], (0.0, -5.0)),
            "you combined the rows of W₁. The weight of x₁ is made of its column for x₁: 1 and −1.",
        ),
        (lambda a: is_like(a[:2], (1.0, 7.0)), "h₂ is subtracted, and with it both of its weights. You added it."),
        (lambda a: is_like(a[:2], (3.0, 1.0)), "the weights are right, the bias is not: it is 2 · 0.5 − 1 · (−3) + 0.25."),
    ],
    why="Without an activation two layers are one.",
)


def _bump(answer: Any, x: float) -> float:
    (w1, b1), (w2, b2), (v1, v2) = answer
    return float(0.5 * (v1 * (1 + math.tanh(0.5 * (w1 * x + b1))) + v2 * (1 + math.tanh(0.5 * (w2 * x + b2)))))


def _is_bump(answer: Any, tolerance: float = 0.01, middle: Sequence[float] = (0.4, 0.45, 0.5, 0.55, 0.6)) -> bool:
    inside = all(abs(_bump(answer, x) - 1) <= tolerance for x in middle)
    return inside and all(abs(_bump(answer, x)) <= tolerance for x in (-5.0, 0.0, 0.35, 0.65, 1.0, 5.0))


def _steps(answer: Any) -> list[float]:
    """Where the two steps are, from left to right."""
    return sorted(-b / w for w, b in answer[:2])


check_4_4 = Check(
    "4.4",
    right=_is_bump,
    wrong=[
        (lambda a: any(w == 0 for w, _ in a[:2]), "a weight of 0 makes no step at all."),
        (lambda a: max(_steps(a)) < 0, "your steps are at negative x. The step of σ(w x + b) is at −b/w, so w and b need different signs."),
        (
            lambda a: abs(_bump(a, -5.0)) > 0.1,
            "far to the left the sum is not 0. Let both sigmoids go up (w1 and w2 above 0), and take the second one away: v2 below 0.",
        ),
        (
            lambda a: 0.35 < _steps(a)[0] < 0.4 and 0.6 < _steps(a)[1] < 0.65 and abs(_bump(a, 0.5)) > 0.5 and abs(_bump(a, 5.0)) > 1.5,
            "both steps are taken as steps up, and on the right they add up to 2. The second one has to be taken away: v2 = −1.",
        ),
        (lambda a: -1.1 < _bump(a, 0.5) < -0.9, "the bump points downward. Turn the signs of v1 and v2."),
        (
            lambda a: 0.35 < _steps(a)[0] < 0.4 and 0.6 < _steps(a)[1] < 0.65 and abs(_bump(a, 5.0)) < 0.1,
            "the steps are in the right places, but too gentle. Make w1 and w2 larger, and the biases with them.",
        ),
        (
            lambda a: not (0.35 < _steps(a)[0] < 0.4 and 0.6 < _steps(a)[1] < 0.65),
            "a step is in the wrong place. Steps are at −b/w, and belong between 0.35 and 0.4 and between 0.6 and 0.65.",
        ),
    ],
    why="A step up, and the same step taken away a little later.",
)
