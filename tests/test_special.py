"""The special functions: their polynomials, the orders of polygamma, and where their pieces meet."""

import functools
import math
import random
from collections.abc import Callable

import pytest
from mpmath import mp
from test_accuracy import EXACT, error_in_ulps, inverse_mills

import autograd as ag
from autograd import special
from autograd.errors import InputError
from autograd.functions import GRAPHS
from autograd.namespaces import FLOATS, SPECIAL
from build_tools import polynomials


def test_the_polynomials_are_those_that_are_computed() -> None:
    assert polynomials.PATH.read_text(encoding="utf-8") == polynomials.text(), f"write them anew: {polynomials.COMMAND}"


def test_a_polynomial_is_its_function() -> None:
    """Between the points at which it interpolates, too: by far less than a float is rounded."""
    rng = random.Random(0)
    with mp.workdps(polynomials.DIGITS):
        for words, f, low, high, terms in polynomials.POLYNOMIALS.values():
            start, end = polynomials.number(low), polynomials.number(high)
            centre, scale = (start + end) / 2, 2 / (end - start)
            exact = polynomials.interpolated(f, centre, scale, terms)
            for _ in range(20):
                t = mp.mpf(rng.uniform(-1.0, 1.0))
                y = f(centre + t / scale)
                value = functools.reduce(lambda total, c: total * t + c, reversed(exact))
                assert abs(value - y) < abs(y) * mp.mpf(2) ** -58, (words, t)


@pytest.mark.parametrize("n", [4, 5, 6, 10, 20, 50, 100])
def test_polygamma_of_high_orders(n: int) -> None:
    """The argument x + k of a term of the sum is rounded, and its power n + 1 magnifies the error."""
    rng = random.Random(n)
    with mp.workdps(60 + 6 * n):
        for x in (
            [rng.uniform(0.0, 3.0) for _ in range(30)]
            + [rng.uniform(3.0, 60.0) for _ in range(30)]
            + [10.0 ** rng.uniform(-2, 4) for _ in range(20)]
        ):
            exact = (-1) ** (n + 1) * mp.factorial(n) * mp.zeta(n + 1, mp.mpf(x))
            assert error_in_ulps(ag.polygamma(n, x), exact) <= (4 if n <= 6 else 4 + 0.2 * n), x


PIECES: dict[str, tuple[Callable[..., object], list[float]]] = {
    "lgamma": (EXACT["lgamma"], [0.5, -0.5, 1.5, 3.0, 4.0, 8.0, -8.0 - 2.0**-30]),
    "digamma": (EXACT["digamma"], [1.0, 3.0, 8.0]),
    "ndtr": (EXACT["ndtr"], [special.CENTRE, -special.CENTRE]),
    "log_ndtr": (EXACT["log_ndtr"], [special.CENTRE, -special.CENTRE, 0.0]),
    "inverse_mills": (inverse_mills, [-4.0, -0.75, 1.0]),
    "erfinv": (EXACT["erfinv"], [math.sqrt(-math.expm1(-6.0)), 0.5]),
}
"""Where the pieces of a function meet."""


@pytest.mark.parametrize("name", PIECES)
def test_pieces_meet(name: str) -> None:
    exact, seams = PIECES[name]
    for seam in seams:
        for x in (math.nextafter(seam, -math.inf), seam, math.nextafter(seam, math.inf)):
            with mp.workdps(60):
                assert error_in_ulps(getattr(FLOATS, name)(x), exact(mp.mpf(x))) <= 4.0, x


def test_they_are_in_every_namespace() -> None:
    for name in SPECIAL:
        assert callable(getattr(FLOATS, name))
        assert callable(getattr(GRAPHS, name))
    assert GRAPHS.inverse_mills(ag.Value(0.5)).data == FLOATS.inverse_mills(0.5)  # which has no row
    with pytest.raises(AttributeError, match=r"rules cannot use xp\.zeta: there is no operation of that name"):
        GRAPHS.zeta(2.0)


def test_a_rule_of_a_user_can_have_them(executor: str) -> None:
    """The density of the gamma distribution of shape a at 2, whose derivative has ψ."""
    density = ag.define(
        "gamma_density_example",
        lambda xp, a: xp.exp((a - 1.0) * math.log(2.0) - 2.0 - xp.lgamma(a)),
        lambda xp, y, a: y * (math.log(2.0) - xp.digamma(a)),
        domain=lambda xp, a: a > 0.0,
        check_at=[(0.5,), (3.0,)],
    )
    assert density(3.0) == pytest.approx(2.0 * math.exp(-2.0), rel=1e-15)
    with mp.workdps(40):
        exact = mp.diff(lambda a: mp.exp((a - 1) * mp.log(2) - 2) / mp.gamma(a), 3, 2)
    second = ag.compile(ag.derivative(density, 2), executor=executor)  # type: ignore[operator]
    assert second([3.0])[0] == pytest.approx(float(exact), rel=1e-13)


def test_an_order_in_an_array_is_refused() -> None:
    with pytest.raises(InputError, match="whole number n"):
        ag.polygamma([1, 2], 3.0)  # type: ignore[arg-type, call-overload]
