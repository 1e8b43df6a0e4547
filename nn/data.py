"""Data: batches, the sets that the examples use, and tables from files."""

from __future__ import annotations

import math
import os
import random
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from csv import Error as TableError
from csv import reader
from typing import TYPE_CHECKING, Any

from autograd._runtime.coercion import real
from autograd.errors import FileError, InputError, MissingPackageError
from autograd.trees import refuse_masked
from nn.checks import generator, paired, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = tuple[NDArray[np.float64], NDArray[np.int64]]

Samples = tuple[list[list[float]], list[int]]


# -- what training goes through -----------------------------------------------------------------------------------------


def batches(
    X: Any, y: Any, batch_size: int | None = 32, shuffle: bool = True, rng: random.Random | None = None
) -> Iterator[tuple[Any, Any]]:
    """Go through the samples once, some at a time.

    Args:
        X, y: samples and targets, as many of one as of the other: lists, NumPy arrays, or pandas frames and series, of which
            the order of the rows counts, and not the index.
        batch_size: 1 is stochastic gradient descent, more a mini-batch, None the whole set. The last batch may be smaller.
        shuffle: in random order.
        rng: the generator that shuffles; by default Python's global one.

    Returns:
        An iterator of pairs: some samples and their targets, as `as_lists` gives them. Of an array only one batch at a time is
        turned into lists.

    Raises:
        InputError: the lengths differ, there are no samples, the size is not positive, `rng` is no generator, or a frame holds
            what is no number; at the call, not at the first batch.

    Example:
        >>> [targets for _, targets in batches([[0.0], [1.0], [2.0]], [0, 1, 2], batch_size=2, shuffle=False)]
        [[0, 1], [2]]
    """
    X, y = _by_position(X), _by_position(y)
    paired("batches", X, y)
    size = len(X) if batch_size is None else whole("batch_size", batch_size)
    order = list(range(len(X)))
    if shuffle:
        _shuffle(order, rng)
    chunks = (order[start : start + size] for start in range(0, len(order), size))
    return ((_at(chunk, X), _at(chunk, y)) for chunk in chunks)


def split(
    X: Any, y: Any, held_out: float = 0.2, rng: random.Random | None = None
) -> tuple[tuple[list[Any], list[Any]], tuple[list[Any], list[Any]]]:
    """Shuffle the samples, and hold a share of them out for the test.

    Args:
        X, y: samples and targets, as for `batches`.
        held_out: the share, a float between 0 and 1.
        rng: the generator that shuffles; by default Python's global one.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``, as `as_lists` gives them.

    Raises:
        InputError: the lengths differ, one part would be without samples, `rng` is no generator, or a frame holds what is no number.

    Example:
        >>> (X_train, y_train), (X_test, y_test) = split([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 1, 2, 3, 4])
        >>> len(X_train), sorted(y_train + y_test)
        (4, [0, 1, 2, 3, 4])
    """
    X, y = _by_position(X), _by_position(y)
    paired("split", X, y)
    if not isinstance(held_out, float) or not 0.0 < held_out < 1.0 or not 0 < int(len(X) * held_out) < len(X):
        raise InputError(f"held_out is a share, such as 0.2, that leaves samples in both parts: of {len(X)} it cannot be {held_out!r}")
    return _split(X, y, rng, held_out)


def _split(
    X: Any, y: Any, rng: random.Random | None, held_out: float = 0.2
) -> tuple[tuple[list[Any], list[Any]], tuple[list[Any], list[Any]]]:
    order = list(range(len(X)))
    _shuffle(order, rng)
    cut = len(order) - int(len(order) * held_out)
    train, test = order[:cut], order[cut:]
    return (_at(train, X), _at(train, y)), (_at(test, X), _at(test, y))


