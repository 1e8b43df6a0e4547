"""`where`: one program for both sides, in which the side that is not selected adds neither gradients nor errors."""

import functools
import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import recorded, same

from autograd import Value, compile, dot, exp, grad, jvp, log, sqrt, tanh, where
from autograd.errors import DomainError, InputError


def where_log(x: Any) -> Any:
    return where(x > 0, lambda: log(x), lambda: 0.0)


NUMBERS = [1.0, -1.0, 0.0, 2.5, -0.3, 1e-300]


WHERES: list[tuple[str, Callable[[Any], Any]]] = [
    ("two values", lambda x: where(x > 0.5, x * x, -x)),
    ("two numbers", lambda x: where(x > 0.5, 2.0, 1) * x),
    ("a pole on one side", where_log),
    ("a pole on the other side", lambda x: where(x <= 0, lambda: x * x, lambda: 1 / x**0.5)),
    ("a pole on each", lambda x: where(x > 0, lambda: log(x), lambda: sqrt(-x) if False else (1.0 - x) ** 0.5)),
    ("several steps", lambda x: where(x > 0, lambda: exp(tanh(log(x) * sqrt(x))) / x, lambda: x)),
    ("one in another", lambda x: where(x > 0, lambda: where(x < 2, lambda: log(2 - x), lambda: log(x - 1.5)), lambda: 1 / (x - 1.0))),
    ("one after another", lambda x: where(where_log(x) > 0, lambda: 1 / where_log(x), lambda: x)),
    ("one into another", lambda x: sqrt(where(x > 0, lambda: x * x, lambda: -x) + 1.0)),
    ("in a branch", lambda x: where(x > 2, lambda: log(x), lambda: x) if x > 0 else where(x < -0.5, lambda: sqrt(-x), lambda: 0.0)),
    ("a branch in it", lambda x: where(x > 0, lambda: log(x) if x < 2 else sqrt(x), lambda: x if x > -0.5 else x * x)),
    ("in a branch in it", lambda x: where(x > 0, lambda: where(x > 1, lambda: log(x), lambda: x) if x < 2 else log(x - 2), lambda: x)),
    ("and", lambda x: where((x > 0) & (x < 2), lambda: log(x) / sqrt(2 - x), lambda: x)),
    ("or", lambda x: where((x > 1) | (x < -0.5), lambda: sqrt(abs(x) - 0.5), lambda: x)),
    ("a truth beside", lambda x: where((x > 0) & True, lambda: log(x), lambda: x) + where(False | (x > 0), lambda: log(x), lambda: x)),
    ("lists", lambda x: dot(where(x > 0, [x, 2.0, 1.0], [1.0, x, 3.0]), [1.0, x, 2.0])),
    ("lists of sides", lambda x: sum(where(x > 0, lambda: [log(x), x], lambda: [x, 0.0]))),
    ("a side that is the argument", lambda x: where(x > 0, lambda: x, lambda: 2.0) * x),
    ("a sum of it", lambda x: sum(where(x > k, lambda k=k: log(x - k), lambda: 0.0) for k in range(-1, 3))),
    ("products of it", lambda x: sum(where(x > k, lambda: x, lambda: 1.0) * where(x < k, lambda: x, lambda: 2.0) for k in range(3))),
    ("a loop of it", lambda x: functools.reduce(lambda v, _: where(v > 1.0, lambda: v * 0.5, lambda: v + 0.3), range(20), x)),
]


@pytest.mark.parametrize(("name", "f"), WHERES, ids=[row[0] for row in WHERES])
def test_where_stays_live_and_its_other_side_has_no_part(name: str, f: Callable[[Any], Any], executor: str) -> None:
    rng = random.Random(0)
    for _ in range(3):
        same(f, rng.sample(NUMBERS, len(NUMBERS)), executor=executor)
    for x in NUMBERS:
        _, gradient = compile(f, executor=executor).value_and_grad(x)
        assert gradient == pytest.approx(grad(f)(x), rel=1e-13, nan_ok=True)


