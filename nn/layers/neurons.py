"""micrograd's classes: a neuron, a layer of neurons, and a multi-layer perceptron."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from autograd import relu
from autograd._runtime.coercion import flag
from autograd._runtime.state import STATE
from autograd._runtime.vectors import Vector
from autograd.errors import InputError
from autograd.value import Value, dot, values, vector
from nn.activations import Activation, activation_named, is_vectorwise, name_of, title_of
from nn.checks import has_length, whole
from nn.initialisers import Initialiser, drawing, he_uniform
from nn.layers.calling import ModelOutput, Sample, in_scopes, labelled, one_sample
from nn.module import Module


class Neuron(Module):
    """activation(w · x + b).

    Args:
        nin: the number of inputs.
        activation: a name in `nn.activations.ACTIVATIONS`, a function of a Value, or None for a linear neuron.
        nonlin: micrograd's word: True for ReLU, False for a linear neuron; in place of `activation`, also as the second argument.
        nout: how many neurons its layer has, for the initialiser.
        rng: the generator that weights are drawn from; by default a new one that is seeded by Python's global one, so `random.seed`
            makes the weights repeatable.
        initialiser: draws a weight; the bias starts at 0.

    Raises:
        InputError: a size is not a whole number of at least 1, there is no such activation, or it needs a whole layer, as softmax does;
            `nonlin` is neither True nor False, or contradicts `activation`.

    Example:
        >>> neuron = Neuron(2, "tanh")
        >>> neuron([1.0, -1.0])._op
        'tanh'
        >>> neuron.nonlin = False
        >>> neuron
        LinearNeuron(2)
    """

    _weights: Vector | None = None  # w as the last call used it, which the next call can use again

    def __init__(
        self,
        nin: int,
        activation: str | Activation | bool | None = "relu",
        *,
        nonlin: bool | None = None,
        nout: int = 1,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout, draw = whole("nin", nin), whole("nout", nout), drawing(initialiser, rng)
        function = activation_of(activation, nonlin)
        if is_vectorwise(function):
            raise InputError(
                f"{name_of(function)} needs all outputs of a layer, and a neuron has one: give it to a layer, as in Layer(2, 3, 'softmax')"
            )
        self.w = labelled([draw(nin, nout) for _ in range(nin)], names_of_weights(nin))
        self.b = Value(0.0, label="b")
        self.activation = function

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation. May be assigned, as in micrograd: False takes it away, and True gives a linear neuron a ReLU."""
        return self.activation is not None

    @nonlin.setter
    def nonlin(self, is_nonlinear: bool) -> None:
        if not flag("nonlin", is_nonlinear):
            self.activation = None
        elif self.activation is None:
            self.activation = relu

    def __call__(self, x: Sample) -> Value:
        """The output for one sample, `nin` numbers or Values."""
        inputs = one_sample(x)
        if len(inputs) != len(self.w):
            raise InputError(f"this neuron takes {len(self.w)} inputs, not {len(inputs)}")
        self._weights = weights = vector(self.w, self._weights)
        z: Value = dot(weights, inputs) + self.b
        output: Value = z if self.activation is None else self.activation(z)
        return output

    def torch_attributes(self) -> dict[str, Any]:
        """Those of a `Linear` with one output: `weight`, of the shape (1, nin), and `bias`, of the shape (1,)."""
        attributes = super().torch_attributes()
        return {"weight": [attributes.pop("w")], "bias": [attributes.pop("b")], **attributes}

    def extra_repr(self) -> str:
        """The number of inputs and the activation."""
        return f"{len(self.w)}, {name_of(self.activation)}"

    def __repr__(self) -> str:
        return f"{title_of(self.activation)}Neuron({len(self.w)})"


def activation_of(activation: str | Activation | bool | None, nonlin: bool | None) -> Activation | None:
    """The activation, or the one that micrograd's `nonlin` stands for.

    Raises:
        InputError: there is no such activation, `nonlin` is neither True nor False, or both contradict each other.

    Example:
        >>> activation_of("relu", False) is activation_of(False, None) is None
        True
    """
    if isinstance(activation, bool):
        return activation_of("relu", activation if nonlin is None else nonlin)
    function = activation_named(activation)
    if nonlin is None:
        return function
    is_nonlinear = flag("nonlin", nonlin)
    if (function is None) if is_nonlinear else (function is not None and function is not relu):
        raise InputError(f"activation={activation!r} and nonlin={nonlin!r} contradict each other: leave out nonlin")
    return function if is_nonlinear else None


