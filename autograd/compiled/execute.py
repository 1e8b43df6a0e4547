"""Execute with NumPy: the reference that every other executor is compared with.

An executor is five functions: `storage`, `plan` and `gradients` for a run, `forward`, and `backward`; `executor_named` gives them. A
program is legal for it if what an instruction reads was written before, if outputs are disjoint, and if shared numbers depend on no
batched ones.

Arrays have the shape of the instruction, and a last axis for the samples where they are batched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.arrays import ARRAYS
from autograd.compiled.layout import SPREAD, Index, Instruction, Layout, Operand, Scalars
from autograd.compiled.matrices import MATMUL
from autograd.namespaces import FLOATS
from autograd.ops import DOT, SUM, outside, product

Array = npt.NDArray[np.float64]

Seed = tuple[bool, int, float]
"""The gradient of a result that is one number: whether it is batched, its place, and what stands there, for each sample."""


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
        """A strided view. The constructor of ndarray makes one in a tenth of the time of `as_strided`, and checks the bounds."""
        if batched:
            n = self.batched.shape[1]
            return np.ndarray((*shape, n), np.float64, self.batched, 8 * n * start, (*[8 * n * stride for stride in strides], 8))
        return np.ndarray(shape, np.float64, self.shared, 8 * start, tuple([8 * stride for stride in strides]))

    def outputs(self, step: Instruction) -> Array:
        """Where an instruction writes."""
        array = self.batched if step.batched else self.shared
        return array[step.start : step.start + step.size].reshape(step.shape + array.shape[1:])

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


def storage(layout: Layout, samples: int = 1) -> Storage:
    """For the numbers of one run of a layout: the constants are there already."""
    data = gradients(layout, samples)
    places, numbers = layout.fixed
    data.shared[places] = numbers
    return data


def gradients(layout: Layout, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
    """For the gradients of one run, or for a direction: zeros, but for the gradient of one result.

    `spare`: that of an earlier run, for as many samples, which nobody looks at any more, to be used again.
    """
    if spare is None:
        grads = Storage(np.zeros(layout.shared), np.zeros((layout.batched, samples)))
    else:
        grads = spare
        grads.shared[...] = grads.batched[...] = 0.0
    if seed is not None:
        grads.set(*seed)
    return grads


def plan(layout: Layout, arrays: Sequence[tuple[bool, int, int]]) -> None:
    """For an executor that loads several arrays at once: how; they are batched or not, from a place on, of so many numbers a sample."""


def forward(layout: Layout, data: Storage) -> list[tuple[Instruction, Any]]:
    """Compute the instructions, reading from and writing to `data`.

    Returns:
        The instructions that met a pole or left their domain, each with where it did: in the shape of the instruction, and a last
        axis for the samples, of length 1 where it is the same for all of them.
    """
    met = [(step, _met(step, bad, data)) for step, bad in stretch(layout.steps, data)]  # a mask may be computed after what it masks
    return [(step, bad) for step, bad in met if np.any(bad)]


def stretch(steps: Iterable[Instruction | Scalars], data: Storage) -> list[tuple[Instruction, Any]]:
    """Compute some steps; the instructions that met a pole or left their domain, wanted or not."""
    met: list[tuple[Instruction, Any]] = []
    with np.errstate(all="ignore"):
        for step in steps:
            if isinstance(step, Scalars):
                met += stretch(step.single, data) if step.batched else _scalars(step, data)
                continue
            inputs = _inputs(step, data)
            out = data.outputs(step)
            operation = step.operation
            if operation is MATMUL:
                _product(step, inputs, out)
            elif operation is DOT and step.stacked:
                np.vecdot(*_last(inputs), out=out)  # einsum would take out a repeated factor: (∞ - ∞)·b for ∞·b - ∞·b
            elif operation is SUM and step.stacked:
                np.sum(inputs[0], axis=1, out=out)
            elif operation is SPREAD:
                out[...] = inputs[0]
            else:
                columns = _columns(step, inputs)
                if step.checked:
                    bad = outside(operation, ARRAYS, *columns)
                    if np.any(bad):
                        met.append((step, np.broadcast_to(bad, out.shape)))
                out[...] = operation.value(ARRAYS, *columns)
    return met


def backward(layout: Layout, data: Storage, grads: Storage) -> None:
    """The chain rule, step by step from the last: add to `grads`, which holds the gradients of the results."""
    pull(layout.steps, data, grads)


def pull(steps: Sequence[Instruction | Scalars], data: Storage, grads: Storage) -> None:
    """The chain rule through some steps, from the last to the first."""
    with np.errstate(all="ignore"):
        for step in reversed(steps):
            if isinstance(step, Scalars):
                if step.batched:
                    pull(step.single, data, grads)
                else:
                    _pull_scalars(step, data, grads)
                continue
            if step.constant:
                continue
            gradient = grads.outputs(step)
            for operand, part in zip(step.operands, _parts(step, data, gradient), strict=True):
                if not operand.constant:
                    grads.add(operand, _summed(step, operand, _selected(step, data, part)))


def _scalars(step: Scalars, data: Storage) -> list[tuple[Instruction, Any]]:
    """Scalars without samples, as Python's floats: a tenth of the time of arrays of one number."""
    x = data.shared.tolist()
    left = []
    places, outputs = step.inputs.tolist(), step.outputs.tolist()
    for i, own in step.terms():
        inputs = [x[place] for place in places[own]]
        if step.checked[i] and outside(step.operations[i], FLOATS, *inputs):
            left.append(i)
        x[outputs[i]] = step.operations[i].value(FLOATS, *inputs)
    data.shared[:] = x
    return [(step.single[i], np.array([True])) for i in left]


