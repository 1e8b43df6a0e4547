"""Equal constants and equal computations of a program are computed once, where neither numbers, gradients nor errors change."""

import functools
import math
import random
import struct
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from against_eager import codes, same

import autograd
from autograd import (
    Value,
    compile,
    drawn,
    exp,
    explain,
    grad,
    hessian,
    jacobian,
    log,
    no_grad,
    sin,
    sqrt,
    value_and_grad,
    where,
)
from autograd.compiled.api.function import Function
from autograd.compiled.ir import Code, Matmul, check
from autograd.compiled.passes.constants import merge_constants
from autograd.compiled.passes.simplify import simplify
from autograd.compiled.passes.sums import find_sums
from autograd.compiled.pipeline import trace
from autograd.errors import DomainError, PoleError
from benchmarks.moons import moons

X = [1.5, -0.25, 3.0, 0.125]


def counts_of(code: Code) -> Counter[str]:
    """How many numbers a program computes by each operation."""
    check(code)
    total: Counter[str] = Counter()
    for instruction in code.flattened:
        total[instruction.operation.name] += instruction.size
    return total


def counts(function: Function) -> Counter[str]:
    """How many numbers the last program computes by each operation."""
    return counts_of(codes(function)[-1])


# -- constants ----------------------------------------------------------------------------------------------------------------


def test_a_loss_that_refers_to_its_data_has_three_products(executor: str) -> None:
    weights = [random.Random(0).uniform(-1.0, 1.0) for _ in moons(float)[0]]

    def loss(p: Any) -> Any:
        values = iter(p)
        return moons(lambda _: next(values), 30, float)[1]()

    f = compile(loss, in_axes=(None,), executor=executor)
    value, gradient = f.value_and_grad(weights)
    [code] = codes(f)
    check(code)
    assert [step.shape for step in code.flattened if isinstance(step, Matmul)] == [(30, 16), (30, 16), (1, 30)]
    expected, slopes = value_and_grad(loss)(list(map(Value, weights)))
    assert value == pytest.approx(expected.data, rel=1e-13)
    np.testing.assert_allclose(gradient, [slope.data for slope in slopes], rtol=1e-11, atol=1e-13)


def test_data_with_equal_numbers_is_read_without_copies(executor: str) -> None:
    """Rows of two numbers, 0 and 1: places of single numbers would make every operand a gather."""
    rows = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]

    def loss(p: Any) -> Any:
        units = [sum(w * x for w, x in zip(p[3 * k : 3 * k + 3], row, strict=True)) for k in range(2) for row in rows]
        weighted = [y * u for y, u in zip([1.0, -1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0], units, strict=True)]
        return sum(u.tanh() for u in weighted)

    f = compile(loss, in_axes=(None,), executor=executor)
    p = [0.5, -1.0, 2.0, 0.25, 1.5, -0.75]
    value, gradient = f.value_and_grad(p)
    [code] = codes(f)
    check(code)
    assert sum(isinstance(step, Matmul) for step in code.flattened) == 1
    for step in code.flattened:
        for operand in step.operands[:2] if step.operation.name in ("dot", "mul") else ():
            assert operand.places is None or not operand.constant
    expected, slopes = value_and_grad(loss)(list(map(Value, p)))
    assert value == pytest.approx(expected.data, rel=1e-14)
    np.testing.assert_allclose(gradient, [slope.data for slope in slopes], rtol=1e-13)


def test_constants_are_told_apart_by_their_bits(executor: str) -> None:
    f = compile(lambda x: [x * 0.0, x * -0.0, x * 0.0, x + math.nan, x * 1e-300, x + math.nan], executor=executor)
    a, b, c, d, e, g = f(-1.0)
    assert [math.copysign(1.0, x) for x in (a, b, c)] == [-1.0, 1.0, -1.0]
    assert math.isnan(d)
    assert math.isnan(g)
    assert e == -1e-300
    assert counts(f) == {"mul": 3, "add": 1}
    assert len(codes(f)[0].fixed[1]) == 4


def test_nans_of_other_bits_are_other_constants() -> None:
    other = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]
    f = compile(lambda x: [x + math.nan, x + other], executor="numpy")
    f(1.0)
    assert counts(f) == {"add": 2}


