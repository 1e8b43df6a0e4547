"""The drawing of a network shows its weights and biases."""

import math
import random
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from nn_figures import drawn, labels, legend, parts

from autograd import Value
from autograd.errors import InputError
from nn import MLP, Module
from nn.activations import LeakyReLU, ReLU, Softmax
from nn.layers import Embedding, Layer, Linear, Neuron, Sequential
from nn.plots import plot_network
from nn.plots.figure import NEGATIVE, POSITIVE


def edges(figure: Figure) -> dict[tuple[tuple[float, float], tuple[float, float]], tuple[str, float]]:
    """The colour and the width of each line by its ends."""
    (lines,) = parts(figure, LineCollection)
    ends = [tuple(map(tuple, segment)) for segment in lines.get_segments()]
    result = zip(map(to_hex, lines.get_colors()), lines.get_linewidths(), strict=True)
    assert len(set(ends)) == len(ends)
    return dict(zip(ends, result, strict=True))


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
        ([[[1.0, 2.0], [1.0]]], "rows of one length; item 0 is not such a matrix"),
        ([[[1.0]], [1.0]], "item 1 is not such a matrix"),
        ([[1.0, 2.0]], "item 0 is not such a matrix"),
        (np.eye(2), "item 0 is not such a matrix"),
        ([[[]]], "item 0 is not such a matrix"),
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
