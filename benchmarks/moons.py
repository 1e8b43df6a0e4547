"""The training step of micrograd's demo, in the same code: an MLP 2-16-16-1 on 100 samples, a max-margin loss, L2."""

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

SIZES = [2, 16, 16, 1]


def numbers(samples: int = 100, seed: int = 1337) -> tuple[Iterator[float], list[list[float]], list[int]]:
    """Weights, inputs and targets: the same for every engine."""
    rng = random.Random(seed)
    weights = iter([rng.uniform(-1, 1) for nin, nout in pairwise(SIZES) for _ in range(nin * nout)])
    X = [[rng.uniform(-1.5, 2.5), rng.uniform(-1.0, 1.5)] for _ in range(samples)]
    return weights, X, [rng.choice([-1, 1]) for _ in range(samples)]


class Neuron:
    """micrograd's neuron."""

    def __init__(self, value: Any, weights: Iterator[float], nin: int, nonlin: bool) -> None:
        self.w = [value(next(weights)) for _ in range(nin)]
        self.b = value(0)
        self.nonlin = nonlin

    def __call__(self, x: Any) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.nonlin else act


def moons(value: Any, samples: int = 100, given: Callable[[float], Any] | None = None) -> tuple[list[Any], Callable[[], Any]]:
    """Parameters, and a function that builds their loss, with the Value of any engine. `given` makes an input, by default a Value."""
    given = given or value
    weights, X, y = numbers(samples)
    layers = [[Neuron(value, weights, nin, nout != 1) for _ in range(nout)] for nin, nout in pairwise(SIZES)]
    parameters = [p for layer in layers for neuron in layer for p in (*neuron.w, neuron.b)]

    def loss() -> Any:
        scores = []
        for row in X:
            out = list(map(given, row))
            for layer in layers:
                out = [neuron(out) for neuron in layer]
            scores.append(out[0])
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in parameters)

    return parameters, loss


def moons_mlp(nn: Any, samples: int = 100) -> tuple[list[Any], Callable[[], Any]]:
    """The same with an `nn.MLP`, each of whose neurons is a single dot."""
    weights, X, y = numbers(samples)
    model = nn.MLP(2, SIZES[1:])
    for p in model.parameters():
        p.data = 0.0 if p.label == "b" else next(weights)
    parameters = model.parameters()

    def loss() -> Any:
        losses = [(1 + -yi * model(xi)).relu() for xi, yi in zip(X, y, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * nn.losses.dot(parameters, parameters)

    return parameters, loss
