"""Training: `fit`; and what a trained model answers: `predict`, `evaluate`."""

from __future__ import annotations

import importlib.util
import math
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, FunctionType
from typing import Any

from autograd._runtime.bulk import numbers_of, set_gradients, set_numbers
from autograd._runtime.coercion import real
from autograd._runtime.state import STATE
from autograd._runtime.temporary import During, Temporary, afterwards
from autograd.contexts import enable_grad
from autograd.errors import InputError, TrainingError
from autograd.value import Value
from nn import metrics as known_metrics
from nn.checks import generator, paired, whole
from nn.data import batches
from nn.gradients import Compiled, Data, Eager, Loss, Penalty, answers, assign, check, checked
from nn.history import History
from nn.losses import cross_entropy
from nn.module import Module
from nn.optimizers import Adam, Optimizer
from nn.schedules import Schedule

Metric = Callable[[Sequence[Any], Sequence[Any]], float]
Metrics = str | Metric | Sequence[str | Metric] | None

RECORDED_FROM, WORTH_LOADING = 100, 300_000
"""From how many samples on, and from how many samples · parameters, `predict` and `evaluate` record the model first. Recording takes as
long as 40 to 90 samples do, whatever the model; below the product eager code takes a tenth of a second at most, and loading Numba more."""

COMPILED_FROM = 1000
"""From how many samples on they do in any case."""


