"""`diagnose`: each ailment is planted and found, with its number and its place; of healthy networks nothing is said."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, gelu
from nn import MLP, SGD, Adam, Conv2d, Diagnosis, Flatten, Linear, Module, ReLU, RMSprop, Sequential, Tanh, diagnose, fit
from nn.checkup import Finding
from nn.initialisers import Initialiser, constant, he_uniform, normal, xavier_uniform, zeros
from nn.losses import binary_cross_entropy_with_logits, cross_entropy, hinge, mse, quadratic

(X, Y), _ = nn.data.moons(random.Random(0), samples=75)


def only(diagnosis: Diagnosis, ailment: str) -> Finding:
    (finding,) = diagnosis.of_kind(ailment)
    return finding


def mlp(*sizes: int, activation: str = "tanh", initialiser: Initialiser = xavier_uniform, seed: int = 0, **settings: Any) -> MLP:
    return MLP(2, sizes, activation, rng=random.Random(seed), initialiser=initialiser, **settings)


def layer_outputs(model: MLP, layer: int) -> np.ndarray[Any, Any]:
    """Computed without `diagnose`."""
    results = []
    for x in X:
        out: Any = x
        for one in model.layers[: layer + 1]:
            out = one(out)
            out = out if isinstance(out, list) else [out]
        results.append([h.data for h in out])
    return np.array(results)


# -- nothing to say ------------------------------------------------------------------------------------------------------


def test_of_a_healthy_network_nothing_is_said() -> None:
    model = mlp(8, 8, 2)
    optimizer = Adam(model.parameters(), lr=0.02)
    fit(model, X, Y, optimizer=optimizer, epochs=40, rng=random.Random(0), progress=False)
    diagnosis = diagnose(model, X, Y, optimizer=optimizer)
    assert diagnosis.findings == []
    assert diagnosis.healthy
    assert repr(diagnosis).endswith("nothing found")
    assert "nothing found" in diagnosis._repr_html_()


def digits() -> tuple[list[list[float]], list[int]]:
    pytest.importorskip("sklearn")
    (images, classes), _ = nn.data.digits(random.Random(0))
    return images, classes


def test_there_is_no_false_alarm_about_nielsens_network() -> None:
    """That of notebook 8: sigmoids, also at the output, where most are certain, random biases, the quadratic cost, and the rate 3."""
    images, classes = digits()
    rng = random.Random(0)
    model = MLP(64, [30, 10], ["sigmoid", "sigmoid"], rng=rng, initialiser=normal())
    for name, p in model.named_parameters():
        p.data = rng.gauss(0.0, 1.0) if name.endswith(".b") else p.data
    optimizer = SGD(model.parameters(), lr=3.0)
    targets = np.eye(10)[classes].tolist()
    fit(model, images, targets, loss=quadratic, optimizer=optimizer, epochs=6, batch_size=10, rng=random.Random(1), progress=False)
    diagnosis = diagnose(model, images, targets, loss=quadratic, optimizer=optimizer)
    assert diagnosis.healthy
    assert diagnosis.layers[1].flat > 0.3
    assert [finding.ailment for finding in diagnosis.findings] == ["inputs that never vary"]  # black corners
    assert diagnosis.samples == diagnosis.of == len(images)
    assert diagnosis.reason == ""


def test_there_is_no_false_alarm_about_a_convolutional_network() -> None:
    """That of notebook 9."""
    images, classes = digits()
    rng = random.Random(0)
    model = Sequential(
        Conv2d(1, 8, kernel_size=3, rng=rng), Tanh(), nn.MaxPool2d(2), Conv2d(8, 16, kernel_size=2, rng=rng), Tanh(), Flatten(),
        Linear(64, 32, rng=rng), Tanh(), Linear(32, 10, rng=rng),
    )  # fmt: skip
    squares = np.reshape(images, (-1, 1, 8, 8))
    optimizer = Adam(model.parameters(), lr=0.005)
    fit(model, squares, classes, optimizer=optimizer, epochs=4, rng=random.Random(1), progress=False)
    diagnosis = diagnose(model, squares, classes, optimizer=optimizer)
    assert diagnosis.healthy
    assert diagnosis.reason == ""
    assert [row.units for row in diagnosis.layers] == [8, 8, 8, 16, 16, 32, 32, 10]  # channels; Flatten computes nothing


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "elu", "silu", "softplus", "leaky_relu", "sigmoid"])
def test_there_is_no_alarm_about_fresh_networks(activation: str) -> None:
    model = MLP(2, [16, 16, 2], activation, rng=random.Random(2), initialiser=he_uniform if activation == "relu" else xavier_uniform)
    diagnosis = diagnose(model, X, Y, optimizer=SGD(model.parameters(), lr=0.1))
    assert diagnosis.healthy, diagnosis
    assert {finding.ailment for finding in diagnosis.findings} <= {"loss at chance", "dead units"}


def test_there_is_no_alarm_about_fresh_sigmoids_under_the_quadratic_cost() -> None:
    """Ten outputs of about ½, of which one should be 1: that is three times the loss of guessing."""
    targets = np.eye(10)[[i % 10 for i in range(len(X))]].tolist()
    diagnosis = diagnose(MLP(2, [8, 10], ["sigmoid", "sigmoid"], rng=random.Random(0)), X, targets, loss=quadratic, lr=0.5)
    assert diagnosis.loss > 2.5 * diagnosis.chance
    assert diagnosis.healthy, diagnosis


# -- layers --------------------------------------------------------------------------------------------------------------


@pytest.mark.seed("B3")
@pytest.mark.parametrize("activation", ["relu", "gelu", "softplus", "elu", "silu"])
@pytest.mark.parametrize(("count", "severity"), [(1, "note"), (4, "warning"), (8, "serious"), (16, "serious")])
def test_dead_units(activation: str, count: int, severity: str) -> None:
    model = mlp(16, 2, activation=activation, initialiser=normal(0.0, 0.5))
    for neuron in model.layers[0].neurons:
        neuron.b.data = 3.0
    for neuron in model.layers[0].neurons[:count]:
        neuron.b.data = -50.0
    for w in [w for neuron in model.layers[1].neurons for w in neuron.w]:
        w.data *= 0.05
    diagnosis = diagnose(model, X, Y)
    finding = only(diagnosis, "dead units")
    assert finding.severity == severity
    assert (finding.where, finding.neurons, finding.number) == ("layers.0", tuple(range(count)), count / 16)
    assert f"{count} of 16 ({count / 16:.0%}) have no gradient for any of 60 samples" in finding.text
    assert diagnosis.layers[0].stuck == count
    assert diagnosis.healthy == (severity == "note")


def test_a_unit_that_lives_for_one_sample_is_not_dead() -> None:
    model = mlp(4, 2, activation="relu")
    z = layer_outputs(mlp(4, 2, activation="linear"), 0)[:, 0]
    first, second = np.sort(z)[::-1][:2]
    model.layers[0].neurons[0].b.data = -float(first + second) / 2.0
    assert sum(layer_outputs(model, 0)[:, 0] > 0.0) == 1
    assert not diagnose(model, X, Y).of_kind("dead units")
    model.layers[0].neurons[0].b.data = -float(first) - 1e-9
    assert only(diagnose(model, X, Y), "dead units").neurons == (0,)


def test_a_dead_channel_of_a_convolution() -> None:
    rng = random.Random(0)
    images = [[[[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(4)]] for _ in range(20)]
    model = Sequential(Conv2d(1, 3, 2, rng=rng), ReLU(), Flatten(), Linear(27, 2, rng=rng))
    assert model[0].bias is not None
    model[0].bias[1].data = -100.0
    finding = only(diagnose(model, images, [i % 2 for i in range(20)]), "dead units")
    assert (finding.where, finding.neurons, finding.number) == ("layers.1", (1,), 1 / 3)


@pytest.mark.seed("B1", "B2")
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_units(activation: str) -> None:
    model = mlp(16, 2, activation=activation, initialiser=normal(0.0, 30.0))
    diagnosis = diagnose(model, X, Y)
    finding = only(diagnosis, "saturated units")
    h = layer_outputs(model, 0)
    share = float(np.mean(1.0 - h * h < 0.01) if activation == "tanh" else np.mean(h * (1.0 - h) < 0.0025))
    assert share > 0.5
    assert finding.number == diagnosis.layers[0].flat == pytest.approx(share, rel=1e-12)
    assert finding.severity == ("serious" if share >= 0.9 else "warning")
    assert finding.where == "layers.0"
    assert math.isnan(diagnosis.layers[1].flat)  # it has no activation


def test_single_saturated_units() -> None:
    model = mlp(8, 2)
    for neuron in model.layers[0].neurons[:2]:
        neuron.b.data = 20.0
    finding = only(diagnose(model, X, Y), "saturated units")
    assert (finding.severity, finding.neurons, finding.number) == ("warning", (0, 1), 0.25)


@pytest.mark.seed("D1")
def test_outputs_that_are_saturated_and_wrong() -> None:
    """Sure of the wrong answer, an output has no gradient under the quadratic cost. Sure of the right one, nothing is wrong with it."""

    def output(side: float) -> Any:
        model = MLP(1, [1], output_activation="sigmoid")
        model.layers[0].neurons[0].w[0].data = side * 50.0
        return diagnose(model, [[-1.0], [1.0]] * 10, [0.0, 1.0] * 10, loss=mse)

    wrong, right = output(-1.0), output(1.0)
    finding = only(wrong, "saturated units")
    assert (finding.severity, finding.where, finding.number) == ("serious", "layers.0", 1.0)
    assert "leave out the last activation" in finding.advice
    assert right.findings == []


@pytest.mark.seed("G4")
@pytest.mark.parametrize(("depth", "severity"), [(5, None), (7, "warning"), (11, "serious")])
def test_a_gradient_that_vanishes(depth: int, severity: str | None) -> None:
    model = mlp(*[16] * depth, 1, activation="sigmoid")
    diagnosis = diagnose(model, X, Y, loss=binary_cross_entropy_with_logits)
    sizes = gradient_sizes(model, binary_cross_entropy_with_logits)
    assert [row.gradient for row in diagnosis.layers] == pytest.approx(sizes, rel=1e-9)
    if severity is None:
        assert not diagnosis.of_kind("vanishing gradient")
    else:
        finding = only(diagnosis, "vanishing gradient")
        assert (finding.severity, finding.where) == (severity, "layers.0")
        assert finding.number == pytest.approx(sizes[0] / max(sizes), rel=1e-9)


def gradient_sizes(model: MLP, loss: Callable[[Any, Any], Value]) -> list[float]:
    """The root mean square of the norm of the gradient at the outputs of each layer, by `backward`."""
    squares = np.zeros(len(model.layers))
    for x, target in zip(X, Y, strict=True):
        outputs, out = [], x
        for layer in model.layers:
            out = layer(out)
            out = out if isinstance(out, list) else [out]
            outputs.append(out)
        loss(out if len(out) > 1 else out[0], target).backward()
        squares += [sum(h.grad**2 for h in of_layer) for of_layer in outputs]
    model.zero_grad()
    return list(np.sqrt(squares / len(X)))


def test_a_gradient_that_explodes() -> None:
    model = mlp(*[16] * 9, 1, activation="leaky_relu", initialiser=normal(0.0, 1.0))
    diagnosis = diagnose(model, X, Y, loss=hinge_of_classes)
    finding = only(diagnosis, "exploding gradient")
    sizes = gradient_sizes(model, hinge_of_classes)
    assert finding.severity == "serious"
    assert finding.number == pytest.approx(sizes[0] / sizes[-1], rel=1e-9)
    assert finding.number > 1e3


def hinge_of_classes(output: Value, target: Any) -> Value:
    return hinge(output, 2.0 * target - 1.0)


def test_the_gradient_stops_where_weights_are_zero() -> None:
    model = mlp(4, 4, 1)
    for w in model.layers[2].neurons[0].w:
        w.data = 0.0
    finding = only(diagnose(model, X, Y, loss=binary_cross_entropy_with_logits), "vanishing gradient")
    assert finding.number == 0.0
    assert "exactly 0" in finding.text
    assert "look at layers.2" in finding.advice


# -- copies --------------------------------------------------------------------------------------------------------------


@pytest.mark.seed("C3")
@pytest.mark.parametrize("initialiser", [constant(0.5), zeros])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_copies(initialiser: Initialiser, activation: str) -> None:
    model = mlp(5, 1, activation=activation, initialiser=initialiser)
    finding = only(diagnose(model, X, Y, loss=binary_cross_entropy_with_logits), "copies")
    assert (finding.severity, finding.where, finding.neurons, finding.number) == ("serious", "layers.0", (0, 1, 2, 3, 4), 4.0)
    assert "5 neurons do the work of 1" in finding.text


def test_two_copies_among_others() -> None:
    model = mlp(6, 1)
    first, fourth = model.layers[0].neurons[1], model.layers[0].neurons[4]
    for p, q in zip(fourth.parameters(), first.parameters(), strict=True):
        p.data = q.data
    diagnosis = diagnose(model, X, Y, loss=binary_cross_entropy_with_logits)
    assert not diagnosis.of_kind("copies")  # other outgoing weights give other gradients: they part at the first step
    outgoing = model.layers[1].neurons[0].w
    outgoing[4].data = outgoing[1].data
    finding = only(diagnose(model, X, Y, loss=binary_cross_entropy_with_logits), "copies")
    assert (finding.severity, finding.neurons, finding.number) == ("warning", (1, 4), 1.0)


@pytest.mark.parametrize(("neurons", "same", "severity"), [(4, 2, "warning"), (4, 3, "serious"), (5, 2, "warning"), (5, 3, "serious")])
def test_copies_are_serious_where_half_of_the_neurons_are_left(neurons: int, same: int, severity: str) -> None:
    model = mlp(neurons, 1)
    hidden, output = model.layers
    for k in range(1, same):
        for mine, others in zip(hidden.neurons[k].parameters(), hidden.neurons[0].parameters(), strict=True):
            mine.data = others.data
        output.neurons[0].w[k].data = output.neurons[0].w[0].data
    finding = only(diagnose(model, X, Y, loss=binary_cross_entropy_with_logits), "copies")
    assert (finding.severity, finding.number) == (severity, same - 1)


def test_channels_that_are_copies() -> None:
    rng = random.Random(0)
    images = [[[[rng.gauss(0.0, 1.0) for _ in range(3)] for _ in range(3)]] for _ in range(12)]
    model = Sequential(
        Conv2d(1, 2, 2, initialiser=constant(0.1)), Tanh(), nn.AvgPool2d(2), Flatten(), Linear(2, 2, initialiser=constant(0.3))
    )
    finding = only(diagnose(model, images, [i % 2 for i in range(12)]), "copies")
    assert (finding.where, finding.neurons) == ("layers.0", (0, 1))
    assert not diagnose(Sequential(Conv2d(1, 2, 2, rng=rng), Flatten(), Linear(8, 2, rng=rng)), images, [0, 1] * 6).of_kind("copies")


# -- inputs and targets --------------------------------------------------------------------------------------------------


def of_inputs(columns: Callable[[float, float], list[float]], **settings: Any) -> Diagnosis:
    rows = [columns(a, b) for a, b in X]
    return diagnose(MLP(len(rows[0]), [4, 2], "tanh", rng=random.Random(0)), rows, Y, **settings)


def test_inputs_that_never_vary() -> None:
    finding = only(of_inputs(lambda a, b: [a, 3.0, b]), "inputs that never vary")
    assert (finding.severity, finding.where, finding.neurons, finding.number) == ("warning", "inputs", (1,), 1 / 3)
    assert "1 of 3 inputs, 1, is always 3" in finding.text
    finding = only(of_inputs(lambda a, b: [0.0, a, b, 0.0]), "inputs that never vary")
    assert (finding.severity, finding.neurons) == ("note", (0, 3))
    finding = only(of_inputs(lambda a, b: [1.0, 2.0]), "inputs that never vary")
    assert finding.severity == "serious"


@pytest.mark.parametrize("scale", [255.0, 1e6])
def test_inputs_that_are_too_large(scale: float) -> None:
    finding = only(of_inputs(lambda a, b: [a, scale * b]), "inputs badly scaled")
    assert (finding.severity, finding.neurons) == ("warning", (1,))
    assert finding.number == pytest.approx(scale * math.sqrt(np.mean([b * b for _, b in X])))


def test_inputs_that_are_far_from_zero() -> None:
    finding = only(of_inputs(lambda a, b: [a, 2000.0 + b]), "inputs badly scaled")
    assert finding.neurons == (1,)
    assert "with the mean 2e+03" in finding.text


def test_inputs_that_are_too_small() -> None:
    assert only(of_inputs(lambda a, b: [1e-3 * a, 1e-4 * b]), "inputs badly scaled").neurons == (0, 1)
    assert not of_inputs(lambda a, b: [a, 1e-4 * b]).of_kind("inputs badly scaled")


def test_inputs_that_are_not_finite() -> None:
    diagnosis = of_inputs(lambda a, b: [a if a > -0.9 else math.nan, b])
    assert only(diagnosis, "inputs not finite").neurons == (0,)
    assert only(diagnosis, "loss not finite").severity == "serious"
    assert only(diagnosis, "outputs not finite").where == "layers.0"
    assert not diagnosis.healthy


def test_the_indices_of_an_embedding_have_no_scale() -> None:
    class Words(Module):
        def __init__(self) -> None:
            self.table = nn.Embedding(50, 3, rng=random.Random(0))
            self.out = Linear(4, 2, rng=random.Random(1))

        def __call__(self, x: Any) -> Any:
            return self.out([*self.table(x[0]), x[1]])

    rows = [[float(i % 50), 20.0 * (i % 3)] for i in range(60)]
    assert only(diagnose(Words(), rows, Y), "inputs badly scaled").neurons == (1,)


def test_targets_that_never_vary() -> None:
    finding = only(diagnose(mlp(4, 2), X, [1] * len(X)), "targets that never vary")
    assert (finding.severity, finding.text) == ("warning", "all 60 targets are 1")
    assert not diagnose(mlp(4, 2), X[:1], [1]).of_kind("targets that never vary")


# -- the loss ------------------------------------------------------------------------------------------------------------


@pytest.mark.seed("A2")
def test_a_loss_that_stays_at_chance() -> None:
    """A single neuron on XOR: its loss is log 2, and no step along the gradient changes that."""
    corners, xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
    model = MLP(2, [1], initialiser=zeros)
    diagnosis = diagnose(model, corners, xor, loss=binary_cross_entropy_with_logits)
    finding = only(diagnosis, "loss at chance")
    assert (finding.severity, finding.where) == ("serious", "loss")
    assert diagnosis.loss == diagnosis.chance == pytest.approx(math.log(2))
    fresh = only(diagnose(mlp(4, 1, seed=3), corners, xor, loss=binary_cross_entropy_with_logits), "loss at chance")
    assert fresh.severity == "note"


@pytest.mark.parametrize(
    ("loss", "size", "targets", "chance"),
    [
        (cross_entropy, 3, [0] * 10 + [1] * 20 + [2] * 30, -sum(p * math.log(p) for p in (1 / 6, 1 / 3, 1 / 2))),
        (cross_entropy, 3, [[1.0, 0.0, 0.0]] * 20 + [[0.0, 0.5, 0.5]] * 40, math.log(3.0) - 0.0),
        (binary_cross_entropy_with_logits, 1, [0] * 15 + [1] * 45, -sum(p * math.log(p) for p in (0.25, 0.75))),
        (nn.losses.binary_cross_entropy, 1, [0] * 15 + [1] * 45, -sum(p * math.log(p) for p in (0.25, 0.75))),
        (mse, 1, [0.0] * 20 + [3.0] * 40, 2.0),
        (mse, 2, [[0.0, 1.0]] * 20 + [[3.0, 1.0]] * 40, 1.0),
        (nn.losses.mae, 1, [0.0] * 20 + [3.0] * 40, 1.0),
        (hinge, 1, [-1] * 20 + [1] * 40, 2 / 3),
    ],
)
def test_the_loss_of_guessing(loss: Callable[[Any, Any], Value], size: int, targets: list[Any], chance: float) -> None:
    model = MLP(2, [4, size], "tanh", "sigmoid" if loss is nn.losses.binary_cross_entropy else None, rng=random.Random(0))
    assert diagnose(model, X, targets, loss=loss).chance == pytest.approx(chance, rel=1e-6)


def test_a_loss_far_worse_than_guessing() -> None:
    finding = only(diagnose(mlp(8, 2, initialiser=normal(0.0, 10.0)), X, Y), "loss worse than chance")
    assert finding.severity == "warning"
    assert finding.number > 5.0


def test_of_a_loss_of_ones_own_nothing_may_be_known() -> None:
    diagnosis = diagnose(mlp(4, 2), X, [{"class": y} for y in Y], loss=lambda output, target: cross_entropy(output, target["class"]))
    assert math.isfinite(diagnosis.chance) or math.isnan(diagnosis.chance)
    assert math.isfinite(diagnosis.loss)


def test_gelu_is_an_activation_also_as_a_function() -> None:
    model = MLP(2, [6, 2], lambda z: gelu(z), rng=random.Random(0))
    for neuron in model.layers[0].neurons:
        neuron.b.data = -40.0
    assert only(diagnose(model, X, Y), "dead units").number == 1.0


# -- the learning rate ---------------------------------------------------------------------------------------------------


def straight() -> tuple[Linear, list[list[float]], list[list[float]], np.ndarray[Any, Any]]:
    """A linear model under the squared error, whose Hessian is known."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(50, 3)) * [1.0, 2.0, 0.5]
    targets = inputs @ [[1.0], [2.0], [-1.0]] + 0.5
    extended = np.hstack([inputs, np.ones((50, 1))])
    return Linear(3, 1, initialiser=constant(-0.5)), inputs.tolist(), targets.tolist(), 2.0 * extended.T @ extended / 50


