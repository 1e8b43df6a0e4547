"""The contract of Value at random: numbers of all kinds, interruptions at any moment, copies of any graph."""

import copy
import math
import pickle
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from growing import grow, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value

FINITE = st.floats(-1e6, 1e6)
SCALARS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.booleans(),
    FINITE,
    st.fractions(-1000, 1000, max_denominator=999),
    st.decimals(-1000, 1000, places=3),
    FINITE.map(np.float64),
    st.floats(-1000, 1000, width=32).map(np.float32),
    st.integers(-100, 100).map(np.int8),
    st.integers(0, 10**6).map(np.uint32),
    st.booleans().map(np.bool_),
)
OPERATORS = st.sampled_from(["__add__", "__sub__", "__mul__", "__truediv__"])
PROGRAMS = st.builds(lambda rng, steps: grow(rng, 3, steps, sharing=0.4), st.randoms(use_true_random=False), st.integers(1, 60))
POINTS = st.tuples(*[st.floats(-2.0, 2.0)] * 3)


def symbol(name: str) -> Any:
    return {"__add__": lambda a, b: a + b, "__sub__": lambda a, b: a - b, "__mul__": lambda a, b: a * b, "__truediv__": lambda a, b: a / b}[
        name
    ]


settings.register_profile("unhurried", deadline=None)  # a busy machine makes no test fail
settings.load_profile("unhurried")


@given(FINITE, SCALARS, OPERATORS)
def test_numbers_on_either_side_are_what_floats_are(x: float, number: Any, operator: str) -> None:
    f = symbol(operator)
    assume(float(number) != 0.0 and x != 0.0)
    v = Value(x)
    for result, expected in ((f(v, number), f(x, float(number))), (f(number, v), f(float(number), x))):
        assert type(result) is Value
        assert repr(result.data) == repr(expected)
    assert (v < number) == (x < float(number))
    assert (number <= v) == (float(number) <= x)


@given(st.lists(FINITE, min_size=1, max_size=5), FINITE, OPERATORS)
def test_arrays_on_either_side_give_arrays_of_values(numbers: list[float], x: float, operator: str) -> None:
    assume(all(abs(n) > 1e-9 for n in (x, *numbers)))  # NumPy warns of an overflow in its arrays, also of objects
    f = symbol(operator)
    array, v = np.array(numbers), Value(x)
    for result, expected in ((f(array, v), [f(n, x) for n in numbers]), (f(v, array), [f(x, n) for n in numbers])):
        assert result.dtype == object
        assert [r.data for r in result] == expected
    objects = np.array([Value(n) for n in numbers])
    assert f(objects, array).sum().data == pytest.approx(math.fsum(f(n, n) for n in numbers), rel=1e-9, abs=1e-3)


@given(PROGRAMS, POINTS)
def test_copies_of_any_graph_have_the_same_gradients(program: Any, point: tuple[float, ...]) -> None:
    leaves = [Value(x) for x in point]
    result = run(program, leaves, autograd)
    result.backward()
    for twin, twins in (copy.deepcopy((result, leaves)), pickle.loads(pickle.dumps((result, leaves)))):
        for leaf in twins:
            leaf.grad = 0.0
        twin.backward()
        assert [leaf.grad for leaf in twins] == [leaf.grad for leaf in leaves]
        assert twin.data == result.data


@pytest.mark.skipif(autograd.NATIVE, reason="Ctrl-C arrives after a native backward has returned")
@given(PROGRAMS, POINTS, st.floats(0.0, 1.0))
def test_ctrl_c_at_any_moment_of_backward(program: Any, point: tuple[float, ...], moment: float) -> None:
    leaves = [Value(x) for x in point]
    result = run(program, leaves, autograd)
    result.backward()
    expected = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 7.0
    lines = 0
    stop = math.inf

    def trace(frame: Any, event: str, arg: object) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.endswith(("value.py", "graph.py")):
            return None
        lines += event == "line"
        if lines > stop:
            raise KeyboardInterrupt
        return trace

    tracer = sys.gettrace()
    try:
        sys.settrace(trace)
        result.backward()
        sys.settrace(tracer)
        for leaf in leaves:
            leaf.grad = 7.0
        stop, lines = moment * lines - 3.0, 0  # the last lines have nothing left to do
        sys.settrace(trace)
        result.backward()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(tracer)
    assert [leaf.grad for leaf in leaves] in ([7.0] * 3, [7.0 + g for g in expected])
    for leaf in leaves:
        leaf.grad = 0.0
    result.backward()
    assert [leaf.grad for leaf in leaves] == expected


def test_what_the_strategies_draw() -> None:
    assert Value(Fraction(1, 4)).data == Value(Decimal("0.25")).data == 0.25
