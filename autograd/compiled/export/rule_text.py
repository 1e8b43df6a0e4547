"""A rule of the op table as source text, by evaluating it on symbols.

>>> from autograd.ops import OPERATIONS
>>> for line in lines_of(OPERATIONS["tanh"].value, ["a"], "y"):
...     print(line)
y = tanh(a)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.namespaces import FUNCTIONS


def printable(text: str) -> str:
    r"""The text with an escape for each character that is not printable, including all line breaks and lone surrogates.

    Every text in a comment of generated source passes through this function, so that no label or name can end the comment.

    Example:
        >>> print(printable("a\nimport os"))
        a\nimport os
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def comment(text: str) -> str:
    """The text as a comment of one line, whatever the text is."""
    return f"# {printable(text)}"


def array_text(numbers: npt.NDArray[Any]) -> str:
    """An array as source, with every digit."""
    if np.array_equal(numbers, np.arange(numbers.size) + (numbers.flat[0] if numbers.size else 0)):
        return f"np.arange({numbers.flat[0]}, {numbers.flat[-1] + 1})" if numbers.size else "np.zeros(0, dtype=int)"
    return f"np.array({numbers.tolist()})".replace("nan", "np.nan").replace("inf", "np.inf")


def docstring(text: str) -> str:
    """The text as a docstring, which Python reads back unchanged. The text may be any string, as the name of a function may be."""
    quoted = "".join("\\" + c if c in '"\\' else printable(c) for c in text)
    return f'"""{quoted}"""'


class Symbol:
    """A number in source text: its name, and the writer of the lines."""

    __slots__ = ("text", "writer")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str, writer: Writer) -> None:
        self.text = text
        self.writer = writer

    def _infix(self, symbol: str, other: Any, swapped: bool = False) -> Symbol:
        a, b = (text_of(other), self.text) if swapped else (self.text, text_of(other))
        return self.writer.name(f"{a} {symbol} {b}")

    # fmt: off
    def __add__(self, other: Any) -> Symbol: return self._infix("+", other)
    def __radd__(self, other: Any) -> Symbol: return self._infix("+", other, True)
    def __sub__(self, other: Any) -> Symbol: return self._infix("-", other)
    def __rsub__(self, other: Any) -> Symbol: return self._infix("-", other, True)
    def __mul__(self, other: Any) -> Symbol: return self._infix("*", other)
    def __rmul__(self, other: Any) -> Symbol: return self._infix("*", other, True)
    def __truediv__(self, other: Any) -> Symbol: return self._infix("/", other)
    def __rtruediv__(self, other: Any) -> Symbol: return self._infix("/", other, True)
    def __pow__(self, other: Any) -> Symbol: return self.writer.name(f"power({self.text}, {text_of(other)})")
    def __neg__(self) -> Symbol: return self.writer.name(f"-{self.text}")
    def __pos__(self) -> Symbol: return self
    def __lt__(self, other: Any) -> Symbol: return self._infix("<", other)
    def __le__(self, other: Any) -> Symbol: return self._infix("<=", other)
    def __gt__(self, other: Any) -> Symbol: return self._infix(">", other)
    def __ge__(self, other: Any) -> Symbol: return self._infix(">=", other)
    def __eq__(self, other: Any) -> Any: return self._infix("==", other)
    def __ne__(self, other: Any) -> Any: return self._infix("!=", other)
    def __and__(self, other: Any) -> Symbol: return self._infix("&", other)
    def __rand__(self, other: Any) -> Symbol: return self._infix("&", other, True)
    def __or__(self, other: Any) -> Symbol: return self._infix("|", other)
    def __ror__(self, other: Any) -> Symbol: return self._infix("|", other, True)
    # fmt: on

    def __abs__(self) -> Symbol:
        return self.writer.name(f"abs({self.text})")

    def __bool__(self) -> bool:
        raise TypeError("a rule must not branch on a condition: write xp.where(condition, a, b)")


class Writer:
    """The namespace of symbols. An expression that occurs twice is written once.

    Args:
        prefix: the prefix of the names of expressions.
        own: functions besides those of every namespace.
    """

    inf = math.inf
    nan = math.nan

    def __init__(self, prefix: str = "t", own: Sequence[str] = ()) -> None:
        self.prefix = prefix
        self._functions = (*FUNCTIONS, *own)
        self.lines: list[str] = []
        self._names: dict[str, Symbol] = {}

    def name(self, text: str) -> Symbol:
        """A name for an expression."""
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = Symbol(f"{self.prefix}{len(self._names)}", self)
            self.lines.append(f"{known.text} = {text}")
        return known

    def __getattr__(self, name: str) -> Callable[..., Symbol]:
        if name not in self._functions:
            raise AttributeError(f"rules cannot use xp.{name}")
        return lambda *args: self.name(f"{name}({', '.join(map(text_of, args))})")


def text_of(x: Any) -> str:
    """A symbol or number as text."""
    if isinstance(x, Symbol):
        return x.text
    if isinstance(x, bool):
        return str(x)
    number = float(x)
    text = repr(number)
    return f"({text})" if text.startswith("-") else text


def lines_of(rule: Callable[..., Any], inputs: Sequence[str], target: str, prefix: str = "t", own: Sequence[str] = ()) -> list[str]:
    """The lines that compute a rule. The last one assigns the target.

    Args:
        rule: ``rule(xp, *inputs)``.
        inputs: the names of the inputs.
        target: the name of the result.
        prefix, own: as for `Writer`.
    """
    lines, text = expression_of(rule, inputs, prefix, own)
    return [*lines, f"{target} = {text}"]


def expression_of(rule: Callable[..., Any], inputs: Sequence[str], prefix: str = "t", own: Sequence[str] = ()) -> tuple[list[str], str]:
    """The lines that come before the result of a rule, and the result as an expression. For the arguments see `lines_of`.

    Example:
        >>> expression_of(lambda xp, a, b: xp.sin(a) * b, ["x", "y"])
        (['t0 = sin(x)'], 't0 * y')
    """
    writer = Writer(prefix, own)
    result = rule(writer, *[Symbol(name, writer) for name in inputs])
    if isinstance(result, Symbol) and writer.lines and writer.lines[-1].startswith(f"{result.text} = "):
        return writer.lines[:-1], writer.lines[-1].removeprefix(f"{result.text} = ")
    return writer.lines, text_of(result)
