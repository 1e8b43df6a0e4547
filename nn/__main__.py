"""``python -m nn``: train a network on real handwritten digits, check its gradients, and draw what happened.

The options, the packages and the folder are checked before the training, and an error is one line. The files are written at the end, each
whole or not at all.
"""

from __future__ import annotations

import argparse
import importlib
import io
import math
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autograd import NATIVE, Value, checking, relu
from autograd._runtime.files import write_atomically
from autograd._runtime.streams import say
from autograd.checking import Comparison
from autograd.errors import AutogradError, InputError, MissingPackageError
from nn import MLP, Adam, History, Neuron, cross_entropy, data, evaluate, fit, save
from nn.schedules import CosineAnnealingLR

PROGRAM = "python -m nn"
PACKAGES = {  # the name of each import, and of the package that has it
    "numpy": "numpy",
    "safetensors": "safetensors",
    "tqdm": "tqdm",
    "graphviz": "graphviz",
    "matplotlib": "matplotlib",
    "sklearn": "scikit-learn",
}

CORE = {
    True: "the core is compiled",
    False: "the core runs as plain Python, several times slower: where there is a C compiler, pip compiles it",
}


@dataclass(frozen=True)
class Task:
    """A data set, and settings that suit it."""

    about: str
    classes: int
    hidden: tuple[int, ...]
    epochs: int
    lr: float
    batch_size: int


TASKS = {
    "digits": Task("1,797 handwritten digits of 8 × 8 pixels", classes=10, hidden=(32,), epochs=12, lr=0.02, batch_size=32),
    "moons": Task("200 points on two half circles", classes=2, hidden=(16, 16), epochs=30, lr=0.02, batch_size=16),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: by default those of the command line.

    Returns:
        The exit status: 0; 1 if a gradient is wrong; 2 after an error, which is one line on standard error; 130 if Ctrl-C came
        before the end of the first epoch. If it comes later, training ends and the files are written.
    """
    try:
        try:
            return run(parser().parse_args(arguments))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, so that an error is handled below
    except BrokenPipeError:  # pragma: no cover - the tests run this in a process of its own
        # the reader of the output has closed it; Python would raise the error again when it flushes the output at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (AutogradError, OSError) as error:
        say(f"{PROGRAM}: error: {error}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        say(f"{PROGRAM}: stopped", sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    """Train, check, draw, write."""
    need_packages()
    need_folder(options.out)
    task = TASKS[options.data]
    hidden = task.hidden if options.hidden is None else options.hidden
    epochs = task.epochs if options.epochs is None else options.epochs
    lr = task.lr if options.lr is None else options.lr
    batch_size = task.batch_size if options.batch_size is None else options.batch_size

    rng = random.Random(options.seed)
    (X, y), test = getattr(data, options.data)(rng)
    (X, y), validation = data.split(X, y, 0.1, rng)
    model = MLP(len(X[0]), [*hidden, task.classes], rng=rng)
    sizes = "-".join(map(str, [len(X[0]), *hidden, task.classes]))
    say(f"{options.data}: {len(X)} samples to learn from, {len(validation[0])} to validate, {len(test[0])} for the test", sys.stdout)
    say(f"MLP {sizes}: {len(model.parameters()):,} parameters; {CORE[NATIVE]}", sys.stdout)

    say("gradients of the loss of the first sample, before training:", sys.stdout)
    comparisons = check(model, X[0], y[0])
    for comparison in comparisons:
        say(f"  {comparison}", sys.stdout)
    if any(comparison.verdict == "disagrees" for comparison in comparisons):
        say(f"{PROGRAM}: error: a gradient is wrong, so nothing was trained or written", sys.stderr)
        return 1

    optimizer = Adam(model.parameters(), lr=lr)
    schedule = CosineAnnealingLR(optimizer, T_max=epochs)
    history = fit(model, X, y, optimizer=optimizer, schedule=schedule, epochs=epochs, batch_size=batch_size, validation=validation, rng=rng)
    if not history.loss:
        raise KeyboardInterrupt

    from autograd import draw  # only after need_packages, because it needs graphviz

    neuron, name = most_active(model, test[0][0])
    graph = neuron_graph(neuron, test[0][0])
    pictures = {"neuron.svg": draw(graph).pipe("svg"), "training.svg": svg_of(history)}
    options.out.mkdir(parents=True, exist_ok=True)
    for file, content in pictures.items():
        write_atomically(options.out / file, content)
    save(model, options.out / "model.safetensors")
    say(f"accuracy on the test, which was not looked at before: {evaluate(model, *test)['accuracy']:.1%}; wrote", sys.stdout)
    say(f"  {options.out / 'training.svg'}: loss and accuracy by epoch", sys.stdout)
    say(f"  {options.out / 'neuron.svg'}: {name} on the first test sample, its largest inputs one by one", sys.stdout)
    say(f"  {options.out / 'model.safetensors'}: the weights, for nn.load", sys.stdout)
    return 0


# -- options ------------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
        raise InputError(f"{message} (see {PROGRAM} --help)")


def parser() -> Parser:
    """The options of the command."""
    result = Parser(
        prog=PROGRAM,
        description="Train a multi-layer perceptron, check a few of its gradients numerically, and write the graph of one neuron, "
        "the training curve and the weights.",
        allow_abbrev=False,
    )
    about = "; ".join(f"{name}: {task.about}" for name, task in TASKS.items())
    result.add_argument("--data", choices=list(TASKS), default="digits", help=f"{about} (default: digits)")
    result.add_argument("--epochs", type=positive, metavar="N", help="how often to go through the data" + defaults("epochs"))
    result.add_argument("--hidden", type=positive, nargs="+", metavar="N", help="neurons of each hidden layer" + defaults("hidden"))
    result.add_argument("--lr", type=rate, metavar="X", help="learning rate of Adam; it falls along a cosine to 0" + defaults("lr"))
    result.add_argument("--batch-size", type=positive, metavar="N", help="samples for each step" + defaults("batch_size"))
    result.add_argument("--seed", type=seed, default=0, metavar="N", help="the same seed gives the same weights (default: 0)")
    result.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR", help="folder for the files (default: runs)")
    return result


def defaults(setting: str) -> str:
    """The end of a help text: the default of a setting for each task."""
    values = {name: getattr(task, setting) for name, task in TASKS.items()}
    texts = [f"{' '.join(map(str, v)) if isinstance(v, tuple) else v} for {name}" for name, v in values.items()]
    return f" (default: {', '.join(texts)})"


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return at_least(1, text)


def seed(text: str) -> int:
    """A whole number of at least 0."""
    return at_least(0, text)


def at_least(least: int, text: str) -> int:
    """A whole number, not less than the least."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}, not {text!r}")
    return number


