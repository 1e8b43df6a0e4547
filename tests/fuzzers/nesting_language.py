"""The language of random nestings: programs as expressions, and the trees that arguments are packed in."""

from __future__ import annotations

import operator
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd import Value

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


def function_of(program: Program, namespace: Namespace, **others: Any) -> Callable[..., Any]:
    """The program as a function, in a namespace."""
    names = {key: getattr(namespace, key) for key in dir(namespace) if not key.startswith("_")}
    names["np"] = np  # of which a setting may be
    return eval(f"lambda {', '.join(program.names)}: {program.body}", names | others)  # type: ignore[no-any-return]


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
