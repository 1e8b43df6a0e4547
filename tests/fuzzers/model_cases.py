"""Random models as cases: modules of Python source, put together from pieces."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass, field, replace

from fuzzers.model_odd_pieces import ODD
from fuzzers.model_pieces import ACTIVATIONS, CONDITIONS, CONSTANTS, STEADY, Piece
from fuzzers.model_training import CHANGING_METRICS, CHANGING_OPTIMIZERS, HEADS, LOSSES, METRICS, OPTIMIZERS, PENALTIES, SCHEDULES

PRELUDE = """
import copy, itertools, math, random
from collections import Counter, deque
from contextvars import ContextVar
from functools import cached_property, lru_cache, partial
from types import SimpleNamespace
import numpy as np
from autograd import Value, exp, log, no_grad, relu, sigmoid, sin, softplus, sqrt, tanh, where
from autograd.errors import DomainError, PoleError
from autograd.recording import drawn
from nn import *
from nn.losses import huber, l1, l2, mae, mse
from nn.optimizers import Optimizer
from nn.schedules import CosineAnnealingLR, ExponentialLR, StepLR

random.seed(11)
np.random.seed(11)

def first(output):
    return output[0] if isinstance(output, (list, tuple)) else output

def samples(n):
    return [[math.sin(3.0 * i), math.cos(5.0 * i), i * i % 3] for i in range(n)]

def targets(n):
    return [math.sin(i) for i in range(n)]
