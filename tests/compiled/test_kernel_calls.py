"""Calls of kernels beside other threads, errors of masked operations, and products of all shapes and of operands from anywhere."""

import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

from autograd import Value, compile, dot, exp, log, sin, sqrt, tanh, where
from autograd.compiled.backends.llvm.batch import PARTS
from autograd.compiled.backends.llvm.executable import Kernels
from autograd.errors import DomainError

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs llvmlite")

RNG = np.random.default_rng(8)


def both(f: Callable[..., Any], in_axes: Any = None) -> list[Any]:
    return [compile(f, in_axes=in_axes, executor=executor) for executor in ("native", "numpy")]


def flat(tree: Any) -> np.ndarray:
    return np.concatenate([flat(x) for x in tree]) if isinstance(tree, (list, tuple)) else np.ravel(np.asarray(tree, dtype=float))


# -- other threads --------------------------------------------------------------------------------------------------------


def long(x: Any) -> Any:
    for _ in range(30):
        x = sin(exp(-x * x)) + x
    return x


def test_other_threads_run_meanwhile() -> None:
    """Kernels run without the GIL. Were it held, another thread would run only between the parts of the batch, which are few."""
    f = compile(long, executor="native", threads=1)
    x = np.linspace(0.0, 1.0, 1_000_000)
    f(x[:10])
    rounds, stop, started = 0, threading.Event(), threading.Event()

    def work() -> None:
        nonlocal rounds
        while not stop.is_set():
            time.sleep(0.0005)  # after which it must get the GIL again
            rounds += 1
            started.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        started.wait()
        before = rounds
        f(x)
        meanwhile = rounds - before
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert meanwhile > 3 * PARTS


def test_arguments_that_another_thread_changes() -> None:
    """Each result belongs to one of the numbers that were there, sample by sample; nothing else is read or written."""
    f = compile(lambda x, y: x * 2.0 + y, executor="native")
    x, y = np.ones(50_000), np.zeros(50_000)
    f.value_and_grad(x, y)
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            x[:] = 3.0
            x[:] = 1.0

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            value, (of_x, of_y) = f.value_and_grad(x, y)
            assert set(np.unique(value)) <= {2.0, 6.0}
            assert (of_x == 2.0).all()
            assert (of_y == 1.0).all()
    finally:
        stop.set()
        thread.join()
    assert (y == 0.0).all()


def test_lists_that_another_thread_shortens() -> None:
    """A list is read once: a call has all of its numbers, or raises an error of arguments."""
    f = compile(lambda p: p[0] * p[1] + p[2], in_axes=(None,), executor="native")
    numbers = [2.0, 3.0, 4.0]
    assert f(numbers) == 10.0
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            numbers.pop()
            numbers.append(4.0)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3000):
            try:
                assert f(numbers) == 10.0
            except (ValueError, TypeError, IndexError):  # two numbers are not what the function takes
                continue
    finally:
        stop.set()
        thread.join()
    assert f(numbers) == 10.0


def test_threads_with_tiles_of_their_own() -> None:
    def layer(w: Any, x: Any) -> Any:
        h = [tanh(dot(row, x)) for row in w]
        return dot(h, h)

    native, reference = both(layer, (None, 0))
    inputs = [(RNG.normal(size=(7, 9)), RNG.normal(size=(40 + k, 9))) for k in range(4)]
    expected = [flat(reference.value_and_grad(*one, reduce="sum")) for one in inputs]
    native.value_and_grad(*inputs[0], reduce="sum")
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(100):
            if not np.allclose(flat(native.value_and_grad(*inputs[k], reduce="sum")), expected[k], rtol=1e-10):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- errors ---------------------------------------------------------------------------------------------------------------


