"""One way through a compiled function: its program, and where in storage the arguments, the results and the guards are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.arguments import Argument, Array, split
from autograd.compiled.execute import Seed, Storage
from autograd.compiled.executors import Executor
from autograd.compiled.layout import Index, Instruction, Layout, index_of, lay_out
from autograd.compiled.matrices import find_matrices
from autograd.compiled.record import Tape, collector_paused, record
from autograd.compiled.roll import roll
from autograd.errors import CompileError
from autograd.ops import CONSTANT
from autograd.recording import recording
from autograd.value import Value


@dataclass(frozen=True)
class Check:
    """A guard, found in storage: the condition, its truth while recording, the line that asked, and where it matters."""

    condition: tuple[bool, int]
    truth: bool
    line: str
    mask: tuple[bool, int] | None


class Output:
    """Where an array of the result is in storage.

    Attributes:
        shape: of the array, for one sample.
        batched, places: of each of its numbers, in their order, whether it is batched, and its place.
    """

    def __init__(self, shape: tuple[int, ...], found: list[tuple[bool, int]]) -> None:
        self.shape = shape
        self.batched = np.array([batched for batched, _ in found], dtype=bool)
        self.places = np.array([place for _, place in found], dtype=np.intp)
        self._of_batched, self._of_shared = (index_of(self.places[self.batched == kind].tolist()) for kind in (True, False))
        self._single = found[0] if shape == () else None
        self._all_batched = bool(self.batched.all())

    def read(self, data: Storage) -> Array:
        """The array, with the samples as its first axis."""
        n = data.batched.shape[1]
        if self._single is not None:  # as a loss is: quicker
            batched, place = self._single
            return data.batched[place].copy() if batched else data.shared[place : place + 1].repeat(n)
        if self._all_batched:
            array = data.batched[self._of_batched].T.copy()
        else:
            array = np.empty((n, self.places.size))
            array[:, self.batched] = data.batched[self._of_batched].T
            array[:, ~self.batched] = data.shared[self._of_shared]
        return array.reshape(n, *self.shape)

    def number(self, data: Storage) -> float:
        """A single number of a single sample."""
        assert self._single is not None
        batched, place = self._single
        return float(data.batched[place, 0] if batched else data.shared[place])

    def as_seed(self, number: float, samples: int) -> Seed:
        """The gradient of a single number, for all samples."""
        assert self._single is not None
        batched, place = self._single
        return batched, place, number if batched else number * samples

    def seed(self, grads: Storage, seed: Array | float) -> None:
        """Add to the gradients an array like that of `read`; or set that of a single number, for all samples; 0 says nothing to do."""
        if not isinstance(seed, float):
            seed = seed.reshape(len(seed), -1)
            np.add.at(grads.batched, self.places[self.batched], seed[:, self.batched].T)  # a number may be given back twice
            np.add.at(grads.shared, self.places[~self.batched], seed[:, ~self.batched].sum(axis=0))
        elif seed and self._single is not None:
            grads.set(*self.as_seed(seed, grads.batched.shape[1]))


@dataclass(frozen=True)
class Branch:
    """One way through the function: its program, and where its inputs and outputs are in storage.

    Attributes:
        tape, layout: the program.
        inputs: for each argument which of its numbers the program needs, and their places; slices, where they are that, are faster.
        captured: Values that the function refers to, which are read anew at each run, and their places.
        draws: places of the random numbers (-1 where the program does not need one), and what draws them.
        drawn: those that were drawn while recording, for the sample that was recorded; used up by the first run.
        checks: what must hold for a run.
        outputs: where the arrays of the result are.
        build: puts arrays into the form of the result.
    """

    tape: Tape
    layout: Layout
    inputs: list[tuple[Index, Index]]
    captured: list[tuple[Value, int]]
    draws: list[tuple[int, Callable[[], float]]]
    drawn: list[float]
    checks: list[Check]
    outputs: list[Output]
    build: Callable[[list[Any]], Any]

    @property
    def way(self) -> Any:
        """Which way it is: the answers to all that was asked."""
        return [(check.line, check.truth) for check in self.checks], len(self.tape.nodes)

    def run(
        self, executor: Executor, arguments: Sequence[Argument], samples: Any, size: int, again: Array | None = None
    ) -> tuple[Storage, list[tuple[Instruction, Any]]]:
        """Compute the results for some of the samples. Returns what was computed, and where it left a domain.

        `again`: the batched numbers of an earlier run for these samples, whose random numbers are kept.
        """
        n = size if isinstance(samples, slice) else len(samples)
        data = executor.storage(self.layout, n)
        for argument, (used, places) in zip(arguments, self.inputs, strict=True):
            numbers = argument.numbers(size)[used]
            if argument.batched:
                data.put(places, numbers[:, samples])
            else:
                data.shared[places] = numbers
        for value, place in self.captured:
            data.shared[place] = value.data
        if again is not None:
            kept = [place for place, _ in self.draws if place >= 0]
            data.batched[kept] = again[kept]
        for sample in range(
            n if self.draws and again is None else 0
        ):  # a sample draws all of its numbers before the next one does, as in eager code
            for place, sampler in self.draws:
                number = self.drawn.pop(0) if self.drawn else sampler()
                if place >= 0:
                    data.batched[place, sample] = number
        return data, executor.forward(self.layout, data)

    def holds(self, data: Storage) -> npt.NDArray[np.bool_]:
        """For which samples the run went the recorded way."""
        ok = np.ones(data.batched.shape[1], dtype=bool)
        for check in self.checks:
            same = (_at(data, check.condition) != 0.0) == check.truth
            ok &= same if check.mask is None else same | (_at(data, check.mask) == 0.0)
        return ok

    def results(self, data: Storage) -> list[Array]:
        """The arrays of the result, with the samples as their first axis."""
        return [output.read(data) for output in self.outputs]

    def seed(self, grads: Storage, seeds: Sequence[Array | float]) -> None:
        """Set the gradients of the results, to what `Output.seed` takes."""
        for output, seed in zip(self.outputs, seeds, strict=True):
            output.seed(grads, seed)


def _at(data: Storage, place: tuple[bool, int]) -> Any:
    batched, i = place
    return data.batched[i] if batched else data.shared[i]


@collector_paused()
def record_branch(f: Callable[..., Any], arguments: Sequence[Argument], sample: int, chosen: tuple[int, ...]) -> Branch:
    """Run the function once, on Values that stand for the numbers of one sample, and keep what it did."""
    with recording() as heard:
        variables, seen = zip(*[argument.variables(sample) for argument in arguments], strict=True) if arguments else ((), ())
        try:
            result = f(*seen)
        except (AttributeError, TypeError) as error:
            error.add_note(_as_seen(arguments, seen))
            raise
        arrays, build = split(result, "the result")
        outputs = [[x if isinstance(x, Value) else Value(x, CONSTANT) for x in array.flat] for array in arrays]
        batched = [leaf for argument, leaves in zip(arguments, variables, strict=True) if argument.batched for leaf in leaves]
        drawn = {leaf for leaf, _ in heard.draws}
        varying = {*batched, *drawn}
        checked = [guard.node for guard in heard.guards]
        checked += [guard.mask for guard in heard.guards if guard.mask is not None]
        roots = [x for array in outputs for x in array] + checked
        tape = record(roots or [Value(0.0, CONSTANT)], varying, heard)
    row = tape.rows()
    random = {row[leaf] for leaf in drawn if leaf in row}
    for i, sources in enumerate(tape.inputs) if random and checked else ():
        if not random.isdisjoint(sources):
            random.add(i)
    for guard in heard.guards if random else ():
        if row[guard.node] in random:
            raise CompileError(f"a branch depends on a random number: {guard.line}. Write where(condition, a, b) for it")
    wanted = [row[leaf] for i in chosen for leaf in variables[i] if leaf in row]
    first = [row[leaf] for leaves in variables for leaf in leaves if leaf in row]
    layout = lay_out(tape, find_matrices(roll(tape)), wanted, first)

    def place(node: Value) -> tuple[bool, int]:
        return tape.batched[row[node]], int(layout.place[row[node]])

    inputs = []
    for leaves in variables:
        used = [i for i, leaf in enumerate(leaves) if leaf in row and layout.place[row[leaf]] >= 0]
        places = [place(leaves[i])[1] for i in used]
        inputs.append((index_of(used), index_of(places)))
    own = {leaf for leaves in variables for leaf in leaves} | {leaf for leaf, _ in heard.draws}
    return Branch(
        tape,
        layout,
        inputs,
        [(tape.nodes[i], int(layout.place[i])) for i in tape.leaves() if tape.nodes[i] not in own and layout.place[i] >= 0],
        [(place(leaf)[1] if leaf in row else -1, sampler) for leaf, sampler in heard.draws],
        [leaf._data for leaf, _ in heard.draws],
        [Check(place(g.node), g.truth, g.line, None if g.mask is None else place(g.mask)) for g in heard.guards],
        [Output(array.shape, [place(x) for x in found]) for found, array in zip(outputs, arrays, strict=True)],
        build,
    )


def _as_seen(arguments: Sequence[Argument], seen: Sequence[Any]) -> str:
    """What the arguments were for the function, which may have expected something else."""
    numbers = [argument for argument, x in zip(arguments, seen, strict=True) if isinstance(x, Value)]
    kinds = [
        f"{argument.name} was a {type(x).__name__}{' of Values' if isinstance(x, (list, tuple, dict, np.ndarray)) else ''}"
        for argument, x in zip(arguments, seen, strict=True)
    ]
    note = f"While it was recorded, {', '.join(kinds)}."
    if any(argument.batched for argument in numbers):
        note += " An array stands for many samples of one number each, unless in_axes says otherwise: compile(f, in_axes=(None,))."
    elif numbers:
        note += " A size or an index shapes the program, and is no argument of it: compile(lambda x: f(x, 10))."
    return note
