"""The backends by name: "numpy", "llvm" (or "native"), "jax", and "auto", which chooses one of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from autograd.compiled.backends.contract import Backend
from autograd.compiled.backends.jax import xla
from autograd.compiled.backends.llvm.executable import Llvm
from autograd.compiled.backends.numpy import reference
from autograd.errors import CompileError, MissingPackageError

BACKENDS: dict[str, tuple[Callable[[int | None], Backend], tuple[str, ...], str]] = {
    "numpy": (lambda threads: reference, (), ""),
    "llvm": (Llvm, ("llvmlite",), "fast"),
    "native": (Llvm, ("llvmlite",), "fast"),
    "jax": (lambda threads: xla, ("jax",), "jax"),
}
"""What makes each for a number of threads; the packages that it needs; the extra that installs them. "native" is another name of "llvm"."""

NAMES = ("auto", *BACKENDS)


def backend_named(name: str, threads: int | None = None) -> Backend:
    """The backend with this name.

    Args:
        name: "numpy"; "llvm", also called "native", which needs llvmlite; "auto", which is "llvm" if these are installed,
            otherwise "numpy"; or "jax", which needs JAX.
        threads: how many threads "llvm" uses for a large batch; None for as many as there are cores.

    Raises:
        CompileError: there is no backend of that name; or `threads` is not a positive whole number.
        MissingPackageError: a package that it needs is not installed.
    """
    if not isinstance(name, str) or name not in NAMES:
        raise CompileError(f"there is no executor {name!r}: choose one of {', '.join(NAMES)}")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise CompileError(f"threads must be a positive whole number, not {threads!r}")
    if name == "auto":
        return BACKENDS["numpy" if _missing("llvm") else "llvm"][0](threads)
    missing = _missing(name)
    make, _, extra = BACKENDS[name]
    if missing:
        raise MissingPackageError(f"executor={name!r} needs {' and '.join(missing)}: pip install 'scalar-autograd[{extra}]'")
    return make(threads)


def _missing(name: str) -> list[str]:
    return [package for package in BACKENDS[name][1] if importlib.util.find_spec(package) is None]
