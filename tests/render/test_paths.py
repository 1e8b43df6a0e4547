"""The gradient as a sum over paths."""

import math
import random
from itertools import islice

import pytest
from growing import grow, run

import autograd
from autograd import Value, compile, dot, exp, log, relu, sigmoid, sqrt, tanh
from autograd.errors import CompileError, InputError, MagnitudeError
from autograd.graph import topological_order
from autograd.render.formula.paths import counted, paths


@pytest.mark.seed("E6")
@pytest.mark.parametrize("seed", range(40))
def test_the_sum_over_all_paths_is_the_gradient(seed):
    rng = random.Random(seed)
    inputs = [Value(rng.uniform(-2.0, 2.0)) for _ in range(3)]
    root = run(grow(rng, 3, 9, 0.4), inputs, autograd)
    root.backward()
    for node in topological_order(root):
        result = paths(root, node)
        listed = list(result)
        assert len(listed) == len(result) == result.count
        assert len({tuple(map(id, path.nodes)) for path in listed}) <= len(listed)
        for path in listed:
            assert path.nodes[0] is node
            assert path.nodes[-1] is root
            assert len(path.slopes) == len(path.nodes) - 1
            for a, b, slope in zip(path.nodes, path.nodes[1:], path.slopes, strict=False):
                assert (a, slope) in zip(b._prev, b._slopes, strict=True)
        assert result.sum() == pytest.approx(node.grad, rel=1e-9, abs=1e-12)


def test_the_last_layers_of_backpropagation():
    """Each weight of a 2-2-1 network: those before the hidden layer have one path a weight behind it."""
    x = [Value(0.5, label="x1"), Value(-1.5, label="x2")]
    hidden = [[Value(w) for w in row] for row in ((0.3, -0.8), (1.1, 0.4))]
    last = [Value(0.7), Value(-0.2)]
    a = [sigmoid(dot(row, x)) for row in hidden]
    out = sigmoid(dot(last, a))
    y = Value(1.0)
    cost = -(y * log(out) + (1 - y) * log(1 - out))
    cost.backward()
    assert [paths(cost, w).count for w in last] == [2, 2]  # y log a, and (1 - y) log(1 - a)
    assert [paths(cost, w).count for row in hidden for w in row] == [2] * 4
    assert [paths(cost, v).count for v in x] == [4, 4]
    delta = out.data - y.data
    for j, w in enumerate(last):
        assert paths(cost, w).sum() == pytest.approx(delta * a[j].data) == pytest.approx(w.grad)
        for k, v in enumerate(hidden[j]):
            assert paths(cost, v).sum() == pytest.approx(delta * w.data * a[j].data * (1 - a[j].data) * x[k].data)


def test_a_node_twice_is_two_paths():
    a = Value(3.0, label="a")
    result = paths(a * a, a)
    assert result.count == 2
    assert [path.product for path in result] == [3.0, 3.0]
    assert paths(dot([a, a], [a, a]), a).count == 4


def test_they_come_in_the_order_of_the_inputs_and_again():
    x, y = Value(2.0, label="x"), Value(5.0)
    root = (x * y + x) * x
    result = paths(root, x)
    assert [path.slopes for path in result] == [(5.0, 1.0, 2.0), (1.0, 2.0), (12.0,)]
    assert [path.product for path in result] == [10.0, 2.0, 12.0]
    assert list(map(repr, result)) == list(map(repr, result))


def test_from_a_node_on_the_way():
    x = Value(2.0)
    h = exp(x)
    result = paths(h * h + x, h)
    assert result.count == 2
    assert [path.nodes[0] for path in result] == [h, h]
    assert result.sum() == pytest.approx(2.0 * h.data)


def test_from_the_root_itself():
    x = Value(2.0, label="x")
    (path,) = paths(x, x)
    assert (path.nodes, path.slopes, path.product) == ((x,), (), 1.0)
    assert repr(path) == "x: 1"
    assert paths(x, x).sum() == 1.0


def test_none():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    result = paths(x * x, y)
    assert (len(result), result.count, bool(result), list(result), result.sum()) == (0, 0, False, [], 0.0)
    assert repr(result) == "<0 paths from y to *>"


