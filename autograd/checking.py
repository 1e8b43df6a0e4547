"""Check derivatives against numeric ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Literal

from autograd._runtime.coercion import need_function, real
from autograd.errors import GradientCheckError, InputError
from autograd.transforms import value_and_grad
from autograd.trees import flatten
from autograd.value import Value

TERMS = 5  # how many successive steps one extrapolation uses at most
STEPS = 52  # each half as wide as the one before: down to the last bit of x
BELOW = 8  # how many narrower steps must have been tried before a step is trusted
LAST_BITS = 2.0**-48  # relative to f: a change by so much is certainly rounding,
ROUNDING = 2.0**-24  # and one by more than so much is certainly not
MARGIN = 10.0  # a tolerance is so many times the estimated error
WELL_BELOW = 1e-4  # the largest tolerance, relative to the derivative, that can tell right from wrong
FLAT = 1e-9  # the largest tolerance, relative to f, that can tell a derivative of 0 from others
TINY = 2.0**-1022

Verdict = Literal["agrees", "disagrees", "nothing to compare with"]


@dataclass(frozen=True)
class Comparison:
    """One derivative, by the chain rule and numerically.

    Attributes:
        name: which input: ``"x0"``, ``"x1"`` …, or ``"∂²/∂x0∂x1"`` for a second derivative; a Value's label where it has one.
        exact: by the chain rule.
        numeric: by extrapolated differences; nan where they cannot tell a right derivative from a wrong one.
        tolerance: the difference that the numeric side's own uncertainty can explain.
    """

    name: str
    exact: float
    numeric: float
    tolerance: float

    @property
    def verdict(self) -> Verdict:
        """``"agrees"``, ``"disagrees"``, or ``"nothing to compare with"`` where `numeric` is nan.

        There is nothing to compare with at a kink or a jump, at the end of a domain, and where the rounding of the function hides
        its derivative, as it does that of tanh at 20.
        """
        if math.isnan(self.numeric):
            return "nothing to compare with"
        return "agrees" if self.exact == self.numeric or abs(self.exact - self.numeric) <= self.tolerance else "disagrees"

    @property
    def ok(self) -> bool:
        """Whether the two agree. A nan never does, and inf only with inf."""
        return self.verdict == "agrees"

    def __str__(self) -> str:
        if self.verdict == "nothing to compare with":
            return (
                f"{self.name}: chain rule {self.exact:.12g}, and nothing to compare with: differences around this point settle on no number"
            )
        verdict = "ok" if self.ok else f"WRONG by {self.exact - self.numeric:.3g}"
        return f"{self.name}: chain rule {self.exact:.12g}, numeric {self.numeric:.12g} ± {self.tolerance:.1g}: {verdict}"


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A derivative, from differences over a few successive steps.

    Attributes:
        step: the narrowest of them, and `widest` the widest.
        slope: the differences, extrapolated to step 0.
        error: of the slope.
        size: the largest value of the function that it, or one that agrees with it, uses.
    """

    step: float
    widest: float
    slope: float
    error: float
    size: float

    def is_settled(self) -> bool:
        """Whether the error is well below the slope, or below that of a function which changes by its own size over the widest step."""
        return MARGIN * self.error <= WELL_BELOW * max(abs(self.slope), max(self.size, TINY) / self.widest)

    def contradicts(self, other: _Estimate) -> bool:
        """Whether neither their errors explain the difference, nor the last bits of the function over the wider steps."""
        unexplained = abs(self.slope - other.slope) - MARGIN * (self.error + other.error)
        return unexplained * min(self.step, other.step) > LAST_BITS * max(self.size, other.size)


def numeric_derivative(f: Callable[[float], float], x: float) -> tuple[float, float]:
    """The derivative of `f` at `x` by central differences, extrapolated to step 0, and an estimate of its error.

    No step is right for every function: too wide, it sees another part of the function; too narrow, only its rounding. So the
    steps go from about 0.3 (or 0.3·abs(x), if that is more) down to the last bit of `x`, each half as wide as the one before. The
    derivatives that successive steps extrapolate to must agree, and all narrower steps too, up to the rounding of `f`, which is
    measured by how the narrowest of them scatter.

    Returns:
        The derivative and its error; nan and inf where the steps settle on no number, as at a kink or a jump, at the end of a domain,
        or where `f` rounds too coarsely.

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).

    Example:
        >>> d, error = numeric_derivative(lambda x: x**3, 2.0)
        >>> abs(d - 12.0) < 1e-10
        True
        >>> numeric_derivative(abs, 0.0)
        (nan, inf)
    """
    estimate = _settled(f, x)
    return (math.nan, math.inf) if estimate is None else (estimate.slope, estimate.error)


