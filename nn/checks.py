"""Checks of arguments that several files of this package make."""

from __future__ import annotations

import math
import operator
import random
import reprlib
from collections.abc import Callable, Iterable, Sized
from typing import Any, SupportsIndex, TypeVar

from autograd._runtime.coercion import real, refuse_masked
from autograd.errors import InputError
from autograd.value import Value

Function = TypeVar("Function", bound=Callable[..., Any])


def whole(name: str, number: SupportsIndex) -> int:
    """`number` as an int of at least 1; it may be one of NumPy's integers.

    Raises:
        InputError: it is something else.

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


def positive(name: str, number: float) -> float:
    """`number` as a finite float above 0.

    Raises:
        InputError: it is something else.

    Example:
        >>> positive("the learning rate", 1)
        1.0
    """
    result = real(number)
    if not 0.0 < result < math.inf:
        raise InputError(f"{name} must be positive, not {number!r}")
    return result


def not_negative(name: str, number: float) -> float:
    """`number` as a finite float of at least 0.

    Raises:
        InputError: it is something else.

    Example:
        >>> not_negative("weight_decay", 0)
        0.0
    """
    result = real(number)
    if not 0.0 <= result < math.inf:
        raise InputError(f"{name} must be finite and not negative, not {number!r}")
    return result


def fraction(name: str, number: float) -> float:
    """`number` as a float in [0, 1).

    Raises:
        InputError: it is something else.

    Example:
        >>> fraction("momentum", 0.9)
        0.9
    """
    result = real(number)
    if not 0.0 <= result < 1.0:
        raise InputError(f"{name} must be in [0, 1), not {number!r}")
    return result


def listed(parameters: Iterable[Value], message: str) -> list[Value]:
    """The parameters as a list, at least one.

    Raises:
        InputError: there are none, or one is not a Value.

    Example:
        >>> [p.data for p in listed((Value(number) for number in (1.0, 2.0)), "write l2(model.parameters(), strength=0.01)")]
        [1.0, 2.0]
    """
    result = list(parameters) if isinstance(parameters, Iterable) and getattr(parameters, "ndim", None) != 0 else []
    if not result or not all(isinstance(p, Value) for p in result):
        raise InputError(message)
    return result


def differentiable(name: str, result: object, source: str) -> Value:
    """The result of a loss or a penalty.

    Raises:
        InputError: it is not a Value.

    Example:
        >>> differentiable("a loss", Value(3.0), "the model's output").data
        3.0
    """
    if not isinstance(result, Value):
        raise InputError(f"{name} must be a Value, which has a gradient, not {result!r}: compute it from {source}")
    return result


def loss_function(loss: Function) -> Function:
    """`loss`, if it can be called.

    Raises:
        InputError: it cannot.

    Example:
        >>> from nn.losses import mse
        >>> loss_function(mse) is mse
        True
    """
    if not callable(loss):
        raise InputError(f"loss must be a function of an output and a target, such as nn.losses.mse, not {loss!r}")
    return loss


def has_length(items: object) -> bool:
    """Whether `items` has a length. An array without axes has none, and neither has a class.

    Example:
        >>> has_length([1.0]), has_length(1.0)
        (True, False)
    """
    return hasattr(items, "__len__") and getattr(items, "ndim", None) != 0 and not isinstance(items, type)


def sized(needs: str, items: object) -> None:
    """Check that `items` has a length.

    Raises:
        InputError: it has none. The message begins with `needs`.

    Example:
        >>> sized("fit needs a sequence of samples", [[0.0], [1.0]])
    """
    if not has_length(items):
        raise InputError(f"{needs}, not {reprlib.repr(items)}")


def paired(name: str, X: Sized, y: Sized) -> None:
    """Check that there are as many targets as samples, at least one.

    Raises:
        InputError: the lengths differ, there are no samples, `X` or `y` is not a sequence, or has masked numbers.

    Example:
        >>> paired("fit", [[0.0], [1.0]], [0, 1])
    """
    sized(f"{name} needs a sequence of samples", X)
    sized(f"{name} needs a sequence of targets", y)
    refuse_masked(X)
    refuse_masked(y)
    if len(X) != len(y) or not len(X):
        raise InputError(f"{name} needs as many targets as samples, at least one: {len(X)} samples, {len(y)} targets")


def generator(rng: random.Random | None) -> random.Random:
    """`rng`, or a new generator that is seeded by Python's global one.

    A seed is refused, because it would start a new generator wherever it is given: two layers would get the same weights, and the
    batches of every epoch the same order.

    Raises:
        InputError: `rng` is not a generator.

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
