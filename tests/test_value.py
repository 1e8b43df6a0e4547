"""Value: micrograd's contract, and what may be used as a number."""

import itertools
import math
import operator
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from points import EXTREME

from autograd import Value, dot, exp, relu, tanh
from autograd.errors import InputError, MagnitudeError
from autograd.namespaces import FLOATS
from autograd.ops import ADD, DIV, DOT, MUL, NEG, POS, POW, RELU, SUB, outside

BINARY = [(operator.add, ADD), (operator.sub, SUB), (operator.mul, MUL), (operator.truediv, DIV)]


def test_micrograds_example() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()  # type: ignore[attr-defined]
    d += 3 * d + (b - a).relu()  # type: ignore[attr-defined]
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


def test_inputs_keep_order_and_multiplicity() -> None:
    a, b = Value(2.0), Value(3.0)
    assert (a * a)._prev == (a, a)
    assert (b - a)._prev == (b, a)
    assert (a**2)._prev == (a,)
    assert dot([a, b], [b, a])._prev == (a, b, b, a)
    assert a._prev == ()
    assert [x.data for x in (2 * a)._prev] == [2.0, 2.0]
    with pytest.raises((AttributeError, TypeError)):
        a._prev = ()  # type: ignore[misc]


def test_symbols() -> None:
    a = Value(0.5)
    nodes = [a, a + 1, a - 1, a * 2, a / 2, -a, a**2, a**-0.5, 2**a, a.relu(), tanh(a), exp(a)]  # type: ignore[attr-defined]
    assert [v._op for v in nodes] == ["", "+", "-", "*", "/", "neg", "**2", "**-0.5", "**", "ReLU", "tanh", "exp"]


def test_a_used_twice_receives_both_gradients() -> None:
    a = Value(3.0)
    (a * a + a).backward()
    assert a.grad == 7.0


def test_backward_twice_inner_nodes_start_anew_and_leaves_add_up() -> None:
    a = Value(3.0)
    inner = a * a
    result = inner * 2
    result.backward()
    result.backward()
    assert (a.grad, inner.grad) == (24.0, 2.0)
    a.grad = 0
    result.backward()
    assert a.grad == 12.0


def test_backward_of_a_leaf() -> None:
    a = Value(3.0)
    a.backward()
    assert a.grad == 1.0


def test_node_backward_adds_to_its_inputs() -> None:
    a, b = Value(2.0), Value(5.0)
    c = a * b
    c.grad = 3.0
    c._backward()
    c._backward()
    assert (a.grad, b.grad) == (30.0, 12.0)
    d = dot([a], [b])
    d.grad = 1.0
    d._backward()
    assert (a.grad, b.grad) == (35.0, 14.0)


def test_gradients_belong_to_the_recorded_point() -> None:
    a, b = Value(2.0), Value(3.0)
    c, d = a * b, dot([a, a], [b, b])
    a.data = 100
    (c + d).backward()
    assert (a.grad, b.grad) == (9.0, 6.0)


def test_written_out_operators_equal_their_rows_bit_for_bit() -> None:
    rng = random.Random(1)
    points = [(rng.gauss(0, 10 ** rng.uniform(-5, 5)), rng.gauss(0, 10 ** rng.uniform(-5, 5))) for _ in range(2000)]
    points += list(itertools.product((*EXTREME, math.inf, -math.inf, math.nan), repeat=2))
    for x, y in points:
        for function, row in BINARY:
            if outside(row, FLOATS, x, y):
                continue
            node = function(Value(x), Value(y))
            value = row.value(FLOATS, x, y)
            assert repr((node.data, *node._slopes)) == repr((value, *row.slopes(FLOATS, value, x, y))), (row, x, y)
        power = POW.bind(y)
        if not outside(power, FLOATS, x):
            node = Value(x) ** y
            value = power.value(FLOATS, x)
            assert (node._operation.name, node._operation.constants, node._op) == (power.name, power.constants, power.symbol)
            assert repr((node.data, *node._slopes)) == repr((value, *power.slopes(FLOATS, value, x))), (x, y)
        for unary, row in ((operator.neg, NEG), (operator.pos, POS)):
            node, value = unary(Value(x)), row.value(FLOATS, x)
            assert repr((node.data, *node._slopes)) == repr((value, *row.slopes(FLOATS, value, x)))
        silent = RELU.value(FLOATS, x)
        assert repr((relu(Value(x)).data, *relu(Value(x))._slopes)) == repr((silent, *RELU.slopes(FLOATS, silent, x)))
        inputs = [x, y, 1.5, y, x, -0.0]
        product = dot([Value(v) for v in inputs[:3]], [Value(v) for v in inputs[3:]])
        total = DOT.value(FLOATS, *inputs)
        assert repr((product.data, *product._slopes)) == repr((total, *DOT.slopes(FLOATS, total, *inputs)))


