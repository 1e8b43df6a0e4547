"""Layers, each on one sample at a time: micrograd's Neuron, Layer, MLP; PyTorch's Linear, Sequential, Dropout, Embedding, Flatten."""

from __future__ import annotations

import math
import numbers
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast, overload

from autograd import scope, where
from autograd._runtime.coercion import real
from autograd._runtime.state import STATE
from autograd._runtime.vectors import Vector
from autograd.contexts import current_scope
from autograd.errors import InputError, MagnitudeError
from autograd.recording import drawn
from autograd.trees import flatten
from autograd.value import Value, dot, values, vector
from nn.activations import Activation, activation_named, elementwise, is_vectorwise, name_of, title_of
from nn.checks import generator, whole
from nn.initialisers import Initialiser, checked, he_uniform, normal
from nn.module import Module

STANDARD_NORMAL: Initialiser = normal(0.0, 1.0)

# -- micrograd's --------------------------------------------------------------------------------------------------------


class Neuron(Module):
    """activation(w · x + b).

    Args:
        nin: the number of inputs.
        activation: a name in `nn.activations.ACTIVATIONS`, a function of a Value, or None for a linear neuron.
        nout: how many neurons its layer has, for the initialiser.
        rng: where the weights are drawn from; by default Python's global generator, so `random.seed` makes it repeatable.
        initialiser: draws a weight; the bias starts at 0.

    Raises:
        InputError: a size is no whole number, there is no such activation, or it is one of a whole layer, such as softmax.

    Example:
        >>> neuron = Neuron(2, "tanh")
        >>> neuron([1.0, -1.0])._op
        'tanh'
    """

    _weights: Vector | None = None  # what the last call noted of w

    def __init__(
        self,
        nin: int,
        activation: str | Activation | None = "relu",
        *,
        nout: int = 1,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout, rng, draw = whole("nin", nin), whole("nout", nout), generator(rng), checked(initialiser)
        function = activation_named(activation)
        if is_vectorwise(function):
            raise InputError(
                f"{name_of(function)} needs all outputs of a layer, and a neuron has one: give it to a layer, as in Layer(2, 3, 'softmax')"
            )
        self.w = [Value(draw(nin, nout, rng), label=f"w{i}") for i in range(nin)]
        self.b = Value(0.0, label="b")
        self.activation = function

    def __call__(self, x: Sequence[Any]) -> Value:
        """The output for the inputs `x`, numbers or Values."""
        inputs = one_sample(x)
        if len(inputs) != len(self.w):
            raise InputError(f"this neuron takes {len(self.w)} inputs, not {len(inputs)}")
        self._weights = weights = vector(self.w, self._weights)
        z: Value = dot(weights, inputs) + self.b
        return z if self.activation is None else self.activation(z)

    def extra_repr(self) -> str:
        """The number of inputs and the activation."""
        return f"{len(self.w)}, {name_of(self.activation)}"

    def __repr__(self) -> str:
        return f"{title_of(self.activation)}Neuron({len(self.w)})"


class Layer(Module):
    """Several neurons that see the same inputs.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        activation: as for `Neuron`; or softmax, log_softmax or hardmax, of all outputs together.
        rng, initialiser: see `Neuron`.

    Raises:
        InputError: a size is no whole number, or there is no such activation.

    Example:
        >>> layer = Layer(2, 3, "softmax")
        >>> probabilities = layer([0.5, -0.5])
        >>> len(probabilities), round(sum(probabilities).data, 12)
        (3, 1.0)
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
        function = activation_named(activation)
        self.activation = function if is_vectorwise(function) else None  # else it is the neurons'
        of_each = None if is_vectorwise(function) else function
        self.neurons = [Neuron(nin, of_each, nout=nout, rng=rng, initialiser=initialiser) for _ in range(whole("nout", nout))]

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """The outputs for the inputs `x`, numbers or Values."""
        shared: Any = vector(one_sample(x))  # the same nodes for every neuron
        outputs = [neuron(shared) for neuron in (in_scopes(self.neurons) if STATE.watched else self.neurons)]
        return outputs if self.activation is None else _as_values(self.activation(outputs))

    def extra_repr(self) -> str:
        """The sizes and the activation."""
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}, {name_of(self.activation or self.neurons[0].activation)}"

    def __repr__(self) -> str:
        activation = "" if self.activation is None else f" with {name_of(self.activation)}"
        return f"Layer of [{', '.join(map(str, self.neurons))}]{activation}"


class MLP(Module):
    """A multi-layer perceptron: layers of neurons, the last of them linear unless said otherwise.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: of the hidden layers; or a list with one for each layer, the last one included.
        output_activation: of the last layer, unless `activation` is a list.
        rng, initialiser: see `Neuron`.

    A call takes one sample, and returns a list of Values, or one Value where the last layer has one neuron. For many
    samples there is `predict(model, X)`. Within a `scope`, as in ``with scope("model"): y = model(x)``, each layer and each neuron has a
    scope too, and `draw(y)` frames them. Layers are counted without the inputs: `MLP(2, [16, 16, 1])` has three.

    Raises:
        InputError: a size is no whole number, or there are not as many activations as layers, or there is none of that name.

    Example:
        >>> model = MLP(2, [16, 16, 1])
        >>> len(model.parameters())
        337
        >>> isinstance(model([1.0, -2.0]), Value)
        True
        >>> MLP(2, [3, 2], ["tanh", "softmax"])
        MLP of [Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(3), LinearNeuron(3)] with softmax]
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | Sequence[str | Activation | None] | None = "relu",
        output_activation: str | Activation | None = None,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        if not hasattr(nouts, "__len__") or not len(nouts):
            raise InputError(f"an MLP needs the sizes of its layers, as in MLP(2, [16, 16, 1]), not MLP({nin!r}, {nouts!r})")
        if isinstance(activation, (list, tuple)):
            activations = list(activation)
            if output_activation is not None:
                raise InputError(f"a list of activations has one for the last layer too: leave out output_activation={output_activation!r}")
            if len(activations) != len(nouts):
                raise InputError(f"an MLP of {len(nouts)} layers needs as many activations, not {len(activations)}: {activations!r}")
        else:
            activations = [activation] * (len(nouts) - 1) + [output_activation]
        self.layers = [
            Layer(before, size, of_layer, rng=rng, initialiser=initialiser)
            for before, size, of_layer in zip([nin, *nouts], nouts, activations, strict=False)  # the last size is before no layer
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        """The outputs for one sample; a single output is not in a list."""
        out: Sequence[Any] = x
        for layer in in_scopes(self.layers) if STATE.watched else self.layers:
            out = layer(out)
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


# -- PyTorch's ----------------------------------------------------------------------------------------------------------


class Linear(Module):
    """W x + b, without an activation: what a `Layer` of linear neurons computes.

    Args:
        in_features: the number of inputs.
        out_features: the number of outputs.
        bias: whether to add b, which starts at 0.
        rng, initialiser: see `Neuron`.

    Attributes:
        weight: the Values W; `weight[i]` are those of output i, one an input.
        bias: the Values b, or None.

    Raises:
        InputError: a size is no whole number.

    Example:
        >>> layer = Linear(2, 3)
        >>> len(layer([0.5, -0.5])), len(layer.weight), len(layer.weight[0])
        (3, 3, 2)
    """

    _rows: Sequence[Vector | None] = ()  # what the last call noted of the weights

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout, rng = whole("in_features", in_features), whole("out_features", out_features), generator(rng)
        draw = checked(initialiser)
        self.weight = [[Value(draw(nin, nout, rng), label=f"weight[{i}][{j}]") for j in range(nin)] for i in range(nout)]
        self.bias = [Value(0.0, label=f"bias[{i}]") for i in range(nout)] if bias else None

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """The outputs for one sample `x` of numbers or Values."""
        shared = vector(one_sample(x))
        if len(shared) != len(self.weight[0]):
            raise InputError(f"this layer takes {len(self.weight[0])} inputs, not {len(shared)}")
        last = self._rows if len(self._rows) == len(self.weight) else [None] * len(self.weight)
        self._rows = rows = [vector(row, before) for row, before in zip(self.weight, last, strict=True)]
        products = [dot(row, shared) for row in rows]
        return products if self.bias is None else [z + b for z, b in zip(products, self.bias, strict=True)]

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{len(self.weight[0])}, {len(self.weight)}" + ("" if self.bias else ", bias=False")


class Sequential(Module):
    """Modules one after the other, each called with what the one before it returned.

    Returns what the last one returns: after `Linear(16, 1)` that is a list of one Value.

    Args:
        layers: the modules.

    Raises:
        InputError: one of them is no module that can be called.

    Example:
        >>> from nn.activations import ReLU
        >>> model = Sequential(Linear(2, 16), ReLU(), Linear(16, 1))
        >>> model
        Sequential(Linear(2, 16), ReLU(), Linear(16, 1))
        >>> len(model), len(model[0].parameters()), len(model([1.0, -2.0]))
        (3, 48, 1)
    """

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            if not isinstance(layer, Module) or not callable(layer):
                raise InputError(f"Sequential takes modules, one after the other, as in Sequential(Linear(2, 3), ReLU()), not {layer!r}")
        self.layers = list(layers)

    def __call__(self, x: Any) -> Any:
        """The output for one sample."""
        for layer in in_scopes(self.layers) if STATE.watched else self.layers:
            x = layer(x)  # type: ignore[operator] # not every Module can be called, but these can
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(str, self.layers))})"


