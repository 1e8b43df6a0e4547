"""What a film shows: its facts, curves and columns of neurons, as data for the code of the page."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.errors import InputError
from autograd.render.lettering import short, shown
from nn.films.frames import Frames, Inputs, has_first_image, numbers_of_all
from nn.films.frames import shown as count_shown
from nn.films.reel import Reel
from nn.history import History
from nn.metrics import are_two_classes
from nn.module import Module
from nn.tensors import tensors_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.floating[Any]]

CURVE = 300
"""A curve of more epochs is shown by so many of its points."""

PIXELS = 32
"""Images of more pixels in a direction are shown with fewer of them."""

TABLES = 24_000
"""How many weights are shown as tables, at most."""

CLASSES, CURVES = 10, 4
"""More classes cannot be told apart by their colours; and of more outputs over a line only the first are drawn."""

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Scene = dict[str, Any]


def scenes_of(model: Module, frames: Frames, history: History) -> tuple[Scene, Reel]:
    """The content of the page, and the numbers that change from frame to frame.

    Args:
        model: whose training it was.
        frames: what it did at each snapshot.
        history: of the training, with snapshots.
    """
    snapshots = history.snapshots
    assert snapshots is not None
    reel = Reel(len(snapshots))
    scene: Scene = {
        "frames": [{"epoch": one.epoch, "facts": facts_of(history, one.epoch)} for one in snapshots],
        "loss": curves_of(history),
        "remarks": [shown(remark) for remark in frames.remarks],
        "kind": frames.inputs.kind,
    }
    if snapshots.final < snapshots[-1].epoch:
        scene["remarks"].append(f"The training went back to the weights of epoch {snapshots.final}, which the model has now.")
    if frames.chain is not None:
        scene |= network_of(frames, reel)
    else:
        import numpy as np

        scene["tables"] = tables_of(model, np.stack([one.numbers for one in snapshots]).astype(np.float64), reel, scene["remarks"])
    if frames.outputs is not None:
        _add_view(scene, reel, frames, snapshots.thresholds)
    return scene, reel


# -- the training -------------------------------------------------------------------------------------------------------


def facts_of(history: History, epoch: int) -> list[tuple[str, str]]:
    """The loss and the metrics of an epoch, by name; none before the training.

    Example:
        >>> facts_of(History([0.5], [], {"accuracy": [0.75]}, [0.1]), 1)
        [('loss', '0.5'), ('accuracy', '0.75')]
    """
    curves = {name: curve for name, curve in history.curves().items() if name != "seconds"}
    return [(shown(name.replace("_", " ")), short(float(f"{curve[epoch - 1]:.4g}"))) for name, curve in curves.items() if epoch]


def curves_of(history: History) -> Scene:
    """The curves of the loss, each point an epoch and a height in [0, 1]; on a logarithmic scale where they span two decades or more."""
    kept = {"training": history.loss, "validation": history.validation_loss}
    curves = {name: _thinned([(i, x) for i, x in enumerate(curve, 1) if math.isfinite(x)]) for name, curve in kept.items()}
    numbers = [x for curve in curves.values() for _, x in curve]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    is_log = low > 0.0 and high >= 100.0 * low

    def height(x: float) -> float:
        if high == low:
            return 0.5
        return round((math.log(x / low) / math.log(high / low)) if is_log else (x - low) / (high - low), 4)

    return {
        "epochs": len(history.loss),
        "log": is_log,
        "low": short(float(f"{low:.3g}")),
        "high": short(float(f"{high:.3g}")),
        "curves": [[name, [[i, height(x)] for i, x in curve]] for name, curve in curves.items() if curve],
    }


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Evenly spaced points, with the first and the last."""
    if len(points) <= CURVE:
        return points
    return [points[round(i * (len(points) - 1) / (CURVE - 1))] for i in range(CURVE)]


# -- the network --------------------------------------------------------------------------------------------------------


def network_of(frames: Frames, reel: Reel) -> Scene:
    """The columns of neurons, and how large the largest weight is, by which the lines are scaled."""
    import numpy as np

    assert frames.chain is not None
    layers, images = frames.chain.layers, has_first_image(frames)
    width = len(layers[0].rows[0])
    columns: list[Scene] = [{"name": "Input", "about": "image" if images else f"{width:,} number{'s'[: width != 1]}"}]
    names = [f"x{i + 1}".translate(SUBSCRIPTS) for i in range(count_shown(width))]
    columns[0] |= {"count": 1 if images else width, "neurons": ["image"] if images else ["x"] if width == 1 else names}
    edges = [weights[:, :, : count_shown(weights.shape[2])] for weights in frames.weights]
    lined = [weights for i, weights in enumerate(edges) if i or not images]
    largest = max((float(np.abs(weights).max()) for weights in lined), default=0.0) or 1.0
    biased = max((float(np.abs(biases).max()) for biases in frames.biases if biases.size), default=0.0) or 1.0
    for i, layer in enumerate(layers):
        count, name = len(layer.rows), "Output" if i == len(layers) - 1 else f"Layer {i + 1}"
        activation = shown(layer.activation) or "linear"
        columns.append({"name": name, "about": f"{count:,} × {activation}" if count > 1 else activation, "count": count})
        columns[-1]["neurons"] = [f"{name}, neuron {j + 1}" if count > 1 else name for j in range(count_shown(count))]
        if i or not images:
            reel.add(f"edges{i}", edges[i] / largest, 2)
        if layer.biases:
            reel.add(f"biases{i}", frames.biases[i] / biased, 2)
        if images and not i:
            height, across = frames.inputs.image
            pictures = reduced(frames.weights[0].reshape(*frames.weights[0].shape[:2], height, across))
            columns[-1] |= _pictures(reel, "pictures0", pictures)
        elif frames.neurons is not None:
            columns[-1] |= _pictures(reel, f"pictures{i}", _thumbs(frames.neurons[i], frames.inputs))
    return {"columns": columns, "largest": largest, "biased": biased}


