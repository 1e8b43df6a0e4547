"""Value: a number that remembers how it was computed, and `backward`, which applies the chain rule.

Only `+ - * / neg **`, `dot` and `relu`, which are most of every graph, are written out here; a test holds them to their rows of the
op table, bit for bit. Every other operation is made from its row by `apply`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, cast, final

from autograd import ops
from autograd.contexts import RECORDING, anomaly_is_looked_for, check_gradients_of_inputs
from autograd.errors import AutogradError, DomainError, InputError, MagnitudeError, PoleError
from autograd.graph import Extra, Node, topological_order
from autograd.namespaces import FLOATS
from autograd.native import mypyc_attr
from autograd.ops import Operation, outside
from autograd.state import STATE

# The rows that are named below. Compiled, a Final is a variable; an imported name is looked up in a dictionary at every node.
LEAF: Final = ops.LEAF
CONSTANT: Final = ops.CONSTANT
ADD: Final = ops.ADD
SUB: Final = ops.SUB
MUL: Final = ops.MUL
DIV: Final = ops.DIV
NEG: Final = ops.NEG
POS: Final = ops.POS
POW: Final = ops.POW
DOT: Final = ops.DOT
SQUARE: Final = ops.POW.bind(2.0)
REMAINDER: Final = ops.REMAINDER
RELU: Final = ops.RELU
ROW: Final = Operation  # the class
COMPUTED: Final = object()
"""In place of the data of a Value whose number is passed on as such."""

NO_LABEL: Final = ""

_NOT_NUMBERS: Final = (str, bytes, bytearray, complex, list, tuple, dict, set, frozenset, type(None))


@final
@mypyc_attr(acyclic=True)
class Value(Node):
    """A scalar, the operation and inputs it came from, and (after `backward`) the derivative of the result by it.

    Args:
        data: a real number: int, float, a NumPy scalar, `Fraction`, `Decimal`.
        label: a name for pictures and messages.

    `<`, `<=`, `>`, `>=` and `bool` look at the data, as a float's do. `==` and `hash` are by identity, so that a Value can stand in sets
    and dicts; `v == 0` is an error: compare numbers with `v.data == 0`. In a function that is differentiated or compiled, `==` compares
    the numbers, as it does when the function is called with floats.

    Raises:
        InputError: `data` is not a real number, or the label is no keyword argument.

    Example:
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> loss = a * b + a**2
        >>> loss.backward()
        >>> loss.data, a.grad, b.grad
        (-2.0, 1.0, 2.0)
    """

    __slots__ = ("_data", "_dleft", "_dright", "_grad", "_operation")

    def __init__(
        self,
        data: object,
        _operation: Operation = LEAF,
        _left: object = None,
        _right: object = None,
        _dleft: float = 0.0,
        _dright: float = 0.0,
        _extra: Extra | None = None,
        _number: float = 0.0,
        *,
        label: object = "",
    ) -> None:
        # Compiled, an argument of type object is a float that has to be made, and thrown away: what the engine computes is `_number`.
        if data is COMPUTED:
            self._data: float = _number
        else:
            if _operation is not LEAF and _operation is not CONSTANT and (type(_operation) is not ROW or _left is _extra is None):
                raise InputError(
                    f"a Value has a number and a label, as in Value({data!r}, label='x'), not {_operation!r}; an operation of your own "
                    "is a function of Values, or what define(name, value, derivative) returns"
                )
            self._data = data if type(data) is float else real(data)
        # Compiled, what is assigned is checked here. An argument of this type would be checked before, with an error that helps nobody.
        self._left = _left  # type: ignore[assignment]
        self._right = _right  # type: ignore[assignment]
        self._extra = _extra
        self._mark = 0
        self._grad: float = 0.0
        self._dleft: float = _dleft  # the local derivative with respect to the left input, at the recorded point
        self._dright: float = _dright
        self._operation: Operation = _operation
        if label is not NO_LABEL:
            self._set_label(label)
        if STATE.watched and STATE.observe is not None:
            STATE.observe(self)
        if STATE.paused and _operation is not LEAF and not RECORDING.get():
            self._stop()

    def __init_subclass__(cls) -> None:
        raise InputError("Value cannot be subclassed: its methods create Values. Hold one in an attribute, or write functions of Values")

    def _stop(self) -> None:
        """Let no derivative pass through this node: make it a constant; while a function is recorded, one that each run computes anew."""
        if self._operation is CONSTANT:
            return
        extra = self._extra
        if is_recorded():
            self._operation = self._operation.stopped()
            self._dleft = self._dright = 0.0
            if extra is not None:
                extra.dleft, extra.dright = [0.0] * len(extra.left), [0.0] * len(extra.right)
            return
        self._operation = CONSTANT
        self._left = self._right = None
        if extra is not None:
            extra.drop_inputs()

    # -- what it holds ------------------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Assigning changes this node only: what was computed from it keeps its value and derivatives."""
        if STATE.recorders and STATE.asked is not None:
            STATE.asked("data", self, None)
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        if STATE.recorders and STATE.asked is not None:
            STATE.asked("assign", self, number)
        self._data = real(number)

    @property
    def grad(self) -> Any:
        """The derivative of the node that `backward` was called on by this one; 0 before. May be assigned.

        A float; after ``backward(create_graph=True)`` a Value.
        """
        if STATE.recorders and STATE.asked is not None:
            STATE.asked("grad", self, None)
        extra = self._extra
        return self._grad if extra is None or extra.gradient is None else extra.gradient

    @grad.setter
    def grad(self, number: object) -> None:
        self._grad = real(number)
        if self._extra is not None:
            self._extra.gradient = None

    @property
    def label(self) -> str:
        """A name for pictures and messages, "" where there is none. May be assigned."""
        return "" if self._extra is None else self._extra.label

    @label.setter
    def label(self, name: object) -> None:
        self._set_label(name)

    def _set_label(self, name: object) -> None:
        """Assign the label. Compiled, an assignment to the property would check the type first, with an error that helps nobody."""
        if not isinstance(name, str):
            raise InputError(f"a label is a string, not {name!r} of type {type(name).__name__}: write label=str(…), or leave it out")
        self._extras().label = name

    def _extras(self) -> Extra:
        if self._extra is None:
            self._extra = Extra()
        return self._extra

    @property
    def scope(self) -> str:
        """The `scope` contexts this node was made in, as "layer0/neuron2"."""
        return "" if self._extra is None else self._extra.scope

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The inputs, in order, with multiplicity: those of `a * a` are `(a, a)`."""
        if self._left is None:
            return () if self._extra is None else tuple([cast(Value, node) for node in self._extra.left + self._extra.right])
        return (cast(Value, self._left),) if self._right is None else (cast(Value, self._left), cast(Value, self._right))

    @property
    def _slopes(self) -> tuple[float, ...]:
        """The local derivatives, one an input, as they were when the node was made."""
        if self._left is None:
            return () if self._extra is None else tuple(self._extra.dleft + self._extra.dright)
        return (self._dleft,) if self._right is None else (self._dleft, self._dright)

    @property
    def _op(self) -> str:
        """The symbol of the operation, `""` for a leaf: '+', '*', '**2', 'ReLU', 'tanh'."""
        return self._operation.symbol

    # -- the chain rule -----------------------------------------------------------------------------------------------

    def _backward(self) -> None:
        """Add this node's gradient, times the local derivative, to each of its inputs."""
        grad = self._grad
        left = self._left
        if left is not None:
            part = self._dleft * grad
            cast(Value, left)._grad += part if part == part else self._selected(self._dleft)
        right = self._right
        if right is not None:
            part = self._dright * grad
            cast(Value, right)._grad += part if part == part else self._selected(self._dright)
        extra = self._extra
        if extra is not None:
            for node, slope in zip(extra.left, extra.dleft):  # noqa: B905 - see dot
                part = slope * grad
                cast(Value, node)._grad += part if part == part else self._selected(slope)
            for node, slope in zip(extra.right, extra.dright):  # noqa: B905
                part = slope * grad
                cast(Value, node)._grad += part if part == part else self._selected(slope)

    def _selected(self, slope: float) -> float:
        """A part of a gradient that came out as nan: 0, where this slope says that the input was not selected; see `Operation.selects`."""
        return 0.0 if slope == 0.0 and self._operation.selects else math.nan

    def backward(self, create_graph: object = False) -> None:
        """Fill `.grad` of every node this one depends on with the derivative of this one by it.

        Leaves add up over several calls, until their `.grad` is set to 0; all other nodes start anew each time. If it is
        interrupted, the leaves are as they were before. Never raises for numeric reasons: an infinite slope is inf. Times a slope
        that is 0 by value, as in sqrt(a * 0.0), it is nan. A slope that is 0 because the input was not selected (relu, clip, maximum,
        minimum, floor, ceil, sign, where) passes nothing on: sqrt(relu(x)) has the derivative 0 where x < 0.
        Several threads may each go backward through a graph of their own, but not through graphs that share a leaf.

        Args:
            create_graph: also build the graph of the derivatives: the `.grad` of each leaf is a Value then, which can be
                differentiated again. It refers back to the leaf, so the two are freed only when `.grad` is set to a
                number, as `zero_grad` does; `autograd.grad` has no such need.

        Raises:
            StaleGraphError: with `create_graph`, when `.data` was assigned since the graph was built.
            AnomalyError: within `detect_anomaly`, at the first gradient that is nan or inf.
            InputError: within a function that is differentiated or compiled, of what depends on its arguments; or `create_graph` is
                neither True nor False, such as the gradient that PyTorch's `backward` takes.

        Example:
            >>> x = Value(3.0)
            >>> (x * x).backward()
            >>> x.grad
            6.0
        """
        if create_graph is not False and create_graph is not True:
            raise InputError(
                f"backward takes create_graph=True or False, not {create_graph!r}: it starts from the derivative 1. For that of c * y "
                "write (c * y).backward()"
            )
        if create_graph and STATE.differentiate is not None:
            STATE.differentiate(self)
            return
        if STATE.traced and STATE.asked is not None:
            STATE.asked("backward", self, None)
        self._go_backward()

    def _go_backward(self) -> None:
        """The chain rule on the stored local derivatives."""
        order = topological_order(self)
        leaves: list[Value] = []
        before: list[float] = []
        for node in order:
            value = cast(Value, node)
            if value._operation is LEAF:
                leaves.append(value)
                before.append(value._grad)
                if value._extra is not None:
                    value._extra.gradient = None
            else:
                value._grad = 0.0
        try:
            self._grad += 1.0
            if STATE.watched and anomaly_is_looked_for():
                for i in range(len(order) - 1, -1, -1):
                    cast(Value, order[i])._backward()
                    check_gradients_of_inputs(order[i])
            else:
                for i in range(len(order) - 1, -1, -1):
                    cast(Value, order[i])._backward()
        except BaseException:  # Ctrl-C above all
            for i in range(len(leaves)):
                leaves[i]._grad = before[i]
            raise

    # -- arithmetic: the rows of the op table that are most of every graph, written out ------------------------------------

    def __add__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else operand(other)
        if right is None:
            return NotImplemented
        return Value(COMPUTED, ADD, self, right, 1.0, 1.0, None, self._data + right._data)

    def __radd__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else left + self

    def __sub__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else operand(other)
        if right is None:
            return NotImplemented
        return Value(COMPUTED, SUB, self, right, 1.0, -1.0, None, self._data - right._data)

    def __rsub__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else left - self

    def __mul__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else operand(other)
        if right is None:
            return NotImplemented
        return Value(COMPUTED, MUL, self, right, right._data, self._data, None, self._data * right._data)

    def __rmul__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else left * self

    def __truediv__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else operand(other)
        if right is None:
            return NotImplemented
        b = right._data
        if b == 0.0:
            return apply(DIV, [self, right])
        y = self._data / b
        return Value(y, DIV, self, right, 1.0 / b, -y / b)

    def __rtruediv__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else left / self

    def __pow__(self, other: object, modulo: object = None) -> Any:
        """`a ** b`. With a number `b` the node has one input, and the number stands in its operation: '**2'."""
        if isinstance(other, Value):
            return apply(POW, [self, other])
        if modulo is not None or not is_operand(other):
            return NotImplemented
        b = real(other)
        a = self._data
        if b == 2.0:  # most powers are squares
            return Value(COMPUTED, SQUARE, self, None, 2.0 * a, 0.0, None, a * a)
        operation = POW.bind(b)
        if not a > 0.0 and outside(operation, FLOATS, a):
            return apply(operation, [self])
        y: float = FLOATS.power(a, b)
        if b - 1.0 + 1.0 == b != 0.0:  # else the slope is another formula
            slope: float = b * FLOATS.power(a, b - 1.0)
        else:
            slope = operation.derivatives[0](FLOATS, y, a)
        return Value(y, operation, self, None, slope)

    def __rpow__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else apply(POW, [left, self])

    def __mod__(self, other: object) -> Any:
        right = operand(other)
        return NotImplemented if right is None else apply(REMAINDER, [self, right])

    def __rmod__(self, other: object) -> Any:
        left = operand(other)
        return NotImplemented if left is None else apply(REMAINDER, [left, self])

    def __neg__(self) -> Value:
        return Value(COMPUTED, NEG, self, None, -1.0, 0.0, None, -self._data)

    def __pos__(self) -> Value:
        return Value(self._data, POS, self, None, 1.0)

    # -- as a number --------------------------------------------------------------------------------------------------

    def __lt__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return self._data < number_of(other) if not STATE.recorders else compare("<", self, other)

    def __le__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return self._data <= number_of(other) if not STATE.recorders else compare("<=", self, other)

    def __gt__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return self._data > number_of(other) if not STATE.recorders else compare(">", self, other)

    def __ge__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return self._data >= number_of(other) if not STATE.recorders else compare(">=", self, other)

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Value) and not STATE.traced:
            return self is other
        return compare("equals", self, other) if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        if isinstance(other, Value) and not STATE.traced:
            return self is not other
        return compare("differs", self, other) if is_number(other) else NotImplemented

    def __hash__(self) -> int:
        if STATE.traced and STATE.asked is not None:
            STATE.asked("hash", self, None)
        return id(self) >> 4  # the low bits of an address are always 0

    def __bool__(self) -> bool:
        return self._data != 0.0 if not STATE.recorders else not compare("==", self, 0.0)

    def _refused(self, error: Exception) -> Exception:
        """The error, to be raised; a traced function that catches it ends with it all the same."""
        if STATE.traced and STATE.asked is not None:
            STATE.asked("refused", self, error)
        return error

    def __float__(self) -> float:
        raise self._refused(
            InputError(
                f"float({self._described()}) would drop its gradient: write v.data for the number, or use the functions of autograd "
                "(autograd.sin(v), not math.sin(v)), which keep it"
            )
        )

    def __int__(self) -> int:
        raise self._refused(
            InputError(
                f"int({self._described()}) would drop its gradient: write int(v.data) for the number, or floor(v), whose derivative is 0"
            )
        )

    def __round__(self, digits: object = None) -> float:
        raise self._refused(
            InputError(
                f"round({self._described()}) would drop its gradient: write round(v.data, 4) for the number, or show it as f'{{v:.4f}}'"
            )
        )

    def __format__(self, spec: str) -> str:
        """As its number, where a format is given: f"{loss:.4f}"."""
        if STATE.traced and STATE.asked is not None and STATE.asked("text", self, None) == "number":
            return format(self._data, spec)
        return format(self._data, spec) if spec else self._described()

    def __repr__(self) -> str:
        if STATE.traced and STATE.asked is not None and STATE.asked("text", self, None) == "number":
            return repr(self._data)
        return self._described()

    def _described(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"


# -- nodes from rows of the op table ------------------------------------------------------------------------------------


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


def apply_one(operation: Operation, x: Value) -> Value:
    """`apply` for one input, which most rows have: without the lists it takes a third of the time.

    Raises:
        DomainError, PoleError: the input lies outside the operation's domain.
    """
    a = x._data
    if operation is RELU:  # most neurons have one: written out, as the arithmetic above
        return Value(COMPUTED, RELU, x, None, 1.0 if a > 0.0 else 0.0, 0.0, None, 0.0 if a <= 0.0 else a)
    if (operation.domain is not None or operation.pole is not None) and outside(operation, FLOATS, a):
        return apply(operation, [x])
    try:
        y = real(operation.value(FLOATS, a))
        return Value(y, operation, x, None, real(operation.derivatives[0](FLOATS, y, a)))
    except (ArithmeticError, ValueError):
        return apply(operation, [x])  # which says what is wrong


def node_of(operation: Operation, inputs: list[Value], y: float, slopes: list[float]) -> Value:
    """A node with what is known of it already: its value and local derivatives."""
    if len(slopes) != len(inputs):
        raise InputError(f"{operation.name} takes {len(slopes)} inputs, not {len(inputs)}")
    if len(inputs) == 1:
        return Value(y, operation, inputs[0], None, slopes[0])
    if len(inputs) == 2:
        return Value(y, operation, inputs[0], inputs[1], slopes[0], slopes[1])
    return Value(y, operation, None, None, 0.0, 0.0, Extra(cast("list[Node]", inputs), slopes))


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
    left = vector(xs)
    right = vector(ys)
    if len(left) != len(right):
        raise InputError(f"dot needs two sequences of one length, not of {len(left)} and {len(right)}")
    total = 0.0
    for a, b in zip(left.nodes, right.nodes):  # noqa: B905 - with strict=, mypyc calls Python's zip, which takes five times as long
        total += cast(Value, a)._data * cast(Value, b)._data
    return Value(COMPUTED, DOT, None, None, 0.0, 0.0, Extra(left.nodes, right.numbers, right.nodes, left.numbers), total)


# -- the door: what may be used as a number -----------------------------------------------------------------------------


def real(number: object) -> float:
    """`number` as a float.

    Raises:
        InputError: it is not a real number.
        MagnitudeError: it is an integer or fraction too large for a float.
    """
    if isinstance(number, float):
        return float(number)
    if type(number) is int and -(2**53) < number < 2**53:  # a tenth of the time of what follows
        return float(number)
    if isinstance(number, (numbers.Real, Decimal)) or type(number).__name__ in ("bool", "bool_"):
        try:
            return float(cast(Any, number))
        except OverflowError:
            raise MagnitudeError(f"{type(number).__name__} too large for a float: scale it, or pass float('inf')") from None
    if isinstance(number, Value):
        raise InputError(f"a number is needed here, not {number._described()}: write .data for its number")
    if isinstance(number, complex):
        raise InputError(f"complex numbers are not supported: {number!r}; use two Values, its real and imaginary part")
    if isinstance(number, str):
        raise InputError(f"a string is not a number: {number!r}; write float({number!r}) if it holds one")
    if getattr(number, "ndim", None) == 0:
        raise InputError(f"a Value is one number, not {type(number).__name__}, even of no axes: write x.item() for its number")
    if hasattr(number, "__len__") or hasattr(number, "__array__"):
        raise InputError(f"a Value is one number, not {type(number).__name__}: make one of each element, as in [Value(x) for x in xs]")
    raise InputError(f"not a real number: {number!r} of type {type(number).__name__}")


def is_number(other: object) -> bool:
    """Whether `other` is a Value or a real number."""
    # NumPy's truth value is no numbers.Real
    return isinstance(other, (Value, float, int, numbers.Real, Decimal)) or type(other).__name__ in ("bool", "bool_")


def is_operand(other: object) -> bool:
    """Whether `other` can be used beside a Value; False where it may know itself what to do (an array, a user's class).

    Raises:
        InputError: it is of a type that certainly cannot, such as a string.
    """
    if is_number(other):
        return True
    if isinstance(other, _NOT_NUMBERS):
        real(other)  # raises
    return False


def operand(other: object) -> Value | None:
    """`other` as a node, a constant where it is a number; None where `is_operand` is false."""
    if isinstance(other, Value):
        return other
    if isinstance(other, float):
        return Value(other, CONSTANT)
    if isinstance(other, int):
        return Value(real(other), CONSTANT)
    return Value(real(other), CONSTANT) if is_operand(other) else None


def is_recorded() -> bool:
    """Whether this thread is within a function that is being recorded."""
    return STATE.recorders != 0 and STATE.asked is not None and bool(STATE.asked("is recorded", None, None))


def compare(symbol: str, a: Value, b: object) -> Any:
    """A comparison while a function is recorded: see `autograd.recording`."""
    return NotImplemented if STATE.asked is None else STATE.asked(symbol, a, b)


def number_of(other: object) -> float:
    """The number of a Value, or the number itself."""
    return other._data if isinstance(other, Value) else real(other)


# natively, these take a third of the time that asking each Value takes, or less


def numbers_of(nodes: list[Value]) -> list[float]:
    """The numbers of some Values."""
    return [node._data for node in nodes]


def _same_input(ours: Node | None, theirs: Node | None) -> bool:
    """Whether both are at the same position of the graphs that `first_difference` compares, or both are none."""
    if ours is None or theirs is None:
        return ours is theirs
    return ours._mark == theirs._mark


def first_difference(ours: list[Value], theirs: list[Value], known: dict[int, Value], shared: list[Value]) -> int:
    """The first position at which two graphs differ in an operation, a constant or an input; -1 where they are the same.

    Args:
        ours, theirs: the nodes of each graph, in topological order.
        known: the leaf of theirs that stands for one of ours, by the `id` of ours; another leaf stands for itself.
        shared: receives the nodes, other than leaves, that are the same object in both.
    """
    n = min(len(ours), len(theirs))
    for nodes in (ours, theirs):
        for i in range(n):
            nodes[i]._mark = -1 - i  # a number of this comparison: the mark of no walk is negative
    for i in range(n):
        a = ours[i]
        b = theirs[i]
        if a is b:
            if a._operation is not LEAF:
                shared.append(a)
            elif known.get(id(a), a) is not b:  # a leaf that the first run left behind
                return i
            continue
        if a._operation is not b._operation and not a._operation.is_same(b._operation):
            return i
        if not _same_input(a._left, b._left) or not _same_input(a._right, b._right):
            return i
        extra, more = a._extra, b._extra
        if a._left is None and (extra is not None or more is not None):
            inputs = [] if extra is None else extra.left + extra.right
            others = [] if more is None else more.left + more.right
            if len(inputs) != len(others):
                return i
            for x, y in zip(inputs, others):  # noqa: B905 - see dot
                if x._mark != y._mark:
                    return i
        if a._operation is LEAF:
            if known.get(id(a)) is not b:
                return i
        elif a._operation is CONSTANT and (a._data != b._data or a._data == 0.0) and a._data.hex() != b._data.hex():
            return i
    return -1 if len(ours) == len(theirs) else n


def set_numbers(nodes: list[Value], numbers: list[float]) -> None:
    """Assign the `.data` of some Values."""
    for node, number in zip(nodes, numbers):  # noqa: B905 - see dot
        node._data = number


def gradients_of(nodes: list[Value]) -> list[Any]:
    """The gradients of some Values."""
    return [node.grad for node in nodes]


def set_gradients(nodes: list[Value], gradients: list[float]) -> None:
    """Assign the `.grad` of some Values."""
    for node, gradient in zip(nodes, gradients):  # noqa: B905 - see dot
        node.grad = gradient


def add_gradients(nodes: list[Value], gradients: list[float]) -> None:
    """Add to the gradients of some Values, as `backward` does."""
    for node, gradient in zip(nodes, gradients):  # noqa: B905 - see dot
        node._grad += gradient
        if node._extra is not None:
            node._extra.gradient = None


def values(items: object) -> list[Node]:
    """Values and numbers as nodes.

    Raises:
        InputError: `items` is no sequence, or an element is not a real number.
    """
    if isinstance(items, list):  # natively, in half of the time that any other sequence takes
        return [item if isinstance(item, Value) else Value(real(item), CONSTANT) for item in items]
    try:
        iter(cast(Any, items))
    except TypeError:  # a NumPy scalar has the methods of a sequence, and is none
        raise InputError(f"a sequence of Values and numbers is needed, not {items!r}") from None
    return [item if isinstance(item, Value) else Value(real(item), CONSTANT) for item in cast(Any, items)]


@final
@mypyc_attr(acyclic=True)
class Vector:
    """Nodes and their numbers, which several `dot`s may share. It can be read as a list of Values can."""

    __slots__ = ("nodes", "numbers")

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes: list[Node] = nodes
        self.numbers: list[float] = [cast(Value, node)._data for node in nodes]

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, index: Any) -> Any:
        return self.nodes[index]


