"""The steps of matrix products: that of the outputs, and those of the gradients of both factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiled.backends.llvm.frame import SHARED, SHARED_GRADIENTS, TILE, TILE_GRADIENTS
from autograd.compiled.backends.llvm.product_kernel import PADDED_SAMPLES, SAMPLES, product_kernel, transpose_kernel
from autograd.compiled.backends.llvm.step import BySample, Step
from autograd.compiled.ir import Instruction, Operand

Both = tuple[list[Step], list[Step]]
"""Steps forward, and steps backward in the order of the forward pass."""


def shared_product(one: Instruction, a: Operand, b: Operand, copy: int, is_transposed: bool) -> Both:
    """The steps of a product of shared numbers; `copy` is a place for the transpose of its right factor, which may be there already."""
    (m, n), p = a.shape, b.shape[0]
    da, db = a.row_distance or n, b.row_distance or n
    forward: list[Step] = []
    backward: list[Step] = []
    if not is_transposed:
        forward.append(_transposed(SHARED, b.start, np.arange(p) * db, n, SHARED, copy))
    forward.append(
        _product((SHARED, a.start, (da, 0), (1, 0)), (SHARED, copy, np.arange(n) * p), (SHARED, one.start, np.arange(m) * p), (m, p, n))
    )
    gradient = (SHARED_GRADIENTS, one.start)
    if not a.constant:
        to = (SHARED_GRADIENTS, a.start, np.arange(m) * da)
        backward.append(_product((*gradient, (p, 0), (1, 0)), (SHARED, b.start, np.arange(p) * db), to, (m, n, p), added=True))
    if not b.constant:
        to = (SHARED_GRADIENTS, b.start, np.arange(p) * db)
        backward.append(_product((*gradient, (1, 0), (p, 0)), (SHARED, a.start, np.arange(m) * da), to, (p, n, m), added=True))
    return forward, backward


def tile_product(one: Instruction, w: Operand, x: Operand, of_row: int, of_column: int, copy: int) -> Both:
    """The steps of products of shared rows and rows of samples: output (r, q) is at `start + r * of_row + q * of_column`.

    In the tile, `copy` is a place for the numbers of a row of samples, sample by sample.
    """
    (rows, n), places = w.shape, x.all_places()
    distance = w.row_distance or n
    forward: list[Step] = []
    backward: list[Step] = []
    for q, row in enumerate(places):
        outputs, start = np.arange(rows) * of_row, one.start + q * of_column
        weights = (SHARED, w.start)
        sizes = (rows, PADDED_SAMPLES, n)
        forward.append(_product((*weights, (distance, 0), (1, 0)), (TILE, 0, row), (TILE, start, outputs), sizes))
        if not w.constant:
            to = (SHARED_GRADIENTS, w.start, np.arange(rows) * distance)
            by_samples = (TILE, copy, BySample(n))
            backward.append(_product((TILE_GRADIENTS, start, (of_row, 0), (0, 1)), by_samples, to, (rows, n, SAMPLES), added=True))
            backward.append(_transposed(TILE, 0, row, SAMPLES, TILE, copy))
        if not x.constant:
            sizes = (n, PADDED_SAMPLES, rows)
            given = (TILE_GRADIENTS, start, outputs)
            backward.append(_product((*weights, (1, 0), (distance, 0)), given, (TILE_GRADIENTS, 0, row), sizes, added=True))
    return forward, backward


def _product(a: Any, b: Any, c: Any, sizes: tuple[int, int, int], added: bool = False) -> Step:
    (a_memory, a_start, a_row, a_term), (b_memory, b_start, b_list), (c_memory, c_start, c_list) = a, b, c
    in_numbers = int(isinstance(b_list, BySample))
    arguments = [a_memory, a_start, *a_row, *a_term, b_memory, b_start, b_list, in_numbers, c_memory, c_start, c_list, int(added), *sizes]
    return Step(product_kernel, (), arguments)


def _transposed(memory: int, start: int, rows: Any, length: int, to: int, place: int) -> Step:
    return Step(transpose_kernel, (), [memory, start, rows, len(rows), length, to, place])
