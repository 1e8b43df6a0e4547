"""The pictures of "How compile works": the forms of its example between the passes of the compiler.

Each is made from the code on the page and from what the passes return, as the text of `explain` is, so it cannot fall behind.
"""

import doctest
import re
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.compiled.api.explain import explain
from autograd.compiled.api.function import Function
from autograd.compiled.export.operands import number_text
from autograd.compiled.ir import Code, Map
from autograd.compiled.pipeline import stages
from autograd.compiled.stages import Block, Group, Sums, Tape
from autograd.ops import CONSTANT, LEAF
from autograd.render.picture.boxes import Box, Picture
from autograd.render.picture.draw import draw, drawing_of

MARK = re.compile(r"<!-- (picture|listing): (\w+) ?(\w*) -->")
"""Where a page wants a picture of a function after a pass, of its branches, or the listing of its program."""

EXAMPLES = {"layer": ("compiled", ("weights", "samples")), "bent": ("bend", ()), "population": ("grown", ())}
"""The names that the page gives to the compiled functions, and to the arguments of the first."""


def run(page: str) -> dict[str, Any]:
    """The names that the code of a page defines."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(code, {}, "page", None, 0)
    if doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False).failed:
        raise SystemExit("the code of the page does not give the answers that it prints")
    return test.globs


def filled(page: str, name: str) -> tuple[str, dict[str, str]]:
    """A page with its pictures, and the SVG of each by its file name."""
    names, pictures = run(page), {}

    def put(mark: re.Match[str]) -> str:
        what, example, stage = mark.groups()
        function, arguments = EXAMPLES[example]
        compiled, args = names[function], [names[argument] for argument in arguments] or [0.1, 2.0]
        if what == "listing":
            return f"```text\n{listing(explain(compiled, *args))}\n```"
        file = f"{name}_{example}_{stage}.svg"
        if stage == "branches":
            pictures[file] = draw(compiled, engine="builtin").pipe(encoding="utf-8")
            return f"![The branches of {example}]({file})"
        pictures[file] = drawn(compiled, args, stage)
        return f"![The program of {example} after the pass {stage}]({file})"

    return MARK.sub(put, page), pictures


def listing(text: str) -> str:
    """The instructions at the end of an explanation."""
    return "\n".join(line[4:] for line in text.splitlines() if re.match(r"    t\d", line))


def drawn(compiled: Function[Any], args: Sequence[Any], stage: str) -> str:
    """The SVG of a function after a pass."""
    _, _, branches = compiled.specialise(*args)
    tape, wanted, first = branches[0].tape, branches[0].wanted, branches[0].first
    result = dict(stages(tape, wanted, first))[stage]
    if isinstance(result, Code):
        return draw(compiled, engine="builtin", rankdir="TB").pipe(encoding="utf-8")
    return drawing_of(picture(tape, result), engine="builtin").pipe(encoding="utf-8")


Line = tuple[str, str, Sequence[int], Iterable[int]]
"""A title, a kind of box, the rows that are computed, and those that are read."""


def picture(tape: Tape, stage: Any) -> Picture:
    """The picture of a stage before there is code. An edge between two boxes is drawn once."""
    lines = list(computed(tape, stage))
    read = {row for _, _, _, inputs in lines for row in inputs}
    results = {int(tape.same[row]) for row in tape.results}
    boxes, edges, place = [], {}, {}
    for row in sorted(read):
        if row < len(tape.nodes) and tape.operations[row] in (LEAF, CONSTANT):
            place[row] = len(boxes)
            node, kind = tape.nodes[row], "constant" if tape.operations[row] is CONSTANT else "leaf"
            boxes.append(Box(f"n{len(boxes)}", kind, number_text(node.data) if kind == "constant" else node.label, (f"row {row}",)))
    for title, kind, rows, inputs in lines:
        for row in inputs:
            edges[place[row], len(boxes)] = None
        place |= dict.fromkeys(rows, len(boxes))
        named = ("row " if len(rows) == 1 else "rows ") + ", ".join(map(str, rows))
        boxes.append(Box(f"n{len(boxes)}", "root" if results & set(rows) else kind, title, (named,)))
    return Picture(boxes, list(edges), content=f"{len(lines)} steps and their {len(boxes) - len(lines)} inputs")


def computed(tape: Tape, stage: Tape | Sums | list[Group | Block]) -> Iterable[Line]:
    """What a stage computes, in order."""
    if isinstance(stage, Tape):
        for row, (operation, inputs) in enumerate(zip(stage.operations, stage.inputs, strict=True)):
            if inputs and stage.same[row] == row:
                yield operation.name, "inner", [row], inputs
    elif isinstance(stage, Sums):
        for row, operation, inputs in stage.computed:
            yield operation.name, "inner", [row], inputs
    else:
        for group in stage:
            if isinstance(group, Block):
                raise TypeError("a block of scalars is too long for a picture: choose another example")
            title = group.operation.name if group.kind is Map else group.kind.__name__.lower()
            inputs = [int(row) for operand in group.operands for row in operand.ravel()]
            yield title, "scope" if title == "matmul" else "inner", group.outputs.ravel().tolist(), inputs
