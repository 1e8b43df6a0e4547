"""The LLVM backend: programs as steps of kernels, which run for one tile of samples after the other.

Forward and backward are one pass over the tiles, so that the numbers of a tile are still in the cache, and memory does not grow with the
number of samples. Which samples left the domain of an operation is found out by the reference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Array, Executable, Seed, Storage, Violation
from autograd.compiled.backends.llvm.frame import (
    GRADIENTS,
    INPUTS,
    LEFT_DOMAIN,
    RESULTS,
    SEEDS,
    SHARED,
    SHARED_GRADIENTS,
    TILE,
    TILE_GRADIENTS,
)
from autograd.compiled.backends.llvm.machine_code import kernel, lanes
from autograd.compiled.backends.llvm.rows import Data, Gradients, Places, address, memory_for
from autograd.compiled.backends.llvm.steps import Numbers, Step, UnsupportedError, Words, steps_of
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.backends.llvm.tiles import inputs_kernel, outputs_kernel, seeds_kernel, tiles_kernel
from autograd.compiled.backends.numpy import reference
from autograd.compiled.ir import Code

TILE_BYTES = 2**19
"""About so much memory the numbers of a tile and their gradients take, so that they stay in the cache of a core."""

LEAST_SAMPLES, MOST_SAMPLES = 32, 512
"""The number of samples of a tile, at least and at most."""

RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Table:
    """Steps that are ready to run: the addresses of their kernels, and their arguments."""

    def __init__(self, steps: list[Step], tile: int) -> None:
        self._kept: list[Any] = []
        rows = [(kernel(step.make, *step.key), self._placed(step.arguments, tile)) for step in steps]
        self.rows = np.array(rows, dtype=np.int64).reshape(-1, 2)
        self.address = address(self.rows)

    def _placed(self, arguments: list[Any], tile: int) -> int:
        flat: list[int] = []
        for x in arguments:
            if isinstance(x, Words):
                words = x.make(x.scalars)
                self._kept.append(words)
                flat += [address(words), address(words) + 8 * len(words)]
            elif isinstance(x, (np.ndarray, Numbers)):
                table = np.arange(tile, dtype=np.int64) * x.length if isinstance(x, Numbers) else np.ascontiguousarray(x, dtype=np.int64)
                self._kept.append(table)
                flat.append(address(table))
            else:
                flat.append(int(x))
        own = np.array(flat, dtype=np.int64)
        self._kept.append(own)
        return address(own)


class Kernels(reference.Reference):
    """Code that kernels run. See `backends.contract.Executable`."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.steps = steps_of(code)
        self._lanes = lanes()
        written = np.zeros(code.batched, dtype=bool)
        for instruction in code.flattened:
            if instruction.batched:
                written[instruction.start : instruction.start + instruction.size] = True
        self.of_inputs = Places(np.flatnonzero(~written), code.batched)
        self.of_results, self.wanted = Places(code.results[1], code.batched), Places(code.wanted[1], code.batched)
        room = TILE_BYTES // (16 * max(1, self.steps.batched))
        self.tile = min(MOST_SAMPLES, max(LEAST_SAMPLES, 1 << room.bit_length() - 1 if room else 0))
        self._template = np.zeros(self.steps.shared + 1)
        places, numbers = code.fixed
        self._template[places] = numbers
        for place, number in self.steps.constants.values():
            self._template[place] = number
        self._tables: dict[str, Table] = {}
        self._memory: list[tuple[Array, Array]] = []
        self._driver = RUN(kernel(tiles_kernel))

    # -- storage --------------------------------------------------------------------------------------------------------

    def storage(self, samples: int = 1) -> Data:
        """See `Executable`."""
        return Data(self._template.copy(), samples, self.of_inputs, self.of_results)

    def gradients(self, samples: int = 1, seed: Seed | None = None) -> Gradients:
        """See `Executable`."""
        grads = Gradients(np.zeros(len(self._template)), samples, self.wanted)
        if seed is not None:
            grads.set(*seed)
        return grads

    # -- runs -----------------------------------------------------------------------------------------------------------

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        assert isinstance(data, Data)
        self._begin(data, None)
        self._shared("forward", data)
        self._tiles("value", data, None)
        return self._violations(data)

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`: the numbers of the samples are computed again."""
        assert isinstance(data, Data)
        assert isinstance(grads, Gradients)
        self._begin(data, grads)
        self._tiles("gradient", data, grads)
        self._shared("backward", data)

    def differentiate(self, data: Storage, grads: Storage) -> list[Violation]:
        """See `Executable`."""
        assert isinstance(data, Data)
        assert isinstance(grads, Gradients)
        self._begin(data, grads)
        self._shared("forward", data)
        self._tiles("both", data, grads)
        if data.frame[LEFT_DOMAIN]:
            return self._violations(data)
        self._shared("backward", data)
        return []

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`: the reference does it."""
        assert isinstance(data, Data)
        whole = self._whole(data)
        super().forward(whole)
        super().push_forward(whole, tangents, moving)

    def _begin(self, data: Data, grads: Gradients | None) -> None:
        frame = data.frame
        frame[LEFT_DOMAIN] = 0
        frame[SHARED] = address(data.shared)
        if grads is not None:
            frame[SHARED_GRADIENTS] = address(grads.shared)

    def _violations(self, data: Data) -> list[Violation]:
        return super().forward(self._whole(data)) if data.frame[LEFT_DOMAIN] else []

    def _whole(self, data: Data) -> Storage:
        """The numbers as the reference has them."""
        straight = data.straight()
        straight.shared = straight.shared[: self.code.shared]
        return straight

    def _shared(self, which: str, data: Data) -> None:
        table = self._table(which)
        if len(table.rows):
            arguments = np.array([len(table.rows), table.address, 0, 1, 1, 1], dtype=np.int64)
            self._driver(address(data.frame), address(arguments))

    def _tiles(self, which: str, data: Data, grads: Gradients | None) -> None:
        samples = data.samples
        if which != "gradient":
            data.results = memory_for(len(self.of_results.all), samples)
        if grads is not None:
            count = len(self.wanted.all)
            grads.rows = memory_for(count, samples) if grads.seeds and samples else np.zeros((count, samples))
        if which == "both" and not (grads and grads.seeds):
            which = "value"
        if not samples or not self.steps.tile_forward and not len(self.of_results.all) or (which == "gradient" and not (grads and grads.seeds)):
            return
        frame, kept = data.frame, self._pointers(data, grads)
        table = self._table(which)
        size = min(self.tile, -(-samples // self._lanes) * self._lanes)
        try:
            memory = self._memory.pop()
        except IndexError:
            memory = memory_for(self.steps.batched * self.tile), memory_for(self.steps.batched * self.tile)
        frame[TILE], frame[TILE_GRADIENTS] = address(memory[0]), address(memory[1])
        tiles = -(-samples // size)
        arguments = np.array([len(table.rows), table.address, 0, tiles, size, samples], dtype=np.int64)
        self._driver(address(frame), address(arguments))
        self._memory.append(memory)
        del kept

    def _pointers(self, data: Data, grads: Gradients | None) -> list[Any]:
        """Fill the frame with the tables of rows. Returns them."""
        samples = data.samples

        def of(rows: Array) -> Any:
            return address(rows) + 8 * samples * np.arange(len(rows), dtype=np.int64)

        kept: list[Any] = [of(data.results)]
        frame = data.frame
        frame[INPUTS], frame[RESULTS] = address(data.table), address(kept[0])
        if grads is not None:
            table = [len(grads.seeds)]
            for place, seed in grads.seeds:
                numbers = np.full(self._lanes, seed) if isinstance(seed, float) else seed
                kept.append(numbers)
                table += [place, address(numbers), 0 if isinstance(seed, float) else 8]
            kept += [np.array(table, dtype=np.int64), of(grads.rows)]
            frame[SEEDS], frame[GRADIENTS] = address(kept[-2]), address(kept[-1])
        return kept

    def _table(self, which: str) -> Table:
        table = self._tables.get(which)
        if table is None:
            table = self._tables[which] = Table(self._list(which), self.tile)
        return table

    def _list(self, which: str) -> list[Step]:
        steps = self.steps
        if which in ("forward", "backward"):
            return steps.forward if which == "forward" else steps.backward

        def copies(make: Callable[..., Module], key: tuple[bool, ...], places: Places) -> list[Step]:
            return [Step(make, key, [len(places.all), places.all])] if len(places.all) else []

        inputs = copies(inputs_kernel, (), self.of_inputs)
        results = [] if which == "gradient" else copies(outputs_kernel, (False,), self.of_results)
        if which == "value":
            return [*inputs, *steps.tile_forward, *results]
        seeds = [Step(seeds_kernel, (), [self.code.batched])]
        gradients = copies(outputs_kernel, (True,), self.wanted)
        return [*inputs, *steps.tile_forward, *results, *seeds, *steps.tile_backward, *gradients]


def load(code: Code) -> Executable:
    """Prepare the code to be run: by kernels, or by the reference if kernels cannot."""
    try:
        return Kernels(code)
    except UnsupportedError:
        return reference.Reference(code)
