"""Conditions: comparisons of Values in a function that is being recorded.

An `if` takes the truth of a condition at the recorded numbers and leaves a `Guard`: the recorded graph is valid only where the truth is the
same. A `where` makes the condition a part of the graph, which is then valid for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd._runtime.coercion import is_operand, number_of, real
from autograd._runtime.messages import described
from autograd._runtime.state import STATE
from autograd._runtime.temporary import During, Temporary
from autograd.contexts import Watching, current_line
from autograd.errors import CompileError, InputError
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, EQUAL, HELD, LESS, LESS_EQUAL, OPERATIONS, SELECT, Operation
from autograd.recording import Recording, recorder
from autograd.tracing import called_by_library, here, refused, trace_of
from autograd.trees import flatten
from autograd.value import Value, apply


class Condition:
    """A comparison of Values in a function that is being recorded.

    `&`, `|` and `~` combine conditions, as with NumPy's arrays. `if`, `and`, `or` and `not` use its truth and make a branch;
    `where(condition, a, b)` makes none.

    Attributes:
        node: 1 where it holds, else 0.
    """

    __slots__ = ("node",)

    def __init__(self, node: Value) -> None:
        self.node = node

    def __bool__(self) -> bool:
        truth = self.node._data != 0.0
        now = recorder()
        if now is None and STATE.recorders:
            _refuse_in_threads(self.node)
        if now is not None:
            truth = now.answer(self.node, truth)
        return truth

    def __and__(self, other: Any) -> Any:
        known = _known(other)
        return Condition(self.node * _node(other)) if known is None else self if known else False

    def __or__(self, other: Any) -> Any:
        known = _known(other)
        return Condition(apply(OPERATIONS["maximum"], [self.node, _node(other)])) if known is None else True if known else self

    def __invert__(self) -> Condition:
        return Condition(1.0 - self.node)

    __rand__ = __and__
    __ror__ = __or__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Condition):
            raise refused(InputError("conditions cannot be compared by == while a function is recorded: combine them by &, | and ~"))
        return bool(self) == other

    def __hash__(self) -> int:
        return hash(bool(self))

    def __index__(self) -> int:
        return int(bool(self))

    # As a number, a truth is 0 or 1, as its node is. No derivative goes through it.

    def __add__(self, other: Any) -> Any:
        return self.node + _as_number(other)

    def __sub__(self, other: Any) -> Any:
        return self.node - _as_number(other)

    def __rsub__(self, other: Any) -> Any:
        return other - self.node

    def __mul__(self, other: Any) -> Any:
        return self.node * _as_number(other)

    def __truediv__(self, other: Any) -> Any:
        return self.node / _as_number(other)

    def __neg__(self) -> Value:
        return -self.node

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self) -> str:
        if recorder() is not None and not called_by_library():
            raise refused(
                CompileError(
                    f"a condition was converted to text at {current_line()} while the function was recorded: the text would be frozen. "
                    "Choose with where(x > 0, a, b), or by `if`"
                )
            )
        return f"<condition, {self.node._data != 0.0} while recording>"

    def select(self, a: Any, b: Any) -> Any:
        """`a` where the condition holds, otherwise `b`: `where` while recording. Both sides become part of the graph.

        Raises:
            InputError: the two sides are not of the same form, or not made of numbers.
        """
        (first, build), (second, other) = flatten(self._side(a, True)), flatten(self._side(b, False))
        if repr(build([0] * len(first))) != repr(other([0] * len(second))):
            raise refused(
                InputError("both sides of a where must have the same form in a compiled function: two numbers, or two lists of one length")
            )
        return build([apply(SELECT, [self.node, _number_node(x), _number_node(y)]) for x, y in zip(first, second, strict=True)])

    def held(self, a: Any, b: Any) -> Value:
        """`a` where the condition holds, otherwise `b`: numbers that are both defined everywhere."""
        return apply(HELD, [self.node, _number_node(a), _number_node(b)])

    def _side(self, side: Any, first: bool) -> Any:
        """One side of a `where`, with all its nodes masked by the condition."""
        now = recorder()
        if not callable(side) or now is None:
            return side
        with _masked_by(now, now.side(self.node, first, now.mask)):
            return side()


class _Masking(Temporary[None]):
    def __init__(self, now: Recording, mask: Value) -> None:
        self._now, self._mask, self._before = now, mask, now.mask
        self._watching = Watching()

    def do(self) -> None:
        """See `Temporary`."""
        self._watching.do()  # calls `observed` with each new node
        self._now.mask = self._mask

    def undo(self) -> None:
        """See `Temporary`."""
        self._now.mask = self._before
        self._watching.undo()


def _masked_by(now: Recording, mask: Value) -> During[None]:
    """A context in which new nodes are masked."""
    return During(lambda: _Masking(now, mask))


def sides_of(order: Sequence[Value]) -> dict[Value, Value | None]:
    """While a function is recorded: the sides of a `where` in which the nodes of a graph are used. The last node is the result."""
    now = recorder()
    if now is None or not any(node._operation.is_like(SELECT) for node in order):
        return {}
    return now.uses(order, {order[-1]: None}, backward=True)


def differentiated(mask: Value | None, parts: Callable[[], list[Any]]) -> list[Any]:
    """The gradients that a node passes to its inputs: 0 where the side in which the node is used is not selected."""
    now = recorder()
    if now is None or mask is None:
        return parts()
    with _masked_by(now, mask):
        inside = parts()
    return [Condition(mask).select(lambda part=part: part, 0.0) for part in inside]


def _known(x: Any) -> bool | None:
    """A truth that is the same in every run; None for a condition."""
    return bool(x) if type(x).__name__ in ("bool", "bool_") else None  # NumPy has its own bool


def _node(x: Any) -> Value:
    if isinstance(x, Condition):
        return x.node
    raise refused(InputError(f"a condition can be combined with another condition, not with {x!r}: write (v > 0) & (w > 0)"))


def _as_number(x: Any) -> Any:
    """A condition as its node, which is 0 or 1; anything else as it is."""
    return x.node if isinstance(x, Condition) else x


def _number_node(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(real(x), None, CONSTANT)


_COMPARISONS: dict[str, tuple[Operation, bool]] = {
    "<": (LESS, False),
    "<=": (LESS_EQUAL, False),
    ">": (LESS, True),
    ">=": (LESS_EQUAL, True),
    "==": (EQUAL, False),
}


def compare(symbol: str, a: Any, b: Any) -> Any:
    """A comparison of Values and numbers: a Condition while this thread records, else a bool; for two numbers always a bool.

    Raises:
        CompileError: in a thread that a recorded function has started: the result would be frozen into the program.
    """
    operation, swapped = _COMPARISONS[symbol]
    left, right = (b, a) if swapped else (a, b)
    if not (isinstance(a, Value) or isinstance(b, Value)) or not (is_operand(left) and is_operand(right)):
        return operation.value(FLOATS, number_of(left), number_of(right)) != 0.0
    if recorder() is None:
        if STATE.recorders:
            _refuse_in_threads(a, b)
        return operation.value(FLOATS, number_of(left), number_of(right)) != 0.0
    return Condition(apply(operation, [_number_node(left), _number_node(right)]))


def _refuse_in_threads(*operands: Any) -> None:
    for x in operands:
        trace = trace_of(x)
        if trace is not None and trace.is_recorded:
            raise trace.refused(
                CompileError(
                    f"the number of {described(x)} was needed at {current_line()}, in another thread than the one that records the "
                    "function: the answer would be frozen into the program. Compare in the thread of the function, or choose with "
                    "where(x > 0, a, b)"
                )
            )


def equals(value: Any, other: Any) -> Any:
    """The result of `==`: in a traced function whether the numbers are equal, elsewhere whether both are the same node.

    Raises:
        InputError: a Value is compared with a number, outside of traced functions.
    """
    if recorder() is not None or here() is not None or trace_of(value) is not None or trace_of(other) is not None:
        return compare("==", value, other)
    if isinstance(other, Value):
        return value is other
    raise InputError(
        f"{described(value)} == {other!r}: == asks whether two Values are the same node, not whether their numbers are equal: "
        f"write v.data == {other!r}"
    )
