"""Loops that are written as functions: `scan`, `while_loop`, and the search of `implicit`, eager and compiled."""

import math
from collections import defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

from autograd import Value, compile, erf, exp, grad, hessian, implicit, jacobian, jvp, log, scan, sqrt, tanh, value_and_grad, while_loop
from autograd.compiled.ir import Loop
from autograd.errors import ConvergenceError, InputError

# -- scan ----------------------------------------------------------------------------------------------------------------


def running(total: Any, x: Any) -> Any:
    return total + x, total * x


def test_the_result_is_that_of_a_plain_loop() -> None:
    assert scan(running, 1.0, [2.0, 3.0, 4.0]) == (10.0, [2.0, 9.0, 24.0])
    assert scan(running, 1.0, range(2, 5)) == (10.0, [2.0, 9.0, 24.0])
    assert scan(running, 1.0, np.array([2.0, 3.0, 4.0])) == (10.0, [2.0, 9.0, 24.0])
    assert scan(lambda c, x: (c * 2.0, x), 1.0, length=3) == (8.0, None)
    assert scan(running, 1.0, []) == (1.0, [])
    assert scan(running, 1.0, length=0) == (1.0, [])
    assert scan(running, 1.0, [2.0, 3.0], length=np.int64(2)) == (6.0, [2.0, 9.0])
    x = Value(2.0)
    total, ys = scan(running, x, [x, 3.0])
    assert (total.data, [y.data for y in ys]) == (7.0, [4.0, 12.0])
    total.backward()
    assert x.grad == 2.0


Pair = namedtuple("Pair", "a b")


def test_trees_of_every_kind() -> None:
    xs = {"rows": np.arange(6.0).reshape(3, 2), "pairs": ([1.0, 2.0, 3.0], None), "named": Pair([5, 6, 7], [[1.0], [2.0], [3.0]])}

    def step(carry: Any, x: Any) -> Any:
        assert isinstance(x["named"], Pair)
        assert x["pairs"][1] is None
        assert type(x["rows"]) is np.ndarray
        counts, (total,) = carry
        counts = defaultdict(int, counts, seen=counts["seen"] + 1)
        new = total + x["rows"][0] * x["pairs"][0] + x["named"].a * x["named"].b[0]
        return (counts, [new]), {"now": new, "row": 2.0 * x["rows"], "pair": Pair(x["named"].b, None)}

    (counts, [total]), ys = scan(step, (defaultdict(int, seen=0), [0.0]), xs)
    assert (type(counts), counts["seen"], total) == (defaultdict, 3, 0 + 4 + 12 + 5 + 12 + 21)
    assert ys["now"] == [5.0, 21.0, 54.0]
    np.testing.assert_array_equal(ys["row"], 2.0 * xs["rows"])
    assert ys["pair"] == Pair([[1.0], [2.0], [3.0]], None)
    assert scan(lambda c, x: (c + x[1].a[0], x), 0.0, (ys["now"], ys["pair"]))[0] == 6.0  # ys are the xs of another scan


def test_keys_may_come_in_another_order() -> None:
    carry, ys = scan(
        lambda c, x: ({"b": c["a"], "a": c["b"]}, {"u": x, "v": 0.0} if x else {"v": 1.0, "u": x}), {"a": 1.0, "b": 2.0}, [1.0, 0.0]
    )
    assert carry == {"a": 1.0, "b": 2.0}
    assert ys == {"u": [1.0, 0.0], "v": [0.0, 1.0]}


def test_arrays_of_values() -> None:
    def f(x: Any) -> Any:
        last, states = scan(lambda s, u: (np.tanh(s * 0.5 + u), s), np.zeros(2), [x, 2.0 * x, x * x])
        return last.sum() + (states[1] * states[2]).sum()

    def plain(x: Any) -> Any:
        s = [0.0, 0.0]
        states = []
        for us in ([*x], [2.0 * u for u in x], [u * u for u in x]):
            states.append(s)
            s = [tanh(a * 0.5 + u) for a, u in zip(s, us, strict=True)]
        return s[0] + s[1] + states[1][0] * states[2][0] + states[1][1] * states[2][1]

    point = np.array([0.3, -0.8])
    np.testing.assert_allclose(grad(f)(point), grad(plain)(point.tolist()), rtol=1e-14)


