"""The alternative text of pictures: what is computed."""

from collections.abc import Callable

import pytest
from drawable import GRAPHS, chain, expression, neuron, recurrent

from autograd import Value, compile, define, draw, exp, maximum
from autograd.render.picture.alternative_text import EXPANDED, LONGEST, computed


def labelled() -> tuple[Value, Value, Value]:
    return Value(0.5, label="a"), Value(0.25, label="b"), Value(2.0, label="c")


def test_a_neuron() -> None:
    x1, x2, w1, w2, b = (Value(0.5, label=name) for name in ("x1", "x2", "w1", "w2", "b"))
    assert computed((x1 * w1 + x2 * w2 + b).tanh()) == "tanh of x1·w1 + x2·w2 + b"


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda a, b, c: (a + b) * c, "(a + b)·c"),
        (lambda a, b, c: a - (b - c), "a − (b − c)"),
        (lambda a, b, c: (a - b) - c, "a − b − c"),
        (lambda a, b, c: a / (b * c), "a / (b·c)"),
        (lambda a, b, c: a / b / c, "a / b / c"),
        (lambda a, b, c: a * -2.0 + -3.0, "a·(−2) + (−3)"),
        (lambda a, b, c: -a * b, "−a·b"),
        (lambda a, b, c: exp(-(a**2)), "exp of −a²"),
        (lambda a, b, c: (a + b) ** 2, "(a + b)²"),
        (lambda a, b, c: maximum(a, b + 1.0) * c, "max(a, b + 1)·c"),
        (lambda a, b, c: (a * b).tanh() * c, "tanh(a·b)·c"),
        (lambda a, b, c: a, "a"),
        (lambda a, b, c: Value(2.0), "2"),
        (lambda a, b, c: Value(1.0, label="a + b") * c, "(a + b)·c"),
        (lambda a, b, c: Value(1.0, label="a\nb") * c, r"a\nb·c"),
    ],
)
def test_operations(compute: Callable[..., Value], text: str) -> None:
    assert computed(compute(*labelled())) == text


def test_the_result_is_named() -> None:
    assert computed(expression()) == "y = tanh of a·b + c"


def test_an_operation_of_ones_own() -> None:
    cube = define("cube", lambda xp, a: a * a * a, lambda xp, y, a: 3.0 * a * a)
    a, b, _ = labelled()
    assert computed(cube(a + b)) == "cube(a + b)"


@pytest.mark.parametrize("root", [lambda: chain(1500), lambda: recurrent(1000), lambda: neuron(500)], ids=["chain", "recurrent", "sum"])
def test_a_large_graph_is_abbreviated(root: Callable[[], Value]) -> None:
    text = computed(root())
    assert text.startswith("tanh of ")
    assert "…" in text
    assert len(text) < 4 * LONGEST


def test_what_is_left_out_is_called_by_its_label() -> None:
    x = y = Value(0.5, label="x")
    for i in range(3 * EXPANDED):
        y = y.sin()
        y.label = f"y{i}"
    text = computed(y)
    assert text.startswith(f"y{3 * EXPANDED - 1} = ")
    assert "…" not in text
    assert "(y" in text
    assert x.label not in text


@pytest.mark.parametrize("name", GRAPHS)
def test_every_picture_has_one(name: str) -> None:
    drawing = draw(GRAPHS[name](), engine="builtin")
    alt = drawing._repr_mimebundle_()["text/html"].partition('alt="')[2].partition('"')[0]
    assert alt.startswith("The graph of ")
    assert alt.endswith(repr(drawing)[12:-22])


def test_of_a_program() -> None:
    f = compile(lambda x, y: x * y + 1.0)
    f([1.0, 2.0], [3.0, 4.0])
    html = draw(f, engine="builtin")._repr_mimebundle_()["text/html"]
    assert 'alt="A program of 2 instructions, of which 0 matrix products, with the result t2[n] = t1[n] + 1' in html


def test_of_a_changed_drawing() -> None:
    drawing = draw(expression(), engine="builtin")
    assert 'alt="The graph of y = tanh of a·b + c: 6 values and 3 operations"' in drawing._repr_mimebundle_()["text/html"]
