"""The formula of a graph and of its derivative: every one is read back, by a reader of its own, and must mean the same number."""

import math
import random
import re

import pytest
from growing import grow, run
from latex_reader import UnreadableError, lines, meaning
from points import ROWS, points

import autograd
from autograd import Value, clip, define, dot, exp, gelu, log, no_grad, relu, sigmoid, softmax, sqrt, tanh, where
from autograd.contexts import scope
from autograd.errors import DefinitionError, InputError
from autograd.functions import call
from autograd.graph import topological_order
from autograd.ops import ADD, EQUAL, LESS, LESS_EQUAL, OPERATIONS
from autograd.ops import define as define_row
from autograd.recording import recording
from autograd.render.formula.latex import Formula, to_latex
from autograd.render.formula.snippets import level_of
from autograd.value import apply

IDS = [operation.name for operation in ROWS]
NAMES = "abcdfghijk"


def leaf(x, label=""):
    return Value(x, label=label)


def leaves(point):
    return [leaf(x, name) for x, name in zip(point, NAMES, strict=False)]


def values(nodes):
    return {node.label: node.data for node in nodes}


def near(x):
    return pytest.approx(x, rel=1e-9, abs=1e-11)


# -- the reader -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 - (2 - 3)", 2.0), ("1 - 2 - 3", -4.0), ("-2^{2}", -4.0), ("(-2)^{2}", 4.0), ("2 x", 14.0), ("2 x^{2}", 98.0), (r"\frac{1}{x} \cdot 2", 2 / 7),
        (r"\sin^{2}(x)", math.sin(7.0) ** 2), (r"e^{-x}", math.exp(-7.0)), (r"\sqrt[3]{27}", 3.0), (r"\left|1 - x\right|", 6.0),
        (r"\begin{cases} 1 & \text{if } x > 8 \\ 2 & \text{if } x = 7 \\ 3 & \text{otherwise} \end{cases}", 2.0), (r"1.5 \cdot 10^{-7}", 1.5e-7),
        (r"\left[x < 8\right] + \left[x < 0 \text{ or } (x > 1 \text{ and } x \leq 7)\right]", 2.0), ("3 (x + 1)", 24.0),
    ],
)  # fmt: skip
def test_the_reader(text, value):
    assert meaning(text, {"x": 7.0}) == near(value)


@pytest.mark.parametrize("text", ["1 + -2", r"x \cdot -2", "2 3", "x (1 + 2)", "x x_{1}", "x^{2}^{3}", "(1 + 2", "y", "2 x 3", "x mod 3"])
def test_the_reader_refuses_what_can_be_misread(text):
    with pytest.raises(UnreadableError):
        meaning(text, {"x": 7.0})


# -- rows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ROWS, ids=IDS)
def test_every_row(operation):
    for point in points(operation):
        inputs = leaves(point)
        assert meaning(to_latex(apply(operation, inputs)), values(inputs)) == near(apply(operation, inputs).data)
        numbers = apply(operation, [leaf(x) for x in point])
        assert meaning(to_latex(numbers)) == near(numbers.data)


@pytest.mark.parametrize("operation", [row for row in ROWS if row.parameters], ids=lambda row: row.name)
def test_rows_with_numbers_of_their_own(operation):
    for point in points(operation):
        inputs = leaves(point[: -operation.parameters])
        node = call(operation, *inputs, *point[-operation.parameters :])
        assert len(node._prev) == len(inputs)
        assert meaning(to_latex(node), values(inputs)) == near(node.data)
        for x, slope in zip(inputs, node._slopes, strict=True):
            assert meaning(to_latex(node, x), values(inputs)) == near(slope)


@pytest.mark.parametrize("operation", ROWS, ids=IDS)
def test_every_derivative(operation):
    undefined = {"cbrt", "hypot", "atan2", "pow"}  # at 0 the engine has the limit, or 0; the formula has 0 / 0, 1 / 0 or 0 · ln 0
    tried = 0
    for point in [*points(operation), *points(operation, (0.0, 1.0, -1.0, 0.5, 2.0))]:
        inputs = leaves(point)
        node = apply(operation, inputs)
        for i, x in enumerate(inputs):
            expected = node._slopes[i]
            if math.isfinite(expected) and (0.0 not in point or operation.name not in undefined):
                assert meaning(to_latex(node, x), values(inputs)) == near(expected), (point, to_latex(node, x))
                tried += 1
    assert tried >= 4


