"""The gradient check: it accepts what is right, and catches every planted error."""

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from autograd import Value, assert_gradients, check_gradients, define, exp, floor, log, log1p, relu, sin, sqrt, tanh, value_and_grad
from autograd.checking import Comparison, _judged, _settled, compare, numeric_derivative
from autograd.errors import GradientCheckError, InputError
from autograd.functions import call
from autograd.ops import OPERATIONS, Operation

from points import ROWS, points  # isort: skip

NOTHING = "nothing to compare with"
SCALES = (1e-8, -1e-8, 1e-4, -1e-3, 0.3, -0.7, 1.0, -1.0, 2.5, 17.0, -33.0, 1e3, -1e4, 1e6, 1e8, -1e8)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize(
    "error", [lambda s: 1.0001 * s + 3e-4, lambda s: -s - 0.5, lambda s: s - 1.0], ids=["scaled", "negated", "shifted"]
)
def test_a_planted_error_in_any_derivative_of_any_row_is_caught(row: Operation, error: Any) -> None:
    for index, rule in enumerate(row.derivatives):

        def wrong(xp: Any, y: Any, *inputs: Any, rule: Any = rule) -> Any:
            slopes = rule(xp, y, *inputs)
            return [error(slope) for slope in slopes] if row.arity is None else error(slopes)

        planted = (*row.derivatives[:index], wrong, *row.derivatives[index + 1 :])
        operation = Operation(row.name, row.symbol, row.value, planted, row.arity, row.domain, row.pole)

        def broken(*inputs: Any, operation: Operation = operation) -> Any:
            return call(operation, *inputs)

        caught = False
        for point in points(row):
            caught = caught or any(c.verdict == "disagrees" for c in check_gradients(broken, point))
        assert caught, index


def test_a_wrong_second_derivative_is_caught() -> None:
    """The value of the slope is right at every point, and its graph is not."""
    frozen = lambda a: a.data if isinstance(a, Value) else a
    wrong = define("cube_wrong", lambda xp, a: a * a * a, lambda xp, y, a: 3.0 * a * frozen(a))
    try:
        assert all(c.ok for c in check_gradients(wrong, [1.7]))
        assert [c.verdict for c in check_gradients(wrong, [1.7], order=2)] == ["agrees", "disagrees"]
    finally:
        del OPERATIONS["cube_wrong"]


@pytest.mark.parametrize(
    ("f", "x"),
    [(tanh, 0.3), (exp, 20.0), (exp, -20.0), (log, 1e-3), (log, 1e6), (relu, 1e-3), (lambda x: x**0.5, 1e-8), (lambda x: x * 1e10, 1.0),
     (lambda x: 2.0, 1.0), (lambda x: x, 1e-200), (lambda x: 1 / x, -1e-4), (lambda x: x**3 - 2 * x, 1e5), (sin, 1e8), (sin, 1e12),
     (lambda x: 1 / x, 1e-8), (lambda x: 1 / x, 1e8), (relu, 1e-4), (lambda x: sin(1.1 * x), 1e6), (lambda x: exp(x) - 1, 1e-8),
     (log1p, 1e-12), (lambda x: x**2, 0.0), (lambda x: 9.0 + x**2, 0.0), (lambda x: 1e300 * x, 1e-3), (lambda x: 1e-300 * x * x, 0.3)],
)  # fmt: skip
def test_right_derivatives_pass_at_every_scale(f: Any, x: float) -> None:
    assert_gradients(f, [x], order=2)


def test_the_numeric_derivative_knows_its_error() -> None:
    for f, x, exact in ((math.exp, 1.0, math.e), (math.sin, 2.0, math.cos(2.0)), (math.log, 1e-3, 1e3), (math.sqrt, 4.0, 0.25)):
        d, error = numeric_derivative(f, x)
        assert abs(d - exact) <= 10 * error
        assert error < 1e-8 * abs(exact)


