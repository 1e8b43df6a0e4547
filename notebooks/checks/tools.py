"""The checks of the exercises: each says "right", "not yet", or what went wrong.

`check_3_2(answer)` belongs to exercise 2 of notebook 3. A check knows the usual wrong answers, and says for each what it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from itertools import combinations
from numbers import Number
from typing import Any

TRANSLATIONS: dict[str, str] = {}
"""What is said instead of a message, in another language."""

OPEN, RIGHT = "not yet.", "right."
ROUNDED = "close: your number is rounded. Give the expression, or more digits."
EXCHANGED = "{one} and {other} have changed places."
PARTLY = "not right yet: {parts}. The rest is right."
NOTHING = "not yet: your function returns nothing. Is `return` missing?"
NO_FUNCTION = "this should be a function, given without calling it."
OTHERWISE = "not what it should be. A hint is below."
GENERAL = (OPEN, RIGHT, ROUNDED, EXCHANGED, PARTLY, NOTHING, NO_FUNCTION, OTHERWISE)
"""What any check can say."""


class Check:
    """Compares an answer with the right one, and with those that are usual and wrong.

    Args:
        name: of the exercise, such as "1.1".
        right: the answer: a number, or several in a tuple, list or dictionary; or a function that says whether an answer is right.
        wrong: pairs of a wrong answer (a number, several, or a function that recognises it) and what is to be said of it. In the text,
            {answer} is the answer, and {found} what the function returned.
        otherwise: what is said of any other answer.
        why: what is added to "right".
        names: what several answers are called in the learner's cell, so that the check can say which of them is wrong.
    """

    def __init__(
        self,
        name: str,
        right: Any,
        wrong: Sequence[tuple[Any, str]] = (),
        otherwise: str = OTHERWISE,
        why: str = "",
        names: Sequence[str] = (),
    ) -> None:
        self.name, self.right, self.wrong, self.otherwise, self.why, self.names = name, right, wrong, otherwise, why, names

    def __call__(self, *answers: Any) -> None:
        """Print what is to be said of an answer; of several, given as they were asked for."""
        numbers = tuple(map(plain, answers))
        self._say(self._verdict(numbers[0] if len(numbers) == 1 else numbers))

    def _say(self, verdict: str) -> None:
        print(f"{self.name}: {verdict}")

    def _verdict(self, answer: Any) -> str:
        if is_open(answer):
            return said(OPEN)
        if is_like(answer, self.right):
            right = said(RIGHT)
            return f"{right}{'' if right.endswith('。') else ' '}{said(self.why)}".rstrip()
        if is_rounded(answer, self.right):
            return said(ROUNDED)
        for usual, message in self.wrong:
            if found := recognised(answer, usual):
                return said(message).format(answer=shown(answer), found=shown(found))
        return self._which(answer) or said(self.otherwise).format(answer=shown(answer))

    def _which(self, answer: Any) -> str:
        """Which of several answers are wrong, if others are right or have changed places."""
        if not (isinstance(answer, tuple) and len(answer) == len(self.names)):
            return ""
        wrong = [k for k, (part, expected) in enumerate(zip(answer, self.right, strict=True)) if not is_like(part, expected)]
        for i, j in combinations(wrong, 2):
            if is_like(answer[i], self.right[j]) and is_like(answer[j], self.right[i]):
                return said(EXCHANGED).format(one=self.names[i], other=self.names[j])
        if len(wrong) == len(answer):
            return ""
        return said(PARTLY).format(parts=", ".join(self.names[k] for k in wrong))


class CheckOf(Check):
    """A check of functions, or of anything else that is tried: what comes out is compared, and is what messages call the answer.

    Args:
        trial: from the answers to what is compared; None or `...` says that there is no answer yet.
        function: whether the first answer must be a function or a class.
    """

    def __init__(
        self,
        name: str,
        trial: Callable[..., Any],
        right: Any,
        wrong: Sequence[tuple[Any, str]] = (),
        function: bool = True,
        **texts: Any,
    ) -> None:
        super().__init__(name, right, wrong, **texts)
        self.trial, self.function = trial, function

    def __call__(self, *answers: Any) -> None:
        """Print what is to be said of answers, given as they were asked for."""
        if is_open(answers):
            self._say(said(OPEN))
        elif self.function and not callable(answers[0]):
            self._say(said(NO_FUNCTION))
        elif is_open(found := self.trial(*answers)):
            self._say(said(NOTHING if self.function and is_written(answers[0]) else OPEN))
        else:
            super().__call__(found)


def plain(answer: Any) -> Any:
    """An answer with floats for Values, for numbers in quotes and for arrays without axes; of a list or array of one number, that number."""
    if type(answer) in (list, tuple) and len(answer) == 1 and is_numeric(number := as_number(answer[0])):
        return number
    if getattr(answer, "shape", ()) != () and getattr(answer, "size", 0) == 1:
        return as_number(answer.item())
    return as_number(answer)


def as_number(answer: Any) -> Any:
    """The float that an answer stands for, or the answer; in lists, tuples and dictionaries, for each part."""
    if is_numeric(answer) or isinstance(answer, bool):
        return answer
    if type(answer) in (list, tuple):
        return type(answer)(map(as_number, answer))
    if type(answer) is dict:
        return {key: as_number(part) for key, part in answer.items()}
    if isinstance(answer, str):
        try:
            number = float(answer.replace("−", "-"))
        except ValueError:
            return answer
        return number if math.isfinite(number) else answer
    if getattr(answer, "shape", None) == ():
        return as_number(answer.item())
    number = getattr(answer, "data", None)  # that of a Value
    return number if is_numeric(number) else answer


def is_written(function: Any) -> bool:
    """Whether there is code in the body of a function, or of the `__call__` of a class, and no `...` in it."""
    if isinstance(function, type):
        function = vars(function).get("__call__")
    code = getattr(function, "__code__", None)
    return code is not None and ... not in code.co_consts and len(code.co_code) > len(_empty.__code__.co_code)


def _empty() -> None: ...


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


def is_rounded(answer: Any, expected: Any) -> bool:
    """Whether an answer is the expected one, rounded or cut off after two digits or more; of several, each that is not exact."""
    if isinstance(expected, (tuple, list)):
        if not (isinstance(answer, (tuple, list)) and len(answer) == len(expected)):
            return False
        return all(is_like(part, number) or is_rounded(part, number) for part, number in zip(answer, expected, strict=True))
    if not (is_numeric(answer) and is_numeric(expected) and math.isfinite(answer)):
        return False
    given, exact = (Decimal(repr(float(number))).normalize() for number in (answer, expected))
    _, digits, exponent = given.as_tuple()
    if len(digits) < 2 or not isinstance(exponent, int) or exponent >= 0:
        return False
    return given in {exact.quantize(Decimal((0, (1,), exponent)), way) for way in (ROUND_HALF_EVEN, ROUND_DOWN)}


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
