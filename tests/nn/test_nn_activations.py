"""Activations by name and as modules: values, gradients, what they may be applied to."""

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, derivative, elu, gelu, leaky_relu
from autograd.errors import InputError
from nn.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    VECTORWISE,
    Elementwise,
    Hardmax,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    Vectorwise,
    activation_named,
    name_of,
    title_of,
)
from nn.module import Module

MODULES: dict[str, Module] = {
    "linear": Identity(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "gelu": GELU(),
    "silu": SiLU(),
    "tanh": Tanh(),
    "sigmoid": Sigmoid(),
    "softplus": Softplus(),
    "softmax": Softmax(),
    "log_softmax": LogSoftmax(),
    "hardmax": Hardmax(),
}
POINTS = [-3.0, -0.5, 0.0, 0.25, 2.0, 30.0]
OF_ONE_NUMBER = [name for name, module in MODULES.items() if isinstance(module, (Elementwise, Identity))]
TORCH: list[tuple[Any, str]] = [
    *[(module, f"{type(module).__name__}()") for name, module in MODULES.items() if name not in ("softmax", "log_softmax", "hardmax")],
    (LeakyReLU(0.2), "LeakyReLU(0.2)"),
    (ELU(1.5), "ELU(1.5)"),
    (GELU("tanh"), "GELU(approximate='tanh')"),
    (Softmax(), "Softmax(dim=-1)"),
    (LogSoftmax(), "LogSoftmax(dim=-1)"),
]


def test_every_name_has_a_module() -> None:
    assert list(MODULES) == list(ACTIVATIONS)
    assert [ACTIVATIONS[name] for name, module in MODULES.items() if isinstance(module, Vectorwise)] == list(VECTORWISE)


@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_the_module_is_the_function_of_its_name(name: str) -> None:
    module: Any = MODULES[name]
    function = activation_named(name) or float
    expected = [function(z) for z in POINTS]
    assert module(POINTS) == expected
    assert [module(z) for z in POINTS] == expected


@pytest.mark.parametrize(("module", "theirs"), TORCH, ids=[text for _, text in TORCH])
def test_values_and_gradients_are_those_of_pytorch(torch: ModuleType, module: Any, theirs: str) -> None:
    x = [Value(z) for z in POINTS if z != 0.0 or isinstance(module, Vectorwise)]  # conventions at a corner are tested elsewhere
    twin = torch.tensor([v.data for v in x], dtype=torch.float64, requires_grad=True)
    outputs, expected = module(x), eval(theirs, vars(torch.nn))(twin)
    factors = [1.0 + i for i in range(len(x))]
    sum(f * out for f, out in zip(factors, outputs, strict=True)).backward()
    (torch.tensor(factors, dtype=torch.float64) * expected).sum().backward()
    assert [out.data for out in outputs] == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-300)
    assert [v.grad for v in x] == pytest.approx(twin.grad.tolist(), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_nested_lists_keep_their_form(name: str) -> None:
    module: Any = MODULES[name]
    a, b, c, d = (module(z) for z in (-1.0, 2.0, 0.5, -3.0))
    assert module([[-1.0, 2.0], [0.5, [-3.0]], []]) == [[a, b], [c, [d]], []]
    if name != "linear":
        assert module(((-1.0,), 2)) == [[a], b]
        assert module(np.array([[-1.0, 2.0], [0.5, -3.0]])) == [[a, b], [c, d]]
        assert module(np.float64(-1.0)) == a
        assert [type(out) for out in module([Value(1.0), 1.0])] == [Value, float]


@pytest.mark.parametrize("name", [name for name in OF_ONE_NUMBER if name != "linear"])
@pytest.mark.parametrize(
    ("x", "message"), [("1", "a string is not a number"), ([None], "not a real number: None"), ({1.0}, "one number, not set")]
)
def test_what_is_no_number(name: str, x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MODULES[name](x)  # type: ignore[operator]


@pytest.mark.parametrize("module", [Softmax(), LogSoftmax(), Hardmax()], ids=repr)
@pytest.mark.parametrize("x", [1.0, Value(1.0), np.float64(1.0), [[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2)), "12", None], ids=str)
def test_what_is_no_vector(module: Any, x: Any) -> None:
    with pytest.raises(InputError, match=rf"{type(module).__name__} takes one flat list of numbers, such as the outputs of a Linear, not "):
        module(x)


def test_a_vector_may_be_an_array_but_not_empty() -> None:
    assert Softmax()(np.zeros(2)) == Softmax()((0.0, 0.0)) == [0.5, 0.5]
    with pytest.raises(InputError, match="at least one logit"):
        Softmax()([])


@pytest.mark.seed("B5", "B6")
def test_softmax_is_a_distribution_and_hardmax_its_extreme() -> None:
    z = [0.1, 10.0, 0.1]
    a = Softmax()(z)
    assert a == pytest.approx([math.exp(zi) / sum(map(math.exp, z)) for zi in z], rel=1e-14)
    assert min(a) > 0.0
    assert sum(a) == pytest.approx(1.0, rel=1e-15)
    assert Hardmax()(z) == [0.0, 1.0, 0.0]
    assert Softmax()([1000.0 * zi for zi in z]) == Hardmax()(z)


def test_parameters_of_activations() -> None:
    assert LeakyReLU(0.2)(-1.0) == leaky_relu(-1.0, 0.2)
    assert ELU(1.5)(-1.0) == elu(-1.0, 1.5)
    assert GELU("tanh")(-1.0) == gelu(-1.0, "tanh")
    for module in (LeakyReLU(Value(0.2)), ELU(Value(0.2))):
        (p,) = module.parameters()
        module(Value(-1.0)).backward()
        assert p.grad != 0.0
    assert [module.parameters() for module in (LeakyReLU(), ELU(), GELU())] == [[], [], []]
    with pytest.raises(InputError, match='approximate must be "none" or "tanh", not \'erf\''):
        GELU("erf")
    with pytest.raises(InputError, match="a string is not a number"):
        LeakyReLU("0.2")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not a real number: None"):
        ELU(None)  # type: ignore[arg-type]


@pytest.mark.seed("B1", "B2")
def test_sigmoid_and_tanh_saturate_and_are_one_function() -> None:
    sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
    assert sigmoid is not None
    assert tanh is not None
    for z in POINTS:
        s = sigmoid(z)
        assert derivative(sigmoid)(z) == pytest.approx(s * sigmoid(-z), rel=1e-14)
        assert tanh(z) == pytest.approx(2.0 * sigmoid(2.0 * z) - 1.0, abs=1e-15)
    for function in (sigmoid, tanh):
        assert 0.0 < derivative(function)(20.0) < 1e-8


def test_names_in_descriptions() -> None:
    assert [name_of(function) for function in ACTIVATIONS.values()] == list(ACTIVATIONS)
    assert [title_of(ACTIVATIONS[name]) for name in OF_ONE_NUMBER] == [
        *("Linear", "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid", "Softplus")
    ]
    assert [repr(module) for module in (ReLU(), ELU(2.0), GELU(), LeakyReLU())] == [
        *("ReLU()", "ELU(alpha=2.0)", "GELU(approximate='none')", "LeakyReLU(negative_slope=0.01)")
    ]


def test_a_base_without_a_function() -> None:
    for base in (Elementwise(), Vectorwise()):
        with pytest.raises(NotImplementedError, match=f"{type(base).__name__} does not define _of"):
            base([1.0])
