"""Random numbers: what a sampler returns, of any shape; logged and replayed, so that eager code can draw what compiled code has drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from inspect import signature
from itertools import islice
from operator import index
from typing import Any

from autograd._runtime.coercion import real
from autograd._runtime.temporary import During
from autograd.contexts import Assigned
from autograd.errors import InputError

Shape = int | tuple[int, ...]

_LOGGED: ContextVar[list[float] | None] = ContextVar("logged draws", default=None)
_REPLAYED: ContextVar[list[float] | None] = ContextVar("replayed draws", default=None)


def logging_draws(log: list[float]) -> During[None]:
    """A context in which the numbers that are drawn are appended to a list."""
    return During(lambda: Assigned(_LOGGED, log))


def replaying_draws(log: list[float]) -> During[None]:
    """A context in which these numbers are drawn again, before any others."""
    return During(lambda: Assigned(_REPLAYED, log))


def draw(sampler: Callable[[], float]) -> float:
    """A number of a sampler, or one to be replayed."""
    replayed = _REPLAYED.get()
    number = replayed.pop(0) if replayed else sampler()
    log = _LOGGED.get()
    if log is not None:
        log.append(number)
    return number


class Draw:
    """Random numbers that are drawn together: a single one, or many of a shape.

    Args:
        sampler: draws them; see `autograd.drawn`.
        shape: their shape; None for a single number.

    Attributes:
        count: how many they are.

    Raises:
        InputError: the shape is neither a whole number nor a tuple of whole numbers, one of them is negative, or they are too large.
    """

    __slots__ = ("_axes", "_takes_shape", "count", "sampler", "shape")

    def __init__(self, sampler: Callable[..., Any], shape: Shape | None = None) -> None:
        self.sampler, self.shape = sampler, shape
        self._axes: tuple[int, ...] = () if shape is None else axes_of(shape)
        self._takes_shape = shape is not None and takes_an_argument(sampler)
        self.count = math.prod(self._axes)

    def numbers(self) -> list[float]:
        """The numbers, in a flat list; or those to be replayed.

        Raises:
            InputError: the sampler returns numbers of another shape.
        """
        if self.shape is None:
            return [draw(self.sampler)]
        replayed, log = _REPLAYED.get(), _LOGGED.get()
        if replayed:
            numbers = replayed[: self.count]
            del replayed[: self.count]
        else:
            numbers = self._sampled()
        if log is not None:
            log += numbers
        return numbers

    def _sampled(self) -> list[float]:
        if not self.count:
            return []
        first = self.sampler(self.shape) if self._takes_shape else self.sampler()
        if getattr(first, "shape", None) == self._axes and str(getattr(first, "dtype", "")) == "float64":  # without a look at each number
            flat: list[float] = first.ravel().tolist()
            return flat
        result = first.tolist() if hasattr(first, "tolist") else first
        if not self._takes_shape and not isinstance(result, (list, tuple)):
            return [real(result), *[real(self.sampler()) for _ in range(self.count - 1)]]
        numbers = _flat(result, self._axes)
        if numbers is None:
            called = f"sampler({self.shape!r})" if self._takes_shape else "sampler()"
            raise InputError(
                f"drawn(sampler, {self.shape!r}) needs numbers of this shape, and {called} returned {_described(first)}: write a "
                "sampler that takes the shape, as lambda shape: rng.normal(0.0, 1.0, shape), or one that takes nothing and gives one number"
            )
        return numbers

    def arranged(self, items: list[Any]) -> Any:
        """As many items as there are numbers, in nested lists of their shape; a single one alone."""
        return _nested(iter(items), self._axes)

    def is_like(self, other: Draw) -> bool:
        """Whether both have the same shape."""
        return (self.shape is None) == (other.shape is None) and self._axes == other._axes


MOST = 10**8
"""So many numbers can be drawn in one call."""


def numbers_of(draws: list[Draw]) -> list[float]:
    """The numbers of several draws, one after the other."""
    numbers: list[float] = []
    aside = _REPLAYED.get() or _LOGGED.get() is not None  # otherwise a sampler is called without a look at either
    for each in draws:
        if each.shape is None:
            numbers.append(draw(each.sampler) if aside else each.sampler())
        else:
            numbers += each.numbers()
    return numbers


def axes_of(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple.

    Raises:
        InputError: see `Draw`.
    """
    try:
        axes = tuple(map(index, shape)) if isinstance(shape, tuple) else (index(shape),)
    except TypeError:
        axes = (-1,)
    if isinstance(shape, bool) or any(axis < 0 for axis in axes):
        raise InputError(f"drawn needs a shape, as in drawn(rng.random, 3) or drawn(rng.random, (2, 3)), not {shape!r}")
    if math.prod(axes) > MOST:
        raise InputError(f"drawn draws at most {MOST:,} numbers in one call, each of which is an object: draw them where they are needed")
    return axes


def takes_an_argument(sampler: Callable[..., Any]) -> bool:
    """Whether a sampler can be called with a shape. One without a signature, as some functions written in C, is taken to have one."""
    try:
        signature(sampler).bind(())
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def _nested(items: Iterator[Any], axes: tuple[int, ...]) -> Any:
    """The next items in nested lists of a shape."""
    if len(axes) < 2:
        return list(islice(items, axes[0])) if axes else next(items)
    return [_nested(items, axes[1:]) for _ in range(axes[0])]


def _flat(items: Any, axes: tuple[int, ...]) -> list[float] | None:
    """The numbers in nested lists; None if these have another shape."""
    if not axes:
        return None if isinstance(items, (list, tuple)) else [real(items)]
    if not isinstance(items, (list, tuple)) or len(items) != axes[0]:
        return None
    if len(axes) == 1 and all(type(x) is float for x in items):
        return list(items)
    numbers: list[float] = []
    for item in items:
        part = _flat(item, axes[1:])
        if part is None:
            return None
        numbers += part
    return numbers


def _described(result: Any) -> str:
    if getattr(result, "shape", ()):
        return f"an array of the shape {tuple(result.shape)}"
    return f"{len(result)} items" if isinstance(result, (list, tuple)) else f"{result!r}"
