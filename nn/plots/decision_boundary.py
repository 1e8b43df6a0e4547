"""Where a model of two inputs decides for one class or another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from autograd._runtime.coercion import flag, need_function, number_of, real
from autograd.errors import InputError
from nn.checks import paired, whole
from nn.data.rows import Rows, as_lists
from nn.inference import predict
from nn.plots.figure import NEGATIVE, POSITIVE, axes_or_new, figure_of, finish, lightened, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
"""A colour for each class; ten that differ as much as possible (Petroff, "Accessible color sequences for data visualization", 2021)."""

MARKERS = "os^DvPX<>*"
"""A marker for each class, so that the picture can be read without its colours."""


class Estimator(Protocol):
    """An estimator of scikit-learn, such as those of `nn.estimators`."""

    def predict(self, X: Any) -> Any:
        """The answers for many samples."""


def plot_decision_boundary(
    model: Callable[[Any], Any] | Estimator,
    X: Rows,
    y: Rows,
    resolution: int = 60,
    threshold: float = 0.0,
    axes: Axes | None = None,
    *,
    legend: bool = True,
    colorbar: bool = True,
) -> Figure:
    """Draw the samples, and the regions of the plane in which a model of two inputs decides for each class.

    Args:
        model: with one output, which is above the threshold for one class and below it for the other; or with an output for each
            class, of which the largest wins. Or an estimator of scikit-learn that is fitted, such as a `Classifier` of `nn.estimators`, or
            a pipeline. A classifier has an output for each class: its probability, or without probabilities the score.
        X: samples of two numbers; see `as_lists`.
        y: for a model with one output −1 and 1, or 0 and 1; otherwise the index of the class, or a probability for each class. For a
            classifier of scikit-learn the label of the class.
        resolution: the number of points in each direction at which the model is evaluated, at least 2.
        threshold: of a single output. It is 0.5 for a probability, as a sigmoid gives it.
        axes: where to draw; by default in a new figure.
        legend, colorbar: whether to draw them. Among several small pictures, one may have them for all.

    Raises:
        InputError: the samples are not of two inputs, the targets are not classes of this model, or an output is not finite.
        MissingPackageError: matplotlib is not installed.

    Example:
        >>> from nn import MLP
        >>> figure = plot_decision_boundary(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]], [2, 0], resolution=5)
        >>> figure.axes[0].get_xlabel()
        'x₁'
    """
    labels = None
    if callable(model) or not hasattr(model, "predict"):
        need_function(model, "plot_decision_boundary(model, X, y)")
    elif hasattr(model, "classes_"):
        labels = [str(label) for label in model.classes_]
        y = _indices(y, model.classes_)
    samples, targets = as_lists(X), as_lists(y)
    paired("plot_decision_boundary", samples, targets)
    for i, sample in enumerate(samples):
        if not hasattr(sample, "__len__") or len(sample) != 2 or not all(math.isfinite(number_of(x)) for x in sample):
            raise InputError(f"plot_decision_boundary draws models of two inputs: sample {i} must be two finite numbers, not {sample!r}")
    threshold = real(threshold)
    if not math.isfinite(threshold):
        raise InputError(f"threshold must be finite, not {threshold!r}")
    legend, colorbar = flag("legend", legend), flag("colorbar", colorbar)
    axes = axes_or_new(axes, 6.4, 4.8)

    import numpy as np

    points = np.array([[number_of(x) for x in sample] for sample in samples])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    across, up = np.linspace(low - margin, high + margin, max(2, whole("resolution", resolution))).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    places = grid.reshape(-1, 2)
    answers = predict(model, places.tolist()) if callable(model) else _estimated(model, places, X)
    outputs = np.array(answers, dtype=float).reshape(*grid.shape[:2], -1)
    if not np.isfinite(outputs).all():
        row, column, _ = np.argwhere(~np.isfinite(outputs))[0]
        raise InputError(f"at {grid[row, column].tolist()} the model gives {outputs[row, column].tolist()}, which cannot be drawn")

    colours: tuple[str, ...]
    if outputs.shape[2] == 1:
        classes, names, colours = _sides(targets), {int(t > 0): f"y = {t:g}".replace("-", "−") for t in targets}, (NEGATIVE, POSITIVE)
        _draw_output(axes, across, up, outputs[:, :, 0], threshold, colorbar)
    else:
        classes, colours = _classes(targets, outputs.shape[2]), CLASSES
        names = {k: plain(labels[k]) or "\N{ZERO WIDTH SPACE}" if labels else f"class {k}" for k in classes}
        _draw_largest(axes, across, up, outputs)
    for k in sorted(names):
        own = points[[c == k for c in classes]]
        axes.scatter(own[:, 0], own[:, 1], s=30, c=colours[k], marker=MARKERS[k], edgecolors="white", linewidths=0.7, label=names[k])
    axes.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    finish(axes, "x₁", "x₂", legend)
    return figure_of(axes)


def _indices(y: Rows, labels: Any) -> list[int]:
    """For each target of a classifier the index of its label."""
    import numpy as np

    known = {label: k for k, label in enumerate(np.asarray(labels).tolist())}
    targets = np.asarray(y).ravel().tolist()
    for target in targets:
        if target not in known:
            raise InputError(f"target {target!r} is not a class of this classifier: its classes are {', '.join(map(repr, known))}")
    return [known[target] for target in targets]


def _estimated(model: Estimator, places: Any, X: Rows) -> Any:
    """The outputs of an estimator at some places: the probabilities or scores of a classifier's classes, or what a regressor predicts.

    It takes a frame with the columns of `X` if that is one, because it compares their names with those that it was fitted to.
    """
    import numpy as np

    columns = getattr(X, "columns", None)
    given = places if columns is None else type(X)(places, columns=columns)  # type: ignore[call-arg]
    if not hasattr(model, "classes_"):
        return model.predict(given)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(given)
    if not hasattr(model, "decision_function"):
        raise InputError(f"{model!r:.60} has neither predict_proba nor decision_function, of which plot_decision_boundary draws one")
    scores = np.asarray(model.decision_function(given))
    return np.stack([-scores, scores], axis=-1) if scores.ndim == 1 else scores


def _sides(targets: list[Any]) -> list[int]:
    """For each target of a single output: 1 if the output should be above the threshold, otherwise 0."""
    different = {number_of(t) for t in targets}
    if not (different <= {-1.0, 1.0} or different <= {0.0, 1.0}):
        raise InputError(f"a model with one output distinguishes two classes, with targets -1 and 1, or 0 and 1, not {sorted(different)}")
    return [int(t > 0) for t in targets]


def _classes(targets: list[Any], count: int) -> list[int]:
    """The class of each target, which is an index or a list of probabilities."""
    if count > len(CLASSES):
        raise InputError(f"{count} classes cannot be distinguished by colour: plot_decision_boundary draws at most {len(CLASSES)}")
    classes = []
    for target in targets:
        size = len(target) if hasattr(target, "__len__") else None
        k = number_of(target) if size is None else max(range(size), key=target.__getitem__, default=-1)
        if size not in (None, count) or k not in range(count):
            raise InputError(f"target {target!r} is not a class: with {count} outputs, classes are 0 to {count - 1}")
        classes.append(int(k))
    return classes


def _draw_output(axes: Axes, across: Any, up: Any, output: Any, threshold: float, colorbar: bool) -> None:
    """Draw a single output in shades of two colours, which meet at the threshold."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    shades = LinearSegmentedColormap.from_list("output", [lightened(NEGATIVE, 0.3), "white", lightened(POSITIVE, 0.3)])
    bound = float(np.abs(output - threshold).max()) or 1.0
    filled = axes.contourf(across, up, output, threshold + bound * np.linspace(-1.0, 1.0, 21), cmap=shades)
    if colorbar:
        figure_of(axes).colorbar(filled, ax=axes, ticks=MaxNLocator(7), label="output of the model")
    if output.min() < threshold < output.max():
        axes.contour(across, up, output, [threshold], colors="black", linewidths=1.2)
        axes.plot([], [], color="black", linewidth=1.2, label=f"output = {threshold:g}")


def _draw_largest(axes: Axes, across: Any, up: Any, outputs: Any) -> None:
    """Draw the regions in which each of several outputs is the largest."""
    import numpy as np
    from matplotlib.colors import ListedColormap

    count = outputs.shape[2]
    light = [lightened(CLASSES[k], 0.45) for k in range(count)]
    best = outputs.argmax(axis=2)
    # visible only where three regions meet, because the contours cover the rest
    axes.pcolormesh(across, up, best, cmap=ListedColormap(light), vmin=0, vmax=count - 1, rasterized=True)
    for k in range(count):
        lead = outputs[:, :, k] - np.delete(outputs, k, axis=2).max(axis=2)  # by which this output exceeds the best of the others
        if lead.max() > 0:
            axes.contourf(across, up, lead, [0.0, lead.max()], colors=[light[k]])
            if lead.min() < 0:
                axes.contour(across, up, lead, [0.0], colors="black", linewidths=0.8)
