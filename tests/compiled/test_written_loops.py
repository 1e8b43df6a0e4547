"""Scans that are recorded as one loop: the same numbers as in eager code, and what must be unrolled is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, cos, drawn, exp, grad, hessian, log, no_grad, scan, sin, sqrt, tanh, to_c, value_and_grad, where, while_loop
from autograd.compiled import placed_loops
from autograd.compiled.api import rolled
from autograd.compiled.ir import LongLoop, check
from autograd.errors import CompileError, DomainError
from autograd.looping import LEAST_ROUNDS
from tests.loop_programs import loops_of, number

N = LEAST_ROUNDS + 30
XS = [0.01 * i for i in range(N)]
ONE: list[Callable[[Any, Any], Any]] = []
"""Functions whose scans are one loop."""

UNROLLED: list[Callable[[Any, Any], Any]] = []
"""Functions with a scan that must be unrolled, because its rounds differ, or because it depends on more than its arguments."""


def one_loop(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    ONE.append(f)
    return f


def unrolled(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    UNROLLED.append(f)
    return f


@one_loop
def single(a: Any, b: Any) -> Any:
    return scan(lambda s, _: (tanh(s * a + b), None), 0.1, length=N)[0]


@one_loop
def kept(a: Any, b: Any) -> Any:
    c, ys = scan(lambda s, x: ((s[1], 0.5 * s[0] + sin(a * x) * s[1]), s[0] * b), (a, b), XS)
    return sum(ys) + c[0]


@one_loop
def only_kept(a: Any, b: Any) -> Any:
    """The last round computes a carry that nothing reads: eager code has no gradient there, and the slope of the square root is infinite."""
    _, ys = scan(lambda s, x: (sqrt(s * 0.0) + s * 0.9 + a * x if x is None else s * 0.9 + a * x, s), b, XS)
    return sum(ys)


@one_loop
def of_rounds(a: Any, b: Any) -> Any:
    c, ys = scan(lambda s, x: (s * 0.9 + x * a, s), b, [a * i for i in range(N)])
    return c + ys[-1]


@one_loop
def passed_on(a: Any, b: Any) -> Any:
    c, ys = scan(lambda s, x: ((s[0], s[1] + s[0] * x, s[1]), s[2]), (a, b, 0.0), XS)
    return c[0] * c[1] + c[2] + ys[-1]


@one_loop
def constant_carry(a: Any, b: Any) -> Any:
    c, ys = scan(lambda s, x: ((a, s[0] * x + s[1] * 0.5), 2.0), (b, b), XS)
    return c[0] * c[1] + sum(ys)


@one_loop
def structures(a: Any, b: Any) -> Any:
    def step(s: Any, x: Any) -> Any:
        return {"p": s["p"] + 0.01 * s["q"], "q": s["q"] - 0.01 * sin(s["p"]) * a * x[0]}, {"e": (s["p"] * s["q"], x[1])}

    s, ys = scan(step, {"p": b, "q": 0.0}, (XS, [b] * N))
    return s["p"] + sum(ys["e"][0]) + ys["e"][1][7]


@one_loop
def arrays(a: Any, b: Any) -> Any:
    A = np.array([[0.9, 0.1], [-0.1, 0.9]])
    s, _ = scan(lambda s, x: (A @ s + np.array([a * x, b * 0.01]), None), np.array([1.0, 0.0]), XS)
    return s[0] * s[1]


@one_loop
def counter(a: Any, b: Any) -> Any:
    s, _ = scan(lambda s, _: ((s[0] + 1, s[1] * 0.99 + a * s[0] * 0.001), None), (0, b), length=N)
    return s[1] + s[0]


@one_loop
def branch_after(a: Any, b: Any) -> Any:
    y = scan(lambda s, _: (s * 0.9 + a, None), b, length=N)[0]
    return y * 2.0 if y > 5.0 else y * y


@one_loop
def loop_of_loops(a: Any, b: Any) -> Any:
    def step(s: Any, _: Any) -> Any:
        return scan(lambda t, _: (sin(t) + a * 0.1, None), s, length=3)[0] * 0.9 + b, None

    return scan(step, 0.3, length=N)[0]


@one_loop
def long_inner_loop(a: Any, b: Any) -> Any:
    def step(s: Any, _: Any) -> Any:
        return scan(lambda t, _: (sin(t) + a * 0.1, None), s, length=N)[0] * b, None

    return scan(step, 0.3, length=3)[0]


@one_loop
def one_after_the_other(a: Any, b: Any) -> Any:
    first, ys = scan(lambda s, _: (0.9 * s + 0.1 * cos(a * s), s), b, length=N)
    return scan(lambda s, y: (tanh(s + y), None), first, ys)[0] * a


@one_loop
def unused_infinite_slope(a: Any, b: Any) -> Any:
    """Nothing depends on the square roots, whose slopes at 0 are infinite."""
    s, _ = scan(lambda s, _: ((sqrt(s[0] * s[0]) * 1.0, s[1] * 0.9 + b), sqrt(s[1] - s[1])), (a * 0.0, b), length=N)
    return s[1]


@one_loop
def other_scan_of_a_closure(a: Any, b: Any) -> Any:
    y = scan(lambda s, _: (s * 0.9 + a, None), b, length=N)[0]
    return grad(lambda w: w * w * y)(b) + y


@unrolled
def part_of_the_kept(a: Any, b: Any) -> Any:
    """Eager code has no gradient in most square roots, of which some have an infinite slope."""
    _, ys = scan(lambda s, x: (s * 0.99 + a, sqrt(x * b)), b, XS)
    return sum(ys[10::10])


@unrolled
def branch_in_rounds(a: Any, b: Any) -> Any:
    return scan(lambda s, _: (s * 0.9 + a if s < 3.0 else s - b, None), 1.0, length=N)[0]


@unrolled
def choice_in_rounds(a: Any, b: Any) -> Any:
    return scan(lambda s, _: (where(s < 3.0, lambda: s * 0.9 + sqrt(a), lambda: s - b), None), 1.0, length=N)[0]


@unrolled
def in_a_choice(a: Any, b: Any) -> Any:
    return where(a > 0.0, lambda: scan(lambda s, _: (sqrt(s * a) + b, None), 1.0, length=N)[0], lambda: b)


@unrolled
def one_side_of_a_choice(a: Any, b: Any) -> Any:
    s = scan(lambda s, _: (s * 0.9 + a, None), 1.0, length=N)[0]
    return where(a > 0.0, s * b, b)


@unrolled
def lets_out(a: Any, b: Any) -> Any:
    seen: list[Any] = []

    def step(s: Any, _: Any) -> Any:
        seen.append(s * 2.0)
        return s * 0.9 + a, None

    return scan(step, 1.0, length=N)[0] + seen[-1] + b


@unrolled
def counts(a: Any, b: Any) -> Any:
    k = [0]

    def step(s: Any, _: Any) -> Any:
        k[0] += 1
        return s * 0.9 + a * k[0] * 0.01, None

    return scan(step, b, length=N)[0]


@unrolled
def iterates(a: Any, b: Any) -> Any:
    numbers = iter(XS)
    return scan(lambda s, _: (s * 0.9 + a * next(numbers), None), b, length=N)[0]


@unrolled
def indexes(a: Any, b: Any) -> Any:
    s, _ = scan(lambda s, _: ((s[0] + 1, s[1] * 0.99 + a * XS[s[0]]), None), (0, b), length=N)
    return s[1]


@unrolled
def catches(a: Any, b: Any) -> Any:
    def step(s: Any, _: Any) -> Any:
        try:
            return (s * 0.9 + a if s < 3.0 else s - b), None
        except Exception:
            return s, None

    return scan(step, 1.0, length=N)[0]


@unrolled
def without_gradient(a: Any, b: Any) -> Any:
    def step(s: Any, _: Any) -> Any:
        with no_grad():
            t = s * 0.5
        return s * 0.9 + t * a, None

    return scan(step, b, length=N)[0]


@unrolled
def all_without_gradient(a: Any, b: Any) -> Any:
    with no_grad():
        t = scan(lambda s, _: (s * 0.9 + a, None), b, length=N)[0]
    return t * a


@unrolled
def derivative(a: Any, b: Any) -> Any:
    return grad(lambda w: scan(lambda s, _: (s * w * 0.99 + b, None), 1.0, length=N)[0])(a)


@unrolled
def derivative_by_a_closure(a: Any, b: Any) -> Any:
    y = a * a
    return grad(lambda w: scan(lambda s, _: (s * 0.9 + y * w, None), w, length=N)[0] * w)(b)


@unrolled
def search_in_rounds(a: Any, b: Any) -> Any:
    def step(s: Any, _: Any) -> Any:
        return while_loop(lambda x: x < 2.0, lambda x: x * 1.5 + 0.1 * b, s * 0.3 + 0.1, max_rounds=50) * a * 0.3, None

    return scan(step, 1.0, length=N)[0]


A, B = np.array([0.7, 1.3, 0.2]), np.array([0.5, 0.4, 1.1])


@pytest.mark.parametrize("f", [*ONE, *UNROLLED], ids=lambda f: f.__name__)
def test_scans_are_those_of_eager_code(f: Callable[[Any, Any], Any], executor: str) -> None:
    expected = [value_and_grad(f, argnums=(0, 1))(a, b) for a, b in zip(A.tolist(), B.tolist(), strict=True)]
    g = compile(f, executor=executor)
    value, (of_a, of_b) = g.value_and_grad(A, B)
    np.testing.assert_allclose(value, [number(y) for y, _ in expected], rtol=1e-10)
    np.testing.assert_allclose(of_a, [number(slopes[0]) for _, slopes in expected], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(of_b, [number(slopes[1]) for _, slopes in expected], rtol=1e-8, atol=1e-12)
    branch = g.specialisations[-1]
    check(branch.code)
    assert any(operation.loop is not None and operation.loop.rounds >= N - 1 for operation in branch.tape.operations) == (f in ONE)
    single = compile(f, executor=executor)
    value, slopes = single.value_and_grad(0.7, 0.5)
    np.testing.assert_allclose([value, *slopes], [number(expected[0][0]), *map(number, expected[0][1])], rtol=1e-8, atol=1e-12)
    check(single.specialisations[-1].code)


def test_a_loop_has_a_row_for_all_rounds(executor: str) -> None:
    """The size of the graph does not depend on the rounds."""
    sizes = set()
    for rounds in (N, 40 * N):
        f = compile(lambda a: scan(lambda s, _: (0.999 * s + 0.001 * sin(a * s), None), 1.0, length=rounds)[0], executor=executor)  # noqa: B023
        f.value_and_grad(0.3)
        assert [loop.rounds for loop in loops_of(f)] == [rounds]
        sizes.add(len(f.specialisations[0].tape.nodes))
    assert len(sizes) == 1


def test_domains_of_rounds(executor: str) -> None:
    f = compile(lambda a: scan(lambda s, _: (log(s) + a, None), 2.0, length=N)[0], executor=executor)
    assert f(2.0) == pytest.approx(number(scan(lambda s, _: (log(s) + 2.0, None), 2.0, length=N)[0]), rel=1e-12)
    with pytest.raises(DomainError, match="log"):
        f(-1.0)
    with pytest.warns(RuntimeWarning, match="log needs"):
        assert np.isnan(f(np.array([2.0, -1.0]))[1])


def test_domains_of_the_first_sample_are_errors(executor: str) -> None:
    f = compile(lambda a: scan(lambda s, _: (log(s) + a, None), 2.0, length=N)[0], executor=executor)
    with pytest.raises(DomainError, match="log"):
        f(-1.0)
    assert np.isfinite(f(2.0))


def test_second_derivatives(executor: str) -> None:
    f = lambda x: scan(lambda s, u: (tanh(s * x[0] + u), None), x[1], XS)[0] * x[1]
    point = [0.7, 0.4]
    H = hessian(f)(point)
    np.testing.assert_allclose(compile(hessian(f), in_axes=(None,), executor=executor)(point), H, rtol=1e-9)
    np.testing.assert_allclose(compile(f, in_axes=(None,), executor=executor).hessian(np.array(point)), H, rtol=1e-9)


def test_random_numbers_of_rounds(executor: str) -> None:
    """Each round draws anew, so that the scan is unrolled."""
    rng = np.random.default_rng(0)
    f = compile(lambda a: scan(lambda s, _: (s * 0.5 + a * drawn(rng.random), s), 0.0, length=N)[1], executor=executor)
    assert len(set(f(1.0))) == N


def test_what_a_scan_refers_to_is_read_anew(executor: str) -> None:
    """A number that changes between calls is found by `refresh`, and arguments of other forms are recorded anew."""
    scale = [2.0]
    f = compile(lambda a: scan(lambda s, _: (s * 0.5 + a * scale[0], None), 0.0, length=N)[0], executor=executor)
    assert f(1.0) == pytest.approx(4.0)
    scale[0] = 3.0
    assert f.refresh(1.0)
    assert f(1.0) == pytest.approx(6.0)
    assert not f.refresh(1.0)


def test_arguments_by_round(executor: str) -> None:
    f = compile(lambda w, x: scan(lambda s, u: (tanh(w * s + u), s), 0.0, x)[0], in_axes=(None, 0), executor=executor)
    x = np.random.default_rng(0).normal(size=(4, N))
    by_hand = lambda w, row: scan(lambda s, u: (tanh(w * s + u), s), 0.0, row)[0]
    value, (of_w, of_x) = f.value_and_grad(0.8, x, reduce="sum")
    expected = [value_and_grad(by_hand, argnums=(0, 1))(0.8, row) for row in x.tolist()]
    assert value == pytest.approx(sum(number(y) for y, _ in expected))
    assert of_w == pytest.approx(sum(number(slopes[0]) for _, slopes in expected))
    np.testing.assert_allclose(of_x, [[number(v) for v in slopes[1]] for _, slopes in expected], rtol=1e-9, atol=1e-14)


def test_listing_and_source(executor: str) -> None:
    f = compile(lambda a: scan(lambda s, x: (exp(-s) * a + x, None), 0.5, XS)[0], executor=executor)
    value, slope = f.value_and_grad(0.7)
    assert f"for {N} rounds:" in str(f)
    code = f.specialisations[0].code
    names: dict[str, Any] = {}
    exec(f.source, names)
    x, d = np.zeros(code.shared), np.zeros(code.shared)
    x[code.fixed[0]] = code.fixed[1]
    x[code.given[0]] = 0.7
    empty = np.zeros((0, 1))
    names["forward"](x, empty)
    d[code.results[0]] = 1.0
    names["backward"](x, empty, d, empty)
    assert x[code.results[0]] == pytest.approx(value)
    assert d[code.given[0]] == pytest.approx(slope)


@pytest.fixture
def nothing_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """All loops are treated as those of very many rounds."""
    monkeypatch.setattr(placed_loops, "WRITTEN_OUT", 0)
    monkeypatch.setattr(rolled, "_KNOWN", {})


@pytest.mark.usefixtures("nothing_written_out")
@pytest.mark.parametrize("f", ONE, ids=lambda f: f.__name__)
def test_long_loops_keep_checkpoints(f: Callable[[Any, Any], Any], executor: str) -> None:
    """Values, gradients and tangents from checkpoints, for samples and for single numbers."""
    expected = [value_and_grad(f, argnums=(0, 1))(a, b) for a, b in zip(A.tolist(), B.tolist(), strict=True)]
    g = compile(f, executor=executor)
    value, (of_a, of_b) = g.value_and_grad(A, B)
    assert any(isinstance(one, LongLoop) for one in g.specialisations[-1].code.instructions)
    np.testing.assert_allclose(value, [number(y) for y, _ in expected], rtol=1e-10)
    slopes_of_a, slopes_of_b = ([number(slopes[k]) for _, slopes in expected] for k in (0, 1))
    np.testing.assert_allclose(of_a, slopes_of_a, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(of_b, slopes_of_b, rtol=1e-8, atol=1e-12)
    _, moved = g.jvp((A, B), (np.ones(3), np.full(3, 2.0)))
    np.testing.assert_allclose(moved, np.array(slopes_of_a) + 2.0 * np.array(slopes_of_b), rtol=1e-8, atol=1e-12)
    single = compile(f, executor=executor)
    value, slopes = single.value_and_grad(0.7, 0.5)
    np.testing.assert_allclose([value, *slopes], [number(expected[0][0]), slopes_of_a[0], slopes_of_b[0]], rtol=1e-8, atol=1e-12)
    _, moved = single.jvp((0.7, 0.5), (1.0, 2.0))
    assert moved == pytest.approx(slopes_of_a[0] + 2.0 * slopes_of_b[0], rel=1e-8, abs=1e-12)
    assert f"for {loop_of(single).body.rounds} rounds:" in str(single)


def loop_of(f: Any) -> LongLoop:
    """The first long loop of the program that was recorded last."""
    return next(one for one in f.specialisations[-1].code.instructions if isinstance(one, LongLoop))


@pytest.mark.usefixtures("nothing_written_out")
def test_domains_of_long_loops(executor: str) -> None:
    f = compile(lambda a: scan(lambda s, _: (log(s) + a, None), 2.0, length=N)[0], executor=executor)
    assert f(2.0) == pytest.approx(number(scan(lambda s, _: (log(s) + 2.0, None), 2.0, length=N)[0]), rel=1e-12)
    with pytest.raises(DomainError, match="log"):
        f(-1.0)
    with pytest.warns(RuntimeWarning, match="log needs.*1 of 2"):
        assert np.isnan(f(np.array([2.0, -1.0]))[1])


@pytest.mark.usefixtures("nothing_written_out")
def test_what_cannot_run_long_loops_says_so(executor: str) -> None:
    f = compile(lambda a: scan(lambda s, _: (tanh(s) + a, None), 2.0, length=N)[0], executor=executor)
    f(0.1)
    for export in (lambda: f.source, lambda: to_c(f), lambda: check(f.specialisations[0].code)):
        with pytest.raises(CompileError, match=f"a loop of {N} rounds is too long to be written out"):
            export()


@pytest.mark.slow
def test_a_million_rounds_take_little_memory() -> None:
    """The oscillation of a spring, whose solution is known. In a process of its own, because memory is measured."""
    script = """
import resource
import numpy as np
from autograd import compile, scan
def position(k, rounds):
    h = 1e-5
    def step(s, _):
        x, v = s
        v = v - h * k * x
        return (x + h * v, v), None
    return scan(step, (1.0, 0.0), length=rounds)[0][0]
compile(lambda k: position(k, 300), executor="native").value_and_grad(2.0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
x, slope = compile(lambda k: position(k, 1_000_000), executor="native").value_and_grad(2.0)
t, w = 10.0, 2.0**0.5
assert abs(x - np.cos(w * t)) < 1e-4, x
assert abs(slope + np.sin(w * t) * t / (2 * w)) < 1e-3, slope
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    megabytes = float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
    assert megabytes < 60.0