def test_what_is_reported() -> None:
    result = check_gradients(lambda p, v: p["a"] * v, [{"a": 2.0}, Value(3.0, label="speed")], order=2)
    assert [c.name for c in result] == ["∂/∂x0", "∂/∂speed", "∂²/∂x0∂x0", "∂²/∂x0∂speed", "∂²/∂speed∂x0", "∂²/∂speed∂speed"]
    assert [round(c.exact, 9) for c in result] == [3.0, 2.0, 0.0, 1.0, 1.0, 0.0]
    assert str(result[0]).endswith("ok")
    three = define("three_wrong", lambda xp, a: a * a, lambda xp, y, a: 3.0 * a)
    try:
        with pytest.raises(GradientCheckError, match=r"^1 of the derivatives could not be confirmed:\n  ∂/∂x0: .* 6 ± .*: WRONG by 3$"):
            assert_gradients(three, [3.0])
        with pytest.raises(
            GradientCheckError,
            match=r"^2 of the derivatives could not be confirmed:\n  ∂/∂x0: .* WRONG by 3\n"
            r"with nothing to compare with; check them at other points, away from kinks, jumps and plateaus:\n"
            r"  ∂/∂x1: chain rule 0, and nothing to compare with: differences around this point settle on no number$",
        ):
            assert_gradients(lambda x, y: three(x) + relu(y), [3.0, 0.0])
    finally:
        del OPERATIONS["three_wrong"]
    with pytest.raises(AssertionError, match="could not be confirmed"):
        assert_gradients(relu, [0.0])
    (end,) = check_gradients(sqrt, [0.0])
    assert (end.verdict, end.ok, end.exact) == (NOTHING, False, math.inf)
    assert math.isnan(end.numeric)
    assert str(end) == "∂/∂x0: chain rule inf, and nothing to compare with: differences around this point settle on no number"


def test_the_three_verdicts() -> None:
    assert Comparison("x", 1.0, 1.0 + 1e-12, 1e-9).verdict == "agrees"
    assert Comparison("x", math.inf, math.inf, 0.0).verdict == "agrees"
    assert Comparison("x", 1.0, 1.1, 1e-9).verdict == Comparison("x", math.nan, 1.0, 1e-9).verdict == "disagrees"
    assert Comparison("x", 1.0, math.nan, math.inf).verdict == Comparison("x", math.nan, math.nan, 0.0).verdict == NOTHING
    assert [Comparison("x", 1.0, numeric, 0.5).ok for numeric in (1.0, 2.0, math.nan)] == [True, False, False]


# -- sure only of what it can know ------------------------------------------------------------------------------------------


def planted(right: float) -> list[float]:
    """Wrong derivatives in place of a right one."""
    return [wrong for wrong in (1.001 * right, -right, 0.0, right + 0.01 * (abs(right) + 1.0), 1e3 * right) if wrong != right]


def must_be_sure(right: float, f: Any, x: float) -> str:
    """The verdict on the right derivative, once no wrong one has agreed and the right one has not disagreed."""
    result = _settled(f, x)
    for wrong in planted(right):
        # Of a function that is flat to the last bits, 0 is a right derivative too: tanh at 20.
        if wrong != 0.0 or result is None or abs(right) > 2e-9 * result.size / max(abs(x), 1.0):
            assert not _judged("", wrong, result, x).ok, (x, right, wrong, result)
    verdict = _judged("", right, result, x).verdict
    assert verdict != "disagrees", (x, right, result)
    return verdict


def derivatives(row: Operation, point: tuple[float, ...]) -> Iterator[tuple[float, Any, float]]:
    """All first and second derivatives of a row at a point, each with the function of one number that it is the derivative of."""
    every = tuple(range(len(point)))

    def first(*inputs: Any) -> Any:
        return call(row, *inputs)

    def second(i: int) -> Any:
        return lambda *inputs: value_and_grad(first, argnums=every)(*inputs)[1][i]

    for f in (first, *map(second, every)):
        _, exact = value_and_grad(f, argnums=every)(*point)
        for i in every:

            def along(x: float, i: int = i, f: Any = f) -> float:
                y = f(*[Value(number) for number in (*point[:i], x, *point[i + 1 :])])
                return y.data if isinstance(y, Value) else float(y)

            yield exact[i].data if isinstance(exact[i], Value) else exact[i], along, point[i]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_at_ordinary_points_right_derivatives_agree_and_wrong_ones_never(row: Operation) -> None:
    """There is nothing to compare with only at ties, which are kinks, beside an index, and where rounding hides the derivative."""
    compared = unknown = 0
    for point in points(row):
        if row.name in ("maximum", "minimum", "remainder", "fmod") and point[0] == point[1]:
            continue
        for i, (exact, along, x) in enumerate(derivatives(row, point)):
            if row.name == "take" and i % len(point) == 0:
                continue  # an index has no neighbours
            compared += 1
            unknown += must_be_sure(exact, along, x) == NOTHING
    assert unknown <= 0.06 * compared, (unknown, compared)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_at_points_of_all_scales_wrong_derivatives_never_agree_and_right_ones_never_disagree(row: Operation) -> None:
    result = points(row, SCALES if row.arity != 3 else SCALES[::3])
    for point in random.Random(row.name).sample(result, min(len(result), 16)):
        if row.name == "clip" and point[1] == point[2]:
            continue  # constant, so that its derivative is 0, where that of clip at a bound is 1 by convention
        if row.name in ("remainder", "fmod") and abs(point[0] / point[1]) > 1e9:
            continue  # its derivative with respect to b is a staircase with stairs of the size of the last bits
        for exact, along, x in derivatives(row, point):
            if not math.isnan(exact):
                must_be_sure(exact, along, x)


