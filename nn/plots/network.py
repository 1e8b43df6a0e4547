"""The neurons of a network as nodes, and its weights as lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd._runtime.coercion import number_of
from autograd.errors import InputError
from autograd.value import Value
from nn.activations import Elementwise, Vectorwise, name_of
from nn.data.rows import Rows, as_lists
from nn.layers import Layer, Linear, Neuron
from nn.module import Module
from nn.plots.figure import NEGATIVE, POSITIVE, axes_or_new, figure_of, lightened, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST, ENDS = 16, 5
"""A layer of more than `MOST` neurons is drawn as its first and last `ENDS`."""


@dataclass
class _Weights:
    """What is drawn of a layer: a row of weights and a bias for each neuron, and the name of the activation."""

    rows: list[list[float]]
    biases: list[float]
    activation: str = ""


def plot_network(model: Module | Rows, axes: Axes | None = None) -> Figure:
    """Draw the neurons of a network as nodes, and its weights as lines: blue if positive, vermilion if negative; the larger, the thicker.

    The colour of a neuron shows its bias. A weight of 0 has no line. Of a large layer only the first and the last neurons are drawn, and
    the title says so.

    Args:
        model: an MLP, or another module that consists of `Layer`, `Linear` and activations, one after the other; or a list of weight
            matrices [out][in], as nested lists or arrays.
        axes: where to draw; by default in a new figure.

    Raises:
        InputError: the model has other parameters, a matrix does not fit the one before it, or a weight is not finite.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> plot_network([[[0.5, -1.0], [2.0, 0.0]], [[1.0, 1.0]]]).axes[0].get_title()
        '2 – 2 – 1'
    """
    layers = _layers_of(model) if isinstance(model, Module) else _layers_from(model)
    sizes = [len(layers[0].rows[0]), *(len(layer.rows) for layer in layers)]
    columns = [_column(x, size) for x, size in enumerate(sizes)]
    bottom = min(y for column in columns for _, y in column.values())
    axes = axes_or_new(axes, max(6.0, 1.5 * len(sizes)), max(3.2, 1.9 - 0.6 * bottom))
    _draw_weights(axes, layers, columns)
    _draw_neurons(axes, layers, columns)
    names = []
    for x, (size, column) in enumerate(zip(sizes, columns, strict=True)):
        kind = "input" if x == 0 else "output" if x == len(layers) else "neuron"
        names.append(f"{size:,} {kind}{'s'[: size != 1]}\n{plain(layers[x - 1].activation) if x else ''}")
        if len(column) < size:
            axes.text(x, 0.0, "⋮", ha="center", va="center", fontsize=16)
    axes.set_xticks(range(len(sizes)), names, fontsize=9)
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-0.4, len(layers) + 0.4), ylim=(bottom - 0.7, 0.7 - bottom))
    title = " – ".join(map(str, sizes)) if len(sizes) <= 10 else f"{len(layers)} layers"
    if max(sizes) > MOST:
        title += f"\n(of more than {MOST} neurons the first {ENDS} and the last {ENDS} are drawn)"
    axes.set_title(title, pad=24)
    if axes.lines:  # empty lines, which give weights and biases a place in the legend
        style: dict[str, Any] = {"ncols": 4, "frameon": False, "fontsize": 9, "handlelength": 1.5, "columnspacing": 1.2}
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=0.0, **style)
    return figure_of(axes)


def _layers_of(model: Module) -> list[_Weights]:
    """The weights of a module's layers, in their order.

    Raises:
        InputError: the module has parameters outside of layers, or no layers.
    """
    layers: list[_Weights] = []
    drawn: set[Value] = set()
    for module in model.modules():
        if isinstance(module, (Layer, Neuron)) and not drawn.intersection(module.parameters()):
            neurons = [module] if isinstance(module, Neuron) else module.neurons
            activation = (None if isinstance(module, Neuron) else module.activation) or neurons[0].activation
            rows, biases, name = [neuron.w for neuron in neurons], [neuron.b for neuron in neurons], name_of(activation)
        elif isinstance(module, Linear):
            rows, biases, name = module.weight, module.bias or [], ""
        else:
            if isinstance(module, (Elementwise, Vectorwise)) and layers:
                layers[-1].activation = name_of(module).removesuffix("()")
            continue
        drawn.update(module.parameters())
        layers.append(_Weights([[w.data for w in row] for row in rows], [b.data for b in biases], name))
    others = [name for name, value in model.named_parameters() if value not in drawn]
    if others or not layers:
        reason = f"{others[0]} is in none" if others else f"{type(model).__name__} has none"
        raise InputError(f"plot_network draws the weights of Layer and Linear, and {reason}: pass a list of matrices, as in [W1, W2]")
    return _fitting(layers)


def _layers_from(matrices: Rows) -> list[_Weights]:
    """The layers of matrices [out][in].

    Raises:
        InputError: something in the list is not a matrix of numbers.
    """
    layers = []
    for i, matrix in enumerate(as_lists(matrices) if isinstance(matrices, (list, tuple)) or hasattr(matrices, "tolist") else ()):
        rows = as_lists(matrix) if isinstance(matrix, (list, tuple)) else []
        if not rows or not all(isinstance(row, (list, tuple)) and len(row) == len(rows[0]) > 0 for row in rows):
            raise InputError(f"weight matrices are a list [W1, W2], each [out][in] with rows of one length; item {i} is not such a matrix")
        layers.append(_Weights([[number_of(w) for w in row] for row in rows], []))
    if not layers:
        raise InputError(f"plot_network needs a module, or a list of weight matrices, as in [W1, W2], not {matrices!r}")
    return _fitting(layers)


def _fitting(layers: list[_Weights]) -> list[_Weights]:
    """The layers, after a check that each takes as many inputs as the layer before has neurons, and that all weights are finite.

    Raises:
        InputError: a layer does not fit, or a weight is not finite.
    """
    for i, layer in enumerate(layers):
        if i and len(layer.rows[0]) != len(layers[i - 1].rows):
            raise InputError(
                f"layer {i} takes {len(layer.rows[0])} inputs, and layer {i - 1} has {len(layers[i - 1].rows)} neurons: "
                "matrices are [out][in], from the inputs to the outputs"
            )
        for number in (*layer.biases, *(w for row in layer.rows for w in row)):
            if not math.isfinite(number):
                raise InputError(f"layer {i} has a weight or bias that is {number}, which cannot be drawn")
    return layers


def _column(x: int, size: int) -> dict[int, tuple[float, float]]:
    """The place of each neuron of a layer that is drawn; the middle of a large layer is left out."""
    shown = [*range(size)] if size <= MOST else [*range(ENDS), *range(size - ENDS, size)]
    gap = 0 if size <= MOST else 2
    top = (len(shown) + gap - 1) / 2
    return {i: (float(x), top - k - (gap if i >= ENDS and gap else 0)) for k, i in enumerate(shown)}


def _draw_weights(axes: Axes, layers: list[_Weights], columns: list[dict[int, tuple[float, float]]]) -> None:
    from matplotlib.collections import LineCollection

    lines = [
        (weight, (before[j], after[i]))
        for layer, before, after in zip(layers, columns, columns[1:], strict=False)  # no layer follows the last column
        for i, row in enumerate(layer.rows)
        for j, weight in enumerate(row)
        if weight and i in after and j in before
    ]
    lines.sort(key=lambda line: abs(line[0]))  # the largest on top
    largest = max((abs(weight) for weight, _ in lines), default=1.0)
    axes.add_collection(
        LineCollection(
            [line for _, line in lines],
            colors=[POSITIVE if weight > 0 else NEGATIVE for weight, _ in lines],
            linewidths=[0.2 + 2.8 * abs(weight) / largest for weight, _ in lines],
            zorder=1,
        )
    )
    for sign, colour in (("", POSITIVE), ("−", NEGATIVE)) if lines else ():
        axes.plot([], [], color=colour, linewidth=3, label=f"weight {sign}{largest:.3g}")


def _draw_neurons(axes: Axes, layers: list[_Weights], columns: list[dict[int, tuple[float, float]]]) -> None:
    largest = max((abs(bias) for layer in layers for bias in layer.biases), default=0.0)
    places = list(columns[0].values())
    colours = ["0.85"] * len(places)
    for layer, column in zip(layers, columns[1:], strict=True):
        for i, place in column.items():
            bias = layer.biases[i] if layer.biases else 0.0
            places.append(place)
            colours.append(lightened(POSITIVE if bias > 0 else NEGATIVE, abs(bias) / (largest or 1.0)))
    across, up = zip(*places, strict=True)
    axes.scatter(across, up, s=130, c=colours, edgecolors="black", linewidths=0.8, zorder=2)
    for sign, colour in (("", POSITIVE), ("−", NEGATIVE)) if largest else ():
        axes.plot([], [], "o", color=colour, markeredgecolor="black", markersize=9, label=f"bias {sign}{largest:.3g}")