@lru_cache(maxsize=64)
def names_of_weights(n: int) -> tuple[str, ...]:
    """The labels of a neuron's weights. All neurons of a layer have the same strings, which take half of the memory of a weight otherwise.

    Example:
        >>> names_of_weights(2)
        ('w0', 'w1')
    """
    return tuple([f"w{i}" for i in range(n)])


class Layer(Module):
    """Several neurons with the same inputs. A call returns a list of their outputs; of one neuron, its output without a list.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        activation: as for `Neuron`; or softmax, log_softmax or hardmax, which take all outputs together.
        nonlin, rng, initialiser: see `Neuron`.

    Raises:
        InputError: as for `Neuron`.

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
        activation: str | Activation | bool | None = "relu",
        *,
        nonlin: bool | None = None,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        function = activation_of(activation, nonlin)
        self.activation = function if is_vectorwise(function) else None  # otherwise the neurons have it
        of_each = None if is_vectorwise(function) else function
        self.neurons = [Neuron(nin, of_each, nout=nout, rng=rng, initialiser=initialiser) for _ in range(whole("nout", nout))]

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation, of the layer or of all its neurons. May be assigned, as that of each neuron."""
        return self.activation is not None or all(neuron.nonlin for neuron in self.neurons)

    @nonlin.setter
    def nonlin(self, is_nonlinear: bool) -> None:
        is_nonlinear = flag("nonlin", is_nonlinear)
        for neuron in self.neurons:
            neuron.nonlin = is_nonlinear and self.activation is None
        self.activation = self.activation if is_nonlinear else None

    def __call__(self, x: Sample) -> ModelOutput:
        """The outputs for the inputs `x`, numbers or Values. A single output is returned without a list."""
        shared: Any = vector(one_sample(x))  # the same nodes for every neuron
        outputs: Any = [neuron(shared) for neuron in (in_scopes(self.neurons) if STATE.watched else self.neurons)]
        if self.activation is not None:
            outputs = values(self.activation(outputs))  # a hardmax gives plain numbers
        output: ModelOutput = outputs[0] if len(outputs) == 1 else outputs
        return output

    def torch_attributes(self) -> dict[str, Any]:
        """Those of a `Linear`: `weight`, of the shape (nout, nin), and `bias`, of the shape (nout,); and the activation."""
        attributes = super().torch_attributes()
        if not all(getattr(type(neuron), "torch_attributes", None) is Neuron.torch_attributes for neuron in self.neurons):
            return attributes  # they are neurons of one's own
        others = [neuron.torch_attributes() for neuron in attributes.pop("neurons")]
        weight, bias = [other.pop("weight")[0] for other in others], [other.pop("bias")[0] for other in others]
        if self.activation is None and len({id(neuron.activation) for neuron in self.neurons}) == 1:
            for other in others:
                attributes["activation"] = other.pop("activation")
        return {"weight": weight, "bias": bias, **attributes, "neurons": others}

    def extra_repr(self) -> str:
        """The sizes and the activation."""
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}, {name_of(self.activation or self.neurons[0].activation)}"

    def __repr__(self) -> str:
        activation = "" if self.activation is None else f" with {name_of(self.activation)}"
        return f"Layer of [{', '.join(map(str, self.neurons))}]{activation}"


class MLP(Module):
    """A multi-layer perceptron: layers of neurons. The last layer is linear by default.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: of the hidden layers; or a list with one for each layer, including the last.
        output_activation: of the last layer, if `activation` is not a list.
        rng, initialiser: see `Neuron`.

    A call takes one sample. It returns a list of Values, or a single Value if the last layer has one neuron. For many samples there is
    `predict(model, X)`. Within a `scope`, as in ``with scope("model"): y = model(x)``, each layer and each neuron has a scope too, and
    `draw(y)` frames them. The inputs are not counted as a layer: `MLP(2, [16, 16, 1])` has three.

    Raises:
        InputError: a size is not a whole number of at least 1, a list of activations has another length than `nouts`, or there is no
            activation of that name.

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
        if not has_length(nouts) or not len(nouts):
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

    def __call__(self, x: Sample) -> ModelOutput:
        """The outputs for one sample, `nin` numbers or Values. A single output is returned without a list."""
        out: Any = x
        for layer in in_scopes(self.layers) if STATE.watched else self.layers:
            out = layer(out)
            if type(out) is not list and not has_length(out):  # it is of a layer of one neuron
                out = [out]
        output: ModelOutput = out[0] if len(out) == 1 else out
        return output

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
