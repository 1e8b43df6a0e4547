"""Calls of the functions of `function_forms`, and what they must give: the arguments, the reference at each sample, and the comparison."""

from __future__ import annotations

import functools
import linecache
import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

import autograd
import nn
from fuzzers.function_forms import Argument, Function
from fuzzers.function_reference import NAMES, Number, OutsideError, Trace, constant, trace
from fuzzers.loop_thresholds import AS_THEY_ARE, Thresholds

WEIGHTS = (1.0, -0.5, 2.0, 0.25, -1.5, 3.0)
"""Gradients of something with respect to results, and tangents."""


def weight(j: int, sample: int) -> float:
    """That of the j-th number of a result."""
    return WEIGHTS[(j + sample) % len(WEIGHTS)]


Grid = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Call:
    """One way to call a compiled function.

    Attributes:
        method: "call", "value_and_grad", "vjp", "jvp"; or of another compiled function "grad" or "hessian", or "second".
        shape: that of the samples; None for a single one, without an axis.
        rows: for each argument that is passed the numbers of its rows.
        shapes: for each of them, where arguments are broadcast, its shape; None for a number.
        passed: the arguments, by their positions in the function; the others have their defaults.
        named: those that are passed by keyword.
        wrt, reduce: as for `value_and_grad`.
        captured: what the Value that the function refers to is now.
    """

    method: str
    shape: tuple[int, ...] | None
    rows: tuple[tuple[int, ...], ...]
    shapes: tuple[tuple[int, ...] | None, ...]
    passed: tuple[int, ...]
    named: frozenset[int]
    wrt: Any
    reduce: str | None
    captured: float

    @property
    def size(self) -> int:
        return 1 if self.shape is None else math.prod(self.shape)

    def spread(self, k: int) -> Grid:
        """Which row of the k-th argument each sample has."""
        n = len(self.rows[k])
        if self.shapes[k] is not None:
            assert self.shape is not None
            return np.broadcast_to(np.arange(n).reshape(self.shapes[k]), self.shape).ravel()
        return np.arange(n) if n == self.size else np.zeros(self.size, dtype=int)


@dataclass(frozen=True)
class Case:
    """A function and calls of it; and the thresholds with which it is compiled."""

    function: Function
    calls: tuple[Call, ...]
    thresholds: Thresholds = AS_THEY_ARE


class InvalidError(Exception):
    """The case makes no sense: the shrinker has cut too much."""


