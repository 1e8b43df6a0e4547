"""What one item costs as the number of items grows, from 1,000 to 10,000,000; the plot of the READMEs shows it.

``python -m benchmarks --only growth`` prints the tables; with ``--write`` it draws the plot anew.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from benchmarks.cases import NUMPY, Case, Run, black_scholes, by_jax, by_torch, executors, packages
from benchmarks.compiled import check, repeat
from benchmarks.results import rounded

NAME = "growth, ns an item"
"""Of the measurement in the file of results."""

PLOT = Path(__file__).resolve().parent.parent / "docs" / "growth.svg"

COUNTS = (10**3, 10**4, 10**5, 10**6, 10**7)
MOST_SAMPLES = 10**6
"""Layer by layer, 10,000,000 samples of the network would take 10 GB: others have at most so many."""

LEAST_TURNS, MOST_TURNS = 3, 40
"""How many times each contestant runs."""

THREADED = "ours, all cores (elapsed time)"
SHOWN = {"ours": "#0072b2", THREADED: "#56b4e9", "NumPy": "#d55e00", "JAX": "#009e73", "PyTorch": "#cc79a7"}
"""The contestants of the plot by how their names begin, in colours that the colour-blind can tell apart."""

Growth = dict[str, dict[str, dict[str, float]]]
"""Nanoseconds an item, by case, contestant and number of items."""


def options(n: int) -> Case:
    """Black-Scholes, without the contestants that are far slower."""
    case, threaded = black_scholes(n), black_scholes(n, threads=None)
    (ours,) = (name for name in case.runs if name.startswith("f(") and name.endswith(executors()[-1]))
    runs = {"ours": case.runs[ours], THREADED: threaded.runs[ours]}
    runs |= {name: case.runs[name] for name in ("NumPy, SciPy by hand", "JAX") if name in case.runs}
    return Case("options: the price and 5 derivatives of each", NUMPY, runs)


def samples(n: int, sizes: tuple[int, int, int, int] = (2, 16, 16, 1)) -> Case:
    """The network of micrograd's demo: the mean of a squared error, and its gradient with respect to the parameters."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(-1.0, 1.0, (n, sizes[0])), rng.choice([-1.0, 1.0], n)
    p = [part for nin, nout in pairwise(sizes) for part in (rng.normal(0, nin**-0.5, (nout, nin)), np.zeros(nout))]

    def of_sample(p: Any, x: Any, target: Any) -> Any:
        for W, b, activation in zip(p[::2], p[1::2], (autograd.tanh, autograd.tanh, lambda z: z), strict=True):
            x = [activation(autograd.dot(w, x) + bias) for w, bias in zip(W, b, strict=True)]
        return (x[0] - target) ** 2

    def on_tensors(xp: Any, p: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = p
        error = xp.tanh(xp.tanh(X @ W1.T + b1) @ W2.T + b2) @ W3[0] + b3[0] - y
        return (error * error).mean()

    def by_hand() -> Any:
        W1, b1, W2, b2, W3, b3 = p
        h1 = np.tanh(X @ W1.T + b1)
        h2 = np.tanh(h1 @ W2.T + b2)
        error = h2 @ W3[0] + b3[0] - y
        d3 = error * (2.0 / n)
        d2 = np.outer(d3, W3[0]) * (1.0 - h2 * h2)
        d1 = d2 @ W2 * (1.0 - h1 * h1)
        return error @ error / n, [d1.T @ X, d1.sum(0), d2.T @ h1, d2.sum(0), (d3 @ h2)[None], d3.sum(keepdims=True)]

    runs: dict[str, Run] = {}
    for name, threads in (("ours", 1), (THREADED, None)):
        function = autograd.compile(of_sample, in_axes=(None, 0, 0), executor=executors()[-1], threads=threads)
        runs[name] = partial(function.value_and_grad, p, X, y, wrt=0, reduce="mean")
    title = "samples of a 2-16-16-1 network: the mean loss and its gradient"
    if n > MOST_SAMPLES:
        return Case(title, NUMPY, runs)
    runs[NUMPY] = by_hand
    libraries = packages()
    if libraries.jax:
        runs["JAX"] = by_jax(libraries.jax.value_and_grad(partial(on_tensors, libraries.jax.numpy)), p, X, y)
    if libraries.torch:
        runs["PyTorch"] = by_torch(partial(on_tensors, libraries.torch), p, X, y)
    return Case(title, NUMPY, runs)


CASES: tuple[Callable[[int], Case], ...] = (options, samples)


def turn_of(run: Run, clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return clock() - start


def times_of(case: Case, n: int, seconds: float) -> dict[str, float]:
    """Nanoseconds an item for each contestant, interleaved: the median of its turns, in CPU time."""
    turns: dict[str, list[float]] = {name: [] for name in case.runs}
    repeats = max(1, 10**4 // n)
    end = time.perf_counter() + seconds
    for k in range(MOST_TURNS):
        if k >= LEAST_TURNS and time.perf_counter() > end:
            break
        for name, run in case.runs.items():
            clock = time.perf_counter if name == THREADED else time.process_time
            turns[name].append(turn_of(partial(repeat, run, repeats), clock) / (n * repeats))
    return {name: rounded(statistics.median(some) * 1e9) for name, some in turns.items()}


def report(seconds: float, counts: tuple[int, ...] = COUNTS) -> dict[str, Growth]:
    """Print a table for each case, and return what it shows."""
    libraries = packages()
    if libraries.torch:
        libraries.torch.set_num_threads(1)
    with libraries.jax.enable_x64(True) if libraries.jax else nullcontext():
        return {NAME: _measured(seconds, counts)}


def _measured(seconds: float, counts: tuple[int, ...]) -> Growth:
    growth: Growth = {}
    for make in CASES:
        rows: dict[str, dict[str, float]] = {}
        for n in counts:
            case = make(n)
            check(case)
            for name, nanoseconds in times_of(case, n, seconds).items():
                rows.setdefault(name, {})[str(n)] = nanoseconds
        growth[make.__name__] = rows
        print(f"\n{case.title}; ns for each\n\n{'':32}" + "".join(f"{n:>12,}" for n in counts))
        for name, row in rows.items():
            print(f"{name:32}" + "".join(f"{x:12.1f}" for x in row.values()))
    return growth


def draw_plot(growth: Growth, path: Path = PLOT) -> None:
    """Write the plot as SVG, the same bytes for the same numbers."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    titles = {
        "options": "Black–Scholes: ns an option,\nprice and 5 derivatives",
        "samples": "a 2-16-16-1 network: ns a sample,\nloss and gradient",
    }
    with mpl.rc_context({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(8.0, 3.2), layout="constrained")
        for axes, (name, rows) in zip(figure.subplots(1, len(growth)), growth.items(), strict=True):
            for contestant, row in rows.items():
                colour = next((SHOWN[start] for start in sorted(SHOWN, key=len, reverse=True) if contestant.startswith(start)), "#777777")
                counts = [int(n) for n in row]
                axes.plot(counts, list(row.values()), marker="o", markersize=3, color=colour, label=contestant)
            axes.set(xscale="log", title=titles[name], xlabel=f"number of {name}", ylabel=f"ns for each of the {name}")
            axes.set_ylim(bottom=0.0)
            axes.legend(frameon=False, fontsize=7)
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None})
