"""Branches: each sample runs on the program of its own branch."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import recorded, same

import autograd
from autograd import Value, compile, log, relu, sqrt, where
from autograd.compiled.api import specialisations
from autograd.errors import CompileError, DomainError


def collatz(x: Any) -> Any:
    n = 0
    while x > 1.0:
        x = x * 0.5 if x > 4.0 else x - 0.7
        n += 1
    return x * n


def bisect(x: Any) -> Any:
    low, high = 0.0, 4.0
    for _ in range(4):
        middle = (low + high) / 2.0
        low, high = (middle, high) if x > middle else (low, middle)
    return x * low + high


BRANCHING: list[tuple[str, Callable[..., Any], int]] = [
    ("if", lambda x, y: x * 2.0 if x > 0.0 else -y, 2),
    ("if not", lambda x, y: x * 2.0 if not x >= y else -y, 2),
    ("and", lambda x, y: x * y if x > 0.0 and y > 0.0 else x, 3),
    ("or", lambda x, y: x * y if x > 0.0 or y > 0.0 else x, 3),
    ("a chain", lambda x, y: x * x if -1.0 < x < 1.0 else y, 3),
    ("elif", lambda x, y: x if x < -1.0 else y * x if x < 1.0 else y, 3),
    ("nested", lambda x, y: (x if y > 0 else 2.0 * x) if x > 0 else (y if y < -1.0 else 3.0 * y), 4),
    ("truth of a value", lambda x, y: x * y if x * 0.0 + max(y, 0.0) else x, 2),
    ("min, max", lambda x, y: max(x, y, 0.5) * min(x, y), 5),
    ("sorted", lambda x, y: [a * b for a, b in zip(sorted([x, y, 0.25]), [1.0, 2.0, 3.0], strict=True)][1], 6),
    ("abs, relu: no branch", lambda x, y: abs(x) * relu(y), 1),
    ("hardmax", lambda x, y: sum(h * v for h, v in zip(autograd.functions.hardmax([x, y, 0.3]), [x * x, y * y, x * y], strict=True)), 4),
    ("clip by hand", lambda x, y: min(max(x, -1.0), 1.0) * y, 3),
    ("while", lambda x, y: collatz(abs(x) * 5.0) + y, 12),
    ("a search", lambda x, y: bisect(x + 2.0) + y, 16),
    ("try", lambda x, y: any(v > 1.0 for v in (x, y)) * 1.0 + x, 3),
]


@pytest.mark.parametrize(("name", "f", "ways"), BRANCHING, ids=[row[0] for row in BRANCHING])
def test_each_sample_runs_on_its_own_branch(name: str, f: Callable[..., Any], ways: int, executor: str) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-2.0, 2.0, size=(2, 40))
    compiled = same(f, x, y, executor=executor)
    once = compile(f, executor=executor)
    once(x, y)
    branches = len(once.specialisations)
    assert branches <= ways
    assert (branches > 1) == (ways > 1)
    assert compiled(x[0], y[0]) == pytest.approx(compiled(x, y)[0], rel=1e-15)


def test_a_branch_is_recorded_once(executor: str) -> None:
    f, runs = recorded(lambda x: x * 2.0 if x > 0.0 else x * 3.0)
    compiled = compile(f, executor=executor)
    assert compiled([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert len(runs) == 1
    assert compiled([1.0, -2.0, 3.0, -4.0]).tolist() == [2.0, -6.0, 6.0, -12.0]
    assert len(runs) == 2
    assert compiled([-1.0, 5.0]).tolist() == [-3.0, 10.0]
    assert compiled([-1.0]).tolist() == [-3.0]
    assert len(runs) == 3  # one element is as a number: the same for all samples


def test_a_branch_on_what_is_shared_is_taken_by_all_samples(executor: str) -> None:
    f, runs = recorded(lambda k, x: k * x if k > 0.0 else x)
    compiled = compile(f, executor=executor)
    assert compiled(2.0, [1.0, 3.0]).tolist() == [2.0, 6.0]
    assert compiled(-2.0, [1.0, 3.0]).tolist() == [1.0, 3.0]
    assert compiled(5.0, [1.0, 3.0]).tolist() == [5.0, 15.0]
    assert len(runs) == 2
    same(lambda p, x: p[0] * x if p[0] > p[1] else p[1] - x, [1.0, 2.0], np.array([1.0, 2.0]), in_axes=(None, 0), executor=executor)
    same(lambda p, x: p[0] * x if p[0] > x else p[1] - x, [1.0, 2.0], np.array([0.0, 2.0]), in_axes=(None, 0), executor=executor)


def test_a_branch_on_a_live_value_follows_it(executor: str) -> None:
    threshold = Value(1.0)
    compiled = compile(lambda x: x if x > threshold else 0.0, executor=executor)
    assert compiled([0.5, 2.0]).tolist() == [0.0, 2.0]
    threshold.data = 3.0
    assert compiled([0.5, 2.0]).tolist() == [0.0, 0.0]
    threshold.data = 0.0
    assert compiled([0.5, 2.0]).tolist() == [0.5, 2.0]


def test_nan_takes_the_branch_it_takes_in_eager_code(executor: str) -> None:
    for f in (
        lambda x: 1.0 if x > 0 else 2.0,
        lambda x: 1.0 if x <= 0 else 2.0,
        lambda x: 1.0 if x else 2.0,
        lambda x: 1.0 if not x < 1 else 2.0,
    ):
        numbers = [math.nan, 1.0, 0.0, -1.0, -0.0, math.inf]
        assert compile(f, executor=executor)(numbers).tolist() == [f(Value(x)) for x in numbers]


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x * 10.0 if x == y else x,
        lambda x, y: x * 10.0 if x != 0.5 else y * x,
        lambda x, y: x * 10.0 if x in (0.5, 1.0) else x,
        lambda x, y: x * 10.0 if x in [y, 2.0] else x,
        lambda x, y: x * 10.0 if (x, y) == (0.5, 1.0) else x,
        lambda x, y: x * 10.0 if [x, 1.0] == [y, y] else x,
        lambda x, y: x * 10.0 if x != x else y,
        lambda x, y: x * float([0.5, 1.0, 2.0, x].index(y)),
        lambda x, y: x * 10.0 if np.float64(0.5) == x else x,
        lambda x, y: where(x == y, x * 10.0, where(x != 0.5, y, x)),
    ],
)
def test_equality_takes_the_branch_of_the_plain_function(f: Callable[[Any, Any], Any], executor: str) -> None:
    points = [(0.5, 1.0), (1.0, 1.0), (0.5, 0.5), (2.0, 1.0), (-0.0, 1.0), (math.nan, 1.0)]
    values = [f(*point) for point in points]
    result, gradients = compile(f, executor=executor).value_and_grad(*np.array(points).T)
    np.testing.assert_array_equal(result, values)
    for point, value, *slopes in zip(points, values, *gradients, strict=True):
        eager, by_eager = autograd.value_and_grad(f, argnums=(0, 1))(*point)
        np.testing.assert_array_equal([eager, *by_eager], [value, *slopes])


def test_identity_of_values_may_be_asked_for(executor: str) -> None:
    f = compile(lambda x, y: x * 2.0 if x is x and x is not y and id(x) != id(y) else y, executor=executor)
    assert f([1.0, 2.0], [1.0, 2.0]).tolist() == [2.0, 4.0]


def test_a_branch_whose_first_sample_is_outside(executor: str) -> None:
    f = compile(lambda x: log(x - 10.0) if x > 0.0 else sqrt(x + 2.0), executor=executor)
    with pytest.warns(RuntimeWarning) as caught:
        result = f([-3.0, 1.0, -1.0, 11.0])
    assert sorted(str(warning.message) for warning in caught) == [
        "log needs a > 0: 1 of 4 elements are outside",
        "sqrt needs a ≥ 0: 1 of 4 elements are outside",
    ]
    assert result[2:].tolist() == [1.0, 0.0]
    assert not np.isfinite(result[:2]).any()
    assert f(-1.0) == 1.0
    with pytest.raises(DomainError, match="log.*needs a > 0"):
        f(3.0)


def test_an_error_on_the_other_branch_is_none(executor: str) -> None:
    f = lambda x: log(x) if x > 0.0 else x
    same(f, [1.0, -1.0, 0.0, 2.0], executor=executor)
    safe = compile(f, executor=executor)
    safe([1.0, -1.0, 0.0, 2.0])
    assert len(safe.specialisations) == 2


def digits(x: Any) -> Any:
    n = 0
    while x > n:
        n += 1
    return x * n


def need_too_many(most: int) -> None:
    """Check that so many branches are recorded, and that one more is an error that shows where."""
    f = compile(digits, executor="numpy")
    assert f(np.arange(most) + 0.5).tolist() == [(k + 0.5) * (k + 1) for k in range(most)]
    assert f(np.arange(most) + 0.25).tolist() == [(k + 0.25) * (k + 1) for k in range(most)]
    assert len(f.specialisations) == most
    line = digits.__code__.co_firstlineno + 2
    with pytest.raises(CompileError) as error:
        f(np.arange(most + 1.0) + 0.5)
    message = str(error.value)
    assert f"digits takes more than {most:,} different branches. The {most:,} that were recorded decided" in message
    assert f"{__file__}:{line} (while x > n:), 2 to {most + 1:,} times in each" in message
    for text in ("while_loop(condition, step, init)", "where(x > 0, lambda: log(x), lambda: 0.0)", "take(values, index)"):
        assert text in message
    assert f(0.5) == 0.5  # the branches that were recorded are still there


def test_too_many_branches_are_an_error_that_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialisations, "BRANCHES", 50)
    need_too_many(50)


@pytest.mark.slow
def test_a_thousand_branches() -> None:
    assert specialisations.BRANCHES == 1000
    need_too_many(1000)


def test_a_loop_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.recording.GUARDS", 1000)

    def forever(x: Any) -> Any:
        while x > 0.0:
            x = x * 1.0
        return x

    with pytest.raises(CompileError, match=r"more than 1,000 branches.*while x > 0\.0.*a loop does not end"):
        compile(forever)(1.0)
