"""Random programs over all rows of the op table, run by every engine there is: the test bench of the engine and the compiler.

``python tests/fuzzers graphs --minutes 60`` goes on for an hour, prints counts, and a runnable program for each disagreement.

A program is a list of steps; a step is what to do and its operands, each the number of an earlier result or a constant. What to
do is the name of a row; or several, as "log.div", the last of them first; or a choice, as "where:log.div", whose operands are two
numbers to compare, those of "log.div", and what it gives otherwise; or a loop, as "scan5:log.div". Choices and loops nest.

Every program runs eagerly in both builds and, at several points at once, as a compiled function. Once its choices are made it
also runs as a compiled graph and with PyTorch. Engines must agree to within what rounding alone can do to the program, which is
measured: by running it with each operation's result off by a few units in the last place, at random.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import random
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

import autograd  # noqa: F401 - before `engine` loads the other build, so that nothing loads a third
from benchmarks.harness import engine
from benchmarks.results import RESULTS, record
from fuzzers.graph_programs import EXTREMES, Program, Result, data_of, decided, grow, on_floats, result_of, simpler
from fuzzers.loop_thresholds import compiled_with

EXECUTORS = {"numpy": "numpy", "native": "llvmlite", "jax": "jax"}
"""The package that each needs. JAX takes a second to begin with a program, so it runs only if asked for: ``--executors jax``."""


FAST = [name for name in ("numpy", "native") if importlib.util.find_spec(EXECUTORS[name])]


@dataclass(frozen=True)
class Outcome:
    """What became of a program: a value and a gradient for each input, or an exception; and, where it is known, how it chose."""

    value: float = math.nan
    gradients: tuple[float, ...] = ()
    error: str = ""
    path: tuple[bool, ...] = ()


def run_eager(package: ModuleType, program: Program, inputs: tuple[float, ...] | None = None) -> tuple[Outcome, Any, list[Any]]:
    """With one build of the engine; also the result and the leaves, where there was no error."""
    leaves = [package.Value(x) for x in inputs or program.inputs]
    try:
        result = result_of(package, program, leaves)
    except package.AutogradError as error:
        return Outcome(error=f"{type(error).__name__}: {error}"), None, leaves
    if not isinstance(result, package.Value):
        result = package.Value(result)
    result.backward()
    return Outcome(result.data, tuple(x.grad for x in leaves)), result, leaves


def run_graph(package: ModuleType, program: Program, inputs: tuple[float, ...], executor: str) -> Outcome:
    """As a compiled graph: recorded at the program's own inputs, run at others."""
    _, result, leaves = run_eager(package, program)
    if result is None:
        return Outcome(error="not recorded")
    compiled = package.compile(result, executor=executor)
    for leaf, x in zip(leaves, inputs, strict=True):
        leaf.data, leaf.grad = x, 0.0
    try:
        value = compiled()
    except package.AutogradError as error:
        if any(leaf.grad for leaf in leaves):
            return Outcome(error=f"gradients were changed by {error}")
        return Outcome(error=f"{type(error).__name__}: {error}")
    return Outcome(value, tuple(leaf.grad for leaf in leaves))


def run_function(
    package: ModuleType, program: Program, points: Sequence[tuple[float, ...]], executor: str
) -> tuple[list[Outcome], list[int]]:
    """As a compiled function, at all points in one call; also the numbers of elements outside a domain, one for each warning.

    Raises:
        AutogradError: it cannot be recorded or run.
        AssertionError: a later call, which takes a shortcut and finds the storage of others, gives something else.
    """
    compiled = package.compile(lambda *inputs: result_of(package, program, inputs), executor=executor)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wrt = tuple(range(len(points[0])))
        value, gradients = compiled.value_and_grad(*[list(column) for column in zip(*points, strict=True)], wrt=wrt)
    columns = np.array(points).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(0 if "if:" in repr(program.steps) else 2):  # an `if` that depends on rounding may be decided otherwise
            compiled.value_and_grad(*columns[:, ::-1].copy(), wrt=wrt)
            later, slopes = compiled.value_and_grad(*columns.copy(), wrt=wrt)
            for a, b in zip((value, *gradients), (later, *slopes), strict=True):
                assert np.array_equal(a, b, equal_nan=True), f"at first {a}, in a later call {b}"
    outcomes = [Outcome(float(y), tuple(map(float, slopes))) for y, *slopes in zip(value, *gradients, strict=True)]
    return outcomes, [int(str(warning.message).split(": ")[1].split()[0]) for warning in caught]


