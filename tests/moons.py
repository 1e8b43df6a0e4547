"""The training step of micrograd's demo, written as there: an MLP 2-16-16-1 on 100 samples, a max-margin loss, L2."""

import random
from collections.abc import Callable
from typing import Any


class Neuron:
    def __init__(self, value: Any, nin: int, nonlin: bool) -> None:
        self.w = [value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = value(0)
        self.nonlin = nonlin

    def __call__(self, x: Any) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.nonlin else act


def moons(value: Any, samples: int = 100, seed: int = 1337) -> tuple[list[Any], Callable[[], Any]]:
    """Parameters, and a function that builds the loss of them."""
    random.seed(seed)
    sizes = [2, 16, 16, 1]
    layers = [[Neuron(value, nin, nout != 1) for _ in range(nout)] for nin, nout in zip(sizes, sizes[1:], strict=False)]
    parameters = [p for layer in layers for neuron in layer for p in (*neuron.w, neuron.b)]
    X = [[random.uniform(-1.5, 2.5), random.uniform(-1.0, 1.5)] for _ in range(samples)]
    y = [random.choice([-1, 1]) for _ in range(samples)]

    def loss() -> Any:
        scores = []
        for row in X:
            out = list(map(value, row))
            for layer in layers:
                out = [neuron(out) for neuron in layer]
            scores.append(out[0])
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in parameters)

    return parameters, loss
