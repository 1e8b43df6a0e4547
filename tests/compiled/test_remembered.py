"""What a compiled function remembers is bounded by memory, and what was not used for longest is forgotten first."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, dot, exp, tanh, where
from autograd.compiled.api import call, specialisations
from autograd.compiled.api.specialisations import ALWAYS, Specialisations

LIMIT = 2**20


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function remembers less."""
    for module in (specialisations, call):
        monkeypatch.setattr(module, "MEMORY", LIMIT)
        monkeypatch.setattr(module, "ALWAYS", 4)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was recorded."""
    found: list[Any] = []
    record = specialisations.record_branch

    def noted(*args: Any) -> Any:
        found.append(args)
        return record(*args)

    monkeypatch.setattr(specialisations, "record_branch", noted)
    return found


def grown(calls: Callable[[], object]) -> int:
    """The memory that is taken for good, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        calls()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def rows(n: int) -> Any:
    return (np.ones((n % 12 + 2, n // 12 + 2)),)


FUNCTIONS: dict[str, tuple[Callable[..., Any], Any, Callable[[int], Any]]] = {
    "matrices": (lambda x: sum([dot(r, r) for r in x]), (None,), rows),
    "matrices of which little is used": (lambda x: x[0][0] * x[1][0], (None,), lambda n: (np.ones((10, n + 2)),)),
    "vectors": (lambda x: sum([tanh(a) * exp(-a) for a in x]), (None,), lambda n: (np.ones(n % 20 + n // 20 + 2),)),
    "choices": (lambda x: sum([where(a > 0.5, a * 2.0, lambda: exp(a)) for a in x]), (None,), lambda n: (np.ones(n % 20 + n // 20 + 2),)),  # noqa: B023
    "many arguments": (lambda *args: args[0] * args[-1], None, lambda n: [1.0] * (n % 40 + n // 40 + 2)),
    "dicts": (lambda p: sum(p.values()), (None,), lambda n: ({f"k{i}": 1.0 for i in range(n + 2)},)),
    "samples": (lambda x: tanh(x) * exp(-x), None, lambda n: (np.ones((n + 1, 50)),)),
}


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_memory_is_bounded_over_many_shapes(executor: str) -> None:
    compiled = compile(lambda x: sum([dot(r, r) for r in x]), in_axes=(None,), executor=executor)
    compiled.value_and_grad(np.ones((2, 2)))

    def calls() -> None:
        for n in range(3, 120):
            for _ in range(2):  # the second takes the shortcut, and keeps storage
                compiled.value_and_grad(np.ones((n % 4 + 2, n // 4 + 2)))

    assert grown(calls) < 3 * LIMIT
    assert 4 <= len(compiled.specialisations) < 50


@pytest.mark.usefixtures("small")
def test_memory_is_bounded_over_many_numbers_of_samples(executor: str) -> None:
    compiled = compile(lambda x: tanh(x) * exp(-x), executor=executor)
    compiled.value_and_grad(np.ones(3))

    def calls() -> None:
        for n in range(1000, 1100):
            for _ in range(2):
                compiled.value_and_grad(np.ones(n))

    assert grown(calls) < 5 * LIMIT
    assert len(compiled.specialisations) == 1


@pytest.mark.parametrize(("f", "in_axes", "arguments"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_what_is_taken_is_estimated(f: Any, in_axes: Any, arguments: Any, executor: str) -> None:
    compiled = compile(f, in_axes=in_axes, executor=executor)
    compiled.value_and_grad(*arguments(0))
    known = compiled._calls

    def estimate() -> int:
        stores = (known.specialisations._groups, known.shortcuts, known.derivatives)
        return sum(item.memory for store in stores for item in store.values())

    before = estimate()

    def calls() -> None:
        for n in range(1, 12):
            for _ in range(2):
                compiled.value_and_grad(*arguments(n))

    taken = grown(calls)
    assert taken / 2 < estimate() - before < 8 * taken


@pytest.mark.usefixtures("small")
def test_what_is_in_use_is_remembered(executor: str, recorded: list[Any]) -> None:
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor=executor)
    often = np.ones(1000)
    for n in range(1, 100):
        assert f(np.ones(n)) == n
        assert f(often) == 1000.0  # by the shortcut, which the program is remembered for
        assert f.value_and_grad(often)[1].tolist() == [2.0] * 1000
    assert len([args for args in recorded if args[3][0].arrays[0].size == 1000]) == 2
    recorded.clear()
    assert f(np.ones(1)) == 1.0  # was forgotten
    assert f(np.ones(99)) == 99.0  # was not
    assert len(recorded) == 1


@pytest.mark.usefixtures("small")
def test_what_was_not_used_for_longest_is_forgotten_first(executor: str) -> None:
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor=executor)
    for n in range(1, 100):
        f(np.ones(n))
    shapes = [branch.shapes[0][1][0] for branch in f.specialisations]
    assert shapes == list(range(100 - len(shapes), 100))
    assert 4 < len(shapes) < 60


@pytest.mark.usefixtures("small")
def test_what_is_shown_is_what_is_used(executor: str) -> None:
    """Also of shortcuts: a program that is shown no longer is not run either."""
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor=executor)
    for n in range(1, 100):
        f.value_and_grad(np.ones(n))
        assert str(f).count("recorded for") == len(f.specialisations)
        shown = set(map(id, f.specialisations))
        assert {id(shortcut.branch) for shortcut in f._calls.shortcuts.values()} <= shown
        assert {id(derivative.shortcut.branch) for derivative in f._calls.derivatives.values()} <= shown
        assert f.outline()
    for n in range(1, 100):
        assert f.value_and_grad(np.ones(n))[0] == n


def test_large_programs_are_remembered(executor: str, recorded: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training, validation and a last batch that is smaller need several: these are not forgotten, however large they are."""
    monkeypatch.setattr(specialisations, "MEMORY", 1)
    monkeypatch.setattr(call, "MEMORY", 1)
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor=executor)
    for _ in range(3):
        for n in range(1, ALWAYS + 1):
            assert f(np.ones(n)) == n
    assert len(recorded) == ALWAYS == len(f.specialisations)


@pytest.mark.usefixtures("small")
def test_a_pull_back_outlives_its_program(executor: str) -> None:
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor=executor)
    _, pull = f.vjp(np.ones(3))
    for n in range(4, 100):
        f.vjp(np.ones(n))
    assert 3 not in [branch.shapes[0][1][0] for branch in f.specialisations]
    assert pull(1.0)[0].tolist() == [2.0, 2.0, 2.0]


def test_forgetting_by_hand(executor: str) -> None:
    scale = [2.0]
    f = compile(lambda x: x * scale[0], executor=executor)
    assert f.value_and_grad(3.0) == (6.0, 2.0)
    scale[0] = 5.0
    assert f.refresh(3.0)
    assert not f.specialisations
    assert not f._calls.shortcuts
    assert not f._calls.derivatives
    assert f.value_and_grad(3.0) == (15.0, 5.0)
    f.forget()
    assert "not recorded yet" in str(f)
    assert not f._calls.shortcuts


def test_a_recording_that_fails_leaves_nothing_large(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialisations, "MEMORY", LIMIT)

    def f(x: Any) -> Any:
        raise ArithmeticError

    compiled = compile(f, in_axes=(None,), executor=executor)
    for n in range(1, 300):
        with pytest.raises(ArithmeticError):
            compiled(np.ones(n))
    assert not compiled.specialisations
    assert len(compiled._specialisations.by_form) < 100


def test_many_ways_to_pass_arguments(executor: str) -> None:
    f = compile(lambda **kwargs: sum(kwargs.values()), executor=executor)
    for n in range(300):
        assert f(**{f"a{n}": 1.0, "b": 2.0}) == 3.0
    assert len(f._signature._known) <= 256


def test_threads_that_record_and_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(specialisations, "MEMORY", 1)
    monkeypatch.setattr(specialisations, "ALWAYS", 2)
    monkeypatch.setattr(call, "MEMORY", 1)
    monkeypatch.setattr(call, "ALWAYS", 2)
    f = compile(lambda x: dot(x, x), in_axes=(None,), executor="numpy")

    def calls(seed: int) -> None:
        for n in np.random.default_rng(seed).integers(1, 9, size=60):
            value, gradient = f.value_and_grad(np.ones(n))
            assert value == n == len(gradient)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(calls, range(4)))
    assert len(f.specialisations) <= 6
    assert isinstance(f._specialisations, Specialisations)
