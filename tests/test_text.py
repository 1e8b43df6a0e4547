"""Text from data stays text: whatever a label, key, scope or name is, it does not change the structure of any output."""

import ast
import html.parser
import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from autograd import Program, Value, compile, draw, exp, paths, play, scope, tanh, to_latex
from autograd.compiled.export.listing import Line
from autograd.compiled.export.numpy_source import source_of
from autograd.compiled.ir import Scalars
from autograd.custom import define
from autograd.render.lettering import printable, shown

HOSTILE = [
    "a\nimport os", "a\rimport os", "a\r\nb", "x[0]\nimport os[1]", "x\n1", "\x0bx", "\x0cx", "\x85x", "\u2028raise", "\u2029x", "\0", "\x1b[31m", "\x7f",
    "\ud800", "\udfff\ud800x", "\ufffe", "\uffff", "\ufeff", "\u202ex", "\ue000", "😀", "e\u0301", "中文", "ſ", "w²", "xᵀ",
    "'", '"', '"""', "'''", 'a"""\nimport os\n"""', "\\", "\\n", '\\"', "x\\", "#", "`", "t1", "t1 = 2", "nan", "inf", "Σ", "where", "x = [", "x" + "[0]" * 100,
    "&", "<", ">", "&lt;", "&amp;", "&#60;", "<b>", "</text>", "<!--", "-->", "--!>", "]]>", "<![CDATA[", "<?xml", "</script>", "</SCRIPT >", "<script>x()</script>",
    "<!--<script>", '" onload="x()', "' onload='x()", "{{STEPS}}", "{{GRAPH}}", "</svg>", "</title>", "javascript:x()",
    "|", "{", "}", "{}", "}{", "<f0> a", "<<b>>", "\\N", "\\l", '"]; x [label="y', "a -> b", "a;b", "digraph", "node", "//", "/*", "*/",
    "$", "$$", "%", "_", "^", "~", "a_{", "x_\\", "\\end{aligned}", "\\end{document}", "\\input{x}", "\\text{", "\\text{x}", "} \\input{x}", "\\\\", "\\(", "\\]", "{a}", "{0}",
    " ", "  ", "\t", "\u00a0",
]  # fmt: skip

LONG = {"letters": "x" * 10**6, "digits": "1" * 10**5, "indices": "[0]" * 30_000 + "x", "ampersands": "&" * 10**4, "braces": "{" * 10**4}


# -- graphs and functions with the text wherever a text can be ---------------------------------------------------------------


def graph(text: str) -> tuple[Value, Value]:
    with scope("scope " + text.replace("/", "")):  # a slash has a meaning: it is between scopes
        x, y = Value(0.5, label=text), Value(0.25, label="y")
        z = tanh(x * y)
        z.label = text
    return z - exp(x), x


def function(text: str) -> Any:
    f = lambda p: tanh(p[text] * 2.0) + p["y"]
    f.__name__ = text
    compiled = compile(f, in_axes=(None,), executor="numpy")
    compiled({text: 1.5, "y": 1.0})
    return compiled


def derivative_of(root: Value, x: Value) -> str:
    return to_latex(root, wrt=x)


def program(text: str) -> Program:
    result: Program = compile(graph(text)[0], executor="numpy")
    return result


# -- the structure of each output: what no text may change --------------------------------------------------------------------


def of_source(source: str) -> object:
    """The tree without what stands in strings."""
    names: dict[str, Any] = {}
    exec(source.encode().decode(), names)
    assert callable(names["forward"])
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


DOT_TOKENS = re.compile(r'\s+|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[\w.]+|-?[\d.]+)|(?P<sign>->|[\[\]{}=;,])', re.DOTALL)


