"""A fixed budget of random programs; `python tests/fuzzers graphs --minutes 60` looks longer."""

import math
import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fuzzers.graph_programs import Program, decided, live, simpler
from fuzzers.graphs import Bench, Outcome, agree, run_eager, run_on_floats

PROGRAMS = 400


@pytest.fixture(scope="module")
def bench(torch: ModuleType) -> Any:
    """Both builds in this process."""
    return Bench(torch)


@pytest.mark.parametrize("programs", [200, pytest.param(PROGRAMS, marks=pytest.mark.slow)])
def test_engines_agree(bench: Bench, programs: int) -> None:
    bench.counts.clear()
    rng = random.Random(4)
    for _ in range(programs):
        program = bench.grow(rng)
        result = bench.disagreement(program)
        assert not result, f"{result}\n{bench.shrink(program)}"
    engines = len(bench.executors)
    assert bench.counts["graph, compared"] > engines * programs
    assert bench.counts["function, points compared"] > 3 * engines * programs
    assert bench.counts["function, points outside"] > engines * programs / 10
    assert bench.counts["PyTorch, compared"] > programs / 2
    assert bench.counts["errors, the same in both builds"] > programs / 100


def worst_of(bench: Bench, programs: int) -> Program:
    """The longest of some random programs that the engines do not agree on, made small."""
    rng = random.Random(2)
    failing = [program for program in [bench.grow(rng) for _ in range(programs)] if bench.disagreement(program)]
    assert failing
    return bench.shrink(max(failing, key=lambda program: len(program.steps)))


@pytest.mark.slow
def test_a_wrong_rule_is_found_and_shrunk(bench: Bench) -> None:
    """Plant an error in one build: the bench must see it, and make the program small."""
    row = bench.native.ops.OPERATIONS["sinh"]
    wrong = bench.native.ops.Operation(row.name, row.symbol, row.value, (lambda xp, y, a: xp.cosh(a) * 1.0001,), 1)
    bench.native.ops.OPERATIONS["sinh"] = wrong
    try:
        small = worst_of(bench, 300)
    finally:
        bench.native.ops.OPERATIONS["sinh"] = row
    assert len(small.steps) <= 2
    assert "sinh" in str(small)


@pytest.fixture
def reference(bench: Bench) -> Bench:
    """The bench with the executor that is written in Python only, to plant errors in."""
    return Bench(None, ["numpy"])


@pytest.mark.slow
def test_a_wrong_executor_is_found(reference: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference.native.compiled.backends.numpy.arrays.ARRAYS, "atan", lambda a: np.arctan(a) * (1.0 + 1e-9))
    small = worst_of(reference, 300)
    assert len(small.steps) == 1
    assert "atan" in str(small)


def test_a_frozen_branch_is_found(reference: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference.native.compiled.api.branch.Branch, "holds", lambda self, data: np.ones(data.batched.shape[1], dtype=bool))
    assert any("if:" in name for name, _ in worst_of(reference, 150).steps)


@pytest.mark.slow
def test_a_forgotten_mask_is_found(reference: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference.native.compiled.backends.numpy.reference, "_selected", lambda one, data, part: part)
    assert any("where:" in name for name, _ in worst_of(reference, 400).steps)


def test_a_missing_warning_is_found(reference: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference.native.compiled.api.specialisations, "report", lambda *_: None)
    rng = random.Random(0)
    results = [reference.disagreement(reference.grow(rng)) for _ in range(50)]
    assert any("the warnings say []" in text for text in results)


CHOICE = Program((1.0, 2.0), (("log", (0,)), ("where:exp.mul", (1, 0, 0, 2, 1)), ("if:where:neg", (3, 0.0, 0, 1, 3, 1, 0))))


def test_choices_are_written_as_a_user_would_and_made() -> None:
    source = str(CHOICE)
    assert "v3 = where(v1 > v0, lambda: call(ops['exp'], call(ops['mul'], v0, v2)), lambda: v1)" in source
    assert "v4 = (where(v0 > v1, lambda: call(ops['neg'], v3), lambda: v1) if v3 <= 0.0 else v0)" in source
    names: dict[str, Any] = {}
    exec(source, names)
    outcome = run_on_floats(__import__("autograd"), CHOICE, CHOICE.inputs)
    assert outcome.path == (True, False)
    assert (names["v4"].data, (names["v0"].grad, names["v1"].grad)) == (outcome.value, outcome.gradients) == (1.0, (1.0, 0.0))
    assert decided(CHOICE, outcome.path).steps == (("pos", (0,)),)
    assert decided(CHOICE, (True, True, False)).steps == (("pos", (1,)),)
    assert decided(CHOICE, (False, True, True)).steps == (("pos", (1,)), ("neg", (2,)))


def test_plain_numbers_give_what_eager_code_gives(bench: Bench) -> None:
    rng = random.Random(4)
    compared = 0
    for _ in range(100):
        program = bench.grow(rng)
        eager, _, _ = run_eager(bench.plain, program)
        exact = run_on_floats(bench.plain, program, program.inputs)
        assert bool(eager.error) <= bool(exact.error)
        if not exact.error:
            compared += 1
            assert agree(eager, exact, [exact, run_on_floats(bench.plain, program, program.inputs, rng)])
            straight, _, _ = run_eager(bench.plain, decided(program, exact.path))
            assert repr(straight.value) == repr(eager.value)
    assert compared > 50


def test_dead_steps_are_dropped_and_programs_get_simpler() -> None:
    program = Program((1.0, 2.0), (("exp", (0,)), ("add", (0, 1)), ("neg", (3,))))
    assert live(program).steps == (("add", (0, 1)), ("neg", (2,)))
    assert all(len(p.steps) < 2 or p.inputs != program.inputs for p in simpler(live(program)))
    steps = [p.steps for p in simpler(Program((1.0, 2.0), (("if:exp.log", (0, 1, 1, 0)),)))]
    assert (("exp.log", (1,)),) in steps
    assert (("pos", (0,)),) in steps
    assert [p.steps for p in simpler(Program((1.0,), (("exp.log", (0,)),)))] == [(("log", (0,)),)]


def test_noise_is_a_few_units_in_the_last_place() -> None:
    program = Program((0.7,), (("exp", (0,)), ("mul", (1, 1))))
    package = __import__("autograd")
    exact = run_on_floats(package, program, program.inputs)
    assert (exact.value, exact.gradients) == (math.exp(0.7) ** 2, (pytest.approx(2.0 * math.exp(1.4), rel=1e-15),))
    noise = {run_on_floats(package, program, program.inputs, random.Random(i)).value for i in range(20)}
    assert len(noise) > 5
    assert all(abs(value / exact.value - 1.0) < 40.0 * 2.0**-53 for value in noise)


def test_noise_explains_rounding_only() -> None:
    noise = [Outcome(1.0, (2.0,)), Outcome(1.0 + 1e-15, (2.0,))]
    assert agree(Outcome(1.0, (2.0,)), Outcome(1.0 + 4e-15, (2.0,)), noise)
    assert not agree(Outcome(1.0, (2.0,)), Outcome(1.0 + 1e-12, (2.0,)), noise)
    assert not agree(Outcome(1.0, (2.0,)), Outcome(1.0, (2.0001,)), noise)
    assert not agree(Outcome(error="PoleError"), Outcome(1.0, (2.0,)), noise)
    torn = [Outcome(1.0, (2.0,), path=(True,)), Outcome(5.0, (2.0,), path=(False,))]
    assert agree(Outcome(1.0, (2.0,)), Outcome(5.0, (2.0,)), torn)
