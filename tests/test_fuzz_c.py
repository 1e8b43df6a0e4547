"""A fixed budget of random programs and functions in C; `python tests/fuzzers functions --executors c --minutes 60` looks longer."""

import math
import random
import warnings
from typing import Any

import numpy as np
import pytest
from c_compiler import compiled, differentiated, needs_compiler
from fuzzers.function_forms import FEATURES
from fuzzers.functions import Bench, Finding, script_of
from fuzzers.graph_programs import Program, decided, grow, result_of
from fuzzers.graphs import Outcome, agree, run_eager, run_on_floats

import autograd
from autograd import compile, to_c
from autograd.compiled.export.c import c_kinds, c_namespace, decisions
from autograd.ops import OPERATIONS

pytestmark = needs_compiler

WITHOUT_IFS = [name for name in FEATURES if name not in ("branches", "truths", "sorting", "equality")]
"""With them, most functions have an `if` of which one side is never reached, and cannot be exported."""


# -- programs over all rows -------------------------------------------------------------------------------------------------------


def exported(program: Program, name: str) -> str:
    """The program as a function, in which a `where` stays one, and as a graph, in which choices are made; nothing if it fails eagerly."""
    texts = []
    if "if:" not in repr(program.steps):
        f = compile(lambda *inputs: result_of(autograd, program, inputs), executor="numpy")
        f.record(*program.inputs)
        texts.append(to_c(f, name=f"{name}_function", checked=True))
    path = run_on_floats(autograd, program, program.inputs).path
    _, root, leaves = run_eager(autograd, decided(program, path))
    if root is not None and root._prev:
        for i, leaf in enumerate(leaves):
            leaf.label = f"leaf {i}"
        texts.append(to_c(compile(root, executor="numpy"), name=f"{name}_graph", checked=True))
    return "\n".join(texts)


def in_c(library: Any, name: str, inputs: tuple[float, ...]) -> Outcome | None:
    """None if the program was not exported so."""
    if not hasattr(library, name):
        return None
    (value,), (gradient,) = differentiated(library, name, inputs)
    return Outcome(float(value), tuple(gradient.tolist()))


def check(library: Any, program: Program, name: str, rng: random.Random) -> int:
    """Compare with eager code at some points. Returns how many were compared."""
    moved = [tuple(x * 1.125 + 0.03 if math.isfinite(x) else x for x in program.inputs)]
    moved += [tuple(rng.choice([x, -x, rng.uniform(-3.0, 3.0), 0.0, 1.0]) for x in program.inputs) for _ in range(3)]
    compared = 0
    for inputs in (program.inputs, *moved):
        eager, _, _ = run_eager(autograd, program, inputs)
        actual = in_c(library, f"{name}_function", inputs)
        if actual is None:
            continue
        noise = [run_on_floats(autograd, program, inputs, rng) for _ in range(66)]
        if eager.error:
            surely = all(n.error for n in noise) and len({n.path for n in noise}) == 1
            assert not surely or all(map(math.isnan, (actual.value, *actual.gradients))), (program, inputs, eager, actual)
        else:
            assert agree(eager, actual, noise), f"at {inputs}: eager {eager}, C {actual}\n{program}"
            compared += 1
    return compared


def check_graph(library: Any, program: Program, name: str, rng: random.Random) -> int:
    straight = decided(program, run_on_floats(autograd, program, program.inputs).path)
    if not hasattr(library, f"{name}_graph"):
        return 0
    _, root, leaves = run_eager(autograd, straight)
    order = [leaves.index(leaf) for leaf in compile(root, executor="numpy").leaves]  # of the leaves that the result depends on
    compared = 0
    for inputs in (straight.inputs, tuple(x * 1.125 + 0.03 if math.isfinite(x) else x for x in straight.inputs)):
        eager, _, _ = run_eager(autograd, straight, inputs)
        actual = in_c(library, f"{name}_graph", tuple([inputs[i] for i in order]))
        assert actual is not None
        if eager.error:
            continue
        noise = [run_on_floats(autograd, straight, inputs, rng) for _ in range(66)]
        kept = [Outcome(n.value, tuple([n.gradients[i] for i in order]), n.error, n.path) if n.gradients else n for n in noise]
        own = Outcome(eager.value, tuple([eager.gradients[i] for i in order]))
        assert agree(own, actual, kept), f"at {inputs}: eager {own}, C {actual}\n{straight}"
        compared += 1
    return compared


@pytest.mark.parametrize("programs", [120, pytest.param(400, marks=pytest.mark.slow)])
def test_programs_over_all_rows(programs: int) -> None:
    rng = random.Random(1)
    names = sorted(OPERATIONS)
    of_functions, of_graphs = 0, 0
    for _ in range(0, programs, 60):  # so many are compiled together
        grown = [grow(rng, autograd, names) for _ in range(60)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            library = compiled("\n".join(exported(program, f"p{i}") for i, program in enumerate(grown)), "-O0")
        for i, program in enumerate(grown):
            of_functions += check(library, program, f"p{i}", rng)
            of_graphs += check_graph(library, program, f"p{i}", rng)
    assert of_functions > 2 * programs
    assert of_graphs > programs


# -- functions ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("functions", "features", "least"),
    [
        pytest.param(40, WITHOUT_IFS, 5, id="without ifs"),
        pytest.param(25, FEATURES, 1, id="all"),
        pytest.param(150, WITHOUT_IFS, 5, id="without ifs, many", marks=pytest.mark.slow),
        pytest.param(150, FEATURES, 1, id="all, many", marks=pytest.mark.slow),
    ],
)
def test_functions(functions: int, features: list[str], least: int) -> None:
    bench = Bench(["c"], features)
    for seed in range(functions):
        case = bench.grow(random.Random(seed))
        result = bench.disagreement(case)
        assert not result, f"function {seed}\n{script_of(*bench.shrink(case, result))}"
    assert bench.counts["samples, c"] > least * functions


# -- planted errors -----------------------------------------------------------------------------------------------------------------


def found_in(functions: int, *features: str) -> Finding:
    """The first disagreement among random functions."""
    bench = Bench(["c"], features or WITHOUT_IFS)
    for seed in range(functions):
        result = bench.disagreement(bench.grow(random.Random(seed)))
        if result is not None:
            return result
    raise AssertionError("nothing was found")


def test_a_wrong_function_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = c_namespace.CNamespace.divide
    monkeypatch.setattr(c_namespace.CNamespace, "divide", lambda self, a, b: right(self, a, b) * 1.0001)
    assert found_in(60).kind in ("value", "gradient")


@pytest.mark.slow
def test_a_forgotten_mask_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_kinds._Elements, "masked", lambda self, lines: lines)
    assert found_in(200, "where", "errors", "infinite", "loops").kind == "gradient"


def test_swapped_sides_of_an_if_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = decisions.Decision
    monkeypatch.setattr(decisions, "Decision", lambda condition, line, holds, fails: right(condition, line, fails, holds))
    assert found_in(100, "branches", "loops").kind in ("value", "gradient")


def test_a_missing_check_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_kinds, "outside", lambda *_: np.False_)
    assert found_in(200, "errors", "loops").kind == "finite outside"