def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: Loss = cross_entropy,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int | None = 32,
    validation: tuple[Any, Any] | None = None,
    metrics: Metrics = None,
    penalty: Penalty | None = None,
    schedule: Schedule | None = None,
    patience: int | None = None,
    tol: float = 0.0,
    callbacks: Sequence[Callable[[History], Any]] = (),
    executor: str = "auto",
    rng: random.Random | None = None,
    progress: bool = True,
) -> History:
    """Train a model: for each batch the mean loss, its gradient, one step of the optimizer.

    The loss of a sample is recorded once and run for a batch at a time, where that can be done; otherwise a line says why not (without
    `progress` a RuntimeWarning), and every sample is computed by itself, as with ``executor="eager"``. The numbers are the same to within
    rounding. After each epoch the model is looked at again, as a callback may have changed it. A model that changes itself when it is
    called, as by a counter, or that draws random numbers other than by `drawn`, is not compiled.

    Args:
        model: called with one sample, returns what `loss` takes. While it is trained it is in training mode, and afterwards as it was.
        X, y: samples and targets: lists, NumPy arrays, or pandas frames. In a list a sample may be whatever the model takes; what is a
            number, lists of the same lengths for all samples, or a dict of those, can be compiled.
        loss: a function of the output and the target of one sample. While it is recorded, both are Values.
        optimizer: by default `Adam(model.parameters())`. The parameters it was given are trained, no others. If its class
            defines `step`, that is called, as in a loop by hand.
        epochs: how often to go through the data, at most.
        batch_size: see `batches`.
        validation: samples and targets that are looked at after each epoch, and never learned from; the lines call them "test".
        metrics: what to measure beside the loss: names from `nn.metrics`, or functions of outputs and targets. By default the
            accuracy, if the loss is `cross_entropy`, or all targets are 0 or 1, or −1 or 1. From which output on a single one says class
            1 is found by calling the loss, see `nn.metrics.threshold_of`, once for the targets `y`.
        penalty: a function of the model, as ``lambda model: losses.l2(model.parameters(), 1e-4)``, added to the mean loss of each batch;
            the losses that are reported are without it.
        schedule: changes the learning rate after each epoch; see `nn.schedules`.
        patience: stop after so many epochs without improvement of the validation loss (or, without validation data, of the training
            loss), and go back to the weights after the best epoch, when the callbacks have seen those of the last one.
        tol: by how much a loss must be lower to be an improvement.
        callbacks: called with the history after each epoch, in this order; when one of them has returned True, the training ends.
        executor: "auto"; "eager", sample by sample; or one of `compile`, "numpy" or "native": then what cannot be compiled is an error.
        rng: the generator that shuffles.
        progress: print a line an epoch, and show a progress bar where there is a terminal or a notebook for it.

    Returns:
        The history. Ctrl-C ends training early, and returns the history so far; the parameters are those after the last whole step.

    Raises:
        TrainingError: the loss, a gradient, or a parameter after the step is not finite; the parameters are those before the step.
        InputError: the data do not fit together, or a setting is none.
        CompileError: the model cannot be compiled, and the executor is neither "auto" nor "eager".
        AutogradError: what the model or the loss raise for a sample; a note says which.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [2], rng=random.Random(0))
        >>> history = fit(model, [[0.0], [1.0]], [0, 1], optimizer=SGD(model.parameters(), lr=1.0), epochs=20, progress=False)
        >>> history.accuracy[-1]
        1.0
    """
    data = _data("fit", X, y)
    test = None if validation is None else _data("validation", *_pair(validation))
    epochs = whole("epochs", epochs)
    size = len(data) if batch_size is None else whole("batch_size", batch_size)
    measured = _metrics(metrics, loss, data.y)
    optimizer = _optimizer(model, optimizer, schedule)
    _need_functions(loss, penalty, callbacks)
    engine = _engine(executor, model, loss, optimizer.parameters, penalty)
    best = _Best(patience, tol, optimizer.parameters)
    rng = None if rng is None else generator(rng)
    own = [optimizer, schedule, *measured.values()]
    engine.watched = bool(callbacks) or any(_is_of_user(x) for x in own if x is not None)
    history = History()
    said = False
    with engine.mode(training=True), _progress_bar(epochs * math.ceil(len(data) / size), progress) as bar:
        try:
            with afterwards(engine.write):  # the parameters may have their numbers elsewhere until then
                for epoch in range(epochs):
                    bar.set_description(f"epoch {epoch + 1}/{epochs}")
                    start = time.perf_counter()
                    if epoch and engine.watched:
                        engine.refresh(data)
                    learned = _learn(engine, optimizer, data, size, rng, measured, bar)
                    found = None if test is None else _summary(*engine.evaluate(test), test.y, measured)
                    with _parts() as undivided, undivided:
                        history.append(learned, found, time.perf_counter() - start)
                    if engine.reason and not said:  # only now, because it might have been an error that eager code has too
                        said = True
                        if progress:
                            _say(bar, f"not compiled: {engine.reason}")
                        else:
                            text = f"not compiled, which is many times slower: {engine.reason} (with executor='eager' this is no warning)"
                            warnings.warn(text, RuntimeWarning, stacklevel=2)
                    if progress:
                        _say(bar, _line(history, epochs, list(measured)))
                    if schedule is not None:
                        schedule.step()
                    exhausted = best.is_long_ago(history)
                    ended = sum([_is_true(callback(history)) for callback in callbacks])  # all of them are called
                    if exhausted:
                        best.restore()
                        if progress:
                            _say(bar, f"no improvement for {patience} epochs: back to the weights of epoch {best.epoch}")
                    if ended or exhausted:
                        break
        except KeyboardInterrupt:
            if progress:
                _say(bar, f"stopped after {len(history.loss)} of {epochs} epochs")
    return history


# -- what fit asks of its arguments -------------------------------------------------------------------------------------


def _data(name: str, X: Any, y: Any) -> Data:
    data = Data(X, y)
    paired(name, data.X, data.y)
    return data


def _pair(validation: Any) -> Any:
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        found = f"{len(validation)} items" if isinstance(validation, (tuple, list)) else repr(validation)  # the items may be long
        raise InputError(f"validation must be samples and targets, as in validation=(X_test, y_test), not {found}")
    return validation


def _optimizer(model: Any, optimizer: Any, schedule: Any) -> Optimizer:
    if not isinstance(model, Module):
        raise InputError(f"fit trains a Module, whose parameters it can find, not {model!r}: derive your class from nn.Module")
    own = set(model.parameters())
    if not own:
        raise InputError(f"{model!r} has no parameters to train: they are the Values, and those of the Modules, among its attributes")
    if optimizer is None:
        optimizer = Adam(model.parameters())
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"the optimizer must know the parameters, as Adam(model.parameters(), lr=0.01) does, and not {optimizer!r}")
    if own.isdisjoint(optimizer.parameters):
        raise InputError("the optimizer has the parameters of another model: write optimizer=Adam(model.parameters()) with this one")
    if schedule is not None and getattr(schedule, "optimizer", None) is not optimizer:
        raise InputError("the schedule must have the optimizer that trains: fit(…, optimizer=optimizer, schedule=StepLR(optimizer, 10))")
    return optimizer


