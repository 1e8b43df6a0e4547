"""Misuse of the public callables whose code is Python in both builds: wrong arguments raise the library's own errors, alike in both.

The calls are made in a process of each build, which prints what was raised as JSON.
"""

import inspect
import json
import os
import random
import re
import subprocess
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from misuses import WRONG, square

import autograd
import nn
from autograd import Value, compile, draw, explain, no_grad, paths, play, to_c, to_jax, to_latex
from autograd.errors import AutogradError
from nn import MLP, Adam, Linear, Module
from nn.films import film
from nn.initialisers import he_uniform

ROOT = Path(__file__).resolve().parent.parent.parent
X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 0.0, 1.0]


def model() -> MLP:
    return MLP(2, [2, 1])


def filmed() -> list[Any]:
    trained = model()
    return [trained, fit(trained, X, Y, epochs=1, snapshots=2, progress=False, executor="eager"), X, Y]


def parameters() -> list[Value]:
    return model().parameters()


def graph() -> Value:
    x = Value(0.5, label="x")
    return x * x + 1.0


def leaf_and_root() -> list[Any]:
    x = Value(0.5, label="x")
    return [x * x, x]


def product(x: Any, y: Any) -> Any:
    return x * y


def of_a_vector() -> Any:
    return compiled(norm)


def norm(p: Any) -> Any:
    return autograd.sum([x * x for x in p])


def doubled(p: Any) -> Any:
    return [x * 2.0 for x in p]


def first(p: Any) -> Any:
    return p[0] * 2.0


def compiled(f: Callable[..., Any] = product, **options: Any) -> Any:
    return compile(f, executor="numpy", **options)


def fit(model: Any, X: Any, y: Any, **options: Any) -> Any:
    return nn.fit(model, X, y, **{"loss": nn.mse, "epochs": 1, "progress": False, **options})


def option_of_fit(name: str, **others: Any) -> Callable[[Any], Any]:
    return lambda option: fit(model(), X, Y, **{name: option}, **others)


def with_state(name: Any, number: Any) -> None:
    own = model()
    state: dict[Any, Any] = own.state_dict()
    try:
        state[name] = number
    except TypeError:  # what has no hash is in no dict
        return
    own.load_state_dict(state)


def step_at(lr: Any) -> None:
    optimizer = nn.SGD(parameters())
    optimizer.lr = lr
    optimizer.step()


def with_gradients() -> MLP:
    own = model()
    nn.mse(own([0.0, 1.0]), 1.0).backward()
    return own


def image() -> Any:
    return [[[0.5, 1.0], [1.0, 0.5]]]


Calls = dict[str, tuple[Callable[..., Any], Callable[[], list[Any]]]]

LOSSES = ("mse", "quadratic", "mae", "hinge", "binary_cross_entropy", "binary_cross_entropy_with_logits")
METRICS = ("accuracy", "confusion_matrix", "mean_absolute_error", "r2_score")

