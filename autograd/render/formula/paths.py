"""The gradient as a sum over paths: every path from a Value to the result, with the product of the local derivatives along it."""

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
from autograd.render.formula.equations import LONGEST, Bracketed, equation
from autograd.render.lettering import labelled, short, shown, symbol
from autograd.value import Value


def paths(root: object, leaf: object) -> Paths:
    """Every path from a Value to the result, each with the product of the local derivatives along it.

    The sum of these products is the derivative of `root` with respect to `leaf`. There may be more paths than there are atoms, so
    iteration finds one path at a time. Their number and their sum take one pass over the graph each, and need none of the paths.

    Args:
        root: a Value, such as a loss.
        leaf: the Value to start from: a leaf, or a node on the way.

    Raises:
        InputError: one of them is not a Value.
        CompileError: `compile` is recording a function; the products would become constants of the program.

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
            "built outside the compiled function; for a derivative within it, use grad(f)"
        )
    return Paths(cast(Value, root), cast(Value, leaf))


@dataclass(frozen=True, slots=True, repr=False)
class Path:
    """One path through the graph.

    Attributes:
        nodes: the Values on it, from the leaf to the root.
        slopes: the local derivatives, of each node with respect to the one before it.
    """

    nodes: tuple[Value, ...]
    slopes: tuple[float, ...]

    @property
    def product(self) -> float:
        """The contribution of this path to the gradient, multiplied from the root on, as `backward` does."""
        passed_on: float = 1.0
        for node, slope in zip(reversed(self.nodes), reversed(self.slopes), strict=False):  # the leaf has no slope
            passed_on = product(node._operation, FLOATS, slope, passed_on)
        return passed_on

    def __repr__(self) -> str:
        names = [name_of(node) for node in self.nodes]
        factors = [short(slope) for slope in self.slopes]
        product = " · ".join(Bracketed(x).first if i == 0 else f"{Bracketed(x)}" for i, x in enumerate(factors))
        if len(names) > LONGEST:
            names = [*names[: LONGEST - 2], f"… ({len(names) - LONGEST + 1:,} more) …", names[-1]]
            product = "product"
        return f"{' → '.join(names)}: {equation(product, short(self.product))}"


class Paths:
    """The paths from a Value to the result, in a fixed order. Iteration finds one path at a time.

    Attributes:
        root: where they end.
        leaf: where they start.
        count: their number, which is known without iterating.
    """

    def __init__(self, root: Value, leaf: Value) -> None:
        self.root = root
        self.leaf = leaf
        ways = {leaf: 1}  # the number of paths from the leaf to each node
        self._between = [leaf]
        for node in cast("list[Value]", topological_order(root)):
            if node is not leaf:
                count = sum(ways.get(x, 0) for x in node._prev)
                if count:
                    ways[node] = count
                    self._between.append(node)
        self.count: int = ways.get(root, 0)
        self._leads = set(ways)

    def __len__(self) -> int:
        if self.count > sys.maxsize:
            raise MagnitudeError(
                f"len() cannot count {counted(self.count)}: read .count, and iterate over the paths one at a time instead of making a list"
            )
        return self.count

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Path]:
        if not self.count:
            return
        nodes = [self.root]
        slopes: list[float] = []
        turns = [self._turns(self.root)]  # for each node of the current path, the inputs that are still to be tried
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

        It is computed as `backward` does, in one pass from the root to the leaf and with the same rounding: contributions are added up at
        each node, once for all paths that continue from there.
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
    """The name of a node: its label, its operation, or its number."""
    return shown(node.label) if labelled(node) else symbol(node._op) or short(node.data)
