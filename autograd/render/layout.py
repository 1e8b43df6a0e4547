"""Where to draw the boxes of a graph, and the curves between them: layers from left to right, so that every edge leads right.

Pure geometry: it knows sizes and edges, and no text. It is for graphs with a single last box (the root), to which every other leads.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", IEEE Transactions on
Systems, Man and Cybernetics 11 (1981): layers, then the order within each layer, then coordinates.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import sqrt
from typing import NamedTuple

LAYER_GAP = 34.0  # between layers, where the curves bend
BOX_GAP = 14.0  # between the boxes of a layer
LINE_GAP = 9.0  # between an edge that passes through a layer and what is beside it; between edges at a box
ARROW = 7.0  # the last, straight piece of an edge
BORDER = 10.0  # around everything
ORDER_SWEEPS = 12
PLACE_SWEEPS = 40

Point = tuple[float, float]


class Shape(NamedTuple):
    """The size of a box, and whether it is an ellipse."""

    width: float
    height: float
    round: bool = False


class Layout(NamedTuple):
    """Where everything is.

    Attributes:
        centres: of the boxes.
        curves: for each edge its start, or the place where it parts from an earlier one; four points for each gap between layers
            that it crosses, a line to the first and from there a cubic Bézier curve; and its end.
        width: of everything, with a border.
        height: of everything.
    """

    centres: list[Point]
    curves: list[list[Point]]
    width: float
    height: float


def place(shapes: Sequence[Shape], edges: Sequence[tuple[int, int]], rankdir: str = "LR") -> Layout:
    """Lay out boxes so that none overlap and no edge passes through a box.

    Args:
        shapes: the boxes, inputs before what is computed from them.
        edges: (from, to), positions in `shapes`; one that occurs twice is drawn twice.
        rankdir: "LR" has the last box on the right, "TB" at the bottom.
    """
    if rankdir == "TB":  # the same picture, mirrored at the diagonal
        mirrored = place([Shape(height, width, is_round) for width, height, is_round in shapes], edges)
        curves = [[(y, x) for x, y in curve] for curve in mirrored.curves]
        return Layout([(y, x) for x, y in mirrored.centres], curves, mirrored.height, mirrored.width)
    graph = Layers(shapes, edges)
    graph.sort()
    graph.align()
    return graph.coordinates()


def layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: as far left as its inputs allow, but just before its use where that makes the edges no longer.

    So the bias of a neuron stands beside the sum that it is added to, and neurons with common inputs stand below each other.
    """
    before: list[set[int]] = [set() for _ in range(count)]
    after: list[set[int]] = [set() for _ in range(count)]
    for tail, head in edges:
        before[head].add(tail)
        after[tail].add(head)
    layer = [0] * count
    stretched = [0] * count  # how many edges grow if a box moves right, and with it what only leads to it
    for box in range(count):
        layer[box] = max((layer[tail] + 1 for tail in before[box]), default=0)
        stretched[box] = sum(stretched[tail] if len(after[tail]) == 1 else 1 for tail in before[box])
    for box in range(count - 1, -1, -1):
        if after[box] and stretched[box] <= 1:
            layer[box] = min(layer[head] for head in after[box]) - 1
    return layer


