"""What Python may ask of a Value: its number, gradient and text, comparisons, a hash. While a function is traced, `Hooks` answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from autograd import ops
from autograd._runtime.attributes import is_own_attribute
from autograd._runtime.by_hand import assigned_backward, silent, slopes_by_hand
from autograd._runtime.coercion import is_number, is_operand, label_of, number_of, real
from autograd._runtime.messages import conversion_refused, described
from autograd._runtime.mypyc_shim import mypyc_attr
from autograd._runtime.state import STATE, is_recorded
from autograd.graph import Node, topological_order

CONSTANT: Final = ops.CONSTANT


@mypyc_attr(acyclic=True)
class Observed(Node):
    """A Node that has a number, a label and a text, and can be compared. `Value` adds the arithmetic."""

    __slots__ = ()

    @property
    def data(self) -> float:
        """The number. Assigning changes this node only: what was computed from it keeps its value and derivatives."""
        if STATE.recorders:
            STATE.hooks.number_read(self)
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        if STATE.recorders:
            STATE.hooks.number_assigned(self)
        self._data = real(number)

    @property
    def grad(self) -> Any:
        """The derivative of the node that `backward` was called on with respect to this one; 0 before. May be assigned.

        For a leaf, the sum over all calls. A float; after ``backward(create_graph=True)`` a Value.
        """
        if STATE.recorders:
            STATE.hooks.gradient_read(self)
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
        self._extras().label = label_of(name)

    @property
    def scope(self) -> str:
        """The `scope` contexts this node was made in, as "layer0/neuron2"."""
        return "" if self._extra is None else self._extra.scope

    def zero_grad(self) -> None:
        """Set the `.grad` of this one, and of every Value that it depends on, to 0.

        Example:
            >>> from autograd import Value
            >>> x = Value(3.0)
            >>> y = x * x
            >>> y.backward()
            >>> y.zero_grad()
            >>> x.grad, y.grad
            (0.0, 0.0)
        """
        for node in topological_order(self):
            node._grad = 0.0
            if node._extra is not None:
                node._extra.gradient = None

    @property
    def _slopes(self) -> tuple[float, ...]:
        """The local derivatives with respect to each input, at the time the node was made. If it was made by hand, its function tells."""
        if self._left is not None:
            return (self._dleft,) if self._right is None else (self._dleft, self._dright)
        extra = self._extra
        if extra is None:
            return ()
        return tuple(extra.dleft + extra.dright) if extra.own is None else slopes_by_hand(self)

    @property
    def _backward(self) -> Callable[[], None]:
        """The function that adds this node's gradient, times the local derivatives, to the gradients of its inputs.

        May be assigned, as in micrograd, where the node was made by hand: ``Value(data, (a, b), "op")``.
        """
        return self._pass_on

    @_backward.setter
    def _backward(self, function: object) -> None:
        assigned_backward(self, function)

    @property
    def _children(self) -> tuple[Any, ...]:
        """The inputs, as `_prev` has them."""
        return self._inputs

    @property
    def _op(self) -> str:
        """The symbol of the operation, `""` for a leaf: '+', '*', '**2', 'ReLU', 'tanh'."""
        return self._operation.symbol

    def _assign(self, name: str, item: object) -> None:
        """`setattr` in the compiled core, where a Value has no `__dict__` for attributes of the user's own."""
        try:
            object.__setattr__(self, name, item)
        except AttributeError:
            if not is_own_attribute(type(self), name):
                raise
            object.__setattr__(self, name, item)

    # -- comparisons --------------------------------------------------------------------------------------------------

    def __lt__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return STATE.hooks.compared("<", self, other) if STATE.recorders else self._data < number_of(other)

    def __le__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return STATE.hooks.compared("<=", self, other) if STATE.recorders else self._data <= number_of(other)

    def __gt__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return STATE.hooks.compared(">", self, other) if STATE.recorders else self._data > number_of(other)

    def __ge__(self, other: object) -> Any:
        if not is_operand(other):
            return NotImplemented
        return STATE.hooks.compared(">=", self, other) if STATE.recorders else self._data >= number_of(other)

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Node) and not STATE.traced:
            return self is other
        return STATE.hooks.compared("==", self, other) if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        if isinstance(other, Node) and not STATE.traced:
            return self is not other
        return STATE.hooks.compared("!=", self, other) if is_number(other) else NotImplemented

    def __hash__(self) -> int:
        if STATE.traced:
            STATE.hooks.hashed(self)
        return id(self) >> 4  # the low bits of an address are always 0

    def __bool__(self) -> bool:
        return STATE.hooks.truth(self) if STATE.recorders else self._data != 0.0

    # -- text, and what a Value cannot be converted to ------------------------------------------------------------------

    def __format__(self, spec: str) -> str:
        """As its number, where a format is given: f"{loss:.4f}"."""
        shown = STATE.traced and STATE.hooks.is_shown_as_number(self)
        return format(self._data, spec) if shown or spec else described(self)

    def __repr__(self) -> str:
        return repr(self._data) if STATE.traced and STATE.hooks.is_shown_as_number(self) else described(self)

    def _refused(self, error: Exception) -> Exception:
        """The error, to be raised; a traced function that catches it ends with it all the same."""
        return STATE.hooks.refused(self, error) if STATE.traced else error

    def __float__(self) -> float:
        raise self._refused(conversion_refused("float", self))

    def __int__(self) -> int:
        raise self._refused(conversion_refused("int", self))

    def __round__(self, digits: object = None) -> float:
        raise self._refused(conversion_refused("round", self))

    # -- no_grad -----------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Let no derivative pass through this node: make it a constant; while a function is recorded, one that each run computes anew."""
        extra = self._extra
        if self._operation is CONSTANT:
            return
        if STATE.recorders and is_recorded():
            self._operation = self._operation.stopped()
            self._dleft = self._dright = 0.0
            if extra is not None:
                extra.dleft, extra.dright = [0.0] * len(extra.left), [0.0] * len(extra.right)
        else:
            self._operation = CONSTANT
            self._left = self._right = None
            if extra is not None:
                extra.left, extra.right, extra.dleft, extra.dright = [], [], [], []
                extra.own = None if extra.own is None else silent
