"""Snippets: pieces of LaTeX that know how tightly they hold together, so that parentheses stand where they are needed and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import Formatter, ascii_lowercase

from autograd.errors import DefinitionError
from autograd.ops import Operation
from autograd.render.formula.symbols import number_of

OR = r" \text{ or } "

# how tightly the parts of a snippet hold together
LOOSE, ADDED, MULTIPLIED, RAISED, APPLIED, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of LaTeX, and what must be known about it to put it into another.

    Attributes:
        body: the text, without the minus sign of the whole.
        level: how tightly it holds together.
        negative: whether there is a minus sign before the whole.
        starts, ends: what it begins and ends with: "digit", "letter", "function", or "" for anything else.
        name: for a function of one input its name, where an exponent may be written.
        condition: for a comparison, its text where a condition is wanted; the body stands for the number, 1 or 0.
        cases: for a choice, its rows without the last, and the last.
    """

    body: str
    level: int
    negative: bool = False
    starts: str = ""
    ends: str = ""
    name: str = ""
    condition: str = ""
    cases: tuple[tuple[str, ...], str] = ((), "")

    @property
    def alone(self) -> str:
        """The text without parentheses, for where nothing is beside it."""
        return "-" + self.body if self.negative else self.body

    def at(self, level: int) -> str:
        """The text for a place that needs this level: in parentheses if its own level is lower."""
        return self.alone if self.level >= level and not self.negative else parentheses(self.alone)


def parentheses(text: str) -> str:
    """The text in parentheses of its height."""
    return rf"\left({text}\right)" if tall(text) else f"({text})"


def tall(text: str) -> bool:
    """Whether a text is taller than a line."""
    return r"\frac" in text or r"\begin" in text


def number(x: float) -> Snippet:
    """A number."""
    negative = str(x).startswith("-")
    text = number_of(abs(x))
    level = MULTIPLIED if r"\cdot" in text else RAISED if "^" in text else ATOM
    side = "digit" if text[0].isdigit() else "letter"
    return Snippet(text, level, negative, side, side)


def operator(name: str) -> str:
    """A name as that of a function."""
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{escaped}}}"


def function(name: str, *inputs: Snippet) -> Snippet:
    """name(a, b)."""
    return Snippet(
        name + parentheses(", ".join(x.alone for x in inputs)), APPLIED, starts="function", name=name if len(inputs) == 1 else ""
    )


def series(*terms: Snippet, minus: int = -1) -> Snippet:
    """a + b + …, where the term at position `minus` is subtracted. A minus sign of a term changes the sign before it."""
    if len(terms) < 2:
        return terms[0] if terms else number(0.0)
    text = terms[0].alone if terms[0].level >= ADDED else parentheses(terms[0].alone)
    for i, term in enumerate(terms[1:], 1):
        negative = term.negative != (i == minus)
        body = replace(term, negative=False)
        tight = negative or body.body.startswith("-")
        text += (" - " if negative else " + ") + body.at(MULTIPLIED if tight else ADDED)
    return Snippet(text, ADDED)


def product(a: Snippet, b: Snippet) -> Snippet:
    """a · b, without the dot where two factors side by side are read as a product."""
    left = replace(a, negative=False)
    right = b.at(MULTIPLIED)
    own = right == b.alone
    ends, starts = left.ends if left.level >= MULTIPLIED else "", b.starts if own else "" if b.negative else "parenthesis"
    beside = starts in {"letter": ("letter", "function"), "digit": ("letter", "function", "parenthesis")}.get(ends, ())
    both = [parentheses(x.condition) if OR in x.condition else x.condition for x in (a, b)]
    condition = rf"{both[0]} \text{{ and }} {both[1]}" if all(both) else ""
    body = left.at(MULTIPLIED) + (" " if beside else r" \cdot ") + right
    return Snippet(
        body, MULTIPLIED, a.negative, left.starts if left.level >= MULTIPLIED else "", b.ends if own else "", condition=condition
    )


def fraction(a: Snippet, b: Snippet) -> Snippet:
    """a over b."""
    return Snippet(rf"\frac{{{replace(a, negative=False).alone}}}{{{b.alone}}}", MULTIPLIED, a.negative)


def power(base: Snippet, exponent: Snippet) -> Snippet:
    """The base with its exponent; the exponent of a function stands at the function's name."""
    above = exponent.alone
    if base.name and not base.negative and re.fullmatch(r"[2-9]|[1-9]\d+", above):
        return Snippet(f"{base.name}^{{{above}}}{base.body[len(base.name) :]}", RAISED, starts="function")
    bare = base.level == ATOM and not base.negative and base.starts
    return Snippet(f"{base.at(ATOM)}^{{{above}}}", RAISED, starts=base.starts if bare else "", ends="letter" if bare else "")


def root(a: Snippet) -> Snippet:
    """√a."""
    return Snippet(rf"\sqrt{{{a.alone}}}", APPLIED, starts="function")


