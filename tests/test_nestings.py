"""Regressions: nestings of transforms, contexts and compiled functions that were wrong once."""

import asyncio
import contextlib
import copy
import functools
from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    AutogradError,
    Value,
    derivative,
    enable_grad,
    exp,
    grad,
    hessian,
    hvp,
    implicit,
    jacobian,
    jvp,
    no_grad,
    scope,
    sin,
    sparse_hessian,
    sparse_jacobian,
    value_and_grad,
    vjp,
    where,
)
from autograd.compiled.api.compile import compile


def right_or_refused(expected: float, f: Callable[..., Any], *args: Any) -> None:
    """Check that the body computes this number or raises an error of the package."""
    with contextlib.suppress(AutogradError):
        actual = f(*args)
        assert number_of(actual) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def number_of(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


# -- second derivatives at Values that are constants, or from elsewhere ---------------------------------------------------


def constant() -> Value:
    with no_grad():
        return Value(2.0) * 1


def escaped() -> Value:
    received: list[Value] = []
    grad(lambda x: received.append(x) or x * x)(2.0)
    return received[0]


OUTER: list[Callable[[], Any]] = [lambda: 2.0, lambda: Value(2.0), lambda: Value(1.0) * 2.0, constant, escaped]


@pytest.mark.parametrize("make", OUTER, ids=["number", "leaf", "result", "constant", "escaped"])
def test_second_derivatives_at_any_value(make: Callable[[], Any]) -> None:
    c = make()
    cube = lambda x: x**3
    assert number_of(hessian(lambda p: p[0] ** 3)([c])[0][0]) == 12.0
    assert number_of(derivative(cube, 2)(c)) == 12.0
    assert number_of(derivative(cube, 3)(c)) == 6.0
    assert number_of(hvp(cube, (c,), (1.0,))) == 12.0
    assert number_of(jvp(lambda x: jvp(cube, (x,), (1.0,))[1], (c,), (1.0,))[1]) == 12.0
    assert number_of(grad(lambda x: value_and_grad(cube)(x)[1])(c)) == 12.0
    assert number_of(vjp(grad(cube), c)[1](1.0)[0]) == 12.0
    assert number_of(jacobian(grad(cube))(c)) == 12.0
    assert number_of(sparse_hessian(lambda p: p[0] ** 3, [c]).todense()[0][0]) == 12.0
    assert number_of(sparse_jacobian(lambda p: [grad(cube)(p[0])], [c]).todense()[0][0]) == 12.0
    assert number_of(grad(lambda x: x * c * c)(3.0)) == 4.0
    assert number_of(grad(lambda x: grad(lambda y: y * y * x)(c))(3.0)) == 4.0


def test_a_gradient_at_a_leaf_can_be_differentiated_again() -> None:
    w = Value(2.0)
    hessian(lambda p: p[0] ** 3)([w])[0][0].backward()
    assert w.grad == 6.0
    w.grad = 0.0
    hvp(lambda x: x**4, (3.0,), (w,)).backward()
    assert w.grad == 108.0


# -- compiled functions and programs in functions that are differentiated -------------------------------------------------


def test_a_compiled_function_of_numbers_refers_to_variables() -> None:
    inner = lambda w: compile(lambda x: x * w)(3.0)
    assert grad(inner)(2.0) == 3.0
    assert jvp(inner, (2.0,), (1.0,)) == (6.0, 3.0)
    assert hessian(lambda w: inner(w) ** 2)(2.0) == 18.0
    assert sparse_jacobian(lambda p: [inner(p[0])], [2.0]).todense() == [[3.0]]
    assert compile(inner).value_and_grad(2.0) == (6.0, 3.0)
    assert compile(grad(inner))(2.0) == 3.0
    assert grad(lambda w: grad(lambda v: compile(lambda x: x * w * v)(3.0))(1.0))(2.0) == 3.0


def test_compiled_functions_of_several_samples_refer_to_variables() -> None:
    f = lambda w: compile(lambda x: x * w if x > 1.5 else x - w)([1.0, 2.0]).sum()
    assert grad(f)(5.0) == 1.0
    assert grad(lambda w: compile(lambda p, x: p[0] * x * w, in_axes=(None, 0))([2.0], [1.0, 3.0])[1])(5.0) == 6.0


@pytest.mark.parametrize("method", ["value_and_grad", "vjp", "jvp"])
def test_methods_of_compiled_functions_refuse_to_cut(method: str) -> None:
    def f(w: Any) -> Any:
        g = compile(lambda x: x * w)
        if method == "value_and_grad":
            return g.value_and_grad(3.0)[0]
        return g.vjp(3.0)[0] if method == "vjp" else g.jvp((3.0,), (1.0,))[0]

    right_or_refused(3.0, grad(f), 2.0)
    right_or_refused(3.0, compile(grad(f)), 2.0)


@pytest.mark.parametrize("run", [lambda p: p(), lambda p: p.forward()], ids=["call", "forward"])
def test_a_program_of_variables_is_right_or_refused(run: Callable[[Any], Any]) -> None:
    f = lambda x: run(compile(x * Value(2.0)))
    right_or_refused(2.0, grad(f), 3.0)
    right_or_refused(2.0, lambda x: jvp(f, (x,), (1.0,))[1], 3.0)
    right_or_refused(2.0, lambda x: jacobian(f)(x), 3.0)
    right_or_refused(2.0, lambda x: compile(f).value_and_grad(x)[1], 3.0)
    right_or_refused(12.0, grad(lambda x: grad(lambda y: run(compile(x * y * y)))(2.0) * x), 1.5)


def test_a_program_of_variables_that_runs_in_another_transform_is_right_or_refused() -> None:
    def f(x: Any) -> Any:
        program = compile(x * x)
        return grad(lambda y: y * program())(1.0)

    right_or_refused(6.0, grad(f), 3.0)


def test_a_program_of_its_own_leaves_gives_numbers() -> None:
    def f(x: Any) -> Any:
        v = Value(3.0)
        program = compile(v * v)
        return x * program() + v.grad

    assert grad(f)(1.0) == 9.0


# -- no_grad --------------------------------------------------------------------------------------------------------------


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda w: grad(lambda x: x * x * w)(3.0),
    "value": lambda w: value_and_grad(lambda x: x * w)(3.0)[0],
    "jacobian": lambda w: jacobian(lambda x: [x * w])(3.0)[0],
    "hessian": lambda w: hessian(lambda x: x * x * w)(3.0),
    "jvp": lambda w: jvp(lambda x: x * w, (3.0,), (1.0,))[1],
    "vjp": lambda w: vjp(lambda x: x * w, 3.0)[1](1.0)[0],
    "vjp value": lambda w: vjp(lambda x: x * w, 3.0)[0],
    "hvp": lambda w: hvp(lambda x: x * x * w, (3.0,), (1.0,)),
    "sparse_jacobian": lambda w: sparse_jacobian(lambda p: [p[0] * w], [3.0]).values[0],
    "sparse_hessian": lambda w: sparse_hessian(lambda p: p[0] ** 2 * w, [3.0]).values[0],
    "implicit": lambda w: implicit(lambda y: y * y - w)(1.0),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_under_no_grad_transforms_work_and_nothing_has_history(name: str) -> None:
    w = Value(2.0)
    expected = number_of(TRANSFORMS[name](w))
    with no_grad():
        actual = TRANSFORMS[name](w)
    assert number_of(actual) == pytest.approx(expected, rel=1e-14)
    assert not isinstance(actual, Value) or not actual._prev
    assert grad(lambda x: stopped(lambda: TRANSFORMS[name](x)) * x)(2.0) == pytest.approx(expected, rel=1e-14)
    with no_grad(), enable_grad():
        actual = TRANSFORMS[name](w)
    (actual * 1.0).backward()
    assert w.grad != 0.0


def stopped(f: Callable[[], Any]) -> Any:
    with no_grad():
        return f()


@pytest.mark.parametrize(
    "choose", [lambda x: where(x > 0, x, 0.0), lambda x: where(x > 0, lambda: x, lambda: 0.0)], ids=["where", "thunks"]
)
def test_where_under_no_grad_is_the_same_in_eager_and_compiled_code(choose: Callable[[Any], Any]) -> None:
    f = lambda x: stopped(lambda: choose(x)) * x
    assert grad(f)(3.0) == 3.0
    assert compile(f).value_and_grad(3.0) == (9.0, 3.0)
    assert compile(grad(f))(3.0) == 3.0


def numbers_under(context: Any) -> Any:
    @context
    def generator(x: Value) -> Iterator[Value]:
        received = yield x * 2.0
        while True:
            received = yield x * (received or 3.0)

    return generator


def test_no_grad_decorates_generators() -> None:
    x = Value(2.0)
    first = numbers_under(no_grad())(x)
    y = next(first)
    assert (y.data, y._prev) == (4.0, ())
    outside = x * 5.0  # between two steps the caller records
    assert len(outside._prev) == 2
    z = first.send(7.0)
    assert (z.data, z._prev) == (14.0, ())
    first.close()
    assert len((x * 1.0)._prev) == 2


def test_no_grad_on_generators_survives_exceptions() -> None:
    @no_grad()
    def generator(x: Value) -> Iterator[Value]:
        with contextlib.suppress(KeyError):
            yield x * 2.0
        yield x * 3.0
        raise RuntimeError("the end")

    x = Value(2.0)
    running = generator(x)
    next(running)
    y = running.throw(KeyError("back"))
    assert (y.data, y._prev) == (6.0, ())
    with pytest.raises(RuntimeError, match="the end"):
        next(running)
    assert len((x * 1.0)._prev) == 2


def test_a_decorated_generator_returns_what_it_returns() -> None:
    @no_grad()
    def generator(x: Value) -> Any:
        yield x * 1.0
        return x * 2.0

    def around(x: Value) -> Any:
        result = yield from generator(x)
        yield result

    x = Value(2.0)
    values = list(around(x))
    assert [v.data for v in values] == [2.0, 4.0]
    assert all(not v._prev for v in values)


def test_two_decorated_generators_at_once() -> None:
    x = Value(2.0)
    first, second = numbers_under(no_grad())(x), numbers_under(enable_grad())(x)
    with no_grad():
        assert not next(first)._prev
        assert next(second)._prev
        assert not (x * 1.0)._prev
        assert not next(first)._prev
        assert next(second)._prev
    assert (x * 1.0)._prev


def test_scope_decorates_generators() -> None:
    x = Value(2.0)
    running = numbers_under(scope("layer"))(x)
    assert next(running).scope == "layer"
    assert (x * 1.0).scope == ""
    with scope("outer"):
        assert next(running).scope.endswith("layer")
        assert (x * 1.0).scope == "outer"
    assert (x * 1.0).scope == ""


def test_no_grad_and_scope_decorate_coroutines() -> None:
    x = Value(2.0)

    @no_grad()
    async def paused(steps: int) -> Value:
        for _ in range(steps):
            await asyncio.sleep(0)
        return x * 2.0

    @scope("task")
    async def named(steps: int) -> Value:
        for _ in range(steps):
            await asyncio.sleep(0)
        return x * 3.0

    async def plain(steps: int) -> Value:
        for _ in range(steps):
            await asyncio.sleep(0)
        return x * 4.0

    async def all_at_once() -> list[Value]:
        return list(await asyncio.gather(paused(2), plain(1), named(3), plain(3)))

    y, z, u, v = asyncio.run(all_at_once())
    assert (y.data, y._prev) == (4.0, ())
    assert (len(z._prev), z.scope) == (2, "")
    assert (len(u._prev), u.scope) == (2, "task")
    assert (len(v._prev), v.scope) == (2, "")
    assert asyncio.iscoroutinefunction(paused)


def test_a_decorated_coroutine_does_not_leak_into_its_caller() -> None:
    x = Value(2.0)

    @no_grad()
    async def paused() -> Value:
        await asyncio.sleep(0)
        return x * 2.0

    async def caller() -> tuple[Value, Value]:
        y = await paused()
        return y, x * 3.0

    y, z = asyncio.run(caller())
    assert not y._prev
    assert len(z._prev) == 2


def test_no_grad_and_scope_decorate_async_generators() -> None:
    x = Value(2.0)

    @no_grad()
    async def paused() -> AsyncIterator[Value]:
        for k in (1.0, 2.0):
            await asyncio.sleep(0)
            yield x * k

    @scope("stream")
    async def named() -> AsyncIterator[Value]:
        for k in (1.0, 2.0):
            await asyncio.sleep(0)
            yield x * k

    async def read() -> tuple[list[Value], list[Value], list[Value]]:
        inner, outer = [], []
        async for y in paused():
            inner.append(y)
            outer.append(x * 1.0)
        return inner, outer, [y async for y in named()]

    inner, outer, scoped = asyncio.run(read())
    assert [y.data for y in inner] == [2.0, 4.0]
    assert all(not y._prev for y in inner)
    assert all(len(y._prev) == 2 for y in outer)
    assert [y.scope for y in scoped] == ["stream", "stream"]
    assert (x * 1.0).scope == ""


def test_decorated_functions_keep_their_names() -> None:
    @no_grad()
    def plain() -> None:
        """Says this."""

    @scope("layer")
    def generator() -> Iterator[int]:
        yield 1

    assert (plain.__name__, plain.__doc__, generator.__name__) == ("plain", "Says this.", "generator")


# -- transforms in odd places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [lambda a, b: [[a, b]], lambda a, b: {"u": a, "v": [b]}, lambda a, b: (a, (b,)), lambda a, b: np.array([[a, b]], dtype=object)],
    ids=["matrix", "dict", "tuple", "array"],
)
def test_sparse_jacobian_of_any_form(shape: Callable[[Any, Any], Any]) -> None:
    f = lambda p: shape(p[0] * p[1], sin(p[1]))
    dense = [[3.0, 2.0], [0.0, np.cos(3.0)]]
    np.testing.assert_allclose(sparse_jacobian(f, [2.0, 3.0]).todense(), dense, rtol=1e-14)
    with no_grad():
        np.testing.assert_allclose(sparse_jacobian(f, [2.0, 3.0]).todense(), dense, rtol=1e-14)


