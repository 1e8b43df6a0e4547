"""A picture as SVG text, at the places that `layout` found."""

from __future__ import annotations

from xml.sax.saxutils import escape

from autograd.render.layout import ARROW, Point, place
from autograd.render.picture import BACKGROUND, EDGE, FONT, FONT_SIZE, LINE, MARGIN, STYLES, Box, Picture

BASELINE = 0.36 * FONT_SIZE  # below the middle of a line of text


def to_svg(picture: Picture) -> str:
    """The whole file: first the edges, then the boxes on top."""
    layout = place([box.shape for box in picture.boxes], picture.edges, picture.rankdir)
    width, height = round(layout.width), round(layout.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" font-size="{FONT_SIZE:g}">',
        f'<rect width="100%" height="100%" fill="{BACKGROUND}"/>',
        *[edge(curve, picture.rankdir) for curve in layout.curves],
        *[line for box, centre in zip(picture.boxes, layout.centres, strict=True) for line in outline(box, centre)],
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def edge(curve: list[Point], rankdir: str) -> str:
    """A line, and an arrowhead whose tip touches the box."""
    (x, y), (tip_x, tip_y) = curve[0], curve[-1]
    gaps = [curve[i : i + 4] for i in range(1, len(curve) - 1, 4)]
    path = f"M{xy(x, y)}" + "".join(f" L{xy(*a)} C{xy(*b)} {xy(*c)} {xy(*d)}" for a, b, c, d in gaps)
    # the line ends inside the arrowhead, or it would be seen beside the tip
    path += f" L{xy(tip_x - ARROW / 2.0, tip_y)}" if rankdir == "LR" else f" L{xy(tip_x, tip_y - ARROW / 2.0)}"
    back = f"l-{ARROW:g},-3 v6" if rankdir == "LR" else f"l-3,-{ARROW:g} h6"
    return f'<g class="edge"><path d="{path}" fill="none" stroke="{EDGE}"/><path d="M{xy(tip_x, tip_y)} {back} z" fill="{EDGE}"/></g>'


def outline(box: Box, centre: Point) -> list[str]:
    """Outline and text of a box."""
    style = STYLES[box.kind]
    width, height, is_round = box.shape
    x, y = centre
    paint = f'fill="{style.fill}" stroke="{style.border}" stroke-width="{style.thickness:g}"' + ' stroke-dasharray="4 2"' * style.dashed
    left, top = x - width / 2.0, y - height / 2.0
    lines = [f'<g class="{box.kind}" fill="{style.text}">']
    if is_round:
        lines.append(f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width / 2.0:.1f}" ry="{height / 2.0:.1f}" {paint}/>')
        lines.append(text(box.title, x, y, "middle"))
    else:
        lines.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" {paint}/>')
        if box.title:
            lines.append(text(box.title, x, top + 3.0 + LINE / 2.0, "middle"))
            top += LINE + 6.0
            lines.append(f'<path d="M{xy(left, top)} h{width:.1f}" stroke="{style.border}"/>' if box.rows else "")
        lines += [text(row, left + MARGIN, top + 3.0 + (i + 0.5) * LINE) for i, row in enumerate(box.rows)]
    return [*lines, "</g>"]


def text(content: str, x: float, y: float, anchor: str = "start") -> str:
    """A line of text around the height y."""
    return f'<text x="{x:.1f}" y="{y + BASELINE:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def xy(x: float, y: float) -> str:
    """A point, as paths write it."""
    return f"{x:.1f},{y:.1f}"
