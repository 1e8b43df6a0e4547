"""Execute with JAX: a program as one pure function of arrays, for GPUs and TPUs, in either precision, on one device or many.

The numbers of a run are arrays that lie side by side, one an instruction: nothing is overwritten. Derivatives are those of the op
table: JAX is told how fast everything moves when the leaves do (`_push_forward`), and transposes that for reverse mode.

XLA's arithmetic is not quite that of `math`. On CPUs, numbers below 2.2e-308 count as 0. A product and a sum may be rounded once, not
twice. Its functions are off by a few units in the last place, and erfc(a) by up to a².

XLA compiles a program of 20 instructions in 0.5 s, of 100 in 3 s, of 500 in 40 s, as it does code of that length written for JAX.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from weakref import ref

import numpy as np
import numpy.typing as npt

from autograd.compiled import execute
from autograd.compiled.execute import Storage, gradients, plan, storage
from autograd.compiled.layout import SPREAD, Instruction, Layout, Operand, places_of
from autograd.compiled.matrices import MATMUL
from autograd.errors import MissingPackageError
from autograd.namespaces import FUNCTIONS, Namespace
from autograd.ops import DOT, SUM, outside, product

__all__ = ["backward", "forward", "gradients", "plan", "storage"]

Places = npt.NDArray[np.intp]
Array = Any
"""An array of JAX, or a tracer of one."""
Arrays = tuple[list[Array], list[Array]]
"""Shared ones and batched ones."""
Starts = tuple[list[int], list[int]]


LONG = 500
"""From how many instructions on a program takes so long to compile that a warning says so."""


def jax_package() -> Any:
    """JAX.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import jax
    except ImportError as error:
        raise MissingPackageError("the JAX executor needs JAX: pip install 'scalar-autograd[jax]'") from error
    return jax


# -- rules ------------------------------------------------------------------------------------------------------------------


@cache
def namespace() -> Namespace:
    """The namespace of JAX arrays.

    XLA rewrites formulas as if they were over the reals: exp(a) exp(b) becomes exp(a + b), and (a / b) / c becomes a / (b c), which
    may overflow. A barrier behind each function keeps the rules as they are written. It is gone before code is generated.
    """
    jax = jax_package()
    jnp, lax = jax.numpy, jax.lax

    def halves(a: Array) -> tuple[Array, Array]:
        """exp(|a|) / 2, which overflows where cosh does, and exp(-|a|) / 2."""
        e = jnp.exp(0.5 * jnp.abs(a))
        return (0.5 * e) * e, (0.5 / e) / e

    def cosh(a: Array) -> Array:  # XLA's cosh and sinh are off by a units in the last place
        grows, falls = halves(a)
        return grows + falls

    def sinh(a: Array) -> Array:
        grows, falls = halves(a)
        return jnp.where(jnp.abs(a) < 1.0, jnp.sinh(a), jnp.copysign(grows - falls, a))

    def sqrt(a: Array) -> Array:  # 0.0 of -0.0, as XLA drops the `+ 0.0` of the slope's rule
        return jnp.sqrt(jnp.where(a == 0.0, 0.0, a))

    def power(a: Array, b: Array) -> Array:  # XLA takes a square root where it sees an exponent of ½, which differs at -inf
        return jnp.power(a, lax.optimization_barrier(jnp.full_like(a, b)) if isinstance(b, float) and abs(b) == 0.5 else b)

    own = {"cosh": cosh, "sinh": sinh, "sqrt": sqrt, "power": power, "erf": lax.erf, "erfc": lax.erfc}

    def kept(function: Callable[..., Array]) -> Callable[..., Array]:
        return lambda *inputs: lax.optimization_barrier(function(*inputs))

    return SimpleNamespace(inf=np.inf, nan=np.nan, **{name: kept(own.get(name) or getattr(jnp, name)) for name in FUNCTIONS})


