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


class Tried(Check):
    """A check of functions: they are tried, and what comes out is compared.

    Args:
        trial: from the answers to what is compared; `...` says that there is no answer yet.
    """

    def __init__(self, name: str, trial: Callable[..., Any], right: Any, wrong: Sequence[tuple[Any, str]] = (), **texts: str) -> None:
        super().__init__(name, right, wrong, **texts)
        self.trial = trial

    def __call__(self, *answers: Any) -> None:
        """Print what is to be said of answers, given as they were asked for."""
        super().__call__(self.trial(*answers))


check_10_1 = Check(
    "10.1",
    (1, 0, 0, 2),
    [
        (lambda found: found[0] != 1, "in (a) each of six vectors meets each of six others: one full grid."),
        (lambda found: found[1] > 0, "in (b) each vector meets only one other. Six dots that share nothing are a vector instruction."),
        (lambda found: found[2] > 0, "in (c) one pair is missing. A product computes all pairs, so a grid with a hole stays single dots."),
        (
            lambda found: found[3] == 1,
            "in (d) an even i never meets an odd j, so the grid of 6 × 6 is not full. How many full grids are in it?",
        ),
        (lambda found: found[3] == 0, "in (d) sort the indices, 0, 2, 4 and then 1, 3, 5: two parts of the table are full."),
    ],
    otherwise="none of the four numbers is above 2. A matrix product is a full grid.",
    why="Only a full grid is a matrix product.",
)


def _taxes(tax: Callable[[Any], Any]) -> Any:
    """What the function of exercise 10.2 makes of some incomes, and how many programs it has."""
    from autograd import Value, compile

    incomes = [0.0, 5.0, 10.0, 20.0, 50.0, 60.0, 100.0]
    taxes = [tax(Value(income)) for income in incomes]
    if is_open(taxes):
        return ...
    compiled = compile(tax)
    compiled(incomes)
    return [*taxes, str(compiled).count("program:")]


check_10_2 = Tried(
    "10.2",
    _taxes,
    [0.0, 0.0, 0.0, 2.0, 8.0, 12.0, 28.0, 1],
    [
        (
            lambda found: is_like(found[:7], [0.0, 0.0, 0.0, 2.0, 8.0, 12.0, 28.0]),
            "the taxes are right, but there is more than one program: an if is left. Choose with where.",
        ),
        (lambda found: is_like(found[5], 4.0), "above 50, the 8 are missing that are due for what lies between 10 and 50."),
        (lambda found: is_like(found[5], 24.0), "above 50, 40 % are due of what is above 50, not of the whole income."),
        (lambda found: is_like(found[0], -2.0), "below 10 there is no tax; yours is negative there."),
        (lambda found: is_like(found[3], 4.0), "on what lies between 10 and 50, 20 % are due: of 20 that is 2, and you have 4."),
    ],
    otherwise="the taxes on 0, 5, 10, 20, 50, 60 and 100 should be 0, 0, 0, 2, 8, 12 and 28.",
    why="One program has all three brackets.",
)


def _attended(attention: Callable[..., Any], shapes: Any) -> Any:
    """What the function of exercise 10.3 makes of a small example, in a word, and the shapes that were foretold."""
    queries, keys = [[0.1, -0.2, 0.3, 0.0], [1.0, 0.5, -0.5, 0.2]], [[0.5, 0.1, -0.3, 0.7], [-0.6, 0.2, 0.9, 0.3]]
    values = [[1.0, 2.0, 3.0, 4.0], [-1.0, 0.5, 0.0, 2.0]]
    found = attention(queries, keys, values)
    if not found or any(map(is_open, found)) or is_open(shapes):
        return ...
    expected: dict[str, list[list[float]]] = {"right": [], "without softmax": []}
    for query in queries:
        scores = [sum(a * b for a, b in zip(query, key)) for key in keys]
        powers = [math.exp(score) for score in scores]
        for what, weights in (("right", [power / sum(powers) for power in powers]), ("without softmax", scores)):
            expected[what].append([sum(w * value[k] for w, value in zip(weights, values)) for k in range(4)])
    return next((what for what, outputs in expected.items() if is_like(found, outputs)), "wrong"), shapes


check_10_3 = Tried(
    "10.3",
    _attended,
    ("right", [(6, 6), (6, 4)]),
    [
        (lambda found: found[0] == "without softmax", "the values are weighted by the scores themselves: the softmax is missing."),
        (
            lambda found: found[0] == "wrong",
            "the outputs are not yet the weighted sums: number k is the dot product of the weights with number k of each value.",
        ),
        (
            lambda found: is_like(found[1], [(6, 4), (6, 6)]),
            "the loop is right, and the shapes are in the other order: the weights come first.",
        ),
        (
            lambda found: is_like(found[1][1], (6, 6)),
            "the loop is right. The second product gives the outputs: six positions, four numbers each.",
        ),
        (lambda found: len(found[1]) != 2, "the loop is right. There are two products: one for all scores, and one for all outputs."),
    ],
    otherwise="the loop is right. For the shapes: six queries meet six keys, then six rows of weights meet four columns of values.",
    why="Both steps of attention are full grids.",
)


