"""What a function did when it was run on Values in place of its arguments; and whether it does the same again.

A program is what the function did once. It is the function only if nothing but the arguments decides what it does, and only through the
graph. So it is run twice, at two different points, on the same branches: an operation, a constant or an input that differs was frozen from
something else, such as a random generator, a counter, or a number that left the graph. What cannot be found like this: numbers that
happen to be the same both times, and what changes only between later calls (see `Branch.is_current`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiled.api.arguments import Argument, Array, split
from autograd.compiled.pipeline import order_of
from autograd.errors import CompileError, InputError
from autograd.ops import CONSTANT
from autograd.recording import Recording, observing
from autograd.recording import recording as recording_of
from autograd.trees import Form
from autograd.value import Value, first_difference

Seen = Callable[[Sequence[Any]], Any]
"""The function, of what stands for its arguments."""


@dataclass(frozen=True)
class Recorded:
    """One run of a function on Values.

    Attributes:
        recording: what was recorded of it, beside the graph.
        variables: the leaves that stand for the numbers of each argument.
        arrays, form: the result, as arrays of Values and numbers, and what puts them in its form.
        outputs: the same as Values, array by array.
        roots: all that a run must compute: the results, and what branches depend on.
        graph: the nodes behind them, inputs first.
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
        """What branches depend on."""
        guards = self.recording.guards
        return [guard.node for guard in guards] + [guard.mask for guard in guards if guard.mask is not None]

    @property
    def leaves(self) -> list[Value]:
        """What stands for the arguments and for random numbers."""
        return [leaf for leaves in self.variables for leaf in leaves] + [leaf for leaf, _ in self.recording.draws]

    def compared(self, f: Seen, arguments: Sequence[Argument]) -> set[Value]:
        """Run the function again, at another point. The Values that it refers to and that were computed before it was called.

        Raises:
            CompileError: it does something else; or such a Value was computed from an argument.
        """
        again = run_again(f, arguments, self)
        fixed: list[Value] = []
        problem = self.differs(again, fixed)
        if problem:
            raise CompileError(
                f"the function does something else each time that it is recorded: {problem}{self._line_of(f, arguments, again)}. A "
                "program would repeat what it did the first time. Random numbers come from autograd.drawn(random.random); what else "
                "changes must be an argument"
            )
        own = set(self.leaves)
        for node in fixed:
            if own.intersection(node._prev):
                raise CompileError(
                    f"{node!r} was computed from a parameter before the function was called, and does not follow it when it changes: "
                    "compute it within the function"
                )
        return set(fixed)

    def differs(self, other: Recorded, fixed: list[Value] | None = None) -> str:
        """In what another run differs; "" where it does not. `fixed` receives the computed nodes that both refer to."""
        ours, theirs = self.recording, other.recording
        if [guard.truth for guard in ours.guards] != [guard.truth for guard in theirs.guards]:
            return f"it takes {_counted(len(ours.guards), 'branch')}, then {_counted(len(theirs.guards), 'branch')}"
        if len(ours.draws) != len(theirs.draws):
            return f"it draws {_counted(len(ours.draws), 'random number')}, then {_counted(len(theirs.draws), 'random number')}"
        if not all(_same_sampler(a, b) for (_, a), (_, b) in zip(ours.draws, theirs.draws, strict=True)):
            return "it draws random numbers from another source"
        shapes = [[array.shape for array in run.arrays] for run in (self, other)]
        if self.form != other.form or shapes[0] != shapes[1] or len(self.leaves) != len(other.leaves):
            return "its result has another form"
        known = {id(a): b for a, b in zip(self.leaves, other.leaves, strict=True)}
        at = first_difference(self.graph, other.graph, known, [] if fixed is None else fixed)
        if at >= 0:
            a, b = ((run.graph[at] if at < len(run.graph) else None) for run in (self, other))
            return f"{_told(a)}, then {_told(b)}"
        if _masked(self) != _masked(other):
            return "it chooses by `where` in another way"
        return ""

    def _line_of(self, f: Seen, arguments: Sequence[Argument], again: Recorded) -> str:
        """The line that made what differs, by running the function once more."""
        known = {id(a): b for a, b in zip(self.leaves, again.leaves, strict=False)}
        at = first_difference(self.graph, again.graph, known, [])
        try:
            with observing():
                third = run_again(f, arguments, self, {})
        except Exception:  # whatever it is, the runs differ
            return ""
        node = third.graph[at] if 0 <= at < len(third.graph) else None
        line = "" if node is None or third.recording.lines is None else third.recording.lines.get(id(node), "")
        return f", at {line}" if line else ""


def _same_sampler(a: Any, b: Any) -> bool:
    """Whether two samplers draw from the same source: a method of one object, or functions of one code with the same closure."""
    if a == b:
        return True
    if getattr(a, "__code__", None) is None or a.__code__ is not getattr(b, "__code__", None) or a.__defaults__ != b.__defaults__:
        return False
    cells = zip(a.__closure__ or (), b.__closure__ or (), strict=True)
    return all(x.cell_contents is y.cell_contents or _same_sampler(x.cell_contents, y.cell_contents) for x, y in cells)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 'es' if noun.endswith('ch') else 's'}"


def _told(node: Value | None) -> str:
    if node is None:
        return "nothing"
    if node._operation is CONSTANT:
        return f"the number {node._data!r}"
    return f"{node._op or 'the Value'} {node._described()}" if node._op else node._described()


def _masked(run: Recorded) -> list[tuple[int, bool]]:
    """Which nodes are in a side of a `where`, and whether the domain of which is unchecked."""
    recording = run.recording
    if not recording.masks and not recording.unchecked:
        return []
    return [(i, node in recording.unchecked) for i, node in enumerate(run.graph) if node in recording.masks or node in recording.unchecked]


def run_once(f: Seen, arguments: Sequence[Argument], sample: int) -> Recorded:
    """Run the function on Values that stand for the numbers of one sample."""
    return _run(f, arguments, sample, Recording(), moved=False)


def run_again(f: Seen, arguments: Sequence[Argument], first: Recorded, lines: dict[int, str] | None = None) -> Recorded:
    """Run it at another point, on the branches of an earlier run.

    Raises:
        CompileError: it fails there, as it did not before.
    """
    answers = [guard.truth for guard in first.recording.guards]
    try:
        return _run(f, arguments, 0, Recording(answers=answers, lines=lines), moved=True)
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
            if argument.module is not None:
                recording.trace.parameters.update(map(id, leaves))
            variables.append(leaves)
            seen.append(tree)
        recording.trace.add([leaf for leaves in variables for leaf in leaves])
        try:
            result = f(seen)
            recording.trace.end()
        except (AttributeError, TypeError) as error:
            error.add_note(_as_seen(arguments, seen))
            raise
    if result is None:
        raise InputError("the result must be a number, or numbers in arrays, lists, tuples and dicts, not None: is there a `return`?")
    arrays, form = split(result, "the result")
    outputs = [[x if isinstance(x, Value) else Value(x, CONSTANT) for x in array.flat] for array in arrays]
    checked = [guard.node for guard in recording.guards] + [guard.mask for guard in recording.guards if guard.mask is not None]
    roots = [x for array in outputs for x in array] + checked or [Value(0.0, CONSTANT)]
    return Recorded(recording, variables, arrays, form, outputs, roots, order_of(roots))


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