# -- numbers ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numbers:
    """The numbers of a run, or how fast they move.

    Attributes:
        starts: the places at which the arrays begin, of the shared ones and of the batched ones.
        arrays: of one axis, and of two where there are samples. A `ShapeDtypeStruct` stands for zeros that nobody computes with.
        samples: how many there are.
    """

    starts: Starts
    arrays: Arrays
    samples: int

    def append(self, step: Instruction, array: Array) -> None:
        """Add the outputs of an instruction, in their shape."""
        self.starts[step.batched].append(step.start)
        self.arrays[step.batched].append(array.reshape((step.size, self.samples)[: 1 + step.batched]))

    def append_zeros(self, step: Instruction, dtype: Any) -> None:
        """Add zeros for an instruction."""
        self.starts[step.batched].append(step.start)
        self.arrays[step.batched].append(jax_package().ShapeDtypeStruct((step.size, self.samples)[: 1 + step.batched], dtype))

    def at(self, batched: bool, places: Places) -> Array | None:
        """The numbers at some places, in their shape; None for zeros."""
        jnp = jax_package().numpy
        starts, arrays = self.starts[batched], self.arrays[batched]
        owner = np.searchsorted(starts, places, side="right") - 1
        owners, index = np.unique(owner, return_inverse=True)
        parts = [arrays[i] for i in owners]
        if all(map(_is_zero, parts)):
            return None
        parts = list(map(_dense, parts))
        offsets = np.cumsum([0, *[len(part) for part in parts[:-1]]])
        local = places - np.array(starts)[owner] + offsets[index.reshape(places.shape)]
        return taken(parts[0] if len(parts) == 1 else jnp.concatenate(parts), local)

    def read(self, step: Instruction, operand: Operand) -> Array | None:
        """An input of an instruction. What is shared has an axis of length 1 for the samples where other things are batched."""
        found = self.at(operand.batched, operand.all_places())
        return found[..., None] if found is not None and step.batched > operand.batched and step.operation is not MATMUL else found

    def outputs(self, step: Instruction) -> Array:
        """What an instruction computed, in its shape."""
        return self.at(step.batched, step.start + np.arange(step.size).reshape(step.shape))

    def holds(self, step: Instruction, mask: Operand | None) -> Array | None:
        """Where a mask of an instruction is not 0, in the shape of its outputs or one that fits it; None for everywhere."""
        if mask is None:
            return None
        found: Array = self.read(step, mask)
        return (found != 0.0).any(axis=-1) if mask.batched > step.batched else found != 0.0


def numbers_of(starts: Starts, arrays: Arrays) -> Numbers:
    """The arrays that begin at these places, so that others can be appended."""
    return Numbers((starts[0][:], starts[1][:]), (arrays[0][:], arrays[1][:]), arrays[1][0].shape[1] if arrays[1] else 1)


def _is_zero(array: Array) -> bool:
    return isinstance(array, jax_package().ShapeDtypeStruct)


def _symbolic(array: Array) -> Array:
    """JAX's own zero as ours."""
    jax = jax_package()
    return jax.ShapeDtypeStruct(array.shape, array.dtype) if isinstance(array, jax.custom_derivatives.SymbolicZero) else array


def _dense(array: Array) -> Array:
    return jax_package().numpy.zeros(array.shape, array.dtype) if _is_zero(array) else array


def _all_dense(arrays: Arrays) -> Arrays:
    return list(map(_dense, arrays[0])), list(map(_dense, arrays[1]))


