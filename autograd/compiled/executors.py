"""Executors by their names."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from autograd.compiled import execute, native, with_jax
from autograd.compiled.execute import Array, Seed, Storage
from autograd.compiled.layout import Instruction, Layout
from autograd.errors import CompileError, MissingPackageError

Load = Callable[[Storage, list[Array], bool], bool]
"""Puts arrays where they belong. The bool says that they will not change until the storage is given back, so that it may read them where
they are. Whether it could."""

NAMES = ("auto", "numpy", "native", "jax")


class Executor(Protocol):
    """What runs a program. `execute` is the reference."""

    def storage(self, layout: Layout, samples: int = 1) -> Storage:
        """For the numbers of one run: the constants are there already."""
        ...  # pragma: no cover - a protocol

    def gradients(self, layout: Layout, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Storage:
        """For the gradients of one run: 0 where `backward` adds to what is there, and the gradient of a result; anew, or `spare`."""
        ...  # pragma: no cover - a protocol

    def plan(self, layout: Layout, arrays: Sequence[tuple[bool, int, int]]) -> Load | None:
        """What loads such arrays at once: batched or not, from which place on, and how many numbers a sample; None: one by one."""
        ...  # pragma: no cover - a protocol

    def forward(self, layout: Layout, data: Storage) -> list[tuple[Instruction, Any]]:
        """Compute every instruction; the instructions that left their domain, each with where it did."""
        ...  # pragma: no cover - a protocol

    def backward(self, layout: Layout, data: Storage, grads: Storage) -> None:
        """Add the gradients of everything to `grads`, which holds those of the results."""
        ...  # pragma: no cover - a protocol


def executor_named(name: str) -> Executor:
    """The executor of a name: "numpy"; "native", which needs Numba, or "auto" where that is installed; "jax", which needs JAX.

    Raises:
        CompileError: there is none of that name.
        MissingPackageError: the package that it needs is not installed.
    """
    if name not in NAMES:
        raise CompileError(f"there is no executor {name!r}: choose one of {', '.join(NAMES)}")
    if name == "jax":
        with_jax.jax_package()
        return with_jax
    missing = [package for package in ("numba", "scipy") if name != "numpy" and importlib.util.find_spec(package) is None]
    if name == "native" and missing:
        raise MissingPackageError(f"the native executor needs {' and '.join(missing)}: pip install 'scalar-autograd[fast]'")
    return execute if missing or name == "numpy" else native
