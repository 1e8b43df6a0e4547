"""Every row of the op table, compiled: at ordinary and special points, and outside of its domain."""

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import same
from executors import EXECUTORS
from points import EXTREME, NOT_FINITE, ROWS, points
from test_special_points import DOMAINS, POINTS
from test_special_points import same as alike

import autograd
from autograd import Value, compile, dot, exp, grad, hessian, log, sqrt, where
from autograd.errors import DomainError, PoleError
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.ops import Operation, outside

inf, nan = math.inf, math.nan


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "f", "point", "value", "slopes"), POINTS, ids=[row[0] for row in POINTS])
def test_special_points(
    name: str, f: Callable[..., Any], point: tuple[float, ...], value: float, slopes: tuple[float, ...], executor: str
) -> None:
    compiled = autograd.compile(f, executor=executor)
    result, gradient = compiled.value_and_grad(*point, wrt=tuple(range(len(point))))
    assert alike(result, value), name
    assert all(map(alike, gradient, slopes)), (name, gradient, slopes)
    arrays, gradients = compiled.value_and_grad(
        *[np.array([x, x]) for x in point], wrt=tuple(range(len(point)))
    )  # without a warning: none is outside of a domain
    assert all(alike(y, value) for y in arrays), name
    assert all(alike(g, slope) for row, slope in zip(gradients, slopes, strict=True) for g in row), (name, gradients, slopes)


OUTSIDE: list[tuple[str, Callable[[Any], Any], float, float]] = [
    ("1/0", lambda x: 1 / x, 0.0, inf),
    ("-1/0", lambda x: -1 / x, 0.0, -inf),
    ("0**-1", lambda x: x**-1, 0.0, inf),
    ("(-2)**0.5", lambda x: x**0.5, -2.0, nan),
    ("log(0)", log, 0.0, -inf),
    ("log(-1)", log, -1.0, nan),
    ("log1p(-1)", autograd.log1p, -1.0, -inf),
    ("sqrt(-1)", autograd.sqrt, -1.0, nan),
    ("asin(2)", autograd.asin, 2.0, nan),
    ("acosh(0.5)", autograd.acosh, 0.5, nan),
    ("atanh(1)", autograd.atanh, 1.0, inf),
    ("5 % 0", lambda x: 5 % x, 0.0, nan),
    ("fmod(5, 0)", lambda x: autograd.fmod(5.0, x), 0.0, nan),
    ("erfinv(-1)", autograd.erfinv, -1.0, -inf),
    ("erfinv(2)", autograd.erfinv, 2.0, nan),
    ("lgamma(0)", autograd.lgamma, 0.0, inf),
    ("lgamma(-3)", autograd.lgamma, -3.0, inf),
    ("digamma(0)", autograd.digamma, 0.0, -inf),
    ("digamma(-3)", autograd.digamma, -3.0, nan),
    ("polygamma(1, -3)", lambda x: autograd.polygamma(1, x), -3.0, inf),
    ("a pole whose result is finite again", lambda x: exp(-1 / x**2), 0.0, 0.0),
]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "f", "x", "value"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_a_number_raises_and_an_array_warns(name: str, f: Callable[[Any], Any], x: float, value: float, executor: str) -> None:
    compiled = autograd.compile(f, executor=executor)
    with pytest.raises((DomainError, PoleError)) as eager:
        f(Value(x))
    inside = 1.5 if name.startswith("acosh") else 0.75
    assert compiled(inside) == pytest.approx(f(Value(inside)).data, rel=1e-15)
    with pytest.raises(type(eager.value)):
        compiled(x)
    with pytest.warns(RuntimeWarning, match="1 of 3 elements are outside"):
        actual = compiled(np.array([inside, x, inside]))
    assert [alike(y, expected) for y, expected in zip(actual, [f(Value(inside)).data, value, f(Value(inside)).data], strict=True)] == [
        True
    ] * 3


def ulps(result: float, exact: float, term: float = 0.0) -> float:
    """The distance in units in the last place; of a sum that may cancel, in those of the term."""
    if result == exact or (result != result and exact != exact):
        return 0.0 if math.copysign(1.0, result) == math.copysign(1.0, exact) or result != 0.0 else 1.0
    unit = math.ulp(max(abs(exact), abs(term)))
    return abs(result - exact) / unit if math.isfinite(result) and math.isfinite(exact) else math.inf


