"""Random nestings of transforms, compiled calls, constants, outer Values, `no_grad` and graphs within functions.

``python tests/nestings.py --minutes 20 --seed 1`` searches, and prints a small program for each disagreement.

A program is one expression, written as Python source: calls of the functions of a namespace, and lambdas. It is evaluated in three of
them. `Ours` calls this package. `Duals` computes every derivative in forward mode, by numbers that carry a tangent for each transform
around them, and takes every branch by the numbers. `Jax` calls JAX, slowly, and so for some of the programs: it is there to check `Duals`.
The rule: this package gives the numbers of the reference, or raises an `AutogradError`, and that only where the program has something in
it that may be refused.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import functools
import itertools
import math
import operator
import random
import sys
import time
import warnings
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import shrinking  # noqa: E402
from executors import EXECUTORS  # noqa: E402

import autograd as ag  # noqa: E402
from autograd import Value  # noqa: E402

Pair = namedtuple("Pair", "p q r", defaults=(None, None))
POINTS = (0.0, 1.0, 2.0, -1.5, 0.7, 1.3, -0.4)
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    **{"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne},
    "in": lambda a, b: a in [b, 99.0],
    "not in": lambda a, b: a not in (98.0, b),
    "bool": lambda a, b: bool(a),
}
EQUALITIES = ("==", "!=", "in", "not in")
WORK = 150_000
"""So many operations the reference does for a program."""


class SkippedError(Exception):
    """The numbers of the program say nothing: too large, nan, decided by rounding, or too many operations."""


class FormError(Exception):
    """A result of ours has another form than the argument."""


# -- the language -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expr:
    """A number, a name, or a call: of lambdas with these names and bodies, then of arguments, then of settings."""

    kind: str
    parts: tuple[Expr, ...] = ()
    names: tuple[str, ...] = ()
    bodies: tuple[Expr, ...] = ()
    info: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        if self.kind in ("number", "name"):
            return str(self.info[0][1])
        texts = [str(body) for body in self.bodies]
        if self.names:
            lambdas = [f"lambda {', '.join(self.names)}: {texts[0] if len(texts) == 1 else '(' + ', '.join(texts) + ')'}"]
        else:
            lambdas = [f"lambda: {text}" for text in texts]
        settings = [f"{name}={value!r}" for name, value in self.info]
        return f"{self.kind}({', '.join([*lambdas, *map(str, self.parts), *settings])})"

    def get(self, name: str) -> Any:
        """A setting."""
        return dict(self.info).get(name)

    def with_setting(self, name: str, value: Any) -> Expr:
        """With another value of a setting."""
        return replace(self, info=tuple((key, value if key == name else old) for key, old in self.info))

    @property
    def below(self) -> tuple[Expr, ...]:
        """The expressions in it."""
        return self.parts + self.bodies

    def walk(self) -> Iterator[Expr]:
        """It, and all that is in it."""
        yield self
        for child in self.below:
            yield from child.walk()

    def free(self) -> frozenset[str]:
        """The names that it does not bind."""
        if self.kind == "name":
            return frozenset([self.info[0][1]])
        inner = frozenset().union(*[body.free() for body in self.bodies]) - frozenset(self.names)
        return inner.union(*[part.free() for part in self.parts])

    def replaced(self, i: int, new: Expr) -> Expr:
        """With another expression in place of the i-th one in it."""
        below = [*self.below]
        below[i] = new
        n = len(self.parts)
        return replace(self, parts=tuple(below[:n]), bodies=tuple(below[n:]))


def number(x: float) -> Expr:
    return Expr("number", info=(("x", x),))


def name(x: str) -> Expr:
    return Expr("name", info=(("x", x),))


@dataclass(frozen=True)
class Program:
    """A function of some numbers, which refers to Values that were made before, and a point.

    Attributes:
        leaves: the name, the kind and the number of each Value: a "leaf"; the "result" of an earlier graph; a "constant" of `no_grad`; a
            variable that has "escaped" from a transform.
    """

    names: tuple[str, ...]
    body: Expr
    points: tuple[float, ...]
    leaves: tuple[tuple[str, str, float], ...] = ()

    def __str__(self) -> str:
        lines = [f"{name} = made({kind!r}, {x!r})" for name, kind, x in self.leaves]
        return "\n".join([*lines, f"f = lambda {', '.join(self.names)}: {self.body}", f"at {self.points}"])

    def bound(self) -> frozenset[str]:
        """The names that its body may use: of its arguments, and of the Values that were made before."""
        return frozenset(self.names) | {leaf for leaf, _, _ in self.leaves}

    def has(self, *kinds: str) -> bool:
        """Whether such a call is in it."""
        return any(e.kind in kinds for e in self.body.walk())

    def is_compiled(self) -> bool:
        """Whether it compiles something."""
        return any(e.get("compiled") or e.get("executor") for e in self.body.walk())

    def asks_for_equality(self) -> bool:
        """Whether it compares by `==`."""
        return any(e.get("symbol") in EQUALITIES for e in self.body.walk())

    def may_be_refused(self, compiled: bool) -> bool:
        """Whether an error is a right answer."""
        if self.has("looked_up", "backward", "backward_at", "program"):
            return True
        if self.asks_for_equality() and (self.leaves or any(e.kind == "choose" and "n" in e.free() for e in self.body.walk())):
            return True
        return self.has("root", "threaded") and (compiled or self.is_compiled())


def function_of(program: Program, namespace: Namespace, **others: Any) -> Callable[..., Any]:
    """The program as a function, in a namespace."""
    names = {key: getattr(namespace, key) for key in dir(namespace) if not key.startswith("_")}
    names["np"] = np  # of which a setting may be
    return eval(f"lambda {', '.join(program.names)}: {program.body}", names | others)  # type: ignore[no-any-return]


# -- arguments ----------------------------------------------------------------------------------------------------------

KEYS = ("a", "b", "c")


def packed(pack: str, flat: Sequence[Any]) -> list[Any]:
    """The arguments of a call, from numbers."""
    if pack == "plain":
        return list(flat)
    if pack == "mixed":
        return [flat[0], list(flat[1:])]
    pairs = list(zip(KEYS, flat, strict=False))
    make: dict[str, Callable[[], Any]] = {
        "list": lambda: list(flat),
        "nested": lambda: [[flat[0]], tuple(flat[1:]), {}],
        "tuple": lambda: tuple(flat),
        "none": lambda: [None, *flat],
        "dict": lambda: dict(pairs),
        "ordered": lambda: OrderedDict(pairs),
        "default": lambda: defaultdict(float, pairs),
        "named": lambda: Pair(*flat),
        "array": lambda: array_of(flat),
    }
    return [make[pack]()]


PACKS = ("plain", "plain", "mixed", "list", "nested", "tuple", "none", "dict", "ordered", "default", "named", "array")


def array_of(flat: Sequence[Any]) -> Any:
    return np.array(flat, dtype=object if any(isinstance(x, Value) for x in flat) else float)


def flat_of(tree: Any) -> list[Any]:
    """The numbers of nested containers, in their order."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, np.ndarray):
        tree = tree.ravel().tolist() if tree.ndim else tree.item()
    return [x for branch in tree for x in flat_of(branch)] if isinstance(tree, (list, tuple)) else [tree]


