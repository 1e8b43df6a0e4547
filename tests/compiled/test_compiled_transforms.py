"""Derivatives of compiled functions, compiled derivatives, and compiled functions within functions."""

import itertools
import random
from typing import Any

import numpy as np
import pytest
from against_eager import codes, flat, same, sample
from points import ROWS, points

import autograd
from autograd import Value, compile, dot, exp, grad, hessian, jacobian, relu, sin, tanh
from autograd.errors import CompileError, InputError
from autograd.functions import call

RNG = np.random.default_rng(0)
X3 = RNG.normal(size=(5, 3))
W23 = RNG.normal(size=(2, 3))


def rosenbrock(x: Any) -> Any:
    return sum((1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in itertools.pairwise(x))


def spiral(x: Any, y: Any) -> Any:
    return {"xy": x * y, "rest": [sin(x) / (1.0 + y * y), x]}


def test_vjp_is_the_transposed_jacobian_times_a_vector(executor: str) -> None:
    f = compile(spiral, executor=executor)
    value, pull_back = f.vjp(0.5, 1.5)
    eager = autograd.jacobian(spiral, argnums=(0, 1))(0.5, 1.5)
    rng = random.Random(1)
    for _ in range(3):
        cotangent = {"xy": rng.gauss(0, 1), "rest": [rng.gauss(0, 1), rng.gauss(0, 1)]}
        result = pull_back(cotangent)  # may be called several times
        for k in range(2):
            exact = cotangent["xy"] * eager["xy"][k] + sum(c * row[k] for c, row in zip(cotangent["rest"], eager["rest"], strict=True))
            assert result[k] == pytest.approx(exact, rel=1e-13)
    _, pull_back = f.vjp([0.5, -0.5, 2.0], 1.5)
    by_x, by_y = pull_back({"xy": np.ones(3), "rest": np.array([[1.0, 0.0]] * 3)})
    exact = [autograd.grad(lambda x, y: x * y + sin(x) / (1.0 + y * y), argnums=(0, 1))(x, 1.5) for x in (0.5, -0.5, 2.0)]
    assert by_x.tolist() == pytest.approx([g for g, _ in exact], rel=1e-13)
    assert by_y == pytest.approx(sum(g for _, g in exact), rel=1e-13)  # the same for all samples
    for bad in ({"xy": 1.0, "rest": [1.0, 1.0]}, {"other": np.ones(3), "rest": np.ones((3, 2))}, np.ones(3), {"xy": np.ones(3)}):
        with pytest.raises(InputError, match="the gradient with respect to the value must have the form of the value"):
            pull_back(bad)
    assert value["xy"] == 0.75


def test_jvp_is_that_of_eager_code(executor: str) -> None:
    f = compile(spiral, executor=executor)
    rng = random.Random(2)
    for _ in range(3):
        point, direction = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(2)]
        np.testing.assert_allclose(list(map(flat, f.jvp(point, direction))), list(map(flat, autograd.jvp(spiral, point, direction))))
    xs, dxs = RNG.normal(size=4), RNG.normal(size=4)
    _, moved = f.jvp((xs, 1.5), (dxs, 0.25))
    for i in range(4):
        exact = flat(autograd.jvp(spiral, (xs[i], 1.5), (dxs[i], 0.25))[1])
        np.testing.assert_allclose(flat(sample(moved, i)), exact, rtol=1e-13, atol=1e-13)
    g = compile(lambda W, x: [tanh(dot(row, x)) for row in W], in_axes=(None, 0), executor=executor)
    dW, dx = RNG.normal(size=W23.shape), RNG.normal(size=X3.shape)
    _, moved = g.jvp((W23, X3), (dW, dx))
    z = X3 @ W23.T
    np.testing.assert_allclose(moved, (X3 @ dW.T + dx @ W23.T) / np.cosh(z) ** 2, rtol=1e-12, atol=1e-13)
    assert g.jvp((W23.tolist(), X3), (dW, dx.tolist()))[1].shape == (5, 2)


def test_every_row_forward_and_backward_are_each_others_transpose(executor: str) -> None:
    rng = random.Random(3)
    for row in ROWS:
        for point in points(row)[:3]:
            f = compile(lambda *inputs, row=row: call(row, *inputs), executor=executor)
            direction = [rng.gauss(0, 1) for _ in point]
            _, moved = f.jvp(point, direction)
            _, gradient = f.value_and_grad(*point)
            exact = sum(g * d for g, d in zip(gradient, direction, strict=True))
            assert moved == pytest.approx(exact, rel=1e-12, abs=1e-12), (row, point)


