"""Misuse is part of the interface: calls with wrong arguments have the same effect and the same errors in both builds of the core."""

import builtins
import inspect
import math
import operator
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from misuses import WRONG, Engine, square

import autograd
from benchmarks.harness import engine


@pytest.fixture(scope="module")
def builds() -> tuple[Engine, Engine]:
    native, plain = engine(plain=False)[0], engine(plain=True)[0]
    if not native.NATIVE:
        pytest.skip("the compiled core is not there, or older than its source")
    assert not plain.NATIVE
    return native, plain


# -- what is called, with arguments that are right ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A callable of the interface: how to find it in a build, and arguments that it takes."""

    name: str
    find: Callable[[Engine], Any]
    good: Callable[[Engine], list[Any]]
    keywords: tuple[str, ...] = ()


def squares(xs: Any) -> Any:
    return [x * x for x in xs]


def product(xs: Any) -> Any:
    return xs[0] * xs[1]


def pair(carry: Any, x: Any) -> Any:
    return carry * x, carry


def is_small(x: Any) -> Any:
    return x < 100.0


def doubled(x: Any) -> Any:
    return x * 2.0


def equation(y: Any, a: Any) -> Any:
    return y * y - a


def of_module(name: str, good: Callable[[Engine], list[Any]], *keywords: str) -> Call:
    return Call(name, lambda ag: getattr(ag, name), good, keywords)


def of_value(name: str, *good: Any, keywords: tuple[str, ...] = ()) -> Call:
    return Call(f"Value.{name}", lambda ag: getattr(ag.Value(3.0, label="v"), name), lambda ag: list(good), keywords)


def assigned(name: str) -> Call:
    def find(ag: Engine) -> Any:
        def assign(thing: Any) -> Any:
            v = ag.Value(3.0)
            setattr(v, name, thing)
            return v

        return assign

    return Call(f"Value.{name} = …", find, lambda ag: ["b" if name == "label" else 1.0])


OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "matmul", "pow", "mod", "lt", "le", "gt", "ge", "eq", "ne", "contains", "getitem"]
ROUNDING = ["float", "int", "round", "bool", "neg", "pos", "hash", "repr", "format", "abs", "floor", "ceil", "trunc"]
ONE = ["acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos", "cosh", "digamma", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "gelu", "lgamma", "log", "log_ndtr", "log1p", "log2",
       "log10", "ndtr", "relu", "sigmoid", "sign", "silu", "sin", "sinh", "softplus", "sqrt", "tan", "tanh", "trunc", "leaky_relu", "elu", "abs"]  # fmt: skip
TWO = ["atan2", "copysign", "fmod", "hypot", "logaddexp", "maximum", "minimum", "remainder", "pow"]
METHODS = sorted({*ONE, *TWO, "clip", "conjugate", "arctan2"} - {"abs", "acos", "asin", "atanh", "erfinv"})
MANY = ["sum", "logsumexp", "peak", "softmax", "log_softmax", "hardmax"]

