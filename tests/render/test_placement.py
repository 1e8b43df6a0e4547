"""The built-in layout: boxes apart, edges around them, clusters within their frames."""

import itertools
import math

import pytest
from drawable import GRAPHS, in_circles, neuron, pictured, scoped_mlp

from autograd import Value, dot
from autograd.render.picture.layering import Shape, layers, sequence
from autograd.render.picture.placement import Enclosure, place


@pytest.fixture(params=GRAPHS, ids=str)
def picture(request):
    return pictured(GRAPHS[request.param]())


def laid_out(picture, rankdir="LR"):
    titles = [Enclosure(cluster.parent, Shape(7.5 * len(cluster.title), 18.0)) for cluster in picture.clusters]
    return place([box.shape for box in picture.boxes], picture.edges, rankdir, [box.cluster for box in picture.boxes], titles)


def along(curve):
    """Points along a curve of the placement."""
    at = curve[0]
    for a, b, c, d in (curve[i : i + 4] for i in range(1, len(curve) - 1, 4)):
        yield from (((1 - t) * at[0] + t * a[0], (1 - t) * at[1] + t * a[1]) for t in (0.0, 0.5, 1.0))
        for t in (i / 8 for i in range(9)):
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(w * point[axis] for w, point in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
        at = d
    yield curve[-1]


def reach(point, shape, centre):
    """How far from the centre of a box: 1 is its border, less is inside."""
    x, y = (point[0] - centre[0]) / shape.width * 2, (point[1] - centre[1]) / shape.height * 2
    return math.hypot(x, y) if shape.round else max(abs(x), abs(y))


def ancestors(picture, cluster):
    while cluster >= 0:
        yield cluster
        cluster = picture.clusters[cluster].parent


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_boxes_lie_apart_and_inside_the_picture(picture, rankdir):
    placement = laid_out(picture, rankdir)
    boxes = [(box.shape, centre) for box, centre in zip(picture.boxes, placement.centres, strict=True)]
    for (shape, (x, y)), (other, (u, v)) in itertools.combinations(boxes, 2):
        assert abs(x - u) >= (shape.width + other.width) / 2 + 8 or abs(y - v) >= (shape.height + other.height) / 2 + 8
    for shape, (x, y) in boxes:
        assert shape.width / 2 < x < placement.width - shape.width / 2
        assert shape.height / 2 < y < placement.height - shape.height / 2


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_edges_run_from_box_to_box_and_through_none(picture, rankdir):
    placement = laid_out(picture, rankdir)
    axis = 0 if rankdir == "LR" else 1
    passed = set()
    for (tail, head), curve in zip(picture.edges, placement.curves, strict=True):
        ends = curve if curve[-1][axis] >= curve[0][axis] else curve[::-1]  # one that leads back is drawn from its head
        first, last = (tail, head) if ends is curve else (head, tail)
        assert reach(ends[-1], picture.boxes[last].shape, placement.centres[last]) == pytest.approx(1.0)
        # an edge starts at its box, or where it parts from an earlier edge
        at_box = reach(ends[0], picture.boxes[first].shape, placement.centres[first]) == pytest.approx(1.0)
        assert at_box or any(math.dist(ends[0], point) < 8.0 for point in passed)
        points = list(along(curve))
        for box, (x, y) in zip(picture.boxes, placement.centres, strict=True):
            w, h = box.shape.width / 2, box.shape.height / 2
            near = [point for point in points if abs(point[0] - x) <= w and abs(point[1] - y) <= h]
            assert all(reach(point, box.shape, (x, y)) > 1.0 - 1e-9 for point in near)
        passed.update(points)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_curves_have_no_kinks(picture, rankdir):
    """Between two bends the line is straight along the layers, also where it crosses the frame of a cluster."""
    across = 1 if rankdir == "LR" else 0
    for curve in laid_out(picture, rankdir).curves:
        for before, after in zip(curve[0:-1:4], curve[1::4], strict=False):
            assert before[across] == pytest.approx(after[across])


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_frames_hold_what_is_in_a_cluster_and_nothing_else(picture, rankdir):
    placement = laid_out(picture, rankdir)
    for c, (left, top, width, height) in enumerate(placement.frames):
        assert width >= 7.5 * len(picture.clusters[c].title) + 20.0
        for box, (x, y) in zip(picture.boxes, placement.centres, strict=True):
            w, h = box.shape.width / 2, box.shape.height / 2
            if c in ancestors(picture, box.cluster):
                assert left + 8 <= x - w
                assert x + w <= left + width - 8
                assert top + 18 + 8 <= y - h  # below the title
                assert y + h <= top + height - 8
            else:
                assert x + w <= left - 8 or left + width + 8 <= x - w or y + h <= top - 8 or top + height + 8 <= y - h


def test_frames_are_nested_or_apart(picture):
    placement = laid_out(picture)
    for c, d in itertools.combinations(range(len(placement.frames)), 2):
        one, other = placement.frames[c], placement.frames[d]
        across = one.left + one.width < other.left or other.left + other.width < one.left
        above = one.top + one.height < other.top or other.top + other.height < one.top
        if c in ancestors(picture, d):
            assert one.left < other.left
            assert one.top < other.top
            assert other.left + other.width < one.left + one.width
            assert other.top + other.height < one.top + one.height
        else:
            assert across or above


def test_edges_enter_only_the_clusters_they_lead_to(picture):
    placement = laid_out(picture)
    for (tail, head), curve in zip(picture.edges, placement.curves, strict=True):
        points = list(along(curve))
        ends = {*ancestors(picture, picture.boxes[tail].cluster), *ancestors(picture, picture.boxes[head].cluster)}
        for c, (left, top, width, height) in enumerate(placement.frames):
            if c not in ends:
                assert not any(left < x < left + width and top < y < top + height for x, y in points)


def test_a_circle_of_clusters_has_edges_that_lead_back():
    picture = pictured(in_circles(3))
    placement = laid_out(picture)
    back = [edge for edge, curve in zip(picture.edges, placement.curves, strict=True) if curve[-1][0] < curve[0][0]]
    names = [
        (picture.clusters[picture.boxes[tail].cluster].title, picture.clusters[picture.boxes[head].cluster].title) for tail, head in back
    ]
    assert names == [("gate", "cell")] * 2


def test_sequence_follows_edges_and_breaks_circles_at_the_first():
    assert sequence(4, [(3, 0), (0, 1), (1, 2)]) == [3, 0, 1, 2]
    assert sequence(4, [(0, 1), (1, 2), (2, 0), (3, 0)]) == [3, 0, 1, 2]
    assert sequence(2, [(0, 0), (1, 1)]) == [0, 1]


def test_neurons_of_a_layer_stand_below_each_other():
    picture = pictured(scoped_mlp(1))
    frames = {f"{cluster.parent}{cluster.title}": frame for cluster, frame in zip(picture.clusters, laid_out(picture).frames, strict=True)}
    layer0, layer1 = frames["-1layer0"], frames["-1layer1"]
    assert layer0.left + layer0.width < layer1.left
    inside = [frame for name, frame in frames.items() if "neuron" in name and frame.left < layer1.left]
    assert len(inside) == 4
    assert max(frame.left for frame in inside) - min(frame.left for frame in inside) < 20.0


def test_parallel_edges_are_drawn_apart():
    a = Value(2.0)
    placement = laid_out(pictured(a * a, derivatives=True))
    assert placement.curves[0] != placement.curves[1]
    assert abs(placement.curves[0][0][1] - placement.curves[1][0][1]) > 4.0
    assert abs(placement.curves[0][-1][1] - placement.curves[1][-1][1]) > 4.0


def test_long_parallel_edges_are_drawn_apart():
    x = Value(0.5)
    picture = pictured(dot([x, x], [x.tanh().exp(), 1.0]), derivatives=True)
    placement = laid_out(picture)
    one, other = (set(along(curve)) for edge, curve in zip(picture.edges, placement.curves, strict=True) if edge == (0, 6))
    assert not one & other


def test_edges_to_different_boxes_share_their_way():
    x = Value(0.5)
    picture = pictured(x * x.tanh().exp() + x)
    placement = laid_out(picture)
    branches = [curve for (tail, _), curve in zip(picture.edges, placement.curves, strict=True) if tail == 0]
    ends_of_box = [curve for curve in branches if reach(curve[0], picture.boxes[0].shape, placement.centres[0]) == pytest.approx(1.0)]
    assert (len(branches), len(ends_of_box)) == (3, 2)


def test_layers_are_sorted():
    a, b = Value(0.5), Value(0.25)
    p, q = a.tanh(), b.tanh()
    placement = laid_out(pictured(dot([p, q, p.exp()], [q.exp(), a.exp(), b.exp()])))
    assert crossings(placement) == 0  # there are six in the order in which the boxes come


@pytest.mark.parametrize("name", [name for name in GRAPHS if "scope" not in name])  # the frame of a cluster may be in the way
def test_an_operation_and_its_result_are_drawn_in_a_line(name):
    picture = pictured(GRAPHS[name]())
    placement = laid_out(picture)
    for tail, head in picture.edges:
        if picture.boxes[tail].kind == "operation":
            assert placement.centres[tail][1] == pytest.approx(placement.centres[head][1])


def test_a_tree_has_no_crossings():
    assert crossings(laid_out(pictured(neuron(4)))) == 0


def crossings(placement):
    lines = [set(itertools.pairwise(along(curve))) for curve in placement.curves]
    return sum(any(cross(p, q) for p in one for q in other) for one, other in itertools.combinations(lines, 2))


def cross(one, other):
    def left(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, other
    return left(a, b, c) * left(a, b, d) < -1e-9 and left(c, d, a) * left(c, d, b) < -1e-9


def test_a_leaf_stands_just_before_its_use():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    picture = pictured((a * b) + c)
    layer = layers(len(picture.boxes), picture.edges)
    assert {box.name: place for box, place in zip(picture.boxes, layer, strict=True)} == {
        "v0": 0, "v1": 0, "op2": 1, "v2": 2, "v3": 2, "op4": 3, "v4": 4
    }  # fmt: skip
