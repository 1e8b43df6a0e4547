"""The checks of the exercises: each says "right", "not yet", or what went wrong.

`check_3_2(answer)` belongs to exercise 2 of notebook 3. A check knows the usual wrong answers, and says for each what it lacks.
"""

from __future__ import annotations

import math
import random
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


# 1. A value and its gradient

check_1_1 = Check(
    "1.1",
    lambda answers: is_like(answers[0], 4.75) and 2.37 < answers[1] < 2.4,
    [
        (lambda answers: is_like(answers[0], 3.5), "3.5 metres is the price at 20 metres a second, and this car goes 30: put 30 in for v."),
        (
            lambda answers: is_like(answers[0], 3.75),
            "3.75 is v/a, the part of the braking. The way that is driven during the reaction grows too: t is missing.",
        ),
        (
            lambda answers: is_like(answers[0], 2.875),
            "you have v/(2a) for the part of the braking, but the slope of v² is 2v: the 2 cancels.",
        ),
        (
            lambda answers: is_like(answers, (4.75, 4.75)),
            "4.75 metres is the price of a whole metre a second. Here the car is faster by half of one.",
        ),
        (
            lambda answers: is_like(answers, (4.75, 9.5)),
            "a derivative is metres for each metre a second: multiply it by 0.5, do not divide by it.",
        ),
    ],
    why="At 20 metres a second it was 3.5: the faster the car, the more a little more speed costs.",
)

check_1_2 = Check(
    "1.2",
    (4.0, -11.0, 2),
    [
        (
            lambda answers: is_like(answers[1], -5.0),
            "with respect to q you have −5: one of the two paths is missing, the one through the product p q.",
        ),
        (
            lambda answers: is_like(answers[1], -6.0),
            "with respect to q you have −6: one of the two paths is missing, the one that goes from q straight to the last product.",
        ),
        (
            lambda answers: is_like(answers[1], 30.0),
            "with respect to q you have 30: along a path one multiplies, but the results of the two paths are added.",
        ),
        (
            lambda answers: is_like(answers[0], -2.0),
            "with respect to p you have −2, which is one local derivative alone. The path from p has three arrows: multiply along all of them.",
        ),
        (
            lambda answers: not is_like(answers[2], 2) and str(answers[2]),
            "paths from q, by your count: {found}. Follow the arrows from q: each product has one from it.",
        ),
    ],
    why="Where a value is used twice, its gradients add up: −5 − 6.",
)

check_1_3 = Check(
    "1.3",
    lambda answers: (
        not _other_operations(answers[1]) and _paths(answers) == 89 and _additions(answers[1]) <= 10 and is_like(answers[2], 89)
    ),
    [
        (lambda answers: _other_operations(answers[1]), "additions only, please: there is a {found} in the graph."),
        (
            lambda answers: _paths(answers) != 89 and _paths(answers),
            "{found} paths lead from x to y, and it should be 89. From each node to the next you may go back one or two.",
        ),
        (
            lambda answers: _additions(answers[1]) > 10 and _additions(answers[1]),
            "89 paths, but {found} additions. Add up what was already added up: then the paths multiply.",
        ),
        (
            lambda answers: not is_like(answers[2], 89),
            "the graph is right, the gradient is not. Along each path the product of the local derivatives is 1; how many paths are there?",
        ),
    ],
    why="All local derivatives are 1, so the gradient is the number of paths.",
)

check_1_4 = Check(
    "1.4",
    math.log(2),
    [
        (
            0.0,
            "x is back at 0. You divide f by its slope, and that looks for a zero of f, of which there is none. Here it is the slope that should become 0: divide f′ by f″.",
        ),
        (
            0.39679744463696487,
            "x = {answer} after six steps: that is gradient descent. Newton divides the slope by the slope of the slope.",
        ),
        (
            1.0,
            "x = 1 is where the first step leads. The next ones must start from where the last one arrived: compute them from x, not from 0.",
        ),
    ],
    why="The slope eˣ − 2 is 0 where x = log 2.",
)


