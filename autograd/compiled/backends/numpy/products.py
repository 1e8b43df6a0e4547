"""Products that are too small for the threads of BLAS: waiting for these would take longer, most of all on a busy machine."""

from __future__ import annotations

import numpy as np

from autograd.compiled.backends.contract import Array

ONE_THREAD, MANY_THREADS = 2**18, 2**24
"""OpenBLAS computes a product of up to ONE_THREAD multiplications on one thread. The next larger ones could wait for its threads longer
than they take, so they are computed as products of that size. From MANY_THREADS on, threads are worth waiting for."""

ROWS, COLUMNS = 8, 256
"""The least number of rows of such a product, and the largest number of columns."""

TERMS = 10_000
"""OpenBLAS computes a dot product of so many terms on one thread; of more, it is a sum of those."""


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """a[…, m, t] @ b[…, t, p], written to `out` if it is given.

    Example:
        >>> matmul(np.ones((300, 100)), np.ones((100, 40))).sum()
        np.float64(1200000.0)
    """
    (m, t), p = a.shape[-2:], b.shape[-1]
    if m * t * p <= ONE_THREAD or m * t * p >= MANY_THREADS:
        return np.matmul(a, b, out=out)
    if out is None:
        out = np.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), m, p))
    columns = min(p, COLUMNS)
    depth = min(t, ONE_THREAD // (columns * min(m, ROWS)))
    rows = ONE_THREAD // (columns * depth)
    for i in range(0, m, rows):
        for j in range(0, p, columns):
            tile = out[..., i : i + rows, j : j + columns]
            np.matmul(a[..., i : i + rows, :depth], b[..., :depth, j : j + columns], out=tile)
            for k in range(depth, t, depth):
                tile += a[..., i : i + rows, k : k + depth] @ b[..., k : k + depth, j : j + columns]
    return out


def vecdot(a: Array, b: Array, out: Array) -> None:
    """Write the sums of a[…, t] · b[…, t] over t.

    Example:
        >>> out = np.empty(2)
        >>> vecdot(np.ones((2, 25_000)), np.ones((2, 25_000)), out)
        >>> out
        array([25000., 25000.])
    """
    np.vecdot(a[..., :TERMS], b[..., :TERMS], out=out)
    for k in range(TERMS, a.shape[-1], TERMS):
        out += np.vecdot(a[..., k : k + TERMS], b[..., k : k + TERMS])
