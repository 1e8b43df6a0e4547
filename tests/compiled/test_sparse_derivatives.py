"""Sparse derivatives of compiled functions, recorded one by one and by colours, against the uncompiled and the dense ones."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

import autograd
from autograd import Value, compile, drawn, exp, log, sin, sqrt, where
from autograd.compiled.api import sparse_derivative
from autograd.errors import CompileError, DomainError, InputError

pytest.importorskip("scipy.sparse")


@pytest.fixture(params=["one by one", "by colours"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Derivatives are computed in this way."""
    monkeypatch.setattr(sparse_derivative, "MOST_TANGENTS", 10**9 if request.param == "one by one" else -1)
    return str(request.param)


def defects(x: Any, h: Any = 0.5) -> Any:
    """Those of a collocation: linear but for the sine."""
    n = len(x) // 2
    position = [x[i + 1] - x[i] - h * (x[n + i] + x[n + i + 1]) for i in range(n - 1)]
    return position + [x[n + i + 1] - x[n + i] + h * (sin(x[i]) + sin(x[i + 1])) for i in range(n - 1)]


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


X = np.linspace(0.3, 1.7, 12)


def same_matrix(result: Any, expected: Any) -> None:
    """The numbers, and where they stand, are those of an uncompiled derivative."""
    expected = expected.to_scipy()
    assert type(result) is type(expected)
    assert result.shape == expected.shape
    assert (result.dtype, result.has_canonical_format) == (np.float64, True)
    np.testing.assert_array_equal(result.indices, expected.indices)
    np.testing.assert_array_equal(result.indptr, expected.indptr)
    np.testing.assert_allclose(result.data, expected.data, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_numbers_of_uncompiled_derivatives(executor: str) -> None:
    f, g = (compile(function, executor=executor) for function in (defects, rosenbrock))
    for x in (X, X[::-1].copy(), (X + 1.0).tolist()):
        same_matrix(f.sparse_jacobian(x), autograd.sparse_jacobian(defects, list(x)))
        same_matrix(g.sparse_hessian(x), autograd.sparse_hessian(rosenbrock, list(x)))
    same_matrix(f.sparse_jacobian(X, 0.1), autograd.sparse_jacobian(lambda x: defects(x, 0.1), X.tolist()))
    np.testing.assert_allclose(f.sparse_jacobian(X, 0.1).toarray(), f.jacobian(X, 0.1), rtol=1e-13)
    np.testing.assert_allclose(g.sparse_hessian(X).toarray(), g.hessian(X), rtol=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_special_forms(executor: str) -> None:
    functions: list[Any] = [
        lambda x: [2.0 * x[0], x[1] - 3.0 * x[0]],  # all is constant
        lambda x: [5.0, x[0] * x[1]],  # an empty row
        lambda x: [x[0] * x[0]],  # empty columns
        lambda x: {"a": x[0] * x[1], "b": [x[1], exp(x[2])]},
        lambda x: x * x,  # an array
        lambda x: [x[0] * x[1] * x[2] * sum(x), x[0]],  # a dense row
        lambda x: [where(x[0] > 0.0, x[1] * x[2], x[3] ** 2), x[3] * x[0]],
    ]
    for f in functions:
        compiled = compile(f, executor=executor)
        for x in (X[:4], -X[:4]):
            np.testing.assert_allclose(compiled.sparse_jacobian(x).toarray(), autograd.sparse_jacobian(f, x).todense(), rtol=1e-13)
    assert compile(lambda x: 3.0, executor=executor).sparse_hessian(X).nnz == 0
    linear = compile(lambda x: 3.0 * x[0] + x[2], executor=executor).sparse_hessian(X)
    assert linear.toarray().tolist() == np.zeros((12, 12)).tolist()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_branch_has_its_pattern(executor: str) -> None:
    def f(x: Any) -> Any:
        if x[0] > 0.0:
            return [x[0] * x[1], x[2] ** 2]
        return [sin(x[2]), x[0] * x[1] * x[2]]

    compiled = compile(f, executor=executor)
    points = [[1.0, 2.0, 3.0], [-1.0, 2.0, 3.0], [2.0, 5.0, 0.5], [-2.0, 5.0, 0.5], [3.0, 1.0, 1.0]]
    for x in points * 2:
        same_matrix(compiled.sparse_jacobian(x), autograd.sparse_jacobian(f, x))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_infinite_slopes_reach_only_their_own_numbers(executor: str) -> None:
    f: Any = lambda x: [sqrt(x[0]), x[1] * x[2], x[2] ** 2]
    expected = autograd.sparse_jacobian(f, [0.0, 1.0, 2.0])
    assert expected.values == [np.inf, 2.0, 1.0, 4.0]
    same_matrix(compile(f, executor=executor).sparse_jacobian([0.0, 1.0, 2.0]), expected)


def test_the_arrays_belong_to_the_caller() -> None:
    f = compile(defects)
    first = f.sparse_jacobian(X)
    kept = first.toarray()
    first.data[:] = 0.0
    first.eliminate_zeros()
    np.testing.assert_array_equal(f.sparse_jacobian(X).toarray(), kept)


def test_what_the_function_refers_to(way: str) -> None:
    w = Value(2.0)
    f = compile(lambda x: [w * x[0], x[1] * x[0]])
    assert f.sparse_jacobian([1.0, 3.0]).toarray().tolist() == [[2.0, 0.0], [3.0, 1.0]]
    w.data = 5.0
    assert f.sparse_jacobian([1.0, 3.0]).toarray().tolist() == [[5.0, 0.0], [3.0, 1.0]]
    numbers = {"k": 2.0}
    g = compile(lambda x: [numbers["k"] * x[0], x[1]])
    assert g.sparse_jacobian([1.0, 3.0]).toarray().tolist() == [[2.0, 0.0], [0.0, 1.0]]
    numbers["k"] = 3.0
    g.forget()
    assert g.sparse_jacobian([1.0, 3.0]).toarray().tolist() == [[3.0, 0.0], [0.0, 1.0]]
    if way == "one by one":
        count = iter(range(100))
        with pytest.raises(CompileError, match="something else each time"):
            compile(lambda x: [float(next(count)) * x[0], x[1]]).sparse_jacobian([1.0, 2.0])


def test_random_numbers_are_drawn_once() -> None:
    generator = random.Random(0)
    f = compile(lambda x: [drawn(generator.random) * a * a for a in x])
    f.sparse_jacobian([1.0, 2.0, 3.0])
    state = generator.getstate()
    numbers = [generator.random() for _ in range(3)]
    generator.setstate(state)
    np.testing.assert_allclose(f.sparse_jacobian([1.0, 2.0, 3.0]).toarray(), np.diag([2.0, 4.0, 6.0]) * numbers)


def test_errors() -> None:
    with pytest.raises(DomainError, match="log"):
        compile(lambda x: [log(x[0]) * x[1]]).sparse_jacobian([-1.0, 2.0])
    with pytest.raises(InputError, match=r"for one number write \[result\]"):
        compile(lambda x: x[0] * x[1]).sparse_jacobian([1.0, 2.0])
    with pytest.raises(InputError, match="returns one number"):
        compile(lambda x: [x[0], x[1]]).sparse_hessian([1.0, 2.0])
    f = compile(defects)
    with pytest.raises(CompileError, match=r"write autograd\.sparse_jacobian"):
        compile(lambda x: f.sparse_jacobian(x))(X)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_way_follows_from_how_many_variables_nodes_depend_on(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    runs: list[str] = []
    for name in ("_in_colours", "_from_program"):
        plain = getattr(sparse_derivative.SparseDerivative, name)
        noted: Any = lambda self, call, name=name, plain=plain: (runs.append(name), plain(self, call))[1]
        monkeypatch.setattr(sparse_derivative.SparseDerivative, name, noted)

    def simulation(u: Any) -> Any:
        y, out = u[0], []
        for a in u:
            for _ in range(8):
                y = y + 0.1 * sin(y * a)
            out.append(y)
        return out

    u = np.linspace(0.1, 1.0, 120)
    f = compile(simulation, executor=executor)
    np.testing.assert_allclose(f.sparse_jacobian(u).toarray(), f.jacobian(u), rtol=1e-10)
    compile(defects, executor=executor).sparse_jacobian(X)
    assert runs == ["_in_colours", "_from_program"]
