"""Module: something with parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd.errors import FileError
from autograd.ops import LEAF
from autograd.value import Value, real


class Module:
    """The base of everything that has parameters: those are the Values, and the Modules, among its attributes.

    Example:
        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope, self.offset = Value(2.0), Value(1.0)
        ...
        ...     def __call__(self, x):
        ...         return self.slope * x + self.offset
        >>> line = Line()
        >>> line(3.0).data, len(line.parameters())
        (7.0, 2)
    """

    def parameters(self) -> list[Value]:
        """All parameters, in the order in which they were assigned."""
        return [value for _, value in self.named_parameters()]

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Value]]:
        """Pairs of a name, such as ``layers.0.neurons.3.w.1``, and a parameter; each parameter once."""
        return _walk(vars(self), prefix, {id(self)})

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each `backward` that should not add to the last one."""
        for p in self.parameters():
            p.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its name."""
        return {name: value.data for name, value in self.named_parameters()}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Set the parameters from what `state_dict` gave. All or nothing.

        Raises:
            FileError: names are missing or unknown; nothing was changed.
            InputError: something in it is no number; nothing was changed.
        """
        own = dict(self.named_parameters())
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise FileError(
                f"the weights do not fit this model: {len(missing)} missing (such as {missing[:3]}), "
                f"{len(unknown)} unknown (such as {unknown[:3]}); make the model with the sizes it was saved with"
            )
        numbers = {name: real(state[name]) for name in own}  # all of them first, because any of them may be none
        for name, value in own.items():
            value.data = numbers[name]


def _walk(item: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Value]]:
    """The parameters in `item`, each once, also where modules share them or know each other."""
    if isinstance(item, (Value, Module)):
        if id(item) in seen:
            return
        seen.add(id(item))
    if isinstance(item, Value):
        if item._operation is LEAF:
            yield prefix, item
        return
    if isinstance(item, Module):
        branches: Any = vars(item).items()
    elif isinstance(item, dict):
        branches = item.items()
    elif isinstance(item, (list, tuple)):
        branches = enumerate(item)
    else:
        return
    for name, branch in branches:
        yield from _walk(branch, f"{prefix}.{name}" if prefix else str(name), seen)
