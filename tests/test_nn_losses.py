"""Losses: against PyTorch, against numeric derivatives, and far out."""

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, assert_gradients
from autograd.errors import InputError
from nn import cross_entropy, mse


def numbers(seed: int, n: int = 5) -> list[float]:
    return [random.Random(100 * seed + i).uniform(-3.0, 3.0) for i in range(n)]


def gradients(loss: Value, at: list[Value]) -> list[float]:
    loss.backward()
    return [v.grad for v in at]


@pytest.mark.parametrize("seed", range(5))
def test_mse_is_pytorchs(torch: ModuleType, seed: int) -> None:
    outputs, targets = [Value(x) for x in numbers(seed)], numbers(seed + 50)
    tensor = torch.tensor(numbers(seed), dtype=torch.float64, requires_grad=True)
    expected = torch.nn.functional.mse_loss(tensor, torch.tensor(targets, dtype=torch.float64))
    expected.backward()
    loss = mse(outputs, targets)
    assert loss.data == pytest.approx(expected.item(), rel=1e-14)
    assert gradients(loss, outputs) == pytest.approx(tensor.grad.tolist(), rel=1e-14)


@pytest.mark.parametrize("kind", ["index", "distribution"])
@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("seed", range(5))
def test_cross_entropy_is_pytorchs(torch: ModuleType, seed: int, scale: float, kind: str) -> None:
    start = [scale * x for x in numbers(seed)]
    weights = [abs(x) for x in numbers(seed + 50)]
    target: Any = 2 if kind == "index" else [w / sum(weights) for w in weights]
    tensor = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(tensor, torch.tensor(target, dtype=torch.int64 if kind == "index" else torch.float64))
    expected.backward()
    logits = [Value(x) for x in start]
    loss = cross_entropy(logits, target)
    assert loss.data == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
    assert gradients(loss, logits) == pytest.approx(tensor.grad.tolist(), rel=1e-12, abs=1e-14)


def test_gradients_agree_with_numeric_ones() -> None:
    targets, distribution = numbers(1), [0.1, 0.2, 0.3, 0.4, 0.0]
    assert_gradients(lambda *outputs: mse(outputs, targets), numbers(2), order=2)
    assert_gradients(lambda *logits: cross_entropy(logits, 3), numbers(2), order=2)
    assert_gradients(lambda *logits: cross_entropy(logits, distribution), numbers(2), order=2)


@pytest.mark.parametrize("target", [1, [0.0, 1.0, 0.0]])
def test_cross_entropy_far_out(target: Any) -> None:
    """exp(1e4) is no float; the loss is a plain number all the same."""
    logits = [Value(1e4), Value(-1e4), Value(0.0)]
    loss = cross_entropy(logits, target)
    assert loss.data == 2e4
    assert gradients(loss, logits) == [1.0, -1.0, 0.0]
    logits = [Value(-1e4), Value(1e4), Value(0.0)]
    loss = cross_entropy(logits, target)
    assert loss.data == 0.0
    assert gradients(loss, logits) == [0.0, 0.0, 0.0]


def test_the_gradient_of_cross_entropy_is_softmax_less_the_target() -> None:
    logits = [Value(0.0), Value(0.0)]
    assert gradients(cross_entropy(logits, 0), logits) == [-0.5, 0.5]


def test_cross_entropy_does_not_change_by_a_shift() -> None:
    near = cross_entropy([Value(x) for x in (0.0, 1.0, 2.0)], 0).data
    far = cross_entropy([Value(x + 1e6) for x in (0.0, 1.0, 2.0)], 0).data
    assert far == pytest.approx(near, rel=1e-9)


@pytest.mark.parametrize("target", [1, 1.0, np.int64(1), np.float32(1.0), np.array(1)[()], True])
def test_a_class_is_any_whole_number(target: Any) -> None:
    assert cross_entropy([Value(0.0), Value(3.0)], target).data == cross_entropy([Value(0.0), Value(3.0)], 1).data


def test_targets_may_be_arrays() -> None:
    outputs = [Value(1.0), Value(4.0)]
    assert mse(outputs, np.array([0.0, 2.0])).data == 2.5
    assert mse(Value(3.0), np.array([1.0])).data == mse(Value(3.0), 1).data == mse([Value(3.0)], 1.0).data == 4.0
    assert cross_entropy(outputs, np.array([0.5, 0.5])).data == cross_entropy(outputs, [0.5, 0.5]).data


@pytest.mark.parametrize("target", [3, -1, 1.5, float("nan"), float("inf")])
def test_what_is_no_class(target: Any) -> None:
    with pytest.raises(InputError, match="is no class: with 3 logits, classes are 0 to 2"):
        cross_entropy([Value(0.0)] * 3, target)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: cross_entropy(Value(1.0), 0), "a logit for each class"),  # type: ignore[arg-type]
        (lambda: cross_entropy([Value(0.0)] * 3, [0.5, 0.5]), "as many probabilities as logits: 2 and 3"),
        (lambda: cross_entropy([Value(0.0)] * 3, None), "not a real number"),
        (lambda: cross_entropy([], 0), "at least one logit"),
        (lambda: mse([Value(0.0)] * 3, [1.0, 2.0]), "3 outputs, 2 targets"),
        (lambda: mse([Value(0.0)] * 3, 1.0), "3 outputs, 1 targets"),
        (lambda: mse([], []), "at least one"),
        (lambda: mse([Value(0.0)], ["1"]), "string"),
    ],
)
def test_what_does_not_fit(compute: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compute()
