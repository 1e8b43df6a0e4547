"""Specialisations: the programs of a compiled function, one for each branch and each form of its arguments."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, reduce
from itertools import count
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd._runtime.coercion import need_function
from autograd.compiled.api.arguments import Argument, Array
from autograd.compiled.api.branch import Branch, record_branch, surroundings_of
from autograd.compiled.api.decision_tree import DecisionTree
from autograd.compiled.api.in_axes import Batch
from autograd.compiled.api.recorded import Seen
from autograd.compiled.api.remembered import Remembered
from autograd.compiled.api.signature import Call
from autograd.compiled.backends.contract import Backend, Storage, Violation
from autograd.compiled.export.listing import describe
from autograd.compiled.written_loop import unrolling
from autograd.draws import Draw, numbers_of
from autograd.errors import CompileError, DomainError
from autograd.tracing import tracing

BRANCHES = 1000
"""The largest number of branches of a function, for arguments of one form."""

MEMORY, ALWAYS = 2**25, 16
"""How many bytes the programs of a function take together, and how many forms of arguments are remembered whatever they take."""

Run = tuple[Branch, Any, Storage]
"""A branch, the samples for which it was run, and the storage with all numbers."""


Done = tuple[Branch, Any, Storage, list[Violation]]
"""A run, and the instructions that left their domain."""

OF_PROGRAM, OF_ARGUMENT, OF_LEAF, OF_NODE = 20_000, 1000, 250, 450
"""The approximate number of bytes of a program without nodes, and what each argument, each number of one, and each node adds."""


class Group:
    """The branches for arguments of one form.

    Attributes:
        branches: one for each way through the `if`s.
        tree: leads to them.
        memory, was_used, last_use, is_remembered: see `remembered.Item`.
    """

    def __init__(self) -> None:
        self.branches: list[Branch] = []
        self.tree = DecisionTree()
        self._known: dict[Any, Branch] = {}
        self.memory, self.was_used, self.last_use, self.is_remembered = OF_PROGRAM, True, 0, True

    def add(self, branch: Branch) -> None:
        """Add a branch."""
        self.branches.append(branch)
        self.tree.add(branch)
        self._known[branch.decisions] = branch
        leaves = sum(map(len, branch.recorded.variables))
        self.memory += OF_PROGRAM + OF_ARGUMENT * len(branch.inputs) + OF_LEAF * leaves + OF_NODE * len(branch.tape.nodes)

    def same(self, branch: Branch) -> Branch | None:
        """The branch that was recorded before with the same decisions."""
        return self._known.get(branch.decisions)


class Specialisations:
    """The programs of a function. Those that were not used for longest are forgotten when all together take too much memory.

    Args:
        f: the function.
        name: its name in messages.
        backend: loads the programs.

    Attributes:
        recording_within: makes the context in which the function is recorded.
        when_forgotten: called after programs were forgotten.
    """

    def __init__(self, f: Callable[..., Any], name: str, backend: Backend) -> None:
        self._f, self._name, self._backend = f, name, backend
        self._groups: Remembered[Group] = Remembered(MEMORY, ALWAYS)
        self.recording_within: Callable[[], AbstractContextManager[Any]] = nullcontext
        self.when_forgotten: Callable[[], None] = lambda: None

    @property
    def by_form(self) -> list[list[Branch]]:
        """The branches that are remembered, in one list for each form of arguments."""
        return [group.branches for group in list(self._groups.values())]

    @property
    def all(self) -> list[Branch]:
        """All branches that are remembered, those for one form of arguments together."""
        return [branch for branches in self.by_form for branch in branches]

    @property
    def recorded(self) -> list[list[Branch]]:
        """The branches for each form of arguments for which there are some.

        Raises:
            CompileError: nothing was recorded yet.
        """
        forms = [branches for branches in self.by_form if branches]
        if not forms:
            raise CompileError(f"{self._name} was not recorded yet: call it first")
        return forms

    @property
    def last(self) -> Branch:
        """The last branch.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return self.recorded[-1][-1]

    def group(self, call: Call, arguments: list[Argument], chosen: tuple[int, ...], aux: bool) -> Group:
        """The branches for arguments of this form; none, if it is new."""
        key = _key(call, arguments, chosen, aux)
        group = self._groups.get(key)
        if group is None:
            group = self._groups.setdefault(key, Group())
            self._trim()
        group.was_used = True
        return group

    def record(self, call: Call, arguments: list[Argument], chosen: tuple[int, ...]) -> None:
        """Record the function for arguments of this form, unless it already was."""
        group = self.group(call, arguments, chosen, False)
        if not group.branches:
            group.add(self._recorded(call, arguments, 0, chosen, False))
            self._trim()

    def refresh(self, call: Call, arguments: list[Argument]) -> bool:
        """Forget the programs for arguments of this form, if the function would now be recorded differently. Returns whether it did."""
        same, f = tuple([argument.key for argument in arguments]), self._seen(call)
        surroundings = surroundings_of(self._f, arguments)
        with self.recording_within():
            stale = [
                key
                for key, group in list(self._groups.items())
                if key[:2] == (call.how, same) and not all(branch.is_current(f, arguments, surroundings) for branch in group.branches)
            ]
        for key in stale:
            self._groups.forget(key)
        if stale:
            self.when_forgotten()
        return bool(stale)

    def record_within(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        """Record the function within such a context from now on.

        Raises:
            InputError: `context` is not a function that makes contexts.
        """
        need_function(context, "f.record_within(no_grad)")
        self.recording_within = context

    def forget(self) -> None:
        """Forget all programs."""
        self._groups.forget_all()
        self.when_forgotten()

    def _trim(self) -> None:
        if self._groups.trim():
            self.when_forgotten()

    def __str__(self) -> str:
        branches = self.all
        if not branches:
            return f"{self._name}: not recorded yet; the first call will record it"
        texts = []
        for branch in branches:
            texts.append(describe(branch.tape, branch.code, branch.shapes, branch.returned))
            texts += [f"  where {line} {truth}" for line, truth in branch.conditions()]
            texts.append(f"  recorded for {branch.recorded_for}")
        return "\n".join(texts)

    def _seen(self, call: Call) -> Seen:
        return lambda seen: call.of(self._f, seen)

    def run(self, call: Call, arguments: list[Argument], batch: Batch, chosen: tuple[int, ...], aux: bool) -> list[Run]:
        """Compute each sample by the program of its own branch."""
        group = self.group(call, arguments, chosen, aux)
        numbers = [argument.numbers(batch.size) for argument in arguments]
        done = _placed(group, self._backend, arguments, numbers, batch.size)
        pending: Any = slice(None)
        is_placed = bool(done)
        if is_placed:
            is_pending = np.ones(batch.size, dtype=bool)
            for _, samples, _, _ in done:
                is_pending[samples] = False
            pending = np.flatnonzero(is_pending)
        if not is_placed or len(pending):
            done += self._tried(call, group, arguments, numbers, batch.size, pending, chosen, aux)
        done.sort(key=lambda run: run[0].order)  # sums over samples have the same bits in whatever order the branches were recorded
        # the numbers are drawn when the branch of each sample is known, in the order in which eager code draws
        if any(branch.draws and (branch.checks or is_placed or len(done) > 1) for branch, *_ in done):
            done = [
                (branch, samples, *branch.run(numbers, samples, batch.size, drawn))
                for (branch, samples, *_), drawn in zip(
                    done, _drawn_by([(branch, samples) for branch, samples, *_ in done], batch.size), strict=True
                )
            ]
        for _, _, data, violations in done:
            report(self._f, call, arguments, violations, batch, data.samples)
        return [(branch, samples, data) for branch, samples, data, _ in done]

    def _tried(
        self,
        call: Call,
        group: Group,
        arguments: list[Argument],
        numbers: list[Array],
        size: int,
        pending: Any,
        chosen: tuple[int, ...],
        aux: bool,
    ) -> list[Done]:
        """Compute samples by the first branch whose guards hold, and record the missing branches."""
        done: list[Done] = []
        for i in count():
            fresh = i >= len(group.branches)
            if fresh:
                branch = self._next_branch(call, group, arguments, 0 if isinstance(pending, slice) else int(pending[0]), chosen, aux)
            else:
                branch = group.branches[i]
            if branch.draws and not branch.checks and isinstance(pending, slice):  # without guards, so that all samples take it
                drawn = _drawn_by([(branch, pending)], size)[0]
                return [(branch, pending, *branch.run(numbers, pending, size, drawn))]
            data, violations = branch.run(numbers, pending, size)
            ok = branch.holds(data)
            if fresh:
                ok[0] = True
            if ok.all():
                return [*done, (branch, pending, data, violations)]
            if ok.any():  # a run without the other samples, for which this branch is wrong
                some = _among(pending, ok)
                done.append((branch, some, *branch.run(numbers, some, size)))
            pending = _among(pending, ~ok)
        raise AssertionError  # pragma: no cover - `count` does not end

    def _recorded(self, call: Call, arguments: list[Argument], sample: int, chosen: tuple[int, ...], aux: bool) -> Branch:
        """The branch of a sample."""
        with self.recording_within():
            f, plain = self._seen(call), call.without_derivatives(self._f)
            return unrolling(partial(record_branch, self._backend, f, self._f, arguments, sample, chosen, aux, plain))

    def _next_branch(self, call: Call, group: Group, arguments: list[Argument], sample: int, chosen: tuple[int, ...], aux: bool) -> Branch:
        """Record the branch of a sample that takes none of the known ones."""
        branch = self._recorded(call, arguments, sample, chosen, aux)
        known = group.same(branch)
        # the comparison was rounded differently in eager code, which counts; or another thread has just recorded the branch
        if known is not None:
            return known
        if len(group.branches) == BRANCHES:
            _refuse_more(self._name, group.branches)
        group.add(branch)
        self._trim()
        return branch


def _refuse_more(name: str, branches: list[Branch]) -> None:
    """
    Raises:
        CompileError: always: there are too many branches.
    """
    counts = [Counter([check.line for check in branch.checks]) for branch in branches]
    most = reduce(or_, counts)  # of each line the largest number
    lines = [f"{line}, {_times(min(count[line] for count in counts), n)} in each" for line, n in most.most_common(3)]
    raise CompileError(
        f"{name} takes more than {BRANCHES:,} different branches. The {len(branches):,} that were recorded decided "
        f"{'; '.join(lines)}. Write a loop whose number of rounds depends on the arguments as while_loop(condition, step, init), with & "
        "instead of `and` in its condition, and without a counter in the carry: it makes few branches. "
        "Choose without a branch: where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined "
        "everywhere; and take(values, index) for a row of a table"
    )


def _placed(group: Group, backend: Backend, arguments: list[Argument], numbers: list[Array], size: int) -> list[Done]:
    """Compute the samples that the decision tree leads to a branch whose guards hold."""
    if len(group.branches) < 2:
        return []
    done: list[Done] = []
    for branch, samples in group.tree.route(backend, arguments, numbers, size):
        data, violations = branch.run(numbers, samples, size)
        ok = branch.holds(data)
        if ok.all():
            done.append((branch, samples, data, violations))
        elif ok.any():  # a comparison was rounded differently than in the program of the decision
            some = _among(samples, ok)
            done.append((branch, some, *branch.run(numbers, some, size)))
    return done


def _times(least: int, most: int) -> str:
    return ("once" if most == 1 else f"{most:,} times") if least == most else f"{least:,} to {most:,} times"


def _key(call: Call, arguments: list[Argument], chosen: tuple[int, ...], aux: bool) -> Any:
    """The key of a list of branches: how arguments are passed, their forms, and with respect to which of them to differentiate what."""
    return call.how, tuple([argument.key for argument in arguments]), chosen, aux


def _among(samples: Any, which: npt.NDArray[np.bool_]) -> Any:
    """Some of the samples."""
    return np.flatnonzero(which) if isinstance(samples, slice) else samples[which]


def _drawn_by(groups: list[tuple[Branch, Any]], size: int) -> list[Array]:
    """The random numbers of each group of samples on one branch. A sample draws all of its numbers before the next sample."""
    tables = [np.empty((size if isinstance(samples, slice) else len(samples), count_of(branch.draws))) for branch, samples in groups]
    place: list[tuple[int, int]] = [(0, 0)] * size
    for g, (_, samples) in enumerate(groups):
        for column, sample in enumerate(range(size) if isinstance(samples, slice) else samples.tolist()):
            place[sample] = g, column
    for g, column in place:
        tables[g][column] = numbers_of(groups[g][0].draws)
    return [table.T for table in tables]


def count_of(draws: list[Draw]) -> int:
    """How many random numbers are drawn."""
    return sum([draw.count for draw in draws])


def report(f: Callable[..., Any], call: Call, arguments: list[Argument], violations: list[Violation], batch: Batch, samples: int) -> None:
    """Raise an error for the operations that left their domain, or warn if the arguments are arrays."""
    if not violations:
        return
    if batch.shape is None:
        variables = [argument.variables(0) for argument in arguments]
        with tracing(False, [leaf for leaves, _ in variables for leaf in leaves]):
            call.of(f, [seen for _, seen in variables])  # raises the error with the operation, the numbers and the labels
        raise DomainError("an operation left its domain in compiled code, though not in eager code")
    for instruction, bad in violations:
        outside = bad.reshape(-1, bad.shape[-1]).any(axis=0)
        elements = outside.sum() if outside.size > 1 else samples  # a shared number affects all samples
        needs = instruction.operation.requires or "inputs in its domain"
        own = [-(-int(count) // batch.copies) for count in (elements, batch.size)]
        message = f"{instruction.operation.name} needs {needs}: {own[0]:,} of {own[1]:,} elements are outside"
        how = np.geterr()["invalid"]
        if how == "raise":
            raise FloatingPointError(message)
        if how != "ignore":
            warnings.warn(message, RuntimeWarning, stacklevel=6)  # the caller of the compiled function