@pytest.mark.parametrize(("name", "f"), WHERES, ids=[row[0] for row in WHERES])
def test_where_in_derivatives_of_derivatives(name: str, f: Callable[[Any], Any], executor: str) -> None:
    numbers = [x for x in NUMBERS if abs(x) != 1e-300]  # where second derivatives overflow
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(compile(grad(f), executor=executor)(NUMBERS), [grad(f)(x) for x in NUMBERS], rtol=1e-12)
        second = compile(grad(grad(f)), executor=executor)
        np.testing.assert_allclose(second(numbers), [grad(grad(f))(x) for x in numbers], rtol=1e-12, atol=1e-12)
        value, gradient = compile(grad(f), executor=executor).value_and_grad(numbers, wrt=0)
    np.testing.assert_allclose(value, [grad(f)(x) for x in numbers], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, [grad(grad(f))(x) for x in numbers], rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")  # Python 3.12 and later say so before we do
def test_conditions_are_negated_by_a_tilde(executor: str) -> None:
    f = compile(lambda x: where(~(x <= 0) & ~((x > 2) | (x < 1)), lambda: log(x), lambda: -x), executor=executor)
    assert f([-1.0, 0.5, 1.5, 3.0]).tolist() == [1.0, -0.5, math.log(1.5), -3.0]
    assert f(math.nan) != f(math.nan)
    for number in (1.0, -1.0):  # between numbers of eager code, ~ is Python's: both of its results are true
        with pytest.raises(InputError, match=r"where needs True or False, not -[12]: write x > 0 rather than ~\(x <= 0\)"):
            where(~(Value(number) <= 0), 1.0, 2.0)


def test_where_needs_one_recording_for_both_sides(executor: str) -> None:
    f, runs = recorded(where_log)
    compiled = compile(f, executor=executor)
    for numbers in ([1.0, 2.0], [-1.0, -2.0], [-1.0, 2.0], [0.0, 1.0]):
        expected = [math.log(x) if x > 0 else 0.0 for x in numbers]
        assert compiled(numbers).tolist() == expected
    assert len(runs) == 1


@pytest.mark.parametrize("bad", [0.0, -1.0, -math.inf, math.nan])
def test_the_gradient_of_the_other_side_is_exactly_0(bad: float, executor: str) -> None:
    f = compile(
        lambda x, y: where(x > 0, lambda: log(y) / y + sqrt(y) * exp(1 / y) + dot([y, 1 / y], [log(y), y]), lambda: x * 2.0),
        executor=executor,
    )
    _, (by_x, by_y) = f.value_and_grad([-1.0, 1.0, -1.0], [bad, 2.0, 3.0])
    assert by_x.tolist() == [2.0, 0.0, 2.0]
    assert [by_y[0], by_y[2]] == [0.0, 0.0]
    assert math.isfinite(by_y[1])
    assert f.jvp(([-1.0], [bad]), ([1.0], [1.0]))[1].tolist() == [2.0]
    g = compile(grad(lambda y, x: where(x > 0, lambda: log(y) + 1 / y, lambda: y * 3.0 if False else 3.0 * x)), executor=executor)
    assert g([bad, 2.0], [-1.0, 1.0]).tolist() == [0.0, 0.25]


def test_the_side_that_is_not_selected_gets_no_gradient_also_without_a_function(executor: str) -> None:
    """Eager code evaluates both sides, so that their errors are errors, and has a graph of one."""
    root = lambda x: where(x > 0, sqrt(x), 0.0)
    value, gradient = compile(root, executor=executor).value_and_grad([0.0, 4.0])
    assert value.tolist() == [0.0, 2.0]
    assert gradient.tolist() == [0.0, 0.25]
    assert compile(grad(root), executor=executor)([0.0, 4.0]).tolist() == [0.0, 0.25]
    along = compile(lambda x: jvp(root, (x,), (1.0,))[1], executor=executor)
    assert along([0.0, 4.0]).tolist() == [0.0, 0.25]
    with pytest.raises(DomainError, match=r"sqrt.*-1\.0"):
        compile(root, executor=executor)(-1.0)

    def made_before(x: Any) -> Any:
        y = log(x)
        return where(x > 0, lambda: y * 2.0, lambda: 0.0)

    with pytest.raises(DomainError, match=r"log.*-1\.0"):
        compile(made_before, executor=executor)(-1.0)
    nested = lambda x: where(x > 0, lambda: where(x > 1, log(x), sqrt(x)), lambda: -x)
    value, gradient = compile(nested, executor=executor).value_and_grad([-2.0, 0.25, 2.0, 0.0])
    assert value.tolist() == [2.0, 0.5, math.log(2.0), 0.0]
    assert gradient.tolist() == [-1.0, 1.0, 0.5, -1.0]


def test_errors_under_a_mask_that_is_computed_after_what_it_masks(executor: str) -> None:
    def f(x: Any, y: Any) -> Any:
        zero = y - y
        return where(zero > x, lambda: log(y), lambda: zero)

    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 4 elements"):
        compile(f, executor=executor)([-0.5] * 4, [0.0, 2.0, -1.0, 1.0])
    assert compile(f, executor=executor)([0.5] * 4, [0.0, 2.0, -1.0, 1.0]).tolist() == [0.0] * 4


def test_an_infinite_slope_after_where_stays_on_the_selected_side(executor: str) -> None:
    f = compile(lambda x, y, k: sqrt(where(k > 0, x, y)), executor=executor)
    _, (by_x, by_y, by_k) = f.value_and_grad([0.0, 0.0], [4.0, 4.0], [1.0, -1.0])
    assert (by_x.tolist(), by_y.tolist(), by_k.tolist()) == ([math.inf, 0.0], [0.0, 0.25], [0.0, 0.0])
    select = compile(lambda x, y: where(x > 0, x, y), executor=executor)
    assert select.jvp((1.0, 2.0), (1.0, math.inf)) == (1.0, 1.0)


def where_log_of(condition: Any, x: Any) -> Any:
    return where(condition > 0, lambda: log(x), lambda: 0.0)


def test_an_error_on_the_selected_side_is_one(executor: str) -> None:
    f = compile(where_log_of, executor=executor)
    assert f([1.0, -1.0], [2.0, -3.0]).tolist() == [math.log(2.0), 0.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 3 elements"):
        result = f([1.0, -1.0, 1.0], [-2.0, -3.0, 1.0])
    assert result[1:].tolist() == [0.0, 0.0]
    with pytest.raises(DomainError, match="log"):
        f(1.0, -2.0)
    assert f(-1.0, -2.0) == 0.0


def test_what_is_made_in_a_side_may_be_used_outside_of_it(executor: str) -> None:
    def f(x: Any) -> Any:
        memory: list[Any] = []

        def logarithm() -> Any:
            if not memory:
                memory.append(log(x * x) * 2.0)
            return memory[0]

        return where(x > 0, logarithm, lambda: 0.0) + logarithm()

    same(f, [2.0, -2.0, 0.5], executor=executor)
    compiled = compile(f, executor=executor)
    with pytest.warns(RuntimeWarning, match="1 of 2"):
        assert compiled([-2.0, 0.0])[0] == 2.0 * math.log(4.0)


def test_where_on_what_is_shared(executor: str) -> None:
    f = compile(lambda k, x: where(k > 0, lambda: log(k) * x, lambda: x), executor=executor)
    assert f(1.0, [2.0, 3.0]).tolist() == [0.0, 0.0]
    assert f(-1.0, [2.0, 3.0]).tolist() == [2.0, 3.0]
    assert f.value_and_grad(-1.0, [2.0, 3.0], reduce="sum")[1][0] == 0.0
    assert f.value_and_grad(2.0, [2.0, 3.0], reduce="sum")[1][0] == 2.5
    same(lambda p, x: where(x > 0, lambda: log(p[0]) * x, lambda: p[1] * x), [2.0, 3.0], [1.0, -1.0], in_axes=(None, 0), executor=executor)
    shared = compile(lambda p, x: where(x > 0, lambda: log(p) * x, lambda: x), executor=executor)
    assert shared.value_and_grad(-1.0, [-2.0, -3.0], reduce="sum")[1][0] == 0.0
    with pytest.warns(RuntimeWarning, match="log"):
        assert shared(-1.0, [-2.0, 3.0])[0] == -2.0


def test_few_rows_of_scattered_numbers_on_one_side_of_a_where(executor: str) -> None:
    """sqrt and log of x and z, with places around y."""

    def f(x: Any, y: Any, z: Any) -> Any:
        return where(x > 0.0, lambda: sqrt(x) * y + sqrt(z) + log(x) * log(z), lambda: x * y - z)

    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 200))
    z = np.abs(z) * np.where(x > 0.0, 1.0, -1.0)  # outside of the domains where the other side is chosen
    value, slopes = compile(f, executor=executor).value_and_grad(x, y, z)
    leaves = [list(map(Value, sample)) for sample in zip(x, y, z, strict=True)]
    for sample, result in zip(leaves, value, strict=True):
        eager = f(*sample)
        eager.backward()
        assert result == pytest.approx(eager.data, rel=1e-13)
    np.testing.assert_allclose(np.transpose(slopes), [[leaf.grad for leaf in sample] for sample in leaves], rtol=1e-12)
    with pytest.warns(RuntimeWarning, match=r"needs .*: 1 of 200 elements are outside"):
        compile(lambda x, y, z: sqrt(x) + sqrt(z) * y, executor=executor)(np.abs(x), y, np.where(np.arange(200) == 7, -1.0, 1.0))


