"""Optimizers, compared with PyTorch for each parameter over whole trainings."""

import inspect
import math
import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch_twin import paired, torch_twin

from autograd import Value
from autograd.errors import InputError
from nn import MLP, cross_entropy, mse
from nn.losses import l2
from nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm_, clip_grad_value_

SETTINGS: list[tuple[Any, dict[str, Any]]] = [
    (SGD, {}),
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.05, "momentum": 0.9}),
    (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.05, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
    (SGD, {"lr": 0.1, "weight_decay": 0.01}),
    (RMSprop, {}),
    (RMSprop, {"lr": 0.005, "alpha": 0.9, "eps": 1e-3}),
    (RMSprop, {"lr": 0.001, "momentum": 0.9}),
    (RMSprop, {"lr": 0.005, "centered": True}),
    (RMSprop, {"lr": 0.001, "alpha": 0.5, "eps": 1e-2, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    (Adam, {}),
    (Adam, {"lr": 0.05}),
    (Adam, {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3}),
    (Adam, {"lr": 0.01, "betas": (0.0, 0.0)}),
    (Adam, {"lr": 0.01, "weight_decay": 0.1}),
    (AdamW, {}),
    (AdamW, {"lr": 0.05, "weight_decay": 0.5}),
    (AdamW, {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.0}),
]

KINDS = [SGD, RMSprop, Adam, AdamW]


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_fifty_steps_are_pytorchs(torch: ModuleType, kind: Any, settings: dict[str, Any]) -> None:
    """The same model, data and settings here and there: all parameters agree to 1e-12, after each of the steps."""
    rng = random.Random(0)
    model = MLP(3, [4, 3], "tanh", rng=rng)
    X = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(6)]
    y = [rng.randrange(3) for _ in X]

    twin = torch_twin(torch, model, "Tanh")
    inputs = torch.tensor(X, dtype=torch.float64)
    targets = torch.tensor(y)
    their_optimizer = getattr(torch.optim, kind.__name__)(twin.parameters(), **settings)
    optimizer = kind(model.parameters(), **settings)

    for step in range(50):
        optimizer.zero_grad()
        mean = sum(cross_entropy(model(x), target) for x, target in zip(X, y, strict=True)) / len(X)
        mean.backward()
        optimizer.step()

        their_optimizer.zero_grad()
        their_mean = torch.nn.functional.cross_entropy(twin(inputs), targets)
        their_mean.backward()
        their_optimizer.step()

        assert mean.data == pytest.approx(their_mean.item(), rel=1e-12), step
        ours, theirs = paired(model, twin)
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12), step


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_and_defaults_are_pytorchs(torch: ModuleType, kind: Any) -> None:
    theirs = inspect.signature(getattr(torch.optim, kind.__name__)).parameters
    for name, parameter in inspect.signature(kind).parameters.items():
        if name not in ("parameters", "clipping"):
            assert parameter.default == theirs[name].default, name


# -- steps on Values, and on arrays ---------------------------------------------------------------------------------------


def noise(seed: int, n: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.uniform(-2.0, 2.0) for _ in range(n)]


@pytest.mark.parametrize("clipping", [{}, {"clipvalue": 0.5}, {"global_clipnorm": 1.0}])
@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_arrays_and_values_may_take_turns(kind: Any, settings: dict[str, Any], clipping: dict[str, float]) -> None:
    values = [Value(x) for x in noise(0, 7)]
    array = np.array(noise(0, 7))
    mixed = [Value(x) for x in noise(0, 7)]
    by_values, by_arrays, by_both = (kind(vs, **settings, **clipping) for vs in (values, mixed, mixed))
    for step in range(1, 9):
        gradients = noise(step, 7)
        for vs in (values, mixed):
            for p, gradient in zip(vs, gradients, strict=True):
                p.grad = gradient
        by_values.step()
        array = by_arrays.update(array, np.array(gradients))
        if step % 2:
            by_both.step()
        else:
            new = by_both.update(np.array([p.data for p in mixed]), np.array(gradients))
            for p, number in zip(mixed, new.tolist(), strict=True):
                p.data = number
        assert [p.data for p in values] == array.tolist() == [p.data for p in mixed], step
    assert array.tolist() != noise(0, 7)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_update_leaves_its_arguments_and_earlier_results_alone(kind: Any, settings: dict[str, Any]) -> None:
    optimizer = kind([Value(0.0) for _ in range(3)], **settings, clipvalue=0.5)
    before, gradients = np.array([1.0, 2.0, 3.0]), np.array([0.1, -2.0, 0.3])
    first = optimizer.update(before, gradients)
    kept = first.tolist()
    optimizer.update(first, gradients)
    assert (before.tolist(), gradients.tolist(), first.tolist()) == ([1.0, 2.0, 3.0], [0.1, -2.0, 0.3], kept)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1)])
