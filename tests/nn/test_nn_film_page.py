"""The page of a film in a real browser: what it paints, its keys, a phone, light and dark."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_reader import FilmPage

import nn
from nn import MLP, Adam, Conv2d, Flatten, Linear, Module, ReLU, Sequential, Tanh, cross_entropy, film, fit, losses
from nn.films.film import Film

RNG = random.Random(3)
POINTS = [[RNG.uniform(-1.0, 1.0), RNG.uniform(-2.0, 1.0)] for _ in range(60)]


def made(model: Module, X: Any, y: Any, **settings: Any) -> Film:
    chosen = {"loss": cross_entropy, "epochs": 6, "snapshots": 4, "progress": False, "rng": random.Random(0)} | settings
    return film(model, fit(model, X, y, optimizer=Adam(model.parameters(), lr=0.05), **chosen))


def sides() -> Film:
    model = MLP(2, [5, 1], "tanh", rng=random.Random(0))
    return made(model, POINTS, [1 if a * b > 0.1 else -1 for a, b in POINTS], loss=losses.hinge, validation=(POINTS[:5], [1, -1, 1, 1, -1]))


def classes() -> Film:
    layers = [Linear(2, 20, rng=random.Random(0)), Tanh(), Linear(20, 3, rng=random.Random(1))]
    return made(Sequential(*layers), POINTS, [int(a > 0) + int(b > 0) for a, b in POINTS])


def surface() -> Film:
    return made(MLP(2, [4, 1], "tanh", rng=random.Random(0)), POINTS, [a + b for a, b in POINTS], loss=losses.mse)


def line() -> Film:
    X = [[i / 10] for i in range(-20, 21)]
    return made(MLP(1, [4, 1], "tanh", rng=random.Random(0)), X, [x[0] ** 2 for x in X], loss=losses.mse)


def digits() -> Film:
    (X, y), _ = nn.data.digits(random.Random(0))
    return made(MLP(64, [20, 10], rng=random.Random(0)), X[:200], y[:200])


def table() -> Film:
    X = [[RNG.random() for _ in range(6)] for _ in range(30)]
    return made(MLP(6, [8, 7, 6, 5, 4, 3], rng=random.Random(0)), X, [i % 3 for i in range(30)])


def convolution() -> Film:
    X = np.random.default_rng(0).random((10, 1, 4, 4))
    model = Sequential(Conv2d(1, 2, 3, rng=random.Random(0)), ReLU(), Flatten(), Linear(8, 2, rng=random.Random(0)))
    return made(model, X, [i % 2 for i in range(10)])


FILMS: dict[str, Callable[[], Film]] = {each.__name__: each for each in (sides, classes, surface, line, digits, table, convolution)}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def films() -> dict[str, Film]:
    """The films that were made; each is made when it is first needed."""
    return {}


PIXELS = """e => {
  const copy = new OffscreenCanvas(e.width, e.height).getContext("2d", {willReadFrequently: true});
  copy.drawImage(e, 0, 0);
  return [e.width, e.height, [...copy.getImageData(0, 0, e.width, e.height).data]];
}"""


class Watched:
    """A film that is open in the browser, and the errors that occurred there."""

    def __init__(self, browser: Any, path: Path, shown: Film, options: dict[str, Any]) -> None:
        self.content = FilmPage(shown.page)
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}} | options)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.wrong.append(request.url) if request.url != path.as_uri() else None)
        shown.save(path)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("main:not([hidden])")

    @property
    def now(self) -> int:
        return int(self.page.input_value("#slider"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def pixels(self, selector: str) -> Any:
        """The colours of a canvas, [row][column][channel]."""
        width, height, data = self.page.eval_on_selector(selector, PIXELS)
        return np.array(data).reshape(height, width, 4)[:, :, :3]

    def neurons(self) -> list[Any]:
        return list(self.page.query_selector_all(".neuron"))


Opener = Callable[..., Watched]


@pytest.fixture
def opened(browser: Any, films: dict[str, Film], tmp_path: Path) -> Iterator[Opener]:
    """Opens a film. It must cause no errors and request nothing else."""
    watched: list[Watched] = []

    def open_film(name: str, **options: Any) -> Watched:
        shown = films.setdefault(name, films.get(name) or FILMS[name]())
        watched.append(Watched(browser, tmp_path / f"film{len(watched)}.html", shown, options))
        return watched[-1]

    yield open_film
    for each in watched:
        each.page.wait_for_timeout(50)
        each.context.close()
        assert each.wrong == []


@pytest.mark.parametrize("name", FILMS)
def test_each_film_runs(opened: Opener, name: str) -> None:
    shown = opened(name)
    scene = shown.content.scene
    for at, frame in enumerate(scene["frames"]):
        assert shown.now == at
        assert shown.page.inner_text("#count") == f"epoch {frame['epoch']} of 6"
        expected = [f"{key} {number}" for key, number in frame["facts"]] or ["before the training"]
        assert [text.strip() for text in shown.page.locator("#facts > span").all_inner_texts()] == expected
        assert shown.page.get_attribute("#slider", "aria-valuetext") == ", ".join(
            [f"epoch {frame['epoch']} of 6", *(expected if frame["facts"] else [])]
        )
        shown.press("ArrowRight")
    visible = {
        "#network": "columns" in scene,
        "#tables": "tables" in scene,
        ".square": bool({"plane", "line"} & scene.keys()) or name == "digits",
        "#answers": "answers" in scene,
        "#loss": True,
    }
    assert {selector: shown.page.is_visible(selector) for selector in visible} == visible


def test_the_regions_and_the_boundary(opened: Opener) -> None:
    """Between the points, each pixel has the colour of the side or the class that the model decides for."""
    for name in ("sides", "classes"):
        shown = opened(name)
        points = np.array([point[:2] for point in shown.content.scene["plane"]["points"]]) * 480
        across, up = np.meshgrid(np.arange(480) + 0.5, np.arange(480) + 0.5)
        far = (np.hypot(across[..., None] - points[:, 0], up[..., None] - points[:, 1]) > 12).all(axis=2)
        for at in range(4):
            cells = shown.content.maps()[at].repeat(10, axis=1).repeat(10, axis=2)
            drawn = shown.pixels("#picture")
            if name == "sides":
                clear = far & (np.abs(cells[0]) > 0.15)
                blue = drawn[..., 2] > drawn[..., 0]
                assert (blue == (cells[0] > 0))[clear].mean() > 0.995
            else:
                clear = far & (np.sort(cells, axis=0)[2] > 0.15)
                best = cells.argmax(axis=0)
                for k, colour in enumerate(([0x3F, 0x90, 0xDA], [0xFF, 0xA9, 0x0E], [0xBD, 0x1F, 0x01])):
                    own = 255 - drawn[clear & (best == k)]
                    if len(own):
                        wanted = 255 - np.array(colour)
                        cosines = own @ wanted / (np.linalg.norm(own, axis=1) + 1e-9) / np.linalg.norm(wanted)
                        assert np.median(cosines) > 0.99
            if at == 3:
                dark = (drawn.sum(axis=2) < 150) & far
                assert dark.sum() > 200  # the boundary
            shown.press("ArrowRight")


def test_the_pictures_of_the_neurons(opened: Opener) -> None:
    shown = opened("sides")
    shown.press("End")
    pictures = shown.content.pictures(1)[-1] / shown.content.scene["columns"][1]["scale"]
    for i in range(5):
        drawn = shown.pixels(f".neuron:nth-of-type({i + 3}) canvas")
        assert drawn.shape == (24, 24, 3)
        paper, full = np.array([255, 255, 255]), np.where(pictures[i][..., None] > 0, [0, 0x72, 0xB2], [0xD5, 0x5E, 0])
        expected = paper + (full - paper) * np.abs(pictures[i])[..., None]
        assert np.abs(drawn - expected).max() <= 3.0


def test_weights_are_lines(opened: Opener) -> None:
    shown = opened("sides")
    for at in range(4):
        lines = shown.page.evaluate(
            "[...document.querySelectorAll('#net path')].map(p => [p.getAttribute('class'), Number(p.style.strokeWidth)])"
        )
        weights = np.concatenate([shown.content.numbers["edges0"][at], shown.content.numbers["edges1"][at]])
        assert len(lines) == len(weights) == 15
        for (name, width), weight in zip(lines, weights, strict=True):
            assert name.strip() == ("positive" if weight > 0 else "negative")
            assert width == pytest.approx(0.3 + 4.2 * abs(weight), abs=0.01)
        shown.press("ArrowRight")


def test_images_and_answers(opened: Opener) -> None:
    shown = opened("digits")
    answers = shown.content.scene["answers"]
    for at in range(4):
        texts = shown.page.locator("#answers li").all_inner_texts()
        expected = [f"{k} {'✓' if k == right else '✗'}" for k, right in zip(answers["answers"][at], answers["classes"], strict=True)]
        assert [text.strip() for text in texts] == expected
        shown.press("ArrowRight")
    assert shown.pixels("#picture").shape == (8, 8, 3)
    assert shown.page.inner_text("#view h2") == "Layer 1, neuron 1: the weights as an image"
    assert shown.page.inner_text(".more") == "⋮ 5 more"
    assert shown.page.locator(".class").all_inner_texts() == [str(k) for k in range(10)]


def test_a_neuron_is_enlarged(opened: Opener) -> None:
    shown = opened("sides")
    page = shown.page
    assert page.inner_text("#view h2") == "Decision boundary"
    neuron = page.locator(".neuron").nth(3)
    neuron.click()
    assert neuron.get_attribute("aria-pressed") == "true"
    assert page.inner_text("#view h2") == "Layer 1, neuron 2: the output over the plane"
    assert page.inner_text("#about").startswith("bias ")
    assert page.locator("path.faded").count() == 12
    shown.press("ArrowRight")
    assert page.inner_text("#view h2") == "Layer 1, neuron 2: the output over the plane"
    weights = shown.content.numbers["edges0"][1][2:4] * shown.content.scene["largest"]
    for weight in weights:
        assert f"{abs(weight):.3g}" in page.inner_text("#about")
    page.focus(".neuron[aria-pressed=true]")
    shown.press(" ")  # presses the button, and plays nothing
    assert page.inner_text("#view h2") == "Decision boundary"
    assert page.locator("path.faded").count() == 0
    assert page.get_attribute("#play", "aria-label") == "Play"
    other = opened("table").page
    assert other.is_hidden("#view")
    other.locator(".neuron").nth(8).click()
    assert other.inner_text("#view h2") == "Layer 1, neuron 3"
    assert other.inner_text("#about").count(",") == 5


def test_keys_buttons_slider_and_curve(opened: Opener) -> None:
    shown = opened("sides")
    page = shown.page
    assert page.is_disabled("#previous")
    shown.press("ArrowRight", "ArrowRight")
    assert shown.now == 2
    shown.press("ArrowLeft")
    assert shown.now == 1
    shown.press("End")
    assert shown.now == 3
    assert page.is_disabled("#next")
    shown.press("ArrowRight")
    assert shown.now == 3
    shown.press("Home")
    page.click("#next")
    assert shown.now == 1
    page.fill("#slider", "2")
    assert page.inner_text("#count") == "epoch 4 of 6"
    page.focus("#slider")
    shown.press("ArrowLeft")
    assert shown.now == 1
    page.evaluate("document.activeElement.blur()")
    shown.press("Control+ArrowRight")
    assert shown.now == 1
    box = page.locator("#loss").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.97, box["y"] + 20)
    assert shown.now == 3
    marker = page.locator("#marker").bounding_box()
    assert marker["x"] == pytest.approx(box["x"] + box["width"], abs=3)
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    assert shown.now == 1
    page.mouse.move(box["x"], box["y"] + 20)
    assert shown.now == 0
    page.mouse.up()


def test_it_plays_and_pauses(opened: Opener) -> None:
    shown = opened("sides")
    page = shown.page
    assert page.get_attribute("#facts", "aria-live") == "polite"
    page.clock.install()
    shown.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    assert page.get_attribute("#facts", "aria-live") == "off"
    page.clock.run_for(600)
    reached = shown.now
    assert reached >= 1
    shown.press(" ")
    assert page.get_attribute("#facts", "aria-live") == "polite"
    page.clock.run_for(9000)
    assert shown.now == reached
    page.click("#play")
    page.clock.run_for(9000)
    assert shown.now == 3
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.click("#play")  # from the beginning
    assert shown.now == 0


OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("h1, h2, span, li, p, button, canvas, figcaption, footer, section")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && !e.closest("#scroll") && (box.right > wide + 0.5 || box.left < -0.5);
  });
  return [document.documentElement.scrollWidth - wide, ...out.map(e => e.outerHTML)];
}"""

