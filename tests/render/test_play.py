"""The step player: the text of its page, and its behaviour in a real browser."""

import html.parser
import json
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from growing import grow, run

import autograd
from autograd import Value, dot, no_grad, tanh
from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF
from autograd.render.lettering import number
from autograd.render.picture.boxes import shortened
from autograd.render.player.play import play
from autograd.render.player.steps import MAX_NODES

NASTY = [
    "</script><script>boom()</script>",
    '"><img src=x onerror=boom()>',
    "<!--<script>",
    "]]>",
    "&lt; &amp; &",
    "{{STEPS}} {{GRAPH}}",
    "a'b\"c`d",
    "\\u003c \\",
    "θ₁ 🎉 中文 עברית",
    "line\u2028separator\nnewline\x00nul",
    "lone \ud800 surrogate",
]


def neuron():
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    y = tanh(x1 * w1 + x2 * w2 + Value(6.5, label="b"))
    y.label = "y"
    return y


def both_paths():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    return a * b + a**2


def network():
    """The loss of an MLP(2, [4, 1]) for one sample."""
    rng = random.Random(0)
    hidden = []
    for _ in range(4):
        w = [Value(rng.uniform(-1.0, 1.0), label=f"w{i}") for i in range(2)]
        hidden.append((dot(w, [1.0, -2.0]) + Value(0.0, label="b")).relu())
    out = dot([Value(rng.uniform(-1.0, 1.0), label=f"w{i}") for i in range(4)], hidden) + Value(0.0, label="b")
    return (out - 1.0) ** 2


def labelled_nastily():
    return dot([Value(1.0, label=label) for label in NASTY], [2.0] * len(NASTY))


def random_graph():
    rng = random.Random(3)
    return run(grow(rng, 3, 25, 0.5), [Value(rng.uniform(-2.0, 2.0), label=f"x{i}") for i in range(3)], autograd)


def constants():
    with no_grad():
        y = Value(2.0) * 3.0
    return y * 2.0


GRAPHS = {
    "a leaf": lambda: Value(3.0, label="x"),
    "neuron": neuron,
    "both paths": both_paths,
    "network": network,
    "nasty labels": labelled_nastily,
    "random": random_graph,
    "constants": constants,
}


@pytest.fixture(params=GRAPHS)
def root(request):
    return GRAPHS[request.param]()


