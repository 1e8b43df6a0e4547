"""What kernels are given: a frame with what belongs to the run, and arguments of their own. Both are tables of integers.

A kernel computes for a *tile*: some samples, whose numbers are in rows of memory, one row for each place. Shared numbers are in memory that
all tiles have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograd.compiled.backends.llvm.text import FLOAT, INTEGER, TRUTH, Function, Module, Number

SHARED, TILE, SHARED_GRADIENTS, TILE_GRADIENTS = range(4)
"""The entries of a frame: the address of each kind of memory."""

ROW, VALID, PADDED, FIRST, LEFT_DOMAIN = range(4, 9)
"""The bytes of a row; the number of samples of the tile, and the same as a multiple of the lanes; the index of the first; whether an input
has left its domain."""

INPUTS, SEEDS, RESULTS, GRADIENTS, ROW_OUTSIDE = range(9, 14)
"""Numbers outside of the tiles: the addresses of a table of the rows of inputs, and of one of the gradients of results; those of the first
row of the results, and of the gradients that are wanted; the bytes of such a row."""

SIZE = 14


@dataclass
class Memory:
    """Memory within a kernel.

    Attributes:
        base: its address.
        unit: the bytes from one place to the next: those of a row, or of one number.
    """

    base: str
    unit: str


class Kernel:
    """A kernel under construction: `void kernel(ptr %frame, ptr %arguments)`.

    Attributes:
        f: its function.
    """

    def __init__(self, lanes: int) -> None:
        self.module = Module(lanes)
        self.f: Function = self.module.function("kernel", ["ptr %frame", "ptr %arguments"])
        self._memory: dict[int, Memory] = {}

    def entry(self, k: int) -> str:
        """An entry of the frame."""
        return self.integer("%frame", str(k))

    def argument(self, k: int) -> str:
        """An argument."""
        return self.integer("%arguments", str(k))

    def pointer(self, address: str) -> str:
        """An address as a pointer."""
        return self.f.name_of(f"inttoptr i64 {address} to ptr")

    def integer(self, table: str, index: str) -> str:
        """An entry of a table of integers."""
        return self.f.name_of(f"load i64, ptr {self.f.name_of(f'getelementptr i64, ptr {table}, i64 {index}')}")

    def memory(self, kind: int) -> Memory:
        """One of the kinds of memory. It must be asked for before the first loop."""
        if kind not in self._memory:
            unit = self.entry(ROW) if kind in (TILE, TILE_GRADIENTS) else "8"
            self._memory[kind] = Memory(self.entry(kind), unit)
        return self._memory[kind]

    def address(self, memory: Memory, place: str) -> str:
        """A pointer to a place."""
        offset = self.f.name_of(f"mul i64 {place}, {memory.unit}")
        return self.pointer(self.f.name_of(f"add i64 {memory.base}, {offset}"))

    def at(self, row: str, index: str) -> str:
        """A pointer to a number of a row."""
        return self.f.name_of(f"getelementptr double, ptr {row}, i64 {index}")

    def outside(self, kind: int, k: str, first: str) -> str:
        """A pointer to a number of row `k` of the results, or of the gradients that are wanted."""
        row = self.f.name_of(f"mul i64 {k}, {self.entry(ROW_OUTSIDE)}")
        return self.at(self.pointer(self.f.name_of(f"add i64 {self.entry(kind)}, {row}")), first)

    # -- vectors --------------------------------------------------------------------------------------------------------

    def first_lanes(self, index: str, count: str) -> Number:
        """In which lanes of a vector that begins at an index there are numbers of a row with so many of them."""
        f, lanes = self.f, self.module.lanes
        rest = f.name_of(f"sub i64 {count}, {index}")
        if lanes == 1:
            return f.number(f"icmp ugt i64 {rest}, 0", TRUTH)
        vector = f.type(INTEGER)
        first = f.name_of(f"insertelement {vector} poison, i64 {rest}, i32 0")
        every = f.name_of(f"shufflevector {vector} {first}, {vector} poison, <{lanes} x i32> zeroinitializer")
        numbers = ", ".join([f"i64 {lane}" for lane in range(lanes)])
        return f.number(f"icmp ugt {vector} {every}, <{numbers}>", TRUTH)

    def load(self, row: str, index: str, mask: Number | None = None, type: str = FLOAT) -> Number:
        """A vector of a row, 0 where the mask does not hold."""
        f, at = self.f, self.f.name_of(f"getelementptr {type}, ptr {row}, i64 {index}")
        vector = f.type(type)
        if mask is None or self.module.lanes == 1:
            return f.number(f"load {vector}, ptr {at}, align 8", type, pure=False)
        suffix = f"v{self.module.lanes}{'f64' if type == FLOAT else 'i64'}.p0"
        self.module.declarations[f"load {type}"] = f"declare {vector} @llvm.masked.load.{suffix}(ptr, i32, {f.type(TRUTH)}, {vector})"
        operands = f"ptr {at}, i32 8, {f.type(TRUTH)} {mask.name}, {vector} zeroinitializer"
        return f.number(f"call {vector} @llvm.masked.load.{suffix}({operands})", type, pure=False)

    def store(self, x: object, row: str, index: str, mask: Number | None = None) -> None:
        """Store a vector in a row, where the mask holds."""
        f, at = self.f, self.at(row, index)
        vector = f.type(FLOAT)
        if mask is None or self.module.lanes == 1:
            f.line(f"store {vector} {f.literal(x)}, ptr {at}, align 8")
            return
        suffix = f"v{self.module.lanes}f64.p0"
        self.module.declarations["store"] = f"declare void @llvm.masked.store.{suffix}({vector}, ptr, i32, {f.type(TRUTH)})"
        f.line(f"call void @llvm.masked.store.{suffix}({vector} {f.literal(x)}, ptr {at}, i32 8, {f.type(TRUTH)} {mask.name})")

    def scalar(self, row: str) -> str:
        """A single number."""
        return self.f.name_of(f"load double, ptr {row}")

    def add_scalar(self, row: str, amount: str) -> None:
        """Add to a single number."""
        total = self.f.name_of(f"fadd double {self.scalar(row)}, {amount}")
        self.f.line(f"store double {total}, ptr {row}")

    def add(self, x: object, row: str, index: str, mask: Number | None = None) -> None:
        """Add a vector to a row, where the mask holds."""
        self.store(self.load(row, index, mask) + x, row, index, mask)

    def flag(self, bad: object) -> None:
        """Note that an input has left its domain, if it has in some lane."""
        if bad is False:
            return
        f = self.f
        assert isinstance(bad, Number) or bad is True
        some = f.name_of(f"zext i1 {f.reduce('or', f.constant(bad, TRUTH)) if bad is not True else 'true'} to i64")
        at = f.name_of(f"getelementptr i64, ptr %frame, i64 {LEFT_DOMAIN}")
        before = f.name_of(f"load i64, ptr {at}")
        both = f.name_of(f"or i64 {before}, {some}")
        f.line(f"store i64 {both}, ptr {at}")