def chosen_of(pack: str, n: int, argnums: Any) -> list[int]:
    """By which of the n numbers is differentiated."""
    sizes = {"plain": [1] * n, "mixed": [1, n - 1]}.get(pack, [n])
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    each = argnums if isinstance(argnums, tuple) else (argnums,)
    return [starts[i] + k for i in each for k in range(sizes[i])]


# -- the namespaces -----------------------------------------------------------------------------------------------------


class Namespace:
    """What programs call: here what is the same everywhere."""

    add: Any
    sub: Any
    mul: Any
    div: Any
    neg: Any
    sin: Any
    exp: Any
    sqrt: Any
    asinh: Any
    square: Any

    def bell(self, x: Any) -> Any:
        return self.exp(self.neg(self.square(x)))

    def ratio(self, a: Any, b: Any) -> Any:
        return self.div(a, self.add(2.0, self.sin(b)))

    def length(self, x: Any) -> Any:
        return self.sqrt(self.add(1.0, self.mul(x, x)))

    def called(self, f: Any, points: Sequence[Any], how: str) -> Any:
        """A function at a point, or at two, of which the other one comes first."""
        if how == "once":
            return f(*points)
        return self.add(self.mul(0.5, f(*[self.add(x, 1.0) for x in points])), f(*points))

    def combined(self, items: Sequence[Any]) -> Any:
        """A sum with weights, in which nothing gets lost."""
        total: Any = 0.0
        for k, x in enumerate(items):
            total = self.add(total, self.mul(1.0 / (1.0 + 0.37 * k), x))
        return total


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
        met: list[float] = []
        remembered = functools.lru_cache(lambda y: met.append(1.0) or len(met))
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


