"""Measure several contestants side by side: interleaved, in one process, medians."""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

ENVIRONMENT = "SCALAR_AUTOGRAD_PLAIN"


_LOADED: dict[bool, dict[str, ModuleType]] = {}


def engine(plain: bool) -> tuple[ModuleType, ModuleType]:
    """`autograd` and `nn` in one of the two builds. Both can be had in one process: each has modules of its own.

    The native modules can be loaded once only, so those that are there already are used.
    """
    if "autograd" in sys.modules and (not sys.modules["autograd"].NATIVE) not in _LOADED:
        _LOADED[not sys.modules["autograd"].NATIVE] = _whole()
    current = _modules()
    if plain not in _LOADED:
        for name in current:
            del sys.modules[name]
        sys.path_importer_cache.clear()
        before = os.environ.get(ENVIRONMENT)
        os.environ[ENVIRONMENT] = "1" if plain else "0"
        try:
            _LOADED[plain] = _whole()
        finally:
            if before is None:
                del os.environ[ENVIRONMENT]
            else:
                os.environ[ENVIRONMENT] = before
        restore(current)
    return _LOADED[plain]["autograd"], _LOADED[plain]["nn"]


def restore(modules: dict[str, ModuleType]) -> None:
    """Make these the modules that imports find."""
    for name in _modules():
        del sys.modules[name]
    sys.modules.update(modules)


def _whole() -> dict[str, ModuleType]:
    """All modules of the build that imports find, also those that are imported late."""
    importlib.import_module("nn")
    package = importlib.import_module("autograd")
    for name in dir(package):
        getattr(package, name)
    return _modules()


def _modules() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("autograd", "nn")}


def interleaved(contestants: dict[str, Callable[[], Any]], seconds: float, collector: bool = True) -> dict[str, float]:
    """The median time of each contestant in seconds. They take turns until the time is over, at least 3 turns each."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()  # warm up
    gc.collect()
    if not collector:
        gc.disable()
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or min(map(len, times.values())) < 3:
            for name, run in contestants.items():
                gc.collect()  # what one contestant leaves behind is not to slow down the next
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    finally:
        gc.enable()
    return {name: statistics.median(found) for name, found in times.items()}


def allocated(build: Callable[[], Any]) -> int:
    """The bytes that what `build` returns holds on to, together with what it is made of."""
    build()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = build()
        after, _ = tracemalloc.get_traced_memory()
        del kept
        return after - before
    finally:
        tracemalloc.stop()
