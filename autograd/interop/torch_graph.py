"""The same graph in PyTorch, as an independent check of values and derivatives."""

from __future__ import annotations

import math
from typing import Any, cast

from autograd._runtime.bulk import inputs_by
from autograd._runtime.coercion import real
from autograd._runtime.messages import without_rules
from autograd._runtime.temporary import afterwards
from autograd.checking import Comparison
from autograd.errors import CompileError, InputError, MissingPackageError
from autograd.graph import topological_order
from autograd.notation import torch_function
from autograd.ops import LEAF
from autograd.value import Value


def _give_back(gradients: list[tuple[Value, float, Any]]) -> None:
    for node, number, graph in gradients:
        node.grad = number
        if graph is not None:  # after backward(create_graph=True) a gradient is a Value
            node._extras().gradient = graph


def _line(label: str) -> str:
    """The label as a part of one line."""
    return label if label.isprintable() else repr(label)


def compare_with_torch(root: Value, tolerance: float = 1e-10) -> list[Comparison]:
    """Run the graph behind a Value in PyTorch, in float64, and compare its value and the gradient of every leaf.

    Args:
        root: the result of a computation. Its graph is not changed, nor are its gradients.
        tolerance: the relative difference that is still equal.

    Returns:
        A comparison for the value and for each leaf, `exact` being ours and `numeric` PyTorch's. PyTorch raises no errors at poles and
        takes other derivatives at a few corners, such as that of `clip` at a bound, or of `atan2` at the origin.

    Raises:
        MissingPackageError: PyTorch is not installed.
        CompileError: the graph has an operation that PyTorch does not have, or a node that was made by hand.
        InputError: `root` is not a Value, or `tolerance` is not a finite number of at least 0.

    Example:
        >>> x = Value(0.5, label="x")
        >>> [c.ok for c in compare_with_torch(x.tanh() * x)]  # doctest: +SKIP
        [True, True]
    """
    if not isinstance(root, Value):
        raise InputError(f"compare_with_torch needs the result of a computation, a Value, not {root!r}")
    tolerance = real(tolerance)
    if not 0.0 <= tolerance < math.inf:
        raise InputError(f"tolerance must be finite and not negative, not {tolerance!r}")
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("compare_with_torch needs PyTorch: pip install 'scalar-autograd[torch]'") from error
    nodes = cast("list[Value]", topological_order(root))
    leaves = [i for i, node in enumerate(nodes) if node._operation is LEAF]
    results: list[Any] = []
    for node, inputs in zip(nodes, inputs_by({node: i for i, node in enumerate(nodes)}, [*nodes]), strict=True):
        operation = node._operation
        if not inputs:
            results.append(torch.tensor(node.data, dtype=torch.float64, requires_grad=operation is LEAF))
            continue
        if operation.by_hand:
            raise CompileError(without_rules(f"{node!r}, a {node._op!r},", "compared with PyTorch"))
        function = torch_function(operation, torch)
        if function is None:
            raise CompileError(f"PyTorch has no operation {operation.name!r}; compare the parts of the graph around it")
        constants = [torch.tensor(c, dtype=torch.float64) for c in operation.constants]
        results.append(function(*[results[i] for i in inputs], *constants))
    if results[-1].requires_grad:
        results[-1].backward()
    before = [(node, node._grad, None if node._extra is None else node._extra.gradient) for node in nodes]
    with afterwards(lambda: _give_back(before)):
        for i in leaves:
            nodes[i].grad = 0.0
        root.backward()
        ours = [nodes[i].grad for i in leaves]
    pairs = [("value", root.data, results[-1].item())]
    for n, (i, gradient) in enumerate(zip(leaves, ours, strict=True)):
        theirs = results[i].grad
        pairs.append((_line(nodes[i].label) or f"leaf {n}", gradient, 0.0 if theirs is None else theirs.item()))
    return [Comparison(name, ours, theirs, tolerance * max(abs(ours), abs(theirs))) for name, ours, theirs in pairs]
