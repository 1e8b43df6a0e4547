"""The backends by name: "numpy", "llvm" (or "native"), "jax", and "auto", which chooses one of them."""

from __future__ import annotations

import importlib.util

from autograd.compiled.backends.contract import Backend
from autograd.compiled.backends.jax import xla
from autograd.compiled.backends.machine import native
from autograd.compiled.backends.numpy import reference
from autograd.errors import CompileError, MissingPackageError

BACKENDS: dict[str, tuple[Backend, tuple[str, ...], str]] = {
    "numpy": (reference, (), ""),
    "llvm": (native, ("numba", "scipy"), "fast"),
    "native": (native, ("numba", "scipy"), "fast"),
    "jax": (xla, ("jax",), "jax"),
}
"""Each with the packages that it needs, and the extra that installs them. "native" is another name of "llvm"."""

NAMES = ("auto", *BACKENDS)


def backend_named(name: str) -> Backend:
    """The backend with this name.

    Args:
        name: "numpy"; "llvm", also called "native", which needs Numba and SciPy; "auto", which is "llvm" if these are installed,
            otherwise "numpy"; or "jax", which needs JAX.

    Raises:
        CompileError: there is no backend of that name.
        MissingPackageError: a package that it needs is not installed.
    """
    if not isinstance(name, str) or name not in NAMES:
        raise CompileError(f"there is no executor {name!r}: choose one of {', '.join(NAMES)}")
    if name == "auto":
        return BACKENDS["numpy" if _missing("llvm") else "llvm"][0]
    missing = _missing(name)
    backend, _, extra = BACKENDS[name]
    if missing:
        raise MissingPackageError(f"executor={name!r} needs {' and '.join(missing)}: pip install 'scalar-autograd[{extra}]'")
    return backend


def _missing(name: str) -> list[str]:
    return [package for package in BACKENDS[name][1] if importlib.util.find_spec(package) is None]
