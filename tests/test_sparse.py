"""Sparse Jacobians and Hessians."""

from itertools import pairwise
from typing import Any

import pytest

from autograd import hessian, jacobian, sparse_hessian, sparse_jacobian, tanh
from autograd.errors import InputError


def rosenbrock(x: list[Any]) -> Any:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def test_rosenbrock_with_a_thousand_inputs_takes_three_passes() -> None:
    n = 1000
    x = [0.5 + 0.001 * i for i in range(n)]
    H = sparse_hessian(rosenbrock, x)
    assert H.passes == 3
    assert H.shape == (n, n)
    assert len(H.values) == 3 * n - 2
    exact = {}
    for i in range(n):
        exact[i, i] = (1200 * x[i] ** 2 - 400 * x[i + 1] + 2 if i < n - 1 else 0.0) + (200 if i else 0)
        if i < n - 1:
            exact[i, i + 1] = exact[i + 1, i] = -400 * x[i]
    for i, j, value in zip(H.rows, H.columns, H.values, strict=True):
        assert value == pytest.approx(exact[i, j], rel=1e-12)


def test_equal_to_the_dense_ones() -> None:
    x = [0.3, -0.7, 1.1, 0.2]
    f = lambda x: [tanh(x[0] * x[3]), x[1] ** 2 + x[2], 5.0, x[3]]
    assert sparse_jacobian(f, x).todense() == jacobian(f)(x)
    g = lambda x: tanh(x[0] * x[1]) + x[2] ** 3 * x[0] + x[3]
    dense = hessian(g)(x)
    for result, row in zip(sparse_hessian(g, x).todense(), dense, strict=True):
        assert result == pytest.approx(row, rel=1e-13, abs=1e-15)
    assert sparse_hessian(lambda x: 3.0, x).values == []


def test_bad_calls() -> None:
    with pytest.raises(InputError, match=r"\[result\]"):
        sparse_jacobian(lambda x: x[0], [1.0])
    with pytest.raises(InputError, match="string"):
        sparse_hessian(lambda x: x[0], ["1"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="f must return a list of numbers, not 'ab'"):
        sparse_jacobian(lambda x: "ab", [1.0])
    with pytest.raises(InputError, match="the point must be a list of numbers, not 3.0"):
        sparse_jacobian(lambda x: [x], 3.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the point must be a list of numbers"):
        sparse_hessian(lambda x: x[0][0], [[1.0, 2.0]])  # type: ignore[list-item]