INNER = {
    "opposite": lambda a, b: -a,
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "opposite of a sum": lambda a, b: -(a + b),
    "product with a number": lambda a, b: -2.5 * a,
    "quotient": lambda a, b: a / b,
    "power": lambda a, b: a**3,
    "exp": lambda a, b: exp(a),
    "square of a function": lambda a, b: tanh(a) ** 2,
    "remainder": lambda a, b: a % b,
    "dot": lambda a, b: dot([a, b], [b, -b]),
    "expm1": lambda a, b: autograd.expm1(a),
    "abs": lambda a, b: abs(a),
    "negative number": lambda a, b: leaf(-0.75),
    "small number": lambda a, b: leaf(1.5e-7),
    "choice": lambda a, b: apply(OPERATIONS["where"], [apply(LESS, [a, leaf(0.0)]), b, a]),
}


NOWHERE = {
    *((name, "negative number") for name in ("acosh", "log", "log2", "log10", "sqrt")),
    *(("acosh", name) for name in ("square of a function", "small number")),
}
"""What is defined at no point."""


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("operation", ROWS, ids=IDS)
def test_every_row_of_other_operations(operation, name):
    """The parentheses: each operation in each place of each row."""
    arity = operation.arity or 4
    first = 2.0 if operation.name == "take" else 0.7  # an index is a whole number
    tried = 0
    for place in range(arity):
        for a, b in ((0.6, 1.7), (-0.8, 0.3), (2.5, 1.25), (-3.1, 0.9), (0.4, -0.1), (-0.3, -0.7), (2.6, 3.5)):
            x, y = leaf(a, "x"), leaf(b, "y")
            others = [leaf(c, label) for c, label in zip((first, 1.4, 2.2, 0.3), ("p", "q", "r", "s"), strict=True)]
            inputs = [INNER[name](x, y) if i == place else others[i] for i in range(arity)]
            try:
                node = apply(operation, inputs)
            except (ValueError, ZeroDivisionError):
                continue
            symbols = values([x, y, *others])
            assert meaning(to_latex(node), symbols) == near(node.data), to_latex(node)
            node.backward()
            if math.isfinite(x.grad):
                assert meaning(to_latex(node, x), symbols) == near(x.grad), to_latex(node, x)
            tried += 1
            if tried % 3 == 0:
                break
    assert tried or (operation.name, name) in NOWHERE


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed):
    rng = random.Random(seed)
    inputs = [leaf(rng.uniform(-2.0, 2.0), label) for label in ("x1", "x2", "e", "sigma", "loss")]
    root = run(grow(rng, len(inputs), 8, 0.5), inputs, autograd)
    graph = topological_order(root)
    names = ("x_{1}", "x_{2}", "e", r"\sigma", r"\mathrm{loss}")
    symbols = {name: x.data for name, x in zip(names, inputs, strict=True) if x in graph}  # without them e is Euler's, and σ the sigmoid
    assert meaning(to_latex(root, max_nodes=10**6), symbols) == near(root.data)
    root.backward()
    for x in inputs:
        text = to_latex(root, x, max_nodes=10**6)
        assert text == "0" if x not in graph else meaning(text, symbols) == near(x.grad)


@pytest.mark.parametrize("operation", ROWS, ids=IDS)
def test_matplotlib_draws_every_row(operation):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    inputs = leaves(points(operation)[0])
    node = apply(operation, inputs)
    node.label = "y_hat"
    for text in [to_latex(node), *[to_latex(node, x) for x in inputs]]:
        # it has no cases and no spaces between \left and what follows
        for piece in re.split(r"\\left\(\\begin\{cases\}|\\end\{cases\}\\right\)|\\begin\{cases\}|\\end\{cases\}|\\\\ | & ", text):
            if piece.strip():
                parser.parse(f"${piece}$")


# -- how it looks ---------------------------------------------------------------------------------------------------------


