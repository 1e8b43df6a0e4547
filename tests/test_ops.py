"""Every row of the op table, in every namespace, to the second order. A new row is tested on arrival."""

import itertools
import math

import numpy as np
import pytest
from points import EXTREME, NOT_FINITE, ROWS, points

from autograd import Value, check_gradients, define, grad
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.errors import DefinitionError, InputError
from autograd.functions import GRAPHS, call
from autograd.namespaces import FLOATS, FUNCTIONS
from autograd.ops import DIV, MUL, OPERATIONS, POW, WHERE, Operation, outside
from autograd.value import apply

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
ORDINARY_AND_EXTREME = {row.name: points(row) + points(row, EXTREME) for row in ROWS}
NOT_FINITE_TOO = {row.name: points(row, EXTREME[:8] + NOT_FINITE) for row in ROWS}


def same(a: float, b: float, ulps: int = 0) -> bool:
    """Equal, both nan, or within some units in the last place."""
    if a == b or (a != a and b != b):
        return True
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= ulps * math.ulp(max(abs(a), abs(b)))


@every_row
def test_floats_arrays_and_values_agree(row: Operation) -> None:
    with np.errstate(all="ignore"):
        for point in ORDINARY_AND_EXTREME[row.name] + NOT_FINITE_TOO[row.name]:
            y = row.value(FLOATS, *point)
            slopes = row.slopes(FLOATS, y, *point)
            batch = [np.array([x, x]) for x in point]
            y_batch = np.broadcast_to(row.value(ARRAYS, *batch), 2)
            assert same(y, y_batch[1], ulps=4), (point, y, y_batch)
            inputs = [Value(x) for x in point]
            node = apply(row, inputs)
            assert same(node.data, y)
            assert all(map(same, node._slopes, slopes)), (point, node._slopes, slopes)
            graphs = row.slopes(GRAPHS, node, *inputs)
            for slope, of_batch, of_graph in zip(slopes, row.slopes(ARRAYS, y_batch, *batch), graphs, strict=True):
                assert same(slope, np.broadcast_to(of_batch, 2)[1], ulps=16), (point, slope, of_batch)
                assert same(slope, of_graph.data if isinstance(of_graph, Value) else of_graph), (point, slope, of_graph)


@pytest.mark.parametrize("row", [row for row in ROWS if row.domain or row.pole], ids=lambda row: row.name)
def test_floats_and_arrays_agree_outside_of_the_domain(row: Operation) -> None:
    """Arrays continue with inf or nan: a comparison takes the same branch while recording, on floats, and in a run."""
    candidates = EXTREME + NOT_FINITE
    for point in itertools.product(candidates, repeat=row.arity or 2):
        with np.errstate(all="ignore"):
            of_arrays = np.broadcast_to(row.value(ARRAYS, *[np.array([x, x]) for x in point]), 2)
        assert same(row.value(FLOATS, *point), of_arrays[1], ulps=4), point


@every_row
def test_first_and_second_derivatives_agree_with_numeric_ones(row: Operation) -> None:
    for point in points(row):
        wrong = [c for c in check_gradients(lambda *a: call(row, *a), point, order=2) if c.verdict == "disagrees"]
        assert not wrong, (point, [str(c) for c in wrong])


@every_row
def test_backward_equals_the_gradient_of_the_graph(row: Operation) -> None:
    for point in points(row):
        outer = [Value(x) for x in point]  # makes grad build the graph of the derivative
        by_graph = grad(lambda *a: call(row, *a), argnums=tuple(range(len(point))))(*outer)
        by_numbers = grad(lambda *a: call(row, *a), argnums=tuple(range(len(point))))(*point)
        assert [g.data if isinstance(g, Value) else g for g in by_graph] == list(by_numbers)


@every_row
def test_rules_never_raise_and_slopes_are_numbers(row: Operation) -> None:
    """Rules are total: outside the domain they give nan or inf, never an exception."""
    candidates = EXTREME + NOT_FINITE
    for a in candidates:
        for b in candidates if (row.arity or 2) > 1 else (0.0,):
            point = {1: (a,), 2: (a, b), 3: (a, b, 1.0), None: (a, b, b, a)}[row.arity]
            y = row.value(FLOATS, *point)
            assert isinstance(y, (int, float))
            assert all(isinstance(slope, (int, float)) for slope in row.slopes(FLOATS, y, *point))


@every_row
def test_a_nan_input_passes_through(row: Operation) -> None:
    for point in points(row)[:3]:
        broken = (math.nan, *point[1:])
        if row is WHERE:
            continue  # a nan is not 0, so it selects
        assert math.isnan(call(row, *broken))


def test_second_derivatives_at_extremes_are_not_nan() -> None:
    for name in ("tanh", "sigmoid", "exp", "relu"):
        for x in (0.0, 700.0, -700.0, -1000.0, 20.0):
            assert not math.isnan(grad(grad(lambda v, name=name: call(OPERATIONS[name], v)))(x)), (name, x)


def test_namespaces_have_the_same_functions() -> None:
    for name in FUNCTIONS:
        assert callable(getattr(FLOATS, name))
        assert callable(getattr(ARRAYS, name))


def test_bound_operations_are_the_same_object() -> None:
    assert POW.bind(2.0) is POW.bind(2.0)
    assert POW.bind(2.0) is not POW.bind(3.0)
    assert POW.bind(0.0) is not POW.bind(-0.0)
    assert POW.bind(math.nan) is POW.bind(math.nan)
    assert POW.bind(2.0).symbol == "**2"
    assert POW.bind(-0.5).symbol == "**-0.5"
    for n in range(3000):  # a schedule of exponents does not grow without bound
        POW.bind(n + 0.5)
    assert len(POW._bound) <= 1001
    with pytest.raises(DefinitionError, match="2 inputs"):
        POW.bind(1.0, 2.0)


def test_outside_is_a_pole_or_the_complement_of_the_domain() -> None:
    assert outside(DIV, FLOATS, 1.0, 0.0)
    assert not outside(DIV, FLOATS, 1.0, math.nan)
    assert outside(OPERATIONS["log"], FLOATS, 0.0)
    assert not outside(OPERATIONS["log"], FLOATS, math.nan)
    assert outside(OPERATIONS["log"], ARRAYS, np.array([-1.0, 0.0, 1.0, math.nan])).tolist() == [True, True, False, False]
    assert not outside(MUL, FLOATS, math.inf, 0.0)


def test_define_refuses_what_cannot_work() -> None:
    with pytest.raises(DefinitionError, match="already"):
        define("mul", lambda xp, a: a, lambda xp, y, a: 1.0)
    with pytest.raises(DefinitionError, match="identifier"):
        define("not a name", lambda xp, a: a, lambda xp, y, a: 1.0)
    for name in ("lambda", 3):
        with pytest.raises(DefinitionError, match=f"identifier, not {name!r}"):
            define(name, lambda xp, a: a, lambda xp, y, a: 1.0)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="derivative rule"):
        define("no_derivative", lambda xp, a: a)
    for rules, domain in (((3.0, lambda xp, y, a: 1.0), None), ((abs, 1.0), None), ((abs, abs), 2.0)):
        with pytest.raises(DefinitionError, match=r"every rule must be a function, as in .*, not \d.0"):
            define("no_derivative", *rules, domain=domain)  # type: ignore[arg-type]
    assert "no_derivative" not in OPERATIONS


def test_wrong_number_of_inputs() -> None:
    with pytest.raises(InputError, match="takes 2 inputs, not 3"):
        call(MUL, 1.0, 2.0, Value(3.0))
