"""Functions that are loops when they are recorded, and random ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import exp, log, sin, sqrt, tanh, where
from autograd.compiled.ir import Loop


def loops_of(f: Any) -> list[Loop]:
    """The loops of the program that was recorded last."""
    return [one for one in f.specialisations[-1].code.instructions if isinstance(one, Loop)]


def number(x: Any) -> float:
    """The number of a Value, or of a number."""
    return float(getattr(x, "data", x))


def lorenz(p: list[Any], x: list[Any], steps: int) -> Any:
    """The Lorenz system by Runge and Kutta's method."""
    h = 0.01

    def slope(x: list[Any]) -> list[Any]:
        return [p[0] * (x[1] - x[0]), x[0] * (p[1] - x[2]) - x[1], x[0] * x[1] - p[2] * x[2]]

    for _ in range(steps):
        a = slope(x)
        b = slope([u + h / 2 * v for u, v in zip(x, a, strict=True)])
        c = slope([u + h / 2 * v for u, v in zip(x, b, strict=True)])
        d = slope([u + h * v for u, v in zip(x, c, strict=True)])
        x = [u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4) for u, k1, k2, k3, k4 in zip(x, a, b, c, d, strict=True)]
    return x[0] * x[0] + x[1] + x[2]


def garch(p: list[Any], r: list[Any]) -> Any:
    """The likelihood of a GARCH(1,1) model."""
    variance, total = 0.5, 0.0
    for before, now in pairwise(r):
        variance = p[0] + p[1] * before * before + p[2] * variance
        total = total + log(variance) + now * now / variance
    return total


def path(s: Any, volatility: Any, z: Any) -> Any:
    """A price with random steps."""
    total = 0.0
    for x in z:
        s = s * exp(volatility * x - 0.01) + 0.1 * tanh(s)
        total = total + s
    return total


def decaying(x: Any, decay: Any) -> Any:
    """A state with a rate that follows a recurrence of its own."""
    rate = decay
    for _ in range(70):
        rate = sin(rate) * 0.9 + 0.1 * rate
        x = tanh(x * rate + 0.3)
    return x


def delayed(a: Any, b: Any) -> Any:
    """A recurrence over three rounds, with a round in the middle that is read too."""
    x = [a, b, a * b]
    for _ in range(90):
        x.append(0.5 * sin(x[-1]) - 0.3 * x[-3] + 0.2 * b)
    return x[-1] + x[-2] * x[40]


def uneven(a: Any) -> Any:
    """Rounds of which two are others."""
    x = exp(a)
    for i in range(80):
        x = sin(x * a) + x if i not in (2, 77) else x * x / (1.0 + x * x)
    return log(1.0 + x * x)


def epochs(w: Any, x: Any) -> Any:
    """Epochs of steps: between the epochs, other things happen."""
    for epoch in range(4):
        for v in x:
            w = w - 0.05 * (w * v - sin(v)) * v
        w = tanh(w) + epoch
    return w


def interrupted(a: Any) -> Any:
    """A number that goes from one round to a much later one through an operation of its own."""
    x, y = a, a * 0.5
    for i in range(60):
        x = sin(x) * 0.5 + y
        if i == 30:
            y = exp(-x)
    return x


def logarithms(x: Any) -> Any:
    """Rounds with a domain."""
    for _ in range(60):
        x = log(x + 1.0) * 3.0 - 0.5
    return x


def choosing(x: Any) -> Any:
    """Rounds with a `where`."""
    for _ in range(50):
        x = where(x > 0.0, lambda x=x: log(1.0 + x) * 1.5, lambda x=x: x * x) - 0.3
    return x


def indexed(w: Any, x: Any) -> Any:
    """Rounds that read forward, backward, by steps, and anywhere; and one number that only the first rounds have from elsewhere."""
    order = random.Random(0).sample(range(len(x)), len(x) // 3)
    states = [w, w * x[0], exp(w)]
    for i, k in enumerate(order):
        states.append(tanh(states[-1] * x[i] - states[-2] * x[-1 - i] + states[-3] * x[2 * i + 3]) + x[k] * w)
    return states[-1] * states[-2] + states[7]


def trajectory(x: Any, data: Any) -> list[Any]:
    """Every state is a result. Where a number of the data is 0, so are all later states, and their derivatives are infinite."""
    states = [x]
    for v in data:
        states.append(sqrt(states[-1] * v) + 0.0 * v)
    return states


def lagged(x: Any, data: Any) -> list[Any]:
    """The first result depends on every round, the others on every second one."""
    states, total = [x, 0.9 * x], x
    for v in data:
        states.append(1.1 * sqrt(states[-2] * v))
        total = 0.9 * sin(total) + states[-1]
    return [total, states[-1], states[-2]]


# -- random loops -----------------------------------------------------------------------------------------------------------------------

UNARY: list[Callable[[Any], Any]] = [sin, tanh, lambda x: exp(-x * x), lambda x: 1.0 / (1.5 + x * x), lambda x: log(1.0 + x * x), abs]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a * b,
    lambda a, b: a + b,
    lambda a, b: a - 0.5 * b,
    lambda a, b: a / (2.0 + b * b),
]


class RandomLoop:
    """A function with a random loop: numbers that are carried over one round or several, data for each round, and parameters.

    Args:
        seed: from which everything follows.
    """

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.rounds = rng.choice([0, 1, 2, 33, 64, 100, 150])
        self.states, self.lags = rng.randint(1, 4), rng.randint(1, 3)
        self.parameters = rng.randint(1, 3)
        self.data = np.random.default_rng(seed).normal(size=(max(self.rounds, 1), 2)).round(3)
        self.recipe: list[tuple[Any, ...]] = []
        known = self.states * self.lags + self.parameters + 2 + 1
        for _ in range(rng.randint(self.states, 8)):
            self.recipe.append((rng.choice([*UNARY, *BINARY, *BINARY]), rng.randrange(known), rng.randrange(known)))
            known += 1
        self.kept = rng.sample(range(known - len(self.recipe), known), self.states)
        self.read = rng.choice(["last", "all", "some"])
        self.counted = rng.random() < 0.3
        self.inner = rng.random() < 0.3

    def __call__(self, p: Any, x: Any) -> Any:
        """The function of parameters and of the first state."""
        states = [[x + 0.1 * k - 0.2 * lag for k in range(self.states)] for lag in range(self.lags)]
        total: Any = 0.0
        for t in range(self.rounds):
            pool = [v for state in states[-self.lags :] for v in state] + [*p] + [*self.data[t].tolist()]
            pool.append(0.01 * t if self.counted else 0.4)
            for operation, i, j in self.recipe:
                pool.append(operation(pool[i]) if operation in UNARY else operation(pool[i], pool[j]))
            states.append([0.7 * tanh(pool[k]) for k in self.kept])
            if self.inner and t % 20 == 10:
                states[-1][0] = states[-1][0] * p[0]
            if self.read == "all" or (self.read == "some" and t % 7 == 3):
                total = total + states[-1][0] * states[-1][0]
        return total + states[-1][-1]
