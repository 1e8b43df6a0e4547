"""Check derivatives against numeric ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

from autograd.errors import GradientCheckError, InputError
from autograd.transforms import value_and_grad
from autograd.trees import flatten
from autograd.value import Value, real

SHRINK = 1.4  # the ratio of successive steps in Ridders' table
ROWS = 10


@dataclass(frozen=True)
class Comparison:
    """One derivative, by the chain rule and numerically.

    Attributes:
        name: which input: ``"x0"``, ``"x1"`` …, or ``"∂²/∂x0∂x1"`` for a second derivative; a Value's label where it has one.
        exact: by the chain rule.
        numeric: by extrapolated differences; nan where none are finite, as at the end of a domain.
        tolerance: the difference that the numeric side's own uncertainty can explain.
    """

    name: str
    exact: float
    numeric: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the two agree. A nan never does, and inf only with inf."""
        return self.exact == self.numeric or abs(self.exact - self.numeric) <= self.tolerance

    def __str__(self) -> str:
        if math.isnan(self.numeric):
            return f"{self.name}: chain rule {self.exact:.12g}, and nothing to compare with: no finite differences around this point"
        verdict = "ok" if self.ok else f"WRONG by {self.exact - self.numeric:.3g}"
        return f"{self.name}: chain rule {self.exact:.12g}, numeric {self.numeric:.12g} ± {self.tolerance:.1g}: {verdict}"


def numeric_derivative(f: Callable[[float], float], x: float) -> tuple[float, float]:
    """The derivative of `f` at `x` by central differences, extrapolated to step 0, and an estimate of its error.

    Points where `f` is not defined make the steps smaller. The error is inf where no step could be taken.

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).

    Example:
        >>> d, error = numeric_derivative(lambda x: x**3, 2.0)
        >>> abs(d - 12.0) < 1e-10
        True
    """
    best, best_error = math.nan, math.inf
    scale = max(abs(x), 0.1)
    for first in (0.3 * scale, 1e-2 * scale, 1e-3 * scale, 1e-5 * scale, 0.3 * abs(x)):
        if x + first == x:
            continue
        step = first
        table: list[float] = []
        for row in range(ROWS):
            try:
                up, down = f(x + step), f(x - step)
            except (ArithmeticError, ValueError):
                break
            # the step that was really taken, which x + step was rounded to
            new = [(up - down) / ((x + step) - (x - step))]
            noise = 4e-16 * (abs(up) + abs(down)) / step
            power = 1.0
            for k in range(row):
                power *= SHRINK * SHRINK
                new.append((new[k] * power - table[k]) / (power - 1.0))
                error = max(abs(new[-1] - new[-2]), abs(new[-1] - table[k])) + noise
                if error < best_error:
                    best, best_error = new[-1], error
            table = new
            step /= SHRINK
    return best, best_error


def check_gradients(f: Callable[..., Any], inputs: Any, order: int = 1) -> list[Comparison]:
    """Compare the derivatives of a scalar function, by the chain rule, with numeric ones.

    Args:
        f: takes the inputs as its arguments and returns one number.
        inputs: a sequence with one item an argument: numbers, Values (their data is used), or nested lists and dicts of them.
        order: 1 for first derivatives, 2 for first and second ones.

    Returns:
        A comparison for each derivative; all of them are `ok` where the function is smooth and the rules are right. At a kink,
        such as `relu` at 0, the numeric derivative is the mean of both sides, and the comparison says so by failing.

    Raises:
        InputError: the inputs are no sequence, or not as many as `f` has arguments, `order` is neither 1 nor 2, or `f` returns no number.

    Example:
        >>> from autograd import tanh
        >>> [c.ok for c in check_gradients(lambda x, y: tanh(x * y), [0.3, 0.7], order=2)]
        [True, True, True, True, True, True]
    """
    if isinstance(inputs, (str, dict, Value)) or not hasattr(inputs, "__iter__"):
        raise InputError(f"inputs must be a sequence with one item for each argument of f, as in [{inputs!r}]")
    if order not in (1, 2):
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

        numeric, error = numeric_derivative(along, point[i])
        slope = exact[i].data if isinstance(exact[i], Value) else exact[i]
        found.append(Comparison(name, slope, numeric, 10.0 * error + 1e-9 * abs(numeric)))
    return found


def assert_gradients(f: Callable[..., Any], inputs: Any, order: int = 1) -> None:
    """Raise unless the derivatives agree with numeric ones; for test suites. The arguments are those of `check_gradients`.

    Raises:
        GradientCheckError: (an AssertionError) a derivative is wrong; the message lists which, and by how much.

    Example:
        >>> assert_gradients(lambda x: x * x, [3.0], order=2)
    """
    wrong = [c for c in check_gradients(f, inputs, order) if not c.ok]
    if wrong:
        raise GradientCheckError(f"{len(wrong)} of the derivatives could not be confirmed:\n" + "\n".join(f"  {c}" for c in wrong))
