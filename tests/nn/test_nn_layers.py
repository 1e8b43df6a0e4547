"""micrograd's layers: Neuron, Layer, MLP."""

import random
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch_twin import paired, torch_twin

from autograd import Value, dot, relu, softmax
from autograd.errors import InputError
from nn import MLP, Conv2d, Layer, Neuron, batches, data
from nn.activations import ACTIVATIONS, LeakyReLU, ReLU, Softmax
from nn.initialisers import he_uniform, xavier_uniform
from nn.layers import Dropout, Embedding, Linear, Sequential


def test_the_moons_model_has_337_parameters() -> None:
    model = MLP(2, [16, 16, 1])
    names = [name for name, _ in model.named_parameters()]
    assert len(model.parameters()) == len(set(names)) == 337
    assert names[:3] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"]
    assert [p for _, p in model.named_parameters()] == model.parameters()


def test_a_single_output_is_not_in_a_list() -> None:
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert isinstance(Layer(2, 1, "softmax")([1.0, 2.0]), Value)
    assert isinstance(Layer(2, 1, "hardmax")([1.0, 2.0]), Value)
    assert len(Layer(2, 2)([1.0, 2.0])) == 2


def test_a_layer_of_one_neuron_may_stand_inside() -> None:
    outputs = MLP(2, [1, 2])([1.0, 2.0])
    assert [type(out) for out in outputs] == [Value, Value]
    layers = [Layer(2, 1, "tanh", rng=random.Random(0)), Linear(1, 2, rng=random.Random(1)), Layer(2, 1, None, rng=random.Random(2))]
    first, last = layers[1]([layers[0]([1.0, 2.0])])
    assert Sequential(*layers)([1.0, 2.0]).data == layers[2]([first, last]).data


@pytest.mark.parametrize("part", [Neuron, lambda nin, *args, **named: Layer(nin, 3, *args, **named)], ids=["neuron", "layer"])
def test_nonlin(part: Any) -> None:
    def operations(part: Any) -> set[str]:
        outputs = part([1.0, 2.0])
        return {out._op for out in (outputs if isinstance(outputs, list) else [outputs])}

    for made, nonlin, op in [
        (part(2), True, "ReLU"),
        (part(2, nonlin=True), True, "ReLU"),
        (part(2, True), True, "ReLU"),
        (part(2, nonlin=False), False, "+"),
        (part(2, False), False, "+"),
        (part(2, None, nonlin=False), False, "+"),
        (part(2, "tanh", nonlin=True), True, "tanh"),
    ]:
        assert (made.nonlin, operations(made)) == (nonlin, {op})
    changed = part(2, "tanh")
    changed.nonlin = True
    assert operations(changed) == {"tanh"}
    changed.nonlin = False
    assert (changed.nonlin, operations(changed)) == (False, {"+"})
    changed.nonlin = 1
    assert (changed.nonlin, operations(changed)) == (True, {"ReLU"})
    for activation, nonlin in (("tanh", False), (None, True), ("softmax", False)):
        message = f"activation={activation!r} and nonlin={nonlin} contradict each other: leave out nonlin"
        with pytest.raises(InputError, match=message):
            part(2, activation, nonlin=nonlin)
    with pytest.raises(InputError, match="nonlin must be True or False, not 'no'"):
        part(2, nonlin="no")
    with pytest.raises(InputError, match="nonlin must be True or False, not 'no'"):
        changed.nonlin = "no"


def test_nonlin_of_a_layer_with_softmax() -> None:
    layer = Layer(2, 3, "softmax")
    layer.nonlin = True
    assert (layer.nonlin, sum(layer([1.0, 2.0])).data) == (True, pytest.approx(1.0))
    layer.nonlin = False
    assert (layer.nonlin, repr(layer)) == (False, "Layer of [LinearNeuron(2), LinearNeuron(2), LinearNeuron(2)]")
    layer.nonlin = True
    layer.neurons[1].nonlin = False
    assert (layer.nonlin, repr(layer)) == (False, "Layer of [ReLUNeuron(2), LinearNeuron(2), ReLUNeuron(2)]")


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


