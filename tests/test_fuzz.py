"""A fixed budget of random programs; `python tests/fuzzing.py --minutes 60` looks longer."""

import random
from types import ModuleType
from typing import Any

import pytest
from fuzzing import Bench, Outcome, Program, agree, live, run_with_noise, simpler

PROGRAMS = 1500


@pytest.fixture(scope="module")
def bench(torch: ModuleType) -> Any:
    """Both builds in this process."""
    return Bench(torch)


def test_engines_agree(bench: Bench) -> None:
    rng = random.Random(1)
    for _ in range(PROGRAMS):
        program = bench.grow(rng)
        found = bench.disagreement(program)
        assert not found, f"{found}\n{bench.shrink(program)}"
    assert bench.counts["compiled, compared"] > PROGRAMS
    assert bench.counts["PyTorch, compared"] > PROGRAMS / 2
    assert bench.counts["errors, the same in both builds"] > PROGRAMS / 100


def test_a_wrong_rule_is_found_and_shrunk(bench: Bench) -> None:
    """Plant an error in one build: the bench must see it, and make the program small."""
    row = bench.native.ops.OPERATIONS["sinh"]
    wrong = bench.native.ops.Operation(row.name, row.symbol, row.value, (lambda xp, y, a: xp.cosh(a) * 1.0001,), 1)
    bench.native.ops.OPERATIONS["sinh"] = wrong
    try:
        rng = random.Random(2)
        programs = [bench.grow(rng) for _ in range(300)]
        failing = [program for program in programs if bench.disagreement(program)]
        assert failing
        small = bench.shrink(max(failing, key=lambda program: len(program.steps)))
        assert len(small.steps) <= 2
        assert "ops['sinh']" in str(small)
    finally:
        bench.native.ops.OPERATIONS["sinh"] = row


def test_dead_steps_are_dropped_and_programs_get_simpler() -> None:
    program = Program((1.0, 2.0), (("exp", (0,)), ("add", (0, 1)), ("neg", (3,))))
    assert live(program).steps == (("add", (0, 1)), ("neg", (2,)))
    assert all(len(p.steps) < 2 or p.inputs != program.inputs for p in simpler(live(program)))


def test_noise_explains_rounding_only() -> None:
    noise = [Outcome(1.0, (2.0,)), Outcome(1.0 + 1e-15, (2.0,))]
    assert agree(Outcome(1.0, (2.0,)), Outcome(1.0 + 4e-15, (2.0,)), noise)
    assert not agree(Outcome(1.0, (2.0,)), Outcome(1.0 + 1e-12, (2.0,)), noise)
    assert not agree(Outcome(1.0, (2.0,)), Outcome(1.0, (2.0001,)), noise)
    assert not agree(Outcome(error="PoleError"), Outcome(1.0, (2.0,)), noise)
    assert callable(run_with_noise)
