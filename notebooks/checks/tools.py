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
        wrong: pairs of a wrong answer (a number, several, or a function that recognises it) and what is to be said of it. In the text,
            {answer} is the answer, and {found} what the function returned.
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
            if found := recognised(answer, usual):
                return said(message).format(answer=shown(answer), found=shown(found))
        return said(self.otherwise).format(answer=shown(answer))


class CheckOf(Check):
    """A check of functions, or of anything else that is tried: what comes out is compared, and is what messages call the answer.

    Args:
        trial: from the answers to what is compared; None or `...` says that there is no answer yet.
    """

    def __init__(self, name: str, trial: Callable[..., Any], right: Any, wrong: Sequence[tuple[Any, str]] = (), **texts: str) -> None:
        super().__init__(name, right, wrong, **texts)
        self.trial = trial

    def __call__(self, *answers: Any) -> None:
        """Print what is to be said of answers, given as they were asked for."""
        super().__call__(None if is_open(answers) else self.trial(*answers))


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of it, is still the learner's `...`; or a function without a body, which returned None."""
    if isinstance(answer, (tuple, list, dict)):
        return any(map(is_open, answer.values() if isinstance(answer, dict) else answer))
    return answer is ... or answer is None


def is_like(answer: Any, expected: Any) -> bool:
    """Whether an answer is the expected one, to within 1e-6 relatively; or satisfies it, if that is a function."""
    if callable(expected):
        return bool(recognised(answer, expected))
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


def recognised(answer: Any, usual: Any) -> Any:
    """What a function returns of an answer; of an answer that is not a function, whether it is like that."""
    if not callable(usual):
        return is_like(answer, usual)
    try:
        return usual(answer)
    except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError):
        return False  # an answer of another kind


def shown(answer: Any) -> str:
    """An answer in a message: numbers with at most six digits."""
    if isinstance(answer, (tuple, list)):
        return ", ".join(map(shown, answer))
    number = answer if is_numeric(answer) else getattr(answer, "data", answer)
    return f"{number:.6g}".replace("-", "−") if is_numeric(number) else str(answer)


def is_numeric(answer: Any) -> bool:
    """Whether an answer is a number of Python or of NumPy, whose attribute `data` is another thing than that of a Value."""
    return isinstance(answer, Number) and not isinstance(answer, bool)


def said(message: str) -> str:
    """A message in the reader's language."""
    return TRANSLATIONS.get(message, message)
