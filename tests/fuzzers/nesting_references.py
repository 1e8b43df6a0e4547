"""What nestings must give: numbers that carry a tangent for each transform around them, and JAX, which checks these."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import operator
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fuzzers.nesting_language import COMPARISONS, WORK, Namespace, SkippedError, chosen_of

ROOTS = ("sqrt", "asinh", "ratio", "pair")


class Numeric(Namespace):
    """A reference: values and derivatives by `push`, the derivative in a direction."""

    paused = False

    def push(self, f: Callable[..., Any], points: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        raise NotImplementedError

    def base(self, x: Any) -> float:
        """The plain number."""
        raise NotImplementedError

    def op(self, what: str, *args: Any) -> Any:
        raise NotImplementedError

    def __getattr__(self, what: str) -> Any:
        if what not in ROWS:
            raise AttributeError(what)
        return lambda *args: self.op(what, *args)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *ROWS]

    @contextlib.contextmanager
    def mode(self, paused: bool) -> Iterator[None]:
        before, self.paused = self.paused, paused
        try:
            yield
        finally:
            self.paused = before

    def stopped(self, f: Callable[[], Any]) -> Any:
        with self.mode(True):
            return f()

    def recorded(self, f: Callable[[], Any]) -> Any:
        with self.mode(False):
            return f()

    def dot2(self, a: Any, b: Any, c: Any, d: Any) -> Any:
        return self.add(self.mul(a, c), self.mul(b, d))

    def total(self, a: Any, b: Any, c: Any, how: str) -> Any:
        return self.add(self.add(self.add(0.0, a), b), c)

    def clip1(self, x: Any) -> Any:
        return self.op("clip1", x)

    def choose(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        return then() if COMPARISONS[symbol](self.base(a), self.base(b)) else other()

    def threaded(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        return self.choose(then, other, a, b, symbol)

    def where(self, a: Any, b: Any, then: Any, other: Any, symbol: str) -> Any:
        return self.op("same", then if COMPARISONS[symbol](self.base(a), self.base(b)) else other)

    def select(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        return self.op("same", self.choose(then, other, a, b, symbol))

    def copied(self, x: Any, how: str) -> Any:
        return x

    def looked_up(self, x: Any, c: float, how: str) -> Any:
        return looked_up(self.base(x), c, how)

    def call(self, f: Any, *points: Any, executor: str, pack: str, how: str) -> Any:
        return self.called(f, points, how)

    def root(self, f: Any, *points: Any, family: str) -> Any:
        a = f(*points)
        if family == "sqrt":
            return self.sqrt(self.add(1.0, self.mul(a, a)))
        if family == "asinh":
            return self.asinh(a)
        if family == "ratio":
            return self.ratio(a, a)
        return self.add(self.mul(0.5, self.add(a, self.sin(a))), self.sub(a, self.sin(a)))  # u + 2v of u + v = a, u - v = sin(a)

    def _direction(self, f: Any, points: Sequence[Any], k: int) -> tuple[list[Any], list[Any]]:
        return self.push(f, points, [1.0 if i == k else 0.0 for i in range(len(points))])

    def backward(self, f: Any, c: float, how: str) -> Any:
        return self._direction(f, [c], 0)[1][0]

    def backward_at(self, f: Any, x: Any) -> Any:
        return self._direction(f, [x], 0)[1][0]

    def program(self, f: Any, c: float, executor: str) -> Any:
        if self.paused:  # there is no graph that could run again
            raise SkippedError
        values, slopes = self._direction(f, [c + 1.0], 0)
        return self.add(values[0], self.mul(0.5, slopes[0]))

    def gradient(self, f: Any, points: Sequence[Any], chosen: Sequence[int]) -> list[Any]:
        return [self._direction(f, points, k)[1][0] for k in chosen]

    def transform(
        self, f: Any, *points: Any, kind: str, pack: str, argnums: Any, compiled: str, out: str, keyword: bool, n: int = 1
    ) -> Any:
        with self.mode(False):
            results = self._transformed(f, list(points), kind, pack, argnums, keyword, n)
        return self.combined([self.op("same", x) for x in results])

    def _transformed(self, f: Any, points: list[Any], kind: str, pack: str, argnums: Any, keyword: bool, n: int) -> list[Any]:
        tangents: list[Any] = []
        if kind in ("jvp", "hvp"):
            points, tangents = points[: len(points) // 2], points[len(points) // 2 :]
        fixed = [points.pop()] if keyword else []
        g = (lambda *flat: f(*flat, *fixed)) if fixed else f
        every = range(len(points))
        chosen = chosen_of(pack, len(points), argnums)
        first = chosen_of(pack, len(points), 0)
        if kind == "grad":
            return self.gradient(g, points, chosen)
        if kind == "value_and_grad":
            return [g(*points), *self.gradient(g, points, chosen)]
        if kind in ("jacobian", "sparse_jacobian", "vjp"):
            chosen = chosen if kind == "jacobian" else list(every)
            pairs = [self._direction(g, points, k) for k in chosen]
            columns = [moved for _, moved in pairs]
            if kind == "vjp":
                values = list(as_tuple(g(*points)))
                return [*values, *[self._weighted(column) for column in columns]]
            return [column[i] for i in range(len(columns[0])) for column in columns]
        if kind in ("hessian", "sparse_hessian"):
            chosen = chosen if kind == "hessian" else list(every)
            return [
                x for i in chosen for x in [self._direction(lambda *p, i=i: self.gradient(g, p, [i])[0], points, j)[1][0] for j in chosen]
            ]
        if kind == "derivative":
            h = g
            for _ in range(n):
                h = functools.partial(lambda h, *p: self.gradient(h, p, [0])[0], h)
            return [h(*points)]
        if kind == "jvp":
            values, moved = self.push(g, points, tangents)
            return [*values, *moved]
        assert kind == "hvp"
        return self.push(lambda *p: tuple(self.gradient(g, p, first)), points, tangents)[1]

    def _weighted(self, column: Sequence[Any]) -> Any:
        total: Any = 0.0
        for k, x in enumerate(column):
            total = self.add(total, self.mul(COTANGENTS[k], x))
        return total


COTANGENTS = (1.0, -0.6, 0.3)


def as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def looked_up(x: Any, c: float, how: str) -> Any:
    """What a dict, a set, a cache or a text says about a number."""
    if how == "dict":
        return {c: 1.5}.get(x, 0.5)
    if how == "set":
        return 1.5 if x in {c} else 0.5
    if how == "counter":
        return 0.25 + Counter([x, c])[c]
    if how == "cache":
        calls: list[float] = []
        remembered = functools.lru_cache(lambda y: calls.append(1.0) or len(calls))
        return 0.25 + remembered(c) + 2.0 * remembered(x)
    if how == "format":
        return float(f"{x:.1f}")
    return float(str(x))


LOOKUPS = ("dict", "set", "counter", "cache", "format", "text")


@dataclass(frozen=True, slots=True)
class Dual:
    """A number, or a Dual, and its derivative for the transform of this tag."""

    tag: int
    primal: Any
    tangent: Any


def _half(a: float, b: float, larger: bool) -> float:
    return 0.5 if a == b else float(a > b if larger else a < b)


Row = tuple[Callable[..., float], Callable[..., list[Any]]]


ROWS: dict[str, Row] = {
    "same": (lambda a: a, lambda D, a: [1.0]),
    "add": (lambda a, b: a + b, lambda D, a, b: [1.0, 1.0]),
    "sub": (lambda a, b: a - b, lambda D, a, b: [1.0, -1.0]),
    "mul": (lambda a, b: a * b, lambda D, a, b: [b, a]),
    "div": (lambda a, b: a / b, lambda D, a, b: [D.div(1.0, b), D.neg(D.div(D.div(a, b), b))]),
    "neg": (lambda a: -a, lambda D, a: [-1.0]),
    "sin": (math.sin, lambda D, a: [D.cos(a)]),
    "cos": (math.cos, lambda D, a: [D.neg(D.sin(a))]),
    "exp": (math.exp, lambda D, a: [D.exp(a)]),
    "tanh": (math.tanh, lambda D, a: [D.sub(1.0, D.square(D.tanh(a)))]),
    "sqrt": (math.sqrt, lambda D, a: [D.div(0.5, D.sqrt(a))]),
    "asinh": (math.asinh, lambda D, a: [D.div(1.0, D.sqrt(D.add(1.0, D.mul(a, a))))]),
    "square": (lambda a: a * a, lambda D, a: [D.mul(2.0, a)]),
    "cube": (lambda a: a * a * a, lambda D, a: [D.mul(3.0, D.square(a))]),
    "relu": (lambda a: max(a, 0.0), lambda D, a: [float(D.base(a) > 0.0)]),
    "maximum": (max, lambda D, a, b: [_half(D.base(a), D.base(b), True), _half(D.base(b), D.base(a), True)]),
    "minimum": (min, lambda D, a, b: [_half(D.base(a), D.base(b), False), _half(D.base(b), D.base(a), False)]),
    "clip1": (lambda a: min(max(a, -1.0), 1.0), lambda D, a: [float(-1.0 <= D.base(a) <= 1.0)]),
    "absolute": (abs, lambda D, a: [float(D.base(a) > 0.0) - float(D.base(a) < 0.0)]),
}
"""The operations: on floats, and the derivatives with respect to the operands, by a reference."""


KINKS = {
    "relu": lambda a: a == 0.0,
    "absolute": lambda a: a == 0.0,
    "clip1": lambda a: abs(a) == 1.0,
    "maximum": operator.eq,
    "minimum": operator.eq,
}
"""Where derivatives are a matter of taste, and JAX has another one."""


EXACT = ("same", "neg", "relu", "maximum", "minimum", "clip1", "absolute")


class Duals(Numeric):
    """Forward mode, nested by tags. With a random number generator each operation is off by a rounding error."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._tags = itertools.count()
        self._rng = rng
        self.work = 0
        self.kinks = 0

    def base(self, x: Any) -> float:
        while type(x) is Dual:
            x = x.primal
        return float(x)

    def op(self, what: str, *args: Any) -> Any:
        self.work += 1
        if self.work > WORK:
            raise SkippedError
        value, partials = ROWS[what]
        if self.paused:
            args = tuple(map(self.base, args))
        tag = max([x.tag for x in args if type(x) is Dual], default=None)
        if tag is None:
            if what in KINKS and KINKS[what](*args):
                self.kinks += 1
            try:
                y = float(value(*args))
            except (ArithmeticError, ValueError):
                raise SkippedError from None
            return y if self._rng is None or what in EXACT else y * (1.0 + 1e-14 * self._rng.uniform(-1.0, 1.0))
        primals = [x.primal if type(x) is Dual and x.tag == tag else x for x in args]
        total: Any = None
        slopes = partials(self, *primals)
        for x, slope in zip(args, slopes, strict=True):
            if type(x) is Dual and x.tag == tag:
                part = x.tangent if type(slope) is float and slope == 1.0 else self.op("mul", slope, x.tangent)
                total = part if total is None else self.op("add", total, part)
        return Dual(tag, self.op(what, *primals), total)

    def push(self, f: Callable[..., Any], points: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        tag = next(self._tags)
        results = as_tuple(f(*[Dual(tag, x, t) for x, t in zip(points, tangents, strict=True)]))
        own = [type(y) is Dual and y.tag == tag for y in results]
        return [y.primal if mine else y for y, mine in zip(results, own, strict=True)], [
            y.tangent if mine else 0.0 for y, mine in zip(results, own, strict=True)
        ]


class Jax(Numeric):
    """JAX, within `jax.enable_x64(True)`: `jvp` for directions, reverse mode for gradients."""

    def __init__(self) -> None:
        import jax

        jnp = jax.numpy
        self._jax = jax
        self._rows: dict[str, Callable[..., Any]] = {
            **{"same": lambda a: a, "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide, "neg": jnp.negative},
            **{"sin": jnp.sin, "cos": jnp.cos, "exp": jnp.exp, "tanh": jnp.tanh, "sqrt": jnp.sqrt, "asinh": jnp.arcsinh},
            **{"square": jnp.square, "cube": lambda a: a**3, "relu": jax.nn.relu, "maximum": jnp.maximum, "minimum": jnp.minimum},
            **{"clip1": lambda a: jnp.clip(a, -1.0, 1.0), "absolute": jnp.abs},
        }

    def enable_x64(self) -> None:
        """For the rest of the process."""
        self._jax.config.update("jax_enable_x64", True)

    def base(self, x: Any) -> float:
        return float(x)

    def choose(self, then: Any, other: Any, a: Any, b: Any, symbol: str) -> Any:
        """Both sides, as every function here is defined everywhere: JAX may trace without numbers."""
        a, b = (self._jax.numpy.asarray(x, dtype=float) for x in (a, b))
        truths = {"in": operator.eq, "not in": operator.ne, "bool": lambda a, b: a != 0.0}
        return self._jax.numpy.where(truths.get(symbol, COMPARISONS[symbol])(a, b), then(), other())

    def where(self, a: Any, b: Any, then: Any, other: Any, symbol: str) -> Any:
        return self.op("same", self.choose(lambda: then, lambda: other, a, b, symbol))

    def looked_up(self, x: Any, c: float, how: str) -> Any:
        x = self._jax.lax.stop_gradient(self._jax.numpy.asarray(x, dtype=float))
        if how == "text":
            return x
        if how == "format":
            return self._jax.numpy.round(x, 1)
        return self._jax.numpy.where(x == c, looked_up(c, c, how), looked_up(c + 1.0, c, how))

    def op(self, what: str, *args: Any) -> Any:
        result = self._rows[what](*[self._jax.numpy.asarray(x, dtype=float) for x in args])
        return self._jax.lax.stop_gradient(result) if self.paused else result

    def push(self, f: Callable[..., Any], points: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        asarray = self._jax.numpy.asarray
        values, moved = self._jax.jvp(
            lambda *p: tuple([asarray(y, dtype=float) for y in as_tuple(f(*p))]),
            tuple([asarray(x, dtype=float) for x in points]),
            tuple([asarray(x, dtype=float) for x in tangents]),
        )
        return list(values), list(moved)

    def gradient(self, f: Any, points: Sequence[Any], chosen: Sequence[int]) -> list[Any]:
        asarray = self._jax.numpy.asarray
        return list(
            self._jax.grad(lambda *p: asarray(as_tuple(f(*p))[0], dtype=float), tuple(chosen))(*[asarray(x, dtype=float) for x in points])
        )
