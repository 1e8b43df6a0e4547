"""Which arguments only matrix products read: the native machine can read those where the caller has them, without a copy.

Of arguments with samples that is possible where products read all numbers of a sample, one beside the other, as the caller has them too;
storage has one number of all samples beside the other. Such numbers are *turned*: they are in storage sample by sample.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd.compiled.ir import Code, Matmul, Operand, Places, Scalars

FEW = 32
"""If others read one in so many numbers of an array, or fewer, products still read the rest without a copy."""


class Reads:
    """Who reads the arguments of a program.

    Attributes:
        turned: batched places that only products read, and as a whole; from, and up to.
    """

    def __init__(self, code: Code) -> None:
        self._others = [np.ones(size, dtype=bool) for size in (code.shared, code.batched)]
        for others, given, results, wanted in zip(self._others, code.given, code.results, code.wanted, strict=True):
            others[given] = False
            others[results] = True
            if others is self._others[True]:
                others[wanted] = True  # the gradients of a product by its samples are not turned
        self._reach: list[tuple[int, int]] = []
        found: set[tuple[int, int]] = set()
        for operand, is_rows in _operands(code):
            if not is_rows:
                self._others[operand.batched][operand.all_places().ravel()] = True
            elif operand.batched:
                found.add(_extent(operand))
            else:
                self._reach.append(_extent(operand))
        for step in code.instructions:
            if isinstance(step, Scalars):
                for batched in (False, True):
                    self._others[batched][step.inputs[step.input_batched == batched]] = True
        reads = np.zeros(code.batched, dtype=np.intp)
        for start, stop in found:
            reads[start:stop] += 1  # of two that overlap none can be turned
        others = self._others[True] | (reads != 1)
        self.turned = sorted([(start, stop) for start, stop in found if not others[start:stop].any()])

    def turned_in(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Those of `turned` that have some of these places."""
        return [x for x in self.turned if x[0] < stop and start < x[1]]

    def otherwise(self, start: int, stop: int) -> Places | None:
        """Of an array that is a shared argument, at these places: which of them are read by others. None: nothing is gained."""
        others = start + np.flatnonzero(self._others[False][start:stop])
        within = all(start <= first and last <= stop for first, last in self._reach if first < stop and start < last)
        return others if within and FEW * others.size < stop - start else None


def _operands(code: Code) -> Iterator[tuple[Operand, bool]]:
    """What instructions read, and whether a product does, by rows that lie in one piece each."""
    for step in code.instructions:
        if isinstance(step, Scalars):
            continue
        for operand in (*step.operands, *([] if step.mask is None else [step.mask])):
            is_rows = isinstance(step, Matmul) and operand.row_distance is not None
            if operand.batched:
                is_rows = is_rows and operand.shape[0] == 1 and not all(x.batched for x in step.operands)
            yield operand, is_rows


def _extent(operand: Operand) -> tuple[int, int]:
    """The first place of rows, and the one behind the last."""
    rows, terms = operand.shape
    return operand.start, operand.start + (rows - 1) * operand.strides[0] + terms
