"""The engines to compare with that are installed separately. A missing one is said in a line, and its rows are left out."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any


def micrograd() -> Any:
    """micrograd's Value, or None."""
    module = installed("micrograd.engine", "micrograd==0.1.0")
    return None if module is None else module.Value


def xad() -> Any:
    """XAD's adjoint mode, a tape in C++ under Python, or None. Its Real gets micrograd's method `relu`, made of XAD's own `max`."""
    module = installed("xad.adj_1st", "xad>=1.5.2")
    if module is not None:
        maximum = importlib.import_module("xad.math").max
        module.Real.relu = lambda x: maximum(x, 0.0)
    return module


@cache
def installed(module: str, requirement: str) -> ModuleType | None:
    """The module, or None, after a line that says so once."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"{module.partition('.')[0]} is not here, and its rows are missing. To install it: pip install '{requirement}'")
        return None
