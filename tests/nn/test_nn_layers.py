"""Neuron, Layer, MLP, Linear, Sequential, Dropout, Embedding, Flatten."""

import copy
import math
import pickle
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch_twin import paired, torch_twin

from autograd import Value, compile, detect_anomaly, dot, draw, grad, log, relu, scope, softmax
from autograd.errors import InputError, PoleError
from autograd.graph import topological_order
from autograd.ops import LEAF
from autograd.recording import recording
from nn import MLP, SGD, Adam, Conv2d, Layer, Module, Neuron, batches, data, fit, mse, predict
from nn.activations import ACTIVATIONS, LeakyReLU, ReLU, Softmax, Tanh
from nn.initialisers import he_uniform, xavier_uniform
from nn.layers import Dropout, Embedding, Flatten, Linear, Sequential
from nn.losses import binary_cross_entropy


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
        found = part(x)
        assert str(found) == str(expected)


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
    found = [out.data for out in Layer(2, 3, name, rng=random.Random(0))([1.0, -2.0])]
    function = ACTIVATIONS[name]
    if function is None:
        assert found == logits
    elif name in ("softmax", "log_softmax", "hardmax"):
        assert found == function(logits)
    else:
        assert found == [function(z) for z in logits]


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "hardmax", softmax, Softmax()])
def test_a_neuron_has_no_softmax(activation: Any) -> None:
    with pytest.raises(InputError, match=r"needs all outputs of a layer, and a neuron has one: give it to a layer, as in Layer\("):
        Neuron(2, activation, nout=3)


def test_a_softmax_is_of_the_whole_layer_also_as_function_and_module() -> None:
    expected = MLP(2, [4, 3], "tanh", "softmax", rng=random.Random(0))([1.0, -2.0])
    for activation in (softmax, Softmax()):
        found = MLP(2, [4, 3], "tanh", activation, rng=random.Random(0))([1.0, -2.0])
        assert [out.data for out in found] == [out.data for out in expected]
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


# -- Linear, Sequential -------------------------------------------------------------------------------------------------


def test_linear_is_its_formula() -> None:
    layer = Linear(3, 2, rng=random.Random(0))
    assert [name for name, _ in layer.named_parameters()] == [
        *(f"weight.{i}.{j}" for i in range(2) for j in range(3)),
        *("bias.0", "bias.1"),
    ]
    assert [p.label for p in layer.parameters()][2:4] == ["weight[0][2]", "weight[1][0]"]
    x = [1.0, -2.0, 0.5]
    W, b = np.array([[w.data for w in row] for row in layer.weight]), np.array([0.25, -0.5])
    assert layer.bias is not None
    assert [p.data for p in layer.bias] == [0.0, 0.0]
    for p, number in zip(layer.bias, b, strict=True):
        p.data = number
    assert [out.data for out in layer(x)] == pytest.approx(W @ x + b, rel=1e-14)


def test_each_output_of_linear_is_one_dot_of_shared_inputs() -> None:
    first, second = Linear(2, 2, bias=False)([1.0, 2.0])
    assert first._op == second._op == "dot"
    assert first._prev[2:] == second._prev[2:]
    assert [out._op for out in Linear(2, 2)([1.0, 2.0])] == ["+", "+"]


def test_linear_draws_what_a_layer_draws() -> None:
    linear, layer = Linear(3, 2, rng=random.Random(5)), Layer(3, 2, "linear", rng=random.Random(5))
    assert [[w.data for w in row] for row in linear.weight] == [[w.data for w in neuron.w] for neuron in layer.neurons]
    assert [out.data for out in linear([1.0, 2.0, 3.0])] == [out.data for out in layer([1.0, 2.0, 3.0])]