def as_lists(X: Any) -> list[Any]:
    """Samples or targets as a list, with arrays in it as lists of plain numbers: what a model is quickest with.

    Args:
        X: a list (which may hold arrays), a NumPy array, or a pandas frame or series: a row becomes a list of numbers.

    Raises:
        InputError: it has no rows that could be counted, or a frame holds what is no number.

    Example:
        >>> import numpy as np
        >>> as_lists(np.eye(2)), as_lists([[1, 2], np.zeros(2)])
        ([[1.0, 0.0], [0.0, 1.0]], [[1, 2], [0.0, 0.0]])
    """
    items = _by_position(X)
    if hasattr(items, "tolist"):
        return list(items.tolist())
    return [item.tolist() if hasattr(item, "tolist") else item for item in items]


def _by_position(X: Any) -> Any:
    """`X` as something whose rows can be counted and taken by their position: a sequence or an array."""
    refuse_masked(X)
    if hasattr(X, "to_numpy"):
        return _array_of_frame(X)
    try:
        len(X)
    except TypeError:
        X = None
    if isinstance(X, (str, bytes, dict)) or not hasattr(X, "__getitem__"):
        raise InputError("samples and targets are lists, arrays or data frames; of anything else make one, as in list(samples)")
    return X


def _array_of_frame(frame: Any) -> Any:
    """The numbers of a pandas frame or series, without its index."""
    array = frame.to_numpy()
    if array.dtype.kind in "biuf":
        return array
    columns = list(getattr(frame, "columns", [getattr(frame, "name", None)]))
    for i, item in enumerate(array.flat):
        try:
            real(item)
        except InputError:
            column = columns[i % len(columns)]
            where = "a series" if column is None else f"column {column!r}"
            raise InputError(f"{where} holds {item!r}, which is no number: leave it out, or give it numbers") from None
    return array.astype(float)


def _shuffle(items: list[int], rng: random.Random | None) -> None:
    (random if rng is None else generator(rng)).shuffle(items)


def _at(positions: list[int], items: Any) -> list[Any]:
    return as_lists(items[positions] if hasattr(items, "tolist") else [items[i] for i in positions])


# -- sets to learn from -------------------------------------------------------------------------------------------------


def digits(rng: random.Random | None = None) -> tuple[Samples, Samples]:
    """scikit-learn's handwritten digits: 1,797 real images of 8 × 8 pixels, scaled to [0, 1]; a fifth is held out.

    Args:
        rng: the generator that shuffles, and draws what is random; by default one that Python's global one seeds.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``, shuffled by `rng`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `rng` is no generator.
    """
    rng = generator(rng)
    images = _sklearn().load_digits()
    return _split((images.data / 16.0).tolist(), images.target.tolist(), rng)


def moons(rng: random.Random | None = None, samples: int = 200) -> tuple[Samples, Samples]:
    """Two interleaving half circles, with some noise; a fifth is held out. As `digits`, with classes 0 and 1.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `samples` is no whole number of at least 1, or `rng` is no generator.
    """
    rng = generator(rng)
    X, y = _sklearn().make_moons(whole("samples", samples), noise=0.1, random_state=rng.randrange(2**32))
    return _split(X.tolist(), y.tolist(), rng)


def circles(rng: random.Random | None = None, samples: int = 200) -> tuple[Samples, Samples]:
    """Two rings, one in the other, with some noise: no line separates them. As `moons`; class 1 is the inner one.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `samples` is no whole number of at least 1, or `rng` is no generator.
    """
    rng = generator(rng)
    X, y = _sklearn().make_circles(whole("samples", samples), noise=0.07, factor=0.5, random_state=rng.randrange(2**32))
    return _split(X.tolist(), y.tolist(), rng)


