"""What is measured of each layer: of its outputs, of the gradients at them, and of its parameters."""

from __future__ import annotations

import functools
import math
from typing import Any

from autograd.ops import Operation
from autograd.value import Value
from nn.array_type import Array
from nn.checkup.running import Part
from nn.checkup.watching import WatchedModel
from nn.plots.activation_curve import SATURATED

STARTS = {"count": 0.0, "finite": 0.0, "flat": 0.0, "wrong": 0.0, "gradients": 0.0}
"""What is kept for each neuron, and where it starts."""


class LayerMeasures:
    """The outputs of one layer for all samples.

    Args:
        name: that of `model.summary()`; for activations within a module of one's own, with their operation.
        description: the layer with its settings.
        parameters: their indices among those of the model.

    Attributes:
        name, description, parameters: see above.
        activation: the operation whose results the outputs are; None if there is none, or there are several.
        samples: how many were looked at.
        mean: of the outputs.
        kept: arrays with one number for each neuron. How many outputs it has had (`count`), one a sample, more in images and sequences;
            how many of them were `finite`; how many were where the derivative of the activation is below 1% of its maximum (`flat`), and
            how many of these in samples with a loss above that of guessing (`wrong`); the sum of the squares of the derivatives of each
            sample's loss with respect to them (`gradients`).
        codes: for each neuron two sums with random weights, of its outputs and of the gradients at them. Neurons that are equal for all
            samples have the same.
    """

    def __init__(self, name: str, description: str, parameters: list[int]) -> None:
        import numpy as np

        self.name, self.description, self.parameters = name, description, parameters
        self.activation: Operation | None = None
        self.samples = 0
        self.mean = 0.0
        self._squares = 0.0  # the sum of the squares of what the outputs differ from their mean
        self.kept = {key: np.zeros(0) for key in STARTS}
        self.codes = np.zeros((2, 0))
        self._random = np.random.default_rng(0)
        self._places: Array = np.zeros(0)

    def add(self, part: Part, columns: list[int], chance: float) -> None:
        """Add some samples.

        Args:
            part: what was computed for them.
            columns: where the numbers of this layer stand in it.
            chance: the loss of guessing.
        """
        import numpy as np

        units = [part.units[column] for column in columns]
        neurons = np.array([unit.neuron for unit in units])
        width = max(int(neurons.max()) + 1, len(self.kept["count"]))
        grown = width - len(self.kept["count"])
        self.kept = {key: np.concatenate([array, np.full(grown, STARTS[key])]) for key, array in self.kept.items()}
        self.codes = np.concatenate([self.codes, np.zeros((2, grown))], axis=1)
        operations = {unit.activation and unit.activation[0].name for unit in units}
        self.activation = units[0].activation[0] if units[0].activation and len(operations) == 1 else None
        numbers, gradients = part.numbers[:, columns], part.gradients[:, columns]
        flat = flat_at(part, columns)
        self.samples += len(numbers)
        self._merge(numbers)

        def by_neuron(of_units: Array) -> Array:
            return np.bincount(neurons, weights=of_units, minlength=width).astype(np.float64)

        self.kept["count"] += len(numbers) * by_neuron(np.ones(len(units)))
        self.kept["finite"] += by_neuron(np.isfinite(numbers).sum(axis=0))
        self.kept["flat"] += by_neuron(flat.sum(axis=0))
        self.kept["wrong"] += by_neuron((flat & (part.losses > chance)[:, None]).sum(axis=0))
        self.kept["gradients"] += by_neuron((gradients**2).sum(axis=0))
        place = _places(neurons)
        if len(self._places) <= place.max():
            self._places = np.random.default_rng(1).normal(size=int(place.max()) + 1)
        weights = self._random.normal(size=(len(numbers), 1)) * self._places[place]
        self.codes += [by_neuron((weights * numbers).sum(axis=0)), by_neuron((weights * gradients).sum(axis=0))]

    def _merge(self, numbers: Array) -> None:
        """Take in the mean and the spread of these numbers.

        Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
        """
        before = float(self.kept["count"].sum())
        share = numbers.size / (before + numbers.size)
        difference = float(numbers.mean()) - self.mean
        self._squares += float(numbers.var()) * numbers.size + difference * difference * share * before
        self.mean += difference * share

    # -- of the layer -------------------------------------------------------------------------------------------------------

    @property
    def neurons(self) -> int:
        """How many there are."""
        return len(self.kept["count"])

    @property
    def spread(self) -> float:
        """The standard deviation of the outputs."""
        return math.sqrt(self._squares / float(self.kept["count"].sum()))

    @property
    def gradient(self) -> float:
        """The size of the gradient at the outputs: the root of the mean, over samples, of its squared norm; nan if it is not known."""
        return math.sqrt(float(self.kept["gradients"].sum()) / self.samples)

    @property
    def flat(self) -> float:
        """The share of outputs for which the derivative of the activation is nearly 0; nan without an activation."""
        return math.nan if self.activation is None else float(self.kept["flat"].sum() / self.kept["count"].sum())

    @property
    def stuck(self) -> list[int]:
        """The neurons for which it is nearly 0 for all samples."""
        import numpy as np

        return np.flatnonzero((self.kept["flat"] == self.kept["count"]) & (self.kept["count"] > 0)).tolist()


