"""The checks of the exercises: each says "right", "not yet", or what went wrong.

`check_3_2(answer)` belongs to exercise 2 of notebook 3. A check knows the usual wrong answers, and says for each what it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    number = getattr(answer, "data", answer)  # also that of a Value
    try:
        return math.isclose(float(number), expected, rel_tol=1e-6, abs_tol=1e-9)
    except (TypeError, ValueError):
        return False


def shown(answer: Any) -> str:
    """An answer in a message: numbers with at most six digits."""
    if isinstance(answer, (tuple, list)):
        return ", ".join(map(shown, answer))
    number = getattr(answer, "data", answer)
    return f"{number:.6g}".replace("-", "−") if isinstance(number, (int, float)) else str(answer)


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
        (lambda d: is_like(d[0], _A2 - 1), "dz2 = {answer} begins with the error for the target 1. Here the target is 0."),
        (lambda d: is_like(d[0], -_A2), "the sign of dz2 is wrong: it is the output minus the target."),
        (lambda d: is_like(d[0], 1 / (1 - _A2)), "your dz2 is da2. One step further back, multiply by the slope of the sigmoid, a2 (1 − a2)."),
        (lambda d: is_like(d[1], _A2 * 1.5), "dz2 is right. For dw2 you took the input x; into the output neuron comes a1."),
        (lambda d: is_like(d[1], _A2 * -1.2), "dz2 is right. Your dw2 is da1: multiply by the factor that w2 has, not by w2."),
        (lambda d: is_like(d[1], _A2), "dz2 is right. Your dw2 is db2: the factor a1 is missing."),
        (lambda d: is_like(d[0], _A2), "dz2 is right, dw2 is not. What comes in through w2?"),
    ],
    why="Only a2 − y changed.",
)

_TANH = math.tanh(0.8 * 1.5 - 0.5)
_DA1 = (_sigma(-1.2 * _TANH + 0.3) - 1.0) * -1.2

check_3_2 = Check(
    "3.2",
    right=_DA1 * (1 - _TANH**2) * 1.5,
    wrong=[
        (_DA1 * _TANH * (1 - _TANH) * 1.5, "you have {answer}, which uses a1 (1 − a1), the slope of the sigmoid. The hidden neuron now has a tanh."),
        (_DA1 * (1 - _TANH) * 1.5, "you have {answer}: the slope of tanh is 1 − a1², and the square is missing."),
        (_DA1 * (1 - _TANH**2), "you have {answer}, which is dz1. One factor is missing to dw1: the input x."),
        (_DA1 * 1.5, "you have {answer}: the step through the activation is missing, from da1 to dz1."),
        ((_A2 - 1) * -1.2 * _A1 * (1 - _A1) * 1.5, "you have {answer}, the number of the network with two sigmoids. Compute a1 and a2 anew, with the tanh."),
        (lambda d: is_like(-d, _DA1 * (1 - _TANH**2) * 1.5), "you have {answer}: only the sign is wrong. dz2 is the output minus the target."),
    ],
    why="Of the eight lines only dz1 = da1 (1 − a1²) is new.",
)

_P, _T = (0.2, 0.5, 0.3), (0.0, 1.0, 0.0)  # an output of a softmax, and its target
_LAST = Check(
    "3.3",
    right=(0.2, -0.5, 0.3),
    wrong=[
        ((-0.2, 0.5, -0.3), "the sign is wrong: the error of the right class is negative, since a larger logit lowers the cost."),
        ((0.2 * 0.2 * 0.8, -0.5 * 0.5 * 0.5, 0.3 * 0.3 * 0.7), "you multiplied by a (1 − a), the slope of a sigmoid. It cancels here."),
        ((0.0, -2.0, 0.0), "that is ∂C/∂a. The step back through the softmax is missing."),
        ((0.0, -0.5, 0.0), "you let each logit act on its own output only. A softmax mixes them: the logits of the wrong classes have an error too."),
    ],
    why="It is the output minus the target, as with a sigmoid and the binary cross-entropy.",
)


def check_3_3(function: Callable[[Any, Any], Any]) -> None:
    """The error of the last layer, from its outputs and targets."""
    import numpy as np

    _LAST(function(np.array(_P), np.array(_T)))


def check_3_4(function: Callable[..., Any]) -> None:
    """The gradients of the mean cost of three samples; the right ones are found from differences of the cost."""
    import numpy as np

    W = [np.array([[0.5, -1.0], [1.5, 0.3]]), np.array([[-0.7, 1.2]])]
    b = [np.array([[0.1], [-0.2]]), np.array([[0.4]])]
    X, Y = np.array([[1.0, -0.5, 2.0], [0.3, 1.2, -1.0]]), np.array([[1.0, 0.0, 1.0]])

    def cost() -> float:
        a = X
        for W_l, b_l in zip(W, b, strict=True):
            a = 1 / (1 + np.exp(-(W_l @ a + b_l)))
        return float(0.5 * np.sum((Y - a) ** 2) / X.shape[1])

    def by_differences(array: Any) -> list[list[float]]:
        result = np.empty_like(array)
        for place in np.ndindex(array.shape):
            number, costs = array[place], []
            for array[place] in (number + 1e-5, number - 1e-5):
                costs.append(cost())
            array[place] = number
            result[place] = (costs[0] - costs[1]) / 2e-5
        return [[float(number) for number in row] for row in result]

    dW, db = [by_differences(array) for array in W], [by_differences(array) for array in b]
    sums = [[[3 * number for number in row] for row in array] for array in dW]
    Check(
        "3.4",
        right=(dW, db),
        wrong=[
            (lambda d: np.shape(d[1][0]) == (2, 3), "a gradient of a bias has a column for each sample. There is only one bias: add up over the samples."),
            (lambda d: np.shape(d[1][0]) in {(), (2,)}, "a gradient of a bias has lost its shape, a column: sum with axis=1, keepdims=True."),
            (lambda d: np.shape(d[1][0]) == (1, 3), "the sum of the biases runs over the neurons, not over the samples: axis=1."),
            (lambda d: is_like(d[0], sums) and is_like(d[1], db), "the biases are right. The weights are the sums over the samples, not the means."),
            (lambda d: is_like(d[0], sums), "these are the gradients of the sum of the costs. The mean has a factor 1/m."),
            (lambda d: is_like(d[0], dW), "the weights are right, the biases are not: they need the mean over the samples, too."),
        ],
        why="BP3 and BP4 take the mean over the samples; BP1 and BP2 stay as they are.",
    )(function(W, b, X, Y))


# 4. Why a hidden layer


# 5. Initialisation and vanishing gradients


# 6. Losses


# 7. Gradient descent


# 8. Handwritten digits


# 9. A convolutional network


# 10. From scalars to tensors


# 11. A tiny GPT


# 12. Beyond networks