def rate(text: str) -> float:
    """A positive number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number, not {text!r}")
    return number


# -- what must be there ---------------------------------------------------------------------------------------------------


def need_packages() -> None:
    """Import what the command needs, before it starts.

    Raises:
        MissingPackageError: something is not installed.
    """
    missing = []
    for module, package in PACKAGES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            missing.append(package)
    if missing:
        raise MissingPackageError(f"not installed: {', '.join(missing)}; write pip install {' '.join(missing)}")


def need_folder(folder: Path) -> None:
    """Check that files can be written to a folder that may not exist yet. Everything is left as it was.

    Raises:
        OSError: they cannot.
    """
    folder = Path(os.path.realpath(folder))
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"cannot write to the folder {folder}: {error.strerror}") from error
    finally:
        for one in made:
            if one.is_dir():
                one.rmdir()


# -- what is shown --------------------------------------------------------------------------------------------------------


def check(model: MLP, x: Sequence[float], target: int) -> list[Comparison]:
    """Compare derivatives of the loss of one sample with numeric ones: in each layer, with respect to a weight and a bias.

    The weight and the bias with the largest gradient are chosen, or none if all gradients are 0: with a silent ReLU, a bias that starts
    at 0 is exactly at the kink, where there is no derivative to compare with.
    """
    model.zero_grad()
    cross_entropy(model(x), target).backward()
    groups: dict[str, list[tuple[str, Value]]] = {}
    for name, parameter in model.named_parameters():  # such as layers.0.neurons.3.w.1
        _, layer, _, _, kind, *_ = name.split(".")
        groups.setdefault(f"{kind} of layer {layer}", []).append((name, parameter))
    chosen = [max(group, key=lambda item: abs(item[1].grad)) for group in groups.values()]
    return [compare(model, x, target, name, parameter) for name, parameter in chosen if parameter.grad != 0.0]


def compare(model: MLP, x: Sequence[float], target: int, name: str, parameter: Value) -> Comparison:
    """Compare the derivative with respect to one parameter, which is in its `.grad`, with the numeric one."""
    before = parameter.data

    def loss(number: float) -> float:
        parameter.data = number
        return cross_entropy(model(x), target).data

    try:
        return checking.compare(f"∂loss/∂{name}", parameter.grad, loss, before)
    finally:
        parameter.data = before


def most_active(model: MLP, x: Sequence[float]) -> tuple[Neuron, str]:
    """The neuron of the first layer with the largest output, whose ReLU lets a gradient through; and its name in a text."""
    outputs = [out.data for out in model.layers[0](x)]
    i = outputs.index(max(outputs))
    return model.layers[0].neurons[i], f"neuron {i} of the first layer"


def neuron_graph(neuron: Neuron, x: Sequence[float], shown: int = 3) -> Value:
    """relu(w · x + b) as a graph to be drawn, with the same numbers as the neuron.

    The largest products have nodes of their own, and all others share one. The gradients are computed.

    Args:
        neuron: a ReLU neuron.
        x: its inputs.
        shown: how many products have nodes of their own.

    Example:
        >>> neuron = Neuron(2, rng=random.Random(0))
        >>> neuron_graph(neuron, [1.0, -2.0]).data == neuron([1.0, -2.0]).data
        True
    """
    order = sorted(range(len(x)), key=lambda i: -abs(neuron.w[i].data * x[i]))
    terms: list[Any] = [Value(neuron.w[i].data, label=f"w{i}") * Value(x[i], label=f"x{i}") for i in sorted(order[:shown])]
    if others := order[shown:]:
        total = math.fsum(neuron.w[i].data * x[i] for i in others)
        terms.append(Value(total, label=f"the other {len(others)} products"))
    z = sum(terms[1:], terms[0]) + Value(neuron.b.data, label="b")
    z.label = "w · x + b"
    output: Value = relu(z)
    output.label = "output"
    output.backward()
    return output


def svg_of(history: History) -> bytes:
    """The training curves. The same history gives the same bytes."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": PROGRAM}):
        history.plot().savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


if __name__ == "__main__":  # pragma: no cover - the same
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without a ∂ shows its code
    sys.exit(main())
