"""What each kind of instruction computes, in NumPy: its outputs, the gradients of its operands, its derivative in a direction.

Arrays have the shape of the instruction, and a last axis for the samples where they are batched.
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
    """How the inputs of an instruction move in a direction.

    Attributes:
        tangents: the derivative of each input.
        moves: where each input moves at all.
    """

    tangents: list[Array]
    moves: list[Array]


@dataclass(frozen=True)
class Rule:
    """A kind of instruction.

    Attributes:
        value: writes the outputs: of the instruction, its inputs, and where to write.
        parts: the gradient of each operand: of the instruction, its outputs, its inputs, and their gradient.
        tangents: the derivative in a direction, and where the outputs move: of the instruction, its outputs, its inputs, how they move.
        aligned: whether a shared input has an axis of length 1 beside batched ones, and its gradient is summed over the samples afterwards;
            a matrix product does both itself.
    """

    value: Callable[[Instruction, list[Array], Array], None]
    parts: Callable[[Instruction, Array, list[Array], Array], list[Any]]
    tangents: Callable[[Instruction, Array, list[Array], Moving], tuple[Any, Any]]
    aligned: bool = True


def columns(one: Instruction, inputs: list[Array]) -> list[Array]:
    """The inputs of a row of the op table, each in the shape of the output."""
    return list(np.moveaxis(inputs[0], 1, 0)) if one.stacked else inputs


# -- Map, Select --------------------------------------------------------------------------------------------------------


def _map(one: Instruction, inputs: list[Array], out: Array) -> None:
    out[...] = one.operation.value(ARRAYS, *columns(one, inputs))


def _map_parts(one: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    operation = one.operation
    if operation.arity is None:
        each = [product(operation, ARRAYS, slope, gradient) for slope in operation.slopes(ARRAYS, y, *columns(one, inputs))]
        return [np.stack(np.broadcast_arrays(*each), axis=1)] if one.stacked else each
    slopes = [None if x.constant else rule(ARRAYS, y, *inputs) for x, rule in zip(one.operands, operation.derivatives, strict=True)]
    return [
        gradient if isinstance(slope, float) and slope == 1.0 else None if slope is None else product(operation, ARRAYS, slope, gradient)
        for slope in slopes
    ]


def _map_tangents(one: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    total, any_moves = np.zeros(()), np.zeros((), dtype=bool)
    slopes = one.operation.slopes(ARRAYS, y, *columns(one, inputs))
    constant = [operand.constant for operand in one.operands] * (len(slopes) if one.stacked else 1)
    each = zip(slopes, columns(one, moving.tangents), columns(one, moving.moves), constant, strict=True)
    for slope, tangent, moves, is_constant in each:
        if is_constant:
            continue
        own = moves & (slope != 0.0) if one.operation.selects else moves
        total = total + np.where(own, product(one.operation, ARRAYS, slope, tangent), 0.0)
        any_moves = any_moves | own
    return total, any_moves


# -- Sum, Spread --------------------------------------------------------------------------------------------------------


def _sum(one: Instruction, inputs: list[Array], out: Array) -> None:
    np.sum(inputs[0], axis=1, out=out)


def _sum_parts(one: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    return [np.broadcast_to(gradient[:, None], one.operands[0].shape + gradient.shape[1:])]


def _sum_tangents(one: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return np.sum(moving.tangents[0], axis=1), np.any(moving.moves[0], axis=1)


def _spread(one: Instruction, inputs: list[Array], out: Array) -> None:
    out[...] = inputs[0]


def _spread_parts(one: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    return [gradient]


def _spread_tangents(one: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return moving.tangents[0], moving.moves[0]


# -- Dot ----------------------------------------------------------------------------------------------------------------


def _dot(one: Instruction, inputs: list[Array], out: Array) -> None:
    vecdot(*_last(inputs), out)  # einsum would take out a repeated factor: (∞ - ∞)·b for ∞·b - ∞·b


def _last(factors: list[Array]) -> tuple[Array, Array]:
    """The factors of a dot with the axis that is summed as the last one, after that of the samples."""
    return factors[0].swapaxes(1, -1), factors[1].swapaxes(1, -1)


def _dot_parts(one: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    others = zip((inputs[1], inputs[0]), one.operands, strict=True)
    return [None if operand.constant else gradient[:, None] * x for x, operand in others]


def _dot_tangents(one: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    return _product_tangents(one, y, inputs, moving, _dot, lambda a, b: (a, b))


# -- Matmul -------------------------------------------------------------------------------------------------------------


def _matmul(one: Instruction, inputs: list[Array], out: Array) -> None:
    """a[m, n] @ b[p, n]ᵀ, for each sample where one of them is batched: a[m, n, samples]."""
    a, b = inputs
    a_batched, b_batched = (operand.batched for operand in one.operands)
    if not a_batched and not b_batched:
        matmul(a, b.T, out)
    elif not a_batched:
        matmul(a, b, out.transpose(1, 0, 2))  # p products of (m, n) and (n, samples)
    elif not b_batched:
        matmul(b, a, out)
    else:
        np.matmul(a.transpose(2, 0, 1), b.transpose(2, 1, 0), out=out.transpose(2, 0, 1))


def _matmul_parts(one: Instruction, y: Array, inputs: list[Array], gradient: Array) -> list[Any]:
    (a, b), (left, right) = one.operands, inputs
    parts: list[Any] = [None, None]
    for i, (own, other, x, g) in enumerate(((a, b, right, gradient), (b, a, left, gradient.swapaxes(0, 1)))):
        if own.constant:
            continue  # of a network's first layer, where half of the work would be for the data
        # g[m, p] @ x[p, n], with samples where there are any; a shared factor receives the sum over the samples
        if not one.batched:
            parts[i] = matmul(g, x)
        elif own.batched and other.batched:
            parts[i] = np.matmul(g.transpose(2, 0, 1), x.transpose(2, 0, 1)).transpose(1, 2, 0)
        elif own.batched:
            parts[i] = matmul(x.T, g)
        else:
            flat = x[0].T if x.shape[0] == 1 else x.swapaxes(1, 2).reshape(-1, x.shape[1])
            parts[i] = matmul(g.reshape(len(g), -1), flat)
    return parts


def _matmul_tangents(one: Instruction, y: Array, inputs: list[Array], moving: Moving) -> tuple[Any, Any]:
    def aligned(a: Array, b: Array) -> tuple[Array, Array]:
        """Both factors with the same axes: rows, columns, terms, samples."""
        a, b = a[:, None], b[None]
        return (a[..., None] if a.ndim < b.ndim else a), (b[..., None] if b.ndim < a.ndim else b)

    return _product_tangents(one, y, inputs, moving, _matmul, aligned)


def _product_tangents(
    one: Instruction,
    y: Array,
    inputs: list[Array],
    moving: Moving,
    value: Callable[[Instruction, list[Array], Array], None],
    aligned: Callable[[Array, Array], tuple[Array, Array]],
) -> tuple[Array, Any]:
    """The tangents of sums of products, and which of these sums move.

    Args:
        value: writes the sums of products.
        aligned: gives both factors the axes of the sums, of the terms, and of the samples.
    """
    total = np.zeros(y.shape)
    axis = y.ndim - one.batched
    for k, operand in enumerate(one.operands):
        if operand.constant:
            continue
        pair = [moving.tangents[0], inputs[1]] if k == 0 else [inputs[0], moving.tangents[1]]
        if np.isfinite(inputs[1 - k]).all():
            part = np.empty_like(total)
            value(one, pair, part)
        else:  # what does not move adds nothing, where 0 times an infinite factor would add nan
            a, b = aligned(*pair)
            own = aligned(moving.moves[k], pair[1])[0] if k == 0 else aligned(pair[0], moving.moves[k])[1]
            part = np.sum(np.where(own, a * b, 0.0), axis=axis)
        total += part
    of_a, of_b = aligned(*moving.moves)
    return total, np.any(of_a, axis=axis) | np.any(of_b, axis=axis)


RULES: dict[type[Instruction], Rule] = {
    Map: Rule(_map, _map_parts, _map_tangents),
    Select: Rule(_map, _map_parts, _map_tangents),
    Sum: Rule(_sum, _sum_parts, _sum_tangents),
    Dot: Rule(_dot, _dot_parts, _dot_tangents),
    Matmul: Rule(_matmul, _matmul_parts, _matmul_tangents, aligned=False),
    Spread: Rule(_spread, _spread_parts, _spread_tangents),
}
