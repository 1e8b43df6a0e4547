"""The loops in random functions, `scan`, `while_loop` and `for`; and plain ones to compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from fuzzers.function_grammar import Writer

MOST_ROUNDS = 40
"""So many rounds has a loop at most, with those of the loops around it."""


# -- what a function finds under the names of the package -----------------------------------------------------------------------


def scan(step: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None) -> tuple[Any, Any]:
    """The loop that `autograd.scan` stands for, for arguments that it accepts."""
    carry, ys = init, []
    for i in range(_rounds(xs) if length is None else length):
        carry, y = step(carry, _of_round(xs, i))
        ys.append(y)
    return carry, _by_leaf(ys)


def _rounds(xs: Any) -> int:
    while isinstance(xs, (tuple, dict)):
        xs = xs[0] if isinstance(xs, tuple) else next(iter(xs.values()))
    return len(xs)


def _of_round(xs: Any, i: int) -> Any:
    if isinstance(xs, tuple):
        return tuple([_of_round(x, i) for x in xs])
    if isinstance(xs, dict):
        return {key: _of_round(x, i) for key, x in xs.items()}
    return None if xs is None else xs[i]


def _by_leaf(ys: list[Any]) -> Any:
    first = ys[0] if ys else 0.0
    if isinstance(first, tuple):
        return tuple([_by_leaf(list(column)) for column in zip(*ys, strict=True)])
    if isinstance(first, dict):
        return {key: _by_leaf([y[key] for y in ys]) for key in first}
    if isinstance(first, np.ndarray):
        return np.array(ys)
    return None if first is None else ys


def while_loop(condition: Callable[[Any], Any], step: Callable[[Any], Any], init: Any, max_rounds: int | None = None) -> Any:
    """The loop that `autograd.while_loop` stands for; the functions of the grammar end in time."""
    while condition(init):
        init = step(init)
    return init


LOOPS: dict[str, Any] = {"scan": scan, "while_loop": while_loop}


# -- the grammar ------------------------------------------------------------------------------------------------------------------


class Rounds(NamedTuple):
    """What the rounds of a scan get.

    Attributes:
        text: the arguments of `scan`.
        count: how many rounds there are.
        numbers, vectors: what is in `item`, the argument of a step.
    """

    text: str
    count: int
    numbers: list[str]
    vectors: list[tuple[str, int]]


def write_loop(writer: Writer, depth: int) -> None:
    """One of the loops that carry more than one number, or that are functions."""
    roll = writer.rng.random()
    if roll < 0.65:
        _write_scan(writer, depth)
    elif roll < 0.8:
        _write_while(writer)
    else:
        _write_for(writer, depth)


def _count(writer: Writer) -> int:
    return min(writer.rng.choice([0, 1, 2, 3, 3, 4, 5, 8, 9, 12, 40]), MOST_ROUNDS // writer.rounds)


def _begin(writer: Writer) -> str:
    """A number that is no constant, mostly: one that leaves a domain is an error also on the side of a `where` that is not selected."""
    return writer.variable() if "errors" in writer.on else writer.atom()


def _contracted(writer: Writer, carried: str) -> str:
    """What a carried number becomes. In many rounds it stays small, because a number that is squared forty times is noise."""
    rng, number = writer.rng, writer.number(2)
    if writer.rounds > 4:
        number = f"{rng.choice(['tanh', 'sin', 'atan'])}({number})"
    forms = [f"{carried} * 0.5 + {number}", f"tanh({carried} + {number})", f"sin({carried}) + {writer.atom()}", f"0.25 * {number}"]
    forms += [carried, writer.atom(), f"{carried} * {rng.choice(['0.9', writer.variable()])} + 0.125"]
    return rng.choices(forms, [6, 3, 3, 2, 1, 1, 2])[0]


def _rounds_of(writer: Writer, item: str) -> Rounds:
    rng, scope = writer.rng, writer.scope
    count = _count(writer)
    vectors = [(text, n) for text, n in scope.vectors if n * writer.rounds <= MOST_ROUNDS]
    roll = rng.random()
    if roll < 0.3 or not count:
        return Rounds(f"length={count}", count, [], [])
    if roll < 0.5 and vectors:
        text, n = rng.choice(vectors)
        return Rounds(text, n, [item], [])
    if roll < 0.6 and scope.matrices:
        text, n, m = rng.choice(scope.matrices)
        return Rounds(text, n, [f"{item}[0]", f"{item}[-1]"], [(item, m)])

    def column() -> str:
        few = [f"[{', '.join([_begin(writer) for _ in range(count)])}]"] if count < 6 else []
        few += [f"[{_begin(writer)}, {', '.join(['0.5'] * (count - 1))}]"] if count < 6 else []
        more = [f"[{writer.variable()} * 0.1 * i for i in range({count})]", f"[0.1 + 0.02 * i for i in range({count})]"]
        more += [] if "errors" in writer.on else [f"range({count})", f"[0.3 * i - 1.0 for i in range({count})]"]
        return rng.choice(few + more)

    if roll < 0.75:
        return Rounds(column(), count, [item], [])
    if roll < 0.85:
        return Rounds(f"({column()}, {column()})", count, [f"{item}[0]", f"{item}[1]"], [])
    return Rounds(f"{{'p': {column()}, 'q': {column()}}}", count, [f"{item}['p']", f"{item}['q']"], [])


CARRIES = {
    "number": ("{}", ("",)),
    "tuple": ("({}, {})", ("[0]", "[1]")),
    "triple": ("({}, {}, {})", ("[0]", "[1]", "[2]")),
    "list": ("[{}, {}]", ("[0]", "[1]")),
    "dict": ("{{'p': {}, 'q': {}}}", ("['p']", "['q']")),
    "nested": ("({}, [{}, {}])", ("[0]", "[1][0]", "[1][1]")),
    "with None": ("({}, None)", ("[0]",)),
    "counted": ("(0, {})", ("[1]",)),
}
"""Structures of a carry: their text, and where the numbers in them are. The first number of "counted" is the number of the round."""

KEPT = {
    "nothing": ("None", ()),
    "number": ("{}", ("",)),
    "tuple": ("({}, {})", ("[0]", "[1]")),
    "dict": ("{{'p': {}}}", ("['p']",)),
    "list": ("[{}, {}]", ()),
}
"""Structures of what a round keeps; and where the numbers of all rounds are."""


def _write_scan(writer: Writer, depth: int) -> None:
    rng = writer.rng
    step, carry, item = writer.name("step"), writer.name("c"), writer.name("e")
    rounds = _rounds_of(writer, item)
    kind = rng.choice(list(CARRIES))
    form, places = CARRIES[kind]
    init = form.format(*[_begin(writer) for _ in places])
    kept, kept_places = KEPT[rng.choice(list(KEPT))]
    with writer.block(f"def {step}({carry}, {item}):"):
        own = [carry + place for place in places]
        around = writer.rounds
        writer.rounds = around * max(rounds.count, 1)
        writer.scope.numbers += [*own, *own, *rounds.numbers, *rounds.numbers]
        writer.scope.vectors += rounds.vectors
        if kind == "counted" and "errors" not in writer.on:
            writer.scope.numbers.append(f"{carry}[0]")
        if depth and rng.random() < 0.35:
            writer.statement(depth - 1)
        after = form.format(*[_contracted(writer, text) for text in own])
        after = after.replace("(0,", f"({carry}[0] + 1,", 1) if kind == "counted" else after
        y = kept.format(*[rng.choice([writer.number, writer.atom])() for _ in range(kept.count("{}"))])
        if rng.random() < 0.4 and writer.has("infinite"):
            y = kept.format(*[writer.root() for _ in range(kept.count("{}"))])
        writer.line(f"return {after}, {y}")
        writer.rounds = around
    last, ys = writer.name(), writer.name("u")
    writer.line(f"{last}, {ys} = scan({step}, {init}, {rounds.text})")
    writer.scope.numbers += [last + place for place in places]
    if not rounds.count:
        return
    if kept.startswith("["):
        writer.scope.matrices.append((ys, rounds.count, 2))
        writer.scope.numbers.append(f"{ys}[{rng.randrange(rounds.count)}][1]")
    for place in kept_places:
        if rng.random() < 0.8:
            writer.scope.vectors.append((ys + place, rounds.count))
            used = [f"{ys}{place}[{rng.randrange(rounds.count)}]", f"{ys}{place}[-1]", f"sum({ys}{place})", f"sum({ys}{place}[::2])"]
            writer.assign(rng.choice(used))


def _write_while(writer: Writer) -> None:
    """A loop that ends after some rounds, or before that: counted by a plain number, or by one that depends on a variable."""
    rng = writer.rng
    step, condition, carry, last = (writer.name(letter) for letter in ("step", "while", "c", "v"))
    is_decided = writer.has("branches") and rng.random() < 0.6
    most = min(rng.choice([1, 2, 4, 8, 14] if is_decided else [0, 1, 2, 3]), MOST_ROUNDS // writer.rounds)
    count = f"{most} * (0.5 + 0.5 * tanh({writer.variable()}))" if is_decided else "0"
    init = _begin(writer)
    with writer.block(f"def {step}({carry}):"):
        around = writer.rounds
        writer.rounds = around * max(most, 1)
        writer.scope.numbers += [f"{carry}[{int(is_decided and rng.random() < 0.7)}]", f"{carry}[1]"] if is_decided else [f"{carry}[1]"] * 2
        after = _contracted(writer, f"{carry}[1]")
        writer.line(f"return {carry}[0] {'- 0.875' if is_decided else '+ 1'}, {after}")
        writer.rounds = around
    with writer.block(f"def {condition}({carry}):"):
        asked = f"{carry}[0] > 0.125" if is_decided else f"{carry}[0] < {most}"
        if writer.has("branches") and rng.random() < 0.6:
            writer.scope.numbers += [f"{carry}[1]"] * 2
            other = f"{carry}[1] {rng.choice('<>')} {writer.atom()}"
            asked = f"({asked}) & ({other})" if is_decided and rng.random() < 0.7 else f"{asked} and {other}"
        writer.line(f"return {asked}")
    rounds = 2 * most if is_decided else most
    writer.line(f"{last} = while_loop({condition}, {step}, ({count}, {init}), max_rounds={rounds + rng.choice([0, 3])})")
    writer.scope.numbers += [f"{last}[1]", f"{last}[0]"] if is_decided else [f"{last}[1]"]


def _write_for(writer: Writer, depth: int) -> None:
    """A recurrence of two numbers."""
    a, b, i = writer.name(), writer.name(), writer.name("i")
    count = _count(writer)
    writer.line(f"{a}, {b} = {writer.atom()}, {writer.atom()}")
    with writer.block(f"for {i} in range({count}):"):
        around = writer.rounds
        writer.rounds = around * max(count, 1)
        writer.scope.numbers += [a, b, a, b]
        if depth and writer.rng.random() < 0.25:
            writer.statement(depth - 1)
        writer.line(f"{a}, {b} = {_contracted(writer, b)}, {_contracted(writer, a)}")
        writer.rounds = around
    writer.scope.numbers += [a, b]
