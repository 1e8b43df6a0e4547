"""Pictures of models: what is in them is what the model computes."""

import math
import random
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

import nn
from autograd import Value, exp, sin, sqrt, tanh
from autograd.errors import DomainError, InputError, MissingPackageError
from nn import MLP, Module, mse, predict
from nn.activations import LeakyReLU, ReLU, Softmax, Tanh
from nn.layers import Embedding, Layer, Linear, Neuron, Sequential
from nn.plots import new_figure, plot_activation, plot_decision_boundary, plot_gradients, plot_network
from nn.plots.decision_boundary import CLASSES, MARKERS
from nn.plots.figure import NEGATIVE, POSITIVE

CORNERS = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]


def half_plane(*weights: float, offset: float = 0.0, activation: str | None = None) -> MLP:
    """A model of one output, w · x + b."""
    model = MLP(2, [1], output_activation=activation)
    for w, number in zip(model.layers[0].neurons[0].w, weights, strict=True):
        w.data = number
    model.layers[0].neurons[0].b.data = offset
    return model


def linear(rows: list[list[float]]) -> MLP:
    """A model whose outputs are the rows · x."""
    model = MLP(2, [len(rows)])
    for neuron, row in zip(model.layers[0].neurons, rows, strict=True):
        for w, number in zip(neuron.w, row, strict=True):
            w.data = number
    return model


def parts(figure: Figure, kind: type) -> list[Any]:
    return [part for part in figure.axes[0].collections if isinstance(part, kind)]


def legend(figure: Figure) -> list[str]:
    found = figure.axes[0].get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def drawn(figure: Figure) -> Figure:
    """The figure after it was rendered, where a warning would be an error."""
    figure.draw_without_rendering()  # type: ignore[no-untyped-call] # the canvas of a figure that pyplot did not make draws nothing
    return figure


# -- where a model decides ----------------------------------------------------------------------------------------------


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
            r"one output tells two classes apart, with targets -1 and 1, or 0 and 1, not \[0.0, 1.0, 2.0\]",
        ),
        (MLP(2, [1]), CORNERS, [0, 1, -1, 1], r"not \[-1.0, 0.0, 1.0\]"),
        (MLP(2, [3]), CORNERS, [0, 1, 3, 1], "target 3 is no class: with 3 outputs, classes are 0 to 2"),
        (MLP(2, [3]), CORNERS, [0, 1, -1, 1], "target -1 is no class"),
        (MLP(2, [3]), CORNERS, [0, 0.5, 1, 1], "target 0.5 is no class"),
        (MLP(2, [3]), CORNERS, [0, [0, 1], 1, 1], r"target \[0, 1\] is no class"),
        (MLP(2, [11]), CORNERS, [0, 1, 2, 1], "11 classes cannot be told apart by colour: .* at most 10"),
        (half_plane(math.inf, 0.0), [[-1.0, 0.0], [1.0, 0.0]], [0, 1], r"at \[.*\] the model gives \[(nan|-?inf)\], which cannot be drawn"),
    ],
)
def test_what_has_no_decision_boundary(model: Any, samples: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plot_decision_boundary(model, samples, targets, resolution=3)


def test_the_resolution_is_a_whole_number() -> None:
    with pytest.raises(InputError, match="resolution must be a whole number of at least 1, not 2.5"):
        plot_decision_boundary(MLP(2, [1]), CORNERS, [0, 1, 0, 1], resolution=2.5)  # type: ignore[arg-type]


# -- activations --------------------------------------------------------------------------------------------------------


def shaded(figure: Figure) -> list[tuple[float, float]]:
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in figure.axes[0].patches]


SIGMOID_AT = math.log((0.5 + math.sqrt(0.25 - 0.0025)) / (0.5 - math.sqrt(0.25 - 0.0025)))
"""Where σ(1 - σ) is 0.0025, a hundredth of its largest."""


