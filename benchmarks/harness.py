"""Measure several contestants side by side: interleaved, in one process, medians."""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

ENVIRONMENT = "SCALAR_AUTOGRAD_PLAIN"


_LOADED: dict[bool, dict[str, ModuleType]] = {}


def engine(plain: bool) -> tuple[ModuleType, ModuleType]:
    """`autograd` and `nn` in one of the two builds. Both can be loaded in one process: each has modules of its own.

    Native modules can be loaded only once, so they are used again if they were loaded before.
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


def builds() -> dict[str, tuple[ModuleType, ModuleType]]:
    """`autograd` and `nn` by the name of the build. If the core is not compiled, it prints so, and there is no native build.

    Later imports, including those within functions, load modules of the last build.
    """
    engines = {"plain Python": engine(plain=True), "native": engine(plain=False)}
    if not engines["native"][0].NATIVE:
        print("The native core is not compiled, or older than its source: its rows are missing. To compile it: pip install -e .")
        del engines["native"]
    restore(_LOADED["native" not in engines])
    return engines


def restore(modules: dict[str, ModuleType]) -> None:
    """Make these the modules that imports load."""
    for name in _modules():
        del sys.modules[name]
    sys.modules.update(modules)


def _whole() -> dict[str, ModuleType]:
    """All modules of the present build, including those that are imported lazily."""
    importlib.import_module("nn")
    package = importlib.import_module("autograd")
    for name in dir(package):
        getattr(package, name)
    return _modules()


def _modules() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("autograd", "nn")}


class Times(list[float]):
    """The times of one contestant in seconds of the processor, which depend less on what else the machine does."""

    @property
    def median(self) -> float:
        return statistics.median(self)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        low, _, high = statistics.quantiles(self, n=4, method="inclusive")
        return (high - low) / 2 / self.median


def interleaved(contestants: Mapping[str, Callable[[], Any]], seconds: float, collector: bool = True) -> dict[str, Times]:
    """The times of each contestant. They take turns until the time is over, at least three turns each."""
    times = {name: Times() for name in contestants}
    for run in contestants.values():
        run()  # warm up
    gc.collect()
    if not collector:
        gc.disable()
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or min(map(len, times.values())) < 3:
            for name, run in contestants.items():
                gc.collect()  # the garbage of one contestant must not slow down the next
                start = time.process_time()
                run()
                times[name].append(time.process_time() - start)
    finally:
        gc.enable()
    return times


def agree(results: Mapping[str, list[float]], tolerance: float = 1e-9) -> None:
    """Check that the contestants compute the same.

    Raises:
        RuntimeError: two of them differ by more than the tolerance.
    """
    first = next(iter(results))
    for name, numbers in results.items():
        off = max(abs(a - b) for a, b in zip(numbers, results[first], strict=True))
        if not off <= tolerance:
            raise RuntimeError(f"{name} and {first} differ by {off:.3g}, more than {tolerance:g}: they do not compute the same")


def allocated(build: Callable[[], Any]) -> int:
    """The bytes that the result of `build` keeps allocated."""
    build()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = build()
        after, _ = tracemalloc.get_traced_memory()
        del result
        return after - before
    finally:
        tracemalloc.stop()
