"""How large the gradients of each layer are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd.errors import InputError
from autograd.render.lettering import printable
from autograd.value import Value
from nn.module import Module
from nn.plots.figure import LINE, NEGATIVE, POSITIVE, axes_or_new, figure_of, finish, plain, width_in_letters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_gradients(model: Module, axes: Axes | None = None) -> Figure:
    """Draw the size of the gradients of each layer: the mean of |∂L/∂p| over its parameters p, after `backward`.

    In a deep network with sigmoids the sizes shrink from the last layer to the first: the gradient vanishes. Layers are the lines of
    `model.summary()`; parameters that belong to the model itself are distinguished by their names. If there is no room for the names of
    all layers, some are left out.

    Args:
        model: any module, with the gradients of one or several calls of `backward`.
        axes: where to draw; by default in a new figure.

    Raises:
        InputError: `model` is not a Module, all gradients are 0, or one is not finite.
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
            raise InputError(f"the gradient of {printable(name)} is {value.grad}, which cannot be drawn")
        sizes.setdefault(layer, []).append(abs(value.grad))
    means = [math.fsum(of_layer) / len(of_layer) for of_layer in sizes.values()]
    if not any(means):
        raise InputError("there is no gradient to plot: call loss.backward() first, and zero_grad() only after the plot")
    axes = axes_or_new(axes, max(5.0, 1.5 + 0.75 * len(means)), 4.0)
    places = range(len(means))
    axes.set_yscale("log")
    axes.plot(places, [mean or math.nan for mean in means], "o-", color=POSITIVE)
    if 0.0 in means:
        lost = [place for place in places if means[place] == 0.0]
        at_the_bottom = axes.get_xaxis_transform()  # a logarithmic scale has no place for 0
        axes.plot(lost, [0.04] * len(lost), "x", color=NEGATIVE, markersize=9, transform=at_the_bottom, label="exactly 0")
    room = 0.9 * width_in_letters(axes) / max(1, len(means) - 1)  # for the name of each layer, in letters
    longest = max(map(len, sizes))
    rotated = longest + 1 > room
    every = math.ceil(LINE / room) if rotated else 1
    axes.set_xticks(places[::every], [plain(name) for name in sizes][::every], rotation=90 if rotated else 0)
    axes.set_title("size of the gradients")
    axes.grid(alpha=0.3)
    finish(axes, "layer", "mean |∂L/∂p|", 0.0 in means, longest if rotated else LINE)
    return figure_of(axes)


def _by_layer(model: Module) -> Iterator[tuple[str, str, Value]]:
    """For each parameter its name, the name of its layer, and the parameter itself."""
    modules = dict(model.named_modules())
    for name, value in model.named_parameters():
        parts = name.split(".")
        owners = [owner for owner in (".".join(parts[:n]) for n in range(len(parts))) if owner in modules]
        layer = next((owner for owner in owners if modules[owner].extra_repr()), owners[-1])
        if not layer:
            layer = type(model).__name__ if model.extra_repr() else re.sub(r"(\.\d+)+$", "", name)
        yield name, layer, value
