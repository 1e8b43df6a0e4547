"""The checks of the exercises: each says "right", "not yet", or what went wrong.

`check_3_2(answer)` belongs to exercise 2 of notebook 3. A check knows the usual wrong answers, and says for each what it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any

TRANSLATIONS: dict[str, str] = {}
"""What is said instead of a message, in another language."""


class Check:
    """Compares an answer with the right one, and with those that are usual and wrong.

    Args:
        name: of the exercise, such as "1.1".
        right: the answer: a number, or several in a tuple, list or dictionary; or a function that says whether an answer is right.
        wrong: pairs of a wrong answer (a number, several, or a function that recognises it) and what is to be said of it.
        otherwise: what is said of any other answer.
        why: what is added to "right".
    """

    def __init__(
        self,
        name: str,
        right: Any,
        wrong: Sequence[tuple[Any, str]] = (),
        otherwise: str = "not what it should be. A hint is below.",
        why: str = "",
    ) -> None:
        self.name, self.right, self.wrong, self.otherwise, self.why = name, right, wrong, otherwise, why

    def __call__(self, *answers: Any) -> None:
        """Print what is to be said of an answer; of several, given as they were asked for."""
        answer = answers[0] if len(answers) == 1 else answers
        print(f"{self.name}: {self._verdict(answer)}")

    def _verdict(self, answer: Any) -> str:
        if is_open(answer):
            return said("not yet.")
        if is_like(answer, self.right):
            return f"{said('right.')} {said(self.why)}".rstrip()
        for usual, message in self.wrong:
            if is_like(answer, usual):
                return said(message).format(answer=shown(answer))
        return said(self.otherwise).format(answer=shown(answer))


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of it, is still the learner's `...`; or a function without a body, which returned None."""
    if isinstance(answer, (tuple, list)):
        return any(map(is_open, answer))
    return answer is ... or answer is None


def is_like(answer: Any, expected: Any) -> bool:
    """Whether an answer is the expected one, to within 1e-6 relatively; or satisfies it, if that is a function."""
    if isinstance(expected, Callable):  # type: ignore[arg-type]
        try:
            return bool(expected(answer))
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError):
            return False  # an answer of another kind
    if isinstance(expected, dict):
        return isinstance(answer, dict) and answer.keys() == expected.keys() and all(is_like(answer[k], expected[k]) for k in expected)
    if isinstance(expected, (tuple, list)):
        try:
            parts = list(answer)
        except TypeError:
            return False
        return len(parts) == len(expected) and all(map(is_like, parts, expected))
    if isinstance(expected, (bool, str)):
        return bool(answer == expected)
    number = answer if is_numeric(answer) else getattr(answer, "data", answer)  # that of a Value
    try:
        return math.isclose(float(number), expected, rel_tol=1e-6, abs_tol=1e-9)
    except (TypeError, ValueError):
        return False


def shown(answer: Any) -> str:
    """An answer in a message: numbers with at most six digits."""
    if isinstance(answer, (tuple, list)):
        return ", ".join(map(shown, answer))
    number = answer if is_numeric(answer) else getattr(answer, "data", answer)
    return f"{number:.6g}".replace("-", "−") if is_numeric(number) else str(answer)


def is_numeric(answer: Any) -> bool:
    """Whether an answer is a number of Python or of NumPy, whose attribute `data` is another thing than that of a Value."""
    return isinstance(answer, Number)


def said(message: str) -> str:
    """A message in the reader's language."""
    return TRANSLATIONS.get(message, message)


# 1. A value and its gradient


# 2. A neuron


# 3. Backpropagation by hand


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


check_3_4 = Check(
    "3.4",
    right=lambda a: is_like(a[0], [_means(a[1], 0), _means(a[1], 1)]),
    wrong=[
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


# 4. Why a hidden layer


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


# 5. Initialisation and vanishing gradients


# 6. Losses


# 7. Gradient descent


# 8. Handwritten digits


# 9. A convolutional network


# 10. From scalars to tensors


# 11. A tiny GPT


# 12. Beyond networks