class Page(html.parser.HTMLParser):
    """Parses a page as a browser does."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = []
        self.texts = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        name = attributes.get("id", tag)
        self.texts[name] = self.texts.get(name, "") + data


def picture_of(page):
    return ET.fromstring(re.search(r"<svg id=\"graph\".*?</svg>", page, re.DOTALL)[0])


# -- the page ------------------------------------------------------------------------------------------------------------


def test_the_steps_are_in_the_page(root):
    page = Page(play(root).page)
    steps = json.loads(page.texts["steps"])
    order = topological_order(root)
    root.backward()
    shown = {}
    for step in steps:
        shown |= step["texts"]
    for i, node in enumerate(order):
        title, *rows = shown[str(i)]
        rows = [" ".join(row.replace("\N{NO-BREAK SPACE}", " ").split()) for row in rows]
        if node._operation is CONSTANT:
            assert rows == [f"data {number(node.data)}"]
        else:
            assert rows == [f"data {number(node.data)}", f"grad {number(node.grad)}"]
            assert title.endswith(f"data = {node.data!r}, grad = {node.grad!r}")


def test_every_node_and_edge_is_in_the_picture(root):
    order = topological_order(root)
    groups = list(picture_of(play(root).page).iter("g"))
    ids = [group.get("id") for group in groups if group.get("id")]
    assert sorted(ids) == sorted([f"v{i}" for i in range(len(order))] + [f"o{i}" for i, node in enumerate(order) if node._prev])
    for i, node in enumerate(order):
        edges = [group.get("class") for group in groups if (group.get("class") or "").split(" ")[0] == f"to{i}"]
        assert len(edges) == (len(node._prev) + 1 if node._prev else 0)
        assert sum("still" in edge for edge in edges) == sum(x._operation is CONSTANT for x in node._prev)


def test_labels_are_text_and_nothing_else():
    tidy = dot([Value(1.0, label=f"x{i}") for i in range(len(NASTY))], [2.0] * len(NASTY))
    plain, nasty = Page(play(tidy).page), Page(play(labelled_nastily()).page)
    assert [tag for tag, _ in nasty.tags] == [tag for tag, _ in plain.tags]
    assert [attributes.keys() for _, attributes in nasty.tags] == [attributes.keys() for _, attributes in plain.tags]
    facts = json.loads(nasty.texts["steps"])[0]["facts"]
    assert facts[0] == "</script><script>boom()</script> = 1"
    assert facts[5] == "{{STEPS}} {{GRAPH}} = 1"
    assert facts[8].translate({0x2068: None, 0x2069: None}) == "θ₁ 🎉 中文 עברית = 1"
    assert facts[9] == r"line\u2028separator\nnewline\x00nul = 1"
    assert facts[10] == r"lone \ud800 surrogate = 1"
    drawn = ["".join(text.itertext()) for text in picture_of(play(labelled_nastily()).page).iter("text")]
    assert set(map(shortened, NASTY[:3])) <= set(drawn)


def test_the_page_needs_nothing_else(root):
    page = Page(play(root).page)
    for _, attributes in page.tags:
        assert not attributes.keys() & {"src", "srcset", "action", "data", "poster"}
        assert attributes.get("href", "data:").startswith("data:")
    assert "url(" not in page.texts["style"]
    assert "@import" not in page.texts["style"]


def test_buttons_have_names_and_the_story_is_live():
    page = Page(play(neuron()).page)
    assert [attributes["aria-label"] for tag, attributes in page.tags if tag in ("button", "input")] == [
        "Previous step",
        "Play",
        "Next step",
        "Step",
    ]
    (live,) = [attributes["aria-live"] for _, attributes in page.tags if "aria-live" in attributes]
    assert live == "polite"


def test_the_same_graph_gives_the_same_page():
    code = (
        "from autograd import Value, tanh\nfrom autograd.render.player.play import play\nimport hashlib\n"
        "x = Value(2.0, label='x')\ny = tanh(x * Value(0.5, label='w') + x * x)\n"
        "print(hashlib.sha256(play(y).page.encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert play(network()).page == play(network()).page


def test_the_largest_graph():
    y = Value(1.0)
    for _ in range((MAX_NODES - 1) // 2):
        y = y * 0.999
    player = play(y)
    assert len(json.loads(Page(player.page).texts["steps"])) == 1 + 249 + 1 + 249 + 1


def test_the_graph_is_left_alone():
    y = neuron()
    y.backward()
    before = [(node.data, node.grad) for node in topological_order(y)]
    play(y)._repr_html_()
    assert [(node.data, node.grad) for node in topological_order(y)] == before


# -- what it is outside of the page --------------------------------------------------------------------------------------


def test_in_a_notebook_it_is_a_sandboxed_frame(root):
    player = play(root)
    frame = Page(player._repr_html_())
    ((tag, attributes),) = frame.tags
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == player.page
    height = int(re.search(r"height:(\d+)px", attributes["style"])[1])
    assert 300 < height <= 840


def test_save(tmp_path):
    player = play(both_paths())
    path = tmp_path / "new" / "play.html"
    assert player.save(path) == str(path)
    assert path.read_bytes() == player.page.encode()
    assert player.save(str(tmp_path / "PLAY.HTM")) == str(tmp_path / "PLAY.HTM")
    for wrong in ("play.png", "play", 3, None):
        with pytest.raises(InputError, match=r'a player is saved as an HTML page, not as .*: write \.save\("play\.html"\)'):
            player.save(wrong)


def test_repr():
    assert repr(play(both_paths())).startswith("<Player of 5 values in 9 steps: ")
    assert repr(play(Value(1.0))).startswith("<Player of 1 value in 3 steps: ")


# -- in a browser --------------------------------------------------------------------------------------------------------


class Watched:
    """A player that is open in the browser, and the errors that occurred there."""

    def __init__(self, browser, path, **options):
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"} | options)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.wrong.append(request.url) if request.url != path.as_uri() else None)
        self.page.goto(path.as_uri())
        self.last = int(self.page.get_attribute("#slider", "max"))

    @property
    def now(self):
        return int(self.page.input_value("#slider"))

    def rows(self):
        """The lines in every box, by the node's position."""
        result = self.page.evaluate(
            "[...document.querySelectorAll('.node')].map(box => [box.id, [...box.querySelectorAll('text')].map(text => text.textContent)])"
        )
        clean = {name: [" ".join(row.replace("\N{NO-BREAK SPACE}", " ").split()) for row in rows] for name, rows in result}
        return {int(name[1:]): [row for row in rows if row.startswith(("data", "grad"))] for name, rows in clean.items() if name[0] == "v"}

    def close(self):
        self.context.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the player of a graph. It must cause no errors and request no other page."""
    players = []

    def open_player(root, **options):
        path = tmp_path / f"play{len(players)}.html"
        play(root).save(path)
        players.append(Watched(browser, path, **options))
        return players[-1]

    yield open_player
    for player in players:
        player.page.wait_for_timeout(50)
        player.close()
        assert player.wrong == []


@pytest.mark.parametrize("name", GRAPHS)
def test_the_numbers_at_every_step_are_the_engines(opened, name):
    root = GRAPHS[name]()
    player = opened(root)
    order = topological_order(root)
    known = {i for i, node in enumerate(order) if not node._prev}

    def expected(grads):
        return {
            i: [f"data {number(node.data)}" if i in known else "data"]
            + ([] if node._operation is CONSTANT else [f"grad {number(node.grad)}" if grads else "grad"])
            for i, node in enumerate(order)
        }

    def forth():
        player.page.keyboard.press("ArrowRight")
        return player.rows()

    assert player.rows() == expected(grads=False)
    for i, node in enumerate(order):
        if node._prev:
            known.add(i)
            assert forth() == expected(grads=False)
    root.grad = 1.0
    assert forth() == expected(grads=True)
    for node in reversed(order):
        if node._prev:
            node._backward()
            assert forth() == expected(grads=True)
    assert forth() == expected(grads=True)
    assert player.now == player.last
    for node in order:
        node.grad = 0.0
    root.backward()
    assert player.rows() == expected(grads=True)
    facts = player.page.locator(".facts li").all_inner_texts()
    assert len(facts) == sum(node._operation is LEAF for node in order)


def test_what_is_said_of_a_step(opened):
    player = opened(both_paths())
    for _ in range(7):
        player.page.click("#next")
    assert player.page.inner_text("h1") == "Backward · From v1 back to a and b"
    assert [text.split("\n") for text in player.page.locator(".line").all_inner_texts()] == [
        ["∂v1/∂a = b = −3", "∂L/∂a += ∂L/∂v1 · ∂v1/∂a = 1 · (−3) = −3", "∂L/∂a = 4 + (−3) = 1"],
        ["∂v1/∂b = a = 2", "∂L/∂b += ∂L/∂v1 · ∂v1/∂b = 1 · 2 = 2", "∂L/∂b = 0 + 2 = 2"],
    ]


def test_what_is_lit_and_what_is_active(opened):
    def marked(name):
        return set(player.page.evaluate(f"[...document.querySelectorAll('.node.{name}')].map(box => box.id)"))

    def edges(name):
        return player.page.evaluate(
            f"[...graph.querySelectorAll('.{name}')].filter(e => e.querySelector('.edge')).map(e => e.className.baseVal)"
        )

    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    player = opened(a * b - 1.0)  # a and b, their product, 1, the root
    assert marked("lit") == {"v0", "v1", "v3"}
    assert marked("active") == set()
    player.page.click("#next")
    assert marked("lit") == {"v0", "v1", "v3", "v2", "o2"}
    assert marked("active") == {"v2", "o2"}
    assert len(edges("active")) == 3
    player.page.keyboard.press("End")
    player.page.keyboard.press("Home")
    for _ in range(3):
        player.page.click("#next")
    assert marked("lit") == marked("active") == {"v4", "o4"}
    assert edges("active") == []
    player.page.click("#next")
    assert marked("lit") == {"v4", "o4", "v2", "o2"}
    assert [name for name in edges("active") if "still" in name] == []
    assert len(edges("active")) == 2
    player.page.click("#next")
    assert marked("lit") == {"v4", "o4", "v2", "o2", "v0", "v1"}  # and never the constant


def test_keys_buttons_and_slider(opened):
    player = opened(neuron())
    keyboard = player.page.keyboard
    assert (player.now, player.last) == (0, 12)
    assert player.page.is_disabled("#previous")
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    assert player.now == 2
    keyboard.press("ArrowLeft")
    assert player.now == 1
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowLeft")
    assert player.now == 0
    keyboard.press("End")
    assert player.now == 12
    assert player.page.is_disabled("#next")
    assert player.page.inner_text("#count") == "13 of 13"
    keyboard.press("ArrowRight")
    assert player.now == 12
    keyboard.press("Home")
    player.page.click("#next")
    assert player.now == 1
    keyboard.press("ArrowRight")  # the button has the focus
    assert player.now == 2
    player.page.fill("#slider", "8")
    assert player.page.inner_text("h1") == "Backward · From v4 back to v3 and b"
    assert player.page.get_attribute("#slider", "aria-valuetext") == "9 of 13: backward, From v4 back to v3 and b"
    player.page.focus("#slider")
    keyboard.press("ArrowRight")
    assert player.now == 9
    player.page.evaluate("document.activeElement.blur()")
    keyboard.press("Control+ArrowRight")  # not one of ours
    assert player.now == 9
    player.page.focus("#next")
    keyboard.press(" ")  # presses the button that has the focus, and plays nothing
    assert player.now == 10
    assert player.page.get_attribute("#play", "aria-label") == "Play"


def test_clicking_a_node_goes_to_its_step(opened):
    player = opened(both_paths())
    player.page.click("#v2")
    assert player.page.inner_text("h1") == "Forward · Compute v1"
    player.page.keyboard.press("End")
    player.page.click("#v2")
    assert player.page.inner_text("h1") == "Backward · From v1 back to a and b"
    player.page.click("#v0")
    assert player.page.inner_text("h1") == "Backward · From v1 back to a and b"


def test_it_plays_and_pauses(opened):
    player = opened(both_paths(), reduced_motion="no-preference")
    page = player.page
    page.clock.install()
    page.reload()

    def playing():
        return page.get_attribute("#play", "aria-label") == "Pause"

    assert not playing()
    page.keyboard.press(" ")
    assert playing()
    page.clock.run_for(4000)
    assert player.now >= 1
    reached = player.now
    page.keyboard.press(" ")
    assert not playing()
    page.clock.run_for(20000)
    assert player.now == reached
    page.click("#play")
    page.clock.run_for(60000)
    assert player.now == player.last
    assert not playing()
    page.click("#play")  # from the beginning
    assert player.now == 0
    assert playing()
    page.click("#next")
    assert not playing()
    page.focus("#play")
    page.keyboard.press(" ")  # the button's own doing, once
    assert playing()


PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}

OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("h1, span, li, p, button, footer, section")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > wide + 0.5 || box.left < -0.5 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0);
  });
  return [document.documentElement.scrollWidth - wide, ...out.map(e => e.outerHTML)];
}"""