SMALLEST = """() => Math.min(...[...document.querySelectorAll("h1, h2, span, p, li, footer, .title, .more, .class, figcaption")]
  .filter(e => e.getClientRects().length && e.textContent.trim()).map(e => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.parametrize("name", FILMS)
def test_on_a_phone(opened: Opener, name: str) -> None:
    shown = opened(name, **PHONE)
    for _ in range(4):
        assert shown.page.evaluate(OVERFLOWING) == [0]
        assert shown.page.evaluate(SMALLEST) >= 12.0
        shown.press("ArrowRight")
    shown.page.evaluate("scrollTo(0, 1e6)")
    assert shown.page.locator("#slider").bounding_box()["y"] < 120  # the controls stay in view
    for neuron in shown.neurons():
        assert neuron.bounding_box()["width"] >= 24  # as WCAG 2 asks of what is touched


CONTRASTS = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number); return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const page = getComputedStyle(document.body).backgroundColor;
  const texts = [...document.querySelectorAll("h1, h2, p, li:not(.wrong), #facts span, #count, footer, .title, .more, .class, .ends span, figcaption")];
  return Math.min(...texts.filter(e => e.getClientRects().length).map(e => ratio(getComputedStyle(e).color, page)));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["sides", "digits", "convolution"])
def test_light_and_dark(opened: Opener, name: str, scheme: str) -> None:
    shown = opened(name, color_scheme=scheme)
    background = [255, 255, 255] if scheme == "light" else [21, 24, 28]
    assert shown.page.evaluate("getComputedStyle(document.body).backgroundColor") == f"rgb({', '.join(map(str, background))})"
    shown.press("End")
    assert shown.page.evaluate(CONTRASTS) >= 4.5  # as WCAG 2 asks of text
    if name == "digits":  # an image is dark on light, or light on dark
        assert shown.pixels("#answers canvas").reshape(-1, 3).tolist().count(background) > 10
        shown.page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        shown.page.wait_for_timeout(200)
        assert shown.pixels("#answers canvas").reshape(-1, 3).tolist().count(background) == 0


def test_in_the_frame_of_a_notebook(browser: Any) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: wrong.append(request.url))
    page.set_content(f'<div style="height:3000px">before</div>{sides()._repr_html_()}<div style="height:3000px">after</div>')
    frame = page.frame_locator("iframe")
    frame.locator("#next").click()
    for key in (" ", " ", "ArrowRight", "End", "ArrowLeft", "Home", "ArrowRight"):
        at = page.evaluate("scrollY")
        page.keyboard.press(key)
        assert page.evaluate("scrollY") == at
    assert frame.locator("#count").inner_text().startswith("epoch 2")
    context.close()
    assert wrong == []


def test_an_old_browser_is_told(browser: Any, films: dict[str, Film], tmp_path: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(Path(sides().save(tmp_path / "film.html")).as_uri())
    page.wait_for_selector("#facts:not(:empty)")
    assert "This browser cannot unpack the film" in page.inner_text("#facts")
    assert page.inner_text("h1") == "MLP 2 – 5 – 1"
    context.close()
