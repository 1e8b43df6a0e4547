"""Pictures of compiled programs."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from drawable import pictured

from autograd import Value, compile, draw, tanh
from autograd.errors import CompileError, InputError
from nn import MLP, mse


def loss() -> Value:
    rng = random.Random(0)
    model = MLP(2, [4, 1], "tanh", rng=rng)
    X = [[Value(rng.random(), label="x") for _ in range(2)] for _ in range(10)]
    return sum(mse(model(x), 1.0) for x in X) / 10


def test_instructions_are_boxes_and_what_they_read_are_edges() -> None:
    program = compile(loss(), executor="numpy")
    picture = pictured(program)
    lines = str(program).splitlines()[2:-2]  # without what names stand for
    assert str(program).endswith("b[4], b_2: the leaves labelled 'b', in the order of `leaves`")
    instructions = [box for box in picture.boxes if box.rows]
    assert [f"  {box.title} = {box.rows[0]}" for box in instructions] == lines
    assert [box.kind for box in instructions] == ["scope", "inner", "inner", "scope", *["inner"] * (len(lines) - 5), "root"]
    leaves = [box.title for box in picture.boxes if not box.rows]
    assert leaves[:3] == ["x[10, 2]", "w[4, 2]", "b[4]"]
    first = picture.boxes.index(instructions[0])
    assert [(picture.boxes[a].title, b) for a, b in picture.edges if b == first] == [("x[10, 2]", first), ("w[4, 2]", first)]
    assert all(a < b for a, b in picture.edges)


@pytest.mark.parametrize("engine", ["builtin", "auto"])
def test_it_can_be_drawn(engine: str) -> None:
    drawing = draw(compile(loss()), rankdir="TB", engine=engine)
    text = drawing.pipe(encoding="utf-8")
    assert "x[10, 2] @ w[4, 2]ᵀ" in text.replace("\u00a0", " ").replace("&#160;", " ")
    assert "2 matrix products" in repr(drawing)


def test_a_function_shows_the_program_it_recorded_last() -> None:
    f = compile(lambda x, y: x * y + 1.0)
    with pytest.raises(CompileError, match="was not recorded yet: call it first"):
        draw(f)
    f([1.0, 2.0], [3.0, 4.0])
    assert [box.title for box in pictured(f).boxes] == ["x[n]", "y[n]", "t1[n]", "t2[n]"]


def test_directions() -> None:
    with pytest.raises(InputError, match="rankdir must be 'LR'"):
        draw(compile(Value(1.0) * 2.0), rankdir="up")


def test_the_box_of_a_loop_is_a_frame_around_its_rounds() -> None:
    def f(x: Any) -> Any:
        for _ in range(60):
            x = tanh(x * 1.5) - 0.1 * x
        return x

    g = compile(f)
    g(0.5)
    [box] = [box for box in pictured(g).boxes if "for 60 rounds:" in box.rows]
    assert len(box.rows) == 1 + 1 + 4  # the head, the first number, and the scalars of a round
    assert any("tanh" in line for line in box.rows)


def test_whatever_has_an_outline_is_drawn_as_a_program() -> None:
    class Addition:
        def outline(self) -> list[SimpleNamespace]:
            sources = ("a", "a[2]"), ("b", "b[2]")
            return [SimpleNamespace(name="t", shape="[2]", text="a + b", is_product=False, sources=sources, body=())]

    drawing = draw(Addition(), engine="builtin")
    assert repr(drawing) == "<Drawing of 1 instructions, of which 0 matrix products, laid out by builtin>"
    assert [box.title for box in pictured(Addition()).boxes] == ["a[2]", "b[2]", "t[2]"]
