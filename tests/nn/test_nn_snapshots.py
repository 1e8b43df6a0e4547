"""Snapshots: which `fit` keeps, in every executor, and whatever ends the training."""

import pickle
import random
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import InputError
from nn import MLP, SGD, Adam, Dropout, History, Layer, Linear, Module, Sequential, fit, losses, mse
from nn.engine.samples import Samples
from nn.snapshots import Snapshot, Snapshots, form_of, some_of

POINTS = [[x / 4, y / 3] for x in range(-4, 5) for y in range(-3, 4)]
SIDES = [1 if x * y > 0 else -1 for x, y in POINTS]


def trained(model: Module, **settings: Any) -> History:
    chosen = {"loss": mse, "epochs": 10, "snapshots": 4, "progress": False, "rng": random.Random(0)} | settings
    return fit(model, POINTS, SIDES, **chosen)


def small(seed: int = 0) -> MLP:
    return MLP(2, [4, 1], "tanh", rng=random.Random(seed))


def numbers_of(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


def epochs_of(history: History) -> list[int]:
    assert history.snapshots is not None
    return [snapshot.epoch for snapshot in history.snapshots]


def test_they_are_the_parameters_at_these_epochs_in_every_executor(executor: str) -> None:
    seen: list[list[float]] = []
    model = small()
    before = numbers_of(model)
    history = trained(model, executor=executor, callbacks=[lambda history: seen.append(numbers_of(model))])
    kept = history.snapshots
    assert isinstance(kept, Snapshots)
    assert epochs_of(history) == [0, 3, 7, 10]
    assert kept.epochs == kept.final == 10
    for snapshot, numbers in zip(kept, [before, *(seen[epoch - 1] for epoch in (3, 7, 10))], strict=True):
        assert snapshot.numbers.tolist() == np.float32(numbers).tolist()
        assert snapshot.form == form_of(model)
    assert [one.epoch for one in trained(small(), executor="eager").snapshots or ()] == [0, 3, 7, 10]


def test_training_is_the_same_with_them() -> None:
    with_them, without = small(), small()
    one, other = trained(with_them), trained(without, snapshots=False)
    assert one.loss == other.loss
    assert numbers_of(with_them) == numbers_of(without)
    assert other.snapshots is None
    assert repr(one).count("snapshots") == 0
    assert History([1.0]) == History([1.0], snapshots=one.snapshots)


@pytest.mark.parametrize(
    ("count", "epochs", "expected"),
    [
        (2, 10, [0, 10]),
        (3, 1, [0, 1]),
        (6, 10, [0, 2, 4, 6, 8, 10]),
        (50, 4, [0, 1, 2, 3, 4]),
        (np.int64(2), 3, [0, 3]),
        (True, 3, [0, 1, 2, 3]),
    ],
)
def test_how_many(count: Any, epochs: int, expected: list[int]) -> None:
    assert epochs_of(trained(small(), epochs=epochs, snapshots=count)) == expected


def test_true_keeps_sixty() -> None:
    epochs = epochs_of(trained(small(), epochs=200, batch_size=None, snapshots=True))
    assert len(epochs) == 60
    assert {after - before for before, after in pairwise(epochs)} == {3, 4}


def test_true_keeps_fewer_of_large_models() -> None:
    samples = Samples([[0.0]], [0])
    model = small()
    for parameters, count in ((337, 60), (1_000_000, 20), (15_000_000, 2)):
        kept = Snapshots(True, parameters, 1000, samples, mse)
        for epoch in range(1001):
            kept.keep(model, epoch)
        assert len(kept) == count


@pytest.mark.parametrize("wrong", [1, 0, -3, 2.5, "all", None, [3]])
def test_other_counts_are_refused(wrong: Any) -> None:
    message = re.escape(f"snapshots must be True, or how many to keep: 2, before and after the training, or more, not {wrong!r}")
    with pytest.raises(InputError, match=f"^{message}$"):
        trained(small(), snapshots=wrong)


def test_the_latest_epoch_is_kept_when_a_callback_ends_the_training() -> None:
    model = small()
    history = trained(model, epochs=100, snapshots=3, callbacks=[lambda history: len(history.loss) == 7])
    assert history.snapshots is not None
    assert epochs_of(history) == [0, 7]
    assert history.snapshots[-1].numbers.tolist() == np.float32(numbers_of(model)).tolist()


def test_the_latest_whole_epoch_is_kept_when_ctrl_c_ends_it() -> None:
    def press(history: History) -> None:
        if len(history.loss) == 5:
            raise KeyboardInterrupt

    assert epochs_of(trained(small(), epochs=100, snapshots=3, callbacks=[press])) == [0, 5]


def test_the_weights_to_which_patience_goes_back_are_kept() -> None:
    model = small()
    history = trained(model, epochs=60, snapshots=2, patience=4, optimizer=SGD(model.parameters(), lr=0.3), batch_size=7)
    kept = history.snapshots
    assert kept is not None
    best = min(range(len(history.loss)), key=history.loss.__getitem__) + 1
    assert best < len(history.loss) < 60
    assert epochs_of(history) == [0, best, len(history.loss)]
    assert kept.final == best
    assert kept[1].numbers.tolist() == np.float32(numbers_of(model)).tolist()


def test_an_optimizer_of_a_part_and_a_model_that_grows() -> None:
    model = Sequential(Linear(2, 3), Layer(3, 1, "tanh"))
    history = trained(model, optimizer=Adam(model[1].parameters()))
    assert history.snapshots is not None
    assert {len(snapshot.numbers) for snapshot in history.snapshots} == {len(model.parameters())}

    def grow(history: History) -> None:
        if len(history.loss) == 5:
            model.layers.insert(0, Linear(2, 2))

    history = trained(model, callbacks=[grow])
    assert history.snapshots is not None
    assert len(history.snapshots[0].numbers) < len(history.snapshots[-1].numbers) == len(model.parameters())


def test_memory_is_small() -> None:
    X = np.zeros((5000, 28, 28))
    kept = Snapshots(2, 1, 10, Samples(X, [0] * 5000), mse)
    assert kept.X.dtype == np.float32
    assert kept.X.shape == (63, 28, 28)
    assert len(kept.y) == 63
    history = trained(small())
    assert history.snapshots is not None
    assert history.snapshots[0].numbers.nbytes == 4 * len(small().parameters())


def test_numbers_beyond_single_precision_stay() -> None:
    p = Value(1e300)

    class One(Module):
        def __init__(self) -> None:
            self.p = p

    kept = Snapshots(2, 1, 1, Samples([[1.0]], [0.0]), mse)
    kept.keep(One(), 0)
    assert kept[0].numbers.tolist() == [1e300]


def test_samples_are_copies_and_evenly_spaced() -> None:
    X, y = [[float(i), 0.0] for i in range(2000)], list(range(2000))
    kept, targets = some_of(Samples(X, y))
    X[0][0] = 99.0
    assert kept[:3].tolist() == [[0.0, 0.0], [4.0, 0.0], [8.0, 0.0]]
    assert targets[-1] == 1996
    dicts, _ = some_of(Samples([{"a": 1.0}], [0]))
    assert dicts == [{"a": 1.0}]
    ragged, _ = some_of(Samples([[1.0], [1.0, 2.0]], [0, 1]))
    assert ragged == [[1.0], [1.0, 2.0]]


def test_the_threshold_of_a_single_output() -> None:
    samples = Samples([[0.0], [1.0]], [0, 1])
    assert Snapshots(2, 1, 1, samples, losses.binary_cross_entropy).thresholds == (0.5, 0.5)
    assert Snapshots(2, 1, 1, samples, losses.binary_cross_entropy_with_logits).thresholds == (0.0, 0.0)
    assert Snapshots(2, 1, 1, samples, lambda output, target: mse(output[0], target)).thresholds == (0.5, 0.5)
    assert Snapshots(2, 1, 1, Samples([[0.0]], [0.3]), mse).thresholds is None


def test_they_are_a_sequence_and_travel() -> None:
    history = trained(Sequential(Linear(2, 3), Dropout(0.5), Linear(3, 1)), loss=lambda output, target: mse(output[0], target))
    kept = history.snapshots
    assert kept is not None
    again = pickle.loads(pickle.dumps(history)).snapshots
    assert repr(kept) == repr(again) == "<4 snapshots of 13 parameters, epochs 0 to 10: film(model, history) shows them>"
    assert isinstance(kept[1], Snapshot)
    assert [one.epoch for one in kept[1:3]] == [3, 7]
    assert np.array_equal(again[-1].numbers, kept[-1].numbers)
    assert repr(Snapshots(2, 1, 1, Samples([[0.0]], [0]), mse)) == "<no snapshots: film(model, history) shows them>"