def compare(name: str, exact: float, f: Callable[[float], float], x: float) -> Comparison:
    """Compare the derivative of `f` at `x` by the chain rule with the numeric one.

    A numeric derivative counts only where its tolerance is well below the size of the derivative or, for a derivative of 0, below that
    of a function which changes by its own size from 0 to `x`, or over a distance of 1 if `x` is smaller.

    Example:
        >>> print(compare("d/dx", 12.0, lambda x: x**3, 2.0).verdict, compare("d/dx", 0.0, abs, 0.0).verdict, sep="; ")
        agrees; nothing to compare with
    """
    return _judged(name, exact, _settled(f, x), x)


def _judged(name: str, exact: float, estimate: _Estimate | None, x: float) -> Comparison:
    if estimate is None:
        return Comparison(name, exact, math.nan, math.inf)
    tolerance = MARGIN * estimate.error + 1e-9 * abs(estimate.slope)
    largest = WELL_BELOW * max(abs(estimate.slope), abs(exact) if math.isfinite(exact) else 0.0)
    if exact == 0.0 and abs(estimate.slope) <= tolerance:
        largest = FLAT * max(estimate.size, TINY) / max(abs(x), 1.0)
    return Comparison(name, exact, estimate.slope if tolerance <= largest else math.nan, tolerance)


def _settled(f: Callable[[float], float], x: float) -> _Estimate | None:
    """The best estimate, unless there is none, or another one contradicts it."""
    estimates = _estimates(f, x)
    settled = []
    for i, estimate in enumerate(estimates[:-BELOW]):
        if not estimate.is_settled():
            continue
        noise = max(abs(narrower.slope - estimate.slope) * narrower.step for narrower in estimates[i + 1 :])
        measured = replace(estimate, error=estimate.error + 2.0 * noise / estimate.step)
        if noise <= ROUNDING * max(estimate.size, TINY) and measured.is_settled():
            settled.append(measured)
    best = min(settled, key=lambda e: e.error, default=None)
    # Both a wide and a narrow step may be sure of themselves: f rounded coarsely is the same function as a staircase.
    if best is None or any(e.contradicts(best) for e in settled):
        return None
    jumps = {e.slope * e.step for e in estimates[-BELOW:]}  # at a jump, the difference stays as it is while the step is halved
    if len(jumps) == 1 and abs(jumps.pop()) > LAST_BITS * best.size:
        return None
    return replace(best, size=max(e.size for e in settled))


def _estimates(f: Callable[[float], float], x: float) -> list[_Estimate]:
    """The best estimate that ends with each step, from the widest step to the narrowest, without those that reach beyond a gap.

    In Richardson's scheme a central difference has an error in even powers of the step. The difference of the slopes on both sides
    has odd powers, and goes to 0 where there is no kink.
    """
    middle = _value(f, x)
    estimates: list[_Estimate] = []
    slopes: list[float] = []
    kinks: list[float] = []
    sizes: list[float] = []
    last = math.inf
    for step in _steps(x):
        above, below = x + step, x - step
        up, down = _value(f, above), _value(f, below)
        # divided by the steps that were really taken, which x + step and x - step were rounded to
        right, left = (up - middle) / (above - x), (middle - down) / (x - below)
        slope = (up - down) / (above - below)
        if not (math.isfinite(slope) and math.isfinite(right - left)):  # f is not defined there, so wider steps reach beyond a gap
            estimates, slopes, last = [], [], math.inf
            continue
        if last != 2.0 * step:
            slopes = []
        last = step
        new_slopes, new_kinks, new_sizes = [slope], [right - left], [max(abs(up), abs(middle), abs(down))]
        best: _Estimate | None = None
        for k in range(1, min(len(slopes) + 1, TERMS)):
            power = 4.0**k
            new_slopes.append(new_slopes[-1] + (new_slopes[-1] - slopes[k - 1]) / (power - 1.0))
            new_kinks.append(new_kinks[-1] + (new_kinks[-1] - kinks[k - 1]) / (0.5 * power - 1.0))
            new_sizes.append(max(new_sizes[-1], sizes[k - 1]))
            error = (
                max(abs(new_slopes[k] - new_slopes[k - 1]), abs(new_slopes[k] - slopes[k - 1]))
                + 0.5 * abs(new_kinks[k])  # the slopes of both sides differ from their mean by so much
                + math.ulp(new_sizes[k]) / step
                + 2.0**-52 * (abs(right) + abs(left))  # x + step and x - step are rounded too
            )
            if best is None or error < best.error:
                best = _Estimate(step, step * 2.0**k, new_slopes[k], error, new_sizes[k])
        if best is not None:
            estimates.append(best)
        slopes, kinks, sizes = new_slopes, new_kinks, new_sizes
    return estimates


def _steps(x: float) -> Iterator[float]:
    """Powers of 2, so that x + step is exact: relative to 1 and, where x is larger or smaller than that, relative to x."""
    widest = math.frexp(0.3 * max(abs(x), 1.0))[1] - 1
    own = math.frexp(0.3 * abs(x))[1] - 1 if x else widest - STEPS
    for exponent in sorted({*range(widest, widest - STEPS, -1), *range(own, own - STEPS, -1)}, reverse=True):
        step = math.ldexp(1.0, exponent)
        if step >= math.ulp(x):
            yield step


