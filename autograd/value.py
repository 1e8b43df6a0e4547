"""Value: a node of the graph that behaves as a number. `apply` makes a node from any row of the op table."""

from __future__ import annotations

from typing import Any, Final, cast, final

from autograd import ops
from autograd._runtime.by_hand import made_by_hand
from autograd._runtime.coercion import is_operand, label_of, real, sequence
from autograd._runtime.messages import seed_refused, undefined
from autograd._runtime.mypyc_shim import mypyc_attr
from autograd._runtime.observed import Observed
from autograd._runtime.state import RECORDING, STATE, is_recorded
from autograd._runtime.vectors import Vector
from autograd.errors import AutogradError, InputError
from autograd.graph import Extra, Node, backward
from autograd.namespaces import FLOATS
from autograd.ops import Operation, outside

# The rows that are named below. Compiled, a Final is a variable; an imported name is looked up in a dictionary at every node.
LEAF: Final = ops.LEAF
CONSTANT: Final = ops.CONSTANT
ADD: Final = ops.ADD
SUB: Final = ops.SUB
MUL: Final = ops.MUL
DIV: Final = ops.DIV
NEG: Final = ops.NEG
POW: Final = ops.POW
DOT: Final = ops.DOT
SQUARE: Final = ops.POW.bind(2.0)
RELU: Final = ops.RELU
ROW: Final = Operation  # the class
COMPUTED: Final = object()  # in place of the data of a Value whose number is passed as a float of C
NO_LABEL: Final = ""


