"""The checks of notebook 5: Initialisation and vanishing gradients."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .tools import Check, CheckOf, is_like, is_numeric, is_open, plain


def drawn(initialiser: Any, fan_in: int, fan_out: int) -> tuple[float, float, float] | str | None:
    """The variance, the largest absolute value and the smallest value of many weights; or what is drawn in place of a number."""
    rng = random.Random(0)
    weights = [plain(initialiser(fan_in, fan_out, rng)) for _ in range(4000)]
    if is_open(weights):
        return None
    if strange := [weight for weight in weights if not is_numeric(weight)]:
        return type(strange[0]).__name__
    return sum(w * w for w in weights) / len(weights), max(map(abs, weights)), min(weights)


def within(bound: float) -> Callable[[Any], bool]:
    """Whether weights are those of a uniform distribution on ±bound."""
    return lambda found: math.isclose(found[0], bound**2 / 3, rel_tol=0.1) and math.isclose(found[1], bound, rel_tol=0.01)


def kind(found: Any) -> str:
    """What is drawn in place of a number."""
    return found if isinstance(found, str) else ""


NO_NUMBER = "each call should return one number. Yours returns a {found}."

check_5_1 = CheckOf(
    "5.1",
    lambda initialiser: drawn(initialiser, 32, 128),
    lambda found: found[2] < 0 and within(math.sqrt(3 / 32))(found),
    [
        (kind, NO_NUMBER),
        (lambda found: found[2] >= 0, "none of your weights is negative. Draw from −bound to +bound, so that their mean is 0."),
        (within(math.sqrt(1 / 32)), "your bound is √(1/a), so the variance is 1/(3a). The variance is bound²/3, not bound²."),
        (within(1 / 32), "your bound is 1/a, which should be the variance. The variance of a uniform distribution on ±r is r²/3."),
        (within(3 / 32), "your bound is 3/a, which should be its square. A root is missing."),
        (within(math.sqrt(3 / 128)), "you took the fan-out instead of the fan-in: this keeps the size of the gradient, not of the signal."),
        (within(math.sqrt(6 / 160)), "this is Xavier's range, a compromise between the two ways. Here only the fan-in counts."),
        (within(math.sqrt(6 / 32)), "this is He's range, for ReLU. Its variance is 2/a, twice as large."),
        (
            lambda found: math.isclose(found[0], 1 / 32, rel_tol=0.1),
            "the variance is 1/a, but the distribution is not uniform. Write rng.uniform(-bound, bound).",
        ),
    ],
    otherwise="the variance of your weights is not 1/a. A hint is below.",
    why="The variance is 1/a, so the signal keeps its size.",
)

check_5_2 = Check(
    "5.2",
    lambda ratio: math.isclose(ratio, 2 / 3, abs_tol=0.007),
    [
        (1.0, "you have 1: that holds for equal outgoing weights. Which factor of the formula belongs to one neuron alone?"),
        (1.5, "you have 1.5: this is neuron 2 compared with neuron 0. Turn the fraction over."),
        (lambda ratio: math.isclose(ratio, 4 / 9, abs_tol=0.01), "you have {answer}: the outgoing weight is a factor once, not twice."),
        (0.8, "you have 0.8: this is neuron 0 compared with neuron 1."),
        (lambda ratio: math.isclose(abs(ratio), 0.2), "you have {answer}: this is a difference. Divide one gradient by the other."),
    ],
    why="Only the outgoing weights differ: 0.4 / 0.6.",
)

check_5_3 = CheckOf(
    "5.3",
    lambda initialiser: drawn(initialiser, 16, 16),
    within(4 * math.sqrt(6 / 32)),
    [
        (kind, NO_NUMBER),
        (within(math.sqrt(6 / 32)), "this is Xavier's range as it was. It expects a slope of 1, and the sigmoid has ¼ at most."),
        (
            within(math.sqrt(6 / 32) / 4),
            "your weights are a quarter of Xavier's, so each layer takes away even more. Weights have to make up for a small slope.",
        ),
        (within(2 * math.sqrt(6 / 32)), "your weights are twice Xavier's. With the slope ¼ that makes ½, where it should be 1."),
        (
            within(16 * math.sqrt(6 / 32)),
            "your weights are 16 times Xavier's. It is the variance that grows 16 times, if each weight is multiplied by 4.",
        ),
    ],
    otherwise="your weights, times the slope ¼, should be as large as Xavier's weights. A hint is below.",
    why="Four times the weights, a quarter of the slope.",
)


def applied(residual: Any) -> tuple[Any, list[float], list[float], bool] | None:
    """What a block makes of four Values; their numbers; what its layer makes of them; whether a gradient comes back to its weights."""
    from autograd import AutogradError, Value

    block, x = residual(4, random.Random(0)), [0.5, -1.0, 2.0, 0.0]
    result = block(list(map(Value, x)))
    if is_open(result):
        return None
    with suppress(AttributeError, TypeError, AutogradError):  # of plain numbers, or of something else than a list of numbers
        sum(result).backward()
    weights = [w for neuron in block.layer.neurons for w in neuron.w]
    return result, x, [value.data for value in block.layer(x)], any(w.grad != 0.0 for w in weights)


def are_sums(found: Any) -> bool:
    return is_like(found[0], [a + b for a, b in zip(*found[1:3], strict=True)])


check_5_4 = CheckOf(
    "5.4",
    applied,
    lambda found: are_sums(found) and found[3],
    [
        (
            are_sums,
            "the numbers are right, but no gradient comes back through the layer: use its outputs as they are, without `.data`.",
        ),
        (lambda found: is_like(found[0], found[2]), "this is the layer alone. The way around it is missing: add the input."),
        (lambda found: is_like(found[0], found[1]), "this is the way around alone. Add what the layer puts out."),
        (lambda found: len(found[0]) == 8, "`+` has joined the two lists to one of 8 numbers. Add them element by element."),
        (
            lambda found: is_like(found[0], [a * b for a, b in zip(*found[1:3], strict=True)]),
            "you multiply the input by the output of the layer. Add them.",
        ),
    ],
    otherwise="each output should be an element of the input plus one of the layer's output. A hint is below.",
    why="The derivative with respect to x is 1 plus that of the layer.",
)
