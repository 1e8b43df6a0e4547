"""to_jax: compiled functions as pure functions of JAX, on one device and on eight."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value, clip, compile, exp, hypot, log, maximum, relu, sqrt, tanh, where
from autograd import abs as absolute
from autograd.compiled.export.jax_function import to_jax
from autograd.errors import CompileError, InputError, MissingPackageError
from autograd.recording import drawn
from nn import MLP, Module, mse

jax = pytest.importorskip("jax")
jnp = jax.numpy

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


float64 = pytest.mark.usefixtures("_float64")


def tree(p: dict[str, Any], q: tuple[Any, Any], x: list[Any]) -> dict[str, Any]:
    """Arguments and results of many forms: some depend on the sample, some do not, and one array is of both."""
    score = p["w"][0] * x[0] + p["w"][1] * x[1] + p["b"]
    return {"score": tanh(score), "both": [score * q[0], q[0] * q[1], score], "shared": (q[1] * 2.0, [q[0], p["b"]])}


TREE = ({"w": [0.5, -1.5], "b": 0.25}, (2.0, 3.0), [[1.0, 2.0], [-0.5, 0.75], [0.0, 1.0]])


@float64
def test_arguments_and_results_have_the_forms_of_the_compiled_function() -> None:
    f = compile(tree, in_axes=(None, None, 0))
    expected = f(*TREE)
    pure = to_jax(f, *TREE)
    actual = jax.jit(pure)(*TREE)
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert a.shape == b.shape
        assert np.asarray(a) == pytest.approx(b, rel=1e-14)


@float64
def test_gradients_have_the_form_of_the_arguments() -> None:
    f = compile(lambda *arguments: tree(*arguments)["score"], in_axes=(None, None, 0))
    pure = to_jax(f, *TREE)
    value, gradients = jax.jit(jax.value_and_grad(lambda *a: pure(*a).sum(), argnums=(0, 1, 2)))(*TREE)
    expected, (by_p, by_q, by_x) = f.value_and_grad(*TREE, reduce="sum")
    assert float(value) == pytest.approx(expected, rel=1e-14)
    assert [float(x) for x in gradients[0]["w"]] == pytest.approx(by_p["w"].tolist(), rel=1e-13)
    assert float(gradients[0]["b"]) == pytest.approx(by_p["b"], rel=1e-13)
    assert [float(x) for x in gradients[1]] == list(by_q) == [0.0, 0.0]
    assert np.array(gradients[2]) == pytest.approx(by_x, rel=1e-13)


@float64
def test_any_number_of_samples_and_of_axes() -> None:
    f = compile(lambda x, y: tanh(x) * y)
    pure = to_jax(f, [0.0, 1.0], 2.0)
    assert pure(3.0, 2.0).shape == ()
    for x in (np.linspace(-1, 1, 7), np.ones((2, 3)), np.zeros((0, 3))):
        result = pure(x, 2.0)
        assert result.shape == x.shape
        assert np.asarray(result) == pytest.approx(np.tanh(x) * 2.0, rel=1e-14)
    two = to_jax(f, [[0.0], [1.0]], [1.0, 2.0])
    assert two(np.ones((4, 1)), np.ones(3)).shape == (4, 3)
    alone = to_jax(f, 0.5, 2.0)
    assert float(alone(1.0, 2.0)) == pytest.approx(f(1.0, 2.0), rel=1e-15)


@float64
def test_a_module_is_the_array_of_its_parameters() -> None:
    model = MLP(2, [4, 1], rng=random.Random(0))
    f = compile(lambda model, x, y: mse(model(x), y), in_axes=(None, 0, 0))
    X, y = np.random.default_rng(0).normal(size=(6, 2)), np.arange(6.0)
    pure = to_jax(f, model, X, y)
    weights = np.array([p.data for p in model.parameters()])
    value, gradient = jax.jit(jax.value_and_grad(lambda w: pure(w, X, y).mean()))(weights)
    expected, (by_name, *_) = f.value_and_grad(model, X, y, reduce="mean")
    assert float(value) == pytest.approx(expected, rel=1e-14)
    assert np.asarray(gradient) == pytest.approx(np.array([*by_name.values()]), rel=1e-12, abs=1e-15)


@float64
def test_what_the_function_refers_to_is_frozen() -> None:
    w = Value(3.0)
    pure = to_jax(compile(lambda x: w * x + 1.0), [1.0, 2.0])
    w.data = 5.0
    assert pure([1.0, 2.0]).tolist() == [4.0, 7.0]


@float64
def test_a_result_that_does_not_depend_on_the_samples() -> None:
    pure = to_jax(compile(lambda p, x: (p * 2.0, 7.0), in_axes=(None, 0)), 1.5, [1.0, 2.0], checked=True)
    (twice, seven), checks = pure(1.5, [0.0, 1.0, 2.0])
    assert twice.tolist() == [3.0, 3.0, 3.0]
    assert seven.tolist() == [7.0, 7.0, 7.0]
    assert checks.domain.tolist() == checks.branch.tolist() == [True, True, True]


# -- derivatives --------------------------------------------------------------------------------------------------------------

CORNERS: list[tuple[str, Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = [
    ("relu at 0", relu, (0.0,), (0.0,)),
    ("abs at 0", absolute, (0.0,), (0.0,)),
    ("clip at a bound", lambda x: clip(x, 1.0, 2.0), (1.0,), (1.0,)),
    ("maximum of equals", maximum, (2.0, 2.0), (0.5, 0.5)),
    ("hypot at the origin", hypot, (0.0, 0.0), (0.0, 0.0)),
    ("0 ** 0", lambda x, y: x**y, (0.0, 0.0), (0.0, 0.0)),
    ("tanh at 20", tanh, (20.0,), (1.6993417021166355e-17,)),
    ("a side that is not defined", lambda x: where(x > 0, lambda: sqrt(log(x)), lambda: x * 2.0), (-1.0,), (2.0,)),
    ("a side that has a pole", lambda x: where(x > 0, lambda: 1 / x, lambda: x * 2.0), (0.0,), (2.0,)),
]


@float64
@pytest.mark.parametrize(("name", "f", "point", "slopes"), CORNERS, ids=[case[0] for case in CORNERS])
def test_derivatives_are_those_of_the_op_table(
    name: str, f: Callable[..., Any], point: tuple[float, ...], slopes: tuple[float, ...]
) -> None:
    example = point if "side" not in name else (-3.0,)
    pure = to_jax(compile(f), *example)
    inputs = tuple(range(len(point)))
    for derivative in (jax.jacrev, jax.jacfwd):
        assert jax.jit(derivative(pure, argnums=inputs))(*point) == pytest.approx(slopes, rel=1e-14, abs=0.0)


@float64
def test_an_argument_that_stands_still_adds_nothing() -> None:
    """The slope of the root at 0 is inf, and inf · 0 would be nan."""
    pure = to_jax(compile(lambda x, y: x * 2.0 + sqrt(y), in_axes=(None, 0)), 1.0, [1.0, 2.0])
    _, moved = jax.jvp(lambda x: pure(x, np.zeros(2)), (1.0,), (1.0,))
    assert moved.tolist() == [2.0, 2.0]


@float64
def test_other_transformations() -> None:
    def f(x: Any, y: Any) -> Any:
        return tanh(x * y) * exp(-x) + x**3

    pure = to_jax(compile(f), 0.5, 0.25)

    def by_jax(x: Any, y: Any) -> Any:
        return jnp.tanh(x * y) * jnp.exp(-x) + x**3

    at = (0.5, 0.25)
    for transformed in (jax.hessian, jax.jacfwd, jax.jacrev, lambda g, argnums: jax.grad(jax.grad(jax.grad(g)))):
        actual, expected = (jax.tree.leaves(jax.jit(transformed(g, argnums=(0, 1)))(*at)) for g in (pure, by_jax))
        assert [float(x) for x in actual] == pytest.approx([float(x) for x in expected], rel=1e-12)
    xs = np.linspace(0.1, 1.0, 5)
    slopes, expected = (jax.jit(jax.vmap(jax.grad(g), in_axes=(0, None)))(xs, 0.25) for g in (pure, by_jax))
    assert slopes.tolist() == pytest.approx(expected.tolist(), rel=1e-12)


# -- precision ----------------------------------------------------------------------------------------------------------------


def test_float32_needs_no_context() -> None:
    f = compile(lambda W, x: tanh(W[0] * x + W[1]) ** 2 / 3.0, in_axes=(None, 0))
    W, x = [0.5, 0.25], np.linspace(-2.0, 2.0, 9)
    pure = to_jax(f, W, x, dtype="float32")
    value, slopes = jax.jit(jax.value_and_grad(lambda W, x: pure(W, x).sum()))(np.array(W), x)
    assert value.dtype == slopes.dtype == np.float32
    expected, by_w = f.value_and_grad(W, x, wrt=0, reduce="sum")
    assert float(value) == pytest.approx(expected, rel=1e-6)
    assert np.asarray(slopes) == pytest.approx(by_w, rel=1e-5)
    with jax.enable_x64(True):
        assert pure(W, x).dtype == np.float32


def test_float64_says_which_context_it_needs() -> None:
    pure = to_jax(compile(lambda x: x * 2.0), 1.0)
    for call in (pure, jax.jit(pure)):
        with pytest.raises(CompileError, match=r"with jax.enable_x64\(True\):"):
            call(1.0)
    with jax.enable_x64(True):
        assert jax.jit(pure)(0.1).dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_other_dtypes_are_refused(dtype: str) -> None:
    with pytest.raises(CompileError, match=f"not '{dtype}'"):
        to_jax(compile(lambda x: x * 2.0), 1.0, dtype=dtype)


# -- what nobody can be told of while XLA runs ----------------------------------------------------------------------------------


def pieces(x: Any) -> Any:
    return log(x) if x > 0.0 else x * 2.0


@float64
def test_another_branch_is_nan_and_so_is_its_gradient() -> None:
    pure = to_jax(compile(pieces), [1.0, 2.0], checked=True)
    value, checks = jax.jit(pure)([1.0, -3.0, 2.0])
    assert np.isnan(value).tolist() == [False, True, False]
    assert checks.branch.tolist() == [True, False, True]
    slopes = jax.grad(lambda x: to_jax(compile(pieces), [1.0, 2.0])(x).sum())(np.array([1.0, -3.0, 2.0]))
    assert np.isnan(slopes).tolist() == [False, True, False]
    assert np.asarray(slopes)[::2].tolist() == [1.0, 0.5]


@float64
def test_a_guard_on_a_side_that_is_not_selected_does_not_matter() -> None:
    def f(x: Any, y: Any) -> Any:
        return where(x > 0, lambda: log(x) if y > 0 else x, lambda: 0.0)

    _, checks = to_jax(compile(f), [1.0, 1.0], [1.0, 2.0], checked=True)([1.0, -1.0, 1.0], [1.0, -1.0, -1.0])
    assert checks.branch.tolist() == [True, True, False]


@float64
def test_outside_of_a_domain_is_what_numpy_gives() -> None:
    f = compile(lambda x, s: exp(-1 / x**2) + where(x > 0, lambda: log(x - 1.0), lambda: 0.0) + log(s))
    pure = jax.jit(to_jax(f, [2.0, 3.0], 1.0, checked=True))
    value, checks = pure([2.0, 0.0, -1.0, 1.0, 0.5], 1.0)
    assert checks.domain.tolist() == [True, False, True, False, False]
    assert value[:2].tolist() == pytest.approx([np.exp(-0.25), 0.0])
    assert np.isneginf(value[3])
    assert np.isnan(value[4])
    _, checks = pure([2.0, -1.0], 0.0)
    assert checks.domain.tolist() == [False, False]


# -- errors -------------------------------------------------------------------------------------------------------------------


def test_an_example_of_several_branches() -> None:
    with pytest.raises(CompileError, match=r"different branches of pieces, at .*test_jax_function.py.*where\(x > 0"):
        to_jax(compile(pieces), [1.0, -1.0])


def test_random_numbers() -> None:
    with pytest.raises(CompileError, match=r"draws random numbers.*model.eval\(\)"):
        to_jax(compile(lambda x: x * drawn(random.random)), [1.0, 2.0])


def test_the_same_module_twice() -> None:
    model = MLP(1, [1], rng=random.Random(0))
    with pytest.raises(CompileError, match="pass each module once"):
        to_jax(compile(lambda a, b, x: a(x) * b(x), in_axes=(None, None, 0)), model, model, [[1.0], [2.0]])

    class Both(Module):
        def __init__(self) -> None:
            self.own, self.other = MLP(1, [1], rng=random.Random(1)), model

        def __call__(self, x: Any) -> Any:
            return self.own(x) + self.other(x)

    with pytest.raises(CompileError, match="b has parameters that another argument has too"):
        to_jax(compile(lambda a, b, x: a(x) * b(x), in_axes=(None, None, 0)), model, Both(), [[1.0], [2.0]])


@float64
def test_arguments_of_another_form() -> None:
    pure = to_jax(compile(tree, in_axes=(None, None, 0)), *TREE)
    p, q, x = TREE
    for arguments, message in (
        ((p, q), "recorded for 3 arguments, not 2"),
        (({"w": [1.0, 2.0]}, q, x), "p must be a dict with the keys 'w', 'b'"),
        ((p, (1.0, 2.0, 3.0), x), "q must be a tuple of 2"),
        ((p, 1.0, x), "q must be a tuple of 2"),
        (({"w": "no", "b": 1.0}, q, x), r"p\['w'\] must be a number or an array of numbers, not 'no' of type str"),
        (({"w": [1.0, Value(2.0)], "b": 1.0}, q, x), r"p\['w'\] must be a number or an array of numbers"),
        (({"w": [1.0, 2.0, 3.0], "b": 1.0}, q, x), r"p has an array of the shape \(3,\), which does not fit the example's \(2,\)"),
        ((p, q, [1.0, 2.0]), r"x has an array of the shape \(2,\), which does not fit the example's \(3, 2\)"),
    ):
        with pytest.raises(InputError, match=message):
            pure(*arguments)
    two = to_jax(compile(lambda x, y: x[0] * y, in_axes=0), [[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(InputError, match="different numbers of samples: 2, 3"):
        two(np.ones((2, 1)), np.ones(3))
    ufunc = to_jax(compile(lambda x, y: x * y), [1.0, 2.0], 3.0)
    with pytest.raises(InputError, match=r"cannot be broadcast together: x \(2,\), y \(3,\)"):
        ufunc([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"y was a single number in the example, and now has the shape \(2,\)"):
        ufunc([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(InputError, match="x was a single number"):
        to_jax(compile(lambda x: x * 2.0), 1.0)([1.0])


def test_without_jax_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'scalar-autograd\[jax\]'"):
        to_jax(compile(lambda x: x * 2.0), 1.0)


# -- many devices -------------------------------------------------------------------------------------------------------------

SHARDED = """
import random

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from autograd import compile
from autograd.compiled.export.jax_function import to_jax
from nn import MLP, mse