def test_both_sides_of_a_where_must_have_one_form() -> None:
    for f in (
        lambda x: where(x > 0, [x, x], [x]),
        lambda x: where(x > 0, {"a": x}, {"b": x}),
        lambda x: where(x > 0, [x], x),
        lambda x: where(x > 0, lambda: (x, x), lambda: [x, x]),
    ):
        with pytest.raises(InputError, match="both sides of a where must have the same form"):
            compile(f)([1.0, -1.0])
    with pytest.raises(InputError, match="'s'"):
        compile(lambda x: where(x > 0, x, "s"))(1.0)
    with pytest.raises(InputError, match="where needs a condition"):
        compile(lambda x: where(x, 1.0, 2.0))(1.0)


def test_dots_of_shared_numbers_on_a_side(executor: str) -> None:
    """Several dots on sides that one condition each selects: those of the other side add nothing, not even where a factor is infinite."""

    def total(x: Any) -> Any:
        return sum([where(x[k] > 0.0, lambda k=k: dot(x[k : k + 5], x[k + 1 : k + 6]), lambda: 0.0) for k in range(8)])

    x = np.random.default_rng(0).normal(size=13)
    x[7], x[12] = -1.0, math.inf  # only the last dot reads x[12], and it is not selected
    expected = np.zeros(13)
    for k in range(8):
        if x[k] > 0.0:
            expected[k : k + 5] += x[k + 1 : k + 6]
            expected[k + 1 : k + 6] += x[k : k + 5]
    value, slopes = compile(total, in_axes=(None,), executor=executor).value_and_grad(x)
    assert value == pytest.approx(sum([x[k : k + 5] @ x[k + 1 : k + 6] for k in range(8) if x[k] > 0.0]), rel=1e-13)
    np.testing.assert_allclose(slopes, expected, rtol=1e-13)
