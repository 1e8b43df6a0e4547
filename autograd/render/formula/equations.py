"""Operations and local derivatives as lines of text: `c = a · b = 2 · (−3) = −6`, `∂c/∂a = b = −3`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase

from autograd.errors import DefinitionError
from autograd.notation import notation_of
from autograd.ops import Operation
from autograd.render.lettering import exactly, is_number, short

LONGEST = 8  # a sum or list of more parts than this is abbreviated

SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Bracketed:
    """A name or a number within an equation, in parentheses where it needs them.

    Attributes:
        alone: without parentheses, for where nothing is beside it.
        first: for the beginning of an expression, where a minus sign needs no parentheses.
    """

    def __init__(self, text: str) -> None:
        self.alone = text
        compound = re.search(r"[\s+\-−–*·/%^=<>,;|]", text[1:] if text.startswith("−") else text) and not is_number(text)
        self.first = f"({text})" if compound else text

    def __format__(self, _: str) -> str:
        return f"({self.alone})" if self.first.startswith("−") else self.first


class Words:
    """What a row of the notation table writes equations with, where it needs more than a template (`Notation.words`)."""

    @staticmethod
    def series(terms: Sequence[str]) -> str:
        """The sum of terms. Of a long one the beginning and the end."""
        return " + ".join(_shortened(terms)) or "0"

    @staticmethod
    def items(inputs: Sequence[Bracketed]) -> Bracketed:
        """[a, b, c]. Of a long list the beginning and the end."""
        return Bracketed(f"[{', '.join(_shortened([x.alone for x in inputs]))}]")

    @staticmethod
    def sum(*a: Bracketed) -> str:
        """The sum of the inputs."""
        return Words.series([x.first if i == 0 else f"{x}" for i, x in enumerate(a)])

    @staticmethod
    def dot(*ab: Bracketed) -> str:
        """The sum of the products of the inputs in the first half and those in the second."""
        half = len(ab) // 2
        return Words.series([f"{x.first if i == 0 else x} · {y}" for i, (x, y) in enumerate(zip(ab[:half], ab[half:], strict=True))])

    @staticmethod
    def call(name: str, *inputs: Bracketed | float) -> str:
        """name(a, b), of names and of numbers."""
        return f"{name}({', '.join([x.alone if isinstance(x, Bracketed) else exactly(x) for x in inputs])})"

    @staticmethod
    def next_order(order: Bracketed | float) -> Bracketed | float:
        """The order of a derivative plus 1."""
        return Bracketed(f"{order.first} + 1") if isinstance(order, Bracketed) else order + 1.0

    @staticmethod
    def power(base: Bracketed, exponent: Bracketed | float) -> str:
        """The base with its exponent. An exponent that is a whole number of the operation stands above it; with 1 it is the base."""
        if isinstance(exponent, Bracketed):
            return f"{base}^{exponent}"
        if exponent == 1.0:
            return f"{base}"
        below = f"({base.alone})" if is_number(base.alone) and "e" in base.alone else f"{base}"
        above = exactly(exponent)
        return below + (above.translate(SUPERSCRIPTS) if re.fullmatch(r"−?\d{1,2}", above) else f"^{Bracketed(above)}")

    @staticmethod
    def power_slope(base: Bracketed, exponent: Bracketed | float) -> str:
        """The derivative of a power with respect to its base."""
        if isinstance(exponent, Bracketed):
            return f"{exponent} · {base}^({exponent} − 1)"
        if exponent in (0.0, 1.0):
            return short(exponent)
        return f"{exactly(exponent)} · {Words.power(base, exponent - 1.0)}"


def _shortened(parts: Sequence[str]) -> Sequence[str]:
    if len(parts) <= LONGEST:
        return parts
    return [*parts[: LONGEST - 2], f"… ({len(parts) - LONGEST + 1} more) …", parts[-1]]


def formula(operation: Operation, inputs: Sequence[str]) -> str:
    """The operation applied to names or numbers.

    Example:
        >>> from autograd.ops import MUL, POW
        >>> formula(MUL, ["a", "−3"]), formula(POW.bind(2.0), ["a"])
        ('a · (−3)', 'a²')
    """
    words = notation_of(operation).words
    if words:
        a = [Bracketed(text) for text in inputs]
        form = words[0]
        if callable(form):
            return form(Words, *a, *operation.constants)
        return _filled(operation, form, a)
    name = operation.symbol if operation.symbol.isalnum() else operation.name
    return f"{name}({', '.join([*inputs, *map(exactly, operation.constants)])})"


def local_derivative(operation: Operation, y: str, inputs: Sequence[str], i: int) -> str:
    """The derivative of the operation with respect to its input at position `i`, or "" where it has no short form.

    Example:
        >>> from autograd.ops import MUL
        >>> local_derivative(MUL, "c", ["a", "b"], 0)
        'b'
    """
    forms = notation_of(operation).words[1:]
    if len(forms) <= (0 if operation.arity is None else i):
        return ""
    a, value = [Bracketed(text) for text in inputs], Bracketed(y)
    form = forms[0 if operation.arity is None else i]
    if not callable(form):
        return _filled(operation, form, a, y=value)
    return form(Words, value, i, *a) if operation.arity is None else form(Words, value, *a, *operation.constants)


def _filled(operation: Operation, template: str, inputs: Sequence[Bracketed], **value: Bracketed) -> str:
    """A template with the inputs, and then the constants of the operation, in place of {a}, {b}, …

    Raises:
        DefinitionError: the template has other places than those.
    """
    places = dict(zip(ascii_lowercase, [*inputs, *[Bracketed(exactly(c)) for c in operation.constants]], strict=False)) | value
    try:
        return template.format(**places)
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        known = ", ".join(f"{{{name}}}" for name in places)
        raise DefinitionError(f"the words of {operation.name} may have {known} in braces and nothing else, not {template!r}") from error


def derivative(of: str, wrt: str) -> str:
    """∂L/∂a."""
    return f"∂{Bracketed(of).first}/∂{Bracketed(wrt).first}"


def equation(*sides: str) -> str:
    """The sides with = between them, without those that are empty or repeat the one before."""
    return " = ".join(side for n, side in enumerate(sides) if side and (n == 0 or side != sides[n - 1]))


def times(a: float, b: float) -> str:
    """1 · (−3)."""
    return f"{Bracketed(short(a)).first} · {Bracketed(short(b))}"


def plus(a: float, b: float) -> str:
    """1 + (−3)."""
    return f"{Bracketed(short(a)).first} + {Bracketed(short(b))}"
