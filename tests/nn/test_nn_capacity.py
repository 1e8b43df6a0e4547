"""What networks can and cannot do."""

import random

import numpy as np
import pytest

from autograd import grad, log
from nn import MLP, SGD, Adam, Neuron, fit, mse, predict
from nn.activations import LeakyReLU, ReLU
from nn.losses import binary_cross_entropy


@pytest.mark.seed("A1")
def test_a_neuron_with_one_input_is_a_line_and_learns_one() -> None:
    """House prices in 100,000 by area in 100 m²: a line through points on a line is exact."""
    price = Neuron(1, None, rng=random.Random(0))
    areas = [[0.5], [0.8], [1.5]]
    prices = [3.0 * x + 0.5 for (x,) in areas]
    w, b = (p.data for p in price.parameters())
    assert [price(x).data for x in areas] == [w * x + b for (x,) in areas]
    fit(price, areas, prices, loss=mse, optimizer=SGD(price.parameters(), lr=0.4), epochs=1000, batch_size=None, progress=False)
    assert [p.data for p in price.parameters()] == pytest.approx([3.0, 0.5], rel=1e-9)


@pytest.mark.seed("A2")
def test_a_neuron_with_a_sigmoid_is_logistic_regression() -> None:
    neuron = Neuron(2, "sigmoid", rng=random.Random(0))
    x, y = [0.7, -1.1], 1.0
    p = neuron(x)
    z = neuron.w[0].data * x[0] + neuron.w[1].data * x[1]
    assert p.data == pytest.approx(1.0 / (1.0 + np.exp(-z)), rel=1e-14)
    (-log(p)).backward()
    assert [w.grad for w in neuron.w] == pytest.approx([(p.data - y) * xi for xi in x], rel=1e-13)


@pytest.mark.seed("A2")
def test_a_single_layer_is_linear_so_no_neuron_learns_xor() -> None:
    """Of a linear score, s(0, 0) + s(1, 1) = s(0, 1) + s(1, 0): the two pairs cannot lie on different sides of 0."""
    for seed in range(20):
        neuron = Neuron(2, "linear", rng=random.Random(seed))
        neuron.b.data = random.Random(seed).uniform(-1, 1)
        s = {(a, b): neuron([a, b]).data for a in (0, 1) for b in (0, 1)}
        assert s[0, 0] + s[1, 1] == pytest.approx(s[0, 1] + s[1, 0], abs=1e-14)


@pytest.mark.seed("A4")
def test_two_hidden_lines_and_an_intersection_separate_xor() -> None:
    """P1 says x1 + x2 > 1/2, P2 says x1 + x2 < 3/2, and the output is 1 where both do."""
    model = MLP(2, [2, 1], "sigmoid", "sigmoid")
    steep = 100.0
    for p, number in zip(model.parameters(), [1, 1, -0.5, -1, -1, 1.5, 1, 1, -1.5], strict=True):
        p.data = steep * number
    assert [round(model([a, b]).data) for a in (0, 1) for b in (0, 1)] == [0, 1, 1, 0]
    rng = random.Random(0)
    for _ in range(200):
        x = [rng.uniform(-1, 2), rng.uniform(-1, 2)]
        if min(abs(sum(x) - line) for line in (0.5, 1.5)) > 0.1:
            p1, p2 = (neuron(x).data > 0.5 for neuron in model.layers[0].neurons)
            assert (p1, p2) == (sum(x) > 0.5, sum(x) < 1.5)
            assert (model(x).data > 0.5) == (p1 and p2)


@pytest.mark.seed("A3")
def test_layers_are_counted_without_the_inputs() -> None:
    assert len(MLP(2, [16, 16, 1]).layers) == 3