NUMBERS: list[Any] = [
    2,
    True,
    2.5,
    np.float64(2.5),
    np.float32(2.5),
    np.int64(3),
    np.uint8(3),
    np.bool_(True),
    Fraction(5, 2),
    Decimal("2.5"),
]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_real_numbers_of_every_kind_on_either_side(number: Any) -> None:
    v = Value(1.5, label="v")
    assert type(Value(number).data) is float
    for function in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for result, expected in (
            (function(v, number), function(1.5, float(number))),
            (function(number, v), function(float(number), 1.5)),
        ):
            assert type(result) is Value
            assert type(result.data) is float
            assert result.data == expected
    assert (v < number) is (1.5 < float(number))
    assert bool(number > v) is (float(number) > 1.5)
    v.data = number
    v.grad = number
    assert (v.data, v.grad) == (float(number), float(number))


NOT_NUMBERS: list[tuple[Any, str]] = [
    ("2", "float"),
    (b"2", "elements?|element"),
    (None, "NoneType"),
    (1j, "complex"),
    ([1.0], "each element"),
    ((1.0,), "each element"),
    ({}, "each element"),
    (np.array([1.0]), "each element"),
    (np.array(1.0), r"x\.item\(\)"),
]


@pytest.mark.parametrize(("thing", "message"), NOT_NUMBERS, ids=lambda x: type(x).__name__)
def test_anything_else_is_refused(thing: Any, message: str) -> None:
    v = Value(1.0)
    with pytest.raises(InputError, match=message):
        Value(thing)
    with pytest.raises(TypeError):
        v.data = thing
    with pytest.raises(TypeError):
        exp(thing)
    if not isinstance(thing, np.ndarray):  # arrays of Values are made of those
        for function in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
            with pytest.raises(TypeError):
                function(v, thing)
            with pytest.raises(TypeError):
                function(thing, v)
    assert v.data == 1.0


def test_too_large_an_integer() -> None:
    with pytest.raises(MagnitudeError, match="too large"):
        Value(10**400)
    with pytest.raises(OverflowError):
        Value(1.0) + 10**400


def test_float_and_math_are_refused_because_they_would_drop_the_gradient() -> None:
    with pytest.raises(InputError, match=r"v\.data.*autograd\.sin"):
        float(Value(1.0))
    with pytest.raises(TypeError):
        math.sin(Value(1.0))
    with pytest.raises(TypeError):
        np.array([Value(1.0)], dtype=float)
    with pytest.raises(InputError, match=r"write int\(v\.data\) for the number, or trunc\(v\)"):
        int(Value(1.0))
    for digits in ((), (2,)):
        with pytest.raises(InputError, match=r"write round\(v\.data, 4\)"):
            round(Value(1.0), *digits)


def test_a_format_shows_the_number() -> None:
    v = Value(2.0 / 3.0, label="loss")
    assert f"{v:.4f} {v:>8.1%} {v:g}" == "0.6667    66.7% 0.666667"
    assert f"{v}" == repr(v) == str(v)
    with pytest.raises(ValueError):
        f"{v:d}"


def test_identity_and_comparison() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert a <= b
    assert not a < b
    assert a >= 1
    assert 2 > a
    assert bool(a)
    assert not Value(0.0)
    assert max([a, Value(3.0), b]).data == 3.0
    with pytest.raises(TypeError):
        a < "x"


