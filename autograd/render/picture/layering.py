"""A graph cut into layers from left to right, so that edges lead right: the order of the boxes in each layer, and their coordinates.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", IEEE Transactions on
Systems, Man and Cybernetics 11 (1981): layers, then the order within each layer, then coordinates.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate, groupby, pairwise
from math import sqrt
from typing import NamedTuple

LAYER_GAP = 34.0  # between layers, where the curves bend
BOX_GAP = 14.0  # between the boxes of a layer
LINE_GAP = 9.0  # between an edge that passes through a layer and its neighbours; between edges at a box
ARROW = 7.0  # the length of the last, straight part of an edge
BORDER = 10.0  # around everything, and within a cluster
ORDER_SWEEPS = 12
PLACE_SWEEPS = 40

Point = tuple[float, float]
Origin = tuple[int, int]  # the box that an edge comes from, and its index among the edges between the same two boxes
Hop = tuple[tuple[int, int], list[Point]]  # two points of neighbouring layers, and the bend between them
Course = tuple[Point, list[Hop], Point]  # the start, the hops from layer to layer, and the end


class Shape(NamedTuple):
    """The size of a box, and whether it is an ellipse."""

    width: float
    height: float
    round: bool = False


def sequence(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The boxes in topological order. A cycle is broken before the first of its boxes."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in set(edges):
        if tail != head:
            after[tail].append(head)
            waiting[head] += 1
    ready = [box for box in range(count) if not waiting[box]]
    heapify(ready)
    order: list[int] = []
    placed = [False] * count
    first_unplaced = 0
    while len(order) < count:
        while placed[first_unplaced]:
            first_unplaced += 1
        box = heappop(ready) if ready else first_unplaced
        if placed[box]:
            continue
        placed[box] = True
        order.append(box)
        for head in after[box]:
            waiting[head] -= 1
            if not waiting[head]:
                heappush(ready, head)
    return order


def layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: as far left as its inputs allow, or right before its use where that does not lengthen the edges.

    So the bias of a neuron stands beside the sum that it is added to, and neurons with common inputs stand below each other.
    """
    before: list[set[int]] = [set() for _ in range(count)]
    after: list[set[int]] = [set() for _ in range(count)]
    for tail, head in edges:
        before[head].add(tail)
        after[tail].add(head)
    layer = [0] * count
    stretched = [0] * count  # how many edges get longer if a box moves right, together with the boxes that lead only to it
    for box in range(count):
        layer[box] = max((layer[tail] + 1 for tail in before[box]), default=0)
        stretched[box] = sum(stretched[tail] if len(after[tail]) == 1 else 1 for tail in before[box])
    for box in range(count - 1, -1, -1):
        if after[box] and stretched[box] <= 1:
            layer[box] = min(layer[head] for head in after[box]) - 1
    return layer


class Link(NamedTuple):
    """The part of an edge that lies within one level: between two boxes, or between a box and a gate.

    Attributes:
        tail, head: the boxes or gates.
        origin: where the whole edge comes from.
        leaves, arrives: the heights of its ends, measured from the middle of the box; None where they can be chosen.
    """

    tail: int
    head: int
    origin: Origin
    leaves: float | None = None
    arrives: float | None = None


