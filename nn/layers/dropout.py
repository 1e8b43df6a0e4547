"""Dropout: numbers that are left out at random while a model is trained."""

from __future__ import annotations

import random
from typing import Any, overload

from autograd.errors import InputError
from autograd.recording import drawn
from autograd.value import Value, real
from nn.activations import elementwise
from nn.checks import generator
from nn.module import Module


class Dropout(Module):
    """In training mode, sets each number to 0 with probability p, and multiplies the others by 1 / (1 - p), which keeps the mean.

    In evaluation mode, after `model.eval()`, it changes nothing. A compiled function draws anew at every run and for every sample.

    Args:
        p: the probability, in [0, 1).
        rng: the generator that the mask is drawn from; by default a new one that is seeded by Python's global one.

    Raises:
        InputError: `p` is outside of [0, 1).

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks from
    overfitting" (2014).

    Example:
        >>> dropout = Dropout(0.5, rng=random.Random(0))
        >>> dropout([1.0, 1.0, 1.0, 1.0])
        [2.0, 2.0, 0.0, 0.0]
        >>> dropout.eval()([1.0, 1.0, 1.0, 1.0])
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, rng: random.Random | None = None) -> None:
        if not 0.0 <= real(p) < 1.0:
            raise InputError(f"p must be a probability of at least 0 and less than 1, not {p!r}")
        self.p = real(p)
        self.rng = generator(rng)

    @overload
    def __call__(self, x: Value) -> Value: ...

    @overload
    def __call__(self, x: list[Value]) -> list[Value]: ...

    @overload
    def __call__(self, x: Any) -> Any: ...

    def __call__(self, x: Any) -> Any:
        """`x`, a Value or number or lists of them nested to any depth, with a new mask in training mode."""
        return elementwise(lambda z: z * drawn(self._mask), x) if self.training else x

    def _mask(self) -> float:
        return 0.0 if self.rng.random() < self.p else 1.0 / (1.0 - self.p)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"
