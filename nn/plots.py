"""Pictures of models: where they decide, how their activations and gradients fade, what their weights are.

Each function returns a matplotlib Figure and touches no global state. Given `axes`, it draws there, and returns their figure.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import value_and_grad
from autograd._runtime.coercion import number_of
from autograd.errors import InputError, MissingPackageError
from autograd.value import Value
from nn.activations import Activation, Elementwise, Vectorwise, activation_named, is_vectorwise, name_of
from nn.checks import paired, whole
from nn.data import as_lists
from nn.layers import Layer, Linear, Neuron
from nn.module import Module
from nn.training import predict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"
"""Blue and vermilion, which the colour-blind tell apart (Okabe and Ito, "Color universal design", 2008)."""

CLASSES = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
"""One for each class, as different as ten can be (Petroff, "Accessible color sequences for data visualization", 2021)."""

MARKERS = "os^DvPX<>*"
"""One for each class, so that the picture can be read without its colours."""

SATURATED = 0.01
"""An activation is saturated from where its slope stays below this part of its largest one: hardly any gradient comes through."""

LETTER, LINE = 0.55, 2.4
"""A letter is about so wide, in units of the size of its font; a line is so high, in letters."""

MOST, ENDS = 16, 5
"""A layer of more than `MOST` neurons is drawn as its first and last `ENDS`."""


# -- where a model decides ----------------------------------------------------------------------------------------------


def plot_decision_boundary(
    model: Module,
    X: Any,
    y: Any,
    resolution: int = 60,
    threshold: float = 0.0,
    axes: Axes | None = None,
    *,
    legend: bool = True,
    colorbar: bool = True,
) -> Figure:
    """The regions in which a model of two inputs gives one class or another, and the samples.

    Args:
        model: with one output, which is above the threshold for one class and below for the other; or with one for each class,
            of which the largest wins.
        X: samples of two numbers; see `as_lists`.
        y: with one output -1 or 1, or 0 and 1; with several the index of the class, or a probability for each.
        resolution: the model is evaluated at so many points each way, at least 2.
        threshold: of a single output. 0.5 where it is a probability, behind a sigmoid.
        axes: where to draw; by default in a new figure.
        legend, colorbar: whether to draw them; one of several small pictures may have them for all.

    Raises:
        InputError: the samples are not of two inputs, the targets are no classes of this model, or an output is not finite.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> from nn import MLP
        >>> figure = plot_decision_boundary(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]], [2, 0], resolution=5)
        >>> figure.axes[0].get_xlabel()
        'x₁'
    """
    samples, targets = as_lists(X), as_lists(y)
    paired("plot_decision_boundary", samples, targets)
    for i, sample in enumerate(samples):
        if not hasattr(sample, "__len__") or len(sample) != 2 or not all(math.isfinite(number_of(x)) for x in sample):
            raise InputError(f"plot_decision_boundary draws models of two inputs: sample {i} must be two finite numbers, not {sample!r}")
    axes = _axes(axes, 6.4, 4.8)

    import numpy as np

    points = np.array([[number_of(x) for x in sample] for sample in samples])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    across, up = np.linspace(low - margin, high + margin, max(2, whole("resolution", resolution))).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    outputs = np.array(predict(model, grid.reshape(-1, 2).tolist()), dtype=float).reshape(*grid.shape[:2], -1)
    if not np.isfinite(outputs).all():
        row, column, _ = np.argwhere(~np.isfinite(outputs))[0]
        raise InputError(f"at {grid[row, column].tolist()} the model gives {outputs[row, column].tolist()}, which cannot be drawn")

    colours: tuple[str, ...]
    if outputs.shape[2] == 1:
        classes, names, colours = _sides(targets), {int(t > 0): f"y = {t:g}".replace("-", "−") for t in targets}, (NEGATIVE, POSITIVE)
        _draw_output(axes, across, up, outputs[:, :, 0], threshold, colorbar)
    else:
        classes, colours = _classes(targets, outputs.shape[2]), CLASSES
        names = {k: f"class {k}" for k in classes}
        _draw_largest(axes, across, up, outputs)
    for k in sorted(names):
        own = points[[c == k for c in classes]]
        axes.scatter(own[:, 0], own[:, 1], s=30, c=colours[k], marker=MARKERS[k], edgecolors="white", linewidths=0.7, label=names[k])
    axes.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    _finish(axes, "x₁", "x₂", legend)
    return _figure_of(axes)


def _sides(targets: list[Any]) -> list[int]:
    """Of targets for a single output: 1 where it should be above the threshold, else 0."""
    different = {number_of(t) for t in targets}
    if not (different <= {-1.0, 1.0} or different <= {0.0, 1.0}):
        raise InputError(f"a model with one output tells two classes apart, with targets -1 and 1, or 0 and 1, not {sorted(different)}")
    return [int(t > 0) for t in targets]


def _classes(targets: list[Any], count: int) -> list[int]:
    """The class of each target, which is its index, or a list of probabilities."""
    if count > len(CLASSES):
        raise InputError(f"{count} classes cannot be told apart by colour: plot_decision_boundary draws at most {len(CLASSES)}")
    found = []
    for target in targets:
        size = len(target) if hasattr(target, "__len__") else None
        k = number_of(target) if size is None else max(range(size), key=target.__getitem__, default=-1)
        if size not in (None, count) or k not in range(count):
            raise InputError(f"target {target!r} is no class: with {count} outputs, classes are 0 to {count - 1}")
        found.append(int(k))
    return found


def _draw_output(axes: Axes, across: Any, up: Any, output: Any, threshold: float, colorbar: bool) -> None:
    """A single output as shades of two colours, which meet at the threshold."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    shades = LinearSegmentedColormap.from_list("output", [_light(NEGATIVE, 0.3), "white", _light(POSITIVE, 0.3)])
    bound = float(np.abs(output - threshold).max()) or 1.0
    filled = axes.contourf(across, up, output, threshold + bound * np.linspace(-1.0, 1.0, 21), cmap=shades)
    if colorbar:
        _figure_of(axes).colorbar(filled, ax=axes, ticks=MaxNLocator(7), label="output of the model")
    if output.min() < threshold < output.max():
        axes.contour(across, up, output, [threshold], colors="black", linewidths=1.2)
        axes.plot([], [], color="black", linewidth=1.2, label=f"output = {threshold:g}")


