"""Module: parameters, the modules in it, modes, the summary."""

import copy
import pickle
import random
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import FileError, InputError
from nn import MLP, SGD, Layer, Module, Neuron, fit, load, mse, predict, save
from nn.layers import Dropout, Linear, Sequential
from nn.module import attributes


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


# -- slots ----------------------------------------------------------------------------------------------------------------


class Kept(Module):
    """A class with slots only, some of them empty."""

    __slots__ = ("__hidden", "offset", "later", "inner", "dropout")  # noqa: RUF023 - not in the order of the alphabet
    later: Value

    def __init__(self) -> None:
        self.offset = Value(1.0)
        self.inner = [Neuron(1, None, rng=random.Random(0))]
        self.__hidden = Value(2.0)
        self.dropout = Dropout(0.5)

    def __call__(self, x: Any) -> Any:
        return self.inner[0](x) * self.__hidden + self.offset


class Derived(Kept):
    """A class with more slots, and with attributes."""

    __slots__ = "last"  # noqa: PLC0205 - as Python allows

    def __init__(self) -> None:
        self.first = Value(3.0)
        super().__init__()
        self.last = {"a": Value(4.0)}
        self.second = self.first  # shared: counted once


class Mixin:
    __slots__ = ("mixed",)


class Mixed(Mixin, Module):
    __slots__ = iter(["own"])  # of which nothing is left when the class is made

    def __init__(self) -> None:
        self.mixed, self.own = Value(1.0), Value(2.0)


@dataclass(slots=True, eq=False)
class Data(Module):
    slope: Value
    inner: Module


OF_KEPT = ["_Kept__hidden", "inner.0.w.0", "inner.0.b", "offset"]


def names(model: Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def test_parameters_in_slots_are_found() -> None:
    assert names(Kept()) == OF_KEPT
    assert names(Derived()) == ["first", *OF_KEPT, "last.a"]
    assert names(Mixed()) == ["mixed", "own"]
    assert names(Data(Value(1.0), Linear(1, 1))) == ["inner.weight.0.0", "inner.bias.0", "slope"]
    assert names(Sequential(Kept())) == [f"layers.0.{name}" for name in OF_KEPT]
    assert [p.data for p in Derived().parameters()][-1] == 4.0
    model = Kept()
    model.later = Value(5.0)
    assert names(model) == [*OF_KEPT[:3], "later", "offset"]
    del model.offset
    assert names(model) == [*OF_KEPT[:3], "later"]


def test_modules_in_slots_are_found() -> None:
    model = Derived()
    assert [name for name, _ in model.named_modules()] == ["", "dropout", "inner.0"]
    assert model.eval() is model
    assert {module.training for module in model.modules()} == {model.dropout.training} == {False}
    assert model.train().dropout.training
    assert rows(model) == [("(itself)", "Derived()", "4"), ("dropout", "Dropout(p=0.5)", "0"), ("inner.0", "Neuron(1, linear)", "2")]


def test_the_state_in_slots_is_saved(tmp_path: Any) -> None:
    model, other = Derived(), Derived()
    for i, p in enumerate(model.parameters()):
        p.data = float(i)
    other.load_state_dict(model.state_dict())
    assert [p.data for p in other.parameters()] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    save(model, tmp_path / "weights.npz")
    third = Derived()
    load(third, tmp_path / "weights.npz")
    assert third.state_dict() == model.state_dict()
    for same in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same.state_dict() == model.state_dict()
        assert set(same.parameters()).isdisjoint(model.parameters())


@pytest.mark.parametrize("executor", ["eager", "numpy"])
def test_what_is_in_slots_is_trained(executor: str) -> None:
    model = Kept()
    before = model.state_dict()
    fit(model, [[1.0], [2.0]], [1.0, 5.0], loss=mse, optimizer=SGD(model.parameters(), 0.01), epochs=1, executor=executor, progress=False)
    assert all(number != before[name] for name, number in model.state_dict().items())


def test_an_empty_slot_is_left_alone() -> None:
    """The results of `__getattr__` for missing attributes are not parameters."""

    class Answering(Module):
        __slots__ = ("empty", "full")

        def __init__(self) -> None:
            self.full = Value(1.0)

        def __getattr__(self, name: str) -> Any:
            return Value(2.0)

    assert names(Answering()) == ["full"]


def test_a_slot_hides_what_has_its_name() -> None:
    class Hiding(Kept):
        __slots__ = ("offset",)

    model = Hiding()
    vars(model)["inner"] = Value(7.0)  # which cannot be reached as an attribute
    assert names(model) == ["inner.0.w.0", "inner.0.b", "_Kept__hidden", "offset"]
    assert attributes(model)["inner"] is model.inner


def test_a_module_with_forward_is_called_by_it() -> None:
    """As in PyTorch; a `__call__` of its own comes first, also that of a base class."""

    class Line(Module):
        def __init__(self) -> None:
            self.slope = Value(2.0)

        def forward(self, x: Any) -> Any:
            return self.slope * x

    class Both(Line):
        def __call__(self, x: Any) -> Any:
            return 1.0 + self.forward(x)

    class Again(Both):
        def forward(self, x: Any) -> Any:
            return 0.0 * x

    assert Line()(3.0).data == 6.0
    assert Both()(3.0).data == 7.0
    assert Again()(3.0) == 1.0
    assert predict(Line(), [1.0, 2.0]) == [2.0, 4.0]


def test_the_weights_of_pytorch_are_loaded_from_a_file() -> None:
    with pytest.raises(FileError, match=r"write nn.load\(model, path\)"):
        MLP(2, [1]).load_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)})  # type: ignore[dict-item]
