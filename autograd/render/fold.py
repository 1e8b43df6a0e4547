"""Which nodes of a graph a picture shows as one box: those of one scope, and those that repeat the same structure.

A graph has one node a scalar, so that of a training step has tens of thousands. Most of them say the same over and over: one
neuron after the other, one sample after the other. A partition of the nodes is a list that has, for each node, the number of its part.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import chain, compress, pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

from autograd.errors import InputError
from autograd.ops import ADD
from autograd.value import Value

ROUNDS = 2  # how many steps back are compared where a graph is too deep to be compared as a whole


@dataclass(frozen=True)
class Edges:
    """Who takes an input from whom: one row an edge, sorted by who takes it, and then by which of its inputs it is.

    Attributes:
        heads: the node that takes it.
        tails: the node it is taken from.
        starts: for each node the row of its first input; the last is the number of edges.
    """

    heads: NDArray[np.intp]
    tails: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, heads: NDArray[np.intp], tails: NDArray[np.intp], count: int) -> Edges:
        """Edges of so many nodes, the heads sorted."""
        return cls(heads, tails, np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=count))]))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Which of the inputs of its head an edge is: 0, 1, …"""
        return np.arange(len(self.heads)) - self.starts[self.heads]

    def inputs(self, i: int) -> list[int]:
        """The nodes that a node takes its inputs from, in order and with multiplicity."""
        found: list[int] = self.tails[self.starts[i] : self.starts[i + 1]].tolist()
        return found

    @cached_property
    def rows(self) -> list[tuple[int, ...]]:
        """The same for each node."""
        tails = tuple(self.tails.tolist())
        return [tails[start:end] for start, end in pairwise(self.starts.tolist())]


@dataclass(slots=True)
class Group:
    """Nodes that are shown as one.

    Attributes:
        cluster: the scope that it is drawn in, "" for none, or where its nodes are of several.
        members: positions in the topological order; of a node that is shown by itself the one.
        scopes: the scopes that are folded into it, none where it is no whole scope.
        parts: how many there are of what repeats: scopes, or sums, each a chain of additions, or nodes.
    """

    cluster: str
    members: list[int] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    parts: int = 0


@dataclass(slots=True)
class Folded:
    """A graph, and the groups it is shown as.

    Attributes:
        order: the nodes, inputs before what is computed from them.
        edges: between the positions of the nodes.
        groups: the last is the root by itself.
        group_of: for each node the position of its group.
        depth: how many scopes within scopes are drawn; deeper ones are folded.
        alike: how structure was folded: "" not at all; "all" where everything upstream is the same; "near" where the next steps are.
    """

    order: list[Value]
    edges: Edges
    groups: list[Group]
    group_of: list[int]
    depth: int
    alike: str


def fold(order: list[Value], depth: int | None, max_nodes: int) -> Folded:
    """Fold a graph that has more than `max_nodes` nodes: first by scope, from the inside out, then by repeated structure.

    Args:
        order: the nodes, inputs before what is computed from them, the root last.
        depth: scopes nested deeper than this are folded, in any graph. None: as few as needed.
        max_nodes: the most groups.

    Raises:
        InputError: there are more groups, however it is folded.

    Example:
        >>> from autograd.graph import topological_order
        >>> y = x = Value(0.5)
        >>> for _ in range(1000):
        ...     y = (y * x).tanh()
        >>> folded = fold(topological_order(y), None, 20)
        >>> [len(group.members) for group in folded.groups]
        [1, 1, 1, 999, 998, 1]
    """
    return Folding(order).fold(depth, max_nodes)