def test_sequential_agrees_with_pytorch(torch: ModuleType) -> None:
    ours = Sequential(Linear(3, 5, rng=random.Random(0)), LeakyReLU(0.1), Linear(5, 2, bias=False, rng=random.Random(1)), Softmax())
    nn = torch.nn
    theirs = nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(0.1), nn.Linear(5, 2, bias=False), nn.Softmax(dim=-1)).double()
    with torch.no_grad():
        for i in (0, 2):
            theirs[i].weight.copy_(torch.tensor([[w.data for w in row] for row in ours[i].weight], dtype=torch.float64))  # type: ignore[attr-defined]
        theirs[0].bias.zero_()
    x = [Value(0.3), Value(-1.2), Value(0.7)]
    twin = torch.tensor([v.data for v in x], dtype=torch.float64, requires_grad=True)
    outputs, expected = ours(x), theirs(twin)
    outputs[0].backward()
    expected[0].backward()
    assert [out.data for out in outputs] == pytest.approx(expected.tolist(), rel=1e-14)
    assert [v.grad for v in x] == pytest.approx(twin.grad.tolist(), rel=1e-12)
    gradients = [g for p in theirs.parameters() for g in p.grad.flatten().tolist()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(gradients, rel=1e-12)


def test_a_sequence_of_modules() -> None:
    parts: list[Module] = [Linear(2, 3), ReLU(), Linear(3, 1)]
    model = Sequential(*parts)
    assert (len(model), list(model), model[1], model[-1]) == (3, parts, parts[1], parts[2])
    assert isinstance(model[:2], Sequential)
    assert list(model[:2]) == parts[:2]
    assert repr(model) == "Sequential(Linear(2, 3), ReLU(), Linear(3, 1))"
    assert [type(out) for out in model([1.0, 2.0])] == [Value], "a list of one: only an MLP takes it out"
    assert Sequential()(3.0) == 3.0
    with pytest.raises(IndexError):
        model[3]


@pytest.mark.parametrize("wrong", [relu, "relu", [ReLU()], ReLU, Module()])
def test_what_is_no_sequence_of_modules(wrong: Any) -> None:
    with pytest.raises(
        InputError, match=r"Sequential takes modules, one after the other, as in Sequential\(Linear\(2, 3\), ReLU\(\)\), not "
    ):
        Sequential(Linear(2, 2), wrong)


def test_models_can_be_copied_and_pickled() -> None:
    model = Sequential(Linear(2, 3), LeakyReLU(0.2), Dropout(0.5), MLP(3, [2, 2], "gelu", "softmax"))
    model([1.0, 2.0])
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.state_dict() == model.state_dict()
        assert not set(other.parameters()) & set(model.parameters())
        assert [out.data for out in other([1.0, 2.0])] == [out.data for out in copy.deepcopy(model)([1.0, 2.0])]


# -- Dropout ------------------------------------------------------------------------------------------------------------


@pytest.mark.seed("D5")
def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    dropped = Dropout(0.25, rng=random.Random(0))([3.0] * 10_000)
    assert set(dropped) == {0.0, 4.0}
    share = dropped.count(0.0) / 10_000
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / 10_000) ** 0.5


def test_dropout_passes_gradients_where_it_passes_values() -> None:
    x = [Value(1.0) for _ in range(50)]
    outputs = Dropout(0.5, rng=random.Random(1))(x)
    sum(outputs).backward()
    assert [v.grad for v in x] == [out.data for out in outputs]
    assert {v.grad for v in x} == {0.0, 2.0}


def test_dropout_draws_anew_at_each_call_repeatably() -> None:
    dropout = Dropout(0.5, rng=random.Random(3))
    masks = [dropout([1.0] * 20) for _ in range(2)]
    assert masks[0] != masks[1]
    again = Dropout(0.5, rng=random.Random(3))
    assert masks == [again([1.0] * 20) for _ in range(2)]
    random.seed(7)
    first = Dropout()([1.0] * 20)
    random.seed(7)
    assert Dropout()([1.0] * 20) == first


def test_dropout_on_nested_lists_single_values_and_not_at_all() -> None:
    nested = Dropout(0.5, rng=random.Random(0))([[1.0, 2.0], [[3.0]], Value(1.0)])
    assert [len(nested), len(nested[0]), len(nested[1][0])] == [3, 2, 1]
    assert type(nested[2]) is Value
    assert Dropout(0)([1.0, 2.0]) == [1.0, 2.0]
    x = [Value(1.0)]
    assert Dropout(0.5).eval()(x) is x


