"""Random functions: the forms of their arguments, and what is known of a function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

FEATURES = (
    *("branches", "where", "combined", "equality", "truths", "sorting"),  # how it chooses
    *("infinite", "errors", "steps"),  # which points are special
    *("loops", "scans", "helpers", "overlap", "no_grad", "captured"),  # what it is made of
    *("aux", "trees", "arrays", "models", "methods"),  # what goes in and out
    *("keywords", "names", "vjp", "jvp", "second"),  # how it is called
)
"""What can be left out, to look at one thing at a time."""


SPECIAL = (0.0, 0.0, 1.0, 1.0, -1.0, 0.5, 2.0, -0.5, 0.25, 3.0)


@dataclass(frozen=True)
class Form:
    """How an argument looks: a number; a nested "list" or an "array" of a shape; or a "tuple", "dict", "named" tuple or "model" of forms."""

    kind: str
    shape: tuple[int, ...] = ()
    items: tuple[Form, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items) if self.items else math.prod(self.shape)

    def parts(self, leaves: Sequence[Any]) -> list[Sequence[Any]]:
        ends = np.cumsum([0, *[item.size for item in self.items]])
        return [leaves[start:end] for start, end in pairwise(ends)]

    def built(self, leaves: Sequence[Any], names: dict[str, Any], dtype: type = object) -> Any:
        """An argument, of its numbers. `names` has the classes."""
        if self.items:
            return self._joined([item.built(part, names, dtype) for item, part in zip(self.items, self.parts(leaves), strict=True)], names)
        array = np.empty(self.shape, dtype=object)
        array.ravel()[:] = leaves
        return array.item() if not self.shape else array.tolist() if self.kind == "list" else array.astype(dtype)

    def batch(self, rows: Sequence[Sequence[float]], names: dict[str, Any]) -> Any:
        """An argument that has the samples as its first axis."""
        if self.items:
            parts = zip(*[self.parts(row) for row in rows], strict=True)
            return self._joined([item.batch(part, names) for item, part in zip(self.items, parts, strict=True)], names)
        array = np.array(rows, dtype=float).reshape(len(rows), *self.shape)
        return array.tolist() if self.kind == "list" else array

    def _joined(self, parts: list[Any], names: dict[str, Any]) -> Any:
        if self.kind == "dict":
            return dict(zip(self.keys, parts, strict=True))
        if self.kind in ("named", "model"):
            return names["Point" if self.kind == "named" else "Model"](*parts)
        return tuple(parts)

    def columns(self, tree: Any, rows: int | None, cls: Any = None) -> np.ndarray[Any, Any]:
        """The numbers in something that has this form, such as a gradient: one row a sample, or without an axis of samples one row.

        Raises:
            ValueError: it has another form.
        """
        lead = () if rows is None else (rows,)
        if self.kind == "model":
            return np.concatenate([_exactly(x, lead).reshape(-1, 1) for x in tree.values()], axis=1)
        if not self.items:
            if not self.shape and rows is None and type(tree) is not float:
                raise ValueError(f"a float is expected, not {tree!r}")
            return _exactly(tree, lead + self.shape).reshape(rows or 1, -1)
        if self.kind == "dict":
            if type(tree) is not dict or tuple(tree) != self.keys:
                raise ValueError(f"a dict of {self.keys} is expected, not {tree!r}")
            tree = tuple(tree.values())
        elif type(tree) is not (cls if self.kind == "named" else tuple) or len(tree) != len(self.items):
            raise ValueError(f"a {self.kind} of {len(self.items)} is expected, not {tree!r}")
        return np.concatenate([item.columns(part, rows, cls) for item, part in zip(self.items, tree, strict=True)], axis=1)


def _exactly(tree: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    array = np.asarray(tree, dtype=float)
    if array.shape != shape:
        raise ValueError(f"the shape {shape} is expected, not {array.shape}: {tree!r}")
    return array


NUMBER = Form("number")


@dataclass(frozen=True)
class Argument:
    """A parameter of the function, and numbers for it.

    Attributes:
        passing: "" as Python likes, "only" by keyword only, "extra" by keyword and into `**kwargs`.
        default: what it is if it is not passed.
        batched: whether in_axes has 0 for it.
        rows: numbers, for several samples.
    """

    name: str
    form: Form
    passing: str
    default: float | None
    batched: bool
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Function:
    """A function as source text.

    Attributes:
        source: definitions; `W` in it is a Value that the function refers to.
        made: the expression of the function.
        arguments: those that it takes.
        output: "number", "aux" for a pair of a number and more, or "tree".
        in_axes: for `compile`.
        smooth: whether differences say what the gradient is, at points that are not special.
    """

    source: str
    made: str
    arguments: tuple[Argument, ...]
    output: str
    in_axes: int | tuple[int | None, ...] | None
    smooth: bool