def recursion(p: Any, r: Any) -> Any:
    """A GARCH(1,1) model: the likelihood, and the variances as ys."""

    def step(carry: Any, now: Any) -> Any:
        variance, total = carry
        following = p["a"] + p["b"] * now * now + p["c"] * variance
        return (following, total + log(variance) + now * now / variance), variance

    (_, total), variances = scan(step, (0.5, 0.0), r)
    return total + variances[-1]


def by_hand(p: Any, r: Any) -> Any:
    variance, total = 0.5, 0.0
    for now in r:
        total = total + log(variance) + now * now / variance
        last, variance = variance, p["a"] + p["b"] * now * now + p["c"] * variance
    return total + last


def test_a_scan_in_a_compiled_function_is_one_loop(executor: str) -> None:
    r = np.random.default_rng(0).normal(size=150).tolist()  # few rounds, which are found again
    p = {"a": 0.1, "b": 0.1, "c": 0.8}
    f = compile(recursion, in_axes=(None, None), executor=executor)
    value, slopes = f.value_and_grad(p, r, wrt=0)
    expected, exact = value_and_grad(by_hand)(p, r)
    assert value == pytest.approx(expected, rel=1e-13)
    assert slopes == pytest.approx(exact, rel=1e-11)
    assert [one.rounds for one in f.specialisations[0].code.instructions if isinstance(one, Loop)] == [149]
    samples = np.random.default_rng(1).normal(size=(3, 50))
    batched = compile(recursion, in_axes=(None, 0), executor=executor)(p, samples)
    np.testing.assert_allclose(batched, [by_hand(p, row) for row in samples.tolist()], rtol=1e-13)


def test_derivatives_of_every_kind(executor: str) -> None:
    f = lambda x: scan(lambda c, u: (tanh(c * x[0] + u), c), x[1], [0.1 * k for k in range(12)])[0]
    g = lambda x: f(x) * x[0]
    point = [0.7, 0.4]
    H = hessian(g)(point)
    np.testing.assert_allclose(compile(hessian(g), in_axes=(None,), executor=executor)(point), H, rtol=1e-11)
    slope = grad(g)(point)
    assert jvp(g, (point,), ([1.0, 2.0],))[1] == pytest.approx(slope[0] + 2.0 * slope[1], rel=1e-13)
    np.testing.assert_allclose(jacobian(grad(g))(point), H, rtol=1e-12)


