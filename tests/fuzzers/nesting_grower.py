"""Random nestings: what is put where."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from executors import EXECUTORS

from fuzzers.nesting_language import EQUALITIES, PACKS, POINTS, Expr, Program, name, number
from fuzzers.nesting_references import LOOKUPS, ROOTS

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
        copies: whether it may copy: the copy of a leaf with respect to which a graph is differentiated is another leaf.
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


def grown(seed: int) -> Program:
    """The program of a seed."""
    return Grower(random.Random(seed)).program()