def _draw_largest(axes: Axes, across: Any, up: Any, outputs: Any) -> None:
    """The regions in which each of several outputs is the largest."""
    import numpy as np
    from matplotlib.colors import ListedColormap

    count = outputs.shape[2]
    light = [_light(CLASSES[k], 0.45) for k in range(count)]
    best = outputs.argmax(axis=2)
    axes.pcolormesh(across, up, best, cmap=ListedColormap(light), vmin=0, vmax=count - 1, rasterized=True)  # seen where three regions meet
    for k in range(count):
        lead = outputs[:, :, k] - np.delete(outputs, k, axis=2).max(axis=2)  # of this output before the best other one
        if lead.max() > 0:
            axes.contourf(across, up, lead, [0.0, lead.max()], colors=[light[k]])
            if lead.min() < 0:
                axes.contour(across, up, lead, [0.0], colors="black", linewidths=0.8)


# -- activations --------------------------------------------------------------------------------------------------------


def plot_activation(
    activation: str | Activation | None, low: float = -8.0, high: float = 8.0, axes: Axes | None = None, *, legend: bool = True
) -> Figure:
    """An activation and its derivative, with the regions shaded in which it saturates.

    Args:
        activation: a name, such as "tanh"; or any function of one number that is made of autograd's functions.
        low, high: from where to where.
        axes: where to draw; by default in a new figure.
        legend: whether to draw it.

    Raises:
        InputError: there is no such activation, it is one of a whole layer, such as softmax, or `low` is not below `high`.
        DomainError, PoleError: the function is not defined everywhere between them.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> derivative = plot_activation("relu").axes[0].lines[1]
        >>> derivative.get_ydata()[[0, -1]].tolist()
        [0.0, 1.0]
    """
    function = activation_named(activation)
    if is_vectorwise(function):
        raise InputError(f"{name_of(function)} has no curve: each of its results depends on all outputs of a layer")
    if not -math.inf < low < high < math.inf:
        raise InputError(f"plot_activation needs low < high, both finite, not {low!r} and {high!r}")
    axes = _axes(axes, 6.4, 4.0)
    zs = [low + (high - low) * i / 480 for i in range(481)]
    both = [value_and_grad(lambda z: z if function is None else function(z))(z) for z in zs]
    sizes = [abs(slope) for _, slope in both]
    limit = SATURATED * max((size for size in sizes if size < math.inf), default=0.0)
    steep = [i for i, size in enumerate(sizes) if size >= limit > 0.0] or [len(zs)]  # none in a constant
    name = "f" if name_of(function) == "<lambda>" else name_of(function)
    axes.plot(zs, [value for value, _ in both], color=POSITIVE, linewidth=2, label=name)
    axes.plot(zs, [slope for _, slope in both], "--", color=NEGATIVE, linewidth=2, label="its derivative")
    note = f"saturated: the derivative stays\nbelow {SATURATED:.0%} of its largest"
    for flat in (zs[: steep[0]], zs[steep[-1] + 1 :]):
        if len(flat) > 1:
            axes.axvspan(flat[0], flat[-1], color="0.5", alpha=0.2, linewidth=0, label=note)
            note = ""  # one line in the legend
    axes.set_title(name)
    axes.grid(alpha=0.3)
    _finish(axes, "z", "", legend)
    return _figure_of(axes)


