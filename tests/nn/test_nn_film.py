"""Films: that the numbers in the page are the model's at each snapshot, for which models, and that the model stays as it was."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from film_models import POINTS, RNG, SIDES, THIRDS, Logarithmic, Residual, rng, trained
from film_reader import grid_of, page_of

import nn
from autograd import Value, relu
from nn import (
    MLP,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    History,
    Layer,
    LeakyReLU,
    Linear,
    Module,
    Neuron,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    cross_entropy,
    losses,
    predict,
)
from nn.films.chain import chain_of


def at_each(model: Module, history: History, of: Callable[[], Any]) -> Any:
    """What a function gives with the parameters of each snapshot."""
    assert history.snapshots is not None
    parameters = model.parameters()
    before = [p.data for p in parameters]
    results = []
    for snapshot in history.snapshots:
        for p, number in zip(parameters, snapshot.numbers.tolist(), strict=True):
            p.data = number
        results.append(of())
    for p, number in zip(parameters, before, strict=True):
        p.data = number
    return np.array(results)


# -- the plane -------------------------------------------------------------------------------------------------------------


def test_the_boundary_is_the_models_in_every_executor(executor: str) -> None:
    model = MLP(2, [5, 1], "tanh", rng=rng())
    history = trained(model, executor=executor)
    page = page_of(model, history)
    plane = page.scene["plane"]
    outputs = at_each(model, history, lambda: predict(model, grid_of(plane, 48))).reshape(5, 1, 48, 48)
    expected = np.tanh(outputs / np.median(np.abs(outputs[-1])))
    assert (plane["kind"], plane["names"]) == ("sides", ["y = −1", "y = 1"])
    assert np.abs(page.maps() - expected).max() < 0.01
    sure = np.abs(expected) > 1e-3
    assert (np.sign(page.maps()) == np.sign(outputs))[sure].all()
    assert sure.mean() > 0.98


def test_the_pictures_of_the_neurons_are_their_outputs() -> None:
    model = Sequential(Linear(2, 3, rng=rng()), ReLU(), Dropout(0.5), Layer(3, 1, "tanh", rng=rng()), Linear(1, 2, rng=rng()), Softmax())
    history = trained(model, POINTS, [int(side > 0) for side in SIDES], loss=losses.cross_entropy)
    page = page_of(model, history)
    assert [column["about"] for column in page.scene["columns"]] == ["2 numbers", "3 × ReLU", "tanh", "2 × Softmax"]
    grid = grid_of(page.scene["plane"], 48)
    model.eval()
    for column, last in ((1, 2), (2, 4), (3, 6)):
        part = Sequential(*model.layers[:last])
        expected = (
            at_each(model, history, lambda part=part: predict(part, grid))
            .reshape(5, 24, 2, 24, 2, -1)
            .mean(axis=(2, 4))
            .transpose(0, 3, 1, 2)
        )
        shown = page.pictures(column)
        assert shown.shape == expected.shape
        scale = page.scene["columns"][column]["scale"]
        assert np.abs(shown - expected.clip(-scale, scale)).max() <= 0.5001 / 127 * scale
        assert 0.98 < (np.abs(expected) <= scale).mean() < 1.0


def test_weights_and_biases() -> None:
    model = MLP(2, [20, 3], rng=rng())
    history = trained(model, POINTS, THIRDS, loss=cross_entropy)
    page = page_of(model, history)
    first, last = model.layers
    for name, scale, values in (
        ("edges0", "largest", [neuron.w for neuron in first.neurons[:15]]),
        ("edges1", "largest", [neuron.w[:15] for neuron in last.neurons]),
        ("biases0", "biased", [[neuron.b for neuron in first.neurons[:15]]]),
        ("biases1", "biased", [[neuron.b for neuron in last.neurons]]),
    ):
        expected = at_each(model, history, lambda values=values: [value.data for row in values for value in row])
        shown = page.numbers[name] * page.scene[scale]
        assert np.abs(shown - expected).max() <= 0.5001 / 32767 * page.scene[scale], name
    largest = max(float(np.abs(page.numbers[f"edges{i}"]).max()) for i in (0, 1))
    assert largest == 1.0
    assert [(column["count"], len(column["neurons"])) for column in page.scene["columns"]] == [(2, 2), (20, 15), (3, 3)]


def test_more_classes() -> None:
    model = MLP(2, [6, 3], "tanh", rng=rng())
    history = trained(model, POINTS, THIRDS, loss=cross_entropy)
    page = page_of(model, history)
    plane = page.scene["plane"]
    outputs = at_each(model, history, lambda: predict(model, grid_of(plane, 48))).transpose(0, 2, 1)
    maps = page.maps().reshape(5, 3, -1)
    assert plane["kind"] == "classes"
    clear = np.sort(maps, axis=1)[:, 2] > 1e-3
    assert (maps.argmax(axis=1) == outputs.argmax(axis=1))[clear].all()
    assert clear.mean() > 0.98
    assert [target for _, _, target in plane["points"]] == THIRDS
    (left, bottom), (right, top) = plane["from"], plane["to"]
    for (x, y, _), (a, b) in zip(plane["points"], POINTS, strict=True):
        assert math.isclose(left + x * (right - left), a, abs_tol=0.003)
        assert math.isclose(top - y * (top - bottom), b, abs_tol=0.003)


@pytest.mark.parametrize("as_list", [False, True])
def test_the_threshold_of_a_probability_is_a_half(as_list: bool) -> None:
    layers: list[Module] = [Linear(2, 4, rng=rng()), Tanh(), Linear(4, 1, rng=rng()), Sigmoid()]
    model = Sequential(*layers) if as_list else MLP(2, [4, 1], ["tanh", "sigmoid"], rng=rng())
    history = trained(model, POINTS, [[int(side > 0)] if as_list else int(side > 0) for side in SIDES], loss=losses.binary_cross_entropy)
    page = page_of(model, history)
    outputs = at_each(model, history, lambda: predict(model, grid_of(page.scene["plane"], 48))).reshape(5, -1) - 0.5
    sure = np.abs(page.maps().reshape(5, -1)) > 1e-3
    assert (np.sign(page.maps().reshape(5, -1)) == np.sign(outputs))[sure].all()
    assert page.scene["plane"]["names"] == ["y = 0", "y = 1"]


def test_a_surface() -> None:
    model = MLP(2, [6, 1], "tanh", rng=rng())
    history = trained(model, POINTS, [3.0 * a + b for a, b in POINTS])
    page = page_of(model, history)
    plane = page.scene["plane"]
    targets = [3.0 * a + b for a, b in POINTS]
    middle, half = 0.5 * (min(targets) + max(targets)), 0.55 * (max(targets) - min(targets))
    outputs = at_each(model, history, lambda: predict(model, grid_of(plane, 48))).reshape(5, 1, 48, 48)
    assert plane["kind"] == "values"
    assert np.abs(page.maps() - ((outputs - middle) / half).clip(-1.0, 1.0)).max() < 0.01
    assert np.allclose([colour for _, _, colour in plane["points"]], (np.array(targets) - middle) / half, atol=0.001)


def test_samples_of_ones_own() -> None:
    model = MLP(2, [3, 1], rng=rng())
    history = trained(model)
    page = page_of(model, history, [[5.0, 5.0], [9.0, 7.0]], [1, -1])
    assert page.scene["plane"]["from"] == pytest.approx([4.6, 4.8])
    assert [target for _, _, target in page.scene["plane"]["points"]] == [1, 0]
    without = page_of(model, history, np.array([[5.0, 5.0], [9.0, 7.0]]))
    assert without.scene["plane"]["kind"] == "sides"
    assert [target for _, _, target in without.scene["plane"]["points"]] == [None, None]
    assert np.array_equal(page.maps(), without.maps())


# -- lines, images, anything else --------------------------------------------------------------------------------------------


def test_a_line() -> None:
    X = [[i / 10] for i in range(-20, 21)]
    model = MLP(1, [6, 1], "tanh", rng=rng())
    history = trained(model, X, [math.sin(x[0]) for x in X], epochs=30)
    page = page_of(model, history)
    line = page.scene["line"]
    assert line["from"] == pytest.approx([-2.4])
    outputs = at_each(model, history, lambda: predict(model, np.linspace(line["from"], line["to"], 96)))
    targets = [math.sin(x[0]) for x in X]
    low, high = min(*targets, outputs[-1].min()), max(*targets, outputs[-1].max())
    margin = 0.1 * (high - low)
    shown = 0.75 * page.numbers["curves"] * (high - low + 2 * margin) + 0.5 * (low + high)
    inside = np.abs(page.numbers["curves"]) < 1.0
    assert np.abs(shown - outputs)[inside].max() < 1e-3
    assert inside[-1].all()
    assert page.pictures(1).shape == (5, 6, 1, 24)


def test_images() -> None:
    (X, y), _ = nn.data.digits(rng())
    model = MLP(64, [20, 10], rng=rng())
    history = trained(model, X[:200], y[:200], loss=cross_entropy, validation=(X[200:220], y[200:220]))
    page = page_of(model, history)
    assert [column["neurons"][:1] for column in page.scene["columns"]] == [["image"], ["Layer 1, neuron 1"], ["Output, neuron 1"]]
    first = model.layers[0]
    weights = at_each(model, history, lambda: [[w.data for w in neuron.w] for neuron in first.neurons[:15]]).reshape(5, 15, 8, 8)
    scale = page.scene["columns"][1]["scale"]
    assert np.abs(page.pictures(1) - weights.clip(-scale, scale)).max() <= 0.5001 / 127 * scale
    assert "edges0" not in page.numbers
    assert page.numbers["edges1"].shape == (5, 150)
    answers = page.scene["answers"]
    some = [i * 200 // 12 for i in range(12)]
    expected = at_each(model, history, lambda: [max(range(10), key=scores.__getitem__) for scores in predict(model, [X[i] for i in some])])
    assert answers["answers"] == expected.tolist()
    assert answers["classes"] == [y[i] for i in some]
    assert [name for name, _ in page.scene["frames"][3]["facts"]] == ["loss", "validation loss"]


@pytest.mark.parametrize(
    ("X", "settings", "size"),
    [
        (np.random.default_rng(0).random((20, 10, 6)), {}, (10, 6)),
        (np.random.default_rng(0).random((20, 1, 40, 70)), {}, (20, 24)),
        (np.random.default_rng(0).random((20, 35)), {"image": (7, 5)}, (7, 5)),
    ],
)
def test_images_of_other_shapes(X: Any, settings: dict[str, Any], size: tuple[int, int]) -> None:
    model = Sequential(Flatten(), Linear(X[0].size, 3, rng=rng()), Tanh(), Linear(3, 2, rng=rng()))
    history = trained(model, X, [i % 2 for i in range(20)], loss=cross_entropy, epochs=2, snapshots=2)
    page = page_of(model, history, **settings)
    assert page.pictures(1).shape == (2, 3, *size)
    assert (page.scene["answers"]["height"], page.scene["answers"]["width"]) == size
    if size == (20, 24):  # each pixel is the mean of 2 × 3
        weights = at_each(model, history, lambda: [[w.data for w in row] for row in model[1].weight]).reshape(2, 3, 20, 2, 70)
        assert np.abs(page.pictures(1)[:, :, :, 0] - weights[..., :3].mean(axis=(3, 4))).max() < 0.01


def test_weights_of_pixels_in_another_order_are_no_image() -> None:
    class Reversed(Module):
        def __call__(self, x: Any) -> Any:
            return list(reversed(x))

    X = np.random.default_rng(0).random((8, 64))
    for first, is_image in ((Reversed(), False), (Tanh(), True)):
        model = Sequential(first, Linear(64, 3, rng=rng()), Tanh(), Linear(3, 2, rng=rng()))
        scene = page_of(model, trained(model, X, [0, 1] * 4, loss=cross_entropy)).scene
        assert ("pictures" in scene["columns"][1]) == is_image
        assert "answers" in scene


def test_a_model_of_a_table() -> None:
    X = [[RNG.random() for _ in range(20)] for _ in range(30)]
    model = MLP(20, [4, 3], rng=rng())
    page = page_of(model, trained(model, X, [i % 3 for i in range(30)], loss=cross_entropy))
    assert page.scene["kind"] == ""
    assert not {"plane", "line", "answers", "tables"} & page.scene.keys()
    assert page.scene["columns"][0]["neurons"][-1] == "x₁₅"
    assert "pictures" not in page.scene["columns"][1]


class Functional(Module):
    def __init__(self) -> None:
        self.first, self.second = Linear(2, 4, rng=rng()), Linear(4, 2, rng=rng())

    def __call__(self, x: Any) -> Any:
        return self.second([relu(z) for z in self.first(x)])


class Convolutional(Module):
    def __init__(self) -> None:
        self.layers = Sequential(Conv2d(1, 2, 3, rng=rng()), ReLU(), Flatten(), Linear(8, 2, rng=rng()))

    def __call__(self, x: Any) -> Any:
        return self.layers(x)


class OfIndices(Module):
    def __init__(self) -> None:
        self.table, self.out = Embedding(5, 3, rng=rng()), Linear(6, 2, rng=rng())

    def __call__(self, x: Any) -> Any:
        first, second = self.table(x)
        return self.out(first + second)


OTHERS = [
    (Residual, POINTS, "plane", "", 22),
    (Functional, POINTS, "plane", "", 22),
    (Convolutional, np.random.default_rng(0).random((10, 1, 4, 4)), "answers", "", 38),
    (OfIndices, [[i % 5, i % 3] for i in range(10)], "", "There is no picture of the plane: an index must be a whole number", 29),
    (Logarithmic, [[0.01, 0.2], [0.9, 0.8]], "", "There is no picture of the plane: log(a) needs a > 0", 6),
]


@pytest.mark.parametrize(("kind", "X", "part", "remark", "count"), OTHERS, ids=[case[0].__name__ for case in OTHERS])
def test_other_models_get_what_there_is(kind: Callable[[], Module], X: Any, part: str, remark: str, count: int) -> None:
    model = kind()
    history = trained(model, X, [i % 2 for i in range(len(X))], loss=cross_entropy)
    page = page_of(model, history)
    assert "columns" not in page.scene
    assert page.scene["remarks"][-1].startswith("The weights are shown as tables, because this model is not a chain of dense layers")
    assert page.scene["remarks"][0].startswith(remark)
    assert {"plane", "answers"} & page.scene.keys() == ({part} if part else set())
    tables = page.scene["tables"]
    assert sum(table["width"] * table["height"] for table in tables) == count == len(model.parameters())
    shown = np.concatenate([page.numbers[table["section"]] * table["scale"] for table in tables], axis=1)
    expected = at_each(model, history, lambda: [p.data for p in model.parameters()])
    assert np.abs(np.sort(shown) - np.sort(expected)).max() < 0.02
    if part == "plane":
        outputs = at_each(model, history, lambda: predict(model, grid_of(page.scene["plane"], 48)))
        sure = np.abs(page.maps().reshape(5, -1)) > 1e-3
        assert (np.sign(page.maps().reshape(5, -1)) == np.sign(outputs[:, :, 1] - outputs[:, :, 0]))[sure].all()


def test_tables_that_are_too_large() -> None:
    model = Sequential(Conv2d(1, 2, 3), Flatten(), Linear(8, 200), Linear(200, 130), Linear(130, 2))
    history = trained(model, np.zeros((4, 1, 4, 4)), [0, 1, 0, 1], loss=cross_entropy, epochs=1)
    page = page_of(model, history)
    assert [table["name"] for table in page.scene["tables"]][-3:] == ["3.bias", "4.weight", "4.bias"]
    assert page.scene["remarks"][-1] == "Too large to be shown: 3.weight."


def test_which_models_are_chains() -> None:
    class Own(Module):
        def __init__(self) -> None:
            self.parts = [Linear(2, 3), (Tanh(), Linear(3, 1))]

    class OtherNeuron(Neuron):
        def __init__(self) -> None:
            self.v = [Value(1.0)]

    for model in (MLP(2, [3, 1]), Linear(2, 1), Layer(2, 3), Neuron(2), Sequential(Sequential(Linear(2, 3), ReLU()), MLP(3, [1])), Own()):
        assert chain_of(model) is not None, model
    assert chain_of(Sequential(Linear(2, 3), LeakyReLU(Value(0.1)), Linear(3, 1))) is not None  # PyTorch's PReLU
    for model in (
        Conv2d(1, 1, 2),
        Sequential(Conv2d(1, 1, 2), Linear(4, 1)),
        Sequential(Linear(2, 3), Linear(4, 1)),
        ReLU(),
        OtherNeuron(),
    ):
        assert chain_of(model) is None, model


# -- the training ----------------------------------------------------------------------------------------------------------


def test_the_loss_and_the_facts() -> None:
    model = MLP(2, [3, 1], "tanh", rng=rng())
    history = trained(model, metrics=["accuracy"], validation=(POINTS[:9], SIDES[:9]))
    scene = page_of(model, history).scene
    assert [frame["epoch"] for frame in scene["frames"]] == [0, 2, 4, 6, 8]
    assert scene["frames"][0]["facts"] == []
    for frame in scene["frames"][1:]:
        facts = dict(frame["facts"])
        assert list(facts) == ["loss", "validation loss", "accuracy", "validation accuracy"]
        assert float(facts["loss"]) == pytest.approx(history.loss[frame["epoch"] - 1], rel=1e-3)
    loss = scene["loss"]
    low, high = min(*history.loss, *history.validation_loss), max(*history.loss, *history.validation_loss)
    (name, points), (other, _) = loss["curves"]
    assert (name, other, loss["log"], loss["epochs"]) == ("training", "validation", False, 8)
    assert [epoch for epoch, _ in points] == list(range(1, 9))
    assert np.allclose([height for _, height in points], (np.array(history.loss) - low) / (high - low), atol=1e-4)


def test_a_long_loss_that_falls_far() -> None:
    model = MLP(2, [1])
    history = trained(model)
    history.loss = [10.0 ** (-i / 200) for i in range(1000)]
    loss = page_of(model, history).scene["loss"]
    ((_, points),) = loss["curves"]
    assert loss["log"]
    assert len(points) == 300
    assert points[0] == [1, 1.0]
    assert points[-1] == [1000, 0.0]
    for epoch, height in points:
        assert height == pytest.approx((1000 - epoch) / 999, abs=2e-4)


def test_patience_is_told() -> None:
    model = MLP(2, [4, 1], "tanh", rng=rng())
    history = trained(model, epochs=60, patience=2, batch_size=7, optimizer=nn.SGD(model.parameters(), lr=0.3))
    assert history.snapshots is not None
    best = history.snapshots.final
    assert page_of(model, history).scene["remarks"] == [f"The training went back to the weights of epoch {best}, which the model has now."]
