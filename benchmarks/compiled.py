"""Compiled programs compared with CasADi, JAX, PyTorch and code by hand."""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value, compile
from autograd._runtime.bulk import add_gradients, numbers_of
from autograd.graph import topological_order
from benchmarks import cases, loops
from benchmarks.cases import Case, Run, casadi_function, executors, flat, packages
from benchmarks.control import collocation, shooting
from benchmarks.harness import Times, agree, interleaved
from benchmarks.implied import implied_volatility
from benchmarks.pinn import few_points, pinn
from benchmarks.results import rounded
from benchmarks.tax import tax_table

CASES: tuple[Callable[[], Case], ...] = (
    cases.moons_step, cases.rosenbrock, cases.lorenz, cases.black_scholes, cases.product, cases.nielsen, cases.gpt_step, pinn, few_points,
    loops.garch, loops.asian_option, loops.lstm, loops.lotka_volterra, tax_table, shooting, collocation, implied_volatility,
)  # fmt: skip

TURN = 2e-3
"""The least duration of a turn, in seconds: shorter runs are repeated."""
SLOW = 2e-2
"""If a step takes longer than so many seconds, the contestant is measured apart, so that the others have more turns."""


def check(case: Case) -> None:
    """Check that all contestants compute the same, relative to the size of each number and to a millionth of the largest.

    Raises:
        RuntimeError: they do not.
    """
    results = {name: np.array(flat(run())) for name, run in case.runs.items()}
    first = next(iter(results.values()))
    scale = np.abs(first) + 1e-6 * np.abs(first).max()
    agree({name: (numbers / scale).tolist() for name, numbers in results.items()}, 1e-7)


def measured(case: Case, seconds: float) -> dict[str, Times]:
    """The times of a step of each contestant; if the case is a graph, also those of reading and writing its leaves."""
    runs = dict(case.runs)
    if case.scalar:
        leaves = list(map(Value, case.scalar[1]))
        runs["of compile(loss): its leaves"] = lambda: add_gradients(leaves, numbers_of(leaves))
    least = {name: min(timed(run) for _ in range(3)) for name, run in runs.items()}
    counts = {name: math.ceil(TURN / least[name]) for name in runs}
    turns = {name: partial(repeat, run, counts[name]) for name, run in runs.items()}
    slow = {name: turn for name, turn in turns.items() if least[name] > SLOW * case.steps}
    gc.collect()
    gc.freeze()  # so that the collector does not visit all packages before each turn
    try:
        times = interleaved({name: turn for name, turn in turns.items() if name not in slow}, seconds)
        times |= interleaved(slow, seconds / 5) if slow else {}
    finally:
        gc.unfreeze()
    return {name: Times(t / (case.steps * counts[name]) for t in times[name]) for name in runs}


def repeat(run: Run, count: int) -> None:
    for _ in range(count):
        run()


def timed(run: Run) -> float:
    start = time.process_time()
    run()
    return max(time.process_time() - start, 1e-6)


def print_case(case: Case, seconds: float) -> dict[str, float]:
    """Print how long each contestant takes, and return it in microseconds."""
    check(case)
    times = measured(case, seconds)
    goal = times.get(case.goal)
    print(f"\n{case.title}\n\n{'':32}{'µs':>12}{'±':>6}" + (f"{f'/ {case.goal}':>28}" if goal else ""))
    for name, row in times.items():
        print(f"{name:32}{row.median * 1e6:12.1f}{row.spread:6.0%}" + (f"{row.median / goal.median:28.2f}" if goal else ""))
    if case.steps > 1:
        epoch = ", ".join(f"{name} {row.median * 5_000:.2f}" for name, row in times.items())
        print(f"an epoch of 50,000 samples, in seconds: {epoch}")
    return {name: rounded(row.median * 1e6) for name, row in times.items()}


def chain(x: Any) -> Any:
    """A chain of a million nodes."""
    y = x[0]
    for _ in range(500_000):
        y = y * x[1] + x[2]
    return y


