"""A reader of listings: it computes a program from its text alone."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.ops import COMPARISONS, OPERATIONS, Operation

Numbers = npt.NDArray[np.float64]

QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
NUMBER = r"-?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|inf\b|nan\b)"
TOKEN = re.compile(rf" *({QUOTED}|{NUMBER}|[₀-₉]+(?:,[₀-₉]+)*|ᵀ|(?:(?![₀-₉ᵀ])\w)+|\*\*|<=|==|[-+*/%<@()\[\]:;,=#])")
INDEX = r"(\[[0-9]{1,9}(, ?[0-9]{1,9})*\])+"
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
INFIX = {row.symbol: row for row in (*OPERATIONS.values(), *COMPARISONS) if row.symbol in ("+", "-", "*", "/", "**", "%", "<", "<=", "==")}


@dataclass
class Named:
    """Numbers of one sample, and which of them differ from sample to sample."""

    numbers: Numbers
    batched: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, numbers: Any, batched: bool) -> Named:
        array = np.array(numbers, dtype=np.float64)
        return cls(array, np.full(array.shape, batched))

    def each(self, change: Any) -> Named:
        return Named(change(self.numbers), change(self.batched))


@dataclass(frozen=True)
class Leaf:
    label: str
    number: float
    batched: bool = False


def row_called(word: str) -> Operation:
    [row] = {id(row): row for row in OPERATIONS.values() if word in (row.symbol, row.name)}.values()
    return row


class Listing:
    """A listing, read.

    Args:
        text: what `print` shows, with exact lines in place of abbreviated ones.
        leaves: the numbers that are given for one sample, in their order.
        arrays: those of the arguments of a function, by the names of the arguments.
        listed: the numbers of arrays whose order only `Line.leaves` has.
    """

    def __init__(
        self, text: str, leaves: Sequence[Leaf], arrays: Mapping[str, Named] | None = None, listed: Mapping[str, Any] | None = None
    ) -> None:
        self.leaves, self.arrays, self.listed = leaves, arrays or {}, listed or {}
        self.known: dict[str, Named] = {}
        self.last = ""
        self.result: Numbers | None = None
        head, _, *lines = text.split("\n")
        assert head.startswith("program: ")
        assert all(line.startswith("  ") for line in lines)
        legend = [": the " in re.sub(QUOTED, lambda quoted: "_" * len(quoted[0]), line) for line in lines]
        for line, is_legend in zip(lines, legend, strict=True):
            if is_legend:
                self.define(line[2:])
        for line, is_legend in zip(lines, legend, strict=True):
            if is_legend:
                continue
            self.start(line)
            if self.next("returns"):
                results = [self.operand()]
                while self.next(","):
                    results.append(self.operand())
                assert not self.tokens
                self.result = np.concatenate([np.ravel(x.numbers) for x in results])
            else:
                self.compute()
        if self.result is None and self.last:
            self.result = self.known[self.last].numbers.ravel()

    # -- words ----------------------------------------------------------------------------------------------------------

    def start(self, line: str) -> None:
        """The words of a line, up to its scope."""
        self.tokens: list[str] = []
        at = 0
        while at < len(line):
            match = TOKEN.match(line, at)
            assert match is not None, f"{line!r} cannot be read from {line[at:]!r} on"
            if match[1] == "#":
                break
            self.tokens.append(match[1])
            at = match.end()

    def next(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens = self.tokens[1:]
            return True
        return False

    def take(self) -> str:
        self.tokens, token = self.tokens[1:], self.tokens[0]
        return token

    # -- names ----------------------------------------------------------------------------------------------------------

    def define(self, line: str) -> None:
        """A line of the legend."""
        match = re.fullmatch(
            r"(.*): the (shared |batched |)leaves (labelled (?P<label>'.*'|\".*\")(?P<suffix> and a number| and an index|)|without a label)"
            r"(?P<order>, in the order of (the arguments|`leaves`|`Line.leaves`))?",
            line,
        )
        assert match is not None, line
        self.start("  " + match[1])
        label = ast.literal_eval(match["label"]) if match["label"] else ""
        behind = {" and a number": "[0-9]{1,9}", " and an index": INDEX}.get(match["suffix"] or "", "")
        own = [
            leaf
            for leaf in self.leaves
            if re.fullmatch(re.escape(label) + behind, leaf.label, re.DOTALL)
            and match[2] in ("", "batched " if leaf.batched else "shared ")
        ]
        if behind.startswith("[") and match["order"] is None:
            own.sort(key=lambda leaf: (int(leaf.label[len(label) :]), leaf.label))
        start = 0
        while self.tokens:
            name = self.take()
            shape = self.shape() if self.tokens and self.tokens[0] == "[" else ()
            assert not self.tokens or self.next(",")
            size = math.prod(shape)
            if (match["order"] or "").endswith("`Line.leaves`"):
                self.known[name] = Named.of(np.reshape(self.listed[name], shape), own[0].batched)
            elif behind.startswith("(") and match["order"] is None:
                self.known[name] = self.indexed(label, own)
            else:
                numbers = [leaf.number for leaf in own[start : start + size]]
                self.known[name] = Named(
                    np.reshape(numbers, shape), np.reshape([leaf.batched for leaf in own[start : start + size]], shape)
                )
            start += size
        assert start == len(own) or behind.startswith("(")

    def named(self, token: str) -> Named:
        if token not in self.known:
            label = ast.literal_eval(token) if token[0] in "'\"" else token
            exact = [leaf for leaf in self.leaves if leaf.label == label]
            indexed = [leaf for leaf in self.leaves if re.fullmatch(re.escape(label) + INDEX, leaf.label, re.DOTALL)]
            if not exact and not indexed and label in ("leaf", "leaves"):
                exact = [leaf for leaf in self.leaves if leaf.label == ""]
                assert (label == "leaf") == (len(exact) == 1)
            assert bool(exact) != bool(indexed), f"{token} could be {len(exact)} leaves of that label, or {len(indexed)} with an index"
            if exact:
                shape = () if len(exact) == 1 else (len(exact),)
                result = Named(np.reshape([x.number for x in exact], shape), np.reshape([x.batched for x in exact], shape))
            else:
                result = self.arrays[label] if label in self.arrays else self.indexed(label, indexed)
            self.known[token] = result
        return self.known[token]

    @staticmethod
    def indexed(label: str, leaves: Sequence[Leaf]) -> Named:
        indices = [tuple(map(int, re.findall("[0-9]+", leaf.label[len(label) :]))) for leaf in leaves]
        shape = tuple(1 + max(axis) for axis in zip(*indices, strict=True))
        result = Named(np.full(shape, math.nan), np.zeros(shape, dtype=bool))
        for index, leaf in zip(indices, leaves, strict=True):
            result.numbers[index], result.batched[index] = leaf.number, leaf.batched
        return result

    # -- operands -------------------------------------------------------------------------------------------------------

    def operand(self) -> Named:
        result = self.several() if self.next("(") else self.single()
        while self.tokens and self.tokens[0] in ("[", "ᵀ"):
            if self.next("ᵀ"):
                result = result.each(lambda x: np.swapaxes(x, -1, -2))
                continue
            inside = self.bracket()
            if any(sign in inside for sign in (":", "[", ";", "(")):
                result = self.part(result, inside)
                continue
            batched = inside[:1] == ["n"]
            assert result.batched.all() == batched == result.batched.any(), (inside, result)
            shape = tuple(int(size) for size in inside[batched:] if size != ",")
            size = math.prod(shape)
            result = result.each(lambda x, s=shape, k=size: x.reshape(s) if x.size == k else np.broadcast_to(x, s))
        return result

    def single(self) -> Named:
        token = self.take()
        if re.fullmatch(r"-?([0-9.]+(e[+-]?[0-9]+)?|inf|nan)", token):
            return Named.of(float(token), False)
        result = self.named(token)
        if result.numbers.size == 1:
            return result.each(lambda x: x.reshape(()))
        if self.tokens and re.fullmatch("[₀-₉]+(,[₀-₉]+)*", self.tokens[0]):
            index = tuple(int(i.translate(DIGITS)) for i in self.take().split(","))
            assert len(index) == result.numbers.ndim
            result = result.each(lambda x: x[index])
            return Named(np.array(result.numbers), np.array(result.batched))
        return result

    def several(self) -> Named:
        items = [self.operand()]
        while self.next(","):
            items.append(self.operand())
        assert self.next(")")
        if len(items) == 1:
            return items[0]
        return Named(np.concatenate([x.numbers.ravel() for x in items]), np.concatenate([x.batched.ravel() for x in items]))

    def bracket(self) -> list[str]:
        """What stands in a bracket."""
        assert self.next("[")
        inside: list[str] = []
        depth = 1
        while depth:
            token = self.take()
            depth += (token == "[") - (token == "]")
            inside.append(token)
        return inside[:-1]

    def shape(self) -> tuple[int, ...]:
        return tuple(int(size) for size in self.bracket() if size not in ("n", ","))

    @staticmethod
    def part(array: Named, inside: list[str]) -> Named:
        text = "".join(inside)
        shape = array.numbers.shape
        if ";" in text:
            axes, loops = text.split(";")
            sizes = {name: int(size) for name, size in (loop.split("<") for loop in loops.split(","))}
            grid = dict(zip(sizes, np.indices(tuple(sizes.values())), strict=True))
            index: Any = tuple(
                sum(
                    int((term.rstrip("ijklmpqrsuvw") or "+") + ("1" if term.rstrip("ijklmpqrsuvw") in ("", "+", "-") else ""))
                    * (grid[term[-1]] if term[-1].isalpha() else np.ones(tuple(sizes.values()), dtype=int))
                    for term in re.findall(r"[+-]?[0-9]*[a-z]|[+-]?[0-9]+", axis)
                )
                for axis in axes.split(",")
            )
            assert len(index) == len(shape)
            assert all(np.all(i >= 0) for i in index)
            return array.each(lambda x: x[index])
        if text.startswith("("):
            points = ast.literal_eval(f"[{text}]")
            return array.each(lambda x: np.array([x[point] for point in points]))
        parts = re.findall(r"\[[0-9,]+\]|[-0-9:]+", text)
        assert len(parts) == len(shape)
        chosen = [
            ast.literal_eval(axis)
            if axis.startswith("[")
            else list(range(n))[slice(*[int(x) if x else None for x in axis.split(":")])]
            if ":" in axis
            else int(axis)
            for axis, n in zip(parts, shape, strict=True)
        ]
        kept = [len(axis) for axis in chosen if not isinstance(axis, int)]
        index = np.ix_(*[[axis] if isinstance(axis, int) else axis for axis in chosen])
        return array.each(lambda x: x[index].reshape(kept))

    # -- instructions ---------------------------------------------------------------------------------------------------

    def compute(self) -> None:
        name = self.take()
        scalar = self.tokens[0] if re.fullmatch("[₀-₉]+(,[₀-₉]+)*", self.tokens[0]) else ""
        if scalar:
            self.take()
        inside = self.bracket() if self.tokens[0] == "[" else []
        batched = inside[:1] == ["n"]
        shape = tuple(int(size) for size in inside[batched:] if size != ",")
        assert self.next("=")
        if "scalars" in self.tokens or "rounds" in self.tokens:
            self.known[name] = Named(np.full(shape, math.nan), np.zeros(shape, dtype=bool))
            self.last = name
            return
        self.read: list[Named] = []
        numbers = self.expression()
        differ = any(x.batched.any() for x in self.read)
        if self.next("for"):
            assert self.tokens == ["each", "sample"]
            assert batched
            assert not differ
            self.tokens, differ = [], True
        assert differ == batched, (name, inside)
        numbers = np.broadcast_to(numbers, shape).copy()
        if self.next("where"):
            if self.tokens[0] in self.known:
                mask = np.broadcast_to(self.operand().numbers, shape)
                numbers[mask == 0.0] = math.nan  # whoever reads it does not care
            else:
                self.tokens = []  # computed later
        assert not self.tokens, self.tokens
        if scalar:
            at = tuple([int(i) for i in scalar.translate(DIGITS).split(",")])
            self.known[name].numbers[at] = numbers
            self.known[name].batched[at] = batched
        else:
            assert name not in self.known, f"{name} has two meanings"
            self.known[name] = Named(numbers, np.full(shape, batched))
        self.last = name

    def argument(self) -> Numbers:
        self.read.append(self.operand())
        return self.read[-1].numbers

    def expression(self) -> Numbers:
        with np.errstate(all="ignore"):
            if self.next("Σ"):
                a = np.atleast_1d(self.argument())
                if self.next("*"):
                    a = np.atleast_1d(a * self.argument())
                return np.asarray(a.sum(axis=-1))
            if len(self.tokens) > 1 and self.tokens[1] == "(" and self.tokens[0] != "(":
                row = row_called(self.take())
                self.take()
                inputs = [self.argument()]
                while self.next(","):
                    inputs.append(self.argument())
                assert self.next(")")
                if row.arity is None:
                    [a] = inputs
                    inputs = list(np.moveaxis(a, -1, 0))
                else:
                    assert len(inputs) == row.arity
                    inputs = list(np.broadcast_arrays(*inputs))
                return np.asarray(row.value(ARRAYS, *inputs))
            a = self.argument()
            if not self.tokens or self.tokens[0] in ("for", "where"):
                return a
            sign = self.take()
            b = self.argument()
            if sign == "@":
                return a @ b
            return np.asarray(INFIX[sign].value(ARRAYS, *np.broadcast_arrays(a, b)))
