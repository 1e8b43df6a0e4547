"""Training: `fit`; and what a trained model answers: `predict`, `evaluate`."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import InputError
from autograd.value import Value
from nn import metrics as known_metrics
from nn.checks import paired, whole
from nn.data import as_lists, batches
from nn.gradients import Compiled, Eager, Loss, Penalty, check, evaluating
from nn.history import History
from nn.losses import binary_cross_entropy_with_logits, cross_entropy
from nn.module import Module
from nn.optimizers import Adam, Optimizer
from nn.schedules import Schedule

Metric = Callable[[Sequence[Any], Sequence[Any]], float]
Metrics = Sequence[str | Metric] | None

COMPILED_FROM = 1000
"""From how many samples on `predict` and `evaluate` record the model first, which takes as long as some hundred samples."""


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

    The loss of a sample is recorded once and run for a batch at a time, where that can be done; otherwise a line says why not, and
    every sample is computed by itself.

    Args:
        model: called with one sample, returns what `loss` takes.
        X, y: samples and targets: lists, NumPy arrays, or pandas frames.
        loss: a function of the output and the target of one sample. While it is recorded, both are Values.
        optimizer: by default `Adam(model.parameters())`. The parameters it was given are trained, no others.
        epochs: how often to go through the data, at most.
        batch_size: see `batches`.
        validation: samples and targets that are looked at after each epoch, and never learned from; the lines call them "test".
        metrics: what to measure beside the loss: names from `nn.metrics`, or functions of outputs and targets. By default the
            accuracy, if the targets are classes.
        penalty: a function of the model, as ``lambda model: losses.l2(model.parameters(), 1e-4)``, added to the mean loss of each batch;
            the losses that are reported are without it.
        schedule: changes the learning rate after each epoch; see `nn.schedules`.
        patience: stop after so many epochs without improvement of the validation loss (or, without validation data, of the training
            loss), and go back to the best weights.
        tol: by how much a loss must be lower to be an improvement.
        callbacks: called with the history after each epoch; one that returns True ends the training.
        executor: "auto", "eager", or "numpy": how gradients are computed.
        rng: the generator that shuffles.
        progress: print a line an epoch, and show a progress bar where there is a terminal or a notebook for it.

    Returns:
        The history. Ctrl-C ends training early, and returns the history so far.

    Raises:
        TrainingError: the loss or a gradient is not finite; the parameters are those before the step.
        InputError: the data do not fit together, or a setting is none.
        AutogradError: what the model or the loss raise for a sample.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [2], rng=random.Random(0))
        >>> history = fit(model, [[0.0], [1.0]], [0, 1], optimizer=SGD(model.parameters(), lr=1.0), epochs=20, progress=False)
        >>> history.accuracy[-1]
        1.0
    """
    X, y = as_lists(X), as_lists(y)
    paired("fit", X, y)
    if validation is not None:
        validation = as_lists(validation[0]), as_lists(validation[1])
        paired("validation", *validation)
    epochs = whole("epochs", epochs)
    size = len(X) if batch_size is None else whole("batch_size", batch_size)
    if patience is not None:
        patience = whole("patience", patience)
    measured = _metrics(metrics, loss, y)
    optimizer = optimizer or Adam(model.parameters())
    data = _Data(X, y)
    model.train()
    test = None if validation is None else _Data(*validation)
    history = History()
    best = _Best(patience, tol)
    with _progress_bar(epochs * math.ceil(len(X) / size), progress) as bar:
        try:
            engine, reason = _engine(executor, model, loss, optimizer.parameters, penalty, data)
            for epoch in range(epochs):
                bar.set_description(f"epoch {epoch + 1}/{epochs}")
                start = time.perf_counter()
                learned = _learn(engine, optimizer, data, size, rng, measured, bar)
                found = None if test is None else _look(engine, model, test, measured)
                # all at once, so that an interrupted epoch leaves the lists equally long
                history.loss.append(learned.pop("loss"))
                for name, number in learned.items():
                    history.metrics.setdefault(name, []).append(number)
                if found is not None:
                    history.validation_loss.append(found.pop("loss"))
                    for name, number in found.items():
                        history.metrics.setdefault(f"validation_{name}", []).append(number)
                history.seconds.append(time.perf_counter() - start)
                if progress:
                    if reason and epoch == 0:  # only now: it may be an error of the data, that eager code has too
                        _say(bar, f"not compiled: {reason}")
                    _say(bar, _line(history, epochs, list(measured)))
                if schedule is not None:
                    schedule.step()
                stopped = best.is_reached(history, optimizer.parameters)
                if stopped and progress:
                    _say(bar, f"no improvement for {patience} epochs: back to the weights of epoch {best.epoch}")
                if sum(callback(history) is True for callback in callbacks) or stopped:  # all of them are called
                    break
        except KeyboardInterrupt:
            if progress:
                _say(bar, f"stopped after {len(history.loss)} of {epochs} epochs")
    return history