@pytest.mark.seed("B7")
def test_a_deep_linear_network_is_one_linear_layer() -> None:
    deep = MLP(3, [5, 4, 2], "linear", rng=random.Random(0))
    rng = random.Random(1)
    for layer in deep.layers:
        for neuron in layer.neurons:
            neuron.b.data = rng.uniform(-1, 1)
    W, b = np.eye(3), np.zeros(3)
    for layer in deep.layers:
        own = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
        W, b = own @ W, own @ b + [neuron.b.data for neuron in layer.neurons]
    for _ in range(5):
        x = [rng.uniform(-2, 2) for _ in range(3)]
        assert [out.data for out in deep(x)] == pytest.approx(W @ x + b, rel=1e-12)


@pytest.mark.seed("B7")
def test_a_deep_linear_network_with_a_sigmoid_is_logistic_regression() -> None:
    deep, single = MLP(2, [3, 1], "linear", "sigmoid", rng=random.Random(0)), Neuron(2, "sigmoid")
    hidden, (last,) = (layer.neurons for layer in deep.layers)
    for k, w in enumerate(single.w):
        w.data = sum(v.data * neuron.w[k].data for v, neuron in zip(last.w, hidden, strict=True))
    for x in ([0.5, -1.0], [3.0, 2.0]):
        assert deep(x).data == pytest.approx(single(x).data, rel=1e-14)


@pytest.mark.seed("B8")
def test_relus_and_a_sigmoid_at_the_end_answer_0_or_1() -> None:
    model = MLP(2, [8, 1], output_activation="sigmoid", rng=random.Random(0))
    assert [layer.extra_repr() for layer in model.layers] == ["2, 8, relu", "8, 1, sigmoid"], "ReLUs unless said otherwise"
    corners, answers = [[a, b] for a in (0, 1) for b in (0, 1)], [0, 1, 1, 0]
    optimizer = Adam(model.parameters(), lr=0.1)
    fit(model, corners, answers, loss=binary_cross_entropy, optimizer=optimizer, epochs=100, batch_size=None, progress=False)
    result = predict(model, corners)
    assert all(0.0 < p < 1.0 for p in result)
    assert [round(p) for p in result] == answers


@pytest.mark.seed("C3")
def test_equal_weights_stay_equal_for_ever() -> None:
    model = MLP(2, [3, 1], "tanh", initialiser=lambda nin, nout, rng: 0.3)
    hidden = model.layers[0].neurons
    start = hidden[0].w[0].data
    for _ in range(10):
        model.zero_grad()
        sum((model(x) - y) ** 2 for x, y in (([1.0, -0.5], 1.0), ([0.2, 2.0], -1.0))).backward()
        gradients = [[p.grad for p in neuron.parameters()] for neuron in hidden]
        assert gradients[0] == gradients[1] == gradients[2] != [0.0, 0.0, 0.0]
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    assert len({tuple(p.data for p in neuron.parameters()) for neuron in hidden}) == 1
    assert hidden[0].w[0].data != start


@pytest.mark.seed("B3", "B4")
def test_relu_and_leaky_relu_are_their_formulas() -> None:
    for z in (-2.0, -0.5, 0.5, 3.0):
        assert (ReLU()(z), grad(ReLU())(z)) == (max(0.0, z), float(z > 0.0))
        assert (LeakyReLU(0.1)(z), grad(LeakyReLU(0.1))(z)) == (z if z > 0.0 else 0.1 * z, 1.0 if z > 0.0 else 0.1)


@pytest.mark.seed("B3", "B4")
def test_a_relu_neuron_can_die_and_a_leaky_one_cannot() -> None:
    X = [[random.Random(i).uniform(-1, 1) for _ in range(2)] for i in range(20)]
    gradients = {}
    for activation in ("relu", "leaky_relu"):
        neuron = Neuron(2, activation, rng=random.Random(0))
        neuron.b.data = -100.0
        sum((neuron(x) - 1.0) ** 2 for x in X).backward()
        gradients[activation] = [p.grad for p in neuron.parameters()]
    assert gradients["relu"] == [0.0, 0.0, 0.0]
    assert all(g != 0.0 for g in gradients["leaky_relu"])
