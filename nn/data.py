"""Data: batches, and the sets that the examples use."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.errors import MissingPackageError
from nn.checks import paired, whole

Samples = tuple[list[list[float]], list[int]]


def batches(
    X: Sequence[Any], y: Sequence[Any], batch_size: int | None = 32, shuffle: bool = True, rng: random.Random | None = None
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Go through the samples once, some at a time.

    Args:
        X, y: samples and targets, as many of one as of the other: lists or NumPy arrays.
        batch_size: 1 is stochastic gradient descent, more a mini-batch, None the whole set. The last batch may be smaller.
        shuffle: in random order.
        rng: the generator that shuffles; by default Python's global one.

    Raises:
        InputError: the lengths differ, there are no samples, or the size is not positive; at the call, not at the first batch.

    Example:
        >>> [targets for _, targets in batches([[0.0], [1.0], [2.0]], [0, 1, 2], batch_size=2, shuffle=False)]
        [[0, 1], [2]]
    """
    paired("batches", X, y)
    size = len(X) if batch_size is None else whole("batch_size", batch_size)
    order = list(range(len(X)))
    if shuffle:
        (rng or random).shuffle(order)
    chunks = (order[start : start + size] for start in range(0, len(order), size))
    return (([X[i] for i in chunk], [y[i] for i in chunk]) for chunk in chunks)


def digits(rng: random.Random) -> tuple[Samples, Samples]:
    """scikit-learn's handwritten digits: 1,797 real images of 8 × 8 pixels, scaled to [0, 1]; a fifth is held out.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``, shuffled by `rng`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    images = _sklearn().load_digits()
    return _split((images.data / 16.0).tolist(), images.target.tolist(), rng)


def moons(rng: random.Random, samples: int = 200) -> tuple[Samples, Samples]:
    """Two interleaving half circles, with some noise; a fifth is held out. As `digits`, with classes 0 and 1.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    X, y = _sklearn().make_moons(samples, noise=0.1, random_state=rng.randrange(2**32))
    return _split(X.tolist(), y.tolist(), rng)


def _split(X: list[list[float]], y: list[int], rng: random.Random) -> tuple[Samples, Samples]:
    order = list(range(len(X)))
    rng.shuffle(order)
    cut = len(order) - len(order) // 5
    return ([X[i] for i in order[:cut]], [y[i] for i in order[:cut]]), ([X[i] for i in order[cut:]], [y[i] for i in order[cut:]])


def _sklearn() -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackageError("this data needs scikit-learn: pip install 'scalar-autograd[examples]'") from error
    return datasets
