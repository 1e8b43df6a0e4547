"""The picture of the graph behind a Value: which boxes there are, with which words and numbers in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from autograd.graph import topological_order
from autograd.notation import notation_of
from autograd.ops import CONSTANT, LEAF
from autograd.render.lettering import listed, number, ordinal, short, shown, symbol
from autograd.render.picture.alternative_text import computed
from autograd.render.picture.boxes import Box, Cluster, Picture, View, labelled_box, picture_of
from autograd.render.picture.fold import ROUNDS, Bundle, Folded, distinct, fold, stem
from autograd.render.picture.gradient_colours import GradientColours, gradient, gradients
from autograd.value import Value

FEW = 3
"""The most positions of inputs that are written on an edge one by one."""


@picture_of.register
def graph_picture(root: Value, view: View) -> Picture:
    """The picture of the graph behind a Value. Names follow the topological order, so the same graph gives the same picture.

    Args:
        root: the Value.
        view: how it is shown.

    Raises:
        InputError: the graph has more than `view.max_nodes` boxes even when everything is folded.

    Example:
        >>> x = Value(3.0, label="x")
        >>> [box.title for box in graph_picture(x * x, View()).boxes]
        ['x', '*', '']
    """
    folded = fold(cast("list[Value]", topological_order(root)), view.depth, view.max_nodes)
    return Description(folded, view).picture()


class Description:
    """The boxes and edges of a folded graph, while the picture is made."""

    def __init__(self, folded: Folded, view: View) -> None:
        self.folded = folded
        self.view = view
        self.clusters: dict[str, int] = {}
        self.boxes: list[Box] = []
        self.entered: list[int] = []  # for each bundle the box that edges lead to
        self.left: list[int] = []  # and the box that edges come from
        self.has_gradients = any(g != 0.0 for g in gradients(folded.order))  # before `backward` all are 0
        self.colours = GradientColours(folded.order) if view.color == "grad" else None
        self.sources = self.sources_of_bundles()

    def picture(self) -> Picture:
        """The whole picture."""
        for bundle in self.folded.bundles:
            if len(bundle.members) > 1 or bundle.scopes:
                self.folded_box(bundle)
            else:
                self.node(bundle)
        edges, texts = self.edges()
        clusters = [Cluster(shown(name.rpartition("/")[2]), self.clusters.get(name.rpartition("/")[0], -1)) for name in self.clusters]
        legend = self.colours.legend() if self.colours else None
        content = self.content()
        alternative = f"The graph of {computed(self.folded.order[-1], self.folded.order)}: {content}"
        return Picture(self.boxes, edges, self.view.rankdir, texts, clusters, self.caption(), legend, content, alternative)

    # -- boxes ----------------------------------------------------------------------------------------------------------

    def node(self, bundle: Bundle) -> None:
        """A box for a node by itself, and one for its operation."""
        i = bundle.members[0]
        node = self.folded.order[i]
        cluster = self.cluster(bundle.cluster)
        self.entered.append(len(self.boxes))
        if kind_of(node) == "inner":
            self.boxes.append(Box(f"op{i}", "operation", symbol(node._op), cluster=cluster))
        self.left.append(len(self.boxes))
        kind = "root" if i == len(self.folded.order) - 1 else kind_of(node)
        self.boxes.append(labelled_box(f"v{i}", kind, shown(node.label), numbers(node, self.has_gradients), cluster, self.fill([node])))

    def folded_box(self, bundle: Bundle) -> None:
        """A box for many nodes."""
        nodes = [self.folded.order[i] for i in bundle.members]
        often = f" × {len(bundle.scopes) or len(nodes):,}"
        rows: list[str] = []
        if bundle.scopes:
            kind = "scope"
            title = common({name.rpartition("/")[2] for name in bundle.scopes}) or "scopes"
            if len(bundle.scopes) > 1:
                title += often
            symbols = [symbol(name) for name, _ in Counter(node._op for node in nodes if node._op).most_common()]
            rows.append(f"{counted(len(nodes), 'node')}: {', '.join([*symbols[:3], *['…'] * (len(symbols) > 3)])}")
        else:
            kind = kind_of(nodes[0])
            label = common({str(node.label) for node in nodes})
            operation = (
                symbol(common({node._op for node in nodes}))
                or nodes[0]._operation.symbol
                or {"leaf": "value", "constant": "number", "inner": "value"}[kind]
            )
            title = (f"{label}: {operation}" if kind == "inner" and label else label or operation) + often
            if bundle.parts < len(nodes):
                rows.append(f"in {counted(bundle.parts, 'sum')}")
            elif len(self.entered) in self.sources[len(self.entered)]:
                rows.append("each one feeds the next")
        rows += table(nodes, self.has_gradients)
        self.entered.append(len(self.boxes))
        self.left.append(len(self.boxes))
        name = f"g{bundle.members[0]}"
        cluster = self.cluster(bundle.cluster)
        self.boxes.append(labelled_box(name, kind, shown(title), tuple(map(shown, rows)), cluster, self.fill(nodes)))

    def fill(self, nodes: Sequence[Value]) -> str:
        """The colour of the gradients, or "" for the colour of the kind."""
        return self.colours.fill(nodes) if self.colours else ""

    def cluster(self, name: str) -> int:
        """The position of the cluster of a scope. A new cluster is added, after those around it."""
        if not name:
            return -1
        if name not in self.clusters:
            self.cluster(name.rpartition("/")[0])
            self.clusters[name] = len(self.clusters)
        return self.clusters[name]

    # -- edges ----------------------------------------------------------------------------------------------------------

    def edges(self) -> tuple[list[tuple[int, int]], dict[int, str]]:
        """The edges and their texts: one edge from box to box, but one for each occurrence of an input where each shows its derivative."""
        edges: list[tuple[int, int]] = []
        texts: dict[int, str] = {}
        for b, bundle in enumerate(self.folded.bundles):
            for source, places in self.sources[b].items():
                if source == b:
                    continue
                alone = len(bundle.members) == len(self.folded.bundles[source].members) == 1
                for parallel in [[place] for place in places] if alone and self.view.derivatives else [sorted(places)]:
                    text = self.text(bundle, parallel, alone)
                    if text:
                        texts[len(edges)] = text
                    edges.append((self.left[source], self.entered[b]))
            if self.left[b] != self.entered[b]:
                edges.append((self.entered[b], self.left[b]))
        return edges, texts

    def sources_of_bundles(self) -> list[dict[int, list[int]]]:
        """For each bundle the bundles that its inputs come from, and the positions of these inputs."""
        edges, bundle_of, count = self.folded.edges, np.array(self.folded.bundle_of), len(self.folded.bundles)
        most = max(1, np.diff(edges.starts).max().item())
        rows = (bundle_of[edges.heads] * most + edges.places) * count + bundle_of[edges.tails]
        sources: list[dict[int, list[int]]] = [{} for _ in range(count)]
        for row in distinct(rows).tolist():
            where, tail = divmod(row, count)
            sources[where // most].setdefault(tail, []).append(where % most)
        return sources

    def text(self, bundle: Bundle, places: list[int], alone: bool) -> str:
        """The text on an edge for the inputs at these positions. `alone` says whether it leads from a single node to a single node."""
        if bundle.scopes:
            return ""
        node = self.folded.order[bundle.members[0]]
        words = []
        if len(node._prev) > 1 and not notation_of(node._operation).symmetric and len(places) <= FEW:
            words.append(listed([ordinal(place + 1) for place in places]))
        elif alone and len(places) > 1:
            words.append(f"× {len(places):,}")
        if self.view.derivatives and alone and node._prev[places[0]]._operation is not CONSTANT:
            words.append(f"∂ {short(node._slopes[places[0]])}")
        return " ".join(words)

    # -- words ----------------------------------------------------------------------------------------------------------

    def caption(self) -> tuple[str, ...]:
        """What was folded, and how to see more of it."""
        folded = self.folded
        lines = []
        less = len(folded.bundles) < len(folded.order)
        if less:
            lines.append(f"{len(folded.order):,} nodes, folded to {len(folded.bundles):,}:")
        if any(bundle.scopes for bundle in folded.bundles):
            lines.append(f"– a box with a green border is a scope; depth={folded.depth + 1} shows what is in it")
        if folded.alike:
            past = "from the same boxes" if folded.alike == "all" else f"from the same operations, {ROUNDS} steps back at most"
            lines.append(f"– a box × n is n nodes with the same operation, whose inputs come {past}")
        if less and self.colours:
            lines.append("– the colour of a box is that of its largest gradient")
        if self.view.derivatives:
            lines.append("∂: the derivative of an operation's result with respect to this input")
        return tuple(lines)

    def content(self) -> str:
        """What the picture shows, in words."""
        order = self.folded.order
        operations = sum(kind_of(node) == "inner" for node in order)
        words = f"{counted(len(order), 'value')} and {counted(operations, 'operation')}"
        boxes = len(self.folded.bundles)
        return words if boxes == len(order) else f"{words}, folded to {counted(boxes, 'box', 'boxes')}"


def kind_of(node: Value) -> str:
    """The kind of a node, as a key of the styles."""
    return "leaf" if node._operation is LEAF else "constant" if node._operation is CONSTANT else "inner"


def numbers(node: Value, with_gradient: bool) -> tuple[str, ...]:
    """The lines `data …` and `grad …`, digits below digits. A constant has no gradient."""
    texts = {"data": number(node.data)}
    if with_gradient and node._operation is not CONSTANT:
        texts["grad"] = number(gradient(node))
    width = max(map(len, texts.values()))
    return tuple(shown(f"{name} {text:>{width}}") for name, text in texts.items())


def table(nodes: Sequence[Value], with_gradients: bool) -> list[str]:
    """The minimum, the mean and the maximum of the data of many nodes, and of their gradients, as lines with columns."""
    lines = [["", "min", "mean", "max"], ["data", *spread(np.array([node.data for node in nodes]))]]
    grads = np.abs(gradients(nodes))
    if with_gradients and grads.size:
        lines.append(["|grad|", *spread(grads)])
    name, *widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join([f"{line[0]:<{name}}", *[f"{cell:>{n}}" for cell, n in zip(line[1:], widths, strict=True)]]) for line in lines]


def spread(numbers: NDArray[np.float64]) -> tuple[str, str, str]:
    """The minimum, the mean and the maximum as texts; all are nan if a number is."""
    least, most = float(numbers.min()), float(numbers.max())
    scale = max(-least, most, 1.0)  # so that the sum cannot overflow
    # Python's sum, unlike NumPy's, does not warn about inf - inf
    mean = float((numbers / scale).mean()) * scale if math.isfinite(scale) else sum(numbers.tolist()) / numbers.size
    return (number(least), number(mean), number(most))


def common(names: set[str]) -> str:
    """The only name; or their common name with ᵢ in place of numbers; or "" if they have none in common."""
    if len(names) > 1:
        names = {stem(name) for name in names}
    return names.pop() if len(names) == 1 else ""


def counted(n: int, noun: str, plural: str = "") -> str:
    """1 value, 1,000 values."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