CALLS = [
    Call("Value", lambda ag: ag.Value, lambda ag: [2.0], ("label",)),
    Call("Value(…, micrograd's arguments)", lambda ag: lambda *args: ag.Value(4.0, *args), lambda ag: []),
    of_value("backward", True, keywords=("create_graph",)),
    *[Call("(x * x).backward", lambda ag: (ag.Value(3.0) * 2.0).backward, lambda ag: [False], ("create_graph",))],
    *[assigned(name) for name in ("data", "grad", "label", "scope", "_op")],
    *[Call(f"operator.{name}(v, …)", lambda ag, name=name: lambda x: getattr(operator, name)(ag.Value(3.0), x), lambda ag: [2.0]) for name in OPERATORS],  # type: ignore[misc]
    *[Call(f"operator.{name}(…, v)", lambda ag, name=name: lambda x: getattr(operator, name)(x, ag.Value(3.0)), lambda ag: [2.0]) for name in OPERATORS],  # type: ignore[misc]
    *[Call(f"{name} of a Value", lambda ag, name=name: lambda *args: getattr(builtins if hasattr(builtins, name) else math, name)(ag.Value(2.5), *args), lambda ag: [])  # type: ignore[misc]
      for name in ROUNDING if hasattr(builtins, name) or hasattr(math, name)],
    *[of_module(name, lambda ag, x=1.5 if name == "acosh" else 0.5: [x]) for name in ONE],
    *[of_module(name, lambda ag: [ag.Value(0.5), 2.0]) for name in TWO],
    *[of_module(name, lambda ag: [[ag.Value(0.5), 2.0]]) for name in MANY],
    *[Call(f"{name}, in a list", lambda ag, name=name: lambda x: getattr(ag, name)([x, 1.0]), lambda ag: [0.5]) for name in MANY],  # type: ignore[misc]
    *[of_value(name, *{"clip": (0.0, 1.0)}.get(name, (2.0,) * (name in [*TWO, "arctan2"]))) for name in METHODS],
    *[Call(f"numpy.{name}(v, …)", lambda ag, name=name: lambda x: getattr(np, name)(ag.Value(3.0), x), lambda ag: [2.0]) for name in ("add", "maximum", "power")],  # type: ignore[misc]
    of_module("clip", lambda ag: [ag.Value(0.5), 0.0, 1.0]),
    of_module("polygamma", lambda ag: [1, ag.Value(0.5)]),
    of_module("gelu", lambda ag: [0.5, "tanh"], "approximate"),
    Call("dot, in lists", lambda ag: lambda x, y: ag.dot([x, 1.0], [y, 1.0]), lambda ag: [0.5, 0.5]),
    of_module("dot", lambda ag: [[ag.Value(1.0)], [2.0]], "ys"),
    of_module("where", lambda ag: [True, 1.0, ag.Value(2.0)]),
    of_module("grad", lambda ag: [square, 0], "argnums"),
    of_module("value_and_grad", lambda ag: [square, 0], "argnums"),
    of_module("jacobian", lambda ag: [squares, 0], "argnums"),
    of_module("hessian", lambda ag: [square]),
    of_module("derivative", lambda ag: [square, 1], "n"),
    of_module("jvp", lambda ag: [square, [2.0], [1.0]]),
    of_module("vjp", lambda ag: [square, 2.0]),
    of_module("hvp", lambda ag: [square, [2.0], [1.0]]),
    *[Call(f"{name}(f)", lambda ag, name=name: getattr(ag, name)(square), lambda ag: [2.0]) for name in ("grad", "value_and_grad", "hessian", "derivative", "jacobian")],  # type: ignore[misc]
    Call("vjp(f, x)[1]", lambda ag: ag.vjp(square, 2.0)[1], lambda ag: [1.0]),
    Call("jvp, in tuples", lambda ag: lambda x, d: ag.jvp(square, (x,), (d,)), lambda ag: [2.0, 1.0]),
    Call("hvp, in tuples", lambda ag: lambda x, d: ag.hvp(square, (x,), (d,)), lambda ag: [2.0, 1.0]),
    *[Call(f"{name}, of the function", lambda ag, name=name: lambda y: getattr(ag, name)(lambda x: y)(2.0), lambda ag: [ag.Value(1.0)])  # type: ignore[misc]
      for name in ("grad", "value_and_grad", "hessian", "derivative", "jacobian")],
    Call("jvp, of the function", lambda ag: lambda y: ag.jvp(lambda x: y, (2.0,), (1.0,)), lambda ag: [ag.Value(1.0)]),
    Call("vjp, of the function", lambda ag: lambda y: ag.vjp(lambda x: y, 2.0), lambda ag: [ag.Value(1.0)]),
    Call("implicit, of the function", lambda ag: lambda y: ag.implicit(lambda x: y)(2.0), lambda ag: [ag.Value(0.0)]),
    Call("drawn, of the function", lambda ag: lambda y: ag.drawn(lambda: y), lambda ag: [0.5]),
    of_module("sparse_jacobian", lambda ag: [squares, [1.0, 2.0]]),
    of_module("sparse_hessian", lambda ag: [product, [1.0, 2.0]]),
    of_module("implicit", lambda ag: [equation], "tolerance", "max_iterations", "order"),
    Call("implicit(f)", lambda ag: ag.implicit(equation), lambda ag: [1.0, 4.0]),
    of_module("scan", lambda ag: [pair, ag.Value(1.0), [1.0, 2.0]], "xs", "length"),
    of_module("while_loop", lambda ag: [is_small, doubled, ag.Value(1.0), 20], "max_rounds"),
    Call("scan, of the function", lambda ag: lambda y: ag.scan(lambda c, x: y, 1.0, [1.0]), lambda ag: [(2.0, None)]),
    Call("while_loop, of the condition", lambda ag: lambda y: ag.while_loop(lambda c: y, doubled, 1.0, max_rounds=3), lambda ag: [False]),
    Call("while_loop, of the function", lambda ag: lambda y: ag.while_loop(is_small, lambda c: y, 1.0, max_rounds=3), lambda ag: [200.0]),
    of_module("take", lambda ag: [[ag.Value(1.0), 2.0], ag.Value(1.0)]),
    Call("take, in a list", lambda ag: lambda x: ag.take([x, 1.0], ag.Value(0.0)), lambda ag: [0.5]),
    of_module("interp", lambda ag: [ag.Value(0.5), [0.0, 1.0], [1.0, ag.Value(3.0)]]),
    Call("interp, in lists", lambda ag: lambda x, y: ag.interp(0.5, [x, 9.0], [y, 1.0]), lambda ag: [0.0, 0.5]),
    of_module("check_gradients", lambda ag: [square, [2.0], 1], "order"),
    of_module("assert_gradients", lambda ag: [square, [2.0], 1], "order"),
    of_module("no_grad", lambda ag: []),
    of_module("enable_grad", lambda ag: []),
    of_module("detect_anomaly", lambda ag: []),
    of_module("scope", lambda ag: ["layer"], "name"),
    Call("node in a scope", lambda ag: lambda name: in_scope(ag, name), lambda ag: ["layer"]),
    of_module("drawn", lambda ag: [lambda: 0.5]),
    *[Call(f"define, of the {kind}", lambda ag, kind=kind: lambda truth: ag.define("own", lambda xp, a: a, lambda xp, y, a: 1.0, **{kind: lambda xp, a: truth})(ag.Value(1.0)),  # type: ignore[misc]
           lambda ag, truth=kind == "domain": [truth]) for kind in ("domain", "pole")],
    of_module("define", lambda ag: ["own_of_misuse", lambda xp, a: a + a, lambda xp, y, a: 2.0], "check_at", "symbol", "latex", "domain", "pole", "requires", "doc", "selects"),
]  # fmt: skip


