"""Which element-wise instructions are one kernel, and in what order the kernels of a program run.

An instruction joins an earlier kernel of the same rows if all that it reads was computed before that kernel, or in it for the same element.
Kernels run in the order in which they were begun.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.elementwise import Member, Source, elementwise_backward, elementwise_forward, is_cheap
from autograd.compiled.backends.llvm.machine_code import lanes
from autograd.compiled.backends.llvm.row_kernels import ALONG, LISTED, REPEATED, Access, Layout
from autograd.compiled.backends.llvm.step import Integers, Step
from autograd.ops import Operation

MOST_MEMBERS, MOST_INPUTS = 12, 24
"""So many instructions are one kernel at most, with so many inputs in all: more would not fit into registers."""

MOST_KERNELS = 16
"""A program has so many different kernels of several instructions at most, because each of them takes a while to compile."""

NARROW = 8
"""Rows of fewer numbers are read as one row, each number from a place of its own."""


@dataclass(frozen=True)
class Read:
    """What an instruction reads.

    Attributes:
        places: the place of each number.
        batched: whether they are in a tile rather than shared.
        constant: whether no gradient is wanted.
        counted: see `Access.counted`.
    """

    places: Integers
    batched: bool
    constant: bool = True
    counted: bool = False


@dataclass
class Item:
    """An element-wise instruction: the operation, its inputs, its masks, and the place of its first output."""

    operation: Operation
    inputs: list[Read]
    mask: Read | None
    error_mask: Read | None
    checked: bool
    start: int
    size: int
    constant: bool
    stored: bool = True

    @property
    def reads(self) -> list[Read]:
        """All that it reads."""
        return [*self.inputs, *[mask for mask in (self.mask, self.error_mask) if mask is not None]]


@dataclass
class Other:
    """Steps of an instruction that is not element-wise: forward, and backward in the order of the forward pass.

    Attributes:
        forward, backward: the steps.
        outputs: the places of its outputs.
    """

    forward: list[Step]
    backward: list[Step]
    outputs: npt.NDArray[Any]


@dataclass
class Fused:
    """Element-wise instructions on the same rows.

    Attributes:
        rows, length: how many rows, and the length of a row of shared numbers.
        items: the instructions.
    """

    rows: int
    length: int
    items: list[Item] = field(default_factory=list)


class Order:
    """The kernels of shared numbers, or those of a tile.

    Args:
        shared: the kernels of shared numbers, if these are those of a tile; else None.

    Attributes:
        needed: the places of outputs that are read elsewhere than in the kernel that computes them.
    """

    def __init__(self, shared: Order | None = None) -> None:
        self.shared, self.batched = shared, shared is not None
        self.stages: list[Other | Fused] = []
        self._late: list[Item] = []  # checks of domains whose masks may be computed later
        self._writer = np.full(64, -1, dtype=np.intp)
        self._open: dict[tuple[int, int], list[int]] = {}
        self.needed: set[int] = set()
        self._touched: list[Integers] = []

    def read_outside(self, places: npt.NDArray[Any]) -> None:
        """Note results: they are read after a run, and their gradients come from outside."""
        self.needed.update(places.tolist())
        self._touched.append(places)

    # -- adding instructions --------------------------------------------------------------------------------------------

    def other(self, forward: list[Step], backward: list[Step], reads: list[Read], outputs: npt.NDArray[Any]) -> None:
        """Add an instruction that is not element-wise."""
        for read in reads:
            self._note(read)
        self._write(outputs, len(self.stages))
        self.stages.append(Other(forward, backward, outputs))

    def elementwise(self, item: Item, shape: tuple[int, ...]) -> None:
        """Add an element-wise instruction."""
        if item.error_mask is not None and item.checked:  # the mask may be computed later
            self._late.append(replace(item, mask=None, constant=True, stored=False))
            item = replace(item, checked=False, error_mask=None)
        key = (item.size, 1) if self.batched else _rows_and_length(shape, [read.places for read in item.reads])
        before = max([-1, *[int(self._stage_of(read.places).max()) for read in self._own(item)]])
        index = self._place_for(item, key, before)
        if index is None:
            index = len(self.stages)
            self.stages.append(Fused(*key, [item]))
            self._open.setdefault(key, []).append(index)
        self._write(np.arange(item.start, item.start + item.size), index)

    def _place_for(self, item: Item, key: tuple[int, int], before: int) -> int | None:
        """The kernel that an instruction joins, whose inputs are computed by that with the index `before`. Adds it there."""
        for index in reversed(self._open.get(key, [])):
            stage = self.stages[index]
            if index < before:
                break
            if isinstance(stage, Fused) and self._is_room(stage, item) and (index > before or self._is_aligned(stage, index, item)):
                stage.items.append(item)
                return index
        return None

    def _own(self, item: Item) -> list[Read]:
        """What must be computed before it: masks are read in the backward pass only."""
        return [read for read in item.inputs if read.batched == self.batched]

    def _is_room(self, stage: Fused, item: Item) -> bool:
        inputs = sum([len(other.inputs) for other in stage.items])
        return len(stage.items) < MOST_MEMBERS and inputs + len(item.inputs) <= MOST_INPUTS

    def _is_aligned(self, stage: Fused, index: int, item: Item) -> bool:
        """Whether what an instruction reads of a kernel is for the same elements."""
        for read in self._own(item):
            of = self._stage_of(read.places)
            if (of == index).any() and not any(_is_output(other, read) for other in stage.items):
                return False
        return True

    def _stage_of(self, places: Integers) -> npt.NDArray[np.intp]:
        self._grow(int(places.max()) + 1)
        return self._writer[places]

    def _write(self, outputs: npt.NDArray[Any], index: int) -> None:
        self._grow(int(outputs.max()) + 1)
        self._writer[outputs] = index

    def _grow(self, size: int) -> None:
        if size > len(self._writer):
            more = np.full(max(size, 2 * len(self._writer)) - len(self._writer), -1, dtype=np.intp)
            self._writer = np.concatenate([self._writer, more])

    def _note(self, read: Read) -> None:
        """Note what is read elsewhere than in the kernel that computes it, and whose gradient is added to there."""
        order = self if read.batched == self.batched or self.shared is None else self.shared
        places = read.places.ravel()
        if not read.counted:
            order.needed.update(places.tolist())
        if not read.constant:
            order._touched.append(places)

    # -- steps ----------------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[list[Step], list[Step]]:
        """The steps forward and backward, in the order in which they run. Those of tiles come before those of shared numbers."""
        late = [Fused(item.size if self.batched else 1, 1 if self.batched else item.size, [item]) for item in self._late]
        self.stages = _with_few_kernels(self.stages, self.batched)
        sources = [_Sources(stage, self.batched) if isinstance(stage, Fused) else None for stage in [*self.stages, *late]]
        for own in sources:
            for read in own.reads if own is not None else ():
                self._note(read)
        gradients = self.receiving()
        forward: list[Step] = []
        backward: list[Step] = []
        for stage, own in zip([*self.stages, *late], sources, strict=True):
            if isinstance(stage, Other):
                steps = stage.forward, stage.backward
            else:
                assert own is not None
                steps = self._fused(stage, own, gradients)
            forward += steps[0]
            backward += steps[1]
        return forward, backward[::-1]

    def receiving(self) -> set[int]:
        """The places whose gradient is added to, or which are outputs of an instruction that is not element-wise."""
        places = {place for table in self._touched for place in table.tolist()}
        return places.union(*[stage.outputs.tolist() for stage in self.stages if isinstance(stage, Other)])

    def stored(self) -> int:
        """How many outputs are stored."""
        items = [item for stage in self.stages if isinstance(stage, Fused) for item in stage.items]
        return sum([item.size for item in items if item.stored]) + sum([len(s.outputs) for s in self.stages if isinstance(s, Other)])

    def _fused(self, stage: Fused, sources: _Sources, gradients: set[int]) -> tuple[list[Step], list[Step]]:
        members = []
        for item in stage.items:
            outputs = range(item.start, item.start + item.size)
            item.stored = item.stored and (not self.needed.isdisjoint(outputs) or not is_cheap(item.operation, len(item.inputs)))
            receives = not item.constant and not gradients.isdisjoint(outputs)
            if receives:  # also those that receive nothing are read
                self._touched.append(np.arange(item.start, item.start + item.size))
            members.append(
                Member(
                    item.operation,
                    tuple([sources.of(read) for read in item.inputs]),
                    tuple([read.constant for read in item.inputs]),
                    None if item.mask is None else sources.of(item.mask),
                    None if item.error_mask is None else sources.of(item.error_mask),
                    item.checked,
                    item.stored,
                    receives,
                )
            )
        accesses, tables = [], []
        for read in sources.reads:
            table = read.places.reshape(stage.rows, -1)
            how = (ALONG if read.batched else REPEATED) if self.batched else how_to_read(table)
            accesses.append(Access(read.batched, how, read.constant, read.counted))
            tables.append((table if how == LISTED else table[:, 0]).ravel())
        checked = any(member.checked for member in members)
        flat = self.batched and not checked and all(access.batched for access in accesses) and all((np.diff(x) == 1).all() for x in tables)
        layout = Layout(self.batched, not self.batched and stage.length % lanes() == 0, flat)
        arguments = [stage.rows, stage.length, *tables, *[item.start for item in stage.items]]
        without = tuple([replace(access, constant=True) for access in accesses])
        forward = _pruned(members)
        forward_steps: list[Step] = []
        backward_steps: list[Step] = []
        if any(member.stored or member.checked for member in forward):
            forward_steps.append(Step(elementwise_forward, (layout, without, forward), arguments))
        if any(member.receives for member in members):
            backward_steps.append(Step(elementwise_backward, (layout, tuple(accesses), tuple(members)), arguments))
        return forward_steps, backward_steps


def _with_few_kernels(stages: list[Other | Fused], batched: bool) -> list[Other | Fused]:
    """The stages, of which those that occur rarely are taken apart: single instructions run by kernels that all programs share."""
    if sum([isinstance(stage, Fused) and len(stage.items) > 1 for stage in stages]) <= MOST_KERNELS:
        return stages
    worth: dict[Any, int] = {}
    kernels: list[Any] = []
    for stage in stages:
        if not isinstance(stage, Fused) or len(stage.items) == 1:
            kernels.append(None)
            continue
        sources = _Sources(stage, batched)
        kernels.append(tuple([(item.operation, *[(sources.of(read), read.batched) for read in item.reads]) for item in stage.items]))
        worth[kernels[-1]] = worth.get(kernels[-1], 0) + stage.rows * stage.length * (len(stage.items) - 1)
    if len(worth) <= MOST_KERNELS:
        return stages
    kept = {None, *sorted(worth, key=lambda kernel: -worth[kernel])[:MOST_KERNELS]}
    result: list[Other | Fused] = []
    for stage, kernel in zip(stages, kernels, strict=True):
        if isinstance(stage, Fused) and kernel not in kept:
            result += [Fused(stage.rows, stage.length, [item]) for item in stage.items]
        else:
            result.append(stage)
    return result


def _pruned(members: list[Member]) -> tuple[Member, ...]:
    """The members as the forward pass needs them, which share more kernels than those of the backward pass."""
    return tuple([replace(m, constant=(True,) * len(m.inputs), mask=None, receives=False) for m in members])


class _Sources:
    """Where the inputs of the members of a kernel come from.

    Attributes:
        reads: what comes from outside.
    """

    def __init__(self, stage: Fused, batched: bool) -> None:
        self._batched = batched
        self.reads: list[Read] = []
        self._members = {item.start: m for m, item in enumerate(stage.items)}
        self._items = stage.items
        self._known: dict[Any, int] = {}
        for item in stage.items:
            for read in item.reads:
                self.of(read)

    def of(self, read: Read) -> Source:
        """The source of one input."""
        first = int(read.places.flat[0])
        m = self._members.get(first)
        if m is not None and read.batched == self._batched and not read.counted and _is_output(self._items[m], read):
            return True, m
        key = read.batched, read.counted, read.places.tobytes()
        k = self._known.get(key)
        if k is None:
            k = self._known[key] = len(self.reads)
            self.reads.append(read)
        elif not read.constant:
            self.reads[k] = read
        return False, k


def _is_output(item: Item, read: Read) -> bool:
    """Whether what is read are the outputs of an instruction, in their order."""
    places = read.places.ravel()
    if len(places) != item.size or int(places[0]) != item.start:
        return False
    return bool((places == np.arange(item.start, item.start + item.size)).all())


def _rows_and_length(shape: tuple[int, ...], tables: list[Integers]) -> tuple[int, int]:
    """How a kernel goes through shared numbers of a shape: as one row, unless rows spare it places for each number."""
    size = int(np.prod(shape))
    if len(shape) == 2 and shape[1] >= NARROW:
        rows = [how_to_read(table.reshape(shape)) for table in tables]
        if LISTED not in rows and LISTED in [how_to_read(table.reshape(1, size)) for table in tables]:
            return shape[0], shape[1]
    return 1, size


def how_to_read(table: npt.NDArray[Any]) -> str:
    """How the rows of a table of places are read."""
    if table.shape[1] == 1:
        return ALONG
    steps = np.diff(table, axis=1)
    return ALONG if (steps == 1).all() else REPEATED if (steps == 0).all() else LISTED
