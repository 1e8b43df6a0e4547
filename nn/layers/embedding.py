"""An embedding: a table of vectors that are learned."""

from __future__ import annotations

import math
import random
from typing import Any, overload

from autograd import where
from autograd._runtime.coercion import real
from autograd.errors import InputError, MagnitudeError
from autograd.value import Value, dot
from nn.checks import whole
from nn.data.rows import as_list_if_array
from nn.initialisers import Initialiser, drawing, normal
from nn.layers.calling import labelled
from nn.module import Module

STANDARD_NORMAL: Initialiser = normal(0.0, 1.0)


class Embedding(Module):
    """A table with a vector for each of several things, such as the letters of an alphabet. The vectors are learned.

    Args:
        num_embeddings: how many things there are; their indices are 0, 1, 2, …
        embedding_dim: the length of each vector.
        rng: see `Neuron`.
        initialiser: draws a number of a vector; by default from N(0, 1), as PyTorch does.

    Attributes:
        weight: the vectors; `weight[i][j]` is number j of the vector of thing i.

    Raises:
        InputError: a size is not a whole number of at least 1.

    Example:
        >>> letters = Embedding(27, 2)
        >>> len(letters(5)), len(letters([5, 13, 13, 1]))
        (2, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = STANDARD_NORMAL,
    ) -> None:
        count, size = whole("num_embeddings", num_embeddings), whole("embedding_dim", embedding_dim)
        draw = drawing(initialiser, rng)
        # as a layer, its inputs are a 1 for the thing and zeros for all others, so a sum has one term: fan_in is 1
        self.weight = [labelled([draw(1, size) for _ in range(size)], [f"weight[{i}][{j}]" for j in range(size)]) for i in range(count)]

    @overload
    def __call__(self, index: float | Value) -> list[Value]: ...

    @overload
    def __call__(self, index: list[int] | list[float] | list[Value]) -> list[list[Value]]: ...

    @overload
    def __call__(self, index: Any) -> list[Any]: ...

    def __call__(self, index: Any) -> list[Any]:
        """The vector of an index; or a list of vectors for a list of indices, which may be nested.

        An index may be a float with a whole value, as in a NumPy array of floats.

        Raises:
            InputError: an index is not a whole number, or not in the table.
            PoleError: an index that is a Value, as in a compiled function, is not in the table.
        """
        items = as_list_if_array(index)
        if isinstance(items, (list, tuple)):
            return [self(item) for item in items]
        return self._selected(items) if isinstance(items, Value) else self._looked_up(items)

    def _selected(self, index: Value) -> list[Value]:
        """The vector of an index that may change from run to run: the product of the table and a vector with a 1 at the index."""
        count = len(self.weight)
        hits = [where((index >= row) & (index <= row), 1.0, 0.0) for row in range(count)]
        matches = dot(hits, [1.0] * count)  # 1; or 0 if the index is not in the table: the division then raises
        matches.label = f"how many indices from 0 to {count - 1} this is"
        return [dot(hits, column) / matches for column in zip(*self.weight, strict=True)]

    def _looked_up(self, index: Any) -> list[Value]:
        try:
            row = real(index)
        except (InputError, MagnitudeError):
            row = math.nan
        if row not in range(len(self.weight)):
            raise InputError(f"an index must be a whole number from 0 to {len(self.weight) - 1}, not {index!r}")
        return list(self.weight[int(row)])

    def extra_repr(self) -> str:
        """The size of the table."""
        return f"{len(self.weight)}, {len(self.weight[0])}"