def interpolated(x: float) -> float:
    i = math.floor(1e3 * x)
    return math.sin(i / 1e3) + (math.sin((i + 1) / 1e3) - math.sin(i / 1e3)) * (1e3 * x - i)


def noisy(size: float) -> Any:
    return lambda x: math.sin(x) * (1.0 + size * random.Random(x).random())


NASTY: dict[str, tuple[Any, Any, tuple[float, ...]]] = {
    "sin": (math.sin, math.cos, (1e8, 1e12, 1e15, 1e-8, 1e3, 0.0)),
    "sin 1.1x": (lambda x: math.sin(1.1 * x), lambda x: 1.1 * math.cos(1.1 * x), (1e4, 1e6, 1e8, 1e12)),
    "sin 50x": (lambda x: math.sin(50 * x), lambda x: 50 * math.cos(50 * x), (1e4, 1e6, 1e8, 1e15)),
    "sin 1e6 x": (lambda x: math.sin(1e6 * x), lambda x: 1e6 * math.cos(1e6 * x), (0.0, 1e-8, 0.3, 1.0, 1e4)),
    "sin 1e10 x": (lambda x: math.sin(1e10 * x), lambda x: 1e10 * math.cos(1e10 * x), (0.0, 1e-8, 0.3, 1.0)),
    "sin 1e14 x": (lambda x: math.sin(1e14 * x), lambda x: 1e14 * math.cos(1e14 * x), (0.0, 1e-8, 0.3, 1.0)),
    "sin 1e20 x": (lambda x: math.sin(1e20 * x), lambda x: 1e20 * math.cos(1e20 * x), (0.0, 1e-18, 1e-8, 0.3, 1.0)),
    "ripples": (lambda x: x + 1e-3 * math.sin(1e3 * x), lambda x: 1 + math.cos(1e3 * x), (0.0, 0.3, 1.0, 100.0)),
    "small ripples": (lambda x: x + 1e-6 * math.sin(1e6 * x), lambda x: 1 + math.cos(1e6 * x), (0.0, 0.3, 1.0, 100.0)),
    "tiny ripples": (lambda x: x + 1e-9 * math.sin(1e9 * x), lambda x: 1 + math.cos(1e9 * x), (0.0, 0.3, 1.0)),
    "growing ripples": (
        lambda x: x**40 * math.sin(1e6 * x),
        lambda x: 40 * x**39 * math.sin(1e6 * x) + 1e6 * x**40 * math.cos(1e6 * x),
        (0.3, 1.0, 2.0),
    ),
    "steep": (lambda x: math.tanh(1e6 * (x - 1)), lambda x: 1e6 / math.cosh(1e6 * (x - 1)) ** 2, (1.0, 1 + 1e-7, 1 + 1e-6, 1 + 1e-5)),
    "steeper": (lambda x: math.tanh(1e12 * (x - 1)), lambda x: 1e12 / math.cosh(1e12 * (x - 1)) ** 2, (1.0, 1 + 1e-13, 1 + 1e-12)),
    "flat at 0": (lambda x: math.exp(-1 / x**2), lambda x: 2 / x**3 * math.exp(-1 / x**2), (0.05, 0.1, 1.0, 30.0)),
    "straight pieces": (
        interpolated,
        lambda x: 1e3 * (math.sin((math.floor(1e3 * x) + 1) / 1e3) - math.sin(math.floor(1e3 * x) / 1e3)),
        (0.10023, 0.7003, 13.00044, 0.1000001),
    ),
    "cancelled": (lambda x: (x + 1e8) - 1e8, lambda x: 1.0, (1e-8, 0.3, 1.7, 1e4)),
    "partly cancelled": (lambda x: (x + 1e8) - 1e8 + x, lambda x: 2.0, (1e-8, 0.3, 17.3)),
    "drowned": (lambda x: x + 1e20, lambda x: 1.0, (0.3, 1.7, 1e4)),
    "exp(x) - 1": (lambda x: math.exp(x) - 1, math.exp, (1e-3, 1e-8, 1e-12, -1e-5)),
    "confident loss": (
        lambda x: math.log(math.exp(0.0) + math.exp(-13.0 - 3 * x)) + (12.0 + x) - (12.0 + x),
        lambda x: -3 * math.exp(-13.0 - 3 * x) / (1 + math.exp(-13.0 - 3 * x)),
        (0.0, 0.3, 1.0),
    ),
    "tiny": (lambda x: 1e-300 * x * x, lambda x: 2e-300 * x, (1e-4, 0.3, 1e4)),
    "subnormal": (lambda x: 1e-320 * x, lambda x: 1e-320, (1e-4, 0.3, 1e4)),
    "huge": (lambda x: 1e300 * x * x, lambda x: 2e300 * x, (1e-8, 0.3, 1e3)),
    "noise 1e-13": (noisy(1e-13), math.cos, (0.3, 1.0, 20.0, 0.7, 1.3)),
    "noise 1e-10": (noisy(1e-10), math.cos, (0.3, 1.0, 20.0, 0.7, 1.3)),
    "noise 1e-6": (noisy(1e-6), math.cos, (0.3, 1.0, 20.0, 0.7, 1.3)),
    "rounded to 5": (lambda x: round(math.sin(x), 5), lambda x: 0.0, (0.3, 1.0, 20.0)),
    "rounded to 9": (lambda x: round(math.sin(x), 9), lambda x: 0.0, (0.3, 1.0, 20.0)),
    "kink at 1": (lambda x: abs(x - 1), lambda x: math.copysign(1.0, x - 1), (1 + 1e-3, 1 + 1e-8, 1 - 1e-12, 1 + 1e-14, 3.0)),
    "small kink": (lambda x: x + 1e-6 * abs(x), lambda x: 1.0 + (1e-6 if x > 0 else 0.0), (0.0, 1e-9, 1.0)),
    "x |x|": (lambda x: x * abs(x), lambda x: 2 * abs(x), (1e-9, 1.0)),
    "cube root": (lambda x: math.copysign(abs(x) ** (1 / 3), x), lambda x: abs(x) ** (-2 / 3) / 3, (1e-300, 1e-9, 1.0)),
    "1 / x": (lambda x: 1 / x, lambda x: -1 / x**2, (1e-100, 1e-8, -1e-3, 1e8)),
    "1 / x²": (lambda x: -1 / x**2, lambda x: 2 / x**3, (1e-80, 1e-8, -1e-3, 1e8)),
    "whole numbers only": (lambda x: x * x if x == math.floor(x) else math.nan, lambda x: 2 * x, (3.0, 1e8)),
    "near the end": (math.asin, lambda x: 1 / math.sqrt((1 - x) * (1 + x)), (1 - 1e-6, 1 - 1e-12, 1 - 1e-15)),
    "narrow bell": (lambda x: math.exp(-((1e5 * x) ** 2)), lambda x: -2e10 * x * math.exp(-((1e5 * x) ** 2)), (0.0, 1e-8, 1e-5, 5e-5)),
    "floor": (math.floor, lambda x: 0.0, (1e8, 1e8 + 0.3, -1e6, 1.0, 3.3, 1e10)),
}


