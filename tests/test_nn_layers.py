"""Module, Neuron, Layer, MLP and the initialisers."""

import random
from collections import deque
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch_twin import paired, torch_twin

from autograd import Value, dot, relu
from autograd.errors import InputError
from nn import MLP, Layer, Module, Neuron, predict
from nn.initialisers import he_uniform, xavier_uniform


def test_the_moons_model_has_337_parameters() -> None:
    model = MLP(2, [16, 16, 1])
    names = [name for name, _ in model.named_parameters()]
    assert len(model.parameters()) == len(set(names)) == 337
    assert names[:3] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"]
    assert [p for _, p in model.named_parameters()] == model.parameters()


def test_a_single_output_is_not_in_a_list() -> None:
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert len(Layer(2, 1)([1.0, 2.0])) == 1  # a layer's always are, or the next one could not take them


def test_a_layer_of_one_neuron_may_stand_inside() -> None:
    outputs = MLP(2, [1, 2])([1.0, 2.0])
    assert [type(out) for out in outputs] == [Value, Value]


def test_a_neuron_is_its_formula() -> None:
    neuron = Neuron(3, "tanh", rng=random.Random(0))
    x = [1.0, -2.0, 0.5]
    neuron.b.data = 0.3
    z = dot(neuron.w, x) + neuron.b
    out = neuron(x)
    assert out.data == z.tanh().data
    out.backward()
    assert [w.grad for w in neuron.w] == pytest.approx([(1.0 - out.data**2) * xi for xi in x], rel=1e-14)
    assert neuron.b.grad == pytest.approx(1.0 - out.data**2, rel=1e-14)


def test_a_neurons_weighted_sum_is_one_node() -> None:
    z, b = Neuron(3, "linear")([1.0, 2.0, 3.0])._prev
    assert z._op == "dot"
    assert b.label == "b"


def test_the_neurons_of_a_layer_share_their_inputs() -> None:
    outputs = Layer(2, 3, "linear")([1.0, 2.0])
    inputs = [out._prev[0]._prev[2:] for out in outputs]
    assert inputs[0] == inputs[1] == inputs[2]


def test_outputs_and_gradients_are_those_of_pytorch(torch: ModuleType) -> None:
    model = MLP(3, [5, 4, 2], "tanh", "sigmoid", rng=random.Random(1))
    twin = torch_twin(torch, model, "Tanh", "Sigmoid")
    x = [0.3, -1.2, 0.7]
    expected = twin(torch.tensor(x, dtype=torch.float64))
    expected.sum().backward()
    outputs = model(x)
    sum(outputs).backward()
    assert [out.data for out in outputs] == pytest.approx(expected.tolist(), rel=1e-14)
    ours, theirs = paired(model, twin, "grad")
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    "x", [(1.0, 2.0), np.array([1.0, 2.0]), np.array([1, 2], dtype=np.int8), deque([1, 2]), range(1, 3), [1, Value(2.0)]]
)
def test_a_sample_is_any_sequence_of_numbers_and_values(x: Any) -> None:
    for part in (Neuron(2), Layer(2, 3), MLP(2, [3, 1])):
        expected = part([1.0, 2.0])
        found = part(x)
        assert str(found) == str(expected)


def test_a_sample_may_be_a_tensor_of_pytorch(torch: ModuleType) -> None:
    model = MLP(2, [3, 1])
    assert model(torch.tensor([1.0, 2.0])).data == model([1.0, 2.0]).data


