"""Modules one after the other, and the module that joins images to layers of neurons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from autograd._runtime.state import STATE
from autograd.errors import InputError
from autograd.trees import flatten
from nn.checks import has_length
from nn.layers.calling import in_scopes
from nn.layers.neurons import Layer
from nn.module import Module


class Sequential(Module):
    """Modules one after the other, each called with what the one before it returned.

    A call returns what the last one returns: with `Linear(16, 1)` that is a list of one Value, with micrograd's `Layer(16, 1)` a Value.

    Args:
        layers: the modules.

    Raises:
        InputError: one of them is not a module, or cannot be called.

    Example:
        >>> from nn import Linear, ReLU
        >>> model = Sequential(Linear(2, 16), ReLU(), Linear(16, 1))
        >>> model
        Sequential(Linear(2, 16), ReLU(), Linear(16, 1))
        >>> len(model), len(model[0].parameters()), len(model([1.0, -2.0]))
        (3, 48, 1)
    """

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            if not isinstance(layer, Module) or not callable(layer):
                raise InputError(f"Sequential takes modules, one after the other, as in Sequential(Linear(2, 3), ReLU()), not {layer!r}")
        self.layers = list(layers)

    def __call__(self, x: Any) -> Any:
        """The output for one sample."""
        callables: Any = in_scopes(self.layers) if STATE.watched else self.layers
        for i, layer in enumerate(callables):
            x = layer(x)
            if i + 1 < len(callables) and isinstance(self.layers[i], Layer) and not has_length(x):
                x = [x]  # of one neuron, for the next layer
        return x

    def torch_attributes(self) -> dict[str, Any]:
        """As in PyTorch, the names of the layers are their numbers: "0", "1", …"""
        attributes = super().torch_attributes()
        return {**{f"{i}": layer for i, layer in enumerate(attributes.pop("layers"))}, **attributes}

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(str, self.layers))})"


class Flatten(Module):
    """All numbers of nested lists in one list, such as a `Linear` takes after a `Conv2d`.

    Example:
        >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    """

    def __call__(self, x: Any) -> list[Any]:
        """The numbers and Values in `x`, in order; an array is read row by row."""
        return flatten(x)[0]
