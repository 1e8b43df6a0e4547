"""When `fit` stops: early stopping, callbacks, schedules."""

import math
import random
from typing import Any

import numpy as np
import pytest
from nn_xor import CLASSES, EXECUTORS, XOR, numbers, xor_model

from autograd import Value
from nn import SGD, Adam, History, Module, fit, mse
from nn.schedules import ExponentialLR, Schedule


class Constant(Module):
    """Always the same answer, which is learned."""

    def __init__(self, start: float = 1.0) -> None:
        self.w = Value(start)

    def __call__(self, x: Any) -> Any:
        return self.w + 0.0 * x


def trained_constant(targets: float, **settings: Any) -> tuple[float, History]:
    """Each epoch is one step, which reduces the distance from 1 to the target by a fifth: after k epochs it is 0.8ᵏ."""
    model = Constant()
    optimizer = SGD(model.parameters(), lr=0.1)
    history = fit(model, [0.0] * 4, [targets] * 4, loss=mse, optimizer=optimizer, batch_size=None, **{"progress": False, **settings})
    return model.w.data, history


@pytest.mark.parametrize("executor", EXECUTORS)
def test_patience_goes_back_to_the_best_weights(executor: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On the way from 1 to 0 the validation loss is least at 0.5, near 0.8³."""
    w, history = trained_constant(0.0, validation=([0.0], [0.5]), epochs=50, patience=2, executor=executor, progress=True, metrics=[])
    assert len(history.loss) == 5
    assert history.validation_loss.index(min(history.validation_loss)) == 2
    assert w == pytest.approx(0.8**3, rel=1e-12)
    assert capsys.readouterr().out.endswith("\nno improvement for 2 epochs: back to the weights of epoch 3\n")


@pytest.mark.seed("E9")
def test_without_validation_data_patience_looks_at_the_training_loss() -> None:
    """From epoch to epoch it is multiplied by 0.64; at the seventh it is less by less than 0.05."""
    w, history = trained_constant(0.0, epochs=50, patience=1, tol=0.05)
    assert 0.64**4 - 0.64**5 > 0.05 > 0.64**5 - 0.64**6
    assert history.loss == pytest.approx([0.64**k for k in range(7)], rel=1e-12)
    assert w == pytest.approx(0.8**6, rel=1e-12)  # after the sixth, whose loss was computed before its step
    assert len(trained_constant(0.0, epochs=9, patience=1)[1].loss) == 9


def test_patience_waits_again_after_an_improvement() -> None:
    losses = iter([3.0, 4.0, 2.0, 4.0, 4.0, 1.0, 5.0, 5.0, 5.0, 0.0])

    model = Constant()
    seen: list[float] = []

    def loss(output: Any, target: Any) -> Any:
        return (output - output) + next(losses) if not model.training else output * 1.0

    fit(
        model,
        [0.0],
        [0.0],
        loss=loss,
        optimizer=SGD(model.parameters(), lr=0.1),
        validation=([0.0], [0.0]),
        epochs=10,
        patience=3,
        metrics=[],
        callbacks=[lambda history: seen.append(model.w.data)],
        executor="eager",
        progress=False,
    )
    assert len(seen) == 9
    assert len(set(seen)) == 9, "the callbacks see the weights of each epoch, also of the last one"
    assert model.w.data == seen[5]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_validation_loss_that_is_never_good_gives_back_the_first_weights(executor: str) -> None:
    w, history = trained_constant(0.0, validation=([0.0], [math.inf]), epochs=9, patience=3, metrics=[], executor=executor)
    assert (w, history.validation_loss) == (1.0, [math.inf] * 3)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_callbacks_are_called_in_order_with_the_history(executor: str) -> None:
    calls: list[tuple[str, int]] = []
    seen: list[History] = []

    def first(history: History) -> bool:
        calls.append(("first", len(history.loss)))
        seen.append(history)
        return np.float64(len(history.loss)) == 3.0  # type: ignore[return-value] # NumPy's truth is one too

    def second(history: History) -> int:
        calls.append(("second", len(history.seconds)))
        return 1  # only True stops

    history = fit(xor_model(), XOR, CLASSES, epochs=9, callbacks=[first, second], executor=executor, progress=False)
    assert calls == [(name, epoch) for epoch in (1, 2, 3) for name in ("first", "second")]
    assert len(history.loss) == 3
    assert all(one is history for one in seen)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_schedule_changes_the_rate_after_each_epoch(executor: str) -> None:
    rates: list[float] = []

    class Watched(SGD):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            rates.append(self.lr)
            return super().rule(parameters, gradients)

    model = xor_model()
    optimizer = Watched(model.parameters(), lr=0.8)
    fit(
        model,
        XOR,
        CLASSES,
        optimizer=optimizer,
        schedule=ExponentialLR(optimizer, 0.5),
        epochs=3,
        batch_size=2,
        executor=executor,
        progress=False,
    )
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    assert optimizer.lr == 0.1
    own = Schedule(optimizer)
    with pytest.raises(NotImplementedError, match="Schedule does not define rate"):
        fit(model, XOR, CLASSES, optimizer=optimizer, schedule=own, progress=False)


def test_the_default_optimizer_is_adam() -> None:
    first, second = xor_model(), xor_model()
    fit(first, XOR, CLASSES, epochs=2, rng=random.Random(0), progress=False)
    fit(second, XOR, CLASSES, epochs=2, optimizer=Adam(second.parameters(), lr=0.001), rng=random.Random(0), progress=False)
    assert numbers(first) == numbers(second)