# -- gradients ----------------------------------------------------------------------------------------------------------


def plot_gradients(model: Module, axes: Axes | None = None) -> Figure:
    """How large the gradients of each layer are: the mean of |∂L/∂p| over its parameters p, after a `backward`.

    In a deep network with sigmoids they shrink from the last layer to the first: the vanishing gradient. A layer is what is
    a line of `model.summary()`; parameters that are the model's own are told apart by their names. Where there is no room for
    the names of all layers, some have none.

    Args:
        model: any module, with the gradients that one or several `backward` left in it.
        axes: where to draw; by default in a new figure.

    Raises:
        InputError: `model` is no Module, there are no parameters, no gradients, or one that is not finite.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> from nn import MLP
        >>> model = MLP(2, [4, 4, 1], "sigmoid")
        >>> model([0.5, -1.0]).backward()
        >>> [label.get_text() for label in plot_gradients(model).axes[0].get_xticklabels()]
        ['layers.0', 'layers.1', 'layers.2']
    """
    if not isinstance(model, Module):
        raise InputError(f"plot_gradients needs a module, after loss.backward(), not {model!r}")
    sizes: dict[str, list[float]] = {}
    for name, layer, value in _by_layer(model):
        if not math.isfinite(value.grad):
            raise InputError(f"the gradient of {name} is {value.grad}, which has no place on a scale")
        sizes.setdefault(layer, []).append(abs(value.grad))
    means = [math.fsum(of_layer) / len(of_layer) for of_layer in sizes.values()]
    if not any(means):
        raise InputError("there is no gradient to plot: call loss.backward() first, and zero_grad() only after the plot")
    axes = _axes(axes, max(5.0, 1.5 + 0.75 * len(means)), 4.0)
    places = range(len(means))
    axes.set_yscale("log")
    axes.plot(places, [mean or math.nan for mean in means], "o-", color=POSITIVE)
    if 0.0 in means:
        lost = [place for place in places if means[place] == 0.0]
        at_the_bottom = axes.get_xaxis_transform()  # where 0 would be, far below on this scale
        axes.plot(lost, [0.04] * len(lost), "x", color=NEGATIVE, markersize=9, transform=at_the_bottom, label="exactly 0")
    room = 0.9 * _width(axes) / max(1, len(means) - 1)  # in letters, for each layer
    longest = max(map(len, sizes))
    turned = longest + 1 > room
    every = math.ceil(LINE / room) if turned else 1
    axes.set_xticks(places[::every], list(sizes)[::every], rotation=90 if turned else 0)
    axes.set_title("size of the gradients")
    axes.grid(alpha=0.3)
    _finish(axes, "layer", "mean |∂L/∂p|", 0.0 in means, longest if turned else LINE)
    return _figure_of(axes)


