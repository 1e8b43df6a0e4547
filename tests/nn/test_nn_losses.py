"""Losses, compared with PyTorch and numeric derivatives, for extreme logits, and with changing targets."""

import math
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, assert_gradients, compile, grad, hardmax, sigmoid, softmax
from autograd.errors import DomainError, InputError, PoleError
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
    huber,
    l1,
    l2,
    mae,
    mean,
    mse,
    quadratic,
)

OF_NUMBERS = [mse, quadratic, mae, huber]


def numbers(seed: int, n: int = 5) -> list[float]:
    return [random.Random(100 * seed + i).uniform(-3.0, 3.0) for i in range(n)]


def probabilities(seed: int, n: int = 5) -> list[float]:
    return [random.Random(100 * seed + i).uniform(0.01, 0.99) for i in range(n)]


def gradients(loss: Value, at: list[Value]) -> list[float]:
    for v in at:
        v.grad = 0.0
    loss.backward()
    return [v.grad for v in at]


def check(torch: ModuleType, loss: Callable[..., Value], theirs: Callable[..., Any], start: list[float], target: Any) -> None:
    """Check that a loss and its gradients equal those of a PyTorch function."""
    tensor = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    expected = theirs(tensor, torch.tensor(target, dtype=torch.int64 if isinstance(target, int) else torch.float64))
    expected.backward()
    outputs = [Value(x) for x in start]
    actual = loss(outputs, target)
    assert actual.data == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
    assert gradients(actual, outputs) == pytest.approx(tensor.grad.tolist(), rel=1e-12, abs=1e-14)


# -- the formulas of the textbooks ------------------------------------------------------------------------------------------


@pytest.mark.seed("D1")
def test_mse_is_the_mean_of_the_squares() -> None:
    o, t = numbers(1), numbers(2)
    assert mse(o, t).data == pytest.approx(sum((b - a) ** 2 for a, b in zip(o, t, strict=True)) / 5, rel=1e-15)


@pytest.mark.seed("D2")
def test_binary_cross_entropy_is_its_formula() -> None:
    p, y = probabilities(1), [0.0, 1.0, 1.0, 0.0, 1.0]
    expected = -sum(t * math.log(a) + (1.0 - t) * math.log(1.0 - a) for a, t in zip(p, y, strict=True)) / 5
    assert binary_cross_entropy(p, y).data == pytest.approx(expected, rel=1e-14)


@pytest.mark.seed("D3")
def test_cross_entropy_is_minus_the_logarithm_of_the_likelihood() -> None:
    assert hardmax([0.1, 10.0, 0.1]) == [0.0, 1.0, 0.0]  # the second class
    samples = [([0.1, 10.0, 0.1], 1), (numbers(1, 3), 0), (numbers(2, 3), 2)]
    likelihood, total = 1.0, 0.0
    for z, y in samples:
        p, one_hot, logits = softmax(z), [float(j == y) for j in range(3)], [Value(x) for x in z]
        loss = cross_entropy(logits, one_hot).data
        assert loss == pytest.approx(-sum(t * math.log(a) for t, a in zip(one_hot, p, strict=True)), rel=1e-10)
        assert cross_entropy(logits, y).data == pytest.approx(loss, rel=1e-10)
        likelihood *= p[y]
        total += loss
    assert total == pytest.approx(-math.log(likelihood), rel=1e-12)


@pytest.mark.seed("D4")
def test_the_quadratic_cost_is_half_the_squared_distance() -> None:
    samples = [(numbers(k), numbers(k + 50)) for k in range(3)]
    expected = [0.5 * math.dist(a, y) ** 2 for a, y in samples]
    assert [quadratic(a, y).data for a, y in samples] == pytest.approx(expected, rel=1e-14)
    assert mean([quadratic(a, y) for a, y in samples]).data == pytest.approx(sum(expected) / 3, rel=1e-14)