""".lstrip()


TRAINED = '''
LOG = []

def note(name, *numbers):
    LOG.extend([(f"{name} {i}", x) for i, x in enumerate(numbers)])

def train(executor, X, y, **settings):
    history = fit(model, X, y, loss=loss, optimizer=optimizer, executor=executor, progress=False, **settings)
    note("loss of epoch", *history.loss)
    note("validation loss of epoch", *history.validation_loss)
    note("metrics", dict(history.metrics))
    note("parameter", *[p.data for p in model.parameters()])

def answer(executor, X):
    """What `predict` says; for "eager", what the model says when it is called with each sample."""
    if executor != "eager":
        return note("output", *predict(model, X))
    before = [(module, module.training) for module in model.modules()]
    for module, _ in before:
        module.training = False
    outputs = []
    with no_grad():
        for x in X if isinstance(X, list) else X.tolist():
            outputs.append(plain(model(x)))
    for module, was in before:
        module.training = was
    note("output", *outputs)

def score(executor, X, y):
    """The mean loss that `evaluate` finds; for "eager", that of each sample in turn."""
    if executor != "eager":
        return note("mean loss", evaluate(model, X, y, loss=loss)["loss"])
    before = [(module, module.training) for module in model.modules()]
    for module, _ in before:
        module.training = False
    total = 0.0
    with no_grad():
        for x, target in zip(X if isinstance(X, list) else X.tolist(), y):
            total += loss(model(x), target).data
    for module, was in before:
        module.training = was
    note("mean loss", total / len(y))

def plain(output):
    if isinstance(output, (list, tuple)):
        return type(output)(map(plain, output))
    return output.data if isinstance(output, Value) else float(output)
'''.strip()


@dataclass(frozen=True)
class Case:
    """What was grown: `source` writes it as a module.

    Attributes:
        body: the pieces of the model.
        loss, optimizer, penalty, metric: the pieces that define these names; None where the name is not passed to `fit`.
        head: what the model returns, a key of `HEADS`.
        callbacks: pairs of the epoch, or 0 for each, and the change.
        acts: what `main` does, one statement each.
        numpy: whether the data are arrays.
        settings: further arguments of `fit`.
    """

    body: tuple[Piece, ...]
    loss: Piece
    optimizer: Piece
    penalty: Piece | None = None
    metric: Piece | None = None
    head: str = "number"
    callbacks: tuple[tuple[int, str], ...] = ()
    acts: tuple[str, ...] = ()
    numpy: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def pieces(self) -> list[Piece]:
        """All of them."""
        others = [piece for piece in (self.loss, self.penalty, self.optimizer, self.metric) if piece is not None]
        return [own for piece in (*self.body, *others) for own in piece.all()]

    def of_these(self, body: tuple[Piece, ...]) -> Case:
        """With these pieces only in the model, and without changes of others."""
        gone = {str(own.number) for piece in self.body for own in piece.all()} - {str(own.number) for piece in body for own in piece.all()}

        def stays(text: str) -> bool:
            return gone.isdisjoint(re.findall(r"(?<=[A-Za-z])\d+\b", text))

        acts = tuple(filter(stays, self.acts))
        return replace(self, body=body, acts=acts, callbacks=tuple([pair for pair in self.callbacks if stays(pair[1])]))

    def source(self) -> str:
        """As Python source."""
        within = [own for piece in self.body for own in piece.all()]
        beside = [piece for piece in (self.loss, self.penalty) if piece is not None]
        lines = [PRELUDE]
        methods = [piece.top for piece in within if piece.top.startswith("def more")]
        lines += [piece.top + "\n" for piece in within if piece.top and piece.top not in methods]
        lines += ["class Model(Module):", "    def __init__(self):", "        rng = random.Random(7)"]
        lines += ["        self.first, self.last = Linear(2, 2, rng=rng), Linear(2, 1, rng=rng)"]
        lines += indented([piece.init for piece in [*within, *beside] if piece.init], 8)
        for method in methods:
            lines += ["", *indented([method], 4)]
        lines += ["", "    def head(self, h):", f"        return {HEADS[self.head]}"]
        lines += ["", "    def __call__(self, x):"]
        names = [name for piece in within for name in re.findall(r"^global (\w+)$", piece.call, re.M)]
        lines += [f"        global {name}" for name in dict.fromkeys(names)]
        lines += ["        h = [tanh(v) for v in self.first(x[:2])]"]
        body = [line for piece in [*self.body, *beside] for line in piece.statements()]
        lines += indented([line for line in body if not line.strip().startswith("global ")], 8)
        lines += ["        return self.head([tanh(v) for v in h])", "", "model = Model()"]
        for part in (self.loss, self.penalty, self.optimizer, self.metric):
            lines += [part.top] if part is not None else []
        lines += ["", TRAINED, ""]
        names = []
        for i, (epoch, change) in enumerate(self.callbacks):
            hoisted, rest = split_global(change)
            condition = [f"if len(history.loss) == {epoch}:"] if epoch else ["if True:"]
            lines += [f"def callback{i}(history):", *indented(hoisted, 4), *indented(condition, 4), *indented(rest, 8), ""]
            names.append(f"callback{i}")
        settings = dict(self.settings)
        if names:
            settings["callbacks"] = f"[{', '.join(names)}]"
        if self.penalty is not None:
            settings["penalty"] = "penalty"
        settings["metrics"] = "[]" if self.metric is None else "[metric]"
        options = ", ".join(f"{key}={text}" for key, text in settings.items())
        lines += ["def main(executor):"]
        hoisted = [line for act in self.acts for line in split_global(act)[0]]
        lines += indented(list(dict.fromkeys(hoisted)), 4)
        data = "np.array(samples(N)), np.array(targets(N))" if self.numpy else "samples(N), targets(N)"
        for act in self.acts:
            text = "\n".join(split_global(act)[1]).replace("OPTIONS", options)
            for word, meant in (("DATA", data), ("SAMPLES", data[: data.index(", targets") if not self.numpy else data.index(", np")])):
                text = re.sub(rf"{word}\((\d+)\)", lambda match, meant=meant: meant.replace("N", match[1]), text)  # type: ignore[misc]
            lines += indented([text], 4)
        lines += [f"    note({piece.name!r}, {piece.probe})" for piece in self.pieces if piece.probe]
        lines += ['    note("next random number", random.random(), float(np.random.random()))', "    return LOG", ""]
        return "\n".join(lines)


def indented(texts: list[str], by: int) -> list[str]:
    """All lines of some texts, further to the right."""
    return [" " * by + line for text in texts for line in text.splitlines()]


def split_global(text: str) -> tuple[list[str], list[str]]:
    """The lines that declare global names, which must come first in a function, and the others."""
    lines = text.splitlines()
    own = [line for line in lines if line.startswith("global ")]
    return own, [line for line in lines if line not in own]


class Growing:
    """Grows cases.

    Args:
        rng: decides.
        odd: the probability that a case has a piece that cannot be compiled.
    """

    def __init__(self, rng: random.Random, odd: float = 0.5) -> None:
        self.rng = rng
        self.odd = odd
        self.numbers = itertools.count(1)

    def piece(self, row: Piece, depth: int = 0) -> Piece:
        """A part of a case, as a row of a table has it."""
        number = next(self.numbers)

        def filled(text: str) -> str:
            for token, choices in (("$T", CONDITIONS), ("$C", CONSTANTS), ("$A", ACTIVATIONS)):
                while token in text:
                    text = text.replace(token, self.rng.choice(choices), 1)
            return text.replace("#", str(number))

        blocks = tuple([self.block(depth + 1) for _ in range(row.width)])
        return replace(
            row,
            call=filled(row.call),
            init=filled(row.init),
            top=filled(row.top),
            changes=tuple(map(filled, row.changes)),
            probe=filled(row.probe),
            number=number,
            blocks=blocks,
        )

    def block(self, depth: int) -> tuple[Piece, ...]:
        """Some pieces within another one."""
        table = STEADY if self.rng.random() < 0.85 else ODD
        rows = [row for row in table if depth < 3 or not row.width]
        return tuple([self.piece(self.rng.choice(rows), depth) for _ in range(self.rng.choice((1, 1, 2)))])

    def case(self) -> Case:
        """A whole one."""
        rng = self.rng
        body = [self.piece(rng.choice(STEADY)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
        if rng.random() < self.odd or not body:
            body.insert(rng.randrange(len(body) + 1), self.piece(rng.choice(ODD)))
        loss = self.piece(rng.choice(LOSSES) if rng.random() < 0.4 else LOSSES[0])
        penalty = self.piece(rng.choice(PENALTIES)) if rng.random() < 0.25 else None
        changes = [change for piece in body for own in piece.all() for change in own.changes]
        changes += [*loss.changes, *(penalty.changes if penalty else ()), "model.eval()", "model.train()", "model.first.bias = None"]
        changes = [change for change in changes if not change.startswith("global ")] or changes

        def change() -> str:
            return rng.choice(changes)

        def with_change(row: Piece) -> Piece:
            _, lines = split_global(change())
            grown = self.piece(row)
            at = re.search(r"^( *)@$", grown.top, re.M)
            assert at is not None
            return replace(grown, top=grown.top.replace(at[0], "\n".join(indented(lines, len(at[1])))))

        optimizer = self.piece(rng.choice(OPTIMIZERS)) if rng.random() < 0.85 else with_change(rng.choice(CHANGING_OPTIMIZERS))
        metric = None
        if rng.random() < 0.2:
            metric = self.piece(rng.choice(METRICS)) if rng.random() < 0.6 else with_change(CHANGING_METRICS[0])
        settings = {"epochs": str(rng.choice((1, 2, 2, 3))), "batch_size": rng.choice(("1", "3", "3", "None")), "rng": "random.Random(2)"}
        if rng.random() < 0.4:
            settings["validation"] = "(DATA(5))"
        if rng.random() < 0.15:
            settings["schedule"] = rng.choice(SCHEDULES)
        if rng.random() < 0.15:
            settings["patience"] = "1"
        callbacks = tuple([(rng.choice((0, 0, 1, 1, 2)), change()) for _ in range(rng.choice((0, 0, 1, 1, 2)))])
        acts = ["train(executor, DATA(7), OPTIONS)"]
        if rng.random() < 0.2:
            acts += [change(), "train(executor, DATA(7), OPTIONS)"]
        for _ in range(rng.choice((0, 1, 2, 3))):
            size = rng.choice((4, 40, 40))
            acts.append(rng.choice((f"answer(executor, SAMPLES({size}))", f"score(executor, DATA({size}))")))
            if rng.random() < 0.5:
                acts.append(change())
        return Case(
            tuple(body), loss, optimizer, penalty, metric, rng.choice(tuple(HEADS)), callbacks, tuple(acts), rng.random() < 0.3, settings
        )
