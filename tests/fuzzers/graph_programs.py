"""Random programs over all rows of the op table: what they are, how they grow, what they compute, and how they are made smaller."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from fuzzers.loop_thresholds import AS_THEY_ARE, WAYS, Thresholds

Operand = int | float  # an int is the number of an earlier result


Step = tuple[str, tuple[Operand, ...]]


EXTREMES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e-8, -1e-8, 20.0, -30.0, 400.0, -1000.0, 1e8, 1e300, -1e300, 5e-324, math.inf, math.nan)


COMPARISONS = {"where": ">", "if": "<="}
"""The kinds of choice, and how each compares. The sides of a `where` are functions; an `if` is Python's own."""


LOOPS = ("for", "scan", "while", "each")
"""The kinds of loop: "scan5" repeats something five times. In "each5", which is a scan too, each round has a number of its own."""


MOST_ROUNDS = 24


class Carry:
    """In place of an operand: what the last round has computed."""


CARRY = Carry()


@dataclass(frozen=True)
class Program:
    """Numbers to begin with, and steps; and the thresholds with which it is compiled."""

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]
    thresholds: Thresholds = AS_THEY_ARE

    def __str__(self) -> str:
        lines = [
            "import functools",
            "from autograd import Value, scan, where, while_loop",
            "from autograd.functions import call",
            "from autograd.ops import OPERATIONS as ops",
            "",
            *self.thresholds.lines(),
        ]
        lines += [f"v{i} = Value({_literal(x)})" for i, x in enumerate(self.inputs)]
        for i, (name, operands) in enumerate(self.steps, start=len(self.inputs)):
            lines.append(f"v{i} = {_written(name, [f'v{x}' if isinstance(x, int) else _literal(x) for x in operands])}")
        lines.append(f"v{len(self.inputs) + len(self.steps) - 1}.backward()")
        return "\n".join(lines)


@dataclass(frozen=True)
class Result:
    """A step on plain numbers.

    Attributes:
        value: nan where it is outside.
        slopes: by each operand; None by those that have no part in it, because a choice went the other way.
        path: how its choices went.
        outside: whether an operand lies outside a domain.
    """

    value: float
    slopes: list[float | None]
    path: tuple[bool, ...] = ()
    outside: bool = False


def _literal(x: float) -> str:
    return repr(x) if math.isfinite(x) else f"float({str(x)!r})"


def _written(name: str, operands: list[str]) -> str:
    """A step as source code."""
    kind, rest = _kind(name)
    if rounds_of(kind) is not None:
        return _written_loop(name, operands)
    if kind:
        a, b, *inner, other = operands
        side, condition = _written(rest, inner), f"{a} {COMPARISONS[kind]} {b}"
        return f"where({condition}, lambda: {side}, lambda: {other})" if kind == "where" else f"({side} if {condition} else {other})"
    *outer, first = rest.split(".")
    text = f"call(ops[{first!r}], {', '.join(operands)})"
    for row in reversed(outer):
        text = f"call(ops[{row!r}], {text})"
    return text


def _written_loop(name: str, operands: list[str]) -> str:
    """A loop as an expression."""
    form, rounds, rest, init, xs, own = loop_of(name, operands)
    carry = "c[1]" if form == "while" else "c"
    text = _written(rest, [carry if x is CARRY else "x" if x is xs else x for x in own])
    if form == "for":
        return f"functools.reduce(lambda c, _: {text}, range({rounds}), {init})"
    if form == "while":
        return f"while_loop(lambda c: c[0] < {rounds}, lambda c: (c[0] + 1, {text}), (0, {init}))[1]"
    if form == "each":
        return f"scan(lambda c, x: ({text}, None), {init}, [{', '.join(xs)}])[0]"
    return f"scan(lambda c, _: ({text}, None), {init}, length={rounds})[0]"


def rounds_of(kind: str) -> int | None:
    """How many rounds a loop has; None for a choice."""
    form = kind.rstrip("0123456789")
    return int(kind[len(form) :]) if form in LOOPS else None


def loop_of(name: str, operands: Sequence[Any]) -> tuple[str, int, str, Any, Sequence[Any], list[Any]]:
    """The parts of a loop.

    Returns:
        Its form; the number of rounds; what is repeated; the first number that is carried; the numbers of the rounds; and the operands of
        what is repeated, with CARRY for the carried number, and the sequence of the numbers of the rounds for that of the round.
    """
    kind, rest = _kind(name)
    rounds = rounds_of(kind) or 0
    form = kind.rstrip("0123456789")
    count = rounds if form == "each" else 0
    xs, own = tuple(operands[:count]), list(operands[count:])
    inner, _ = _kind(rest)
    skipped = rounds_of(inner) if inner.startswith("each") else 0
    places = {0, 2, len(own) - 1} if inner in COMPARISONS else {skipped or 0}
    init = own[min(places)]
    for k in places:
        own[k] = CARRY
    if form == "each":
        own[min(places) + 1] = xs
    return form, rounds, rest, init, xs, own


