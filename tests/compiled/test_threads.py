"""Compiled functions in several threads and processes."""

import math
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from against_eager import recorded
from in_threads import in_threads

from autograd import Value, compile, grad, log, where
from autograd.errors import CompileError, DomainError, InputError


def test_several_threads_call_one_function_with_batches_of_their_own(executor: str) -> None:
    f, runs = recorded(lambda p, x: p * x * x if x > 0.0 else where(x < -1.0, lambda: log(-x) * p, lambda: p))
    compiled = compile(f, executor=executor)

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(60):
            p, x = rng.uniform(1.0, 2.0), rng.uniform(-3.0, 3.0, size=rng.integers(2, 60))
            with np.errstate(invalid="ignore"):
                expected = np.where(x > 0.0, p * x * x, np.where(x < -1.0, np.log(-x) * p, p))
                slopes = np.where(x > 0.0, 2.0 * p * x, np.where(x < -1.0, p / x, 0.0))
            np.testing.assert_allclose(compiled(p, x), expected, rtol=1e-13, atol=1e-13)
            value, (by_p, by_x) = compiled.value_and_grad(p, x, reduce="sum")
            np.testing.assert_allclose(by_x, slopes, rtol=1e-13, atol=1e-13)
            assert by_p == pytest.approx(expected.sum() / p, rel=1e-11, abs=1e-11)
            assert value == pytest.approx(expected.sum(), rel=1e-11, abs=1e-11)

    in_threads(work, 4)
    assert 4 <= len(runs) <= 4 * 4  # two programs of two branches; each thread may record what another one is recording
    before = len(runs)
    work(4)
    assert len(runs) == before


def test_other_threads_compute_eagerly_while_one_records() -> None:
    recording, done = threading.Event(), threading.Event()

    def slow(x: Any) -> Any:
        recording.set()
        assert done.wait(timeout=30.0)
        return x if x > 0.0 else -x

    compiled = compile(slow, executor="numpy")

    def work(i: int) -> None:
        if i == 0:
            assert compiled([2.0, -2.0]).tolist() == [2.0, 2.0]
            return
        try:
            assert recording.wait(timeout=30.0)
            v = Value(math.nan)
            assert (v > 0.0) is False
            assert bool(v) is True
            assert [bool(Value(x)) for x in (0.0, -0.0, 1.0)] == [False, False, True]
            assert (v == Value(1.0)) is False
            with pytest.raises(InputError, match="same node"):
                assert v == 1.0
            assert (Value(1.0).data, Value(1.0).grad) == (1.0, 0.0)
            assert max(Value(1.0), Value(2.0)).data == 2.0
            assert isinstance(where(Value(1.0) > 0.0, 1.0, 2.0), float)
            with pytest.raises(DomainError):
                log(Value(-1.0))
        finally:
            done.set()

    in_threads(work, 2)


def test_a_compiled_function_in_a_thread_of_one_that_is_differentiated() -> None:
    def f(w: Any) -> Any:
        results: list[Any] = []

        def work() -> None:
            try:
                results.append(compile(lambda x: x * w)(3.0))
            except CompileError as error:
                results.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(results[0], CompileError):
            raise results[0]
        return results[0]

    with pytest.raises(CompileError, match="refers to .* which depends on an argument of a function that is being differentiated"):
        grad(f)(2.0)


def test_a_function_that_calls_itself_in_a_thread_ends() -> None:
    @compile
    def countdown(n: Any) -> Any:
        if n < 1.0:
            return n * 0.0
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(countdown(0.5)))
        thread.start()
        thread.join(timeout=30.0)
        assert not thread.is_alive()
        return n + results[0]

    assert countdown(3.0) == 3.0


FORKED = """
import os, threading, warnings
import autograd
from autograd import Value, compile, grad

recording, done = threading.Event(), threading.Event()

def slow(x):
    recording.set()
    done.wait(timeout=60.0)
    return x * 2.0

f = compile(slow, executor="numpy")
thread = threading.Thread(target=lambda: f(1.0))
thread.start()
assert recording.wait(timeout=30.0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a fork beside threads
    child = os.fork()
if child == 0:
    done.set()
    right = autograd._runtime.state.STATE.traced == 0 and f(3.0) == 6.0 and grad(lambda v: v * v)(3.0) == 6.0 and Value(1.0) != Value(1.0)
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
done.set()
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_records() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60.0)
