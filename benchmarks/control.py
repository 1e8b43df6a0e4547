"""Optimal control of a damped pendulum: the Hessian of a shooting problem, and the sparse Jacobian of a collocation problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import autograd
from autograd import compile
from benchmarks.cases import NUMPY, Case, by_casadi, by_jax, executors, packages

STEP = 0.05
DAMPING = 0.1


def acceleration(sin: Callable[[Any], Any], angle: Any, speed: Any, torque: Any) -> Any:
    """That of a pendulum of unit mass, length and gravity."""
    return torque - sin(angle) - DAMPING * speed


def runge_kutta(sin: Callable[[Any], Any], angle: Any, speed: Any, torque: Any) -> Any:
    """The state after a step of the classical method of fourth order."""
    h = STEP
    a, k = speed, acceleration(sin, angle, speed, torque)
    b, m = speed + h / 2.0 * k, acceleration(sin, angle + h / 2.0 * a, speed + h / 2.0 * k, torque)
    c, n = speed + h / 2.0 * m, acceleration(sin, angle + h / 2.0 * b, speed + h / 2.0 * m, torque)
    d, p = speed + h * n, acceleration(sin, angle + h * c, speed + h * n, torque)
    return angle + h / 6.0 * (a + 2.0 * b + 2.0 * c + d), speed + h / 6.0 * (k + 2.0 * m + 2.0 * n + p)


def missed(angle: Any, speed: Any) -> Any:
    """What the last state costs: the pendulum is to stand upright."""
    return 10.0 * ((angle - np.pi) ** 2 + speed * speed)


def cost(sin: Callable[[Any], Any], torques: Any) -> Any:
    """The effort, and the distance of the last state to the upright one."""
    angle, speed, effort = 0.3, 0.0, 0.0
    for torque in torques:
        angle, speed = runge_kutta(sin, angle, speed, torque)
        effort = effort + STEP * torque * torque
    return effort + missed(angle, speed)


def shooting(steps: int = 100) -> Case:
    """The Hessian of a swing-up with respect to the torque of each step, by single shooting."""
    torques = np.sin(np.arange(steps) / 10.0)
    runs: dict[str, Any] = {}
    for executor in executors():
        f = compile(partial(cost, autograd.sin), in_axes=(None,), executor=executor, threads=1 if executor == "native" else None)
        runs[f"f.hessian(u), {executor}"] = partial(f.hessian, torques)
    libraries = packages()
    if libraries.casadi:
        u = libraries.casadi.SX.sym("u", steps)
        y = cost(libraries.casadi.sin, libraries.casadi.vertsplit(u))
        runs |= by_casadi(libraries.casadi.Function("H", [u], [libraries.casadi.densify(libraries.casadi.hessian(y, u)[0])]), torques)
    if libraries.jax:
        jax, sin = libraries.jax, libraries.jax.numpy.sin

        def scanned(torques: Any) -> Any:
            def step(state: Any, torque: Any) -> Any:
                return runge_kutta(sin, *state, torque), STEP * torque * torque

            last, efforts = jax.lax.scan(step, (0.3, 0.0), torques)
            return efforts.sum() + missed(*last)

        runs["JAX, scan"] = by_jax(jax.hessian(scanned), torques)
    return Case(f"shooting, {steps} steps: Hessian", "CasADi", runs)


def defects(sin: Callable[[Any], Any], z: Any) -> list[Any]:
    """By how much states miss the trapezoidal rule, for the angles, speeds and torques at the points: first all angles, then all speeds."""
    n = len(z) // 3
    angle, speed, torque = z[:n], z[n : 2 * n], z[2 * n :]
    slopes = [acceleration(sin, *point) for point in zip(angle, speed, torque, strict=True)]
    rows = [angle[k + 1] - angle[k] - STEP / 2.0 * (speed[k] + speed[k + 1]) for k in range(n - 1)]
    return rows + [speed[k + 1] - speed[k] - STEP / 2.0 * (slopes[k] + slopes[k + 1]) for k in range(n - 1)]


def collocation(intervals: int = 499) -> Case:
    """The sparse Jacobian of the constraints of the same problem by direct collocation."""
    z = np.sin(1.3 * np.arange(3.0 * (intervals + 1)))
    runs: dict[str, Any] = {}
    for executor in executors():
        f = compile(partial(defects, autograd.sin), in_axes=(None,), executor=executor, threads=1 if executor == "native" else None)
        runs[f"f.sparse_jacobian(z), {executor}"] = lambda f=f: f.sparse_jacobian(z).data
    libraries = packages()
    if libraries.casadi:
        x = libraries.casadi.SX.sym("z", len(z))
        rows = libraries.casadi.vertcat(*defects(libraries.casadi.sin, libraries.casadi.vertsplit(x)))
        # CasADi stores matrices column by column, SciPy this one row by row
        runs["CasADi"] = _of_numbers(libraries.casadi.Function("J", [x], [libraries.casadi.jacobian(rows, x).T]), z)
    runs[NUMPY] = partial(_by_hand, *_places(intervals), z)
    return Case(f"collocation, sparse Jacobian {2 * intervals} × {3 * (intervals + 1):,}", "CasADi", runs)


def _of_numbers(function: Any, z: Any) -> Any:
    """Calls a function of CasADi's without copies, and returns the numbers of a sparse matrix without their places."""
    buffer, evaluate = function.buffer()
    result = np.empty(function.nnz_out(0))
    buffer.set_arg(0, memoryview(z))
    buffer.set_res(0, memoryview(result))

    def run(*_kept: Any) -> Any:
        evaluate()
        return result

    return partial(run, buffer, z)


def _places(intervals: int) -> tuple[Any, Any]:
    """The numbers of the matrix that are constant, and where the cosines stand: four numbers in each row for angles, six for speeds."""
    h = STEP / 2.0
    of_angle = np.tile([-1.0, 1.0, -h, -h], intervals)
    of_speed = np.tile([0.0, 0.0, -1.0 + h * DAMPING, 1.0 + h * DAMPING, -h, -h], intervals)
    cosines = 4 * intervals + 6 * np.arange(intervals)[:, None] + np.arange(2)
    return np.concatenate([of_angle, of_speed]), cosines


def _by_hand(constant: Any, cosines: Any, z: Any) -> Any:
    """The numbers in compressed rows; SciPy's array of them costs some more."""
    data = constant.copy()
    slopes = STEP / 2.0 * np.cos(z[: len(z) // 3])
    data[cosines[:, 0]] = slopes[:-1]
    data[cosines[:, 1]] = slopes[1:]
    return data
