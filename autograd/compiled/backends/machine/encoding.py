"""Encode: a program as tables of numbers, for the native machine. The columns of these tables are named here."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain, groupby

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.machine.firsts import Firsts
from autograd.compiled.backends.machine.reads import Reads
from autograd.compiled.backends.numpy.products import MANY_THREADS, ONE_THREAD  # noqa: F401 - columns of the machine
from autograd.compiled.ir import Code, Index, Instruction, Matmul, Operand, Places, Scalars, Spread
from autograd.ops import ADD, COMPARISONS, DOT, LOGSUMEXP, MUL, OPERATIONS, PEAK, POW, SELECT, SUB, SUM, Operation

OP, SIZE, OUT, TERMS, WIDTH, CHECKED, MASKED, ERROR_MASK = range(8)
"""The columns of a step: what it does; how many outputs it has, or rows, of a product; their first place; how many terms there are in
each sum; how many columns a product has; whether its domain is checked; whether there is a mask; whether errors are none where the mask
is 0. Of scalars, SIZE and OUT are the first and last line of their table. A place is from 0 on a number of the shared storage; -1 - i is
number i of the batched one."""

OPERANDS, FIELDS, MASK = 8, 9, 3
"""Where the columns of operands begin, how many each has, and which of them is the mask; three before it are inputs."""
KIND, START, INNER, STRIDE, PACE, WANTED, IS_BATCHED, FIRST_ONE, COPIED = range(FIELDS)
"""The columns of an operand: its kind; its first place, or where in the lists its places begin; how many numbers are in a row of it;
how far apart two rows are, and two numbers in a row; whether its gradient is wanted; whether it is batched; whether its gradients are
the first ones at their places, see `firsts`; the first of the places for a copy of it, where it needs one."""
PIECE, GRID, LIST, NONE, MATRIX, TURNED = range(6)
"""The kinds of operands: one piece of storage; rows at an even pace; a list of places; no operand; of a product rows as BLAS takes them;
and the same as one piece, sample by sample."""
COLUMNS = OPERANDS + 4 * FIELDS

AS_IT_IS, BY_PLACE, IS_LENT = range(3)
"""How an array of the caller comes to its places: as it is; one place after the other, where it has one sample after the other; not at
all, but for some numbers."""

AT_CODE, AT_SCALARS, AT_LISTS, AT_NUMBERS, SHARED, SAMPLES, LENT_ROWS = range(7)
"""The columns of a run. The machine receives everything about a run as one table of whole numbers, because each array costs
an overhead. The addresses of the tables and of the numbers; how many numbers are before the batched ones; the number of samples; and
from the last column on, the arrays of the caller that are read in place of pieces of storage."""
LOANS, LOAN = 4, 3
"""How many such arrays there can be, and the columns of each: the first place, the one behind the last, and where it is in memory."""

SCALAR_OP, SCALAR_OUT, SCALAR_INPUTS, SCALAR_FLAGS = 0, 1, 2, 5
"""The columns of a scalar: what it does, its place, the places of three inputs, and flags: 1, 2 and 4 if the gradient with respect to an
input is wanted, 8 if the domain is checked. Of a sum, the inputs are where in the lists its terms begin, and how many they are; so are the
factors of products one after the other, and behind them are the places of the products."""
SCALAR_COLUMNS, SCALAR_CHECKED = 6, 8

SCALARS, COPY, PRODUCT, OF_SUM, OF_DOT, OF_PEAK, OF_LOGSUMEXP, MUL_ADD, MUL_SUB, SUB_MUL, PRODUCTS, FIRST = range(12)
SUMS = {SUM: OF_SUM, DOT: OF_DOT, PEAK: OF_PEAK, LOGSUMEXP: OF_LOGSUMEXP}
OF_KIND: dict[type[Instruction], int] = {Matmul: PRODUCT, Spread: COPY}
"""The codes: of scalars, copies and products, of operations of any number of inputs, of the scalars a·b + c, a·b - c, c - a·b and
(a·b)·c·…, and from the last one on those of rows."""

FEW_PIECES = 4
"""So many pieces of known numbers are copied one by one."""

FEW_NUMBERS = 8
"""So many constants that single numbers with samples are computed with are kept once for each sample, rather than copied at each use."""

FEW_ROWS = 4
"""So many rows with samples are a line each, rather than one with operands that have to be gathered, and gradients to be scattered."""

MANY = 64
"""So many gradients that results begin with are remembered: a mean has one for each number of samples."""

CHAIN = 4
"""From how many products on, each a factor of the next one, they are one line."""

SQUARE = POW.bind(2.0)
"""So common that it has a code of its own, and is no power."""

Table = npt.NDArray[np.int64]


@cache
def rows() -> list[Operation]:
    """What the machine can do, in the order of the codes: the rows of the op table that have a fixed number of inputs, and comparisons.

    Found once, so that a table that is changed later, as tests do, does not move the codes.
    """
    own = [row for row in OPERATIONS.values() if row.arity is not None and row.value.__module__ == "autograd.ops"]
    return [*own, *COMPARISONS, SELECT, SQUARE]


@dataclass(frozen=True)
class Stretch:
    """Steps in a row: lines of the table from `first` to `last`; or, where the machine cannot do them, the steps, for the reference."""

    first: int
    last: int
    steps: list[Instruction | Scalars]


class Encoded:
    """Code as tables for the machine.

    Attributes:
        code: a line for each step, or for each scalar, where they have samples.
        scalars: a line for each scalar that has none.
        lists: the places of irregular operands.
        end: how many numbers stand before the batched ones: the shared ones, those that are part of operations, such as a slope, and
            room for copies of operands.
        rows: how many batched ones there are, with those of `spread`, and room for copies.
        spread: the constants that are kept once for each sample, behind the batched numbers.
        fixed: of these what is known before a run, as pieces: where, and the numbers.
        error_mask: whether errors depend on masks somewhere.
        zero: what must be 0 in storage for gradients: a first place, and how many from there on.
        all_zero: whether that is all of it, as it is where most of it must be.
        reads: who reads the arguments.
        stretches: what to run, in this order.
    """

    def __init__(self, code: Code) -> None:
        self._codes = {row.name: code for code, row in enumerate(rows()[:-1], FIRST)}
        self._square = FIRST + len(self._codes)
        self._shared = code.shared
        self._program = code
        self._constants: dict[str, int] = {}
        self._spread: dict[str, int] = {}
        self.reads = Reads(code)
        self._fillings: dict[tuple[bool, int, float] | None, tuple[Table, npt.NDArray[np.float64]]] = {}
        self._lists, self._listed = [np.zeros(1, dtype=np.int64)], 1
        self._scalars, self._lines = [np.zeros((0, SCALAR_COLUMNS), dtype=np.uint32)], 0
        tables = [np.zeros((0, COLUMNS), dtype=np.int64)]
        lines = 0
        steps: list[tuple[int, Instruction | Scalars]] = []  # each with its line; -1: left to the reference
        self.stretches: list[Stretch] = []
        for is_known, run in groupby(code.instructions, self._is_known):
            first, own = lines, list(run)
            for step in chain.from_iterable(map(_split, own)) if is_known else own:
                steps.append((lines if is_known else -1, step))
                if is_known:
                    tables.append(self._of_scalars(step) if isinstance(step, Scalars) else self._of_vectors(step))
                    lines += len(tables[-1])
            self.stretches.append(Stretch(first, lines, [] if is_known else own))
        self.code: Table = np.concatenate(tables)
        self.zero = self._mark_firsts(steps)
        self.all_zero = int(self.zero[:, 1].sum()) == code.shared + code.batched
        self.scalars = np.concatenate(self._scalars)
        self.lists: Table = np.concatenate(self._lists)
        self.error_mask = bool((self.code[:, CHECKED] & self.code[:, ERROR_MASK]).any())
        more, more_batched = self._make_room(code.shared + len(self._constants))
        self.end = -(-(code.shared + len(self._constants) + more) // 8) * 8  # so that both kinds begin at a line of the cache
        self.rows = code.batched + len(self._spread) + more_batched
        self.spread = np.array([float.fromhex(text) for text in self._spread])
        places, numbers = code.fixed
        parts = np.array([float.fromhex(text) for text in self._constants])  # of operations
        self.fixed = _pieces(np.append(places, np.arange(code.shared, code.shared + len(parts))), np.append(numbers, parts))

    # -- operations -----------------------------------------------------------------------------------------------------

    def _is_known(self, step: Instruction | Scalars) -> bool:
        if isinstance(step, Instruction) and step.error_mask is not None and not _is_mask(step):
            return False
        if isinstance(step, Scalars):
            return all(operation in SUMS or self._code(operation) is not None for operation in set(step.operations))
        return type(step) in OF_KIND or step.operation in SUMS or self._code(step.operation) is not None

    def _code_of(self, operation: Operation) -> int:
        """The code of what is known."""
        code = SUMS.get(operation) or self._code(operation)
        assert code is not None
        return code

    def _codes_of(self, operations: list[Operation]) -> list[int]:
        known = {operation: self._code_of(operation) for operation in set(operations)}
        return [known[operation] for operation in operations]

    def _code(self, operation: Operation) -> int | None:
        """The code of a row; None of those of a user."""
        if operation.value.__module__ != "autograd.ops":
            return None
        return self._square if operation.name == "pow" and operation.constants == (2.0,) else self._codes.get(operation.name)

    def _own_constants(self, operation: Operation) -> list[int]:
        """The places of the numbers that are part of an operation."""
        if self._code(operation) == self._square:
            return []
        return [self._shared + self._constants.setdefault(number.hex(), len(self._constants)) for number in operation.constants]

    def _keep(self, places: Table) -> int:
        """Where in the lists these places are."""
        start = self._listed
        self._lists.append(places)
        self._listed += len(places)
        return start

    def _row_of(self, number: float) -> int | None:
        """The place of a constant that is kept once for each sample; None where it is not."""
        if number.hex() not in self._spread and len(self._spread) == FEW_NUMBERS:
            return None
        return -1 - self._program.batched - self._spread.setdefault(number.hex(), len(self._spread))

    def _known(self, places: Places) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Which of these shared places hold constants, and these."""
        fixed, numbers = self._program.fixed
        at = np.searchsorted(fixed, places)
        which = np.flatnonzero(np.append(fixed, -1)[at] == places)
        return which, numbers[at[which]]

    def filling(self, seed: tuple[bool, int, float] | None) -> tuple[Table, npt.NDArray[np.float64]]:
        """What storage for gradients is filled with before: places and how many, and the numbers: zeros, and the gradient of a result."""
        found = self._fillings.get(seed)
        if found is None:
            rows, numbers = self.zero, np.zeros(len(self.zero))
            if seed is not None:
                batched, place, number = seed
                rows, numbers = np.append(rows, [[_place(place, batched), 1]], axis=0), np.append(numbers, number)
            if len(self._fillings) == MANY:
                self._fillings.clear()
            found = self._fillings[seed] = rows, numbers
        return found

    def _mark_firsts(self, steps: list[tuple[int, Instruction | Scalars]]) -> Table:
        """Mark the operands whose gradients are the first ones at their places. What must be 0 before, see `zero`."""
        firsts = Firsts(self._program)
        marks = OPERANDS + FIELDS * np.arange(MASK) + FIRST_ONE
        for line, step in reversed(steps):
            if line < 0 or (isinstance(step, Scalars) and not step.batched):
                firsts.added(step)
            elif isinstance(step, Scalars):
                found = firsts.of_scalars(step, self._sums(step))
                for has, k, inputs in self._inputs(step):
                    self.code[line + has, marks[k]] = found[inputs]
            else:
                self.code[line, marks[: len(step.operands)]] = firsts.of_vectors(step)
        firsts.finish()
        shared, batched = firsts.zero[: self._shared], firsts.zero[self._shared :]
        most = batched if batched.size else shared
        if 2 * np.count_nonzero(most) > most.size:
            firsts.zero[:] = True
        runs = [np.flatnonzero(np.diff(cells, prepend=False, append=False)).reshape(-1, 2) for cells in (shared, batched)]
        runs[1] = np.column_stack([-1 - runs[1][:, 0], -1 - runs[1][:, 1]])
        return np.concatenate([np.column_stack([first, abs(last - first)]) for first, last in (run.T for run in runs)])

    def _make_room(self, end: int) -> tuple[int, int]:
        """Places for copies of operands that need one: behind the `end` shared numbers and behind the batched ones, the same for all lines.

        Returns:
            How many these are, of both kinds.
        """
        op, size, out, terms, width, masked = (self.code[:, [column]] for column in (OP, SIZE, OUT, TERMS, WIDTH, MASKED))
        fields = self.code[:, OPERANDS:].reshape(-1, MASK + 1, FIELDS)
        kind, batched = fields[:, :, KIND], fields[:, :, IS_BATCHED] != 0
        is_product, is_sum = op == PRODUCT, (op < FIRST) & (op != PRODUCT)
        in_place = (kind == MATRIX) | (kind == TURNED) | ((kind == PIECE) & ~is_sum & (masked == 0))
        need = np.where((kind == NONE) | in_place, 0, size * terms)
        need[:, [1]] = np.where(is_product & (need[:, [1]] > 0), width * terms, need[:, [1]])
        need[:, [MASK]] = masked * size
        of_samples = np.where(is_product, batched, (out < 0) | (batched & (np.arange(MASK + 1) == MASK)))
        several = is_product[:, 0] & (batched[:, 0] != batched[:, 1])  # one factor has samples, which are copied number by number
        need[several, 2], of_samples[several, 2] = terms[several, 0], True
        whole = op[:, 0] == OF_LOGSUMEXP  # the largest of its terms, and their sum
        need[whole, 1:MASK] = size[whole]
        need[op[:, 0] == SCALARS] = 0
        counts = []
        for mine, first in ((~of_samples, end), (of_samples, self._program.batched + len(self._spread))):
            own = np.where(mine, need, 0)
            ends = own.cumsum(axis=1)
            places = first + ends - own
            fields[:, :, COPIED] = np.where(own == 0, fields[:, :, COPIED], np.where(of_samples, -1 - places, places))
            counts.append(int(ends[:, -1].max(initial=0)))
        return counts[0], counts[1]

    # -- vectors --------------------------------------------------------------------------------------------------------

    def _of_vectors(self, step: Instruction) -> Table:
        operation = step.operation
        size, terms, width = step.size, 1, 1
        if isinstance(step, Matmul):
            (size, terms), (width, _) = (operand.shape for operand in step.operands)
            fields = [self._matrix(operand) for operand in step.operands]
        else:
            if step.stacked:
                size, terms = step.operands[0].shape
            fields = [self._operand(operand, step.batched and not operand.batched) for operand in step.operands]
        fields += [[GRID, place, 1, *[0] * (FIELDS - 3)] for place in self._own_constants(operation)]
        fields += [[NONE] + [0] * (FIELDS - 1)] * (MASK - len(fields))
        fields.append(
            [NONE] + [0] * (FIELDS - 1) if step.mask is None else self._operand(step.mask, step.batched and not step.mask.batched)
        )
        head = [
            OF_KIND.get(type(step)) or self._code_of(operation),
            size,
            _place(step.start, step.batched),
            terms,
            width,
            step.checked,
            step.mask is not None,
            step.error_mask is not None,
        ]
        return np.array([*head, *chain.from_iterable(fields)], dtype=np.int64).reshape(1, COLUMNS)

    def _matrix(self, operand: Operand) -> list[int]:
        """The columns of an operand of a product."""
        apart = operand.row_distance
        if apart is None:
            return self._operand(operand, False)
        kind = TURNED if operand.batched and any(operand.start == first for first, _ in self.reads.turned) else MATRIX
        return [kind, _place(operand.start, operand.batched), 1, apart, 0, not operand.constant, operand.batched, 0, 0]

    def _operand(self, operand: Operand, repeated: bool) -> list[int]:
        """The columns of an operand; `repeated`: each of its numbers for all samples."""
        flags = [not operand.constant, operand.batched]
        if operand.places is not None:
            return [LIST, self._keep(_places(operand.places.ravel(), operand.batched)), 1, 0, 0, *flags, 0, 0]
        if repeated and math.prod(operand.shape) == 1:
            _, numbers = self._known(operand.all_places().ravel())
            row = self._row_of(float(numbers[0])) if numbers.size else None
            if row is not None:
                return [PIECE, row, 1, 1, 0, 0, 1, 0, 0]
        start = _place(operand.start, operand.batched)
        loops = _merged(operand.shape, operand.strides)
        if len(loops) > 2:
            return [LIST, self._keep(_places(operand.all_places().ravel(), operand.batched)), 1, 0, 0, *flags, 0, 0]
        (_, stride), (inner, pace) = [(1, 0)] * (2 - len(loops)) + loops
        if not repeated and len(loops) < 2 and (pace == 1 or inner == 1):
            return [PIECE, start, 1, 1, 0, *flags, 0, 0]
        return [GRID, start, inner, stride, pace, *flags, 0, 0]

    # -- scalars --------------------------------------------------------------------------------------------------------

    def _of_scalars(self, step: Scalars) -> Table:
        return self._each_with_samples(step) if step.batched else self._one_by_one(step)

    def _inputs(self, step: Scalars) -> Iterator[tuple[npt.NDArray[np.intp], int, Places]]:
        """For the inputs 0, 1 and 2 which scalars have one, and which of all inputs that is; sums have none."""
        counts = np.diff(step.ends, prepend=0)
        counts[self._sums(step)] = 0
        for k in range(MASK):
            has = np.flatnonzero(counts > k)
            yield has, k, step.ends[has] - counts[has] + k

    @staticmethod
    def _sums(step: Scalars) -> npt.NDArray[np.intp]:
        return _which(step, SUMS.keys())

    @staticmethod
    def _with_constants(step: Scalars) -> npt.NDArray[np.intp]:
        return _which(step, {operation for operation in set(step.operations) if operation.constants})

    def _one_by_one(self, step: Scalars) -> Table:
        """Scalars without samples: one line for all of them, and one each in a table of their own."""
        table = np.zeros((len(step.operations), SCALAR_COLUMNS), dtype=np.uint32)
        table[:, SCALAR_OP] = self._codes_of(step.operations)
        table[:, SCALAR_OUT] = step.outputs
        table[:, SCALAR_FLAGS] = SCALAR_CHECKED * np.array(step.checked)
        for has, k, inputs in self._inputs(step):
            table[has, SCALAR_INPUTS + k] = step.inputs[inputs]
            table[has, SCALAR_FLAGS] += ((1 << k) * ~step.input_constant[inputs]).astype(np.uint32)
        for i, own in self._ranges(step, self._sums(step)):
            table[i, SCALAR_INPUTS] = self._keep(step.inputs[own])
            table[i, SCALAR_INPUTS + 1] = (own.stop - own.start) // (2 if step.operations[i] is DOT else 1)
        for i in self._with_constants(step).tolist():
            operation = step.operations[i]
            for k, place in enumerate(self._own_constants(operation), operation.arity or 0):
                table[i, SCALAR_INPUTS + k] = place
        table = self._joined(self._multiplied(table))
        self._scalars.append(table)
        line = np.zeros((1, COLUMNS), dtype=np.int64)
        line[0, [OP, SIZE, OUT]] = SCALARS, self._lines, self._lines + len(table)
        self._lines += len(table)
        return line

    def _multiplied(self, table: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """A chain of products, each read only by the next, as one line, so that none waits for the memory that another one writes."""
        products = np.flatnonzero((table[:, SCALAR_OP] == self._codes[MUL.name]) & (table[:, SCALAR_FLAGS] & 3 == 3))
        made_by = np.full(self._shared, -1)
        once = products[self._read_once[table[products, SCALAR_OUT]]]
        made_by[table[once, SCALAR_OUT]] = once
        sources = made_by[table[products, SCALAR_INPUTS : SCALAR_INPUTS + 2]]
        before = np.full(len(table), -1)
        before[products] = np.where(sources[:, 0] >= 0, sources[:, 0], sources[:, 1])
        goes_on = np.zeros(len(table), dtype=bool)
        goes_on[before[before >= 0]] = True
        links = before.tolist()
        gone: list[int] = []
        for last in products[~goes_on[products] & (before[products] >= 0)].tolist():
            found = []
            line = last
            while line >= 0:
                found.append(line)
                line = links[line]
            if len(found) < CHAIN:
                continue
            lines = table[found[::-1]]
            inputs = lines[:, SCALAR_INPUTS : SCALAR_INPUTS + 2]
            fresh = np.where(inputs[1:, 0] == lines[:-1, SCALAR_OUT], inputs[1:, 1], inputs[1:, 0])
            at = self._keep(np.concatenate([inputs[0], fresh, lines[:, SCALAR_OUT]]).astype(np.int64))
            table[last] = PRODUCTS, lines[-1, SCALAR_OUT], at, len(lines) + 1, 0, 0
            gone += found[1:]
        return np.delete(table, gone, axis=0) if gone else table

    def _joined(self, table: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """A product that only one sum or difference of two reads, in one line with it. It is rounded as before, but never stored.

        Of the equations of a model these are two lines in five; without them a run takes three quarters of the time.
        """
        mul, add, sub = (self._codes[row.name] for row in (MUL, ADD, SUB))
        inner = np.full(self._shared, -1)
        products = np.flatnonzero((table[:, SCALAR_OP] == mul) & self._read_once[table[:, SCALAR_OUT]])
        inner[table[products, SCALAR_OUT]] = products
        outer = np.flatnonzero((table[:, SCALAR_OP] == add) | (table[:, SCALAR_OP] == sub))
        of_both = inner[table[outer, SCALAR_INPUTS : SCALAR_INPUTS + 2]]
        outer, of_both = outer[(of_both >= 0).any(axis=1)], of_both[(of_both >= 0).any(axis=1)]
        k = (of_both[:, 1] >= 0).astype(int)  # which input is the product; of two the second
        product, other = table[np.take_along_axis(of_both, k[:, None], axis=1)[:, 0]], table[outer, SCALAR_INPUTS + 1 - k]
        wanted = product[:, SCALAR_FLAGS] & 3 | np.where(table[outer, SCALAR_FLAGS] & (2 - k), 4, 0)
        code = np.where(table[outer, SCALAR_OP] == add, MUL_ADD, np.where(k == 1, SUB_MUL, MUL_SUB))
        table[outer] = np.column_stack(
            [code, table[outer, SCALAR_OUT], product[:, SCALAR_INPUTS], product[:, SCALAR_INPUTS + 1], other, wanted]
        )
        gone = np.take_along_axis(of_both, k[:, None], axis=1)[:, 0]
        return np.delete(table, gone, axis=0)

    @cached_property
    def _read_once(self) -> npt.NDArray[np.bool_]:
        """Which of the shared numbers are read exactly once, and not from outside."""
        code = self._program
        reads = np.zeros(code.shared, dtype=np.intp)
        for step in code.instructions:
            if isinstance(step, Scalars):
                reads += np.bincount(step.inputs[~step.input_batched], minlength=code.shared)
                continue
            for operand in (*step.operands, *([] if step.mask is None else [step.mask])):
                if not operand.batched:
                    np.add.at(reads, operand.all_places().ravel(), 1)
        once: npt.NDArray[np.bool_] = reads == 1
        once[code.results[0]] = False
        return once

    def _each_with_samples(self, step: Scalars) -> Table:
        """A line each."""
        table = np.zeros((len(step.operations), COLUMNS), dtype=np.int64)
        table[:, OP] = self._codes_of(step.operations)
        table[:, SIZE] = table[:, TERMS] = table[:, WIDTH] = 1
        table[:, OUT] = np.where(step.output_batched, -1 - step.outputs, step.outputs)
        table[:, CHECKED] = step.checked
        for k in range(MASK + 1):
            table[:, OPERANDS + FIELDS * k + KIND] = NONE
        places = np.where(step.input_batched, -1 - step.inputs, step.inputs)
        for has, k, inputs in self._inputs(step):
            at = OPERANDS + FIELDS * k
            piece = step.input_batched[inputs] | ~step.output_batched[has]
            table[has, at + KIND] = np.where(piece, PIECE, GRID)
            table[has, at + START] = places[inputs]
            table[has, at + INNER] = 1
            table[has, at + WANTED] = ~step.input_constant[inputs]
            table[has, at + IS_BATCHED] = step.input_batched[inputs]
            repeated = np.flatnonzero(~piece)
            which, numbers = self._known(step.inputs[inputs[repeated]])
            bits = numbers.view(np.int64)  # by which 0.0 and -0.0 differ
            for first in np.unique(bits, return_index=True)[1].tolist():
                row = self._row_of(float(numbers[first]))
                if row is None:
                    break
                lines = has[repeated[which[bits == bits[first]]]]
                table[lines, at + KIND], table[lines, at + START], table[lines, at + IS_BATCHED] = PIECE, row, 1
        for i, own in self._ranges(step, self._sums(step)):
            halves = 2 if step.operations[i] is DOT else 1
            terms = (own.stop - own.start) // halves
            table[i, TERMS] = terms
            for k in range(halves):
                part = slice(own.start + k * terms, own.start + (k + 1) * terms)
                at = OPERANDS + FIELDS * k
                table[i, at : at + FIELDS] = LIST, self._keep(places[part]), 1, 0, 0, not step.input_constant[part].all(), 0, 0, 0
        for i in self._with_constants(step).tolist():
            operation = step.operations[i]
            for k, place in enumerate(self._own_constants(operation), operation.arity or 0):
                at = OPERANDS + FIELDS * k
                table[i, at : at + FIELDS] = GRID, place, 1, *[0] * (FIELDS - 3)
        return table

    @staticmethod
    def _ranges(step: Scalars, which: npt.NDArray[np.intp]) -> Iterator[tuple[int, slice]]:
        """The inputs of some of the scalars."""
        ends = step.ends.tolist()
        for i in which.tolist():
            yield i, slice(ends[i - 1] if i else 0, ends[i])


def _which(step: Scalars, some: Collection[Operation]) -> npt.NDArray[np.intp]:
    """The scalars whose operation is one of some."""
    found = set(step.operations).intersection(some)  # in most programs none is
    return np.array([i for i, operation in enumerate(step.operations) if operation in found] if found else [], dtype=np.intp)


def _pieces(places: Places, numbers: npt.NDArray[np.float64]) -> list[tuple[Index, npt.NDArray[np.float64]]]:
    """The numbers at ascending places by runs of places side by side; as one, where these are many."""
    cuts = np.flatnonzero(np.diff(places) != 1) + 1
    if len(cuts) > FEW_PIECES:
        return [(places, numbers)]
    runs = zip(np.split(places, cuts), np.split(numbers, cuts), strict=True)
    return [(slice(int(run[0]), int(run[-1]) + 1), part) for run, part in runs if run.size]


def _is_scattered(operand: Operand) -> bool:
    """Whether its numbers, which differ from sample to sample, do not lie side by side."""
    return operand.batched and bool((np.diff(operand.all_places().ravel()) != 1).any())


def _is_mask(step: Instruction) -> bool:
    """Whether errors count where gradients come."""
    a, b = step.error_mask, step.mask
    return a is not None and b is not None and a.batched == b.batched and np.array_equal(a.all_places(), b.all_places())


def _split(step: Instruction | Scalars) -> Iterator[Instruction | Scalars]:
    """The step, or its few rows, where each is to be a line."""
    if (
        isinstance(step, Scalars)
        or not (step.batched and 1 < step.size <= FEW_ROWS and any(map(_is_scattered, step.operands)))
        or step.stacked
        or isinstance(step, Matmul)
    ):
        yield step
        return
    for i in range(step.size):
        operands = tuple([_one_of(operand, i) for operand in step.operands])
        mask, error_mask = (None if x is None else _one_of(x, i) for x in (step.mask, step.error_mask))
        yield replace(step, shape=(1,), start=step.start + i, operands=operands, mask=mask, error_mask=error_mask)


def _one_of(operand: Operand, i: int) -> Operand:
    place = int(operand.all_places().flat[i])
    return replace(operand, shape=(1,), start=place, strides=(0,), places=None, distinct=True)


def _place(i: int, batched: bool) -> int:
    return -1 - i if batched else i


def _places(places: Places, batched: bool) -> Table:
    return (-1 - places if batched else places).astype(np.int64)


def _merged(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """The loops through a strided view, how often and how far, with as few as do: a loop that goes on where the inner one ends is none."""
    loops: list[tuple[int, int]] = []
    for n, stride in zip(shape, strides, strict=True):
        if n == 1:
            continue
        if loops and loops[-1][1] == n * stride:
            loops[-1] = loops[-1][0] * n, stride
        else:
            loops.append((n, stride))
    return loops
