"""A network that is to solve a differential equation: u'' + u = 0, with second derivatives in the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from benchmarks.cases import Case, by_jax, of_arrays, packages


def pinn(n: int = 1000, width: int = 16) -> Case:
    """The mean of (u'' + u)² at n points for u = MLP(1, [width, width, 1]) with tanh, and its gradient with respect to the parameters."""
    rng = np.random.default_rng(0)
    p = [
        *(rng.normal(size=(width, 1)), rng.normal(size=width)),
        *(rng.normal(0, width**-0.5, (width, width)), rng.normal(size=width)),
        *(rng.normal(0, width**-0.5, width), np.array(0.1)),
    ]
    x = np.linspace(0.1, 2.0, n)

    def of_point(p: Any, x: Any) -> Any:
        W1, b1, W2, b2, w3, b3 = p

        def u(x: Any) -> Any:
            h = [autograd.tanh(w[0] * x + b) for w, b in zip(W1, b1, strict=True)]
            h = [autograd.tanh(autograd.dot(w, h) + b) for w, b in zip(W2, b2, strict=True)]
            return autograd.dot(w3, h) + b3

        return (autograd.grad(autograd.grad(u))(x) + u(x)) ** 2

    def by_hand() -> Any:
        """Forward for u and its derivatives, and the adjoint of all of it."""
        W1, b1, W2, b2, w3, _ = p
        w1 = W1[:, 0]
        t1 = np.tanh(np.outer(x, w1) + b1)
        s1 = 1.0 - t1 * t1
        h1, h2 = s1 * w1, -2.0 * t1 * s1 * w1 * w1  # the first and second derivative of the first layer
        z1, z2 = h1 @ W2.T, h2 @ W2.T
        t2 = np.tanh(t1 @ W2.T + b2)
        s2 = 1.0 - t2 * t2
        g2 = s2 * z2 - 2.0 * t2 * s2 * z1 * z1
        r = (g2 + t2) @ w3 + p[5]
        dr = 2.0 * r / n
        dw3, d = dr @ (g2 + t2), np.outer(dr, w3)
        dz2, dz1 = d * s2, d * (-4.0 * t2 * s2 * z1)
        ds2, dt2 = d * (z2 - 2.0 * t2 * z1 * z1), d * (1.0 - 2.0 * s2 * z1 * z1)
        da2 = (dt2 - 2.0 * t2 * ds2) * s2
        dW2 = da2.T @ t1 + dz1.T @ h1 + dz2.T @ h2
        dt1, dh1, dh2 = da2 @ W2, dz1 @ W2, dz2 @ W2
        ds1 = dh1 * w1 - 2.0 * dh2 * t1 * w1 * w1
        da1 = (dt1 - 2.0 * dh2 * s1 * w1 * w1 - 2.0 * t1 * ds1) * s1
        dw1 = da1.T @ x + (dh1 * s1 - 4.0 * dh2 * t1 * s1 * w1).sum(0)
        return r @ r / n, [dw1[:, None], da1.sum(0), dW2, da2.sum(0), dw3, dr.sum()]

    runs = of_arrays("f(p, x)", of_point, (p, x), (None, 0), wrt=0, reduce="mean")
    runs["NumPy by hand"] = by_hand
    libraries = packages()
    if libraries.jax:
        jax, jnp = libraries.jax, libraries.jax.numpy

        def on_arrays(p: Any, x: Any) -> Any:
            W1, b1, W2, b2, w3, b3 = p

            def u(x: Any) -> Any:
                return w3 @ jnp.tanh(W2 @ jnp.tanh(W1[:, 0] * x + b1) + b2) + b3

            return jnp.mean(jax.vmap(lambda x: (jax.grad(jax.grad(u))(x) + u(x)) ** 2)(x))

        runs["JAX"] = by_jax(jax.value_and_grad(on_arrays), p, x)
    return Case(f"a network 1-{width}-{width}-1 with second derivatives in the loss, {n:,} points", "NumPy by hand", runs)


def few_points() -> Case:
    """The same at 100 points."""
    return pinn(100)
