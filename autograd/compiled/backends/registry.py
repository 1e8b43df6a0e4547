"""The backends by name: "numpy", "llvm" (or "native"), "jax", and "auto", which chooses one of them."""

from __future__ import annotations

import importlib.util

from autograd.compiled.backends.contract import Backend
from autograd.compiled.backends.jax import xla
from autograd.compiled.backends.jax.xla_namespace import jax_package
from autograd.compiled.backends.machine import native
from autograd.compiled.backends.numpy import reference
from autograd.errors import CompileError, MissingPackageError

NAMES = ("auto", "numpy", "llvm", "native", "jax")


def backend_named(name: str) -> Backend:
    """The backend with this name.

    Args:
        name: "numpy"; "llvm", also called "native", which needs Numba and SciPy; "auto", which is "llvm" if these are installed,
            otherwise "numpy"; or "jax", which needs JAX.

    Raises:
        CompileError: there is no backend of that name.
        MissingPackageError: a package that it needs is not installed.
    """
    if name not in NAMES:
        raise CompileError(f"there is no executor {name!r}: choose one of {', '.join(NAMES)}")
    if name == "jax":
        jax_package()
        return xla
    missing = [package for package in ("numba", "scipy") if name != "numpy" and importlib.util.find_spec(package) is None]
    if name in ("llvm", "native") and missing:
        raise MissingPackageError(f"the native executor needs {' and '.join(missing)}: pip install 'scalar-autograd[fast]'")
    return reference if missing or name == "numpy" else native