def of_dot(source: str) -> object:
    """The statements and the names of their attributes, as the grammar of DOT reads them."""
    source.encode()
    tokens: list[str] = []
    at = 0
    while at < len(source):
        result = DOT_TOKENS.match(source, at)
        assert result, f"no token of DOT: {source[at : at + 20]!r}"
        at = result.end()
        if result.lastgroup:
            is_value = bool(tokens) and tokens[-1] == "="
            tokens.append("value" if is_value and result.lastgroup != "sign" else result[0])
            if is_value and result["string"]:
                label = result["string"][1:-1]
                assert not label.startswith("<")  # is HTML to some
                assert "\n" not in label
    assert tokens.count("{") == tokens.count("}")
    return tokens


def of_svg(source: str) -> object:
    """The elements and the names of their attributes; and all values that are neither numbers nor text."""
    return [
        (element.tag, sorted(element.attrib), element.get("class"), element.get("fill"))
        for element in ET.fromstring(source.encode()).iter()
    ]


class Page(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.structure: list[object] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, [name for name, _ in attributes]))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.structure.append(("end", tag))
        self.inside = False

    def handle_comment(self, data: str) -> None:
        self.structure.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.structure.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.structure.append(("declaration", data))

    def handle_pi(self, data: str) -> None:
        self.structure.append(("instruction", data))

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def of_page(page: str) -> object:
    """The tags and the names of their attributes, and the code of the page."""
    page.encode()
    read = Page(page)
    data, code = read.scripts
    assert "<" not in data  # neither </script nor <!--, whatever state a browser is in
    assert all({"phase", "title", "lines", "texts"} <= step.keys() for step in json.loads(data))
    return read.structure, code


def of_frame(text: str) -> object:
    """Check that there is exactly one element."""
    text.encode()
    structure = Page(text).structure
    assert structure == [("iframe", ["srcdoc", "sandbox", "title", "style"]), ("end", "iframe")]
    return structure


WORDS = [
    "text",
    "mathrm",
    "operatorname",
    "backslash",
    "sim",
    "wedge",
    "tanh",
    "cdot",
    "frac",
    "partial",
    "left",
    "right",
    "begin",
    "end",
    "exp",
    "ln",
    "Sigma",
]
ALLOWED = {"\\" + word for word in [*WORDS, *r"\\#$%&_{}"]}


def of_latex(source: str) -> object:
    """Check that braces match, that all commands are known, and that no character has a special meaning in LaTeX."""
    source.encode()
    depth = 0
    alignment = source.startswith("\\begin{aligned}")
    environments = re.findall(r"\\(begin|end)\{(\w*)\}", source)
    assert environments == [("begin", "aligned"), ("end", "aligned")] * alignment
    for token in re.findall(r"\\[A-Za-z]+|\\.|.", source, re.DOTALL):
        assert not token.startswith("\\") or token in ALLOWED, f"{token} in {source}"
        assert token not in ("$%#~" if alignment else "$%#~&"), f"{token} in {source}"
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0, source
    assert depth == 0, source
    for inside in re.findall(r"\\text\{(.*?)\}", source, re.DOTALL):
        assert not set(inside.replace("\\&", "")) & set("#$%&_{}~^\\\n"), source
    return None


def of_line(text: str) -> object:
    """Check that it is one printable line."""
    text.encode()
    assert printable(text) == text
    return text.count("\n")


def of_lines(text: str) -> object:
    """The number of lines."""
    text.encode()
    return len(text.splitlines())


