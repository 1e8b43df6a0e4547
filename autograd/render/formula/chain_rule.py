"""The chain rule on expressions: the derivative of a graph as a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd._runtime.messages import without_rules
from autograd.errors import DefinitionError
from autograd.notation import notation_of
from autograd.render.formula.expressions import Algebra, Term, plain
from autograd.value import Value


def derivative_of(order: Sequence[Value], terms: Mapping[Value, Term], wrt: Value, algebra: Algebra) -> Term:
    """The derivative of the last node of a graph with respect to another one: the chain rule on expressions.

    Args:
        order: the graph, inputs before what is computed from them.
        terms: the expression of each node.
        wrt: the node to differentiate with respect to.
        algebra: the algebra of the terms.

    Raises:
        DefinitionError: a node was made by hand, or a derivative cannot be evaluated on symbols.

    Example:
        >>> from autograd.graph import topological_order
        >>> x = Value(3.0)
        >>> y = x * x
        >>> algebra = Algebra()
        >>> symbol = algebra.symbol(x)
        >>> derivative_of(topological_order(y), {x: symbol, y: symbol * symbol}, x, algebra) is 2.0 * symbol
        True
    """
    depends = {wrt}
    for node in order:
        if any(x in depends for x in node._prev):
            depends.add(node)
    parts: dict[Value, list[Term]] = {order[-1]: [1.0]}
    for node in reversed(order):
        if node is wrt:
            break
        if node not in depends or node not in parts:
            continue
        upstream = algebra.total([(1.0, part) for part in reversed(parts.pop(node))])
        inputs = node._prev
        if node._operation.by_hand:
            raise DefinitionError(without_rules(f"{node!r}, a {node._op!r},", "differentiated in symbols"))
        operation, numbers = plain(node._operation)
        operands = [*[terms[x] for x in inputs], *numbers]
        rules = notation_of(operation).textbook or operation.derivatives
        try:
            many = list(rules[0](algebra, terms[node], *operands)) if operation.arity is None else None
            for i, x in enumerate(inputs):
                if x in depends:
                    slope = many[i] if many is not None else rules[i](algebra, terms[node], *operands)
                    parts.setdefault(x, []).append(algebra.times(upstream, slope))
        except DefinitionError as error:
            raise DefinitionError(f"the derivative of {operation.name} cannot be written in symbols: {error}") from None
    return algebra.total([(1.0, part) for part in reversed(parts.get(wrt, []))])
