"""Folding: what is joined, what is not, and that it ends."""

import random

import pytest
from drawable import GRAPHS, chain, in_circles, random_graph, random_scopes, recurrent, scoped_mlp

from autograd import Value, dot, scope
from autograd.compiled.passes.loops import find_loops
from autograd.compiled.passes.sums import find_sums
from autograd.compiled.passes.trace import trace
from autograd.compiled.passes.vectorise import vectorise
from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.render.picture.fold import fold, stem


def folded(root, max_nodes=500, depth=None):
    return fold(topological_order(root), depth, max_nodes)


def check(result):
    """A partition with the root by itself at the end."""
    members = [i for group in result.bundles for i in group.members]
    assert sorted(members) == list(range(len(result.order)))
    assert all(result.bundle_of[i] == g for g, group in enumerate(result.bundles) for i in group.members)
    assert all(group.members == sorted(group.members) for group in result.bundles)
    assert result.bundles[-1].members == [len(result.order) - 1]


@pytest.mark.parametrize("name", GRAPHS)
def test_small_graphs_are_not_folded(name):
    root = GRAPHS[name]()
    result = folded(root)
    check(result)
    assert [group.members for group in result.bundles] == [[i] for i in range(len(topological_order(root)))]
    assert result.alike == ""


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
@pytest.mark.parametrize("seed", range(10))
def test_any_graph_is_folded_into_as_many_groups_as_it_has_operations(seed, depth):
    root = random_scopes(seed) if seed % 2 else random_graph(seed)
    order = topological_order(root)
    most = 3 + len({node._operation.name for node in order})
    result = folded(root, most, depth)
    check(result)
    assert len(result.bundles) <= most


def test_members_of_a_group_are_of_one_kind():
    result = folded(scoped_mlp(30), 40, depth=2)
    assert result.alike == "all"
    for group in result.bundles:
        assert len({result.order[i]._operation.name for i in group.members}) == 1
        assert len({(result.order[i].scope or group.cluster) for i in group.members}) == 1


def test_members_of_a_group_take_their_inputs_from_the_same_groups():
    result = folded(scoped_mlp(30), 40, depth=2)
    for group in result.bundles:
        if group.parts == len(group.members):  # a sum is a chain, whose first addition has other inputs than the second
            assert len({frozenset(result.bundle_of[j] for j in result.edges.inputs(i)) for i in group.members}) == 1


def test_the_groups_are_those_of_the_compiled_program():
    """`roll` groups the same graph for its instructions; here leaves are groups too, and the root is one."""
    rng = random.Random(1)
    weights = [[Value(rng.random(), label="w") for _ in range(3)] for _ in range(4)]
    loss = Value(0.0)
    for _ in range(40):
        x = [Value(rng.random(), label="x") for _ in range(3)]
        hidden = [dot(w, x).tanh() for w in weights]
        loss = loss + dot(hidden, hidden).exp()
    result = folded(loss * 1.0, 50)
    tape = trace([loss * 1.0])
    sums = find_sums(tape)
    operations = sorted(group.operation.name for group in vectorise(tape, sums, find_loops(tape, sums)))
    computed = [group for group in result.bundles if result.edges.inputs(group.members[0])]
    assert operations == ["dot", "dot", "exp", "mul", "sum", "tanh"]
    assert sorted(result.order[group.members[0]]._operation.name.replace("add", "sum") for group in computed) == operations
    assert sorted(len(group.members) for group in result.bundles) == [1, 1, 1, 12, 40, 40, 40, 120, 160, 160]


def test_weights_of_two_layers_are_two_groups():
    result = folded(scoped_mlp(30), 100, depth=1)
    labels = [
        (stem(result.order[group.members[0]].label), len(group.members))
        for group in result.bundles
        if not group.scopes and not result.edges.inputs(group.members[0])
    ]
    assert labels == [("xᵢ", 60), ("", 30)]  # the weights are in their neurons
    x = [[Value(1.0, label=f"x{i}") for i in range(4)] for _ in range(10)]
    w1, w2 = [[Value(1.0, label=f"w{i}") for i in range(4)] for _ in range(3)], [Value(1.0, label=f"w{i}") for i in range(3)]
    result = folded(dot([dot(w2, [dot(w, xi).exp() for w in w1]) for xi in x], [1.0] * 10), 20)
    assert [len(group.members) for group in result.bundles if result.order[group.members[0]].label.startswith("w")] == [3, 12]


def test_scopes_are_folded_from_the_inside_out():
    loss = scoped_mlp(1)  # 37 nodes
    assert [group.scopes for group in folded(loss, 37).bundles if group.scopes] == []
    names = [group.scopes for group in folded(loss, 36).bundles if group.scopes]
    assert names == [["layer1/neuron0"], [f"layer0/neuron{i}" for i in range(4)]]
    names = [group.scopes for group in folded(loss, 8).bundles if group.scopes]
    assert names == [["layer1"], ["layer0"], ["loss"]]
    assert folded(loss, 8).depth == 0


