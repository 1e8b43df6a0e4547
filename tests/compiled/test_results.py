"""Results of compiled functions: trees, arrays, auxiliary results."""

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile
from autograd.errors import InputError

RNG = np.random.default_rng(0)

Point = namedtuple("Point", ["x", "y"])


def test_results_keep_their_form_and_their_samples_come_first(executor: str) -> None:
    w = Value(7.0)

    def f(x: Any) -> Any:
        return {"list": [x, 2.0 * x, 1.0], "tuple": (x, w), "matrix": [[x, x + 1.0], [0.0, x]], "number": 3, "point": Point(x, [w])}

    for n in ((), (1,), (4,), (2, 3)):
        x = RNG.normal(size=n)
        result = compile(f, executor=executor)(x if n else float(x))
        assert list(result) == ["list", "tuple", "matrix", "number", "point"]
        np.testing.assert_array_equal(result["list"], np.stack([x, 2.0 * x, np.ones(n)], axis=-1))
        assert isinstance(result["tuple"], tuple)
        np.testing.assert_array_equal(result["tuple"][0], x)
        np.testing.assert_array_equal(result["tuple"][1], np.full(n, 7.0))
        assert np.shape(result["matrix"]) == (*n, 2, 2)
        np.testing.assert_array_equal(result["matrix"][..., 0, 1], x + 1.0)
        np.testing.assert_array_equal(result["number"], np.full(n, 3.0))
        assert isinstance(result["number"], float) == (n == ())
        assert isinstance(result["point"], Point)
        np.testing.assert_array_equal(result["point"].y[..., 0], np.full(n, 7.0))


def test_arrays_are_results_too(executor: str) -> None:
    f = compile(lambda x: np.array([[x, 2.0 * x], [3.0, x]]), executor=executor)
    assert f(1.0).tolist() == [[1.0, 2.0], [3.0, 1.0]]
    assert f([1.0, 2.0]).tolist() == [[[1.0, 2.0], [3.0, 1.0]], [[2.0, 4.0], [3.0, 2.0]]]
    ragged = compile(lambda x: [np.array([x, 2.0 * x]), np.array([x]), np.array([1.0, 2.0])], executor=executor)([1.0, 2.0])
    assert [array.tolist() for array in ragged] == [[[1.0, 2.0], [2.0, 4.0]], [[1.0], [2.0]], [[1.0, 2.0], [1.0, 2.0]]]


def test_the_same_value_may_be_returned_twice(executor: str) -> None:
    f = compile(lambda x: (x, x, x * x), executor=executor)
    value, pull_back = f.vjp([2.0, 3.0])
    assert [part.tolist() for part in value] == [[2.0, 3.0], [2.0, 3.0], [4.0, 9.0]]
    (gradient,) = pull_back(([1.0, 0.0], [10.0, 0.0], [0.0, 1.0]))
    assert gradient.tolist() == [11.0, 6.0]


def test_has_aux_gives_what_stands_beside_the_number(executor: str) -> None:
    f = compile(lambda x, y: (x * y, {"sum": x + y, "both": [x, y]}), executor=executor)
    (value, aux), gradients = f.value_and_grad(2.0, 5.0, has_aux=True)
    assert (value, aux["sum"], aux["both"].tolist(), gradients) == (10.0, 7.0, [2.0, 5.0], (5.0, 2.0))
    (value, aux), gradient = f.value_and_grad([2.0, 3.0], 5.0, wrt=1, reduce="sum", has_aux=True)
    assert (value, aux["sum"].tolist(), aux["both"].tolist(), gradient) == (25.0, [7.0, 8.0], [[2.0, 5.0], [3.0, 5.0]], 5.0)


def test_branches_must_return_one_form(executor: str) -> None:
    for f in (
        lambda x: [x] if x > 0 else [x, x],
        lambda x: {"a": x} if x > 0 else {"b": x},
        lambda x: x if x > 0 else [x],
        lambda x: [x, x] if x > 0 else (x, x),
    ):
        with pytest.raises(InputError, match="<lambda> returns results of different forms on different branches"):
            compile(f, executor=executor)([1.0, -1.0])
