"""Which nodes of a graph a picture shows as one box: the nodes of one scope, and nodes that repeat the same structure.

A graph has a node for every scalar, so the graph of a training step has tens of thousands. Most of them repeat each other: neuron after
neuron, sample after sample. A partition of the nodes is a list with the number of its part for each node.
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

ROUNDS = 2  # how many steps upstream are compared in a graph that is too deep to be compared as a whole


@dataclass(frozen=True)
class Edges:
    """The edges of a graph: one row an edge, sorted by the node that it leads to, and then by the position among that node's inputs.

    Attributes:
        heads: the node that each edge leads to.
        tails: the node that each edge comes from.
        starts: for each node the row of its first input; the last entry is the number of edges.
    """

    heads: NDArray[np.intp]
    tails: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, heads: NDArray[np.intp], tails: NDArray[np.intp], count: int) -> Edges:
        """The edges between `count` nodes, with sorted heads."""
        return cls(heads, tails, np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=count))]))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The position of each edge among the inputs of its head: 0, 1, …"""
        return np.arange(len(self.heads)) - self.starts[self.heads]

    def inputs(self, i: int) -> list[int]:
        """The inputs of a node, in order and with multiplicity."""
        tails: list[int] = self.tails[self.starts[i] : self.starts[i + 1]].tolist()
        return tails

    @cached_property
    def rows(self) -> list[tuple[int, ...]]:
        """The inputs of each node."""
        tails = tuple(self.tails.tolist())
        return [tails[start:end] for start, end in pairwise(self.starts.tolist())]


@dataclass(slots=True)
class Bundle:
    """Nodes that are shown as one box.

    Attributes:
        cluster: the scope that it is drawn in, or "" if there is none, or if its nodes are of several scopes.
        members: the positions of its nodes in the topological order; a node that is shown by itself is its only member.
        scopes: the scopes that are folded into it; empty if it is not made of whole scopes.
        parts: the number of things that repeat: scopes, or sums (each a chain of additions), or nodes.
    """

    cluster: str
    members: list[int] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    parts: int = 0


@dataclass(slots=True)
class Folded:
    """A graph, and the bundles that it is shown as.

    Attributes:
        order: the nodes in topological order.
        edges: the edges between the positions of the nodes.
        bundles: the last one is the root by itself.
        bundle_of: for each node the position of its bundle.
        depth: how many nested scopes are drawn; deeper ones are folded.
        alike: how structure was folded: "" not at all; "all" where everything upstream is equal; "near" where the last steps are.
    """

    order: list[Value]
    edges: Edges
    bundles: list[Bundle]
    bundle_of: list[int]
    depth: int
    alike: str


def fold(order: list[Value], depth: int | None, max_nodes: int) -> Folded:
    """Fold a graph that has more than `max_nodes` nodes: first by scope, from the inside out, then by repeated structure.

    Args:
        order: the nodes in topological order, the root last.
        depth: scopes nested deeper than this are folded, in any graph. None: as few as necessary.
        max_nodes: the largest number of bundles.

    Raises:
        InputError: there are more bundles even when everything is folded.

    Example:
        >>> from autograd.graph import topological_order
        >>> y = x = Value(0.5)
        >>> for _ in range(1000):
        ...     y = (y * x).tanh()
        >>> folded = fold(topological_order(y), None, 20)
        >>> [len(bundle.members) for bundle in folded.bundles]
        [1, 1, 1, 999, 998, 1]
    """
    return Folding(order).fold(depth, max_nodes)