model = MLP(3, [16, 16, 1], rng=random.Random(0))
rng = np.random.default_rng(0)
X, y = rng.normal(size=(203, 3)), rng.normal(size=203)
loss = compile(lambda model, x, y: mse(model(x), y), in_axes=(None, 0, 0))
pure = to_jax(loss, model, X[:2], y[:2])


def mean(weights, X, y, use):  # use: 1 for a sample, 0 for one that only fills up the batch
    return (use * pure(weights, X, y)).sum() / use.sum()


devices = jax.devices()
mesh = jax.make_mesh((len(devices),), ("batch",), axis_types=(AxisType.Auto,))
same, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("batch"))
more = -len(X) % len(devices)
full = [np.concatenate([a, np.repeat(a[:1], more, axis=0)]) for a in (X, y)]
use = np.concatenate([np.ones(len(X)), np.zeros(more)])
weights = np.array([p.data for p in model.parameters()])

with jax.enable_x64(True):
    on_all = jax.jit(jax.value_and_grad(mean), in_shardings=(same, split, split, split), out_shardings=same)
    value, gradient = on_all(weights, *full, use)
    on_one, expected = jax.jit(jax.value_and_grad(mean))(weights, X, y, np.ones(len(X)))

ours = loss.value_and_grad(model, X, y, wrt=0, reduce="mean")
scale = np.abs(expected).max()
print(len(devices), len(gradient.sharding.device_set))
print(abs(float(value - on_one)) / float(on_one), np.abs(gradient - expected).max() / scale)
print(np.abs(np.array([*ours[1].values()]) - gradient).max() / scale)
"""


@pytest.mark.slow
def test_eight_devices_compute_the_gradient_of_one() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SHARDED], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    devices, differences, ours = done.stdout.splitlines()
    assert devices == "8 8"
    assert all(float(x) < 1e-15 for x in differences.split()), differences
    assert float(ours) < 1e-14