def xor(rng: random.Random | None = None, samples: int = 200) -> tuple[Samples, Samples]:
    """Four clouds, around (±1, ±1): class 1 where the signs of the centre differ. As `moons`, and needs nothing but Python.

    Raises:
        InputError: `samples` is no whole number of at least 1, or `rng` is no generator.

    Example:
        >>> (X_train, y_train), (X_test, y_test) = xor(random.Random(0))
        >>> len(X_train), len(X_test), sorted(set(y_train))
        (160, 40, [0, 1])
    """
    rng = generator(rng)
    centres = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
    chosen = [centres[i % 4] for i in range(whole("samples", samples))]
    X = [[rng.normalvariate(a, 0.3), rng.normalvariate(b, 0.3)] for a, b in chosen]
    return _split(X, [int(a != b) for a, b in chosen], rng)


def mnist(rng: random.Random | None = None, path: str | os.PathLike[str] | None = None) -> tuple[Arrays, Arrays]:
    """MNIST: real handwritten digits of 28 × 28 pixels, from the net, or from a file.

    Args:
        rng: the generator that chooses what of a file is held out; by default Python's global one. The published split is
            what it is.
        path: an .npz file with ``images``, whole numbers from 0 to 255 of shape (samples, 784), and ``labels``, of shape
            (samples,). A fifth of it is held out. Without a path scikit-learn downloads all 70,000 images, once, and says so.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``. Unlike the smaller sets these are NumPy arrays, since 47 million numbers in
        lists would take 1.5 GB: images of shape (samples, 784), scaled to [0, 1], and classes 0 to 9. From the net 60,000 and
        10,000 of them, as published.

    Raises:
        MissingPackageError: scikit-learn, or pandas, which it reads the download with, is not installed.
        FileError: the file is damaged, or holds something else.
        InputError: `rng` is no generator.
        OSError: there is no such file, or no network.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998).
    """
    import numpy as np

    if path is None:
        images, labels = _mnist_from_the_net()
        train, test = np.arange(60_000), np.arange(60_000, len(images))
    else:
        images, labels = _mnist_from(path)
        order = list(range(len(images)))
        _shuffle(order, rng)
        train, test = np.split(np.array(order), [len(order) - len(order) // 5])
    labels = labels.astype(np.int64)
    return (images[train] / 255.0, labels[train]), (images[test] / 255.0, labels[test])


def _mnist_from_the_net() -> tuple[Any, Any]:
    datasets = _sklearn()
    print(f"MNIST: downloading about 15 MB to {datasets.get_data_home()}, unless it is there already", flush=True)
    try:
        found = datasets.fetch_openml("mnist_784", version=1, as_frame=False)
    except ImportError as error:
        raise MissingPackageError("scikit-learn reads MNIST with pandas: pip install pandas") from error
    except OSError as error:
        error.add_note("Without a network, read MNIST from a file: mnist(path=…)")
        raise
    return found.data, found.target


def _mnist_from(path: str | os.PathLike[str]) -> tuple[Any, Any]:
    import numpy as np

    try:
        with open(path, "rb") as stream, np.load(stream) as file:  # np.load alone leaves a damaged file open
            images, labels = file["images"], file["labels"]
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(f"{path} is damaged, or no .npz file of images and labels: {error}") from error
    good = images.dtype == np.uint8 and images.ndim == 2 and images.shape[1] == 784 and len(images) > 0
    if not good or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise FileError(
            f"{path} holds images of shape {images.shape}, {images.dtype}, and labels of shape {labels.shape}, {labels.dtype}: "
            "MNIST is images of shape (samples, 784), uint8, and as many whole numbers"
        )
    return images, labels


def _sklearn() -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackageError("this data needs scikit-learn: pip install 'scalar-autograd[examples]'") from error
    return datasets


# -- tables -------------------------------------------------------------------------------------------------------------


def csv(path: str | os.PathLike[str], target: str | int, classes: Sequence[str] | None = None) -> tuple[list[list[float]], list[float]]:
    r"""Read a table of numbers, with commas between them and the names of the columns in the first line.

    Args:
        path: a text file in UTF-8.
        target: the name of the column that is to be learned, or its index; -1 is the last one.
        classes: where that column holds words, these words: the first is class 0.

    Returns:
        ``X, y``: of each row the numbers in the other columns, in their order; and its target, a number, or the index of its
        class. Nothing is scaled, shuffled or held out; `split` does the last two.

    Raises:
        InputError: there is no such column, or `classes` are not different words.
        FileError: something is missing, is no finite number, or is none of the classes: with its line and column.
        OSError: the file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "houses.csv")
        ...     _ = path.write_text("area,rooms,price\n50,2,150\n80,3,240\n")
        ...     csv(path, target="price")
        ([[50.0, 2.0], [80.0, 3.0]], [150.0, 240.0])
    """
    indices = None if classes is None else _indices(classes)
    X: list[list[float]] = []
    y: list[float] = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = reader(file, strict=True, skipinitialspace=True)
            names = [name.strip() for name in next(table, [])]
            chosen = _column(path, names, target)
            for cells in table:
                if not cells:
                    continue  # an empty line
                where = f"{path}, line {table.line_num}"
                if len(cells) != len(names):
                    raise FileError(f"{where}: {len(cells)} cells, where the first line names {len(names)} columns")
                row = [_cell(where, names[i], cells[i].strip(), i == chosen, indices) for i in range(len(names))]
                y.append(row.pop(chosen))
                X.append(row)
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path} is not in UTF-8: save it as that (a spreadsheet calls it 'CSV UTF-8'), or write it anew, as in "
            f"open(new, 'w', encoding='utf-8').write(open({str(path)!r}, encoding='utf-16').read()); of older files it is 'latin-1'"
        ) from error
    except TableError as error:
        raise FileError(f"{path} is damaged, or no table with commas: {error}") from error
    if not X:
        raise FileError(f"{path} has no rows below the names of its columns")
    return X, y


