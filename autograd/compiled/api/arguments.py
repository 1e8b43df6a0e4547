"""Arguments of compiled functions: callers pass nested lists, dicts and arrays, and programs read flat arrays of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd._runtime.bulk import numbers_of, set_numbers
from autograd._runtime.coercion import real, refuse_masked
from autograd.compiled.floating_errors import quietly
from autograd.errors import InputError
from autograd.trees import LEAF, NONE, Form, branches_of, names_of, of_branches
from autograd.value import Value

Array = npt.NDArray[Any]

FLOAT64 = np.dtype(np.float64)
"""The object that nearly all arrays of this type share, so that `is` usually suffices."""


def split(tree: Any, name: str) -> tuple[list[Array], Form]:
    """The arrays of a tree, and its form, which builds the same tree of other arrays.

    Dicts and tuples are inner nodes. So are lists, unless all of their elements have one shape: such a list is an array. A number is an
    array without axes; None has no arrays.

    Args:
        tree: an argument or a result of a compiled function.
        name: its name in messages.

    Raises:
        InputError: a leaf is not a number.
    """
    if tree is None:
        return [], NONE
    if isinstance(tree, (dict, tuple)) or (isinstance(tree, list) and not _is_rectangular(tree)):
        names = [f"{name}[{key!r}]" for key in (tree if isinstance(tree, dict) else range(len(tree)))]
        parts = [split(branch, own) for branch, own in zip(branches_of(tree), names, strict=True)]
        return [array for arrays, _ in parts for array in arrays], of_branches(tree, [form for _, form in parts])
    return [_array(tree, name)], LEAF


def snapshot(tree: Any) -> Any:
    """A copy of the dicts, lists and tuples of the tree, because another thread may change them during the call."""
    if type(tree) is list:
        return [snapshot(branch) for branch in tree]
    if type(tree) is tuple:
        return tuple([snapshot(branch) for branch in tree])
    if isinstance(tree, (dict, list, tuple)):
        branches = branches_of(tree)
        return of_branches(tree, [LEAF] * len(branches))([snapshot(branch) for branch in branches])
    return tree


def _is_rectangular(items: list[Any]) -> bool:
    """Whether all elements are numbers, or lists of one shape."""
    if any(item is None for item in items):
        return False
    if not any(isinstance(item, (list, tuple, dict)) or getattr(item, "ndim", 0) for item in items):
        return True
    if not all(isinstance(item, list) for item in items):
        return False
    return len({np.shape(np.array(item, dtype=object)) for item in items}) == 1 and all(map(_is_rectangular, items))


def _array(leaf: Any, name: str) -> Array:
    refuse_masked(leaf)
    array = np.array(leaf, dtype=object) if isinstance(leaf, Value) else np.asarray(leaf)
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    try:
        if array.dtype.kind == "O":  # other kinds of numbers are converted one by one; Values stay Values
            numbers = [x if isinstance(x, Value) else real(x) for x in array.flat]
            is_plain = not any(isinstance(x, Value) for x in numbers)
            flat = np.empty(len(numbers), dtype=np.float64 if is_plain else object)
            flat[:] = numbers
            return flat.reshape(array.shape)
        real(array.flat[0].item() if array.size else "")
        raise InputError(f"{array.dtype} is not a type of real numbers")
    except InputError as error:
        raise InputError(f"{name} must be a number, or numbers in arrays, lists, tuples and dicts: {error}") from None


def has_values(tree: Any) -> bool:
    """Whether the tree contains a Value."""
    if isinstance(tree, dict):
        return any(map(has_values, tree.values()))
    if isinstance(tree, (list, tuple)):
        return any(map(has_values, tree))
    if isinstance(tree, np.ndarray):
        return tree.dtype == object and any(isinstance(x, Value) for x in tree.flat)
    return isinstance(tree, Value)


def elsewhere(numbers: Array, first: int = 0) -> Array:
    """Other numbers of similar size, all changed differently, for the second recording of a function."""
    parts = (np.arange(first + 1.0, first + 1.0 + numbers.size) * 0.6180339887498949 % 1.0).reshape(numbers.shape)
    return quietly(lambda: numbers * (1.0625 + 0.25 * parts) + (0.6875 + 0.25 * parts))


class Parameters:
    """The parameters of a module, for training. One array holds their numbers in place of their `.data`.

    It is passed to a compiled function instead of the module. The gradient is an array in the same order.
    """

    def __init__(self, module: Any, values: Sequence[Value]) -> None:
        self.module = module
        self.modules = list(module.modules())  # found once, because each call looks at their modes
        self.values = list(values)
        self.array = np.zeros(0)
        self.read()

    def read(self) -> None:
        """Copy the numbers of the Values to the array."""
        self.array = np.array(numbers_of(self.values))

    def write(self) -> None:
        """Copy the numbers of the array to the Values."""
        set_numbers(self.values, self.array.tolist())


@dataclass(frozen=True)
class Argument:
    """An argument of one call.

    Attributes:
        name: the name of the parameter.
        arrays: its numbers. Batched ones have the samples as their first axis.
        build: the form of the tree, which puts arrays in their places.
        lists: for each array, whether a list was passed, so that the function receives a list.
        batched: whether it differs from sample to sample.
        module: if it is a module, its parameters by name; the function then reads these Values.
        source: the object that was passed.
        whole: whether the function gets all of an array, although arrays are broadcast.
    """

    name: str
    arrays: list[Array]
    build: Form
    lists: list[bool]
    batched: bool
    module: dict[str, Value] | None
    source: Any
    whole: bool = False

    @cached_property
    def count(self) -> int:
        """The number of numbers, for each sample."""
        if isinstance(self.source, Parameters):
            return self.source.array.size
        if self.module is not None:
            return len(self.module)
        return sum([math.prod(array.shape[self.batched :]) for array in self.arrays])

    @property
    def is_number(self) -> bool:
        """Whether it is a single number, the same for all samples."""
        is_array = self.module is None and self.build is LEAF and not self.batched and not isinstance(self.source, Parameters)
        return is_array and self.arrays[0].shape == ()

    @property
    def form(self) -> Any:
        """The form of the tree and the shapes of its arrays, which the tangent of `jvp` must have too."""
        return self.build, tuple([array.shape for array in self.arrays])

    @property
    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """The name of each array, and its shape for one sample."""
        names = names_of(self.build, self.name)
        return [(name, array.shape[self.batched :]) for name, array in zip(names, self.arrays, strict=True)]

    @property
    def described(self) -> str:
        """Its form in words: containers, and for each array its shape for one sample, behind `n` where there are samples."""
        if self.module is not None:
            module = self.source.module if isinstance(self.source, Parameters) else self.source
            return f"{self.name}: {type(module).__name__} in {'training' if module.training else 'evaluation'} mode"
        texts = []
        for (_, shape), is_list in zip(self.shapes, self.lists, strict=True):
            sizes = [*(["n"] if self.batched else []), *map(str, shape)]
            texts.append(_Text(f"{'list' if is_list else 'array'}[{', '.join(sizes)}]" if sizes else "number"))
        return f"{self.name}: {self.build(texts)!r}"

    @property
    def key(self) -> Any:
        """The form, on which a specialisation depends, without the numbers."""
        return *self.sample_form, self.batched

    @property
    def sample_form(self) -> tuple[Any, ...]:
        """The form for one sample."""
        if isinstance(self.source, Parameters):
            return self.source, tuple([m.training for m in self.source.modules])
        if self.module is not None:
            return tuple(self.module.values()), tuple([m.training for m in self.source.modules()])
        shapes = tuple([array.shape[self.batched :] for array in self.arrays])
        return self.build, shapes, tuple(self.lists)

    def variables(self, sample: int, moved: bool = False) -> tuple[list[Value], Any]:
        """New leaves with the numbers of one sample: as a flat list, and in the form that the function receives.

        Args:
            sample: the index of the sample.
            moved: whether to change the numbers, all differently.
        """
        if isinstance(self.source, Parameters):
            self.source.write()  # the numbers decide which branch is recorded, and appear in errors
            return self.source.values, self.source.module
        if self.module is not None:
            return list(self.module.values()), self.source
        flat: list[Value] = []
        seen: list[Any] = []
        for name, array, as_list in zip(names_of(self.build, self.name), self.arrays, self.lists, strict=True):
            numbers = array[sample] if self.batched else array
            if moved:
                numbers = elsewhere(numbers, len(flat))
            leaves = [Value(x, label=f"{name}{list(i) if i else ''}") for i, x in np.ndenumerate(numbers)]
            flat += leaves
            if numbers.ndim == 0:
                seen.append(leaves[0])
            else:
                objects = np.empty(numbers.shape, dtype=object)
                objects.ravel()[:] = leaves
                seen.append(objects.tolist() if as_list else objects)
        return flat, self.build(seen)

    def sample(self, i: int) -> Any:
        """The numbers, or Values, of one sample, in the form that the function receives."""
        if self.module is not None:
            return self.source
        parts = [array[i] if self.batched else array for array in self.arrays]
        seen = [
            part.tolist() if as_list else part.item() if isinstance(part, np.ndarray) and not part.ndim else part
            for part, as_list in zip(parts, self.lists, strict=True)
        ]
        return self.build(seen)

    def numbers(self, samples: int) -> Array:
        """The numbers in the order of `variables`: one axis; or, if it is batched, two, with one column for each sample."""
        if isinstance(self.source, Parameters):
            return self.source.array
        if self.module is not None:
            numbers = np.array(numbers_of([*self.module.values()]))
            return np.broadcast_to(numbers[:, None], (len(numbers), samples)) if self.batched else numbers
        parts = [array.reshape(len(array), -1).T if self.batched else array.ravel() for array in self.arrays]
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.zeros((0, samples)[: 1 + self.batched])

    def reader(self, leaves: list[Any], samples: int, shape: tuple[int, ...] | None) -> Callable[[list[Any]], Array]:
        """A function that computes the `numbers` of other arguments of the same form from their leaves, which `form_of` returns.

        Args:
            leaves: the leaves of an argument of this form.
            samples: the number of samples.
            shape: the shape of the batch.
        """
        if isinstance(self.source, Parameters):
            return lambda x: x[0].array
        if self.build.kind is not None:
            shapes = [np.shape(leaf) for leaf in leaves]
            if self.batched and shapes == [array.shape for array in self.arrays]:
                return lambda x: np.concatenate([leaf.reshape(samples, -1).T for leaf in x])
            if self.batched:
                return lambda x: np.repeat(np.concatenate([np.reshape(leaf, -1) for leaf in x])[:, None], samples, axis=1)
            return lambda x: np.concatenate([np.reshape(leaf, -1) for leaf in x])
        given = np.shape(leaves[0])
        if not self.batched and isinstance(leaves[0], np.ndarray):
            return (lambda x: x[0]) if len(given) == 1 else lambda x: x[0].reshape(-1)
        if not self.batched:
            return lambda x: np.reshape(x[0], -1)
        if given == shape and self.arrays[0].ndim == 1:  # one number for each sample
            return lambda x: x[0].reshape(1, -1)
        if given == self.arrays[0].shape:
            return lambda x: x[0].reshape(samples, -1).T
        if shape is not None and self.arrays[0].ndim == 1:
            return lambda x: np.broadcast_to(x[0], shape).reshape(1, -1)
        return lambda x: np.broadcast_to(np.reshape(x[0], (-1, 1)), (np.size(x[0]), samples))

    def without_numbers(self) -> Argument:
        """The form alone, without large arrays."""
        source = self.source if self.module is not None else None
        return replace(self, arrays=[np.broadcast_to(np.zeros(()), array.shape) for array in self.arrays], source=source)

    def restore(self, numbers: Array) -> Any:
        """An array as `numbers` returns it, in the form of the argument."""
        return self.restorer()(numbers)

    def restorer(self) -> Callable[[Array], Any]:
        """The function `restore` for all arguments of this form."""
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
        if build is LEAF:  # a single array or number, the most frequent case
            shape = shapes[0]
            if len(shape) == 1:
                return lambda numbers: numbers
            return (lambda numbers: numbers.reshape(shape)) if shape else lambda numbers: float(numbers[0])
        return lambda numbers: build([numbers[cut].reshape(shape) if shape else float(numbers[cut][0]) for cut, shape in cuts])

    def for_each(self, samples: int) -> Argument:
        """The same argument, repeated for each sample."""
        if self.batched:
            return self
        return replace(self, arrays=[np.broadcast_to(array, (samples, *array.shape)) for array in self.arrays], batched=True)


class _Text:
    """A text that is its own `repr`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def form_of(args: Sequence[Any]) -> tuple[tuple[Any, ...] | None, list[list[Any]]]:
    """A key for the form of the arguments, and the leaves of each: arrays, numbers and `Parameters`. The key is None for unusual arguments.

    A call computes with these leaves rather than with the trees, because another thread may have changed the trees in the meantime.
    """
    forms: list[Any] = []
    leaves: list[list[Any]] = []
    for x in args:
        own: list[Any] = []
        forms.append(_form_of(x, own))
        if forms[-1] is None:
            return None, leaves
        leaves.append(own)
    return tuple(forms), leaves


