"""Every operation, once: its value, its local derivatives, and where it is defined.

A row reads ``define(name, value, *derivatives)``. The value is a function of the inputs. There is one derivative for each input, which is a
function of the output `y` and the inputs. Both are rules: they are evaluated in a namespace `xp` (see `namespaces`), where floats give a
number, arrays a batch, and Values the graph of the expression. One row therefore serves eager code, compiled code, second derivatives,
tests and documentation.

Four habits keep the rules exact:

- *No cancellation and no overflow*, also in the derivatives of a rule. The slope of tanh at 20 is 1.7e-17, which `1 - y*y` would round to
  0; near 0, `1 - y*y` is exact and has the exact derivative -2 y y', where that of (1 - y)(1 + y) would cancel.
- *No division by what may be 0 inside the domain*, except by `xp.divide`, which gives inf.
- *Branches that join smoothly.* `xp.where(a > 0, -a, a)` is -|a|. Both branches of a rule that uses it are the same analytic function, so
  that derivatives of every order are right at 0 too.
- *`xp.equal(a, 0.0)`, not `a == 0.0`*, because `==` compares two Values by identity, and a Value with a number not at all.

Formulas that several rows share are in `formulas`, here called `exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograd import formulas as exact
from autograd import special
from autograd.errors import DefinitionError
from autograd.namespaces import Truth

Rule = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operation:
    """One row of the table.

    Attributes:
        name: the name, as ``"mul"``.
        symbol: the sign that a drawing shows, as ``"*"``.
        value: ``value(xp, *inputs)``.
        derivatives: one rule for each input, ``rule(xp, y, *inputs)``; an operation of any number of inputs has a single rule that returns
            all derivatives as a sequence.
        arity: the number of inputs, or None for any number.
        domain: ``domain(xp, *inputs)`` is true where the operation is defined (a nan input passes through).
        pole: ``pole(xp, *inputs)`` is true where the operation divides by 0: a PoleError rather than a DomainError.
        requires: the domain in words, for messages and documentation.
        parameters: how many of the last inputs belong to the operation when they are given as numbers: the exponent of `pow`.
        fixed: whether these have to be numbers, as the order of a derivative.
        doc: one line of description.
        latex: its notation in a formula, with the inputs as {a}, {b}, …; "" for the name as an operator.
        constants: numbers in place of the last inputs; see `bind`.
        selects: whether a derivative of 0 selects rather than multiplies: the value does not depend on the input here, so that the gradient
            of the input is 0 also where the gradient of the value is infinite.
        stops: whether the backward pass ends here, as at comparisons and at operations that `stopped` returns.
        origin: the operation that this one is without derivatives; see `stopped`.
        by_hand: whether its nodes were made by hand, as in micrograd: there are no rules, and each node has a function of its own.
        loop: the rounds of a loop that was recorded as one node, which only a program computes; None for all others. Its `key` tells it
            from other loops.
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
    fixed: bool = False
    doc: str = ""
    latex: str = ""
    constants: tuple[float, ...] = ()
    selects: bool = False
    stops: bool = False
    origin: Operation | None = None
    by_hand: bool = False
    loop: Any = None
    _bound: dict[tuple[float | str, ...], Operation] = field(default_factory=dict)

    def bind(self, *constants: float) -> Operation:
        """This operation with numbers in place of its last inputs: `pow` bound to 2 is ``**2``, of one input.

        The same numbers give the same object, until a thousand others were bound.
        """
        bound = self._bound.get(constants)
        if bound is not None:
            return bound
        # by hex, 0.0 differs from -0.0 and nan equals itself; by == it is the other way round
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
                latex=self.latex,
                constants=constants,
                selects=self.selects,
            )
            if len(self._bound) > 1000:  # an exponent that changes every step must not grow memory
                self._bound.clear()
            self._bound[key] = bound
        return bound

    def stopped(self) -> Operation:
        """This operation without derivatives: what `no_grad` makes of it while a function is recorded. The backward pass ends there."""
        stopped = self._bound.get(("stopped",))
        if stopped is None:
            rules: tuple[Rule, ...] = tuple([lambda xp, y, *a: 0.0 for _ in self.derivatives])
            if self.arity is None:
                rules = (lambda xp, y, *a: [0.0] * len(a),)
            stopped = self._bound[("stopped",)] = replace(self, derivatives=rules, selects=True, stops=True, origin=self, _bound={})
        return stopped

    def is_like(self, operation: Operation) -> bool:
        """Whether this is the given operation, or the one that `stopped` makes of it."""
        return (self.origin or self) is operation

    def is_same(self, other: Operation) -> bool:
        """Whether both are one operation bound to the same constants, or one loop, of which there may be several objects."""
        if self.loop is not None:
            return other.loop is not None and bool(self.loop.key == other.loop.key)
        own, others = ((x.name, x.origin is None, *map(float.hex, x.constants)) for x in (self, other))
        return bool(self.constants) and own == others

    def slopes(self, xp: Any, y: Any, *inputs: Any) -> list[Any]:
        """The local derivatives with respect to each input."""
        if self.arity is None:
            return list(self.derivatives[0](xp, y, *inputs))
        return [rule(xp, y, *inputs) for rule in self.derivatives]

    def slopes_except(self, constant: Sequence[bool], xp: Any, y: Any, *inputs: Any) -> list[Any]:
        """The same, but None for the inputs that are constant."""
        if self.arity is None:
            return [None if own else slope for own, slope in zip(constant, self.slopes(xp, y, *inputs), strict=True)]
        return [None if own else rule(xp, y, *inputs) for own, rule in zip(constant, self.derivatives, strict=True)]

    def __repr__(self) -> str:
        return f"<operation {self.name}{self.constants or ''}>"


