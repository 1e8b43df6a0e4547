"""Pictures of compiled programs."""

import random
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from drawable import pictured

from autograd import Value, compile, draw, exp, sin, tanh
from autograd.errors import CompileError, InputError
from autograd.render.picture.boxes import Box, Picture
from autograd.render.picture.layering import Shape
from autograd.render.picture.placement import Enclosure, place
from nn import MLP, Module, mse


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


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_spine_is_straight(rankdir: str) -> None:
    picture = pictured(compile(loss(), executor="numpy"), rankdir=rankdir)
    centres = place([box.shape for box in picture.boxes], picture.edges, rankdir).centres
    across = 1 if rankdir == "LR" else 0
    spine = [i for i, box in enumerate(picture.boxes) if box.rows]
    assert len({round(centres[i][across], 3) for i in spine}) == 1
    assert {picture.edges[i] for i in picture.spine} == {*pairwise(spine)}


@pytest.mark.parametrize("engine", ["builtin", "auto"])
def test_it_can_be_drawn(engine: str) -> None:
    drawing = draw(compile(loss()), rankdir="TB", engine=engine)
    text = drawing.pipe(encoding="utf-8")
    assert "x[10, 2] @ w[4, 2]ᵀ" in text.replace("\u00a0", " ").replace("&#160;", " ")
    assert "2 matrix products" in repr(drawing)


def test_a_function_shows_its_program() -> None:
    f = compile(lambda x, y: x * y + 1.0)
    with pytest.raises(CompileError, match="was not recorded yet: call it first"):
        draw(f)
    f([1.0, 2.0], [3.0, 4.0])
    assert [box.title for box in pictured(f).boxes] == ["x[n]", "y[n]", "t1[n]", "t2[n]"]


# -- branches -----------------------------------------------------------------------------------------------------------------


def chosen(x: Any, y: Any) -> Any:
    if x > 0:
        if y > x:
            return sin(x) * y
        return exp(-x)
    return x * x


def halved(x: Any) -> Any:
    while x > 1:
        x = x / 2
    return x


def framed(picture: Picture) -> list[list[Box]]:
    """The boxes in each frame."""
    return [[box for box in picture.boxes if box.cluster == i] for i in range(len(picture.clusters))]


def test_each_branch_is_in_a_frame_with_its_conditions() -> None:
    f = compile(chosen)
    f([1.0, -1.0, 2.0], [2.0, 0.0, 1.0])
    picture = pictured(f)
    start = chosen.__code__.co_firstlineno
    first, second = f"line {start + 1}, if x > 0: was", f"line {start + 2}, if y > x: was"
    assert [cluster.lines for cluster in picture.clusters] == [
        (f"{first} True", f"{second} True"),
        (f"{first} True", f"{second} False"),
        (f"{first} False",),
    ]
    results = [[(box.title, box.rows) for box in boxes if box.kind == "root"] for boxes in framed(picture)]
    assert results == [[("t4[n]", ("t1[n] * y[n]",))], [("t4[n]", ("exp(t1[n])",))], [("t1[n]", ("x[n] * x[n]",))]]
    assert picture.content == "3 branches"
    assert picture.alternative.startswith(f"A function with 3 branches: where {first} True; {second} True, 4 instructions, ")
    assert picture.alternative.endswith(
        f"where {first} False, 2 instructions, of which 0 matrix products, with the result t1[n] = x[n] * x[n]"
    )
    assert all(picture.boxes[tail].cluster == picture.boxes[head].cluster for tail, head in picture.edges)
    assert len({box.name for box in picture.boxes}) == len(picture.boxes)
    assert picture.caption == ()


def test_of_several_forms_of_arguments_that_with_the_most_branches_is_drawn() -> None:
    f = compile(chosen)
    f([1.0, -1.0], [2.0, 0.0])
    f.value_and_grad(1.0, 2.0)
    picture = pictured(f)
    assert len(picture.clusters) == 2
    assert picture.caption == ("without 1 program for other arguments: print the function to see them",)
    f.value_and_grad([1.0, -1.0], [2.0, 0.0])  # as many: the last counts
    assert pictured(f).caption == ("without 3 programs for other arguments: print the function to see them",)


