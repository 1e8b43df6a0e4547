"""The batch of a call: which arguments have samples, arguments as flat arrays, and gradients in the form of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

import numpy as np

from autograd.compiled.api.arguments import Argument, Array, as_argument
from autograd.compiled.api.signature import Call, Passing
from autograd.compiled.floating_errors import quietly
from autograd.errors import AutogradError, InputError
from autograd.trees import LEAF


@dataclass(frozen=True)
class Batch:
    """The samples of one call.

    Attributes:
        size: their number.
        shape: the shape of the batch in results; None for a call without samples.
        copies: how many of them, one after the other, stand for one sample of the user's.
    """

    size: int
    shape: tuple[int, ...] | None
    copies: int = 1

    def shaped(self, array: Array) -> Any:
        """A result, whose first axis is the samples, in the shape in which it is returned."""
        if self.shape is None:
            return float(array[0]) if array.ndim == 1 else array[0]
        if array.shape == self.shape:
            return array
        return array.reshape(self.shape + array.shape[1:])


Way = tuple[Passing, tuple[int, ...]]
"""How arguments are passed, and how many axes each has."""

MOST_GUESSED = 4
"""Of more arrays, not every choice is tried: one of them, or all."""


def _way(call: Call, arguments: list[Argument]) -> Way:
    return call.how, tuple([argument.arrays[0].ndim if argument.build is LEAF else -1 for argument in arguments])


def _as_values(call: Call) -> list[Argument]:
    """The arguments, which may be Values, without samples."""
    return [as_argument(name, x, False, True) for name, x in zip(call.how.names, call.values, strict=True)]


class Batching:
    """How the arguments of a function are batched.

    Args:
        in_axes: see `compile`.
        count: the number of parameters of the function.
    """

    def __init__(self, in_axes: Any, count: int) -> None:
        self.in_axes = in_axes
        self._count = count
        self._whole: dict[Way, tuple[int, ...]] = {}
        self._of_numbers: set[Way] = set()

    def arguments(self, call: Call, chosen: tuple[int, ...], each: bool, values: bool = False) -> tuple[list[Argument], Batch]:
        """The arguments as flat arrays. `each` says whether to repeat the chosen ones for each sample, for a gradient of each sample."""
        if self.in_axes is None:
            return self._broadcast(call, chosen, each, values)
        axes: list[int | None]
        if isinstance(self.in_axes, int):
            axes = [self.in_axes] * len(call.values)
        else:
            if not call.how.positional <= len(self.in_axes) <= max(call.how.positional, self._count):
                raise InputError(
                    f"in_axes={self.in_axes!r} does not fit a call with {call.how.positional} positional arguments: "
                    "write 0 or None for each of them"
                )
            # an argument passed by keyword that has no item in `in_axes` is the same for all samples
            axes = [self.in_axes[i] if 0 <= i < len(self.in_axes) else None for i in call.how.positions]
        converted = [as_argument(name, x, axis == 0, values) for name, x, axis in zip(call.how.names, call.values, axes, strict=True)]
        sizes = [(argument.name, len(array)) for argument in converted if argument.batched for array in argument.arrays]
        if len({n for _, n in sizes}) > 1:
            raise InputError(f"the arguments have different numbers of samples: {', '.join(f'{n} of {name}' for name, n in sizes)}")
        if not sizes:
            return converted, Batch(1, None)
        size = sizes[0][1]
        if size == 0:
            raise InputError("there are no samples: the batch axis has length 0")
        if each:
            converted = [x.for_each(size) if i in chosen else x for i, x in enumerate(converted)]
        return converted, Batch(size, (size,))

    def _broadcast(self, call: Call, chosen: tuple[int, ...], each: bool, values: bool) -> tuple[list[Argument], Batch]:
        """Numbers and arrays, as a NumPy ufunc takes them."""
        converted = [as_argument(name, x, False, values) for name, x in zip(call.how.names, call.values, strict=True)]
        whole = self._whole.get(_way(call, converted), ())
        for i in whole:
            converted[i] = replace(converted[i], whole=True)
        for argument in converted:
            if argument.build.kind is type(None) and argument.module is None:
                raise InputError(f"{argument.name} must be a number, or numbers in arrays, lists, tuples and dicts, not None")
            if argument.build is not LEAF:
                raise InputError(
                    f"{argument.name} is more than a number or an array: say which axis has the samples, as in "
                    "compile(f, in_axes=(None, 0)), where None means that the argument is the same for all samples"
                )
        try:
            shape = np.broadcast_shapes(*[argument.arrays[0].shape for argument in converted if not argument.whole])
        except ValueError:
            shapes = ", ".join(f"{argument.name} {argument.arrays[0].shape}" for argument in converted)
            raise InputError(
                f"the arguments cannot be broadcast together: {shapes}. If some are the same for all samples, say which, as in "
                "compile(f, in_axes=(None, 0))"
            ) from None
        if shape == ():
            return converted, Batch(1, None)
        size = int(np.prod(shape))
        if size == 0:
            raise InputError(f"there is nothing to compute: the arguments broadcast to the shape {shape}")
        for i, argument in enumerate(converted):
            array = argument.arrays[0]
            if argument.whole:
                converted[i] = argument.for_each(size) if each and i in chosen else argument
            elif array.size != 1 or (each and i in chosen):
                converted[i] = as_argument(argument.name, np.broadcast_to(array, shape).ravel(), True, values)
            else:
                converted[i] = as_argument(argument.name, array.reshape(()), False, values)
        return converted, Batch(size, shape)

    def is_unclear(self, call: Call) -> bool:
        """Whether the function may take whole arrays: some are passed, and nobody has said how it takes them."""
        if self.in_axes is not None:
            return False
        way = _way(call, _as_values(call))
        return way not in self._of_numbers and any(axes > 0 for axes in way[1])

    def takes_numbers(self, call: Call) -> None:
        """Note that the function takes a number of each sample beside arrays of its own."""
        self._of_numbers.add(_way(call, _as_values(call)))

    def guess(self, call: Call, failure: Exception, trial: Callable[[Call], Exception | None]) -> Exception | None:
        """Find out which arrays a function takes whole, because it indexes, iterates or measures them: as few as possible.

        Args:
            call: a call in which it failed with a number of each.
            failure: how.
            trial: tries a call with what is assumed now, and returns how that fails.

        Returns:
            None if a way was found, which is kept for all calls of this kind; otherwise the error to be raised.
        """
        if self.in_axes is not None or (isinstance(failure, AutogradError) and failure.is_refusal):
            return failure
        converted = _as_values(call)
        way = _way(call, converted)
        arrays = [i for i, argument in enumerate(converted) if argument.build is LEAF and argument.arrays[0].ndim]
        if way in self._whole or not arrays or not all(converted[i].arrays[0].size for i in arrays):
            return failure
        if isinstance(failure, InputError):  # of shapes, perhaps, and then a number of each is what it takes
            first = tuple([converted[i].arrays[0].flat[0] if i in arrays else x for i, x in enumerate(call.values)])
            if trial(replace(call, values=first)) is None:
                return failure
        sizes = range(1, len(arrays) + 1) if len(arrays) <= MOST_GUESSED else (1, len(arrays))
        other: Exception | None = None
        for some in chain.from_iterable(combinations(arrays, size) for size in sizes):
            self._whole[way] = some
            other = trial(call)
            if other is None:
                return None
        del self._whole[way]
        if isinstance(other, AutogradError) and not isinstance(failure, AutogradError):
            return other
        failure.add_note(f"With whole arrays it raises {type(other).__name__}: {other}")
        return failure

    def restorer(self, source: Any, argument: Argument, batch: Batch, each: bool) -> Callable[[Array], Any]:
        """A function that puts a gradient in the form of the argument."""
        if self.in_axes is not None or batch.shape is None or argument.whole:
            return argument.restorer()
        shape, full = np.shape(source), batch.shape
        if not argument.batched:
            return lambda gradient: quietly(_summed, gradient.reshape(()), shape)
        return (lambda gradient: gradient.reshape(full)) if each else lambda gradient: quietly(_summed, gradient.reshape(full), shape)


def _summed(gradient: Array, shape: tuple[int, ...]) -> Any:
    """The gradient with respect to an array that was broadcast: the sum over its repetitions."""
    extra = gradient.ndim - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple(axis for axis, n in enumerate(shape) if n == 1 and gradient.ndim and gradient.shape[axis] != 1)
    gradient = gradient.sum(axis=repeated, keepdims=True) if repeated else gradient
    return float(gradient) if shape == () else gradient.reshape(shape)
