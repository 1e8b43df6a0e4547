"""Operations of users: one row, and everything works."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd import Value, assert_gradients, compile, define, derivative, draw, grad, hessian, ops
from autograd.errors import DefinitionError, DomainError, GradientCheckError, InputError, PoleError
from autograd.functions import call
from autograd.ops import OPERATIONS


@pytest.fixture
def mish() -> Iterator[Any]:
    """a tanh(log(1 + exp a)), from rules that use other rows."""
    yield define(
        "mish",
        lambda xp, a: a * xp.tanh(xp.log1p(xp.exp(a))),
        lambda xp, y, a: xp.tanh(xp.log1p(xp.exp(a))) + a / (1.0 + xp.exp(-a)) / xp.cosh(xp.log1p(xp.exp(a))) ** 2,
        symbol="Mish",
        latex=r"\\operatorname{{mish}}({a})",
        doc="a smooth ReLU",
        check_at=[(0.3,), (-1.2,), (2.0,)],
    )
    del OPERATIONS["mish"]


def test_eager_compiled_higher_order_and_drawn(mish: Any) -> None:
    exact = 0.7 * math.tanh(math.log1p(math.exp(0.7)))
    assert mish(0.7) == exact
    x = Value(0.7, label="x")
    y = mish(x)
    assert (y.data, y._op) == (exact, "Mish")
    y.backward()
    assert x.grad == grad(mish)(0.7)
    assert_gradients(mish, [0.7], order=2)
    assert_gradients(derivative(mish, 2), [0.7])
    xs = [Value(0.1 * i) for i in range(20)]
    total = sum(mish(v) for v in xs)
    program = compile(total)  # type: ignore[arg-type]
    assert program() == pytest.approx(sum(mish(0.1 * i) for i in range(20)), rel=1e-14)
    assert "Mish(" in str(program)
    assert "Mish" in draw(y).source
    assert "smooth ReLU" in mish.__doc__


def test_domain_and_pole_of_a_custom_row() -> None:
    f = define(
        "logit",
        lambda xp, a: xp.log(xp.divide(a, 1.0 - a)),
        lambda xp, y, a: xp.divide(1.0, a * (1.0 - a)),
        domain=lambda xp, a: (a > 0.0) & (a < 1.0),
        pole=lambda xp, a: xp.equal(a, 1.0),
        requires="0 < a < 1",
        check_at=[(0.3,)],
    )
    try:
        x = Value(0.25, label="p")
        program = compile(f(x) * 2.0)
        for bad, error in ((1.5, DomainError), (1.0, PoleError), (0.0, DomainError)):
            with pytest.raises(error, match="0 < a < 1"):
                f(Value(bad, label="p"))
            x.data = bad
            with pytest.raises(error, match="0 < a < 1.*label 'p'"):
                program()
        assert math.isnan(f(math.nan))
        assert hessian(f)(0.5) == pytest.approx(0.0, abs=1e-12)
    finally:
        del OPERATIONS["logit"]


def test_a_wrong_derivative_is_caught_at_definition() -> None:
    with pytest.raises(GradientCheckError, match=r"the derivatives of cube are wrong:\n  at \(2\.0,\): ∂/∂x0: chain rule 8.*WRONG"):
        define("cube", lambda xp, a: a * a * a, lambda xp, y, a: 2.0 * a * a, check_at=[(2.0,)])
    assert "cube" not in OPERATIONS
    with pytest.raises(GradientCheckError, match="∂²"):  # right at every point, but its own derivative is lost
        define("cube", lambda xp, a: a * a * a, lambda xp, y, a: 3.0 * (a.data if isinstance(a, Value) else a) ** 2, check_at=[(2.0,)])
    assert "cube" not in OPERATIONS


@pytest.mark.parametrize(
    ("rules", "point", "error"),
    [
        ((lambda xp, a: xp.log(a), lambda xp, y, a: 1.0 / a), (-1.0,), DomainError),
        ((lambda xp, a, b: a * b, lambda xp, y, a: a), (2.0,), DefinitionError),
        ((lambda xp, a: xp.foo(a), lambda xp, y, a: a), (2.0,), AttributeError),
        ((lambda xp, a: a, lambda xp, y, a: 1.0), 2.0, InputError),
    ],
)
def test_the_table_is_as_it_was_after_any_error(rules: Any, point: Any, error: type[Exception]) -> None:
    for _ in range(2):  # the name is free again
        with pytest.raises(error):
            define("unfinished", *rules, domain=lambda xp, a: a > 0.0, check_at=[point])
        assert "unfinished" not in OPERATIONS


def test_a_rule_that_raises_names_the_operation() -> None:
    f = define("careless", lambda xp, a: 1.0 / a, lambda xp, y, a: -y * y)
    try:
        with pytest.raises(PoleError, match=r"careless\(a\) failed, float division by zero: a = 0\.0 \(label 'x'\)"):
            f(Value(0.0, label="x"))
    finally:
        del OPERATIONS["careless"]


def test_a_rule_that_gives_no_number_or_too_few_is_an_error() -> None:
    f = define("wordy", lambda xp, a: "a", lambda xp, y, a: 1.0)
    with pytest.raises(InputError, match="string is not a number"):
        f(Value(1.0))
    del OPERATIONS["wordy"]
    row = ops.define("short", lambda xp, *a: a[0], lambda xp, y, *a: [1.0], variadic=True)
    with pytest.raises(InputError, match="short takes 1 inputs, not 3"):
        call(row, Value(1.0), 2.0, 3.0)
    two = ops.define("wordy_of_two", lambda xp, a, b: "a", lambda xp, y, a, b: 1.0, lambda xp, y, a, b: 1.0)
    with pytest.raises(InputError, match="string is not a number"):
        call(two, Value(1.0), 2.0)
    del OPERATIONS["short"], OPERATIONS["wordy_of_two"]


def test_bad_rows_are_refused() -> None:
    with pytest.raises(DefinitionError):
        define("exp", lambda xp, a: a, lambda xp, y, a: 1.0)
    for rules in (
        (lambda a: a, lambda xp, y, a: 1.0),
        (lambda xp, a: a, lambda a: 1.0),
        (lambda xp, a: a, lambda xp, y, a: 1.0, lambda xp, y, a: 1.0),
    ):
        with pytest.raises(DefinitionError, match=r"never: with one .* this rule must be lambda xp, (y, )?a(, b)?: …; (missing|too many)"):
            define("never", *rules)
        assert "never" not in OPERATIONS
    assert callable(np.exp)


def halved(**options: Any) -> Any:
    return define("halved", lambda xp, a: 0.5 * a, lambda xp, y, a: 0.5, **options)


def test_a_cell_that_is_run_again_defines_anew_and_old_graphs_keep_the_former() -> None:
    old = define("halved", lambda xp, a: 0.25 * a, lambda xp, y, a: 0.25)
    try:
        x = Value(8.0)
        y = old(x)
        new = halved(check_at=[(1.0,)])
        assert (old(8.0), new(8.0), OPERATIONS["halved"].value(None, 8.0)) == (2.0, 4.0, 4.0)
        (y * new(x)).backward()
        assert x.grad == 0.25 * 4.0 + 0.5 * 2.0
        row = OPERATIONS["halved"]
        order = list(OPERATIONS)
        with pytest.raises(GradientCheckError):
            define("halved", lambda xp, a: 0.5 * a, lambda xp, y, a: 0.4, check_at=[(1.0,)])
        with pytest.raises(DefinitionError):
            define("halved", lambda xp, a: 0.5 * a)
        assert OPERATIONS["halved"] is row
        assert list(OPERATIONS) == order
    finally:
        del OPERATIONS["halved"]


def test_an_operation_of_another_module_keeps_its_name() -> None:
    halved()
    try:
        names: dict[str, Any] = {"__name__": "elsewhere", "define": define}
        with pytest.raises(DefinitionError, match="there is an operation 'halved' already: choose another name"):
            exec("define('halved', lambda xp, a: 0.5 * a, lambda xp, y, a: 0.5)", names)
        with pytest.raises(DefinitionError, match="there is an operation 'tanh' already"):
            define("tanh", lambda xp, a: 0.5 * a, lambda xp, y, a: 0.5)
        assert OPERATIONS["tanh"].value(math, 0.0) == 0.0
    finally:
        del OPERATIONS["halved"]