class DisagreementError(Exception):
    """Something is not as it must be."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text


def package_names() -> dict[str, Any]:
    """What the source finds."""
    names = {name: getattr(autograd, name) for name in NAMES if hasattr(autograd, name)}
    return {**names, "Value": autograd.Value, "Module": nn.Module, "NamedTuple": NamedTuple, "functools": functools, "abs": abs}


def reference_names() -> dict[str, Any]:
    return {**NAMES, "NamedTuple": NamedTuple, "functools": functools, "abs": abs}


def executed(function: Function, names: dict[str, Any]) -> dict[str, Any]:
    """Run the definitions."""
    path = f"<function {abs(hash(function.source))}>"
    linecache.cache[path] = (len(function.source), None, function.source.splitlines(keepends=True), path)
    names["__name__"] = "fuzzed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the shrinker makes odd things
            exec(compile(function.source, path, "exec"), names)
            names["made"] = eval(function.made, names)
    except Exception as error:
        raise InvalidError from error
    finally:
        linecache.cache.pop(path, None)
    return names


class Sample(NamedTuple):
    """The reference at one point.

    Attributes:
        values: the numbers of the result.
        like: the result itself, whose form others must have.
        gradients: those of the first number, or of the weighted sum of all, with respect to all leaves.
        moved: the derivatives of the numbers in the direction of the tangents.
        scales: what rounding errors of values and of gradients are measured by.
        is_outside: whether something that matters has left its domain; `may_warn`, if anything has.
    """

    values: list[float]
    like: Any
    gradients: list[float]
    moved: list[float]
    scales: tuple[float, float]
    is_outside: bool
    may_warn: bool


def leaves_of(tree: Any) -> Iterator[Any]:
    """The numbers of a result."""
    if isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves_of(branch)
    elif isinstance(tree, (list, tuple, np.ndarray)):
        for branch in tree:
            yield from leaves_of(branch)
    else:
        yield tree


def applied(f: Callable[..., Any], arguments: Sequence[Argument], call: Call, leaves: Sequence[Any], names: dict[str, Any]) -> Any:
    """The function of the numbers of one sample."""
    args, kwargs = [], {}
    start = 0
    for i in call.passed:
        a = arguments[i]
        value = a.form.built(leaves[start : start + a.form.size], names)
        start += a.form.size
        if a.passing == "" and i not in call.named:
            args.append(value)
        else:
            kwargs[a.name] = value
    return f(*args, **kwargs)


def _column(result: Any, like: Any, shape: tuple[int, ...]) -> list[Grid]:
    """The numbers of the result of a compiled function, each for all samples."""
    if isinstance(like, dict):
        if not isinstance(result, dict) or list(result) != list(like):
            raise DisagreementError("form", f"a dict like {like} is expected, not {result!r}")
        return [column for key in like for column in _column(result[key], like[key], shape)]
    if isinstance(like, tuple):
        if not isinstance(result, tuple) or len(result) != len(like):
            raise DisagreementError("form", f"a tuple like {like} is expected, not {result!r}")
        return [column for part, one in zip(result, like, strict=True) for column in _column(part, one, shape)]
    array = np.asarray(result, dtype=float)
    inner = np.shape(like)
    if array.shape != shape + inner or (array.shape == () and type(result) is not float):
        raise DisagreementError("form", f"numbers of the shape {shape + inner} are expected, not {result!r}")
    array = array.reshape(-1, math.prod(inner))
    return [array[:, k] for k in range(array.shape[1])]


class Checked:
    """A case with all that is computed for it once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.function = case.function
        self.reference = executed(case.function, reference_names())
        self.eager = executed(case.function, package_names())
        self._samples: dict[Any, Sample] = {}

    def numbers(self, call: Call, sample: int) -> list[float]:
        """The leaves of all arguments that are passed."""
        results: list[float] = []
        for k, i in enumerate(call.passed):
            results += self.function.arguments[i].rows[call.rows[k][call.spread(k)[sample]]]
        return results

    def traced(self, call: Call, numbers: Sequence[float], rng: random.Random | None = None, soft: bool = False) -> Trace:
        names = self.reference
        if "W = Value(" in self.function.source:
            names["W"] = constant(call.captured)
        try:
            return trace(lambda leaves: applied(names["made"], self.function.arguments, call, leaves, names), numbers, rng, soft)
        except OutsideError:
            raise
        except Exception as error:
            raise InvalidError from error

    def sample(self, call: Call, sample: int, rng: random.Random | None = None) -> Sample:
        """The reference for one sample of a call."""
        numbers = self.numbers(call, sample)
        tangents = [WEIGHTS[(leaf + row) % len(WEIGHTS)] for leaf, row in self.places(call, sample)]
        weighted = call.method == "vjp"
        key = (
            tuple(map(float.hex, numbers)),
            call.captured,
            call.passed,
            tuple(tangents) if call.method == "jvp" else (),
            sample if weighted else -1,
        )
        if rng is None and key in self._samples:
            return self._samples[key]
        outside, may_warn = False, False
        try:
            result = self.traced(call, numbers, rng)
        except OutsideError:
            result = self.traced(call, numbers, rng, soft=True)
            outside, may_warn = result.is_outside(list(leaves_of(result.result))), True
        outputs = list(leaves_of(result.result))
        pair = isinstance(result.result, tuple) and len(result.result) == 2 and isinstance(result.result[0], (float, int))
        single = isinstance(result.result, (float, int))
        if (
            not (single if self.function.output == "number" else pair)
            or not outputs
            or any(type(x) not in (Number, float, int) for x in outputs)
        ):
            raise InvalidError
        seeds = [(x, WEIGHTS[(j + sample) % len(WEIGHTS)]) for j, x in enumerate(outputs)] if weighted else [(outputs[0], 1.0)]
        gradients, largest = result.gradients(seeds)
        moved = result.pushed(tangents, outputs) if call.method == "jvp" else []
        made = Sample([*map(float, outputs)], result.result, gradients, moved, (result.run.largest, largest), outside, may_warn)
        if rng is None:
            self._samples[key] = made
        return made

    def places(self, call: Call, sample: int) -> list[tuple[int, int]]:
        """For each leaf its number, and the row that the sample has of its argument."""
        return [
            (leaf, int(call.spread(k)[sample])) for k, i in enumerate(call.passed) for leaf in range(self.function.arguments[i].form.size)
        ]