def _by_layer(model: Module) -> Iterator[tuple[str, str, Value]]:
    """The name of each parameter, that of its layer, and itself."""
    modules = dict(model.named_modules())
    for name, value in model.named_parameters():
        parts = name.split(".")
        owners = [owner for owner in (".".join(parts[:n]) for n in range(len(parts))) if owner in modules]
        layer = next((owner for owner in owners if modules[owner].extra_repr()), owners[-1])
        if not layer:
            layer = type(model).__name__ if model.extra_repr() else re.sub(r"(\.\d+)+$", "", name)
        yield name, layer, value


# -- weights ------------------------------------------------------------------------------------------------------------


@dataclass
class _Weights:
    """What is drawn of a layer: a row of weights and a bias for each neuron, and what the activation is called."""

    rows: list[list[float]]
    biases: list[float]
    activation: str = ""


def plot_network(model: Any, axes: Axes | None = None) -> Figure:
    """The neurons of a network as nodes, and its weights as lines: blue where positive, vermilion where negative, as thick as large.

    The colour of a neuron is that of its bias. A weight that is 0 has no line. Of a large layer the first and the last
    neurons are drawn, and the title says so.

    Args:
        model: an MLP, or another module of `Layer`, `Linear` and activations, one after the other; or a list of weight
            matrices [out][in], as nested lists or arrays.
        axes: where to draw; by default in a new figure.

    Raises:
        InputError: it has other parameters, or a matrix does not fit the one before it, or a weight is not finite.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> plot_network([[[0.5, -1.0], [2.0, 0.0]], [[1.0, 1.0]]]).axes[0].get_title()
        '2 – 2 – 1'
    """
    layers = _layers_of(model) if isinstance(model, Module) else _layers_from(model)
    sizes = [len(layers[0].rows[0]), *(len(layer.rows) for layer in layers)]
    columns = [_column(x, size) for x, size in enumerate(sizes)]
    bottom = min(y for column in columns for _, y in column.values())
    axes = _axes(axes, max(6.0, 1.5 * len(sizes)), max(3.2, 1.9 - 0.6 * bottom))
    _draw_weights(axes, layers, columns)
    _draw_neurons(axes, layers, columns)
    names = []
    for x, (size, column) in enumerate(zip(sizes, columns, strict=True)):
        kind = "input" if x == 0 else "output" if x == len(layers) else "neuron"
        names.append(f"{size:,} {kind}{'s'[: size != 1]}\n{layers[x - 1].activation if x else ''}")
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
    if axes.lines:  # which stand for weights and biases in the legend
        style: dict[str, Any] = {"ncols": 4, "frameon": False, "fontsize": 9, "handlelength": 1.5, "columnspacing": 1.2}
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=0.0, **style)
    return _figure_of(axes)


def _layers_of(model: Module) -> list[_Weights]:
    """The weights of a module's layers, in the order in which they stand in it.

    Raises:
        InputError: it has parameters that are in no such layer, or none at all.
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
        found = f"{others[0]} is in none" if others else f"{type(model).__name__} has none"
        raise InputError(f"plot_network draws the weights of Layer and Linear, and {found}: pass a list of matrices, as in [W1, W2]")
    return _fitting(layers)


def _layers_from(matrices: Any) -> list[_Weights]:
    """The layers of matrices [out][in].

    Raises:
        InputError: something in the list is no matrix of numbers.
    """
    layers = []
    for i, matrix in enumerate(as_lists(matrices) if isinstance(matrices, (list, tuple)) or hasattr(matrices, "tolist") else ()):
        rows = as_lists(matrix) if isinstance(matrix, (list, tuple)) else []
        if not rows or not all(isinstance(row, (list, tuple)) and len(row) == len(rows[0]) > 0 for row in rows):
            raise InputError(f"a list of weight matrices is [W1, W2], and each is [out][in], with rows of one length: item {i} is none")
        layers.append(_Weights([[number_of(w) for w in row] for row in rows], []))
    if not layers:
        raise InputError(f"plot_network needs a module, or a list of weight matrices, as in [W1, W2], not {matrices!r}")
    return _fitting(layers)


def _fitting(layers: list[_Weights]) -> list[_Weights]:
    """The same layers, each of which takes as many inputs as the one before has neurons, with finite weights.

    Raises:
        InputError: they do not fit.
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
    """Where the neurons of a layer stand; those in the middle of a large one do not."""
    shown = [*range(size)] if size <= MOST else [*range(ENDS), *range(size - ENDS, size)]
    gap = 0 if size <= MOST else 2
    top = (len(shown) + gap - 1) / 2
    return {i: (float(x), top - k - (gap if i >= ENDS and gap else 0)) for k, i in enumerate(shown)}


