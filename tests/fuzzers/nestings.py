"""Random nestings of transforms, compiled calls, constants, outer Values, `no_grad` and graphs within functions.

``python tests/fuzzers nestings --minutes 20 --seed 1`` searches, and prints a small program for each disagreement.

A program is one expression, written as Python source: calls of the functions of a namespace, and lambdas. It is evaluated in three of
them. `Ours` calls this package. `Duals` computes every derivative in forward mode, by numbers that carry a tangent for each transform
around them, and takes every branch by the numbers. `Jax` calls JAX, slowly, and so for some of the programs: it is there to check `Duals`.
The rule: this package gives the numbers of the reference, or raises an `AutogradError`, and that only where the program has something in
it that may be refused.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from executors import EXECUTORS

import autograd as ag
from autograd import Value
from fuzzers import shrinking
from fuzzers.nesting_grower import grown
from fuzzers.nesting_language import Expr, FormError, Program, SkippedError, function_of, name, number
from fuzzers.nesting_package import Ours, made
from fuzzers.nesting_references import Duals, Jax, Numeric

Numbers = dict[str, float]


@dataclass(frozen=True)
class Expected:
    """The numbers of the reference, and how far they may be off."""

    numbers: Numbers
    slack: Numbers
    work: int
    kinks: int


def reference(program: Program, other: Numeric | None = None) -> Numbers:
    """The value, the gradient, and the derivatives of both with respect to the Values from before."""
    duals = other or Duals()
    live = [leaf for leaf in program.leaves if leaf[1] in ("leaf", "result")]
    fixed = {leaf: x for leaf, kind, x in program.leaves if kind not in ("leaf", "result")}
    n = len(program.points)

    def f(*flat: Any) -> Any:
        return function_of(program, duals, **fixed, **dict(zip([leaf for leaf, _, _ in live], flat[n:], strict=True)))(*flat[:n])

    points = [*program.points, *[x for _, _, x in live]]
    results = {"value": duals.base(f(*points))}
    every = list(range(len(points)))
    slopes = [duals.base(x) for x in duals.gradient(f, points, every)]
    results |= {f"gradient {i}": x for i, x in enumerate(slopes[:n])}
    results |= {f"{leaf} of value": x for (leaf, _, _), x in zip(live, slopes[n:], strict=True)}
    if live:
        for i, (leaf, _, _) in enumerate(live, start=n):
            results[f"{leaf} of gradient"] = duals.base(duals.gradient(lambda *p: duals.gradient(f, p, [0])[0], points, [i])[0])
    return results


def expected(program: Program, seed: int = 0) -> Expected:
    """
    Raises:
        SkippedError: rounding decides about them, or they are too large.
    """
    duals = Duals()
    exact = reference(program, duals)
    off = [reference(program, Duals(random.Random(seed + i))) for i in range(2)]
    slack = {}
    for key, x in exact.items():
        noise = max(abs(x - other[key]) for other in off)
        slack[key] = 1e-9 * max(1.0, abs(x)) + 1e3 * noise
        if not abs(x) < 1e8 or slack[key] > 1e-4 * max(1.0, abs(x)):
            raise SkippedError
    return Expected(exact, slack, duals.work, duals.kinks)


MODES = ("floats", "values", "grad", "compiled", "compiled gradient", "compile of grad", "grad of compile")


def ours(program: Program, mode: str, executor: str = "numpy") -> Numbers:
    """What this package says."""
    values = {leaf: made(kind, x) for leaf, kind, x in program.leaves}
    f = function_of(program, Ours(), **{leaf: value for leaf, (value, _) in values.items()})
    points = program.points
    argnums = tuple(range(len(points)))
    gradient: Sequence[Any] = ()
    if mode == "floats":
        value = f(*points)
    elif mode == "values":
        variables = [Value(x) for x in points]
        value = f(*variables)
        for node in variables:
            node.grad = 0.0
        if isinstance(value, Value):
            value.backward()
        gradient = [v.grad for v in variables]
    elif mode == "grad":
        value, gradient = ag.value_and_grad(f, argnums)(*points)
    elif mode == "compiled":
        g = ag.compile(f, executor=executor)
        with contextlib.suppress(ag.AutogradError, SkippedError):
            g(*[x + 1.0 for x in points])
        value = g(*points)
    elif mode == "compiled gradient":
        value, gradient = ag.compile(f, executor=executor).value_and_grad(*points, wrt=argnums)
    elif mode == "compile of grad":
        value, gradient = ag.compile(ag.value_and_grad(f, argnums), executor=executor)(*points)
    else:
        value, gradient = ag.value_and_grad(ag.compile(f, executor=executor), argnums)(*points)
    results = {"value": _plain(value)} | {f"gradient {i}": _plain(x) for i, x in enumerate(gradient)}
    keeps_history = mode in ("grad", "grad of compile") or (mode in ("floats", "values") and not program.is_compiled())
    if keeps_history and not _cuts(program):
        results |= _by_leaves(values, value, "value")
        if gradient and mode != "values":
            results |= _by_leaves(values, gradient[0], "gradient")
    return results


def _by_leaves(values: dict[str, tuple[Value, Value | None]], result: Any, what: str) -> Numbers:
    leaves = {key: leaf for key, (_, leaf) in values.items() if leaf is not None}
    for leaf in leaves.values():
        leaf.grad = 0.0
    if isinstance(result, Value):
        result.backward()
    return {f"{key} of {what}": _plain(leaf.grad) for key, leaf in leaves.items()}


def _cuts(program: Program) -> bool:
    """Whether the gradient with respect to Values from before is cut on purpose: by a plain number."""
    before = {leaf for leaf, _, _ in program.leaves}
    return any(
        (e.kind == "program" or (e.kind == "backward" and e.get("how") == "plain")) and e.free() & before for e in program.body.walk()
    )


def _plain(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


@dataclass(frozen=True)
class Finding:
    """A disagreement: in which mode, of which kind, and how they differ."""

    mode: str
    kind: str
    text: str


def disagreement(
    program: Program, wanted: Expected, mode: str, executor: str = "numpy", counts: Counter[str] | None = None
) -> Finding | None:
    """What is wrong with a program in a mode."""
    counts = Counter() if counts is None else counts
    if mode == "values" and (
        program.asks_for_equality() or program.is_compiled() or program.has("looked_up", "backward_at", "backward", "copied")
    ):
        return None  # outside of traced functions Values are compared by identity, and compiled functions of numbers give numbers
    compiled = mode not in ("floats", "values", "grad")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = ours(program, mode, executor)
    except SkippedError:
        counts["skipped"] += 1
        return None
    except ag.AutogradError as error:
        counts[f"refused, {mode}"] += 1
        if not program.may_be_refused(compiled):
            return Finding(mode, "refused", f"{type(error).__name__}: {error}")
        return None
    except FormError as error:
        return Finding(mode, "form", str(error))
    except Exception as error:
        return Finding(mode, "crash", f"{type(error).__name__}: {error}")
    counts[f"compared, {mode}"] += 1
    for key, x in result.items():
        if not abs(x - wanted.numbers[key]) <= wanted.slack[key]:
            return Finding(mode, "number", f"{key}: {x!r}, not {wanted.numbers[key]!r}")
    return None


def examined(program: Program, wanted: Expected, counts: Counter[str], rng: random.Random) -> Finding | None:
    """The first disagreement of a program, in all modes."""
    for mode in MODES:
        executor = EXECUTORS[-1] if rng.random() < 0.15 else "numpy"
        result = disagreement(program, wanted, mode, executor, counts)
        if result is not None:
            return result
    return None


def against_jax(program: Program, wanted: Expected, jax: Jax) -> str:
    """How JAX differs from the reference; "" where it does not."""
    for key, x in reference(program, jax).items():
        if not abs(x - wanted.numbers[key]) <= wanted.slack[key]:
            return f"{key}: JAX {x!r}, reference {wanted.numbers[key]!r}"
    return ""


def smaller(e: Expr, bound: frozenset[str]) -> Iterator[Expr]:
    """Simpler expressions in place of this one."""
    if e.kind in ("number", "name"):
        if e.kind == "name":
            yield number(0.7)
        elif e.info[0][1] not in (0.7, 2.0):
            yield number(0.7)
            yield number(2.0)
        return
    for child in e.below:
        if child.free() <= bound:
            yield child
    yield number(0.7)
    for other in sorted(bound):
        yield name(other)
    defaults = {"compiled": "", "pack": "plain", "argnums": 0, "keyword": False, "out": "list", "how": "once", "n": 1, "kind": "grad"}
    for key, value in e.info:
        is_fixed = (key == "how" and e.kind != "call") or (key == "pack" and str(e.get("kind")).startswith("sparse"))
        if key in defaults and value != defaults[key] and not is_fixed:
            yield e.with_setting(key, defaults[key])
        elif key == "executor" and value == "native":
            yield e.with_setting(key, "numpy")
    if e.kind == "transform" and len(e.bodies) > 1:
        yield replace(e, bodies=e.bodies[:1])
    if e.kind == "transform" and len(e.names) > 1 and e.get("kind") not in ("jvp", "hvp") and not e.get("keyword"):
        kept = replace(e, names=e.names[:1], parts=e.parts[:1])
        if kept.free() <= bound:
            yield kept
    for i, child in enumerate(e.below):
        inner = bound | frozenset(e.names) if i >= len(e.parts) else bound
        for new in smaller(child, inner):
            if e.kind != "backward_at" or new.free() <= child.free():  # nothing that depends on the variable
                yield e.replaced(i, new)


def shrunk(program: Program, finding: Finding, seconds: float = 30.0) -> tuple[Program, Finding]:
    """A smaller program with a disagreement of the same kind."""

    def still(candidate: Program) -> Finding | None:
        try:
            other = disagreement(candidate, expected(candidate), finding.mode)
        except SkippedError:
            return None
        except Exception:  # the simpler program is no program
            return None
        return other if other is not None and other.kind == finding.kind else None

    def simpler(whole: Program) -> Iterator[Program]:
        candidates = itertools.chain(
            (replace(whole, leaves=whole.leaves[:i] + whole.leaves[i + 1 :]) for i in range(len(whole.leaves))),
            (replace(whole, body=body) for body in smaller(whole.body, whole.bound())),
        )
        return (candidate for candidate in candidates if candidate.body.free() <= candidate.bound())

    return shrinking.shrunk(program, finding, simpler, still, seconds)


def search(seconds: float, seed: int, counts: Counter[str], jax_every: int = 10) -> Iterator[tuple[int, Program, Finding]]:
    """The disagreements among the programs from this seed on."""
    end = time.monotonic() + seconds
    jax = Jax() if jax_every else None
    if jax is not None:
        jax.enable_x64()
    for number_ in itertools.count(seed):
        if time.monotonic() > end:
            return
        program = grown(number_)
        counts["programs"] += 1
        try:
            wanted = expected(program)
        except SkippedError:
            counts["skipped"] += 1
            continue
        for e in program.body.walk():
            counts[f"has {e.get('kind') if e.kind == 'transform' else e.kind}"] += 1
        rng = random.Random(number_)
        if jax is not None and number_ % jax_every == 0 and wanted.work < 2000 and not wanted.kinks:
            counts["compared with JAX"] += 1
            text = against_jax(program, wanted, jax)
            if text:
                yield number_, program, Finding("reference", "JAX", text)
        finding = examined(program, wanted, counts, rng)
        if finding is not None:
            yield number_, program, finding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed, program, finding in search(60.0 * options.minutes, options.seed * 1_000_000, counts):
        small, what = shrunk(program, finding) if finding.kind != "JAX" else (program, finding)
        print(f"--- seed {seed}, {what.mode}, {what.kind}: {what.text}\n{small}\n", flush=True)
    print("\n".join(f"{n:8,} {what}" for what, n in sorted(counts.items())))
