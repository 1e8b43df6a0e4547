"""Random programs over all rows of the op table, run by every engine there is: the test bench of the engine and the compiler.

``python tests/fuzzing.py --minutes 60`` goes on for an hour, prints counts, and a runnable program for each disagreement.

A program is a list of steps; a step is the name of a row and its operands, a number of an earlier result or a constant.
Engines must agree to within what rounding alone can do to the program, which is measured: by running it with each operation's
result off by a few units in the last place, at random.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.harness import engine  # noqa: E402 - found from here

Operand = int | float  # an int is the number of an earlier result
Step = tuple[str, tuple[Operand, ...]]
EXTREMES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e-8, -1e-8, 20.0, -30.0, 400.0, -1000.0, 1e8, 1e300, -1e300, 5e-324, math.inf, math.nan)
EPSILON = 2.0**-53


@dataclass(frozen=True)
class Program:
    """Numbers to begin with, and steps."""

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lines = ["from autograd import Value", "from autograd.functions import call", "from autograd.ops import OPERATIONS as ops", ""]
        lines += [f"v{i} = Value({_literal(x)})" for i, x in enumerate(self.inputs)]
        for i, (name, operands) in enumerate(self.steps, start=len(self.inputs)):
            written = ", ".join(f"v{x}" if isinstance(x, int) else _literal(x) for x in operands)
            lines.append(f"v{i} = call(ops[{name!r}], {written})")
        lines.append(f"v{len(self.inputs) + len(self.steps) - 1}.backward()")
        return "\n".join(lines)


@dataclass(frozen=True)
class Outcome:
    """What became of a program: a value and a gradient for each input, or an exception."""

    value: float = math.nan
    gradients: tuple[float, ...] = ()
    error: str = ""


def _literal(x: float) -> str:
    return repr(x) if math.isfinite(x) else f"float({str(x)!r})"


def grow(rng: random.Random, operations: dict[str, Any], floats: Any, outside: Callable[..., Any]) -> Program:
    """A program whose steps mostly stay inside the domains and of moderate size; a few go anywhere."""
    wild = rng.random() < 0.15

    def number() -> float:
        return rng.choice(EXTREMES) if rng.random() < (0.5 if wild else 0.05) else rng.uniform(-3.0, 3.0)

    inputs = tuple(number() for _ in range(rng.randint(1, 4)))
    results = list(inputs)
    steps: list[Step] = []
    names = sorted(operations)
    for _ in range(rng.choice([2, 5, 10, 20, 40])):
        for _attempt in range(20):
            name = rng.choice(names)
            row = operations[name]
            arity = row.arity or 2 * rng.randint(1, 4)
            near = len(results) - rng.randint(1, min(len(results), 4))
            operands: list[Operand] = [near if rng.random() < 0.6 else rng.randrange(len(results)) for _ in range(arity)]
            for k in range(1, arity):
                if rng.random() < (0.6 if k >= arity - row.parameters else 0.1):
                    operands[k] = rng.choice([2.0, 3.0, -1.0, 0.5, number()])
            data = [results[x] if isinstance(x, int) else x for x in operands]
            bad = bool(outside(row, floats, *data))
            y = float(row.value(floats, *data))
            if rng.random() < 0.02 or (not bad and (wild or abs(y) < 1e6)):
                break
        else:
            continue
        steps.append((name, tuple(operands)))
        results.append(y)
        if bad:
            break
    return live(Program(inputs, tuple(steps) or (("pos", (0,)),)))


def live(program: Program) -> Program:
    """Without the steps that the result does not depend on: a graph does not contain them, so that it cannot fail for them."""
    n = len(program.inputs)
    needed = {n + len(program.steps) - 1}
    for i in range(len(program.steps) - 1, -1, -1):
        if n + i in needed:
            needed.update(x for x in program.steps[i][1] if isinstance(x, int))
    kept = [i for i in range(n + len(program.steps)) if i < n or i in needed]
    number = {old: new for new, old in enumerate(kept)}
    steps = [program.steps[i - n] for i in kept[n:]]
    return Program(
        program.inputs, tuple((name, tuple(number[x] if isinstance(x, int) else x for x in operands)) for name, operands in steps)
    )


def run_eager(package: ModuleType, program: Program, inputs: tuple[float, ...] | None = None) -> tuple[Outcome, Any, list[Any]]:
    """With one build of the engine; also the result and the leaves, where there was no error."""
    call, operations = package.functions.call, package.ops.OPERATIONS
    written = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "pow": lambda a, b: a**b,
        "dot": lambda *ab: package.dot(ab[: len(ab) // 2], ab[len(ab) // 2 :]),
    }
    leaves = [package.Value(x) for x in inputs or program.inputs]
    results: list[Any] = list(leaves)
    try:
        for name, operands in program.steps:
            arguments = [results[x] if isinstance(x, int) else x for x in operands]
            results.append(written[name](*arguments) if name in written else call(operations[name], *arguments))
        results[-1].backward()
    except package.AutogradError as error:
        return Outcome(error=f"{type(error).__name__}: {error}"), None, leaves
    return Outcome(results[-1].data, tuple(x.grad for x in leaves)), results[-1], leaves


def run_compiled(package: ModuleType, program: Program, inputs: tuple[float, ...]) -> Outcome:
    """Recorded at the program's own inputs, run at others."""
    _, result, leaves = run_eager(package, program)
    if result is None:
        return Outcome(error="not recorded")
    compiled = package.compile(result)
    for leaf, x in zip(leaves, inputs, strict=True):
        leaf.data, leaf.grad = x, 0.0
    try:
        value = compiled()
    except package.AutogradError as error:
        if any(leaf.grad for leaf in leaves):
            return Outcome(error=f"gradients were changed by {error}")
        return Outcome(error=f"{type(error).__name__}: {error}")
    return Outcome(value, tuple(leaf.grad for leaf in leaves))


