"""Samples and their targets: as lists for eager code, as arrays for compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd._runtime.coercion import refuse_masked
from autograd.errors import InputError
from nn.data.rows import Rows, as_list_if_array, as_lists

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Samples:
    """Samples and their targets, in both forms. Arrays are made when they are first needed.

    Args:
        X: samples: a list, a NumPy array, which is not copied, or a pandas frame.
        y: as many targets; None where only outputs are wanted: then there are no targets.

    Raises:
        InputError: something else was given.

    Example:
        >>> samples = Samples([[0.0], [1.0], [2.0]], [0, 1, 2])
        >>> samples.lists([2, 0])
        ([[2.0], [0.0]], [2, 0])
    """

    def __init__(self, X: Rows, y: Rows | None = None) -> None:
        import numpy as np

        refuse_masked(X)
        self.X: Any = X if isinstance(X, np.ndarray) and X.ndim else as_eager(as_lists(X))
        self.y: list[Any] = [] if y is None else as_eager(as_lists(y))
        self._arrays: list[Any] = []

    def __len__(self) -> int:
        return len(self.X)

    def lists(self, order: Sequence[int]) -> tuple[list[Any], list[Any]]:
        """The samples with these indices, and their targets, or no targets. The caller may change them."""
        X = self.X[list(order)].tolist() if hasattr(self.X, "tolist") else [_copied(self.X[i]) for i in order]
        return X, [_copied(self.y[i]) for i in order] if self.y else []

    def forget_arrays(self) -> None:
        """Make the arrays again when they are next needed, because the lists may have been changed in place."""
        self._arrays = []

    def arrays(self, order: Sequence[int]) -> list[Any]:
        """The same as arrays: one of the samples and, if there are targets, one of those. Of dicts a dict of arrays.

        Raises:
            InputError: not all of it is numbers, or not all samples have one shape.
        """
        if not self._arrays:
            self._arrays = [_array("samples", self.X)] + ([_array("targets", self.y)] if self.y else [])
        import numpy as np

        rows = np.array(order, dtype=np.intp)
        return [_taken(array, rows) for array in self._arrays]


def _copied(sample: Any) -> Any:
    """The sample with lists and dicts of its own, because a model may change them."""
    if isinstance(sample, list):
        return [_copied(part) for part in sample] if sample and isinstance(sample[0], (list, dict, tuple)) else sample[:]
    return {key: _copied(part) for key, part in sample.items()} if type(sample) is dict else sample


def _taken(array: Any, rows: npt.NDArray[np.intp]) -> Any:
    import numpy as np

    if isinstance(array, dict):
        return {key: _taken(part, rows) for key, part in array.items()}
    return np.asarray(array.take(rows, axis=0), np.float64)


def _array(name: str, items: Any) -> Any:
    import numpy as np

    if len(items) and isinstance(items[0], dict):
        keys = list(items[0])
        if not all(isinstance(item, dict) and list(item) == keys for item in items):
            raise InputError(f"the {name} are dicts with different keys, or with the same keys in another order")
        return {key: _array(f"{name}, at {key!r},", [item[key] for item in items]) for key in keys}
    try:
        array = np.asarray(items)
    except ValueError:
        raise InputError(f"the {name} are of different shapes") from None
    if array.dtype.kind not in "biuf":  # NumPy would convert strings and None to numbers, which eager code does not
        raise InputError(f"the {name} are not all numbers")
    if array.dtype.kind in "iu" and array.size and max(int(array.max()), -int(array.min())) > 2**53:
        raise InputError(f"the {name} are whole numbers that no float holds exactly")
    return array


def as_eager(x: Any) -> Any:
    """A sample as eager code gets it: with lists in place of arrays, for which + means something else.

    Example:
        >>> import numpy as np
        >>> as_eager({"a": np.eye(2), "b": [np.zeros(1), 2.0]})
        {'a': [[1.0, 0.0], [0.0, 1.0]], 'b': [[0.0], 2.0]}
    """
    if isinstance(x, dict):
        return {key: as_eager(part) for key, part in x.items()}
    if isinstance(x, list) and x and not isinstance(x[0], (float, int)):
        return [as_eager(item) for item in x]
    return as_list_if_array(x)


def by_sample(outputs: Any) -> list[Any]:
    """The outputs of each sample, from arrays whose first axis are the samples.

    Example:
        >>> import numpy as np
        >>> by_sample((np.eye(2), np.array([5.0, 6.0])))
        [([1.0, 0.0], 5.0), ([0.0, 1.0], 6.0)]
    """
    if hasattr(outputs, "tolist"):
        return list(outputs.tolist())
    branches = outputs.values() if isinstance(outputs, dict) else outputs
    rows = zip(*map(by_sample, branches), strict=True)
    if isinstance(outputs, dict):
        return [dict(zip(outputs, row, strict=True)) for row in rows]
    return list(map(getattr(outputs, "_make", type(outputs)), rows))
