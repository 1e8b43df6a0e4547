"""From instructions to steps: which kernels run, and with what arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm import kernels
from autograd.compiled.backends.llvm.frame import SHARED, SHARED_GRADIENTS, TILE, TILE_GRADIENTS
from autograd.compiled.backends.llvm.machine_code import Loaded, lanes
from autograd.compiled.backends.llvm.kernels import ALONG, LISTED, REPEATED, Access, Signature
from autograd.compiled.backends.llvm.products import PADDED_SAMPLES, SAMPLES, product_kernel, transpose_kernel
from autograd.compiled.backends.llvm.scalars import backward_words, forward_words, interpreter
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.ir import Code, Dot, Instruction, Map, Matmul, Operand, Scalars, Sum
from autograd.errors import CompileError
from autograd.ops import OPERATIONS, POS, Operation

Table = npt.NDArray[np.int64]

MOST_TERMS = 128
"""An operation of any number of inputs is written out for all of them, up to so many."""

NARROW = 8
"""Rows of fewer numbers are read as one row, each number from a place of its own."""


class UnsupportedError(CompileError):
    """Code that kernels cannot run; the reference does."""


@dataclass
class Step:
    """A kernel and its arguments.

    Attributes:
        make, key: `make(*key, lanes)` makes the kernel; or the kernel itself.
        arguments: integers, and tables, which are passed by address.
    """

    make: Callable[..., Module] | Loaded
    key: tuple[Any, ...]
    arguments: list[Any]


@dataclass
class Steps:
    """The steps of a program, in the order of execution.

    Attributes:
        forward, backward: of shared numbers.
        tile_forward, tile_backward: of the samples of a tile.
        constants: numbers of operations, and the places from which they are read.
        shared, batched: the number of places, with those that the kernels need.
    """

    shared: int
    batched: int
    forward: list[Step] = field(default_factory=list)
    backward: list[Step] = field(default_factory=list)
    tile_forward: list[Step] = field(default_factory=list)
    tile_backward: list[Step] = field(default_factory=list)
    constants: dict[float | str, tuple[int, float]] = field(default_factory=dict)


def steps_of(code: Code, tiled: bool = True) -> Steps:
    """The steps of a program.

    Args:
        code: the program.
        tiled: whether to make steps for the samples.

    Raises:
        UnsupportedError: kernels cannot run it.
    """
    builder = _Builder(code)
    for instruction in code.instructions:
        if isinstance(instruction, Scalars):
            builder.scalars(instruction, tiled)
        elif tiled or not instruction.batched:
            builder.instruction(instruction)
    builder.steps.forward += builder.errors
    builder.steps.tile_forward += builder.tile_errors
    builder.steps.backward.reverse()
    builder.steps.tile_backward.reverse()
    return builder.steps


class _Builder:
    """Adds steps, those of the backward pass in the order of the forward pass."""

    def __init__(self, code: Code) -> None:
        self.steps = Steps(code.shared, code.batched)
        self.errors: list[Step] = []
        self.tile_errors: list[Step] = []

    # -- scalars --------------------------------------------------------------------------------------------------------

    def scalars(self, scalars: Scalars, tiled: bool) -> None:
        """Scalars: shared ones by the interpreter, batched ones by an instruction each."""
        if not scalars.batched:
            self._interpreted(scalars)
            return
        shared = [i for i, batched in enumerate(scalars.output_batched.tolist()) if not batched]
        if shared:
            self._interpreted(_part(scalars, shared))
        for instruction in scalars.single if tiled else ():
            if instruction.batched:
                self.instruction(instruction)

    def _interpreted(self, scalars: Scalars) -> None:
        def step(words: Callable[[Scalars], Table]) -> Step:
            return Step(interpreter, (), [Words(scalars, words)])

        self.steps.forward.append(step(forward_words))
        if not scalars.input_constant.all():
            self.steps.backward.append(step(backward_words))

    # -- instructions ---------------------------------------------------------------------------------------------------

    def instruction(self, one: Instruction) -> None:
        """One instruction."""
        if not one.batched and one.error_mask is not None and one.error_mask.batched:
            one = replace(one, error_mask=None)  # the reference finds out whether a sample that selects it is among those that are computed
        if isinstance(one, Matmul):
            self._matmul(one)
        elif isinstance(one, (Sum, Dot)):
            self._terms(one)
        else:
            self._map(one)

    def _add(self, one: Instruction, forward: Step | None, backward: Step | None) -> None:
        steps = self.steps
        if forward is not None:
            (steps.tile_forward if one.batched else steps.forward).append(forward)
        if backward is not None and not one.constant:
            (steps.tile_backward if one.batched else steps.backward).append(backward)

    def _map(self, one: Instruction) -> None:
        if one.stacked and one.operands[0].shape[1] > MOST_TERMS:
            raise UnsupportedError(f"{one.operation.name} of {one.operands[0].shape[1]} inputs")
        operation, constants = self._with_constants(one.operation)
        terms = one.operands[0].shape[1] if one.stacked else 0
        masks = [mask for mask in (self._mask(one), one.error_mask) if mask is not None]
        rows = self._rows(one, [*one.operands, *masks], terms)
        rows.accesses[len(one.operands) : len(one.operands)] = [Access(False, REPEATED)] * len(constants)
        rows.lists[len(one.operands) : len(one.operands)] = [np.full(rows.count, place, dtype=np.int64) for place in constants]
        inputs = len(one.operands) + len(constants)
        checked = one.checked and one.error_mask is None
        if one.mask is not None and one.mask.batched and not one.batched:
            rows.accesses[inputs] = replace(rows.accesses[inputs], counted=True)
        signature = Signature(operation, one.batched, False, tuple(rows.accesses[:inputs]), None, checked, terms)
        header, lists = [rows.count, rows.length, one.start], rows.lists
        forward = _step(kernels.map_forward, _without_gradients(signature), [*header, *lists[:inputs]])
        masked = replace(signature, checked=False)
        own = lists[:inputs]
        if one.mask is not None:
            masked = replace(masked, mask=rows.accesses[inputs])
            own = lists[: inputs + 1]
        self._add(one, forward, _step(kernels.map_backward, masked, [*header, *own]))
        if one.error_mask is not None and one.checked:
            last = replace(_without_gradients(signature), mask=rows.accesses[-1])
            step = _step(kernels.map_errors, last, [*header, *lists[:inputs], lists[-1]])
            (self.tile_errors if one.batched else self.errors).append(step)

    def _mask(self, one: Instruction) -> Operand | None:
        """The mask of gradients. That of shared numbers which differs from sample to sample is replaced by a count of samples."""
        mask = one.mask
        if mask is None or one.batched or not mask.batched:
            return mask
        start = self.steps.shared
        self.steps.shared += one.size
        counts = np.arange(start, start + one.size)
        self.steps.tile_backward.append(Step(kernels.count_selected, (), [one.size, mask.all_places().ravel(), counts]))
        return Operand(mask.shape, 0, (), counts.reshape(mask.shape), True, True, False)

    def _with_constants(self, operation: Operation) -> tuple[Operation, list[int]]:
        """The operation, and the places of its constants if they are read from memory: most numbers are, so that they share a kernel."""
        row = OPERATIONS.get(operation.name)
        if not operation.constants or row is None or row.bind(*operation.constants) is not operation:
            return operation, []
        if all(abs(c) <= 16.0 and (2.0 * c).is_integer() for c in operation.constants):
            return operation, []
        places = []
        for c in operation.constants:
            place, _ = self.steps.constants.setdefault(c.hex(), (self.steps.shared, c))
            self.steps.shared = max(self.steps.shared, place + 1)
            places.append(place)
        return row, places

    def _rows(self, one: Instruction, operands: list[Operand], terms: int = 0) -> _Rows:
        """How a kernel goes through an instruction, element by element; with `terms`, the first operand has so many rows for each of its."""
        places = [operand.all_places() for operand in operands]
        if one.batched:
            accesses = [Access(operand.batched, ALONG if operand.batched else REPEATED, operand.constant) for operand in operands]
            return _Rows(one.size, 1, accesses, [x.astype(np.int64).ravel() for x in places])
        shapes = [(1, one.size)] if len(one.shape) == 1 else [(1, one.size), (one.shape[0], one.shape[1])]
        best: _Rows | None = None
        for count, length in shapes:
            accesses, lists = [], []
            for k, (operand, x) in enumerate(zip(operands, places, strict=True)):
                table = x.T.reshape(terms, length) if terms and k == 0 else x.reshape(count, length)
                how = _how(table)
                accesses.append(Access(False, how, operand.constant))
                lists.append((table if how == LISTED else table[:, 0]).astype(np.int64).ravel())
            rows = _Rows(count, length, accesses, lists)
            if best is None or (LISTED in [a.how for a in best.accesses] and LISTED not in [a.how for a in accesses] and length >= NARROW):
                best = rows
        assert best is not None
        return best

    def _terms(self, one: Instruction) -> None:
        outputs, n = one.size, one.operands[0].shape[-1]
        accesses, lists = [], []
        for operand in one.operands:
            places = operand.all_places()
            if one.batched:
                how = ALONG if operand.batched else REPEATED
                lists.append(places.astype(np.int64).ravel())
            else:
                table = places.reshape(outputs, n)
                how = _how(table)
                lists.append((table if how == LISTED else table[:, 0]).astype(np.int64).ravel())
            accesses.append(Access(operand.batched, how, operand.constant))
        mask, own = None, self._mask(one)
        if own is not None and one.mask is not None:
            mask = Access(own.batched, ALONG if own.batched else REPEATED, counted=one.mask.batched and not own.batched)
            lists.append(own.all_places().astype(np.int64).ravel())
        signature = Signature(None, one.batched, False, tuple(accesses), mask, False)
        arguments = [outputs, n, one.start]
        of_operands = replace(_without_gradients(signature), mask=None)
        self._add(
            one,
            _step(kernels.terms_forward, of_operands, [*arguments, *lists[: len(one.operands)]]),
            _step(kernels.terms_backward, signature, [*arguments, *lists]),
        )

    # -- products -------------------------------------------------------------------------------------------------------

    def _matmul(self, one: Instruction) -> None:
        a, b = one.operands
        (m, n), p = a.shape, b.shape[0]
        if a.batched and b.batched:
            rows = [np.repeat(a.all_places(), p, axis=0), np.tile(b.all_places(), (m, 1))]
            operands = [
                Operand(x.shape, 0, (), x, False, operand.constant, True) for x, operand in zip(rows, one.operands, strict=True)
            ]
            self._terms(Dot(one.operation, (m * p,), one.start, tuple(operands), True, None, False))
        elif not one.batched:
            self._shared_product(one, self._as_rows(a), self._as_rows(b))
        elif b.batched:
            self._tile_product(one, self._as_rows(a), b, p, 1)
        else:
            self._tile_product(one, self._as_rows(b), a, 1, p)

    def _as_rows(self, operand: Operand) -> Operand:
        """A shared operand whose rows are contiguous: a copy, if they are not."""
        if operand.row_distance is not None:
            return operand
        rows, terms = operand.shape
        start = self.steps.shared
        self.steps.shared += rows * terms
        flat = Operand((rows * terms,), 0, (), operand.all_places().ravel(), False, operand.constant, False)
        self._map(Map(POS, (rows * terms,), start, (flat,), False, None, False))
        return Operand(operand.shape, start, (terms, 1), None, True, operand.constant, False)

    def _shared_product(self, one: Instruction, a: Operand, b: Operand) -> None:
        (m, n), p = a.shape, b.shape[0]
        da, db = a.row_distance or n, b.row_distance or n
        copy = self.steps.shared
        self.steps.shared += n * p
        forward, backward = self.steps.forward, self.steps.backward
        forward.append(_transposed(SHARED, b.start, np.arange(p) * db, n, SHARED, copy))
        forward.append(_product((SHARED, a.start, (da, 0), (1, 0)), (SHARED, copy, np.arange(n) * p), (SHARED, one.start, np.arange(m) * p), (m, p, n)))
        gradient = (SHARED_GRADIENTS, one.start)
        if not a.constant:
            to = (SHARED_GRADIENTS, a.start, np.arange(m) * da)
            backward.append(_product((*gradient, (p, 0), (1, 0)), (SHARED, b.start, np.arange(p) * db), to, (m, n, p), added=True))
        if not b.constant:
            to = (SHARED_GRADIENTS, b.start, np.arange(p) * db)
            backward.append(_product((*gradient, (1, 0), (p, 0)), (SHARED, a.start, np.arange(m) * da), to, (p, n, m), added=True))

    def _tile_product(self, one: Instruction, w: Operand, x: Operand, of_row: int, of_column: int) -> None:
        """Products of shared rows and rows of samples: output (r, q) is at `start + r * of_row + q * of_column`."""
        (rows, n), places = w.shape, x.all_places()
        distance = w.row_distance or n
        forward, backward = self.steps.tile_forward, self.steps.tile_backward
        copy = self.steps.batched
        if not w.constant:
            self.steps.batched += n
        for q, row in enumerate(places):
            outputs, start = np.arange(rows) * of_row, one.start + q * of_column
            weights = (SHARED, w.start)
            sizes = (rows, PADDED_SAMPLES, n)
            forward.append(_product((*weights, (distance, 0), (1, 0)), (TILE, 0, row), (TILE, start, outputs), sizes))
            if not w.constant:
                to = (SHARED_GRADIENTS, w.start, np.arange(rows) * distance)
                by_samples = (TILE, copy, Numbers(n))
                backward.append(
                    _product((TILE_GRADIENTS, start, (of_row, 0), (0, 1)), by_samples, to, (rows, n, SAMPLES), added=True)
                )
                backward.append(_transposed(TILE, 0, row, SAMPLES, TILE, copy))
            if not x.constant:
                sizes = (n, PADDED_SAMPLES, rows)
                given = (TILE_GRADIENTS, start, outputs)
                backward.append(_product((*weights, (1, 0), (distance, 0)), given, (TILE_GRADIENTS, 0, row), sizes, added=True))


@dataclass
class _Rows:
    count: int
    length: int
    accesses: list[Access]
    lists: list[Table]


@dataclass(frozen=True)
class Numbers:
    """The places of rows of so many numbers, one for each sample of a tile."""

    length: int


@dataclass(frozen=True)
class Words:
    """The words of scalars, made when they are needed."""

    scalars: Scalars
    make: Callable[[Scalars], Table]


def _step(make: Callable[[Signature, int], Module], signature: Signature, arguments: list[Any]) -> Step:
    """A step of an instruction. The second argument is the length of a row of shared numbers."""
    whole = not signature.batched and arguments[1] % lanes() == 0
    return Step(make, (replace(signature, whole=whole, flat=_is_flat(signature, arguments)),), arguments)


def _is_flat(signature: Signature, arguments: list[Any]) -> bool:
    """Whether the rows of samples of an element-wise instruction are one after the other, in all operands."""
    accesses = [*signature.operands, *([signature.mask] if signature.mask else [])]
    if not signature.batched or signature.operation is None or signature.checked or signature.terms:
        return False
    return all(access.batched for access in accesses) and all((np.diff(rows) == 1).all() for rows in arguments[kernels.HEADER :])


def _how(table: npt.NDArray[np.intp]) -> str:
    if table.shape[1] == 1:
        return ALONG
    steps = np.diff(table, axis=1)
    return ALONG if (steps == 1).all() else REPEATED if (steps == 0).all() else LISTED


def _without_gradients(signature: Signature) -> Signature:
    return replace(signature, operands=tuple([replace(access, constant=True) for access in signature.operands]))


def _product(a: Any, b: Any, c: Any, sizes: tuple[int, int, int], added: bool = False) -> Step:
    (a_memory, a_start, a_row, a_term), (b_memory, b_start, b_list), (c_memory, c_start, c_list) = a, b, c
    in_numbers = int(isinstance(b_list, Numbers))
    arguments = [a_memory, a_start, *a_row, *a_term, b_memory, b_start, b_list, in_numbers, c_memory, c_start, c_list, int(added), *sizes]
    return Step(product_kernel, (), arguments)


def _transposed(memory: int, start: int, rows: Any, length: int, to: int, place: int) -> Step:
    return Step(transpose_kernel, (), [memory, start, rows, len(rows), length, to, place])


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
