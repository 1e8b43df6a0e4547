"""Initialisers: the weights with which neurons start.

An initialiser is a function of the number of inputs (`fan_in`), the number of outputs (`fan_out`) and a generator. It draws one weight, and
for each weight exactly one number of the generator. So the same seed gives the same weights everywhere, and if one weight is drawn from
another distribution, the others do not change. (Python's own `gauss` makes two numbers at once and keeps the second; its `normalvariate`
takes a varying number.)
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from random import Random
from statistics import NormalDist
from typing import cast

from autograd._runtime.coercion import real
from autograd.errors import InputError
from nn.checks import generator, whole

Initialiser = Callable[[int, int, Random], float]

# -- of given numbers -----------------------------------------------------------------------------------------------------


def zeros(fan_in: int, fan_out: int, rng: Random) -> float:
    """0. This is right for biases; but the weights of a hidden layer that start equal get equal gradients, and stay equal.

    Example:
        >>> zeros(3, 2, Random(0))
        0.0
    """
    return 0.0


def constant(value: float) -> Initialiser:
    """Always `value`, which is finite. See `zeros` for the effect on weights.

    Raises:
        InputError: it is not finite.

    Example:
        >>> constant(0.5)(3, 2, Random(0))
        0.5
    """
    number = _finite("the value of constant", value)
    return lambda fan_in, fan_out, rng: number


def uniform(low: float, high: float) -> Initialiser:
    """Uniform between `low` and `high`.

    Where a layer is given no `rng`, these weights are drawn from Python's global generator itself rather than a new one. So after
    ``random.seed(1337)``, ``MLP(2, [16, 16, 1], initialiser=uniform(-1, 1))`` has the weights of micrograd's demo.

    Raises:
        InputError: `low` is above `high`, or one is not finite.

    Example:
        >>> 1.0 <= uniform(1.0, 2.0)(3, 2, Random(0)) <= 2.0
        True
    """
    a, b = _finite("low", low), _finite("high", high)
    if a > b:
        raise InputError(f"uniform needs low ≤ high, not {low!r} and {high!r}")
    return _Uniform(a, b)


class _Uniform:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, fan_in: int, fan_out: int, rng: Random) -> float:
        return rng.uniform(self.low, self.high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """Normal, with the given mean and standard deviation.

    Raises:
        InputError: `std` is negative, or one is not finite.

    Example:
        >>> normal(5.0, std=0.0)(3, 2, Random(0))
        5.0
    """
    centre, width = _finite("mean", mean), _finite("std", std)
    if width < 0.0:
        raise InputError(f"std must not be negative, but is {std!r}")
    return lambda fan_in, fan_out, rng: centre + width * _standard_normal(rng)


# -- by the number of inputs and outputs -----------------------------------------------------------------------------------


def xavier_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Uniform on ±√(6 / (fan_in + fan_out)): a compromise between weights that preserve the size of signals and of gradients.

    Both are preserved from layer to layer if fan_in equals fan_out, weighted sums are near 0, and the activation has slope 1 there, as
    tanh does. A sigmoid has slope ¼ there, so each layer of sigmoids reduces gradients to a quarter or less.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), formula 16.

    Example:
        >>> abs(xavier_uniform(3, 3, Random(0))) <= 1.0
        True
    """
    inputs, outputs = _sizes(fan_in, fan_out, rng)
    bound = math.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-bound, bound)


def xavier_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """Normal, with mean 0 and the variance of `xavier_uniform`, 2 / (fan_in + fan_out), for the same activations.

    Source: Glorot and Bengio (2010), formula 12.

    Example:
        >>> xavier_normal(1, 1, Random(0)) == normal()(1, 1, Random(0))
        True
    """
    inputs, outputs = _sizes(fan_in, fan_out, rng)
    return math.sqrt(2.0 / (inputs + outputs)) * _standard_normal(rng)


def he_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Uniform on ±√(6 / fan_in): it preserves the size of signals with ReLU, which sets half of its inputs to 0.

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), formula 10.

    Example:
        >>> abs(he_uniform(6, 1, Random(0))) <= 1.0
        True
    """
    inputs, _ = _sizes(fan_in, fan_out, rng)
    bound = math.sqrt(6.0 / inputs)
    return rng.uniform(-bound, bound)


def he_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """Normal, with mean 0 and the variance of `he_uniform`, 2 / fan_in.

    Source: He, Zhang, Ren, Sun (2015), formula 10.

    Example:
        >>> he_normal(2, 5, Random(0)) == normal()(2, 5, Random(0))
        True
    """
    inputs, _ = _sizes(fan_in, fan_out, rng)
    return math.sqrt(2.0 / inputs) * _standard_normal(rng)


def lecun_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """Normal, with mean 0 and standard deviation 1/√fan_in: if the inputs are of size 1, so is the weighted sum.

    Source: LeCun, Bottou, Orr, Müller, "Efficient backprop" (1998), formula 16; Nielsen's improved network starts like this.

    Example:
        >>> lecun_normal(1, 5, Random(0)) == normal()(1, 5, Random(0))
        True
    """
    inputs, _ = _sizes(fan_in, fan_out, rng)
    return _standard_normal(rng) / math.sqrt(inputs)


# -- what they share ------------------------------------------------------------------------------------------------------


def _standard_normal(rng: Random) -> float:
    """The quantile of the standard normal at a random probability. The quantile of 0 is infinite, so 2⁻⁵⁴ replaces 0."""
    return NormalDist().inv_cdf(max(rng.random(), 2.0**-54))


def _sizes(fan_in: int, fan_out: int, rng: Random | None) -> tuple[float, float]:
    """The numbers of inputs and of outputs as floats.

    Raises:
        InputError: one is not a whole number of at least 1, or `rng` is not a generator.
    """
    if rng is None:
        raise InputError("an initialiser needs a generator, as in he_uniform(3, 2, random.Random(0)), not None")
    generator(rng)
    return real(whole("fan_in", fan_in)), real(whole("fan_out", fan_out))


def _finite(name: str, number: float) -> float:
    result = real(number)
    if not math.isfinite(result):
        raise InputError(f"{name} must be finite, not {number!r}")
    return result


def drawing(initialiser: Initialiser, rng: Random | None) -> Callable[[int, int], float]:
    """What draws the weights of a layer: the initialiser, with the generator that the layer was given, or the one it draws from otherwise.

    Raises:
        InputError: it is not a function, or it is one that makes initialisers; or `rng` is not a generator.

    Example:
        >>> drawing(constant(0.5), None)(3, 2)
        0.5
    """
    makers: list[object] = [constant, uniform, normal]
    if any(initialiser is maker for maker in makers):
        raise InputError(f"{initialiser.__name__} makes an initialiser: write initialiser={initialiser.__name__}(…), with its arguments")
    if not callable(initialiser):
        raise InputError(f"an initialiser is a function, as in initialiser=nn.initialisers.xavier_uniform, not {initialiser!r}")
    is_global = rng is None and isinstance(initialiser, _Uniform)
    source = cast(Random, random) if is_global else generator(rng)  # the module has the methods of its generator
    return lambda fan_in, fan_out: initialiser(fan_in, fan_out, source)