def _places(neurons: Array) -> Any:
    """For each unit, how many units before it belong to the same neuron."""
    import numpy as np

    order = np.argsort(neurons, kind="stable")
    ordered = neurons[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    place = np.empty(len(neurons), np.intp)
    place[order] = np.arange(len(neurons)) - np.repeat(first, np.diff(first, append=len(neurons)))
    return place


def flat_at(part: Part, columns: list[int]) -> Any:
    """Whether the derivative of the activation is below 1% of its maximum, for each sample and unit; False without an activation."""
    import numpy as np

    result = np.zeros((len(part.numbers), len(columns)), bool)
    groups: dict[Any, list[int]] = {}
    for i, column in enumerate(columns):
        if part.units[column].activation is not None:
            groups.setdefault(part.units[column].activation, []).append(i)
    for (operation, place, constants), group in groups.items():
        at = [columns[i] for i in group]
        slopes = _slopes(operation, place, constants, part.before[:, at], part.numbers[:, at])
        result[:, group] = np.abs(slopes) < SATURATED * steepest(operation, place, constants)
    return result


def _slopes(operation: Operation, place: int, constants: tuple[float, ...], z: Array, y: Array) -> Array:
    import numpy as np

    from autograd.compiled.backends.numpy.arrays import ARRAYS
    from autograd.compiled.floating_errors import quietly

    inputs = [*constants[:place], z, *constants[place:]]
    return np.broadcast_to(quietly(operation.derivatives[place], ARRAYS, y, *inputs), z.shape)


@functools.lru_cache(maxsize=64)
def steepest(operation: Operation, place: int, constants: tuple[float, ...]) -> float:
    """The largest derivative of an activation, between −8 and 8.

    Example:
        >>> from autograd import ops
        >>> steepest(ops.SIGMOID, 0, ())
        0.25
    """
    import numpy as np

    from autograd.compiled.backends.numpy.arrays import ARRAYS

    z = np.linspace(-8.0, 8.0, 481)
    y = operation.value(ARRAYS, *constants[:place], z, *constants[place:])
    return float(np.abs(_slopes(operation, place, constants, z, y)).max())


class LayerTable:
    """The measures of all layers.

    Args:
        watched: the model.
        parameters: those of the copy, in order.
        chance: the loss of guessing.

    Attributes:
        layers: in the order in which they were called first.
    """

    def __init__(self, watched: WatchedModel, parameters: list[Value], chance: float) -> None:
        self._watched, self._chance = watched, chance
        self._places = {id(p): i for i, p in enumerate(parameters)}
        self._layers: dict[tuple[str, str], LayerMeasures] = {}

    @property
    def layers(self) -> list[LayerMeasures]:
        """See above."""
        return list(self._layers.values())

    def add(self, part: Part) -> None:
        """Add some samples."""
        columns: dict[tuple[str, str], list[int]] = {}
        for column, unit in enumerate(part.units):
            columns.setdefault(unit.row, []).append(column)
        for row, of_row in columns.items():
            if row not in self._layers:
                self._layers[row] = self._new(*row)
            self._layers[row].add(part, of_row, self._chance)

    def _new(self, name: str, within: str) -> LayerMeasures:
        description, own = self._watched.rows.get(name, ("", []))
        if within:
            return LayerMeasures(f"{name}, {within}", within if within.startswith("call") else "activation", [])
        return LayerMeasures(name, description, [self._places[id(p)] for p in own])