class Layers:
    """A graph cut into layers. Its points are the boxes and, after them, waypoints: one for each layer that an edge passes through.

    Edges from one box share waypoints, so that they run as one line and then branch. The first and the last boxes may be gates, which have
    no size; these make up the whole first layer and the whole last layer.
    """

    def __init__(self, shapes: Sequence[Shape], links: Sequence[Link], entries: int = 0, exits: int = 0) -> None:
        self.shapes = shapes
        self.links = links
        self.entries, self.exits = entries, exits
        inner = range(entries, len(shapes) - exits)
        between = [(link.tail - entries, link.head - entries) for link in links if link.tail in inner and link.head in inner]
        first = 1 if entries else 0
        self.layer = [first + layer for layer in layers(len(inner), between)]
        last = max(self.layer) + 1
        self.layer = [0] * entries + self.layer + [last] * exits
        self.heights = [shape.height for shape in shapes]
        self.routes: list[list[int]] = []  # for each link, the points from its tail to its head
        waypoints: dict[tuple[int, Origin, int], int] = {}
        near: dict[tuple[int, int, float, float], None] = {}  # two points of neighbouring layers, and the heights of the line's ends
        for link in links:
            route = [link.tail]
            for layer in range(self.layer[link.tail] + 1, self.layer[link.head]):
                key = (link.tail, link.origin, layer)  # edges between the same two boxes share none, so that each can be seen
                if key not in waypoints:
                    waypoints[key] = len(self.layer)
                    self.layer.append(layer)
                    self.heights.append(0.0)
                route.append(waypoints[key])
            route.append(link.head)
            self.routes.append(route)
            for left, right in pairwise(route):
                leaves = link.leaves if left == link.tail else None
                arrives = link.arrives if right == link.head else None
                near[left, right, leaves or 0.0, arrives or 0.0] = None
        self.before: list[list[tuple[int, float, float]]] = [[] for _ in self.layer]  # (point, height there, height here)
        self.after: list[list[tuple[int, float, float]]] = [[] for _ in self.layer]
        for left, right, leaves, arrives in sorted(near):
            self.before[right].append((left, leaves, arrives))
            self.after[left].append((right, arrives, leaves))
        self.rows: list[list[int]] = [[] for _ in range(max(self.layer) + 1)]
        for point, layer in enumerate(self.layer):
            self.rows[layer].append(point)
        self.y = [0.0] * len(self.layer)
        for row in self.rows:
            self.settle(row, [0.0] * len(row))

    def settle(self, row: list[int], wanted: list[float], weights: list[float] | None = None) -> None:
        """Move the points of a layer as close to the wanted heights as their order and the gaps between them allow."""
        gaps = [0.0]
        for above, below in pairwise(row):
            gap = BOX_GAP if self.heights[above] and self.heights[below] else LINE_GAP
            gaps.append(self.heights[above] / 2.0 + gap + self.heights[below] / 2.0)
        shifts = list(accumulate(gaps))
        # Without the gaps this is least squares with y[i] <= y[i + 1], solved by pooling: neighbours in the wrong order share their mean.
        blocks: list[tuple[float, float, int]] = []  # the sum of weight * height, the sum of weights, the number of points
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
        """Order the points of each layer by the mean height of their neighbours; keep the order with the fewest crossings."""
        best = (self.crossings(), [list(row) for row in self.rows])
        for sweep in range(ORDER_SWEEPS):
            neighbours, rows = (self.after, self.rows[::-1]) if sweep % 2 == 0 else (self.before, self.rows)
            for row in rows:
                key = {p: self.mean(neighbours[p]) if neighbours[p] else self.y[p] for p in row}
                row.sort(key=key.__getitem__)
                self.settle(row, [key[p] for p in row])
            best = min(best, (self.crossings(), [list(row) for row in self.rows]), key=lambda order: order[0])
        self.rows = best[1]

    def mean(self, neighbours: list[tuple[int, float, float]]) -> float:
        """The height at which a point would be level with its neighbours."""
        return sum(self.y[q] + there - here for q, there, here in neighbours) / len(neighbours)

    def crossings(self) -> int:
        """The number of crossings of edges between neighbouring layers."""
        total = 0
        for left, right in pairwise(self.rows):
            at = {point: i for i, point in enumerate(right)}
            passed: list[tuple[int, float]] = []
            for point in left:
                ends = sorted((here, at[q], there) for q, there, here in self.after[point])
                for _, group in groupby(ends, key=lambda end: end[0]):
                    arriving = [(place, height) for _, place, height in group]
                    total += sum(len(passed) - bisect_right(passed, end) for end in arriving)
                    for end in arriving:
                        insort(passed, end)
        return total

    def align(self) -> None:
        """With the order fixed, move every point towards its neighbours; then straighten the lines that can be straight."""
        # A line runs straight into a box of which it is the only input, or, in a program, the only one that was computed: leaves stand
        # beside it. In a graph of values this would bend the lines from operations, which are round, to their results.
        program = not any(shape.round for shape in self.shapes)
        straight = {
            p: heads[0]
            for p, heads in enumerate(self.after)
            if len(heads) == 1
            and (len(inputs := self.before[heads[0][0]]) == 1 or (program and [q for q, *_ in inputs if self.before[q]] == [p]))
        }
        links = [
            [(*link, 8.0 if link[0] in straight else 1.0) for link in self.before[p]]
            + [(*link, 8.0 if p in straight else 1.0) for link in self.after[p]]
            for p in range(len(self.layer))
        ]
        for sweep in range(PLACE_SWEEPS):
            for row in self.rows if sweep % 2 else self.rows[::-1]:
                weights = [sum(weight for *_, weight in links[p]) or 1.0 for p in row]  # an isolated box has none
                wanted = [
                    sum(weight * (self.y[q] + there - here) for q, there, here, weight in links[p]) / total
                    for p, total in zip(row, weights, strict=True)
                ]
                self.settle(row, wanted, weights)
        for row in self.rows[::-1]:
            wanted = [self.mean([straight[p]]) if p in straight else self.y[p] for p in row]
            self.settle(row, wanted, [1e7 if program and p in straight else 1.0 for p in row])  # leaves make room

    def coordinates(
        self, before: float, above: float, least_width: float, least_height: float
    ) -> tuple[list[Point], list[Course], float, float]:
        """The coordinates, once the order and the heights are known: those of boxes and links, and the width and height of the whole.

        Args:
            before, above: the space to leave on the left and above.
            least_width, least_height: the smallest size of the whole.
        """
        top = min(self.y[p] - h / 2.0 for p, h in enumerate(self.heights)) - BORDER - above
        self.y = [y - top for y in self.y]
        bottom = max(max(self.y[p] + h / 2.0 for p, h in enumerate(self.heights)) + BORDER, least_height)
        starts: list[float] = []
        ends: list[float] = []
        x = 0.0 if self.entries else BORDER + before
        for i, row in enumerate(self.rows):
            starts.append(x)
            ends.append(x + max(self.shapes[p].width for p in row if p < len(self.shapes)))
            drops = (abs(self.y[p] + here - self.y[q] - there) for p in row for q, there, here in self.after[p])
            x = ends[-1] + LAYER_GAP + min(0.12 * max(drops, default=0.0), 2.0 * LAYER_GAP) + (before if self.entries and i == 0 else 0.0)
        width = max(ends[-1] + (0.0 if self.exits else BORDER), least_width)
        if self.exits:
            starts[-1] = ends[-1] = width
        centres = [((starts[self.layer[p]] + ends[self.layer[p]]) / 2.0, self.y[p]) for p in range(len(self.shapes))]
        leaving = self.ports([(route[0], route[1], link.leaves) for route, link in zip(self.routes, self.links, strict=True)], centres, 1.0)
        arriving = self.ports(
            [(route[-1], route[-2], link.arrives) for route, link in zip(self.routes, self.links, strict=True)], centres, -1.0
        )
        paths = []
        for route, start, tip in zip(self.routes, leaving, arriving, strict=True):
            hops = []
            y = start[1]
            for left, right in pairwise(route):
                # straight through a layer, beside its boxes; the bend lies in the gap, where there are no boxes
                end_y = tip[1] if right == route[-1] else self.y[right]
                begin, end = ends[self.layer[left]], starts[self.layer[right]] - ARROW
                middle = (begin + end) / 2.0
                hops.append(((left, right), [(begin, y), (middle, y), (middle, end_y), (end, end_y)]))
                y = end_y
            paths.append((start, hops, tip))
        return centres, paths, width, bottom

    def ports(self, ends: list[tuple[int, int, float | None]], centres: list[Point], side: float) -> list[Point]:
        """The point where each edge touches its box, in the order of the other ends, so that edges do not cross at the box.

        Args:
            ends: for each edge the box, the next point of its route, and the height, or None where it can be chosen.
            centres: the centres of the boxes.
            side: 1 for edges that leave, on the right; -1 for edges that arrive, on the left.
        """
        # edges that run as one line to a waypoint share a port; two edges to one box do not
        keys = [(self.y[point], point, edge if point < len(self.shapes) else -1) for edge, (_, point, _) in enumerate(ends)]
        slots: defaultdict[int, set[tuple[float, int, int]]] = defaultdict(set)
        for (box, _, given), key in zip(ends, keys, strict=True):
            if given is None:
                slots[box].add(key)
        height_of: dict[tuple[int, tuple[float, int, int]], float] = {}
        for box, used in slots.items():
            room = self.shapes[box].height * (0.8 if self.shapes[box].round else 0.7)
            step = min(LINE_GAP, room / max(1, len(used) - 1))
            if side < 0.0 and step < ARROW - 1.0:
                step = 0.0  # the arrowheads would overlap: all lines end in one
            for i, key in enumerate(sorted(used)):
                height_of[box, key] = (i - (len(used) - 1) / 2.0) * step
        points = []
        for (box, _, given), key in zip(ends, keys, strict=True):
            width, height, is_round = self.shapes[box]
            dy = height_of[box, key] if given is None else given
            dx = width / 2.0 * (sqrt(1.0 - (2.0 * dy / height) ** 2) if is_round else 1.0)
            points.append((centres[box][0] + side * dx, centres[box][1] + dy))
        return points