@pytest.mark.parametrize("part", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=lambda part: type(part).__name__)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.0], "takes 2 inputs, not 1"),
        ([1.0, 2.0, 3.0], "takes 2 inputs, not 3"),
        ([], "takes 2 inputs, not 0"),
        ([[1.0, 2.0], [3.0, 4.0]], r"one sample, not 2 of them: write predict\(model, X\)"),
        (np.ones((5, 2)), r"one sample, not 5 of them: write predict\(model, X\)"),
        (1.0, r"write model\(\[1.0\]\)"),
        (np.float64(1.0), r"write model\(\[1.0\]\)"),
        (np.array(1.0), r"write model\(\[1.0\]\)"),
        (Value(1.0), r"write model\(\[Value"),
        (None, "a list of numbers, not None"),
        ("12", "a list of numbers, not '12'"),
        ({0: 1.0, 1: 2.0}, "a list of numbers, not {0"),
        ([1.0, None], "not a real number: None"),
        ([1.0, 2j], "complex"),
    ],
)
def test_what_is_no_sample(part: Any, x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        part(x)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MLP(2, []),
        lambda: MLP(2, 16),  # type: ignore[arg-type]
        lambda: MLP(2, [16, 0]),
        lambda: MLP(0, [16]),
        lambda: MLP(2, [1.5]),  # type: ignore[list-item]
        lambda: Layer(2, 0),
        lambda: Layer(-1, 2),
        lambda: Neuron(0),
        lambda: Neuron("2"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_size(make: Any) -> None:
    with pytest.raises(InputError, match=r"whole number of at least 1|needs the sizes of its layers"):
        make()


def test_sizes_may_be_numpy_integers() -> None:
    assert len(MLP(np.int64(2), np.array([16, 16, 1])).parameters()) == 337  # type: ignore[arg-type]


def test_activations_by_name_and_as_functions() -> None:
    assert Neuron(1, "linear")([1.0])._op == Neuron(1, None)([1.0])._op == "+"
    assert [Neuron(1, name)([1.0])._op for name in ("relu", "tanh", "sigmoid")] == ["ReLU", "tanh", "sigmoid"]
    assert Neuron(1, relu)([1.0])._op == "ReLU"
    assert Neuron(1, lambda z: z**2)([1.0])._op == "**2"
    for wrong in ("rleu", 3):
        with pytest.raises(InputError, match="choose one of linear, relu, tanh, sigmoid"):
            Neuron(1, wrong)  # type: ignore[arg-type]


def test_the_last_layer_is_linear_unless_said_otherwise() -> None:
    assert [str(layer.neurons[0]) for layer in MLP(2, [3, 1], "tanh").layers] == ["TanhNeuron(2)", "LinearNeuron(3)"]
    assert MLP(2, [3, 1], output_activation="sigmoid")([1.0, 2.0])._op == "sigmoid"


def test_repr() -> None:
    assert repr(MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"


def test_seeds_repeat() -> None:
    def weights(seed: int, own: bool) -> list[float]:
        random.seed(seed)
        model = MLP(2, [3, 1], rng=random.Random(seed) if own else None)
        return [p.data for p in model.parameters()]

    for own in (True, False):
        assert weights(1, own) == weights(1, own) != weights(2, own)


def test_a_generator_of_its_own_leaves_the_global_one_alone() -> None:
    random.seed(0)
    expected = random.random()
    random.seed(0)
    MLP(2, [3, 1], rng=random.Random(1))
    assert random.random() == expected


@pytest.mark.parametrize(("initialiser", "bound"), [(he_uniform, (6 / 50) ** 0.5), (xavier_uniform, (6 / 70) ** 0.5)])
def test_initial_weights_fill_their_range_and_biases_are_0(initialiser: Any, bound: float) -> None:
    layer = Layer(50, 20, rng=random.Random(0), initialiser=initialiser)
    weights = [w.data for neuron in layer.neurons for w in neuron.w]
    assert 0.99 * bound < max(weights) <= bound
    assert -bound <= min(weights) < -0.99 * bound
    assert abs(sum(weights) / len(weights)) < 0.05 * bound
    assert len(set(weights)) == 1000
    assert all(neuron.b.data == 0.0 for neuron in layer.neurons)


def test_zero_grad() -> None:
    model = MLP(2, [3, 1])
    for expected in (1.0, 2.0):  # gradients add up over several calls
        model([1.0, 2.0]).backward()
        assert model.layers[1].neurons[0].b.grad == expected
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


def test_a_module_of_your_own() -> None:
    class Twice(Module):
        def __init__(self) -> None:
            self.scale = Value(2.0)
            self.parts = {"a": Neuron(1), "b": (Value(1.0), [Value(2.0)])}
            self.again = self.parts["a"]  # shared: counted once
            self.me = self  # no endless search
            self.computed = self.scale * 2.0  # no parameter: a result
            self.about = "text", 3, None

        def __call__(self, x: Any) -> Any:
            return self.scale * self.again(x)

    model = Twice()
    assert [name for name, _ in model.named_parameters()] == ["scale", "parts.a.w.0", "parts.a.b", "parts.b.0", "parts.b.1.0"]
    assert [name for name, _ in model.again.named_parameters("again")] == ["again.w.0", "again.b"]
    assert len(predict(model, [[1.0], [2.0]])) == 2
