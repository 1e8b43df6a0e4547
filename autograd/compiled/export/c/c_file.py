"""A file of C: the comment at its top, the functions of its programs, and the functions that users call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd._runtime.version import package_version
from autograd.compiled.export.c.c_kinds import indented
from autograd.compiled.export.c.c_program import CProgram, Exported, function
from autograd.compiled.export.c.c_text import Precision, commented, paragraphs


@dataclass(frozen=True)
class Decision:
    """An `if` of the function: what decides it, and where each side goes: to the index of a program, or to another `if`.

    Attributes:
        condition: a program whose first result is not 0 where the condition holds; a second one is 0 where it does not matter.
        line: the line of the `if`.
        holds, fails: the two sides.
    """

    condition: Exported
    line: str
    holds: int | Decision
    fails: int | Decision


@dataclass(frozen=True)
class Described:
    """What the comment says.

    Attributes:
        title: what was exported.
        arguments, results: lines that say what the numbers of `x` and `value` are.
    """

    title: str
    arguments: list[str]
    results: list[str]


class CFile:
    """A file.

    Args:
        name: the name of the function.
        precision: the type of the numbers.
        programs: the program of each branch.
        root: the first `if`, or the index of the only program.
        gradient: whether there is a function for the gradient.
        checked: whether results are NaN where an operation is outside of its domain.
    """

    def __init__(
        self, name: str, precision: Precision, programs: Sequence[Exported], root: int | Decision, gradient: bool, checked: bool
    ) -> None:
        self.name, self.precision, self.root, self.gradient, self.checked = name, precision, root, gradient, checked
        single = len(programs) == 1
        self.programs = [CProgram(one, name if single else f"{name}_way{k}", precision) for k, one in enumerate(programs)]
        self.tests: list[CProgram] = []
        self._tree = self._decided(root) if isinstance(root, Decision) else []
        self.size, self.count = programs[0].size, programs[0].results.size
        self.memory = max([0, *[program.memory.size for program in [*self.programs, *self.tests]]])

    def _decided(self, at: int | Decision) -> list[str]:
        """The lines that return the index of the program. The smaller side of each `if` is nested, so that nests are not deep."""
        if not isinstance(at, Decision):
            return [f"return {at};"]
        test = CProgram(at.condition, f"{self.name}_if{len(self.tests)}", self.precision)
        self.tests.append(test)
        holds, fails = self._decided(at.holds), self._decided(at.fails)
        inner, outer, sign = (holds, fails, "") if len(holds) <= len(fails) else (fails, holds, "!")
        return [f"/* {commented(at.line)} */", f"if ({sign}{test.name}(x, w)) {{", *indented(inner), "}", *outer]

    # -- functions --------------------------------------------------------------------------------------------------

    @property
    def heads(self) -> list[str]:
        """The declarations of the functions that users call."""
        kind = self.precision.type
        value = f"void {self.name}(const {kind} *x, {kind} *value)"
        return [value, *([f"void {self.name}_grad(const {kind} *x, {kind} *value, {kind} *gradient)"] if self.gradient else [])]

    def text(self, described: Described) -> str:
        """The file."""
        own: list[str] = []
        for test in self.tests:
            own += self._with_definitions(test, [test.forward(), self._condition(test)])
        for program in self.programs:
            functions = [program.forward()] if program.has_instructions else []
            functions += [program.backward()] if self.gradient else []
            functions += [program.outside()] if self.checked else []
            own += self._with_definitions(program, functions)
        if self._tree:
            kind = self.precision.type
            head = f"static int {self.name}_way(const {kind} *x, {kind} *w)"
            own += ["/* The index of the program for these arguments. */", *function(head, ["x", "w"], self._tree), ""]
        storage = [f"#ifndef {self.storage}", f"#define {self.storage} static", "#endif", ""] if self.memory else []
        lines = [*self._comment(described), "", "#include <math.h>", "", *storage, *[f"{head};" for head in self.heads], ""]
        lines += [*own, *self._called(self.heads[0], False)]
        lines += ["", *self._called(self.heads[1], True)] if self.gradient else []
        return "\n".join([*lines, ""])

    @property
    def storage(self) -> str:
        """The macro for the storage of the arrays."""
        return f"{self.name.upper()}_STORAGE"

    def _with_definitions(self, program: CProgram, functions: list[list[str]]) -> list[str]:
        lines = [line for own in functions for line in [*own, ""]]
        definitions = program.definitions(lines)
        return [*definitions, *([""] if definitions else []), *lines]

    def _condition(self, test: CProgram) -> list[str]:
        """The function that says whether a condition holds, or does not matter."""
        zero = self.precision.literal(0.0)
        elements = [test.memory.element(test.exported.results[k : k + 1], []) for k in range(test.exported.results.size)]
        texts = [f"{element.value} {symbol} {zero}" for element, symbol in zip(elements, ("!=", "=="), strict=False)]
        kind = self.precision.type
        forward = [f"{test.name}_forward(x, w);"] if test.has_instructions else []
        return function(f"static int {test.name}(const {kind} *x, {kind} *w)", ["x", "w"], [*forward, f"return {' || '.join(texts)};"])

    def _called(self, head: str, gradient: bool) -> list[str]:
        """A function that users call."""
        kind = self.precision.type
        arrays = [f"w[{self.memory}]", *([f"d[{self.memory}]"] if gradient else [])]
        body = [f"{self.storage} {kind} {', '.join(arrays)};"] if self.memory else []
        if not self._tree:
            body += self._run(self.programs[0], gradient)
        else:
            body += [f"switch ({self.name}_way(x, w)) {{"]
            for k, program in enumerate(self.programs):
                label = f"case {k}:" if k < len(self.programs) - 1 else "default:"
                body += [label, *indented([*self._run(program, gradient), "break;"])]
            body.append("}")
        return function(head, ["x"], body)

    def _run(self, program: CProgram, gradient: bool) -> list[str]:
        """The lines that run a program."""
        lines = [*program.values(), *(program.gradients() if gradient else [])]
        if not self.checked or not program.is_checked:
            return lines
        names = [("value", self.count), *([("gradient", self.count * self.size)] if gradient else [])]
        lost = [line for name, size in names for line in program.cleared(name, size, float("nan"))]
        return [*lines, f"if ({program.name}_outside(x, {'w' if self.memory else '0'})) {{", *indented(lost), "}"]

    # -- the comment --------------------------------------------------------------------------------------------------

    def _comment(self, described: Described) -> list[str]:
        several, n = self.count > 1, self.size
        texts = [
            f"{self.name}: {commented(described.title)}",
            "",
            f"C99 by scalar-autograd {package_version()}. It needs math.h (link with -lm) and allocates nothing.",
            "",
            *[f"    {head};" for head in self.heads],
            "",
            f"x: {_counted(n, 'number')}, the arguments in their order.",
            *[f"    {commented(line, 400)}" for line in described.arguments],
            f"value: {_counted(self.count, 'number')}.",
            *[f"    {commented(line, 400)}" for line in described.results],
        ]
        if self.gradient and several:
            texts.append(
                f"gradient: {self.count} x {n} numbers: gradient[{n} * k + i] is the derivative of value[k] with respect to x[i]."
            )
        elif self.gradient:
            texts.append(f"gradient: {_counted(n, 'number')}: gradient[i] is the derivative of value[0] with respect to x[i].")
        texts.append(f"The arrays must not overlap.{' Values that the function refers to are the numbers that they were.' if n else ''}")
        texts += ["", *self._about_memory(), self._about_domains()]
        return ["/*", *paragraphs(texts), "*/"]

    def _about_memory(self) -> list[str]:
        if not self.memory:
            return []
        own = self.memory * self.precision.bytes
        sizes = f"{own:,} bytes in {self.name}" + (f" and {2 * own:,} in {self.name}_grad" if self.gradient else "")
        return [
            f"What is computed on the way is kept in arrays of fixed size: {sizes}. They are static, because the stacks of microcontrollers "
            "are small. A static array is shared by all calls: a function must not be called by two threads at once, nor by an interrupt "
            f"while it runs. Compile with -D{self.storage}=auto to have the arrays on the stack; or with "
            f'-D{self.storage}="static _Thread_local", of C11, for one in each thread.',
            "",
        ]

    def _about_domains(self) -> str:
        if self.checked:
            return (
                "Where an operation is outside of its domain, such as log(-1), and Python would raise an error, all results are NAN. Do not "
                "compile with -ffast-math, which assumes that there is no NAN."
            )
        return (
            "There are no exceptions: outside of its domain, an operation gives what C gives, NAN for log(-1) and infinity for 1 / 0. Do not "
            "compile with -ffast-math, which assumes that there is neither."
        )


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"

