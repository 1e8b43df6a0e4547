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

check_7_1 = Check(
    "7.1",
    (4.4, 4.9),
    [
        ((5.6, 5.1), "you went uphill: the step goes against the gradient, so it is subtracted."),
        ((4.4, 4.4), "gradient descent is right. Adam divides the slope by its own size: what is left of 6 / √6²?"),
        ((4.4, 5.1), "gradient descent is right. Adam goes downhill, too."),
        (lambda a: is_like(a[0], 4.7), "you have {answer}: the slope of (w − 2)² is 2(w − 2), not w − 2."),
        (lambda a: is_like(a[0], -1.0), "you have {answer}: the slope must be multiplied by the rate, 0.1."),
        (lambda a: is_like(a[0], 4.0), "you have {answer}: that subtracts the cost. Subtract its slope, times the rate."),
        (lambda a: is_like(a[0], 4.4), "gradient descent is right, Adam is not yet. Write its formula for t = 1, and see what cancels."),
    ],
    why="However steep the cost is, Adam's first step has the length of the rate.",
)

NEAR, FAR = 1.3469974, -1.4729976
"""The minima of w⁴ − 4w² + w."""


def limit_at(w: float, part: float = 2.0) -> Callable[[Any], bool]:
    """Whether an answer is 2/h, or another part of 1/h, to three digits, where h is the second derivative of w⁴ − 4w² + w."""
    return lambda answer: math.isclose(float(answer), part / (12.0 * w**2 - 8.0), rel_tol=1e-3)


check_7_2 = Check(
    "7.2",
    limit_at(NEAR),
    [
        (limit_at(NEAR, 1.0), "you have {answer}, which is 1/h: with that rate a step ends in the minimum. The limit is twice as large."),
        (lambda answer: limit_at(NEAR, 1.0)(1.0 / answer), "you have {answer}: that is the curvature h. The limit is 2/h."),
        (limit_at(FAR), "you have {answer}: that is the limit in the other valley, at w = −1.47."),
        (limit_at(2.2), "you have {answer}: that takes the curvature at the start, w = 2.2. Take it at the minimum, `ends[0.01]`."),
        (0.1, "you have {answer}: that is the limit of the narrow valley with two parameters. Take the curvature of `two_valleys`."),
        (1.0, "you have {answer}: that is the limit of the parabola at the beginning. Take the curvature of `two_valleys`."),
        (
            lambda answer: 0.13 < answer < 0.1452,
            "you have {answer}, a little below. Do not try rates: compute the limit from the curvature.",
        ),
        (
            lambda answer: 0.1452 < answer < 0.16,
            "you have {answer}, a little above. Do not try rates: compute the limit from the curvature.",
        ),
    ],
    why="The more sharply a valley curves, the smaller the steps must be.",
)

check_7_3 = Check(
    "7.3",
    2.625,
    [
        (3.0, "you have {answer}, the plain mean: it gives a sample of the small batch more weight than the others."),
        (9.0, "you have {answer}, the sum of the means. Weight each by the number of its samples, and divide."),
        (168.0, "you have {answer}: that is the sum over all samples. Divide it by their number."),
        (56.0, "you have {answer}: you divided by the number of batches. Divide by the number of samples."),
    ],
    why="A sample counts the same in each batch.",
)

check_7_4 = Check(
    "7.4",
    (0.15, 0.1, 0.075),
    [
        ((0.15, 0.225, 0.3), "your rate rises. Divide by 1 + k/10."),
        ((0.15, 0.15 / 6.0, 0.15 / 11.0), "your rate falls ten times as fast: it is divided by 1 + k."),
        ((0.15, 0.075, 0.0), "your rate is 0 after ten epochs, and negative after that. Divide by 1 + k/10, do not multiply by 1 − k/10."),
        ((0.15, 0.15, 0.075), "your rate falls only at every tenth epoch: `//` rounds down. Divide with `/`."),
        ((0.15, 0.15, 0.15), "your rate stays the same."),
    ],
    why="Now compare last_distance(rate_in) with last_distance(lambda epoch: 0.15).",
)

