"""What a model does at each of its snapshots: its weights, its outputs, and those of its neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from autograd._runtime.bulk import numbers_of, set_numbers
from autograd._runtime.temporary import afterwards
from autograd.errors import AutogradError, InputError
from autograd.value import Value
from nn.activations import Elementwise
from nn.checks import has_length
from nn.engine.compiled_engine import CompiledEngine
from nn.engine.samples import Samples
from nn.films.chain import Chain, Watched, chain_of
from nn.layers import Dropout, Flatten
from nn.losses import cross_entropy
from nn.module import Module
from nn.snapshots import Snapshot

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.floating[Any]]

SIDE, THUMB = 48, 24
"""How many points the picture of the plane has in each direction, and how many that of a neuron."""

ALONG = 96
"""At how many points a model of one input is evaluated."""

SHOWN, MOST = 15, 16
"""A layer of more than `MOST` neurons, or inputs, is shown as its first `SHOWN`."""

ANSWERS = 12
"""How many images are shown with the answers of the model, at most."""

SQUARE = 64
"""So many inputs, if they are a square number, or more are the pixels of an image."""

NO_CHAIN = (
    "The weights are shown as tables, because this model is not a chain of dense layers and activations, such as "
    "Sequential(Linear(2, 8), ReLU(), Linear(8, 1)) or an MLP."
)


@dataclass
class Inputs:
    """What the inputs of a model are, and for which of them it is evaluated.

    Attributes:
        kind: "plane" for two numbers, "line" for one, "image" for pixels, "" for anything else.
        samples: an array for each.
        targets: of the samples.
        places: the inputs for which the model is evaluated: points of a grid, row by row from the top, or some of the samples.
        low, high: the ends of the plane or the line in each direction.
        image: the height and the width.
    """

    kind: str
    samples: Any
    targets: list[Any]
    places: Any
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    image: tuple[int, int] = (0, 0)


@dataclass
class Frames:
    """The numbers of all snapshots; the first axis of each array are the frames.

    Attributes:
        inputs: for which the model was evaluated.
        chain: the layers; None where the model is no chain of layers.
        weights, biases: of the neurons that are shown, for each layer: [frame][neuron][input] and [frame][neuron].
        neurons: the outputs of the neurons that are shown, for each layer: [frame][neuron][place]. None where there is no picture of them.
        outputs: of the model: [frame][output][place]. None where it could not be evaluated.
        is_number: whether the model returns a number, and not a list.
        remarks: what is missing, and why.
    """

    inputs: Inputs
    chain: Chain | None
    weights: list[Numbers] = field(default_factory=list)
    biases: list[Numbers] = field(default_factory=list)
    neurons: list[Numbers] | None = None
    outputs: Numbers | None = None
    is_number: bool = False
    remarks: list[str] = field(default_factory=list)


def shown(count: int) -> int:
    """How many of so many neurons are shown.

    Example:
        >>> shown(16), shown(17)
        (16, 15)
    """
    return count if count <= MOST else SHOWN


def inputs_of(X: Any, y: list[Any], image: tuple[int, int] | None) -> Inputs:
    """What the inputs are, judged by the samples.

    Args:
        X: samples, an array where they all have one shape.
        y: their targets.
        image: the height and the width, if the inputs are the pixels of an image.

    Raises:
        InputError: the samples have another number of pixels.
    """
    import numpy as np

    shape = X.shape[1:] if isinstance(X, np.ndarray) else None
    if image is not None:
        if shape is None or int(np.prod(shape)) != image[0] * image[1]:
            given = "of different shapes" if shape is None else f"of {int(np.prod(shape))} numbers"
            raise InputError(f"image={image!r} is an image of {image[0] * image[1]} pixels, and the samples are {given}")
    elif shape in ((2,), (1,), ()):
        places, low, high = _grid(np.asarray(X, np.float64).reshape(len(X), -1))
        return Inputs("plane" if shape == (2,) else "line", X, y, places.reshape(-1, *shape), low, high)
    elif shape is not None and len(shape) >= 2 and min(shape[-2:]) >= 4 and all(size == 1 for size in shape[:-2]):
        image = (shape[-2], shape[-1])
    elif shape is not None and len(shape) == 1 and shape[0] >= SQUARE and round(shape[0] ** 0.5) ** 2 == shape[0]:
        image = (round(shape[0] ** 0.5), round(shape[0] ** 0.5))
    some = evenly(len(X), ANSWERS)
    targets = [y[i] for i in some] if y else []
    return Inputs("image" if image else "", _at(X, some), targets, _at(X, some), image=image or (0, 0))


def evenly(count: int, most: int) -> list[int]:
    """Indices that are evenly spaced, at most so many.

    Example:
        >>> evenly(10, 3)
        [0, 3, 6]
    """
    kept = min(count, most)
    return [i * count // kept for i in range(kept)]


def _at(X: Any, indices: list[int]) -> Any:
    import numpy as np

    return np.asarray(X, np.float64)[indices] if isinstance(X, np.ndarray) else [X[i] for i in indices]


def _grid(points: Numbers) -> tuple[Numbers, list[float], list[float]]:
    """The middles of the cells of a grid around some points, row by row from the top, and its ends in each direction."""
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    low, high = low - margin, high + margin
    if points.shape[1] == 1:
        return np.linspace(low[0], high[0], ALONG)[:, None], low.tolist(), high.tolist()
    middles = (np.arange(SIDE) + 0.5) / SIDE
    across, up = low[0] + middles * (high[0] - low[0]), high[1] - middles * (high[1] - low[1])
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2), low.tolist(), high.tolist()


class _NotAChainError(Exception):
    """The stages, one after the other, do not return what the model returns."""


def frames_of(model: Module, snapshots: Sequence[Snapshot], inputs: Inputs) -> Frames:
    """Evaluate a model with the parameters of each snapshot. Afterwards it has its own parameters again, also after an error.

    Where something cannot be computed, such as outputs outside of the domain of a logarithm, the frames are without it, and a remark says
    why.

    Args:
        model: whose parameters the snapshots have.
        snapshots: at least one.
        inputs: for which to evaluate it.
    """
    import numpy as np

    numbers = np.stack([snapshot.numbers for snapshot in snapshots])
    frames = Frames(inputs, None)
    chain = chain_of(model)
    failure = _failure(frames, model, chain, numbers)
    if failure and inputs.kind in ("plane", "line"):
        frames.remarks.append(f"There is no picture of the {inputs.kind}: {failure}")
        frames.inputs = replace(inputs, kind="", places=_at(inputs.samples, evenly(len(inputs.samples), ANSWERS)))
        failure = _failure(frames, model, chain, numbers)
    if failure:
        frames.remarks.append(f"The model could not be called: {failure}")
    if frames.chain is None:
        frames.remarks.append(NO_CHAIN)
        return frames
    at = positions(model)
    for layer in frames.chain.layers:
        rows = layer.rows[: shown(len(layer.rows))]
        weights = numbers_of_all([w for row in rows for w in row], at, numbers)
        frames.weights.append(weights.reshape(len(numbers), len(rows), -1))
        frames.biases.append(numbers_of_all(layer.biases[: len(rows)], at, numbers))
    return frames


def _failure(frames: Frames, model: Module, chain: Chain | None, numbers: Numbers) -> str:
    """Evaluate the model as a chain, or if it is none, alone. Why that is impossible; "" if it is not."""
    for attempt in (None,) if chain is None else (chain, None):
        try:
            _evaluate(frames, model, attempt, numbers)
        except _NotAChainError:
            continue
        except Exception as error:  # of the user's code: the film goes without what it cannot compute, and says so
            known = isinstance(error, AutogradError)
            return (str(error) if known else f"{type(error).__name__}: {error}").partition("\n")[0]
        frames.chain = attempt
        break
    return ""


def positions(model: Module) -> dict[int, int]:
    """The position of each parameter of a model, by its `id`.

    Example:
        >>> from nn import Linear
        >>> model = Linear(2, 1)
        >>> positions(model)[id(model.bias[0])]
        2
    """
    return {id(value): i for i, value in enumerate(model.parameters())}


def numbers_of_all(values: list[Value], at: dict[int, int], numbers: Numbers) -> Numbers:
    """The numbers of some parameters, among those of all of them, in every frame.

    Example:
        >>> from nn import Linear
        >>> import numpy as np
        >>> model = Linear(2, 1)
        >>> numbers_of_all(model.bias, positions(model), np.array([[0.5, -1.0, 2.0]])).tolist()
        [[2.0]]
    """
    import numpy as np

    return numbers[:, np.array([at[id(value)] for value in values], np.intp)].astype(np.float64)


def has_first_image(frames: Frames) -> bool:
    """Whether each neuron of the first layer has a weight for every pixel of the image.

    Example:
        >>> from nn import MLP
        >>> import numpy as np
        >>> inputs = Inputs("image", [], [], [], image=(8, 8))
        >>> has_first_image(Frames(inputs, chain_of(MLP(64, [1])))), has_first_image(Frames(inputs, chain_of(MLP(65, [1]))))
        (True, False)
    """
    if frames.chain is None or frames.inputs.kind != "image":
        return False
    first = frames.chain.layers[0]
    keeps_order = all(isinstance(stage, (Flatten, Dropout, Elementwise)) for stage in frames.chain.stages[: first.place])
    return keeps_order and len(first.rows[0]) == frames.inputs.image[0] * frames.inputs.image[1]


def _evaluate(frames: Frames, model: Module, chain: Chain | None, numbers: Numbers) -> None:
    """Fill in the outputs and, with a chain, those of its neurons where the inputs are a plane or a line.

    Raises:
        _NotAChainError: the chain does not return what the model returns, or cannot be called.
        InputError: the outputs are not numbers, or not finite.
    """
    import numpy as np

    from autograd.compiled.floating_errors import quietly

    parameters = model.parameters()
    watched = Watched(model, [] if chain is None else chain.stages)
    engine = CompiledEngine(watched, cross_entropy, parameters)
    samples = Samples(frames.inputs.places)
    outputs: list[Numbers] = []
    neurons: list[list[Numbers]] = [[] for _ in (chain.layers if chain is not None else ())]
    before = numbers_of(parameters)
    with afterwards(lambda: set_numbers(parameters, before)):
        for row in numbers:
            set_numbers(parameters, row.tolist())
            try:
                answers = engine.evaluate(samples).outputs
            except Exception as error:
                if chain is not None:  # is it the model, or only the chain?
                    raise _NotAChainError from error
                raise
            outputs.append(_array([answer[0] for answer in answers]))
            if chain is None:
                continue
            if not quietly(np.allclose, outputs[-1], _array([answer[1][-1] for answer in answers]), rtol=1e-9, atol=1e-12):
                raise _NotAChainError
            if frames.inputs.kind in ("plane", "line"):
                for layer, kept in zip(chain.layers, neurons, strict=True):
                    kept.append(_array([answer[1][layer.stage] for answer in answers])[: shown(len(layer.rows))].astype(np.float32))
    frames.outputs, frames.is_number = np.stack(outputs), not has_length(answers[0][0])
    frames.neurons = [np.stack(kept) for kept in neurons] if neurons and neurons[0] else None


def _array(outputs: list[Any]) -> Numbers:
    """The outputs for all places, as an array [output][place].

    Raises:
        InputError: they are neither numbers nor lists of them, or not finite.
    """
    import numpy as np

    try:
        array = np.array(outputs, np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0, 0))
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InputError(f"an output of the model must be a number or a list of numbers, not {outputs[0]!r:.60}")
    if not np.isfinite(array).all():
        raise InputError("an output of the model is not finite")
    return array.T