def test_sum_and_repr() -> None:
    values = [Value(float(i)) for i in range(4)]
    total = sum(values)
    assert isinstance(total, Value)
    assert total.data == 6.0
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(2.0, label="x")) == "Value(data=2.0, grad=0.0, label='x')"


@pytest.mark.parametrize("second", ["x", Value(1.0), True])
def test_a_label_is_a_keyword_argument(second: Any) -> None:
    with pytest.raises(InputError, match=r"as in Value\(2\.0, label='x'\), not .*made by hand has its inputs"):
        Value(2.0, second)


def test_value_is_final() -> None:
    with pytest.raises(TypeError, match="cannot be subclassed"):

        class Special(Value):  # type: ignore[misc]
            pass


def test_numpy_functions_and_object_arrays() -> None:
    v = Value(0.5, label="v")
    assert type(np.float64(2) * v) is Value
    assert np.exp(v)._op == "exp"  # type: ignore[call-overload]
    assert np.tanh(v)._op == "tanh"  # type: ignore[call-overload]
    array = np.array([1.0, 2.0]) * v
    assert array.dtype == object
    assert [x.data for x in array] == [0.5, 1.0]
    assert [x.data for x in v - np.array([1, 2])] == [-0.5, -1.5]
    grid = np.array([v, v])
    assert (grid @ np.array([3.0, 4.0])).data == 3.5
    assert (grid * grid).sum().data == 0.5
    assert [x._op for x in np.exp(grid)] == ["exp", "exp"]
    assert np.sum(grid).data == 1.0
    assert (np.array([0.0, 1.0]) < v).tolist() == [True, False]
    with pytest.raises(TypeError):
        np.spacing(v)  # type: ignore[call-overload]


def test_dot_takes_sequences() -> None:
    assert dot((Value(2.0),), np.array([3.0])).data == dot({2.0: "a key"}, iter([3.0])).data == 6.0
    for pair in ((Value(1.0), [1.0]), ([1.0], 2.0)):
        with pytest.raises(InputError, match="a sequence of Values and numbers is needed, not "):
            dot(*pair)


def test_dot_refuses_sequences_of_different_lengths() -> None:
    with pytest.raises(InputError, match="of 2 and 1"):
        dot([1.0, 2.0], [Value(1.0)])
    with pytest.raises(InputError, match="string"):
        dot(["1"], [Value(1.0)])
    assert dot([], []).data == 0.0


def test_what_does_not_know_values_is_asked_itself() -> None:
    class Other:
        def __gt__(self, other: object) -> str:
            return "asked"

        __lt__ = __ge__ = __le__ = __gt__

    assert [Value(1.0) < Other(), Value(1.0) <= Other(), Value(1.0) > Other(), Value(1.0) >= Other()] == ["asked"] * 4


NUMPYS = (np.float16, np.float32, np.float64, np.longdouble, np.int8, np.uint8, np.int64, np.uint64, np.bool_)


@pytest.mark.parametrize("kind", NUMPYS)
def test_numbers_of_every_type_of_numpy_on_either_side(kind: Any) -> None:
    number, v = kind(1), Value(3.0)
    assert [bool(x) for x in (number < v, v < number, number >= v, v >= number)] == [True, False, False, True]
    for x in (number + v, v + number, number * v + 1.0, v / number + 1.0):
        assert isinstance(x, Value)
        assert x.data == 4.0
    array = np.array([1, 0], dtype=kind)
    assert (array < v).tolist() == [True, True]
    assert [x.data for x in array + v] == [4.0, 3.0]
    for compare in (operator.eq, operator.ne):
        for pair in ((number, v), (v, number)):
            with pytest.raises(InputError, match="same node"):
                compare(*pair)


def test_attributes_cannot_be_deleted() -> None:
    v = Value(1.0)
    for name in ("data", "grad", "label"):
        for delete in (delattr, lambda v, name: getattr(Value, name).__delete__(v)):
            with pytest.raises(AttributeError, match=f"property '{name}' of 'Value' object has no deleter"):
                delete(v, name)
    assert (v.data, v.grad, v.label) == (1.0, 0.0, "")
