"""compile(function): at every sample what eager code computes, with its gradients, its branches and its errors."""

import contextlib
import functools
import importlib.util
import itertools
import math
import random
import threading
import warnings
from collections import Counter, namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from points import EXTREME, NOT_FINITE, ROWS, points
from test_special_points import DOMAINS

import autograd
from autograd import Value, compile, dot, exp, grad, hessian, jacobian, jvp, log, relu, sin, sqrt, tanh, where
from autograd.compiled.api.arguments import split
from autograd.compiled.api.call import SHORTCUTS
from autograd.compiled.api.function import Function
from autograd.compiled.api.specialisations import BRANCHES
from autograd.compiled.ir import Code, Matmul, Scalars, check
from autograd.errors import AutogradError, CompileError, DomainError, InputError, PoleError
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.ops import MUL, Operation, outside
from autograd.recording import drawn, recorder
from nn import MLP, Layer, Linear

NATIVE = pytest.param("native", marks=pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="needs numba"))


@pytest.fixture(params=["numpy", NATIVE])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def codes(function: Function) -> list[Code]:
    """The programs that were recorded so far."""
    return [branch.code for branch in function.specialisations]


def flat(tree: Any) -> Any:
    """All numbers of a result, in one array."""
    arrays, _ = split(tree, "the result")
    return np.concatenate([np.ravel(array) for array in arrays]) if arrays else np.zeros(0)


def sample(tree: Any, i: int) -> Any:
    """One sample of an argument, or of a gradient, that has a batch axis."""
    arrays, build = split(tree, "the argument")
    return build([array[i] if array.ndim > 1 else float(array[i]) for array in arrays])


def same(f: Callable[..., Any], *args: Any, in_axes: Any = None, executor: str = "auto", tolerance: float = 1e-12) -> Function:
    """The function, compiled, after everything it gives was compared with eager code at every sample."""
    axes = in_axes if isinstance(in_axes, tuple) else (0 if in_axes is None else in_axes,) * len(args)
    compiled = compile(f, in_axes=in_axes, executor=executor)
    value, gradients = compiled.value_and_grad(*args)
    n = len(value)
    eager = autograd.value_and_grad(f, argnums=tuple(range(len(args))))
    points = [[sample(x, i) if axis == 0 else x for x, axis in zip(args, axes, strict=True)] for i in range(n)]
    expected = [eager(*point) for point in points]
    close = functools.partial(np.testing.assert_allclose, rtol=tolerance, atol=tolerance)
    close(value, [y for y, _ in expected])
    close(compiled(*args), value)
    for i, (_, slopes) in enumerate(expected):
        for found, slope in zip(gradients, slopes, strict=True):
            close(flat(sample(found, i)), flat(slope))
    total, summed = compiled.value_and_grad(*args, reduce="sum")
    mean, averaged = compiled.value_and_grad(*args, reduce="mean")
    close([total, n * mean], [sum(y for y, _ in expected)] * 2)
    for k, axis in enumerate(axes):
        each = [flat(slopes[k]) for _, slopes in expected]
        by_sample = [flat(sample(summed[k], i)) for i in range(n)] if axis == 0 else flat(summed[k])
        close(by_sample, each if axis == 0 else np.sum(each, axis=0))
        close(n * flat(averaged[k]), flat(summed[k]))
    rng = np.random.default_rng(0)
    directions = [build([rng.normal(size=array.shape) for array in arrays]) for arrays, build in (split(x, "the argument") for x in args)]
    moved = compiled.jvp(args, directions)[1]
    for i, point in enumerate(points):
        direction = [sample(d, i) if axis == 0 else d for d, axis in zip(directions, axes, strict=True)]
        close(moved[i], autograd.jvp(f, point, direction)[1])
    for code in codes(compiled):
        check(code)
    return compiled


