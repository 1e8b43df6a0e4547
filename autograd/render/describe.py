"""The graph behind a Value as a picture: which boxes, with which words and numbers in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF
from autograd.render.colours import NONE, NOT_FINITE, SHADES
from autograd.render.fold import ROUNDS, Folded, Group, distinct, fold, stem
from autograd.render.picture import Box, Cluster, Legend, Picture, number, shown
from autograd.render.wording import ordinal, short, symbol
from autograd.value import Value

MAX_NODES = 500

SYMMETRIC = {"add", "mul", "dot", "sum", "maximum", "minimum", "hypot", "logsumexp", "peak"}
"""Operations to which the order of the inputs is nothing. On the edges to all others stands which input it is."""


def describe(
    root: object,
    rankdir: str = "LR",
    depth: int | None = None,
    max_nodes: int = MAX_NODES,
    derivatives: bool = False,
    color: str = "kind",
) -> Picture:
    """The picture of the graph behind `root`. Names come from the topological order, so the same graph gives the same picture.

    Args:
        root: a Value.
        rankdir, depth, max_nodes, derivatives, color: see `draw`.

    Raises:
        InputError: `root` is no Value, an argument has another value than these, or the graph cannot be folded so far.

    Example:
        >>> x = Value(3.0, label="x")
        >>> [box.title for box in describe(x * x).boxes]
        ['x', '*', '']
    """
    if rankdir not in ("LR", "TB"):
        raise InputError(f"rankdir is 'LR' (left to right) or 'TB' (top to bottom), not {rankdir!r}")
    if color not in ("kind", "grad"):
        raise InputError(f"color is 'kind' (of node) or 'grad' (how large the gradient is), not {color!r}")
    if depth is not None and (type(depth) is not int or depth < 0):
        raise InputError(f"depth is how many scopes within scopes are drawn, 0 or more, or None for as many as can be, not {depth!r}")
    if type(max_nodes) is not int or max_nodes < 1:
        raise InputError(f"max_nodes is a whole number of at least 1, not {max_nodes!r}")
    if not isinstance(root, Value):
        raise InputError(f"draw needs a Value, not an object of type {type(root).__name__}: write draw(loss), with the result you computed")
    return Description(fold(cast("list[Value]", topological_order(root)), depth, max_nodes), derivatives, color).picture(rankdir)


class Description:
    """The boxes and edges of a folded graph, as they are found."""

    def __init__(self, folded: Folded, derivatives: bool, color: str) -> None:
        self.folded = folded
        self.derivatives = derivatives
        self.clusters: dict[str, int] = {}
        self.boxes: list[Box] = []
        self.entered: list[int] = []  # for each group the box that edges lead to
        self.left: list[int] = []  # and the box that they come from
        self.color = color
        self.most = self.largest_gradient() if color == "grad" else 0.0
        self.top = math.ceil(math.log10(self.most)) if self.most > 0.0 else 0
        self.sources = self.sources_of_groups()

    def picture(self, rankdir: str) -> Picture:
        """All of it."""
        for group in self.folded.groups:
            if len(group.members) > 1 or group.scopes:
                self.folded_box(group)
            else:
                self.node(group)
        edges, texts = self.edges()
        clusters = [Cluster(shown(name.rpartition("/")[2]), self.clusters.get(name.rpartition("/")[0], -1)) for name in self.clusters]
        return Picture(self.boxes, edges, rankdir, texts, clusters, self.caption(), self.legend(), self.content())

    # -- boxes ----------------------------------------------------------------------------------------------------------

    def node(self, group: Group) -> None:
        """A node by itself: its operation, and its value."""
        i = group.members[0]
        node = self.folded.order[i]
        cluster = self.cluster(group.cluster)
        self.entered.append(len(self.boxes))
        if kind_of(node) == "inner":
            self.boxes.append(Box(f"op{i}", "operation", symbol(node._op), cluster=cluster))
        self.left.append(len(self.boxes))
        kind = "root" if i == len(self.folded.order) - 1 else kind_of(node)
        self.boxes.append(Box(f"v{i}", kind, shown(node.label), numbers(node), cluster, self.shade([node])))

    def folded_box(self, group: Group) -> None:
        """Nodes that are one box."""
        nodes = [self.folded.order[i] for i in group.members]
        often = f" × {len(group.scopes) or len(nodes):,}"
        rows: list[str] = []
        if group.scopes:
            kind = "scope"
            title = common({name.rpartition("/")[2] for name in group.scopes}) or "scopes"
            if len(group.scopes) > 1:
                title += often
            symbols = [symbol(name) for name, _ in Counter(node._op for node in nodes if node._op).most_common()]
            rows.append(f"{counted(len(nodes), 'node')}: {', '.join([*symbols[:3], *['…'] * (len(symbols) > 3)])}")
        else:
            kind = kind_of(nodes[0])
            label = common({str(node.label) for node in nodes})
            operation = (
                symbol(common({node._op for node in nodes})) or nodes[0]._operation.symbol or {"leaf": "value", "constant": "number"}[kind]
            )
            title = (f"{label}: {operation}" if kind == "inner" and label else label or operation) + often
            if group.parts < len(nodes):
                rows.append(f"in {counted(group.parts, 'sum')}")
            elif len(self.entered) in self.sources[len(self.entered)]:
                rows.append("each one feeds the next")
        rows += table(nodes)
        self.entered.append(len(self.boxes))
        self.left.append(len(self.boxes))
        name = f"g{group.members[0]}"
        self.boxes.append(Box(name, kind, shown(title), tuple(map(shown, rows)), self.cluster(group.cluster), self.shade(nodes)))

    def cluster(self, name: str) -> int:
        """The position of the cluster of a scope, which is made where it is new, and those around it before it."""
        if not name:
            return -1
        if name not in self.clusters:
            self.cluster(name.rpartition("/")[0])
            self.clusters[name] = len(self.clusters)
        return self.clusters[name]

    # -- edges ----------------------------------------------------------------------------------------------------------

    def edges(self) -> tuple[list[tuple[int, int]], dict[int, str]]:
        """Every occurrence of an input is an edge; between boxes that stand for many nodes there is one at most."""
        edges: list[tuple[int, int]] = []
        texts: dict[int, str] = {}
        for g, group in enumerate(self.folded.groups):
            for source, places in self.sources[g].items():
                if source == g:
                    continue
                alone = len(group.members) == len(self.folded.groups[source].members) == 1
                for k in places if alone else [-1]:
                    text = self.text(group, places, k)
                    if text:
                        texts[len(edges)] = text
                    edges.append((self.left[source], self.entered[g]))
            if self.left[g] != self.entered[g]:
                edges.append((self.entered[g], self.left[g]))
        return edges, texts

    def sources_of_groups(self) -> list[dict[int, list[int]]]:
        """For each group the groups that it takes its inputs from, and of which places among the inputs each is the source."""
        edges, group_of, groups = self.folded.edges, np.array(self.folded.group_of), len(self.folded.groups)
        most = max(1, np.diff(edges.starts).max().item())
        rows = (group_of[edges.heads] * most + edges.places) * groups + group_of[edges.tails]
        found: list[dict[int, list[int]]] = [{} for _ in range(groups)]
        for row in distinct(rows).tolist():
            where, tail = divmod(row, groups)
            found[where // most].setdefault(tail, []).append(where % most)
        return found

    def text(self, group: Group, places: list[int], k: int) -> str:
        """What stands on an edge that is for the inputs at these places; of these, the one at place `k` where it is for one alone."""
        if group.scopes:
            return ""
        node = self.folded.order[group.members[0]]
        words = []
        if len(node._prev) > 1 and node._operation.name not in SYMMETRIC:
            words.append(" and ".join([ordinal(place + 1) for place in ([k] if k >= 0 else sorted(places))]))
        if self.derivatives and k >= 0 and node._prev[k]._operation is not CONSTANT:
            words.append(f"∂ {short(node._slopes[k])}")
        return " ".join(words)

    # -- colours --------------------------------------------------------------------------------------------------------

    def largest_gradient(self) -> float:
        """The largest of those that are finite."""
        return max((g for node in self.folded.order if node._operation is not CONSTANT and (g := size(node)) < math.inf), default=0.0)

    def shade(self, nodes: Sequence[Value]) -> str:
        """The colour of the largest gradient, or "" where that of the kind is wanted."""
        if self.color != "grad":
            return ""
        sizes = [size(node) for node in nodes if node._operation is not CONSTANT]
        if not sizes:
            return ""
        if not all(g < math.inf for g in sizes):
            return NOT_FINITE
        most = max(sizes)
        if most == 0.0:
            return NONE
        return SHADES[max(0, len(SHADES) - 1 + min(0, math.ceil(math.log10(most)) - self.top))]

    def legend(self) -> Legend | None:
        """What the shades mean."""
        if self.color != "grad":
            return None
        entries = [(NONE, "0")]
        if self.most > 0.0:
            entries += [(shade, "≤ " + power_of_ten(self.top - len(SHADES) + 1 + i)) for i, shade in enumerate(SHADES)]
        if any(box.fill == NOT_FINITE for box in self.boxes):
            entries.append((NOT_FINITE, "inf or nan"))
        return Legend("|grad|", tuple(entries))

    # -- words ----------------------------------------------------------------------------------------------------------

    def caption(self) -> tuple[str, ...]:
        """What was folded, and how to see more."""
        folded = self.folded
        lines = []
        less = len(folded.groups) < len(folded.order)
        if less:
            lines.append(f"{len(folded.order):,} nodes, folded to {len(folded.groups):,}:")
        if any(group.scopes for group in folded.groups):
            lines.append(f"– a box with a green border is a scope; depth={folded.depth + 1} shows what is in it")
        if folded.alike:
            past = "from the same boxes" if folded.alike == "all" else f"from the same operations, {ROUNDS} steps back at most"
            lines.append(f"– a box × n is n nodes with the same operation, whose inputs come {past}")
        if less and self.color == "grad":
            lines.append("– the colour of a box is that of its largest gradient")
        if self.derivatives:
            lines.append("∂: the derivative of an operation's result by this input")
        return tuple(lines)

    def content(self) -> str:
        """What the picture shows, in words."""
        order = self.folded.order
        operations = sum(kind_of(node) == "inner" for node in order)
        words = f"{counted(len(order), 'value')} and {counted(operations, 'operation')}"
        boxes = len(self.folded.groups)
        return words if boxes == len(order) else f"{words}, folded to {counted(boxes, 'box', 'boxes')}"


def kind_of(node: Value) -> str:
    """A key of the styles."""
    return "leaf" if node._operation is LEAF else "constant" if node._operation is CONSTANT else "inner"


def gradient(node: Value) -> float:
    """The gradient as a number, also where it is a Value."""
    grad = node.grad
    return grad.data if isinstance(grad, Value) else grad


def size(node: Value) -> float:
    """|grad|."""
    return abs(gradient(node))


def numbers(node: Value) -> tuple[str, ...]:
    """The lines `data …` and `grad …`, digits below digits. A constant has no gradient."""
    texts = {"data": number(node.data)}
    if node._operation is not CONSTANT:
        texts["grad"] = number(gradient(node))
    width = max(map(len, texts.values()))
    return tuple(shown(f"{name} {text:>{width}}") for name, text in texts.items())


def table(nodes: Sequence[Value]) -> list[str]:
    """The smallest, the mean and the largest number of many nodes, and of their gradients, as lines with columns."""
    lines = [["", "min", "mean", "max"], ["data", *spread(np.array([node.data for node in nodes]))]]
    grads = np.abs([gradient(node) for node in nodes if node._operation is not CONSTANT])
    if grads.size:
        lines.append(["|grad|", *spread(grads)])
    name, *widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join([f"{line[0]:<{name}}", *[f"{cell:>{n}}" for cell, n in zip(line[1:], widths, strict=True)]]) for line in lines]


def spread(numbers: NDArray[np.float64]) -> tuple[str, str, str]:
    """The smallest, the mean and the largest, as texts; each is nan if one of them is."""
    least, most = float(numbers.min()), float(numbers.max())
    scale = max(-least, most, 1.0)  # so that the sum cannot overflow
    with np.errstate(invalid="ignore"):  # inf - inf
        mean = float((numbers / scale).mean()) * scale if math.isfinite(scale) else float(numbers.mean())
    return (number(least), number(mean), number(most))


def common(names: set[str]) -> str:
    """The one name, or the one with ᵢ for its numbers, or "" where they have none in common."""
    if len(names) > 1:
        names = {stem(name) for name in names}
    return names.pop() if len(names) == 1 else ""


def counted(n: int, noun: str, plural: str = "") -> str:
    """1 value, 1,000 values."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def power_of_ten(exponent: int) -> str:
    """10⁻³, 0.1, 1, 10, 100, 10³."""
    if -2 <= exponent <= 2:
        return f"{10.0**exponent:g}"
    return "10" + f"{exponent}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
