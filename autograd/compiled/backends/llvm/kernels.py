"""The kernels of the kinds of instructions: each a loop over rows of vectors. Instructions of one signature share a kernel.

Gradients are added one operand after the other, each vector read and written before the next one. Operands may therefore overlap, with each
other and themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.llvm.frame import PADDED, ROW, SHARED, SHARED_GRADIENTS, TILE, TILE_GRADIENTS, VALID, Kernel, Memory
from autograd.compiled.backends.llvm.lanes import Lanes, gather
from autograd.compiled.backends.llvm.text import FLOAT, INTEGER, Carried, Module, Number
from autograd.ops import Operation, outside, product

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
class Signature:
    """What a kernel depends on.

    Attributes:
        operation: the row of the op table; None for a sum, and for a dot, of which it is not needed.
        batched: whether vectors are along the samples, rather than along rows of shared numbers.
        whole: whether a row of shared numbers is a whole number of vectors.
        operands: how its operands are read.
        mask: how its mask is read, that of gradients or that of errors; None for none.
        checked: whether inputs outside the domain are noted.
        terms: the number of inputs of an operation of any number, which are rows one after the other; 0 for another operation.
        flat: whether rows of samples, which are one after the other in all operands, are one long row.
    """

    operation: Operation | None
    batched: bool
    whole: bool
    operands: tuple[Access, ...]
    mask: Access | None
    checked: bool
    terms: int = 0
    flat: bool = False


HEADER = 3
"""The first arguments: the number of rows, the length of a row (of shared numbers), and the place of the first output."""


class _Rows(Kernel):
    """A kernel that goes through rows of its operands and outputs.

    The arguments after the header are a list of places for each operand, and for the mask.
    """

    def __init__(self, signature: Signature, lanes: int) -> None:
        super().__init__(lanes)
        self.signature = signature
        self.xp = Lanes(self.f)
        self.data = self.memory(TILE if signature.batched else SHARED)
        self.gradients = self.memory(TILE_GRADIENTS if signature.batched else SHARED_GRADIENTS)
        self.rows, self.length, self.start = (self.argument(k) for k in range(HEADER))
        accesses = [*signature.operands, *([signature.mask] if signature.mask else [])]
        self.lists = [self.pointer(self.argument(HEADER + k)) for k in range(len(accesses))]
        self.data_of = [self.memory(_memory_of(access)) for access in accesses]
        self.gradients_of = [self.memory(TILE_GRADIENTS if access.batched else SHARED_GRADIENTS) for access in accesses]
        self.count = self.entry(PADDED) if signature.batched else self.length
        if signature.flat:  # also beyond the samples of the last tile, where numbers do not matter
            row = self.f.name_of(f"lshr i64 {self.entry(ROW)}, 3")
            self.rows, self.count = "1", self.f.name_of(f"mul i64 {self.rows}, {row}")
        self.valid = self.entry(VALID)

    def mask_at(self, index: str) -> Number | None:
        """Which lanes of a vector belong to the row; None for all."""
        if self.signature.batched or self.signature.whole:
            return None
        return self.first_lanes(index, self.count)

    def row_of_outputs(self, memory: Memory, r: str) -> str:
        """A pointer to a row of outputs."""
        f = self.f
        place = f.name_of(f"add i64 {self.start}, {r if self.signature.batched else f.name_of(f'mul i64 {r}, {self.length}')}")
        return self.address(memory, place)

    def accesses(self, r: str, terms: int = 0) -> list[_Reader]:
        """The rows of the operands for row `r`; with `terms`, of each operand so many rows, one after the other."""
        readers = []
        for k, access in enumerate(self.signature.operands):
            for term in range(terms or 1):
                index = r
                if terms:
                    index = self.f.name_of(f"add i64 {self.f.name_of(f'mul i64 {r}, {terms}')}, {term}")
                readers.append(_Reader(self, k, access, index))
        return readers

    def mask_reader(self, r: str) -> _Reader | None:
        """The row of the mask."""
        signature = self.signature
        return None if signature.mask is None else _Reader(self, len(signature.operands), signature.mask, r)

    def end(self) -> Module:
        """The module of the kernel."""
        self.f.end()
        return self.module


def _memory_of(access: Access) -> int:
    return TILE if access.batched else SHARED_GRADIENTS if access.counted else SHARED


class _Reader:
    """A row of an operand: reads its vectors, and adds to those of its gradient."""

    def __init__(self, kernel: _Rows, k: int, access: Access, r: str) -> None:
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
            valid = kernel.first_lanes(index, kernel.valid) if kernel.signature.batched else mask
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


# -- Map, Select, Spread --------------------------------------------------------------------------------------------------


def map_forward(signature: Signature, lanes: int) -> Module:
    """Compute outputs; note inputs outside the domain, unless there is a mask of errors (see `map_errors`)."""
    kernel = _Rows(signature, lanes)
    f, operation = kernel.f, signature.operation
    assert operation is not None
    with f.loop(kernel.rows) as r:
        out = kernel.row_of_outputs(kernel.data, r)
        readers = kernel.accesses(r, signature.terms)
        with f.loop(kernel.count, lanes) as i:
            mask = kernel.mask_at(i)
            inputs = [reader.vector(i, mask) for reader in readers]
            if signature.checked:
                kernel.flag(_within(kernel, outside(operation, kernel.xp, *inputs), i, mask))
            kernel.store(operation.value(kernel.xp, *inputs), out, i, mask)
    return kernel.end()


def map_errors(signature: Signature, lanes: int) -> Module:
    """Note inputs outside the domain where the mask is not 0."""
    kernel = _Rows(signature, lanes)
    f, operation = kernel.f, signature.operation
    assert operation is not None
    with f.loop(kernel.rows) as r:
        readers, counts = kernel.accesses(r, signature.terms), kernel.mask_reader(r)
        assert counts is not None
        with f.loop(kernel.count, lanes) as i:
            mask = kernel.mask_at(i)
            bad = outside(operation, kernel.xp, *[reader.vector(i, mask) for reader in readers])
            kernel.flag(_within(kernel, bad & (counts.vector(i, mask) != 0.0), i, mask))
    return kernel.end()


def _within(kernel: _Rows, bad: Any, i: str, mask: Number | None) -> Any:
    """Where it is true in lanes that belong to the row."""
    if bad is False:
        return False
    valid = kernel.first_lanes(i, kernel.valid) if kernel.signature.batched else mask
    return bad if valid is None else bad & valid


def map_backward(signature: Signature, lanes: int) -> Module:
    """Add the gradients of the inputs."""
    kernel = _Rows(signature, lanes)
    f, operation, xp = kernel.f, signature.operation, kernel.xp
    assert operation is not None
    with f.loop(kernel.rows) as r:
        out, out_gradient = kernel.row_of_outputs(kernel.data, r), kernel.row_of_outputs(kernel.gradients, r)
        readers, selected = kernel.accesses(r, signature.terms), kernel.mask_reader(r)
        with f.loop(kernel.count, lanes, carried=[reader.total for reader in readers if reader.is_summed]) as i:
            mask = kernel.mask_at(i)
            y, gradient = kernel.load(out, i, mask), kernel.load(out_gradient, i, mask)
            inputs = [reader.vector(i, mask) for reader in readers]
            wanted = None if selected is None else selected.vector(i, mask) != 0.0
            if operation.arity is None:
                slopes = operation.slopes(xp, y, *inputs)
            else:
                rules = zip(operation.derivatives, readers, strict=True)
                slopes = [None if reader.access.constant else rule(xp, y, *inputs) for rule, reader in rules]
            for slope, reader in zip(slopes, readers, strict=True):
                if reader.access.constant:
                    continue
                is_one = isinstance(slope, float) and slope == 1.0
                part = gradient if is_one else product(operation, xp, slope, gradient)
                reader.add(part if wanted is None else xp.where(wanted, part, 0.0), i, mask)
        for reader in readers:
            reader.end()
    return kernel.end()


# -- Sum, Dot ---------------------------------------------------------------------------------------------------------------
# Of a batch, the terms of an output are rows, one after the other, and vectors are along the samples. Of shared numbers, the terms of an
# output are one row.


def terms_forward(signature: Signature, lanes: int) -> Module:
    """The sum of the products of the operands over their terms; with one operand, the sum."""
    kernel = _Rows(signature, lanes)
    f = kernel.f
    f.fused = True

    def term(readers: list[_Reader], i: str, mask: Number | None) -> Number:
        factors = [reader.vector(i, mask) for reader in readers]
        return factors[0] if len(factors) == 1 else factors[0] * factors[1]

    with f.loop(kernel.rows) as r:
        if signature.batched:
            out, first = kernel.row_of_outputs(kernel.data, r), f.name_of(f"mul i64 {r}, {kernel.length}")
            with f.loop(kernel.count, lanes) as i:
                total = Carried(0.0)
                with f.loop(kernel.length, carried=[total]) as t:
                    readers = kernel.accesses(f.name_of(f"add i64 {first}, {t}"))
                    total.after = _sum(total.now, term(readers, i, None))
                kernel.store(total.after, out, i)
        else:
            readers, total = kernel.accesses(r), Carried(0.0)
            with f.loop(kernel.count, lanes, carried=[total]) as i:
                mask = kernel.mask_at(i)
                part = term(readers, i, mask)
                total.after = _sum(total.now, part if mask is None else f.select(mask, part, 0.0))
            single = kernel.address(kernel.data, f.name_of(f"add i64 {kernel.start}, {r}"))
            f.line(f"store double {f.reduce('fadd', total.after)}, ptr {single}")
    return kernel.end()


def _sum(a: Number | None, b: Number) -> Number:
    assert a is not None
    result: Number = a + b
    return result


def terms_backward(signature: Signature, lanes: int) -> Module:
    """Add the gradients of the terms."""
    kernel = _Rows(signature, lanes)
    f = kernel.f
    f.fused = True

    def add(readers: list[_Reader], gradient: Number, i: str, mask: Number | None, wanted: Number | None) -> None:
        factors = [reader.vector(i, mask) for reader in readers] if len(readers) == 2 else []
        for k, reader in enumerate(readers):
            if not reader.access.constant:
                part = factors[1 - k] * gradient if factors else gradient
                reader.add(part if wanted is None else f.select(wanted, part, 0.0), i, mask)

    with f.loop(kernel.rows) as r:
        selected = kernel.mask_reader(r)
        if signature.batched:
            out, first = kernel.row_of_outputs(kernel.gradients, r), f.name_of(f"mul i64 {r}, {kernel.length}")
            with f.loop(kernel.length) as t:
                readers = kernel.accesses(f.name_of(f"add i64 {first}, {t}"))
                with f.loop(kernel.count, lanes, carried=[reader.total for reader in readers if reader.is_summed]) as i:
                    wanted = None if selected is None else selected.vector(i, None) != 0.0
                    add(readers, kernel.load(out, i), i, None, wanted)
                for reader in readers:
                    reader.end()
        else:
            out = kernel.address(kernel.gradients, f.name_of(f"add i64 {kernel.start}, {r}"))
            gradient = f.spread(kernel.scalar(out))
            wanted = None
            if selected is not None:
                assert selected.repeated is not None
                wanted = selected.repeated != 0.0
            readers = kernel.accesses(r)
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
