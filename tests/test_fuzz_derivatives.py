"""Random functions: their compiled Jacobians and Hessians, dense and sparse, in each way to compute them, against the uncompiled ones."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS
from fuzzers.nesting_grower import grown
from fuzzers.nesting_language import SkippedError, function_of
from fuzzers.nesting_package import Ours
from fuzzers.nestings import made

from autograd import AutogradError, compile, hessian, jacobian, sparse_hessian, sparse_jacobian
from autograd.compiled.api import compiled_jacobian, directions, sparse_derivative
from autograd.trees import flatten

WAYS = {"rows": (10**6, 1024), "directions": (0, 1024), "a direction at a time": (0, 1)}


def numbers(tree: Any) -> Any:
    """All numbers of a result."""
    return np.array([float(getattr(x, "data", x)) for x in flatten(tree)[0]])


def compare(compiled: Any, x: list[float], expected: Any, counts: Counter[str], what: str) -> None:
    """Compare a compiled derivative, unless it is refused."""
    try:
        result = compiled(x)
    except AutogradError:
        counts["refused"] += 1
        return
    scale = max(1.0, np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
    result = numbers(result.toarray() if hasattr(result, "toarray") else result)
    np.testing.assert_allclose(result, expected, rtol=1e-8, atol=1e-9 * scale, err_msg=what)
    counts["compared"] += 1


@pytest.mark.parametrize("programs", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_random_functions(programs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_jacobian, "SMALL", -1)
    counts: Counter[str] = Counter()
    for seed in range(programs):
        program = grown(seed)
        inner = function_of(program, Ours(), **{leaf: made(kind, x)[0] for leaf, kind, x in program.leaves})
        x = list(program.points)
        f: Any = lambda x, inner=inner: inner(*x)
        several: Any = lambda x, inner=inner: [inner(*x), x[0] * inner(*x), inner(*x[::-1]) + x[-1], 3.0 * x[0]]
        executor = EXECUTORS[seed % len(EXECUTORS)]
        for kind, transformed in (("hessian", hessian(f)), ("jacobian", jacobian(several))):
            try:
                expected = numbers(transformed(x))
            except (AutogradError, SkippedError):
                counts["refused"] += 1
                continue
            for way, (few, at_once) in WAYS.items():
                monkeypatch.setattr(directions, "FEW", few)
                monkeypatch.setattr(directions, "AT_ONCE", at_once)
                compare(compile(transformed, in_axes=(None,), executor=executor), x, expected, counts, f"program {seed}: {kind}, {way}")
        for kind, of, function in (("sparse_hessian", sparse_hessian, f), ("sparse_jacobian", sparse_jacobian, several)):
            try:
                expected = numbers(of(function, x).todense())
            except (AutogradError, SkippedError):
                continue
            for most in (-1, 10**9):
                monkeypatch.setattr(sparse_derivative, "MOST_TANGENTS", most)
                compiled = compile(function, in_axes=(None,), executor=executor)
                compare(getattr(compiled, kind), x, expected, counts, f"program {seed}: {kind}, {most} tangents")
    assert counts["compared"] > 4 * programs
    assert counts["refused"] < counts["compared"]