def test_update_wants_a_number_for_each_parameter(shape: tuple[int, ...]) -> None:
    optimizer = SGD([Value(0.0), Value(1.0)])
    with pytest.raises(InputError, match=r"for each of the 2 parameters, not of the shapes \(2,\) and"):
        optimizer.update(np.zeros(2), np.zeros(shape))
    with pytest.raises(InputError, match=r"for each of the 2 parameters"):
        optimizer.update(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_finite_follows_ieee_without_a_warning(kind: Any) -> None:
    """The training decides what to do about it; the other parameters are right."""
    gradients = [math.nan, math.inf, 1e200, 0.5]
    parameters = [Value(1.0) for _ in gradients]
    for p, gradient in zip(parameters, gradients, strict=True):
        p.grad = gradient
    alone = Value(1.0)
    alone.grad = 0.5
    kind(parameters, lr=0.5).step()
    kind([alone], lr=0.5).step()
    assert math.isnan(parameters[0].data)
    assert not math.isfinite(parameters[1].data)
    assert parameters[3].data == alone.data != 1.0


def test_a_gradient_that_is_a_graph_is_no_number() -> None:
    p = Value(3.0)
    (p**2).backward(create_graph=True)
    with pytest.raises(InputError, match="would drop its gradient"):
        SGD([p]).step()
    assert p.data == 3.0
    p.grad = 0.0  # the graph refers to the leaf


def test_the_learning_rate_is_an_attribute() -> None:
    for kind in KINDS:
        slow, fast = Value(0.0), Value(0.0)
        for p, lr in ((slow, 0.125), (fast, 0.5)):
            optimizer = kind([p], lr=0.25)
            optimizer.lr = lr
            p.grad = 1.0
            optimizer.step()
        assert fast.data == 4.0 * slow.data != 0.0


# -- each of them -----------------------------------------------------------------------------------------------------------


def test_momentum_keeps_going_where_the_gradient_is_0() -> None:
    p = Value(0.0)
    optimizer = SGD([p], lr=1.0, momentum=0.5)
    p.grad = -1.0
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()
    assert p.data == 1.5


def test_weight_decay_is_the_penalty_l2() -> None:
    decayed, penalised = Value(3.0), Value(3.0)
    first, second = SGD([decayed], lr=0.25, weight_decay=0.5), SGD([penalised], lr=0.25)
    for _ in range(3):
        for p, optimizer in ((decayed, first), (penalised, second)):
            optimizer.zero_grad()
            (mse(p, 1.0) + (l2([p], 0.5) if p is penalised else 0.0)).backward()
            optimizer.step()
    assert decayed.data == penalised.data != 3.0


def test_the_first_step_of_adam_is_lr_whatever_the_size_of_the_gradient() -> None:
    for size in (1e-6, 1.0, 1e100):
        p = Value(1.0)
        p.grad = size
        Adam([p], lr=0.1, eps=1e-300).step()
        assert p.data == pytest.approx(0.9, rel=1e-12)


def test_the_variance_of_equal_gradients_is_not_below_0() -> None:
    """The mean of squares less the square of the mean comes out negative here, and PyTorch's parameter is nan."""
    p = Value(0.0)
    optimizer = RMSprop([p], alpha=0.5, eps=1.0, centered=True)
    for _ in range(200):
        p.grad = 0.1
        optimizer.step()
    assert optimizer.square == pytest.approx(0.0, abs=1e-30)
    assert math.isfinite(p.data)


# -- clipping ---------------------------------------------------------------------------------------------------------------


def with_gradients(gradients: list[float]) -> list[Value]:
    parameters = [Value(0.0) for _ in gradients]
    for p, gradient in zip(parameters, gradients, strict=True):
        p.grad = gradient
    return parameters


GRADIENTS = [[3.0, -4.0], [0.3, -0.4], [0.0, 0.0], [1e-30, 2e-30], [3e100, 4.0], [1.0, math.inf], [1.0, math.nan], noise(0, 50)]


@pytest.mark.parametrize("bound", [0.1, 1.0, 5.0, math.inf])
@pytest.mark.parametrize("gradients", GRADIENTS)
def test_clipping_is_pytorchs(torch: ModuleType, gradients: list[float], bound: float) -> None:
    for ours, theirs in ((clip_grad_norm_, torch.nn.utils.clip_grad_norm_), (clip_grad_value_, torch.nn.utils.clip_grad_value_)):
        tensor = torch.zeros(len(gradients), dtype=torch.float64, requires_grad=True)
        tensor.grad = torch.tensor(gradients, dtype=torch.float64)
        parameters = with_gradients(gradients)
        expected, actual = theirs([tensor], bound), ours(parameters, bound)
        if ours is clip_grad_norm_:
            assert actual == pytest.approx(expected.item(), rel=1e-14, nan_ok=True)
        assert [p.grad for p in parameters] == pytest.approx(tensor.grad.tolist(), rel=1e-14, nan_ok=True)


def test_the_norm_does_not_overflow() -> None:
    parameters = with_gradients([3e200, -4e200])
    assert clip_grad_norm_(parameters, 1.0) == pytest.approx(5e200, rel=1e-15)
    assert [p.grad for p in parameters] == pytest.approx([0.6, -0.8], rel=1e-15)
    assert clip_grad_norm_(with_gradients([3e-200, 4e-200]), 1.0) == pytest.approx(5e-200, rel=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_an_optimizer_clips_as_the_functions_do(kind: Any) -> None:
    for clip, setting in ((clip_grad_value_, "clipvalue"), (clip_grad_norm_, "global_clipnorm")):
        before, inside, free = (with_gradients([3.0, -0.25]) for _ in range(3))
        others = {} if kind is SGD else {"eps": 0.1}  # with a small one, the size of a first gradient plays no part
        clip(before, 0.5)
        kind(before, **others).step()
        kind(inside, **others, **{setting: 0.5}).step()
        kind(free, **others).step()
        assert [p.data for p in before] == [p.data for p in inside] != [p.data for p in free]
        assert [p.grad for p in inside] == [3.0, -0.25]  # they can be looked at as they were


def test_clipping_comes_before_weight_decay() -> None:
    p = Value(8.0)
    p.grad = 100.0
    SGD([p], lr=0.5, weight_decay=0.25, clipvalue=1.0).step()
    assert p.data == 8.0 - 0.5 * (1.0 + 0.25 * 8.0)


# -- parameters that are given twice ------------------------------------------------------------------------------------------


TWICE: list[tuple[Any, dict[str, Any]]] = [*SETTINGS, (SGD, {"clipvalue": 0.5}), *[(kind, {"global_clipnorm": 0.5}) for kind in KINDS]]
TWICE += [(SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "global_clipnorm": 0.5})]


@pytest.mark.parametrize(("kind", "settings"), TWICE)
def test_a_parameter_that_is_given_twice_is_updated_once(kind: Any, settings: dict[str, Any]) -> None:
    once, twice = with_gradients([3.0, -0.25]), with_gradients([3.0, -0.25])
    p, q = twice
    first, second = kind(once, **settings), kind([p, q, p, p], **settings)
    assert second.parameters == [p, q]
    for _ in range(3):
        first.step()
        second.step()
    assert [v.data for v in once] == [v.data for v in twice] != [0.0, 0.0]
    assert second.update(np.zeros(2), np.ones(2)).shape == (2,)


def test_a_parameter_that_is_given_twice_is_clipped_once() -> None:
    for clip in (clip_grad_norm_, clip_grad_value_):
        p, q = with_gradients([3.0, -4.0])
        once = with_gradients([3.0, -4.0])
        assert clip([p, q, q, p], 1.0) == clip(once, 1.0)
        assert [v.grad for v in (p, q)] == [v.grad for v in once]
    assert clip_grad_norm_(2 * with_gradients([3.0, 4.0]), 1.0) == 5.0


def test_tied_weights_may_be_given_from_both_sides() -> None:
    model = MLP(2, [2, 2], rng=random.Random(0))
    model.layers[1].neurons = model.layers[0].neurons
    joined = SGD([p for layer in model.layers for p in layer.parameters()])
    assert joined.parameters == model.parameters()


# -- what it holds ------------------------------------------------------------------------------------------------------------


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
        (lambda p: Adam([1.0]), r"must be Values, at least one: write Adam\(model.parameters\(\), lr=0.001\)"),
        (lambda p: SGD([p], lr=0.0), "rate must be positive, not 0.0"),
        (lambda p: SGD([p], lr=-0.1), "rate must be positive"),
        (lambda p: Adam([p], lr=float("nan")), "rate must be positive, not nan"),
        (lambda p: Adam([p], lr=float("inf")), "rate must be positive, not inf"),
        (lambda p: Adam([p], lr="0.1"), "string"),
        (lambda p: SGD([p], momentum=1.0), r"momentum must be in \[0, 1\), not 1.0"),
        (lambda p: SGD([p], momentum=-0.1), "momentum"),
        (lambda p: SGD([p], nesterov=True), "nesterov needs momentum: write"),
        (lambda p: SGD([p], weight_decay=-1.0), "weight_decay must be finite and not negative, not -1.0"),
        (lambda p: RMSprop([p], alpha=1.0), r"alpha must be in \[0, 1\), not 1.0"),
        (lambda p: RMSprop([p], eps=0.0), "eps must be positive, not 0.0"),
        (lambda p: RMSprop([p], momentum=2.0), r"momentum must be in \[0, 1\), not 2.0"),
        (lambda p: RMSprop([p], weight_decay=float("inf")), "weight_decay must be finite and not negative, not inf"),
        (lambda p: Adam([p], betas=(0.9, 1.0)), r"betas must be two numbers in \[0, 1\), not \(0.9, 1.0\)"),
        (lambda p: Adam([p], betas=(0.9,)), r"betas must be two numbers in \[0, 1\), not \(0.9,\)"),
        (lambda p: Adam([p], betas=0.9), r"betas must be two numbers in \[0, 1\), not 0.9"),
        (lambda p: Adam([p], eps=0.0), "eps must be positive"),
        (lambda p: AdamW([p], weight_decay=float("nan")), "weight_decay must be finite and not negative, not nan"),
        (lambda p: SGD([p], clipvalue=0.0), "clipvalue must be positive, not 0.0"),
        (lambda p: AdamW([p], global_clipnorm=-1.0), "global_clipnorm must be positive, not -1.0"),
        (lambda p: Adam([p], clipvalue=1.0, global_clipnorm=2.0), "clipvalue or global_clipnorm, not both: 1.0 and 2.0"),
        (lambda p: clip_grad_norm_([p], 0.0), "max_norm must be positive, not 0.0"),
        (lambda p: clip_grad_value_([p], float("nan")), "clip_value must be positive, not nan"),
        (lambda p: clip_grad_norm_([], 1.0), r"write clip_grad_norm_\(model.parameters\(\), 1.0\)"),
        (lambda p: clip_grad_value_(MLP(2, [1]), 1.0), r"write clip_grad_value_\(model.parameters\(\), 1.0\)"),
    ],
)
def test_settings_that_cannot_work(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(Value(1.0))


def test_an_unknown_setting_is_named() -> None:
    settings = "lr, momentum, weight_decay, nesterov, clipvalue, global_clipnorm$"
    with pytest.raises(InputError, match=f"SGD has no setting 'clip_norm': write one of {settings}"):
        SGD([Value(1.0)], clip_norm=1.0)
    with pytest.raises(InputError, match=r"AdamW has no setting 'amsgrad': write one of lr, betas, eps, weight_decay, clipvalue"):
        AdamW([Value(1.0)], amsgrad=True)
    for kind in (Adam, AdamW):
        with pytest.raises(InputError, match=rf"^{kind.__name__} has no momentum, .* write betas=\(0.9, 0.999\)$"):
            kind([Value(1.0)], momentum=0.9)


def test_a_rule_gives_one_number_for_each_parameter() -> None:
    class Short(Optimizer):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            return parameters[:-1]

    p, q = Value(1.0), Value(2.0)
    with pytest.raises(InputError, match=r"the rule of Short must return one number for each of the 2 parameters, not .* \(1,\)"):
        Short([p, q], lr=0.1).step()
    assert (p.data, q.data) == (1.0, 2.0)


def test_an_optimizer_of_your_own_must_have_a_rule() -> None:
    with pytest.raises(NotImplementedError, match=r"Optimizer does not define rule\(parameters, gradients\)"):
        Optimizer([Value(1.0)], lr=0.1).step()


class Accelerating(Optimizer):
    """Keeps a sum, which it changes in place, and fails in the third step."""

    def rule(self, parameters: Any, gradients: Any) -> Any:
        if not hasattr(self, "total"):
            self.total, self.steps = np.zeros(len(parameters)), 0
        self.total += gradients
        self.steps += 1
        if self.steps == 3:
            raise ArithmeticError
        return parameters - self.lr * self.total


def test_a_step_that_fails_leaves_everything_as_it_was() -> None:
    p = Value(1.0)
    p.grad = 1.0
    optimizer = Accelerating([p], lr=0.25)
    optimizer.step()
    optimizer.step()
    for _ in range(2):
        with pytest.raises(ArithmeticError):
            optimizer.step()
        assert (p.data, p.grad, optimizer.total.tolist(), optimizer.steps) == (0.25, 1.0, [2.0], 2)


def test_a_first_step_that_fails_leaves_no_moments() -> None:
    p = Value(1.0)
    optimizer = Accelerating([p], lr=0.25)
    optimizer.rule = lambda parameters, gradients: setattr(optimizer, "total", 1.0)  # type: ignore[method-assign, assignment]
    with pytest.raises(InputError):
        optimizer.step()
    assert not hasattr(optimizer, "total")