# -- against PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("seed", range(3))
def test_losses_of_numbers_are_pytorchs(torch: ModuleType, seed: int, scale: float) -> None:
    start, target = [scale * x for x in numbers(seed)], numbers(seed + 50)
    f = torch.nn.functional
    check(torch, mse, f.mse_loss, start, target)
    check(torch, quadratic, lambda o, t: 0.5 * ((o - t) ** 2).sum(), start, target)
    check(torch, mae, f.l1_loss, start, target)
    for delta in (1.0, 0.1, 2.5, 1e4):
        check(torch, lambda o, t, d=delta: huber(o, t, delta=d), lambda o, t, d=delta: f.huber_loss(o, t, delta=d), start, target)


@pytest.mark.parametrize("difference", [-2.0, -1.0, -0.5, 0.0, 1e-9, 1.0, math.nextafter(1.0, 2.0), 1e300])
def test_corners_are_pytorchs(torch: ModuleType, difference: float) -> None:
    check(torch, huber, torch.nn.functional.huber_loss, [difference], [0.0])
    check(torch, mae, torch.nn.functional.l1_loss, [difference], [0.0])


@pytest.mark.parametrize("target", [-1, 1])
@pytest.mark.parametrize("score", [-1e4, -1.0, -0.5, 0.0, 0.5, 1.0, 1e4])
def test_hinge_is_pytorchs(torch: ModuleType, score: float, target: int) -> None:
    check(torch, lambda o, t: hinge(o[0], t), lambda o, t: torch.relu(1.0 - t * o[0]), [score], target)


@pytest.mark.parametrize("seed", range(5))
def test_binary_cross_entropy_is_pytorchs(torch: ModuleType, seed: int) -> None:
    f = torch.nn.functional
    for target in (probabilities(seed + 50), [float(x > 0.5) for x in probabilities(seed + 50)]):
        check(torch, binary_cross_entropy, f.binary_cross_entropy, probabilities(seed), target)
        for scale in (1.0, 10.0, 1e4):
            logits = [scale * x for x in numbers(seed)]
            check(torch, binary_cross_entropy_with_logits, f.binary_cross_entropy_with_logits, logits, target)


@pytest.mark.parametrize("kind", ["index", "distribution"])
@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("seed", range(5))
def test_cross_entropy_is_pytorchs(torch: ModuleType, seed: int, scale: float, kind: str) -> None:
    weights = probabilities(seed + 50)
    target: Any = 2 if kind == "index" else [w / sum(weights) for w in weights]
    check(torch, cross_entropy, torch.nn.functional.cross_entropy, [scale * x for x in numbers(seed)], target)


def test_gradients_agree_with_numeric_ones() -> None:
    point, targets, distribution = numbers(2)[:3], numbers(1)[:3], [0.3, 0.7, 0.0]
    for loss in OF_NUMBERS:
        assert_gradients(lambda *outputs, loss=loss: loss(outputs, targets), point, order=2)
    assert_gradients(lambda *outputs: binary_cross_entropy(outputs, distribution), probabilities(2)[:3], order=2)
    assert_gradients(lambda *outputs: binary_cross_entropy_with_logits(outputs, distribution), point, order=2)
    assert_gradients(lambda *logits: cross_entropy(logits, 2), point, order=2)
    assert_gradients(lambda *logits: cross_entropy(logits, distribution), point, order=2)
    assert_gradients(lambda score: hinge(score, 1), [0.25], order=2)
    assert_gradients(lambda *weights: l1(weights, 0.1) + l2(weights, 0.3), point, order=2)


# -- at special points ----------------------------------------------------------------------------------------------------


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


def test_the_gradient_of_the_quadratic_loss_is_the_difference() -> None:
    outputs = [Value(1.0), Value(4.0)]
    assert gradients(quadratic(outputs, [0.0, 2.0]), outputs) == [1.0, 2.0]


