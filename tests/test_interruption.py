"""Ctrl-C at any line leaves no context, counter or recorder behind, and loses no gradient and no step.

A trace function raises KeyboardInterrupt before one line of our code after the other, in the plain build, whose every line Python sees.
Real signals then interrupt the build that users have. After each interrupt the state is checked twice: while something still refers to the
traceback, as an interactive session does, and after a plain function was differentiated.
"""

import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from executors import IS_PLAIN
from interruptions import FREED, SCENARIOS, Scenario
from stepping import stepped

from autograd import Value, contexts, draws, enable_grad, no_grad, recording, scope, tracing
from autograd._runtime.state import STATE
from autograd._runtime.temporary import During, Temporary, unless_done
from autograd.compiled.floating_errors import quietly, refusing_invalid

ROOT = Path(__file__).resolve().parent.parent
OURS = (str(ROOT / "autograd"), str(ROOT / "nn"), contextlib.__file__, np.geterr.__code__.co_filename)
"""What is interrupted: this package, and how Python and NumPy enter and leave contexts."""

MOST = 10**9 if os.environ.get("SCALAR_AUTOGRAD_EVERY_LINE") else 150
"""How many of the lines are interrupted, at most. What compiles runs through some thousands of them, for which there is the variable."""

EVERY = 1500
"""Where up to so many lines run, each is interrupted each time that it runs; else each at one of its times."""

SIGNALS = 1000
SIGNALS_OF_WHAT_IS_SLOW = SIGNALS if os.environ.get("SCALAR_AUTOGRAD_EVERY_LINE") else 200
SLOW = (
    "a compiled",
    "a function that draws",
    "fit",
    "evaluate",
    "diagnose",
    "load",
    "save",
    "a history",
    "play",
    "a film",
    "draw",
    "an exit stack",
)

USUAL_ERRORS = np.geterr()


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
        "logged draws": (draws._LOGGED.get(), None),
        "replayed draws": (draws._REPLAYED.get(), None),
        "collector": (gc.isenabled(), True),
        "NumPy's errors": (np.geterr(), USUAL_ERRORS),
        "handler": (signal.getsignal(signal.SIGINT), signal.default_int_handler),
    }
    results = {name: is_now for name, (is_now, usual) in now.items() if is_now != usual}
    x, y = Value(3.0), Value(3.0)
    z = x * x + x
    z.backward()
    if x.grad != 7.0 or x == y or len({x, y}) != 2 or (x < y) is not False or z.scope or "data" not in repr(x):
        results["a plain function"] = (x.grad, x == y, z.scope, repr(x))
    return results


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
    if scenario in FREED:
        kept = None
        gc.collect()
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
        if scenario in FREED:
            kept = None
            gc.collect()
        results = {**left_behind(), **left()}
        if results:
            problems.append(f"{len(hits)}: {results}")
        del kept
    return problems


def main(name: str, how: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scenario = SCENARIOS[name]
    if how == "signals":
        count = SIGNALS_OF_WHAT_IS_SLOW if name.startswith(SLOW) else SIGNALS
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


@pytest.mark.skipif(IS_PLAIN, reason="the run with the native core does the same")
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_left_by_an_interrupt_at_any_line(name: str, request: pytest.FixtureRequest) -> None:
    if name == "a comparison with PyTorch":
        request.getfixturevalue("torch")  # which skips the test where it is not installed
    output = run_in_a_process(name, "lines", SCALAR_AUTOGRAD_PLAIN="1", PYTHONPATH=str(ROOT))
    assert output.startswith("0 of "), output
    assert int(output.split()[-1]) >= 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs Unix signals")
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in ("compile", "a comparison with PyTorch")])  # which are too slow
def test_nothing_is_left_by_signals(name: str) -> None:
    output = run_in_a_process(name, "signals", PYTHONPATH=str(ROOT))
    assert output.startswith("0 of "), output


def test_what_is_left_behind_is_seen() -> None:
    assert left_behind() == {}
    with no_grad(), scope("a"):
        assert {"paused", "watched", "records", "scope", "a plain function"} == set(left_behind())
    usual = np.seterr(all="ignore")
    assert set(left_behind()) == {"NumPy's errors"}
    np.seterr(**usual)
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


def test_what_is_not_done_is_undone() -> None:
    numbers = [1.0]
    for is_done, expected in ((True, [1.0, 2.0]), (False, [])):
        with unless_done(numbers.clear) as done:
            numbers.append(2.0)
            if is_done:
                done()
        assert numbers == expected
    numbers.append(3.0)
    with pytest.raises(KeyboardInterrupt), unless_done(numbers.clear):
        raise KeyboardInterrupt
    assert numbers == []


class Refusing(Counted):
    """Refuses what was done in the block, if it raised nothing."""

    def finish(self) -> None:
        raise ValueError("at the end")


def test_a_block_that_raised_nothing_may_be_refused_at_its_end() -> None:
    with pytest.raises(ValueError, match="at the end"), During(Refusing):
        assert Counted.now
    assert Counted.now == 0
    with pytest.raises(KeyboardInterrupt), During(Refusing):
        raise KeyboardInterrupt
    assert Counted.now == 0


def test_what_was_entered_by_hand_ends_when_the_collector_frees_it() -> None:
    cycle: list[Any] = [no_grad()]
    cycle.append(cycle)
    cycle[0].__enter__()
    assert not contexts.RECORDING.get()
    del cycle
    gc.collect()
    assert left_behind() == {}


def test_settings_of_numpy_are_those_of_the_call() -> None:
    usual = np.geterr()
    assert quietly(np.geterr) == dict.fromkeys(usual, "ignore")
    assert refusing_invalid(np.geterr) == {**usual, "invalid": "raise"}
    assert quietly(refusing_invalid, np.geterr)["invalid"] == "raise"
    with pytest.raises(KeyboardInterrupt):
        quietly(signal.raise_signal, signal.SIGINT)
    assert np.geterr() == usual


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