SMALLEST = """() => {
  const scale = graph.getBoundingClientRect().width / graph.viewBox.baseVal.width;
  const visible = [...document.querySelectorAll("text, h1, span, li, p, footer")].filter(e => e.getClientRects().length);
  return Math.min(...visible.map(e => parseFloat(getComputedStyle(e).fontSize) * (e.tagName === "text" ? scale : 1)));
}"""

IN_VIEW = """() => {
  const frame = view.getBoundingClientRect();
  return [...document.querySelectorAll(".node.active")].every(e => {
    const box = e.getBoundingClientRect();
    return box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1
      && frame.top >= 0 && frame.bottom <= innerHeight;
  });
}"""


@pytest.mark.parametrize("name", ["neuron", "both paths", "network", "nasty labels"])
def test_on_a_phone(opened, name):
    player = opened(GRAPHS[name](), **PHONE)
    for _ in range(player.last + 1):
        assert player.page.evaluate(OVERFLOWING) == [0]
        assert player.page.evaluate(SMALLEST) >= 11.0
        assert name == "nasty labels" or player.page.evaluate(IN_VIEW)  # a box there is wider than the phone
        player.page.keyboard.press("ArrowRight")
    assert player.now == player.last


def test_a_small_graph_is_not_blown_up(opened):
    player = opened(Value(2.0, label="a") * 3.0, viewport={"width": 1900, "height": 1000})
    assert player.page.evaluate("graph.getBoundingClientRect().width / graph.viewBox.baseVal.width") <= 1.34