@pytest.mark.seed("B1", "B2", "B3", "B4")
@pytest.mark.parametrize(
    ("activation", "value", "slope", "saturated"),
    [
        (
            "sigmoid",
            lambda z: 1 / (1 + np.exp(-z)),
            lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
            [(-8, -SIGMOID_AT), (SIGMOID_AT, 8)],
        ),
        ("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2, [(-8, -math.atanh(math.sqrt(0.99))), (math.atanh(math.sqrt(0.99)), 8)]),
        ("relu", lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0), [(-8, 0)]),
        ("leaky_relu", lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01), []),
        (LeakyReLU(0.001), lambda z: np.where(z > 0, z, 0.001 * z), lambda z: np.where(z > 0, 1.0, 0.001), [(-8, 0)]),
        ("linear", lambda z: z, np.ones_like, []),
        (None, lambda z: z, np.ones_like, []),
        (lambda z: 2 * tanh(z) + z, lambda z: 2 * np.tanh(z) + z, lambda z: 3 - 2 * np.tanh(z) ** 2, []),
        (sin, np.sin, np.cos, []),
        (lambda z: 3.0, lambda z: 0 * z + 3.0, np.zeros_like, [(-8, 8)]),
    ],
)
def test_the_curves_are_those_of_the_function(activation: Any, value: Any, slope: Any, saturated: list[tuple[float, float]]) -> None:
    figure = drawn(plot_activation(activation))
    curve, derivative = figure.axes[0].lines
    z = curve.get_xdata()
    assert (z[0], z[-1]) == (-8.0, 8.0)
    assert curve.get_ydata() == pytest.approx(value(z), abs=1e-12)
    assert derivative.get_ydata() == pytest.approx(slope(z), abs=1e-12)
    step = z[1] - z[0]
    assert shaded(figure) == [pytest.approx(region, abs=step) for region in saturated]
    notes = ["saturated: the derivative stays\nbelow 1% of its largest"] if saturated else []
    assert legend(figure)[1:] == ["its derivative", *notes]


def test_names_of_activations() -> None:
    titles = [plot_activation(f).axes[0].get_title() for f in ("tanh", LeakyReLU(0.2), lambda z: z * z)]
    assert titles == ["tanh", "LeakyReLU(negative_slope=0.2)", "f"]


def test_an_infinite_slope_is_no_measure_of_the_others() -> None:
    figure = drawn(plot_activation(sqrt, 0.0, 4.0))
    assert figure.axes[0].lines[1].get_ydata()[0] == math.inf
    assert shaded(figure) == []


def test_what_has_no_curve() -> None:
    for name in ("softmax", Softmax()):
        with pytest.raises(InputError, match="has no curve: each of its results depends on all outputs of a layer"):
            plot_activation(name)
    with pytest.raises(InputError, match="there is no activation 'reul': choose one of linear, relu"):
        plot_activation("reul")
    for low, high in ((1.0, 1.0), (2.0, -2.0), (math.nan, 1.0), (-math.inf, 0.0)):
        with pytest.raises(InputError, match=f"low < high, both finite, not {low!r} and {high!r}"):
            plot_activation("tanh", low, high)
    with pytest.raises(DomainError, match="sqrt"):
        plot_activation(sqrt)


# -- gradients ----------------------------------------------------------------------------------------------------------


