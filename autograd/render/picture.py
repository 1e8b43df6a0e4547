"""What a picture shows: a box for each Value and each operation with its text, size and colours, and the edges between them.

It is worked out once here; `draw` writes it as DOT, and `svg` as SVG. All lengths are points.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import cast

from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF
from autograd.render.layout import Shape
from autograd.value import Value

MAX_VALUES = 2000

FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"  # all characters are equally wide, so a text's width can be told without the font
FONT_SIZE = 12.0
CHARACTER = 0.602 * FONT_SIZE  # the widest of these fonts
LINE = 15.0
MARGIN = 8.0  # between text and border, left and right


@dataclass(frozen=True, slots=True)
class Style:
    """The colours of a kind of box."""

    fill: str
    border: str
    text: str = "#1a1a1a"
    thickness: float = 1.0
    dashed: bool = False


# Okabe and Ito's blue and orange, which colour-blind readers tell apart; the fills are opaque, so a dark page is no matter.
STYLES = {
    "leaf": Style("#e1eff9", "#0072b2"),
    "constant": Style("#fafafa", "#a6a6a6", text="#666666", dashed=True),
    "inner": Style("#f1f1f1", "#595959"),
    "root": Style("#fff0cc", "#b36b00", thickness=2.5),
    "operation": Style("#ffffff", "#595959"),
}
BACKGROUND = "#ffffff"
EDGE = "#595959"


@dataclass(frozen=True, slots=True)
class Box:
    """A Value (a rectangle: its label, below it its numbers) or an operation (an ellipse around its symbol)."""

    name: str
    kind: str
    title: str
    rows: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """The size that holds the text."""
        text = max(columns(line) for line in (self.title, *self.rows)) * CHARACTER
        if self.kind == "operation":
            height = 1.8 * LINE
            # a line of text touches the ellipse sooner than the rectangle around it
            width = text / math.sqrt(1.0 - (LINE / height) ** 2) + MARGIN
            return Shape(max(width, height), height, round=True)
        cells = [1] * bool(self.title) + [len(self.rows)] * bool(self.rows)
        return Shape(text + 2.0 * MARGIN, sum(lines * LINE + 6.0 for lines in cells))


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it.

    Attributes:
        boxes: inputs before what is computed from them, so the root is the last.
        edges: (from, to), as positions in `boxes`; `a * a` has two from a.
        rankdir: "LR" from left to right, "TB" from top to bottom.
    """

    boxes: list[Box]
    edges: list[tuple[int, int]]
    rankdir: str


def describe(root: object, rankdir: str = "LR") -> Picture:
    """The picture of the graph behind `root`. Names come from the topological order, so the same graph gives the same picture.

    Raises:
        InputError: `root` is no Value, its graph is too large to be looked at, or there is no such direction.
    """
    if rankdir not in ("LR", "TB"):
        raise InputError(f"rankdir is 'LR' (left to right) or 'TB' (top to bottom), not {rankdir!r}")
    if not isinstance(root, Value):
        raise InputError(f"draw needs a Value, not an object of type {type(root).__name__}: write draw(loss), with the result you computed")
    order = topological_order(root)
    if len(order) > MAX_VALUES:
        raise InputError(
            f"the graph has {len(order):,} nodes, and a picture of more than {MAX_VALUES:,} cannot be read: draw a part of it, "
            "such as one neuron or the loss of one sample"
        )
    boxes: list[Box] = []
    edges: list[tuple[int, int]] = []
    place: dict[Value, int] = {}
    for i, node in enumerate(order):
        value = cast(Value, node)
        operation = value._operation
        if operation is not LEAF and operation is not CONSTANT:
            edges += [(place[source], len(boxes)) for source in value._prev]
            edges.append((len(boxes), len(boxes) + 1))
            boxes.append(Box(f"op{i}", "operation", shown(value._op)))
        kind = "root" if value is root else "leaf" if operation is LEAF else "constant" if operation is CONSTANT else "inner"
        place[value] = len(boxes)
        boxes.append(Box(f"v{i}", kind, shown(value.label), numbers(value)))
    return Picture(boxes, edges, rankdir)


def numbers(value: Value) -> tuple[str, ...]:
    """The lines `data …` and `grad …`, digits below digits. A constant has no gradient."""
    texts = {"data": number(value.data)}
    if value._operation is not CONSTANT:
        texts["grad"] = number(value.grad)
    width = max(map(len, texts.values()))
    return tuple(shown(f"{name} {text:>{width}}") for name, text in texts.items())


def number(x: float) -> str:
    """Four decimals where they say something, else an exponent; with a minus sign, which is longer than a hyphen."""
    text = f"{x:.4f}" if x == 0.0 or 0.001 <= abs(x) < 1e6 else f"{x:.3e}"
    return text.replace("-", "−")


def shown(text: str) -> str:
    """The text as it can be drawn: spaces that stay, and an escape for each character that no picture can hold."""
    text = re.sub(r"^ | $|(?<= ) ", "\N{NO-BREAK SPACE}", str(text))
    unprintable = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
    return re.sub(unprintable, lambda match: match[0].encode("unicode_escape").decode(), text)


def columns(text: str) -> int:
    """How many characters wide a text is: 中 takes two, a combining accent none."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
