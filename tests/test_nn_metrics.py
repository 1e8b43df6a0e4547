"""Metrics: against scikit-learn, and by hand where it has no word for it."""

import math
import random
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from autograd.errors import InputError
from nn import MLP, predict
from nn.metrics import accuracy, confusion_matrix, mean_absolute_error, r2_score


def numbers(seed: int, n: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0.0, 1.0) for _ in range(n)]


# -- of classes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_many_classes_are_scikit_learns(classes: int, kind: Any) -> None:
    rng = random.Random(classes)
    outputs = [numbers(i, classes) for i in range(60)]
    targets = [rng.randrange(classes) for _ in outputs]
    found = np.argmax(outputs, axis=1)
    assert accuracy(kind(outputs), kind(targets)) == metrics.accuracy_score(targets, found)
    expected = metrics.confusion_matrix(targets, found, labels=range(classes))
    assert confusion_matrix(kind(outputs), kind(targets)) == expected.tolist()
    one_hot = np.eye(classes)[targets]
    assert accuracy(kind(outputs), kind(one_hot)) == accuracy(outputs, targets)
    assert confusion_matrix(outputs, kind(one_hot)) == expected.tolist()


@pytest.mark.parametrize("negative", [0, -1])
@pytest.mark.parametrize("threshold", [0.0, 0.5, -1.0])
def test_two_classes_are_scikit_learns(threshold: float, negative: int) -> None:
    outputs, rng = numbers(0, 80), random.Random(1)
    targets = [rng.choice([negative, 1]) for _ in outputs]
    found = [1 if x > threshold else negative for x in outputs]
    assert accuracy(outputs, targets, threshold) == metrics.accuracy_score(targets, found)
    expected = metrics.confusion_matrix(targets, found, labels=[negative, 1]).tolist()
    assert confusion_matrix(outputs, targets, threshold) == expected
    column = np.array(outputs)[:, None]  # one output, in a list all the same
    assert confusion_matrix(column, np.array(targets)[:, None], threshold) == expected


@pytest.mark.parametrize(
    ("output", "target", "right"),
    [
        ([1.0, 3.0, 2.0], 1, 1.0),
        ([1.0, 3.0, 2.0], 2, 0.0),
        ([1.0, 3.0, 2.0], 1.0, 1.0),
        ([1.0, 3.0, 2.0], np.int64(1), 1.0),
        ([1.0, 3.0, 2.0], [0.0, 1.0, 0.0], 1.0),
        ([1.0, 3.0, 2.0], [0.3, 0.3, 0.4], 0.0),
        ([1.0, 1.0], 0, 1.0),  # of equal outputs the first counts
        ([1.0, 1.0], 1, 0.0),
        ([-math.inf, math.inf], 1, 1.0),
        (0.7, 1, 1.0),
        (0.7, -1, 0.0),
        (-0.7, -1, 1.0),
        (-0.7, 0, 1.0),
        (-0.7, 1, 0.0),
        (0.0, 0, 1.0),  # on the threshold is not above it
        (0.7, True, 1.0),
        ([0.7], 1, 1.0),
        ([-0.7], [0.0], 1.0),
    ],
)
def test_what_is_right(output: Any, target: Any, right: float) -> None:
    assert accuracy([output], [target]) == right


def test_a_class_without_samples_has_its_row_and_column() -> None:
    assert confusion_matrix([[1.0, 0.0, 0.0]], [0]) == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert confusion_matrix([5.0], [1]) == [[0, 0], [0, 1]]


