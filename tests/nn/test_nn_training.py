"""fit, predict, evaluate."""

import io
import linecache
import math
import random
import signal
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from stepping import stepped
from torch_twin import paired, torch_twin

from autograd import Value
from autograd.errors import InputError, TrainingError
from nn import MLP, SGD, Adam, Dropout, History, Linear, Module, Sequential, Tanh, batches, cross_entropy, data, evaluate, fit, mse, predict
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge
from nn.schedules import ExponentialLR, Schedule, StepLR

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
CLASSES = [0, 1, 1, 0]
EXECUTORS = ["eager", "numpy"]


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
    found = evaluate(model, XOR[:2], CLASSES[:2])
    assert found["loss"] == pytest.approx(history.validation_loss[-1], rel=1e-14)
    assert found["accuracy"] == history.validation_accuracy[-1]
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
            found = (numbers(model), {**history.curves(), "seconds": []}, predict(model, X), evaluate(model, X, y))
            trained.append((executor, found))
    assert all(found == trained[executor == "numpy"][1] for executor, found in trained)


# -- how many samples a step --------------------------------------------------------------------------------------------


class Counted(SGD):
    """That knows how many steps it made."""

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


# -- when it stops ------------------------------------------------------------------------------------------------------


class Constant(Module):
    """Always the same answer, which is learned."""

    def __init__(self, start: float = 1.0) -> None:
        self.w = Value(start)

    def __call__(self, x: Any) -> Any:
        return self.w + 0.0 * x


def trained_constant(targets: float, **settings: Any) -> tuple[float, History]:
    """One step an epoch takes a fifth off the way from 1 to the target: after k of them, 0.8ᵏ is left."""
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


# -- modes --------------------------------------------------------------------------------------------------------------


def dropping() -> Sequential:
    rng = random.Random(0)
    return Sequential(Linear(2, 6, rng=rng), Tanh(), Dropout(0.5, rng), Linear(6, 2, rng=rng))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_validation_data_are_seen_in_evaluation_mode(executor: str) -> None:
    model = dropping()
    found: list[dict[str, float]] = []
    history = fit(
        model,
        XOR,
        CLASSES,
        validation=(XOR, CLASSES),
        epochs=3,
        callbacks=[lambda _: found.append(evaluate(model, XOR, CLASSES))],
        executor=executor,
        progress=False,
    )
    assert history.validation_loss == pytest.approx([one["loss"] for one in found], rel=1e-12)
    assert history.validation_accuracy == [one["accuracy"] for one in found]


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


def test_a_notebook_without_ipywidgets_gets_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = {"ipykernel.zmqshell": None, "IPython": SimpleNamespace(get_ipython=lambda: None), "ipywidgets": None}
    for module, what in notebook.items():
        monkeypatch.setitem(sys.modules, module, what)
    for module in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook"):  # imported anew, they would warn
        monkeypatch.delitem(sys.modules, module, raising=False)
    with warnings.catch_warnings(record=True) as seen:  # as errors tqdm would catch them
        warnings.simplefilter("always")
        fit(xor_model(), XOR, CLASSES, epochs=1)
    assert seen == []


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


class Trail(SGD):
    """Remembers what each step made of the parameters."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, 0.1, momentum=0.5)
        self.trail = [[p.data for p in self.parameters]]

    def rule(self, parameters: Any, gradients: Any) -> Any:
        new = super().rule(parameters, gradients)
        self.trail.append(new.tolist())
        return new


@pytest.mark.parametrize("executor", EXECUTORS)
def test_ctrl_c_in_the_middle_of_a_step_waits_for_its_end(executor: str) -> None:
    class Pressed(Trail):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            if len(self.trail) == 3:
                signal.raise_signal(signal.SIGINT)
            return super().rule(parameters, gradients)

    model = xor_model()
    optimizer = Pressed(model.parameters())
    history = fit(model, XOR, CLASSES, optimizer=optimizer, batch_size=1, executor=executor, progress=False)
    assert history == History()
    assert len(optimizer.trail) == 4
    assert numbers(model) == optimizer.trail[-1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


WATCHED = {
    str(module.__file__)
    for name, module in sys.modules.items()
    if name.startswith(
        ("nn.training", "nn.epoch", "nn.engine", "nn.interrupts", "nn.early_stopping", "nn.measuring", "nn.optimizers", "nn.history")
    )
}


def with_ctrl_c_at_line(k: int, act: Callable[[], Any]) -> bool:
    """Press Ctrl-C when the k-th line of the training is reached; whether it was."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in WATCHED:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and not line.startswith("with "):  # which comes again at its end, where Python hears no Ctrl-C
            count += 1
            if count == k:
                signal.raise_signal(signal.SIGINT)
        return trace

    stepped(act, trace)
    return count >= k


