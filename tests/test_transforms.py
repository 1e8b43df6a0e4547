"""grad and value_and_grad."""

import math
from typing import Any

import pytest

from autograd import Value, derivative, exp, grad, hessian, hvp, jacobian, jvp, log, sigmoid, tanh, value_and_grad
from autograd.differentiation import derivatives
from autograd.errors import InputError, StaleGraphError


def test_numbers_in_numbers_out() -> None:
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert type(grad(lambda x: x * x)(2)) is float
    assert value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0) == (10.0, (5.0, 2.0))
    assert grad(lambda x, y: x * y, argnums=-1)(2.0, 5.0) == 2.0
    assert grad(lambda x, *, k: x * k)(2.0, k=7.0) == 7.0
    assert grad(lambda x: 5.0)(1.0) == 0.0


def test_nested_structures_keep_their_form() -> None:
    point = {"w": [1.0, (2.0, 3.0)], "b": 4.0}
    gradient = grad(lambda p: p["w"][0] * p["w"][1][0] + p["w"][1][1] * p["b"])(point)
    assert gradient == {"w": [2.0, (1.0, 4.0)], "b": 3.0}


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x**3, 2.0, [8.0, 12.0, 12.0, 6.0, 0.0]),
        (lambda x: x**3, 0.0, [0.0, 0.0, 0.0, 6.0, 0.0]),
        (tanh, 0.0, [0.0, 1.0, 0.0, -2.0, 0.0, 16.0]),
        (sigmoid, 0.0, [0.5, 0.25, 0.0, -0.125, 0.0, 0.25]),
        (exp, 1.0, [math.e] * 6),
        (log, 2.0, [math.log(2.0), 0.5, -0.25, 0.25, -0.375]),
        (lambda x: 1 / x, 2.0, [0.5, -0.25, 0.25, -0.375]),
        (lambda x: x**0.5, 4.0, [2.0, 0.25, -0.03125, 0.01171875]),
        (lambda x: 2.0**x, 0.0, [1.0, math.log(2.0), math.log(2.0) ** 2]),
    ],
)
def test_derivatives_of_every_order(f: Any, x: float, expected: list[float]) -> None:
    for order, value in enumerate(expected):
        assert f(x) == pytest.approx(value, rel=1e-14, abs=1e-15), order
        f = grad(f)


def test_perturbations_are_not_confused() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: y * y * x)(2.0) * x)(3.0) == 24.0


def test_a_value_from_outside_stays_in_the_graph() -> None:
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, Value)
    assert slope.data == 12.0
    slope.backward()
    assert w.grad == 4.0
    assert isinstance(grad(lambda x: x * x)(Value(2.0)), Value)


def test_gradients_of_leaves_outside_are_left_alone() -> None:
    w = Value(3.0)
    w.grad = 7.0
    grad(lambda x: w * x)(2.0)
    assert w.grad == 7.0


def test_changed_data_is_an_error_and_never_a_mixture() -> None:
    x = Value(2.0, label="x")
    y = tanh(x * 3.0)
    x.data = 5.0
    with pytest.raises(StaleGraphError, match="data was assigned"):
        derivatives(y, [x])


def test_changed_data_that_gives_the_same_value_is_an_error_too() -> None:
    x = Value(1.0)
    y = x**2
    x.data = -1.0  # y is 1 again, but its slope was 2
    with pytest.raises(StaleGraphError, match="data was assigned"):
        y.backward(create_graph=True)
    assert x.grad == 0.0
    y.backward()
    assert x.grad == 2.0


def test_bad_calls() -> None:
    with pytest.raises(InputError, match="argnums=1 does not fit"):
        grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(InputError, match="string"):
        grad(lambda x: x)("1")
    with pytest.raises(InputError, match="returns one number, not list"):
        grad(lambda x: [x, x])(1.0)


def rosenbrock(x: list[Any]) -> Any:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:], strict=False))  # noqa: RUF007 - x may hold Values


def test_jacobian_and_hessian_keep_forms() -> None:
    assert jacobian(lambda x: x * x)(3.0) == 6.0
    assert jacobian(lambda p: {"s": p[0] + p[1], "p": [p[0] * p[1]]})([2.0, 3.0]) == {"s": [1.0, 1.0], "p": [[3.0, 2.0]]}
    assert jacobian(lambda x, y: [x * y], argnums=(0, 1))(2.0, 3.0) == [(3.0, 2.0)]
    assert jacobian(lambda x: [1.0, x])(5.0) == [0.0, 1.0]
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert hessian(rosenbrock)([1.0, 1.0]) == [[802.0, -400.0], [-400.0, 200.0]]
    assert hessian(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0) == ((0.0, 6.0), (6.0, 4.0))