def test_they_take_what_predict_gives() -> None:
    X = [[x, -x] for x in numbers(0, 20)]
    for sizes, targets in (([4, 3], [i % 3 for i in range(20)]), ([4, 1], [i % 2 for i in range(20)])):
        outputs = predict(MLP(2, sizes, rng=random.Random(0)), X)
        matrix = confusion_matrix(outputs, targets)
        assert sum(map(sum, matrix)) == 20
        assert accuracy(outputs, targets) == sum(matrix[i][i] for i in range(len(matrix))) / 20
    assert mean_absolute_error(outputs, outputs) == 0.0
    assert r2_score(outputs, outputs) == 1.0


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        ([[1.0, 2.0]], [0, 1], "as many targets as samples, at least one: 1 samples, 2 targets"),
        ([], [], "as many targets as samples, at least one: 0 samples, 0 targets"),
        ([[1.0, 2.0], [1.0, 2.0]], [0, 2], r"the target 2.0 of sample 1 is no class: classes are 0, 1; "),
        ([[1.0, 2.0]], [-1], "the target -1.0 of sample 0 is no class: classes are 0, 1; "),
        ([[1.0, 2.0]], [0.5], "the target 0.5 of sample 0 is no class"),
        ([1.0, 1.0], [1, 2], "the target 2.0 of sample 1 is no class: classes are 0, 1; "),
        ([1.0, 1.0, 1.0], [1, 0, -1], "the target 0.0 of sample 1 is no class: classes are -1, 1; "),
        ([1.0], [3.25], "the target 3.25 of sample 0 is no class: classes are 0, 1; for other numbers there is r2_score"),
        ([[1.0, 2.0, 3.0]], [[0.5, 0.5]], "a class, or a probability for each: sample 0 has 3 outputs, 2 targets"),
        ([[1.0, 2.0], [1.0]], [0, 0], "as many outputs for each sample, at least one: sample 1 has 1, sample 0 2"),
        ([[1.0, 2.0], 1.0], [0, 0], "sample 1 has 1, sample 0 2"),
        ([[], []], [0, 0], "as many outputs for each sample, at least one"),
        ([[1.0, math.nan]], [0], r"cannot tell the class of nan: sample 0 has the output \[1.0, nan\]"),
        ([1.0], [math.nan], r"cannot tell the class of nan: sample 0 .* the target \[nan\]"),
        ([[1.0, 2.0]], ["a"], r"the index of its class, not a string: write classes\.index\('a'\)"),
        ([None], [1], "not a real number: None"),
    ],
)
def test_what_has_no_class(metric: Any, outputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(outputs, targets)


# -- of numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.parametrize("outputs_each", [0, 1, 3])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_regression_is_scikit_learns(shift: float, outputs_each: int, kind: Any) -> None:
    shape = (40, outputs_each) if outputs_each else (40,)
    size = 40 * max(outputs_each, 1)
    targets = shift + np.array(numbers(1, size)).reshape(shape)
    outputs = targets + 0.3 * np.array(numbers(2, size)).reshape(shape)
    ours = kind(outputs.tolist()), kind(targets.tolist())
    assert mean_absolute_error(*ours) == pytest.approx(metrics.mean_absolute_error(targets, outputs), rel=1e-12)
    assert r2_score(*ours) == pytest.approx(metrics.r2_score(targets, outputs), rel=1e-12)
    assert r2_score(targets.tolist(), outputs.tolist()) != r2_score(*ours)  # which is which matters


def test_the_mean_as_an_answer_scores_0_and_worse_is_less() -> None:
    assert r2_score([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) == 0.0
    assert r2_score([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]) == -3.0


@pytest.mark.parametrize("number", [2.0, 0.1])  # the rounded mean of three 0.1 is another number
@pytest.mark.parametrize("error", [0.0, 0.5])
def test_equal_targets(number: float, error: float) -> None:
    outputs = [number, number, number + error]
    assert r2_score(outputs, [number] * 3) == (0.0 if error else 1.0)
    assert metrics.r2_score([2.0] * 3, [2.0, 2.0, 2.0 + error]) == (0.0 if error else 1.0)


@pytest.mark.parametrize("metric", [mean_absolute_error, r2_score])
@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        ([1.0, 2.0], [1.0], "as many targets as samples, at least one: 2 samples, 1 targets"),
        ([], [], "at least one: 0 samples"),
        ([[1.0, 2.0]], [1.0], "a target for each output: sample 0 has 2 outputs, 1 targets"),
        ([[1.0], [1.0, 2.0]], [[1.0], [1.0, 2.0]], "sample 1 has 2, sample 0 1"),
        ([1.0, 2.0], ["1", 2.0], "string"),
    ],
)
def test_what_does_not_fit(metric: Any, outputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(outputs, targets)


def test_r2_needs_two_samples() -> None:
    with pytest.raises(InputError, match="at least two samples: one target has no spread"):
        r2_score([1.0], [1.0])
