"""compile(loss): the same numbers and errors as eager code, with matrix products."""

import math
import random
import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from executors import EXECUTORS
from points import ROWS, points

from autograd import Program, Value, compile, dot, exp, log, log_softmax, logsumexp, relu, tanh, where
from autograd.compiled.ir import Instruction, Matmul, Scalars, check
from autograd.compiled.passes.vectorise import FEW
from autograd.errors import CompileError, DomainError, PoleError
from autograd.functions import call
from autograd.ops import DOT, MUL, SUM, Operation
from benchmarks.moons import moons


def agree(build: Callable[[], Value], leaves: list[Value], tolerance: float = 1e-12) -> Program:
    """The program of a graph, after it was compared with eager code at a few points, with every executor."""
    programs = [compile(build(), executor=name) for name in EXECUTORS]
    check(programs[0].code)
    for program in [*programs, *programs]:
        eager = build()
        for leaf in leaves:
            leaf.grad = 0.0
        eager.backward()
        expected = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = 0.0
        assert program() == pytest.approx(eager.data, rel=tolerance, abs=tolerance)
        assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=tolerance, abs=tolerance)
        for leaf in leaves:
            leaf.data *= 1.25
    return programs[0]


@pytest.mark.seed("A5")
def test_moons_finds_three_matrix_products() -> None:
    parameters, loss = moons(Value)
    program = agree(loss, parameters)
    products = [step for step in program.code.flattened if isinstance(step, Matmul)]
    assert [step.shape for step in products] == [(100, 16), (100, 16), (1, 100)]
    assert len(program.code.flattened) <= 16
    text = str(program)
    assert "3 of them matrix products" in text
    assert "t1[100, 16] = leaves[100, 2] @ leaves_2[16, 2]ᵀ" in text
    assert "t5[100, 16] = ReLU(t3[100, 16])" in text
    assert all(operand.places is None for step in program.code.flattened if step.size > 1 for operand in step.operands)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_as_a_batch_and_alone(row: Operation, executor: str) -> None:
    actual = points(row)
    leaves = [[Value(x) for x in point] for point in actual]
    flat = [x for point in leaves for x in point]

    def build() -> Value:
        total = call(row, *leaves[0])
        for point in leaves[1:]:
            total = total + call(row, *point)
        return total * 0.5

    program = compile(build(), executor=executor)
    check(program.code)
    eager = build()
    eager.backward()
    expected = [x.grad for x in flat]
    for x in flat:
        x.grad = 0.0
    assert program() == pytest.approx(eager.data, rel=1e-13)
    assert [x.grad for x in flat] == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_leaves_are_live_and_numbers_are_constants() -> None:
    w = [Value(0.5, label="w0"), Value(-1.0, label="w1")]
    loss = (w[0] * 2.0 + w[1] * 3.0) ** 2
    program = compile(loss)
    assert program() == 4.0
    assert [p.grad for p in w] == [-8.0, -12.0]
    w[0].data = 1.0
    assert program() == 1.0
    assert loss.data == 1.0
    assert [p.grad for p in w] == [-12.0, -18.0]
    assert program.forward() == 1.0
    assert [p.grad for p in w] == [-12.0, -18.0]
    assert program.constants == [2.0, 3.0]
    assert program.leaves == w
    assert program.root is loss
    assert str(program).splitlines() == [
        "program: 8 nodes → 2 instructions, 0 of them matrix products; 2 leaves, 2 constants (2, 3)",
        "  4 floating-point operations forward, 48 bytes",
        "  t1 = Σ (w0, w1) * (2, 3)",
        "  t2 = t1 **2",
    ]


def test_small_graphs() -> None:
    x = Value(2.0)
    assert agree(lambda: x, [x]).root is x
    agree(lambda: +x, [x])
    agree(lambda: x + x, [x])
    agree(lambda: x * x + x, [x])
    agree(lambda: x * x + x * x, [x])
    agree(lambda: x * 3.0 + x, [x])
    agree(lambda: Value(1.0) + x + x + x + x, [x])
    agree(lambda: (x + 1.0) * (x + 1.0), [x])
    agree(lambda: dot([x, x, 1.0], [x, 2.0, x]), [x])
    agree(lambda: dot([x], [x]) + dot([x], [3.0]), [x])
    constant = compile(Value(3.0) * 2.0)
    assert constant() == 6.0


def test_sums_products_and_chains_are_rolled() -> None:
    xs = [Value(float(i) + 0.5) for i in range(8)]
    operations = lambda program: [step.operation for step in program.code.flattened]
    assert operations(agree(lambda: sum(xs[1:], xs[0]), xs)) == [SUM]
    assert operations(agree(lambda: sum([a * b for a, b in zip(xs[1:4], xs[4:7], strict=True)], xs[0] * xs[7]), xs)) == [DOT]

    def shared() -> Value:
        product = xs[0] * xs[1]
        return product + xs[2] * xs[3] + product

    assert DOT not in operations(agree(shared, xs))
    agree(lambda: sum(tanh(x) for x in xs) + tanh(xs[0]), xs)  # type: ignore[arg-type,return-value]
    agree(lambda: -sum(x * x for x in xs) / sum(relu(x) for x in xs), xs)  # type: ignore[arg-type,return-value]


