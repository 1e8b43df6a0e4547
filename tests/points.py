"""Points at which every row of the op table is tested, determined from the domain of the row."""

import itertools
import math

from autograd.namespaces import FLOATS
from autograd.ops import OPERATIONS, Operation, outside

ONE = (-3.7, -1.2, -0.45, -0.1, 0.2, 0.7, 1.3, 2.6, 4.9)
TWO = (-2.3, -0.8, 0.4, 1.7, 3.1)
THREE = [(-1.3, 0.6, 1.9), (-0.9, 0.35), (1.1, 2.4)]  # no two equal, where choices have corners
MANY = ((0.5, -1.5, 2.0, 3.1), (2.0, -0.25, 4.2, 1.5), (-0.25, 4.2, 1.5, -2.0, 0.75, 1.25))  # the largest is not whole; one may be an index
EXTREME = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, 1e-8, -30.0, 30.0, 400.0, -400.0, 1000.0, -1000.0, 1e-300, 1e300, -1e300, 5e-324)
NOT_FINITE = (math.inf, -math.inf, math.nan)

ROWS = sorted(
    itertools.chain.from_iterable([row.bind(n) for n in (1.0, 2.0, 3.0)] if row.fixed else [row] for row in OPERATIONS.values()),
    key=lambda operation: operation.name,
)
"""The table; a row with a parameter that has to be a number, several times, with such numbers."""


def points(operation: Operation, candidates: tuple[float, ...] = ()) -> list[tuple[float, ...]]:
    """Ordinary points inside the domain, or those of the candidates that are."""
    if operation.arity is None:
        result = list(MANY) if not candidates else [(a, b, b, a) for a, b in itertools.product(candidates, repeat=2)]
    else:
        ordinary = {1: [ONE], 2: [TWO, TWO], 3: THREE}[operation.arity]
        result = list(itertools.product(*([candidates] * operation.arity if candidates else ordinary)))
    return [point for point in result if not outside(operation, FLOATS, *point)]