def _need_functions(loss: Any, penalty: Any, callbacks: Any) -> None:
    if not callable(loss):
        raise InputError(f"loss must be a function of an output and a target, such as nn.losses.mse, not {loss!r}")
    if penalty is not None and not callable(penalty):
        raise InputError(f"penalty must be a function of the model, as in lambda model: l2(model.parameters(), 1e-4), not {penalty!r}")
    if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
        raise InputError(f"callbacks must be a list of functions of the history, not {callbacks!r}")


def _engine(executor: str, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None) -> Eager:
    """How gradients are computed."""
    from autograd.compiled.executors import NAMES

    if executor not in ("eager", *NAMES):
        raise InputError(f"there is no executor {executor!r}: choose one of eager, {', '.join(NAMES)}")
    if executor == "eager":
        return Eager(model, loss, parameters, penalty)
    return Compiled(model, loss, parameters, penalty, executor)


# -- an epoch -----------------------------------------------------------------------------------------------------------


def _learn(
    engine: Eager, optimizer: Optimizer, data: Data, size: int, rng: random.Random | None, measured: dict[str, Metric], bar: Any
) -> dict[str, float]:
    """Learn from all samples; the mean loss and the metrics of the outputs from which the steps were computed."""
    losses: list[float] = []
    outputs: list[Any] = []
    targets: list[Any] = []
    everything = range(len(data))
    by_hand = getattr(optimizer.step, "__func__", None) is not Optimizer.step
    by_user = by_hand or _is_of_user(optimizer)
    engine.read()
    with _parts() as undivided, enable_grad() if STATE.paused else nullcontext():  # there may be a no_grad around
        for order, _ in batches(everything, everything, size, rng=rng):
            found, answers, gradient = engine.gradient(data, order)
            check(engine, data, order, found, gradient)
            with undivided:
                if by_user:  # which may look at the gradients too
                    set_gradients(engine.parameters, gradient.tolist())
                if by_hand:
                    _step(engine, optimizer, gradient)
                else:
                    engine.update(lambda numbers: checked(engine, optimizer.update(numbers, gradient)))  # noqa: B023 - called at once
            if by_user:  # whose code may change the model
                engine.refresh(data)
            losses += found
            outputs += answers
            targets += [data.y[i] for i in order]
            bar.update()
    engine.write()
    return _summary(losses, outputs, targets, measured)


def _is_of_user(x: Any) -> bool:
    """Whether it is a function, or an object of a class, that is not one of this package."""
    module = x.__module__ if isinstance(x, (FunctionType, type)) else type(x).__module__
    return str(module).split(".")[0] != "nn"


def _step(engine: Eager, optimizer: Optimizer, gradient: Any) -> None:
    """A step of an optimizer that defines `step` itself, which finds numbers and gradients in the Values, as in a loop by hand."""
    import numpy as np

    engine.write()
    before = numbers_of(engine.parameters)
    set_gradients(engine.parameters, gradient.tolist())
    try:
        optimizer.step()
        checked(engine, np.array(numbers_of(engine.parameters)))
    except (KeyboardInterrupt, TrainingError):  # of what else it raises, the step knows what to leave
        set_numbers(engine.parameters, before)
        raise
    engine.read()


def _summary(losses: list[float], outputs: list[Any], targets: list[Any], measured: dict[str, Metric]) -> dict[str, float]:
    found = {"loss": math.fsum(losses) / len(losses)}
    for name, metric in measured.items():
        number = metric(list(outputs), list(targets))  # it may sort them
        try:
            found[name] = real(number)
        except InputError:
            raise InputError(f"the metric {name!r} must return a number, not {number!r}") from None
    return found


def _is_true(answer: Any) -> bool:
    """Whether it is True, or NumPy's; a callback may return anything else without a meaning."""
    return type(answer).__name__ in ("bool", "bool_") and bool(answer)


