"""Scalar engines under Python, side by side: micrograd's moons step, a small GPT, chains, and updates by optimizers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

from benchmarks import local_gradients, peers
from benchmarks.gpt import adam, gpt
from benchmarks.harness import Times, agree, allocated, builds, interleaved
from benchmarks.moons import moons, moons_mlp
from benchmarks.results import rounded

Builds = dict[str, tuple[ModuleType, ModuleType]]


@dataclass
class Step:
    """A training step without the update: forward, backward, free.

    Attributes:
        run: does the step, and returns the loss.
        gradients: returns the gradients of the parameters after the step.
        bytes: the memory of a graph, if it can be measured.
    """

    run: Callable[[], float]
    gradients: Callable[[], list[float]]
    bytes: int | None = None


def gradients_of(parameters: list[Any]) -> list[float]:
    return [p.grad for p in parameters]


def by_nodes(parameters: list[Any], loss: Callable[[], Any]) -> Step:
    """The step of an engine whose loss has a `backward`."""

    def run() -> float:
        for p in parameters:
            p.grad = 0
        total = loss()
        total.backward()
        return float(total.data)

    return Step(run, partial(gradients_of, parameters), allocated(loss))


def by_tape(xad: Any, parameters: list[Any], loss: Callable[[], Any]) -> Step:
    """The step of XAD: the parameters are registered once, and each new recording forgets the last one."""
    tape = xad.Tape()
    with tape:
        tape.registerInputs(parameters)

    def run() -> float:
        with tape:
            tape.newRecording()
            total = loss()
            tape.registerOutput(total)
            total.derivative = 1.0
            tape.computeAdjoints()
            return float(total.value)

    def gradients() -> list[float]:
        with tape:
            return [p.derivative for p in parameters]

    run()
    return Step(run, gradients, tape.getMemory())


def moons_table(engines: Builds, micrograd: Any, xad: Any, seconds: float) -> dict[str, Any]:
    """Print the table, and return its numbers."""
    steps: dict[str, Step] = {}
    if micrograd is not None:
        steps["micrograd"] = by_nodes(*moons(micrograd))
    steps["local gradients"] = by_nodes(*moons(local_gradients.Value))
    if xad is not None:
        steps["XAD"] = by_tape(xad, *moons(xad.Real, given=float))
    for name, (autograd, _) in engines.items():
        steps[f"ours, {name}"] = by_nodes(*moons(autograd.Value))
    same_code = set(steps)
    for name, (_, nn) in engines.items():
        steps[f"nn.MLP, {name}"] = by_nodes(*moons_mlp(nn))
        steps[f"nn.MLP, {name}"].bytes = None
    autograd, _ = list(engines.values())[-1]
    for executor in ("numpy", "native"):
        parameters, loss = moons(autograd.Value)
        root = loss()
        try:
            program = autograd.compile(root, executor=executor)
        except autograd.errors.MissingPackageError as error:
            print(error)
        else:
            steps[f"compile(loss), {executor}"] = Step(program, partial(gradients_of, parameters))
    agree({name: [step.run(), *step.gradients()] for name, step in steps.items()})
    print("\nmicrograd's moons step: forward, backward, free (programs: forward and backward)")
    nodes = len(autograd.graph.topological_order(root))
    on, off = _table(steps, same_code, nodes, seconds)
    return {
        "nodes": nodes,
        "seconds, collector on": {name: rounded(times.median) for name, times in on.items()},
        "seconds, collector off": {name: rounded(times.median) for name, times in off.items()},
        "bytes per node": {name: rounded(step.bytes / nodes) for name, step in steps.items() if step.bytes is not None},
    }


def gpt_table(engines: Builds, seconds: float) -> None:
    parameters, loss = gpt(local_gradients.Value)
    steps = {"local gradients": _with_update(parameters, loss)}
    for name, (autograd, _) in engines.items():
        steps[f"ours, {name}"] = _with_update(*gpt(autograd.Value))
    agree({name: step.gradients() for name, step in steps.items()})
    print("\na step of a one-layer GPT on one name: forward, backward, free, Adam (the same lines for all)")
    _table(steps, set(steps), _count(loss()), seconds)


def _with_update(parameters: list[Any], loss: Callable[[], Any]) -> Step:
    step = by_nodes(parameters, loss)
    step.run()
    gradients = gradients_of(parameters)
    update = adam(parameters)

    def run() -> float:
        total = step.run()
        update()
        return total

    return Step(run, lambda: gradients, step.bytes)


def _count(root: Any) -> int:
    """The nodes of a graph of the peer with local gradients."""
    seen = {root}
    stack = [root]
    while stack:
        new = set(stack.pop().inputs) - seen
        seen |= new
        stack += new
    return len(seen)


def _table(steps: dict[str, Step], same_graph: set[str], nodes: int, seconds: float) -> tuple[dict[str, Times], dict[str, Times]]:
    """Print a row for each step, with ratios to the first; for steps that build the same graph, also the time per node."""
    runs = {name: step.run for name, step in steps.items()}
    on, off = interleaved(runs, seconds), interleaved(runs, seconds, collector=False)
    first = next(iter(steps))
    faster = f"× {first}"
    width = max(len(faster), 8) + 2
    print(f"{nodes:,} nodes; medians, ± half the distance of the quartiles; collector on, then off\n")
    print(f"{'':24}" + f"{'ms':>9}{'±':>6}{'ns/node':>9}{faster:>{width}}" * 2 + f"{'bytes/node':>12}")
    for name, step in steps.items():
        halves = [_half(times[name], times[first], nodes if name in same_graph else None, width) for times in (on, off)]
        print(f"{name:24}{''.join(halves)}" + (f"{step.bytes / nodes:12.0f}" if step.bytes is not None else ""))
    return on, off


def _half(times: Times, first: Times, nodes: int | None, width: int) -> str:
    per_node = f"{times.median / nodes * 1e9:.0f}" if nodes else ""
    return f"{times.median * 1e3:9.3f}{times.spread:6.0%}{per_node:>9}{first.median / times.median:{width}.1f}"


def chain(value: Any, nodes: int) -> Callable[[], None]:
    """Build a chain of additions with about so many nodes, run backward, free it."""

    def run() -> None:
        y = value(1.0)
        one = value(1e-9)
        for _ in range(nodes):
            y = y + one
        y.backward()

    return run


def chain_on_tape(xad: Any, nodes: int) -> Callable[[], float]:
    """The same with XAD."""
    start = xad.Real(1.0)

    def loss() -> Any:
        y = start
        one = xad.Real(1e-9)
        for _ in range(nodes):
            y = y + one
        return y

    return by_tape(xad, [start], loss).run


def chains_table(engines: Builds, micrograd: Any, xad: Any, seconds: float) -> None:
    lengths = [10**k for k in range(3, 7)]
    makers: dict[str, Callable[[int], Callable[[], Any]]] = {}
    if micrograd is not None:
        makers["micrograd"] = partial(chain, micrograd)
    makers["local gradients"] = partial(chain, local_gradients.Value)
    if xad is not None:
        makers["XAD"] = partial(chain_on_tape, xad)
    for name, (autograd, _) in engines.items():
        makers[f"ours, {name}"] = partial(chain, autograd.Value)
    rows: dict[str, list[str]] = {name: [] for name in makers}
    for n in lengths:
        runs = {name: make(n) for name, make in makers.items()}
        for name in list(runs):
            try:
                runs[name]()
            except RecursionError:
                del runs[name]
        times = interleaved(runs, seconds / len(lengths))
        for name, row in rows.items():
            row.append(f"{times[name].median / n * 1e9:.0f}" if name in times else "recursion")
    print("\nchains of additions: nanoseconds a node; forward, backward, free; collector on\n")
    print(f"{'nodes':24}" + "".join(f"{n:>12,}" for n in lengths))
    for name, row in rows.items():
        print(f"{name:24}" + "".join(f"{cell:>12}" for cell in row))


def updates_table(engines: Builds, seconds: float) -> None:
    print("\nwhat the optimizer adds: step() and zero_grad() beside forward, backward, free; collector on\n")
    print(f"{'':36}{'parameters':>12}{'step, ms':>12}{'update, ms':>12}{'share':>8}")
    for name, (autograd, nn) in engines.items():
        for what, (parameters, loss), optimizer in (
            ("moons, SGD", moons(autograd.Value), nn.SGD),
            ("nn.MLP on moons, SGD", moons_mlp(nn), nn.SGD),
            ("GPT, Adam", gpt(autograd.Value), nn.Adam),
        ):
            rule = optimizer(parameters, lr=0.001)

            def run(loss: Callable[[], Any] = loss) -> None:
                loss().backward()

            def update(rule: Any = rule) -> None:
                rule.step()
                rule.zero_grad()

            times = interleaved({"step": run, "update": update}, seconds / 6)
            step, added = times["step"].median, times["update"].median
            print(f"{f'{what}, {name}':36}{len(parameters):12,}{step * 1e3:12.3f}{added * 1e3:12.3f}{added / (step + added):8.1%}")


def report(seconds: float) -> dict[str, Any]:
    """Print every table, and return what the READMEs show of them."""
    engines = builds()
    micrograd, xad = peers.micrograd(), peers.xad()
    measured = moons_table(engines, micrograd, xad, seconds)
    gpt_table(engines, seconds)
    chains_table(engines, micrograd, xad, seconds)
    updates_table(engines, seconds)
    return {"moons step under Python": measured}
