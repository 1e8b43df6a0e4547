"""Where to draw the boxes of a graph, and the curves between them: layers from left to right, so that edges lead right.

Pure geometry: it knows sizes, edges and which boxes belong together, and no text. A cluster is laid out by itself, and is then one
box among the others; edges cross its border at gates. Where edges run in a circle, one of them is drawn from right to left.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", IEEE Transactions on
Systems, Man and Cybernetics 11 (1981): layers, then the order within each layer, then coordinates.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate, groupby, pairwise
from math import sqrt
from typing import NamedTuple

LAYER_GAP = 34.0  # between layers, where the curves bend
BOX_GAP = 14.0  # between the boxes of a layer
LINE_GAP = 9.0  # between an edge that passes through a layer and what is beside it; between edges at a box
ARROW = 7.0  # the last, straight piece of an edge
BORDER = 10.0  # around everything, and within a cluster
ORDER_SWEEPS = 12
PLACE_SWEEPS = 40
WHOLE = -1  # the level of what is in no cluster

Point = tuple[float, float]
Origin = tuple[int, int]  # the box that an edge comes from, and the how many-th of the edges between two boxes it is
Key = tuple[int | str, int | str, Origin]  # what an edge connects within one level: items, or a gate, "in" or "out"
Hop = tuple[tuple[int, int], list[Point]]  # two points of neighbouring layers, and the bend between them
Path = tuple[Point, list[Hop], Point]


class Shape(NamedTuple):
    """The size of a box, and whether it is an ellipse."""

    width: float
    height: float
    round: bool = False


class Enclosure(NamedTuple):
    """A cluster: the position of the cluster it is in, which comes before it, or -1; and the size of its title."""

    parent: int
    title: Shape


class Frame(NamedTuple):
    """Where the border of a cluster is: its left upper corner and its size."""

    left: float
    top: float
    width: float
    height: float


class Layout(NamedTuple):
    """Where everything is.

    Attributes:
        centres: of the boxes.
        curves: for each edge its start, or the place where it parts from an earlier one; four points for each gap between layers
            that it crosses, a line to the first and from there a cubic Bézier curve; and its end.
        width: of everything, with a border.
        height: of everything.
        frames: of the clusters.
    """

    centres: list[Point]
    curves: list[list[Point]]
    width: float
    height: float
    frames: list[Frame]


def place(
    shapes: Sequence[Shape],
    edges: Sequence[tuple[int, int]],
    rankdir: str = "LR",
    home: Sequence[int] = (),
    clusters: Sequence[Enclosure] = (),
) -> Layout:
    """Lay out boxes so that none overlap and no edge passes through a box, nor through a cluster where it has no end.

    Args:
        shapes: the boxes, as far as possible inputs before what is computed from them.
        edges: (from, to), positions in `shapes`; one that occurs twice is drawn twice.
        rankdir: "LR" has the last box on the right, "TB" at the bottom.
        home: for each box the position of the innermost cluster it is in, or -1; where it is not given all are in none.
        clusters: those, each with a box in it.
    """
    home = home or [WHOLE] * len(shapes)
    if rankdir == "LR":
        return Nest(shapes, edges, home, clusters).layout()
    # the same picture, mirrored at the diagonal
    mirrored = [Shape(height, width, is_round) for width, height, is_round in shapes]
    layout = Nest(mirrored, edges, home, clusters, titles_above=False).layout()
    curves = [[(y, x) for x, y in curve] for curve in layout.curves]
    frames = [Frame(top, left, height, width) for left, top, width, height in layout.frames]
    return Layout([(y, x) for x, y in layout.centres], curves, layout.height, layout.width, frames)


def sequence(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Boxes in an order in which edges lead to later ones; where they run in a circle it begins with the first box that is left."""
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
    first_left = 0
    while len(order) < count:
        while placed[first_left]:
            first_left += 1
        box = heappop(ready) if ready else first_left
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


