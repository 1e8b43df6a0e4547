"""The contestants of the benchmarks compute the same; and how they are measured."""

import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

import nn
from autograd import Value
from benchmarks import cases, compiled, growth, local_gradients, peers, training
from benchmarks.control import collocation, shooting
from benchmarks.eager import by_nodes, chain
from benchmarks.gpt import adam, gpt
from benchmarks.harness import Times, agree, interleaved
from benchmarks.implied import implied_volatility
from benchmarks.moons import moons, moons_mlp
from benchmarks.pinn import pinn
from benchmarks.tax import tax_table


def test_the_gpt_is_the_same_with_every_value() -> None:
    ours, peer = by_nodes(*gpt(Value, "al")), by_nodes(*gpt(local_gradients.Value, "al"))
    agree({"ours": [ours.run(), *ours.gradients()], "peer": [peer.run(), *peer.gradients()]}, 1e-12)
    assert sum(g != 0.0 for g in ours.gradients()) > 3_000  # but for letters and places that the name has not


def test_the_moons_step_is_the_same_with_every_value() -> None:
    steps = {
        "ours": by_nodes(*moons(Value, 3)),
        "inputs as numbers": by_nodes(*moons(Value, 3, given=float)),
        "peer": by_nodes(*moons(local_gradients.Value, 3)),
        "nn.MLP": by_nodes(*moons_mlp(nn, 3)),
    }
    agree({name: [step.run(), *step.gradients()] for name, step in steps.items()}, 1e-12)


@pytest.mark.parametrize(
    "operation", ["a + b", "a - b", "a * b", "a / b", "a**-0.5", "-a", "2 + a", "2 * a", "a.exp()", "a.log()", "a.relu()"]
)
def test_every_operation_of_the_peer(operation: str) -> None:
    results = {}
    for name, value in (("ours", Value), ("peer", local_gradients.Value)):
        a, b = value(1.5), value(-0.7)
        y = eval(operation, {"a": a, "b": b})
        y.backward()
        results[name] = [y.data, a.grad, b.grad]
    agree(results, 1e-15)


def test_adam_is_that_of_nn() -> None:
    ours = [Value(1.0), Value(-2.0)]
    theirs = [Value(1.0), Value(-2.0)]
    update, rule = adam(ours, lr=0.1), nn.Adam(theirs, lr=0.1)
    for _ in range(5):
        for parameters in (ours, theirs):
            sum((p - 0.5) ** 2 for p in parameters).backward()
        update()
        rule.step()
        rule.zero_grad()
    agree({"ours": [p.data for p in ours], "theirs": [p.data for p in theirs]}, 1e-15)
    assert [p.grad for p in ours] == [0.0, 0.0]


def test_a_disagreement_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"^b and a differ by 0\.25, more than 1e-09: they do not compute the same$"):
        agree({"a": [1.0, 2.0], "b": [1.0, 2.25]})
    with pytest.raises(RuntimeError, match="differ by nan"):
        agree({"a": [1.0], "b": [float("nan")]})


def test_times() -> None:
    times = Times([1.0, 2.0, 3.0, 4.0, 100.0])
    assert times.median == 3.0
    assert times.spread == pytest.approx(1 / 3)  # the quartiles are 2 and 4


def test_contestants_take_turns() -> None:
    turns: list[str] = []

    def busy() -> None:
        turns.append("busy")
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass

    times = interleaved({"idle": lambda: turns.append("idle"), "busy": busy}, 0.0)
    assert turns == ["idle", "busy"] * 4  # one turn to warm up
    assert times["busy"].median >= 0.002 > times["idle"].median


def test_a_missing_peer_is_reported_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.installed("no_such_engine.inside", "no-such-engine>=1") is None
    assert capsys.readouterr().out == "no_such_engine is not installed, so its rows are missing: pip install 'no-such-engine>=1'\n"


def test_a_chain_is_freed() -> None:
    chain(Value, 10_000)()
    with pytest.raises(RecursionError):
        chain(local_gradients.Value, 10_000)()


SMALL = {
    "moons": partial(cases.moons_step, 3),
    "rosenbrock": partial(cases.rosenbrock, 5),
    "lorenz": partial(cases.lorenz, 4),
    "black-scholes": partial(cases.black_scholes, 4),
    "product": partial(cases.product, 5),
    "nielsen": partial(cases.nielsen, 6, 2, (5, 4, 3)),
    "gpt": partial(cases.gpt_step, "a"),
    "pinn": partial(pinn, 3, 4),
    "tax table": partial(tax_table, 40, 7),
    "shooting": partial(shooting, 5),
    "collocation": partial(collocation, 4),
    "implied volatility": partial(implied_volatility, 6),
    "growth of options": partial(growth.options, 5),
    "growth of samples": partial(growth.samples, 5),
}


@pytest.fixture
def doubles():
    jax = cases.packages().jax
    with jax.enable_x64(True) if jax else nullcontext():
        yield


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.usefixtures("doubles")
def test_contestants_compute_the_same(name: str) -> None:
    case = SMALL[name]()
    compiled.check(case)
    assert {"numpy", "native"} & {run.rpartition(", ")[2] for run in case.runs} or "ours" in case.runs
    numbers = cases.flat(next(iter(case.runs.values()))())
    assert sum(x != 0.0 for x in numbers) > 5


@pytest.mark.usefixtures("doubles")
def test_growth_is_measured_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    measured = growth.report(0.0, (10, 20))[growth.NAME]
    assert all(set(rows["ours"]) == {"10", "20"} and min(rows["ours"].values()) > 0.0 for rows in measured.values())
    assert "ns for each" in capsys.readouterr().out
    growth.draw_plot(measured, tmp_path / "a.svg")
    growth.draw_plot(measured, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_training_is_that_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(training, "CASES", {"tiny": ((5, 3, 10), 40)})
    (row,) = training.report(2)["training, seconds"].values()
    assert set(row) == {"made", "first", "later", "PyTorch"}
    monkeypatch.setattr(training, "torches", lambda *_: ([1.0], [0.0, 0.0]))
    with pytest.raises(RuntimeError, match="tiny: the losses are"):
        training.report(2)


def test_a_contestant_that_computes_something_else_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"^b and a differ by 2e-07, more than 1e-07"):
        compiled.check(cases.Case("", "a", {"a": lambda: (1.0, [2.0]), "b": lambda: (1.0, [2.0000004])}))


def test_short_runs_are_repeated() -> None:
    calls = dict.fromkeys("ab", 0)

    def run(name: str) -> None:
        calls[name] += 1
        end = time.process_time() + (2e-4 if name == "a" else 5e-3)
        while time.process_time() < end:
            pass

    case = cases.Case("", "a", {name: partial(run, name) for name in calls}, steps=2)
    times = compiled.measured(case, 0.0)
    assert calls["a"] > 1.5 * calls["b"]
    assert times["a"].median == pytest.approx(1e-4, rel=0.2)
    assert times["b"].median == pytest.approx(25e-4, rel=0.2)


def test_the_table_of_a_case(capsys: pytest.CaptureFixture[str]) -> None:
    compiled.print_case(cases.Case("a sum", "b", {"a": lambda: 2.0, "b": lambda: 1.0 + 1.0}), 0.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "a sum"
    assert [line.split()[0] for line in lines[4:]] == ["a", "b"]
    assert lines[5].endswith(" 1.00")
