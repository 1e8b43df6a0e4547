"""Nested structures, taken apart and put together."""

from typing import NamedTuple

import numpy as np
import pytest

from autograd import Value, grad, hessian, hvp, implicit, jacobian, jvp, sparse_jacobian
from autograd.errors import InputError
from autograd.trees import flatten, leaves_like


class Point(NamedTuple):
    x: object
    y: object


def test_every_kind_of_inner_node() -> None:
    tree = {"p": Point(1.0, [2.0, (3.0,)]), "a": np.array([[4.0, 5.0]]), "s": np.float64(6.0)}
    leaves, build = flatten(tree)
    assert leaves == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    tens = [10.0 * x for x in leaves]
    built = build(tens)
    assert isinstance(built["a"], np.ndarray)
    assert built["a"].tolist() == [[40.0, 50.0]]
    lists = {"p": Point(10.0, [20.0, (30.0,)]), "a": [[40.0, 50.0]], "s": 60.0}
    assert flatten(tree, arrays=False)[1](tens) == {**built, "a": [[40.0, 50.0]]} == lists
    assert flatten(7.0)[1]([8.0]) == 8.0
    assert flatten([])[0] == []


def test_gradients_keep_the_form() -> None:
    assert grad(lambda p: p.x * p.y[0])(Point(2.0, [5.0])) == Point(5.0, [2.0])
    gradient = grad(lambda a: (a * np.array([2.0, 5.0])).sum())(np.array([2, 3]))
    assert gradient.dtype == np.float64
    assert gradient.tolist() == [2.0, 5.0]


def test_arrays_stay_arrays() -> None:
    x, A = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert jacobian(lambda x: A @ x)(x).tolist() == A.tolist()
    assert jacobian(lambda x: [x[0], x.sum()])(x)[1].tolist() == [1.0, 1.0]
    assert jacobian(lambda A: A @ x)(A).shape == (3, 3, 2)
    assert hessian(lambda x: (x**3).sum())(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert hvp(lambda x: (x**3).sum(), (x,), (np.ones(2),)).tolist() == [6.0, 12.0]
    value, moved = jvp(lambda x: A @ x, (x,), ([0.0, 1.0],))
    assert value.dtype == moved.dtype == np.float64
    assert moved.tolist() == [2.0, 4.0, 6.0]
    outside = grad(lambda x: (x * Value(3.0)).sum())(x)
    assert [type(g) for g in outside] == [Value, Value]
    of_lists = jacobian(lambda p: np.array([p[0] * p[1], p[0]]))([2.0, 3.0])
    assert [x.tolist() for x in of_lists] == [[3.0, 1.0], [2.0, 0.0]]  # a list of arrays, as JAX has it
    assert grad(lambda x: x.sum())(np.zeros((0, 3))).shape == (0, 3)
    assert grad(lambda x: x * x)(np.array(3.0)) == 6.0
    assert grad(lambda x: x[0][1] * 3.0)(np.array([[1.0, 2.0]]).view(np.ma.MaskedArray)) == [[0.0, 3.0]]
    assert jvp(lambda x: x * x, (3.0,), (np.ones_like(3.0),)) == (9.0, 6.0)
    J = sparse_jacobian(lambda x: x[1:] - x[:-1] ** 2, np.array([1.0, 2.0, 3.0]))
    assert J.todense() == [[-2.0, 1.0, 0.0], [0.0, -4.0, 1.0]]
    root = implicit(lambda y, a: y * y - a)(np.ones(2), np.array([4.0, 9.0]))
    assert root.tolist() == pytest.approx([2.0, 3.0])


def test_leaves_in_the_order_of_another_tree() -> None:
    model = {"a": [0.0], "b": (0.0, np.zeros(2))}
    assert leaves_like({"b": [1.0, (2.0, 4.0)], "a": np.array([3.0])}, model, "tree") == [3.0, 1.0, 2.0, 4.0]
    with pytest.raises(InputError, match=r"tree must be a dict with the keys \['a'\], not \[1.0\]"):
        leaves_like([1.0], {"a": 0.0}, "tree")
    with pytest.raises(InputError, match=r"tree\['a'\]\[1\] must be a sequence of 2 items, not \[1.0\]"):
        leaves_like({"a": [2.0, [1.0]]}, {"a": (0.0, [0.0, 0.0])}, "tree")
