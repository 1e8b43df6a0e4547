"""Numbers and text in pictures."""

import math

import pytest

from autograd.render.lettering import number
from autograd.render.picture.boxes import Box, columns


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


def test_a_box_holds_its_text():
    wide, narrow = Box("a", "leaf", "a long title", ("row",)).shape, Box("a", "leaf", "", ("row",)).shape
    assert wide.width > narrow.width
    assert wide.height == narrow.height + 15.0 + 6.0
    assert Box("a", "operation", "tanh").shape.round
    assert Box("a", "leaf", "a", fill="#000000").style.text == "#ffffff"
