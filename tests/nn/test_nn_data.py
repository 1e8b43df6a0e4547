"""Batches, the sets of the examples, and tables."""

import gzip
import math
import random
import sys
import types
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest

from autograd import Value, compile, grad, scan, where
from autograd.errors import FileError, InputError, MissingPackageError
from nn import MLP, batches, data, fit, predict
from nn.data import as_lists

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


@pytest.mark.parametrize("load", [data.digits, data.moons, data.circles, data.xor])
def test_without_a_generator_pythons_global_one_decides(load: Any) -> None:
    random.seed(1)
    first = load()
    assert load() != first
    random.seed(1)
    assert load() == first


def test_the_data_are_left_as_they_were() -> None:
    samples, targets = list(X), list(Y)
    for batch, _ in batches(samples, targets, 3):
        batch.clear()
    assert (samples, targets) == (X, Y)


def types_in(item: Any) -> set[type]:
    return set().union(*map(types_in, item)) | {type(item)} if isinstance(item, (list, tuple)) else {type(item)}


def test_arrays_and_frames_come_out_as_lists_of_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    other_order = [7, 3, 3, 1, 9, 0, 2, 8, 5, 4]
    frame = pandas.DataFrame({"a": [row[0] for row in X], "b": range(10)}, index=other_order)
    series = pandas.Series(Y, index=list("jihgfedcba"))
    expected = list(batches([[*row, float(y)] for row, y in zip(X, Y, strict=True)], Y, 4, rng=random.Random(0)))
    for samples in (frame, frame.to_numpy(), list(frame.to_numpy())):
        for targets in (series, series.to_numpy(), Y):
            seen = list(batches(samples, targets, 4, rng=random.Random(0)))
            assert seen == expected
            assert types_in(seen) <= {list, tuple, float, int}
    assert [len(targets) for _, targets in expected] == [4, 4, 2]


def test_images_come_out_as_nested_lists() -> None:
    images = np.arange(24.0).reshape(3, 2, 2, 2)
    ((samples, _),) = batches(images, [0, 1, 2], None, shuffle=False)
    assert samples == images.tolist()
    assert types_in(samples) == {list, float}


def test_of_an_array_one_batch_at_a_time_becomes_lists() -> None:
    class Watched(np.ndarray[Any, Any]):
        taken = 0

        def __getitem__(self, key: Any) -> Any:
            Watched.taken += len(key)
            return super().__getitem__(key)

    watched = np.zeros((10, 3)).view(Watched)
    through = batches(watched, Y, 4)
    assert Watched.taken == 0
    next(through)
    assert Watched.taken == 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.eye(2), [[1.0, 0.0], [0.0, 1.0]]),
        (np.array([3, 4]), [3, 4]),
        ([np.float64(1.5), np.int64(2), 3.0], [1.5, 2, 3.0]),
        ([np.zeros(2), [1, 2]], [[0.0, 0.0], [1, 2]]),
        ((1.0, 2.0), [1.0, 2.0]),
        (range(3), [0, 1, 2]),
        ([], []),
    ],
)
def test_as_lists(given: Any, expected: list[Any]) -> None:
    actual = as_lists(given)
    assert actual == expected
    assert types_in(actual) <= {list, float, int}


def test_as_lists_keeps_values() -> None:
    v = Value(1.0)
    assert as_lists([[v]])[0][0] is v
    assert as_lists(np.array([[v]], dtype=object))[0][0] is v


def test_as_lists_of_a_tensor(torch: types.ModuleType) -> None:
    tensor = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    assert as_lists(tensor) == tensor.tolist()
    assert list(batches(tensor, tensor[:, 0], 1, shuffle=False)) == [([[1.0, 2.0]], [1.0]), ([[3.0, 4.0]], [3.0])]


def test_frames_of_several_kinds_of_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"whole": pandas.array([1, 2], dtype="Int64"), "half": [0.5, 1.5], "true": [True, False]})
    assert as_lists(frame) == [[1.0, 0.5, 1.0], [2.0, 1.5, 0.0]]
    assert types_in(as_lists(frame)) == {list, float}