class _Data:
    """Samples and targets: as lists for eager code, and as arrays, where they have a regular shape, for compiled code."""

    def __init__(self, X: list[Any], y: list[Any] | None) -> None:
        self.X = X
        self.y = y
        self._arrays: Any = None

    def arrays(self) -> tuple[Any, Any]:
        """Both as arrays.

        Raises:
            InputError: they have no regular shape.
        """
        import numpy as np

        if self._arrays is None:
            try:
                self._arrays = np.array(self.X, np.float64), None if self.y is None else np.array(self.y, np.float64)
            except (TypeError, ValueError) as error:
                raise InputError(f"the data are no arrays of numbers: {error}") from None
        return self._arrays  # type: ignore[no-any-return]

    def some(self, engine: Eager | Compiled, order: Sequence[int]) -> tuple[Any, Any]:
        """A few of the samples, as the engine takes them."""
        if isinstance(engine, Compiled):
            X, y = self.arrays()
            indices = list(order)
            return X[indices], None if y is None else y[indices]
        return [self.X[i] for i in order], None if self.y is None else [self.y[i] for i in order]


class _Best:
    """The best weights so far, and for how many epochs there were none better."""

    def __init__(self, patience: int | None, tol: float) -> None:
        self.patience = patience
        self.tol = tol
        self.loss = math.inf
        self.epoch = 0
        self.weights: list[float] = []

    def is_reached(self, history: History, parameters: Sequence[Value]) -> bool:
        """Whether it is time to stop; the parameters are the best ones then."""
        if self.patience is None:
            return False
        loss = (history.validation_loss or history.loss)[-1]
        if loss < self.loss - self.tol:
            self.loss, self.epoch, self.weights = loss, len(history.loss), [p.data for p in parameters]
        if len(history.loss) - self.epoch < self.patience:
            return False
        for p, number in zip(parameters, self.weights, strict=True):
            p.data = number
        return True


def _engine(
    executor: str, model: Module, loss: Loss, parameters: Sequence[Value], penalty: Penalty | None, data: _Data
) -> tuple[Eager | Compiled, str]:
    """How gradients are computed: compiled, if the first sample can be recorded; and if not, why."""
    if executor not in ("auto", "eager", "numpy"):
        raise InputError(f'executor must be "auto", "eager" or "numpy", not {executor!r}')
    eager = Eager(model, loss, parameters, penalty)
    if executor == "eager":
        return eager, ""
    engine = Compiled(model, loss, parameters, penalty)
    try:
        engine.record(*data.some(engine, range(1)))
    except Exception as error:  # whatever it is: eager code will raise it too, or do without
        if executor != "auto":
            raise
        return eager, (str(error) or type(error).__name__).splitlines()[0]
    return engine, ""


def _learn(
    engine: Eager | Compiled, optimizer: Optimizer, data: _Data, size: int, rng: random.Random | None, measured: dict[str, Metric], bar: Any
) -> dict[str, float]:
    """One epoch; the mean loss and the metrics of the outputs from which the steps were computed."""
    losses: list[float] = []
    outputs: list[Any] = []
    targets: list[Any] = []
    eager = engine if isinstance(engine, Eager) else engine.eager
    everything = range(len(data.X))
    engine.read()
    try:
        for order, _ in batches(everything, everything, size, rng=rng):
            found, answers, gradient = _gradient(engine, eager, data, order)
            samples, wanted = data.some(eager, order)
            check(eager, samples, wanted, order, found, gradient)
            engine.update(optimizer.update, gradient)
            losses += found
            outputs += answers
            targets += wanted
            bar.update()
    finally:
        engine.write()
    return {"loss": math.fsum(losses) / len(losses), **{name: metric(outputs, targets) for name, metric in measured.items()}}


def _gradient(engine: Eager | Compiled, eager: Eager, data: _Data, order: Sequence[int]) -> Any:
    try:
        return engine.gradient(*data.some(engine, order))
    except FloatingPointError:  # a sample left a domain: eager code raises the error that says which
        engine.write()
        eager.gradient(*data.some(eager, order))
        raise  # pragma: no cover - unless the two do not agree


def _look(engine: Eager | Compiled, model: Any, data: _Data, measured: dict[str, Metric]) -> dict[str, float]:
    """The mean loss and the metrics, in evaluation mode."""
    with evaluating(model):
        engine.read()
        try:
            losses, outputs = engine.evaluate(*data.some(engine, range(len(data.X))))
        except FloatingPointError:
            assert isinstance(engine, Compiled)
            losses, outputs = engine.eager.evaluate(data.X, data.y)
    targets = data.y or []
    return {"loss": math.fsum(losses) / len(losses), **{name: metric(outputs, targets) for name, metric in measured.items()}}


