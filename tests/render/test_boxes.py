"""Numbers and text in pictures."""

import math

import pytest

from autograd.render.lettering import number
from autograd.render.picture.boxes import WIDEST, Box, columns, labelled_box, shortened


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


@pytest.mark.parametrize("label", ["a" * 200, "中" * 100, "e\u0301" * 100, "🙂a" * 50, "x" * (WIDEST + 1), "layers.0.neurons.12.weights.3"])
def test_a_long_label_keeps_both_ends(label):
    short = shortened(label)
    assert WIDEST - 3 <= columns(short) <= WIDEST
    head, tail = short.split("…")
    assert label.startswith(head)
    assert label.endswith(tail)
    assert abs(columns(head) - columns(tail)) <= 2
    assert labelled_box("a", "leaf", label).full == label


@pytest.mark.parametrize("label", ["", "x", "x" * WIDEST, "中" * (WIDEST // 2)])
def test_other_labels_stay_as_they_are(label):
    assert shortened(label) == label
    assert labelled_box("a", "leaf", label).full == ""
