"""The parameters of a model as tensors: grouped and named as in PyTorch's `state_dict()`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from autograd.errors import InputError
from autograd.ops import LEAF
from autograd.value import Value
from nn.module import Module, by_name


class Tensor(NamedTuple):
    """Parameters that are one tensor.

    Attributes:
        shape: the lengths of the nested lists in which they are; () for a single parameter.
        values: the parameters, row by row.
    """

    shape: tuple[int, ...]
    values: list[Value]


class _CircularError(Exception):
    """A module is an attribute of a module in it."""


def tensors_of(model: Module) -> dict[str, Tensor]:
    """The parameters of a model as PyTorch groups and names them.

    A Value is a tensor without axes. Lists, tuples and arrays of Values are one tensor, if those on each level have the same length.
    `Module.torch_attributes` says what the attributes of a module are called. A tensor that modules share comes once under each of its
    names, as in PyTorch; in a model that refers to itself, which PyTorch does not have, a module comes once.

    Raises:
        InputError: two tensors have the same name, or a `torch_attributes` leaves out a parameter.

    Example:
        >>> from nn import MLP
        >>> {name: tensor.shape for name, tensor in tensors_of(MLP(2, [3, 1])).items()}
        {'layers.0.weight': (3, 2), 'layers.0.bias': (3,), 'layers.1.weight': (1, 3), 'layers.1.bias': (1,)}
    """
    named = list(model.named_parameters())
    if getattr(model.named_parameters, "__func__", None) is not Module.named_parameters:  # a class may name them in another way
        return by_name((name, Tensor((), [value])) for name, value in named)
    pairs: list[tuple[str, Tensor]] = []
    try:
        _collect(model, "", set(), pairs, once=False)
    except _CircularError:
        pairs.clear()
        _collect(model, "", set(), pairs, once=True)
    tensors = by_name(pairs)
    covered = {id(value) for tensor in tensors.values() for value in tensor.values}
    for name, value in named:
        if id(value) not in covered:
            raise InputError(f"a torch_attributes() leaves out the parameter {name!r}: begin with super().torch_attributes(), and rename")
    return tensors


def _collect(item: Any, name: str, seen: set[int], pairs: list[tuple[str, Tensor]], once: bool) -> None:
    """Add the tensors in `item`.

    Args:
        item: a module, a container, or anything else.
        name: of `item`.
        seen: the modules that `item` is in; with `once` all that were met.
        pairs: where they are added.
        once: whether a module that is met again is passed over.

    Raises:
        _CircularError: a module is met again in itself; not with `once`.
    """
    item = _unpacked(item)
    tensor = _as_tensor(item)
    if tensor is not None:
        pairs.append((name, tensor))
        return
    branches: Iterable[tuple[Any, Any]] = ()
    if isinstance(item, Module):
        if id(item) in seen:
            if once:
                return
            raise _CircularError
        seen.add(id(item))
        branches = item.torch_attributes().items()
    elif isinstance(item, dict):
        branches = item.items()
    elif isinstance(item, (list, tuple)):
        branches = enumerate(item)
    for key, branch in branches:
        _collect(branch, f"{name}.{key}" if name else f"{key}", seen, pairs, once)
    if isinstance(item, Module) and not once:
        seen.discard(id(item))


def _unpacked(item: Any) -> Any:
    """The nested lists of one of NumPy's arrays of objects, or its only object if it has no axes; anything else as it is."""
    return item.tolist() if str(getattr(item, "dtype", "")) == "object" else item


def _as_tensor(item: Any) -> Tensor | None:
    """The tensor that `item` is, if it is one."""
    item = _unpacked(item)
    if isinstance(item, Value):
        return Tensor((), [item]) if item._operation is LEAF else None
    if not isinstance(item, (list, tuple)) or not item:
        return None
    shape, values = None, []
    for part in map(_as_tensor, item):
        if part is None or part.shape != (shape := part.shape if shape is None else shape):
            return None
        values += part.values
    return Tensor((len(item), *(shape or ())), values)
