"""Arguments of compiled functions: nested lists, dicts and arrays on the outside, flat arrays of numbers on the inside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.errors import InputError
from autograd.value import Value, numbers_of, real, set_numbers

Array = npt.NDArray[Any]

FLOAT64 = np.dtype(np.float64)
"""The object that nearly all arrays of that type share: to ask for it is quicker than to compare."""


def split(tree: Any, name: str) -> tuple[list[Array], Callable[[list[Any]], Any]]:
    """The arrays of a tree, and a function that puts others in their places.

    Dicts and tuples are inner nodes; so are lists, unless all of their elements have one shape: those are arrays. A number is an
    array of no axes.

    Args:
        tree: what was passed to, or returned from, a compiled function.
        name: what to call it in messages.

    Raises:
        InputError: something in it is no number.
    """
    if isinstance(tree, dict):
        return _joined([split(branch, f"{name}[{key!r}]") for key, branch in tree.items()], lambda new: dict(zip(tree, new, strict=True)))
    if isinstance(tree, tuple):
        make = type(tree)._make if hasattr(tree, "_make") else tuple
        return _joined([split(branch, f"{name}[{i}]") for i, branch in enumerate(tree)], make)
    if isinstance(tree, list) and not _is_rectangular(tree):
        return _joined([split(branch, f"{name}[{i}]") for i, branch in enumerate(tree)], list)
    return [_array(tree, name)], _single


def _single(new: list[Any]) -> Any:
    return new[0]


def _joined(
    parts: list[tuple[list[Array], Callable[[list[Any]], Any]]], make: Callable[[list[Any]], Any]
) -> tuple[list[Array], Callable[[list[Any]], Any]]:
    arrays = [array for own, _ in parts for array in own]
    if all(inner is _single for _, inner in parts):  # a list of arrays, as layers are: quicker
        return arrays, lambda new: make([*new])

    def build(new: list[Any]) -> Any:
        remaining = iter(new)
        return make([inner([next(remaining) for _ in own]) for own, inner in parts])

    return arrays, build


def _is_rectangular(items: list[Any]) -> bool:
    """Whether all elements are numbers, or lists of one shape."""
    if not any(isinstance(item, (list, tuple, dict)) or getattr(item, "ndim", 0) for item in items):
        return True
    if not all(isinstance(item, list) for item in items):
        return False
    return len({np.shape(np.array(item, dtype=object)) for item in items}) == 1 and all(map(_is_rectangular, items))


def _array(leaf: Any, name: str) -> Array:
    array = np.array(leaf, dtype=object) if isinstance(leaf, Value) else np.asarray(leaf)
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    try:
        if array.dtype.kind == "O":  # numbers of other kinds, each through the door; Values stay what they are
            numbers = [x if isinstance(x, Value) else real(x) for x in array.flat]
            is_plain = not any(isinstance(x, Value) for x in numbers)
            flat = np.empty(len(numbers), dtype=np.float64 if is_plain else object)
            flat[:] = numbers
            return flat.reshape(array.shape)
        real(array.flat[0].item() if array.size else "")
        raise InputError(f"{array.dtype} is no type of real numbers")
    except InputError as error:
        raise InputError(f"{name} must be a number, or numbers in arrays, lists, tuples and dicts: {error}") from None


def has_values(tree: Any) -> bool:
    """Whether there is a Value anywhere in it."""
    if isinstance(tree, dict):
        return any(map(has_values, tree.values()))
    if isinstance(tree, (list, tuple)):
        return any(map(has_values, tree))
    if isinstance(tree, np.ndarray):
        return tree.dtype == object and any(isinstance(x, Value) for x in tree.flat)
    return isinstance(tree, Value)


class Parameters:
    """The parameters of a module, for training: their numbers stand in one array, which takes the place of their `.data`.

    Passed to a compiled function in place of the module; the gradient is an array of the same order.
    """

    def __init__(self, module: Any, values: Sequence[Value]) -> None:
        self.module = module
        self.modules = list(module.modules())  # finding them takes as long as a step of training
        self.values = list(values)
        self.array = np.zeros(0)
        self.read()

    def read(self) -> None:
        """Take the numbers of the Values."""
        self.array = np.array(numbers_of(self.values))

    def write(self) -> None:
        """Give the Values their numbers."""
        set_numbers(self.values, self.array.tolist())


@dataclass(frozen=True)
class Argument:
    """An argument of one call.

    Attributes:
        name: what the function calls it.
        arrays: its numbers. Batched ones have the samples as their first axis.
        build: puts others in the places of the arrays.
        lists: for each array whether it came as a list, to be given to the function as one.
        batched: whether it differs from sample to sample.
        module: the parameters of a module by name, if it is one; they are then Values of their own.
        source: what was passed.
    """

    name: str
    arrays: list[Array]
    build: Callable[[list[Any]], Any]
    lists: list[bool]
    batched: bool
    module: dict[str, Value] | None
    source: Any

    @cached_property
    def count(self) -> int:
        """How many numbers it has, for each sample."""
        if isinstance(self.source, Parameters):
            return self.source.array.size
        if self.module is not None:
            return len(self.module)
        return sum([math.prod(array.shape[self.batched :]) for array in self.arrays])

    @property
    def is_tree(self) -> bool:
        """Whether it came as a list, a tuple or a dict."""
        return isinstance(self.source, (list, tuple, dict))

    @property
    def form(self) -> Any:
        """The form without the kinds of sequences: what the numbers of a direction must share."""
        return repr(self.build([0] * len(self.arrays))), tuple([array.shape for array in self.arrays])

    @property
    def key(self) -> Any:
        """What a specialisation depends on: the form, not the numbers."""
        if isinstance(self.source, Parameters):
            return self.source, tuple([m.training for m in self.source.modules])
        if self.module is not None:
            return tuple(self.module.values()), tuple([m.training for m in self.source.modules()]), self.batched
        shapes = tuple([array.shape[self.batched :] for array in self.arrays])
        return repr(self.build([0] * len(self.arrays))), shapes, tuple(self.lists), self.batched

    def variables(self, sample: int) -> tuple[list[Value], Any]:
        """Fresh leaves with the numbers of one sample, in one flat list and in the form in which the function sees them."""
        if isinstance(self.source, Parameters):
            self.source.write()  # what is asked of the Values decides which branch is recorded, and what an error says
            return self.source.values, self.source.module
        if self.module is not None:
            return list(self.module.values()), self.source
        flat: list[Value] = []
        seen: list[Any] = []
        for name, array, as_list in zip(_names(self.build([None] * len(self.arrays)), self.name), self.arrays, self.lists, strict=True):
            numbers = array[sample] if self.batched else array
            leaves = [Value(x, label=f"{name}{list(i) if i else ''}") for i, x in np.ndenumerate(numbers)]
            flat += leaves
            if numbers.ndim == 0:
                seen.append(leaves[0])
            else:
                objects = np.empty(numbers.shape, dtype=object)
                objects.ravel()[:] = leaves
                seen.append(objects.tolist() if as_list else objects)
        return flat, self.build(seen)

    def numbers(self, samples: int) -> Array:
        """The numbers in the order of `variables`: one axis, or where it is batched two, with one column a sample."""
        if isinstance(self.source, Parameters):
            return self.source.array
        if self.module is not None:
            numbers = np.array(numbers_of([*self.module.values()]))
            return np.broadcast_to(numbers[:, None], (len(numbers), samples)) if self.batched else numbers
        parts = [array.reshape(len(array), -1).T if self.batched else array.ravel() for array in self.arrays]
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.zeros((0, samples)[: 1 + self.batched])

    def reader(self, source: Any, samples: int, shape: tuple[int, ...] | None) -> Callable[[Any], Array]:
        """What gives the `numbers` of other arguments of the same form, which `form_of` knows: an array, a number, or parameters.

        Args:
            source: an argument of that form.
            samples: how many there are.
            shape: that of the samples.
        """
        if isinstance(source, Parameters):
            return lambda x: x.array
        if self.is_tree:
            shapes = [np.shape(leaf) for leaf in leaves_of(source)]
            if self.batched and shapes == [array.shape for array in self.arrays]:
                return lambda x: np.concatenate([leaf.reshape(samples, -1).T for leaf in leaves_of(x)])
            if self.batched:
                return lambda x: np.repeat(np.concatenate([np.reshape(leaf, -1) for leaf in leaves_of(x)])[:, None], samples, axis=1)
            return lambda x: np.concatenate([np.reshape(leaf, -1) for leaf in leaves_of(x)])
        given = np.shape(source)
        if not self.batched and isinstance(source, np.ndarray):
            return (lambda x: x) if len(given) == 1 else lambda x: x.reshape(-1)
        if not self.batched:
            return lambda x: np.reshape(x, -1)
        if given == shape and self.arrays[0].ndim == 1:  # one number a sample
            return lambda x: x.reshape(1, -1)
        if given == self.arrays[0].shape:
            return lambda x: x.reshape(samples, -1).T
        if shape is not None and self.arrays[0].ndim == 1:
            return lambda x: np.broadcast_to(x, shape).reshape(1, -1)
        return lambda x: np.broadcast_to(np.reshape(x, (-1, 1)), (np.size(x), samples))

    def without_numbers(self) -> Argument:
        """The form alone, so that nothing large is kept."""
        source = self.source if self.module is not None else None
        return replace(self, arrays=[np.broadcast_to(np.zeros(()), array.shape) for array in self.arrays], source=source)

    def restore(self, numbers: Array) -> Any:
        """What `numbers` gave, in the form of the argument."""
        return self.restorer()(numbers)

    def restorer(self) -> Callable[[Array], Any]:
        """What does as `restore` for all arguments of this form."""
        if isinstance(self.source, Parameters):
            return lambda numbers: numbers
        if self.module is not None:
            module, batched = self.module, self.batched
            return lambda numbers: dict(zip(module, numbers if batched else numbers.tolist(), strict=True))
        build, shapes = self.build, [array.shape[self.batched :] for array in self.arrays]
        ends = np.cumsum([0, *map(math.prod, shapes)]).tolist()
        cuts = [(slice(start, end), shape) for (start, end), shape in zip(pairwise(ends), shapes, strict=True)]
        if self.batched:
            return lambda numbers: build([numbers[cut].T.reshape(-1, *shape) for cut, shape in cuts])
        if len(shapes) == 1 and build(self.arrays) is self.arrays[0]:  # a single array or number, which most are: quicker
            shape = shapes[0]
            if len(shape) == 1:
                return lambda numbers: numbers
            return (lambda numbers: numbers.reshape(shape)) if shape else lambda numbers: float(numbers[0])
        return lambda numbers: build([numbers[cut].reshape(shape) if shape else float(numbers[cut][0]) for cut, shape in cuts])

    def for_each(self, samples: int) -> Argument:
        """The same argument as one of its own for each sample."""
        if self.batched:
            return self
        return replace(self, arrays=[np.broadcast_to(array, (samples, *array.shape)) for array in self.arrays], batched=True)


def form_of(args: Sequence[Any]) -> tuple[Any, ...] | None:
    """What tells the form of arguments, where that is quick to say: of numbers, arrays, trees of arrays, and `Parameters`."""
    found: list[Any] = []
    for x in args:
        if type(x) is np.ndarray and (x.dtype is FLOAT64 or x.dtype == FLOAT64):
            found.append(x.shape)
        elif type(x) is float:
            found.append(float)
        elif type(x) is Parameters:
            found.append((x, *[m.training for m in x.modules]))
        else:
            branches = form_of([*x.values()] if type(x) is dict else x) if type(x) in (dict, list, tuple) and x else None
            if branches is None or (type(x) is list and float in branches):  # a list of numbers may be an array
                return None
            found.append((type(x), tuple(x) if type(x) is dict else None, branches))
    return tuple(found)


def leaves_of(tree: Any) -> list[Any]:
    """The arrays of a tree of arrays, or of `Parameters`."""
    if not isinstance(tree, (list, tuple, dict)):
        return [tree.array if isinstance(tree, Parameters) else tree]
    found: list[Any] = []
    for branch in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(branch, (list, tuple, dict, Parameters)):
            found += leaves_of(branch)
        else:
            found.append(branch)
    return found


def as_argument(name: str, source: Any, batched: bool) -> Argument:
    """What was passed for one argument.

    Raises:
        InputError: something in it is no number; or it is a module, and batched.
    """
    if isinstance(source, Parameters):
        return Argument(name, [], lambda new: source, [], False, {}, source)
    if hasattr(source, "named_parameters"):
        if batched:
            raise InputError(f"{name} is a module, whose parameters are the same for all samples: give it None in in_axes")
        return Argument(name, [], lambda new: source, [], False, dict(source.named_parameters()), source)
    arrays, build = split(source, name)
    if any(array.dtype == object for array in arrays):
        raise InputError(
            f"{name} holds Values: derivatives of compiled functions are of numbers and arrays. For those of Values there is "
            "autograd.value_and_grad(f), also within a function that is being recorded"
        )
    if batched and not all(array.ndim for array in arrays):
        raise InputError(
            f"{name} has the batch axis 0 in in_axes, but is a single number: pass an array with one element a sample, or None"
        )
    return Argument(name, arrays, build, _are_lists(source), batched, None, source)


def _names(tree: Any, name: str) -> list[str]:
    """What to call the arrays of a tree: by the keys of dicts, and by the name and the number where there are several."""
    if isinstance(tree, dict):
        return [x for key, branch in tree.items() for x in _names(branch, str(key))]
    if isinstance(tree, (tuple, list)):
        return [x for i, branch in enumerate(tree) for x in _names(branch, f"{name}{i}")]
    return [name]


def _are_lists(tree: Any) -> list[bool]:
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in _are_lists(branch)]
    if isinstance(tree, tuple) or (isinstance(tree, list) and not _is_rectangular(tree)):
        return [x for branch in tree for x in _are_lists(branch)]
    return [isinstance(tree, list)]
