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


# 6. Losses


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


# 10. From scalars to tensors


# 11. A tiny GPT


# 12. Beyond networks
