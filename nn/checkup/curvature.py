"""How fast the gradient changes: the largest eigenvalue of the Hessian, and the learning rates that it allows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from nn.array_type import Array
from nn.optimizers import SGD, Adam, Optimizer, RMSprop

ROUNDS, TOLERANCE = 40, 1e-3
"""Power iteration ends after so many rounds, or when the eigenvalue changes by less than this share of itself."""


def largest_eigenvalue(product: Callable[[Array], Array], size: int) -> float:
    """The largest eigenvalue of a symmetric matrix, by power iteration. If that of largest size is negative, the matrix is shifted by it.

    Args:
        product: the matrix times a vector.
        size: the length of the vector.

    Source: Golub and Van Loan, "Matrix computations" (2013), section 7.3.1; for the Hessian of a network, LeCun, Simard, Pearlmutter,
    "Automatic learning rate maximization by on-line estimation of the Hessian's eigenvectors" (1993).

    Example:
        >>> import numpy as np
        >>> round(largest_eigenvalue(lambda v: np.array([2.0, -5.0]) * v, 2), 2)
        2.0
    """
    found = _dominant(product, size)
    if found < 0.0:
        return _dominant(lambda v: product(v) - found * v, size) + found
    return found


def _dominant(product: Callable[[Array], Array], size: int) -> float:
    import numpy as np

    v = np.random.default_rng(0).normal(size=size)
    v /= np.linalg.norm(v)
    found = 0.0
    for _ in range(ROUNDS):
        image = product(v)
        before, found = found, float(v @ image)
        norm = float(np.linalg.norm(image))
        if not math.isfinite(norm) or norm == 0.0 or abs(found - before) <= TOLERANCE * abs(found):
            break
        v = image / norm
    return found


class Limit(NamedTuple):
    """How large a learning rate may be.

    Attributes:
        rate: from there on, steps along the steepest direction of the parabola that the loss is nearby grow without bound.
        formula: how it follows from the eigenvalue.
        eigenvalue: the largest of the Hessian; for an optimizer that scales its steps, of the scaled Hessian.
    """

    rate: float
    formula: str
    eigenvalue: float


def limit_of(optimizer: Optimizer | None, product: Callable[[Array], Array], gradients: list[Array], eigenvalue: float) -> Limit | None:
    """The largest stable learning rate of an optimizer; None for one of an unknown class.

    Args:
        optimizer: by default, gradient descent without momentum.
        product: the Hessian times a vector.
        gradients: those of some mini-batches, from which the scale of the steps follows while an optimizer has made none.
        eigenvalue: the largest of the Hessian.

    Source: Cohen, Kaur, Li, Kolter, Talwalkar, "Gradient descent on neural networks typically occurs at the edge of stability" (2021),
    appendix B; of optimizers that scale their steps, Cohen and others, "Adaptive gradient methods at the edge of stability" (2022).
    """
    if optimizer is None:
        return Limit(2.0 / eigenvalue, "2/λ", eigenvalue)
    if type(optimizer) is SGD:
        momentum = optimizer.momentum
        own = eigenvalue + optimizer.weight_decay
        if optimizer.nesterov:
            return Limit(2.0 * (1.0 + momentum) / (1.0 + 2.0 * momentum) / own, "2(1 + μ)/((1 + 2μ) λ)", own)
        return Limit(2.0 * (1.0 + momentum) / own, "2(1 + μ)/λ" if momentum else "2/λ", own)
    if not isinstance(optimizer, (Adam, RMSprop)):
        return None
    roots = 1.0 / _scale(optimizer, gradients) ** 0.5
    scaled = largest_eigenvalue(lambda v: roots * product(roots * v), len(roots))
    if not scaled > 0.0:
        return None
    if isinstance(optimizer, Adam):
        beta = optimizer.betas[0]
        return Limit((2.0 + 2.0 * beta) / (1.0 - beta) / scaled, "2(1 + β₁)/((1 − β₁) λ)", scaled)
    return Limit(2.0 * (1.0 + optimizer.momentum) / scaled, "2(1 + μ)/λ" if optimizer.momentum else "2/λ", scaled)


def _scale(optimizer: Any, gradients: list[Array]) -> Array:
    """What the optimizer divides each number of a step by."""
    import numpy as np

    square = np.asarray(optimizer.square)
    if square.ndim:
        corrected = square / (1.0 - optimizer.betas[1] ** optimizer.steps) if isinstance(optimizer, Adam) else square
    else:
        corrected = np.mean([gradient**2 for gradient in gradients], axis=0)
    return np.sqrt(corrected) + float(optimizer.eps)
