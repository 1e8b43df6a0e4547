"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from autograd._runtime.coercion import flag
from autograd.errors import InputError
from autograd.value import Value
from nn.array_type import Array
from nn.checks import fraction, not_negative
from nn.optimizers.optimizer import Optimizer, with_decay


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − lr · v, where v ← momentum · v + g; with Nesterov's momentum p ← p − lr · (g + momentum · v).

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        momentum: the share of the last step that is kept, in [0, 1).
        weight_decay: g is the gradient + weight_decay · p, as if `losses.l2` of that strength were added to the loss.
        nesterov: whether to use Nesterov's momentum; needs momentum.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting is out of its range or unknown.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); Nesterov, "A method for solving the convex
    programming problem with convergence rate O(1/k²)" (1983); the form is PyTorch's.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> SGD([p], lr=0.25).step()
        >>> p.data
        0.5
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        self.momentum = fraction("momentum", momentum)
        self.weight_decay = not_negative("weight_decay", weight_decay)
        self.nesterov = flag("nesterov", nesterov)
        if self.nesterov and momentum == 0.0:
            raise InputError("nesterov needs momentum: write SGD(parameters, momentum=0.9, nesterov=True)")
        self.velocity: Array | float = 0.0

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        g = with_decay(gradients, self.weight_decay, parameters)
        if not self.momentum:
            return parameters - self.lr * g
        self.velocity = self.momentum * self.velocity + g
        return parameters - self.lr * (g + self.momentum * self.velocity if self.nesterov else self.velocity)
