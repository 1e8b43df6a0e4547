"""Vectors: nodes whose numbers are noted once, for all the dots that share them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from autograd._runtime.mypyc_shim import mypyc_attr
from autograd.graph import Node


@final
@mypyc_attr(acyclic=True)
class Vector:
    """Nodes and their numbers, which several dots may share. It can be read as a list of Values can."""

    __slots__ = ("nodes", "numbers")

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes: list[Node] = nodes
        self.numbers: list[float] = [node._data for node in nodes]

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, index: Any) -> Any:
        return self.nodes[index]

    def is_of(self, items: list[object]) -> bool:
        """Whether it is what would be made of these items anew: they are its nodes, and their numbers have not changed."""
        if len(items) != len(self.nodes):
            return False
        for item, node, number in zip(items, self.nodes, self.numbers):  # noqa: B905 - with strict=, mypyc calls Python's slower zip
            if item is not node or node._data != number or number == 0.0:  # which may have been -0.0
                return False
        return True
