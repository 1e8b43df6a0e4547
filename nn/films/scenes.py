"""What a film shows: its facts, curves and columns of neurons, as data for the code of the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd.render.lettering import short, shown
from nn.films.frames import Frames, Inputs, has_first_image, numbers_of_all, positions
from nn.films.frames import shown as count_shown
from nn.films.reel import Reel
from nn.films.views import Scene, reduced, view_of
from nn.history import History
from nn.module import Module
from nn.tensors import Tensor, tensors_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.floating[Any]]

CURVE = 300
"""A curve of more epochs is shown by so many of its points."""

TABLES = 24_000
"""How many weights are shown as tables, at most."""

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


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

        scene["tables"] = tables_of(model, np.stack([one.numbers for one in snapshots]), reel, scene["remarks"])
    if frames.outputs is not None:
        scene |= view_of(frames, snapshots.thresholds, reel)
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
    """Add pictures [frame][neuron][row][column]. The largest hundredth of the numbers of all frames gets the full colour."""
    import numpy as np

    sizes = np.abs(pictures)
    scale = float(np.quantile(sizes, 0.99)) or float(sizes.max()) or 1.0
    reel.add(name, pictures / scale)
    return {"pictures": name, "height": pictures.shape[2], "width": pictures.shape[3], "scale": scale}


def _thumbs(outputs: Numbers, inputs: Inputs) -> Numbers:
    """The outputs [frame][neuron][place] as pictures of fewer places: the mean of each two in a direction, or four on a line."""
    frames, neurons, places = outputs.shape
    side = math.isqrt(places) // 2
    cells = (1, places // 4, 4) if inputs.kind == "line" else (side, 2, side, 2)
    thumbs: Numbers = outputs.reshape(frames, neurons, *cells).mean(axis=4 if inputs.kind == "line" else (3, 5))
    return thumbs


def tables_of(model: Module, numbers: Numbers, reel: Reel, remarks: list[str]) -> list[Scene]:
    """The parameters by tensors, each as a table of colours, as far as there is room for them."""
    import numpy as np

    tables: list[Scene] = []
    left, out, at = TABLES, [], positions(model)
    try:
        tensors = tensors_of(model)
    except Exception:  # of a user's own torch_attributes
        tensors = {"parameters": Tensor((numbers.shape[1],), model.parameters())}
    for name, tensor in tensors.items():
        if len(tensor.values) > left:
            out.append(shown(name))
            continue
        left -= len(tensor.values)
        columns = math.prod(tensor.shape[1:]) if len(tensor.shape) > 1 else len(tensor.values)
        taken = numbers_of_all(tensor.values, at, numbers)
        scale = float(np.abs(taken).max()) or 1.0
        section = f"table{len(tables)}"
        reel.add(section, taken / scale)
        shape = " × ".join(map(str, tensor.shape)) or "1"
        tables.append({"name": shown(name), "shape": shape, "section": section, "width": columns, "scale": scale})
        tables[-1]["height"] = len(tensor.values) // columns
    if out:
        remarks.append(f"Too large to be shown: {', '.join(out[:5])}{' and others' if len(out) > 5 else ''}.")
    return tables
