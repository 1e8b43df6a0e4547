"""How a compiled function is called: arguments are bound as Python binds them, programs are found by what arguments are."""

import functools
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from executors import EXECUTORS

import autograd
from autograd import Value, compile, dot, grad, sin
from autograd.errors import CompileError, InputError
from nn import Linear, Module


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def plain(x: Any, a: Any = 1.0, b: Any = 2.0, *, c: Any = 3.0) -> Any:
    return x * a * b * c


CALLS: list[tuple[tuple[Any, ...], dict[str, Any], tuple[float, ...]]] = [
    ((3.0,), {}, (6.0,)),
    ((3.0,), {"b": 5.0}, (15.0, 9.0)),
    ((3.0,), {"c": 1.0, "a": 2.0}, (4.0, 6.0, 12.0)),
    ((), {"x": 3.0}, (6.0,)),
    ((), {"b": 5.0, "x": 3.0}, (15.0, 9.0)),
    ((3.0, 2.0), {"c": -1.0}, (-4.0, -6.0, 12.0)),
    ((3.0, 2.0, 0.5), {}, (3.0, 4.5, 18.0)),
]
"""Arguments, keyword arguments, and the derivatives with respect to all of them in the order of the parameters."""


@pytest.mark.parametrize(("args", "kwargs", "slopes"), CALLS)
def test_arguments_are_bound_as_python_binds_them(
    args: tuple[Any, ...], kwargs: dict[str, Any], slopes: tuple[float, ...], executor: str
) -> None:
    f = compile(plain, executor=executor)
    expected = plain(*args, **kwargs)
    for _ in range(2):
        assert f(*args, **kwargs) == expected
        assert f.value_and_grad(*args, **kwargs) == (expected, slopes)
        value, pull_back = f.vjp(*args, **kwargs)
        assert (value, pull_back(1.0)) == (expected, slopes)
    for name, slope in zip(_names(args, kwargs), slopes, strict=True):
        assert f.value_and_grad(*args, **kwargs, wrt=name) == (expected, slope)
        assert f.value_and_grad(*args, **kwargs, wrt=(name,)) == (expected, (slope,))
        number = ["x", "a", "b", "c"].index(name)
        assert f.value_and_grad(*args, **kwargs, wrt=number) == (expected, slope)
    batch = {name: [number, number + 1.0] for name, number in kwargs.items()}
    found = f(*[[x, x + 1.0] for x in args], **batch)
    more = plain(*[x + 1.0 for x in args], **{name: number + 1.0 for name, number in kwargs.items()})
    assert found.tolist() == [expected, more]


