"""A reader of formulas in LaTeX, by the conventions of mathematics, independent of the code that writes them.

It is strict: what a person could read in two ways is an error, such as a minus sign behind a plus sign, a number behind a factor
without a dot, or a letter before a parenthesis, which looks like a function.
"""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial

from autograd.namespaces import FLOATS

TOKENS = re.compile(
    r"\\;|\\left|\\right|\\begin\{cases\}|\\end\{cases\}|\\(?:text|mathrm|operatorname)\{[^{}]*\}|\\[A-Za-z]+|\\\\|\d+(?:\.\d+)?|[A-Za-z]|\S"
)


def logistic(x: float) -> float:
    return 1.0 / (1.0 + FLOATS.exp(-x))


FUNCTIONS: dict[str, Callable[..., float]] = {
    **{rf"\{name}": getattr(FLOATS, name) for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{rf"\arc{name}": getattr(FLOATS, "a" + name) for name in ("sin", "cos", "tan")},
    **{rf"\operatorname{{ar{name}}}": getattr(FLOATS, "a" + name) for name in ("sinh", "cosh", "tanh")},
    **{rf"\operatorname{{{name}}}": getattr(FLOATS, name) for name in ("erf", "erfc", "erfinv", "atan2", "copysign")},
    **{rf"\{sign}": getattr(FLOATS, name) for sign, name in (("psi", "digamma"), ("Phi", "ndtr"))},
    r"\Gamma": math.gamma,
    r"\operatorname{trunc}": lambda x: float(math.trunc(x)),
    r"\operatorname{fmod}": math.fmod,
    r"\ln": FLOATS.log,
    r"\log_{2}": FLOATS.log2,
    r"\log_{10}": FLOATS.log10,
    r"\max": max,
    r"\min": min,
    r"\operatorname{sgn}": lambda x: float((x > 0.0) - (x < 0.0)),
    r"\operatorname{take}": lambda index, *items: items[int(index)],
    r"\operatorname{clip}": lambda x, low, high: min(max(x, low), high),
    r"\operatorname{ReLU}": lambda x: max(x, 0.0),
    r"\operatorname{GELU}": lambda x: x * (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0,
    r"\operatorname{GELU}_{\tanh}": lambda x: x * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))) / 2.0,
    r"\operatorname{SiLU}": lambda x: x * logistic(x),
    r"\operatorname{sigmoid}": logistic,
    r"\sigma": logistic,
}
WITH_AN_INDEX: dict[str, Callable[[float], Callable[[float], float]]] = {
    r"\operatorname{LeakyReLU}": lambda slope: lambda x: x if x > 0.0 else slope * x,
    r"\operatorname{ELU}": lambda alpha: lambda x: x if x > 0.0 else alpha * math.expm1(x),
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    r"\leq": lambda a, b: a <= b,
    r"\geq": lambda a, b: a >= b,
    r"\neq": lambda a, b: a != b,
}
CLOSING = {"(": ")", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", "|": "|", "[": "]"}
ENDS = {"+", "-", ")", "]", "}", "|", ",", "&", "\\\\", r"\right", r"\end{cases}", *COMPARISONS, r"\text{ or }", r"\text{ and }"}


class UnreadableError(Exception):
    pass


class Reader:
    def __init__(self, text: str, values: dict[str, float]) -> None:
        self.tokens = TOKENS.findall(text)
        self.values = {tuple(TOKENS.findall(name)): value for name, value in values.items()}
        self.at = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.token
        if expected and token not in expected:
            raise UnreadableError(f"{' or '.join(expected)} expected, not {token!r}, at {' '.join(self.tokens[self.at :])}")
        self.at += 1
        return token

    def whole(self) -> float:
        value = self.sum()
        if self.token:
            raise UnreadableError(f"left over: {' '.join(self.tokens[self.at :])}")
        return value

    def sum(self) -> float:
        value = self.signed()
        while self.token in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def signed(self) -> float:
        if self.token == "-":
            self.take()
            return -self.product()
        return self.product()

    def product(self) -> float:
        start = self.at
        value = self.factor()
        factors = 1
        while self.token and self.token not in ENDS:
            if self.token == r"\;":
                self.take()
                self.take(r"\mathrm{mod}")
                self.take(r"\;")
                divisor = self.factor()
                if factors > 1 or (self.token and self.token not in ENDS - {"+", "-"}):
                    raise UnreadableError("mod beside something else")
                return FLOATS.remainder(value, divisor)
            if self.token == r"\cdot":
                self.take()
            elif self.token[0].isdigit():
                raise UnreadableError(f"a number behind a factor: {' '.join(self.tokens[start : self.at + 1])}")
            elif re.match(r"\(|\\left[([]", "".join(self.tokens[self.at : self.at + 2])) and not self.tokens[self.at - 1][0].isdigit():
                raise UnreadableError(f"parentheses behind what is no number: {' '.join(self.tokens[start : self.at + 1])}")
            value *= self.factor()
            factors += 1
        return value

    def factor(self) -> float:
        function = self.function()
        if function is not None:
            return function
        value = self.atom()
        if self.token == "^":
            self.take()
            value = FLOATS.power(value, self.group())
            if self.token == "^":
                raise UnreadableError("two exponents")
        return value

    def group(self) -> float:
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def function(self) -> float | None:
        """A function of arguments in parentheses; a whole power may stand at its name."""
        for name in sorted([*FUNCTIONS, *WITH_AN_INDEX], key=len, reverse=True):
            parts = TOKENS.findall(name)
            if self.tokens[self.at : self.at + len(parts)] != parts or self.named():
                continue
            self.at += len(parts)
            f = FUNCTIONS.get(name)
            if f is None:
                self.take("_")
                f = WITH_AN_INDEX[name](self.group())
            power = 1.0
            if name == r"\psi" and self.tokens[self.at : self.at + 3] == ["^", "{", "("]:  # the order of a derivative
                self.take()
                order = self.group()
                f = partial(FLOATS.polygamma, n=order)
            elif self.token == "^":
                self.take()
                power = self.group()
                if power != round(power) or power < 2:
                    raise UnreadableError(f"a power of {power} at a function's name")
            return FLOATS.power(f(*self.arguments()), power)
        return None

    def arguments(self) -> list[float]:
        large = self.token == r"\left"
        if large:
            self.take()
        self.take("(")
        arguments = [self.sum()]
        while self.token == ",":
            self.take()
            arguments.append(self.sum())
        if large:
            self.take(r"\right")
        self.take(")")
        return arguments

    def named(self) -> tuple[str, ...]:
        """The name that stands here, the longest."""
        results = [name for name in self.values if tuple(self.tokens[self.at : self.at + len(name)]) == name]
        return max(results, key=len, default=())

    def atom(self) -> float:
        name = self.named()
        if name:
            self.at += len(name)
            if self.token == "_":
                raise UnreadableError(f"no value for {''.join(name)} with an index")
            return self.values[name]
        token = self.take()
        if token[0].isdigit():
            return float(token)
        if token == "e":
            return math.e
        if token == r"\pi":
            return math.pi
        if token == r"\infty":
            return math.inf
        if token == r"\mathrm{nan}":
            return math.nan
        if token == r"\frac":
            above = self.group()
            return FLOATS.divide(above, self.group())
        if token == r"\sqrt":
            if self.token == "[":
                for expected in "[3]":
                    self.take(expected)
                return FLOATS.cbrt(self.group())
            return FLOATS.sqrt(self.group())
        if token == r"\begin{cases}":
            return self.cases()
        if token == r"\left":
            return self.enclosed(large=True)
        if token == "(":
            self.at -= 1
            return self.enclosed(large=False)
        raise UnreadableError(f"what is {token!r}, at {' '.join(self.tokens[self.at :])}?")

    def enclosed(self, large: bool) -> float:
        opening = self.take(*CLOSING)
        value = float(self.condition()) if opening == "[" else self.sum()
        if large:
            self.take(r"\right")
        self.take(CLOSING[opening])
        return {"|": abs, r"\lfloor": FLOATS.floor, r"\lceil": FLOATS.ceil}.get(opening, float)(value)

    def cases(self) -> float:
        chosen = None
        while True:
            value = self.sum()
            self.take("&")
            if self.take(r"\text{if }", r"\text{otherwise}") == r"\text{otherwise}":
                self.take(r"\end{cases}")
                return value if chosen is None else chosen
            if self.condition() and chosen is None:
                chosen = value
            self.take("\\\\")

    def condition(self) -> bool:
        truth = self.comparison()
        words = {self.token} & {r"\text{ or }", r"\text{ and }"}
        while self.token in words:  # one after the other of the same word, or there are parentheses
            word = self.take()
            other = self.comparison()
            truth = truth or other if "or" in word else truth and other
        return truth

    def comparison(self) -> bool:
        if self.token == "(":
            start = self.at
            try:
                self.take()
                truth = self.condition()
                self.take(")")
                return truth
            except UnreadableError:
                self.at = start
        left = self.sum()
        compare = COMPARISONS[self.take(*COMPARISONS)]
        return compare(left, self.sum())


def meaning(text: str, values: dict[str, float] | None = None) -> float:
    """The number that a formula stands for, where its symbols have these values."""
    return Reader(text, values or {}).whole()


def lines(text: str) -> Sequence[tuple[str, str]]:
    """The lines of an aligned formula: what stands before the sign = and what behind it."""
    body = text.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    return [(left, right) for left, right in (line.split("&= ", 1) for line in body.split(" \\\\\n"))]
