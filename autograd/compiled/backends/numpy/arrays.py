"""The namespace of NumPy arrays: the rules of the op table on a whole batch at once.

Total, as every namespace: call it under `np.errstate(all="ignore")`.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.namespaces import FUNCTIONS, Namespace

# NumPy has none, and SciPy's erfc is off by 8 units in the last place at 5: these are exact, and take one number at a time
erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])


def power(a: Any, b: Any) -> Any:
    """a ** b. NumPy takes the square root for an exponent of 0.5, which differs at -0.0 and at -inf; not for an array of them."""
    return np.power(a, np.full(np.shape(a), b) if np.ndim(b) == 0 and b == 0.5 else b)


ARRAYS: Namespace = SimpleNamespace(
    inf=np.inf, nan=np.nan, **{name: getattr(np, name, None) for name in FUNCTIONS} | {"erf": erf, "erfc": erfc, "power": power}
)
