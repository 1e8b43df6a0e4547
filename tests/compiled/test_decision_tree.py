"""Samples are led to their branches by a tree of decisions: they cost what they pass, not what there is."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from against_eager import recorded, same
from c_compiler import called, differentiated, needs_compiler
from c_compiler import compiled as compiled_c

import autograd
from autograd import Value, compile, log, sqrt, to_c, where
from autograd.compiled.api import decision_tree, specialisations
from autograd.compiled.api.decision_tree import FREE_ROWS, Stretch
from autograd.compiled.api.function import Function
from autograd.compiled.api.loaded import Loaded

LIMITS = np.cumsum(np.linspace(100.0, 3000.0, 59)).tolist()
RATES = (0.05 + 0.4 * np.arange(60) / 60).tolist()


def tax(income: Any, brackets: int = 60) -> Any:
    """A table with 60 brackets."""
    due, low = 0.0, 0.0
    for limit, rate in zip(LIMITS[: brackets - 1], RATES, strict=False):
        if income < limit:
            return due + (income - low) * rate
        due, low = due + (limit - low) * rate, limit
    return due + (income - low) * RATES[brackets - 1]


def rounds(x: Any) -> Any:
    """A loop whose number of rounds, up to 300, differs from sample to sample."""
    y = x
    while y > 1.0:
        y = y - 0.01 * x
        if y < -3.0:
            return y
    return y * x


def loop(x: Any, factor: Any) -> Any:
    n = 0
    while x < 1.0 and n < 300:
        x = x * factor + 1e-3
        n += 1
    return x * factor


def nested(x: Any, y: Any) -> Any:
    if x > 0.0:
        if y > 0.0:
            return log(x) * y if x > y else x * y * y
        return sqrt(x) - y
    total = 0.0
    while total > x:
        total = total - (0.5 if y > total else 0.25)
    return total * y + x


def spread(n: int, low: float = 0.0, high: float = LIMITS[-1] * 1.05) -> Any:
    return np.random.default_rng(3).uniform(low, high, n)


class Ran(NamedTuple):
    """Runs of programs, how many samples they had in all, and how many conditions were computed in stretches, for all samples."""

    runs: list[int]
    conditions: list[int]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    counted = Ran([], [])
    storage, parts = Loaded.storage, Stretch.parts

    def counting_storage(self: Loaded, numbers: Any, samples: Any, size: int) -> Any:
        data = storage(self, numbers, samples, size)
        counted.runs.append(data.samples)
        return data

    def counting_parts(self: Stretch, numbers: Any, samples: Any, size: int) -> Iterator[Any]:
        counted.conditions.append(len(self.decisions) * (size if isinstance(samples, slice) else len(samples)))
        return parts(self, numbers, samples, size)

    monkeypatch.setattr(Loaded, "storage", counting_storage)
    monkeypatch.setattr(Stretch, "parts", counting_parts)
    return counted


def with_gradients(f: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
    """The values and gradients of plain Python, sample by sample."""
    many = tuple(range(len(args)))
    results = [autograd.value_and_grad(f, argnums=many)(*point) for point in zip(*args, strict=True)]
    return np.array([value for value, _ in results]), *np.array([slopes for _, slopes in results]).T


def agrees(f: Function[Any], plain: Callable[..., Any], *args: Any) -> None:
    expected = with_gradients(plain, *args)
    value, slopes = f.value_and_grad(*args, wrt=tuple(range(len(args))))
    for actual, exact in zip([value, *slopes], expected, strict=True):
        np.testing.assert_allclose(actual, exact, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(f(*args), value)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (tax, (spread(500),)),
        (rounds, (spread(60, 0.2, 3.0),)),
        (loop, (spread(60, 0.0, 1.5), np.random.default_rng(4).uniform(0.9, 2.0, 60))),
        (nested, tuple(np.random.default_rng(5).uniform(-3.0, 3.0, size=(2, 80)))),
    ],
    ids=["tax", "rounds", "loop", "nested"],
)
def test_samples_take_the_branches_of_plain_python(f: Callable[..., Any], args: Any, executor: str) -> None:
    compiled = same(f, *args, executor=executor)
    count = len(compiled.specialisations)
    rng = np.random.default_rng(6)
    again = [rng.permutation(x) for x in args] if len(args) == 1 else [x[::-1] for x in args]
    agrees(compiled, f, *again)  # all of them are known now
    assert len(compiled.specialisations) == count > 10


def test_a_call_costs_what_its_samples_pass(executor: str, ran: Ran) -> None:
    compiled, n = compile(tax, executor=executor), 5000
    income = spread(n)
    compiled(income)
    compiled(income)
    for work in (*ran,):
        work.clear()
    np.testing.assert_allclose(compiled(income), [tax(x) for x in income], rtol=1e-13)
    passed = sum(1 + int(np.searchsorted(LIMITS, x, side="right")) for x in income)
    assert len(ran.runs) <= 60 + 3  # each branch for its samples, and the stretches
    assert sum(ran.runs) <= 4 * n  # not 60 times
    assert sum(ran.conditions) <= 2 * passed + FREE_ROWS * n
    few = spread(3)
    for work in (*ran,):
        work.clear()
    compiled(few)
    assert len(ran.runs) <= 3 + 3  # branches that no sample takes are not run


def test_a_sample_that_stops_early_does_not_pay_for_the_others(executor: str, ran: Ran) -> None:
    compiled, n = compile(loop, executor=executor), 1000
    long = np.full(1, 1e-3)
    compiled(long, [1.0])  # 300 rounds
    first = np.append(np.linspace(0.99, 1.5, n), 1e-3)
    factors = np.append(np.full(n, 2.0), 1.0)
    compiled(first, factors)
    for work in (*ran,):
        work.clear()
    agrees(compiled, loop, first[-40:], factors[-40:])
    for work in (*ran,):
        work.clear()
    compiled(first, factors)
    assert sum(ran.conditions) <= (2 * 2 + FREE_ROWS) * n + 4 * 600  # the 300 rounds of one sample are computed for this one


@pytest.mark.parametrize("order", ["falling", "rising", "mixed"])
def test_the_order_of_recording_changes_nothing(order: str, executor: str, ran: Ran) -> None:
    income = spread(800, 0.0, 1.2 * LIMITS[14])
    orders = {"falling": np.sort(income)[::-1], "rising": np.sort(income), "mixed": np.random.default_rng(7).permutation(income)}

    def scaled(scale: Any, x: Any) -> Any:
        return scale * tax(x, 15)

    results = []
    for one in ("mixed", order):
        compiled = compile(scaled, in_axes=(None, 0), executor=executor)
        for x in np.array_split(orders[one][:200], 6):  # some branches first
            compiled.value_and_grad(1.5, x, wrt=0, reduce="sum")
        first = compiled.value_and_grad(1.5, income, wrt=(0, 1), reduce="sum")
        for work in (*ran,):
            work.clear()
        results.append(compiled.value_and_grad(1.5, income, wrt=(0, 1), reduce="sum"))
        assert sum(ran.conditions) <= (2 * 15 + FREE_ROWS) * len(income)
        np.testing.assert_allclose(first[1][0], results[-1][1][0], rtol=1e-12)
    (total, (slope, each)), (other, (other_slope, other_each)) = results
    assert (total, slope) == (other, other_slope)  # bit for bit
    np.testing.assert_array_equal(each, other_each)
    assert slope == pytest.approx(sum(tax(x, 15) for x in income), rel=1e-12)


def test_many_branches_that_are_no_chain(executor: str, ran: Ran) -> None:
    def search(x: Any) -> Any:
        low, high = 0.0, 64.0
        while high - low > 1.0:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if x > middle else (low, middle)
        return (x - low) * (high - x)

    x = np.random.default_rng(8).permutation(np.linspace(0.3, 63.7, 640))
    compiled = compile(search, executor=executor)
    compiled(x)
    assert len(compiled.specialisations) == 64
    compiled(x)
    for work in (*ran,):
        work.clear()
    agrees(compiled, search, x)
    for work in (*ran,):
        work.clear()
    compiled(x)
    assert sum(ran.runs) <= len(x) * (6 + 1)  # six decisions of each sample, and its branch


def test_a_new_branch_is_recorded_for_the_first_sample_that_takes_it(executor: str) -> None:
    f, runs = recorded(tax)
    compiled = compile(f, executor=executor)
    compiled([50.0, 150.0, 1e9])
    assert len(runs) == 3
    np.testing.assert_allclose(compiled([400.0, 50.0, 1e9, 401.0]), [tax(x) for x in (400.0, 50.0, 1e9, 401.0)])
    assert len(runs) == 4
    np.testing.assert_allclose(compiled([400.5, 402.0]), [tax(400.5), tax(402.0)])
    assert len(runs) == 4


def test_a_guard_within_a_side_that_is_not_selected_does_not_matter(executor: str) -> None:
    def f(x: Any, y: Any) -> Any:
        inside = lambda: log(x) * 2.0 if y > 1.0 else log(x) * 3.0 if y > 0.5 else x
        outside = where(x > 0.0, inside, lambda: x)
        return outside if y < 2.0 else outside * y

    points = list(itertools.product((-1.0, 0.5, 2.0), (0.25, 0.75, 1.5, 2.5)))
    for some in (points, points[::-1], points[5:] + points[:5]):
        compiled = same(f, *np.array(some).T, executor=executor)
        agrees(compiled, f, *np.array(points).T)


def test_the_guards_of_a_branch_decide(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # as if a comparison were rounded differently in the program of the decisions
    parts = Stretch.parts

    def wrong(self: Stretch, numbers: Any, samples: Any, size: int) -> Any:
        all_parts = list(parts(self, numbers, samples, size))
        return [(at, own) for (at, _), (_, own) in zip(all_parts, all_parts[1:] + all_parts[:1], strict=True)]

    f, runs = recorded(tax)
    compiled = compile(f, executor=executor)
    income = spread(200)
    compiled(income)
    before = len(runs)
    monkeypatch.setattr(decision_tree.Stretch, "parts", wrong)
    np.testing.assert_allclose(compiled(income), [tax(x) for x in income], rtol=1e-13)
    assert len(runs) == before


def test_branches_of_a_function_that_has_changed(executor: str) -> None:
    limits = [1.0]

    def f(x: Any) -> Any:
        for limit in limits:
            if x < limit:
                return x * limit
        return x if x > -5.0 else -x

    compiled = compile(f, executor=executor)
    compiled([0.5, 3.0])
    limits.append(2.0)  # the programs that were recorded are kept until `refresh`; new ones do not fit into the tree of the others
    assert compiled([0.5, 3.0]).tolist() == [0.5, 3.0]
    assert compiled.refresh([0.5, 3.0])
    assert compiled([0.5, 1.5, 3.0]).tolist() == [0.5, 3.0, 3.0]


def test_draws_follow_the_samples_through_the_tree(executor: str) -> None:
    rng = random.Random(0)

    def f(x: Any) -> Any:
        total = x
        for limit in (1.0, 2.0, 3.0):
            if x > limit:
                total = total + autograd.drawn(rng.random)
        return total

    compiled = compile(f, executor=executor)
    x = spread(40, 0.0, 4.0)
    compiled(x)
    rng.seed(1)
    actual = compiled(x)
    rng.seed(1)
    assert actual.tolist() == [f(one) for one in x.tolist()]


def test_domains_and_shared_conditions(executor: str) -> None:
    def f(k: Any, x: Any) -> Any:
        if k > 1.0:
            return sqrt(x) if x > k else x
        if x > 0.0:
            return log(x - 1.0) * k
        return k * x

    compiled = compile(f, in_axes=(None, 0), executor=executor)
    for k in (2.0, 0.5, 2.0, 0.25):
        x = np.array([-1.0, 3.0, 1.5])
        np.testing.assert_allclose(compiled(k, x), [float(autograd.value_and_grad(f, argnums=1)(k, a)[0]) for a in x])
    with pytest.warns(RuntimeWarning, match="log needs a > 0: 1 of 3 elements are outside"):
        compiled(0.5, [-1.0, 3.0, 0.5])


def test_arguments_of_several_arrays(executor: str) -> None:
    def f(p: Any, x: Any) -> Any:
        if p["w"][0] * x["a"][0] > x["b"]:
            return x["a"][1] * p["w"][1]
        return x["b"] * p["w"][0] if x["a"][1] > 0.0 else x["a"][0] * x["b"] * p["c"]

    rng = np.random.default_rng(2)
    p = {"w": np.array([0.5, -1.5]), "c": 2.0}
    x = {"a": rng.normal(size=(50, 2)), "b": rng.normal(size=50)}
    compiled = same(f, p, x, in_axes=(None, 0), executor=executor)
    assert len(compiled.specialisations) >= 3


def test_a_live_value_decides_anew(executor: str) -> None:
    limits = [Value(1.0), Value(2.0), Value(3.0)]
    f = lambda x: x if x < limits[0] else 2.0 * x if x < limits[1] else 3.0 * x if x < limits[2] else 4.0 * x
    compiled = compile(f, executor=executor)
    x = [0.5, 1.5, 2.5, 3.5]
    assert compiled(x).tolist() == [0.5, 3.0, 7.5, 14.0]
    for limit in limits:
        limit.data += 1.0
    assert compiled(x).tolist() == [0.5, 1.5, 5.0, 10.5]


@needs_compiler
def test_the_table_in_c() -> None:
    exported = compile(tax, executor="numpy")
    exported([*(np.array(LIMITS) - 1.0), 1e9])
    library = compiled_c(to_c(exported))
    for x in spread(200):
        assert called(library, "model", [x])[0] == pytest.approx(tax(x), rel=1e-13)
        assert differentiated(library, "model", [x])[1][0] == pytest.approx(autograd.grad(tax)(x), rel=1e-13)


@pytest.mark.slow
def test_a_deep_tree_in_c() -> None:
    def digits(x: Any) -> Any:
        n = 0
        while n < 990 and x > n:
            n += 1
        return x * n

    f = compile(digits, executor="numpy")
    f(np.arange(992) - 0.5)
    assert to_c(f, gradient=False).count("if (") == 990


def test_the_tree_is_forgotten_with_them(executor: str) -> None:
    compiled = compile(tax, executor=executor)
    compiled(spread(100))
    compiled(spread(100))
    compiled.forget()
    f = compiled(spread(5))
    np.testing.assert_allclose(f, [tax(x) for x in spread(5)])
    assert len(compiled.specialisations) <= 5 < specialisations.BRANCHES
