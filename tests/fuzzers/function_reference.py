"""Floats that remember how they were computed: what the random functions of `functions` are compared with.

A `Number` is a float. A function of numbers therefore takes the branches of a plain Python function, whatever it asks: `==`, `in`, tuples,
`max`, `sorted`, truth. It also keeps its inputs and local derivatives, so that gradients follow, without any code of the package.

A local derivative of None is a 0 by structure: what passes through it is 0, also where an infinite gradient comes.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mpmath import mp

from fuzzers.function_loops import LOOPS

EPSILON = 2.0**-53


class OutsideError(ValueError):
    """An operation left its domain, or met a pole."""


class Run:
    """One run of a function.

    Attributes:
        order: the numbers, in the order in which they were made.
        asked: those that a comparison, a truth or a `where` looked at.
        outside: those that have left their domain, in a run that goes on with inf or nan.
        largest: the largest magnitude, that rounding errors are measured by.
        rng: makes inexact results a few units in the last place wrong; None for none.
        soft: whether to go on with inf or nan outside of a domain, rather than raise.
        paused: how many `no_grad` are open.
    """

    def __init__(self, rng: random.Random | None = None, soft: bool = False) -> None:
        self.order: list[Number] = []
        self.asked: list[Number] = []
        self.outside: list[Number] = []
        self.largest = 0.0
        self.rng = rng
        self.soft = soft
        self.paused = 0


class _Current:
    run = Run()


class Truth(int):
    """What a comparison of Numbers says. Unlike `bool`, it can be negated by `~`, and it knows what was compared."""

    operands: tuple[Number, ...] = ()

    def __bool__(self) -> bool:
        _Current.run.asked += self.operands
        return self != 0

    def __and__(self, other: Any) -> Any:
        if not isinstance(other, Truth):  # the same for all numbers
            return self if _holds(other) else False
        return _truth(self != 0 and other != 0, *self.operands, *other.operands)

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, Truth):
            return True if _holds(other) else self
        return _truth(self != 0 or other != 0, *self.operands, *other.operands)

    def __invert__(self) -> Truth:
        return _truth(self == 0, *self.operands)

    __rand__ = __and__
    __ror__ = __or__


class Number(float):
    """A float with its inputs and its local derivatives; of one that was made under `no_grad` there are inputs only."""

    __slots__ = ("inputs", "slopes")
    inputs: tuple[Number, ...]
    slopes: tuple[float | None, ...]

    __hash__ = float.__hash__

    def __add__(self, other: Any) -> Any:
        return _made(float(self) + float(other), (self, 1.0), (other, 1.0)) if _is_real(other) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return _made(float(other) + float(self), (other, 1.0), (self, 1.0)) if _is_real(other) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return _made(float(self) - float(other), (self, 1.0), (other, -1.0)) if _is_real(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return _made(float(other) - float(self), (other, 1.0), (self, -1.0)) if _is_real(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        return _product(self, other) if _is_real(other) else NotImplemented

    def __rmul__(self, other: Any) -> Any:
        return _product(other, self) if _is_real(other) else NotImplemented

    def __truediv__(self, other: Any) -> Any:
        return _quotient(self, other) if _is_real(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return _quotient(other, self) if _is_real(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return _remainder(self, other) if _is_real(other) else NotImplemented

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        return power(self, other) if _is_real(other) else NotImplemented

    def __rpow__(self, other: Any, modulo: None = None) -> Any:
        return power(other, self) if _is_real(other) else NotImplemented

    def __neg__(self) -> Any:
        return _made(-float(self), (self, -1.0))

    def __pos__(self) -> Any:
        return _made(float(self), (self, 1.0))

    def __abs__(self) -> Any:
        return FUNCTIONS["abs"](self)

    def __bool__(self) -> bool:
        _Current.run.asked.append(self)
        return float(self) != 0.0

    def __eq__(self, other: object) -> Any:
        return _truth(float.__eq__(self, other), self, other)

    def __ne__(self, other: object) -> Any:
        return _truth(float.__ne__(self, other), self, other)

    def __lt__(self, other: Any) -> Any:
        return _truth(float.__lt__(self, other), self, other)

    def __le__(self, other: Any) -> Any:
        return _truth(float.__le__(self, other), self, other)

    def __gt__(self, other: Any) -> Any:
        return _truth(float.__gt__(self, other), self, other)

    def __ge__(self, other: Any) -> Any:
        return _truth(float.__ge__(self, other), self, other)


def _holds(answer: int) -> bool:
    """Also of the `~` of a bool, which is -1 or -2."""
    return answer not in (0, -2)


def _truth(answer: bool, *operands: Any) -> Truth:
    truth = Truth(answer)
    truth.operands = tuple([x for x in operands if isinstance(x, Number)])
    return truth


def _is_real(x: object) -> bool:
    return isinstance(x, (float, int)) and not isinstance(x, (bool, Truth))


def _made(y: float, *edges: tuple[Any, float | None], outside: bool = False) -> Number:
    run = _Current.run
    if run.rng is not None and y * 2.0**20 % 1.0 != 0.0 and math.isfinite(y):  # sums and products of short numbers are exact
        y *= 1.0 + run.rng.choice([-4.0, -1.0, 1.0, 4.0]) * EPSILON
    node = Number(y)
    kept = [(x, slope) for x, slope in edges if isinstance(x, Number)]
    node.inputs = tuple(x for x, _ in kept)
    node.slopes = () if run.paused else tuple(slope for _, slope in kept)
    run.order.append(node)
    if outside:
        run.outside.append(node)
    if math.isfinite(y):
        run.largest = max(run.largest, abs(y))
    return node


def _left(name: str, y: float, *edges: tuple[Any, float | None]) -> Number:
    if not _Current.run.soft:
        raise OutsideError(name)
    return _made(y, *edges, outside=True)


def _product(a: Any, b: Any) -> Number:
    return _made(float(a) * float(b), (a, float(b)), (b, float(a)))


def _divided(a: float, b: float) -> float:
    """As IEEE says."""
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _quotient(a: Any, b: Any) -> Number:
    y = _divided(float(a), float(b))
    edges = ((a, _divided(1.0, float(b))), (b, _divided(-y, float(b))))
    return _left("division by zero", y, *edges) if float(b) == 0.0 else _made(y, *edges)


def _remainder(a: Any, b: Any) -> Number:
    if float(b) == 0.0:
        return _left("remainder by zero", math.nan, (a, 1.0), (b, math.nan))
    y = float(a) % float(b)
    return _made(y, (a, 1.0), (b, -math.floor((float(a) - y) / float(b) + 0.5) if math.isfinite(y) else math.nan))


def _raised(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0.0 and b % 2.0 == 1.0 else math.inf
    except ValueError:
        return math.inf if a == 0.0 else math.nan


def power(a: Any, b: Any) -> Any:
    if not (isinstance(a, Number) or isinstance(b, Number)):
        return float(a) ** float(b)
    x, n = float(a), float(b)
    y = _raised(x, n)
    by_base = 0.0 if n == 0.0 else n * _raised(x, n - 1.0)
    by_exponent = y * math.log(x) if x > 0.0 else 0.0 if x == 0.0 else math.nan
    edges = ((a, by_base), (b, by_exponent))
    outside = (x == 0.0 and n < 0.0) or (x < 0.0 and n % 1.0 != 0.0 and math.isfinite(x))
    return _left("power", y, *edges) if outside else _made(y, *edges)


def _no_overflow(f: Callable[[float], float], overflow: float = math.inf) -> Callable[[float], float]:
    def total(a: float) -> float:
        try:
            return f(a)
        except OverflowError:
            return overflow
        except ValueError:  # of inf
            return math.nan

    return total


def _unary(
    name: str,
    value: Callable[[float], float],
    slope: Callable[[float, float], float | None],
    inside: Callable[[float], bool] = lambda a: True,
) -> Callable[[Any], Any]:
    """A function of one number. OutsideError of its domain it is nan, but for the infinite values at the ends of it."""

    def function(a: Any) -> Any:
        if not _is_real(a):
            raise TypeError(f"{name} takes a number, not {a!r}")
        x = float(a)
        if x == x and not inside(x):
            y = (
                -math.inf
                if (name, x) in {("log", 0.0), ("log1p", -1.0)}
                else math.copysign(math.inf, x)
                if (name, abs(x)) in {("atanh", 1.0), ("erfinv", 1.0)}
                else math.inf
                if name in ("lgamma", "trigamma")
                else -math.copysign(math.inf, x)
                if (name, x) == ("digamma", 0.0)
                else math.nan
            )
            return _left(name, y, (a, math.nan))
        y = math.nan if x != x else value(x)
        return _made(y, (a, slope(y, x))) if isinstance(a, Number) else y

    return function


def _step(x: float) -> float:
    return 0.0 if x == 0.0 else math.copysign(1.0, x) if x == x else math.nan


def _logistic(x: float) -> float:
    e = math.exp(-abs(x))
    return (1.0 if x > 0.0 else e) / (1.0 + e)


def _logistic_slope(x: float) -> float:
    e = math.exp(-abs(x))
    return e / (1.0 + e) ** 2


def _whole(f: Callable[[float], int]) -> Callable[[float], float]:
    """With the sign of the argument, also of a 0."""
    return lambda a: math.copysign(float(f(a)), a) if math.isfinite(a) else a


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _log_normal(x: float) -> float:
    """Its logarithm; to the left by the asymptotic series."""
    if x > -20.0:
        return math.log(_normal(x)) if x < 0.0 else math.log1p(-_normal(-x))
    u = 1.0 / (x * x)
    return -0.5 * x * x - math.log(-x * math.sqrt(2.0 * math.pi)) + math.log1p(-u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u))))


def _no_pole(x: float) -> bool:
    return x > 0.0 or x != math.floor(x) or math.isinf(x)


def _psi(n: int, x: float) -> float:
    if math.isinf(x):
        return math.nan if x < 0.0 else 0.0 if n else x
    return float(mp.psi(n, x))


def _over_root(x: float) -> float:
    return _divided(1.0, math.sqrt((1.0 - x) * (1.0 + x)))


# fmt: off
FUNCTIONS: dict[str, Callable[..., Any]] = {
    rule[0]: _unary(*rule)
    for rule in (
        ("exp", _no_overflow(math.exp), lambda y, a: y),
        ("expm1", _no_overflow(math.expm1), lambda y, a: y + 1.0),
        ("log", math.log, lambda y, a: _divided(1.0, a), lambda a: a > 0.0),
        ("log1p", math.log1p, lambda y, a: _divided(1.0, 1.0 + a), lambda a: a > -1.0),
        ("sqrt", math.sqrt, lambda y, a: _divided(0.5, y + 0.0), lambda a: a >= 0.0),
        ("cbrt", math.cbrt, lambda y, a: math.inf if a == 0.0 else y / a / 3.0),
        ("sin", _no_overflow(math.sin), lambda y, a: _no_overflow(math.cos)(a)),
        ("cos", _no_overflow(math.cos), lambda y, a: -_no_overflow(math.sin)(a)),
        ("tan", _no_overflow(math.tan), lambda y, a: 1.0 + y * y),
        ("asin", math.asin, lambda y, a: _over_root(a), lambda a: -1.0 <= a <= 1.0),
        ("acos", math.acos, lambda y, a: -_over_root(a), lambda a: -1.0 <= a <= 1.0),
        ("atan", math.atan, lambda y, a: 1.0 / (1.0 + a * a)),
        ("acosh", math.acosh, lambda y, a: _divided(1.0, math.sqrt(a - 1.0) * math.sqrt(a + 1.0)), lambda a: a >= 1.0),
        ("atanh", math.atanh, lambda y, a: _divided(1.0, (1.0 - a) * (1.0 + a)), lambda a: -1.0 < a < 1.0),
        ("tanh", math.tanh, lambda y, a: 4.0 * _logistic_slope(2.0 * a)),
        ("erf", math.erf, lambda y, a: 2.0 / math.sqrt(math.pi) * math.exp(-a * a)),
        ("ndtr", _normal, lambda y, a: _density(a)),
        ("log_ndtr", _log_normal, lambda y, a: math.exp(-0.5 * a * a - y) / math.sqrt(2.0 * math.pi) if math.isfinite(y) else max(-a, 0.0)),
        ("erfinv", lambda a: float(mp.erfinv(a)), lambda y, a: 0.5 * math.sqrt(math.pi) * math.exp(y * y), lambda a: -1.0 < a < 1.0),
        ("lgamma", _no_overflow(math.lgamma), lambda y, a: _psi(0, a), _no_pole),
        ("digamma", lambda a: _psi(0, a), lambda y, a: _psi(1, a), _no_pole),
        ("trigamma", lambda a: _psi(1, a), lambda y, a: _psi(2, a), _no_pole),
        ("trunc", _whole(math.trunc), lambda y, a: None),
        ("sigmoid", _logistic, lambda y, a: _logistic_slope(a)),
        ("softplus", lambda a: max(a, 0.0) + math.log1p(math.exp(-abs(a))), lambda y, a: _logistic(a)),
        ("abs", abs, lambda y, a: _step(a) if a == a else 0.0),
        ("sign", _step, lambda y, a: None),
        ("floor", _whole(math.floor), lambda y, a: None),
        ("ceil", _whole(math.ceil), lambda y, a: None),
        ("relu", lambda a: 0.0 if a <= 0.0 else a, lambda y, a: 1.0 if a > 0.0 else None),
        ("leaky_relu", lambda a: a if a > 0.0 else 0.01 * a, lambda y, a: 1.0 if a > 0.0 else 0.01),
    )
}
"""By the names that `autograd` has for them."""


def _function(f: Callable[..., Any]) -> Callable[..., Any]:
    FUNCTIONS[f.__name__] = f
    return f


@_function
def maximum(a: Any, b: Any) -> Any:
    x, y = float(a), float(b)
    if x != x or y != y:
        return _made(math.nan, (a, None), (b, None))
    return _made(max(x, y), (a, 1.0 if x > y else 0.5 if x == y else None), (b, 1.0 if y > x else 0.5 if x == y else None))


@_function
def minimum(a: Any, b: Any) -> Any:
    x, y = float(a), float(b)
    if x != x or y != y:
        return _made(math.nan, (a, None), (b, None))
    return _made(min(x, y), (a, 1.0 if x < y else 0.5 if x == y else None), (b, 1.0 if y < x else 0.5 if x == y else None))


@_function
def clip(a: Any, low: float, high: float) -> Any:
    x = float(a)
    return _made(low if x < low else high if x > high else x, (a, None if x < low or x > high else 1.0))


@_function
def polygamma(n: int, a: Any) -> Any:
    return FUNCTIONS["trigamma"](a) if n == 1 else FUNCTIONS["digamma"](a)


@_function
def copysign(a: Any, b: Any) -> Any:
    x, y = float(a), math.copysign(float(a), float(b))
    return _made(y, (a, None if x == 0.0 else 1.0 if y == x else -1.0), (b, None))


@_function
def fmod(a: Any, b: Any) -> Any:
    x, y = float(a), float(b)
    if y == 0.0:
        return _left("fmod", math.nan, (a, 1.0), (b, math.nan))
    rest = math.fmod(x, y) if math.isfinite(x) and y == y else math.nan
    return _made(rest, (a, 1.0), (b, -math.floor((x - rest) / y + 0.5) if math.isfinite(rest) else math.nan))


@_function
def logaddexp(a: Any, b: Any) -> Any:
    x, y = float(a), float(b)
    d = 0.0 if x == y and math.isinf(x) else x - y
    if d != d:
        return _made(math.nan, (a, math.nan), (b, math.nan))
    return _made(max(x, y) + math.log1p(math.exp(-abs(d))), (a, _logistic(d)), (b, _logistic(-d)))


@_function
def hypot(a: Any, b: Any) -> Any:
    y = math.hypot(a, b)
    return _made(y, (a, _divided(float(a), y) if y else 0.0), (b, _divided(float(b), y) if y else 0.0))


@_function
def atan2(a: Any, b: Any) -> Any:
    x, y = float(a), float(b)
    r = math.hypot(x, y)
    return _made(math.atan2(x, y), (a, y / r / r if r else 0.0), (b, -x / r / r if r else 0.0))


@_function
def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    total = 0.0
    for x, y in zip(xs, ys, strict=True):
        total += float(x) * float(y)
    return _made(total, *[(x, float(y)) for x, y in zip(xs, ys, strict=True)], *[(y, float(x)) for x, y in zip(xs, ys, strict=True)])


@_function
def logsumexp(items: Sequence[Any]) -> Any:
    top = max(map(float, items))
    if not math.isfinite(top):
        return _made(top, *[(x, math.nan) for x in items])
    exponentials = [math.exp(float(x) - top) for x in items]
    total = sum(exponentials)
    return _made(top + math.log(total), *[(x, e / total) for x, e in zip(items, exponentials, strict=True)])


@_function
def where(condition: Any, a: Any, b: Any) -> Any:
    """The sides that are no functions are computed, whether they are selected or not."""
    if not isinstance(condition, (bool, Truth)):
        raise TypeError(f"a condition is needed, not {condition!r}")
    selected, other = (a, b) if condition != 0 else (b, a)
    selected = selected() if callable(selected) else selected
    if type(selected) not in (Number, float, int):
        raise TypeError(f"a number is needed, not {selected!r}")
    if not isinstance(condition, Truth):  # it is the same for all numbers
        return _made(float(selected), (selected, 1.0)) if _Current.run.paused and isinstance(selected, Number) else selected
    node = _made(float(selected), (selected, 1.0))
    node.inputs += (*condition.operands, *([other] if isinstance(other, Number) else []))
    if not isinstance(selected, Number):
        node.slopes = ()
    return node


@_function
@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    run = _Current.run
    run.paused += 1
    try:
        yield
    finally:
        run.paused -= 1


class Module:
    """In place of `nn.Module`."""


NAMES: dict[str, Any] = {**FUNCTIONS, **LOOPS, "Value": lambda number, label="": number, "Module": Module}
"""What a function finds under the names of the package."""


class Trace:
    """What became of a run."""

    def __init__(self, run: Run, leaves: list[Number], result: Any) -> None:
        self.run = run
        self.leaves = leaves
        self.result = result

    def gradients(self, outputs: Sequence[tuple[Any, float]]) -> tuple[list[float], float]:
        """The gradient of a weighted sum of results with respect to the leaves, and the largest number in the sums."""
        gradient: dict[int, float] = {}
        largest = 0.0
        for output, weight in outputs:
            if isinstance(output, Number):
                gradient[id(output)] = gradient.get(id(output), 0.0) + weight
        for node in reversed(self.run.order):
            if id(node) not in gradient:
                continue
            upstream = gradient[id(node)]
            for x, slope in zip(node.inputs, node.slopes, strict=False):
                part = 0.0 if slope is None else slope * upstream
                gradient[id(x)] = gradient.get(id(x), 0.0) + part
                if math.isfinite(part):
                    largest = max(largest, abs(part))
        return [gradient.get(id(leaf), 0.0) for leaf in self.leaves], largest

    def pushed(self, tangents: Sequence[float], outputs: Sequence[Any]) -> list[float]:
        """The derivatives of results in a direction."""
        tangent = {id(leaf): x for leaf, x in zip(self.leaves, tangents, strict=True)}
        for node in self.run.order:
            pairs = zip(node.inputs, node.slopes, strict=False)
            moved = [slope * tangent[id(x)] for x, slope in pairs if slope is not None and id(x) in tangent]
            if moved:
                tangent[id(node)] = sum(moved)
        return [tangent.get(id(output), 0.0) if isinstance(output, Number) else 0.0 for output in outputs]

    def is_outside(self, outputs: Sequence[Any]) -> bool:
        """Whether a result, or something that was asked, depends on a number that has left its domain."""
        wanted = {id(x) for x in [*outputs, *self.run.asked] if isinstance(x, Number)}
        for node in reversed(self.run.order):
            if id(node) in wanted:
                wanted.update(map(id, node.inputs))
        return any(id(node) in wanted for node in self.run.outside)


def constant(x: float) -> Number:
    """A Number of which nothing is known but its value."""
    leaf = Number(x)
    leaf.inputs, leaf.slopes = (), ()
    return leaf


def trace(f: Callable[[list[Number]], Any], numbers: Sequence[float], rng: random.Random | None = None, soft: bool = False) -> Trace:
    """Run a function of a list of numbers.

    Raises:
        OutsideError: an operation left its domain, unless `soft`.
    """
    before = _Current.run
    run = _Current.run = Run(rng, soft)
    try:
        leaves = [constant(x) for x in numbers]
        run.largest = max([abs(x) for x in numbers if math.isfinite(x)], default=0.0)
        return Trace(run, leaves, f(leaves))
    finally:
        _Current.run = before
