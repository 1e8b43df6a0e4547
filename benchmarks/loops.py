"""Loops over time: a likelihood, the price of an option, a recurrent network, which are plain Python loops that are found again; and a
differential equation, which is written as a scan."""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import numpy as np

import autograd
from autograd import compile
from benchmarks.cases import Case, by_jax, executors, packages


def garch(observations: int = 5000) -> Case:
    """The likelihood of a GARCH(1,1) model, and its gradient."""
    r = np.random.default_rng(0).normal(size=observations)
    p = np.array([0.1, 0.1, 0.8])

    def f(p: Any, r: Any) -> Any:
        variance, total = 0.5, 0.0
        for before, now in itertools.pairwise(r):
            variance = p[0] + p[1] * before * before + p[2] * variance
            total = total + autograd.log(variance) + now * now / variance
        return total

    runs: dict[str, Any] = {}
    for executor in executors():
        g = compile(f, in_axes=(None, None), executor=executor)
        runs[f"f(p, r), {executor}"] = partial(g.value_and_grad, p, r, wrt=0)
    libraries = packages()
    if libraries.jax:
        jax = libraries.jax

        def scanned(p: Any) -> Any:
            def step(variance: Any, pair: Any) -> Any:
                variance = p[0] + p[1] * pair[0] ** 2 + p[2] * variance
                return variance, jax.numpy.log(variance) + pair[1] ** 2 / variance

            return jax.lax.scan(step, 0.5, np.stack([r[:-1], r[1:]], axis=1))[1].sum()

        runs["JAX, scan"] = by_jax(jax.value_and_grad(scanned), p)
    if libraries.numba:
        runs["Numba, adjoint by hand"] = partial(_garch_adjoint(libraries.numba.njit), p, r, np.empty(observations))
    return Case(f"GARCH(1,1), {observations:,} observations: gradient", "Numba, adjoint by hand", runs)


def _garch_adjoint(njit: Any) -> Any:
    @njit
    def run(p: Any, r: Any, variances: Any) -> Any:
        variance, total = 0.5, 0.0
        for i in range(len(r) - 1):
            variance = p[0] + p[1] * r[i] * r[i] + p[2] * variance
            variances[i] = variance
            total += math.log(variance) + r[i + 1] * r[i + 1] / variance
        d, g = np.zeros(3), 0.0
        for i in range(len(r) - 2, -1, -1):
            v = variances[i]
            g += 1.0 / v - r[i + 1] * r[i + 1] / (v * v)
            d[0] += g
            d[1] += g * r[i] * r[i]
            d[2] += g * (variances[i - 1] if i else 0.5)
            g *= p[2]
        return total, d

    return run


def asian_option(paths: int = 10_000, days: int = 252) -> Case:
    """The price of an Asian option by simulation, and its derivatives with respect to price, rate and volatility."""
    z = np.random.default_rng(0).normal(size=(paths, days))
    x = (100.0, 0.05, 0.2)
    dt = 1.0 / days

    def f(price: Any, rate: Any, volatility: Any, z: Any) -> Any:
        total = 0.0
        drift, spread = (rate - volatility * volatility / 2) * dt, volatility * dt**0.5
        for day in range(days):
            price = price * autograd.exp(drift + spread * z[day])
            total = total + price
        return autograd.maximum(total / days - 100.0, 0.0) * autograd.exp(-rate)

    def by_hand(price: float, rate: float, volatility: float) -> Any:
        prices = price * np.exp(np.cumsum((rate - volatility**2 / 2) * dt + volatility * dt**0.5 * z, axis=1))
        above = np.maximum(prices.mean(axis=1) - 100.0, 0.0)
        discount = math.exp(-rate) / paths
        g = ((above > 0.0) * discount / days)[:, None] * prices
        steps = np.cumsum(g[:, ::-1], axis=1)[:, ::-1]
        value = above.sum() * discount
        vega = (steps * (dt**0.5 * z - volatility * dt)).sum()
        return value, (g.sum() / price, steps.sum() * dt - value, vega)

    runs: dict[str, Any] = {}
    for executor in executors():
        g = compile(f, in_axes=(None, None, None, 0), executor=executor, threads=1)
        runs[f"f(price, rate, volatility, z), {executor}"] = partial(g.value_and_grad, *x, z, wrt=(0, 1, 2), reduce="mean")
    runs["NumPy by hand"] = partial(by_hand, *x)
    return Case(f"Asian option, {days} days × {paths:,} paths: 3 derivatives", "NumPy by hand", runs)


