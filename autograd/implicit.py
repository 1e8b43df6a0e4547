"""Derivatives through the root of an equation, by the implicit function theorem."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from operator import index
from typing import Any

from autograd._runtime.coercion import is_number, need_function, number_of, real, shown
from autograd.contexts import no_grad
from autograd.errors import ConvergenceError, InputError
from autograd.functions import abs, hypot, maximum, where
from autograd.looping import while_loop
from autograd.recording import recorder, unchecked
from autograd.transforms import jacobian
from autograd.trees import flatten
from autograd.value import Value

Residual = Callable[[list[Any]], list[Any]]
"""What is 0 at the root, as a function of it."""

Equations = tuple[list[list[Any]], list[Any]]
"""The Jacobian of a residual at a point, and the residual: the matrix and the right side of a Newton step."""


def implicit(f: Callable[..., Any], *, tolerance: float = 1e-12, max_iterations: int = 100, order: int = 2) -> Callable[..., Any]:
    """The root of an equation as a function of its parameters, with derivatives.

    Newton's method computes the root, without derivatives. Further Newton steps are then taken on Values, as formulas of the parameters and
    of the Values that `f` refers to: at the root they change nothing, and their derivatives are those of the root. Each such step doubles
    the order up to which the derivatives are right. In a compiled function each sample has a search of its own.

    Args:
        f: ``f(y, *parameters)`` is 0 at the root `y`: one number, or a list of as many numbers as `y` has.
        tolerance: the search ends when a step is smaller than this, relative to the root.
        max_iterations: so many points are tried.
        order: the highest order of derivatives that will be taken.

    Returns:
        ``solve(guess, *parameters)``: the root near the guess, of the guess's form, as Values where the equation depends on one.

    Raises:
        ConvergenceError: (when called) there is no root near the guess, or the Jacobian has no inverse there.
        InputError: `tolerance` is not a positive number, or `max_iterations` or `order` is not a whole number of at least 1; (when called)
            `f` does not return as many numbers as `y` has.

    Source: Christianson, "Reverse accumulation and implicit functions", Optimization Methods and Software 9 (1998).

    Example:
        >>> root = implicit(lambda y, a: y * y - a)
        >>> grad(lambda a: root(1.0, a))(4.0)
        0.25
    """
    need_function(f, "implicit(f)")
    order, max_iterations = _at_least_one("order", order), _at_least_one("max_iterations", max_iterations)
    if not (is_number(tolerance) and not isinstance(tolerance, Value) and 0.0 < (near := real(tolerance)) < math.inf):
        raise InputError(f"tolerance must be a positive number, as in tolerance=1e-12, not {shown(tolerance)}")

    @functools.wraps(f)
    def solve(guess: Any, *parameters: Any) -> Any:
        leaves, build = flatten(guess)

        def residual(y: list[Any], at: Sequence[Any]) -> list[Any]:
            residuals = flatten(f(build(y), *at))[0]
            if len(residuals) != len(y):
                raise InputError(f"f must return as many numbers as y has: {len(y)}, not {len(residuals)}")
            return residuals

        if recorder() is None:
            numbers = [flatten(p) for p in parameters]
            fixed = [rebuild([number_of(x) for x in items]) for items, rebuild in numbers]
            start = [number_of(x) for x in leaves]
            y = _search(lambda point: residual(point, fixed), start, near, max_iterations)
        else:
            values = [x if isinstance(x, Value) else real(x) for x in leaves]
            y = _stopped(_search(lambda point: residual(point, parameters), values, near, max_iterations))
        if any(isinstance(x, Value) for x in residual(list(y), parameters)):
            for _ in range(max(1, math.ceil(math.log2(order + 1)))):
                y = _step(_linearised(lambda point: residual(point, parameters), y), y)
        return build(y)

    return solve


def _at_least_one(name: str, number: Any) -> int:
    try:
        count = index(number)
    except TypeError:
        count = 0
    if count < 1:
        raise InputError(f"{name} must be a whole number of at least 1, not {shown(number)}")
    return count


def _stopped(y: list[Any]) -> list[Any]:
    """The same numbers, without derivatives."""
    with no_grad():
        return [+x if isinstance(x, Value) else x for x in y]


def _search(residual: Residual, guess: list[Any], tolerance: float, max_iterations: int) -> list[Any]:
    """Newton's method; a step that does not make the residual smaller is halved.

    Each round tries one point, and `where` tells one that is too far from one that is better, so that the samples of a compiled function
    differ in nothing but their numbers of rounds.
    """

    def is_near(y: list[Any], moved: Any) -> bool:
        return bool(moved <= tolerance * functools.reduce(maximum, [abs(x) for x in y], 1.0))

    def is_searching(state: Any) -> bool:
        y, _, _, moved, tried = state
        return tried < max_iterations and not is_near(y, moved)

    def attempt(state: Any) -> Any:
        y, error, new, moved, tried = state
        new_error, equations = _attempted(residual, new)
        is_better = new_error < error
        halfway = [(a + b) / 2.0 for a, b in zip(new, y, strict=True)]
        new_moved, following = where(is_better, lambda: _newton(equations, new), lambda: (moved, halfway))
        return where(is_better, new, y), where(is_better, new_error, error), following, new_moved, tried + 1

    equations = _linearised(residual, guess)
    moved, new = _newton(equations, guess)
    root: list[Any]
    y, error, root, moved, tried = while_loop(is_searching, attempt, (guess, _size(equations[1]), new, moved, 0))
    if tried == max_iterations and not is_near(y, moved):
        raise ConvergenceError(
            f"there is no root near the guess: the search ended at {[number_of(x) for x in y]} with a residual of {number_of(error):.3g}; "
            "try another guess"
        )
    return root


def _attempted(residual: Residual, point: list[Any]) -> tuple[Any, Equations]:
    """The size of the residual, and the equations; it is infinite beyond the domain, or nan in a function that is recorded."""
    now = recorder()
    try:
        with nullcontext() if now is None else unchecked(now):
            equations = _linearised(residual, point)
            return _size(equations[1]), equations
    except (ArithmeticError, ValueError):
        return math.inf, ([], [])


def _plain(items: list[Any]) -> list[Any]:
    """The numbers of Values; in a function that is recorded the Values themselves."""
    return [number_of(x) for x in items] if recorder() is None else items


def _size(residuals: list[Any]) -> Any:
    first, *others = _plain(residuals)
    return functools.reduce(hypot, others, abs(first))


def _linearised(residual: Residual, y: list[Any]) -> Equations:
    """The Jacobian of the residual, and the residual."""
    residuals: list[Any] = []

    def kept(point: list[Any]) -> list[Any]:
        residuals[:] = residual(point)
        return residuals

    return jacobian(kept)(y), residuals


def _newton(equations: Equations, y: list[Any]) -> tuple[Any, list[Any]]:
    """How far a step moves a component at most, and where it leads."""
    new = _plain(_step(equations, y))
    return functools.reduce(maximum, [abs(a - b) for a, b in zip(new, y, strict=True)]), new


def _step(equations: Equations, y: list[Any]) -> list[Any]:
    """y - J⁻¹ residual(y)."""
    return [a - b for a, b in zip(y, _solve_linear(*equations), strict=True)]


def _solve_linear(matrix: list[list[Any]], right: list[Any]) -> list[Any]:
    """Gaussian elimination with partial pivoting, on numbers or Values.

    Source: Golub and Van Loan, "Matrix computations", algorithm 3.4.1.
    """
    n = len(right)
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for k in range(n):
        for i in range(k + 1, n):
            is_larger = abs(rows[i][k]) > abs(rows[k][k])
            rows[k], rows[i] = where(is_larger, [rows[i], rows[k]], [rows[k], rows[i]])
        if recorder() is None and number_of(rows[k][k]) == 0.0:  # in a recorded function, each run checks the divisions
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