def recorded(f: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    """The function, and a list that grows by one element at each run of its own code, but for those that compare it with an earlier run."""
    runs: list[int] = []

    @functools.wraps(f)
    def counted(*args: Any) -> Any:
        now = recorder()
        if now is None or now.answers is None:
            runs.append(1)
        return f(*args)

    return counted, runs


def ulps(found: float, exact: float, term: float = 0.0) -> float:
    """The distance in units in the last place; of a sum that may cancel, in those of the term."""
    if found == exact or (found != found and exact != exact):
        return 0.0 if math.copysign(1.0, found) == math.copysign(1.0, exact) or found != 0.0 else 1.0
    unit = math.ulp(max(abs(exact), abs(term)))
    return abs(found - exact) / unit if math.isfinite(found) and math.isfinite(exact) else math.inf


# -- the op table -------------------------------------------------------------------------------------------------------


def batches(row: Operation) -> list[list[tuple[float, ...]]]:
    """All points of a row, ordinary and special, inside the domain and outside, in batches of one number of inputs."""
    if row.arity is None:
        return [[point] for point in points(row)] + [list(points(row, EXTREME[:10] + NOT_FINITE))]
    special = (EXTREME if row.arity < 3 else EXTREME[:8]) + NOT_FINITE
    return [points(row) + list(itertools.product(special, repeat=row.arity))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_at_ordinary_and_special_points_at_once(row: Operation, executor: str) -> None:
    for batch in batches(row):
        f = compile(lambda *inputs: call(row, *inputs), executor=executor)
        columns = [np.array(column) for column in zip(*batch, strict=True)]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value, gradients = f.value_and_grad(*columns)
        beyond = 0
        for i, point in enumerate(batch):
            if outside(row, FLOATS, *point):
                beyond += 1
                assert not math.isfinite(value[i]), point
                continue
            inputs = [Value(x) for x in point]
            eager = call(row, *inputs)
            eager.backward()
            assert ulps(value[i], eager.data) <= 4.0, (point, value[i], eager.data)
            cancels = row.name in ("silu", "gelu", "gelu_tanh") and point[0] != 0.0 and math.isfinite(point[0])
            term = eager.data / point[0] if cancels else 0.0  # their slope is Φ + a Φ'
            for x, slopes in zip(inputs, gradients, strict=True):
                assert ulps(slopes[i], x.grad, term) <= 4.0, (point, slopes[i], x.grad)
        messages = [str(warning.message) for warning in caught]
        assert messages == ([f"{row.name} needs {row.requires}: {beyond:,} of {len(batch):,} elements are outside"] if beyond else [])
        assert all(warning.category is RuntimeWarning and warning.filename == __file__ for warning in caught)


@pytest.mark.parametrize("row", [row for row in ROWS if row.domain or row.pole], ids=lambda row: row.name)
def test_scalar_calls_raise_what_eager_code_raises(row: Operation, executor: str) -> None:
    inside, beyond = DOMAINS[row.name]
    f = {1: lambda a: call(row, a), 2: lambda a, b: call(row, a, b), 3: lambda a, b, c: call(row, a, b, c)}[row.arity or 0]
    for point in beyond:
        with pytest.raises((DomainError, PoleError)) as eager:
            f(*[Value(x, label=name) for x, name in zip(point, "abc", strict=False)])
        compiled = compile(f, executor=executor)
        for first in ((), inside[0]):  # while it is recorded, and when it runs
            if first:
                compiled(*first)
            with pytest.raises(type(eager.value)) as found:
                compiled(*point)
            assert str(found.value) == str(eager.value)


def test_numpy_decides_about_elements_outside(executor: str) -> None:
    f = compile(lambda x: log(x) + 1.0, executor=executor)
    numbers = [2.0, -1.0, 0.0, 1.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 4 elements are outside"):
        value, (gradient,) = f.value_and_grad(numbers)
    assert value[[0, 3]].tolist() == [math.log(2.0) + 1.0, 1.0]
    assert gradient[[0, 3]].tolist() == [0.5, 1.0]
    assert not np.isfinite(value[1:3]).any()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(f(numbers), value)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="log needs a > 0: 2 of 4"):
        f(numbers)
    with pytest.warns(RuntimeWarning, match="4 of 4 elements are outside"):  # whichever is recorded first
        compile(lambda x, y: x * log(y), executor=executor)(numbers, -1.0)


def test_a_pole_is_reported_though_the_result_is_finite_again(executor: str) -> None:
    f = compile(lambda x: exp(-1 / x**2), executor=executor)
    with pytest.warns(RuntimeWarning, match="1 of 2 elements"):
        assert f([0.0, 1.0])[1] == math.exp(-1.0)
    with pytest.raises(PoleError, match="div"):
        f(0.0)


def test_the_slopes_of_derivatives_are_not_checked(executor: str) -> None:
    f = compile(grad(lambda x: sqrt(x)), executor=executor)
    assert f(0.0) == math.inf
    assert f([0.0, 4.0]).tolist() == [math.inf, 0.25]


@pytest.mark.parametrize("row", [row for row in ROWS if row.arity is not None], ids=lambda row: row.name)
def test_second_derivatives_of_every_row_at_ordinary_and_special_points(row: Operation, executor: str) -> None:
    """What a rule does not select must not turn a derivative of it into nan."""
    curvature = hessian(lambda inputs: call(row, *inputs))
    compiled = compile(curvature, in_axes=(None,), executor=executor)
    for point in points(row):
        expected = np.array(curvature(list(point)))
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(compiled(list(point)), expected, rtol=1e-9, atol=1e-300, err_msg=str(point))


def test_the_side_that_is_not_selected_gets_no_gradient_also_without_a_function(executor: str) -> None:
    """Eager code evaluates both sides, so that their errors are errors, and has a graph of one."""
    root = lambda x: where(x > 0, sqrt(x), 0.0)
    value, (gradient,) = compile(root, executor=executor).value_and_grad([0.0, 4.0])
    assert value.tolist() == [0.0, 2.0]
    assert gradient.tolist() == [0.0, 0.25]
    assert compile(grad(root), executor=executor)([0.0, 4.0]).tolist() == [0.0, 0.25]
    along = compile(lambda x: jvp(root, (x,), (1.0,))[1], executor=executor)
    assert along([0.0, 4.0]).tolist() == [0.0, 0.25]
    with pytest.raises(DomainError, match=r"sqrt.*-1\.0"):
        compile(root, executor=executor)(-1.0)

    def made_before(x: Any) -> Any:
        y = log(x)
        return where(x > 0, lambda: y * 2.0, lambda: 0.0)

    with pytest.raises(DomainError, match=r"log.*-1\.0"):
        compile(made_before, executor=executor)(-1.0)
    nested = lambda x: where(x > 0, lambda: where(x > 1, log(x), sqrt(x)), lambda: -x)
    value, (gradient,) = compile(nested, executor=executor).value_and_grad([-2.0, 0.25, 2.0, 0.0])
    assert value.tolist() == [2.0, 0.5, math.log(2.0), 0.0]
    assert gradient.tolist() == [-1.0, 1.0, 0.5, -1.0]


def test_errors_under_a_mask_that_is_computed_after_what_it_masks(executor: str) -> None:
    def f(x: Any, y: Any) -> Any:
        zero = y - y
        return where(zero > x, lambda: log(y), lambda: zero)

    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 4 elements"):
        compile(f, executor=executor)([-0.5] * 4, [0.0, 2.0, -1.0, 1.0])
    assert compile(f, executor=executor)([0.5] * 4, [0.0, 2.0, -1.0, 1.0]).tolist() == [0.0] * 4


def test_numbers_alone_that_are_outside_are_like_all_others(executor: str) -> None:
    f = compile(lambda x: x * log(-1.0), executor=executor)
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 2 of 2 elements"):
        assert np.isnan(f([1.0, 2.0])).all()
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1\.0"):
        f(1.0)
    g = compile(lambda x: where(x > 0, lambda: log(-1.0) * x, lambda: x), executor=executor)
    assert g([-1.0, -2.0]).tolist() == [-1.0, -2.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert g([1.0, -2.0])[1] == -2.0


def test_operators_and_methods_are_those_of_eager_code(executor: str) -> None:
    for f in (
        lambda x, y: (x + y) * (x - y) / (x * x + 1.0) - -y,
        lambda x, y: 2.0 + x - 3.0 * y + (1.0 - x) * 2 / (3 + y * y) + (+x) % 2.5,
        lambda x, y: (x * x + 1.0) ** (y / 3.0) + x**2 + x**3 + 2**y + (y * y + 1) ** 0.5,
        lambda x, y: x.tanh() + y.sin().exp() + abs(x) + x.maximum(y) + x.relu() + (x * x).log1p(),
        lambda x, y: np.exp(x) + np.sin(y) + np.float64(2.0) * x + np.maximum(x, y),
        lambda x, y: sum([x, y, x * y, 1.0]) + dot([x, 2.0, y], [y, x, 3.0]) + autograd.logsumexp([x, y, 0.0]),
        lambda x, y: autograd.softmax([x, y, 1.0])[1] * autograd.leaky_relu(x, 0.1) + autograd.clip(y, -1.0, 1.0),
    ):
        same(f, [0.3, -1.2, 2.5, -0.4], [1.5, 0.7, -2.0, -0.6], executor=executor)


# -- broadcasting -------------------------------------------------------------------------------------------------------


def hill(x: Any, y: Any) -> Any:
    return x * y + exp(x) - 2.0 * y


BROADCAST: list[tuple[Any, Any]] = [
    (1.5, 2.0),
    (1.5, [1.0, 2.0, 3.0]),
    ([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0, 4.0]),
    (np.ones((3, 1)), np.arange(4.0)),
    (np.ones((2, 1, 3)), np.arange(4.0)[:, None]),
    (np.float64(1.5), np.array([2.0])),
    (np.array(1.5), np.array(2.0)),
    (np.array([1.5]), 2.0),
    (np.array([[1.5]]), np.arange(3.0)),
    (1, [1, 2, 3]),
    (True, np.array([True, False])),
    (np.arange(3, dtype=np.int8), np.arange(3, dtype=np.float32)),
    (range(3), [Fraction(1, 2), Decimal("0.25"), np.float32(0.1)]),
    (np.arange(12.0).reshape(3, 4)[:, ::2], np.asfortranarray(np.arange(6.0).reshape(3, 2))),
]


@pytest.mark.parametrize("case", range(len(BROADCAST)))
def test_arrays_are_broadcast_as_by_a_ufunc(case: int, executor: str) -> None:
    x, y = BROADCAST[case]
    a, b = (np.array([float(n) for n in z]) if isinstance(z, (list, range)) and case == 12 else np.asarray(z, float) for z in (x, y))
    expected = a * b + np.exp(a) - 2.0 * b
    found = compile(hill, executor=executor)(x, y)
    assert isinstance(found, float) if expected.shape == () else found.dtype == np.float64
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("case", range(len(BROADCAST)))
def test_gradients_are_one_for_each_sample_or_have_the_shape_of_the_argument(case: int, executor: str) -> None:
    x, y = BROADCAST[case]
    f = compile(hill, executor=executor)
    a, b = (np.asarray([float(n) for n in z] if case == 12 else z, dtype=float) for z in (x, y))
    shape = np.broadcast_shapes(a.shape, b.shape)
    by_x, by_y = np.broadcast_to(b + np.exp(a), shape), np.broadcast_to(a - 2.0, shape)
    value, gradients = f.value_and_grad(x, y)
    np.testing.assert_allclose(value, f(x, y), rtol=1e-15)
    for gradient, exact in zip(gradients, (by_x, by_y), strict=True):
        assert np.shape(gradient) == shape
        np.testing.assert_allclose(gradient, exact, rtol=1e-14, atol=1e-14)
    assert all(isinstance(g, float) == (shape == ()) for g in gradients)
    for reduce, n in (("sum", 1), ("mean", by_x.size)):
        total, reduced = f.value_and_grad(x, y, reduce=reduce)
        assert isinstance(total, float)
        assert total == pytest.approx(np.sum(value) / n, rel=1e-13)
        for gradient, exact, source in zip(reduced, (by_x, by_y), (a, b), strict=True):
            assert np.shape(gradient) == source.shape
            assert isinstance(gradient, float) == (source.shape == ())
            lead = tuple(range(exact.ndim - source.ndim))
            over = (*lead, *[i + len(lead) for i, size in enumerate(source.shape) if size == 1])
            np.testing.assert_allclose(gradient, exact.sum(axis=over).reshape(source.shape) / n, rtol=1e-13, atol=1e-13)


def test_wrt_says_by_which_arguments(executor: str) -> None:
    f = compile(lambda x, y, z: x * y * z, executor=executor)
    for reduce in (None, "sum", "mean"):
        by = functools.partial(f.value_and_grad, 2.0, 3.0, 5.0, reduce=reduce)
        assert by() == (30.0, (15.0, 10.0, 6.0))
        assert by(wrt=None) == by()
        assert by(wrt=1) == (30.0, 10.0)
        assert by(wrt=-1) == (30.0, 6.0)
        assert by(wrt=(2, 0)) == (30.0, (6.0, 15.0))
        assert by(wrt=(1,)) == (30.0, (10.0,))
        assert by(wrt=()) == (30.0, ())
    value, gradient = f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2)
    assert (value.tolist(), gradient.tolist()) == ([30.0, 40.0], [6.0, 8.0])
    assert f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2, reduce="sum") == (70.0, 14.0)
    assert f.value_and_grad(2.0, [3.0, 4.0], 5.0, wrt=2, reduce="mean") == (35.0, 7.0)


def test_arguments_that_do_not_matter_have_gradients_of_zero(executor: str) -> None:
    f = compile(lambda x, y: x * 2.0, executor=executor)
    assert f.value_and_grad(1.0, 5.0) == (2.0, (2.0, 0.0))
    value, (_, by_y) = f.value_and_grad([1.0, 2.0], [3.0, 4.0])
    assert (value.tolist(), by_y.tolist()) == ([2.0, 4.0], [0.0, 0.0])
    constant = compile(lambda x: 7, executor=executor)
    assert constant(1.0) == 7.0
    assert constant([1.0, 2.0]).tolist() == [7.0, 7.0]
    assert constant.value_and_grad([1.0, 2.0], reduce="sum")[1][0].tolist() == [0.0, 0.0]
    identity = compile(lambda x: x, executor=executor)
    assert identity([3.0, 4.0]).tolist() == [3.0, 4.0]
    assert identity.value_and_grad(3.0) == (3.0, (1.0,))
    assert compile(lambda: 2.0, executor=executor)() == 2.0


def test_one_recording_serves_all_sizes_of_a_batch(executor: str) -> None:
    f, runs = recorded(hill)
    compiled = compile(f, executor=executor)
    for n in (1, 2, 3, 100, 5000, 2):
        x, y = np.linspace(-1.0, 1.0, n + 1), np.linspace(0.0, 2.0, n + 1)
        np.testing.assert_allclose(compiled(x, y), x * y + np.exp(x) - 2.0 * y, rtol=1e-14, atol=1e-14)
    assert len(runs) == 1
    assert compiled(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert len(runs) == 1
    compiled(1.0, 2.0)  # a number is the same for all samples: another program
    compiled(3.0, 4.0)
    assert len(runs) == 2
    compiled(1.0, [1.0, 2.0])
    assert len(runs) == 3
    compiled.value_and_grad([1.0, 2.0], [1.0, 2.0])
    compiled.value_and_grad([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], reduce="sum")
    assert len(runs) == 4  # derivatives by both are wanted, which is again another


def test_record_takes_the_time_before_the_first_call(executor: str) -> None:
    f, runs = recorded(hill)
    compiled = compile(f, executor=executor)
    compiled.record([1.0, 2.0], [2.0, 3.0])
    compiled.record([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    assert len(runs) == 1
    assert compiled([1.0, 2.0], [3.0, 4.0]).tolist() == pytest.approx([math.e - 3.0, math.exp(2.0)])
    compiled.record([1.0, 2.0], [2.0, 3.0], wrt=None)
    assert len(runs) == 2
    compiled.value_and_grad([1.0, 2.0], [2.0, 3.0])
    assert len(runs) == 2


# -- bad calls ----------------------------------------------------------------------------------------------------------

BAD_CALLS: list[tuple[str, Callable[[Function], Any], str]] = [
    ("shapes", lambda f: f([1.0, 2.0], [1.0, 2.0, 3.0]), r"cannot be broadcast together: x \(2,\), y \(3,\)"),
    ("a string", lambda f: f("a", 1.0), "x must be a number.*'a'"),
    ("a number in a string", lambda f: f("2.0", 1.0), "x must be a number.*'2.0'"),
    ("strings", lambda f: f(1.0, ["1", "2"]), "y must be a number"),
    ("bytes", lambda f: f(b"1", 1.0), "x must be a number"),
    ("None", lambda f: f(None, 1.0), "x must be a number.*None"),
    ("None in a list", lambda f: f([1.0, None], 1.0), "x is more than a number or an array"),
    ("a complex number", lambda f: f(1j, 1.0), "x must be a number.*1j"),
    ("complex numbers", lambda f: f(np.array([1j]), 1.0), "x must be a number.*complex"),
    ("a date", lambda f: f(np.datetime64("2020-01-01"), 1.0), "x must be a number"),
    ("an object", lambda f: f(object(), 1.0), "x must be a number.*object"),
    ("a set", lambda f: f({1.0}, 1.0), "x must be a number.*set"),
    ("ragged", lambda f: f([[1.0], [2.0, 3.0]], 1.0), "x is more than a number or an array.*in_axes=\\(None, 0\\)"),
    ("a tuple", lambda f: f((1.0, 2.0), 1.0), "x is more than a number or an array"),
    ("a dict", lambda f: f(1.0, {"a": 1.0}), "y is more than a number or an array"),
    ("a module", lambda f: f(1.0, Linear(2, 1)), "y is more than a number or an array"),
    ("nothing", lambda f: f([], 1.0), r"there is nothing to compute: the arguments broadcast to the shape \(0,\)"),
    ("an empty array", lambda f: f(np.zeros((0, 3)), 1.0), r"shape \(0, 3\)"),
    ("Values", lambda f: f.value_and_grad(Value(1.0), 2.0), r"x holds Values.*autograd.value_and_grad\(f\)"),
    ("reduce", lambda f: f.value_and_grad(1.0, 2.0, reduce="max"), 'reduce must be None, "sum" or "mean", not \'max\''),
    ("wrt too large", lambda f: f.value_and_grad(1.0, 2.0, wrt=2), "wrt=2 does not fit a call with 2 arguments"),
    ("wrt too small", lambda f: f.value_and_grad(1.0, 2.0, wrt=(0, -3)), "wrt=-3 does not fit"),
    ("wrt a name", lambda f: f.value_and_grad(1.0, 2.0, wrt="z"), "wrt='z' does not fit a call with 2 arguments, x, y"),
    ("wrt twice", lambda f: f.value_and_grad(1.0, 2.0, wrt=(0, 0)), r"wrt=\(0, 0\) names an argument twice"),
    ("wrt twice, by its name", lambda f: f.value_and_grad(1.0, 2.0, wrt=(-1, "y")), "names an argument twice"),
    ("wrt a fraction", lambda f: f.value_and_grad(1.0, 2.0, wrt=0.5), "wrt=0.5 does not fit"),
    ("wrt a truth", lambda f: f.value_and_grad(1.0, 2.0, wrt=True), "wrt=True does not fit"),
    ("jvp without a tangent", lambda f: f.jvp((1.0, 2.0), (1.0,)), "tangents of the same form as the primals"),
    ("jvp of another shape", lambda f: f.jvp((1.0, 2.0), (1.0, [1.0, 2.0])), "tangents of the same form as the primals"),
    ("vjp of another shape", lambda f: f.vjp([1.0, 2.0], 2.0)[1](1.0), "must have the form of the value"),
]


@pytest.mark.parametrize(("name", "run", "message"), BAD_CALLS, ids=[row[0] for row in BAD_CALLS])
def test_bad_calls_are_errors_that_name_the_argument(name: str, run: Callable[[Function], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        run(compile(hill, executor="numpy"))


def test_too_large_an_integer_is_the_error_that_a_value_raises() -> None:
    with pytest.raises(OverflowError, match="too large for a float"):
        compile(hill)(10**400, 1.0)


@pytest.mark.parametrize(
    ("f", "in_axes", "x", "note"),
    [
        (lambda p: p[0], None, [1.0, 2.0], "p was a Value. An array stands for many samples of one number each, unless in_axes says"),
        (lambda n: [1.0 for _ in range(n)], None, 3, "n was a Value. A size or an index shapes the program, and is no argument of it"),
        (lambda x: x + 1.0, (None,), [1.0, 2.0], "x was a list of Values."),
        (lambda x: x["b"].mean(), (None,), {"b": [1.0]}, "x was a dict of Values."),
        (lambda x: x.first, (0,), np.ones((2, 3)), "x was a ndarray of Values."),
    ],
)
def test_errors_of_python_say_what_the_function_was_given(f: Callable[[Any], Any], in_axes: Any, x: Any, note: str) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        compile(f, in_axes=in_axes)(x)
    assert caught.value.__notes__[0].startswith(f"While it was recorded, {note}")


def test_too_few_and_too_many_arguments_are_errors_of_python() -> None:
    f = compile(hill)
    for args in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match="argument"):
            f(*args)
    assert f(y=2.0, x=1.0) == f(1.0, 2.0)
    with pytest.raises(TypeError, match="'z'"):
        f(1.0, 2.0, z=3.0)


@pytest.mark.parametrize("in_axes", [1, -1, True, False, 0.0, "0", (0, 1), (None, -1), [None, 0], {"x": 0}], ids=repr)
def test_in_axes_is_0_or_none(in_axes: Any) -> None:
    with pytest.raises(CompileError, match="in_axes has 0 or None for each argument.*move the axis of the samples to the front"):
        compile(hill, in_axes=in_axes)


def test_in_axes_must_fit_the_arguments() -> None:
    with pytest.raises(InputError, match=r"in_axes=\(0,\) does not fit a call with 2 arguments"):
        compile(hill, in_axes=(0,))([1.0], [2.0])
    with pytest.raises(InputError, match="different numbers of samples: 2 of x, 3 of y"):
        compile(hill, in_axes=0)([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="different numbers of samples: 3 of p, 4 of p"):
        compile(lambda p: p["a"] + p["b"], in_axes=0)({"a": np.ones(3), "b": np.ones(4)})
    with pytest.raises(InputError, match="y has the batch axis 0 in in_axes, but is a single number"):
        compile(hill, in_axes=(None, 0))(1.0, 2.0)
    with pytest.raises(InputError, match="there are no samples: the batch axis has length 0"):
        compile(lambda x: x[0], in_axes=(0,))(np.zeros((0, 3)))
    with pytest.raises(InputError, match="m is a module, whose parameters are the same for all samples: give it None"):
        compile(lambda m, x: m(x), in_axes=(0, 0))(Linear(2, 1), [[1.0, 2.0]])


BAD_RESULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("None", lambda x: None, "the result must be a number.*None"),
    ("a string", lambda x: {"a": x, "name": "x"}, r"the result\['name'\] must be a number"),
    ("a condition", lambda x: x > 0, "the result must be a number.*[Cc]ondition"),
]


@pytest.mark.parametrize(("name", "f", "message"), BAD_RESULTS, ids=[row[0] for row in BAD_RESULTS])
def test_results_that_are_no_numbers(name: str, f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        compile(f)(1.0)


def test_value_and_grad_needs_one_number() -> None:
    for f in (lambda x: [x, x], lambda x: [x], lambda x: np.array([x, x]), lambda x: {"a": x, "b": x}, lambda x: []):
        with pytest.raises(InputError, match="needs a function that returns one number.*use vjp"):
            compile(f).value_and_grad(1.0)
    for g in (lambda x: x, lambda x: (x, x, x), lambda x: [x, x]):
        with pytest.raises(InputError, match="has_aux needs a function that returns a pair"):
            compile(g).value_and_grad(1.0, has_aux=True)


def test_there_is_no_such_executor() -> None:
    with pytest.raises(CompileError, match=r"no executor 'gpu': choose one of auto, numpy, llvm, native"):
        compile(hill, executor="gpu")


# -- in_axes ------------------------------------------------------------------------------------------------------------

Point = namedtuple("Point", ["x", "y"])
RNG = np.random.default_rng(0)
X3 = RNG.normal(size=(5, 3))
W23 = RNG.normal(size=(2, 3))

TREES: list[tuple[str, Callable[..., Any], Any, tuple[Any, ...]]] = [
    ("vectors", lambda w, x: dot(w, x), (None, 0), ([0.5, -1.0, 2.0], X3)),
    ("vectors of both kinds", lambda w, x: dot(w, x) * w[0], (0, None), (X3.tolist(), np.array([0.5, -1.0, 2.0]))),
    ("all samples their own", lambda w, x: dot(w, x), 0, (X3, X3[::-1])),
    ("a matrix", lambda W, x: sum(tanh(dot(row, x)) for row in W), (None, 0), (W23, X3)),
    ("a matrix a sample", lambda W, x: dot(W[0], x) * dot(W[1], x), (0, 0), (RNG.normal(size=(5, 2, 3)), X3)),
    ("numpy's product", lambda W, x: (np.array(W) @ x).sum(), (None, 0), (W23, X3)),
    ("numbers beside", lambda k, x, b: k * x[1] + b, (None, 0, 0), (2.0, X3, [1.0, 2.0, 3.0, 4.0, 5.0])),
    ("a dict", lambda p, x: p["w"][0] * x[0] + p["w"][1] * x[1] + p["b"], (None, 0), ({"w": [1.0, 2.0], "b": 0.5}, X3)),
    ("a dict of samples", lambda p: p["a"] * p["b"][1], 0, ({"a": X3[:, 0], "b": X3},)),
    ("a tuple", lambda p, x: p[0] * x[0] + p[1][1] * x[1], (None, 0), ((3.0, [1.0, 2.0]), X3)),
    ("a tuple of samples", lambda p: p[0] * p[1], (0,), ((X3[:, 0].tolist(), X3[:, 1]),)),
    ("a named tuple", lambda p, q: p.x * q.y - p.y * q.x[0], (None, 0), (Point(1.0, 2.0), Point(X3, X3[:, 2]))),
    ("a ragged list", lambda W, x: dot(W[0], x) * W[1][0] + W[2], (None, 0), ([[1.0, 2.0, 3.0], [0.5], 2.0], X3)),
    ("a list of arrays", lambda W, x: (np.array(W[0]) @ x).sum() * W[1][1], (None, 0), ([W23, np.array([1.0, 2.0])], X3)),
    (
        "arrays of one shape in a list",
        lambda W: (np.array(W[0]) @ np.array(W[1])).sum(),
        0,
        ([RNG.normal(size=(5, 2, 2)), RNG.normal(size=(5, 2, 2))],),
    ),
    ("nested", lambda p: p["layers"][0]["w"][1] * p["layers"][1]["w"][0], (0,), ({"layers": [{"w": X3}, {"w": X3[:, :2]}]},)),
    ("some parts are not used", lambda p, x: p["a"] * x[2], (None, 0), ({"a": 2.0, "unused": [1.0, 2.0]}, X3)),
    ("whole numbers", lambda w, x: dot(w, x), (None, 0), ([1, 2, 3], np.arange(15).reshape(5, 3))),
]


@pytest.mark.parametrize(("name", "f", "in_axes", "args"), TREES, ids=[row[0] for row in TREES])
def test_in_axes_takes_trees_of_all_kinds(name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...], executor: str) -> None:
    same(f, *args, in_axes=in_axes, executor=executor)


@pytest.mark.parametrize(("name", "f", "in_axes", "args"), TREES, ids=[row[0] for row in TREES])
def test_gradients_have_the_form_of_the_argument(name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...]) -> None:
    compiled = compile(f, in_axes=in_axes, executor="numpy")
    for reduce in (None, "sum", "mean"):
        _, gradients = compiled.value_and_grad(*args, reduce=reduce)
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        for gradient, source, axis in zip(gradients, args, axes, strict=True):
            own = (5,) if axis is None and reduce is None else ()
            found, _ = split(gradient, "the gradient")
            arrays, build = split(source, "the argument")
            assert [array.shape for array in found] == [own + array.shape for array in arrays]
            form, own_form = (repr(b([0] * len(arrays))) for b in (build, split(gradient, "")[1]))
            assert isinstance(source, list) or own_form == form


def test_without_samples_a_tree_gives_one_number(executor: str) -> None:
    f = compile(lambda p: p["a"][0] * p["a"][1] + p["b"], in_axes=(None,), executor=executor)
    p = {"a": [2.0, 3.0], "b": 1.0}
    assert f(p) == 7.0
    assert isinstance(f(p), float)
    for reduce in (None, "sum", "mean"):
        value, gradient = f.value_and_grad(p, wrt=0, reduce=reduce)
        assert value == 7.0
        assert gradient["a"].tolist() == [3.0, 2.0]
        assert gradient["b"] == 1.0
        assert isinstance(gradient["b"], float)


def test_other_shapes_are_recorded_anew_and_other_batches_are_not(executor: str) -> None:
    f, runs = recorded(lambda w, x: dot(w, x))
    compiled = compile(f, in_axes=(None, 0), executor=executor)
    for n in (1, 2, 7, 1000):
        x = RNG.normal(size=(n, 3))
        np.testing.assert_allclose(compiled([1.0, 2.0, 3.0], x), x @ [1.0, 2.0, 3.0], rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(compiled([3.0, 2.0, 3.0], x.tolist()), x @ [3.0, 2.0, 3.0], rtol=1e-13, atol=1e-13)
    assert len(runs) == 2  # arrays are given to the function as arrays, and lists as lists
    compiled([1.0, 2.0], [[1.0, 2.0]])
    assert len(runs) == 3
    compiled([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]])
    assert len(runs) == 3


def test_a_module_is_an_argument_and_its_parameters_are_live(executor: str) -> None:
    rng = random.Random(0)
    model = MLP(2, [4, 1], rng=rng) if "rng" in MLP.__init__.__code__.co_varnames else MLP(2, [4, 1])
    f, runs = recorded(lambda model, x, y: (model(x) - y) ** 2)
    compiled = compile(f, in_axes=(None, 0, 0), executor=executor)
    X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=6)
    for _ in range(2):
        for reduce, n in (("sum", 1.0), ("mean", 6.0)):
            model.zero_grad()
            total = sum((model(x) - y) ** 2 for x, y in zip(X, Y, strict=True)) / n
            total.backward()  # type: ignore[union-attr]
            value, gradient = compiled.value_and_grad(model, X, Y, wrt=0, reduce=reduce)
            assert value == pytest.approx(total.data, rel=1e-12)  # type: ignore[union-attr]
            assert gradient == pytest.approx({name: p.grad for name, p in model.named_parameters()}, rel=1e-12, abs=1e-14)
        before = value
        for p in model.parameters():
            p.data = rng.uniform(-1.0, 1.0)
        np.testing.assert_allclose(compiled(model, X, Y), [((model(x) - y) ** 2).data for x, y in zip(X, Y, strict=True)], rtol=1e-12)
    assert len(runs) == 2  # with derivatives and without
    assert value == before
    each = compiled.value_and_grad(model, X, Y, wrt=0)[1]
    assert {name: (slopes.shape, slopes.sum()) for name, slopes in each.items()} == {
        name: ((6,), pytest.approx(total)) for name, total in compiled.value_and_grad(model, X, Y, wrt=0, reduce="sum")[1].items()
    }


def test_values_that_the_function_refers_to_are_live(executor: str) -> None:
    w, used_twice = Value(2.0), Value(5.0)
    frozen = [3.0]
    f, runs = recorded(lambda x: w * x + used_twice * used_twice + frozen[0])
    compiled = compile(f, executor=executor)
    assert compiled([1.0, 2.0]).tolist() == [30.0, 32.0]
    w.data, used_twice.data, frozen[0] = 10.0, 1.0, 100.0
    assert compiled([1.0, 2.0]).tolist() == [14.0, 24.0]  # a number is frozen, as documented
    assert compiled.value_and_grad([1.0, 2.0], reduce="sum")[1][0].tolist() == [10.0, 10.0]
    assert len(runs) == 2
    assert (w.grad, used_twice.grad) == (0.0, 0.0)


def test_what_was_computed_outside_of_the_function_stays_what_it_is(executor: str) -> None:
    w = Value(2.0)
    square = w * w
    compiled = compile(lambda x: square * x, executor=executor)
    assert compiled(3.0) == 12.0
    w.data = 5.0
    assert compiled(3.0) == (square * 3.0).data == 12.0
    square.data = 7.0
    assert compiled(3.0) == 21.0
    assert compiled.value_and_grad(3.0) == (21.0, (7.0,))


# -- results ------------------------------------------------------------------------------------------------------------


def test_results_keep_their_form_and_their_samples_come_first(executor: str) -> None:
    w = Value(7.0)

    def f(x: Any) -> Any:
        return {"list": [x, 2.0 * x, 1.0], "tuple": (x, w), "matrix": [[x, x + 1.0], [0.0, x]], "number": 3, "point": Point(x, [w])}

    for n in ((), (1,), (4,), (2, 3)):
        x = RNG.normal(size=n)
        found = compile(f, executor=executor)(x if n else float(x))
        assert list(found) == ["list", "tuple", "matrix", "number", "point"]
        np.testing.assert_array_equal(found["list"], np.stack([x, 2.0 * x, np.ones(n)], axis=-1))
        assert isinstance(found["tuple"], tuple)
        np.testing.assert_array_equal(found["tuple"][0], x)
        np.testing.assert_array_equal(found["tuple"][1], np.full(n, 7.0))
        assert np.shape(found["matrix"]) == (*n, 2, 2)
        np.testing.assert_array_equal(found["matrix"][..., 0, 1], x + 1.0)
        np.testing.assert_array_equal(found["number"], np.full(n, 3.0))
        assert isinstance(found["number"], float) == (n == ())
        assert isinstance(found["point"], Point)
        np.testing.assert_array_equal(found["point"].y[..., 0], np.full(n, 7.0))


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


# -- transforms ---------------------------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return sum((1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in itertools.pairwise(x))


def spiral(x: Any, y: Any) -> Any:
    return {"xy": x * y, "rest": [sin(x) / (1.0 + y * y), x]}


def test_vjp_is_the_transposed_jacobian_times_a_vector(executor: str) -> None:
    f = compile(spiral, executor=executor)
    value, pull_back = f.vjp(0.5, 1.5)
    eager = autograd.jacobian(spiral, argnums=(0, 1))(0.5, 1.5)
    rng = random.Random(1)
    for _ in range(3):
        cotangent = {"xy": rng.gauss(0, 1), "rest": [rng.gauss(0, 1), rng.gauss(0, 1)]}
        found = pull_back(cotangent)  # may be called several times
        for k in range(2):
            exact = cotangent["xy"] * eager["xy"][k] + sum(c * row[k] for c, row in zip(cotangent["rest"], eager["rest"], strict=True))
            assert found[k] == pytest.approx(exact, rel=1e-13)
    _, pull_back = f.vjp([0.5, -0.5, 2.0], 1.5)
    by_x, by_y = pull_back({"xy": np.ones(3), "rest": np.array([[1.0, 0.0]] * 3)})
    exact = [autograd.grad(lambda x, y: x * y + sin(x) / (1.0 + y * y), argnums=(0, 1))(x, 1.5) for x in (0.5, -0.5, 2.0)]
    assert by_x.tolist() == pytest.approx([g for g, _ in exact], rel=1e-13)
    assert by_y == pytest.approx(sum(g for _, g in exact), rel=1e-13)  # the same for all samples
    for bad in ({"xy": 1.0, "rest": [1.0, 1.0]}, {"other": np.ones(3), "rest": np.ones((3, 2))}, np.ones(3), {"xy": np.ones(3)}):
        with pytest.raises(InputError, match="the gradient with respect to the value must have the form of the value"):
            pull_back(bad)
    assert value["xy"] == 0.75


def test_jvp_is_that_of_eager_code(executor: str) -> None:
    f = compile(spiral, executor=executor)
    rng = random.Random(2)
    for _ in range(3):
        point, direction = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(2)]
        np.testing.assert_allclose(list(map(flat, f.jvp(point, direction))), list(map(flat, autograd.jvp(spiral, point, direction))))
    xs, dxs = RNG.normal(size=4), RNG.normal(size=4)
    _, moved = f.jvp((xs, 1.5), (dxs, 0.25))
    for i in range(4):
        exact = flat(autograd.jvp(spiral, (xs[i], 1.5), (dxs[i], 0.25))[1])
        np.testing.assert_allclose(flat(sample(moved, i)), exact, rtol=1e-13, atol=1e-13)
    g = compile(lambda W, x: [tanh(dot(row, x)) for row in W], in_axes=(None, 0), executor=executor)
    dW, dx = RNG.normal(size=W23.shape), RNG.normal(size=X3.shape)
    _, moved = g.jvp((W23, X3), (dW, dx))
    z = X3 @ W23.T
    np.testing.assert_allclose(moved, (X3 @ dW.T + dx @ W23.T) / np.cosh(z) ** 2, rtol=1e-12, atol=1e-13)
    assert g.jvp((W23.tolist(), X3), (dW, dx.tolist()))[1].shape == (5, 2)


def test_every_row_forward_and_backward_are_each_others_transpose(executor: str) -> None:
    rng = random.Random(3)
    for row in ROWS:
        for point in points(row)[:3]:
            f = compile(lambda *inputs, row=row: call(row, *inputs), executor=executor)
            direction = [rng.gauss(0, 1) for _ in point]
            _, moved = f.jvp(point, direction)
            _, gradient = f.value_and_grad(*point)
            exact = sum(g * d for g, d in zip(gradient, direction, strict=True))
            assert moved == pytest.approx(exact, rel=1e-12, abs=1e-12), (row, point)


def test_compiled_transforms(executor: str) -> None:
    x = [0.3, -1.2, 0.8]
    batch = RNG.normal(size=(4, 3))
    for transform in (grad, hessian, lambda f: jacobian(grad(f)), lambda f: grad(lambda x: sum(g * g for g in grad(f)(x)))):
        transformed = transform(rosenbrock)
        compiled = compile(transformed, in_axes=(0,), executor=executor)
        np.testing.assert_allclose(compiled([x])[0], transformed(x), rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(compiled(batch), [transformed(row) for row in batch], rtol=1e-12, atol=1e-10)
    for f in (lambda x: exp(sin(x) * x), lambda x: tanh(x) ** 3, lambda x: relu(x) * x * x, lambda x: abs(x) * x):
        third = compile(grad(grad(grad(f))), executor=executor)
        xs = [0.5, -0.7, 2.0]
        np.testing.assert_allclose(third(xs), [grad(grad(grad(f)))(x) for x in xs], rtol=1e-12, atol=1e-12)
    rows = compile(jacobian(lambda x, y: [x * y, x + y, y], argnums=(0, 1)), executor=executor)([1.0, 2.0], 3.0)
    np.testing.assert_array_equal(
        [[sample(row, i) for row in rows] for i in range(2)], [[(3, 1), (1, 1), (0, 1)], [(3, 2), (1, 1), (0, 1)]]
    )
    along = compile(lambda x, v: autograd.hvp(rosenbrock, (x,), (v,)), in_axes=(None, 0), executor=executor)
    np.testing.assert_allclose(along(x, np.eye(3)), hessian(rosenbrock)(x), rtol=1e-12)


def test_eager_transforms_of_a_compiled_function(executor: str) -> None:
    f = compile(lambda x, y: x * x * y, executor=executor)
    assert grad(f)(2.0, 3.0) == 12.0
    assert hessian(f, argnums=(0, 1))(2.0, 3.0) == ((6.0, 4.0), (4.0, 0.0))
    x = Value(2.0)
    f(x, 3.0).backward()
    assert x.grad == 12.0
    g = compile(rosenbrock, in_axes=(None,), executor=executor)
    assert grad(g)([1.0, 2.0]) == grad(rosenbrock)([1.0, 2.0])
    y = [Value(1.0), Value(2.0)]
    g(y).backward()
    assert [v.grad for v in y] == grad(rosenbrock)([1.0, 2.0])


def test_compiled_functions_call_each_other(executor: str) -> None:
    inner = compile(lambda x: x if x > 1.0 else x * x, executor=executor)
    outer = same(lambda x: inner(x) + inner(2.0 * x), [0.3, 0.7, 1.5], executor=executor)
    assert len(codes(outer)) > 1
    same(lambda x: inner(3.0) * x + inner(0.5), [1.0, 2.0], executor=executor)
    live = Value(2.0)
    scaled = compile(lambda x: live * x, executor=executor)
    outer = compile(lambda x: scaled(3.0) + x, executor=executor)
    assert outer([1.0, 2.0]).tolist() == [7.0, 8.0]
    live.data = 5.0
    assert outer([1.0, 2.0]).tolist() == [16.0, 17.0]
    with pytest.raises(CompileError, match=r"write autograd\.value_and_grad"):
        compile(lambda x: inner.value_and_grad(x)[0], executor=executor)(1.0)


def test_a_function_that_calls_itself(executor: str) -> None:
    @compile(executor=executor)
    def power(x: Any, n: int = 3) -> Any:
        return power(x, n - 1) * x if n else 1.0

    assert power([2.0, 3.0]).tolist() == [8.0, 27.0]


# -- branches -----------------------------------------------------------------------------------------------------------


def collatz(x: Any) -> Any:
    n = 0
    while x > 1.0:
        x = x * 0.5 if x > 4.0 else x - 0.7
        n += 1
    return x * n


def bisect(x: Any) -> Any:
    low, high = 0.0, 4.0
    for _ in range(4):
        middle = (low + high) / 2.0
        low, high = (middle, high) if x > middle else (low, middle)
    return x * low + high


BRANCHING: list[tuple[str, Callable[..., Any], int]] = [
    ("if", lambda x, y: x * 2.0 if x > 0.0 else -y, 2),
    ("if not", lambda x, y: x * 2.0 if not x >= y else -y, 2),
    ("and", lambda x, y: x * y if x > 0.0 and y > 0.0 else x, 3),
    ("or", lambda x, y: x * y if x > 0.0 or y > 0.0 else x, 3),
    ("a chain", lambda x, y: x * x if -1.0 < x < 1.0 else y, 3),
    ("elif", lambda x, y: x if x < -1.0 else y * x if x < 1.0 else y, 3),
    ("nested", lambda x, y: (x if y > 0 else 2.0 * x) if x > 0 else (y if y < -1.0 else 3.0 * y), 4),
    ("truth of a value", lambda x, y: x * y if x * 0.0 + max(y, 0.0) else x, 2),
    ("min, max", lambda x, y: max(x, y, 0.5) * min(x, y), 5),
    ("sorted", lambda x, y: [a * b for a, b in zip(sorted([x, y, 0.25]), [1.0, 2.0, 3.0], strict=True)][1], 6),
    ("abs, relu: no branch", lambda x, y: abs(x) * relu(y), 1),
    ("hardmax", lambda x, y: sum(h * v for h, v in zip(autograd.functions.hardmax([x, y, 0.3]), [x * x, y * y, x * y], strict=True)), 4),
    ("clip by hand", lambda x, y: min(max(x, -1.0), 1.0) * y, 3),
    ("while", lambda x, y: collatz(abs(x) * 5.0) + y, 12),
    ("a search", lambda x, y: bisect(x + 2.0) + y, 16),
    ("try", lambda x, y: any(v > 1.0 for v in (x, y)) * 1.0 + x, 3),
]


@pytest.mark.parametrize(("name", "f", "ways"), BRANCHING, ids=[row[0] for row in BRANCHING])
def test_each_sample_runs_on_its_own_branch(name: str, f: Callable[..., Any], ways: int, executor: str) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-2.0, 2.0, size=(2, 40))
    compiled = same(f, x, y, executor=executor)
    branches = max(map(len, compiled._specialisations.by_form))
    assert branches <= ways
    assert (branches > 1) == (ways > 1)
    assert compiled(x[0], y[0]) == pytest.approx(compiled(x, y)[0], rel=1e-15)


def test_a_branch_is_recorded_once(executor: str) -> None:
    f, runs = recorded(lambda x: x * 2.0 if x > 0.0 else x * 3.0)
    compiled = compile(f, executor=executor)
    assert compiled([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert len(runs) == 1
    assert compiled([1.0, -2.0, 3.0, -4.0]).tolist() == [2.0, -6.0, 6.0, -12.0]
    assert len(runs) == 2
    assert compiled([-1.0, 5.0]).tolist() == [-3.0, 10.0]
    assert compiled([-1.0]).tolist() == [-3.0]
    assert len(runs) == 3  # one element is as a number: the same for all samples


def test_a_branch_on_what_is_shared_is_taken_by_all_samples(executor: str) -> None:
    f, runs = recorded(lambda k, x: k * x if k > 0.0 else x)
    compiled = compile(f, executor=executor)
    assert compiled(2.0, [1.0, 3.0]).tolist() == [2.0, 6.0]
    assert compiled(-2.0, [1.0, 3.0]).tolist() == [1.0, 3.0]
    assert compiled(5.0, [1.0, 3.0]).tolist() == [5.0, 15.0]
    assert len(runs) == 2
    same(lambda p, x: p[0] * x if p[0] > p[1] else p[1] - x, [1.0, 2.0], np.array([1.0, 2.0]), in_axes=(None, 0), executor=executor)
    same(lambda p, x: p[0] * x if p[0] > x else p[1] - x, [1.0, 2.0], np.array([0.0, 2.0]), in_axes=(None, 0), executor=executor)


def test_a_branch_on_a_live_value_follows_it(executor: str) -> None:
    threshold = Value(1.0)
    compiled = compile(lambda x: x if x > threshold else 0.0, executor=executor)
    assert compiled([0.5, 2.0]).tolist() == [0.0, 2.0]
    threshold.data = 3.0
    assert compiled([0.5, 2.0]).tolist() == [0.0, 0.0]
    threshold.data = 0.0
    assert compiled([0.5, 2.0]).tolist() == [0.5, 2.0]


def test_nan_takes_the_branch_it_takes_in_eager_code(executor: str) -> None:
    for f in (
        lambda x: 1.0 if x > 0 else 2.0,
        lambda x: 1.0 if x <= 0 else 2.0,
        lambda x: 1.0 if x else 2.0,
        lambda x: 1.0 if not x < 1 else 2.0,
    ):
        numbers = [math.nan, 1.0, 0.0, -1.0, -0.0, math.inf]
        assert compile(f, executor=executor)(numbers).tolist() == [f(Value(x)) for x in numbers]


def test_a_branch_whose_first_sample_is_outside(executor: str) -> None:
    f = compile(lambda x: log(x - 10.0) if x > 0.0 else sqrt(x + 2.0), executor=executor)
    with pytest.warns(RuntimeWarning) as caught:
        found = f([-3.0, 1.0, -1.0, 11.0])
    assert sorted(str(warning.message) for warning in caught) == [
        "log needs a > 0: 1 of 4 elements are outside",
        "sqrt needs a ≥ 0: 1 of 4 elements are outside",
    ]
    assert found[2:].tolist() == [1.0, 0.0]
    assert not np.isfinite(found[:2]).any()
    assert f(-1.0) == 1.0
    with pytest.raises(DomainError, match="log.*needs a > 0"):
        f(3.0)


def test_an_error_on_the_other_branch_is_none(executor: str) -> None:
    safe = same(lambda x: log(x) if x > 0.0 else x, [1.0, -1.0, 0.0, 2.0], executor=executor)
    assert len(safe._specialisations.by_form[0]) == 2


def test_too_many_branches_are_an_error_that_shows_where() -> None:
    def digits(x: Any) -> Any:
        n = 0
        while x > n:
            n += 1
        return x * n

    f = compile(digits, executor="numpy")
    n = BRANCHES - 1
    assert f(np.arange(n) + 0.5).tolist() == [(k + 0.5) * (k + 1) for k in range(n)]
    line = digits.__code__.co_firstlineno + 2
    with pytest.raises(CompileError) as error:
        f(np.arange(BRANCHES + 1.0) + 0.5)
    message = str(error.value)
    assert f"digits takes more than {BRANCHES} different branches" in message
    assert f"{__file__}:{line} (while x > n:)" in message
    assert "where(x > 0, lambda: log(x), lambda: 0.0)" in message


def test_a_loop_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.recording.GUARDS", 1000)

    def forever(x: Any) -> Any:
        while x > 0.0:
            x = x * 1.0
        return x

    with pytest.raises(CompileError, match=r"loop that does not end.*while x > 0\.0"):
        compile(forever)(1.0)


# -- where --------------------------------------------------------------------------------------------------------------


def where_log(x: Any) -> Any:
    return where(x > 0, lambda: log(x), lambda: 0.0)


NUMBERS = [1.0, -1.0, 0.0, 2.5, -0.3, 1e-300]

WHERES: list[tuple[str, Callable[[Any], Any]]] = [
    ("two values", lambda x: where(x > 0.5, x * x, -x)),
    ("two numbers", lambda x: where(x > 0.5, 2.0, 1) * x),
    ("a pole on one side", where_log),
    ("a pole on the other side", lambda x: where(x <= 0, lambda: x * x, lambda: 1 / x**0.5)),
    ("a pole on each", lambda x: where(x > 0, lambda: log(x), lambda: sqrt(-x) if False else (1.0 - x) ** 0.5)),
    ("several steps", lambda x: where(x > 0, lambda: exp(tanh(log(x) * sqrt(x))) / x, lambda: x)),
    ("one in another", lambda x: where(x > 0, lambda: where(x < 2, lambda: log(2 - x), lambda: log(x - 1.5)), lambda: 1 / (x - 1.0))),
    ("one after another", lambda x: where(where_log(x) > 0, lambda: 1 / where_log(x), lambda: x)),
    ("one into another", lambda x: sqrt(where(x > 0, lambda: x * x, lambda: -x) + 1.0)),
    ("in a branch", lambda x: where(x > 2, lambda: log(x), lambda: x) if x > 0 else where(x < -0.5, lambda: sqrt(-x), lambda: 0.0)),
    ("a branch in it", lambda x: where(x > 0, lambda: log(x) if x < 2 else sqrt(x), lambda: x if x > -0.5 else x * x)),
    ("in a branch in it", lambda x: where(x > 0, lambda: where(x > 1, lambda: log(x), lambda: x) if x < 2 else log(x - 2), lambda: x)),
    ("and", lambda x: where((x > 0) & (x < 2), lambda: log(x) / sqrt(2 - x), lambda: x)),
    ("or", lambda x: where((x > 1) | (x < -0.5), lambda: sqrt(abs(x) - 0.5), lambda: x)),
    ("a truth beside", lambda x: where((x > 0) & True, lambda: log(x), lambda: x) + where(False | (x > 0), lambda: log(x), lambda: x)),
    ("lists", lambda x: dot(where(x > 0, [x, 2.0, 1.0], [1.0, x, 3.0]), [1.0, x, 2.0])),
    ("lists of sides", lambda x: sum(where(x > 0, lambda: [log(x), x], lambda: [x, 0.0]))),
    ("a side that is the argument", lambda x: where(x > 0, lambda: x, lambda: 2.0) * x),
    ("a sum of it", lambda x: sum(where(x > k, lambda k=k: log(x - k), lambda: 0.0) for k in range(-1, 3))),
    ("products of it", lambda x: sum(where(x > k, lambda: x, lambda: 1.0) * where(x < k, lambda: x, lambda: 2.0) for k in range(3))),
    ("a loop of it", lambda x: functools.reduce(lambda v, _: where(v > 1.0, lambda: v * 0.5, lambda: v + 0.3), range(20), x)),
]


@pytest.mark.parametrize(("name", "f"), WHERES, ids=[row[0] for row in WHERES])
def test_where_stays_live_and_its_other_side_has_no_part(name: str, f: Callable[[Any], Any], executor: str) -> None:
    rng = random.Random(0)
    for _ in range(3):
        same(f, rng.sample(NUMBERS, len(NUMBERS)), executor=executor)
    for x in NUMBERS:
        _, (gradient,) = compile(f, executor=executor).value_and_grad(x)
        assert gradient == pytest.approx(grad(f)(x), rel=1e-13, nan_ok=True)


@pytest.mark.parametrize(("name", "f"), WHERES, ids=[row[0] for row in WHERES])
def test_where_in_derivatives_of_derivatives(name: str, f: Callable[[Any], Any], executor: str) -> None:
    numbers = [x for x in NUMBERS if abs(x) != 1e-300]  # where second derivatives overflow
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(compile(grad(f), executor=executor)(NUMBERS), [grad(f)(x) for x in NUMBERS], rtol=1e-12)
        second = compile(grad(grad(f)), executor=executor)
        np.testing.assert_allclose(second(numbers), [grad(grad(f))(x) for x in numbers], rtol=1e-12, atol=1e-12)
        value, gradient = compile(grad(f), executor=executor).value_and_grad(numbers, wrt=0)
    np.testing.assert_allclose(value, [grad(f)(x) for x in numbers], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, [grad(grad(f))(x) for x in numbers], rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")  # Python 3.12 and later say so before we do
def test_conditions_are_negated_by_a_tilde(executor: str) -> None:
    f = compile(lambda x: where(~(x <= 0) & ~((x > 2) | (x < 1)), lambda: log(x), lambda: -x), executor=executor)
    assert f([-1.0, 0.5, 1.5, 3.0]).tolist() == [1.0, -0.5, math.log(1.5), -3.0]
    assert f(math.nan) != f(math.nan)
    for number in (1.0, -1.0):  # between numbers of eager code, ~ is Python's: both of its results are true
        with pytest.raises(InputError, match=r"where needs a truth, not -[12]: write x > 0 rather than ~\(x <= 0\)"):
            where(~(Value(number) <= 0), 1.0, 2.0)


def test_where_needs_one_recording_for_both_sides(executor: str) -> None:
    f, runs = recorded(where_log)
    compiled = compile(f, executor=executor)
    for numbers in ([1.0, 2.0], [-1.0, -2.0], [-1.0, 2.0], [0.0, 1.0]):
        expected = [math.log(x) if x > 0 else 0.0 for x in numbers]
        assert compiled(numbers).tolist() == expected
    assert len(runs) == 1


@pytest.mark.parametrize("bad", [0.0, -1.0, -math.inf, math.nan])
def test_the_gradient_of_the_other_side_is_exactly_0(bad: float, executor: str) -> None:
    f = compile(
        lambda x, y: where(x > 0, lambda: log(y) / y + sqrt(y) * exp(1 / y) + dot([y, 1 / y], [log(y), y]), lambda: x * 2.0),
        executor=executor,
    )
    _, (by_x, by_y) = f.value_and_grad([-1.0, 1.0, -1.0], [bad, 2.0, 3.0])
    assert by_x.tolist() == [2.0, 0.0, 2.0]
    assert [by_y[0], by_y[2]] == [0.0, 0.0]
    assert math.isfinite(by_y[1])
    assert f.jvp(([-1.0], [bad]), ([1.0], [1.0]))[1].tolist() == [2.0]
    g = compile(grad(lambda y, x: where(x > 0, lambda: log(y) + 1 / y, lambda: y * 3.0 if False else 3.0 * x)), executor=executor)
    assert g([bad, 2.0], [-1.0, 1.0]).tolist() == [0.0, 0.25]


def test_an_infinite_slope_after_where_stays_on_the_selected_side(executor: str) -> None:
    f = compile(lambda x, y, k: sqrt(where(k > 0, x, y)), executor=executor)
    _, (by_x, by_y, by_k) = f.value_and_grad([0.0, 0.0], [4.0, 4.0], [1.0, -1.0])
    assert (by_x.tolist(), by_y.tolist(), by_k.tolist()) == ([math.inf, 0.0], [0.0, 0.25], [0.0, 0.0])
    select = compile(lambda x, y: where(x > 0, x, y), executor=executor)
    assert select.jvp((1.0, 2.0), (1.0, math.inf)) == (1.0, 1.0)


def test_an_error_on_the_selected_side_is_one(executor: str) -> None:
    f = compile(where_log_of, executor=executor)
    assert f([1.0, -1.0], [2.0, -3.0]).tolist() == [math.log(2.0), 0.0]
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 3 elements"):
        found = f([1.0, -1.0, 1.0], [-2.0, -3.0, 1.0])
    assert found[1:].tolist() == [0.0, 0.0]
    with pytest.raises(DomainError, match="log"):
        f(1.0, -2.0)
    assert f(-1.0, -2.0) == 0.0


def where_log_of(condition: Any, x: Any) -> Any:
    return where(condition > 0, lambda: log(x), lambda: 0.0)


def test_what_is_made_in_a_side_may_be_used_outside_of_it(executor: str) -> None:
    def f(x: Any) -> Any:
        memory: list[Any] = []

        def logarithm() -> Any:
            if not memory:
                memory.append(log(x * x) * 2.0)
            return memory[0]

        return where(x > 0, logarithm, lambda: 0.0) + logarithm()

    same(f, [2.0, -2.0, 0.5], executor=executor)
    compiled = compile(f, executor=executor)
    with pytest.warns(RuntimeWarning, match="1 of 2"):
        assert compiled([-2.0, 0.0])[0] == 2.0 * math.log(4.0)


def test_where_on_what_is_shared(executor: str) -> None:
    f = compile(lambda k, x: where(k > 0, lambda: log(k) * x, lambda: x), executor=executor)
    assert f(1.0, [2.0, 3.0]).tolist() == [0.0, 0.0]
    assert f(-1.0, [2.0, 3.0]).tolist() == [2.0, 3.0]
    assert f.value_and_grad(-1.0, [2.0, 3.0], reduce="sum")[1][0] == 0.0
    assert f.value_and_grad(2.0, [2.0, 3.0], reduce="sum")[1][0] == 2.5
    same(lambda p, x: where(x > 0, lambda: log(p[0]) * x, lambda: p[1] * x), [2.0, 3.0], [1.0, -1.0], in_axes=(None, 0), executor=executor)
    shared = compile(lambda p, x: where(x > 0, lambda: log(p) * x, lambda: x), executor=executor)
    assert shared.value_and_grad(-1.0, [-2.0, -3.0], reduce="sum")[1][0] == 0.0
    with pytest.warns(RuntimeWarning, match="log"):
        assert shared(-1.0, [-2.0, 3.0])[0] == -2.0


def test_both_sides_of_a_where_must_have_one_form() -> None:
    for f in (
        lambda x: where(x > 0, [x, x], [x]),
        lambda x: where(x > 0, {"a": x}, {"b": x}),
        lambda x: where(x > 0, [x], x),
        lambda x: where(x > 0, lambda: (x, x), lambda: [x, x]),
    ):
        with pytest.raises(InputError, match="both sides of a where must have the same form"):
            compile(f)([1.0, -1.0])
    with pytest.raises(InputError, match="'s'"):
        compile(lambda x: where(x > 0, x, "s"))(1.0)
    with pytest.raises(InputError, match="where needs a condition"):
        compile(lambda x: where(x, 1.0, 2.0))(1.0)


# -- what cannot be recorded --------------------------------------------------------------------------------------------

NOT_RECORDED: list[tuple[str, Callable[[Any], Any], type[AutogradError], str]] = [
    ("in a set", lambda x: 1.0 if x in {1.0, 2.0} else x, CompileError, "asked for its hash at .*choose by `if`"),
    ("in a dict", lambda x: {1.0: x}.get(x, 0.0), CompileError, "asked for its hash"),
    ("counted", lambda x: max(Counter([x]).values()) * x, CompileError, "asked for its hash"),
    ("as a number", lambda x: x * float(f"{x:.1f}"), CompileError, "asked for its text at .*__wrapped__"),
    ("as text", lambda x: x * len(str(x)), CompileError, "asked for its text"),
    ("assigned", lambda x: setattr(x, "data", 3.0) or x, CompileError, r"the \.data of .* was assigned at .*no run would do that"),
    (
        ".data",
        lambda x: x * x.data,
        CompileError,
        r"asked for its \.data at .*while the function was recorded: .*frozen.*or read \.data outside",
    ),
    (".grad", lambda x: x * x.grad, CompileError, r"asked for its \.grad at .*while the function was recorded: .*or read \.grad outside"),
    ("== of conditions", lambda x: where((x > 0) == (x > 1), 1.0, 2.0), InputError, "combine them by &, \\| and ~"),
    ("!= of conditions", lambda x: where((x > 0) != (x > 1), 1.0, 2.0), InputError, "combine them by &, \\| and ~"),
    ("& a number", lambda x: where((x > 0) & 5, 1.0, 2.0), InputError, "not with 5"),
    ("& a Value", lambda x: where((x > 0) & x, 1.0, 2.0), InputError, r"not with Value.*\(v > 0\) & \(w > 0\)"),
]


@pytest.mark.parametrize(("name", "f", "error", "message"), NOT_RECORDED, ids=[row[0] for row in NOT_RECORDED])
def test_what_would_be_frozen_is_an_error(name: str, f: Callable[[Any], Any], error: type[AutogradError], message: str) -> None:
    with pytest.raises(error, match=f"(?s){message}"):
        compile(f)([1.0, 2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x * 10.0 if x == y else x,
        lambda x, y: x * 10.0 if x != 0.5 else y * x,
        lambda x, y: x * 10.0 if x in (0.5, 1.0) else x,
        lambda x, y: x * 10.0 if x in [y, 2.0] else x,
        lambda x, y: x * 10.0 if (x, y) == (0.5, 1.0) else x,
        lambda x, y: x * 10.0 if [x, 1.0] == [y, y] else x,
        lambda x, y: x * 10.0 if x != x else y,
        lambda x, y: x * float([0.5, 1.0, 2.0, x].index(y)),
        lambda x, y: x * 10.0 if np.float64(0.5) == x else x,
        lambda x, y: where(x == y, x * 10.0, where(x != 0.5, y, x)),
    ],
)
def test_equality_takes_the_branch_of_the_plain_function(f: Callable[[Any, Any], Any], executor: str) -> None:
    points = [(0.5, 1.0), (1.0, 1.0), (0.5, 0.5), (2.0, 1.0), (-0.0, 1.0), (math.nan, 1.0)]
    values = [f(*point) for point in points]
    found, gradients = compile(f, executor=executor).value_and_grad(*np.array(points).T)
    np.testing.assert_array_equal(found, values)
    for point, value, *slopes in zip(points, values, *gradients, strict=True):
        eager, by_eager = autograd.value_and_grad(f, argnums=(0, 1))(*point)
        np.testing.assert_array_equal([eager, *by_eager], [value, *slopes])


def test_python_says_what_a_condition_is_not() -> None:
    for f in (lambda x: (x > 0) < (x > 1), lambda x: abs(x > 0), lambda x: round(x), lambda x: int(x), lambda x: x // 2.0):
        with pytest.raises(TypeError):
            compile(f)(1.0)


def test_a_condition_is_a_number_as_a_truth_is(executor: str) -> None:
    same(lambda x, y: (x > y) * x + x * (x > 0.0) - (y > x) / 2.0 + (2.0 - (x > y)), [1.0, 2.0], [2.0, 1.0], executor=executor)
    same(lambda x, y: sum([x > 0.0, x > 1.0, y > 1.0]) * x, [1.0, 2.0], [2.0, 1.0], executor=executor)
    same(lambda x, y: [x, y * y][x > y] + {True: x, False: y}[x > 1.0] - (-(x > y)), [1.0, 2.0], [2.0, 1.0], executor=executor)


def caught(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        try:
            return x * ask(x)
        except Exception:
            return x

    return f


@pytest.mark.parametrize(
    "ask", [int, float, round, hash, str, math.sqrt, lambda x: x.data, lambda x: {x}, lambda x: 1.0 if x in {1.0} else 2.0]
)
def test_what_is_refused_cannot_be_caught(ask: Callable[[Any], Any]) -> None:
    """With floats there is nothing to catch: the function would go another way."""
    with pytest.raises((CompileError, InputError)):
        compile(caught(ask))([1.0, 2.0])
    if ask in (int, float, round, hash, math.sqrt):  # in a function that is differentiated, the others have an answer
        with pytest.raises(InputError):
            grad(caught(ask))(1.0)


def test_a_condition_in_another_thread_and_its_text_are_refused() -> None:
    def in_thread(x: Any) -> Any:
        condition = x > 0
        with ThreadPoolExecutor(1) as pool:
            return x * 2.0 if pool.submit(bool, condition).result() else x

    with pytest.raises(CompileError, match="in another thread"):
        compile(in_thread)([1.0, -1.0])
    for text in (str, repr, lambda c: f"{c}"):
        with pytest.raises(CompileError, match="asked for its text"):
            compile(lambda x, text=text: x if text(x > 0) == "True" else -x)(1.0)

    def quiet(x: Any) -> Any:
        """The refusal ends the thread, and nobody sees it."""
        found: list[float] = []

        def work() -> None:
            with contextlib.suppress(CompileError):
                found.append(2.0 if x > 0 else 3.0)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x * (found[0] if found else 5.0)

    with pytest.raises(CompileError, match="in another thread"):
        compile(quiet)(1.0)


def test_identity_of_values_may_be_asked_for(executor: str) -> None:
    f = compile(lambda x, y: x * 2.0 if x is x and x is not y and id(x) != id(y) else y, executor=executor)
    assert f([1.0, 2.0], [1.0, 2.0]).tolist() == [2.0, 4.0]


def test_an_error_in_the_function_leaves_nothing_behind(executor: str) -> None:
    broken = [True]

    def f(x: Any) -> Any:
        if broken[0]:
            raise KeyError("broken")
        return x if x > 0 else -x

    compiled = compile(f, executor=executor)
    with pytest.raises(KeyError, match="broken"):
        compiled([1.0, -1.0])
    assert (Value(1.0) > 0.0) is True
    broken[0] = False
    assert compiled([1.0, -1.0]).tolist() == [1.0, 1.0]


# -- random numbers -----------------------------------------------------------------------------------------------------


def test_random_numbers_are_frozen_unless_they_are_drawn(executor: str) -> None:
    rng = random.Random(0)
    for frozen in (lambda x: x + rng.random(), lambda x: x * 2.0 if rng.random() < 0.5 else x + 1.0 + rng.random()):
        with pytest.raises(CompileError, match=r"draws random numbers.*autograd\.drawn"):
            compile(frozen, executor=executor)(np.zeros(5))
    live = compile(lambda x: x + drawn(rng.random), executor=executor)
    found = [*live(np.zeros(500)), *live(np.zeros(500))]
    assert len(set(found)) == 1000
    assert 0.0 <= min(found) < 0.1
    assert 0.45 < np.mean(found) < 0.55
    assert 0.9 < max(found) < 1.0


def test_samples_draw_in_the_order_of_eager_code(executor: str) -> None:
    rng, other = random.Random(7), random.Random(7)
    f = compile(lambda x: x * drawn(rng.random) + drawn(rng.random), executor=executor)
    for _ in range(2):
        xs = [1.0, 2.0, 3.0]
        assert f(xs).tolist() == [x * other.random() + other.random() for x in xs]
    value, gradient = f.value_and_grad([2.0, 2.0], wrt=0)
    assert len(set(gradient)) == 2
    assert all(0.0 <= slope <= 1.0 for slope in gradient)
    assert len(set(value)) == 2


def test_a_branch_on_a_random_number_is_an_error(executor: str) -> None:
    rng = random.Random(1)
    for f in (lambda x: x if drawn(rng.random) > 0.5 else -x, lambda x: x if x * drawn(rng.random) + 1.0 > 0.5 else -x):
        with pytest.raises(CompileError, match=r"a branch depends on a random number: .*Write where"):
            compile(f, executor=executor)(np.ones(10))
    live = compile(lambda x: where(drawn(rng.random) > 0.5, x, -x), executor=executor)
    assert 300 < (live(np.ones(1000)) > 0).sum() < 700


def test_a_call_of_a_form_that_was_called_before_is_the_same_call(executor: str) -> None:
    rng = np.random.default_rng(3)

    def f(p: Any, pair: Any, x: Any, scale: Any) -> Any:
        hidden = [tanh(dot(row, x) + b) for row, b in zip(p["W"], p["b"], strict=True)]
        return dot(hidden, pair[0]) * scale + pair[1][0][1] * x[0]

    def arguments() -> Any:
        return (
            {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=3)},
            (rng.normal(size=3), [rng.normal(size=2)]),
            rng.normal(size=(5, 2)),
            2.0,
        )

    compiled, fresh = (compile(f, in_axes=(None, None, 0, None), executor=executor) for _ in range(2))
    for reduce in (None, "sum", "mean"):
        for wrt in (None, 0, (1, 3)):
            for _ in range(3):
                args = arguments()
                fresh._calls.shortcuts.clear()
                expected = fresh.value_and_grad(*args, wrt=wrt, reduce=reduce)
                found = compiled.value_and_grad(*args, wrt=wrt, reduce=reduce)
                flat, form = split(found, "found")
                other, other_form = split(expected, "expected")
                assert repr(form([0] * len(flat))) == repr(other_form([0] * len(other)))
                for a, b in zip(flat, other, strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-14)
            fresh._calls.shortcuts.clear()
            assert compiled(*args).tolist() == fresh(*args).tolist()
    assert len(compiled._calls.shortcuts) == 7
    square = compile(lambda x: x * x, executor=executor)
    for n in range(1, SHORTCUTS + 10):
        assert square(np.full(n, 2.0)).sum() == 4.0 * n
    assert len(square._calls.shortcuts) == 9


def zigzag(x: Any, y: Any) -> Any:
    """So irregular that it stays scalars, one after the other: with choices, powers, slopes, sums, and a logarithm that has a domain."""
    z = x
    for i in range(40):
        z = (
            where(z > 0.1 * i, x, y)
            + log(z * z + y) * 0.1
            + autograd.leaky_relu(z, 0.1) * 0.5
            + z**3 * 0.01
            + dot([x, z, 2.0], [y, 0.1, z]) * 0.1
        )
    return z


def test_scalars_one_after_the_other(executor: str) -> None:
    points = [(0.3, 0.7), (0.9, 1.4), (-0.4, 1.1)]
    for axes, batched in (((None, None), False), ((0, 0), True)):
        f = compile(zigzag, in_axes=axes, executor=executor)
        columns = [np.array(column) for column in zip(*points, strict=True)]
        for x, y in [columns] if batched else [tuple(map(np.array, point)) for point in points]:
            value, gradients = f.value_and_grad(x, y)
            samples = points if batched else [(float(x), float(y))]
            np.testing.assert_allclose(value, np.squeeze([zigzag(*map(Value, point)).data for point in samples]), rtol=1e-12)
            expected = np.array([grad(zigzag, argnums=(0, 1))(*point) for point in samples]).T
            np.testing.assert_allclose(np.array(gradients).reshape(2, -1), expected, rtol=1e-9)
            np.testing.assert_allclose(f.jvp((x, y), (0.0 * x + 1.0, 0.0 * y))[1], np.squeeze(expected[0]), rtol=1e-9)
        [code] = codes(f)
        assert any(isinstance(step, Scalars) for step in code.instructions)
        assert sum(isinstance(step, Scalars) for step in code.instructions) < 4 < len(code.flattened) / 50
        check(code)
    outside = compile(zigzag, in_axes=(None, None), executor=executor)
    for x, y in ((0.0, 0.0), (0.1, -5.0)):
        with pytest.raises(DomainError, match="log"):
            zigzag(Value(x), Value(y))
        with pytest.raises(DomainError, match="log"):
            outside(x, y)
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert f(np.array([0.3, 0.1]), np.array([0.7, -5.0]))[0] == pytest.approx(zigzag(Value(0.3), Value(0.7)).data, rel=1e-12)


# -- structure ----------------------------------------------------------------------------------------------------------


def products(function: Function) -> list[tuple[int, ...]]:
    """The shapes of the matrix products that were found in the program that was recorded last."""
    return [step.shape for step in codes(function)[-1].flattened if isinstance(step, Matmul)]


def layer(W: Any, x: Any) -> list[Any]:
    return [tanh(dot(row, x)) for row in W]


def attention(Q: Any, K: Any, V: Any) -> Any:
    """Scaled dot products of queries and keys, softmax, and the weighted values, added up with different weights."""
    total: Any = 0.0
    for i, q in enumerate(Q):
        weights = autograd.softmax([dot(q, k) * 0.5 for k in K])
        mixed = [dot(weights, [v[j] for v in V]) for j in range(len(V[0]))]
        total = total + sum(m * (i + 1.0 + j) for j, m in enumerate(mixed))
    return total


def patches(kernel: Any, image: Any) -> Any:
    """A convolution with one kernel, as dot products of patches."""
    size, n = len(kernel), len(image) - len(kernel) + 1
    flat_kernel = [w for row in kernel for w in row]
    total: Any = 0.0
    for i in range(n):
        for j in range(n):
            patch = [image[i + a][j + b] for a in range(size) for b in range(size)]
            total = total + relu(dot(flat_kernel, patch)) * (1.0 + i - j)
    return total


STRUCTURES: list[tuple[str, Callable[..., Any], Any, tuple[Any, ...], list[tuple[int, ...]]]] = [
    ("shared × batched", lambda W, x: sum(layer(W, x)), (None, 0), (RNG.normal(size=(4, 3)), RNG.normal(size=(6, 3))), [(4, 1)]),
    (
        "two layers",
        lambda W, V, x: sum(layer(V, layer(W, x))),
        (None, None, 0),
        (RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=(6, 3))),
        [(4, 1), (2, 1)],
    ),
    (
        "shared × batched matrices",
        lambda W, X: sum(z * (i + 1.0) for i, z in enumerate(z for x in X for z in layer(W, x))),
        (None, 0),
        (RNG.normal(size=(4, 3)), RNG.normal(size=(6, 5, 3))),
        [(4, 5)],
    ),
    (
        "batched × shared",
        lambda X, W: sum(z * (i + 1.0) for i, z in enumerate(tanh(dot(x, w)) for x in X for w in W)),
        (0, None),
        (RNG.normal(size=(6, 5, 3)), RNG.normal(size=(4, 3))),
        [(5, 4)],
    ),
    (
        "batched × batched",
        lambda A, B: sum(z * (i + 1.0) for i, z in enumerate(tanh(dot(a, b)) for a in A for b in B)),
        (0, 0),
        (RNG.normal(size=(6, 2, 3)), RNG.normal(size=(6, 4, 3))),
        [(2, 4)],
    ),
    (
        "shared × shared",
        lambda A, B, x: sum(z * (i + x) for i, z in enumerate(tanh(dot(a, b)) for a in A for b in B)),
        (None, None, 0),
        (RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=6)),
        [(2, 4)],
    ),
    (
        "attention",
        attention,
        (0, 0, 0),
        (RNG.normal(size=(3, 4, 5)), RNG.normal(size=(3, 4, 5)), RNG.normal(size=(3, 4, 2))),
        [(4, 4), (4, 2)],
    ),
    (
        "attention, shared keys",
        attention,
        (0, None, None),
        (RNG.normal(size=(3, 4, 5)), RNG.normal(size=(6, 5)), RNG.normal(size=(6, 2))),
        [(4, 6), (4, 2)],
    ),
    (
        "attention, shared queries",
        attention,
        (None, 0, None),
        (RNG.normal(size=(3, 5)), RNG.normal(size=(4, 6, 5)), RNG.normal(size=(6, 2))),
        [(3, 6), (3, 2)],
    ),
    ("convolution", patches, (None, 0), (RNG.normal(size=(2, 2)), RNG.normal(size=(3, 5, 5))), [(1, 16)]),
    ("convolution, a kernel a sample", patches, (0, None), (RNG.normal(size=(3, 2, 2)), RNG.normal(size=(5, 5))), [(1, 16)]),
]


@pytest.mark.parametrize(("name", "f", "in_axes", "args", "shapes"), STRUCTURES, ids=[row[0] for row in STRUCTURES])
def test_matrix_products_are_found(
    name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...], shapes: list[tuple[int, ...]], executor: str
) -> None:
    compiled = same(f, *args, in_axes=in_axes, executor=executor)
    assert sorted(map(sorted, products(compiled))) == sorted(map(sorted, shapes))


@pytest.mark.seed("A5")
def test_four_neurons_of_three_inputs_are_a_matrix(executor: str) -> None:
    """Loops over neurons and samples become W X + b, with a column for each sample."""
    layer = Layer(3, 4, "linear", rng=random.Random(0))
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    b = np.array([[neuron.b.data] for neuron in layer.neurons])
    X = np.random.default_rng(0).normal(size=(3, 5))
    neurons = compile(lambda x: layer(x), in_axes=(0,), executor=executor)
    assert W.shape == (4, 3)
    assert np.array(neurons(X.T)).T == pytest.approx(W @ X + b, rel=1e-13)
    assert "w[4, 3]ᵀ" in str(neurons)


MIXED: list[tuple[str, Callable[..., Any]]] = [
    ("a dot of mixed factors", lambda p, x: dot([p[0], x[0], 2.0, p[1]], [x[1], x[2], p[2], 3.0])),
    ("a sum of mixed terms", lambda p, x: autograd.functions.sum([p[0], x[0], 2.0, p[1] * 3.0, x[1] * x[2]])),
    ("a chain of mixed terms", lambda p, x: p[0] + x[0] + 2.0 + p[1] * 3.0 + x[1] * x[2] + p[2] * x[2]),
    ("many mixed dots", lambda p, x: sum(tanh(dot([p[i], x[j]], [x[j], p[k]])) for i in range(3) for j in range(3) for k in range(3))),
    ("a grid with a hole", lambda p, x: sum(tanh(dot([p[i], p[j]], [x[j], x[i]])) for i in range(3) for j in range(3) if i + j < 4)),
    ("a grid with doubles", lambda p, x: sum(tanh(dot([p[i], 1.0], [x[j], p[i]])) for i in (0, 1, 1) for j in (0, 2))),
    ("a shared sum in a batched product", lambda p, x: (p[0] * p[1] + p[2]) * (x[0] + p[0]) - exp(p[1]) * exp(x[1])),
    ("shared and batched in one group", lambda p, x: sum(tanh(v) for v in [*p, *x]) * sum(exp(v * 0.1) for v in [p[0], x[0], p[1], x[1]])),
    ("variadic rows", lambda p, x: autograd.logsumexp([p[0], x[0], 1.0]) + autograd.logsumexp([x[1], p[1], x[2]]) * autograd.logsumexp(p)),
    ("three inputs", lambda p, x: sum(autograd.clip(v, p[2], 1.0) for v in x) + sum(autograd.clip(v, x[0] * 0.0 - 1.0, 2.0) for v in p)),
    ("parameters", lambda p, x: sum(v**k for v, k in zip([*p, *x], [2, 3, 2, 2, 3, 3], strict=True)) + sum(v**2 for v in x)),
    ("negative and repeated", lambda p, x: -(x[0] - p[0]) * (x[0] - p[0]) - (p[0] - x[0]) * (x[0] - p[0]) + x[0] * x[0] + p[0] * p[0]),
    ("only shared numbers", lambda p, x: tanh(dot(p, p)) + sum(exp(v) for v in p)),
    ("transposed", lambda p, x: sum(tanh(x[i] * p[j]) * (1.0 + i) for j in range(3) for i in range(3))),
    ("a sum over both orders", lambda p, x: sum(x[i] * p[i] for i in range(3)) * sum(p[i] * x[2 - i] for i in range(3))),
]


@pytest.mark.parametrize(("name", "f"), MIXED, ids=[row[0] for row in MIXED])
@pytest.mark.parametrize("in_axes", [(None, 0), (0, None), (0, 0)], ids=str)
def test_shared_batched_and_constant_numbers_mix(name: str, f: Callable[..., Any], in_axes: tuple[Any, Any], executor: str) -> None:
    rng = np.random.default_rng(1)
    args = [rng.uniform(-1.5, 1.5, size=(3,) if axis is None else (4, 3)) for axis in in_axes]
    same(f, *args, in_axes=in_axes, executor=executor)


def tangle(seed: int) -> Callable[[Any, Any], Any]:
    """A random function of six vectors of three numbers: products, transposes, sums and choices of what there is so far."""

    def f(p: Any, x: Any) -> Any:
        rng = random.Random(seed)
        vectors = [*map(list, p), *map(list, x), [0.5, -1.0, 2.0]]

        def some(n: int) -> list[list[Any]]:
            return [rng.choice(vectors[-8:]) for _ in range(n)]

        def product() -> list[list[Any]]:
            rows, columns = some(rng.choice([1, 2, 3])), some(3)
            return [[tanh(dot(row, column)) for column in columns] for row in rows]

        def transposed() -> list[list[Any]]:
            return [list(column) for column in zip(*some(3), strict=True)]

        def picked() -> list[list[Any]]:
            pool = [v for vector in some(4) for v in vector]
            return [[rng.choice(pool) for _ in range(3)] for _ in range(rng.choice([1, 3]))]

        def element_wise() -> list[list[Any]]:
            rule = rng.choice([lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / (1.0 + b * b), lambda a, b: exp(tanh(a)) + b])
            return [[rule(a, b) for a, b in zip(*some(2), strict=True)] for _ in range(rng.choice([1, 3]))]

        def summed() -> list[list[Any]]:
            return [
                [sum(vector, 0.0), dot(vector, other), sum(a * b for a, b in zip(vector, other, strict=True))]
                for vector, other in [some(2)] * 2
            ]

        def chosen() -> list[list[Any]]:
            return [[where(a > b, lambda a=a: tanh(a), lambda b=b: b * 0.5) for a, b in zip(*some(2), strict=True)]]

        for _ in range(rng.randint(2, 7)):
            vectors += [
                [tanh(v) for v in vector] for vector in rng.choice([product, product, transposed, picked, element_wise, summed, chosen])()
            ]
        return sum(v * (1.0 + 0.1 * i) for i, v in enumerate(v for vector in vectors[-5:] for v in vector))

    return f


@pytest.mark.parametrize("seed", range(30))
def test_tangles(seed: int, executor: str) -> None:
    in_axes = [(None, 0), (0, None), (0, 0)][seed % 3]
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=(3, 3) if axis is None else (4, 3, 3)) for axis in in_axes]
    same(tangle(seed), *args, in_axes=in_axes, executor=executor)


def test_dots_of_one_group_take_their_terms_in_their_own_order(executor: str) -> None:
    f = same(lambda x, y: dot([x, 2.0], [y, x]) + dot([3.0, y], [y, x]), [1.0, 2.0], [3.0, 4.0], executor=executor)
    assert codes(f)


def test_a_product_of_scalars_is_no_loop(executor: str) -> None:
    f = compile(lambda x, y: x * y, executor=executor)
    f([1.0], [2.0, 3.0])
    assert [step.operation for step in codes(f)[0].flattened] == [MUL]


def test_deep(executor: str) -> None:
    def chain(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 0.9999 + 0.001
        return x

    value, gradient = compile(chain, executor=executor).value_and_grad([0.5, 0.25], wrt=0)
    assert value.tolist() == [chain(0.5), chain(0.25)]
    assert gradient.tolist() == pytest.approx([0.9999**20_000] * 2, rel=1e-11)


def test_wide(executor: str) -> None:
    f = compile(lambda x: autograd.functions.sum([exp(x * (i * 1e-5)) for i in range(100_000)]), executor=executor)
    value, gradient = f.value_and_grad([0.5, 0.25], wrt=0)
    k = np.arange(100_000) * 1e-5
    np.testing.assert_allclose(value, [np.exp(x * k).sum() for x in (0.5, 0.25)], rtol=1e-11)
    np.testing.assert_allclose(gradient, [(k * np.exp(x * k)).sum() for x in (0.5, 0.25)], rtol=1e-11)
    assert len(codes(f)[0].flattened) <= 4


# -- threads ------------------------------------------------------------------------------------------------------------


def in_threads(work: Callable[[int], None], count: int) -> None:
    errors: list[BaseException] = []

    def run(i: int) -> None:
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_several_threads_call_one_function_with_batches_of_their_own(executor: str) -> None:
    f, runs = recorded(lambda p, x: p * x * x if x > 0.0 else where(x < -1.0, lambda: log(-x) * p, lambda: p))
    compiled = compile(f, executor=executor)

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(60):
            p, x = rng.uniform(1.0, 2.0), rng.uniform(-3.0, 3.0, size=rng.integers(2, 60))
            with np.errstate(invalid="ignore"):
                expected = np.where(x > 0.0, p * x * x, np.where(x < -1.0, np.log(-x) * p, p))
                slopes = np.where(x > 0.0, 2.0 * p * x, np.where(x < -1.0, p / x, 0.0))
            np.testing.assert_allclose(compiled(p, x), expected, rtol=1e-13, atol=1e-13)
            value, (by_p, by_x) = compiled.value_and_grad(p, x, reduce="sum")
            np.testing.assert_allclose(by_x, slopes, rtol=1e-13, atol=1e-13)
            assert by_p == pytest.approx(expected.sum() / p, rel=1e-11, abs=1e-11)
            assert value == pytest.approx(expected.sum(), rel=1e-11, abs=1e-11)

    in_threads(work, 4)
    assert 4 <= len(runs) <= 4 * 4  # two programs of two branches; each thread may record what another one is recording
    before = len(runs)
    work(4)
    assert len(runs) == before


def test_other_threads_compute_eagerly_while_one_records() -> None:
    recording, done = threading.Event(), threading.Event()

    def slow(x: Any) -> Any:
        recording.set()
        assert done.wait(timeout=30.0)
        return x if x > 0.0 else -x

    compiled = compile(slow, executor="numpy")

    def work(i: int) -> None:
        if i == 0:
            assert compiled([2.0, -2.0]).tolist() == [2.0, 2.0]
            return
        try:
            assert recording.wait(timeout=30.0)
            v = Value(math.nan)
            assert (v > 0.0) is False
            assert bool(v) is True
            assert [bool(Value(x)) for x in (0.0, -0.0, 1.0)] == [False, False, True]
            assert (v == Value(1.0)) is False
            with pytest.raises(InputError, match="same node"):
                assert v == 1.0
            assert (Value(1.0).data, Value(1.0).grad) == (1.0, 0.0)
            assert max(Value(1.0), Value(2.0)).data == 2.0
            assert isinstance(where(Value(1.0) > 0.0, 1.0, 2.0), float)
            with pytest.raises(DomainError):
                log(Value(-1.0))
        finally:
            done.set()

    in_threads(work, 2)


# -- what it looks like -------------------------------------------------------------------------------------------------


def test_compile_is_a_decorator() -> None:
    @compile
    def area(width: Any, height: Any) -> Any:
        """The area of a rectangle."""
        return width * height

    @compile(in_axes=(None, 0), executor="numpy")
    def scaled(p: Any, x: Any) -> Any:
        return p[0] * x

    assert area([1.0, 2.0], 3.0).tolist() == [3.0, 6.0]
    assert scaled([2.0], [1.0, 2.0]).tolist() == [2.0, 4.0]
    assert (area.__name__, area.__doc__, area.__module__) == ("area", "The area of a rectangle.", __name__)
    assert area.__qualname__.endswith("test_compile_is_a_decorator.<locals>.area")
    assert area.__wrapped__(2.0, 3.0) == 6.0  # type: ignore[attr-defined]
    assert repr(area) == "<compiled function area>"
    assert compile(functools.partial(hill, 1.0))([2.0])[0] == hill(1.0, 2.0)
    assert compile(Linear(1, 1).forward if hasattr(Linear, "forward") else Linear(1, 1), in_axes=(0,))([[1.0]]).shape[0] == 1


def test_methods_can_be_compiled() -> None:
    class Model:
        def __init__(self) -> None:
            self.scale = Value(3.0)

        def plain(self, x: Any) -> Any:
            return self.scale * x

        def __call__(self, x: Any) -> Any:
            return self.scale + x

    model = Model()
    f = compile(model.plain)
    assert f([1.0, 2.0]).tolist() == [3.0, 6.0]
    model.scale.data = 4.0
    assert f([1.0, 2.0]).tolist() == [4.0, 8.0]
    assert compile(model)([1.0]).tolist() == [5.0]
    assert repr(compile(model)) == "<compiled function Model>"


def test_print_shows_the_program_and_where_it_branches() -> None:
    def loss(w: Any, x: Any) -> Any:
        h = [tanh(dot(row, x)) for row in w]
        if h[0] > h[1]:
            return h[0] * 2.0
        return where(x[0] > 0, h[1], h[0])

    f = compile(loss, in_axes=(None, 0), executor="numpy")
    assert str(f) == "loss: not recorded yet; it will be at the first call"
    f([[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0], [1.0, 2.0]])
    lines = str(f).splitlines()
    heads = [line for line in lines if line.startswith("program: ")]
    assert len(heads) == 2
    assert all("1 of them matrix products" in head for head in heads)
    assert "  t1[n, 2] = w[2, 2] @ x[n, 2]ᵀ" in lines or "  t1[n, 2] = x[n, 2] @ w[2, 2]ᵀ" in lines
    line = loss.__code__.co_firstlineno + 2
    assert f"  where {__file__}:{line} (if h[0] > h[1]:) was True" in lines
    assert f"  where {__file__}:{line} (if h[0] > h[1]:) was False" in lines
    assert any("where(" in text for text in lines)


@pytest.mark.parametrize(("m", "t"), [(1, 1), (2, 3), (3, 17), (4, 8), (5, 33), (7, 100), (9, 4)])
def test_products_of_few_samples_and_of_many(executor: str, m: int, t: int) -> None:
    rng = np.random.default_rng(m)
    W, V = rng.normal(size=(m, t)), rng.normal(size=(3, t))

    def f(W: Any, x: Any) -> Any:
        return [[dot(w, row) for w in W] for row in x]

    of_vectors = compile(lambda W, x: [dot(w, x) for w in W], in_axes=(None, 0), executor=executor)
    of_matrices = compile(f, in_axes=(None, 0), executor=executor)
    swapped = compile(lambda W, x: [[dot(row, w) for row in x] for w in W], in_axes=(None, 0), executor=executor)
    for n in (1, 2, 3, 7, 11, 12, 13, 14):
        x = rng.normal(size=(n, t))
        np.testing.assert_allclose(of_vectors(W, x), x @ W.T, rtol=1e-13, atol=1e-13)
        X = rng.normal(size=(n, 3, t)) * V
        np.testing.assert_allclose(of_matrices(W, X), X @ W.T, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(swapped(W, X), np.moveaxis(X @ W.T, 1, 2), rtol=1e-13, atol=1e-13)


def test_few_rows_of_scattered_numbers_on_one_side_of_a_where(executor: str) -> None:
    """sqrt and log of x and z, between which y lies: with samples the native machine takes them apart."""

    def f(x: Any, y: Any, z: Any) -> Any:
        return where(x > 0.0, lambda: sqrt(x) * y + sqrt(z) + log(x) * log(z), lambda: x * y - z)

    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 200))
    z = np.abs(z) * np.where(x > 0.0, 1.0, -1.0)  # outside of the domains where the other side is chosen
    value, slopes = compile(f, executor=executor).value_and_grad(x, y, z)
    leaves = [list(map(Value, sample)) for sample in zip(x, y, z, strict=True)]
    for sample, found in zip(leaves, value, strict=True):
        eager = f(*sample)
        eager.backward()
        assert found == pytest.approx(eager.data, rel=1e-13)
    np.testing.assert_allclose(np.transpose(slopes), [[leaf.grad for leaf in sample] for sample in leaves], rtol=1e-12)
    with pytest.warns(RuntimeWarning, match=r"needs .*: 1 of 200 elements are outside"):
        compile(lambda x, y, z: sqrt(x) + sqrt(z) * y, executor=executor)(np.abs(x), y, np.where(np.arange(200) == 7, -1.0, 1.0))


def test_a_shared_vector_as_long_as_there_are_samples_is_not_taken_for_a_number_of_each(executor: str) -> None:
    f = compile(lambda p, x: dot(p, p) * x, in_axes=(None, 0), executor=executor)
    p = x = np.array([1.0, 2.0, 3.0])
    for _ in range(3):  # the later calls take a shortcut
        value, (by_p, by_x) = f.value_and_grad(p, x)
        assert value.tolist() == [14.0, 28.0, 42.0]
        assert by_p.tolist() == [[2.0, 4.0, 6.0], [4.0, 8.0, 12.0], [6.0, 12.0, 18.0]]
        assert by_x.tolist() == [14.0, 14.0, 14.0]
