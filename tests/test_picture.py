"""Numbers, text and colours in pictures."""

import math

import pytest

from autograd.render.describe import SHADES
from autograd.render.picture import CLUSTERS, FAINT, INK, STYLES, Box, columns, ink, number


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


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(
        w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True)
    )


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_on_every_colour():
    """WCAG's level AA asks for 4.5."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    for style in STYLES.values():
        assert contrast(style.text, style.fill) >= 4.5
    for fill in CLUSTERS:
        assert contrast(INK, fill) >= 4.5
        assert contrast(FAINT, fill) >= 4.5
    for shade in (*SHADES, "#ffffff", "#000000"):
        assert contrast(ink(shade), shade) >= 4.5


def test_shades_are_told_apart_by_lightness_alone():
    steps = [luminance(shade) for shade in SHADES]
    assert all(contrast(one, other) > 1.15 for one, other in zip(["#ffffff", *SHADES], SHADES, strict=False))
    assert steps == sorted(steps, reverse=True)


def test_a_box_holds_its_text():
    wide, narrow = Box("a", "leaf", "a long title", ("row",)).shape, Box("a", "leaf", "", ("row",)).shape
    assert wide.width > narrow.width
    assert wide.height == narrow.height + 15.0 + 6.0
    assert Box("a", "operation", "tanh").shape.round
    assert Box("a", "leaf", "a", fill="#000000").style.text == "#ffffff"
