"""Discover matrices: dots whose operands form rows × columns are one matrix product."""

from __future__ import annotations

import numpy as np

from autograd.compiled.roll import Block, Group
from autograd.ops import DOT, Operation

MATMUL = Operation("matmul", "@", lambda xp, a, b: a @ b.T, (), 2)
"""A[m, n] @ B[p, n]ᵀ. No row of the op table, because it is no operation on scalars: it stands for m × p dots."""


def find_matrices(groups: list[Group | Block]) -> list[Group | Block]:
    """The groups, with every group of dots that is a full grid of rows times columns replaced by one matrix product."""
    return [(isinstance(group, Group) and _as_product(group)) or group for group in groups]


def _as_product(group: Group) -> Group | None:
    if group.operation is not DOT or group.outputs.size == 1 or group.mask is not None:
        return None
    left, right = group.operands
    rows: dict[bytes, int] = {}
    columns: dict[bytes, int] = {}
    i = np.array([rows.setdefault(operand.tobytes(), len(rows)) for operand in left])
    j = np.array([columns.setdefault(operand.tobytes(), len(columns)) for operand in right])
    m, p = len(rows), len(columns)
    if m * p != group.outputs.size or len({*zip(i.tolist(), j.tolist(), strict=True)}) != m * p:
        return None
    if i[0] != i[1]:  # the left operand changes faster in the order of recording: keep that order in memory
        left, right, i, j, m, p = right, left, j, i, p, m
    outputs = np.empty((m, p), dtype=np.intp)
    outputs[i, j] = group.outputs
    a = left[np.unique(i, return_index=True)[1]]
    b = right[np.unique(j, return_index=True)[1]]
    return Group(MATMUL, (m, p), outputs, (a, b))
