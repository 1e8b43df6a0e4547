"""The checks of notebook 10: From scalars to tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .tools import Check, CheckOf, is_like, is_open

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
    if is_open(found) or (isinstance(found, list) and not found) or is_open(shapes):
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
