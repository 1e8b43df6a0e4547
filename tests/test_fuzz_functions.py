"""A fixed budget of random functions; `python tests/fuzzers functions --minutes 60` looks longer."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numpy")

from fuzzers.function_calls import Call, Case
from fuzzers.function_forms import FEATURES, NUMBER, Argument, Form, Function
from fuzzers.function_grammar import written
from fuzzers.function_reference import NAMES, Number, OutsideError, trace
from fuzzers.function_shrinking import simpler
from fuzzers.functions import Bench, Finding, script_of

from autograd import scan, while_loop
from autograd.compiled import placed_loops
from autograd.compiled.api import branch, call, rolled, specialisations
from autograd.ops import OPERATIONS

FUNCTIONS = 400


@pytest.mark.parametrize("functions", [150, pytest.param(FUNCTIONS, marks=pytest.mark.slow)])
def test_compiled_functions_are_what_they_are(functions: int) -> None:
    """A seed of its own for each function, so that a failure names it: ``Bench().grow(random.Random(seed))``."""
    bench = Bench()
    for seed in range(functions):
        case = bench.grow(random.Random(seed))
        result = bench.disagreement(case)
        assert not result, f"function {seed}\n{script_of(*bench.shrink(case, result))}"
    counts = bench.counts
    assert counts["invalid"] <= functions / 50
    assert counts["samples, eager"] > 5 * functions
    assert counts["gradients against differences"] > functions
    for executor in bench.executors:
        assert counts[f"samples, {executor}"] > 5 * functions
        assert counts[f"samples outside, {executor}"] > functions / 5
        assert counts[f"errors for numbers, {executor}"] > functions / 100
        assert sum(n for name, n in counts.items() if name.startswith(f"refused, {executor}")) < functions / 20
        for method in ("call", "value_and_grad", "vjp", "jvp", "grad", "second", "hessian"):
            assert counts[f"calls, {executor}: {method}"] > functions / 50, method


# -- planted errors -----------------------------------------------------------------------------------------------------


def found_in(functions: int, *features: str, kind: str = "", executor: str = "numpy", seconds: float = 10.0) -> tuple[Case, Finding]:
    """The first disagreement among random functions, made small."""
    bench = Bench([executor], features or FEATURES)
    for seed in range(functions):
        case = bench.grow(random.Random(seed))
        result = bench.disagreement(case)
        if result is not None:
            assert kind in result.kind, result
            return bench.shrink(case, result, seconds)
    raise AssertionError("nothing was found")


def test_a_wrong_slope_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """In eager code, by floats that differentiate themselves; what is left of the function is the operation."""
    row = OPERATIONS["tanh"]
    object.__setattr__(row, "derivatives", (right := row.derivatives) and (lambda xp, y, a: right[0](xp, y, a) * 1.001,))
    try:
        case, result = found_in(200, "loops", kind="gradient")
    finally:
        object.__setattr__(row, "derivatives", right)
    assert result.who == "eager"
    assert "tanh" in case.function.source
    assert len(case.function.source.splitlines()) < 8


def test_a_wrong_slope_of_the_reference_is_found() -> None:
    right = NAMES["sin"]

    def wrong(a: Any) -> Any:
        y = right(a)
        if isinstance(y, Number) and y.slopes:
            y.slopes = tuple([None if slope is None else slope * 1.01 for slope in y.slopes])
        return y

    NAMES["sin"] = wrong
    try:
        case, result = found_in(200, "loops")
    finally:
        NAMES["sin"] = right
    assert result.who in ("reference", "eager")
    assert "sin" in case.function.source


def test_a_frozen_branch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branch.Branch, "holds", lambda self, data: np.ones(data.batched.shape[1], dtype=bool))
    case, result = found_in(200, "branches", "loops")
    assert result.who == "numpy"
    assert " if " in f" {case.function.source} " or "max(" in case.function.source or "min(" in case.function.source


def test_a_missing_warning_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialisations, "report", lambda *_: None)
    _, result = found_in(200, "errors", "loops", kind="no ")
    assert result.kind in ("no warning", "no error")


def test_a_wrong_total_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_total", lambda numbers: float(numbers.sum()) * 1.0001)
    _, result = found_in(100, "loops", kind="value")
    assert result.who == "numpy"


def test_wrong_numbers_of_rounds_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a scan whose step is traced once."""
    right = rolled._table
    monkeypatch.setattr(rolled, "_table", lambda column: None if right(column) is None else right(column) * 1.001)
    case, result = found_in(200, "scans", seconds=2.0)
    assert result.who == "numpy"
    assert "scan(" in case.function.source
    assert case.thresholds.traced < 200


