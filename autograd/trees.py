"""Nested lists, tuples, dicts and arrays of numbers, taken apart into a flat list and put together again."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from autograd._runtime.coercion import refuse_masked
from autograd.errors import InputError


class Form:
    """The form of a tree: what its inner nodes are, and where leaves stand. Called with leaves, it makes such a tree of them.

    Two forms are equal where all types, keys and shapes are the same.

    Attributes:
        kind: the type of the node; None for a leaf, and `type(None)` for a None, which has no leaves.
        keys: of a dict, with their types, since 1 == True; of an array its shape.
        branches: the forms of what is in it.
        count: how many leaves there are.
    """

    __slots__ = ("_hash", "_is_flat", "_make", "branches", "count", "keys", "kind")

    def __init__(
        self,
        kind: type | None,
        keys: tuple[Any, ...] = (),
        branches: tuple[Form, ...] = (),
        make: Callable[[list[Any]], Any] | None = None,
        count: int | None = None,
    ) -> None:
        self.kind, self.keys, self.branches, self._make = kind, keys, branches, make
        self.count: int = sum([branch.count for branch in branches]) if count is None else count
        self._is_flat = all(branch.kind is None for branch in branches)
        self._hash = hash((kind, keys, branches))

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """A tree of this form."""
        if self.kind is None:
            return leaves[0]
        if self._is_flat:
            parts = list(leaves)
        else:
            parts, start = [], 0
            for branch in self.branches:
                parts.append(branch(leaves[start : start + branch.count]))
                start += branch.count
        return None if self._make is None else self._make(parts)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Form) and (self.kind, self.keys, self.branches) == (other.kind, other.keys, other.branches)

    def __hash__(self) -> int:
        return self._hash


LEAF = Form(None, count=1)
NONE = Form(type(None))


def of_branches(tree: Any, branches: Sequence[Form]) -> Form:
    """The form of a dict, list or tuple with these forms in it."""
    kind = type(tree)
    if isinstance(tree, dict):
        names = tuple(tree)
        keys: tuple[Any, ...] = tuple([(type(key), key) for key in names])
        if isinstance(tree, defaultdict):
            factory = tree.default_factory
            return Form(kind, (*keys, factory), tuple(branches), lambda new: kind(factory, zip(names, new, strict=True)))
        return Form(kind, keys, tuple(branches), lambda new: kind(zip(names, new, strict=True)))
    return Form(kind, (), tuple(branches), getattr(tree, "_make", kind))


def branches_of(tree: Any) -> list[Any]:
    """The branches of a dict, list or tuple."""
    return list(tree.values()) if isinstance(tree, dict) else list(tree)


def names_of(form: Form, name: str) -> list[str]:
    """Names for the leaves of a tree: the keys of dicts; for the items of lists and tuples the name and the index.

    Example:
        >>> names_of(flatten({"w": 1.0, "b": (2.0, 3.0)})[1], "x")
        ['w', 'b0', 'b1']
    """
    if form.kind is None:
        return [name]
    if issubclass(form.kind, dict):
        return [x for (_, key), branch in zip(form.keys, form.branches, strict=False) for x in names_of(branch, str(key))]
    return [x for i, branch in enumerate(form.branches) for x in names_of(branch, f"{name}{i}")]


def flatten(tree: Any, arrays: bool = True) -> tuple[list[Any], Form]:
    """The leaves of `tree`, and its form, which makes a tree of other leaves.

    Lists, tuples (also named ones), dicts (in the order of their keys) and NumPy arrays are inner nodes; so is None, which has no
    leaves; all else is a leaf.

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
    return leaves, _collect(tree, leaves, arrays)


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
    if model is None:
        if tree is not None:
            raise InputError(f"{name} must be None, not {tree!r}")
        return []
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


def _is_sequence(tree: Any) -> bool:
    return isinstance(tree, (list, tuple)) or getattr(tree, "ndim", 0) > 0


def _leaf(tree: Any) -> Any:
    """An array of no axes is the number in it."""
    return tree.item() if type(tree).__module__ == "numpy" and getattr(tree, "ndim", None) == 0 else tree


def _collect(tree: Any, leaves: list[Any], arrays: bool) -> Form:
    if tree is None:
        return NONE
    if isinstance(tree, (dict, list, tuple)):
        return of_branches(tree, [_collect(branch, leaves, arrays) for branch in branches_of(tree)])
    if hasattr(tree, "tolist"):
        refuse_masked(tree)
    if hasattr(tree, "tolist") and getattr(tree, "ndim", 0) > 0:
        # an array, without importing NumPy; its subclasses, such as a matrix, have rules of their own
        if arrays and type(tree) is getattr(sys.modules.get("numpy"), "ndarray", None):
            leaves += tree.ravel().tolist()
            shape = tree.shape
            return Form(type(tree), shape, (), lambda new: _array(new, shape), tree.size)
        return _collect(tree.tolist(), leaves, arrays)
    leaves.append(_leaf(tree))
    return LEAF


def _array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of numbers; of Values an array of objects; of arrays one with their axes after its own; of trees a tree of arrays."""
    numpy = sys.modules["numpy"]
    first = items[0] if items else 0.0
    if isinstance(first, (dict, list, tuple)):
        columns = zip(*[branches_of(item) for item in items], strict=True)
        return of_branches(first, [LEAF for _ in branches_of(first)])([_array(list(column), shape) for column in columns])
    if first is None:
        return None
    if items and all(isinstance(item, numpy.ndarray) for item in items):
        return numpy.stack(items).reshape(shape + items[0].shape)
    plain = all(isinstance(item, (float, int)) for item in items)
    array = numpy.empty(len(items), dtype=float if plain else object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)