CORE: Calls = {
    "compile": (compile, lambda: [square]),
    "compile(in_axes=…)": (lambda in_axes: compiled(square, in_axes=in_axes)([1.0, 2.0]), lambda: [None]),
    "compile(in_axes=(…,))": (lambda in_axis: compiled(square, in_axes=(in_axis,))([1.0, 2.0]), lambda: [0]),
    "compile(executor=…)": (lambda executor: compile(square, executor=executor), lambda: ["numpy"]),
    "Function": (autograd.Function, lambda: [square, (0,), "numpy"]),
    "compile(f)": (compiled(), lambda: [2.0, 1.0]),
    "compile(f), a keyword": (lambda y: compiled()(2.0, y=y), lambda: [1.0]),
    "compile(f), in a list": (lambda x: compiled(first, in_axes=(None,))([x]), lambda: [1.0]),
    "compile(f).value_and_grad": (lambda x, wrt, reduce, aux: compiled().value_and_grad(x, 1.0, wrt=wrt, reduce=reduce, has_aux=aux), lambda: [2.0, None, "sum", False]),
    "compile(f).value_and_grad, wrt": (lambda i: compiled().value_and_grad(2.0, 1.0, wrt=(i,)), lambda: [0]),
    "compile(f).vjp": (compiled().vjp, lambda: [2.0, 1.0]),
    "compile(f).vjp, the function": (lambda x: compiled().vjp(2.0, 1.0)[1](x), lambda: [1.0]),
    "compile(f).jvp": (compiled().jvp, lambda: [(2.0, 1.0), (1.0, 1.0)]),
    "compile(f).jvp, in tuples": (lambda x, d: compiled(square).jvp((x,), (d,)), lambda: [2.0, 1.0]),
    "compile(f).grad": (lambda x, wrt: compiled().grad(x, 1.0, wrt=wrt), lambda: [2.0, 0]),
    "compile(f).jacobian": (lambda x, wrt: of_a_vector().jacobian(x, wrt=wrt), lambda: [[2.0, 1.0], 0]),
    "compile(f).hessian": (lambda x, wrt: of_a_vector().hessian(x, wrt=wrt), lambda: [[2.0, 1.0], 0]),
    "compile(f).hvp": (lambda x, d: of_a_vector().hvp(x, d), lambda: [[2.0, 1.0], [1.0, 0.0]]),
    "compile(f).hvp, two tuples": (lambda xs, ds: compiled().hvp(xs, ds), lambda: [(2.0, 1.0), (1.0, 0.0)]),
    "compile(f).hvp, in tuples": (lambda x, d: compiled().hvp((x, 1.0), (d, 0.0)), lambda: [2.0, 1.0]),
    "compile(f).sparse_jacobian": (lambda x: compiled(doubled).sparse_jacobian(x), lambda: [[2.0, 1.0]]),
    "compile(f).sparse_hessian": (lambda x: of_a_vector().sparse_hessian(x), lambda: [[2.0, 1.0]]),
    "compile(f).record": (lambda x, wrt: compiled().record(x, 1.0, wrt=wrt), lambda: [2.0, None]),
    "compile(f).specialise": (compiled().specialise, lambda: [2.0, 1.0]),
    "compile(f).refresh": (compiled().refresh, lambda: [2.0, 1.0]),
    "compile(f).record_within": (lambda context: compiled().record_within(context), lambda: [no_grad]),
    "Program": (autograd.Program, lambda: [graph(), "numpy"]),
    "explain": (lambda f, x, lines: explain(f, x, lines=lines), lambda: [square, 2.0, 40]),
    "draw": (draw, lambda: [graph(), "svg", "LR", "builtin", None, 100]),
    "draw, by name": (lambda derivatives, color: draw(graph(), derivatives=derivatives, color=color), lambda: [False, "kind"]),
    "draw().pipe": (lambda format, encoding: draw(graph(), engine="builtin").pipe(format, encoding=encoding), lambda: ["svg", "utf-8"]),
    "draw().render": (lambda path, cleanup: draw(graph(), engine="builtin").render(outfile=path, cleanup=cleanup), lambda: ["graph.svg", True]),
    "play": (play, lambda: [graph()]),
    "draw().save": (lambda path: draw(graph(), engine="builtin").save(path), lambda: ["graph.gv"]),
    "play().save": (lambda path: play(graph()).save(path), lambda: ["page.html"]),
    "Player": (autograd.Player, lambda: [play.__globals__["passes"](graph())]),
    "to_latex": (lambda root, wrt, most: to_latex(root, wrt=wrt, max_nodes=most), lambda: [graph(), None, 100]),
    "paths": (paths, leaf_and_root),
    "to_c": (lambda f, x, name, dtype, gradient, checked: to_c(f, x, name=name, dtype=dtype, gradient=gradient, checked=checked), lambda: [compiled(square), 2.0, "model", "float64", True, False]),
    "to_c, a program": (to_c, lambda: [compile(graph())]),
    "to_jax": (lambda f, x, dtype, checked: to_jax(f, x, dtype=dtype, checked=checked), lambda: [compiled(square), 2.0, "float64", False]),
    "compare_with_torch": (autograd.compare_with_torch, lambda: [graph(), 1e-10]),
}  # fmt: skip

