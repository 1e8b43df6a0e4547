"""Misuse of the public callables that are plain Python in both builds: wrong arguments raise the library's own errors."""

import inspect
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from misuses import WRONG

import autograd
import nn
from autograd import Value, compile, draw, explain, paths, play, to_jax, to_latex
from autograd.errors import AutogradError
from nn import MLP, Adam, Linear, Module

X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 0.0, 1.0]


def square(x: Any) -> Any:
    return x * x


def model() -> MLP:
    return MLP(2, [2, 1])


def parameters() -> list[Value]:
    return model().parameters()


def graph() -> Value:
    x = Value(0.5, label="x")
    return x * x + 1.0


def leaf_and_root() -> list[Any]:
    x = Value(0.5, label="x")
    return [x * x, x]


def fit(model: Any, X: Any, y: Any, epochs: Any = 1, batch_size: Any = 32, **options: Any) -> Any:
    return nn.fit(model, X, y, loss=nn.mse, epochs=epochs, batch_size=batch_size, progress=False, **options)


Calls = dict[str, tuple[Callable[..., Any], Callable[[], list[Any]]]]

CORE: Calls = {
    "compile": (compile, lambda: [square]),
    "compile(in_axes=…)": (lambda in_axes: compile(square, in_axes=in_axes), lambda: [None]),
    "compile(executor=…)": (lambda executor: compile(square, executor=executor), lambda: ["numpy"]),
    "compile(f)": (compile(square, executor="numpy"), lambda: [2.0]),
    "compile(f).value_and_grad": (lambda x, wrt, reduce: compile(square, executor="numpy").value_and_grad(x, wrt=wrt, reduce=reduce), lambda: [2.0, None, "sum"]),
    "compile(f).vjp": (compile(square, executor="numpy").vjp, lambda: [2.0]),
    "compile(f).jvp": (compile(square, executor="numpy").jvp, lambda: [(2.0,), (1.0,)]),
    "explain": (explain, lambda: [square, 2.0]),
    "draw": (draw, lambda: [graph(), "svg", "LR", "builtin", None, 100]),
    "play": (play, lambda: [graph()]),
    "to_latex": (to_latex, lambda: [graph()]),
    "to_latex(wrt=…)": (lambda wrt: to_latex(graph(), wrt=wrt), lambda: [None]),
    "paths": (paths, leaf_and_root),
    "to_jax": (to_jax, lambda: [compile(square, executor="numpy"), 2.0]),
    "compare_with_torch": (autograd.compare_with_torch, lambda: [graph()]),
}  # fmt: skip

