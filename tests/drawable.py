"""Graphs of many shapes, for the tests of what draws them."""

import random
from collections.abc import Callable
from typing import Any

from autograd import Value, dot, scope
from autograd.render.picture import graph_picture  # noqa: F401 - registers Values
from autograd.render.picture.boxes import Picture, View, picture_of


def pictured(root: object, **view: Any) -> Picture:
    """The picture of something, with the arguments of `draw` that a view has."""
    return picture_of(root, View(**view))


def expression() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    y = (a * b + c).tanh()
    y.label = "y"
    y.backward()
    return y


def neuron(n: int) -> Value:
    rng = random.Random(n)
    x = [Value(rng.uniform(-1, 1), label=f"x{i}") for i in range(n)]
    w = [Value(rng.uniform(-1, 1), label=f"w{i}") for i in range(n)]
    return (sum((wi * xi for wi, xi in zip(w, x, strict=True)), Value(0.5, label="b"))).tanh()


def mlp() -> Value:
    x = [Value(1.0, label="x1"), Value(-2.0, label="x2")]
    hidden = [(dot([Value(0.1 * j), Value(0.2)], x) + Value(0.0)).relu() for j in range(4)]
    return (dot([Value(0.3) for _ in hidden], hidden) - 1.0) ** 2


def recurrent(n: int) -> Value:
    x = y = Value(0.5, label="x")
    for _ in range(n):
        y = (y * x + x * x).tanh()
    return y


def chain(n: int) -> Value:
    y = Value(0.5)
    for _ in range(n - 1):
        y = y.tanh()
    return y


def random_graph(seed: int) -> Value:
    rng = random.Random(seed)
    pool = [Value(rng.uniform(0.5, 1.0), label="x" * rng.randrange(20)) for _ in range(rng.randrange(1, 6))]
    for _ in range(rng.randrange(1, 40)):
        kind = rng.randrange(4)
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(
            a * b if kind == 0 else a - 1.0 if kind == 1 else a.tanh() if kind == 2 else dot(rng.choices(pool, k=3), rng.choices(pool, k=3))
        )
    return pool[-1]


def scoped_mlp(samples: int, sizes: tuple[int, ...] = (4, 1)) -> Value:
    """The loss of a network whose neurons, layers and loss are scopes; its weights are made outside of them, once."""
    rng = random.Random(0)
    widths = (2, *sizes)
    weights = [
        [[Value(rng.uniform(-1, 1), label=f"w{i}") for i in range(n)] for _ in range(m)] for n, m in zip(widths, sizes, strict=False)
    ]
    biases = [[Value(0.0, label="b") for _ in range(m)] for m in sizes]
    losses = []
    for _ in range(samples):
        x = [Value(rng.uniform(-1, 1), label=f"x{i}") for i in range(2)]
        for layer, (rows, offsets) in enumerate(zip(weights, biases, strict=True)):
            with scope(f"layer{layer}"):
                out = []
                for i, (w, b) in enumerate(zip(rows, offsets, strict=True)):
                    with scope(f"neuron{i}"):
                        out.append((dot(w, x) + b).tanh())
                x = out
        with scope("loss"):
            losses.append((x[0] - 1.0) ** 2)
    loss = losses[0]
    for other in losses[1:]:
        loss = loss + other
    loss.label = "loss"
    loss.backward()
    return loss


def in_circles(steps: int) -> Value:
    """Two scopes, each of which needs the other."""
    w, h = Value(0.5, label="w"), Value(0.1, label="h")
    for _ in range(steps):
        with scope("cell"):
            z = w * h + 1.0
        with scope("gate"):
            h = z.tanh() * z
    return h


def random_scopes(seed: int) -> Value:
    rng = random.Random(seed)
    names = ["a", "b", "a/c", "a/d", "b/c/e"]
    pool = [Value(rng.random(), label=f"x{i}") for i in range(3)]
    for _ in range(rng.randrange(5, 40)):
        name = rng.choice(names)
        a, b = rng.choice(pool), rng.choice(pool[-5:])
        if rng.random() < 0.7:
            with scope(name):
                pool.append(a - b)
        else:
            pool.append(a * b)
    return pool[-1]


GRAPHS: dict[str, Callable[[], Value]] = {
    "leaf": lambda: Value(3.0, label="x"),
    "expression": expression,
    "neuron of 4": lambda: neuron(4),
    "mlp": mlp,
    "recurrent": lambda: recurrent(8),
    "dot of 40": lambda: dot([Value(float(i)) for i in range(20)], [Value(1.0)] * 20),
    "scopes": lambda: scoped_mlp(1),
    "scopes in circles": lambda: in_circles(3),
    **{f"random {seed}": lambda seed=seed: random_graph(seed) for seed in range(6)},  # type: ignore[misc]
    **{f"random scopes {seed}": lambda seed=seed: random_scopes(seed) for seed in range(5)},  # type: ignore[misc]
}
