"""What several files of this package ask of their arguments."""

from __future__ import annotations

import operator
import random
from collections.abc import Sequence
from typing import Any

from autograd.errors import InputError


def whole(name: str, number: Any) -> int:
    """`number` as an int of at least 1; NumPy's integers are welcome.

    Raises:
        InputError: it is none.

    Example:
        >>> whole("epochs", 3)
        3
    """
    try:
        result = operator.index(number)
    except TypeError:
        result = 0
    if result < 1:
        raise InputError(f"{name} must be a whole number of at least 1, not {number!r}")
    return result


def paired(name: str, X: Sequence[Any], y: Sequence[Any]) -> None:
    """Check that there are as many targets as samples, and some of them.

    Raises:
        InputError: there are not.

    Example:
        >>> paired("fit", [[0.0], [1.0]], [0, 1])
    """
    if len(X) != len(y) or not len(X):
        raise InputError(f"{name} needs as many targets as samples, at least one: {len(X)} samples, {len(y)} targets")


def generator(rng: random.Random | None) -> random.Random:
    """`rng`, or else a new generator, seeded by Python's global one.

    A seed is refused, because it would start anew wherever it is given: two layers would get the same weights, and the batches of
    every epoch the same order.

    Raises:
        InputError: it is no generator.

    Example:
        >>> random.seed(0)
        >>> number = generator(None).random()
        >>> random.seed(0)
        >>> number == generator(None).random()
        True
    """
    if rng is None:
        return random.Random(random.getrandbits(64))
    if not hasattr(rng, "random"):
        seed = rng if isinstance(rng, int) else 0
        raise InputError(f"rng must be a generator, not {rng!r}: write rng=random.Random({seed})")
    return rng