def of(f, *labels):
    return str(to_latex(f(*[leaf(0.5 + i, label) for i, label in enumerate(labels)])))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (of(lambda x: x, "x"), "x"),
        (of(lambda a, b, c: a - (b - c), *"abc"), "a - (b - c)"),
        (of(lambda a, b, c: a - (b + c), *"abc"), "a - (b + c)"),
        (of(lambda a, b, c: a + (b + c), *"abc"), "a + b + c"),
        (of(lambda a, b, c: (a + b) * c, *"abc"), r"(a + b) \cdot c"),
        (of(lambda a, b, c: c * (a + b), *"abc"), r"c \cdot (a + b)"),
        (of(lambda a, b: -(a + b), *"ab"), "-(a + b)"),
        (of(lambda a, b: a + -b, *"ab"), "a - b"),
        (of(lambda a, b: a - -b, *"ab"), "a + b"),
        (of(lambda a, b: a * -b, *"ab"), r"a \cdot (-b)"),
        (of(lambda a, b: -a * b, *"ab"), "-a b"),
        (of(lambda a: (-a).__neg__(), "a"), "-(-a)"),
        (of(lambda a, b: a + (-a + b), *"ab"), "a + (-a + b)"),
        (of(lambda a: 2 * a + 1, "a"), "2 a + 1"),
        (of(lambda a: a * 2 * a, "a"), r"a \cdot 2 a"),
        (of(lambda a: leaf(2.0) * -3.0, "a"), r"2 \cdot (-3)"),
        (of(lambda a: leaf(-2.0) ** 2, "a"), "(-2)^{2}"),
        (of(lambda a: a**2 * a**-1, "a"), "a^{2} a^{-1}"),
        (of(lambda a: (a**2) ** 3, "a"), "(a^{2})^{3}"),
        (of(lambda a: (a + 1) ** 2, "a"), "(a + 1)^{2}"),
        (of(lambda a: 2**a, "a"), "2^{a}"),
        (of(lambda a, b: a / (b * a), *"ab"), r"\frac{a}{b a}"),
        (of(lambda a, b: (a / b) ** 2, *"ab"), r"\left(\frac{a}{b}\right)^{2}"),
        (of(lambda a, b: tanh(a / b), *"ab"), r"\tanh\left(\frac{a}{b}\right)"),
        (of(lambda a: tanh(a) ** 2, "a"), r"\tanh^{2}(a)"),
        (of(lambda a: tanh(a) ** -1, "a"), r"(\tanh(a))^{-1}"),
        (of(lambda a: sqrt(a) ** 2, "a"), r"(\sqrt{a})^{2}"),
        (of(lambda a: autograd.cbrt(a + 1), "a"), r"\sqrt[3]{a + 1}"),
        (of(lambda a: exp(-a * a / 2), "a"), r"e^{-\frac{a a}{2}}"),
        (of(lambda a: a * exp(a) * log(a), "a"), r"a e^{a} \ln(a)"),
        (of(lambda a: sigmoid(a) * relu(a), "a"), r"\sigma(a) \cdot \operatorname{ReLU}(a)"),
        (of(lambda a: clip(a, -1, 1) % 3, "a"), r"\operatorname{clip}(a, -1, 1) \; \mathrm{mod} \; 3"),
        (of(lambda a: 1e-7 * a + 2.5e20, "a"), r"10^{-7} a + 2.5 \cdot 10^{20}"),
        (of(lambda a, b: dot([a, b], [b, -2.0]), *"ab"), r"a b + b \cdot (-2)"),
        (of(lambda a, b: sum([a, b]), *"ab"), "a + b"),
        (of(lambda a: dot([], []) + a, "a"), "0 + a"),
        (of(lambda a: dot([a], [2.0]), "a"), r"a \cdot 2"),
        (of(lambda a: a * math.pi, "a"), r"a \pi"),
        (of(lambda a: a + math.inf, "a"), r"a + \infty"),
        (of(lambda a, b: a * b, "loss", "alpha1"), r"\mathrm{loss} \cdot \alpha_{1}"),
        (of(lambda a, b: exp(a * b), "e", "b"), r"\exp(e b)"),
        (of(lambda a, b: sigmoid(a) * b, "z", "sigma"), r"\operatorname{sigmoid}(z) \cdot \sigma"),
        (of(lambda a: autograd.logsumexp([a, 1.0]), "a"), r"\ln(e^{a} + e^{1})"),
    ],
)
def test_formulas(formula, text):
    assert formula == text