def _column(path: str | os.PathLike[str], names: list[str], target: str | int) -> int:
    """The index of the target's column, in a table that starts with names."""
    if len(names) < 2:
        raise FileError(f"{path} must start with a line that names its columns, at least two, with commas between them, not {names}")
    if all(_number(name) is not None for name in names):
        raise FileError(f"{path} starts with the numbers {', '.join(names)}: its first line must name the columns")
    if "" in names:
        raise FileError(
            f"column {names.index('') + 1} of {path} has no name, as the row numbers have that pandas writes: write the file without them, "
            "as in frame.to_csv(path, index=False), or give the column a name"
        )
    if isinstance(target, str):
        if names.count(target) != 1:
            raise InputError(
                f"target {target!r} names {names.count(target)} columns of {path}, which are {names}: name one, or pass its index"
            )
        return names.index(target)
    if not hasattr(target, "__index__") or not -len(names) <= target < len(names):
        raise InputError(
            f"target {target!r} is no column of {path}: with {len(names)} columns, an index is -{len(names)} to {len(names) - 1}"
        )
    return target % len(names)


def _indices(classes: Sequence[str]) -> dict[str, int]:
    indices = {word: index for index, word in enumerate(classes) if isinstance(word, str)}
    if isinstance(classes, str) or not indices or len(indices) != len(classes):
        raise InputError(f"classes must be different words, as in ['no', 'yes'], not {classes!r}")
    return indices


def _cell(where: str, name: str, cell: str, is_target: bool, classes: dict[str, int] | None) -> float:
    """The number in a cell, or the index of its class."""
    where = f"{where}, column {name!r}"
    if not cell:
        raise FileError(f"{where} is empty: fill it in, or leave the line out")
    if is_target and classes is not None:
        if cell not in classes:
            raise FileError(f"{where}: {cell!r} is none of the classes {', '.join(map(repr, classes))}")
        return classes[cell]
    number = _number(cell)
    if number is None:
        words = "of a target in words pass the words, as in classes=['no', 'yes']"
        advice = words if is_target else "write one, or leave the column or the line out"
        raise FileError(f"{where}: {cell!r} is no finite number; {advice}")
    return number


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None