OPERATIONS: dict[str, Operation] = {}
"""The table: every operation by its name."""

_NO_SLOPES: tuple[Rule, Rule] = (lambda xp, y, a, b: 0.0, lambda xp, y, a, b: 0.0)
LESS = Operation("less", "<", lambda xp, a, b: xp.where(a < b, 1.0, 0.0), _NO_SLOPES, 2, selects=True, stops=True)
LESS_EQUAL = Operation("less_equal", "<=", lambda xp, a, b: xp.where(a <= b, 1.0, 0.0), _NO_SLOPES, 2, selects=True, stops=True)
EQUAL = Operation("equal", "==", lambda xp, a, b: xp.where(xp.equal(a, b), 1.0, 0.0), _NO_SLOPES, 2, selects=True, stops=True)
COMPARISONS = (LESS, LESS_EQUAL, EQUAL)
"""Comparisons in a function that `compile` records: 1 where they hold, else 0. Not in the table; the backward pass ends there."""

LEAF = Operation("leaf", "", lambda xp: xp.nan, (), 0)
CONSTANT = Operation("constant", "", lambda xp: xp.nan, (), 0)
"""The operations of Values without inputs: those that the user made, and numbers in an expression. They are not in the table."""


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
    fixed: bool = False,
    doc: str = "",
    latex: str = "",
    selects: bool = False,
) -> Operation:
    """Add a row to the table and return it.

    Args:
        name: a new name, a Python identifier.
        value: ``value(xp, *inputs)``.
        derivatives: ``rule(xp, y, *inputs)``, one for each input.
        symbol: the sign that a drawing shows; the name where it is not given.
        domain: true where the operation is defined.
        pole: true where the value is infinite.
        requires: the domain in words.
        variadic: the operation takes any number of inputs, and its one derivative rule returns all derivatives.
        parameters: how many of the last inputs are part of the operation when they are plain numbers.
        fixed, doc, latex, selects: see `Operation`.
    """
    arity = None if variadic else len(derivatives)
    operation = Operation(
        name, symbol or name, value, derivatives, arity, domain, pole, requires, parameters, fixed, doc, latex, selects=selects
    )  # fmt: skip
    OPERATIONS[name] = operation
    return operation


# fmt: off

# -- arithmetic -------------------------------------------------------------------------------------------------------

