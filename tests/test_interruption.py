"""Ctrl-C at any line leaves no context, counter or recorder behind, and loses no gradient and no step.

A trace function raises KeyboardInterrupt before one line of our code after the other, in the plain build, whose every line Python sees.
Real signals then interrupt the build that users have. After each interrupt the state is checked twice: while something still refers to the
traceback, as an interactive session does, and after a plain function was differentiated.
"""

import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from stepping import stepped

import nn
from autograd import Value, compile, contexts, detect_anomaly, drawn, enable_grad, grad, hessian, no_grad, recording, scope, tracing, where
from autograd import draw as draw_graph
from autograd._runtime.state import STATE
from autograd._runtime.temporary import During, Temporary

ROOT = Path(__file__).resolve().parent.parent
OURS = (str(ROOT / "autograd"), str(ROOT / "nn"))

MOST = 10**9 if os.environ.get("SCALAR_AUTOGRAD_EVERY_LINE") else 150
"""How many of the lines are interrupted, at most. What compiles runs through some thousands of them, for which there is the variable."""

EVERY = 1500
"""Where up to so many lines run, each is interrupted each time that it runs; else each at one of its times."""

SIGNALS, SIGNALS_OF_WHAT_IS_SLOW = 1000, 200

Scenario = Callable[[], tuple[Callable[[], Any], Callable[[], dict[str, Any]]]]
"""Makes what runs, and what tells what it left behind, beside the state of the library: {} for nothing."""


def left_behind() -> dict[str, Any]:
    """The parts of the library's state that differ from those at rest."""
    now = {
        "paused": (STATE.paused, 0),
        "watched": (STATE.watched, 0),
        "recorders": (STATE.recorders, 0),
        "traced": (STATE.traced, 0),
        "records": (contexts.RECORDING.get(), True),
        "anomaly": (contexts.gradient_check(), None),
        "scope": (contexts.current_scope(), ""),
        "trace": (tracing.here(), None),
        "traces": (len(tracing._TRACED), 0),
        "recorder": (recording.recorder(), None),
        "logged draws": (recording._LOGGED.get(), None),
        "replayed draws": (recording._REPLAYED.get(), None),
        "collector": (gc.isenabled(), True),
        "handler": (signal.getsignal(signal.SIGINT), signal.default_int_handler),
    }
    results = {name: is_now for name, (is_now, usual) in now.items() if is_now != usual}
    x, y = Value(3.0), Value(3.0)
    z = x * x + x
    z.backward()
    if x.grad != 7.0 or x == y or len({x, y}) != 2 or (x < y) is not False or z.scope or "data" not in repr(x):
        results["a plain function"] = (x.grad, x == y, z.scope, repr(x))
    return results


def nothing() -> dict[str, Any]:
    return {}


# -- what is interrupted ------------------------------------------------------------------------------------------------


@no_grad()
def paused(x: Value) -> Any:
    return x * x


@scope("generator")
def generated(x: Value) -> Any:
    yield x * 2.0
    yield x * 3.0


def of_contexts() -> Any:
    shared = no_grad()

    def run() -> None:
        x = Value(2.0)
        with no_grad():
            x * x
            with enable_grad(), scope("a"), detect_anomaly():
                x * x
        with shared, shared:
            x + x
        paused(x)
        list(generated(x))

    return run, nothing


def choosing(x: Any) -> Any:
    y = where(x > 1.0, lambda: x * x, lambda: x + 1.0)
    return y * 2.0 if x > 0.0 else y


def of_recording() -> Any:
    def run() -> None:
        with recording.recording() as now:
            x = Value(2.0)
            assert now.trace is not None
            now.trace.add([x])
            choosing(x)

    return run, nothing


def of_transforms() -> Any:
    w = Value(2.0)

    def run() -> None:
        grad(lambda x: x * x * w)(3.0)
        with no_grad():
            hessian(lambda x: x[0] * x[1])([1.0, 2.0])

    return run, nothing


def of_backward() -> Any:
    x, y = Value(2.0), Value(3.0)
    x.grad, y.grad = 10.0, 20.0
    z = x * y + x

    def left() -> dict[str, Any]:
        times = (x.grad - 10.0) / 4.0, (y.grad - 20.0) / 2.0
        return {} if times[0] == times[1] == int(times[0]) else {"gradients": (x.grad, y.grad)}

    return z.backward, left


def of_a_compiled(called: bool) -> Any:
    f = compile(lambda x: choosing(x) + 0.0 * drawn(random.random), executor="numpy")
    if called:
        f([2.0, 0.5, -1.0])

    def run() -> None:
        f([2.0, 0.5, -1.0])
        f.value_and_grad(2.0)

    def left() -> dict[str, Any]:
        result = f([2.0, 0.5, -1.0]).tolist(), f.value_and_grad(2.0)
        return {} if result == ([8.0, 3.0, 0.0], (8.0, (8.0,))) else {"answers": result}

    return run, left


