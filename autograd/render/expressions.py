"""Expressions: what the graph behind a Value, and its derivatives, are in symbols.

An expression is one more thing that the rules of the op table may be evaluated on. So the derivative of a graph is a formula that
holds everywhere: where a rule chooses, it has both cases, and not only the one that the recorded numbers are in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from autograd.errors import DefinitionError
from autograd.functions import NUMPY_NAMES
from autograd.ops import (
    ABS,
    ADD,
    DIV,
    DOT,
    EQUAL,
    LEAF,
    LESS,
    LESS_EQUAL,
    MAXIMUM,
    MUL,
    NEG,
    OPERATIONS,
    POS,
    POW,
    SQRT,
    SUB,
    SUM,
    WHERE,
    Operation,
)
from autograd.value import Value

MOST = 10**18  # sizes are not counted beyond: those of shared parts double, and would need more digits than there is memory
LIGHT = 24  # sums and products of more parts than this are left as they are


class Expression:
    """An operation on expressions and numbers, or a symbol, which stands for a node.

    Two of one algebra are equal where they are the same object.

    Attributes:
        algebra: what made it.
        operation: a row of the op table; of a symbol, LEAF.
        inputs: what it is applied to.
        node: what a symbol stands for.
        size: how many operations, symbols and numbers it is written with.
    """

    __slots__ = ("algebra", "inputs", "node", "operation", "size")

    def __init__(self, algebra: Algebra, operation: Operation, inputs: tuple[Term, ...], node: Value | None) -> None:
        self.algebra = algebra
        self.operation = operation
        self.inputs = inputs
        self.node = node
        self.size = min(MOST, 1 + sum(map(size, inputs)))

    def __add__(self, other: Any) -> Term:
        return self.algebra.total([(1.0, self), (1.0, other)])

    def __radd__(self, other: Any) -> Term:
        return self.algebra.total([(1.0, other), (1.0, self)])

    def __sub__(self, other: Any) -> Term:
        return self.algebra.total([(1.0, self), (-1.0, other)])

    def __rsub__(self, other: Any) -> Term:
        return self.algebra.total([(1.0, other), (-1.0, self)])

    def __mul__(self, other: Any) -> Term:
        return self.algebra.times(self, other)

    def __rmul__(self, other: Any) -> Term:
        return self.algebra.times(other, self)

    def __truediv__(self, other: Any) -> Term:
        return self.algebra.divide(self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return self.algebra.divide(other, self)

    def __pow__(self, other: Any) -> Term:
        return self.algebra.power(self, other)

    def __rpow__(self, other: Any) -> Term:
        return self.algebra.power(other, self)

    def __neg__(self) -> Term:
        return self.algebra.times(-1.0, self)

    def __pos__(self) -> Term:
        return self

    def __abs__(self) -> Term:
        return self.algebra.apply(ABS, self)

    def __lt__(self, other: Any) -> Term:
        return self.algebra.apply(LESS, self, other)

    def __le__(self, other: Any) -> Term:
        return self.algebra.apply(LESS_EQUAL, self, other)

    def __gt__(self, other: Any) -> Term:
        return self.algebra.apply(LESS, other, self)

    def __ge__(self, other: Any) -> Term:
        return self.algebra.apply(LESS_EQUAL, other, self)

    def __and__(self, other: Any) -> Any:
        return self.algebra.apply(MUL, self, other) if isinstance(other, Expression) else self if other else False

    def __or__(self, other: Any) -> Any:
        return self.algebra.apply(MAXIMUM, self, other) if isinstance(other, Expression) else True if other else self

    __rand__ = __and__
    __ror__ = __or__

    def __bool__(self) -> bool:
        raise DefinitionError("a rule asked whether a condition holds, which symbols cannot tell: choose with xp.where(a > 0, …, …)")

    def __float__(self) -> float:
        raise DefinitionError("a rule asked a symbol for its number: write xp.exp(a), not math.exp(a)")


Term = Expression | float


class Algebra:
    """The namespace of expressions, and the light simplification that it does.

    It drops 0 + x, 1 · x and 0 · x, computes with numbers, and writes equal terms and equal factors once: x + x is 2x, x · x is x²,
    and x² / x is x. So where the formula that it was given has a value, its result has the same.

    Example:
        >>> algebra = Algebra()
        >>> x = algebra.symbol(Value(3.0, label="x"))
        >>> (x + x) * 2.0 is 4.0 * x
        True
        >>> x**2 / x is x
        True
    """

    inf = math.inf
    nan = math.nan

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Expression] = {}

    def symbol(self, node: Value) -> Expression:
        """What stands for a node."""
        return self._one(LEAF, (), node)

    def apply(self, operation: Operation, *inputs: Term) -> Expression:
        """An operation as it is, not simplified."""
        operation, numbers = plain(operation)
        return self._one(operation, (*inputs, *numbers), None)

    def simplified(self, operation: Operation, *inputs: Term) -> Term:
        """The same, simplified."""
        row, numbers = plain(operation)
        return SIMPLER[row](self, *inputs, *numbers) if row in SIMPLER else self.apply(operation, *inputs)

    def __getattr__(self, name: str) -> Callable[..., Term]:
        operation = OPERATIONS.get(NUMPY_NAMES.get(name, name))
        if operation is None:
            raise AttributeError(f"rules cannot use xp.{name}: there is no operation of that name")
        return lambda *inputs: self.simplified(operation, *inputs)

    def _one(self, operation: Operation, inputs: tuple[Term, ...], node: Value | None) -> Expression:
        """The one expression of this form."""
        inputs = tuple([x if isinstance(x, Expression) else float(x) for x in inputs])
        key = (operation, node, *[x.hex() if isinstance(x, float) else x for x in inputs])  # hex tells 0.0 from -0.0
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Expression(self, operation, inputs, node)
        return found

    # -- choices ----------------------------------------------------------------------------------------------------------

    def where(self, condition: Any, a: Term, b: Term) -> Term:
        """`a` where the condition holds, else `b`."""
        if not isinstance(condition, Expression):
            return a if condition else b
        return a if a is b or (isinstance(a, float) and a == b) else self.apply(WHERE, condition, a, b)

    def equal(self, a: Term, b: Term) -> Any:
        """Whether two terms are equal: true, false, or a condition."""
        if isinstance(a, Expression) or isinstance(b, Expression):
            return a is b or self.apply(EQUAL, a, b)
        return a == b

    def isinf(self, a: Term) -> Any:
        """Whether a term is infinite."""
        return self.apply(EQUAL, abs(a), math.inf) if isinstance(a, Expression) else math.isinf(a)

    # -- sums ---------------------------------------------------------------------------------------------------------------

    def total(self, parts: Iterable[tuple[float, Term]]) -> Term:
        """c₁x₁ + c₂x₂ + …, with equal terms as one."""
        terms = [(c, term) for c, x in parts for term in terms_of(x)]
        flat = [(multiply(c, k), rest) for c, term in terms for k, rest in [split(term)]]
        if len(flat) <= LIGHT:
            merged: dict[Expression | None, float] = {}  # the number is at None
            for c, rest in flat:
                merged[rest] = add(merged.get(rest, 0.0), c)
            flat = [(c, rest) for rest, c in merged.items()]
        written: list[Term] = [c if rest is None else self.times(c, rest) for c, rest in flat if c != 0.0]
        return (written[0] if written else 0.0) if len(written) < 2 else self.apply(SUM, *written)

    # -- products -----------------------------------------------------------------------------------------------------------

    def times(self, a: Term, b: Term) -> Term:
        """a · b. A choice between something and 0 takes the factor in."""
        if a == 1.0 or b == 1.0:
            return a if b == 1.0 else b
        for choice, factor in ((a, b), (b, a)):
            if isinstance(choice, Expression) and choice.operation is WHERE:
                condition, p, q = choice.inputs
                if p == 0.0 or q == 0.0:
                    return self.where(condition, self.times(p, factor), self.times(q, factor))
        return self.product([(a, 1), (b, 1)])

    def divide(self, a: Term, b: Term) -> Term:
        """a / b."""
        return self.apply(DIV, a, b) if b == 0.0 else self.product([(a, 1), (b, -1)])

    def power(self, a: Term, b: Term) -> Term:
        """a to the power of b."""
        if isinstance(b, Expression) or b != round_number(b) or abs(b) > LIGHT or a == 0.0:
            return 1.0 if a == 1.0 else self.apply(POW, a, b)
        return self.product([(a, int(b))])

    def product(self, parts: Sequence[tuple[Term, int]]) -> Term:
        """The product of terms to whole powers, with equal factors as one."""
        above = below = 1.0
        powers: dict[Expression, int] = {}
        todo = list(reversed(parts))
        seen = 0
        while todo:
            x, n = todo.pop()
            seen += 1
            if not isinstance(x, Expression):
                for _ in range(abs(n)):
                    above, below = (multiply(above, x), below) if n > 0 else (above, multiply(below, x))
            elif seen > LIGHT:
                powers[x] = powers.get(x, 0) + n
            elif x.operation is MUL:
                todo += [(x.inputs[1], n), (x.inputs[0], n)]
            elif x.operation is DIV and x.inputs[1] != 0.0:
                todo += [(x.inputs[1], -n), (x.inputs[0], n)]
            elif x.operation is NEG:
                todo += [(x.inputs[0], n), (-1.0, n)]
            elif x.operation is POW and isinstance(x.inputs[1], float) and 0.0 < x.inputs[1] == round_number(x.inputs[1]) <= LIGHT:
                todo.append((x.inputs[0], n * int(x.inputs[1])))
            else:
                powers[x] = powers.get(x, 0) + n
        if above == 0.0:
            return 0.0
        if any(x.operation is SQRT and n % 2 == 0 != n for x, n in powers.items()):
            halved = [(x.inputs[0], n // 2) if x.operation is SQRT and n % 2 == 0 else (x, n) for x, n in powers.items()]
            return self.product([(above, 1), (below, -1), *halved])
        powers = dict(sorted(powers.items(), key=lambda item: place(item[0])))
        high = [x if n == 1 else self.apply(POW, x, float(n)) for x, n in powers.items() if n > 0]
        low = [x if n == -1 else self.apply(POW, x, float(-n)) for x, n in powers.items() if n < 0]
        above, below = reduced(above, below, bool(low))
        numerator, denominator = self._times(above, high), self._times(below, low)
        return numerator if denominator == 1.0 else self.apply(DIV, numerator, denominator)

    def _times(self, c: float, factors: Sequence[Expression]) -> Term:
        if not factors:
            return c
        whole = factors[0]
        for x in factors[1:]:
            whole = self.apply(MUL, whole, x)
        return whole if c == 1.0 else self.apply(NEG, whole) if c == -1.0 else self.apply(MUL, c, whole)


SIMPLER: dict[Operation, Callable[..., Term]] = {
    ADD: lambda xp, a, b: xp.total([(1.0, a), (1.0, b)]),
    SUB: lambda xp, a, b: xp.total([(1.0, a), (-1.0, b)]),
    SUM: lambda xp, *a: xp.total([(1.0, x) for x in a]),
    MUL: lambda xp, a, b: xp.times(a, b),
    DIV: lambda xp, a, b: xp.divide(a, b),
    NEG: lambda xp, a: xp.times(-1.0, a),
    POS: lambda xp, a: a,
    POW: lambda xp, a, b: xp.power(a, b),
}


def plain(operation: Operation) -> tuple[Operation, tuple[float, ...]]:
    """The row that an operation is another form of, and the inputs that it has on top: ``**2`` is `pow` with 2."""
    if operation.name == POW.name and operation.constants:
        return POW, operation.constants
    return (WHERE if operation.value is WHERE.value else operation), ()


def size(x: Term) -> int:
    """How many operations, symbols and numbers a term is written with, up to `MOST`."""
    return x.size if isinstance(x, Expression) else 1


def terms_of(x: Term) -> tuple[Term, ...]:
    """The terms of a sum that is not long; of all else, itself."""
    return x.inputs if isinstance(x, Expression) and x.operation is SUM and len(x.inputs) <= LIGHT else (x,)


def split(x: Term) -> tuple[float, Expression | None]:
    """A term as a number and what it is multiplied with."""
    if not isinstance(x, Expression):
        return x, None
    if x.operation is NEG:
        c, rest = split(x.inputs[0])
        return -c, rest
    if x.operation is MUL and isinstance(x.inputs[0], float) and isinstance(x.inputs[1], Expression):
        return x.inputs[0], x.inputs[1]
    return 1.0, x


def place(x: Expression) -> int:
    """Where a factor stands: symbols first, sums last."""
    return 0 if x.node is not None else 2 if x.operation in (ADD, SUB, SUM, DOT) else 1


def reduced(above: float, below: float, fraction: bool) -> tuple[float, float]:
    """Two numbers, one above and one below the line: a whole one in place of both, where there is one.

    Args:
        above, below: the numbers.
        fraction: whether there is more below the line: then 0.5 above is 2 below.
    """
    if below < 0.0:
        above, below = -above, -below
    if math.isfinite(above) and math.isfinite(below) and below > 0.0 and above != 0.0:
        ratio, inverse = above / below, below / above
        if ratio == round_number(ratio) and ratio * below == above:
            return ratio, 1.0
        if (fraction or below != 1.0) and inverse == round_number(inverse) and inverse * above == below:
            return math.copysign(1.0, above), abs(inverse)
    return above, below


def round_number(x: float) -> float:
    """The whole number next to it; nan where there is none."""
    return float(round(x)) if math.isfinite(x) else math.nan


def add(a: float, b: float) -> float:
    """The sum of two numbers as they are written: 0.1 + 0.2 is 0.3."""
    return float(Decimal(repr(a)) + Decimal(repr(b))) if math.isfinite(a) and math.isfinite(b) else a + b


def multiply(a: float, b: float) -> float:
    """The product of two numbers as they are written."""
    if a == 1.0 or b == 1.0:
        return a if b == 1.0 else b
    return float(Decimal(repr(a)) * Decimal(repr(b))) if math.isfinite(a) and math.isfinite(b) else a * b


# -- derivatives ----------------------------------------------------------------------------------------------------------

# fmt: off
TEXTBOOK: dict[str, tuple[Callable[..., Any], ...]] = {
    "pow":       (lambda xp, y, a, b: b * xp.power(a, xp.total([(1.0, b), (-1.0, 1.0)])), lambda xp, y, a, b: y * xp.log(a)),
    "remainder": (lambda xp, y, a, b: 1.0, lambda xp, y, a, b: -xp.floor(xp.divide(a, b))),
    "log2":      (lambda xp, y, a: 1.0 / (a * xp.log(2.0)),),
    "log10":     (lambda xp, y, a: 1.0 / (a * xp.log(10.0)),),
    "cbrt":      (lambda xp, y, a: 1.0 / (3.0 * y * y),),
    "asin":      (lambda xp, y, a: 1.0 / xp.sqrt(1.0 - a * a),),
    "acos":      (lambda xp, y, a: -1.0 / xp.sqrt(1.0 - a * a),),
    "atan2":     (lambda xp, y, a, b: b / (a * a + b * b), lambda xp, y, a, b: -a / (a * a + b * b)),
    "hypot":     (lambda xp, y, a, b: a / y, lambda xp, y, a, b: b / y),
    "tanh":      (lambda xp, y, a: 1.0 - y * y,),
    "asinh":     (lambda xp, y, a: 1.0 / xp.sqrt(a * a + 1.0),),
    "acosh":     (lambda xp, y, a: 1.0 / xp.sqrt(a * a - 1.0),),
    "atanh":     (lambda xp, y, a: 1.0 / (1.0 - a * a),),
    "erf":       (lambda xp, y, a: 2.0 * xp.exp(-a * a) / xp.sqrt(math.pi),),
    "erfc":      (lambda xp, y, a: -2.0 * xp.exp(-a * a) / xp.sqrt(math.pi),),
    "abs":       (lambda xp, y, a: xp.sign(a),),
    "where":     (lambda xp, y, a, b, c: 0.0, lambda xp, y, a, b, c: xp.where(a, 1.0, 0.0), lambda xp, y, a, b, c: xp.where(a, 0.0, 1.0)),
    "gelu":      (lambda xp, y, a: 0.5 * (1.0 + xp.erf(a / xp.sqrt(2.0))) + a * xp.exp(-a * a / 2.0) / (xp.sqrt(2.0) * xp.sqrt(math.pi)),),
    "gelu_tanh": (lambda xp, y, a: _gelu_tanh_slope(xp, a, xp.sqrt(xp.divide(8.0, math.pi))),),
    "silu":      (lambda xp, y, a: xp.sigmoid(a) + y * (1.0 - xp.sigmoid(a)),),
    "sigmoid":   (lambda xp, y, a: y * (1.0 - y),),
    "softplus":  (lambda xp, y, a: xp.sigmoid(a),),
    "logsumexp": (lambda xp, y, *a: [xp.exp(x) / xp.total([(1.0, xp.exp(z)) for z in a]) for x in a],),
}
# fmt: on
"""The derivatives of the rows as they are taught, where the rule in the op table is longer, because it avoids cancellation and
overflow; a test holds these to those."""


def _gelu_tanh_slope(xp: Any, a: Any, root: Any) -> Any:
    s = xp.sigmoid(root * (a + 0.044715 * a * a * a))
    return s + a * s * (1.0 - s) * root * (1.0 + 0.134145 * a * a)


def derivative_of(order: Sequence[Value], terms: dict[Value, Term], by: Value, algebra: Algebra) -> Term:
    """The derivative of the last node of a graph by one of the others: the chain rule on expressions.

    Args:
        order: the graph, inputs before what is computed from them.
        terms: what each node is written as.
        by: a node.
        algebra: that of the terms.

    Example:
        >>> from autograd.graph import topological_order
        >>> x = Value(3.0)
        >>> y = x * x
        >>> algebra = Algebra()
        >>> symbol = algebra.symbol(x)
        >>> derivative_of(topological_order(y), {x: symbol, y: symbol * symbol}, x, algebra) is 2.0 * symbol
        True
    """
    depends = {by}
    for node in order:
        if any(x in depends for x in node._prev):
            depends.add(node)
    parts: dict[Value, list[Term]] = {order[-1]: [1.0]}
    for node in reversed(order):
        if node is by:
            break
        if node not in depends or node not in parts:
            continue
        upstream = algebra.total([(1.0, part) for part in reversed(parts.pop(node))])
        inputs = node._prev
        operation, numbers = plain(node._operation)
        operands = [*[terms[x] for x in inputs], *numbers]
        rules = TEXTBOOK.get(operation.name, operation.derivatives)
        try:
            many = list(rules[0](algebra, terms[node], *operands)) if operation.arity is None else None
            for i, x in enumerate(inputs):
                if x in depends:
                    slope = many[i] if many is not None else rules[i](algebra, terms[node], *operands)
                    parts.setdefault(x, []).append(algebra.times(upstream, slope))
        except DefinitionError as error:
            raise DefinitionError(f"the derivative of {operation.name} is not known in symbols: {error}") from None
    return algebra.total([(1.0, part) for part in reversed(parts.get(by, []))])
