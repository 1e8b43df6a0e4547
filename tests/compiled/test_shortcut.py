"""Shortcuts: later calls with arguments of the same form give the same numbers."""

import threading
from typing import Any

import numpy as np
import pytest

from autograd import compile, dot, tanh
from autograd.compiled.api.arguments import split
from autograd.compiled.api.call import SHORTCUTS
from autograd.compiled.api.signature import Call
from autograd.compiled.api.specialisations import Specialisations


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls that took no shortcut."""
    calls: list[Call] = []
    run = Specialisations.run

    def noted(self: Specialisations, call: Call, *args: Any) -> Any:
        calls.append(call)
        return run(self, call, *args)

    monkeypatch.setattr(Specialisations, "run", noted)
    return calls


def test_a_call_of_a_form_that_was_called_before_is_the_same_call(executor: str, full: list[Call]) -> None:
    rng = np.random.default_rng(3)

    def f(p: Any, pair: Any, x: Any, scale: Any) -> Any:
        hidden = [tanh(dot(row, x) + b) for row, b in zip(p["W"], p["b"], strict=True)]
        return dot(hidden, pair[0]) * scale + pair[1][0][1] * x[0]

    def arguments() -> Any:
        return (
            {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=3)},
            (rng.normal(size=3), [rng.normal(size=2)]),
            rng.normal(size=(5, 2)),
            2.0,
        )

    compiled, anew = (compile(f, in_axes=(None, None, 0, None), executor=executor) for _ in range(2))
    without_shortcut = 0
    for reduce in (None, "sum", "mean"):
        for wrt in (None, 0, (1, 3)):
            for _ in range(3):
                args = arguments()
                anew.forget()
                expected = anew.value_and_grad(*args, wrt=wrt, reduce=reduce)
                full.clear()
                actual = compiled.value_and_grad(*args, wrt=wrt, reduce=reduce)
                without_shortcut += len(full)
                flat, form = split(actual, "the result")
                other, other_form = split(expected, "expected")
                assert repr(form([0] * len(flat))) == repr(other_form([0] * len(other)))
                for a, b in zip(flat, other, strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-14)
            anew.forget()
            expected = anew(*args)
            full.clear()
            assert compiled(*args).tolist() == expected.tolist()
            without_shortcut += len(full)
    assert without_shortcut == 7  # one for calls, and one for each wrt, without reduce and with: "sum" and "mean" share theirs


def test_only_so_many_forms_of_calls_are_remembered(executor: str, full: list[Call]) -> None:
    square = compile(lambda x: x * x, executor=executor)
    for n in range(1, SHORTCUTS + 10):
        assert square(np.full(n, 2.0)).sum() == 4.0 * n
    full.clear()
    for n in range(SHORTCUTS + 1, SHORTCUTS + 10):
        square(np.full(n, 3.0))
    assert not full
    square(np.full(1, 3.0))
    assert len(full) == 1


def test_what_is_checked_is_what_is_used(executor: str) -> None:
    """Another thread changes a list of arrays during the call: the call reads it only once."""

    f = compile(lambda p: dot(p[0], p[0]), in_axes=(None,), executor=executor)
    pair = [np.ones(3000)]
    assert f.value_and_grad(pair)[0] == 3000.0
    stop = threading.Event()
    small, large = np.ones(3), np.ones(3000)

    def change() -> None:
        while not stop.is_set():
            pair[0] = small
            pair[0] = large

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            value, gradient = f.value_and_grad(pair)
            assert value == gradient[0].size
            assert (gradient[0] == 2.0).all()
    finally:
        stop.set()
        thread.join()
