"""The checks of notebook 8: Handwritten digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tools import Check, is_like

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
