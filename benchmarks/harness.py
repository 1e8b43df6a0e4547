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


def engine(plain: bool) -> tuple[ModuleType, ModuleType]:
    """`autograd` and `nn` in one of the two builds. Both can be had in one process: each has modules of its own."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("autograd", "nn")]:
        del sys.modules[name]
    sys.path_importer_cache.clear()
    before = os.environ.get(ENVIRONMENT)
    os.environ[ENVIRONMENT] = "1" if plain else "0"
    try:
        loaded = importlib.import_module("autograd"), importlib.import_module("nn")
        _ = loaded[0].compile  # what is imported late must be of this build too
        return loaded
    finally:
        if before is None:
            del os.environ[ENVIRONMENT]
        else:
            os.environ[ENVIRONMENT] = before


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