def run_torch(package: ModuleType, torch: ModuleType, program: Program) -> Outcome | None:
    """With PyTorch, which raises nothing; None where it has no such operation."""
    table = package.compiled.with_torch.torch_functions(torch)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.inputs]
    results = list(tensors)
    for name, operands in program.steps:
        function = table.get(name)
        if function is None:
            return None
        arguments = [results[x] if isinstance(x, int) else torch.tensor(x, dtype=torch.float64) for x in operands]
        results.append(function(*arguments))
    if not results[-1].requires_grad:
        return None
    results[-1].backward()
    return Outcome(results[-1].item(), tuple(0.0 if t.grad is None else t.grad.item() for t in tensors))


def run_with_noise(package: ModuleType, program: Program, inputs: tuple[float, ...], rng: random.Random) -> Outcome:
    """The chain rule on plain numbers, with each value and each slope off by a few units in the last place."""
    operations, floats = package.ops.OPERATIONS, package.namespaces.FLOATS

    def noisy(x: float) -> float:
        return x * (1.0 + rng.uniform(-4.0, 4.0) * EPSILON) if math.isfinite(x) else x

    results = [noisy(x) for x in inputs]
    slopes: list[list[float]] = []
    for name, operands in program.steps:
        data = [results[x] if isinstance(x, int) else x for x in operands]
        if package.ops.outside(operations[name], floats, *data):
            return Outcome(error="outside")
        y = float(operations[name].value(floats, *data))
        slopes.append([noisy(float(s)) for s in operations[name].slopes(floats, y, *data)])
        terms = {"sum": data, "logsumexp": [1.0, *data], "dot": [a * b for a, b in zip(data, data[len(data) // 2 :], strict=False)]}
        size = max(map(abs, terms[name])) if name in terms else 0.0  # what is added up may cancel, in whatever order
        results.append(noisy(y) + (noisy(size) - size if math.isfinite(size) else 0.0))
    gradients = [0.0] * len(results)
    gradients[-1] = 1.0
    for i in range(len(program.steps) - 1, -1, -1):
        upstream = gradients[len(inputs) + i]
        for x, slope in zip(program.steps[i][1], slopes[i], strict=True):
            if isinstance(x, int):
                gradients[x] += upstream * slope
    return Outcome(results[-1], tuple(gradients[: len(inputs)]))


def agree(a: Outcome, b: Outcome, noise: list[Outcome]) -> bool:
    """Whether two outcomes differ by no more than rounding explains."""
    if a.error or b.error:
        # of several errors the one that is met first depends on the order of evaluation, which a graph does not keep
        return bool(a.error and b.error) or any(n.error for n in noise)
    noise = [n for n in noise if not n.error]
    if not noise:
        return True
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

    def __init__(self, torch: ModuleType | None) -> None:
        self.plain, _ = engine(plain=True)
        self.native, _ = engine(plain=False)
        self.torch = torch
        self.counts: Counter[str] = Counter()

    def grow(self, rng: random.Random) -> Program:
        p = self.plain
        return grow(rng, {n: r for n, r in p.ops.OPERATIONS.items() if n in self.native.ops.OPERATIONS}, p.namespaces.FLOATS, p.ops.outside)

    def disagreement(self, program: Program, seed: int = 0) -> str:
        """What the engines do not agree on; nothing, mostly."""
        rng = random.Random(seed)
        self.counts["programs"] += 1
        self.counts["steps"] += len(program.steps)
        plain, _, _ = run_eager(self.plain, program)
        native, _, _ = run_eager(self.native, program)
        if repr(plain) != repr(native):
            return f"plain {plain}, native {native}"
        if plain.error:
            self.counts["errors, the same in both builds"] += 1
            return ""
        other = tuple(x * 1.125 + 0.03 if math.isfinite(x) else x for x in program.inputs)
        for inputs in (program.inputs, other):
            eager, _, _ = run_eager(self.native, program, inputs)
            noise = [run_with_noise(self.native, program, inputs, rng) for _ in range(6)]
            compiled = run_compiled(self.native, program, inputs)
            self.counts["compiled, errors" if compiled.error else "compiled, compared"] += 1
            if not agree(eager, compiled, noise):
                noise += [run_with_noise(self.native, program, inputs, rng) for _ in range(60)]
                if not agree(eager, compiled, noise):
                    return f"at {inputs}: eager {eager}, compiled {compiled}"
        return self._against_torch(program, plain, rng) if self.torch else ""

    def _against_torch(self, program: Program, ours: Outcome, rng: random.Random) -> str:
        theirs = run_torch(self.plain, self.torch, program)  # type: ignore[arg-type]
        if theirs is None:
            return ""
        self.counts["PyTorch, compared"] += 1
        noise = [run_with_noise(self.plain, program, program.inputs, rng) for _ in range(6)]
        if agree(ours, theirs, noise):
            return ""
        noise += [run_with_noise(self.plain, program, program.inputs, rng) for _ in range(60)]
        if agree(ours, theirs, noise):
            return ""
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


def simpler(program: Program) -> list[Program]:
    """Programs with one step or input less, or with plainer numbers."""
    found: list[Program] = []
    n = len(program.inputs)
    for cut in range(len(program.steps) - 1, 0, -1):
        found.append(Program(program.inputs, program.steps[:cut]))
    for drop in range(len(program.steps)):
        replacement = next((x for x in program.steps[drop][1] if isinstance(x, int)), 0)

        def renamed(x: Operand, drop: int = drop, replacement: int = replacement) -> Operand:
            if not isinstance(x, int) or x < n + drop:
                return x
            return replacement if x == n + drop else x - 1

        steps = [(name, tuple(map(renamed, operands))) for k, (name, operands) in enumerate(program.steps) if k != drop]
        if steps:
            found.append(Program(program.inputs, tuple(steps)))
    for k, x in enumerate(program.inputs):
        for plainer in (0.0, 1.0, 2.0, round(x, 1) if math.isfinite(x) else 1.0):
            if repr(plainer) != repr(x) and (x not in (0.0, 1.0, 2.0)):
                found.append(Program((*program.inputs[:k], plainer, *program.inputs[k + 1 :]), program.steps))
    return [live(candidate) for candidate in found]


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
        for k, (found, other, right) in enumerate(zip(_numbers(ours), _numbers(theirs), _numbers(judged), strict=True)):
            if repr(found) == repr(other):
                continue
            if not math.isfinite(right) or abs(right) > 1e300:
                return "not finite"
            if math.isnan(found):
                return "an infinite slope times 0"
            cloud = [_numbers(n)[k] for n in noise if not n.error]
            if not (cloud and _close(found, right, cloud)) and abs(found - right) > 1e-6 * (abs(right) + 1e-12):
                return "we are wrong"
    return "we are right"


def main() -> None:
    parser = argparse.ArgumentParser(description="Look for programs that the engines do not agree on.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None  # type: ignore[assignment]
    bench = Bench(torch)
    end = time.monotonic() + 60.0 * options.minutes
    rng = random.Random(options.seed)
    failures = 0
    reports = 0
    while time.monotonic() < end:
        program = bench.grow(rng)
        found = bench.disagreement(program)
        if bench.counts["programs"] // 100_000 > reports:
            reports += 1
            print(f"# so far: {failures} disagreements; {bench.summary()}", flush=True)
        if found:
            failures += 1
            small = bench.shrink(program)
            print(f"# {bench.disagreement(small)}\n{small}\n", flush=True)
    print(f"{failures} disagreements; {bench.summary()}")


if __name__ == "__main__":
    main()
