"""The branches of a compiled function, without samples, as a tree of `if`s."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from autograd.compiled.api.arguments import Parameters
from autograd.compiled.api.branch import Branch
from autograd.compiled.export.c.c_file import Decision, Way
from autograd.compiled.export.c.c_program import Exported
from autograd.compiled.export.listing import outline
from autograd.compiled.export.naming import Shapes
from autograd.compiled.ir import Code
from autograd.compiled.pipeline import collector_paused, lower, trace
from autograd.compiled.stages import Tape
from autograd.contexts import enable_grad
from autograd.errors import CompileError
from autograd.ops import SELECT
from autograd.trees import names_of
from autograd.value import Value


def alike(branches: Sequence[Branch], last: Branch) -> list[Branch]:
    """The branches for arguments that have, for one sample, the form of those of the last one: for each way through the `if`s the latest.

    Others differ in which arguments have samples, in what is differentiated, or in how arguments are passed.
    """
    form = _form(last)
    ways = {tuple(_decisions(branch)): branch for branch in branches if _form(branch) == form}
    return list(ways.values())


def _form(branch: Branch) -> object:
    return [(argument.name, argument.sample_form) for argument in branch.arguments]


def _decisions(branch: Branch) -> list[tuple[str, bool]]:
    return [(guard.line, guard.truth) for guard in branch.recorded.recording.guards]


def tree_of(name: str, branches: Sequence[Branch], order: list[Branch]) -> int | Decision:
    """The tree of the branches. Appends them to `order`, by whose indices the tree refers to them.

    Args:
        name: the name of the function, for messages.
        branches: the branches.
        order: receives the branches.

    Raises:
        CompileError: one side of an `if` was not recorded.
    """
    preorder: list[int | tuple[Exported, str]] = []
    todo = [([(branch, _decisions(branch)) for branch in branches], 0)]
    while todo:  # without recursion, because a loop of many rounds is a deep tree
        own, depth = todo.pop()
        first, decisions = own[0]
        if len({ways[depth][0] if depth < len(ways) else "" for _, ways in own}) > 1:
            raise CompileError(
                f"{name} takes other branches now than when it was recorded first, because something has changed that it refers to: call "
                f"{name}.forget(), and then {name} for each of its branches"
            )
        if depth == len(decisions):
            order.append(first)
            preorder.append(len(order) - 1)
            continue
        guard = first.recorded.recording.guards[depth]
        holds, fails = ([(branch, ways) for branch, ways in own if ways[depth][1] == truth] for truth in (True, False))
        if not (holds and fails):
            raise CompileError(
                f"{name} was only recorded for arguments for which the condition at {guard.line} was {bool(holds)}: call it where it is "
                f"{not holds} too, or write where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined "
                "everywhere"
            )
        condition = exported(first, [guard.node, *([guard.mask] if guard.mask is not None else [])])
        preorder.append((condition, _without_folder(guard.line)))
        todo += [(fails, depth + 1), (holds, depth + 1)]
    built: list[int | Decision] = []
    for at in reversed(preorder):
        built.append(at if isinstance(at, int) else Decision(*at, built.pop(), built.pop()))
    return built.pop()


def _without_folder(line: str) -> str:
    """The line of an `if`, without the folder of its file.

    Example:
        >>> _without_folder("/home/me/f.py:12 (if x / 2 > 1:)")
        'f.py:12 (if x / 2 > 1:)'
    """
    file, colon, rest = re.split(r"(:(?=\d))", line, maxsplit=1) if re.search(r":\d", line) else ("", "", line)
    return re.split(r"[/\\]", file)[-1] + colon + rest


@collector_paused()
def exported(branch: Branch, roots: Sequence[Value], results: int | None = None) -> Exported:
    """The program of some nodes of a recording, without samples.

    Args:
        branch: the recording.
        roots: the nodes. The first ones are the results.
        results: how many of them are results; None for all of them.
    """
    recorded = branch.recorded
    first = [*roots][:results]
    with enable_grad():
        tape = trace(roots, (), recorded.recording, None if results is None else first, branch.fixed)
    row = tape.rows()
    leaves = [leaf for own in recorded.variables for leaf in own]
    rows = np.array([row.get(leaf, -1) for leaf in leaves], dtype=np.intp)
    own = rows[rows >= 0].tolist()
    code = lower(tape, own, own)
    return placed(tape, code, rows.tolist(), [row[node] for node in first], branch.shapes)


@collector_paused()
def way_of(branch: Branch, gradient: bool, checked: bool) -> Way:
    """The program of a branch. `checked` says whether it also computes what only its conditions need, to check their domains."""
    results = [x for array in branch.recorded.outputs for x in array]
    roots = [*results, *(branch.recorded.checked if checked else [])]
    apart = gradient and not _is_masked_alike(branch, results)
    rows = [exported(branch, [result]) for result in results] if apart else None
    return Way(exported(branch, roots, len(results)), rows)


def _is_masked_alike(branch: Branch, results: Sequence[Value]) -> bool:
    """Whether the gradients of each result are masked as those of all results together.

    They are not if one result uses in one side of a `where` what another result uses outside of it.
    """
    if len(results) == 1:
        return True

    def masks(some: Sequence[Value]) -> tuple[Tape, dict[Value, Value]]:
        with enable_grad():
            tape = trace(some, (), branch.recorded.recording, None, branch.fixed)
        return tape, {tape.nodes[i]: tape.nodes[mask] for i, mask in tape.masks.items()}

    tape, of_all = masks(results)
    if not any(operation.is_like(SELECT) for operation in {*tape.operations}):
        return True
    for result in dict.fromkeys(results):
        tape, own = masks([result])
        if any(own.get(node) is not of_all.get(node) for i, node in enumerate(tape.nodes) if not tape.reached or tape.reached[i]):
            return False
    return True


def placed(tape: Tape, code: Code, rows: Sequence[int], results: Sequence[int], shapes: Shapes = ()) -> Exported:
    """A program and what its numbers are.

    Args:
        tape, code: the program.
        rows: the row of each argument; -1 for one that is not needed.
        results: the rows of the results.
        shapes: see `listing.outline`.
    """
    given = np.full(code.shared, -1, dtype=np.intp)
    for index, i in enumerate(rows):
        if i >= 0 and code.place[i] >= 0:
            given[code.place[i]] = index
    arguments = {*rows}
    captured = [i for i in tape.leaves() if i not in arguments and code.place[i] >= 0]
    numbers = np.array([tape.nodes[i]._data for i in captured])
    words = [f"{line.name}{line.shape} = {line.text}" for line in outline(tape, code, shapes)]
    return Exported(code, given, (code.place[captured], numbers), code.place[[*results]], len(rows), words)


def need_exportable(name: str, branch: Branch) -> None:
    """
    Raises:
        CompileError: the branch cannot be written in C.
    """
    recorded = branch.recorded
    if recorded.recording.draws:
        raise CompileError(
            f"{name} draws random numbers, which a function of C cannot: pass them as an argument, or call model.eval() before {name} is "
            "called"
        )
    if not any(recorded.outputs):
        raise CompileError(f"{name} returns no numbers: there is nothing to export")
    seen: set[Value] = set()
    for argument, leaves in zip(branch.arguments, recorded.variables, strict=True):
        if argument.module is not None and not seen.isdisjoint(leaves):
            raise CompileError(f"{argument.name} has parameters that another argument has too: pass each module once")
        seen.update(leaves)


def argument_lines(branch: Branch) -> list[str]:
    """Lines that say which numbers of `x` belong to which argument."""
    lines: list[str] = []
    start = 0
    for argument in branch.arguments:
        if argument.module is not None:
            source = argument.source.module if isinstance(argument.source, Parameters) else argument.source
            parts: list[tuple[str, tuple[int, ...]]] = [
                (f"the parameters of {argument.name}, a {type(source).__name__}, in the order of parameters()", (argument.count,))
            ]
        else:
            parts = [(f"{name}{_shaped(shape)}", shape) for name, shape in argument.shapes]
        for text, shape in parts:
            size = int(np.prod(shape))
            lines += [f"{span('x', start, size)}: {text}"] if size else []
            start += size
    return lines


def result_lines(branch: Branch) -> list[str]:
    """Lines that say which numbers of `value` belong to which array of the result."""
    lines: list[str] = []
    start = 0
    names = names_of(branch.build, "result")
    for name, output in zip(names, branch.outputs, strict=True):
        size = int(np.prod(output.shape))
        lines += [f"{span('value', start, size)}: {name}{_shaped(output.shape)}"] if size else []
        start += size
    return lines


def _shaped(shape: tuple[int, ...]) -> str:
    if not shape:
        return ""
    return f", {' x '.join(map(str, shape))}{' numbers' if len(shape) == 1 else ', the last index fastest'}"


def span(array: str, start: int, size: int) -> str:
    """A part of an array in words.

    Example:
        >>> span("x", 3, 1), span("x", 3, 4)
        ('x[3]', 'x[3] to x[6]')
    """
    return f"{array}[{start}]" if size == 1 else f"{array}[{start}] to {array}[{start + size - 1}]"