def predict(model: Any, X: Any) -> list[Any]:
    """The model's outputs for many samples, as numbers: one, or a list of them, for each. In evaluation mode.

    Args:
        model: called with one sample.
        X: samples: a list, a NumPy array, or a pandas frame.

    Example:
        >>> from nn import MLP
        >>> len(predict(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]]))
        2
    """
    return _answers(model, None, _Data(as_lists(X), None))[1]


def evaluate(model: Any, X: Any, y: Any, *, loss: Loss = cross_entropy, metrics: Metrics = None) -> dict[str, float]:
    """The mean loss and the metrics on samples and targets, in evaluation mode.

    Args:
        model, X, y, loss, metrics: as for `fit`.

    Raises:
        InputError: the lengths differ, there are no samples, or there is no such metric.

    Example:
        >>> from nn import MLP
        >>> sorted(evaluate(MLP(2, [3]), [[0.0, 1.0]], [2]))
        ['accuracy', 'loss']
    """
    X, y = as_lists(X), as_lists(y)
    paired("evaluate", X, y)
    measured = _metrics(metrics, loss, y)
    losses, outputs = _answers(model, loss, _Data(X, y))
    return {"loss": math.fsum(losses) / len(losses), **{name: metric(outputs, y) for name, metric in measured.items()}}


def _answers(model: Any, loss: Any, data: _Data) -> tuple[list[float], list[Any]]:
    """The losses and outputs: recorded first where there are many samples."""
    with evaluating(model):
        eager = Eager(model, loss, [])
        if len(data.X) >= COMPILED_FROM and isinstance(model, Module):
            try:
                engine = Compiled(model, loss, [])
                return engine.evaluate(*data.some(engine, range(len(data.X))))
            except Exception:  # eager code will raise it too, or do without
                return eager.evaluate(data.X, data.y)
        return eager.evaluate(data.X, data.y)


def _metrics(metrics: Metrics, loss: Loss, y: Sequence[Any]) -> dict[str, Metric]:
    """The metrics by their names."""
    if metrics is None:
        metrics = ["accuracy"] if loss is cross_entropy or _are_classes(y) else []
    found: dict[str, Metric] = {}
    for metric in [metrics] if isinstance(metrics, str) or callable(metrics) else metrics:
        if callable(metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric == "accuracy":
            found[metric] = _accuracy(loss, y)
        elif metric in ("mean_absolute_error", "r2_score"):
            found[metric] = getattr(known_metrics, metric)
        else:
            raise InputError(
                f'there is no metric {metric!r}: choose "accuracy", "mean_absolute_error" or "r2_score", '
                "or pass a function of outputs and targets"
            )
    return found


def _accuracy(loss: Loss, y: Sequence[Any]) -> Metric:
    """Accuracy; of single outputs with a threshold half way between the two targets, or of logits at 0."""
    zero_and_one = all(target in (0, 1) for target in y if not hasattr(target, "__len__"))
    threshold = 0.5 if zero_and_one and loss is not binary_cross_entropy_with_logits else 0.0

    def accuracy(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
        return known_metrics.accuracy(outputs, targets, threshold)

    return accuracy


def _are_classes(y: Sequence[Any]) -> bool:
    return all(isinstance(target, (int, float)) and math.isfinite(target) and target == int(target) for target in y)


def _line(history: History, epochs: int, names: list[str]) -> str:
    def shown(name: str, number: float) -> str:
        return f"{name.replace('_', ' ')} {number:.1%}" if name.endswith("accuracy") else f"{name.replace('_', ' ')} {number:.4g}"

    parts = [f"loss {history.loss[-1]:.4f}", *[f"training {shown(name, history.metrics[name][-1])}" for name in names]]
    if history.validation_loss:
        parts.append(f"test loss {history.validation_loss[-1]:.4f}")
        parts += [f"test {shown(name, history.metrics[f'validation_{name}'][-1])}" for name in names]
    return f"epoch {len(history.loss)}/{epochs}: {', '.join(parts)}, {history.seconds[-1]:.1f} s"


def _progress_bar(total: int, progress: bool) -> Any:
    """A bar that clears itself away at the end; not shown in a file, or in another program's pipe."""
    from tqdm.auto import tqdm

    seen = sys.stderr.isatty() or "ipykernel" in sys.modules  # a notebook is no terminal, and shows it all the same
    return tqdm(total=total, disable=not (progress and seen), unit="batch", leave=False)


def _say(bar: Any, line: str) -> None:
    bar.write(line)  # above the bar, on standard output
    sys.stdout.flush()  # at once, also where a pipe would collect the lines
