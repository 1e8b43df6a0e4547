"""Random Python functions, compiled and called in every way, compared with floats that differentiate themselves: a second test bench.

``python tests/fuzzers functions --minutes 60 --seed 1`` goes on for an hour, prints counts, and a runnable script for each disagreement.

`function_grammar` writes a function as source text. It runs with the names of `function_reference` on floats that remember how they were
computed, which gives the branch of the plain function, its value and its gradients; with those of the package eagerly; and compiled,
called with batches of several sizes, in several ways. A sample must have the same numbers everywhere, to within rounding, or the same
error: compiled, an exception for numbers and a warning for arrays.

What rounding can do is measured where there is a difference: the reference is run again with inexact results a few units in the last
place off. What is refused is counted by message, and must be among `REFUSALS`.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import random
import re
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd.errors import AutogradError, CompileError, InputError
from fuzzers.function_calls import (
    WEIGHTS,
    Call,
    Case,
    Checked,
    DisagreementError,
    Expected,
    InvalidError,
    applied,
    arguments_of,
    called,
    capture,
    columns,
    executed,
    expected,
    far,
    leaves_of,
    near,
    package_names,
    random_call,
    skipped,
    stands_alone,
    wanted_of,
    weight,
)
from fuzzers.function_forms import FEATURES
from fuzzers.function_grammar import written
from fuzzers.function_reference import OutsideError
from fuzzers.function_shrinking import script, simpler
from fuzzers.functions_in_c import disagreement_in_c
from fuzzers.loop_thresholds import WAYS, compiled_with
from fuzzers.shrinking import shrunk

EXECUTORS = {"numpy": "numpy", "native": "llvmlite", "jax": "jax", "c": "ctypes"}
"""The package that each needs; "c", the exported function, needs a C compiler. JAX and C compilers take long, so they run if asked for."""


FAST = [name for name in ("numpy", "native") if importlib.util.find_spec(EXECUTORS[name])]


REFUSALS = {
    r"takes more than \d+ different branches": "many branches",
    r"where needs True or False, not": "~ of a truth, eagerly",
    r"returns results of different forms on different branches": "forms differ between branches",
    r"conditions cannot be compared by ==": "== of conditions",
    r"a condition can be combined with another condition, not with": "a condition combined with ~ of a truth",
}
"""What may be refused: patterns of messages, and what to call them in the counts."""


NOISE = 20
"""How often the reference is run with rounding errors."""


class Finding(NamedTuple):
    """A disagreement: of what kind it is, who disagrees, at which call, and how."""

    kind: str
    who: str
    call: int
    text: str


class Bench:
    """The executors, and counts of what was compared."""

    def __init__(self, executors: Sequence[str] = FAST, features: Sequence[str] = FEATURES) -> None:
        self.executors = executors
        self.features = features
        self.counts: Counter[str] = Counter()

    def grow(self, rng: random.Random) -> Case:
        """A random function, and calls of it."""
        function = written(rng, self.features)
        calls = tuple(random_call(rng, function, self.features) for _ in range(rng.choice([2, 3, 4])))
        return Case(function, calls, rng.choice(WAYS)) if "scans" in self.features else Case(function, calls)

    def disagreement(self, case: Case) -> Finding | None:
        """The first thing that is not as it must be; none, mostly."""
        self.counts["functions"] += 1
        try:
            checked = Checked(case)
            for k, call in enumerate(case.calls):
                for sample in range(call.size):
                    checked.sample(call, sample)  # may be invalid
                for who, check in (("reference", self._differences), ("eager", self._eager)):
                    try:
                        check(checked, call)
                    except DisagreementError as disagreement:
                        return Finding(disagreement.kind, who, k, disagreement.text)
            for executor in self.executors:
                with compiled_with(case.thresholds.for_executor(executor)):
                    finding = self._compiled(checked, executor)
                if finding is not None:
                    return finding
        except InvalidError:
            self.counts["invalid"] += 1
        return None

    def _refused(self, error: BaseException, who: str) -> bool:
        """Whether it may be refused."""
        if not isinstance(error, (InputError, CompileError)):
            # a fractional power of a negative number that is no Value is complex in Python
            return isinstance(error, TypeError) and "complex" in str(error)
        for pattern, reason in REFUSALS.items():
            if re.search(pattern, str(error)):
                self.counts[f"refused, {who}: {reason}"] += 1
                return True
        return False

    def _differences(self, checked: Checked, call: Call) -> None:
        """The gradients of the reference against differences of its values, near the first sample, where the function is smooth, mostly."""
        if not checked.function.smooth or not call.size:
            return
        point = [x * 1.0437 + 0.0123 * (j % 7 + 1) for j, x in enumerate(checked.numbers(call, 0))]
        direction = [WEIGHTS[j % len(WEIGHTS)] for j in range(len(point))]
        along: list[float] = []
        try:
            here = checked.traced(call, point)
            gradients, scale = here.gradients([(next(leaves_of(here.result)), 1.0)])
            for h in (1e-5, -1e-5, 5e-6, -5e-6):
                moved = checked.traced(call, [x + h * d for x, d in zip(point, direction, strict=True)])
                along.append((float(next(leaves_of(moved.result))) - float(next(leaves_of(here.result)))) / h)
        except OutsideError:
            return
        slope = sum(g * d for g, d in zip(gradients, direction, strict=True))
        tolerance = 1e-4 * (1.0 + scale + here.run.largest)
        if not all(map(math.isfinite, (slope, *along))) or max(along) - min(along) > tolerance or scale > 1e4:
            return
        self.counts["gradients against differences"] += 1
        if abs((along[2] + along[3]) / 2.0 - slope) > tolerance:
            raise DisagreementError("differences", f"{slope} along {direction} at {point}, differences say {along}")

    # -- eager code -------------------------------------------------------------------------------------------------------

    def _eager(self, checked: Checked, call: Call) -> None:
        """Each sample of a call, by itself."""
        names = checked.eager
        capture(names, call)
        for s in range(call.size):
            want = checked.sample(call, s)
            numbers = checked.numbers(call, s)

            def scalar(*leaves: Any, s: int = s) -> Any:
                outputs = list(leaves_of(applied(names["made"], checked.function.arguments, call, leaves, names)))
                return outputs[0] if call.method != "vjp" else sum([weight(j, s) * x for j, x in enumerate(outputs)])

            try:
                value, gradients = autograd.value_and_grad(scalar, tuple(range(len(numbers))))(*numbers)
            except (ArithmeticError, ValueError) as error:
                if isinstance(error, AutogradError) and self._refused(error, "eager"):
                    continue
                if not want.may_warn:
                    raise DisagreementError(f"raises {type(error).__name__}", f"at {numbers}: {error}") from error
                continue
            except Exception as error:
                if self._refused(error, "eager"):
                    continue
                raise DisagreementError(f"raises {type(error).__name__}", f"at {numbers}: {error}") from error
            if want.may_warn:
                raise DisagreementError("no error", f"at {numbers}: {value} {gradients}")
            self.counts["samples, eager"] += 1
            results = [np.array([[_float(x) for x in gradients]])]
            if call.method != "vjp":
                results.insert(0, np.array([[_float(value)]]))

            def cloud(s: int = s) -> list[Expected]:
                return [wanted_of(checked, call, s, random.Random(i)) for i in range(NOISE)]

            wrong = far(results, wanted_of(checked, call, s), cloud)
            if wrong is not None:
                raise DisagreementError("gradient" if wrong[0] or call.method == "vjp" else "value", f"at {numbers}: {wrong[1]}")

    # -- compiled code ----------------------------------------------------------------------------------------------------

    def _compiled(self, checked: Checked, executor: str) -> Finding | None:
        """All calls, in order, of functions that are compiled once."""
        if executor == "c":
            found = disagreement_in_c(checked, self.counts, NOISE)
            return None if found is None else Finding(found[1].kind, executor, found[0], found[1].text)
        names = executed(checked.function, package_names())
        made: dict[str, Any] = {}
        for k, call in enumerate(checked.case.calls):
            capture(names, call)
            try:
                self._one_call(checked, call, executor, names, made)
            except DisagreementError as disagreement:
                return Finding(disagreement.kind, executor, k, disagreement.text)
        return None

    def _one_call(self, checked: Checked, call: Call, executor: str, names: dict[str, Any], made: dict[str, Any]) -> None:
        function = checked.function
        args, kwargs = arguments_of(function, call, names)
        target = {"grad": autograd.grad, "second": autograd.grad, "hessian": autograd.hessian}.get(call.method)
        key = call.method if target else "itself"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if key not in made:
                    made[key] = autograd.compile(
                        target(names["made"]) if target else names["made"], in_axes=function.in_axes, executor=executor
                    )
                result = called(made[key], call, args, kwargs, checked, names)
            except Exception as error:
                self._exception(checked, call, error, executor)
                return
        samples = [checked.sample(call, s) for s in range(call.size)]
        surely, possibly = sum(s.is_outside for s in samples), sum(s.may_warn for s in samples)
        self.counts[f"calls, {executor}: {call.method}"] += 1
        self.counts[f"samples, {executor}"] += call.size - possibly
        self.counts[f"samples outside, {executor}"] += possibly
        texts = [str(w.message) for w in caught]
        stray = [text for text in texts if "elements are outside" not in text]
        if stray:
            raise DisagreementError("stray warning", stray[0])
        if call.shape is None and surely and not target:
            raise DisagreementError("no error", f"the result is {result}")
        if surely and not texts and not target:
            raise DisagreementError("no warning", f"{surely} samples are outside; the result is {result}")
        if texts and not possibly and not self._unsure(checked, call):
            raise DisagreementError("false alarm", texts[0])
        if call.method in ("second", "hessian"):
            self._second(checked, call, result)
            return
        actual = columns(function, call, result, samples[0].like, names.get("Point"))
        like = replace(call, method="value_and_grad", wrt=0, reduce=None) if target else call
        want = expected(checked, like)
        skip = 1 if target else 0
        wrong = far(
            actual,
            skipped(skip, want),
            lambda: [skipped(skip, expected(checked, like, random.Random(i))) for i in range(NOISE)],
            compiled=True,
        )
        if wrong is not None:
            is_value = wrong[0] == 0 or (wrong[0] == 1 and call.reduce is not None)
            raise DisagreementError("value" if is_value and not target else "gradient", wrong[1])
        if call.method == "call":
            for s, sample in enumerate(samples):
                if sample.is_outside and not all(map(math.isfinite, sample.values)) and np.isfinite(actual[0][s]).all():
                    raise DisagreementError("finite outside", f"sample {s} is {actual[0][s]}; with inf and nan it would be {sample.values}")

    def _exception(self, checked: Checked, call: Call, error: Exception, executor: str) -> None:
        """Whether it may be one."""
        if self._refused(error, executor):
            return
        samples = [checked.sample(call, s) for s in range(call.size)]
        if call.shape is None and samples[0].may_warn and isinstance(error, (ValueError, ArithmeticError)):
            self.counts[f"errors for numbers, {executor}"] += 1
            return
        if isinstance(error, (ValueError, ArithmeticError)) and self._unsure(checked, call):
            return
        lines = traceback.extract_tb(error.__traceback__)
        last = lines[-1]
        text = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        raise DisagreementError(f"raises {type(error).__name__}", text) from error

    def _unsure(self, checked: Checked, call: Call) -> bool:
        """Whether rounding decides whether a sample is outside."""
        return any(
            checked.sample(call, s, random.Random(i)).may_warn != checked.sample(call, s).may_warn
            for s in range(call.size)
            for i in range(NOISE)
        )

    def _second(self, checked: Checked, call: Call, result: Any) -> None:
        """Second derivatives, against eager ones."""
        names, function = checked.eager, checked.function
        capture(names, call)
        form = function.arguments[call.passed[0]].form
        n = form.size
        rows: list[list[float]] = []
        for s in range(call.size):
            numbers = checked.numbers(call, s)
            f = lambda *leaves: applied(names["made"], function.arguments, call, leaves, names)
            try:
                if call.method == "hessian":
                    nested = autograd.hessian(f, tuple(range(n)))(*numbers)
                    rows.append([_float(x) for row in nested for x in row])
                else:
                    value, gradients = autograd.value_and_grad(autograd.grad(f), tuple(range(len(numbers))))(*numbers)
                    rows.append([_float(value), *map(_float, gradients)])
            except Exception:
                return  # first derivatives say why
        lead = () if call.shape is None else call.shape
        if call.method == "hessian":
            actual = np.asarray(result, dtype=float).reshape(call.size, -1) if np.shape(result) == lead + form.shape + form.shape else None
            if actual is None:
                raise DisagreementError("form", f"a Hessian of the shape {lead + form.shape + form.shape} is expected, not {result!r}")
        else:
            value, gradients = result
            if stands_alone(function):
                gradients = (gradients,)
            actual = np.concatenate([np.asarray(x, dtype=float).reshape(call.size, 1) for x in (value, *gradients)], axis=1)
        wanted = np.array(rows)
        samples = [checked.sample(call, s) for s in range(call.size)]
        for s, sample in enumerate(samples):
            if sample.may_warn:
                continue
            self.counts["samples, second order"] += 1
            scale = np.full_like(wanted[s], max(sample.scales) * 10.0 + np.abs(np.where(np.isfinite(wanted[s]), wanted[s], 0.0)).max())
            if near(actual[s], wanted[s], scale).all():
                continue
            spread = [checked.sample(call, s, random.Random(i)) for i in range(NOISE)]
            if any(not np.allclose(o.gradients, sample.gradients, rtol=1e-12, atol=1e-12, equal_nan=True) or o.may_warn for o in spread):
                continue
            kind = "nan or inf" if (np.isfinite(actual[s]) != np.isfinite(wanted[s])).any() else "number"
            raise DisagreementError("second order", f"{kind}: {actual[s]} instead of {wanted[s]} at {checked.numbers(call, s)}")

    # -- making it small --------------------------------------------------------------------------------------------------

    def shrink(self, case: Case, finding: Finding, seconds: float = 60.0) -> tuple[Case, Finding]:
        """A smaller case with the same disagreement."""
        only = Bench([finding.who] if finding.who in EXECUTORS else [], self.features)

        def still(candidate: Case) -> Finding | None:
            result = only.disagreement(candidate)
            kinds = [
                (f.kind, f.text.split(":")[0] if f.kind in ("value", "gradient") and f.who != "eager" else "")
                for f in (result, finding)
                if f is not None
            ]
            return result if result is not None and kinds[0] == kinds[1] else None

        return shrunk(case, finding, simpler, still, seconds)

    def summary(self) -> str:
        return "\n".join(f"#   {name}: {count:,}" for name, count in sorted(self.counts.items()))


def _float(x: Any) -> float:
    return x.data if isinstance(x, autograd.Value) else float(x)


def script_of(case: Case, finding: Finding) -> str:
    """A program that shows it."""
    return script(case, finding.who, f"{finding.kind}: {finding.text}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Look for functions that are not compiled to what they are.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--executors", nargs="*", default=FAST, choices=EXECUTORS)
    parser.add_argument("--features", nargs="+", default=FEATURES, choices=FEATURES, help="only these")
    parser.add_argument("--without", nargs="+", default=(), choices=FEATURES, help="all but these")
    parser.add_argument("--most", type=int, default=50, help="stop after so many disagreements")
    parser.add_argument("--shrink", type=float, default=30.0, help="seconds to make each of them small")
    options = parser.parse_args()
    bench = Bench(options.executors, [name for name in options.features if name not in options.without])
    end = time.monotonic() + 60.0 * options.minutes
    number = options.seed * 1_000_000
    kinds: Counter[str] = Counter()
    while time.monotonic() < end and kinds.total() < options.most:
        number += 1
        case = bench.grow(random.Random(number))
        result = bench.disagreement(case)
        if result:
            kinds[f"{result.who}: {result.kind}"] += 1
            small, finding = bench.shrink(case, result, options.shrink)
            print(f"# ---- function {number}\n{script_of(small, finding)}\n", flush=True)
        if number % 2000 == 0:
            print(f"# so far: {dict(kinds)}", flush=True)
    print(f"# disagreements: {dict(kinds)}\n{bench.summary()}")