def run_torch(package: ModuleType, torch: ModuleType, program: Program) -> Outcome | None:
    """With PyTorch, which raises nothing; None where it has no such operation."""
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.inputs]
    results = list(tensors)
    for name, operands in program.steps:
        operation = package.ops.OPERATIONS.get(name)
        function = None if operation is None else package.notation.torch_function(operation, torch)
        if function is None:
            return None
        results.append(function(*[results[x] if isinstance(x, int) else torch.tensor(x, dtype=torch.float64) for x in operands]))
    if not results[-1].requires_grad:
        return None
    results[-1].backward()
    return Outcome(results[-1].item(), tuple(0.0 if t.grad is None else t.grad.item() for t in tensors))


EPSILON = 2.0**-53


def run_on_floats(package: ModuleType, program: Program, inputs: tuple[float, ...], rng: random.Random | None = None) -> Outcome:
    """The chain rule on plain numbers; with `rng`, each value and each slope is off by a few units in the last place."""

    def noisy(x: float) -> float:
        return x * (1.0 + rng.uniform(-4.0, 4.0) * EPSILON) if rng and math.isfinite(x) else x

    values = [noisy(x) for x in inputs]
    results: list[Result] = []
    for name, operands in program.steps:
        results.append(on_floats(package, name, data_of(operands, values), noisy))
        values.append(results[-1].value)
    path = tuple(way for result in results for way in result.path)
    if any(result.outside for result in results):
        return Outcome(error="outside", path=path)
    gradients = [0.0] * len(values)
    gradients[-1] = 1.0
    for i in range(len(program.steps) - 1, -1, -1):
        upstream = gradients[len(inputs) + i]
        for x, slope in zip(program.steps[i][1], results[i].slopes, strict=True):
            if isinstance(x, int) and slope is not None:
                gradients[x] += upstream * slope
    return Outcome(values[-1], tuple(gradients[: len(inputs)]), path=path)


def agree(a: Outcome, b: Outcome, noise: list[Outcome]) -> bool:
    """Whether two outcomes differ by no more than rounding explains."""
    if a.error or b.error:
        # of several errors the one that is met first depends on the order of evaluation, which a graph does not keep
        return bool(a.error and b.error) or any(n.error for n in noise)
    if any(n.error for n in noise) and not all(map(math.isfinite, _numbers(b))):
        return True  # rounding decides whether it is outside, where a compiled function goes on with inf or nan
    noise = [n for n in noise if not n.error]
    if not noise or any(n.path != noise[0].path for n in noise):
        return True  # rounding decides whether it is an error, or which way it goes
    pairs = zip((a.value, *a.gradients), (b.value, *b.gradients), *[(n.value, *n.gradients) for n in noise], strict=True)
    return all(_close(x, y, cloud) for x, y, *cloud in pairs)


def _close(x: float, y: float, cloud: list[float]) -> bool:
    if x == y or (x != x and y != y):
        return True
    if not math.isfinite(x) or not math.isfinite(y):
        return any(not math.isfinite(n) or abs(n) > 1e300 for n in cloud) or min(abs(x), abs(y)) > 1e300
    if any(not math.isfinite(n) for n in cloud):
        return True
    spread = max(*cloud, x) - min(*cloud, x)
    return abs(x - y) <= 20.0 * spread + 8.0 * math.ulp(max(abs(x), abs(y))) + 1e-290


def _numbers(outcome: Outcome) -> tuple[float, ...]:
    return outcome.value, *outcome.gradients