NN: Calls = {
    "ELU": (nn.ELU, lambda: [1.0]),
    "LeakyReLU": (nn.LeakyReLU, lambda: [0.1]),
    "GELU": (lambda kind: nn.GELU(kind)(0.5), lambda: ["none"]),
    **{f"{kind.__name__}()": (kind(), lambda: [0.5]) for kind in (nn.ReLU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.LeakyReLU, nn.ELU, nn.GELU)},
    **{f"{kind.__name__}()": (kind(), lambda: [[0.5, 1.0]]) for kind in (nn.Softmax, nn.LogSoftmax, nn.Hardmax)},
    **{f"{kind.__name__}(), in a list": (lambda z, kind=kind: kind()([z, 1.0]), lambda: [0.5]) for kind in (nn.Softmax, nn.LogSoftmax, nn.Hardmax)},  # type: ignore[misc]
    "activation_named": (nn.activations.activation_named, lambda: ["relu"]),
    "is_vectorwise": (nn.activations.is_vectorwise, lambda: [square]),
    "MLP": (lambda nin, nouts, own, last, rng, initialiser: MLP(nin, nouts, own, last, rng=rng, initialiser=initialiser), lambda: [2, [2, 1], "relu", None, None, he_uniform]),
    "MLP, in lists": (lambda size, own: MLP(2, [size, 1], [own, None]), lambda: [2, "relu"]),
    "MLP()": (lambda x: model()(x), lambda: [[0.5, 1.0]]),
    "MLP(), in a list": (lambda x: model()([x, 1.0]), lambda: [0.5]),
    "Layer": (lambda nin, nout, own, rng, initialiser: nn.Layer(nin, nout, own, rng=rng, initialiser=initialiser), lambda: [2, 1, "relu", None, he_uniform]),
    "Layer()": (lambda x: nn.Layer(2, 1)(x), lambda: [[0.5, 1.0]]),
    "Linear": (lambda nin, nout, bias, rng, initialiser: Linear(nin, nout, bias, rng=rng, initialiser=initialiser), lambda: [2, 1, True, None, he_uniform]),
    "Linear, of the initialiser": (lambda number: Linear(2, 1, initialiser=lambda nin, nout, rng: number), lambda: [0.5]),
    "Linear()": (lambda x: Linear(2, 1)(x), lambda: [[0.5, 1.0]]),
    "Neuron": (lambda nin, own, nout, rng: nn.Neuron(nin, own, nout=nout, rng=rng), lambda: [2, "relu", 1, None]),
    "Neuron()": (lambda x: nn.Neuron(2)(x), lambda: [[0.5, 1.0]]),
    "Embedding": (lambda count, size, rng, initialiser: nn.Embedding(count, size, rng=rng, initialiser=initialiser), lambda: [3, 2, None, he_uniform]),
    "Embedding()": (lambda x: nn.Embedding(3, 2)(x), lambda: [[1, 0]]),
    "Embedding(), in a list": (lambda x: nn.Embedding(3, 2)([x]), lambda: [1]),
    "Dropout": (nn.Dropout, lambda: [0.5, None]),
    "Dropout()": (lambda x: nn.Dropout(0.5)(x), lambda: [[0.5, 1.0]]),
    "Flatten()": (lambda x: nn.Flatten()(x), lambda: [[[0.5], [1.0]]]),
    "Identity()": (nn.Identity(), lambda: [0.5]),
    "Sequential": (nn.Sequential, lambda: [Linear(2, 1)]),
    "Sequential()": (lambda x: nn.Sequential(Linear(2, 1))(x), lambda: [[0.5, 1.0]]),
    "Conv2d": (nn.Conv2d, lambda: [1, 1, 2, 1, 0, True]),
    "Conv2d, a pair": (lambda size: nn.Conv2d(1, 1, (2, size)), lambda: [2]),
    "Conv2d()": (lambda x: nn.Conv2d(1, 1, 2)(x), lambda: [image()]),
    "Conv2d(), a pixel": (lambda x: nn.Conv2d(1, 1, 2)([[[x, 1.0], [1.0, 0.5]]]), lambda: [0.5]),
    "AvgPool2d": (nn.AvgPool2d, lambda: [2, 2]),
    "AvgPool2d()": (lambda x: nn.AvgPool2d(2)(x), lambda: [image()]),
    "MaxPool2d": (nn.MaxPool2d, lambda: [2, 2]),
    "MaxPool2d()": (lambda x: nn.MaxPool2d(2)(x), lambda: [image()]),
    "named_parameters": (lambda prefix: list(model().named_parameters(prefix)), lambda: ["p"]),
    "named_modules": (lambda prefix: list(model().named_modules(prefix)), lambda: ["m"]),
    "train": (lambda mode: model().train(mode), lambda: [True]),
    "load_state_dict": (lambda state: model().load_state_dict(state), lambda: [model().state_dict()]),
    "load_state_dict, a name": (lambda name: with_state(name, 1.0), lambda: ["layers.0.neurons.0.b"]),
    "load_state_dict, a number": (lambda number: with_state(next(iter(model().state_dict())), number), lambda: [1.0]),
    "SGD": (lambda p, lr, momentum, decay, nesterov: nn.SGD(p, lr, momentum, weight_decay=decay, nesterov=nesterov), lambda: [parameters(), 0.1, 0.5, 0.1, False]),
    "SGD, clipping": (lambda one, other: (nn.SGD(parameters(), clipvalue=one), nn.SGD(parameters(), global_clipnorm=other)), lambda: [1.0, 1.0]),
    "SGD().lr": (step_at, lambda: [0.1]),
    "Adam": (Adam, lambda: [parameters(), 0.1, (0.9, 0.99), 1e-8, 0.1]),
    "Adam, betas": (lambda beta: Adam(parameters(), 0.1, (0.9, beta)), lambda: [0.9]),
    "AdamW": (nn.AdamW, lambda: [parameters(), 0.1, (0.9, 0.99), 1e-8, 0.1]),
    "RMSprop": (nn.RMSprop, lambda: [parameters(), 0.1, 0.9, 1e-8, 0.1, 0.5, False]),
    "clip_grad_norm_": (nn.clip_grad_norm_, lambda: [parameters(), 1.0]),
    "clip_grad_value_": (nn.clip_grad_value_, lambda: [parameters(), 1.0]),
    "film": (nn.film, filmed),
    "fit": (lambda model, X, y, epochs, batch_size: fit(model, X, y, epochs=epochs, batch_size=batch_size), lambda: [model(), X, Y, 1, 2]),
    **{f"fit({name}=…)": (option_of_fit(name), lambda good=good: [good])  # type: ignore[misc]
       for name, good in {"loss": nn.mse, "optimizer": None, "validation": None, "metrics": None, "penalty": None, "schedule": None, "tol": 0.0,
                          "callbacks": (), "executor": "numpy", "rng": None, "progress": False}.items()},
    "fit(patience=…)": (option_of_fit("patience", validation=(X, Y)), lambda: [None]),
    "fit(validation=(…))": (lambda X, y: fit(model(), [[0.0, 1.0]], [1.0], validation=(X, y)), lambda: [X, Y]),
    "fit(metrics=[…])": (lambda metric: fit(model(), X, Y, metrics=[metric]), lambda: ["accuracy"]),
    "fit(callbacks=[…])": (lambda callback: fit(model(), X, Y, callbacks=[callback]), lambda: [repr]),
    "fit, of the penalty": (lambda number: fit(model(), X, Y, penalty=lambda model: number), lambda: [Value(1.0)]),
    "fit, of the loss": (lambda number: fit(model(), X, Y, loss=lambda output, target: number, executor="eager"), lambda: [Value(1.0)]),
    "fit, of a compiled loss": (lambda number: fit(model(), X, Y, loss=lambda output, target: number, executor="numpy"), lambda: [Value(1.0)]),
    "fit, of the model": (lambda x, number, y: fit(model(), [x, [number, 0.0], [1.0, 1.0]], [y, 1.0, 0.0]), lambda: [[0.0, 1.0], 1.0, 1.0]),
    "film().save": (lambda path: nn.film(*filmed()).save(path), lambda: ["film.html"]),
    "History().to_csv": (lambda path: nn.History().to_csv(path), lambda: ["history.csv"]),
    "predict": (nn.predict, lambda: [model(), X]),
    "predict, in lists": (lambda x, number: nn.predict(model(), [x, [number, 1.0]]), lambda: [[0.0, 1.0], 1.0]),
    "evaluate": (lambda model, X, y, loss, metrics: nn.evaluate(model, X, y, loss=loss, metrics=metrics), lambda: [model(), X, Y, nn.mse, None]),
    "diagnose": (lambda model, X, y, loss, optimizer: nn.diagnose(model, X, y, loss=loss, optimizer=optimizer), lambda: [model(), X, Y, nn.mse, None]),
    "diagnose(lr=…)": (lambda lr: nn.diagnose(model(), X, Y, loss=nn.mse, lr=lr), lambda: [0.1]),
    "batches": (lambda *args: list(nn.batches(*args)), lambda: [X, Y, 2, True, None]),
    "save": (nn.save, lambda: [model(), "weights.safetensors"]),
    "load": (nn.load, lambda: [model(), "unused/weights"]),
    "new_figure": (nn.new_figure, lambda: [3.0, 3.0]),
    "plot_activation": (lambda own, low, high, axes, legend: nn.plot_activation(own, low, high, axes, legend=legend), lambda: ["relu", -1.0, 1.0, None, True]),
    "plot_decision_boundary": (lambda model, X, y, n, threshold, axes, legend, bar: nn.plot_decision_boundary(model, X, y, n, threshold, axes, legend=legend, colorbar=bar),
                               lambda: [model(), X, Y, 3, 0.0, None, True, True]),
    "plot_gradients": (nn.plot_gradients, lambda: [with_gradients(), None]),
    "plot_network": (nn.plot_network, lambda: [model(), None]),
    "data.split": (nn.data.split, lambda: [X, Y, 0.4, None]),
    "data.as_lists": (nn.data.as_lists, lambda: [X]),
    **{f"data.{name}": (getattr(nn.data, name), lambda: [None, 20]) for name in ("moons", "circles", "xor")},
    "data.csv": (nn.data.csv, lambda: ["unused.csv", "y", None]),
    "data.mnist": (lambda rng, path: nn.data.mnist(rng, "unused.npz" if path is None else path), lambda: [None, "unused.npz"]),
    **{f"losses.{name}": (getattr(nn.losses, name), lambda: [Value(0.5), 1.0]) for name in LOSSES},
    **{f"losses.{name}, in lists": (lambda x, y, name=name: getattr(nn.losses, name)([x, 0.5], [y, 1.0]), lambda: [Value(0.5), 1.0]) for name in LOSSES if name != "hinge"},  # type: ignore[misc]
    "losses.huber": (nn.losses.huber, lambda: [Value(0.5), 1.0, 1.0]),
    "losses.cross_entropy": (nn.losses.cross_entropy, lambda: [[Value(0.5), Value(1.0)], 1]),
    "losses.cross_entropy, in lists": (lambda x, y: nn.losses.cross_entropy([x, 1.0], [y, 1.0]), lambda: [Value(0.5), 0.0]),
    "losses.mean": (nn.losses.mean, lambda: [[Value(0.5)]]),
    "losses.mean, in a list": (lambda x: nn.losses.mean([x]), lambda: [Value(0.5)]),
    "losses.l1": (nn.losses.l1, lambda: [parameters(), 0.1]),
    "losses.l2": (nn.losses.l2, lambda: [parameters(), 0.1]),
    **{f"metrics.{name}": (getattr(nn.metrics, name), lambda name=name: [[0.1, 0.9], [0, 1], *[0.0] * (name in METRICS[:2])]) for name in METRICS},  # type: ignore[misc]
    **{f"metrics.{name}, in lists": (lambda x, y, name=name: getattr(nn.metrics, name)([x, 0.9], [y, 1]), lambda: [0.1, 0]) for name in METRICS},  # type: ignore[misc]
    "initialisers.constant": (nn.initialisers.constant, lambda: [0.5]),
    "initialisers.uniform": (nn.initialisers.uniform, lambda: [0.0, 1.0]),
    "initialisers.normal": (nn.initialisers.normal, lambda: [0.0, 1.0]),
    **{f"initialisers.{name}": (getattr(nn.initialisers, name), lambda: [3, 2, random.Random(0)]) for name in ("he_uniform", "he_normal", "xavier_uniform", "xavier_normal", "lecun_normal")},
    "schedules.StepLR": (nn.schedules.StepLR, lambda: [Adam(parameters()), 2, 0.5]),
    "schedules.ExponentialLR": (nn.schedules.ExponentialLR, lambda: [Adam(parameters()), 0.5]),
    "schedules.CosineAnnealingLR": (nn.schedules.CosineAnnealingLR, lambda: [Adam(parameters()), 5, 0.0]),
}  # fmt: skip