def by_x(f):
    x = leaf(0.7, "x")
    return str(to_latex(f(x), x))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (by_x(lambda x: x + 1), "1"),
        (by_x(lambda x: x**3), "3 x^{2}"),
        (by_x(lambda x: x * x * x), "3 x^{2}"),
        (by_x(lambda x: x**2), "2 x"),
        (by_x(lambda x: x**0), "0"),
        (by_x(lambda x: x**2.3), "2.3 x^{1.3}"),
        (by_x(lambda x: autograd.sin(x) * x), r"x \cos(x) + \sin(x)"),
        (by_x(lambda x: 1 / x), r"-\frac{1}{x^{2}}"),
        (by_x(lambda x: sqrt(x)), r"\frac{1}{2 \sqrt{x}}"),
        (by_x(lambda x: log(x**2)), r"\frac{2}{x}"),
        (by_x(lambda x: x * sqrt(2 * x) * sqrt(2 * x)), "4 x"),
        (by_x(lambda x: exp(-(x**2) / 2)), r"-x e^{-\frac{x^{2}}{2}}"),
        (by_x(lambda x: tanh(x)), r"1 - \tanh^{2}(x)"),
        (by_x(lambda x: sigmoid(x)), r"\sigma(x) \cdot (1 - \sigma(x))"),
        (by_x(lambda x: x / 3 + 0.1 * x + 0.2 * x), r"\frac{1}{3} + 0.3"),
        (
            by_x(lambda x: relu(2 * x) ** 2),
            r"\begin{cases} 4 \operatorname{ReLU}(2 x) & \text{if } 2 x > 0 \\ 0 & \text{otherwise} \end{cases}",
        ),
        (by_x(lambda x: abs(x)), r"\operatorname{sgn}(x)"),
        (by_x(lambda x: 2**x), r"2^{x} \ln(2)"),
        (by_x(lambda x: autograd.floor(x) * 3), "0"),
        (by_x(lambda x: leaf(1.0, "a") + 1), "0"),
    ],
)
def test_derivatives(formula, text):
    assert formula == text


def test_a_derivative_holds_on_the_other_side_of_a_corner_too():
    x = leaf(2.0, "x")
    text = to_latex(relu(x) - 3.0 * autograd.maximum(x, 1.0), x)
    assert [meaning(text, {"x": at}) for at in (2.0, 0.5, -1.0)] == [-2.0, 1.0, 0.0]


def neuron():
    x, w, b = leaf(2.0, "x1"), leaf(-3.0, "w1"), leaf(6.5, "b")
    z = w * x + b
    y = tanh(z)
    z.label, y.label = "z", "y"
    return x, w, z, y


def test_the_left_side():
    x, w, _, y = neuron()
    assert to_latex(y) == r"y = \tanh(w_{1} x_{1} + b)"
    assert to_latex(y, w) == r"\frac{\partial y}{\partial w_{1}} = x_{1} \cdot (1 - \tanh^{2}(w_{1} x_{1} + b))"
    assert to_latex(y, y) == r"\frac{\partial y}{\partial y} = 1"
    assert to_latex(x) == "x_{1}"
    y.label = ""
    assert to_latex(y, w) == r"x_{1} \cdot (1 - \tanh^{2}(w_{1} x_{1} + b))"


def test_the_derivative_by_a_node_on_the_way_has_a_symbol_for_it():
    _, _, z, y = neuron()
    assert lines(to_latex(y, z)) == [(r"\frac{\partial y}{\partial z} ", r"1 - \tanh^{2}(z)"), ("z ", "w_{1} x_{1} + b")]
    assert to_latex(3 * z, z) == "3"


def test_a_node_without_a_label_gets_a_letter():
    v = leaf(2.0)
    assert to_latex(v**3, v) == "3 x^{2}"
    assert to_latex(v**3 * leaf(1.0, "x"), v) == "3 x t^{2}"
    zero = leaf(0.0)
    assert to_latex(zero * zero, zero) == "2 x"
    others = [leaf(1.0, letter) for letter in "xtuvwz"]
    assert to_latex(v * v * sum(others), v) == r"2 x_{1} \cdot (x_{2} + t + u + v + w + z)"


def test_what_does_not_depend_on_it_has_the_derivative_0():
    _, _, _, y = neuron()
    assert to_latex(y, leaf(1.0, "q")) == r"\frac{\partial y}{\partial q} = 0"
    with pytest.raises(InputError, match=r"is not in the graph, but another Value with the label 'x1' is"):
        to_latex(y, leaf(2.0, "x1"))


def test_a_graph_can_be_a_derivative():
    x = leaf(2.0, "x")
    (x**3).backward(create_graph=True)
    assert meaning(to_latex(x.grad), {"x": 2.0}) == 12.0
    assert to_latex(x.grad, x) == "6 x"
    x.grad = 0.0


