r"""Labels and numbers as they stand in a formula: `x1` is x_{1}, `alpha` is \alpha, 1e-7 is 10^{-7}."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from autograd.render.picture import shown

# fmt: off
GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
    ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho",
     "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
     "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"), strict=True))
"""The letters that LaTeX has a command for; it has none for those that look like Latin ones."""
# fmt: on
ACCENTS = ("hat", "bar", "tilde", "dot", "vec")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
ESCAPES = {character: "\\" + character for character in "#$%&_{}"} | {"~": r"{\sim}", "^": r"{\wedge}", "\\": r"\backslash "}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in a formula.

    Attributes:
        stem: what it is without its indices.
        indices: what stands below.
        letter: whether the stem is one letter, so that it can stand beside another one: xy is a product, `loss` is a word.
    """

    stem: str
    indices: tuple[str, ...] = ()
    letter: bool = False

    def __str__(self) -> str:
        return self.stem + (f"_{{{','.join(self.indices)}}}" if self.indices else "")


def symbol_of(label: str) -> Symbol:
    r"""A label as a symbol.

    Letters with indices are known as such: ``x``, ``x1``, ``w_12``, ``w_i_j``, ``weight[0][1]``, ``x₁``. So are the names of Greek
    letters, and `hat`, `bar` and other accents behind an underscore: ``y_hat``. All else is text, every character as it is.

    Example:
        >>> [str(symbol_of(label)) for label in ("x1", "alpha", "weight[0][1]", "y_hat", "learning rate", "50 %")]
        ['x_{1}', '\\alpha', '\\mathrm{weight}_{0,1}', '\\hat{y}', '\\text{learning rate}', '{\\text{50 }\\%}']
    """
    label = " ".join(label.split())
    parts = re.fullmatch(r"([^\W\d_]+)(\d*)((?:_[^\W_]+|\[\w+\])*)", label.translate(SUBSCRIPTS))
    if parts is None:
        return Symbol(text_of(label))
    stem, digits, rest = parts.groups()
    indices = [index for index in (digits, *re.findall(r"[^\W_]+", rest)) if index]
    written = word_of(stem)
    letter = written == stem or stem in GREEK or written[1:] == stem
    if letter and indices and indices[0] in ACCENTS and not digits:
        written = f"\\{indices.pop(0)}{{{written}}}"
    return Symbol(written, tuple(map(word_of, indices)), letter)


def word_of(word: str) -> str:
    """Letters and digits: a number or one letter as it is, a Greek letter as its command, a word upright."""
    if word in GREEK.values() or word in GREEK:
        return "\\" + GREEK.get(word, word)
    if word.isascii():
        return word if len(word) == 1 or word.isdigit() else f"\\mathrm{{{word}}}"
    return text_of(word)


def text_of(text: str) -> str:
    """Any text. What means something to LaTeX stands outside of ``\\text``, where all that draw formulas read it alike."""
    pieces = [
        "".join(ESCAPES[c] for c in piece) if piece[0] in ESCAPES else f"\\text{{{piece}}}"
        for piece in re.findall(r"[#$%&_{}~^\\]+|[^#$%&_{}~^\\]+", shown(text))
    ]
    return pieces[0] if len(pieces) == 1 and pieces[0].startswith("\\text") else f"{{{''.join(pieces)}}}"


def told_apart(symbols: Iterable[Symbol]) -> list[Symbol]:
    """The symbols, those that are alike with one more index, their number: x, x is x₁, x₂.

    Example:
        >>> list(map(str, told_apart(map(symbol_of, ["x", "y", "x", "x_1"]))))
        ['x_{2}', 'y', 'x_{3}', 'x_{1}']
    """
    symbols = list(symbols)
    texts = [str(symbol) for symbol in symbols]
    often = Counter(texts)
    taken = set(texts)
    numbered: dict[str, int] = {}
    found = []
    for symbol, text in zip(symbols, texts, strict=True):
        new = symbol
        if often[text] > 1:
            while str(new) in taken:
                numbered[text] = numbered.get(text, 0) + 1
                new = replace(symbol, indices=(*symbol.indices, str(numbered[text])))
            taken.add(str(new))
        found.append(new)
    return found


def number_of(x: float) -> str:
    r"""A number that is not negative, with as many digits as tell it from all others.

    Example:
        >>> [number_of(x) for x in (2.0, 0.1, 1e-7, 2.5e300, math.pi, math.inf)]
        ['2', '0.1', '10^{-7}', '2.5 \\cdot 10^{300}', '\\pi', '\\infty']
    """
    if not math.isfinite(x):
        return r"\infty" if x == math.inf else r"\mathrm{nan}"
    if x == math.pi:
        return r"\pi"
    digits, _, exponent = repr(x).partition("e")
    digits = digits.removesuffix(".0")
    power = f"10^{{{int(exponent)}}}" if exponent else ""
    return power if power and digits == "1" else rf"{digits} \cdot {power}" if power else digits