class Dropout(Module):
    """While training, sets each number to 0 with probability p, and multiplies the others by 1 / (1 - p), which keeps the mean.

    After `model.eval()` it changes nothing. A compiled function draws anew at every run and for every sample.

    Args:
        p: the probability, in [0, 1).
        rng: where the choice is drawn from; by default a generator of its own, seeded by Python's global one.

    Raises:
        InputError: `p` is no such number.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks from
    overfitting" (2014).

    Example:
        >>> dropout = Dropout(0.5, rng=random.Random(0))
        >>> dropout([1.0, 1.0, 1.0, 1.0])
        [2.0, 2.0, 0.0, 0.0]
        >>> dropout.eval()([1.0, 1.0, 1.0, 1.0])
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, rng: random.Random | None = None) -> None:
        if not 0.0 <= real(p) < 1.0:
            raise InputError(f"p must be a probability of at least 0 and less than 1, not {p!r}")
        self.p = real(p)
        self.rng = generator(rng)

    def __call__(self, x: Any) -> Any:
        """A Value or number, or lists of them nested to any depth, with the mask of this call."""
        return elementwise(lambda z: z * drawn(self._mask), x) if self.training else x

    def _mask(self) -> float:
        return 0.0 if self.rng.random() < self.p else 1.0 / (1.0 - self.p)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class Embedding(Module):
    """A table with a vector for each of a number of things, such as the letters of an alphabet. The vectors are learned.

    Args:
        num_embeddings: how many things there are; they are called 0, 1, 2, …
        embedding_dim: the length of each vector.
        rng: see `Neuron`.
        initialiser: draws a number of a vector; by default from N(0, 1), as PyTorch does.

    Attributes:
        weight: the vectors, as lists of Values.

    Raises:
        InputError: a size is no whole number.

    Example:
        >>> letters = Embedding(27, 2)
        >>> len(letters(5)), len(letters([5, 13, 13, 1]))
        (2, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = STANDARD_NORMAL,
    ) -> None:
        count, size, rng = whole("num_embeddings", num_embeddings), whole("embedding_dim", embedding_dim), generator(rng)
        draw = checked(initialiser)
        # of the inputs, a one for the thing and zeros for all others, one counts: fan_in is 1
        self.weight = [[Value(draw(1, size, rng), label=f"weight[{i}][{j}]") for j in range(size)] for i in range(count)]

    def __call__(self, index: Any) -> list[Any]:
        """The vector of an index; or a list of vectors, for a list of indices.

        An index may be a float, as those of a NumPy array of floats are: 2.0 is 2.

        Raises:
            InputError: an index is no whole number, or not in the table.
            PoleError: an index that is a Value, as in a compiled function, is not in the table.
        """
        items = index.tolist() if hasattr(index, "tolist") else index
        if isinstance(items, (list, tuple)):
            return [self(item) for item in items]
        return self._selected(items) if isinstance(items, Value) else self._looked_up(items)

    def _selected(self, index: Value) -> list[Value]:
        """The vector of an index that may change from run to run: the product of the table and a vector with a 1 at the index."""
        count = len(self.weight)
        hits = [where((index >= row) & (index <= row), 1.0, 0.0) for row in range(count)]
        found = dot(hits, [1.0] * count)  # 1; or 0 where the index is not in the table, and a vector of zeros would be wrong
        found.label = f"how many indices from 0 to {count - 1} this is"
        return [dot(hits, column) / found for column in zip(*self.weight, strict=True)]

    def _looked_up(self, index: Any) -> list[Value]:
        try:
            row = real(index)
        except (InputError, MagnitudeError):
            row = math.nan
        if row not in range(len(self.weight)):
            raise InputError(f"an index must be a whole number from 0 to {len(self.weight) - 1}, not {index!r}")
        return list(self.weight[int(row)])

    def extra_repr(self) -> str:
        """The size of the table."""
        return f"{len(self.weight)}, {len(self.weight[0])}"