def of_compile() -> Any:
    return of_a_compiled(called=False)


def of_a_compiled_call() -> Any:
    return of_a_compiled(called=True)


X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1]


def trained(executor: str, model: Any, **options: Any) -> Any:
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    options = {"epochs": 2, "batch_size": 2, "executor": executor, "progress": False, "rng": random.Random(0), **options}
    return nn.fit(model, X, Y, optimizer=optimizer, **options)


def perceptron() -> Any:
    return nn.MLP(2, [2], rng=random.Random(0))


def weights_after_each_step(executor: str) -> list[list[float]]:
    model = perceptron()
    results = [[p.data for p in model.parameters()]]
    step = nn.SGD.update

    class Watched(nn.SGD):
        def update(self, numbers: Any, gradient: Any) -> Any:
            new = step(self, numbers, gradient)
            results.append(new.tolist())
            return new

    nn.fit(
        model,
        X,
        Y,
        optimizer=Watched(model.parameters(), lr=0.1),
        epochs=2,
        batch_size=2,
        executor=executor,
        progress=False,
        rng=random.Random(0),
    )
    return results


STEPS: dict[str, list[list[float]]] = {}


def of_a_fit(executor: str) -> Any:
    steps = STEPS.setdefault(executor, weights_after_each_step(executor))
    model = perceptron()
    model.modules()[-1].training = False  # as it is to be afterwards
    flags = [module.training for module in model.modules()]

    def left() -> dict[str, Any]:
        results: dict[str, Any] = {}
        now = [p.data for p in model.parameters()]
        if not any(np.allclose(now, step, rtol=1e-9, atol=0.0) for step in steps):
            results["weights"] = now
        if [module.training for module in model.modules()] != flags:
            results["training"] = [module.training for module in model.modules()]
        return results

    return lambda: trained(executor, model, validation=(X, Y)), left


def of_fit_eager() -> Any:
    return of_a_fit("eager")


def of_fit_compiled() -> Any:
    return of_a_fit("numpy")


def of_files(write: Callable[[str], Any], name: str) -> Any:
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, name)
    path.write_bytes(b"old")

    def left() -> dict[str, Any]:
        others = [other.name for other in Path(folder.name).iterdir() if other.name not in (name, "graph.gv")]
        content = path.read_bytes()
        whole = content == b"old" or content.endswith((b"</svg>\n", b"</svg>")) or (len(content) > 100 and name.endswith("safetensors"))
        return {} if whole and not others else {"files": (others, content)}

    return lambda: write(str(path)), left


def of_save() -> Any:
    model = perceptron()
    return of_files(lambda path: nn.save(model, path), "weights.safetensors")


def of_draw() -> Any:
    x = Value(2.0, label="x")
    drawing = draw_graph(x * x, engine="builtin")
    return of_files(lambda path: drawing.render(outfile=path), "graph.svg")


SCENARIOS: dict[str, Scenario] = {
    "contexts": of_contexts,
    "recording": of_recording,
    "transforms": of_transforms,
    "backward": of_backward,
    "compile": of_compile,
    "a compiled call": of_a_compiled_call,
    "fit, eager": of_fit_eager,
    "fit, compiled": of_fit_compiled,
    "save": of_save,
    "draw": of_draw,
}


# -- how it is interrupted ----------------------------------------------------------------------------------------------


def traced(run: Callable[[], Any], listener: Callable[[FrameType], None]) -> None:
    """Run something, and call `listener` before each line of this package."""

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            listener(frame)
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(OURS) else None

    stepped(run, call)


def lines_of(scenario: Scenario) -> list[int]:
    """The lines to interrupt, by their positions in the order of execution."""
    seen: list[tuple[str, int]] = []
    run, _ = scenario()
    run()  # what is loaded or cached at the first time is not there at the next
    run, _ = scenario()
    traced(run, lambda frame: seen.append((frame.f_code.co_filename, frame.f_lineno)))
    rng = random.Random(0)
    if len(seen) <= EVERY:
        return sorted(rng.sample(range(len(seen)), min(MOST, len(seen))))
    times: dict[tuple[str, int], list[int]] = {}
    for k, place in enumerate(seen):
        times.setdefault(place, []).append(k)
    chosen = [rng.choice(result) for result in times.values()]
    return sorted(rng.sample(chosen, min(MOST, len(chosen))))