@pytest.mark.parametrize("executor", EXECUTORS)
def test_ctrl_c_at_any_line_leaves_whole_steps_and_whole_epochs(executor: str) -> None:
    """Before and after the loop of epochs it is Python's KeyboardInterrupt, but leaves whole steps there too."""
    steps: set[int] = set()
    epochs: set[int] = set()
    k = 1
    while True:
        model = Linear(2, 2, rng=random.Random(0))
        optimizer = Trail(model.parameters())
        history = History()

        def act(model: Linear = model, optimizer: Trail = optimizer, history: History = history) -> None:
            found = fit(
                model,
                XOR,
                CLASSES,
                optimizer=optimizer,
                epochs=2,
                batch_size=2,
                validation=(XOR, CLASSES),
                executor=executor,
                rng=random.Random(0),
                progress=False,
            )
            history.__dict__.update(found.__dict__)

        try:
            reached = with_ctrl_c_at_line(k, act)
        except KeyboardInterrupt:
            reached = True
        assert numbers(model) == optimizer.trail[-1], k
        lengths = {len(curve) for curve in history.curves().values()}
        assert len(lengths) <= 1, k
        assert all(module.training for module in model.modules()), k
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if not reached:
            break
        steps.add(len(optimizer.trail) - 1)
        epochs |= lengths
        k += 2  # each line comes many times
    assert steps == {0, 1, 2, 3, 4}
    assert epochs == {1, 2}
    assert k > 200


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_interrupt_between_two_batches(executor: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Bar:
        """A progress bar that somebody stops."""

        updates = 0

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None: ...

        def set_description(self, text: str) -> None: ...

        def write(self, line: str) -> None:
            print(line)

        def update(self) -> None:
            self.updates += 1
            if self.updates == 7:
                raise KeyboardInterrupt

    monkeypatch.setattr("nn.training.progress_bar", lambda total, progress: Bar())
    model = xor_model()
    optimizer = Trail(model.parameters())
    history = fit(model, XOR, CLASSES, optimizer=optimizer, epochs=5, batch_size=1, executor=executor)
    assert len(history.loss) == 1
    assert len(optimizer.trail) == 8
    assert numbers(model) == optimizer.trail[-1]
    assert capsys.readouterr().out.endswith("stopped after 1 of 5 epochs\n")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_interrupt_by_a_callback_keeps_what_it_has_changed(executor: str) -> None:
    model = xor_model()

    def callback(history: History) -> None:
        model.parameters()[0].data = 77.0
        raise KeyboardInterrupt

    history = fit(model, XOR, CLASSES, callbacks=[callback], executor=executor, progress=False)
    assert len(history.loss) == 1
    assert numbers(model)[0] == 77.0


def test_a_thread_may_train() -> None:
    """Ctrl-C comes to the main thread only, so that a training has nothing to do about it in another one."""
    model = xor_model()
    found: list[History] = []
    thread = threading.Thread(target=lambda: found.append(fit(model, XOR, CLASSES, epochs=2, progress=False)))
    thread.start()
    thread.join()
    assert len(found[0].loss) == 2


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
    """A metric of this name would stand where the loss does."""
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
        ({"y": [2, 2, 2, 2]}, "is no class"),
        ({"loss": lambda out, target: 1.0}, "a loss must be a Value"),
        ({"model": lambda x: x}, "fit trains a Module, whose parameters it can find, not <function"),
        ({"loss": "mse"}, "loss must be a function of an output and a target, such as nn.losses.mse, not 'mse'"),
        ({"optimizer": Adam}, r"the optimizer must know the parameters, as Adam\(model.parameters\(\), lr=0.01\) does, and not <class"),
        ({"optimizer": "adam"}, "and not 'adam'"),
        ({"schedule": StepLR(SGD([Value(0.0)]), 10)}, "the schedule must have the optimizer that trains"),
        ({"optimizer": Adam(MLP(2, [3, 2]).parameters())}, "the optimizer has the parameters of another model"),
        ({"model": Sequential()}, r"Sequential\(\) has no parameters to train"),
        ({"y": ["no", "no", "yes", "yes"]}, r"target '(no|yes)' is no class: with 2 logits, classes are 0 to 1"),
        ({"penalty": lambda model: 0.1, "executor": "eager"}, "a penalty must be a Value, which has a gradient, not 0.1"),
        ({"penalty": lambda model: 0.1}, "a penalty must be a Value"),
        ({"metrics": 3}, "metrics must be names, or functions of outputs and targets, not 3"),
        ({"schedule": 0.1}, "the schedule must have the optimizer that trains"),
        ({"penalty": 0.1}, "penalty must be a function of the model, as in .*, not 0.1"),
        ({"callbacks": print}, "callbacks must be a list of functions of the history, not <built-in"),
        ({"callbacks": [3]}, r"callbacks must be a list of functions of the history, not \[3\]"),
        ({"validation": 0.2}, r"validation must be samples and targets, as in validation=\(X_test, y_test\), not 0.2"),
        ({"validation": (XOR,)}, r"as in validation=\(X_test, y_test\), not 1 items"),
        ({"patience": 0}, "patience must be a whole number of at least 1, not 0"),
        ({"patience": 2, "tol": -1e-3}, "tol must not be negative, nor infinite: -0.001"),
        ({"patience": 2, "tol": math.nan}, "tol must not be negative, nor infinite: nan"),
        ({"tol": 1e-3}, "say too how long to wait for one, as in patience=5, tol=0.001"),
        ({"rng": 7}, r"rng must be a generator, not 7: write rng=random.Random\(7\)"),
        ({"metrics": ["f1"]}, 'there is no metric \'f1\': choose "accuracy", "mean_absolute_error" or "r2_score"'),
        ({"metrics": ["accuracy", "accuracy"]}, "the history can have no second curve 'accuracy'"),
        (
            {"metrics": [lambda o, t: 0.0, lambda o, t: 1.0]},
            "the history can have no second curve '<lambda>': give that metric a name of its own",
        ),
        ({"metrics": [loss]}, "no second curve 'loss'"),
    ],
)
def test_what_does_not_fit_together_changes_nothing(settings: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = xor_model()
    before = numbers(model)
    with pytest.raises(InputError, match=message):
        fit(**{"model": model, "X": XOR, "y": CLASSES, **settings})
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
    with pytest.raises(InputError, match=r"a list of numbers, not one number: write predict\(model, \[x\]\) for one sample x"):
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
        ((0.7,), True, mse, 1.0),  # a truth is one of 0 and 1
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


class Scored(Module):
    """Answers with its input."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        return self.w * x


@pytest.mark.parametrize(("loss", "accuracy"), [(hinge, 1.0), (binary_cross_entropy_with_logits, 1.0), (binary_cross_entropy, 0.5)])
def test_the_loss_says_whether_an_output_is_a_logit(loss: Any, accuracy: float) -> None:
    """0.1 is class 1 if it is a logit, and class 0 if it is a probability; of a part of the data too, in which all are of one class."""
    assert evaluate(Scored(), [0.1, 0.9], [1, 1], loss=loss)["accuracy"] == accuracy


def test_whole_numbers_are_classes_only_where_there_are_two() -> None:
    model = Scored()
    assert fit(model, [1.0, 2.0], [3, 7], loss=mse, epochs=1, progress=False).metrics == {}
    assert evaluate(model, [1.0], [2], loss=mse).keys() == {"loss"}
    assert evaluate(model, [1.0], [0.5], loss=mse).keys() == {"loss"}
    assert evaluate(model, [1.0], [True], loss=mse).keys() == {"loss", "accuracy"}


def test_metrics_by_name_and_by_function(capsys: pytest.CaptureFixture[str]) -> None:
    def worst(outputs: Any, targets: Any) -> Any:
        return np.max(np.abs(np.array(outputs) - np.array(targets)))

    X, y = [0.0, 1.0, 2.0], [0.5, 1.0, 1.0]
    found = evaluate(Scored(), X, y, loss=mse, metrics=["mean_absolute_error", "r2_score", worst])
    assert found == {"loss": 1.25 / 3.0, "mean_absolute_error": 0.5, "r2_score": pytest.approx(1.0 - 1.25 / (1.0 / 6.0)), "worst": 1.0}
    assert type(found["worst"]) is float
    assert evaluate(Scored(), X, y, loss=mse, metrics="r2_score").keys() == {"loss", "r2_score"}
    assert evaluate(Scored(), X, y, loss=mse, metrics=worst).keys() == {"loss", "worst"}
    history = fit(Scored(), X, y, loss=mse, metrics=["r2_score", worst], validation=(X, y), epochs=2)
    assert list(history.metrics) == ["r2_score", "worst", "validation_r2_score", "validation_worst"]
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("epoch 1/2: loss 0.4167, training r2 score -6.5, training worst 1, test loss 0.4")
    assert ", test r2 score -6." in line


def test_a_metric_must_be_one_number() -> None:
    def table(outputs: Any, targets: Any) -> Any:
        return [[1, 0]]

    def validation_worst(outputs: Any, targets: Any) -> float:
        return 0.0

    with pytest.raises(InputError, match=r"the metric 'table' must return a number, not \[\[1, 0\]\]"):
        evaluate(Scored(), [0.0], [0.0], loss=mse, metrics=table)
    with pytest.raises(InputError, match="the history can have no second curve 'validation_worst'"):
        evaluate(Scored(), [0.0], [0.0], loss=mse, metrics=validation_worst)


def test_evaluate_needs_targets() -> None:
    with pytest.raises(InputError, match="evaluate needs as many targets as samples"):
        evaluate(xor_model(), XOR, [0])
    with pytest.raises(InputError, match="loss must be a function of an output and a target"):
        evaluate(xor_model(), XOR, CLASSES, loss="mse")  # type: ignore[arg-type]
