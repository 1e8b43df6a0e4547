"""Without `in_axes`, a function that indexes, iterates or measures an argument gets the whole array."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

import autograd
from autograd import Value, compile, dot, logsumexp, to_jax

X = np.array([1.5, -0.5, 2.0])


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def unpacking(x: Any) -> Any:
    a, b, c = x
    return a * b / c


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "indexes": rosenbrock,
    "slices": lambda x: sum(x[1:]) * x[0],
    "iterates": lambda x: sum(a * a for a in x),
    "unpacks": unpacking,
    "measures": lambda x: x[0] * len(x),
    "shape": lambda x: x[0] ** 2 * x.shape[0],
    "a function of sequences": lambda x: dot(x, x) + logsumexp(x),
    "zips": lambda x: sum(a * b for a, b in zip(x, x, strict=True)),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_vector(name: str, executor: str) -> None:
    f = FUNCTIONS[name]
    whole = compile(f, in_axes=(None,), executor=executor)
    guessed = compile(f, executor=executor)
    for _ in range(3):  # recorded, and by a shortcut
        assert guessed(X) == whole(X)
        value, gradient = guessed.value_and_grad(X)
        expected = whole.value_and_grad(X)
        assert value == expected[0]
        assert gradient.tolist() == expected[1].tolist()
    if name != "shape":
        assert guessed(X.tolist()) == whole(X.tolist())


@pytest.mark.parametrize("executor", EXECUTORS)
def test_other_arguments_are_broadcast(executor: str) -> None:
    f = compile(lambda p, x, k: p[0] * x**k + p[1], executor=executor)
    p, x = np.array([2.0, 1.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert f(p, x, 2.0).tolist() == (2.0 * x**2 + 1.0).tolist()
    value, (of_p, of_x, of_k) = f.value_and_grad(p, x, 2.0, reduce="sum")
    assert value == (2.0 * x**2 + 1.0).sum()
    np.testing.assert_allclose(of_p, [(x**2).sum(), 6.0])
    np.testing.assert_allclose(of_x, 4.0 * x)
    np.testing.assert_allclose(of_k, (2.0 * x**2 * np.log(x)).sum())
    _, of_each = f.value_and_grad(p, x[0], 2.0, wrt=0)  # of each sample
    assert of_each.tolist() == [[1.0, 1.0], [4.0, 1.0], [9.0, 1.0]]
    _, of_each = f.value_and_grad(p, x[0, :2], 2.0, wrt=0)  # as many samples as numbers
    assert of_each.tolist() == [[1.0, 1.0], [4.0, 1.0]]


def test_as_few_as_possible() -> None:
    f = compile(lambda a, b: sum(a) * b)
    assert f([1.0, 2.0], [3.0, 4.0]).tolist() == [9.0, 12.0]
    assert compile(lambda a, b: a * b)([1.0, 2.0], [3.0, 4.0]).tolist() == [3.0, 8.0]


def test_data_in_arguments() -> None:
    loss = compile(lambda w, X, y: sum((dot(w, x) - target) ** 2 for x, target in zip(X, y, strict=True)))
    rng = np.random.default_rng(0)
    w, data, y = rng.normal(size=3), rng.normal(size=(7, 3)), rng.normal(size=7)
    value, gradient = loss.value_and_grad(w, data, y, wrt="w")
    np.testing.assert_allclose(value, ((data @ w - y) ** 2).sum())
    np.testing.assert_allclose(gradient, 2.0 * data.T @ (data @ w - y))
    with pytest.raises(TypeError, match="not iterable") as error:
        compile(lambda a, b, c, d, e: sum(sum(a)) + b + c + d + e)(*[np.ones(2)] * 5)
    assert "unless in_axes says otherwise" in error.value.__notes__[0]


def test_what_cannot_be_guessed_says_what_to_write() -> None:
    with pytest.raises(IndexError, match="only integers"):
        compile(lambda x: x[0] + x["a"])(X)
    with pytest.raises(autograd.errors.InputError, match=r"cannot be broadcast together: a \(2,\), b \(3,\).*in_axes"):
        compile(lambda a, b: a * b)(np.ones(2), X)
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'no_such'"):
        compile(lambda x: x[0].no_such)(X)
    with pytest.raises(TypeError, match="not subscriptable") as error:
        compile(lambda x: x[0][0])(X)
    assert "compile(f, in_axes=(None,))" in error.value.__notes__[0]
    with pytest.raises(autograd.errors.InputError, match="in_axes"):
        compile(lambda x: x["a"])({"a": 1.0})


def test_values_and_transforms() -> None:
    f = compile(rosenbrock)
    x = [Value(0.5), Value(2.0)]
    f(x).backward()
    assert [v.grad for v in x] == pytest.approx(f.value_and_grad([0.5, 2.0])[1].tolist())
    assert autograd.grad(compile(rosenbrock))([0.5, 2.0]) == pytest.approx([v.grad for v in x])


def test_to_jax() -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        f = compile(lambda p, x: p[0] * x + p[1])
        p, x = np.array([2.0, 1.0]), np.arange(4.0)
        assert to_jax(f, p, x)(p, x).tolist() == f(p, x).tolist()


def test_columns_and_other_numbers() -> None:
    product, norm = compile(lambda x, y: x * y), compile(lambda x: sum(a * a for a in x))
    assert product(np.float32(0.1), 1.0) == float(np.float32(0.1))
    assert norm.value_and_grad(np.array([1, 2], np.int8))[1].dtype == np.float64
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert product(frame["a"], frame["b"]).tolist() == [3.0, 8.0]
    assert norm(frame["b"]) == 25.0
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert product(frame["a"], frame["b"]).tolist() == [3.0, 8.0]
    assert norm(frame["b"]) == 25.0


def test_pickles_and_copies() -> None:
    import copy

    f = compile(rosenbrock, executor="numpy")
    expected = f([0.5, 2.0])
    for other in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
        assert other is not f
        assert not other.specialisations
        assert other([0.5, 2.0]) == expected
        assert type(other.specialisations[0].executable) is type(f.specialisations[0].executable)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(compile(lambda x: x))


def test_a_decorated_function_pickles_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_whole_arrays.rosenbrock", compile(rosenbrock))
    f = globals()["rosenbrock"]
    assert pickle.loads(pickle.dumps(f)) is f


def test_programs_pickle_and_copy() -> None:
    import copy

    x = Value(2.0, label="x")
    program = compile(x * x + x, executor="numpy")
    same, deep, pickled = copy.copy(program), copy.deepcopy(program), pickle.loads(pickle.dumps(program))
    assert same.root is program.root
    assert same() == 6.0
    assert x.grad == 5.0
    for other in (deep, pickled):
        (leaf,) = other.leaves
        assert leaf is not x
        assert leaf.label == "x"
        leaf.data, leaf.grad = 3.0, 0.0
        assert other() == 12.0
        assert leaf.grad == 7.0
    assert x.data == 2.0


REDUCING: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x * x),
    "norm": lambda x: np.linalg.norm(x),
    "mean": lambda x: np.mean(x) * 2.0,
    "max": lambda x: np.max(x),
    "prod": np.prod,
    "dot": lambda x: np.dot(x, x),
    "size": lambda x: x[0] * np.size(x),
    "diff": lambda x: np.sum(np.diff(x) ** 2),
    "a reduction of a ufunc": lambda x: np.add.reduce(x),
    "a method": lambda x: (x * x).sum(),
}


@pytest.mark.parametrize("name", REDUCING)
def test_numpys_functions_of_arrays_get_the_array(name: str) -> None:
    f = compile(REDUCING[name])
    assert f(X) == pytest.approx(float(REDUCING[name](X)))
    eager = autograd.grad(lambda x: REDUCING[name](x))(X)
    np.testing.assert_allclose(f.value_and_grad(X, wrt=0)[1], eager, rtol=1e-12)


def test_numpys_functions_of_numbers_do_not() -> None:
    assert compile(lambda x: np.exp(x) + np.where(True, x, 0.0))(X).shape == (3,)
    assert np.sum(Value(2.0)).data == 2.0  # outside of a recording a number is an array without axes
    with pytest.raises(TypeError, match=r"np\.sum takes an array, and here it got a Value"):
        compile(lambda x: np.sum(x))(2.0)


# -- a number of an array beside arrays ---------------------------------------------------------------------------------


def test_what_combines_a_number_of_an_array_with_an_array_gets_the_array(executor: str) -> None:
    """In NumPy ``w * r`` of two arrays is element by element, which a number of each would not be."""
    w, m = np.array([0.2, 0.3, 0.5]), np.array([1.0, 2.0, 3.0])
    f = compile(lambda r: (w * (r - m) ** 2).sum(), executor=executor)
    x = np.array([0.5, 1.0, -2.0])
    assert f(x) == pytest.approx(float((w * (x - m) ** 2).sum()), rel=1e-14)
    np.testing.assert_allclose(f.grad(x), 2.0 * w * (x - m), rtol=1e-14)
    np.testing.assert_allclose(f.hessian(x), np.diag(2.0 * w), rtol=1e-14, atol=1e-14)
    root = pytest.importorskip("scipy.optimize").root
    np.testing.assert_allclose(root(f.grad, np.zeros(3)).x, m, rtol=1e-8)


def test_least_squares_as_numpy_users_write_them(executor: str) -> None:
    f = compile(lambda b, X, y: ((y - X @ b) ** 2).sum(), executor=executor)
    X, y, b = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0]]), np.array([3.0, 3.0, 0.0]), np.array([1.0, 2.0])
    assert f(b, X, y) == pytest.approx(float(((y - X @ b) ** 2).sum()))
    np.testing.assert_allclose(f.grad(b, X, y), -2.0 * X.T @ (y - X @ b), rtol=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda b: (np.eye(2) @ b).sum(),
        lambda b: b @ np.array([[2.0, 0.5], [0.5, 1.0]]) @ b,
        lambda b: np.dot(np.ones((5, 2)), b).sum(),
        lambda b: np.sum(np.where(b > 1.5, b, 0.0)),
        lambda b: np.einsum("ij,j->", np.ones((3, 2)), b),
    ],
)
def test_products_and_functions_of_arrays(f: Any, executor: str) -> None:
    x = np.array([1.0, 2.0])
    assert compile(f, executor=executor)(x) == pytest.approx(float(f(x)))


def test_numbers_beside_arrays_of_another_length_are_numbers(executor: str) -> None:
    """Whole arrays do not fit, so that each number is meant: a polynomial, and an array that is indexed beside it."""
    w = np.array([1.0, 2.0, 3.0])
    f = compile(lambda x: (w * x).sum(), executor=executor)
    x = np.linspace(0.0, 1.0, 5)
    np.testing.assert_allclose(f(x), 6.0 * x, rtol=1e-14)
    assert f(2.0) == 12.0
    g = compile(lambda x, p: np.sum(p * x) + p[0], executor=executor)
    np.testing.assert_allclose(g(x, np.array([1.0, 2.0])), 3.0 * x + 1.0, rtol=1e-14)
    seen = []
    h = compile(lambda x: (seen.append(1), x * w[1])[1], executor=executor)
    h(x)
    assert len(seen) <= 2, "a number of an array is no array"


@pytest.mark.parametrize(
    ("f", "arguments", "error"),
    [
        (lambda p: p[0] + undefined, ([1.0, 2.0],), NameError),  # type: ignore[name-defined]  # noqa: F821
        (lambda p, r: p[0] * r[0] + undefined, ([1.0, 2.0], [1.0, 2.0, 3.0]), NameError),  # type: ignore[name-defined]  # noqa: F821
        (lambda p: p[5], ([1.0, 2.0],), IndexError),
        (lambda p: p[0] + int("a"), ([1.0, 2.0],), ValueError),
        (lambda p, r: p[0] * r[0] / 0, ([1.0, 2.0], [1.0, 2.0, 3.0]), ZeroDivisionError),
    ],
)
def test_errors_of_a_function_that_takes_arrays_are_its_own(f: Any, arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        compile(f)(*arguments)
    assert any(frame.name == "<lambda>" and frame.path.name == Path(__file__).name for frame in caught.traceback), "without the user's line"
