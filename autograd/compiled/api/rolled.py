"""Scans that are recorded as one loop: the step is traced once, instead of once for each round."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import is_
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from autograd._runtime.bulk import first_difference
from autograd._runtime.state import RECORDING
from autograd.compiled.api.surroundings import Surroundings
from autograd.compiled.api.traced_step import Body, Traced, kinds_of
from autograd.compiled.backends.contract import Executable
from autograd.compiled.backends.registry import backend_named
from autograd.compiled.floating_errors import quietly
from autograd.compiled.ir import Places
from autograd.compiled.pipeline import lower
from autograd.compiled.stages import Tape
from autograd.compiled.written_loop import ELEMENT, HUGE, LastRound, UnrolledError, Written, operation_of
from autograd.contexts import detects_anomaly
from autograd.ops import CONSTANT, LEAF, SELECT, Operation
from autograd.recording import Recording, recording
from autograd.tracing import here, refused
from autograd.trees import LEAF as LEAF_FORM
from autograd.trees import NONE, Form, flatten
from autograd.value import Value, node_of

MOST_INPUTS = 400
"""A step with more inputs of operations is unrolled, because vector instructions are better; unless all rounds together have too many."""


class _Known(NamedTuple):
    """A loop that was recorded: its operation, what computes its numbers, and the places of its inputs, of the last carried numbers, and of
    the kept ones of the first round."""

    operation: Operation
    executable: Executable
    places: Places
    elements: list[int]


MOST_KNOWN = 256
"""So many loops are remembered, so that another recording of a function need not compile them again."""

MOST_LAYERS = 100
"""So many partials and decorators around a step are looked through."""

_KNOWN: dict[Any, _Known] = {}


class Roller:
    """Records scans as one loop each. See `Recording.roll`.

    Args:
        apart: the steps of loops that are unrolled.

    Attributes:
        apart: see above.
        variables: the Values that stood for the carried numbers and those of a round, while a step was traced, and the step.
    """

    def __init__(self, apart: frozenset[Any] = frozenset()) -> None:
        self.apart = apart
        self.variables: dict[int, tuple[Value, Any]] = {}

    def __call__(
        self, now: Recording, step: Callable[[Any, Any], Any], init: Any, x_of: Callable[[int], Any] | None, rounds: int
    ) -> tuple[Any, list[Any]] | None:
        """The last carry, and the ys of all rounds; None if the loop is to be unrolled. For the arguments see `Recording.roll`.

        Raises:
            UnrolledError: it has turned out that it must be unrolled.
        """
        key = _code_of(step)
        if key is None or key in self.apart or here() is not now.trace:
            return None
        if now.mask is not None or not now.checks_domains or not RECORDING.get() or detects_anomaly():
            return None
        has_last = LastRound(key) in self.apart
        loop = _Loop(self, step, key, init, x_of, rounds - has_last)
        if not loop.fits:
            return None
        carry, ys = loop.recorded()
        if has_last:
            carry, y = step(carry, None if x_of is None else x_of(rounds - 1))
            ys.append(y)
        return carry, ys

    def need_no_leak(self, graph: list[Value]) -> None:
        """
        Raises:
            UnrolledError: a step has let out a number of the round for which it was traced.
        """
        if self.variables:
            for node in graph:
                if node._operation is LEAF and id(node) in self.variables:
                    raise UnrolledError(self.variables[id(node)][1])


class _Loop:
    """A scan that is being recorded as one loop."""

    def __init__(self, roller: Roller, step: Callable[[Any, Any], Any], key: Any, init: Any, x_of: Any, rounds: int) -> None:
        self.roller, self.step, self.key, self.rounds = roller, step, key, rounds
        self.init, self.form = flatten(init)
        self.columns, self.x_form = ([], NONE) if x_of is None else _columns(x_of, rounds)
        self.fits = self.columns is not None and all(map(_is_number, self.init)) and bool(self.init)

    def refused(self) -> Exception:
        """The error that has the function recorded anew, with this loop unrolled."""
        return refused(UnrolledError(self.key))

    def recorded(self) -> tuple[Any, list[Any]]:
        """The node of the loop, and its results."""
        assert self.columns is not None
        first = self._traced([_number(x) for x in self.init], [_number(column[0]) for column in self.columns])
        after = [_number(x) for x in first.carry]
        surroundings = Surroundings(self.step)
        before = surroundings.snapshot()
        second = self._traced(after, [_number(column[1]) for column in self.columns])
        known = {id(a): b for a, b in zip(first.variables, second.variables, strict=True)}
        alike = [kinds_of(traced) for traced in (first, second)]
        if alike[0] != alike[1] or first_difference(first.graph, second.graph, known, []) >= 0:
            raise self.refused()
        if surroundings.iterators or surroundings.buffers or before.changed():  # a later round may find something else there than these two
            raise self.refused()
        if not self._is_eager_code(first):
            raise self.refused()
        return self._written(first)

    def _traced(self, carry: list[float], x: list[float]) -> Traced:
        inner = Recording()
        try:
            with recording(inner) as now:
                assert now.trace is not None
                carried, of_round = ([Value(number) for number in numbers] for numbers in (carry, x))
                now.trace.add([*carried, *of_round])
                self.roller.variables.update({id(node): (node, self.key) for node in [*carried, *of_round]})
                given = self.form(carried), self.x_form(of_round)
                result = self.step(*given)
                now.trace.end()
        except Exception as error:
            raise self.refused() from error
        if not isinstance(result, tuple) or len(result) != 2 or inner.guards or inner.draws or inner.masks or inner.unchecked:
            raise self.refused()
        if not all(_holds_still(tree, nodes) for tree, nodes in zip(given, (carried, of_round), strict=True)):
            raise self.refused()  # in eager code, the other rounds would see what was changed in place
        leaves, form = flatten(result[0])
        ys, y_form = flatten(result[1])
        if form != self.form or not all(map(_is_number, [*leaves, *ys])):
            raise self.refused()
        return Traced(carried, of_round, leaves, ys, y_form)

    def _is_eager_code(self, first: Traced) -> bool:
        """Whether the step gives the same numbers for what eager code calls it with: plain numbers may be another way through it."""
        assert self.columns is not None
        try:
            with recording(Recording()) as now:
                assert now.trace is not None
                result = self.step(self.form(list(self.init)), self.x_form([column[0] for column in self.columns]))
                now.trace.end()
            own = [_number(x) for part in result for x in flatten(part)[0]]
        except Exception:
            return False
        traced = [_number(x) for x in [*first.carry, *first.y]]
        return len(own) == len(traced) and bool(quietly(np.allclose, own, traced, rtol=1e-9, atol=0.0, equal_nan=True))

    def _written(self, traced: Traced) -> tuple[Any, list[Any]]:
        """The loop as a node."""
        moving = [c for c, x in enumerate(traced.carry) if x is not traced.carried[c]]  # the others stay what they are at first
        body = Body(traced, self.init, moving)
        carried = [body.member(traced.carry[c]) for c in moving]
        is_kept = [isinstance(x, Value) and x in body.varying for x in traced.y]
        kept = [body.member(x) for x, own in zip(traced.y, is_kept, strict=True) if own]
        terms = sum(map(len, body.inputs))
        strange = any(map(_is_strange, body.operations))
        if strange or not body.operations or (terms > MOST_INPUTS and terms * self.rounds < HUGE):
            raise self.refused()
        assert self.columns is not None
        used = sorted(body.along)
        tables = tuple([_table(self.columns[j]) for j in used])
        placed = [tuple([body.placed(source, used) for source in own]) for own in body.inputs]
        written = Written(
            self.rounds, tuple(body.operations), tuple(placed), tuple(carried), tuple(kept), len(body.repeated), tables, self.key
        )
        of_round = [x for j, table in zip(used, tables, strict=True) if table is None for x in self.columns[j]]
        numbers = [*[self.init[c] for c in moving], *body.repeated, *of_round]
        inputs = [x if isinstance(x, Value) else Value(x, None, CONSTANT) for x in numbers]
        known = _known(written, len(inputs))
        last, rows = self._numbers(known, written, inputs)
        node = node_of(known.operation, inputs, 0.0, [float("nan")] * len(inputs))

        def element(k: int, number: float) -> Value:
            return node_of(ELEMENT, [node, Value(float(k), None, CONSTANT)], number, [float("nan")] * 2)

        is_plain, is_whole = body.plain_and_whole(carried, [self.init[c] for c in moving], self.columns)

        def result(k: int, member: int, number: float) -> Any:
            if not is_plain[member]:
                return element(k, number)
            return int(number) if is_whole[member] and abs(number) < 2.0**53 else number

        carry = [*self.init]
        for k, c in enumerate(moving):
            x = traced.carry[c]
            carry[c] = result(k, carried[k], last[k]) if isinstance(x, Value) and x in body.varying else x
        elements = iter([[result(len(carried) + k * self.rounds + r, kept[k], y) for r, y in enumerate(row)] for k, row in enumerate(rows)])
        columns = [next(elements) if own else [x] * self.rounds for x, own in zip(traced.y, is_kept, strict=True)]
        if traced.y_form is NONE:  # one stands for all
            return self.form(carry), [None]
        ys = [traced.y_form(list(own)) for own in zip(*columns, strict=True)] if columns else [traced.y_form([])] * self.rounds
        return self.form(carry), ys

    def _numbers(self, known: _Known, written: Written, inputs: list[Value]) -> tuple[list[float], list[list[float]]]:
        """The last carried numbers, and the kept numbers of all rounds, for the present numbers of the inputs."""
        data = known.executable.storage(1)
        data.shared[known.places] = [node._data for node in inputs]
        if known.executable.forward(data):
            raise self.refused()
        last, starts = known.elements[: len(written.carried)], known.elements[len(written.carried) :]
        return [data.shared.item(place) for place in last], [data.shared[place : place + written.rounds].tolist() for place in starts]


def _is_strange(operation: Operation) -> bool:
    """Whether an operation cannot be in a loop: it has no rules, no derivatives because of `no_grad`, or may need masks."""
    return operation.by_hand or operation.origin is not None or operation.loop is not None or operation is SELECT


def _code_of(step: Any) -> Any:
    """The code that tells a step from others: of a partial or a decorated function that of what it calls, of an object its `__call__`."""
    for _ in range(MOST_LAYERS):
        # by the dict, because an object may have a `__getattr__` of its own
        inner = step.func if isinstance(step, partial) else getattr(step, "__dict__", {}).get("__wrapped__")
        if inner is None:
            break
        step = inner
    step = step.__func__ if isinstance(step, MethodType) else step
    return step.__code__ if isinstance(step, FunctionType) else getattr(type(step).__call__, "__code__", None)


def _known(written: Written, inputs: int) -> _Known:
    """The operation of a loop with so many inputs, the same for equal loops, and what computes it."""
    key = written.key
    known = _KNOWN.get(key)
    if known is None:
        operation = operation_of(written)
        tape = _tape_of(operation, inputs)
        code = lower(tape, [], tape.results[:inputs])
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        at = code.place[tape.results]
        known = _KNOWN[key] = _Known(operation, backend_named("auto", 1).load(code), at[:inputs], at[inputs:].tolist())
    return known


def _tape_of(operation: Operation, inputs: int) -> Tape:
    """A loop by itself, with so many inputs. The results are the inputs, the last carried numbers, and the kept ones of the first round."""
    written: Written = operation.loop
    elements = [*range(len(written.carried)), *[len(written.carried) + j * written.rounds for j in range(len(written.kept))]]
    count = len(elements)
    nodes = [
        *[Value(0.0) for _ in range(inputs + 1)],
        *[Value(float(k), None, CONSTANT) for k in elements],
        *[Value(0.0) for _ in elements],
    ]
    return Tape(
        nodes,
        [*[LEAF] * inputs, operation, *[CONSTANT] * count, *[ELEMENT] * count],
        [*[()] * inputs, tuple(range(inputs)), *[()] * count, *[(inputs, inputs + 1 + i) for i in range(count)]],
        [*range(inputs), *range(inputs + 1 + count, len(nodes))],
        [False] * len(nodes),
        {},
        {},
        frozenset(),
        [],
        np.arange(len(nodes)),
    )


def _columns(x_of: Callable[[int], Any], rounds: int) -> tuple[list[list[Any]] | None, Form]:
    """For each leaf of `xs` its items by round, and the form of what a round gets; no items if the rounds differ in form."""
    leaves, form = flatten(x_of(0))
    whole = getattr(x_of, "__self__", None)
    if form is LEAF_FORM and isinstance(whole, list) and all(map(_is_number, whole)):  # a single list of numbers
        return [whole[:rounds]], form
    items = [leaves]
    for i in range(1, rounds):
        own, other = flatten(x_of(i))
        if other != form:
            return None, form
        items.append(own)
    columns = [list(column) for column in zip(*items, strict=True)]
    return (columns if all(_is_number(x) for column in columns for x in column) else None), form


def _is_number(x: Any) -> bool:
    return isinstance(x, (Value, float, int)) or type(x).__module__ == "numpy"


def _holds_still(tree: Any, nodes: list[Value]) -> bool:
    """Whether a tree still has these leaves."""
    leaves = flatten(tree)[0]
    return len(leaves) == len(nodes) and all(map(is_, leaves, nodes))


def _number(x: Any) -> float:
    return x._data if isinstance(x, Value) else float(x)


def _table(column: list[Any]) -> Any:
    """The numbers of a column as an array; None if there are Values among them."""
    return None if any(isinstance(x, Value) for x in column) else np.array(column, dtype=np.float64)
