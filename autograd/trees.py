"""Nested lists, tuples and dicts of numbers, taken apart into a flat list and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Build = Callable[[list[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Build]:
    """The leaves of `tree`, and a function that makes a tree of the same form of other leaves.

    Lists, tuples (also named ones), dicts (in the order of their keys) and NumPy arrays are inner nodes; all else is a leaf.

    Example:
        >>> leaves, build = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> leaves
        [1.0, 2.0, 3.0]
        >>> build([10.0, 20.0, 30.0])
        {'w': [10.0, 20.0], 'b': 30.0}
    """
    leaves: list[Any] = []
    shape = _collect(tree, leaves)

    def build(new: list[Any]) -> Any:
        return _rebuild(shape, iter(new))

    return leaves, build


_LEAF = object()


def _collect(tree: Any, leaves: list[Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _collect(branch, leaves) for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_collect(branch, leaves) for branch in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)([_collect(branch, leaves) for branch in tree])
    if hasattr(tree, "tolist") and getattr(tree, "ndim", 0) > 0:  # an array, without importing NumPy
        return _collect(tree.tolist(), leaves)
    leaves.append(tree)
    return _LEAF


def _rebuild(shape: Any, leaves: Any) -> Any:
    if shape is _LEAF:
        return next(leaves)
    if isinstance(shape, dict):
        return {key: _rebuild(branch, leaves) for key, branch in shape.items()}
    if hasattr(shape, "_fields"):
        return type(shape)(*[_rebuild(branch, leaves) for branch in shape])
    return type(shape)([_rebuild(branch, leaves) for branch in shape])