NN: Calls = {
    "ELU": (nn.ELU, lambda: [1.0]),
    "LeakyReLU": (nn.LeakyReLU, lambda: [0.1]),
    "GELU": (nn.GELU, list),
    **{f"{kind.__name__}()": (kind(), lambda: [0.5]) for kind in (nn.ReLU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.LeakyReLU, nn.ELU, nn.GELU)},
    **{f"{kind.__name__}()": (kind(), lambda: [[0.5, 1.0]]) for kind in (nn.Softmax, nn.LogSoftmax, nn.Hardmax)},
    "MLP": (MLP, lambda: [2, [2, 1]]),
    "MLP()": (lambda x: model()(x), lambda: [[0.5, 1.0]]),
    "Layer": (nn.Layer, lambda: [2, 1]),
    "Layer()": (lambda x: nn.Layer(2, 1)(x), lambda: [[0.5, 1.0]]),
    "Linear": (Linear, lambda: [2, 1]),
    "Linear()": (lambda x: Linear(2, 1)(x), lambda: [[0.5, 1.0]]),
    "Neuron": (nn.Neuron, lambda: [2]),
    "Neuron()": (lambda x: nn.Neuron(2)(x), lambda: [[0.5, 1.0]]),
    "Embedding": (nn.Embedding, lambda: [3, 2]),
    "Embedding()": (lambda x: nn.Embedding(3, 2)(x), lambda: [[1, 0]]),
    "Dropout": (nn.Dropout, lambda: [0.5]),
    "Flatten()": (lambda x: nn.Flatten()(x), lambda: [[[0.5], [1.0]]]),
    "Sequential": (nn.Sequential, lambda: [Linear(2, 1)]),
    "Conv2d": (nn.Conv2d, lambda: [1, 1, 2]),
    "Conv2d()": (lambda x: nn.Conv2d(1, 1, 2)(x), lambda: [[[[0.5, 1.0], [1.0, 0.5]]]]),
    "AvgPool2d": (nn.AvgPool2d, lambda: [2]),
    "MaxPool2d": (nn.MaxPool2d, lambda: [2]),
    "SGD": (nn.SGD, lambda: [parameters(), 0.1]),
    "Adam": (Adam, lambda: [parameters(), 0.1]),
    "AdamW": (nn.AdamW, lambda: [parameters(), 0.1]),
    "RMSprop": (nn.RMSprop, lambda: [parameters(), 0.1]),
    "clip_grad_norm_": (nn.clip_grad_norm_, lambda: [parameters(), 1.0]),
    "clip_grad_value_": (nn.clip_grad_value_, lambda: [parameters(), 1.0]),
    "fit": (fit, lambda: [model(), X, Y, 1, 2]),
    "predict": (nn.predict, lambda: [model(), X]),
    "evaluate": (lambda model, X, y: nn.evaluate(model, X, y, loss=nn.mse), lambda: [model(), X, Y]),
    "batches": (lambda *args: list(nn.batches(*args)), lambda: [X, Y, 2]),
    "save": (nn.save, lambda: [model(), "unused/weights"]),
    "load": (nn.load, lambda: [model(), "unused/weights"]),
    "load_state_dict": (lambda state: model().load_state_dict(state), lambda: [model().state_dict()]),
    "new_figure": (nn.new_figure, lambda: [3.0, 3.0]),
    "plot_activation": (nn.plot_activation, lambda: ["relu", -1.0, 1.0]),
    "plot_decision_boundary": (nn.plot_decision_boundary, lambda: [model(), X, Y]),
    "plot_gradients": (nn.plot_gradients, lambda: [model()]),
    "plot_network": (nn.plot_network, lambda: [model()]),
    "data.split": (nn.data.split, lambda: [X, Y, 0.4]),
    "data.as_lists": (nn.data.as_lists, lambda: [X]),
    **{f"losses.{name}": (getattr(nn.losses, name), lambda: [Value(0.5), 1.0]) for name in ("mse", "quadratic", "mae", "huber", "hinge", "binary_cross_entropy", "binary_cross_entropy_with_logits")},
    "losses.cross_entropy": (nn.losses.cross_entropy, lambda: [[Value(0.5), Value(1.0)], 1]),
    "losses.mean": (nn.losses.mean, lambda: [[Value(0.5)]]),
    "losses.l1": (nn.losses.l1, lambda: [parameters(), 0.1]),
    "losses.l2": (nn.losses.l2, lambda: [parameters(), 0.1]),
    **{f"metrics.{name}": (getattr(nn.metrics, name), lambda: [[0.1, 0.9], [0, 1]]) for name in ("accuracy", "confusion_matrix", "mean_absolute_error", "r2_score")},
    "initialisers.constant": (nn.initialisers.constant, lambda: [0.5]),
    "initialisers.uniform": (nn.initialisers.uniform, lambda: [0.0, 1.0]),
    "initialisers.normal": (nn.initialisers.normal, lambda: [0.0, 1.0]),
    "schedules.StepLR": (nn.schedules.StepLR, lambda: [Adam(parameters()), 2, 0.5]),
    "schedules.ExponentialLR": (nn.schedules.ExponentialLR, lambda: [Adam(parameters()), 0.5]),
    "schedules.CosineAnnealingLR": (nn.schedules.CosineAnnealingLR, lambda: [Adam(parameters()), 5]),
}  # fmt: skip

CALLS = {**CORE, **NN}

OF_PYTHON = (FileNotFoundError, IsADirectoryError)
"""Errors of the file system, for arguments that are paths."""


def is_of_the_argument(error: Exception) -> bool:
    """Whether the wrong argument is a function that was called, and raised the error itself or does not take what it was called with."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return last.name == "square" or "square()" in str(error) or str(error).startswith("int() argument")


@pytest.mark.parametrize("name", CALLS)
def test_what_is_raised_is_ours(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call, good = CALLS[name]
    if name.startswith(("plot", "new_figure")):
        pytest.importorskip("matplotlib")
    if name in ("to_jax", "compare_with_torch"):
        pytest.importorskip({"to_jax": "jax", "compare_with_torch": "torch"}[name])
    bare = []
    for k in range(len(good())):
        for words, make in WRONG.items():
            if words == "a number too large":  # is a right number of epochs, or of neurons
                continue
            args = good()
            args[k] = make(autograd)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    call(*args)
            except (AutogradError, *OF_PYTHON):
                continue
            except Exception as error:
                if not is_of_the_argument(error):
                    bare.append(f"argument {k + 1} is {words}: {type(error).__name__}: {error}")
    assert not bare, "\n".join(bare)


def test_right_arguments_are_right() -> None:
    for name, (call, good) in CALLS.items():
        if not name.startswith(("plot", "new_figure", "save", "load", "to_jax", "compare_with_torch")):
            call(*good())


def test_every_public_callable_is_called() -> None:
    called = {name.split("(")[0].split(".")[-1] for name in CALLS}
    for name in nn.__all__:
        thing = getattr(nn, name)
        if isinstance(thing, types.ModuleType) or thing in (Module, nn.History, nn.Flatten, nn.Identity):
            continue
        assert callable(thing)
        assert name in called or not inspect.signature(thing).parameters, name
