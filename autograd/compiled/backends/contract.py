"""The contract of a backend: `load(code)` gives an executable, which runs the code any number of times.

A backend is a module or an object with that one function. It imports the contract, the intermediate representation, and the op table,
and nothing else of the house. What it keeps for a program, tables or compiled functions, belongs to the executable. What is legal code
stands in `ir.check`: operands may overlap. The reference is `backends.numpy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Code, Index, Instruction, Operand

Array = npt.NDArray[np.float64]

Seed = tuple[bool, int, float]
"""The gradient of a result that is one number: whether it is batched, its place, and what stands there, for each sample."""

Violation = tuple[Instruction, Any]
"""An instruction that left its domain, and where: in the shape of the instruction, and a last axis for the samples, of length 1 where it is
the same for all of them."""


@dataclass(slots=True)
class Storage:
    """The numbers of one run: `shared` ones, and `batched` ones of so many samples. A run has its own, so threads can share a program."""

    shared: Array
    batched: Array

    def put(self, rows: Index | int, numbers: Array) -> None:
        """Set batched numbers: a row for each place, a column for each sample."""
        self.batched[rows] = numbers

    def set(self, batched: bool, place: int, number: float) -> None:
        """Set one number, for all samples."""
        (self.batched if batched else self.shared)[place] = number

    def give_back(self) -> None:
        """Let go of arrays that were lent."""

    def straight(self) -> Storage:
        """With all numbers where the reference finds them."""
        return self

    def read(self, operand: Operand) -> Array:
        """The operand's numbers: a view where it is regular, a copy where they have to be gathered."""
        array = self.batched if operand.batched else self.shared
        if operand.places is not None:
            return array[operand.places]
        return self.view(operand.batched, operand.start, operand.shape, operand.strides)

    def view(self, batched: bool, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
        """A strided view, by the constructor of ndarray, which is much quicker than `as_strided`, and checks the bounds."""
        if batched:
            n = self.batched.shape[1]
            return np.ndarray((*shape, n), np.float64, self.batched, 8 * n * start, (*[8 * n * stride for stride in strides], 8))
        return np.ndarray(shape, np.float64, self.shared, 8 * start, tuple([8 * stride for stride in strides]))

    def outputs(self, instruction: Instruction) -> Array:
        """Where an instruction writes."""
        array = self.batched if instruction.batched else self.shared
        return array[instruction.start : instruction.start + instruction.size].reshape(instruction.shape + array.shape[1:])

    def add(self, operand: Operand, part: Any) -> None:
        """Add to the gradient of an operand; numbers that are read several times receive the sum."""
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


Load = Callable[[Storage, list[Array], bool], bool]
"""Puts arrays where they belong. The bool says that they will not change until the storage is given back, so that it may read them where
they are. Whether it could."""


class Executable(Protocol):
    """Code that a backend has loaded.

    Attributes:
        code: what was loaded.
    """

    code: Code

    def storage(self, samples: int = 1) -> Storage:
        """For the numbers of one run: the constants are there already."""
        ...  # pragma: no cover - a protocol

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
        """For the gradients of one run: 0 where `backward` adds to what is there, and the gradient of a result; anew, or `spare`."""
        ...  # pragma: no cover - a protocol

    def plan(self, arrays: Sequence[tuple[bool, int, int]]) -> Load | None:
        """What loads such arrays at once: batched or not, from which place on, and how many numbers a sample; None: one by one."""
        ...  # pragma: no cover - a protocol

    def forward(self, data: Storage) -> list[Violation]:
        """Compute every instruction; returns the instructions that left their domain."""
        ...  # pragma: no cover - a protocol

    def backward(self, data: Storage, grads: Storage) -> None:
        """Add the gradients of everything to `grads`, which holds those of the results."""
        ...  # pragma: no cover - a protocol

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """Derivatives in a direction: `tangents` holds those of the leaves, and receives all others.

        `moving` holds for each leaf whether it has a tangent, and receives it for everything else: what has none adds nothing to what is
        computed from it, also where a slope is infinite. Both are storage as `zeros` gives it.
        """
        ...  # pragma: no cover - a protocol

    def zeros(self, samples: int = 1) -> Storage:
        """Storage for the derivatives in a direction, all 0."""
        ...  # pragma: no cover - a protocol


class Backend(Protocol):
    """What loads code."""

    def load(self, code: Code) -> Executable:
        """Make the code ready to be run."""
        ...  # pragma: no cover - a protocol
