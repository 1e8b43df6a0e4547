"""Optimizers that scale the step of each parameter by the recent size of its gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd._runtime.coercion import flag, real
from autograd.errors import InputError
from autograd.value import Value
from nn.array_type import Array
from nn.checks import fraction, has_length, not_negative, positive
from nn.optimizers.optimizer import Optimizer, with_decay


class RMSprop(Optimizer):
    """p ← p − lr · g / (√v + eps), where v ← alpha · v + (1 − alpha) · g²: the step is scaled by the recent size of the gradient.

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        alpha: how much of v to keep, in [0, 1).
        eps: keeps the divisor from 0, positive.
        weight_decay: g is the gradient + weight_decay · p.
        momentum: in [0, 1). If it is not 0, the step is lr · u, where u ← momentum · u + g / (√v + eps).
        centered: whether v is the variance of the recent gradients instead of the mean of their squares.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting is out of its range or unknown.

    Source: Tieleman and Hinton, "Lecture 6.5: RMSprop" (2012); centered: Graves, "Generating sequences with recurrent neural networks"
    (2013), formulas 38 to 41; the form is PyTorch's.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> RMSprop([p], lr=0.01).step()
        >>> round(p.data, 6)
        0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        self.alpha = fraction("alpha", alpha)
        self.eps = positive("eps", eps)
        self.weight_decay = not_negative("weight_decay", weight_decay)
        self.momentum = fraction("momentum", momentum)
        self.centered = flag("centered", centered)
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0
        self.velocity: Array | float = 0.0

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        import numpy as np

        alpha = self.alpha
        g = with_decay(gradients, self.weight_decay, parameters)
        if self.centered:
            # the variance itself: the mean of the squares minus the square of the mean would cancel, and could come out below 0
            deviation = g - self.mean
            self.square = alpha * self.square + alpha * (1.0 - alpha) * deviation * deviation
            self.mean = self.mean + (1.0 - alpha) * deviation
        else:
            self.square = alpha * self.square + (1.0 - alpha) * g * g
        direction = g / (np.sqrt(self.square) + self.eps)
        if not self.momentum:
            return parameters - self.lr * direction
        self.velocity = self.momentum * self.velocity + direction
        return parameters - self.lr * self.velocity


class Adam(Optimizer):
    """Adaptive moment estimation: p ← p − lr · m̂ / (√v̂ + eps). The step is scaled by the recent size of the gradient.

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² start at 0; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) correct for that.

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        betas: β₁ and β₂, in [0, 1).
        eps: keeps the divisor from 0, positive.
        weight_decay: g is the gradient + weight_decay · p.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting is out of its range or unknown.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> Adam([p], lr=0.1).step()
        >>> round(p.data, 6)
        0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        if not has_length(betas) or len(betas) != 2 or not all(0.0 <= real(beta) < 1.0 for beta in betas):
            raise InputError(f"betas must be two numbers in [0, 1), not {betas!r}")
        self.betas = betas
        self.eps = positive("eps", eps)  # 0 would divide by 0 where a parameter has never had a gradient
        self.weight_decay = not_negative("weight_decay", weight_decay)
        self.steps = 0
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0

    @classmethod
    def _advice(cls, name: str) -> str:
        if name == "momentum":
            return f"{cls.__name__} has no momentum, but two betas, of which the first is one: write betas=(0.9, 0.999)"
        return super()._advice(name)

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        return parameters - self._stride(with_decay(gradients, self.weight_decay, parameters))

    def _stride(self, g: Array) -> Array:
        """lr · m̂ / (√v̂ + eps)."""
        import numpy as np

        self.steps += 1
        beta1, beta2 = self.betas
        self.mean = beta1 * self.mean + (1.0 - beta1) * g
        self.square = beta2 * self.square + (1.0 - beta2) * g * g
        rate = self.lr / (1.0 - beta1**self.steps)
        correction = math.sqrt(1.0 - beta2**self.steps)
        return rate * self.mean / (np.sqrt(self.square) / correction + self.eps)


class AdamW(Adam):
    """Adam, with a weight decay of its own: p ← (1 − lr · weight_decay) · p − lr · m̂ / (√v̂ + eps).

    In `Adam` the decay is part of the gradient and is scaled with it, so parameters with large gradients hardly decay.

    Args:
        parameters, lr, betas, eps, clipping: as for `Adam`.
        weight_decay: at each step a parameter shrinks by lr · weight_decay of itself.

    Raises:
        InputError: there are no parameters, or a setting is out of its range or unknown.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.

    Example:
        >>> p = Value(1.0)
        >>> AdamW([p], lr=0.5, weight_decay=0.5).step()
        >>> p.data
        0.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, **clipping)

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        return (1.0 - self.lr * self.weight_decay) * parameters - self._stride(gradients)
