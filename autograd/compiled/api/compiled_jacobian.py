"""The call of a compiled `jacobian(f)` or `hessian(f)`: computed as a table, unless the graph of all its rows is small."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.compiled.api.arguments import Argument, Array, form_of, split
from autograd.compiled.api.call import Calls
from autograd.compiled.api.directions import Directions, Sizes
from autograd.compiled.api.signature import Call
from autograd.transforms import Differentiated, grad
from autograd.trees import Form, flatten

SMALL = 5000
"""A graph of all rows has up to so many nodes, counted as rows or columns, whichever are fewer, times the nodes of `f`: it is recorded
as it is, in which case each number is computed once, whatever rows it occurs in, and what is 0 is not computed."""

MOST_PLANS = 256
"""The plans for so many forms of arguments are known at once."""


class Plan(NamedTuple):
    """How to compute a Jacobian as a table.

    Attributes:
        chosen: the indices of the arguments with respect to which.
        results: the number of its rows.
        draws, by_rows: see `Directions.table`.
        form, places: the form of the result, and for each of its arrays which numbers of the table it has.
    """

    chosen: tuple[int, ...]
    results: int
    draws: bool
    by_rows: bool
    form: Form
    places: list[Array]


class CompiledJacobian:
    """The calls of a compiled Jacobian.

    Args:
        calls: those of the function that `jacobian` or `hessian` has returned, which record all rows.
        of: what that differentiates.
    """

    def __init__(self, calls: Calls, of: Differentiated) -> None:
        self._calls, self._of, self._is_hessian = calls, of, of.transform == "hessian"
        self._function = Directions(calls, of.f)
        self._table = Directions(calls, grad(of.f, of.argnums)) if self._is_hessian else self._function
        self._plans: dict[Any, Plan | None] = {}

    def value(self, call: Call) -> Any:
        """The value for a call."""
        plan = self.plan(call)
        if plan is None:
            return self._calls.value(call)
        table, batch = self._table.table(call, plan.chosen, plan.results, plan.draws, plan.by_rows)
        table = np.ascontiguousarray(table).reshape(batch.size, -1)
        return plan.form([batch.shaped(table[:, places]) for places in plan.places])

    def record(self, call: Call) -> bool:
        """Record the program that computes the value of such a call, if that is a table. Whether it is."""
        plan = self.plan(call)
        if plan is not None:
            self._table.record(call, plan.chosen, plan.results, plan.draws or plan.by_rows)
        return plan is not None

    def refresh(self, call: Call) -> bool:
        """See `Function.refresh`: the same for programs that compute tables."""
        plan = self.plan(call)
        stale = plan is not None and self._table.refresh(call, plan.chosen, plan.results)
        if stale:
            self.forget()
        return stale

    def forget(self) -> None:
        """Forget what is known of the function."""
        self._plans.clear()
        self._function.forget()
        self._table.forget()

    def plan(self, call: Call) -> Plan | None:
        """How to compute the value of a call as a table; None if a graph of all rows is better, or would say what is wrong."""
        key: Any = call.how, _form(call.values)
        if key[1] is not None and key in self._plans:
            return self._plans[key]
        try:
            sizes, arguments, _ = self._function.sizes(call)
        except Exception:  # the recording of all rows says what is wrong
            return None
        if key[1] is None:
            key = call.how, tuple([argument.key for argument in arguments])
        if key not in self._plans:
            if len(self._plans) == MOST_PLANS:
                self._plans.clear()
            self._plans[key] = self._planned(call, sizes, arguments)
        return self._plans[key]

    def _planned(self, call: Call, sizes: Sizes, arguments: list[Argument]) -> Plan | None:
        chosen = _chosen(self._of.argnums, call.how.positional)
        if chosen is None or any(arguments[i].module is not None for i in chosen):
            return None
        numbers = sum([arguments[i].count for i in chosen])
        if self._is_hessian and sizes.shapes != [()]:
            return None
        results = numbers if self._is_hessian else sizes.results
        if min(numbers, results) * sizes.nodes <= SMALL:
            return None

        def of_inputs(row: list[float]) -> Any:
            trees, start = [], 0
            for i in chosen:
                end = start + sizes.inputs[i].count
                trees.append(sizes.inputs[i](row[start:end]))
                start = end
            return trees[0] if hasattr(self._of.argnums, "__index__") else tuple(trees)

        of_results = flatten(of_inputs([0.0] * numbers))[1] if self._is_hessian else sizes.result
        places = np.arange(float(results * numbers)).reshape(results, numbers).tolist()
        arrays, form = split(of_results([of_inputs(row) for row in places]), "the result")
        by_rows = sizes.has_scans and not self._is_hessian
        return Plan(chosen, results, sizes.draws, by_rows, form, [array.astype(np.intp) for array in arrays])


def _form(values: Sequence[Any]) -> Any:
    """A key for the form of arguments, also of lists of numbers, which may become arrays; None for unusual ones."""
    form: Any = form_of(values)[0]
    if form is not None:
        return form
    forms = [len(x) if type(x) is list and {float, int}.issuperset(map(type, x)) else form_of([x])[0] for x in values]
    return None if None in forms else tuple(forms)


def _chosen(argnums: Any, positional: int) -> tuple[int, ...] | None:
    """The indices of the arguments; None if there are no such arguments."""
    try:
        chosen = [operator.index(i) for i in ((argnums,) if hasattr(argnums, "__index__") else argnums)]
    except TypeError:
        return None
    if not chosen or not all(-positional <= i < positional for i in chosen) or len({i % positional for i in chosen}) < len(chosen):
        return None
    return tuple([i % positional for i in chosen])