def _nodes(root: Any) -> list[Any]:
    """The nodes of a graph, each once."""
    nodes, seen = [root], {root}
    for node in nodes:
        for source in node._prev:
            if source not in seen:
                seen.add(source)
                nodes.append(source)
    return nodes


def _additions(root: Any) -> int:
    return sum(node._op == "+" for node in _nodes(root))


def _other_operations(root: Any) -> str:
    """An operation of the graph that is not an addition."""
    return next((node._op for node in _nodes(root) if node._op not in ("", "+")), "")


def _paths(answers: Any) -> int:
    """How many paths lead from the first answer to the second."""
    from autograd import paths

    return int(paths(answers[1], answers[0]).count)


# 2. A neuron

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


# 3. Backpropagation by hand


# 4. Why a hidden layer


# 5. Initialisation and vanishing gradients


def drawn(initialiser: Any, fan_in: int, fan_out: int) -> tuple[float, float, float] | None:
    """The variance, the largest absolute value and the smallest value of many weights."""
    rng = random.Random(0)
    weights = [initialiser(fan_in, fan_out, rng) for _ in range(4000)]
    if is_open(weights):
        return None
    return sum(w * w for w in weights) / len(weights), max(map(abs, weights)), min(weights)


def within(bound: float) -> Callable[[Any], bool]:
    """Whether weights are those of a uniform distribution on ±bound."""
    return lambda found: math.isclose(found[0], bound**2 / 3, rel_tol=0.1) and math.isclose(found[1], bound, rel_tol=0.01)


check_5_1 = CheckOf(
    "5.1",
    lambda initialiser: drawn(initialiser, 32, 128),
    lambda found: found[2] < 0 and within(math.sqrt(3 / 32))(found),
    [
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


def applied(residual: Any) -> tuple[Any, list[float], list[float]] | None:
    """What a block makes of four numbers; the numbers; and what its layer makes of them."""
    block, x = residual(4, random.Random(0)), [0.5, -1.0, 2.0, 0.0]
    result = block(x)
    return None if is_open(result) else (result, x, [value.data for value in block.layer(x)])


check_5_4 = CheckOf(
    "5.4",
    applied,
    lambda found: is_like(found[0], [a + b for a, b in zip(*found[1:], strict=True)]),
    [
        (lambda found: is_like(found[0], found[2]), "this is the layer alone. The way around it is missing: add the input."),
        (lambda found: is_like(found[0], found[1]), "this is the way around alone. Add what the layer puts out."),
        (lambda found: len(found[0]) == 8, "`+` has joined the two lists to one of 8 numbers. Add them element by element."),
        (
            lambda found: is_like(found[0], [a * b for a, b in zip(*found[1:], strict=True)]),
            "you multiply the input by the output of the layer. Add them.",
        ),
    ],
    otherwise="each output should be an element of the input plus one of the layer's output. A hint is below.",
    why="The derivative with respect to x is 1 plus that of the layer.",
)


# 6. Losses

check_6_1 = Check(
    "6.1",
    (20.0, 3.0),
    [
        ((3.0, 20.0), "you have both numbers, the wrong way round: large errors count most in the squared one."),
        ((20.0, 20.0), "20 is right for mse. In mae, each error has the slope +1 or −1: the outlier pulls no more than any other target."),
        ((3.0, 3.0), "3 is right for mae. In mse an error of 87 counts as 87²: the outlier pulls much more than the others."),
        (lambda answer: is_like(answer[0], 20.0), "20 is right for mse. For mae, as many targets must lie below c as above it."),
        (lambda answer: is_like(answer[1], 3.0), "3 is right for mae. For mse, the errors c − y, with their signs, must add up to 0."),
    ],
    why="The mean, and the median.",
)


def logits_at(two_logits: Any) -> list[tuple[Any, float]] | None:
    """What a function makes of several numbers, with the numbers."""
    found = [(two_logits(z), z) for z in (-1.5, 0.7, 3.0)]
    return None if is_open([pair for pair, _ in found]) else found


def differ_by(difference: Callable[[float], float]) -> Callable[[Any], bool]:
    """Whether in each pair of logits the second minus the first is a function of z."""
    return lambda found: all(len(pair) == 2 and is_like(pair[1] - pair[0], difference(z)) for pair, z in found)


check_6_2 = CheckOf(
    "6.2",
    logits_at,
    differ_by(lambda z: z),
    [
        (
            lambda found: all(is_like(sum(pair), 1.0) for pair, _ in found),
            "your two numbers add up to 1, so they are probabilities. Softmax makes probabilities of them once more: return logits.",
        ),
        (differ_by(lambda z: -z), "the two are the wrong way round: a large z speaks for class 1, the second logit."),
        (differ_by(lambda z: 2 * z), "the difference of your logits is 2z, so class 1 gets the probability σ(2z)."),
        (differ_by(lambda z: z - 1), "the difference of your logits is z − 1. In σ(z) = e^z / (1 + e^z), the 1 is e⁰, not e¹."),
    ],
    otherwise="the difference of the two logits has to be z. A hint is below.",
    why="Softmax only looks at the difference of two logits, which is z.",
)


def is_near(answer: Any, expected: Any) -> bool:
    """Whether numbers are right to three digits."""
    answers, targets = (list(x) if isinstance(x, (tuple, list)) else [x] for x in (answer, expected))
    return len(answers) == len(targets) and all(abs(getattr(x, "data", x) - y) < 6e-4 for x, y in zip(answers, targets, strict=True))


_SOFT = (0.7, 0.2, 0.1)

check_6_3 = Check(
    "6.3",
    lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 0.80182),
    [
        (
            lambda answer: is_near(answer[0], (1.0, 0.0, 0.0)),
            "the model does not become sure of class 0: the gradient is ŷ − q, which is not 0 there.",
        ),
        (lambda answer: is_near(answer[1], 0.0), "the loss does not become 0: then ŷ would have to be 1 for each of the three classes."),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 1.15678),
            "the probabilities are right, and the loss is in bits: take math.log in place of the logarithm to base 2.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], 0.35667),
            "the probabilities are right. −log 0.7 is the term of class 0 without its factor q, and the other classes are missing.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT) and is_near(answer[1], -0.80182),
            "the probabilities are right. The sum has a minus in front of it.",
        ),
        (
            lambda answer: is_near(answer[0], _SOFT),
            "the probabilities are right, the loss is not: it is −Σ q log ŷ, over all three classes.",
        ),
    ],
    otherwise="the gradient ŷ − q has to be 0 for each class. A hint is below.",
    why="What remains is the entropy of q.",
)


