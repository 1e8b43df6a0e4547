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


# 4. Why a hidden layer


# 5. Initialisation and vanishing gradients


# 6. Losses


# 7. Gradient descent


# 8. Handwritten digits


# 9. A convolutional network


# 10. From scalars to tensors


# 11. A tiny GPT


# 12. Beyond networks
