"""Execute natively: programs are encoded as tables of numbers, which one machine runs that was compiled before (see `machine`).

A program is cut into stretches: the machine runs a stretch at a time, and between them stands what it leaves to NumPy: large
matrix products, which BLAS does faster, operations of any number of inputs, and what is masked.
"""

from __future__ import annotations

import itertools
import math
import threading
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from autograd.compiled import execute
from autograd.compiled.execute import Storage
from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand
from autograd.compiled.machine import COLUMNS, COPY, DOT_OF, FIELDS, PRODUCT, SUM_OF, codes, machine
from autograd.compiled.matrices import MATMUL
from autograd.ops import DOT, SUM

Table = npt.NDArray[np.int64]

BLAS_FROM = 40_000
"""From how many multiplications on a matrix product is left to BLAS, about where the two take equally long."""


class Encoded:
    """A layout as tables for the machine.

    Attributes:
        code: a line an instruction; `machine` says what is in its columns.
        lists: the places of irregular operands.
        constants: numbers that are part of operations, such as the exponent of ``**2``. They stand behind the shared numbers.
        stretches: the instructions in runs, from one number to another, and whether the machine does them.
    """

    def __init__(self, layout: Layout) -> None:
        self._lists: list[npt.NDArray[np.intp]] = []
        self._listed = 0
        self._shared = layout.shared
        self._constants: dict[str, int] = {}
        self._codes = codes()
        lines = [self._line(step) for step in layout.instructions]
        self.code: Table = np.array([line or [0] * COLUMNS for line in lines], dtype=np.int64).reshape(-1, COLUMNS)
        self.lists: Table = np.concatenate([np.zeros(1, dtype=np.int64), *self._lists]).astype(np.int64)
        self.constants = np.array([float.fromhex(text) for text in self._constants])
        self.sizes = [0 if line is None else _multiplications(step) for line, step in zip(lines, layout.instructions, strict=True)]
        self.native = [line is not None for line in lines]
        self._cuts: dict[int, list[tuple[int, int, bool]]] = {}

    def stretches(self, samples: int) -> list[tuple[int, int, bool]]:
        """The runs for so many samples, which decide how large a matrix product is."""
        cuts = self._cuts.get(samples)
        if cuts is None:
            mine = [native and size * samples < BLAS_FROM for native, size in zip(self.native, self.sizes, strict=True)]
            runs = [(bool(key), [i for i, _ in group]) for key, group in itertools.groupby(enumerate(mine), key=lambda item: item[1])]
            cuts = self._cuts[samples] = [(group[0], group[-1] + 1, key) for key, group in runs]
        return cuts

    def _line(self, step: Instruction) -> list[int] | None:
        """The instruction's line; None where it is left to the reference."""
        operation = step.operation
        if step.mask is not None:
            return None
        if operation is MATMUL:
            (m, n), (p, _) = (operand.shape for operand in step.operands)
            return [PRODUCT, m, n, p, step.start, step.batched, *self._tables(step)]
        if operation is DOT or operation is SUM:
            k, n = step.operands[0].shape
            return [DOT_OF if operation is DOT else SUM_OF, k, n, 1, step.start, step.batched, *self._tables(step)]
        if step.checked != bool(operation.domain or operation.pole):
            return None  # it checks what need not be checked
        code = COPY if operation is SPREAD else self._codes.get(operation.name)
        if code is None or (operation is not SPREAD and operation.value.__module__ != "autograd.ops"):
            return None
        inner = 1 if step.batched else self._inner(step)
        fields = [self._field(operand, inner) for operand in step.operands]
        fields += [self._constant(number) for number in operation.constants]
        outer = step.size // inner
        return [code, outer, inner, 1, step.start, step.batched, *_padded(fields)]

    def _inner(self, step: Instruction) -> int:
        """How long the inner loop can be, so that it goes through every operand at an even pace: the last axis, or everything."""
        if step.size == 1:
            return 1
        for n in (step.size, step.shape[-1]):
            if all(_paces(operand.all_places().reshape(-1, n)) for operand in step.operands):
                return n
        return 1

    def _field(self, operand: Operand, inner: int) -> list[int]:
        """Where an element-wise instruction finds an operand: a start for each round of the inner loop, and a pace within it."""
        if operand.places is None and math.prod(operand.shape) == 1:
            return [operand.batched, 0, operand.start, 0, 0, operand.constant]
        places = operand.all_places().reshape(-1, inner)
        step = int(places[0, 1] - places[0, 0]) if inner > 1 else 0
        starts = places[:, 0]
        stride = int(starts[1] - starts[0]) if len(starts) > 1 else 0
        if np.array_equal(starts, starts[0] + stride * np.arange(len(starts))):
            return [operand.batched, 0, int(starts[0]), stride, step, operand.constant]
        return [operand.batched, 1, self._keep(starts), 0, step, operand.constant]

    def _tables(self, step: Instruction) -> list[int]:
        """Where a sum or product finds its operands: by row and column."""
        fields = []
        for operand in step.operands:
            if operand.places is None:
                fields.append([operand.batched, 0, operand.start, *operand.strides, operand.constant])
            else:
                fields.append([operand.batched, 1, self._keep(operand.places.ravel()), 0, 0, operand.constant])
        return _padded(fields)

    def _keep(self, places: npt.NDArray[np.intp]) -> int:
        start = 1 + self._listed
        self._lists.append(places)
        self._listed += len(places)
        return start

    def _constant(self, number: float) -> list[int]:
        place = self._constants.setdefault(number.hex(), len(self._constants))
        return [0, 0, self._shared + place, 0, 0, 1]


