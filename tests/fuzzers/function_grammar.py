"""The grammar of random functions: Python source text that works on floats and on Values."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from fuzzers.function_forms import NUMBER, SPECIAL, Argument, Form, Function
from fuzzers.function_loops import write_loop


@dataclass
class Scope:
    """What can be referred to: texts of numbers, and of vectors and matrices with their shapes."""

    numbers: list[str] = field(default_factory=list)
    vectors: list[tuple[str, int]] = field(default_factory=list)
    matrices: list[tuple[str, int, int]] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)  # those of the matrices that are square arrays

    def copy(self) -> Scope:
        return Scope([*self.numbers], [*self.vectors], [*self.matrices], [*self.arrays])

    def add(self, text: str, form: Form) -> None:
        """An argument, and what is in it."""
        if form.items:
            for i, (item, key) in enumerate(zip(form.items, form.keys or [""] * len(form.items), strict=True)):
                self.add(f"{text}[{i}]" if form.kind == "tuple" else f"{text}[{key!r}]" if form.kind == "dict" else f"{text}.{key}", item)
        elif not form.shape:
            self.numbers.append(text)
        elif len(form.shape) == 1:
            self.vectors.append((text, *form.shape))
            self.numbers += [f"{text}[{i}]" for i in range(form.shape[0])]
        else:
            n, m = form.shape
            self.matrices.append((text, n, m))
            self.numbers += [f"{text}[{i}][{j}]" for i in range(form.shape[0]) for j in range(form.shape[1])]
            if form.kind == "array" and form.shape[0] == form.shape[1]:
                self.arrays.append(text)


class Writer:
    """Writes one function."""

    def __init__(self, rng: random.Random, features: Sequence[str]) -> None:
        self.rng = rng
        self.on = frozenset(features)
        self.lines: list[str] = []
        self.indent = 0
        self.names = 0
        self.rounds = 1  # of the loops around
        self.scope = Scope()
        self.helpers: list[tuple[str, str]] = []  # a name, and what it takes: "numbers" or "vector"

    def has(self, feature: str, chance: float = 1.0) -> bool:
        return feature in self.on and self.rng.random() < chance

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self.indent += 1
        outer, self.scope = self.scope, self.scope.copy()
        try:
            yield
        finally:
            self.scope = outer
            self.indent -= 1

    def name(self, letter: str = "v") -> str:
        self.names += 1
        return f"{letter}{self.names}"

    # -- expressions ------------------------------------------------------------------------------------------------------

    def constant(self) -> str:
        return self.rng.choice(["0.0", "1.0", "0.5", "2.0", "-1.0", "3", "0.25", "1"])

    def atom(self) -> str:
        if not self.scope.numbers or self.rng.random() < 0.08:
            return self.constant()
        recent = self.scope.numbers[-4:]
        return self.rng.choice(recent if self.rng.random() < 0.3 else self.scope.numbers)

    def variable(self) -> str:
        return self.rng.choice(self.scope.numbers) if self.scope.numbers else "1.0"

    def number(self, depth: int = 2) -> str:
        """An expression of a number."""
        rng = self.rng
        if depth <= 0:
            return self.atom()
        roll = rng.random()
        if roll < 0.18:
            return self.atom()
        if roll < 0.42:
            return f"({self.number(depth - 1)} {rng.choice('++--**')} {self.number(depth - 1)})"
        if roll < 0.47:
            b = self.atom()
            return f"({self.number(depth - 1)} / (1.0 + {b} * {b}))"
        if roll < 0.57:
            return self.smooth(
                rng.choice(["sin", "cos", "tanh", "sigmoid", "atan", "softplus", "erf", "ndtr", "log_ndtr", "logaddexp"]), depth
            )
        if roll < 0.61:
            return f"{self.variable()} ** {rng.choice(['2', '3', '2.0', '1', '0'])}"
        if roll < 0.68 and self.has("steps"):
            return self.step(depth)
        if roll < 0.76 and self.has("infinite"):
            return self.root(depth)
        if roll < 0.78 and self.has("errors", 0.5):
            return self.risky(depth)
        if roll < 0.83 and self.has("branches"):
            return rng.choice([self.extreme(depth), f"({self.number(depth - 1)} if {self.condition()} else {self.number(depth - 1)})"])
        if roll < 0.88 and self.has("where"):
            return self.selected(depth)
        if roll < 0.93:
            return self.reduction(depth)
        if roll < 0.98 and self.helpers:
            return self.helped(depth)
        return f"exp(-{rng.choice(['abs', 'softplus'])}({self.number(depth - 1)}))"

    def smooth(self, name: str, depth: int) -> str:
        return f"{name}({self.number(depth - 1)}, {self.atom()})" if name == "logaddexp" else f"{name}({self.number(depth - 1)})"

    def step(self, depth: int) -> str:
        a, b = self.number(depth - 1), self.atom()
        return self.rng.choice(
            [
                *(f"relu({a})", f"leaky_relu({a})", f"abs({a})", f"maximum({a}, {b})", f"minimum({a}, {b})"),
                *(f"clip({a}, -1.0, 1.0)", f"clip({a}, 0.0, 0.5)", f"floor({a})", f"ceil({a})", f"sign({a})"),
                *(f"trunc({a})", f"copysign({a}, {b})", f"copysign(1.0, {a})"),
            ]
        )

    def root(self, depth: int = 1) -> str:
        """Something whose slope is infinite at a special point."""
        rng = self.rng
        a, b = self.variable(), self.variable()
        positive = rng.choice(
            [f"{a} * {a}", f"{a} * {a} + {b} * {b}", f"abs({a})", f"relu({a})", f"maximum({a}, 0.0)", f"{a} ** 2", f"clip({a}, 0.0, 1.0)"]
        )
        if "steps" not in self.on:
            positive = rng.choice([f"{a} * {a}", f"{a} * {a} + {b} * {b}", f"{a} ** 2"])
            inner = rng.choice([f"cos({a})", f"tanh({a})", f"1.0 - {a} * {a} / (1.0 + {a} * {a})"])
        else:
            inner = rng.choice([f"clip({a}, -1.0, 1.0)", f"minimum(abs({a}), 1.0)", f"cos({a})", f"maximum(-1.0, minimum({a}, 1.0))"])
        return rng.choice(
            [
                *(f"sqrt({positive})", f"sqrt({positive})", f"({positive}) ** 0.5", f"cbrt({a})", f"cbrt({positive})", f"hypot({a}, {b})"),
                *(
                    f"acos({inner})",
                    f"asin({inner})",
                    f"acosh(1.0 + {positive})",
                    f"log({positive} + 1e-300)",
                    f"sqrt({a}) if {a} >= 0.0 else {b}",
                ),
            ]
            if "branches" in self.on
            else [f"sqrt({positive})", f"({positive}) ** 0.5", f"cbrt({a})", f"acos({inner})", f"asin({inner})"]
        ).join("()")

    def risky(self, depth: int) -> str:
        """Something that is not defined everywhere."""
        a, b = self.number(depth - 1), self.variable()
        return self.rng.choice(
            [
                *(f"sqrt({b})", f"log({b})", f"({a} / {b})", f"acos({b})", f"atanh({b})", f"({b} ** 0.5)", f"({b} ** -1)", f"log1p({b})"),
                *(f"lgamma({b})", f"digamma({b})", f"polygamma(1, {b})", f"erfinv({b})", f"fmod({a}, {b})"),
            ]
        )

    def extreme(self, depth: int) -> str:
        """Python's own choices of numbers."""
        items = [
            self.rng.choice([self.root, self.number])(depth - 1) if self.has("infinite") else self.number(depth - 1)
            for _ in range(self.rng.choice([2, 2, 3]))
        ]
        form = self.rng.choice(["max({})", "min({})", "max([{}])", "sorted([{}])[0]", "sorted([{}])[-1]", "sorted([{}], reverse=True)[1]"])
        if not self.has("sorting"):
            form = self.rng.choice(["max({})", "min({})"])
        return form.format(", ".join(items))

    def selected(self, depth: int) -> str:
        a, b = self.number(depth - 1), self.number(depth - 1)
        if self.has("infinite", 0.4):
            a = self.root()
        if self.has("errors", 0.25):
            a = self.risky(1)
        c = self.mask()
        sides = self.rng.choice([("{}", "{}"), ("lambda: {}", "lambda: {}"), ("lambda: {}", "{}"), ("lambda: {}", "lambda: {}")])
        return f"where({c}, {sides[0].format(a)}, {sides[1].format(b)})"

    def reduction(self, depth: int) -> str:
        rng = self.rng
        if self.has("overlap", 0.6) and self.scope.matrices:
            return self.overlap()
        if not self.scope.vectors:
            return f"dot([{self.atom()}, {self.atom()}], [{self.atom()}, {self.number(depth - 1)}])"
        a, n = rng.choice(self.scope.vectors)
        others = [text for text, m in self.scope.vectors if m == n]
        choices = [f"dot({a}, {rng.choice(others)})", f"sum({a})", f"logsumexp({a})", f"sum([t * t for t in {a}])", f"dot({a}, {a})"]
        choices.append(f"dot({a}, [{', '.join(self.atom() for _ in range(n))}])")
        if self.has("branches"):
            choices += [f"max({a})", f"sum([t for t in {a} if t > {self.atom()}])", f"min({a})"]
        return rng.choice(choices)

    def overlap(self) -> str:
        """Products of parts of one matrix."""
        rng = self.rng
        text, n, m = rng.choice(self.scope.matrices)
        row = [
            [f"{text}[{rng.randrange(n)}][{rng.randrange(m)}]" for _ in range(m)],  # a gather of its own
            [f"{text}[{k % n}][{k}]" for k in range(m)],  # the diagonal
            [f"{text}[{k % n}][{rng.randrange(m)}]" for k in range(m)],
            [f"{text}[{rng.randrange(n)}][{k}]" for k in range(m)],
        ]
        other = f"[{', '.join(rng.choice(row))}]"
        choices = [f"sum([dot(r, {other}) for r in {text}])", f"sum([dot(r, {text}[{rng.randrange(n)}]) for r in {text}])"]
        choices.append(f"sum([dot(r, s) for r, s in zip({text}, {text}[::-1])])")  # permuted rows
        choices.append(f"sum([dot(r, s) * dot(r, {other}) for r in {text} for s in {text}])")
        choices.append(f"sum([tanh(dot(r, {other})) for r in {text}])")
        choices.append(f"sum([tanh(dot(c, d)) for c in zip(*{text}) for d in zip(*{text})])")  # columns
        if n == m:
            choices.append(f"sum([dot(r, c) for r in {text} for c in zip(*{text})])")  # the matrix times itself
            choices.append(f"sum([dot(r, [q[{rng.randrange(n)}] for q in {text}]) for r in {text}])")  # times a column
            choices.append(f"sum([sin(dot(r, c)) for r, c in zip({text}, zip(*{text}))])")  # with its transpose
        if text in self.scope.arrays:
            product = rng.choice([f"({text} @ {text})", f"({text} @ {text}.T)", f"({text}[::-1] @ {text})", f"({text} * {text}.T)"])
            choices += [f"{product}[{rng.randrange(n)}, {rng.randrange(n)}]", f"sum([t for r in {product} for t in r])"] * 2
        return rng.choice(choices)

    def helped(self, depth: int) -> str:
        name, kind = self.rng.choice(self.helpers)
        if kind == "vector":
            if self.scope.vectors and self.rng.random() < 0.7:
                return f"{name}({self.rng.choice(self.scope.vectors)[0]})"
            return f"{name}([{self.number(depth - 1)}, {self.atom()}])"
        return f"{name}({self.number(depth - 1)}, {self.atom()}{self.rng.choice(['', ', k=0.5', f', k={self.atom()}'])})"

    # -- conditions -------------------------------------------------------------------------------------------------------

    def operand(self) -> str:
        if self.has("infinite", 0.35):
            return self.root()
        if self.has("errors", 0.05):
            return self.risky(1)
        return self.number(1) if self.rng.random() < 0.3 else self.atom()

    def comparison(self) -> str:
        return f"{self.operand()} {self.rng.choice(['<', '<=', '>', '>='])} {self.rng.choice([self.operand(), self.constant()])}"

    def condition(self, depth: int = 1) -> str:
        """What an `if` asks."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.12 and depth:
            return f"({self.condition(0)} {rng.choice(['and', 'or'])} {self.condition(0)})"
        if roll < 0.17 and depth:
            return f"not ({self.condition(0)})"
        if roll < 0.3:
            low, high = rng.choice([("0.0", "1.0"), ("-1", "1"), ("0", self.operand()), (self.atom(), "2.0")])
            return f"{low} {rng.choice(['<', '<='])} {self.operand()} {rng.choice(['<', '<='])} {high}"
        if roll < 0.45 and self.has("equality"):
            a, b = self.operand(), rng.choice([self.constant(), self.constant(), self.atom()])
            return rng.choice(
                [
                    *(f"{a} == {b}", f"{a} == {b}", f"{a} != {b}", f"{a} in (0.0, 1.0)", f"{a} not in [0.0, {b}]", f"{a} != {a}"),
                    *(
                        f"({a}, {self.atom()}) < ({b}, {self.atom()})",
                        f"({a}, {b}) == ({self.atom()}, 1.0)",
                        f"[{a}, 1.0] >= [{b}, {self.atom()}]",
                    ),
                ]
            )
        if roll < 0.5 and self.has("truths"):
            return rng.choice([self.variable(), f"not {self.variable()}", f"({self.variable()} or {self.variable()})"])
        if roll < 0.58 and self.scope.vectors:
            text, _ = rng.choice(self.scope.vectors)
            return f"{rng.choice(['any', 'all'])}(t {rng.choice(['<', '<=', '>'])} {self.constant()} for t in {text})"
        if roll < 0.7:
            return f"{self.extreme(1)} {rng.choice(['<', '<=', '>'])} {self.operand()}"
        return self.comparison()

    def mask(self, depth: int = 1) -> str:
        """What a `where` asks."""
        rng = self.rng
        if depth and self.has("combined", 0.3):
            a, b = self.mask(0), self.mask(0)
            return rng.choice([f"({a}) & ({b})", f"({a}) | ({b})", f"~({a})", f"({a}) & ~({b})", f"~(({a}) | ({b}))"])
        if self.has("equality", 0.2):
            return f"{self.operand()} == {rng.choice([self.constant(), self.atom()])}"
        return self.comparison()

    # -- statements -------------------------------------------------------------------------------------------------------

    def statements(self, count: int, depth: int) -> None:
        for _ in range(count):
            self.statement(depth)

    def assign(self, text: str, name: str = "") -> None:
        name = name or self.name()
        self.line(f"{name} = {text}")
        if name not in self.scope.numbers:
            self.scope.numbers.append(name)

    def statement(self, depth: int) -> None:
        """Statements that define one more number."""
        rng = self.rng
        roll = rng.random()
        if depth and self.has("scans", 0.2):
            write_loop(self, depth)
        elif depth and roll < 0.3 and self.has("branches"):
            self.choice(depth)
        elif depth and roll < 0.5 and self.has("loops"):
            self.loop(depth)
        elif roll < 0.6 and self.has("no_grad"):
            name = self.name()
            with self.block("with no_grad():"):
                self.assign(self.number(2), name)
            self.scope.numbers.append(name)
        elif roll < 0.7 and self.scope.numbers:
            name = self.name("u")
            items = [rng.choice([self.atom, self.number])() for _ in range(rng.choice([2, 3]))]
            text = f"sorted([{', '.join(items)}])" if self.has("sorting", 0.3) and self.has("branches") else f"[{', '.join(items)}]"
            self.line(f"{name} = {text}")
            self.scope.vectors.append((name, len(items)))
            self.scope.numbers.append(f"{name}[{rng.randrange(len(items))}]")
        elif roll < 0.76 and self.has("overlap") and self.scope.matrices:
            self.assign(self.overlap())
        else:
            self.assign(self.number(3))

    def choice(self, depth: int) -> None:
        rng = self.rng
        name = self.name()
        arms = rng.choice([1, 2, 2, 3])
        total = rng.random() < 0.7
        if not total:
            self.line(f"{name} = {self.atom()}")
        for k in range(arms):
            with self.block(f"{'elif' if k else 'if'} {self.condition()}:"):
                self.arm(name, k, depth)
        if total:
            with self.block("else:"):
                self.arm(name, arms, depth)
        self.scope.numbers.append(name)

    def arm(self, name: str, k: int, depth: int) -> None:
        """One way through an `if`: its value tells which one it was, mostly."""
        if self.rng.random() < 0.3:
            self.statement(depth - 1)
        self.line(f"{name} = {self.number(2)}" + (f" + {2.0 + k}" if self.rng.random() < 0.7 else ""))

    def loop(self, depth: int) -> None:
        rng = self.rng
        name = self.name()
        total = rng.choice([self.atom(), "0.0", "1.0"])
        scope = self.scope
        heads: list[tuple[str, Scope]] = [(f"for i in range({rng.choice([2, 3])}):", Scope())]
        if scope.vectors:
            text, n = rng.choice(scope.vectors)
            heads.append((f"for t in {text}:", Scope(["t"])))
            other = rng.choice([b for b, m in scope.vectors if m == n])
            heads.append((f"for t, s in zip({text}, {other}):", Scope(["t", "s"])))
        if scope.matrices:
            text, _, m = rng.choice(scope.matrices)
            heads.append((f"for r in {text}:", Scope(["r[0]"], [("r", m)])))
            heads.append((f"for i, r in enumerate({text}):", Scope(["r[-1]", f"{text}[i][0]"], [("r", m)])))
        head, more = rng.choice(heads[1:] or heads)
        self.line(f"{name} = {total}")
        with self.block(head):
            self.scope.numbers += [name, *more.numbers, *more.numbers]
            self.scope.vectors += more.vectors
            if self.has("branches", 0.35):
                with self.block(f"if {self.condition()}:"):
                    self.line(rng.choice(["continue", "break", f"{name} = {name} + 1.0", f"{name} = {self.number(1)}"]))
            if rng.random() < 0.25:
                self.statement(depth - 1)
            self.line(f"{name} = {name} * 0.5 + {self.number(2)}" if rng.random() < 0.6 else f"{name} = {name} + {self.number(1)}")
        self.scope.numbers.append(name)

    def helper(self) -> None:
        """A function of two numbers and a third one with a default; or of a vector."""
        name = f"helper{len(self.helpers)}"
        kind = self.rng.choice(["numbers", "numbers", "vector"])
        self.scope = Scope(["a", "b", "k"]) if kind == "numbers" else Scope(["xs[0]", "xs[-1]"], [("xs", 2)])
        with self.block(f"def {name}(a, b, k=2.0):" if kind == "numbers" else f"def {name}(xs):"):
            if self.has("branches", 0.4):
                with self.block(f"if {self.condition()}:"):
                    self.line(f"return {self.number(1)}")
            self.statements(self.rng.choice([0, 1]), 1)
            self.line(f"return {self.number(2)}")
        self.line("")
        self.helpers.append((name, kind))

    def total(self) -> str:
        """A sum over what the body has computed."""
        made = [text for text in self.scope.numbers if text[0] in "vu" and text[1:2].isdigit()]
        weights = self.rng.choices(["{}", "0.5 * {}", "{} * {}", "sin({})", "-{}"], k=len(made))
        return " + ".join([weight.format(text, text) for weight, text in zip(weights, made, strict=True)] or [self.number(2)])


def _form(writer: Writer) -> Form:
    rng = writer.rng
    array = "array" if writer.has("arrays", 0.4) else "list"
    plain = [NUMBER, NUMBER, Form(array, (rng.choice([2, 3]),)), Form(array, rng.choice([(2, 2), (2, 2), (3, 3), (2, 3)]))]
    if writer.has("trees", 0.4):
        kind = rng.choice(["tuple", "dict", "named"])
        items = tuple(rng.choice([NUMBER, Form("list", (2,)), Form(array, (2, 2))]) for _ in range(2))
        if kind != "named" and rng.random() < 0.2:
            items = (Form("tuple", (), (NUMBER, Form("list", (2,)))), *items[1:])
        return Form(kind, (), items, {"dict": ("a", "b"), "named": ("a", "b")}.get(kind, ()))
    return rng.choice(plain)


def _rows(rng: random.Random, size: int, count: int) -> tuple[tuple[float, ...], ...]:
    rows: list[tuple[float, ...]] = []
    for _ in range(count):
        row: list[float] = []
        for _ in range(size):
            roll = rng.random()
            earlier = [*row, *[x for other in rows for x in other]]
            row.append(
                rng.choice(earlier)
                if roll < 0.15 and earlier
                else rng.choice(SPECIAL)
                if roll < 0.6
                else round(rng.uniform(-2.0, 2.0), 2)
                if roll < 0.98
                else rng.choice([-0.0, 1e-9, -1e-9, 10.0])
            )
        rows.append(tuple(row))
    return tuple(rows)


def written(rng: random.Random, features: Sequence[str]) -> Function:
    """A random function."""
    writer = Writer(rng, [name for name in features if rng.random() < 0.85])  # not all of them in each function
    scalars = rng.random() < 0.4
    arguments: list[Argument] = []
    model = not scalars and writer.has("models", 0.25)
    for k in range(rng.choice([1, 2, 2, 3])):
        form = NUMBER if scalars else _form(writer)
        batched = rng.random() < 0.6
        if model and k == 0:
            form, batched = Form("model", (), (Form("list", (2,)), NUMBER), ("weights", "offset")), False
        passing, default = "", None
        if writer.has("keywords", 0.35) and (k or rng.random() < 0.2):
            passing = rng.choice(["", "only", "extra"])
            default = rng.choice([0.0, 1.0, 0.5, 2.0]) if form is NUMBER and passing != "extra" and rng.random() < 0.7 else None
        arguments.append(Argument("xyz"[k], form, passing, default, batched, _rows(rng, form.size, rng.choice([3, 4, 5]))))
    order = {"": 0, "only": 2, "extra": 3}
    arguments.sort(key=lambda a: (order[a.passing], a.passing == "" and a.default is not None))
    output = rng.choice(["number", "number", "number", "aux", "tree"])
    output = "number" if (output == "aux" and "aux" not in writer.on) or (output == "tree" and "trees" not in writer.on) else output
    if any(a.form.kind == "named" or any(i.kind == "named" for i in a.form.items) for a in arguments):
        writer.lines += ["class Point(NamedTuple):", "    a: object", "    b: object", ""]
    if model:
        with writer.block("class Model(Module):"):
            with writer.block("def __init__(self, weights, offset):"):
                writer.line("self.weights, self.offset = weights, offset")
            writer.line("")
            with writer.block("def __call__(self, xs):"):
                writer.line(f"return {rng.choice(['tanh', 'relu', 'sin'])}(dot(self.weights, xs) + self.offset)")
        writer.line("")
        writer.helpers.append((arguments[[a.form.kind for a in arguments].index("model")].name, "vector"))
    models, writer.helpers = writer.helpers, []
    for _ in range(rng.choice([0, 1, 2]) if "helpers" in writer.on else 0):
        writer.helper()
    writer.helpers += models
    writer.scope = Scope()
    captured = writer.has("captured", 0.2)
    if captured:
        writer.line("W = Value(0.5)")
        writer.line("")
    for a in arguments:
        writer.scope.add(f"more[{a.name!r}]" if a.passing == "extra" else a.name, a.form)
    made = "f"
    way = rng.choice(["", "", "", "partial", "method", "object"]) if "methods" in writer.on else ""
    first = {"method": "self, ", "object": "self, ", "partial": "scale, "}.get(way, "")
    head = f"def {'__call__' if way == 'object' else 'f'}({first}{_signature(arguments)}):"
    if way in ("method", "object"):
        writer.line("class Thing:")
        writer.indent = 1
        with writer.block("def __init__(self, scale):"):
            writer.line("self.scale = scale")
        writer.line("")
        writer.scope.numbers.append("self.scale")
        made = "Thing(0.5).f" if way == "method" else "Thing(2.0)"
    elif way == "partial":
        writer.scope.numbers.append("scale")
        made = "functools.partial(f, 0.5)"
    if captured:
        writer.scope.numbers += ["W", "W"]
    with writer.block(head):
        writer.statements(rng.choice([1, 2, 2, 3]), 2)
        shape = rng.choice(["dict", "tuple", "list"])

        def result() -> str:
            more = [rng.choice([writer.atom, writer.number, writer.root if "infinite" in writer.on else writer.atom])() for _ in range(3)]
            tree = {"dict": "{{'p': {}, 'q': [{}, {}]}}", "tuple": "({}, [{}, {}])", "list": "[{}, {}, {}]"}[shape].format(*more)
            if output == "tree":
                return f"({writer.total()}, {tree})"
            return f"{writer.total()}, {tree}" if output == "aux" else writer.total()

        if writer.has("branches", 0.2):
            with writer.block(f"if {writer.condition()}:"):
                writer.line(f"return {result()}")
        writer.line(f"return {result()}")
    scalar_only = all(a.form is NUMBER for a in arguments)
    in_axes: Any = tuple(0 if a.batched else None for a in arguments if a.passing != "extra")
    if scalar_only and rng.random() < 0.6:
        in_axes = None
    elif all(a.batched for a in arguments) and rng.random() < 0.5:
        in_axes = 0
    else:  # a tuple says nothing about what goes into **more, which is the same for all samples
        arguments = [replace(a, batched=a.batched and a.passing != "extra") for a in arguments]
    source = "\n".join(writer.lines)
    return Function(source, made, tuple(arguments), output, in_axes, "no_grad" not in source)


def _signature(arguments: Sequence[Argument]) -> str:
    parts = []
    for a in arguments:
        if a.passing == "only" and "*" not in parts:
            parts.append("*")
        if a.passing != "extra":
            parts.append(a.name if a.default is None else f"{a.name}={a.default}")
    if any(a.passing == "extra" for a in arguments):
        parts.append("**more")
    return ", ".join(parts)
