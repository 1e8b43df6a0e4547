"""Loaded code with the places of its arguments in storage, and conditions in storage: what branches and stretches of decisions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.api.arguments import Array
from autograd.compiled.api.recorded import Recorded
from autograd.compiled.backends.contract import Backend, Executable, Storage, Violation
from autograd.compiled.ir import Index, index_of
from autograd.compiled.pipeline import lower
from autograd.compiled.stages import Tape
from autograd.value import Value

Bools = npt.NDArray[np.bool_]

Place = tuple[bool, int]
"""Whether a number is batched, and its place in storage."""


@dataclass(frozen=True)
class Check:
    """A guard in storage.

    Attributes:
        condition: the place of the condition.
        truth: its truth while the function was recorded.
        line: the line of the `if`.
        mask: the place of a number that is 0 where the guard does not matter; None if it always does.
    """

    condition: Place
    truth: bool
    line: str
    mask: Place | None


class Checks:
    """Guards in storage, which are read together."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._count = len(checks)
        self._truths = np.array([[check.truth] for check in checks], dtype=bool).reshape(-1, 1)
        self._conditions = _split([(k, check.condition) for k, check in enumerate(checks)])
        self._all_batched = all(check.condition[0] for check in checks)
        self._masks = _split([(k, check.mask) for k, check in enumerate(checks) if check.mask is not None])

    def hold(self, data: Storage) -> Bools:
        """A row for each guard, and a column for each sample: whether the condition has the truth that was recorded."""
        same: Bools = self._read(data, self._conditions) == self._truths
        return same

    def matter(self, data: Storage) -> Bools | None:
        """In the same form, whether the guard matters; None if all of them always do."""
        return self._read(data, self._masks) if self._masks else None

    def all_hold(self, data: Storage) -> Bools:
        """For which samples all guards that matter hold."""
        if not self._count:
            return np.ones(data.samples, dtype=bool)
        ok, matter = self.hold(data), self.matter(data)
        every: Bools = np.logical_and.reduce(ok if matter is None else ok | ~matter, axis=0)
        return every

    def _read(self, data: Storage, where: list[tuple[bool, Index, Index]]) -> Bools:
        """Whether numbers are not 0; True for guards that have none."""
        if self._all_batched and where is self._conditions:  # the most frequent case
            rows: Bools = data.take(where[0][2]) != 0.0
            return rows
        rows = np.full((self._count, data.samples), True)
        for batched, guards, places in where:
            rows[guards] = data.take(places) != 0.0 if batched else (data.shared[places] != 0.0)[:, None]
        return rows


def _split(at: list[tuple[int, Place]]) -> list[tuple[bool, Index, Index]]:
    """Batched places and shared ones apart: for either kind the guards, and the places of their numbers."""
    kinds = [(batched, [(k, place[1]) for k, place in at if place[0] == batched]) for batched in (True, False)]
    return [(batched, index_of([k for k, _ in own]), index_of([place for _, place in own])) for batched, own in kinds if own]


@dataclass(frozen=True, repr=False)
class Loaded:
    """Code that a backend has loaded, and the places of its arguments.

    Attributes:
        tape: the result of `trace`.
        executable: the code, loaded by a backend.
        inputs: for each argument, which of its numbers the program needs, and their places; slices where possible.
        captured: Values that the function refers to, which are read at each run, and their places.
    """

    tape: Tape
    executable: Executable
    inputs: list[tuple[Index, Index]]
    captured: list[tuple[Value, int]]

    def storage(self, numbers: Sequence[Array], samples: Any, size: int) -> Storage:
        """Storage with the arguments of some samples.

        Args:
            numbers: the numbers of each argument of the call, as `Argument.numbers` returns them.
            samples: the indices of the samples, or a slice of all of them.
            size: the number of all samples.
        """
        whole = isinstance(samples, slice)
        data = self.executable.storage(size if whole else len(samples))
        for own, (used, places) in zip(numbers, self.inputs, strict=True):
            if own.ndim == 1:
                data.shared[places] = own[used]
            else:
                data.put(places, own[used] if whole else columns_of(own, used, samples))
        for value, place in self.captured:
            data.shared[place] = value._data
        return data

    def run(self, numbers: Sequence[Array], samples: Any, size: int) -> tuple[Storage, list[Violation]]:
        """Compute the results for some of the samples. For the arguments see `storage`.

        Returns:
            The storage with all numbers, and the instructions that left their domain.
        """
        data = self.storage(numbers, samples, size)
        return data, self.executable.forward(data)


def columns_of(numbers: Array, used: Index, samples: Any) -> Array:
    """The numbers of some samples, without a copy of those of all samples."""
    if isinstance(used, slice) or isinstance(samples, slice):
        columns: Array = numbers[used][:, samples]
    else:
        columns = numbers[used[:, None], samples]
    return columns


Where = Callable[[Value], Place]
"""The place of a node in storage."""


def loaded(
    backend: Backend, recorded: Recorded, tape: Tape, chosen: Sequence[int], own: Sequence[Value]
) -> tuple[Loaded, Where, list[int], list[int]]:
    """Compile a tape of a recording.

    Args:
        backend: loads the code.
        recorded: the recording.
        tape: some of its nodes.
        chosen: the indices of the arguments with respect to which to differentiate.
        own: leaves that are neither arguments nor read from outside.

    Returns:
        The loaded code; the places of nodes; the rows of the leaves whose derivatives are wanted; and those of all arguments.
    """
    row = tape.ends()
    rows = [np.array([*map(row.get, leaves, repeat(-1))], dtype=np.intp) for leaves in recorded.variables]  # -1 where it is not read
    needed = [of_argument[of_argument >= 0].tolist() for of_argument in rows]
    wanted = [i for k in chosen for i in needed[k]]
    first = [i for of_argument in needed for i in of_argument]
    code = lower(tape, wanted, first)
    inputs = []
    for of_argument in rows:
        used = np.flatnonzero(of_argument >= 0)
        used = used[code.place[of_argument[used]] >= 0]
        inputs.append((index_of(used.tolist()), index_of(code.place[of_argument[used]].tolist())))
    is_own = np.zeros(len(tape.nodes), dtype=bool)
    is_own[[*first, *[row[leaf] for leaf in own if leaf in row]]] = True
    captured = [(tape.nodes[i], int(code.place[i])) for i in tape.leaves() if not is_own[i] and code.place[i] >= 0]

    def place(node: Value) -> Place:
        return tape.batched[row[node]], int(code.place[row[node]])

    return Loaded(tape, backend.load(code), inputs, captured), place, wanted, first
