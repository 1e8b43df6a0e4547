"""Recordings of a function: a run on Values in place of its arguments, and whether another run is the same.

A program repeats one run. It equals the function only if the run depends on nothing but the arguments, and on them only through the graph.
So the function is run twice, at two points, on the same branches. An operation, a constant or an input that differs comes from something
else, such as a random generator, a counter, or a number that left the graph. Two kinds of dependence escape this check: numbers that happen
to be the same both times, and changes between later calls (see `Branch.is_current`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from autograd._runtime.bulk import first_difference
from autograd._runtime.messages import described
from autograd.compiled.api.arguments import Argument, Array, split
from autograd.compiled.api.rolled import Roller
from autograd.compiled.pipeline import order_of
from autograd.compiled.written_loop import UnrolledError, unrolling
from autograd.draws import Draw
from autograd.errors import CompileError, InputError
from autograd.ops import CONSTANT
from autograd.recording import Recording, observing
from autograd.recording import recording as recording_of
from autograd.trees import Form
from autograd.value import Value

Seen = Callable[[Sequence[Any]], Any]
"""The function, called with a sequence of what stands for its arguments."""


@dataclass(frozen=True)
class Recorded:
    """One run of a function on Values.

    Attributes:
        recording: the guards, masks and draws, which are recorded besides the graph.
        variables: the leaves that stand for the numbers of each argument.
        arrays, form: the result as arrays of Values and numbers, and its form.
        outputs: the numbers of the result as Values, array by array.
        roots: all nodes that a run must compute: the results, and the conditions and masks of guards.
        graph: the nodes behind the roots, inputs first.
    """

    recording: Recording
    variables: list[list[Value]]
    arrays: list[Array]
    form: Form
    outputs: list[list[Value]]
    roots: list[Value]
    graph: list[Value]

    @property
    def checked(self) -> list[Value]:
        """The conditions and masks of guards."""
        guards = self.recording.guards
        return [guard.node for guard in guards] + [guard.mask for guard in guards if guard.mask is not None]

    @property
    def leaves(self) -> list[Value]:
        """The leaves that stand for arguments and random numbers."""
        return [leaf for leaves in self.variables for leaf in leaves] + [leaf for leaves, _ in self.recording.draws for leaf in leaves]

    def compared(self, f: Seen, arguments: Sequence[Argument]) -> set[Value]:
        """Run the function again, at another point, and compare.

        Returns:
            The Values that the function refers to and that were computed before it was called.

        Raises:
            CompileError: the two runs differ; or such a Value was computed from an argument.
        """
        again = run_again(f, arguments, self)
        fixed: list[Value] = []
        problem = self.differs(again, fixed)
        if problem:
            raise CompileError(
                f"the function does something else each time that it is recorded: {problem}{self._line_of(f, arguments, again)}. A "
                "program would repeat what it did the first time. Draw random numbers with autograd.drawn(random.random), and pass "
                "everything else that changes as an argument"
            )
        own = set(self.leaves) if fixed else set()
        for node in fixed:
            if own.intersection(node._prev):
                raise CompileError(
                    f"{node!r} was computed from a parameter before the function was called, and does not follow it when it changes: "
                    "compute it within the function"
                )
        return set(fixed)

    def takes_branches_of(self, other: Recorded) -> bool:
        """Whether the guards and draws of two runs are the same in number, and the guards in truth."""
        ours, theirs = self.recording, other.recording
        return [guard.truth for guard in ours.guards] == [guard.truth for guard in theirs.guards] and len(ours.draws) == len(theirs.draws)

    def differs(self, other: Recorded, fixed: list[Value] | None = None) -> str:
        """How another run differs, in words; "" if it does not. Adds to `fixed` the computed nodes to which both refer."""
        ours, theirs = self.recording, other.recording
        if [guard.truth for guard in ours.guards] != [guard.truth for guard in theirs.guards]:
            return f"it takes {_counted(len(ours.guards), 'branch')}, then {_counted(len(theirs.guards), 'branch')}"
        counts = [sum([draw.count for _, draw in run.draws]) for run in (ours, theirs)]
        if counts[0] != counts[1]:
            return f"it draws {_counted(counts[0], 'random number')}, then {_counted(counts[1], 'random number')}"
        if not (
            len(ours.draws) == len(theirs.draws) and all(_same_draw(a, b) for (_, a), (_, b) in zip(ours.draws, theirs.draws, strict=True))
        ):
            return "it draws random numbers from another source"
        shapes = [[array.shape for array in run.arrays] for run in (self, other)]
        if self.form != other.form or shapes[0] != shapes[1] or len(self.leaves) != len(other.leaves):
            return "its result has another form"
        known = {id(a): b for a, b in zip(self.leaves, other.leaves, strict=True) if a is not b}  # parameters are the same in all runs
        at = first_difference(self.graph, other.graph, known, [] if fixed is None else fixed)
        if at >= 0:
            a, b = ((run.graph[at] if at < len(run.graph) else None) for run in (self, other))
            return f"{_described(a)}, then {_described(b)}"
        if _masked(self) != _masked(other):
            return "it uses `where` differently"
        return ""

    def _line_of(self, f: Seen, arguments: Sequence[Argument], again: Recorded) -> str:
        """The line of the first difference, found by running the function once more."""
        known = dict(zip(map(id, self.leaves), again.leaves, strict=False))
        at = first_difference(self.graph, again.graph, known, [])
        try:
            with observing():
                third = run_again(f, arguments, self, {})
        except Exception:  # the runs differ anyway: only the line is missing
            return ""
        node = third.graph[at] if 0 <= at < len(third.graph) else None
        line = "" if node is None or third.recording.lines is None else third.recording.lines.get(id(node), "")
        return f", at {line}" if line else ""


def _same_draw(a: Draw, b: Draw) -> bool:
    """Whether two draws are of one shape and from the same source."""
    return a.is_like(b) and _same_sampler(a.sampler, b.sampler)


def _same_sampler(a: Any, b: Any) -> bool:
    """Whether two samplers draw from the same source: a method of one object, or functions of one code with the same closure.

    Partials do if the functions do, and the arguments are the same.
    """
    if a == b:
        return True
    if isinstance(a, partial) and isinstance(b, partial):
        own, others = ((x.func, *x.args, *chain.from_iterable(x.keywords.items())) for x in (a, b))
        return len(own) == len(others) and all(map(_same_argument, own, others))
    if getattr(a, "__self__", None) is not getattr(b, "__self__", None):
        return False
    if getattr(a, "__code__", None) is None or a.__code__ is not getattr(b, "__code__", None) or a.__defaults__ != b.__defaults__:
        return False
    cells = zip(a.__closure__ or (), b.__closure__ or (), strict=True)
    return all(_same_argument(x.cell_contents, y.cell_contents) for x, y in cells)


def _same_argument(a: Any, b: Any) -> bool:
    """Whether what two samplers refer to is the same."""
    if a is b:
        return True
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same_argument, a, b))
    if type(a) is type(b) and type(a) in (int, float, str):
        return bool(a == b)
    return callable(a) and callable(b) and _same_sampler(a, b)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 'es' if noun.endswith('ch') else 's'}"


def _described(node: Value | None) -> str:
    if node is None:
        return "nothing"
    if node._operation is CONSTANT:
        return f"the number {node._data!r}"
    return f"{node._op} {described(node)}" if node._op else described(node)


def _masked(run: Recorded) -> list[tuple[int, bool]]:
    """The indices of the nodes in a side of a `where` and of unchecked nodes, and whether they are unchecked."""
    recording = run.recording
    if not recording.masks and not recording.unchecked:
        return []
    return [(i, node in recording.unchecked) for i, node in enumerate(run.graph) if node in recording.masks or node in recording.unchecked]


def run_once(f: Seen, arguments: Sequence[Argument], sample: int, apart: frozenset[Any] = frozenset()) -> Recorded:
    """Run the function on Values that stand for the numbers of one sample.

    Args:
        f: the function.
        arguments: those of the call.
        sample: the index of the sample.
        apart: the steps of scans that are not recorded as one loop each.

    Raises:
        UnrolledError: another scan cannot be recorded as one loop.
    """
    return _run(f, arguments, sample, Recording(roll=Roller(apart)), moved=False)


def run_with_loops(f: Seen, arguments: Sequence[Argument]) -> Recorded:
    """The same for the first sample, where scans that cannot be recorded as one loop each are unrolled."""
    return unrolling(partial(run_once, f, arguments, 0))


def run_again(f: Seen, arguments: Sequence[Argument], first: Recorded, lines: dict[int, str] | None = None) -> Recorded:
    """Run the function at another point, on the branches of an earlier run.

    Raises:
        CompileError: it raises an error, as it did not before.
    """
    answers = [guard.truth for guard in first.recording.guards]
    try:
        roll = first.recording.roll
        again = Roller(roll.apart if isinstance(roll, Roller) else frozenset())
        return _run(f, arguments, 0, Recording(answers=answers, lines=lines, roll=again), moved=True)
    except UnrolledError:
        raise
    except Exception as error:
        raise CompileError(
            f"the function does something else when it is recorded again: it raises {type(error).__name__}: {error}"
        ) from error


def _run(f: Seen, arguments: Sequence[Argument], sample: int, recording: Recording, moved: bool) -> Recorded:
    with recording_of(recording):
        assert recording.trace is not None
        variables: list[list[Value]] = []
        seen: list[Any] = []
        for argument in arguments:
            leaves, tree = argument.variables(sample, moved)
            recording.trace.add(leaves, are_parameters=argument.module is not None)
            variables.append(leaves)
            seen.append(tree)
        try:
            result = f(seen)
            recording.trace.end()
        except (AttributeError, TypeError) as error:
            error.add_note(_as_seen(arguments, seen))
            raise
    if result is None:
        raise InputError("the result must be a number, or numbers in arrays, lists, tuples and dicts, not None: write a `return`")
    arrays, form = split(result, "the result")
    outputs = [[x if isinstance(x, Value) else Value(x, None, CONSTANT) for x in array.flat] for array in arrays]
    checked = [guard.node for guard in recording.guards] + [guard.mask for guard in recording.guards if guard.mask is not None]
    roots = [x for array in outputs for x in array] + checked or [Value(0.0, None, CONSTANT)]
    graph = order_of(roots)
    if isinstance(recording.roll, Roller):
        recording.roll.need_no_leak(graph)
    return Recorded(recording, variables, arrays, form, outputs, roots, graph)


def _as_seen(arguments: Sequence[Argument], seen: Sequence[Any]) -> str:
    """A note on what the function received as its arguments, since it may have expected something else."""
    numbers = [argument for argument, x in zip(arguments, seen, strict=True) if isinstance(x, Value)]
    kinds = [
        f"{argument.name} was a {type(x).__name__}{' of Values' if isinstance(x, (list, tuple, dict, np.ndarray)) else ''}"
        for argument, x in zip(arguments, seen, strict=True)
    ]
    note = f"While it was recorded, {', '.join(kinds)}."
    if any(argument.batched for argument in numbers):
        note += " An array stands for many samples of one number each, unless in_axes says otherwise: compile(f, in_axes=(None,))."
    elif numbers:
        note += " A size or an index belongs to the program, not to its arguments: compile(lambda x: f(x, 10))."
    return note