class Link(NamedTuple):
    """The part of an edge that lies within one level: between two boxes, or a box and a gate; and the heights of its ends there.

    A height is measured from the middle of the box, and None where it is free to choose.
    """

    tail: int
    head: int
    origin: Origin
    leaves: float | None = None
    arrives: float | None = None


class Nest:
    """Clusters in clusters. The inside of each, and the whole, is a level with `Layers` of its own."""

    def __init__(
        self,
        shapes: Sequence[Shape],
        edges: Sequence[tuple[int, int]],
        home: Sequence[int],
        clusters: Sequence[Enclosure],
        titles_above: bool = True,
    ) -> None:
        self.shapes = shapes
        self.home = home
        self.clusters = clusters
        self.titles_above = titles_above
        self.climbs = [dict(self.climb(box)) for box in range(len(shapes))]
        self.turned = self.against_the_stream(edges)
        self.edges = [(head, tail) if turn else (tail, head) for (tail, head), turn in zip(edges, self.turned, strict=True)]

    def climb(self, box: int) -> Iterator[tuple[int, int]]:
        """The levels around a box from the inside out, and what it is there: itself, and then ~c, the cluster c that it is in."""
        level, item = self.home[box], box
        while level != WHOLE:
            yield level, item
            level, item = self.clusters[level].parent, ~level
        yield WHOLE, item

    def meet(self, tail: int, head: int) -> int:
        """The innermost level that both boxes are in."""
        return next(level for level in self.climbs[tail] if level in self.climbs[head])

    def against_the_stream(self, edges: Sequence[tuple[int, int]]) -> list[bool]:
        """For each edge whether it has to lead left."""
        inner: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for tail, head in edges:
            level = self.meet(tail, head)
            inner[level].append((self.climbs[tail][level], self.climbs[head][level]))
        self.order: dict[int, dict[int, int]] = {}
        for level, items in self.items().items():
            position = {item: i for i, item in enumerate(items)}
            order = sequence(len(items), [(position[tail], position[head]) for tail, head in inner[level]])
            self.order[level] = {items[i]: place for place, i in enumerate(order)}
        turned = []
        for tail, head in edges:
            level = self.meet(tail, head)
            turned.append(self.order[level][self.climbs[tail][level]] > self.order[level][self.climbs[head][level]])
        return turned

    def items(self) -> dict[int, list[int]]:
        """What is in each level, by the first box in it."""
        found: dict[int, dict[int, None]] = defaultdict(dict)
        for climb in self.climbs:
            for level, item in climb.items():
                found[level].setdefault(item)
        return {level: list(items) for level, items in found.items()}

    def layout(self) -> Layout:
        """Every level from the inside out, then the places of all from the outside in."""
        links: defaultdict[int, dict[Key, None]] = defaultdict(dict)
        ways = []  # for each edge its links
        occurrences: Counter[tuple[int, int]] = Counter()
        for tail, head in self.edges:
            origin = (tail, occurrences[tail, head])
            occurrences[tail, head] += 1
            way = list(self.way(tail, head, origin))
            for level, key in way:
                links[level][key] = None
            ways.append(way)
        inside: dict[int, Level] = {}
        for level in [*range(len(self.clusters) - 1, -1, -1), WHOLE]:
            inside[level] = Level(self, level, list(links[level]), inside)
        corner: dict[int, Point] = {WHOLE: (0.0, 0.0)}
        for level, enclosure in enumerate(self.clusters):
            x, y = inside[enclosure.parent].centre_of[~level]
            left, top = corner[enclosure.parent]
            corner[level] = (left + x - inside[level].width / 2.0, top + y - inside[level].height / 2.0)
        centres = []
        for box, home in enumerate(self.home):
            x, y = inside[home].centre_of[box]
            centres.append((corner[home][0] + x, corner[home][1] + y))
        frames = [Frame(*corner[c], inside[c].width, inside[c].height) for c in range(len(self.clusters))]
        whole = inside[WHOLE]
        return Layout(centres, list(self.curves(ways, inside, corner)), whole.width, whole.height, frames)

    def way(self, tail: int, head: int, origin: Origin) -> Iterator[tuple[int, Key]]:
        """The links of an edge: out of the clusters that the tail is in, across, and into those that the head is in."""
        meet = self.meet(tail, head)
        inward = []
        for level, item in self.climbs[tail].items():
            if level == meet:
                yield level, (item, self.climbs[head][level], origin)
                break
            yield level, (item, "out", origin)
        for level, item in self.climbs[head].items():
            if level == meet:
                break
            inward.append((level, ("in", item, origin)))
        yield from reversed(inward)

    def curves(self, ways: list[list[tuple[int, Key]]], inside: dict[int, Level], corner: dict[int, Point]) -> Iterator[list[Point]]:
        """The curve of each edge. Edges from one box run as one line, and the later one is drawn from where it parts."""
        run: set[tuple[int, int, int, Origin]] = set()
        for way, turned in zip(ways, self.turned, strict=True):
            curve: list[Point] = []
            for level, key in way:
                left, top = corner[level]
                start, hops, tip = inside[level].path_of[key]
                if not curve:
                    curve = [(left + start[0], top + start[1])]
                for i, (points, bend) in enumerate(hops):
                    moved = [(left + x, top + y) for x, y in bend]
                    here = (level, *points, key[2])
                    if here in run and (i < len(hops) - 1 or level != way[-1][0]):
                        curve = moved[-1:]
                        continue
                    run.add(here)
                    curve += moved
            curve.append((left + tip[0], top + tip[1]))
            yield curve[::-1] if turned else curve