class Folding:
    """A graph on its way to be folded.

    Attributes:
        order, edges: the nodes and the edges, as in `Folded`.
        homes: the scope of each node.
        depth: how many scopes within scopes are drawn.
    """

    def __init__(self, order: list[Value]) -> None:
        place = {node: i for i, node in enumerate(order)}
        self.order = order
        inputs = [node._prev for node in order]
        tails = np.fromiter(map(place.__getitem__, chain.from_iterable(inputs)), np.intp)
        self.edges = Edges.of(np.repeat(np.arange(len(order)), np.fromiter(map(len, inputs), np.intp)), tails, len(order))
        self.homes = scopes(order, self.edges)
        self.depth = self.deepest = max(map(nesting, set(self.homes)))

    def fold(self, depth: int | None, max_nodes: int) -> Folded:
        """See `fold` above."""
        if depth is not None:
            self.depth = min(depth, self.deepest)
        parts = self.by_scope()
        if parts[-1] < max_nodes:
            return self.folded(parts, parts, "")
        shallowest = self.depth if depth is not None else min(self.common_levels(), self.deepest)
        while parts[-1] >= max_nodes and self.depth > shallowest:
            self.depth -= 1
            parts = self.by_scope()
        return self.by_structure(parts, max_nodes)

    def common_levels(self) -> int:
        """How many scopes all computed nodes but the root share: to fold these would leave one box."""
        names = set(compress(self.homes[:-1], np.diff(self.edges.starts) > 0))
        paths = [name.split("/") if name else [] for name in names]
        return len(list(takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))))

    def is_folded(self, i: int) -> bool:
        """Whether a node is within a scope that is one box. The root never is."""
        return nesting(self.homes[i]) > self.depth and i < len(self.order) - 1

    def by_scope(self) -> list[int]:
        """Parts: the nodes of each scope that is folded, and each other node by itself. The root's number is the highest."""
        scope_of = {home: outer(home, self.depth + 1) for home in set(self.homes) if nesting(home) > self.depth}
        names: list[str | int] = [scope_of.get(home, i) for i, home in enumerate(self.homes)]
        names[-1] = len(names)
        return numbered(names)

    def by_structure(self, parts: list[int], max_nodes: int) -> Folded:
        """Join parts that do the same: the same operation, or scopes of the same name, with inputs from the same groups.

        Where that is too fine, as in a long recurrence, in which every step has another past, only the next steps back are compared;
        the steps are then one group that feeds itself. Names that differ in numbers only are the same.

        Source: Paige, Tarjan, "Three partition refinement algorithms", SIAM Journal on Computing 16 (1987), for refining until the
        inputs of a class come from the same classes.

        Raises:
            InputError: there are more groups than `max_nodes`.
        """
        parts = self.sums(parts)
        typical = [0] * (parts[-1] + 1)  # a node of each part; of a sum it is the result
        for i, part in enumerate(parts):
            typical[part] = i
        edges = self.edges_between(parts, len(typical))
        for look in (self.closely, self.roughly, self.by_operation):
            kinds = numbered(look(i) for i in typical)
            apart = int(parts.count(parts[-1]) > 1 or kinds.count(kinds[-1]) > 1)  # the root is a group by itself
            for alike, compare in (("all", whole_past), ("near", near_past)):
                classes = compare(kinds, edges, max_nodes - apart)
                if classes is not None:
                    return self.folded(parts, [classes[part] for part in parts], alike)
        fewest = max(kinds) + 1 + apart
        raise InputError(
            f"the graph has {len(self.order):,} nodes, and folded it has {fewest} boxes still: write draw(root, max_nodes={fewest}), or "
            "draw a part of it"
        )

    def sums(self, parts: list[int]) -> list[int]:
        """The parts, with each chain of additions a + b + c + … as one, numbered at its end, as what comes after it needs all of it."""
        is_addition = np.fromiter((node._operation is ADD for node in self.order), bool)
        user = np.arange(len(parts))
        user[self.edges.tails] = self.edges.heads
        used_once = np.bincount(self.edges.tails, minlength=len(parts)) == 1
        end = list(range(len(parts)))
        for i in np.flatnonzero(is_addition & is_addition[user] & used_once).tolist()[::-1]:
            after = int(user[i])
            if not self.order[i].label and self.homes[i] == self.homes[after] and not self.is_folded(i):
                end[i] = end[after]
        known: dict[int, int] = {}
        for i, part in enumerate(parts):
            if end[i] == i:
                known.setdefault(part, len(known))
        return [known[parts[i]] for i in end]

    def edges_between(self, parts: list[int], count: int) -> Edges:
        """The edges between so many parts: all of those at a node by itself, and of the others each once."""
        part_of = np.array(parts)
        heads, tails = part_of[self.edges.heads], part_of[self.edges.tails]
        single = (np.bincount(part_of, minlength=count) == 1)[heads]
        once = distinct((heads * count + tails)[~single & (heads != tails)])
        heads, tails = np.concatenate([heads[single], once // count]), np.concatenate([tails[single], once % count])
        order = np.argsort(heads, kind="stable")
        return Edges.of(heads[order], tails[order], count)

    def closely(self, i: int) -> Hashable:
        """What kind of node or scope it is: the operation with its numbers, the label, where it is drawn."""
        if self.is_folded(i):
            return stem(outer(self.homes[i], self.depth + 1))
        node = self.order[i]
        operation = node._operation
        return (operation.name, operation.constants, stem(node.label) if node.label else "", self.homes[i])

    def roughly(self, i: int) -> Hashable:
        """The same without numbers and labels."""
        return stem(outer(self.homes[i], self.depth + 1)) if self.is_folded(i) else (self.order[i]._operation.name, self.homes[i])

    def by_operation(self, i: int) -> Hashable:
        """The name of the operation, or the fact that it is a scope."""
        return None if self.is_folded(i) else self.order[i]._operation.name

    def folded(self, parts: list[int], classes: list[int], alike: str) -> Folded:
        """A group for each class, in the order of their first nodes, and the root by itself."""
        names = np.array(classes)
        names[-1] = names.max() + 1
        sorted_by_name = np.argsort(names, kind="stable")
        members = np.split(sorted_by_name, np.flatnonzero(np.diff(names[sorted_by_name])) + 1)
        members.sort(key=lambda found: int(found[0]))
        group_of = np.empty(len(names), np.intp)
        for g, found in enumerate(members):
            group_of[found] = g
        part_of = np.array(parts)
        groups = [self.group(found.tolist(), len(distinct(part_of[found]))) for found in members]
        return Folded(self.order, self.edges, groups, group_of.tolist(), self.depth, alike)

    def group(self, members: list[int], parts: int) -> Group:
        """The group of these nodes."""
        homes = dict.fromkeys([self.homes[i] for i in members])
        clusters = {outer(home, self.depth) for home in homes}
        is_root = members[-1] == len(self.order) - 1
        folded = [] if is_root else [outer(home, self.depth + 1) for home in homes if nesting(home) > self.depth]
        return Group(clusters.pop() if len(clusters) == 1 else "", members, list(dict.fromkeys(folded)), parts)


def outer(scope: str, depth: int) -> str:
    """The outermost of scopes within scopes, so many of them."""
    return "/".join(scope.split("/")[:depth])


def nesting(scope: str) -> int:
    """How many scopes within scopes that is."""
    return scope.count("/") + 1 if scope else 0


def scopes(order: Sequence[Value], edges: Edges) -> list[str]:
    """The scope of each node. A leaf or number that was made outside of all belongs to the one in which alone it is used: a weight."""
    homes = [node.scope for node in order]
    if not any(homes):
        return homes
    is_leaf = np.diff(edges.starts) == 0
    users: dict[int, set[str]] = {}
    for i, j in zip(*(ends[is_leaf[edges.tails]].tolist() for ends in (edges.heads, edges.tails)), strict=True):
        users.setdefault(j, set()).add(homes[i])
    for j, names in users.items():
        if not homes[j] and len(names) == 1:
            (homes[j],) = names
    return homes


def distinct(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Each of the numbers once, sorted; none is negative. For millions this is ten times as fast as `np.unique`, which hashes them."""
    numbers = np.sort(numbers)
    return numbers[np.diff(numbers, prepend=-1) > 0]


def numbered(keys: Iterable[Hashable]) -> list[int]:
    """A number for each key, the same for equal ones."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


def whole_past(kinds: list[int], edges: Edges, limit: int) -> list[int] | None:
    """Classes of parts that are of one kind and take their inputs from the same classes, or None: too many, or parts in a circle."""
    order: Iterable[int] = range(len(kinds))
    inputs = edges.rows
    if (edges.tails > edges.heads).any():
        order = TopologicalSorter(dict(enumerate(inputs))).static_order()
    known: dict[Hashable, int] = {}
    classes = [0] * len(kinds)
    try:
        for part in order:
            classes[part] = known.setdefault((kinds[part], past(inputs[part], classes)), len(known))
            if len(known) > limit:
                return None
    except CycleError:
        return None
    return by_users(classes, edges, limit)


def near_past(kinds: list[int], edges: Edges, limit: int) -> list[int] | None:
    """Classes of parts that are of one kind, and so are their inputs, and theirs, for as many steps as fit."""
    if max(kinds) >= limit:
        return None
    classes = kinds
    inputs = edges.rows
    for _ in range(ROUNDS):
        finer = numbered((kinds[part], past(row, classes)) for part, row in enumerate(inputs))
        if max(finer) >= limit:
            break
        classes = finer
    return by_users(classes, edges, limit)


def past(row: tuple[int, ...], classes: list[int]) -> Hashable:
    """The classes of the inputs; the order of many is that of the terms of a sum, and says nothing."""
    found = map(classes.__getitem__, row)
    return tuple(found) if len(row) <= 2 else frozenset(found)


def by_users(classes: list[int], edges: Edges, limit: int) -> list[int]:
    """The classes, with those of leaves split by the classes that use them, so that the weights of two layers are two groups."""
    at_leaf = (np.diff(edges.starts) == 0)[edges.tails]
    users: dict[int, frozenset[int]] = {}
    count = max(classes) + 1
    for pair in distinct(edges.tails[at_leaf] * count + np.array(classes)[edges.heads[at_leaf]]).tolist():
        leaf, user = divmod(pair, count)
        users[leaf] = users.get(leaf, frozenset()) | {user}
    split = numbered(zip(classes, map(users.get, range(len(classes))), strict=True))
    return split if max(split) < limit else classes


def stem(name: str) -> str:
    """A name with ᵢ for its numbers: w₁ and w12 are both wᵢ."""
    return re.sub(r"[0-9₀-₉]+", "ᵢ", str(name))
