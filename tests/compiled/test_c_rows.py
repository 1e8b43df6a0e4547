"""Every row of the op table in C: at ordinary and special points, in double and in float, and outside of its domain."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from c_compiler import compiled, differentiated, needs_compiler
from points import EXTREME, NOT_FINITE, ROWS, points
from test_compiled_rows import OUTSIDE, ulps
from test_special_points import POINTS
from test_special_points import same as alike

import autograd
from autograd import Value, compile, define, grad, to_c
from autograd.errors import CompileError
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.ops import Operation, outside

pytestmark = needs_compiler

FLOAT_EXTREME = (*[x for x in EXTREME if x == 0.0 or 1e-42 < abs(x) < 1e38], 1e30, -1e30, 1e-30)
"""The special points of the type float."""


SPECIAL = {"lgamma", "digamma", "polygamma", "ndtr", "log_ndtr", "erfinv"}
"""Rows of long formulas, whose parts are split so that they are exact in double."""


def name_of(row: Operation, inputs: int) -> str:
    """The name of its function: a row may be bound to several orders."""
    return f"row_{row.name}_{ROWS.index(row)}_{inputs}"


def exported(row: Operation, inputs: int, **options: Any) -> str:
    """A row as a function of C."""
    f = compile(lambda *a: call(row, *a), executor="numpy")
    f.record(*points(row)[0][:inputs] if row.arity else [0.5] * inputs)
    return to_c(f, name=name_of(row, inputs), **options)


def counts(row: Operation) -> list[int]:
    """Numbers of inputs: of operations of any number, some that are written out, and some that are loops."""
    return [row.arity] if row.arity is not None else [2, 4, 6, 8, 14]


def batch(row: Operation, inputs: int, special: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Points of a row, ordinary and special, inside the domain and outside."""
    if row.arity is not None:
        return points(row) + list(itertools.product(special if inputs < 3 else special[:8] + NOT_FINITE, repeat=inputs))
    rng = np.random.default_rng(inputs)
    rows = rng.normal(0.0, 3.0, (5, inputs)).tolist() + [[a, b] * (inputs // 2) for a, b in itertools.product(special, repeat=2)]
    return [tuple(numbers) for numbers in rows]


def eager(row: Operation, point: tuple[float, ...]) -> tuple[float, list[float]]:
    inputs = [Value(x) for x in point]
    y = call(row, *inputs)
    y.backward()
    return y.data, [x.grad for x in inputs]


def term_of(row: Operation, point: tuple[float, ...], y: float) -> float:
    """What rounding is measured by where a value or a slope is a sum that may cancel."""
    if row.name in ("silu", "gelu", "gelu_tanh") and point[0] != 0.0 and math.isfinite(point[0]):
        return y / point[0]  # their slope is Φ + a Φ'
    sizes = {"sum": point, "dot": [a * b for a, b in zip(point, point[len(point) // 2 :], strict=False)], "logsumexp": (1.0, *point)}
    return max([abs(x) for x in sizes.get(row.name, ()) if math.isfinite(x)], default=0.0) * 2.0 * (row.arity is None)


def test_rows_within_4_ulp_of_eager_code() -> None:
    library = compiled("\n".join(exported(row, n) for row in ROWS for n in counts(row)))
    compared = 0
    for row in ROWS:
        for n in counts(row):
            for point in batch(row, n, EXTREME + NOT_FINITE):
                (value,), (slopes,) = differentiated(library, name_of(row, n), point)
                if outside(row, FLOATS, *point):
                    assert not math.isfinite(value), (row, point)
                    continue
                y, expected = eager(row, point)
                term = term_of(row, point, y)
                assert ulps(value, y, term if row.arity is None else 0.0) <= 4.0, (row, point, value, y)
                for slope, exact in zip(slopes, expected, strict=True):
                    assert ulps(slope, exact, term if row.arity is not None else 0.0) <= 4.0, (row, point, slope, exact)
                compared += 1
    assert compared > 8000


def single_ulps(result: float, exact: float, term: float) -> float:
    """The distance in units in the last place of the type float, in which the exact number may be infinite."""
    largest = float(np.finfo(np.float32).max)
    rounded = math.copysign(math.inf, exact) if largest * (1.0 + 2.0**-23) < abs(exact) < math.inf else exact
    if result == rounded or (result != result and rounded != rounded):
        return 0.0
    if not math.isfinite(result) or not math.isfinite(rounded):
        return 0.0 if max(abs(exact), abs(result)) > largest * (1.0 - 2.0**-20) and result == result else math.inf
    return abs(result - exact) / float(np.spacing(np.float32(min(max(abs(exact), abs(term)), largest))))


def test_rows_in_float_within_4_of_its_ulp() -> None:
    """Where a formula needs a number that no float can hold, it may be lost: then the result is inf or nan, or 0."""
    library = compiled("\n".join(exported(row, n, dtype="float32") for row in ROWS for n in counts(row)))
    compared, lost = 0, 0
    for row in ROWS:
        for n in counts(row):
            for point in batch(row, n, FLOAT_EXTREME + NOT_FINITE):
                single = tuple(float(np.float32(x)) for x in point)
                if outside(row, FLOATS, *single):
                    continue
                (value,), (slopes,) = differentiated(library, name_of(row, n), single, dtype=np.float32)
                y, expected = eager(row, single)
                term = term_of(row, single, y)
                pairs = [(float(value), y, term if row.arity is None else 0.0)]
                pairs += [
                    (float(slope), exact, term if row.arity is not None else 0.0) for slope, exact in zip(slopes, expected, strict=True)
                ]
                for result, exact, size in pairs:
                    compared += 1
                    if single_ulps(result, exact, size) > (8.0 if row.name in SPECIAL else 4.0):
                        lost += 1
                        assert extreme(row, single) or within_spread(row, single, result, exact), (row, single, result, exact)
    assert compared > 10_000
    assert lost < compared / 200


def extreme(row: Operation, point: tuple[float, ...]) -> bool:
    """Whether a number so large or so small that its square is no float is among the inputs."""
    return any(x != 0.0 and not 1e-19 < abs(x) < 1e19 for x in point)


def within_spread(row: Operation, point: tuple[float, ...], result: float, exact: float) -> bool:
    """Whether the argument of exp, a difference of inputs, is so large that its rounding explains the error of a share."""
    return row.name == "logsumexp" and single_ulps(result, exact, 0.0) <= 4.0 + max(point) - min(point)


@pytest.fixture(scope="module")
def at_special_points() -> Any:
    texts = []
    for i, (_, f, point, _, _) in enumerate(POINTS):
        compiled_function = compile(f, executor="numpy")
        compiled_function.record(*point)
        texts.append(to_c(compiled_function, name=f"point{i}"))
    return compiled("\n".join(texts))


@pytest.mark.parametrize(
    ("i", "name", "f", "point", "value", "slopes"), [(i, *row) for i, row in enumerate(POINTS)], ids=[r[0] for r in POINTS]
)
def test_special_points(
    at_special_points: Any, i: int, name: str, f: Callable[..., Any], point: tuple[float, ...], value: float, slopes: tuple[float, ...]
) -> None:
    (result,), (gradient,) = differentiated(at_special_points, f"point{i}", point)
    assert alike(float(result), value), name
    assert all(map(alike, gradient.tolist(), slopes)), (name, gradient, slopes)


def test_outside_of_a_domain_c_decides_and_nan_on_request() -> None:
    texts = []
    for i, (name, f, _, _) in enumerate(OUTSIDE):
        g = compile(f, executor="numpy")
        g(1.5 if name.startswith("acosh") else 0.75)
        texts += [to_c(g, name=f"plain{i}"), to_c(g, name=f"checked{i}", checked=True)]
    library = compiled("\n".join(texts))
    for i, (name, f, x, value) in enumerate(OUTSIDE):
        assert alike(float(differentiated(library, f"plain{i}", [x])[0][0]), value), name
        results, gradients = differentiated(library, f"checked{i}", [x])
        assert np.isnan([*results, *gradients[0]]).all(), name
        inside = 1.5 if name.startswith("acosh") else 0.75
        results, gradients = differentiated(library, f"checked{i}", [inside])
        assert (results[0], gradients[0, 0]) == pytest.approx((autograd.value_and_grad(f)(inside)), rel=1e-14)


# -- operations of your own ---------------------------------------------------------------------------------------------------


def test_an_operation_of_your_own_needs_no_code() -> None:
    power = define(
        "signed_power_example",
        lambda xp, a, b: xp.where(a < 0.0, -1.0, 1.0) * abs(a) ** b,
        lambda xp, y, a, b: b * xp.power(xp.abs(a), b - 1.0),
        lambda xp, y, a, b: xp.where(xp.equal(a, 0.0) | (b <= 0.0), 0.0, y * xp.log(xp.abs(a))),
        check_at=[(0.5, 2.5), (-2.0, 3.0)],
    )
    odd = define(
        "odd_example",
        lambda xp, a: np.float64(2.0) * a % 3 + (a > 1.0) * 0.5 + 2.0 ** (+a) - ((a < 0.0) == (a < -1.0)) * 1,
        lambda xp, y, a: 2.0 + 2.0**a * np.log(2.0),
        domain=lambda xp, a: (a > -5.0) & ((a < 5.0) == True),  # noqa: E712 - as a rule may write it
    )
    f = compile(lambda a, b: power(a, b) + odd(a) * power(b, 2.0), executor="numpy")
    f(0.5, 1.5)
    library = compiled(to_c(f, name="own", checked=True))
    for a, b in ((0.5, 1.5), (-2.0, 3.0), (1.75, 0.25), (-0.75, 2.0), (4.5, 1.0)):
        y, slopes = f.value_and_grad(a, b)
        (value,), gradient = differentiated(library, "own", [a, b])
        assert [value, *gradient[0]] == pytest.approx([y, *slopes], rel=1e-13)
    assert np.isnan(differentiated(library, "own", [6.0, 1.0])[0]).all()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda xp, a: np.sinc(a), "'CNumber' object has no attribute"),
        (lambda xp, a: a * 1.0 if a > 0.0 else a * 2.0, "has no truth value: write xp.where"),
        (lambda xp, a: xp.special(a), "special is not a function of namespaces"),
    ],
)
def test_a_rule_that_c_does_not_have_is_an_error(rule: Callable[..., Any], message: str) -> None:
    own = define("only_python_example", lambda xp, a: rule(xp, a) if type(a).__name__ == "CNumber" else a * 2.0, lambda xp, y, a: 2.0)
    f = compile(lambda x: own(x), executor="numpy")
    f(1.0)
    with pytest.raises(CompileError, match="(?s)the operation only_python_example cannot be written in C: its rule raises") as caught:
        to_c(f)
    assert message in str(caught.value)


def test_derivatives_of_any_order_are_functions_too() -> None:
    f = compile(grad(grad(lambda x: autograd.tanh(x) * autograd.erf(x) + autograd.gelu(x))), executor="numpy")
    f(0.5)
    library = compiled(to_c(f, name="curvature"))
    for x in (-2.5, -0.3, 0.0, 0.7, 3.0):
        y, slope = f.value_and_grad(x, wrt=0)
        (value,), ((third,),) = differentiated(library, "curvature", [x])
        assert (value, third) == pytest.approx((y, slope), rel=1e-12, abs=1e-15)
