"""Execute natively: programs are encoded as tables of numbers (see `encoding`), which one machine runs that was compiled before.

What the machine cannot do, operations of a user, is left to the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled import execute
from autograd.compiled.encoding import Encoded, encoded
from autograd.compiled.execute import Array, Storage
from autograd.compiled.layout import Index, Instruction, Layout
from autograd.compiled.machine import machine


MOST = 4
"""So many arrays are lent at once."""

NO_ARRAYS, NO_PLACES = np.zeros((0, 3), dtype=np.int64), np.zeros(0, dtype=np.intp)


class Piece(Storage):
    """Storage in one piece, as the machine takes it: the shared numbers, the constants of operations, the batched numbers; room for copies.

    Attributes:
        memory: the whole piece.
        table: what runs on it.
        lent: where arrays of the caller stand for pieces of it: first place, last one, address; unused rows are 0.
        arrays: these.
    """

    __slots__ = ("arrays", "lent", "memory", "table")

    def __init__(self, layout: Layout, table: Encoded, memory: Array, samples: int) -> None:
        self.shared = memory[: layout.shared]
        self.batched = memory[table.end : table.end + layout.batched * samples].reshape(layout.batched, samples)
        self.memory, self.table, self.lent = memory, table, NO_ARRAYS
        self.arrays: list[tuple[bool, int, Array]] = []

    def put(self, rows: Index | int, numbers: Array) -> None:
        """As `Storage.put`."""
        if not self.table.turned:
            self.batched[rows] = numbers
            return
        met = self.table.turned_in(rows)
        if not met:
            self.batched[rows] = numbers
        elif isinstance(rows, slice) and met == [(rows.start, rows.stop)]:
            self._samples(rows.start, rows.stop)[...] = numbers.T
        else:
            places = np.atleast_1d(np.arange(len(self.batched))[rows])
            numbers = np.broadcast_to(numbers, (len(places), self.batched.shape[1]))
            others = np.ones(len(places), dtype=bool)
            for start, stop in met:
                own = (places >= start) & (places < stop)
                self._samples(start, stop)[:, places[own] - start] = numbers[own].T
                others &= ~own
            self.batched[places[others]] = numbers[others]

    def lend(self, batched: bool, start: int, array: Array) -> bool:
        """As `Storage.lend`: of arrays that products read as they are."""
        size = array.size
        if len(self.arrays) == MOST or not array.flags.carray:
            return False
        if batched:
            others = None if (start, start + size // self.batched.shape[1]) not in self.table.turned else NO_PLACES
        else:
            others = self.table.lendable(start, start + size)
        if others is None:
            return False
        numbers = array.reshape(-1)
        if others.size:
            self.shared[start + others] = numbers[others]
        if not self.lent.size:
            self.lent = np.zeros((MOST, 3), dtype=np.int64)
        row = self.lent[len(self.arrays)]
        row[0], row[1] = (-1 - start, -start) if batched else (start, start + size)
        row[2] = machine().address_of(numbers)
        self.arrays.append((batched, start, numbers))
        return True

    def give_back(self) -> None:
        """As `Storage.give_back`."""
        if self.arrays:
            self.arrays.clear()
            self.lent[...] = 0

    def straight(self) -> Storage:
        """As `Storage.straight`: a copy, where some numbers are elsewhere."""
        if not self.table.turned and not self.arrays:
            return self
        shared, batched = self.shared.copy(), self.batched.copy()
        for start, stop in self.table.turned:
            batched[start:stop] = self._samples(start, stop).T
        for of_samples, start, numbers in self.arrays:
            if of_samples:
                rows = numbers.reshape(batched.shape[1], -1).T
                batched[start : start + len(rows)] = rows
            else:
                shared[start : start + numbers.size] = numbers
        return Storage(shared, batched)

    def _samples(self, start: int, stop: int) -> Array:
        """Places that are kept sample by sample: a row for each sample."""
        return self.batched[start:stop].reshape(-1, stop - start)


def storage(layout: Layout, samples: int = 1) -> Piece:
    """As `execute.storage`."""
    table = encoded(layout)
    memory = memory_for(table, samples)
    for where, numbers in table.fixed:
        memory[where] = numbers
    if table.spread.size:
        start = table.end + layout.batched * samples
        memory[start : start + table.spread.size * samples].reshape(-1, samples)[...] = table.spread[:, None]
    return Piece(layout, table, memory, samples)


def gradients(layout: Layout, samples: int = 1) -> Piece:
    """As `execute.gradients`; only what is read before it is written is set to 0."""
    table = encoded(layout)
    if table.zero is None:
        return Piece(layout, table, memory_for(table, samples, np.zeros), samples)
    grads = Piece(layout, table, memory_for(table, samples), samples)
    for where in table.zero[0]:
        grads.shared[where] = 0.0
    for where in table.zero[1]:
        grads.batched[where] = 0.0
    return grads


def memory_for(table: Encoded, samples: int, make: Callable[[int], Array] = np.empty) -> Array:
    """Numbers that are not set yet, or zeros. The batched ones begin where a line of the cache does: a tenth of the time of large vectors."""
    if not table.rows:
        return make(table.end)
    memory = make(table.end + table.rows * samples + 7)
    return memory[-(machine().address_of(memory) // 8 + table.end) & 7 :]


def forward(layout: Layout, data: Piece) -> list[tuple[Instruction, Any]]:
    """As `execute.forward`."""
    table = encoded(layout)
    native = machine()
    samples = data.batched.shape[1]
    left = False
    for stretch in table.stretches:
        if stretch.steps:
            left = bool(execute.stretch(stretch.steps, data)) or left
        elif native.forward(table.code, table.scalars, table.lists, data.lent, data.memory, table.end, samples, stretch.first, stretch.last):
            left = True
    if table.excused:  # only now: a mask may be computed after what it masks
        left = native.errors_where_wanted(table.code, table.lists, data.memory, table.end, samples) or left
    return execute.forward(layout, data.straight()) if left else []  # which elements, the reference finds out


def backward(layout: Layout, data: Piece, grads: Piece) -> None:
    """As `execute.backward`."""
    table = encoded(layout)
    native = machine()
    lent, numbers, slopes, end, samples = data.lent, data.memory, grads.memory, table.end, data.batched.shape[1]
    for stretch in reversed(table.stretches):
        if stretch.steps:
            execute.pull(stretch.steps, data, grads)
        else:
            native.backward(table.code, table.scalars, table.lists, lent, numbers, slopes, end, samples, stretch.first, stretch.last)
