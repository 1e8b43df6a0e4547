"""The SVG of the built-in layout: well formed, everything in it, texts inside their boxes."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from drawable import GRAPHS, in_circles, pictured

from autograd import Value
from autograd.render.picture.boxes import columns
from autograd.render.picture.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", GRAPHS)
def test_everything_is_drawn_once(name, rankdir):
    picture = replace(pictured(GRAPHS[name](), derivatives=True), rankdir=rankdir)
    root = ET.fromstring(to_svg(picture))
    assert root.tag == f"{SVG}svg"
    groups = [group.get("class") for group in root.iter(f"{SVG}g")]
    for kind in ("operation", "leaf", "constant", "inner", "root"):
        assert groups.count(kind) == sum(box.kind == kind for box in picture.boxes)
    assert groups.count("edge") == len(picture.edges) + len(picture.texts)  # one with a text is in two pieces
    arrows = [path for path in root.iter(f"{SVG}path") if path.get("d").endswith("z")]
    assert len(arrows) == len(picture.edges)
    assert sum(rect.get("class") == "cluster" for rect in root.iter(f"{SVG}rect")) == len(picture.clusters)
    words = [text.text for text in root.iter(f"{SVG}text")]
    expected = [line for box in picture.boxes for line in (box.title, *box.rows) if line]
    expected += [*picture.texts.values(), *(cluster.title for cluster in picture.clusters), *picture.caption]
    assert sorted(words) == sorted(expected)
    assert root.find(f"{SVG}rect").get("fill") == "#ffffff"


def test_text_lies_inside_its_box():
    root = Value(1.0, label="a label of some length").exp().tanh()
    root.backward()
    results = 0
    for group in ET.fromstring(to_svg(pictured(root))).iter(f"{SVG}g"):
        outline = group.find(f"{SVG}rect")
        if outline is None:
            continue
        left, width = float(outline.get("x")), float(outline.get("width"))
        top, height = float(outline.get("y")), float(outline.get("height"))
        for text in group.iter(f"{SVG}text"):
            results += 1
            length = columns(text.text) * 0.625 * 12
            start = float(text.get("x")) - (length / 2 if text.get("text-anchor") == "middle" else 0)
            assert left < start
            assert start + length < left + width
            assert top < float(text.get("y")) - 8
            assert float(text.get("y")) < top + height
    assert results == 7


@pytest.mark.parametrize(("rankdir", "ahead", "back"), [("LR", "l-7,-3 v6", "l7,-3 v6"), ("TB", "l-3,-7 h6", "l-3,7 h6")])
def test_arrowheads_point_where_the_edge_leads(rankdir, ahead, back):
    picture = pictured(in_circles(3), rankdir=rankdir)
    heads = [path.get("d").split(" ", 1)[1] for path in ET.fromstring(to_svg(picture)).iter(f"{SVG}path") if path.get("d").endswith("z")]
    assert heads.count(f"{back} z") == 2
    assert heads.count(f"{ahead} z") == len(picture.edges) - 2


def test_caption_and_legend_lie_below_the_graph_and_widen_the_picture():
    y = Value(2.0, label="x").exp()
    y.backward()
    bare = ET.fromstring(to_svg(pictured(y)))
    full = ET.fromstring(to_svg(replace(pictured(y, color="grad"), caption=("a caption " * 20,))))
    _, _, width, height = (float(number) for number in full.get("viewBox").split())
    _, _, narrow, low = (float(number) for number in bare.get("viewBox").split())
    assert width > 200 * 0.625 * 10 > narrow
    assert height > low + 2 * 15
    swatches = [rect for rect in full.iter(f"{SVG}rect") if rect.get("stroke-width") == "0.5"]
    assert len(swatches) == 4
    assert all(low <= float(swatch.get("y")) <= height - 12 for swatch in swatches)
