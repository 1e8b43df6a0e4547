"""`fit`: what it learns, in which modes, and what it refuses."""

import math
import random
import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from nn_xor import CLASSES, EXECUTORS, XOR, numbers, xor_model
from torch_twin import paired, torch_twin

from autograd import Value
from autograd.errors import InputError, TrainingError
from nn import MLP, SGD, Adam, Dropout, History, Linear, Sequential, Tanh, batches, cross_entropy, data, evaluate, fit, mse, predict
from nn.schedules import StepLR


def test_it_learns_xor() -> None:
    model = xor_model()
    history = fit(model, XOR, CLASSES, optimizer=Adam(model.parameters(), lr=0.1), epochs=50, batch_size=None, progress=False)
    assert history.loss[-1] < 0.01 < history.loss[0]
    assert history.accuracy[-1] == 1.0
    assert [max((0, 1), key=out.__getitem__) for out in predict(model, XOR)] == CLASSES
    assert evaluate(model, XOR, CLASSES)["accuracy"] == 1.0


def test_it_learns_moons_with_either_loss() -> None:
    rng = random.Random(0)
    (X, y), test = data.moons(rng)
    for loss, outputs in ((cross_entropy, 2), (mse, 1)):
        model = MLP(2, [8, outputs], "tanh", rng=rng)
        optimizer = Adam(model.parameters(), lr=0.05)
        targets, held_out = [[2 * t - 1 for t in ts] if loss is mse else ts for ts in (y, test[1])]
        history = fit(
            model,
            X,
            targets,
            loss=loss,
            optimizer=optimizer,
            epochs=12,
            batch_size=8,
            validation=(test[0], held_out),
            rng=rng,
            progress=False,
        )
        assert history.validation_accuracy[-1] > 0.9, loss


def test_the_same_seed_trains_the_same_way() -> None:
    def trained(seed: int) -> tuple[list[float], list[float]]:
        model = xor_model(seed)
        history = fit(model, XOR, CLASSES, epochs=3, batch_size=2, rng=random.Random(seed), progress=False)
        return numbers(model), history.loss

    assert trained(1) == trained(1) != trained(2)


@pytest.mark.seed("E8")
def test_a_step_follows_the_mean_of_the_batch() -> None:
    model, copy = xor_model(), xor_model()
    fit(model, XOR, CLASSES, optimizer=SGD(model.parameters(), lr=0.5), epochs=1, batch_size=None, progress=False)
    total = sum(cross_entropy(copy(x), t) for x, t in zip(XOR, CLASSES, strict=True)) / 4
    total.backward()
    assert numbers(model) == pytest.approx([p.data - 0.5 * p.grad for p in copy.parameters()], rel=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_trains_as_pytorch_does(executor: str, torch: ModuleType) -> None:
    rng = random.Random(0)
    X = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(23)]
    y = [i % 4 for i in range(23)]
    model = MLP(3, [6, 5, 4], "tanh", rng=rng)
    twin = torch_twin(torch, model, "Tanh")
    settings: dict[str, Any] = {"epochs": 4, "batch_size": 5, "executor": executor, "progress": False}
    fit(model, X, y, optimizer=Adam(model.parameters(), lr=0.05), rng=random.Random(1), **settings)
    rng = random.Random(1)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.05)
    for _ in range(4):
        for samples, targets in batches(X, y, 5, rng=rng):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(twin(torch.tensor(samples, dtype=torch.float64)), torch.tensor(targets)).backward()
            optimizer.step()
    ours, theirs = paired(model, twin)
    assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-12)


def test_the_history_has_an_entry_an_epoch() -> None:
    model = xor_model()
    history = fit(model, XOR, CLASSES, epochs=3, batch_size=3, validation=(XOR[:2], CLASSES[:2]), progress=False)
    assert [len(curve) for curve in history.curves().values()] == [3] * 5
    assert all(math.isfinite(loss) and loss > 0.0 for loss in history.loss + history.validation_loss)
    assert all(0.0 <= accuracy <= 1.0 for accuracy in history.accuracy + history.validation_accuracy)
    assert all(seconds > 0.0 for seconds in history.seconds)
    result = evaluate(model, XOR[:2], CLASSES[:2])
    assert result["loss"] == pytest.approx(history.validation_loss[-1], rel=1e-14)
    assert result["accuracy"] == history.validation_accuracy[-1]
    assert fit(model, XOR, CLASSES, epochs=1, progress=False).validation_loss == []


