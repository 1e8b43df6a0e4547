"""Compiled training computes what eager training computes, whatever the model, the loss and the optimizer; and falls back to it."""

import gc
import importlib.util
import math
import pickle
import random
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, exp, log, no_grad, sigmoid, where
from autograd.compiled import function
from autograd.errors import CompileError, DomainError, InputError, PoleError, TrainingError
from autograd.recording import drawn
from autograd.trees import flatten
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    AvgPool2d,
    Conv2d,
    Dropout,
    Embedding,
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
    evaluate,
    fit,
    losses,
    mse,
    predict,
)
from nn.engine.compiled_engine import CHUNK, CompiledEngine
from nn.engine.eager_engine import EagerEngine, plain
from nn.engine.kept_engines import kept_ids
from nn.engine.samples import Samples, by_sample
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, huber, mae, quadratic
from nn.optimizers import Optimizer
from nn.schedules import CosineAnnealingLR

EXECUTORS = ["numpy", pytest.param("native", marks=pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="needs Numba"))]

n = 23
"""Samples; no batch size divides it."""

POINTS = [[math.sin(3.0 * i), math.cos(5.0 * i), (i % 7) / 7.0] for i in range(n)]
CLASSES = [i * i % 3 for i in range(n)]
DISTRIBUTIONS = [[0.7, 0.2, 0.1][-k:] + [0.7, 0.2, 0.1][:-k] for k in CLASSES]
ONES = [[float(k == j) for j in range(3)] for k in CLASSES]
NUMBERS = [x[0] * x[1] - x[2] for x in POINTS]
PAIRS = [[x[0] - 2.0 * x[1], x[1] * x[2]] for x in POINTS]
BITS = [i * 5 % 3 % 2 for i in range(n)]
SIGNS = [2 * bit - 1 for bit in BITS]
WORDS = [[i % 5, i * 3 % 5, i * i % 5] for i in range(n)]
IMAGES = [[[math.sin(i + 2.0 * row + 3.0 * column) for column in range(6)] for row in range(5)] for i in range(n)]


def mlp(*nouts: int, activation: Any = "tanh", output_activation: Any = None, seed: int = 1) -> MLP:
    return MLP(3, nouts, activation, output_activation, rng=random.Random(seed))


def with_dropout(rng: random.Random | None, *activations: Module, p: float = 0.5) -> Sequential:
    weights = random.Random(2)
    return Sequential(Linear(3, 8, rng=weights), ReLU(), Dropout(p, rng), Linear(8, 3, rng=weights), *activations)


class Letters(Module):
    """A bag of words."""

    def __init__(self) -> None:
        rng = random.Random(3)
        self.table, self.out = Embedding(5, 4, rng=rng), Linear(4, 3, rng=rng)

    def __call__(self, x: Any) -> Any:
        return self.out([sum(column[1:], column[0]) for column in zip(*self.table(x), strict=True)])


class Described(Module):
    """A sample is a dict: numbers, a word, and another dict."""

    def __init__(self) -> None:
        self.table, self.out = Embedding(5, 3, rng=random.Random(3)), mlp(4, 3)

    def __call__(self, x: Any) -> Any:
        return self.out([a + b * x["more"]["scale"] for a, b in zip(x["numbers"], self.table(x["word"]), strict=True)])


class Branching(Module):
    """A decision tree of one question, with lines at its leaves."""

    def __init__(self) -> None:
        self.left, self.right = Linear(3, 1, rng=random.Random(4)), Linear(3, 1, rng=random.Random(5))

    def __call__(self, x: Any) -> Any:
        return (self.left(x) if x[0] < 0.1 else self.right(x))[0]


class Joined(Module):
    """Joins lists by +, which would add arrays."""

    def __init__(self) -> None:
        self.inner = Linear(3, 3, rng=random.Random(4))

    def __call__(self, x: Any) -> Any:
        return dot(self.inner(x) + x, (x * 2)[::-1])