def print_recording(scalars: dict[str, tuple[Callable[[Any], Any], Any]]) -> dict[str, dict[str, float]]:
    """Print how long recording and compiling take, and return it in microseconds a node."""
    columns, rows = ("graph", "compile(loss)", "f.record", "CasADi"), {}
    print("\nuntil there is a program, µs a node; f.record: of a function of arrays, graph included; CasADi: graph and gradient\n")
    print(f"{'':32}{'nodes':>12}{'graph':>8}{'compile(loss)':>15}{'f.record':>10}{'CasADi':>8}")
    gc.collect()
    gc.freeze()  # as in a process that has not loaded all of the packages
    for name, (f, x) in scalars.items():
        leaves = list(map(Value, x))
        root = f(leaves)
        nodes = len(topological_order(root))
        runs: list[Run] = [partial(f, leaves), partial(compile, root), lambda f=f, x=x: compile(f, in_axes=(None,)).record(x, wrt=0)]
        if packages().casadi:
            runs.append(partial(casadi_function, f, len(x)))
        cells = [min(timed(run) for _ in range(3 if nodes < 10**5 else 1)) / nodes * 1e6 for run in runs]
        print(f"{name:32}{nodes:12,}" + "".join(f"{cell:{width}.2f}" for cell, width in zip(cells, (8, 15, 10, 8), strict=False)))
        rows[name] = dict(zip(columns, map(rounded, cells), strict=False))
    gc.unfreeze()
    return rows


FIRST = """
import importlib, sys, time
case = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])()
name = next(name for name in case.runs if name.startswith(("f(", "f.")) and name.endswith(sys.argv[3]))
start = time.process_time()
case.runs[name]()
print(time.process_time() - start)
"""


def print_first_calls() -> dict[str, dict[str, float]]:
    """Print how long the first call of each program takes, recording included: on a new machine, in a later process, and by NumPy."""
    rows: dict[str, dict[str, float]] = {}
    print("\nthe first call, seconds\n\n" + f"{'':32}{'new machine':>14}{'later process':>14}{'numpy':>10}")
    root = Path(__file__).resolve().parent.parent
    for make in CASES:
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {"XDG_CACHE_HOME": folder}
            command = [sys.executable, "-c", FIRST, make.__module__, make.__name__]
            times = [
                float(subprocess.run([*command, executor], env=environment, cwd=root, capture_output=True, check=True).stdout)
                for executor in ("native", "native", "numpy")
            ]
        rows[make.__name__] = dict(zip(("new machine", "later process", "numpy"), map(rounded, times), strict=True))
        print(f"{make.__name__:32}{times[0]:14.3f}{times[1]:14.3f}{times[2]:10.3f}")
    return rows


def print_calls() -> dict[str, float]:
    """Print what a call costs beside the computation, in microseconds."""
    square = compile(lambda x: x * x, executor=executors()[-1])
    norm = compile(lambda x: sum(a * a for a in x), in_axes=(None,), executor=executors()[-1])
    vector = np.arange(10.0)
    runs: dict[str, Run] = {
        "value_and_grad of x * x, a float": lambda: square.value_and_grad(3.0),
        "value_and_grad of x * x, 10 samples": lambda: square.value_and_grad(vector),
        "value_and_grad of a vector of 10": lambda: norm.value_and_grad(vector, wrt=0),
    }
    turns = {name: partial(repeat, run, 1000) for name, run in runs.items()}
    times = {name: rounded(row.median * 1e3) for name, row in interleaved(turns, 1.0).items()}
    print("\na call, µs\n")
    for name, time_of_call in times.items():
        print(f"{name:44}{time_of_call:8.2f}")
    return times


def report(seconds: float) -> dict[str, Any]:
    """Print every table, measuring each for so many seconds; return what the READMEs show of them."""
    jax = packages().jax
    if packages().torch:
        packages().torch.set_num_threads(1)
    scalars, measured = {}, {}
    with jax.enable_x64(True) if jax else nullcontext():
        for make in CASES:
            case = make()
            measured[make.__name__] = print_case(case, seconds)
            if case.scalar:
                scalars[make.__name__.replace("_", " ")] = case.scalar
    recording = print_recording(scalars | {"a chain": (chain, np.array([1.0, 0.9999, 1e-4]))})
    rows = {"executors": executors(), "compiled": measured, "recording, µs a node": recording, "calls, µs": print_calls()}
    return rows | {"first calls, seconds": print_first_calls()} if "native" in executors() else rows
