"""Activations: by name, for `Neuron`, `Layer` and `MLP`, and as modules, for `Sequential`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import elu, gelu, hardmax, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from autograd._runtime.coercion import real
from autograd.errors import InputError
from autograd.ops import OPERATIONS
from autograd.value import Value
from nn.module import Module

Activation = Callable[[Any], Any]

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
"""The functions by their names. A rule of thumb: sigmoid where a probability comes out, softmax where several do, ReLU elsewhere."""

VECTORWISE: tuple[Activation, ...] = (softmax, log_softmax, hardmax)
"""Those that take all outputs of a layer, because each result depends on all of them. The others take one number."""


def activation_named(activation: str | Activation | None) -> Activation | None:
    """The activation function of a name; callables and None (linear) as they are.

    Raises:
        InputError: there is none of that name, or it is a class.

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
    """Whether it takes all outputs of a layer rather than one number.

    Example:
        >>> is_vectorwise(softmax), is_vectorwise(Softmax()), is_vectorwise(relu)
        (True, True, False)
    """
    return activation in VECTORWISE or isinstance(activation, Vectorwise)


def name_of(activation: Activation | None) -> str:
    """What to call it in descriptions.

    Example:
        >>> name_of(None), name_of(relu), name_of(LeakyReLU(0.2))
        ('linear', 'relu', 'LeakyReLU(negative_slope=0.2)')
    """
    return "linear" if activation is None else getattr(activation, "__name__", repr(activation))


def title_of(activation: Activation | None) -> str:
    """What a neuron with it is called, as micrograd does: "ReLU", "Linear".

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
    """`function` of a Value or number, or of each in lists that are nested to any depth; an array is taken as such lists.

    Raises:
        InputError: something in it is no number.

    Example:
        >>> elementwise(relu, [[-1.0, 2.0], [3.0]])
        [[0.0, 2.0], [3.0]]
    """
    if isinstance(x, Value):
        return function(x)
    if isinstance(x, (list, tuple)):
        return [elementwise(function, item) for item in x]
    if hasattr(x, "tolist"):  # NumPy's and PyTorch's arrays
        return elementwise(function, x.tolist())
    return function(real(x))


# -- of one number ------------------------------------------------------------------------------------------------------


class Elementwise(Module):
    """The base of the activations of one number: applied to a Value, or to each in lists that are nested to any depth.

    A subclass defines `_of(z)`, of one number.

    Example:
        >>> class Squared(Elementwise):
        ...     def _of(self, z):
        ...         return z * z
        >>> Squared()([1.0, [2.0, 3.0]])
        [1.0, [4.0, 9.0]]
    """

    def __call__(self, x: Any) -> Any:
        """The activation of each number in `x`: a Value or number, or lists of them of the same form."""
        return elementwise(self._of, x)

    def _of(self, z: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _of(z), the activation of one number")


class ReLU(Elementwise):
    """max(0, z). Its derivative is 1 or 0: a neuron that is negative for every sample gets no gradient, and is dead.

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
    """tanh z = 2 · sigmoid(2z) - 1, in (-1, 1). Saturates: the gradient vanishes far from 0.

    Example:
        >>> Tanh()([0.0, 1000.0])
        [0.0, 1.0]
    """

    def _of(self, z: Any) -> Any:
        return tanh(z)


class Sigmoid(Elementwise):
    """1 / (1 + exp(-z)), in (0, 1). Saturates: the gradient vanishes far from 0.

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
    """z, or negative_slope · z where z is not positive: its gradient is never 0.

    Args:
        negative_slope: a number; a Value is a parameter that is learned with the others (PyTorch's PReLU).

    Raises:
        InputError: the slope is no number.

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Example:
        >>> LeakyReLU(0.1)([-2.0, 2.0])
        [-0.2, 2.0]
    """

    def __init__(self, negative_slope: float | Value = 0.01) -> None:
        self.negative_slope = negative_slope if isinstance(negative_slope, Value) else real(negative_slope)

    def _of(self, z: Any) -> Any:
        return leaky_relu(z, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope}"


class ELU(Elementwise):
    """z, or alpha · (exp(z) - 1) where z is not positive.

    Args:
        alpha: a number; a Value is a parameter that is learned with the others.

    Raises:
        InputError: `alpha` is no number.

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
        """The height of the negative side."""
        return f"alpha={self.alpha}"


class GELU(Elementwise):
    """z · Φ(z), where Φ is the distribution function of the standard normal.

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
        gelu(0.0, approximate)  # what is wrong with it is said here, not at the first call of the model
        self.approximate = approximate

    def _of(self, z: Any) -> Any:
        return gelu(z, self.approximate)

    def extra_repr(self) -> str:
        """Which of the two it is."""
        return f"approximate={self.approximate!r}"


class Identity(Module):
    """z itself, whatever it is. With linear activations only, a deep network can do no more than one linear layer.

    Example:
        >>> Identity()([1.0, 2.0])
        [1.0, 2.0]
    """

    def __call__(self, x: Any) -> Any:
        """`x`."""
        return x


# -- of a vector --------------------------------------------------------------------------------------------------------


class Vectorwise(Module):
    """The base of the activations of a vector: applied to one list of numbers or Values.

    A subclass defines `_of(z)`, of the list.

    Raises:
        InputError: it is called with something else, such as nested lists.

    Example:
        >>> class Centred(Vectorwise):
        ...     def _of(self, z):
        ...         return [number - sum(z) / len(z) for number in z]
        >>> Centred()([1.0, 3.0])
        [-1.0, 1.0]
    """

    def __call__(self, x: Any) -> list[Any]:
        """The activations, as many as there are numbers in the list `x`."""
        items = x.tolist() if hasattr(x, "tolist") else x
        if not isinstance(items, (list, tuple)) or any(hasattr(item, "__len__") for item in items):
            raise InputError(f"{type(self).__name__} takes one flat list of numbers, such as the outputs of a Linear, not {items!r}")
        return self._of(items)

    def _of(self, z: Any) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _of(z), the activation of a vector")


class Softmax(Vectorwise):
    """exp(zᵢ) / Σ exp(zⱼ): positive numbers that add up to 1. For training, `cross_entropy` takes the numbers before it.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> Softmax()([0.0, 0.0])
        [0.5, 0.5]
    """

    def _of(self, z: Any) -> list[Any]:
        return softmax(z)


class LogSoftmax(Vectorwise):
    """The logarithm of the softmax, exact also where a probability is too small for a float.

    Example:
        >>> LogSoftmax()([0.0, -1000.0])
        [0.0, -1000.0]
    """

    def _of(self, z: Any) -> list[Any]:
        return log_softmax(z)


class Hardmax(Vectorwise):
    """1 at the largest number (the first of several), 0 elsewhere: plain numbers, because there is no gradient to follow.

    Example:
        >>> Hardmax()([0.1, 10.0, 0.1])
        [0.0, 1.0, 0.0]
    """

    def _of(self, z: Any) -> list[Any]:
        return hardmax(z)
