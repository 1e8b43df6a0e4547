"""The memory of native runs: what is copied, which arrays of the caller are read without a copy, and what the next call uses again."""

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

from autograd import Value, compile, dot, exp, log, sigmoid, where
from autograd.compiled.backends.machine.encoding import FIELDS, FIRST_ONE, LENT_ROWS, OPERANDS, Encoded
from autograd.compiled.backends.machine.native import LARGE, Native, Piece
from autograd.custom import define
from autograd.errors import DomainError

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs Numba")
RNG = np.random.default_rng(5)
WIDE = 90  # so that a matrix of 30 rows is a large array


def layer(p: Any, x: Any) -> Any:
    """A product of a large matrix, or of rows, with each sample; its bias is not only read by products."""
    W, b = p
    h = [sigmoid(dot(w, x) + c) for w, c in zip(W, b, strict=True)]
    return dot(h, h)


def parameters(rows: int = 30) -> list[Any]:
    return [RNG.normal(size=(rows, WIDE)) * 0.1, RNG.normal(size=rows)]


def flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(x) for x in tree]) if isinstance(tree, (list, tuple)) else np.ravel(tree)


def both(f: Callable[..., Any], in_axes: Any = None) -> tuple[Any, Any]:
    return compile(f, in_axes=in_axes, executor="native"), compile(f, in_axes=in_axes, executor="numpy")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """All storage that calls have made; a call that uses the storage of an earlier one makes none."""
    pieces: list[Piece] = []
    storage = Native.storage

    def noted(self: Native, samples: int = 1) -> Piece:
        pieces.append(storage(self, samples))
        return pieces[-1]

    monkeypatch.setattr(Native, "storage", noted)
    return pieces


@pytest.mark.parametrize("samples", [1, 2, 7, 10, 12, 13, 40])
@pytest.mark.parametrize("reduce", ["sum", "mean", None])
def test_every_call_gives_what_the_reference_gives(samples: int, reduce: Any) -> None:
    native, reference = both(layer, (None, 0))
    for _ in range(4):  # recorded, by the values' shortcut, by that of the derivatives, and with storage of an earlier call
        p, x = parameters(), RNG.normal(size=(samples, WIDE))
        actual, expected = (f.value_and_grad(p, x, wrt=0, reduce=reduce) for f in (native, reference))
        np.testing.assert_allclose(actual[0], expected[0], rtol=1e-12)
        np.testing.assert_allclose(flat(actual[1]), flat(expected[1]), rtol=1e-11, atol=1e-13)


def test_arrays_that_products_read_are_not_copied(made: list[Piece]) -> None:
    native, _ = both(layer, (None, 0))
    p, x = parameters(), RNG.normal(size=(10, WIDE))
    before = [a.copy() for a in (*p, x)]
    for _ in range(3):
        native.value_and_grad(p, x, wrt=0, reduce="sum")
    _, data = made  # of the call that was recorded, and of the later ones
    assert not data.run[LENT_ROWS:].any()
    assert not data.arrays
    copied = data.shared[: p[0].size]
    assert p[0].size >= LARGE
    assert np.isnan(copied).any()
    assert not np.isnan(data.shared[p[0].size : p[0].size + 30]).any()
    for a, b in zip((*p, x), before, strict=True):
        np.testing.assert_array_equal(a, b)


def gaps(array: np.ndarray) -> np.ndarray:
    return np.repeat(array, 2, axis=-1)[..., ::2]


