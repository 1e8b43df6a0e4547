"""What a program costs, in floating-point operations.

A product of m × t by t × p numbers counts as 2mtp, any function of one number as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compiled.ir import Dot, Instruction, Map, Matmul, Scalars, Select, Spread, Sum
from autograd.ops import Operation


def operations(one: Instruction | Scalars) -> int:
    """How many floating-point operations an instruction takes forward, for each sample."""
    return COSTS[type(one)](one)


def _of_one(operation: Operation, inputs: int) -> int:
    """Of one number: a function of any number of inputs takes as many as it has."""
    return 1 if operation.arity is not None else max(inputs - 1, 1)


def _scalars(one: Scalars) -> int:
    counts = np.diff(one.ends, prepend=0).tolist()
    return sum(_of_one(operation, count) for operation, count in zip(one.operations, counts, strict=True))


def _map(one: Instruction) -> int:
    terms = sum(operand.shape[-1] for operand in one.operands) if one.stacked else 1
    return one.size * _of_one(one.operation, terms)


COSTS: dict[type[Instruction | Scalars], Callable[[Any], int]] = {
    Map: _map,
    Select: _map,
    Sum: _map,
    Dot: _map,
    Matmul: lambda one: 2 * one.size * one.operands[0].shape[-1],
    Spread: lambda one: 0,
    Scalars: _scalars,
}
