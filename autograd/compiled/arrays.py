"""The namespace of NumPy arrays: the rules of the op table on a whole batch at once.

Total, as every namespace: call it under `np.errstate(all="ignore")`.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np

from autograd.namespaces import FUNCTIONS, Namespace

# NumPy has none, and SciPy's erfc is off by 8 units in the last place at 5: these are exact, and take one number at a time
erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])

ARRAYS: Namespace = SimpleNamespace(
    inf=np.inf, nan=np.nan, erf=erf, erfc=erfc, **{name: getattr(np, name) for name in FUNCTIONS if name not in ("erf", "erfc")}
)