def _form_of(x: Any, leaves: list[Any]) -> Any:
    kind = type(x)
    if kind is np.ndarray and (x.dtype is FLOAT64 or x.dtype == FLOAT64):
        leaves.append(x)
        return x.shape
    if kind is float:
        leaves.append(x)
        return float
    if kind is Parameters:
        leaves.append(x)
        return x, *[m.training for m in x.modules]
    if kind is dict:
        items = list(x.items())
        forms = [_form_of(branch, leaves) for _, branch in items]
        return None if None in forms or not items else (dict, tuple([(type(key), key) for key, _ in items]), tuple(forms))
    if kind is tuple or kind is list:
        forms = [_form_of(branch, leaves) for branch in list(x)]
        # a list of numbers may be an array
        return None if None in forms or not forms or (kind is list and float in forms) else (kind, None, tuple(forms))
    return None


def as_argument(name: str, source: Any, batched: bool, values: bool = False) -> Argument:
    """The argument for what was passed. `values` says whether it may contain Values.

    Raises:
        InputError: a leaf is not a number; or it is a module, and batched.
    """
    if isinstance(source, Parameters):
        return Argument(name, [], NONE, [], False, {}, source)
    if hasattr(source, "named_parameters"):
        if batched:
            raise InputError(f"{name} is a module, whose parameters are the same for all samples: write None for it in in_axes")
        return Argument(name, [], NONE, [], False, dict(source.named_parameters()), source)
    arrays, build = split(source, name)
    if not values and any(array.dtype == object for array in arrays):
        raise InputError(
            f"{name} contains Values, and a compiled function differentiates with respect to numbers and arrays: for Values write "
            "autograd.value_and_grad(f), also within a function that is being recorded"
        )
    if batched and not all(array.ndim for array in arrays):
        raise InputError(
            f"{name} has the batch axis 0 in in_axes, but is a single number: pass an array with one element for each sample, or write "
            "None for it in in_axes"
        )
    return Argument(name, arrays, build, _are_lists(source), batched, None, source)


def _are_lists(tree: Any) -> list[bool]:
    if tree is None:
        return []
    if isinstance(tree, (dict, tuple)) or (isinstance(tree, list) and not _is_rectangular(tree)):
        return [x for branch in branches_of(tree) for x in _are_lists(branch)]
    return [isinstance(tree, list)]