OUTPUTS: dict[str, Callable[[str], object]] = {
    "program.source": lambda text: of_source(program(text).source),
    "f.source": lambda text: of_source(function(text).source),
    "the listing": lambda text: of_lines("\n".join(map(str, program(text).outline()))),
    "the exact listing": lambda text: of_lines("\n".join(line for one in program(text).outline() for line in one.exact)),
    "DOT": lambda text: of_dot(draw(graph(text)[0], engine="builtin", color="grad", derivatives=True).source),
    "DOT, folded": lambda text: of_dot(draw(graph(text)[0], engine="builtin", depth=0).source),
    "DOT of a program": lambda text: of_dot(draw(program(text), engine="builtin").source),
    "SVG": lambda text: of_svg(draw(graph(text)[0], engine="builtin", color="grad", derivatives=True).pipe(encoding="utf-8")),
    "SVG, folded": lambda text: of_svg(draw(graph(text)[0], engine="builtin", depth=0).pipe(encoding="utf-8")),
    "SVG of a program": lambda text: of_svg(draw(program(text), engine="builtin").pipe(encoding="utf-8")),
    "the page": lambda text: of_page(play(graph(text)[0]).page),
    "the page in a notebook": lambda text: of_frame(play(graph(text)[0])._repr_html_()),
    "a picture in a notebook": lambda text: Page(draw(graph(text)[0], engine="builtin")._repr_mimebundle_()["text/html"]).structure,
    "LaTeX": lambda text: of_latex(to_latex(graph(text)[0])),
    "LaTeX of a derivative": lambda text: of_latex(derivative_of(*graph(text))),
    "LaTeX in lines": lambda text: of_latex(to_latex(graph(text)[0], max_nodes=7)),
    "paths": lambda text: [of_line(str(path)) for path in paths(*graph(text))],
    "the paths": lambda text: of_line(repr(paths(*graph(text)))),
}


def structure(output: str, text: str) -> object:
    result = OUTPUTS[output](text)
    if output in ("SVG of a program", "DOT of a program"):  # an array of labels that are alike has other boxes than one with an index
        return None
    return result


def plain_for(output: str, text: str) -> object:
    """The structure for a harmless text; in pictures for one of the same length, because they shorten long ones, with a tooltip."""
    drawn = output.startswith(("DOT", "SVG", "the page", "a picture")) and text.strip()
    return structure(output, "p" * len(shown(text)) if drawn else "plain")


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_text_changes_the_structure(output: str) -> None:
    blank = structure(output, " ") if output.startswith("SVG") else structure(output, "plain")  # a box without a title has one line less
    for text in HOSTILE:
        plain = plain_for(output, text)
        assert structure(output, text) == (plain if text.strip() or not text else blank if text == " " else structure(output, text)), repr(
            text
        )


@pytest.mark.parametrize("output", ["program.source", "f.source", "DOT", "SVG", "the page", "LaTeX", "paths"])
@pytest.mark.parametrize("kind", LONG)
def test_long_texts(output: str, kind: str) -> None:
    """A time that grows with the square of the length would be hours here."""
    text = LONG[kind] if "source" in output else LONG[kind][: 10**5]
    assert structure(output, text) == plain_for(output, text)


def test_texts_arrive_as_they_are() -> None:
    """What is drawn says the label, with an escape for what cannot be drawn."""
    for text in HOSTILE:
        if not text.strip():
            continue
        node = Value(0.5, label=text)
        words = [element.text for element in ET.fromstring(draw(node, engine="builtin").pipe(encoding="utf-8")).iter() if element.text]
        assert shown(text) in words
        if (text.isprintable() and "\\" not in text) or text == "\\":
            assert ast.get_docstring(ast.parse(function(text).source), clean=False) == f"The program of {text}."


@pytest.mark.parametrize("graphviz", ["dot", "wasi"])
def test_graphviz_reads_the_texts(graphviz: str) -> None:
    """The parser of Graphviz itself, where it is installed: what it draws says what the built-in layout says."""
    from autograd.render.picture.draw import wasi_works

    if not (shutil.which("dot") if graphviz == "dot" else wasi_works()):
        pytest.skip(f"the engine {graphviz} does not run here")
    total = sum((Value(0.5, label=text) for text in HOSTILE if text.strip()), Value(0.0, label="0"))
    words = [
        sorted(
            element.text.replace("\N{NO-BREAK SPACE}", " ").strip()
            for element in ET.fromstring(draw(total, engine=engine).pipe(encoding="utf-8")).iter("{http://www.w3.org/2000/svg}text")
            if element.text
        )
        for engine in (graphviz, "builtin")
    ]
    assert words[0] == words[1]


