"""Expressions: the graph behind a Value, and its derivatives, in symbols.

The rules of the op table can be evaluated on expressions, as on numbers and arrays. So the derivative of a graph is a formula that
holds everywhere: where a rule chooses, the formula has both cases, not only the case of the recorded numbers.
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

MOST = 10**18  # sizes are not counted beyond this: where parts are shared, the size can double with every operation
LIGHT = 24  # sums and products of more parts than this are not simplified


class Expression:
    """An operation applied to expressions and numbers, or a symbol, which stands for a node.

    Two expressions of one algebra are equal if they are the same object.

    Attributes:
        algebra: the algebra that made it.
        operation: a row of the op table, or LEAF for a symbol.
        inputs: what the operation is applied to.
        node: the node that a symbol stands for.
        size: the number of operations, symbols and numbers in it.
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
        raise DefinitionError("a rule branched on a condition, whose truth is not known for symbols: choose with xp.where(a > 0, …, …)")

    def __float__(self) -> float:
        raise DefinitionError("a rule converted a symbol to a number: write xp.exp(a), not math.exp(a)")


Term = Expression | float


class Algebra:
    """The namespace of expressions. It simplifies lightly.

    It simplifies 0 + x, 1 · x and 0 · x, computes with numbers, and collects equal terms and equal factors: x + x is 2x, x · x is x²,
    and x² / x is x. Wherever the original formula has a value, the simplified one has the same value.

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
        """The symbol that stands for a node."""
        return self._one(LEAF, (), node)

    def apply(self, operation: Operation, *inputs: Term) -> Expression:
        """An operation, not simplified."""
        operation, numbers = plain(operation)
        return self._one(operation, (*inputs, *numbers), None)

    def simplified(self, operation: Operation, *inputs: Term) -> Term:
        """An operation, simplified."""
        row, numbers = plain(operation)
        return SIMPLER[row](self, *inputs, *numbers) if row in SIMPLER else self.apply(operation, *inputs)

    def __getattr__(self, name: str) -> Callable[..., Term]:
        operation = OPERATIONS.get(NUMPY_NAMES.get(name, name))
        if operation is None:
            raise AttributeError(f"rules cannot use xp.{name}: there is no operation of that name")
        return lambda *inputs: self.simplified(operation, *inputs)

    def _one(self, operation: Operation, inputs: tuple[Term, ...], node: Value | None) -> Expression:
        """The expression of this form; equal ones are made once."""
        inputs = tuple([x if isinstance(x, Expression) else float(x) for x in inputs])
        key = (operation, node, *[x.hex() if isinstance(x, float) else x for x in inputs])  # hex tells 0.0 from -0.0
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Expression(self, operation, inputs, node)
        return known

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
        """c₁x₁ + c₂x₂ + …, with equal terms collected."""
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
        """a · b. A factor of a choice between something and 0 is moved into the choice."""
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
        """The product of terms with integer powers, with equal factors collected."""
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
    """The row of an operation, and the constants that become inputs of it: ``**2`` is `pow` with the input 2."""
    if operation.name == POW.name and operation.constants:
        return POW, operation.constants
    return (WHERE if operation.value is WHERE.value else operation), ()


def parts_of(term: Term) -> list[Expression]:
    """The expressions that a term is made of, each once, inputs before what they are in."""
    parts: dict[Expression, None] = {}
    todo = [term] if isinstance(term, Expression) else []
    while todo:
        x = todo[-1]
        missing = [y for y in x.inputs if isinstance(y, Expression) and y not in parts]
        if missing:
            todo += reversed(missing)
        else:
            parts[todo.pop()] = None
    return list(parts)


def size(x: Term) -> int:
    """The number of operations, symbols and numbers in a term, up to `MOST`."""
    return x.size if isinstance(x, Expression) else 1


def terms_of(x: Term) -> tuple[Term, ...]:
    """The terms of a sum of at most `LIGHT` terms; anything else is its own only term."""
    return x.inputs if isinstance(x, Expression) and x.operation is SUM and len(x.inputs) <= LIGHT else (x,)


def split(x: Term) -> tuple[float, Expression | None]:
    """A term as a number, and what the number is multiplied by."""
    if not isinstance(x, Expression):
        return x, None
    if x.operation is NEG:
        c, rest = split(x.inputs[0])
        return -c, rest
    if x.operation is MUL and isinstance(x.inputs[0], float) and isinstance(x.inputs[1], Expression):
        return x.inputs[0], x.inputs[1]
    return 1.0, x


def place(x: Expression) -> int:
    """The position of a factor in a product: symbols first, sums last."""
    return 0 if x.node is not None else 2 if x.operation in (ADD, SUB, SUM, DOT) else 1


def reduced(above: float, below: float, fraction: bool) -> tuple[float, float]:
    """A numerator and a denominator, reduced where one of them divides the other.

    Args:
        above, below: the numerator and the denominator.
        fraction: whether there are other factors in the denominator; then 0.5 in the numerator becomes 2 in the denominator.
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
    """The nearest integer; nan for inf and nan."""
    return float(round(x)) if math.isfinite(x) else math.nan


def add(a: float, b: float) -> float:
    """The sum of two numbers in decimal arithmetic: 0.1 + 0.2 is 0.3."""
    return float(Decimal(repr(a)) + Decimal(repr(b))) if math.isfinite(a) and math.isfinite(b) else a + b


def multiply(a: float, b: float) -> float:
    """The product of two numbers in decimal arithmetic."""
    if a == 1.0 or b == 1.0:
        return a if b == 1.0 else b
    return float(Decimal(repr(a)) * Decimal(repr(b))) if math.isfinite(a) and math.isfinite(b) else a * b
