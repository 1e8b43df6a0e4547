"""Names and numbers as text: what pictures, the player and formulas have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.value import Value


def shown(text: str) -> str:
    """The text as it can be drawn: with spaces that are kept, and an escape for each character that no picture can hold."""
    return printable(re.sub(r"^ | $|(?<= ) ", "\N{NO-BREAK SPACE}", str(text)))


def printable(text: str) -> str:
    """The text with an escape for each character that XML forbids, that breaks a line, or that UTF-8 cannot encode."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", lambda match: match[0].encode("unicode_escape").decode(), text
    )


def labelled(node: Value) -> bool:
    """Whether a node has a label that can be seen."""
    return bool(str(node.label).strip())


def symbol(operation: str) -> str:
    """The symbol of an operation as it is drawn: with a minus sign, which is longer than a hyphen.

    Example:
        >>> symbol("-"), symbol("**-2"), symbol("leaky-relu")
        ('−', '**−2', 'leaky-relu')
    """
    return re.sub(r"(?<!\w)-", "−", shown(operation))


def number(x: float) -> str:
    """A number with four decimals, or with an exponent where these would say little; with a minus sign, which is longer than a hyphen.

    Example:
        >>> number(-0.5), number(1e-7)
        ('−0.5000', '1.000e−07')
    """
    text = f"{x:.4f}" if x == 0.0 or 0.001 <= abs(x) < 1e6 else f"{x:.3e}"
    return text.replace("-", "−")


def short(x: float) -> str:
    """A number with at most five significant digits: 2, −0.5, 0.46212, 1.5e−7."""
    digits, e, exponent = f"{x + 0.0:.5g}".replace("-", "−").partition("e")
    return digits + (e + exponent[0] + exponent[1:].lstrip("0") if e else "")


def exactly(x: float) -> str:
    """A number with all its digits, such as an exponent."""
    return (str(int(x)) if x == int(x) and abs(x) < 1e16 else repr(x)).replace("-", "−") if x - x == 0.0 else short(x)


def is_number(text: str) -> bool:
    """Whether the text is a number as `short` writes it."""
    return re.fullmatch(r"−?(\d+(\.\d+)?(e[−+]\d+)?|inf|nan)", text) is not None


def listed(names: Sequence[str]) -> str:
    """The names with commas and "and" between them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, …, 11th, …, 21st."""
    return f"{n}" + ("th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))
