"""A name for every node of a graph, so that equations can refer to it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from autograd.ops import CONSTANT
from autograd.render.lettering import labelled, short, shown
from autograd.value import Value

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def unique_names(order: Sequence[Value]) -> list[str]:
    """A name for every node: its label, or, where several nodes have the same label, the label with a number below it: w₁, w₂.

    Constants without a label are called by their number. Other nodes without a label are v1, v2, …, and the root is L.

    Example:
        >>> from autograd.graph import topological_order
        >>> y = Value(2.0, label="x") * Value(3.0, label="x") + 1
        >>> unique_names(topological_order(y))
        ['x₁', 'x₂', 'v1', '1', 'L']
    """
    labels = [isolated(shown(str(node.label))) if labelled(node) else "" for node in order]
    if not labels[-1] and "L" not in labels:
        labels[-1] = "L"
    occurrences = Counter(labels)
    taken = set(labels)
    numbered: Counter[str] = Counter()
    names = []
    for node, label in zip(order, labels, strict=True):
        name = label
        if not label and node._operation is CONSTANT:
            name = short(node.data)
        elif not label or occurrences[label] > 1:
            while name in taken:
                numbered[label] += 1
                count = str(numbered[label])
                name = label + count.translate(SUBSCRIPTS) if label else f"v{count}"
            taken.add(name)
        names.append(name)
    return names


def isolated(name: str) -> str:
    """The name; one that has right-to-left text or direction marks in it is isolated, so that the equation around it keeps its order.

    Source: Unicode Standard Annex 9, "Unicode bidirectional algorithm", explicit directional isolates.
    """
    to_the_left = ("R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI")
    mixed = any(unicodedata.bidirectional(character) in to_the_left for character in name)
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if mixed else name
