"""Every operation, once: its value, its local derivatives, and where it is defined.

A row reads ``define(name, value, *derivatives)``. The value is a rule of the inputs; there is one derivative rule an
input, a rule of the output `y` and the inputs. `xp` is the namespace the rule is evaluated in (see `namespaces`): floats give
a number, arrays a batch, Values the graph of the expression. So one row serves eager code, compiled code, second
derivatives, the tests and the documentation.

Four habits keep the rules exact:

- *No cancellation, no overflow.* The slope of tanh at 20 is 1.7e-17, which `1 - y*y` would round to 0.
- *No division by what may vanish inside the domain*, except by `xp.divide`, which gives inf.
- *Branches that meet smoothly.* `xp.where(a > 0, -a, a)` is -|a|, and both branches of a rule that uses it are the same
  analytic function, so derivatives of every order are right at 0 too.
- *`xp.equal(a, 0.0)`, not `a == 0.0`*: between Values, `==` asks whether they are the same node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autograd.errors import DefinitionError
from autograd.namespaces import Number, Truth

Rule = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operation:
    """One row of the table.

    Attributes:
        name: what it is called: ``"mul"``.
        symbol: what a drawing shows: ``"*"``.
        value: ``value(xp, *inputs)``.
        derivatives: one rule an input, ``rule(xp, y, *inputs)``; for an operation of any number of inputs a single rule that
            returns the derivatives as a sequence.
        arity: the number of inputs, or None for any number.
        domain: ``domain(xp, *inputs)`` is true where the operation is defined (a nan input passes through).
        pole: ``pole(xp, *inputs)`` is true where the value would be infinite; it is checked first.
        requires: the domain in words, for messages and documentation.
        parameters: how many of the last inputs belong to the operation when they are given as numbers: the exponent of `pow`.
        doc: what it is, in a sentence.
        constants: numbers that stand for the last inputs; see `bind`.
    """

    name: str
    symbol: str
    value: Rule
    derivatives: tuple[Rule, ...]
    arity: int | None
    domain: Rule | None = None
    pole: Rule | None = None
    requires: str = ""
    parameters: int = 0
    doc: str = ""
    constants: tuple[float, ...] = ()
    _bound: dict[tuple[float | str, ...], Operation] = field(default_factory=dict)

    def bind(self, *constants: float) -> Operation:
        """This operation with numbers in place of its last inputs: `pow` bound to 2 is ``**2``, of one input.

        The same numbers give the same object.
        """
        bound = self._bound.get(constants)
        if bound is not None:
            return bound
        # hex tells 0.0 from -0.0, and finds a nan again, where == would not
        key = constants if all(c == c and c != 0.0 for c in constants) else tuple(map(float.hex, constants))
        bound = self._bound.get(key)
        if bound is None:
            if self.arity is None or not 0 < len(constants) < self.arity:
                raise DefinitionError(f"{self.name} has {self.arity} inputs: {len(constants)} of them cannot be constants")
            inputs = self.arity - len(constants)

            def with_constants(rule: Rule) -> Rule:
                return lambda *args: rule(*args, *constants)

            bound = Operation(
                self.name,
                self.symbol + ",".join(f"{c:.17g}" for c in constants) if self.symbol == "**" else self.symbol,
                with_constants(self.value),
                tuple(with_constants(rule) for rule in self.derivatives[:inputs]),
                inputs,
                with_constants(self.domain) if self.domain else None,
                with_constants(self.pole) if self.pole else None,
                self.requires,
                doc=self.doc,
                constants=constants,
            )
            if len(self._bound) > 1000:  # an exponent that changes every step must not grow memory
                self._bound.clear()
            self._bound[key] = bound
        return bound

    def slopes(self, xp: Any, y: Any, *inputs: Any) -> list[Any]:
        """The local derivatives, one an input."""
        if self.arity is None:
            return list(self.derivatives[0](xp, y, *inputs))
        return [rule(xp, y, *inputs) for rule in self.derivatives]

    def __repr__(self) -> str:
        return f"<operation {self.name}{self.constants or ''}>"


OPERATIONS: dict[str, Operation] = {}
"""The table: every operation by its name."""

LEAF = Operation("leaf", "", lambda xp: xp.nan, (), 0)
CONSTANT = Operation("constant", "", lambda xp: xp.nan, (), 0)
"""Not rows: what a Value has for an operation when the user made it, and when it stands for a number in an expression."""


def define(
    name: str,
    value: Rule,
    *derivatives: Rule,
    symbol: str = "",
    domain: Rule | None = None,
    pole: Rule | None = None,
    requires: str = "",
    variadic: bool = False,
    parameters: int = 0,
    doc: str = "",
) -> Operation:
    """Add a row to the table and return it.

    Args:
        name: a new name, a Python identifier.
        value: ``value(xp, *inputs)``.
        derivatives: ``rule(xp, y, *inputs)``, one an input.
        symbol: what a drawing shows; the name where it is not given.
        domain: true where the operation is defined.
        pole: true where the value is infinite.
        requires: the domain in words.
        variadic: the operation takes any number of inputs, and its one derivative rule returns them all.
        parameters: how many of the last inputs are part of the operation when they are plain numbers.
        doc: what it is, in a sentence.

    Raises:
        DefinitionError: the name is taken or no identifier, or a derivative is missing.
    """
    if not name.isidentifier():
        raise DefinitionError(f"an operation's name must be a Python identifier, not {name!r}")
    if name in OPERATIONS:
        raise DefinitionError(f"there is an operation {name!r} already: choose another name")
    if not derivatives or (variadic and len(derivatives) != 1):
        raise DefinitionError(f"{name}: give one derivative rule an input, as lambda xp, y, a: …; a variadic operation has one in all")
    arity = None if variadic else len(derivatives)
    operation = Operation(name, symbol or name, value, derivatives, arity, domain, pole, requires, parameters, doc)
    OPERATIONS[name] = operation
    return operation


# fmt: off

# -- arithmetic -------------------------------------------------------------------------------------------------------

ADD = define("add", lambda xp, a, b: a + b, lambda xp, y, a, b: 1.0, lambda xp, y, a, b: 1.0, symbol="+")
SUB = define("sub", lambda xp, a, b: a - b, lambda xp, y, a, b: 1.0, lambda xp, y, a, b: -1.0, symbol="-")
MUL = define("mul", lambda xp, a, b: a * b, lambda xp, y, a, b: b,   lambda xp, y, a, b: a, symbol="*")
DIV = define("div", lambda xp, a, b: xp.divide(a, b),
             lambda xp, y, a, b: xp.divide(1.0, b),
             lambda xp, y, a, b: xp.divide(-y, b),
             symbol="/", pole=lambda xp, a, b: xp.equal(b, 0.0), requires="b ≠ 0")
NEG = define("neg", lambda xp, a: -a, lambda xp, y, a: -1.0)
POS = define("pos", lambda xp, a: +a, lambda xp, y, a: 1.0)
POW = define("pow", lambda xp, a, b: xp.power(a, b),
             # 0 at b = 0, where b * a**(b-1) would be 0 * inf
             lambda xp, y, a, b: xp.where(xp.equal(b, 0.0), 0.0, b * xp.power(a, b - 1.0)),
             # y log(a); 0 at a = 0, its limit from the right; nan for a < 0, where a**b exists at single points only
             lambda xp, y, a, b: xp.where(a > 0.0, y * xp.log(xp.where(a > 0.0, a, 1.0)), xp.where(xp.equal(a, 0.0), 0.0, xp.nan)),
             symbol="**", parameters=1, pole=lambda xp, a, b: xp.equal(a, 0.0) & (b < 0.0),
             domain=lambda xp, a, b: (a >= 0.0) | xp.equal(b, xp.floor(b)) | xp.isinf(a),
             requires="a > 0, or b an integer, or a = 0 and b ≥ 0")

# -- exponentials and logarithms --------------------------------------------------------------------------------------

EXP = define("exp", lambda xp, a: xp.exp(a), lambda xp, y, a: y)
LOG = define("log", lambda xp, a: xp.log(a), lambda xp, y, a: xp.divide(1.0, a), domain=lambda xp, a: a > 0.0, requires="a > 0")

# -- neural networks --------------------------------------------------------------------------------------------------

RELU    = define("relu", lambda xp, a: xp.where(a <= 0.0, 0.0, a), lambda xp, y, a: xp.where(a > 0.0, 1.0, 0.0), symbol="ReLU")
TANH    = define("tanh", lambda xp, a: xp.tanh(a), lambda xp, y, a: 4.0 * _sigmoid_slope(xp.exp(xp.where(a > 0.0, -2.0 * a, 2.0 * a))))
SIGMOID = define("sigmoid", lambda xp, a: _sigmoid(xp, a, xp.exp(xp.where(a > 0.0, -a, a))),
                 lambda xp, y, a: _sigmoid_slope(xp.exp(xp.where(a > 0.0, -a, a))))

# -- any number of inputs ---------------------------------------------------------------------------------------------

SUM = define("sum", lambda xp, *a: _sum(*a), lambda xp, y, *a: [1.0] * len(a), symbol="Σ", variadic=True)
DOT = define("dot", lambda xp, *ab: _dot(*ab), lambda xp, y, *ab: (*ab[len(ab) // 2:], *ab[:len(ab) // 2]), variadic=True)

# fmt: on


def _sigmoid(xp: Any, a: Number, e: Number) -> Number:  # from e = exp(-|a|), which cannot overflow
    return xp.where(a > 0.0, 1.0, e) / (1.0 + e)


def _sigmoid_slope(e: Number) -> Number:
    return e / ((1.0 + e) * (1.0 + e))


def _sum(*a: Number) -> Number:
    """a₁ + a₂ + …, from left to right."""
    total: Number = 0.0
    for x in a:
        total = total + x
    return total


def _dot(*ab: Number) -> Number:
    """a₁b₁ + a₂b₂ + …, added from left to right; the first half of the inputs is a."""
    n = len(ab) // 2
    total: Number = 0.0
    for a, b in zip(ab[:n], ab[n:], strict=True):
        total = total + a * b
    return total


def outside(operation: Operation, xp: Any, *inputs: Any) -> Truth:
    """Where the inputs lie on a pole or outside the domain (a nan passes through): the one definition every executor uses."""
    bad: Truth = False
    if operation.domain is not None:
        known: Truth = True
        for x in inputs:
            known = known & (x == x)
        bad = known & (operation.domain(xp, *inputs) == False)  # noqa: E712 - of arrays too, and `not` is for one truth
    if operation.pole is not None:
        bad = bad | operation.pole(xp, *inputs)
    return bad