@dataclass
class Expected:
    """Arrays of numbers: what a call must give, what their errors are measured by, and which of them are anything."""

    numbers: list[Grid]
    scales: list[Grid]
    free: list[Grid]


def chosen_by(function: Function, call: Call) -> tuple[int, ...]:
    """Which of the arguments that are passed `wrt` chooses, as positions among them."""
    if call.wrt is None:
        return tuple(range(len(call.passed)))
    names = [function.arguments[i].name for i in call.passed]
    return tuple(
        [names.index(w) if isinstance(w, str) else w % len(names) for w in (call.wrt if isinstance(call.wrt, tuple) else (call.wrt,))]
    )


def expected(checked: Checked, call: Call, rng: random.Random | None = None) -> Expected:
    """Values, one row a sample, then derivatives."""
    function = checked.function
    samples = [checked.sample(call, s, rng) for s in range(call.size)]
    if len({len(sample.values) for sample in samples}) > 1:
        raise InvalidError
    lost = np.array([sample.may_warn for sample in samples])
    values = np.array([sample.values for sample in samples])
    by_value = np.array([[sample.scales[0]] for sample in samples]) + np.zeros_like(values)
    free = lost[:, None] & np.ones_like(values, dtype=bool)
    if call.method == "call":
        return Expected([values], [by_value], [free])
    if call.method == "jvp":
        moved = np.array([sample.moved for sample in samples])
        by_gradient = np.array([[max(sample.scales)] for sample in samples]) * 3.0 + np.zeros_like(moved)
        with np.errstate(over="ignore"):
            return Expected([values, moved], [by_value, by_gradient + np.abs(np.nan_to_num(moved))], [free, free])
    total = call.reduce is not None
    weight = 1.0 / call.size if call.reduce == "mean" else 1.0
    if total:
        with np.errstate(all="ignore"):
            first = np.array([[weight * values[:, 0].sum()]])
        numbers, scales, free_ones = (
            [first, values[:, 1:]],
            [np.array([[by_value.sum()]]), by_value[:, 1:]],
            [np.array([[lost.any()]]), free[:, 1:]],
        )
    else:
        numbers, scales, free_ones = [values], [by_value], [free]
    ends = np.cumsum([0, *[function.arguments[i].form.size for i in call.passed]])
    accumulated = total or call.method == "vjp"
    for k in chosen_by(function, call):
        own = np.array([sample.gradients[ends[k] : ends[k + 1]] for sample in samples]).reshape(call.size, -1)
        scale = np.array([[sample.scales[1] + sample.scales[0] * 1e-3] for sample in samples]) + np.zeros_like(own)
        away = lost[:, None] & np.ones_like(own, dtype=bool)
        if accumulated:
            rows = len(call.rows[k])
            sums, of_scales, any_away, not_finite = np.zeros((4, rows, own.shape[1]))
            with np.errstate(all="ignore"):
                np.add.at(sums, call.spread(k), own * weight)
                np.add.at(of_scales, call.spread(k), scale)
            np.add.at(any_away, call.spread(k), away)
            np.add.at(not_finite, call.spread(k), ~np.isfinite(own))
            shared = np.bincount(call.spread(k), minlength=rows)[:, None] > 1
            own, scale, away = sums, of_scales, any_away > 0.0
            own = np.where((not_finite > 0.0) & shared, np.nan, own)  # infinite, or nan, depending on what is added up first
        numbers.append(own)
        scales.append(scale)
        free_ones.append(away)
    return Expected(numbers, scales, free_ones)


