"""Errors for what cannot be recorded: hashes, text, .data, misused conditions, random numbers."""

import contextlib
import inspect
import math
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from against_eager import same

from autograd import Value, compile, grad, where
from autograd.compiled.api.surroundings import Surroundings
from autograd.errors import AutogradError, CompileError, InputError
from autograd.recording import drawn

NOT_RECORDED: list[tuple[str, Callable[[Any], Any], type[AutogradError], str]] = [
    ("in a set", lambda x: 1.0 if x in {1.0, 2.0} else x, CompileError, "hashed at .*choose by `if`"),
    ("in a dict", lambda x: {1.0: x}.get(x, 0.0), CompileError, "hashed"),
    ("counted", lambda x: max(Counter([x]).values()) * x, CompileError, "hashed"),
    ("as a number", lambda x: x * float(f"{x:.1f}"), CompileError, "converted to text at .*__wrapped__"),
    ("as text", lambda x: x * len(str(x)), CompileError, "converted to text"),
    ("assigned", lambda x: setattr(x, "data", 3.0) or x, CompileError, r"the \.data of .* was assigned at .*no run would do that"),
    (
        ".data",
        lambda x: x * x.data,
        CompileError,
        r"the \.data of .* was read at .*while the function was recorded: .*frozen.*or read \.data outside",
    ),
    (
        ".grad",
        lambda x: x * x.grad,
        CompileError,
        r"the \.grad of .* was read at .*while the function was recorded: .*or read \.grad outside",
    ),
    ("== of conditions", lambda x: where((x > 0) == (x > 1), 1.0, 2.0), InputError, "combine them by &, \\| and ~"),
    ("!= of conditions", lambda x: where((x > 0) != (x > 1), 1.0, 2.0), InputError, "combine them by &, \\| and ~"),
    ("& a number", lambda x: where((x > 0) & 5, 1.0, 2.0), InputError, "not with 5"),
    ("& a Value", lambda x: where((x > 0) & x, 1.0, 2.0), InputError, r"not with Value.*\(v > 0\) & \(w > 0\)"),
]


@pytest.mark.parametrize(("name", "f", "error", "message"), NOT_RECORDED, ids=[row[0] for row in NOT_RECORDED])
def test_what_would_be_frozen_is_an_error(name: str, f: Callable[[Any], Any], error: type[AutogradError], message: str) -> None:
    with pytest.raises(error, match=f"(?s){message}"):
        compile(f)([1.0, 2.0])


