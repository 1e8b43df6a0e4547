"""Metrics, compared with scikit-learn, or computed by hand where it has none."""

import math
import random
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

import autograd
from autograd import Value, clip, exp, log, relu, sigmoid, softplus
from autograd.errors import InputError
from nn import MLP, cross_entropy, mse, predict
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, huber, mae, quadratic
from nn.metrics import accuracy, are_two_classes, confusion_matrix, is_measurable, mean_absolute_error, r2_score, threshold_of


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
    actual = np.argmax(outputs, axis=1)
    assert accuracy(kind(outputs), kind(targets)) == metrics.accuracy_score(targets, actual)
    expected = metrics.confusion_matrix(targets, actual, labels=range(classes))
    assert confusion_matrix(kind(outputs), kind(targets)) == expected.tolist()
    one_hot = np.eye(classes)[targets]
    assert accuracy(kind(outputs), kind(one_hot)) == accuracy(outputs, targets)
    assert confusion_matrix(outputs, kind(one_hot)) == expected.tolist()


@pytest.mark.parametrize("negative", [0, -1])
@pytest.mark.parametrize("threshold", [0.0, 0.5, -1.0])
def test_two_classes_are_scikit_learns(threshold: float, negative: int) -> None:
    outputs, rng = numbers(0, 80), random.Random(1)
    targets = [rng.choice([negative, 1]) for _ in outputs]
    results = [1 if x > threshold else negative for x in outputs]
    assert accuracy(outputs, targets, threshold) == metrics.accuracy_score(targets, results)
    expected = metrics.confusion_matrix(targets, results, labels=[negative, 1]).tolist()
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
        ([[1.0, 2.0], [1.0, 2.0]], [0, 2], r"the target 2.0 of sample 1 is not a class: classes are 0, 1; "),
        ([[1.0, 2.0]], [-1], "the target -1.0 of sample 0 is not a class: classes are 0, 1; "),
        ([[1.0, 2.0]], [0.5], "the target 0.5 of sample 0 is not a class"),
        ([1.0, 1.0], [1, 2], "the target 2.0 of sample 1 is not a class: classes are 0, 1; "),
        ([1.0, 1.0, 1.0], [1, 0, -1], "the target 0.0 of sample 1 is not a class: classes are -1, 1; "),
        ([1.0], [3.25], "the target 3.25 of sample 0 is not a class: classes are 0, 1; for other numbers there is r2_score"),
        ([[1.0, 2.0, 3.0]], [[0.5, 0.5]], "a class, or a probability for each: sample 0 has 3 outputs, 2 targets"),
        ([[1.0, 2.0], [1.0]], [0, 0], "the same number of outputs for each sample, at least one: sample 1 has 1, sample 0 has 2"),
        ([[1.0, 2.0], 1.0], [0, 0], "sample 1 has 1, sample 0 has 2"),
        ([[], []], [0, 0], "the same number of outputs for each sample, at least one"),
        ([[1.0, math.nan]], [0], r"cannot determine the class of nan: sample 0 has the output \[1.0, nan\]"),
        ([1.0], [math.nan], r"cannot determine the class of nan: sample 0 .* the target \[nan\]"),
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
        ([[1.0], [1.0, 2.0]], [[1.0], [1.0, 2.0]], "sample 1 has 2, sample 0 has 1"),
        ([1.0, 2.0], ["1", 2.0], "string"),
    ],
)
def test_what_does_not_fit(metric: Any, outputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(outputs, targets)


def test_r2_needs_two_samples() -> None:
    with pytest.raises(InputError, match="at least two samples: one target has no spread"):
        r2_score([1.0], [1.0])


# -- the threshold ----------------------------------------------------------------------------------------------------------


def squared_hinge(score: Any, y: Any) -> Any:
    return relu(1.0 - y * score) ** 2


def by_hand(p: Any, y: Any) -> Any:
    """The cross-entropy of textbooks: a mean of two logarithms."""
    return -(y * log(p) + (1 - y) * log(1 - p))


def clipped(p: Any, y: Any) -> Any:
    """Keras' way with probabilities of 0 and 1: there is a loss for every output."""
    return binary_cross_entropy(clip(p, 1e-7, 1.0 - 1e-7), y)


def smoothed(loss: Any, y: Any) -> Any:
    return lambda output, target: loss(output, (1.0 - y) * target + y / 2.0)


def only(pair: Any) -> Any:
    (item,) = pair
    return item


BITS, SIGNS, ONES = [0, 1, 1], [1, -1, 1], [1, 1, 1]
PROBABILITIES: dict[str, Any] = {
    "bce": binary_cross_entropy,
    "by hand": by_hand,
    "one logarithm": lambda p, y: -log(p if y == 1 else 1.0 - p),
    "clipped": clipped,
    "clipped mse": lambda p, y: mse(clip(p, 0.0, 1.0), y),
    "smoothed": smoothed(binary_cross_entropy, 0.2),
    "focal": lambda p, y: -((1.0 - p) ** 2) * log(p) if y == 1 else -(p**2) * log(1.0 - p),
}
SCORES: dict[str, Any] = {
    "logits": binary_cross_entropy_with_logits,
    "a temperature": lambda z, y: binary_cross_entropy_with_logits(z / 20.0, y),
    "smoothed a little": smoothed(binary_cross_entropy_with_logits, 0.05),
    "smoothed": smoothed(binary_cross_entropy_with_logits, 0.3),
    "smoothed and steep": lambda z, y: binary_cross_entropy_with_logits(10.0 * z, 0.9 * y + 0.05),
    "mse of a sigmoid": lambda z, y: mse(sigmoid(z), y),
}
MARGINS: dict[str, Any] = {
    "hinge": hinge,
    "squared hinge": squared_hinge,
    "logistic": lambda z, y: softplus(-y * z),
    "exponential": lambda z, y: exp(-y * z),
    "perceptron": lambda z, y: relu(-y * z),
    "ramp": lambda z, y: clip(1.0 - y * z, 0.0, 2.0),
}
DISTANCES: dict[str, Any] = {
    "mse": mse,
    "quadratic": quadratic,
    "mae": mae,
    "huber": huber,
    "a narrow huber": partial(huber, delta=0.05),
    "smoothed": smoothed(mse, 0.1),
    "insensitive": lambda z, y: relu(autograd.abs(z - y) - 0.1),
}
WRAPPED: dict[str, Any] = {
    "itself": lambda loss: loss,
    "lambda": lambda loss: lambda output, target: loss(output, target),
    "partial": partial,
    "weighted": lambda loss: lambda output, target: (3.0 if target == 1 else 1.0) * loss(output, target),
    "weights by index": lambda loss: lambda output, target: [1.0, 0.25, 4.0][target] * loss(output, target),
    "of lists": lambda loss: lambda output, target: loss(only(output), target),
}


@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize(
    ("losses", "targets", "threshold"),
    [
        (PROBABILITIES, BITS, 0.5),
        (PROBABILITIES, ONES, 0.5),
        (SCORES, BITS, 0.0),
        (SCORES, ONES, 0.0),
        (MARGINS, SIGNS, 0.0),
        (MARGINS, ONES, 0.0),
        (MARGINS, [-1, -1], 0.0),
        (DISTANCES, BITS, 0.5),
        (DISTANCES, [0, 0], 0.5),
        (DISTANCES, SIGNS, 0.0),
        (DISTANCES, [-1, -1], 0.0),
        (DISTANCES, ONES, None),
        (DISTANCES, [True, True], 0.5),
    ],
)
def test_the_threshold_follows_from_what_the_loss_does(losses: Any, targets: Any, threshold: Any, how: str) -> None:
    output: Any = [0.3] if how == "of lists" else 0.3
    for name, loss in losses.items():
        assert threshold_of(WRAPPED[how](loss), targets, output) == threshold, name
        assert is_measurable(WRAPPED[how](loss), targets) == (threshold is not None), name


def test_targets_of_another_scale_than_the_outputs() -> None:
    """−1 and 1, of which the loss makes probabilities; and outputs between −1 and 1."""
    assert threshold_of(lambda p, y: binary_cross_entropy(p, (y + 1) / 2), SIGNS) == 0.5
    for targets in (SIGNS, ONES):
        assert threshold_of(lambda t, y: -log((1.0 + y * t) / 2.0), targets) == 0.0


@pytest.mark.parametrize("targets", [[[0], [1]], [(1,), (0,)], [[1.0], [0.0]], np.array([[1], [0]])])
def test_targets_in_lists_of_one(targets: Any) -> None:
    assert are_two_classes(targets)
    assert threshold_of(mse, targets, [0.3]) == threshold_of(binary_cross_entropy, targets, [0.3]) == 0.5
    assert threshold_of(binary_cross_entropy_with_logits, targets, [0.3]) == 0.0
    assert threshold_of(lambda output, target: binary_cross_entropy_with_logits(output[0], target[0]), targets, [0.3]) == 0.0


def test_where_no_threshold_is_needed_the_loss_is_not_called() -> None:
    def never(output: Any, target: Any) -> Any:
        raise AssertionError

    assert threshold_of(never, BITS, [0.1, 0.9]) == threshold_of(never, [0, 1, 2], 0.5) == threshold_of(never, [], 0.5) == 0.0
    assert is_measurable(never, BITS)
    assert is_measurable(never, SIGNS)
    assert is_measurable(cross_entropy, ONES)


def test_the_loss_is_called_as_for_training() -> None:
    """The loss gets a Value and a target of the same type as in training; only the graph is missing."""
    seen = []

    def loss(output: Any, target: Any) -> Any:
        seen.append((type(output), type(target), (output * 2.0)._prev))
        return mse(output, target)

    for targets in ([0, 1], [0.0, 1.0], [False, True], [0]):
        seen.clear()
        assert threshold_of(loss, targets) == 0.5
        assert set(seen) == {(Value, type(targets[0]), ())}


@pytest.mark.parametrize(
    ("targets", "are"),
    [
        ([0, 1], True),
        ([1, -1], True),
        ([1.0], True),
        ([True, False], True),
        ([0, -1], False),
        ([0, 1, -1], False),
        ([0.5], False),
        ([2], False),
        (["1"], False),
        ([None], False),
        ([math.nan], False),
        ([[0, 1]], False),
        ([{"a": 1}], False),
        (np.eye(2), False),
    ],
)
def test_two_classes(targets: Any, are: bool) -> None:
    assert are_two_classes(targets) is are