def test_products_that_sums_have_in_common_stay_in_their_dots() -> None:
    """Features that are 0 and 1: the product of a weight and 1 is a term of many dots."""
    rng = random.Random(0)
    rows = [[float(rng.random() < 0.5) for _ in range(6)] for _ in range(20)]
    distinct = len({tuple(row) for row in rows})
    f = compile(
        lambda p: [autograd.tanh(sum(w * x for w, x in zip(p[6 * k : 6 * k + 6], row, strict=True))) for k in range(3) for row in rows],
        in_axes=(None,),
        executor="numpy",
    )
    f([rng.uniform(-1.0, 1.0) for _ in range(18)])
    assert [sorted(step.shape) for step in codes(f)[0].flattened if isinstance(step, Matmul)] == [[3, distinct]]
    assert counts(f)["mul"] == 0


# -- computations -------------------------------------------------------------------------------------------------------------


REPEATED: list[tuple[str, Callable[[Any, Any], Any], dict[str, int]]] = [
    ("a function", lambda x, y: sin(x) * y - sin(x), {"sin": 1, "mul": 1, "sub": 1}),
    ("on top of another", lambda x, y: exp(sin(x * y)) / (2.0 + exp(sin(x * y))), {"mul": 1, "sin": 1, "exp": 1, "add": 1, "div": 1}),
    ("in the other order", lambda x, y: (x * y).exp() - (y * x).sin() / (x + y).exp() + (y + x).exp(), {"exp": 2, "sin": 1, "div": 1}),
    ("in the other order, where it matters", lambda x, y: (x - y).sin() + (y - x).sin(), {"sub": 2, "sin": 2}),
    ("a sum", lambda x, y: (x + y + 1.0).exp() * (x + y + 1.0), {"sum": 1, "exp": 1, "mul": 1}),
    ("a dot", lambda x, y: (x * y + x * 3.0).exp() * (x * y + x * 3.0), {"dot": 1, "exp": 1, "mul": 1}),
    ("a dot in a sum", lambda x, y: (x * y + x * 3.0 + y).sin() / (2.0 + (x * y + x * 3.0 + x).cos()), {"dot": 1, "sin": 1, "cos": 1}),
    ("a power", lambda x, y: (x**2).exp() - (x**2).sin() + x**3 * y, {"pow": 2, "exp": 1, "sin": 1}),
    ("variadic", lambda x, y: autograd.maximum(x, y).exp() - autograd.maximum(x, y).sin(), {"maximum": 1, "exp": 1, "sin": 1}),
    ("twice in one operation", lambda x, y: sin(x * y) / (sin(x * y) * sin(x * y) + 2.0), {"sin": 1}),
]


@pytest.mark.parametrize(("name", "f", "expected"), REPEATED, ids=[row[0] for row in REPEATED])
def test_what_is_repeated_is_computed_once(name: str, f: Callable[[Any, Any], Any], expected: dict[str, int], executor: str) -> None:
    compiled = same(f, X, [0.5, 2.0, -1.0, 4.0], executor=executor)
    actual = counts(compiled)
    assert {operation: actual[operation] for operation in expected} == expected


def test_values_keep_their_bits() -> None:
    def f(x: Any, y: Any) -> Any:
        return [(x * y - x / y) / sqrt(x * x), (y * x - x / y) / sqrt(x * x), where(x < y, x - y, x / y), where(x < y, x - y, x / y)]

    rng = random.Random(1)
    x, y = ([rng.uniform(0.1, 9.0) for _ in range(50)] for _ in range(2))
    assert compile(f, executor="numpy")(x, y).tolist() == [f(a, b) for a, b in zip(x, y, strict=True)]


def test_a_graph_without_repetitions_stays_as_it_is() -> None:
    x = Value(0.5)
    y = x
    for i in range(100):
        y = (y * (1.0 + i)).tanh() + 0.5 / (2.0 + i)
    tape = trace([y])
    assert merge_constants(tape).inputs == tape.inputs
    sums = find_sums(tape)
    assert simplify(tape, sums) is sums


def test_leaves_are_never_the_same() -> None:
    """Captured Values, arguments and numbers that are drawn are read at every run, however equal they are."""
    a, b = Value(2.0), Value(2.0)
    f = compile(lambda x, y: exp(x * a) - exp(y * b), executor="numpy")
    assert f(1.0, 1.0) == 0.0
    b.data = 0.0
    assert f(1.0, 1.0) == pytest.approx(math.exp(2.0) - 1.0)
    numbers = iter([0.25, 0.5, 0.75, 1.0])
    g = compile(lambda x: [x * drawn(lambda: next(numbers)), x * drawn(lambda: next(numbers))], executor="numpy")
    assert g(1.0).tolist() == [0.25, 0.5]
    assert g(1.0).tolist() == [0.75, 1.0]
    assert counts(g) == {"mul": 2}


