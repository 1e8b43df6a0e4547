"""Execute natively: programs are encoded as tables of numbers (see `encoding`), which one machine runs that was compiled before.

What the machine cannot do, operations of a user, is left to the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled import execute
from autograd.compiled.encoding import encoded
from autograd.compiled.execute import Storage
from autograd.compiled.layout import Instruction, Layout
from autograd.compiled.machine import machine


def storage(layout: Layout, samples: int = 1) -> Storage:
    """Storage in one piece: the shared numbers, the constants of operations, the batched numbers."""
    initial = encoded(layout).initial
    memory = np.empty(len(initial) + layout.batched * samples)
    memory[: len(initial)] = initial
    return _cut(layout, memory, len(initial), samples)


def zeros(layout: Layout, samples: int = 1) -> Storage:
    """The same with zeros."""
    end = len(encoded(layout).initial)
    return _cut(layout, np.zeros(end + layout.batched * samples), end, samples)


def _cut(layout: Layout, memory: npt.NDArray[np.float64], end: int, samples: int) -> Storage:
    return Storage(memory[: layout.shared], memory[end:].reshape(layout.batched, samples))


def forward(layout: Layout, data: Storage) -> list[tuple[Instruction, Any]]:
    """As `execute.forward`, of storage from `storage`."""
    table = encoded(layout)
    native = machine()
    memory, end, samples = _memory(data)
    left = False
    for stretch in table.stretches:
        if stretch.steps:
            left = bool(execute.stretch(stretch.steps, data)) or left
        else:
            left = native.forward(table.code, table.scalars, table.lists, memory, end, samples, stretch.first, stretch.last) or left
    if table.excused:  # only now: a mask may be computed after what it masks
        left = native.errors_where_wanted(table.code, table.lists, memory, end, samples) or left
    return execute.forward(layout, data) if left else []  # which elements, the reference finds out


def backward(layout: Layout, data: Storage, grads: Storage) -> None:
    """As `execute.backward`, of storage from `storage`."""
    table = encoded(layout)
    native = machine()
    memory, end, samples = _memory(data)
    gradients, _, _ = _memory(grads)
    for stretch in reversed(table.stretches):
        if stretch.steps:
            execute.pull(stretch.steps, data, grads)
        else:
            native.backward(table.code, table.scalars, table.lists, memory, gradients, end, samples, stretch.first, stretch.last)


def _memory(data: Storage) -> tuple[npt.NDArray[np.float64], int, int]:
    """The whole piece that the storage is cut from, where the batched numbers start in it, and how many samples there are."""
    memory: Any = data.shared.base
    return memory, memory.size - data.batched.size, data.batched.shape[1]
