"""What layers do with their weights, with their argument when they are called, and with the layers in them."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from autograd import scope
from autograd._runtime.vectors import Vector
from autograd.contexts import current_scope
from autograd.errors import InputError
from autograd.value import Value
from nn.data.rows import as_list_if_array
from nn.module import Module


class Sample(Protocol):
    """One sample: numbers and Values, in a list, a tuple or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> float | Value: ...


if TYPE_CHECKING:

    class ModelOutput(Value):  # type: ignore[misc] # a class for type checkers only: Value has no subclasses
        """One Value, or a list of them. Which of the two depends on the size of the last layer, which no type checker knows.

        Type checkers accept it as either, so that `model(x).backward()` and `model(x)[0]` need no cast.
        """

        def __len__(self) -> int: ...

        def __getitem__(self, index: int) -> Value: ...

        def __iter__(self) -> Iterator[Value]: ...

else:
    ModelOutput = Value | list[Value]


def labelled(numbers: Iterable[float], labels: Iterable[str]) -> list[Value]:
    """Parameters with labels. Labels are assigned later, because a keyword argument costs several times as much as a Value.

    Example:
        >>> labelled([0.5], ["w0"])
        [Value(data=0.5, grad=0.0, label='w0')]
    """
    parameters = [Value(number) for number in numbers]
    for parameter, label in zip(parameters, labels, strict=True):
        parameter.label = label
    return parameters


def in_scopes(modules: Sequence[Module]) -> Sequence[Callable[[Any], Any]]:
    """The modules as functions. Within a `scope` each has a scope of its own, such as "layer0", so that a picture frames it.

    Without a surrounding `scope` the modules themselves are returned, because scopes slow down every node. Callers check
    `STATE.watched` before they call this.

    Example:
        >>> from autograd import scope
        >>> from nn import MLP
        >>> with scope("model"):
        ...     y = MLP(2, [3, 1])([1.0, -2.0])
        >>> y.scope
        'model/layer1/neuron0'
    """
    callables = cast("Sequence[Callable[[Any], Any]]", modules)
    if not current_scope():
        return callables
    return [scope(f"{type(module).__name__.lower()}{i}")(module) for i, module in enumerate(callables)]


def one_sample(x: Sample | Vector) -> Sequence[Any] | Vector:
    """The numbers and Values of one sample, as a list or tuple.

    Raises:
        InputError: `x` is a single number, or a matrix of many samples.

    Example:
        >>> one_sample(range(3))
        [0, 1, 2]
    """
    if type(x) is Vector:
        return x
    sample: Sequence[Any] = x if isinstance(x, (list, tuple)) else _as_list(x)
    if sample and hasattr(sample[0], "__len__") and not isinstance(sample[0], str):
        raise InputError(f"model(x) takes one sample, not {len(sample)} of them: write predict(model, X) for many")
    return sample


def _as_list(x: Any) -> list[Any]:
    items = as_list_if_array(x)
    if isinstance(items, (Value, numbers.Real)):
        raise InputError(
            f"a sample is a list of numbers, not one number: write predict(model, [x]) for one sample x, model([{items!r}]) for one input"
        )
    if isinstance(items, (str, bytes, dict)) or not hasattr(items, "__getitem__"):
        raise InputError(f"a sample is a list of numbers, not {items!r}")
    return list(items)
