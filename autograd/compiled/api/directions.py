"""Jacobians of compiled functions as tables of m results × n numbers, without a graph that has every row in it.

- *By rows*, if they are few: the function is run once, and a backward pass for each result gives its row.
- *Forward*, if n ≤ m: the function is recorded with its derivative in a direction, as by `jvp`, and run with a sample for each number,
  whose direction is the axis of that number.
- *Backward*, if m < n: it is recorded with the gradient of a weighted sum of its results, as by `vjp`, and run with a sample for each
  result.

The function itself does not depend on directions and weights: it is computed once for all of them. If the call has samples of its own,
these fill the vectors of the processor, so that rows are as good, unless numbers are fewer than results.

Zeros in directions and weights are numbers like others, and 0 times an infinite slope is nan, where eager code follows only what a result
depends on. So a table that is not finite is computed again in the way of eager code.

Source: Griewank, Walther, "Evaluating Derivatives" (2008), chapter 3: vector modes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autograd._runtime.coercion import number_of
from autograd.compiled.api.arguments import Argument, Array, form_of, snapshot
from autograd.compiled.api.branch import Branch
from autograd.compiled.api.call import Calls
from autograd.compiled.api.in_axes import Batch
from autograd.compiled.api.recorded import run_with_loops
from autograd.compiled.api.results import collect, pull_back
from autograd.compiled.api.signature import Call, Passing
from autograd.transforms import innermost, jacobian, jvp, vjp
from autograd.trees import LEAF, Form, flatten

FEW = 4
"""So many rows are computed one after the other: the function alone is recorded faster than with its derivatives."""

AT_ONCE = 1024
"""So many samples are run at once, or one direction for all samples: storage grows with them."""

MOST_FORMS = 256
"""So many sizes, and ways to call, are known at once."""

Origin = Callable[..., Any]

FORWARD, BACKWARD, ROWS, ALL_ROWS = "forward", "backward", "rows", "all rows"
"""Purposes of a `Directed` call: derivatives in a direction; gradients of a weighted sum; the function itself; a graph of all rows."""


class Sizes(NamedTuple):
    """What is known of a function before it is compiled.

    Attributes:
        shapes: the shapes of the arrays of its result.
        split: what puts these arrays in their places.
        result: what puts the numbers of the result in their places.
        inputs: for each argument, what puts its numbers in their places.
        nodes: how many nodes its graph has.
        draws: whether it draws random numbers, which differ from sample to sample.
        has_scans: whether it has a scan that is recorded as one loop, which within a transform would be unrolled.
    """

    shapes: list[tuple[int, ...]]
    split: Form
    result: Form
    inputs: list[Form]
    nodes: int
    draws: bool
    has_scans: bool

    @property
    def results(self) -> int:
        """The number of numbers in the result."""
        return sum(map(math.prod, self.shapes))


@dataclass(slots=True)
class Directed(Call):
    """The call of another function of the same arguments, and perhaps a direction before them, as its purpose says.

    Attributes:
        origin: the function that is differentiated.
        wrt: the indices of the arguments with respect to which.
        purpose: see `FORWARD`.
    """

    origin: Origin
    wrt: tuple[int, ...]
    purpose: str

    def of(self, f: Origin, values: Sequence[Any]) -> Any:
        """Call the function of this purpose. Derivatives are a flat list."""
        if self.purpose == ROWS:
            return self._called(self.origin, values)
        direction, own = ([], values) if self.purpose == ALL_ROWS else (list(values[0]), values[1:])
        primals = [own[i] for i in self.wrt]

        def moving(*primals: Any) -> Any:
            replaced = list(own)
            for i, x in zip(self.wrt, primals, strict=True):
                replaced[i] = x
            return self._called(self.origin, replaced)

        if self.purpose == FORWARD:
            return flatten(jvp(moving, primals, flatten(primals)[1](direction))[1])[0]
        if self.purpose == BACKWARD:
            value, pull = vjp(moving, *primals)
            return flatten(pull(flatten(value)[1](direction)))[0]
        return flatten(jacobian(lambda *primals: flatten(moving(*primals))[0], tuple(range(len(primals))))(*primals))[0]

    def without_derivatives(self, f: Origin) -> Callable[[Sequence[Any]], Any] | None:
        """See `Call.without_derivatives`."""
        plain = innermost(self.origin)
        if self.purpose == ROWS:
            return None if plain is self.origin else lambda values: self._called(plain, values)
        return lambda values: self._called(plain, values if self.purpose == ALL_ROWS else values[1:])

    def _called(self, function: Origin, values: Sequence[Any]) -> Any:
        n = len(values) - len(self.how.keywords)
        return function(*values[:n], **dict(zip(self.how.keywords, values[n:], strict=True)))


class Directions:
    """The Jacobians of a function of the arguments of a compiled function.

    Args:
        calls: those of the compiled function, with whose programs the new ones are kept.
        origin: the function to be differentiated.
    """

    def __init__(self, calls: Calls, origin: Origin) -> None:
        self._calls, self._origin = calls, origin
        self._sizes: dict[Any, Sizes] = {}
        self._by_row: set[Any] = set()  # the forms of calls that are computed by rows
        self._ways: dict[Any, Passing] = {}  # programs are found by the identity of how they are called

    def sizes(self, call: Call) -> tuple[Sizes, list[Argument], Batch]:
        """The sizes of the function, for which it is run on Values at the first call of this form; the arguments, and the samples."""
        sized: tuple[Sizes, list[Argument], Batch] = self._calls.guessing(replace(call, values=snapshot(call.values)), self._sized)
        return sized

    def _sized(self, call: Call) -> tuple[Sizes, list[Argument], Batch]:
        arguments, batch = self._calls.batching.arguments(call, (), False)
        key = call.how, tuple([argument.key for argument in arguments])
        sizes = self._sizes.get(key)
        if sizes is None:
            forms: list[Form] = []

            def noted(seen: Sequence[Any]) -> Any:
                result = call.of(self._origin, seen)
                forms[:] = [flatten(x)[1] for x in (result, *seen)]
                return result

            with self._calls.specialisations.recording_within():
                ran = run_with_loops(noted, arguments)
            shapes = [array.shape for array in ran.arrays]
            loops = [node._operation.loop for node in ran.graph if node._operation.loop is not None]
            nodes = len(ran.graph) + sum([loop.rounds * len(loop.operations) for loop in loops])
            sizes = Sizes(shapes, ran.form, forms[0], forms[1:], nodes, bool(ran.recording.draws), bool(loops))
            if len(self._sizes) == MOST_FORMS:
                self._sizes.clear()
            self._sizes[key] = sizes
        return sizes, arguments, batch

    def table(self, call: Call, chosen: tuple[int, ...], results: int, draws: bool, by_rows: bool) -> tuple[Array, Batch]:
        """The derivatives of each result with respect to each number of the chosen arguments, samples × results × numbers; the samples.

        Args:
            call: the call of the function.
            chosen: the indices of the arguments.
            results: the number of results.
            draws: whether the function draws random numbers.
            by_rows: whether rows are needed, whatever the sizes are.
        """
        form = form_of(call.values)[0]
        key = call.how, form, chosen, results, draws or by_rows
        if key in self._by_row:
            table, batch = self._rows(call, chosen)
        else:
            call = replace(call, values=snapshot(call.values))
            arguments, batch = self._calls.batching.arguments(call, chosen, True)
            purpose, directions = self._purpose(arguments, batch, chosen, results, draws or by_rows)
            if purpose == ROWS:
                table, batch = self._rows(call, chosen)
                if form is not None and len(self._by_row) < MOST_FORMS:
                    self._by_row.add(key)
            else:
                table, _ = self._in_directions(self._directed(call, chosen, purpose, np.eye(directions)), arguments, batch)
                table = table.transpose(0, 2, 1) if purpose == FORWARD else table
        if np.isfinite(table).all() or draws:  # eager code would draw other numbers
            return table, batch
        call = replace(call, values=snapshot(call.values))
        arguments, batch = self._calls.batching.arguments(call, chosen, True)
        return self._as_eagerly(call, chosen, arguments, batch).reshape(table.shape), batch

    def along(self, call: Call, chosen: tuple[int, ...], directions: Array) -> tuple[Array, Branch]:
        """The derivatives of a call without samples in some directions, which are rows: directions × results; and the branch it took."""
        call = replace(call, values=snapshot(call.values))
        arguments, batch = self._calls.batching.arguments(call, chosen, True)
        table, branch = self._in_directions(self._directed(call, chosen, FORWARD, directions), arguments, batch)
        return table[0], branch

    def _purpose(self, arguments: list[Argument], batch: Batch, chosen: tuple[int, ...], results: int, by_rows: bool) -> tuple[str, int]:
        """In which of the three ways to compute a table, and the number of directions."""
        numbers = sum([arguments[i].count for i in chosen])
        if by_rows or results <= FEW or (results <= numbers and batch.shape is not None):
            return ROWS, 0
        return (FORWARD, numbers) if numbers <= results else (BACKWARD, results)

    def _directed(self, call: Call, chosen: tuple[int, ...], purpose: str, directions: Array | None = None) -> Directed:
        """A call for this purpose."""
        way = call.how, purpose, chosen
        how = self._ways.get(way)
        if how is None:
            how = replace(call.how, purpose=purpose)
            if directions is not None:
                how = replace(how, positional=1 + how.positional, names=("direction", *how.names), positions=(-1, *how.positions))
            if len(self._ways) == MOST_FORMS:
                self._ways.clear()
            self._ways[way] = how
        values = call.values if directions is None else (directions, *call.values)
        return Directed(values, how, self._origin, chosen, purpose)

    def _rows(self, call: Call, chosen: tuple[int, ...]) -> tuple[Array, Batch]:
        """The table by a backward pass for each result, and the samples."""
        own = call if self._origin is self._calls.f else self._directed(call, chosen, ROWS)
        arrays, arguments, batch, runs = self._calls.computed(own, chosen)
        rows = []
        for k, array in enumerate(arrays):
            for j in range(array[0].size):
                seeds = [np.zeros(other.shape) for other in arrays]
                seeds[k].reshape(batch.size, -1)[:, j] = 1.0
                gradients = pull_back(runs, arguments, chosen, seeds, batch.size)
                parts = [gradients[i] if arguments[i].batched else gradients[i][:, None] for i in chosen]
                rows.append(parts[0] if len(parts) == 1 else np.concatenate(parts))
        return np.array(rows).reshape(len(rows), -1, batch.size).transpose(2, 0, 1), batch

    def _in_directions(self, call: Directed, arguments: list[Argument], batch: Batch) -> tuple[Array, Branch]:
        """The derivatives in the directions of a call: samples × directions × derivatives; and the branch of the last run."""
        axes = call.values[0]
        at_once = max(1, AT_ONCE // batch.size)
        parts = []
        for some in np.split(axes, range(at_once, len(axes), at_once)):
            call.values = (np.tile(some, (batch.size, 1)), *call.values[1:])
            repeated = [
                replace(x, arrays=[np.repeat(array, len(some), axis=0) for array in x.arrays]) if x.batched else x for x in arguments
            ]
            samples = Batch(batch.size * len(some), batch.shape, len(some))
            runs = self._calls.specialisations.run(call, _with_direction(call, repeated), samples, (), False)
            parts.append(collect(self._calls.name, runs, samples)[0][0].reshape(batch.size, len(some), -1))
        return np.concatenate(parts, axis=1), runs[-1][0]

    def _as_eagerly(self, call: Call, chosen: tuple[int, ...], arguments: list[Argument], batch: Batch) -> Array:
        """The table as eager code computes it: by eager code itself, or for samples by a graph of all rows."""
        exact = self._directed(call, chosen, ALL_ROWS)
        if batch.shape is None:
            with self._calls.specialisations.recording_within():
                return np.array([number_of(x) for x in exact.of(self._origin, [argument.sample(0) for argument in arguments])])
        runs = self._calls.specialisations.run(exact, arguments, batch, (), False)
        return collect(self._calls.name, runs, batch)[0][0]

    def record(self, call: Call, chosen: tuple[int, ...], results: int, by_rows: bool) -> None:
        """Record the program of `table` now."""
        arguments, batch = self._calls.batching.arguments(call, chosen, True)
        purpose, directions = self._purpose(arguments, batch, chosen, results, by_rows)
        directed = self._directed(call, chosen, purpose, np.eye(directions) if directions else None)
        self._calls.specialisations.record(directed, _with_direction(directed, arguments), chosen if purpose == ROWS else ())

    def refresh(self, call: Call, chosen: tuple[int, ...], results: int) -> bool:
        """See `Function.refresh`: the same for the programs of `table`."""
        arguments, _ = self._calls.batching.arguments(call, chosen, True)
        numbers = sum([arguments[i].count for i in chosen])
        stale = False
        for purpose, directions in ((ROWS, 0), (FORWARD, numbers), (BACKWARD, results), (ALL_ROWS, 0)):
            directed = self._directed(call, chosen, purpose, np.eye(directions) if directions else None)
            stale |= self._calls.specialisations.refresh(directed, _with_direction(directed, arguments))
        if stale:
            self.forget()
        return stale

    def forget(self) -> None:
        """Forget the sizes."""
        self._sizes.clear()
        self._by_row.clear()


def _with_direction(call: Directed, arguments: list[Argument]) -> list[Argument]:
    """The arguments, after the first direction, if there are any."""
    if call.purpose not in (FORWARD, BACKWARD):
        return arguments
    return [Argument("direction", [call.values[0]], LEAF, [True], True, None, None), *arguments]