def skipped(n: int, want: Expected) -> Expected:
    """Without the first arrays."""
    return Expected(want.numbers[n:], want.scales[n:], want.free[n:])


def wanted_of(checked: Checked, call: Call, s: int, rng: random.Random | None = None) -> Expected:
    """The first value of one sample, and its gradients; of `vjp`, which are those of a weighted sum, the gradients only."""
    sample = checked.sample(call, s, rng)
    gradients = np.array([sample.gradients])
    free = np.array([[sample.may_warn]])
    want = Expected(
        [np.array([sample.values[:1]]), gradients],
        [np.array([[sample.scales[0]]]), np.full_like(gradients, sample.scales[1])],
        [free, free & np.ones_like(gradients, dtype=bool)],
    )
    return skipped(1, want) if call.method == "vjp" else want


def near(a: Grid, b: Grid, scale: Grid) -> Grid:
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        close: Grid = same | (
            np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= 1e-9 * np.maximum(scale, np.maximum(np.abs(a), np.abs(b))))
        )
        return close


def far(result: Sequence[Grid], wanted: Expected, cloud: Callable[[], list[Expected]], compiled: bool = False) -> tuple[int, str] | None:
    """Where numbers differ by more than rounding explains.

    What is `compiled` may be inf where nan is expected: equal computations are one, whose gradients are added before they are multiplied by
    an infinite slope, and those of samples may be +inf and -inf.
    """
    noisy: list[Expected] | None = None
    for which, (a, b, scale, free) in enumerate(zip(result, wanted.numbers, wanted.scales, wanted.free, strict=True)):
        if a.shape != b.shape:
            raise DisagreementError("form", f"{a.shape} instead of {b.shape}")
        wrong = ~(near(a, b, scale) | free)
        if not wrong.any():
            continue
        noisy = cloud() if noisy is None else noisy
        for place in zip(*np.nonzero(wrong), strict=True):
            others = np.array([n.numbers[which][place] for n in noisy])
            if compiled and not np.isfinite(a[place]) and np.isnan(b[place]):
                continue
            if any(n.free[which][place] for n in noisy) or (np.isfinite(others) != np.isfinite(b[place])).any():
                continue  # rounding decides whether it is finite
            if np.isfinite(a[place]) and np.isfinite(b[place]) and abs(a[place] - b[place]) <= 50.0 * np.abs(others - b[place]).max():
                continue
            kind = "nan or inf" if np.isfinite(a[place]) != np.isfinite(b[place]) else "number"
            return which, f"{kind}: {a[place]!r}, not {b[place]!r}, at {tuple(map(int, place))}: {_short(a)} instead of {_short(b)}"
    return None


def _short(array: Grid) -> str:
    text = " ".join(np.array2string(array, precision=17, threshold=20).split())
    return text if len(text) < 200 else text[:200] + " …"


def capture(names: dict[str, Any], call: Call) -> None:
    """Give the Value that the function refers to its number."""
    if isinstance(names.get("W"), autograd.Value):
        names["W"].data = call.captured