def only_read(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def by_columns(array: np.ndarray) -> np.ndarray:
    return np.asfortranarray(array)


def off_by_a_byte(array: np.ndarray) -> np.ndarray:
    raw = np.zeros(array.nbytes + 1, dtype=np.uint8)
    result = np.frombuffer(raw.data, np.float64, array.size, offset=1).reshape(array.shape)
    result[...] = array
    return result


@pytest.mark.parametrize("form", [gaps, only_read, by_columns, off_by_a_byte])
def test_arrays_of_all_kinds_in_memory(form: Callable[[np.ndarray], np.ndarray]) -> None:
    native, _ = both(layer, (None, 0))
    p, x = parameters(), RNG.normal(size=(10, WIDE))
    expected = native.value_and_grad(p, x, wrt=0, reduce="sum")
    for arguments in ([p, x], [[form(p[0]), p[1]], x], [p, form(x)], [[form(a) for a in p], form(x)], [p, x]):
        actual = native.value_and_grad(*arguments, wrt=0, reduce="sum")
        assert actual[0] == pytest.approx(expected[0], rel=1e-13)
        np.testing.assert_allclose(flat(actual[1]), flat(expected[1]), rtol=1e-11, atol=1e-13)


def test_rows_in_arrays_of_their_own_make_one_matrix() -> None:
    """None of which has all numbers of the product's operand."""

    def of_rows(rows: Any, x: Any) -> Any:
        return dot(h := [sigmoid(dot(w, x)) for w in rows], h)

    native, reference = both(of_rows, (None, 0))
    rows, x = [*RNG.normal(size=(3, LARGE + 5)) * 0.01], RNG.normal(size=(4, LARGE + 5))
    for _ in range(3):
        actual, expected = (f.value_and_grad(rows, x, wrt=0, reduce="sum") for f in (native, reference))
        np.testing.assert_allclose(flat(actual[1]), flat(expected[1]), rtol=1e-11, atol=1e-13)


def test_pulling_back_later_uses_the_numbers_of_the_call() -> None:
    native, reference = both(layer, (None, 0))
    for _ in range(3):
        p, x = parameters(), RNG.normal(size=(10, WIDE))
        expected = reference.vjp(p, x)[1](np.ones(10))
        _, pull_back = native.vjp(p, x)
        for a in (*p, x):
            a[...] = 0.0
        native.value_and_grad(p, x, wrt=0, reduce="sum")
        np.testing.assert_allclose(flat(pull_back(np.ones(10))[0]), flat(expected[0]), rtol=1e-11, atol=1e-13)


def test_a_result_stays_what_it_is_after_the_next_call() -> None:
    native, _ = both(lambda x, y: (x * y + x) * exp(-y))
    x, y = RNG.normal(size=(2, 50))
    for _ in range(2):
        native.value_and_grad(x, y)
    value, gradients = native.value_and_grad(x, y)
    kept = value.copy(), [g.copy() for g in gradients]
    native.value_and_grad(x + 1.0, y - 1.0)
    native(x + 2.0, y)
    np.testing.assert_array_equal(value, kept[0])
    for gradient, before in zip(gradients, kept[1], strict=True):
        np.testing.assert_array_equal(gradient, before)
    gradients[0][...] = 7.0  # nor does the next call see what is done to it
    np.testing.assert_array_equal(native.value_and_grad(x, y)[1][0], kept[1][0])


def test_a_domain_that_is_left_is_found_where_arrays_were_lent() -> None:
    def risky(W: Any, x: Any) -> Any:
        return log(dot([dot(w, x) for w in W], [1.0] * 30))

    native, reference = both(risky, (None, 0))
    W, x = np.abs(RNG.normal(size=(30, WIDE))), np.abs(RNG.normal(size=(5, WIDE)))
    for sign in (1.0, 1.0, 1.0, -1.0, 1.0):
        x[2] = sign * np.abs(x[2])
        results = []
        for f in (native, reference):
            with warnings.catch_warnings(record=True) as record:
                warnings.simplefilter("always")
                results.append((f.value_and_grad(W, x, wrt=0), [str(one.message) for one in record]))
        assert results[0][1] == results[1][1]
        assert len(results[0][1]) == (sign < 0.0)
        if sign > 0.0:
            np.testing.assert_allclose(results[0][0][1], results[1][0][1], rtol=1e-11)
    with pytest.raises(DomainError, match="log"):
        compile(risky, in_axes=(None, None), executor="native").value_and_grad(-W, np.abs(x[0]), wrt=0)


def test_directions_see_samples_that_are_turned() -> None:
    native, reference = both(lambda W, x: dot([dot(w, x) for w in W], [0.5] * 30), (None, 0))
    W, x = RNG.normal(size=(2, 30, WIDE))
    for _ in range(2):
        actual, expected = (f.jvp((W, x), (x, W)) for f in (native, reference))
        np.testing.assert_allclose(actual[0], expected[0], rtol=1e-11)
        np.testing.assert_allclose(actual[1], expected[1], rtol=1e-11)


def test_operations_of_a_user_between_products() -> None:
    """These are left to the reference, which adds its gradients."""
    tripled = define("tripled_for_tests", lambda xp, a: 3.0 * a, lambda xp, y, a: 3.0)
    native, reference = both(lambda W, x: dot(h := [tripled(dot(w, x)) for w in W], h), (None, 0))
    for _ in range(3):
        W, x = RNG.normal(size=(2, 30, WIDE))
        actual, expected = (f.value_and_grad(W, x, wrt=0, reduce="sum") for f in (native, reference))
        np.testing.assert_allclose(actual[1], expected[1], rtol=1e-11)


def test_an_argument_of_which_a_part_is_turned() -> None:
    """Of a dict of samples products read one array, and others the other one; of a row of scalars some."""
    native, reference = both(lambda w, d: dot(w, d["x"]) * d["y"] + dot(w, d["x"]), (None, 0))
    w, d = RNG.normal(size=6), {"y": RNG.normal(size=8), "x": RNG.normal(size=(8, 6))}
    for _ in range(3):
        actual, expected = (f.value_and_grad(w, d, wrt=0, reduce="sum") for f in (native, reference))
        np.testing.assert_allclose(actual[1], expected[1], rtol=1e-12)
    native, reference = both(lambda w, x, y, z: dot(w, [x, y, z]) * exp(-x), (None, 0, 0, 0))
    columns = RNG.normal(size=(3, 8))
    for _ in range(3):
        actual, expected = (f.value_and_grad(w[:3], *columns, wrt=0, reduce="sum") for f in (native, reference))
        np.testing.assert_allclose(actual[1], expected[1], rtol=1e-12)


def test_zeros_of_both_signs_beside_samples() -> None:
    for zero in (0.0, -0.0):
        f = compile(lambda x, zero=zero: (x * 0.0 + zero, x * -0.0 + zero, x * 3.0 + zero), executor="native")
        actual = f(np.array([-1.0, 1.0]))
        expected = [[x * 0.0 + zero for x in (-1.0, 1.0)], [x * -0.0 + zero for x in (-1.0, 1.0)], [x * 3.0 + zero for x in (-1.0, 1.0)]]
        np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))


