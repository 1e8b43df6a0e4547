"""Which nodes of a graph a picture shows as one box: those of one scope, and those that repeat the same structure.

A graph has one node a scalar, so that of a training step has tens of thousands. Most of them say the same over and over: one
neuron after the other, one sample after the other. A partition of the nodes is a list that has, for each node, the number of its part.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import takewhile

from autograd.errors import InputError
from autograd.ops import ADD
from autograd.value import Value

ROUNDS = 2  # how many steps back are compared where a graph is too deep to be compared as a whole


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
        inputs: for each node the positions of its inputs.
        groups: the last is the root by itself.
        group_of: for each node the position of its group.
        depth: how many scopes within scopes are drawn; deeper ones are folded.
        alike: how structure was folded: "" not at all; "all" where everything upstream is the same; "near" where the next steps are.
    """

    order: list[Value]
    inputs: list[tuple[int, ...]]
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
        order, inputs: the nodes and their inputs, as in `Folded`.
        homes: the scope of each node.
        levels: how many scopes within scopes that are.
        depth: how many of them are drawn.
    """

    def __init__(self, order: list[Value]) -> None:
        place = {node: i for i, node in enumerate(order)}
        self.order = order
        self.inputs = [tuple([place[x] for x in node._prev]) for node in order]
        self.homes = scopes(order, self.inputs)
        self.levels = [home.count("/") + 1 if home else 0 for home in self.homes]
        self.depth = self.deepest = max(self.levels)

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
        names = {home for home, row in zip(self.homes[:-1], self.inputs[:-1], strict=True) if row}
        paths = [name.split("/") if name else [] for name in names]
        return len(list(takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))))

    def is_folded(self, i: int) -> bool:
        """Whether a node is within a scope that is one box. The root never is."""
        return self.levels[i] > self.depth and i < len(self.order) - 1

    def scope_of(self, i: int, depth: int) -> str:
        """So many of the scopes of a node."""
        return "/".join(self.homes[i].split("/")[:depth])

    def by_scope(self) -> list[int]:
        """Parts: the nodes of each scope that is folded, and each other node by itself. The root's number is the highest."""
        if self.depth == self.deepest:
            return list(range(len(self.order)))
        known: dict[str | int, int] = {}
        names: dict[str, str] = {}
        parts = []
        for i, home in enumerate(self.homes):
            name: str | int = i
            if self.is_folded(i):
                if home not in names:
                    names[home] = self.scope_of(i, self.depth + 1)
                name = names[home]
            parts.append(known.setdefault(name, len(known)))
        return parts

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
        inputs = self.inputs_of(parts, len(typical))
        for look in (self.closely, self.roughly, self.by_operation):
            kinds = numbered(look(i) for i in typical)
            apart = int(parts.count(parts[-1]) > 1 or kinds.count(kinds[-1]) > 1)  # the root is a group by itself
            for alike, compare in (("all", whole_past), ("near", near_past)):
                classes = compare(kinds, inputs, max_nodes - apart)
                if classes is not None:
                    return self.folded(parts, [classes[part] for part in parts], alike)
        fewest = max(kinds) + 1 + apart
        raise InputError(
            f"the graph has {len(self.order):,} nodes, and folded it has {fewest} boxes still: write draw(root, max_nodes={fewest}), or "
            "draw a part of it"
        )

    def sums(self, parts: list[int]) -> list[int]:
        """The parts, with each chain of additions a + b + c + … as one, numbered at its end, as what comes after it needs all of it."""
        uses = [0] * len(parts)
        end = list(range(len(parts)))
        user = end[:]
        for i, row in enumerate(self.inputs):
            for j in row:
                uses[j] += 1
                user[j] = i
        for i in range(len(parts) - 2, -1, -1):
            node, after = self.order[i], user[i]
            if (
                node._operation is ADD
                and self.order[after]._operation is ADD
                and uses[i] == 1
                and not node.label
                and self.homes[i] == self.homes[after]
                and not self.is_folded(i)
            ):
                end[i] = end[after]
        known: dict[int, int] = {}
        for i, part in enumerate(parts):
            if end[i] == i:
                known.setdefault(part, len(known))
        return [known[parts[i]] for i in end]

    def inputs_of(self, parts: list[int], count: int) -> list[tuple[int, ...]]:
        """The parts that each part takes its inputs from: in order for a node by itself, else each once."""
        size = [0] * count
        for part in parts:
            size[part] += 1
        result: list[tuple[int, ...]] = [()] * count
        many: dict[int, set[int]] = {}
        for i, row in enumerate(self.inputs):
            part = parts[i]
            if size[part] == 1:
                result[part] = tuple([parts[j] for j in row])
            else:
                many.setdefault(part, set()).update([parts[j] for j in row])
        for part, found in many.items():
            result[part] = tuple(sorted(found - {part}))
        return result

    def closely(self, i: int) -> Hashable:
        """What kind of node or scope it is: the operation with its numbers, the label, where it is drawn."""
        if self.is_folded(i):
            return stem(self.scope_of(i, self.depth + 1))
        node = self.order[i]
        operation = node._operation
        return (operation.name, operation.constants, stem(node.label) if node.label else "", self.homes[i])

    def roughly(self, i: int) -> Hashable:
        """The same without numbers and labels."""
        return stem(self.scope_of(i, self.depth + 1)) if self.is_folded(i) else (self.order[i]._operation.name, self.homes[i])

    def by_operation(self, i: int) -> Hashable:
        """The name of the operation, or the fact that it is a scope."""
        return None if self.is_folded(i) else self.order[i]._operation.name

    def folded(self, parts: list[int], classes: list[int], alike: str) -> Folded:
        """A group for each class, in the order of their first nodes, and the root by itself."""
        groups: list[Group] = []
        place: dict[int, int] = {}
        group_of = []
        seen: set[int] = set()
        for i, part in enumerate(parts):
            name = classes[i] if i < len(parts) - 1 else -1
            cluster = self.scope_of(i, self.depth) if self.levels[i] else ""
            g = place.setdefault(name, len(groups))
            if g == len(groups):
                groups.append(Group(cluster))
            elif groups[g].cluster != cluster:
                groups[g].cluster = ""
            groups[g].members.append(i)
            group_of.append(g)
            if part not in seen:
                seen.add(part)
                groups[g].parts += 1
                if self.is_folded(i):
                    groups[g].scopes.append(self.scope_of(i, self.depth + 1))
        groups[-1].parts = 1
        return Folded(self.order, self.inputs, groups, group_of, self.depth, alike)


