"""Nestings, run by this package: transforms, compiled functions, graphs within functions."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import autograd as ag
from autograd import Value
from fuzzers.nesting_language import COMPARISONS, KEYS, FormError, Namespace, SkippedError, array_of, flat_of, packed
from fuzzers.nesting_references import COTANGENTS, as_tuple, looked_up


class Ours(Namespace):
    """This package."""

    add, sub, mul, div, neg = map(staticmethod, (operator.add, operator.sub, operator.mul, operator.truediv, operator.neg))
    sin, cos, exp, tanh, sqrt, asinh = map(staticmethod, (ag.sin, ag.cos, ag.exp, ag.tanh, ag.sqrt, ag.asinh))
    relu, maximum, minimum, absolute = map(staticmethod, (ag.relu, ag.maximum, ag.minimum, ag.abs))
    square = staticmethod(lambda a: a**2)
    cube = staticmethod(lambda a: a**3)
    clip1 = staticmethod(lambda a: ag.clip(a, -1.0, 1.0))
    dot2 = staticmethod(lambda a, b, c, d: ag.dot([a, b], [c, d]))

    def total(self, a: Any, b: Any, c: Any, how: str) -> Any:
        if how == "numpy":
            return array_of([a, b, c]).sum()
        return sum([a, b, c]) if how == "builtin" else ag.sum([a, b, c])

    def stopped(self, f: Callable[[], Any]) -> Any:
        with ag.no_grad():
            return f()

    def recorded(self, f: Callable[[], Any]) -> Any:
        with ag.enable_grad():
            return f()

    def choose(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        return then() if COMPARISONS[symbol](a, b) else other()

    def threaded(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        with ThreadPoolExecutor(1) as pool:
            truth = pool.submit(lambda: bool(COMPARISONS[symbol](a, b))).result()
        return then() if truth else other()

    def where(self, a: Any, b: Any, then: Any, other: Any, symbol: str) -> Any:
        return ag.where(COMPARISONS[symbol](a, b), then, other)

    def select(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        return ag.where(COMPARISONS[symbol](a, b), then, other)

    def copied(self, x: Any, how: str) -> Any:
        return copy.deepcopy(x) if how == "deepcopy" else copy.copy(x)

    def looked_up(self, x: Any, c: float, how: str) -> Any:
        return looked_up(x, c, how)

    def call(self, f: Any, *points: Any, executor: str, pack: str, how: str) -> Any:
        if not executor:
            return self.called(f, points, how)
        if how == "batch":
            first, second = ag.compile(f, executor=executor)(*[array_of([x + 1.0, x]) for x in points])
            return 0.5 * first + second

        def g(*args: Any) -> Any:
            return f(*flat_of(list(args)))

        compiled = ag.compile(g, in_axes=_axes(pack, len(points)), executor=executor)
        return self.called(lambda *flat: compiled(*packed(pack, flat)), points, how)

    def root(self, f: Any, *points: Any, family: str) -> Any:
        if family == "pair":
            solve = ag.implicit(lambda y, *p: [y[0] + y[1] - f(*p), y[0] - y[1] - ag.sin(f(*p))], order=8)
            u, v = solve([0.5, 0.5], *points)
            return u + 2.0 * v
        equation: dict[str, Callable[[Any, Any], Any]] = {
            "sqrt": lambda y, a: y * y - (1.0 + a * a),
            "asinh": lambda y, a: ag.sinh(y) - a,
            "ratio": lambda y, a: y * (2.0 + ag.sin(a)) - a,
        }
        return ag.implicit(lambda y, *p: equation[family](y, f(*p)), order=8)(1.0, *points)

    def backward(self, f: Any, c: float, how: str) -> Any:
        v = Value(c)
        y = f(v)
        v.grad = 0.0  # only now: a backward within f adds to all leaves
        if isinstance(y, Value):
            y.backward(create_graph=True) if how == "graph" else y.backward()
        return v.grad

    def backward_at(self, f: Any, x: Any) -> Any:
        if not isinstance(x, Value):
            raise SkippedError
        y = f(x)
        x.grad = 0.0  # only now: a backward within f adds to all leaves
        if isinstance(y, Value):
            y.backward(create_graph=True)
        return x.grad

    def program(self, f: Any, c: float, executor: str) -> Any:
        v = Value(c)
        y = ag.compile(f(v), executor=executor)
        y.forward()
        v.data = c + 1.0
        result = y()
        return result + 0.5 * v.grad

    def transform(
        self, f: Any, *points: Any, kind: str, pack: str, argnums: Any, compiled: str, out: str, keyword: bool, n: int = 1
    ) -> Any:
        executor = "numpy" if compiled else ""
        flat, tangents = list(points), []
        if kind in ("jvp", "hvp"):
            flat, tangents = flat[: len(flat) // 2], flat[len(flat) // 2 :]
        keywords = {"k": flat.pop()} if keyword else {}

        def g(*args: Any, **others: Any) -> Any:
            results = as_tuple(f(*flat_of(list(args)), *others.values()))
            if kind in ("jacobian", "jvp", "vjp", "sparse_jacobian"):
                return {"list": list, "dict": lambda r: dict(zip(KEYS, r, strict=False)), "nested": lambda r: [[x] for x in r]}[out](
                    results
                )
            return results[0]

        axes = _axes(pack, len(flat))
        inner = ag.compile(g, in_axes=axes, executor=executor) if compiled in ("inner", "both") else g
        cotangents = g_of(out, kind)

        def whole(*args: Any, **others: Any) -> Any:
            if kind in ("grad", "value_and_grad", "jacobian", "hessian"):
                return getattr(ag, kind)(inner, argnums)(*args, **others)
            if kind == "derivative":
                return ag.derivative(inner, n)(*args, **others)
            if kind in ("jvp", "hvp"):
                half = len(args) // 2
                return getattr(ag, kind)(inner, args[:half], args[half:])
            if kind == "vjp":
                value, pull_back = ag.vjp(inner, *args)
                return [value, pull_back(cotangents(len(flat_of(value))))]
            return getattr(ag, kind)(inner, *args).todense()

        args = packed(pack, flat) + (packed(pack, tangents) if tangents else [])
        if compiled in ("outer", "both"):
            result = ag.compile(whole, in_axes=None if axes is None else axes * (2 if tangents else 1), executor=executor)(
                *args, **keywords
            )
        else:
            result = whole(*args, **keywords)
        is_ours = (
            compiled in ("", "inner") and pack not in ("plain", "mixed") and not isinstance(argnums, tuple)
        )  # compiled, lists become arrays
        if kind == "grad" and is_ours and type(result) is not type(args[argnums]):
            raise FormError(f"the gradient with respect to {args[argnums]!r} is {result!r}")
        return self.combined(flat_of(result))


def g_of(out: str, kind: str) -> Callable[[int], Any]:
    """The cotangent for a number of outputs, in their form."""
    forms = {"list": list, "dict": lambda r: dict(zip(KEYS, r, strict=False)), "nested": lambda r: [[x] for x in r]}
    return lambda n: forms[out](COTANGENTS[:n])


def _axes(pack: str, n: int) -> tuple[None, ...] | None:
    return None if pack == "plain" else (None,) * {"mixed": 2}.get(pack, 1)


def made(kind: str, x: float) -> tuple[Value, Value | None]:
    """A Value from before, and the leaf that its gradient arrives at."""
    if kind == "leaf":
        leaf = Value(x)
        return leaf, leaf
    if kind == "result":
        leaf = Value(x)
        return leaf * 1.0, leaf
    if kind == "constant":
        with ag.no_grad():
            return Value(x) * 1.0, None
    escaped: list[Value] = []
    ag.grad(lambda v: escaped.append(v) or v * v)(x)
    return escaped[0], None