def _draw_weights(axes: Axes, layers: list[_Weights], columns: list[dict[int, tuple[float, float]]]) -> None:
    from matplotlib.collections import LineCollection

    lines = [
        (weight, (before[j], after[i]))
        for layer, before, after in zip(layers, columns, columns[1:], strict=False)  # the last column is before no layer
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
            colours.append(_light(POSITIVE if bias > 0 else NEGATIVE, abs(bias) / (largest or 1.0)))
    across, up = zip(*places, strict=True)
    axes.scatter(across, up, s=130, c=colours, edgecolors="black", linewidths=0.8, zorder=2)
    for sign, colour in (("", POSITIVE), ("−", NEGATIVE)) if largest else ():
        axes.plot([], [], "o", color=colour, markeredgecolor="black", markersize=9, label=f"bias {sign}{largest:.3g}")


# -- what they share ----------------------------------------------------------------------------------------------------


def new_figure(width: float = 6.4, height: float = 4.8) -> Figure:
    """An empty figure, for plots of your own, and for several of these beside each other. A notebook shows it as a picture.

    A Figure that matplotlib made is text there, where pyplot was never imported; and pyplot keeps each figure until it is closed.

    Args:
        width, height: in inches.

    Raises:
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> figure = new_figure(8.0, 3.2)
        >>> left, right = figure.subplots(1, 2)
        >>> for axes, name in ((left, "relu"), (right, "tanh")):
        ...     _ = plot_activation(name, axes=axes)
        >>> right.get_title()
        'tanh'
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("plotting needs matplotlib: pip install 'scalar-autograd[plot]'") from error

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Picture(figsize=(width, height), layout="constrained")


def _axes(axes: Axes | None, width: float, height: float) -> Axes:
    return new_figure(width, height).subplots() if axes is None else axes


def _width(axes: Axes) -> float:
    """About how many letters go beside each other in it."""
    from matplotlib import rcParams

    return axes.bbox.width / _figure_of(axes).dpi * 72.0 / (LETTER * float(rcParams["font.size"]))


def _finish(axes: Axes, x: str, y: str, legend: bool, ticks: float = LINE) -> None:
    """Name the axes, where a panel further out does not do it for this one; and draw the legend below, where it covers nothing.

    `ticks`: how high what stands at the ticks of x is, in letters.
    """
    from matplotlib import rcParams
    from matplotlib.transforms import ScaledTranslation

    place = axes.get_subplotspec()
    for set_label, text, grouper, is_outer in (
        (axes.set_xlabel, x, axes.get_shared_x_axes(), place is None or place.is_last_row()),
        (axes.set_ylabel, y, axes.get_shared_y_axes(), place is None or place.is_first_col()),
    ):
        if is_outer or len(grouper.get_siblings(axes)) == 1:
            set_label(text)
    if legend:
        full = float(rcParams["font.size"])
        size = 0.9 * full
        widths = [6 + max(map(len, name.splitlines())) for name in axes.get_legend_handles_labels()[1]]
        room = _width(axes) / 0.9
        columns = len(widths) if sum(widths) <= room else max(1, int(room / max(widths)))
        depth = (ticks + 1.6 * LINE) * LETTER * full / 72.0  # in inches, under what stands at the ticks and the name
        below = axes.transAxes + ScaledTranslation(0.0, -depth, axes.figure.dpi_scale_trans)
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=below,
            ncols=columns,
            fontsize=size,
            frameon=False,
            handlelength=1.5,
            columnspacing=1.2,
            borderaxespad=0.0,
        )


def _figure_of(axes: Axes) -> Figure:
    return axes.figure.figure  # that of a subfigure is the whole one


def _light(colour: str, part: float) -> str:
    """A colour mixed with white."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (1.0 - part * (1.0 - channel) for channel in to_rgb(colour))
    return to_hex((red, green, blue))
