"""Activations: functions by name for `Neuron`, `Layer` and `MLP`, and modules for `Sequential`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from autograd import elu, gelu, hardmax, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from autograd._runtime.coercion import real
from autograd.errors import InputError
from autograd.ops import OPERATIONS
from autograd.value import Value
from nn.data.rows import as_list_if_array
from nn.module import Module

Activation = Callable[[Any], Any]
"""A function of one Value or number; those in `VECTORWISE` take and return a list."""

Anything = TypeVar("Anything")

ACTIVATIONS: dict[str, Activation | None] = {
    "linear": None,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "silu": silu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "hardmax": hardmax,
}
"""The functions by name. A rule of thumb: sigmoid for an output that is a probability, softmax for several, ReLU for hidden layers."""

VECTORWISE: tuple[Activation, ...] = (softmax, log_softmax, hardmax)
"""The activations of a whole layer: each result depends on all outputs. The others take one number."""


def activation_named(activation: str | Activation | None) -> Activation | None:
    """The activation of this name. Callables and None, which is linear, are returned as they are.

    Raises:
        InputError: there is no activation of that name, or it is a class.

    Example:
        >>> activation_named("relu")(-2.0)
        0.0
    """
    if isinstance(activation, type):
        raise InputError(
            f"an activation is a function or a module, not a class: write {activation.__name__}() rather than {activation.__name__}"
        )
    if activation is None or callable(activation):
        return activation
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise InputError(f"there is no activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}, or pass a function of a Value")
    return ACTIVATIONS[activation]


def is_vectorwise(activation: Activation | None) -> bool:
    """Whether an activation takes all outputs of a layer rather than one number.

    Example:
        >>> is_vectorwise(softmax), is_vectorwise(Softmax()), is_vectorwise(relu)
        (True, True, False)
    """
    return any(activation is known for known in VECTORWISE) or isinstance(activation, Vectorwise)


def name_of(activation: Activation | None) -> str:
    """The name of an activation in descriptions.

    Example:
        >>> name_of(None), name_of(relu), name_of(LeakyReLU(0.2))
        ('linear', 'relu', 'LeakyReLU(negative_slope=0.2)')
    """
    return "linear" if activation is None else getattr(activation, "__name__", repr(activation))


def title_of(activation: Activation | None) -> str:
    """The name of a neuron with this activation, as in micrograd: "ReLU", "Linear".

    Example:
        >>> title_of(None), title_of(relu), title_of(leaky_relu), title_of(tanh), title_of(ELU(2.0))
        ('Linear', 'ReLU', 'LeakyReLU', 'Tanh', 'ELU')
    """
    if isinstance(activation, Module):
        return type(activation).__name__
    name = name_of(activation)
    title = OPERATIONS[name].symbol if name in OPERATIONS else name
    return title[:1].upper() + title[1:]


def elementwise(function: Activation, x: Any) -> Any:
    """`function` of a Value or number, or of each one in lists nested to any depth. An array is treated as nested lists.

    Raises:
        InputError: something in `x` is not a number.

    Example:
        >>> elementwise(relu, [[-1.0, 2.0], [3.0]])
        [[0.0, 2.0], [3.0]]
    """
    if isinstance(x, Value):
        return function(x)
    if isinstance(x, (list, tuple)):
        return [elementwise(function, item) for item in x]
    items = as_list_if_array(x)
    return function(real(x)) if items is x else elementwise(function, items)


# -- of one number ------------------------------------------------------------------------------------------------------


class Elementwise(Module):
    """The base class of activations of one number. They are applied to a Value, or to each one in lists nested to any depth.

    A subclass defines `_of(z)`, of one number.

    Example:
        >>> class Squared(Elementwise):
        ...     def _of(self, z):
        ...         return z * z
        >>> Squared()([1.0, [2.0, 3.0]])
        [1.0, [4.0, 9.0]]
    """

    @overload
    def __call__(self, x: Value) -> Value: ...

    @overload
    def __call__(self, x: list[Value]) -> list[Value]: ...

    @overload
    def __call__(self, x: Any) -> Any: ...

    def __call__(self, x: Any) -> Any:
        """The activation of `x`, which is a Value, a number, or nested lists of them."""
        return elementwise(self._of, x)

    def _of(self, z: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _of(z), the activation of one number")


class ReLU(Elementwise):
    """max(0, z). Its derivative is 1 or 0: a neuron that is negative for every sample gets no gradient; it is dead.

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).

    Example:
        >>> ReLU()([[-1.0, 2.0], [3.0, -4.0]])
        [[0.0, 2.0], [3.0, 0.0]]
    """

    def _of(self, z: Any) -> Any:
        return relu(z)


class SiLU(Elementwise):
    """z · sigmoid(z), also called swish.

    Source: Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation" (2018).

    Example:
        >>> SiLU()([0.0, 1000.0])
        [0.0, 1000.0]
    """

    def _of(self, z: Any) -> Any:
        return silu(z)


class Tanh(Elementwise):
    """tanh z = 2 · sigmoid(2z) - 1, in (-1, 1). It saturates: far from 0 the gradient vanishes.

    Example:
        >>> Tanh()([0.0, 1000.0])
        [0.0, 1.0]
    """

    def _of(self, z: Any) -> Any:
        return tanh(z)


class Sigmoid(Elementwise):
    """1 / (1 + exp(-z)), in (0, 1). It saturates: far from 0 the gradient vanishes.

    Example:
        >>> Sigmoid()(0.0)
        0.5
    """

    def _of(self, z: Any) -> Any:
        return sigmoid(z)


class Softplus(Elementwise):
    """log(1 + exp(z)): a smooth ReLU.

    Source: Dugas, Bengio, Bélisle, Nadeau, Garcia, "Incorporating second-order functional knowledge for better option pricing" (2001).

    Example:
        >>> Softplus()([-1000.0, 1000.0])
        [0.0, 1000.0]
    """

    def _of(self, z: Any) -> Any:
        return softplus(z)


class LeakyReLU(Elementwise):
    """z, or negative_slope · z if z is not positive. Its gradient is never 0.

    Args:
        negative_slope: a number; or a Value, which is a parameter of the model (PyTorch's PReLU).

    Raises:
        InputError: the slope is not a number.

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Example:
        >>> LeakyReLU(0.1)([-2.0, 2.0])
        [-0.2, 2.0]
    """

    def __init__(self, negative_slope: float | Value = 0.01) -> None:
        self.negative_slope = negative_slope if isinstance(negative_slope, Value) else real(negative_slope)

    def _of(self, z: Any) -> Any:
        return leaky_relu(z, self.negative_slope)

    def torch_attributes(self) -> dict[str, Any]:
        """A slope that is a parameter is the `weight` of PyTorch's PReLU, of the shape (1,)."""
        attributes = super().torch_attributes()
        return {"weight": [attributes.pop("negative_slope")], **attributes}

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope}"


