"""Batches: how arguments are broadcast, and which shapes values and gradients have."""

import functools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from against_eager import hill, recorded

from autograd import compile, dot

RNG = np.random.default_rng(0)

BROADCAST: list[tuple[Any, Any]] = [
    (1.5, 2.0),
    (1.5, [1.0, 2.0, 3.0]),
    ([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0, 4.0]),
    (np.ones((3, 1)), np.arange(4.0)),
    (np.ones((2, 1, 3)), np.arange(4.0)[:, None]),
    (np.float64(1.5), np.array([2.0])),
    (np.array(1.5), np.array(2.0)),
    (np.array([1.5]), 2.0),
    (np.array([[1.5]]), np.arange(3.0)),
    (1, [1, 2, 3]),
    (True, np.array([True, False])),
    (np.arange(3, dtype=np.int8), np.arange(3, dtype=np.float32)),
    (range(3), [Fraction(1, 2), Decimal("0.25"), np.float32(0.1)]),
    (np.arange(12.0).reshape(3, 4)[:, ::2], np.asfortranarray(np.arange(6.0).reshape(3, 2))),
]


@pytest.mark.parametrize("case", range(len(BROADCAST)))
def test_arrays_are_broadcast_as_by_a_ufunc(case: int, executor: str) -> None:
    x, y = BROADCAST[case]
    a, b = (np.array([float(n) for n in z]) if isinstance(z, (list, range)) and case == 12 else np.asarray(z, float) for z in (x, y))
    expected = a * b + np.exp(a) - 2.0 * b
    actual = compile(hill, executor=executor)(x, y)
    assert isinstance(actual, float) if expected.shape == () else actual.dtype == np.float64
    assert np.shape(actual) == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("case", range(len(BROADCAST)))
def test_gradients_are_one_for_each_sample_or_have_the_shape_of_the_argument(case: int, executor: str) -> None:
    x, y = BROADCAST[case]
    f = compile(hill, executor=executor)
    a, b = (np.asarray([float(n) for n in z] if case == 12 else z, dtype=float) for z in (x, y))
    shape = np.broadcast_shapes(a.shape, b.shape)
    by_x, by_y = np.broadcast_to(b + np.exp(a), shape), np.broadcast_to(a - 2.0, shape)
    value, gradients = f.value_and_grad(x, y)
    np.testing.assert_allclose(value, f(x, y), rtol=1e-15)
    for gradient, exact in zip(gradients, (by_x, by_y), strict=True):
        assert np.shape(gradient) == shape
        np.testing.assert_allclose(gradient, exact, rtol=1e-14, atol=1e-14)
    assert all(isinstance(g, float) == (shape == ()) for g in gradients)
    for reduce, n in (("sum", 1), ("mean", by_x.size)):
        total, reduced = f.value_and_grad(x, y, reduce=reduce)
        assert isinstance(total, float)
        assert total == pytest.approx(np.sum(value) / n, rel=1e-13)
        for gradient, exact, source in zip(reduced, (by_x, by_y), (a, b), strict=True):
            assert np.shape(gradient) == source.shape
            assert isinstance(gradient, float) == (source.shape == ())
            lead = tuple(range(exact.ndim - source.ndim))
            over = (*lead, *[i + len(lead) for i, size in enumerate(source.shape) if size == 1])
            np.testing.assert_allclose(gradient, exact.sum(axis=over).reshape(source.shape) / n, rtol=1e-13, atol=1e-13)


def test_wrt_says_by_which_arguments(executor: str) -> None:
    f = compile(lambda x, y, z: x * y * z, executor=executor)
    for reduce in (None, "sum", "mean"):
        by = functools.partial(f.value_and_grad, 2.0, 3.0, 5.0, reduce=reduce)
        assert by() == (30.0, (15.0, 10.0, 6.0))
        assert by(wrt=None) == by()
        assert by(wrt=1) == (30.0, 10.0)
        assert by(wrt=-1) == (30.0, 6.0)
        assert by(wrt=(2, 0)) == (30.0, (6.0, 15.0))
        assert by(wrt=(1,)) == (30.0, (10.0,))
        assert by(wrt=()) == (30.0, ())
    value, gradient = f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2)
    assert (value.tolist(), gradient.tolist()) == ([30.0, 40.0], [6.0, 8.0])
    assert f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2, reduce="sum") == (70.0, 14.0)
    assert f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2, reduce="mean") == (35.0, 7.0)