def test_the_curvature_is_the_largest_eigenvalue_of_the_hessian() -> None:
    model, inputs, targets, hessian = straight()
    diagnosis = diagnose(model, inputs, targets, loss=mse)
    largest = float(np.linalg.eigvalsh(hessian)[-1])
    assert diagnosis.curvature == pytest.approx(largest, rel=1e-3)
    assert diagnosis.limit is not None
    assert diagnosis.limit.rate == pytest.approx(2.0 / largest, rel=1e-3)
    assert diagnosis.limit.formula == "2/λ"
    assert not any(finding.ailment.startswith("rate") for finding in diagnosis.findings)  # none was given


def grows(step: Callable[[np.ndarray[Any, Any]], None], p: np.ndarray[Any, Any]) -> bool:
    """Whether the parameters leave the minimum at 0."""
    for _ in range(4000):
        step(p)
        if not np.abs(p).max() < 1e6:
            return True
    assert np.abs(p).max() < 1e3
    return False


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"momentum": 0.5}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 3.0}])
def test_the_largest_stable_rate_of_gradient_descent(settings: dict[str, Any]) -> None:
    model, inputs, targets, hessian = straight()
    limit = diagnose(model, inputs, targets, loss=mse, optimizer=SGD(model.parameters(), lr=0.01, **settings)).limit
    assert limit is not None
    for factor in (0.97, 1.03):
        optimizer = SGD([Value(0.0) for _ in range(4)], lr=factor * limit.rate, **settings)

        def step(p: np.ndarray[Any, Any], optimizer: SGD = optimizer) -> None:
            p[:] = optimizer.update(p, hessian @ p)

        assert grows(step, np.ones(4)) == (factor > 1.0), (settings, factor)