def _value(f: Callable[[float], float], x: float) -> float:
    """A function's value; nan where it has none."""
    try:
        return f(x)
    except (ArithmeticError, ValueError):
        return math.nan


def check_gradients(f: Callable[..., Any], inputs: Any, order: int = 1) -> list[Comparison]:
    """Compare the derivatives of a scalar function, by the chain rule, with numeric ones.

    Args:
        f: takes the inputs as its arguments and returns one number.
        inputs: a sequence with one item an argument: numbers, Values (their data is used), or nested lists and dicts of them.
        order: 1 for first derivatives, 2 for first and second ones.

    Returns:
        A comparison for each derivative, with a `verdict`. All of them agree where the function is smooth and the rules are right,
        and a wrong rule disagrees. There is nothing to compare with at a kink, such as that of `relu` at 0, at a jump, at the end of a
        domain, and where the rounding of `f` hides its derivative.

    Raises:
        InputError: `f` is not a function; `inputs` is not a sequence with one item for each argument of `f`; `order` is not 1 or 2; or
            `f` returns no number.

    Example:
        >>> from autograd import tanh
        >>> [c.ok for c in check_gradients(lambda x, y: tanh(x * y), [0.3, 0.7], order=2)]
        [True, True, True, True, True, True]
    """
    need_function(f, "check_gradients(f, [0.5])")
    if isinstance(inputs, (str, dict, Value)) or not hasattr(inputs, "__iter__") or getattr(inputs, "ndim", None) == 0:
        raise InputError(f"inputs must be a sequence with one item for each argument of f, as in [{inputs!r}]")
    if not isinstance(order, int) or order not in (1, 2):
        raise InputError(f"order must be 1 or 2, not {order!r}")
    inputs = list(inputs)
    _need_fitting(f, inputs)
    leaves, build = flatten(inputs)
    names = [x.label if isinstance(x, Value) and x.label else f"x{i}" for i, x in enumerate(leaves)]
    point = [x.data if isinstance(x, Value) else real(x) for x in leaves]

    def flat(*numbers: Any) -> Any:
        return f(*build(list(numbers)))

    found = _compare(flat, point, [f"∂/∂{name}" for name in names])
    if order == 2:
        every = tuple(range(len(point)))
        for i, name in enumerate(names):

            def partial(*numbers: Any, i: int = i) -> Any:
                return value_and_grad(flat, argnums=every)(*numbers)[1][i]

            found += _compare(partial, point, [f"∂²/∂{name}∂{other}" for other in names])
    return found


def _need_fitting(f: Callable[..., Any], inputs: list[Any]) -> None:
    try:
        arguments = signature(f)
    except (TypeError, ValueError):  # not every function of another package has one
        return
    try:
        arguments.bind(*inputs)
    except TypeError as error:
        raise InputError(
            f"inputs has {len(inputs)} items, one for each argument of f, and f is called as f{arguments}: "
            f"{error}; for a single argument that is a list, write [{inputs!r}]"
        ) from None


def _compare(f: Callable[..., Any], point: Sequence[float], names: Sequence[str]) -> list[Comparison]:
    _, exact = value_and_grad(f, argnums=tuple(range(len(point))))(*point)
    found = []
    for i, name in enumerate(names):

        def along(x: float, i: int = i) -> float:
            # Values, because a plain float would go complex where a Value raises: (-2.0) ** 0.5
            result = f(*[Value(number) for number in (*point[:i], x, *point[i + 1 :])])
            return result.data if isinstance(result, Value) else real(result)

        slope = exact[i].data if isinstance(exact[i], Value) else exact[i]
        found.append(compare(name, slope, along, point[i]))
    return found


def assert_gradients(f: Callable[..., Any], inputs: Any, order: int = 1) -> None:
    """Raise unless the derivatives agree with numeric ones; for test suites. The arguments are those of `check_gradients`.

    Raises:
        GradientCheckError: (an AssertionError) a derivative disagrees, or has nothing to compare with; the message lists which, and by
            how much.

    Example:
        >>> assert_gradients(lambda x: x * x, [3.0], order=2)
    """
    unconfirmed = [c for c in check_gradients(f, inputs, order) if not c.ok]
    if unconfirmed:
        wrong = [f"  {c}" for c in unconfirmed if c.verdict == "disagrees"]
        unknown = [f"  {c}" for c in unconfirmed if c.verdict != "disagrees"]
        if unknown:
            unknown = ["with nothing to compare with; check them at other points, away from kinks, jumps and plateaus:", *unknown]
        raise GradientCheckError("\n".join([f"{len(unconfirmed)} of the derivatives could not be confirmed:", *wrong, *unknown]))
