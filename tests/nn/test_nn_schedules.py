"""Schedules: against PyTorch, epoch by epoch."""

import warnings
from types import ModuleType
from typing import Any

import pytest

from autograd import Value
from autograd.errors import InputError
from nn.optimizers import SGD, Adam
from nn.schedules import CosineAnnealingLR, ExponentialLR, Schedule, StepLR

SETTINGS: list[tuple[Any, dict[str, Any]]] = [
    (StepLR, {"step_size": 1}),
    (StepLR, {"step_size": 7}),
    (StepLR, {"step_size": 10, "gamma": 0.5}),
    (ExponentialLR, {"gamma": 0.9}),
    (ExponentialLR, {"gamma": 1.1}),
    (CosineAnnealingLR, {"T_max": 50}),
    (CosineAnnealingLR, {"T_max": 13}),
    (CosineAnnealingLR, {"T_max": 1, "eta_min": 0.01}),
    (CosineAnnealingLR, {"T_max": 30, "eta_min": 0.02}),
]


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_fifty_epochs_are_pytorchs(torch: ModuleType, kind: Any, settings: dict[str, Any]) -> None:
    tensor = torch.zeros(1, requires_grad=True)
    their_optimizer = torch.optim.SGD([tensor], lr=0.3)
    theirs = getattr(torch.optim.lr_scheduler, kind.__name__)(their_optimizer, **settings)
    optimizer = SGD([Value(0.0)], lr=0.3)
    ours = kind(optimizer, **settings)
    assert optimizer.lr == 0.3
    for epoch in range(1, 51):
        ours.step()
        their_optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.step()
        assert optimizer.lr == pytest.approx(their_optimizer.param_groups[0]["lr"], rel=1e-12, abs=1e-12), epoch
        assert optimizer.lr == ours.rate(epoch)


def test_the_rate_is_what_the_optimizer_steps_with() -> None:
    p = Value(0.0)
    optimizer = SGD([p], lr=1.0)
    schedule = ExponentialLR(optimizer, gamma=0.5)
    for _ in range(4):
        p.grad = -1.0
        optimizer.step()
        schedule.step()
    assert p.data == 1.875


def test_the_rate_may_reach_0() -> None:
    p = Value(1.0)
    optimizer = Adam([p], lr=0.1)
    schedule = CosineAnnealingLR(optimizer, T_max=2)
    schedule.step()
    schedule.step()
    p.grad = 1.0
    optimizer.step()
    assert (optimizer.lr, p.data) == (0.0, 1.0)


def test_a_schedule_of_your_own() -> None:
    class Warmup(Schedule):
        def rate(self, epoch: int) -> float:
            return self.base_lr * min(1.0, (epoch + 1) / 4)

    optimizer = SGD([Value(0.0)], lr=1.0)
    schedule = Warmup(optimizer)
    rates = [schedule.rate(0)]
    for _ in range(4):
        schedule.step()
        rates.append(optimizer.lr)
    assert rates == [0.25, 0.5, 0.75, 1.0, 1.0]
    with pytest.raises(NotImplementedError, match=r"Schedule does not define rate\(epoch\)"):
        Schedule(optimizer).step()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR([Value(1.0)], 10), r"StepLR needs an optimizer, as in StepLR\(optimizer, …\), not \["),
        (lambda o: StepLR(o, 0), "step_size must be a whole number of at least 1, not 0"),
        (lambda o: StepLR(o, 1.5), "step_size must be a whole number of at least 1, not 1.5"),
        (lambda o: StepLR(o, 10, gamma=0.0), "gamma must be positive, not 0.0"),
        (lambda o: ExponentialLR(o, -0.5), "gamma must be positive, not -0.5"),
        (lambda o: ExponentialLR(o, float("nan")), "gamma must be positive, not nan"),
        (lambda o: ExponentialLR(o, "0.9"), "string"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max must be a whole number of at least 1, not 0"),
        (lambda o: CosineAnnealingLR(o, 10, eta_min=-0.1), "eta_min must be finite and not negative, not -0.1"),
    ],
)
def test_settings_that_cannot_work(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(SGD([Value(0.0)], lr=0.1))