@pytest.mark.parametrize("kind", ["neuron", "linear"])
def test_what_was_noted_of_the_weights_is_used_only_while_it_holds(kind: str) -> None:
    layer = Linear(2, 1, bias=False) if kind == "linear" else None
    neuron = Neuron(2, None)
    weights = neuron.w if layer is None else layer.weight[0]

    def call() -> Any:
        return neuron([3.0, 4.0])._prev[0] if layer is None else layer([3.0, 4.0])[0]

    def check(*expected: float) -> None:
        z = call()
        assert z._prev[:2] == tuple(weights)
        assert repr(z._slopes) == repr((3.0, 4.0, *expected))  # that repr tells -0.0 from 0.0
        assert z.data == 3.0 * expected[0] + 4.0 * expected[1]

    weights[0].data, weights[1].data = 0.5, -2.0
    check(0.5, -2.0)
    first, again = call(), call()
    weights[1].data = 7.0
    assert first._slopes == again._slopes == (3.0, 4.0, 0.5, -2.0)  # as they were when the node was made
    check(0.5, 7.0)
    weights[0].data = 0.0
    check(0.0, 7.0)
    weights[0].data = -0.0
    check(-0.0, 7.0)
    weights[0] = Value(-0.0)
    check(-0.0, 7.0)
    weights[1] = Value(1e300)
    check(-0.0, 1e300)
    weights[1].data = float("nan")
    assert call().data != call().data
    weights.append(Value(1.0))
    with pytest.raises(InputError, match="not of|takes"):
        call()


def test_linear_may_get_another_output() -> None:
    layer = Linear(2, 1, bias=False)
    layer([1.0, 2.0])
    layer.weight.append([Value(3.0), Value(4.0)])
    assert [out.data for out in layer([1.0, 2.0])][1:] == [11.0]


def test_a_layer_calls_its_neurons_whatever_they_are() -> None:
    class Sum(Neuron):
        def __call__(self, x: Any) -> Value:
            assert len(x) == 2
            assert x[0] is next(iter(x))
            return sum((w * xi for w, xi in zip(self.w, x, strict=True)), self.b)

    layer = Layer(2, 2, None)
    expected = [out.data for out in layer([1.0, 2.0])]
    for i, neuron in enumerate(layer.neurons):
        layer.neurons[i] = Sum(2)
        layer.neurons[i].w, layer.neurons[i].b = neuron.w, neuron.b
    assert [out.data for out in layer([1.0, 2.0])] == expected


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


SAMPLED: list[Any] = [Neuron(2), Layer(2, 3), MLP(2, [3, 1]), Linear(2, 3), Sequential(Linear(2, 3), ReLU())]
"""What takes one sample of two numbers."""


@pytest.mark.parametrize(
    "x", [(1.0, 2.0), np.array([1.0, 2.0]), np.array([1, 2], dtype=np.int8), deque([1, 2]), range(1, 3), [1, Value(2.0)]]
)
def test_a_sample_is_any_sequence_of_numbers_and_values(x: Any) -> None:
    for part in SAMPLED:
        expected = part([1.0, 2.0])
        actual = part(x)
        assert str(actual) == str(expected)


def test_a_sample_may_be_a_tensor_of_pytorch(torch: ModuleType) -> None:
    model = MLP(2, [3, 1])
    assert model(torch.tensor([1.0, 2.0])).data == model([1.0, 2.0]).data


@pytest.mark.parametrize("part", SAMPLED, ids=lambda part: type(part).__name__)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.0], "takes 2 inputs, not 1"),
        ([1.0, 2.0, 3.0], "takes 2 inputs, not 3"),
        ([], "takes 2 inputs, not 0"),
        ([[1.0, 2.0], [3.0, 4.0]], r"one sample, not 2 of them: write predict\(model, X\)"),
        (np.ones((5, 2)), r"one sample, not 5 of them: write predict\(model, X\)"),
        (1.0, r"model\(\[1.0\]\) for one input"),
        (np.float64(1.0), r"model\(\[1.0\]\) for one input"),
        (np.array(1.0), r"model\(\[1.0\]\) for one input"),
        (Value(1.0), r"model\(\[Value"),
        (None, "a list of numbers, not None"),
        ("12", "a list of numbers, not '12'"),
        ({0: 1.0, 1: 2.0}, "a list of numbers, not {0"),
        ([1.0, None], "not a real number: None"),
        (["1", "2"], r"write float\('1'\)"),
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
        lambda: Linear(0, 2),
        lambda: Linear(2, 1.5),  # type: ignore[arg-type]
        lambda: Embedding(0, 2),
        lambda: Embedding(27, -1),
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
    for wrong in ("rleu", 3, ["relu"]):
        message = f"there is no activation {wrong!r}: choose one of linear, relu, leaky_relu, .*, or pass a function"
        with pytest.raises(InputError, match=message.replace("[", "\\[")):
            Neuron(1, wrong)  # type: ignore[arg-type]


