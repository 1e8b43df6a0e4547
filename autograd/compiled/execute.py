"""Execute with NumPy: the reference that every other executor is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.arrays import ARRAYS
from autograd.compiled.layout import Instruction, Layout, Operand
from autograd.compiled.matrices import MATMUL
from autograd.ops import DOT, SUM, outside

Storage = npt.NDArray[np.float64]


class OutsideDomain(Exception):  # noqa: N818 - never reaches a user: the program finds the error that eager code would raise
    """An instruction met a pole or left its domain."""


def forward(layout: Layout, data: Storage) -> None:
    """Compute every instruction, reading from and writing to `data`."""
    with np.errstate(all="ignore"):
        for step in layout.instructions:
            inputs = [read(data, operand) for operand in step.operands]
            out = data[step.start : step.start + step.size].reshape(step.shape)
            operation = step.operation
            if operation is MATMUL:
                np.matmul(inputs[0], inputs[1].T, out=out)
            elif operation is DOT:
                np.vecdot(inputs[0], inputs[1], out=out)  # einsum would take out a repeated factor: (∞ - ∞)·b for ∞·b - ∞·b
            elif operation is SUM:
                np.sum(inputs[0], axis=1, out=out)
            else:
                if operation.arity is None:
                    inputs = list(inputs[0].T)
                if (operation.domain or operation.pole) and np.any(outside(operation, ARRAYS, *inputs)):
                    raise OutsideDomain
                out[...] = operation.value(ARRAYS, *inputs)


def backward(layout: Layout, data: Storage, grads: Storage) -> None:
    """The chain rule, instruction by instruction from the last: add to `grads`, which holds the gradient of the result."""
    with np.errstate(all="ignore"):
        for step in reversed(layout.instructions):
            gradient = grads[step.start : step.start + step.size].reshape(step.shape)
            inputs = [read(data, operand) for operand in step.operands]
            for operand, part in zip(step.operands, _parts(step, data, gradient, inputs), strict=True):
                if not operand.constant:
                    add(grads, operand, part)


def _parts(step: Instruction, data: Storage, gradient: Storage, inputs: list[Any]) -> list[Any]:
    """The gradient by each operand."""
    operation = step.operation
    if operation is MATMUL:
        return [gradient @ inputs[1], gradient.T @ inputs[0]]
    if operation is DOT:
        return [gradient[:, None] * inputs[1], gradient[:, None] * inputs[0]]
    if operation is SUM:
        return [np.broadcast_to(gradient[:, None], step.operands[0].shape)]
    y = data[step.start : step.start + step.size].reshape(step.shape)
    if operation.arity is None:
        columns = operation.slopes(ARRAYS, y, *inputs[0].T)
        return [np.stack([slope * gradient for slope in columns], axis=1)]
    slopes = [None if x.constant else rule(ARRAYS, y, *inputs) for x, rule in zip(step.operands, operation.derivatives, strict=True)]
    return [gradient if isinstance(slope, float) and slope == 1.0 else None if slope is None else slope * gradient for slope in slopes]


def read(data: Storage, operand: Operand) -> Storage:
    """The operand's numbers: a view where it is regular, a copy where they have to be gathered."""
    if operand.places is not None:
        return data[operand.places]
    return view(data, operand.start, operand.shape, operand.strides)


def view(storage: Storage, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Storage:
    """A strided view. The constructor of ndarray makes one in a tenth of the time of `as_strided`, and checks the bounds."""
    return np.ndarray(shape, np.float64, storage, 8 * start, tuple([8 * stride for stride in strides]))


def add(grads: Storage, operand: Operand, part: Any) -> None:
    """Add to the gradient of an operand; numbers that are read several times receive the sum."""
    if operand.places is not None:
        if operand.distinct:
            grads[operand.places] += part
        else:
            np.add.at(grads, operand.places, part)
        return
    repeated = tuple(axis for axis, stride in enumerate(operand.strides) if stride == 0)
    if repeated:
        part = np.sum(np.broadcast_to(part, operand.shape), axis=repeated, keepdims=True)
    shape = tuple(1 if stride == 0 else n for n, stride in zip(operand.shape, operand.strides, strict=True))
    target = view(grads, operand.start, shape, operand.strides)
    target += part
