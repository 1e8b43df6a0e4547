"""Shortcuts: calls of a compiled function with arguments of the same form as in an earlier call.

The places of all numbers are known, so such a call only copies the arguments, runs the program, and copies the results.
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
from autograd.trees import LEAF

OF_SHORTCUT, OF_ARGUMENT, OF_ARRAY, OF_NUMBER = 4000, 1300, 400, 8
"""The approximate number of bytes of a shortcut, and what each argument, each array of one, and each number in storage adds."""

SMALL, TINY = 100_000, 4_000
"""Storage of fewer numbers is kept for the next call. Fewer gradients than the second are copied, which is quicker than new storage."""


class Shortcut:
    """A call whose arguments have the same form as those of an earlier call, in which all samples took one branch.

    Attributes:
        arguments: those of the earlier call, without their numbers.
        batch, branch: the samples, and their program.
        is_small: whether storage is kept for the next call.
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
        self._is_number = batch.shape is None and branch.build is LEAF and branch.outputs[0].shape == ()
        self.memory = OF_SHORTCUT + OF_ARGUMENT * len(leaves) + OF_ARRAY * sum(map(len, leaves)) + OF_NUMBER * numbers * self.is_small
        self._loads = [_loader(argument, own, batch, *where) for argument, own, where in zip(arguments, leaves, branch.inputs, strict=True)]

    def run(self, leaves: Sequence[list[Any]], unchanging: bool = False) -> Storage | None:
        """Run the program. Returns the storage; None if a sample leaves the domain of an operation, or the branch.

        Args:
            leaves: the leaves of each argument, as `form_of` returns them.
            unchanging: whether the arrays will not change until the storage is given back, so that they need not be copied.
        """
        branch = self.branch
        data = self._loaded(leaves, unchanging)
        if branch.executable.forward(data) or not self._holds(data):
            return None
        return data

    def differentiate(self, leaves: Sequence[list[Any]], grads: Storage) -> Storage | None:
        """As `run`, and compute the gradients too. The arrays must not change meanwhile."""
        data = self._loaded(leaves, True)
        if self.branch.executable.differentiate(data, grads) or not self._holds(data):
            return None
        return data

    def _loaded(self, leaves: Sequence[list[Any]], unchanging: bool) -> Storage:
        """Storage with the numbers of the arguments."""
        data = _one_of(self._spare) or self.branch.executable.storage(self.batch.size)
        for load, own in zip(self._loads, leaves, strict=True):
            load(own, data, unchanging)
        for value, place in self.branch.captured:
            data.shared[place] = value._data
        return data

    def _holds(self, data: Storage) -> bool:
        """Whether all samples take the branch."""
        if self.branch.checks and not self.branch.holds(data).all():
            return False
        self.was_used = self.group.was_used = True
        return True

    def result(self, data: Storage) -> Any:
        """The result of a run, whose storage the next call may use again."""
        branch = self.branch
        if self._is_number:
            value: Any = branch.outputs[0].number(data)
        else:
            value = branch.build([self.batch.shaped(array) for array in branch.results(data)])
        self.give_back(data)
        return value

    def give_back(self, data: Storage) -> None:
        """Let the next call use the storage again."""
        data.give_back()
        if self.is_small and not self._spare:
            self._spare.append(data)


def _one_of(spare: list[Storage]) -> Storage | None:
    """Storage that is not in use; None if there is none, perhaps because another thread has just taken it."""
    try:
        return spare.pop()
    except IndexError:
        return None


Loader = Callable[[list[Any], Storage, bool], None]
"""A function that loads the leaves of an argument into storage. The bool says that they will not change: a copy is not needed."""


def _loader(argument: Argument, leaves: list[Any], batch: Batch, used: Index, places: Index) -> Loader:
    """A function that loads the numbers of such an argument to their places."""
    whole = _is_whole(argument, used)
    if whole and isinstance(places, slice) and not argument.batched and argument.module is None:
        # leaf by leaf, without an array of all numbers
        cuts = [
            start if type(leaf) is float else slice(start, end)
            for leaf, (start, end) in zip(leaves, _cuts(leaves, places.start), strict=True)
        ]

        def load_parts(x: list[Any], data: Storage, unchanging: bool) -> None:
            shared = data.shared
            for leaf, cut in zip(x, cuts, strict=True):
                shared[cut] = leaf if type(cut) is int else leaf.reshape(-1)

        return load_parts
    if whole and isinstance(places, slice) and _is_one_a_sample(argument, leaves, batch):
        row = places.start

        def load_row(x: list[Any], data: Storage, unchanging: bool) -> None:
            data.put(row, x[0], lend=unchanging)

        return load_row
    read, batched = argument.reader(leaves, batch.size, batch.shape), argument.batched

    def load(x: list[Any], data: Storage, unchanging: bool) -> None:
        numbers = read(x) if whole else read(x)[used]
        if batched:
            data.put(places, numbers, lend=unchanging)
        else:
            data.shared[places] = numbers

    return load


