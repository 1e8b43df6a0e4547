"""Arguments of compiled functions are bound as Python binds them."""

import functools
import gc
import weakref
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile
from autograd.errors import InputError
from nn import Module


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
    actual = f(*[[x, x + 1.0] for x in args], **batch)
    more = plain(*[x + 1.0 for x in args], **{name: number + 1.0 for name, number in kwargs.items()})
    assert actual.tolist() == [expected, more]


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
