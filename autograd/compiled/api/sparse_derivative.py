"""Sparse Jacobians and Hessians of compiled functions: where numbers stand is found when a branch is recorded, and kept with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np

from autograd.compiled.api.arguments import Array
from autograd.sparse import Sparse, csr_arrays
from autograd.trees import flatten
from autograd.value import Value

MOST_NOTED = 64
"""The patterns of so many runs are kept until it is clear which of them was recorded: each recording takes a few runs."""


class Pattern(NamedTuple):
    """Where the numbers of a sparse matrix stand, in compressed rows.

    Attributes:
        columns, starts: the column of each number, row by row, and where rows begin.
        shape: rows, columns.
        numbers: those that are constant, and 0 in place of the others.
        varying: the indices of the others.
    """

    columns: Array
    starts: Array
    shape: tuple[int, int]
    numbers: Array
    varying: Array


class SparseDerivative:
    """A sparse derivative of a function with respect to its first argument.

    Args:
        of: `sparse_jacobian` or `sparse_hessian`.
        f: the function.
        compiled: compiles a function of so many arguments, none of which has samples.
    """

    def __init__(self, of: Callable[..., Sparse], f: Callable[..., Any], compiled: Callable[[Callable[..., Any]], Any]) -> None:
        self._of, self._f = of, f
        self._noted: dict[int, Pattern] = {}
        self._patterns: WeakKeyDictionary[Any, Pattern] = WeakKeyDictionary()
        self._function = compiled(self._varying)

    def __call__(self, *args: Any) -> Any:
        """The derivative as an array of SciPy's."""
        csr_array = csr_arrays()
        while True:
            (numbers, _), (branch,) = self._function.value_by(*args)
            pattern = self._patterns.get(branch.executable)
            if pattern is None:
                leaves = branch.recorded.variables[0]
                pattern = self._noted.pop(id(leaves[0]) if leaves else 0, None)
            if pattern is not None:
                break
            self._function.forget()  # other threads have recorded many branches since this one was noted
        self._patterns[branch.executable] = pattern
        values = pattern.numbers.copy()
        values[pattern.varying] = numbers
        return csr_array((values, pattern.columns.copy(), pattern.starts.copy()), shape=pattern.shape)

    def _varying(self, x: Any, *args: Any) -> tuple[list[Any], float]:
        """The numbers that are not constant, and one that stands for all that is constant: if it differs from run to run, `compile` sees it.

        The pattern is noted by a leaf of the argument, which the recording keeps.
        """
        matrix = self._of(lambda x: self._f(x, *args), x)
        varying = [k for k, value in enumerate(matrix.values) if isinstance(value, Value)]
        numbers = np.array([0.0 if isinstance(value, Value) else float(value) for value in matrix.values])
        columns = np.array(matrix.columns, dtype=np.int32)
        starts = np.searchsorted(matrix.rows, np.arange(matrix.shape[0] + 1)).astype(np.int32)
        while len(self._noted) >= MOST_NOTED:
            self._noted.pop(next(iter(self._noted)), None)
        leaves = flatten(x)[0]
        self._noted[id(leaves[0]) if leaves else 0] = Pattern(columns, starts, matrix.shape, numbers, np.array(varying, dtype=np.intp))
        constant = b"".join([array.tobytes() for array in (columns, starts, numbers)])
        return [matrix.values[k] for k in varying], float(crc32(constant))