def lstm(width: int = 16, steps: int = 500) -> Case:
    """A recurrent network, and the gradient with respect to its weights."""
    rng = np.random.default_rng(0)
    w, u = rng.normal(size=(4 * width, width)) / width, rng.normal(size=4 * width) / 4.0
    x = rng.normal(size=steps)

    def f(w: Any, u: Any, x: Any) -> Any:
        h, c = [0.0] * width, [0.0] * width
        for value in x:
            a = [autograd.dot(row, h) + v * value for row, v in zip(w, u, strict=True)]
            i, o, g, keep = (a[k * width : (k + 1) * width] for k in range(4))
            c = [autograd.sigmoid(b) * old + autograd.sigmoid(p) * autograd.tanh(q) for b, old, p, q in zip(keep, c, i, g, strict=True)]
            h = [autograd.sigmoid(p) * autograd.tanh(q) for p, q in zip(o, c, strict=True)]
        return autograd.sum(h)

    runs: dict[str, Any] = {}
    for executor in executors():
        g = compile(f, in_axes=(None, None, None), executor=executor)
        runs[f"f(w, u, x), {executor}"] = partial(g.value_and_grad, w, u, x, wrt=(0, 1))
    libraries = packages()
    if libraries.jax:
        jax, jnp = libraries.jax, libraries.jax.numpy

        def scanned(w: Any, u: Any) -> Any:
            def step(state: Any, value: Any) -> Any:
                h, c = state
                i, o, g, keep = (w @ h + u * value).reshape(4, width)
                c = jax.nn.sigmoid(keep) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

            return jax.lax.scan(step, (jnp.zeros(width), jnp.zeros(width)), x)[0][0].sum()

        runs["JAX, scan"] = by_jax(jax.value_and_grad(scanned, (0, 1)), w, u)
    return Case(f"LSTM, {width} wide, {steps} steps: gradient", "JAX, scan", runs)


def lotka_volterra(steps: int = 100_000) -> Case:
    """The equations of Lotka and Volterra by Runge and Kutta's method, and the gradient with respect to their four parameters."""
    p, h = np.array([1.5, 1.0, 3.0, 1.0]), 0.0001

    def after(p: Any, state: Any) -> Any:
        def slope(x: Any, y: Any) -> Any:
            return p[0] * x - p[1] * x * y, p[3] * x * y - p[2] * y

        x, y = state
        a = slope(x, y)
        b = slope(x + h / 2 * a[0], y + h / 2 * a[1])
        c = slope(x + h / 2 * b[0], y + h / 2 * b[1])
        d = slope(x + h * c[0], y + h * c[1])
        return x + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]), y + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1])

    def f(p: Any) -> Any:
        x, y = autograd.scan(lambda state, _: (after(p, state), None), (1.0, 1.0), length=steps)[0]
        return x + y

    runs: dict[str, Any] = {}
    for executor in executors()[1:]:  # NumPy would take a minute
        g = compile(f, in_axes=(None,), executor=executor)
        runs[f"f(p), {executor}"] = partial(g.value_and_grad, p)
    libraries = packages()
    if libraries.jax:
        jax = libraries.jax

        def scanned(p: Any) -> Any:
            x, y = jax.lax.scan(lambda state, _: (after(p, state), None), (1.0, 1.0), length=steps)[0]
            return x + y

        runs["JAX, scan"] = by_jax(jax.value_and_grad(scanned), p)
    return Case(f"Lotka and Volterra, {steps:,} steps by scan: 4 derivatives", "JAX, scan", runs)
