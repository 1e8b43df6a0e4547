"""The steps of a forward and a backward pass: numbers equal to the engine's bit for bit, and the remarks."""

import math
import random

import pytest
from growing import grow, run

import autograd
from autograd import Value, define, dot, no_grad, sqrt, tanh
from autograd.errors import InputError, StaleGraphError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF
from autograd.render.player.steps import MAX_NODES, passes


def same(a, b):
    return a == b or (a != a and b != b)


def random_graph(seed):
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-2.0, 2.0)) for _ in range(4)]
    return run(grow(rng, len(leaves), rng.randrange(1, 60), rng.random()), leaves, autograd)


def both_paths():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    return a * b + a**2


def step_of(root, title):
    (step,) = [step for step in passes(root).steps if step.title == title]
    return step


# -- the numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_each_step_is_what_the_engine_does(seed):
    root = random_graph(seed)
    story = passes(root)
    order = topological_order(root)
    assert story.order == order
    assert all([order[j] for j in inputs] == list(node._prev) for node, inputs in zip(order, story.inputs, strict=True))
    known = {}
    for step in story.steps:
        if step.phase == "forward":
            assert all(j in known for j in (story.inputs[step.node] if step.node is not None else []))
            known |= step.data
    assert [known[i] for i in range(len(order))] == [node.data for node in order]

    steps = [step for step in story.steps if step.phase == "backward"]
    grads = dict(steps[0].grads)
    root.grad = 1.0
    visited = 0
    for step in steps[1:-1]:
        order[step.node]._backward()
        grads |= step.grads
        visited += 1
        assert all(same(grads[i], node.grad) for i, node in enumerate(order) if node._operation is not CONSTANT)
    assert [step.node for step in steps[1:-1]] == [i for i in reversed(range(len(order))) if order[i]._prev]
    assert visited == sum(1 for node in order if node._prev)
    for node in order:
        node.grad = 0.0
    root.backward()
    assert all(same(grads[i], node.grad) for i, node in enumerate(order) if node._operation is LEAF)


def test_the_graph_stays_as_it_is():
    root = random_graph(7)
    order = topological_order(root)
    for i, node in enumerate(order):
        node.grad = i + 0.5
    before = [(node.data, node.grad, node.label, node._prev, node._slopes) for node in order]
    passes(root)
    assert [(node.data, node.grad, node.label, node._prev, node._slopes) for node in order] == before


def test_infinite_slopes_and_nan():
    x = Value(0.0, label="x")
    story = passes(sqrt(x) * 0.0)
    assert math.isnan(story.steps[-2].grads[0])
    assert story.steps[-2].lines[0][1] == "∂L/∂x += ∂L/∂v1 · ∂v1/∂x = 0 · inf = nan"


# -- the words -----------------------------------------------------------------------------------------------------------


def test_the_whole_story():
    described = [(step.phase, step.title, step.lines, step.facts) for step in passes(both_paths()).steps]
    assert described == [
        ("forward", "The inputs", [], ["a = 2", "b = −3"]),
        ("forward", "Compute v1", [("v1 = a · b = 2 · (−3) = −6",)], []),
        ("forward", "Compute v2", [("v2 = a² = 2² = 4",)], []),
        ("forward", "Compute L", [("L = v1 + v2 = −6 + 4 = −2",)], []),
        ("backward", "Begin at L", [("∂L/∂L = 1",)], []),
        (
            "backward",
            "From L back to v1 and v2",
            [
                ("∂L/∂v1 = 1", "∂L/∂v1 += ∂L/∂L · ∂L/∂v1 = 1 · 1 = 1", "∂L/∂v1 = 0 + 1 = 1"),
                ("∂L/∂v2 = 1", "∂L/∂v2 += ∂L/∂L · ∂L/∂v2 = 1 · 1 = 1", "∂L/∂v2 = 0 + 1 = 1"),
            ],
            [],
        ),
        ("backward", "From v2 back to a", [("∂v2/∂a = 2 · a = 4", "∂L/∂a += ∂L/∂v2 · ∂v2/∂a = 1 · 4 = 4", "∂L/∂a = 0 + 4 = 4")], []),
        (
            "backward",
            "From v1 back to a and b",
            [
                ("∂v1/∂a = b = −3", "∂L/∂a += ∂L/∂v1 · ∂v1/∂a = 1 · (−3) = −3", "∂L/∂a = 4 + (−3) = 1"),
                ("∂v1/∂b = a = 2", "∂L/∂b += ∂L/∂v1 · ∂v1/∂b = 1 · 2 = 2", "∂L/∂b = 0 + 2 = 2"),
            ],
            [],
        ),
        ("backward", "The gradients", [], ["∂L/∂a = 1", "∂L/∂b = 2"]),
    ]