check_7_5 = Check(
    "7.5",
    lambda a: 0 < a[0] < a[1] / 3.0,
    [
        (
            lambda a: a[0] >= 240,
            "240 epochs were not enough. Either the steps are too small, or so large that it jumps about: try a rate near 0.2.",
        ),
        (
            lambda a: a[0] >= a[1],
            "that needs no fewer epochs than before. Momentum, such as 0.9, makes the steps longer where the direction stays.",
        ),
        (
            lambda a: a[0] >= a[1] / 3.0,
            "better than before, and not yet three times as fast. With momentum μ the steps become up to 1/(1 − μ) times as long.",
        ),
    ],
    why="The exact gradient can bear what a noisy one cannot.",
)


# 8. Handwritten digits

check_8_1 = Check(
    "8.1",
    23_860,
    [
        (23_820, "you have {answer}, the weights alone: each neuron has a bias, too."),
        (24_644, "you have {answer}: you gave a bias to each pixel. The inputs are given, and have none."),
        (23_550, "you have {answer}, the hidden layer alone: the output layer has parameters, too."),
        (23_520, "you have {answer}, the weights of the hidden layer: add its biases, and the output layer."),
        (824, "you have {answer}, the number of inputs and neurons. Count the connections between them, and the biases."),
        (2_260, "you have {answer}, the network for images of 8 × 8 pixels. MNIST has 28 × 28."),
    ],
    why="All but 310 of them belong to the hidden layer.",
)


def shares(*, axis: int | None) -> Callable[[Any], bool]:
    """Whether an answer is the diagonal of the table, which follows it, divided by the sums of its rows (axis 1), of its columns, or by all."""

    def is_it(answer: Any) -> bool:
        found, table = answer
        rows = [[float(count) for count in row] for row in table]
        lines = rows if axis == 1 else list(zip(*rows, strict=True))
        sums = [sum(map(sum, rows)) if axis is None else sum(line) for line in lines]
        return is_like(found, [row[k] / sums[k] for k, row in enumerate(rows)])

    return is_it


check_8_2 = Check(
    "8.2",
    shares(axis=1),
    [
        (
            shares(axis=0),
            "you divided by the columns. That is the precision: the share of what was taken for a 4 that is a 4. Take the rows.",
        ),
        (shares(axis=None), "you divided by the number of all images. Divide by the images of each digit."),
        (
            lambda a: is_like(a[0], [row[k] for k, row in enumerate(a[1])]),
            "those are numbers of images. Divide by how many each digit has.",
        ),
        (lambda a: isinstance(a[0], float), "that is one number. Each of the ten digits has a recall of its own."),
    ],
    otherwise="ten shares are needed, one for each digit.",
)

check_8_3 = Check(
    "8.3",
    1.89,
    [
        (1.95, "you have {answer}: that is the step without the penalty."),
        (1.83, "you have {answer}: the penalty has a factor of ½, which cancels the 2 of the derivative."),
        (1.92, "you have {answer}: the derivative of the penalty is not the decay alone. It is proportional to w."),
        (1.35, "you have {answer}: the decay must be multiplied by the rate as well."),
        (2.01, "you have {answer}: that lets the parameter grow. The penalty's slope is subtracted, too."),
        (2.11, "you have {answer}: you went uphill. The step goes against the slope."),
        (1.1, "you have {answer}: that is the slope of the whole cost. Take a step with it."),
    ],
    why="With no slope at all, the parameter would still shrink, by 3 % in each step.",
)


def chosen_by(*, which: int, read: int) -> Callable[[Any], bool]:
    """Whether the last given accuracy is that of the best network in list `which`, as list `read` has it."""

    def is_it(answer: Any) -> bool:
        lists = [list(part) for part in answer[2:]]
        best = max(lists[which])
        return any(is_like(answer[1], lists[read][k]) for k, accuracy in enumerate(lists[which]) if accuracy == best)

    return is_it


