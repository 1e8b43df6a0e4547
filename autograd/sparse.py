"""Sparse Jacobians and Hessians: where most derivatives are 0, a few passes find all the others.

Columns that share no row can be found in one pass, because each row of the result then belongs to one of them. Giving such
columns one colour, as few colours as passes are needed: three for a tridiagonal matrix of any size.

Source: Curtis, Powell, Reid, "On the estimation of sparse Jacobian matrices" (1974); Gebremedhin, Manne, Pothen, "What color is your
Jacobian?", SIAM Review 47 (2005).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from autograd._runtime.coercion import need_function, real, shown
from autograd.differentiation import derivatives, detached, is_from_outside, need_one_number, push_forward_each, variables_of
from autograd.errors import InputError, MissingPackageError
from autograd.graph import topological_order
from autograd.tracing import traced
from autograd.trees import flatten
from autograd.value import Value


@dataclass(frozen=True)
class Sparse:
    """A sparse matrix: the number `values[k]` at row `rows[k]`, column `columns[k]`; 0 elsewhere.

    The values are numbers; Values where the function depends on a Value from outside.

    Attributes:
        shape: rows, columns.
        passes: how many passes over the graph it took.
    """

    rows: list[int]
    columns: list[int]
    values: list[Any]
    shape: tuple[int, int]
    passes: int

    def todense(self) -> list[list[Any]]:
        """As a list of rows."""
        dense: list[list[Any]] = [[0.0] * self.shape[1] for _ in range(self.shape[0])]
        for i, j, x in zip(self.rows, self.columns, self.values, strict=True):
            dense[i][j] = x
        return dense

    def to_scipy(self) -> Any:
        """As an array of SciPy's, `scipy.sparse.csr_array`.

        Raises:
            InputError: a value is a Value, which SciPy's arrays cannot hold.
            MissingPackageError: SciPy is not installed.
        """
        if any(isinstance(x, Value) for x in self.values):
            raise InputError("the derivatives depend on a Value from outside of the function: SciPy's arrays hold numbers only")
        csr_array = csr_arrays()
        array = csr_array((self.values, (self.rows, self.columns)), shape=self.shape) if len(self.values) else csr_array(self.shape)
        return array.astype(float)


def csr_arrays() -> Any:
    """SciPy's `csr_array`.

    Raises:
        MissingPackageError: SciPy is not installed.
    """
    try:
        return import_module("scipy.sparse").csr_array
    except ImportError:
        raise MissingPackageError("sparse arrays of SciPy's need scipy: pip install scipy") from None


def sparse_jacobian(f: Callable[[list[Any]], Sequence[Any]], x: Sequence[float]) -> Sparse:
    """The Jacobian of a function of a list of numbers.

    Args:
        f: takes one list, or one NumPy array if `x` is one; returns one, or nested lists, tuples, dicts and arrays of numbers, each of
            which is a row, in their order.
        x: the point.

    Raises:
        InputError: `x` is not a sequence of numbers, or `f` does not return numbers.

    Example:
        >>> J = sparse_jacobian(lambda x: [b - a * a for a, b in zip(x, x[1:])], [1.0, 2.0, 3.0])
        >>> J.todense(), J.passes
        ([[-2.0, 1.0, 0.0], [0.0, -4.0, 1.0]], 2)
    """
    need_function(f, "sparse_jacobian(f, [1.0, 2.0])")
    return _derivative(_results, f, x)


def sparse_hessian(f: Callable[[list[Any]], Any], x: Sequence[float]) -> Sparse:
    """The Hessian of a scalar function of a list of numbers.

    Args:
        f: takes one list, or one NumPy array if `x` is one; returns one number.
        x: the point.

    Raises:
        InputError: `x` is not a sequence of numbers, or `f` does not return one number.

    Example:
        >>> H = sparse_hessian(lambda x: sum((b - a * a) ** 2 for a, b in zip(x, x[1:])), [1.0] * 100)
        >>> H.passes, len(H.values)
        (3, 298)
    """
    need_function(f, "sparse_hessian(f, [1.0, 2.0])")
    return _derivative(_gradient, f, x)


@dataclass(frozen=True)
class Sparsity:
    """Where the numbers of a sparse matrix stand.

    Attributes:
        pattern: for each row the columns of its numbers, in order.
        colours: for each column its colour.
        tangents: how many derivatives the nodes of the graph have with respect to variables, all together.
    """

    pattern: list[list[int]]
    colours: list[int]
    tangents: int

    @property
    def passes(self) -> int:
        """The number of colours."""
        return 1 + max(self.colours, default=-1)


def sparsity_of(of: Callable[..., Sparse], f: Callable[..., Any], x: Any) -> Sparsity:
    """Where the numbers of ``of(f, x)`` stand, without them.

    Args:
        of: `sparse_jacobian` or `sparse_hessian`.
        f, x: its arguments.
    """
    with _point(x) as (replaced, variables, _):
        return _sparsity((_results if of is sparse_jacobian else _gradient)(f, replaced, variables), variables)


def _results(f: Callable[..., Any], replaced: list[Any], variables: list[Value]) -> list[Any]:
    """The results of a function.

    Raises:
        InputError: they are no list of numbers.
    """
    result = traced(f, variables, replaced)
    if isinstance(result, (Value, str)) or not hasattr(result, "__len__"):
        raise InputError(f"f must return a list of numbers, not {result!r}: for one number write [result]")
    return flatten(result)[0]


def _gradient(f: Callable[..., Any], replaced: list[Any], variables: list[Value]) -> list[Any]:
    """The derivatives of its one result, as graphs."""
    result = traced(f, variables, replaced)
    need_one_number(result)
    return derivatives(result, variables) if isinstance(result, Value) else [real(result)] * len(variables)


def _derivative(outputs_of: Callable[..., list[Any]], f: Callable[..., Any], x: Any) -> Sparse:
    with _point(x) as (replaced, variables, _):
        outputs = outputs_of(f, replaced, variables)
        found = _sparsity(outputs, variables)
        seeds = [{colour: 1.0} for colour in found.colours]
        moved = push_forward_each(outputs, variables, seeds, not is_from_outside(outputs, variables))
        rows = [i for i, columns in enumerate(found.pattern) for _ in columns]
        columns = [j for row in found.pattern for j in row]
        values = [moved[i].get(found.colours[j], 0.0) for i, j in zip(rows, columns, strict=True)]
    return Sparse(rows, columns, detached(values), (len(outputs), len(variables)), found.passes)


def _point(x: Any) -> Any:
    """The point with a fresh variable for each number.

    Raises:
        InputError: it is not a sequence of numbers.
    """
    if isinstance(x, (dict, type)) or not hasattr(x, "__len__") or getattr(x, "ndim", None) == 0 or len(x) != len(flatten(x)[0]):
        given = (
            f"an array of the shape {x.shape}" if getattr(x, "ndim", 0) else shown(x) if isinstance(x, (Value, float)) else type(x).__name__
        )
        raise InputError(f"the point must be a list of numbers, not {given}")
    return variables_of((x,), 0)


def _sparsity(outputs: list[Any], variables: list[Value]) -> Sparsity:
    """On which variables each output depends. Sets of variables are the bits of an integer."""
    reached: dict[int, int] = {id(v): 1 << i for i, v in enumerate(variables)}
    for output in outputs:
        if isinstance(output, Value):
            for node in cast("list[Value]", topological_order(output)):
                if id(node) not in reached:
                    bits = 0
                    for x in node._prev:
                        bits |= reached[id(x)]
                    reached[id(node)] = bits
    pattern = [_bits(reached[id(output)]) if isinstance(output, Value) else [] for output in outputs]
    return Sparsity(pattern, _colours(pattern, len(variables)), sum([bits.bit_count() for bits in reached.values()]))


def _bits(number: int) -> list[int]:
    positions = []
    while number:
        lowest = number & -number
        positions.append(lowest.bit_length() - 1)
        number ^= lowest
    return positions


def _colours(pattern: list[list[int]], columns: int) -> list[int]:
    """A colour for each column such that no row has two columns of one colour; greedy, in the order of the columns."""
    rows_of: list[list[int]] = [[] for _ in range(columns)]
    for i, row in enumerate(pattern):
        for j in row:
            rows_of[j].append(i)
    colours = [-1] * columns
    for j in range(columns):
        taken = {colours[other] for i in rows_of[j] for other in pattern[i]}
        colours[j] = next(colour for colour in range(columns) if colour not in taken)
    return colours