class _Best:
    """The best weights so far, and for how many epochs there were none better."""

    def __init__(self, patience: int | None, tol: float, parameters: list[Value]) -> None:
        self.patience = None if patience is None else whole("patience", patience)
        self.tol = real(tol)
        if not 0.0 <= self.tol < math.inf:
            raise InputError(f"tol must not be negative, nor infinite: {tol!r}")
        if self.tol and patience is None:
            raise InputError(f"tol says what is an improvement: say too how long to wait for one, as in patience=5, tol={tol!r}")
        self.parameters = parameters
        self.loss = math.inf
        self.epoch = 0
        self.weights = [p.data for p in parameters]

    def is_long_ago(self, history: History) -> bool:
        """Whether it is time to stop."""
        if self.patience is None:
            return False
        loss = (history.validation_loss or history.loss)[-1]
        if loss < self.loss - self.tol:
            self.loss, self.epoch, self.weights = loss, len(history.loss), [p.data for p in self.parameters]
        return len(history.loss) - self.epoch >= self.patience

    def restore(self) -> None:
        """Give the parameters their best numbers."""
        with _parts() as undivided, undivided:
            assign(self.parameters, self.weights)


class _Parts:
    """What is done `with` one of these is done as a whole: Ctrl-C waits for its end."""

    def __init__(self, before: Callable[[int, FrameType | None], Any]) -> None:
        self._before = before
        self._within = self._waits = False

    def pressed(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signal."""
        if self._within:
            self._waits = True
            return
        signal.signal(signal.SIGINT, self._before)
        self._before(number, frame)  # Python's raises, wherever that is
        signal.signal(signal.SIGINT, self.pressed)

    def __enter__(self) -> None:
        self._within = True

    def __exit__(self, *_: object) -> None:
        self._within = False
        if self._waits:
            self._waits = False
            signal.raise_signal(signal.SIGINT)


class _Handling(Temporary["AbstractContextManager[None]"]):
    """A handler of Ctrl-C; none where Ctrl-C is not Python's, or never comes to this thread."""

    def __init__(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        self._parts = _Parts(before) if callable(before) and threading.current_thread() is threading.main_thread() else None
        self._before = before

    def do(self) -> AbstractContextManager[None]:
        """See `Temporary`."""
        if self._parts is None:
            return nullcontext()
        signal.signal(signal.SIGINT, self._parts.pressed)
        return self._parts

    def undo(self) -> None:
        """See `Temporary`."""
        if self._parts is not None:
            signal.signal(signal.SIGINT, self._before)


def _parts() -> During[AbstractContextManager[None]]:
    """What to do the parts with that are to be whole. A handler for all: one for each took as long as a small step."""
    return During(_Handling)


# -- what a model answers -----------------------------------------------------------------------------------------------


def predict(model: Any, X: Any) -> list[Any]:
    """The model's outputs for many samples, as numbers: one, or a list of them, for each. In evaluation mode.

    For many samples the model is recorded for one and run for all. That is kept, and used again while recording the model would give
    the same: not after a layer or a setting was changed. What has been recorded goes when the model goes.

    Args:
        model: called with one sample.
        X: samples: a list, a NumPy array, or a pandas frame.

    Raises:
        AutogradError: what the model raises for a sample; a note says which.

    Example:
        >>> from nn import MLP
        >>> len(predict(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]]))
        2
    """
    return _answers(model, cross_entropy, Data(X))[1]


def evaluate(model: Any, X: Any, y: Any, *, loss: Loss = cross_entropy, metrics: Metrics = None) -> dict[str, float]:
    """The mean loss and the metrics on samples and targets, in evaluation mode; recorded as for `predict`.

    Args:
        model, X, y, loss, metrics: as for `fit`.

    Raises:
        InputError: the lengths differ, there are no samples, or there is no such metric.
        AutogradError: what the model or the loss raise for a sample; a note says which.

    Example:
        >>> from nn import MLP
        >>> sorted(evaluate(MLP(2, [3]), [[0.0, 1.0]], [2]))
        ['accuracy', 'loss']
    """
    data = _data("evaluate", X, y)
    _need_functions(loss, None, ())
    measured = _metrics(metrics, loss, data.y)
    return _summary(*_answers(model, loss, data), data.y, measured)


def _answers(model: Any, loss: Loss, data: Data) -> tuple[list[float], list[Any]]:
    """The losses and outputs: recorded first where that is faster."""
    n = len(data)
    if isinstance(model, Module) and n >= RECORDED_FROM and (n >= COMPILED_FROM or n * len(model.parameters()) >= WORTH_LOADING):
        return answers(model, loss, data)
    return Eager(model, loss, []).evaluate(data)


def _metrics(metrics: Metrics, loss: Loss, y: Sequence[Any]) -> dict[str, Metric]:
    """The metrics by their names."""
    found: dict[str, Metric] = {}
    by_default = ["accuracy"] if loss is cross_entropy or known_metrics.are_two_classes(y) else []
    chosen = by_default if metrics is None else [metrics] if isinstance(metrics, str) or callable(metrics) else metrics
    if not hasattr(chosen, "__iter__"):
        raise InputError(f"metrics must be names, or functions of outputs and targets, not {metrics!r}")
    for metric in chosen:
        name = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
        if name in found or name in ("loss", "seconds", "epoch") or name.startswith("validation_"):
            raise InputError(f"the history can have no second curve {name!r}: give that metric a name of its own")
        if callable(metric):
            found[name] = metric
        elif metric == "accuracy":
            if known_metrics.is_measurable(loss, y):
                found[name] = _accuracy(loss, y)
            elif metrics is not None:
                raise InputError(
                    "all targets are 1, and the loss does not tell whether the other class is 0 or -1: pass "
                    "metrics=[lambda outputs, targets: accuracy(outputs, targets, threshold=0.5)] for 0, or threshold=0.0 for -1"
                )
        elif metric in ("mean_absolute_error", "r2_score"):
            found[name] = getattr(known_metrics, metric)
        else:
            raise InputError(
                f'there is no metric {metric!r}: choose "accuracy", "mean_absolute_error" or "r2_score", '
                "or pass a function of outputs and targets"
            )
    return found


def _accuracy(loss: Loss, y: Sequence[Any]) -> Metric:
    """Accuracy. The threshold follows from the first outputs, which have the form that the loss takes, and then stays."""
    threshold: float | None = None

    def accuracy(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
        nonlocal threshold
        if threshold is None:
            threshold = known_metrics.threshold_of(loss, y, outputs[0])
        return known_metrics.accuracy(outputs, targets, threshold or 0.0)

    return accuracy


# -- what is printed ----------------------------------------------------------------------------------------------------


def _line(history: History, epochs: int, names: list[str]) -> str:
    def shown(name: str, number: float) -> str:
        return f"{name.replace('_', ' ')} {number:.1%}" if name.endswith("accuracy") else f"{name.replace('_', ' ')} {number:.4g}"

    parts = [f"loss {history.loss[-1]:.4f}", *[f"training {shown(name, history.metrics[name][-1])}" for name in names]]
    if history.validation_loss:
        parts.append(f"test loss {history.validation_loss[-1]:.4f}")
        parts += [f"test {shown(name, history.metrics[f'validation_{name}'][-1])}" for name in names]
    return f"epoch {len(history.loss)}/{epochs}: {', '.join(parts)}, {history.seconds[-1]:.2f} s"


def _progress_bar(total: int, progress: bool) -> Any:
    """A bar that clears itself away at the end; not shown in a file, or in another program's pipe."""
    if importlib.util.find_spec("ipywidgets"):
        from tqdm.auto import tqdm
    else:  # in a notebook tqdm.auto would warn that it is missing
        from tqdm import tqdm

    seen = sys.stderr.isatty() or "ipykernel" in sys.modules  # a notebook is no terminal, and shows it all the same
    return tqdm(total=total, disable=not (progress and seen), unit="batch", leave=False)


def _say(bar: Any, line: str) -> None:
    bar.write(line)  # above the bar, on standard output
    sys.stdout.flush()  # at once, also where a pipe would collect the lines
