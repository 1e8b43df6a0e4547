"""Initialisers: how the weights of a neuron start.

An initialiser is a function of the number of inputs, the number of outputs and a generator, and draws one weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

Initialiser = Callable[[int, int, Random], float]


def xavier_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Uniform on ±√(6 / (fan_in + fan_out)): neither signals nor gradients grow or shrink from layer to layer, with tanh or sigmoid.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), formula 16.

    Example:
        >>> abs(xavier_uniform(3, 3, Random(0))) <= 1.0
        True
    """
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound)


def he_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Uniform on ±√(6 / fan_in): the same for ReLU, which silences half of its inputs.

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), formula 10.

    Example:
        >>> abs(he_uniform(6, 1, Random(0))) <= 1.0
        True
    """
    bound = math.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound)
