"""The pipeline: from a recorded graph to code that a backend loads. The passes are called here, but for
`trace`, which `api` calls with what it knows of a function.

trace       the graph as flat rows, inputs first                        Tape
constants   equal constants become one                                  Tape
roll        of a very large graph, equal rounds become one row          Tape
sums        chains of additions become sums and dots                    Sums
simplify    equal computations become one                               Sums
loops       rounds that repeat are loops                                Loops
vectorise   rows with the same operation become one instruction         groups and blocks
matmuls     dots that form rows × columns become a matrix product       groups and blocks
allocate    numbers get their places in storage                         Code
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from autograd._runtime.temporary import During, Temporary
from autograd.compiled.ir import Code
from autograd.compiled.passes.allocate import allocate
from autograd.compiled.passes.constants import merge_constants
from autograd.compiled.passes.loops import find_loops
from autograd.compiled.passes.matmuls import find_matmuls
from autograd.compiled.passes.roll import roll_loops
from autograd.compiled.passes.simplify import simplify
from autograd.compiled.passes.sums import find_sums
from autograd.compiled.passes.trace import order_of, trace
from autograd.compiled.passes.vectorise import vectorise
from autograd.compiled.stages import AnyGroup, Loops, Sums, Tape

__all__ = ["Stage", "collector_paused", "lower", "order_of", "stages", "trace"]

Stage = Tape | Sums | Loops | list[AnyGroup] | Code
"""The result of a pass."""


def stages(tape: Tape, wanted: Collection[int], first: Sequence[int] = ()) -> Iterator[tuple[str, Stage]]:
    """Lower a tape, pass by pass. Yields the name and the result of each pass.

    Args:
        tape: the result of `trace`.
        wanted: the leaves whose derivatives are wanted.
        first: leaves that are placed before all others, in this order.
    """
    yield "trace", tape
    tape = merge_constants(tape)
    yield "constants", tape
    tape, moved = roll_loops(tape)
    wanted, first = (moved[[*rows]].tolist() for rows in (wanted, first))
    yield "roll", tape
    sums = find_sums(tape)
    yield "sums", sums
    sums = simplify(tape, sums)
    yield "simplify", sums
    loops = find_loops(tape, sums)
    yield "loops", loops
    groups = vectorise(tape, sums, loops)
    same = sums.same
    del sums, loops
    yield "vectorise", groups
    groups = find_matmuls(groups)
    yield "matmuls", groups
    code = allocate(tape, groups, same, wanted, first)
    yield "allocate", replace(code, place=np.where(moved >= 0, code.place[moved], -1))


def lower(tape: Tape, wanted: Collection[int], first: Sequence[int] = ()) -> Code:
    """The code of a tape. For the arguments see `stages`."""
    for _, stage in stages(tape, wanted, first):
        code = stage
    assert isinstance(code, Code)
    return code


class _CollectorPaused(Temporary[None]):
    def __init__(self) -> None:
        self._was_on = gc.isenabled()

    def do(self) -> None:
        """See `Temporary`."""
        if self._was_on:
            _PAUSED_BY[id(self)] = threading.get_ident()
        gc.disable()

    def undo(self) -> None:
        """See `Temporary`."""
        if self._was_on:
            gc.enable()
        _PAUSED_BY.pop(id(self), None)


_PAUSED_BY: dict[int, int] = {}
"""The threads that have switched the collector off, by the `id` of the pause."""


def _after_fork() -> None:
    """A child process has one thread only: the pauses of the others have ended."""
    others = {pause for pause, thread in _PAUSED_BY.items() if thread != threading.get_ident()}
    for pause in others:
        del _PAUSED_BY[pause]
    if others and not _PAUSED_BY:
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def collector_paused() -> During[None]:
    """Pause Python's cyclic garbage collector while a program is made: many new objects would trigger it, and they form no cycles."""
    return During(_CollectorPaused)
