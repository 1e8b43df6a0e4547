"""Training: `fit`."""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable, Sequence

from autograd._runtime.temporary import afterwards
from autograd.errors import InputError
from autograd.value import Value
from nn.checks import generator, loss_function, paired, whole
from nn.data.rows import Rows
from nn.early_stopping import EarlyStopping
from nn.engine.eager_engine import EagerEngine
from nn.engine.interface import Engine
from nn.engine.kept_engines import engine_to_train, keep_trained
from nn.engine.reuse import are_same
from nn.engine.samples import Samples
from nn.epoch import is_of_user, run_epoch
from nn.history import History
from nn.interrupts import handling_interrupts
from nn.losses import Loss, Penalty, cross_entropy
from nn.measuring import Metrics, measured, metrics_named
from nn.module import Module
from nn.optimizers import Adam, Optimizer
from nn.progress import epoch_line, progress_bar, say
from nn.schedules import Schedule
from nn.snapshots import Snapshots


def fit(
    model: Module,
    X: Rows,
    y: Rows,
    *,
    loss: Loss = cross_entropy,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int | None = 32,
    validation: tuple[Rows, Rows] | None = None,
    metrics: Metrics = None,
    penalty: Penalty | None = None,
    schedule: Schedule | None = None,
    patience: int | None = None,
    tol: float = 0.0,
    callbacks: Sequence[Callable[[History], object]] = (),
    snapshots: bool | int = False,
    executor: str = "auto",
    rng: random.Random | None = None,
    progress: bool = True,
) -> History:
    """Train a model: for each batch compute the mean loss and its gradient, and make one step of the optimizer.

    The loss of a sample is recorded once and run for a batch at a time, also in later calls for the same model, until something changes on
    which the record depends. Where that is impossible, a line says why (without `progress` a
    RuntimeWarning), and every sample is computed by itself, as with ``executor="eager"``. The numbers are the same to within rounding.
    After each epoch the model is looked at again, because a callback may have changed it. A model is not compiled if a call changes it,
    as a counter does, or draws random numbers without `drawn`.

    Args:
        model: called with one sample, returns the output that `loss` takes. It is in training mode during training, and in its former
            mode afterwards.
        X, y: samples and targets: lists, NumPy arrays, or pandas frames. In a list a sample may be anything that the model takes. To be
            compiled, it must be a number, lists of the same lengths for all samples, or a dict of those.
        loss: a function of the output and the target of one sample. While it is recorded, both are Values.
        optimizer: by default `Adam(model.parameters())`. It trains the parameters it was given, no others. If its class defines `step`,
            that is called, as in a loop by hand.
        epochs: how often to go through the data, at most.
        batch_size: see `batches`.
        validation: samples and targets on which the model is evaluated after each epoch, and from which it never learns. What is chosen by
            them, such as the number of epochs, fits them too: for the last word, keep other samples, the test, for `evaluate`.
        metrics: what to measure besides the loss: names from `nn.metrics`, or functions of outputs and targets. By default the
            accuracy, if the loss is `cross_entropy`, or if all targets are 0 or 1, or −1 or 1. Its threshold for a single output is
            found by calling the loss once for the targets `y`, see `nn.metrics.threshold_of`.
        penalty: a function of the model, such as ``lambda model: losses.l2(model.parameters(), 1e-4)``. It is added to the mean loss of
            each batch; the reported losses do not include it.
        schedule: changes the learning rate after each epoch; see `nn.schedules`.
        patience: stop when the validation loss (the training loss if there are no validation data) has not improved for this number of
            epochs. The weights after the best epoch are then restored; the callbacks have seen those after the last one.
        tol: by how much a loss must be lower to be an improvement.
        callbacks: called in this order with the history after each epoch. If one of them returns True, training ends.
        snapshots: how many times to keep the parameters in `history.snapshots`, for `film(model, history)`: True for 60 times, fewer
            for a model of more than 333,333 parameters. They are evenly spaced from before the first epoch to after the last, and take 4
            bytes a parameter each.
        executor: "auto"; "eager", sample by sample; or an executor of `compile`, such as "numpy" or "native", with which it is an error
            if something cannot be compiled.
        rng: the generator that shuffles; by default Python's global one.
        progress: print a line for each epoch, and show a progress bar in a terminal or a notebook.

    Returns:
        The history. Ctrl-C ends training early: the history so far is returned, and the parameters are those after the last whole step.

    Raises:
        TrainingError: the loss, a gradient, or a parameter after the step is not finite; the parameters are those before the step.
        InputError: the data do not fit together, or a setting is out of its range.
        CompileError: the model cannot be compiled, and the executor is neither "auto" nor "eager".
        AutogradError: what the model or the loss raises for a sample; a note names the sample.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [2], rng=random.Random(0))
        >>> history = fit(model, [[0.0], [1.0]], [0, 1], optimizer=SGD(model.parameters(), lr=1.0), epochs=20, progress=False)
        >>> history.accuracy[-1]
        1.0
    """
    samples, held_out = _samples("fit", X, y), _validation(validation)
    epochs = whole("epochs", epochs)
    size = len(samples) if batch_size is None else whole("batch_size", batch_size)
    chosen = metrics_named(metrics, loss, samples.y)
    optimizer = _optimizer(model, optimizer, schedule)
    loss_function(loss)
    _check_functions(penalty, callbacks)
    engine = _engine(executor, model, loss, optimizer.parameters, penalty)
    stopping = EarlyStopping(patience, tol, optimizer.parameters)
    rng = None if rng is None else generator(rng)
    engine.watched = bool(callbacks) or any(is_of_user(x) for x in (optimizer, schedule, *chosen.values()) if x is not None)
    history, completed = History(), False
    if snapshots is not False:
        history.snapshots = Snapshots(snapshots, len(model.parameters()), epochs, samples, loss)
        history.snapshots.keep(model, 0)
    with engine.mode(training=True), progress_bar(epochs * math.ceil(len(samples) / size), progress) as bar:

        def show(line: str) -> None:
            if progress:
                say(bar, line)

        try:
            with afterwards(engine.write):  # until then the engine may hold the numbers of the parameters
                for epoch in range(epochs):
                    bar.set_description(f"epoch {epoch + 1}/{epochs}")
                    start, compiled = time.perf_counter(), not engine.reason
                    if epoch and engine.watched:
                        engine.refresh(samples)
                    training = run_epoch(engine, optimizer, samples, size, rng, chosen, bar.update)
                    answers = None if held_out is None else measured(*engine.evaluate(held_out), held_out.y, chosen)
                    with handling_interrupts() as uninterrupted, uninterrupted:
                        history.append(training, answers, time.perf_counter() - start)
                        if history.snapshots is not None:
                            history.snapshots.keep(model, epoch + 1)
                    if engine.reason and compiled:  # only after the epoch, because eager code may have raised the same error
                        show(f"not compiled: {engine.reason}")
                        if not progress:
                            text = f"not compiled, which is many times slower: {engine.reason} (with executor='eager' this is no warning)"
                            warnings.warn(text, RuntimeWarning, stacklevel=2)
                    show(epoch_line(history, epochs, chosen))
                    if schedule is not None:
                        schedule.step()
                    exhausted = stopping.should_stop(history)
                    ended = sum([_is_true(callback(history)) for callback in callbacks])  # a list, so that all of them are called
                    if exhausted:
                        stopping.restore()
                        if history.snapshots is not None:
                            history.snapshots.keep(model, stopping.epoch)
                        show(f"no improvement for {patience} epochs: back to the weights of epoch {stopping.epoch}")
                    if ended or exhausted:
                        break
        except KeyboardInterrupt:
            show(f"stopped after {len(history.loss)} of {epochs} epochs")
        else:
            completed = True
    if completed:
        keep_trained(engine)
    return history


