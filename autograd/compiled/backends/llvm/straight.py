"""Programs of few numbers for each sample, as one kernel: a loop over the samples, in which all numbers of a sample are in registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.llvm.frame import FIRST, GRADIENTS, INPUTS, RESULTS, SEEDS, SHARED, SHARED_GRADIENTS, VALID, Kernel
from autograd.compiled.backends.llvm.lanes import Lanes
from autograd.compiled.backends.llvm.text import TRUTH, Module, Number
from autograd.compiled.ir import Code, Dot, Instruction, LongLoop, Matmul, Operand, Scalars, Sum
from autograd.ops import outside, product

MOST_NUMBERS, MOST_LINES, INLINE_LINES = 400, 1800, 900
"""A program is written out if it has no more numbers and lines; up to INLINE_LINES, elementary functions are written out too."""

Place = tuple[bool, int]


class TooLongError(Exception):
    """A program that is not worth being written out."""


def is_short(code: Code) -> bool:
    """Whether to try to write a program out: it has few numbers, no products of shared matrices, and no samples to be counted for masks."""
    if any(isinstance(one, LongLoop) for one in code.instructions):
        return False
    if sum([len(one.operations) for one in code.instructions if isinstance(one, Scalars) and one.batched]) > MOST_NUMBERS:
        return False
    batched = [one for one in code.flattened if one.batched]
    if any(one.mask is not None and one.mask.batched for one in code.flattened if not one.batched):
        return False
    products = any(isinstance(one, Matmul) and not all(operand.batched for operand in one.operands) for one in batched)
    terms = sum([one.size * (one.operands[0].shape[-1] if one.stacked or isinstance(one, (Sum, Dot, Matmul)) else 1) for one in batched])
    return not products and 0 < terms <= MOST_NUMBERS


def straight_kernel(
    code: Code, leaves: tuple[int, ...], results: tuple[int, ...], wanted: tuple[int, ...], differentiated: bool, lanes: int
) -> Module:
    """The kernel of a program.

    Args:
        code: the program.
        leaves, results, wanted: the batched places that are read from outside, and those whose numbers or gradients are written there.
        differentiated: whether gradients are computed too.
        lanes: the number of lanes.

    Raises:
        TooLongError: the program is too long.
    """
    for inline, most in ((True, INLINE_LINES), (False, MOST_LINES)):
        try:
            return _Straight(code, leaves, results, wanted, differentiated, lanes, inline, most).written()
        except TooLongError:
            continue
    raise TooLongError


@dataclass
class _Element:
    """An output of an instruction: its place, the places of its inputs, and the operand of each."""

    one: Instruction
    index: int
    out: Place
    inputs: list[Place]
    operands: list[Operand]


class _Straight(Kernel):
    """The kernel under construction: in `values` and `gradients`, what there is of a sample so far."""

    def __init__(
        self,
        code: Code,
        leaves: tuple[int, ...],
        results: tuple[int, ...],
        wanted: tuple[int, ...],
        differentiated: bool,
        lanes: int,
        inline: bool,
        most: int,
    ) -> None:
        super().__init__(lanes)
        self.code, self.leaves, self.results, self.wanted, self.differentiated = code, leaves, results, wanted, differentiated
        self.xp = Lanes(self.f, inline)
        self.most = most
        self.values: dict[Place, Any] = {}
        self.gradients: dict[Place, Any] = {}
        self.elements = [element for one in code.flattened if one.batched for element in _elements(one)]

    def written(self) -> Module:
        """The module."""
        f, lanes = self.f, self.module.lanes
        valid, first = self.entry(VALID), self.entry(FIRST)
        fixed = dict(zip(self.code.fixed[0].tolist(), self.code.fixed[1].tolist(), strict=True))
        shared = self.pointer(self.entry(SHARED))
        for place in self._shared_places():
            if place in fixed:
                self.values[False, place] = fixed[place]
            else:
                self.values[False, place] = f.spread(self.scalar(self.at(shared, str(place))))
        inputs = self._inputs(first)
        results = {place: self.outside(RESULTS, str(k), first) for k, place in enumerate(self.results)}
        seeds: dict[int, tuple[str, str]] = {}
        gradients: dict[int, str] = {}
        totals: dict[int, str] = {}  # of the gradients of shared numbers, in each lane
        if self.differentiated:
            gradients = {place: self.outside(GRADIENTS, str(k), first) for k, place in enumerate(self.wanted)}
            table = self.pointer(self.entry(SEEDS))
            for k, place in enumerate(self.results):
                step = self.integer(table, str(2 * k + 1))
                start = f.name_of(f"add i64 {self.integer(table, str(2 * k))}, {f.name_of(f'mul i64 {first}, {step}')}")
                seeds[place] = start, step
            for place in self._shared_gradients():
                pointer = f.name_of(f"alloca {f.type('double')}, align 64")
                f.line(f"store {f.type('double')} zeroinitializer, ptr {pointer}")
                totals[place] = pointer
        with f.loop(valid, lanes) as i:
            mask = self.first_lanes(i, valid)
            for place, row in inputs.items():
                self.values[True, place] = self.load(row, i, mask)
            self.flag(self._forward(mask))
            for place, row in results.items():
                self.store(f.constant(self.values[True, place]), row, i, mask)
            if self.differentiated:
                for place, (start, step) in seeds.items():
                    at = self.pointer(f.name_of(f"add i64 {start}, {f.name_of(f'mul i64 {i}, {step}')}"))
                    self.gradients[True, place] = self.load(at, "0", mask)
                self._backward()
                for place, row in gradients.items():
                    self.store(f.constant(self.gradients.get((True, place), 0.0)), row, i, mask)
                for place, total in totals.items():
                    if (False, place) in self.gradients:
                        part = f.select(mask, self.gradients[False, place], 0.0)
                        before = self.load(total, "0")
                        self.store(before + part, total, "0")
        if totals:
            memory = self.pointer(self.entry(SHARED_GRADIENTS))
            for place, total in totals.items():
                self.add_scalar(self.at(memory, str(place)), f.reduce("fadd", self.load(total, "0")))
        f.end()
        return self.module

    def _inputs(self, first: str) -> dict[int, str]:
        if not self.leaves:
            return {}
        table = self.pointer(self.entry(INPUTS))
        return {place: self.at(self.pointer(self.integer(table, str(k))), first) for k, place in enumerate(self.leaves)}

    def _shared_places(self) -> list[int]:
        read = {place for element in self.elements for batched, place in element.inputs if not batched}
        for element in self.elements:
            for mask in (element.one.mask, element.one.error_mask):
                if mask is not None and not mask.batched:
                    read.add(int(mask.all_places().ravel()[element.index]))
        return sorted(read)

    def _shared_gradients(self) -> list[int]:
        return sorted(
            {
                place
                for element in self.elements
                for (batched, place), operand in zip(element.inputs, element.operands, strict=True)
                if not batched and not operand.constant
            }
        )

    def _mask(self, mask: Operand, index: int) -> Any:
        return self.xp.equal(self.values[mask.batched, int(mask.all_places().ravel()[index])], 0.0)

    def _check_length(self) -> None:
        if self.f.length > self.most:
            raise TooLongError

    def _forward(self, valid: Number) -> Any:
        """Compute all numbers. Returns in which lanes an input is outside of the domain of its operation."""
        bad: Any = False
        masked: list[tuple[Any, Operand, int]] = []
        for element in self.elements:
            one, inputs = element.one, [self.values[place] for place in element.inputs]
            if one.checked:
                own = outside(one.operation, self.xp, *inputs)
                if one.error_mask is None:
                    bad = own | bad if isinstance(own, Number) else bad | own
                else:
                    masked.append((own, one.error_mask, element.index))
            if isinstance(one, (Sum, Dot, Matmul)):
                self.values[element.out] = _total(inputs) if isinstance(one, Sum) else _dot(inputs)
            else:
                self.values[element.out] = one.operation.value(self.xp, *inputs)
            self._check_length()
        for own, mask, index in masked:
            counts = self._mask(mask, index)
            is_bad = self.f.constant(own, TRUTH) & (counts == False if isinstance(counts, Number) else not counts)  # noqa: E712
            bad = is_bad | bad if isinstance(is_bad, Number) else bad | is_bad
        return bad & valid if isinstance(bad, Number) else valid if bad else False

    def _backward(self) -> None:
        xp = self.xp
        for element in reversed(self.elements):
            one, gradient = element.one, self.gradients.get(element.out)
            if gradient is None or one.constant:
                continue
            inputs = [self.values[place] for place in element.inputs]
            constant = [operand.constant for operand in element.operands]
            slopes = one.operation.slopes_except(constant, xp, self.values[element.out], *inputs)
            off = None if one.mask is None else self._mask(one.mask, element.index)
            for slope, place in zip(slopes, element.inputs, strict=True):
                if slope is None:
                    continue
                part = product(one.operation, xp, slope, gradient)
                part = part if off is None else xp.where(off, 0.0, part)
                self.gradients[place] = self.gradients[place] + part if place in self.gradients else part
            self._check_length()


def _elements(one: Instruction) -> list[_Element]:
    """The outputs of an instruction, one after the other."""
    tables = [operand.all_places() for operand in one.operands]
    elements = []
    for index in range(one.size):
        inputs, operands = [], []
        for k, (operand, table) in enumerate(zip(one.operands, tables, strict=True)):
            if isinstance(one, Matmul):
                row = divmod(index, one.shape[1])[k]
                places = table[row].tolist()
            elif isinstance(one, (Sum, Dot)) or one.stacked:
                places = table[index].tolist()
            else:
                places = [int(table.ravel()[index])]
            inputs += [(operand.batched, place) for place in places]
            operands += [operand] * len(places)
        elements.append(_Element(one, index, (True, one.start + index), inputs, operands))
    return elements


def _total(numbers: list[Any]) -> Any:
    result = numbers[0]
    for x in numbers[1:]:
        result = result + x
    return result


def _dot(numbers: list[Any]) -> Any:
    n = len(numbers) // 2
    return _total([a * b for a, b in zip(numbers[:n], numbers[n:], strict=True)])
