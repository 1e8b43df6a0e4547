"""A part of an array as text: the numbers that are read, in order.

x[48:320], A[:, 0], A[[2, 0, 1], :]     for each axis a range, an index, or a list: all combinations, with the last axis fastest
image[i+k, j+l; i<6, j<6, k<3, l<3]     loops from 0, the last one fastest: here the 36 windows of 3 × 3
A[(0, 1), (2, 0)]                       a list of numbers, if there is no pattern
x₃, A₀,₂                                one number
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autograd.compiled.ir import Places

FEW = 8
"""A list of more numbers is abbreviated, if that is wanted."""

ELLIPSIS = "…"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_VARIABLES = "ijklmpqrsuvw"


def part_of(positions: Places, shape: tuple[int, ...], short: bool) -> tuple[str, tuple[int, ...] | None]:
    """The part as text, and its shape; None for the whole array, which can have any shape of its size.

    Args:
        positions: the positions that are read, in row-major order.
        shape: the shape of the array.
        short: whether long lists are abbreviated.

    Example:
        >>> part_of(np.array([1, 4, 7]), (3, 3), False)
        ('[:, 1]', (3,))
        >>> part_of(np.array([0, 4, 8]), (3, 3), False)
        ('[i, i; i<3]', (3,))
    """
    if len(positions) == math.prod(shape) and np.array_equal(positions, np.arange(len(positions))):
        return "", None
    shape = shape or (1,)
    coordinates = np.stack(np.unravel_index(positions, shape), axis=1)
    if len(positions) == 1:
        return ",".join(str(i).translate(SUBSCRIPTS) for i in coordinates[0].tolist()), ()
    by_axis = _combinations(coordinates)
    ranges = by_axis is not None and all(_as_range(own, n) is not None for own, n in zip(by_axis, shape, strict=True))
    if by_axis is not None and (ranges or max(map(len, by_axis)) <= FEW):
        return _combinations_text(by_axis, shape, short)
    loops = _loops(coordinates)
    if loops is not None and len(loops) <= len(_VARIABLES):
        return _loops_text(coordinates[0], loops), tuple([size for size, _ in loops])
    if by_axis is not None:
        return _combinations_text(by_axis, shape, short)
    if len(shape) == 1:
        return f"[[{listed([str(i) for i in positions[: _shown(positions, short)].tolist()], len(positions))}]]", (len(positions),)
    points = [f"({', '.join(map(str, point))})" for point in coordinates[: _shown(positions, short)].tolist()]
    return f"[{listed(points, len(positions))}]", (len(positions),)


def listed(texts: Sequence[str], count: int) -> str:
    """The texts with commas, and an ellipsis if there are more of them."""
    return ", ".join([*texts, ELLIPSIS] if len(texts) < count else texts)


def _shown(items: Places, short: bool) -> int:
    return FEW // 2 if short and len(items) > FEW else len(items)


def _combinations(coordinates: Places) -> list[Places] | None:
    """The indices along each axis, if the coordinates are all combinations of them with the last axis fastest; otherwise None."""
    by_axis = []
    for own in coordinates.T:
        values, first = np.unique(own, return_index=True)
        by_axis.append(values[np.argsort(first)])
    if math.prod(map(len, by_axis)) != len(coordinates):
        return None
    grid = np.stack(np.meshgrid(*by_axis, indexing="ij"), axis=-1).reshape(coordinates.shape)
    return by_axis if np.array_equal(grid, coordinates) else None


def _combinations_text(by_axis: list[Places], shape: tuple[int, ...], short: bool) -> tuple[str, tuple[int, ...]]:
    axes = [_axis(own, n, short) for own, n in zip(by_axis, shape, strict=True)]
    return f"[{', '.join(axes)}]", tuple([len(own) for own in by_axis if len(own) > 1])


def _as_range(own: Places, size: int) -> str | None:
    """An index, or a slice of several; None if they are irregular."""
    first, last = int(own[0]), int(own[-1])
    if len(own) == 1:
        return str(first)
    step = int(own[1]) - first
    if (np.diff(own) != step).any():
        return None
    if (first, last, step) == (0, size - 1, 1):
        return ":" if size > 1 else "0"
    stop = last + (1 if step > 0 else -1)
    return f"{first}:{stop if stop >= 0 else ''}" + (f":{step}" if step != 1 else "")


def _axis(own: Places, size: int, short: bool) -> str:
    text = _as_range(own, size)
    return f"[{listed([str(i) for i in own[: _shown(own, short)].tolist()], len(own))}]" if text is None else text


def _loops(coordinates: Places) -> list[tuple[int, Places]] | None:
    """Loops that visit the coordinates in order, the outermost first: the size and the step of each; None if there are none."""
    loops: list[tuple[int, Places]] = []
    while len(coordinates) > 1:
        paces = np.diff(coordinates, axis=0)
        breaks = np.flatnonzero((paces != paces[0]).any(axis=1)) + 1
        size = math.gcd(len(coordinates), *breaks.tolist())
        if size == 1:
            return None
        loops.insert(0, (size, paces[0]))
        coordinates = coordinates[::size]
    return loops


def _loops_text(start: Places, loops: list[tuple[int, Places]]) -> str:
    axes = []
    for axis, first in enumerate(start.tolist()):
        text = ""
        for name, (_, step) in zip(_VARIABLES, loops, strict=False):
            pace = int(step[axis])
            if pace:
                text += ("-" if pace < 0 else "+" if text else "") + (str(abs(pace)) if abs(pace) != 1 else "") + name
        axes.append(text + (f"+{first}" if text and first else "" if text else str(first)))
    return f"[{', '.join(axes)}; {', '.join(f'{name}<{size}' for name, (size, _) in zip(_VARIABLES, loops, strict=False))}]"