check_8_4 = Check(
    "8.4",
    lambda a: is_like(a[0], max(a[2])) and chosen_by(which=0, read=1)(a),
    [
        (
            chosen_by(which=1, read=1),
            "you chose by the test images, too. Then they are no longer a test: take the network that you chose before.",
        ),
        (
            chosen_by(which=0, read=0),
            "you have the same number twice, the validation accuracy. Measure the chosen network on the test images.",
        ),
        (lambda a: is_like(a[0], sum(a[2]) / len(a[2])), "that is the mean of all networks. Take the one that seems best."),
        (lambda a: a[0] > 1, "an accuracy is needed, not the place of the network in the list."),
        (lambda a: a[0] < max(a[2]), "there is a better one among the hundred, by the validation images."),
    ],
    why="It is no better than guessing; it was lucky on the images by which you chose it.",
)


# 9. A convolutional network


def table(rows: Any) -> list[list[float]]:
    """A table of numbers, Values or floats, as floats."""
    return [[float(x if is_numeric(x) else x.data) for x in row] for row in rows]


def is_moved(answer: Any, down: int = 0, right: int = 0, around: bool = False) -> bool:
    """Whether an answer to 9.1 moved the image by so much: zeros came in, or what left at the other side."""
    before, after = table(answer[0]), table(answer[1])
    size = len(before)
    return after == [
        [
            before[(i - down) % size][(j - right) % size] if around or (0 <= i - down < size and 0 <= j - right < size) else 0.0
            for j in range(size)
        ]
        for i in range(size)
    ]


check_9_1 = Check(
    "9.1",
    lambda answer: is_moved(answer, down=1) and answer[2] == 5,
    [
        (lambda answer: len(answer[1]) == 9, "your image has 9 rows: the last one has to drop out."),
        (lambda answer: len(answer[1]) == 7, "your image has 7 rows: a row of zeros comes in where one left."),
        (lambda answer: is_moved(answer, down=-1), "you moved the image up: the row of zeros comes first, not last."),
        (lambda answer: is_moved(answer, down=1, around=True), "what leaves at the bottom comes in at the top: put zeros there."),
        (lambda answer: is_moved(answer, right=1), "you moved the image to the right: what comes in is a row, not a column."),
        (is_moved, "this is the old image: put a row of zeros before its first seven rows."),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] == 6,
            "the image is right, but not all six rows are old ones: what does the kernel touch at its first position?",
        ),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] == 0,
            "the image is right. You compared rows at the same place: row i + 1 of the new output belongs to row i of the old one.",
        ),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] in (3, 4),
            "the image is right, but more rows are old ones: the row that came in is below the kernel only where the kernel is at the top.",
        ),
    ],
    why="The first row alone is new: there, the kernel touches the row that came in.",
)

check_9_2 = Check(
    "9.2",
    lambda answer: is_like(*map(table, answer)),
    [
        (lambda answer: shape(answer[0]) == (6, 6), "your output has 6 × 6 numbers: the kernel still moves by one pixel at a time."),
        (lambda answer: shape(answer[0]) in ((3, 6), (6, 3)), "the stride is missing in one of the two directions."),
        (
            lambda answer: shape(answer[0]) == (3, 3) and len({round(x - y, 9) for x, y in zip(*map(flat, answer), strict=True)}) == 1,
            "all nine numbers are off by the same amount: what about the bias?",
        ),
        (
            lambda answer: shape(answer[0]) == (3, 3) and is_like(answer[0][0][0], answer[1][0][0]),
            "3 × 3 numbers, and the first is right: output (1, 1) lies at row 2 and column 2 of the image, not at row 1 and column 1.",
        ),
        (lambda answer: 4 in shape(answer[0]), "your output has a fourth row or column: there, the kernel hangs over the edge."),
    ],
    why="The kernel begins at rows 0, 2 and 4.",
)