def test_the_validation_data_are_not_learned_from() -> None:
    first, second = xor_model(), xor_model()
    fit(first, XOR[:2], CLASSES[:2], epochs=2, validation=(XOR, CLASSES), rng=random.Random(0), progress=False)
    fit(second, XOR[:2], CLASSES[:2], epochs=2, rng=random.Random(0), progress=False)
    assert numbers(first) == numbers(second)


def test_arrays_and_frames_train_as_lists_do() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(XOR, columns=["a", "b"], index=[7, 7, 3, 1])
    series = pandas.Series(CLASSES, index=[9, 8, 7, 6])
    trained = []
    for X, y in ((XOR, CLASSES), (np.array(XOR), np.array(CLASSES)), (frame, series), ([np.array(x) for x in XOR], tuple(CLASSES))):
        for executor in ("eager", "numpy"):
            model = xor_model()
            history = fit(model, X, y, epochs=2, batch_size=3, validation=(X, y), executor=executor, rng=random.Random(0), progress=False)
            result = (numbers(model), {**history.curves(), "seconds": []}, predict(model, X), evaluate(model, X, y))
            trained.append((executor, result))
    assert all(result == trained[executor == "numpy"][1] for executor, result in trained)


# -- how many samples a step --------------------------------------------------------------------------------------------


class Counted(SGD):
    """An optimizer that counts its steps."""

    steps = 0

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.steps += 1
        return super().update(parameters, gradients)


@pytest.mark.seed("F1")
def test_batches_of_one_of_some_and_of_all_samples() -> None:
    X, y = [[float(i)] for i in range(12)], [i % 2 for i in range(12)]
    for size, steps in ((1, 12), (5, 3), (12, 1), (None, 1)):
        model = MLP(1, [2], rng=random.Random(0))
        optimizer = Counted(model.parameters())
        fit(model, X, y, optimizer=optimizer, epochs=2, batch_size=size, progress=False)
        assert optimizer.steps == 2 * steps