def labels(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_gradients_are_means_over_the_parameters_of_a_layer() -> None:
    model = MLP(3, [4, 2], "tanh", rng=random.Random(0))
    mse(model([1.0, -1.0, 0.5]), [1.0, 0.0]).backward()
    figure = drawn(plot_gradients(model))
    expected = [np.mean([abs(p.grad) for p in layer.parameters()]) for layer in model.layers]
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx(expected, rel=1e-14)
    assert figure.axes[0].get_yscale() == "log"
    assert labels(figure) == ["layers.0", "layers.1"]
    assert legend(figure) == []


@pytest.mark.seed("G4")
def test_the_gradient_vanishes_in_a_deep_sigmoid_network() -> None:
    model = MLP(2, [6] * 8 + [1], "sigmoid", rng=random.Random(1))
    mse(model([0.5, -0.5]), 1.0).backward()
    sizes = plot_gradients(model).axes[0].lines[0].get_ydata()
    assert len(sizes) == 9
    assert sizes[0] < 1e-3 * sizes[-1]
    assert (np.diff(sizes) > 0).all()


def test_a_layer_without_any_gradient_is_marked() -> None:
    model = MLP(2, [3, 3, 1], rng=random.Random(0))
    for neuron in model.layers[1].neurons:
        neuron.b.data = -100.0  # dead
    model([1.0, 1.0]).backward()
    figure = drawn(plot_gradients(model))
    curve, lost = figure.axes[0].lines
    assert np.isnan(curve.get_ydata()).tolist() == [True, True, False]
    assert list(lost.get_xdata()) == [0, 1]
    assert legend(figure) == ["exactly 0"]


class Block(Module):
    def __init__(self, rng: random.Random) -> None:
        self.project = Linear(2, 2, rng=rng)
        self.scale = Value(2.0)

    def __call__(self, x: Any) -> Any:
        return [self.scale * out for out in self.project(x)]


class Model(Module):
    def __init__(self) -> None:
        rng = random.Random(0)
        self.state = {"wte": [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], "bias": Value(0.5)}
        self.blocks = [Block(rng), Block(rng)]

    def __call__(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return sum(a * x[0] + b * x[1] for a, b in self.state["wte"]) + self.state["bias"]


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (Model(), ["state.wte", "state.bias", "blocks.0.project", "blocks.0", "blocks.1.project", "blocks.1"]),
        (Neuron(2, None, rng=random.Random(0)), ["Neuron"]),
        (Layer(2, 1, None, rng=random.Random(0)), ["Layer"]),
        (Sequential(Linear(2, 2, rng=random.Random(0)), Tanh(), Linear(2, 1, rng=random.Random(1))), ["layers.0", "layers.2"]),
    ],
)
def test_layers_of_any_module(model: Any, names: list[str]) -> None:
    output = model([1.0, 2.0])
    (output[0] if isinstance(output, list) else output).backward()
    figure = drawn(plot_gradients(model))
    assert labels(figure) == names
    assert (figure.axes[0].lines[0].get_ydata() > 0).all()


def test_names_of_many_layers_are_turned() -> None:
    for depth, angle in ((2, 0.0), (20, 90.0)):
        model = MLP(1, [1] * depth, "linear", rng=random.Random(0))
        model([1.0]).backward()
        assert {label.get_rotation() for label in plot_gradients(model).axes[0].get_xticklabels()} == {angle}


def test_without_gradients() -> None:
    model = MLP(2, [2, 1])
    with pytest.raises(InputError, match=r"no gradient to plot: call loss.backward\(\) first"):
        plot_gradients(model)
    with pytest.raises(InputError, match="no gradient to plot"):
        plot_gradients(Module())
    with pytest.raises(InputError, match=r"plot_gradients needs a module, after loss.backward\(\), not Value"):
        plot_gradients(Value(1.0))  # type: ignore[arg-type]
    model.layers[1].neurons[0].w[1].grad = math.nan
    with pytest.raises(InputError, match="the gradient of layers.1.neurons.0.w.1 is nan"):
        plot_gradients(model)


def extents(texts: Any) -> list[Any]:
    return [text.get_window_extent() for text in texts if text.get_text()]


@pytest.mark.parametrize("width", [2.4, 3.2, 6.4, 12.0])
@pytest.mark.parametrize("depth", [1, 4, 12, 40])
def test_names_of_layers_do_not_overlap(width: float, depth: int) -> None:
    model = MLP(2, [2] * (depth - 1) + [1], "tanh", rng=random.Random(0))
    model([0.5, -1.0]).backward()
    figure = new_figure(width, 3.0)
    drawn(plot_gradients(model, axes=figure.subplots()))
    ticks = figure.axes[0].get_xticklabels()
    places = extents(ticks)
    for before, after in pairwise(places):
        assert before.x1 < after.x0
    assert len(places) == depth or 3 * (places[1].x0 - places[0].x0) < 10 * places[0].width, "no more are left out than must be"
    if width == 12.0 and depth == 4:
        assert [tick.get_rotation() for tick in ticks] == [0.0] * 4