def test_sparse_values_carry_gradients_to_values_outside() -> None:
    w = Value(2.0)
    sparse_jacobian(lambda p: [p[0] * w, p[1]], [3.0, 4.0]).values[0].backward()
    assert w.grad == 1.0
    w.grad = 0.0
    sparse_hessian(lambda p: p[0] ** 2 * w, [3.0]).values[0].backward()
    assert w.grad == 2.0
    assert grad(lambda w: sparse_jacobian(lambda p: [p[0] * w * w], [3.0]).values[0])(2.0) == 4.0


def test_implicit_follows_its_closure() -> None:
    assert grad(lambda a: implicit(lambda y: y * y - a)(1.0))(4.0) == pytest.approx(0.25, rel=1e-12)
    assert derivative(lambda a: implicit(lambda y: y * y - a)(1.0), 2)(4.0) == pytest.approx(-1 / 32, rel=1e-10)
    w = Value(4.0)
    implicit(lambda y: y * y - w)(1.0).backward()
    assert w.grad == pytest.approx(0.25, rel=1e-12)


def test_backward_in_a_function_that_is_differentiated() -> None:
    def f(x: Any, create_graph: bool) -> Any:
        x = x * 1.0
        v = Value(2.0)
        (x * x * v * v).backward(create_graph)
        return v.grad

    def at_itself(x: Any, create_graph: bool) -> Any:
        (x * x * x).backward(create_graph)
        return x.grad

    for transform in (grad, jacobian, lambda g: lambda x: jvp(g, (x,), (1.0,))[1], lambda g: compile(grad(g)), lambda g: grad(compile(g))):
        for create_graph in (False, True):
            right_or_refused(24.0, transform(lambda x: f(x, create_graph)), 3.0)  # noqa: B023
            right_or_refused(18.0, transform(lambda x: at_itself(x, create_graph)), 3.0)  # noqa: B023
    assert number_of(grad(lambda x: f(x, True))(3.0)) == 24.0
    assert number_of(grad(lambda x: at_itself(x, True))(3.0)) == 18.0
    with pytest.raises(AutogradError, match="backward"):
        grad(lambda x: f(x, False))(3.0)