@pytest.mark.seed("F2")
def test_habitual_batches_are_full() -> None:
    """A power of two of a set of 2,048; and a set of 1,999 at once."""
    for size in (64, 128, 256, 512):
        assert [len(y) for _, y in batches(range(2048), range(2048), size)] == [size] * (2048 // size)
    assert [len(y) for _, y in batches(range(1999), range(1999), None)] == [1999]


@pytest.mark.seed("F3")
def test_small_batches_are_noisy_and_large_ones_need_more_epochs_that_are_shorter() -> None:
    """A line through points with noise, at one rate: how near to the best line, after how many epochs, in which time."""
    rng = random.Random(0)
    X = [[rng.gauss(0.0, 1.0)] for _ in range(128)]
    y = [x + rng.gauss(0.0, 1.0) for (x,) in X]
    best = np.polyfit([x for (x,) in X], y, 1)
    away: dict[int, list[float]] = {}
    seconds: dict[int, float] = {}
    for size in (2, 16, 128):
        model = Linear(1, 1, rng=random.Random(1))
        distances = away[size] = []

        def measure(_: History, model: Linear = model, distances: list[float] = distances) -> None:
            distances.append(math.dist(numbers(model), best))

        settings: dict[str, Any] = {"optimizer": SGD(model.parameters(), lr=0.05), "callbacks": [measure], "executor": "numpy"}
        history = fit(model, X, y, loss=mse, epochs=30, batch_size=size, metrics=[], rng=rng, progress=False, **settings)
        seconds[size] = min(history.seconds)
    noise = {size: np.mean(distances[20:]) for size, distances in away.items()}
    assert noise[2] > 2.0 * noise[16]
    needed = {size: next(n for n, distance in enumerate(distances, 1) if distance < 0.3) for size, distances in away.items()}
    assert needed[16] < needed[128]
    assert seconds[2] > 2.0 * seconds[16]
    assert seconds[16] > 2.0 * seconds[128]


# -- modes --------------------------------------------------------------------------------------------------------------


def dropping() -> Sequential:
    rng = random.Random(0)
    return Sequential(Linear(2, 6, rng=rng), Tanh(), Dropout(0.5, rng), Linear(6, 2, rng=rng))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_validation_data_are_seen_in_evaluation_mode(executor: str) -> None:
    model = dropping()
    results: list[dict[str, float]] = []
    history = fit(
        model,
        XOR,
        CLASSES,
        validation=(XOR, CLASSES),
        epochs=3,
        callbacks=[lambda _: results.append(evaluate(model, XOR, CLASSES))],
        executor=executor,
        progress=False,
    )
    assert history.validation_loss == pytest.approx([one["loss"] for one in results], rel=1e-12)
    assert history.validation_accuracy == [one["accuracy"] for one in results]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("how", ["ends", "fails", "fails while it is validated", "is interrupted"])
def test_the_modes_are_afterwards_as_before(how: str, executor: str) -> None:
    def act(outputs: Any, targets: Any) -> float:
        seen.append([module.training for module in model.modules()])
        if how == "fails" and len(seen) == 3:
            raise RuntimeError("fails")
        if how == "fails while it is validated" and len(seen) == 4:
            raise RuntimeError("fails")
        if how == "is interrupted" and len(seen) == 3:
            raise KeyboardInterrupt
        return 0.0

    for modes in ([True] * 5, [False] * 5, [True, False, True, False, True]):
        seen: list[list[bool]] = []
        model = dropping()
        for module, training in zip(model.modules(), modes, strict=True):
            module.training = training
        settings: dict[str, Any] = {"validation": (XOR, CLASSES), "metrics": [act], "epochs": 2, "executor": executor, "progress": False}
        if how.startswith("fails"):
            with pytest.raises(RuntimeError, match="fails"):
                fit(model, XOR, CLASSES, **settings)
        else:
            fit(model, XOR, CLASSES, **settings)
        assert [module.training for module in model.modules()] == modes
    dropout = model[2]
    assert isinstance(dropout, Dropout)
    state = dropout.rng.getstate()
    predict(model, XOR)
    evaluate(model, XOR, CLASSES)
    assert dropout.rng.getstate() == state
    assert [module.training for module in model.modules()] == modes


# -- what goes wrong ----------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_stops_before_the_step() -> None:
    model = xor_model()
    optimizer = Adam(model.parameters(), lr=0.1)
    before: list[list[float]] = []

    def loss(output: Any, target: Any) -> Value:
        before.append(numbers(model))
        good = cross_entropy(output, target)
        return good * math.nan if len(before) == 7 else good

    with pytest.raises(TrainingError, match="the loss of sample [0-3] is nan: lower the learning rate"):
        fit(model, XOR, CLASSES, loss=loss, optimizer=optimizer, epochs=5, progress=False, executor="eager")
    assert numbers(model) == before[6] != before[0]  # the first step was made, the second was not
    assert optimizer.steps == 1


def test_a_mean_that_overflows() -> None:
    with pytest.raises(TrainingError, match="the loss of this batch is inf"):
        fit(xor_model(), XOR, CLASSES, loss=lambda out, target: out[0] * 0.0 + 1.7e308, progress=False)


def test_a_gradient_that_is_no_number_stops_before_the_step() -> None:
    model = xor_model()
    before = numbers(model)
    with pytest.raises(
        TrainingError,
        match=r"the gradient of layers\.\d\.neurons\.\d\.[wb]\S* is nan by sample \d .*became inf.*; the parameters are those before",
    ):
        fit(model, XOR, CLASSES, loss=lambda out, target: (out[0] - out[0]) ** 0.5, progress=False)
    assert numbers(model) == before


def test_a_learning_rate_that_is_too_high_is_told() -> None:
    model = xor_model()
    with pytest.raises(TrainingError, match="lower the learning rate"):
        fit(model, XOR, CLASSES, optimizer=SGD(model.parameters(), lr=1e308), epochs=9, progress=False)


def loss(outputs: Any, targets: Any) -> float:
    """A metric of this name would replace the loss in the history."""
    return 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0"),
        ({"epochs": 1.5}, "epochs must be"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": -3}, "batch_size must be"),
        ({"y": [0, 1]}, "fit needs as many targets as samples, at least one: 4 samples, 2 targets"),
        ({"X": [], "y": []}, "0 samples, 0 targets"),
        ({"validation": (XOR, [0])}, "validation needs as many targets as samples"),
        ({"X": [[0.0]] * 4}, "takes 2 inputs, not 1"),
        ({"y": [2, 2, 2, 2]}, "is not a class"),
        ({"loss": lambda out, target: 1.0}, "a loss must be a Value"),
        ({"model": lambda x: x}, "fit trains a Module, whose parameters are known, not <function"),
        ({"loss": "mse"}, "loss must be a function of an output and a target, such as nn.losses.mse, not 'mse'"),
        ({"optimizer": Adam}, r"optimizer must be an optimizer of the parameters, as in Adam\(model.parameters\(\), lr=0.01\), not <class"),
        ({"optimizer": "adam"}, "lr=0.01\\), not 'adam'"),
        ({"schedule": StepLR(SGD([Value(0.0)]), 10)}, "the schedule must have the optimizer that trains"),
        ({"optimizer": Adam(MLP(2, [3, 2]).parameters())}, "the optimizer has the parameters of another model"),
        ({"model": Sequential()}, r"Sequential\(\) has no parameters to train"),
        ({"y": ["no", "no", "yes", "yes"]}, r"target '(no|yes)' is not a class: with 2 logits, classes are 0 to 1"),
        ({"penalty": lambda model: 0.1, "executor": "eager"}, "a penalty must be a Value, which has a gradient, not 0.1"),
        ({"penalty": lambda model: 0.1}, "a penalty must be a Value"),
        ({"metrics": 3}, "metrics must be names, or functions of outputs and targets, not 3"),
        ({"schedule": 0.1}, "the schedule must have the optimizer that trains"),
        ({"penalty": 0.1}, "penalty must be a function of the model, as in .*, not 0.1"),
        ({"callbacks": print}, "callbacks must be a list of functions of the history, not <built-in"),
        ({"callbacks": [3]}, r"callbacks must be a list of functions of the history, not \[3\]"),
        ({"validation": 0.2}, r"validation must be samples and targets, as in validation=\(X_validation, y_validation\), not 0.2"),
        ({"validation": (XOR,)}, r"as in validation=\(X_validation, y_validation\), not 1 items"),
        ({"patience": 0}, "patience must be a whole number of at least 1, not 0"),
        ({"patience": 2, "tol": -1e-3}, "tol must be finite and not negative, not -0.001"),
        ({"patience": 2, "tol": math.nan}, "tol must be finite and not negative, not nan"),
        ({"tol": 1e-3}, "tol needs patience, .*: write patience=5, tol=0.001"),
        ({"rng": 7}, r"rng must be a generator, not 7: write rng=random.Random\(7\)"),
        ({"metrics": ["f1"]}, 'there is no metric \'f1\': choose "accuracy", "mean_absolute_error" or "r2_score"'),
        ({"metrics": ["accuracy", "accuracy"]}, "the history already has a curve 'accuracy'"),
        (
            {"metrics": [lambda o, t: 0.0, lambda o, t: 1.0]},
            "the history already has a curve '<lambda>': give the metric another name",
        ),
        ({"metrics": [loss]}, "already has a curve 'loss'"),
    ],
)
def test_what_does_not_fit_together_changes_nothing(settings: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = xor_model()
    before = numbers(model)
    with pytest.raises(InputError, match=message):
        fit(**{"model": model, "X": XOR, "y": CLASSES, "progress": False, **settings})
    assert numbers(model) == before
    assert capsys.readouterr() == ("", "")


def test_training_does_not_fill_the_memory() -> None:
    model = MLP(4, [8, 3], rng=random.Random(0))
    X, y = [[float(i % 5), 1.0, -1.0, 0.5] for i in range(20)], [i % 3 for i in range(20)]
    optimizer = Adam(model.parameters())

    def train(steps: int) -> None:
        fit(model, X, y, optimizer=optimizer, epochs=steps // 4, batch_size=5, progress=False)

    train(40)
    tracemalloc.start()
    try:
        train(40)
        before, _ = tracemalloc.get_traced_memory()
        train(200)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200_000  # Python keeps some freed tuples; the graph of one step is some 500,000


def test_predicting_keeps_no_graphs() -> None:
    model = MLP(4, [16, 3], rng=random.Random(0))
    X = [[1.0, 2.0, 3.0, 4.0]] * 200
    predict(model, X)
    tracemalloc.start()
    try:
        predict(model, X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000  # 200 graphs are some 3,000,000