def _names(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    return ["x", "a", "b", "c"][: len(args)] + [name for name in ("x", "a", "b", "c") if name in kwargs]


def test_what_python_refuses_is_refused() -> None:
    f = compile(plain)
    for call in (lambda: f(), lambda: f(1.0, x=2.0), lambda: f(1.0, d=2.0), lambda: f(1.0, 2.0, 3.0, 4.0), lambda: f(b=1.0)):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(InputError, match=r"wrt='a' does not fit a call with 2 arguments, x, b"):
        f.value_and_grad(3.0, b=5.0, wrt="a")
    with pytest.raises(InputError, match="wrt=1 does not fit"):
        f.value_and_grad(3.0, b=5.0, wrt=1)


def test_axes_of_arguments_that_there_are_not() -> None:
    for f in (lambda x, **others: x * others["z"], lambda x, z: x * z):
        with pytest.raises(InputError, match=r"in_axes=\(None, 0, 0\) does not fit"):
            compile(f, in_axes=(None, 0, 0))(1.0, z=np.ones(3))
    assert compile(lambda x, **others: x * others["z"], in_axes=0)(np.ones(2), z=np.ones(2)).tolist() == [1.0, 1.0]
    assert compile(lambda x, *, z: x * z, in_axes=(None, 0))(2.0, z=np.ones(2)).tolist() == [2.0, 2.0]
    assert compile(lambda x, *, z: x * z, in_axes=(0,))(np.ones(2), z=2.0).tolist() == [2.0, 2.0]


def test_keywords_of_any_name_and_positions_of_any_number(executor: str) -> None:
    def total(*terms: Any, scale: Any = 1.0, **others: Any) -> Any:
        result = sum(terms)
        for name, x in others.items():
            result = result + (2.0 if name == "twice" else 1.0) * x
        return result * scale

    f = compile(total, executor=executor)
    assert f(1.0, 2.0) == 3.0
    assert f(1.0, 2.0, 3.0, twice=4.0) == 14.0
    assert f(1.0, once=4.0) == 5.0
    assert f(1.0, twice=4.0, once=1.0, scale=0.5) == 5.0
    assert f.value_and_grad(1.0, twice=4.0, scale=0.5) == (4.5, (0.5, 9.0, 1.0))


def test_partial_functions_and_methods(executor: str) -> None:
    f = compile(functools.partial(plain, 2.0, b=4.0), executor=executor)
    assert f(3.0) == plain(2.0, 3.0, b=4.0)
    assert f(3.0, c=1.0) == 24.0
    assert f.value_and_grad(3.0, b=0.5) == (9.0, (3.0, 18.0))

    class Scaled:
        def __init__(self, factor: float) -> None:
            self.factor, self.live = factor, Value(1.0)

        @compile(executor=executor)
        def times(self, x: Any, y: Any = 1.0) -> Any:
            return self.factor * x * y * self.live

        @compile(in_axes=(None, 0), executor=executor)
        def product(self, v: Any) -> Any:
            return v[0] * v[1] * self.factor

    two, three = Scaled(2.0), Scaled(3.0)
    assert (two.times(5.0), three.times(5.0), two.times(x=5.0, y=2.0)) == (10.0, 15.0, 20.0)
    assert two.times.value_and_grad(5.0, y=2.0) == (20.0, (4.0, 10.0))
    assert two.product([[1.0, 2.0], [3.0, 4.0]]).tolist() == [4.0, 24.0]
    two.live.data = 10.0
    assert (two.times(5.0), three.times(5.0)) == (100.0, 15.0)
    assert isinstance(Scaled.times, type(compile(plain)))
    assert Scaled(7.0).times(2.0) == 14.0
    gone = weakref.ref(two)
    del two
    gc.collect()
    assert gone() is None

    class Model(Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        @compile(in_axes=(None, 0), executor=executor)
        def loss(self, x: Any) -> Any:
            return self.w * x

    model = Model()
    assert model.loss([1.0, 2.0]).tolist() == [2.0, 4.0]
    value, (by_model, by_x) = model.loss.value_and_grad([1.0, 2.0], reduce="sum")
    assert (value, by_model, by_x.tolist()) == (6.0, {"w": 3.0}, [2.0, 2.0])


# -- programs are found by what arguments are -----------------------------------------------------------------------------------

First = namedtuple("Point", "x y")
Second = namedtuple("Point", "x y")


class Third(NamedTuple):
    """Like the others, by its name and fields."""

    x: Any
    y: Any


def test_trees_of_one_text_have_programs_of_their_own(executor: str) -> None:
    kinds: list[tuple[Any, float]] = [(First(1.0, 2.0), 1.0), (Second(1.0, 2.0), 2.0), (Third(1.0, 2.0), 3.0)]

    def f(p: Any) -> Any:
        return p[0] * {First: 1.0, Second: 2.0, Third: 3.0}[type(p)]

    compiled = compile(f, in_axes=(None,), executor=executor)
    for _ in range(2):
        for tree, expected in kinds:
            assert compiled(tree) == expected
            assert type(compiled.value_and_grad(tree, wrt=0)[1]) is type(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1: 2.0}, {True: 2.0}),
        ({1: 2.0}, {1.0: 2.0}),
        ({"a": 2.0, "b": 1.0}, {"b": 2.0, "a": 1.0}),
        (OrderedDict(a=2.0), {"a": 2.0}),
        (defaultdict(list, a=2.0), defaultdict(dict, a=2.0)),
        ([2.0, 2.0], (2.0, 2.0)),
        ([[2.0]], [np.array([2.0])]),
        ({"a": None, "b": 1.0}, {"a": 1.0, "b": None}),
        ([np.ones(2), np.ones(2)], (np.ones(2), np.ones(2))),
    ],
)
def test_the_function_sees_what_was_passed(one: Any, other: Any, executor: str) -> None:
    seen: list[Any] = []

    def f(tree: Any) -> Any:
        keys = list(tree) if isinstance(tree, dict) else []
        missing = [key for key in keys if tree[key] is None]
        seen.append((type(tree), keys, [type(key) for key in keys], missing, getattr(tree, "default_factory", None)))
        return sum([sin(x) for x in autograd.trees.flatten(tree)[0]])

    compiled = compile(f, in_axes=(None,), executor=executor)
    for tree in (one, other, one, other):
        compiled(tree)
    assert len(seen) == 4  # each of both is recorded, and once more to compare
    assert seen[0] == seen[1]
    if isinstance(one, dict):
        assert seen[0] != seen[2]
        assert type(compiled.value_and_grad(one)[1][0]) is type(one)


