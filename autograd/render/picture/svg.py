"""A picture as SVG text, laid out by `placement`."""

from __future__ import annotations

from xml.sax.saxutils import escape

from autograd.render.lettering import printable
from autograd.render.picture.boxes import FONT, FONT_SIZE, LINE, LOWEST, MARGIN, SMALL, Box, Cluster, Legend, Picture, width_of
from autograd.render.picture.colours import BACKGROUND, CLUSTER_BORDER, CLUSTERS, EDGE, FAINT, INK
from autograd.render.picture.layering import ARROW, BORDER, Point, Shape
from autograd.render.picture.placement import Enclosure, Frame, Placement, place

BASELINE = 0.36  # the distance of the baseline from the middle of a line, per font size
SWATCH = 12.0


def to_svg(picture: Picture) -> str:
    """The whole file: frames, then edges, then boxes on top, and the caption below."""
    shapes = [box.shape for box in picture.boxes]
    home = [box.cluster for box in picture.boxes]
    edges: list[tuple[int, int]] = []
    written: list[tuple[int, str]] = []  # the text on an edge is laid out as a box without an outline, which splits the edge
    for i, (tail, head) in enumerate(picture.edges):
        if i in picture.texts:
            written.append((len(shapes), picture.texts[i]))
            edges += [(tail, len(shapes)), (len(shapes), head)]
            shapes.append(Shape(width_of(picture.texts[i], SMALL) + 4.0, LINE))
            home.append(picture.boxes[head].cluster)
        else:
            edges.append((tail, head))
    titles = [
        Enclosure(cluster.parent, Shape(max(map(width_of, cluster.lines)), len(cluster.lines) * LINE + 3.0)) for cluster in picture.clusters
    ]
    placement = place(shapes, [*edges, *picture.order], picture.rankdir, home, titles)
    fills = [CLUSTERS[min(depth, len(CLUSTERS) - 1)] for depth in nesting(picture.clusters)]
    below, width, height = legend_and_caption(picture, placement)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" font-size="{FONT_SIZE:g}">',
        f'<rect width="100%" height="100%" fill="{BACKGROUND}"/>',
        *[frame(border, fill) for border, fill in zip(placement.frames, fills, strict=True)],
        *[edge(curve, picture.rankdir, arrow=head < len(picture.boxes)) for (_, head), curve in zip(edges, placement.curves, strict=False)],
        *[
            line
            for cluster, border, fill in zip(picture.clusters, placement.frames, fills, strict=True)
            for i, words in enumerate(cluster.lines)
            for line in title(words, i, border, fill)
        ],
        *[line for box, centre in zip(picture.boxes, placement.centres, strict=False) for line in outline(box, centre)],
        *[text(content, *placement.centres[position], "middle", SMALL, FAINT) for position, content in written],
        *below,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def edge(curve: list[Point], rankdir: str, arrow: bool = True) -> str:
    """A curve, and an arrowhead whose tip touches the box."""
    (x, y), (tip_x, tip_y) = curve[0], curve[-1]
    gaps = [curve[i : i + 4] for i in range(1, len(curve) - 1, 4)]
    path = f"M{xy(x, y)}" + "".join(f" L{xy(*a)} C{xy(*b)} {xy(*c)} {xy(*d)}" for a, b, c, d in gaps)
    if not arrow:
        return f'<g class="edge"><path d="{path} L{xy(tip_x, tip_y)}" fill="none" stroke="{EDGE}"/></g>'
    along = 0 if rankdir == "LR" else 1
    length = ARROW if curve[-2][along] <= curve[-1][along] else -ARROW  # negative where the edge leads back
    # the curve ends inside the arrowhead, or it would show beside the tip
    path += f" L{xy(tip_x - length / 2.0, tip_y)}" if rankdir == "LR" else f" L{xy(tip_x, tip_y - length / 2.0)}"
    back = f"l{-length:g},-3 v6" if rankdir == "LR" else f"l-3,{-length:g} h6"
    return f'<g class="edge"><path d="{path}" fill="none" stroke="{EDGE}"/><path d="M{xy(tip_x, tip_y)} {back} z" fill="{EDGE}"/></g>'