class Folding:
    """A graph while it is folded.

    Attributes:
        order, edges: the nodes and the edges, as in `Folded`.
        homes: the scope of each node.
        depth: how many nested scopes are drawn.
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
        """How many scopes all computed nodes but the root share. Folding these would leave a single box."""
        names = set(compress(self.homes[:-1], np.diff(self.edges.starts) > 0))
        paths = [name.split("/") if name else [] for name in names]
        return len(list(takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))))

    def is_folded(self, i: int) -> bool:
        """Whether a node is in a scope that is shown as one box. The root never is."""
        return nesting(self.homes[i]) > self.depth and i < len(self.order) - 1

    def by_scope(self) -> list[int]:
        """Parts: the nodes of each folded scope, and every other node by itself. The root has the highest number."""
        scope_of = {home: outer(home, self.depth + 1) for home in set(self.homes) if nesting(home) > self.depth}
        names: list[str | int] = [scope_of.get(home, i) for i, home in enumerate(self.homes)]
        names[-1] = len(names)
        return numbered(names)

    def by_structure(self, parts: list[int], max_nodes: int) -> Folded:
        """Join parts that do the same: with the same operation, or scopes of the same name, and with inputs from the same bundles.

        That may be too fine, as in a long recurrence, where everything upstream differs from step to step. Then only the last steps
        upstream are compared, and the recurrence is one bundle that feeds itself. Names that differ only in their numbers count as equal.

        Source: Paige, Tarjan, "Three partition refinement algorithms", SIAM Journal on Computing 16 (1987), for refining until the
        inputs of a class come from the same classes.

        Raises:
            InputError: there are more bundles than `max_nodes`.
        """
        parts = self.sums(parts)
        typical = [0] * (parts[-1] + 1)  # a node of each part; for a sum its result
        for i, part in enumerate(parts):
            typical[part] = i
        edges = self.edges_between(parts, len(typical))
        for look in (self.closely, self.roughly, self.by_operation):
            kinds = numbered(look(i) for i in typical)
            apart = int(parts.count(parts[-1]) > 1 or kinds.count(kinds[-1]) > 1)  # the root is a bundle by itself
            for alike, compare in (("all", whole_past), ("near", near_past)):
                classes = compare(kinds, edges, max_nodes - apart)
                if classes is not None:
                    return self.folded(parts, [classes[part] for part in parts], alike)
        fewest = max(kinds) + 1 + apart
        raise InputError(
            f"the graph has {len(self.order):,} nodes, and folded it still has {fewest} boxes: write draw(root, max_nodes={fewest}), or "
            "draw a part of it"
        )

    def sums(self, parts: list[int]) -> list[int]:
        """The parts, with each chain of additions a + b + c + … as one part, which is numbered at the end of the chain."""
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
        """The edges between `count` parts: all edges to single nodes, and each of the others once."""
        part_of = np.array(parts)
        heads, tails = part_of[self.edges.heads], part_of[self.edges.tails]
        single = (np.bincount(part_of, minlength=count) == 1)[heads]
        once = distinct((heads * count + tails)[~single & (heads != tails)])
        heads, tails = np.concatenate([heads[single], once // count]), np.concatenate([tails[single], once % count])
        order = np.argsort(heads, kind="stable")
        return Edges.of(heads[order], tails[order], count)

    def closely(self, i: int) -> Hashable:
        """The kind of a node or scope: the operation with its constants, the label, and the scope."""
        if self.is_folded(i):
            return stem(outer(self.homes[i], self.depth + 1))
        node = self.order[i]
        operation = node._operation
        return (operation.name, operation.constants, stem(node.label) if node.label else "", self.homes[i])

    def roughly(self, i: int) -> Hashable:
        """The kind without constants and labels."""
        return stem(outer(self.homes[i], self.depth + 1)) if self.is_folded(i) else (self.order[i]._operation.name, self.homes[i])

    def by_operation(self, i: int) -> Hashable:
        """The kind as the name of the operation only, or None for a scope."""
        return None if self.is_folded(i) else self.order[i]._operation.name

    def folded(self, parts: list[int], classes: list[int], alike: str) -> Folded:
        """A bundle for each class, in the order of their first nodes, and the root by itself."""
        names = np.array(classes)
        names[-1] = names.max() + 1
        sorted_by_name = np.argsort(names, kind="stable")
        members = np.split(sorted_by_name, np.flatnonzero(np.diff(names[sorted_by_name])) + 1)
        members.sort(key=lambda positions: int(positions[0]))
        bundle_of = np.empty(len(names), np.intp)
        for b, positions in enumerate(members):
            bundle_of[positions] = b
        part_of = np.array(parts)
        bundles = [self.bundle(positions.tolist(), len(distinct(part_of[positions]))) for positions in members]
        return Folded(self.order, self.edges, bundles, bundle_of.tolist(), self.depth, alike)

    def bundle(self, members: list[int], parts: int) -> Bundle:
        """The bundle of these nodes."""
        homes = dict.fromkeys([self.homes[i] for i in members])
        clusters = {outer(home, self.depth) for home in homes}
        is_root = members[-1] == len(self.order) - 1
        folded = [] if is_root else [outer(home, self.depth + 1) for home in homes if nesting(home) > self.depth]
        return Bundle(clusters.pop() if len(clusters) == 1 else "", members, list(dict.fromkeys(folded)), parts)


def outer(scope: str, depth: int) -> str:
    """The outermost `depth` scopes of nested ones."""
    return "/".join(scope.split("/")[:depth])


def nesting(scope: str) -> int:
    """How many scopes are nested in that name."""
    return scope.count("/") + 1 if scope else 0


def scopes(order: Sequence[Value], edges: Edges) -> list[str]:
    """The scope of each node. A leaf or constant made outside all scopes, such as a weight, belongs to the one scope that uses it."""
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
    """The distinct numbers, sorted; none may be negative. Unlike `np.unique`, this does not hash them."""
    numbers = np.sort(numbers)
    return numbers[np.diff(numbers, prepend=-1) > 0]


def numbered(keys: Iterable[Hashable]) -> list[int]:
    """A number for each key, the same for equal keys."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


def whole_past(kinds: list[int], edges: Edges, limit: int) -> list[int] | None:
    """Classes of parts of one kind with inputs from the same classes; None if there are more than `limit`, or a cycle of parts."""
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
    """Classes of parts of one kind, whose inputs are of one kind, and so on for as many steps as the limit allows."""
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
    """The classes of the inputs. The order of more than two is ignored, since they are the terms of a sum."""
    inputs = map(classes.__getitem__, row)
    return tuple(inputs) if len(row) <= 2 else frozenset(inputs)


def by_users(classes: list[int], edges: Edges, limit: int) -> list[int]:
    """The classes, with leaves split by the classes that use them, so that the weights of two layers are two bundles."""
    at_leaf = (np.diff(edges.starts) == 0)[edges.tails]
    users: dict[int, frozenset[int]] = {}
    count = max(classes) + 1
    for pair in distinct(edges.tails[at_leaf] * count + np.array(classes)[edges.heads[at_leaf]]).tolist():
        leaf, user = divmod(pair, count)
        users[leaf] = users.get(leaf, frozenset()) | {user}
    split = numbered(zip(classes, map(users.get, range(len(classes))), strict=True))
    return split if max(split) < limit else classes


def stem(name: str) -> str:
    """A name with ᵢ in place of its numbers: wᵢ for w₁ and w12."""
    return re.sub(r"[0-9₀-₉]+", "ᵢ", str(name))
