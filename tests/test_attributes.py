"""Attributes of the user's own on Values: as on any object of Python, alike in both builds."""

import copy
import math
import pickle
import random
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, compile
from autograd._runtime.attributes import attributes_of
from nn import Module, fit, mse


def value(number: float) -> Any:
    """A Value, to a type checker of any type: the stub has no attributes of the user's own, so that it finds misspelt ones."""
    return Value(number)


@pytest.fixture
def x() -> Any:
    return value(1.0)


def test_they_belong_to_one_value(x: Any) -> None:
    other: Any = Value(1.0, label="other")
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'velocity'"):
        _ = x.velocity
    x.velocity = 0.0
    x.velocity += 0.5
    x._vis_color = "red"
    assert (x.velocity, x._vis_color, attributes_of(x)) == (0.5, "red", {"velocity": 0.5, "_vis_color": "red"})
    assert attributes_of(other) == {}
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'velocity'") as raised:
        _ = other.velocity
    assert (raised.value.name, raised.value.obj) == ("velocity", other)
    assert not hasattr(other, "velocity")
    del x.velocity
    for use in (lambda: x.velocity, lambda: delattr(x, "velocity"), lambda: delattr(other, "velocity")):
        with pytest.raises(AttributeError, match="'velocity'"):
            use()
    x.velocity = None
    assert x.velocity is None


def test_every_node_may_have_some(x: Any) -> None:
    y = autograd.dot([x, x], [1.0, 2.0]) * x + (x**2).relu()
    y.seen = [1]
    y._prev[0].seen = y._prev[0]._prev[1].seen = 2
    y.backward()
    assert (x.grad, y.seen, y.grad) == (8.0, [1], 1.0)
    c: Any = (x + 2.0)._prev[1]
    c.role = "constant"
    assert c.role == "constant"


def test_adam_by_hand() -> None:
    """As it is often written for micrograd: with what it remembers on the parameters."""
    p = value(5.0)
    p.m, p.v = 0.0, 0.0
    m = v = 0.0
    number = 5.0
    for t in range(1, 50):
        p.grad = 0.0
        ((p - 2.0) ** 2).backward()
        slope = 2.0 * (number - 2.0)
        p.m = 0.9 * p.m + 0.1 * p.grad
        p.v = 0.999 * p.v + 0.001 * p.grad**2
        p.data -= 0.2 * (p.m / (1 - 0.9**t)) / (math.sqrt(p.v / (1 - 0.999**t)) + 1e-8)
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        number -= 0.2 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert p.data == number
    assert abs(number - 2.0) < 1.0


def test_what_a_value_has_itself_is_as_before(x: Any) -> None:
    for name, item in (("_prev", ()), ("scope", "s"), ("_op", "+"), ("_children", ())):
        with pytest.raises(AttributeError):
            setattr(x, name, item)
    with pytest.raises(TypeError, match="a string is not a number"):
        x.data = "1"
    for name in ("data", "grad", "label", "_backward", "_prev", "never_assigned"):
        with pytest.raises(AttributeError):
            delattr(x, name)
    assert (x.data, x.grad, x.label) == (1.0, 0.0, "")
    assert not any(hasattr(x, name) for name in ("__len__", "__array__", "__array_interface__", "shape", "gard"))
    assert np.array([x, x]).dtype == object


def test_they_are_freed_with_the_value(x: Any) -> None:
    class Token:
        pass

    token = Token()
    alive = weakref.ref(token)
    x.token = token
    y = x * 2.0
    y.token = token
    del token
    y.token = None
    assert alive() is not None
    del x.token
    assert alive() is None


def test_no_memory_where_there_are_none() -> None:
    assert sys.getsizeof(Value(1.0)) <= 128


def by_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, by_pickle])
def test_copies_and_pickles_have_them(copied: Callable[[Any], Any], x: Any) -> None:
    x.m, x.itself = [1.0], x
    y = x * 2.0
    y.color = "red"
    z = y + x
    y.top, z.low = z, y
    leaf = copied(x)
    assert (leaf.m, leaf.itself) == ([1.0], leaf)
    assert leaf.m is not x.m
    root = copied(z)
    inner = root._prev[0]
    assert (inner.color, inner.top) == ("red", root)
    assert root._prev[1].itself is root._prev[1] is inner._prev[0]
    assert root.low.color == "red"
    assert attributes_of(copied(Value(1.0))) == {}
    for node in (x, y, z):  # which refer to each other: Values are freed by counting references alone
        for name in list(attributes_of(node)):
            delattr(node, name)


class Scaled(Module):
    """Multiplies by a number that hangs on a parameter."""

    def __init__(self, hung: bool) -> None:
        self.w = value(0.5)
        self.v = [value(0.25), value(-0.25)]
        if hung:
            self.w.scale = self.v[1].scale = 2.0

    def __call__(self, x: Any) -> Any:
        return self.w.scale * self.w * x[0] + self.v[1].scale * self.v[1] + self.v[0]


@pytest.mark.parametrize("changed", ["w", "v"])
def test_a_later_fit_knows_that_one_has_changed(changed: str) -> None:
    X, y = [[0.1], [0.7], [-0.4], [1.3]], [0.2, 0.8, -0.3, 0.9]
    weights = []
    for executor in ("eager", "numpy"):
        model = Scaled(hung=True)
        for scale in (2.0, 2.0, -1.0):
            (model.w if changed == "w" else model.v[1]).scale = scale
            fit(model, X, y, loss=mse, epochs=2, batch_size=2, rng=random.Random(0), executor=executor, progress=False)
        weights.append([p.data for p in model.parameters()])
    assert weights[0] == pytest.approx(weights[1], rel=1e-12)


def test_in_a_compiled_function(x: Any) -> None:
    x.factor = 3.0
    assert compile(lambda z: x.factor * z)(2.0) == 6.0
