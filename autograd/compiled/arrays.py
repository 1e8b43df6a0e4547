"""The namespace of NumPy arrays: the rules of the op table on a whole batch at once.

Total, as every namespace: call it under `np.errstate(all="ignore")`.
"""

from __future__ import annotations

import numpy as np

from autograd.namespaces import Namespace


class Arrays:
    """NumPy's functions, under the names that the rules use."""

    inf = np.inf
    nan = np.nan

    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    tanh = staticmethod(np.tanh)
    divide = staticmethod(np.divide)
    power = staticmethod(np.power)
    floor = staticmethod(np.floor)
    isinf = staticmethod(np.isinf)
    equal = staticmethod(np.equal)
    where = staticmethod(np.where)


ARRAYS: Namespace = Arrays()