def test_equal_labels_are_numbered_alike_in_every_formula_of_a_graph():
    w = [leaf(float(i), "w") for i in range(3)]
    y = w[0] * w[1] + w[2] * leaf(1.0, "w_2")
    assert to_latex(y) == "w_{1} w_{3} + w_{4} w_{2}"
    assert to_latex(y, w[2]) == "w_{2}"
    assert to_latex(y, w[1]) == "w_{1}"


def test_a_shared_node_is_written_out():
    x = leaf(2.0, "x")
    h = exp(x)
    h.label = "h"
    assert to_latex(h * h + h) == "e^{x} e^{x} + e^{x}"


def chain(n, labelled):
    """x, doubled n times by adding it to itself: written out, 2**n symbols."""
    y = leaf(1.5, "x")
    for i in range(n):
        y = tanh(y) + y
        if labelled:
            y.label = f"h{i}"
    return y


def test_what_is_too_large_has_its_labels_as_symbols():
    y = chain(20, labelled=True)
    result = lines(to_latex(y))
    assert len(result) == 20
    known = {"x": 1.5}
    for left, right in reversed(result):
        known[left.strip()] = meaning(right, known)
    assert known["h_{19}"] == near(y.data)
    assert result[0] == ("h_{19} ", r"\tanh(h_{18}) + h_{18}")
    assert result[-1] == ("h_{0} ", r"\tanh(x) + x")


def test_a_derivative_that_is_too_large_has_them_too():
    y = chain(5, labelled=True)
    x = next(node for node in topological_order(y) if not node._prev)
    text = to_latex(y, x, max_nodes=300)
    (left, right), *rest = lines(text)
    assert left == r"\frac{\partial h_{4}}{\partial x} "
    known = {"x": 1.5}
    for name, meant in reversed(rest):
        known[name.strip()] = meaning(meant, known)
    y.backward()
    assert meaning(right, known) == near(x.grad)


def test_what_is_still_too_large_is_an_error():
    with pytest.raises(InputError, match=r"has 3,145,726 symbols, numbers and operations: more than max_nodes=200\. Give labels to"):
        to_latex(chain(20, labelled=False))
    with pytest.raises(
        InputError, match=r"more than 10\^18 symbols, numbers and operations, or 400 with a line for each Value that has a label"
    ):
        to_latex(chain(100, labelled=True))
    assert len(lines(to_latex(chain(100, labelled=True), max_nodes=400))) == 100
    assert to_latex(chain(2, labelled=False), max_nodes=10) == r"\tanh(\tanh(x) + x) + \tanh(x) + x"
    with pytest.raises(InputError):
        to_latex(chain(2, labelled=False), max_nodes=9)


def test_deep_formulas():
    y = x = leaf(0.5, "x")
    for _ in range(1500):
        y = y * 0.999 + 0.001
    assert to_latex(y, max_nodes=10**5).count("0.999") == 1500
    assert meaning(to_latex(y, x, max_nodes=10**5)) == near(0.999**1500)


def test_softmax():
    z = [leaf(x, f"z{i}") for i, x in enumerate([0.1, 10.0, 0.1])]
    p = softmax(z)[1]
    p.label = "p"
    first, second = lines(to_latex(p))
    assert first == ("p ", r"\frac{e^{z_{1} - m}}{e^{z_{0} - m} + e^{z_{1} - m} + e^{z_{2} - m}}")
    assert second == ("m ", r"\left\lfloor \max(z_{0}, z_{1}, z_{2}) \right\rfloor")
    symbols = {f"z_{{{i}}}": node.data for i, node in enumerate(z)} | {"m": 10.0}
    p.backward()
    for node in z:
        assert meaning(lines(to_latex(p, node))[0][1], symbols) == near(node.grad)
    p.label = ""
    assert "\n& \\frac" in to_latex(p)


def test_cross_entropy_of_a_sigmoid_neuron():
    x, w, b, y = leaf(0.4, "x"), leaf(-1.2, "w"), leaf(0.3, "b"), leaf(1.0, "y")
    a = sigmoid(w * x + b)
    cost = -(y * log(a) + (1 - y) * log(1 - a))
    cost.label = "C"
    assert to_latex(cost) == r"C = -(y \ln(\sigma(w x + b)) + (1 - y) \cdot \ln(1 - \sigma(w x + b)))"
    cost.backward()
    text = to_latex(cost, w).split(" = ", 1)[1]
    assert meaning(text, values([x, w, b, y])) == near(w.grad) == near((a.data - 1.0) * 0.4)