# -- what programs there are --------------------------------------------------------------------------------------------

UNARY = ("neg", "sin", "cos", "tanh", "square", "cube", "relu", "clip1", "absolute", "bell", "length")
BINARY = ("add", "sub", "mul", "mul", "mul", "maximum", "minimum", "ratio")
ORDERS = {
    "grad": 1,
    "value_and_grad": 1,
    "jacobian": 1,
    "hessian": 2,
    "hvp": 2,
    "jvp": 1,
    "vjp": 1,
    "sparse_jacobian": 1,
    "sparse_hessian": 2,
}
KINDS = (*ORDERS, "derivative")


REFUSED = ("root", "backward", "backward_at", "program", "looked_up", "threaded", "equality")
"""What an error may be the answer to. Half of the programs have none of it, so that most of them are compared."""


@dataclass(frozen=True)
class Place:
    """Where an expression stands.

    Attributes:
        names: those it may use.
        traced: those of them that stand for arguments, which are floats where the function is called with floats.
        own: the variables of the innermost transform, and what can be used beside them to call `backward`.
        levels: how many transforms may nest here.
        order: how often may be differentiated here.
        branches: whether it may choose by numbers, and compile.
        within: whether a transform is around it.
        compiles: whether it may compile.
        copies: whether it may copy: the copy of a leaf that a graph is differentiated by is another leaf.
    """

    names: tuple[str, ...]
    traced: tuple[str, ...]
    own: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    levels: int = 4
    order: int = 4
    branches: bool = True
    within: bool = False
    compiles: bool = True
    copies: bool = True


