"""Which results each number of a program is differentiated for, if there are several results.

The gradient of one result visits what that result depends on, and nothing else: elsewhere its gradient is 0, and 0 times an infinite slope
would be nan.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Code, Instruction, Matmul, Places

Bits = npt.NDArray[np.uint64]


class Reach:
    """The results that depend on each number.

    Args:
        code: the program.
        results: the places of the results.
    """

    def __init__(self, code: Code, results: Places) -> None:
        self.count = results.size
        self._bits: Bits = np.zeros((code.shared, -(-self.count // 64)), dtype=np.uint64)
        for k, place in enumerate(results.tolist()):
            self._bits[place, k // 64] |= np.uint64(1 << k % 64)
        for instruction in reversed(code.flattened):
            if not instruction.constant:
                self._pull(instruction)

    def _pull(self, instruction: Instruction) -> None:
        outputs = self._bits[instruction.start : instruction.start + instruction.size].reshape(*instruction.shape, -1)
        for k, operand in enumerate(instruction.operands):
            if operand.constant:
                continue
            own = np.bitwise_or.reduce(outputs, axis=1 - k) if isinstance(instruction, Matmul) else outputs
            if len(operand.shape) == own.ndim:  # with an axis of terms
                own = own[..., None, :]
            places = operand.all_places()
            np.bitwise_or.at(self._bits, places.ravel(), np.broadcast_to(own, (*places.shape, own.shape[-1])).reshape(places.size, -1))

    def of(self, instruction: Instruction) -> npt.NDArray[np.bool_]:
        """For each output of an instruction, and each result, whether the result depends on it."""
        return self.at(instruction.start + np.arange(instruction.size).reshape(instruction.shape))

    def at(self, places: Places) -> npt.NDArray[np.bool_]:
        """For each place, and each result, whether the result depends on the number there."""
        k = np.arange(self.count)
        each = (self._bits[places][..., k // 64] >> (k % 64).astype(np.uint64)) & np.uint64(1)
        reached: npt.NDArray[np.bool_] = each != 0
        return reached