def test_none_is_a_tree_without_leaves(executor: str) -> None:
    def f(p: Any, x: Any) -> Any:
        return p["w"] * x if p["b"] is None else p["w"] * x + p["b"]

    compiled = compile(f, in_axes=(None, 0), executor=executor)
    assert compiled({"w": 2.0, "b": None}, [1.0, 2.0]).tolist() == [2.0, 4.0]
    assert compiled({"w": 2.0, "b": 1.0}, [1.0, 2.0]).tolist() == [3.0, 5.0]
    assert compiled.value_and_grad({"w": 2.0, "b": None}, [1.0, 2.0], wrt=0, reduce="sum") == (6.0, {"w": 3.0, "b": None})
    assert grad(lambda p: p[0] * 3.0 if p[1] is None else p[0])([2.0, None]) == [3.0, None]
    for transform in (autograd.jacobian, autograd.grad):
        with pytest.raises(InputError):
            transform(lambda x: None)(1.0)


def test_what_is_checked_is_what_is_used(executor: str) -> None:
    """Another thread changes a list of arrays between two looks at it: no look comes after the first one."""

    f = compile(lambda p: dot(p[0], p[0]), in_axes=(None,), executor=executor)
    pair = [np.ones(3000)]
    assert f.value_and_grad(pair)[0] == 3000.0
    stop = threading.Event()
    small, large = np.ones(3), np.ones(3000)

    def change() -> None:
        while not stop.is_set():
            pair[0] = small
            pair[0] = large

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            value, (gradient,) = f.value_and_grad(pair)
            assert value == gradient[0].size
            assert (gradient[0] == 2.0).all()
    finally:
        stop.set()
        thread.join()


# -- functions within functions ---------------------------------------------------------------------------------------------


def test_a_compiled_function_in_one_that_is_differentiated() -> None:
    """It is the function that was compiled, so that nothing that it refers to loses its derivative."""
    assert grad(lambda w: compile(lambda x: x * w)(3.0))(2.0) == 3.0
    assert grad(grad(lambda w: compile(lambda x: x * w * w)(3.0)))(2.0) == 6.0
    assert compile(grad(lambda w: compile(lambda x: x * w)([3.0, 4.0])[1]))(2.0) == 4.0
    rows = compile(lambda v: v[0] * v[1], in_axes=0)
    assert grad(lambda w: sum(rows([[w, 2.0], [3.0, w]])))(5.0) == 5.0
    assert autograd.jacobian(lambda w: rows(np.array([[1.0, w], [w, w]])))(5.0).tolist() == [1.0, 10.0]
    inner = compile(lambda x: x * x)
    for name in ("value_and_grad", "vjp", "record"):
        with pytest.raises(CompileError, match=rf"write autograd\.{name}"):
            grad(lambda w, name=name: getattr(inner, name)(2.0)[0] * w)(2.0)
    with pytest.raises(CompileError, match=r"write autograd\.jvp"):
        grad(lambda w: inner.jvp((2.0,), (1.0,))[0] * w)(2.0)


def test_a_compiled_function_in_a_thread_of_one_that_is_differentiated() -> None:
    def f(w: Any) -> Any:
        found: list[Any] = []

        def work() -> None:
            try:
                found.append(compile(lambda x: x * w)(3.0))
            except CompileError as error:
                found.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(found[0], CompileError):
            raise found[0]
        return found[0]

    with pytest.raises(CompileError, match="refers to .* which depends on an argument of a function that is being differentiated"):
        grad(f)(2.0)


def test_a_function_that_calls_itself_in_a_thread_ends() -> None:
    @compile
    def countdown(n: Any) -> Any:
        if n < 1.0:
            return n * 0.0
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(countdown(0.5)))
        thread.start()
        thread.join(timeout=30.0)
        assert not thread.is_alive()
        return n + found[0]

    assert countdown(3.0) == 3.0


