"""Randomly grown graphs: programs as data, so that several engines can run the same one."""

import random
from collections.abc import Callable, Sequence
from typing import Any

Step = tuple[str, tuple[int, ...]]

UNARY = ("exp_", "log_", "tanh", "sigmoid", "relu", "neg", "square", "root_")
BINARY = ("add", "sub", "mul", "div_")


def grow(rng: random.Random, inputs: int, steps: int, sharing: float) -> list[Step]:
    """A program: each step names an operation and earlier results. Names that end in _ keep their argument in a safe range."""
    program: list[Step] = []
    for n in range(inputs, inputs + steps):

        def pick(n: int = n) -> int:
            return rng.randrange(n) if rng.random() < sharing else n - 1 - rng.randrange(min(n, 3))

        if rng.random() < 0.45:
            program.append((rng.choice(UNARY), (pick(),)))
        elif rng.random() < 0.15:
            k = rng.randint(2, 5)
            program.append(("dot_", tuple(pick() for _ in range(2 * k))))
        else:
            program.append((rng.choice(BINARY), (pick(), pick())))
    return program


def run(program: Sequence[Step], inputs: Sequence[Any], xp: Any) -> Any:
    """The last result. `xp` gives exp, log, tanh, sigmoid, relu and dot for the kind of number at hand."""
    results = list(inputs)
    table: dict[str, Callable[..., Any]] = {
        "exp_": lambda a: xp.exp(xp.tanh(a)),
        "log_": lambda a: xp.log(a * a + 0.5),
        "tanh": lambda a: xp.tanh(a),
        "sigmoid": lambda a: xp.sigmoid(a),
        "relu": lambda a: xp.relu(a),
        "neg": lambda a: -a,
        "square": lambda a: xp.tanh(a) ** 2,
        "root_": lambda a: (a * a + 1.0) ** 0.5,
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: xp.tanh(a) * b,
        "div_": lambda a, b: a / (b * b + 1.0),
        "dot_": lambda *ab: xp.dot([xp.tanh(a) for a in ab[: len(ab) // 2]], ab[len(ab) // 2 :]),
    }
    for name, arguments in program:
        results.append(table[name](*[results[i] for i in arguments]))
    return results[-1]
