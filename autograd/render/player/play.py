"""The step player: a page that goes through a graph forward and backward, node by node. The code of the page is in player.html."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TypedDict

from autograd.errors import InputError
from autograd.ops import CONSTANT, LEAF
from autograd.render.lettering import labelled, number, shown, symbol
from autograd.render.page import HtmlPage, fill, safe_json
from autograd.render.picture.alternative_text import computed
from autograd.render.picture.boxes import FONT, FONT_SIZE, Box, shortened
from autograd.render.picture.placement import place
from autograd.render.picture.svg import edge, outline
from autograd.render.player.steps import Passes, passes

AROUND = 300  # the height of a notebook's frame below the picture, in pixels: the buttons and the equations
TALLEST = 840  # the largest height of that frame


def play(root: object) -> Player:
    """A page that steps through the forward and the backward pass of a graph.

    It shows the numbers of each node, its local derivatives, and how the chain rule passes its gradient on to its inputs. In a notebook the
    result shows itself; elsewhere `.save("play.html")` writes a page that needs nothing else. Gradients start from 0 in the player; the
    graph and its `.grad` are not changed.

    Args:
        root: a Value, such as the loss of one sample.

    Raises:
        InputError: `root` is not a Value, or its graph has more than 500 nodes.
        StaleGraphError: `.data` was assigned since the graph was built, so that its numbers do not follow from each other.

    Example:
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> play(a * b + a**2)
        <Player of 5 values in 9 steps: in a notebook it shows itself, elsewhere .save("play.html") writes its page>
    """
    return Player(passes(root))


class Player(HtmlPage):
    """A page that plays a graph. Made by `play`."""

    _kind, _file = "player", "play.html"

    def __init__(self, story: Passes) -> None:
        if not isinstance(story, Passes):
            raise InputError(f"a player is made by play, as in play(loss), not from {story!r:.60}")
        self._summary = f"{len(story.order)} value{'s' * (len(story.order) != 1)} in {len(story.steps)} steps"
        scene_list = scenes(story)
        svg, height = to_svg(story, scene_list)
        title = html.escape(f"{story.names[-1]}, step by step")
        page = fill("autograd.render.player", "player.html", "step", title, GRAPH=svg, STEPS=safe_json(scene_list))
        super().__init__(page, "Step player", min(round(height * 4.0 / 3.0) + AROUND, TALLEST))

    def __repr__(self) -> str:
        return f'<Player of {self._summary}: in a notebook it shows itself, elsewhere .save("play.html") writes its page>'


def to_svg(story: Passes, scene_list: list[Scene]) -> tuple[str, float]:
    """The picture after the last step, and its height.

    In the page the value i is #v{i}, its operation #o{i}, and the edges to and from the operation are .to{i}; edges from constants are also
    .still.
    """
    final = {i: lines for scene in scene_list for i, lines in scene["texts"].items()}
    boxes: list[Box] = []
    at: list[int] = []  # of each node
    edges: list[tuple[int, int]] = []
    classes: list[str] = []
    for i, (node, name) in enumerate(zip(story.order, story.names, strict=True)):
        constant = node._operation is CONSTANT
        if story.inputs[i]:
            edges += [(at[j], len(boxes)) for j in story.inputs[i]] + [(len(boxes), len(boxes) + 1)]
            classes += [f"to{i} still" if story.order[j]._operation is CONSTANT else f"to{i}" for j in story.inputs[i]] + [f"to{i}"]
            boxes.append(Box(f"o{i}", "operation", symbol(node._op)))
        kind = "root" if i == len(story.order) - 1 else "constant" if constant else "leaf" if node._operation is LEAF else "inner"
        at.append(len(boxes))
        boxes.append(Box(f"v{i}", kind, "" if constant and not labelled(node) else shortened(name), tuple(final[i][1:])))
    placement = place([box.shape for box in boxes], edges)
    width, height = round(placement.width), round(placement.height)
    lines = [
        f'<svg id="graph" viewBox="0 0 {width} {height}" style="--width:{width}px" font-family="{FONT}" font-size="{FONT_SIZE:g}" '
        f'role="img" aria-label="The graph of {html.escape(computed(story.order[-1], story.order))}">',
        *[f'<g class="{name}">{edge(curve, "LR")}</g>' for name, curve in zip(classes, placement.curves, strict=True)],
    ]
    for box, centre in zip(boxes, placement.centres, strict=True):
        lines += [f'<g id="{box.name}" class="node"><title></title>', *outline(box, centre), "</g>"]
    return "\n".join([*lines, "</svg>"]), placement.height


class Scene(TypedDict):
    """A step as the page shows it: the fields of `Step`, and what it highlights.

    Attributes:
        inputs: the inputs of the current node.
        edges: whether the edges from these inputs are highlighted.
        lit: the nodes that are highlighted.
        texts: for each node whose numbers change the text shown on hover, and then the lines in its box.
    """

    phase: str
    title: str
    node: int | None
    inputs: Sequence[int]
    edges: bool
    lines: list[tuple[str, ...]]
    facts: list[str]
    remarks: list[str]
    lit: list[int | None]
    texts: dict[int, list[str]]


def scenes(story: Passes) -> list[Scene]:
    """The steps as the page shows them."""
    data: dict[int, float] = {}
    grads: dict[int, float] = {}
    seen = [[node.data] for node in story.order]
    for step in story.steps:
        for i, grad in step.grads.items():
            seen[i].append(grad)
    widths = [max(len(number(x)) for x in numbers) for numbers in seen]
    scene_list: list[Scene] = []
    for step in story.steps:
        data |= step.data
        grads |= step.grads
        begins = step.node in step.grads  # a node is never its own input, so this is the step that sets the gradient of the root
        scene_list.append(
            {
                "phase": step.phase,
                "title": step.title,
                "node": step.node,
                "inputs": [] if step.node is None else story.inputs[step.node],
                "edges": step.node is not None and not begins,
                "lines": step.lines,
                "facts": step.facts,
                "remarks": step.remarks,
                "lit": [step.node] if begins else [*step.data, *step.grads],
                "texts": {
                    i: texts(story.names[i], node._operation is CONSTANT, data.get(i), grads.get(i), widths[i])
                    for i, node in enumerate(story.order)
                    if not scene_list or i in step.data or i in step.grads
                },
            }
        )
    return scene_list


def texts(name: str, constant: bool, data: float | None, grad: float | None, width: int) -> list[str]:
    """The text shown when hovering over a node, with all digits; and the lines in its box, blank where a number is not known yet."""
    numbers = {"data": data} if constant else {"data": data, "grad": grad}
    digits = [f"{key} = {x!r}" for key, x in numbers.items() if x is not None]
    return [
        ", ".join([name, *digits]),
        *[shown(f"{key} {'' if x is None else number(x):>{width}}") for key, x in numbers.items()],
    ]
