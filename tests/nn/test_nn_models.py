"""A fixed budget of random models; `python tests/fuzzers models --minutes 30` looks longer."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numpy")

from fuzzers.model_cases import Case, Growing
from fuzzers.model_odd_pieces import ODD
from fuzzers.model_pieces import STEADY, Piece
from fuzzers.model_training import OPTIMIZERS
from fuzzers.models import Bench, Outcome, compare, distance, run, script

from autograd.compiled.api.surroundings import Snapshot
from nn.engine.compiled_engine import CompiledEngine

MODELS = 150
PAIRS = ["numpy", "auto"]

MSE = Piece("mse", top="loss = mse")
SGD = next(row for row in OPTIMIZERS if row.name == "SGD")
SETTINGS = {"epochs": "2", "batch_size": "3", "rng": "random.Random(2)"}


def of(*names: str, **parts: Any) -> Case:
    """A case with these pieces, by name."""
    rows = {row.name: row for row in (*STEADY, *ODD)}
    growing = Growing(random.Random(0))
    acts = ("train(executor, DATA(7), OPTIONS)", "answer(executor, SAMPLES(40))")
    body = tuple([growing.piece(rows[name]) for name in names])
    return Case(body, MSE, SGD, **{"acts": acts, "settings": SETTINGS, **parts})


@pytest.mark.parametrize("models", [40, pytest.param(MODELS, marks=pytest.mark.slow)])
def test_compiled_models_are_what_they_are(models: int) -> None:
    """A seed of its own for each model, so that a failure names it: ``Growing(random.Random(seed)).case()``."""
    bench = Bench(PAIRS)
    for seed in range(models):
        case = Growing(random.Random(seed)).case()
        result = bench.difference(case)
        assert result is None, f"model {seed}\n{script(*bench.shrink(case, result))}"
    if models < MODELS:
        return  # too few for the shares
    counts = bench.counts
    assert sum(n for name, n in counts.items() if name.startswith("eager error")) < models / 10
    assert counts["rounding"] < models / 50
    for executor in PAIRS:
        assert counts[f"{executor}: compiled"] > models / 6  # about a quarter, give or take some by chance
    assert counts["auto: not compiled"] > models / 8
    assert counts["numpy: refused by CompileError"] > models / 8


@pytest.mark.parametrize("name", [row.name for row in (*STEADY, *ODD)])
def test_each_piece_alone(name: str) -> None:
    """Train the model and predict many samples, also after each of its changes: by a callback, or between two predictions."""
    plain = of(name)
    train, answer = plain.acts
    cases = [plain]
    for change in plain.body[0].changes:
        cases.append(of(name, callbacks=((1, change),), settings=SETTINGS | {"validation": "(DATA(5))"}))
        cases.append(of(name, acts=(train, answer, change, answer)))
    bench = Bench(["auto"])
    for case in cases:
        result = bench.difference(case)
        assert result is None, script(*bench.shrink(case, result))


def test_each_case_can_be_written_and_run() -> None:
    """Nearly all models work in eager code, which does the same when it is run again."""
    failed = 0
    for seed in range(60):
        source = Growing(random.Random(seed)).case().source()
        first, again = run(source, "eager"), run(source, "eager")
        assert first.log == again.log
        failed += first.error is not None
    assert failed < 6


# -- planted errors -----------------------------------------------------------------------------------------------------


def found_of(case: Case, executor: str = "auto") -> str:
    """The first difference; "" if there is none."""
    result = Bench([executor]).difference(case)
    return "" if result is None else result.kind


CALLBACK = ((1, "model.a1 = 0.25"),)

PLANTED: dict[str, tuple[Any, str, Any, Callable[[], Case]]] = {
    "callbacks are not seen": (CompiledEngine, "refresh", lambda self, data: None, lambda: of("attribute", callbacks=CALLBACK)),
    "attributes are not given back": (Snapshot, "restore", lambda self: None, lambda: of("counter")),
    "models that change themselves are compiled": (Snapshot, "changed", lambda self: "", lambda: of("counter: every fifth")),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, wrong, case = PLANTED[name]
    assert not found_of(case())
    monkeypatch.setattr(owner, attribute, wrong)
    assert found_of(case())


def test_what_was_found_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinking removes unrelated parts, including enclosing ones."""
    monkeypatch.setattr(Snapshot, "restore", lambda self: None)
    growing = Growing(random.Random(1))
    rows = {row.name: row for row in (*STEADY, *ODD)}
    outer = growing.piece(Piece("if", "if x[0] < 9.0:\n    <0>"))
    outer = Piece(**{**vars(outer), "blocks": ((growing.piece(rows["linear"]), growing.piece(rows["counter"])),)})
    case = of("linear", "dropout")
    case = Case((*case.body, outer), MSE, SGD, acts=case.acts, settings=SETTINGS, numpy=True, head="tuple")
    bench = Bench(["auto"])
    result = bench.difference(case)
    assert result is not None
    smaller, _ = bench.shrink(case, result)
    assert [piece.name for piece in smaller.body] == ["counter"]
    assert (len(smaller.acts), smaller.numpy, smaller.head) == (1, False, "number")


def test_distances() -> None:
    assert distance((1.0, [2.0]), (1.0, [2.0 + 1e-6])) == pytest.approx(5e-7)
    assert distance({"a": [1.0]}, {"a": [1.0]}) == 0.0
    assert distance(1e12, 1e12 + 1.0) == pytest.approx(1e-12)
    assert all(distance(a, b) > 1.0 for a, b in itertools.permutations([[1.0], (1.0,), 1.0, float("nan"), "1.0"], 2))
    assert distance(float("nan"), float("nan")) == 0.0


def test_errors_must_be_the_same() -> None:
    log: list[tuple[str, Any]] = [("loss 0", 1.0)]
    right = Outcome(log, KeyError("1.25 is bad"), [])
    assert compare(right, Outcome(log, KeyError("1.2500001 is bad"), []), "auto") is None
    for wrong in (KeyError("worse"), ValueError("1.25 is bad"), None):
        assert compare(right, Outcome(log, wrong, []), "auto") is not None
    assert compare(Outcome(log, None, []), Outcome([], KeyError("x"), []), "auto") is not None
