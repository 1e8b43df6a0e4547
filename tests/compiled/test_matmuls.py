"""Loops over scalars become matrix products, however they are written."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import codes, same

import autograd
from autograd import compile, dot, relu, tanh
from autograd.compiled.api.function import Function
from autograd.compiled.ir import Matmul
from nn import Layer

RNG = np.random.default_rng(0)


def products(function: Function) -> list[tuple[int, ...]]:
    """The shapes of the matrix products in the program that was recorded last."""
    return [step.shape for step in codes(function)[-1].flattened if isinstance(step, Matmul)]


def layer(W: Any, x: Any) -> list[Any]:
    return [tanh(dot(row, x)) for row in W]


def attention(Q: Any, K: Any, V: Any) -> Any:
    """Scaled dot products of queries and keys, softmax, and the weighted values, added up with different weights."""
    total: Any = 0.0
    for i, q in enumerate(Q):
        weights = autograd.softmax([dot(q, k) * 0.5 for k in K])
        mixed = [dot(weights, [v[j] for v in V]) for j in range(len(V[0]))]
        total = total + sum(m * (i + 1.0 + j) for j, m in enumerate(mixed))
    return total


def patches(kernel: Any, image: Any) -> Any:
    """A convolution with one kernel, as dot products of patches."""
    size, n = len(kernel), len(image) - len(kernel) + 1
    flat_kernel = [w for row in kernel for w in row]
    total: Any = 0.0
    for i in range(n):
        for j in range(n):
            patch = [image[i + a][j + b] for a in range(size) for b in range(size)]
            total = total + relu(dot(flat_kernel, patch)) * (1.0 + i - j)
    return total


STRUCTURES: list[tuple[str, Callable[..., Any], Any, tuple[Any, ...], list[tuple[int, ...]]]] = [
    ("shared × batched", lambda W, x: sum(layer(W, x)), (None, 0), (RNG.normal(size=(4, 3)), RNG.normal(size=(6, 3))), [(4, 1)]),
    (
        "two layers",
        lambda W, V, x: sum(layer(V, layer(W, x))),
        (None, None, 0),
        (RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=(6, 3))),
        [(4, 1), (2, 1)],
    ),
    (
        "shared × batched matrices",
        lambda W, X: sum(z * (i + 1.0) for i, z in enumerate(z for x in X for z in layer(W, x))),
        (None, 0),
        (RNG.normal(size=(4, 3)), RNG.normal(size=(6, 5, 3))),
        [(4, 5)],
    ),
    (
        "batched × shared",
        lambda X, W: sum(z * (i + 1.0) for i, z in enumerate(tanh(dot(x, w)) for x in X for w in W)),
        (0, None),
        (RNG.normal(size=(6, 5, 3)), RNG.normal(size=(4, 3))),
        [(5, 4)],
    ),
    (
        "batched × batched",
        lambda A, B: sum(z * (i + 1.0) for i, z in enumerate(tanh(dot(a, b)) for a in A for b in B)),
        (0, 0),
        (RNG.normal(size=(6, 2, 3)), RNG.normal(size=(6, 4, 3))),
        [(2, 4)],
    ),
    (
        "shared × shared",
        lambda A, B, x: sum(z * (i + x) for i, z in enumerate(tanh(dot(a, b)) for a in A for b in B)),
        (None, None, 0),
        (RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=6)),
        [(2, 4)],
    ),
    (
        "attention",
        attention,
        (0, 0, 0),
        (RNG.normal(size=(3, 4, 5)), RNG.normal(size=(3, 4, 5)), RNG.normal(size=(3, 4, 2))),
        [(4, 4), (4, 2)],
    ),
    (
        "attention, shared keys",
        attention,
        (0, None, None),
        (RNG.normal(size=(3, 4, 5)), RNG.normal(size=(6, 5)), RNG.normal(size=(6, 2))),
        [(4, 6), (4, 2)],
    ),
    (
        "attention, shared queries",
        attention,
        (None, 0, None),
        (RNG.normal(size=(3, 5)), RNG.normal(size=(4, 6, 5)), RNG.normal(size=(6, 2))),
        [(3, 6), (3, 2)],
    ),
    ("convolution", patches, (None, 0), (RNG.normal(size=(2, 2)), RNG.normal(size=(3, 5, 5))), [(1, 16)]),
    ("convolution, a kernel a sample", patches, (0, None), (RNG.normal(size=(3, 2, 2)), RNG.normal(size=(5, 5))), [(1, 16)]),
]


@pytest.mark.parametrize(("name", "f", "in_axes", "args", "shapes"), STRUCTURES, ids=[row[0] for row in STRUCTURES])
def test_matrix_products_are_found(
    name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...], shapes: list[tuple[int, ...]], executor: str
) -> None:
    compiled = same(f, *args, in_axes=in_axes, executor=executor)
    assert sorted(map(sorted, products(compiled))) == sorted(map(sorted, shapes))


@pytest.mark.seed("A5")
def test_four_neurons_of_three_inputs_are_a_matrix(executor: str) -> None:
    """Loops over neurons and samples become W X + b, with a column for each sample."""
    layer = Layer(3, 4, "linear", rng=random.Random(0))
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    b = np.array([[neuron.b.data] for neuron in layer.neurons])
    X = np.random.default_rng(0).normal(size=(3, 5))
    neurons = compile(lambda x: layer(x), in_axes=(0,), executor=executor)
    assert W.shape == (4, 3)
    assert np.array(neurons(X.T)).T == pytest.approx(W @ X + b, rel=1e-13)
    assert "w[4, 3]ᵀ" in str(neurons)


@pytest.mark.parametrize(("m", "t"), [(1, 1), (2, 3), (3, 17), (4, 8), (5, 33), (7, 100), (9, 4)])
def test_products_of_few_samples_and_of_many(executor: str, m: int, t: int) -> None:
    rng = np.random.default_rng(m)
    W, V = rng.normal(size=(m, t)), rng.normal(size=(3, t))

    def f(W: Any, x: Any) -> Any:
        return [[dot(w, row) for w in W] for row in x]

    of_vectors = compile(lambda W, x: [dot(w, x) for w in W], in_axes=(None, 0), executor=executor)
    of_matrices = compile(f, in_axes=(None, 0), executor=executor)
    swapped = compile(lambda W, x: [[dot(row, w) for row in x] for w in W], in_axes=(None, 0), executor=executor)
    for n in (1, 2, 3, 7, 11, 12, 13, 14):
        x = rng.normal(size=(n, t))
        np.testing.assert_allclose(of_vectors(W, x), x @ W.T, rtol=1e-13, atol=1e-13)
        X = rng.normal(size=(n, 3, t)) * V
        np.testing.assert_allclose(of_matrices(W, X), X @ W.T, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(swapped(W, X), np.moveaxis(X @ W.T, 1, 2), rtol=1e-13, atol=1e-13)