def test_a_program_of_a_graph_reports_the_error_of_eager_code() -> None:
    x = Value(4.0, label="x")
    program = compile(sqrt(x - 1.0) * exp(sqrt(x - 1.0)), executor="numpy")
    assert counts_of(program.code) == {"sub": 1, "sqrt": 1, "exp": 1, "mul": 1}
    assert program() == pytest.approx(math.sqrt(3.0) * math.exp(math.sqrt(3.0)))
    root = math.sqrt(3.0)
    assert x.grad == pytest.approx(math.exp(root) * (1.0 + root) / (2.0 * root))
    x.data = 0.5
    with pytest.raises(DomainError, match="sqrt"):
        program()


# -- gradients that must stay apart -------------------------------------------------------------------------------------------


def half_stopped(x: Any) -> Any:
    with no_grad():
        stopped = sin(x * 2.0)
    return stopped * sin(x * 2.0)


def only_in_a_condition(x: Any) -> Any:
    return where(sqrt(x) > 1.0, lambda: x * x, lambda: 3.0 * x)


def once_each(x: Any) -> Any:
    """The root is needed in one side of each `where`: its slope at 0, inf, must not reach the argument."""
    return where(x > 0.0, lambda: sqrt(x), lambda: 0.0) + where(x > 1.0, lambda: 2.0 * sqrt(x), lambda: x)


def the_same_side(x: Any) -> Any:
    return where(x > 0.0, lambda: sqrt(x), lambda: x) * where(x > 0.0, lambda: sqrt(x) + 1.0, lambda: 2.0)


def inside_and_outside(x: Any) -> Any:
    return where(x > 2.0, lambda: exp(x), lambda: x) + exp(x)


def the_condition_repeats_the_side(x: Any) -> Any:
    return where(x > 0.0, lambda: where(sqrt(x) > 1.0, lambda: sqrt(x), lambda: sqrt(x) * 2.0), lambda: x) + where(
        x > 0.0, lambda: where(sqrt(x) > 1.0, lambda: log(x), lambda: x), lambda: 0.0
    )


def several_masks(x: Any) -> Any:
    """Conditions that are written anew each time, so that the masks are equal, but not the same."""
    return sum(where((x > 0.0) & (x < 2.0), lambda: log(x) / sqrt(2.0 - x), lambda: x) for _ in range(3))


APART = [half_stopped, once_each, the_same_side, inside_and_outside, the_condition_repeats_the_side, several_masks, only_in_a_condition]


@pytest.mark.parametrize("f", APART)
@pytest.mark.parametrize("twice", [False, True])
def test_gradients_pass_where_they_do_in_eager_code(f: Callable[[Any], Any], twice: bool, executor: str) -> None:
    points = [4.0, 1.0, 1.5, 0.25] + ([] if f is only_in_a_condition else [0.0, -1.0])
    same((lambda x: f(x) - 3.0 * f(x)) if twice else f, points, executor=executor)


def test_what_no_grad_computes_is_not_what_is_differentiated() -> None:
    f = compile(half_stopped, executor="numpy")
    assert f.value_and_grad(0.3)[1] == pytest.approx(2.0 * math.sin(0.6) * math.cos(0.6))
    assert counts(f)["sin"] == 2
    g = compile(lambda x: half_stopped(x) + half_stopped(x), executor="numpy")
    g.value_and_grad(0.3)
    assert counts(g)["sin"] == 2
    g(0.3)  # without derivatives, all of them are the same
    assert counts(g)["sin"] == 1


def test_equal_masks_are_one() -> None:
    f = compile(several_masks, executor="numpy")
    f.value_and_grad(X)
    assert (counts(f)["log"], counts(f)["sqrt"], counts(f)["less"]) == (1, 1, 2)


def test_an_auxiliary_result_adds_nothing_to_the_gradient(executor: str) -> None:
    f = compile(lambda x: (2.0 * x + sqrt(x + 1.0), [sqrt(x), sqrt(x + 1.0)]), executor=executor)
    (value, others), slope = f.value_and_grad(0.0, has_aux=True)
    assert (value, others.tolist(), slope) == (1.0, [0.0, 1.0], 2.5)


