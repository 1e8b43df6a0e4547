"""The reference backend: runs code with NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Array, Seed, Storage, Violation
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.compiled.backends.numpy.kinds import RULES, Moving, columns
from autograd.compiled.backends.numpy.long_loops import pull_rounds, push_rounds, run_rounds
from autograd.compiled.floating_errors import quietly
from autograd.compiled.ir import Code, Instruction, LongLoop, Operand, Scalars
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

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        violations = run(self.code.instructions, data)  # all of them, because a mask may be computed after the instruction
        errors = [(instruction, _errors(instruction, where, data)) for instruction, where in violations]
        return [(instruction, where) for instruction, where in errors if np.any(where)]

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`."""
        pull(self.code.instructions, data, grads)

    def differentiate(self, data: Storage, grads: Storage) -> list[Violation]:
        """See `Executable`."""
        violations = self.forward(data)
        if not violations:
            self.backward(data, grads)
        return violations

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`."""
        quietly(_push, self.code, data, tangents, moving)


load: Callable[[Code], Reference] = Reference


def run(instructions: Iterable[Instruction | Scalars], data: Storage) -> list[Violation]:
    """Compute some instructions. Returns those that left their domain, whether this is an error or not."""
    return quietly(_run, instructions, data)


def _run(instructions: Iterable[Instruction | Scalars], data: Storage) -> list[Violation]:
    violations: list[Violation] = []
    for instruction in instructions:
        if isinstance(instruction, LongLoop):
            violations += run_rounds(instruction, data)
            continue
        if isinstance(instruction, Scalars):
            violations += _run(instruction.single, data) if instruction.batched else _scalars(instruction, data)
            continue
        inputs = _inputs(instruction, data)
        out = data.outputs(instruction)
        if instruction.checked:
            bad = outside(instruction.operation, ARRAYS, *columns(instruction, inputs))
            if np.any(bad):
                violations.append((instruction, np.broadcast_to(bad, out.shape)))
        RULES[type(instruction)].value(instruction, inputs, out)
    return violations


def pull(instructions: Sequence[Instruction | Scalars], data: Storage, grads: Storage) -> None:
    """The chain rule through some instructions, from the last to the first. Adds to `grads`, which contains those of the results."""
    quietly(_pull, instructions, data, grads)


def _pull(instructions: Sequence[Instruction | Scalars], data: Storage, grads: Storage) -> None:
    for instruction in reversed(instructions):
        if isinstance(instruction, LongLoop):
            pull_rounds(instruction, data, grads)
            continue
        if isinstance(instruction, Scalars):
            if instruction.batched:
                _pull(instruction.single, data, grads)
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


def _push(code: Code, data: Storage, tangents: Storage, moving: Storage) -> None:
    """See `Reference.push_forward`."""
    for each in code.instructions:
        if isinstance(each, LongLoop):
            push_rounds(each, data, tangents, moving)
            continue
        for instruction in each.single if isinstance(each, Scalars) else [each]:
            _push_one(instruction, data, tangents, moving)


def _push_one(instruction: Instruction, data: Storage, tangents: Storage, moving: Storage) -> None:
    if instruction.constant:
        return
    of_inputs = Moving(_inputs(instruction, tangents), [x != 0.0 for x in _inputs(instruction, moving)])
    total, moves = RULES[type(instruction)].tangents(instruction, data.outputs(instruction), _inputs(instruction, data), of_inputs)
    wanted = _wanted(instruction, data) & moves
    tangents.outputs(instruction)[...] = np.where(wanted, total, 0.0)
    moving.outputs(instruction)[...] = np.where(wanted, 1.0, 0.0)


def _scalars(instruction: Scalars, data: Storage) -> list[Violation]:
    """Compute scalars without samples as Python floats, which avoids an array for each number."""
    x = data.shared.tolist()
    failed = []
    places, outputs = instruction.inputs.tolist(), instruction.outputs.tolist()
    for i, own in instruction.terms():
        inputs = [x[place] for place in places[own]]
        if instruction.checked[i] and outside(instruction.operations[i], FLOATS, *inputs):
            failed.append(i)
        x[outputs[i]] = instruction.operations[i].value(FLOATS, *inputs)
    data.shared[:] = x
    return [(instruction.single[i], np.array([True])) for i in failed]


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
    """The inputs of an instruction. If it is batched, shared ones get an axis of length 1 for the samples, unless its rule does that."""
    inputs = [data.read(operand) for operand in instruction.operands]
    if instruction.batched and RULES[type(instruction)].aligned:
        inputs = [x if operand.batched else x[..., None] for x, operand in zip(inputs, instruction.operands, strict=True)]
    return inputs


def _errors(instruction: Instruction, where: Any, data: Storage) -> Any:
    """Where it is an error that an input is outside the domain, with an axis for the samples."""
    each = where if instruction.batched else where[..., None]
    if instruction.error_mask is None:
        return each
    counts = data.read(instruction.error_mask) != 0.0
    return each & (counts if instruction.error_mask.batched else counts[..., None])


def _wanted(instruction: Instruction, data: Storage) -> Any:
    """Where the outputs of an instruction receive a gradient, in a shape that broadcasts to theirs."""
    if instruction.mask is None:
        return True
    wanted = data.read(instruction.mask) != 0.0
    if instruction.mask.batched and not instruction.batched:
        return wanted.any(axis=-1)
    return wanted[..., None] if instruction.batched and not instruction.mask.batched else wanted


def _selected(instruction: Instruction, data: Storage, part: Any) -> Any:
    """A gradient that is exactly 0 where the output of the instruction is masked, even if it was inf or nan there."""
    if instruction.mask is None:
        return part
    wanted = _wanted(instruction, data)
    return np.where(wanted[:, None] if instruction.stacked else wanted, part, 0.0)


def _summed(instruction: Instruction, operand: Operand, part: Any) -> Any:
    """The gradient of an operand. That of a shared one is the sum over the samples, unless its rule has already taken the sum."""
    if operand.batched or not instruction.batched or not RULES[type(instruction)].aligned:
        return part
    return np.sum(part, axis=-1)