class Layers:
    """The graph cut into layers. Points are the boxes and, after them, waypoints: one for each layer that an edge passes through.

    The waypoints of edges from one box are shared, so that they run as one line and then branch.
    """

    def __init__(self, shapes: Sequence[Shape], edges: Sequence[tuple[int, int]]) -> None:
        self.shapes = shapes
        self.layer = layers(len(shapes), edges)
        self.heights = [shape.height for shape in shapes]
        self.routes: list[list[int]] = []  # for each edge, the points from its tail to its head
        waypoints: dict[tuple[int, int, int], int] = {}
        occurrences: Counter[tuple[int, int]] = Counter()
        for tail, head in edges:
            occurrence = occurrences[tail, head]
            occurrences[tail, head] += 1
            route = [tail]
            for layer in range(self.layer[tail] + 1, self.layer[head]):
                key = (tail, occurrence, layer)  # edges between the same two boxes share nothing: both are to be seen
                if key not in waypoints:
                    waypoints[key] = len(self.layer)
                    self.layer.append(layer)
                    self.heights.append(0.0)
                route.append(waypoints[key])
            self.routes.append([*route, head])
        self.before: list[list[int]] = [[] for _ in self.layer]
        self.after: list[list[int]] = [[] for _ in self.layer]
        for left, right in sorted({link for route in self.routes for link in pairwise(route)}):
            self.before[right].append(left)
            self.after[left].append(right)
        self.rows: list[list[int]] = [[] for _ in range(max(self.layer) + 1)]
        for point, layer in enumerate(self.layer):
            self.rows[layer].append(point)
        self.y = [0.0] * len(self.layer)
        for row in self.rows:
            self.settle(row, [0.0] * len(row))

    def settle(self, row: list[int], wanted: list[float], weights: list[float] | None = None) -> None:
        """Put the points of a layer as near to the wanted places as their order and the gaps between them allow."""
        gaps = [0.0]
        for above, below in pairwise(row):
            gap = BOX_GAP if self.heights[above] and self.heights[below] else LINE_GAP
            gaps.append(self.heights[above] / 2.0 + gap + self.heights[below] / 2.0)
        shifts = list(accumulate(gaps))
        # Less the gaps this is least squares with y[i] <= y[i + 1], solved by pooling: neighbours in the wrong order share their mean.
        blocks: list[tuple[float, float, int]] = []  # sum of weight * place, sum of weights, points
        for place, shift, weight in zip(wanted, shifts, weights or [1.0] * len(row), strict=True):
            block = (weight * (place - shift), weight, 1)
            while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
                last = blocks.pop()
                block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
            blocks.append(block)
        places = [total / weight for total, weight, count in blocks for _ in range(count)]
        for point, place, shift in zip(row, places, shifts, strict=True):
            self.y[point] = place + shift

    def sort(self) -> None:
        """Order the points of each layer by the mean height of their neighbours, to and fro; keep the order with fewest crossings."""
        best = (self.crossings(), [list(row) for row in self.rows])
        for sweep in range(ORDER_SWEEPS):
            neighbours, rows = (self.after, self.rows[::-1]) if sweep % 2 == 0 else (self.before, self.rows)
            for row in rows:
                key = {p: sum(self.y[q] for q in neighbours[p]) / len(neighbours[p]) if neighbours[p] else self.y[p] for p in row}
                row.sort(key=key.__getitem__)
                self.settle(row, [key[p] for p in row])
            best = min(best, (self.crossings(), [list(row) for row in self.rows]), key=lambda found: found[0])
        self.rows = best[1]

    def crossings(self) -> int:
        """How often edges cross between neighbouring layers."""
        total = 0
        for left, right in pairwise(self.rows):
            at = {point: i for i, point in enumerate(right)}
            passed: list[int] = []
            for point in left:
                ends = sorted(at[q] for q in self.after[point])
                total += sum(len(passed) - bisect_right(passed, end) for end in ends)
                for end in ends:
                    insort(passed, end)
        return total

    def align(self) -> None:
        """With the order fixed, pull every point to its neighbours; last, straighten the lines that can be straight."""
        straight = {p: heads[0] for p, heads in enumerate(self.after) if len(heads) == 1 and len(self.before[heads[0]]) == 1}
        links = [
            [(q, 8.0 if q in straight else 1.0) for q in self.before[p]] + [(q, 8.0 if p in straight else 1.0) for q in self.after[p]]
            for p in range(len(self.layer))
        ]
        for sweep in range(PLACE_SWEEPS):
            for row in self.rows if sweep % 2 else self.rows[::-1]:
                weights = [sum(weight for _, weight in links[p]) or 1.0 for p in row]  # a lone box has none
                wanted = [sum(weight * self.y[q] for q, weight in links[p]) / total for p, total in zip(row, weights, strict=True)]
                self.settle(row, wanted, weights)
        for row in self.rows[::-1]:
            self.settle(row, [self.y[straight.get(p, p)] for p in row])

    def coordinates(self) -> Layout:
        """The coordinates, once the order and the heights are settled."""
        top = min(self.y[p] - h / 2.0 for p, h in enumerate(self.heights)) - BORDER
        self.y = [y - top for y in self.y]
        bottom = max(self.y[p] + h / 2.0 for p, h in enumerate(self.heights)) + BORDER
        starts: list[float] = []
        ends: list[float] = []
        x = BORDER
        for row in self.rows:
            starts.append(x)
            ends.append(x + max(self.shapes[p].width for p in row if p < len(self.shapes)))
            steepest = max((abs(self.y[p] - self.y[q]) for p in row for q in self.after[p]), default=0.0)
            x = ends[-1] + LAYER_GAP + min(0.12 * steepest, 2.0 * LAYER_GAP)
        centres = [((starts[self.layer[p]] + ends[self.layer[p]]) / 2.0, self.y[p]) for p in range(len(self.shapes))]
        leaving = self.ports([(route[0], route[1]) for route in self.routes], centres, 1.0)
        arriving = self.ports([(route[-1], route[-2]) for route in self.routes], centres, -1.0)
        curves = []
        run: set[tuple[int, int]] = set()
        for route, start, tip in zip(self.routes, leaving, arriving, strict=True):
            curve = [start]
            for left, right in pairwise(route):
                if (left, right) in run and right != route[-1]:  # shared with an edge before: this one begins where they part
                    curve = [(starts[self.layer[right]], self.y[right])]
                    continue
                run.add((left, right))
                # straight through a layer, beside its boxes; the bend lies in the gap, where there are none
                y, end_y = curve[-1][1], tip[1] if right == route[-1] else self.y[right]
                begin, end = ends[self.layer[left]], starts[self.layer[right]] - ARROW
                middle = (begin + end) / 2.0
                curve += [(begin, y), (middle, y), (middle, end_y), (end, end_y)]
            curves.append([*curve, tip])
        return Layout(centres, curves, ends[-1] + BORDER, bottom)

    def ports(self, ends: list[tuple[int, int]], centres: list[Point], side: float) -> list[Point]:
        """Where each edge touches its box, in the order of where it goes to or comes from, so that edges do not cross at the box.

        Args:
            ends: for each edge the box and the point that is next on its way.
            centres: of the boxes.
            side: 1 for edges that leave, on the right; -1 for edges that arrive, on the left.
        """
        # edges that run as one line to a waypoint share a port; two edges to one box do not
        keys = [(self.y[point], point, edge if point < len(self.shapes) else -1) for edge, (_, point) in enumerate(ends)]
        slots: defaultdict[int, set[tuple[float, int, int]]] = defaultdict(set)
        for (box, _), key in zip(ends, keys, strict=True):
            slots[box].add(key)
        height_of: dict[tuple[int, tuple[float, int, int]], float] = {}
        for box, used in slots.items():
            room = self.shapes[box].height * (0.8 if self.shapes[box].round else 0.7)
            step = min(LINE_GAP, room / max(1, len(used) - 1))
            if side < 0.0 and step < ARROW - 1.0:
                step = 0.0  # arrowheads would lie on each other: all lines end in one
            for i, key in enumerate(sorted(used)):
                height_of[box, key] = (i - (len(used) - 1) / 2.0) * step
        points = []
        for (box, _), key in zip(ends, keys, strict=True):
            width, height, is_round = self.shapes[box]
            dy = height_of[box, key]
            dx = width / 2.0 * (sqrt(1.0 - (2.0 * dy / height) ** 2) if is_round else 1.0)
            points.append((centres[box][0] + side * dx, centres[box][1] + dy))
        return points