def outcome(f: Any, *arguments: Any) -> Any:
    """The numbers and warnings of a call, or the text of its error."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        try:
            numbers = flat(f.value_and_grad(*arguments))
        except DomainError as error:
            return str(error)
    return numbers.tolist(), [str(one.message) for one in record]


def same(actual: Any, expected: Any) -> None:
    if isinstance(expected, str):
        assert actual == expected
        return
    np.testing.assert_allclose(actual[0], expected[0], rtol=1e-11, atol=1e-13)
    assert actual[1] == expected[1]


@pytest.mark.parametrize("length", [1, 60])
@pytest.mark.parametrize("bad", [None, 0, 8, 36])
def test_an_error_counts_where_its_side_is_selected(length: int, bad: int | None) -> None:
    """`log` and `sqrt` of negative numbers, in programs that are one kernel and in tiles; the last sample is beyond a whole vector."""

    def f(x: Any, y: Any) -> Any:
        for _ in range(length):
            x = where(y > 0.0, lambda x=x: log(x) + 3.0, lambda x=x: x * 0.5 + 1.0)
        return x * sqrt(y + 10.0)

    x, y = np.full(37, 2.0), np.linspace(-2.0, 2.0, 37)
    x[: 37 // 2] = -1.0  # not selected
    if bad is not None:
        y[bad] = 1.0
        x[bad] = -4.0
    native, reference = both(f)
    for _ in range(2):
        same(outcome(native, x, y), outcome(reference, x, y))
    assert isinstance(native.specialisations[0].executable, Kernels)
    same(outcome(native, float(x[8]), float(y[8])), outcome(reference, float(x[8]), float(y[8])))


def test_padding_leaves_no_domain() -> None:
    """Lanes beyond the samples are 0 or not set; log and division by them are no errors."""
    native, reference = both(lambda w, x: log(dot(w, x)) / dot(w, x), (None, 0))
    w = np.abs(RNG.normal(size=5))
    for samples in (1, 3, 9, 33, 515):
        x = np.abs(RNG.normal(size=(samples, 5))) + 0.1
        same(outcome(native, w, x), outcome(reference, w, x))


def test_captured_values_are_read_anew() -> None:
    c = Value(2.0)
    f = compile(lambda x: x * c, executor="native")
    for number in (2.0, 3.0, 4.0):
        c.data = number
        assert f.value_and_grad(np.array([5.0, 6.0]))[1].tolist() == [number, number]


def test_zeros_of_both_signs() -> None:
    for zero in (0.0, -0.0):
        f = compile(lambda x, zero=zero: (x * 0.0 + zero, x * -0.0 + zero, -x * 0.0), executor="native")
        expected = [[x * 0.0 + zero for x in (-1.0, 1.0)], [x * -0.0 + zero for x in (-1.0, 1.0)], [-x * 0.0 for x in (-1.0, 1.0)]]
        np.testing.assert_array_equal(np.signbit(flat(f(np.array([-1.0, 1.0])))), np.signbit(flat(expected)))


# -- products -------------------------------------------------------------------------------------------------------------


def product_program(rows: int, terms: int, columns: int) -> Callable[..., Any]:
    def f(a: Any, b: Any) -> Any:
        return sum([tanh(dot(a[i], b[j]) * (1.0 + i + rows * j)) for i in range(rows) for j in range(columns)])

    return f


def gradients_by_numpy(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    weights = 1.0 + np.arange(len(a))[:, None] + len(a) * np.arange(len(b))
    y = np.tanh(a @ b.T * weights)
    slopes = (1.0 - y * y) * weights
    return float(y.sum()), slopes @ b, slopes.T @ a


def check_products(sizes: range) -> None:
    for rows in sizes:
        for terms in sizes:
            for columns in sizes:
                a, b = RNG.normal(size=(rows, terms)) * 0.2, RNG.normal(size=(columns, terms)) * 0.2
                value, (of_a, of_b) = compile(
                    product_program(rows, terms, columns), in_axes=(None, None), executor="native"
                ).value_and_grad(a, b)
                expected = gradients_by_numpy(a, b)
                assert value == pytest.approx(expected[0], rel=1e-12, abs=1e-13), (rows, terms, columns)
                np.testing.assert_allclose(of_a, expected[1], rtol=1e-11, atol=1e-12)
                np.testing.assert_allclose(of_b, expected[2], rtol=1e-11, atol=1e-12)


def test_products_of_shapes_up_to_three() -> None:
    check_products(range(1, 4))


@pytest.mark.slow
def test_products_of_shapes_up_to_nine() -> None:
    check_products(range(1, 10))


def test_a_factor_that_overlaps_the_other_one() -> None:
    """Gradients of both are added to the same places: of rows with themselves, and with numbers from within them."""
    native, reference = both(lambda a: sum([dot(row, [a[0][0], a[1][1]]) for row in a]), (None,))
    for f in (native, reference):
        assert flat(f.value_and_grad([[1.0, 2.0], [3.0, 4.0]])[1]).tolist() == [5.0, 4.0, 1.0, 10.0]
    native, reference = both(lambda a: sum([tanh(dot(x, y)) for x in a for y in a]), (None,))
    for size in (2, 5, 9):
        a = RNG.normal(size=(size, size)) * 0.3
        np.testing.assert_allclose(flat(native.value_and_grad(a)), flat(reference.value_and_grad(a)), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("in_axes", [(None, 0), (0, 0), (None, None)])
def test_operands_from_anywhere(in_axes: Any) -> None:
    """Rows in any order, numbers that occur several times, columns in place of rows, and numbers of both arguments."""
    picks = RNG.integers(0, 12, size=(5, 7)).tolist()

    def f(p: Any, x: Any) -> Any:
        rows = [[p[k] for k in pick] for pick in picks]
        outputs = [tanh(dot(row, x)) for row in rows] + [sin(dot([row[j] for row in rows], x[2:])) for j in (0, 3, 3)]
        return dot(outputs, [*x, p[0]]) + dot(x, x)

    native, reference = both(f, in_axes)
    p, x = (RNG.normal(size=(*([] if axis is None else [21]), n)) for axis, n in zip(in_axes, (12, 7), strict=True))
    for _ in range(2):
        np.testing.assert_allclose(flat(native.value_and_grad(p, x)), flat(reference.value_and_grad(p, x)), rtol=1e-10, atol=1e-12)