def test_a_recorded_mask_is_drawn_anew_by_its_sampler() -> None:
    dropout = Dropout(0.2, rng=random.Random(0))
    with recording() as recorded:
        outputs = dropout([[Value(1.0), Value(2.0)], [Value(3.0)]])
    leaves = [leaf for leaf, _ in recorded.draws]
    assert [out._prev[1] for row in outputs for out in row] == leaves
    assert all(leaf._operation is LEAF for leaf in leaves)
    assert {sampler() for _, sampler in recorded.draws for _ in range(100)} == {0.0, 1.25}


def test_a_compiled_mask_differs_from_sample_to_sample_and_from_run_to_run() -> None:
    dropout = Dropout(0.5, rng=random.Random(0))
    program = compile(lambda x: dropout([x] * 20))
    first, second = np.array(program(np.ones(30))), np.array(program(np.ones(30)))
    assert set(first.flatten()) == set(second.flatten()) == {0.0, 2.0}
    assert (first != second).any()
    assert first.shape == (30, 20)
    assert len({tuple(mask) for mask in first}) == 30


@pytest.mark.parametrize("p", [1.0, -0.1, 2, float("nan")])
def test_what_is_no_probability(p: float) -> None:
    with pytest.raises(InputError, match=f"p must be a probability of at least 0 and less than 1, not {p}"):
        Dropout(p)


def test_dropout_of_what_is_no_number() -> None:
    with pytest.raises(InputError, match="a string is not a number: '1'"):
        Dropout()(["1"])


# -- scopes ---------------------------------------------------------------------------------------------------------------


def scopes(root: Value) -> set[str]:
    return {node.scope for node in topological_order(root) if node._prev}  # type: ignore[attr-defined]


def test_within_a_scope_layers_and_neurons_have_scopes() -> None:
    model = MLP(2, [2, 1], rng=random.Random(0))
    with scope("model"):
        framed = model([1.0, -2.0])
    assert scopes(framed) == {"model/layer0/neuron0", "model/layer0/neuron1", "model/layer1/neuron0"}
    assert framed.data == model([1.0, -2.0]).data
    picture = str(draw(framed))
    assert [picture.count(f"label={name} ") for name in ("model", "layer0", "layer1", "neuron0", "neuron1")] == [1, 1, 1, 2, 1]
    with scope("net"):
        (out,) = Sequential(Linear(2, 2), Tanh(), Sequential(Linear(2, 1)))([1.0, -2.0])
    assert scopes(out) == {"net/linear0", "net/tanh1", "net/sequential2/linear0"}
    assert {p.label for p in model.parameters()} == {"w0", "w1", "b"}


def test_without_a_scope_there_are_none() -> None:
    model = MLP(2, [2, 1], rng=random.Random(0))
    assert scopes(model([1.0, -2.0])) == {""}
    with detect_anomaly():
        assert scopes(model([1.0, -2.0])) == {""}
    with scope("here"), ThreadPoolExecutor() as pool:
        assert scopes(pool.submit(model, [1.0, -2.0]).result()) == {""}, "the scope is another thread's"


# -- Embedding, Flatten -------------------------------------------------------------------------------------------------


def test_an_embedding_is_a_table() -> None:
    letters = Embedding(27, 3, rng=random.Random(0))
    assert len(letters.parameters()) == 81
    assert letters(5) == letters.weight[5]
    assert letters(5) is not letters.weight[5], "what is done to the answer must not change the table"
    assert letters([5, 0, 5]) == [letters.weight[5], letters.weight[0], letters.weight[5]]
    assert letters(np.array([[1, 2], [3, 26]])) == [[letters.weight[1], letters.weight[2]], [letters.weight[3], letters.weight[26]]]
    assert letters(np.int64(7)) == letters.weight[7]
    assert letters([]) == []