class Level:
    """The inside of one cluster, or the whole, laid out; in coordinates of its own.

    Attributes:
        width, height: of its frame.
        centre_of: by item, the centre of each box and cluster.
        path_of: for each link the start, the hops from layer to layer, and the end.
        gates: ("in" or "out", origin) to the height at which edges cross the frame.
    """

    width: float
    height: float
    centre_of: dict[int, Point]
    path_of: dict[Key, Path]
    gates: dict[tuple[str, Origin], float]

    def __init__(self, nest: Nest, level: int, keys: list[Key], inside: dict[int, Level]) -> None:
        items = sorted(nest.order[level], key=nest.order[level].__getitem__)
        entries = list(dict.fromkeys(origin for tail, _, origin in keys if tail == "in"))
        exits = list(dict.fromkeys(origin for _, head, origin in keys if head == "out"))
        points: list[int | tuple[str, Origin]] = [
            *[("in", origin) for origin in entries],
            *items,
            *[("out", origin) for origin in exits],
        ]
        position = {point: i for i, point in enumerate(points)}
        shapes = [Shape(0.0, 0.0)] * len(entries)
        shapes += [nest.shapes[item] if item >= 0 else Shape(inside[~item].width, inside[~item].height) for item in items]
        shapes += [Shape(0.0, 0.0)] * len(exits)
        links = []
        for tail, head, origin in keys:
            leaves = arrives = None
            if isinstance(tail, int) and tail < 0:
                leaves = inside[~tail].gates["out", origin] - inside[~tail].height / 2.0
            if isinstance(head, int) and head < 0:
                arrives = inside[~head].gates["in", origin] - inside[~head].height / 2.0
            start, end = tail if isinstance(tail, int) else (tail, origin), head if isinstance(head, int) else (head, origin)
            links.append(Link(position[start], position[end], origin, leaves, arrives))
        graph = Layers(shapes, links, len(entries), len(exits))
        graph.sort()
        graph.align()
        before, above, least_width, least_height = 0.0, 0.0, 0.0, 0.0
        if level != WHOLE:
            title = nest.clusters[level].title
            if nest.titles_above:
                above, least_width = title.height, title.width + 2.0 * BORDER
            else:
                before, least_height = title.height, title.width + 2.0 * BORDER
        centres, paths, self.width, self.height = graph.coordinates(before, above, least_width, least_height)
        self.centre_of = {item: centres[position[item]] for item in items}
        self.path_of = dict(zip(keys, paths, strict=True))
        self.gates = {point: centres[position[point]][1] for point in points if isinstance(point, tuple)}