def _pull_scalars(step: Scalars, data: Storage, grads: Storage) -> None:
    x, d = data.shared.tolist(), grads.shared.tolist()
    places, outputs, constant = step.inputs.tolist(), step.outputs.tolist(), step.input_constant.tolist()
    for i, own in reversed([*step.terms()]):
        if all(constant[own]):
            continue
        operation, gradient = step.operations[i], d[outputs[i]]
        inputs = [x[place] for place in places[own]]
        for place, fixed, slope in zip(places[own], constant[own], operation.slopes(FLOATS, x[outputs[i]], *inputs), strict=True):
            if not fixed:
                d[place] += product(operation, FLOATS, slope, gradient)
    grads.shared[:] = d


def _columns(step: Instruction, inputs: list[Array]) -> list[Array]:
    """The inputs of a row, each in the shape of the output."""
    return list(np.moveaxis(inputs[0], 1, 0)) if step.stacked else inputs


def _selected(step: Instruction, data: Storage, part: Any) -> Any:
    """A gradient: exactly 0 where the instruction's output is not wanted, also if it is inf or nan there."""
    if step.mask is None:
        return part
    wanted = _wanted(step, data)
    return np.where(wanted[:, None] if step.stacked else wanted, part, 0.0)


def _summed(step: Instruction, operand: Operand, part: Any) -> Any:
    """A gradient of something shared: the sum over the samples, which in a matrix product has been taken already."""
    if operand.batched or not step.batched or step.operation is MATMUL:
        return part
    return np.sum(part, axis=-1)


def push_forward(layout: Layout, data: Storage, tangents: Storage, moving: Storage) -> None:
    """Derivatives in a direction, instruction by instruction: `tangents` holds those of the leaves, and receives all others.

    `moving` holds for each leaf whether it has a tangent, and receives it for everything else: what has none adds nothing to what is
    computed from it, also where the slope is infinite.
    """
    with np.errstate(all="ignore"):
        for step in layout.instructions:
            if step.constant:
                continue
            inputs, moved, moves = _inputs(step, data), _inputs(step, tangents), [x != 0.0 for x in _inputs(step, moving)]
            if step.operation is MATMUL or (step.operation is DOT and step.stacked):
                total, any_moves = _sums_moved(step, inputs, moved, moves, tangents.outputs(step))
            elif step.operation is SUM and step.stacked:
                total, any_moves = np.sum(moved[0], axis=1), np.any(moves[0], axis=1)
            elif step.operation is SPREAD:
                total, any_moves = moved[0], moves[0]
            else:
                total, any_moves = np.zeros(()), np.zeros((), dtype=bool)
                slopes = step.operation.slopes(ARRAYS, data.outputs(step), *_columns(step, inputs))
                constant = [operand.constant for operand in step.operands] * (len(slopes) if step.stacked else 1)
                columns = zip(slopes, _columns(step, moved), _columns(step, moves), constant, strict=True)
                for slope, tangent, moves_too, fixed in columns:
                    if fixed:
                        continue
                    own = moves_too & (slope != 0.0) if step.operation.selects else moves_too
                    total = total + np.where(own, product(step.operation, ARRAYS, slope, tangent), 0.0)
                    any_moves = any_moves | own
            wanted = _wanted(step, data)
            tangents.outputs(step)[...] = np.where(wanted & any_moves, total, 0.0)
            moving.outputs(step)[...] = np.where(wanted & any_moves, 1.0, 0.0)


def _sums_moved(step: Instruction, inputs: list[Array], moved: list[Array], moves: list[Array], out: Array) -> tuple[Array, Any]:
    """The tangents of sums of products, in the shape of `out`, and which of these sums move."""
    total = np.zeros(out.shape)
    for k, operand in enumerate(step.operands):
        if operand.constant:
            continue
        pair = [moved[0], inputs[1]] if k == 0 else [inputs[0], moved[1]]
        if np.isfinite(inputs[1 - k]).all():
            part = np.empty_like(total)
            if step.operation is MATMUL:
                _product(step, pair, part)
            else:
                np.vecdot(*_last(pair), out=part)
        else:  # what does not move adds nothing, where 0 times an infinite factor would add nan
            a, b = _aligned(step, *pair)
            own = _aligned(step, moves[k], pair[1])[0] if k == 0 else _aligned(step, pair[0], moves[k])[1]
            part = np.sum(np.where(own, a * b, 0.0), axis=out.ndim - step.batched)
        total += part
    of_a, of_b = _aligned(step, *moves)
    axis = out.ndim - step.batched
    return total, np.any(of_a, axis=axis) | np.any(of_b, axis=axis)