def test_a_condition_that_is_met_again_and_again_is_named_once_and_branches_beyond_eight_are_counted() -> None:
    f = compile(halved)
    f([1.5 * 2.0**rounds for rounds in range(12)])
    picture = pictured(f)
    while_ = f"line {halved.__code__.co_firstlineno + 1}, while x > 1: was"
    assert [cluster.lines for cluster in picture.clusters][:2] == [
        (f"{while_} True, 8 times", f"{while_} False"),
        (f"{while_} True, 7 times", f"{while_} False"),
    ]
    assert len(picture.clusters) == 8
    assert picture.content == "12 branches"
    assert picture.caption == ("8 of 12 branches are drawn: print the function to see all",)


def test_of_many_conditions_those_left_out_are_counted_and_long_ones_are_shortened() -> None:
    def f(x: Any) -> Any:
        for level in range(12):
            if x > level if level % 2 else x * x * x * x * x * x * x * x * x * x * x * x * x > level - 1000.0 * level * level:
                x = x + 1
        return x

    g = compile(f)
    g(20.0)
    [cluster] = pictured(g).clusters
    assert len(cluster.lines) <= 8
    assert all(len(line) <= 64 for line in cluster.lines)
    assert "…" in cluster.lines[0]


@pytest.mark.parametrize("base", [object, Module])
def test_a_compiled_method_is_drawn_as_its_function(base: type) -> None:
    class Spring(base):  # type: ignore[misc]
        @partial(compile, in_axes=(None, 0) if base is Module else None)
        def force(self, x: Any) -> Any:
            return 3.0 * x if x > 0 else x

    spring = Spring()
    spring.force([1.0, -1.0])
    assert len(pictured(spring.force).clusters) == 2
    assert [line.text for line in spring.force.outline()][-1] == "0 < x[n]"


def test_what_is_returned_without_a_computation_is_shown() -> None:
    def clipped(x: Any, high: Any) -> Any:
        if x > high:
            return high
        return x

    f = compile(clipped)
    f([0.0, 5.0], 1.0)
    picture = pictured(f)
    results = [(i, box) for i, box in enumerate(picture.boxes) if box.kind == "root"]
    assert [(box.title, box.rows) for _, box in results] == [("returns", ("high",)), ("returns", ("x[n]",))]
    assert [[picture.boxes[tail].title for tail, head in picture.edges if head == i] for i, _ in results] == [["high"], ["x[n]"]]
    assert "with the result high; " in picture.alternative


def test_every_result_is_orange() -> None:
    f = compile(lambda x: (sin(x), exp(x) * 2.0))
    f(1.0)
    assert [box.title for box in pictured(f).boxes if box.kind == "root"] == ["t1", "t3"]


@pytest.mark.parametrize("engine", ["builtin", "auto"])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_branches_can_be_drawn(rankdir: str, engine: str) -> None:
    f = compile(chosen)
    f([1.0, -1.0, 2.0], [2.0, 0.0, 1.0])
    drawing = draw(f, rankdir=rankdir, engine=engine)
    text = drawing.pipe(encoding="utf-8").replace("\u00a0", " ").replace("&#160;", " ").replace("&gt;", ">")
    assert text.count("if x > 0: was True") == 2
    assert text.count("if x > 0: was False") == 1
    assert repr(drawing).startswith("<Drawing of 3 branches, laid out by ")


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_frames_do_not_overlap_and_are_below_each_other(rankdir: str) -> None:
    f = compile(halved)
    f([1.5 * 2.0**rounds for rounds in range(4)])
    picture = pictured(f, rankdir=rankdir)
    clusters = [Enclosure(cluster.parent, Shape(200.0, 33.0)) for cluster in picture.clusters]
    edges, home = [*picture.edges, *picture.order], [box.cluster for box in picture.boxes]
    frames = place([box.shape for box in picture.boxes], edges, rankdir, home, clusters).frames
    assert len(frames) == 4
    assert all(above.top + above.height < below.top for above, below in pairwise(frames))


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
