"""Compiled functions, compared with eager code at every sample."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import compile, exp
from autograd.compiled.api.arguments import split
from autograd.compiled.api.function import Function
from autograd.compiled.ir import Code, check
from autograd.recording import recorder


def codes(function: Function) -> list[Code]:
    """The programs that were recorded so far."""
    return [branch.code for branch in function.specialisations]


def flat(tree: Any) -> Any:
    """All numbers of a result in one array."""
    arrays, _ = split(tree, "the result")
    return np.concatenate([np.ravel(array) for array in arrays]) if arrays else np.zeros(0)


def sample(tree: Any, i: int) -> Any:
    """One sample of an argument, or of a gradient, that has a batch axis."""
    arrays, build = split(tree, "the argument")
    return build([array[i] if array.ndim > 1 else float(array[i]) for array in arrays])


def same(f: Callable[..., Any], *args: Any, in_axes: Any = None, executor: str = "auto", tolerance: float = 1e-12) -> Function:
    """Compile the function, compare all of its results with eager code at every sample, and return it."""
    axes = in_axes if isinstance(in_axes, tuple) else (0 if in_axes is None else in_axes,) * len(args)
    compiled = compile(f, in_axes=in_axes, executor=executor)
    value, gradients = compiled.value_and_grad(*args, wrt=tuple(range(len(args))))
    n = len(value)
    eager = autograd.value_and_grad(f, argnums=tuple(range(len(args))))
    points = [[sample(x, i) if axis == 0 else x for x, axis in zip(args, axes, strict=True)] for i in range(n)]
    expected = [eager(*point) for point in points]
    close = functools.partial(np.testing.assert_allclose, rtol=tolerance, atol=tolerance)
    close(value, [y for y, _ in expected])
    close(compiled(*args), value)
    for i, (_, slopes) in enumerate(expected):
        for actual, slope in zip(gradients, slopes, strict=True):
            close(flat(sample(actual, i)), flat(slope))
    total, summed = compiled.value_and_grad(*args, wrt=tuple(range(len(args))), reduce="sum")
    mean, averaged = compiled.value_and_grad(*args, wrt=tuple(range(len(args))), reduce="mean")
    close([total, n * mean], [sum(y for y, _ in expected)] * 2)
    for k, axis in enumerate(axes):
        each = [flat(slopes[k]) for _, slopes in expected]
        by_sample = [flat(sample(summed[k], i)) for i in range(n)] if axis == 0 else flat(summed[k])
        close(by_sample, each if axis == 0 else np.sum(each, axis=0))
        close(n * flat(averaged[k]), flat(summed[k]))
    rng = np.random.default_rng(0)
    directions = [build([rng.normal(size=array.shape) for array in arrays]) for arrays, build in (split(x, "the argument") for x in args)]
    moved = compiled.jvp(args, directions)[1]
    for i, point in enumerate(points):
        direction = [sample(d, i) if axis == 0 else d for d, axis in zip(directions, axes, strict=True)]
        close(moved[i], autograd.jvp(f, point, direction)[1])
    for code in codes(compiled):
        check(code)
    return compiled


def recorded(f: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    """The function, and a list that grows by one element when the function is recorded, except for the second run that checks a recording."""
    runs: list[int] = []

    @functools.wraps(f)
    def counted(*args: Any) -> Any:
        now = recorder()
        if now is None or now.answers is None:
            runs.append(1)
        return f(*args)

    return counted, runs


def hill(x: Any, y: Any) -> Any:
    return x * y + exp(x) - 2.0 * y
