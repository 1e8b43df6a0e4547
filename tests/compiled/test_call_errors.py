"""Wrong calls of compiled functions, and wrong results: the message names the argument."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import hill

from autograd import Value, compile
from autograd.compiled.api.function import Function
from autograd.errors import CompileError, InputError
from nn import Linear

BAD_CALLS: list[tuple[str, Callable[[Function], Any], str]] = [
    ("shapes", lambda f: f([1.0, 2.0], [1.0, 2.0, 3.0]), r"cannot be broadcast together: x \(2,\), y \(3,\)"),
    ("a string", lambda f: f("a", 1.0), "x must be a number.*'a'"),
    ("a number in a string", lambda f: f("2.0", 1.0), "x must be a number.*'2.0'"),
    ("strings", lambda f: f(1.0, ["1", "2"]), "y must be a number"),
    ("bytes", lambda f: f(b"1", 1.0), "x must be a number"),
    ("None", lambda f: f(None, 1.0), "x must be a number.*None"),
    ("None in a list", lambda f: f([1.0, None], 1.0), "x is more than a number or an array"),
    ("a complex number", lambda f: f(1j, 1.0), "x must be a number.*1j"),
    ("complex numbers", lambda f: f(np.array([1j]), 1.0), "x must be a number.*complex"),
    ("a date", lambda f: f(np.datetime64("2020-01-01"), 1.0), "x must be a number"),
    ("an object", lambda f: f(object(), 1.0), "x must be a number.*object"),
    ("a set", lambda f: f({1.0}, 1.0), "x must be a number.*set"),
    ("ragged", lambda f: f([[1.0], [2.0, 3.0]], 1.0), "x is more than a number or an array.*in_axes=\\(None, 0\\)"),
    ("a tuple", lambda f: f((1.0, 2.0), 1.0), "x is more than a number or an array"),
    ("a dict", lambda f: f(1.0, {"a": 1.0}), "y is more than a number or an array"),
    ("a module", lambda f: f(1.0, Linear(2, 1)), "y is more than a number or an array"),
    ("nothing", lambda f: f([], 1.0), r"there is nothing to compute: the arguments broadcast to the shape \(0,\)"),
    ("an empty array", lambda f: f(np.zeros((0, 3)), 1.0), r"shape \(0, 3\)"),
    ("Values", lambda f: f.value_and_grad(Value(1.0), 2.0), r"x contains Values.*autograd.value_and_grad\(f\)"),
    ("reduce", lambda f: f.value_and_grad(1.0, 2.0, reduce="max"), 'reduce must be None, "sum" or "mean", not \'max\''),
    ("wrt too large", lambda f: f.value_and_grad(1.0, 2.0, wrt=2), "wrt=2 does not fit a call with 2 arguments"),
    ("wrt too small", lambda f: f.value_and_grad(1.0, 2.0, wrt=(0, -3)), "wrt=-3 does not fit"),
    ("wrt a name", lambda f: f.value_and_grad(1.0, 2.0, wrt="z"), "wrt='z' does not fit a call with 2 arguments, x, y"),
    ("wrt twice", lambda f: f.value_and_grad(1.0, 2.0, wrt=(0, 0)), r"wrt=\(0, 0\) names an argument twice"),
    ("wrt twice, by its name", lambda f: f.value_and_grad(1.0, 2.0, wrt=(-1, "y")), "names an argument twice"),
    ("wrt a fraction", lambda f: f.value_and_grad(1.0, 2.0, wrt=0.5), "wrt=0.5 does not fit"),
    ("wrt a truth", lambda f: f.value_and_grad(1.0, 2.0, wrt=True), "wrt=True does not fit"),
    ("jvp without a tangent", lambda f: f.jvp((1.0, 2.0), (1.0,)), "tangents of the same form as the primals"),
    ("jvp of another shape", lambda f: f.jvp((1.0, 2.0), (1.0, [1.0, 2.0])), "tangents of the same form as the primals"),
    ("vjp of another shape", lambda f: f.vjp([1.0, 2.0], 2.0)[1](1.0), "must have the form of the value"),
]


@pytest.mark.parametrize(("name", "run", "message"), BAD_CALLS, ids=[row[0] for row in BAD_CALLS])
def test_bad_calls_are_errors_that_name_the_argument(name: str, run: Callable[[Function], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        run(compile(hill, executor="numpy"))


def test_too_large_an_integer_is_the_error_that_a_value_raises() -> None:
    with pytest.raises(OverflowError, match="too large for a float"):
        compile(hill)(10**400, 1.0)


@pytest.mark.parametrize(
    ("f", "in_axes", "x", "note"),
    [
        (lambda p: p["a"], None, [1.0, 2.0], "p was a list of Values."),
        (lambda n: [1.0 for _ in range(n)], None, 3, "n was a Value. A size or an index belongs to the program, not to its arguments"),
        (lambda x: x + 1.0, (None,), [1.0, 2.0], "x was a list of Values."),
        (lambda x: x["b"].mean(), (None,), {"b": [1.0]}, "x was a dict of Values."),
        (lambda x: x.first, (0,), np.ones((2, 3)), "x was a ndarray of Values."),
    ],
)
def test_errors_of_python_say_what_the_function_was_given(f: Callable[[Any], Any], in_axes: Any, x: Any, note: str) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        compile(f, in_axes=in_axes)(x)
    assert caught.value.__notes__[0].startswith(f"While it was recorded, {note}")


def test_too_few_and_too_many_arguments_are_errors_of_python() -> None:
    f = compile(hill)
    for args in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match="argument"):
            f(*args)
    assert f(y=2.0, x=1.0) == f(1.0, 2.0)
    with pytest.raises(TypeError, match="'z'"):
        f(1.0, 2.0, z=3.0)


@pytest.mark.parametrize("in_axes", [1, -1, True, False, 0.0, "0", (0, 1), (None, -1), [None, 0], {"x": 0}], ids=repr)
def test_in_axes_is_0_or_none(in_axes: Any) -> None:
    with pytest.raises(CompileError, match="in_axes must be 0 or None for each argument.*move the axis of the samples to the front"):
        compile(hill, in_axes=in_axes)


def test_in_axes_must_fit_the_arguments() -> None:
    with pytest.raises(InputError, match=r"in_axes=\(0,\) does not fit a call with 2 positional arguments"):
        compile(hill, in_axes=(0,))([1.0], [2.0])
    with pytest.raises(InputError, match="different numbers of samples: 2 of x, 3 of y"):
        compile(hill, in_axes=0)([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="different numbers of samples: 3 of p, 4 of p"):
        compile(lambda p: p["a"] + p["b"], in_axes=0)({"a": np.ones(3), "b": np.ones(4)})
    with pytest.raises(InputError, match="y has the batch axis 0 in in_axes, but is a single number"):
        compile(hill, in_axes=(None, 0))(1.0, 2.0)
    with pytest.raises(InputError, match="there are no samples: the batch axis has length 0"):
        compile(lambda x: x[0], in_axes=(0,))(np.zeros((0, 3)))
    with pytest.raises(InputError, match="m is a module, whose parameters are the same for all samples: write None for it"):
        compile(lambda m, x: m(x), in_axes=(0, 0))(Linear(2, 1), [[1.0, 2.0]])


BAD_RESULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("None", lambda x: None, "the result must be a number.*None"),
    ("a string", lambda x: {"a": x, "name": "x"}, r"the result\['name'\] must be a number"),
    ("a condition", lambda x: x > 0, "the result must be a number.*[Cc]ondition"),
]


@pytest.mark.parametrize(("name", "f", "message"), BAD_RESULTS, ids=[row[0] for row in BAD_RESULTS])
def test_results_that_are_no_numbers(name: str, f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        compile(f)(1.0)


def test_value_and_grad_needs_one_number() -> None:
    for f in (lambda x: [x, x], lambda x: [x], lambda x: np.array([x, x]), lambda x: {"a": x, "b": x}, lambda x: []):
        with pytest.raises(InputError, match="needs a function that returns one number.*use vjp"):
            compile(f).value_and_grad(1.0)
    for g in (lambda x: x, lambda x: (x, x, x), lambda x: [x, x]):
        with pytest.raises(InputError, match="has_aux needs a function that returns a pair"):
            compile(g).value_and_grad(1.0, has_aux=True)


def test_there_is_no_such_executor() -> None:
    with pytest.raises(CompileError, match=r"no executor 'gpu': choose one of auto, numpy, llvm, native"):
        compile(hill, executor="gpu")