def batches(row: Operation) -> list[list[tuple[float, ...]]]:
    """All points of a row, ordinary and special, inside the domain and outside, in batches of one number of inputs."""
    if row.arity is None:
        return [[point] for point in points(row)] + [list(points(row, EXTREME[:10] + NOT_FINITE))]
    special = (EXTREME if row.arity < 3 else EXTREME[:8]) + NOT_FINITE
    return [points(row) + list(itertools.product(special, repeat=row.arity))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_at_ordinary_and_special_points_at_once(row: Operation, executor: str) -> None:
    for batch in batches(row):
        f = compile(lambda *inputs: call(row, *inputs), executor=executor)
        columns = [np.array(column) for column in zip(*batch, strict=True)]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value, gradients = f.value_and_grad(*columns, wrt=tuple(range(len(columns))))
        beyond = 0
        for i, point in enumerate(batch):
            if outside(row, FLOATS, *point):
                beyond += 1
                assert not math.isfinite(value[i]), point
                continue
            inputs = [Value(x) for x in point]
            eager = call(row, *inputs)
            eager.backward()
            assert ulps(value[i], eager.data) <= 4.0, (point, value[i], eager.data)
            cancels = row.name in ("silu", "gelu", "gelu_tanh") and point[0] != 0.0 and math.isfinite(point[0])
            term = eager.data / point[0] if cancels else 0.0  # their slope is Φ + a Φ'
            for x, slopes in zip(inputs, gradients, strict=True):
                assert ulps(slopes[i], x.grad, term) <= 4.0, (point, slopes[i], x.grad)
        messages = [str(warning.message) for warning in caught]
        assert messages == ([f"{row.name} needs {row.requires}: {beyond:,} of {len(batch):,} elements are outside"] if beyond else [])
        assert all(warning.category is RuntimeWarning and warning.filename == __file__ for warning in caught)


@pytest.mark.parametrize("row", [row for row in ROWS if row.domain or row.pole], ids=lambda row: row.name)
def test_scalar_calls_raise_what_eager_code_raises(row: Operation, executor: str) -> None:
    inside, beyond = DOMAINS[row.name]
    f = {1: lambda a: call(row, a), 2: lambda a, b: call(row, a, b), 3: lambda a, b, c: call(row, a, b, c)}.get(
        row.arity or 0, lambda *a: call(row, *a)
    )
    names = "abc" if row.arity else [f"argument {k}" for k in range(9)]
    for point in beyond:
        with pytest.raises((DomainError, PoleError)) as eager:
            f(*[Value(x, label=name) for x, name in zip(point, names, strict=False)])
        compiled = compile(f, executor=executor)
        for first in ((), inside[0]):  # while it is recorded, and when it runs
            if first:
                compiled(*first)
            with pytest.raises(type(eager.value)) as result:
                compiled(*point)
            assert str(result.value) == str(eager.value)


def test_numpy_decides_about_elements_outside(executor: str) -> None:
    f = compile(lambda x: log(x) + 1.0, executor=executor)
    numbers = [2.0, -1.0, 0.0, 1.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 4 elements are outside"):
        value, gradient = f.value_and_grad(numbers)
    assert value[[0, 3]].tolist() == [math.log(2.0) + 1.0, 1.0]
    assert gradient[[0, 3]].tolist() == [0.5, 1.0]
    assert not np.isfinite(value[1:3]).any()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(f(numbers), value)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="log needs a > 0: 2 of 4"):
        f(numbers)
    with pytest.warns(RuntimeWarning, match="4 of 4 elements are outside"):  # whichever is recorded first
        compile(lambda x, y: x * log(y), executor=executor)(numbers, -1.0)


def test_a_pole_is_reported_though_the_result_is_finite_again(executor: str) -> None:
    f = compile(lambda x: exp(-1 / x**2), executor=executor)
    with pytest.warns(RuntimeWarning, match="1 of 2 elements"):
        assert f([0.0, 1.0])[1] == math.exp(-1.0)
    with pytest.raises(PoleError, match="div"):
        f(0.0)


def test_the_slopes_of_derivatives_are_not_checked(executor: str) -> None:
    f = compile(grad(lambda x: sqrt(x)), executor=executor)
    assert f(0.0) == math.inf
    assert f([0.0, 4.0]).tolist() == [math.inf, 0.25]


@pytest.mark.parametrize("row", [row for row in ROWS if row.arity is not None], ids=lambda row: row.name)
def test_second_derivatives_of_every_row_at_ordinary_and_special_points(row: Operation, executor: str) -> None:
    """An input that a rule does not select must not get a derivative of nan."""
    curvature = hessian(lambda inputs: call(row, *inputs))
    compiled = compile(curvature, in_axes=(None,), executor=executor)
    for point in points(row):
        expected = np.array(curvature(list(point)))
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(compiled(list(point)), expected, rtol=1e-9, atol=1e-300, err_msg=str(point))


def test_numbers_alone_that_are_outside_are_like_all_others(executor: str) -> None:
    f = compile(lambda x: x * log(-1.0), executor=executor)
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 2 elements"):
        assert np.isnan(f([1.0, 2.0])).all()
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1\.0"):
        f(1.0)
    g = compile(lambda x: where(x > 0, lambda: log(-1.0) * x, lambda: x), executor=executor)
    assert g([-1.0, -2.0]).tolist() == [-1.0, -2.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert g([1.0, -2.0])[1] == -2.0


def test_operators_and_methods_are_those_of_eager_code(executor: str) -> None:
    for f in (
        lambda x, y: (x + y) * (x - y) / (x * x + 1.0) - -y,
        lambda x, y: 2.0 + x - 3.0 * y + (1.0 - x) * 2 / (3 + y * y) + (+x) % 2.5,
        lambda x, y: (x * x + 1.0) ** (y / 3.0) + x**2 + x**3 + 2**y + (y * y + 1) ** 0.5,
        lambda x, y: x.tanh() + y.sin().exp() + abs(x) + x.maximum(y) + x.relu() + (x * x).log1p(),
        lambda x, y: np.exp(x) + np.sin(y) + np.float64(2.0) * x + np.maximum(x, y),
        lambda x, y: sum([x, y, x * y, 1.0]) + dot([x, 2.0, y], [y, x, 3.0]) + autograd.logsumexp([x, y, 0.0]),
        lambda x, y: autograd.softmax([x, y, 1.0])[1] * autograd.leaky_relu(x, 0.1) + autograd.clip(y, -1.0, 1.0),
    ):
        same(f, [0.3, -1.2, 2.5, -0.4], [1.5, 0.7, -2.0, -0.6], executor=executor)