def test_black_scholes():
    S, K, r, sigma, t = (leaf(v, label) for v, label in zip((100.0, 95.0, 0.03, 0.25, 0.5), ("S", "K", "r", "sigma", "t"), strict=True))

    def cdf(d):
        return 0.5 * (1 + autograd.erf(d / math.sqrt(2)))

    d1 = (log(S / K) + (r + sigma**2 / 2) * t) / (sigma * sqrt(t))
    d2 = d1 - sigma * sqrt(t)
    price = S * cdf(d1) - K * exp(-r * t) * cdf(d2)
    symbols = {"S": 100.0, "K": 95.0, "r": 0.03, r"\sigma": 0.25, "t": 0.5}
    assert meaning(to_latex(price), symbols) == near(price.data)
    price.backward()
    for leaf_ in (S, K, r, sigma, t):
        assert meaning(to_latex(price, leaf_, max_nodes=1000), symbols) == near(leaf_.grad)


# -- conditions -------------------------------------------------------------------------------------------------------------


def test_comparisons_are_numbers_in_brackets_and_conditions_without():
    a, b = leaf(1.0, "a"), leaf(2.0, "b")
    less, at_most, equal = (apply(row, [a, b]) for row in (LESS, LESS_EQUAL, EQUAL))
    assert to_latex(less + 1.0) == r"\left[a < b\right] + 1"
    positive = apply(LESS, [leaf(0.0), a])
    choice = apply(OPERATIONS["where"], [positive, a, b])
    assert to_latex(choice) == r"\begin{cases} a & \text{if } a > 0 \\ b & \text{otherwise} \end{cases}"
    both = apply(OPERATIONS["where"], [less * apply(OPERATIONS["maximum"], [at_most, equal]), a, -choice])
    text = to_latex(both)
    assert r"\text{if } a < b \text{ and } (a \leq b \text{ or } a = b)" in text
    assert meaning(text, {"a": 1.0, "b": 2.0}) == 1.0
    assert meaning(text, {"a": 3.0, "b": 2.0}) == -3.0
    chained = apply(OPERATIONS["where"], [less, b, choice])
    assert to_latex(chained).count("cases") == 2
    assert [meaning(to_latex(chained), {"a": at, "b": 0.0}) for at in (-1.0, 1.0)] == [0.0, 1.0]
    assert to_latex(apply(OPERATIONS["where"], [a, b, 2 * b])).count(r"\text{if } a \neq 0") == 1


def test_a_recorded_choice():
    x = leaf(2.0, "x")
    with recording():
        y = where((x > 1.0) & ~(x > 3.0), lambda: x * x, lambda: 0.0)
    text = to_latex(y)
    assert [meaning(text, {"x": at}) for at in (0.5, 2.0, 4.0)] == [0.0, 4.0, 0.0]
    assert [meaning(to_latex(y, x), {"x": at}) for at in (0.5, 2.0, 4.0)] == [0.0, 4.0, 0.0]


# -- operations of one's own --------------------------------------------------------------------------------------------------


def softsign(**options):
    return define("softsign", lambda xp, a: a / (1.0 + xp.abs(a)), lambda xp, y, a: 1.0 / (1.0 + xp.abs(a)) ** 2, **options)


def test_an_operation_of_ones_own_is_its_name():
    x = leaf(2.0, "x")
    assert to_latex(softsign()(x)) == r"\operatorname{softsign}(x)"
    row = define("soft_sign", lambda xp, a, b: a + b, lambda xp, y, a, b: 1.0, lambda xp, y, a, b: 1.0)
    assert to_latex(row(x, 2.0) ** 2) == r"(\operatorname{soft\_sign}(x, 2))^{2}"


def test_or_what_it_says():
    x = leaf(2.0, "x")
    f = softsign(latex=r"\operatorname{{ss}}({a})")
    assert to_latex(f(x - 1) ** 2) == r"\operatorname{ss}^{2}(x - 1)"
    assert to_latex(f(x / 3)) == r"\operatorname{ss}\left(\frac{x}{3}\right)"
    assert to_latex(f(x), x) == r"\frac{1}{(1 + \left|x\right|)^{2}}"
    two = define_row(
        "mean_of_two", lambda xp, a, b: (a + b) / 2.0, lambda xp, y, a, b: 0.5, lambda xp, y, a, b: 0.5, latex=r"{a} \oplus {b}"
    )
    node = apply(two, [x + 1, apply(two, [x, leaf(3.0)])])
    assert to_latex(2 * node) == r"2 ((x + 1) \oplus (x \oplus 3))"