# -- the branch of the plain function ---------------------------------------------------------------------------------------


def test_equality_takes_the_branch_of_floats() -> None:
    f = lambda x, y: y**2 if x == 0 else y**3
    assert value_and_grad(f, argnums=(0, 1))(0.0, 2.0) == (4.0, (0.0, 4.0))
    assert value_and_grad(f, argnums=np.int64(1))(0.0, 2.0) == (4.0, 4.0)
    g = compile(lambda x, y: x * 10 if x == y else x)
    assert (g(2.0, 2.0), g(2.0, 3.0), g(3.0, 3.0)) == (20.0, 2.0, 30.0)
    assert g.value_and_grad(2.0, 2.0) == (20.0, (10.0, 0.0))
    for f_in in (lambda x: x * 5 if x in [1.0, 2.0] else x, lambda x: x if x not in (2.0,) else x * 5, lambda x: x if x != 2.0 else x * 5):
        assert (grad(f_in)(2.0), grad(f_in)(3.0)) == (5.0, 1.0)
        assert (compile(grad(f_in))(2.0), compile(f_in)(2.0), compile(f_in)(3.0)) == (5.0, 10.0, 3.0)
    assert grad(lambda x: [3.0, x, 2.0].index(2.0) * x)(2.0) == 1.0
    assert grad(lambda x: (x, 2.0).count(2.0) * x)(2.0) == 2.0
    assert grad(lambda x: x * 7 if (x, 1.0) == (2.0, 1.0) else x)(2.0) == 7.0
    assert grad(lambda x: x * 7 if {"a": x} == {"a": 2.0} else x)(2.0) == 7.0


