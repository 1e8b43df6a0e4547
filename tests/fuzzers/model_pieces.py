"""The pieces of which random models are made: here those that can be compiled.

A row of a table is a piece of a case: statements at the top of the module, of ``__init__`` and of ``__call__``, and statements that
change what the piece depends on, for callbacks and for the time between two answers. A piece changes `h`, a list of two Values; `x` is the
sample, two real numbers and a whole number from 0 to 2. In the text ``#`` is a number of its own for each piece, ``$C`` a constant, ``$A``
an activation, ``$T`` a condition; a line ``<0>`` stands for the first block of other pieces within it, ``<1>`` for the second.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A row of a table, or, once it was grown, a part of a case.

    Attributes:
        name: what it is.
        call, init, top: statements of the model's ``__call__`` and ``__init__``, and of the module, before the model.
        changes: statements for callbacks and for the time between answers, each of which changes what the piece depends on.
        probe: an expression for the state that it leaves behind; "" where there is none.
        number: tells it from others.
        blocks: the pieces within it.
    """

    name: str
    call: str = ""
    init: str = ""
    top: str = ""
    changes: tuple[str, ...] = ()
    probe: str = ""
    number: int = 0
    blocks: tuple[tuple[Piece, ...], ...] = ()

    @property
    def width(self) -> int:
        """How many blocks there are within it."""
        return sum(f"<{k}>" in self.call for k in (0, 1))

    def all(self) -> Iterator[Piece]:
        """It, and all within it."""
        yield self
        for piece in itertools.chain(*self.blocks):
            yield from piece.all()

    def statements(self) -> list[str]:
        """The lines of `call`, with those of the blocks."""
        results: list[str] = []
        for line in self.call.splitlines():
            inner = re.fullmatch(r"( *)<(\d)>", line)
            if inner is None:
                results.append(line)
                continue
            block = self.blocks[int(inner[2])] if int(inner[2]) < len(self.blocks) else ()
            results += [inner[1] + own for piece in block for own in piece.statements()] or [inner[1] + "pass"]
        return results


ACTIVATIONS = ("tanh", "sigmoid", "relu", "exp", "sin", "softplus")


CONSTANTS = ("0.25", "0.5", "0.75", "1.25", "1.5", "2.0", "-0.5")


CONDITIONS = ("x[0] > 0.2", "x[1] < x[0]", "h[0] > 0.0", "h[0] < h[1]", "x[0] * h[1] > 0.1", "self.first.bias[0] > 0.01", "x[2] > 0.5")


