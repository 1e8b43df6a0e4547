"""The colours of gradients: a diverging scale, from orange for the most negative through white for 0 to blue for the most positive."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.ops import CONSTANT
from autograd.render.picture.boxes import Legend
from autograd.render.picture.colours import NEGATIVE, NONE, NOT_FINITE, POSITIVE
from autograd.value import Value

LINEAR = 1000.0
"""The scale is linear up to about 1 / LINEAR of its end, and logarithmic beyond, so that three powers of ten can be told apart."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class GradientColours:
    """The colours of the gradients of a graph. Both arms of the scale end at the power of ten that no gradient exceeds.

    Args:
        nodes: all nodes of the graph. Constants have no gradient.

    Example:
        >>> a, b = Value(2.0), Value(-3.0)
        >>> c = a * b
        >>> c.backward()
        >>> colours = GradientColours([a, b, c])
        >>> [text for _, text in colours.legend().entries]
        ['−10', '−1', '−0.1', '0', '0.1', '1', '10']
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        grads = gradients(nodes)
        finite = [g for g in grads if math.isfinite(g) and g != 0.0]
        self._top = max([math.ceil(math.log10(abs(g))) for g in finite], default=0)
        self._has_negative, self._has_positive = any(g < 0.0 for g in finite), any(g > 0.0 for g in finite)
        self._all_finite = all(map(math.isfinite, grads))

    def fill(self, nodes: Sequence[Value]) -> str:
        """The colour of the gradient of largest size, or "" if there is none, as that of a constant."""
        grads = gradients(nodes)
        if not all(map(math.isfinite, grads)):
            return NOT_FINITE
        largest = max(grads, key=abs, default=None)
        return "" if largest is None else NONE if largest == 0.0 else self._colour(largest > 0.0, math.log10(abs(largest)))

    def _colour(self, positive: bool, exponent: float) -> str:
        """The colour of ±10 to the power of the exponent; the number itself might be out of the range of floats."""
        arm = POSITIVE if positive else NEGATIVE
        return arm[max(0, round(len(arm) * math.asinh(LINEAR * 10.0 ** (exponent - self._top)) / math.asinh(LINEAR)) - 1)]

    def legend(self) -> Legend:
        """Some colours of the scale, with their gradients."""
        exponents = range(self._top - 2, self._top + 1)
        below = [(self._colour(False, n), f"−{power_of_ten(n)}") for n in reversed(exponents)] if self._has_negative else []
        above = [(self._colour(True, n), power_of_ten(n)) for n in exponents] if self._has_positive else []
        return Legend("grad", (*below, (NONE, "0"), *above, *[(NOT_FINITE, "inf or nan")] * (not self._all_finite)))


def gradients(nodes: Sequence[Value]) -> list[float]:
    """The gradients of those that are not constants, as numbers."""
    return [gradient(node) for node in nodes if node._operation is not CONSTANT]


def gradient(node: Value) -> float:
    """The gradient as a number, even if it is a Value."""
    grad = node.grad
    return grad.data if isinstance(grad, Value) else grad


def power_of_ten(exponent: int) -> str:
    """10⁻³, 0.1, 1, 10, 100, 10³."""
    return f"{10.0**exponent:g}" if -2 <= exponent <= 2 else "10" + f"{exponent}".translate(SUPERSCRIPTS)
