"""The numbers of a run as JAX arrays, one for each instruction, of consecutive places. Nothing is overwritten."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.jax.xla_namespace import Array, jax_package
from autograd.compiled.ir import Instruction, Operand, places_of

Places = npt.NDArray[np.intp]
Arrays = tuple[list[Array], list[Array]]
"""Shared and batched arrays."""
Starts = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Numbers:
    """The numbers of a run, or their tangents.

    Attributes:
        starts: the places at which the shared and the batched arrays begin.
        arrays: shared arrays of one axis, and batched ones of two. A `ShapeDtypeStruct` stands for symbolic zeros.
        samples: the number of samples.
    """

    starts: Starts
    arrays: Arrays
    samples: int

    @property
    def dtype(self) -> Any:
        """The type of the numbers."""
        return [*self.arrays[0], *self.arrays[1]][0].dtype

    def put(self, batched: bool, start: int, array: Array) -> None:
        """Add the numbers of the places from `start` on, along the first axis. Arrays are kept in the order of their places."""
        i = bisect(self.starts[batched], start)
        self.starts[batched].insert(i, start)
        self.arrays[batched].insert(i, array)

    def put_zeros(self, batched: bool, start: int, count: int) -> None:
        """Add symbolic zeros."""
        self.put(batched, start, jax_package().ShapeDtypeStruct((count, self.samples)[: 1 + batched], self.dtype))

    def append(self, instruction: Instruction, array: Array) -> None:
        """Add the outputs of an instruction, in their shape."""
        self.put(instruction.batched, instruction.start, array.reshape((instruction.size, self.samples)[: 1 + instruction.batched]))

    def is_moving(self, batched: bool, places: Places) -> npt.NDArray[np.bool_]:
        """Which places have a number rather than a symbolic zero."""
        moving = np.array([not is_zero(array) for array in self.arrays[batched]])
        result: npt.NDArray[np.bool_] = moving[np.searchsorted(self.starts[batched], places, side="right") - 1]
        return result

    def at(self, batched: bool, places: Places) -> Array | None:
        """The numbers at some places, in the shape of the places; None for symbolic zeros."""
        jnp = jax_package().numpy
        starts, arrays = self.starts[batched], self.arrays[batched]
        owner = np.searchsorted(starts, places, side="right") - 1
        owners, index = np.unique(owner, return_inverse=True)
        parts = [arrays[i] for i in owners]
        if all(map(is_zero, parts)):
            return None
        parts = list(map(dense, parts))
        offsets = np.cumsum([0, *[len(part) for part in parts[:-1]]])
        local = places - np.array(starts)[owner] + offsets[index.reshape(places.shape)]
        return taken(parts[0] if len(parts) == 1 else jnp.concatenate(parts), local)

    def read(self, operand: Operand, aligned: bool) -> Array | None:
        """The numbers of an operand. `aligned` says whether to give a shared operand an axis of length 1 for the samples."""
        array = self.at(operand.batched, operand.all_places())
        return array[..., None] if array is not None and aligned and not operand.batched else array

    def outputs(self, instruction: Instruction) -> Array:
        """The outputs of an instruction, in their shape."""
        return self.at(instruction.batched, instruction.start + np.arange(instruction.size).reshape(instruction.shape))

    def holds(self, instruction: Instruction, mask: Operand | None) -> Array | None:
        """Where a mask of an instruction is not 0, in a shape that broadcasts to its outputs; None if there is no mask."""
        if mask is None:
            return None
        holds: Array = self.read(mask, instruction.batched) != 0.0
        return holds.any(axis=-1) if mask.batched > instruction.batched else holds


def numbers_of(starts: Starts, arrays: Arrays) -> Numbers:
    """`Numbers` of copies of these lists, to which others can be appended."""
    return Numbers((starts[0][:], starts[1][:]), (arrays[0][:], arrays[1][:]), arrays[1][0].shape[1] if arrays[1] else 1)


def is_zero(array: Array) -> bool:
    """Whether it stands for symbolic zeros."""
    return isinstance(array, jax_package().ShapeDtypeStruct)


def symbolic(array: Array) -> Array:
    """The array; a symbolic zero of JAX as one of ours."""
    jax = jax_package()
    return jax.ShapeDtypeStruct(array.shape, array.dtype) if isinstance(array, jax.custom_derivatives.SymbolicZero) else array


def dense(array: Array) -> Array:
    """The array; symbolic zeros as an array of zeros."""
    return jax_package().numpy.zeros(array.shape, array.dtype) if is_zero(array) else array


def all_dense(arrays: Arrays) -> Arrays:
    """All arrays as `dense` returns them."""
    return list(map(dense, arrays[0])), list(map(dense, arrays[1]))


def taken(array: Array, places: Places) -> Array:
    """``array[places]``. Regular places are sliced and reshaped instead of gathered, so that the transpose need not scatter."""
    jnp, lax = jax_package().numpy, jax_package().lax
    tail = array.shape[1:]
    if places.size == len(array) and np.array_equal(places.ravel(), np.arange(places.size)):
        return array.reshape(places.shape + tail)
    start = int(places.flat[0])
    strides = tuple([int(np.take(places, 1, axis=axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(places.shape)])
    moving = sorted([axis for axis, stride in enumerate(strides) if stride], key=lambda axis: -strides[axis])
    loops = [(places.shape[axis], strides[axis]) for axis in moving] or [(1, 1)]
    nested = all(outer % inner == 0 and n * inner <= outer for (_, outer), (n, inner) in pairwise(loops)) and loops[-1][1] > 0
    if not nested or not np.array_equal(places_of(start, places.shape, strides), places):
        distinct = len(np.unique(places)) == places.size
        return array.at[places].get(mode="promise_in_bounds", unique_indices=distinct)
    length = loops[0][0] * loops[0][1]
    cut = lax.slice_in_dim(array, start, min(start + length, len(array)))
    if len(cut) < length:  # the last round of the outermost loop is incomplete
        cut = jnp.pad(cut, [(0, length - len(cut)), *[(0, 0)] * len(tail)])
    for depth, (n, stride) in enumerate(loops):  # from one axis of n · stride numbers to two, of which the next loop divides the second
        if cut.shape[depth] > n * stride:
            cut = lax.slice_in_dim(cut, 0, n * stride, axis=depth)
        cut = cut.reshape((*cut.shape[:depth], n, stride, *tail))
    if loops[-1][1] > 1:
        cut = lax.slice_in_dim(cut, 0, 1, axis=len(loops))
    if moving != sorted(moving):
        cut = cut.transpose(*sorted(range(len(loops)), key=moving.__getitem__), *range(len(loops), cut.ndim))
    cut = cut.reshape(tuple([n if stride else 1 for n, stride in zip(places.shape, strides, strict=True)]) + tail)
    return cut if cut.shape == places.shape + tail else jnp.broadcast_to(cut, places.shape + tail)
