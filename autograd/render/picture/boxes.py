"""A picture before it is drawn: boxes with their texts, sizes and colours, the edges between them, clusters, a caption, a legend.

Nothing here knows graphs or programs: `graph_picture` and `program_picture` make pictures of them. `dot` writes a picture as DOT, `svg` as
SVG. All lengths are in points.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import accumulate

from autograd._runtime.coercion import flag
from autograd.errors import InputError
from autograd.render.picture.colours import STYLES, Style, ink
from autograd.render.picture.layering import Shape

MAX_NODES = 500  # of a graph that is not folded

FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"  # monospaced, so that the width of a text is known without the font
FONT_SIZE = 12.0
SMALL = 10.0  # on edges, in captions and legends
CHARACTER = 0.625  # the width of a character per font size: 0.602 in the widest of these fonts, and some renderers round up
LINE = 15.0
LOWEST = 1.8 * LINE  # the height of an operation, and the least height of a box
WIDEST = 24  # the most characters of a label
MARGIN = 8.0  # between text and border, left and right


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with a title and, below it, lines of text; or, for an operation, an ellipse around its symbol.

    Attributes:
        name: its name in DOT.
        kind: a key of STYLES.
        title: one line, or "".
        rows: the lines below the title.
        cluster: the position of the innermost cluster around it, or -1.
        fill: its colour, or "" for the colour of its kind.
        full: its whole title, shown when the pointer rests on it, if `title` is shortened; else "".
    """

    name: str
    kind: str
    title: str
    rows: tuple[str, ...] = ()
    cluster: int = -1
    fill: str = ""
    full: str = ""

    @property
    def style(self) -> Style:
        """Its colours."""
        style = STYLES[self.kind]
        return replace(style, fill=self.fill, text=ink(self.fill)) if self.fill else style

    @property
    def shape(self) -> Shape:
        """The size that its text needs."""
        text = max(width_of(line) for line in (self.title, *self.rows))
        if self.kind == "operation":
            height = LOWEST
            # a line of text touches the ellipse sooner than the rectangle around it
            width = text / math.sqrt(1.0 - (LINE / height) ** 2) + MARGIN
            return Shape(max(width, height), height, round=True)
        cells = [1] * bool(self.title) + [len(self.rows)] * bool(self.rows)
        # no lower than an operation, so that operations beside each other fit before their results
        return Shape(text + 2.0 * MARGIN, max(sum(lines * LINE + 6.0 for lines in cells), LOWEST))


def labelled_box(name: str, kind: str, label: str, rows: tuple[str, ...] = (), cluster: int = -1, fill: str = "") -> Box:
    """A box with a label of the user's as its title, which is shortened if it is long.

    Example:
        >>> box = labelled_box("v0", "leaf", "layers.0.neurons.12.weights.3")
        >>> box.title, box.full
        ('layers.0.neu…2.weights.3', 'layers.0.neurons.12.weights.3')
    """
    title = shortened(label)
    return Box(name, kind, title, rows, cluster, fill, label if title != label else "")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Boxes within a frame that has a title, of one line or several. `parent` is the position of the cluster around it, or -1."""

    title: str | tuple[str, ...]
    parent: int = -1

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the title."""
        return (self.title,) if isinstance(self.title, str) else self.title


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours mean: a heading, and pairs of a colour and a text."""

    title: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture.

    Attributes:
        boxes: in any order; a cycle of edges is broken before the first box in it.
        edges: (from, to), as positions in `boxes`; there may be several between two boxes.
        rankdir: "LR" from left to right, "TB" from top to bottom.
        texts: the texts on edges, by position in `edges`.
        clusters: each has a box in it, and comes after the cluster around it.
        caption: lines below the picture.
        legend: the meaning of its colours, where they are not those of the kinds.
        content: what it shows, in words.
        alternative: the same for those who cannot see it, with what is computed.
        spine: the edges that Graphviz draws as straight as it can, by position in `edges`.
        order: pairs like edges that are not drawn: the first box stands before the second.
    """

    boxes: list[Box]
    edges: list[tuple[int, int]]
    rankdir: str = "LR"
    texts: dict[int, str] = field(default_factory=dict)
    clusters: list[Cluster] = field(default_factory=list)
    caption: tuple[str, ...] = ()
    legend: Legend | None = None
    content: str = ""
    alternative: str = ""
    spine: frozenset[int] = frozenset()
    order: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """How something is to be pictured: the arguments of `draw` that say what is shown, checked.

    Attributes:
        rankdir, depth, max_nodes, derivatives, color: see `draw`.

    Raises:
        InputError: one of them has a value that it cannot have.
    """

    rankdir: str = "LR"
    depth: int | None = None
    max_nodes: int = MAX_NODES
    derivatives: bool = False
    color: str = "kind"

    def __post_init__(self) -> None:
        if not isinstance(self.rankdir, str) or self.rankdir not in ("LR", "TB"):
            raise InputError(f"rankdir must be 'LR' (left to right) or 'TB' (top to bottom), not {self.rankdir!r}")
        if not isinstance(self.color, str) or self.color not in ("kind", "grad"):
            raise InputError(f"color must be 'kind' (of node) or 'grad' (the sign and size of the gradient), not {self.color!r}")
        flag("derivatives", self.derivatives)
        if self.depth is not None and (type(self.depth) is not int or self.depth < 0):
            raise InputError(f"depth must be the number of nested scopes to draw, 0 or more, or None for all that fit, not {self.depth!r}")
        if type(self.max_nodes) is not int or self.max_nodes < 1:
            raise InputError(f"max_nodes must be an integer of at least 1, not {self.max_nodes!r}")


@singledispatch
def picture_of(subject: object, view: View) -> Picture:
    """What is drawn for an object. A type that can be drawn registers a function here, which makes a picture of it.

    Raises:
        InputError: the object cannot be drawn.

    Example:
        >>> class Edge:
        ...     pass
        >>> @picture_of.register
        ... def _(edge: Edge, view: View) -> Picture:
        ...     return Picture([Box("a", "leaf", "a"), Box("b", "root", "b")], [(0, 1)], view.rankdir)
        >>> len(picture_of(Edge(), View()).boxes)
        2
    """
    raise InputError(f"draw needs a Value, not an object of type {type(subject).__name__}: write draw(loss), with the result you computed")


def columns(text: str) -> int:
    """The width of a text in characters: 中 takes two, a combining accent none."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, widest: int = WIDEST) -> str:
    """A label that is wider than so many characters, without its middle: the two ends tell labels apart.

    Example:
        >>> shortened("layers.0.neurons.12.weights.3"), shortened("x1")
        ('layers.0.neu…2.weights.3', 'x1')
    """
    if columns(text) <= widest:
        return text
    head = text[: bisect_right([*accumulate(map(columns, text))], widest // 2)]
    tail = text[len(text) - bisect_right([*accumulate(map(columns, reversed(text)))], widest // 2 - 1) :]
    while columns(tail[0]) == 0:  # an accent whose letter is gone
        tail = tail[1:]
    return f"{head}…{tail}"


def width_of(text: str, size: float = FONT_SIZE) -> float:
    """The width of a line of text."""
    return columns(text) * CHARACTER * size
