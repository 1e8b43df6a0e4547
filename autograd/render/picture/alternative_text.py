"""What a graph computes, in a sentence: the alternative text of its picture, as "y = tanh of a·b + c"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

from autograd.graph import topological_order
from autograd.notation import notation_of
from autograd.ops import ADD, CONSTANT, DIV, DOT, LEAF, MUL, NEG, SUB, SUM, Operation
from autograd.render.formula.equations import Bracketed, Words, formula
from autograd.render.lettering import labelled, printable, short
from autograd.value import Value

EXPANDED = 40
"""So many operations, those closest to the result, are written out."""
LONGEST = 60
"""What is longer is called by its label, or is left out."""

TERM, FACTOR, ATOM = 1, 2, 3
"""How tightly the parts of a text hold together: those of a sum, those of a product, and a name, a number or a function."""

Part = tuple[str, int]


def computed(root: Value, order: Sequence[Value] | None = None) -> str:
    """What a graph computes. Of a large graph the operations closest to the result are written out, and for the rest stand labels or "…".

    Args:
        root: the result.
        order: all nodes, inputs first, if they are known already.

    Example:
        >>> a, b, c = (Value(0.5, label=name) for name in "abc")
        >>> y = ((a * b + c) * (a - 1)).tanh()
        >>> computed(y)
        'tanh of (a·b + c)·(a − 1)'
        >>> y.label = "y"
        >>> computed(y)
        'y = tanh of (a·b + c)·(a − 1)'
    """
    near = _closest(root)
    parts: dict[Value, Part] = {}
    for node in order or cast("list[Value]", topological_order(root)):
        if node in near:
            text, level = _written(node, [parts.get(x) or _named(x) for x in node._prev])
            parts[node] = (text, level) if len(text) <= LONGEST or node is root else _named(node)
    words = notation_of(root._operation).words
    is_function = len(root._prev) == 1 and words and words[0] == f"{root._operation.name}({{a.alone}})"
    text = f"{root._operation.name} of {parts[root._prev[0]][0]}" if is_function else parts[root][0]
    return text if not labelled(root) or text == printable(str(root.label)) else f"{printable(str(root.label))} = {text}"


def _closest(root: Value) -> set[Value]:
    """The result, and up to `EXPANDED` nodes, those that the fewest operations lie between."""
    near, queue = {root: None}, [root]
    for node in queue:
        for x in node._prev[:EXPANDED]:
            if x not in near and len(near) < EXPANDED:
                near[x] = None
                queue.append(x)
    return set(near)


def _named(node: Value) -> Part:
    """A node by its label or, for a constant, its number."""
    if labelled(node):
        label = printable(str(node.label))
        return label, ATOM if Bracketed(label).first == label else TERM
    if node._operation is CONSTANT or node._operation is LEAF:
        return short(node.data), ATOM
    return "…", ATOM


def _written(node: Value, inputs: Sequence[Part]) -> Part:
    """The operation of a node, applied to texts."""
    operation = node._operation
    if not inputs:
        return _named(node)
    if operation in PATTERNS:
        return PATTERNS[operation](inputs)
    text = formula(operation, [text for text, _ in inputs])
    return text, ATOM if re.fullmatch(r"\w+\([^()]*\)|\w+", text) else TERM


def _within(part: Part, level: int, first: bool = False) -> str:
    """A text within a sum or a product: in parentheses if these would tear it apart, or if it is negative and not the first."""
    text, own = part
    return f"({text})" if own < level or (text.startswith("−") and not first) else text


def _sum(inputs: Sequence[Part]) -> Part:
    return Words.series([_within(part, TERM, first=i == 0) for i, part in enumerate(inputs)]), TERM


def _difference(inputs: Sequence[Part]) -> Part:
    return f"{_within(inputs[0], TERM, first=True)} − {_within(inputs[1], FACTOR)}", TERM


def _product(inputs: Sequence[Part]) -> Part:
    return "·".join([_within(part, FACTOR, first=i == 0) for i, part in enumerate(inputs)]), FACTOR


def _quotient(inputs: Sequence[Part]) -> Part:
    return f"{_within(inputs[0], FACTOR, first=True)} / {_within(inputs[1], ATOM)}", FACTOR


def _dot(inputs: Sequence[Part]) -> Part:
    half = len(inputs) // 2
    return _sum([_product(pair) for pair in zip(inputs[:half], inputs[half:], strict=True)])


PATTERNS: dict[Operation, Callable[[Sequence[Part]], Part]] = {
    ADD: _sum,
    SUM: _sum,
    SUB: _difference,
    MUL: _product,
    DIV: _quotient,
    DOT: _dot,
    NEG: lambda inputs: (f"−{_within(inputs[0], FACTOR)}", FACTOR),
}
"""The operations with parentheses only where they are needed; the others are written as in the player."""
