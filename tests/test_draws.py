"""Random numbers of any shape: eager, recorded, in every executor; and what samplers may not return."""

import math
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile, drawn, exp, grad, tanh, where
from autograd.draws import Draw, logging_draws, replaying_draws
from autograd.errors import CompileError, InputError
from autograd.recording import recording


def test_many_numbers_are_those_of_one_call() -> None:
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    assert drawn(rng.standard_normal, 4) == other.standard_normal(4).tolist()
    assert drawn(rng.random, (2, 3)) == other.random((2, 3)).tolist()
    assert drawn(partial(rng.normal, 5.0, 0.1), (2, 1, 2)) == other.normal(5.0, 0.1, (2, 1, 2)).tolist()
    assert drawn(lambda shape: rng.integers(0, 9, shape), 3) == other.integers(0, 9, 3).tolist()
    assert type(drawn(lambda shape: rng.integers(0, 9, shape), 1)[0]) is float
    assert drawn(lambda: rng.random(3), 3) == other.random(3).tolist()


def test_a_sampler_of_single_numbers_is_called_for_each() -> None:
    rng, other = random.Random(3), random.Random(3)
    assert drawn(rng.random, 3) == [other.random() for _ in range(3)]
    assert drawn(rng.random, (2, 2)) == [[other.random() for _ in range(2)] for _ in range(2)]
    assert drawn(lambda: rng.gauss(0.0, 1.0), 2) == [other.gauss(0.0, 1.0) for _ in range(2)]
    assert rng.getstate() == other.getstate()


@pytest.mark.parametrize(
    ("shape", "result"),
    [(0, []), ((0, 3), []), ((2, 0), [[], []]), (1, [0.5]), ((1,), [0.5]), ((1, 1), [[0.5]]), ((), 0.5), (np.int64(2), [0.5, 0.5])],
)
def test_small_shapes(shape: Any, result: Any, executor: str) -> None:
    assert drawn(lambda: 0.5, shape) == result
    assert drawn(lambda size: np.full(size, 0.5), shape) == result

    def total(x: Any) -> Any:
        numbers = drawn(lambda: 0.5, shape)
        while isinstance(numbers, list) and numbers and isinstance(numbers[0], list):
            numbers = [number for row in numbers for number in row]
        return sum(numbers, x) if isinstance(numbers, list) else numbers + x

    assert compile(total, executor=executor)([1.0, 2.0]).tolist() == [total(1.0), total(2.0)]


def test_while_recording_they_are_leaves_in_nested_lists() -> None:
    rng = np.random.default_rng(3)
    before = rng.bit_generator.state
    with recording() as record:
        rows = drawn(rng.random, (2, 3))
        alone = drawn(rng.random)
    assert rng.bit_generator.state == before  # each run draws its own
    assert [[type(x) for x in row] for row in rows] == [[Value] * 3] * 2
    assert [(leaves, draw.sampler, draw.shape) for leaves, draw in record.draws] == [
        ([*rows[0], *rows[1]], rng.random, (2, 3)),
        ([alone], rng.random, None),
    ]
    assert {leaf.label for row in rows for leaf in row} == {"drawn"}


def noisy(rng: Any, x: Any) -> Any:
    """Of six numbers that are drawn together five are used, and one more is drawn alone."""
    (a, b, c), (d, _, e) = drawn(rng.standard_normal, (2, 3))
    return (x * a + b) * tanh(c * x) + exp(-abs(d)) * e + x * drawn(rng.random)


def test_samples_draw_what_eager_code_draws(executor: str) -> None:
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    f = compile(partial(noisy, rng), executor=executor)
    for xs in ([0.5, -1.0, 2.0], [0.25], [1.0] * 20):
        np.testing.assert_allclose(f(xs), [noisy(other, x) for x in xs], rtol=1e-14)
    assert f(0.5) == pytest.approx(noisy(other, 0.5), rel=1e-14)
    values, slopes = f.value_and_grad([0.5, 0.5, 0.5])
    state = other.bit_generator.state
    np.testing.assert_allclose(values, [noisy(other, 0.5) for _ in range(3)], rtol=1e-14)
    other.bit_generator.state = state
    np.testing.assert_allclose(slopes, [grad(partial(noisy, other))(0.5) for _ in range(3)], rtol=1e-13)
    assert len({*values, *slopes}) == 6
    assert f.draws == 7


def test_in_jax() -> None:
    pytest.importorskip("jax")
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    f = compile(partial(noisy, rng), executor="jax")
    for xs in ([0.5, -1.0, 2.0], [1.0] * 20):
        np.testing.assert_allclose(f(xs), [noisy(other, x) for x in xs], rtol=1e-13)


