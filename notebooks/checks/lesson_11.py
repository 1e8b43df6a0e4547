"""The checks of notebook 11: A tiny GPT."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .tools import CheckOf, is_like, is_open, plain


def _counts(how_many: Callable[[int, int, int], Any]) -> list[Any]:
    """Two models of exercise 11.1."""
    return [how_many(26, 8, 16), how_many(3, 5, 2)]


check_11_1 = CheckOf(
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


check_11_2 = CheckOf(
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


check_11_3 = CheckOf(
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
    function=False,
    otherwise="the last letter asks, so it must be c. Which word has the same letters before it?",
    why="Without positions, the earlier letters may change places.",
)


def _of_three(softmax_jacobian: Callable[[list[float]], Any]) -> Any:
    """The nine numbers of the Jacobian of exercise 11.4."""
    found = softmax_jacobian([0.2, 0.3, 0.5])
    if is_open(found):
        return found
    try:
        return [float(plain(number)) for row in found for number in row]
    except (TypeError, ValueError):
        return found  # something else than rows of numbers


check_11_4 = CheckOf(
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
