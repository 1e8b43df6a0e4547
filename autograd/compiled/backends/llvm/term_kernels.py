"""The kernels of sums and dots.

Of a batch, the terms of an output are rows, one after the other, and vectors are along the samples. Of shared numbers, the terms of an
output are one row.
"""

from __future__ import annotations

from autograd.compiled.backends.llvm.frame import SHARED_GRADIENTS, TILE, VALID, Kernel
from autograd.compiled.backends.llvm.row_kernels import HEADER, Access, Layout, Reader, RowsKernel
from autograd.compiled.backends.llvm.text import Carried, Module, Number


def terms_forward(layout: Layout, operands: tuple[Access, ...], lanes: int) -> Module:
    """The sum of the products of the operands over their terms; with one operand, the sum.

    The last argument is the place of the first output. The second is the number of terms.
    """
    kernel = RowsKernel(layout, operands, lanes)
    f, start = kernel.f, kernel.argument(HEADER + len(operands))
    f.fused = True

    def term(r: str, i: str, mask: Number | None) -> Number:
        factors = [kernel.reader(k, r).vector(i, mask) for k in range(len(operands))]
        return factors[0] if len(factors) == 1 else factors[0] * factors[1]

    with f.loop(kernel.rows) as r:
        total = Carried(0.0)
        if layout.batched:
            out, first = kernel.row_of_outputs(kernel.data, start, r), f.name_of(f"mul i64 {r}, {kernel.length}")
            with f.loop(kernel.count, lanes) as i:
                with f.loop(kernel.length, carried=[total]) as t:
                    total.after = _sum(total.now, term(f.name_of(f"add i64 {first}, {t}"), i, None))
                kernel.store(total.after, out, i)
        else:
            with f.loop(kernel.count, lanes, carried=[total]) as i:
                mask = kernel.mask_at(i)
                part = term(r, i, mask)
                total.after = _sum(total.now, part if mask is None else f.select(mask, part, 0.0))
            single = kernel.address(kernel.data, f.name_of(f"add i64 {start}, {r}"))
            f.line(f"store double {f.reduce('fadd', f.constant(total.after))}, ptr {single}")
    return kernel.end()


def _sum(a: Number | None, b: Number) -> Number:
    assert a is not None
    result: Number = a + b
    return result


def terms_backward(layout: Layout, operands: tuple[Access, ...], mask: Access | None, lanes: int) -> Module:
    """Add the gradients of the terms. The arguments are those of `terms_forward`, with a list of masks behind those of the operands."""
    n = len(operands)
    kernel = RowsKernel(layout, [*operands, *([] if mask is None else [mask])], lanes)
    f, start = kernel.f, kernel.argument(HEADER + len(kernel.accesses))
    f.fused = True

    def add(readers: list[Reader], gradient: Number, i: str, within: Number | None, wanted: Number | None) -> None:
        factors = [reader.vector(i, within) for reader in readers] if n == 2 else []
        for k, reader in enumerate(readers):
            if not reader.access.constant:
                part = factors[1 - k] * gradient if factors else gradient
                reader.add(part if wanted is None else f.select(wanted, part, 0.0), i, within)

    with f.loop(kernel.rows) as r:
        selected = None if mask is None else kernel.reader(n, r)
        if layout.batched:
            out, first = kernel.row_of_outputs(kernel.gradients, start, r), f.name_of(f"mul i64 {r}, {kernel.length}")
            with f.loop(kernel.length) as t:
                readers = [kernel.reader(k, f.name_of(f"add i64 {first}, {t}")) for k in range(n)]
                with f.loop(kernel.count, lanes, carried=[reader.total for reader in readers if reader.is_summed]) as i:
                    wanted = None if selected is None else selected.vector(i, None) != 0.0
                    add(readers, kernel.load(out, i), i, None, wanted)
                for reader in readers:
                    reader.end()
        else:
            gradient = f.spread(kernel.scalar(kernel.address(kernel.gradients, f.name_of(f"add i64 {start}, {r}"))))
            wanted = None
            if selected is not None:
                assert selected.repeated is not None
                wanted = selected.repeated != 0.0
            readers = [kernel.reader(k, r) for k in range(n)]
            with f.loop(kernel.count, lanes, carried=[reader.total for reader in readers if reader.is_summed]) as i:
                add(readers, gradient, i, kernel.mask_at(i), wanted)
            for reader in readers:
                reader.end()
    return kernel.end()


def count_selected(lanes: int) -> Module:
    """Count the samples for which masks are not 0.

    The arguments are the number of masks, the list of their places in the tile, and that of the places of their counts, which are shared
    and kept with the gradients.
    """
    kernel = Kernel(lanes)
    f = kernel.f
    tile, counts, valid = kernel.memory(TILE), kernel.memory(SHARED_GRADIENTS), kernel.entry(VALID)
    masks, places = (kernel.pointer(kernel.argument(k)) for k in (1, 2))
    with f.loop(kernel.argument(0)) as r:
        row, total = kernel.address(tile, kernel.integer(masks, r)), Carried(0.0)
        with f.loop(valid, lanes, carried=[total]) as i:
            is_on = (kernel.load(row, i) != 0.0) & kernel.first_lanes(i, valid)
            total.after = _sum(total.now, f.select(is_on, 1.0, 0.0))
        kernel.add_scalar(kernel.address(counts, kernel.integer(places, r)), f.reduce("fadd", f.constant(total.after)))
    f.end()
    return kernel.module
