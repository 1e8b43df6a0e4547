"""From instructions to steps: which kernels run, and with what arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.elementwise import can_be_written
from autograd.compiled.backends.llvm.fusion import Item, Order, Read, how_to_read
from autograd.compiled.backends.llvm.loop_steps import Reads, loop_steps, reads_of
from autograd.compiled.backends.llvm.machine_code import lanes
from autograd.compiled.backends.llvm.product_steps import shared_product, tile_product
from autograd.compiled.backends.llvm.row_kernels import ALONG, LISTED, REPEATED, Access, Layout
from autograd.compiled.backends.llvm.scalars import backward_words, forward_words, interpreter
from autograd.compiled.backends.llvm.step import Step, Words
from autograd.compiled.backends.llvm.term_kernels import count_selected, terms_backward, terms_forward
from autograd.compiled.backends.llvm.wide import grouped, groups_of, needs_groups
from autograd.compiled.ir import Code, Dot, Instruction, LongLoop, Loop, Map, Matmul, Operand, Scalars, Sum
from autograd.errors import CompileError
from autograd.ops import OPERATIONS, POS, Operation

MOST_TERMS = 128
"""An operation of any number of inputs is written out for all of them, up to so many."""


class UnsupportedError(CompileError):
    """Code that kernels cannot run; the reference does."""


@dataclass
class Steps:
    """The steps of a program, in the order of execution.

    Attributes:
        shared, batched: the number of places, with those that the kernels need.
        forward, backward: of shared numbers.
        tile_forward, tile_backward: of the samples of a tile.
        constants: numbers of operations, and the places from which they are read.
        receiving: the places of a tile whose gradients must be 0 at first.
        in_use: how many rows of a tile are read or written.
    """

    shared: int
    batched: int
    forward: list[Step] = field(default_factory=list)
    backward: list[Step] = field(default_factory=list)
    tile_forward: list[Step] = field(default_factory=list)
    tile_backward: list[Step] = field(default_factory=list)
    constants: dict[str, tuple[int, float]] = field(default_factory=dict)
    receiving: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    in_use: int = 0


def steps_of(code: Code) -> Steps:
    """The steps of a program.

    Raises:
        UnsupportedError: kernels cannot run it.
    """
    return _Builder(code).finished()


class _Builder:
    """Makes steps of instructions, one after the other."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.steps = Steps(code.shared, code.batched)
        self.shared = Order()
        self.tile = Order(self.shared)
        self.counts: list[Step] = []
        self._copies: dict[Any, Operand] = {}
        self._transposes: dict[Any, int] = {}
        reads = reads_of(code) if any(isinstance(one, (Loop, LongLoop)) for one in code.instructions) else None
        for instruction in code.instructions:
            if reads is not None and isinstance(instruction, (Loop, LongLoop)):
                self._loop(instruction, reads)
            elif isinstance(instruction, Scalars):
                self._scalars(instruction)
            else:
                self._instruction(instruction)

    def finished(self) -> Steps:
        """All steps."""
        for order, places in zip((self.shared, self.tile), self.code.results, strict=True):
            order.read_outside(places)
        steps = self.steps
        steps.tile_forward, steps.tile_backward = self.tile.steps()
        steps.tile_backward += self.counts
        steps.forward, steps.backward = self.shared.steps()
        receiving = self.tile.receiving().union(self.code.wanted[1].tolist())
        steps.receiving = np.array(sorted(receiving), dtype=np.int64)
        leaves = self.code.batched - sum([_batched_outputs(one) for one in self.code.instructions])
        steps.in_use = leaves + self.tile.stored() + len(receiving) + steps.batched - self.code.batched
        return steps

    def _order(self, one: Instruction) -> Order:
        return self.tile if one.batched else self.shared

    # -- loops ----------------------------------------------------------------------------------------------------------

    def _loop(self, loop: Loop | LongLoop, reads: Reads) -> None:
        """A loop: by a kernel of its own, if it is regular."""
        operations = [member.operation for member in loop.body.members] if isinstance(loop, LongLoop) else loop.operations
        _need_all_rules(operations)
        found = loop_steps(loop, reads)
        if found is None:
            self._scalars(loop)
        else:
            (self.tile if loop.batched else self.shared).other(*found)

    # -- scalars --------------------------------------------------------------------------------------------------------

    def _scalars(self, scalars: Scalars) -> None:
        """Scalars: shared ones by the interpreter, batched ones by an instruction each."""
        if not scalars.batched:
            self._interpreted(scalars)
            return
        shared = [i for i, batched in enumerate(scalars.output_batched.tolist()) if not batched]
        if shared:
            self._interpreted(_part(scalars, shared))
        for instruction in scalars.single:
            if instruction.batched:
                self._instruction(instruction)

    def _interpreted(self, scalars: Scalars) -> None:
        _need_all_rules(scalars.operations)
        forward, backward = (Step(interpreter, (), [Words(scalars, words)]) for words in (forward_words, backward_words))
        constant = scalars.input_constant
        reads = [Read(scalars.inputs[constant], False), Read(scalars.inputs[~constant], False, False)]
        self.shared.other([forward], [] if constant.all() else [backward], [read for read in reads if read.places.size], scalars.outputs)

    # -- instructions ---------------------------------------------------------------------------------------------------

    def _instruction(self, one: Instruction) -> None:
        if isinstance(one, Matmul):
            self._matmul(one)
        elif isinstance(one, (Sum, Dot)):
            self._terms(one)
        else:
            self._map(one)

    def _map(self, one: Instruction) -> None:
        if needs_groups(one):
            parts = grouped(one, self._new_places(one.batched, groups_of(one) * one.size))
            for part in parts:
                self._map(part)
            return
        inputs = [_read(operand) for operand in one.operands]
        if one.stacked:
            table = one.operands[0].all_places()
            if table.shape[1] > MOST_TERMS:
                raise UnsupportedError(f"{one.operation.name} of {table.shape[1]} inputs")
            inputs = [Read(np.ascontiguousarray(column), inputs[0].batched, inputs[0].constant) for column in table.T]
        _need_rules(one.operation, len(inputs))
        operation, places = self._with_constants(one.operation)
        inputs += [Read(np.full(one.size, place), False) for place in places]
        # of a mask of errors that differs from sample to sample the reference finds out whether it counts for a shared number
        error_mask = None if one.error_mask is None or one.error_mask.batched > one.batched else _read(one.error_mask)
        item = Item(operation, inputs, self._mask(one), error_mask, one.checked, one.start, one.size, one.constant)
        self._order(one).elementwise(item, one.shape)

    def _new_places(self, batched: bool, count: int) -> int:
        """The first of some places that the program itself does not use."""
        start = self.steps.batched if batched else self.steps.shared
        if batched:
            self.steps.batched += count
        else:
            self.steps.shared += count
        return start

    def _mask(self, one: Instruction) -> Read | None:
        """The mask of gradients. That of shared numbers which differs from sample to sample is replaced by a count of samples."""
        if one.mask is None or one.batched or not one.mask.batched:
            return None if one.mask is None else _read(one.mask)
        counts = self._new_places(False, one.size) + np.arange(one.size)
        mask = _read(one.mask)
        self.tile.needed.update(mask.places.tolist())
        self.counts.append(Step(count_selected, (), [one.size, mask.places, counts]))
        return Read(counts, False, counted=True)

    def _with_constants(self, operation: Operation) -> tuple[Operation, list[int]]:
        """The operation, and the places of its constants if they are read from memory: most numbers are, so that they share a kernel."""
        row = OPERATIONS.get(operation.name)
        if not operation.constants or row is None or row.bind(*operation.constants) is not operation:
            return operation, []
        if all(abs(c) <= 16.0 and (2.0 * c).is_integer() for c in operation.constants):
            return operation, []
        places = []
        for c in operation.constants:
            known = self.steps.constants.get(c.hex())
            if known is None:
                known = self.steps.constants[c.hex()] = self._new_places(False, 1), c
            places.append(known[0])
        return row, places

    def _terms(self, one: Instruction) -> None:
        outputs, n = one.size, one.operands[0].shape[-1]
        accesses, tables = [], []
        reads = [_read(operand) for operand in one.operands]
        for read in reads:
            table = read.places.reshape(outputs, n)
            how = (ALONG if read.batched else REPEATED) if one.batched else how_to_read(table)
            accesses.append(Access(read.batched, how, read.constant))
            tables.append((table if one.batched or how == LISTED else table[:, 0]).ravel())
        mask, masks = self._mask(one), []
        if mask is not None:
            masks = [Access(mask.batched, ALONG if mask.batched else REPEATED, counted=mask.counted)]
            reads.append(mask)
        layout = Layout(one.batched, not one.batched and n % lanes() == 0)
        without = tuple([Access(access.batched, access.how) for access in accesses])
        forward = Step(terms_forward, (layout, without), [outputs, n, *tables, one.start])
        key = layout, tuple(accesses), masks[0] if masks else None
        arguments = [outputs, n, *tables, *[read.places for read in reads[len(tables) :]], one.start]
        backward = [] if one.constant else [Step(terms_backward, key, arguments)]
        self._order(one).other([forward], backward, reads, np.arange(one.start, one.start + outputs))

    # -- products -------------------------------------------------------------------------------------------------------

    def _matmul(self, one: Instruction) -> None:
        a, b = one.operands
        m, p = a.shape[0], b.shape[0]
        if a.batched and b.batched:
            rows = [np.repeat(a.all_places(), p, axis=0), np.tile(b.all_places(), (m, 1))]
            operands = [Operand(x.shape, 0, (), x, False, operand.constant, True) for x, operand in zip(rows, one.operands, strict=True)]
            self._terms(Dot(one.operation, (m * p,), one.start, tuple(operands), True, None, False))
        else:
            self._add_product(one, *[operand if operand.batched else self._as_rows(operand) for operand in one.operands])

    def _as_rows(self, operand: Operand) -> Operand:
        """A shared operand whose rows are contiguous: a copy, if they are not. It is copied once, as its numbers are written once."""
        if operand.row_distance is not None:
            return operand
        key = operand.constant, operand.shape, operand.all_places().tobytes()
        if key not in self._copies:
            self._copies[key] = self._copied(operand)
        return self._copies[key]

    def _copied(self, operand: Operand) -> Operand:
        rows, terms = operand.shape
        start = self._new_places(False, rows * terms)
        flat = Operand((rows * terms,), 0, (), operand.all_places().ravel(), False, operand.constant, False)
        self._map(Map(POS, (rows * terms,), start, (flat,), False, None, False))
        return Operand(operand.shape, start, (terms, 1), None, True, operand.constant, False)

    def _add_product(self, one: Instruction, a: Operand, b: Operand) -> None:
        if not one.batched:
            key = b.shape, b.start, b.row_distance
            is_known = key in self._transposes
            if not is_known:
                self._transposes[key] = self._new_places(False, a.shape[1] * b.shape[0])
            steps = shared_product(one, a, b, self._transposes[key], is_known)
        else:
            weights, samples = (b, a) if a.batched else (a, b)
            of_row, of_column = (1, one.shape[1]) if a.batched else (one.shape[1], 1)
            gradients = self._new_places(True, 0 if weights.constant else weights.shape[1])
            steps = tile_product(one, weights, samples, of_row, of_column, gradients)
        self._order(one).other(*steps, [_read(a), _read(b)], np.arange(one.start, one.start + one.size))


