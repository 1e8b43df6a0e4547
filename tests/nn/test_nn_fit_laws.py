"""Laws of `fit` for any model: it does the same as a loop by hand, eager and compiled."""

import math
import random
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import Value, no_grad
from autograd.errors import InputError, TrainingError
from nn import (
    MLP,
    SGD,
    Adam,
    Embedding,
    Flatten,
    History,
    Linear,
    Module,
    Sequential,
    batches,
    clip_grad_norm_,
    cross_entropy,
    evaluate,
    fit,
    losses,
    mse,
    predict,
)
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge, huber, mae
from nn.metrics import accuracy
from nn.optimizers import Optimizer
from nn.schedules import StepLR

EXECUTORS = ["eager", "numpy"]

n = 11
POINTS = [[math.sin(3.0 * i), math.cos(5.0 * i)] for i in range(n)]
NUMBERS = [x[0] * x[1] for x in POINTS]
CLASSES = [i % 2 for i in range(n)]
SETTINGS: dict[str, Any] = {"epochs": 3, "batch_size": 4, "progress": False}


def network(*sizes: int, seed: int = 1) -> MLP:
    return MLP(2, sizes, "tanh", rng=random.Random(seed))


def trained(model: Module, X: Any, y: Any, **settings: Any) -> History:
    """With batches in the same order every time."""
    return fit(model, X, y, rng=random.Random(9), **{**SETTINGS, **settings})


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


# -- an optimizer that defines `step` --------------------------------------------------------------------------------------


class Descent(Optimizer):
    """The loop of every tutorial."""

    def __init__(self, parameters: Any, lr: float = 0.1) -> None:
        super().__init__(parameters, lr)
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        for p in self.parameters:
            p.data -= self.lr * p.grad


class Clipping(Adam):
    """Clips gradients, and otherwise inherits its step."""

    def step(self) -> None:
        clip_grad_norm_(self.parameters, 0.1)
        super().step()


class Cleaning(Descent):
    """Leaves no gradients."""

    def step(self) -> None:
        super().step()
        self.zero_grad()


class Lookahead(Optimizer):
    """Another optimizer's steps, and every second time half of the way back to where they began.

    Source: Zhang, Lucas, Hinton, Ba, "Lookahead optimizer: k steps forward, 1 step back" (2019), algorithm 1.
    """

    def __init__(self, inner: Optimizer) -> None:
        super().__init__(inner.parameters, inner.lr)
        self.inner, self.steps = inner, 0
        self.slow = [p.data for p in self.parameters]

    def step(self) -> None:
        self.inner.step()
        self.steps += 1
        if self.steps % 2 == 0:
            for i, p in enumerate(self.parameters):
                p.data = self.slow[i] = self.slow[i] + 0.5 * (p.data - self.slow[i])


class Both(SGD):
    """Overrides `update` and `step`, and its `step` does not call `update`."""

    def step(self) -> None:
        for p in self.parameters:
            p.data -= 0.05 * p.grad

    def update(self, parameters: Any, gradients: Any) -> Any:
        raise AssertionError


class Other(Descent):
    """Changes another number that the model reads."""

    def __init__(self, model: Any) -> None:
        super().__init__(model.layers[0].parameters())
        self.other = model.layers[1].neurons[0].b

    def step(self) -> None:
        super().step()
        self.other.data += 0.125


def of_an_instance(model: Any) -> Optimizer:
    optimizer = SGD(model.parameters(), lr=0.1)

    def step() -> None:
        for p in optimizer.parameters:
            p.data -= 0.5 * optimizer.lr * p.grad

    optimizer.step = step  # type: ignore[method-assign]
    return optimizer


OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "by hand": lambda model: Descent(model.parameters()),
    "clipping": lambda model: Clipping(model.parameters(), lr=0.05),
    "cleaning": lambda model: Cleaning(model.parameters()),
    "of a part": lambda model: Descent(model.layers[1].parameters()),
    "given twice": lambda model: Descent([*model.parameters(), *model.parameters()]),
    "lookahead": lambda model: Lookahead(SGD(model.parameters(), lr=0.1, momentum=0.9)),
    "step and update": lambda model: Both(model.parameters()),
    "another number": Other,
    "of an instance": of_an_instance,
}


