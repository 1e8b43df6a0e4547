"""Volatilities implied by prices of options: the root of an equation for each quote, and its derivatives."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

import autograd
from autograd import implicit, while_loop
from benchmarks.cases import NUMPY, Case, of_arrays, packages

RATE, MATURITY = 0.03, 0.75
SPOT = 100.0
TOLERANCE = 1e-12


def _call(volatility: Any, strike: Any, erf: Any, log: Any) -> Any:
    """The price of a call by Black and Scholes."""
    spread = volatility * MATURITY**0.5
    d = (log(SPOT / strike) + RATE * MATURITY) / spread + spread / 2.0
    of_spot, of_strike = (0.5 * (1.0 + erf(x * 0.5**0.5)) for x in (d, d - spread))
    return SPOT * of_spot - strike * math.exp(-RATE * MATURITY) * of_strike


def _vega(volatility: Any, strike: Any, exp: Any, log: Any) -> Any:
    """The derivative of the price with respect to the volatility."""
    spread = volatility * MATURITY**0.5
    d = (log(SPOT / strike) + RATE * MATURITY) / spread + spread / 2.0
    return SPOT * (MATURITY / (2.0 * math.pi)) ** 0.5 * exp(-d * d / 2.0)


def implied_volatility(quotes: int = 1000) -> Case:
    """The volatility of each quote, and its derivatives with respect to price and strike."""
    rng = np.random.default_rng(0)
    strikes, volatilities = rng.uniform(80.0, 120.0, quotes), rng.uniform(0.1, 0.6, quotes)
    erf = packages().scipy.erf if packages().scipy else np.vectorize(math.erf)
    prices = np.asarray(_call(volatilities, strikes, erf, np.log))

    def excess(volatility: Any, price: Any, strike: Any) -> Any:
        return _call(volatility, strike, autograd.erf, autograd.log) - price

    root = implicit(excess, order=1)

    def by_implicit(price: Any, strike: Any) -> Any:
        return root(0.3, price, strike)

    def by_while_loop(price: Any, strike: Any) -> Any:
        def step(state: Any) -> Any:
            volatility, _ = state
            move = excess(volatility, price, strike) / _vega(volatility, strike, autograd.exp, autograd.log)
            return volatility - move, abs(move)

        return while_loop(lambda state: state[1] > TOLERANCE, step, (0.3, 1.0), max_rounds=50)[0]

    def by_hand(price: Any, strike: Any) -> Any:
        volatility, move = np.full_like(price, 0.3), np.ones_like(price)
        while np.abs(move).max() > TOLERANCE:
            move = (_call(volatility, strike, erf, np.log) - price) / _vega(volatility, strike, np.exp, np.log)
            volatility = volatility - move
        vega = _vega(volatility, strike, np.exp, np.log)
        spread = volatility * MATURITY**0.5
        d = (np.log(SPOT / strike) + RATE * MATURITY) / spread - spread / 2.0
        return volatility, 1.0 / vega, math.exp(-RATE * MATURITY) * 0.5 * (1.0 + erf(d * 0.5**0.5)) / vega

    arguments = [prices, strikes]
    runs = of_arrays("f(price, strike), implicit", by_implicit, arguments, None)
    runs |= of_arrays("f(price, strike), while_loop", by_while_loop, arguments, None)
    runs[NUMPY] = partial(by_hand, *arguments)
    return Case(f"implied volatility, {quotes:,} quotes: 2 derivatives", NUMPY, runs)
