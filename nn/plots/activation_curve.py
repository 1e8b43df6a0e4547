"""The curve of an activation and of its derivative."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd import value_and_grad
from autograd._runtime.coercion import flag, real
from autograd.errors import InputError
from nn.activations import Activation, activation_named, is_vectorwise, name_of
from nn.plots.figure import NEGATIVE, POSITIVE, axes_or_new, figure_of, finish, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SATURATED = 0.01
"""An activation is saturated where the absolute value of its derivative stays below this share of its maximum."""


def plot_activation(
    activation: str | Activation | None, low: float = -8.0, high: float = 8.0, axes: Axes | None = None, *, legend: bool = True
) -> Figure:
    """Draw an activation and its derivative, and shade the regions in which it saturates.

    Args:
        activation: a name, such as "tanh"; or a function of one number, made of autograd's functions.
        low, high: the ends of the interval.
        axes: where to draw; by default in a new figure.
        legend: whether to draw a legend.

    Raises:
        InputError: there is no such activation, it needs a whole layer, as softmax does, or `low` is not below `high`.
        DomainError, PoleError: the function is not defined everywhere in the interval.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> derivative = plot_activation("relu").axes[0].lines[1]
        >>> derivative.get_ydata()[[0, -1]].tolist()
        [0.0, 1.0]
    """
    function = activation_named(activation)
    if is_vectorwise(function):
        raise InputError(f"{name_of(function)} has no curve: each of its results depends on all outputs of a layer")
    low, high, legend = real(low), real(high), flag("legend", legend)
    if not -math.inf < low < high < math.inf:
        raise InputError(f"plot_activation needs low < high, both finite, not {low!r} and {high!r}")
    axes = axes_or_new(axes, 6.4, 4.0)
    zs = [low + (high - low) * i / 480 for i in range(481)]
    both = [value_and_grad(lambda z: z if function is None else function(z))(z) for z in zs]
    sizes = [abs(slope) for _, slope in both]
    limit = SATURATED * max((size for size in sizes if size < math.inf), default=0.0)
    steep = [i for i, size in enumerate(sizes) if size >= limit > 0.0] or [len(zs)]  # a constant has no steep part
    name = plain("f" if name_of(function) == "<lambda>" else name_of(function))
    axes.plot(zs, [value for value, _ in both], color=POSITIVE, linewidth=2, label=name)
    axes.plot(zs, [slope for _, slope in both], "--", color=NEGATIVE, linewidth=2, label="its derivative")
    note = f"saturated: the derivative stays\nbelow {SATURATED:.0%} of its largest"
    for flat in (zs[: steep[0]], zs[steep[-1] + 1 :]):
        if len(flat) > 1:
            axes.axvspan(flat[0], flat[-1], color="0.5", alpha=0.2, linewidth=0, label=note)
            note = ""  # the legend explains it once
    axes.set_title(name)
    axes.grid(alpha=0.3)
    finish(axes, "z", "", legend)
    return figure_of(axes)
