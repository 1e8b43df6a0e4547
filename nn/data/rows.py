"""Samples in the forms in which users have them: lists, NumPy arrays, pandas frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from autograd._runtime.coercion import real, refuse_masked
from autograd.errors import InputError


class Rows(Protocol):
    """Samples or targets: something with a length and an index, such as a list, a NumPy array, or a pandas frame."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


def as_lists(X: Rows) -> list[Any]:
    """Samples or targets as a list, in which arrays are lists of plain numbers. Models compute faster with those.

    Args:
        X: a list (which may hold arrays), a NumPy array, or a pandas frame or series: a row becomes a list of numbers.

    Raises:
        InputError: it has no length or no index, or a frame holds something that is not a number.

    Example:
        >>> import numpy as np
        >>> as_lists(np.eye(2)), as_lists([[1, 2], np.zeros(2)])
        ([[1.0, 0.0], [0.0, 1.0]], [[1, 2], [0.0, 0.0]])
    """
    items = by_position(X)
    if hasattr(items, "tolist"):
        return list(items.tolist())
    return [item.tolist() if hasattr(item, "tolist") else item for item in items]  # without a call for each sample


def as_list_if_array(x: Any) -> Any:
    """Nested lists of the numbers in an array of NumPy or PyTorch; anything else is returned as it is.

    Example:
        >>> import numpy as np
        >>> as_list_if_array(np.eye(2)), as_list_if_array(3)
        ([[1.0, 0.0], [0.0, 1.0]], 3)
    """
    refuse_masked(x)
    return x.tolist() if hasattr(x, "tolist") else x


def by_position(X: Rows) -> Any:
    """`X` as a sequence or an array, whose rows have a position.

    Raises:
        InputError: it has no length or no index, or a frame holds something that is not a number.

    Example:
        >>> by_position((1, 2))
        (1, 2)
    """
    refuse_masked(X)
    if hasattr(X, "to_numpy"):
        return _array_of_frame(X)
    try:
        len(X)
        usable = hasattr(X, "__getitem__") and not isinstance(X, (str, bytes, dict))
    except TypeError:  # an array of no dimensions has a length in name only
        usable = False
    if not usable:
        raise InputError("samples and targets must be lists, arrays or data frames: convert anything else, as in list(samples)")
    return X


def _array_of_frame(frame: Any) -> Any:
    """The numbers of a pandas frame or series, without its index."""
    array = frame.to_numpy()
    if array.dtype.kind in "biuf":
        return array
    columns = list(getattr(frame, "columns", [getattr(frame, "name", None)]))
    for i, item in enumerate(array.flat):
        try:
            real(item)
        except InputError:
            column = columns[i % len(columns)]
            where = "a series" if column is None else f"column {column!r}"
            raise InputError(f"{where} holds {item!r}, which is not a number: leave it out, or encode it as numbers") from None
    return array.astype(float)