def test_a_class_is_no_activation() -> None:
    with pytest.raises(InputError, match=r"not a class: write ReLU\(\) rather than ReLU"):
        MLP(2, [3, 1], ReLU)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_name_is_an_activation_of_a_layer(name: str) -> None:
    logits = [z.data for z in Layer(2, 3, None, rng=random.Random(0))([1.0, -2.0])]
    results = [out.data for out in Layer(2, 3, name, rng=random.Random(0))([1.0, -2.0])]
    function = ACTIVATIONS[name]
    if function is None:
        assert results == logits
    elif name in ("softmax", "log_softmax", "hardmax"):
        assert results == function(logits)
    else:
        assert results == [function(z) for z in logits]


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "hardmax", softmax, Softmax()])
def test_a_neuron_has_no_softmax(activation: Any) -> None:
    with pytest.raises(InputError, match=r"needs all outputs of a layer, and a neuron has one: give it to a layer, as in Layer\("):
        Neuron(2, activation, nout=3)


def test_a_softmax_is_of_the_whole_layer_also_as_function_and_module() -> None:
    expected = MLP(2, [4, 3], "tanh", "softmax", rng=random.Random(0))([1.0, -2.0])
    for activation in (softmax, Softmax()):
        actual = MLP(2, [4, 3], "tanh", activation, rng=random.Random(0))([1.0, -2.0])
        assert [out.data for out in actual] == [out.data for out in expected]
    assert sum(expected).data == pytest.approx(1.0, rel=1e-15)


def test_an_activation_may_be_a_module_with_a_parameter() -> None:
    slope = Value(0.25, label="slope")
    model = MLP(2, [3, 1], LeakyReLU(slope))
    names = [name for name, _ in model.named_parameters()]
    assert len(names) == 3 * 3 + 4 + 1
    assert names[3] == "layers.0.neurons.0.activation.negative_slope"
    assert str(model.layers[0].neurons[0]) == "LeakyReLUNeuron(2)"


def test_an_activation_for_each_layer() -> None:
    model = MLP(2, [4, 3, 2], ["tanh", relu, "softmax"], rng=random.Random(0))
    assert [layer.extra_repr() for layer in model.layers] == ["2, 4, tanh", "4, 3, relu", "3, 2, softmax"]
    assert MLP(2, [3, 1], ("relu", None))([1.0, 2.0])._op == "+"
    with pytest.raises(InputError, match=r"an MLP of 2 layers needs as many activations, not 1: \['relu'\]"):
        MLP(2, [3, 1], ["relu"])
    with pytest.raises(InputError, match=r"one for the last layer too: leave out output_activation='sigmoid'"):
        MLP(2, [3, 1], ["relu", "relu"], "sigmoid")
    with pytest.raises(InputError, match="there is no activation 'rleu'"):
        MLP(2, [3, 1], ["rleu", "relu"])


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


@pytest.mark.parametrize("rng", [0, 42, "seed"])
@pytest.mark.parametrize(
    "make",
    [
        *[lambda rng: MLP(2, [3], rng=rng), lambda rng: Linear(2, 3, rng=rng), lambda rng: Dropout(rng=rng)],
        *[lambda rng: Embedding(2, 3, rng=rng), lambda rng: Conv2d(1, 1, 2, rng=rng)],
        *[data.digits, data.moons, data.circles, data.xor, lambda rng: batches([[0.0]], [0], rng=rng)],
    ],
)
def test_what_is_no_generator(make: Callable[[Any], Any], rng: Any) -> None:
    with pytest.raises(InputError, match=rf"rng must be a generator, not {rng!r}: write rng=random.Random\({rng if rng == 42 else 0}\)"):
        make(rng)


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