class Grower:
    """Random programs."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._names = (f"x{i}" for i in itertools.count())
        self.has_leaves = rng.random() < 0.4
        self.features = rng.sample(REFUSED, 2) if rng.random() < 0.5 else []
        self.executors = (*["numpy"] * 6, EXECUTORS[-1])

    def program(self) -> Program:
        rng = self.rng
        names = self._fresh(rng.choice((1, 1, 2)))
        kinds = ("leaf", "leaf", "result", "constant", "escaped")
        leaves = [(f"w{i}", rng.choice(kinds), rng.choice(POINTS)) for i in range(rng.choice((1, 2)))] if self.has_leaves else []
        place = Place((*names, *[leaf for leaf, _, _ in leaves]), names)
        return Program(names, self.expr(place, 3), tuple(rng.choice(POINTS) for _ in names), tuple(leaves))

    def _fresh(self, n: int) -> tuple[str, ...]:
        return tuple(next(self._names) for _ in range(n))

    def atom(self, place: Place) -> Expr:
        if self.rng.random() < 0.2 or not place.names:
            return number(self.rng.choice(POINTS))
        recent = place.names[-3:] if self.rng.random() < 0.5 else place.names
        return name(self.rng.choice(recent))

    def expr(self, place: Place, depth: int) -> Expr:
        rng = self.rng
        if depth <= 0:
            return self.atom(place)
        x = rng.random()
        if x < 0.30:
            return Expr(rng.choice(BINARY), (self.expr(place, depth - 1), self.expr(place, depth - 1)))
        if x < 0.40:
            return Expr(rng.choice(UNARY), (self.expr(place, depth - 1),))
        if x < 0.44:
            if rng.random() < 0.5:
                return Expr("dot2", tuple(self.expr(place, depth - 2) for _ in range(4)))
            return Expr(
                "total", tuple(self.expr(place, depth - 2) for _ in range(3)), info=(("how", rng.choice(("numpy", "builtin", "ours"))),)
            )
        if x < 0.50:
            return Expr(rng.choice(("stopped", "stopped", "recorded")), bodies=(self.expr(place, depth - 1),))
        if x < 0.62:
            return self.choice(place, depth)
        if x < 0.65 and not self.has_leaves:
            if "looked_up" in self.features and place.traced and place.branches:
                traced = name(rng.choice(place.traced))
                return Expr(
                    "mul", (Expr("looked_up", (traced, number(rng.choice(POINTS))), info=(("how", rng.choice(LOOKUPS)),)), self.atom(place))
                )
            if not place.copies:
                return self.atom(place)
            return Expr("copied", (self.expr(place, depth - 1),), info=(("how", rng.choice(("copy", "deepcopy"))),))
        if x < 0.72:
            return self.call(place, depth)
        if place.levels and place.order and place.branches:
            kinds = [kind for kind in ("root", "backward", "backward_at", "program") if kind in self.features]
            return self.graph(place, depth, rng.choice(kinds)) if kinds and x > 0.88 else self.transform(place, depth)
        return self.atom(place)

    def choice(self, place: Place, depth: int) -> Expr:
        rng = self.rng
        sides = self.expr(place, depth - 1), self.expr(place, depth - 1)
        order = ("<", "<=", ">", ">=")
        kind = rng.choice(("choose", "choose", "where", "select", "threaded" if "threaded" in self.features else "where"))
        symbol = rng.choice(order)
        if kind in ("choose", "threaded") and "equality" in self.features and rng.random() < 0.7 and place.traced:
            operands = name(rng.choice(place.traced)), number(rng.choice(POINTS)) if rng.random() < 0.7 else self.atom(place)
            symbol = rng.choice((*EQUALITIES, "bool"))
        else:
            operands = self.atom(place), self.atom(place)
            if rng.random() < 0.3:
                operands = self.expr(place, depth - 1), operands[1]
        if not place.branches:  # the choice of a graph that runs again is frozen
            return Expr("add", sides)
        info = (("symbol", symbol),)
        if kind == "where":
            return Expr("where", (*operands, *sides), info=info)
        return Expr(kind, operands, bodies=sides, info=info)

    def call(self, place: Place, depth: int) -> Expr:
        rng = self.rng
        n = rng.choice((1, 1, 2))
        names = self._fresh(n)
        inner = replace(place, names=place.names + names, traced=place.traced + names)
        executor = rng.choice((*self.executors, "")) if place.branches and place.compiles else ""
        how = rng.choice(("once", "once", "twice", "batch"))
        pack = "plain" if how == "batch" or not executor else self.pack(n)
        points = tuple(self.expr(place, depth - 2) for _ in names)
        return Expr("call", points, names, (self.expr(inner, depth - 1),), (("executor", executor), ("pack", pack), ("how", how)))

    def pack(self, n: int) -> str:
        pack = self.rng.choice(PACKS)
        return "list" if pack in ("mixed", "nested") and n == 1 else pack

    def transform(self, place: Place, depth: int) -> Expr:
        rng = self.rng
        kind = rng.choice([k for k in KINDS if ORDERS.get(k, 1) <= place.order])
        times = rng.randint(1, min(3, place.order)) if kind == "derivative" else 1
        order = place.order - ORDERS.get(kind, times)
        n = 1 if kind == "derivative" else rng.choice((1, 2, 2, 3) if kind.startswith("sparse") else (1, 1, 2))
        pack = "plain" if kind == "derivative" else rng.choice(("list", "array")) if kind.startswith("sparse") else self.pack(n)
        keyword = kind in ("grad", "value_and_grad", "jacobian", "hessian", "derivative") and rng.random() < 0.15
        argnums: Any = 0
        if pack in ("plain", "mixed") and kind not in ("hvp", "derivative"):
            arguments = n if pack == "plain" else 2
            argnums = rng.choice([0, arguments - 1, -1, np.int64(arguments - 1), tuple(range(arguments))])
        elif rng.random() < 0.2:
            argnums = (0,)
        if isinstance(argnums, tuple) and kind in ("hvp", "derivative"):
            argnums = 0
        names = self._fresh(n + keyword)
        variables = names[:n]
        inner = replace(
            place,
            names=place.names + names,
            traced=place.traced + names,
            own=(variables, place.names + variables),
            levels=place.levels - 1,
            order=order,
            within=True,
        )
        outputs = rng.choice((1, 2, 3)) if kind in ("jacobian", "vjp", "jvp", "sparse_jacobian") else 1
        bodies = tuple(self.expr(inner, 3 if i == 0 else 2) for i in range(outputs))
        parts = [self.expr(place, depth - 2) if rng.random() < 0.4 else self.atom(place) for _ in names]
        if kind in ("jvp", "hvp"):
            parts += [number(rng.choice((1.0, 0.5, -2.0))) if rng.random() < 0.7 else self.atom(place) for _ in names]
        compiled = rng.choice(("", "", "", "inner", "outer", "both")) if place.compiles else ""
        out = rng.choice(("list", "dict", "nested"))
        info = {"kind": kind, "pack": pack, "argnums": argnums, "compiled": compiled, "out": out, "keyword": bool(keyword), "n": times}
        return Expr("transform", tuple(parts), names, bodies, tuple(info.items()))

    def graph(self, place: Place, depth: int, kind: str) -> Expr:
        """What makes a graph of its own within the function."""
        rng = self.rng
        (x,) = self._fresh(1)
        # outside of transforms a compiled function of numbers gives numbers, also where it refers to Values
        lower = replace(place, levels=place.levels - 1, order=place.order - 1, compiles=place.within, copies=False)
        if kind == "root":
            names = (x,) if rng.random() < 0.7 else ()
            inner = replace(place, names=place.names + names, traced=place.traced + names, levels=place.levels - 1)
            if not names:
                names = (x,)  # a parameter that it does not use
            return Expr("root", (self.atom(place),), names, (self.expr(inner, depth - 1),), (("family", rng.choice(ROOTS)),))
        c = number(rng.choice(POINTS))
        if kind == "backward":
            inner = replace(lower, names=(*place.names, x), traced=())
            return Expr("backward", (c,), (x,), (self.expr(inner, depth - 1),), (("how", rng.choice(("graph", "graph", "plain"))),))
        if kind == "program":
            others = place.names if rng.random() < 0.5 else ()
            inner = replace(lower, names=(*others, x), traced=(), branches=False)
            body = self.expr(inner, depth - 1)
            if any(e.kind == "stopped" for e in body.walk()):  # what is made under no_grad is a constant of a graph
                body = self.atom(inner)
            return Expr("program", (c,), (x,), (body,), (("executor", rng.choice(self.executors)),))
        variables, beside = place.own
        if not variables:
            return self.atom(place)
        v = rng.choice(variables)
        inner = replace(lower, names=(*[other for other in beside if other != v], x), traced=(x,), own=((), ()))
        return Expr("backward_at", (name(v),), (x,), (self.expr(inner, depth - 1),))


# -- comparing ----------------------------------------------------------------------------------------------------------

Numbers = dict[str, float]


@dataclass(frozen=True)
class Expected:
    """The numbers of the reference, and how far they may be off."""

    numbers: Numbers
    slack: Numbers
    work: int
    kinks: int


def reference(program: Program, other: Numeric | None = None) -> Numbers:
    """The value, the gradient, and the derivatives of both with respect to the Values from before."""
    duals = other or Duals()
    live = [leaf for leaf in program.leaves if leaf[1] in ("leaf", "result")]
    fixed = {leaf: x for leaf, kind, x in program.leaves if kind not in ("leaf", "result")}
    n = len(program.points)

    def f(*flat: Any) -> Any:
        return function_of(program, duals, **fixed, **dict(zip([leaf for leaf, _, _ in live], flat[n:], strict=True)))(*flat[:n])

    points = [*program.points, *[x for _, _, x in live]]
    found = {"value": duals.base(f(*points))}
    every = list(range(len(points)))
    slopes = [duals.base(x) for x in duals.gradient(f, points, every)]
    found |= {f"gradient {i}": x for i, x in enumerate(slopes[:n])}
    found |= {f"{leaf} of value": x for (leaf, _, _), x in zip(live, slopes[n:], strict=True)}
    if live:
        for i, (leaf, _, _) in enumerate(live, start=n):
            found[f"{leaf} of gradient"] = duals.base(duals.gradient(lambda *p: duals.gradient(f, p, [0])[0], points, [i])[0])
    return found


def expected(program: Program, seed: int = 0) -> Expected:
    """
    Raises:
        SkippedError: rounding decides about them, or they are too large.
    """
    duals = Duals()
    exact = reference(program, duals)
    off = [reference(program, Duals(random.Random(seed + i))) for i in range(2)]
    slack = {}
    for key, x in exact.items():
        noise = max(abs(x - other[key]) for other in off)
        slack[key] = 1e-9 * max(1.0, abs(x)) + 1e3 * noise
        if not abs(x) < 1e8 or slack[key] > 1e-4 * max(1.0, abs(x)):
            raise SkippedError
    return Expected(exact, slack, duals.work, duals.kinks)


MODES = ("floats", "values", "grad", "compiled", "compiled gradient", "compile of grad", "grad of compile")


def ours(program: Program, mode: str, executor: str = "numpy") -> Numbers:
    """What this package says."""
    values = {leaf: made(kind, x) for leaf, kind, x in program.leaves}
    f = function_of(program, Ours(), **{leaf: value for leaf, (value, _) in values.items()})
    points = program.points
    argnums = tuple(range(len(points)))
    gradient: Sequence[Any] = ()
    if mode == "floats":
        value = f(*points)
    elif mode == "values":
        variables = [Value(x) for x in points]
        value = f(*variables)
        for node in variables:
            node.grad = 0.0
        if isinstance(value, Value):
            value.backward()
        gradient = [v.grad for v in variables]
    elif mode == "grad":
        value, gradient = ag.value_and_grad(f, argnums)(*points)
    elif mode == "compiled":
        g = ag.compile(f, executor=executor)
        with contextlib.suppress(ag.AutogradError, SkippedError):
            g(*[x + 1.0 for x in points])
        value = g(*points)
    elif mode == "compiled gradient":
        value, gradient = ag.compile(f, executor=executor).value_and_grad(*points)
    elif mode == "compile of grad":
        value, gradient = ag.compile(ag.value_and_grad(f, argnums), executor=executor)(*points)
    else:
        value, gradient = ag.value_and_grad(ag.compile(f, executor=executor), argnums)(*points)
    found = {"value": _plain(value)} | {f"gradient {i}": _plain(x) for i, x in enumerate(gradient)}
    keeps_history = mode in ("grad", "grad of compile") or (mode in ("floats", "values") and not program.is_compiled())
    if keeps_history and not _cuts(program):
        found |= _by_leaves(values, value, "value")
        if gradient and mode != "values":
            found |= _by_leaves(values, gradient[0], "gradient")
    return found


def _by_leaves(values: dict[str, tuple[Value, Value | None]], result: Any, what: str) -> Numbers:
    leaves = {key: leaf for key, (_, leaf) in values.items() if leaf is not None}
    for leaf in leaves.values():
        leaf.grad = 0.0
    if isinstance(result, Value):
        result.backward()
    return {f"{key} of {what}": _plain(leaf.grad) for key, leaf in leaves.items()}


def _cuts(program: Program) -> bool:
    """Whether the gradient with respect to Values from before is cut on purpose: by a plain number."""
    before = {leaf for leaf, _, _ in program.leaves}
    return any(
        (e.kind == "program" or (e.kind == "backward" and e.get("how") == "plain")) and e.free() & before for e in program.body.walk()
    )


def _plain(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


@dataclass(frozen=True)
class Finding:
    """A disagreement: in which mode, of which kind, and what was found."""

    mode: str
    kind: str
    text: str


def disagreement(
    program: Program, wanted: Expected, mode: str, executor: str = "numpy", counts: Counter[str] | None = None
) -> Finding | None:
    """What is wrong with a program in a mode."""
    counts = Counter() if counts is None else counts
    if mode == "values" and (
        program.asks_for_equality() or program.is_compiled() or program.has("looked_up", "backward_at", "backward", "copied")
    ):
        return None  # outside of traced functions Values are compared by identity, and compiled functions of numbers give numbers
    compiled = mode not in ("floats", "values", "grad")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = ours(program, mode, executor)
    except SkippedError:
        counts["skipped"] += 1
        return None
    except ag.AutogradError as error:
        counts[f"refused, {mode}"] += 1
        if not program.may_be_refused(compiled):
            return Finding(mode, "refused", f"{type(error).__name__}: {error}")
        return None
    except FormError as error:
        return Finding(mode, "form", str(error))
    except Exception as error:
        return Finding(mode, "crash", f"{type(error).__name__}: {error}")
    counts[f"compared, {mode}"] += 1
    for key, x in found.items():
        if not abs(x - wanted.numbers[key]) <= wanted.slack[key]:
            return Finding(mode, "number", f"{key}: {x!r}, not {wanted.numbers[key]!r}")
    return None


def examined(program: Program, wanted: Expected, counts: Counter[str], rng: random.Random) -> Finding | None:
    """The first disagreement of a program, in all modes."""
    for mode in MODES:
        executor = EXECUTORS[-1] if rng.random() < 0.15 else "numpy"
        found = disagreement(program, wanted, mode, executor, counts)
        if found is not None:
            return found
    return None


def against_jax(program: Program, wanted: Expected, jax: Jax) -> str:
    """How JAX differs from the reference; "" where it does not."""
    for key, x in reference(program, jax).items():
        if not abs(x - wanted.numbers[key]) <= wanted.slack[key]:
            return f"{key}: JAX {x!r}, reference {wanted.numbers[key]!r}"
    return ""


def smaller(e: Expr, bound: frozenset[str]) -> Iterator[Expr]:
    """Simpler expressions in place of this one."""
    if e.kind in ("number", "name"):
        if e.kind == "name":
            yield number(0.7)
        elif e.info[0][1] not in (0.7, 2.0):
            yield number(0.7)
            yield number(2.0)
        return
    for child in e.below:
        if child.free() <= bound:
            yield child
    yield number(0.7)
    for other in sorted(bound):
        yield name(other)
    defaults = {"compiled": "", "pack": "plain", "argnums": 0, "keyword": False, "out": "list", "how": "once", "n": 1, "kind": "grad"}
    for key, value in e.info:
        is_fixed = (key == "how" and e.kind != "call") or (key == "pack" and str(e.get("kind")).startswith("sparse"))
        if key in defaults and value != defaults[key] and not is_fixed:
            yield e.with_setting(key, defaults[key])
        elif key == "executor" and value == "native":
            yield e.with_setting(key, "numpy")
    if e.kind == "transform" and len(e.bodies) > 1:
        yield replace(e, bodies=e.bodies[:1])
    if e.kind == "transform" and len(e.names) > 1 and e.get("kind") not in ("jvp", "hvp") and not e.get("keyword"):
        kept = replace(e, names=e.names[:1], parts=e.parts[:1])
        if kept.free() <= bound:
            yield kept
    for i, child in enumerate(e.below):
        inner = bound | frozenset(e.names) if i >= len(e.parts) else bound
        for new in smaller(child, inner):
            if e.kind != "backward_at" or new.free() <= child.free():  # nothing that depends on the variable
                yield e.replaced(i, new)


def shrunk(program: Program, found: Finding, seconds: float = 30.0) -> tuple[Program, Finding]:
    """A smaller program with a disagreement of the same kind."""

    def still(candidate: Program) -> Finding | None:
        try:
            other = disagreement(candidate, expected(candidate), found.mode)
        except SkippedError:
            return None
        except Exception:  # the simpler program is no program
            return None
        return other if other is not None and other.kind == found.kind else None

    def simpler(whole: Program) -> Iterator[Program]:
        candidates = itertools.chain(
            (replace(whole, leaves=whole.leaves[:i] + whole.leaves[i + 1 :]) for i in range(len(whole.leaves))),
            (replace(whole, body=body) for body in smaller(whole.body, whole.bound())),
        )
        return (candidate for candidate in candidates if candidate.body.free() <= candidate.bound())

    return shrinking.shrunk(program, found, simpler, still, seconds)


def grown(seed: int) -> Program:
    """The program of a seed."""
    return Grower(random.Random(seed)).program()


def search(seconds: float, seed: int, counts: Counter[str], jax_every: int = 10) -> Iterator[tuple[int, Program, Finding]]:
    """The disagreements among the programs from this seed on."""
    end = time.monotonic() + seconds
    jax = Jax() if jax_every else None
    if jax is not None:
        jax.enable_x64()
    for number_ in itertools.count(seed):
        if time.monotonic() > end:
            return
        program = grown(number_)
        counts["programs"] += 1
        try:
            wanted = expected(program)
        except SkippedError:
            counts["said nothing"] += 1
            continue
        for e in program.body.walk():
            counts[f"has {e.get('kind') if e.kind == 'transform' else e.kind}"] += 1
        rng = random.Random(number_)
        if jax is not None and number_ % jax_every == 0 and wanted.work < 2000 and not wanted.kinks:
            counts["compared with JAX"] += 1
            text = against_jax(program, wanted, jax)
            if text:
                yield number_, program, Finding("reference", "JAX", text)
        found = examined(program, wanted, counts, rng)
        if found is not None:
            yield number_, program, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed, program, found in search(60.0 * options.minutes, options.seed * 1_000_000, counts):
        small, what = shrunk(program, found) if found.kind != "JAX" else (program, found)
        print(f"--- seed {seed}, {what.mode}, {what.kind}: {what.text}\n{small}\n", flush=True)
    print("\n".join(f"{n:8,} {what}" for what, n in sorted(counts.items())))


if __name__ == "__main__":
    main()
