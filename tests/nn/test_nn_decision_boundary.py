"""The decision boundary is where the model decides."""

import math
import random
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet
from nn_figures import CORNERS, drawn, half_plane, legend, linear, parts

from autograd.errors import InputError
from nn import MLP, predict
from nn.layers import Linear, Sequential
from nn.plots import plot_decision_boundary
from nn.plots.decision_boundary import CLASSES, MARKERS
from nn.plots.figure import NEGATIVE, POSITIVE


@pytest.mark.parametrize("targets", [[-1, -1, 1, 1], [0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0]])
def test_one_output_is_a_class_by_its_sign(targets: list[float]) -> None:
    figure = drawn(plot_decision_boundary(half_plane(2.0, 0.0, offset=-1.0), CORNERS, targets, resolution=9))
    shades, line = parts(figure, QuadContourSet)
    assert shades.filled
    assert not line.filled
    boundary = np.concatenate([path.vertices for path in line.get_paths()])
    assert boundary[:, 0] == pytest.approx(0.5)
    assert line.levels.tolist() == [0.0]
    # at x₁ = -1.2, the left edge, the output is -3.4, and so far the shades go to either side
    assert shades.levels[[0, 10, -1]] == pytest.approx([-3.4, 0.0, 3.4])
    (red, _, blue, _), (red_above, _, blue_above, _) = shades.cmap(0.0), shades.cmap(1.0)
    assert red > blue
    assert red_above < blue_above
    low, high = parts(figure, PathCollection)
    assert (to_hex(low.get_facecolor()[0]), to_hex(high.get_facecolor()[0])) == (NEGATIVE, POSITIVE)
    assert low.get_offsets().tolist() == CORNERS[:2]
    assert high.get_offsets().tolist() == CORNERS[2:]
    names = [f"y = {t:g}".replace("-", "−") for t in (targets[0], targets[-1])]
    assert legend(figure) == ["output = 0", *names]
    assert figure.axes[1].get_ylabel() == "output of the model"


def test_of_a_probability_the_threshold_is_a_half() -> None:
    model = half_plane(0.0, 1.0, offset=-0.25, activation="sigmoid")
    figure = plot_decision_boundary(model, CORNERS, [0, 1, 0, 1], resolution=41, threshold=0.5)
    _, line = parts(figure, QuadContourSet)
    assert np.concatenate([path.vertices for path in line.get_paths()])[:, 1] == pytest.approx(0.25, abs=1e-4)
    without = plot_decision_boundary(model, CORNERS, [0, 1, 0, 1], resolution=5)
    assert len(parts(without, QuadContourSet)) == 1, "the output is nowhere 0, so that there is no line"


def test_a_model_that_says_the_same_everywhere() -> None:
    for output in (0.0, 3.0):
        figure = drawn(plot_decision_boundary(half_plane(0.0, 0.0, offset=output), CORNERS, [0, 1, 0, 1], resolution=3))
        (shades,) = parts(figure, QuadContourSet)
        assert shades.levels[-1] == (output or 1.0)


def test_a_sequential_of_one_output() -> None:
    model = Sequential(Linear(2, 1, rng=random.Random(0)))
    assert isinstance(model([1.0, 2.0]), list)
    assert legend(plot_decision_boundary(model, CORNERS, [-1, 1, -1, 1], resolution=3))[-2:] == ["y = −1", "y = 1"]


@pytest.mark.parametrize("targets", [[2, 0, 1, 1], [[0, 0, 1], [1, 0, 0], [0.1, 0.8, 0.1], [0, 1, 0]], np.array([2, 0, 1, 1])])
def test_of_several_outputs_the_largest_wins(targets: Any) -> None:
    model = linear([[-1.0, 0.5], [1.0, 0.0], [0.0, -1.0]])
    figure = drawn(plot_decision_boundary(model, np.array(CORNERS), targets, resolution=11))
    (mesh,) = parts(figure, QuadMesh)
    grid = [[x, y] for y in np.linspace(-1.2, 1.2, 11) for x in np.linspace(-1.2, 1.2, 11)]
    expected = [int(np.argmax(output)) for output in predict(model, grid)]
    assert mesh.get_array().ravel().tolist() == expected
    assert [part.filled for part in parts(figure, QuadContourSet)] == [True, False] * 3, "each region, and its edge"
    for edge in parts(figure, QuadContourSet)[1::2]:
        outputs = np.sort(predict(model, np.concatenate([path.vertices for path in edge.get_paths()]).tolist()))
        assert np.median(outputs[:, 2] - outputs[:, 1]) < 1e-9, "on the edge two outputs are the largest"
    samples = parts(figure, PathCollection)
    assert [to_hex(cloud.get_facecolor()[0]) for cloud in samples] == list(CLASSES[:3])
    assert [cloud.get_offsets().tolist() for cloud in samples] == [[CORNERS[1]], CORNERS[2:], [CORNERS[0]]]
    assert len({cloud.get_paths()[0].vertices.tobytes() for cloud in samples}) == 3, "markers differ, for those who see no colours"
    assert legend(figure) == ["class 0", "class 1", "class 2"]