@pytest.mark.parametrize("index", [2.0, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array(2), Fraction(2)])
def test_an_index_may_be_a_float(index: Any) -> None:
    """As compiled code has it, where all numbers are floats."""
    letters = Embedding(3, 2, rng=random.Random(0))
    assert letters(index) == letters.weight[2]
    assert letters([index, 0]) == [letters.weight[2], letters.weight[0]]


@pytest.mark.parametrize(("index", "row"), [(True, 1), (np.False_, 0), (0.0, 0), (-0.0, 0)])
def test_what_else_is_an_index(index: Any, row: int) -> None:
    letters = Embedding(2, 2, rng=random.Random(0))
    assert letters(index) == letters.weight[row]
    assert [v.data for v in letters(Value(index))] == [w.data for w in letters.weight[row]]


def test_only_the_vector_that_was_used_gets_a_gradient() -> None:
    letters = Embedding(4, 2)
    sum(letters(2)).backward()
    assert [[w.grad for w in row] for row in letters.weight] == [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "index", [1.5, 26.5, -0.5, -1.0, 27.0, math.nan, math.inf, -math.inf, "1", None, -1, 27, 10**30, 10**400, [0, 27], np.array([0.0, 0.5])]
)
def test_what_is_no_index(index: Any) -> None:
    with pytest.raises(InputError, match=r"an index must be a whole number from 0 to 26, not "):
        Embedding(27, 2)(index)


def test_an_index_may_be_a_value() -> None:
    letters = Embedding(4, 2, rng=random.Random(0))
    for row in range(4):
        letters.zero_grad()
        selected = letters(Value(row))
        assert [v.data for v in selected] == [w.data for w in letters.weight[row]]
        sum(selected).backward()
        assert [[w.grad for w in weights] for weights in letters.weight] == [[float(i == row)] * 2 for i in range(4)]
    for wrong in (-1.0, 1.5, 4.0, float("nan")):
        with pytest.raises(PoleError, match="how many indices from 0 to 3 this is"):
            letters(Value(wrong))


def test_vectors_start_standard_normal() -> None:
    numbers = [w.data for w in Embedding(100, 100, rng=random.Random(0)).parameters()]
    assert abs(np.mean(numbers)) < 4 / 100
    assert abs(np.var(numbers) - 1.0) < 4 * 2**0.5 / 100


def test_compiled_an_index_is_looked_up_at_each_run() -> None:
    letters = Embedding(27, 3, rng=random.Random(0))
    program = compile(lambda index: letters(index), in_axes=(0,))
    indices = [5, 0, 26, 5]
    for found, row in zip(np.array(program(indices)), indices, strict=True):
        assert found.tolist() == [w.data for w in letters.weight[row]]
    with pytest.warns(RuntimeWarning, match="1 of 2 elements are outside"):
        found = np.array(program([3, 27]))
    assert np.isnan(found).tolist() == [[False] * 3, [True] * 3]


def test_letters_into_a_network() -> None:
    model = Sequential(Embedding(27, 2), Flatten(), Linear(6, 4))
    assert len(model([5, 13, 13])) == 4
    assert len(model.parameters()) == 27 * 2 + 28
    assert repr(model) == "Sequential(Embedding(27, 2), Flatten(), Linear(6, 4))"


def test_flatten() -> None:
    a, b = Value(1.0), Value(2.0)
    assert Flatten()([[[a], [b]], [[3.0], (4.0,)]]) == [a, b, 3.0, 4.0]
    assert Flatten()(np.arange(8.0).reshape(2, 2, 2)) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert Flatten()(5.0) == [5.0]


# -- what networks can and cannot do ------------------------------------------------------------------------------------


@pytest.mark.seed("A1")
def test_a_neuron_with_one_input_is_a_line_and_learns_one() -> None:
    """Prices of houses, by area, in 100,000 and 100 m²: what lies on a line is met exactly."""
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
    found = predict(model, corners)
    assert all(0.0 < p < 1.0 for p in found)
    assert [round(p) for p in found] == answers


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
