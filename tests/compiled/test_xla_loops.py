"""Loops in JAX: one scan each, with the numbers, derivatives and domains of eager code."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import test_loops
from test_loops import garch, loops_of, lorenz, number, of_random_loop

from autograd import compile, cos, exp, floor, grad, hessian, log, maximum, sin, sqrt, tanh
from autograd.compiled.backends.jax import xla
from autograd.compiled.backends.jax.xla_program import steps_of
from autograd.compiled.export.jax_function import to_jax
from autograd.compiled.loop_body import ALONG, LISTED, LoopBody
from autograd.compiled.rounds_of import body_of
from autograd.errors import DomainError

jax = pytest.importorskip("jax")
jnp = jax.numpy

CASES: list[Callable[[str], None]] = [
    case for name, case in vars(test_loops).items() if name.startswith("test_") and [*inspect.signature(case).parameters] == ["executor"]
]


@pytest.fixture
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


float64 = pytest.mark.usefixtures("_float64")


def bodies_of(f: Any) -> list[LoopBody]:
    """The loops of the program that was recorded last, all of them regular."""
    result = [body_of(loop) for loop in loops_of(f)]
    assert result
    assert None not in result
    return [body for body in result if body is not None]


def primitives(jaxpr: Any) -> list[str]:
    """The names of all operations of a JAX program, those within others too."""
    names = []
    for equation in jaxpr.eqns:
        names.append(equation.primitive.name)
        for inner in jax.tree.leaves([*equation.params.values()], is_leaf=lambda x: hasattr(x, "eqns") or hasattr(x, "jaxpr")):
            within = getattr(inner, "jaxpr", inner)
            names += primitives(within) if hasattr(within, "eqns") else []
    return names


# -- as in other executors ------------------------------------------------------------------------------------------------


LONG = ("test_second_derivatives_and_forward_mode", "test_conditions_within_rounds")
"""Cases that XLA compiles for long, as most of what they compute is in no loop."""


@pytest.mark.filterwarnings("ignore:XLA takes long to compile")
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.__name__, marks=[pytest.mark.slow] if case.__name__ in LONG else []) for case in CASES]
)
def test_the_cases_of_other_executors(case: Callable[[str], None]) -> None:
    case("jax")


def test_those_are_some() -> None:
    assert len(CASES) >= 10


SEEDS = [35, 63, 161]
MORE_SEEDS = [0, 6, 11, 17, 20, 27, 30, 33, 38, 41, 74, 111, 129, 130, 133, 141, 147, 151, 152, 163, 170, 171]
"""Random loops that are found. Others are long for XLA."""


@pytest.mark.parametrize("seed", [*SEEDS, *[pytest.param(seed, marks=pytest.mark.slow) for seed in MORE_SEEDS]])
def test_random_loops(seed: int) -> None:
    assert of_random_loop(seed, ["jax"]) > 0


# -- what a loop reads ----------------------------------------------------------------------------------------------------


def test_carried_numbers_may_begin_in_either_storage() -> None:
    """Two of the first numbers differ from sample to sample, and one does not. Data advance by round, in steps and in no order."""
    order = np.random.default_rng(0).permutation(60).tolist()

    def f(x: Any, a: Any, z: Any) -> Any:
        states = [a, x, a * x]
        for t in range(60):
            states.append(tanh(states[-1] * states[-3] + states[-1] * z[t] - states[-2] * z[order[t]] + a))
        return states[-1] + states[-2] * states[20]

    g = compile(f, in_axes=(0, None, None), executor="jax")
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=4), rng.normal(size=60)
    np.testing.assert_allclose(g(x, 0.7, z), [number(f(v, 0.7, z.tolist())) for v in x.tolist()], rtol=1e-12)
    _, gradients = g.value_and_grad(x, 0.7, z, reduce="sum")
    expected = [grad(f, (0, 1, 2))(v, 0.7, z.tolist()) for v in x.tolist()]
    np.testing.assert_allclose(gradients[0], [number(own[0]) for own in expected], rtol=1e-10)
    np.testing.assert_allclose(gradients[1], sum(number(own[1]) for own in expected), rtol=1e-10)
    np.testing.assert_allclose(gradients[2], np.sum([[number(d) for d in own[2]] for own in expected], axis=0), rtol=1e-9, atol=1e-13)
    [body] = bodies_of(g)
    kinds = {batched for carried in body.carried for batched in carried.batched}
    assert kinds == {False, True}
    assert {ALONG, LISTED} <= {own.how for own in body.outside}
    assert max(carried.back for carried in body.carried) == 3


@float64
def test_decisions_in_rounds() -> None:
    """A floor jumps: what it decided is kept."""

    def f(x: Any, a: Any) -> Any:
        for _ in range(40):
            x = maximum(x * a - 0.2, x * x * 0.2) - floor(x * a * 0.9 - 0.1) * 0.7
        return x

    x = np.linspace(-0.5, 1.5, 21)
    g = compile(f, in_axes=(0, None))
    pure = to_jax(g, x, 0.8)
    assert {member.operation.name for body in bodies_of(g) for member in body.members} >= {"floor", "maximum"}
    value, (dx, da) = jax.jit(jax.value_and_grad(lambda x, a: pure(x, a).sum(), argnums=(0, 1)))(x, 0.8)
    expected = [grad(f, (0, 1))(v, 0.8) for v in x.tolist()]
    assert float(value) == pytest.approx(sum(number(f(v, 0.8)) for v in x.tolist()), rel=1e-12)
    np.testing.assert_allclose(dx, [number(own[0]) for own in expected], rtol=1e-11)
    assert float(da) == pytest.approx(sum(number(own[1]) for own in expected), rel=1e-11)


# -- derivatives ----------------------------------------------------------------------------------------------------------


@float64
def test_derivatives_of_any_order_by_jax() -> None:
    r = np.random.default_rng(3).normal(size=60).tolist()
    p = [0.2, 0.15, 0.7]
    g = compile(lambda p: garch(p, r), in_axes=(None,))
    pure = to_jax(g, p)
    bodies_of(g)
    expected = np.array(hessian(lambda p: garch(p, r))(p), dtype=float)
    for transformed in (jax.jacfwd(jax.jacrev(pure)), jax.jacrev(jax.jacrev(pure)), jax.jacrev(jax.jacfwd(pure))):
        np.testing.assert_allclose(np.array(jax.jit(transformed)(p)), expected, rtol=1e-9)
    third = jax.jit(jax.grad(jax.grad(jax.grad(lambda a: pure([a, 0.15, 0.7])))))(0.2)
    second = lambda a: number(hessian(lambda p: garch(p, r))([a, 0.15, 0.7])[0][0])
    assert float(third) == pytest.approx((second(0.2 + 1e-5) - second(0.2 - 1e-5)) / 2e-5, rel=1e-6)


@float64
def test_second_derivatives_of_samples() -> None:
    def f(x: Any, a: Any) -> Any:
        y = x
        for _ in range(50):
            y = sin(y * a) + 0.5 * x
        return y

    g = compile(f, in_axes=(0, None))
    x = np.linspace(-1.0, 1.0, 5)
    pure = to_jax(g, x, 0.9)
    bodies_of(g)
    second = jax.jit(jax.grad(lambda a: jax.grad(lambda a: pure(x, a).sum())(a)))(0.9)
    expected = sum(number(hessian(lambda a, v=v: f(v, a))(0.9)) for v in x.tolist())
    assert float(second) == pytest.approx(expected, rel=1e-8)
    mapped = jax.jit(jax.vmap(jax.grad(lambda a: pure(x, a).sum())))(np.array([0.5, 0.9]))
    for actual, a in zip(mapped, (0.5, 0.9), strict=True):
        assert float(actual) == pytest.approx(sum(number(grad(f, 1)(v, a)) for v in x.tolist()), rel=1e-9)


@float64
def test_a_number_without_a_tangent_adds_nothing_even_if_the_slope_is_infinite() -> None:
    """The first root is that of 0, a constant, whose slope is inf: in forward mode inf · 0 would be nan."""

    def roots(a: Any, start: Any) -> Any:
        x = start
        for _ in range(60):
            x = sqrt(x) * 0.5 + a * cos(x)
        return x

    g = compile(roots, in_axes=(None, None))
    pure = to_jax(g, 0.7, 0.0)
    bodies_of(g)
    _, tangent = jax.jvp(lambda a: pure(a, 0.0), (0.7,), (1.0,))
    expected = number(grad(lambda a: roots(a, 0.0))(0.7))
    assert float(tangent) == pytest.approx(expected, rel=1e-11)
    assert float(jax.grad(lambda a: pure(a, 0.0))(0.7)) == pytest.approx(expected, rel=1e-11)
    still = jax.jvp(lambda start: pure(0.7, start), (0.25,), (1.0,))[1]
    assert float(still) == pytest.approx(number(grad(lambda start: roots(0.7, start))(0.25)), rel=1e-11)


@float64
def test_what_begins_to_move_in_a_later_round() -> None:
    """The data of the first rounds are frozen numbers, so that tangents begin in the middle of the loop; a root of 0 comes before."""
    frozen = [0.0] * 5 + [0.3] * 5

    def f(z: Any) -> Any:
        x: Any = 0.0
        for v in [*frozen, *z]:
            x = sqrt(x) * 0.4 + v * (1.0 + sin(x))
        return x

    z = np.linspace(0.2, 0.8, 50).tolist()
    g = compile(f, in_axes=(None,))
    pure = to_jax(g, z)
    expected = [number(d) for d in grad(f)(z)]
    np.testing.assert_allclose(jax.jit(jax.grad(lambda z: pure(z)))(np.array(z)), expected, rtol=1e-10)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(lambda z: pure(z)))(np.array(z)), expected, rtol=1e-10)
    bodies_of(g)


@float64
def test_results_of_every_round() -> None:
    def f(x: Any, a: Any) -> Any:
        path = []
        for _ in range(45):
            x = x + 0.1 * sin(x * a)
            path.append(x)
        return path

    g = compile(f, in_axes=(None, None))
    pure = jax.jit(to_jax(g, 0.5, 1.2))
    np.testing.assert_allclose(pure(0.5, 1.2), [number(v) for v in f(0.5, 1.2)], rtol=1e-13)
    jacobian = jnp.array(jax.jit(jax.jacrev(lambda x: jnp.array(pure(x, 1.2))))(0.5))
    for k in (0, 20, 44):
        assert float(jacobian[k]) == pytest.approx(number(grad(lambda x, k=k: f(x, 1.2)[k])(0.5)), rel=1e-12)
    bodies_of(g)


# -- precision, domains, size ---------------------------------------------------------------------------------------------


def test_float32() -> None:
    def path(s: Any, v: Any, z: Any) -> Any:
        for x in z:
            s = s * exp(v * x - 0.01) + 0.1 * tanh(s)
        return s

    z = np.random.default_rng(1).normal(size=(7, 60))
    g = compile(path, in_axes=(None, None, 0))
    pure = to_jax(g, 1.0, 0.1, z, dtype="float32")
    bodies_of(g)
    value, slopes = jax.jit(jax.value_and_grad(lambda s, v: pure(s, v, z).sum(), argnums=(0, 1)))(1.0, 0.1)
    assert value.dtype == slopes[0].dtype == np.float32
    expected, gradients = g.value_and_grad(1.0, 0.1, z, wrt=(0, 1), reduce="sum")
    assert float(value) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose([float(d) for d in slopes], gradients, rtol=1e-4)


@float64
def test_domains_of_rounds() -> None:
    def f(x: Any, s: Any) -> Any:
        for _ in range(50):
            x = log(x + s) * 3.0 - 0.5
        return x

    g = compile(f, in_axes=(0, None))
    x = np.array([2.0, 3.0])
    pure = jax.jit(to_jax(g, x, 1.0, checked=True))
    bodies_of(g)
    value, checks = pure(np.array([2.0, 0.1, 4.0]), 1.0)
    assert checks.domain.tolist() == [True, False, True]
    assert np.isnan(value).tolist() == [False, True, False]
    shared = compile(f, executor="jax")
    with pytest.raises(DomainError, match=r"log.*a > 0"):
        shared(0.1, 1.0)
    assert shared(2.0, 1.0) == pytest.approx(f(2.0, 1.0), rel=1e-12)


@float64
def test_a_loop_is_one_scan() -> None:
    """What XLA compiles does not grow with the rounds, neither of values nor of gradients."""
    sizes = []
    for rounds in (50, 100):
        g = compile(lambda p, rounds=rounds: lorenz(p, [1.0, 1.0, 1.0], rounds), in_axes=(None,))
        p = [10.0, 28.0, 8.0 / 3.0]
        pure = to_jax(g, p)
        own = [primitives(jax.make_jaxpr(h)(p).jaxpr) for h in (pure, jax.grad(pure))]
        assert own[0].count("scan") == 1
        assert own[1].count("scan") == 2  # of values, and the transpose of that of tangents
        sizes.append([len(names) for names in own])
    assert sizes[0] == sizes[1]


def test_only_rounds_that_are_compiled_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xla, "LONG", 20)

    def steps(x: Any, rounds: int) -> Any:
        for _ in range(rounds):
            x = sin(x) * 0.9 + 0.05
        return x

    g = compile(lambda x: steps(x, 300), executor="jax")
    assert g(0.5) == pytest.approx(steps(0.5, 300), rel=1e-13)  # no warning, which would be an error
    short = compile(lambda x: steps(x, 8), executor="jax")  # too short for a loop
    with pytest.warns(RuntimeWarning, match="takes long to compile 24 instructions"):
        short(0.5)


def test_irregular_loops_are_scalars() -> None:
    """Rounds read now a number that all samples share, now one of each: they are computed one by one, and stored member by member."""

    def f(x: Any, a: Any, z: Any) -> Any:
        for t in range(34):
            x = tanh(x * (a if t % 3 else z)) + 0.1
        return x * x

    g = compile(f, in_axes=(0, None, 0), executor="jax")
    x, z = np.linspace(-1.0, 1.0, 4), np.linspace(0.5, 1.5, 4)
    np.testing.assert_allclose(g(x, 0.7, z), [number(f(v, 0.7, w)) for v, w in zip(x.tolist(), z.tolist(), strict=True)], rtol=1e-12)
    _, gradients = g.value_and_grad(x, 0.7, z, reduce="sum")
    expected = [[number(d) for d in grad(f, (0, 1, 2))(v, 0.7, w)] for v, w in zip(x.tolist(), z.tolist(), strict=True)]
    dx, da, dz = zip(*expected, strict=True)
    np.testing.assert_allclose(gradients[0], dx, rtol=1e-10)
    np.testing.assert_allclose(gradients[1], sum(da), rtol=1e-10)
    np.testing.assert_allclose(gradients[2], dz, rtol=1e-10)
    code = g.specialisations[-1].code
    assert [body_of(loop) for loop in loops_of(g)] == [None]
    assert not [step for step in steps_of(code) if isinstance(step, LoopBody)]
