"""Which gradients are the first ones at their place: these are written there, so that storage for gradients need not be set to 0.

Backward goes through the steps from the last to the first. A place whose gradient is read, or added to, before any is written must hold
a 0: where results are, for their own gradients; where a step adds that cannot write; and where no gradient ever comes to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Code, Instruction, Operand, Places, Scalars

Cells = npt.NDArray[np.intp]
"""Places of both kinds in one count: the shared ones, then the batched ones."""


class Firsts:
    """Goes through the steps of a code, from the last to the first.

    Attributes:
        zero: the cells that must hold 0 before.
    """

    def __init__(self, code: Code) -> None:
        self._program, self._shared = code, code.shared
        self._written = np.zeros(code.shared + code.batched, dtype=bool)
        self.zero = np.zeros_like(self._written)
        self._need(self._joined(code.results))

    def finish(self) -> None:
        """What is wanted of a leaf that no step has written to is 0."""
        self._need(self._joined(self._program.wanted))

    def added(self, step: Instruction | Scalars) -> None:
        """A step that adds its gradients."""
        for one in step.single if isinstance(step, Scalars) and step.batched else (step,):
            if isinstance(one, Scalars):
                self._need(one.outputs)
                self._need(one.inputs[~one.input_constant])
            elif not one.constant:
                self._need(self._outputs(one))
                for operand in one.operands:
                    if not operand.constant:
                        self._need(self._cells(operand.all_places().ravel(), operand.batched))

    def of_vectors(self, step: Instruction) -> list[bool]:
        """For each operand whether its gradients are the first ones. Of operands that overlap none are, in whichever order they come."""
        if step.constant:
            return [False] * len(step.operands)
        self._need(self._outputs(step))
        wanted = [operand for operand in step.operands if not operand.constant]
        cells = np.concatenate([np.unique(self._cells(operand.all_places().ravel(), operand.batched)) for operand in wanted])
        if len(np.unique(cells)) != len(cells):
            self._need(cells)
        return [not operand.constant and self._first(operand) for operand in step.operands]

    def of_scalars(self, step: Scalars, sums: Places) -> npt.NDArray[np.bool_]:
        """The same for each input of scalars with samples, all at once. What is read by `sums`, some of them, is added to.

        Backward reaches the last scalar first, and its inputs in their order: of those that are the same place the first one writes.
        """
        counts = np.diff(step.ends, prepend=0)
        owner = np.repeat(np.arange(counts.size), counts)
        backward = np.lexsort((np.arange(owner.size), -owner))
        backward = backward[~step.input_constant[backward]]
        cells = step.inputs + self._shared * step.input_batched
        found, at = np.unique(cells[backward], return_index=True)
        new = backward[at[~self._written[found]]]
        first = np.zeros(owner.size, dtype=bool)
        first[new] = True
        first[np.isin(owner, sums)] = False
        self._need(cells[new[~first[new]]])
        self._written[found] = True
        reads = np.unique(owner[backward])
        self._need(step.outputs[reads] + self._shared * step.output_batched[reads])
        return first

    def _first(self, operand: Operand) -> bool:
        cells = self._cells(operand.all_places().ravel(), operand.batched)
        repeated = any(n > 1 and not stride for n, stride in zip(operand.shape, operand.strides, strict=False))
        if not operand.distinct or repeated or self._written[cells].any():
            self._need(cells)
            return False
        self._written[cells] = True
        return True

    def _need(self, cells: Cells) -> None:
        self.zero[cells[~self._written[cells]]] = True
        self._written[cells] = True

    def _outputs(self, step: Instruction) -> Cells:
        return self._cells(np.arange(step.start, step.start + step.size), step.batched)

    def _cells(self, places: Places, batched: bool) -> Cells:
        return places + self._shared if batched else places

    def _joined(self, kinds: Sequence[Places]) -> Cells:
        shared, batched = kinds
        return np.concatenate([shared, batched + self._shared])
