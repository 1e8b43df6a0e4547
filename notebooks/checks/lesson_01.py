"""The checks of notebook 1: A value and its gradient."""

from __future__ import annotations

import math
from typing import Any

from .tools import Check, is_like

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