def test_more_than_can_be_listed_are_counted():
    x = Value(1.0, label="x")
    y = x
    for _ in range(500):
        y = y + y
    result = paths(y, x)
    assert result.count == 2**500
    assert result
    assert repr(result) == "<about 10^151 paths from x to +>"
    with pytest.raises(MagnitudeError, match=r"len\(\) cannot count about 10\^151 paths: read \.count"):
        len(result)
    assert [path.product for path in islice(result, 3)] == [1.0] * 3
    for _ in range(15_000):
        y = y + y
    assert repr(paths(y, x)) == "<about 10^4666 paths from x to +>"  # a number that Python refuses to write


def test_the_sum_needs_one_pass_over_the_graph():
    """It does not walk along all of the 2^200 paths."""
    x = Value(0.3, label="x")
    y = x
    for i in range(200):
        y = tanh(y) + y * 0.1 if i % 2 else y + y * y * 0.01
    y.backward()
    result = paths(y, x)
    assert result.count > 2**200
    assert result.sum() == x.grad
    assert next(iter(result)).nodes[0] is x
    assert not list(paths(x, y))


def test_the_sum_is_that_of_backward_to_the_last_bit():
    rng = random.Random(3)
    inputs = [Value(rng.uniform(-2.0, 2.0)) for _ in range(3)]
    root = run(grow(rng, 3, 60, 0.4), inputs, autograd)
    root.backward()
    assert [paths(root, node).sum() for node in topological_order(root)] == [node.grad for node in topological_order(root)]


def test_what_is_not_selected_adds_nothing():
    x = Value(-1.0)
    y = sqrt(relu(x))
    y.backward()
    (path,) = paths(y, x)
    assert path.slopes == (0.0, math.inf)
    assert path.product == paths(y, x).sum() == x.grad == 0.0


def test_within_a_function_that_is_recorded():
    x = Value(2.0)
    square = x * x
    with pytest.raises(CompileError, match=r"paths was called while a function was recorded.*frozen.*use grad\(f\)"):
        compile(lambda a: a * paths(a * a, a).sum())(3.0)
    assert paths(square, x).sum() == 4.0


def test_what_does_not_lead_to_the_leaf_is_not_searched():
    x, other = Value(1.0), Value(1.0)
    for _ in range(200):
        other = other + other
    assert [path.product for path in paths(other + x * 2.0, x)] == [2.0]


def test_a_deep_graph():
    x = Value(0.5, label="x")
    y = x
    for _ in range(50_000):
        y = y * 1.0
    (path,) = paths(y, x)
    assert len(path.nodes) == 50_001
    assert repr(path) == "x → * → * → * → * → * → … (49,994 more) … → *: product = 1"


def test_how_a_path_is_written():
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5)
    z = x * w
    loss = tanh(z + b) ** 2
    loss.label = "L"
    assert repr(paths(loss, b)) == "<1 path from 6.5 to L>"
    (path,) = paths(loss, x)
    assert repr(path) == "x → * → + → tanh → L: −3 · 1 · 0.78645 · 0.92423 = −2.1806"
    z.label = "z"
    assert repr(next(iter(paths(loss, w)))).startswith("w → z → + → tanh → L: 2 · 1 · ")
    assert repr(next(iter(paths(-(x * 2.0) * -1.0, x)))) == "x → * → neg → *: 2 · (−1) · (−1) = 2"


def test_counted():
    assert [counted(n) for n in (0, 1, 2, 1000)] == ["0 paths", "1 path", "2 paths", "1,000 paths"]


def test_infinite_slopes_add_up_as_in_backward():
    x = Value(0.0)
    y = x**0.5 - x**0.5
    y.backward()
    assert math.isnan(x.grad)
    assert math.isnan(paths(y, x).sum())
    x = Value(0.0)
    y = x**0.5 + x**0.5
    assert paths(y, x).sum() == math.inf
    x = Value(1.0)
    y = x * 1e308 + x * 1e308 - x * 1e308
    y.backward()
    assert x.grad == paths(y, x).sum() == 1e308


def test_nothing_changes():
    x = Value(2.0, label="x")
    y = x * x + x
    y.backward()
    before = [(node.data, node.grad, node.label, node._prev, node._slopes) for node in topological_order(y)]
    list(paths(y, x))
    assert [(node.data, node.grad, node.label, node._prev, node._slopes) for node in topological_order(y)] == before


@pytest.mark.parametrize("arguments", [(2.0, Value(1.0)), (Value(1.0), "x")])
def test_errors(arguments):
    with pytest.raises(
        InputError, match=r"paths needs two Values, and (root is of type float|leaf is of type str): write paths\(loss, x\)"
    ):
        paths(*arguments)
