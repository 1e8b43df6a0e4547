"""Module: something with parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from autograd.errors import FileError, InputError
from autograd.ops import LEAF
from autograd.value import Value, real


class Module:
    """The base of everything that has parameters: those are the Values, and the Modules, among its attributes.

    They may stand in lists, tuples, dicts and NumPy arrays. There is no `super().__init__()` to call.

    Attributes:
        training: whether the model is being trained; layers such as `Dropout` behave differently then. See `train` and `eval`.

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

    training: bool = True

    # -- parameters -----------------------------------------------------------------------------------------------------

    def parameters(self) -> list[Value]:
        """All parameters, in the order in which they were assigned."""
        return [value for _, value in self.named_parameters()]

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Value]]:
        """Pairs of a name, such as ``layers.0.neurons.3.w.1``, and a parameter; each parameter once."""
        for name, item in _walk(self, prefix, set()):
            if isinstance(item, Value) and item._operation is LEAF:
                yield name, item

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each `backward` that should not add to the last one."""
        for p in self.parameters():
            p.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its name.

        Raises:
            InputError: two parameters have one name, as those in ``{"a.b": Value(1.0), "a": {"b": Value(2.0)}}``.

        Example:
            >>> from nn import Linear
            >>> Linear(1, 1, initialiser=lambda fan_in, fan_out, rng: 0.5).state_dict()
            {'weight.0.0': 0.5, 'bias.0': 0.0}
        """
        return {name: value.data for name, value in self._by_name().items()}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Set the parameters from what `state_dict` gave. All or nothing.

        Raises:
            FileError: names are missing or unknown; nothing was changed.
            InputError: it is no dict, or something in it is no number; nothing was changed.
        """
        if not isinstance(state, dict):
            raise InputError(f"load_state_dict takes what state_dict() gave, a dict of numbers by name, not {state!r}")
        own = self._by_name()
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise FileError(
                f"the weights do not fit this model: {len(missing)} missing (such as {missing[:3]}), "
                f"{len(unknown)} unknown (such as {unknown[:3]}); make the model with the sizes it was saved with"
            )
        numbers = {name: real(state[name]) for name in own}  # all of them first, because any of them may be none
        for name, value in own.items():
            value.data = numbers[name]

    def _by_name(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in self.named_parameters():
            if name in found:
                raise InputError(f"two parameters have the name {name!r}: rename the attribute or the key that one of them stands under")
            found[name] = value
        return found

    # -- modules --------------------------------------------------------------------------------------------------------

    def modules(self) -> list[Module]:
        """This module and all below it, each once.

        Example:
            >>> from nn import MLP
            >>> [type(module).__name__ for module in MLP(2, [1]).modules()]
            ['MLP', 'Layer', 'Neuron']
        """
        return [module for _, module in self.named_modules()]

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Pairs of a name, such as ``layers.0``, and a module: this one, whose name is the prefix, and all below it, each once."""
        for name, item in _walk(self, prefix, set()):
            if isinstance(item, Module):
                yield name, item

    def train(self, mode: bool = True) -> Self:
        """Set `training` of this module and of all below it.

        Args:
            mode: False for `eval()`.

        Returns:
            This module.

        Raises:
            InputError: `mode` is neither True nor False.

        Example:
            >>> module = Module().eval()
            >>> module.training, module.train().training
            (False, True)
        """
        if not isinstance(mode, bool):
            raise InputError(f"train sets the mode, True or False, not {mode!r}: to train a model, write fit(model, X, y)")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set `training` of this module, and of all below it, to False: as for the answers of a trained model."""
        return self.train(False)

    # -- descriptions ---------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The settings that `repr` and `summary` show. A module that shows none is summarised by the modules in it."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def summary(self) -> str:
        """A table of the layers and their numbers of parameters, to be printed.

        A parameter that layers share is counted once, where it comes first.

        Example:
            >>> from nn import MLP
            >>> print(MLP(2, [16, 16, 1]).summary())
            layer     description           parameters
            ──────────────────────────────────────────
            layers.0  Layer(2, 16, relu)            48
            layers.1  Layer(16, 16, relu)          272
            layers.2  Layer(16, 1, linear)          17
            ──────────────────────────────────────────
            total                                  337
        """
        rows = [
            (name or "(itself)", f"{type(module).__name__}({module.extra_repr()})", f"{count:,}")
            for name, module, count in _summarised(self, "", set())
        ]
        head, total = ("layer", "description", "parameters"), ("total", "", f"{len(self.parameters()):,}")
        widths = [max(map(len, column)) for column in zip(head, *rows, total, strict=True)]
        lines = [f"{name:{widths[0]}}  {what:{widths[1]}}  {count:>{widths[2]}}" for name, what, count in (head, *rows, total)]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


Part = Value | Module


def _walk(item: Part, name: str, seen: set[int]) -> Iterator[tuple[str, Part]]:
    """`item`, and the Values and Modules below it, each once, also where modules share them or know each other."""
    if id(item) in seen:
        return
    seen.add(id(item))
    yield name, item
    if isinstance(item, Module):
        for inner, part in _parts(vars(item), name):
            yield from _walk(part, inner, seen)


def _parts(item: Any, name: str) -> Iterator[tuple[str, Part]]:
    """The Values and Modules that stand in `item` itself, or in containers in it; not those within these Modules."""
    branches: Any
    if isinstance(item, (Value, Module)):
        yield name, item
        return
    if isinstance(item, dict):
        branches = item.items()
    elif isinstance(item, (list, tuple)):
        branches = enumerate(item)
    else:
        if str(getattr(item, "dtype", "")) == "object":  # NumPy's arrays of Values
            yield from _parts(item.tolist(), name)
        return
    for key, branch in branches:
        yield from _parts(branch, f"{name}.{key}" if name else str(key))


def _summarised(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module, int]]:
    """The rows of `summary`: a module that describes itself, or has no modules in it, as a whole; else what is its own, and its modules.

    With each, the number of parameters that no row before it has counted.
    """
    seen.add(id(module))
    inner = [(part_name, part) for part_name, part in _parts(vars(module), name) if isinstance(part, Module)]
    whole = bool(module.extra_repr()) or not inner
    own = module.parameters() if whole else [part for _, part in _parts(vars(module), name) if isinstance(part, Value)]
    new = {id(p) for p in own if p._operation is LEAF} - seen
    seen |= new
    if whole or new:
        yield name, module, len(new)
    if not whole:
        for part_name, part in inner:
            if id(part) not in seen:
                yield from _summarised(part, part_name, seen)
