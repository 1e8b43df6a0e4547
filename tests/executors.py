"""The executors whose packages are installed; the first one is the reference."""

import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compiled.backends.machine import native

EXECUTORS = ["numpy", "native"]
if importlib.util.find_spec("numba") is None and not os.environ.get("SCALAR_AUTOGRAD_REQUIRE_NUMBA"):
    EXECUTORS.remove("native")


def poison() -> None:
    """Fill the memory of native runs with nan, to reveal what is read before it was written."""
    original = native.memory_for

    def memory_for(table: Any, samples: int, make: Callable[[int], Any] = np.empty) -> Any:
        memory = original(table, samples, make)
        if make is np.empty:
            memory[...] = np.nan
        return memory

    native.memory_for = memory_for