# -- what fit checks of its arguments ------------------------------------------------------------------------------------


def _samples(name: str, X: Rows, y: Rows) -> Samples:
    samples = Samples(X, y)
    paired(name, samples.X, samples.y)
    return samples


def _validation(pair: object) -> Samples | None:
    if pair is None:
        return None
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        given = f"{len(pair)} items" if isinstance(pair, (tuple, list)) else repr(pair)  # the items may be long
        raise InputError(f"validation must be samples and targets, as in validation=(X_validation, y_validation), not {given}")
    return _samples("validation", *pair)


def _optimizer(model: Module, optimizer: Optimizer | None, schedule: Schedule | None) -> Optimizer:
    if not isinstance(model, Module):
        raise InputError(f"fit trains a Module, whose parameters are known, not {model!r}: derive your class from nn.Module")
    own = model.parameters()
    if not own:
        raise InputError(f"{model!r} has no parameters to train: parameters are its attributes that are Values, and those of its Modules")
    if optimizer is None:
        optimizer = Adam(model.parameters())
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"optimizer must be an optimizer of the parameters, as in Adam(model.parameters(), lr=0.01), not {optimizer!r}")
    if not are_same(own, optimizer.parameters) and set(own).isdisjoint(optimizer.parameters):
        raise InputError("the optimizer has the parameters of another model: write optimizer=Adam(model.parameters()) with this one")
    if schedule is not None and getattr(schedule, "optimizer", None) is not optimizer:
        raise InputError("the schedule must have the optimizer that trains: fit(…, optimizer=optimizer, schedule=StepLR(optimizer, 10))")
    return optimizer


def _check_functions(penalty: object, callbacks: object) -> None:
    if penalty is not None and not callable(penalty):
        raise InputError(f"penalty must be a function of the model, as in lambda model: l2(model.parameters(), 1e-4), not {penalty!r}")
    if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
        raise InputError(f"callbacks must be a list of functions of the history, not {callbacks!r}")


def _engine(executor: str, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None) -> Engine:
    """What computes the gradients."""
    from autograd.compiled.backends.registry import NAMES

    if not isinstance(executor, str) or executor not in ("eager", *NAMES):
        raise InputError(f"there is no executor {executor!r}: choose one of eager, {', '.join(NAMES)}")
    if executor == "eager":
        return EagerEngine(model, loss, parameters, penalty)
    return engine_to_train(model, loss, parameters, penalty, executor)


def _is_true(answer: object) -> bool:
    """Whether it is Python's True or NumPy's. Anything else that a callback returns has no meaning."""
    return type(answer).__name__ in ("bool", "bool_") and bool(answer)