def test_the_largest_stable_rate_of_adam_and_rmsprop() -> None:
    """With the scale of the steps held fast, as it is in the formula."""
    model, inputs, targets, hessian = straight()
    for kind in (Adam, RMSprop):
        optimizer = kind(model.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            nn.losses.mean([mse(model(x), y) for x, y in zip(inputs, targets, strict=True)]).backward()
            optimizer.step()
        square: Any = optimizer.square
        corrected = square / (1.0 - 0.999**3) if isinstance(optimizer, Adam) else square
        scale = np.sqrt(corrected) + 1e-8
        limit = diagnose(model, inputs, targets, loss=mse, optimizer=optimizer).limit
        assert limit is not None
        for factor in (0.97, 1.03):
            rate, mean = factor * limit.rate, np.zeros(4)

            def step(
                p: np.ndarray[Any, Any], rate: float = rate, mean: Any = mean, scale: Any = scale, is_adam: bool = kind is Adam
            ) -> None:
                g = hessian @ p
                mean[:] = 0.9 * mean + 0.1 * g if is_adam else g
                p -= rate * mean / scale

            assert grows(step, np.ones(4)) == (factor > 1.0), (kind, factor)


def test_a_rate_that_is_too_high() -> None:
    model, inputs, targets, hessian = straight()
    largest = float(np.linalg.eigvalsh(hessian)[-1])
    diagnosis = diagnose(model, inputs, targets, loss=mse, lr=10.0)
    finding = only(diagnosis, "rate too high")
    assert (finding.severity, finding.where) == ("serious", "learning rate")
    assert finding.number == pytest.approx(10.0 * largest / 2.0, rel=1e-3)
    extended = np.hstack([inputs, np.ones((50, 1))])
    p = np.array([p.data for p in model.parameters()])
    error = extended @ p - np.ravel(targets)
    after = extended @ (p - 10.0 * 2.0 * extended.T @ error / 50) - np.ravel(targets)
    assert finding.text.endswith(f"one step takes the loss from {np.mean(error**2):.3g} to {np.mean(after**2):.3g}")
    assert diagnosis.lr == 10.0
    by_optimizer = diagnose(model, inputs, targets, loss=mse, optimizer=SGD(model.parameters(), lr=10.0))
    assert by_optimizer.findings == diagnosis.findings
    assert not diagnose(model, inputs, targets, loss=mse, lr=1.0 / largest).of_kind("rate too high")


def test_a_rate_that_is_too_low() -> None:
    model, inputs, targets, _ = straight()
    finding = only(diagnose(model, inputs, targets, loss=mse, lr=1e-5), "rate too low")
    assert finding.severity == "warning"
    assert not diagnose(model, inputs, targets, loss=mse, lr=0.01).of_kind("rate too low")
    finding = only(diagnose(model, inputs, targets, loss=mse, optimizer=Adam(model.parameters(), lr=1e-7)), "rate too low")
    size = math.sqrt(np.mean([p.data**2 for p in model.parameters()]))
    assert finding.number == pytest.approx(1e-7 / size)
    assert not diagnose(model, inputs, targets, loss=mse, optimizer=Adam(model.parameters(), lr=1e-3)).of_kind("rate too low")


def test_an_optimizer_of_some_parameters_is_judged_by_their_curvature() -> None:
    model, inputs, targets, hessian = straight()
    diagnosis = diagnose(model, inputs, targets, loss=mse, optimizer=SGD([model.weight[0][0], model.weight[0][2]], lr=0.1))
    assert diagnosis.curvature == pytest.approx(float(np.linalg.eigvalsh(hessian[np.ix_([0, 2], [0, 2])])[-1]), rel=1e-3)


def test_of_an_optimizer_of_ones_own_no_limit_is_known() -> None:
    class Own(nn.optimizers.Optimizer):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            return parameters - self.lr * gradients

    model, inputs, targets, _ = straight()
    diagnosis = diagnose(model, inputs, targets, loss=mse, optimizer=Own(model.parameters(), lr=100.0))
    assert diagnosis.limit is None
    assert diagnosis.curvature > 0.0
    assert not diagnosis.of_kind("rate too high")
