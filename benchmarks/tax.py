"""A tax table, as a loop over its brackets that returns from the one of the income: each bracket is a branch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import NUMPY, Case, of_arrays, packages


def tax_table(n: int = 10_000, brackets: int = 60) -> Case:
    """The tax on n incomes by a table of so many brackets, and the marginal rate, which is the derivative."""
    limits = np.cumsum(np.linspace(100.0, 3000.0, brackets - 1))
    rates = 0.05 + 0.4 * np.arange(brackets) / brackets
    lows = np.append(0.0, limits)
    base = np.append(0.0, np.cumsum(np.diff(lows) * rates[:-1]))
    incomes = np.random.default_rng(0).uniform(0.0, 1.05 * limits[-1], n)

    def tax(income: Any) -> Any:
        for k in range(brackets - 1):
            if income < limit[k]:
                return due[k] + (income - low[k]) * rate[k]
        return due[-1] + (income - low[-1]) * rate[-1]

    limit, low, due, rate = (array.tolist() for array in (limits, lows, base, rates))

    def by_hand(income: Any) -> Any:
        k = np.searchsorted(limits, income, side="right")
        return base[k] + (income - lows[k]) * rates[k], rates[k]

    def by_loop(income: Any, limits: Any, lows: Any, base: Any, rates: Any) -> Any:
        due, marginal = np.empty_like(income), np.empty_like(income)
        for i in range(income.size):
            k = 0
            while k < limits.size and income[i] >= limits[k]:
                k += 1
            due[i], marginal[i] = base[k] + (income[i] - lows[k]) * rates[k], rates[k]
        return due, marginal

    runs = of_arrays("f(income)", tax, [incomes], None)
    runs[NUMPY] = partial(by_hand, incomes)
    if packages().numba:
        runs["Numba by hand"] = partial(packages().numba.njit(by_loop), incomes, limits, lows, base, rates)
    return Case(f"a tax table of {brackets} brackets: the tax on {n:,} incomes, and the marginal rates", NUMPY, runs)