def modulo(a: Snippet, b: Snippet) -> Snippet:
    """a mod b."""
    return Snippet(rf"{a.at(APPLIED)} \; \mathrm{{mod}} \; {b.at(APPLIED)}", LOOSE)


def whole_part(a: Snippet) -> Snippet:
    """⌊a⌋."""
    return Snippet(rf"\left\lfloor {a.alone} \right\rfloor", ATOM)


def size(a: Snippet) -> Snippet:
    """|a|."""
    return Snippet(rf"\left|{a.alone}\right|", ATOM)


def opposite(a: Snippet) -> Snippet:
    """−a."""
    return Snippet(a.at(MULTIPLIED), MULTIPLIED, True, a.starts if not a.negative and a.level >= MULTIPLIED else "", a.ends)


def comparison(a: Snippet, b: Snippet, sign: str, mirrored: str) -> Snippet:
    """A comparison, in which a number stands last. In brackets it is itself a number: 1 where the comparison holds, else 0.

    Args:
        a, b: what is compared.
        sign: the sign between them.
        mirrored: the sign when they change places.
    """
    if a.starts == a.ends == "digit" and not b.starts == b.ends == "digit":
        a, sign, b = b, mirrored, a
    condition = f"{a.alone} {sign} {b.alone}"
    return Snippet(rf"\left[{condition}\right]", ATOM, condition=condition)


def choice(condition: Snippet, a: Snippet, b: Snippet) -> Snippet:
    """`a` if the condition holds, otherwise `b`; a choice in `b` adds further cases."""
    truth = condition.condition or rf"{condition.alone} \neq 0"
    rows, last = b.cases if b.cases[0] else ((), b.alone)
    rows = (rf"{a.alone} & \text{{if }} {truth}", *rows)
    body = r"\begin{cases} " + r" \\ ".join([*rows, rf"{last} & \text{{otherwise}}"]) + r" \end{cases}"
    return Snippet(body, LOOSE, cases=(rows, last))


def larger(a: Snippet, b: Snippet) -> Snippet:
    """The larger of two; for two conditions this is the condition that one of them holds."""
    text = function(r"\max", a, b)
    return replace(text, condition=a.condition + OR + b.condition) if a.condition and b.condition else text


def filled(operation: Operation, template: str, inputs: Sequence[Snippet]) -> Snippet:
    """A template with the inputs in place of {a}, {b}, …: without parentheses within brackets and between commas, in parentheses elsewhere.

    Raises:
        DefinitionError: the template has other places than those, or lacks one of them.
    """
    places = dict(zip(ascii_lowercase, inputs, strict=False))
    try:
        parsed = [(literal, name) for literal, name, *_ in Formatter().parse(template)]
    except ValueError:
        parsed = [("", "")]
    names = [name for _, name in parsed if name is not None]
    if set(names) != set(places):
        wanted = ", ".join(f"{{{name}}}" for name in places)
        raise DefinitionError(
            f"the latex of {operation.name} has to show each of its {len(inputs)} inputs, as {wanted}, and no others. Braces of LaTeX are "
            rf"doubled, as in r'\operatorname{{{{f}}}}({{a}})'. It is {template!r}"
        )
    between = [""]  # the inputs
    for literal, name in parsed:
        between[-1] += literal
        between += [""] * (name is not None)
    skeleton = "x".join(between)
    if r"\left" not in template and any(tall(places[name].body) for name in names):
        between = [literal.replace("(", r"\left(").replace(")", r"\right)") for literal in between]
    whole = between[0]
    for name, before, after in zip(names, between, between[1:], strict=False):
        enclosed = OPENS.search(before) and CLOSES.match(after)
        whole += (places[name].alone if enclosed else places[name].at(ATOM)) + after
    named = len(names) == 1 and re.fullmatch(r"(\\[^()]+)\(x\)", skeleton)
    return Snippet(whole, level_of(skeleton), starts="function" if skeleton.startswith("\\") else "", name=named[1] if named else "")


OPENS, CLOSES = re.compile(r"([(\[{,|]|\\[lv]\w+)\s*$"), re.compile(r"\s*([)\]},|]|\\[rv])")


def level_of(template: str) -> int:
    """How tightly a text holds together: LOOSE unless it is clearly in one piece."""
    text = re.sub(r"\\left(\\[a-z]+|.)", "(", re.sub(r"\\right(\\[a-z]+|.)", ")", template))
    before = ""
    while text != before:
        before = text
        text = re.sub(r"\([^(){}\[\]]*\)|\|[^(){}|]*\|", "@", re.sub(r"\{[^(){}\[\]]*\}|\[[^(){}\[\]]*\]", "#", text))
    if re.fullmatch(r"@|\w", text):
        return ATOM
    return APPLIED if re.fullmatch(r"(\\[A-Za-z]+|[A-Za-z])([_^]?#)*@?#*", text) else LOOSE
