"""A step of a scan that was traced: its graph, and what its numbers are computed from."""

from __future__ import annotations

from typing import Any

from autograd.compiled.loop_body import BEFORE, OUTSIDE, SAME, Source
from autograd.compiled.pipeline import order_of
from autograd.ops import ADD, CONSTANT, MUL, NEG, POS, SUB, Operation
from autograd.trees import Form
from autograd.value import Value

ROUND = "round"
"""Where an input of a member comes from, beside those of `loop_body`: a number that each round has one of."""


class Traced:
    """A step that was traced: its variables, and the leaves of the carry and of y that it returned."""

    def __init__(self, carried: list[Value], of_round: list[Value], carry: list[Any], y: list[Any], y_form: Form) -> None:
        self.variables = [*carried, *of_round]
        self.carried, self.of_round, self.carry, self.y, self.y_form = carried, of_round, carry, y, y_form
        results = [x for x in [*carry, *y] if isinstance(x, Value)]
        self.graph = order_of(results) if results else []


class Body:
    """The members of a traced step, and what they read.

    Attributes:
        operations, inputs: of each member. The index of what comes from OUTSIDE is that in `repeated`; that of what comes from the ROUND is
            that of a number of which each round has one.
        repeated: what is read from outside, the same in every round.
        along: the indices of the numbers of the round that are read.
        varying: the nodes that depend on a variable of the step.
    """

    def __init__(self, traced: Traced, init: list[Any], moving: list[int]) -> None:
        self.operations: list[Operation] = []
        self.inputs: list[list[Source]] = []
        self.repeated: list[Any] = []
        self.along: set[int] = set()
        self._repeated: dict[Any, int] = {}
        self._members: dict[Value, int] = {}
        self._carried = {traced.carried[c]: k for k, c in enumerate(moving)}
        self._of_round = {node: j for j, node in enumerate(traced.of_round)}
        self._unchanged = {node: init[c] for c, node in enumerate(traced.carried) if node not in self._carried}
        self.varying: set[Value] = {*self._carried, *self._of_round}
        for node in traced.graph:
            if node not in self.varying and not self.varying.isdisjoint(node._prev):
                self.varying.add(node)
                self._members[node] = len(self.operations)
                self.operations.append(node._operation)
                self.inputs.append([self._source(x) for x in node._prev])

    def _source(self, x: Any) -> Source:
        if isinstance(x, Value):
            if x in self._members:
                return Source(SAME, self._members[x])
            if x in self._unchanged:
                return self._source(self._unchanged[x])
            if x in self._carried:
                return Source(BEFORE, self._carried[x])
            if x in self._of_round:
                self.along.add(self._of_round[x])
                return Source(ROUND, self._of_round[x])
        key: Any = id(x) if isinstance(x, Value) else float(x).hex()
        if key not in self._repeated:
            self._repeated[key] = len(self.repeated)
            self.repeated.append(x)
        return Source(OUTSIDE, self._repeated[key])

    def member(self, x: Any) -> int:
        """The member that computes a number that the step returns. What is none is copied by a member of its own."""
        if isinstance(x, Value) and x in self._members:
            return self._members[x]
        self.operations.append(POS)
        self.inputs.append([self._source(x)])
        return len(self.operations) - 1

    def plain_and_whole(self, carried: list[int], init: list[Any], columns: list[list[Any]]) -> tuple[list[bool], list[bool]]:
        """Whether each member is a plain number in eager code, such as a counter, which depends on no Value; and whether it is an int.

        Args:
            carried: the members that compute the next carried numbers.
            init: the first of these.
            columns: the numbers of the rounds.
        """
        plain = self._holding(
            carried,
            [not isinstance(x, Value) for x in init],
            [not any(isinstance(x, Value) for x in column) for column in columns],
            [not isinstance(x, Value) or x._operation is CONSTANT for x in self.repeated],
            [True for _ in self.operations],
        )
        whole = self._holding(
            carried,
            [isinstance(x, int) for x in init],
            [all(isinstance(x, int) for x in column) for column in columns],
            [float(x._data if isinstance(x, Value) else x).is_integer() for x in self.repeated],
            [operation in (ADD, SUB, MUL, NEG, POS) for operation in self.operations],
        )
        return plain, whole

    def _holding(self, carried: list[int], init: list[bool], columns: list[bool], repeated: list[bool], members: list[bool]) -> list[bool]:
        """Whether something holds for each member in all rounds, if it must hold for all that the member is computed from.

        Args:
            carried: the members that compute the next carried numbers.
            init, columns, repeated, members: whether it holds for the first carried numbers, for the numbers of the rounds, for those from
                outside; and whether each member lets it hold.
        """
        before = init
        while True:
            holds: list[bool] = []
            of = {SAME: holds, BEFORE: before, OUTSIDE: repeated, ROUND: columns}
            for own, sources in zip(members, self.inputs, strict=True):
                holds.append(own and all(of[where][k] for where, k in sources))
            after = [old and holds[m] for old, m in zip(before, carried, strict=True)]
            if after == before:
                return holds
            before = after

    def placed(self, source: Source, used: list[int]) -> Source:
        """A source as `Written` has it: numbers of the round come behind the repeated ones."""
        if source.where != ROUND:
            return source
        return Source(OUTSIDE, len(self.repeated) + used.index(source.which))


def kinds_of(traced: Traced) -> Any:
    """What both traces of a step must have in common beside the graph: which results are numbers, and which, and where the others are."""
    at = {node: i for i, node in enumerate(traced.graph)}
    return traced.y_form, [at.get(x, -1) if isinstance(x, Value) else float(x).hex() for x in [*traced.carry, *traced.y]]
