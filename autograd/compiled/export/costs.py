"""The cost of a program in floating-point operations.

A product of an m × t by a t × p matrix counts as 2mtp operations, and any function of a single number as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compiled.ir import Dot, Instruction, LongLoop, Loop, Map, Matmul, Scalars, Select, Spread, Sum
from autograd.ops import Operation


def operations(instruction: Instruction | Scalars) -> int:
    """The number of floating-point operations of an instruction forward, for each sample."""
    return COSTS[type(instruction)](instruction)


def _of_one(operation: Operation, inputs: int) -> int:
    """The operations for one output: one, or for an operation of any number of inputs, one less than it has."""
    return 1 if operation.arity is not None else max(inputs - 1, 1)


def _scalars(instruction: Scalars) -> int:
    counts = np.diff(instruction.ends, prepend=0).tolist()
    return sum(_of_one(operation, count) for operation, count in zip(instruction.operations, counts, strict=True))


def _map(instruction: Instruction) -> int:
    terms = sum(operand.shape[-1] for operand in instruction.operands) if instruction.stacked else 1
    return instruction.size * _of_one(instruction.operation, terms)


COSTS: dict[type[Instruction | Scalars], Callable[[Any], int]] = {
    Map: _map,
    Select: _map,
    Sum: _map,
    Dot: _map,
    Matmul: lambda instruction: 2 * instruction.size * instruction.operands[0].shape[-1],
    Spread: lambda instruction: 0,
    Scalars: _scalars,
    Loop: _scalars,
    LongLoop: lambda loop: loop.body.rounds * sum(_of_one(member.operation, len(member.inputs)) for member in loop.body.members),
}
