"""Jacobians and Hessians of compiled functions as one array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd.compiled.api.arguments import Array, form_of
from autograd.compiled.api.call import Calls
from autograd.compiled.api.directions import MOST_FORMS, Directions
from autograd.compiled.api.signature import Call
from autograd.errors import InputError
from autograd.trees import LEAF


class Plan(NamedTuple):
    """How a derivative is computed.

    Attributes:
        directions, results, draws, by_rows: see `Directions.table`.
        shape: its shape for a sample.
    """

    directions: Directions
    results: int
    draws: bool
    by_rows: bool
    shape: tuple[int, ...]


class DenseDerivative:
    """The Jacobian of a function, or of its gradient, as an array.

    Args:
        calls: those of the function.
        gradient: makes the calls of its gradient with respect to the argument of this index, if the gradient is to be differentiated.
    """

    def __init__(self, calls: Calls, gradient: Callable[[int], Calls] | None) -> None:
        self._calls, self._gradient = calls, gradient
        self._function = Directions(calls, calls.f)
        self._of_gradient: dict[int, Directions] = {}
        self._plans: dict[Any, Plan] = {}

    def __call__(self, call: Call, i: int) -> Array:
        """The derivative with respect to an argument, by its index."""
        key = call.how, form_of(call.values)[0], i
        plan = self._plans.get(key)
        if plan is None:
            plan = self._planned(call, i)
            if key[1] is not None:
                if len(self._plans) == MOST_FORMS:
                    self._plans.clear()
                self._plans[key] = plan
        table, batch = plan.directions.table(call, (i,), plan.results, plan.draws, plan.by_rows)
        return np.ascontiguousarray(table).reshape((*(batch.shape or ()), *plan.shape))

    def _planned(self, call: Call, i: int) -> Plan:
        """
        Raises:
            InputError: the derivative is not one array.
        """
        sizes, arguments, _ = self._function.sizes(call)
        argument, is_array = arguments[i], sizes.split is LEAF or self._gradient is not None  # a gradient has the form of the argument
        if not is_array or argument.build is not LEAF or argument.module is not None:
            what = argument.name if is_array else "the result"
            raise InputError(
                f"the Jacobian of {self._calls.name} is one array, and {what} is neither a number nor an array: write "
                f"autograd.jacobian({self._calls.name}), which takes any tree"
            )
        of_argument = argument.arrays[0].shape[argument.batched :]
        if self._gradient is None:
            return Plan(self._function, sizes.results, sizes.draws, sizes.has_scans, (*sizes.shapes[0], *of_argument))
        if i not in self._of_gradient:
            calls = self._gradient(i)
            self._of_gradient[i] = Directions(calls, calls.f)
        return Plan(self._of_gradient[i], argument.count, sizes.draws, False, (*of_argument, *of_argument))
