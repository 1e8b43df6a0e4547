"""What is seen of a model's outputs: over the plane, over a line, or for some images."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.render.lettering import short
from nn.films.frames import Frames, Inputs
from nn.films.reel import Reel
from nn.metrics import are_two_classes
from nn.plots.decision_boundary import CLASSES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.floating[Any]]

CURVES = 4
"""Of more outputs over a line only the first are drawn."""

PIXELS = 32
"""Images of more pixels in a direction are shown with fewer of them."""

Scene = dict[str, Any]
"""A part of the content of the page."""


def view_of(frames: Frames, thresholds: tuple[float, float] | None, reel: Reel) -> Scene:
    """What is seen of the outputs, as a part of the scene; empty where the inputs are neither points nor images.

    Args:
        frames: which have outputs.
        thresholds: above which a single output means class 1, see `Snapshots`; None where the targets are not of two classes.
        reel: to which the numbers of all frames are added.
    """
    assert frames.outputs is not None
    outputs, inputs = frames.outputs, frames.inputs
    classes = classes_of(inputs.targets, outputs.shape[1])
    threshold = 0.0 if thresholds is None else thresholds[0 if frames.is_number else 1]
    if inputs.kind == "plane":
        decides = bool(classes) if inputs.targets else thresholds is not None or outputs.shape[1] > 1
        if decides and outputs.shape[1] <= len(CLASSES):
            return {"plane": _regions(reel, outputs - threshold if outputs.shape[1] == 1 else outputs, inputs, classes)}
        return {"plane": _heights(reel, outputs, inputs)}
    if inputs.kind == "line":
        return {"line": _line(reel, outputs, inputs, classes)}
    return {"answers": _answers(outputs, inputs, classes, threshold)} if inputs.kind == "image" else {}


def classes_of(targets: Sequence[Any], outputs: int) -> list[int] | None:
    """The class of each target of a model with so many outputs; None where they are not classes.

    Example:
        >>> classes_of([-1, 1], 1), classes_of([2, 0], 3), classes_of([[0.1, 0.9]], 2), classes_of([0.3, 2.0], 1)
        ([0, 1], [2, 0], [1], None)
    """
    numbers = [list(t) if isinstance(t, (list, tuple)) else [t] for t in targets]
    if not numbers or not all(isinstance(x, (int, float)) for t in numbers for x in t):
        return None
    if outputs == 1:
        return [int(t[0] > 0) for t in numbers] if are_two_classes(targets) else None
    if all(len(t) == 1 and t[0] in range(outputs) for t in numbers):
        return [int(t[0]) for t in numbers]
    if all(len(t) == outputs and min(t) >= 0.0 and abs(math.fsum(t) - 1.0) < 1e-6 for t in numbers):
        return [t.index(max(t)) for t in numbers]
    return None


def _numbers(targets: Sequence[Any]) -> list[float]:
    """Targets of one number each; none where they are something else."""
    items = [t[0] if isinstance(t, (list, tuple)) and len(t) == 1 else t for t in targets]
    return [float(x) for x in items] if all(isinstance(x, (int, float)) and math.isfinite(x) for x in items) else []


def _brief(x: float) -> str:
    return short(float(f"{x:.2g}"))


# -- the plane -------------------------------------------------------------------------------------------------------------


def _regions(reel: Reel, outputs: Numbers, inputs: Inputs, classes: list[int] | None) -> Scene:
    """The regions of the plane in which a model decides for one class or another.

    A map shows a single output, which decides by its sign, or of two classes by how much the score of one exceeds that of the other. For
    more classes each has a map: by how much its score exceeds all others, or falls behind the largest.
    """
    import numpy as np

    count = outputs.shape[1]
    lead = outputs if count == 1 else outputs[:, 1:] - outputs[:, :1]
    names = [f"class {k}" for k in range(count)]
    if count == 1:
        names = ["y = −1" if -1 in _numbers(inputs.targets) else "y = 0", "y = 1"]
    elif count > 2:
        order = np.sort(outputs, axis=1)
        lead = outputs - np.where(outputs == order[:, -1:], order[:, -2:-1], order[:, -1:])
    _add_maps(reel, np.tanh(lead / (float(np.median(np.abs(lead[-1]))) or 1.0)))
    colours: Sequence[int | None] = [None] * len(inputs.samples) if classes is None else classes
    return _plane(inputs, lead.shape[1:], colours) | {"kind": "sides" if count <= 2 else "classes", "names": names}


def _heights(reel: Reel, outputs: Numbers, inputs: Inputs) -> Scene:
    """The first output over the plane, from the colour of the lowest target to that of the highest."""
    targets = _numbers(inputs.targets) if outputs.shape[1] == 1 else []
    low, high = min(targets, default=float(outputs[-1, 0].min())), max(targets, default=float(outputs[-1, 0].max()))
    middle, half = 0.5 * (low + high), 0.55 * (high - low) or 1.0
    _add_maps(reel, ((outputs[:, :1] - middle) / half).clip(-1.0, 1.0))
    colours: list[float | None] = [round((x - middle) / half, 3) for x in targets]
    colours = colours or [None] * len(inputs.samples)
    about = "the output" if outputs.shape[1] == 1 else f"output 1 of {outputs.shape[1]}"
    names = [_brief(middle - half), _brief(middle + half)]
    return _plane(inputs, (1, outputs.shape[2]), colours) | {"kind": "values", "names": names, "about": about}


def _add_maps(reel: Reel, maps: Numbers) -> None:
    """Add numbers in [-1, 1] as their signed square roots, which are finer near 0, where the boundary is."""
    import numpy as np

    reel.add("maps", np.sign(maps) * np.sqrt(np.abs(maps)))


def _plane(inputs: Inputs, shape: tuple[int, ...], colours: Sequence[float | None]) -> Scene:
    """The plane: how many maps it has, and its points, each with a class or a number that says its colour."""
    import numpy as np

    low, high = np.array(inputs.low), np.array(inputs.high)
    places = (np.asarray(inputs.samples, np.float64) - low) / (high - low)
    x, y = ([_brief(end) for end in ends] for ends in zip(inputs.low, inputs.high, strict=True))
    return {
        "side": math.isqrt(shape[1]),
        "maps": shape[0],
        "points": [[round(a, 3), round(1.0 - b, 3), colour] for (a, b), colour in zip(places.tolist(), colours, strict=True)],
        "x": x,
        "y": y,
        "from": list(inputs.low),
        "to": list(inputs.high),
        "palette": CLASSES,
    }


# -- the line, and images ----------------------------------------------------------------------------------------------------


def _line(reel: Reel, outputs: Numbers, inputs: Inputs, classes: list[int] | None) -> Scene:
    """The outputs over a line, scaled to the height of the picture, and the samples in it, or at its bottom where they have no height."""
    import numpy as np

    curves = outputs[:, :CURVES]
    targets = _numbers(inputs.targets) if outputs.shape[1] == 1 else []
    low, high = min([*targets, float(curves[-1].min())]), max([*targets, float(curves[-1].max())])
    margin = 0.1 * (high - low) or 1.0
    low, high = low - margin, high + margin
    reel.add("curves", (2.0 * curves - low - high) / (1.5 * (high - low)), 2)  # also what is beyond by a quarter of the height
    across = (np.asarray(inputs.samples, np.float64).reshape(-1) - inputs.low[0]) / (inputs.high[0] - inputs.low[0])
    heights = [round(1.0 - (t - low) / (high - low), 3) for t in targets] or [0.97] * len(across)
    colours = [0] * len(across) if targets or classes is None else classes
    return {
        "count": curves.shape[1],
        "places": curves.shape[2],
        "points": [[round(x, 3), y, colour] for x, y, colour in zip(across.tolist(), heights, colours, strict=True)],
        "x": [_brief(inputs.low[0]), _brief(inputs.high[0])],
        "y": [_brief(low), _brief(high)],
        "from": list(inputs.low),
        "to": list(inputs.high),
        "palette": CLASSES,
    }


def _answers(outputs: Numbers, inputs: Inputs, classes: list[int] | None, threshold: float) -> Scene:
    """Some images, and for each frame the class that the model gives them, or its single output."""
    import numpy as np

    images = reduced(np.asarray(inputs.places, np.float64).reshape(-1, *inputs.image))
    low, high = float(images.min()), float(images.max())
    grey = np.rint(255.0 * (images - low) / ((high - low) or 1.0)).astype(np.uint8)
    answers: list[list[Any]] = outputs.argmax(axis=1).tolist()
    if outputs.shape[1] == 1:
        answers = (outputs[:, 0] > threshold).astype(int).tolist()
        if classes is None:
            answers = [[_brief(x) for x in row] for row in outputs[:, 0].tolist()]
    return {
        "images": base64.b64encode(grey.tobytes()).decode(),
        "height": images.shape[1],
        "width": images.shape[2],
        "answers": answers,
        "classes": classes,
    }


def reduced(images: Numbers) -> Numbers:
    """Images with at most 32 pixels in a direction, each the mean of those that it stands for; the last two axes are the pixels.

    Example:
        >>> import numpy as np
        >>> reduced(np.arange(64.0)[None, :]).tolist()[0][:3]
        [0.5, 2.5, 4.5]
    """
    import numpy as np

    for axis in (-2, -1):
        starts = np.arange(0, images.shape[axis], math.ceil(images.shape[axis] / PIXELS))
        counts = np.diff([*starts, images.shape[axis]])
        images = np.add.reduceat(images, starts, axis=axis) / (counts[:, None] if axis == -2 else counts)
    return images
