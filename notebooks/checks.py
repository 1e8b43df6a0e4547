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


def is_open(answer: Any) -> bool:
    """Whether an answer, or a part of it, is still the learner's `...`; or a function without a body, which returned None."""
    if isinstance(answer, (tuple, list)):
        return any(map(is_open, answer))
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
    return isinstance(answer, Number)


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
        (lambda answers: not is_like(answers[2], 2), "you count {found} paths. Follow the arrows from q: each product has one from it."),
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


# 6. Losses


# 7. Gradient descent


# 8. Handwritten digits


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


# 11. A tiny GPT


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