def chain(y: Value, x: Value, length: int, every: Callable[[Value, int], Value] = lambda y, _: y) -> Value:
    """A narrow graph: each node depends on the one before it."""
    for i in range(length):
        y = every(tanh(y * x) + 0.1 * y, i)
    return y


def test_narrow_levels_are_blocks_and_wide_ones_vectors() -> None:
    x = [Value(0.3 + 0.02 * i) for i in range(24)]
    uneven = lambda y, i: exp(-y) if i * i % 7 == 2 else y  # so that there is no loop

    def narrow_wide_narrow() -> Value:
        y = chain(x[0], x[1], 40, uneven)
        ends = exp(y), tanh(y)
        wide = [tanh(ends[i % 2] * a) for i, a in enumerate(x)]  # of two rows of one level
        return chain(log_softmax(wide)[3] + logsumexp(wide), x[2], 40, uneven)

    steps = agree(narrow_wide_narrow, x).code.instructions
    assert [isinstance(step, Scalars) for step in steps if isinstance(step, Scalars) or step.size >= FEW] == [
        True,
        *[False] * sum(isinstance(step, Instruction) and step.size >= FEW for step in steps),
        True,
    ]
    assert max(step.size for step in steps if isinstance(step, Instruction) and step.operation is MUL) == len(x)


def test_narrow_levels_with_what_is_no_scalar() -> None:
    """A logsumexp or a masked side ends a block; before and after it there may be others."""
    x = [Value(0.4), Value(0.7), Value(-0.2)]
    soft = lambda y, i: logsumexp([y, x[2], x[0]]) if i in (35, 36, 80) else y
    steps = agree(lambda: chain(x[0], x[1], 120, soft), x).code.instructions
    kinds = [step.operation.name if isinstance(step, Instruction) else "scalars" for step in steps]
    assert kinds.count("logsumexp") == 3
    assert kinds.count("scalars") == 3
    masked = lambda y, i: where(y > 0.2, lambda: tanh(y) * x[2], lambda: exp(y)) if i % 25 == 7 else y
    for axes in (None, 0):
        f, plain = (compile(lambda *a: chain(a[0], a[1], 120, masked), in_axes=axes, executor=name) for name in ("auto", "numpy"))
        points = np.array([[0.4, 0.7], [0.1, -0.9], [-0.6, 1.1]]).T
        for args in [points] if axes == 0 else points.T:
            actual, expected = (g.value_and_grad(*args) for g in (f, plain))
            np.testing.assert_allclose(actual[0], expected[0], rtol=1e-12)
            np.testing.assert_allclose(actual[1], expected[1], rtol=1e-11)


@pytest.mark.parametrize("order", ["wx", "xw"])
def test_a_layer_is_one_product_however_it_is_written(order: str) -> None:
    rng = random.Random(3)
    W = [[Value(rng.uniform(-1, 1), label=f"W{i}{j}") for j in range(5)] for i in range(4)]
    X = [[Value(rng.uniform(-1, 1), label=f"X{i}{j}") for j in range(5)] for i in range(7)]

    def build() -> Value:
        total: Value | float = 0.0
        for x in X:
            for w in W:
                z = dot(w, x) if order == "wx" else dot(x, w)
                total = total + tanh(z)
        assert isinstance(total, Value)
        return total

    program = agree(build, [v for row in W + X for v in row])
    assert [step.shape for step in program.code.flattened if isinstance(step, Matmul)] == [(7, 4)]
    assert "t1[7, 4] = X[7, 5] @ W[4, 5]ᵀ" in str(program)


def test_deep_and_wide() -> None:
    x = Value(0.5)
    y = x
    for _ in range(3000):
        y = y * 0.999 + 0.001
    program = compile(y)
    x.grad = 0.0
    program()
    assert x.grad == pytest.approx(0.999**3000, rel=1e-12)
    wide = sum(exp(x * (i * 1e-5)) for i in range(20_000))
    assert isinstance(wide, Value)
    agree(lambda: wide, [])
    assert len(compile(wide).code.flattened) == 3


def test_infinities_in_a_dot_are_those_of_eager_code() -> None:
    x = Value(math.inf)
    for build in (lambda: dot([x, x, -0.9], [x, x, x]), lambda: dot([x, 0.0], [1.0, x]), lambda: x * 2.0 + x * 3.0):
        eager = build()
        assert repr(compile(eager).forward()) == repr(eager.data)