def _need_rules(operation: Operation, inputs: int) -> None:
    if not can_be_written(operation, inputs):
        raise UnsupportedError(f"the rules of {operation.name} cannot be evaluated on LLVM values")


def _need_all_rules(operations: list[Operation]) -> None:
    for operation in set(operations):
        if operation.arity is not None:
            _need_rules(operation, operation.arity)


def _batched_outputs(one: Instruction | Scalars) -> int:
    if isinstance(one, LongLoop):
        return len(one.stored) if one.batched else 0
    return int(one.output_batched.sum()) if isinstance(one, Scalars) else one.size if one.batched else 0


def _read(operand: Operand) -> Read:
    return Read(operand.all_places().astype(np.int64).ravel(), operand.batched, operand.constant)


def _part(scalars: Scalars, which: list[int]) -> Scalars:
    """Some of the scalars."""
    terms = [own for _, own in scalars.terms()]
    inputs = np.concatenate([np.arange(terms[i].start, terms[i].stop) for i in which])
    return Scalars(
        [scalars.operations[i] for i in which],
        [scalars.checked[i] for i in which],
        scalars.outputs[which],
        scalars.inputs[inputs],
        np.cumsum([terms[i].stop - terms[i].start for i in which]),
        scalars.output_batched[which],
        scalars.input_batched[inputs],
        scalars.input_constant[inputs],
    )
