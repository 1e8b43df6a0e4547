"""Sparse Jacobians and Hessians of compiled functions. Where numbers stand is found when a branch is recorded, and kept with it.

Where nodes depend on few variables each, the derivatives are recorded one by one. What is constant is not computed again, such as the
derivatives of the linear parts of a constraint. Otherwise, the function is recorded with its derivative in a direction, and run with a
sample for each colour of the columns (see `autograd.sparse`).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np

from autograd._runtime.coercion import number_of
from autograd.compiled.api.arguments import Array, form_of
from autograd.compiled.api.directions import Directions
from autograd.compiled.api.recorded import run_once
from autograd.compiled.api.signature import Call
from autograd.sparse import Sparse, Sparsity, csr_arrays, sparse_hessian, sparsity_of
from autograd.transforms import grad
from autograd.trees import flatten
from autograd.value import Value

MOST_TANGENTS = 100_000
"""So many derivatives of nodes with respect to variables are recorded one by one."""

MOST_NOTED = 64
"""The patterns of so many runs are kept until it is clear which of them was recorded: each recording takes a few runs."""


class Pattern(NamedTuple):
    """Where the numbers of a sparse matrix stand.

    Attributes:
        matrix: a `csr_array` with those that are constant, and 0 in place of the others.
        varying: the indices of the others.
    """

    matrix: Any
    varying: Array

    def with_numbers(self, numbers: Array) -> Any:
        """A matrix with these numbers, which shares nothing with others. SciPy would check where they stand again."""
        own = copy(self.matrix)
        own.data, own.indices, own.indptr = numbers, own.indices.copy(), own.indptr.copy()
        return own


class Coloured(NamedTuple):
    """The same, and directions that give the numbers: one for each colour.

    Attributes:
        pattern: where they stand.
        directions: colours × columns, 1 where a column has the colour, else 0.
        at: for each number its colour and its row.
    """

    pattern: Pattern
    directions: Array
    at: tuple[Array, Array]


class SparseDerivative:
    """A sparse derivative of a function with respect to its first argument.

    Args:
        of: `sparse_jacobian` or `sparse_hessian`.
        f: the function.
        compiled: compiles a function of the same arguments, none of which has samples.
    """

    def __init__(self, of: Callable[..., Sparse], f: Callable[..., Any], compiled: Callable[[Callable[..., Any]], Any]) -> None:
        self._of, self._f = of, f
        self._rows = grad(f) if of is sparse_hessian else f
        self._single = compiled(self._one_by_one)
        self._bind = self._single._signature.bind
        self._calls = compiled(self._rows)._calls
        self._directions = Directions(self._calls, self._rows)
        self._is_dense: dict[Any, bool] = {}
        self._noted: dict[int, Pattern] = {}
        self._patterns: WeakKeyDictionary[Any, Pattern] = WeakKeyDictionary()
        self._coloured: WeakKeyDictionary[Any, Coloured] = WeakKeyDictionary()
        self._last: Coloured | None = None

    def __call__(self, *args: Any) -> Any:
        """The derivative as an array of SciPy's."""
        call = self._bind(args, {})
        return self._in_colours(call) if self._needs_colours(call) else self._from_program(call)

    def _needs_colours(self, call: Call) -> bool:
        """Whether nodes depend on so many variables that derivatives are not recorded one by one."""
        key = form_of(call.values)[0]
        if key is None:
            key = tuple([argument.key for argument in self._calls.batching.arguments(call, (), False)[0]])
        if key not in self._is_dense:
            found, draws = self._found(call)
            if len(self._is_dense) == MOST_NOTED:
                self._is_dense.clear()
            self._is_dense[key] = found.tangents > MOST_TANGENTS and not draws
        return self._is_dense[key]

    def _found(self, call: Call) -> tuple[Sparsity, bool]:
        """Where the numbers stand on the branch of this call, and whether it draws random numbers."""
        arguments, _ = self._calls.batching.arguments(call, (), False)
        found: list[Sparsity] = []

        def run(seen: Any) -> float:
            found.append(sparsity_of(self._of, lambda x: self._f(x, *seen[1:]), seen[0]))
            return 0.0

        ran = run_once(run, arguments, 0)
        return found[0], bool(ran.recording.draws)

    def _from_program(self, call: Call) -> Any:
        """The matrix from a program in which each that varies is a result."""
        while True:
            (numbers, _), (branch,) = self._single._calls.value_by(call)
            pattern = self._patterns.get(branch.executable)
            if pattern is None:
                leaves = branch.recorded.variables[0]
                pattern = self._noted.pop(id(leaves[0]) if leaves else 0, None)
            if pattern is not None:
                break
            self._single.forget()  # other threads have recorded many branches since this one was noted
        self._patterns[branch.executable] = pattern
        values = pattern.matrix.data.copy()
        values[pattern.varying] = numbers
        return pattern.with_numbers(values)

    def _one_by_one(self, x: Any, *args: Any) -> tuple[list[Any], float]:
        """The numbers that vary, and one that stands for all that is constant: if it differs from run to run, `compile` sees it.

        The pattern is noted by a leaf of the argument, which the recording keeps.
        """
        matrix = self._of(lambda x: self._f(x, *args), x)
        pattern = _pattern_of(matrix)
        while len(self._noted) >= MOST_NOTED:
            self._noted.pop(next(iter(self._noted)), None)
        leaves = flatten(x)[0]
        self._noted[id(leaves[0]) if leaves else 0] = pattern
        constant = crc32(b"".join([array.tobytes() for array in (pattern.matrix.indices, pattern.matrix.indptr, pattern.matrix.data)]))
        return [matrix.values[k] for k in pattern.varying.tolist()], float(constant)

    def _in_colours(self, call: Call) -> Any:
        """The matrix from one run with a sample for each colour."""
        own = self._last or self._colouring(call)
        while True:
            table, branch = self._directions.along(call, (0,), own.directions)
            known = self._coloured.get(branch.executable)
            if known is None:
                known = self._coloured[branch.executable] = self._colouring(call)
            if known is own:
                break
            own = known
        self._last = own
        values = table[own.at]
        if np.isfinite(values).all():
            return own.pattern.with_numbers(values)
        # 0 times an infinite slope is nan, where eager code follows only what a result depends on
        x, *others = [argument.sample(0) for argument in self._calls.batching.arguments(call, (), False)[0]]
        exact = self._of(lambda x: self._f(x, *others), x)
        return replace(exact, values=[number_of(value) for value in exact.values]).to_scipy()

    def _colouring(self, call: Call) -> Coloured:
        """Where the numbers stand on the branch of this call, and the colours of the columns."""
        found, _ = self._found(call)
        rows = [i for i, columns in enumerate(found.pattern) for _ in columns]
        columns = [j for row in found.pattern for j in row]
        shape = len(found.pattern), len(found.colours)
        nothing = Sparse(rows, columns, [0.0] * len(rows), shape, found.passes)
        directions = (np.array(found.colours) == np.arange(found.passes)[:, None]).astype(np.float64)
        at = np.array(found.colours, dtype=np.intp)[columns], np.array(rows, dtype=np.intp)
        return Coloured(_pattern_of(nothing), directions, at)


def _pattern_of(sparse: Sparse) -> Pattern:
    """Where the numbers of a matrix stand, whose rows are in order."""
    varying = np.array([k for k, value in enumerate(sparse.values) if isinstance(value, Value)], dtype=np.intp)
    numbers = np.array([0.0 if isinstance(value, Value) else float(value) for value in sparse.values])
    starts = np.searchsorted(np.array(sparse.rows, dtype=np.intp), np.arange(sparse.shape[0] + 1))
    matrix = csr_arrays()((numbers, np.array(sparse.columns, dtype=np.int32), starts.astype(np.int32)), shape=sparse.shape)
    assert matrix.has_canonical_format  # it is looked at once, and copied
    return Pattern(matrix, varying)
