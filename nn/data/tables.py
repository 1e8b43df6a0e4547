"""Tables of numbers from text files."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from csv import Error as TableError
from csv import reader

from autograd._runtime.files import as_path
from autograd.errors import FileError, InputError
from nn.checks import has_length


def csv(path: str | os.PathLike[str], target: str | int, classes: Sequence[str] | None = None) -> tuple[list[list[float]], list[float]]:
    r"""Read a table of numbers that are separated by commas, with the names of the columns in the first line.

    Args:
        path: a text file in UTF-8.
        target: the name of the column to be learned, or its index; -1 is the last one.
        classes: the words in that column, if it holds words: the first is class 0.

    Returns:
        ``X, y``: for each row the numbers in the other columns, in their order; and the target, which is a number, or the index of a
        class. Nothing is scaled, shuffled or held out; `split` does the last two.

    Raises:
        InputError: there is no such column, `classes` are not distinct words, or `path` is not a path.
        FileError: a column has no name; or a cell is empty, is not a finite number, or is none of the classes. Its line and column are
            named.
        OSError: the file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "houses.csv")
        ...     _ = path.write_text("area,rooms,price\n50,2,150\n80,3,240\n")
        ...     csv(path, target="price")
        ([[50.0, 2.0], [80.0, 3.0]], [150.0, 240.0])
    """
    file_path = as_path(path, "csv('houses.csv', target='price')")
    indices = None if classes is None else _indices(classes)
    X: list[list[float]] = []
    y: list[float] = []
    try:
        with open(file_path, encoding="utf-8-sig", newline="") as file:
            table = reader(file, strict=True, skipinitialspace=True)
            names = [name.strip() for name in next(table, [])]
            if any("\0" in name for name in names):
                raise _not_utf_8(path)
            chosen = _column(path, names, target)
            for cells in table:
                if not cells:
                    continue  # an empty line
                where = f"{path}, line {table.line_num}"
                if len(cells) != len(names):
                    raise FileError(f"{where}: {len(cells)} cells, but the first line names {len(names)} columns")
                row = [_cell(where, names[i], cells[i].strip(), i == chosen, indices) for i in range(len(names))]
                y.append(row.pop(chosen))
                X.append(row)
    except UnicodeDecodeError as error:
        raise _not_utf_8(path) from error
    except TableError as error:
        raise FileError(f"{path} is damaged, or not a table of comma-separated values: {error}") from error
    if not X:
        raise FileError(f"{path} has no rows below the names of its columns")
    return X, y


ARCHIVES = {b"\x1f\x8b": "compressed by gzip", b"PK\x03\x04": "an archive or a spreadsheet"}
"""What files are that begin so."""


def _not_utf_8(path: str | os.PathLike[str]) -> FileError:
    with open(path, "rb") as file:
        start = file.read(4)
    kind = next((kind for begin, kind in ARCHIVES.items() if start.startswith(begin)), "")
    if kind:
        return FileError(f"{path} is {kind}, not a table of comma-separated values: unpack it, or save it as one")
    return FileError(
        f"{path} is not in UTF-8: save it as that (a spreadsheet calls it 'CSV UTF-8'), or write it anew, as in "
        f"open(new, 'w', encoding='utf-8').write(open({str(path)!r}, encoding='utf-16').read()); of older files it is 'latin-1'"
    )


UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")
"""The names that pandas gives to columns without one, and that it writes if it has read the row numbers as a column."""


def _column(path: str | os.PathLike[str], names: list[str], target: str | int) -> int:
    """The index of the target among the columns with these names."""
    if len(names) < 2:
        raise FileError(f"{path} must start with a line that names its columns, at least two, with commas between them, not {names}")
    if all(_number(name) is not None for name in names):
        raise FileError(f"{path} starts with the numbers {', '.join(names)}: its first line must name the columns")
    unnamed = next((i for i, name in enumerate(names) if not name or UNNAMED.fullmatch(name)), None)
    if unnamed is not None:
        called = f"is called {names[unnamed]!r}" if names[unnamed] else "has no name"
        raise FileError(
            f"column {unnamed + 1} of {path} {called}, as the row numbers that pandas writes: write the file without them, as in "
            "frame.to_csv(path, index=False), after frame = pandas.read_csv(path, index_col=0), or give the column a name"
        )
    if isinstance(target, str):
        if names.count(target) != 1:
            raise InputError(
                f"target {target!r} names {names.count(target)} columns of {path}, which are {names}: name one, or pass its index"
            )
        return names.index(target)
    if not hasattr(target, "__index__") or not -len(names) <= target < len(names):
        raise InputError(
            f"target {target!r} is not a column of {path}: with {len(names)} columns, an index is -{len(names)} to {len(names) - 1}"
        )
    return target % len(names)


def _indices(classes: Sequence[str]) -> dict[str, int]:
    words = list(classes) if has_length(classes) and hasattr(classes, "__iter__") else []
    indices = {word: index for index, word in enumerate(words) if isinstance(word, str)}
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
            raise FileError(f"{where}: {cell!r} is not one of the classes {', '.join(map(repr, classes))}")
        return classes[cell]
    number = _number(cell)
    if number is None:
        words = "of a target in words pass the words, as in classes=['no', 'yes']"
        advice = words if is_target else "write one, or leave the column or the line out"
        raise FileError(f"{where}: {cell!r} is not a finite number; {advice}")
    return number


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None
