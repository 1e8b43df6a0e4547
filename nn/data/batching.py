"""Batches of samples, and samples that are held out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from autograd._runtime.coercion import flag
from autograd.errors import InputError
from nn.checks import generator, paired, whole
from nn.data.rows import Rows, as_lists, by_position

Part = tuple[list[Any], list[Any]]
"""Some samples, and their targets."""


def batches(X: Rows, y: Rows, batch_size: int | None = 32, shuffle: bool = True, rng: random.Random | None = None) -> Iterator[Part]:
    """Go through the samples once, a batch at a time.

    Args:
        X, y: samples and as many targets: lists, NumPy arrays, or pandas frames and series, whose index is ignored.
        batch_size: 1 is stochastic gradient descent, more is a mini-batch, None is the whole set. The last batch may be smaller.
        shuffle: whether to go through them in random order.
        rng: the generator that shuffles; by default Python's global one.

    Returns:
        An iterator of pairs: some samples and their targets, as `as_lists` gives them. An array is converted to lists one batch at a
        time.

    Raises:
        InputError: the lengths differ, there are no samples, the size is not positive, `rng` is not a generator, or a frame holds
            something that is not a number. It is raised at the call, not at the first batch.

    Example:
        >>> [targets for _, targets in batches([[0.0], [1.0], [2.0]], [0, 1, 2], batch_size=2, shuffle=False)]
        [[0, 1], [2]]
    """
    X, y = by_position(X), by_position(y)
    paired("batches", X, y)
    size = len(X) if batch_size is None else whole("batch_size", batch_size)
    order = shuffled(len(X), rng) if flag("shuffle", shuffle) else list(range(len(X)))
    chunks = (order[start : start + size] for start in range(0, len(order), size))
    return ((_at(chunk, X), _at(chunk, y)) for chunk in chunks)


def split(X: Rows, y: Rows, held_out: float = 0.2, rng: random.Random | None = None) -> tuple[Part, Part]:
    """Shuffle the samples, and hold out a share of them.

    What is held out is the test if it is looked at once, at the end, and validation data if something is chosen by it, such as the
    number of epochs. For both, split twice.

    Args:
        X, y: samples and targets, as for `batches`.
        held_out: the share, a float between 0 and 1.
        rng: the generator that shuffles; by default Python's global one.

    Returns:
        ``(X, y), (X_held_out, y_held_out)``, as `as_lists` gives them.

    Raises:
        InputError: the lengths differ, one part would have no samples, `rng` is not a generator, or a frame holds something that is no
            number.

    Example:
        >>> (X, y), (X_test, y_test) = split([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 1, 2, 3, 4])
        >>> len(X), sorted(y + y_test)
        (4, [0, 1, 2, 3, 4])
    """
    X, y = by_position(X), by_position(y)
    paired("split", X, y)
    if not isinstance(held_out, float) or not 0.0 < held_out < 1.0 or not 0 < int(len(X) * held_out) < len(X):
        raise InputError(f"held_out must be a share, such as 0.2, that leaves samples in both parts, not {held_out!r} of {len(X)}")
    return parted(X, y, rng, held_out)


def parted(X: Any, y: Any, rng: random.Random | None, held_out: float = 0.2) -> tuple[Part, Part]:
    """As `split`, without its checks: of few samples none may be held out.

    Example:
        >>> parted([[0.0]], [1], random.Random(0))
        (([[0.0]], [1]), ([], []))
    """
    order = shuffled(len(X), rng)
    cut = len(order) - int(len(order) * held_out)
    kept, held = order[:cut], order[cut:]
    return (_at(kept, X), _at(kept, y)), (_at(held, X), _at(held, y))


def shuffled(count: int, rng: random.Random | None) -> list[int]:
    """The numbers from 0 to count − 1 in random order.

    Raises:
        InputError: `rng` is not a generator.

    Example:
        >>> sorted(shuffled(3, random.Random(0)))
        [0, 1, 2]
    """
    order = list(range(count))
    (random if rng is None else generator(rng)).shuffle(order)
    return order


def _at(positions: list[int], items: Any) -> list[Any]:
    return as_lists(items[positions] if hasattr(items, "tolist") else [items[i] for i in positions])
