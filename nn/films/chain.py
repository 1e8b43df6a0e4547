"""The layers of a model that is a chain of them: each takes what the one before it returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograd.value import Value
from nn.activations import Elementwise, Vectorwise, name_of
from nn.checks import has_length
from nn.layers import MLP, Flatten, Layer, Linear, Neuron, Sequential
from nn.module import Module, attributes


@dataclass
class Dense:
    """A layer of neurons, each of which has a weight for every input.

    Attributes:
        rows: for each neuron its weights.
        biases: of the neurons; none where the layer has none.
        activation: its name; "" where there is none.
        place: its position among the stages.
        stage: the position of the stage after which the outputs of the neurons are known, which may be that of an activation.
    """

    rows: list[list[Value]]
    biases: list[Value]
    activation: str
    place: int
    stage: int


@dataclass
class Chain:
    """A model as stages, one after the other.

    Attributes:
        stages: modules, each called with what the one before it returned.
        layers: the layers of neurons among them.
    """

    stages: list[Module]
    layers: list[Dense]


def chain_of(model: Module) -> Chain | None:
    """The chain that a model seems to be; None if it cannot be one, because it has other parameters than those of dense layers.

    Whether it is one shows when the chain is called: it must return what the model returns (see `frames`).

    Example:
        >>> from nn import ReLU
        >>> chain = chain_of(Sequential(Linear(2, 3), ReLU(), Linear(3, 1)))
        >>> [(len(layer.rows), layer.activation, layer.stage) for layer in chain.layers]
        [(3, 'ReLU', 1), (1, '', 2)]
    """
    stages = _stages(model)
    try:
        layers = _layers(stages)
    except (AttributeError, IndexError, TypeError):  # a neuron of the user's own, which has no such weights
        return None
    fit = all(len(after.rows[0]) == len(before.rows) for before, after in pairwise(layers))
    own = {id(value) for layer in layers for values in (*layer.rows, layer.biases) for value in values}
    parameters = {id(value) for value in model.parameters()}
    activations = [stage for stage in stages if isinstance(stage, (Elementwise, Vectorwise))]  # whose slopes may be parameters
    others = {id(value) for stage in activations for value in stage.parameters()}
    return Chain(stages, layers) if layers and fit and own <= parameters == own | others else None


def _layers(stages: list[Module]) -> list[Dense]:
    layers: list[Dense] = []
    for i, stage in enumerate(stages):
        if isinstance(stage, (Layer, Neuron)):
            neurons = [stage] if isinstance(stage, Neuron) else stage.neurons
            activation = (stage.activation if isinstance(stage, Layer) else None) or neurons[0].activation
            name = "" if activation is None else name_of(activation)
            layers.append(Dense([neuron.w for neuron in neurons], [neuron.b for neuron in neurons], name, i, i))
        elif isinstance(stage, Linear):
            layers.append(Dense(stage.weight, stage.bias or [], "", i, i))
        elif isinstance(stage, (Elementwise, Vectorwise)) and layers and layers[-1].stage == i - 1 and not layers[-1].activation:
            layers[-1].activation, layers[-1].stage = name_of(stage).removesuffix("()"), i
    return layers


def _stages(module: Module) -> list[Module]:
    """The parts of a module, in the order of its attributes, down to those that have no modules in them and to layers of neurons."""
    if isinstance(module, (Layer, Neuron, Linear, Elementwise, Vectorwise, Flatten)):
        return [module]
    parts: list[Any] = list(module.layers) if isinstance(module, (MLP, Sequential)) else _modules_in(list(attributes(module).values()))
    return [stage for part in parts for stage in _stages(part)] if parts else [module]


def _modules_in(items: Sequence[Any]) -> list[Module]:
    found: list[Module] = []
    for item in items:
        found += [item] if isinstance(item, Module) else _modules_in(item) if isinstance(item, (list, tuple)) else []
    return found


class Watched(Module):
    """A model that also returns what each stage of its chain returns.

    Args:
        model: called with one sample.
        stages: those of its chain; none for the model alone.

    Example:
        >>> layer = Linear(1, 1, initialiser=lambda fan_in, fan_out, rng: 2.0)
        >>> Watched(layer, [layer])([3.0])
        [[Value(data=6.0, grad=0.0)], [[Value(data=6.0, grad=0.0)]]]
    """

    def __init__(self, model: Module, stages: Sequence[Module]) -> None:
        self.model, self.stages = model, list(stages)

    def __call__(self, x: Any) -> list[Any]:
        """The output of the model, and a list of the outputs of the stages."""
        outputs: list[Any] = []
        current = x
        for stage in self.stages:
            if isinstance(stage, (Layer, Linear)) and not has_length(current):
                current = [current]  # of a layer of one neuron
            current = stage(current)
            outputs.append(current)
        return [self.model(x), outputs]
