"""The executors that can be tested here; the first is the reference."""

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
    """Fill the memory of native runs with nan: what is read before it was written is seen then."""
    original = native.memory_for

    def memory_for(table: Any, samples: int, make: Callable[[int], Any] = np.empty) -> Any:
        memory = original(table, samples, make)
        if make is np.empty:
            memory[...] = np.nan
        return memory

    native.memory_for = memory_for
