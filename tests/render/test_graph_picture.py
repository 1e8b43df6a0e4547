"""What a picture shows of a graph: kinds, numbers, places of inputs, colours, captions."""

import math
from itertools import pairwise

import numpy as np
import pytest
from drawable import chain, expression, pictured, recurrent, scoped_mlp

from autograd import Value, define, dot, maximum, scope
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.notation import notation_of
from autograd.ops import OPERATIONS, WHERE
from autograd.render.picture.colours import NEGATIVE, NONE, NOT_FINITE, POSITIVE
from autograd.render.picture.gradient_colours import GradientColours, power_of_ten
from autograd.render.picture.graph_picture import spread
from autograd.render.picture.layering import sequence


def titled(picture):
    """The boxes by their titles, those of values without one left out."""
    return {box.title: box for box in picture.boxes if box.title}


def named_edges(picture):
    """The edges into operations, with what is written on them."""
    return [
        (picture.boxes[tail].title, picture.texts.get(i, ""), picture.boxes[head].title)
        for i, (tail, head) in enumerate(picture.edges)
        if picture.boxes[head].kind == "operation"
    ]


def test_kinds():
    kinds = [box.kind for box in pictured(expression() * 2.0).boxes]
    assert [kinds.count(kind) for kind in ("leaf", "constant", "inner", "root", "operation")] == [3, 1, 3, 1, 4]


def test_a_constant_has_no_gradient():
    constant = next(box for box in pictured(expression() * 2.0).boxes if box.kind == "constant")
    assert constant.rows == ("data 2.0000",)


def test_before_backward_no_gradient_is_shown():
    a, b = Value(2.0, label="a"), Value(0.0, label="b")
    y = a * b
    assert [box.rows for box in pictured(y).boxes if box.rows] == [("data 2.0000",), ("data 0.0000",), ("data 0.0000",)]
    y.backward()
    assert titled(pictured(y))["a"].rows == ("data 2.0000", "grad 0.0000")  # this 0 was computed
    x = [Value(float(i), label=f"x{i}") for i in range(10)]
    total = sum((xi.tanh() for xi in x), Value(0.0))
    assert [row.split()[0] for row in rows(titled(pictured(total, max_nodes=10))["xᵢ × 10"])] == ["min", "data"]


def test_numbers_stand_below_each_other():
    x = Value(100.0)
    (x * -1.0).backward()
    assert [row.replace("\N{NO-BREAK SPACE}", " ") for row in pictured(x).boxes[0].rows] == ["data 100.0000", "grad  −1.0000"]


def test_a_gradient_that_is_a_value_is_drawn_as_a_number():
    x = Value(3.0, label="x")
    y = x * x
    y.backward(create_graph=True)
    assert titled(pictured(y))["x"].rows == ("data 3.0000", "grad 6.0000")
    x.grad = 0.0


def test_parallel_edges_are_one_with_its_count():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    assert named_edges(pictured(a * a)) == [("a", "× 2", "*")]
    assert named_edges(pictured(dot([a, a, b], [a, b, b]))) == [("a", "× 3", "dot"), ("b", "× 3", "dot")]
    assert named_edges(pictured(dot([a], [b]))) == [("a", "", "dot"), ("b", "", "dot")]
    four, five = (define(f"f{n}", lambda xp, *a: sum(a), *[lambda xp, y, *a: 1.0] * n) for n in (4, 5))
    assert named_edges(pictured(four(a, b, a, a))) == [("a", "1st, 3rd and 4th", "f4"), ("b", "2nd", "f4")]
    assert named_edges(pictured(five(a, a, b, a, a))) == [("a", "× 4", "f5"), ("b", "3rd", "f5")]


def test_an_edge_for_each_local_derivative():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    edges = named_edges(pictured(dot([a, a, b], [a, b, b]), derivatives=True))
    assert edges == [("a", "∂ 1", "dot"), ("a", "∂ 2", "dot"), ("a", "∂ 1", "dot"), *[("b", f"∂ {slope}", "dot") for slope in (2, 1, 2)]]