CALLS = {**CORE, **NN}

RESULTS = (Module, nn.History, nn.Diagnosis, autograd.Sparse, autograd.Drawing)
"""Classes that are not made from arguments: the base of modules, and what functions return."""

OF_PYTHON = (FileNotFoundError, IsADirectoryError)
"""Errors of the file system, for arguments that are paths."""

COUNTED = ("MLP", "Layer", "Linear", "Neuron", "Embedding", "Conv2d", "fit", "data", "plot_decision_boundary")
"""Calls with a number of epochs, neurons or samples, of which none is too large."""

NEEDS = {
    "compile(f).sparse": "scipy",
    "plot": "matplotlib",
    "new_figure": "matplotlib",
    "to_jax": "jax",
    "compare_with_torch": "torch",
    "save": "safetensors",
}


def is_there(name: str) -> bool:
    package = next((package for start, package in NEEDS.items() if name.startswith(start)), "autograd")
    try:
        __import__(package)
    except ImportError:
        return False
    return True


def is_of_the_argument(error: Exception) -> bool:
    """Whether a function that was passed raised the error itself, or does not take what it was called with."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error)
    return (
        last.name in ("square", "product", "first", "norm", "doubled")
        or re.match(r"(square|product|first|norm|doubled)\(\) ", text)
        or text.startswith("int() ")
        or text.endswith("as an integer")
    )


def outcomes(names: list[str]) -> dict[str, str]:
    """What each wrong call raises, or that it returns."""
    results = {}
    for name in names:
        call, good = CALLS[name]
        for k in range(len(good())):
            for words, make in WRONG.items():
                if words == "a number too large" and name.startswith(COUNTED):
                    continue
                random.seed(0)
                args = good()
                args[k] = make(autograd)
                results[f"{name}, argument {k + 1} is {words}"] = outcome(call, args)
    return results


def outcome(call: Callable[..., Any], args: list[Any]) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(*args)
    except Exception as error:
        kind = "ours" if isinstance(error, (AutogradError, *OF_PYTHON)) else "of the argument" if is_of_the_argument(error) else "bare"
        return f"{kind} {type(error).__name__}: {re.sub(r'0x[0-9a-f]+|x[0-9a-f]{4,}', '0x…', str(error))}"
    return "returned"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The outcomes in plain Python, and in the native build if it is there."""
    processes = []
    for plain in ["1", "0"][: 1 + autograd.NATIVE]:
        environment = {
            **os.environ,
            "SCALAR_AUTOGRAD_PLAIN": plain,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
            "MPLBACKEND": "agg",
        }
        path = tmp_path_factory.mktemp("misuse") / "outcomes.json"
        command = [sys.executable, __file__, str(path)]
        processes.append((subprocess.Popen(command, cwd=path.parent, env=environment, stdout=subprocess.DEVNULL), path))
    assert [process.wait() for process, _ in processes] == [0] * len(processes)
    return [json.loads(path.read_text("utf-8")) for _, path in processes]


