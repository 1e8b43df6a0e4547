"""The namespace of C numbers: on it, the rules of the op table write the C expressions that compute them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from autograd.compiled.export.c.c_text import Precision
from autograd.namespaces import FLOATS, FUNCTIONS, small_power
from autograd.special import FORMULAS

CHOICE, LOGIC, EQUALITY, ORDER, SUM, PRODUCT, ATOM = range(7)
"""How tightly the operators of C bind. A sign counts as a sum, so that `-a * b` and `a - -b` are written with parentheses."""

LONG = 90
"""A longer expression gets a name, so that lines stay short."""

HELPERS = {
    "remainder": """
/* The remainder of a / b with the sign of b. */
static {type} {name}_remainder({type} a, {type} b)
{{
    const {type} rest = fmod{f}(a, b);
    if (rest == 0.0{f}) {{
        return copysign{f}(0.0{f}, b);
    }}
    return (rest < 0.0{f}) != (b < 0.0{f}) ? rest + b : rest;
}}
""",
    "power": """
/* a to the power of b; a square is rounded once. */
static {type} {name}_power({type} a, {type} b)
{{
    return b == 2.0{f} ? a * a : pow{f}(a, b);
}}
""",
    "gaussian": """
/* exp(-a * a), where a * a is h * h + (a - h) * (a + h): h has so few bits that its square is exact. */
static {type} {name}_gaussian({type} a)
{{
    const {type} near = a > {limit}{f} ? {limit}{f} : a < -{limit}{f} ? -{limit}{f} : a;
    const {type} h = floor{f}(near * {scale}{f} + 0.5{f}) / {scale}{f};
    return exp{f}(-(h * h)) * exp{f}(-((near - h) * (near + h)));
}}
""",
}
"""Functions that C does not have. In place of the limit, exp(-a * a) is 0; h is a multiple of 1 / scale."""


Helper = tuple[str, tuple[float, ...]]
"""A function that C does not have, of `HELPERS` or `FORMULAS`, and the constants that its name has in place of the last inputs."""


OF_C = ("lgamma",)
"""Those of `FORMULAS` that C has."""


def helper(which: Helper, name: str, precision: Precision, helpers: set[Helper]) -> str:
    """The definition of a function. What it calls itself is added to `helpers`."""
    if which[0] in FORMULAS:
        return _formula(which, name, precision, helpers)
    limit, scale = ("28.0", "65536.0") if precision.suffix == "" else ("11.0", "256.0")
    return HELPERS[which[0]].format(type=precision.type, name=name, f=precision.suffix, limit=limit, scale=scale)


def _formula(which: Helper, name: str, precision: Precision, helpers: set[Helper]) -> str:
    xp = CNamespace(name, precision)
    xp.helpers = helpers
    function, constants = which
    given = inspect.signature(FORMULAS[function]).parameters
    inputs = list(given)[1 : len(given) - len(constants)]
    result = FORMULAS[function](xp, *map(xp.named, inputs), *constants)
    numbers = ", ".join([f"{precision.type} {x}" for x in inputs])
    lines = "\n".join([f"    {line}" for line in xp.lines([("return ", result)])])
    return f"\nstatic {precision.type} {called(which, name)}({numbers})\n{{\n{lines}\n}}\n"


def called(which: Helper, name: str) -> str:
    """The name of a function in C."""
    return "_".join([name, which[0], *[f"{c:g}" for c in which[1]]])


class CNumber:
    """An expression of C, with the operators that rules use.

    Attributes:
        within: the namespace in which it was made.
        parts: its text, in pieces. An operand is a pair of a number and the least rank at which it needs no parentheses.
        rank: how tightly it binds.
        is_truth: whether it is true or false, rather than a number.
        is_short: whether it is repeated rather than given a name.
        choice: the condition and both sides, if it is a choice.
    """

    __slots__ = ("choice", "is_short", "is_truth", "parts", "rank", "within")
    __hash__ = object.__hash__
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to it

    def __init__(self, within: CNamespace, parts: tuple[Any, ...], rank: int, is_truth: bool, is_short: bool = False) -> None:
        self.within, self.parts, self.rank, self.is_truth, self.is_short = within, parts, rank, is_truth, is_short
        self.choice: tuple[CNumber, Any, Any] | None = None

    # fmt: off
    def __add__(self, other: Any) -> Any: return self.within.infix(self, " + ", other, SUM)
    def __radd__(self, other: Any) -> Any: return self.within.infix(other, " + ", self, SUM)
    def __sub__(self, other: Any) -> Any: return self.within.infix(self, " - ", other, SUM)
    def __rsub__(self, other: Any) -> Any: return self.within.infix(other, " - ", self, SUM)
    def __mul__(self, other: Any) -> Any: return self.within.infix(self, " * ", other, PRODUCT)
    def __rmul__(self, other: Any) -> Any: return self.within.infix(other, " * ", self, PRODUCT)
    def __truediv__(self, other: Any) -> Any: return self.within.infix(self, " / ", other, PRODUCT)
    def __rtruediv__(self, other: Any) -> Any: return self.within.infix(other, " / ", self, PRODUCT)
    def __mod__(self, other: Any) -> Any: return self.within.remainder(self, other)
    def __rmod__(self, other: Any) -> Any: return self.within.remainder(other, self)
    def __pow__(self, other: Any) -> Any: return self.within.power(self, other)
    def __rpow__(self, other: Any) -> Any: return self.within.power(other, self)
    def __neg__(self) -> Any: return self.within.made(("-", (self.within.number(self), ATOM)), SUM)
    def __pos__(self) -> Any: return self
    def __abs__(self) -> Any: return self.within.abs(self)
    def __lt__(self, other: Any) -> Any: return self.within.compare(self, " < ", other)
    def __le__(self, other: Any) -> Any: return self.within.compare(self, " <= ", other)
    def __gt__(self, other: Any) -> Any: return self.within.compare(self, " > ", other)
    def __ge__(self, other: Any) -> Any: return self.within.compare(self, " >= ", other)
    def __eq__(self, other: Any) -> Any: return self.within.compare(self, " == ", other)
    def __ne__(self, other: Any) -> Any: return self.within.compare(self, " != ", other)
    def __and__(self, other: Any) -> Any: return self.within.both(self, other)
    def __or__(self, other: Any) -> Any: return self.within.either(self, other)
    # fmt: on

    __rand__, __ror__ = __and__, __or__

    def __bool__(self) -> NoReturn:
        raise TypeError("a number of C has no truth value: write xp.where(condition, a, b)")


class CNamespace:
    """The namespace of the expressions of a function. A function of constants is computed at once, on floats.

    Args:
        name: what the names of the functions in `HELPERS` begin with.
        precision: the type of the numbers.

    Attributes:
        helpers: which functions are called that C does not have.
    """

    inf, nan = math.inf, math.nan

    def __init__(self, name: str, precision: Precision) -> None:
        self.name, self.precision = name, precision
        self.helpers: set[Helper] = set()
        self._known: dict[Any, CNumber] = {}

    # -- expressions ------------------------------------------------------------------------------------------------

    def made(self, parts: tuple[Any, ...], rank: int, is_truth: bool = False, is_short: bool = False) -> CNumber:
        """An expression. One that was made before is the same object, so that it is computed once."""
        key = tuple([(id(part[0]), part[1]) if isinstance(part, tuple) else part for part in parts])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = CNumber(self, parts, rank, is_truth, is_short)
        return known

    def named(self, text: str, is_short: bool = True) -> CNumber:
        """A number that has a name, is an element of an array, or is a literal."""
        return self.made((text,), SUM if text.startswith("-") else ATOM, is_short=is_short)

    def any_of(self, x: Any) -> CNumber:
        """A number or truth, which may be one of Python."""
        if isinstance(x, CNumber):
            return x
        if type(x).__name__ in ("bool", "bool_"):
            return self.made(("1 == 1" if x else "1 == 0",), EQUALITY, is_truth=True)
        return self.named(self.precision.literal(float(x)))

    def number(self, x: Any) -> CNumber:
        """A number. A truth becomes 1 or 0."""
        given = self.any_of(x)
        return self.any_of(self.where(given, 1.0, 0.0)) if given.is_truth else given

    def truth(self, x: Any) -> CNumber:
        """
        Raises:
            TypeError: it is a number.
        """
        given = self.any_of(x)
        if not given.is_truth:
            raise TypeError("& and | combine conditions, not numbers")
        return given

    def infix(self, a: Any, symbol: str, b: Any, rank: int) -> Any:
        """A sum, difference, product or quotient."""
        return self.made(((self.number(a), rank), symbol, (self.number(b), rank + 1)), rank)

    def compare(self, a: Any, symbol: str, b: Any) -> Any:
        """A comparison of two numbers, or of two truths."""
        if isinstance(b, bool) and isinstance(a, CNumber) and a.is_truth:
            return a if b == (symbol == " == ") else self.made(("!", (a, ATOM)), ATOM, is_truth=True)
        a, b = self.any_of(a), self.any_of(b)
        if not (a.is_truth and b.is_truth):
            a, b = self.number(a), self.number(b)
        return self.made(((a, SUM), symbol, (b, SUM)), EQUALITY if symbol in (" == ", " != ") else ORDER, is_truth=True)

    def both(self, a: Any, b: Any) -> Any:
        """a & b."""
        if isinstance(b, bool):
            return a if b else False
        return self.made(((self.truth(a), EQUALITY), " && ", (self.truth(b), EQUALITY)), LOGIC, is_truth=True)

    def either(self, a: Any, b: Any) -> Any:
        """a | b."""
        if isinstance(b, bool):
            return True if b else a
        return self.made(((self.truth(a), EQUALITY), " || ", (self.truth(b), EQUALITY)), LOGIC, is_truth=True)

    # -- functions --------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in FUNCTIONS and name != "gaussian" and name not in FORMULAS:
            raise AttributeError(f"{name} is not a function of namespaces")
        return lambda *inputs: self._call(name, *inputs)

    def _call(self, name: str, *inputs: Any) -> Any:
        if name != "gaussian" and not any(isinstance(x, CNumber) for x in inputs):
            return getattr(FLOATS, name)(*inputs)
        if name in HELPERS or (name in FORMULAS and name not in OF_C):
            which = name, tuple([x for x in inputs if not isinstance(x, CNumber)]) if name in FORMULAS else ()
            inputs = tuple([x for x in inputs if isinstance(x, CNumber)]) if name in FORMULAS else inputs
            self.helpers.add(which)
            function = called(which, self.name)
        else:
            function = {"abs": "fabs", "power": "pow"}.get(name, name) + self.precision.suffix
        operands = [part for x in inputs for part in (", ", (self.number(x), CHOICE))][1:]
        return self.made((f"{function}(", *operands, ")"), ATOM)

    def divide(self, a: Any, b: Any) -> Any:
        """See `namespaces`; so for the others."""
        return a / b if isinstance(a, CNumber) or isinstance(b, CNumber) else FLOATS.divide(a, b)

    def equal(self, a: Any, b: Any) -> Any:
        """As above."""
        return self.compare(a, " == ", b) if isinstance(a, CNumber) or isinstance(b, CNumber) else FLOATS.equal(a, b)

    def isinf(self, a: Any) -> Any:
        """As above."""
        if not isinstance(a, CNumber):
            return FLOATS.isinf(a)
        return self.made(("isinf(", (self.number(a), CHOICE), ") != 0"), EQUALITY, is_truth=True)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """As above."""
        if not isinstance(condition, CNumber):
            return a if condition else b
        if a is b:
            return a
        if not condition.is_truth:
            condition = condition != 0.0
        choice = self.made(((condition, LOGIC), " ? ", (self.number(a), LOGIC), " : ", (self.number(b), LOGIC)), CHOICE)
        choice.choice = condition, a, b
        return choice

    def power(self, a: Any, b: Any) -> Any:
        """As above; small constant exponents are products and quotients."""
        if not isinstance(b, CNumber):
            if not isinstance(a, CNumber):
                return FLOATS.power(a, b)
            product = small_power(a, b)
            if product is not None:
                return product
        return self._call("power", a, b)

    # -- statements -------------------------------------------------------------------------------------------------

    def lines(self, targets: Sequence[tuple[str, Any]], given: Mapping[CNumber, str] | None = None) -> list[str]:
        """The lines that assign expressions, each behind its beginning, such as "y = " or "d[0] += ".

        What is used more than once, and what is long, has a name; these lines come first.

        Args:
            targets: the beginnings and the expressions.
            given: the names that some expressions are to have, if they need one.
        """
        last = [(head, self.any_of(x)) for head, x in targets]
        order, uses = _uses([x for _, x in last])
        names: dict[CNumber, str] = {}
        texts: dict[CNumber, str] = {}
        result: list[str] = []

        def text(x: CNumber, least: int) -> str:
            return names.get(x) or (texts[x] if x.rank >= least else f"({texts[x]})")

        is_last = {x for _, x in last}
        for x in order:
            texts[x] = "".join([text(*part) if isinstance(part, tuple) else part for part in x.parts])
            if x.is_short or (uses[x] == 1 and (len(texts[x]) <= LONG or x in is_last)):
                continue
            names[x] = (given or {}).get(x) or f"t{len(names)}"
            result.append(f"const {'int' if x.is_truth else self.precision.type} {names[x]} = {texts[x]};")
        return [*result, *[f"{head}{text(x, CHOICE)};" for head, x in last]]


def _operands(x: CNumber) -> Iterator[CNumber]:
    return (part[0] for part in x.parts if isinstance(part, tuple))


def _uses(last: Sequence[CNumber]) -> tuple[list[CNumber], dict[CNumber, int]]:
    """All expressions of which some are made, operands first; and how often each is used."""
    uses: dict[CNumber, int] = {}
    order: list[CNumber] = []
    todo: list[tuple[CNumber, bool]] = [(x, False) for x in reversed(last)]
    while todo:
        x, is_done = todo.pop()
        if is_done:
            order.append(x)
            continue
        uses[x] = uses.get(x, 0) + 1
        if uses[x] == 1:
            todo.append((x, True))
            todo += [(operand, False) for operand in reversed([*_operands(x)])]
    return order, uses
