"""The figure of a diagnosis: three panels, layer by layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nn.checkup.findings import Finding
from nn.checkup.layer_row import LayerRow
from nn.plots.figure import LINE, NEGATIVE, POSITIVE, finish, new_figure, plain, width_in_letters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def panels_of(rows: list[LayerRow], findings: list[Finding]) -> Figure:
    """The outputs, the gradient at them, and the share that is flat, with layers that have a finding in vermilion.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    figure = new_figure(max(9.0, 3.0 + 0.9 * len(rows)), 3.8)
    left, middle, right = figure.subplots(1, 3)
    ill = {finding.where for finding in findings if finding.severity != "note"}
    colours = [NEGATIVE if row.name in ill else POSITIVE for row in rows]
    _outputs(left, rows, colours)
    _gradients(middle, rows, colours)
    _flat(right, rows, colours)
    for axes, title, y in (
        (left, "outputs: mean ± spread", "output"),
        (middle, "gradient at the outputs", "norm of ∂L/∂output"),
        (right, "flat outputs", "percent"),
    ):
        axes.set_title(title)
        axes.grid(alpha=0.3)
        _name_axes(axes, rows, y)
    return figure


def _outputs(axes: Axes, rows: list[LayerRow], colours: list[str]) -> None:
    for place, (row, colour) in enumerate(zip(rows, colours, strict=True)):
        axes.errorbar([place], [row.mean], yerr=[row.spread], fmt="o", color=colour, capsize=4)
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    if NEGATIVE in colours:
        axes.plot([], [], "o", color=NEGATIVE, label="something was found")


def _gradients(axes: Axes, rows: list[LayerRow], colours: list[str]) -> None:
    known = [row.gradient if math.isfinite(row.gradient) and row.gradient > 0.0 else math.nan for row in rows]
    places = range(len(rows))
    if any(x == x for x in known):
        axes.set_yscale("log")
    axes.plot(places, known, "-", color="0.5", linewidth=1.0)
    axes.scatter(places, known, c=colours, zorder=3)
    lost = [place for place, row in enumerate(rows) if row.gradient == 0.0]
    if any(x == x for x in known):
        low, high = (math.log10(x) for x in axes.get_ylim())
        middle, half = (low + high) / 2.0, max(1.05, (high - low) / 2.0)
        axes.set_ylim(10.0 ** (middle - half), 10.0 ** (middle + half))
    if lost:
        axes.plot(lost, [0.04] * len(lost), "x", color=NEGATIVE, markersize=9, transform=axes.get_xaxis_transform(), label="exactly 0")


def _flat(axes: Axes, rows: list[LayerRow], colours: list[str]) -> None:
    places = range(len(rows))
    axes.bar(places, [0.0 if math.isnan(row.flat) else 100.0 * row.flat for row in rows], color=colours, alpha=0.4)
    stuck = [0.0 if math.isnan(row.flat) else 100.0 * row.stuck / row.units for row in rows]
    axes.bar(places, stuck, color=colours, width=0.4)
    if any(row.flat > 0.0 for row in rows):  # in grey, as the colours mean something else
        axes.bar([0], [0.0], color="0.4", alpha=0.4, label="of the outputs")
        axes.bar([0], [0.0], color="0.4", label="of the units, for all samples")
    axes.set_ylim(0.0, 100.0)


def _name_axes(axes: Axes, rows: list[LayerRow], y: str) -> None:
    names = [plain(row.name) for row in rows]
    room = 0.9 * width_in_letters(axes) / max(1, len(rows))
    longest = max(map(len, names), default=0)
    rotated = longest + 1 > room
    every = max(1, math.ceil(LINE / room)) if rotated else 1
    axes.set_xticks(range(0, len(rows), every), names[::every], rotation=90 if rotated else 0)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    finish(axes, "layer", y, bool(axes.get_legend_handles_labels()[1]), longest if rotated else LINE)