def test_what_is_raised_is_ours(both: list[dict[str, str]]) -> None:
    bare = [f"{call}: {result}" for results in both for call, result in results.items() if result.startswith("bare")]
    assert not bare, "\n".join(bare)
    assert sum(result.startswith("ours") for result in both[0].values()) > 3000


def test_both_builds_say_the_same(both: list[dict[str, str]]) -> None:
    if len(both) == 1:
        pytest.skip("the compiled core is not there, or older than its source")
    plain, native = both
    assert plain.keys() == native.keys()
    different = [f"{call}:\n  plain  {plain[call]}\n  native {native[call]}" for call in plain if plain[call] != native[call]]
    assert not different, "\n".join(different)


@pytest.mark.parametrize("name", CALLS)
def test_right_arguments_are_right(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong calls are derived from these."""
    monkeypatch.chdir(tmp_path)
    call, good = CALLS[name]
    if not is_there(name):
        pytest.skip("a package is not installed")
    result = outcome(call, good())
    assert result == "returned" or (name in ("load", "data.csv", "data.mnist") and "FileNotFound" in result) or "are missing" in result, (
        result
    )


def test_every_public_callable_is_called() -> None:
    called = {name.split("(")[0].split(",")[0].split(".")[-1] for name in CALLS}
    lazy = {name: getattr(autograd, name) for name in autograd._LAZY}
    for name, thing in {**{name: getattr(nn, name) for name in nn.__all__}, **lazy}.items():
        if not isinstance(thing, types.ModuleType) and thing not in RESULTS:
            assert callable(thing)
            assert name in called or not inspect.signature(thing).parameters, name


METHODS_OF = {
    "compile(f).": autograd.Function,
    "compile(loss).": autograd.Program,
    "draw().": autograd.Drawing,
    "play().": autograd.Player,
    "film().": film.Film,
    "History().": nn.History,
    "": Module,
}
"""What is returned, or is derived from, and the beginning of the names of the calls of its methods."""

NOT_MISUSED = {"History().append", "compile(f).branch_outlines"}
"""Methods that the library calls: `fit`, and what draws a compiled function."""


@pytest.mark.parametrize("start", METHODS_OF)
def test_every_public_method_is_called(start: str) -> None:
    called = {name.split(",")[0] for name in CALLS}
    for name, method in inspect.getmembers(METHODS_OF[start], inspect.isfunction):
        is_ours = method.__module__.startswith(("autograd.", "nn."))
        if is_ours and not name.startswith("_") and len(inspect.signature(method).parameters) > 1 and start + name not in NOT_MISUSED:
            assert start + name in called


if __name__ == "__main__":
    there = [name for name in CALLS if is_there(name)]
    Path(sys.argv[1]).write_text(json.dumps(outcomes(there)), "utf-8")