def test_cross_entropy_does_not_change_by_a_shift() -> None:
    near = cross_entropy([Value(x) for x in (0.0, 1.0, 2.0)], 0).data
    far = cross_entropy([Value(x + 1e6) for x in (0.0, 1.0, 2.0)], 0).data
    assert far == pytest.approx(near, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "y", "loss", "slope"),
    [
        (1.0, 1, 0.0, -1.0),
        (0.0, 0, 0.0, 1.0),
        (0.5, 1, math.log(2.0), -2.0),
        (1e-300, 1, 300.0 * math.log(10.0), -1e300),
        (1e-300, 0, 1e-300, 1.0),
        (0.25, 0.25, -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)), 0.0),
        (math.nan, 1, math.nan, math.nan),
    ],
)
def test_binary_cross_entropy_at_special_points(p: float, y: float, loss: float, slope: float) -> None:
    output = Value(p)
    result = binary_cross_entropy(output, y)
    assert result.data == pytest.approx(loss, rel=1e-14, abs=0.0, nan_ok=True)
    assert gradients(result, [output]) == pytest.approx([slope], rel=1e-14, abs=1e-15, nan_ok=True)
    assert not str(result.data).startswith("-")  # 0, not -0


@pytest.mark.parametrize(
    ("z", "y", "loss", "slope"),
    [
        (1e4, 1, 0.0, 0.0),
        (1e4, 0, 1e4, 1.0),
        (-1e4, 1, 1e4, -1.0),
        (-1e4, 0, 0.0, 0.0),
        # log1p(e^-40), where softplus(z) - y z would cancel to 0, and sigmoid(z) - y too
        (40.0, 1, 4.248354255291589e-18, -4.248354255291589e-18),
        (-40.0, 0, 4.248354255291589e-18, 4.248354255291589e-18),
    ],
)
def test_binary_cross_entropy_with_logits_far_out(z: float, y: float, loss: float, slope: float) -> None:
    output = Value(z)
    result = binary_cross_entropy_with_logits(output, y)
    assert result.data == pytest.approx(loss, rel=1e-14, abs=0.0)
    assert gradients(result, [output]) == pytest.approx([slope], rel=1e-14, abs=0.0)


@pytest.mark.parametrize("y", [0, 1, 0.3])
def test_the_two_binary_cross_entropies_agree(y: float) -> None:
    for z in (-5.0, -0.1, 0.0, 2.0):
        first, second = Value(z), Value(z)
        one, other = binary_cross_entropy(sigmoid(first), y), binary_cross_entropy_with_logits(second, y)
        assert one.data == pytest.approx(other.data, rel=1e-12)
        assert gradients(one, [first]) == pytest.approx(gradients(other, [second]), rel=1e-12)


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        (0.0, 1, "of the output 0.0 and the target 1.0 is infinite"),
        (1.0, 0, "of the output 1.0 and the target 0.0 is infinite"),
        (0.0, 1e-9, "of the output 0.0 and the target 1e-09 is infinite"),
        (2.5, 1, "needs probabilities, not 2.5"),
        (-0.5, 0, "needs probabilities, not -0.5"),
        (math.inf, 1, "needs probabilities, not inf"),
    ],
)
def test_binary_cross_entropy_names_the_logits_form(p: float, y: float, message: str) -> None:
    for target in (y, Value(y)):
        with pytest.raises(DomainError, match=f"{message}.*binary_cross_entropy_with_logits"):
            binary_cross_entropy(Value(p), target)


# -- what outputs and targets may be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [1, 1.0, np.int64(1), np.float32(1.0), np.array(1)[()], True])
def test_a_class_is_any_whole_number(target: Any) -> None:
    assert cross_entropy([Value(0.0), Value(3.0)], target).data == cross_entropy([Value(0.0), Value(3.0)], 1).data
    assert binary_cross_entropy_with_logits(Value(3.0), target).data == binary_cross_entropy_with_logits(Value(3.0), 1).data
    assert hinge(Value(0.25), target).data == 0.75