class Bench:
    """The engines, and counts of what was compared."""

    def __init__(self, torch: ModuleType | None, executors: Sequence[str] = FAST) -> None:
        self.plain, _ = engine(plain=True)
        self.native, _ = engine(plain=False)
        self.torch = torch
        self.executors = executors
        self.counts: Counter[str] = Counter()

    def grow(self, rng: random.Random) -> Program:
        return grow(rng, self.plain, sorted(set(self.plain.ops.OPERATIONS) & set(self.native.ops.OPERATIONS)))

    def disagreement(self, program: Program, seed: int = 0) -> str:
        """What the engines do not agree on; nothing, mostly."""
        rng = random.Random(seed)
        self.counts["programs"] += 1
        self.counts["steps"] += len(program.steps)
        plain, _, _ = run_eager(self.plain, program)
        native, _, _ = run_eager(self.native, program)
        if repr(plain) != repr(native):
            return f"plain {plain}, native {native}"
        result = self._as_function(program, rng)
        if result or plain.error:
            self.counts["errors, the same in both builds"] += bool(plain.error)
            return result
        straight = decided(program, run_on_floats(self.native, program, program.inputs).path)
        return self._as_graph(straight, rng) or (self._against_torch(straight, plain, rng) if self.torch else "")

    def _agree(self, a: Outcome, b: Outcome, program: Program, inputs: tuple[float, ...], rng: random.Random) -> bool:
        """Whether rounding explains the difference. Noise is made only where there is one, and more of it if that does not explain it."""
        if repr(a) == repr(b):
            return True
        noise = [run_on_floats(self.native, program, inputs, rng) for _ in range(6)]
        return agree(a, b, noise) or agree(a, b, noise + [run_on_floats(self.native, program, inputs, rng) for _ in range(60)])

    def _as_function(self, program: Program, rng: random.Random) -> str:
        points = [program.inputs, *[tuple(_moved(x, rng) for x in program.inputs) for _ in range(4)]]
        rng.shuffle(points)
        eager = [run_eager(self.native, program, inputs)[0] for inputs in points]
        surely = sum(self._outside(outcome, program, inputs) for outcome, inputs in zip(eager, points, strict=True))
        possibly = sum(bool(outcome.error) for outcome in eager)
        for executor in self.executors:
            try:
                with compiled_with(program.thresholds.for_executor(executor), self.native):
                    result, warned = run_function(self.native, program, points, executor)
            except Exception as error:
                return f"as a function ({executor}) of {points}: {type(error).__name__}: {error}"
            self.counts["function, points compared"] += len(points) - possibly
            self.counts["function, points outside"] += possibly
            for inputs, a, b in zip(points, eager, result, strict=True):
                if not a.error and not self._agree(a, b, program, inputs, rng):
                    return f"as a function ({executor}) of {points}, at {inputs}: eager {a}, compiled {b}"
            if sum(warned) < surely or max(warned, default=0) > possibly:  # a point is in several warnings if it fails several times
                unsure = sum(self._depends_on_rounding(program, inputs, rng) for inputs in points)
                if sum(warned) < surely - unsure or max(warned, default=0) > possibly + unsure:
                    return f"as a function ({executor}) of {points}: {surely} to {possibly} are outside, the warnings say {warned}"
        return ""

    def _outside(self, eager: Outcome, program: Program, inputs: tuple[float, ...]) -> bool:
        """Whether a compiled function must warn: not of a step that only the other side of an `if` needs, which no graph contains."""
        if eager.error and "if:" in repr(program.steps):
            eager, _, _ = run_eager(self.native, decided(program, run_on_floats(self.native, program, inputs).path), inputs)
        return bool(eager.error)

    def _depends_on_rounding(self, program: Program, inputs: tuple[float, ...], rng: random.Random) -> bool:
        """Whether noise makes it an error, or none, or changes a choice."""
        noise = [run_on_floats(self.native, program, inputs, rng) for _ in range(60)]
        return len({(n.error, n.path) for n in noise}) > 1

    def _as_graph(self, program: Program, rng: random.Random) -> str:
        other = tuple(x * 1.125 + 0.03 if math.isfinite(x) else x for x in program.inputs)
        for inputs in (program.inputs, other):
            eager, _, _ = run_eager(self.native, program, inputs)
            for executor in self.executors:
                with compiled_with(program.thresholds.for_executor(executor), self.native):
                    compiled = run_graph(self.native, program, inputs, executor)
                self.counts["graph, errors" if compiled.error else "graph, compared"] += 1
                if not self._agree(eager, compiled, program, inputs, rng):
                    return f"as a graph ({executor}) at {inputs}: eager {eager}, compiled {compiled}"
        return ""

    def _against_torch(self, program: Program, ours: Outcome, rng: random.Random) -> str:
        theirs = run_torch(self.plain, self.torch, program)  # type: ignore[arg-type]
        if theirs is None:
            return ""
        self.counts["PyTorch, compared"] += 1
        if self._agree(ours, theirs, program, program.inputs, rng):
            return ""
        noise = [run_on_floats(self.plain, program, program.inputs, rng) for _ in range(66)]
        verdict = arbitrate(program, ours, theirs, noise)
        self.counts[f"PyTorch differs, the arbiter says: {verdict}"] += 1
        return f"the arbiter is against us: ours {ours}, PyTorch {theirs}" if verdict == "we are wrong" else ""

    def summary(self) -> str:
        return "; ".join(f"{name}: {count:,}" for name, count in sorted(self.counts.items()))

    def shrink(self, program: Program) -> Program:
        """A smaller program that the engines still do not agree on."""
        smaller = True
        while smaller:
            smaller = False
            for candidate in simpler(program):
                if self.disagreement(candidate):
                    program, smaller = candidate, True
                    break
        return program