def _padded(fields: list[list[int]]) -> list[int]:
    flat = [x for field in fields for x in field]
    return flat + [0] * (3 * FIELDS - len(flat))


def _paces(places: npt.NDArray[np.intp]) -> bool:
    """Whether all rows advance by one and the same step."""
    if places.shape[1] == 1:
        return True
    steps = np.diff(places, axis=1)
    return bool((steps == steps.flat[0]).all())


def _multiplications(step: Instruction) -> int:
    return step.size * step.operands[0].shape[-1] if step.operation is MATMUL else 0


_ENCODED: WeakKeyDictionary[Layout, Encoded] = WeakKeyDictionary()
_LOCK = threading.Lock()


def encoded(layout: Layout) -> Encoded:
    """The layout's tables, made once."""
    found = _ENCODED.get(layout)
    if found is None:
        with _LOCK:
            found = _ENCODED.setdefault(layout, Encoded(layout))
    return found


def storage(layout: Layout, samples: int = 1) -> Storage:
    """Storage in one piece: the shared numbers, the constants of operations, the batched numbers."""
    constants = encoded(layout).constants
    end = layout.shared + len(constants)
    memory = np.zeros(end + layout.batched * samples)
    memory[layout.shared : end] = constants
    return Storage(memory[: layout.shared], memory[end:].reshape(layout.batched, samples))


def forward(layout: Layout, data: Storage) -> list[tuple[Instruction, Any]]:
    """As `execute.forward`, of storage from `storage`."""
    table = encoded(layout)
    run, _ = machine()
    memory, end, samples = _memory(data)
    met = np.zeros(len(table.code), dtype=np.uint8)
    outside = False
    for first, last, mine in table.stretches(samples):
        if mine:
            run(table.code, table.lists, memory, end, samples, first, last, met)
        else:
            outside = bool(execute.stretch(layout, data, first, last)) or outside
    return execute.forward(layout, data) if outside or met.any() else []  # which elements, the reference finds out


def backward(layout: Layout, data: Storage, grads: Storage) -> None:
    """As `execute.backward`, of storage from `storage`."""
    table = encoded(layout)
    _, run = machine()
    memory, end, samples = _memory(data)
    gradients, _, _ = _memory(grads)
    for first, last, mine in reversed(table.stretches(samples)):
        if mine:
            run(table.code, table.lists, memory, gradients, end, samples, first, last)
        else:
            execute.backward(layout, data, grads, first, last)


def _memory(data: Storage) -> tuple[npt.NDArray[np.float64], int, int]:
    """The whole piece that the storage is cut from, where the batched numbers start in it, and how many samples there are."""
    memory: Any = data.shared.base
    return memory, memory.size - data.batched.size, data.batched.shape[1]