def test_compiled_transforms(executor: str) -> None:
    x = [0.3, -1.2, 0.8]
    batch = RNG.normal(size=(4, 3))
    for transform in (grad, hessian, lambda f: jacobian(grad(f)), lambda f: grad(lambda x: sum(g * g for g in grad(f)(x)))):
        transformed = transform(rosenbrock)
        compiled = compile(transformed, in_axes=(0,), executor=executor)
        np.testing.assert_allclose(compiled([x])[0], transformed(x), rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(compiled(batch), [transformed(row) for row in batch], rtol=1e-12, atol=1e-10)
    for f in (lambda x: exp(sin(x) * x), lambda x: tanh(x) ** 3, lambda x: relu(x) * x * x, lambda x: abs(x) * x):
        third = compile(grad(grad(grad(f))), executor=executor)
        xs = [0.5, -0.7, 2.0]
        np.testing.assert_allclose(third(xs), [grad(grad(grad(f)))(x) for x in xs], rtol=1e-12, atol=1e-12)
    rows = compile(jacobian(lambda x, y: [x * y, x + y, y], argnums=(0, 1)), executor=executor)([1.0, 2.0], 3.0)
    np.testing.assert_array_equal(
        [[sample(row, i) for row in rows] for i in range(2)], [[(3, 1), (1, 1), (0, 1)], [(3, 2), (1, 1), (0, 1)]]
    )
    along = compile(lambda x, v: autograd.hvp(rosenbrock, (x,), (v,)), in_axes=(None, 0), executor=executor)
    np.testing.assert_allclose(along(x, np.eye(3)), hessian(rosenbrock)(x), rtol=1e-12)


def test_eager_transforms_of_a_compiled_function(executor: str) -> None:
    f = compile(lambda x, y: x * x * y, executor=executor)
    assert grad(f)(2.0, 3.0) == 12.0
    assert hessian(f, argnums=(0, 1))(2.0, 3.0) == ((6.0, 4.0), (4.0, 0.0))
    x = Value(2.0)
    f(x, 3.0).backward()
    assert x.grad == 12.0
    g = compile(rosenbrock, in_axes=(None,), executor=executor)
    assert grad(g)([1.0, 2.0]) == grad(rosenbrock)([1.0, 2.0])
    y = [Value(1.0), Value(2.0)]
    g(y).backward()
    assert [v.grad for v in y] == grad(rosenbrock)([1.0, 2.0])


def test_compiled_functions_call_each_other(executor: str) -> None:
    inner = compile(lambda x: x if x > 1.0 else x * x, executor=executor)
    outer = same(lambda x: inner(x) + inner(2.0 * x), [0.3, 0.7, 1.5], executor=executor)
    assert len(codes(outer)) > 1
    same(lambda x: inner(3.0) * x + inner(0.5), [1.0, 2.0], executor=executor)
    live = Value(2.0)
    scaled = compile(lambda x: live * x, executor=executor)
    outer = compile(lambda x: scaled(3.0) + x, executor=executor)
    assert outer([1.0, 2.0]).tolist() == [7.0, 8.0]
    live.data = 5.0
    assert outer([1.0, 2.0]).tolist() == [16.0, 17.0]
    with pytest.raises(CompileError, match=r"write autograd\.value_and_grad"):
        compile(lambda x: inner.value_and_grad(x)[0], executor=executor)(1.0)


def test_a_function_that_calls_itself(executor: str) -> None:
    @compile(executor=executor)
    def power(x: Any, n: int = 3) -> Any:
        return power(x, n - 1) * x if n else 1.0

    assert power([2.0, 3.0]).tolist() == [8.0, 27.0]


def test_a_compiled_function_in_one_that_is_differentiated() -> None:
    """It is the function that was compiled, so that nothing that it refers to loses its derivative."""
    assert grad(lambda w: compile(lambda x: x * w)(3.0))(2.0) == 3.0
    assert grad(grad(lambda w: compile(lambda x: x * w * w)(3.0)))(2.0) == 6.0
    assert compile(grad(lambda w: compile(lambda x: x * w)([3.0, 4.0])[1]))(2.0) == 4.0
    rows = compile(lambda v: v[0] * v[1], in_axes=0)
    assert grad(lambda w: sum(rows([[w, 2.0], [3.0, w]])))(5.0) == 5.0
    assert autograd.jacobian(lambda w: rows(np.array([[1.0, w], [w, w]])))(5.0).tolist() == [1.0, 10.0]
    inner = compile(lambda x: x * x)
    for name in ("value_and_grad", "vjp", "record"):
        with pytest.raises(CompileError, match=rf"write autograd\.{name}"):
            grad(lambda w, name=name: getattr(inner, name)(2.0)[0] * w)(2.0)
    with pytest.raises(CompileError, match=r"write autograd\.jvp"):
        grad(lambda w: inner.jvp((2.0,), (1.0,))[0] * w)(2.0)


def test_no_grad_stops_the_gradient_and_not_the_number(executor: str) -> None:
    w = Value(3.0)

    def f(x: Any) -> Any:
        with autograd.no_grad():
            t = x * 2.0 + w
            t = t if t > 6.0 else -t
        return t * x

    compiled = compile(f, executor=executor)
    X = [1.0, 2.0, 3.0]
    value, slopes = compiled.value_and_grad(X)
    assert value.tolist() == [f(x).data if isinstance(f(x), Value) else f(x) for x in X] == [-5.0, 14.0, 27.0]
    assert slopes.tolist() == [grad(f)(x).data if isinstance(grad(f)(x), Value) else grad(f)(x) for x in X] == [-5.0, 7.0, 9.0]
    w.data = 4.0
    assert compiled(3.0) == 30.0
    assert compile(grad(f), executor=executor)(3.0) == 10.0
    assert compile(grad(grad(f)), executor=executor)(3.0) == 0.0
