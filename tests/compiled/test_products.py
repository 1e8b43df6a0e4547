"""Products that are too small for the threads of BLAS are computed in parts, each on one thread."""

from typing import Any, ClassVar

import numpy as np
import pytest

from autograd.compiled.backends.numpy.products import COLUMNS, MANY_THREADS, ONE_THREAD, ROWS, TERMS, matmul, vecdot

RNG = np.random.default_rng(0)


class Counted(np.ndarray):
    """An array that records the shapes of its products."""

    seen: ClassVar[list[tuple[int, ...]]] = []

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if ufunc in (np.matmul, np.vecdot):
            self.seen.append((*inputs[0].shape, inputs[1].shape[-1]) if ufunc is np.matmul else inputs[0].shape)
        plain = [np.asarray(x) for x in inputs]
        return getattr(ufunc, method)(*plain, **({} if out is None else {"out": tuple(map(np.asarray, out))}), **options)


@pytest.mark.parametrize(
    ("m", "t", "p"),
    [(300, 100, 40), (64, 65, 64), (8, 10_000, 200), (5_000, 3, 50), (3, 2_000, 1_000), (1, 300_000, 2), (4_000, 1, 100)],
)
def test_each_part_is_small_enough_for_one_thread(m: int, t: int, p: int) -> None:
    assert ONE_THREAD < m * t * p < MANY_THREADS
    Counted.seen = []
    a, b = RNG.normal(size=(m, t)).view(Counted), RNG.normal(size=(t, p)).view(Counted)
    result = matmul(a, b)
    assert all(rows * depth * columns <= ONE_THREAD for rows, depth, columns in Counted.seen)
    assert sum(rows * depth * columns for rows, depth, columns in Counted.seen) == m * t * p  # each multiplication once
    assert len(Counted.seen) <= 8 * -(-m * t * p // ONE_THREAD)  # and not in crumbs
    assert max(columns for *_, columns in Counted.seen) == min(p, COLUMNS)
    assert max(rows for rows, *_ in Counted.seen) >= min(m, ROWS)
    np.testing.assert_allclose(np.asarray(result), np.asarray(a) @ np.asarray(b), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [64, 256])
def test_others_are_one_product(size: int) -> None:
    assert size**3 in (ONE_THREAD, MANY_THREADS)
    Counted.seen = []
    matmul(np.ones((size, size)).view(Counted), np.ones((size, size)).view(Counted))
    assert Counted.seen == [(size, size, size)]


@pytest.mark.parametrize("terms", [1, TERMS, TERMS + 1, 3 * TERMS])
def test_a_dot_product_is_a_sum_of_short_ones(terms: int) -> None:
    Counted.seen = []
    a, b, out = RNG.normal(size=(2, terms)).view(Counted), RNG.normal(size=(2, terms)).view(Counted), np.empty(2)
    vecdot(a, b, out)
    lengths = [length for _, length in Counted.seen]
    assert sum(lengths) == terms
    assert max(lengths) <= TERMS
    np.testing.assert_allclose(out, (np.asarray(a) * np.asarray(b)).sum(-1), rtol=1e-9)
