"""The formula of the graph behind a Value, and of its derivatives, as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import cast

from autograd.errors import DefinitionError, InputError
from autograd.graph import topological_order
from autograd.ops import ADD, CONSTANT, EQUAL, LEAF, LESS, LESS_EQUAL, PEAK, Operation
from autograd.render.expressions import MOST, Algebra, Expression, Term, derivative_of, size
from autograd.render.symbols import Symbol, number_of, symbol_of, told_apart
from autograd.render.wording import labelled
from autograd.value import Value

MAX_NODES = 200
LETTERS = "xtuvwz"  # the first that is free is what an unlabelled Value is called that the derivative is taken by

OR = r" \text{ or } "

# how tightly the parts of a text hold together
LOOSE, ADDED, MULTIPLIED, RAISED, APPLIED, ATOM = range(6)


class Formula(str):
    r"""LaTeX source. `print` shows it; a notebook shows the formula. Made by `to_latex`."""

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self}$"


def to_latex(root: object, wrt: object = None, max_nodes: int = MAX_NODES) -> Formula:
    r"""The formula of the graph behind a Value, or of its derivative.

    Values without inputs stand there by their labels: ``x1`` is x₁, ``alpha`` is α. Those without a label are numbers. Different
    ones with the same label are numbered. All that was computed on the way is written out, whether it has a label or not; only
    where this takes more than `max_nodes` symbols, numbers and operations does what has a label become a symbol, which is then
    defined in a line of its own. (Also the number that `softmax` subtracts from its logits, the whole part of the largest,
    is called m and has its own line. The 0 that Python's `sum` begins with is left out.)

    The formula is that of the graph: of a Python `if`, and of a `where` with numbers, it has the side that was taken.

    Args:
        root: a Value, such as a loss. If it has a label, the formula begins with that and an equals sign.
        wrt: a Value that the derivative is taken by: ∂root/∂wrt, by the chain rule on formulas. It is simplified a little (0 + x,
            1 · x, x + x, x · x), so it holds wherever the formula of `root` does. It is 0 if `root` does not depend on `wrt`.
        max_nodes: the most symbols, numbers and operations that are written.

    Raises:
        InputError: `root` or `wrt` is no Value, or the formula is too large; `wrt` is no part of the graph, but another Value with
            its label is; `max_nodes` is no whole number.
        DefinitionError: the `latex` of an operation of your own does not fit its inputs, or its derivative cannot be evaluated on symbols.

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
        raise InputError(f"wrt is the Value to differentiate by, not {wrt!r}: write to_latex(y, wrt=x), with the x that went into y")
    if type(max_nodes) is not int or max_nodes < 1:
        raise InputError(f"max_nodes is a whole number of at least 1, not {max_nodes!r}")
    order = cast("list[Value]", topological_order(root))
    if wrt is not None and wrt not in set(order) and labelled(wrt) and any(node.label == wrt.label for node in order):
        raise InputError(
            f"{wrt!r} is no part of the graph, but another Value with the label {wrt.label!r} is: differentiate by the one that the "
            "graph was built from"
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
    """1,000, or that there are more than have been counted."""
    return f"{n:,}" if n < MOST else f"more than 10^{len(str(MOST)) - 1}"


# -- which lines ------------------------------------------------------------------------------------------------------------

Line = tuple[Value | None, Term]


def statements(order: Sequence[Value], wrt: Value | None, own: set[Value]) -> list[Line]:
    """What is written: the root, or its derivative, and then each node of `own` that appears, the last computed first."""
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
    lines: list[Line] = [(None, main)]
    wanted = symbols_in(main)
    for node in reversed(order):
        if node in wanted and node in meanings:
            lines.append((node, meanings[node]))
            wanted |= symbols_in(meanings[node])
    return lines


def parts_of(term: Term) -> list[Expression]:
    """The expressions that a term is made of, each once, inputs before what they are in."""
    found: dict[Expression, None] = {}
    todo = [term] if isinstance(term, Expression) else []
    while todo:
        x = todo[-1]
        missing = [y for y in x.inputs if isinstance(y, Expression) and y not in found]
        if missing:
            todo += reversed(missing)
        else:
            found[todo.pop()] = None
    return list(found)


def symbols_in(term: Term) -> set[Value]:
    """The nodes that a term has symbols for."""
    return {x.node for x in parts_of(term) if x.node is not None}


def total(lines: Sequence[Line]) -> int:
    """How many symbols, numbers and operations there are in all lines."""
    return min(MOST, sum(size(term) for _, term in lines))


def written(order: Sequence[Value], wrt: Value | None, lines: Sequence[Line]) -> str:
    """The lines as LaTeX."""
    root = order[-1]
    shown = set[Value]().union(*[symbols_in(term) for _, term in lines])
    # and all that have a label and no inputs, shown or not, so that they are numbered alike in every formula of the graph
    nodes = [node for node in order if node in shown or (labelled(node) and (node is root or not node._prev))]
    if wrt is not None and wrt not in nodes:
        nodes.append(wrt)
    names = dict(zip(nodes, told_apart([symbol_for(node, nodes) for node in nodes]), strict=True))
    writer = Writer(names)
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


def symbol_for(node: Value, others: Sequence[Value]) -> Symbol:
    """What a node is called; one without a label is the engine's own, or what the derivative is taken by."""
    if labelled(node):
        return symbol_of(str(node.label))
    if node._operation is PEAK:
        return symbol_of("m")
    used = {str(other.label).strip() for other in others}
    return symbol_of(next((letter for letter in LETTERS if letter not in used), LETTERS[0]))


# -- how they are written -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of LaTeX, and what must be known of it to put it into another.

    Attributes:
        body: the text, without a minus sign that is before all of it.
        level: how tightly it holds together.
        negative: whether it has that minus sign.
        starts, ends: what it begins and ends with: "digit", "letter", "function", or "" for anything else.
        name: of a function of one input, the name, which a power may be written at.
        condition: of a comparison, the text that stands where a truth is wanted; the body is the number, 1 or 0.
        cases: of a choice, its rows but the last, and the last.
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
        """As it is, for where nothing is beside it."""
        return "-" + self.body if self.negative else self.body

    def at(self, level: int) -> str:
        """For a place that asks for a level: in parentheses unless it has that."""
        return self.alone if self.level >= level and not self.negative else parentheses(self.alone)


def parentheses(text: str) -> str:
    """The text in parentheses as high as it."""
    return rf"\left({text}\right)" if tall(text) else f"({text})"


def tall(text: str) -> bool:
    """Whether a text is higher than a line."""
    return r"\frac" in text or r"\begin" in text


FORMS = {
    "log": r"\ln({a})",
    "log2": r"\log_{{2}}({a})",
    "log10": r"\log_{{10}}({a})",
    "cbrt": r"\sqrt[3]{{{a}}}",
    **{name: rf"\{name}({{a}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: rf"\arc{name[1:]}({{a}})" for name in ("asin", "acos", "atan")},
    **{name: rf"\operatorname{{{{ar{name[1:]}}}}}({{a}})" for name in ("asinh", "acosh", "atanh")},
    "sign": r"\operatorname{{sgn}}({a})",
    "abs": r"\left|{a}\right|",
    "ceil": r"\left\lceil {a} \right\rceil",
    "minimum": r"\min({a}, {b})",
    "relu": r"\operatorname{{ReLU}}({a})",
    "leaky_relu": r"\operatorname{{LeakyReLU}}_{{{b}}}({a})",
    "elu": r"\operatorname{{ELU}}_{{{b}}}({a})",
    "gelu": r"\operatorname{{GELU}}({a})",
    "gelu_tanh": r"\operatorname{{GELU}}_{{\tanh}}({a})",
    "silu": r"\operatorname{{SiLU}}({a})",
}
"""How a row is written that needs no more than a template. One that is neither here nor in COMPOSED is an operator with its name."""


class Writer:
    """Writes terms, with the symbols that nodes have."""

    def __init__(self, names: dict[Value, Symbol]) -> None:
        self.names = names
        self.taken = {name.stem for name in names.values()}
        self.texts: dict[Expression, Text] = {}

    def write(self, term: Term) -> Text:
        """The text of a term."""
        for x in parts_of(term):
            if x not in self.texts:
                self.texts[x] = self.text(x)
        return self.texts[term] if isinstance(term, Expression) else number(term)

    def text(self, x: Expression) -> Text:
        """The text of an expression whose inputs are written."""
        if x.node is not None:
            name = self.names[x.node]
            return Text(str(name), ATOM, starts="letter" if name.letter else "", ends="letter" if name.letter else "")
        operation = x.operation
        inputs = [self.texts[y] if isinstance(y, Expression) else number(y) for y in x.inputs]
        inputs += map(number, operation.constants)
        if operation in COMPARED:
            return comparison(inputs[0], inputs[1], *COMPARED[operation])
        if operation.latex:
            return filled(operation, operation.latex, inputs)
        if operation.name in COMPOSED:
            return COMPOSED[operation.name](self, *inputs)
        if operation.name in FORMS:
            return filled(operation, FORMS[operation.name], inputs)
        return function(operator(operation.name), *inputs)

    def exponential(self, a: Text) -> Text:
        """e to the power of `a`; exp(a) in a formula where e is something else."""
        return function(r"\exp", a) if "e" in self.taken else Text(f"e^{{{a.alone}}}", RAISED, starts="letter", ends="letter")

    def sigmoid(self, a: Text) -> Text:
        """σ(a), unless σ is something else in this formula."""
        return function(operator("sigmoid") if r"\sigma" in self.taken else r"\sigma", a)


def number(x: float) -> Text:
    """A number."""
    negative = str(x).startswith("-")
    text = number_of(abs(x))
    level = MULTIPLIED if r"\cdot" in text else RAISED if "^" in text else ATOM
    side = "digit" if text[0].isdigit() else "letter"
    return Text(text, level, negative, side, side)


def operator(name: str) -> str:
    """A name as that of a function."""
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{escaped}}}"


def function(name: str, *inputs: Text) -> Text:
    """name(a, b)."""
    return Text(name + parentheses(", ".join(x.alone for x in inputs)), APPLIED, starts="function", name=name if len(inputs) == 1 else "")


def series(*terms: Text, minus: int = -1) -> Text:
    """a + b + …; the term at position `minus` is subtracted. A term with a minus sign changes the sign before it."""
    if len(terms) < 2:
        return terms[0] if terms else number(0.0)
    text = terms[0].alone if terms[0].level >= ADDED else parentheses(terms[0].alone)
    for i, term in enumerate(terms[1:], 1):
        negative = term.negative != (i == minus)
        body = replace(term, negative=False)
        tight = negative or body.body.startswith("-")
        text += (" - " if negative else " + ") + body.at(MULTIPLIED if tight else ADDED)
    return Text(text, ADDED)


def product(a: Text, b: Text) -> Text:
    """a · b, without the dot where letters and numbers show what it is."""
    left = replace(a, negative=False)
    right = b.at(MULTIPLIED)
    own = right == b.alone
    ends, starts = left.ends if left.level >= MULTIPLIED else "", b.starts if own else "" if b.negative else "parenthesis"
    beside = starts in {"letter": ("letter", "function"), "digit": ("letter", "function", "parenthesis")}.get(ends, ())
    both = [parentheses(x.condition) if OR in x.condition else x.condition for x in (a, b)]
    condition = rf"{both[0]} \text{{ and }} {both[1]}" if all(both) else ""
    body = left.at(MULTIPLIED) + (" " if beside else r" \cdot ") + right
    return Text(body, MULTIPLIED, a.negative, left.starts if left.level >= MULTIPLIED else "", b.ends if own else "", condition=condition)


def fraction(a: Text, b: Text) -> Text:
    """a over b."""
    return Text(rf"\frac{{{replace(a, negative=False).alone}}}{{{b.alone}}}", MULTIPLIED, a.negative)


def power(base: Text, exponent: Text) -> Text:
    """The base with the exponent above it; of a function, above its name."""
    above = exponent.alone
    if base.name and not base.negative and re.fullmatch(r"[2-9]|[1-9]\d+", above):
        return Text(f"{base.name}^{{{above}}}{base.body[len(base.name) :]}", RAISED, starts="function")
    bare = base.level == ATOM and not base.negative and base.starts
    return Text(f"{base.at(ATOM)}^{{{above}}}", RAISED, starts=base.starts if bare else "", ends="letter" if bare else "")


def root_of(a: Text) -> Text:
    """√a."""
    return Text(rf"\sqrt{{{a.alone}}}", APPLIED, starts="function")


def whole_part(a: Text) -> Text:
    """⌊a⌋."""
    return Text(rf"\left\lfloor {a.alone} \right\rfloor", ATOM)


def opposite(a: Text) -> Text:
    """−a."""
    return Text(a.at(MULTIPLIED), MULTIPLIED, True, a.starts if not a.negative and a.level >= MULTIPLIED else "", a.ends)


def comparison(a: Text, b: Text, sign: str, turned: str) -> Text:
    """A comparison. As a number it is in brackets: 1 where it holds, else 0. What is compared with a number stands first."""
    if a.starts == a.ends == "digit" and not b.starts == b.ends == "digit":
        a, sign, b = b, turned, a
    condition = f"{a.alone} {sign} {b.alone}"
    return Text(rf"\left[{condition}\right]", ATOM, condition=condition)


def choice(condition: Text, a: Text, b: Text) -> Text:
    """Cases; those of the last one are further ones."""
    truth = condition.condition or rf"{condition.alone} \neq 0"
    rows, last = b.cases if b.cases[0] else ((), b.alone)
    rows = (rf"{a.alone} & \text{{if }} {truth}", *rows)
    body = r"\begin{cases} " + r" \\ ".join([*rows, rf"{last} & \text{{otherwise}}"]) + r" \end{cases}"
    return Text(body, LOOSE, cases=(rows, last))


def larger(a: Text, b: Text) -> Text:
    """The larger of two; of two conditions, whether one of them holds."""
    text = function(r"\max", a, b)
    return replace(text, condition=a.condition + OR + b.condition) if a.condition and b.condition else text


def filled(operation: Operation, template: str, inputs: Sequence[Text]) -> Text:
    """A template with the inputs in place of {a}, {b}, …: within brackets and between commas as they are, elsewhere in parentheses.

    Raises:
        DefinitionError: the template has other places than those, or not all of them.
    """
    places = dict(zip("abcdefghijklmnopqrstuvwxyz", inputs, strict=False))
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
    return Text(whole, level_of(skeleton), starts="function" if skeleton.startswith("\\") else "", name=named[1] if named else "")


OPENS, CLOSES = re.compile(r"([(\[{,|]|\\[lv]\w+)\s*$"), re.compile(r"\s*([)\]},|]|\\[rv])")


def level_of(template: str) -> int:
    """How tightly a text holds together: LOOSE unless it is seen to be one piece."""
    text = re.sub(r"\\left(\\[a-z]+|.)", "(", re.sub(r"\\right(\\[a-z]+|.)", ")", template))
    before = ""
    while text != before:
        before = text
        text = re.sub(r"\([^(){}\[\]]*\)|\|[^(){}|]*\|", "@", re.sub(r"\{[^(){}\[\]]*\}|\[[^(){}\[\]]*\]", "#", text))
    if re.fullmatch(r"@|\w", text):
        return ATOM
    return APPLIED if re.fullmatch(r"(\\[A-Za-z]+|[A-Za-z])([_^]?#)*@?#*", text) else LOOSE


ONE, TWO = number(1.0), number(2.0)

# fmt: off
COMPOSED: dict[str, Callable[..., Text]] = {
    "add":       lambda w, a, b: series(a, b),
    "sub":       lambda w, a, b: series(a, b, minus=1),
    "sum":       lambda w, *a: series(*a),
    "mul":       lambda w, a, b: product(a, b),
    "dot":       lambda w, *ab: series(*map(product, ab[: len(ab) // 2], ab[len(ab) // 2 :])),
    "div":       lambda w, a, b: fraction(a, b),
    "neg":       lambda w, a: opposite(a),
    "pos":       lambda w, a: a,
    "remainder": lambda w, a, b: Text(rf"{a.at(APPLIED)} \; \mathrm{{mod}} \; {b.at(APPLIED)}", LOOSE),
    "pow":       lambda w, a, b: power(a, b),
    "hypot":     lambda w, a, b: root_of(series(power(a, TWO), power(b, TWO))),
    "sqrt":      lambda w, a: root_of(a),
    "exp":       lambda w, a: w.exponential(a),
    "expm1":     lambda w, a: series(w.exponential(a), ONE, minus=1),
    "log1p":     lambda w, a: function(r"\ln", series(ONE, a)),
    "softplus":  lambda w, a: function(r"\ln", series(ONE, w.exponential(a))),
    "logsumexp": lambda w, *a: function(r"\ln", series(*map(w.exponential, a))),
    "sigmoid":   lambda w, a: w.sigmoid(a),
    "maximum":   lambda w, a, b: larger(a, b),
    "floor":     lambda w, a: whole_part(a),
    "peak":      lambda w, *a: whole_part(function(r"\max", *a)),
    "where":     lambda w, a, b, c: choice(a, b, c),
}
# fmt: on

COMPARED = {LESS: ("<", ">"), LESS_EQUAL: (r"\leq", r"\geq"), EQUAL: ("=", "=")}
"""The sign of each comparison, and that for when its sides change places."""
