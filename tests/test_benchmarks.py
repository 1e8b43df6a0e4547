"""What the benchmarks compare computes the same; and how they measure."""

import time

import pytest

import nn
from autograd import Value
from benchmarks import local_gradients, peers
from benchmarks.eager import by_nodes, chain
from benchmarks.gpt import adam, gpt
from benchmarks.harness import Times, agree, interleaved
from benchmarks.moons import moons, moons_mlp


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
    found = {}
    for name, value in (("ours", Value), ("peer", local_gradients.Value)):
        a, b = value(1.5), value(-0.7)
        y = eval(operation, {"a": a, "b": b})
        y.backward()
        found[name] = [y.data, a.grad, b.grad]
    agree(found, 1e-15)


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


def test_a_missing_peer_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.installed("no_such_engine.inside", "no-such-engine>=1") is None
    assert (
        capsys.readouterr().out == "no_such_engine is not here, and its rows are missing. To install it: pip install 'no-such-engine>=1'\n"
    )


def test_a_chain_is_freed() -> None:
    chain(Value, 10_000)()
    with pytest.raises(RecursionError):
        chain(local_gradients.Value, 10_000)()