class Noisy(Module):
    """Draws random numbers without saying so."""

    def __init__(self, draw: Callable[[], float], rng: random.Random | None = None) -> None:
        self.w, self.draw, self.rng = Value(1.0), draw, rng or random.Random(0)

    def __call__(self, x: Any) -> Any:
        return self.w * (x[0] + self.draw())


class Turning(Module):
    """A question about a parameter, whose answer changes in the middle of an epoch."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        z = self.w * (x[0] + 2.0)
        return 2.0 * z if z > 0.0 else 0.5 * z - self.w


class Guarded(Module):
    """A logarithm that is only asked for where there is one."""

    def __init__(self) -> None:
        self.inner = Linear(3, 1, rng=random.Random(4))

    def __call__(self, x: Any) -> Any:
        z = self.inner(x)[0]
        return where(z > 0.0, lambda: log(z), lambda: z)


class Gaussian(Module):
    """A mean and the logarithm of a variance."""

    def __init__(self) -> None:
        self.body = mlp(4, 2)

    def __call__(self, x: Any) -> Any:
        mean, log_variance = self.body(x)
        return {"mean": mean, "log variance": (log_variance,)}


def likelihood(output: Any, target: Any) -> Value:
    (log_variance,) = output["log variance"]
    return (log_variance + (output["mean"] - target) ** 2 / exp(log_variance)) / 2.0


def sgd(model: Module, **settings: Any) -> dict[str, Any]:
    return {"model": model, "optimizer": SGD(model.parameters(), 0.1, **settings)}


def scheduled() -> dict[str, Any]:
    case = sgd(mlp(4, 3), momentum=0.5)
    return {**case, "y": CLASSES, "schedule": CosineAnnealingLR(case["optimizer"], T_max=2)}


def of_a_part() -> dict[str, Any]:
    model = mlp(4, 4, 3)
    return {"model": model, "y": CLASSES, "optimizer": Adam(model.layers[1].parameters(), lr=0.05)}


def with_a_temperature() -> dict[str, Any]:
    model, temperature = mlp(4, 3), Value(1.5)
    return {
        "model": model,
        "y": CLASSES,
        "loss": lambda logits, target: cross_entropy([z / temperature for z in logits], target),
        "optimizer": SGD([*model.parameters(), temperature], lr=0.1),
    }


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


class Trained:
    """What a training leaves behind."""

    def __init__(self, case: Callable[[], dict[str, Any]], executor: str, **more: Any) -> None:
        random.seed(5)
        np.random.seed(5)
        settings = {"X": POINTS, "epochs": 2, "batch_size": 5, "rng": random.Random(9), **case(), **more}
        self.model = settings["model"]
        self.before = [p.data for p in self.model.parameters()]
        self.history = fit(executor=executor, progress=False, **settings)
        self.numbers = [p.data for p in self.model.parameters()]
        self.curves = {name: curve for name, curve in self.history.curves().items() if name != "seconds"}
        self.generators = [module.rng.getstate() for module in self.model.modules() if hasattr(module, "rng")]
        self.shuffled = settings["rng"].getstate()


def assert_same(case: Callable[[], dict[str, Any]], executor: str, **more: Any) -> None:
    eager, compiled = Trained(case, "eager", **more), Trained(case, executor, **more)
    assert compiled.numbers == pytest.approx(eager.numbers, rel=1e-10, abs=1e-13)
    assert compiled.numbers != compiled.before
    assert list(compiled.curves) == list(eager.curves)
    for name, curve in eager.curves.items():
        assert compiled.curves[name] == pytest.approx(curve, rel=1e-10, abs=1e-13), name
    assert compiled.generators == eager.generators
    assert compiled.shuffled == eager.shuffled


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
        found = Trained(of_a_part, executor)
        own = [p.data for p in found.model.layers[1].parameters()]
        first = len(found.model.layers[0].parameters())
        assert found.numbers[:first] == found.before[:first]
        assert found.numbers[first : first + len(own)] == own != found.before[first : first + len(own)]
        assert found.numbers[first + len(own) :] == found.before[first + len(own) :]


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


# -- what cannot be compiled --------------------------------------------------------------------------------------------


class Opaque(Module):
    """A model that computes with what is no Value's business."""

    def __init__(self, feature: Callable[[Any], Any]) -> None:
        self.feature = feature
        self.out = Linear(3, 3, rng=random.Random(1))

    def __call__(self, x: Any) -> Any:
        return self.out([self.feature(x[0]), *x[1:]])