def test_python_says_what_a_condition_is_not() -> None:
    for f in (lambda x: (x > 0) < (x > 1), lambda x: abs(x > 0), lambda x: round(x), lambda x: int(x), lambda x: x // 2.0):
        with pytest.raises(TypeError):
            compile(f)(1.0)


def test_a_condition_is_a_number_as_a_truth_is(executor: str) -> None:
    same(lambda x, y: (x > y) * x + x * (x > 0.0) - (y > x) / 2.0 + (2.0 - (x > y)), [1.0, 2.0], [2.0, 1.0], executor=executor)
    same(lambda x, y: sum([x > 0.0, x > 1.0, y > 1.0]) * x, [1.0, 2.0], [2.0, 1.0], executor=executor)
    same(lambda x, y: [x, y * y][x > y] + {True: x, False: y}[x > 1.0] - (-(x > y)), [1.0, 2.0], [2.0, 1.0], executor=executor)


def caught(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        try:
            return x * ask(x)
        except Exception:
            return x

    return f


@pytest.mark.parametrize(
    "ask", [int, float, round, hash, str, math.sqrt, lambda x: x.data, lambda x: {x}, lambda x: 1.0 if x in {1.0} else 2.0]
)
def test_what_is_refused_cannot_be_caught(ask: Callable[[Any], Any]) -> None:
    """On floats there is no error to catch, so the function would take another branch."""
    with pytest.raises((CompileError, InputError)):
        compile(caught(ask))([1.0, 2.0])
    if ask in (int, float, round, hash, math.sqrt):  # in a function that is differentiated, the others have an answer
        with pytest.raises(InputError):
            grad(caught(ask))(1.0)


def test_a_condition_in_another_thread_and_its_text_are_refused() -> None:
    def in_thread(x: Any) -> Any:
        condition = x > 0
        with ThreadPoolExecutor(1) as pool:
            return x * 2.0 if pool.submit(bool, condition).result() else x

    with pytest.raises(CompileError, match="in another thread"):
        compile(in_thread)([1.0, -1.0])
    for text in (str, repr, lambda c: f"{c}"):
        with pytest.raises(CompileError, match="converted to text"):
            compile(lambda x, text=text: x if text(x > 0) == "True" else -x)(1.0)

    def quiet(x: Any) -> Any:
        """The refusal ends the thread, and nobody sees it."""
        results: list[float] = []

        def work() -> None:
            with contextlib.suppress(CompileError):
                results.append(2.0 if x > 0 else 3.0)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x * (results[0] if results else 5.0)

    with pytest.raises(CompileError, match="in another thread"):
        compile(quiet)(1.0)


def test_an_error_in_the_function_leaves_nothing_behind(executor: str) -> None:
    broken = [True]

    def f(x: Any) -> Any:
        if broken[0]:
            raise KeyError("broken")
        return x if x > 0 else -x

    compiled = compile(f, executor=executor)
    with pytest.raises(KeyError, match="broken"):
        compiled([1.0, -1.0])
    assert (Value(1.0) > 0.0) is True
    broken[0] = False
    assert compiled([1.0, -1.0]).tolist() == [1.0, 1.0]


def test_random_numbers_are_frozen_unless_they_are_drawn(executor: str) -> None:
    rng = random.Random(0)
    for frozen in (lambda x: x + rng.random(), lambda x: x * 2.0 if rng.random() < 0.5 else x + 1.0 + rng.random()):
        with pytest.raises(CompileError, match=r"draws random numbers.*autograd\.drawn"):
            compile(frozen, executor=executor)(np.zeros(5))
    live = compile(lambda x: x + drawn(rng.random), executor=executor)
    results = [*live(np.zeros(500)), *live(np.zeros(500))]
    assert len(set(results)) == 1000
    assert 0.0 <= min(results) < 0.1
    assert 0.45 < np.mean(results) < 0.55
    assert 0.9 < max(results) < 1.0


def test_the_line_that_draws_is_named(executor: str) -> None:
    rng = random.Random(0)

    def f(x: Any) -> Any:
        y = x + 1.0
        y = y * rng.random()  # here
        y = y + rng.random()
        return y - 1.0

    lines, first = inspect.getsourcelines(f)
    line = first + next(i for i, text in enumerate(lines) if "# here" in text)
    before = rng.getstate()
    with pytest.raises(CompileError, match=rf"draws random numbers at .*test_refusals\.py:{line}\b"):
        compile(f, executor=executor)(np.zeros(5))
    other = random.Random(0)
    other.setstate(before)
    assert rng.random() == other.random()  # looking for the line has drawn no number


def test_numbers_that_another_thread_draws_are_left_to_it() -> None:
    """They are drawn while the function is recorded; recorded once more, without such an accident, it is seen not to draw."""
    rng, accidents = random.Random(0), iter([True])

    def f(x: Any) -> Any:
        if next(accidents, False):
            other = threading.Thread(target=rng.random)
            other.start()
            other.join()
        return x * 2.0

    kept: list[float] = []

    def once() -> float:
        kept[:] = kept or [rng.random()]
        return kept[0]

    finished = threading.Event()
    waiting = threading.Thread(target=finished.wait)
    waiting.start()
    try:
        assert Surroundings(rng).drawing(lambda: f(1.0)) == (2.0, False)
        expected = random.Random(0)
        expected.random()
        assert rng.getstate() == expected.getstate()
        for own in (rng.random, once):
            result, draws = Surroundings(rng, kept).drawing(own)
            assert draws
            assert rng.getstate() == expected.getstate()
        assert result == expected.random()
    finally:
        finished.set()
        waiting.join()


def test_samples_draw_in_the_order_of_eager_code(executor: str) -> None:
    rng, other = random.Random(7), random.Random(7)
    f = compile(lambda x: x * drawn(rng.random) + drawn(rng.random), executor=executor)
    for _ in range(2):
        xs = [1.0, 2.0, 3.0]
        assert f(xs).tolist() == [x * other.random() + other.random() for x in xs]
    value, gradient = f.value_and_grad([2.0, 2.0], wrt=0)
    assert len(set(gradient)) == 2
    assert all(0.0 <= slope <= 1.0 for slope in gradient)
    assert len(set(value)) == 2


def test_a_branch_on_a_random_number_is_an_error(executor: str) -> None:
    rng = random.Random(1)
    for f in (lambda x: x if drawn(rng.random) > 0.5 else -x, lambda x: x if x * drawn(rng.random) + 1.0 > 0.5 else -x):
        with pytest.raises(CompileError, match=r"a branch depends on a random number: .*Write where"):
            compile(f, executor=executor)(np.ones(10))
    live = compile(lambda x: where(drawn(rng.random) > 0.5, x, -x), executor=executor)
    assert 300 < (live(np.ones(1000)) > 0).sum() < 700
