"""Executors by their names."""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol

from autograd.compiled import execute, native, with_jax
from autograd.compiled.execute import Storage
from autograd.compiled.layout import Instruction, Layout
from autograd.errors import CompileError, MissingPackageError

NAMES = ("auto", "numpy", "native", "jax")


class Executor(Protocol):
    """What runs a program. `execute` is the reference."""

    def storage(self, layout: Layout, samples: int = 1) -> Storage:
        """Zeros, for one run."""
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
    has_numba = name != "numpy" and importlib.util.find_spec("numba") is not None
    if name == "native" and not has_numba:
        raise MissingPackageError("the native executor needs Numba: pip install 'scalar-autograd[fast]'")
    return native if has_numba else execute
