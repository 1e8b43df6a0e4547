"""The LLVM backend: programs as steps of kernels, which run for one tile of samples after the other.

Forward and backward are one pass over the tiles, so that the numbers of a tile are still in the cache, and memory does not grow with the
number of samples. Which samples left the domain of an operation is found out by the reference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.contract import Array, Executable, Seed, Storage, Violation
from autograd.compiled.backends.llvm.frame import (
    GRADIENTS,
    LEFT_DOMAIN,
    RESULTS,
    SEEDS,
    SHARED_GRADIENTS,
    TILE,
    TILE_GRADIENTS,
)
from autograd.compiled.backends.llvm.machine_code import Loaded, kernel, lanes
from autograd.compiled.backends.llvm.rows import Data, Gradients, Places, address, memory_for
from autograd.compiled.backends.llvm.step import Step
from autograd.compiled.backends.llvm.steps import UnsupportedError, steps_of
from autograd.compiled.backends.llvm.straight import TooLongError, is_short, straight_kernel
from autograd.compiled.backends.llvm.tables import ALIGNED, Table, give_back, memory_of
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.backends.llvm.threads import all_parts, threads_for
from autograd.compiled.backends.llvm.tiles import inputs_kernel, outputs_kernel, seeds_kernel, tiles_kernel
from autograd.compiled.backends.numpy import reference
from autograd.compiled.ir import Code

TILE_BYTES = 2**19
"""About so much memory the numbers of a tile and their gradients take, so that they stay in the cache of a core."""

LEAST_SAMPLES, MOST_SAMPLES = 32, 512
"""The number of samples of a tile, at least and at most."""

WRITTEN_SAMPLES = 4096
"""The same, if all numbers of a sample are in registers."""

PARTS, LEAST_WORK, LEAST_RATIO = 16, 2**18, 8
"""A batch is cut into so many parts at most, of so many numbers at least, which are also so many times those that all samples share."""

RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Kernels(reference.Reference):
    """Code that kernels run. See `backends.contract.Executable`."""

    def __init__(self, code: Code, threads: int | None = None) -> None:
        super().__init__(code)
        self._threads = threads
        self.steps = steps_of(code)
        self._lanes = lanes()
        written = np.zeros(code.batched, dtype=bool)
        for instruction in code.flattened:
            if instruction.batched:
                written[instruction.start : instruction.start + instruction.size] = True
        self.of_inputs = Places(np.flatnonzero(~written), code.batched)
        self.of_results, self.wanted = Places(code.results[1], code.batched), Places(code.wanted[1], code.batched)
        self._has_samples = bool(self.steps.tile_forward) or len(self.of_results.all) > 0
        self._template = np.zeros(self.steps.shared + 1)
        places, numbers = code.fixed
        self._template[places] = numbers
        for place, number in self.steps.constants.values():
            self._template[place] = number
        self._tables: dict[str, Table] = {}
        self._kernels: dict[bool, Step | None] = {}
        self._last_seeds: tuple[Any, tuple[Any, ...]] = None, ()
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
        if not self._has_samples:
            self._shared("whole", data)
            return self._violations(data)
        self._shared("forward", data)
        self._tiles("both", data, grads)
        violations = self._violations(data)
        if not violations:
            self._shared("backward", data)
        return violations

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`: the reference does it."""
        assert isinstance(data, Data)
        whole = self._whole(data)
        super().forward(whole)
        super().push_forward(whole, tangents, moving)

    def _begin(self, data: Data, grads: Gradients | None) -> None:
        data.frame[LEFT_DOMAIN] = 0
        if grads is not None:
            data.frame[SHARED_GRADIENTS] = address(grads.shared)

    def _violations(self, data: Data) -> list[Violation]:
        return super().forward(self._whole(data)) if data.frame[LEFT_DOMAIN] else []

    def _whole(self, data: Data) -> Storage:
        """The numbers as the reference has them."""
        straight = data.straight()
        straight.shared = straight.shared[: self.code.shared]
        return straight

    def _shared(self, which: str, data: Data) -> None:
        self._run(self._table(which), data, 1, 1)

    def _run(self, table: Table, data: Data, size: int, samples: int) -> None:
        """Run steps for tiles of so many samples."""
        if not len(table.rows):
            return
        call = data.calls.get(table.address)
        if call is None:
            arguments = np.array([len(table.rows), table.address, 0, -(-samples // size), size, samples], dtype=np.int64)
            call = data.calls[table.address] = arguments, address(arguments)
        self._driver(data.of_frame, call[1])

    def _tiles(self, which: str, data: Data, grads: Gradients | None) -> None:
        if not self._has_samples:
            return
        samples = data.samples
        differentiated = grads is not None and len(grads.seeds) > 0 and samples > 0
        if grads is not None and not differentiated:
            grads.rows = np.zeros((len(self.wanted.all), samples))
        if which == "gradient" and not differentiated:
            return
        count = len(self.of_results.all)
        rows = memory_for(count + (len(self.wanted.all) if differentiated else 0), samples)
        if which != "gradient":
            data.results = rows[:count]
        if not samples:
            return
        frame, start = data.frame, address(rows)
        frame[RESULTS] = start
        kept = None
        if differentiated and grads is not None:
            grads.rows, frame[GRADIENTS] = rows[count:], start + 8 * count * samples
            kept = self._seeds(grads)
            frame[SEEDS] = kept[-1]
        table = self._table(which if differentiated else "value")
        size = min(table.tile, -(-samples // self._lanes) * self._lanes)
        self._run_parts(table, data, grads if differentiated else None, size)

    def _run_parts(self, table: Table, data: Data, grads: Gradients | None, size: int) -> None:
        """Run steps for all tiles. Sums over the samples are those of each part of the tiles, which are added one after the other."""
        tiles = -(-data.samples // size)
        work = data.samples * self.code.batched
        parts = max(1, min(PARTS, tiles, work // LEAST_WORK, work // (1 + LEAST_RATIO * len(self._template) * (grads is not None))))
        threads = threads_for(self._threads) if parts > 1 else 1

        def run(part: int) -> tuple[bool, Array | None]:
            frame, own = data.frame, None
            if parts > 1:
                frame = frame.copy()
                if grads is not None:
                    own = np.zeros(len(self._template))
                    frame[SHARED_GRADIENTS] = address(own)
            memory = memory_of(2 * size * table.places + ALIGNED) if table.places else None
            if memory is not None:
                begin = -(-address(memory) // (8 * ALIGNED)) * 8 * ALIGNED
                frame[TILE], frame[TILE_GRADIENTS] = begin, begin + 8 * size * table.places
            first, last = (tiles * k // parts for k in (part, part + 1))
            arguments = np.array([len(table.rows), table.address, first, last, size, data.samples], dtype=np.int64)
            self._driver(address(frame), address(arguments))
            if memory is not None:
                give_back(memory)
            return bool(frame[LEFT_DOMAIN]), own

        if parts == 1:
            run(0)
            return
        for left_domain, own in all_parts(run, parts, threads):
            data.frame[LEFT_DOMAIN] |= left_domain
            if own is not None and grads is not None:
                grads.shared += own

    def _seeds(self, grads: Gradients) -> tuple[Any, ...]:
        """The table of seeds, what it refers to, and last its address."""
        single = next(iter(grads.seeds.items())) if len(grads.seeds) == 1 else None
        key = single if single is not None and isinstance(single[1], float) else None
        known, seeds = self._last_seeds
        if key is not None and key == known:
            return seeds
        zero = np.zeros(self._lanes)
        table = np.tile(np.array([address(zero), 0]), len(self.of_results.all))
        kept = [zero]
        for place, seed in grads.seeds.items():
            numbers = np.full(self._lanes, seed) if isinstance(seed, float) else seed
            kept.append(numbers)
            k = int(self.of_results.row[place])
            table[2 * k : 2 * k + 2] = address(numbers), 0 if isinstance(seed, float) else 8
        seeds = kept, table, address(table)
        if key is not None:
            self._last_seeds = key, seeds
        return seeds

    def _table(self, which: str) -> Table:
        table = self._tables.get(which)
        if table is None:
            table = self._tables[which] = self._made(which)
        return table

    def _made(self, which: str) -> Table:
        steps = self.steps
        of_shared = {"forward": steps.forward, "backward": steps.backward, "whole": [*steps.forward, *steps.backward]}
        if which in of_shared:
            return Table(of_shared[which], 1, 0)
        written = self._written(which != "value")
        if written is not None:
            return Table([written], WRITTEN_SAMPLES, 0)

        def copies(make: Callable[..., Module], key: tuple[bool, ...], places: Places) -> list[Step]:
            return [Step(make, key, [len(places.all), places.all])] if len(places.all) else []

        of_tile = [*copies(inputs_kernel, (), self.of_inputs), *steps.tile_forward]
        if which != "gradient":
            of_tile += copies(outputs_kernel, (False,), self.of_results)
        if which != "value":
            of_results = self.of_results.all
            runs = _runs(steps.receiving)
            of_tile.append(Step(seeds_kernel, (), [len(runs), runs.ravel(), len(of_results), of_results]))
            of_tile += [*steps.tile_backward, *copies(outputs_kernel, (True,), self.wanted)]
        room = TILE_BYTES // (8 * max(1, steps.in_use))
        tile = min(MOST_SAMPLES, max(LEAST_SAMPLES, 1 << room.bit_length() - 1 if room else 0))
        return Table(of_tile, tile, steps.batched)

    def _written(self, differentiated: bool) -> Step | None:
        """The samples as one kernel, if the program is short enough."""
        if not is_short(self.code):
            return None
        if differentiated in self._kernels:
            return self._kernels[differentiated]
        places = [tuple(places.all.tolist()) for places in (self.of_inputs, self.of_results, self.wanted)]
        try:
            module = straight_kernel(self.code, places[0], places[1], places[2], differentiated, self._lanes)
        except TooLongError:
            step = None
        else:
            step = Step(Loaded(module), (), [])
        self._kernels[differentiated] = step
        return step


def _runs(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Ascending places as runs of consecutive ones: the first place of each, and how many they are."""
    if not len(places):
        return np.array([[0, 0]], dtype=np.int64)
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    return np.stack([places[starts], np.diff(np.append(starts, len(places)))], axis=1)


@dataclass(frozen=True)
class Llvm:
    """The backend.

    Attributes:
        threads: the number of threads that run a large batch; None for the number that `threads_for` finds.
    """

    threads: int | None = None

    def load(self, code: Code) -> Executable:
        """Prepare the code to be run: by kernels, or by the reference if kernels cannot."""
        try:
            return Kernels(code, self.threads)
        except UnsupportedError:
            return reference.Reference(code)
