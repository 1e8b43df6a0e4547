"""Matrix products: dots whose operands form rows × columns become one product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from autograd.compiled.ir import Dot, Matmul
from autograd.compiled.stages import AnyGroup, Group, Rows


def find_matmuls(groups: list[AnyGroup]) -> list[AnyGroup]:
    """The groups, with dots that are a full grid of rows times columns replaced by a matrix product."""
    return [part for group in groups for part in (_parts(group) if isinstance(group, Group) and group.kind is Dot else [group])]


def _parts(group: Group) -> Iterator[Group]:
    """The matrix products in a group of dots, and the remaining dots. Dots that share an operand belong together."""
    if group.outputs.size == 1 or group.mask is not None:
        yield group
        return
    left, right = group.operands
    rows: dict[bytes, int] = {}
    columns: dict[bytes, int] = {}
    i = np.array([rows.setdefault(operand.tobytes(), len(rows)) for operand in left])
    j = np.array([columns.setdefault(operand.tobytes(), len(columns)) for operand in right])
    component = _connected(i, j, len(rows))
    alone: list[Rows] = []
    for members in np.split(np.argsort(component, kind="stable"), np.cumsum(np.bincount(component))[:-1]):
        if not len(members):
            continue
        m, p = len(np.unique(i[members])), len(np.unique(j[members]))
        if len(members) > 1 and m * p == len(members) == len(np.unique(i[members] * len(columns) + j[members])):
            yield _product(group, members, i[members], j[members])
        else:
            alone.append(members)
    if alone:
        rest = np.sort(np.concatenate(alone))
        yield replace(group, shape=(len(rest),), outputs=group.outputs[rest], operands=(left[rest], right[rest]))


def _connected(i: Rows, j: Rows, rows: int) -> Rows:
    """For each dot its connected component in the graph of rows and columns, as the lowest row of the component."""
    parent = list(range(rows))

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    first: dict[int, int] = {}
    for row, column in zip(i.tolist(), j.tolist(), strict=True):
        a, b = sorted((root(row), root(first.setdefault(column, row))))
        parent[b] = a
    return np.array([root(row) for row in i.tolist()])


def _product(group: Group, members: Rows, i: Rows, j: Rows) -> Group:
    """Dots that are a full grid, as a matrix product; `i` and `j` are the rows and columns of the dots."""
    left, right = (operand[members] for operand in group.operands)
    if i[0] != i[1]:  # the left operand varies fastest in the order of recording: swap the two, to keep that order in storage
        left, right, i, j = right, left, j, i
    (rows, first_of_row, i), (columns, first_of_column, j) = (np.unique(x, return_index=True, return_inverse=True) for x in (i, j))
    outputs = np.empty((len(rows), len(columns)), dtype=np.intp)
    outputs[i, j] = group.outputs[members]
    return Group(Matmul, group.operation, outputs.shape, outputs, (left[first_of_row], right[first_of_column]), reached=group.reached)
