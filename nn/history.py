"""History: the loss, the metrics and the duration of each epoch of a training."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograd._runtime.files import as_path, write_atomically
from autograd.render.lettering import printable
from nn.plots.figure import new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn.snapshots import Snapshots

MARKED = 50
"""Curves of more epochs are drawn without a marker at each."""


@dataclass
class History:
    """The curves of a training, with one number for each epoch.

    Attributes:
        loss: the mean loss of the training samples, each computed before the step that used it.
        validation_loss: the mean loss of the validation data; empty if there are none.
        metrics: the curve of each metric by its name, such as "accuracy"; for validation data "validation_accuracy".
        seconds: the duration of each epoch.
        snapshots: the parameters at some epochs, as `film` shows them; None if `fit` was not asked to keep them.
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
            for curve, label, line, marker in ((name, "training", "-", "o"), (f"validation_{name}", "validation", "--", "s")):
                if numbers := curves.get(curve):
                    epochs = range(1, len(numbers) + 1)
                    axes.plot(epochs, numbers, line, marker=marker if len(numbers) <= MARKED else "", label=label, markersize=4)
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