@pytest.mark.parametrize(
    ("column", "shown"),
    [(["setosa", "versicolor"], "'setosa'"), ([1.0, None], None), (["2020-01-01", "2020-01-02"], "2020-01-01")],
)
def test_a_frame_of_other_things(column: list[Any], shown: str | None) -> None:
    pandas = pytest.importorskip("pandas")
    made = pandas.to_datetime(column) if shown == "2020-01-01" else pandas.Series(column, dtype=object if shown is None else None)
    frame = pandas.DataFrame({"a": [1.0, 2.0], "kind": made})
    with pytest.raises(InputError, match=f"column 'kind' holds .*{shown or 'None'}.*, which is not a number: leave it out"):
        as_lists(frame)
    with pytest.raises(InputError, match="column 'kind' holds"):
        batches(frame, [0, 1])
    with pytest.raises(InputError, match="column 'kind' holds"):
        as_lists(frame["kind"])
    with pytest.raises(InputError, match="a series holds"):
        as_lists(frame["kind"].rename(None))


@pytest.mark.parametrize("given", ["abc", b"abc", {"a": 1}, {1.0}, 5, None, iter([1.0]), np.array(3.0)])
def test_what_has_no_rows(given: Any) -> None:
    with pytest.raises(InputError, match=r"lists, arrays or data frames: convert anything else, as in list\(samples\)"):
        as_lists(given)
    with pytest.raises(InputError, match="lists, arrays or data frames"):
        batches(given, [0])


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


def test_split() -> None:
    for samples, targets in ((X, Y), (np.array(X), np.array(Y))):
        parts = data.split(samples, targets, 0.3, random.Random(1))
        assert parts == data.split(samples, targets, 0.3, random.Random(1)) != data.split(samples, targets, 0.3, random.Random(2))
        assert [len(part[1]) for part in parts] == [7, 3]
        assert sorted(parts[0][1] + parts[1][1]) == Y
        assert all(sample == [float(target)] for part in parts for sample, target in zip(*part, strict=True))
        assert types_in(parts) == {tuple, list, float, int}
    train, _ = data.split(X, Y)
    assert len(train[1]) == 8


@pytest.mark.parametrize("held_out", [0.0, 0.05, 1.0, -0.2, math.nan, 3, "0.2"])
def test_what_is_no_share(held_out: Any) -> None:
    with pytest.raises(InputError, match=f"held_out must be a share, such as 0.2, .*, not {held_out!r} of 10"):
        data.split(X, Y, held_out)


def test_split_needs_a_target_for_each_sample() -> None:
    with pytest.raises(InputError, match="split needs as many targets as samples, at least one: 10 samples, 9 targets"):
        data.split(X, Y[:-1])


@pytest.mark.parametrize(
    ("load", "sizes", "inputs", "classes"),
    [(data.digits, (1438, 359), 64, 10), (data.moons, (160, 40), 2, 2), (data.circles, (160, 40), 2, 2), (data.xor, (160, 40), 2, 2)],
)
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


@pytest.mark.parametrize("load", [data.moons, data.circles, data.xor])
def test_how_many_samples(load: Any) -> None:
    (_, y_train), (_, y_test) = load(random.Random(0), 51)
    assert (len(y_train), len(y_test)) == (41, 10)
    assert sum(y_train) + sum(y_test) in (25, 26), "the classes are as large as each other"
    with pytest.raises(InputError, match="samples must be a whole number of at least 1, not 0"):
        load(random.Random(0), 0)


def test_the_circles_are_one_in_the_other() -> None:
    train, _ = data.circles(random.Random(0))
    radii: dict[int, list[float]] = {0: [], 1: []}
    for x, y in zip(*train, strict=True):
        radii[y].append(math.hypot(*x))
    assert 0.4 < sum(radii[1]) / len(radii[1]) < 0.6
    assert 0.9 < sum(radii[0]) / len(radii[0]) < 1.1
    assert max(radii[1]) < min(radii[0])


def test_xor_is_told_by_both_signs_and_by_none_alone() -> None:
    (X, y), _ = data.xor(random.Random(0), 1000)
    assert sum((a > 0) != (b > 0) == bool(t) for (a, b), t in zip(X, y, strict=True)) / len(y) < 0.6
    assert sum(((a > 0) != (b > 0)) == bool(t) for (a, b), t in zip(X, y, strict=True)) / len(y) > 0.99
    for one in (0, 1):
        assert 0.4 < sum((x[one] > 0) == bool(t) for x, t in zip(X, y, strict=True)) / len(y) < 0.6


# -- MNIST --------------------------------------------------------------------------------------------------------------


