"""The op table as functions and methods: `exp(v)`, `v.exp()`; and the namespace in which rules build graphs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.errors import InputError
from autograd.namespaces import FLOATS, Namespace, Truth
from autograd.ops import CONSTANT, EXP, LOG, OPERATIONS, RELU, SIGMOID, TANH, Operation, Rule, outside
from autograd.ops import define as define_row
from autograd.value import Value, apply, number_of, real, undefined


def call(operation: Operation, *operands: Any, checked: bool = True) -> Any:
    """Apply an operation to Values and numbers: a Value, or a float where all of them are numbers.

    Raises:
        InputError: an operand is not a real number, or there are too few or too many.
        DomainError, PoleError: the operation is not defined at this point.
    """
    if operation.arity is not None and len(operands) != operation.arity:
        raise InputError(f"{operation.name} takes {operation.arity} inputs, not {len(operands)}")
    if not any(isinstance(x, Value) for x in operands):
        data = [real(x) for x in operands]
        if checked and outside(operation, FLOATS, *data):
            raise undefined(operation, [Value(x) for x in data])
        return real(operation.value(FLOATS, *data))
    if operation.parameters:
        parameters = operands[-operation.parameters :]
        if not any(isinstance(x, Value) for x in parameters):
            operation = operation.bind(*[real(x) for x in parameters])
            operands = operands[: -len(parameters)]
    return apply(operation, [x if isinstance(x, Value) else Value(real(x), CONSTANT) for x in operands], checked)


def function_of(operation: Operation) -> Callable[..., Any]:
    """The row as a function of Values and numbers, documented from the row."""

    def function(*operands: Any) -> Any:
        return call(operation, *operands)

    letters = ", ".join("abcdef"[: operation.arity])
    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = f"{operation.name}({letters}): {operation.doc}"
    if operation.requires:
        function.__doc__ += f"\n\nDefined for {operation.requires}; elsewhere a DomainError or PoleError."
    return function


def method_of(operation: Operation) -> Callable[[Value], Value]:
    """The row as a method of Value."""

    def method(self: Value) -> Value:
        return apply(operation, [self])

    method.__name__ = operation.name
    method.__qualname__ = f"Value.{operation.name}"
    method.__doc__ = f"{operation.doc}. The same as `autograd.{operation.name}(v)`."
    return method


def define(name: str, value: Rule, *derivatives: Rule, **row: Any) -> Callable[..., Any]:
    """Add an operation of your own to the op table, and return it as a function of Values and numbers.

    It works like the built-in ones from then on: eager, compiled, in derivatives of any order, in pictures and checks.

    Args:
        name: a new name.
        value: the value, a rule ``lambda xp, a, b: …``; `xp` has NumPy's functions.
        derivatives: one rule ``lambda xp, y, a, b: …`` an input, where `y` is the value.
        row: `domain`, `pole`, `requires`, `symbol`, `variadic`, `parameters`, `doc`; see `autograd.ops.define`.

    Raises:
        DefinitionError: the name is taken, or a derivative is missing.

    Example:
        >>> softsign = define("softsign_example", lambda xp, a: a / (1.0 + xp.where(a > 0.0, a, -a)),
        ...                   lambda xp, y, a: 1.0 / (1.0 + xp.where(a > 0.0, a, -a)) ** 2)
        >>> x = Value(1.0)
        >>> softsign(x).backward()
        >>> x.grad
        0.25
    """
    return function_of(define_row(name, value, *derivatives, **row))


NUMPY_NAMES = {"divide": "div", "power": "pow"}
"""Where NumPy's name, which rules use, differs from the row's."""


class Graphs:
    """The namespace of Values: a rule evaluated on it builds the graph of its expression.

    Nothing is checked and nothing raises: an infinite slope is inf.
    """

    inf = math.inf
    nan = math.nan

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = OPERATIONS.get(NUMPY_NAMES.get(name, name))
        if operation is None:
            raise AttributeError(f"rules cannot use xp.{name}: there is no operation of that name")

        def function(*operands: Any) -> Any:
            return call(operation, *operands, checked=False)

        setattr(self, name, function)
        return function

    @staticmethod
    def equal(a: Any, b: Any) -> bool:
        """Whether the numbers are equal."""
        return number_of(a) == number_of(b)

    @staticmethod
    def where(condition: Truth, a: Any, b: Any) -> Any:
        """The selected side; the other has no part in the graph."""
        return a if condition else b


GRAPHS: Namespace = Graphs()


def where(condition: Truth, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`. Either may be a function of no arguments, which is called only if selected.

    Write it with functions where the other side is not defined: its pole then cannot be met.

    Raises:
        InputError: the condition is a Value, whose truth would depend on its sign being exactly 0.

    Example:
        >>> x = Value(-1.0)
        >>> where(x > 0, lambda: log(x), lambda: 0.0)
        0.0
    """
    if isinstance(condition, Value):
        raise InputError(f"where needs a condition, not {condition!r}: write where(v > 0, …)")
    selected = a if condition else b
    return selected() if callable(selected) else selected


def softmax(logits: Any) -> list[Any]:
    """exp(zᵢ) / Σ exp(zⱼ): positive numbers that add up to 1. Stable for logits of any size.

    Args:
        logits: a sequence of Values and numbers, at least one.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> softmax([0.0, 0.0])
        [0.5, 0.5]
    """
    shifted = _below_largest(logits)
    exponentials = [exp(z) for z in shifted]
    total = sum(exponentials[1:], exponentials[0])
    return [e / total for e in exponentials]


def log_softmax(logits: Any) -> list[Any]:
    """The logarithm of `softmax`, without computing the softmax: log(softmax([0, -1000])) would be log(0).

    Args:
        logits: a sequence of Values and numbers, at least one.

    Example:
        >>> log_softmax([0.0, -1000.0])
        [0.0, -1000.0]
    """
    shifted = _below_largest(logits)
    exponentials = [exp(z) for z in shifted]
    log_total = log(sum(exponentials[1:], exponentials[0]))
    return [z - log_total for z in shifted]


def _below_largest(logits: Any) -> list[Any]:
    """Logits less the largest one, which as a plain number has no part in the derivatives: softmax does not change by a shift."""
    items = list(logits)
    if not items:
        raise InputError("softmax needs at least one logit, not an empty sequence")
    largest = max(number_of(z) for z in items)
    return [z - largest for z in items]


exp = function_of(EXP)
log = function_of(LOG)
tanh = function_of(TANH)
sigmoid = function_of(SIGMOID)
relu = function_of(RELU)

for _operation in (EXP, LOG, TANH, SIGMOID, RELU):
    setattr(Value, _operation.name, method_of(_operation))