# 11. A tiny GPT


def _counts(how_many: Callable[[int, int, int], Any]) -> list[Any]:
    """Two models of exercise 11.1."""
    return [how_many(26, 8, 16), how_many(3, 5, 2)]


check_11_1 = Tried(
    "11.1",
    _counts,
    [4032, 70],
    [
        ([3616, 64], "one n · d is missing: the tokens have a row in `token`, and one in `score`."),
        ([3008, 54], "one of the matrices of the MLP is missing: there is one to four times the width, and one back."),
        ([3776, 66], "one d² is missing: attention has query, key and value, and the matrix that mixes the heads."),
        ([3904, 60], "the c · d of the positions are missing."),
        ([2496, 46], "the matrices of the MLP are four times as large as those of attention: 4 d by d."),
    ],
    otherwise="with n, c, d = 26, 8, 16 there are 4032. Add up rows times columns of each matrix.",
    why="Most of them are in the MLP.",
)


def _entropies(entropy: Callable[[float], Any], scores: Any) -> Any:
    """What the function of exercise 11.2 returns, in a word."""
    temperatures = (0.5, 1.0, 3.0)
    found = [entropy(temperature) for temperature in temperatures]
    if is_open(found):
        return ...

    def entropies(divide: Callable[[float, float], float]) -> list[float]:
        result = []
        for temperature in temperatures:
            powers = [math.exp(divide(float(score), temperature)) for score in scores]
            result.append(-sum(power / sum(powers) * math.log(power / sum(powers)) for power in powers))
        return result

    usual = {
        "right": entropies(lambda score, temperature: score / temperature),
        "multiplied": entropies(lambda score, temperature: score * temperature),
        "ignored": entropies(lambda score, temperature: score),
    }
    usual["negative"] = [-number for number in usual["right"]]
    return next((what for what, numbers in usual.items() if is_like(found, numbers)), "wrong")


check_11_2 = Tried(
    "11.2",
    _entropies,
    "right",
    [
        ("negative", "an entropy is not negative: the logarithms are, so the sum needs a minus."),
        ("multiplied", "your entropy falls with the temperature: the scores are multiplied by it. Divide."),
        ("ignored", "your entropy is the same at every temperature: divide the scores by it, before softmax."),
    ],
    otherwise="divide the scores by the temperature, apply softmax, and take minus the sum of p log p.",
    why="The higher the temperature, the more undecided the model.",
)


def _reordered(without: Any, same: Any) -> Any:
    """Whether the model of exercise 11.3 has no positions, and which words were named."""
    if is_open(without) or is_open(same):
        return ...
    zero = {key: not any(abs(float(number)) > 0.0 for row in matrix for number in row) for key, matrix in dict(without).items()}
    return "changed" if zero.pop("position") and not any(zero.values()) else "not changed", sorted(same)


check_11_3 = Tried(
    "11.3",
    _reordered,
    ("changed", ["bac"]),
    [
        (lambda found: found[0] != "changed", "in your model the positions, and only those, should be zeros."),
        (
            lambda found: len(found[1]) == 4,
            "not all of them: the last position asks with its own query, so the last letter must be the same.",
        ),
        (lambda found: found[1] == [], "there is one: attention adds up over the earlier letters, and a sum does not know their order."),
        (lambda found: "bac" in found[1], "one of yours is right. In the others the last letter, which asks, is not c."),
    ],
    otherwise="the last letter asks, so it must be c. Which word has the same letters before it?",
    why="Without positions, the earlier letters may change places.",
)


def _of_three(softmax_jacobian: Callable[[list[float]], Any]) -> Any:
    """The nine numbers of the Jacobian of exercise 11.4."""
    found = softmax_jacobian([0.2, 0.3, 0.5])
    return found if is_open(found) else [float(number) for row in found for number in row]


check_11_4 = Tried(
    "11.4",
    _of_three,
    [0.16, -0.06, -0.1, -0.06, 0.21, -0.15, -0.1, -0.15, 0.25],
    [
        (
            [0.16, 0.0, 0.0, 0.0, 0.21, 0.0, 0.0, 0.0, 0.25],
            "only the diagonal is there: each score also moves the other probabilities, by −p_i p_j.",
        ),
        (
            [-0.16, 0.06, 0.1, 0.06, -0.21, 0.15, 0.1, 0.15, -0.25],
            "the signs are the other way round: a higher score makes its own probability larger.",
        ),
        ([0.16, 0.14, 0.1, 0.24, 0.21, 0.15, 0.4, 0.35, 0.25], "off the diagonal δ is 0, not 1: there stands −p_i p_j."),
        (
            [0.16, 0.06, 0.1, 0.06, 0.21, 0.15, 0.1, 0.15, 0.25],
            "off the diagonal the sign is wrong: what one probability gains, the others lose.",
        ),
    ],
    otherwise="on the diagonal stands p_i (1 − p_i), elsewhere −p_i p_j.",
    why="Each row adds up to 0: the probabilities can only take from each other.",
)


# 12. Beyond networks


# 13. Speed and vocabulary

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
