"""The C functions of one program: `forward` computes its numbers, `backward` applies the chain rule from the last one to the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograd.compiled.export.c.c_kinds import RULES, KindRule, prepared
from autograd.compiled.export.c.c_memory import CMemory
from autograd.compiled.export.c.c_namespace import HELPERS, helper
from autograd.compiled.export.c.c_reach import Reach
from autograd.compiled.export.c.c_text import Precision, ascii_words
from autograd.compiled.export.c.c_writing import RESULT, Writing, added, indented, lines_of
from autograd.compiled.ir import Code, Instruction, Loop, Places, Scalars
from autograd.compiled.loop_body import LoopBody
from autograd.compiled.rounds_of import body_of

MOST = 500
"""A function of more lines becomes several, because compilers take long for one with many."""

FAR = 32_767
"""The largest number that `int` is sure to hold."""


@dataclass(frozen=True)
class Exported:
    """A program without samples, and what its numbers are.

    Attributes:
        code: the program.
        given: for each place the index of the argument that is there, or -1.
        constants: places of captured leaves, and their numbers.
        results: the places of the results.
        size: the number of arguments.
        words: each instruction of the code in words.
    """

    code: Code
    given: Places
    constants: tuple[Places, npt.NDArray[np.float64]]
    results: Places
    size: int
    words: list[str]


class CProgram:
    """The functions of a program.

    Args:
        exported: the program.
        name: what the names of its functions begin with.
        precision: the type of its numbers.

    Attributes:
        memory: where its numbers are.
        integer: the type of indices.
        has_instructions: whether anything is computed.
        is_checked: whether an operation can be outside of its domain.
    """

    def __init__(self, exported: Exported, name: str, precision: Precision) -> None:
        self.exported, self.name, self.precision = exported, name, precision
        code = exported.code
        self._instructions = [
            (f"/* {ascii_words(words)} */", _parts_of(each)) for words, each in zip(exported.words, code.instructions, strict=True)
        ]
        read = [places for _, parts in self._instructions for rule, part in parts for places in rule.places(part)]
        self.memory = CMemory(code, name, precision, exported.given, exported.constants, [*read, exported.results])
        results = exported.results.size
        largest = max([results * max(self.memory.most, exported.size), *[places.size for places in read]])
        self.integer = "int" if largest <= FAR else "long"
        reach = Reach(code, exported.results) if results > 1 else None
        self.writing = Writing(self.memory, precision, name, self.integer, reach)
        self.has_instructions = bool(self._instructions)
        self.is_checked = any(instruction.checked for instruction in exported.code.flattened)

    # -- functions --------------------------------------------------------------------------------------------------

    def forward(self) -> list[str]:
        """The function that computes all numbers."""
        blocks: list[list[str]] = []
        for words, parts in self._instructions:
            blocks += [[words], *[rule.value(self.writing, part) for rule, part in parts]]
        kind = self.precision.type
        return self._functions("forward", [(f"const {kind} *", "x"), (f"{kind} *", "w")], blocks)

    def backward(self) -> list[str]:
        """The function that computes the gradient of a result; if there are several, of the one with the index `RESULT`."""
        several, kind = self.exported.results.size > 1, self.precision.type
        seed = lines_of(self.writing.namespace(), added(self.memory.element(self.exported.results, [RESULT]), 1.0))
        blocks = [self.cleared("gradient", self.exported.size), self.cleared("d", self.memory.size), seed]
        for words, parts in reversed(self._instructions):
            lines = [rule.parts(self.writing, part) for rule, part in reversed(parts) if not part.constant]
            blocks += [[words], *lines] if any(lines) else []
        parameters = [(f"const {kind} *", "x"), (f"const {kind} *", "w"), (f"{kind} *", "d"), (f"{kind} *", "gradient")]
        return self._functions("backward", parameters + [(f"{self.integer} ", RESULT)] * several, blocks)

    def outside(self) -> list[str]:
        """The function that says whether an operation is outside of its domain where that is an error."""
        kind = self.precision.type
        blocks = [rule.outside(self.writing, part) for _, parts in self._instructions for rule, part in parts if part.checked]
        head = f"static int {self.name}_outside(const {kind} *x, const {kind} *w)"
        return function(head, ["x", "w"], [*[line for block in blocks for line in block], "return 0;"])

    def _functions(self, name: str, parameters: Sequence[tuple[str, str]], blocks: list[list[str]]) -> list[str]:
        """A function of blocks of lines; if it is long, one that calls several."""
        declared = ", ".join([kind + own for kind, own in parameters])
        names = [own for _, own in parameters]
        parts: list[list[str]] = [[]]
        for block in blocks:
            if len(parts[-1]) + len(block) > MOST and parts[-1]:
                parts.append([])
            parts[-1] += block
        lines: list[str] = []
        if len(parts) > 1:
            heads = [f"{self.name}_{name}_{n}" for n in range(len(parts))]
            for head, body in zip(heads, parts, strict=True):
                lines += [*function(f"static void {head}({declared})", names, body), ""]
            parts = [[f"{head}({', '.join(names)});" for head in heads]]
        return [*lines, *function(f"static void {self.name}_{name}({declared})", names, parts[0])]

    # -- what the functions of a file do with them ----------------------------------------------------------------------

    def cleared(self, array: str, size: int, number: float = 0.0) -> list[str]:
        """The lines that set each number of an array."""
        index = "i" if size > 1 else "0"
        return self.writing.loops([size], ["i"], [f"{array}[{index}] = {self.precision.literal(number)};"]) if size else []

    def values(self) -> list[str]:
        """The lines that copy the results to `value`."""
        size = self.exported.results.size
        element = self.memory.element(self.exported.results, ["i"])
        return self.writing.loops([size], ["i"], [f"value[{'i' if size > 1 else '0'}] = {element.value};"])

    def run(self) -> list[str]:
        """The line that computes all numbers, if there are any."""
        return [f"{self.name}_forward(x, w);"] if self.has_instructions else []

    def gradients(self, start: int = 0) -> list[str]:
        """The lines that compute the gradients of the results, one after the other in `gradient`, from a place on."""
        count, size = self.exported.results.size, self.exported.size
        w, d = ("w", "d") if self.memory.size else ("0", "0")
        if count == 1:
            return [f"{self.name}_backward(x, {w}, {d}, gradient{f' + {start}' if start else ''});"]
        row = "gradient" if not size else "gradient + i" if size == 1 else f"gradient + {size} * i"
        return self.writing.loops([count], ["i"], [f"{self.name}_backward(x, {w}, {d}, {row}, i);"])

    def with_definitions(self, functions: Sequence[list[str]], others: Sequence[str]) -> list[str]:
        """Functions, and before them what they and other lines refer to: tables, and functions that C does not have."""
        lines = [line for own in functions for line in [*own, ""]]
        definitions = self.memory.definitions(without_comments([*lines, *others]), self.integer)
        helpers = self.writing.helpers
        own = [helper(which, self.name, self.precision, helpers) for which in sorted(helpers) if which[0] not in HELPERS]
        basic = [helper((which, ()), self.name, self.precision, helpers) for which in HELPERS if (which, ()) in helpers]
        for definition in [*basic, *own]:
            definitions += definition.rstrip().split("\n")
        return [*(definitions[1:] if definitions[:1] == [""] else definitions), *([""] if definitions else []), *lines]


def _parts_of(instruction: Instruction | Scalars) -> list[tuple[KindRule, Instruction | LoopBody]]:
    """An instruction and its rule; for scalars each of them, unless they are rounds of a loop."""
    body = body_of(instruction) if isinstance(instruction, Loop) else None
    if body is not None:
        return [(RULES[Loop], body)]
    return [(RULES[type(one)], one) for one in map(prepared, instruction.single if isinstance(instruction, Scalars) else [instruction])]


def function(head: str, names: Sequence[str], body: Sequence[str]) -> list[str]:
    """A function of C. Parameters that it does not read are marked as unused."""
    text = without_comments(body)
    unused = [f"(void){name};" for name in names if not re.search(rf"\b{name}\b", text)]
    return [head, "{", *indented([*unused, *body]), "}"]


def without_comments(lines: Sequence[str]) -> str:
    """Lines as text, but for those that are comments, in which anything may be named."""
    return "\n".join([line for line in lines if not line.lstrip().startswith("/*")])
