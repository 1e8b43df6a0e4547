"""The namespace of JAX arrays, on which XLA evaluates the rules of the op table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.errors import MissingPackageError
from autograd.namespaces import FUNCTIONS, SPECIAL, Namespace

Array = Any
"""A JAX array or tracer."""

LEAST = (0, 10)
"""The first version of JAX that can transpose the scan of a compiled loop."""


def jax_package() -> Any:
    """JAX.

    Raises:
        MissingPackageError: it is not installed, or too old.
    """
    try:
        import jax
    except ImportError as error:
        raise MissingPackageError("the JAX executor needs JAX: pip install 'scalar-autograd[jax]'") from error
    if jax.__version_info__ < LEAST:
        least = ".".join(map(str, LEAST))
        raise MissingPackageError(
            f"the JAX executor needs JAX {least} or newer, not {jax.__version__}: pip install -U 'scalar-autograd[jax]'"
        )
    return jax


@cache
def namespace() -> Namespace:
    """The namespace of JAX arrays.

    XLA rewrites formulas as if they were over the reals: exp(a) exp(b) becomes exp(a + b), and (a / b) / c becomes a / (b c), which
    may overflow. A barrier after each function prevents this. XLA removes the barriers before it generates code.
    """
    jax = jax_package()
    jnp, lax = jax.numpy, jax.lax

    def halves(a: Array) -> tuple[Array, Array]:
        """exp(|a|) / 2, which overflows only where cosh does, and exp(-|a|) / 2."""
        e = jnp.exp(0.5 * jnp.abs(a))
        return (0.5 * e) * e, (0.5 / e) / e

    def cosh(a: Array) -> Array:  # XLA's cosh and sinh are off by a units in the last place
        grows, falls = halves(a)
        return grows + falls

    def sinh(a: Array) -> Array:
        grows, falls = halves(a)
        return jnp.where(jnp.abs(a) < 1.0, jnp.sinh(a), jnp.copysign(grows - falls, a))

    def sqrt(a: Array) -> Array:  # 0.0 for -0.0, because XLA drops the `+ 0.0` in the rule of the slope
        return jnp.sqrt(jnp.where(a == 0.0, 0.0, a))

    def power(a: Array, b: Array) -> Array:  # XLA takes a square root where it sees an exponent of ½, which differs at -inf
        return jnp.power(a, lax.optimization_barrier(jnp.full_like(a, b)) if isinstance(b, float) and abs(b) == 0.5 else b)

    own = {"cosh": cosh, "sinh": sinh, "sqrt": sqrt, "power": power, "erf": lax.erf, "erfc": lax.erfc}

    def protected(function: Callable[..., Array]) -> Callable[..., Array]:
        return lambda *inputs: lax.optimization_barrier(function(*inputs))

    usual = {name: own.get(name) or getattr(jnp, name) for name in FUNCTIONS if name not in SPECIAL}
    xp = SimpleNamespace(inf=np.inf, nan=np.nan, **{name: protected(function) for name, function in usual.items()})
    xp.__dict__.update({name: partial(formula, xp) for name, formula in SPECIAL.items()})
    return xp
