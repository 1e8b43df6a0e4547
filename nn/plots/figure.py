"""Figures, axes and colours: what all plots share."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from autograd.errors import InputError, MissingPackageError
from autograd.render.lettering import printable
from nn.checks import positive

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION = "#0072b2", "#d55e00"
"""Colour-blind readers can tell them apart (Okabe and Ito, "Color universal design", 2008). The curves of training data are blue, those of
validation data vermilion."""
POSITIVE, NEGATIVE = BLUE, VERMILION

LETTER, LINE = 0.55, 2.4
"""The approximate width of a letter, in units of its font size; and the height of a line, in widths of a letter."""


TEX = str.maketrans({c: rf"\{c}" for c in "#$%&_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"})
"""The characters that have a meaning in TeX, and how they are written as text; for `usetex`, where TeX draws all text of Matplotlib."""


def new_figure(width: float = 6.4, height: float = 4.8) -> Figure:
    """An empty figure, for plots of your own, and for several plots side by side. A notebook shows it as a picture.

    It does not need pyplot, which keeps each figure until it is closed, and without which a notebook shows matplotlib's own Figure as
    text.

    Args:
        width, height: in inches.

    Raises:
        InputError: a size is not a positive number.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> from nn.plots import plot_activation
        >>> figure = new_figure(8.0, 3.2)
        >>> left, right = figure.subplots(1, 2)
        >>> for axes, name in ((left, "relu"), (right, "tanh")):
        ...     _ = plot_activation(name, axes=axes)
        >>> right.get_title()
        'tanh'
    """
    width, height = positive("the width", width), positive("the height", height)
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


LONGEST = 48
"""How many letters of a name are drawn."""


def plain(text: str) -> str:
    """A text that Matplotlib draws as it is, or the beginning of a long one, for which axes have no room. By itself, Matplotlib reads what
    is between two `$` as a formula, and leaves a label that begins with `_` out of the legend.

    Example:
        >>> plain("price in $"), plain("a$b$c")
        ('price in \\\\$', 'a\\\\$b\\\\$c')
    """
    from matplotlib import rcParams

    text = printable(text)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    if rcParams["text.usetex"]:
        return text.translate(TEX)
    return ("\N{ZERO WIDTH SPACE}" if text.startswith("_") else "") + text.replace("$", r"\$")


def axes_or_new(axes: Axes | None, width: float, height: float) -> Axes:
    """The axes; or those of a new figure of this size, in inches.

    Raises:
        InputError: `axes` is neither None nor axes of Matplotlib.

    Example:
        >>> float(axes_or_new(None, 6.4, 4.8).figure.get_figwidth())
        6.4
    """
    if axes is None:
        return new_figure(width, height).subplots()
    if not all(hasattr(axes, name) for name in ("plot", "set_xlabel", "get_figure")):
        raise InputError(f"axes must be axes of Matplotlib, as in axes=new_figure().subplots(), not {axes!r:.60}")
    return axes


def width_in_letters(axes: Axes) -> float:
    """The approximate number of letters that fit side by side in the axes.

    Example:
        >>> 50 < width_in_letters(axes_or_new(None, 6.4, 4.8)) < 100
        True
    """
    from matplotlib import rcParams

    return float(axes.bbox.width) / figure_of(axes).dpi * 72.0 / (LETTER * float(rcParams["font.size"]))


def finish(axes: Axes, x: str, y: str, legend: bool, ticks: float = LINE) -> None:
    """Name the axes, unless an outer panel has the name for this one; and draw the legend below them, where it covers nothing.

    Args:
        axes: what was drawn in.
        x, y: the names of the axes.
        legend: whether to draw it.
        ticks: the height of the labels at the ticks of x, in letters.

    Example:
        >>> axes = axes_or_new(None, 6.4, 4.8)
        >>> finish(axes, "epoch", "loss", legend=False)
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('epoch', 'loss')
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
        room = width_in_letters(axes) / 0.9
        columns = len(widths) if sum(widths) <= room else max(1, int(room / max(widths)))
        depth = (ticks + 1.6 * LINE) * LETTER * full / 72.0  # in inches, below the labels at the ticks and the name
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


def figure_of(axes: Axes) -> Figure:
    """The figure that the axes are in; if they are in a subfigure, the figure around it.

    Example:
        >>> figure = new_figure()
        >>> figure_of(figure.subplots()) is figure
        True
    """
    return axes.figure.figure


def lightened(colour: str, part: float) -> str:
    """A colour mixed with white: 1 is the colour, 0 is white.

    Example:
        >>> lightened("#0000ff", 0.5)
        '#8080ff'
    """
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (1.0 - part * (1.0 - channel) for channel in to_rgb(colour))
    return to_hex((red, green, blue))