@pytest.mark.parametrize("loss", [*OF_NUMBERS, binary_cross_entropy, binary_cross_entropy_with_logits])
def test_outputs_and_targets_may_be_one_or_many_and_arrays(loss: Any) -> None:
    outputs = [Value(0.25), Value(0.5)]
    expected = loss(outputs, [0.0, 1.0]).data
    assert loss(outputs, np.array([0.0, 1.0])).data == loss(tuple(outputs), (0, 1)).data == loss(np.array(outputs), [0, 1]).data == expected
    assert loss([0.25, 0.5], [0.0, 1.0]).data == expected  # of numbers, as when a model is only looked at
    assert loss(Value(0.25), np.array([1.0])).data == loss(Value(0.25), 1).data == loss([Value(0.25)], 1.0).data == loss(0.25, 1).data


def test_hinge_and_cross_entropy_take_arrays_too() -> None:
    outputs = [Value(1.0), Value(4.0)]
    assert cross_entropy(outputs, np.array([0.5, 0.5])).data == cross_entropy(outputs, [0.5, 0.5]).data
    assert hinge([Value(0.25)], np.array([-1])).data == hinge(Value(0.25), -1).data == 1.25


@pytest.mark.parametrize("target", [3, -1, 1.5, float("nan"), float("inf")])
def test_what_is_no_class(target: Any) -> None:
    for given in (target, Value(target)):
        with pytest.raises(InputError, match="is not a class: with 3 logits, classes are 0 to 2"):
            cross_entropy([Value(0.0)] * 3, given)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: cross_entropy(Value(1.0), 0), "a logit for each class"),  # type: ignore[arg-type]
        (lambda: cross_entropy([Value(0.0)] * 3, [0.5, 0.5]), "as many probabilities as logits: 2 and 3"),
        (lambda: cross_entropy([Value(0.0)] * 3, None), "not a real number"),
        (lambda: cross_entropy([], 0), "at least one logit"),
        (lambda: mse([Value(0.0)] * 3, [1.0, 2.0]), "mse needs as many .* 3 outputs, 2 targets"),
        (lambda: mae([Value(0.0)] * 3, 1.0), "mae needs as many .* 3 outputs, 1 targets"),
        (lambda: quadratic([], []), "quadratic needs .* at least one"),
        (lambda: huber([Value(0.0)], [1.0, 2.0]), "huber needs as many .* 1 outputs, 2 targets"),
        (lambda: huber(Value(0.0), 0.0, delta=0.0), "delta must be positive, not 0.0"),
        (lambda: huber(Value(0.0), 0.0, delta=math.nan), "delta must be positive, not nan"),
        (lambda: mse([Value(0.0)], ["1"]), "string"),
        (lambda: mse(None, 1.0), "not a real number: None"),
        (lambda: hinge([Value(0.0)] * 3, [1, 1, -1]), r"hinge takes one score, not 3: .* write cross_entropy"),
        (lambda: hinge(Value(0.0), 0), r"a target of -1 or 1, not 0.0: write 2 \* target - 1"),
        (lambda: hinge(Value(0.0), Value(0.5)), "a target of -1 or 1, not 0.5"),
        (lambda: hinge(Value(0.0), 1.5), "a target of -1 or 1, not 1.5"),
        (lambda: hinge(Value(0.0), -1.5), "a target of -1 or 1, not -1.5"),
        (lambda: hinge(Value(0.0), math.nan), "a target of -1 or 1, not nan"),
        (lambda: binary_cross_entropy(Value(0.5), -1), r"targets between 0 and 1, not -1.0: write \(target \+ 1\) / 2"),
        (lambda: binary_cross_entropy_with_logits(Value(0.5), Value(2)), "binary_cross_entropy_with_logits needs targets .* not 2.0"),
        (lambda: binary_cross_entropy([Value(0.5)] * 2, 1), "2 outputs, 1 targets"),
        (lambda: mean([]), "mean of no losses"),
        (lambda: mean(Value(1.0)), r"mean takes a list of losses, as in mean\(\[.*\]\), not Value"),  # type: ignore[arg-type]
        (lambda: mean(Value(x) for x in (1.0, 2.0)), r"mean takes a list of losses, .* not <generator"),  # type: ignore[arg-type]
        (lambda: mean([Value(1.0), 2.0]), "must be a Value, which has a gradient, not 2.0"),  # type: ignore[list-item]
        (lambda: l1([], 0.1), r"l1 needs Values to penalise: write l1\(model.parameters\(\), strength=0.01\)"),
        (lambda: l2(Value(1.0), 0.1), "l2 needs Values to penalise"),  # type: ignore[arg-type]
        (lambda: l2([1.0], 0.1), "l2 needs Values to penalise"),  # type: ignore[list-item]
        (lambda: l2([Value(1.0)], -0.1), "the strength of l2 must be finite and not negative, not -0.1"),
        (lambda: l1([Value(1.0)], math.inf), "the strength of l1 must be finite and not negative, not inf"),
    ],
)
def test_what_does_not_fit(compute: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compute()


# -- of batches and parameters ------------------------------------------------------------------------------------------------


def test_the_mean_of_losses() -> None:
    outputs = [Value(x) for x in numbers(3)]
    losses = [mse(o, t) for o, t in zip(outputs, numbers(4), strict=True)]
    assert mean(losses).data == pytest.approx(mse(outputs, numbers(4)).data, rel=1e-15)
    assert gradients(mean(losses), outputs) == pytest.approx(gradients(mse(outputs, numbers(4)), outputs), rel=1e-15)


@pytest.mark.seed("D5")
def test_penalties() -> None:
    weights = [Value(3.0), Value(-4.0), Value(0.0)]
    assert l2(weights, 0.5).data == 6.25
    assert gradients(l2(weights, 0.5), weights) == [1.5, -2.0, 0.0]  # strength · w
    assert l1(weights, 0.5).data == 3.5
    assert gradients(l1(weights, 0.5), weights) == [0.5, -0.5, 0.0]
    assert l2(iter(weights), 0.0).data == 0.0


# -- targets that change while the graph stays ----------------------------------------------------------------------------------


LIVE: list[tuple[Callable[[Any, Any], Value], int, list[Any]]] = [
    *[(loss, 3, [[0.5, -1.0, 2.0], [1.5, 0.25, -4.0]]) for loss in OF_NUMBERS],
    (hinge, 1, [1, -1]),
    (binary_cross_entropy_with_logits, 3, [[0, 1, 0], [1, 1, 0], [0.25, 0.5, 1]]),
    (lambda o, t: binary_cross_entropy([sigmoid(x) for x in o], t), 3, [[0, 1, 0], [1, 1, 0], [0.25, 0.5, 1]]),
    (cross_entropy, 3, [0, 2, 1]),
    (cross_entropy, 3, [[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]]),
]


def leaves(target: Any) -> Any:
    return [Value(t) for t in target] if isinstance(target, list) else Value(target)


def assign(live: Any, target: Any) -> None:
    for leaf, number in zip(*([live, target] if isinstance(target, list) else [[live], [target]]), strict=True):
        leaf.data = number


@pytest.mark.parametrize(("loss", "n", "targets"), LIVE)
def test_a_target_may_be_a_value(loss: Callable[..., Value], n: int, targets: list[Any]) -> None:
    outputs = [Value(x) for x in numbers(7, n)]
    for target in targets:
        fixed, live = loss(outputs, target), loss(outputs, leaves(target))
        assert live.data == pytest.approx(fixed.data, rel=1e-15)
        assert gradients(live, outputs) == pytest.approx(gradients(fixed, outputs), rel=1e-14, abs=1e-16)


@pytest.mark.parametrize(("loss", "n", "targets"), LIVE)
def test_a_compiled_loss_follows_its_target(loss: Callable[..., Value], n: int, targets: list[Any]) -> None:
    outputs, live = [Value(x) for x in numbers(7, n)], leaves(targets[0])
    program = compile(loss(outputs, live))
    for seed, target in enumerate(targets * 2):
        assign(live, target)
        assign(outputs, numbers(seed + 10, n))
        for v in outputs:
            v.grad = 0.0
        result = program()
        by_program = [v.grad for v in outputs]
        eager = loss(outputs, target)
        assert result == pytest.approx(eager.data, rel=1e-12)
        assert by_program == pytest.approx(gradients(eager, outputs), rel=1e-12, abs=1e-15)


SAMPLES: list[tuple[Callable[..., Any], list[list[float]], type[Exception], str]] = [
    (lambda a, b, y: cross_entropy([a, b], y), [[0.0, 1.0, 0], [1.0, 2.0, 1], [1.0, 2.0, 2]], InputError, "target 2.0 is not a class"),
    (hinge, [[-0.5, 1], [1.0, -1], [-1.0, 0]], InputError, "a target of -1 or 1, not 0.0"),
    (binary_cross_entropy_with_logits, [[2.0, 1], [-3.0, 0], [0.5, -1]], InputError, "targets between 0 and 1, not -1.0"),
    (binary_cross_entropy, [[0.5, 1], [0.25, 0], [0.75, 1.5]], InputError, "targets between 0 and 1, not 1.5"),
]


@pytest.mark.parametrize(("loss", "samples", "error", "message"), SAMPLES)
def test_a_compiled_function_asks_of_every_sample(loss: Any, samples: Any, error: type[Exception], message: str) -> None:
    """The last of the samples is one that the loss is not defined for."""
    compiled = compile(loss)
    good = samples[:-1]
    eager = [loss(*[Value(x) for x in sample]).data for sample in good]
    assert compiled(*np.array(good).T).tolist() == pytest.approx(eager, rel=1e-14)
    with pytest.raises(error, match=message):
        compiled(*np.array(samples).T)


@pytest.mark.parametrize(("p", "y"), [(0.0, 1.0), (0.0, 0.5), (1.0, 0.0), (-0.25, 0.0), (-0.25, 1.0), (1.5, 0.0), (1.5, 1.0), (3.5, 0.5)])
def test_a_compiled_binary_cross_entropy_knows_where_it_is_not_defined(p: float, y: float) -> None:
    """The domains of its operations suffice; there is no branch."""
    compiled = compile(binary_cross_entropy)
    compiled(0.5, 1.0)
    with pytest.raises(DomainError, match="binary_cross_entropy_with_logits"):
        compiled(p, y)
    with pytest.warns(RuntimeWarning, match="1 of 2 elements are outside"):
        result = compiled([0.5, p], [1.0, y])
    assert result[0] == binary_cross_entropy(Value(0.5), 1.0).data
    assert str(compiled).count("was False") == str(compiled).count("program: "), "a branch only for targets out of their range"


@pytest.mark.parametrize(("p", "y"), [(0.0, 0.0), (1.0, 1.0), (0.25, 0.75), (math.nan, 1.0)])
def test_a_compiled_binary_cross_entropy_at_special_points(p: float, y: float) -> None:
    output = Value(p)
    eager = binary_cross_entropy(output, y)
    eager.backward()
    result = compile(binary_cross_entropy).value_and_grad(p, y, wrt=0)
    assert result == pytest.approx((eager.data, output.grad), rel=1e-15, nan_ok=True)


def test_a_compiled_graph_meets_what_is_no_class() -> None:
    target = Value(0)
    program = compile(cross_entropy([Value(1.0), Value(2.0)], target))
    for number in (2, -1, 0.5, math.nan):
        target.data = number
        with pytest.raises(PoleError, match="number of classes that the target is"):
            program()


def test_a_loss_can_be_differentiated_by_its_target() -> None:
    assert grad(lambda t: mse([1.0], [t]))(3.0) == 4.0
    assert grad(lambda y: binary_cross_entropy_with_logits(2.0, y))(0.5) == pytest.approx(-2.0, rel=1e-15)