def said_to_be(loss: str, *numbers: float) -> Callable[[Any], bool]:
    """Whether an answer to 6.4 is a loss of this name, with this factor and this constant, or with any where none is given."""
    return lambda answer: getattr(answer[0], "__name__", answer[0]) == loss and all(map(is_near, answer[1 : 1 + len(numbers)], numbers))


check_6_4 = Check(
    "6.4",
    said_to_be("mae", 0.5, math.log(4.0)),
    [
        (said_to_be("mse"), "squares come from normal noise, e to the −(y − ŷ)². Here the exponent is −|y − ŷ| / s."),
        (said_to_be("mae", 2.0), "the loss is right. The exponent is divided by s, so the factor is 1 / s."),
        (said_to_be("mae", -0.5), "the loss is right. Minus the logarithm: the minus of the exponent goes away."),
        (said_to_be("mae", 0.5, -math.log(4.0)), "loss and factor are right. Minus the logarithm of 1/(2s) is +log(2s)."),
        (said_to_be("mae", 0.5, 0.25), "loss and factor are right. The constant is minus the logarithm of 1/(2s) = ¼, not ¼ itself."),
        (said_to_be("mae", 0.5, math.log(2.0)), "loss and factor are right. The density has 1/(2s) in front, which is ¼, not ½."),
        (said_to_be("mae"), "the loss is right. Take the logarithm of 1/(2s) and of the exponential one after the other."),
    ],
    otherwise="which loss contains |y − ŷ|? A hint is below.",
    why="Laplace's noise leads to the absolute error.",
)


# 7. Gradient descent


# 8. Handwritten digits


# 9. A convolutional network


# 10. From scalars to tensors


# 11. A tiny GPT


# 12. Beyond networks
