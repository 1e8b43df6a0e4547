"""Engines to compare with, which are installed separately. If one is missing, a line says so, and its rows are left out."""

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
    """XAD's adjoint mode, a tape in C++ under Python, or None. Its Real gets the method `relu` of micrograd, made of XAD's `max`."""
    module = installed("xad.adj_1st", "xad>=1.5.2")
    if module is not None:
        maximum = importlib.import_module("xad.math").max
        module.Real.relu = lambda x: maximum(x, 0.0)
    return module


@cache
def installed(module: str, requirement: str) -> ModuleType | None:
    """The module; None if it is not installed, which is printed once."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"{module.partition('.')[0]} is not installed, so its rows are missing: pip install '{requirement}'")
        return None
