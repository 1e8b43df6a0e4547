"""fit, History, predict, evaluate."""

import io
import math
import random
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import InputError, MissingPackageError, TrainingError
from nn import MLP, SGD, Adam, History, Module, cross_entropy, data, evaluate, fit, mse, predict

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
CLASSES = [0, 1, 1, 0]


def xor_model(seed: int = 0) -> MLP:
    return MLP(2, [8, 2], "tanh", rng=random.Random(seed))


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


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


def test_a_step_follows_the_mean_of_the_batch() -> None:
    model, copy = xor_model(), xor_model()
    fit(model, XOR, CLASSES, optimizer=SGD(model.parameters(), lr=0.5), epochs=1, batch_size=None, progress=False)
    total = sum(cross_entropy(copy(x), t) for x, t in zip(XOR, CLASSES, strict=True)) / 4
    total.backward()
    assert numbers(model) == pytest.approx([p.data - 0.5 * p.grad for p in copy.parameters()], rel=1e-12)


def test_the_history_has_an_entry_an_epoch() -> None:
    model = xor_model()
    history = fit(model, XOR, CLASSES, epochs=3, batch_size=3, validation=(XOR[:2], CLASSES[:2]), progress=False)
    assert [len(curve) for curve in history.curves().values()] == [3] * 5
    assert all(math.isfinite(loss) and loss > 0.0 for loss in history.loss + history.validation_loss)
    assert all(0.0 <= accuracy <= 1.0 for accuracy in history.accuracy + history.validation_accuracy)
    assert all(seconds > 0.0 for seconds in history.seconds)
    found = evaluate(model, XOR[:2], CLASSES[:2])
    assert found["loss"] == pytest.approx(history.validation_loss[-1], rel=1e-14)
    assert found["accuracy"] == history.validation_accuracy[-1]
    assert fit(model, XOR, CLASSES, epochs=1, progress=False).validation_loss == []


def test_the_validation_data_are_not_learned_from() -> None:
    first, second = xor_model(), xor_model()
    fit(first, XOR[:2], CLASSES[:2], epochs=2, validation=(XOR, CLASSES), rng=random.Random(0), progress=False)
    fit(second, XOR[:2], CLASSES[:2], epochs=2, rng=random.Random(0), progress=False)
    assert numbers(first) == numbers(second)


def test_numpy_arrays_train_as_lists_do() -> None:
    first, second = xor_model(), xor_model()
    fit(first, XOR, CLASSES, epochs=2, rng=random.Random(0), progress=False)
    fit(
        second,
        np.array(XOR),
        np.array(CLASSES),
        epochs=2,
        validation=(np.array(XOR), np.array(CLASSES)),
        rng=random.Random(0),
        progress=False,
    )
    assert numbers(first) == numbers(second)


# -- what is printed ----------------------------------------------------------------------------------------------------


