"""The op table as functions and methods, under our names and NumPy's."""

import math
import re
from typing import Any

import numpy as np
import pytest
from points import ROWS

import autograd as ag
from autograd import Value
from autograd._runtime.coercion import number_of
from autograd.errors import InputError
from autograd.functions import METHODS
from autograd.ops import OPERATIONS

UNARY = [
    "arcsin",
    "arccos",
    "arctan",
    "arcsinh",
    "arctanh",
    "exp",
    "expm1",
    "log1p",
    "sqrt",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
]


@pytest.mark.parametrize("name", UNARY)
def test_numpys_names_on_values_and_object_arrays(name: str) -> None:
    function = getattr(np, name)
    expected = pytest.approx(function(0.3), rel=1e-15)
    assert function(Value(0.3)).data == expected
    assert [x.data for x in function(np.array([Value(0.3), Value(0.3)]))] == [expected, expected]
    assert getattr(Value(0.3), name)().data == expected


def test_numpys_functions_of_two_inputs() -> None:
    a, b = np.array([Value(3.0), Value(-7.5)]), np.array([4.0, 2.0])
    assert [x.data for x in np.hypot(a, b.astype(object))] == [5.0, math.hypot(7.5, 2.0)]
    assert [x.data for x in np.arctan2(a, b.astype(object))] == [math.atan2(3.0, 4.0), math.atan2(-7.5, 2.0)]
    assert [x.data for x in np.remainder(a, b)] == [3.0, 0.5]
    assert [x.data for x in abs(a)] == [x.data for x in np.abs(a)] == [3.0, 7.5]
    assert [x.data for x in np.fmod(a, b)] == [3.0, -1.5]
    assert [x.data for x in np.floor(a)] == [3.0, -8.0]
    assert [x.data for x in np.trunc(a)] == [3.0, -7.0]
    assert [np.copysign(Value(3.0), -0.0).data, np.logaddexp(Value(0.0), 0.0).data] == [-3.0, math.log(2.0)]
    assert [math.trunc(Value(-2.5)).data, math.floor(Value(-2.5)).data] == [-2.0, -3.0]
    assert [x.data for x in np.ceil(a)] == [3.0, -7.0]
    assert np.maximum(Value(2.0), 3.0).data == 3.0
    assert np.absolute(Value(-2.0)).data == 2.0
    assert [np.square(Value(-3.0)).data, np.reciprocal(Value(4.0)).data, np.conjugate(Value(4.0)).data] == [9.0, 0.25, 4.0]
    assert [np.var(a).data, np.std(a).data] == pytest.approx([5.25**2, 5.25])
    tie = Value(1.0), Value(1.0)
    assert np.maximum(np.array([tie[0]]), np.array([tie[1]]))[0] in tie  # NumPy picks one of two: its derivative is 1, not ½


def test_scipys_functions_and_ours() -> None:
    special = pytest.importorskip("scipy.special")
    for ours, theirs, x in [
        *((ag.lgamma, special.gammaln, 4.25), (ag.digamma, special.psi, 4.25), (ag.digamma, special.digamma, -4.25)),
        *((ag.erfinv, special.erfinv, -0.7), (ag.ndtr, special.ndtr, -1.25), (ag.log_ndtr, special.log_ndtr, -30.0)),
    ]:
        assert theirs(Value(x)).data == ours(x) == pytest.approx(theirs(x), rel=1e-14)
    for n, x in ((0, 0.75), (1, 0.75), (2, -0.75), (3, 30.0), (20, 1.5), (100, 7.25)):
        assert ag.polygamma(n, x) == pytest.approx(float(special.polygamma(n, x)), rel=1e-13)
    assert [ag.fmod(-7.5, 2.0), ag.copysign(2.0, -0.0), ag.trunc(-1.5)] == [np.fmod(-7.5, 2.0), np.copysign(2.0, -0.0), np.trunc(-1.5)]


@pytest.mark.parametrize("n", [-1, 101, 1.0, 2.5, Value(1.0), "1", None, True])
def test_orders_of_polygamma_are_whole_numbers(n: Any) -> None:
    with pytest.raises(InputError, match=f"polygamma\\(n, x\\) needs a whole number n from 0 to 100, .* not n = {re.escape(repr(n))}"):
        ag.polygamma(n, Value(2.0))