def test_panels_that_share_an_axis_name_it_once() -> None:
    model = MLP(2, [2, 1], "tanh", rng=random.Random(0))
    model([0.5, -1.0]).backward()
    figure = new_figure(9.0, 6.0)
    for axes in figure.subplots(2, 2, sharex=True, sharey=True).flat:
        plot_gradients(model, axes=axes)
    assert [axes.get_ylabel() for axes in figure.axes] == ["mean |∂L/∂p|", "", "mean |∂L/∂p|", ""]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "layer", "layer"]
    for axes in new_figure(9.0, 3.0).subplots(1, 2):
        plot_gradients(model, axes=axes)
        assert axes.get_ylabel() == "mean |∂L/∂p|", "on a scale of its own"


def dead(model: MLP) -> MLP:
    model([0.5, -1.0]).backward()
    for p in model.layers[0].parameters():
        p.grad = 0.0
    return model


@pytest.mark.parametrize("size", [(6.4, 4.8), (3.2, 2.4), (3.0, 5.0)])
@pytest.mark.parametrize(
    "plot",
    [
        lambda axes: plot_activation("sigmoid", axes=axes),
        lambda axes: plot_activation(LeakyReLU(0.2), axes=axes),
        lambda axes: plot_decision_boundary(half_plane(1.0, 1.0), CORNERS, [0, 1, 0, 1], resolution=5, axes=axes),
        lambda axes: plot_decision_boundary(MLP(2, [10]), [[float(k), 0.0] for k in range(10)], range(10), resolution=3, axes=axes),
        lambda axes: plot_gradients(dead(MLP(2, [2, 2, 1], "tanh", rng=random.Random(0))), axes=axes),
        lambda axes: plot_gradients(dead(MLP(2, [2] * 14 + [1], "tanh", rng=random.Random(0))), axes=axes),
    ],
)
def test_the_legend_covers_nothing(plot: Any, size: tuple[float, float]) -> None:
    figure = new_figure(*size)
    axes = figure.subplots()
    plot(axes)
    axes.set_title("a title of one's own")
    drawn(figure)
    place = axes.get_legend().get_window_extent()
    others = [axes.get_window_extent(), *extents([*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.title])]
    assert not any(place.overlaps(other) for other in others)
    assert place.y0 >= 0
    assert place.x0 >= -1
    assert place.x1 <= figure.bbox.width + 1


def test_small_multiples_leave_the_legend_and_the_colorbar_out() -> None:
    figure = new_figure(6.4, 3.2)
    one, two = figure.subplots(1, 2)
    plot_decision_boundary(half_plane(1.0, 1.0), CORNERS, [0, 1, 0, 1], resolution=5, axes=one, legend=False, colorbar=False)
    plot_activation("tanh", axes=two, legend=False)
    assert figure.axes == [one, two]
    assert one.get_legend() is two.get_legend() is None
    plot_decision_boundary(half_plane(1.0, 1.0), CORNERS, [0, 1, 0, 1], resolution=5, axes=one, legend=False)
    assert len(figure.axes) == 3


# -- weights ------------------------------------------------------------------------------------------------------------


def edges(figure: Figure) -> dict[tuple[tuple[float, float], tuple[float, float]], tuple[str, float]]:
    """The colour and the width of each line by its ends."""
    (lines,) = parts(figure, LineCollection)
    ends = [tuple(map(tuple, segment)) for segment in lines.get_segments()]
    found = zip(map(to_hex, lines.get_colors()), lines.get_linewidths(), strict=True)
    assert len(set(ends)) == len(ends)
    return dict(zip(ends, found, strict=True))


def nodes(figure: Figure) -> list[tuple[float, float]]:
    (cloud,) = parts(figure, PathCollection)
    return [tuple(place) for place in cloud.get_offsets().tolist()]


MATRICES: list[Any] = [[[1.0, -2.0], [0.5, 0.0], [-0.25, 4.0]], [[1.0, 2.0, -3.0]]]


