"""A training step of a one-layer GPT that learns names letter by letter, in scalar code for the Value of any engine.

It is 16 wide and has 4 heads; RMS norm, causal softmax attention, a ReLU MLP four times as wide, cross-entropy, Adam.

Source: Vaswani et al., "Attention is all you need" (2017); the norm is Zhang and Sennrich, "Root mean square layer
normalization" (2019), without a gain.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

WIDTH, HEADS, POSITIONS = 16, 4, 8
LETTERS = ".abcdefghijklmnopqrstuvwxyz"
"""The vocabulary. A name begins and ends with a dot."""
NAME = "amelia"

Vector = list[Any]
Matrix = list[Vector]


def linear(matrix: Matrix, x: Vector) -> Vector:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in matrix]


def rms_norm(x: Vector) -> Vector:
    scale = (sum(xi * xi for xi in x) * (1.0 / len(x)) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def largest_number(logits: Vector) -> float:
    return max(z.data for z in logits)


def softmax(logits: Vector, largest: Callable[[Vector], Any] = largest_number) -> Vector:
    shift = largest(logits)
    exponentials = [(z - shift).exp() for z in logits]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def add(x: Vector, y: Vector) -> Vector:
    return [a + b for a, b in zip(x, y, strict=True)]


def gpt(
    value: Any, name: str = NAME, seed: int = 1337, largest: Callable[[Vector], Any] = largest_number
) -> tuple[Vector, Callable[[], Any]]:
    """Parameters, and a function that builds their loss on one name, with the Value of any engine.

    `largest` is the shift of some logits in softmax, which only prevents overflow.
    """
    rng = random.Random(seed)

    def matrix(rows: int, columns: int) -> Matrix:
        return [[value(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    tokens, places, unembedding = matrix(len(LETTERS), WIDTH), matrix(POSITIONS, WIDTH), matrix(len(LETTERS), WIDTH)
    query, key, content, joined = (matrix(WIDTH, WIDTH) for _ in range(4))
    wider, back = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
    matrices = (tokens, places, unembedding, query, key, content, joined, wider, back)
    text = [LETTERS.index(letter) for letter in f".{name}."]
    size = WIDTH // HEADS

    def attention(x: Vector, keys: Matrix, contents: Matrix) -> Vector:
        """Every head attends to this position and the earlier ones, whose keys and contents are already in the lists."""
        q = linear(query, x)
        keys.append(linear(key, x))
        contents.append(linear(content, x))
        out: Vector = []
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            weights = softmax([z * size**-0.5 for z in linear([k[part] for k in keys], q[part])], largest)
            out += linear([list(column) for column in zip(*(c[part] for c in contents), strict=True)], weights)
        return linear(joined, out)

    def loss() -> Any:
        keys: Matrix = []
        contents: Matrix = []
        losses = []
        for place, (letter, following) in enumerate(pairwise(text)):
            x = rms_norm(add(tokens[letter], places[place]))
            x = add(x, attention(rms_norm(x), keys, contents))
            x = add(x, linear(back, [z.relu() for z in linear(wider, rms_norm(x))]))
            losses.append(-softmax(linear(unembedding, x), largest)[following].log())
        return sum(losses) * (1.0 / len(losses))

    return [p for rows in matrices for row in rows for p in row], loss


def adam(parameters: Vector, lr: float = 0.01, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Callable[[], None]:
    """A function that updates the parameters and sets their gradients to 0, for the Value of any engine.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    """
    mean, square = [0.0] * len(parameters), [0.0] * len(parameters)
    steps = 0

    def update() -> None:
        nonlocal steps
        steps += 1
        rate = lr / (1.0 - beta1**steps)
        correction = math.sqrt(1.0 - beta2**steps)
        for i, p in enumerate(parameters):
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * p.grad
            square[i] = beta2 * square[i] + (1.0 - beta2) * p.grad**2
            p.data -= rate * mean[i] / (math.sqrt(square[i]) / correction + eps)
            p.grad = 0.0

    return update