def test_the_same_seed_gives_the_same_bits(executor: str) -> None:
    runs = []
    for _ in range(2):
        f = compile(partial(noisy, np.random.default_rng(1)), executor=executor)
        runs.append([f([0.5, 1.5]).tolist(), f([0.5, 1.5]).tolist()])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


def test_each_sample_draws_on_its_own_branch(executor: str) -> None:
    rng, other = np.random.default_rng(5), np.random.default_rng(5)

    def f(generator: Any, x: Any) -> Any:
        if x > 0.0:
            return sum(drawn(generator.random, 3), x)
        return x * drawn(generator.random, (2, 1))[1][0] - drawn(generator.random)

    compiled = compile(partial(f, rng), executor=executor)
    xs = [1.0, -1.0, 2.0, -3.0, -4.0, 5.0]
    for _ in range(2):
        np.testing.assert_allclose(compiled(xs), [f(other, x) for x in xs], rtol=1e-14)


def test_numbers_that_nothing_needs_are_drawn_all_the_same(executor: str) -> None:
    rng, other = random.Random(2), random.Random(2)

    def f(x: Any) -> Any:
        drawn(rng.random, 4)
        return x * 2.0

    assert compile(f, executor=executor)([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert rng.random() == [other.random() for _ in range(9)][-1]


def test_where_chooses_by_them(executor: str) -> None:
    rng = np.random.default_rng(0)
    f = compile(lambda x: [where(u < 0.25, x, 0.0) for u in drawn(rng.random, 40)], executor=executor)
    kept = np.array(f(np.ones(100)))
    assert 0.2 < kept.mean() < 0.3
    assert set(kept.ravel().tolist()) == {0.0, 1.0}


def test_compiled_graphs_have_the_numbers_of_their_recording() -> None:
    """A graph that exists already was computed from numbers."""
    rng = random.Random(4)
    x = Value(2.0)
    noise = drawn(rng.random, 2)
    program = compile(x * noise[0] + noise[1], executor="numpy")
    assert program() == program() == 2.0 * noise[0] + noise[1]


# -- logs and replays -----------------------------------------------------------------------------------------------------


def test_what_was_logged_is_drawn_again() -> None:
    rng = random.Random(4)
    log: list[float] = []
    with logging_draws(log):
        first = [drawn(rng.random, 2), drawn(rng.random), drawn(rng.random, (2, 2))]
    flat = [*first[0], first[1], *first[2][0], *first[2][1]]
    assert log == flat
    again: list[float] = []
    with logging_draws(again), replaying_draws(log):
        assert [drawn(rng.random, 2), drawn(rng.random), drawn(rng.random, (2, 2))] == first
        assert log == []
        other = random.Random(4)
        assert drawn(rng.random, 2) == [other.random() for _ in range(9)][-2:]
    assert again[:7] == flat


# -- errors ---------------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "too few": (lambda shape: [0.5, 0.5], 3, r"drawn\(sampler, 3\) needs numbers of this shape, and sampler\(3\) returned 2 items"),
    "too many": (lambda: [0.5] * 4, 3, r"sampler\(\) returned 4 items: write a sampler that takes the shape, as lambda shape: rng\.normal"),
    "transposed": (lambda shape: np.zeros((3, 2)), (2, 3), r"sampler\(\(2, 3\)\) returned an array of the shape \(3, 2\)"),
    "flat": (lambda shape: np.zeros(6), (2, 3), r"an array of the shape \(6,\)"),
    "ragged": (lambda shape: [[0.5, 0.5], [0.5]], (2, 2), r"returned 2 items"),
    "too deep": (lambda shape: [[0.5], [0.5]], 2, r"returned 2 items"),
    "one number": (np.random.default_rng(0).normal, 3, r"sampler\(3\) returned \d\.\d+"),
    "one number for one": (np.random.default_rng(0).normal, 1, r"sampler\(1\) returned -?\d\.\d+"),
    "a string": (lambda: "0.5", 2, "a string is not a number: '0.5'"),
    "a list of None": (lambda shape: [None, None], 2, "None"),
    "a range": (range, 2, r"sampler\(2\) returned range\(0, 2\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_samplers_that_return_something_else(name: str, executor: str) -> None:
    sampler, shape, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        drawn(sampler, shape)

    def f(x: Any) -> Any:
        numbers = drawn(sampler, shape)
        return x * (numbers[0] if isinstance(shape, int) else numbers[0][0])

    compiled = compile(f, executor=executor)
    for xs in (1.0, [1.0, 2.0]):
        with pytest.raises(InputError, match=message):
            compiled(xs)


@pytest.mark.parametrize("shape", [-1, (2, -1), 2.0, "3", [2, 3], True, (2, 0.5), None, Value(2.0), np.ones(2)])
def test_what_is_no_shape(shape: Any) -> None:
    if shape is None:
        assert drawn(lambda: 0.5, None) == 0.5  # type: ignore[call-overload]
        return
    with pytest.raises(InputError, match=r"drawn needs a shape, as in drawn\(rng\.random, 3\) or drawn\(rng\.random, \(2, 3\)\), not "):
        drawn(lambda: 0.5, shape)


def test_too_many_numbers() -> None:
    with pytest.raises(InputError, match="at most 100,000,000 numbers in one call"):
        drawn(lambda: 0.5, (10**5, 10**5))


def test_no_function() -> None:
    with pytest.raises(InputError, match=r"a function is needed, as in drawn\(random\.random\), not 0\.5"):
        drawn(0.5, 3)  # type: ignore[arg-type, call-overload]


def test_a_function_that_draws_other_numbers_each_time_is_not_recorded() -> None:
    shapes, samplers = iter([2, 3]), iter([random.Random(0), random.Random(1)])
    with pytest.raises(CompileError, match="it draws 2 random numbers, then 3 random numbers"):
        compile(lambda x: x * drawn(random.random, next(shapes))[0])(1.0)
    with pytest.raises(CompileError, match="it draws random numbers from another source"):
        compile(lambda x: x * drawn(next(samplers).random, 2)[0])(1.0)
    forms = iter([(2, 3), (3, 2)])
    with pytest.raises(CompileError, match="it draws random numbers from another source"):
        compile(lambda x: x * drawn(random.random, next(forms))[0][0])(1.0)


def test_samplers_that_are_made_anew_are_known_by_what_they_refer_to(executor: str) -> None:
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    scale, axes = 0.5, np.arange(3.0)

    def f(x: Any) -> Any:
        size = 2 * scale
        noise = [*drawn(partial(rng.normal, 1.0, size), 2), *drawn(lambda shape: rng.normal(size, 0.1, shape) + axes[:2], 2)]
        return x * sum(noise)

    compiled = compile(f, executor=executor)
    expected = [x * (other.normal(1.0, 1.0, 2).sum() + other.normal(1.0, 0.1, 2).sum() + 1.0) for x in (1.0, 2.0)]
    np.testing.assert_allclose(compiled([1.0, 2.0]), expected, rtol=1e-14)


def of(rng: Any) -> Callable[[Any], Any]:
    return lambda shape: rng.random(shape)


@pytest.mark.parametrize(
    "sampler",
    [
        lambda: np.random.default_rng(0).standard_normal,
        lambda: partial(np.random.default_rng(0).normal, 0.0),
        lambda: partial(random.random, *np.random.default_rng().random(1)),
        lambda: of(np.random.default_rng(0)),
    ],
)
def test_methods_of_other_objects_are_other_samplers(sampler: Callable[[], Any]) -> None:
    with pytest.raises(CompileError, match="it draws random numbers from another source"):
        compile(lambda x: x * drawn(sampler(), 2)[0])(1.0)


def test_a_program_is_recorded_anew_for_another_generator() -> None:
    rngs = [np.random.default_rng(0)]
    f = compile(lambda x: x * drawn(rngs[0].standard_normal))
    f([1.0])
    assert not f.refresh([1.0])
    rngs[0] = np.random.default_rng(1)
    assert f.refresh([1.0])
    assert f([1.0])[0] == np.random.default_rng(1).standard_normal()


def test_within_a_side_of_a_where() -> None:
    f = compile(lambda x: where(x > 0.0, lambda: x * drawn(random.random, 2)[0], lambda: x))
    with pytest.raises(CompileError, match="within a side of a where"):
        f(1.0)


def test_a_branch_on_one_of_them_is_an_error() -> None:
    with pytest.raises(CompileError, match="a branch depends on a random number"):
        compile(lambda x: x if drawn(random.random, 2)[1] > 0.5 else -x)([1.0])


def test_a_sampler_without_a_signature_gets_the_shape() -> None:
    class Odd:
        @property
        def __signature__(self) -> Any:
            raise ValueError("no signature found")

        def __call__(self, shape: int) -> list[float]:
            return [float(shape)] * shape

    assert drawn(Odd(), 2) == [2.0, 2.0]
    assert Draw(Odd(), 3).numbers() == [3.0] * 3
    assert math.prod(np.shape(drawn(np.random.default_rng(0).random, (4, 5)))) == 20