def test_domain_errors_are_those_of_eager_code() -> None:
    x, y = Value(2.0, label="x"), Value(1.0, label="y")
    program = compile(log(x) + 1 / y + exp(-1 / x**2))
    program()
    grads = x.grad, y.grad
    x.data = -1.0
    with pytest.raises(DomainError, match=r"log.*label 'x'"):
        program()
    x.data, y.data = 2.0, 0.0
    with pytest.raises(PoleError, match=r"div.*label 'y'"):
        program()
    assert (x.grad, y.grad) == grads
    x.data, y.data = math.nan, 1.0
    assert math.isnan(program())
    x.data = 0.0
    with pytest.raises(DomainError):
        program()
    hidden = compile(exp(-1 / y**2))  # finite again after the pole, and still an error
    y.data = 0.0
    with pytest.raises(PoleError):
        hidden()


def test_a_domain_that_only_compiled_code_leaves_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile(log(Value(1.0)), executor="numpy")
    monkeypatch.setattr("autograd.compiled.backends.numpy.reference.outside", lambda *_: True)
    with pytest.raises(DomainError, match="though not in eager code"):
        program()
    assert repr(program) == "<Program of 2 nodes, 1 instructions>"


def test_the_same_bits_every_time_and_from_several_threads() -> None:
    parameters, loss = moons(Value, samples=10)
    program = compile(loss())
    first = program.forward()
    results: list[float] = []
    threads = [threading.Thread(target=lambda: results.extend(program.forward() for _ in range(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {first}
    assert parameters


@pytest.mark.parametrize("executor", EXECUTORS)
def test_runs_of_one_thread_share_storage_and_nothing_else(executor: str) -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    program = compile(log(x) * y + x * x, executor=executor)
    for a in (2.0, 0.5, 2.0):
        x.data, x.grad, y.grad = a, 0.0, 0.0
        assert program() == pytest.approx(math.log(a) * 3.0 + a * a)
        assert (x.grad, y.grad) == (pytest.approx(3.0 / a + 2.0 * a), pytest.approx(math.log(a)))
    program.backward()  # of the same numbers once more
    program.backward()
    assert x.grad == pytest.approx(3.0 * 5.5)
    x.data = 4.0
    program.forward()
    x.data, x.grad = 0.5, 0.0
    program.backward()  # at 4, where forward was
    assert x.grad == pytest.approx(3.0 / 4.0 + 8.0)
    x.data = -1.0
    with pytest.raises(DomainError):
        program.forward()
    with pytest.raises(CompileError, match="backward needs a forward pass"):
        program.backward()
    x.data = 0.5
    program.forward()
    elsewhere: list[BaseException] = []

    def backward_elsewhere() -> None:
        try:
            program.backward()
        except CompileError as error:
            elsewhere.append(error)

    thread = threading.Thread(target=backward_elsewhere)
    thread.start()
    thread.join()
    assert len(elsewhere) == 1


def test_bad_calls() -> None:
    with pytest.raises(CompileError, match=r"program = compile\(loss\)"):
        compile(3.0)  # type: ignore[arg-type]


def long_products(x: list[Value]) -> dict[str, Value]:
    """Products of which most are a factor of the next one only."""
    once = math.prod(x)
    seen: list[Value] = [x[0]]
    for a in x[1:]:
        seen.append(a * seen[-1])
    return {
        "one after the other": once,
        "of the same number": math.prod([x[3]] * 40),
        "with a constant within": math.prod(x[:20]) * 3.0 * math.prod(x[20:]),
        "one of them read elsewhere": seen[-1] + 2.0 * seen[20],
        "read twice by the next one": math.prod(x[:10]) ** 2.0 * math.prod(x[10:]) * (seen[5] * seen[5]),
        "of two products": math.prod(x[:20]) * math.prod(x[20:]),
        "then a difference": exp(math.prod(x) - x[0]),
    }


@pytest.mark.parametrize("name", long_products([Value(1.0)] * 40))
@pytest.mark.parametrize("executor", EXECUTORS)
def test_long_products_have_the_bits_of_eager_code(executor: str, name: str) -> None:
    rng = random.Random(0)
    x = [Value(rng.uniform(0.8, 1.25)) for _ in range(40)]
    root = long_products(x)[name]
    root.backward()
    expected = [a.grad for a in x]
    value = root.data
    program = compile(root, executor=executor)
    for a in x:
        a.grad = 0.0
    assert program() == pytest.approx(value, rel=0.0 if name != "then a difference" else 1e-15)
    assert [a.grad for a in x] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_scalars_of_which_a_vector_reads_some(executor: str) -> None:
    """Products that scalars read, and a vector too."""
    rng = random.Random(0)
    x = [Value(rng.uniform(0.8, 1.25)) for _ in range(60)]
    products, y = [], x[0]
    for a, b in pairwise(x):
        products.append(y * a)
        y = tanh(products[-1] + b) if len(products) % 3 else products[-1] * b - a
    root = y + sum(tanh(dot(products, [rng.uniform(-1.0, 1.0) for _ in products])) for _ in range(20))
    root.backward()
    expected, value = [a.grad for a in x], root.data
    program = compile(root, executor=executor)
    assert {isinstance(one, Scalars) for one in program.code.instructions} == {False, True}
    for a in x:
        a.grad = 0.0
    assert program() == pytest.approx(value, rel=1e-14)
    assert [a.grad for a in x] == pytest.approx(expected, rel=1e-12)
