"""Module: parameters, the modules in it, modes, the summary."""

import sys
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import InputError
from nn import MLP, Layer, Module, Neuron, predict
from nn.layers import Dropout, Linear, Sequential


class Scaled(Module):
    """Parameters and modules wherever they may stand."""

    def __init__(self) -> None:
        self.scale = Value(2.0)
        self.parts = {"a": Neuron(1), "b": (Value(1.0), [Value(2.0)])}
        self.again = self.parts["a"]  # shared: counted once
        self.me = self  # no endless search
        self.computed = self.scale * 2.0  # no parameter: a result
        self.about = "text", 3, None

    def __call__(self, x: Any) -> Any:
        return self.scale * self.again(x)  # type: ignore[operator]


def test_a_module_of_your_own() -> None:
    model = Scaled()
    assert [name for name, _ in model.named_parameters()] == ["scale", "parts.a.w.0", "parts.a.b", "parts.b.0", "parts.b.1.0"]
    assert [name for name, _ in model.named_parameters("model")][:2] == ["model.scale", "model.parts.a.w.0"]
    assert len(predict(model, [[1.0], [2.0]])) == 2


def test_parameters_may_stand_in_arrays() -> None:
    model = Module()
    model.W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])  # type: ignore[attr-defined]
    model.scale = np.array(Value(5.0))  # type: ignore[attr-defined]
    model.about = np.zeros(3)  # type: ignore[attr-defined]
    assert model.state_dict() == {"W.0.0": 1.0, "W.0.1": 2.0, "W.1.0": 3.0, "W.1.1": 4.0, "scale": 5.0}


def test_finding_takes_no_call_for_each_parameter() -> None:
    """A compiled function that is given a module looks for its parameters and modules at every call."""
    model, calls = MLP(30, [20, 1]), 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        parameters, modules = list(model.named_parameters()), model.modules()
    finally:
        sys.setprofile(before)
    assert (len(parameters), len(modules)) == (641, 24)
    assert calls < 400


def test_zero_grad() -> None:
    model = MLP(2, [3, 1])
    for expected in (1.0, 2.0):  # gradients add up over several calls
        model([1.0, 2.0]).backward()
        assert model.layers[1].neurons[0].b.grad == expected
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


def test_modules_are_named_and_come_once() -> None:
    model = Scaled()
    assert dict(model.named_modules()) == {"": model, "parts.a": model.again}
    mlp = MLP(2, [2, 1])
    assert [name for name, _ in mlp.named_modules("net")] == [
        *("net", "net.layers.0", "net.layers.0.neurons.0", "net.layers.0.neurons.1", "net.layers.1", "net.layers.1.neurons.0")
    ]
    assert mlp.modules() == [module for _, module in mlp.named_modules()]


def test_train_and_eval_reach_everything_below() -> None:
    dropout = Dropout()
    model = Sequential(Linear(2, 2), Sequential(dropout, MLP(2, [1])))
    assert {module.training for module in model.modules()} == {True}
    assert model.eval() is model
    assert {module.training for module in model.modules()} == {False}
    assert dropout.training is False
    assert model.train() is model
    assert {module.training for module in model.modules()} == {True}
    assert {module.training for module in model.train(False).modules()} == {False}
    assert Dropout().training, "the modes of other modules are their own"


def test_a_module_without_a_constructor_has_a_mode() -> None:
    class Own(Module):
        def __init__(self) -> None:  # which does not call that of Module
            self.dropout = Dropout()

    assert Own().training
    assert Own().eval().dropout.training is False


@pytest.mark.parametrize("mode", [[[0.0, 1.0]], 1, None])
def test_train_is_no_fit(mode: Any) -> None:
    with pytest.raises(InputError, match=r"True or False, not .*: to train a model, write fit\(model, X, y\)"):
        Module().train(mode)


def rows(model: Module) -> list[tuple[str, str, str]]:
    """The lines of the summary between the rules."""
    lines = model.summary().splitlines()
    assert len({len(line) for line in lines}) == 1, "all lines are equally long"
    assert lines[0].split() == ["layer", "description", "parameters"]
    assert lines[-1].split() == ["total", f"{len(model.parameters()):,}"]
    inner = [line.split() for line in lines[2:-2]]
    return [(words[0], " ".join(words[1:-1]), words[-1]) for words in inner]


def test_the_summary_of_a_sequence() -> None:
    model = Sequential(Linear(784, 100), Dropout(0.2), Sequential(Linear(100, 10, bias=False)))
    assert rows(model) == [
        ("layers.0", "Linear(784, 100)", "78,500"),
        ("layers.1", "Dropout(p=0.2)", "0"),
        ("layers.2.layers.0", "Linear(100, 10, bias=False)", "1,000"),
    ]


def test_the_summary_of_a_single_layer() -> None:
    assert rows(Layer(2, 3, "softmax")) == [("(itself)", "Layer(2, 3, softmax)", "9")]
    assert rows(Neuron(2)) == [("(itself)", "Neuron(2, relu)", "3")]


def test_the_summary_counts_each_parameter_once() -> None:
    assert rows(Scaled()) == [("(itself)", "Scaled()", "3"), ("parts.a", "Neuron(1, relu)", "2")]

    class Tied(Module):
        def __init__(self) -> None:
            self.first, self.second = Linear(2, 2), Linear(2, 2)
            self.second.weight = self.first.weight

    assert rows(Tied()) == [("first", "Linear(2, 2)", "6"), ("second", "Linear(2, 2)", "2")]


def test_repr_of_a_module_of_your_own() -> None:
    class Described(Module):
        def extra_repr(self) -> str:
            return "degree=3"

    assert (repr(Module()), repr(Described())) == ("Module()", "Described(degree=3)")
