"""Snapshots: the parameters of a model at some epochs of a training, which `fit` keeps for `film`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from autograd._runtime.bulk import numbers_of
from autograd.errors import InputError
from nn.checks import whole
from nn.losses import Loss
from nn.metrics import are_two_classes, threshold_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nn.engine.samples import Samples
    from nn.module import Module

DEFAULT, TOGETHER = 60, 20_000_000
"""How many snapshots `fit(…, snapshots=True)` keeps at most, and how many numbers these may have together."""

MOST_SAMPLES, MOST_NUMBERS = 500, 50_000
"""How many samples are kept with the snapshots, and how many numbers these have, at most."""


class Snapshot(NamedTuple):
    """The parameters of a model at one epoch.

    Attributes:
        epoch: how many epochs were completed; 0 is before the training.
        numbers: those of `model.parameters()`, in single precision.
        form: a checksum of the parameters' names, which tells whether a model has these parameters.
    """

    epoch: int
    numbers: npt.NDArray[np.floating[Any]]
    form: int


class Snapshots(Sequence[Snapshot]):
    """The snapshots of a training, in the order of their epochs, and some of its samples, as `film` draws them.

    The first is of the model before the training, the last is of the latest epoch, and the others are evenly spaced. Each takes 4 bytes a
    parameter, and of the samples at most 500, or 50,000 numbers, are kept.

    Args:
        count: how many to keep, at least 2; or True for 60, or as many as there are epochs, or as have 20 million numbers together.
        parameters: how many parameters the model has.
        epochs: how many epochs are planned.
        samples: the samples and targets of the training.
        loss: from which the threshold of a single output follows, see `nn.metrics.threshold_of`.

    Attributes:
        epochs: see above.
        final: the epoch after which the model had the weights that it has after the training; with `patience` it need not be the last.
        X, y: the samples that were kept, as an array if they all have one shape, and their targets.
        thresholds: above which a single output means class 1, where it is a number, and where it is a list of one; None where the targets
            are not of two classes.

    Raises:
        InputError: `count` is something else.

    Example:
        >>> from nn import MLP, fit
        >>> history = fit(MLP(1, [2]), [[0.0], [1.0]], [0, 1], epochs=10, snapshots=3, progress=False)
        >>> [snapshot.epoch for snapshot in history.snapshots]
        [0, 5, 10]
    """

    def __init__(self, count: int, parameters: int, epochs: int, samples: Samples, loss: Loss) -> None:
        try:
            wanted = max(2, min(DEFAULT, TOGETHER // parameters)) if count is True else whole("snapshots", count)
        except InputError:
            wanted = 0
        if wanted < 2:
            raise InputError(f"snapshots must be True, or how many to keep: 2, before and after the training, or more, not {count!r}")
        self.epochs, self.final = epochs, 0
        steps = min(wanted - 1, epochs)
        self._planned = {round(i * epochs / steps) for i in range(steps + 1)}
        self._kept: list[Snapshot] = []
        self.X, self.y = some_of(samples)
        self.thresholds: tuple[float, float] | None = None
        if are_two_classes(samples.y):
            single, listed = (threshold_of(loss, samples.y, output) for output in (0.5, [0.5]))
            self.thresholds = (single or 0.0, listed or 0.0)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...

    @overload
    def __getitem__(self, index: slice) -> list[Snapshot]: ...

    def __getitem__(self, index: int | slice) -> Snapshot | list[Snapshot]:
        return self._kept[index]

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._kept)

    def keep(self, model: Module, epoch: int) -> None:
        """Keep the parameters that the model has after an epoch, in place of those of the latest one if that is not among the planned ones.

        The epoch may also be an earlier one, to whose weights the model went back.
        """
        snapshot = Snapshot(epoch, _single(numbers_of(model.parameters())), form_of(model))
        if self._kept and epoch > self._kept[-1].epoch not in self._planned:
            self._kept = [*self._kept[:-1], snapshot]
        else:
            self._kept = sorted([*(one for one in self._kept if one.epoch != epoch), snapshot], key=lambda one: one.epoch)
        self.final = epoch

    def __repr__(self) -> str:
        about = f"{len(self)} snapshots of {len(self[0].numbers):,} parameters, epochs 0 to {self[-1].epoch}" if self else "no snapshots"
        return f"<{about}: film(model, history) shows them>"


def form_of(model: Module) -> int:
    """A checksum of the names of a model's parameters.

    Example:
        >>> from nn import MLP
        >>> form_of(MLP(2, [1])) == form_of(MLP(2, [1])) != form_of(MLP(1, [2]))
        True
    """
    checksum = 0
    for name, _ in model.named_parameters():
        checksum = zlib.crc32(f"{name}\n".encode("utf-8", "backslashreplace"), checksum)
    return checksum


def some_of(samples: Samples) -> tuple[Any, list[Any]]:
    """Evenly spaced samples, as an array in single precision if they all have one shape, and their targets.

    Example:
        >>> from nn.engine.samples import Samples
        >>> X, y = some_of(Samples([[float(i)] for i in range(1000)], list(range(1000))))
        >>> X.shape, X[1].tolist(), y[:3]
        ((500, 1), [2.0], [0, 2, 4])
    """
    import numpy as np

    def array(items: list[Any]) -> Any:
        try:
            result = np.array(items, np.float64)
        except (TypeError, ValueError, OverflowError):  # dicts, strings, samples of different lengths
            return items
        return _single(result)

    first = array(samples.lists([0])[0])
    count = min(len(samples), MOST_SAMPLES, max(12, MOST_NUMBERS // max(1, getattr(first, "size", 1))))
    X, y = samples.lists([i * len(samples) // count for i in range(count)])
    return array(X), y


def _single(numbers: Any) -> npt.NDArray[np.floating[Any]]:
    """The numbers in single precision, or, where one is too large for that, in double precision."""
    import numpy as np

    array = np.asarray(numbers, np.float64)
    return array if (np.abs(array) > np.finfo(np.float32).max).any() else array.astype(np.float32)
