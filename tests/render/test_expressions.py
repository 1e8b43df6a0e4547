"""Expressions and their light simplification."""

import math

import pytest

from autograd import Value
from autograd.errors import DefinitionError
from autograd.ops import ADD, DIV, MUL, NEG, OPERATIONS, POW, SUM, WHERE
from autograd.render.formula.expressions import LIGHT, MOST, SIMPLER, Algebra, Expression, add, multiply, plain, reduced, size

TRUE, FALSE = True, False  # what a rule gets when it compares numbers


@pytest.fixture
def xp():
    return Algebra()


@pytest.fixture
def x(xp):
    return xp.symbol(Value(2.0, label="x"))


@pytest.fixture
def y(xp):
    return xp.symbol(Value(3.0, label="y"))


def test_equal_expressions_are_one(xp, x, y):
    assert xp.apply(ADD, x, y) is xp.apply(ADD, x, y)
    assert xp.apply(ADD, x, y) is not xp.apply(ADD, y, x)
    assert xp.apply(ADD, x, 0.0) is not xp.apply(ADD, x, -0.0)
    assert xp.apply(ADD, x, 1) is xp.apply(ADD, x, 1.0)
    assert xp.symbol(Value(2.0)) is not xp.symbol(Value(2.0))


def test_sums(xp, x, y):
    assert x + 0.0 is x
    assert 0.0 + x is x
    assert x - x == 0.0
    assert x + x is 2.0 * x
    assert x + y - x is y
    assert 3.0 * x - 2.0 * x is x
    assert (x + y).operation is SUM
    assert (x + 0.1) + 0.2 is x + 0.3
    assert (x - y).inputs[1].operation is NEG
    assert +x is x


def test_products(xp, x, y):
    assert x * 1.0 is x
    assert 1.0 * x is x
    assert x * 0.0 == 0.0
    assert x * x is x**2
    assert x * y * x is x**2 * y
    assert (-x).__neg__() is x
    assert (2.0 * x) * (y * 3.0) is 6.0 * (x * y)
    assert x**2 / x is x
    assert x / x == 1.0
    assert 1.0 / x / x is 1.0 / x**2
    assert x / 2.0 * 4.0 is 2.0 * x
    assert x**0 == 1.0
    assert x**1 is x
    assert (x**2) ** 3 is x**6
    assert x**-1 is 1.0 / x
    assert 1.0**x == 1.0
    assert xp.sqrt(x) * xp.sqrt(x) is x
    assert xp.sqrt(x) ** 3 is not x
    assert (x / y).operation is DIV
    assert xp.divide(x, 0.0).operation is DIV
    assert (x**0.5).operation is POW
    assert (2.0**x).inputs == (2.0, x)


@pytest.mark.parametrize(
    ("above", "below", "fraction", "expected"),
    [
        (6.0, 3.0, False, (2.0, 1.0)), (1.0, 3.0, False, (1.0, 3.0)), (2.0, 6.0, False, (1.0, 3.0)), (2.0, 3.0, False, (2.0, 3.0)),
        (1.0, -3.0, False, (-1.0, 3.0)), (0.5, 1.0, False, (0.5, 1.0)), (0.5, 1.0, True, (1.0, 2.0)), (-0.25, 1.0, True, (-1.0, 4.0)),
        (0.3, 1.0, True, (0.3, 1.0)), (math.inf, 2.0, False, (math.inf, 2.0)),
    ],
)  # fmt: skip
def test_numbers_above_and_below_a_line(above, below, fraction, expected):
    assert reduced(above, below, fraction) == expected


def test_numbers_are_computed_as_they_are_written():
    assert add(0.1, 0.2) == 0.3 != 0.1 + 0.2
    assert multiply(0.1, 3.0) == 0.3 != 0.1 * 3.0
    assert add(math.inf, -1.0) == math.inf
    assert multiply(1e300, 1e300) == math.inf
    assert math.isnan(multiply(math.nan, 0.0))


def test_choices(xp, x, y):
    positive = x > 0.0
    assert isinstance(positive, Expression)
    assert xp.where(True, x, y) is x
    assert xp.where(positive, x, x) is x
    assert xp.where(positive, 1.0, 0.0) * y is xp.where(positive, y, 0.0)
    assert (xp.where(positive, 1.0, 2.0) * y).operation is MUL
    assert (x < y) is (y > x)
    assert (x <= y) is (y >= x)
    assert xp.equal(x, x) is True
    assert xp.equal(2.0, 3.0) is False
    assert xp.isinf(math.inf) is True
    assert (xp.isinf(x) | TRUE) is True
    assert (FALSE | positive) is positive
    assert (positive & TRUE) is positive
    assert (FALSE & positive) is False
    assert isinstance(positive & (y > 0.0), Expression)
    assert isinstance(positive | (y > 0.0), Expression)


def test_what_a_rule_cannot_do(xp, x):
    with pytest.raises(DefinitionError, match=r"choose with xp\.where"):
        bool(x > 0.0)
    with pytest.raises(DefinitionError, match=r"write xp\.exp\(a\), not math\.exp\(a\)"):
        math.exp(x)
    with pytest.raises(AttributeError, match=r"rules cannot use xp\.gamma"):
        xp.gamma(x)


def test_size(xp, x, y):
    assert size(2.0) == size(x) == 1
    assert size(xp.apply(ADD, x, xp.apply(NEG, y))) == 4
    doubled = x
    for _ in range(100):
        doubled = xp.apply(MUL, doubled, doubled)
    assert size(doubled) == MOST


def test_long_sums_and_products_stay_quick_and_right(xp):
    nodes = [Value(1.0) for _ in range(5 * LIGHT)]
    total, product = 0.0, 1.0
    for node in nodes:
        total, product = total + xp.symbol(node), product * xp.symbol(node)

    def leaves(expression):
        return [expression.node] if expression.node else [leaf for part in expression.inputs for leaf in leaves(part)]

    assert leaves(total) == nodes
    assert sorted(leaves(product), key=id) == sorted(nodes, key=id)


def test_other_forms_of_a_row():
    assert plain(POW.bind(2.0)) == (POW, (2.0,))
    assert plain(OPERATIONS["leaky_relu"].bind(0.1)) == (OPERATIONS["leaky_relu"].bind(0.1), ())
    assert plain(WHERE) == (WHERE, ())


def test_the_table_is_about_rows():
    assert set(SIMPLER) <= set(OPERATIONS.values())
