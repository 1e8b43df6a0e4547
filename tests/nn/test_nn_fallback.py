"""What cannot be compiled is trained eagerly, and errors are those of eager code."""

import math
import random
from collections.abc import Callable
from typing import Any

import nn_cases
import numpy as np
import pytest
from nn_cases import CLASSES, EXECUTORS, NUMBERS, POINTS, Noisy, Opaque, Trained, mlp, n

from autograd import Value, exp, log, where
from autograd.compiled.api import specialisations
from autograd.errors import CompileError, DomainError, InputError, PoleError, TrainingError
from autograd.recording import drawn
from autograd.trees import flatten
from nn import (
    SGD,
    Linear,
    Module,
    cross_entropy,
    evaluate,
    fit,
    mse,
)
from nn.optimizers import Optimizer


class Counting(Module):
    """As many steps as the sample needs: up to 100."""

    def __init__(self) -> None:
        self.factor = Value(0.97)

    def __call__(self, x: Any) -> Any:
        z, bound = self.factor * x, 1.0
        for _ in range(100):
            if x < bound:
                break
            z, bound = z * self.factor, bound + 1.0
        return z


@pytest.fixture(autouse=True)
def few_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few samples take too many."""
    monkeypatch.setattr(specialisations, "BRANCHES", 64)


def weighted(weights: Any) -> Callable[[Any, Any], Value]:
    return lambda output, target: weights[target] * cross_entropy(output, target)


NOT_COMPILED = {
    "math": (lambda: {"model": Opaque(math.sin), "y": CLASSES}, "autograd.sin"),
    "data": (lambda: {"model": mlp(4, 3, activation=lambda z: z * z.data), "y": CLASSES}, "the .data of .* was read at"),
    "branches": (
        lambda: {"model": Counting(), "X": [float(i) for i in range(100)], "y": [0.5] * 100, "loss": mse, "batch_size": 20},
        "different branches",
    ),
    "lengths": (
        lambda: {"model": Recurrent(), "X": [[0.1] * (1 + i % 4) for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples are of different shapes",
    ),
    "keys": (
        lambda: {"model": Summed(), "X": [dict.fromkeys("ab"[: 1 + i % 2], 0.1) for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples are dicts with different keys",
    ),
    "random": (lambda: {"model": Noisy(random.random), "y": NUMBERS, "loss": mse}, ", which would be the same at every run"),
    "random, NumPy's": (lambda: {"model": Noisy(np.random.standard_normal), "y": NUMBERS, "loss": mse}, ", which would be the same"),
    "random, its own": (
        lambda: {"model": Noisy((rng := random.Random(3)).random, rng), "y": NUMBERS, "loss": mse},
        "which would be the same at every run: draw them with autograd.drawn",
    ),
    "an index": (lambda: {"model": mlp(4, 3), "y": CLASSES, "loss": weighted([1.0, 2.0, 0.5])}, "TypeError: list indices must be"),
    "a key": (lambda: {"model": mlp(4, 3), "y": CLASSES, "loss": weighted({0: 1.0, 1: 2.0, 2: 0.5})}, "hashed"),
    "lengths in a dict": (
        lambda: {"model": Summed(), "X": [{"a": [0.1] * (1 + i % 4)} for i in range(n)], "y": NUMBERS, "loss": mse},
        "the samples, at 'a', are of different shapes",
    ),
}


class Summed(Module):
    """Adds whatever is in a dict."""

    def __init__(self) -> None:
        self.w = Value(0.7)

    def __call__(self, x: Any) -> Any:
        return self.w * sum(flatten(x)[0])


class Recurrent(Module):
    """Reads a sequence of any length."""

    def __init__(self) -> None:
        self.w, self.u = Value(0.7), Value(-0.4)

    def __call__(self, x: Any) -> Any:
        state: Any = 0.0
        for number in x:
            state = (self.w * number + self.u * state).tanh()
        return state


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_what_cannot_be_compiled_is_trained_eagerly_and_one_line_says_why(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    case, reason = NOT_COMPILED[name]
    expected = Trained(case, "eager")  # which is no warning, and a warning would be an error
    with pytest.warns(RuntimeWarning, match="^not compiled, which is many times slower: .*executor='eager'") as warned:
        actual = Trained(case, "auto")
    assert len(warned) == 1, "of all epochs together"
    assert reason in str(warned[0].message)
    assert warned[0].filename == nn_cases.__file__, "the line that calls fit"
    assert actual.numbers == pytest.approx(expected.numbers, rel=1e-10)
    assert actual.history.loss == pytest.approx(expected.history.loss, rel=1e-10)
    assert actual.numbers != actual.before
    assert capsys.readouterr().out == ""
    settings = {"X": POINTS, "epochs": 3, **case()}
    fit(**settings)
    lines = capsys.readouterr().out.splitlines()
    reasons = [line for line in lines if line.startswith("not compiled: ")]
    assert len(reasons) == 1
    assert reason in reasons[0]
    assert len(lines) == 4


@pytest.mark.parametrize("name", NOT_COMPILED)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_executor_that_was_asked_for_is_no_wish(name: str, executor: str) -> None:
    case, reason = NOT_COMPILED[name]
    with pytest.raises((CompileError, InputError, TypeError, KeyError), match=reason.split(": ")[-1]):
        Trained(case, executor)


def test_only_the_validation_data_cannot_be_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    model = Recurrent()
    fit(model, [[0.1, 0.2]] * 4, NUMBERS[:4], loss=mse, epochs=2, validation=([[0.5], [0.1, 0.3, 0.2]], [0.1, 0.2]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["not compiled", "epoch 1/2", "epoch 2/2"]
    result = evaluate(model, [[0.5], [0.1, 0.3, 0.2]], [0.1, 0.2], loss=mse)
    assert f"validation loss {result['loss']:.4f}" in lines[-1]


def test_there_is_no_such_executor() -> None:
    with pytest.raises(InputError, match="there is no executor 'gpu': choose one of eager, auto, numpy"):
        fit(mlp(3), POINTS, CLASSES, executor="gpu")


# -- errors in compiled code --------------------------------------------------------------------------------------------


class Trail(SGD):
    """Records the parameters after each step."""

    def __init__(self, parameters: Any, lr: float = 0.1) -> None:
        super().__init__(parameters, lr)
        self.trail = [[p.data for p in self.parameters]]

    def rule(self, parameters: Any, gradients: Any) -> Any:
        new = super().rule(parameters, gradients)
        self.trail.append(new.tolist())
        return new


BACK_ENDS = ["eager", "auto", *EXECUTORS]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_domain_error_names_the_operands_and_the_sample_and_keeps_the_weights(executor: str) -> None:
    model = mlp(3, 1)
    optimizer = Trail(model.parameters())
    targets = [1.0] * n
    targets[17] = -1.0
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        fit(
            model,
            POINTS,
            targets,
            loss=lambda out, target: (out - log(target)) ** 2,
            optimizer=optimizer,
            batch_size=2,
            executor=executor,
            rng=random.Random(5),
            progress=False,
        )
    assert caught.value.__notes__ == ["This was sample 17."]
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_pole_in_the_penalty(executor: str) -> None:
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    optimizer = SGD(model.parameters(), lr=1.0)

    def penalty(model: Any) -> Value:
        w = model.weight[0][0]
        return 1.0 / (w * 0.0 + where(w > 0.5, 1.0, 0.0))

    with pytest.raises(PoleError, match=r"div\(a, b\)|division|1/0|1.0 / 0"):
        fit(
            model,
            [[0.5]] * 2,
            [[0.0]] * 2,
            loss=lambda out, target: out[0],
            optimizer=optimizer,
            batch_size=1,
            penalty=penalty,
            executor=executor,
            progress=False,
        )
    assert model.weight[0][0].data == 0.5


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_loss_that_is_no_number_names_the_sample_and_the_operation(executor: str) -> None:
    model = mlp(3, 1, activation="relu")
    optimizer = Trail(model.parameters())
    samples = [list(x) for x in POINTS]
    samples[11][1] = math.inf
    with pytest.raises(TrainingError, match=r"the loss of sample 11 is (inf|nan) \(.*\): lower the learning rate, or check the data"):
        fit(model, samples, NUMBERS, loss=mse, optimizer=optimizer, batch_size=1, executor=executor, rng=random.Random(1), progress=False)
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_the_operation_is_looked_for_with_the_weights_of_this_step(executor: str) -> None:
    """At first the weight is 1, where nothing overflows."""
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    with pytest.raises(TrainingError, match=r"the loss of sample \d is inf \(.*exp gave inf at"):
        fit(
            model,
            [[1.0]] * 4,
            [0.0] * 4,
            loss=lambda out, target: exp(out[0]),
            optimizer=SGD(model.parameters(), lr=-1.0 / -1e-3),
            penalty=lambda model: -10.0 * model.weight[0][0],
            batch_size=1,
            executor=executor,
            progress=False,
        )


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_gradient_that_is_no_number_names_the_parameter_and_the_sample(executor: str) -> None:
    model = Linear(3, 1, rng=random.Random(0))
    optimizer = Trail(model.parameters())
    samples = [list(x) for x in POINTS]
    samples[4] = [0.0, 0.0, 0.0]
    model.bias[0].data = 0.0
    with pytest.raises(
        TrainingError, match=r"the gradient of weight\.0\.0 is nan by sample 4 \(.*\); the parameters are those before this step"
    ):
        fit(
            model,
            samples,
            NUMBERS,
            loss=lambda out, target: ((out[0] - model.bias[0]) ** 2) ** 0.5,
            optimizer=optimizer,
            batch_size=1,
            executor=executor,
            rng=random.Random(3),
            progress=False,
        )
    assert len(optimizer.trail) > 2
    assert [p.data for p in model.parameters()] == optimizer.trail[-1]


@pytest.mark.parametrize("executor", BACK_ENDS)
def test_a_step_that_would_leave_the_numbers_is_not_made(executor: str) -> None:
    class Leaping(Optimizer):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            return np.where(np.arange(len(parameters)) == 2, np.inf, parameters)

    model = mlp(3)
    before = [p.data for p in model.parameters()]
    with pytest.raises(TrainingError, match=r"with this step layers\.0\.neurons\.0\.w\.2 is inf: lower the learning rate"):
        fit(model, POINTS, CLASSES, optimizer=Leaping(model.parameters(), 0.1), executor=executor, progress=False)
    assert [p.data for p in model.parameters()] == before


class Unlucky(Module):
    """Draws a number outside of a domain, once, for the second sample."""

    def __init__(self, *numbers: float) -> None:
        self.w = Value(1.0)
        self.numbers = iter(numbers or (1.0, -1.0))

    def __call__(self, x: Any) -> Any:
        return self.w * x + log(drawn(lambda: next(self.numbers, 1.0)) * self.w)


@pytest.mark.parametrize("executor", ["auto", "numpy", "eager"])
def test_the_numbers_that_were_drawn_are_given_back_to_eager_code_which_finds_the_error(executor: str) -> None:
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        fit(Unlucky(), [0.5] * 4, [1.0] * 4, loss=mse, metrics=[], executor=executor, progress=False)
    assert caught.value.__notes__[0].startswith("This was sample ")


def test_an_operation_that_cannot_be_found_again_is_not_named() -> None:
    """Another random number is drawn while the cause of the error is determined."""
    for drawn_then, message in (
        (2.0, "is inf: lower the learning rate"),
        (-1.0, "is inf: lower the learning rate"),
        (math.inf, r"is inf \("),
    ):
        model = Unlucky(1.0, math.inf, drawn_then)
        with pytest.raises(TrainingError, match=f"the loss of sample [0-3] {message}"):
            fit(model, [0.5] * 4, [1.0] * 4, loss=mse, batch_size=2, metrics=[], executor="eager", progress=False)
