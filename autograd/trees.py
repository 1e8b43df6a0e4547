"""Nested lists, tuples, dicts and arrays of numbers, taken apart into a flat list and put together again."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.errors import InputError

Build = Callable[[list[Any]], Any]


def flatten(tree: Any, arrays: bool = True) -> tuple[list[Any], Build]:
    """The leaves of `tree`, and a function that makes a tree of the same form of other leaves.

    Lists, tuples (also named ones), dicts (in the order of their keys) and NumPy arrays are inner nodes; all else is a leaf.

    Args:
        tree: of numbers, Values, or anything else.
        arrays: whether an array is made again where one was; lists otherwise.

    Example:
        >>> leaves, build = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> leaves
        [1.0, 2.0, 3.0]
        >>> build([10.0, 20.0, 30.0])
        {'w': [10.0, 20.0], 'b': 30.0}
    """
    leaves: list[Any] = []
    shape = _collect(tree, leaves, arrays)

    def build(new: list[Any]) -> Any:
        return _rebuild(shape, iter(new))

    return leaves, build


def leaves_like(tree: Any, model: Any, name: str) -> list[Any]:
    """The leaves of `tree`, in the order of those of `model`, whose form it must have; any kind of sequence will do.

    Args:
        tree: its dicts may have their keys in another order.
        model: the form.
        name: what to call the tree in messages.

    Raises:
        InputError: the forms differ.

    Example:
        >>> leaves_like({"b": 3.0, "w": (1.0, 2.0)}, {"w": [0.0, 0.0], "b": 0.0}, "tree")
        [1.0, 2.0, 3.0]
    """
    if isinstance(model, dict):
        if not isinstance(tree, dict) or tree.keys() != model.keys():
            raise InputError(f"{name} must be a dict with the keys {list(model)}, not {tree!r}")
        pairs = [(tree[key], branch, f"{name}[{key!r}]") for key, branch in model.items()]
    elif _is_sequence(model):
        if not _is_sequence(tree) or len(tree) != len(model):
            raise InputError(f"{name} must be a sequence of {len(model)} items, not {tree!r}")
        pairs = [(item, branch, f"{name}[{i}]") for i, (item, branch) in enumerate(zip(tree, model, strict=True))]
    else:
        return [_leaf(tree)]
    return [leaf for branch in pairs for leaf in leaves_like(*branch)]


@dataclass(frozen=True)
class _Array:
    shape: tuple[int, ...]


_LEAF = object()


def _is_sequence(tree: Any) -> bool:
    return isinstance(tree, (list, tuple)) or getattr(tree, "ndim", 0) > 0


def _leaf(tree: Any) -> Any:
    """An array of no axes is the number in it."""
    return tree.item() if type(tree).__module__ == "numpy" and getattr(tree, "ndim", None) == 0 else tree


def _collect(tree: Any, leaves: list[Any], arrays: bool) -> Any:
    if isinstance(tree, dict):
        return {key: _collect(branch, leaves, arrays) for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_collect(branch, leaves, arrays) for branch in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)([_collect(branch, leaves, arrays) for branch in tree])
    if (
        hasattr(tree, "tolist") and getattr(tree, "ndim", 0) > 0
    ):  # an array, without importing NumPy; its subclasses, such as a matrix, have rules of their own
        if arrays and type(tree) is getattr(sys.modules.get("numpy"), "ndarray", None):
            leaves += tree.ravel().tolist()
            return _Array(tree.shape)
        return _collect(tree.tolist(), leaves, arrays)
    leaves.append(_leaf(tree))
    return _LEAF


def _rebuild(shape: Any, leaves: Any) -> Any:
    if shape is _LEAF:
        return next(leaves)
    if isinstance(shape, _Array):
        return _array([next(leaves) for _ in range(math.prod(shape.shape))], shape.shape)
    if isinstance(shape, dict):
        return {key: _rebuild(branch, leaves) for key, branch in shape.items()}
    if hasattr(shape, "_fields"):
        return type(shape)(*[_rebuild(branch, leaves) for branch in shape])
    return type(shape)([_rebuild(branch, leaves) for branch in shape])


def _array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of numbers; of Values an array of objects; of arrays one with their axes after its own."""
    numpy = sys.modules["numpy"]
    if items and all(isinstance(item, numpy.ndarray) for item in items):
        return numpy.stack(items).reshape(shape + items[0].shape)
    plain = all(isinstance(item, (float, int)) for item in items)
    array = numpy.empty(len(items), dtype=float if plain else object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)