def loop_by_hand(model: Module, optimizer: Optimizer, penalty: Any = None) -> list[float]:
    """The training that `fit` must do, as a plain loop."""
    rng, curve = random.Random(9), []
    for _ in range(SETTINGS["epochs"]):
        seen: list[float] = []
        for order, _ in batches(range(n), range(n), SETTINGS["batch_size"], rng=rng):
            optimizer.zero_grad()
            each = [mse(model(POINTS[i]), NUMBERS[i]) for i in order]  # type: ignore[operator]
            whole = losses.mean(each)
            (whole if penalty is None else whole + penalty(model)).backward()
            optimizer.step()
            seen += [one.data for one in each]
        curve.append(math.fsum(seen) / n)
    return curve


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("penalty", [None, lambda model: losses.l2(model.parameters(), 0.1)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_of_your_own_is_taken_as_by_hand(name: str, penalty: Any, executor: str) -> None:
    by_hand, model = network(3, 1), network(3, 1)
    expected = loop_by_hand(by_hand, OPTIMIZERS[name](by_hand), penalty)
    history = trained(model, POINTS, NUMBERS, loss=mse, optimizer=OPTIMIZERS[name](model), penalty=penalty, executor=executor)
    assert numbers(model) == pytest.approx(numbers(by_hand), rel=1e-12, abs=1e-14)
    assert history.loss == pytest.approx(expected, rel=1e-12)
    assert numbers(model) != numbers(network(3, 1))
    if executor == "eager":
        assert numbers(model) == numbers(by_hand), "to the last digit"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_of_your_own_is_called_once_a_batch(executor: str) -> None:
    model = network(3, 1)
    optimizer = Descent(model.parameters())
    trained(model, POINTS, NUMBERS, loss=mse, optimizer=optimizer, executor=executor)
    assert optimizer.steps == 3 * 3


@pytest.mark.parametrize("executor", EXECUTORS)
def test_where_no_step_is_your_own_none_is_called(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays stay arrays, without a list in between."""

    def step(self: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(Optimizer, "step", step)
    model = network(3, 1)
    trained(model, POINTS, NUMBERS, loss=mse, optimizer=SGD(model.parameters(), 0.1), executor=executor)
    assert numbers(model) != numbers(network(3, 1))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_update_of_your_own_is_taken_still(executor: str) -> None:
    class Doubled(SGD):
        def update(self, parameters: Any, gradients: Any) -> Any:
            return super().update(parameters, 2.0 * gradients)

    actual, expected = network(3, 1), network(3, 1)
    trained(actual, POINTS, NUMBERS, loss=mse, optimizer=Doubled(actual.parameters(), 0.05), executor=executor)
    trained(expected, POINTS, NUMBERS, loss=mse, optimizer=SGD(expected.parameters(), 0.1), executor=executor)
    assert numbers(actual) == pytest.approx(numbers(expected), rel=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_learning_rate_and_the_best_weights_with_a_step_of_your_own(executor: str) -> None:
    """Changes by a schedule take effect, and `patience` restores weights that a step has made."""
    model, seen = network(3, 1), []
    optimizer = Descent(model.parameters(), lr=0.1)
    trained(
        *(model, POINTS, NUMBERS),
        loss=mse,
        optimizer=optimizer,
        schedule=StepLR(optimizer, 1, 30.0),
        epochs=20,
        patience=2,
        executor=executor,
        callbacks=[lambda history: seen.append((history.loss[-1], numbers(model)))],
    )
    assert numbers(model) == min(seen)[1] != seen[-1][1]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_of_your_own_to_what_is_no_number_is_not_taken(executor: str) -> None:
    class Wild(Descent):
        def step(self) -> None:
            super().step()
            if self.steps == 2:
                self.parameters[1].data = math.inf

    model, by_hand = network(3, 1), network(3, 1)
    trained(by_hand, POINTS, NUMBERS, loss=mse, optimizer=Descent(by_hand.parameters()), epochs=1, batch_size=None, executor=executor)
    with pytest.raises(TrainingError, match=r"with this step layers\.0\.neurons\.0\.w\.1 is inf: .* are those before this step"):
        trained(model, POINTS, NUMBERS, loss=mse, optimizer=Wild(model.parameters()), epochs=2, batch_size=None, executor=executor)
    assert numbers(model) == numbers(by_hand)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_of_your_own_that_fails_leaves_what_it_has_done(executor: str) -> None:
    """The error of the step is raised, as in a loop by hand."""

    class Failing(Descent):
        def step(self) -> None:
            self.parameters[0].data = 7.0
            raise LookupError("not today")

    model = network(3, 1)
    before = numbers(model)
    with pytest.raises(LookupError, match="not today"):
        trained(model, POINTS, NUMBERS, loss=mse, optimizer=Failing(model.parameters()), executor=executor)
    assert numbers(model) == [7.0, *before[1:]]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_ctrl_c_waits_for_the_end_of_a_step_of_your_own(executor: str) -> None:
    class Pressed(Descent):
        def step(self) -> None:
            if self.steps == 1:
                signal.raise_signal(signal.SIGINT)
            super().step()

    class Trail(Descent):
        def step(self) -> None:
            super().step()
            trail.append(numbers(other))

    model, other = network(3, 1), network(3, 1)
    trail: list[list[float]] = []
    optimizer = Pressed(model.parameters())
    assert trained(model, POINTS, NUMBERS, loss=mse, optimizer=optimizer, executor=executor) == History()
    trained(other, POINTS, NUMBERS, loss=mse, optimizer=Trail(other.parameters()), executor=executor)
    assert optimizer.steps == 2
    assert numbers(model) == trail[1]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_parameters_that_are_given_twice_are_trained_once(executor: str) -> None:
    once, twice = network(3, 1), network(3, 1)
    settings: dict[str, Any] = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "global_clipnorm": 0.05}
    first, second = SGD(once.parameters(), **settings), SGD(2 * twice.parameters(), **settings)
    trained(once, POINTS, NUMBERS, loss=mse, optimizer=first, executor=executor)
    trained(twice, POINTS, NUMBERS, loss=mse, optimizer=second, executor=executor)
    assert numbers(once) == numbers(twice) != numbers(network(3, 1))


# -- under no_grad ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_learns_under_no_grad(executor: str) -> None:
    """The training has gradients; what is the caller's, such as a callback, goes on without."""
    outside, inside, histories = network(3, 1), network(3, 1), []

    def callback(history: History) -> None:
        assert not (inside.parameters()[0] * 2.0)._prev
        histories.append(history)

    settings: dict[str, Any] = {"loss": mse, "validation": (POINTS, NUMBERS), "executor": executor}
    expected = trained(outside, POINTS, NUMBERS, **settings)
    with no_grad():
        actual = trained(inside, POINTS, NUMBERS, callbacks=[callback], **settings)
        assert not (inside.parameters()[0] * 2.0)._prev, "nothing is left behind"
    assert (inside.parameters()[0] * 2.0)._prev
    assert numbers(inside) == numbers(outside) != numbers(network(3, 1))
    assert (actual.loss, actual.validation_loss) == (expected.loss, expected.validation_loss)
    assert len(histories) == 3


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_learns_in_a_function_without_gradients(executor: str) -> None:
    outside, inside = network(3, 1), network(3, 1)

    @no_grad()
    def train() -> None:
        optimizer = Descent(inside.parameters())
        trained(inside, POINTS, NUMBERS, loss=mse, optimizer=optimizer, executor=executor)

    train()
    trained(outside, POINTS, NUMBERS, loss=mse, optimizer=Descent(outside.parameters()), executor=executor)
    assert numbers(inside) == numbers(outside)


def test_an_error_under_no_grad_names_the_operation() -> None:
    model = network(3, 1)
    with no_grad(), pytest.raises(TrainingError, match="sample 0"):
        fit(model, [[1.0, 1.0]], [1.0], loss=lambda out, y: out * math.inf, executor="eager", progress=False)
    with no_grad():
        assert not (model.parameters()[0] * 2.0)._prev


# -- indices that are floats -----------------------------------------------------------------------------------------------


WORDS = [[i % 5, i * 3 % 5] for i in range(n)]


def letters() -> Sequential:
    return Sequential(Embedding(5, 2, rng=random.Random(2)), Flatten(), Linear(4, 2, rng=random.Random(3)))


FORMS: dict[str, Callable[[Any], Any]] = {
    "ints": lambda words: words,
    "an array of ints": np.array,
    "floats": lambda words: [[float(word) for word in pair] for pair in words],
    "an array of floats": lambda words: np.array(words, float),
    "an array of small floats": lambda words: np.array(words, np.float32),
    "small ints": lambda words: np.array(words, np.uint8),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("form", FORMS)
def test_indices_may_be_floats(form: str, executor: str) -> None:
    expected, actual = letters(), letters()
    X = FORMS[form](WORDS)
    trained(expected, WORDS, CLASSES, executor="eager")
    history = trained(actual, X, CLASSES, executor=executor, validation=(X, CLASSES))
    assert numbers(actual) == pytest.approx(numbers(expected), rel=1e-10)
    assert history.validation_loss[-1] == pytest.approx(evaluate(expected, WORDS, CLASSES)["loss"], rel=1e-10)
    assert evaluate(actual, X, CLASSES) == evaluate(actual, WORDS, CLASSES)
    assert predict(actual, X) == predict(actual, WORDS)


@pytest.mark.parametrize("executor", [*EXECUTORS, "auto"])
def test_truths_are_0_and_1(executor: str) -> None:
    expected, actual = letters(), letters()
    X = np.array(WORDS) % 2
    trained(expected, X, CLASSES, executor="eager")
    trained(actual, X.astype(bool), CLASSES, executor=executor)
    assert numbers(actual) == pytest.approx(numbers(expected), rel=1e-10)


@pytest.mark.parametrize("executor", [*EXECUTORS, "auto"])
@pytest.mark.parametrize("sample", [0, 3, n - 1])
@pytest.mark.parametrize("wrong", [0.5, 4.5, -1.0, 5.0, math.nan, math.inf])
def test_what_is_no_index_is_one_error(wrong: float, sample: int, executor: str) -> None:
    model = letters()
    before = numbers(model)
    X = np.array(WORDS, float)
    X[sample, 1] = wrong
    with pytest.raises(InputError, match=rf"an index must be a whole number from 0 to 4, not {wrong!r}") as raised:
        trained(model, X, CLASSES, executor=executor, batch_size=None)
    assert f"This was sample {sample}." in raised.value.__notes__
    assert numbers(model) == before
    for X_given in (X, X.tolist()):
        with pytest.raises(InputError, match=rf"an index must be a whole number from 0 to 4, not {wrong!r}"):
            predict(model, X_given)


def test_what_is_no_index_among_many() -> None:
    """Also if `predict` compiles."""
    X = np.zeros((1500, 2))
    X[1200, 0] = 2.5
    with pytest.raises(InputError, match=r"an index must be a whole number from 0 to 4, not 2\.5"):
        predict(letters(), X)
    X[1200, 0] = 2.0
    assert predict(letters(), X)[1200] == pytest.approx(predict(letters(), [[2, 0]])[0], rel=1e-12)


# -- accuracy --------------------------------------------------------------------------------------------------------------


class Scored(Module):
    """Returns its input. Its parameter has no influence."""

    def __init__(self, form: Callable[[Any], Any] = lambda output: output) -> None:
        self.w, self.form = Value(1.0), form

    def __call__(self, x: Any) -> Any:
        return self.form(self.w * x)


def measured(executor: str, X: Any, y: Any, loss: Any, model: Any = None, **settings: Any) -> History:
    model = model or Scored()
    optimizer = SGD(model.parameters(), lr=1e-300)
    return fit(model, X, y, loss=loss, optimizer=optimizer, epochs=2, executor=executor, progress=False, **settings)


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "itself": lambda loss: loss,
    "a lambda": lambda loss: lambda output, target: loss(output, target),
    "a partial": partial,
    "weighted": lambda loss: lambda output, target: (target + 2.0) * loss(output, target),
}

LIST = {"a number": lambda output: output, "a list": lambda output: [output]}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("form", LIST)
@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize(
    ("loss", "y", "threshold"),
    [
        (binary_cross_entropy, [0, 0, 1, 1], 0.5),
        (binary_cross_entropy_with_logits, [0, 0, 1, 1], 0.0),
        (binary_cross_entropy_with_logits, [1, 1, 1, 1], 0.0),
        (binary_cross_entropy, [1, 1, 1, 1], 0.5),
        (mse, [0, 0, 1, 1], 0.5),
        (mae, [0, 0, 1, 1], 0.5),
        (huber, [0, 0, 1, 1], 0.5),
        (mse, [-1, -1, 1, 1], 0.0),
        (mae, [-1, -1, -1, -1], 0.0),
        (hinge, [-1, -1, 1, 1], 0.0),
        (hinge, [1, 1, 1, 1], 0.0),
        (hinge, [-1, -1, -1, -1], 0.0),
    ],
)
def test_the_accuracy_does_not_depend_on_how_the_loss_is_written(
    loss: Any, y: list[int], threshold: float, how: str, form: str, executor: str
) -> None:
    X = [0.1, 0.7, 0.2, 0.9]
    expected = accuracy(X, y, threshold)
    model = Scored(LIST[form])
    history = measured(executor, X, y, WRAPPED[how](loss), model, validation=(X[1:], y[1:]))
    assert history.accuracy == [expected] * 2
    assert history.validation_accuracy == [accuracy(X[1:], y[1:], threshold)] * 2
    assert evaluate(model, X, y, loss=WRAPPED[how](loss))["accuracy"] == expected


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_training_targets_decide_for_the_validation_data_too(executor: str) -> None:
    """All targets are 1, so they fit both pairs of classes."""
    for y, expected in (([0, 1], 0.5), ([-1, 1], 1.0)):
        history = measured(executor, [0.0, 1.0], y, mse, validation=([0.2, 0.9], [1, 1]))
        assert history.validation_accuracy == [expected] * 2


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("loss", [mse, mae, huber, lambda output, target: mse(output, target)])
def test_where_the_other_class_is_unknown_there_is_no_accuracy(loss: Any, executor: str) -> None:
    X, y = [0.1, 0.9], [1, 1]
    assert measured(executor, X, y, loss).metrics == {}
    assert evaluate(Scored(), X, y, loss=loss).keys() == {"loss"}
    model = Scored()
    for ask in (lambda: fit(model, X, y, loss=loss, metrics="accuracy"), lambda: evaluate(model, X, y, loss=loss, metrics=["accuracy"])):
        with pytest.raises(InputError, match=r"all targets are 1, .* metrics=\[lambda outputs, targets: accuracy\(outputs, targets, thr"):
            ask()
    assert model.w.data == 1.0
    by_hand = [lambda outputs, targets: accuracy(outputs, targets, threshold=0.5)]
    assert measured(executor, X, y, loss, metrics=by_hand).metrics == {"<lambda>": [0.5, 0.5]}


def test_the_loss_is_asked_for_the_threshold_once() -> None:
    calls = 0

    def loss(output: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        return mse(output, target)

    counts = []
    for epochs in (1, 2, 3):
        calls = 0
        trained(network(3, 1), POINTS, CLASSES, loss=loss, executor="eager", epochs=epochs, validation=(POINTS, CLASSES))
        counts.append(calls - 2 * n * epochs)
    assert counts == [counts[0]] * 3
    assert 0 < counts[0] < 10


def test_a_loss_of_several_outputs_is_called_for_training_only() -> None:
    """Their largest is the class, without a threshold."""
    seen = []

    def loss(output: Any, target: Any) -> Any:
        seen.append(len(output))
        return cross_entropy(output, target)

    model = network(3, 2)
    history = trained(model, POINTS, CLASSES, loss=loss, executor="eager")
    assert set(seen) == {2}
    assert len(seen) == 3 * n
    assert len(history.accuracy) == 3
    assert evaluate(model, POINTS, [1] * n, loss=loss)["accuracy"] == accuracy(predict(model, POINTS), [1] * n)


def test_targets_in_lists_of_one() -> None:
    X, y = [[0.1], [0.7]], [[0], [1]]
    model = Sequential(Linear(1, 1, initialiser=lambda *_: 1.0))
    assert evaluate(model, X, y, loss=mse)["accuracy"] == 1.0
    assert evaluate(model, X, y, loss=binary_cross_entropy_with_logits)["accuracy"] == 0.5
