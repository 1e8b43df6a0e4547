"""Tables without branches: `take` and `interp`, eager, compiled and in C."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from c_compiler import compiled as compiled_c
from c_compiler import differentiated, needs_compiler

import autograd
from autograd import Value, check_gradients, compile, floor, grad, hessian, interp, jvp, no_grad, take, to_c, value_and_grad
from autograd.errors import DomainError, InputError

RNG = np.random.default_rng(5)


def table(n: int, seed: int = 0) -> tuple[Any, Any, Any]:
    """Points at which to interpolate, beyond the ends and on the points of the table too; and a table, with a step if it is long."""
    rng = np.random.default_rng(seed)
    xs, ys = np.sort(rng.normal(size=n)), rng.normal(size=n)
    if n > 4:
        xs[3] = xs[2]
    return np.concatenate([1.5 * rng.normal(size=60), xs, [math.inf, -math.inf, math.nan]]), xs, ys


SIZES = (1, 2, 3, 5, 12, 70)


# -- take ----------------------------------------------------------------------------------------------------------------


def test_take_is_indexing() -> None:
    a, b = Value(2.0), Value(5.0)
    assert take([1.0, 2.0, 4.0], 2) == 4.0
    assert take((a, b), 1) is b
    assert take(np.array([1.0, 2.0]), np.int64(1)) == 2.0
    assert take([1, 2], True) == 2.0
    y = take([a, b, 7.0], Value(1.0)) * 3.0
    y.backward()
    assert (y.data, a.grad, b.grad) == (15.0, 0.0, 3.0)
    with no_grad():
        assert take([a, b], 0)._prev == ()
    assert jvp(lambda i, v: take([v, v * v], i), (1.0, 3.0), (1.0, 1.0)) == (9.0, 6.0)
    assert all(c.ok for c in check_gradients(lambda v: take([v[0] * v[1], v[1] ** 2], 1.0 + 0.0 * floor(v[0])), [[0.3, 0.7]], order=2))


def test_each_sample_takes_a_value_of_its_own(executor: str) -> None:
    f = compile(lambda i, values: take(values, i) * take(values, 2.0 - i), in_axes=(0, None), executor=executor)
    value, slopes = f.value_and_grad([0.0, 1.0, 2.0, 0.0], [3.0, 5.0, 7.0], wrt=(0, 1), reduce="sum")
    assert f([0.0, 1.0, 2.0, 0.0], [3.0, 5.0, 7.0]).tolist() == [21.0, 25.0, 21.0, 21.0]
    assert (value, slopes[0].tolist(), slopes[1].tolist()) == (88.0, [0.0] * 4, [21.0, 10.0, 9.0])
    assert len(f.specialisations) == 2  # one for values, one for gradients: no branches
    rows = compile(lambda i, values: take(values, i), in_axes=(0, 0), executor=executor)
    assert rows([1.0, 0.0], [[1.0, 2.0], [3.0, 4.0]]).tolist() == [2.0, 3.0]


def test_truths_are_an_index(executor: str) -> None:
    """The marginal rate of a tax: the branches of a table are no branches of the program."""
    rate = lambda income: take([0.0, 0.2, 0.4], (income > 10.0) + (income > 50.0))
    f = compile(lambda income: income * rate(income), executor=executor)
    value, slope = f.value_and_grad([5.0, 20.0, 100.0])
    assert (value.tolist(), slope.tolist()) == ([0.0, 4.0, 40.0], [0.0, 0.2, 0.4])
    assert len(f.specialisations) == 1
    assert compile(lambda x: take([x, 2.0 * x], x > 1.0), executor=executor)([0.5, 3.0]).tolist() == [0.5, 6.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: take([1.0, 2.0], 2), DomainError, "take.* needs an index that is a whole number, from 0 to the number of values minus 1"),
        (lambda: take([1.0, 2.0], -1), DomainError, "take"),
        (lambda: take([1.0, 2.0], Value(0.5, label="i")), DomainError, r"take.*\(label 'i'\)"),
        (lambda: take([], 0), InputError, "take needs at least one value, not an empty sequence"),
        (lambda: take(3.0, 0), InputError, "a sequence of Values and numbers is needed"),
        (lambda: take([1.0, "2"], 0), InputError, "a string is not a number"),
        (lambda: take([1.0], None), InputError, "not a real number"),
        (lambda: take(np.ones((2, 2)), 0), InputError, "a Value is one number, not ndarray"),
    ],
)
def test_errors_of_take(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_index_outside_of_the_table(executor: str) -> None:
    f = compile(lambda i: take([1.0, 2.0], i), executor=executor)
    with pytest.raises(DomainError, match="take"):
        f(2.0)
    with pytest.warns(RuntimeWarning, match="take needs an index .*: 2 of 3 elements are outside"):
        values = f([1.0, 2.0, 0.5])
    np.testing.assert_array_equal(values, [2.0, math.nan, math.nan])
    with pytest.raises(DomainError, match="take"):
        compile(lambda x: take([x, 1.0], 5), executor=executor)(1.0)


# -- interp ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_the_values_are_numpys(n: int, executor: str) -> None:
    x, xs, ys = table(n)
    expected = np.interp(x, xs, ys)
    if n == 1:
        expected[-1] = ys[0]
    np.testing.assert_array_equal([interp(one, xs, ys) for one in x.tolist()], expected)
    f = compile(interp, in_axes=(0, None, None), executor=executor)
    np.testing.assert_array_equal(f(x, xs, ys), expected)
    np.testing.assert_array_equal(compile(lambda x: interp(x, xs, ys), executor=executor)(x), expected)
    assert len(f.specialisations) == 1


def test_infinite_and_steep_tables(executor: str) -> None:
    inf = math.inf
    xs = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0 + 1e-15]
    x = np.array([-inf, -1.0, 0.0, 0.3, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, inf, math.nan])
    for ys in ([0.0, inf, inf, 1.0, -inf, -inf, inf, 0.0], [inf, 0.0, 0.0, -inf, inf, 1.0, -1e308, 1e308]):
        with np.errstate(all="ignore"):
            expected = np.interp(x, xs, ys)
        np.testing.assert_array_equal([interp(one, xs, ys) for one in x.tolist()], expected)
        np.testing.assert_array_equal(compile(interp, in_axes=(0, None, None), executor=executor)(x, xs, ys), expected)


@pytest.mark.parametrize("n", SIZES)
def test_derivatives_with_respect_to_all_numbers(n: int, executor: str) -> None:
    x, xs, ys = table(n, 1)
    x = x[:-3]
    f = compile(interp, in_axes=(0, None, None), executor=executor)
    value, slopes = f.value_and_grad(x, xs, ys, wrt=(0, 1, 2), reduce="sum")
    each = [value_and_grad(interp, (0, 1, 2))(one, xs.tolist(), ys.tolist()) for one in x.tolist()]
    assert value == pytest.approx(sum([y for y, _ in each]), rel=1e-12)
    np.testing.assert_allclose(slopes[0], [by_x for _, (by_x, _, _) in each], rtol=1e-13)
    np.testing.assert_allclose(slopes[1], np.sum([by_xs for _, (_, by_xs, _) in each], axis=0), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(slopes[2], np.sum([by_ys for _, (_, _, by_ys) in each], axis=0), rtol=1e-11, atol=1e-11)


def test_derivatives_are_those_of_the_lines() -> None:
    xs, ys = [1.0, 2.0, 4.0], [0.0, 3.0, 5.0]
    for x in (1.3, 3.7, 0.2, 9.0):
        checks = check_gradients(lambda v, x=x: interp(x + v[6], v[:3], v[3:6]), [[*xs, *ys, 0.0]], order=2)  # type: ignore[misc]
        assert all(c.ok for c in checks)
    assert [grad(interp)(x, xs, ys) for x in (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)] == [0.0, 3.0, 3.0, 1.0, 1.0, 0.0, 0.0]
    H = hessian(lambda v: interp(v[0], [1.0, v[1], 4.0], ys) ** 2)([1.7, 2.0])
    np.testing.assert_allclose(
        compile(hessian(lambda v: interp(v[0], [1.0, v[1], 4.0], ys) ** 2), in_axes=(None,))([1.7, 2.0]), H, rtol=1e-12
    )


def test_a_table_that_is_computed(executor: str) -> None:
    """A yield curve, whose rates are parameters, read at times that are samples."""

    def bond(rates: Any, t: Any) -> Any:
        curve = [0.5 * r + 0.01 for r in rates]
        return autograd.exp(-t * interp(t, [0.0, 1.0, 5.0, 10.0], curve))

    rates, times = [0.01, 0.02, 0.04, 0.03], np.array([0.5, 3.0, 7.0, 12.0, 5.0])
    value, by_rates = compile(bond, in_axes=(None, 0), executor=executor).value_and_grad(rates, times, wrt=0)
    each = [value_and_grad(bond)(rates, t) for t in times.tolist()]
    np.testing.assert_allclose(value, [y for y, _ in each], rtol=1e-14)
    np.testing.assert_allclose(by_rates, [slope for _, slope in each], rtol=1e-12, atol=1e-17)


@needs_compiler
@pytest.mark.parametrize("n", [1, 3, 12])
def test_tables_in_c(n: int) -> None:
    x, xs, ys = table(n, 2)
    f = compile(lambda x, ys: interp(x, xs, ys), in_axes=(None, None), executor="numpy")
    f.record(0.5, ys)
    library = compiled_c(to_c(f, name="interpolated"))
    for one in x[:-3].tolist():
        (value,), (gradient,) = differentiated(library, "interpolated", [one, *ys])
        expected, (by_x, by_ys) = value_and_grad(lambda x, ys: interp(x, xs, ys), (0, 1))(one, ys.tolist())
        assert value == np.interp(one, xs, ys) == expected
        np.testing.assert_allclose(gradient, [by_x, *by_ys], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interp(1.0, [0.0, 1.0], [0.0]), "interp needs as many ys as xs: there are 1 ys and 2 xs"),
        (lambda: interp(1.0, [], []), "interp needs at least one value"),
        (lambda: interp([1.0], [0.0], [0.0]), "a Value is one number, not list"),
        (lambda: interp(1.0, 2.0, [0.0]), "a sequence of Values and numbers is needed"),
        (lambda: interp(1.0, [0.0, 2.0, 1.0], [0.0] * 3), r"ascending order, not 2\.0 before 1\.0, at positions 1 and 2: sort the points"),
        (lambda: interp(1.0, [Value(2.0), Value(1.0)], [0.0] * 2), r"ascending order, not 2\.0 before 1\.0"),
        (lambda: compile(lambda x: interp(x, [2.0, 1.0], [x, x]), executor="numpy")(1.0), r"ascending order, not 2\.0 before 1\.0"),
    ],
)
def test_errors_of_interp(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
