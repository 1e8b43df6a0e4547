"""A file of C: the comment at its top, the functions of its programs, and the functions that users call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd._runtime.version import package_version
from autograd.compiled.export.c.c_program import CProgram, Exported, function
from autograd.compiled.export.c.c_text import Precision, commented, paragraphs
from autograd.compiled.export.c.c_writing import indented


@dataclass(frozen=True)
class Way:
    """One way through the `if`s of a function.

    Attributes:
        program: computes the results.
        rows: a program for the gradient of each result; None if that of all of them gives these too.
    """

    program: Exported
    rows: list[Exported] | None = None


@dataclass(frozen=True)
class Decision:
    """An `if` of the function: what decides it, and where each side goes: to the index of a way, or to another `if`.

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


class CWay:
    """The programs of a way in C.

    Attributes:
        program, rows: see `Way`; no rows if there are none.
    """

    def __init__(self, way: Way, name: str, precision: Precision, gradient: bool) -> None:
        self.program = CProgram(way.program, name, precision)
        rows = (way.rows or []) if gradient else []
        self.rows = [CProgram(row, f"{name}_row{k}", precision) for k, row in enumerate(rows)]

    @property
    def programs(self) -> list[CProgram]:
        """All of them."""
        return [self.program, *self.rows]


class CFile:
    """A file.

    Args:
        name: the name of the function.
        precision: the type of the numbers.
        ways: all ways through the `if`s.
        root: the first `if`, or the index of the only way.
        gradient: whether there is a function for the gradient.
        checked: whether results are NaN where an operation is outside of its domain.

    Attributes:
        memory, gradients: how many numbers the arrays `w` and `d` have.
    """

    def __init__(self, name: str, precision: Precision, ways: Sequence[Way], root: int | Decision, gradient: bool, checked: bool) -> None:
        self.name, self.precision, self.gradient, self.checked = name, precision, gradient, checked
        names = [name] if len(ways) == 1 else [f"{name}_way{k}" for k in range(len(ways))]
        self.ways = [CWay(way, own, precision, gradient) for way, own in zip(ways, names, strict=True)]
        self.decisions: list[CProgram] = []
        self._tree = self._decided(root) if isinstance(root, Decision) else []
        self.size, self.count = ways[0].program.size, ways[0].program.results.size
        programs = [*self.decisions, *[program for way in self.ways for program in way.programs]]
        self.memory = max([0, *[program.memory.size for program in programs]])
        self.gradients = max([0, *[program.memory.size for way in self.ways for program in way.rows or [way.program]]])

    def _decided(self, root: int | Decision) -> list[str]:
        """The lines that return the index of the program. The smaller side of each `if` is nested, so that nests are not deep."""
        preorder: list[int | tuple[str, str]] = []
        todo = [root]
        while todo:  # without recursion, because a loop of many rounds is a deep tree
            at = todo.pop()
            if not isinstance(at, Decision):
                preorder.append(at)
                continue
            decision = CProgram(at.condition, f"{self.name}_if{len(self.decisions)}", self.precision)
            self.decisions.append(decision)
            preorder.append((at.line, decision.name))
            todo += [at.fails, at.holds]
        built: list[list[str]] = []
        for one in reversed(preorder):
            if isinstance(one, int):
                built.append([f"return {one};"])
                continue
            holds, fails = built.pop(), built.pop()
            inner, outer, sign = (holds, fails, "") if len(holds) <= len(fails) else (fails, holds, "!")
            built.append([f"/* {commented(one[0])} */", f"if ({sign}{one[1]}(x, w)) {{", *indented(inner), "}", *outer])
        return built.pop()

    # -- functions --------------------------------------------------------------------------------------------------

    @property
    def heads(self) -> list[str]:
        """The declarations of the functions that users call."""
        kind = self.precision.type
        value = f"void {self.name}(const {kind} *x, {kind} *value)"
        return [value, *([f"void {self.name}_grad(const {kind} *x, {kind} *value, {kind} *gradient)"] if self.gradient else [])]

    def text(self, described: Described) -> str:
        """The file."""
        kind = self.precision.type
        own: list[str] = []
        for decision in self.decisions:
            own += decision.with_definitions([decision.forward(), self._condition(decision)], [])
        for way in self.ways:
            own += self._functions(way)
        if self._tree:
            head = f"static int {self.name}_way(const {kind} *x, {kind} *w)"
            own += ["/* Which way these arguments take. */", *function(head, ["x", "w"], self._tree), ""]
        storage = [f"#ifndef {self.storage}", f"#define {self.storage} static", "#endif", ""] if self.memory else []
        lines = [*self._comment(described), "", "#include <math.h>", "", *storage, *[f"{head};" for head in self.heads], ""]
        lines += [*own, *self._called(self.heads[0], False)]
        lines += ["", *self._called(self.heads[1], True)] if self.gradient else []
        return "\n".join([*lines, ""])

    def _functions(self, way: CWay) -> list[str]:
        """The functions of a way."""
        program = way.program
        functions = [program.forward()] if program.has_instructions else []
        functions += [program.backward()] if self.gradient and not way.rows else []
        functions += [program.outside()] if self.checked and program.is_checked else []
        lines = program.with_definitions(functions, program.values())
        for row in way.rows:
            lines += row.with_definitions([*([row.forward()] if row.has_instructions else []), row.backward()], [])
        return lines

    @property
    def storage(self) -> str:
        """The macro for the storage of the arrays."""
        return f"{self.name.upper()}_STORAGE"

    def _condition(self, decision: CProgram) -> list[str]:
        """The function that says whether a condition holds, or does not matter."""
        zero, results = self.precision.literal(0.0), decision.exported.results
        elements = [decision.memory.element(results[k : k + 1], []) for k in range(results.size)]
        texts = [f"{element.value} {symbol} {zero}" for element, symbol in zip(elements, ("!=", "=="), strict=False)]
        kind = self.precision.type
        head = f"static int {decision.name}(const {kind} *x, {kind} *w)"
        return function(head, ["x", "w"], [*decision.run(), f"return {' || '.join(texts)};"])

    def _called(self, head: str, gradient: bool) -> list[str]:
        """A function that users call."""
        kind = self.precision.type
        arrays = [f"w[{self.memory}]", *([f"d[{self.gradients}]"] if gradient and self.gradients else [])]
        body = [f"{self.storage} {kind} {', '.join(arrays)};"] if self.memory else []
        if not self._tree:
            body += self._run(self.ways[0], gradient)
        else:
            body += [f"switch ({self.name}_way(x, w)) {{"]
            for k, way in enumerate(self.ways):
                label = f"case {k}:" if k < len(self.ways) - 1 else "default:"
                body += [label, *indented([*self._run(way, gradient), "break;"])]
            body.append("}")
        return function(head, ["x"], body)

    def _run(self, way: CWay, gradient: bool) -> list[str]:
        """The lines that take a way."""
        program = way.program
        lines = [*program.run(), *program.values()]
        if self.checked and program.is_checked:
            names = [("value", self.count), *([("gradient", self.count * self.size)] if gradient else [])]
            lost = [line for name, size in names for line in program.cleared(name, size, math.nan)]
            lines += [f"if ({program.name}_outside(x, w)) {{", *indented([*lost, "return;"]), "}"]
        if gradient and not way.rows:
            lines += program.gradients()
        for k, row in enumerate(way.rows if gradient else []):
            lines += [*row.run(), *row.gradients(k * self.size)]
        return lines

    # -- the comment --------------------------------------------------------------------------------------------------

    def _comment(self, described: Described) -> list[str]:
        several, n = self.count > 1, self.size
        texts = [
            f"{self.name}: {commented(described.title)}",
            "",
            f"C99, written by scalar-autograd {package_version()}. It needs math.h (link with -lm) and allocates nothing. Comments name "
            "numbers as the printed program does; ^T is a transpose, and x_3 the number 3 of x.",
            "",
            *[f"    {head};" for head in self.heads],
            "",
            f"x: {_counted(n, 'number')}, the arguments in their order.",
            *[f"    {commented(line, 400)}" for line in described.arguments],
            f"value: {_counted(self.count, 'number')}.",
            *[f"    {commented(line, 400)}" for line in described.results],
        ]
        if self.gradient and several:
            where = f"gradient[{n} * k + i]"
            texts.append(f"gradient: {self.count} x {n} numbers, row by row: {where} is the derivative of value[k] with respect to x[i].")
        elif self.gradient:
            texts.append(f"gradient: {_counted(n, 'number')}: gradient[i] is the derivative of value[0] with respect to x[i].")
        texts.append("The arrays must not overlap. Everything else that Python code refers to, such as weights, is a constant here.")
        texts += ["", *self._about_memory(), self._about_domains()]
        return ["/*", *paragraphs(texts), "*/"]

    def _about_memory(self) -> list[str]:
        if not self.memory:
            return []
        of_values, of_both = (self.precision.bytes * count for count in (self.memory, self.memory + self.gradients))
        sizes = f"{of_values:,} bytes in {self.name}" + (f" and {of_both:,} in {self.name}_grad" if self.gradient else "")
        return [
            f"What is computed on the way is kept in arrays of fixed size: {sizes}. They are static, because the stacks of "
            "microcontrollers are small. All calls share a static array: a function must not be called by two threads at once, nor by an "
            f"interrupt while it runs. Compile with -D{self.storage}=auto to have the arrays on the stack, or with "
            f'-D{self.storage}="static _Thread_local", of C11, to have them for each thread.',
            "",
        ]

    def _about_domains(self) -> str:
        if self.checked:
            return (
                "Where an operation is outside of its domain, such as log(-1), and Python would raise an error, all results are NAN. "
                "Do not compile with -ffast-math, which assumes that there is no NAN."
            )
        return (
            "There are no exceptions: outside of its domain, an operation gives what C gives, NAN for log(-1) and infinity for 1 / 0. "
            "Do not compile with -ffast-math, which assumes that there is neither."
        )


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