def test_equality_of_outer_variables_takes_the_branch_of_floats() -> None:
    assert grad(lambda x: grad(lambda y: y * x * 3 if x == y else y)(2.0))(2.0) == 3.0
    assert grad(lambda x: compile(lambda y: y * x * 3 if x == y else y)(2.0))(2.0) == 6.0
    assert grad(lambda x: x * 3 if grad(lambda y: y * y)(x) == 4.0 else x)(2.0) == 3.0


@pytest.mark.parametrize("transform", [grad, jacobian, lambda f: compile(grad(f)), lambda f: grad(compile(f))])
@pytest.mark.parametrize(
    "ask",
    [
        lambda x: {2.0: 5.0}.get(x, 1.0),
        lambda x: 5.0 if x in {2.0} else 1.0,
        lambda x: 4.0 * Counter([x, 2.0])[2.0] - 3.0,
        lambda x: functools.lru_cache(lambda y: 5.0 if y == 2.0 else 1.0)(x),
        lambda x: {x: 5.0, 2.0: 1.0}.get(2.0, 7.0) * 5.0,
        lambda x: 5.0 * (len({x, 2.0}) == 1),
        lambda x: 2.5 * float(f"{x:.1f}"),
        lambda x: 2.5 * float(str(x)),
        lambda x: 2.5 * float(f"{x!r}"),
        lambda x: 2.5 * float("%s" % x),  # noqa: UP031 - a way of its own
        lambda x: 5.0 if "{:.0f}".format(x) == "2" else 1.0,  # noqa: UP032
    ],
    ids=["dict", "set", "counter", "cache", "key", "size", "format", "str", "repr", "percent", "branch"],
)
def test_hash_and_text_take_the_branch_of_floats_or_are_refused(transform: Any, ask: Callable[[Any], float]) -> None:
    assert ask(2.0) == 5.0
    right_or_refused(5.0, transform(lambda x: x * ask(x)), 2.0)


