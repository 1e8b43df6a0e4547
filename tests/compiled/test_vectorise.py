"""Rows with the same operation become one instruction, whether shared, batched or constant; irregular ones stay scalars."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import codes, same

import autograd
from autograd import Value, compile, dot, exp, grad, log, tanh, where
from autograd.compiled.ir import Scalars, check
from autograd.errors import DomainError
from autograd.ops import MUL


def zigzag(x: Any, y: Any) -> Any:
    """So irregular that it stays scalars, one after the other: with choices, powers, slopes, sums, and a logarithm that has a domain."""
    z = x
    for i in range(40):
        z = (
            where(z > 0.1 * i, x, y)
            + log(z * z + y) * 0.1
            + autograd.leaky_relu(z, 0.1) * 0.5
            + z**3 * 0.01
            + dot([x, z, 2.0], [y, 0.1, z]) * 0.1
        )
    return z


def test_scalars_one_after_the_other(executor: str) -> None:
    points = [(0.3, 0.7), (0.9, 1.4), (-0.4, 1.1)]
    for axes, batched in (((None, None), False), ((0, 0), True)):
        f = compile(zigzag, in_axes=axes, executor=executor)
        columns = [np.array(column) for column in zip(*points, strict=True)]
        for x, y in [columns] if batched else [tuple(map(np.array, point)) for point in points]:
            value, gradients = f.value_and_grad(x, y)
            samples = points if batched else [(float(x), float(y))]
            np.testing.assert_allclose(value, np.squeeze([zigzag(*map(Value, point)).data for point in samples]), rtol=1e-12)
            expected = np.array([grad(zigzag, argnums=(0, 1))(*point) for point in samples]).T
            np.testing.assert_allclose(np.array(gradients).reshape(2, -1), expected, rtol=1e-9)
            np.testing.assert_allclose(f.jvp((x, y), (0.0 * x + 1.0, 0.0 * y))[1], np.squeeze(expected[0]), rtol=1e-9)
        [code] = codes(f)
        assert any(isinstance(step, Scalars) for step in code.instructions)
        assert sum(isinstance(step, Scalars) for step in code.instructions) < 4 < len(code.flattened) / 50
        check(code)
    outside = compile(zigzag, in_axes=(None, None), executor=executor)
    for x, y in ((0.0, 0.0), (0.1, -5.0)):
        with pytest.raises(DomainError, match="log"):
            zigzag(Value(x), Value(y))
        with pytest.raises(DomainError, match="log"):
            outside(x, y)
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 2 elements"):
        assert f(np.array([0.3, 0.1]), np.array([0.7, -5.0]))[0] == pytest.approx(zigzag(Value(0.3), Value(0.7)).data, rel=1e-12)


MIXED: list[tuple[str, Callable[..., Any]]] = [
    ("a dot of mixed factors", lambda p, x: dot([p[0], x[0], 2.0, p[1]], [x[1], x[2], p[2], 3.0])),
    ("a sum of mixed terms", lambda p, x: autograd.functions.sum([p[0], x[0], 2.0, p[1] * 3.0, x[1] * x[2]])),
    ("a chain of mixed terms", lambda p, x: p[0] + x[0] + 2.0 + p[1] * 3.0 + x[1] * x[2] + p[2] * x[2]),
    ("many mixed dots", lambda p, x: sum(tanh(dot([p[i], x[j]], [x[j], p[k]])) for i in range(3) for j in range(3) for k in range(3))),
    ("a grid with a hole", lambda p, x: sum(tanh(dot([p[i], p[j]], [x[j], x[i]])) for i in range(3) for j in range(3) if i + j < 4)),
    ("a grid with doubles", lambda p, x: sum(tanh(dot([p[i], 1.0], [x[j], p[i]])) for i in (0, 1, 1) for j in (0, 2))),
    ("a shared sum in a batched product", lambda p, x: (p[0] * p[1] + p[2]) * (x[0] + p[0]) - exp(p[1]) * exp(x[1])),
    ("shared and batched in one group", lambda p, x: sum(tanh(v) for v in [*p, *x]) * sum(exp(v * 0.1) for v in [p[0], x[0], p[1], x[1]])),
    ("variadic rows", lambda p, x: autograd.logsumexp([p[0], x[0], 1.0]) + autograd.logsumexp([x[1], p[1], x[2]]) * autograd.logsumexp(p)),
    ("three inputs", lambda p, x: sum(autograd.clip(v, p[2], 1.0) for v in x) + sum(autograd.clip(v, x[0] * 0.0 - 1.0, 2.0) for v in p)),
    ("parameters", lambda p, x: sum(v**k for v, k in zip([*p, *x], [2, 3, 2, 2, 3, 3], strict=True)) + sum(v**2 for v in x)),
    ("negative and repeated", lambda p, x: -(x[0] - p[0]) * (x[0] - p[0]) - (p[0] - x[0]) * (x[0] - p[0]) + x[0] * x[0] + p[0] * p[0]),
    ("only shared numbers", lambda p, x: tanh(dot(p, p)) + sum(exp(v) for v in p)),
    ("transposed", lambda p, x: sum(tanh(x[i] * p[j]) * (1.0 + i) for j in range(3) for i in range(3))),
    ("a sum over both orders", lambda p, x: sum(x[i] * p[i] for i in range(3)) * sum(p[i] * x[2 - i] for i in range(3))),
]


@pytest.mark.parametrize(("name", "f"), MIXED, ids=[row[0] for row in MIXED])
@pytest.mark.parametrize("in_axes", [(None, 0), (0, None), (0, 0)], ids=str)
def test_shared_batched_and_constant_numbers_mix(name: str, f: Callable[..., Any], in_axes: tuple[Any, Any], executor: str) -> None:
    rng = np.random.default_rng(1)
    args = [rng.uniform(-1.5, 1.5, size=(3,) if axis is None else (4, 3)) for axis in in_axes]
    same(f, *args, in_axes=in_axes, executor=executor)


def tangle(seed: int) -> Callable[[Any, Any], Any]:
    """A random function of six vectors of three numbers: products, transposes, sums and choices of what there is so far."""

    def f(p: Any, x: Any) -> Any:
        rng = random.Random(seed)
        vectors = [*map(list, p), *map(list, x), [0.5, -1.0, 2.0]]

        def some(n: int) -> list[list[Any]]:
            return [rng.choice(vectors[-8:]) for _ in range(n)]

        def product() -> list[list[Any]]:
            rows, columns = some(rng.choice([1, 2, 3])), some(3)
            return [[tanh(dot(row, column)) for column in columns] for row in rows]

        def transposed() -> list[list[Any]]:
            return [list(column) for column in zip(*some(3), strict=True)]

        def picked() -> list[list[Any]]:
            pool = [v for vector in some(4) for v in vector]
            return [[rng.choice(pool) for _ in range(3)] for _ in range(rng.choice([1, 3]))]

        def element_wise() -> list[list[Any]]:
            rule = rng.choice([lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / (1.0 + b * b), lambda a, b: exp(tanh(a)) + b])
            return [[rule(a, b) for a, b in zip(*some(2), strict=True)] for _ in range(rng.choice([1, 3]))]

        def summed() -> list[list[Any]]:
            return [
                [sum(vector, 0.0), dot(vector, other), sum(a * b for a, b in zip(vector, other, strict=True))]
                for vector, other in [some(2)] * 2
            ]

        def chosen() -> list[list[Any]]:
            return [[where(a > b, lambda a=a: tanh(a), lambda b=b: b * 0.5) for a, b in zip(*some(2), strict=True)]]

        for _ in range(rng.randint(2, 7)):
            vectors += [
                [tanh(v) for v in vector] for vector in rng.choice([product, product, transposed, picked, element_wise, summed, chosen])()
            ]
        return sum(v * (1.0 + 0.1 * i) for i, v in enumerate(v for vector in vectors[-5:] for v in vector))

    return f


@pytest.mark.parametrize("seed", range(30))
def test_tangles(seed: int, executor: str) -> None:
    in_axes = [(None, 0), (0, None), (0, 0)][seed % 3]
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=(3, 3) if axis is None else (4, 3, 3)) for axis in in_axes]
    same(tangle(seed), *args, in_axes=in_axes, executor=executor)


def test_dots_of_one_group_take_their_terms_in_their_own_order(executor: str) -> None:
    f = same(lambda x, y: dot([x, 2.0], [y, x]) + dot([3.0, y], [y, x]), [1.0, 2.0], [3.0, 4.0], executor=executor)
    assert codes(f)


def test_a_product_of_scalars_is_no_loop(executor: str) -> None:
    f = compile(lambda x, y: x * y, executor=executor)
    f([1.0], [2.0, 3.0])
    assert [step.operation for step in codes(f)[0].flattened] == [MUL]


def test_deep(executor: str) -> None:
    def chain(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 0.9999 + 0.001
        return x

    value, gradient = compile(chain, executor=executor).value_and_grad([0.5, 0.25], wrt=0)
    assert value.tolist() == [chain(0.5), chain(0.25)]
    assert gradient.tolist() == pytest.approx([0.9999**20_000] * 2, rel=1e-11)


def test_wide(executor: str) -> None:
    f = compile(lambda x: autograd.functions.sum([exp(x * (i * 1e-5)) for i in range(100_000)]), executor=executor)
    value, gradient = f.value_and_grad([0.5, 0.25], wrt=0)
    k = np.arange(100_000) * 1e-5
    np.testing.assert_allclose(value, [np.exp(x * k).sum() for x in (0.5, 0.25)], rtol=1e-11)
    np.testing.assert_allclose(gradient, [(k * np.exp(x * k)).sum() for x in (0.5, 0.25)], rtol=1e-11)
    assert len(codes(f)[0].flattened) <= 4
