"""The kernels of element-wise instructions. Those on the same rows are one kernel: what only they need of each other stays in registers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autograd.compiled.backends.llvm.lanes import Lanes
from autograd.compiled.backends.llvm.row_kernels import HEADER, Access, Layout, Reader, RowsKernel
from autograd.compiled.backends.llvm.text import FLOAT, TRUTH, Module, Number
from autograd.ops import Operation, outside, product

Source = tuple[bool, int]
"""An input of a member: the output of another member, or an operand of the kernel; and its index."""


@dataclass(frozen=True)
class Member:
    """An instruction of a kernel.

    Attributes:
        operation: the row of the op table.
        inputs: where its inputs come from.
        constant: for each input, whether no gradient is wanted.
        mask, error_mask: where its masks come from; None for none.
        checked: whether inputs outside the domain are noted.
        stored: whether its output is stored, rather than computed again in the backward pass.
        receives: whether its output receives a gradient from elsewhere.
    """

    operation: Operation
    inputs: tuple[Source, ...]
    constant: tuple[bool, ...]
    mask: Source | None
    error_mask: Source | None
    checked: bool
    stored: bool
    receives: bool


class _Elementwise(RowsKernel):
    """After the lists of the operands, its arguments are the places of the first output of each member."""

    def __init__(self, layout: Layout, accesses: tuple[Access, ...], members: tuple[Member, ...], lanes: int) -> None:
        super().__init__(layout, accesses, lanes)
        self.members = members
        self.starts = [self.argument(HEADER + len(accesses) + m) for m in range(len(members))]

    def readers_at(self, r: str) -> list[Reader]:
        """A row of each operand."""
        return [self.reader(k, r) for k in range(len(self.accesses))]

    def stored_at(self, r: str) -> dict[int, str]:
        """Pointers to a row of each output that is stored, by the index of the member."""
        return {m: self.row_of_outputs(self.data, self.starts[m], r) for m, member in enumerate(self.members) if member.stored}


class _Round:
    """The numbers of one vector."""

    def __init__(self, kernel: _Elementwise, readers: list[Reader], i: str) -> None:
        self.kernel, self.readers, self.i = kernel, readers, i
        self.mask = kernel.mask_at(i)
        self._outside: dict[int, Any] = {}
        self.outputs: dict[int, Any] = {}

    def of(self, source: Source) -> Any:
        """An input."""
        is_member, k = source
        if is_member:
            return self.outputs[k]
        if k not in self._outside:
            self._outside[k] = self.readers[k].vector(self.i, self.mask)
        return self._outside[k]

    def inputs(self, member: Member) -> list[Any]:
        """The inputs of a member."""
        return [self.of(source) for source in member.inputs]


def elementwise_forward(layout: Layout, accesses: tuple[Access, ...], members: tuple[Member, ...], lanes: int) -> Module:
    """Compute outputs, and note inputs outside of a domain."""
    kernel = _Elementwise(layout, accesses, members, lanes)
    f, xp = kernel.f, kernel.xp
    with f.loop(kernel.rows) as r:
        readers = kernel.readers_at(r)
        outs = kernel.stored_at(r)
        read = {
            m for member in members for is_member, m in (*member.inputs, *([member.error_mask] if member.error_mask else [])) if is_member
        }
        with f.loop(kernel.count, lanes) as i:
            one = _Round(kernel, readers, i)
            bad: Any = False
            for m, member in enumerate(members):
                inputs = one.inputs(member)
                if member.checked:
                    own = outside(member.operation, xp, *inputs)
                    if member.error_mask is not None:
                        own = own & (one.of(member.error_mask) != 0.0) if own is not False else False
                    bad = own | bad if isinstance(own, Number) else bad | own
                if m in outs or m in read:
                    one.outputs[m] = member.operation.value(xp, *inputs)
                if m in outs:
                    kernel.store(one.outputs[m], outs[m], i, one.mask)
            valid = kernel.valid_at(i, one.mask)
            if bad is not False:
                kernel.flag(bad if valid is None else valid if bad is True else bad & valid)
    return kernel.end()


def elementwise_backward(layout: Layout, accesses: tuple[Access, ...], members: tuple[Member, ...], lanes: int) -> Module:
    """Add the gradients of the operands. Outputs that are not stored are computed again."""
    kernel = _Elementwise(layout, accesses, members, lanes)
    f, xp = kernel.f, kernel.xp
    with f.loop(kernel.rows) as r:
        readers = kernel.readers_at(r)
        outs = kernel.stored_at(r)
        received = {m: kernel.row_of_outputs(kernel.gradients, kernel.starts[m], r) for m, member in enumerate(members) if member.receives}
        with f.loop(kernel.count, lanes, carried=[reader.total for reader in readers if reader.is_summed]) as i:
            one = _Round(kernel, readers, i)
            for m, member in enumerate(members):
                one.outputs[m] = kernel.load(outs[m], i, one.mask) if m in outs else member.operation.value(xp, *one.inputs(member))
            gradients: dict[Source, Any] = {(True, m): kernel.load(row, i, one.mask) for m, row in received.items()}
            for m in range(len(members) - 1, -1, -1):
                if (True, m) in gradients:
                    _pull(kernel, one, m, gradients)
            for k, reader in enumerate(readers):
                if not reader.access.constant:
                    reader.add(gradients.get((False, k), 0.0), i, one.mask)
        for reader in readers:
            reader.end()
    return kernel.end()


def _pull(kernel: _Elementwise, one: _Round, m: int, gradients: dict[Source, Any]) -> None:
    """Add the gradients of the inputs of a member to `gradients`, which has that of its output."""
    member, xp = kernel.members[m], kernel.xp
    slopes = member.operation.slopes_except(member.constant, xp, one.outputs[m], *one.inputs(member))
    wanted = None if member.mask is None else one.of(member.mask) != 0.0
    for source, slope in zip(member.inputs, slopes, strict=True):
        if slope is None:
            continue
        part = product(member.operation, xp, slope, gradients[True, m])
        part = part if wanted is None else xp.where(wanted, part, 0.0)
        gradients[source] = gradients[source] + part if source in gradients else part


CHEAP = 10
"""Up to so many lines, an output is computed again rather than stored."""


@lru_cache(maxsize=1024)
def can_be_written(operation: Operation, inputs: int) -> bool:
    """Whether the rules of an operation can be evaluated on LLVM values. One of a user may call other libraries."""
    function = Module(1).function("kernel", [])
    xp = Lanes(function)
    numbers = [Number(function, f"%a{k}", FLOAT) for k in range(inputs)]
    try:
        y = function.constant(operation.value(xp, *numbers))
        for slope in operation.slopes(xp, y, *numbers):
            function.literal(slope)
        function.literal(outside(operation, xp, *numbers), TRUTH)
    except Exception:  # whatever code of a user raises on numbers that it does not expect
        return False
    return True


@lru_cache(maxsize=1024)
def is_cheap(operation: Operation, inputs: int) -> bool:
    """Whether an output is quickly computed again: by few instructions, without a call."""
    module = Module(1)
    function = module.function("kernel", [])
    operation.value(Lanes(function), *[Number(function, f"%a{k}", FLOAT) for k in range(inputs)])
    return function.length <= CHEAP and not module.functions and not module.declarations