@pytest.mark.parametrize("latex", [r"\operatorname{softsign}({a})", r"f({a}, {b})", "f", r"f({})", "}{a}"])
def test_a_template_that_does_not_fit(latex):
    y = softsign(latex=latex)(leaf(2.0, "x"))
    with pytest.raises(DefinitionError, match=r"the latex of softsign has to show each of its 1 inputs, as \{a\}, and no others"):
        to_latex(y)


def test_a_rule_that_symbols_cannot_be_put_into():
    x = leaf(2.0, "x")
    asks = define("asks", lambda xp, a: a, lambda xp, y, a: 1.0 if a > 0 else 2.0)
    with pytest.raises(DefinitionError, match=r"the derivative of asks cannot be written in symbols: .* choose with xp\.where"):
        to_latex(asks(x), x)
    number = define("number", lambda xp, a: a, lambda xp, y, a: math.exp(a))
    with pytest.raises(
        DefinitionError, match=r"the derivative of number cannot be written in symbols: .* write xp\.exp\(a\), not math\.exp\(a\)"
    ):
        to_latex(number(x), x)


@pytest.mark.parametrize(
    ("template", "level"),
    [
        (r"\f(x)", 4), (r"\operatorname{f}_{x}(x, x)", 4), ("f(x)", 4), (r"\left|x\right|", 5), ("|x|", 5), ("(x + x)", 5), ("x", 5), (r"\sqrt[3]{x}", 4),
        ("x + x", 0), ("x^2", 0), (r"x \cdot x", 0), ("-x", 0), ("f(x) + 1", 0), (r"\frac{x}{x}", 4), ("(x)(x)", 0), (r"\left\lfloor x \right\rfloor", 5),
    ],
)  # fmt: skip
def test_how_tightly_a_template_holds_together(template, level):
    assert level_of(template) == level


# -- the rest -----------------------------------------------------------------------------------------------------------------


def test_it_is_text_that_a_notebook_shows():
    formula = to_latex(leaf(2.0, "x") ** 2)
    assert isinstance(formula, Formula)
    assert isinstance(formula, str)
    assert formula._repr_latex_() == r"$\displaystyle x^{2}$"
    assert to_latex(Value(1.0, label="a&b"))._repr_latex_() == r"$\displaystyle {\text{a}\&\text{b}}$"


def test_nothing_changes():
    x, w, z, y = neuron()
    y.backward()
    nodes = [x, w, z, y]
    before = [(node.data, node.grad, node.label, node._prev, node._slopes) for node in nodes]
    with no_grad(), scope("elsewhere"):
        to_latex(y)
        to_latex(y, x)
    assert [(node.data, node.grad, node.label, node._prev, node._slopes) for node in nodes] == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2.0,), r"to_latex needs a Value, not an object of type float: write to_latex\(loss\)"),
        ((lambda x: x,), "not an object of type function"),
        ((Value(1.0), "x"), r"wrt must be the Value to differentiate with respect to, not 'x'"),
        ((Value(1.0), [Value(1.0)]), "wrt must be the Value to differentiate with respect to"),
        ((Value(1.0), None, 0), "max_nodes must be an integer of at least 1, not 0"),
        ((Value(1.0), None, True), "max_nodes must be an integer of at least 1, not True"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        to_latex(*arguments)


def test_a_sum_of_many_terms():
    xs = [leaf(float(i), f"x{i}") for i in range(60)]
    assert to_latex(autograd.sum(xs)).count(" + ") == 59
    assert to_latex(sum(xs)) == to_latex(autograd.sum(xs))
    assert to_latex(sum(x * x for x in xs), xs[7]) == "2 x_{7}"
    total = leaf(0.0)
    assert to_latex(apply(ADD, [total, xs[0]])) == "0 + x_{0}"  # this 0 may change


def test_gelu_is_drawn_with_its_own_derivative():
    x = leaf(0.3, "x")
    y = gelu(x)
    assert meaning(to_latex(y, x), {"x": 0.3}) == near(y._slopes[0])
