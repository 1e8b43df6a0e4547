"""The pieces of which random models are made, for `growing_models`.

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
        found: list[str] = []
        for line in self.call.splitlines():
            inner = re.fullmatch(r"( *)<(\d)>", line)
            if inner is None:
                found.append(line)
                continue
            block = self.blocks[int(inner[2])] if int(inner[2]) < len(self.blocks) else ()
            found += [inner[1] + own for piece in block for own in piece.statements()] or [inner[1] + "pass"]
        return found


ACTIVATIONS = ("tanh", "sigmoid", "relu", "exp", "sin", "softplus")
CONSTANTS = ("0.25", "0.5", "0.75", "1.25", "1.5", "2.0", "-0.5")
CONDITIONS = ("x[0] > 0.2", "x[1] < x[0]", "h[0] > 0.0", "h[0] < h[1]", "x[0] * h[1] > 0.1", "self.first.bias[0] > 0.01", "x[2] > 0.5")

# -- what can be compiled -------------------------------------------------------------------------------------------------

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

# -- what cannot, or only in part -----------------------------------------------------------------------------------------

ODD = [
    Piece("unseen: global", "h = [v + 0.1 * random.random() for v in h]"),
    Piece("unseen: NumPy's global", "h = [h[0] + 0.1 * np.random.normal(), h[1]]"),
    Piece("unseen: attribute", "h = [h[0] + self.a#.gauss(0, 0.1), h[1]]", "self.a# = random.Random(#)", probe="model.a#.random()"),
    Piece("unseen: list", "h = [h[0] + self.a#[0].random(), h[1]]", "self.a# = [random.Random(#)]", probe="model.a#[0].random()"),
    Piece(
        "unseen: tuple in a dict",
        "h = [h[0] + self.a#['r'][0].random(), h[1]]",
        "self.a# = {'r': (np.random.default_rng(#),)}",
        probe="model.a#['r'][0].random()",
    ),
    Piece("unseen: closure", "h = [h[0] + self.a#(), h[1]]", "self.a# = (lambda r: lambda: r.random())(random.Random(#))"),
    Piece(
        "unseen: NumPy in a closure",
        "h = [h[0] + self.a#(), h[1]]",
        "self.a# = (lambda r: lambda: float(r.normal()))(np.random.default_rng(#))",
    ),
    Piece("unseen: bound method", "h = [h[0] + self.a#(), h[1]]", "self.a# = random.Random(#).random"),
    Piece("unseen: global generator", "h = [h[0] + R#.random(), h[1]]", top="R# = random.Random(#)", probe="R#.random()"),
    Piece("unseen: default", "h = [h[0] + draw#(), h[1]]", top="def draw#(r=random.Random(#)):\n    return r.random()"),
    Piece(
        "unseen: class attribute",
        "h = [h[0] + Held#.r.random(), h[1]]",
        top="class Held#:\n    r = random.Random(#)",
        probe="Held#.r.random()",
    ),
    Piece(
        "unseen: object",
        "h = [h[0] + self.a#.draw(), h[1]]",
        "self.a# = Own#()",
        top="class Own#:\n    def __init__(self):\n        self.r = random.Random(#)\n    def draw(self):\n        return self.r.random()",
        probe="model.a#.draw()",
    ),
    Piece(
        "unseen: slots",
        "h = [h[0] + self.a#.draw(), h[1]]",
        "self.a# = Own#()",
        top="class Own#:\n    __slots__ = ('r',)\n    def __init__(self):\n        self.r = random.Random(#)\n    def draw(self):\n        return self.r.random()",
        probe="model.a#.draw()",
    ),
    Piece("unseen: iterator", "h = [h[0] * next(self.a#), h[1]]", "self.a# = iter([0.1 * k for k in range(9999)])", probe="next(model.a#)"),
    Piece("unseen: cycle", "h = [h[0] * next(self.a#), h[1]]", "self.a# = itertools.cycle([1.0, 0.5, -1.0])", probe="next(model.a#)"),
    Piece("unseen: count", "h = [h[0] * (next(self.a#) % 3), h[1]]", "self.a# = itertools.count()", probe="next(model.a#)"),
    Piece("unseen: map", "h = [h[0] * next(self.a#), h[1]]", "self.a# = map(math.sin, range(9999))", probe="next(model.a#)"),
    Piece(
        "unseen: generator",
        "h = [h[0] * next(self.a#), h[1]]",
        "self.a# = turns#()",
        top="def turns#():\n    k = 0\n    while True:\n        k += 1\n        yield math.sin(k)",
        probe="next(model.a#)",
    ),
    Piece(
        "unseen: generator in a closure",
        "h = [h[0] * self.a#(), h[1]]",
        "self.a# = (lambda g: lambda: next(g))(0.1 * k for k in range(9999))",
        probe="model.a#()",
    ),
    Piece("unseen: shuffle", "order = [0, 1]\nrandom.shuffle(order)\nh = [h[k] for k in order]"),
    Piece("unseen: choice decides", "if random.random() < 0.5:\n    <0>\nelse:\n    <1>"),
    Piece(
        "unseen: attribute decides",
        "if self.a#.random() < 0.5:\n    h = [2.0 * h[0], h[1]]",
        "self.a# = random.Random(#)",
        probe="model.a#.random()",
    ),
    Piece(
        "unseen: rarely decides",
        "if self.a#.random() < 0.1:\n    h = [2.0 * h[0], h[1]]",
        "self.a# = random.Random(#)",
        probe="model.a#.random()",
    ),
    Piece(
        "unseen: iterator decides",
        "if next(self.a#):\n    h = [2.0 * h[0], h[1]]",
        "self.a# = itertools.cycle([True, True, False])",
        probe="next(model.a#)",
    ),
    Piece(
        "unseen: NumPy decides",
        "if self.a#.integers(2):\n    h = [2.0 * h[0], h[1]]",
        "self.a# = np.random.default_rng(#)",
        probe="model.a#.random()",
    ),
    Piece(
        "unseen: generator decides",
        "if next(self.a#):\n    h = [2.0 * h[0], h[1]]",
        "self.a# = (k % 3 == 2 for k in range(9999))",
        probe="next(model.a#)",
    ),
    Piece("unseen on a branch", "if $T:\n    h = [h[0] + 0.1 * random.random(), h[1]]"),
    Piece("unseen beside drawn", "h = [h[0] + random.random() * drawn(random.random), h[1]]"),
    Piece("unseen in training", "if self.training:\n    h = [h[0] + 0.1 * random.random(), h[1]]"),
    Piece("unseen in evaluation", "if not self.training:\n    h = [h[0] + 0.1 * random.random(), h[1]]"),
    Piece(
        "drawn decides", "if drawn(self.a#.random) < 0.5:\n    <0>\nelse:\n    <1>", "self.a# = random.Random(#)", probe="model.a#.random()"
    ),
    Piece("counter", "self.a# += 1\nh = [h[0] * (1.0 + 0.1 * self.a#), h[1]]", "self.a# = 0", changes=("model.a# = 0",), probe="model.a#"),
    Piece("counter that does not matter", "self.a# += 1", "self.a# = 0", probe="model.a#"),
    Piece(
        "counter in training", "if self.training:\n    self.a# += 1\nh = [h[0] / (1.0 + self.a#), h[1]]", "self.a# = 0", probe="model.a#"
    ),
    Piece("counter: every fifth", "self.a# += 1\nif self.a# % 5 == 0:\n    h = [2.0 * h[0], h[1]]", "self.a# = 0", probe="model.a#"),
    Piece(
        "counter: closure",
        "h = [h[0] * self.a#(), h[1]]",
        "self.a# = counter#()",
        top="def counter#():\n    k = 0\n    def count():\n        nonlocal k\n        k += 1\n        return 1.0 / k\n    return count",
        probe="model.a#()",
    ),
    Piece("counter: global", "global N#\nN# += 1\nh = [h[0] / N#, h[1]]", top="N# = 0", probe="N#"),
    Piece("counter: dict", "self.a#['k'] += 1\nh = [h[0] / self.a#['k'], h[1]]", "self.a# = {'k': 0}", probe="model.a#['k']"),
    Piece("counter: Counter", "self.a#['k'] += 1\nh = [h[0] / self.a#['k'], h[1]]", "self.a# = Counter()", probe="model.a#['k']"),
    Piece("counter: list", "self.a#.append(0)\nh = [h[0] / len(self.a#), h[1]]", "self.a# = []", probe="len(model.a#)"),
    Piece("counter: objects", "self.a#.append(object())\nh = [h[0] / len(self.a#), h[1]]", "self.a# = []", probe="len(model.a#)"),
    Piece("counter: Values", "self.a#.append(h[1])\nh = [h[0] / len(self.a#), h[1]]", "self.a# = []", probe="len(model.a#)"),
    Piece("counter: set", "self.a#.add(len(self.a#))\nh = [h[0] / len(self.a#), h[1]]", "self.a# = set()", probe="len(model.a#)"),
    Piece("counter: deque", "self.a#.append(0)\nh = [h[0] / len(self.a#), h[1]]", "self.a# = deque()", probe="len(model.a#)"),
    Piece("counter: array", "self.a#[0] += 1\nh = [h[0] / float(self.a#[0]), h[1]]", "self.a# = np.zeros(1)", probe="float(model.a#[0])"),
    Piece(
        "counter: array that decides",
        "self.a#[0] += 1\nif self.a#[0] % 4 == 0:\n    h = [2.0 * h[0], h[1]]",
        "self.a# = np.zeros(1)",
        probe="float(model.a#[0])",
    ),
    Piece("counter: bytearray", "self.a#.append(1)\nh = [h[0] / len(self.a#), h[1]]", "self.a# = bytearray()", probe="len(model.a#)"),
    Piece("counter: class", "Held#.k += 1\nh = [h[0] / Held#.k, h[1]]", top="class Held#:\n    k = 0", probe="Held#.k"),
    Piece("counter: own class", "type(self).a# += 1\nh = [h[0] / type(self).a#, h[1]]", "type(self).a# = 0", probe="model.a#"),
    Piece("counter: function", "count#.k += 1\nh = [h[0] / count#.k, h[1]]", top="def count#():\n    pass\ncount#.k = 0", probe="count#.k"),
    Piece("counter: object", "self.a#.k += 1\nh = [h[0] / self.a#.k, h[1]]", "self.a# = SimpleNamespace(k=0)", probe="model.a#.k"),
    Piece(
        "counter: slots",
        "self.a#.k += 1\nh = [h[0] / self.a#.k, h[1]]",
        "self.a# = Own#()",
        top="class Own#:\n    __slots__ = ('k',)\n    def __init__(self):\n        self.k = 0",
        probe="model.a#.k",
    ),
    Piece(
        "counter: slots that do not matter",
        "self.a#.k += 1",
        "self.a# = Own#()",
        top="class Own#:\n    __slots__ = ('k',)\n    def __init__(self):\n        self.k = 0",
        probe="model.a#.k",
    ),
    Piece(
        "counter: slots of a module",
        "h = self.a#(h)",
        "self.a# = Own#()",
        top="class Own#(Module):\n    __slots__ = ('k', 'p')\n    def __init__(self):\n        self.p, self.k = Value(0.5), 0\n    def __call__(self, h):\n        self.k += 1\n        return [h[0] / self.k, h[1] * self.p]",
        probe="model.a#.k",
    ),
    Piece("counter: default", "h = [h[0] / count#(), h[1]]", top="def count#(k=[0]):\n    k[0] += 1\n    return k[0]", probe="count#()"),
    Piece("counter: context", "K#.set(K#.get() + 1)\nh = [h[0] / K#.get(), h[1]]", top="K# = ContextVar('k', default=0)", probe="K#.get()"),
    Piece("flag", "self.a# = not self.a#\nif self.a#:\n    h = [2.0 * h[0], h[1]]", "self.a# = False", probe="model.a#"),
    Piece(
        "cache of a number",
        "if self.a# is None:\n    self.a# = random.random()\nh = [h[0] * self.a#, h[1]]",
        "self.a# = None",
        changes=("model.a# = None", "model.a# = 0.3"),
        probe="model.a#",
    ),
    Piece(
        "cache of a constant",
        "if self.a# is None:\n    self.a# = $C\nh = [h[0] * self.a#, h[1]]",
        "self.a# = None",
        changes=("model.a# = None", "model.a# = 0.3"),
        probe="model.a#",
    ),
    Piece(
        "cache without a name",
        "if not hasattr(self, 'a#'):\n    self.a# = $C\nh = [h[0] * self.a#, h[1]]",
        changes=("model.a# = 0.3",),
        probe="model.a#",
    ),
    Piece(
        "cache of a Value",
        "if self.a# is None:\n    self.a# = self.p# * 2\nh = [h[0] * self.a#, h[1]]",
        "self.a#, self.p# = None, Value(0.5)",
        changes=("model.a# = None",),
    ),
    Piece(
        "cache of a deep Value",
        "if self.a# is None:\n    self.a# = tanh(self.p# * 2) + 1\nh = [h[0] * self.a#, h[1]]",
        "self.a#, self.p# = None, Value(0.5)",
        changes=("model.a# = None",),
    ),
    Piece(
        "cache of a detached Value",
        "if self.a# is None:\n    with no_grad():\n        self.a# = self.p# * 2\nh = [h[0] * self.a#, h[1] + self.p#]",
        "self.a#, self.p# = None, Value(0.5)",
        changes=("model.a# = None",),
    ),
    Piece(
        "cache of the first sample",
        "if self.a# is None:\n    self.a# = x[0]\nh = [h[0] * self.a#, h[1]]",
        "self.a# = None",
        changes=("model.a# = None",),
    ),
    Piece(
        "cache of the first hidden",
        "if self.a# is None:\n    self.a# = h[0]\nh = [h[0] + self.a#, h[1]]",
        "self.a# = None",
        changes=("model.a# = None",),
    ),
    Piece(
        "cache in a dict",
        "if 'k' not in self.a#:\n    self.a#['k'] = self.p# * 2\nh = [h[0] * self.a#['k'], h[1]]",
        "self.a#, self.p# = {}, Value(0.5)",
        changes=("model.a#.clear()",),
    ),
    Piece(
        "cached function",
        "h = [h[0] * cached#(1), h[1]]",
        top="@lru_cache\ndef cached#(k):\n    return random.random()",
        changes=("cached#.cache_clear()",),
        probe="cached#(1)",
    ),
    Piece(
        "cached function of the sample",
        "h = [h[0] * cached#(x[2]), h[1]]",
        top="@lru_cache\ndef cached#(k):\n    return k * 0.5",
        probe="cached#.cache_info().misses",
    ),
    Piece(
        "cached property",
        "h = [h[0] * self.a#.q, h[1]]",
        "self.a# = Own#()",
        top="class Own#(Module):\n    def __init__(self):\n        self.p = Value(0.5)\n    @cached_property\n    def q(self):\n        return self.p * 2",
    ),
    Piece(
        "lazy layer",
        "if self.a# is None:\n    self.a# = Linear(2, 2, rng=random.Random(#))\nh = self.a#(h)",
        "self.a# = None",
        changes=("model.a# = None",),
    ),
    Piece(
        "recurrent", "self.a# = tanh(h[0] + 0.5 * self.a#)\nh = [self.a#, h[1]]", "self.a# = Value(0.0)", changes=("model.a# = Value(0.0)",)
    ),
    Piece(
        "recurrent from a number", "self.a# = tanh(h[0] + 0.5 * self.a#)\nh = [self.a#, h[1]]", "self.a# = 0.0", changes=("model.a# = 0.0",)
    ),
    Piece(
        "recurrent in a list",
        "self.a#[0] = tanh(h[0] + 0.5 * self.a#[0])\nh = [self.a#[0], h[1]]",
        "self.a# = [Value(0.0)]",
        changes=("model.a# = [Value(0.0)]",),
    ),
    Piece(
        "recurrent detached",
        "with no_grad():\n    t = self.a# * 1\nself.a# = tanh(h[0] + 0.5 * t)\nh = [self.a#, h[1]]",
        "self.a# = Value(0.0)",
        changes=("model.a# = Value(0.0)",),
    ),
    Piece("previous sample", "t, self.a# = self.a#, x[0]\nh = [h[0] + t, h[1]]", "self.a# = 0.0", changes=("model.a# = 0.0",)),
    Piece(
        "previous sample decides",
        "t, self.a# = self.a#, x[0]\nif t > 0.0:\n    h = [2.0 * h[0], h[1]]",
        "self.a# = 0.0",
        changes=("model.a# = 0.0",),
    ),
    Piece("previous hidden decides", "t, self.a# = self.a#, h[0]\nif t > 0.0:\n    h = [2.0 * h[0], h[1]]", "self.a# = 0.0"),
    Piece("previous in a deque", "self.a#.append(h[0])\nh = [h[0] + 0.5 * self.a#[0], h[1]]", "self.a# = deque([0.0, 0.0], maxlen=2)"),
    Piece("previous whole sample", "t, self.a# = self.a#, x\nif t is not None:\n    h = [h[0] + t[0], h[1]]", "self.a# = None"),
    Piece("running mean", "self.a# = 0.9 * self.a# + 0.1 * h[0].data\nh = [h[0] - self.a#, h[1]]", "self.a# = 0.0", probe="model.a#"),
    Piece(
        "running mean in training",
        "if self.training:\n    self.a# = 0.9 * self.a# + 0.1 * h[0].data\nh = [h[0] - self.a#, h[1]]",
        "self.a# = 0.0",
        probe="model.a#",
    ),
    Piece(
        "node of __init__",
        "h = [h[0] * self.q#, h[1]]",
        "self.p# = Value(0.5)\nself.q# = self.p# * 2",
        changes=("model.q#.data = 0.3", "model.p#.data = 0.3", "model.q# = model.p# * 2"),
    ),
    Piece(
        "deep node of __init__",
        "h = [h[0] * self.q#, h[1]]",
        "self.p# = Value(0.5)\nself.q# = tanh(self.p# * 2)",
        changes=("model.p#.data = 0.3", "model.q# = model.p# * 2"),
    ),
    Piece("node of __init__ only in the loop", "h = [h[0] * (self.q# + self.p#), h[1]]", "self.p# = Value(0.5)\nself.q# = self.p# * 2 * 3"),
    Piece("node of a layer's weight", "h = [h[0] * self.q#, h[1]]", "self.q# = self.first.weight[0][0] * 2"),
    Piece(
        "node of __init__ under no_grad", "h = [h[0] * self.q#, h[1]]", "self.p# = Value(0.5)\nwith no_grad():\n    self.q# = self.p# * 2"
    ),
    Piece("caught domain error", "try:\n    h = [sqrt(h[0]), h[1]]\nexcept DomainError:\n    h = [0.5 * h[0], h[1]]"),
    Piece("caught pole", "try:\n    h = [h[0] / (x[2] - 1.0), h[1]]\nexcept (PoleError, ZeroDivisionError):\n    h = [0.5 * h[0], h[1]]"),
    Piece("changes the sample", "x[0] = 0.5 * x[0]\nh = [h[0] + x[0], h[1]]"),
    Piece("sorts the sample", "x.sort()\nh = [h[0] + x[0], h[1]]"),
    Piece("appends to the sample", "x.append(0.5)\nh = [h[0] + 0.1 * len(x), h[1]]"),
    Piece("pops from the sample", "s = x.pop()\nh = [h[0] + s, h[1]]\nx.append(0.5 * s)"),
    Piece("whole part", "h = [h[0] + math.floor(x[0] * 3), h[1]]"),
    Piece("int", "h = [h[0] * [0.5, 1.0, 1.5][int(x[2])], h[1]]"),
    Piece("looked up", "h = [h[0] * {0: 0.5, 1: 1.0, 2: 1.5}[x[2]], h[1]]"),
    Piece("equal", "h = [h[0] * (0.5 if x[2] == 1 else 2.0), h[1]]"),
    Piece("true", "if x[2]:\n    h = [h[0] * 0.5, h[1]]"),
    Piece("or", "h = [h[0] * (x[2] or 0.5), h[1]]"),
    Piece("in", "if x[2] in (0, 2):\n    h = [h[0] * 0.5, h[1]]"),
    Piece("format", "h = [h[0] + float(f'{x[0]:.1f}'), h[1]]"),
    Piece("round", "h = [h[0] + round(x[0], 1), h[1]]"),
    Piece("remainder", "h = [h[0] + x[0] % 0.5, h[1]]"),
    Piece("same", "h = [h[0] * (0.5 if x is self.a# else 1.0), h[1]]\nself.a# = x", "self.a# = None"),
    Piece("argmax", "h = [h[0] * [0.5, 1.0, 1.5][x.index(max(x))], h[1]]"),
    Piece("argmax of hidden", "h = [h[h.index(max(h))], h[0]]"),
    Piece("number of hidden", "h = [h[0] * float(h[1]), h[1]]"),
    Piece("data of hidden", "h = [h[0] * h[1].data, h[1]]"),
    Piece("detached by data", "h = [h[0] * Value(h[1].data), h[1]]"),
    Piece("data of a weight", "h = [h[0] * self.first.weight[0][0].data, h[1]]"),
    Piece(
        "data of a weight decides",
        "if self.first.weight[0][0].data > self.a#:\n    h = [2.0 * h[0], h[1]]",
        "self.a# = self.first.weight[0][0].data",
    ),
    Piece("gradient of a weight", "h = [h[0] + 0.1 * self.first.weight[0][0].grad, h[1]]"),
    Piece("assigns a weight", "self.a#.data = 0.5\nh = [h[0] * self.a#, h[1]]", "self.a# = Value(1.0)"),
    Piece(
        "normalises a weight",
        "self.a# = self.a#_raw / (1.0 + self.a#_raw * self.a#_raw)\nh = [h[0] * self.a#, h[1]]",
        "self.a#_raw = Value(0.5)\nself.a# = None",
    ),
    Piece(
        "grows",
        "if len(self.a#) < 3:\n    self.a#.append(Linear(2, 2, rng=random.Random(#)))\nfor layer in self.a#:\n    h = layer(h)",
        "self.a# = []",
    ),
    Piece("switches itself", "h = self.a#(h)\nself.a#.p = 0.25", "self.a# = Dropout(0.5, random.Random(#))"),
    Piece(
        "switches its mode",
        "h = self.a#(h)\nself.a#.training = not self.a#.training",
        "self.a# = Dropout(0.5, random.Random(#))",
        probe="model.a#.training",
    ),
    Piece("rotates", "self.a#.reverse()\nh = self.a#[0](h)", "self.a# = [Linear(2, 2, rng=rng), Linear(2, 2, rng=rng)]"),
    Piece("rotates functions", "self.a#.reverse()\nh = [self.a#[0](v) for v in h]", "self.a# = [tanh, sigmoid]"),
    Piece("swaps functions", "self.a#, self.b# = self.b#, self.a#\nh = [self.a#(v) for v in h]", "self.a#, self.b# = tanh, sigmoid"),
    Piece("swaps every third", "self.a#.append(self.a#.pop(0))\nh = [self.a#[0](v) for v in h]", "self.a# = [tanh, tanh, sigmoid]"),
    Piece(
        "swaps layers",
        "self.a#, self.b# = self.b#, self.a#\nh = self.a#(h)",
        "self.a#, self.b# = Linear(2, 2, rng=rng), Linear(2, 2, rng=rng)",
    ),
    Piece(
        "swaps parameters", "self.a#, self.b# = self.b#, self.a#\nh = [h[0] * self.a#, h[1]]", "self.a#, self.b# = Value(0.5), Value(0.25)"
    ),
    Piece("pops functions", "f = self.a#.pop() if self.a# else sigmoid\nh = [f(v) for v in h]", "self.a# = [tanh] * 5"),
    Piece("copies itself", "t = copy.deepcopy(self.first)\nh = t(h)"),
]

# -- the rest of a case ---------------------------------------------------------------------------------------------------

LOSSES = [
    Piece("mse", top="loss = mse"),
    Piece("mae", top="loss = mae"),
    Piece("partial", top="loss = partial(huber, delta=0.5)", changes=("loss.keywords['delta'] = 0.1",)),
    Piece(
        "global weight",
        top="W = 1.0\ndef loss(output, target):\n    return W * mse(output, target)",
        changes=("global W\nW = 0.5", "global W\nW *= 0.5"),
    ),
    Piece(
        "object",
        top="class Loss:\n    def __init__(self):\n        self.weight, self.calls = 1.0, 0\n    def __call__(self, output, target):\n        return self.weight * mse(output, target)\nloss = Loss()",
        changes=("loss.weight = 0.25", "loss.weight = Value(0.5)"),
    ),
    Piece(
        "closure",
        top="def made(k):\n    def loss(output, target):\n        return k['w'] * mse(output, target)\n    return loss, k\nloss, HELD = made({'w': 1.0})",
        changes=("HELD['w'] *= 0.5",),
    ),
    Piece("branch", top="def loss(output, target):\n    return mse(output, target) if target > 0.0 else 2.0 * mse(output, target)"),
    Piece(
        "branch on the error",
        top="def loss(output, target):\n    d = first(output) - target\n    return d * d if d > 0.1 else 0.5 * d * d + d * 0.1",
    ),
    Piece(
        "counter",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target) / (1.0 + 0.01 * self.calls)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece(
        "counter that does not matter",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece(
        "curriculum",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target) if self.calls < 12 else mae(output, target)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece("unseen", top="def loss(output, target):\n    return mse(output, target + 0.1 * random.random())"),
    Piece("drawn", top="def loss(output, target):\n    return mse(output, target + 0.1 * drawn(random.random))"),
    Piece(
        "detached",
        top="def loss(output, target):\n    with no_grad():\n        d = 2.0 * (first(output) - target)\n    return d * first(output)",
    ),
    Piece(
        "of what the model kept",
        "self.hidden = h",
        "self.hidden = None",
        top="def loss(output, target):\n    return mse(output, target) + 0.1 * model.hidden[0] ** 2",
    ),
    Piece(
        "logged",
        top="SEEN = []\ndef loss(output, target):\n    one = mse(output, target)\n    SEEN.append(one)\n    return one",
        probe="len(SEEN)",
    ),
    Piece(
        "relative to the last",
        top="LAST = [Value(0.0)]\ndef loss(output, target):\n    one = mse(output, target)\n    before, LAST[0] = LAST[0], one\n    return one + 0.1 * before",
    ),
]

PENALTIES = [
    Piece("l2", top="def penalty(model):\n    return l2(model.parameters(), 0.01)"),
    Piece("l1", top="def penalty(model):\n    return l1(model.first.parameters(), 0.01)"),
    Piece(
        "annealed",
        top="STRENGTH = [0.1]\ndef penalty(model):\n    return STRENGTH[0] * model.first.weight[0][0] ** 2",
        changes=("STRENGTH[0] *= 0.5",),
    ),
    Piece(
        "annealed closure",
        top="def annealed(k):\n    def penalty(model):\n        return l2(model.parameters(), k)\n    def change(new):\n        nonlocal k\n        k = new\n    return penalty, change\npenalty, anneal = annealed(0.01)",
        changes=("anneal(0.1)",),
    ),
    Piece(
        "counter", top="T = 0\ndef penalty(model):\n    global T\n    T += 1\n    return model.first.weight[0][0] * (0.1 / T)", probe="T"
    ),
    Piece("unseen", top="def penalty(model):\n    return model.first.weight[0][0] * random.random()"),
    Piece(
        "unseen decides",
        top="def penalty(model):\n    w = model.first.weight[0]\n    return w[0] * 0.1 if random.random() < 0.5 else w[1] * 0.1",
    ),
    Piece("drawn", top="def penalty(model):\n    return model.first.weight[0][0] * drawn(random.random)"),
    Piece(
        "detached",
        top="def penalty(model):\n    with no_grad():\n        t = model.first.weight[0][0] * 1\n    return 0.1 * t * model.first.weight[0][1]",
    ),
    Piece("branch", top="def penalty(model):\n    w = model.first.weight[0][0]\n    return w * 0.1 if w > 0.1 else w * w"),
    Piece("of what the model kept", "self.kept = h", "self.kept = None", top="def penalty(model):\n    return 0.1 * model.kept[0] ** 2"),
    Piece(
        "of what the model added up",
        "self.total = self.total + h[0] * h[0]",
        "self.total = Value(0.0)",
        top="def penalty(model):\n    found, model.total = model.total, Value(0.0)\n    return 0.1 * found",
    ),
    Piece("of an answer", top="def penalty(model):\n    out = first(model([0.25, 0.5, 1.0]))\n    return 0.1 * out * out"),
    Piece("numbers of weights", top="def penalty(model):\n    return model.first.weight[0][0] * model.first.weight[0][1].data"),
    Piece(
        "turns", top="TURN = [tanh, sigmoid]\ndef penalty(model):\n    TURN.reverse()\n    return 0.1 * TURN[0](model.first.weight[0][0])"
    ),
]

OPTIMIZERS = [
    Piece("SGD", top="optimizer = SGD(model.parameters(), lr=0.1)", changes=("optimizer.lr = 0.05",)),
    Piece("momentum", top="optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)"),
    Piece("Adam", top="optimizer = Adam(model.parameters(), lr=0.05)"),
    Piece("clipped", top="optimizer = AdamW(model.parameters(), lr=0.05, global_clipnorm=0.5)"),
    Piece("some parameters", top="optimizer = SGD(model.first.parameters(), lr=0.1)"),
    Piece(
        "own rule",
        top="class Rule(Optimizer):\n    def rule(self, parameters, gradients):\n        return parameters - self.lr * np.sign(gradients)\noptimizer = Rule(model.parameters(), lr=0.01)",
    ),
    Piece(
        "own step",
        top="class Step(Optimizer):\n    def step(self):\n        for p in self.parameters:\n            p.data -= self.lr * p.grad\noptimizer = Step(model.parameters(), lr=0.1)",
    ),
    Piece(
        "own update",
        top="class Update(SGD):\n    def update(self, parameters, gradients):\n        return super().update(parameters, 2.0 * gradients)\noptimizer = Update(model.parameters(), lr=0.05)",
    ),
    Piece(
        "step of an instance",
        top="optimizer = SGD(model.parameters(), lr=0.1)\ndef step():\n    for p in optimizer.parameters:\n        p.data -= 0.05 * p.grad\noptimizer.step = step",
    ),
    Piece(
        "step that clamps",
        top="class Step(SGD):\n    def step(self):\n        super().step()\n        model.first.bias[0].data = min(0.02, model.first.bias[0].data)\noptimizer = Step(model.parameters(), lr=0.1)",
    ),
]

CHANGING_OPTIMIZERS = [
    Piece(
        "step that changes",
        top="class Step(SGD):\n    def step(self):\n        super().step()\n        @\noptimizer = Step(model.parameters(), lr=0.05)",
    ),
    Piece(
        "rule that changes",
        top="class Rule(SGD):\n    def rule(self, parameters, gradients):\n        @\n        return super().rule(parameters, gradients)\noptimizer = Rule(model.parameters(), lr=0.05)",
    ),
]
"""Where ``@`` stands is a change of another piece."""

SCHEDULES = ["StepLR(optimizer, 1, 0.5)", "CosineAnnealingLR(optimizer, 3)", "ExponentialLR(optimizer, 0.5)"]

METRICS = [
    Piece("a mean", top="def metric(outputs, targets):\n    return sum(map(first, outputs)) / len(outputs)"),
    Piece("draws", top="def metric(outputs, targets):\n    return random.random()"),
]
CHANGING_METRICS = [Piece("changes", top="def metric(outputs, targets):\n    @\n    return first(outputs[0])")]

HEADS = {"number": "self.last(h)[0]", "list": "self.last(h)", "tuple": "(self.last(h)[0],)"}
