"""Execute natively: programs are encoded as tables of numbers (see `encoding`), which one machine runs that was compiled before.

What the machine cannot do, operations of a user, is left to the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiled import execute
from autograd.compiled.encoding import Encoded, encoded
from autograd.compiled.execute import Array, Storage
from autograd.compiled.layout import Index, Instruction, Layout
from autograd.compiled.machine import machine


@dataclass(slots=True)
class Piece(Storage):
    """Storage in one piece, as the machine takes it: the shared numbers, the constants of operations, the batched numbers; room for copies.

    Attributes:
        memory: the whole piece.
        end: where the batched numbers begin in it.
        turned: the batched places that are kept sample by sample, see `Encoded`; from, and up to.
    """

    memory: Array
    end: int
    turned: list[tuple[int, int]]

    def put(self, rows: Index | int, numbers: Array) -> None:
        """As `Storage.put`."""
        if not self.turned:
            self.batched[rows] = numbers
            return
        first, last = (rows.start, rows.stop) if isinstance(rows, slice) else (rows, rows + 1) if isinstance(rows, int) else (0, math.inf)
        met = [(start, stop) for start, stop in self.turned if start < last and first < stop]
        if not met:
            self.batched[rows] = numbers
        elif met == [(first, last)]:
            self._samples(*met[0])[...] = numbers.T
        else:
            places = np.atleast_1d(np.arange(len(self.batched))[rows])
            numbers = np.broadcast_to(numbers, (len(places), self.batched.shape[1]))
            others = np.ones(len(places), dtype=bool)
            for start, stop in met:
                own = (places >= start) & (places < stop)
                self._samples(start, stop)[:, places[own] - start] = numbers[own].T
                others &= ~own
            self.batched[places[others]] = numbers[others]

    def straight(self) -> Storage:
        """As `Storage.straight`: a copy, where some numbers are elsewhere."""
        if not self.turned:
            return self
        batched = self.batched.copy()
        for start, stop in self.turned:
            batched[start:stop] = self._samples(start, stop).T
        return Storage(self.shared, batched)

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
    return _piece(layout, memory, table.end, samples)


def gradients(layout: Layout, samples: int = 1) -> Piece:
    """As `execute.gradients`; only what is read before it is written is set to 0."""
    table = encoded(layout)
    if table.zero is None:
        return _piece(layout, memory_for(table, samples, np.zeros), table.end, samples)
    grads = _piece(layout, memory_for(table, samples), table.end, samples)
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
    return memory[machine().shift(memory, table.end) :]


def _piece(layout: Layout, memory: Array, end: int, samples: int) -> Piece:
    batched = memory[end : end + layout.batched * samples].reshape(layout.batched, samples)
    return Piece(memory[: layout.shared], batched, memory, end, encoded(layout).turned)


def forward(layout: Layout, data: Piece) -> list[tuple[Instruction, Any]]:
    """As `execute.forward`."""
    table = encoded(layout)
    native = machine()
    samples = data.batched.shape[1]
    left = False
    for stretch in table.stretches:
        if stretch.steps:
            left = bool(execute.stretch(stretch.steps, data)) or left
        elif native.forward(table.code, table.scalars, table.lists, data.memory, data.end, samples, stretch.first, stretch.last):
            left = True
    if table.excused:  # only now: a mask may be computed after what it masks
        left = native.errors_where_wanted(table.code, table.lists, data.memory, data.end, samples) or left
    return execute.forward(layout, data.straight()) if left else []  # which elements, the reference finds out


def backward(layout: Layout, data: Piece, grads: Piece) -> None:
    """As `execute.backward`."""
    table = encoded(layout)
    native = machine()
    numbers, slopes, end, samples = data.memory, grads.memory, data.end, data.batched.shape[1]
    for stretch in reversed(table.stretches):
        if stretch.steps:
            execute.pull(stretch.steps, data, grads)
        else:
            native.backward(table.code, table.scalars, table.lists, numbers, slopes, end, samples, stretch.first, stretch.last)