@pytest.mark.slow
def test_gradients_of_rounds_that_are_not_alike_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slope that is infinite meets a gradient of 0 in rounds that eager code does not reach."""
    monkeypatch.setattr(placed_loops, "_need_even_visits", lambda block: None)
    case, result = found_in(4000, "scans", "infinite", kind="gradient")
    assert result.who == "numpy"
    assert "scan(" in case.function.source


def test_arguments_that_are_mixed_up_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = call.pull_back

    def wrong(*args: Any) -> Any:
        result = right(*args)
        return {i: result[j] for i, j in zip(result, reversed([*result]), strict=True)}

    monkeypatch.setattr(call, "pull_back", wrong)
    _, result = found_in(100, "loops", "names", "keywords")
    assert result.kind in ("gradient", "form", "raises ValueError")


# -- the reference ------------------------------------------------------------------------------------------------------


def traced(f: Callable[..., Any], *numbers: float, **how: Any) -> Any:
    return trace(lambda leaves: f(*leaves), numbers, **how)


def test_numbers_are_floats_and_take_their_branches() -> None:
    def f(x: Any, y: Any) -> Any:
        if x == y and x in (0.0, 1.0) and (x, y) < (1.0, 1.0) and not x:
            return max(x, y, key=lambda t: -t) + NAMES["relu"](y)
        return x * 2.0

    assert float(traced(f, 0.0, 0.0).result) == 0.0
    assert float(traced(f, 1.0, 1.0).result) == 2.0
    assert float(traced(lambda x: 1.0 if x != x else x * 1.0, math.nan).result) == 1.0


def test_gradients_go_where_results_come_from() -> None:
    sqrt, where, minimum, acos = (NAMES[name] for name in ("sqrt", "where", "minimum", "acos"))
    project = lambda x: x * 3.0 if sqrt(x) < 1.0 else x
    run = traced(project, 0.0)
    assert run.gradients([(run.result, 1.0)])[0] == [3.0]  # not nan: only a condition reads the root
    run = traced(lambda x: acos(minimum(x, 1.0)), 1.5)
    assert run.gradients([(run.result, 1.0)])[0] == [0.0]  # a slope that is 0 by structure
    run = traced(lambda x: sqrt(x * 0.0), 1.0)
    assert math.isnan(run.gradients([(run.result, 1.0)])[0][0])  # one that is 0 by value
    run = traced(lambda x: where(x > 0.0, lambda: sqrt(x), 1.0), 0.0)
    assert run.gradients([(run.result, 1.0)])[0] == [0.0]
    run = traced(lambda x, y: x * y + y**2, 2.0, 3.0)
    assert run.gradients([(run.result, 2.0)])[0] == [6.0, 16.0]
    assert run.pushed([1.0, 10.0], [run.result]) == [83.0]


def test_loops_of_the_reference_are_those_of_the_package() -> None:
    step = lambda s, x: ({"p": s["p"] * 0.5 + x[0], "q": s["p"]}, (s["q"], [x[1]["y"], 2.0]))
    xs = ([1.0, 2.0, 3.0], {"y": [4.0, 5.0, 6.0]})
    own, others = (loop(step, {"p": 1.0, "q": 0.0}, xs) for loop in (NAMES["scan"], scan))
    assert own == others == ({"p": 4.375, "q": 2.75}, ([0.0, 1.0, 1.5], [[4.0, 2.0], [5.0, 2.0], [6.0, 2.0]]))
    for loop in (NAMES["scan"], scan):
        assert loop(lambda s, x: (s + 1.0, None), 0.0, length=3) == (3.0, None)
        assert loop(lambda s, x: (s + 1.0, s), 0.0, []) == (0.0, [])
        last, ys = loop(lambda s, x: (s + x, s), np.zeros(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
        assert (last.tolist(), ys.tolist()) == ([4.0, 6.0], [[0.0, 0.0], [1.0, 2.0]])
    for loop in (NAMES["while_loop"], while_loop):
        assert loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * 2.0), (0, 1.0), max_rounds=4) == (3, 8.0)


def test_no_grad_stops_gradients_only() -> None:
    def f(x: Any) -> Any:
        with NAMES["no_grad"]():
            y = x * x
        return y * x

    run = traced(f, 3.0)
    assert (float(run.result), run.gradients([(run.result, 1.0)])[0]) == (27.0, [9.0])


def test_what_has_left_its_domain_matters_only_where_it_is_read() -> None:
    log, where = NAMES["log"], NAMES["where"]
    with pytest.raises(OutsideError):
        traced(log, 0.0)
    for f, matters in (
        (lambda x: log(x), True),
        (lambda x: (log(x), x * 1.0)[1], False),
        (lambda x: x * 2.0 if log(x) < 0.0 else x * 1.0, True),
        (lambda x: where(x > 0.0, log(x), 1.0), True),
        (lambda x: where(log(x) > 0.0, x, 1.0), True),
        (lambda x: (where(x > 0.0, log(x), 1.0), x * 1.0)[1], False),
    ):
        run = traced(f, 0.0, soft=True)
        assert run.is_outside([run.result]) is matters


def test_noise_leaves_exact_results_alone() -> None:
    sqrt = NAMES["sqrt"]
    assert {float(traced(lambda x: sqrt(x) * x + 1.0, 4.0, rng=random.Random(i)).result) for i in range(20)} == {9.0}
    noise = {float(traced(sqrt, 2.0, rng=random.Random(i)).result) for i in range(20)}
    assert len(noise) > 2
    assert all(abs(x / math.sqrt(2.0) - 1.0) < 1e-15 for x in noise)


# -- functions ----------------------------------------------------------------------------------------------------------


def test_functions_have_everything_in_them() -> None:
    sources = "\n".join(written(random.Random(seed), FEATURES).source for seed in range(400))
    for text in (
        *(
            "elif",
            "for r in",
            "enumerate",
            "break",
            "continue",
            "with no_grad():",
            "lambda:",
            "where(",
            "& ~(",
            " in (0.0, 1.0)",
            " not in [",
            "==",
            "!=",
        ),
        *(
            "sorted(",
            "max(",
            "min(",
            "any(",
            "all(",
            "zip(*",
            "@",
            ".T",
            "[::-1]",
            "**more",
            "*, ",
            "self.",
            "NamedTuple",
            "(Module)",
            "W = Value",
        ),
        *("= scan(", "= while_loop(", "length=0", "length=1)", "length=40", "}, [", "step", "{'p': "),
        *("** 0.5", "sqrt(", "acos(", "cbrt(", "log(", "def helper1", "k=2.0", "return "),
    ):
        assert text in sources, text


def test_the_same_seed_gives_the_same_function() -> None:
    bench = Bench()
    assert bench.grow(random.Random(7)) == bench.grow(random.Random(7))


def case_of(source: str, *calls: Call, form: Form = NUMBER) -> Case:
    rows = tuple(tuple(float(i + k) for k in range(form.size)) for i in range(3))
    return Case(Function(source, "f", (Argument("x", form, "", None, True, rows),), "number", (0,), True), calls)


CALL = Call("value_and_grad", (3,), ((0, 1, 2),), (None,), (0,), frozenset(), None, None, 0.5)


def test_scripts_run(capsys: pytest.CaptureFixture[str]) -> None:
    case = case_of("def f(x):\n    return x * x", CALL)
    assert Bench(["numpy"]).disagreement(case) is None
    exec(script_of(case, Finding("gradient", "numpy", 0, "wrong")), {"__name__": "script"})
    assert capsys.readouterr().out == "(array([0., 1., 4.]), array([0., 2., 4.]))\n"


def test_what_makes_no_sense_is_no_finding() -> None:
    bench = Bench(["numpy"])
    for source in ("def f(x):\n    return y", "def f(x):\n    return [x]", "def f(x):\n    return x[0]", "f = 1"):
        assert bench.disagreement(case_of(source, CALL)) is None
    assert bench.counts["invalid"] == 4


def test_simpler_cases_are_smaller() -> None:
    case = case_of("def f(x):\n    a = sin(x) + 1.0\n    if a > 0.0:\n        a = a * 2.0\n    return a", CALL, CALL)
    results = [*simpler(case)]
    sources = {candidate.function.source for candidate in results}
    assert "def f(x):\n    a = sin(x) + 1.0\n    return a" in sources
    assert "def f(x):\n    a = sin(x) + 1.0\n    a = a * 2.0\n    return a" in sources
    assert any("a = x" in source for source in sources)
    assert any(len(candidate.calls) == 1 for candidate in results)
    assert any(candidate.calls[0].size == 2 for candidate in results)
