"""The executors whose packages are installed; the first one is the reference.

Kernels do not depend on how the core was built: where plain Python is asked for, as in the second run of `.ci/run`, they are left out.
"""

import importlib.util
import os

import numpy as np

from autograd.compiled.backends.llvm import batch, run_storage, step_table
from autograd.compiled.backends.llvm.run_storage import Array

EXECUTORS = ["numpy", "native"]
IS_PLAIN = os.environ.get("SCALAR_AUTOGRAD_PLAIN", "0") not in ("", "0")
if IS_PLAIN or (importlib.util.find_spec("llvmlite") is None and not os.environ.get("SCALAR_AUTOGRAD_REQUIRE_LLVM")):
    EXECUTORS.remove("native")


def poison() -> None:
    """Fill the memory of native runs with nan, to reveal what is read before it was written."""

    def memory_for(*shape: int) -> Array:
        return np.full(shape, np.nan)

    batch.memory_for = run_storage.memory_for = step_table.memory_for = memory_for
    batch.memory_of = memory_for
