"""Derivatives through the root of an equation, by the implicit function theorem."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from autograd._runtime.coercion import need_function, number_of
from autograd.errors import CompileError, ConvergenceError, InputError
from autograd.recording import recorder
from autograd.tracing import refused
from autograd.transforms import jacobian
from autograd.trees import flatten
from autograd.value import Value


def implicit(f: Callable[..., Any], *, tolerance: float = 1e-12, max_iterations: int = 100, order: int = 2) -> Callable[..., Any]:
    """The root of an equation as a function of its parameters, with derivatives.

    Newton's method computes the root on plain numbers. Further Newton steps are then taken on Values, as formulas of the parameters and of
    the Values that `f` refers to: at the root they change nothing, and their derivatives are those of the root. Each such step doubles the
    order up to which the derivatives are right.

    Args:
        f: ``f(y, *parameters)`` is 0 at the root `y`: one number, or a list of as many numbers as `y` has.
        tolerance: the search ends when a step is smaller than this, relative to the root.
        max_iterations: of the search.
        order: the highest order of derivatives that will be taken.

    Returns:
        ``solve(guess, *parameters)``: the root near the guess, of the guess's form, as Values where the equation depends on one.

    Raises:
        ConvergenceError: (when called) there is no root near the guess, or the Jacobian has no inverse there.
        InputError: `order` is not a whole number of at least 1; (when called) `f` does not return as many numbers as `y` has.
        CompileError: (when called) in a function that is being compiled: each of its runs would need a search of its own.

    Source: Christianson, "Reverse accumulation and implicit functions", Optimization Methods and Software 9 (1998).

    Example:
        >>> root = implicit(lambda y, a: y * y - a)
        >>> grad(lambda a: root(1.0, a))(4.0)
        0.25
    """
    need_function(f, "implicit(f)")
    if not isinstance(order, int) or order < 1:
        raise InputError(f"order must be a whole number of at least 1, not {order!r}")

    @functools.wraps(f)
    def solve(guess: Any, *parameters: Any) -> Any:
        if recorder() is not None:
            raise refused(
                CompileError(
                    "the root of an implicit equation cannot be compiled: each run and each sample needs a search of its own. Call the "
                    "function without compile, and differentiate it with autograd.grad"
                )
            )
        leaves, build = flatten(guess)
        numbers = [flatten(p) for p in parameters]
        fixed = [rebuild([number_of(x) for x in items]) for items, rebuild in numbers]

        def residual(y: list[Any], at: list[Any]) -> list[Any]:
            residuals = flatten(f(build(y), *at))[0]
            if len(residuals) != len(y):
                raise InputError(f"f must return as many numbers as y has: {len(y)}, not {len(residuals)}")
            return residuals

        y = _search(lambda point: residual(point, fixed), [number_of(x) for x in leaves], tolerance, max_iterations)
        if any(isinstance(x, Value) for x in residual(list(y), list(parameters))):
            for _ in range(max(1, math.ceil(math.log2(order + 1)))):
                y = _step(lambda point: residual(point, list(parameters)), y)
        return build(y)

    return solve


def _search(residual: Callable[[list[Any]], list[Any]], y: list[float], tolerance: float, max_iterations: int) -> list[float]:
    """Newton's method; a step that makes the residual larger is halved."""
    error = _size(residual(y))
    for _ in range(max_iterations):
        new = [number_of(x) for x in _step(residual, y)]
        moved = max(abs(a - b) for a, b in zip(new, y, strict=True))
        if moved <= tolerance * max(1.0, *map(abs, new)):
            return new
        for _ in range(60):
            try:
                new_error = _size(residual(new))
            except (ArithmeticError, ValueError):  # beyond the domain
                new_error = math.inf
            if new_error < error:
                break
            new = [(a + b) / 2.0 for a, b in zip(new, y, strict=True)]
        else:
            break
        y, error = new, new_error
    raise ConvergenceError(f"there is no root near the guess: the search ended at {y} with a residual of {error:.3g}; try another guess")


def _size(residual: list[Any]) -> float:
    size = math.hypot(*[number_of(x) for x in residual])
    return math.inf if math.isnan(size) else size


def _step(residual: Callable[[list[Any]], list[Any]], y: list[Any]) -> list[Any]:
    """y - J⁻¹ residual(y)."""
    step = _solve_linear(jacobian(residual)(y), residual(y))
    return [a - b for a, b in zip(y, step, strict=True)]


def _solve_linear(matrix: list[list[Any]], right: list[Any]) -> list[Any]:
    """Gaussian elimination with partial pivoting, on numbers or Values.

    Source: Golub and Van Loan, "Matrix computations", algorithm 3.4.1.
    """
    n = len(right)
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(number_of(rows[i][k])))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        if number_of(rows[k][k]) == 0.0:
            raise ConvergenceError("the Jacobian of the equation has no inverse here: try another guess, or there is no such root")
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    x: list[Any] = [0.0] * n
    for k in reversed(range(n)):
        total = rows[k][n]
        for j in range(k + 1, n):
            total = total - rows[k][j] * x[j]
        x[k] = total / rows[k][k]
    return x