@pytest.mark.seed("A7")
@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, lambda rows: [np.array(row) for row in rows], lambda rows: [[Value(w) for w in row] for row in rows]]
)
def test_a_network_is_drawn_from_its_matrices(kind: Any) -> None:
    figure = drawn(plot_network([kind(matrix) for matrix in MATRICES]))
    assert nodes(figure) == [(0, 0.5), (0, -0.5), (1, 1), (1, 0), (1, -1), (2, 0)]
    places = [[(0, 0.5), (0, -0.5)], [(1, 1), (1, 0), (1, -1)], [(2, 0)]]
    expected = {
        (before[j], after[i]): (POSITIVE if w > 0 else NEGATIVE, pytest.approx(0.2 + 2.8 * abs(w) / 4))
        for matrix, before, after in zip(MATRICES, places, places[1:], strict=False)
        for i, row in enumerate(matrix)
        for j, w in enumerate(row)
        if w
    }
    assert edges(figure) == expected
    assert len(expected) == 8
    assert labels(figure) == ["2 inputs\n", "3 neurons\n", "1 output\n"]
    assert figure.axes[0].get_title() == "2 – 3 – 1"
    assert legend(figure) == ["weight 4", "weight −4"]
    assert set(map(to_hex, parts(figure, PathCollection)[0].get_facecolors())) == {"#d9d9d9", "#ffffff"}, "biases are not known"


def test_a_model_is_drawn_with_its_biases() -> None:
    model = MLP(2, [3, 2], ["tanh", "softmax"], rng=random.Random(0))
    for neuron, bias in zip(model.layers[0].neurons, (2.0, -1.0, 0.0), strict=True):
        neuron.b.data = bias
    figure = drawn(plot_network(model))
    assert len(edges(figure)) == 12
    assert labels(figure) == ["2 inputs\n", "3 neurons\ntanh", "2 outputs\nsoftmax"]
    colours = list(map(to_hex, parts(figure, PathCollection)[0].get_facecolors()))
    assert colours == ["#d9d9d9", "#d9d9d9", POSITIVE, "#eaae80", "#ffffff", "#ffffff", "#ffffff"]
    largest = max(abs(p.data) for name, p in model.named_parameters() if ".w." in name)
    assert legend(figure) == [f"weight {largest:.3g}", f"weight −{largest:.3g}", "bias 2", "bias −2"]


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Neuron(3, "tanh", rng=random.Random(0)), ["3 inputs\n", "1 output\ntanh"]),
        (Layer(3, 2, rng=random.Random(0)), ["3 inputs\n", "2 outputs\nrelu"]),
        (Linear(3, 2, bias=False, rng=random.Random(0)), ["3 inputs\n", "2 outputs\n"]),
        (
            Sequential(Linear(3, 2, rng=random.Random(0)), ReLU(), Linear(2, 2, rng=random.Random(0)), Softmax()),
            ["3 inputs\n", "2 neurons\nReLU", "2 outputs\nSoftmax"],
        ),
        (
            Sequential(MLP(3, [2], rng=random.Random(0)), LeakyReLU(0.5), Layer(2, 1, None, rng=random.Random(0))),
            ["3 inputs\n", "2 neurons\nLeakyReLU(negative_slope=0.5)", "1 output\nlinear"],
        ),
    ],
)
def test_modules_that_can_be_drawn(model: Any, columns: list[str]) -> None:
    figure = drawn(plot_network(model))
    assert labels(figure) == columns
    assert len(edges(figure)) == sum(1 for name, _ in model.named_parameters() if "b" not in name.split(".")[-1] and "bias" not in name)


def test_of_a_large_layer_the_ends_are_drawn() -> None:
    model = MLP(784, [30, 16], rng=random.Random(0))
    figure = drawn(plot_network(model))
    assert len(nodes(figure)) == 10 + 10 + 16
    assert len(edges(figure)) == 10 * 10 + 10 * 16
    assert [text.get_text() for text in figure.axes[0].texts] == ["⋮", "⋮"]
    assert labels(figure)[0] == "784 inputs\n"
    assert figure.axes[0].get_title() == "784 – 30 – 16\n(of more than 16 neurons the first 5 and the last 5 are drawn)"
    # the lines are those of the neurons that are drawn: from the last input to the last hidden neuron, and from the first to the first
    for i, j, before, after in ((-1, -1, (0, -5.5), (1, -5.5)), (0, 0, (0, 5.5), (1, 5.5))):
        weight = model.layers[0].neurons[i].w[j].data
        assert edges(figure)[before, after][0] == (POSITIVE if weight > 0 else NEGATIVE)
    assert 0.0 not in {y for x, y in nodes(figure) if x < 2}, "the dots stand in the gap"


