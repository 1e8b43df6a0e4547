"""The kernels that move numbers between tiles and the arrays outside, and the loop over tiles that runs all others."""

from __future__ import annotations

from autograd.compiled.backends.llvm.frame import FIRST, GRADIENTS, INPUTS, PADDED, RESULTS, ROW, SEEDS, TILE, TILE_GRADIENTS, VALID, Kernel
from autograd.compiled.backends.llvm.text import Module


class _Copy(Kernel):
    """A kernel that goes through rows outside. The arguments are how many there are, and a list of their places in the tile."""

    def __init__(self, lanes: int, memory: int) -> None:
        super().__init__(lanes)
        self.tile = self.memory(memory)
        self.valid, self.first = self.entry(VALID), self.entry(FIRST)
        self.count, self.places = self.argument(0), self.pointer(self.argument(1))

    def row(self, k: str) -> str:
        """A pointer to a row of the tile."""
        return self.address(self.tile, self.integer(self.places, k))


def inputs_kernel(lanes: int) -> Module:
    """Copy the inputs to the tile."""
    kernel = _Copy(lanes, TILE)
    table = kernel.pointer(kernel.entry(INPUTS))
    with kernel.f.loop(kernel.count) as k:
        row, own = kernel.at(kernel.pointer(kernel.integer(table, k)), kernel.first), kernel.row(k)
        with kernel.f.loop(kernel.valid, lanes) as i:
            kernel.store(kernel.load(row, i, kernel.first_lanes(i, kernel.valid)), own, i)
    kernel.f.end()
    return kernel.module


def outputs_kernel(gradients: bool, lanes: int) -> Module:
    """Copy results, or gradients, from the tile."""
    kernel = _Copy(lanes, TILE_GRADIENTS if gradients else TILE)
    with kernel.f.loop(kernel.count) as k:
        row, own = kernel.outside(GRADIENTS if gradients else RESULTS, k, kernel.first), kernel.row(k)
        with kernel.f.loop(kernel.valid, lanes) as i:
            kernel.store(kernel.load(own, i), row, i, kernel.first_lanes(i, kernel.valid))
    kernel.f.end()
    return kernel.module


def seeds_kernel(lanes: int) -> Module:
    """Set gradients of a tile to 0, and add those of the results.

    The arguments are the number of runs of places that are set to 0, and a list of the first place of each and of their number; the number
    of results, and a list of their places. The entries of the table of seeds are an address, and the bytes from one sample to the next,
    which are 0 for a vector that repeats the one number of all samples.
    """
    kernel = Kernel(lanes)
    f, tile = kernel.f, kernel.memory(TILE_GRADIENTS)
    table, first, valid = kernel.pointer(kernel.entry(SEEDS)), kernel.entry(FIRST), kernel.entry(VALID)
    runs, places = kernel.pointer(kernel.argument(1)), kernel.pointer(kernel.argument(3))
    with f.loop(kernel.argument(0)) as k:
        at = f.name_of(f"shl i64 {k}, 1")
        row = kernel.address(tile, kernel.integer(runs, at))
        length = kernel.integer(runs, f.name_of(f"add i64 {at}, 1"))
        count = f.name_of(f"lshr i64 {f.name_of(f'mul i64 {length}, {tile.unit}')}, 3")
        with f.loop(count, lanes) as i:
            kernel.store(0.0, row, i)
    with f.loop(kernel.argument(2)) as k:
        at = f.name_of(f"shl i64 {k}, 1")
        start, step = kernel.integer(table, at), kernel.integer(table, f.name_of(f"add i64 {at}, 1"))
        row = kernel.address(tile, kernel.integer(places, k))
        with f.loop(valid, lanes) as i:
            sample = f.name_of(f"add i64 {first}, {i}")
            seed = kernel.pointer(f.name_of(f"add i64 {start}, {f.name_of(f'mul i64 {sample}, {step}')}"))
            kernel.add(kernel.load(seed, "0", kernel.first_lanes(i, valid)), row, i)
    f.end()
    return kernel.module


def tiles_kernel(lanes: int) -> Module:
    """Run kernels for one tile after the other.

    The arguments are the number of steps; their table, of the addresses of kernels and of their arguments; the first tile, and the one
    behind the last; the number of samples of a tile, and of all samples.
    """
    kernel = Kernel(lanes)
    f = kernel.f
    count, steps, first, last, size, samples = (kernel.argument(k) for k in range(6))
    table = kernel.pointer(steps)

    def set_entry(k: int, value: str) -> None:
        f.line(f"store i64 {value}, ptr {f.name_of(f'getelementptr i64, ptr %frame, i64 {k}')}")

    set_entry(ROW, f.name_of(f"mul i64 {size}, 8"))
    with f.loop(last, start=first) as tile:
        sample = f.name_of(f"mul i64 {tile}, {size}")
        rest = f.name_of(f"sub i64 {samples}, {sample}")
        valid = f.name_of(f"select i1 {f.name_of(f'icmp ult i64 {rest}, {size}')}, i64 {rest}, i64 {size}")
        up = f.name_of(f"add i64 {valid}, {lanes - 1}")
        for entry, value in ((FIRST, sample), (VALID, valid), (PADDED, f.name_of(f"and i64 {up}, {-lanes}"))):
            set_entry(entry, value)
        with f.loop(count) as k:
            at = f.name_of(f"shl i64 {k}, 1")
            function = kernel.pointer(kernel.integer(table, at))
            arguments = kernel.pointer(kernel.integer(table, f.name_of(f"add i64 {at}, 1")))
            f.line(f"call void {function}(ptr %frame, ptr {arguments})")
    f.end()
    return kernel.module