ADD = define("add", lambda xp, a, b: a + b, lambda xp, y, a, b: 1.0, lambda xp, y, a, b: 1.0, symbol="+", doc="a + b")
SUB = define("sub", lambda xp, a, b: a - b, lambda xp, y, a, b: 1.0, lambda xp, y, a, b: -1.0, symbol="-", doc="a - b")
MUL = define("mul", lambda xp, a, b: a * b, lambda xp, y, a, b: b,   lambda xp, y, a, b: a, symbol="*", doc="a · b")
DIV = define("div", lambda xp, a, b: xp.divide(a, b),
             lambda xp, y, a, b: xp.divide(1.0, b),
             lambda xp, y, a, b: xp.divide(-y, b),
             symbol="/", pole=lambda xp, a, b: xp.equal(b, 0.0), requires="b ≠ 0", doc="a / b")
NEG = define("neg", lambda xp, a: -a, lambda xp, y, a: -1.0, doc="-a")
POS = define("pos", lambda xp, a: +a, lambda xp, y, a: 1.0, doc="a itself, as a node of its own")
POW = define("pow", lambda xp, a, b: xp.power(a, b),
             lambda xp, y, a, b: exact.power_slope(xp, y, a, b),
             # y log(a); 0 at a = 0, its limit from the right; nan for a < 0, where a**b exists at single points only
             lambda xp, y, a, b: xp.where(a > 0.0, y * xp.log(xp.where(a > 0.0, a, 1.0)), xp.where(xp.equal(a, 0.0), 0.0, xp.nan)),
             symbol="**", parameters=1, pole=lambda xp, a, b: xp.equal(a, 0.0) & (b < 0.0),
             domain=lambda xp, a, b: (a >= 0.0) | xp.equal(b, xp.floor(b)) | xp.isinf(a),
             requires="a > 0, or b an integer, or a = 0 and b ≥ 0", doc="a to the power of b")
REMAINDER = define("remainder", lambda xp, a, b: xp.remainder(a, b),
                   lambda xp, y, a, b: 1.0,
                   lambda xp, y, a, b: -xp.floor(xp.divide(a - y, b) + 0.5),  # a whole number, up to rounding
                   symbol="%", pole=lambda xp, a, b: xp.equal(b, 0.0), requires="b ≠ 0", doc="a - b · floor(a / b), of the sign of b")
FMOD = define("fmod", lambda xp, a, b: xp.copysign(xp.remainder(xp.abs(a), xp.abs(b)), a),
              lambda xp, y, a, b: 1.0,
              lambda xp, y, a, b: -xp.floor(xp.divide(a - y, b) + 0.5),
              domain=lambda xp, a, b: xp.abs(b) > 0.0, requires="b ≠ 0", doc="a - b · trunc(a / b), of the sign of a")

# -- exponentials, logarithms, roots ----------------------------------------------------------------------------------

EXP   = define("exp", lambda xp, a: xp.exp(a), lambda xp, y, a: y, doc="e to the power of a")
EXPM1 = define("expm1", lambda xp, a: xp.expm1(a), lambda xp, y, a: xp.exp(a), doc="exp(a) - 1, exact near 0")
LOG   = define("log", lambda xp, a: xp.log(a), lambda xp, y, a: xp.divide(1.0, a),
               domain=lambda xp, a: a > 0.0, requires="a > 0", doc="the natural logarithm")
LOG1P = define("log1p", lambda xp, a: xp.log1p(a), lambda xp, y, a: xp.divide(1.0, 1.0 + a),
               domain=lambda xp, a: a > -1.0, requires="a > -1", doc="log(1 + a), exact near 0")
LOG2  = define("log2", lambda xp, a: xp.log2(a), lambda xp, y, a: xp.divide(exact.LOG2_E, a),
               domain=lambda xp, a: a > 0.0, requires="a > 0", doc="the logarithm to base 2")
LOG10 = define("log10", lambda xp, a: xp.log10(a), lambda xp, y, a: xp.divide(exact.LOG10_E, a),
               domain=lambda xp, a: a > 0.0, requires="a > 0", doc="the logarithm to base 10")
SQRT  = define("sqrt", lambda xp, a: xp.sqrt(a), lambda xp, y, a: xp.divide(0.5, y + 0.0),  # the root of -0.0 is -0.0, its slope inf
               domain=lambda xp, a: a >= 0.0, requires="a ≥ 0", doc="the square root")