def outline(box: Box, centre: Point) -> list[str]:
    """The outline and the text of a box."""
    style = box.style
    width, height, is_round = box.shape
    x, y = centre
    paint = f'fill="{style.fill}" stroke="{style.border}" stroke-width="{style.thickness:g}"' + ' stroke-dasharray="4 2"' * style.dashed
    left, top = x - width / 2.0, y - height / 2.0
    lines = [f'<g class="{box.kind}" fill="{style.text}">' + (f"<title>{escape(printable(box.full))}</title>" if box.full else "")]
    if is_round:
        lines.append(f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width / 2.0:.1f}" ry="{height / 2.0:.1f}" {paint}/>')
        lines.append(text(box.title, x, y, "middle"))
    else:
        lines.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" {paint}/>')
        top += (LOWEST - LINE - 6.0) / 2.0 if len(box.rows) + bool(box.title) == 1 else 0.0  # a single line stands in the middle
        if box.title:
            lines.append(text(box.title, x, top + 3.0 + LINE / 2.0, "middle"))
            top += LINE + 6.0
            lines.append(f'<path d="M{xy(left, top)} h{width:.1f}" stroke="{style.border}"/>' if box.rows else "")
        lines += [text(row, left + MARGIN, top + 3.0 + (i + 0.5) * LINE) for i, row in enumerate(box.rows)]
    return [*lines, "</g>"]


def nesting(clusters: list[Cluster]) -> list[int]:
    """The number of clusters around each cluster."""
    depths: list[int] = []
    for cluster in clusters:
        depths.append(depths[cluster.parent] + 1 if cluster.parent >= 0 else 0)
    return depths


def frame(border: Frame, fill: str) -> str:
    """The frame of a cluster."""
    left, top, width, height = border
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="cluster" x="{left:.1f}" y="{top:.1f}" {size} rx="6" fill="{fill}" stroke="{CLUSTER_BORDER}"/>'


def title(content: str, i: int, border: Frame, fill: str) -> list[str]:
    """Line `i` of the title of a cluster, in its upper left corner, on a background that covers edges behind it."""
    left, middle = border.left + BORDER, border.top + 3.0 + (i + 0.5) * LINE
    return [
        f'<rect x="{left - 2.0:.1f}" y="{middle - LINE / 2.0:.1f}" width="{width_of(content) + 4.0:.1f}" height="{LINE:g}" fill="{fill}"/>',
        text(content, left, middle, fill=INK),
    ]


def legend_and_caption(picture: Picture, placement: Placement) -> tuple[list[str], int, int]:
    """The lines below the graph, and the width and height of the whole."""
    lines: list[str] = []
    width, y = placement.width, placement.height
    for line in picture.caption:
        lines.append(text(line, BORDER, y + LINE / 2.0, "start", SMALL, FAINT))
        width = max(width, width_of(line, SMALL) + 2.0 * BORDER)
        y += LINE
    if picture.legend:
        swatches, end = legend(picture.legend, BORDER, y + LINE / 2.0)
        lines += swatches
        width = max(width, end + BORDER)
        y += LINE
    return lines, round(width), round(y + BORDER if lines else y)


def legend(content: Legend, x: float, y: float) -> tuple[list[str], float]:
    """The colours in a line, each followed by its meaning; and where the line ends."""
    lines = [text(content.title, x, y, "start", SMALL, FAINT)]
    x += width_of(content.title, SMALL) + MARGIN
    for fill, meaning in content.entries:
        corner = f'x="{x:.1f}" y="{y - SWATCH / 2.0:.1f}"'
        lines.append(f'<rect {corner} width="{SWATCH:g}" height="{SWATCH:g}" fill="{fill}" stroke="{EDGE}" stroke-width="0.5"/>')
        lines.append(text(meaning, x + SWATCH + 4.0, y, "start", SMALL, FAINT))
        x += SWATCH + 4.0 + width_of(meaning, SMALL) + MARGIN
    return lines, x


def text(content: str, x: float, y: float, anchor: str = "start", size: float = FONT_SIZE, fill: str = "") -> str:
    """A line of text, with its middle at height `y`. All data in SVG passes through here."""
    other = f' font-size="{size:g}"' * (size != FONT_SIZE) + f' fill="{fill}"' * bool(fill)
    return f'<text x="{x:.1f}" y="{y + BASELINE * size:.1f}" text-anchor="{anchor}"{other}>{escape(printable(content))}</text>'


def xy(x: float, y: float) -> str:
    """A point in the syntax of paths."""
    return f"{x:.1f},{y:.1f}"