SCANS: list[tuple[Callable[[], Any], str]] = [
    (lambda: scan(running, 0.0), r"scan needs xs, with one item for each round, or the number of rounds, as in scan\(step, init, length=10\)"),
    (lambda: scan(running, 0.0, (None, {})), "scan needs xs"),
    (lambda: scan(running, 0.0, [1.0, 2.0], 3), "length is 3, and xs has 2 items: there must be one for each round"),
    (lambda: scan(running, 0.0, {"a": [1.0], "b": [1.0, 2.0]}), r"xs\['a'\] has 1 items, and xs\['b'\] has 2 items"),
    (lambda: scan(running, 0.0, ([1.0], (np.ones((2, 2)),))), r"xs\[0\] has 1 items, and xs\[1\]\[0\] has 2 items"),
    (lambda: scan(running, 0.0, length=-1), "length must be a whole number that is not negative, not -1"),
    (lambda: scan(running, 0.0, length=2.0), "length must be a whole number that is not negative, not 2.0"),  # type: ignore[arg-type]
    (lambda: scan(running, 0.0, length=True), "length must be a whole number that is not negative, not True"),
    (lambda: scan(running, 0.0, length=Value(3.0)), "length must be a whole number that is not negative, not a Value"),  # type: ignore[arg-type]
    (lambda: scan(running, 0.0, 3.0), r"xs has no rounds, being the float 3\.0: write a list or an array with one item for each round"),
    (lambda: scan(running, 0.0, Value(1.0)), "xs has no rounds, being a Value"),
    (lambda: scan(running, 0.0, (1.0, 2.0)), r"xs\[0\] has no rounds, .* If a tuple or an iterator has the items, write list\(…\)"),
    (lambda: scan(running, 0.0, iter([1.0])), "xs has no rounds, being an object of type list_iterator"),
    (lambda: scan(running, 0.0, np.array(1.0)), "xs has no rounds, being an object of type ndarray"),
    (lambda: scan(running, 0.0, np.ma.masked_equal([1.0, 2.0], 2.0)), "1 of the 2 numbers of a masked array are masked"),
    (lambda: scan(lambda c, x: c + x, 0.0, [1.0]), r"step must return the pair \(carry, y\), not the float 1\.0: write `return carry, y`"),
    (lambda: scan(lambda c, x: None, 0.0, [1.0]), "step must return the pair .*, not None"),
    (lambda: scan(lambda c, x: [c, x], 0.0, [1.0]), "step must return the pair .*, not a list of 2"),  # type: ignore[arg-type,return-value]
    (lambda: scan(lambda c, x: (c, x, x), 0.0, [1.0]), "step must return the pair .*, not a tuple of 3"),  # type: ignore[arg-type,return-value]
    (lambda: scan(lambda c, x: c, (0.0, 1.0), [1.0]), "the carry was a tuple of 2, and is a number after round 0: step must return the new carry first"),
    (lambda: scan(lambda c, x: ([*c, x], None), [], [1.0]), "the carry was a list of 0, and is a list of 1 after round 0"),
    (lambda: scan(lambda c, x: ({"a": c["a"][:-1]}, x), {"a": [1.0, 2.0]}, [1.0]), r"the carry\['a'\] was a list of 2, and is a list of 1"),
    (lambda: scan(lambda c, x: ({"b": 1.0}, x), {"a": 1.0}, [1.0]), r"the carry was a dict with the keys \['a'\], and is a dict with the keys \['b'\]"),
    (lambda: scan(lambda c, x: ((c[0], None), x), (1.0, 2.0), [1.0]), r"the carry\[1\] was a number, and is None"),
    (lambda: scan(lambda c, x: (np.ones(3), x), np.ones(2), [1.0]), r"the carry was an array of shape \(2,\), and is an array of shape \(3,\)"),
    (lambda: scan(lambda c, x: (list(c), x), (1.0,), [1.0]), "the carry was a tuple of 1, and is a list of 1"),
    (lambda: scan(lambda c, x: (c, [c] * x), 1.0, [1, 1, 2]), "y was a list of 1, and is a list of 2 after round 2: step must return a y of one structure"),
    (lambda: scan("step", 0.0, [1.0]), "a function is needed, as in scan"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), SCANS)
