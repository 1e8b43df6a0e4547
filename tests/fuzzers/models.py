"""Random models, trained eagerly and compiled: a test bench for the law that both give the same numbers.

``python tests/fuzzers models --minutes 30 --seed 1`` goes on for half an hour and prints a runnable script for each disagreement.

A case is a module of Python source: a model, a loss, an optimizer, callbacks, and a function `main` that trains the model, asks it for
answers, changes it, and asks again. It is executed anew for each executor, from the same seeds. With ``"eager"`` the answers are those of
plain calls of the model, sample by sample; with the others they are those of `predict` and `evaluate`. What `main` notes must be the same
to within rounding. An executor that was asked for by name may refuse to compile; "auto" may say in one line why it did not.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import itertools
import linecache
import math
import random
import re
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import CompileError
from fuzzers.model_cases import Case, Growing
from fuzzers.model_training import LOSSES, OPTIMIZERS
from fuzzers.shrinking import shrunk
from nn import inference
from nn.engine import compiled_engine

ERRORS = ("error", "text of the error")
"""The names of differences that are none of numbers."""


EXECUTORS = ["numpy", "auto", *(["native"] if importlib.util.find_spec("llvmlite") else [])]
"""What is compared with eager code."""


TOLERANCE = 1e-9
"""By how much numbers may differ, relative to the larger of 1 and their size."""


class Outcome(NamedTuple):
    """What `main` noted; the error with which it ended, or None; and the reasons why it was not compiled."""

    log: list[tuple[str, Any]]
    error: BaseException | None
    reasons: list[str]


@contextlib.contextmanager
def few() -> Iterator[None]:
    """Within it, `predict` and `evaluate` record models for few samples already, and run them in small chunks."""
    before = inference.WIDE_FROM, inference.COMPILED_FROM, compiled_engine.CHUNK
    inference.WIDE_FROM = inference.COMPILED_FROM = 20
    compiled_engine.CHUNK = 16
    try:
        yield
    finally:
        inference.WIDE_FROM, inference.COMPILED_FROM, compiled_engine.CHUNK = before


def run(source: str, executor: str, shaken: float = 0.0) -> Outcome:
    """Execute a case. `shaken`: by how much the first weights are changed, relatively."""
    name = "<grown>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names: dict[str, Any] = {"__name__": "grown"}
    error = None
    with warnings.catch_warnings(record=True) as caught, few():
        warnings.simplefilter("always")
        exec(compile(source, name, "exec"), names)
        if shaken:
            for p in names["model"].parameters():
                p.data *= 1.0 + shaken
        try:
            names["main"](executor)
        except Exception as raised:
            error = raised
    reasons = [str(one.message) for one in caught if "not compiled" in str(one.message)]
    return Outcome(names["LOG"], error, reasons)


def distance(a: Any, b: Any) -> float:
    """The largest difference of two things that were noted, relative to the larger of 1 and their size; inf if they differ in form."""
    if isinstance(a, dict) and isinstance(b, dict):
        return distance(list(a.items()), list(b.items()))
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        if len(a) != len(b) or type(a) is not type(b):
            return math.inf
        return max(map(distance, a, b), default=0.0)
    if isinstance(a, (int, float, np.generic)) and isinstance(b, (int, float, np.generic)):
        if a == b or (math.isnan(a) and math.isnan(b)):
            return 0.0
        x, y = float(a), float(b)
        return abs(x - y) / max(1.0, abs(x), abs(y)) if math.isfinite(x) and math.isfinite(y) else math.inf
    return 0.0 if type(a) is type(b) and a == b else math.inf


class Difference(NamedTuple):
    """Where two runs differ: the executor, what was noted, both, and how far apart they are."""

    executor: str
    name: str
    expected: Any
    actual: Any
    apart: float

    @property
    def kind(self) -> str:
        """For which differences this is an example."""
        return re.sub(r" \d+$", "", self.name)


def compare(expected: Outcome, actual: Outcome, executor: str) -> Difference | None:
    """The first difference, or None."""
    for (name, a), (other, b) in zip(expected.log, actual.log, strict=False):
        apart = distance(a, b) if name == other else math.inf
        if apart > TOLERANCE:
            return Difference(executor, name, a, b if name == other else (other, b), apart)
    if actual.error is not None and executor != "auto" and (expected.error is None or isinstance(actual.error, CompileError)):
        return None  # it may refuse
    if type(expected.error) is not type(actual.error):
        return Difference(executor, "error", described(expected.error), described(actual.error), math.inf)
    if expected.error is not None and actual.error is not None and message_of(expected.error) != message_of(actual.error):
        return Difference(executor, "text of the error", described(expected.error), described(actual.error), math.inf)
    if len(expected.log) != len(actual.log):
        return Difference(executor, "length", len(expected.log), len(actual.log), math.inf)
    return None


def described(error: BaseException | None) -> str:
    """An error with the last lines of its traceback."""
    if error is None:
        return "no error"
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-3:]]
    return f"{type(error).__name__}: {error} {getattr(error, '__notes__', '')} at {' > '.join(where)}"


def message_of(error: BaseException) -> str:
    """The text of an error without numbers, which may be rounded differently, and without addresses."""
    return re.sub(r"0x[0-9a-f]+|-?\d+\.?\d*(e[-+]\d+)?", "…", str(error))


class Bench:
    """Compares executors.

    Args:
        executors: those that are compared with eager code.

    Attributes:
        counts: how often what happened.
    """

    def __init__(self, executors: list[str] | None = None) -> None:
        self.executors = executors or EXECUTORS
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def difference(self, case: Case, executors: list[str] | None = None) -> Difference | None:
        """The first difference between eager code and an executor that is more than rounding."""
        source = case.source()
        expected = run(source, "eager")
        if expected.error is not None:
            self.counts[f"eager error: {type(expected.error).__name__}: {message_of(expected.error)[:80]}"] += 1
        for executor in executors or self.executors:
            actual = run(source, executor)
            self._count(actual, executor)
            problem = compare(expected, actual, executor)
            if problem is not None and (math.isinf(problem.apart) or not self._is_rounding(source, expected, problem)):
                return problem
        return None

    def _count(self, actual: Outcome, executor: str) -> None:
        if actual.error is not None:
            self.counts[f"{executor}: refused by {type(actual.error).__name__}"] += 1
            self.reasons[f"{type(actual.error).__name__}: {message_of(actual.error)[:110]}"] += 1
        elif actual.reasons:
            self.counts[f"{executor}: not compiled"] += 1
        else:
            self.counts[f"{executor}: compiled"] += 1

    def _is_rounding(self, source: str, expected: Outcome, problem: Difference) -> bool:
        """Whether weights that differ in the last places make as much of a difference."""
        for shaken in (1e-14, -1e-14, 3e-14):
            other = compare(expected, run(source, "eager", shaken), "eager")
            if other is not None and (other.apart >= problem.apart / 10 or other.name != problem.name):
                self.counts["rounding"] += 1
                return True
        return False

    def shrink(self, case: Case, problem: Difference, seconds: float = 20.0) -> tuple[Case, Difference]:
        """A smaller case that has a difference of the same executor."""

        def still(smaller: Case) -> Difference | None:
            try:
                actual = self.difference(smaller, [problem.executor])
            except Exception:  # what was left out was needed
                return None
            same = actual is not None and (actual.name in ERRORS) == (problem.name in ERRORS)
            return actual if same else None

        return shrunk(case, problem, smaller_than, still, seconds)


def smaller_than(case: Case) -> Iterator[Case]:
    """Cases with a part less, those with the largest part less first."""
    for i, piece in enumerate(case.body):
        rest = case.body[:i], case.body[i + 1 :]
        yield case.of_these((*rest[0], *rest[1]))
        for block in piece.blocks:
            yield case.of_these((*rest[0], *block, *rest[1]))
    for i in range(len(case.acts)):
        if len(case.acts) > 1:
            yield replace(case, acts=case.acts[:i] + case.acts[i + 1 :])
    for i in range(len(case.callbacks)):
        yield replace(case, callbacks=case.callbacks[:i] + case.callbacks[i + 1 :])
    if case.penalty is not None:
        yield replace(case, penalty=None)
    if case.metric is not None:
        yield replace(case, metric=None)
    simple = Growing(random.Random(0))
    if case.loss.name != "mse":
        yield replace(case, loss=simple.piece(LOSSES[0]))
    if case.optimizer.name != "SGD":
        yield replace(case, optimizer=simple.piece(OPTIMIZERS[0]))
    for key in ("schedule", "patience", "validation", "rng"):
        if key in case.settings:
            yield replace(case, settings={k: v for k, v in case.settings.items() if k != key})
    for key, small in (("batch_size", "None"), ("epochs", "1"), ("epochs", "2")):
        if case.settings[key] != small and not (key == "epochs" and case.settings[key] < small):
            yield replace(case, settings=case.settings | {key: small})
    if case.numpy:
        yield replace(case, numpy=False)
    if case.head != "number":
        yield replace(case, head="number")
    for i, piece in enumerate(case.body):
        for b, block in enumerate(piece.blocks):
            for k in range(len(block)):
                blocks = (*piece.blocks[:b], (*block[:k], *block[k + 1 :]), *piece.blocks[b + 1 :])
                yield case.of_these((*case.body[:i], replace(piece, blocks=blocks), *case.body[i + 1 :]))


def script(case: Case, problem: Difference) -> str:
    """A program that shows a difference."""
    head = [
        f"# {problem.executor}, {problem.name}: {problem.actual!r}, and not {problem.expected!r}",
        f"# {', '.join(piece.name for piece in case.pieces)}",
        "import nn.engine.compiled_engine, nn.inference",
        "nn.inference.WIDE_FROM = nn.inference.COMPILED_FROM = 20  # so that few samples are enough",
        "nn.engine.compiled_engine.CHUNK = 16",
    ]
    tail = [
        'if __name__ == "__main__":',
        "    import runpy",
        f'    for executor in ("eager", {problem.executor!r}):',
        '        names = runpy.run_path(__file__, run_name="grown")',
        "        try:",
        '            print(executor, *names["main"](executor), sep="\\n  ")',
        "        except Exception as error:",
        '            print(executor, *names["LOG"], repr(error), sep="\\n  ")',
    ]
    return "\n".join([*head, case.source(), *tail])


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare eager and compiled training on random models.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--odd", type=float, default=0.5, help="how many cases have a part that cannot be compiled")
    parser.add_argument("--executors", default=",".join(EXECUTORS))
    parser.add_argument("--folder", type=Path, help="where to write a script for each disagreement; by default they are printed")
    options = parser.parse_args()
    bench = Bench(options.executors.split(","))
    end = time.monotonic() + 60.0 * options.minutes
    kinds: Counter[str] = Counter()
    cases = 0
    for seed in itertools.count(options.seed * 1_000_000):
        if time.monotonic() > end:
            break
        cases += 1
        case = Growing(random.Random(seed), options.odd).case()
        try:
            problem = bench.difference(case)
        except Exception as error:
            print(f"-- case {seed} cannot be run: {type(error).__name__}: {error}")
            print(case.source() if isinstance(error, SyntaxError) else "", flush=True)
            continue
        if problem is None:
            continue
        case, problem = bench.shrink(case, problem)
        kind = f"{problem.kind}: {', '.join(sorted(piece.name for piece in case.pieces))}; {len(case.callbacks)} callbacks"
        kinds[kind] += 1
        if kinds[kind] > 1:
            continue
        text = script(case, problem)
        if options.folder:
            options.folder.mkdir(parents=True, exist_ok=True)
            (options.folder / f"case{seed}.py").write_text(text, encoding="utf-8")
            print(
                f"-- case {seed}: {kind}\n   {problem.executor}, {problem.name}: {problem.actual!r:.200}, not {problem.expected!r:.200}",
                flush=True,
            )
        else:
            print(f"-- case {seed}: {kind}\n{text}\n", flush=True)
    print(f"{cases} cases")
    for name, n in [*sorted(bench.counts.items()), *bench.reasons.most_common(20), *kinds.most_common()]:
        print(f"{n:8,}  {name}")
