"""Run code natively: it is encoded as tables of numbers (see `encoding`), which one machine runs that was compiled before.

What the machine cannot do, operations of a user, is left to the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from autograd.compiled.backends.contract import Array, Load, Seed, Storage, Violation
from autograd.compiled.backends.machine.encoding import (
    AS_IT_IS,
    AT_NUMBERS,
    BY_PLACE,
    IS_LENT,
    LENT_ROWS,
    LOAN,
    LOANS,
    SAMPLES,
    SHARED,
    Encoded,
    Table,
)
from autograd.compiled.backends.machine.machine import machine
from autograd.compiled.backends.numpy import reference
from autograd.compiled.ir import Code, Index
from autograd.errors import InputError

AT_ONCE, LARGE = 8, 2000
"""So many arrays are loaded at once, and so many numbers an array has that is lent."""

NO_PLACES, NO_NUMBERS, NO_ROWS = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 1))


class Piece(Storage):
    """Storage in one piece, as the machine takes it: the shared numbers, the constants of operations, the batched numbers; room for copies.

    Attributes:
        memory: the whole piece.
        table: what runs on it.
        samples: how many.
        run: what the machine is told about a run on these numbers: see `encoding`; empty for gradients.
        arrays: those of the caller that stand for pieces of it: batched or not, from which place on, and the array.
    """

    __slots__ = ("arrays", "memory", "run", "samples", "table")

    def __init__(self, code: Code, table: Encoded, memory: Array, samples: int, run: Table = NO_PLACES) -> None:
        self.shared = memory  # without a slice, which would be an object for each run
        if code.batched or samples > 1:
            self.batched = memory[table.end : table.end + code.batched * samples].reshape(code.batched, samples)
        else:
            self.batched = NO_ROWS
        self.memory, self.table, self.samples, self.run = memory, table, samples, run
        self.arrays: list[tuple[bool, int, Array]] = []

    def put(self, rows: Index | int, numbers: Array) -> None:
        """As `Storage.put`."""
        first, last = 0, len(self.batched)
        if isinstance(rows, slice):
            first, last = rows.start, rows.stop
        elif isinstance(rows, int):
            first, last = rows, rows + 1
        met = self.table.reads.turned_in(first, last) if self.table.reads.turned else []
        if not met:
            self.batched[rows] = numbers
        elif met == [(first, last)]:
            self._samples(first, last)[...] = numbers.T
        else:
            places = np.atleast_1d(np.arange(len(self.batched))[rows])
            numbers = np.broadcast_to(numbers, (len(places), self.samples))
            others = np.ones(len(places), dtype=bool)
            for start, stop in met:
                own = (places >= start) & (places < stop)
                self._samples(start, stop)[:, places[own] - start] = numbers[own].T
                others &= ~own
            self.batched[places[others]] = numbers[others]

    def give_back(self) -> None:
        """As `Storage.give_back`."""
        if self.arrays:
            self.arrays.clear()
            self.run[LENT_ROWS:] = 0

    def straight(self) -> Storage:
        """As `Storage.straight`: a copy, where some numbers are elsewhere."""
        if not self.table.reads.turned and not self.arrays:
            return self
        shared, batched = self.memory[: self.table.end].copy(), self.batched.copy()
        for start, stop in self.table.reads.turned:
            batched[start:stop] = self._samples(start, stop).T
        for of_samples, start, numbers in self.arrays:
            if of_samples:
                rows = numbers.reshape(self.samples, -1).T
                batched[start : start + len(rows)] = rows
            else:
                shared[start : start + numbers.size] = numbers
        return Storage(shared, batched)

    def _samples(self, start: int, stop: int) -> Array:
        """Places that are kept sample by sample: a row for each sample."""
        return self.batched[start:stop].reshape(-1, stop - start)


class Native(reference.Reference):
    """Code that the machine runs. See `backends.contract.Executable`."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self._table: Encoded | None = None

    @property
    def table(self) -> Encoded:
        """The code as tables, made when they are needed first."""
        if self._table is None:
            self._table = Encoded(self.code)
        return self._table

    def storage(self, samples: int = 1) -> Piece:
        """See `Executable`."""
        table = self.table
        memory = memory_for(table, samples)
        for where, numbers in table.fixed:
            memory[where] = numbers
        if table.spread.size:
            start = table.end + self.code.batched * samples
            memory[start : start + table.spread.size * samples].reshape(-1, samples)[...] = table.spread[:, None]
        run = np.zeros(LENT_ROWS + LOANS * LOAN, dtype=np.int64)
        machine().place_tables(run, table.code, table.scalars, table.lists)
        run[AT_NUMBERS], run[SHARED], run[SAMPLES] = machine().place_in_memory(memory), table.end, samples
        return Piece(self.code, table, memory, samples, run)

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Piece:
        """See `Executable`; only what is read before it is written is set to 0."""
        if spare is None:
            table = self.table
            memory = memory_for(table, samples, np.zeros if table.all_zero else np.empty)
            spare = Piece(self.code, table, memory, samples)
            if table.all_zero:  # new memory of zeros need not be filled
                if seed is not None:
                    spare.set(*seed)
                return spare
        assert isinstance(spare, Piece)
        machine().fill(*spare.table.filling(seed), spare.memory, spare.table.end, samples)
        return spare

    def plan(self, arrays: Sequence[tuple[bool, int, int]]) -> Load | None:
        """See `Executable`. Large arrays that products read are lent rather than copied."""
        return _plan(self.table, arrays) if 1 <= len(arrays) <= AT_ONCE else None

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        assert isinstance(data, Piece)
        table, native, left = data.table, machine(), False
        for stretch in table.stretches:
            if stretch.steps:
                left = bool(reference.run(stretch.steps, data)) or left
            elif native.forward(data.run, stretch.first, stretch.last):
                left = True
        if table.error_mask:  # only now: a mask may be computed after what it masks
            left = native.errors_where_wanted(data.run, len(table.code)) or left
        return super().forward(data.straight()) if left else []  # which elements, the reference finds out

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`."""
        assert isinstance(data, Piece)
        assert isinstance(grads, Piece)
        native = machine()
        for stretch in data.table.stretches[::-1]:
            if stretch.steps:
                reference.pull(stretch.steps, data, grads)
            else:
                native.backward(data.run, grads.memory, stretch.first, stretch.last)

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`: the reference does it."""
        super().push_forward(data.straight(), tangents, moving)


load: Callable[[Code], Native] = Native


def _plan(table: Encoded, arrays: Sequence[tuple[bool, int, int]]) -> Load | None:
    """See `Native.plan`."""
    copied: list[list[int]] = []
    lent: list[list[int]] = []
    lendable: list[int] = []
    others = [NO_PLACES]
    for k, (batched, start, count) in enumerate(arrays):
        place, by_products = (-1 - start if batched else start), None
        turned = table.reads.turned_in(start, start + count) if batched else []
        if turned and turned != [(start, start + count)]:
            return None
        if turned or (not batched and count >= LARGE):
            by_products = NO_PLACES if batched else table.reads.otherwise(start, start + count)
        copied.append([BY_PLACE if batched and count > 1 and not turned else AS_IT_IS, place, count, 0, 0])
        lent.append(copied[-1])
        if by_products is not None and len(lendable) < LOANS:
            first = sum(map(len, others))
            lent[-1] = [IS_LENT, place, count, first, first + len(by_products)]
            lendable.append(k)
            others.append(by_products)
    if len(arrays) == 1 and not lendable:
        return None
    as_copies, as_lent, some = np.array(copied, dtype=np.int64), np.array(lent, dtype=np.int64), np.concatenate(others)
    pad = [NO_NUMBERS] * (AT_ONCE - len(arrays))

    def load(data: Storage, given: list[Array], lend: bool) -> bool:
        assert isinstance(data, Piece)
        flat = [x if x.ndim == 1 else x.reshape(-1) for x in given]
        if [x.size for x in flat] != [count * (data.samples if batched else 1) for batched, _, count in arrays]:
            raise InputError("an array changed its shape during the call, in another thread")
        lend = lend and len(lendable) > 0
        if lend:
            data.arrays = [(*arrays[k][:2], flat[k]) for k in lendable]
        try:
            machine().load(as_lent if lend else as_copies, some, data.run, *flat, *pad)
        except TypeError:  # one of them is no plain array: it has gaps, or is for reading only
            data.give_back()
            return False
        return True

    return load


def memory_for(table: Encoded, samples: int, make: Callable[[int], Array] = np.empty) -> Array:
    """Memory that is not set yet, or zeros. Batched numbers begin at a line of the cache, so that no vector crosses two lines."""
    if not table.rows:
        return make(table.end)
    memory = make(table.end + table.rows * samples + 7)
    return memory[-(machine().place_in_memory(memory) // 8 + table.end) & 7 :]