def test_depth_is_kept():
    loss = scoped_mlp(1)
    for depth, scopes in ((0, 3), (1, 5), (2, 0), (7, 0)):
        result = folded(loss, depth=depth)
        assert sum(len(group.scopes) for group in result.bundles) == scopes
        assert result.alike == ""
    assert folded(loss, 20, depth=1).depth == 1


def test_a_scope_around_everything_is_not_folded():
    with scope("model"):
        loss = scoped_mlp(3) * 1.0
    result = folded(loss, 12)
    assert [group.scopes for group in result.bundles if group.scopes] == [["model/layer0"], ["model/layer1"], ["model/loss"]]
    with scope("model"):
        y = recurrent(100) * 1.0
    assert not any(group.scopes for group in folded(y, 50).bundles)
    assert {group.cluster for group in folded(y, 50).bundles} == {"model"}


def test_scopes_of_one_name_are_joined():
    total = Value(0.0)
    for i in range(50):
        with scope(f"sample{i}"):
            y = Value(float(i)).tanh() * 2.0
        total = total + y
    result = folded(total, 20)
    assert [group.parts for group in result.bundles if group.scopes] == [50]
    assert len(result.bundles) == 4


def test_scopes_in_circles_are_folded():
    result = folded(in_circles(100), 10)
    check(result)
    assert [group.scopes for group in result.bundles if group.scopes] == [["cell"], ["gate"]]
    total = Value(0.0, label="h")
    for i in range(50):
        with scope(f"a{i % 2}"):
            y = total * 2.0
        with scope(f"b{i % 2}"):
            total = y + 1.0
    result = folded(total, 5)
    check(result)
    assert result.alike == "near"


def test_a_sum_is_one_part():
    x = [Value(float(i), label="x") for i in range(30)]
    total = x[0]
    for xi in x[1:]:
        total = total + xi
    result = folded(total.tanh(), 10)
    assert [(len(group.members), group.parts) for group in result.bundles] == [(30, 30), (29, 1), (1, 1)]
    result = folded(total, 10)  # the root is shown by itself, and its term is one like the others
    assert [(len(group.members), group.parts) for group in result.bundles] == [(30, 30), (28, 1), (1, 1)]


def test_a_sum_ends_where_it_is_used_twice_or_has_a_label():
    x = Value(1.0, label="x")
    total = x
    middle = []
    for i in range(40):
        total = total + x
        if i == 20:
            total.label = "half"
        if i == 30:
            middle.append(total)
    result = folded(dot([total], middle), 10)
    sums = [(len(group.members), group.parts) for group in result.bundles if len(group.members) > 1]
    assert sorted(sums) == [(9, 1), (10, 1), (21, 1)]


def test_a_long_recurrence_is_a_few_groups():
    result = folded(recurrent(2000), 100)
    check(result)
    assert result.alike == "near"
    assert len(result.bundles) < 12
    assert max(len(group.members) for group in result.bundles) > 1900


def test_labels_are_given_up_before_operations():
    names = [f"{a}{b}{c}" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"]
    root = dot([Value(1.0, label=name).exp() for name in names], [1.0] * len(names))
    result = folded(root, 20)
    check(result)
    assert sorted(len(group.members) for group in result.bundles) == [1, 512, 512, 512]


def test_groups_of_several_scopes_are_in_none():
    total = Value(0.0)
    for name in ("red", "green", "blue", "grey", "black", "white"):
        with scope(name):
            total = (total * 2.0).tanh()
    result = folded(total, 8, depth=1)
    check(result)
    assert all(group.cluster == "" for group in result.bundles if len(group.members) > 1)


def test_an_impossible_limit_is_an_error():
    with pytest.raises(InputError, match=r"the graph has 100 nodes, and folded it still has 3 boxes: write draw\(root, max_nodes=3\)"):
        folded(chain(100), 2)
    assert len(folded(chain(100), 3).bundles) == 3


@pytest.mark.parametrize(("name", "result"), [("w12", "wᵢ"), ("w1_2", "wᵢ_ᵢ"), ("w₁₀", "wᵢ"), ("loss", "loss"), ("", "")])
def test_stem(name, result):
    assert stem(name) == result


def test_large_graphs_take_seconds():
    """Linear in the nodes, whatever the depth: 200,000 nodes of a chain that has no structure to compare as a whole."""
    y = x = Value(0.5)
    for _ in range(100_000):
        y = (y + x).tanh()
    result = folded(y)
    assert len(result.order) == 200_001
    assert len(result.bundles) < 12
