"""Gradient, Jacobian, Hessian and products with it as methods of compiled functions; SciPy calls them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

import autograd
from autograd import compile, dot, exp, sin, tanh
from autograd.errors import InputError

optimize = pytest.importorskip("scipy.optimize")


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def residuals(p: Any, x: Any) -> Any:
    return [p[0] * exp(-p[1] * x), sin(p[0] * x), p[2] * x]


X = np.array([0.3, -0.7, 1.1, 0.9])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_of_a_vector(executor: str) -> None:
    f = compile(rosenbrock, executor=executor)
    np.testing.assert_allclose(f.grad(X), autograd.grad(rosenbrock)(X.tolist()), rtol=1e-13)
    np.testing.assert_allclose(f.jacobian(X), f.grad(X))
    hessian = np.array(autograd.hessian(rosenbrock)(X.tolist()))
    np.testing.assert_allclose(f.hessian(X), hessian, rtol=1e-12, atol=1e-12)
    v = np.array([1.0, 2.0, -1.0, 0.5])
    np.testing.assert_allclose(f.hvp(X, v), hessian @ v, rtol=1e-12)
    np.testing.assert_allclose(f.hvp((X,), (v,)), hessian @ v, rtol=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_with_samples(executor: str) -> None:
    f = compile(residuals, executor=executor)
    p, x = np.array([0.7, 0.2, 2.0]), np.array([0.5, 1.0, 1.5, 2.0])
    of_p, of_x = f.jacobian(p, x), f.jacobian(p, x, wrt="x")
    assert of_p.shape == (4, 3, 3)
    assert of_x.shape == (4, 3)
    for i, at in enumerate(x):
        expected = autograd.jacobian(residuals, argnums=(0, 1))(p.tolist(), float(at))
        np.testing.assert_allclose(of_p[i], [row[0] for row in expected], rtol=1e-12)
        np.testing.assert_allclose(of_x[i], [row[1] for row in expected], rtol=1e-12)
    g = compile(lambda p, x: dot([tanh(x), x * x], [p[0] * p[0], p[1]]), executor=executor)
    second = g.hessian(p[:2], x)
    assert second.shape == (4, 2, 2)
    np.testing.assert_allclose(second[:, 0, 0], 2.0 * np.tanh(x))
    np.testing.assert_allclose(g.hessian(p[:2], x, wrt=1), -2.0 * np.tanh(x) / np.cosh(x) ** 2 * p[0] ** 2 + 2.0 * p[1], rtol=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_with_in_axes(executor: str) -> None:
    f = compile(lambda W, x: [dot(w, x) for w in W], in_axes=(None, 0), executor=executor)
    W, samples = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(4, 3)
    jacobian = f.jacobian(W, samples)
    assert jacobian.shape == (4, 2, 2, 3)
    for i in range(2):
        assert jacobian[:, i, i].tolist() == samples.tolist()
        assert not jacobian[:, i, 1 - i].any()
    assert f.jacobian(W, samples, wrt=1).tolist() == [W.tolist()] * 4


def test_of_several_arguments() -> None:
    f = compile(lambda x, a, b: a * x[0] ** 2 * x[1] + b)
    assert f.grad([3.0, 2.0], 2.0, 5.0).tolist() == [24.0, 18.0]
    assert [part.tolist() if hasattr(part, "tolist") else part for part in f.grad([3.0, 2.0], 2.0, 5.0, wrt=(0, "a"))] == [
        [24.0, 18.0],
        18.0,
    ]
    assert f.hessian([3.0, 2.0], 2.0, b=5.0).tolist() == [[8.0, 12.0], [12.0, 0.0]]
    primals, tangents = (np.array([3.0, 2.0]), 2.0, 5.0), (np.array([1.0, 0.0]), 10.0, 1.0)
    expected = autograd.hvp(lambda x, a, b: a * x[0] ** 2 * x[1] + b, ([3.0, 2.0], 2.0, 5.0), ([1.0, 0.0], 10.0, 1.0))
    assert f.hvp(primals, tangents).tolist() == expected


def test_branches() -> None:
    f = compile(lambda x, k: (x * x * x if x > 0 else -x) * k)
    assert f.hessian(np.array([2.0, -1.0, 3.0]), 1.0).tolist() == [12.0, 0.0, 18.0]
    assert f.jacobian(np.array([2.0, -1.0]), 2.0).tolist() == [24.0, -2.0]


def test_scipy_calls_them() -> None:
    f = compile(rosenbrock)
    x0 = np.zeros(4)
    for settings in (
        {"fun": f.value_and_grad, "jac": True},
        {"fun": f, "jac": f.grad, "method": "L-BFGS-B"},
        {"fun": f, "jac": f.grad, "hess": f.hessian, "method": "trust-exact"},
        {"fun": f, "jac": f.grad, "hessp": f.hvp, "method": "Newton-CG"},
    ):
        assert optimize.minimize(x0=x0, **settings).x == pytest.approx([1.0] * 4, abs=1e-3)
    rng = np.random.default_rng(0)
    data, w = rng.normal(size=(9, 3)), np.array([1.0, 2.0, 3.0])
    loss = compile(lambda w, X, y: sum((dot(w, x) - t) ** 2 for x, t in zip(X, y, strict=True)))
    found = optimize.minimize(loss, np.zeros(3), args=(data, data @ w), jac=loss.grad, hess=loss.hessian, method="Newton-CG")
    assert found.x == pytest.approx(w)
    fit = compile(lambda p, x: p[0] * exp(-p[1] * x))
    x = np.linspace(0.0, 4.0, 20)
    measured = np.asarray(fit(np.array([2.0, 0.5]), x))
    found = optimize.least_squares(lambda p: fit(p, x) - measured, [1.0, 1.0], jac=lambda p: fit.jacobian(p, x))
    assert found.x == pytest.approx([2.0, 0.5])


def test_sparse() -> None:
    f = compile(lambda x, k: [k * b - a * a for a, b in pairwise(x)])
    x = np.array([1.0, 2.0, 3.0, 4.0])
    jacobian = f.sparse_jacobian(x, 2.0)
    assert type(jacobian).__name__ == "csr_array"
    assert jacobian.dtype == np.float64
    assert jacobian.toarray().tolist() == f.jacobian(x, 2.0).tolist()
    assert f.sparse_jacobian(x + 1.0, 3.0).toarray().tolist() == f.jacobian(x + 1.0, 3.0).tolist()
    g = compile(rosenbrock)
    np.testing.assert_allclose(g.sparse_hessian(x).toarray(), g.hessian(x), rtol=1e-12)
    assert g.sparse_hessian(np.ones(50)).nnz == 50 + 2 * 49
    branch = compile(lambda x: [x[0] * x[1] if x[0] > 0 else x[1] * x[2]])
    assert branch.sparse_jacobian([1.0, 2.0, 3.0]).toarray().tolist() == [[2.0, 1.0, 0.0]]
    assert branch.sparse_jacobian([-1.0, 2.0, 3.0]).toarray().tolist() == [[0.0, 3.0, 2.0]]


def test_sparse_results_of_transforms_become_scipys() -> None:
    sparse = autograd.sparse_jacobian(lambda x: [x[0] * x[1], x[2]], [1.0, 2.0, 3.0])
    assert sparse.to_scipy().toarray().tolist() == [[2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    outside = autograd.Value(2.0)
    with pytest.raises(InputError, match="depend on a Value from outside"):
        autograd.sparse_jacobian(lambda x: [x[0] * x[0] * outside], [1.0]).to_scipy()


def test_what_they_refuse() -> None:
    f = compile(lambda x: {"a": x})
    with pytest.raises(InputError, match="the Jacobian of <lambda> is one array, and the result is neither"):
        f.jacobian(2.0)
    with pytest.raises(InputError, match=r"one array, and p is neither"):
        compile(lambda p: p["a"] * 2.0, in_axes=(None,)).jacobian({"a": 1.0})
    with pytest.raises(InputError, match="wrt=2 does not fit"):
        compile(lambda x: x * x).hessian(2.0, wrt=2)
    with pytest.raises(InputError, match="one number"):
        compile(lambda x: [x[0], x[1]]).hessian([1.0, 2.0])


def test_hvp_with_samples_and_other_arguments() -> None:
    f, x = compile(lambda a, b: a * a * b), np.array([3.0, 4.0, 1.0])
    assert f.hvp((2.0, x), (1.0, np.zeros(3))) == 2.0 * x.sum()
    assert f.hvp((2.0, x), (0.0, np.ones(3))) == 2.0 * 2.0 * 3
    assert f.hvp((x, 2.0), (np.ones(3), 0.0)).tolist() == [4.0, 4.0, 4.0]
    g = compile(lambda x, a, b: (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2)
    found = optimize.minimize(g, [0.0, 0.0], (1.0, 10.0), jac=g.grad, hessp=g.hvp, method="trust-krylov")
    assert found.x == pytest.approx([1.0, 1.0], abs=1e-3)
    for primals, tangents in (([1.0, 2.0], [1.0, 0.0, 3.0]), (([1.0, 2.0],), ([[1.0, 0.0]],))):
        with pytest.raises(InputError, match=r"the direction of <lambda>\.hvp does not have the form"):
            compile(lambda x: x[0] * x[1]).hvp(primals, tangents)
    with pytest.raises(InputError, match="a direction for each argument: two tuples of the same length"):
        f.hvp((1.0, 2.0), (1.0,))


def test_a_gradient_is_that_of_one_number() -> None:
    f = compile(lambda x: [x[0], x[1]])
    for derivative in (f.hessian, f.sparse_hessian, autograd.grad(lambda x: [x[0], x[1]])):
        with pytest.raises(InputError, match="returns one number, not list: use jacobian or vjp"):
            derivative([1.0, 2.0])
    with pytest.raises(InputError, match=r"must be a list of numbers, not an array of the shape \(2, 2\)"):
        compile(lambda x: [x[0][0] * x[1][1]]).sparse_jacobian(np.ones((2, 2)))
