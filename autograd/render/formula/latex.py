"""The formula of the graph behind a Value, and of its derivatives, as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.ops import ADD, CONSTANT, LEAF, PEAK
from autograd.render.formula.chain_rule import derivative_of
from autograd.render.formula.expressions import MOST, Algebra, Term, parts_of, size
from autograd.render.formula.latex_writer import LatexWriter
from autograd.render.formula.symbols import AMPERSAND, MathName, name_for, told_apart
from autograd.render.lettering import labelled
from autograd.value import Value

MAX_NODES = 200
LETTERS = "xtuvwz"  # the names, in this order of preference, for an unlabelled Value that the derivative is taken with respect to


class Formula(str):
    r"""LaTeX source. `print` shows it; a notebook shows the formula. Made by `to_latex`."""

    __slots__ = ()

    def _repr_latex_(self) -> str:
        source = self.replace(AMPERSAND, r"\&")  # for MathJax
        return f"$\\displaystyle {source}$"


def to_latex(root: object, wrt: object = None, max_nodes: int = MAX_NODES) -> Formula:
    r"""The formula of the graph behind a Value, or of its derivative.

    Leaves are written as their labels: ``x1`` is x₁, ``alpha`` is α. Leaves without a label are written as numbers; different leaves
    with the same label are numbered. Intermediate results are written out, with or without a label. Only if the formula would take more
    than `max_nodes` symbols, numbers and operations do those with a label become symbols, each of which is defined in a line of its
    own. (The number that `softmax` subtracts from its logits is always called m and has its own line. The 0 that Python's `sum` starts
    from is left out.)

    The formula is that of the graph. So it contains only the branch that was taken by a Python `if`, or by a `where` on numbers.

    Args:
        root: a Value, such as a loss. If it has a label, the formula begins with the label and an equals sign.
        wrt: a Value to differentiate with respect to: the result is ∂root/∂wrt, by the chain rule on formulas. It is simplified a little
            (0 + x, 1 · x, x + x, x · x), so it holds wherever the formula of `root` does. It is 0 if `root` does not depend on `wrt`.
        max_nodes: the largest number of symbols, numbers and operations in the formula.

    Raises:
        InputError: `root` or `wrt` is not a Value, or the formula is too large; `wrt` is not in the graph, but another Value with the
            same label is; `max_nodes` is not a positive integer.
        DefinitionError: the `latex` of an operation does not fit its inputs, or its derivative cannot be evaluated on symbols.

    Example:
        >>> x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5, label="b")
        >>> y = tanh(w * x + b)
        >>> y.label = "y"
        >>> print(to_latex(y))
        y = \tanh(w x + b)
        >>> print(to_latex(y, wrt=b))
        \frac{\partial y}{\partial b} = 1 - \tanh^{2}(w x + b)
        >>> print(to_latex(x**3, wrt=x))
        3 x^{2}
    """
    if not isinstance(root, Value):
        raise InputError(
            f"to_latex needs a Value, not an object of type {type(root).__name__}: write to_latex(loss), with the result you computed"
        )
    if wrt is not None and not isinstance(wrt, Value):
        raise InputError(f"wrt must be the Value to differentiate with respect to, not {wrt!r}: write to_latex(y, wrt=x)")
    if type(max_nodes) is not int or max_nodes < 1:
        raise InputError(f"max_nodes must be an integer of at least 1, not {max_nodes!r}")
    order = cast("list[Value]", topological_order(root))
    if wrt is not None and wrt not in set(order) and labelled(wrt) and any(node.label == wrt.label for node in order):
        raise InputError(
            f"{wrt!r} is not in the graph, but another Value with the label {wrt.label!r} is: differentiate with respect to "
            "the one that the graph was built from"
        )
    own = {node for node in order[:-1] if node._operation is PEAK}
    lines = statements(order, wrt, own)
    count = total(lines)
    if count > max_nodes:
        named = {node for node in (order[:-1] if wrt is None else order) if node._prev and labelled(node)}
        lines = statements(order, wrt, own | named) if named else lines
        shortest = total(lines)
        if shortest > max_nodes:
            known = f", or {counted(shortest)} with a line for each Value that has a label" if named else ""
            raise InputError(
                f"the formula has {counted(count)} symbols, numbers and operations{known}: more than max_nodes={max_nodes}. Give labels to "
                'Values on the way (z.label = "z"), write a part of it, as in to_latex(z), or draw(root), which folds what is large'
            )
    return Formula(written(order, wrt, lines))


def counted(n: int) -> str:
    """A count as text: 1,000. Above `MOST` nothing is counted."""
    return f"{n:,}" if n < MOST else f"more than 10^{len(str(MOST)) - 1}"


# -- the statements of a formula --------------------------------------------------------------------------------------

Statement = tuple[Value | None, Term]
"""A line of the formula: the node that it defines, or None for the formula itself; and what that is."""


def statements(order: Sequence[Value], wrt: Value | None, own: set[Value]) -> list[Statement]:
    """The statements: the root, or its derivative, and then each node of `own` that appears in them, the last computed first."""
    algebra = Algebra()
    terms: dict[Value, Term] = {}
    meanings: dict[Value, Term] = {}
    write = algebra.apply if wrt is None else algebra.simplified
    for node in order:
        inputs = [terms[x] for x in node._prev]
        term: Term
        if not inputs and node._operation in (LEAF, CONSTANT):
            term = algebra.symbol(node) if node is wrt or labelled(node) else node.data
        elif node._operation is ADD and inputs[0] == 0.0 and node._prev[0]._operation is CONSTANT:
            term = inputs[1]
        else:
            term = write(node._operation, *inputs)
        if node._prev and (node is wrt or node in own):
            meanings[node] = term
            term = algebra.symbol(node)
        terms[node] = term
    main = terms[order[-1]] if wrt is None else derivative_of(order, terms, wrt, algebra)
    lines: list[Statement] = [(None, main)]
    wanted = symbols_in(main)
    for node in reversed(order):
        if node in wanted and node in meanings:
            lines.append((node, meanings[node]))
            wanted |= symbols_in(meanings[node])
    return lines


def symbols_in(term: Term) -> set[Value]:
    """The nodes that a term has symbols for."""
    return {x.node for x in parts_of(term) if x.node is not None}


def total(lines: Sequence[Statement]) -> int:
    """The number of symbols, numbers and operations in all statements, up to `MOST`."""
    return min(MOST, sum(size(term) for _, term in lines))


def written(order: Sequence[Value], wrt: Value | None, lines: Sequence[Statement]) -> str:
    """The statements as LaTeX."""
    root = order[-1]
    shown = set[Value]().union(*[symbols_in(term) for _, term in lines])
    # labelled leaves are among them even where they do not appear, so that every formula of the graph numbers them in the same way
    nodes = [node for node in order if node in shown or (labelled(node) and (node is root or not node._prev))]
    if wrt is not None and wrt not in nodes:
        nodes.append(wrt)
    names = dict(zip(nodes, told_apart([name_of(node, nodes) for node in nodes]), strict=True))
    writer = LatexWriter(names)
    head = ""
    if labelled(root) and wrt is not None:
        head = rf"\frac{{\partial {names[root]}}}{{\partial {names[wrt]}}}"
    elif labelled(root) and root._prev:
        head = str(names[root])
    heads = [head, *[str(names[node]) for node, _ in lines[1:] if node is not None]]
    bodies = [writer.write(term).alone for _, term in lines]
    if len(lines) == 1:
        return f"{head} = {bodies[0]}" if head else bodies[0]
    rows = [f"{left} &= {right}" if left else f"& {right}" for left, right in zip(heads, bodies, strict=True)]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def name_of(node: Value, others: Sequence[Value]) -> MathName:
    """The name of a node. If it has no label it is the number that `softmax` subtracts, or the variable of the derivative."""
    if labelled(node):
        return name_for(str(node.label))
    if node._operation is PEAK:
        return name_for("m")
    used = {str(other.label).strip() for other in others}
    return name_for(next((letter for letter in LETTERS if letter not in used), LETTERS[0]))
