"""Pictures of models: what is in them is what the model computes."""

import math
import random
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from nn_figures import CORNERS, drawn, half_plane, labels, legend

import nn
from autograd import Value, exp, sin, sqrt, tanh
from autograd.errors import DomainError, InputError, MissingPackageError
from autograd.render.lettering import printable
from nn import MLP, Module, mse
from nn.activations import LeakyReLU, Softmax, Tanh
from nn.layers import Layer, Linear, Neuron, Sequential
from nn.plots import new_figure, plot_activation, plot_decision_boundary, plot_gradients, plot_network

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


@pytest.mark.parametrize("name", ["a$b$c", "$", "$x^2$", "a_b", "_hidden", "a&b", "50%", "{x}", "\\frac", "\\$", "#1", "a\nb", "\ud800"])
def test_names_are_shown_as_they_are(name: str) -> None:
    """No name is read as a formula, is left out of the legend, or cannot be drawn."""
    f = lambda z: z * 2.0
    f.__name__ = name
    figure = plot_activation(f, -1.0, 1.0)
    figure.canvas.draw()
    axes = figure.axes[0]
    for text in (axes.title, axes.get_legend().get_texts()[0]):
        seen, is_formula = text._preprocess_math(text.get_text())
        assert not is_formula
        assert seen.lstrip("\N{ZERO WIDTH SPACE}") == printable(name)
