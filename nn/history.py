"""History: the loss, the metrics and the duration of each epoch of a training."""

from __future__ import annotations

import csv
import html
import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograd._runtime.files import as_path, write_atomically
from autograd.errors import MissingPackageError
from autograd.render.lettering import printable
from nn.plots.figure import BLUE, VERMILION, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from nn.snapshots import Snapshots

MARKED = 50
"""Curves of more epochs are drawn without a marker at each."""
ENDS = 5
"""Of a long training, a notebook shows so many of the first and of the last epochs."""


@dataclass(repr=False)
class History:
    """The curves of a training, with one number for each epoch. A notebook shows them as a table.

    Attributes:
        loss: the mean loss of the training samples, each computed before the step that used it.
        validation_loss: the mean loss of the validation data; empty if there are none.
        metrics: the curve of each metric by its name, such as "accuracy"; for validation data "validation_accuracy".
        seconds: the duration of each epoch.
        snapshots: the parameters at some epochs, as `film` shows them; None if `fit` was not asked to keep them.

    Example:
        >>> History(loss=[0.5, 0.25], metrics={"accuracy": [0.75, 1.0]}, seconds=[0.1, 0.1])
        <History of 2 epochs, of which the last has loss 0.25, accuracy 1>
        >>> History()
        <History of 0 epochs>
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    snapshots: Snapshots | None = field(default=None, repr=False, compare=False)

    @property
    def accuracy(self) -> list[float]:
        """The accuracy on the training samples; empty if it was not measured."""
        return self.metrics.get("accuracy", [])

    @property
    def validation_accuracy(self) -> list[float]:
        """The accuracy on the validation data; empty if it was not measured."""
        return self.metrics.get("validation_accuracy", [])

    def curves(self) -> dict[str, list[float]]:
        """All curves that are not empty, by name."""
        curves = {"loss": self.loss, "validation_loss": self.validation_loss, **self.metrics, "seconds": self.seconds}
        return {name: curve for name, curve in curves.items() if curve}

    def __repr__(self) -> str:
        epochs = len(self.loss)
        last = ", ".join(f"{printable(name)} {curve[-1]:.4g}" for name, curve in self.curves().items() if name != "seconds")
        return f"<History of {epochs:,} epoch{'s' * (epochs != 1)}{f', of which the last has {last}' * bool(last)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each epoch; of a long training, for the first and the last ones."""
        curves, epochs = self.curves(), len(self.loss)
        chosen: list[int | None] = [*range(epochs)] if epochs <= 2 * ENDS + 1 else [*range(ENDS), None, *range(epochs - ENDS, epochs)]

        def row(tag: str, cells: list[str]) -> str:
            return "<tr>" + "".join(f'<{tag} style="text-align:right">{html.escape(cell)}</{tag}>' for cell in cells) + "</tr>"

        def numbers(epoch: int | None) -> list[str]:
            if epoch is None:
                return ["…"] * (1 + len(curves))
            return [f"{epoch + 1:,}", *[f"{curve[epoch]:.4g}" if epoch < len(curve) else "" for curve in curves.values()]]

        head = row("th", ["epoch", *[printable(name).replace("_", " ") for name in curves]])
        return f"<table><thead>{head}</thead><tbody>{''.join(row('td', numbers(epoch)) for epoch in chosen)}</tbody></table>"

    def append(self, training: dict[str, float], validation: dict[str, float] | None, seconds: float) -> None:
        """Add an epoch.

        Args:
            training: the loss and the metrics of the training samples, by name.
            validation: the same for the validation data, if there are any.
            seconds: the duration of the epoch.

        Example:
            >>> history = History()
            >>> history.append({"loss": 0.5, "accuracy": 0.75}, None, seconds=0.1)
            >>> history.curves()
            {'loss': [0.5], 'accuracy': [0.75], 'seconds': [0.1]}
        """
        for prefix, epoch, losses in (("", training, self.loss), ("validation_", validation or {}, self.validation_loss)):
            for name, number in epoch.items():
                (losses if name == "loss" else self.metrics.setdefault(prefix + name, [])).append(number)
        self.seconds.append(seconds)

    def plot(self) -> Figure:
        """A matplotlib figure of the curves of the loss and of each metric.

        Raises:
            MissingPackageError: matplotlib is not installed.
        """
        curves = self.curves()
        names = ["loss", *[name for name in self.metrics if not name.startswith("validation_")]]
        figure = new_figure(4.0 * len(names), 3.2)
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for curve, label, line, mark, colour in (
                (name, "training", "-", "o", BLUE),
                (f"validation_{name}", "validation", "--", "s", VERMILION),
            ):
                if numbers := curves.get(curve):
                    epochs, marker = range(1, len(numbers) + 1), mark if len(numbers) <= MARKED else ""
                    axes.plot(epochs, numbers, line, marker=marker, color=colour, label=label, markersize=4)
            axes.set(title=plain(name.replace("_", " ")), xlabel="epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            if axes.lines:
                axes.legend()
        return figure

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a table with a line for each epoch. The file is written whole or not at all.

        Raises:
            InputError: `path` is not a path.
            OSError: the file cannot be written, or is a folder, a device or a pipe.
        """
        target = as_path(path, "history.to_csv('history.csv')")
        curves = self.curves()
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", *map(printable, curves)])
        table.writerows([epoch, *row] for epoch, row in enumerate(zip(*curves.values(), strict=True), start=1))
        write_atomically(target, text.getvalue().encode())

    def to_pandas(self) -> DataFrame:
        """The curves as a pandas `DataFrame`: a row for each epoch, counted from 1, and a column for each curve.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        try:
            from pandas import DataFrame, RangeIndex
        except ImportError as error:
            raise MissingPackageError(
                "to_pandas needs pandas: pip install pandas; history.to_csv('history.csv') writes the same table without it"
            ) from error
        return DataFrame(self.curves(), index=RangeIndex(1, len(self.loss) + 1, name="epoch"), dtype=float)
