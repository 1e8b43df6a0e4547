"""The namespace of NumPy arrays, on which rules of the op table are evaluated for a whole batch.

Like every namespace it raises nothing, if it is used within `np.errstate(all="ignore")`.
"""

from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.compiled.floating_errors import quietly
from autograd.namespaces import FUNCTIONS, SPECIAL, Namespace

# NumPy has no erf, and SciPy's erfc is off by 8 units in the last place at 5; those of `math` take one number at a time
erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])


def power(a: Any, b: Any) -> Any:
    """a ** b. NumPy takes the square root for an exponent of 0.5, which differs at -0.0 and at -inf; not for an array of them."""
    return np.power(a, np.full(np.shape(a), b) if np.ndim(b) == 0 and b == 0.5 else b)


ARRAYS: Namespace = SimpleNamespace(
    inf=np.inf, nan=np.nan, **{name: getattr(np, name, None) for name in FUNCTIONS} | {"erf": erf, "erfc": erfc, "power": power}
)
# what is selected of the pieces of a special function is right; the others may overflow
ARRAYS.__dict__.update({name: partial(quietly, formula, ARRAYS) for name, formula in SPECIAL.items()})
