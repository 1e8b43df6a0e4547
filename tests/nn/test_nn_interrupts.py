"""Ctrl-C during training leaves whole steps and whole epochs."""

import linecache
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

import pytest
from nn_xor import CLASSES, EXECUTORS, XOR, numbers, xor_model
from stepping import stepped

from autograd import Value
from nn import SGD, History, Linear, cross_entropy, fit


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
    """Records the parameters after each step."""

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


@pytest.fixture
def handler() -> Iterator[list[bool]]:
    """A handler of Ctrl-C that raises nothing. It notes for each call whether it was the handler then."""
    calls: list[bool] = []

    def own(number: int, frame: FrameType | None) -> None:
        calls.append(signal.getsignal(signal.SIGINT) is own)

    before = signal.signal(signal.SIGINT, own)
    yield calls
    assert signal.signal(signal.SIGINT, before) is own


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_handler_that_does_not_raise_is_called_once_for_each_press(executor: str, handler: list[bool]) -> None:
    """Between steps at once, and in the middle of a step at its end, also after an earlier press."""
    in_the_middle: list[int] = []

    class Pressed(Trail):
        def rule(self, parameters: Any, gradients: Any) -> Any:
            before = len(handler)
            if len(self.trail) % 2:  # in every other step, so that a press is not heard twice
                signal.raise_signal(signal.SIGINT)
            in_the_middle.append(len(handler) - before)
            return super().rule(parameters, gradients)

    def press(history: History) -> None:
        before = len(handler)
        signal.raise_signal(signal.SIGINT)
        assert len(handler) == before + 1

    model = xor_model()
    optimizer = Pressed(model.parameters())
    history = fit(model, XOR, CLASSES, optimizer=optimizer, callbacks=[press], epochs=3, batch_size=2, executor=executor, progress=False)
    assert len(history.loss) == 3
    assert in_the_middle == [0] * 6
    assert handler == [True] * 6
    assert numbers(model) == optimizer.trail[-1]


PARTS = ("nn.training", "nn.epoch", "nn.engine", "nn.interrupts", "nn.early_stopping", "nn.measuring", "nn.optimizers", "nn.history")
WATCHED = {str(module.__file__) for name, module in sys.modules.items() if name.startswith(PARTS)}


def with_ctrl_c_at_line(k: int, act: Callable[[], Any]) -> bool:
    """Press Ctrl-C at the k-th line of the training. Returns whether there was such a line."""
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


@pytest.mark.parametrize("executor", ["eager", pytest.param("numpy", marks=pytest.mark.slow)])
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
            result = fit(
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
            history.__dict__.update(result.__dict__)

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
        k += 2 if executor == "eager" else 5  # each line comes many times
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

        def external_write_mode(self) -> AbstractContextManager[None]:
            return nullcontext()

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
    """Ctrl-C only reaches the main thread, so training in another thread does not handle it."""
    model = xor_model()
    results: list[History] = []
    thread = threading.Thread(target=lambda: results.append(fit(model, XOR, CLASSES, epochs=2, progress=False)))
    thread.start()
    thread.join()
    assert len(results[0].loss) == 2
