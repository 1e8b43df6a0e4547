"""The checks of notebook 1: A value and its gradient."""

from __future__ import annotations

import math
from typing import Any

from .tools import Check, CheckOf, is_like

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
        (
            lambda answers: 4.7501 < answers[0] < 4.8201 and answers[0],
            "{found}: you made the car faster by a whole step, and the curve bends on the way. The derivative is what this comes to for smaller and smaller steps: 1 + 30/8.",
        ),
        (
            lambda answers: is_like(answers[0], 8.25),
            "8.25 is 3.5 + 4.75: the new gradient was added to the old one. Set v.grad = 0.0 first.",
        ),
        (
            lambda answers: is_like(answers[0], 7.0),
            "7 is 3.5 twice: changing v.data does not rebuild the graph, and gradients add up. Make a new Value(30.0), and build d again.",
        ),
        (
            lambda answers: any(86.0 < number < 89.0 for number in answers),
            "this is a whole distance. Asked for is how much longer it becomes.",
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
        (
            lambda answers: is_like(answers[1], -11.0) and not is_like(answers[0], 4.0),
            "the derivative with respect to q is right, that with respect to p is not: watch the signs along p → m → n → g.",
        ),
    ],
    why="Where a value is used twice, its gradients add up: −5 − 6.",
    names=("g_p", "g_q", "number_of_paths"),
)


def _counted(x: Any, y: Any, gradient: Any) -> tuple[str, int, int, Any]:
    """Of the graph of exercise 1.3: an operation other than additions, how many paths lead from x to y, how many additions it has."""
    from autograd import Value, paths

    if not (isinstance(x, Value) and isinstance(y, Value)):
        return "", 0, 0, gradient
    operations = [node._op for node in _nodes(y)]
    other = next((name for name in operations if name not in ("", "+")), "")
    return other, int(paths(y, x).count), operations.count("+"), gradient


check_1_3 = CheckOf(
    "1.3",
    _counted,
    lambda found: not found[0] and found[1] == 89 and found[2] <= 10 and is_like(found[3], 89),
    [
        (lambda found: found[0], "additions only, please: there is a {found} in the graph."),
        (
            lambda found: found[1] != 89 and found[1],
            "{found} paths lead from x to y, and it should be 89. From each node to the next you may go back one or two.",
        ),
        (
            lambda found: found[2] > 10 and found[2],
            "89 paths, but {found} additions. Add up what was already added up: then the paths multiply.",
        ),
        (
            lambda found: found[1] == 89 and not is_like(found[3], 89),
            "the graph is right, the gradient is not. Along each path the product of the local derivatives is 1; how many paths are there?",
        ),
    ],
    why="All local derivatives are 1, so the gradient is the number of paths.",
    function=False,
)

check_1_4 = Check(
    "1.4",
    math.log(2),
    [
        (
            0.0,
            "x is back at 0, so f itself is in your fraction. Newton's step has f only by its derivatives: divide f′ by f″.",
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