@pytest.mark.parametrize("transform", [grad, jacobian, lambda f: compile(grad(f)), lambda f: grad(compile(f))])
@pytest.mark.parametrize("x", [-2.0, 2.0, 3.0])
def test_conditions_in_threads_take_the_branch_of_floats_or_are_refused(transform: Any, x: float) -> None:
    def f(x: Any, condition: Callable[[Any], bool]) -> Any:
        with ThreadPoolExecutor(2) as pool:
            truths = list(pool.map(lambda v: bool(condition(v)), [x, x * 1.0]))
        return x * 3 if all(truths) else x * 5

    for condition in (lambda v: v > 0, lambda v: v == 2.0, lambda v: v in [2.0], lambda v: v):
        expected = 3.0 if condition(x) else 5.0
        g = transform(lambda x: f(x, condition))  # noqa: B023
        for start in (1.0, 2.0, -1.0):  # what was recorded at another point
            right_or_refused(3.0 if condition(start) else 5.0, g, start)
        right_or_refused(expected, g, x)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0], lambda x: copy.deepcopy({"a": x * 1.0})["a"]]
)
def test_a_copy_is_the_number_with_its_gradient(copied: Callable[[Any], Any]) -> None:
    f = lambda x: copied(x) * 2 * x
    assert grad(f)(3.0) == 12.0
    assert hessian(f)(3.0) == 4.0
    assert jvp(f, (3.0,), (1.0,)) == (18.0, 12.0)
    assert grad(compile(f))(3.0) == 12.0
    right_or_refused(12.0, compile(grad(f)), 3.0)
    assert grad(lambda x: grad(lambda y: copied(x) * y)(1.0))(3.0) == 1.0