def shape(rows: Any) -> tuple[int, int]:
    """The numbers of rows and columns of a table."""
    return len(rows), len(rows[0])


def flat(rows: Any) -> list[float]:
    """The numbers of a table, row after row."""
    return [x for row in table(rows) for x in row]


check_9_3 = Check(
    "9.3",
    (4.0, 0.0),
    [
        ((1.0, 0.0), "1 is what one window hands to the pixel in the middle. In how many windows does it lie?"),
        ((4.0, lambda other: True), "the middle is right. A maximum hands nothing to the pixels that are not the largest."),
        ((lambda middle: True, 0.25), "that is how averages share. A maximum hands nothing to the pixels that are not the largest."),
        ((2.0, lambda other: True), "there are two rows of two windows each, and the pixel in the middle lies in all of them."),
        ((9.0, lambda other: True), "windows of 2 × 2 have four positions on an image of 3 × 3, not nine."),
    ],
    why="It lies in all four windows and wins each of them.",
)

check_9_4 = Check(
    "9.4",
    (80, 528, 2080, 330),
    [
        (3018, "that is the number of all parameters, and it is right: now say it for each of the four layers."),
        ((72, 512, 2048, 320), "these are the weights. There are biases too: one for each kernel, and one for each output."),
        (lambda answer: answer[1] == 80, "the second convolution sees 8 channels: each kernel has 2 × 2 weights for each of them."),
        (lambda answer: answer[1] == 640, "a kernel of the second convolution has one bias, not one for each channel."),
        (lambda answer: answer[1] == 1168, "the kernels of the second convolution are 2 × 2, not 3 × 3."),
        (lambda answer: answer[2] == 2112, "a fully connected layer has one bias for each output, not one for each input."),
    ],
    why="More than two thirds of all parameters are in the first fully connected layer.",
)


# 10. From scalars to tensors

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


check_10_2 = CheckOf(
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


check_10_3 = CheckOf(
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
    otherwise="the last letter asks, so it must be c. Which word has the same letters before it?",
    why="Without positions, the earlier letters may change places.",
)


def _of_three(softmax_jacobian: Callable[[list[float]], Any]) -> Any:
    """The nine numbers of the Jacobian of exercise 11.4."""
    found = softmax_jacobian([0.2, 0.3, 0.5])
    return found if is_open(found) else [float(number) for row in found for number in row]


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


# 12. Beyond networks


def pendulum(force: Callable[[float], float], steps: int = 100, h: float = 0.05) -> list[float]:
    """The angle and the speed of a pendulum, from 2 and 1, by the method of Runge and Kutta."""
    angle, speed = 2.0, 1.0
    for _ in range(steps):
        k1 = speed, force(angle)
        k2 = speed + h / 2 * k1[1], force(angle + h / 2 * k1[0])
        k3 = speed + h / 2 * k2[1], force(angle + h / 2 * k2[0])
        k4 = speed + h * k3[1], force(angle + h * k3[0])
        angle, speed = (x + h / 6 * (p + 2 * q + 2 * r + s) for x, p, q, r, s in zip((angle, speed), k1, k2, k3, k4, strict=True))
    return [angle, speed]


check_12_1 = Check(
    "12.1",
    lambda answer: is_like(answer[0], pendulum(lambda a: -math.sin(a))) and near(answer[1], 1.0, 1e-4),
    [
        (lambda answer: is_like(answer[0], [2.0, 1.0]), "the pendulum has not moved: `swing` returns the state that it was given."),
        (lambda answer: is_like(answer[0], pendulum(math.sin)), "the force has the wrong sign: it pulls back, −sin φ."),
        (lambda answer: is_like(answer[0], pendulum(lambda a: -math.cos(a))), "the speed changes by −sin φ, not by −cos φ."),
        (lambda answer: is_like(answer[0], pendulum(lambda a: -a)), "that is −φ in place of −sin φ, which is right for small angles only."),
        (
            lambda answer: any(is_like(answer[0], pendulum(lambda a: -math.sin(a), steps)) for steps in (1, 99, 101)),
            "the force is right, but count the steps: 100 are asked for.",
        ),
        (
            lambda answer: is_like(answer[0], pendulum(lambda a: -math.sin(a))),
            "the state is right, the determinant is not: take np.linalg.det of jacobian(swing)([2.0, 1.0]).",
        ),
    ],
    otherwise="the state after 100 steps of 0.05 is another one. A hint is below.",
    why="The determinant is 1 from any beginning: areas of states are kept.",
)


def near(answer: Any, number: float, tolerance: float = 1e-9) -> bool:
    """Whether a number, or each in an array of them, is as near to another one."""
    try:
        parts = list(answer)
    except TypeError:
        parts = [answer]
    return bool(parts) and all(abs(float(part if is_numeric(part) else part.data) - number) <= tolerance for part in parts)


def black_scholes(spot: float) -> dict[str, float]:
    """Price and Greeks of the calls in the notebook: strike 100, rate 0.03, half a year, volatility 0.2."""
    strike, rate, years, sigma = 100.0, 0.03, 0.5, 0.2
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    density, discounted = math.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi), strike * math.exp(-rate * years)
    return {
        "price": spot * normal(d1) - discounted * normal(d2),
        "delta": normal(d1),
        "gamma": density / (spot * sigma * math.sqrt(years)),
        "theta": -spot * density * sigma / (2 * math.sqrt(years)) - rate * discounted * normal(d2),
    }


