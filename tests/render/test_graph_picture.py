"""What a picture shows of a graph: kinds, numbers, places of inputs, colours, captions."""

import math

import numpy as np
import pytest
from drawable import chain, expression, pictured, recurrent, scoped_mlp

from autograd import Value, dot, maximum, scope
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.notation import notation_of
from autograd.ops import OPERATIONS, WHERE
from autograd.render.picture.colours import NONE, NOT_FINITE, SHADES
from autograd.render.picture.graph_picture import power_of_ten, spread
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


def test_every_occurrence_of_an_input_is_an_edge():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    edges = named_edges(pictured(dot([a, a, b], [a, b, b])))
    assert edges == [("a", "", "dot")] * 3 + [("b", "", "dot")] * 3


def test_the_order_of_inputs_is_written_where_it_matters():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    for y in (a - b, a / b, a**b, a % b):
        assert named_edges(pictured(y)) == [("a", "1st", y._op.replace("-", "−")), ("b", "2nd", y._op.replace("-", "−"))]
    for y in (a + b, a * b, maximum(a, b), dot([a], [b])):
        assert named_edges(pictured(y)) == [("a", "", y._op), ("b", "", y._op)]
    assert named_edges(pictured(a - a)) == [("a", "1st", "−"), ("a", "2nd", "−")]
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
    a, b, c, d = (Value(1.0, label=label) for label in "abcd")
    y = a * 50.0 + b * 0.3 + c * 1e-7 + d * 0.0
    y.backward()
    picture = pictured(y, color="grad")
    fills = {box.title: box.fill for box in picture.boxes if box.kind == "leaf"}
    assert fills == {"a": SHADES[4], "b": SHADES[2], "c": SHADES[0], "d": NONE}
    assert picture.legend.title == "|grad|"
    assert picture.legend.entries == ((NONE, "0"), *zip(SHADES, ["≤ 0.01", "≤ 0.1", "≤ 1", "≤ 10", "≤ 100"], strict=True))
    assert all(not box.fill for box in picture.boxes if box.kind in ("operation", "constant"))
    assert pictured(y).legend is None


def test_a_gradient_on_a_boundary_is_within_it():
    for grad, text in ((1.0, "≤ 1"), (1.0000001, "≤ 10"), (10.0, "≤ 10"), (1e-5, "≤ 10⁻⁵"), (5e-324, "≤ 10⁻³²³"), (1e300, "≤ 10³⁰⁰")):
        x = Value(1.0)
        x.grad = grad
        picture = pictured(x, color="grad")
        assert picture.legend.entries[-1] == (picture.boxes[0].fill, text)


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
