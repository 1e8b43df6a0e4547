"""Clipping: gradients that are too large are made smaller before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd._runtime.bulk import gradients_of, set_gradients
from autograd._runtime.coercion import real
from autograd._runtime.temporary import unless_done
from autograd.errors import InputError
from autograd.value import Value
from nn.array_type import Array
from nn.checks import listed


def clip_grad_value_(parameters: Iterable[Value], clip_value: float) -> None:
    """Clip the gradient of each parameter to ±`clip_value`. Call it between `backward` and `step`.

    Args:
        parameters: Values; their `.grad` is changed.
        clip_value: positive, in the unit of the gradients.

    Raises:
        InputError: there are no parameters, or the value is not positive.

    Example:
        >>> p = Value(1.0)
        >>> p.grad = -30.0
        >>> clip_grad_value_([p], 1.0)
        >>> p.grad
        -1.0
    """
    each = distinct(parameters, "clip_grad_value_(model.parameters(), 1.0)")
    bound = clip_bound("clip_value", clip_value)
    set_gradients(each, clipped_by_value(gradients_in(each), bound).tolist())


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """If the norm of all gradients together is larger than `max_norm`, scale all of them down. Their direction stays.

    As in PyTorch, a gradient that is inf or nan makes others 0 or nan: check the norm that is returned.

    Args:
        parameters: Values; their `.grad` is changed. One that is given twice counts once.
        max_norm: positive; with inf nothing is scaled, and only the norm is computed.

    Returns:
        The norm √(Σ gradient²) before clipping.

    Raises:
        InputError: there are no parameters, or the norm is not positive.

    Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.

    Example:
        >>> p, q = Value(1.0), Value(1.0)
        >>> p.grad, q.grad = 30.0, 40.0
        >>> clip_grad_norm_([p, q], 1.0)
        50.0
        >>> round(p.grad, 6), round(q.grad, 6)
        (0.6, 0.8)
    """
    from autograd.compiled.floating_errors import quietly

    each = distinct(parameters, "clip_grad_norm_(model.parameters(), 1.0)")
    bound = clip_bound("max_norm", max_norm)
    clipped, norm = quietly(clipped_by_norm, gradients_in(each), bound)
    _replace(each, clipped)
    return norm


def clipped_by_value(gradients: Array, bound: float) -> Array:
    """The gradients, clipped to ±bound.

    Example:
        >>> import numpy as np
        >>> clipped_by_value(np.array([-3.0, 0.5]), 1.0).tolist()
        [-1.0, 0.5]
    """
    import numpy as np

    return np.clip(gradients, -bound, bound)


def clipped_by_norm(gradients: Array, bound: float) -> tuple[Array, float]:
    """The gradients, scaled down if their norm is above the bound, and their norm before.

    Example:
        >>> import numpy as np
        >>> gradients, norm = clipped_by_norm(np.array([30.0, 40.0]), 1.0)
        >>> gradients.round(6).tolist(), norm
        ([0.6, 0.8], 50.0)
    """
    norm = _norm(gradients)
    factor = bound / (norm + 1e-6)  # as PyTorch does
    return (gradients if factor >= 1.0 else factor * gradients), norm


def _norm(gradients: Array) -> float:
    """√(Σ g²). It is computed from g / max |g|, because the square of a large or a small number overflows or underflows."""
    import numpy as np

    largest = float(np.max(np.abs(gradients)))
    if not 0.0 < largest < math.inf:
        return largest
    scaled = gradients / largest
    return largest * math.sqrt(float(np.add.reduce(scaled * scaled)))  # a dot product would wake BLAS' threads


def _replace(each: list[Value], clipped: Array) -> None:
    """Set all gradients, or none if it is interrupted."""
    before = gradients_of(each)
    with unless_done(lambda: set_gradients(each, before)) as done:
        set_gradients(each, clipped.tolist())
        done()


# -- for optimizers -------------------------------------------------------------------------------------------------------


def distinct(parameters: Iterable[Value], right: str) -> list[Value]:
    """Each parameter once, in the order of `Module.parameters`.

    Args:
        parameters: Values.
        right: code that would be right, for the error.

    Raises:
        InputError: there are none, or one is not a Value.

    Example:
        >>> p, q = Value(1.0), Value(2.0)
        >>> [parameter.data for parameter in distinct([q, p, q], "SGD(model.parameters(), lr=0.1)")]
        [2.0, 1.0]
    """
    return list(dict.fromkeys(listed(parameters, f"parameters must be Values, at least one: write {right}")))


def clip_bound(name: str, number: float) -> float:
    """`number` as a float above 0, which may be inf.

    Raises:
        InputError: it is something else.

    Example:
        >>> clip_bound("clipvalue", 1)
        1.0
    """
    if not real(number) > 0.0:
        raise InputError(f"{name} must be positive, not {number!r}")
    return real(number)


def gradients_in(parameters: list[Value]) -> Array:
    """The gradients of parameters as an array.

    Raises:
        InputError: one of them is a Value, after `backward(create_graph=True)`.

    Example:
        >>> gradients_in([Value(1.0), Value(2.0)]).tolist()
        [0.0, 0.0]
    """
    import numpy as np

    return np.fromiter(gradients_of(parameters), np.float64, len(parameters))
