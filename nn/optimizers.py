"""Optimizers: how parameters follow their gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd.errors import InputError
from autograd.value import Value, real


class Optimizer:
    """The base: holds the parameters.

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.

    Raises:
        InputError: there are no parameters, or the rate is not positive.
    """

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = list(parameters) if hasattr(parameters, "__iter__") else []
        if not self.parameters or not all(isinstance(p, Value) for p in self.parameters):
            raise InputError("an optimizer needs Values to update: write SGD(model.parameters(), lr=0.1)")
        if not 0.0 < real(lr) < math.inf:
            raise InputError(f"the learning rate must be positive, not {lr!r}")
        self.lr = lr

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def step(self) -> None:
        """Update every parameter from its gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not define step()")


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p - lr · v, where v ← momentum · v + gradient.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); the form is PyTorch's.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> SGD([p], lr=0.25).step()
        >>> p.data
        0.5
    """

    def __init__(self, parameters: Iterable[Value], lr: float = 0.01, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0.0 <= momentum < 1.0:
            raise InputError(f"momentum must be in [0, 1), not {momentum!r}")
        self.momentum = momentum
        self.velocity = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Update every parameter from its gradient."""
        for i, p in enumerate(self.parameters):
            self.velocity[i] = self.momentum * self.velocity[i] + p.grad
            p.data -= self.lr * self.velocity[i]


class Adam(Optimizer):
    """Adaptive moment estimation: each parameter's step is scaled by the recent size of its gradient.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> Adam([p], lr=0.1).step()
        >>> round(p.data, 6)
        0.9
    """

    def __init__(
        self, parameters: Iterable[Value], lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0.0 <= beta < 1.0 for beta in betas):
            raise InputError(f"betas must be in [0, 1), not {betas!r}")
        if not 0.0 < eps < math.inf:  # 0 would divide by 0 where a parameter has never had a gradient
            raise InputError(f"eps must be positive, not {eps!r}")
        self.betas = betas
        self.eps = eps
        self.steps = 0
        self.mean = [0.0] * len(self.parameters)
        self.square = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Update every parameter from its gradient."""
        self.steps += 1
        beta1, beta2 = self.betas
        rate = self.lr / (1.0 - beta1**self.steps)
        correction = math.sqrt(1.0 - beta2**self.steps)
        for i, p in enumerate(self.parameters):
            g = p.grad
            m = self.mean[i] = beta1 * self.mean[i] + (1.0 - beta1) * g
            v = self.square[i] = beta2 * self.square[i] + (1.0 - beta2) * g * g
            p.data -= rate * m / (math.sqrt(v) / correction + self.eps)
