"""The JAX backend: runs code as one pure function of arrays, which XLA compiles.

The arithmetic of XLA differs from that of `math`. On CPUs, numbers below 2.2e-308 count as 0. A product and a sum may be rounded once
instead of twice. Functions are off by a few units in the last place, and erfc(a) by up to a².

XLA compiles long programs slowly, as it compiles long functions written for JAX.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

from autograd.compiled.backends.contract import Storage, Violation
from autograd.compiled.backends.jax.xla_namespace import Array, jax_package
from autograd.compiled.backends.jax.xla_numbers import Arrays, Numbers, Starts, all_dense, numbers_of
from autograd.compiled.backends.jax.xla_program import Steps, leaves_of, outside_of, push_forward, run_forward, starts_of, steps_of
from autograd.compiled.backends.numpy.reference import Reference
from autograd.compiled.ir import Code
from autograd.compiled.loop_body import LoopBody

LONG = 500
"""Compiling programs of so many instructions, or more, takes so long that the user is warned."""


def warn_if_long(steps: Steps) -> None:
    """Warn if XLA will take long to compile the steps. Of a loop it compiles one round."""
    count = sum([len(step.members) if isinstance(step, LoopBody) else 1 for step in steps])
    if count >= LONG:
        message = f'XLA takes long to compile {count:,} instructions: choose executor="llvm" or "numpy"'
        warnings.warn(message, RuntimeWarning, stacklevel=4)


class Compiled(Reference):
    """Code that XLA runs in float64. See `backends.contract.Executable`."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self._made: tuple[Callable[..., Array], Callable[..., Array]] | None = None

    @property
    def _functions(self) -> tuple[Callable[..., Array], Callable[..., Array]]:
        """The functions forward and backward. XLA compiles each at its first use, and again for another number of samples."""
        if self._made is None:
            steps = steps_of(self.code)
            warn_if_long(steps)
            self._made = _directions(self.code, steps)
        return self._made

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        run, _ = self._functions
        with jax_package().enable_x64(True):
            (shared, batched), bad = run(data.shared, data.batched)
            if bad.any():  # the reference determines which elements of which operations
                return super().forward(data)
        data.shared[...], data.batched[...] = shared, batched
        return []

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`. Only leaves receive their gradients."""
        _, run = self._functions
        with jax_package().enable_x64(True):
            shared, batched = run((data.shared, data.batched), (grads.shared, grads.batched))
        grads.shared[: len(shared)], grads.batched[: len(batched)] = shared, batched


load: Callable[[Code], Compiled] = Compiled


def _cut(starts: Starts, shared: Array, batched: Array) -> Numbers:
    """Storage as an array for each instruction."""
    pieces = [[x[a:b] for a, b in pairwise([*begin, len(x)])] for begin, x in zip(starts, (shared, batched), strict=True)]
    return Numbers((starts[0][:], starts[1][:]), (pieces[0], pieces[1]), batched.shape[1])


def _directions(code: Code, steps: Steps) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """Forward and backward as functions of storage."""
    jax = jax_package()
    sizes = leaves_of(code, steps)
    leaves: Starts = ([0] if sizes[0] else [], [0] if sizes[1] else [])
    starts = starts_of(steps, leaves)

    def whole(arrays: Arrays, like: tuple[Array, Array]) -> tuple[Array, Array]:
        shared, batched = (jax.numpy.concatenate([x[:0], *kind]) for kind, x in zip(arrays, like, strict=True))
        return shared, batched

    def forward(shared: Array, batched: Array) -> tuple[tuple[Array, Array], Array]:
        numbers = _cut(leaves, shared[: sizes[0]], batched[: sizes[1]])
        run_forward(steps, numbers)
        return whole(numbers.arrays, (shared, batched)), outside_of(steps, numbers)

    def backward(data: tuple[Array, Array], grads: tuple[Array, Array]) -> tuple[Array, Array]:
        numbers, gradients = _cut(starts, *data), _cut(starts, *grads)

        def push(arrays: Arrays) -> Arrays:
            moved = numbers_of(leaves, arrays)
            push_forward(steps, numbers, moved)
            return all_dense(moved.arrays)

        here = (numbers.arrays[0][: len(leaves[0])], numbers.arrays[1][: len(leaves[1])])
        return whole(jax.linear_transpose(push, here)(gradients.arrays)[0], grads)

    return jax.jit(forward), jax.jit(backward)