def in_scope(ag: Engine, name: Any) -> Any:
    with ag.scope(name):
        return ag.Value(1.0).scope


def misuses(call: Call, ag: Engine) -> Iterator[tuple[str, list[Any], dict[str, Any], bool]]:
    """Each wrong way to call it: in words, the arguments, and whether their number or names are wrong rather than their types."""
    good = call.good(ag)
    for k in range(len(good)):
        for words, make in WRONG.items():
            args = call.good(ag)
            args[k] = make(ag)
            yield f"argument {k + 1} is {words}", args, {}, False
    for words, make in WRONG.items():
        yield f"one more, {words}", [*call.good(ag), make(ag)], {}, True
        yield f"two more, {words}", [*call.good(ag), make(ag), make(ag)], {}, True
        yield f"three more, {words}", [*call.good(ag), make(ag), make(ag), make(ag)], {}, True
        for name in call.keywords:
            args = call.good(ag)
            if name in inspect_names(call, ag)[: len(args)]:
                args = args[: inspect_names(call, ag).index(name)]
            yield f"{name}={words}", args, {name: make(ag)}, False
    for k in range(len(good)):
        yield f"{k} arguments", call.good(ag)[:k], {}, True
    yield "many", [*call.good(ag), *[1.0] * 12], {}, True
    yield "an unknown keyword", call.good(ag), {"retain_graph": True}, True


def inspect_names(call: Call, ag: Engine) -> list[str]:
    try:
        return list(inspect.signature(call.find(ag)).parameters)
    except ValueError:
        return []


def described(x: Any, ag: Engine, depth: int = 3) -> object:
    """The outcome of a call, without details that differ from run to run."""
    if isinstance(x, ag.Value):
        grad = x.grad.data if isinstance(x.grad, ag.Value) else x.grad
        return "Value", repr(x.data), repr(grad), x.label, x.scope, x._op, len(x._prev)
    if isinstance(x, (list, tuple, set)) and depth:
        return type(x).__name__, [described(one, ag, depth - 1) for one in x]
    if isinstance(x, dict) and depth:
        return {key: described(one, ag, depth - 1) for key, one in x.items()}
    if is_dataclass(x) and not isinstance(x, type):
        return type(x).__name__, without_addresses(str(x))
    if isinstance(x, (int, float, str, bytes, complex, type(None), type(NotImplemented), np.generic, np.ndarray, Fraction, Decimal)):
        return type(x).__name__, repr(x)
    return type(x).__name__


def without_addresses(text: str) -> str:
    return re.sub(r"(0x|\.\.\.x)[0-9a-f]+", "0x…", text)


Outcome = tuple[str, object]


def outcome(call: Call, ag: Engine, args: list[Any], keywords: dict[str, Any]) -> Outcome:
    """The outcome of a call, and the arguments after it."""
    table = dict(ag.ops.OPERATIONS)
    try:
        result: object = described(call.find(ag)(*args, **keywords), ag)
        return "returned", (result, [described(x, ag) for x in args])
    except RecursionError:
        raise
    except Exception as error:
        kind = "ours" if isinstance(error, ag.errors.AutogradError) else "of the function" if is_of_a_function(error) else "bare"
        return f"{kind} {type(error).__name__}", without_addresses(str(error))
    finally:
        ag.ops.OPERATIONS.clear()
        ag.ops.OPERATIONS.update(table)