def interrupted_at(scenario: Scenario, k: int) -> list[str]:
    """Interrupt before the k-th line. Returns that line and the state that was not restored."""
    run, left = scenario()
    count = 0
    where_it_was = ""

    def listener(frame: FrameType) -> None:
        nonlocal count, where_it_was
        count += 1
        if count == k + 1:
            where_it_was = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
            raise KeyboardInterrupt

    kept: Any = None
    try:
        traced(run, listener)
    except KeyboardInterrupt as error:
        kept = error  # as `sys.last_exc` is kept
    results = {**left_behind(), **left()}
    problems = [f"{where_it_was}: {results}"] if results else []
    del kept
    return problems


def signalled(scenario: Scenario, times: int) -> list[str]:
    """Interrupt by signals, at random moments of a run."""
    hits: list[int] = []

    def ring(number: int, frame: FrameType | None) -> None:
        hits.append(number)
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGALRM, ring)
    rng = random.Random(0)
    problems = []
    run, _ = scenario()
    run()
    run, _ = scenario()
    start = time.perf_counter()
    run()
    duration = time.perf_counter() - start
    while len(hits) < times:
        run, left = scenario()
        kept: Any = None
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 1.1 * duration))
            run()
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        except KeyboardInterrupt as error:
            kept = error
        results = {**left_behind(), **left()}
        if results:
            problems.append(f"{len(hits)}: {results}")
        del kept
    return problems


def main(name: str, how: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scenario = SCENARIOS[name]
    if how == "signals":
        count = SIGNALS_OF_WHAT_IS_SLOW if name.startswith(("a compiled", "fit")) else SIGNALS
        problems = signalled(scenario, count)
    else:
        lines = lines_of(scenario)
        count = len(lines)
        problems = [problem for k in lines for problem in interrupted_at(scenario, k)]
    print("\n".join(problems[:20]))
    print(f"{len(problems)} of {count}")


def run_in_a_process(name: str, how: str, **environment: str) -> str:
    command = [sys.executable, __file__, name, how]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_left_by_an_interrupt_at_any_line(name: str) -> None:
    output = run_in_a_process(name, "lines", SCALAR_AUTOGRAD_PLAIN="1", PYTHONPATH=str(ROOT))
    assert output.startswith("0 of "), output
    assert int(output.split()[-1]) > 20


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs Unix signals")
@pytest.mark.parametrize("name", ["contexts", "recording", "transforms", "backward", "a compiled call", "fit, eager", "fit, compiled"])
def test_nothing_is_left_by_signals(name: str) -> None:
    output = run_in_a_process(name, "signals", PYTHONPATH=str(ROOT))
    assert output.startswith("0 of "), output


def test_what_is_left_behind_is_seen() -> None:
    assert left_behind() == {}
    with no_grad(), scope("a"):
        assert {"paused", "watched", "records", "scope", "a plain function"} == set(left_behind())
    with tracing.tracing(False, [Value(1.0)]):
        assert {"traced", "trace", "traces"} <= set(left_behind())
    assert left_behind() == {}


class Counted(Temporary[int]):
    """Counts what is set; may be interrupted when it is set back."""

    now = 0
    interrupts = 0

    def do(self) -> int:
        Counted.now += 1
        return Counted.now

    def undo(self) -> None:
        if Counted.interrupts:
            Counted.interrupts -= 1
            raise KeyboardInterrupt
        Counted.now = 0


def test_an_exit_that_is_interrupted_is_made_up_for() -> None:
    Counted.interrupts = 1
    with pytest.raises(KeyboardInterrupt), During(Counted) as now:
        assert now == Counted.now != 0
    assert Counted.now == 0


def test_an_exit_that_never_begins_is_made_up_for_while_the_traceback_is_kept() -> None:
    def press(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_name == "leave":
            raise KeyboardInterrupt
        return press

    def use() -> None:
        with During(Counted):
            assert Counted.now

    with pytest.raises(KeyboardInterrupt) as caught:
        stepped(use, press)
    assert Counted.now == 0
    assert caught.traceback[-2].name == "leave"


def test_contexts_end_in_any_order_and_without_a_with_statement() -> None:
    first, second = no_grad(), enable_grad()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert contexts.RECORDING.get()
    second.__exit__(None, None, None)
    assert left_behind() == {}
    with ExitStack() as stack:
        stack.enter_context(first)
        stack.enter_context(scope("a"))
        assert (contexts.RECORDING.get(), contexts.current_scope()) == (False, "a")
    assert left_behind() == {}
    second.__enter__()
    del second
    assert left_behind() == {}


def test_threads_share_a_context() -> None:
    shared = no_grad()
    wrong: list[bool] = []

    def use() -> None:
        for _ in range(2000):
            with shared, shared:
                wrong.extend([True] * (contexts.RECORDING.get() or not STATE.paused))
            wrong.extend([True] * (not contexts.RECORDING.get()))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
    assert left_behind() == {}


if __name__ == "__main__":
    main(*sys.argv[1:])