class Flatten(Module):
    """All numbers of nested lists, as one list: what a `Linear` takes after a `Conv2d`.

    Example:
        >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    """

    def __call__(self, x: Any) -> list[Any]:
        """The numbers and Values in `x`, in order; those of an array in the order of its rows."""
        return flatten(x)[0]


# -- what they share ----------------------------------------------------------------------------------------------------


def in_scopes(modules: Sequence[Module]) -> Sequence[Callable[[Any], Any]]:
    """The modules, as they are to be called: within a `scope` each in one of its own, such as "layer0", so that a picture has frames.

    A scope costs each node time, and so there are none where none was asked for; callers ask `STATE` first, which costs hardly any.

    Example:
        >>> from autograd import scope
        >>> with scope("model"):
        ...     y = MLP(2, [3, 1])([1.0, -2.0])
        >>> y.scope
        'model/layer1/neuron0'
    """
    callables = cast("Sequence[Callable[[Any], Any]]", modules)
    if not current_scope():
        return callables
    return [scope(f"{type(module).__name__.lower()}{i}")(module) for i, module in enumerate(callables)]


def one_sample(x: Any) -> Sequence[Any] | Vector:
    """The numbers and Values of one sample, as a list or tuple.

    Raises:
        InputError: `x` is a single number, or a matrix of many samples.

    Example:
        >>> one_sample(range(3))
        [0, 1, 2]
    """
    if type(x) is Vector:
        return x
    sample = x if isinstance(x, (list, tuple)) else _as_list(x)
    if sample and hasattr(sample[0], "__len__") and not isinstance(sample[0], str):
        raise InputError(f"model(x) takes one sample, not {len(sample)} of them: write predict(model, X) for many")
    return sample


def _as_list(x: Any) -> list[Any]:
    items = x.tolist() if hasattr(x, "tolist") else x  # NumPy's and PyTorch's arrays
    if isinstance(items, (Value, numbers.Real)):
        raise InputError(
            f"a sample is a list of numbers, not one number: write predict(model, [x]) for one sample x, model([{items!r}]) for one input"
        )
    if isinstance(items, (str, bytes, dict)) or not hasattr(items, "__getitem__"):
        raise InputError(f"a sample is a list of numbers, not {items!r}")
    return list(items)


def _as_values(outputs: list[Any]) -> list[Value]:
    """What a hardmax gives are plain numbers."""
    return cast("list[Value]", values(outputs))