FORKED = """
import os, threading, warnings
import autograd
from autograd import Value, compile, grad

recording, done = threading.Event(), threading.Event()

def slow(x):
    recording.set()
    done.wait(timeout=60.0)
    return x * 2.0

f = compile(slow, executor="numpy")
thread = threading.Thread(target=lambda: f(1.0))
thread.start()
assert recording.wait(timeout=30.0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a fork beside threads
    child = os.fork()
if child == 0:
    done.set()
    right = autograd._runtime.state.STATE.traced == 0 and f(3.0) == 6.0 and grad(lambda v: v * v)(3.0) == 6.0 and Value(1.0) != Value(1.0)
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
done.set()
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_records() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60.0)


# -- what one program computes ----------------------------------------------------------------------------------------------

OVERLAPPING: list[tuple[str, Callable[[Any], Any]]] = [
    ("its diagonal", lambda A: sum([dot(row, [A[0][0], A[1][1]]) for row in A])),
    ("a column", lambda A: sum([dot(row, [A[0][0], A[1][0]]) for row in A])),
    ("its rows, permuted", lambda A: sum([dot(a, b) for a in A for b in (A[1], A[0])])),
    ("its transpose", lambda A: sum([dot(a, [A[0][k], A[1][k]]) for a in A for k in range(2)])),
    ("itself", lambda A: sum([dot(a, b) for a in A for b in A])),
    ("a square of itself", lambda A: sum([dot(a, a) * A[0][0] for a in A])),
    ("beside itself", lambda A: sum([A[i][j] * A[j][i] + A[i][i] / A[j][j] for i in range(2) for j in range(2)])),
]


@pytest.mark.parametrize(("name", "f"), OVERLAPPING, ids=[name for name, _ in OVERLAPPING])
def test_operands_may_overlap(name: str, f: Callable[[Any], Any], executor: str) -> None:
    samples = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.5, -1.0], [2.0, 0.25]], [[1.5, 1.0], [-2.0, 3.0]]])
    exact = np.array([grad(f)(A.tolist()) for A in samples])
    if name == "its diagonal":
        assert exact[0].tolist() == [[5.0, 4.0], [1.0, 10.0]]
    shared, each = compile(f, in_axes=(None,), executor=executor), compile(f, in_axes=0, executor=executor)
    for _ in range(2):
        for A, expected in zip(samples, exact, strict=True):
            np.testing.assert_allclose(shared.value_and_grad(A, wrt=0)[1], expected, rtol=1e-14)
            np.testing.assert_allclose(shared.value_and_grad(A.tolist(), wrt=0)[1], expected, rtol=1e-14)
        np.testing.assert_allclose(each.value_and_grad(samples, wrt=0)[1], exact, rtol=1e-14)


def test_no_grad_stops_the_gradient_and_not_the_number(executor: str) -> None:
    w = Value(3.0)

    def f(x: Any) -> Any:
        with autograd.no_grad():
            t = x * 2.0 + w
            t = t if t > 6.0 else -t
        return t * x

    compiled = compile(f, executor=executor)
    X = [1.0, 2.0, 3.0]
    value, (slopes,) = compiled.value_and_grad(X)
    assert value.tolist() == [f(x).data if isinstance(f(x), Value) else f(x) for x in X] == [-5.0, 14.0, 27.0]
    assert slopes.tolist() == [grad(f)(x).data if isinstance(grad(f)(x), Value) else grad(f)(x) for x in X] == [-5.0, 7.0, 9.0]
    w.data = 4.0
    assert compiled(3.0) == 30.0
    assert compile(grad(f), executor=executor)(3.0) == 10.0
    assert compile(grad(grad(f)), executor=executor)(3.0) == 0.0


def test_a_module_keeps_its_programs_apart_from_those_of_another(executor: str) -> None:
    f = compile(lambda model, x: model(x)[0], in_axes=(None, 0), executor=executor)
    one, two = (Linear(1, 1, initialiser=lambda *_, k=k: k) for k in (2.0, 3.0))
    assert f(one, [[1.0]]).tolist() == [2.0]
    assert f(two, [[1.0]]).tolist() == [3.0]
    assert f(one, x=[[2.0]]).tolist() == [4.0]
