"""Jacobians as tables: each way to compute them, for arguments and results of any form, against the uncompiled transforms."""

import functools
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from against_eager import flat
from executors import EXECUTORS

from autograd import Value, compile, cos, drawn, exp, grad, hessian, jacobian, log, relu, scan, sin, sqrt, where
from autograd.compiled.api import compiled_jacobian, directions
from autograd.compiled.api.arguments import split
from autograd.errors import DomainError, PoleError

WAYS = {"rows": (10**6, None), "directions": (0, None), "a direction at a time": (0, 1)}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every Jacobian is a table, and computed in this way."""
    few, at_once = WAYS[request.param]
    monkeypatch.setattr(compiled_jacobian, "SMALL", -1)
    monkeypatch.setattr(directions, "FEW", few)
    if at_once is not None:
        monkeypatch.setattr(directions, "AT_ONCE", at_once)
    return str(request.param)


class Pair(NamedTuple):
    a: Any
    b: Any


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def of_dict(p: Any, x: Any) -> Any:
    return p["w"][0] * sin(x[0] * p["b"]) + exp(p["w"][1] * x[1]) * p["b"]


X = [0.5, -0.7, 1.2]
P = {"w": [0.3, -0.4], "b": 1.5}

JACOBIANS: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "more numbers than results": (lambda x: [x[0] * x[1], sin(x[2])], 0, (X,)),
    "more results than numbers": (lambda x: [x[0] * x[1], sin(x[1]), exp(x[0]), x[1]], 0, (X[:2],)),
    "one number to one": (lambda x: x * x, 0, (3.0,)),
    "one number to many": (lambda x: (x * x, {"s": [sin(x), cos(x)]}), 0, (0.3,)),
    "several arguments": (lambda x, y: [x[0] * y, x[1] + y, y], (0, 1), (X, 2.0)),
    "arguments in another order": (lambda x, y: [x[0] * y, x[1] + y, y * y * x[2]], (1, 0), (X, 2.0)),
    "the last argument": (lambda x, y: [x[0] * y, x[1] * y * y], -1, (X, 2.0)),
    "a dict": (lambda p, x: {"u": p["w"][0] * x, "v": Pair(p["b"] * x, [p["w"][1]])}, 0, (P, 2.0)),
    "a dict and a number": (lambda p, x: [p["w"][0] * x, p["w"][1] * p["b"]], (0, 1), (P, 2.0)),
    "named tuples": (lambda p: Pair(p.a * p.b, [p.a, p.b]), 0, (Pair(2.0, 3.0),)),
    "nested lists": (lambda x: [[x[0][0] * x[1][1], x[0][1]], [x[1][0], x[1][0] ** 2]], 0, ([[1.0, 2.0], [3.0, 4.0]],)),
    "an array": (lambda x: x * x, 0, (np.array([1.0, 2.0, 3.0]),)),
    "a matrix": (lambda x: [x[0] @ x[1], x[0].sum()], 0, (np.arange(6.0).reshape(2, 3),)),
    "numbers that depend on nothing": (lambda x: [x[0] * 2.0, 5.0], 0, (X,)),
    "a gradient": (grad(of_dict), 0, (P, X)),
    "None": (lambda p: [p["a"] ** 2, p["a"] + 1.0], 0, ({"a": 3.0, "none": None},)),
}
HESSIANS: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "a list": (rosenbrock, 0, (X,)),
    "an array": (lambda x: (x * x).sum() ** 2, 0, (np.array(X),)),
    "a dict": (of_dict, 0, (P, X)),
    "several arguments": (of_dict, (0, 1), (P, X)),
    "the second argument": (of_dict, 1, (P, X)),
    "numbers": (lambda s, k: s * exp(k * s), (0, 1), (0.5, 1.5)),
    "where": (lambda x: where(x[0] > 0.0, x[0] * x[1] ** 2, x[1] ** 3), 0, (X,)),
    "a compiled function": (compile(rosenbrock), 0, (X,)),
}


def same_tree(result: Any, expected: Any) -> None:
    """The numbers are equal, and so is the nesting; where compiled code has arrays, eager code may have nested lists of one shape."""
    if expected is None:
        assert result is None
    elif isinstance(result, dict):
        assert type(result) is type(expected)
        assert list(result) == list(expected)
        for key, part in result.items():
            same_tree(part, expected[key])
    elif isinstance(result, (list, tuple)):
        assert type(result) is type(expected)
        for pair in zip(result, expected, strict=True):
            same_tree(*pair)
    else:
        np.testing.assert_allclose(result, np.array(expected), rtol=1e-12, atol=1e-13, strict=isinstance(result, np.ndarray))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("kind", JACOBIANS)
def test_jacobians(kind: str, executor: str, way: str) -> None:
    f, argnums, args = JACOBIANS[kind]
    transformed = jacobian(f, argnums)
    none = (None,) * len(args)
    compiled = compile(transformed, in_axes=none, executor=executor)
    for _ in range(2):
        same_tree(compiled(*args), transformed(*args))
    assert_form_of_unrolled(compiled, args, way)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("kind", HESSIANS)
def test_hessians(kind: str, executor: str, way: str) -> None:
    f, argnums, args = HESSIANS[kind]
    transformed = hessian(f, argnums)
    compiled = compile(transformed, in_axes=(None,) * len(args), executor=executor)
    for _ in range(2):
        same_tree(compiled(*args), transformed(*args))
    assert_form_of_unrolled(compiled, args, way)


def assert_form_of_unrolled(compiled: Any, args: Any, way: str) -> None:
    """The arrays and their nesting are those of a program of all rows, and the programs were those of the way."""
    assert ways_of(compiled) <= ({"rows"} if way == "rows" else {"forward", "backward"})
    unrolled = compiled._calls.value(compiled._signature.bind(args, {}))
    (arrays, form), (others, other) = (split(result, "the result") for result in (compiled(*args), unrolled))
    assert form == other
    assert [array.shape for array in arrays] == [array.shape for array in others]
    assert [type(leaf) for leaf in leaves(compiled(*args))] == [type(leaf) for leaf in leaves(unrolled)]


def leaves(tree: Any) -> list[Any]:
    """Numbers and arrays."""
    if isinstance(tree, dict):
        return leaves(list(tree.values()))
    return [x for part in tree for x in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


def ways_of(compiled: Any) -> set[str]:
    """The ways in which tables were computed."""
    return {key[0].purpose for key in compiled._specialisations._groups} - {""}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("samples", [1, 3, 20])
def test_samples(samples: int, executor: str, way: str) -> None:
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(2, 3)).tolist(), rng.normal(size=(samples, 3)).tolist()
    f: Any = lambda W, x: {"u": [sin(w[0] * x[1] + w[2]) for w in W], "v": x[0] * x[2]}
    for argnums in (0, 1, (1, 0)):
        transformed = jacobian(f, argnums)
        compiled = compile(transformed, in_axes=(None, 0), executor=executor)
        result, eager = compiled(W, x), [transformed(W, row) for row in x]
        for i, expected in enumerate(eager):
            np.testing.assert_allclose(flat(at(result, i)), flat(expected), rtol=1e-12, atol=1e-13)
        unrolled = compiled._calls.value(compiled._signature.bind((W, x), {}))
        assert [leaf.shape for leaf in leaves(result)] == [leaf.shape for leaf in leaves(unrolled)]
    call: Any = lambda s, k, t: s * exp(-k * t) * log(s / k)
    s = rng.uniform(1.0, 2.0, size=(samples, 2))
    second = hessian(call, argnums=(0, 2))
    result = compile(second, executor=executor)(s, 1.5, 0.3)
    for i in np.ndindex(samples, 2):
        np.testing.assert_allclose([[part[i] for part in row] for row in result], second(s[i], 1.5, 0.3), rtol=1e-12)
    wide: Any = lambda x: [sin(x[0] * k) * x[1] for k in range(12)]
    points = rng.normal(size=(samples, 2))
    result = compile(jacobian(wide), in_axes=(0,), executor=executor)(points)
    for i, point in enumerate(points):
        np.testing.assert_allclose(at(result, i), jacobian(wide)(point.tolist()), rtol=1e-12, atol=1e-13)


def at(tree: Any, i: int) -> Any:
    """One sample of a result."""
    return [leaf[i] for leaf in leaves(tree)]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_branches(executor: str, way: str) -> None:
    def f(x: Any, k: Any) -> Any:
        if x[0] > x[1]:
            return [x[0] ** 2 * k, x[1] if x[1] > 0.0 else x[1] ** 3]
        return [x[0] * x[1], exp(x[1]) * k]

    points = [[2.0, 1.0], [1.0, 2.0], [2.0, -1.0], [-3.0, -2.0]]
    one, many = (compile(jacobian(f), in_axes=axes, executor=executor) for axes in ((None, None), (0, None)))
    expected = [jacobian(f)(x, 3.0) for x in points]
    assert [one(x, 3.0).tolist() for x in points] == expected
    assert many(points, 3.0).tolist() == expected
    g: Any = lambda x: x[0] ** 3 * x[1] if x[0] > 0.0 else x[1] ** 2
    assert [compile(hessian(g), executor=executor)(x).tolist() for x in points] == [hessian(g)(x) for x in points]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_slopes_that_are_infinite_reach_only_their_own_results(executor: str, way: str) -> None:
    f: Any = lambda x: [sqrt(x[0]), x[1] * 3.0, x[0] + x[1]]
    expected = [[np.inf, 0.0], [0.0, 3.0], [1.0, 1.0]]
    assert jacobian(f)([0.0, 1.0]) == expected
    assert compile(jacobian(f), in_axes=(None,), executor=executor)([0.0, 1.0]).tolist() == expected
    many = compile(jacobian(f), in_axes=(0,), executor=executor)
    assert many([[4.0, 2.0]]).tolist() == [[[0.25, 0.0], [0.0, 3.0], [1.0, 1.0]]]
    assert many([[4.0, 2.0], [0.0, 1.0]]).tolist() == [[[0.25, 0.0], [0.0, 3.0], [1.0, 1.0]], expected]
    for method in (compile(f, executor=executor), compile(lambda x: f(x)[:2] * 4, executor=executor)):
        assert method.jacobian([0.0, 1.0])[:2].tolist() == expected[:2]
    wide: Any = lambda x: [relu(x[0]) * k + sqrt(x[1]) * (k % 2) for k in range(8)]
    np.testing.assert_array_equal(compile(wide, executor=executor).jacobian([-1.0, 0.0]), jacobian(wide)([-1.0, 0.0]))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_errors_are_those_of_the_uncompiled_transform(executor: str, way: str) -> None:
    f: Any = lambda x: [log(x[0]) * x[1], x[1], x[0]]
    cases: list[tuple[Any, tuple[Any, ...]]] = [
        (jacobian(f), ([-1.0, 2.0],)),
        (jacobian(lambda x: [1.0 / x[0], x[1]]), ([0.0, 2.0],)),
        (jacobian(f, 1), ([1.0, 2.0],)),
        (jacobian(f, (0, 0)), ([1.0, 2.0],)),
        (jacobian(f, "x"), ([1.0, 2.0],)),  # type: ignore[arg-type]
        (hessian(f), ([1.0, 2.0],)),
        (jacobian(lambda x: None), (2.0,)),
    ]
    for transformed, args in cases:
        with pytest.raises(Exception) as eager:
            transformed(*args)
        with pytest.raises(type(eager.value)) as compiled:
            compile(transformed, in_axes=(None,), executor=executor)(*args)
        if eager.type in (DomainError, PoleError):
            assert str(compiled.value).split(",")[0] == str(eager.value).split(",")[0]
    many = compile(jacobian(lambda x: [log(x[0]) * x[1], x[1], x[0], x[1] ** 2]), in_axes=(0,), executor=executor)
    with pytest.warns(RuntimeWarning, match="1 of 2 elements are outside"):
        result = many([[1.0, 2.0], [-1.0, 2.0]])
    assert result[0].tolist() == [[2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 4.0]]


def test_random_numbers_are_drawn_once_for_all_rows(way: str) -> None:
    generator = random.Random(0)
    f: Any = lambda x: [a * drawn(generator.random) for a in x]
    compiled = compile(jacobian(f), in_axes=(None,))
    compiled([1.0, 2.0, 3.0])
    state = generator.getstate()
    numbers = [generator.random() for _ in range(3)]
    generator.setstate(state)
    np.testing.assert_array_equal(compiled([1.0, 2.0, 3.0]), np.diag(numbers))


def test_arguments_are_bound_and_read_as_by_other_compiled_functions(way: str) -> None:
    f: Any = lambda x, k=2.0, *, c=1.0: [x[0] * k, x[1] ** 2 * c]
    compiled = compile(jacobian(f))
    for args, kwargs in (([1.0, 2.0],), {}), (([1.0, 2.0], 3.0), {}), (([1.0, 2.0],), {"c": 5.0}), ((), {"x": [1.0, 2.0], "k": 4.0}):
        assert compiled(*args, **kwargs).tolist() == jacobian(f)(*(args or ([1.0, 2.0],)), **{k: v for k, v in kwargs.items() if k != "x"})
    square = compile(hessian(lambda x, k: x**3 * k))  # an array stands for samples
    assert square(np.array([1.0, 2.0]), 2.0).tolist() == [12.0, 24.0]
    assert square(1.0, 2.0) == 12.0
    assert type(square(1.0, 2.0)) is float


def test_programs_are_kept_shown_and_forgotten(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    settings = {"k": 2.0}
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        return [a * b * settings["k"] for a, b in pairwise(x)]

    x = [1.0, 2.0, 3.0, 5.0]
    compiled = compile(jacobian(f), in_axes=(None,))
    compiled.record(x)
    recorded = len(runs)
    assert compiled(x).tolist() == jacobian(f)(x)
    assert len(runs) == recorded + 1  # that of the eager transform
    assert str(compiled).count("recorded for") == len(compiled.specialisations) == 1
    assert compiled.outline()
    assert not compiled.refresh(x)
    settings["k"] = 3.0
    assert compiled(x)[0, 0] == 4.0
    assert compiled.refresh(x)
    assert compiled(x)[0, 0] == 6.0
    settings["k"] = 4.0
    compiled.forget()
    assert compiled(x)[0, 0] == 8.0
    method = compile(f, in_axes=(None,))
    energy = compile(lambda x: sum(a * b * settings["k"] for a, b in pairwise(x)))
    assert (method.jacobian(x)[0, 0], energy.hessian(x)[0, 1]) == (8.0, 4.0)
    settings["k"] = 5.0
    method.forget()
    energy.forget()
    assert (method.jacobian(x)[0, 0], energy.hessian(x)[0, 1]) == (10.0, 5.0)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_nestings(executor: str, way: str) -> None:
    entry = compile(lambda x: hessian(rosenbrock)(x)[0][0], in_axes=(None,), executor=executor)
    assert entry(X) == pytest.approx(hessian(rosenbrock)(X)[0][0], rel=1e-13)
    norm: Any = lambda x: sum(h * h for row in hessian(rosenbrock)(x) for h in row)
    np.testing.assert_allclose(compile(grad(norm), in_axes=(None,), executor=executor)(X), grad(norm)(X), rtol=1e-12)
    np.testing.assert_allclose(compile(jacobian(hessian(rosenbrock)), executor=executor)(X), jacobian(hessian(rosenbrock))(X), atol=1e-9)
    cube = compile(hessian(lambda x: x**4), executor=executor)
    assert cube.value_and_grad(2.0) == (48.0, 48.0)
    assert grad(cube)(2.0) == 48.0
    inner = compile(hessian(rosenbrock), in_axes=(None,), executor=executor)
    np.testing.assert_allclose(inner.jacobian(X), jacobian(hessian(rosenbrock))(X), rtol=1e-12, atol=1e-9)
    assert compile(lambda x: inner(x)[0][0] * x[1], in_axes=(None,), executor=executor)(X) == pytest.approx(entry(X) * X[1], rel=1e-13)


def test_a_wrapper_of_a_jacobian_is_not_taken_for_it(way: str) -> None:
    of_squares = jacobian(lambda x: [a * a for a in x])

    @functools.wraps(of_squares)
    def doubled(x: Any) -> Any:
        return [[2.0 * a for a in row] for row in of_squares(x)]

    assert compile(doubled, in_axes=(None,))([1.0, 2.0]).tolist() == [[4.0, 0.0], [0.0, 8.0]]
    summed = grad(lambda x: jacobian(lambda x: [x[0] ** 2])(x)[0][0])
    assert compile(summed, in_axes=(None,))([3.0]).tolist() == [2.0]

    class Spring:
        k = 3.0
        stiffness = hessian(lambda self, x: self.k * x * x, 1)

    assert compile(Spring().stiffness)(1.0) == 6.0


def test_values_outside_are_read_at_each_run(way: str) -> None:
    w = Value(2.0)
    compiled = compile(jacobian(lambda x: [w * a * a for a in x]), in_axes=(None,))
    assert compiled([1.0, 2.0]).tolist() == [[4.0, 0.0], [0.0, 8.0]]
    w.data = 3.0
    assert compiled([1.0, 2.0]).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    root = compile(jacobian(lambda x: [sqrt(x[0] * w), x[1]]), in_axes=(None,))
    assert root([0.0, 1.0]).tolist() == [[np.inf, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_way_follows_from_the_sizes(executor: str) -> None:
    def chain(x: Any, m: int) -> Any:
        y = x[0]
        for i in range(900):
            y = sin(y * x[i % len(x)]) + x[(i + 1) % len(x)]
        return [y * k + x[0] for k in range(1, m + 1)]

    ways = {}
    for n, m in (2, 1), (9, 3), (9, 12), (12, 9), (3, 20), (2, 2):
        x = np.linspace(0.2, 0.9, n)
        compiled = compile(jacobian(lambda x, m=m: chain(x, m)), in_axes=(None,), executor=executor)
        np.testing.assert_allclose(compiled(x), jacobian(lambda x, m=m: chain(x, m))(x.tolist()), rtol=1e-10)
        ways[n, m] = next(iter(ways_of(compiled)), "unrolled")
    assert ways == {(2, 1): "unrolled", (9, 3): "rows", (9, 12): "forward", (12, 9): "backward", (3, 20): "forward", (2, 2): "rows"}
    total: Any = lambda x: sum(chain(x, 1))
    x = np.linspace(0.2, 0.9, 12)
    compiled = compile(hessian(total), in_axes=(None,), executor=executor)
    np.testing.assert_allclose(compiled(x), compile(total, in_axes=(None,), executor=executor).hessian(x), rtol=1e-12, atol=1e-12)
    assert ways_of(compiled) == {"forward"}
    rows = compile(lambda x: chain(x, 6), in_axes=(0,), executor=executor)
    points = np.random.default_rng(0).uniform(0.2, 0.9, (5, 12))
    np.testing.assert_allclose(rows.jacobian(points)[3], compile(lambda x: chain(x, 6)).jacobian(points[3]), rtol=1e-10)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_scans_stay_one_loop_where_no_graph_of_a_derivative_is_needed(executor: str) -> None:
    def f(x: Any) -> Any:
        last, _ = scan(lambda y, _: (sin(y * x[0]) + x[1], None), x[2], length=3000)
        return [last * k + x[3] for k in range(1, 7)]

    x = [0.9, 0.1, 0.4, 0.2]
    expected = jacobian(f)(x)
    compiled, method = compile(jacobian(f), in_axes=(None,), executor=executor), compile(f, in_axes=(None,), executor=executor)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-10)
    np.testing.assert_allclose(method.jacobian(x), expected, rtol=1e-10)
    assert ways_of(compiled) == {"rows"}
    assert all(len(branch.tape.nodes) < 100 for branch in (*compiled.specialisations, *method.specialisations))
    total: Any = lambda x: sum(f(x))
    np.testing.assert_allclose(compile(hessian(total), in_axes=(None,), executor=executor)(x), hessian(total)(x), rtol=1e-9)