def test_a_line_an_epoch_and_no_bar_where_nobody_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    fit(xor_model(), XOR, CLASSES, epochs=2, validation=(XOR, CLASSES))
    out, err = capsys.readouterr()
    assert [line.split(": ")[0] for line in out.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert all("training accuracy" in line and "test accuracy" in line for line in out.splitlines())
    assert err == ""


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit(xor_model(), XOR, CLASSES, epochs=2)
    assert "epoch 1/2" in terminal.getvalue()
    assert "batch/s" in terminal.getvalue()
    assert "test" not in capsys.readouterr().out


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    fit(xor_model(), XOR, CLASSES, epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")


# -- what goes wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", [None, (XOR, CLASSES)])
def test_ctrl_c_returns_the_history_so_far(validation: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = xor_model()
    calls = 0

    def loss(output: Any, target: Any) -> Value:
        nonlocal calls
        calls += 1
        if calls == (7 if validation is None else 15):  # in the second epoch: among its samples, or while it is validated
            raise KeyboardInterrupt
        return cross_entropy(output, target)

    history = fit(model, XOR, CLASSES, loss=loss, epochs=5, validation=validation, executor="eager")
    assert [len(curve) for curve in history.curves().values()] == ([1] * 3 if validation is None else [1] * 5)
    assert capsys.readouterr().out.endswith("stopped after 1 of 5 epochs\n")


def test_ctrl_c_in_the_first_epoch_returns_an_empty_history(capsys: pytest.CaptureFixture[str]) -> None:
    def loss(output: Any, target: Any) -> Value:
        raise KeyboardInterrupt

    history = fit(xor_model(), XOR, CLASSES, loss=loss, progress=False)
    assert history == History()
    assert capsys.readouterr().out == ""
    assert len(history.plot().axes) == 1


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
    with pytest.raises(TrainingError, match=r"the gradient of layers\.\d\.neurons\.\d\.[wb]\S* is nan by sample \d .*became inf.*; the parameters are those before"):
        fit(model, XOR, CLASSES, loss=lambda out, target: (out[0] - out[0]) ** 0.5, progress=False)
    assert numbers(model) == before


def test_a_learning_rate_that_is_too_high_is_told() -> None:
    model = xor_model()
    with pytest.raises(TrainingError, match="lower the learning rate"):
        fit(model, XOR, CLASSES, optimizer=SGD(model.parameters(), lr=1e308), epochs=9, progress=False)


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
        ({"y": [2, 2, 2, 2]}, "is no class"),
        ({"loss": lambda out, target: 1.0}, "a loss must be a Value"),
    ],
)
def test_what_does_not_fit_together_changes_nothing(settings: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = xor_model()
    before = numbers(model)
    with pytest.raises(InputError, match=message):
        fit(model, **{"X": XOR, "y": CLASSES, **settings})
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


# -- what a model answers -----------------------------------------------------------------------------------------------


def test_predictions_are_numbers() -> None:
    assert [type(out) for out in predict(MLP(2, [3, 1]), XOR)] == [float] * 4
    outputs = predict(MLP(2, [3]), np.array(XOR))
    assert [[type(o) for o in out] for out in outputs] == [[float] * 3] * 4
    assert predict(MLP(2, [3]), []) == []
    with pytest.raises(InputError, match="a list of numbers, not one number"):
        predict(MLP(2, [3]), [1.0, 2.0])


class Echo(Module):
    """Its parameters are what it answers."""

    def __init__(self, *outputs: float) -> None:
        self.outputs = [Value(x) for x in outputs]

    def __call__(self, x: Any) -> Any:
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs


@pytest.mark.parametrize(
    ("outputs", "target", "loss", "accuracy"),
    [
        ((1.0, 3.0, 2.0), 1, cross_entropy, 1.0),
        ((1.0, 3.0, 2.0), 2, cross_entropy, 0.0),
        ((1.0, 3.0, 2.0), [0.0, 1.0, 0.0], cross_entropy, 1.0),
        ((1.0, 3.0, 2.0), np.array([0.3, 0.3, 0.4]), cross_entropy, 0.0),
        ((1.0, 1.0), 0, cross_entropy, 1.0),  # of equal outputs the first counts
        ((0.7,), 1, mse, 1.0),
        ((0.7,), -1, mse, 0.0),
        ((-0.7,), -1, mse, 1.0),
        ((-0.7,), 0, mse, 1.0),
    ],
)
def test_accuracy(outputs: tuple[float, ...], target: Any, loss: Any, accuracy: float) -> None:
    model = Echo(*outputs)
    found = evaluate(model, [[0.0]], [target], loss=loss)
    assert found == {"loss": loss(model([0.0]), target).data, "accuracy": accuracy}
    history = fit(model, [[0.0]], [target], loss=loss, epochs=1, progress=False)
    assert history.accuracy == [accuracy]


def test_evaluate_needs_targets() -> None:
    with pytest.raises(InputError, match="evaluate needs as many targets as samples"):
        evaluate(xor_model(), XOR, [0])


# -- the curves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validated", [True, False])
def test_plot(validated: bool) -> None:
    history = History(loss=[2.0, 1.0], metrics={"accuracy": [0.5, 0.75]}, seconds=[0.1, 0.1])
    if validated:
        history.validation_loss, history.metrics["validation_accuracy"] = [3.0, 1.5], [0.25, 0.5]
    loss, accuracy = history.plot().axes
    assert [axes.get_title() for axes in (loss, accuracy)] == ["loss", "accuracy"]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.5, 0.75], [0.25, 0.5]][: 1 + validated]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "test"][: 1 + validated]


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="plotting needs matplotlib: pip install"):
        History().plot()