def test_the_order_of_inputs_is_written_where_it_matters():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    for y in (a - b, a / b, a**b, a % b):
        assert named_edges(pictured(y)) == [("a", "1st", y._op.replace("-", "−")), ("b", "2nd", y._op.replace("-", "−"))]
    for y in (a + b, a * b, maximum(a, b), dot([a], [b])):
        assert named_edges(pictured(y)) == [("a", "", y._op), ("b", "", y._op)]
    assert named_edges(pictured(a - a)) == [("a", "1st and 2nd", "−")]
    c = Value(1.0, label="c")
    assert named_edges(pictured(call(WHERE, c, a, b))) == [("c", "1st", "where"), ("a", "2nd", "where"), ("b", "3rd", "where")]
    assert named_edges(pictured(a.tanh())) == [("a", "", "tanh")]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if OPERATIONS[name].arity == 2])
def test_what_is_called_symmetric_is_and_nothing_else(name):
    value = OPERATIONS[name].value
    points = [(0.5, 2.0), (1.5, 0.25), (3.0, 1.0)]
    assert all(value(FLOATS, a, b) == value(FLOATS, b, a) for a, b in points) == notation_of(OPERATIONS[name]).symmetric


def test_derivatives_are_written_on_the_edges():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    assert named_edges(pictured(a * b, derivatives=True)) == [("a", "∂ −3", "*"), ("b", "∂ 2", "*")]
    assert named_edges(pictured(a - b, derivatives=True)) == [("a", "1st ∂ 1", "−"), ("b", "2nd ∂ −1", "−")]
    assert named_edges(pictured(a * a, derivatives=True)) == [("a", "∂ 2", "*")] * 2
    assert named_edges(pictured(a - 1.0, derivatives=True)) == [("a", "1st ∂ 1", "−"), ("", "2nd", "−")]  # none by a constant
    assert pictured(a * b, derivatives=True).caption == ("∂: the derivative of an operation's result with respect to this input",)


def test_scopes_are_clusters():
    with scope("outer"):
        x = Value(1.0, label="x")
        with scope("inner"):
            y = x * 2.0
        z = y + 1.0
    picture = pictured(z.tanh())
    assert [(cluster.title, cluster.parent) for cluster in picture.clusters] == [("outer", -1), ("inner", 0)]
    homes = {box.name: box.cluster for box in picture.boxes}
    assert homes == {"v0": 0, "v1": 1, "op2": 1, "v2": 1, "v3": 0, "op4": 0, "v4": 0, "op5": -1, "v5": -1}


def test_a_weight_is_drawn_where_alone_it_is_used():
    w, x = Value(1.0, label="w"), Value(2.0, label="x")
    with scope("one"):
        a = w * x
    with scope("two"):
        b = x + 1.0
    homes = {box.title: box.cluster for box in pictured(a * b).boxes}
    assert (homes["w"], homes["x"]) == (0, -1)


def test_colours_are_those_of_gradients():
    a, b, c, d, e = (Value(1.0, label=label) for label in "abcde")
    y = a * 100.0 - b * 0.3 + c * 1e-9 + d * 0.0 - e * 20.0
    y.backward()
    picture = pictured(y, color="grad")
    fills = {box.title: box.fill for box in picture.boxes if box.kind == "leaf"}
    assert fills["a"] == POSITIVE[-1]
    assert (fills["c"], fills["d"]) == (POSITIVE[0], NONE)  # not 0, however small
    assert NEGATIVE.index(fills["b"]) < NEGATIVE.index(fills["e"]) < len(NEGATIVE) - 1
    assert picture.legend.title == "grad"
    assert [text for _, text in picture.legend.entries] == ["−100", "−10", "−1", "0", "1", "10", "100"]
    colours = [colour for colour, _ in picture.legend.entries]
    assert (colours[0], colours[3], colours[6]) == (NEGATIVE[-1], NONE, POSITIVE[-1])
    assert [POSITIVE.index(colour) for colour in colours[4:]] == [NEGATIVE.index(colour) for colour in colours[2::-1]]
    assert all(not box.fill for box in picture.boxes if box.kind in ("operation", "constant"))
    assert pictured(y).legend is None


