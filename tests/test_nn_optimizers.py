"""Optimizers: against PyTorch, parameter by parameter, over whole trainings."""

import random
from types import ModuleType
from typing import Any

import pytest
from torch_twin import paired, torch_twin

from autograd import Value
from autograd.errors import InputError
from nn import MLP, SGD, Adam, cross_entropy, mse
from nn.optimizers import Optimizer

SETTINGS: list[tuple[Any, dict[str, Any]]] = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.05, "momentum": 0.9}),
    (Adam, {}),
    (Adam, {"lr": 0.05}),
    (Adam, {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3}),
    (Adam, {"lr": 0.01, "betas": (0.0, 0.0)}),
]


@pytest.mark.parametrize("loss", [mse, cross_entropy])
@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_fifty_steps_are_pytorchs(torch: ModuleType, kind: Any, settings: dict[str, Any], loss: Any) -> None:
    """The same model, data and settings here and there: all parameters agree to 1e-12, after each of the steps."""
    rng = random.Random(0)
    model = MLP(3, [4, 3], "tanh", rng=rng)
    X = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(6)]
    y: list[Any] = [[rng.uniform(-1.0, 1.0) for _ in range(3)] if loss is mse else rng.randrange(3) for _ in X]

    twin = torch_twin(torch, model, "Tanh")
    inputs = torch.tensor(X, dtype=torch.float64)
    targets = torch.tensor(y, dtype=torch.float64 if loss is mse else torch.int64)
    their_loss = getattr(torch.nn.functional, "mse_loss" if loss is mse else "cross_entropy")
    their_optimizer = getattr(torch.optim, kind.__name__)(twin.parameters(), **settings)
    optimizer = kind(model.parameters(), **settings)

    for step in range(50):
        optimizer.zero_grad()
        mean = sum(loss(model(x), target) for x, target in zip(X, y, strict=True)) / len(X)
        mean.backward()
        optimizer.step()

        their_optimizer.zero_grad()
        their_mean = their_loss(twin(inputs), targets)
        their_mean.backward()
        their_optimizer.step()

        assert mean.data == pytest.approx(their_mean.item(), rel=1e-12), step
        ours, theirs = paired(model, twin)
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12), step


def test_momentum_keeps_going_where_the_gradient_is_0() -> None:
    p = Value(0.0)
    optimizer = SGD([p], lr=1.0, momentum=0.5)
    p.grad = -1.0
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()
    assert p.data == 1.5


def test_the_first_step_of_adam_is_lr_whatever_the_size_of_the_gradient() -> None:
    for size in (1e-6, 1.0, 1e100):
        p = Value(1.0)
        p.grad = size
        Adam([p], lr=0.1, eps=1e-300).step()
        assert p.data == pytest.approx(0.9, rel=1e-12)


def test_parameters_may_be_an_iterator_and_are_gone_through_once() -> None:
    model = MLP(2, [1])
    optimizer = SGD((p for _, p in model.named_parameters()), lr=0.1)
    for p in model.parameters():
        p.grad = 1.0
    before = [p.data for p in model.parameters()]
    optimizer.step()
    optimizer.step()
    assert [p.data for p in model.parameters()] == pytest.approx([x - 0.2 for x in before])
    optimizer.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD([], lr=0.1), r"write SGD\(model.parameters\(\), lr=0.1\)"),
        (lambda p: SGD(p, lr=0.1), r"write SGD\(model.parameters\(\), lr=0.1\)"),
        (lambda p: SGD(MLP(2, [1]), lr=0.1), r"write SGD\(model.parameters\(\), lr=0.1\)"),
        (lambda p: Adam([1.0]), "needs Values"),
        (lambda p: SGD([p], lr=0.0), "rate must be positive, not 0.0"),
        (lambda p: SGD([p], lr=-0.1), "rate must be positive"),
        (lambda p: Adam([p], lr=float("nan")), "rate must be positive, not nan"),
        (lambda p: Adam([p], lr=float("inf")), "rate must be positive, not inf"),
        (lambda p: Adam([p], lr="0.1"), "string"),
        (lambda p: SGD([p], momentum=1.0), r"momentum must be in \[0, 1\), not 1.0"),
        (lambda p: SGD([p], momentum=-0.1), "momentum"),
        (lambda p: Adam([p], betas=(0.9, 1.0)), r"betas must be in \[0, 1\)"),
        (lambda p: Adam([p], eps=0.0), "eps must be positive"),
    ],
)
def test_settings_that_cannot_work(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(Value(1.0))


def test_an_optimizer_of_your_own_must_say_how_it_steps() -> None:
    with pytest.raises(NotImplementedError, match=r"does not define step\(\)"):
        Optimizer([Value(1.0)], lr=0.1).step()
