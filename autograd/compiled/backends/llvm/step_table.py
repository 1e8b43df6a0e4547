"""Steps that are ready to run, and the memory of tiles."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Array
from autograd.compiled.backends.llvm.machine_code import Loaded, kernel
from autograd.compiled.backends.llvm.run_storage import address, memory_for
from autograd.compiled.backends.llvm.step import BySample, Step, Words
from autograd.compiled.backends.llvm.tiles import tiles_kernel

ALIGNED = 8
"""The rows of a tile begin at addresses that are a multiple of so many numbers, so that no vector crosses two lines of the cache."""

SPARE, LARGEST_SPARE = 4, 2**19
"""How many arrays are kept for the tiles of later runs, and how many numbers each of them has at most."""

_SPARE: list[Array] = []


def memory_of(count: int) -> Array:
    """Memory for so many numbers, which no other run uses until it is given back."""
    try:
        memory = _SPARE.pop()
    except IndexError:
        return memory_for(count)
    return memory if len(memory) >= count else memory_for(count)


def give_back(memory: Array) -> None:
    """Let later runs use the memory."""
    if len(_SPARE) < SPARE and len(memory) <= LARGEST_SPARE:
        _SPARE.append(memory)


MOST_CALLS = 64
"""The arguments of so many different calls are kept."""

LOOP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
"""The loop over tiles: see `tiles_kernel`. It releases the lock of the interpreter."""


class Table:
    """Steps that are ready to run: the addresses of their kernels, and their arguments.

    Args:
        steps: the steps.
        tile: the number of samples of a tile.
        places: how many rows of memory a tile has; those for gradients are counted by themselves.
    """

    def __init__(self, steps: list[Step], tile: int, places: int) -> None:
        self.tile, self.places = tile, places
        self._kept: list[Any] = []
        rows = [(self._address(step), self._placed(step.arguments, tile)) for step in steps]
        self.rows = np.array(rows, dtype=np.int64).reshape(-1, 2)
        self._first = len(self.rows), address(self.rows)
        self._calls: dict[tuple[int, int, int, int], tuple[int, Any]] = {}
        self._loop = LOOP(kernel(tiles_kernel))

    def run(self, frame: int, first: int, last: int, size: int, samples: int) -> None:
        """Run the steps for some tiles.

        Args:
            frame: the address of the frame.
            first, last: the first tile, and the one behind the last.
            size: the number of samples of a tile.
            samples: the number of all samples.
        """
        key = first, last, size, samples
        call = self._calls.get(key)
        if call is None:
            if len(self._calls) >= MOST_CALLS:
                self._calls.clear()
            arguments = np.array([*self._first, *key], dtype=np.int64)
            call = self._calls[key] = address(arguments), arguments
        self._loop(frame, call[0])

    def _address(self, step: Step) -> int:
        if isinstance(step.make, Loaded):
            self._kept.append(step.make)
            return step.make.address
        return kernel(step.make, *step.key)

    def _placed(self, arguments: list[Any], tile: int) -> int:
        flat: list[int] = []
        for x in arguments:
            if isinstance(x, Words):
                words = x.make(x.scalars)
                self._kept.append(words)
                flat += [address(words), address(words) + 8 * len(words)]
            elif isinstance(x, (np.ndarray, BySample)):
                table = np.arange(tile, dtype=np.int64) * x.length if isinstance(x, BySample) else np.ascontiguousarray(x, dtype=np.int64)
                self._kept.append(table)
                flat.append(address(table))
            else:
                flat.append(int(x))
        own = np.array(flat, dtype=np.int64)
        self._kept.append(own)
        return address(own)