def vector(items: object, last: Vector | None = None) -> Vector:
    """Values and numbers as a Vector, which they may be already.

    `last` is returned where it still says what would be said anew: the weights of a layer are the same for all samples between two
    updates. To look costs a third of what noting them costs, and they take memory once, not for every sample.

    Raises:
        InputError: see `values`.
    """
    if isinstance(items, Vector):
        return items
    if last is not None and isinstance(items, list) and len(items) == len(last.nodes):
        for item, node, number in zip(items, last.nodes, last.numbers):  # noqa: B905 - see dot
            if item is not node or cast(Value, node)._data != number or number == 0.0:  # which may have been -0.0
                return Vector(values(items))
        return last
    return Vector(values(items))


def undefined(operation: Operation, inputs: list[Value], reason: str = "") -> AutogradError:
    """The exception for inputs outside the domain: which operation, which numbers, which labels, what to do."""
    numbers_in = [node._data for node in inputs]
    numbers_in.extend(operation.constants)
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(numbers_in)]
    point = ", ".join(
        f"{letter} = {number!r}" + (f" (label {inputs[i].label!r})" if i < len(inputs) and inputs[i].label else "")
        for i, (letter, number) in enumerate(zip(letters, numbers_in, strict=False))
    )
    call = f"{operation.name}({', '.join(letters)})"
    message = f"{call} failed, {reason}: {point}" if reason else f"{call} needs {operation.requires or 'inputs in its domain'}, but {point}"
    pole = operation.pole is not None and operation.pole(FLOATS, *[node._data for node in inputs])
    if pole or reason.endswith("division by zero"):
        return PoleError(message)
    return DomainError(message + f"; to give another value there: where(condition, lambda: {call}, lambda: …)")