def random_call(rng: random.Random, function: Function, features: Sequence[str]) -> Call:
    """A way to call a function."""
    arguments = function.arguments
    passed = tuple([i for i, a in enumerate(arguments) if a.default is None or rng.random() < 0.6])
    if not passed:
        passed = (0,)
    named = {i for i in passed if arguments[i].passing}
    if "keywords" in features and rng.random() < 0.3:  # the rest from some position on
        start = rng.randrange(len(passed))
        named |= set(passed[start:])
    gap = next((k for k, i in enumerate(passed) if i != k), len(passed))
    named |= {i for k, i in enumerate(passed) if k >= gap and arguments[i].passing == ""}  # an argument before it has its default
    broadcast = function.in_axes is None
    axes = [None if broadcast else arguments[i].batched if isinstance(function.in_axes, tuple) else True for i in passed]
    shape: tuple[int, ...] | None = None
    if broadcast:
        shape = rng.choice([None, None, (1,), (2,), (3,), (5,), (2, 2), (2, 3)])
    elif any(axes):
        shape = (rng.choice([1, 2, 3, 4, 5]),)
    rows, shapes = [], []
    for i, batched in zip(passed, axes, strict=True):
        own: tuple[int, ...] | None = None
        if broadcast and shape is not None:
            own = rng.choice([shape, shape, (), shape[-1:], (*shape[:-1], 1)])
        count = (math.prod(own) if own is not None else 1) if broadcast else math.prod(shape) if batched and shape else 1
        rows.append(tuple([rng.randrange(len(arguments[i].rows)) for _ in range(count)]))
        shapes.append(own)
    if broadcast and shape is not None and np.broadcast_shapes(*[own for own in shapes if own is not None]) != shape:
        shapes[0] = shape
        rows[0] = tuple([rng.randrange(len(arguments[passed[0]].rows)) for _ in range(math.prod(shape))])
    methods = ["call", "value_and_grad", "value_and_grad", "value_and_grad"] if function.output != "tree" else ["call"]
    methods += ["vjp"] * ("vjp" in features) + ["jvp"] * ("jvp" in features and not named)
    if (
        "second" in features
        and function.output == "number"
        and not named
        and passed[0] == 0
        and arguments[0].form.kind in ("number", "list")
    ):
        methods += ["grad"]
        if all(arguments[i].form.kind == "number" for i in passed):
            methods += ["second"]
        methods += ["hessian"] * (arguments[0].form.size < 5)
    method = rng.choice(methods)
    wrt: Any = None
    if method == "value_and_grad" and rng.random() < 0.6:
        some = tuple(rng.sample(range(len(passed)), rng.randint(1, len(passed))))
        plain = all(passed[k] == k and arguments[passed[k]].passing != "extra" for k in some)
        wrt = some[0] if rng.random() < 0.5 else some
        if ("names" in features and rng.random() < 0.4) or not plain:
            wrt = tuple([arguments[passed[k]].name for k in some])
            wrt = wrt[0] if rng.random() < 0.5 else wrt
            wrt = wrt if "names" in features else None
    reduce = rng.choice([None, None, "sum", "mean"]) if method == "value_and_grad" else None
    captured = rng.choice([0.5, 0.5, 1.0, 0.0, -1.0])
    return Call(method, shape, tuple(rows), tuple(shapes), passed, frozenset(named), wrt, reduce, captured)