def _moved(x: float, rng: random.Random) -> float:
    return rng.choice([x, x, x * 1.125 + 0.03, -x, rng.uniform(-3.0, 3.0), rng.choice(EXTREMES)])


def arbitrate(program: Program, ours: Outcome, theirs: Outcome, noise: list[Outcome]) -> str:
    """With 700 digits and differences: who is right about the value and the gradients? Independent of the rules."""
    from mpmath import mp
    from test_accuracy import EXACT

    def value(inputs: list[Any]) -> Any:
        results = list(inputs)
        for name, operands in program.steps:
            results.append(EXACT[name](*[results[x] if isinstance(x, int) else mp.mpf(x) for x in operands]))
            if mp.im(results[-1]) != 0:
                raise ValueError("outside the domain")
            if name == "atan2" and any(results[x] == 0 for x in operands if isinstance(x, int)):
                raise OverflowError("the sign of a zero decides, and it has none here")
            if abs(results[-1]) > mp.mpf(10) ** 300 or (results[-1] != 0 and abs(results[-1]) < mp.mpf(10) ** -300):
                raise OverflowError("floats have no such number")
        return results[-1]

    if any(math.isnan(x) for x in program.inputs) or any(x != x for _, operands in program.steps for x in operands):
        return "nan"
    with mp.workdps(700):  # 5e-324 is among the inputs, and the steps are smaller still
        try:
            point = [mp.mpf(x) for x in program.inputs]
            exact = value(point)
            gradients = []
            for i in range(len(point)):
                step = (abs(point[i]) or 1) * mp.mpf(10) ** -330
                up, down = ([*point[:i], point[i] + s, *point[i + 1 :]] for s in (step, -step))
                right, left = (value(up) - exact) / step, (exact - value(down)) / step
                if abs(right - left) > mp.mpf(10) ** -6 * (1 + abs(right)):
                    return "a corner or a pole: both sides differ"
                gradients.append((right + left) / 2)
        except (ArithmeticError, ValueError, TypeError):
            return "not defined there"
        judged = Outcome(float(exact), tuple(map(float, gradients)))
        for k, (result, other, right) in enumerate(zip(_numbers(ours), _numbers(theirs), _numbers(judged), strict=True)):
            if repr(result) == repr(other):
                continue
            if not math.isfinite(right) or abs(right) > 1e300:
                return "not finite"
            if math.isnan(result):
                return "an infinite slope times 0"
            cloud = [_numbers(n)[k] for n in noise if not n.error]
            if not (cloud and _close(result, right, cloud)) and abs(result - right) > 1e-6 * (abs(right) + 1e-12):
                return "we are wrong"
    return "we are right"


def main() -> None:
    parser = argparse.ArgumentParser(description="Look for programs that the engines do not agree on.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--executors", nargs="+", default=FAST, choices=EXECUTORS)
    parser.add_argument("--write", action="store_true", help=f"write the counts to {RESULTS.name}, from which the documentation has them")
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None  # type: ignore[assignment]
    bench = Bench(torch, options.executors)
    end = time.monotonic() + 60.0 * options.minutes
    rng = random.Random(options.seed)
    failures = 0
    reports = 0
    while time.monotonic() < end:
        program = bench.grow(rng)
        result = bench.disagreement(program)
        if bench.counts["programs"] // 100_000 > reports:
            reports += 1
            print(f"# so far: {failures} disagreements; {bench.summary()}", flush=True)
        if result:
            failures += 1
            small = bench.shrink(program)
            print(f"# {bench.disagreement(small)}\n{small}\n", flush=True)
    print(f"{failures} disagreements; {bench.summary()}")
    if options.write:
        run = {"minutes": options.minutes, "seed": options.seed, "programs": bench.counts["programs"], "disagreements": failures}
        record("fuzzed graphs", run)
