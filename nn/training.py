"""Training: `fit`, its `History`, and what a trained model answers: `predict`, `evaluate`."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.errors import InputError, MissingPackageError, TrainingError
from autograd.value import Value, operand
from nn.checks import paired, whole
from nn.data import batches
from nn.losses import cross_entropy
from nn.module import Module
from nn.optimizers import Adam, Optimizer

Loss = Callable[[Any, Any], Value]


@dataclass
class History:
    """What happened in each epoch: the mean loss and the accuracy while training, and on the validation data, and seconds."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def plot(self) -> Any:
        """The curves, as a matplotlib figure.

        Raises:
            MissingPackageError: matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator
        except ImportError as error:
            raise MissingPackageError("plotting needs matplotlib: pip install 'scalar-autograd[plot]'") from error
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for curve, label, style in (
                (getattr(self, name), "training", "o-"),
                (getattr(self, f"validation_{name}"), "test", "s--"),
            ):
                if curve:
                    axes.plot(range(1, len(curve) + 1), curve, style, label=label, markersize=4)
            axes.set(title=name, xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if axes.lines:
                axes.legend()
        return figure


def fit(
    model: Module,
    X: Sequence[Any],
    y: Sequence[Any],
    *,
    loss: Loss = cross_entropy,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int | None = 32,
    validation: tuple[Sequence[Any], Sequence[Any]] | None = None,
    rng: random.Random | None = None,
    progress: bool = True,
) -> History:
    """Train a model: for each batch the mean loss, its gradient, one step of the optimizer.

    Args:
        model: called with one sample, returns what `loss` takes.
        X, y: samples and targets.
        loss: a function of the output and the target of one sample.
        optimizer: by default `Adam(model.parameters())`.
        epochs: how often to go through the data.
        batch_size: see `batches`.
        validation: samples and targets that are looked at after each epoch, and never learned from; the lines call them "test".
        rng: the generator that shuffles.
        progress: print a line an epoch, and show a progress bar where there is a terminal or a notebook for it.

    Returns:
        The history. Ctrl-C ends training early, and returns the history so far.

    Raises:
        TrainingError: the loss or a gradient is not finite; the parameters are those before the step.
        InputError: the data do not fit together.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [2], rng=random.Random(0))
        >>> history = fit(model, [[0.0], [1.0]], [0, 1], optimizer=SGD(model.parameters(), lr=1.0), epochs=20, progress=False)
        >>> history.accuracy[-1]
        1.0
    """
    paired("fit", X, y)
    if validation is not None:
        paired("validation", *validation)
    epochs = whole("epochs", epochs)
    size = len(X) if batch_size is None else whole("batch_size", batch_size)
    optimizer = optimizer or Adam(model.parameters())
    history = History()
    with _progress_bar(epochs * math.ceil(len(X) / size), progress) as bar:
        try:
            for epoch in range(epochs):
                bar.set_description(f"epoch {epoch + 1}/{epochs}")
                start = time.perf_counter()
                learned = _learn(model, loss, optimizer, batches(X, y, size, rng=rng), bar)
                found = None if validation is None else evaluate(model, *validation, loss=loss)
                # all at once, so that an interrupted epoch leaves the lists equally long
                history.loss.append(learned["loss"])
                history.accuracy.append(learned["accuracy"])
                if found is not None:
                    history.validation_loss.append(found["loss"])
                    history.validation_accuracy.append(found["accuracy"])
                history.seconds.append(time.perf_counter() - start)
                if progress:
                    _say(bar, _line(history, epochs))
        except KeyboardInterrupt:
            if progress:
                _say(bar, f"stopped after {len(history.loss)} of {epochs} epochs")
    return history


def _learn(model: Module, loss: Loss, optimizer: Optimizer, epoch: Iterable[tuple[list[Any], list[Any]]], bar: Any) -> dict[str, float]:
    """One epoch; the mean loss and the accuracy of the outputs from which the steps were computed."""
    total, correct, seen = 0.0, 0, 0
    for samples, targets in epoch:
        outputs = [model(x) for x in samples]  # type: ignore[operator]
        losses = [loss(output, target) for output, target in zip(outputs, targets, strict=True)]
        _step(model, optimizer, losses)
        total += math.fsum(one.data for one in losses)
        correct += _correct(outputs, targets)
        seen += len(samples)
        bar.update()
    return {"loss": total / seen, "accuracy": correct / seen}


def _step(model: Module, optimizer: Optimizer, losses: list[Value]) -> None:
    mean = sum(losses[1:], losses[0]) / len(losses)
    if not isinstance(mean, Value):
        raise InputError(f"a loss must be a Value, which has a gradient, not a {type(mean).__name__}: compute it from the model's output")
    for name, one in [(f"sample {i} of this batch", one) for i, one in enumerate(losses)] + [("this batch", mean)]:
        if not math.isfinite(one.data):
            raise TrainingError(f"the loss of {name} is {one.data}: lower the learning rate, or check the data")
    optimizer.zero_grad()
    mean.backward()
    for p in optimizer.parameters:
        if not math.isfinite(p.grad):
            names = {value: name for name, value in model.named_parameters()}
            raise TrainingError(f"the gradient of {names.get(p, 'a parameter')} is {p.grad}; the parameters are those before this step")
    optimizer.step()


def predict(model: Module, X: Sequence[Any]) -> list[Any]:
    """The model's outputs for many samples, as numbers: one, or a list of them, for each.

    Example:
        >>> from nn import MLP
        >>> len(predict(MLP(2, [3]), [[0.0, 1.0], [1.0, 0.0]]))
        2
    """
    return [_numbers(model(x)) for x in X]  # type: ignore[operator]


def evaluate(model: Module, X: Sequence[Any], y: Sequence[Any], *, loss: Loss = cross_entropy) -> dict[str, float]:
    """The mean loss and the accuracy on samples and targets.

    Example:
        >>> from nn import MLP
        >>> sorted(evaluate(MLP(2, [3]), [[0.0, 1.0]], [2]))
        ['accuracy', 'loss']
    """
    paired("evaluate", X, y)
    outputs = predict(model, X)
    constants = [operand(out) if isinstance(out, float) else [operand(o) for o in out] for out in outputs]
    total = math.fsum(loss(out, target).data for out, target in zip(constants, y, strict=True))
    return {"loss": total / len(X), "accuracy": _correct(outputs, y) / len(X)}


def _numbers(output: Any) -> Any:
    """Numbers only, so that the graph behind them is freed."""
    return output.data if isinstance(output, Value) else [o.data for o in output]


def _correct(outputs: Sequence[Any], targets: Sequence[Any]) -> int:
    """How many outputs are largest at the target class; a single output is a class by its sign, against -1 or 1, 0 or 1."""
    return sum(_is_correct(output, target) for output, target in zip(outputs, targets, strict=True))


def _is_correct(output: Any, target: Any) -> bool:
    if isinstance(output, (Value, float)):
        return bool((output > 0.0) == (target > 0.0))
    best = max(range(len(output)), key=output.__getitem__)
    if hasattr(target, "__len__"):
        return bool(target[best] == max(target))
    return bool(best == target)


def _line(history: History, epochs: int) -> str:
    line = f"epoch {len(history.loss)}/{epochs}: loss {history.loss[-1]:.4f}, training accuracy {history.accuracy[-1]:.1%}"
    if history.validation_loss:
        line += f", test loss {history.validation_loss[-1]:.4f}, test accuracy {history.validation_accuracy[-1]:.1%}"
    return line + f", {history.seconds[-1]:.1f} s"


def _progress_bar(total: int, progress: bool) -> Any:
    """A bar that clears itself away at the end; not shown in a file, or in another program's pipe."""
    from tqdm.auto import tqdm

    seen = sys.stderr.isatty() or "ipykernel" in sys.modules  # a notebook is no terminal, and shows it all the same
    return tqdm(total=total, disable=not (progress and seen), unit="batch", leave=False)


def _say(bar: Any, line: str) -> None:
    bar.write(line)  # above the bar, on standard output
    sys.stdout.flush()  # at once, also where a pipe would collect the lines