STEADY = [
    Piece(
        "linear",
        "h = self.a#(h)",
        "self.a# = Linear(2, 2, rng=rng)",
        changes=(
            "model.a# = Linear(2, 2, rng=random.Random(#))",
            "model.a#.weight[0] = [Value(0.1), Value(0.2)]",
            "model.a#.weight[0][1].data = 0.3",
            "model.a#.bias = None",
            "model.a#.weight[0], model.a#.weight[1] = model.a#.weight[1], model.a#.weight[0]",
            "model.a#.weight[1][0] = model.a#.weight[0][0]",
        ),
    ),
    Piece(
        "layer",
        "h = self.a#(h)",
        'self.a# = Layer(2, 2, "tanh", rng=rng)',
        changes=('model.a# = Layer(2, 2, "relu", rng=random.Random(#))',),
    ),
    Piece(
        "mlp",
        "h = self.a#(h)",
        'self.a# = MLP(2, [2, 2], "tanh", rng=rng)',
        changes=("model.a#.layers.pop()", "model.a#.layers[0].neurons[0].activation = None"),
    ),
    Piece(
        "neuron",
        "h = [self.a#(h), h[0]]",
        'self.a# = Neuron(2, "tanh", rng=rng)',
        changes=("model.a#.activation = sigmoid", "model.a#.b = Value(0.5)"),
    ),
    Piece(
        "sequential",
        "h = self.a#(h)",
        "self.a# = Sequential(Linear(2, 2, rng=rng), Tanh())",
        changes=(
            "model.a#.layers.append(Tanh())",
            "model.a#.layers.insert(1, Linear(2, 2, rng=random.Random(#)))",
            "model.a#.layers.pop(0)",
            "model.a#.layers[1] = Sigmoid()",
            "model.a# = Tanh()",
        ),
    ),
    Piece("activation", "h = [self.a#(v) for v in h]", "self.a# = $A", changes=("model.a# = sigmoid", "model.a# = lambda v: v * $C")),
    Piece(
        "activations in a dict",
        "h = [f(v) for f, v in zip(self.a#.values(), h)]",
        "self.a# = {1: $A, 2: $A}",
        changes=("model.a#[1] = sigmoid",),
    ),
    Piece(
        "dropout",
        "h = self.a#(h)",
        "self.a# = Dropout(0.5, random.Random(#))",
        changes=("model.a#.p = 0.25", "model.a#.eval()", "model.a#.rng = random.Random(5)", "model.a#.rng.seed(3)", "model.a#.p = 0.0"),
        probe="model.a#.rng.random()",
    ),
    Piece("dropout of the global generator", "h = self.a#(h)", "self.a# = Dropout(0.25)", probe="model.a#.rng.random()"),
    Piece(
        "drawn",
        "h = [v * (1.0 + drawn(self.a#.random)) for v in h]",
        "self.a# = random.Random(#)",
        changes=("model.a#.seed(9)", "model.a# = random.Random(4)"),
        probe="model.a#.random()",
    ),
    Piece("drawn globally", "h = [v + 0.1 * drawn(random.random) for v in h]"),
    Piece(
        "drawn of NumPy",
        "h = [h[0] + 0.1 * drawn(self.a#.standard_normal), h[1]]",
        "self.a# = np.random.default_rng(#)",
        changes=("model.a# = np.random.default_rng(4)",),
        probe="model.a#.random()",
    ),
    Piece(
        "drawn together",
        "h = [v + 0.1 * e for v, e in zip(h, drawn(self.a#.standard_normal, len(h)), strict=True)]",
        "self.a# = np.random.default_rng(#)",
        changes=("model.a# = np.random.default_rng(4)",),
        probe="model.a#.random()",
    ),
    Piece(
        "drawn together, one after the other",
        "(u, v), (w, _) = drawn(self.a#.random, (2, 2))\nh = [h[0] + u * w, h[1] * v]",
        "self.a# = random.Random(#)",
        changes=("model.a#.seed(9)",),
        probe="model.a#.random()",
    ),
    Piece(
        "drawn of an iterator",
        "h = [h[0] * drawn(lambda: next(self.a#)), h[1]]",
        "self.a# = itertools.cycle([1.0, 0.5, -1.0])",
        probe="next(model.a#)",
    ),
    Piece(
        "drawn of a counter",
        "h = [h[0] * drawn(self.next#), h[1]]",
        "self.a# = 0\nself.next# = self.more#",
        probe="model.a#",
        top="def more#(self):\n    self.a# += 1\n    return 1.0 / self.a#",
    ),
    Piece(
        "drawn by a model in training",
        "if self.training:\n    h = [v + 0.1 * drawn(self.a#.random) for v in h]",
        "self.a# = random.Random(#)",
        changes=("model.training = False",),
        probe="model.a#.random()",
    ),
    Piece(
        "drawn as a threshold",
        "u = drawn(self.a#.random)\nh = [where(u < 0.5, v, 0.5 * v) for v in h]",
        "self.a# = random.Random(#)",
        probe="model.a#.random()",
    ),
    Piece(
        "drawn in a side",
        "h = [where(x[0] > 0.0, lambda: h[0] * drawn(self.a#.random), lambda: h[0]), h[1]]",
        "self.a# = random.Random(#)",
        probe="model.a#.random()",
    ),
    Piece(
        "dropout in a side",
        "h = [where($T, lambda: self.a#(h[0]), lambda: self.a#(h[1]) * 0.5), h[1]]",
        "self.a# = Dropout(0.5, random.Random(#))",
        probe="model.a#.rng.random()",
    ),
    Piece("drawn and not used", "drawn(self.a#.random)", "self.a# = random.Random(#)", probe="model.a#.random()"),
    Piece(
        "drawn twice of one",
        "u = drawn(self.a#.random)\nh = [h[0] + u * drawn(self.a#.random), h[1] - u]",
        "self.a# = random.Random(#)",
        probe="model.a#.random()",
    ),
    Piece("if", "if $T:\n    <0>\nelse:\n    <1>"),
    Piece("if without else", "if $T:\n    <0>"),
    Piece("if in training", "if self.training:\n    <0>"),
    Piece("if a setting", "if self.a#:\n    <0>\nelse:\n    <1>", "self.a# = True", changes=("model.a# = not model.a#",)),
    Piece("loop", "for _ in range(self.a#):\n    <0>", "self.a# = 2", changes=("model.a# = 1", "model.a# += 1")),
    Piece("without gradient", "with no_grad():\n    <0>"),
    Piece("where", "h = [where($T, h[0], $C * h[0]), h[1]]"),
    Piece("where with sides", "h = [where(h[0] > 0.1, lambda: log(h[0]), lambda: h[0] * $C), h[1]]"),
    Piece("largest", "h = [max(h), min(h)]"),
    Piece("sorted", "h = sorted(h)"),
    Piece(
        "detached weight",
        "with no_grad():\n    t = self.a# * 1\nh = [h[0] * t + self.a#, h[1]]",
        "self.a# = Value($C)",
        changes=("model.a#.data = 0.3", "model.a# = Value(0.7)"),
    ),
    Piece("detached hidden", "with no_grad():\n    t = [v * $C for v in h]\nh = [v + s for v, s in zip(h, t)]"),
    Piece("detached sample", "with no_grad():\n    t = x[0] * 2\nh = [h[0] * t, h[1] + x[0]]"),
    Piece(
        "attribute",
        "h = [v * self.a# for v in h]",
        "self.a# = $C",
        changes=("model.a# = $C", "model.a# *= 0.5", "model.a# += 0.125", "model.a# = Value(0.3)"),
    ),
    Piece(
        "number in a dict",
        "h = [v * self.a#['s'] for v in h]",
        "self.a# = {'s': $C}",
        changes=("model.a#['s'] = $C", "model.a# = {'s': 0.9}"),
    ),
    Piece(
        "rows",
        "h = [h[0] * self.a#[0][0] + self.a#[1][1], h[1]]",
        "self.a# = [[$C, 1.0], [0.0, $C]]",
        changes=("model.a#[0][0] = $C", "model.a#[1] = [0.0, $C]", "model.a#.reverse()"),
    ),
    Piece(
        "array",
        "h = [h[0] * self.a#[0], h[1] + self.a#[1]]",
        "self.a# = np.array([$C, $C])",
        changes=("model.a#[0] = $C", "model.a# *= 0.5"),
    ),
    Piece("global", "h = [v * A# for v in h]", top="A# = $C", changes=("global A#\nA# = $C", "global A#\nA# += 0.25")),
    Piece(
        "closure",
        "h = [self.a#(v) for v in h]",
        "self.a#, self.set# = made#($C)",
        top="def made#(k):\n    def f(v):\n        return v * k\n    def change(new):\n        nonlocal k\n        k = new\n    return f, change",
        changes=("model.set#($C)", "model.a# = lambda v: v * $C"),
    ),
    Piece("default", "h = [self.a#(v) for v in h]", "self.a# = lambda v, k=[$C]: v * k[0]", changes=("model.a#.__defaults__[0][0] = $C",)),
    Piece(
        "partial",
        "h = [self.a#(v) for v in h]",
        "self.a# = partial(pow#, k=$C)",
        top="def pow#(v, k):\n    return v * k",
        changes=("model.a# = partial(pow#, k=$C)", "model.a#.keywords['k'] = $C"),
    ),
    Piece("class attribute", "h = [v * Held#.k for v in h]", top="class Held#:\n    k = $C", changes=("Held#.k = $C",)),
    Piece(
        "own module",
        "h = self.a#(h)",
        "self.a# = Own#()",
        top="class Own#(Module):\n    def __init__(self):\n        self.p = {'a': Value(0.5), 'b': [Value(0.25)]}\n        self.k = $C\n    def __call__(self, h):\n        return [self.p['a'] * h[0] + self.p['b'][0], h[1] * self.k]",
        changes=(
            "model.a#.k = $C",
            "model.a#.p['a'] = Value(0.1)",
            "model.a#.p['b'].append(Value(1.0))",
            "model.a# = Own#()",
            "model.a#.p['a'].data = -0.25",
        ),
    ),
    Piece(
        "slots",
        "h = self.a#(h)",
        "self.a# = Own#()",
        top="class Own#(Module):\n    __slots__ = ('k', 'p')\n    def __init__(self):\n        self.p, self.k = Value(0.5), $C\n    def __call__(self, h):\n        return [self.p * h[0], h[1] * self.k]",
        changes=("model.a#.k = $C", "model.a#.p = Value(0.1)", "model.a#.p.data = -0.25"),
    ),
    Piece(
        "array of Values",
        "h = list(self.a# * np.array(h) + h[0])",
        "self.a# = np.array([Value(0.5), Value(-0.25)])",
        changes=("model.a#[0] = Value(0.7)", "model.a#[1].data = 0.5"),
    ),
    Piece(
        "embedding",
        "h = [u + v for u, v in zip(h, self.a#(x[2]))]",
        "self.a# = Embedding(3, 2, rng=rng)",
        changes=("model.a#.weight[1] = [Value(0.3), Value(0.1)]", "model.a#.weight.reverse()"),
    ),
    Piece(
        "convolution",
        "h = [self.a#([[h, x[:2]]])[0][0][0], h[1]]",
        "self.a# = Conv2d(1, 1, 2, rng=rng)",
        changes=("model.a# = Conv2d(1, 1, 2, rng=random.Random(#))",),
    ),
    Piece("constant Value", "h = [h[0] * self.a#, h[1]]", "with no_grad():\n    self.a# = Value(0.5) * 3", changes=("model.a#.data = $C",)),
    Piece("skip", "s = h\n<0>\nh = [u + v for u, v in zip(h, s)]"),
    Piece("shared", "h = self.first(h)"),
    Piece("kept hidden", "self.a# = h", "self.a# = None"),
    Piece("kept only in training", "if self.training:\n    self.a# = h[0]\nh = [h[0] + self.a#, h[1]]", "self.a# = Value(0.0)"),
    Piece("early return", "if x[0] > 0.5:\n    return self.head(h)"),
    Piece(
        "freeze",
        "h = [h[0] * self.a#, h[1]]",
        "self.a# = Value(0.5)",
        changes=("model.first.bias = [Value(0.0), Value(0.0)]", "model.first.weight[0][0].data = 0.0"),
    ),
    Piece("sine of the sample", "h = [h[0] + math.sin(x[0]), h[1]]"),
    Piece("numpy of the sample", "h = [h[0] + np.tanh(x[0]), h[1]]"),
]
