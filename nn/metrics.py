"""Metrics: how good the outputs for many samples are, in one number or a table, in the manner of scikit-learn.

The outputs are what `predict` returns: for each sample a number, or a list of numbers. Lists or NumPy arrays.
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
from nn.checks import paired

# -- of classes -------------------------------------------------------------------------------------------------------------


def accuracy(outputs: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0) -> float:
    """The share of samples whose class is right.

    Args:
        outputs: for each sample a number for each class, of which the largest counts (the first, of equal ones); or one number,
            which says class 1 where it is above the threshold, and otherwise class 0.
        targets: for each sample the index of its class, or a probability for each class, of which the largest counts; for
            outputs of one number 0 and 1, or −1 and 1.
        threshold: 0 for scores and logits, 0.5 for the probabilities of a sigmoid.

    Raises:
        InputError: the lengths differ, there are no samples, a target is no class, or an output is nan.

    Example:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
        >>> accuracy([0.9, 0.2], [1, 0], threshold=0.5)
        1.0
    """
    found, right, _ = _classes("accuracy", outputs, targets, threshold)
    return sum(f == r for f, r in zip(found, right, strict=True)) / len(found)


def confusion_matrix(outputs: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0) -> list[list[int]]:
    """How often samples of each class were taken for each class: a row for the class of the target, a column for that of the output.

    Args:
        outputs, targets, threshold: as for `accuracy`.

    Raises:
        InputError: the lengths differ, there are no samples, a target is no class, or an output is nan.

    Example:
        >>> confusion_matrix([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
        [[1, 1], [0, 1]]
    """
    found, right, classes = _classes("confusion_matrix", outputs, targets, threshold)
    matrix = [[0] * classes for _ in range(classes)]
    for f, r in zip(found, right, strict=True):
        matrix[r][f] += 1
    return matrix


# -- the threshold ----------------------------------------------------------------------------------------------------------


def are_two_classes(targets: Sequence[Any]) -> bool:
    """Whether all targets are 0 or 1, or all are −1 or 1.

    Example:
        >>> are_two_classes([0, 1.0, True]), are_two_classes([[1], [-1]]), are_two_classes([0, 1, -1]), are_two_classes([[1, 0]])
        (True, True, False, False)
    """
    return any(all(_only(target) in classes for target in targets) for classes in ((0, 1), (-1, 1)))


def is_measurable(loss: Callable[[Any, Any], Any], targets: Sequence[Any]) -> bool:
    """Whether the threshold can be told, see `threshold_of`. The loss is asked only where all targets are 1.

    Example:
        >>> from nn.losses import hinge, mse
        >>> is_measurable(mse, [0, 1]), is_measurable(mse, [1, 1]), is_measurable(hinge, [1, 1])
        (True, False, True)
    """
    if not all(_only(target) == 1 for target in targets):
        return True
    return None not in [threshold_of(loss, targets, output) for output in (0.5, [0.5])]


def threshold_of(loss: Callable[[Any, Any], Any], targets: Sequence[Any], output: Any = 0.5) -> float | None:
    """Above which output a model with a single one says class 1, which `accuracy` needs to know: what the loss rewards decides it.

    The loss is called with the targets of both classes and many outputs. So it may be any function, also one that calls another.

    - Where it does not tell outputs below 0 apart, or is not defined for them, outputs are probabilities: the threshold is 0.5.
    - Where it is least at the output 1, an output is to come near to a number that stands for the class: the threshold is half way
      between the outputs at which the losses of both classes are least.
    - Otherwise an output may go on beyond the target. It is a score or a logit, whose sign tells the class: the threshold is 0.

    Args:
        loss: a function of the output and the target of one sample.
        targets: 0 and 1, or −1 and 1.
        output: what the model returned for some sample, as numbers. The loss is called with Values in its form, such as a list of one.

    Returns:
        The threshold; None where it cannot be told, because all targets are 1, and the loss does not say whether the other class is 0
        or −1; and 0, which has no effect, where there are other targets, or several outputs.

    Example:
        >>> from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, mse
        >>> threshold_of(binary_cross_entropy, [0, 1]), threshold_of(binary_cross_entropy_with_logits, [0, 1])
        (0.5, 0.0)
        >>> threshold_of(mse, [0, 1]), threshold_of(mse, [-1, 1]), threshold_of(mse, [1, 1]), threshold_of(hinge, [1, 1])
        (0.5, 0.0, None, 0.0)
    """
    leaves, build = flatten(output, arrays=False)
    if len(leaves) != 1 or not len(targets) or not are_two_classes(targets):
        return 0.0
    first = _only(targets[0])
    one = type(first)(1)  # the targets may be indices in the loss, which must be ints

    def loss_at(x: float, number: Any = one) -> float:
        """The loss of this output; nan where there is none."""
        try:
            with no_grad():
                return number_of(loss(build([Value(x)]), number if first is targets[0] else [number]))
        except Exception:  # of any kind: that it is not defined is the answer
            return math.nan

    if not loss_at(-0.5) > loss_at(-0.25):
        return 0.5
    if not loss_at(0.5) > loss_at(1.0) < loss_at(1.5):
        return 0.0
    numbers = [_only(item) for item in targets]
    other = -one if -1 in numbers else type(first)(0)
    if not (-1 in numbers or 0 in numbers or isinstance(first, bool)):  # True is 1 of 0 and 1
        return None
    return 0.5 * (min((-1.0, -0.5, 0.0, 0.5), key=lambda x: loss_at(x, other)) + 1.0)


def _only(target: Any) -> Any:
    """The number in a list of one number; anything else as it is."""
    items = target.tolist() if hasattr(target, "tolist") else target
    return items[0] if isinstance(items, (list, tuple)) and len(items) == 1 else items


# -- of numbers -------------------------------------------------------------------------------------------------------------


def mean_absolute_error(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
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


def r2_score(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """R² = 1 − Σ (target − output)² / Σ (target − mean of the targets)²; of several outputs the mean of theirs.

    1 is perfect, 0 is as good as always answering with the mean, and less is worse than that. Where all targets are equal, it is 1 if
    the outputs are too, and otherwise 0.

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
    if all(t == first for _, t in column):  # their rounded mean may be another number
        return 1.0 if error == 0.0 else 0.0
    mean = math.fsum(t for _, t in column) / len(column)
    return 1.0 - error / math.fsum((t - mean) * (t - mean) for _, t in column)


# -- what they share --------------------------------------------------------------------------------------------------------


def _rows(name: str, outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[list[float], list[float]]]:
    """The numbers of the output and of the target of each sample; each sample has as many outputs as the first."""
    paired(name, outputs, targets)
    rows = [(_numbers(output), _numbers(target)) for output, target in zip(outputs, targets, strict=True)]
    width = len(rows[0][0])
    for i, (output, _) in enumerate(rows):
        if len(output) != width or not width:
            raise InputError(f"{name} needs as many outputs for each sample, at least one: sample {i} has {len(output)}, sample 0 {width}")
    return rows


def _numbers(item: Any) -> list[float]:
    if type(item) is list:  # most are lists of floats: asked of their types, in a third of the time
        return [x if type(x) is float else real(x) for x in item]
    return [real(x) for x in item] if hasattr(item, "__iter__") else [real(item)]


def _columns(name: str, outputs: Sequence[Any], targets: Sequence[Any]) -> list[list[tuple[float, float]]]:
    """For each output of the model, the pairs of output and target of all samples."""
    rows = _rows(name, outputs, targets)
    for i, (output, target) in enumerate(rows):
        if len(output) != len(target):
            raise InputError(f"{name} needs a target for each output: sample {i} has {len(output)} outputs, {len(target)} targets")
    return [[(output[k], target[k]) for output, target in rows] for k in range(len(rows[0][0]))]


def _classes(name: str, outputs: Sequence[Any], targets: Sequence[Any], threshold: float) -> tuple[list[int], list[int], int]:
    """The class of each output and of each target, and how many classes there are."""
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
    found, right = [], []
    for i, (output, target) in enumerate(rows):
        if math.isnan(sum(output) + sum(target)) and any(map(math.isnan, output + target)):  # ∞ - ∞ is nan too
            raise InputError(f"{name} cannot tell the class of nan: sample {i} has the output {output} and the target {target}")
        found.append(_largest(output) if width > 1 else int(output[0] > threshold))
        if len(target) == 1:
            right.append(_class_of(i, target[0], classes))
        elif len(target) == width:
            right.append(_largest(target))
        else:
            raise InputError(f"{name} needs a class, or a probability for each: sample {i} has {width} outputs, {len(target)} targets")
    return found, right, max(width, 2)


def _largest(numbers: list[float]) -> int:
    return numbers.index(max(numbers))


def _class_of(i: int, target: float, classes: dict[float, int]) -> int:
    if target not in classes:
        known = ", ".join(f"{c:g}" for c in classes)
        raise InputError(f"the target {target!r} of sample {i} is no class: classes are {known}; for other numbers there is r2_score")
    return classes[target]
