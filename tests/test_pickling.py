"""pickle and copy: of a leaf, of a graph, of any depth."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, define, dot, exp, logsumexp, scope
from autograd.errors import FileError
from autograd.ops import OPERATIONS
from nn import MLP

WAYS: list[Callable[[Any], Any]] = [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
every_way = pytest.mark.parametrize("way", WAYS, ids=["deepcopy", "pickle"])


@every_way
def test_a_leaf(way: Callable[[Any], Any]) -> None:
    x = Value(2.5, label="x")
    x.grad = 3.0
    y = way(x)
    assert y is not x
    assert (y.data, y.grad, y.label, y._op, y._prev) == (2.5, 3.0, "x", "", ())


@every_way
def test_a_graph(way: Callable[[Any], Any]) -> None:
    a, b = Value(2.0, label="a"), Value(-1.0, label="b")
    with scope("inner"):
        product = dot([a, b, a], [b, 3.0, a])
    y = exp(product * a**2) + logsumexp([a, b, product]) - 2**b
    y.backward()
    z, (c, d) = way((y, (a, b)))
    assert z.data == y.data
    assert (c.grad, d.grad) == (a.grad, b.grad)
    c.grad = d.grad = 0.0
    z.backward()
    assert (c.grad, d.grad) == (a.grad, b.grad)
    assert z._prev[0]._prev[0]._op == y._prev[0]._prev[0]._op == "exp"
    inner = z._prev[0]._prev[0]._prev[0]._prev[0]
    assert (inner._op, inner.scope) == ("dot", "inner")


@every_way
def test_a_deep_graph(way: Callable[[Any], Any]) -> None:
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y * 0.5 + x
    z, copied = way((y, x))
    z.backward()
    assert copied.grad == 2.0
    assert x.grad == 0.0


@every_way
def test_a_loss_and_its_model_keep_sharing_parameters(way: Callable[[Any], Any]) -> None:
    model = MLP(2, [3, 1], "tanh")  # a ReLU may be silent
    loss = model([1.0, -2.0]) ** 2
    again, twin = way((loss, model))
    again.backward()
    loss.backward()
    assert [p.grad for p in twin.parameters()] == [p.grad for p in model.parameters()]
    assert any(p.grad for p in model.parameters())
    assert not {*twin.parameters()} & {*model.parameters()}


def test_an_operation_that_is_not_defined_is_named() -> None:
    square = define("square_pickled", lambda xp, a: a * a, lambda xp, y, a: 2.0 * a)
    content = pickle.dumps(square(Value(3.0)))
    assert pickle.loads(content).data == 9.0
    del OPERATIONS["square_pickled"]
    with pytest.raises(FileError, match="'square_pickled', which is not defined here"):
        pickle.loads(content)