def test_more_constants_than_are_kept_for_each_sample() -> None:
    numbers = RNG.normal(size=40).tolist()

    def many(x: Any, y: Any) -> Any:
        for c in numbers:
            x = (x + c) * y / (c * c + 1.0)
        return x

    native, reference = both(many)
    x, y = RNG.normal(size=(2, 9))
    for _ in range(3):
        actual, expected = (f.value_and_grad(x, y) for f in (native, reference))
        np.testing.assert_allclose(flat(actual[1]), flat(expected[1]), rtol=1e-10)


def test_gradients_are_written_before_they_are_added_to() -> None:
    """Memory is nan here at first: what is read by many, by none, by masks and conditions alone, and given back as it came."""

    def odd(x: Any, y: Any, unused: Any) -> Any:
        chosen = where(x > y, lambda: x * x, lambda: y)
        return chosen * x + y, x, where(y > 5.0, 1.0, 2.0), unused

    native, reference = both(odd)
    arguments = RNG.normal(size=(3, 11))
    for _ in range(2):
        (_, pull), (_, expected) = native.vjp(*arguments), reference.vjp(*arguments)
        for k in range(4):
            seeds = tuple(np.full(11, float(k == j)) for j in range(4))
            np.testing.assert_allclose(flat(pull(seeds)), flat(expected(seeds)), rtol=1e-12)


def test_a_program_marks_first_gradients_and_the_rest_is_zero() -> None:
    f = compile(lambda x, y: x * y + x, executor="native")
    f.value_and_grad(np.ones(3), np.ones(3))
    code = f.specialisations[-1].code
    table = Encoded(code)
    marks = table.code[:, [OPERANDS + FIELDS * k + FIRST_ONE for k in range(2)]]
    assert marks.tolist() == [[0, 1], [1, 1]]  # of x * y, which comes second on the way back, and of (x * y) + x
    assert [(-1 - place, count) for place, count in table.zero.tolist()] == [(code.batched - 1, 1)]


def test_threads_do_not_share_storage(made: list[Piece]) -> None:
    native, reference = both(layer, (None, 0))
    inputs = [(parameters(), RNG.normal(size=(10, WIDE))) for _ in range(4)]
    expected = [flat(reference.value_and_grad(p, x, wrt=0, reduce="sum")[1]) for p, x in inputs]
    native.value_and_grad(*inputs[0], wrt=0, reduce="sum")
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(200):
            actual = flat(native.value_and_grad(*inputs[k], wrt=0, reduce="sum")[1])
            if not np.allclose(actual, expected[k], rtol=1e-10):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    before = len(made)
    for p, x in inputs:
        native.value_and_grad(p, x, wrt=0, reduce="sum")
    assert len(made) == before


def test_large_storage_does_not_wait(made: list[Piece]) -> None:
    f = compile(lambda x: x * x + x, executor="native")
    for _ in range(3):
        f.value_and_grad(np.ones(200_000))
    assert len(made) == 3


def test_captured_values_are_read_anew() -> None:
    c = Value(2.0)
    f = compile(lambda x: x * c, executor="native")
    for number in (2.0, 3.0, 4.0):
        c.data = number
        assert f.value_and_grad(np.array([5.0, 6.0]))[1][0].tolist() == [number, number]
