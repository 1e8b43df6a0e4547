"""A branch: one path through the `if`s of a compiled function, its code, and the places of arguments, results and guards in storage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.api.arguments import Argument, Array
from autograd.compiled.api.loaded import Check, Checks, Loaded, loaded
from autograd.compiled.api.recorded import Recorded, Seen, run_again, run_once
from autograd.compiled.api.surroundings import Surroundings
from autograd.compiled.backends.contract import Backend, Seed, Storage, Violation
from autograd.compiled.export.rule_text import printable
from autograd.compiled.ir import Code, Index, count_of, index_of
from autograd.compiled.pipeline import collector_paused, lower, trace
from autograd.compiled.stages import Tape
from autograd.compiled.written_loop import UnrolledError
from autograd.contexts import enable_grad
from autograd.draws import Draw
from autograd.errors import CompileError
from autograd.tracing import trace_of
from autograd.trees import Form
from autograd.value import Value


class Output:
    """Where an array of the result is in storage.

    Attributes:
        shape: the shape of the array, for one sample.
        batched, places: for each of its numbers, in order, whether it is batched, and its place.
    """

    def __init__(self, shape: tuple[int, ...], at: list[tuple[bool, int]]) -> None:
        self.shape = shape
        self.batched = np.array([batched for batched, _ in at], dtype=bool)
        self.places = np.array([place for _, place in at], dtype=np.intp)
        self._of_batched, self._of_shared = (index_of(self.places[self.batched == kind].tolist()) for kind in (True, False))
        self._single = at[0] if shape == () else None
        self._all_batched, self._all_shared = bool(self.batched.all()), not self.batched.any()

    def read(self, data: Storage) -> Array:
        """The array, with the samples as its first axis."""
        n = data.samples
        if self._single is not None:  # such as a loss, without an index array
            batched, place = self._single
            return data.take(place) if batched else data.shared[place : place + 1].repeat(n)
        if self._all_batched:
            array = np.ascontiguousarray(data.take(self._of_batched).T)
        elif self._all_shared and n == 1:
            array = np.array(data.shared[self._of_shared])
        else:
            array = np.empty((n, self.places.size))
            array[:, self.batched] = data.take(self._of_batched).T
            array[:, ~self.batched] = data.shared[self._of_shared]
        return array.reshape(n, *self.shape)

    def number(self, data: Storage) -> float:
        """A single number of a single sample."""
        assert self._single is not None
        batched, place = self._single
        return float(data.take(place)[0]) if batched else data.shared.item(place)

    def as_seed(self, number: float, samples: int) -> Seed:
        """The gradient of a single number, the same for all samples."""
        assert self._single is not None
        batched, place = self._single
        return batched, place, number if batched else number * samples

    def seed(self, grads: Storage, seed: Array | float) -> None:
        """Add an array as `read` returns it to the gradients; or set the gradient of a single number for all samples, unless it is 0."""
        if not isinstance(seed, float):
            seed = seed.reshape(len(seed), -1)
            grads.add_rows(self.places[self.batched], seed[:, self.batched].T)
            np.add.at(grads.shared, self.places[~self.batched], seed[:, ~self.batched].sum(axis=0))
        elif seed and self._single is not None:
            grads.set(*self.as_seed(seed, grads.samples))


@dataclass(frozen=True, repr=False)
class Branch(Loaded):
    """One path through the `if`s of a function: its code, and the places of its inputs and outputs in storage.

    Attributes:
        tape, executable, inputs, captured: see `Loaded`.
        draws: what draws random numbers.
        drawn: which of the random numbers the program needs, and their places.
        checks: the guards.
        outputs: the places of the arrays of the result.
        build: the form of the result, which puts arrays in their places.
        recorded: the recording, to be compared with later ones.
        fixed: the captured Values that are computed, not leaves.
        arguments: the arguments for which it was recorded, without their numbers.
        recorded_for: the form of the arguments, and what is differentiated, in words.
        wanted, first: the rows of the leaves whose derivatives are wanted, and of all numbers of the arguments.
    """

    draws: list[Draw]
    drawn: tuple[Index, Index]
    checks: list[Check]
    outputs: list[Output]
    build: Form
    recorded: Recorded
    fixed: set[Value]
    arguments: list[Argument]
    recorded_for: str
    wanted: list[int]
    first: list[int]

    def __repr__(self) -> str:
        guards = "".join([f"; {line} {truth}" for line, truth in self.conditions()])
        return f"<program of {sum(map(count_of, self.code.instructions))} instructions for {self.recorded_for}{guards}>"

    def conditions(self) -> Iterator[tuple[str, str]]:
        """The lines that decided the branch, in order, and what they were: "was True". One that decides several times in a row, as that of
        a loop, is named once."""
        for (line, truth), same in groupby(self.checks, key=lambda check: (check.line, check.truth)):
            count = sum(1 for _ in same)
            yield line, f"was {truth}" + (f", {count:,} times" if count > 1 else "")

    @property
    def code(self) -> Code:
        """The instructions."""
        return self.executable.code

    @property
    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """The arrays of the arguments for one sample, by name and shape."""
        return [pair for argument in self.arguments if argument.module is None for pair in argument.shapes]

    @property
    def returned(self) -> list[tuple[bool, int]]:
        """Whether each number of the result is batched, and its place."""
        return [pair for output in self.outputs for pair in zip(output.batched.tolist(), output.places.tolist(), strict=True)]

    @cached_property
    def decisions(self) -> Any:
        """What identifies the branch: the line and the truth of each guard, and the number of nodes."""
        return tuple([(check.line, check.truth) for check in self.checks]), len(self.tape.nodes)

    @cached_property
    def order(self) -> bytes:
        """What orders the branches of a function, whenever they were recorded: the truths of the guards, True first."""
        return bytes([not check.truth for check in self.checks])

    @cached_property
    def _guards(self) -> Checks:
        return Checks(self.checks)

    def draw(self, data: Storage, draws: Array | None = None) -> Storage:
        """Set the random numbers in storage, one row for each; without them, placeholders."""
        if self.draws:
            used, places = self.drawn
            data.put(places, 0.5 if draws is None else draws[used])
        return data

    def run(self, numbers: Sequence[Array], samples: Any, size: int, draws: Array | None = None) -> tuple[Storage, list[Violation]]:
        """See `Loaded.run`; for `draws` see `draw`."""
        data = self.draw(self.storage(numbers, samples, size), draws)
        return data, self.executable.forward(data)

    def is_current(self, f: Seen, arguments: Sequence[Argument], surroundings: Surroundings) -> bool:
        """Whether the function, which has these surroundings, would give this program if it were recorded now."""
        try:
            again, draws = surroundings.drawing(lambda: run_again(f, arguments, self.recorded))
        except CompileError:  # an UnrolledError too
            return False
        fixed: list[Value] = []
        return not draws and not self.recorded.differs(again, fixed) and self.fixed.issubset(fixed)

    def holds(self, data: Storage) -> npt.NDArray[np.bool_]:
        """For which samples all guards hold."""
        return self._guards.all_hold(data)

    def results(self, data: Storage) -> list[Array]:
        """The arrays of the result, with the samples as their first axis."""
        return [output.read(data) for output in self.outputs]

    def seed(self, grads: Storage, seeds: Sequence[Array | float]) -> None:
        """Set the gradients of the results. For each of them see `Output.seed`."""
        for output, seed in zip(self.outputs, seeds, strict=True):
            output.seed(grads, seed)


def surroundings_of(source: Any, arguments: Sequence[Argument]) -> Surroundings:
    """Those of the user's function and of the modules that are passed to it."""
    return Surroundings(source, *[argument.source for argument in arguments if argument.module is not None])