class ELU(Elementwise):
    """z, or alpha · (exp(z) - 1) if z is not positive.

    Args:
        alpha: a number; or a Value, which is a parameter of the model.

    Raises:
        InputError: `alpha` is not a number.

    Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential linear units" (2016).

    Example:
        >>> ELU(2.0)([-1000.0, 2.0])
        [-2.0, 2.0]
    """

    def __init__(self, alpha: float | Value = 1.0) -> None:
        self.alpha = alpha if isinstance(alpha, Value) else real(alpha)

    def _of(self, z: Any) -> Any:
        return elu(z, self.alpha)

    def extra_repr(self) -> str:
        """The value of alpha."""
        return f"alpha={self.alpha}"


class GELU(Elementwise):
    """z · Φ(z), where Φ is the cumulative distribution function of the standard normal.

    Args:
        approximate: "none", or "tanh" for the approximation that GPT-2 uses.

    Raises:
        InputError: `approximate` is neither.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016).

    Example:
        >>> round(GELU()(1.0), 6), round(GELU(approximate="tanh")(1.0), 6)
        (0.841345, 0.841192)
    """

    def __init__(self, approximate: str = "none") -> None:
        gelu(0.0, approximate)  # raises an error here, not at the first call of the model
        self.approximate = approximate

    def _of(self, z: Any) -> Any:
        return gelu(z, self.approximate)

    def extra_repr(self) -> str:
        """The value of approximate."""
        return f"approximate={self.approximate!r}"


class Identity(Module):
    """z itself. With only linear activations, a deep network can do no more than one linear layer.

    Example:
        >>> Identity()([1.0, 2.0])
        [1.0, 2.0]
    """

    def __call__(self, x: Anything) -> Anything:
        """`x`, unchanged."""
        return x


# -- of a vector --------------------------------------------------------------------------------------------------------


class Vectorwise(Module):
    """The base class of activations of a vector, which is one list of numbers or Values.

    A subclass defines `_of(z)`, of the list.

    Raises:
        InputError: the argument of a call is something else, such as nested lists.

    Example:
        >>> class Centred(Vectorwise):
        ...     def _of(self, z):
        ...         return [number - sum(z) / len(z) for number in z]
        >>> Centred()([1.0, 3.0])
        [-1.0, 1.0]
    """

    def __call__(self, x: Any) -> list[Any]:
        """The activations of the numbers in the list `x`, one for each."""
        items = as_list_if_array(x)
        if not isinstance(items, (list, tuple)) or any(hasattr(item, "__len__") for item in items):
            raise InputError(f"{type(self).__name__} takes one flat list of numbers, such as the outputs of a Linear, not {items!r}")
        return self._of(items)

    def _of(self, z: Any) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _of(z), the activation of a vector")


class Softmax(Vectorwise):
    """exp(zᵢ) / Σ exp(zⱼ): positive numbers with the sum 1. In training, `cross_entropy` takes the logits, without a softmax.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> Softmax()([0.0, 0.0])
        [0.5, 0.5]
    """

    def _of(self, z: Any) -> list[Any]:
        return softmax(z)


class LogSoftmax(Vectorwise):
    """The logarithm of the softmax, which is accurate even if a probability is too small for a float.

    Example:
        >>> LogSoftmax()([0.0, -1000.0])
        [0.0, -1000.0]
    """

    def _of(self, z: Any) -> list[Any]:
        return log_softmax(z)


class Hardmax(Vectorwise):
    """1 at the largest number (the first of several), 0 elsewhere. It returns plain numbers, because its derivative is 0.

    Example:
        >>> Hardmax()([0.1, 10.0, 0.1])
        [0.0, 1.0, 0.0]
    """

    def _of(self, z: Any) -> list[Any]:
        return hardmax(z)
