"""Compiled training computes what eager training computes, whatever the model, the loss and the optimizer; and falls back to it."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nn_cases import (
    BITS,
    CLASSES,
    DISTRIBUTIONS,
    EXECUTORS,
    IMAGES,
    NUMBERS,
    ONES,
    PAIRS,
    POINTS,
    SIGNS,
    WORDS,
    Branching,
    Described,
    Gaussian,
    Guarded,
    Joined,
    Letters,
    Trained,
    Turning,
    assert_same,
    likelihood,
    mlp,
    n,
    of_a_part,
    scheduled,
    sgd,
    with_a_temperature,
    with_dropout,
)

from autograd import Value, sigmoid
from autograd.errors import InputError
from autograd.recording import drawn
from nn import (
    SGD,
    AdamW,
    AvgPool2d,
    Conv2d,
    Flatten,
    History,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    RMSprop,
    Sequential,
    Sigmoid,
    Tanh,
    cross_entropy,
    fit,
    losses,
    mse,
)
from nn.engine.compiled_engine import CompiledEngine
from nn.engine.eager_engine import EagerEngine, plain
from nn.engine.samples import Samples, by_sample
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, huber, mae, quadratic

CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "class indices": lambda: {"model": mlp(5, 3), "y": CLASSES},
    "relu": lambda: {"model": mlp(5, 3, activation="relu"), "y": CLASSES},
    "distributions": lambda: {"model": mlp(5, 3), "y": DISTRIBUTIONS},
    "mse of one output": lambda: {"model": mlp(5, 1), "y": NUMBERS, "loss": mse, "metrics": ["r2_score", "mean_absolute_error"]},
    "mse of two": lambda: {"model": mlp(5, 2), "y": PAIRS, "loss": mse, "metrics": ["r2_score"]},
    "quadratic": lambda: {"model": mlp(5, 2, activation="sigmoid"), "y": PAIRS, "loss": quadratic},
    "mae": lambda: {"model": mlp(5, 2), "y": PAIRS, "loss": mae},
    "huber": lambda: {"model": mlp(5, 1), "y": NUMBERS, "loss": lambda output, target: huber(output, target, 0.3)},
    "hinge": lambda: {"model": mlp(5, 1), "y": SIGNS, "loss": hinge},
    "binary cross-entropy": lambda: {"model": mlp(5, 1, output_activation="sigmoid"), "y": BITS, "loss": binary_cross_entropy},
    "binary cross-entropy of two": lambda: {
        "model": Sequential(Linear(3, 2, rng=random.Random(0)), Sigmoid()),
        "y": [[a, 1 - a] for a in BITS],
        "loss": binary_cross_entropy,
    },
    "dropout before a binary cross-entropy": lambda: {
        "model": with_dropout(random.Random(6), Sigmoid()),
        "y": ONES,
        "loss": binary_cross_entropy,
    },
    "dropout of nothing": lambda: {"model": with_dropout(None, Sigmoid(), p=0.0), "y": ONES, "loss": binary_cross_entropy},
    "logits": lambda: {"model": mlp(5, 1), "y": BITS, "loss": binary_cross_entropy_with_logits},
    "momentum": lambda: {**sgd(mlp(5, 3), momentum=0.9, nesterov=True, weight_decay=0.01), "y": CLASSES},
    "clipped by value": lambda: {**sgd(mlp(5, 3), clipvalue=0.05), "y": CLASSES},
    "clipped by norm": lambda: {**sgd(mlp(5, 3), global_clipnorm=0.1), "y": CLASSES},
    "RMSprop": lambda: {"model": (m := mlp(5, 3)), "y": CLASSES, "optimizer": RMSprop(m.parameters(), centered=True)},
    "AdamW": lambda: {"model": (m := mlp(5, 3)), "y": CLASSES, "optimizer": AdamW(m.parameters())},
    "dropout": lambda: {"model": with_dropout(random.Random(6)), "y": CLASSES},
    "dropout that shares the generator": lambda: {"model": with_dropout(r := random.Random(6)), "y": CLASSES, "rng": r},
    "embedding": lambda: {"model": Letters(), "X": WORDS, "y": CLASSES},
    "dicts": lambda: {
        "model": Described(),
        "X": [{"numbers": x, "word": word[0], "more": {"scale": x[2]}} for x, word in zip(POINTS, WORDS, strict=True)],
        "y": CLASSES,
    },
    "convolution": lambda: {
        "model": Sequential(Conv2d(1, 2, 3, rng=random.Random(7)), Tanh(), MaxPool2d(2), Flatten(), Linear(4, 3, rng=random.Random(8))),
        "X": [[image] for image in IMAGES],
        "y": CLASSES,
    },
    "average pool": lambda: {
        "model": Sequential(
            Conv2d(1, 2, (2, 3), padding=1, rng=random.Random(7)), ReLU(), AvgPool2d(3), Flatten(), Linear(8, 3, rng=random.Random(8))
        ),
        "X": [[image] for image in IMAGES],
        "y": CLASSES,
    },
    "l2": lambda: {"model": mlp(5, 3), "y": CLASSES, "penalty": lambda model: losses.l2(model.parameters(), 0.1)},
    "l1 of a layer": lambda: {"model": mlp(5, 3), "y": CLASSES, "penalty": lambda model: losses.l1(model.layers[0].parameters(), 0.1)},
    "schedule": scheduled,
    "validation": lambda: {"model": with_dropout(random.Random(6)), "y": CLASSES, "validation": (POINTS[::2], CLASSES[::2])},
    "a part of the parameters": of_a_part,
    "a parameter in the loss": with_a_temperature,
    "an if": lambda: {"model": Branching(), "y": NUMBERS, "loss": mse},
    "lists that are joined": lambda: {"model": Joined(), "y": NUMBERS, "loss": mse},
    "arrays that would be added": lambda: {"model": Joined(), "X": np.array(POINTS), "y": np.array(NUMBERS), "loss": mse},
    "an if on a parameter": lambda: {
        "model": (m := Turning()),
        "y": [-3.0] * n,
        "loss": mse,
        "optimizer": SGD(m.parameters(), lr=0.05),
        "batch_size": 1,
    },
    "a where": lambda: {"model": Guarded(), "y": NUMBERS, "loss": mse},
    "a dict of outputs": lambda: {"model": Gaussian(), "y": NUMBERS, "loss": likelihood},
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_eager(name: str, executor: str) -> None:
    assert_same(CASES[name], executor)


@pytest.mark.parametrize("batch_size", [1, 5, n - 1, n, 10 * n, None])
@pytest.mark.parametrize("name", ["class indices", "dropout", "an if"])
def test_of_every_batch_size(name: str, batch_size: int | None) -> None:
    assert_same(CASES[name], "numpy", batch_size=batch_size)


def test_other_parameters_stay_as_they_are() -> None:
    for executor in ("eager", "numpy"):
        result = Trained(of_a_part, executor)
        own = [p.data for p in result.model.layers[1].parameters()]
        first = len(result.model.layers[0].parameters())
        assert result.numbers[:first] == result.before[:first]
        assert result.numbers[first : first + len(own)] == own != result.before[first : first + len(own)]
        assert result.numbers[first + len(own) :] == result.before[first + len(own) :]


def test_a_parameter_that_is_changed_between_epochs_is_seen_by_compiled_code() -> None:
    def freeze(model: Module) -> Callable[[History], None]:
        def callback(history: History) -> None:
            for i, p in enumerate(model.parameters()):
                p.data = 0.25 * i

        return callback

    def case() -> dict[str, Any]:
        return {"model": (m := mlp(4, 3)), "y": CLASSES, "callbacks": [freeze(m)]}

    assert_same(case, "numpy", epochs=1)
    assert Trained(case, "numpy", epochs=1).numbers == [0.25 * i for i in range(4 * 4 + 5 * 3)]
    assert_same(lambda: {"model": (m := mlp(4, 3)), "y": CLASSES, "callbacks": [freeze(m)], "epochs": 3}, "numpy")


def test_data_as_lists_and_as_arrays() -> None:
    for X, y in ((POINTS, CLASSES), (np.array(POINTS), np.array(CLASSES)), ([np.array(x) for x in POINTS], tuple(CLASSES))):
        data = Samples(X, y)
        assert len(data) == n
        assert data.lists([3, 1]) == ([POINTS[3], POINTS[1]], [CLASSES[3], CLASSES[1]])
        samples, targets = data.arrays(range(2, 4))
        assert samples.dtype == targets.dtype == np.float64
        assert samples.tolist() == POINTS[2:4]
        assert targets.tolist() == CLASSES[2:4]
    assert Samples(POINTS).lists([0]) == ([POINTS[0]], [])
    assert len(Samples(POINTS).arrays([0])) == 1


def test_an_array_is_not_copied() -> None:
    images = np.zeros((10, 3), np.uint8)
    samples = Samples(images, [0] * 10)
    assert samples.X is images
    samples.arrays([1])
    images[1] = 7
    assert samples.arrays([1])[0].tolist() == [[7.0, 7.0, 7.0]]


@pytest.mark.parametrize("bad", ["1.5", None, 1j, "x", Value(1.0)])
def test_what_only_looks_like_a_number_is_none(bad: Any) -> None:
    """NumPy would make 1.5 of "1.5", and nan of None."""
    with pytest.raises(InputError, match="the samples are not all numbers"):
        Samples([[0.5], [bad]]).arrays([0])
    with pytest.raises(InputError, match="the targets are not all numbers"):
        Samples([[0.5], [0.5]], [0.0, bad]).arrays([0])
    if not isinstance(bad, Value):
        for executor in ("eager", "auto"):
            with pytest.raises(InputError):
                fit(mlp(3), [[0.1, 0.2, bad], [0.1, 0.2, 0.3]], [0, 1], executor=executor, progress=False)


def test_numbers_of_a_tree_of_values() -> None:
    assert plain({"a": [Value(1.0), 2], "b": (Value(3.0),)}) == {"a": [1.0, 2.0], "b": (3.0,)}
    batch = {"a": np.eye(2), "b": (np.array([3.0, 4.0]),)}
    assert by_sample(batch) == [{"a": [1.0, 0.0], "b": (3.0,)}, {"a": [0.0, 1.0], "b": (4.0,)}]


def test_numbers_are_held_between_read_and_write() -> None:
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    engine = CompiledEngine(model, mse, model.parameters())
    p = model.weight[0][0]
    p.data = 2.0
    engine.read()
    engine.update(lambda numbers: numbers + 1.0)
    assert p.data == 2.0
    assert engine.evaluate(Samples([[1.0]], [[0.0]])) == ([9.0], [[3.0]])
    engine.write()
    assert p.data == 3.0
    p.data = 5.0
    engine.write()  # nothing to be written any more
    assert p.data == 5.0
    engine.update(lambda numbers: numbers + 1.0)
    assert p.data == 6.0
    assert engine.evaluate(Samples([[1.0]], [[0.0]])) == ([36.0], [[6.0]])


def test_the_gradient_is_that_of_the_mean() -> None:
    model = mlp(4, 3)
    data = Samples(POINTS, CLASSES)
    for engine in (EagerEngine(model, cross_entropy, model.parameters()), CompiledEngine(model, cross_entropy, model.parameters())):
        result, outputs, gradient = engine.gradient(data, [4, 2, 9])
        model.zero_grad()
        ones = [cross_entropy(model(POINTS[i]), CLASSES[i]) for i in (4, 2, 9)]
        (sum(ones[1:], ones[0]) / 3.0).backward()
        assert result == pytest.approx([one.data for one in ones], rel=1e-14)
        assert [pytest.approx([z.data for z in model(POINTS[i])], rel=1e-14) for i in (4, 2, 9)] == outputs
        assert gradient.tolist() == pytest.approx([p.grad for p in model.parameters()], rel=1e-12, abs=1e-16)


def test_random_numbers_in_model_and_loss_are_drawn_sample_by_sample() -> None:
    def case() -> dict[str, Any]:
        noise = random.Random(1)
        return {
            "model": with_dropout(random.Random(6)),
            "y": CLASSES,
            "loss": lambda logits, target: cross_entropy([z + drawn(noise.random) for z in logits], target),
        }

    assert_same(case, "numpy")
    shared = random.Random(8)

    def one_generator() -> dict[str, Any]:
        shared.seed(8)
        return {
            "model": with_dropout(shared),
            "y": CLASSES,
            "loss": lambda logits, target: cross_entropy([z + drawn(shared.random) for z in logits], target),
        }

    assert_same(one_generator, "numpy")


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_random_numbers_that_are_drawn_together_are_drawn_sample_by_sample(executor: str) -> None:
    def case() -> dict[str, Any]:
        noise = np.random.default_rng(1)
        return {
            "model": with_dropout(random.Random(6)),
            "y": CLASSES,
            "loss": lambda logits, target: cross_entropy(
                [z + 0.1 * e for z, e in zip(logits, drawn(noise.standard_normal, len(logits)), strict=True)], target
            ),
        }

    assert_same(case, executor)


def test_sigmoid_of_a_score() -> None:
    """A loss may be any function."""

    def brier(output: Any, target: Any) -> Value:
        return (sigmoid(output) - target) ** 2

    assert_same(lambda: {"model": mlp(4, 1), "y": BITS, "loss": brier}, "numpy")
