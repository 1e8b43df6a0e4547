"""Expressions as LaTeX: each operation as its row of the notation table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograd.notation import notation_of
from autograd.ops import EQUAL, LESS, LESS_EQUAL
from autograd.render.formula import snippets
from autograd.render.formula.expressions import Expression, Term, parts_of
from autograd.render.formula.snippets import ATOM, RAISED, Snippet, filled, function, operator
from autograd.render.formula.symbols import MathName, text_of
from autograd.value import Value

COMPARED = {LESS: ("<", ">"), LESS_EQUAL: (r"\leq", r"\geq"), EQUAL: ("=", "=")}
"""The sign of each comparison, and the sign for when its sides change places."""


class LatexWriter:
    """Writes expressions, with the names that nodes have in this formula.

    It is also what a row of the notation table writes with, where it needs more than a template (`Notation.latex`).

    Args:
        names: the name of each node that the expressions have symbols for.
    """

    number = staticmethod(snippets.number)
    sum = staticmethod(snippets.series)
    product = staticmethod(snippets.product)
    fraction = staticmethod(snippets.fraction)
    power = staticmethod(snippets.power)
    root = staticmethod(snippets.root)
    modulo = staticmethod(snippets.modulo)
    opposite = staticmethod(snippets.opposite)
    whole_part = staticmethod(snippets.whole_part)
    choice = staticmethod(snippets.choice)
    size = staticmethod(snippets.size)
    larger = staticmethod(snippets.larger)
    function = staticmethod(function)

    def __init__(self, names: Mapping[Value, MathName]) -> None:
        self.names = names
        self.taken = {name.stem for name in names.values()}
        self.snippets: dict[Expression, Snippet] = {}

    def write(self, term: Term) -> Snippet:
        """The snippet of a term."""
        for x in parts_of(term):
            if x not in self.snippets:
                self.snippets[x] = self._snippet(x)
        return self.snippets[term] if isinstance(term, Expression) else self.number(term)

    def _snippet(self, x: Expression) -> Snippet:
        """The snippet of an expression whose inputs are written."""
        if x.node is not None:
            name = self.names[x.node]
            return Snippet(str(name), ATOM, starts="letter" if name.letter else "", ends="letter" if name.letter else "")
        operation = x.operation
        inputs = [self.snippets[y] if isinstance(y, Expression) else self.number(y) for y in x.inputs]
        inputs += map(self.number, operation.constants)
        if operation in COMPARED:
            return snippets.comparison(inputs[0], inputs[1], *COMPARED[operation])
        form = notation_of(operation).latex
        if callable(form):
            written: Snippet = form(self, *inputs)
            return written
        if form:
            return filled(operation, form, inputs)
        return function(operator(operation.name) if operation.name.isidentifier() else text_of(operation.name), *inputs)

    def exponential(self, a: Snippet) -> Snippet:
        """e to the power of `a`; exp(a) where e has another meaning in this formula."""
        return function(r"\exp", a) if "e" in self.taken else Snippet(f"e^{{{a.alone}}}", RAISED, starts="letter", ends="letter")

    def letter(self, sign: str, name: str, a: Snippet, order: Snippet | None = None) -> Snippet:
        """A function whose sign is a letter, as σ(a), with the order of a derivative above it.

        Where the letter has another meaning in this formula, it is the name of the function, with the order as its first argument.
        """
        if sign in self.taken:
            return function(operator(name), *([] if order is None else [order]), a)
        if order is None:
            return function(sign, a)
        return replace(function(rf"{sign}^{{({order.alone})}}", a), name="")  # an exponent does not stand at the name: there is one