def is_of_a_function(error: Exception) -> bool:
    """Whether a function that was passed was called, and raised the error itself or does not take what it was called with."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    names = ("square", "squares", "product", "equation", "pair", "is_small", "doubled", "int")
    return (
        last.name in names
        or str(error).startswith(tuple([f"{name}()" for name in names]))
        or "NotImplemented should not" in str(error)
        or "cannot be interpreted as an integer" in str(error)
    )


def may_differ(a: Outcome, b: Outcome, is_count: bool) -> bool:
    """Whether only the text differs, because Python and mypyc word errors about argument counts and protected attributes differently."""
    kinds = {a[0], b[0]}
    if kinds == {"bare TypeError"} and str(a[1]).startswith(
        "descriptor '__r"
    ):  # mypyc asks a class beside an operator as if it were an object
        return True
    return kinds == {"bare AttributeError"} or (is_count and kinds <= {"bare TypeError", "ours InputError"})


def differences(call: Call, native: Engine, plain: Engine) -> list[str]:
    """The differences between the two builds."""
    results = []
    for (words, args, keywords, is_count), (_, others, other_keywords, _) in zip(misuses(call, native), misuses(call, plain), strict=True):
        a, b = outcome(call, native, args, keywords), outcome(call, plain, others, other_keywords)
        if a != b and not may_differ(a, b, is_count):
            results.append(f"{call.name}, {words}:\n  native {a}\n  plain  {b}")
    return results


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_both_builds_say_the_same(call: Call, builds: tuple[Engine, Engine]) -> None:
    assert not (result := differences(call, *builds)), "\n".join(result)


PYTHON_ITSELF = re.compile(r"operator\.|Value\.(_op|scope)")
"""Calls whose errors are Python's: those of operators that neither operand defines, and of attributes that cannot be assigned."""


@pytest.mark.parametrize("call", [call for call in CALLS if not PYTHON_ITSELF.match(call.name)], ids=lambda call: call.name)
def test_the_core_refuses_in_its_own_words(call: Call, builds: tuple[Engine, Engine]) -> None:
    for ag in builds:
        for words, args, keywords, is_count in misuses(call, ag):
            kind, what = outcome(call, ag, args, keywords)
            assert is_count or not kind.startswith("bare") or kind == "bare AttributeError", f"{words}: {kind} {what}"


def test_every_public_callable_of_the_core_is_called() -> None:
    called = {call.name.split("(")[0].split(",")[0] for call in CALLS}
    for name in (
        set(autograd.__all__) - set(autograd._LAZY) - {"AutogradError", "NATIVE", "Sparse"}
    ):  # the lazy ones are in nn/test_nn_misuse.py
        assert callable(getattr(autograd, name))
        assert name in called, name


def test_known_misuses(builds: tuple[Engine, Engine]) -> None:
    for ag in builds:
        x = ag.Value(3.0)
        for args in [(x, "sq"), (x,), (x, x), ("sq",), ((x, 1.0), "*"), ((x,), 2), ((), "sq")]:
            with pytest.raises(ag.errors.InputError, match=r"a Value has a number and a label, as in Value\(4\.0, label='x'\)"):
                ag.Value(4.0, *args)
        with pytest.raises(
            ag.errors.InputError, match=r"backward takes create_graph=True or False, not 1\.0: .* write \(c \* y\)\.backward\(\)"
        ):
            (x * x).backward(1.0)
        assert x.grad == 0.0
        with pytest.raises(ag.errors.InputError, match="a label is a string, not 3 of type int"):
            ag.Value(1.0, label=3)
        with pytest.raises(TypeError):
            ag.Value(None, x, "sq")


def test_a_difference_is_found(builds: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    native, plain = builds
    call = next(call for call in CALLS if call.name == "Value")
    assert not differences(call, native, plain)
    monkeypatch.setattr(plain.value, "real", float)
    assert any("argument 1 is a string" in line for line in differences(call, native, plain))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_what_is_called_is_called_rightly(call: Call, builds: tuple[Engine, Engine]) -> None:
    """The calls declared right succeed, because the wrong calls are derived from them."""
    if re.match(r"(float|int|round) of|Value\.(scope|_op)|operator\.(floordiv|matmul|contains|getitem|eq|ne)|implicit, of", call.name):
        return
    for ag in builds:
        kind, what = outcome(call, ag, call.good(ag), {})
        assert kind == "returned", what


if __name__ == "__main__":
    both = engine(plain=False)[0], engine(plain=True)[0]
    print(both[0].NATIVE)
    for call in CALLS:
        for line in differences(call, *both):
            print(line)
        for words, args, keywords, is_count in misuses(call, both[0]):
            kind, what = outcome(call, both[0], args, keywords)
            if kind.startswith("bare") and not is_count:
                print("BARE", call.name, words, kind, what)
