"""Tables without branches, with NumPy's names: `take` and `interp`."""

from __future__ import annotations

import builtins
from itertools import pairwise
from typing import Any

from autograd import ops
from autograd._runtime.coercion import number_of, real, sequence
from autograd._runtime.state import STATE
from autograd.conditions import Condition
from autograd.errors import InputError
from autograd.functions import GRAPHS, call, where
from autograd.value import Value


def take(values: Any, index: Any) -> Any:
    """The value at a position: `values[index]`, where the index may be a Value too.

    In a compiled function each sample takes a value of its own, without a branch. The derivative with respect to the value that is taken
    is 1; those with respect to the others and to the index are 0. As with `maximum`, a gradient of 0 times an infinite slope is nan.

    Args:
        values: a sequence of Values and numbers, at least one.
        index: a whole number from 0 to the number of values minus 1, or a Value of such a number.

    Raises:
        InputError: `values` is not a sequence of numbers, or is empty.
        DomainError: the index is no such number. In a compiled function with samples it is a warning, and the result is nan.

    Example:
        >>> rates = [0.1, 0.2, 0.4]
        >>> take(rates, 2)
        0.4
        >>> grad(lambda income: income * take(rates, (income > 10.0) + (income > 50.0)))(20.0)
        0.2
    """
    items = _numbers("take", values)
    if isinstance(index, Condition):
        index = index.node
    if not isinstance(index, Value):
        position = real(index)
        if 0.0 <= position < len(items) and position.is_integer():
            return _itself(items[int(position)])
    return call(ops.TAKE, index, *items)  # whose error says what is wrong with the index


def interp(x: Any, xs: Any, ys: Any) -> Any:
    """The straight lines between the points (xs, ys), at x; the first or last of the ys beyond them. Its values are NumPy's.

    In a compiled function each sample has a segment of its own, without a branch. There are derivatives with respect to x, xs and ys; at a
    point that joins two segments they are those of the segment to the right, and at the last point those of the constant beyond it.

    Args:
        x: a number or Value.
        xs: a sequence of numbers and Values, at least one, in ascending order.
        ys: as many numbers and Values.

    Raises:
        InputError: x is not a number, or the others are not sequences of one length; or the xs descend somewhere. Those that are arguments
            of a compiled function are not compared with each other.

    Example:
        >>> interp(2.5, [1.0, 2.0, 4.0], [0.0, 3.0, 5.0])
        3.5
        >>> grad(interp)(2.5, [1.0, 2.0, 4.0], [0.0, 3.0, 5.0])
        1.0
    """
    x = x if isinstance(x, Value) else real(x)
    xs, ys = _numbers("interp", xs), _numbers("interp", ys)
    if len(xs) != len(ys):
        raise InputError(f"interp needs as many ys as xs: there are {len(ys)} ys and {len(xs)} xs")
    _need_ascending(xs)
    if len(xs) == 1:
        return _itself(ys[0])
    segment = builtins.sum([x >= start for start in xs[1:-1]])
    x0, x1, y0, y1 = (take(points, segment) for points in (xs[:-1], xs[1:], ys[:-1], ys[1:]))
    slope = GRAPHS.divide(y1 - y0, x1 - x0)  # beyond the last point, it may be 0 / 0
    inside = slope * (x - x0) + y0
    # where the slope is infinite, as next to an infinite y: from the point itself, from the right, or the y that both ends have
    from_right = slope * (x - x1) + y1
    level = where(GRAPHS.equal(y0, y1), y0, inside)
    infinite = where(GRAPHS.equal(x, x0), y0, where(GRAPHS.equal(from_right, from_right), from_right, level))
    inside = where(GRAPHS.equal(inside, inside), inside, infinite)
    return where(x < xs[0], ys[0], where(x >= xs[-1], ys[-1], inside))


def _itself(item: Any) -> Any:
    """The number or Value; within `no_grad` without its history."""
    return +item if STATE.paused and isinstance(item, Value) else item


def _numbers(name: str, items: Any) -> list[Any]:
    numbers = [x if isinstance(x, Value) else real(x) for x in sequence(items)]
    if not numbers:
        raise InputError(f"{name} needs at least one value, not an empty sequence")
    return numbers


def _need_ascending(xs: list[Any]) -> None:
    """
    Raises:
        InputError: two neighbours descend, neither of which is an argument of a compiled function.
    """
    for k, (a, b) in enumerate(pairwise(xs)):
        is_known = not STATE.recorders or not (isinstance(a, Value) or isinstance(b, Value))
        if is_known and number_of(a) > number_of(b):
            raise InputError(
                f"the xs of interp must be in ascending order, not {number_of(a)!r} before {number_of(b)!r}, at positions {k} and {k + 1}: "
                "sort the points, as in zip(*sorted(zip(xs, ys)))"
            )