def shade_of(gradient: float) -> int:
    """The place of a gradient on the scale that ends at 1: 0 is that of 0, those of negative ones are below."""
    x, one = Value(1.0), Value(1.0)
    x.grad, one.grad = gradient, 1.0
    colour = GradientColours([x, one]).fill([x])
    return 0 if colour == NONE else POSITIVE.index(colour) + 1 if colour in POSITIVE else -1 - NEGATIVE.index(colour)


def test_the_scale_of_gradients_is_symmetric_and_without_jumps():
    gradients = [10.0 ** (-i / 50) for i in range(400)]
    shades = [shade_of(g) for g in gradients]
    assert [shade_of(-g) for g in gradients] == [-shade for shade in shades]
    assert shades[0] == len(POSITIVE)
    assert {before - after for before, after in pairwise(shades)} == {0, 1}
    assert shades[-1] == 1
    assert shades[50] - shades[100] > 5 < shades[100] - shades[150]  # 0.1, 0.01 and 0.001 differ


def test_the_box_of_many_nodes_has_the_colour_of_its_largest_gradient():
    x = [Value(float(i), label=f"x{i}") for i in range(10)]
    y = sum((xi * w for xi, w in zip(x, [-3.0, *[1.0] * 9], strict=True)), Value(0.0)).exp()
    y.grad = 1.0
    for xi, w in zip(x, [-3.0, *[1.0] * 9], strict=True):
        xi.grad = w
    fills = {box.title: box.fill for box in pictured(y, color="grad", max_nodes=10).boxes}
    assert fills["xᵢ × 10"] in NEGATIVE


@pytest.mark.parametrize(
    ("gradient", "texts"),
    [
        (1.0, ["0", "0.01", "0.1", "1"]),
        (-1.0000001, ["−10", "−1", "−0.1", "0"]),
        (5e-324, ["0", "10⁻³²⁵", "10⁻³²⁴", "10⁻³²³"]),
        (-1.7e308, ["−10³⁰⁹", "−10³⁰⁸", "−10³⁰⁷", "0"]),
    ],
)
def test_the_legend_ends_at_the_power_of_ten_above_and_has_the_signs_there_are(gradient, texts):
    x = Value(1.0)
    x.grad = gradient
    picture = pictured(x, color="grad")
    assert [text for _, text in picture.legend.entries] == texts
    assert picture.boxes[0].fill in (POSITIVE if gradient > 0.0 else NEGATIVE)


def test_colours_without_gradients_and_of_what_is_not_finite():
    assert pictured(expression_without_gradient(), color="grad").legend.entries == ((NONE, "0"),)
    for grad in (math.inf, -math.inf, math.nan):
        x = Value(1.0)
        x.grad = grad
        picture = pictured(x, color="grad")
        assert picture.boxes[0].fill == NOT_FINITE
        assert picture.legend.entries == ((NONE, "0"), (NOT_FINITE, "inf or nan"))


def expression_without_gradient():
    return Value(1.0) * Value(2.0)


@pytest.mark.parametrize(
    ("exponent", "text"), [(0, "1"), (1, "10"), (2, "100"), (3, "10³"), (-1, "0.1"), (-2, "0.01"), (-3, "10⁻³"), (-12, "10⁻¹²")]
)
def test_power_of_ten(exponent, text):
    assert power_of_ten(exponent) == text


# -- folded --------------------------------------------------------------------------------------------------------------


def rows(box):
    return [row.replace("\N{NO-BREAK SPACE}", " ") for row in box.rows]


