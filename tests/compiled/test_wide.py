"""The native machine's own exp, log, tanh and erf, on arrays: against the exact numbers, and at their special points."""

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from executors import EXECUTORS

import autograd
from autograd import compile

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs llvmlite")

RNG = np.random.default_rng(0)
NEAR_1 = np.concatenate([1.0 + RNG.normal(size=1500) * 1e-6, RNG.uniform(0.5, 2.0, 3000), RNG.uniform(0.999, 1.001, 1500)])
SMALL = 10.0 ** RNG.uniform(-300.0, 0.0, 1000)
CASES: dict[str, tuple[Any, float, list[Any]]] = {
    "exp": (mp.exp, 1.0, [RNG.normal(size=1500) * 3.0, np.linspace(-745.1, 709.78, 4000), RNG.uniform(-1.0, 1.0, 3000), SMALL, -SMALL]),
    "log": (mp.log, 1.0, [np.exp(RNG.normal(size=1500) * 50.0), NEAR_1, 5e-324 * RNG.integers(1, 10**6, 500), SMALL]),
    "erf": (mp.erf, 2.5, [RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 3000), RNG.uniform(-6.5, 6.5, 2000), SMALL, -SMALL]),
    "tanh": (mp.tanh, 2.5, [RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 3000), RNG.uniform(-25.0, 25.0, 1000), SMALL, -SMALL]),
}


def on_arrays(name: str) -> Callable[[Any], Any]:
    return compile(getattr(autograd, name), executor="native")


@pytest.mark.parametrize("name", CASES)
def test_errors_in_units_in_the_last_place(name: str) -> None:
    exact, bound, parts = CASES[name]
    x = np.concatenate(parts)
    y = on_arrays(name)(x)
    with mp.workprec(120):
        off = [abs(mp.mpf(b) - exact(mp.mpf(a))) / mp.mpf(math.ulp(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    worst = max(range(len(off)), key=off.__getitem__)
    assert off[worst] <= bound, (x[worst], y[worst], float(off[worst]))


def test_the_slope_of_erf() -> None:
    """2/√π exp(-a²), of which the native machine has the second factor in one piece; also where it is next to nothing."""
    x = np.concatenate([RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 1000), RNG.uniform(-26.0, 26.0, 3000), SMALL])
    gradient = on_arrays("erf").value_and_grad(x, wrt=0)[1]
    with mp.workprec(120):
        for a, b in zip(x.tolist(), gradient.tolist(), strict=True):
            exact = 2.0 / mp.sqrt(mp.pi) * mp.exp(-(mp.mpf(a) ** 2))
            assert abs(mp.mpf(b) - exact) <= 4.0 * mp.mpf(math.ulp(b)), (a, b)
    special = [0.0, -0.0, 27.2, -27.3, 28.0, -28.1, 1e300, math.inf, -math.inf, math.nan]
    actual = on_arrays("erf").value_and_grad(np.array(special), wrt=0)[1]
    expected = compile(autograd.erf, executor="numpy").value_and_grad(np.array(special), wrt=0)[1]
    np.testing.assert_allclose(actual, expected, rtol=1e-15, atol=1e-323)


@pytest.mark.parametrize("name", CASES)
def test_special_points_are_those_of_the_library(name: str) -> None:
    tiny, huge = 5e-324, 1.7976931348623157e308
    points = [0.0, -0.0, math.inf, -math.inf, math.nan, tiny, 2.2250738585072014e-308, 2e-308, 1.0, huge, -huge, -tiny]
    points += [709.782712893384, 709.7827128933841, 709.79, 1e5, -708.5, -745.13, -745.2, -1e5, 19.0, 22.5, -22.5, 0.5, -0.5]
    points += [0.03125, 0.09375, -0.09375, 5.9375, 5.97, 6.0, -6.1]
    x = np.array(points)
    with np.errstate(all="ignore"):
        actual, expected = on_arrays(name)(x), getattr(scipy.special if name == "erf" else np, name)(x)
    for a, b, c in zip(points, actual.tolist(), expected.tolist(), strict=True):
        assert (math.isnan(b) and math.isnan(c)) or (b == pytest.approx(c, rel=5e-16, abs=5e-324)), (a, b, c)
        assert math.isnan(b) or math.copysign(1.0, b) == math.copysign(1.0, c), (a, b, c)


def test_a_number_is_the_same_wherever_it_stands_in_an_array() -> None:
    """What is left over from instructions on several numbers is computed one at a time."""
    for name in CASES:
        f = on_arrays(name)
        whole = f(NEAR_1[:37])
        for n in (1, 2, 3, 5, 8, 13):
            assert np.array_equal(f(NEAR_1[:n]), whole[:n])
