"""The storage of a run: shared numbers, and those batched ones that come from outside or are wanted there."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.contract import Array, Storage
from autograd.compiled.backends.llvm.frame import INPUTS, ROW_OUTSIDE, SHARED, SIZE
from autograd.compiled.ir import Index

MOST_KNOWN = 256
"""The rows of so many different places are remembered."""

FEW = 2**14
"""Rows of so many numbers in all are copied; larger ones that do not change are read where they are."""


def memory_for(*shape: int) -> Array:
    """Memory that is not set yet."""
    return np.empty(shape)


_BYTE = ctypes.c_char


def address(array: npt.NDArray[Any]) -> int:
    """Where the numbers of an array are in memory."""
    try:
        return ctypes.addressof(_BYTE.from_buffer(cast(Any, array)))
    except (TypeError, ValueError):  # it is for reading only, or empty
        return int(array.__array_interface__["data"][0])


class Places:
    """Some batched places, in ascending order, and which row stands for each of them."""

    def __init__(self, places: npt.NDArray[np.intp], batched: int) -> None:
        self.all = np.unique(places)
        self.row = np.full(batched, -1, dtype=np.intp)
        self.row[self.all] = np.arange(len(self.all))
        self._known: dict[Any, tuple[Index, Index]] = {}  # with the places, so that no `id` is used again

    def rows(self, places: Index | int) -> Index | int:
        """The rows of some of the places: a slice for consecutive ones."""
        if isinstance(places, int):
            return int(self.row[places])
        key = (places.start, places.stop) if isinstance(places, slice) else id(places)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = places, self._rows(places)
        return known[1]

    def _rows(self, places: Index) -> Index:
        rows = self.row[places]
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
            return slice(int(rows[0]), int(rows[-1]) + 1)
        return rows


class Data(Storage):
    """The numbers of a run.

    Attributes:
        inputs: a row for each batched leaf.
        results: a row for each batched result, after a run.
        frame: what kernels are given.
        table: the addresses of the inputs.
        of_shared, of_frame: the addresses of the shared numbers, and of the frame.
    """

    __slots__ = (
        "_is_small",
        "_lent",
        "_of_inputs",
        "_of_results",
        "_samples",
        "frame",
        "inputs",
        "of_frame",
        "of_shared",
        "results",
        "table",
    )

    def __init__(self, shared: Array, samples: int, of_inputs: Places, of_results: Places) -> None:
        self.shared = shared
        self._samples, self._of_inputs, self._of_results = samples, of_inputs, of_results
        count = len(of_inputs.all)
        self._is_small = count * samples <= FEW
        self.inputs = memory_for(count, samples if self._is_small else 0)
        self.table = np.zeros(count, dtype=np.int64)
        self._lent: list[tuple[slice, Array]] = []
        self.results = memory_for(0, samples)
        self.frame = np.zeros(SIZE, dtype=np.int64)
        self.of_shared, self.of_frame = address(shared), address(self.frame)
        self.frame[[SHARED, INPUTS, ROW_OUTSIDE]] = self.of_shared, address(self.table), 8 * samples
        self._point_at_copies()

    def again(self) -> Data:
        """The same numbers for another run, which may be at the same time."""
        same = Data.__new__(Data)
        same.shared, same._samples, same._of_inputs, same._of_results = self.shared, self._samples, self._of_inputs, self._of_results
        same.inputs, same.table, same.results, same.of_shared = self.inputs, self.table, self.results, self.of_shared
        same._is_small, same._lent, same.frame = self._is_small, self._lent, self.frame.copy()
        same.of_frame = address(same.frame)
        return same

    def _point_at_copies(self) -> None:
        if len(self.table):
            self.table[:] = address(self.inputs) + 8 * self.inputs.shape[1] * np.arange(len(self.table))

    @property
    def samples(self) -> int:
        """See `Storage`."""
        return self._samples

    def put(self, places: Index | int, numbers: Any, lend: bool = False) -> None:
        """See `Storage`."""
        rows = self._of_inputs.rows(places)
        if self._is_small:
            self.inputs[rows] = numbers
            return
        if lend and isinstance(rows, (int, slice)) and self._is_lendable(numbers, rows):
            rows = slice(rows, rows + 1) if isinstance(rows, int) else rows
            self.table[rows] = address(numbers) + 8 * self._samples * np.arange(rows.stop - rows.start)
            self._lent.append((rows, numbers))
            return
        if self.inputs.shape[1] != self._samples:
            self.inputs = memory_for(len(self.table), self._samples)
            self._point_at_copies()
            for lent, own in self._lent:
                self.table[lent] = address(own) + 8 * self._samples * np.arange(lent.stop - lent.start)
        self.inputs[rows] = numbers

    def _is_lendable(self, numbers: Any, rows: int | slice) -> bool:
        if not isinstance(numbers, np.ndarray) or numbers.dtype != np.float64 or not numbers.flags.c_contiguous:
            return False
        count = 1 if isinstance(rows, int) else rows.stop - rows.start
        return numbers.size == count * self._samples > 0

    def give_back(self) -> None:
        """See `Storage`."""
        if self._lent:
            self._lent.clear()
            self._point_at_copies()

    def take(self, places: Index | int) -> Array:
        """See `Storage`."""
        return self.results[self._of_results.rows(places)]

    def straight(self) -> Storage:
        """See `Storage`."""
        batched = np.zeros((len(self._of_inputs.row), self._samples))
        if self.inputs.shape[1] == self._samples:
            batched[self._of_inputs.all] = self.inputs
        for rows, numbers in self._lent:
            batched[self._of_inputs.all[rows]] = numbers.reshape(-1, self._samples)
        return Storage(self.shared.copy(), batched)


NO_ROWS = np.zeros((0, 1))


class Gradients(Storage):
    """The gradients of a run.

    Attributes:
        rows: a row for each batched leaf whose gradient is wanted, after a run.
        of_shared: the address of the shared gradients.
        seeds: the gradients of batched results, by place: a number, or one for each sample.
    """

    __slots__ = ("_samples", "_wanted", "of_shared", "rows", "seeds")

    def __init__(self, shared: Array, samples: int, wanted: Places) -> None:
        self.shared = shared
        self._samples, self._wanted = samples, wanted
        self.of_shared = address(shared)
        self.rows = NO_ROWS
        self.seeds: dict[int, float | Array] = {}

    @property
    def samples(self) -> int:
        """See `Storage`."""
        return self._samples

    def set(self, batched: bool, place: int, number: float) -> None:
        """See `Storage`."""
        if batched:
            self.seeds[place] = float(number)
        else:
            self.shared[place] = number

    def add_rows(self, places: npt.NDArray[np.intp], numbers: Array) -> None:
        """See `Storage`."""
        for place, row in zip(places.tolist(), numbers, strict=True):
            self.seeds[place] = row + self.seeds.get(place, 0.0)

    def take(self, places: Index | int) -> Array:
        """See `Storage`."""
        return self.rows[self._wanted.rows(places)]
