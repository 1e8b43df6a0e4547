"""The rules for each kind of instruction in NumPy: its outputs, the gradients of its operands, its derivative in a direction.

Arrays have the shape of the instruction, and if they are batched a last axis for the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiled.backends.contract import Array
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.compiled.backends.numpy.products import matmul, vecdot
from autograd.compiled.ir import Dot, Instruction, Map, Matmul, Select, Spread, Sum
from autograd.ops import product


@dataclass(frozen=True)
class Moving:
    """The tangents of the inputs of an instruction.

    Attributes:
        tangents: the tangent of each input.
        moves: where each input has a tangent at all.
    """

    tangents: list[Array]
    moves: list[Array]


@dataclass(frozen=True)
class KindRule:
    """The rule for a kind of instruction.

    Attributes:
        value: computes the outputs, from the instruction, its inputs, and the array to write to.
        parts: computes the contribution to the gradient of each operand, from the instruction, its outputs, its inputs, and the gradient
            of the outputs.
        tangents: computes the tangents of the outputs and where they have any, from the instruction, its outputs, its inputs, and the
            tangents of the inputs.
        aligned: whether a shared input beside batched ones gets an axis of length 1 for the samples, over which its gradient is summed
            afterwards; the rule of a matrix product does both itself.
    """

    value: Callable[[Instruction, list[Array], Array], None]
    parts: Callable[[Instruction, Array, list[Array], Array], list[Any]]
    tangents: Callable[[Instruction, Array, list[Array], Moving], tuple[Any, Any]]
    aligned: bool = True


def columns(instruction: Instruction, inputs: list[Array]) -> list[Array]:
    """The inputs as arguments of a rule of the op table, each in the shape of the output."""
    return list(np.moveaxis(inputs[0], 1, 0)) if instruction.stacked else inputs


# -- Map, Select --------------------------------------------------------------------------------------------------------


def _map(instruction: Instruction, inputs: list[Array], out: Array) -> None:
    out[...] = instruction.operation.value(ARRAYS, *columns(instruction, inputs))


def _map_parts(instruction: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    operation, each = instruction.operation, columns(instruction, inputs)
    constant = [operand.constant for operand in instruction.operands] if not instruction.stacked else [False] * len(each)
    slopes = operation.slopes_except(constant, ARRAYS, y, *each)
    parts: list[Any] = [None if slope is None else product(operation, ARRAYS, slope, gradient) for slope in slopes]
    return [np.stack(np.broadcast_arrays(*parts), axis=1)] if instruction.stacked else parts


def _map_tangents(instruction: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    total, any_moves = np.zeros(()), np.zeros((), dtype=bool)
    slopes = instruction.operation.slopes(ARRAYS, y, *columns(instruction, inputs))
    constant = [operand.constant for operand in instruction.operands] * (len(slopes) if instruction.stacked else 1)
    each = zip(slopes, columns(instruction, moving.tangents), columns(instruction, moving.moves), constant, strict=True)
    for slope, tangent, moves, is_constant in each:
        if is_constant:
            continue
        own = moves & (slope != 0.0) if instruction.operation.selects else moves
        total = total + np.where(own, product(instruction.operation, ARRAYS, slope, tangent), 0.0)
        any_moves = any_moves | own
    return total, any_moves


# -- Sum, Spread --------------------------------------------------------------------------------------------------------


def _sum(instruction: Instruction, inputs: list[Array], out: Array) -> None:
    np.sum(inputs[0], axis=1, out=out)


def _sum_parts(instruction: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    return [np.broadcast_to(gradient[:, None], instruction.operands[0].shape + gradient.shape[1:])]


def _sum_tangents(instruction: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return np.sum(moving.tangents[0], axis=1), np.any(moving.moves[0], axis=1)


def _spread(instruction: Instruction, inputs: list[Array], out: Array) -> None:
    out[...] = inputs[0]


def _spread_parts(instruction: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    return [gradient]


def _spread_tangents(instruction: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return moving.tangents[0], moving.moves[0]


# -- Dot ----------------------------------------------------------------------------------------------------------------


def _dot(instruction: Instruction, inputs: list[Array], out: Array) -> None:
    vecdot(*_last(inputs), out)  # einsum would factor out a repeated factor: (∞ - ∞)·b instead of ∞·b - ∞·b


def _last(factors: list[Array]) -> tuple[Array, Array]:
    """The factors of a dot with the axis of the terms last, after that of the samples."""
    return factors[0].swapaxes(1, -1), factors[1].swapaxes(1, -1)


def _dot_parts(instruction: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    others = zip((inputs[1], inputs[0]), instruction.operands, strict=True)
    return [None if operand.constant else gradient[:, None] * x for x, operand in others]


def _dot_tangents(instruction: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return _product_tangents(instruction, y, inputs, moving, _dot, lambda a, b: (a, b))


# -- Matmul -------------------------------------------------------------------------------------------------------------


def _matmul(instruction: Instruction, inputs: list[Array], out: Array) -> None:
    """a[m, n] @ b[p, n]ᵀ, for each sample if a factor is batched, as a[m, n, samples]."""
    a, b = inputs
    a_batched, b_batched = (operand.batched for operand in instruction.operands)
    if not a_batched and not b_batched:
        matmul(a, b.T, out)
    elif not a_batched:
        matmul(a, b, out.transpose(1, 0, 2))  # p products of (m, n) and (n, samples)
    elif not b_batched:
        matmul(b, a, out)
    else:
        np.matmul(a.transpose(2, 0, 1), b.transpose(2, 1, 0), out=out.transpose(2, 0, 1))


def _matmul_parts(instruction: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    (a, b), (left, right) = instruction.operands, inputs
    parts: list[Any] = [None, None]
    for i, (own, other, x, g) in enumerate(((a, b, right, gradient), (b, a, left, gradient.swapaxes(0, 1)))):
        if own.constant:
            continue  # such as the data in the first layer of a network
        # g[m, p] @ x[p, n], for each sample if g or x is batched; a shared factor receives the sum over the samples
        if not instruction.batched:
            parts[i] = matmul(g, x)
        elif own.batched and other.batched:
            parts[i] = np.matmul(g.transpose(2, 0, 1), x.transpose(2, 0, 1)).transpose(1, 2, 0)
        elif own.batched:
            parts[i] = matmul(x.T, g)
        else:
            flat = x[0].T if x.shape[0] == 1 else x.swapaxes(1, 2).reshape(-1, x.shape[1])
            parts[i] = matmul(g.reshape(len(g), -1), flat)
    return parts


def _matmul_tangents(instruction: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    def same_axes(a: Array, b: Array) -> tuple[Array, Array]:
        """Both factors with the same axes: rows, columns, terms, samples."""
        a, b = a[:, None], b[None]
        return (a[..., None] if a.ndim < b.ndim else a), (b[..., None] if b.ndim < a.ndim else b)

    return _product_tangents(instruction, y, inputs, moving, _matmul, same_axes)


def _product_tangents(
    instruction: Instruction,
    y: Array,
    inputs: list[Array],
    moving: Moving,
    value: Callable[[Instruction, list[Array], Array], None],
    same_axes: Callable[[Array, Array], tuple[Array, Array]],
) -> tuple[Array, Any]:
    """The tangents of sums of products, and which of the sums have any. The other arguments are those of `Rule.tangents`.

    Args:
        value: computes the sums of products.
        same_axes: gives both factors the axes of the sums, of the terms, and of the samples.
    """
    total = np.zeros(y.shape)
    axis = y.ndim - instruction.batched
    for k, operand in enumerate(instruction.operands):
        if operand.constant:
            continue
        pair = [moving.tangents[0], inputs[1]] if k == 0 else [inputs[0], moving.tangents[1]]
        if np.isfinite(inputs[1 - k]).all():
            part = np.empty_like(total)
            value(instruction, pair, part)
        else:  # a factor without a tangent adds nothing, where 0 times infinity would add nan
            a, b = same_axes(*pair)
            own = same_axes(moving.moves[k], pair[1])[0] if k == 0 else same_axes(pair[0], moving.moves[k])[1]
            part = np.sum(np.where(own, a * b, 0.0), axis=axis)
        total += part
    of_a, of_b = same_axes(*moving.moves)
    return total, np.any(of_a, axis=axis) | np.any(of_b, axis=axis)


RULES: dict[type[Instruction], KindRule] = {
    Map: KindRule(_map, _map_parts, _map_tangents),
    Select: KindRule(_map, _map_parts, _map_tangents),
    Sum: KindRule(_sum, _sum_parts, _sum_tangents),
    Dot: KindRule(_dot, _dot_parts, _dot_tangents),
    Matmul: KindRule(_matmul, _matmul_parts, _matmul_tangents, aligned=False),
    Spread: KindRule(_spread, _spread_parts, _spread_tangents),
}