def test_the_order_of_a_derivative_is_no_input() -> None:
    x = Value(2.0)
    y = ag.polygamma(np.int64(2), x)
    assert (y._op, y._prev, y._operation.constants) == ("polygamma", (x,), (2.0,))
    assert ag.polygamma(0, x)._op == "digamma"
    assert ag.grad(lambda x: ag.polygamma(100, x))(2.0) == ag.functions.call(OPERATIONS["polygamma"], 2.0, 101.0)
    with pytest.raises(InputError, match=r"polygamma has no derivative with respect to its last input: pass a number, not Value\(data=1.0"):
        ag.functions.call(OPERATIONS["polygamma"], x, Value(1.0))


def test_what_numpy_has_and_values_have_not() -> None:
    for call in (lambda: np.isnan(Value(1.0)), lambda: np.logaddexp2(Value(1.0), 2.0)):
        with pytest.raises(InputError, match=r"there is no np\.(\w+) of a Value: .* or np\.\1\(v\.data\) for the number"):
            call()
    with pytest.raises(TypeError, match="output"):  # and not the result without it
        np.sin(Value(1.0), out=np.zeros(1))


def test_methods_are_the_functions() -> None:
    for function in METHODS:
        assert getattr(Value, function.__name__) is function
        assert getattr(ag, function.__name__) is function
    assert Value(-2.0).leaky_relu(0.5).data == -1.0  # type: ignore[attr-defined]
    assert Value(5.0).clip(0.0, 1.0).data == 1.0  # type: ignore[attr-defined]
    assert abs(Value(-2.0)).data == 2.0
    assert math.floor(Value(2.5)).data == 2.0  # type: ignore[arg-type]


def test_functions_are_documented_from_their_rows() -> None:
    assert [row.name for row in ROWS if not row.doc] == []
    assert ag.log.__doc__ == "log(a): the natural logarithm.\n\nDefined for a > 0; elsewhere a DomainError or PoleError."
    assert repr(OPERATIONS["pow"].bind(2.0)) == "<operation pow(2.0,)>"


def test_numbers_in_a_number_out() -> None:
    assert ag.sum([1, 2.5]) == 3.5
    assert type(ag.sqrt(4)) is float
    assert ag.pow(2, 10) == 1024.0
    assert ag.logsumexp([0.0, 0.0]) == math.log(2.0)
    assert ag.sum([Value(1.0), 2.0]).data == 3.0


def test_a_nan_has_no_largest() -> None:
    for logits in ([math.nan], [math.nan, 1.0], [1.0, Value(math.nan)], [Value(1.0), 3.0, math.nan]):
        assert [math.isnan(x) for x in ag.hardmax(logits)] == [True] * len(logits)
        assert [math.isnan(number_of(x)) for x in ag.softmax(logits)] == [True] * len(logits)


def test_hardmax_and_softmax() -> None:
    assert ag.hardmax([Value(0.1), 10.0, 10.0]) == [0.0, 1.0, 0.0]
    assert math.fsum(ag.softmax([0.1, 10.0, 0.1])) == pytest.approx(1.0, rel=1e-15)
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    p = ag.softmax(x)
    p[0].backward()
    assert [v.grad for v in x] == pytest.approx([p[0].data * ((i == 0) - p[i].data) for i in range(3)], rel=1e-14)
    for function in (ag.softmax, ag.log_softmax, ag.hardmax):
        with pytest.raises(InputError, match="at least one logit"):
            function([])


def test_bad_calls() -> None:
    with pytest.raises(InputError, match=re.escape("write where(v > 0, …)")):
        ag.where(Value(1.0), 1.0, 2.0)
    with pytest.raises(InputError, match='"none" or "tanh"'):
        ag.gelu(1.0, approximate="fast")
    with pytest.raises(TypeError):
        ag.exp(1.0, 2.0)
    with pytest.raises(InputError, match="takes 2 inputs, not 1"):
        ag.hypot(1.0)
    with pytest.raises(InputError, match=r"write \.data"):
        Value(Value(1.0))
    with pytest.raises(TypeError):
        pow(Value(2.0), 2, 5)
    for function in (ag.sum, ag.logsumexp, ag.softmax, ag.log_softmax, ag.hardmax):
        with pytest.raises(InputError, match=r"takes a sequence of Values and numbers, as in \[a, b\], not a Value"):
            function(Value(1.0))
    with pytest.raises(AttributeError, match="no operation of that name"):
        ag.functions.GRAPHS.fft