class Layers:
    """A graph cut into layers. Points are the boxes and, after them, waypoints: one for each layer that an edge passes through.

    The waypoints of edges from one box are shared, so that they run as one line and then branch. The first and the last boxes may
    be gates, of no size: they are all of the first layer, and all of the last.
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
        near: dict[tuple[int, int, float, float], None] = {}  # points of neighbouring layers, and where at them their line ends
        for link in links:
            route = [link.tail]
            for layer in range(self.layer[link.tail] + 1, self.layer[link.head]):
                key = (link.tail, link.origin, layer)  # edges between the same two boxes share nothing: both are to be seen
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
                key = {p: self.mean(neighbours[p]) if neighbours[p] else self.y[p] for p in row}
                row.sort(key=key.__getitem__)
                self.settle(row, [key[p] for p in row])
            best = min(best, (self.crossings(), [list(row) for row in self.rows]), key=lambda found: found[0])
        self.rows = best[1]

    def mean(self, neighbours: list[tuple[int, float, float]]) -> float:
        """Where a point would be in line with its neighbours."""
        return sum(self.y[q] + there - here for q, there, here in neighbours) / len(neighbours)

    def crossings(self) -> int:
        """How often edges cross between neighbouring layers."""
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
        """With the order fixed, pull every point to its neighbours; last, straighten the lines that can be straight."""
        straight = {p: heads[0] for p, heads in enumerate(self.after) if len(heads) == 1 and len(self.before[heads[0][0]]) == 1}
        links = [
            [(*link, 8.0 if link[0] in straight else 1.0) for link in self.before[p]]
            + [(*link, 8.0 if p in straight else 1.0) for link in self.after[p]]
            for p in range(len(self.layer))
        ]
        for sweep in range(PLACE_SWEEPS):
            for row in self.rows if sweep % 2 else self.rows[::-1]:
                weights = [sum(weight for *_, weight in links[p]) or 1.0 for p in row]  # a lone box has none
                wanted = [
                    sum(weight * (self.y[q] + there - here) for q, there, here, weight in links[p]) / total
                    for p, total in zip(row, weights, strict=True)
                ]
                self.settle(row, wanted, weights)
        for row in self.rows[::-1]:
            self.settle(row, [self.mean([straight[p]]) if p in straight else self.y[p] for p in row])

    def coordinates(
        self, before: float, above: float, least_width: float, least_height: float
    ) -> tuple[list[Point], list[Path], float, float]:
        """The coordinates, once the order and the heights are settled: of the boxes, of the links, and the size of everything.

        Args:
            before, above: room to leave on the left and above.
            least_width, least_height: of everything.
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
                # straight through a layer, beside its boxes; the bend lies in the gap, where there are none
                end_y = tip[1] if right == route[-1] else self.y[right]
                begin, end = ends[self.layer[left]], starts[self.layer[right]] - ARROW
                middle = (begin + end) / 2.0
                hops.append(((left, right), [(begin, y), (middle, y), (middle, end_y), (end, end_y)]))
                y = end_y
            paths.append((start, hops, tip))
        return centres, paths, width, bottom

    def ports(self, ends: list[tuple[int, int, float | None]], centres: list[Point], side: float) -> list[Point]:
        """Where each edge touches its box, in the order of where it goes to or comes from, so that edges do not cross at the box.

        Args:
            ends: for each edge the box, the point that is next on its way, and the height where it is given.
            centres: of the boxes.
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
                step = 0.0  # arrowheads would lie on each other: all lines end in one
            for i, key in enumerate(sorted(used)):
                height_of[box, key] = (i - (len(used) - 1) / 2.0) * step
        points = []
        for (box, _, given), key in zip(ends, keys, strict=True):
            width, height, is_round = self.shapes[box]
            dy = height_of[box, key] if given is None else given
            dx = width / 2.0 * (sqrt(1.0 - (2.0 * dy / height) ** 2) if is_round else 1.0)
            points.append((centres[box][0] + side * dx, centres[box][1] + dy))
        return points
