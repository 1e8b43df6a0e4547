"""in_axes: arguments that are trees, modules, and arrays with and without samples."""

import random
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import recorded, same

from autograd import compile, dot, tanh
from autograd.compiled.api.arguments import split
from nn import MLP

RNG = np.random.default_rng(0)


X3 = RNG.normal(size=(5, 3))


W23 = RNG.normal(size=(2, 3))


Point = namedtuple("Point", ["x", "y"])


TREES: list[tuple[str, Callable[..., Any], Any, tuple[Any, ...]]] = [
    ("vectors", lambda w, x: dot(w, x), (None, 0), ([0.5, -1.0, 2.0], X3)),
    ("vectors of both kinds", lambda w, x: dot(w, x) * w[0], (0, None), (X3.tolist(), np.array([0.5, -1.0, 2.0]))),
    ("all samples their own", lambda w, x: dot(w, x), 0, (X3, X3[::-1])),
    ("a matrix", lambda W, x: sum(tanh(dot(row, x)) for row in W), (None, 0), (W23, X3)),
    ("a matrix a sample", lambda W, x: dot(W[0], x) * dot(W[1], x), (0, 0), (RNG.normal(size=(5, 2, 3)), X3)),
    ("numpy's product", lambda W, x: (np.array(W) @ x).sum(), (None, 0), (W23, X3)),
    ("numbers beside", lambda k, x, b: k * x[1] + b, (None, 0, 0), (2.0, X3, [1.0, 2.0, 3.0, 4.0, 5.0])),
    ("a dict", lambda p, x: p["w"][0] * x[0] + p["w"][1] * x[1] + p["b"], (None, 0), ({"w": [1.0, 2.0], "b": 0.5}, X3)),
    ("a dict of samples", lambda p: p["a"] * p["b"][1], 0, ({"a": X3[:, 0], "b": X3},)),
    ("a tuple", lambda p, x: p[0] * x[0] + p[1][1] * x[1], (None, 0), ((3.0, [1.0, 2.0]), X3)),
    ("a tuple of samples", lambda p: p[0] * p[1], (0,), ((X3[:, 0].tolist(), X3[:, 1]),)),
    ("a named tuple", lambda p, q: p.x * q.y - p.y * q.x[0], (None, 0), (Point(1.0, 2.0), Point(X3, X3[:, 2]))),
    ("a ragged list", lambda W, x: dot(W[0], x) * W[1][0] + W[2], (None, 0), ([[1.0, 2.0, 3.0], [0.5], 2.0], X3)),
    ("a list of arrays", lambda W, x: (np.array(W[0]) @ x).sum() * W[1][1], (None, 0), ([W23, np.array([1.0, 2.0])], X3)),
    (
        "arrays of one shape in a list",
        lambda W: (np.array(W[0]) @ np.array(W[1])).sum(),
        0,
        ([RNG.normal(size=(5, 2, 2)), RNG.normal(size=(5, 2, 2))],),
    ),
    ("nested", lambda p: p["layers"][0]["w"][1] * p["layers"][1]["w"][0], (0,), ({"layers": [{"w": X3}, {"w": X3[:, :2]}]},)),
    ("some parts are not used", lambda p, x: p["a"] * x[2], (None, 0), ({"a": 2.0, "unused": [1.0, 2.0]}, X3)),
    ("whole numbers", lambda w, x: dot(w, x), (None, 0), ([1, 2, 3], np.arange(15).reshape(5, 3))),
]


@pytest.mark.parametrize(("name", "f", "in_axes", "args"), TREES, ids=[row[0] for row in TREES])
def test_in_axes_takes_trees_of_all_kinds(name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...], executor: str) -> None:
    same(f, *args, in_axes=in_axes, executor=executor)


@pytest.mark.parametrize(("name", "f", "in_axes", "args"), TREES, ids=[row[0] for row in TREES])
def test_gradients_have_the_form_of_the_argument(name: str, f: Callable[..., Any], in_axes: Any, args: tuple[Any, ...]) -> None:
    compiled = compile(f, in_axes=in_axes, executor="numpy")
    for reduce in (None, "sum", "mean"):
        _, gradients = compiled.value_and_grad(*args, wrt=tuple(range(len(args))), reduce=reduce)
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        for gradient, source, axis in zip(gradients, args, axes, strict=True):
            own = (5,) if axis is None and reduce is None else ()
            result, _ = split(gradient, "the gradient")
            arrays, build = split(source, "the argument")
            assert [array.shape for array in result] == [own + array.shape for array in arrays]
            form, own_form = (repr(b([0] * len(arrays))) for b in (build, split(gradient, "")[1]))
            assert isinstance(source, list) or own_form == form


def test_a_module_is_an_argument_and_its_parameters_are_live(executor: str) -> None:
    rng = random.Random(0)
    model = MLP(2, [4, 1], rng=rng) if "rng" in MLP.__init__.__code__.co_varnames else MLP(2, [4, 1])
    f, runs = recorded(lambda model, x, y: (model(x) - y) ** 2)
    compiled = compile(f, in_axes=(None, 0, 0), executor=executor)
    X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=6)
    for _ in range(2):
        for reduce, n in (("sum", 1.0), ("mean", 6.0)):
            model.zero_grad()
            total = sum((model(x) - y) ** 2 for x, y in zip(X, Y, strict=True)) / n
            total.backward()  # type: ignore[union-attr]
            value, gradient = compiled.value_and_grad(model, X, Y, wrt=0, reduce=reduce)
            assert value == pytest.approx(total.data, rel=1e-12)  # type: ignore[union-attr]
            assert gradient == pytest.approx({name: p.grad for name, p in model.named_parameters()}, rel=1e-12, abs=1e-14)
        before = value
        for p in model.parameters():
            p.data = rng.uniform(-1.0, 1.0)
        np.testing.assert_allclose(compiled(model, X, Y), [((model(x) - y) ** 2).data for x, y in zip(X, Y, strict=True)], rtol=1e-12)
    assert len(runs) == 2  # with derivatives and without
    assert value == before
    each = compiled.value_and_grad(model, X, Y, wrt=0)[1]
    assert {name: (slopes.shape, slopes.sum()) for name, slopes in each.items()} == {
        name: ((6,), pytest.approx(total)) for name, total in compiled.value_and_grad(model, X, Y, wrt=0, reduce="sum")[1].items()
    }