def _cuts(leaves: list[Any], start: int) -> list[tuple[int, int]]:
    """The range of places of each array, if they are placed one after the other from `start` on."""
    return list(pairwise(np.cumsum([start, *map(np.size, leaves)]).tolist()))


def _is_one_a_sample(argument: Argument, leaves: list[Any], batch: Batch) -> bool:
    """Whether the argument is an array with one number for each sample."""
    return argument.batched and argument.count == 1 and len(leaves) == 1 and getattr(leaves[0], "shape", None) == (batch.size,)


def _is_whole(argument: Argument, used: Index) -> bool:
    """Whether all numbers of the argument are used."""
    return isinstance(used, slice) and used == slice(0, argument.count)


class Derivative:
    """A shortcut for `value_and_grad`.

    Args:
        shortcut: the shortcut for the values.
        chosen: the indices of the arguments with respect to which to differentiate.
        weight: the gradient of the first result, which is a number.
        value: a function from the arrays of the results to the value; None if the value is their only number.
        restore: for each chosen argument, a function that puts its gradient in the form of the argument.
        single: whether to return the gradient alone, not in a tuple.
        as_rows: whether every gradient is an array with one number for each sample, as in storage.
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
        # if they are few, shared gradients are copied, as `take` does with batched ones: the storage can be used again
        count = sum([shortcut.arguments[i].count for i in chosen if not shortcut.arguments[i].batched])
        self._copies = shortcut.is_small and (4 * count < code.shared + code.batched * size or count < TINY)
        self._spare: list[Storage] = []
        self._readers = [
            _reader(shortcut.arguments[i], *shortcut.branch.inputs[i], shortcut.batch, of_argument, self._copies)
            for i, of_argument in zip(chosen, restore, strict=True)
        ]
        self._block: slice | None = None  # the rows of all gradients, if they are consecutive: one copy instead of many
        starts = [places.start if isinstance(places, slice) else -1 for places in (shortcut.branch.inputs[i][1] for i in chosen)]
        if as_rows and len(chosen) > 1 and starts[0] >= 0 and starts == [*range(starts[0], starts[0] + len(chosen))]:
            self._block = slice(starts[0], starts[0] + len(chosen))

    def run(self, leaves: Sequence[list[Any]]) -> tuple[Any, Any] | None:
        """The value and the gradients; None if a sample leaves the domain of an operation, or the branch."""
        shortcut = self.shortcut
        branch = shortcut.branch
        spare = _one_of(self._spare) if self._copies else None
        grads = branch.executable.gradients(shortcut.batch.size, self._seed, spare)
        data = shortcut.differentiate(leaves, grads)
        if data is None:
            return None
        self.was_used = True
        if self._single:
            gradients = self._readers[0](grads)
        elif self._block is not None:
            gradients = tuple(grads.take(self._block))
        else:
            gradients = tuple([read(grads) for read in self._readers])
        if self._copies and not self._spare:
            self._spare.append(grads)
        value = branch.outputs[0].number(data) if self._value is None else self._value(branch.results(data))
        shortcut.give_back(data)
        return value, gradients


def _reader(
    argument: Argument, used: Index, places: Index, batch: Batch, restore: Callable[[Array], Any], copies: bool
) -> Callable[[Storage], Any]:
    """A function that reads the gradient with respect to an argument; `copies` says whether it copies it, to free the storage."""
    batched, count = argument.batched, argument.count
    if batched and _is_whole(argument, used):
        return lambda grads: restore(grads.take(places))
    if _is_whole(argument, used) and isinstance(places, slice) and argument.is_number and batch.shape is None:
        place = places.start
        return lambda grads: grads.shared.item(place)
    if _is_whole(argument, used):
        return (lambda grads: restore(grads.shared[places].copy())) if copies else (lambda grads: restore(grads.shared[places]))

    def read(grads: Storage) -> Any:
        whole = np.zeros((count, batch.size) if batched else count)
        whole[used] = grads.take(places) if batched else grads.shared[places]
        return restore(whole)

    return read