def test_mnist_from_the_net(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from sklearn import datasets

    images = (np.arange(70_000)[:, None] + np.arange(3)) % 256
    labels = np.array([str(i % 10) for i in range(70_000)], dtype=object)
    calls = []

    def fetch(name: str, **options: Any) -> Any:
        assert "MNIST" in capsys.readouterr().out, "it is said before it takes its time"
        calls.append((name, options))
        return types.SimpleNamespace(data=images, target=labels)

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    (X_train, y_train), (X_test, y_test) = data.mnist()
    assert calls == [("mnist_784", {"version": 1, "as_frame": False})]
    assert (X_train.shape, X_test.shape) == ((60_000, 3), (10_000, 3))
    assert (X_train.dtype, y_train.dtype) == (np.float64, np.int64)
    assert (X_train == images[:60_000] / 255).all()
    assert (X_test == images[60_000:] / 255).all()
    assert (X_train.min(), X_train.max()) == (0.0, 1.0)
    assert y_train.tolist() == [i % 10 for i in range(60_000)]
    assert y_test.tolist() == [i % 10 for i in range(60_000, 70_000)]


def test_mnist_says_where_it_goes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from sklearn import datasets

    def fail(*args: Any, **options: Any) -> Any:
        raise URLError("no network")

    monkeypatch.setattr(datasets, "fetch_openml", fail)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(OSError, match="no network") as caught:
        data.mnist()
    assert caught.value.__notes__ == ["Without a network, read MNIST from a file: mnist(path=…)"]
    assert capsys.readouterr().out == f"MNIST: downloading about 15 MB to {tmp_path}, unless it is there already\n"


def test_mnist_without_pandas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sklearn import datasets

    def fail(*args: Any, **options: Any) -> Any:
        raise ImportError("Using `parser='auto'` with dense data requires pandas")

    monkeypatch.setattr(datasets, "fetch_openml", fail)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(MissingPackageError, match="reads MNIST with pandas: pip install pandas"):
        data.mnist()


def small_mnist(path: Path, samples: int = 11, **other: Any) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (samples, 784)).astype(np.uint8)
    images[:, 0] = range(samples)
    np.savez_compressed(path, **{"images": images, "labels": np.arange(samples).astype(np.uint8) % 10, **other})
    return path


def test_mnist_from_a_file(tmp_path: Path) -> None:
    path = small_mnist(tmp_path / "some.npz")
    (X_train, y_train), (X_test, y_test) = data.mnist(random.Random(0), path)
    assert (X_train.shape, X_test.shape, y_train.shape, y_test.shape) == ((9, 784), (2, 784), (9,), (2,))
    assert (X_train.dtype, y_train.dtype) == (np.float64, np.int64)
    X, y = np.concatenate([X_train, X_test]), np.concatenate([y_train, y_test])
    with np.load(path) as file:
        order = np.rint(X[:, 0] * 255).astype(int)
        assert sorted(order) == list(range(11))
        assert (X == file["images"][order] / 255).all()
        assert (y == file["labels"][order]).all()
    again = data.mnist(random.Random(0), path)
    other = data.mnist(random.Random(1), str(path))
    assert (again[1][0] == X_test).all()
    assert (other[1][0] != X_test).any()
    random.seed(0)
    assert (data.mnist(path=path)[1][0] == X_test).all()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"images": np.zeros((11, 784))}, r"images of shape \(11, 784\), float64, and labels"),
        ({"images": np.zeros((11, 28, 28), np.uint8)}, r"shape \(11, 28, 28\), uint8"),
        ({"images": np.zeros((11, 64), np.uint8)}, "MNIST is images of shape"),
        ({"images": np.zeros((0, 784), np.uint8), "labels": np.zeros(0, np.uint8)}, r"shape \(0, 784\)"),
        ({"labels": np.zeros(10, np.uint8)}, r"labels of shape \(10,\), uint8"),
        ({"labels": np.zeros(11)}, r"labels of shape \(11,\), float64"),
        ({"labels": np.array(["7"] * 11, dtype=object)}, "damaged, or not an .npz file of images and labels"),
    ],
)
def test_a_file_of_other_arrays(other: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=message):
        data.mnist(path=small_mnist(tmp_path / "other.npz", **other))


