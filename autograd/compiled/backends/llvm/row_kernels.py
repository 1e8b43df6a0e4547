"""What kernels that go through rows have in common: how they read operands, and add to gradients.

Gradients are added one operand after the other, each vector read and written before the next one. Operands may therefore overlap, with each
other and themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.llvm.frame import PADDED, ROW, SHARED, SHARED_GRADIENTS, TILE, TILE_GRADIENTS, VALID, Kernel, Memory
from autograd.compiled.backends.llvm.lanes import Lanes, gather
from autograd.compiled.backends.llvm.text import FLOAT, INTEGER, Carried, Module, Number

ALONG, REPEATED, LISTED = "along", "repeated", "listed"
"""How a row of an operand is read: the vector is along the row; one number is repeated; each number has a place of its own."""


@dataclass(frozen=True)
class Access:
    """How a kernel reads an operand, and adds to its gradient.

    Attributes:
        batched: whether it is in a tile rather than shared.
        how: ALONG, REPEATED or LISTED.
        constant: whether no gradient is wanted.
        counted: of a mask, whether it is the number of samples that select a shared number, which is kept with the gradients.
    """

    batched: bool
    how: str
    constant: bool = True
    counted: bool = False


@dataclass(frozen=True)
class Layout:
    """How a kernel goes through numbers.

    Attributes:
        batched: whether vectors are along the samples, rather than along rows of shared numbers.
        whole: whether a row of shared numbers is a whole number of vectors.
        flat: whether rows of samples, which are one after the other in all operands, are one long row.
    """

    batched: bool
    whole: bool = False
    flat: bool = False


HEADER = 2
"""The first arguments: the number of rows, and the length of a row of shared numbers."""


def _memory_of(access: Access) -> int:
    return TILE if access.batched else SHARED_GRADIENTS if access.counted else SHARED


class RowsKernel(Kernel):
    """A kernel that goes through rows of its operands and outputs. Its arguments are the header, and a list of places for each operand."""

    def __init__(self, layout: Layout, accesses: Sequence[Access], lanes: int) -> None:
        super().__init__(lanes)
        self.layout = layout
        self.xp = Lanes(self.f)
        self.data = self.memory(TILE if layout.batched else SHARED)
        self.gradients = self.memory(TILE_GRADIENTS if layout.batched else SHARED_GRADIENTS)
        self.rows, self.length = self.argument(0), self.argument(1)
        self.lists = [self.pointer(self.argument(HEADER + k)) for k in range(len(accesses))]
        self.data_of = [self.memory(_memory_of(access)) for access in accesses]
        self.gradients_of = [self.memory(TILE_GRADIENTS if access.batched else SHARED_GRADIENTS) for access in accesses]
        self.accesses = accesses
        self.count = self.entry(PADDED) if layout.batched else self.length
        if layout.flat:  # also beyond the samples of the last tile, where numbers do not matter
            row = self.f.name_of(f"lshr i64 {self.entry(ROW)}, 3")
            self.rows, self.count = "1", self.f.name_of(f"mul i64 {self.rows}, {row}")
        self.valid = self.entry(VALID)

    def mask_at(self, index: str) -> Number | None:
        """Which lanes of a vector belong to the row; None for all."""
        return None if self.layout.batched or self.layout.whole else self.first_lanes(index, self.count)

    def valid_at(self, index: str, mask: Number | None) -> Number | None:
        """The same, without lanes beyond the samples."""
        return self.first_lanes(index, self.valid) if self.layout.batched else mask

    def row_of_outputs(self, memory: Memory, start: str, r: str) -> str:
        """A pointer to row `r` of outputs."""
        f = self.f
        place = f.name_of(f"add i64 {start}, {r if self.layout.batched else f.name_of(f'mul i64 {r}, {self.length}')}")
        return self.address(memory, place)

    def reader(self, k: int, r: str) -> Reader:
        """Row `r` of operand `k`."""
        return Reader(self, k, self.accesses[k], r)

    def end(self) -> Module:
        """The module of the kernel."""
        self.f.end()
        return self.module


class Reader:
    """A row of an operand: reads its vectors, and adds to those of its gradient."""

    def __init__(self, kernel: RowsKernel, k: int, access: Access, r: str) -> None:
        self.kernel, self.access = kernel, access
        self.data, self.gradients = kernel.data_of[k], kernel.gradients_of[k]
        f = kernel.f
        if access.how == LISTED:
            first = f.name_of(f"mul i64 {r}, {kernel.length}")
            self.list = f.name_of(f"getelementptr i64, ptr {kernel.lists[k]}, i64 {first}")
        else:
            self.place = kernel.integer(kernel.lists[k], r)
            self.row = kernel.address(self.data, self.place)
            self.repeated = f.spread(kernel.scalar(self.row)) if access.how == REPEATED else None
            self.row_of_gradients = kernel.address(self.gradients, self.place) if not access.constant else ""
        self.total = Carried(0.0)  # the gradient of a repeated number

    def vector(self, index: str, mask: Number | None) -> Number:
        """The numbers from an index on."""
        if self.access.how == ALONG:
            return self.kernel.load(self.row, index, mask)
        if self.access.how == REPEATED:
            assert self.repeated is not None
            return self.repeated
        return self._gathered(self.data, self.kernel.load(self.list, index, mask, INTEGER))

    def _pointers(self, memory: Memory, places: Number) -> str:
        f = self.kernel.f
        return f.name_of(f"getelementptr double, ptr {self.kernel.pointer(memory.base)}, {f.type(INTEGER)} {places.name}")

    def _gathered(self, memory: Memory, places: Number) -> Number:
        if self.kernel.module.lanes == 1:
            return self.kernel.f.number(f"load double, ptr {self._pointers(memory, places)}", FLOAT, pure=False)
        return gather(self.kernel.f, self._pointers(memory, places))  # lanes beyond the row read place 0

    def add(self, part: Any, index: str, mask: Number | None) -> None:
        """Add to the gradient of the numbers from an index on."""
        kernel, f, access = self.kernel, self.kernel.f, self.access
        if access.how == REPEATED:
            valid = kernel.valid_at(index, mask)
            part = f.constant(part)
            assert self.total.now is not None
            self.total.after = self.total.now + (part if valid is None else f.select(valid, part, 0.0))
        elif access.how == ALONG:
            kernel.add(part, self.row_of_gradients, index, mask)
        else:
            self._scatter(f.constant(part), index, mask)

    def _scatter(self, part: Number, index: str, mask: Number | None) -> None:
        """Add each lane to its place, one after the other, because a place may occur twice."""
        kernel, f = self.kernel, self.kernel.f
        lanes = kernel.module.lanes
        places = kernel.load(self.list, index, mask, INTEGER)
        part = part if mask is None else f.select(mask, part, -0.0)  # adding -0.0 changes no number; beyond the row the place is 0
        base = kernel.pointer(self.gradients.base)
        for lane in range(lanes):
            place, amount = places.name, part.name
            if lanes > 1:
                place = f.name_of(f"extractelement {f.type(INTEGER)} {places.name}, i32 {lane}")
                amount = f.name_of(f"extractelement {f.type(FLOAT)} {part.name}, i32 {lane}")
            kernel.add_scalar(f.name_of(f"getelementptr double, ptr {base}, i64 {place}"), amount)

    @property
    def is_summed(self) -> bool:
        """Whether its gradient is a sum along the row."""
        return self.access.how == REPEATED and not self.access.constant

    def end(self) -> None:
        """Add the sum along the row to the gradient of a repeated number."""
        if self.is_summed:
            after = self.kernel.f.constant(self.total.after)
            self.kernel.add_scalar(self.row_of_gradients, self.kernel.f.reduce("fadd", after))