# -- forms of arguments -------------------------------------------------------------------------------------------------------


def test_dicts_of_any_kind_keep_their_type() -> None:
    def f(p: Any) -> Any:
        assert type(p) is kind
        return p["a"] ** 2 * p["b"]

    ordered, default = OrderedDict(b=2.0, a=3.0), defaultdict(lambda: 7.0, {"b": 2.0, "a": 3.0})
    for p in (ordered, default, {"b": 2.0, "a": 3.0}):
        kind = type(p)
        for function in (grad(f), grad(compile(f, in_axes=(None,)))):
            gradient = function(p)
            assert type(gradient) is kind
            assert list(gradient.items()) == [("b", 9.0), ("a", 12.0)]
        second = hessian(f)(p)
        assert type(second) is type(second["a"]) is kind
        assert second["a"] == {"b": 6.0, "a": 4.0}
        assert compile(f, in_axes=(None,)).value_and_grad(p)[1] == {"b": 9.0, "a": 12.0}
    assert grad(lambda p: p["missing"] * p["a"])(default)["a"] == 7.0


def test_none_has_no_derivative() -> None:
    f = lambda p: p[0] ** 2 if p[1] is None else p[0]
    assert grad(f)([3.0, None]) == [6.0, None]
    assert hessian(f)((3.0, None)) == ((2.0, None), None)
    assert jvp(f, ([3.0, None],), ([1.0, None],)) == (9.0, 6.0)
    assert vjp(f, [3.0, None])[1](1.0) == ([6.0, None],)
    assert jacobian(lambda p: {"u": p["w"], "v": None})({"w": 2.0, "b": None}) == {"u": {"w": 1.0, "b": None}, "v": None}
    assert compile(f, in_axes=(None,)).value_and_grad([3.0, None]) == (9.0, [6.0, None])
    assert grad(lambda x, y: x if y is None else x * y, argnums=0)(3.0, None) == 1.0
    assert grad(lambda x, *, k=None: x if k is None else x * k)(3.0, k=None) == 1.0


def test_keywords_and_numbers_of_arguments() -> None:
    f = lambda x, y=1.0, *, k=1.0: x * y * k * k
    assert grad(lambda k: grad(f)(2.0, y=3.0, k=k))(5.0) == 30.0
    assert grad(f, np.int64(1))(2.0, 3.0, k=5.0) == 50.0
    assert grad(f, (np.int32(0), 1))(2.0, 3.0) == (3.0, 2.0)
    assert grad(compile(f))(2.0, y=3.0, k=5.0) == 75.0
    assert compile(grad(f))(2.0, y=3.0, k=5.0) == 75.0
    for wrong in (1.0, "0", None, (0, 0), (0, -2)):
        with pytest.raises(AutogradError):
            grad(f, wrong)(2.0, 3.0)  # type: ignore[arg-type]


def test_structural_zeros_nest() -> None:
    f = lambda x: autograd.sqrt(autograd.relu(x)) + autograd.acos(autograd.minimum(x, 1.0)) * 0.0
    assert grad(f)(-1.0 + 0.5) == 0.0
    assert hessian(lambda x: autograd.sqrt(autograd.relu(x)))(-1.0) == 0.0
    assert compile(grad(lambda x: autograd.sqrt(autograd.relu(x))))(-1.0) == 0.0
    assert jvp(lambda x: autograd.sqrt(autograd.relu(x)), (-1.0,), (1.0,)) == (0.0, 0.0)
    assert grad(grad(lambda x: exp(autograd.clip(x, -1.0, 1.0))))(2.0) == 0.0
