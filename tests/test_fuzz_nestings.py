"""A fixed budget of random nestings of transforms; `python tests/fuzzers nestings --minutes 20` looks longer."""

import contextlib
from collections import Counter
from typing import Any

import pytest
from fuzzers.nesting_grower import grown
from fuzzers.nesting_language import Program, SkippedError, function_of
from fuzzers.nesting_package import Ours
from fuzzers.nesting_references import Duals, Jax
from fuzzers.nestings import against_jax, disagreement, expected, search, shrunk

import autograd
from autograd import AutogradError, Value, sin

SECONDS = 40.0


def number_of(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


@pytest.mark.parametrize("seconds", [8.0, pytest.param(SECONDS, marks=pytest.mark.slow)])
def test_nestings_are_what_the_reference_says_or_errors(seconds: float) -> None:
    """A seed of its own for each program, so that a failure names it: ``grown(seed)``."""
    counts: Counter[str] = Counter()
    for seed, program, result in search(seconds, 0, counts, jax_every=0):
        small, what = shrunk(program, result, 20.0)
        pytest.fail(f"program {seed}, {what.mode}, {what.kind}: {what.text}\n{small}")
    if seconds < SECONDS:
        return  # too few programs for the shares
    assert counts["skipped"] < counts["programs"] / 10
    for mode in ("floats", "grad", "grad of compile", "compiled", "compiled gradient", "compile of grad"):
        assert counts[f"compared, {mode}"] > counts["programs"] / 3, mode
    for kind in ("grad", "jacobian", "hessian", "derivative", "hvp", "jvp", "vjp", "sparse_jacobian", "sparse_hessian", "call", "stopped"):
        assert counts[f"has {kind}"] > 0, kind


@pytest.mark.parametrize("programs", [10, pytest.param(25, marks=pytest.mark.slow)])
def test_the_reference_is_what_jax_says(programs: int) -> None:
    x64 = pytest.importorskip("jax").enable_x64
    jax = Jax()
    compared = 0
    for seed in range(programs):
        program = grown(seed)
        with contextlib.suppress(SkippedError), x64(True):
            wanted = expected(program)
            if wanted.work < 500 and not wanted.kinks:
                assert not against_jax(program, wanted, jax), program
                compared += 1
    assert compared > programs / 5


@pytest.mark.parametrize("programs", [40, pytest.param(120, marks=pytest.mark.slow)])
def test_the_reference_is_what_differences_say(programs: int) -> None:
    compared = 0
    for seed in range(programs):
        program = grown(seed)
        with contextlib.suppress(SkippedError):
            wanted = expected(program)
            if wanted.kinks or program.has("stopped", "looked_up", "choose", "threaded", "where", "select"):
                continue
            leaves = {leaf: x for leaf, _, x in program.leaves}
            f = function_of(program, Duals(), **leaves)
            h = 1e-5
            x, *rest = program.points
            slope = (Duals().base(f(x + h, *rest)) - Duals().base(f(x - h, *rest))) / (2 * h)
            assert slope == pytest.approx(wanted.numbers["gradient 0"], rel=1e-4, abs=1e-4), program
            compared += 1
    assert compared > programs / 12


@pytest.mark.parametrize("what", ["value", "gradient", "leaf", "branch", "refusal"])
def test_planted_errors_are_found(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if what == "value":
        monkeypatch.setattr(Ours, "sin", staticmethod(lambda x: sin(x) + 1e-6))
    elif what == "gradient":
        monkeypatch.setattr(Ours, "square", staticmethod(lambda x: x * number_of(x)))
    elif what == "leaf":  # a transform that cuts what comes from outside
        whole = Ours.transform
        monkeypatch.setattr(Ours, "transform", lambda self, *args, **settings: number_of(whole(self, *args, **settings)))
    elif what == "branch":
        monkeypatch.setattr(Ours, "choose", lambda self, then, other, a, b, symbol: other())
    else:

        def refuse(self: Ours, *args: Any) -> Any:
            raise AutogradError

        monkeypatch.setattr(Ours, "stopped", refuse)
    counts: Counter[str] = Counter()
    wanted = "refused" if what == "refusal" else "number"
    assert any(result.kind == wanted for _, _, result in search(120.0, 100, counts, jax_every=0))


def test_what_is_found_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ours, "cos", staticmethod(lambda x: autograd.cos(x) + 1e-6))
    for seed, program, actual in search(20.0, 200, Counter(), jax_every=0):
        if not program.has("cos") or actual.kind != "number":
            continue
        assert str(grown(seed)) == str(program)
        small, what = shrunk(program, actual, 10.0)
        assert len(str(small)) <= len(str(program))
        assert what.kind == actual.kind
        assert small.has("cos")
        assert isinstance(small, Program)
        assert disagreement(small, expected(small), what.mode) is not None
        return
    pytest.fail("nothing was found")


def test_seeds_name_programs() -> None:
    assert str(grown(17)) == str(grown(17))
    assert len({str(grown(seed)) for seed in range(50)}) == 50