CBRT  = define("cbrt", lambda xp, a: xp.cbrt(a),
               lambda xp, y, a: exact.cube_root_slope(xp, y, a), doc="the cube root")

LOGADDEXP = define("logaddexp", lambda xp, a, b: exact.larger(xp, a, b) + xp.log1p(exact.exp_minus_abs(xp, exact.difference(xp, a, b))),
                   lambda xp, y, a, b: exact.logistic(xp, exact.difference(xp, a, b)),
                   lambda xp, y, a, b: exact.logistic(xp, exact.difference(xp, b, a)),
                   doc="log(exp(a) + exp(b)), without overflow")

# -- trigonometry -----------------------------------------------------------------------------------------------------

SIN   = define("sin", lambda xp, a: xp.sin(a), lambda xp, y, a: xp.cos(a), doc="the sine of an angle in radians")
COS   = define("cos", lambda xp, a: xp.cos(a), lambda xp, y, a: -xp.sin(a), doc="the cosine of an angle in radians")
TAN   = define("tan", lambda xp, a: xp.tan(a), lambda xp, y, a: 1.0 + y * y, doc="the tangent of an angle in radians")
ASIN  = define("asin", lambda xp, a: xp.asin(a), lambda xp, y, a: xp.divide(1.0, xp.sqrt(exact.one_minus_square(xp, a))),
               domain=lambda xp, a: (a >= -1.0) & (a <= 1.0), requires="-1 ≤ a ≤ 1", doc="the angle whose sine is a, in [-π/2, π/2]")
ACOS  = define("acos", lambda xp, a: xp.acos(a), lambda xp, y, a: xp.divide(-1.0, xp.sqrt(exact.one_minus_square(xp, a))),
               domain=lambda xp, a: (a >= -1.0) & (a <= 1.0), requires="-1 ≤ a ≤ 1", doc="the angle whose cosine is a, in [0, π]")
ATAN  = define("atan", lambda xp, a: xp.atan(a), lambda xp, y, a: exact.over_one_plus_square(xp, a),
               doc="the angle whose tangent is a, in (-π/2, π/2)")
ATAN2 = define("atan2", lambda xp, a, b: xp.atan2(a, b),
               lambda xp, y, a, b: exact.over_square(xp, b, xp.hypot(a, b)),
               lambda xp, y, a, b: exact.over_square(xp, -a, xp.hypot(a, b)),
               doc="the angle of the point (x, y) = (b, a), in [-π, π]")
HYPOT = define("hypot", lambda xp, a, b: xp.hypot(a, b),
               lambda xp, y, a, b: exact.cosine(xp, y, a, b),
               lambda xp, y, a, b: exact.cosine(xp, y, b, a),
               doc="√(a² + b²), without overflow")

# -- hyperbolic functions ---------------------------------------------------------------------------------------------

SINH  = define("sinh", lambda xp, a: xp.sinh(a), lambda xp, y, a: xp.cosh(a), doc="the hyperbolic sine")
COSH  = define("cosh", lambda xp, a: xp.cosh(a), lambda xp, y, a: xp.sinh(a), doc="the hyperbolic cosine")
TANH  = define("tanh", lambda xp, a: xp.tanh(a),
               lambda xp, y, a: exact.sech_squared(xp, a, y),
               doc="the hyperbolic tangent, a sigmoid in (-1, 1)")
SECH_SQUARED = define("sech_squared", lambda xp, a: exact.sech_squared(xp, a, xp.tanh(a)), lambda xp, y, a: -2.0 * xp.tanh(a) * y,
                      symbol="sech²", doc="1 / cosh²(a), the derivative of tanh")
ASINH = define("asinh", lambda xp, a: xp.asinh(a), lambda xp, y, a: xp.divide(1.0, xp.hypot(1.0, a)), doc="the inverse of sinh")
ACOSH = define("acosh", lambda xp, a: xp.acosh(a), lambda xp, y, a: xp.divide(1.0, xp.sqrt(a - 1.0) * xp.sqrt(a + 1.0)),
               domain=lambda xp, a: a >= 1.0, requires="a ≥ 1", doc="the inverse of cosh, not negative")