def _aligned(step: Instruction, a: Array, b: Array) -> tuple[Array, Array]:
    """The factors of sums of products with the same axes: of the sums, of the terms, of the samples."""
    if step.operation is not MATMUL:
        return a, b
    a, b = a[:, None], b[None]
    return (a[..., None] if a.ndim < b.ndim else a), (b[..., None] if b.ndim < a.ndim else b)


def _inputs(step: Instruction, data: Storage) -> list[Array]:
    """What the instruction reads; what is shared has an axis of length 1 for the samples where other things are batched."""
    inputs = [data.read(operand) for operand in step.operands]
    if step.batched and step.operation is not MATMUL:
        inputs = [x if operand.batched else x[..., None] for x, operand in zip(inputs, step.operands, strict=True)]
    return inputs


def _met(step: Instruction, bad: Any, data: Storage) -> Any:
    """Where it is an error that a domain was left, with an axis for the samples."""
    each = bad if step.batched else bad[..., None]
    if step.excused is None:
        return each
    counts = data.read(step.excused) != 0.0
    return each & (counts if step.excused.batched else counts[..., None])


def _wanted(step: Instruction, data: Storage) -> Any:
    """Where the outputs of an instruction are wanted, in their shape or one that fits it."""
    if step.mask is None:
        return True
    wanted = data.read(step.mask) != 0.0
    if step.mask.batched and not step.batched:
        return wanted.any(axis=-1)
    return wanted[..., None] if step.batched and not step.mask.batched else wanted


def _last(factors: list[Array]) -> tuple[Array, Array]:
    """The factors of a dot with the axis that is summed as the last one, after that of the samples."""
    return factors[0].swapaxes(1, -1), factors[1].swapaxes(1, -1)


def _product(step: Instruction, factors: list[Array], out: Array) -> None:
    """a[m, n] @ b[p, n]ᵀ, for each sample where one of them is batched: a[m, n, samples]."""
    a, b = factors
    a_batched, b_batched = (operand.batched for operand in step.operands)
    if not a_batched and not b_batched:
        np.matmul(a, b.T, out=out)
    elif not a_batched:
        np.matmul(a, b, out=out.transpose(1, 0, 2))  # p products of (m, n) and (n, samples)
    elif not b_batched:
        np.matmul(b, a, out=out)
    else:
        np.matmul(a.transpose(2, 0, 1), b.transpose(2, 1, 0), out=out.transpose(2, 0, 1))


def _factors(step: Instruction, data: Storage, gradient: Array) -> list[Any]:
    """The gradients by both factors of a matrix product."""
    a, b = step.operands
    left, right = data.read(a), data.read(b)
    parts: list[Any] = [None, None]
    for i, (own, other, x, g) in enumerate(((a, b, right, gradient), (b, a, left, gradient.swapaxes(0, 1)))):
        if own.constant:
            continue  # of a network's first layer, where half of the work would be for the data
        # g[m, p] @ x[p, n], with samples where there are any; a shared factor receives the sum over the samples
        if not step.batched:
            parts[i] = g @ x
        elif own.batched and other.batched:
            parts[i] = np.matmul(g.transpose(2, 0, 1), x.transpose(2, 0, 1)).transpose(1, 2, 0)
        elif own.batched:
            parts[i] = np.matmul(x.T, g)
        else:
            parts[i] = g[:, 0] @ x[0].T if x.shape[0] == 1 else np.tensordot(g, x, axes=((1, 2), (0, 2)))
    return parts


def _parts(step: Instruction, data: Storage, gradient: Array) -> list[Any]:
    """The gradient by each operand."""
    operation = step.operation
    if operation is MATMUL:
        return _factors(step, data, gradient)
    inputs = _inputs(step, data)
    if operation is DOT and step.stacked:
        parts = zip((inputs[1], inputs[0]), step.operands, strict=True)
        return [None if operand.constant else gradient[:, None] * x for x, operand in parts]
    if operation is SUM and step.stacked:
        shape = step.operands[0].shape
        return [np.broadcast_to(gradient[:, None], shape + gradient.shape[1:])]
    if operation is SPREAD:
        return [gradient]
    y = data.outputs(step)
    if operation.arity is None:
        found = [product(operation, ARRAYS, slope, gradient) for slope in operation.slopes(ARRAYS, y, *_columns(step, inputs))]
        return [np.stack(np.broadcast_arrays(*found), axis=1)] if step.stacked else found
    slopes = [None if x.constant else rule(ARRAYS, y, *inputs) for x, rule in zip(step.operands, operation.derivatives, strict=True)]
    return [
        gradient if isinstance(slope, float) and slope == 1.0 else None if slope is None else product(operation, ARRAYS, slope, gradient)
        for slope in slopes
    ]
