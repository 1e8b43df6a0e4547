"""Equations as text: every form means what the engine computes."""

import itertools
import math
import re

import pytest

from autograd import Value, define, dot
from autograd.graph import topological_order
from autograd.namespaces import FLOATS
from autograd.notation import NOTATION
from autograd.ops import CONSTANT, LOGSUMEXP, OPERATIONS, POW, SUM
from autograd.render.formula.equations import Bracketed, derivative, equation, formula, local_derivative, plus, times
from autograd.render.lettering import exactly, listed, ordinal, short
from autograd.render.player.node_names import unique_names

POINTS = (-2.5, -0.5, 0.25, 0.75, 1.5, 3.0)
MEANING = {
    **{name: getattr(math, name) for name in dir(math) if not name.startswith("_")},
    "ReLU": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)),
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
    "Φ": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "φ": lambda x: math.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi),
    "π": math.pi,
    "erfinv": FLOATS.erfinv,
    "digamma": FLOATS.digamma,
    "polygamma": lambda n, x: FLOATS.polygamma(x, n),
}


def meaning(text, **numbers):
    """The number that a formula stands for, to a reader who knows mathematics and not this package."""
    python = text.replace("·", "*").replace("−", "-").replace("^", "**").replace(", else", " else")
    python = re.sub(r"√([\w.]+|\((?:[^()]|\([^()]*\))*\))", r"sqrt(\1)", python)
    python = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**({m[0].translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789'))})", python)
    python = re.sub(r"\|([^|]*)\|", r"fabs(\1)", python)
    return eval(python, {"__builtins__": {}}, MEANING | numbers)


def inside(operation, inputs):
    if operation.domain is not None and not operation.domain(FLOATS, *inputs):
        return False
    return operation.pole is None or not operation.pole(FLOATS, *inputs)


@pytest.mark.parametrize("name", [name for name, row in NOTATION.items() if row.words and OPERATIONS[name].arity])
def test_the_forms_are_the_rows(name):
    operation = OPERATIONS[name]
    assert len(NOTATION[name].words) == 1 + operation.arity
    names = ["a", "b", "c"][: operation.arity]
    tried = 0
    for inputs in itertools.product(POINTS, repeat=operation.arity):
        if not inside(operation, inputs):
            continue
        y = operation.value(FLOATS, *inputs)
        numbers = dict(zip(names, inputs, strict=True))
        assert meaning(formula(operation, names), **numbers) == pytest.approx(y, rel=1e-12)
        assert meaning(formula(operation, [exactly(x) for x in inputs])) == pytest.approx(y, rel=1e-12)
        for i, slope in enumerate(operation.slopes(FLOATS, y, *inputs)):
            if math.isfinite(slope):
                assert meaning(local_derivative(operation, "y", names, i), y=y, **numbers) == pytest.approx(slope, rel=1e-9, abs=1e-12)
                tried += 1
    assert tried >= 2


@pytest.mark.parametrize("n", [-12.0, -2.0, -1.0, -0.5, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 10.0, 1.0 / 3.0])
def test_powers(n):
    operation = POW.bind(n)
    for a in POINTS:
        if inside(operation, [a]):
            y = operation.value(FLOATS, a)
            assert meaning(formula(operation, ["a"]), a=a) == pytest.approx(y)
            assert meaning(formula(operation, [exactly(a)])) == pytest.approx(y)
            assert meaning(local_derivative(operation, "y", ["a"], 0), a=a) == pytest.approx(operation.slopes(FLOATS, y, a)[0])


@pytest.mark.parametrize("name", ["dot", "sum", "logsumexp"])
def test_of_any_number_of_inputs(name):
    operation = OPERATIONS[name]
    inputs, names = [0.5, -2.0, 3.0, 1.25], ["a", "b", "c", "d"]
    numbers = dict(zip(names, inputs, strict=True))
    y = operation.value(FLOATS, *inputs)
    assert meaning(formula(operation, names), **numbers) == pytest.approx(y)
    assert meaning(formula(operation, [exactly(x) for x in inputs])) == pytest.approx(y)
    for i, slope in enumerate(operation.slopes(FLOATS, y, *inputs)):
        assert meaning(local_derivative(operation, "y", names, i), y=y, **numbers) == pytest.approx(slope)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_row_names_all_its_inputs(name):
    operation = OPERATIONS[name]
    names = ["α", "β", "γ", "δ"][: operation.arity or 4]
    text = formula(operation, names)
    assert all(x in text for x in names)
    for i in range(len(names)):
        assert isinstance(local_derivative(operation, "y", names, i), str)


def test_rows_without_a_form():
    assert formula(OPERATIONS["maximum"], ["a", "−3"]) == "max(a, −3)"
    assert formula(OPERATIONS["clip"].bind(-1.0, 2.5), ["x + y"]) == "clip(x + y, −1, 2.5)"
    assert formula(OPERATIONS["leaky_relu"].bind(0.01), ["x"]) == "LeakyReLU(x, 0.01)"
    assert formula(OPERATIONS["remainder"], ["a", "b"]) == "remainder(a, b)"
    assert local_derivative(OPERATIONS["maximum"], "y", ["a", "b"], 1) == ""
    define("swish2", lambda xp, a: a * a, lambda xp, y, a: 2.0 * a)
    assert formula(OPERATIONS["swish2"], ["x"]) == "swish2(x)"


def test_long_sums_are_cut_in_the_middle():
    names = [f"a{i}" for i in range(20)]
    assert formula(SUM, names[:8]) == " + ".join(names[:8])
    assert formula(SUM, names) == "a0 + a1 + a2 + a3 + a4 + a5 + … (13 more) … + a19"
    assert formula(LOGSUMEXP, names).count("exp(") == 7


@pytest.mark.parametrize(
    ("text", "alone", "first", "later"),
    [
        ("a", "a", "a", "a"),
        ("−3", "−3", "−3", "(−3)"),
        ("1.5e−7", "1.5e−7", "1.5e−7", "1.5e−7"),
        ("−1.5e−7", "−1.5e−7", "−1.5e−7", "(−1.5e−7)"),
        ("−inf", "−inf", "−inf", "(−inf)"),
        ("x1*w1 + b", "x1*w1 + b", "(x1*w1 + b)", "(x1*w1 + b)"),
        ("learning rate", "learning rate", "(learning rate)", "(learning rate)"),
        ("−x−y", "−x−y", "(−x−y)", "(−x−y)"),
        ("f(x)", "f(x)", "f(x)", "f(x)"),
        ("w₁", "w₁", "w₁", "w₁"),
    ],
)
def test_parentheses(text, alone, first, later):
    operand = Bracketed(text)
    assert (operand.alone, operand.first, f"{operand}") == (alone, first, later)


def test_a_small_base_is_told_from_its_exponent():
    assert formula(POW.bind(2.0), ["1.5e−7"]) == "(1.5e−7)²"
    assert formula(POW.bind(2.0), ["−3"]) == "(−3)²"
    assert formula(POW.bind(-0.5), ["a b"]) == "(a b)^(−0.5)"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"), (-0.0, "0"), (-3.0, "−3"), (0.46211715726, "0.46212"), (1e6, "1e+6"), (-1.5e-7, "−1.5e−7"), (1e300, "1e+300"),
        (math.inf, "inf"), (-math.inf, "−inf"), (math.nan, "nan"), (12345.6, "12346"),
    ],
)  # fmt: skip
def test_short_numbers(number, text):
    assert short(number) == text