def normal(z: float) -> float:
    """The distribution function of the standard normal."""
    return math.erfc(-z / math.sqrt(2.0)) / 2


def is_left_side(
    theta: float = 1.0, gamma: float = 0.02, delta: float = 0.03, price: float = -0.03, power: int = 2
) -> Callable[[Any], bool]:
    """Recognises the left side of the equation in 12.2, computed with these factors, for the spots of the notebook."""

    def recognise(answer: Any) -> bool:
        spots, numbers = range(60, 141), list(answer)
        every = map(black_scholes, spots)
        expected = [
            theta * at["theta"] + gamma * spot**power * at["gamma"] + delta * spot * at["delta"] + price * at["price"]
            for spot, at in zip(spots, every, strict=True)
        ]
        return len(numbers) == 81 and all(abs(x - y) < 1e-8 for x, y in zip(numbers, expected, strict=True))

    return recognise


check_12_2 = Check(
    "12.2",
    is_left_side(),
    [
        (lambda answer: is_like(answer, 0.0), "compute it: 81 numbers are asked for, one for each spot, and should come out as 0."),
        (is_left_side(theta=-1.0), "theta has the wrong sign: it is minus the derivative with respect to the time that is left."),
        (is_left_side(gamma=0.04), "the factor ½ before gamma is missing."),
        (is_left_side(gamma=0.1), "the volatility is squared in the second term."),
        (is_left_side(power=1), "the spot is squared in the second term."),
        (is_left_side(price=0.0), "the last term is missing: −r C."),
        (is_left_side(price=0.03), "the last term has a minus: −r C."),
    ],
    why="The price fulfils the equation at all 81 spots.",
)


def put_price(discounted: bool = True, sign: int = -1, call: bool = False) -> float:
    """The price of the put in 12.3; or with a mistake: not discounted, Φ(d) in place of Φ(−d), that of the call."""
    spot, strike, rate, years, sigma = 100.0, 105.0, 0.03, 0.5, 0.2
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    later = strike * (math.exp(-rate * years) if discounted else 1.0)
    return spot * normal(d1) - later * normal(d2) if call else later * normal(sign * d2) - spot * normal(sign * d1)