def of_round(own: list[Any], xs: Sequence[Any], i: int, carry: Any) -> list[Any]:
    """The operands of what is repeated, in one round."""
    return [carry if x is CARRY else xs[i] if x is xs else x for x in own]


def _kind(name: str) -> tuple[str, str]:
    """The kind of choice or loop that a step is, and what is chosen or repeated; or "" and its rows."""
    kind, colon, rest = name.partition(":")
    return (kind, rest) if colon else ("", name)


def data_of(operands: Sequence[Operand], results: Sequence[Any]) -> list[Any]:
    """The operands of a step, of the results so far."""
    return [results[x] if isinstance(x, int) else x for x in operands]


def grow(rng: random.Random, package: ModuleType, names: Sequence[str]) -> Program:
    """A program whose steps mostly stay inside the domains and of moderate size; a few go anywhere."""
    operations = package.ops.OPERATIONS
    unary = [name for name in names if operations[name].arity == 1]
    wild = rng.random() < 0.15
    choosy, loopy = rng.choice([(0.0, 0.0), (0.0, 0.0), (0.2, 0.0), (0.0, 0.25), (0.15, 0.15)])

    def number() -> float:
        return rng.choice(EXTREMES) if rng.random() < (0.5 if wild else 0.05) else rng.uniform(-3.0, 3.0)

    inputs = tuple(number() for _ in range(rng.randint(1, 4)))
    results = list(inputs)
    steps: list[Step] = []
    for _ in range(rng.choice([2, 5, 10, 20, 40])):
        for _attempt in range(20):
            name = rng.choice(names)
            arity, fixed = operations[name].arity or 2 * rng.randint(1, 4), operations[name].fixed
            parameters = range(arity - operations[name].parameters, arity)
            if rng.random() < choosy:
                name = f"{rng.choice(unary)}.{name}"
            rounds = 1
            while (roll := rng.random()) < choosy + loopy:
                if roll < choosy:
                    name, more, offset = f"{rng.choice(list(COMPARISONS))}:{name}", 3, 2
                else:
                    count = min(rng.choice([0, 1, 2, 3, 3, 4, 5, 9, 24]), MOST_ROUNDS // rounds)
                    rounds *= max(count, 1)
                    form = rng.choice(LOOPS if count < 6 and arity > 1 and not parameters else LOOPS[:-1])
                    more = offset = count if form == "each" else 0
                    name = f"{form}{count}:{name}"
                arity, parameters = arity + more, range(parameters.start + offset, parameters.stop + offset)
            near = len(results) - rng.randint(1, min(len(results), 4))
            operands: list[Operand] = [near if rng.random() < 0.6 else rng.randrange(len(results)) for _ in range(arity)]
            for k in range(1, arity):
                if fixed and k in parameters:
                    operands[k] = rng.choice([0.0, 1.0, 2.0, 3.0])
                elif rng.random() < (0.6 if k in parameters else 0.1):
                    operands[k] = rng.choice([2.0, 3.0, -1.0, 0.5, number()])
            result = on_floats(package, name, data_of(operands, results))
            if rng.random() < 0.02 or (not result.outside and (wild or abs(result.value) < 1e6)):
                break
        else:
            continue
        steps.append((name, tuple(operands)))
        results.append(result.value)
        if result.outside:
            break
    return live(Program(inputs, tuple(steps) or (("pos", (0,)),), rng.choice(WAYS) if loopy else AS_THEY_ARE))


def live(program: Program) -> Program:
    """Without the steps that the result does not depend on: a graph does not contain them, so that it cannot fail for them."""
    n = len(program.inputs)
    steps = [
        (name, tuple([x if k in used else 0.0 for k, x in enumerate(operands)]))
        for name, operands in program.steps
        for used in [_used(name, range(len(operands)))]
    ]
    needed = {n + len(steps) - 1}
    for i in range(len(steps) - 1, -1, -1):
        if n + i in needed:
            needed.update(x for x in steps[i][1] if isinstance(x, int))
    kept = [i for i in range(n + len(steps)) if i < n or i in needed]
    number = {old: new for new, old in enumerate(kept)}
    return replace(
        program,
        steps=tuple(
            [
                (name, tuple([number[x] if isinstance(x, int) else x for x in operands]))
                for name, operands in [steps[i - n] for i in kept[n:]]
            ]
        ),
    )


def _used(name: str, places: Sequence[Any]) -> set[Any]:
    """Which operands a step looks at: in a loop, others stand where the carried number comes."""
    kind, rest = _kind(name)
    if rounds_of(kind) is not None:
        _, rounds, rest, init, xs, own = loop_of(name, places)
        return {init, *xs, *[x for x in _used(rest, own) if isinstance(x, int)]} if rounds else {init}
    return {*places[:2], places[-1], *_used(rest, places[2:-1])} if kind else {*places}


def decided(program: Program, path: Sequence[bool]) -> Program:
    """The program with its choices made, and its loops unrolled: what a graph keeps of it."""
    ways = iter(path)
    steps: list[Step] = []

    def taken(name: str, operands: Sequence[Operand]) -> Operand:
        """Append the steps that it stands for, and return the number of their result."""
        kind, rest = _kind(name)
        if rounds_of(kind) is not None:
            _, rounds, rest, init, xs, own = loop_of(name, operands)
            carry: Operand = init if rounds else taken("pos", [init])
            for i in range(rounds):
                carry = taken(rest, of_round(own, xs, i, carry))
            return carry
        if kind and next(ways):
            return taken(rest, operands[2:-1])
        steps.append(("pos", tuple(operands[-1:])) if kind else (name, tuple(operands)))
        return len(program.inputs) + len(steps) - 1

    results: list[Operand] = [*range(len(program.inputs))]
    for name, operands in program.steps:
        results.append(taken(name, [results[x] if isinstance(x, int) else x for x in operands]))
    return live(replace(program, steps=tuple(steps)))


def on_floats(package: ModuleType, name: str, data: Sequence[float], noisy: Callable[[float], float] = float) -> Result:
    """A step on plain numbers, each of its values and slopes made noisy."""
    operations, floats = package.ops.OPERATIONS, package.namespaces.FLOATS
    kind, rest = _kind(name)
    if rounds_of(kind) is not None:
        return _loop_on_floats(package, name, data, noisy)
    if kind:
        if data[0] > data[1] if kind == "where" else data[0] <= data[1]:
            side = on_floats(package, rest, data[2:-1], noisy)
            return Result(side.value, [None, None, *side.slopes, None], (True, *side.path), side.outside)
        return Result(data[-1], [*[None] * (len(data) - 1), 1.0], (False,))
    *outer, first = rest.split(".")
    slopes: list[float] = []
    outside = False
    for row in (first, *reversed(outer)):
        operation = operations[row]
        outside = outside or bool(package.ops.outside(operation, floats, *data))
        y = float(operation.value(floats, *data))
        local = [noisy(float(slope)) for slope in operation.slopes(floats, y, *data)]
        slopes = [local[0] * slope for slope in slopes] or local
        terms = {"sum": data, "logsumexp": [1.0, *data], "dot": [a * b for a, b in zip(data, data[len(data) // 2 :], strict=False)]}
        size = max(map(abs, terms[row])) if row in terms else 0.0  # what is added up may cancel, in whatever order
        data = [noisy(y) + (noisy(size) - size if math.isfinite(size) else 0.0)]
    return Result(math.nan if outside else data[0], slopes, (), outside)


def _loop_on_floats(package: ModuleType, name: str, data: Sequence[float], noisy: Callable[[float], float]) -> Result:
    """A loop on plain numbers: the chain rule, round by round."""
    _, rounds, rest, init, xs, own = loop_of(name, list(range(len(data))))
    value, path, outside = data[init], [], False
    slopes: list[float | None] = [None] * len(data)
    slopes[init] = 1.0
    for i in range(rounds):
        places = of_round(own, xs, i, CARRY)
        result = on_floats(package, rest, [value if x is CARRY else data[x] for x in places], noisy)
        by_carry = [slope for x, slope in zip(places, result.slopes, strict=True) if x is CARRY and slope is not None]
        slopes = [None if slope is None or not by_carry else slope * sum(by_carry) for slope in slopes]
        for x, slope in zip(places, result.slopes, strict=True):
            if x is not CARRY and slope is not None:
                slopes[x] = slope + (slopes[x] or 0.0)
        value = result.value
        path += result.path
        outside = outside or result.outside
    return Result(math.nan if outside else value, slopes, tuple(path), outside)


def on_values(package: ModuleType, name: str, data: Sequence[Any]) -> Any:
    """A step on Values and numbers, written as a user would."""
    kind, rest = _kind(name)
    if rounds_of(kind) is not None:
        return _loop_on_values(package, name, data)
    if kind:
        a, b, *inner, other = data
        if kind == "where":
            return package.where(a > b, lambda: on_values(package, rest, inner), lambda: other)
        return on_values(package, rest, inner) if a <= b else other
    call, operations = package.functions.call, package.ops.OPERATIONS
    *outer, first = rest.split(".")
    written = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "pow": lambda a, b: a**b,
        "dot": lambda *ab: package.dot(ab[: len(ab) // 2], ab[len(ab) // 2 :]),
    }
    has_values = any(isinstance(x, package.Value) for x in data)  # between numbers, operators are Python's
    y = written[first](*data) if first in written and has_values else call(operations[first], *data)
    for row in reversed(outer):
        y = call(operations[row], y)
    return y


def _loop_on_values(package: ModuleType, name: str, data: Sequence[Any]) -> Any:
    form, rounds, rest, init, xs, own = loop_of(name, list(range(len(data))))

    def after(carry: Any, x: Any = None) -> Any:
        return on_values(package, rest, [carry if k is CARRY else x if k is xs else data[k] for k in own])

    if form == "while":
        return package.while_loop(lambda c: c[0] < rounds, lambda c: (c[0] + 1, after(c[1])), (0, data[init]))[1]
    if form == "each":
        return package.scan(lambda c, x: (after(c, x), None), data[init], [data[k] for k in xs])[0]
    if form == "scan":
        return package.scan(lambda c, _: (after(c), None), data[init], length=rounds)[0]
    carry = data[init]
    for _ in range(rounds):
        carry = after(carry)
    return carry


def result_of(package: ModuleType, program: Program, inputs: Sequence[Any]) -> Any:
    """The last result: a Value, or a number where it depends on no input."""
    results = list(inputs)
    for name, operands in program.steps:
        results.append(on_values(package, name, data_of(operands, results)))
    return results[-1]


def simpler(program: Program) -> list[Program]:
    """Programs with one step, choice, loop, round or input less, or with plainer numbers."""
    results: list[Program] = []
    if program.thresholds != AS_THEY_ARE:
        results.append(replace(program, thresholds=AS_THEY_ARE))
    n = len(program.inputs)
    for cut in range(len(program.steps) - 1, 0, -1):
        results.append(replace(program, steps=program.steps[:cut]))
    for k, (name, operands) in enumerate(program.steps):
        results += [replace(program, steps=(*program.steps[:k], step, *program.steps[k + 1 :])) for step in _plainer(name, operands)]
    for drop in range(len(program.steps)):
        replacement = next((x for x in program.steps[drop][1] if isinstance(x, int)), 0)

        def renamed(x: Operand, drop: int = drop, replacement: int = replacement) -> Operand:
            if not isinstance(x, int) or x < n + drop:
                return x
            return replacement if x == n + drop else x - 1

        steps = [(name, tuple(map(renamed, operands))) for k, (name, operands) in enumerate(program.steps) if k != drop]
        if steps:
            results.append(replace(program, steps=tuple(steps)))
    for k, x in enumerate(program.inputs):
        for plainer in (0.0, 1.0, 2.0, round(x, 1) if math.isfinite(x) else 1.0):
            if repr(plainer) != repr(x) and (x not in (0.0, 1.0, 2.0)):
                results.append(replace(program, inputs=(*program.inputs[:k], plainer, *program.inputs[k + 1 :])))
    return [live(candidate) for candidate in results]


def _plainer(name: str, operands: tuple[Operand, ...]) -> Iterator[Step]:
    """What a step may become: less of it."""
    kind, rest = _kind(name)
    rounds = rounds_of(kind)
    if rounds is not None:
        form, count = kind.rstrip("0123456789"), rounds if kind.startswith("each") else 0
        yield rest, operands[count:]
        if form != "scan":
            yield f"scan{rounds}:{rest}", operands[count:]
        for fewer in sorted({1, 3, rounds // 2, rounds - 1}):
            if 0 < fewer < rounds:
                yield f"{form}{fewer}:{rest}", operands[count - fewer if count else 0 :]
    elif kind:
        yield rest, operands[2:-1]
        yield "pos", operands[-1:]
    elif "." in name:
        yield name.partition(".")[2], operands