def arguments_of(function: Function, call: Call, names: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What to call the compiled function with."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for k, i in enumerate(call.passed):
        a = function.arguments[i]
        rows = [a.rows[row] for row in call.rows[k]]
        own = call.shapes[k]
        value: Any
        if function.in_axes is None:
            value = rows[0][0] if not own else np.array(rows).reshape(own)
            value = value.tolist() if own and sum(call.rows[k]) % 3 == 0 else value
        elif call.shape is None or (isinstance(function.in_axes, tuple) and not a.batched):
            leaves = [autograd.Value(x) for x in rows[0]] if a.form.kind == "model" else list(rows[0])
            value = a.form.built(leaves, names, dtype=float if a.form.kind != "model" else object)
        else:
            value = a.form.batch(rows, names)
        if a.passing == "" and i not in call.named:
            args.append(value)
        else:
            kwargs[a.name] = value
    return args, kwargs


def stands_alone(function: Function) -> bool:
    """Whether the gradient of a function is not in a tuple: it has one parameter, which takes one argument."""
    return len(function.arguments) == 1 and function.arguments[0].passing != "extra"


def called(f: Any, call: Call, args: list[Any], kwargs: dict[str, Any], checked: Checked, names: dict[str, Any]) -> Any:
    function = checked.function
    if call.method in ("call", "grad", "hessian"):
        return f(*args, **kwargs)
    if call.method == "second":
        return f.value_and_grad(*args, **kwargs)
    if call.method == "value_and_grad":
        return f.value_and_grad(*args, wrt=call.wrt, reduce=call.reduce, has_aux=function.output == "aux", **kwargs)
    if call.method == "vjp":
        value, pull_back = f.vjp(*args, **kwargs)
        like = checked.sample(call, 0).like
        return value, pull_back(seeds_of(like, call))
    tangents = [tangent_of(checked, call, k, names) for k in range(len(call.passed))]
    return f.jvp(tuple(args), tuple(tangents))


def seeds_of(like: Any, call: Call) -> Any:
    """The gradient of something with respect to a result like this one."""
    numbers = iter(range(1000))

    def seed(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: seed(branch) for key, branch in tree.items()}
        if isinstance(tree, tuple):
            return tuple([seed(branch) for branch in tree])
        inner = np.shape(tree)
        each = [
            [WEIGHTS[(j + s) % len(WEIGHTS)] for j in range(first, first + math.prod(inner))]
            for first in [next(numbers)]
            for s in range(call.size)
        ]
        for _ in range(math.prod(inner) - 1):
            next(numbers)
        array = np.array(each).reshape((() if call.shape is None else call.shape) + inner)
        return array.item() if array.shape == () else array

    return seed(like)


def tangent_of(checked: Checked, call: Call, k: int, names: dict[str, Any]) -> Any:
    """The direction of the k-th argument."""
    function = checked.function
    a = function.arguments[call.passed[k]]
    rows = tuple([tuple([WEIGHTS[(leaf + row) % len(WEIGHTS)] for leaf in range(a.form.size)]) for row in range(len(call.rows[k]))])
    moved = replace(function, arguments=tuple([replace(b, rows=rows) if b is a else b for b in function.arguments]))
    one = replace(call, rows=tuple([tuple(range(len(rows))) if j == k else r for j, r in enumerate(call.rows)]))
    args, _ = arguments_of(moved, replace(one, rows=tuple([r if j == k else tuple([0] * len(r)) for j, r in enumerate(one.rows)])), names)
    return args[k]


def columns(function: Function, call: Call, result: Any, like: Any, point: Any) -> list[Grid]:
    """The numbers that a call has given, in the order of `expected`."""
    lead = () if call.shape is None else call.shape

    def whole(tree: Any, shape: tuple[int, ...]) -> Grid:
        return np.stack(_column(tree, like, shape), axis=1)

    try:
        if call.method == "call":
            return [whole(result, lead)]
        if call.method == "jvp":
            return [whole(result[0], lead), whole(result[1], lead)]
        if call.method == "grad":
            return [_gradient(function, call, 0, result, point, each=True)]
        value, gradients = result
        results = [whole(value, lead)] if call.reduce is None else []
        if call.reduce is not None:
            first, rest = value if function.output == "aux" else (value, ())
            if type(first) is not float:
                raise DisagreementError("form", f"a float is expected, not {first!r}")
            more = _column(rest, like[1], lead) if function.output == "aux" else []
            results += [np.array([[first]]), np.stack(more, axis=1) if more else np.zeros((call.size, 0))]
        chosen = chosen_by(function, call)
        if (call.method != "vjp" and call.wrt is None and stands_alone(function)) or isinstance(call.wrt, (int, str)):
            gradients = (gradients,)
        if not isinstance(gradients, tuple) or len(gradients) != len(chosen):
            raise DisagreementError("form", f"a tuple of {len(chosen)} gradients is expected, not {gradients!r}")
        each = call.method == "value_and_grad" and call.reduce is None
        return results + [_gradient(function, call, k, g, point, each) for k, g in zip(chosen, gradients, strict=True)]
    except ValueError as error:
        raise DisagreementError("form", str(error)) from error


def _gradient(function: Function, call: Call, k: int, gradient: Any, point: Any, each: bool) -> Grid:
    a = function.arguments[call.passed[k]]
    rows = call.size if each else len(call.rows[k])
    if function.in_axes is None:
        shape = (call.shape if each else call.shapes[k]) or ()
        array = np.asarray(gradient, dtype=float)
        if array.shape != shape or (shape == () and type(gradient) is not float):
            raise ValueError(f"a gradient of the shape {shape} is expected, not {gradient!r}")
        return array.reshape(-1, 1)
    single = call.shape is None or (not each and isinstance(function.in_axes, tuple) and not a.batched)
    return a.form.columns(gradient, None if single else rows, point)
