"""Neuron, Layer, MLP: micrograd's classes, on one sample at a time."""

from __future__ import annotations

import numbers
import random
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd.errors import InputError
from autograd.value import Value, dot, values
from nn.checks import whole
from nn.initialisers import Initialiser, he_uniform
from nn.module import Module

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation | None] = {
    "linear": None,
    "relu": autograd.relu,
    "tanh": autograd.tanh,
    "sigmoid": autograd.sigmoid,
}


def activation_named(activation: str | Activation | None) -> Activation | None:
    """The activation function of a name; callables and None (linear) as they are.

    Raises:
        InputError: there is none of that name.
    """
    if activation is None or callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise InputError(f"there is no activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}, or pass a function of a Value")
    return ACTIVATIONS[activation]


class Neuron(Module):
    """activation(w · x + b).

    Args:
        nin: the number of inputs.
        activation: a name, a function of a Value, or None for a linear neuron.
        nout: how many neurons its layer has, for the initialiser.
        rng: where the weights are drawn from; by default Python's global generator, so `random.seed` makes it repeatable.
        initialiser: draws a weight; the bias starts at 0.

    Example:
        >>> neuron = Neuron(2, "tanh")
        >>> neuron([1.0, -1.0])._op
        'tanh'
    """

    def __init__(
        self,
        nin: int,
        activation: str | Activation | None = "relu",
        *,
        nout: int = 1,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout = whole("nin", nin), whole("nout", nout)
        generator = rng or random.Random(random.getrandbits(64))
        self.w = [Value(initialiser(nin, nout, generator), label=f"w{i}") for i in range(nin)]
        self.b = Value(0.0, label="b")
        self.activation = activation_named(activation)

    def __call__(self, x: Sequence[Any]) -> Value:
        """The output for the inputs `x`, numbers or Values."""
        inputs = one_sample(x)
        if len(inputs) != len(self.w):
            raise InputError(f"this neuron takes {len(self.w)} inputs, not {len(inputs)}")
        z: Value = dot(self.w, inputs) + self.b
        return z if self.activation is None else self.activation(z)

    def __repr__(self) -> str:
        return f"{_name(self.activation)}Neuron({len(self.w)})"


class Layer(Module):
    """Several neurons that see the same inputs.

    Example:
        >>> layer = Layer(2, 3)
        >>> len(layer([0.5, -0.5]))
        3
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: str | Activation | None = "relu",
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        self.neurons = [Neuron(nin, activation, nout=nout, rng=rng, initialiser=initialiser) for _ in range(whole("nout", nout))]

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """The outputs for the inputs `x`, numbers or Values."""
        shared = values(one_sample(x))  # the same nodes for every neuron
        return [neuron(shared) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layers of neurons, the last of them linear unless said otherwise.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: of the hidden layers.
        output_activation: of the last layer.
        rng, initialiser: see `Neuron`.

    A call takes one sample, and returns a list of Values, or one Value where the last layer has one neuron. For many
    samples there is `predict(model, X)`.

    Example:
        >>> model = MLP(2, [16, 16, 1])
        >>> len(model.parameters())
        337
        >>> isinstance(model([1.0, -2.0]), Value)
        True
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | None = "relu",
        output_activation: str | Activation | None = None,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        if not hasattr(nouts, "__len__") or not len(nouts):
            raise InputError(f"an MLP needs the sizes of its layers, as in MLP(2, [16, 16, 1]), not MLP({nin!r}, {nouts!r})")
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], output_activation if i == last else activation, rng=rng, initialiser=initialiser)
            for i in range(last + 1)
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        """The outputs for one sample; a single output is not in a list."""
        out: Sequence[Any] = x
        for layer in self.layers:
            out = layer(out)
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def one_sample(x: Any) -> Sequence[Any]:
    """The numbers and Values of one sample, as a list or tuple.

    Raises:
        InputError: `x` is a single number, or a matrix of many samples.
    """
    sample = x if isinstance(x, (list, tuple)) else _as_list(x)
    if sample and hasattr(sample[0], "__len__"):
        raise InputError(f"model(x) takes one sample, not {len(sample)} of them: write predict(model, X) for many")
    return sample


def _as_list(x: Any) -> list[Any]:
    items = x.tolist() if hasattr(x, "tolist") else x  # NumPy's and PyTorch's arrays
    if isinstance(items, (Value, numbers.Real)):
        raise InputError(f"a sample is a list of numbers, not one number: write model([{items!r}])")
    if isinstance(items, (str, bytes, dict)) or not hasattr(items, "__getitem__"):
        raise InputError(f"a sample is a list of numbers, not {items!r}")
    return list(items)


def _name(activation: Activation | None) -> str:
    name = "linear" if activation is None else getattr(activation, "__name__", "custom")
    return {"relu": "ReLU"}.get(name, name.capitalize())
