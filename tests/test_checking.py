"""The gradient check: it accepts what is right, and catches every planted error."""

import math
from typing import Any

import pytest

from autograd import Value, assert_gradients, check_gradients, define, exp, log, relu, sqrt, tanh
from autograd.checking import numeric_derivative
from autograd.errors import GradientCheckError, InputError
from autograd.functions import call
from autograd.ops import OPERATIONS, Operation

from points import ROWS, points  # isort: skip


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
            caught = caught or any(not c.ok for c in check_gradients(broken, point))
        assert caught, index


def test_a_wrong_second_derivative_is_caught() -> None:
    """The value of the slope is right at every point, and its graph is not."""
    frozen = lambda a: a.data if isinstance(a, Value) else a
    wrong = define("cube_wrong", lambda xp, a: a * a * a, lambda xp, y, a: 3.0 * a * frozen(a))
    try:
        assert all(c.ok for c in check_gradients(wrong, [1.7]))
        assert not all(c.ok for c in check_gradients(wrong, [1.7], order=2))
    finally:
        del OPERATIONS["cube_wrong"]


@pytest.mark.parametrize(
    ("f", "x"),
    [(tanh, 0.3), (exp, 20.0), (exp, -20.0), (log, 1e-3), (log, 1e6), (relu, 1e-3), (lambda x: x**0.5, 1e-8), (lambda x: x * 1e10, 1.0),
     (lambda x: 2.0, 1.0), (lambda x: x, 1e-200), (lambda x: 1 / x, -1e-4), (lambda x: x**3 - 2 * x, 1e5)],
)  # fmt: skip
def test_right_derivatives_pass_at_every_scale(f: Any, x: float) -> None:
    assert_gradients(f, [x], order=2)


def test_the_numeric_derivative_knows_its_error() -> None:
    for f, x, exact in ((math.exp, 1.0, math.e), (math.sin, 2.0, math.cos(2.0)), (math.log, 1e-3, 1e3), (math.sqrt, 4.0, 0.25)):
        d, error = numeric_derivative(f, x)
        assert abs(d - exact) <= 10 * error
        assert error < 1e-8 * abs(exact)


def test_what_is_reported() -> None:
    found = check_gradients(lambda p, v: p["a"] * v, [{"a": 2.0}, Value(3.0, label="speed")], order=2)
    assert [c.name for c in found] == ["∂/∂x0", "∂/∂speed", "∂²/∂x0∂x0", "∂²/∂x0∂speed", "∂²/∂speed∂x0", "∂²/∂speed∂speed"]
    assert [round(c.exact, 9) for c in found] == [3.0, 2.0, 0.0, 1.0, 1.0, 0.0]
    assert str(found[0]).endswith("ok")
    with pytest.raises(
        GradientCheckError, match=r"1 of the derivatives could not be confirmed:\n  ∂/∂x0: chain rule 0, numeric 0\.5.*WRONG by -0\.5"
    ):
        assert_gradients(relu, [0.0])
    with pytest.raises(AssertionError):
        assert_gradients(relu, [0.0])
    (end,) = check_gradients(sqrt, [0.0])
    assert not end.ok
    assert str(end) == "∂/∂x0: chain rule inf, and nothing to compare with: no finite differences around this point"


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
