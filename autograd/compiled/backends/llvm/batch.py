"""The samples of a program: which kernels run for them, tile by tile, in how many parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.contract import Array
from autograd.compiled.backends.llvm.frame import GRADIENTS, LEFT_DOMAIN, RESULTS, SEEDS, SHARED_GRADIENTS, TILE, TILE_GRADIENTS
from autograd.compiled.backends.llvm.lowering import Steps
from autograd.compiled.backends.llvm.machine_code import Loaded, lanes
from autograd.compiled.backends.llvm.run_storage import Data, Gradients, Places, address, memory_for
from autograd.compiled.backends.llvm.step import Step
from autograd.compiled.backends.llvm.step_table import ALIGNED, Table, give_back, memory_of
from autograd.compiled.backends.llvm.straight import TooLongError, is_short, straight_kernel
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.backends.llvm.threads import all_parts, threads_for
from autograd.compiled.backends.llvm.tiles import inputs_kernel, outputs_kernel, seeds_kernel
from autograd.compiled.ir import Code, LongLoop, Scalars

TILE_BYTES = 2**19
"""About so much memory the numbers of a tile and their gradients take, so that they stay in the cache of a core."""

LEAST_SAMPLES, MOST_SAMPLES = 32, 512
"""The number of samples of a tile, at least and at most."""

WRITTEN_SAMPLES = 4096
"""The same, if all numbers of a sample are in registers."""

PARTS, LEAST_WORK, LEAST_RATIO = 16, 2**18, 8
"""A batch is cut into so many parts at most, of so many numbers at least, which are also so many times those that all samples share."""


MOST_PLANS = 64
"""The plans for so many numbers of samples are kept."""


class Plan(NamedTuple):
    """How a number of samples is run: the steps, the number of samples of a tile, how many tiles, and in how many parts."""

    table: Table
    size: int
    tiles: int
    parts: int


class Batch:
    """The samples of a program.

    Args:
        code: the program.
        steps: its steps.
        threads: see `Llvm`.

    Attributes:
        inputs, results, wanted: the batched leaves; the batched results; and the leaves whose gradients are wanted.
        is_empty: whether nothing differs from sample to sample.
    """

    def __init__(self, code: Code, steps: Steps, threads: int | None) -> None:
        self._code, self._steps, self._threads, self._lanes = code, steps, threads, lanes()
        written = np.zeros(code.batched, dtype=bool)
        for one in code.instructions:
            if isinstance(one, LongLoop):
                written[one.stored if one.batched else []] = True
            elif isinstance(one, Scalars):
                written[one.outputs[one.output_batched]] = True
            elif one.batched:
                written[one.start : one.start + one.size] = True
        self.inputs = Places(np.flatnonzero(~written), code.batched)
        self.results, self.wanted = Places(code.results[1], code.batched), Places(code.wanted[1], code.batched)
        self.is_empty = not steps.tile_forward and not len(self.results.all)
        self._tables: dict[str, Table] = {}
        self._plans: dict[tuple[str, int], Plan] = {}
        self._written: dict[bool, Step | None] = {}
        self._last_seeds: tuple[Any, tuple[Any, ...]] = None, ()

    def run(self, which: str, data: Data, grads: Gradients | None) -> None:
        """Run all samples.

        Args:
            which: "value" for results, "gradient" for gradients, "both" for both.
            data, grads: the numbers, and the gradients, which have the seeds.
        """
        samples = data.samples
        differentiated = grads is not None and len(grads.seeds) > 0 and samples > 0
        if grads is not None and not differentiated:
            grads.rows = np.zeros((len(self.wanted.all), samples))
        if which == "gradient" and not differentiated:
            return
        count = len(self.results.all)
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
        self._run_parts(self._plan(which if differentiated else "value", samples), data, grads if differentiated else None)

    def _plan(self, which: str, samples: int) -> Plan:
        """How so many samples are run."""
        plan = self._plans.get((which, samples))
        if plan is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            table = self._table(which)
            size = min(table.tile, -(-samples // self._lanes) * self._lanes)
            tiles, parts = -(-samples // size), 1
            if tiles > 1:
                work, shared = samples * self._code.batched, 0 if which == "value" else self._steps.shared
                parts = max(1, min(PARTS, tiles, work // LEAST_WORK, work // (1 + LEAST_RATIO * shared)))
            plan = self._plans[which, samples] = Plan(table, size, tiles, parts)
        return plan

    def _run_parts(self, plan: Plan, data: Data, grads: Gradients | None) -> None:
        """Run steps for all tiles. Sums over the samples are those of each part of the tiles, which are added one after the other."""
        table, size, tiles, parts = plan
        if parts == 1:
            self._run_tiles(table, data.frame, data.of_frame, 0, tiles, size, data.samples)
            return

        def run_part(part: int) -> tuple[int, Array | None]:
            frame, own = data.frame.copy(), None
            if grads is not None:
                own = np.zeros(len(grads.shared))
                frame[SHARED_GRADIENTS] = address(own)
            self._run_tiles(table, frame, address(frame), tiles * part // parts, tiles * (part + 1) // parts, size, data.samples)
            return int(frame[LEFT_DOMAIN]), own

        for left_domain, own in all_parts(run_part, parts, threads_for(self._threads)):
            data.frame[LEFT_DOMAIN] |= left_domain
            if own is not None and grads is not None:
                grads.shared += own

    def _run_tiles(self, table: Table, frame: npt.NDArray[np.int64], of_frame: int, first: int, last: int, size: int, samples: int) -> None:
        """Run steps for some tiles, in memory that is theirs meanwhile."""
        if not table.places:
            table.run(of_frame, first, last, size, samples)
            return
        memory = memory_of(2 * size * table.places + ALIGNED)
        begin = -(-address(memory) // (8 * ALIGNED)) * 8 * ALIGNED
        frame[TILE], frame[TILE_GRADIENTS] = begin, begin + 8 * size * table.places
        table.run(of_frame, first, last, size, samples)
        give_back(memory)

    def _seeds(self, grads: Gradients) -> tuple[Any, ...]:
        """The table of seeds, what it refers to, and last its address."""
        single = next(iter(grads.seeds.items())) if len(grads.seeds) == 1 else None
        key = single if single is not None and isinstance(single[1], float) else None
        known, seeds = self._last_seeds
        if key is not None and key == known:
            return seeds
        zero = np.zeros(self._lanes)
        table = np.tile(np.array([address(zero), 0]), len(self.results.all))
        kept = [zero]
        for place, seed in grads.seeds.items():
            numbers = np.full(self._lanes, seed) if isinstance(seed, float) else seed
            kept.append(numbers)
            k = int(self.results.row[place])
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
        steps = self._steps
        written = self._as_one(which != "value")
        if written is not None:
            return Table([written], WRITTEN_SAMPLES, 0)

        def copies(make: Callable[..., Module], key: tuple[bool, ...], places: Places) -> list[Step]:
            return [Step(make, key, [len(places.all), places.all])] if len(places.all) else []

        of_tile = [*copies(inputs_kernel, (), self.inputs), *steps.tile_forward]
        if which != "gradient":
            of_tile += copies(outputs_kernel, (False,), self.results)
        if which != "value":
            of_results = self.results.all
            runs = _runs(steps.receiving)
            of_tile.append(Step(seeds_kernel, (), [len(runs), runs.ravel(), len(of_results), of_results]))
            of_tile += [*steps.tile_backward, *copies(outputs_kernel, (True,), self.wanted)]
        room = TILE_BYTES // (8 * max(1, steps.in_use))
        tile = min(MOST_SAMPLES, max(LEAST_SAMPLES, 1 << room.bit_length() - 1 if room else 0))
        return Table(of_tile, tile, steps.batched)

    def _as_one(self, differentiated: bool) -> Step | None:
        """The samples as one kernel, if the program is short enough."""
        if not is_short(self._code):
            return None
        if differentiated in self._written:
            return self._written[differentiated]
        places = [tuple(places.all.tolist()) for places in (self.inputs, self.results, self.wanted)]
        try:
            module = straight_kernel(self._code, places[0], places[1], places[2], differentiated, self._lanes)
        except TooLongError:
            step = None
        else:
            step = Step(Loaded(module), (), [])
        self._written[differentiated] = step
        return step


def _runs(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Ascending places as runs of consecutive ones: the first place of each, and how many they are."""
    if not len(places):
        return np.array([[0, 0]], dtype=np.int64)
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    return np.stack([places[starts], np.diff(np.append(starts, len(places)))], axis=1)
