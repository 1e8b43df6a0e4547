"""Nodes, operations and local derivatives as lines of text: `c = a · b = 2 · (−3) = −6`, `∂c/∂a = b = −3`."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from autograd.ops import CONSTANT, DOT, LOGSUMEXP, POW, SUM, Operation
from autograd.render.picture import shown
from autograd.value import Value

LONGEST = 8  # more terms than this are not all written

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

# fmt: off
FORMS = {
    "add":   ("{a.first} + {b}", "1", "1"),
    "sub":   ("{a.first} − {b}", "1", "−1"),
    "mul":   ("{a.first} · {b}", "{b}", "{a}"),
    "div":   ("{a.first} / {b}", "1 / {b}", "−{y} / {b}"),
    "neg":   ("−{a}", "−1"),
    "pos":   ("+{a}", "1"),
    "pow":   ("{a}^{b}", "{b} · {a}^({b} − 1)", "{y} · log({a.alone})"),
    "exp":   ("exp({a.alone})", "{y}"),
    "expm1": ("exp({a.alone}) − 1", "exp({a.alone})"),
    "log":   ("log({a.alone})", "1 / {a}"),
    "log1p": ("log(1 + {a})", "1 / (1 + {a})"),
    "sqrt":  ("√{a}", "1 / (2 · {y})"),
    "sin":   ("sin({a.alone})", "cos({a.alone})"),
    "cos":   ("cos({a.alone})", "−sin({a.alone})"),
    "tan":   ("tan({a.alone})", "1 + {y}²"),
    "asin":  ("asin({a.alone})", "1 / √(1 − {a}²)"),
    "acos":  ("acos({a.alone})", "−1 / √(1 − {a}²)"),
    "atan":  ("atan({a.alone})", "1 / (1 + {a}²)"),
    "sinh":  ("sinh({a.alone})", "cosh({a.alone})"),
    "cosh":  ("cosh({a.alone})", "sinh({a.alone})"),
    "tanh":  ("tanh({a.alone})", "1 − {y}²"),
    "asinh": ("asinh({a.alone})", "1 / √({a}² + 1)"),
    "acosh": ("acosh({a.alone})", "1 / √({a}² − 1)"),
    "atanh": ("atanh({a.alone})", "1 / (1 − {a}²)"),
    "hypot": ("√({a}² + {b}²)", "{a} / {y}", "{b} / {y}"),
    "abs":   ("|{a.alone}|", "sign({a.alone})"),
    "relu":  ("ReLU({a.alone})", "(1 if {a} > 0, else 0)"),
    "sigmoid":  ("sigmoid({a.alone})", "{y} · (1 − {y})"),
    "softplus": ("log(1 + exp({a.alone}))", "sigmoid({a.alone})"),
}
# fmt: on
"""The value of an operation and its derivative by each input, as they are taught; {y} is the value. The engine's own rules are the
rows of the op table, which avoid cancellation; a test holds these to them. An operation that is not here is written name(a, b)."""


class Operand:
    """A name or a number within a formula, in parentheses where it needs them.

    Attributes:
        alone: as it is, for between parentheses.
        first: for the beginning of a formula, where a minus sign needs no parentheses.
    """

    def __init__(self, text: str) -> None:
        self.alone = text
        compound = re.search(r"[\s+\-−–*·/%^=<>,;|]", text[1:] if text.startswith("−") else text) and not is_number(text)
        self.first = f"({text})" if compound else text

    def __format__(self, _: str) -> str:
        return f"({self.alone})" if self.first.startswith("−") else self.first


def is_number(text: str) -> bool:
    """Whether the text is a number as `short` writes it."""
    return re.fullmatch(r"−?(\d+(\.\d+)?(e[−+]\d+)?|inf|nan)", text) is not None


def short(x: float) -> str:
    """A number with five significant digits, less the zeros that end it: 2, −0.5, 0.46212, 1.5e−7."""
    digits, e, exponent = f"{x + 0.0:.5g}".replace("-", "−").partition("e")
    return digits + (e + exponent[0] + exponent[1:].lstrip("0") if e else "")


def exactly(x: float) -> str:
    """A number with all its digits, such as an exponent."""
    return (str(int(x)) if x == int(x) and abs(x) < 1e16 else repr(x)).replace("-", "−") if x - x == 0.0 else short(x)


def unique_names(order: Sequence[Value]) -> list[str]:
    """A name for every node: its label; where several nodes have it, with a number below it: w₁, w₂.

    Unlabelled constants are called by their number. Other nodes without a label are v1, v2, …, and the root is L.

    Example:
        >>> from autograd.graph import topological_order
        >>> y = Value(2.0, label="x") * Value(3.0, label="x") + 1
        >>> unique_names(topological_order(y))
        ['x₁', 'x₂', 'v1', '1', 'L']
    """
    labels = [isolated(shown(str(node.label))) if labelled(node) else "" for node in order]
    if not labels[-1] and "L" not in labels:
        labels[-1] = "L"
    often = Counter(labels)
    taken = set(labels)
    numbered: Counter[str] = Counter()
    names = []
    for node, label in zip(order, labels, strict=True):
        name = label
        if not label and node._operation is CONSTANT:
            name = short(node.data)
        elif not label or often[label] > 1:
            while name in taken:
                numbered[label] += 1
                count = str(numbered[label])
                name = label + count.translate(SUBSCRIPTS) if label else f"v{count}"
            taken.add(name)
        names.append(name)
    return names


def isolated(name: str) -> str:
    """A name that is written from right to left, or says so of what follows, within marks that keep the equation around it in order.

    Source: Unicode Standard Annex 9, "Unicode bidirectional algorithm", explicit directional isolates.
    """
    to_the_left = ("R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI")
    mixed = any(unicodedata.bidirectional(character) in to_the_left for character in name)
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if mixed else name


def symbol(operation: str) -> str:
    """The symbol of an operation as it is drawn: with a minus sign, which is longer than a hyphen.

    Example:
        >>> symbol("-"), symbol("**-2"), symbol("leaky-relu")
        ('−', '**−2', 'leaky-relu')
    """
    return re.sub(r"(?<!\w)-", "−", shown(operation))


def labelled(node: Value) -> bool:
    """Whether a node has a label that can be seen."""
    return bool(str(node.label).strip())


def formula(operation: Operation, inputs: Sequence[str]) -> str:
    """The operation applied to names or numbers."""
    a = [Operand(text) for text in inputs]
    if operation.name == POW.name and operation.constants:
        return power(a[0], operation.constants[0])
    if operation is DOT:
        half = len(a) // 2
        return series([f"{x.first if i == 0 else x} · {y}" for i, (x, y) in enumerate(zip(a[:half], a[half:], strict=True))])
    if operation is SUM:
        return series([x.first if i == 0 else f"{x}" for i, x in enumerate(a)])
    if operation is LOGSUMEXP:
        return f"log({series([f'exp({x.alone})' for x in a])})"
    if operation.name in FORMS:
        return FORMS[operation.name][0].format(**dict(zip("abc", a, strict=False)))
    name = operation.symbol if operation.symbol.isalnum() else operation.name
    return f"{name}({', '.join([*inputs, *map(exactly, operation.constants)])})"


def local_derivative(operation: Operation, y: str, inputs: Sequence[str], i: int) -> str:
    """The derivative of the operation by its input at position `i`, or "" where there is no short form of it."""
    a = [Operand(text) for text in inputs]
    if operation.name == POW.name and operation.constants:
        n = operation.constants[0]
        if n in (0.0, 1.0):
            return short(n)
        return f"{exactly(n)} · {power(a[0], n - 1.0)}"
    if operation is DOT:
        return inputs[(i + len(a) // 2) % len(a)]
    if operation is SUM:
        return "1"
    if operation is LOGSUMEXP:
        return f"exp({a[i].first} − {Operand(y)})"
    if operation.name in FORMS:
        return FORMS[operation.name][1 + i].format(y=Operand(y), **dict(zip("abc", a, strict=False)))
    return ""


def power(base: Operand, n: float) -> str:
    """The base with a whole exponent above it, or another after ^; with 1 it is the base."""
    if n == 1.0:
        return f"{base}"
    below = f"({base.alone})" if is_number(base.alone) and "e" in base.alone else f"{base}"
    exponent = exactly(n)
    return below + (exponent.translate(SUPERSCRIPTS) if re.fullmatch(r"−?\d{1,2}", exponent) else f"^{Operand(exponent)}")


def series(terms: Sequence[str]) -> str:
    """The sum of the terms. Of a long one the beginning and the end."""
    if len(terms) > LONGEST:
        terms = [*terms[: LONGEST - 2], f"… ({len(terms) - LONGEST + 1} more) …", terms[-1]]
    return " + ".join(terms) or "0"


def derivative(of: str, by: str) -> str:
    """∂L/∂a."""
    return f"∂{Operand(of).first}/∂{Operand(by).first}"


def equation(*sides: str) -> str:
    """The sides with = between them, without those that are empty or repeat the one before."""
    return " = ".join(side for n, side in enumerate(sides) if side and (n == 0 or side != sides[n - 1]))


def times(a: float, b: float) -> str:
    """1 · (−3)."""
    return f"{Operand(short(a)).first} · {Operand(short(b))}"


def plus(a: float, b: float) -> str:
    """1 + (−3)."""
    return f"{Operand(short(a)).first} + {Operand(short(b))}"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, …, 11th, …, 21st."""
    return f"{n}" + ("th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))