def test_symbols_of_operations_of_your_own() -> None:
    for i, text in enumerate(["plain", *HOSTILE]):
        own = define(f"own{i}", lambda xp, a: a + a, lambda xp, y, a: 2.0, symbol=text, requires=text, doc=text)
        y = own(Value(0.5, label="x"))
        of_source(compile(y, executor="numpy").source)
        of_dot(draw(y, engine="builtin").source)
        of_svg(draw(y, engine="builtin").pipe(encoding="utf-8"))
        of_page(play(y).page)
        of_latex(to_latex(y))
        of_line(repr(list(paths(y, y._prev[0]))))


def test_the_writer_of_source_trusts_no_line() -> None:
    """Also where a line in words was not quoted, it is a comment of one line."""
    made = program("plain")
    for text in HOSTILE:
        lines = [Line(text, text, text, False, ()) for _ in made.code.instructions]
        assert not any(isinstance(step, Scalars) for step in made.code.instructions)
        assert of_source(source_of(made.code, text, lines, [])) == of_source(source_of(made.code, "plain", made.outline(), []))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_matplotlib_reads_the_formula(text: str) -> None:
    mathtext = pytest.importorskip("matplotlib.mathtext")
    if not text.isascii():
        pytest.skip("its fonts do not have all characters")
    root, x = graph(text)
    for formula in (to_latex(root), to_latex(root, wrt=x)):
        mathtext.MathTextParser("path").parse(f"${formula}$")


# -- the checks above see an unescaped use ------------------------------------------------------------------------------------


def as_is(text: str) -> str:
    return str(text)


PLANTED: list[tuple[str, dict[str, Any]]] = [
    ("program.source", {"autograd.compiled.export.numpy_source.comment": lambda text: f"# {text}", "autograd.compiled.export.naming.quoted": as_is}),
    ("f.source", {"autograd.compiled.export.numpy_source.docstring": lambda text: f'"""{text}"""'}),
    ("the listing", {"autograd.compiled.export.naming.quoted": as_is}),
    ("the listing", {"autograd.compiled.export.listing.printable": as_is}),
    ("the exact listing", {"autograd.compiled.export.naming.quoted": as_is}),
    ("DOT", {"autograd.render.picture.dot.dot_text": as_is}),
    ("DOT", {"autograd.render.picture.dot.printable": as_is, "autograd.render.picture.graph_picture.shown": as_is}),
    ("SVG", {"autograd.render.picture.svg.escape": as_is}),
    ("SVG", {"autograd.render.picture.svg.printable": as_is, "autograd.render.picture.graph_picture.shown": as_is}),
    ("the page", {"autograd.render.player.play.safe_json": json.dumps}),
    ("the page", {"autograd.render.player.play.html": SimpleNamespace(escape=as_is), "autograd.render.player.steps.unique_names": lambda order: ["v"] * (len(order) - 1) + [order[0].label]}),
    ("the page", {"autograd.render.picture.svg.escape": as_is}),
    ("the page in a notebook", {"autograd.render.page.html": SimpleNamespace(escape=as_is)}),
    ("LaTeX", {"autograd.render.formula.symbols.ESCAPES": {c: c for c in "#$%&_{}~^\\"}}),
    ("LaTeX", {"autograd.render.formula.symbols.text_of": as_is}),
    ("LaTeX in lines", {"autograd.render.formula.symbols.text_of": as_is}),
    ("paths", {"autograd.render.formula.paths.shown": as_is}),
]  # fmt: skip


@pytest.mark.parametrize(("output", "patches"), PLANTED, ids=[f"{output}, {', '.join(patches)}" for output, patches in PLANTED])
def test_an_unescaped_use_is_found(output: str, patches: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    test_no_text_changes_the_structure(output)
    for target, planted in patches.items():
        monkeypatch.setattr(target, planted)
    with pytest.raises((AssertionError, SyntaxError, RuntimeWarning, ValueError, ET.ParseError)):
        test_no_text_changes_the_structure(output)