def test_a_folded_box_says_what_is_in_it():
    x = [Value(float(i), label=f"x{i}") for i in range(10)]
    total = Value(0.0)
    for xi in x:
        total = total + (xi * 2.0).tanh()
    y = total * 3.0
    y.backward()
    boxes = titled(pictured(y, max_nodes=10))
    assert set(boxes) == {"xᵢ × 10", "number × 10", "* × 10", "tanh × 10", "+ × 10", "*"}
    header, data, _ = rows(boxes["xᵢ × 10"])
    assert (header.split(), data.split()) == (["min", "mean", "max"], ["data", "0.0000", "4.5000", "9.0000"])
    assert len({len(row) for row in rows(boxes["xᵢ × 10"])}) == 1  # columns end below each other
    grads = [xi.grad for xi in x]
    least, mean, most = (float(cell.replace("−", "-")) for cell in rows(boxes["xᵢ × 10"])[2].split()[1:])
    assert least == pytest.approx(min(grads), rel=1e-3)
    assert mean == pytest.approx(sum(grads) / 10, abs=1e-4)
    assert most == pytest.approx(max(grads), abs=1e-4)
    assert rows(boxes["number × 10"]) == ["         min    mean     max", "data  2.0000  2.0000  2.0000"]
    assert rows(boxes["+ × 10"])[0] == "in 1 sum"
    assert boxes["xᵢ × 10"].kind == "leaf"
    assert boxes["number × 10"].kind == "constant"


def test_a_folded_scope_says_what_is_in_it():
    boxes = titled(pictured(scoped_mlp(1), depth=0))
    assert rows(boxes["layer0"])[0] == "24 nodes: dot, +, tanh"
    assert boxes["layer0"].kind == "scope"
    boxes = titled(pictured(scoped_mlp(1), depth=1))
    assert rows(boxes["neuron3"])[0] == "6 nodes: dot, +, tanh"
    with scope("one"):
        y = Value(1.0).exp()
    with scope("many"):
        z = (((y + 1.0) * 2.0).tanh() - 1.0).sin()
    boxes = titled(pictured(z * 1.0, depth=0))
    assert rows(boxes["many"])[0] == "8 nodes: +, *, tanh, …"
    assert rows(boxes["one"])[0] == "2 nodes: exp"


def test_a_recurrence_feeds_itself():
    picture = pictured(recurrent(1000), max_nodes=20)
    place = {box: i for i, box in enumerate(sequence(len(picture.boxes), picture.edges))}
    assert sum(place[head] < place[tail] for tail, head in picture.edges) == 1
    boxes = titled(pictured(chain(1000), max_nodes=20))
    assert rows(boxes["tanh × 996"])[0] == "each one feeds the next"


def test_edges_of_folded_boxes_say_the_place_too():
    x, w = [Value(float(i + 1), label=f"x{i}") for i in range(9)], Value(2.0, label="w")
    quotients = [w / xi for xi in x]
    total = quotients[0]
    for q in quotients[1:]:
        total = total + q
    picture = pictured(total * 1.0, max_nodes=8)
    texts = {(picture.boxes[tail].title, picture.boxes[head].title): picture.texts.get(i) for i, (tail, head) in enumerate(picture.edges)}
    assert texts["w", "/ × 9"] == "1st"
    assert texts["xᵢ × 9", "/ × 9"] == "2nd"
    assert texts["/ × 9", "+ × 8"] is None


def test_captions():
    assert pictured(expression()).caption == ()
    assert pictured(scoped_mlp(1), depth=0).caption == (
        "37 nodes, folded to 6:",
        "– a box with a green border is a scope; depth=1 shows what is in it",
    )
    assert pictured(chain(1000), max_nodes=20).caption == (
        "1,000 nodes, folded to 5:",
        "– a box × n is n nodes with the same operation, whose inputs come from the same operations, 2 steps back at most",
    )


@pytest.mark.parametrize(
    ("numbers", "least", "mean", "most"),
    [
        ([1.0], "1.0000", "1.0000", "1.0000"),
        ([-1.0, 2.0, 5.0], "−1.0000", "2.0000", "5.0000"),
        ([1e308, 1e308], "1.000e+308", "1.000e+308", "1.000e+308"),
        ([-1e308, 1e308], "−1.000e+308", "0.0000", "1.000e+308"),
        ([0.0, math.inf], "0.0000", "inf", "inf"),
        ([-math.inf, math.inf], "−inf", "nan", "inf"),
        ([math.inf, math.inf], "inf", "inf", "inf"),
        ([1.0, math.nan, 2.0], "nan", "nan", "nan"),
        ([0.1] * 1000, "0.1000", "0.1000", "0.1000"),
    ],
)
def test_spread(numbers, least, mean, most):
    assert spread(np.array(numbers)) == (least, mean, most)
