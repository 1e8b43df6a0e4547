"""pickle and copy: graphs of any depth, written as a flat list of rows.

Leaves stay objects of their own, so that a loss and a model that are pickled together still share the model's parameters
afterwards. Inner nodes belong to the graph that they are reached through: two results that are pickled together have inner nodes of
their own.
"""

from __future__ import annotations

import copy
import copyreg
from typing import Any, cast

from autograd._runtime.attributes import attributes_of
from autograd._runtime.bulk import inputs_by
from autograd._runtime.messages import without_rules
from autograd._runtime.vectors import Vector
from autograd.errors import CompileError, FileError, InputError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, LEAF, OPERATIONS
from autograd.tracing import trace_of
from autograd.value import Value, node_of

Row = tuple[str, tuple[float, ...], tuple[int, ...], float, tuple[float, ...], float, str, str]


def copied(value: Value) -> Value:
    """`copy.copy` of a Value; see `deep_copied`."""
    return deep_copied(value, {})


def deep_copied(value: Value, memo: dict[int, Any]) -> Value:
    """`copy.deepcopy` of a Value. In a function that is differentiated or recorded, a Value that depends on its arguments is its own copy,
    as a number is: another node would have no part in the derivative.

    Raises:
        CompileError: it is a parameter of a module that is an argument of a function that is being recorded.
    """
    trace = trace_of(value)
    if trace is not None:
        if trace.owned.get(id(value)):
            raise trace.refused(
                CompileError(f"the parameter {value!r} was copied while the function was recorded: a run would not copy it again")
            )
        return value
    build, parts, *rest = reduce_value(value)
    result: Value = build(*copy.deepcopy(parts, memo))
    memo[id(value)] = result  # before the attributes, which may refer to it
    if rest:
        hang(result, copy.deepcopy(rest[0], memo))
    return result


def reduce_value(value: Value) -> tuple[Any, ...]:
    """The parts of a Value, for pickle, and the attributes of the user's own, which may refer back to the Value.

    Raises:
        InputError: it depends on an argument of a function that is being differentiated or recorded, or on a node that was made by hand.
    """
    trace = trace_of(value)
    if trace is not None:
        raise trace.refused(
            InputError(
                f"{value!r} depends on an argument of a function that is differentiated or compiled: unpickled, it would be a constant. "
                "Pickle it outside of the function"
            )
        )
    order = topological_order(value)
    hung = [(i, held) for i, node in enumerate(order) if (node._inputs or node is value) and (held := attributes_of(node))]
    rest = (hung, None, None, hang) if hung else ()
    if not value._prev:
        return restore_leaf, (value._data, value._operation is LEAF, value._grad, value.label, value.scope), *rest
    inputs = inputs_by({node: i for i, node in enumerate(order)}, order)
    nodes = cast("list[Value]", order)
    return restore_graph, ([_row(node, own) if own else node for node, own in zip(nodes, inputs, strict=True)],), *rest


def _row(node: Value, inputs: tuple[int, ...]) -> Row:
    operation = node._operation
    if operation.by_hand:
        raise InputError(without_rules(f"{node!r}, a {node._op!r},", "pickled or copied"))
    return operation.name, operation.constants, inputs, node._data, node._slopes, node._grad, node.label, node.scope


def restore_leaf(data: float, is_leaf: bool, gradient: float, label: str, scope: str) -> Value:
    """A Value without inputs."""
    return _dress(Value(data, None, LEAF if is_leaf else CONSTANT), gradient, label, scope)


def restore_graph(rows: list[Row | Value]) -> Value:
    """The last node of the rows.

    Raises:
        FileError: an operation is not defined here.
    """
    nodes: list[Value] = []
    for row in rows:
        if isinstance(row, Value):
            nodes.append(row)
            continue
        name, constants, inputs, data, slopes, gradient, label, scope = row
        if name not in OPERATIONS:
            raise FileError(f"the graph uses the operation {name!r}, which is not defined here: import the module that defines it first")
        operation = OPERATIONS[name].bind(*constants) if constants else OPERATIONS[name]
        nodes.append(_dress(node_of(operation, [nodes[i] for i in inputs], data, list(slopes)), gradient, label, scope))
    return nodes[-1]


def hang(value: Value, hung: list[tuple[int, dict[str, Any]]]) -> None:
    """Set attributes of the user's own on nodes of the graph, by their position in topological order."""
    order = topological_order(value)
    for i, held in hung:
        for name, item in held.items():
            setattr(order[i], name, item)


def _dress(node: Value, gradient: float, label: str, scope: str) -> Value:
    node.grad = gradient
    node.label = label
    if scope:
        node._extras().scope = scope
    return node


Value.__copy__ = copied  # type: ignore[attr-defined]
Value.__deepcopy__ = deep_copied  # type: ignore[attr-defined]
copyreg.pickle(Value, reduce_value)
copyreg.pickle(Vector, lambda vector: (Vector, (vector.nodes,)))
