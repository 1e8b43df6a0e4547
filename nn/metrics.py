"""Metrics: how good the outputs for many samples are, as one number or a table, named as in scikit-learn.

Outputs are what `predict` returns: for each sample a number, or a list of numbers. They may be lists or NumPy arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd._runtime.coercion import number_of, real
from autograd.contexts import no_grad
from autograd.errors import InputError
from autograd.trees import flatten
from autograd.value import Value
from nn.checks import paired, sized
from nn.data.rows import Rows, as_list_if_array

# -- of classes -------------------------------------------------------------------------------------------------------------


def accuracy(outputs: Rows, targets: Rows, threshold: float = 0.0) -> float:
    """The share of samples that are classified correctly.

    Args:
        outputs: for each sample a number for each class, of which the largest wins (the first of several equal ones); or one number,
            which means class 1 if it is above the threshold, and otherwise class 0.
        targets: for each sample the index of its class, or a probability for each class, of which the largest wins; for outputs of one
            number 0 and 1, or −1 and 1.
        threshold: 0 for scores and logits, 0.5 for the probabilities of a sigmoid.

    Raises:
        InputError: the lengths differ, there are no samples, a target is not a class, or an output is nan.

    Example:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
        >>> accuracy([0.9, 0.2], [1, 0], threshold=0.5)
        1.0
    """
    predicted, true, _ = _classes("accuracy", outputs, targets, threshold)
    return sum(p == t for p, t in zip(predicted, true, strict=True)) / len(predicted)


def confusion_matrix(outputs: Rows, targets: Rows, threshold: float = 0.0) -> list[list[int]]:
    """How often samples of each class were assigned to each class: rows are the classes of targets, columns those of outputs.

    Args:
        outputs, targets, threshold: as for `accuracy`.

    Raises:
        InputError: the lengths differ, there are no samples, a target is not a class, or an output is nan.

    Example:
        >>> confusion_matrix([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
        [[1, 1], [0, 1]]
    """
    predicted, true, classes = _classes("confusion_matrix", outputs, targets, threshold)
    matrix = [[0] * classes for _ in range(classes)]
    for p, t in zip(predicted, true, strict=True):
        matrix[t][p] += 1
    return matrix


# -- the threshold ----------------------------------------------------------------------------------------------------------


def are_two_classes(targets: Rows) -> bool:
    """Whether all targets are 0 or 1, or all are −1 or 1.

    Example:
        >>> are_two_classes([0, 1.0, True]), are_two_classes([[1], [-1]]), are_two_classes([0, 1, -1]), are_two_classes([[1, 0]])
        (True, True, False, False)
    """
    return any(all(_only(target) in classes for target in targets) for classes in ((0, 1), (-1, 1)))


def is_measurable(loss: Callable[[Any, Any], Any], targets: Rows) -> bool:
    """Whether the threshold can be determined, see `threshold_of`. The loss is called only if all targets are 1.

    Example:
        >>> from nn.losses import hinge, mse
        >>> is_measurable(mse, [0, 1]), is_measurable(mse, [1, 1]), is_measurable(hinge, [1, 1])
        (True, False, True)
    """
    sized("is_measurable needs a sequence of targets", targets)
    if not all(_only(target) == 1 for target in targets):
        return True
    return None not in [threshold_of(loss, targets, output) for output in (0.5, [0.5])]


def threshold_of(loss: Callable[[Any, Any], Any], targets: Rows, output: Any = 0.5) -> float | None:
    """The threshold above which a single output means class 1, as `accuracy` needs it. It follows from what the loss rewards.

    The loss is called with several outputs and the targets of both classes, so it may be any function, also one that calls another.

    - If it does not distinguish outputs below 0, or is not defined for them, outputs are probabilities: the threshold is 0.5.
    - If its minimum is at the output 1, outputs are to approach a number that stands for the class: the threshold is halfway between
      the outputs at which the losses of the two classes have their minima.
    - Otherwise an output may exceed the target. It is a score or a logit, whose sign decides the class: the threshold is 0.

    Args:
        loss: a function of the output and the target of one sample.
        targets: 0 and 1, or −1 and 1.
        output: the model's output for some sample, as numbers. The loss is called with Values of the same structure, such as a list.

    Returns:
        The threshold. None if it cannot be determined, because all targets are 1 and the loss does not show whether the other class is 0
        or −1. For other targets, or several outputs, 0, which has no effect.

    Example:
        >>> from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, mse
        >>> threshold_of(binary_cross_entropy, [0, 1]), threshold_of(binary_cross_entropy_with_logits, [0, 1])
        (0.5, 0.0)
        >>> threshold_of(mse, [0, 1]), threshold_of(mse, [-1, 1]), threshold_of(mse, [1, 1]), threshold_of(hinge, [1, 1])
        (0.5, 0.0, None, 0.0)
    """
    sized("threshold_of needs a sequence of targets", targets)
    leaves, build = flatten(output, arrays=False)
    if len(leaves) != 1 or not len(targets) or not are_two_classes(targets):
        return 0.0
    first = _only(targets[0])
    one = type(first)(1)  # of the same type, because the loss may use targets as indices

    def loss_at(x: float, number: Any = one) -> float:
        """The loss of this output; nan if it is not defined."""
        try:
            with no_grad():
                return number_of(loss(build([Value(x)]), number if first is targets[0] else [number]))
        except Exception:  # any exception means that the loss is not defined there
            return math.nan

    if not loss_at(-0.5) > loss_at(-0.25):
        return 0.5
    if not loss_at(0.5) > loss_at(1.0) < loss_at(1.5):
        return 0.0
    numbers = [_only(item) for item in targets]
    other = -one if -1 in numbers else type(first)(0)
    if not (-1 in numbers or 0 in numbers or isinstance(first, bool)):  # the other class of True is False
        return None
    return 0.5 * (min((-1.0, -0.5, 0.0, 0.5), key=lambda x: loss_at(x, other)) + 1.0)


def _only(target: Any) -> Any:
    """The number in a list of one number; anything else is returned as it is."""
    items = as_list_if_array(target)
    return items[0] if isinstance(items, (list, tuple)) and len(items) == 1 else items


# -- of numbers -------------------------------------------------------------------------------------------------------------


def mean_absolute_error(outputs: Rows, targets: Rows) -> float:
    """The mean of |output − target|, over the samples and over the outputs of each.

    Args:
        outputs: for each sample a number, or a list of numbers.
        targets: for each sample as many numbers.

    Raises:
        InputError: the lengths differ, or there are no samples.

    Example:
        >>> mean_absolute_error([1.0, 4.0], [0.0, 2.0])
        1.5
    """
    columns = _columns("mean_absolute_error", outputs, targets)
    return math.fsum(abs(o - t) for column in columns for o, t in column) / (len(columns) * len(outputs))


def r2_score(outputs: Rows, targets: Rows) -> float:
    """R² = 1 − Σ (target − output)² / Σ (target − mean of the targets)²; for several outputs the mean of their R².

    1 is perfect, 0 is as good as a constant answer with the mean, and less is worse. If all targets are equal, it is 1 for outputs that
    equal them, and otherwise 0.

    Args:
        outputs: for each sample a number, or a list of numbers.
        targets: for each sample as many numbers.

    Raises:
        InputError: the lengths differ, or there are fewer than two samples.

    Source: Draper and Smith, "Applied regression analysis" (1998).

    Example:
        >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
        0.7857142857142857
    """
    columns = _columns("r2_score", outputs, targets)
    if len(outputs) < 2:
        raise InputError("r2_score needs at least two samples: one target has no spread to compare with")
    return math.fsum(_r2(column) for column in columns) / len(columns)


def _r2(column: Sequence[tuple[float, float]]) -> float:
    error = math.fsum((t - o) * (t - o) for o, t in column)
    first = column[0][1]
    if all(t == first for _, t in column):  # tested so, because their rounded mean may be another number
        return 1.0 if error == 0.0 else 0.0
    mean = math.fsum(t for _, t in column) / len(column)
    return 1.0 - error / math.fsum((t - mean) * (t - mean) for _, t in column)


# -- what they share --------------------------------------------------------------------------------------------------------


def _rows(name: str, outputs: Rows, targets: Rows) -> list[tuple[list[float], list[float]]]:
    """The numbers of the output and of the target of each sample; each sample has as many outputs as the first."""
    paired(name, outputs, targets)
    rows = [(_numbers(output), _numbers(target)) for output, target in zip(outputs, targets, strict=True)]
    width = len(rows[0][0])
    for i, (output, _) in enumerate(rows):
        if len(output) != width or not width:
            raise InputError(
                f"{name} needs the same number of outputs for each sample, at least one: sample {i} has {len(output)}, sample 0 has {width}"
            )
    return rows


def _numbers(item: Any) -> list[float]:
    if type(item) is list:  # most are lists of floats, which need no conversion
        return [x if type(x) is float else real(x) for x in item]
    return [real(x) for x in item] if hasattr(item, "__iter__") and getattr(item, "ndim", None) != 0 else [real(item)]


def _columns(name: str, outputs: Rows, targets: Rows) -> list[list[tuple[float, float]]]:
    """For each output of the model, the pairs of output and target of all samples."""
    rows = _rows(name, outputs, targets)
    for i, (output, target) in enumerate(rows):
        if len(output) != len(target):
            raise InputError(f"{name} needs a target for each output: sample {i} has {len(output)} outputs, {len(target)} targets")
    return [[(output[k], target[k]) for output, target in rows] for k in range(len(rows[0][0]))]


def _classes(name: str, outputs: Rows, targets: Rows, threshold: float) -> tuple[list[int], list[int], int]:
    """The class of each output and of each target, and how many classes there are."""
    threshold = real(threshold)
    paired(name, outputs, targets)
    for word in targets:
        if isinstance(word, str):
            raise InputError(
                f"a target is the index of its class, not a string: write classes.index({word!r}), with the list of all classes"
            )
    rows = _rows(name, outputs, targets)
    width = len(rows[0][0])
    classes = {float(k): k for k in range(width)}
    if width == 1:
        classes = {0.0: 0, 1.0: 1} if all(target != [-1.0] for _, target in rows) else {-1.0: 0, 1.0: 1}
    predicted, true = [], []
    for i, (output, target) in enumerate(rows):
        if math.isnan(sum(output) + sum(target)) and any(map(math.isnan, output + target)):  # a sum can be nan without a nan in it: ∞ − ∞
            raise InputError(f"{name} cannot determine the class of nan: sample {i} has the output {output} and the target {target}")
        predicted.append(_largest(output) if width > 1 else int(output[0] > threshold))
        if len(target) == 1:
            true.append(_class_of(i, target[0], classes))
        elif len(target) == width:
            true.append(_largest(target))
        else:
            raise InputError(f"{name} needs a class, or a probability for each: sample {i} has {width} outputs, {len(target)} targets")
    return predicted, true, max(width, 2)


def _largest(numbers: list[float]) -> int:
    return numbers.index(max(numbers))


def _class_of(i: int, target: float, classes: dict[float, int]) -> int:
    if target not in classes:
        known = ", ".join(f"{c:g}" for c in classes)
        raise InputError(f"the target {target!r} of sample {i} is not a class: classes are {known}; for other numbers there is r2_score")
    return classes[target]
