r"""Labels and numbers as they are written in a formula: `x1` is x_{1}, `alpha` is \alpha, 1e-7 is 10^{-7}."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from autograd.render.lettering import shown

# fmt: off
GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
    ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho",
     "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
     "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"), strict=True))
"""The letters that LaTeX has a command for. It has none for those that look like Latin letters."""
# fmt: on
ACCENTS = ("hat", "bar", "tilde", "dot", "vec")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
AMPERSAND = r"\text{\&}"
"""An ampersand. LaTeX knows `\\&` everywhere, Matplotlib within `\\text` only, and MathJax only outside of it or with an extension."""
ESCAPES = {character: "\\" + character for character in "#$%_{}"}
ESCAPES |= {"&": AMPERSAND, "~": r"{\sim}", "^": r"{\wedge}", "\\": r"\backslash "}


@dataclass(frozen=True, slots=True)
class MathName:
    """A name in a formula.

    Attributes:
        stem: the name without its indices.
        indices: the subscripts.
        letter: whether the stem is a single letter, which may stand beside another one: xy is a product, `loss` is a word.
    """

    stem: str
    indices: tuple[str, ...] = ()
    letter: bool = False

    def __str__(self) -> str:
        return self.stem + (f"_{{{','.join(self.indices)}}}" if self.indices else "")


def name_for(label: str) -> MathName:
    r"""The name in a formula for a label.

    Letters with indices are recognised: ``x``, ``x1``, ``w_12``, ``w_i_j``, ``weight[0][1]``, ``x₁``. So are the names of Greek
    letters, and `hat`, `bar` and other accents after an underscore: ``y_hat``. Everything else is written as text, unchanged.

    Example:
        >>> [str(name_for(label)) for label in ("x1", "alpha", "weight[0][1]", "y_hat", "learning rate", "50 %")]
        ['x_{1}', '\\alpha', '\\mathrm{weight}_{0,1}', '\\hat{y}', '\\text{learning rate}', '{\\text{50 }\\%}']
    """
    label = " ".join(label.split())
    parts = re.fullmatch(r"([^\W\d_]+)(\d*)((?:_[^\W_]+|\[\w+\])*)", label.translate(SUBSCRIPTS))
    if parts is None:
        return MathName(text_of(label))
    stem, digits, rest = parts.groups()
    indices = [index for index in (digits, *re.findall(r"[^\W_]+", rest)) if index]
    written = word_of(stem)
    letter = written == stem or stem in GREEK or written[1:] == stem
    if letter and indices and indices[0] in ACCENTS and not digits:
        written = f"\\{indices.pop(0)}{{{written}}}"
    return MathName(written, tuple(map(word_of, indices)), letter)


def word_of(word: str) -> str:
    """A word of letters and digits: a number or a single letter unchanged, a Greek letter as its command, a longer word upright."""
    if word in GREEK.values() or word in GREEK:
        return "\\" + GREEK.get(word, word)
    if word.isascii():
        return word if len(word) == 1 or word.isdigit() else f"\\mathrm{{{word}}}"
    return text_of(word)


def text_of(text: str) -> str:
    """Any text. Characters with a meaning in LaTeX stand outside of ``\\text``, where every renderer reads them in the same way."""
    pieces = [
        "".join(ESCAPES[c] for c in piece) if piece[0] in ESCAPES else f"\\text{{{piece}}}"
        for piece in re.findall(r"[#$%&_{}~^\\]+|[^#$%&_{}~^\\]+", shown(text))
    ]
    return pieces[0] if len(pieces) == 1 and pieces[0].startswith("\\text") else f"{{{''.join(pieces)}}}"


def told_apart(names: Iterable[MathName]) -> list[MathName]:
    """The names, where equal ones are numbered by one more index: x, x is x₁, x₂.

    Example:
        >>> list(map(str, told_apart(map(name_for, ["x", "y", "x", "x_1"]))))
        ['x_{2}', 'y', 'x_{3}', 'x_{1}']
    """
    names = list(names)
    texts = [str(name) for name in names]
    occurrences = Counter(texts)
    taken = set(texts)
    numbered: dict[str, int] = {}
    distinct = []
    for name, text in zip(names, texts, strict=True):
        new = name
        if occurrences[text] > 1:
            while str(new) in taken:
                numbered[text] = numbered.get(text, 0) + 1
                new = replace(name, indices=(*name.indices, str(numbered[text])))
            taken.add(str(new))
        distinct.append(new)
    return distinct


def number_of(x: float) -> str:
    r"""A number that is not negative, with as many digits as distinguish it from all other floats.

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
