"""The contract of a backend: `load(code)` returns an executable, which runs the code any number of times.

A backend is a module or an object with this one function. It imports the contract, the intermediate representation, the op table with its
namespaces, and the errors, and nothing else of the package; it may build on the reference. What it keeps for a program, such as tables or
compiled functions, belongs to the executable. Legal code is defined by `ir.check`; in particular, operands may overlap. The reference
backend is `backends.numpy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Code, Index, Instruction, Operand

Array = npt.NDArray[np.float64]

Seed = tuple[bool, int, float]
"""The gradient of a result that is one number: whether it is batched, its place, and the gradient for each sample."""

Violation = tuple[Instruction, Any]
"""An instruction that left its domain, and an array of bools that says where. Its axes are those of the instruction, and a last one for the
samples, of length 1 if they are all the same."""


@dataclass(slots=True)
class Storage:
    """The numbers of one run, shared ones and batched ones. Each run has its own storage, so threads can share a program.

    A backend may have storage that keeps only some of the batched numbers: those of leaves and results.
    """

    shared: Array
    batched: Array

    @property
    def samples(self) -> int:
        """The number of samples."""
        return int(self.batched.shape[1])

    def put(self, places: Index | int, numbers: Array | float, lend: bool = False) -> None:
        """Set batched numbers, one row for each place and one column for each sample.

        Args:
            places: those of leaves.
            numbers: the numbers.
            lend: whether the array will not change until it is given back, so that it need not be copied.
        """
        self.batched[places] = numbers

    def give_back(self) -> None:
        """Release arrays of the caller, which were read without a copy."""

    def set(self, batched: bool, place: int, number: float) -> None:
        """Set one number, the same for all samples."""
        (self.batched if batched else self.shared)[place] = number

    def add_rows(self, places: npt.NDArray[np.intp], numbers: Array) -> None:
        """Add to batched numbers, one row for each place. A place that occurs twice receives the sum."""
        np.add.at(self.batched, places, numbers)

    def take(self, places: Index | int) -> Array:
        """Batched numbers of results, one row for each place; of gradients those of leaves. No later run changes them."""
        return self.batched[places].copy() if isinstance(places, (int, slice)) else self.batched[places]

    def read(self, operand: Operand) -> Array:
        """The numbers of the operand: a view if its places are regular, otherwise a copy."""
        array = self.batched if operand.batched else self.shared
        if operand.places is not None:
            return array[operand.places]
        return self.view(operand.batched, operand.start, operand.shape, operand.strides)

    def view(self, batched: bool, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
        """A strided view. The constructor of ndarray checks the bounds, which `as_strided` does not."""
        if batched:
            n = self.batched.shape[1]
            return np.ndarray((*shape, n), np.float64, self.batched, 8 * n * start, (*[8 * n * stride for stride in strides], 8))
        return np.ndarray(shape, np.float64, self.shared, 8 * start, tuple([8 * stride for stride in strides]))

    def outputs(self, instruction: Instruction) -> Array:
        """The view to which an instruction writes."""
        array = self.batched if instruction.batched else self.shared
        return array[instruction.start : instruction.start + instruction.size].reshape(instruction.shape + array.shape[1:])

    def add(self, operand: Operand, part: Any) -> None:
        """Add to the gradient of an operand. A number that is read several times receives the sum."""
        if operand.places is not None:
            array = self.batched if operand.batched else self.shared
            if operand.distinct:
                array[operand.places] += part
            else:
                np.add.at(array, operand.places, part)
            return
        repeated = tuple([axis for axis, stride in enumerate(operand.strides) if stride == 0])
        shape = tuple([1 if stride == 0 else n for n, stride in zip(operand.shape, operand.strides, strict=True)])
        target = self.view(operand.batched, operand.start, shape, operand.strides)
        if repeated:
            full = operand.shape + target.shape[len(shape) :]
            part = np.sum(np.broadcast_to(part, full), axis=repeated, keepdims=True)
        target += part


class Executable(Protocol):
    """Code that a backend has loaded.

    Attributes:
        code: the code that was loaded.
    """

    code: Code

    def storage(self, samples: int = 1) -> Storage:
        """Storage for the numbers of one run, with the constants in their places."""
        ...  # pragma: no cover - a protocol

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
        """Storage for the gradients of one run.

        Args:
            samples: the number of samples.
            seed: the gradient of a result; all other gradients to which `backward` adds are 0.
            spare: storage of an earlier run of as many samples, to be used again; None for new storage.
        """
        ...  # pragma: no cover - a protocol

    def forward(self, data: Storage) -> list[Violation]:
        """Compute all instructions. Returns those that left their domain where this is an error."""
        ...  # pragma: no cover - a protocol

    def backward(self, data: Storage, grads: Storage) -> None:
        """Add the gradients of all numbers to `grads`, which contains those of the results."""
        ...  # pragma: no cover - a protocol

    def differentiate(self, data: Storage, grads: Storage) -> list[Violation]:
        """`forward`, and then `backward` unless an instruction has left its domain. Together they may take less than one by one."""
        ...  # pragma: no cover - a protocol

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """Compute derivatives in a direction, by forward mode.

        Args:
            data: the numbers, after `forward`.
            tangents: contains the tangents of the leaves, and receives those of all other numbers.
            moving: not 0 for each leaf that has a tangent; receives the same for all other numbers. A number without a tangent adds
                nothing to the tangents of others, even if the slope is infinite. Both are storage that `zeros` returns.
        """
        ...  # pragma: no cover - a protocol

    def zeros(self, samples: int = 1) -> Storage:
        """Storage for derivatives in a direction, all 0."""
        ...  # pragma: no cover - a protocol


class Backend(Protocol):
    """Loads code."""

    def load(self, code: Code) -> Executable:
        """Prepare the code to be run."""
        ...  # pragma: no cover - a protocol
