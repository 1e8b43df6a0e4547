"""Where to draw the boxes of a graph, and the curves between them.

Pure geometry: it knows sizes, edges and clusters, and no text. The inside of a cluster is laid out on its own, and then the cluster is one
box among others; edges cross its border at gates. In a cycle of edges, one of them is drawn from right to left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd.render.picture.layering import BORDER, Course, Layers, Link, Origin, Point, Shape, sequence

WHOLE = -1  # the level of everything that is in no cluster

Key = tuple[int | str, int | str, Origin]  # what an edge connects within one level: items, or a gate, "in" or "out"


class Enclosure(NamedTuple):
    """A cluster: the position of the cluster around it, which comes before it, or -1; and the size of its title."""

    parent: int
    title: Shape


class Frame(NamedTuple):
    """The border of a cluster: its upper left corner and its size."""

    left: float
    top: float
    width: float
    height: float


class Placement(NamedTuple):
    """The place of everything.

    Attributes:
        centres: the centres of the boxes.
        curves: for each edge its start, or the point where it branches off from an earlier edge; four points for each gap between layers
            that it crosses, a line to the first and from there a cubic Bézier curve; and its end.
        width, height: the size of the whole, with a border.
        frames: the frames of the clusters.
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
) -> Placement:
    """Lay out boxes so that none overlap, and no edge passes through a box, or through a cluster in which it does not end.

    Args:
        shapes: the boxes, as far as possible in topological order.
        edges: (from, to), as positions in `shapes`; an edge that occurs twice is drawn twice.
        rankdir: "LR" has the last box on the right, "TB" at the bottom.
        home: for each box the position of the innermost cluster around it, or -1; by default no box is in a cluster.
        clusters: the clusters, each with a box in it.
    """
    home = home or [WHOLE] * len(shapes)
    if rankdir == "LR":
        return Nest(shapes, edges, home, clusters).placed()
    # the same picture, transposed
    mirrored = [Shape(height, width, is_round) for width, height, is_round in shapes]
    placed = Nest(mirrored, edges, home, clusters, titles_above=False).placed()
    curves = [[(y, x) for x, y in curve] for curve in placed.curves]
    frames = [Frame(top, left, height, width) for left, top, width, height in placed.frames]
    return Placement([(y, x) for x, y in placed.centres], curves, placed.height, placed.width, frames)


class Nest:
    """Nested clusters. The inside of each, and the whole, is a level with `Layers` of its own."""

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
        """The levels around a box from the inside out, and its item in each: the box itself, then ~c for the cluster c around it."""
        level, item = self.home[box], box
        while level != WHOLE:
            yield level, item
            level, item = self.clusters[level].parent, ~level
        yield WHOLE, item

    def meet(self, tail: int, head: int) -> int:
        """The innermost level that contains both boxes."""
        return next(level for level in self.climbs[tail] if level in self.climbs[head])

    def against_the_stream(self, edges: Sequence[tuple[int, int]]) -> list[bool]:
        """For each edge whether it is drawn from right to left."""
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
        """The items of each level, in the order of the first box of each."""
        items_of: dict[int, dict[int, None]] = defaultdict(dict)
        for climb in self.climbs:
            for level, item in climb.items():
                items_of[level].setdefault(item)
        return {level: list(items) for level, items in items_of.items()}

    def placed(self) -> Placement:
        """Lay out every level from the inside out, then place everything from the outside in."""
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
        return Placement(centres, list(self.curves(ways, inside, corner)), whole.width, whole.height, frames)

    def way(self, tail: int, head: int, origin: Origin) -> Iterator[tuple[int, Key]]:
        """The links of an edge: out of the clusters around its tail, across, and into the clusters around its head."""
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
        """The curve of each edge. Edges from one box run as one line; a later one is drawn from the point where it branches off."""
        run: set[tuple[int, int, int, Origin]] = set()
        for way, turned in zip(ways, self.turned, strict=True):
            curve: list[Point] = []
            for level, key in way:
                left, top = corner[level]
                start, hops, tip = inside[level].course_of[key]
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
    """The inside of one cluster, or the whole, laid out in coordinates of its own.

    Attributes:
        width, height: the size of its frame.
        centre_of: the centre of each item: a box or a cluster.
        course_of: the course of each link.
        gates: the height at which edges cross the frame, by "in" or "out" and their origin.
    """

    width: float
    height: float
    centre_of: dict[int, Point]
    course_of: dict[Key, Course]
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
        self.course_of = dict(zip(keys, paths, strict=True))
        self.gates = {point: centres[position[point]][1] for point in points if isinstance(point, tuple)}
