"""PyTorch's layers: Linear, Sequential, Dropout, Embedding, Flatten."""

import copy
import math
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile, detect_anomaly, draw, relu, scope
from autograd.errors import InputError, PoleError
from autograd.graph import topological_order
from autograd.ops import LEAF
from autograd.recording import recording
from nn import MLP, Layer, Module
from nn.activations import LeakyReLU, ReLU, Softmax, Tanh
from nn.layers import Dropout, Embedding, Flatten, Linear, Sequential

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
    leaves = [leaf for leaves, _ in recorded.draws for leaf in leaves]
    assert [out._prev[1] for row in outputs for out in row] == leaves
    assert all(leaf._operation is LEAF for leaf in leaves)
    assert {draw.sampler() for _, draw in recorded.draws for _ in range(100)} == {0.0, 1.25}


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
    for result, row in zip(np.array(program(indices)), indices, strict=True):
        assert result.tolist() == [w.data for w in letters.weight[row]]
    with pytest.warns(RuntimeWarning, match="1 of 2 elements are outside"):
        result = np.array(program([3, 27]))
    assert np.isnan(result).tolist() == [[False] * 3, [True] * 3]


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