def test_errors_of_a_side_are_not_those_outside_of_it(executor: str) -> None:
    f = compile(lambda x: where(x > 0.0, lambda: log(x), lambda: x) + where(x > 0.0, lambda: log(x), lambda: -x), executor=executor)
    assert f(-3.0) == 0.0
    g = compile(lambda x: where(x > 0.0, lambda: log(x), lambda: x) + log(x), executor=executor)
    with pytest.raises(DomainError):
        g(-3.0)


def test_an_error_outside_of_a_side_is_not_forgotten_because_of_the_side(executor: str) -> None:
    """The logarithm that only a side uses, but that was computed before it, is an error in any case."""

    def f(x: Any, first: bool) -> Any:
        within = lambda: where(x > 0.0, lambda: log(x), lambda: 0.0)
        before = within() if first else 0.0
        y = log(x)
        return before + where(x > 0.0, lambda: y * 1.0, lambda: x) + (0.0 if first else within())

    for first in (False, True):
        g = compile(lambda x, first=first: f(x, first), executor=executor)
        assert g(1.0) == 0.0
        with pytest.raises(DomainError, match="log"):
            g(-3.0)


@pytest.mark.parametrize("first", [False, True])
def test_an_infinite_slope_is_no_error_but_the_same_division_is(first: bool, executor: str) -> None:
    def f(x: Any) -> Any:
        root = sqrt(+x)  # as within grad, whose variable is a node of its own
        terms = [lambda: autograd.grad(sqrt)(x), lambda: 0.5 / (root + 0.0)]
        return sum(term() for term in (terms if first else reversed(terms)))

    slope = compile(grad(sqrt), executor=executor)
    assert slope(0.0) == math.inf
    g = compile(f, executor=executor)
    assert g(4.0) == 0.5
    assert (counts(g)["sqrt"], counts(g)["div"]) == (1, 2)
    with pytest.raises(PoleError):
        g(0.0)


# -- results ------------------------------------------------------------------------------------------------------------------


def twice(x: Any, y: Any) -> Any:
    return [x * y, sin(x), y * x, sin(x), 2.0, 2.0, x, x]


def test_the_same_number_is_returned_more_than_once(executor: str) -> None:
    f = compile(twice, executor=executor)
    assert f(3.0, 0.5).tolist() == [1.5, math.sin(3.0), 1.5, math.sin(3.0), 2.0, 2.0, 3.0, 3.0]
    assert counts(f) == {"mul": 1, "sin": 1}
    value, pull = f.vjp(3.0, 0.5)
    weights = [1.0, 10.0, 100.0, 1000.0, 7.0, 7.0, 0.25, 0.5]
    assert pull(weights) == (pytest.approx(101.0 * 0.5 + 1010.0 * math.cos(3.0) + 0.75), pytest.approx(303.0))
    assert f.jvp((3.0, 0.5), (1.0, 2.0))[1] == pytest.approx([6.5, math.cos(3.0), 6.5, math.cos(3.0), 0.0, 0.0, 1.0, 1.0])
    x, y = np.array(X), np.array([2.0, 4.0, 8.0, 16.0])
    value, pull = f.vjp(x, y)
    np.testing.assert_allclose(value[:, 2], x * y)
    gradients = pull(np.tile(weights, (4, 1)))
    np.testing.assert_allclose(gradients[0], 101.0 * y + 1010.0 * np.cos(x) + 0.75)
    np.testing.assert_allclose(gradients[1], 101.0 * x)


def test_a_result_that_is_equal_to_an_inner_number_is_read_after_a_run(executor: str) -> None:
    f = compile(lambda x: [exp(x * 2.0), x * 2.0, 2.0], executor=executor)
    x = np.linspace(-1.0, 1.0, 5)
    np.testing.assert_allclose(f(x), np.stack([np.exp(2.0 * x), 2.0 * x, np.full(5, 2.0)], axis=1), rtol=1e-14)
    [branch] = f.specialisations
    assert all(place in branch.code.results[batched] for batched, place in branch.returned)
    assert [lines.count("# result") for lines in explain(f, x).split("constants: ")] == [3, 3]