@pytest.mark.parametrize("name", NASTY)
def test_functions_that_mislead_differences(name: str) -> None:
    f, derivative, xs = NASTY[name]
    for x in xs:
        must_be_sure(derivative(x), f, x)


def test_what_can_be_compared_in_spite_of_all_that() -> None:
    for name, x in (("sin", 1e8), ("sin 1.1x", 1e6), ("ripples", 0.3), ("small ripples", 1.0), ("growing ripples", 2.0), ("steep", 1 + 1e-7),
                    ("steeper", 1 + 1e-13), ("exp(x) - 1", 1e-8), ("noise 1e-10", 0.3), ("kink at 1", 1 + 1e-8), ("1 / x²", 1e-8),
                    ("near the end", 1 - 1e-12), ("narrow bell", 1e-5), ("rounded to 5", 0.3), ("floor", 3.3), ("tiny", 0.3)):  # fmt: skip
        f, derivative, _ = NASTY[name]
        assert compare("", derivative(x), f, x).ok, (name, x)


@pytest.mark.parametrize(
    ("f", "x"),
    [(relu, 0.0), (abs, 0.0), (floor, 1.0), (floor, 1e8), (lambda x: 9.0 + relu(x), 0.0), (sqrt, 0.0), (tanh, 20.0), (lambda x: x * 1e-30 + 1.0, 1.0),
     (lambda x: (x + 1e8) - 1e8, 0.3), (lambda x: sin(1e20 * x), 0.3), (lambda x: abs(x) ** 1.1, 0.0)],
)  # fmt: skip
def test_nothing_to_compare_with(f: Any, x: float) -> None:
    """At kinks, jumps and ends, and where rounding hides the derivative."""
    (result,) = check_gradients(f, [x])
    assert (result.verdict, result.ok) == (NOTHING, False)
    assert math.isnan(result.numeric)