check_12_3 = Check(
    "12.3",
    lambda answer: near(answer[0], put_price()) and near(answer[1], 1.0) and near(answer[2], 0.0),
    [
        (lambda answer: near(answer[0], put_price(discounted=False)), "the strike is paid after T years, so it is discounted: K e^(−rT)."),
        (lambda answer: near(answer[0], put_price(sign=1)), "the price is that of the call with a minus: it is Φ(−d), not Φ(d)."),
        (lambda answer: near(answer[0], put_price(call=True)), "that is the price of the call."),
        (
            lambda answer: near(answer[0], -put_price()),
            "the price has the wrong sign: the strike is received, and the asset is given away.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], -1.0),
            "the put is right. Its delta is negative: take the delta of the call minus that of the put, not the other way round.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], 0.0),
            "the put is right, but the deltas differ: that of a put is negative.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], 1.0),
            "only the gammas are not right: differentiate the deltas' difference.",
        ),
        (
            lambda answer: near(answer[0], put_price()),
            "the put is right, the difference of the deltas is not: it is the same at every spot.",
        ),
    ],
    otherwise="the price of the put is not right. A hint is below.",
    why="C − P = S − K e^(−rT), differentiated once and twice.",
)


def minors(q: Sequence[float]) -> list[float]:
    """The 2 × 2 minors of the Jacobian of the arm in the notebook."""
    links, at = (1.0, 0.8, 0.5), [sum(q[: k + 1]) for k in range(3)]
    p, r = (
        [sum(length * turn(angle + math.pi / 2) for length, angle in zip(links[k:], at[k:], strict=True)) for k in range(3)]
        for turn in (math.cos, math.sin)
    )
    return [p[i] * r[j] - p[j] * r[i] for i, j in ((0, 1), (0, 2), (1, 2))]


def slopes_of(function: Callable[[list[float]], float], power: int = 1, sign: float = 1.0) -> list[float]:
    """The gradient of a power of a function of three angles at those of 12.4, by central differences."""
    at, h, result = (0.3, 0.9, -0.4), 1e-5, []
    for k in range(3):
        above, below = (function([x + move * (i == k) for i, x in enumerate(at)]) ** power for move in (h, -h))
        result.append(sign * (above - below) / (2 * h))
    return result


def manipulability(q: list[float]) -> float:
    """The root of the determinant of the Jacobian times its transpose, by Cauchy and Binet."""
    return math.hypot(*minors(q))


def is_manipulability(power: int = 1, slopes: int | None = None, sign: float = 1.0) -> Callable[[Any], bool]:
    """Recognises a power of it, and the gradient of a power; without one, any gradient."""

    def recognise(answer: Any) -> bool:
        number, uphill = answer
        if not near(number, manipulability([0.3, 0.9, -0.4]) ** power):
            return False
        return slopes is None or all(near(x, y, 1e-6) for x, y in zip(uphill, slopes_of(manipulability, slopes, sign), strict=True))

    return recognise


check_12_4 = Check(
    "12.4",
    is_manipulability(slopes=1),
    [
        (is_manipulability(power=2), "that is the determinant, 0.782: w is its root."),
        (lambda answer: near(answer[0], 0.0, 1e-6), "you have 0: det(JᵀJ) is always 0 for three angles; J Jᵀ is the matrix of 2 × 2."),
        (is_manipulability(slopes=2), "w is right, but the gradient is that of w²: take the gradient after the root."),
        (is_manipulability(slopes=1, sign=-1.0), "w is right, but the gradient has the wrong sign: uphill is where w grows."),
        (is_manipulability(), "w is right, its gradient is not: grad(manipulability) at [0.3, 0.9, −0.4]."),
        (
            lambda answer: near(answer[0], minors([0.3, 0.9, -0.4])[0]),
            "that is the determinant of the first two columns only: J has three.",
        ),
    ],
    why="The first derivative is 0: the shoulder only turns the arm as a whole.",
)
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
