"""Calls of a compiled function like an earlier one: where the numbers of the arguments go, and come from, is known.

What is left of a call is to copy them, to run the program, and to copy results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.compiled.api.arguments import Argument, Array
from autograd.compiled.api.branch import Branch
from autograd.compiled.api.in_axes import Batch
from autograd.compiled.api.remembered import Item
from autograd.compiled.backends.contract import Storage
from autograd.compiled.ir import Index

OF_SHORTCUT, OF_ARGUMENT, OF_ARRAY, OF_NUMBER = 4000, 1300, 400, 8
"""The approximate number of bytes of a shortcut, and what each argument, each array of one, and each number in storage adds."""

SMALL = 100_000
"""Storage of so many numbers is kept for the next call."""


class Shortcut:
    """A call whose arguments have the form of those of an earlier one: where their numbers go is known.

    Only for calls in which all samples took one branch.

    Attributes:
        arguments: of the earlier call, without their numbers.
        batch, branch: the samples, and the program for them.
        is_small: whether its storage is kept for the next call.
        group: what the branch is remembered with.
        memory, was_used, last_use, is_remembered: see `remembered.Item`.
    """

    def __init__(self, leaves: Sequence[list[Any]], arguments: list[Argument], batch: Batch, branch: Branch, group: Item) -> None:
        self.group = group
        self.was_used, self.last_use, self.is_remembered = True, 0, True
        self.arguments = [argument.without_numbers() for argument in arguments]
        self.batch = batch
        self.branch = branch
        self._spare: list[Storage] = []
        numbers = branch.code.shared + branch.code.batched * batch.size
        self.is_small = numbers < SMALL
        self.memory = OF_SHORTCUT + OF_ARGUMENT * len(leaves) + OF_ARRAY * sum(map(len, leaves)) + OF_NUMBER * numbers * self.is_small
        self._loads = [
            (i, _loader(argument, own, batch, *where))
            for i, (argument, own, where) in enumerate(zip(arguments, leaves, branch.inputs, strict=True))
        ]
        by_argument = [
            _arrays_of(argument, own, batch, *where) for argument, own, where in zip(arguments, leaves, branch.inputs, strict=True)
        ]
        self._at_once = branch.executable.plan([x for arrays in by_argument for x in arrays])
        self._together = [i for i, arrays in enumerate(by_argument) if arrays]
        self._others = [(i, load) for i, load in self._loads if i not in self._together]

    def run(self, leaves: Sequence[list[Any]], lent: bool = False) -> Storage | None:
        """What the program computes; None where it leaves a domain, or its branch.

        Args:
            leaves: those of each argument, as `form_of` gives them.
            lent: whether arrays may be read where they are, as they will not change until the storage is given back.
        """
        branch, executable = self.branch, self.branch.executable
        data = _one_of(self._spare) or executable.storage(self.batch.size)
        rest = self._loads
        if self._at_once is not None and self._at_once(data, [leaf for i in self._together for leaf in leaves[i]], lent):
            rest = self._others
        for i, load in rest:
            load(leaves[i], data)
        for value, place in branch.captured:
            data.shared[place] = value._data
        if executable.forward(data) or (branch.checks and not branch.holds(data).all()):
            return None
        self.was_used = self.group.was_used = True
        return data

    def give_back(self, data: Storage) -> None:
        """Storage that nobody looks at any more serves the next call."""
        data.give_back()
        if self.is_small and not self._spare:
            self._spare.append(data)


def _one_of(spare: list[Storage]) -> Storage | None:
    """Storage that is not in use; None where there is none, also as another thread was quicker."""
    try:
        return spare.pop()
    except IndexError:
        return None


def _loader(argument: Argument, leaves: list[Any], batch: Batch, used: Index, places: Index) -> Callable[[list[Any], Storage], None]:
    """What copies the numbers of such an argument to their places."""
    whole = _is_whole(argument, used)
    if whole and isinstance(places, slice) and not argument.batched and argument.module is None:
        # number by number or array by array, without an array of all of them
        cuts = [slice(start, end) for start, end in _cuts(leaves, places.start)]

        def load_parts(x: list[Any], data: Storage) -> None:
            shared = data.shared
            for leaf, cut in zip(x, cuts, strict=True):
                shared[cut] = leaf if type(leaf) is float else leaf.reshape(-1)

        return load_parts
    if whole and isinstance(places, slice) and _is_one_a_sample(argument, leaves, batch):
        row = places.start

        def load_row(x: list[Any], data: Storage) -> None:
            data.put(row, x[0])

        return load_row
    read, batched = argument.reader(leaves, batch.size, batch.shape), argument.batched

    def load(x: list[Any], data: Storage) -> None:
        numbers = read(x) if whole else read(x)[used]
        if batched:
            data.put(places, numbers)
        else:
            data.shared[places] = numbers

    return load


def _arrays_of(argument: Argument, leaves: list[Any], batch: Batch, used: Index, places: Index) -> list[tuple[bool, int, int]]:
    """The arrays of the argument for `Executable.plan`; none where not all of it are arrays that are used as they come."""
    if not (_is_whole(argument, used) and isinstance(places, slice) and all(isinstance(leaf, np.ndarray) for leaf in leaves)):
        return []
    if argument.batched:
        by_sample = argument.build.kind is None and leaves[0].shape == argument.arrays[0].shape
        return [(True, places.start, argument.count)] if by_sample or _is_one_a_sample(argument, leaves, batch) else []
    return [(False, start, end - start) for start, end in _cuts(leaves, places.start)]


def _cuts(leaves: list[Any], start: int) -> list[tuple[int, int]]:
    """From where to where the numbers of each array are, from a place on."""
    return list(pairwise(np.cumsum([start, *map(np.size, leaves)]).tolist()))


def _is_one_a_sample(argument: Argument, leaves: list[Any], batch: Batch) -> bool:
    """Whether it is an array of one number for each sample."""
    return argument.batched and argument.count == 1 and len(leaves) == 1 and getattr(leaves[0], "shape", None) == (batch.size,)


def _is_whole(argument: Argument, used: Index) -> bool:
    """Whether all numbers of the argument are used."""
    return isinstance(used, slice) and used == slice(0, argument.count)


class Derivative:
    """The same for `value_and_grad`: also how the value and the gradients are given back is known.

    Args:
        shortcut: for the values.
        chosen, weight: with respect to which arguments to differentiate, and the gradient of the first result, which is a number.
        value: of the arrays of the results the value that is given back; None where that is their one number.
        restore: for each of the chosen what gives its gradient the form that is given back.
        single: whether it stands alone, not in a tuple.
        as_rows: whether all gradients are given back as they are in storage, an array of one number for each sample.
    """

    def __init__(
        self,
        shortcut: Shortcut,
        chosen: Sequence[int],
        weight: float,
        value: Callable[[list[Array]], Any] | None,
        restore: list[Callable[[Array], Any]],
        single: bool,
        as_rows: bool,
    ) -> None:
        self.shortcut, self._value, self._single = shortcut, value, single
        self.memory, self.was_used, self.last_use, self.is_remembered = shortcut.memory, True, 0, True
        code, size = shortcut.branch.code, shortcut.batch.size
        self._seed = shortcut.branch.outputs[0].as_seed(weight, size)
        # few gradients are copied, so that the storage of all can be used again; it would also live as long as they do
        taken = sum([argument.count * (size if argument.batched else 1) for argument in (shortcut.arguments[i] for i in chosen)])
        self._copies = shortcut.is_small and 4 * taken < code.shared + code.batched * size
        self._spare: list[Storage] = []
        self._takes = [
            _taker(shortcut.arguments[i], *shortcut.branch.inputs[i], size, of_argument, self._copies)
            for i, of_argument in zip(chosen, restore, strict=True)
        ]
        self._block: slice | None = None  # of all gradients, where they are rows side by side: quicker than one after the other
        starts = [places.start if isinstance(places, slice) else -1 for places in (shortcut.branch.inputs[i][1] for i in chosen)]
        if as_rows and len(chosen) > 1 and starts[0] >= 0 and starts == [*range(starts[0], starts[0] + len(chosen))]:
            self._block = slice(starts[0], starts[0] + len(chosen))

    def run(self, leaves: Sequence[list[Any]]) -> tuple[Any, Any] | None:
        """The value and the gradients; None where the program leaves a domain, or its branch."""
        shortcut = self.shortcut
        branch, data = shortcut.branch, shortcut.run(leaves, lent=True)
        if data is None:
            return None
        self.was_used = True
        spare = _one_of(self._spare) if self._copies else None
        grads = branch.executable.gradients(shortcut.batch.size, self._seed, spare)
        branch.executable.backward(data, grads)
        if self._single:
            gradients = self._takes[0](grads)
        elif self._block is not None:
            block = grads.batched[self._block]
            gradients = tuple(block.copy() if self._copies else block)
        else:
            gradients = tuple([take(grads) for take in self._takes])
        if self._copies and not self._spare:
            self._spare.append(grads)
        value = branch.outputs[0].number(data) if self._value is None else self._value(branch.results(data))
        shortcut.give_back(data)
        return value, gradients


def _taker(
    argument: Argument, used: Index, places: Index, size: int, restore: Callable[[Array], Any], copies: bool
) -> Callable[[Storage], Any]:
    """What takes the gradient with respect to an argument from its places; `copies`: so that these can be used again."""
    batched, count = argument.batched, argument.count
    if _is_whole(argument, used):
        if copies:
            return lambda grads: restore((grads.batched if batched else grads.shared)[places].copy())
        return lambda grads: restore((grads.batched if batched else grads.shared)[places])

    def take(grads: Storage) -> Any:
        whole = np.zeros((count, size) if batched else count)
        whole[used] = (grads.batched if batched else grads.shared)[places]
        return restore(whole)

    return take
