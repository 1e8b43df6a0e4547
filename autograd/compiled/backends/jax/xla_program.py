"""Code as one pure function of arrays, whose derivatives are those of the op table.

`push_forward` defines the forward mode. JAX transposes it for reverse mode.
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
class KindRule:
    """The rule for a kind of instruction.

    Attributes:
        value: computes the outputs, from the instruction and its inputs.
        tangent: computes the tangents of the outputs, from the instruction, its outputs, its inputs, and their tangents, of which None
            means 0.
        aligned: whether a shared input beside batched ones gets an axis of length 1 for the samples.
    """

    value: Callable[[Instruction, Inputs], Array]
    tangent: Callable[[Instruction, Array, Inputs, list[Array | None]], Array]
    aligned: bool = True


def _columns(instruction: Instruction, inputs: Sequence[Any]) -> Sequence[Any]:
    """The inputs as arguments of a rule of the op table, each in the shape of the output."""
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


def _linear(value: Callable[[Instruction, Inputs], Array]) -> KindRule:
    """The rule of a kind whose outputs are a linear function of its inputs."""
    return KindRule(value, lambda instruction, y, inputs, moving: value(instruction, moving))


def _bilinear(value: Callable[[Instruction, Inputs], Array], aligned: bool) -> KindRule:
    """The rule of a kind whose outputs are linear in each of its two inputs."""

    def tangent(instruction: Instruction, y: Array, inputs: Inputs, moving: list[Array | None]) -> Array:
        (a, b), (da, db) = inputs, moving
        parts = [value(instruction, pair) for pair in ((da, b), (a, db)) if pair[0] is not None and pair[1] is not None]
        return sum(parts[1:], parts[0])

    return KindRule(value, tangent, aligned)


RULES: dict[type[Instruction], KindRule] = {
    Map: KindRule(_map, _map_tangent),
    Select: KindRule(_map, _map_tangent),
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
    """Compute all instructions. Appends their outputs to `numbers`, which contains the leaves."""
    for instruction in code.flattened:
        inputs = [_read(instruction, operand, numbers) for operand in instruction.operands]
        numbers.append(instruction, _filled(instruction, RULES[type(instruction)].value(instruction, inputs), numbers.samples))


def push_forward(code: Code, numbers: Numbers, moved: Numbers) -> None:
    """Compute the tangents of all instructions. Appends them to `moved`, which contains those of the leaves, of which they are linear.

    Where an output is masked, the tangents of the output and of its inputs are set to 0. So the transpose has gradients of exactly 0 there,
    even if a slope is inf or nan.
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
    """For each sample, whether an operation left its domain where this is an error."""
    jnp = jax_package().numpy
    outside_anywhere = jnp.zeros(numbers.samples, dtype=bool)
    for instruction in code.flattened:
        if not instruction.checked:
            continue
        inputs = [_read(instruction, operand, numbers) for operand in instruction.operands]
        bad = outside(instruction.operation, namespace(), *_columns(instruction, inputs))
        counts = numbers.holds(instruction, instruction.error_mask)
        bad = _filled(instruction, bad if counts is None else bad & counts, numbers.samples)
        outside_anywhere |= bad.any(axis=tuple(range(len(instruction.shape))))
    return outside_anywhere


def leaves_of(code: Code) -> tuple[int, int]:
    """The number of shared and of batched places before the first that an instruction writes."""
    shared, batched = (
        min([instruction.start for instruction in code.flattened if instruction.batched == kind], default=size)
        for kind, size in ((False, code.shared), (True, code.batched))
    )
    return shared, batched


def starts_of(code: Code, leaves: Starts) -> Starts:
    """The starts of all arrays, from those of the leaves."""
    shared, batched = ([instruction.start for instruction in code.flattened if instruction.batched == kind] for kind in (False, True))
    return leaves[0] + shared, leaves[1] + batched


def pure_function(code: Code, starts: Starts) -> Callable[[Arrays], Arrays]:
    """A function from the arrays of the leaves, which begin at `starts`, to all arrays. Its derivatives are those of `push_forward`."""
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