CONTRASTS = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number); return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const behind = e => { let colour; do { colour = getComputedStyle(e).backgroundColor; e = e.parentElement; } while (/, 0\\)$/.test(colour)); return colour; };
  const found = [...document.querySelectorAll("h1, h1 b, .line span, li, p, footer, #count")].map(e => ratio(getComputedStyle(e).color, behind(e)));
  for (const e of document.querySelectorAll(".node text"))
    found.push(ratio(getComputedStyle(e).fill, getComputedStyle(e.closest(".node").querySelector("rect, ellipse")).fill));
  return Math.min(...found);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(opened, scheme):
    player = opened(network(), color_scheme=scheme)
    background = player.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 28)")
    for _ in range(player.last + 1):
        assert player.page.evaluate(CONTRASTS) >= 4.5  # as WCAG 2 asks of text
        player.page.keyboard.press("ArrowRight")


def test_in_the_frame_of_a_notebook(browser):
    context = browser.new_context(viewport={"width": 900, "height": 700}, reduced_motion="reduce")
    page = context.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: wrong.append(request.url))
    page.set_content(f'<div style="height:3000px">before</div>{play(network())._repr_html_()}<div style="height:3000px">after</div>')
    page.evaluate("scrollTo(0, 2900)")
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "Forward · The inputs"
    frame.locator("#next").click()
    for key in ("ArrowRight", "End", "ArrowLeft", "Home", "ArrowRight"):
        at = page.evaluate("scrollY")
        page.keyboard.press(key)
        assert page.evaluate("scrollY") == at  # stepping moves the picture, not the notebook
    assert frame.locator("h1").inner_text() == "Forward · Compute v1"
    context.close()
    assert wrong == []