def test_errors_of_scan(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_errors_while_recording_are_the_same() -> None:
    for f in (
        lambda x: scan(lambda c, _: (x, x), (x, x), [1.0])[0],
        lambda x: scan(lambda c, _: x, x, [1.0])[0],
        lambda x: scan(running, x, x),
    ):
        messages = []
        for call in (f, grad(f), compile(f, executor="numpy")):
            with pytest.raises(InputError) as caught:
                call(Value(2.0) if call is f else 2.0)  # type: ignore[operator]
            messages.append(str(caught.value).split("\n")[0])
        assert len(set(messages)) == 1


# -- while_loop ----------------------------------------------------------------------------------------------------------


def heron(a: Any) -> Any:
    """The square root, by as many rounds as it needs."""
    return while_loop(lambda y: abs(y * y - a) > 1e-12 * a, lambda y: 0.5 * (y + a / y), a, max_rounds=60)


def test_a_loop_as_long_as_a_condition_holds() -> None:
    assert while_loop(lambda x: x < 100.0, lambda x: 2.0 * x, 3.0) == 192.0
    assert while_loop(lambda x: False, lambda x: 1.0 / 0.0, 3.0) == 3.0
    assert while_loop(lambda c: np.bool_(c["n"] < 3), lambda c: {"n": c["n"] + 1, "s": [c["s"][0] + c["n"]]}, {"n": 0, "s": [0]}) == {
        "n": 3,
        "s": [3],
    }
    assert heron(2.0) == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert grad(heron)(4.0) == pytest.approx(0.25, rel=1e-9)
    assert while_loop(lambda x: x < 8.0, lambda x: 2.0 * x, 1.0, max_rounds=3) == 8.0  # it ends by then


def test_each_sample_has_its_own_number_of_rounds(executor: str) -> None:
    a = np.array([1.0, 2.0, 1e4, 3.0, 1e-3, 0.5, 1e4])
    f = compile(heron, executor=executor)
    values, slopes = f.value_and_grad(a)
    np.testing.assert_allclose(values, np.sqrt(a), rtol=1e-12)
    eager = [value_and_grad(heron)(x) for x in a.tolist()]
    np.testing.assert_allclose(values, [y for y, _ in eager], rtol=1e-14)
    np.testing.assert_allclose(slopes, [slope for _, slope in eager], rtol=1e-13)
    assert len({round(y, 3) for y in (x.item() for x in values)}) > 4
    assert len(f.specialisations) >= 4
    assert f(np.array([7.0, 1e6])) == pytest.approx([math.sqrt(7.0), 1e3], rel=1e-12)


def test_a_loop_that_does_not_end_says_where() -> None:
    def forever(x: Any) -> Any:
        return while_loop(lambda y: y > 0.0, lambda y: y + 1.0, x, max_rounds=20)

    message = r"the loop at .*test_scan\.py:\d+ \(return while_loop\(.*\) did not end within 20 rounds, its max_rounds: its condition is still true"
    for call in (forever, grad(forever), compile(forever, executor="numpy")):
        assert getattr(call(-1.0), "data", call(-1.0)) in (-1.0, 1.0)
        with pytest.raises(ConvergenceError, match=message):
            call(3.0)
    with pytest.raises(ConvergenceError, match=message):
        compile(forever, executor="numpy")(np.array([-1.0, 3.0]))
    with pytest.raises(ConvergenceError, match="within 0 rounds"):
        while_loop(lambda x: True, lambda x: x, 1.0, max_rounds=0)


LOOPS: list[tuple[Callable[[], Any], str]] = [
    (lambda: while_loop(lambda x: x, lambda x: x - 1.0, 2.0), r"the condition must return True or False, not the float 2\.0: compare, as in lambda x: x > 0\.0"),
    (lambda: while_loop(lambda x: x, lambda x: x - 1.0, Value(2.0)), "the condition must return True or False, not a Value"),
    (lambda: while_loop(lambda x: None, lambda x: x, 1.0), "the condition must return True or False, not None"),
    (lambda: while_loop(lambda x: True, lambda x: [x], 1.0), "the carry was a number, and is a list of 1 after round 0: step must return a carry with the structure of init"),
    (lambda: while_loop(lambda x: True, lambda x: (x[0],) * (3 - (x[0] > 0)), (0.0, 1.0)), "the carry was a tuple of 2, and is a tuple of 3 after round 0"),
    (lambda: while_loop(lambda x: True, lambda x: x, 1.0, max_rounds=2.5), "max_rounds must be a whole number that is not negative, not 2.5"),  # type: ignore[arg-type]
    (lambda: while_loop(lambda x: True, lambda x: x, 1.0, max_rounds=-1), "max_rounds must be a whole number that is not negative, not -1"),
    (lambda: while_loop(lambda x: True, 3.0, 1.0), "a function is needed, as in while_loop"),  # type: ignore[arg-type]
    (lambda: while_loop(True, lambda x: x, 1.0), "a function is needed, as in while_loop"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), LOOPS)
def test_errors_of_while_loop(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


# -- implicit, compiled ----------------------------------------------------------------------------------------------------


def normal(x: Any) -> Any:
    return 0.5 * (1.0 + erf(x / math.sqrt(2.0)))


def price(volatility: Any, spot: Any, strike: float = 100.0) -> Any:
    d = log(spot / strike) / volatility + 0.5 * volatility
    return spot * normal(d) - strike * normal(d - volatility)


def implied(quote: Any, spot: Any, tolerance: float = 1e-12) -> Any:
    return implicit(lambda volatility, quote, spot: price(volatility, spot) - quote, tolerance=tolerance)(0.5, quote, spot)


@pytest.mark.filterwarnings("ignore:XLA takes long to compile")
@pytest.mark.parametrize("executor", [*EXECUTORS, "jax"])
def test_implied_volatilities_of_a_thousand_quotes(executor: str) -> None:
    """Each quote has a search of its own. XLA takes minutes to compile long searches, so it gets quotes that need few rounds."""
    if executor == "jax":
        pytest.importorskip("jax")
    f = compile(lambda quote, spot: implied(quote, spot, 1e-3 if executor == "jax" else 1e-12), executor=executor)
    rng = np.random.default_rng(0)
    wide = 0.2 if executor == "jax" else 0.4
    volatility, spot = rng.uniform(0.5 - wide, 0.5 + wide, 1000), rng.uniform(100.0 * (1.0 - 0.5 * wide), 100.0 * (1.0 + 0.5 * wide), 1000)
    quote = np.array([price(v, s) for v, s in zip(volatility.tolist(), spot.tolist(), strict=True)])
    partials = [grad(price, (0, 1))(v, s) for v, s in zip(volatility.tolist(), spot.tolist(), strict=True)]
    vega, delta = np.array(partials).T
    value, (by_quote, by_spot) = f.value_and_grad(quote, spot)
    assert np.abs((value - volatility) * vega).max() < 1e-11  # a quote far from the money says little of the volatility
    near = vega > 1.0
    assert near.sum() > 900
    np.testing.assert_allclose(by_quote[near], 1.0 / vega[near], rtol=1e-9)
    np.testing.assert_allclose(by_spot[near], -delta[near] / vega[near], rtol=1e-9)
    for k in (0, 500):
        assert (value[k], by_quote[k]) == pytest.approx(value_and_grad(implied)(quote[k], spot[k]), rel=1e-9)
    assert len(f.specialisations) >= (2 if executor == "jax" else 4)


def test_systems_and_second_derivatives_compile(executor: str) -> None:
    """The order of the equations makes elimination exchange rows, for some samples and not for others."""
    solve = implicit(lambda y, a, b: [b * y[0] - y[1] - a, a * y[0] + exp(y[1]) - 3.0])

    def f(a: Any, b: Any) -> Any:
        y = solve([0.5, 0.5], a, b)
        return y[0] * y[1] + y[0]

    a, b = np.array([0.8, 0.5, 2.0]), np.array([0.5, 2.0, 1.0])
    points = list(zip(a.tolist(), b.tolist(), strict=True))
    value, slopes = compile(f, executor=executor).value_and_grad(a, b)
    eager = [value_and_grad(f, (0, 1))(*point) for point in points]
    np.testing.assert_allclose(value, [y for y, _ in eager], rtol=1e-11)
    np.testing.assert_allclose(np.transpose(slopes), [slope for _, slope in eager], rtol=1e-9)
    curved = compile(grad(grad(lambda a: implicit(lambda y, a: y * y - a)(1.0, a))), executor=executor)([4.0, 9.0, 2.0])
    np.testing.assert_allclose(curved, [-0.25 * x**-1.5 for x in (4.0, 9.0, 2.0)], rtol=1e-9)


def test_steps_beyond_the_domain_are_halved_in_compiled_functions(executor: str) -> None:
    """From 20, the first step leads to where the logarithm is not defined."""
    f = compile(lambda a: implicit(lambda y, a: log(y) - a)(20.0, a), executor=executor)
    a = np.array([0.0, 1.0, 3.0])
    value, slope = f.value_and_grad(a)
    np.testing.assert_allclose(value, np.exp(a), rtol=1e-12)
    np.testing.assert_allclose(slope, np.exp(a), rtol=1e-9)
    with pytest.raises(ConvergenceError, match=r"ended at \[-1\.0\] with a residual of nan"):
        compile(lambda a: implicit(lambda y, a: log(y) - a)(-1.0, a), executor=executor)(1.0)


def test_a_sample_without_a_root_is_an_error() -> None:
    f = compile(lambda a: implicit(lambda y, a: y * y - a)(1.0, a), executor="numpy")
    with pytest.raises(ConvergenceError, match="there is no root near the guess: .*; try another guess"):
        f([4.0, -1.0])
    assert f([4.0, 9.0]) == pytest.approx([2.0, 3.0])
    with pytest.raises(ConvergenceError, match="no inverse|no root"):
        compile(lambda a: implicit(lambda y, a: y * y - a)(0.0, a), executor="numpy")(4.0)


def test_implicit_follows_a_closure_in_a_compiled_function(executor: str) -> None:
    f = compile(lambda a: sqrt(implicit(lambda y: y * y - a)(1.0)), executor=executor)
    value, slope = f.value_and_grad([16.0, 81.0])
    np.testing.assert_allclose(value, [2.0, 3.0], rtol=1e-13)
    np.testing.assert_allclose(slope, [1.0 / 32.0, 1.0 / 108.0], rtol=1e-9)