def taken(array: Array, places: Places) -> Array:
    """``array[places]``: cut and reshaped where the places are regular, which is faster than a gather, and so is its transpose."""
    jnp, lax = jax_package().numpy, jax_package().lax
    tail = array.shape[1:]
    if places.size == len(array) and np.array_equal(places.ravel(), np.arange(places.size)):
        return array.reshape(places.shape + tail)
    start = int(places.flat[0])
    strides = tuple([int(np.take(places, 1, axis=axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(places.shape)])
    moving = sorted([axis for axis, stride in enumerate(strides) if stride], key=lambda axis: -strides[axis])
    loops = [(places.shape[axis], strides[axis]) for axis in moving] or [(1, 1)]
    nested = all(outer % inner == 0 and n * inner <= outer for (_, outer), (n, inner) in pairwise(loops)) and loops[-1][1] > 0
    if not nested or not np.array_equal(places_of(start, places.shape, strides), places):
        distinct = len(np.unique(places)) == places.size
        return array.at[places].get(mode="promise_in_bounds", unique_indices=distinct)
    length = loops[0][0] * loops[0][1]
    cut = lax.slice_in_dim(array, start, min(start + length, len(array)))
    if len(cut) < length:  # the last round of the outermost loop is not complete
        cut = jnp.pad(cut, [(0, length - len(cut)), *[(0, 0)] * len(tail)])
    for depth, (n, stride) in enumerate(loops):  # from one axis of n · stride numbers to two, of which the next loop divides the second
        if cut.shape[depth] > n * stride:
            cut = lax.slice_in_dim(cut, 0, n * stride, axis=depth)
        cut = cut.reshape((*cut.shape[:depth], n, stride, *tail))
    if loops[-1][1] > 1:
        cut = lax.slice_in_dim(cut, 0, 1, axis=len(loops))
    if moving != sorted(moving):
        cut = cut.transpose(*sorted(range(len(loops)), key=moving.__getitem__), *range(len(loops), cut.ndim))
    cut = cut.reshape(tuple([n if stride else 1 for n, stride in zip(places.shape, strides, strict=True)]) + tail)
    return cut if cut.shape == places.shape + tail else jnp.broadcast_to(cut, places.shape + tail)


# -- programs ---------------------------------------------------------------------------------------------------------------


def _value(step: Instruction, inputs: Sequence[Array]) -> Array:
    """What an instruction computes."""
    jnp = jax_package().numpy
    if step.operation is MATMUL:
        a, b = ("s" * operand.batched for operand in step.operands)
        return jnp.einsum(f"mn{a},pn{b}->mp{'s' * step.batched}", *inputs, precision="highest")
    if step.operation is DOT and step.stacked:
        return jnp.sum(inputs[0] * inputs[1], axis=1)
    if step.operation is SUM and step.stacked:
        return jnp.sum(inputs[0], axis=1)
    if step.operation is SPREAD:
        return inputs[0]
    return step.operation.value(namespace(), *_columns(step, inputs))


def _columns(step: Instruction, inputs: Sequence[Array]) -> Sequence[Array]:
    """The inputs of a row, each in the shape of the output."""
    return list(jax_package().numpy.moveaxis(inputs[0], 1, 0)) if step.stacked else inputs


def _filled(step: Instruction, array: Array, samples: int) -> Array:
    return jax_package().numpy.broadcast_to(array, (*step.shape, samples)[: len(step.shape) + step.batched])


def _forward(layout: Layout, numbers: Numbers) -> None:
    """Compute every instruction."""
    for step in layout.instructions:
        inputs = [numbers.read(step, operand) for operand in step.operands]
        numbers.append(step, _filled(step, _value(step, inputs), numbers.samples))


def _push_forward(layout: Layout, numbers: Numbers, moved: Numbers) -> None:
    """How fast everything moves when the leaves do: `moved`, which has the leaves, is a linear function of them.

    Where an output is not wanted, both it and what it was computed from stand still, so that the gradient is exactly 0 there when
    this is transposed, also where a slope is inf or nan.
    """
    for step in layout.instructions:
        inputs: list[Array] = [numbers.read(step, operand) for operand in step.operands]
        wanted = numbers.holds(step, step.mask)
        moving = [None if operand.constant else moved.read(step, operand) for operand in step.operands]
        if all(x is None for x in moving):
            moved.append_zeros(step, inputs[0].dtype)
            continue
        of_inputs = wanted[:, None] if wanted is not None and step.stacked else wanted
        total = _moving(step, numbers.outputs(step), inputs, [_masked(of_inputs, x) for x in moving])
        moved.append(step, _masked(wanted, _filled(step, total, numbers.samples)))


def _masked(wanted: Array | None, x: Array | None) -> Array | None:
    return x if wanted is None or x is None else jax_package().numpy.where(wanted, x, 0.0)


def _moving(step: Instruction, y: Array, inputs: list[Array], moving: list[Array | None]) -> Array:
    """How fast the outputs of an instruction move: the sum of what its inputs contribute."""
    if step.operation is SPREAD or (step.operation is SUM and step.stacked):
        return _value(step, moving)
    if step.operation is MATMUL or (step.operation is DOT and step.stacked):
        (a, b), (da, db) = inputs, moving
        parts = [_value(step, pair) for pair in ((da, b), (a, db)) if pair[0] is not None and pair[1] is not None]
    else:
        slopes = step.operation.slopes(namespace(), y, *_columns(step, inputs))
        moved = zip(slopes, _columns(step, moving), strict=True)
        parts = [product(step.operation, namespace(), slope, x) for slope, x in moved if x is not None]
    return sum(parts[1:], parts[0])


def outside_of(layout: Layout, numbers: Numbers) -> Array:
    """For each sample whether an operation left its domain where it was wanted."""
    jnp = jax_package().numpy
    found = jnp.zeros(numbers.samples, dtype=bool)
    for step in layout.instructions:
        if not step.checked:
            continue
        inputs = [numbers.read(step, operand) for operand in step.operands]
        bad = outside(step.operation, namespace(), *_columns(step, inputs))
        counts = numbers.holds(step, step.excused)
        bad = _filled(step, bad if counts is None else bad & counts, numbers.samples)
        found |= bad.any(axis=tuple(range(len(step.shape))))
    return found


def warn_if_long(layout: Layout) -> None:
    """Say so if XLA will take long."""
    if len(layout.instructions) >= LONG:
        message = f'XLA takes minutes to compile {len(layout.instructions):,} instructions: executor="native" and "numpy" take no time'
        warnings.warn(message, RuntimeWarning, stacklevel=4)


def starts_of(layout: Layout, leaves: Starts) -> Starts:
    """Where all arrays begin, from where those of the leaves do."""
    shared, batched = ([step.start for step in layout.instructions if step.batched == kind] for kind in (False, True))
    return leaves[0] + shared, leaves[1] + batched


def program(layout: Layout, starts: Starts) -> Callable[[Arrays], Arrays]:
    """A function from the arrays of the leaves, which begin at `starts`, to those of everything; its derivatives are our own."""
    jax = jax_package()

    @jax.custom_jvp  # type: ignore[untyped-decorator]
    def run(leaves: Arrays) -> Arrays:
        numbers = numbers_of(starts, leaves)
        _forward(layout, numbers)
        return numbers.arrays

    def derivative(primals: tuple[Arrays], tangents: tuple[Arrays]) -> tuple[Arrays, Arrays]:
        arrays = run(*primals)
        shared, batched = (list(map(_symbolic, of_kind)) for of_kind in tangents[0])
        moved = numbers_of(starts, (shared, batched))
        _push_forward(layout, numbers_of(starts_of(layout, starts), arrays), moved)
        return arrays, _all_dense(moved.arrays)

    run.defjvp(derivative, symbolic_zeros=True)
    return run  # type: ignore[no-any-return]


# -- the executor -----------------------------------------------------------------------------------------------------------


def forward(layout: Layout, data: Storage) -> list[tuple[Instruction, Any]]:
    """As `execute.forward`, in float64.

    Raises:
        MissingPackageError: JAX is not installed.
    """
    run, _ = _compiled(layout)
    with jax_package().enable_x64(True):
        (shared, batched), bad = run(data.shared, data.batched)
        if bad.any():  # which elements of which operations, the reference finds out
            return execute.forward(layout, data)
    data.shared[...], data.batched[...] = shared, batched
    return []


def backward(layout: Layout, data: Storage, grads: Storage) -> None:
    """As `execute.backward`, in float64, but that only the leaves receive their gradients."""
    _, run = _compiled(layout)
    with jax_package().enable_x64(True):
        shared, batched = run((data.shared, data.batched), (grads.shared, grads.batched))
    grads.shared[: len(shared)], grads.batched[: len(batched)] = shared, batched


def _compiled(layout: Layout) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Both directions of a layout, as XLA compiles them at their first use, and anew for another number of samples."""
    found: tuple[Callable[..., Any], Callable[..., Any]] = layout.once("jax", _directions)
    return found


def _directions(layout: Layout) -> tuple[Callable[..., Any], Callable[..., Any]]:
    warn_if_long(layout)
    jax = jax_package()
    reference = ref(layout)  # which keeps these functions, and would not go if they kept it

    def known() -> tuple[Layout, Starts, Starts]:
        layout: Any = reference()  # which exists while it is run
        shared, batched = ([0] if n else [] for n in leaves_of(layout))
        return layout, (shared, batched), starts_of(layout, (shared, batched))

    def whole(arrays: Arrays, like: tuple[Array, Array]) -> tuple[Array, Array]:
        shared, batched = (jax.numpy.concatenate([x[:0], *kind]) for kind, x in zip(arrays, like, strict=True))
        return shared, batched

    def forward(shared: Array, batched: Array) -> tuple[tuple[Array, Array], Array]:
        layout, leaves, _ = known()
        sizes = leaves_of(layout)
        numbers = _cut(leaves, shared[: sizes[0]], batched[: sizes[1]])
        _forward(layout, numbers)
        return whole(numbers.arrays, (shared, batched)), outside_of(layout, numbers)

    def backward(data: tuple[Array, Array], grads: tuple[Array, Array]) -> tuple[Array, Array]:
        layout, leaves, starts = known()
        numbers, gradients = _cut(starts, *data), _cut(starts, *grads)

        def push(arrays: Arrays) -> Arrays:
            moved = numbers_of(leaves, arrays)
            _push_forward(layout, numbers, moved)
            return _all_dense(moved.arrays)

        here = (numbers.arrays[0][: len(leaves[0])], numbers.arrays[1][: len(leaves[1])])
        return whole(jax.linear_transpose(push, here)(gradients.arrays)[0], grads)

    return jax.jit(forward), jax.jit(backward)


def leaves_of(layout: Layout) -> tuple[int, int]:
    """How many shared and batched numbers there are before those that instructions compute."""
    shared, batched = (
        min([step.start for step in layout.instructions if step.batched == kind], default=size)
        for kind, size in ((False, layout.shared), (True, layout.batched))
    )
    return shared, batched


def _cut(starts: Starts, shared: Array, batched: Array) -> Numbers:
    """Storage, cut into arrays."""
    pieces = [[x[a:b] for a, b in pairwise([*begin, len(x)])] for begin, x in zip(starts, (shared, batched), strict=True)]
    return Numbers((starts[0][:], starts[1][:]), (pieces[0], pieces[1]), batched.shape[1])