ATANH = define("atanh", lambda xp, a: xp.atanh(a), lambda xp, y, a: xp.divide(1.0, exact.one_minus_square(xp, a)),
               domain=lambda xp, a: (a > -1.0) & (a < 1.0), requires="-1 < a < 1", doc="the inverse of tanh")

# -- the error function -----------------------------------------------------------------------------------------------

ERF   = define("erf", lambda xp, a: xp.erf(a), lambda xp, y, a: exact.TWO_OVER_ROOT_PI * exact.gaussian(xp, a),
               doc="the error function, 2/√π ∫₀ᵃ exp(-t²) dt")
ERFC  = define("erfc", lambda xp, a: xp.erfc(a), lambda xp, y, a: -exact.TWO_OVER_ROOT_PI * exact.gaussian(xp, a),
               doc="1 - erf(a), exact where that cancels")
ERFINV = define("erfinv", lambda xp, a: xp.erfinv(a), lambda xp, y, a: exact.erfinv_slope(xp, y, a),
                domain=lambda xp, a: (a > -1.0) & (a < 1.0), requires="-1 < a < 1", doc="the inverse of erf")
NDTR  = define("ndtr", lambda xp, a: xp.ndtr(a), lambda xp, y, a: special.density(xp, a),
               doc="Φ(a), the distribution function of the standard normal")
LOG_NDTR = define("log_ndtr", lambda xp, a: xp.log_ndtr(a), lambda xp, y, a: xp.inverse_mills(a),
                  doc="log(Φ(a)), exact where Φ(a) is too small for a float")

# -- the gamma function -----------------------------------------------------------------------------------------------

# `lgamma` is its name in Python's `math`, in C, and in PyTorch; SciPy, whose names the other two have, calls it `gammaln`
LGAMMA  = define("lgamma", lambda xp, a: xp.lgamma(a), lambda xp, y, a: xp.digamma(a),
                 domain=lambda xp, a: exact.no_pole_of_gamma(xp, a), requires="a neither 0 nor a negative whole number",
                 doc="log |Γ(a)|, the logarithm of the gamma function, as `math.lgamma`; SciPy's `gammaln`")
DIGAMMA = define("digamma", lambda xp, a: xp.digamma(a), lambda xp, y, a: xp.polygamma(a, 1.0),
                 domain=lambda xp, a: exact.no_pole_of_gamma(xp, a), requires="a neither 0 nor a negative whole number",
                 doc="ψ(a), the derivative of lgamma")
POLYGAMMA = define("polygamma", lambda xp, a, b: xp.polygamma(a, b),
                   lambda xp, y, a, b: xp.polygamma(a, b + 1.0),
                   lambda xp, y, a, b: xp.nan,  # there are derivatives of whole orders only
                   parameters=1, fixed=True, requires="a neither 0 nor a negative whole number, and b a whole number from 0 to 170",
                   domain=lambda xp, a, b: exact.no_pole_of_gamma(xp, a) & exact.is_order(xp, b),
                   doc="the derivative of digamma of order b, a whole number")

GAUSSIAN = define("gaussian", lambda xp, a: exact.gaussian(xp, a),
                  lambda xp, y, a: xp.where(xp.equal(y, 0.0), 0.0, -2.0 * a * y), doc="exp(-a²), the derivative of erf but for a factor")

# -- steps and choices: at a corner, the derivative is that of one side or lies between both -----------------------------

ABS   = define("abs", lambda xp, a: xp.abs(a), lambda xp, y, a: xp.where(a > 0.0, 1.0, xp.where(a < 0.0, -1.0, 0.0)),
               doc="the absolute value; its derivative at 0 is 0")
SIGN  = define("sign", lambda xp, a: xp.where(a > 0.0, 1.0, xp.where(a < 0.0, -1.0, a)), lambda xp, y, a: 0.0,
               selects=True, doc="-1, 0 or 1")
FLOOR = define("floor", lambda xp, a: xp.floor(a), lambda xp, y, a: 0.0, selects=True, doc="the largest whole number that is not above a")
CEIL  = define("ceil", lambda xp, a: xp.ceil(a), lambda xp, y, a: 0.0, selects=True, doc="the smallest whole number that is not below a")
TRUNC = define("trunc", lambda xp, a: xp.where(a < 0.0, xp.ceil(a), xp.floor(a)), lambda xp, y, a: 0.0,
               selects=True, doc="the whole number next to a on the side of 0")
