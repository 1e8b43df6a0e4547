"""Nested structures, taken apart and put together."""

from typing import NamedTuple

import numpy as np

from autograd import grad
from autograd.trees import flatten


class Point(NamedTuple):
    x: object
    y: object


def test_every_kind_of_inner_node() -> None:
    tree = {"p": Point(1.0, [2.0, (3.0,)]), "a": np.array([[4.0, 5.0]]), "s": np.float64(6.0)}
    leaves, build = flatten(tree)
    assert leaves == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert build([10.0 * x for x in leaves]) == {"p": Point(10.0, [20.0, (30.0,)]), "a": [[40.0, 50.0]], "s": 60.0}
    assert flatten(7.0)[1]([8.0]) == 8.0
    assert flatten([])[0] == []


def test_gradients_keep_the_form() -> None:
    assert grad(lambda p: p.x * p.y[0])(Point(2.0, [5.0])) == Point(5.0, [2.0])
    assert grad(lambda a: a[0] * a[1])(np.array([2.0, 5.0])) == [5.0, 2.0]
