"""Error messages of the core: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.errors import AutogradError, DomainError, InputError, PoleError
from autograd.graph import Node
from autograd.namespaces import FLOATS
from autograd.ops import Operation


def described(node: Node) -> str:
    """A node as `repr` shows it: ``Value(data=2.0, grad=0.0, label='x')``."""
    label = "" if node._extra is None else node._extra.label
    return f"Value(data={node._data!r}, grad={node._grad!r}" + (f", label={label!r})" if label else ")")


CONVERSIONS = {
    "float": "write v.data for the number, or use the functions of autograd (autograd.sin(v), not math.sin(v)), which keep it",
    "int": "write int(v.data) for the number, or trunc(v), whose derivative is 0",
    "round": "write round(v.data, 4) for the number, or show it as f'{v:.4f}'",
}
"""What to write in place of ``float(v)`` and the like."""


def conversion_refused(name: str, node: Node) -> InputError:
    """The exception for ``float(v)``, ``int(v)`` and ``round(v)``, which would lose the gradient."""
    return InputError(f"{name}({described(node)}) would drop its gradient: {CONVERSIONS[name]}")


def construction_refused(data: object, second: object) -> InputError:
    """The exception for arguments of Value that are neither a number and a label nor micrograd's."""
    return InputError(
        f"a Value has a number and a label, as in Value({data!r}, label='x'), not {second!r}; one made by hand has its inputs, which are "
        f"Values, and the name of its operation too, as in Value({data!r}, (a, b), '*')"
    )


def without_rules(what: str, done: str) -> str:
    """The message where something made by hand, as in micrograd, would need a derivative rule. `done` says what cannot be done with it."""
    return (
        f"{what} cannot be {done}: it was made by hand, and its _backward function gives numbers. Write the operation as a function of "
        'Values, or as f = define("name", value, derivative)'
    )


def seed_refused(argument: object) -> InputError:
    """The exception for an argument of `backward` that is not a bool, such as the gradient that PyTorch's takes."""
    return InputError(
        f"backward takes create_graph=True or False, not {argument!r}: it starts from the derivative 1. For that of c * y "
        "write (c * y).backward()"
    )


def undefined(operation: Operation, inputs: Sequence[Node], reason: str = "") -> AutogradError:
    """The exception for inputs outside the domain: which operation, which numbers, which labels, what to do."""
    numbers = [node._data for node in inputs]
    labels = ["" if node._extra is None else node._extra.label for node in inputs] + [""] * len(operation.constants)
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(labels)]
    point = ", ".join(
        f"{letter} = {number!r}" + (f" (label {label!r})" if label else "")
        for letter, number, label in zip(letters, (*numbers, *operation.constants), labels, strict=False)
    )
    call = f"{operation.name}({', '.join(letters)})"
    message = f"{call} failed, {reason}: {point}" if reason else f"{call} needs {operation.requires or 'inputs in its domain'}, but {point}"
    pole = operation.pole is not None and operation.pole(FLOATS, *numbers)
    if pole or reason.endswith("division by zero"):
        return PoleError(message)
    return DomainError(message + f"; to give another value there: where(condition, lambda: {call}, lambda: …)")