def test_an_input_that_occurs_twice_has_two_lines():
    a = Value(3.0, label="a")
    assert step_of(a * a, "From L back to a").lines == [
        ("∂L/∂(1st a) = a = 3", "∂L/∂a += ∂L/∂L · ∂L/∂(1st a) = 1 · 3 = 3", "∂L/∂a = 0 + 3 = 3"),
        ("∂L/∂(2nd a) = a = 3", "∂L/∂a += ∂L/∂L · ∂L/∂(2nd a) = 1 · 3 = 3", "∂L/∂a = 3 + 3 = 6"),
    ]


def test_constants_get_no_gradient():
    x = Value(2.0, label="x")
    story = passes(x * 3.0 - 3.0)
    step = story.steps[-3]
    assert step.title == "From L back to v1"
    assert step.remarks == ["No gradient for 3: a constant."]
    constants = [i for i, node in enumerate(story.order) if node._operation is CONSTANT]
    assert len(constants) == 2
    assert not any(i in step.grads for step in story.steps for i in constants)
    y = dot([x, x], [5.0, 7.0])
    assert step_of(y, "From L back to x").remarks == ["No gradient for 5 and 7: constants."]


def test_a_sum_over_paths_says_when_it_is_complete():
    x = Value(2.0, label="x")
    v = tanh(x)
    v.label = "v"
    assert step_of(v * v + v, "From v back to x").remarks == ["v is used 3 times; all of these have added to ∂L/∂v, so it is complete."]


def test_where_a_sign_stands_for_two_things_it_is_said():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    assert step_of(a * (a + b), "From L back to a and v1").remarks == ["In the products, ∂L/∂a is the derivative of this operation alone."]
    assert step_of(a * a, "From L back to a").remarks == []


def test_gradients_that_are_there_already():
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(4.0)
    a.grad = 5.0
    (c * c).backward(create_graph=True)
    remarks = step_of(a * b * c, "Begin at L").remarks
    assert remarks[1:] == ["In the graph itself, a.grad = 5 and v2.grad = 8: backward() would add to that, here it starts from 0."]
    c.grad = a.grad = 0.0
    assert len(step_of(a * b * c, "Begin at L").remarks) == 1


def test_names_that_were_not_given_are_said():
    assert "Without a label, and so named here: v1, v2, L." in passes(both_paths()).steps[0].remarks
    y = Value(1.0, label="x") * 2.0
    y.label = "y"
    assert len(passes(y).steps[0].remarks) == 1


def test_very_many_leaves_are_not_all_listed():
    story = passes(dot([Value(float(i), label=f"x{i}") for i in range(30)], [1.0] * 30))
    assert len(story.steps[0].facts) == 24
    assert story.steps[0].facts[-1] == "7 more"
    assert len(story.steps[-2].lines) == 30
    assert story.steps[-2].title == "From L back to its 30 inputs"


def test_a_leaf_alone():
    story = passes(Value(3.0, label="x"))
    assert [step.title for step in story.steps] == ["The inputs", "Begin at x", "The gradients"]
    assert story.steps[-1].facts == ["∂x/∂x = 1"]


def test_nothing_but_constants():
    with no_grad():
        y = Value(2.0) * 3.0
    story = passes(y)
    assert story.steps[0].remarks == ["All values here are constants."]
    assert story.steps[-1].remarks == ["There are no leaves, so nothing gets a gradient."]
    assert not any(step.grads for step in story.steps)
    assert step_of(y * 2.0, "From L back to constants").lines == []


def test_a_row_of_ones_own():
    cubed = define("cubed", lambda xp, a: a * a * a, lambda xp, y, a: 3.0 * a * a)
    y = cubed(Value(2.0, label="x"))
    assert step_of(y, "Compute L").lines == [("L = cubed(x) = cubed(2) = 8",)]
    assert step_of(y, "From L back to x").lines[0][0] == "∂L/∂x = 12"


# -- what cannot be played -----------------------------------------------------------------------------------------------


def test_no_value():
    with pytest.raises(InputError, match=r"play needs a Value, not an object of type float: write play\(loss\)"):
        passes(3.0)


def test_too_large_a_graph():
    y = Value(1.0)
    for _ in range(MAX_NODES - 1):
        y = -y
    assert len(passes(y).order) == MAX_NODES
    with pytest.raises(InputError, match=r"the graph has 501 nodes, and more than 500 cannot .* play\(node\) .* draw\(root\)"):
        passes(-y)


def test_numbers_that_do_not_follow_from_each_other():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = a * b
    a.data = 4.0
    with pytest.raises(StaleGraphError, match=r"computed by mul from other numbers than \[4\.0, -3\.0\].*then play it"):
        passes(y)
    zero = Value(0.0) * a
    a.data = 7.0  # the product is still 0, and the local derivative is not
    with pytest.raises(StaleGraphError):
        passes(zero)
    x = Value(math.nan)
    assert passes(x * 2.0 + x)


def test_an_input_moved_out_of_the_domain_of_ones_own_row():
    inverse = define("inverse", lambda xp, a: 1.0 / a, lambda xp, y, a: -y * y, check_at=[(2.0,)])
    x = Value(2.0)
    y = inverse(x)
    x.data = 0.0
    with pytest.raises(StaleGraphError, match="inverse"):
        passes(y)
