"""Batches, and the sets of the examples."""

import random
import sys
from typing import Any

import numpy as np
import pytest

from autograd.errors import InputError, MissingPackageError
from nn import batches, data

X = [[float(i)] for i in range(10)]
Y = list(range(10))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 10), (3, [3, 3, 3, 1]), (5, [5, 5]), (10, [10]), (99, [10]), (None, [10]), (np.int64(4), [4, 4, 2])]
)
def test_every_sample_comes_once_and_with_its_target(batch_size: Any, sizes: list[int], shuffle: bool) -> None:
    seen = list(batches(X, Y, batch_size, shuffle=shuffle))
    assert [len(samples) for samples, _ in seen] == sizes
    assert all(sample == [float(target)] for samples, targets in seen for sample, target in zip(samples, targets, strict=True))
    order = [target for _, targets in seen for target in targets]
    assert sorted(order) == Y
    assert shuffle or order == Y


def test_the_order_comes_from_the_generator() -> None:
    def order(rng: random.Random | None) -> list[int]:
        return [target for _, targets in batches(X, Y, 3, rng=rng) for target in targets]

    assert order(random.Random(1)) == order(random.Random(1)) != order(random.Random(2))
    random.seed(1)
    first = order(None)
    second = order(None)
    random.seed(1)
    assert order(None) == first != second


def test_the_data_are_left_as_they_were() -> None:
    samples, targets = list(X), list(Y)
    for batch, _ in batches(samples, targets, 3):
        batch.clear()
    assert (samples, targets) == (X, Y)


def test_numpy_arrays() -> None:
    seen = list(batches(np.array(X), np.array(Y), 4, rng=random.Random(0)))
    assert seen == list(batches(X, Y, 4, rng=random.Random(0)))
    assert [len(targets) for _, targets in seen] == [4, 4, 2]


@pytest.mark.parametrize(
    ("samples", "targets", "batch_size", "message"),
    [
        ([], [], 2, "at least one: 0 samples, 0 targets"),
        (X, Y[:9], 2, "10 samples, 9 targets"),
        (X, Y, 0, "batch_size must be a whole number of at least 1, not 0"),
        (X, Y, -1, "not -1"),
        (X, Y, 2.5, "not 2.5"),
        (X, Y, "2", "not '2'"),
    ],
)
def test_what_cannot_be_gone_through_is_said_at_once(samples: Any, targets: Any, batch_size: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        batches(samples, targets, batch_size)


@pytest.mark.parametrize(("load", "sizes", "inputs", "classes"), [(data.digits, (1438, 359), 64, 10), (data.moons, (160, 40), 2, 2)])
def test_a_fifth_is_held_out(load: Any, sizes: tuple[int, int], inputs: int, classes: int) -> None:
    train, test = load(random.Random(0))
    assert (len(train[0]), len(test[0])) == sizes
    for samples, targets in (train, test):
        assert {len(sample) for sample in samples} == {inputs}
        assert set(targets) == set(range(classes))
        assert {type(number) for number in (*samples[0], targets[0])} == {float, int}
    again, _ = load(random.Random(0))
    other, _ = load(random.Random(1))
    assert train == again != other


def test_digits_are_in_the_unit_interval_and_none_is_in_both_parts() -> None:
    (images, _), (held_out, _) = data.digits(random.Random(0))
    assert {min(map(min, images)), max(map(max, images))} == {0.0, 1.0}
    assert not {tuple(image) for image in images} & {tuple(image) for image in held_out}


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for load in (data.digits, data.moons):
        with pytest.raises(MissingPackageError, match="scikit-learn: pip install"):
            load(random.Random(0))