def test_a_file_that_is_no_mnist(tmp_path: Path) -> None:
    np.savez(tmp_path / "names.npz", pixels=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("images")
    whole = small_mnist(tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "changed.npz").write_bytes(whole[:3000] + bytes(50) + whole[3050:])
    for name in ("names.npz", "array.npy", "empty.npz", "text.npz", "cut.npz", "changed.npz"):
        with pytest.raises(FileError, match=f"{name} is damaged, or not an .npz file of images and labels"):
            data.mnist(path=tmp_path / name)
    with pytest.raises(FileNotFoundError):
        data.mnist(path=tmp_path / "none.npz")


# -- tables -------------------------------------------------------------------------------------------------------------


def table(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


IRIS = "width,length,kind\n5.1,3.5,setosa\n7,3.2,versicolor\n6.3,3.3,setosa\n"


@pytest.mark.parametrize("target", ["kind", 2, -1, np.int64(2)])
def test_classes_of_a_table(target: Any, tmp_path: Path) -> None:
    X, y = data.csv(table(tmp_path, IRIS), target, classes=["versicolor", "setosa"])
    assert X == [[5.1, 3.5], [7.0, 3.2], [6.3, 3.3]]
    assert y == [1, 0, 1]
    assert types_in(y) == {list, int}


@pytest.mark.parametrize(
    ("target", "expected"), [("b", ([[1.0, -3.0], [1e3, 0.5]], [2.0, 4.0])), (0, ([[2.0, -3.0], [4.0, 0.5]], [1.0, 1e3]))]
)
def test_numbers_of_a_table(target: Any, expected: Any, tmp_path: Path) -> None:
    for text in (
        "a,b,c\n1,2,-3\n1e3,4,0.5\n",
        "a,b,c\r\n1,2,-3\r\n1e3,4,0.5",
        "\ufeffa, b, c\n\n1, 2, -3\n\n1e3 , 4 , 0.5\n\n",
        '"a","b","c"\n"1","2","-3"\n"1e3","4","0.5"\n',
    ):
        assert data.csv(table(tmp_path, text), target) == expected
        assert data.csv(str(tmp_path / "table.csv"), target) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", r"table.csv, line 3, column 'b': 'x' is not a finite number; of a target in words pass the words"),
        ("a,b\nx,2\n", "line 2, column 'a': 'x' is not a finite number; write one, or leave the column or the line out"),
        ("a,b\n1,2\n\n3,\n", "line 4, column 'b' is empty: fill it in, or leave the line out"),
        ("a,b\n1,2\n , 3\n", "line 3, column 'a' is empty"),
        ("a,b\nnan,2\n", "line 2, column 'a': 'nan' is not a finite number"),
        ("a,b\n1,inf\n", "'inf' is not a finite number"),
        ("a,b\n1_000,2\n", "'1_000' is not a finite number"),
        ('a,b\n"1,5",2\n', "'1,5' is not a finite number"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, but the first line names 2 columns"),
        ("a,b\n1\n", "line 2: 1 cells"),
        ("a,b\n", "has no rows below the names of its columns"),
        ("", r"must start with a line that names its columns, at least two, with commas between them, not \[\]"),
        ("b\n1\n", r"not \['b'\]"),
        ("a;b\n1;2\n", r"not \['a;b'\]"),
        ("1,2\n3,4\n", "starts with the numbers 1, 2: its first line must name the columns"),
        ('a,b\n1,"2\n', "is damaged, or not a table of comma-separated values"),
        ("Unnamed: 0,a,b\n0,1,2\n", r"column 1 of .*table.csv is called 'Unnamed: 0', as the row numbers .*read_csv\(path, index_col=0\)"),
        (",a,b\n0,1,2\n", r"column 1 of .*table.csv has no name, as the row numbers .*frame.to_csv\(path, index=False\)"),
    ],
)
def test_where_a_table_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=message):
        data.csv(table(tmp_path, text), -1)


def test_numbers_in_quotes(tmp_path: Path) -> None:
    assert data.csv(table(tmp_path, 'a,"b"\n"1", "2"\n 3 , 4\n'), "b") == ([[1.0], [3.0]], [2.0, 4.0])


def test_masked_numbers_are_refused() -> None:
    masked = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 1], [0, 0]])
    whole = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]])
    model = MLP(2, [2])
    for call in (
        lambda X: data.as_lists(X),
        lambda X: list(data.batches(X, [0, 1])),
        lambda X: predict(model, X),
        lambda X: fit(model, X, [0, 1], epochs=1, progress=False),
        lambda X: grad(lambda v: v.sum() if hasattr(v, "sum") else sum(map(sum, v)))(X),
        lambda X: compile(lambda v: v[0][0] * v[0][1], in_axes=(None,))(X),
        lambda X: compile(lambda x: x * 2.0)(X),
    ):
        call(whole)
        with pytest.raises(InputError, match="1 of the 4 numbers of a masked array are masked: leave masked numbers out, or fill them"):
            call(masked)


