"""The parameters of a model as tensors, grouped and named as in PyTorch."""

from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import InputError
from nn import ELU, Layer, LeakyReLU, Linear, Module, Neuron, Sequential
from nn.tensors import Tensor, tensors_of


def shapes(model: Module) -> dict[str, tuple[int, ...]]:
    """The shapes, after a check that the tensors hold all parameters, and only these."""
    tensors = tensors_of(model)
    assert {id(value) for tensor in tensors.values() for value in tensor.values} == set(map(id, model.parameters()))
    return {name: tensor.shape for name, tensor in tensors.items()}


def some(count: int) -> list[Value]:
    return [Value(float(i)) for i in range(count)]


class Own(Module):
    W: Any
    all: Any
    child: Any

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __call__(self, x: Any) -> Any:
        return x


def test_nested_lists_of_one_length_are_a_tensor() -> None:
    a, b = some(3), some(3)
    tensors = tensors_of(Own(W=[a, tuple(b)], b=np.array(some(2)), scale=Value(2.0), c=np.array(Value(1.0)), d=[[[Value(0.0)]]]))
    assert tensors["W"] == Tensor((2, 3), [*a, *b])
    assert {name: tensor.shape for name, tensor in tensors.items()} == {"W": (2, 3), "b": (2,), "scale": (), "c": (), "d": (1, 1, 1)}


def test_other_lists_are_named_item_by_item() -> None:
    computed, value = Value(1.0) * 2.0, Value(3.0)
    model = Own(
        ragged=[some(2), some(3)],
        mixed=[Value(1.0), 2.0, None],
        computed=[computed, value],
        by_key={"a": some(2), 3: Linear(1, 1, bias=False)},
        modules=[Neuron(2), [Neuron(1)]],
        nothing=[[], {}, "text", np.zeros(3), computed],
    )
    assert shapes(model) == {
        **{"ragged.0": (2,), "ragged.1": (3,), "mixed.0": (), "computed.1": (), "by_key.a": (2,), "by_key.3.weight": (1, 1)},
        **{"modules.0.weight": (1, 2), "modules.0.bias": (1,), "modules.1.0.weight": (1, 1), "modules.1.0.bias": (1,)},
    }


def test_activations_with_parameters_have_their_own() -> None:
    slope = LeakyReLU(Value(0.1))
    one = {"weight": (2, 3), "bias": (2,)}
    assert shapes(Layer(3, 2, slope)) == {**one, "activation.weight": (1,)}
    assert shapes(Layer(3, 2, ELU(Value(0.1)))) == {**one, "activation.alpha": ()}
    assert shapes(Neuron(3, slope)) == {"weight": (1, 3), "bias": (1,), "activation.weight": (1,)}
    assert shapes(Layer(3, 2, "softmax")) == one
    layer = Layer(3, 2)
    layer.neurons[1].activation = slope
    assert shapes(layer) == {**one, "neurons.1.activation.weight": (1,)}


def test_no_parameter_of_a_changed_layer_is_lost() -> None:
    layer = Layer(3, 2)
    layer.neurons[0].gain, layer.shift = Value(1.0), Value(2.0)  # type: ignore[attr-defined]
    assert shapes(layer) == {"weight": (2, 3), "bias": (2,), "shift": (), "neurons.0.gain": ()}
    del layer.neurons[1].w[2]
    layer.neurons[1].b = layer.neurons[0].b * 2.0
    assert shapes(layer) == {"weight.0": (3,), "weight.1": (2,), "bias.0": (), "shift": (), "neurons.0.gain": ()}

    class Other(Neuron):
        def torch_attributes(self) -> dict[str, Any]:
            return {"all": [*self.w, self.b]}

    layer.neurons[0] = Other(3)
    assert shapes(layer) == {"neurons.0.all": (4,), "neurons.1.weight": (1, 2), "shift": ()}
    layer.neurons.clear()
    assert shapes(layer) == {"shift": ()}


def test_a_tensor_that_is_shared_has_each_of_its_names() -> None:
    linear = Linear(2, 3, bias=False)
    assert shapes(Own(a=linear, b=[linear], c=linear.weight)) == {"a.weight": (3, 2), "b.0.weight": (3, 2), "c": (3, 2)}


def test_a_module_that_refers_to_itself_comes_once() -> None:
    parent = Own(child=Own(w=some(2)), v=Value(1.0))
    parent.child.parent = parent
    assert shapes(parent) == {"child.w": (2,), "v": ()}
    parts = [Own(w=some(1)) for _ in range(30)]
    for part in parts:
        part.all = list(parts)  # by each path to each of them there would be a name
    assert list(shapes(Own(parts=parts)).values()) == [(1,)] * 30


def test_names_that_a_class_gives_itself() -> None:
    class Numbered(Own):
        def named_parameters(self, prefix: str = "") -> Any:
            return ((f"p{i}", value) for i, value in enumerate(self.W))

    model = Numbered(W=some(2))
    assert tensors_of(model) == {"p0": Tensor((), [model.W[0]]), "p1": Tensor((), [model.W[1]])}


def test_a_parameter_that_is_left_out_is_named() -> None:
    class Forgetful(Linear):
        def torch_attributes(self) -> dict[str, Any]:
            return {"weight": self.weight}

    with pytest.raises(
        InputError, match=r"leaves out the parameter 'layers.0.bias.0': begin with super\(\).torch_attributes\(\), and rename$"
    ):
        tensors_of(Sequential(Forgetful(2, 2)))
