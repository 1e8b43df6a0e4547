"""What the rules of all kinds of instructions in C share: namespaces, loops, statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.compiled.export.c.c_memory import CMemory, Element
from autograd.compiled.export.c.c_namespace import CNamespace, CNumber, Helper
from autograd.compiled.export.c.c_reach import Reach
from autograd.compiled.export.c.c_text import Precision
from autograd.errors import CompileError
from autograd.ops import Operation, product

VARIABLES = "ijklmn"
"""The indices of loops, the outermost first."""

RESULT = "result"
"""The index of the result that is differentiated, where there are several."""


class Writing:
    """What the rules need to write the functions of a program.

    Args:
        memory: where its numbers are.
        integer: the type of indices.
        reach: which results depend on each number; None for a single result.

    Attributes:
        helpers: see `CNamespace`.
    """

    def __init__(self, memory: CMemory, precision: Precision, name: str, integer: str, reach: Reach | None) -> None:
        self.memory, self.precision, self.name, self.integer, self.reach = memory, precision, name, integer, reach
        self.helpers: set[Helper] = set()

    def namespace(self) -> CNamespace:
        """A namespace for the expressions of one block."""
        xp = CNamespace(self.name, self.precision)
        xp.helpers = self.helpers
        return xp

    def loops(self, shape: Sequence[int], variables: Sequence[str], body: list[str]) -> list[str]:
        """The body within a loop for each axis that is longer than 1. Without loops, a body with names of its own is a block."""
        for n, variable in reversed([*zip(shape, variables, strict=False)]):
            if n > 1:
                body = [f"for ({self.integer} {variable} = 0; {variable} < {n}; {variable}++) {{", *indented(body), "}"]
        has_names = any(line.startswith(("const ", f"{self.precision.type} ")) for line in body)
        return ["{", *indented(body), "}"] if has_names else body


def indented(lines: Sequence[str]) -> list[str]:
    """The lines, one level deeper."""
    return [f"    {line}" for line in lines]


def added(element: Element, part: Any) -> list[tuple[str, Any, str]]:
    """The statement that adds to the gradient of an element, for `lines_of`; none for a constant."""
    return [] if element.add is None else [(element.add[0], part, element.add[1])]


def lines_of(xp: CNamespace, statements: Sequence[tuple[str, Any, str]], names: Mapping[CNumber, str] | None = None) -> list[str]:
    """The lines of statements: each is a beginning, an expression, and an end. For the names see `CNamespace.lines`."""
    lines = xp.lines([(head, x) for head, x, _ in statements], names)
    count = len(statements)
    ends = [end for _, _, end in statements]
    return [*lines[: len(lines) - count], *[line[:-1] + end for line, end in zip(lines[len(lines) - count :], ends, strict=True)]]


def evaluated(operation: Operation, rule: Callable[[], Any]) -> Any:
    """The result of a rule.

    Raises:
        CompileError: it cannot be written in C.
    """
    try:
        return rule()
    except Exception as error:  # whatever code of a user raises on numbers that it does not expect
        raise CompileError(
            f"the operation {operation.name} cannot be written in C: its rule raises {type(error).__name__}: {error}. A rule may use "
            "arithmetic, comparisons and the functions of xp"
        ) from error


def product_of(operation: Operation, xp: CNamespace, slope: Any, gradient: CNumber) -> Any:
    """`ops.product`, taken on each side of a slope that is a choice, which is shorter where a side is 0 or 1."""
    if operation.selects and isinstance(slope, CNumber) and slope.choice is not None:
        condition, a, b = slope.choice
        return xp.where(condition, product_of(operation, xp, a, gradient), product_of(operation, xp, b, gradient))
    return -gradient if type(slope) is float and slope == -1.0 else product(operation, xp, slope, gradient)
