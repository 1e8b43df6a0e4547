"""The gradient as a sum over paths: every path from a Value to the result, and the product of the local derivatives along it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from autograd.errors import CompileError, InputError, MagnitudeError
from autograd.graph import topological_order
from autograd.namespaces import FLOATS
from autograd.ops import product
from autograd.recording import recorder
from autograd.render.picture import shown
from autograd.render.wording import LONGEST, Operand, equation, labelled, short, symbol
from autograd.value import Value


def paths(root: object, leaf: object) -> Paths:
    """Every path from a Value to the result, each with the product of the local derivatives along it.

    The sum of these products is the derivative of `root` with respect to `leaf`. There may be more paths than atoms; they are found
    one at a time, while they are iterated over. Their number and their sum need none of them: each takes one pass over the graph.

    Args:
        root: a Value, such as a loss.
        leaf: the Value to start from: a leaf, or a node on the way.

    Raises:
        InputError: one of them is no Value.
        CompileError: a function is being recorded by `compile`; the products would be frozen into the program.

    Source: Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11 (1974).

    Example:
        >>> x = Value(3.0, label="x")
        >>> y = x * x + 2 * x
        >>> y.label = "y"
        >>> for path in paths(y, x):
        ...     print(path)
        x → * → y: 3 · 1 = 3
        x → * → y: 3 · 1 = 3
        x → * → y: 2 · 1 = 2
        >>> paths(y, x).sum()
        8.0
        >>> y.backward()
        >>> x.grad
        8.0
    """
    for name, node in (("root", root), ("leaf", leaf)):
        if not isinstance(node, Value):
            raise InputError(f"paths needs two Values, and {name} is of type {type(node).__name__}: write paths(loss, x)")
    if recorder() is not None:
        raise CompileError(
            "paths was called while a function was recorded: its numbers would be frozen into the program. Call it on a graph that is "
            "built outside of the compiled function; for a derivative within it, use grad(f)"
        )
    return Paths(cast(Value, root), cast(Value, leaf))


@dataclass(frozen=True, slots=True, repr=False)
class Path:
    """One way through the graph.

    Attributes:
        nodes: the Values on it, from the leaf to the root.
        slopes: the local derivatives, of each node with respect to the one before it.
    """

    nodes: tuple[Value, ...]
    slopes: tuple[float, ...]

    @property
    def product(self) -> float:
        """What this path adds to the gradient. Multiplied from the root on, as `backward` does."""
        passed_on: float = 1.0
        for node, slope in zip(reversed(self.nodes), reversed(self.slopes), strict=False):  # the leaf has no slope
            passed_on = product(node._operation, FLOATS, slope, passed_on)
        return passed_on

    def __repr__(self) -> str:
        names = [name_of(node) for node in self.nodes]
        factors = [short(slope) for slope in self.slopes]
        product = " · ".join(Operand(x).first if i == 0 else f"{Operand(x)}" for i, x in enumerate(factors))
        if len(names) > LONGEST:
            names = [*names[: LONGEST - 2], f"… ({len(names) - LONGEST + 1:,} more) …", names[-1]]
            product = "product"
        return f"{' → '.join(names)}: {equation(product, short(self.product))}"


class Paths:
    """The paths from a Value to the result, in a fixed order. They are found one at a time, while they are iterated over.

    Attributes:
        root: where they end.
        leaf: where they start.
        count: how many there are; known without going along them.
    """

    def __init__(self, root: Value, leaf: Value) -> None:
        self.root = root
        self.leaf = leaf
        ways = {leaf: 1}  # from the leaf to each node between it and the root
        self._between = [leaf]
        for node in cast("list[Value]", topological_order(root)):
            if node is not leaf:
                found = sum(ways.get(x, 0) for x in node._prev)
                if found:
                    ways[node] = found
                    self._between.append(node)
        self.count: int = ways.get(root, 0)
        self._leads = set(ways)

    def __len__(self) -> int:
        if self.count > sys.maxsize:
            raise MagnitudeError(
                f"len() cannot count {counted(self.count)}: read .count; and list() would not end, for path in paths takes one at a time"
            )
        return self.count

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Path]:
        if not self.count:
            return
        nodes = [self.root]
        slopes: list[float] = []
        turns = [self._turns(self.root)]  # for each node on the way down, the inputs that are still to be tried
        while turns:
            step = next(turns[-1], None)
            if step is not None:
                nodes.append(step[0])
                slopes.append(step[1])
                turns.append(self._turns(step[0]))
                continue
            if nodes[-1] is self.leaf:
                yield Path(tuple(reversed(nodes)), tuple(reversed(slopes)))
            turns.pop()
            nodes.pop()
            del slopes[-1:]

    def _turns(self, node: Value) -> Iterator[tuple[Value, float]]:
        """The inputs of a node that lead to the leaf, each with the local derivative with respect to it."""
        if node is not self.leaf:
            for x, slope in zip(node._prev, node._slopes, strict=True):
                if x in self._leads:
                    yield x, slope

    def sum(self) -> float:
        """The sum of the products along all paths: the derivative of the root with respect to the leaf.

        In one pass from the root to the leaf, as `backward` finds it, and to the same last bit: what reaches a node is added up there,
        once for all paths that go on from it.
        """
        if not self.count:
            return 0.0
        gradient = dict.fromkeys(self._between, 0.0)
        gradient[self.root] = 1.0
        for node in reversed(self._between):
            for x, slope in self._turns(node):
                gradient[x] += product(node._operation, FLOATS, slope, gradient[node])
        return gradient[self.leaf]

    def __repr__(self) -> str:
        return f"<{counted(self.count)} from {name_of(self.leaf)} to {name_of(self.root)}>"


def counted(n: int) -> str:
    """1 path, 1,000 paths."""
    return "1 path" if n == 1 else f"{n:,} paths" if n < 10**15 else f"about 10^{math.log10(n):.0f} paths"


def name_of(node: Value) -> str:
    """What a node is called: its label, its operation, or its number."""
    return shown(node.label) if labelled(node) else symbol(node._op) or short(node.data)