COPYSIGN = define("copysign", lambda xp, a, b: xp.copysign(a, b),
                  lambda xp, y, a, b: xp.where(xp.equal(a, 0.0), 0.0, xp.copysign(1.0, a) * xp.copysign(1.0, b)),
                  lambda xp, y, a, b: 0.0,
                  selects=True, doc="|a| with the sign of b, also of -0; its derivative with respect to a is 0 at a = 0, as that of abs")
MAXIMUM = define("maximum", lambda xp, a, b: exact.larger(xp, a, b),
                 lambda xp, y, a, b: xp.where(a > b, 1.0, xp.where(xp.equal(a, b), 0.5, 0.0)),
                 lambda xp, y, a, b: xp.where(b > a, 1.0, xp.where(xp.equal(a, b), 0.5, 0.0)),
                 symbol="max", selects=True, doc="the larger one; equal inputs share the derivative")
MINIMUM = define("minimum", lambda xp, a, b: xp.where(a <= b, a, xp.where(b < a, b, a + b)),  # as of `larger`
                 lambda xp, y, a, b: xp.where(a < b, 1.0, xp.where(xp.equal(a, b), 0.5, 0.0)),
                 lambda xp, y, a, b: xp.where(b < a, 1.0, xp.where(xp.equal(a, b), 0.5, 0.0)),
                 symbol="min", selects=True, doc="the smaller one; equal inputs share the derivative")
CLIP = define("clip", lambda xp, a, b, c: xp.where(b <= c, xp.where(a < b, b, xp.where(a > c, c, a)), xp.nan),  # a bound may be nan
              lambda xp, y, a, b, c: xp.where((a < b) | (a > c), 0.0, 1.0),
              lambda xp, y, a, b, c: xp.where(a < b, 1.0, 0.0),
              lambda xp, y, a, b, c: xp.where(a > c, 1.0, 0.0),
              parameters=2, selects=True, domain=lambda xp, a, b, c: b <= c, requires="b ≤ c",
              doc="a, kept between the bounds b and c; its derivative at a bound is 1")
WHERE = define("where", lambda xp, a, b, c: xp.where(xp.equal(a, 0.0), c, b),
               lambda xp, y, a, b, c: 0.0,
               lambda xp, y, a, b, c: xp.where(xp.equal(a, 0.0), 0.0, 1.0),
               lambda xp, y, a, b, c: xp.where(xp.equal(a, 0.0), 1.0, 0.0), selects=True, doc="b where a is not 0, else c")

# -- neural networks --------------------------------------------------------------------------------------------------

RELU    = define("relu", lambda xp, a: xp.where(a <= 0.0, 0.0, a), lambda xp, y, a: xp.where(a > 0.0, 1.0, 0.0),
                 symbol="ReLU", selects=True, doc="max(0, a); its derivative at 0 is 0")
LEAKY_RELU = define("leaky_relu", lambda xp, a, b: xp.where(a > 0.0, a, b * a),
                    lambda xp, y, a, b: xp.where(a > 0.0, 1.0, b),
                    lambda xp, y, a, b: xp.where(a > 0.0, 0.0, a), parameters=1, symbol="LeakyReLU",
                    doc="a, or b · a where a is not positive")
ELU     = define("elu", lambda xp, a, b: xp.where(a > 0.0, a, b * xp.expm1(a)),
                 lambda xp, y, a, b: xp.where(a > 0.0, 1.0, b * xp.exp(a)),
                 lambda xp, y, a, b: xp.where(a > 0.0, 0.0, xp.expm1(a)), parameters=1, symbol="ELU",
                 doc="a, or b · (exp(a) - 1) where a is not positive")
GELU    = define("gelu", lambda xp, a: a * exact.normal(xp, a),
                 lambda xp, y, a: exact.normal(xp, a) + a * special.ONE_OVER_ROOT_2PI * exact.gaussian(xp, a * exact.ROOT_HALF),
                 symbol="GELU", doc="a · Φ(a), where Φ is the normal distribution")
