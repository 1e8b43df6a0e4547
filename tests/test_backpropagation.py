"""The equations of backpropagation, as the textbooks write them, against the engine."""

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from autograd import Value, paths, sigmoid
from nn import MLP, SGD, Adam, fit, losses
from nn.initialisers import xavier_uniform

RNG = np.random.default_rng(0)


def matrices(model: MLP) -> tuple[list[Any], list[Any]]:
    weights = [np.array([[w.data for w in neuron.w] for neuron in layer.neurons]) for layer in model.layers]
    biases = [np.array([neuron.b.data for neuron in layer.neurons]) for layer in model.layers]
    return weights, biases


def logistic(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


@pytest.mark.seed("D4", "E1", "E2", "E3", "E4", "E5")
@pytest.mark.parametrize("sizes", [[4, 3, 2], [3, 5, 4, 4, 2]])
def test_the_four_equations(sizes: list[int]) -> None:
    """Nielsen's BP1 to BP4, with the quadratic cost ½ ‖y − a‖², on networks of several depths."""
    model = MLP(sizes[0], sizes[1:], "sigmoid", "sigmoid", rng=random.Random(1))
    x, y = RNG.normal(size=sizes[0]), RNG.normal(size=sizes[-1])
    weights, biases = matrices(model)
    activations, inputs = [x], []
    for W, b in zip(weights, biases, strict=True):  # forward: layer by layer, intermediates kept
        inputs.append(W @ activations[-1] + b)
        activations.append(logistic(inputs[-1]))
    slope = [logistic(z) * (1.0 - logistic(z)) for z in inputs]
    deltas = [(activations[-1] - y) * slope[-1]]  # BP1
    for layer in range(len(weights) - 2, -1, -1):
        deltas.insert(0, (weights[layer + 1].T @ deltas[0]) * slope[layer])  # BP2

    before = [p.data for p in model.parameters()]
    cost = losses.quadratic(model(x.tolist()), y.tolist())
    assert [p.data for p in model.parameters()] == before  # no parameter changes on the way
    assert cost.data == pytest.approx(0.5 * float(np.sum((y - activations[-1]) ** 2)), rel=1e-14)
    cost.backward()
    for layer, delta, a in zip(model.layers, deltas, activations, strict=False):
        assert [neuron.b.grad for neuron in layer.neurons] == pytest.approx(delta.tolist(), rel=1e-12)  # BP3
        result = np.array([[w.grad for w in neuron.w] for neuron in layer.neurons])
        assert result == pytest.approx(np.outer(delta, a), rel=1e-12)  # BP4


@pytest.mark.seed("E6", "E7")
def test_two_layers_by_hand() -> None:
    """da2 → dz2 → dw2 → db2 → da1 → dz1 → dw1 → db1, of sigmoids and cross-entropy; means over the samples."""
    samples = [(0.7, 1.0), (-1.3, 0.0), (0.2, 1.0)]
    w1, b1, w2, b2 = (Value(x, label=name) for x, name in ((0.4, "w1"), (-0.1, "b1"), (0.8, "w2"), (0.3, "b2")))
    m = len(samples)
    hand = dict.fromkeys(("dw2", "db2", "dw1", "db1"), 0.0)
    graphs = []
    for x, y in samples:
        z1 = w1 * x + b1
        a1 = sigmoid(z1)
        z2 = w2 * a1 + b2
        a2 = sigmoid(z2)
        loss = losses.binary_cross_entropy(a2, y) / m
        graphs.append((loss, a2, z2, a1, z1))
        da2 = -y / a2.data + (1.0 - y) / (1.0 - a2.data)
        dz2 = a2.data - y
        assert da2 * a2.data * (1.0 - a2.data) == pytest.approx(dz2, rel=1e-14)
        da1 = dz2 * w2.data
        dz1 = da1 * a1.data * (1.0 - a1.data)
        for name, part in (("dw2", dz2 * a1.data), ("db2", dz2), ("dw1", dz1 * x), ("db1", dz1)):
            hand[name] += part / m
        loss.backward()
        assert [node.grad * m for node in (a2, z2, a1, z1)] == pytest.approx([da2, dz2, da1, dz1], rel=1e-12)
    assert [w2.grad, b2.grad, w1.grad, b1.grad] == pytest.approx(list(hand.values()), rel=1e-12)
    assert sum(p.product for loss, *_ in graphs for p in paths(loss, w1)) == pytest.approx(w1.grad, rel=1e-12)  # the sum over paths


@pytest.mark.seed("C2")
def test_xavier_keeps_the_variance_of_signals_and_of_gradients() -> None:
    """With as many inputs as outputs, and tanh near 0, where it is linear."""
    rng = random.Random(0)
    model = MLP(60, [60] * 4, "linear", "linear", rng=rng, initialiser=xavier_uniform)
    out = model([rng.gauss(0.0, 1.0) for _ in range(60)])
    variance = sum(o.data**2 for o in out) / 60
    assert 0.3 < variance < 3.0


@pytest.mark.seed("E8")
def test_a_rate_that_is_too_large_jumps_over_the_minimum_and_one_too_small_needs_longer() -> None:
    def steps(lr: float) -> int:
        x = Value(1.0)
        optimizer = SGD([x], lr=lr)
        for n in range(1000):
            optimizer.zero_grad()
            (x * x).backward()
            optimizer.step()
            if abs(x.data) < 1e-3 or abs(x.data) > 1e6:
                return n if abs(x.data) < 1.0 else -1
        return 1000

    assert steps(1.1) == -1
    assert steps(0.4) < 10 < steps(0.01) < 1000


@pytest.mark.seed("A3", "G4")
def test_layers_are_counted_without_the_input_and_gradients_vanish_layer_by_layer() -> None:
    model = MLP(8, [8] * 6 + [1], "sigmoid", "sigmoid", rng=random.Random(0), initialiser=xavier_uniform)
    assert len(model.layers) == 7
    losses.quadratic(model([0.5] * 8), 0.0).backward()
    sizes = [math.fsum(abs(w.grad) for neuron in layer.neurons for w in neuron.w) / len(layer.neurons) / 8 for layer in model.layers]
    assert all(first < 0.5 * later for first, later in itertools.pairwise(sizes))


@pytest.mark.seed("G5")
def test_one_hidden_layer_approximates_a_function() -> None:
    xs = [[i / 20.0] for i in range(-20, 21)]
    ys = [math.sin(3.0 * x[0]) for x in xs]
    model = MLP(1, [16, 1], "tanh", rng=random.Random(0))
    history = fit(model, xs, ys, loss=losses.mse, optimizer=Adam(model.parameters(), lr=0.02), epochs=400, batch_size=None, progress=False)
    assert history.loss[-1] < 0.03 * history.loss[0]
