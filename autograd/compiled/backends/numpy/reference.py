"""Run code with NumPy: the reference that every other backend is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Array, Load, Seed, Storage, Violation
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.compiled.backends.numpy.kinds import RULES, Moving, columns
from autograd.compiled.ir import Code, Instruction, Operand, Scalars
from autograd.namespaces import FLOATS
from autograd.ops import outside, product


class Reference:
    """Code that NumPy runs, instruction by instruction. See `backends.contract.Executable`."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def storage(self, samples: int = 1) -> Storage:
        """See `Executable`."""
        data = self.zeros(samples)
        places, numbers = self.code.fixed
        data.shared[places] = numbers
        return data

    def zeros(self, samples: int = 1) -> Storage:
        """See `Executable`."""
        return Storage(np.zeros(self.code.shared), np.zeros((self.code.batched, samples)))

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
        """See `Executable`."""
        grads = self.zeros(samples) if spare is None else spare
        if spare is not None:
            grads.shared[...] = grads.batched[...] = 0.0
        if seed is not None:
            grads.set(*seed)
        return grads

    def plan(self, arrays: Sequence[tuple[bool, int, int]]) -> Load | None:
        """See `Executable`: arrays are loaded one by one."""
        return None

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        left = [
            (instruction, _counted(instruction, bad, data)) for instruction, bad in run(self.code.instructions, data)
        ]  # a mask may be computed after its use
        return [(instruction, bad) for instruction, bad in left if np.any(bad)]

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`."""
        pull(self.code.instructions, data, grads)

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`."""
        with np.errstate(all="ignore"):
            for instruction in self.code.flattened:
                if instruction.constant:
                    continue
                of_inputs = Moving(_inputs(instruction, tangents), [x != 0.0 for x in _inputs(instruction, moving)])
                total, moves = RULES[type(instruction)].tangents(
                    instruction, data.outputs(instruction), _inputs(instruction, data), of_inputs
                )
                wanted = _wanted(instruction, data) & moves
                tangents.outputs(instruction)[...] = np.where(wanted, total, 0.0)
                moving.outputs(instruction)[...] = np.where(wanted, 1.0, 0.0)


load: Callable[[Code], Reference] = Reference


def run(instructions: Iterable[Instruction | Scalars], data: Storage) -> list[Violation]:
    """Compute some instructions; those that met a pole or left their domain, whether that is an error or not."""
    left: list[Violation] = []
    with np.errstate(all="ignore"):
        for instruction in instructions:
            if isinstance(instruction, Scalars):
                left += run(instruction.single, data) if instruction.batched else _scalars(instruction, data)
                continue
            inputs = _inputs(instruction, data)
            out = data.outputs(instruction)
            if instruction.checked:
                bad = outside(instruction.operation, ARRAYS, *columns(instruction, inputs))
                if np.any(bad):
                    left.append((instruction, np.broadcast_to(bad, out.shape)))
            RULES[type(instruction)].value(instruction, inputs, out)
    return left


def pull(instructions: Sequence[Instruction | Scalars], data: Storage, grads: Storage) -> None:
    """The chain rule through some instructions, from the last to the first: add to `grads`, which holds the gradients of the results."""
    with np.errstate(all="ignore"):
        for instruction in reversed(instructions):
            if isinstance(instruction, Scalars):
                if instruction.batched:
                    pull(instruction.single, data, grads)
                else:
                    _pull_scalars(instruction, data, grads)
                continue
            if instruction.constant:
                continue
            parts = RULES[type(instruction)].parts(
                instruction, data.outputs(instruction), _inputs(instruction, data), grads.outputs(instruction)
            )
            for operand, part in zip(instruction.operands, parts, strict=True):
                if not operand.constant:
                    grads.add(operand, _summed(instruction, operand, _selected(instruction, data, part)))


def _scalars(instruction: Scalars, data: Storage) -> list[Violation]:
    """Scalars without samples, as Python's floats: much quicker than arrays of one number."""
    x = data.shared.tolist()
    left = []
    places, outputs = instruction.inputs.tolist(), instruction.outputs.tolist()
    for i, own in instruction.terms():
        inputs = [x[place] for place in places[own]]
        if instruction.checked[i] and outside(instruction.operations[i], FLOATS, *inputs):
            left.append(i)
        x[outputs[i]] = instruction.operations[i].value(FLOATS, *inputs)
    data.shared[:] = x
    return [(instruction.single[i], np.array([True])) for i in left]


def _pull_scalars(instruction: Scalars, data: Storage, grads: Storage) -> None:
    x, d = data.shared.tolist(), grads.shared.tolist()
    places, outputs, constant = instruction.inputs.tolist(), instruction.outputs.tolist(), instruction.input_constant.tolist()
    for i, own in reversed([*instruction.terms()]):
        if all(constant[own]):
            continue
        operation, gradient = instruction.operations[i], d[outputs[i]]
        inputs = [x[place] for place in places[own]]
        for place, fixed, slope in zip(places[own], constant[own], operation.slopes(FLOATS, x[outputs[i]], *inputs), strict=True):
            if not fixed:
                d[place] += product(operation, FLOATS, slope, gradient)
    grads.shared[:] = d


def _inputs(instruction: Instruction, data: Storage) -> list[Array]:
    """What the instruction reads; what is shared has an axis of length 1 for the samples where other things are batched."""
    inputs = [data.read(operand) for operand in instruction.operands]
    if instruction.batched and RULES[type(instruction)].aligned:
        inputs = [x if operand.batched else x[..., None] for x, operand in zip(inputs, instruction.operands, strict=True)]
    return inputs


def _counted(instruction: Instruction, bad: Any, data: Storage) -> Any:
    """Where it is an error that a domain was left, with an axis for the samples."""
    each = bad if instruction.batched else bad[..., None]
    if instruction.excused is None:
        return each
    counts = data.read(instruction.excused) != 0.0
    return each & (counts if instruction.excused.batched else counts[..., None])


def _wanted(instruction: Instruction, data: Storage) -> Any:
    """Where the outputs of an instruction are wanted, in their shape or one that fits it."""
    if instruction.mask is None:
        return True
    wanted = data.read(instruction.mask) != 0.0
    if instruction.mask.batched and not instruction.batched:
        return wanted.any(axis=-1)
    return wanted[..., None] if instruction.batched and not instruction.mask.batched else wanted


def _selected(instruction: Instruction, data: Storage, part: Any) -> Any:
    """A gradient: exactly 0 where the instruction's output is not wanted, also if it is inf or nan there."""
    if instruction.mask is None:
        return part
    wanted = _wanted(instruction, data)
    return np.where(wanted[:, None] if instruction.stacked else wanted, part, 0.0)


def _summed(instruction: Instruction, operand: Operand, part: Any) -> Any:
    """A gradient of something shared: the sum over the samples, unless the rule has taken it."""
    if operand.batched or not instruction.batched or not RULES[type(instruction)].aligned:
        return part
    return np.sum(part, axis=-1)