@final
@mypyc_attr(acyclic=True)
class Value(Observed):
    """A scalar, the operation and inputs it came from, and (after `backward`) the derivative of the result with respect to it.

    Args:
        data: a real number: int, float, a NumPy scalar, `Fraction`, `Decimal`.
        label: a name for pictures and messages.
        _children, _op: as in micrograd, the inputs of a node whose `_backward` is assigned, and the name of its operation.

    `<`, `<=`, `>`, `>=` and `bool` look at the data, as a float's do. `==` and `hash` are by identity, so that a Value can stand in sets
    and dicts; `v == 0` is an error: compare numbers with `v.data == 0`. In a function that is differentiated or compiled, `==` compares
    the numbers, as it does when the function is called with floats.

    Raises:
        InputError: `data` is not a real number, or the label is not a keyword argument.

    Example:
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> loss = a * b + a**2
        >>> loss.backward()
        >>> loss.data, a.grad, b.grad
        (-2.0, 1.0, 2.0)
    """

    __slots__ = ("__dict__",)  # for attributes of the user's own; compiled, there is none, and `_runtime/attributes` takes its place

    def __init__(
        self, data: object, _children: object = None, _op: object = LEAF, _right: object = None, _dleft: float = 0.0,
        _dright: float = 0.0, _extra: Extra | None = None, _number: float = 0.0, *, label: object = "",
    ) -> None:  # fmt: skip
        if data is not COMPUTED:
            if type(_op) is not ROW or (_op is LEAF and _children is not None):
                _op, _extra = made_by_hand(data, _children, _op, _right)
                _children = _right = None
            _number = data if type(data) is float else real(data)
        Node.__init__(self, _number, _op, _children, _right, _dleft, _dright, _extra)  # type: ignore[arg-type] # compiled, it is checked
        if label is not NO_LABEL:
            self._extras().label = label_of(label)
        if STATE.watched:
            STATE.hooks.created(self)
        if STATE.paused and _op is not LEAF and not RECORDING.get():
            self._stop()

    def __init_subclass__(cls) -> None:
        raise InputError("Value cannot be subclassed: its methods create Values. Hold one in an attribute, or write functions of Values")

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The inputs in order, with repetitions: those of `a * a` are `(a, a)`."""
        return cast("tuple[Value, ...]", self._inputs)

    def backward(self, create_graph: object = False) -> None:
        """Fill `.grad` of every node this one depends on with the derivative of this one with respect to it.

        Leaves add up over several calls, until their `.grad` is set to 0; all other nodes start anew each time. After an interrupt the
        leaves are as they were. Numbers follow IEEE 754: an infinite slope gives inf; times a slope that is 0 by value, as in
        sqrt(a * 0.0), nan. A slope that is 0 because the input was not selected (relu, clip, maximum, minimum, floor, ceil, sign, where)
        passes nothing on: sqrt(relu(x)) has the derivative 0 where x < 0. Threads may run it at once on graphs that share no leaf.

        Args:
            create_graph: also build the graph of the derivatives: the `.grad` of each leaf is then a Value, which can be differentiated
                again. It refers back to the leaf, so the two are freed only when `.grad` is set to a number, as `zero_grad` does;
                `autograd.grad` has no such need.

        Raises:
            StaleGraphError: with `create_graph`, when `.data` was assigned since the graph was built.
            AnomalyError: within `detect_anomaly`, at the first gradient that is nan or inf.
            InputError: it depends on an argument of a function that is differentiated or compiled; or `create_graph` is not a bool.

        Example:
            >>> x = Value(3.0)
            >>> (x * x).backward()
            >>> x.grad
            6.0
        """
        if create_graph is not False and create_graph is not True:
            raise seed_refused(create_graph)
        if create_graph:
            STATE.hooks.differentiate(self)
            return
        if STATE.traced:
            STATE.hooks.backward_called(self)
        backward(self, STATE.hooks.gradient_check() if STATE.watched else None)

    def __radd__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else left + self

    def __rsub__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else left - self

    def __rmul__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else left * self

    def __rtruediv__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else left / self

    def __rpow__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else apply(POW, [left, self])

    def __mod__(self, other: object) -> Any:
        return NotImplemented if (right := operand(other)) is None else apply(ops.REMAINDER, [self, right])

    def __rmod__(self, other: object) -> Any:
        return NotImplemented if (left := operand(other)) is None else apply(ops.REMAINDER, [left, self])

    def __pos__(self) -> Value:
        return Value(self._data, self, ops.POS, None, 1.0)

    # == written out for speed: + - * / neg **, relu and dot, which are most of every graph ==============================
    # Each gives, bit for bit, what `apply` gives: test_written_out_operators_equal_their_rows_bit_for_bit in tests/test_value.py.

    def __add__(self, other: object) -> Any:
        b = other if isinstance(other, Value) else operand(other)
        return NotImplemented if b is None else Value(COMPUTED, self, ADD, b, 1.0, 1.0, None, self._data + b._data)

    def __sub__(self, other: object) -> Any:
        b = other if isinstance(other, Value) else operand(other)
        return NotImplemented if b is None else Value(COMPUTED, self, SUB, b, 1.0, -1.0, None, self._data - b._data)

    def __mul__(self, other: object) -> Any:
        b = other if isinstance(other, Value) else operand(other)
        return NotImplemented if b is None else Value(COMPUTED, self, MUL, b, b._data, self._data, None, self._data * b._data)

    def __truediv__(self, other: object) -> Any:
        b = other if isinstance(other, Value) else operand(other)
        if b is None or b._data == 0.0:
            return NotImplemented if b is None else apply(DIV, [self, b])
        y = self._data / b._data
        return Value(COMPUTED, self, DIV, b, 1.0 / b._data, -y / b._data, None, y)

    def __neg__(self) -> Value:
        return Value(COMPUTED, self, NEG, None, -1.0, 0.0, None, -self._data)

    def __pow__(self, other: object, modulo: object = None) -> Any:
        """`a ** b`. With a number `b` the node has one input, and the number stands in its operation: '**2'."""
        if isinstance(other, Value):
            return apply(POW, [self, other])
        if modulo is not None or not is_operand(other):
            return NotImplemented
        a, b = self._data, real(other)
        if b == 2.0:  # most powers are squares
            return Value(COMPUTED, self, SQUARE, None, 2.0 * a, 0.0, None, a * a)
        operation = POW.bind(b)
        if not a > 0.0 and outside(operation, FLOATS, a):
            return apply(operation, [self])
        y: float = FLOATS.power(a, b)
        # else the slope is another formula
        slope: float = b * FLOATS.power(a, b - 1.0) if b - 1.0 + 1.0 == b != 0.0 else operation.derivatives[0](FLOATS, y, a)
        return Value(COMPUTED, self, operation, None, slope, 0.0, None, y)


def apply_one(operation: Operation, x: Value) -> Value:
    """`apply` for one input, which most rows have, without the lists."""
    a = x._data
    if operation is RELU:
        return Value(COMPUTED, x, RELU, None, 1.0 if a > 0.0 else 0.0, 0.0, None, 0.0 if a <= 0.0 else a)
    if (operation.domain is not None or operation.pole is not None) and outside(operation, FLOATS, a):
        return apply(operation, [x])
    try:
        y = real(operation.value(FLOATS, a))
        return Value(y, x, operation, None, real(operation.derivatives[0](FLOATS, y, a)))
    except (ArithmeticError, ValueError):
        return apply(operation, [x])  # which says what is wrong


def dot(xs: object, ys: object) -> Value:
    """x₁y₁ + x₂y₂ + …, added from left to right, as one node. A neuron's weighted sum is one.

    Args:
        xs, ys: sequences of one length, of Values and numbers.

    Raises:
        InputError: the lengths differ, or an element is not a real number.

    Example:
        >>> w = [Value(1.0), Value(2.0)]
        >>> y = dot(w, [3.0, 4.0])
        >>> y.backward()
        >>> y.data, w[1].grad
        (11.0, 4.0)
    """
    left, right = vector(xs), vector(ys)
    if len(left) != len(right):
        raise InputError(f"dot needs two sequences of one length, not of {len(left)} and {len(right)}")
    total = 0.0
    for a, b in zip(left.nodes, right.nodes):  # noqa: B905 - with strict=, mypyc calls Python's slower zip
        total += a._data * b._data
    return Value(COMPUTED, None, DOT, None, 0.0, 0.0, Extra(left.nodes, right.numbers, right.nodes, left.numbers), total)


# == any row, any operand ==============================================================================================


def apply(operation: Operation, inputs: list[Value], checked: bool = True) -> Value:
    """The node of any row of the op table.

    Derivative rules are evaluated unchecked (`checked=False`): an infinite slope is inf, not an error.

    Raises:
        DomainError, PoleError: the inputs lie outside the operation's domain.
    """
    data = [node._data for node in inputs]
    if checked and (operation.domain is not None or operation.pole is not None) and outside(operation, FLOATS, *data) and not is_recorded():
        raise undefined(operation, inputs)
    try:
        y = real(operation.value(FLOATS, *data))
        slopes = [real(slope) for slope in operation.slopes(FLOATS, y, *data)]
    except AutogradError:
        raise
    except (ArithmeticError, ValueError) as error:  # only a user's own row comes here: those of the table are total
        raise undefined(operation, inputs, str(error)) from error
    return node_of(operation, inputs, y, slopes)


def node_of(operation: Operation, inputs: list[Value], y: float, slopes: list[float]) -> Value:
    """A node whose value and local derivatives are known already."""
    if len(slopes) != len(inputs):
        raise InputError(f"{operation.name} takes {len(slopes)} inputs, not {len(inputs)}")
    if len(inputs) == 1:
        return Value(y, inputs[0], operation, None, slopes[0])
    if len(inputs) == 2:
        return Value(y, inputs[0], operation, inputs[1], slopes[0], slopes[1])
    return Value(y, None, operation, None, 0.0, 0.0, Extra(cast("list[Node]", inputs), slopes))


def operand(other: object) -> Value | None:
    """`other` as a node, a constant where it is a number; None where `is_operand` is false."""
    if isinstance(other, Value):
        return other
    return Value(other, None, CONSTANT) if isinstance(other, (float, int)) or is_operand(other) else None


def values(items: object) -> list[Node]:
    """The items of a sequence as nodes: Values as they are, numbers as constants."""
    return [item if isinstance(item, Value) else Value(item, None, CONSTANT) for item in sequence(items)]


def vector(items: object, last: Vector | None = None) -> Vector:
    """The items of a sequence as a Vector: `last`, where it is of the same items, as the weights of a layer are between two updates."""
    if isinstance(items, Vector):
        return items
    return last if last is not None and isinstance(items, list) and last.is_of(items) else Vector(values(items))
