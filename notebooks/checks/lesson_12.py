"""The checks of notebook 12: Beyond networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .tools import Check, is_like, is_numeric


def pendulum(force: Callable[[float], float], steps: int = 100, h: float = 0.05) -> list[float]:
    """The angle and the speed of a pendulum, from 2 and 1, by the method of Runge and Kutta."""
    angle, speed = 2.0, 1.0
    for _ in range(steps):
        k1 = speed, force(angle)
        k2 = speed + h / 2 * k1[1], force(angle + h / 2 * k1[0])
        k3 = speed + h / 2 * k2[1], force(angle + h / 2 * k2[0])
        k4 = speed + h * k3[1], force(angle + h * k3[0])
        angle, speed = (x + h / 6 * (p + 2 * q + 2 * r + s) for x, p, q, r, s in zip((angle, speed), k1, k2, k3, k4, strict=True))
    return [angle, speed]


check_12_1 = Check(
    "12.1",
    lambda answer: is_like(answer[0], pendulum(lambda a: -math.sin(a))) and near(answer[1], 1.0, 1e-4),
    [
        (lambda answer: is_like(answer[0], [2.0, 1.0]), "the pendulum has not moved: `swing` returns the state that it was given."),
        (lambda answer: is_like(answer[0], pendulum(math.sin)), "the force has the wrong sign: it pulls back, −sin φ."),
        (lambda answer: is_like(answer[0], pendulum(lambda a: -math.cos(a))), "the speed changes by −sin φ, not by −cos φ."),
        (lambda answer: is_like(answer[0], pendulum(lambda a: -a)), "that is −φ in place of −sin φ, which is right for small angles only."),
        (
            lambda answer: any(is_like(answer[0], pendulum(lambda a: -math.sin(a), steps)) for steps in (1, 99, 101)),
            "the force is right, but count the steps: 100 are asked for.",
        ),
        (
            lambda answer: is_like(answer[0], pendulum(lambda a: -math.sin(a))),
            "the state is right, the determinant is not: take np.linalg.det of jacobian(swing)([2.0, 1.0]).",
        ),
    ],
    otherwise="the state after 100 steps of 0.05 is another one. A hint is below.",
    why="The determinant is 1 from any beginning: areas of states are kept.",
)


def near(answer: Any, number: float, tolerance: float = 1e-9) -> bool:
    """Whether a number, or each in an array of them, is as near to another one."""
    try:
        parts = list(answer)
    except TypeError:
        parts = [answer]
    return bool(parts) and all(abs(float(part if is_numeric(part) else part.data) - number) <= tolerance for part in parts)


def black_scholes(spot: float) -> dict[str, float]:
    """Price and Greeks of the calls in the notebook: strike 100, rate 0.03, half a year, volatility 0.2."""
    strike, rate, years, sigma = 100.0, 0.03, 0.5, 0.2
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    density, discounted = math.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi), strike * math.exp(-rate * years)
    return {
        "price": spot * normal(d1) - discounted * normal(d2),
        "delta": normal(d1),
        "gamma": density / (spot * sigma * math.sqrt(years)),
        "theta": -spot * density * sigma / (2 * math.sqrt(years)) - rate * discounted * normal(d2),
    }


def normal(z: float) -> float:
    """The distribution function of the standard normal."""
    return math.erfc(-z / math.sqrt(2.0)) / 2


def is_left_side(
    theta: float = 1.0, gamma: float = 0.02, delta: float = 0.03, price: float = -0.03, power: int = 2
) -> Callable[[Any], bool]:
    """Recognises the left side of the equation in 12.2, computed with these factors, for the spots of the notebook."""

    def recognise(answer: Any) -> bool:
        spots, numbers = range(60, 141), list(answer)
        every = map(black_scholes, spots)
        expected = [
            theta * at["theta"] + gamma * spot**power * at["gamma"] + delta * spot * at["delta"] + price * at["price"]
            for spot, at in zip(spots, every, strict=True)
        ]
        return len(numbers) == 81 and all(abs(x - y) < 1e-8 for x, y in zip(numbers, expected, strict=True))

    return recognise


check_12_2 = Check(
    "12.2",
    is_left_side(),
    [
        (lambda answer: is_like(answer, 0.0), "compute it: 81 numbers are asked for, one for each spot, and should come out as 0."),
        (is_left_side(theta=-1.0), "theta has the wrong sign: it is minus the derivative with respect to the time that is left."),
        (is_left_side(gamma=0.04), "the factor ½ before gamma is missing."),
        (is_left_side(gamma=0.1), "the volatility is squared in the second term."),
        (is_left_side(power=1), "the spot is squared in the second term."),
        (is_left_side(price=0.0), "the last term is missing: −r C."),
        (is_left_side(price=0.03), "the last term has a minus: −r C."),
    ],
    why="The price fulfils the equation at all 81 spots.",
)


def put_price(discounted: bool = True, sign: int = -1, call: bool = False) -> float:
    """The price of the put in 12.3; or with a mistake: not discounted, Φ(d) in place of Φ(−d), that of the call."""
    spot, strike, rate, years, sigma = 100.0, 105.0, 0.03, 0.5, 0.2
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    later = strike * (math.exp(-rate * years) if discounted else 1.0)
    return spot * normal(d1) - later * normal(d2) if call else later * normal(sign * d2) - spot * normal(sign * d1)


check_12_3 = Check(
    "12.3",
    lambda answer: near(answer[0], put_price()) and near(answer[1], 1.0) and near(answer[2], 0.0),
    [
        (lambda answer: near(answer[0], put_price(discounted=False)), "the strike is paid after T years, so it is discounted: K e^(−rT)."),
        (lambda answer: near(answer[0], put_price(sign=1)), "the price is that of the call with a minus: it is Φ(−d), not Φ(d)."),
        (lambda answer: near(answer[0], put_price(call=True)), "that is the price of the call."),
        (
            lambda answer: near(answer[0], -put_price()),
            "the price has the wrong sign: the strike is received, and the asset is given away.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], -1.0),
            "the put is right. Its delta is negative: take the delta of the call minus that of the put, not the other way round.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], 0.0),
            "the put is right, but the deltas differ: that of a put is negative.",
        ),
        (
            lambda answer: near(answer[0], put_price()) and near(answer[1], 1.0),
            "only the gammas are not right: differentiate the deltas' difference.",
        ),
        (
            lambda answer: near(answer[0], put_price()),
            "the put is right, the difference of the deltas is not: it is the same at every spot.",
        ),
    ],
    otherwise="the price of the put is not right. A hint is below.",
    why="C − P = S − K e^(−rT), differentiated once and twice.",
)


def minors(q: Sequence[float]) -> list[float]:
    """The 2 × 2 minors of the Jacobian of the arm in the notebook."""
    links, at = (1.0, 0.8, 0.5), [sum(q[: k + 1]) for k in range(3)]
    p, r = (
        [sum(length * turn(angle + math.pi / 2) for length, angle in zip(links[k:], at[k:], strict=True)) for k in range(3)]
        for turn in (math.cos, math.sin)
    )
    return [p[i] * r[j] - p[j] * r[i] for i, j in ((0, 1), (0, 2), (1, 2))]


def slopes_of(function: Callable[[list[float]], float], power: int = 1, sign: float = 1.0) -> list[float]:
    """The gradient of a power of a function of three angles at those of 12.4, by central differences."""
    at, h, result = (0.3, 0.9, -0.4), 1e-5, []
    for k in range(3):
        above, below = (function([x + move * (i == k) for i, x in enumerate(at)]) ** power for move in (h, -h))
        result.append(sign * (above - below) / (2 * h))
    return result


def manipulability(q: list[float]) -> float:
    """The root of the determinant of the Jacobian times its transpose, by Cauchy and Binet."""
    return math.hypot(*minors(q))


def is_manipulability(power: int = 1, slopes: int | None = None, sign: float = 1.0) -> Callable[[Any], bool]:
    """Recognises a power of it, and the gradient of a power; without one, any gradient."""

    def recognise(answer: Any) -> bool:
        number, uphill = answer
        if not near(number, manipulability([0.3, 0.9, -0.4]) ** power):
            return False
        return slopes is None or all(near(x, y, 1e-6) for x, y in zip(uphill, slopes_of(manipulability, slopes, sign), strict=True))

    return recognise


check_12_4 = Check(
    "12.4",
    is_manipulability(slopes=1),
    [
        (is_manipulability(power=2), "that is the determinant, 0.782: w is its root."),
        (lambda answer: near(answer[0], 0.0, 1e-6), "you have 0: det(JᵀJ) is always 0 for three angles; J Jᵀ is the matrix of 2 × 2."),
        (is_manipulability(slopes=2), "w is right, but the gradient is that of w²: take the gradient after the root."),
        (is_manipulability(slopes=1, sign=-1.0), "w is right, but the gradient has the wrong sign: uphill is where w grows."),
        (is_manipulability(), "w is right, its gradient is not: grad(manipulability) at [0.3, 0.9, −0.4]."),
        (
            lambda answer: near(answer[0], minors([0.3, 0.9, -0.4])[0]),
            "that is the determinant of the first two columns only: J has three.",
        ),
    ],
    why="The first derivative is 0: the shoulder only turns the arm as a whole.",
)