def test_arguments_that_do_not_matter_have_gradients_of_zero(executor: str) -> None:
    f = compile(lambda x, y: x * 2.0, executor=executor)
    assert f.value_and_grad(1.0, 5.0) == (2.0, (2.0, 0.0))
    value, (_, by_y) = f.value_and_grad([1.0, 2.0], [3.0, 4.0])
    assert (value.tolist(), by_y.tolist()) == ([2.0, 4.0], [0.0, 0.0])
    constant = compile(lambda x: 7, executor=executor)
    assert constant(1.0) == 7.0
    assert constant([1.0, 2.0]).tolist() == [7.0, 7.0]
    assert constant.value_and_grad([1.0, 2.0], reduce="sum")[1].tolist() == [0.0, 0.0]
    identity = compile(lambda x: x, executor=executor)
    assert identity([3.0, 4.0]).tolist() == [3.0, 4.0]
    assert identity.value_and_grad(3.0) == (3.0, 1.0)
    assert compile(lambda: 2.0, executor=executor)() == 2.0


def test_one_recording_serves_all_sizes_of_a_batch(executor: str) -> None:
    f, runs = recorded(hill)
    compiled = compile(f, executor=executor)
    for n in (1, 2, 3, 100, 5000, 2):
        x, y = np.linspace(-1.0, 1.0, n + 1), np.linspace(0.0, 2.0, n + 1)
        np.testing.assert_allclose(compiled(x, y), x * y + np.exp(x) - 2.0 * y, rtol=1e-14, atol=1e-14)
    assert len(runs) == 1
    assert compiled(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert len(runs) == 1
    compiled(1.0, 2.0)  # a number is the same for all samples: another program
    compiled(3.0, 4.0)
    assert len(runs) == 2
    compiled(1.0, [1.0, 2.0])
    assert len(runs) == 3
    compiled.value_and_grad([1.0, 2.0], [1.0, 2.0])
    compiled.value_and_grad([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], reduce="sum")
    assert len(runs) == 4  # derivatives by both are wanted, which is again another


def test_record_takes_the_time_before_the_first_call(executor: str) -> None:
    f, runs = recorded(hill)
    compiled = compile(f, executor=executor)
    compiled.record([1.0, 2.0], [2.0, 3.0])
    compiled.record([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    assert len(runs) == 1
    assert compiled([1.0, 2.0], [3.0, 4.0]).tolist() == pytest.approx([math.e - 3.0, math.exp(2.0)])
    compiled.record([1.0, 2.0], [2.0, 3.0], wrt=None)
    assert len(runs) == 2
    compiled.value_and_grad([1.0, 2.0], [2.0, 3.0])
    assert len(runs) == 2


def test_without_samples_a_tree_gives_one_number(executor: str) -> None:
    f = compile(lambda p: p["a"][0] * p["a"][1] + p["b"], in_axes=(None,), executor=executor)
    p = {"a": [2.0, 3.0], "b": 1.0}
    assert f(p) == 7.0
    assert isinstance(f(p), float)
    for reduce in (None, "sum", "mean"):
        value, gradient = f.value_and_grad(p, wrt=0, reduce=reduce)
        assert value == 7.0
        assert gradient["a"].tolist() == [3.0, 2.0]
        assert gradient["b"] == 1.0
        assert isinstance(gradient["b"], float)


def test_other_shapes_are_recorded_anew_and_other_batches_are_not(executor: str) -> None:
    f, runs = recorded(lambda w, x: dot(w, x))
    compiled = compile(f, in_axes=(None, 0), executor=executor)
    for n in (1, 2, 7, 1000):
        x = RNG.normal(size=(n, 3))
        np.testing.assert_allclose(compiled([1.0, 2.0, 3.0], x), x @ [1.0, 2.0, 3.0], rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(compiled([3.0, 2.0, 3.0], x.tolist()), x @ [3.0, 2.0, 3.0], rtol=1e-13, atol=1e-13)
    assert len(runs) == 2  # arrays are given to the function as arrays, and lists as lists
    compiled([1.0, 2.0], [[1.0, 2.0]])
    assert len(runs) == 3
    compiled([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]])
    assert len(runs) == 3


def test_a_shared_vector_as_long_as_there_are_samples_is_not_taken_for_a_number_of_each(executor: str) -> None:
    f = compile(lambda p, x: dot(p, p) * x, in_axes=(None, 0), executor=executor)
    p = x = np.array([1.0, 2.0, 3.0])
    for _ in range(3):  # the later calls take a shortcut
        value, (by_p, by_x) = f.value_and_grad(p, x)
        assert value.tolist() == [14.0, 28.0, 42.0]
        assert by_p.tolist() == [[2.0, 4.0, 6.0], [4.0, 8.0, 12.0], [6.0, 12.0, 18.0]]
        assert by_x.tolist() == [14.0, 14.0, 14.0]
