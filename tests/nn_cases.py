"""Models, data, and a comparison of compiled with eager training, for several tests."""

import importlib.util
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, exp, log, where
from autograd.compiled.api import specialisations
from nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    Embedding,
    Linear,
    Module,
    ReLU,
    Sequential,
    cross_entropy,
    fit,
)
from nn.schedules import CosineAnnealingLR

EXECUTORS = ["numpy", pytest.param("native", marks=pytest.mark.skipif(not importlib.util.find_spec("llvmlite"), reason="needs llvmlite"))]

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
    """Draws random numbers without `drawn`."""

    def __init__(self, draw: Callable[[], float], rng: random.Random | None = None) -> None:
        self.w, self.draw, self.rng = Value(1.0), draw, rng or random.Random(0)

    def __call__(self, x: Any) -> Any:
        return self.w * (x[0] + self.draw())


class Turning(Module):
    """Branches on a parameter, with a result that changes in the middle of an epoch."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        z = self.w * (x[0] + 2.0)
        return 2.0 * z if z > 0.0 else 0.5 * z - self.w


class Guarded(Module):
    """A logarithm that is only computed inside its domain."""

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


class Opaque(Module):
    """A model that computes with numbers that leave the graph."""

    def __init__(self, feature: Callable[[Any], Any]) -> None:
        self.feature = feature
        self.out = Linear(3, 3, rng=random.Random(1))

    def __call__(self, x: Any) -> Any:
        return self.out([self.feature(x[0]), *x[1:]])


class Trained:
    """The results of a training."""

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


def recordings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list of the recordings from now on, without those that only check for changes."""
    made: list[Any] = []
    original = specialisations.record_branch

    def record_branch(backend: Any, f: Any, *args: Any) -> Any:
        made.append(f)
        return original(backend, f, *args)

    monkeypatch.setattr(specialisations, "record_branch", record_branch)
    return made