class Counting(Module):
    """As many steps as the sample needs: up to 100."""

    def __init__(self) -> None:
        self.factor = Value(0.97)

    def __call__(self, x: Any) -> Any:
        z, bound = self.factor * x, 1.0
        for _ in range(100):
            if x < bound:
                break
            z, bound = z * self.factor, bound + 1.0
        return z


def weighted(weights: Any) -> Callable[[Any, Any], Value]:
    return lambda output, target: weights[target] * cross_entropy(output, target)


NOT_COMPILED = {
    "math": (lambda: {"model": Opaque(math.sin), "y": CLASSES}, "autograd.sin"),
    "data": (lambda: {"model": mlp(4, 3, activation=lambda z: z * z.data), "y": CLASSES}, "asked for its .data"),
    "branches": (
        lambda: {"model": Counting(), "X": [float(i) for i in range(100)], "y": [0.5] * 100, "loss": mse, "batch_size": 20},
        "different branches",
    ),
    "lengths": (
        lambda: {"model": Recurrent(), "X": [[0.1] * (1 + i % 4) for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples are of different shapes",
    ),
    "keys": (
        lambda: {"model": Summed(), "X": [dict.fromkeys("ab"[: 1 + i % 2], 0.1) for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples are dicts of different keys",
    ),
    "random": (lambda: {"model": Noisy(random.random), "y": NUMBERS, "loss": mse}, ", which would be the same at every run"),
    "random, NumPy's": (lambda: {"model": Noisy(np.random.standard_normal), "y": NUMBERS, "loss": mse}, ", which would be the same"),
    "random, its own": (
        lambda: {"model": Noisy((rng := random.Random(3)).random, rng), "y": NUMBERS, "loss": mse},
        "which would be the same at every run: draw them by autograd.drawn",
    ),
    "an index": (lambda: {"model": mlp(4, 3), "y": CLASSES, "loss": weighted([1.0, 2.0, 0.5])}, "TypeError: list indices must be"),
    "a key": (lambda: {"model": mlp(4, 3), "y": CLASSES, "loss": weighted({0: 1.0, 1: 2.0, 2: 0.5})}, "asked for its hash"),
    "lengths in a dict": (
        lambda: {"model": Summed(), "X": [{"a": [0.1] * (1 + i % 4)} for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples, at 'a', are of different shapes",
    ),
}


class Summed(Module):
    """Adds whatever is in a dict."""

    def __init__(self) -> None:
        self.w = Value(0.7)

    def __call__(self, x: Any) -> Any:
        return self.w * sum(flatten(x)[0])


class Recurrent(Module):
    """Reads a sequence of any length."""

    def __init__(self) -> None:
        self.w, self.u = Value(0.7), Value(-0.4)

    def __call__(self, x: Any) -> Any:
        state: Any = 0.0
        for number in x:
            state = (self.w * number + self.u * state).tanh()
        return state


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_what_cannot_be_compiled_is_trained_eagerly_and_one_line_says_why(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    case, reason = NOT_COMPILED[name]
    expected = Trained(case, "eager")  # which is no warning, and a warning would be an error
    with pytest.warns(RuntimeWarning, match="^not compiled, which is many times slower: .*executor='eager'") as warned:
        found = Trained(case, "auto")
    assert len(warned) == 1, "of all epochs together"
    assert reason in str(warned[0].message)
    assert warned[0].filename == __file__
    assert found.numbers == pytest.approx(expected.numbers, rel=1e-10)
    assert found.history.loss == pytest.approx(expected.history.loss, rel=1e-10)
    assert found.numbers != found.before
    assert capsys.readouterr().out == ""
    settings = {"X": POINTS, "epochs": 3, **case()}
    fit(**settings)
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if line.startswith("not compiled: ")]
    assert len(said) == 1
    assert reason in said[0]
    assert len(lines) == 4


@pytest.mark.parametrize("name", NOT_COMPILED)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_executor_that_was_asked_for_is_no_wish(name: str, executor: str) -> None:
    case, reason = NOT_COMPILED[name]
    with pytest.raises((CompileError, InputError, TypeError, KeyError), match=reason.split(": ")[-1]):
        Trained(case, executor)


def test_only_the_validation_data_cannot_be_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    model = Recurrent()
    fit(model, [[0.1, 0.2]] * 4, NUMBERS[:4], loss=mse, epochs=2, validation=([[0.5], [0.1, 0.3, 0.2]], [0.1, 0.2]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["not compiled", "epoch 1/2", "epoch 2/2"]
    found = evaluate(model, [[0.5], [0.1, 0.3, 0.2]], [0.1, 0.2], loss=mse)
    assert f"test loss {found['loss']:.4f}" in lines[-1]


def test_there_is_no_such_executor() -> None:
    with pytest.raises(InputError, match="there is no executor 'gpu': choose one of eager, auto, numpy"):
        fit(mlp(3), POINTS, CLASSES, executor="gpu")


# -- errors in compiled code --------------------------------------------------------------------------------------------


class Trail(SGD):
    """Remembers what each step made of the parameters."""

    def __init__(self, parameters: Any, lr: float = 0.1) -> None:
        super().__init__(parameters, lr)
        self.trail = [[p.data for p in self.parameters]]

    def rule(self, parameters: Any, gradients: Any) -> Any:
        new = super().rule(parameters, gradients)
        self.trail.append(new.tolist())
        return new


BACK_ENDS = ["eager", "auto", *EXECUTORS]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_domain_error_names_the_operands_and_the_sample_and_keeps_the_weights(executor: str) -> None:
    model = mlp(3, 1)
    optimizer = Trail(model.parameters())
    targets = [1.0] * n
    targets[17] = -1.0
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        fit(
            model,
            POINTS,
            targets,
            loss=lambda out, target: (out - log(target)) ** 2,
            optimizer=optimizer,
            batch_size=2,
            executor=executor,
            rng=random.Random(5),
            progress=False,
        )
    assert caught.value.__notes__ == ["This was sample 17."]
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_pole_in_the_penalty(executor: str) -> None:
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    optimizer = SGD(model.parameters(), lr=1.0)

    def penalty(model: Any) -> Value:
        w = model.weight[0][0]
        return 1.0 / (w * 0.0 + where(w > 0.5, 1.0, 0.0))

    with pytest.raises(PoleError, match=r"div\(a, b\)|division|1/0|1.0 / 0"):
        fit(
            model,
            [[0.5]] * 2,
            [[0.0]] * 2,
            loss=lambda out, target: out[0],
            optimizer=optimizer,
            batch_size=1,
            penalty=penalty,
            executor=executor,
            progress=False,
        )
    assert model.weight[0][0].data == 0.5


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_loss_that_is_no_number_names_the_sample_and_the_operation(executor: str) -> None:
    model = mlp(3, 1, activation="relu")
    optimizer = Trail(model.parameters())
    samples = [list(x) for x in POINTS]
    samples[11][1] = math.inf
    with pytest.raises(TrainingError, match=r"the loss of sample 11 is (inf|nan) \(.*\): lower the learning rate, or check the data"):
        fit(model, samples, NUMBERS, loss=mse, optimizer=optimizer, batch_size=1, executor=executor, rng=random.Random(1), progress=False)
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_the_operation_is_looked_for_with_the_weights_of_this_step(executor: str) -> None:
    """At first the weight is 1, where nothing overflows."""
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    with pytest.raises(TrainingError, match=r"the loss of sample \d is inf \(.*exp gave inf at"):
        fit(
            model,
            [[1.0]] * 4,
            [0.0] * 4,
            loss=lambda out, target: exp(out[0]),
            optimizer=SGD(model.parameters(), lr=-1.0 / -1e-3),
            penalty=lambda model: -10.0 * model.weight[0][0],
            batch_size=1,
            executor=executor,
            progress=False,
        )


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_gradient_that_is_no_number_names_the_parameter_and_the_sample(executor: str) -> None:
    model = Linear(3, 1, rng=random.Random(0))
    optimizer = Trail(model.parameters())
    samples = [list(x) for x in POINTS]
    samples[4] = [0.0, 0.0, 0.0]
    model.bias[0].data = 0.0
    with pytest.raises(
        TrainingError, match=r"the gradient of weight\.0\.0 is nan by sample 4 \(.*\); the parameters are those before this step"
    ):
        fit(
            model,
            samples,
            NUMBERS,
            loss=lambda out, target: ((out[0] - model.bias[0]) ** 2) ** 0.5,
            optimizer=optimizer,
            batch_size=1,
            executor=executor,
            rng=random.Random(3),
            progress=False,
        )
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_step_that_would_leave_the_numbers_is_not_made(executor: str) -> None:
    class Leaping(Optimizer):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            return np.where(np.arange(len(parameters)) == 2, np.inf, parameters)

    model = mlp(3)
    before = [p.data for p in model.parameters()]
    with pytest.raises(TrainingError, match=r"with this step layers\.0\.neurons\.0\.w\.2 is inf: lower the learning rate"):
        fit(model, POINTS, CLASSES, optimizer=Leaping(model.parameters(), 0.1), executor=executor, progress=False)
    assert [p.data for p in model.parameters()] == before


class Unlucky(Module):
    """Draws a number outside of a domain, once, for the second sample."""

    def __init__(self, *numbers: float) -> None:
        self.w = Value(1.0)
        self.numbers = iter(numbers or (1.0, -1.0))

    def __call__(self, x: Any) -> Any:
        return self.w * x + log(drawn(lambda: next(self.numbers, 1.0)) * self.w)


@pytest.mark.parametrize("executor", ["auto", "numpy", "eager"])
def test_the_numbers_that_were_drawn_are_given_back_to_eager_code_which_finds_the_error(executor: str) -> None:
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        fit(Unlucky(), [0.5] * 4, [1.0] * 4, loss=mse, metrics=[], executor=executor, progress=False)
    assert caught.value.__notes__[0].startswith("This was sample ")


def test_an_operation_that_cannot_be_found_again_is_not_named() -> None:
    """Another number is drawn when it is looked for."""
    for drawn_then, message in (
        (2.0, "is inf: lower the learning rate"),
        (-1.0, "is inf: lower the learning rate"),
        (math.inf, r"is inf \("),
    ):
        model = Unlucky(1.0, math.inf, drawn_then)
        with pytest.raises(TrainingError, match=f"the loss of sample [0-3] {message}"):
            fit(model, [0.5] * 4, [1.0] * 4, loss=mse, batch_size=2, metrics=[], executor="eager", progress=False)


# -- many answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [mlp(5, 3), mlp(4, 1), with_dropout(random.Random(0)), Branching(), Guarded(), Gaussian(), Opaque(math.sin)]
)
def test_the_answers_for_many_samples_are_those_for_each(model: Any) -> None:
    X = [[math.sin(i), math.cos(2.0 * i), i / 1500.0] for i in range(1500)]
    y = [float(i % 3) for i in range(1500)]
    assert len(X) % CHUNK
    modes = [module.training for module in model.modules()]
    many, each = predict(model, X), [out for x in X for out in predict(model, [x])]
    assert [type(out) for out in many] == [type(out) for out in each]
    assert numbers_of(many) == pytest.approx(numbers_of(each), rel=1e-12)
    if not isinstance(model, Gaussian):
        loss = cross_entropy if isinstance(each[0], list) else mse
        found = evaluate(model, X, y, loss=loss, metrics=[])
        some = [evaluate(model, [x], [t], loss=loss, metrics=[])["loss"] for x, t in zip(X, y, strict=True)]
        assert found["loss"] == pytest.approx(math.fsum(some) / 1500, rel=1e-12)
    assert [module.training for module in model.modules()] == modes


def numbers_of(outputs: Any) -> list[float]:
    if isinstance(outputs, dict):
        return numbers_of(list(outputs.values()))
    return [x for out in outputs for x in numbers_of(out)] if isinstance(outputs, (list, tuple)) else [outputs]


SCALE = 2.0


class Changing(Module):
    """A model that depends on many things."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.first, self.activation, self.dropout, self.last = Linear(3, 4, rng=rng), Tanh(), Dropout(0.5, rng), Linear(4, 2, rng=rng)
        self.factor = 1.5
        self.shift = np.array([0.5, -0.5])
        self.settings = {"twice": False, "offset": False}
        with no_grad():
            self.constant = Value(1.0) + 1.0

    def __call__(self, x: Any) -> Any:
        z = self.dropout(self.activation(self.first(x)))
        outputs = self.last(self.activation(z) if self.settings["twice"] else z)
        offset = self.constant if self.settings["offset"] else 0.0
        return [SCALE * self.factor * out + shift + offset for out, shift in zip(outputs, self.shift, strict=True)]


def recordings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is recorded from now on, other than to see whether it has changed."""
    made: list[Any] = []
    original = function.record_branch

    def record_branch(f: Any, *args: Any) -> Any:
        made.append(f)
        return original(f, *args)

    monkeypatch.setattr(function, "record_branch", record_branch)
    return made


MANY = [[math.sin(i), math.cos(i), i / 1000] for i in range(1000)]

CHANGES: dict[str, Callable[[Any], Any]] = {
    "a number": lambda m: setattr(m, "factor", 2.5),
    "an array": lambda m: m.shift.__setitem__(0, 3.0),
    "a setting": lambda m: m.settings.update(twice=True),
    "a layer": lambda m: setattr(m, "last", Linear(4, 2, rng=random.Random(5))),
    "a weight": lambda m: m.first.weight[0].__setitem__(0, Value(9.0)),
    "an activation": lambda m: setattr(m, "activation", ReLU()),
    "a method": lambda m: setattr(type(m.activation), "__call__", lambda self, x: [z * z for z in x]),
    "a global": lambda m: globals().update(SCALE=3.0),
    "the sign of a zero": lambda m: setattr(m, "factor", -0.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_recorded_is_used_again_unless_the_model_has_changed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "__call__", Tanh.__call__)  # put back afterwards, as the global is
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    made, model = recordings(monkeypatch), Changing()
    if name == "the sign of a zero":
        model.factor = 0.0
    before = predict(model, MANY)
    model.first.bias[0].data = 0.25  # a number of a parameter is no change
    assert predict(model, MANY) != before or name == "the sign of a zero"
    assert len(made) == 1
    assert model.training
    CHANGES[name](model)
    found = predict(model, MANY)
    assert len(made) == 2
    model.eval()
    expected = [plain(model(x)) for x in MANY]
    assert np.array(found) == pytest.approx(np.array(expected), rel=1e-12, abs=1e-15)


def test_a_number_that_is_assigned_to_what_was_computed_before_is_seen() -> None:
    model = Changing()
    model.settings["offset"] = True
    first = predict(model, MANY)
    model.constant.data = 5.0
    assert np.array(predict(model, MANY)) == pytest.approx(np.array(first) + 3.0)


def test_losses_and_outputs_are_kept_together(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), mlp(4, 3)
    targets = [i % 3 for i in range(1000)]
    for _ in range(2):
        found = evaluate(model, MANY, targets, loss=lambda output, target: cross_entropy(output, target))
        predict(model, MANY)
    assert len(made) == 2, "functions that record the same are the same"
    other = evaluate(model, MANY, targets, loss=lambda output, target: 2.0 * cross_entropy(output, target))
    assert other["loss"] == pytest.approx(2.0 * found["loss"], rel=1e-14)
    assert len(made) == 3
    numbers, epochs = [], 3

    def measure(history: History) -> None:
        numbers.append(evaluate(model, MANY, targets)["loss"])

    fit(model, MANY, targets, epochs=epochs, callbacks=[measure], executor="eager", progress=False)
    assert len(set(numbers)) == epochs
    assert len(made) == 4, "once for all epochs"


def test_all_branches_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), Branching()
    for _ in range(2):
        assert predict(model, MANY) == pytest.approx([model(x).data for x in MANY], rel=1e-12)
        assert len(made) == 2


def test_of_random_numbers_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), Noisy(lambda: drawn(random.random))
    assert predict(model, MANY) != predict(model, MANY)
    assert len(made) == 2


def test_a_model_goes_with_what_was_recorded_of_it() -> None:
    def used() -> tuple[int, Any]:
        model = mlp(4, 3)
        predict(model, MANY)
        evaluate(model, MANY, [0] * 1000, loss=lambda output, target: cross_entropy(output, target) + losses.l2(model.parameters(), 0.1))
        assert id(model) in kept_ids()
        assert pickle.loads(pickle.dumps(model)).state_dict() == model.state_dict()
        return id(model), weakref.ref(model)

    key, gone = used()
    gc.collect()
    assert gone() is None
    assert key not in kept_ids()


def test_a_wide_model_is_recorded_for_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    made = recordings(monkeypatch)
    narrow, wide = MLP(3, [8, 2], rng=random.Random(0)), MLP(3, [600, 2], rng=random.Random(0))
    predict(narrow, MANY[:999])
    predict(wide, MANY[:99])
    assert not made
    predict(narrow, MANY)
    predict(wide, MANY[:100])
    assert len(made) == 2


def test_an_error_among_many_samples_names_it() -> None:
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    X = [[1.0]] * 1000 + [[-1.0]] + [[1.0]] * 10
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        evaluate(model, X, [0.0] * 1011, loss=lambda out, _: log(out[0]))
    assert caught.value.__notes__ == ["This was sample 1000."]


# -- the parts ----------------------------------------------------------------------------------------------------------


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
    data = Samples(images, [0] * 10)
    assert data.X is images
    data.arrays([1])
    assert all(array is images or array.size == 10 for array in data._arrays)


@pytest.mark.parametrize("bad", ["1.5", None, 1j, "x", Value(1.0)])
def test_what_only_looks_like_a_number_is_none(bad: Any) -> None:
    """NumPy would make 1.5 of "1.5", and nan of None."""
    with pytest.raises(InputError, match="the samples are not all numbers"):
        Samples([[0.5], [bad]]).arrays([0])
    with pytest.raises(InputError, match="the targets are not all numbers"):
        Samples([[0.5], [0.5]], [0.0, bad]).arrays([0])
    if not isinstance(bad, Value):
        for executor in BACK_ENDS[:2]:
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
        found, outputs, gradient = engine.gradient(data, [4, 2, 9])
        model.zero_grad()
        ones = [cross_entropy(model(POINTS[i]), CLASSES[i]) for i in (4, 2, 9)]
        (sum(ones[1:], ones[0]) / 3.0).backward()
        assert found == pytest.approx([one.data for one in ones], rel=1e-14)
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


def test_sigmoid_of_a_score() -> None:
    """A loss may be any function."""

    def brier(output: Any, target: Any) -> Value:
        return (sigmoid(output) - target) ** 2

    assert_same(lambda: {"model": mlp(4, 1), "y": BITS, "loss": brier}, "numpy")