def test_transforms_of_compiled_functions(executor: str) -> None:
    def f(p: Any) -> Any:
        return [sin(p[0] * p[1]), sin(p[1] * p[0]), p[0] ** 3 + sin(p[0] * p[1])]

    a, b = 0.7, -1.3
    c = math.cos(a * b)
    rows = [[b * c, a * c], [b * c, a * c], [3.0 * a * a + b * c, a * c]]
    np.testing.assert_allclose(compile(jacobian(f), in_axes=(None,), executor=executor)([a, b]), rows, rtol=1e-13)
    np.testing.assert_allclose(np.array(jacobian(compile(f, in_axes=(None,), executor=executor))([a, b]), dtype=float), rows, rtol=1e-13)
    g = lambda p: f(p)[0] * f(p)[1] + exp(f(p)[2])
    expected = np.array(hessian(g)([a, b]), dtype=float)
    np.testing.assert_allclose(compile(hessian(g), in_axes=(None,), executor=executor)([a, b]), expected, rtol=1e-12)
    slope = compile(grad(lambda x: sin(x) * exp(sin(x))), executor=executor)(0.4)
    assert slope == pytest.approx(math.cos(0.4) * math.exp(math.sin(0.4)) * (1.0 + math.sin(0.4)))


def test_guards_that_repeat(executor: str) -> None:
    def f(x: Any) -> Any:
        y = sin(x) if sin(x) > 0.0 else -sin(x)
        return y * 2.0 if sin(x) > 0.0 else y * 3.0

    same(f, [1.0, -1.0, 4.0, 2.0], executor=executor)


def labelled(x: Value, label: str) -> Value:
    if isinstance(x, Value):
        x.label = label
    return x


def test_results_keep_their_labels() -> None:
    f = compile(lambda x, y: [exp(x * y), labelled(exp(y * x), "risk")], executor="numpy")
    f(2.0, 3.0)
    assert "risk = exp(t1)" in str(f)
    assert [line.name for line in f.outline()][-1] == "risk"
    g = compile(lambda x, y: labelled(labelled(x * y, "inner").exp() * exp(labelled(x * y, "other")), "result"), executor="numpy")
    g(2.0, 3.0)
    assert "inner = x * y" in str(g)
    assert "result = " in str(g)


def test_explain_says_which_rows_are_the_same() -> None:
    assert """\
simplify: equal computations as one row
  2 = mul(0, 1)
  3 = exp(2)
  6 = sub(3, 2)
  5 is 2
""" in explain(lambda x: exp(x * 2.0) - x * 2.0, 1.0)


# -- at random ----------------------------------------------------------------------------------------------------------------


def stopped(x: Any) -> Any:
    with no_grad():
        return x * 1.0


def grown(rng: random.Random, x: Any, y: Any, size: int) -> Any:
    """A random expression. The same generator gives the same expression, of new nodes."""
    pool = [x, y, 0.5, 2.0, -0.0]
    for _ in range(size):
        a, b = rng.choices(pool, k=2)
        kind = rng.randrange(9)
        if kind == 0:
            made = a * b
        elif kind == 1:
            made = a + b
        elif kind == 2:
            made = a - b
        elif kind == 3:
            made = sin(a)
        elif kind == 4:
            made = autograd.maximum(a, b)
        elif kind == 5:
            made = where(x > 0.25, lambda a=a: sqrt(x) * a, lambda b=b: b * 0.5)
        elif kind == 6:
            made = where(x > rng.choice([0.0, 1.0]), lambda a=a: a * log(x), lambda: y)
        elif kind == 7:
            made = stopped(a) * b
        else:
            made = a * 0.5 + b * 2.0 + x * y
        pool.append(autograd.tanh(made))
    return sum(pool[5:])


@pytest.mark.parametrize("seed", range(20))
def test_an_expression_that_is_written_twice_is_computed_once(seed: int, executor: str) -> None:
    size = random.Random(seed).randrange(2, 12)
    once = same(lambda x, y: grown(random.Random(seed), x, y, size), X, [0.5, 2.0, -1.0, 4.0], executor=executor)
    again = same(
        lambda x, y: grown(random.Random(seed), x, y, size).exp() - sin(grown(random.Random(seed), x, y, size)),
        X,
        [0.5, 2.0, -1.0, 4.0],
        executor=executor,
    )
    of_one, of_two = counts(once), counts(again)
    assert of_two - of_one <= Counter({"exp": 1, "sin": 1, "sub": 1})
    assert functools.reduce(lambda total, count: total + count, (of_two - of_one).values(), 0) <= 3