def test_an_output_that_is_never_the_largest_has_no_region() -> None:
    model = linear([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    model.layers[0].neurons[1].b.data = 5.0
    figure = plot_decision_boundary(model, CORNERS, [0, 1, 2, 2], resolution=4)
    (region,) = parts(figure, QuadContourSet)
    assert region.filled
    assert set(parts(figure, QuadMesh)[0].get_array().ravel().tolist()) == {1}


def test_a_column_of_one_value() -> None:
    figure = plot_decision_boundary(half_plane(0.0, 1.0), [[2.0, -1.0], [2.0, 1.0]], [0, 1], resolution=5)
    assert figure.axes[0].get_xlim() == (1.0, 3.0)


def test_there_are_colours_and_markers_for_ten_classes() -> None:
    assert len(set(CLASSES)) == len(set(MARKERS)) == 10
    figure = plot_decision_boundary(MLP(2, [10]), [[float(k), 0.0] for k in range(10)], range(10), resolution=3)
    assert len(legend(figure)) == 10


@pytest.mark.parametrize(
    ("model", "samples", "targets", "message"),
    [
        (MLP(2, [1]), [[1.0, 2.0], [1.0]], [0, 1], r"two inputs: sample 1 must be two finite numbers, not \[1.0\]"),
        (MLP(2, [1]), [[1.0, 2.0], 3.0], [0, 1], "not 3.0"),
        (MLP(2, [1]), [[1.0, math.nan]], [0], "two finite numbers, not"),
        (MLP(2, [1]), [["a", "b"]], [0], "a string is not a number: 'a'"),
        (MLP(3, [1]), CORNERS, [0, 1, 0, 1], "this neuron takes 3 inputs, not 2"),
        (MLP(2, [1]), CORNERS, [0, 1], "4 samples, 2 targets"),
        (
            MLP(2, [1]),
            CORNERS,
            [0, 1, 2, 1],
            r"one output distinguishes two classes, with targets -1 and 1, or 0 and 1, not \[0.0, 1.0, 2.0\]",
        ),
        (MLP(2, [1]), CORNERS, [0, 1, -1, 1], r"not \[-1.0, 0.0, 1.0\]"),
        (MLP(2, [3]), CORNERS, [0, 1, 3, 1], "target 3 is not a class: with 3 outputs, classes are 0 to 2"),
        (MLP(2, [3]), CORNERS, [0, 1, -1, 1], "target -1 is not a class"),
        (MLP(2, [3]), CORNERS, [0, 0.5, 1, 1], "target 0.5 is not a class"),
        (MLP(2, [3]), CORNERS, [0, [0, 1], 1, 1], r"target \[0, 1\] is not a class"),
        (MLP(2, [11]), CORNERS, [0, 1, 2, 1], "11 classes cannot be distinguished by colour: .* at most 10"),
        (half_plane(math.inf, 0.0), [[-1.0, 0.0], [1.0, 0.0]], [0, 1], r"at \[.*\] the model gives \[(nan|-?inf)\], which cannot be drawn"),
    ],
)
def test_what_has_no_decision_boundary(model: Any, samples: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plot_decision_boundary(model, samples, targets, resolution=3)


def test_the_resolution_is_a_whole_number() -> None:
    with pytest.raises(InputError, match="resolution must be a whole number of at least 1, not 2.5"):
        plot_decision_boundary(MLP(2, [1]), CORNERS, [0, 1, 0, 1], resolution=2.5)  # type: ignore[arg-type]


# -- estimators of scikit-learn ------------------------------------------------------------------------------------------


def points(kinds: int) -> tuple[Any, Any]:
    """Three clouds of points, and the names of their classes."""
    from sklearn.datasets import make_blobs

    X, y = make_blobs(60, centers=[[-3.0, 0.0], [3.0, 0.0], [0.0, 4.0]][:kinds], cluster_std=0.5, random_state=0)
    return X, np.array(["a$", "_b", "c"])[y]


def edges(figure: Any) -> Any:
    """The points of the lines between regions."""
    return np.concatenate([path.vertices for line in parts(figure, QuadContourSet) if not line.filled for path in line.get_paths()])


@pytest.mark.parametrize("kinds", [2, 3])
def test_a_classifier_has_the_names_of_its_classes(kinds: int) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from nn.estimators import Classifier

    X, y = points(kinds)
    classifier = make_pipeline(StandardScaler(), Classifier((), epochs=20, lr=0.1, random_state=0)).fit(X, y)
    figure = drawn(plot_decision_boundary(classifier, X, y, resolution=25))
    order = [{"a$": "a\\$", "_b": "\N{ZERO WIDTH SPACE}_b", "c": "c"}[name] for name in classifier.classes_]
    assert [text for text in legend(figure) if "class" not in text] == order
    clouds = parts(figure, PathCollection)
    assert [cloud.get_offsets().tolist() for cloud in clouds] == [X[y == label].tolist() for label in classifier.classes_]
    ranked = np.sort(classifier.predict_proba(edges(figure)), axis=1)
    assert ranked[:, -1] - ranked[:, -2] == pytest.approx(0.0, abs=0.1), "on an edge two classes are equally probable"


def test_a_classifier_without_probabilities_is_drawn_by_its_scores() -> None:
    from sklearn.cluster import KMeans
    from sklearn.svm import LinearSVC

    for kinds in (2, 3):
        X, y = points(kinds)
        model = LinearSVC(dual="auto", random_state=0).fit(X, y)
        figure = drawn(plot_decision_boundary(model, X, y, resolution=25))
        scores = model.decision_function(edges(figure))
        scores = np.stack([-scores, scores], axis=1) if kinds == 2 else scores
        ranked = np.sort(scores, axis=1)
        assert ranked[:, -1] - ranked[:, -2] == pytest.approx(0.0, abs=0.05)

    class Bare(KMeans):  # type: ignore[misc]
        classes_ = 0, 1

    with pytest.raises(InputError, match="has neither predict_proba nor decision_function, of which plot_decision_boundary draws one"):
        plot_decision_boundary(Bare(2, n_init=1).fit(X), X, np.zeros(len(X)), resolution=3)


def test_a_regressor_is_a_model_of_one_output() -> None:
    from nn.estimators import Regressor

    X = np.array(CORNERS)
    regressor = Regressor((), epochs=1, random_state=0).fit(X, [-1.0, -1.0, 1.0, 1.0])
    for estimator, threshold in ((regressor, 0.0), (regressor, 0.25)):
        figure = drawn(plot_decision_boundary(estimator, X, [-1, -1, 1, 1], resolution=9, threshold=threshold))
        assert regressor.predict(edges(figure)) == pytest.approx(threshold, abs=1e-12)


def test_a_frame_keeps_its_names() -> None:
    import pandas as pd

    from nn.estimators import Classifier

    X, y = points(2)
    frame = pd.DataFrame(X, columns=["width", "height"])
    classifier = Classifier((), epochs=3, random_state=0).fit(frame, y)
    plot_decision_boundary(classifier, frame, pd.Series(y), resolution=5)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        plot_decision_boundary(classifier, X, y, resolution=5)


def test_estimators_that_cannot_be_drawn() -> None:
    from sklearn.exceptions import NotFittedError

    from nn.estimators import Classifier

    X, y = points(2)
    with pytest.raises(NotFittedError):
        plot_decision_boundary(Classifier(), X, [0] * len(X))
    classifier = Classifier((), epochs=1, random_state=0).fit(X, y)
    with pytest.raises(InputError, match=r"^target 'd' is not a class of this classifier: its classes are '_b', 'a\$'$"):
        plot_decision_boundary(classifier, X, ["d"] * len(X))
    with pytest.raises(InputError, match="as many targets as samples"):
        plot_decision_boundary(classifier, X, y[:-1])