def test_forward_mode_equals_reverse_mode() -> None:
    point, direction = [0.3, -1.2, 0.7], [1.0, 0.5, -2.0]
    f = lambda x: [tanh(x[0] * x[1]), exp(x[2]) / (1 + x[0] ** 2), x[1]]
    values, moved = jvp(f, (point,), (direction,))
    assert values == [f(point)[0], f(point)[1], point[1]]
    rows = jacobian(f)(point)
    assert moved == pytest.approx([sum(a * b for a, b in zip(row, direction, strict=True)) for row in rows], rel=1e-14)


def test_a_tangent_belongs_to_its_key() -> None:
    def f(p: Any) -> Any:
        return p["a"] ** 2 * p["b"]

    assert jvp(f, ({"a": 3.0, "b": 5.0},), ({"b": 1.0, "a": 0.0},)) == (45.0, 9.0)


def test_hessian_times_vector() -> None:
    x, v = [1.2, -0.7, 0.4], [1.0, -2.0, 0.5]
    H = hessian(rosenbrock)(x)
    expected = [sum(a * b for a, b in zip(row, v, strict=True)) for row in H]
    assert hvp(rosenbrock, (x,), (v,)) == pytest.approx(expected, rel=1e-13)


def test_transforms_nest() -> None:
    f = lambda x: exp(2 * x)
    assert derivative(f, 0)(0.5) == math.exp(1.0)
    assert derivative(f, 4)(0.5) == pytest.approx(16 * math.e, rel=1e-14)
    by_jvp = lambda x: jvp(f, (x,), (1.0,))[1]
    assert grad(by_jvp)(0.5) == pytest.approx(4 * math.e, rel=1e-14)
    assert jvp(grad(f), (0.5,), (1.0,))[1] == pytest.approx(4 * math.e, rel=1e-14)
    assert jvp(by_jvp, (0.5,), (1.0,))[1] == pytest.approx(4 * math.e, rel=1e-14)
    assert grad(lambda x: hessian(lambda p: p[0] ** 2 * p[1] ** 2)([x, x])[0][1])(3.0) == 24.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,)) == (9.0, 6.0)


def test_create_graph() -> None:
    x = Value(3.0, label="x")
    y = x**3
    y.backward(create_graph=True)
    first = x.grad
    assert isinstance(first, Value)
    assert first.data == 27.0
    x.grad = 0.0
    first.backward(create_graph=True)
    second = x.grad
    assert isinstance(second, Value)
    assert second.data == 18.0
    x.grad = 0.0
    second.backward()
    assert x.grad == 6.0
    assert type(x.grad) is float


def test_create_graph_adds_up_and_keeps_numbers() -> None:
    w, c = Value(2.0), Value(5.0)
    (w * w + c).backward()
    (w * w + c).backward(create_graph=True)
    assert w.grad.data == 8.0
    assert c.grad.data == 2.0
    (w.grad * 1.0).backward()
    assert w.grad == 8.0 + 2.0


def test_create_graph_of_changed_data_is_an_error() -> None:
    x = Value(2.0)
    y = exp(x) * 3.0
    x.data = 1.0
    with pytest.raises(StaleGraphError):
        y.backward(create_graph=True)
    assert x.grad == 0.0


def test_more_bad_calls() -> None:
    with pytest.raises(InputError, match=r"tangents must be a sequence of 2 items, not \(1.0,\)"):
        jvp(lambda x, y: x * y, (1.0, 2.0), (1.0,))
    with pytest.raises(InputError, match=r"tangents\[0\] must be a dict with the keys \['a', 'b'\]"):
        jvp(lambda p: p["a"], ({"a": 1.0, "b": 2.0},), ({"a": 1.0},))
    with pytest.raises(InputError, match=r"one item for each argument of f, as in \(1.0,\)"):
        jvp(exp, 1.0, 1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="string"):
        jvp(exp, (1.0,), ("1",))
    with pytest.raises(InputError, match=r"argnums=\(0, -2\) names an argument twice"):
        grad(lambda x, y: x * y, argnums=(0, -2))(1.0, 2.0)
    with pytest.raises(InputError, match="order of a derivative"):
        derivative(exp, -1)


def test_second_derivatives_by_arrays_are_trees_of_arrays() -> None:
    """As JAX has them: an axis of an argument stays an axis, however many arguments there are."""
    np = pytest.importorskip("numpy")

    def f(x: Any, y: Any) -> Any:
        return x[0] * x[1] * y["a"] + x[0] ** 3

    x, y = np.array([2.0, 3.0]), {"a": 5.0}
    by_x, mixed = [[12.0, 5.0], [5.0, 0.0]], [3.0, 2.0]
    (single,) = hessian(f, argnums=(0,))(x, y)
    assert isinstance(single, tuple)
    np.testing.assert_array_equal(single[0], by_x)
    (xx, xy), of_y = hessian(f, argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(xx, by_x)
    np.testing.assert_array_equal(xy["a"], mixed)
    np.testing.assert_array_equal(of_y["a"][0], mixed)
    assert of_y["a"][1] == {"a": 0.0}
