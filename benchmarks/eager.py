"""Nanoseconds and bytes a node, against micrograd: its own moons step, and chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.harness import allocated, engine, interleaved
from benchmarks.moons import moons, moons_mlp


def micrograd_value() -> Any:
    try:
        from micrograd.engine import Value
    except ImportError:
        raise SystemExit("the benchmarks need micrograd: pip install -e '.[bench]'") from None
    return Value


def step(parameters: list[Any], loss: Callable[[], Any]) -> Callable[[], float]:
    """One training step without the update: forward, backward, free."""

    def run() -> float:
        for p in parameters:
            p.grad = 0
        total = loss()
        total.backward()
        return float(total.data)

    return run


def chain(value: Any, nodes: int) -> Callable[[], Any]:
    """Build a chain of additions of about so many nodes, go backward, free it."""

    def run() -> Any:
        y = value(1.0)
        one = value(1e-9)
        for _ in range(nodes):
            y = y + one
        y.backward()
        return y

    return run


def report(seconds: float) -> None:
    """Print the table."""
    plain, plain_nn = engine(plain=True)
    native, native_nn = engine(plain=False)
    micrograd = micrograd_value()
    builds = [("plain Python", plain.Value)]
    if native.NATIVE:
        builds.append(("native", native.Value))
    else:
        print("The native core is not compiled; its rows are missing.")

    contestants = {"micrograd": step(*moons(micrograd))}
    for name, value in builds:
        contestants[f"eager, {name}"] = step(*moons(value))
    contestants["nn.MLP, plain Python"] = step(*moons_mlp(plain_nn))
    if native.NATIVE:
        contestants["nn.MLP, native"] = step(*moons_mlp(native_nn))
    program = native.compile(moons(native.Value)[1]())
    contestants["compiled, NumPy"] = program
    results = {name: run() for name, run in contestants.items()}
    assert max(results.values()) - min(results.values()) < 1e-9, results

    nodes = len(program.tape.nodes)
    times = interleaved(contestants, seconds)
    without = interleaved(contestants, seconds, collector=False)
    sizes = {"micrograd": allocated(moons(micrograd)[1]) / nodes}
    sizes |= {f"eager, {name}": allocated(moons(value)[1]) / nodes for name, value in builds}
    print(f"\nmicrograd's moons step: {nodes:,} nodes; forward, backward, free (compiled: forward and backward)\n")
    print(f"{'':24}{'ms':>9}{'ns/node':>9}{'× micrograd':>13}{'no collector: ms':>18}{'× micrograd':>13}{'bytes/node':>12}")
    for name, t in times.items():
        off = without[name]
        size = f"{sizes[name]:.0f}" if name in sizes else ""
        per_node = f"{t / nodes * 1e9:.0f}" if name in ("micrograd", *[f"eager, {b}" for b, _ in builds]) else ""
        faster, faster_off = times["micrograd"] / t, without["micrograd"] / off
        print(f"{name:24}{t * 1e3:9.3f}{per_node:>9}{faster:13.1f}{off * 1e3:18.3f}{faster_off:13.1f}{size:>12}")

    print("\nchains: nanoseconds a node; forward, backward, free\n")
    lengths = [10**k for k in range(3, 7)]
    print(f"{'nodes':24}" + "".join(f"{n:>12,}" for n in lengths))
    print(f"{'micrograd':24}" + "".join(f"{_micrograd_chain(micrograd, n):>12}" for n in lengths))
    rows: dict[str, list[float]] = {name: [] for name, _ in builds}
    for n in lengths:
        for name, t in interleaved({name: chain(value, n) for name, value in builds}, seconds / 4).items():
            rows[name].append(t / n * 1e9)
    for name, row in rows.items():
        print(f"{'eager, ' + name:24}" + "".join(f"{t:12.0f}" for t in row))


def _micrograd_chain(value: Any, nodes: int) -> str:
    try:
        return f"{interleaved({'': chain(value, nodes)}, 0.2)[''] / nodes * 1e9:.0f}"
    except RecursionError:
        return "recursion"
