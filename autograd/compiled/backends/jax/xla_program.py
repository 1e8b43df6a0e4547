"""Code as one pure function of arrays, whose derivatives are those of the op table.

`push_forward` defines the forward mode. JAX transposes it for reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiled.backends.jax.xla_loops import outside_of_loop, push_loop, run_loop
from autograd.compiled.backends.jax.xla_namespace import Array, jax_package, namespace
from autograd.compiled.backends.jax.xla_numbers import Arrays, Numbers, Starts, all_dense, numbers_of, symbolic
from autograd.compiled.ir import Code, Dot, Instruction, Loop, Map, Matmul, Operand, Scalars, Select, Spread, Sum
from autograd.compiled.loop_body import LoopBody
from autograd.compiled.rounds_of import body_of
from autograd.ops import outside, product

Inputs = Sequence[Array]

Step = Instruction | LoopBody
"""What is computed at once."""

Steps = Sequence[Step]


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


def steps_of(code: Code) -> list[Step]:
    """The instructions, in the order of execution; a loop whose rounds are alike as a whole, and other scalars one by one."""
    steps: list[Step] = []
    for one in code.instructions:
        body = body_of(one) if isinstance(one, Loop) else None
        steps += [body] if body is not None else one.single if isinstance(one, Scalars) else [one]
    return steps


def run_forward(steps: Steps, numbers: Numbers) -> None:
    """Compute all steps. Appends their outputs to `numbers`, which contains the leaves."""
    for step in steps:
        if isinstance(step, LoopBody):
            run_loop(step, numbers)
            continue
        inputs = [_read(step, operand, numbers) for operand in step.operands]
        numbers.append(step, _filled(step, RULES[type(step)].value(step, inputs), numbers.samples))


def push_forward(steps: Steps, numbers: Numbers, moved: Numbers) -> None:
    """Compute the tangents of all steps. Appends them to `moved`, which contains those of the leaves, of which they are linear.

    Where an output is masked, the tangents of the output and of its inputs are set to 0. So the transpose has gradients of exactly 0 there,
    even if a slope is inf or nan.
    """
    for step in steps:
        if isinstance(step, LoopBody):
            push_loop(step, numbers, moved)
            continue
        inputs: list[Array] = [_read(step, operand, numbers) for operand in step.operands]
        wanted = numbers.holds(step, step.mask)
        moving = [None if operand.constant else _read(step, operand, moved) for operand in step.operands]
        if all(x is None for x in moving):
            moved.put_zeros(step.batched, step.start, step.size)
            continue
        of_inputs = wanted[:, None] if wanted is not None and step.stacked else wanted
        total = RULES[type(step)].tangent(step, numbers.outputs(step), inputs, [_masked(of_inputs, x) for x in moving])
        moved.append(step, _masked(wanted, _filled(step, total, numbers.samples)))


def _masked(wanted: Array | None, x: Array | None) -> Array | None:
    return x if wanted is None or x is None else jax_package().numpy.where(wanted, x, 0.0)


def outside_of(steps: Steps, numbers: Numbers) -> Array:
    """For each sample, whether an operation left its domain where this is an error."""
    jnp = jax_package().numpy
    outside_anywhere = jnp.zeros(numbers.samples, dtype=bool)
    for step in steps:
        if isinstance(step, LoopBody):
            outside_anywhere |= outside_of_loop(step, numbers)
        elif step.checked:
            inputs = [_read(step, operand, numbers) for operand in step.operands]
            bad = outside(step.operation, namespace(), *_columns(step, inputs))
            counts = numbers.holds(step, step.error_mask)
            bad = _filled(step, bad if counts is None else bad & counts, numbers.samples)
            outside_anywhere |= bad.any(axis=tuple(range(len(step.shape))))
    return outside_anywhere


def _outputs_of(steps: Steps, batched: bool) -> list[int]:
    """The places at which the shared or the batched outputs begin, in ascending order."""
    own = [step for step in steps if step.batched == batched]
    return sorted([start for step in own for start in ([m.start for m in step.members] if isinstance(step, LoopBody) else [step.start])])


def leaves_of(code: Code, steps: Steps) -> tuple[int, int]:
    """The number of shared and of batched places before the first that a step writes."""
    shared, batched = (min(_outputs_of(steps, kind), default=size) for kind, size in ((False, code.shared), (True, code.batched)))
    return shared, batched


def starts_of(steps: Steps, leaves: Starts) -> Starts:
    """The starts of all arrays, from those of the leaves."""
    return leaves[0] + _outputs_of(steps, False), leaves[1] + _outputs_of(steps, True)


def pure_function(steps: Steps, starts: Starts) -> Callable[[Arrays], Arrays]:
    """A function from the arrays of the leaves, which begin at `starts`, to all arrays. Its derivatives are those of `push_forward`."""
    jax = jax_package()

    @jax.custom_jvp  # type: ignore[untyped-decorator]
    def run(leaves: Arrays) -> Arrays:
        numbers = numbers_of(starts, leaves)
        run_forward(steps, numbers)
        return numbers.arrays

    def derivative(primals: tuple[Arrays], tangents: tuple[Arrays]) -> tuple[Arrays, Arrays]:
        arrays = run(*primals)
        shared, batched = (list(map(symbolic, of_kind)) for of_kind in tangents[0])
        moved = numbers_of(starts, (shared, batched))
        push_forward(steps, numbers_of(starts_of(steps, starts), arrays), moved)
        return arrays, all_dense(moved.arrays)

    run.defjvp(derivative, symbolic_zeros=True)
    return run  # type: ignore[no-any-return]
