"""micrograd's demo: the same lines, the same weights, the same figures, as a plain engine gives them that is written down here."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import MLP, initialisers


class Number:
    """A number with a gradient: what it was computed from, and the derivative with respect to each."""

    __slots__ = ("data", "grad", "parts")

    def __init__(self, data: float, *parts: tuple["Number", float]) -> None:
        self.data, self.grad, self.parts = float(data), 0.0, parts

    def __add__(self, other: Any) -> "Number":
        b = other if isinstance(other, Number) else Number(other)
        return Number(self.data + b.data, (self, 1.0), (b, 1.0))

    def __mul__(self, other: Any) -> "Number":
        b = other if isinstance(other, Number) else Number(other)
        return Number(self.data * b.data, (self, b.data), (b, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def relu(self) -> "Number":
        return Number(max(self.data, 0.0), (self, float(self.data > 0.0)))

    def backward(self) -> None:
        order: list[Number] = []
        seen: set[int] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack += [(node, True), *[(x, False) for x, _ in node.parts]]
        self.grad = 1.0
        for node in reversed(order):
            for x, slope in node.parts:
                x.grad += slope * node.grad


class Network:
    """Neurons in layers, each with its weights drawn one by one and a bias of 0; ReLU but in the last layer."""

    def __init__(self, sizes: list[int]) -> None:
        self.layers = [[([Number(random.uniform(-1, 1)) for _ in range(n)], Number(0.0)) for _ in range(m)] for n, m in pairwise(sizes)]

    def parameters(self) -> list[Number]:
        return [p for layer in self.layers for w, b in layer for p in (*w, b)]

    def __call__(self, x: list[Number]) -> Number:
        for k, layer in enumerate(self.layers):
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = z if k == len(self.layers) - 1 else [zi.relu() for zi in z]
        return x[0]


def demo(value: Any, make: Callable[[], Any], steps: int) -> tuple[list[float], list[float]]:
    """The demo: an SVM on two moons, with the kind of value and the network of one engine. Losses and accuracies of each step."""
    from sklearn.datasets import make_moons

    np.random.seed(1337)
    random.seed(1337)
    X, y = make_moons(n_samples=100, noise=0.1)
    y = y * 2 - 1
    model = make()
    losses, accuracies = [], []
    for k in range(steps):
        inputs = [list(map(value, row)) for row in X]
        scores = list(map(model, inputs))
        each = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(each) * (1.0 / len(each))
        alpha = 1e-4
        total = data_loss + alpha * sum(p * p for p in model.parameters())
        for p in model.parameters():
            p.grad = 0
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        losses.append(total.data)
        accuracies.append(sum((yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)) / len(y))
    return losses, accuracies


def ours() -> MLP:
    return MLP(2, [16, 16, 1], initialiser=initialisers.uniform(-1, 1))


def test_the_weights_are_those_of_micrograd() -> None:
    random.seed(1337)
    theirs, after = [p.data for p in Network([2, 16, 16, 1]).parameters()], random.random()
    random.seed(1337)
    assert [p.data for p in ours().parameters()] == theirs
    assert random.random() == after, "as many numbers were drawn"


def same(steps: int) -> float:
    """Check that both engines give the same figures. Returns the last accuracy."""
    losses, accuracies = demo(Value, ours, steps)
    expected, fractions = demo(Number, lambda: Network([2, 16, 16, 1]), steps)
    assert losses == pytest.approx(expected, rel=0.0, abs=1e-9)
    assert accuracies == fractions
    return accuracies[-1]


def test_the_demo_has_the_figures_of_micrograd() -> None:
    same(4)


@pytest.mark.slow
def test_the_whole_demo_has_the_figures_of_micrograd() -> None:
    assert same(100) == 1.0