def test_exact_numbers():
    assert [exactly(x) for x in (2.0, -0.5, 0.1, 1e20, math.inf)] == ["2", "−0.5", "0.1", "1e+20", "inf"]


def test_signs():
    assert derivative("L", "x1*w1") == "∂L/∂(x1*w1)"
    assert times(-1.0, -3.0) == "−1 · (−3)"
    assert plus(1.0, -3.0) == "1 + (−3)"
    assert equation("c", "a", "a", "", "2") == "c = a = 2"
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th",
    ]  # fmt: skip


def names_of(root):
    return unique_names(topological_order(root))


def test_names():
    assert names_of(Value(1.0)) == ["L"]
    assert names_of(Value(1.0, label="loss")) == ["loss"]
    a, b = Value(1.0), Value(2.0, label="L")
    assert names_of(a * b + 3.0) == ["v1", "L", "v2", "3", "v3"]


def test_equal_labels_are_told_apart():
    w = [Value(float(i), label="w") for i in range(3)]
    taken = Value(0.0, label="w₂")
    names = names_of(dot([*w, taken], [1.0, 1.0, Value(5.0, label="v1"), Value(6.0)]))
    assert sorted(names) == sorted(["w₁", "w₃", "w₄", "w₂", "v1", "v2", "1", "1", "L"])


def test_a_label_that_cannot_be_seen_is_none():
    assert names_of(Value(1.0, label=" \t") * Value(1.0, label="a\nb")) == ["v1", r"a\nb", "L"]


def test_a_constant_may_have_a_label():
    x = Value(-2.0, None, CONSTANT)
    x.label = "target"
    assert names_of(Value(1.0, label="y") - x) == ["y", "target", "L"]


def test_names_from_right_to_left_leave_the_equation_in_order():
    assert names_of(Value(1.0, label="עברית")) == ["\N{FIRST STRONG ISOLATE}עברית\N{POP DIRECTIONAL ISOLATE}"]
    (name,) = names_of(Value(1.0, label="a\N{RIGHT-TO-LEFT OVERRIDE}b"))
    assert name.endswith("\N{POP DIRECTIONAL ISOLATE}")
    assert names_of(Value(1.0, label="θ₁ 中文")) == ["θ₁ 中文"]