@collector_paused()
def record_branch(
    backend: Backend,
    f: Seen,
    source: Any,
    arguments: Sequence[Argument],
    sample: int,
    chosen: tuple[int, ...],
    aux: bool,
    plain: Seen | None,
    apart: frozenset[Any],
) -> Branch:
    """Record the function on Values that stand for the numbers of one sample, and compile the recording.

    Args:
        backend: loads the code.
        f: the function of a sequence of arguments.
        source: the function of the user, which `f` calls.
        arguments: those of the call.
        sample: the index of the sample.
        chosen: the indices of the arguments with respect to which to differentiate.
        aux: whether only the first number of the result is differentiated.
        plain: the function that `f` differentiates, if transforms have made `f`. Two runs of that are compared: from its graph,
            derivatives follow.
        apart: the steps of scans that are unrolled.

    Raises:
        CompileError: the function cannot be recorded.
        UnrolledError: the step of another scan must be among `apart`.
    """
    surroundings = surroundings_of(source, arguments)

    def need_no_draws(draws: bool) -> None:
        if draws:
            line = surroundings.line_that_draws(lambda: run_once(f, arguments, sample, apart))
            raise CompileError(
                f"the function draws random numbers{f' at {line}' if line else ''}, which would be the same at every run: draw them with "
                "autograd.drawn, as in drawn(random.random) instead of random.random()"
            )

    recorded, draws = surroundings.drawing(lambda: run_once(f, arguments, sample, apart))
    need_no_draws(draws)

    def compared() -> set[Value]:
        of_plain = None if plain is None else run_once(plain, arguments, sample, apart)
        if plain is None or of_plain is None or not recorded.takes_branches_of(of_plain):
            return recorded.compared(f, arguments)
        return of_plain.compared(plain, arguments)

    fixed, draws = surroundings.drawing(compared)
    need_no_draws(draws)
    recording, variables, arrays = recorded.recording, recorded.variables, recorded.arrays
    batched = [leaf for argument, leaves in zip(arguments, variables, strict=True) if argument.batched for leaf in leaves]
    drawn = [leaf for leaves, _ in recording.draws for leaf in leaves]
    checked = recorded.checked
    differentiated = [] if not chosen else recorded.outputs[0] if aux and recorded.outputs else None
    with enable_grad():
        tape = trace(recorded.roots, {*batched, *drawn}, recording, differentiated, fixed)
    _need_no_masked_loop(tape)
    row = tape.ends()
    random = {row[leaf] for leaf in drawn if leaf in row}
    for i, sources in enumerate(tape.inputs) if random and checked else ():
        if not random.isdisjoint(sources):
            random.add(i)
    for guard in recording.guards if random else ():
        if row[guard.node] in random:
            raise CompileError(f"a branch depends on a random number: {guard.line}. Write where(condition, a, b) instead of the `if`")
    own, place, wanted, first = loaded(backend, recorded, tape, chosen, drawn)
    if not chosen and any(operation.loop is not None for operation in tape.operations):
        # an export may differentiate what was recorded for values: the scans must be fit for that, too
        results = [x for numbers in recorded.outputs for x in numbers]
        with enable_grad():
            whole = trace(recorded.roots, {*batched, *drawn}, recording, results, fixed)
        _need_no_masked_loop(whole)
        rows = whole.ends()
        lower(whole, [rows[leaf] for leaves in variables for leaf in leaves if leaf in rows])
    random_at = [(k, place(leaf)[1]) for k, leaf in enumerate(drawn) if leaf in row and place(leaf)[1] >= 0]
    _refuse_traced([value for value, _ in own.captured])
    return Branch(
        own.tape,
        own.executable,
        own.inputs,
        own.captured,
        [draw for _, draw in recording.draws],
        (index_of([k for k, _ in random_at]), index_of([at for _, at in random_at])),
        [Check(place(g.node), g.truth, g.line, None if g.mask is None else place(g.mask)) for g in recording.guards],
        [Output(array.shape, [place(x) for x in numbers]) for numbers, array in zip(recorded.outputs, arrays, strict=True)],
        recorded.form,
        recorded,
        fixed,
        [argument.without_numbers() for argument in arguments],
        _recorded_for(arguments, chosen, aux),
        wanted,
        first,
    )


def _need_no_masked_loop(tape: Tape) -> None:
    """
    Raises:
        UnrolledError: a loop receives gradients on one side of a `where` only.
    """
    for row in (*tape.masks, *tape.error_masks):
        operation = tape.operations[row]
        if operation.loop is not None:
            raise UnrolledError(operation.loop.step)


def _recorded_for(arguments: Sequence[Argument], chosen: tuple[int, ...], aux: bool) -> str:
    """What decides that a program is recorded, beside branches: see `specialisations._key`."""
    text = ", ".join([argument.described for argument in arguments]) or "no arguments"
    if chosen:
        text += f"; differentiated with respect to {', '.join([arguments[i].name for i in chosen])}"
    return printable(text) + ("; with auxiliary results" if aux else "")


def _refuse_traced(captured: Sequence[Value]) -> None:
    """Refuse Values of an enclosing function that is differentiated or recorded, because they would lose their derivative.

    Raises:
        CompileError: there is such a Value.
    """
    for value in captured:
        if trace_of(value) is not None:
            raise CompileError(
                f"the compiled function refers to {value!r}, which depends on an argument of a function that is being differentiated or "
                "recorded: its derivative would be lost. Pass the Value as an argument, or call the function that was compiled"
            )