def test_a_deep_network_has_a_short_title() -> None:
    assert plot_network(MLP(2, [2] * 9)).axes[0].get_title() == " – ".join("2" * 10)
    assert plot_network(MLP(2, [2] * 10)).axes[0].get_title() == "10 layers"


def test_a_network_of_zeros_has_no_lines() -> None:
    figure = drawn(plot_network([[[0.0, 0.0]]]))
    assert edges(figure) == {}
    assert len(nodes(figure)) == 3
    assert legend(figure) == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ([[[1.0, 2.0]], [[1.0, 2.0]]], r"layer 1 takes 2 inputs, and layer 0 has 1 neurons: matrices are \[out\]\[in\]"),
        ([[[1.0, 2.0], [1.0]]], "rows of one length: item 0 is none"),
        ([[[1.0]], [1.0]], "item 1 is none"),
        ([[1.0, 2.0]], "item 0 is none"),
        (np.eye(2), "item 0 is none"),
        ([[[]]], "item 0 is none"),
        ([], r"a list of weight matrices, as in \[W1, W2\], not \[\]"),
        (None, "not None"),
        ("W", "not 'W'"),
        ([[["1.0"]]], "a string is not a number: '1.0'"),
        ([[[math.nan]]], "layer 0 has a weight or bias that is nan"),
        (Sequential(Embedding(5, 2), Linear(2, 1)), "layers.0.weight.0.0 is in none: pass a list of matrices"),
        (Module(), "Module has none"),
        (Sequential(Linear(2, 3), Linear(2, 1)), "layer 1 takes 2 inputs, and layer 0 has 3 neurons"),
    ],
)
def test_what_is_no_network(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plot_network(model)


def test_a_bias_that_is_not_finite() -> None:
    model = MLP(1, [1, 1])
    model.layers[1].neurons[0].b.data = math.inf
    with pytest.raises(InputError, match="layer 1 has a weight or bias that is inf"):
        plot_network(model)


# -- all of them --------------------------------------------------------------------------------------------------------


def trained() -> MLP:
    model = MLP(2, [2, 1], rng=random.Random(0))
    model([1.0, 2.0]).backward()
    return model


PLOTS: list[Any] = [
    lambda axes=None: plot_decision_boundary(trained(), CORNERS, [0, 1, 0, 1], resolution=3, axes=axes),
    lambda axes=None: plot_activation(exp, -1.0, 1.0, axes=axes),
    lambda axes=None: plot_gradients(trained(), axes=axes),
    lambda axes=None: plot_network(trained(), axes=axes),
]


@pytest.mark.parametrize("plot", PLOTS)
def test_axes_may_be_given(plot: Any) -> None:
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    assert plot(left) is figure
    assert left.has_data()
    assert not right.has_data()
    whole = Figure()
    assert plot(whole.subfigures(1, 2)[1].subplots()) is whole
    assert isinstance(plot(), Figure)


@pytest.mark.parametrize("plot", PLOTS)
def test_no_global_state_is_touched(plot: Any) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot()
    assert plt.get_fignums() == before


@pytest.mark.parametrize("plot", PLOTS)
def test_without_matplotlib(plot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="plotting needs matplotlib: pip install 'scalar-autograd"):
        plot()


def test_a_notebook_shows_a_figure_without_pyplot() -> None:
    assert nn.new_figure is new_figure, "for readers' own plots too"
    assert "new_figure" in nn.__all__
    assert new_figure().get_size_inches().tolist() == [6.4, 4.8]
    figure = new_figure(2.0, 1.0)
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
