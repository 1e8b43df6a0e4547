"""Thresholds of the compiler that let small loops go through each of its mechanisms for loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

import autograd.compiled.api.rolled
from autograd import looping
from autograd.compiled import placed_loops
from autograd.compiled.passes import loops, roll


class Thresholds(NamedTuple):
    """From which size on the compiler treats loops as such.

    Attributes:
        traced: the rounds from which on the step of a scan is traced once.
        alone: the rounds of a `while_loop` that are recorded one by one.
        written_out: how many scalars of such a loop are written out.
        depth, rounds, rows: what a loop has that is found again.
        huge, large, run: the rows of a graph, and those of a run of rounds, from which on such a run becomes one row.
    """

    traced: int = looping.LEAST_ROUNDS
    alone: int = looping.ALONE
    written_out: int = placed_loops.WRITTEN_OUT
    depth: int = loops.LEAST_DEPTH
    rounds: int = loops.LEAST_ROUNDS
    rows: int = loops.LEAST_ROWS
    huge: int = roll.HUGE_GRAPH
    large: int = roll.LARGE_GRAPH
    run: int = roll.LEAST_ROWS

    def constants(self, package: ModuleType = autograd) -> list[tuple[ModuleType, str, int]]:
        """The modules of a build, and their constants."""
        compiled = package.compiled
        loops, roll = compiled.passes.loops, compiled.passes.roll
        places = [(package.looping, "LEAST_ROUNDS"), (package.looping, "ALONE"), (compiled.placed_loops, "WRITTEN_OUT")]
        places += [(loops, "LEAST_DEPTH"), (loops, "LEAST_ROUNDS"), (loops, "LEAST_ROWS")]
        places += [(roll, "HUGE_GRAPH"), (roll, "LARGE_GRAPH"), (roll, "LEAST_ROWS")]
        return [(module, name, value) for (module, name), value in zip(places, self, strict=True)]

    def for_executor(self, executor: str) -> Thresholds:
        """Those with which an executor can run: C and JAX need all scalars of a loop."""
        return self._replace(written_out=AS_THEY_ARE.written_out) if executor in ("c", "jax") else self

    def lines(self) -> list[str]:
        """What a script must set."""
        changed = [one for one, plain in zip(self.constants(), AS_THEY_ARE, strict=True) if one[2] != plain]
        return [line for module, name, value in changed for line in (f"import {module.__name__}", f"{module.__name__}.{name} = {value}")]


AS_THEY_ARE = Thresholds()

WAYS: Sequence[Thresholds] = (
    AS_THEY_ARE,
    AS_THEY_ARE,
    AS_THEY_ARE._replace(traced=3, alone=1),
    AS_THEY_ARE._replace(traced=3, alone=1, written_out=0),
    AS_THEY_ARE._replace(depth=3, rounds=3, rows=8),
    AS_THEY_ARE._replace(traced=6, depth=3, rounds=3, rows=8),
    AS_THEY_ARE._replace(rounds=3, huge=8, large=8, run=8),
    AS_THEY_ARE._replace(rounds=3, huge=8, large=8, run=8, written_out=0),
)
"""What random functions are compiled with: each of the mechanisms for loops."""


@contextmanager
def compiled_with(thresholds: Thresholds, package: ModuleType = autograd) -> Iterator[None]:
    """Compile with these thresholds in a build. What is remembered of loops depends on them."""
    constants = thresholds.constants(package)
    known = package.compiled.api.rolled._KNOWN
    before = [(module, name, getattr(module, name)) for module, name, _ in constants]
    if [value for *_, value in before] == [*thresholds]:
        yield
        return
    try:
        for module, name, value in constants:
            setattr(module, name, value)
        known.clear()
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        known.clear()
