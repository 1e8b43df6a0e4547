"""A picture, before it is drawn: boxes with their texts, sizes and colours, the edges between them, clusters, a caption, a legend.

It knows no graph: `describe` makes one of the graph behind a Value, `dot` writes it as DOT, and `svg` as SVG. All lengths are points.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field, replace

from autograd.render.colours import STYLES, Style, ink
from autograd.render.layout import Shape

FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"  # all characters are equally wide, so a text's width can be told without the font
FONT_SIZE = 12.0
SMALL = 10.0  # on edges, in captions and legends
CHARACTER = 0.625  # how wide it is at most, per size: 0.602 in the widest of these fonts, and some renderers round to whole pixels
LINE = 15.0
MARGIN = 8.0  # between text and border, left and right


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with a title and, below it, lines of text; or, for an operation, an ellipse around its symbol.

    Attributes:
        name: what DOT calls it.
        kind: a key of STYLES.
        title: one line, or "".
        rows: the lines below it.
        cluster: the position of the innermost cluster that it is in, or -1.
        fill: a colour, where it is not that of its kind.
    """

    name: str
    kind: str
    title: str
    rows: tuple[str, ...] = ()
    cluster: int = -1
    fill: str = ""

    @property
    def style(self) -> Style:
        """Its colours."""
        style = STYLES[self.kind]
        return replace(style, fill=self.fill, text=ink(self.fill)) if self.fill else style

    @property
    def shape(self) -> Shape:
        """The size that holds the text."""
        text = max(width_of(line) for line in (self.title, *self.rows))
        if self.kind == "operation":
            height = 1.8 * LINE
            # a line of text touches the ellipse sooner than the rectangle around it
            width = text / math.sqrt(1.0 - (LINE / height) ** 2) + MARGIN
            return Shape(max(width, height), height, round=True)
        cells = [1] * bool(self.title) + [len(self.rows)] * bool(self.rows)
        return Shape(text + 2.0 * MARGIN, sum(lines * LINE + 6.0 for lines in cells))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Boxes that belong together, within a frame with a title. In `parent`, the position of the cluster around it, or -1."""

    title: str
    parent: int = -1


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours mean: a heading, and pairs of a colour and a text."""

    title: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it.

    Attributes:
        boxes: in any order; where edges run in a circle, it is broken before the first of them.
        edges: (from, to), as positions in `boxes`; `a * a` has two from a.
        rankdir: "LR" from left to right, "TB" from top to bottom.
        texts: what stands on an edge, by its position in `edges`.
        clusters: each has a box in it, and stands after the one that it is in.
        caption: lines below the picture.
        legend: what its colours mean, where they are not those of the kinds.
        content: what it shows, in words.
    """

    boxes: list[Box]
    edges: list[tuple[int, int]]
    rankdir: str = "LR"
    texts: dict[int, str] = field(default_factory=dict)
    clusters: list[Cluster] = field(default_factory=list)
    caption: tuple[str, ...] = ()
    legend: Legend | None = None
    content: str = ""


def number(x: float) -> str:
    """Four decimals where they say something, else an exponent; with a minus sign, which is longer than a hyphen."""
    text = f"{x:.4f}" if x == 0.0 or 0.001 <= abs(x) < 1e6 else f"{x:.3e}"
    return text.replace("-", "−")


def shown(text: str) -> str:
    """The text as it can be drawn: spaces that stay, and an escape for each character that no picture can hold."""
    return printable(re.sub(r"^ | $|(?<= ) ", "\N{NO-BREAK SPACE}", str(text)))


def printable(text: str) -> str:
    """The text with an escape for each character that XML forbids, that breaks a line, or that UTF-8 cannot encode."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", lambda match: match[0].encode("unicode_escape").decode(), text
    )


def columns(text: str) -> int:
    """How many characters wide a text is: 中 takes two, a combining accent none."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def width_of(text: str, size: float = FONT_SIZE) -> float:
    """How wide a line of text is."""
    return columns(text) * CHARACTER * size