def test_a_function_that_is_not_defined_nearby_has_no_derivative() -> None:
    whole = lambda x: x * x if x == math.floor(x) else math.nan
    assert str(numeric_derivative(whole, 1e8)) == str(numeric_derivative(lambda x: math.nan, 1.0)) == "(nan, inf)"


def test_a_tolerance_larger_than_the_derivative_confirms_nothing() -> None:
    """1.244 ± 6 says nothing about 0.535, and much about 1e6."""
    flat = lambda x: 1e9 + 1e-6 * x
    assert compare("", 1e-6, flat, 0.5).verdict == compare("", 2e-6, flat, 0.5).verdict == NOTHING
    assert compare("", 1.0, flat, 0.5).verdict == "disagrees"


def test_values_in_closures_and_gradients_that_are_values() -> None:
    w = Value(0.5, label="w")
    (w**3).backward(create_graph=True)
    before = w.grad
    assert isinstance(before, Value)
    assert_gradients(lambda x: tanh(w * x) + x * before, [0.7], order=2)  # their derivatives by x are Values
    assert_gradients(lambda x: tanh(w * x), [w], order=2)
    assert w.grad is before

    def slope(x: Value) -> Any:
        inner = Value(0.0) + x
        y = Value(2.0)
        (sin(inner * y) * y).backward(create_graph=True)
        return y.grad  # a Value, a function of x

    assert [c.verdict for c in check_gradients(slope, [0.3], order=2)] == ["agrees", "agrees"]


def test_a_check_in_define_tells_what_is_wrong_from_what_cannot_be_compared() -> None:
    rules = lambda xp, a: xp.abs(a), lambda xp, y, a: xp.where(a > 0.0, 1.0, -1.0)
    with pytest.raises(
        GradientCheckError, match=r"of kinked have nothing to be compared with:\n  at \(0\.0,\): ∂/∂x0: chain rule -1, and nothing"
    ):
        define("kinked", *rules, check_at=[(2.0,), (0.0,)])
    with pytest.raises(GradientCheckError, match=r"of kinked are wrong:\n  at \(2\.0,\): .*WRONG by 1\n  at \(0\.0,\): .*nothing"):
        define("kinked", rules[0], lambda xp, y, a: 2.0, check_at=[(2.0,), (0.0,)])
    assert "kinked" not in OPERATIONS


def test_bad_calls() -> None:
    with pytest.raises(InputError, match="order must be 1 or 2"):
        check_gradients(tanh, [1.0], order=3)
    with pytest.raises(InputError, match=r"as in \[1\.0\]"):
        check_gradients(tanh, 1.0)
    with pytest.raises(InputError, match=r"as in \[1\.0\]"):
        check_gradients(lambda x, y: x * y, 1.0, 2.0)  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"inputs has 2 items.* called as f\(p\).*for a single argument that is a list, write \[\[1\.0, 2\.0\]\]"
    ):
        check_gradients(lambda p: p[0] * p[1], [1.0, 2.0])
    with pytest.raises(InputError, match=r"inputs has 1 items.* called as f\(x, y\): missing a required argument: 'y'"):
        check_gradients(lambda x, y: x * y, [1.0])