GELU_TANH = define("gelu_tanh", lambda xp, a: a * exact.logistic(xp, exact.gelu_z(xp, a)),
                   lambda xp, y, a: exact.logistic(xp, exact.gelu_z(xp, a))
                       + a * exact.logistic_slope(xp, exact.gelu_z(xp, a)) * exact.gelu_z_slope(xp, a),
                   symbol="GELU", doc="GELU, approximated by tanh")
SILU    = define("silu", lambda xp, a: a * exact.logistic(xp, a), lambda xp, y, a: exact.logistic(xp, a) + a * exact.logistic_slope(xp, a),
                 symbol="SiLU", doc="a · sigmoid(a)")
SIGMOID = define("sigmoid", lambda xp, a: exact.logistic(xp, a), lambda xp, y, a: exact.logistic_slope(xp, a), doc="1 / (1 + exp(-a))")
SOFTPLUS = define("softplus", lambda xp, a: xp.where(a > 0.0, a, 0.0) + xp.log1p(exact.exp_minus_abs(xp, a)),
                  lambda xp, y, a: exact.logistic(xp, a), doc="log(1 + exp(a)), without overflow")

# -- any number of inputs ---------------------------------------------------------------------------------------------

SUM = define("sum", lambda xp, *a: exact.total(a), lambda xp, y, *a: [1.0] * len(a), symbol="Σ", variadic=True,
             doc="a₁ + a₂ + …, from left to right")
DOT = define("dot", lambda xp, *ab: exact.dot(*ab), lambda xp, y, *ab: (*ab[len(ab) // 2:], *ab[:len(ab) // 2]), variadic=True,
             doc="a₁b₁ + a₂b₂ + …, from left to right")
PEAK = define("peak", lambda xp, *a: exact.peak(xp, a), lambda xp, y, *a: [0.0] * len(a), variadic=True, selects=True,
              doc="the largest input as a whole number, floor(max(a₁, a₂, …)); 0 where that is infinite")
LOGSUMEXP = define("logsumexp", lambda xp, *a: exact.peak(xp, a) + xp.log(exact.total(exact.exponentials(xp, a))),
                   lambda xp, y, *a: exact.shares(xp, exact.exponentials(xp, a)), variadic=True,
                   doc="log(exp(a₁) + exp(a₂) + …), without overflow")
TAKE = define("take", lambda xp, i, *a: exact.taken(xp, i, *a), lambda xp, y, i, *a: [0.0, *exact.is_taken(xp, i, *a)],
              variadic=True, selects=True, domain=lambda xp, i, *a: exact.is_position(xp, i, *a),
              requires="an index that is a whole number, from 0 to the number of values minus 1",
              doc="of the inputs after the first one, the index i, that at position i")

# fmt: on

SELECT = Operation("select", "where", WHERE.value, WHERE.derivatives, 3, selects=True)
"""The `where` of a function that `compile` records. It is not in the table."""

HELD = Operation("held", "where", WHERE.value, WHERE.derivatives, 3, selects=True)
"""A `where` whose sides are both defined everywhere, so that neither needs a mask: see `autograd.looping`."""


def product(operation: Operation, xp: Any, slope: Any, amount: Any) -> Any:
    """A local derivative times a gradient or tangent: exactly 0 where the derivative is 0 and selects (see `Operation.selects`).

    A derivative that is the number 1 whatever the inputs are, as that of a sum, needs no product.
    """
    if type(slope) is float and slope == 1.0:
        return amount
    return xp.where(xp.equal(slope, 0.0), 0.0, slope * amount) if operation.selects else slope * amount


def outside(operation: Operation, xp: Any, *inputs: Any) -> Truth:
    """Where the inputs lie on a pole or outside the domain (a nan passes through): the definition that every backend uses."""
    bad: Truth = False
    if operation.domain is not None:
        known: Truth = True
        for x in (*inputs, *operation.constants):
            known = known & (x == x)
        bad = known & (operation.domain(xp, *inputs) == False)  # noqa: E712 - elementwise for arrays
    if operation.pole is not None:
        bad = bad | operation.pole(xp, *inputs)
    return bad