class OwnMaskedArray(np.ma.MaskedArray):  # type: ignore[misc]
    pass


def test_every_kind_of_masked_number_is_refused_at_every_door() -> None:
    """One taken from an array, an array without axes, an array of a class of one's own, and rows in a list."""
    row = np.ma.masked_array([1.0, 2.0], mask=[1, 0])
    f, vector, model = compile(lambda x: x * 2.0), compile(lambda x: x[0] * x[1], in_axes=(None,)), MLP(2, [2])
    for masked in (row[0], np.ma.array(1.0, mask=True), OwnMaskedArray([1.0, 2.0], mask=[1, 0]), row, [row, row]):
        for call in (
            f,
            f.value_and_grad,
            vector,
            grad(lambda x: sum(x) if isinstance(x, list) else x),
            lambda x: f.jvp((1.0,), (x,)),
            lambda x: f.vjp(1.0)[1](x),
            lambda x: scan(lambda carry, x: (carry, x), x, [1.0]),
            lambda x: where(x, 1.0, 2.0),
            lambda x: predict(model, [x]),
            model,
            Value,
        ):
            with pytest.raises(InputError, match=r"masked: leave masked numbers out, or fill them|one number, not|one sample, not"):
                call(masked)
    for single in (row[0], np.ma.array(1.0, mask=True)):
        with pytest.raises(InputError, match="a number is masked: leave masked numbers out"):
            Value(single)


def test_a_word_that_is_no_class(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="line 3, column 'kind': 'versicolor' is not one of the classes 'setosa', 'virginica'"):
        data.csv(table(tmp_path, IRIS), "kind", classes=["setosa", "virginica"])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("knid", r"target 'knid' names 0 columns of .*table.csv, which are \['width', 'length', 'kind'\]: name one"),
        (3, "target 3 is not a column of .*: with 3 columns, an index is -3 to 2"),
        (-4, "target -4 is not a column"),
        (1.0, "target 1.0 is not a column"),
        (None, "target None is not a column"),
    ],
)
def test_a_column_that_is_not_there(target: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        data.csv(table(tmp_path, IRIS), target)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    path = table(tmp_path, "a,a,b\n1,2,3\n")
    with pytest.raises(InputError, match="target 'a' names 2 columns"):
        data.csv(path, "a")
    assert data.csv(path, 1) == ([[1.0, 3.0]], [2.0])


@pytest.mark.parametrize("classes", ["ab", [], ["a", "a"], ["a", 1]])
def test_classes_are_different_words(classes: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="classes must be different words, as in"):
        data.csv(table(tmp_path, IRIS), "kind", classes=classes)


def test_a_table_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for encoding in ("latin-1", "utf-16"):
        path.write_bytes("a,größe\n1,2\n".encode(encoding))
        with pytest.raises(FileError, match="is not in UTF-8: save it as that .*encoding='utf-8'"):
            data.csv(path, 0)
    path.write_bytes("a,größe\n1,2\n".encode("utf-8-sig"))
    assert data.csv(path, "a") == ([[2.0]], [1.0])
    with pytest.raises(FileNotFoundError):
        data.csv(tmp_path / "none.csv", 0)


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for load in (data.digits, data.moons, data.circles, data.mnist):
        with pytest.raises(MissingPackageError, match="scikit-learn: pip install"):
            load(random.Random(0))


def test_the_images_of_mnist_where_they_are_at_hand() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "mnist_10k.npz"
    if not path.exists():
        pytest.skip("the images are not here")
    (X, y), (X_test, y_test) = data.mnist(random.Random(0), path=path)
    assert (X.shape, y.shape, X_test.shape, y_test.shape) == ((8000, 784), (8000,), (2000, 784), (2000,))
    assert 0.0 == X.min() < X.max() == 1.0
    assert set(y.tolist()) == set(range(10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n".encode("utf-16-le"), "is not in UTF-8.*utf-16"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "is compressed by gzip, not a table"),
        (b"PK\x03\x04\xff\xfe", "is an archive or a spreadsheet"),
    ],
)
def test_files_that_are_no_text_say_what_they_are(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message):
        data.csv(path, target="b")
