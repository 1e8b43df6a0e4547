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
        left = [(one, _counted(one, bad, data)) for one, bad in run(self.code.instructions, data)]  # a mask may be computed after its use
        return [(one, bad) for one, bad in left if np.any(bad)]

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`."""
        pull(self.code.instructions, data, grads)

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`."""
        with np.errstate(all="ignore"):
            for one in self.code.flattened:
                if one.constant:
                    continue
                of_inputs = Moving(_inputs(one, tangents), [x != 0.0 for x in _inputs(one, moving)])
                total, moves = RULES[type(one)].tangents(one, data.outputs(one), _inputs(one, data), of_inputs)
                wanted = _wanted(one, data) & moves
                tangents.outputs(one)[...] = np.where(wanted, total, 0.0)
                moving.outputs(one)[...] = np.where(wanted, 1.0, 0.0)


load: Callable[[Code], Reference] = Reference


def run(instructions: Iterable[Instruction | Scalars], data: Storage) -> list[Violation]:
    """Compute some instructions; those that met a pole or left their domain, whether that is an error or not."""
    left: list[Violation] = []
    with np.errstate(all="ignore"):
        for one in instructions:
            if isinstance(one, Scalars):
                left += run(one.single, data) if one.batched else _scalars(one, data)
                continue
            inputs = _inputs(one, data)
            out = data.outputs(one)
            if one.checked:
                bad = outside(one.operation, ARRAYS, *columns(one, inputs))
                if np.any(bad):
                    left.append((one, np.broadcast_to(bad, out.shape)))
            RULES[type(one)].value(one, inputs, out)
    return left


def pull(instructions: Sequence[Instruction | Scalars], data: Storage, grads: Storage) -> None:
    """The chain rule through some instructions, from the last to the first: add to `grads`, which holds the gradients of the results."""
    with np.errstate(all="ignore"):
        for one in reversed(instructions):
            if isinstance(one, Scalars):
                if one.batched:
                    pull(one.single, data, grads)
                else:
                    _pull_scalars(one, data, grads)
                continue
            if one.constant:
                continue
            parts = RULES[type(one)].parts(one, data.outputs(one), _inputs(one, data), grads.outputs(one))
            for operand, part in zip(one.operands, parts, strict=True):
                if not operand.constant:
                    grads.add(operand, _summed(one, operand, _selected(one, data, part)))


def _scalars(one: Scalars, data: Storage) -> list[Violation]:
    """Scalars without samples, as Python's floats: much quicker than arrays of one number."""
    x = data.shared.tolist()
    left = []
    places, outputs = one.inputs.tolist(), one.outputs.tolist()
    for i, own in one.terms():
        inputs = [x[place] for place in places[own]]
        if one.checked[i] and outside(one.operations[i], FLOATS, *inputs):
            left.append(i)
        x[outputs[i]] = one.operations[i].value(FLOATS, *inputs)
    data.shared[:] = x
    return [(one.single[i], np.array([True])) for i in left]


def _pull_scalars(one: Scalars, data: Storage, grads: Storage) -> None:
    x, d = data.shared.tolist(), grads.shared.tolist()
    places, outputs, constant = one.inputs.tolist(), one.outputs.tolist(), one.input_constant.tolist()
    for i, own in reversed([*one.terms()]):
        if all(constant[own]):
            continue
        operation, gradient = one.operations[i], d[outputs[i]]
        inputs = [x[place] for place in places[own]]
        for place, fixed, slope in zip(places[own], constant[own], operation.slopes(FLOATS, x[outputs[i]], *inputs), strict=True):
            if not fixed:
                d[place] += product(operation, FLOATS, slope, gradient)
    grads.shared[:] = d


def _inputs(one: Instruction, data: Storage) -> list[Array]:
    """What the instruction reads; what is shared has an axis of length 1 for the samples where other things are batched."""
    inputs = [data.read(operand) for operand in one.operands]
    if one.batched and RULES[type(one)].aligned:
        inputs = [x if operand.batched else x[..., None] for x, operand in zip(inputs, one.operands, strict=True)]
    return inputs


def _counted(one: Instruction, bad: Any, data: Storage) -> Any:
    """Where it is an error that a domain was left, with an axis for the samples."""
    each = bad if one.batched else bad[..., None]
    if one.excused is None:
        return each
    counts = data.read(one.excused) != 0.0
    return each & (counts if one.excused.batched else counts[..., None])


def _wanted(one: Instruction, data: Storage) -> Any:
    """Where the outputs of an instruction are wanted, in their shape or one that fits it."""
    if one.mask is None:
        return True
    wanted = data.read(one.mask) != 0.0
    if one.mask.batched and not one.batched:
        return wanted.any(axis=-1)
    return wanted[..., None] if one.batched and not one.mask.batched else wanted


def _selected(one: Instruction, data: Storage, part: Any) -> Any:
    """A gradient: exactly 0 where the instruction's output is not wanted, also if it is inf or nan there."""
    if one.mask is None:
        return part
    wanted = _wanted(one, data)
    return np.where(wanted[:, None] if one.stacked else wanted, part, 0.0)


def _summed(one: Instruction, operand: Operand, part: Any) -> Any:
    """A gradient of something shared: the sum over the samples, unless the rule has taken it."""
    if operand.batched or not one.batched or not RULES[type(one)].aligned:
        return part
    return np.sum(part, axis=-1)