def _pictures(reel: Reel, name: str, pictures: Numbers) -> Scene:
    """Add pictures [frame][neuron][row][column], of which the largest number over all frames gets the full colour."""
    import numpy as np

    scale = float(np.abs(pictures).max()) or 1.0
    reel.add(name, pictures / scale)
    return {"pictures": name, "height": pictures.shape[2], "width": pictures.shape[3], "scale": scale}


def _thumbs(outputs: Numbers, inputs: Inputs) -> Numbers:
    """The outputs [frame][neuron][place] as pictures of fewer places: the mean of each two in a direction, or four on a line."""
    frames, neurons, places = outputs.shape
    if inputs.kind == "line":
        return outputs.reshape(frames, neurons, 1, places // 4, 4).mean(axis=4)
    side = math.isqrt(places) // 2
    return outputs.reshape(frames, neurons, side, 2, side, 2).mean(axis=(3, 5))


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


def tables_of(model: Module, numbers: Numbers, reel: Reel, remarks: list[str]) -> list[Scene]:
    """The parameters by tensors, each as a table of colours, as far as there is room for them."""
    import numpy as np

    tables: list[Scene] = []
    left, out = TABLES, []
    for name, tensor in tensors_of(model).items():
        if len(tensor.values) > left:
            out.append(shown(name))
            continue
        left -= len(tensor.values)
        columns = math.prod(tensor.shape[1:]) if len(tensor.shape) > 1 else len(tensor.values)
        taken = numbers_of_all(tensor.values, model, numbers)
        scale = float(np.abs(taken).max()) or 1.0
        section = f"table{len(tables)}"
        reel.add(section, taken / scale)
        shape = " × ".join(map(str, tensor.shape)) or "1"
        tables.append({"name": shown(name), "shape": shape, "section": section, "width": columns, "scale": scale})
        tables[-1]["height"] = len(tensor.values) // columns
    if out:
        remarks.append(f"Too large to be shown: {', '.join(out[:5])}{' and others' if len(out) > 5 else ''}.")
    return tables


# -- the outputs ---------------------------------------------------------------------------------------------------------


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


def _add_view(scene: Scene, reel: Reel, frames: Frames, thresholds: tuple[float, float] | None) -> None:
    """Add what is seen of the outputs: over the plane, over a line, or for some images."""
    assert frames.outputs is not None
    outputs, inputs = frames.outputs, frames.inputs
    classes = classes_of(inputs.targets, outputs.shape[1])
    threshold = 0.0 if thresholds is None else thresholds[0 if frames.is_number else 1]
    if inputs.kind == "plane":
        scene["plane"] = _plane(reel, outputs, inputs, classes, threshold)
    elif inputs.kind == "line":
        scene["line"] = _line(reel, outputs, inputs, classes)
    elif inputs.kind == "image":
        scene["answers"] = _answers(outputs, inputs, classes, threshold)


def _plane(reel: Reel, outputs: Numbers, inputs: Inputs, classes: list[int] | None, threshold: float) -> Scene:
    """The picture of the plane: for each of its maps numbers in [-1, 1], of which the reel has signed square roots.

    One map shows a single output, or of two classes by how much the score of one exceeds that of the other. For more classes each has a
    map: by how much its score exceeds all others.
    """
    import numpy as np

    _, count, places = outputs.shape
    colours: list[float] = [] if classes is None else list(map(float, classes))
    about = f"output {'1 of ' + str(count) if count > 1 else 'of the model'}"
    if classes is None or count > CLASSES:
        numbers = _numbers(inputs.targets) if count == 1 else []
        low, high = min([*numbers, float(outputs[:, 0].min())]), max([*numbers, float(outputs[:, 0].max())])
        if numbers:
            low, high = min(numbers), max(numbers)
        middle, half = 0.5 * (low + high), 0.55 * (high - low) or 1.0
        maps, kind = ((outputs[:, :1] - middle) / half).clip(-1.0, 1.0), "values"
        colours = [(x - middle) / half for x in numbers] or [0.0] * len(inputs.samples)
    else:
        kind = "sides" if count <= 2 else "classes"
        if count == 1:
            lead = outputs - threshold
        elif count == 2:
            lead, about = outputs[:, 1:] - outputs[:, :1], "output 2 − output 1"
        else:
            order = np.sort(outputs, axis=1)
            best = np.where(outputs == order[:, -1:], order[:, -2:-1], order[:, -1:])
            lead, about = outputs - best, "the largest output"
        maps = np.tanh(lead / (float(np.median(np.abs(lead[-1]))) or 1.0))
    reel.add("maps", np.sign(maps) * np.sqrt(np.abs(maps)))
    low_corner, high_corner = np.array(inputs.low), np.array(inputs.high)
    places_of = (np.asarray(inputs.samples, np.float64) - low_corner) / (high_corner - low_corner)
    points = [[round(a, 3), round(1.0 - b, 3), round(c, 3)] for (a, b), c in zip(places_of.tolist(), colours, strict=True)]
    plane = {"side": math.isqrt(places), "maps": maps.shape[1], "kind": kind, "about": about, "points": points}
    plane["x"], plane["y"] = ([short(float(f"{x:.2g}")) for x in ends] for ends in zip(inputs.low, inputs.high, strict=True))
    plane["from"], plane["to"] = list(inputs.low), list(inputs.high)
    if kind == "sides":
        names = _names(inputs.targets, 1) if count == 1 else ["class 0", "class 1"]
        plane["names"] = names
    elif kind == "classes":
        plane["names"] = [f"class {k}" for k in range(count)]
    else:
        plane["names"] = [short(float(f"{middle - half:.2g}")), short(float(f"{middle + half:.2g}"))]
    return plane


def _names(targets: list[Any], outputs: int) -> list[str]:
    numbers = _numbers(targets)
    return [f"y = {short(-1.0 if -1.0 in numbers else 0.0)}", "y = 1"] if outputs == 1 else []


def _numbers(targets: Sequence[Any]) -> list[float]:
    """Targets of one number each; none where they are something else."""
    items = [t[0] if isinstance(t, (list, tuple)) and len(t) == 1 else t for t in targets]
    return [float(x) for x in items] if all(isinstance(x, (int, float)) and math.isfinite(x) for x in items) else []


def _line(reel: Reel, outputs: Numbers, inputs: Inputs, classes: list[int] | None) -> Scene:
    """The outputs over a line, scaled to the height of the picture, and the samples in it."""
    import numpy as np

    curves = outputs[:, :CURVES]
    targets = _numbers(inputs.targets) if outputs.shape[1] == 1 else []
    low = min([*targets, float(curves[-1].min())])
    high = max([*targets, float(curves[-1].max())])
    margin = 0.1 * (high - low) or 1.0
    low, high = low - margin, high + margin
    reel.add("curves", (2.0 * curves - low - high) / (1.5 * (high - low)), 2)  # also what is beyond by a quarter
    x = (np.asarray(inputs.samples, np.float64).reshape(-1) - inputs.low[0]) / (inputs.high[0] - inputs.low[0])
    heights = [round(1.0 - (t - low) / (high - low), 3) for t in targets] or [0.97] * len(x)
    colours = classes if classes is not None and not targets else [0] * len(x)
    return {
        "count": curves.shape[1],
        "places": curves.shape[2],
        "points": [[round(a, 3), b, c] for a, b, c in zip(x.tolist(), heights, colours, strict=True)],
        "x": [short(float(f"{end:.2g}")) for end in (inputs.low[0], inputs.high[0])],
        "y": [short(float(f"{end:.2g}")) for end in (low, high)],
        "from": [inputs.low[0]],
        "to": [inputs.high[0]],
    }


def _answers(outputs: Numbers, inputs: Inputs, classes: list[int] | None, threshold: float) -> Scene:
    """Some images, and for each frame the class that the model gives them, or its single output."""
    import numpy as np

    images = reduced(np.asarray(inputs.places, np.float64).reshape(-1, *inputs.image))
    low, high = float(images.min()), float(images.max())
    grey = np.rint(255.0 * (images - low) / ((high - low) or 1.0)).astype(np.uint8)
    answers: list[list[Any]] = []
    if outputs.shape[1] > 1:
        answers = outputs.argmax(axis=1).tolist()
    elif classes is not None:
        answers = (outputs[:, 0] > threshold).astype(int).tolist()
    else:
        answers = [[short(float(f"{x:.3g}")) for x in row] for row in outputs[:, 0].tolist()]
    return {
        "images": base64.b64encode(grey.tobytes()).decode(),
        "height": images.shape[1],
        "width": images.shape[2],
        "answers": answers,
        "classes": classes,
    }


def image_given(image: object) -> tuple[int, int] | None:
    """The height and the width that a user has given.

    Raises:
        InputError: it is something else.

    Example:
        >>> image_given((8, 8)), image_given(None)
        ((8, 8), None)
    """
    if image is None:
        return None
    if not isinstance(image, (tuple, list)) or len(image) != 2 or not all(type(x) is int and x > 0 for x in image):
        raise InputError(f"image must be the height and the width of the inputs, as in image=(28, 28), not {image!r}")
    return image[0], image[1]
