"""Code as one pure function of arrays, whose derivatives are those of the op table.

JAX is told how fast everything moves when the leaves do (`push_forward`), and transposes that for reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.jax.xla_namespace import Array, jax_package, namespace
from autograd.compiled.backends.jax.xla_numbers import Arrays, Numbers, Starts, all_dense, numbers_of, symbolic
from autograd.compiled.ir import Code, Dot, Instruction, Map, Matmul, Operand, Select, Spread, Sum
from autograd.ops import outside, product

Inputs = Sequence[Array]


@dataclass(frozen=True)
class Rule:
    """A kind of instruction.

    Attributes:
        value: the outputs, of the instruction and its inputs.
        tangent: how fast they move, of the instruction, its outputs, its inputs, and how fast these move (None: not at all).
        aligned: whether a shared input has an axis of length 1 beside batched ones.
    """

    value: Callable[[Instruction, Inputs], Array]
    tangent: Callable[[Instruction, Array, Inputs, list[Array | None]], Array]
    aligned: bool = True


def _columns(instruction: Instruction, inputs: Sequence[Any]) -> Sequence[Any]:
    """The inputs of a row of the op table, each in the shape of the output."""
    return list(jax_package().numpy.moveaxis(inputs[0], 1, 0)) if instruction.stacked else inputs


def _map(instruction: Instruction, inputs: Inputs) -> Array:
    return instruction.operation.value(namespace(), *_columns(instruction, inputs))


def _map_tangent(instruction: Instruction, y: Array, inputs: Inputs, moving: list[Array | None]) -> Array:
    slopes = instruction.operation.slopes(namespace(), y, *_columns(instruction, inputs))
    moved = zip(slopes, _columns(instruction, moving), strict=True)
    parts = [product(instruction.operation, namespace(), slope, x) for slope, x in moved if x is not None]
    return sum(parts[1:], parts[0])


def _sum(instruction: Instruction, inputs: Inputs) -> Array:
    return jax_package().numpy.sum(inputs[0], axis=1)


def _spread(instruction: Instruction, inputs: Inputs) -> Array:
    return inputs[0]


def _dot(instruction: Instruction, inputs: Inputs) -> Array:
    return jax_package().numpy.sum(inputs[0] * inputs[1], axis=1)


def _matmul(instruction: Instruction, inputs: Inputs) -> Array:
    a, b = ("s" * operand.batched for operand in instruction.operands)
    return jax_package().numpy.einsum(f"mn{a},pn{b}->mp{'s' * instruction.batched}", *inputs, precision="highest")


def _linear(value: Callable[[Instruction, Inputs], Array]) -> Rule:
    """A kind whose outputs are a linear function of its inputs."""
    return Rule(value, lambda instruction, y, inputs, moving: value(instruction, moving))


def _bilinear(value: Callable[[Instruction, Inputs], Array], aligned: bool) -> Rule:
    """A kind whose outputs are linear in both of its inputs."""

    def tangent(instruction: Instruction, y: Array, inputs: Inputs, moving: list[Array | None]) -> Array:
        (a, b), (da, db) = inputs, moving
        parts = [value(instruction, pair) for pair in ((da, b), (a, db)) if pair[0] is not None and pair[1] is not None]
        return sum(parts[1:], parts[0])

    return Rule(value, tangent, aligned)


RULES: dict[type[Instruction], Rule] = {
    Map: Rule(_map, _map_tangent),
    Select: Rule(_map, _map_tangent),
    Sum: _linear(_sum),
    Spread: _linear(_spread),
    Dot: _bilinear(_dot, aligned=True),
    Matmul: _bilinear(_matmul, aligned=False),
}


def _read(instruction: Instruction, operand: Operand, numbers: Numbers) -> Any:
    return numbers.read(operand, instruction.batched and RULES[type(instruction)].aligned)


def _filled(instruction: Instruction, array: Array, samples: int) -> Array:
    return jax_package().numpy.broadcast_to(array, (*instruction.shape, samples)[: len(instruction.shape) + instruction.batched])


def run_forward(code: Code, numbers: Numbers) -> None:
    """Compute every instruction."""
    for instruction in code.flattened:
        inputs = [_read(instruction, operand, numbers) for operand in instruction.operands]
        numbers.append(instruction, _filled(instruction, RULES[type(instruction)].value(instruction, inputs), numbers.samples))


def push_forward(code: Code, numbers: Numbers, moved: Numbers) -> None:
    """How fast everything moves when the leaves do: `moved`, which has the leaves, is a linear function of them.

    Where an output is not wanted, both it and what it was computed from stand still, so that the gradient is exactly 0 there when
    this is transposed, also where a slope is inf or nan.
    """
    for instruction in code.flattened:
        inputs: list[Array] = [_read(instruction, operand, numbers) for operand in instruction.operands]
        wanted = numbers.holds(instruction, instruction.mask)
        moving = [None if operand.constant else _read(instruction, operand, moved) for operand in instruction.operands]
        if all(x is None for x in moving):
            moved.append_zeros(instruction, inputs[0].dtype)
            continue
        of_inputs = wanted[:, None] if wanted is not None and instruction.stacked else wanted
        total = RULES[type(instruction)].tangent(instruction, numbers.outputs(instruction), inputs, [_masked(of_inputs, x) for x in moving])
        moved.append(instruction, _masked(wanted, _filled(instruction, total, numbers.samples)))


def _masked(wanted: Array | None, x: Array | None) -> Array | None:
    return x if wanted is None or x is None else jax_package().numpy.where(wanted, x, 0.0)


def outside_of(code: Code, numbers: Numbers) -> Array:
    """For each sample whether an operation left its domain where it was wanted."""
    jnp = jax_package().numpy
    outside_anywhere = jnp.zeros(numbers.samples, dtype=bool)
    for instruction in code.flattened:
        if not instruction.checked:
            continue
        inputs = [_read(instruction, operand, numbers) for operand in instruction.operands]
        bad = outside(instruction.operation, namespace(), *_columns(instruction, inputs))
        counts = numbers.holds(instruction, instruction.excused)
        bad = _filled(instruction, bad if counts is None else bad & counts, numbers.samples)
        outside_anywhere |= bad.any(axis=tuple(range(len(instruction.shape))))
    return outside_anywhere


def leaves_of(code: Code) -> tuple[int, int]:
    """How many shared and batched numbers there are before those that instructions compute."""
    shared, batched = (
        min([instruction.start for instruction in code.flattened if instruction.batched == kind], default=size)
        for kind, size in ((False, code.shared), (True, code.batched))
    )
    return shared, batched


def starts_of(code: Code, leaves: Starts) -> Starts:
    """Where all arrays begin, from where those of the leaves do."""
    shared, batched = ([instruction.start for instruction in code.flattened if instruction.batched == kind] for kind in (False, True))
    return leaves[0] + shared, leaves[1] + batched


def pure_function(code: Code, starts: Starts) -> Callable[[Arrays], Arrays]:
    """A function from the arrays of the leaves, which begin at `starts`, to those of everything; its derivatives are our own."""
    jax = jax_package()

    @jax.custom_jvp  # type: ignore[untyped-decorator]
    def run(leaves: Arrays) -> Arrays:
        numbers = numbers_of(starts, leaves)
        run_forward(code, numbers)
        return numbers.arrays

    def derivative(primals: tuple[Arrays], tangents: tuple[Arrays]) -> tuple[Arrays, Arrays]:
        arrays = run(*primals)
        shared, batched = (list(map(symbolic, of_kind)) for of_kind in tangents[0])
        moved = numbers_of(starts, (shared, batched))
        push_forward(code, numbers_of(starts_of(code, starts), arrays), moved)
        return arrays, all_dense(moved.arrays)

    run.defjvp(derivative, symbolic_zeros=True)
    return run  # type: ignore[no-any-return]