def scopes(order: Sequence[Value], inputs: Sequence[tuple[int, ...]]) -> list[str]:
    """The scope of each node. A leaf or number that was made outside of all belongs to the one in which alone it is used: a weight."""
    homes = [node.scope for node in order]
    if not any(homes):
        return homes
    users: list[str | None] = [None] * len(order)
    for i, row in enumerate(inputs):
        for j in row:
            users[j] = homes[i] if users[j] in (None, homes[i]) else ""
    return [home or (not inputs[i] and users[i]) or "" for i, home in enumerate(homes)]


def numbered(keys: Iterable[Hashable]) -> list[int]:
    """A number for each key, the same for equal ones."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


def whole_past(kinds: list[int], inputs: Sequence[tuple[int, ...]], limit: int) -> list[int] | None:
    """Classes of parts that are of one kind and take their inputs from the same classes, or None: too many, or parts in a circle."""
    order: Iterable[int] = range(len(kinds))
    if any(source > part for part, row in enumerate(inputs) for source in row):
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
    return by_users(classes, inputs, limit)


def near_past(kinds: list[int], inputs: Sequence[tuple[int, ...]], limit: int) -> list[int] | None:
    """Classes of parts that are of one kind, and so are their inputs, and theirs, for as many steps as fit."""
    if max(kinds) >= limit:
        return None
    classes = kinds
    for _ in range(ROUNDS):
        finer = numbered((kinds[part], past(row, classes)) for part, row in enumerate(inputs))
        if max(finer) >= limit:
            break
        classes = finer
    return by_users(classes, inputs, limit)


def past(row: tuple[int, ...], classes: list[int]) -> Hashable:
    """The classes of the inputs; the order of many is that of the terms of a sum, and says nothing."""
    found = [classes[source] for source in row]
    return tuple(found) if len(found) <= 2 else frozenset(found)


def by_users(classes: list[int], inputs: Sequence[tuple[int, ...]], limit: int) -> list[int]:
    """The classes, with those of leaves split by the classes that use them, so that the weights of two layers are two groups."""
    users: dict[int, set[int]] = {part: set() for part, row in enumerate(inputs) if not row}
    for part, row in enumerate(inputs):
        for source in row:
            if source in users:
                users[source].add(classes[part])
    split = numbered((name, frozenset(users.get(part, ()))) for part, name in enumerate(classes))
    return split if max(split) < limit else classes


def stem(name: str) -> str:
    """A name with ᵢ for its numbers: w₁ and w12 are both wᵢ."""
    return re.sub(r"[0-9₀-₉]+", "ᵢ", str(name))
