"""Module: something with parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import MemberDescriptorType
from typing import Any, Self, TypeVar

from autograd._runtime.coercion import real
from autograd.errors import FileError, InputError
from autograd.ops import LEAF
from autograd.value import Value


class Module:
    """The base of everything that has parameters: those are the Values, and the Modules, among its attributes.

    They may stand in lists, tuples, dicts and NumPy arrays, and attributes may be kept in `__slots__`. There is no `super().__init__()`
    to call.

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
        """All parameters, in the order in which they were assigned; for those in slots see `attributes`."""
        return [value for _, value in self.named_parameters()]

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Value]]:
        """Pairs of a name, such as ``layers.0.neurons.3.w.1``, and a parameter; each parameter once."""
        return iter([(name, value) for name, value in _found(self, prefix, Value) if value._operation is LEAF])

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
            wrong = [
                f"{len(names)} {word}, such as {', '.join(names[:3])}"
                for names, word in ((missing, "missing"), (unknown, "unknown"))
                if names
            ]
            raise FileError(f"the weights do not fit this model: {'; '.join(wrong)}; make the model with the sizes it was saved with")
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
        return iter(_found(self, prefix, Module))

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


def attributes(module: Module) -> dict[str, Any]:
    """What was assigned to a module, by name: what is in its `__dict__`, and then what is in its slots.

    Slots come class by class, from the base on, and within a class in alphabetical order. The names of private ones are mangled, as they
    are in `vars`. Slots that nothing was assigned to are left out.

    Example:
        >>> class Line(Module):
        ...     __slots__ = ("offset", "slope")
        ...
        ...     def __init__(self):
        ...         self.slope, self.about = Value(2.0), "through the origin"
        >>> list(attributes(Line()))
        ['about', 'slope']
    """
    if type(module).__basicsize__ == Module.__basicsize__:
        return vars(module)  # slots would make the object larger: where there are none, no class is searched for them
    slots: dict[str, Any] = {}
    for base in reversed(type(module).__mro__):
        for name, member in sorted(vars(base).items()):
            if isinstance(member, MemberDescriptorType):
                with suppress(AttributeError):  # nothing was assigned to it
                    slots[name] = member.__get__(module)
    return vars(module) | slots


Part = TypeVar("Part", Value, Module)


def _found(item: Any, name: str, kind: type[Part], within: bool = True) -> list[tuple[str, Part]]:
    """The Values, or the Modules, in `item` and in what stands in it, each once, also where modules share them or know each other.

    `within`: also those in the Modules that are found.
    """
    found: list[tuple[str, Part]] = []
    _find(item, name, kind, within, set(), found)
    return found


def _find(item: Any, name: str, kind: type, within: bool, seen: set[int], found: list[tuple[str, Any]]) -> None:
    branches: Any = ()
    if isinstance(item, (Value, Module)):
        if id(item) in seen:
            return
        seen.add(id(item))
        if isinstance(item, kind):
            found.append((name, item))
        if within and isinstance(item, Module):
            branches = attributes(item).items()
    elif isinstance(item, dict):
        branches = item.items()
    elif isinstance(item, (list, tuple)):
        branches = enumerate(item)
    elif str(getattr(item, "dtype", "")) == "object":  # NumPy's arrays of Values
        _find(item.tolist(), name, kind, within, seen, found)
    start = f"{name}." if name else ""
    for key, branch in branches:
        if type(branch) is not Value:
            _find(branch, f"{start}{key}", kind, within, seen, found)
        elif kind is Value and id(branch) not in seen:  # without a call: most of what there is are Values
            seen.add(id(branch))
            found.append((f"{start}{key}", branch))


def _summarised(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module, int]]:
    """The rows of `summary`: a module that describes itself, or has no modules in it, as a whole; else what is its own, and its modules.

    With each, the number of parameters that no row before it has counted.
    """
    seen.add(id(module))
    inner = _found(attributes(module), name, Module, within=False)
    whole = bool(module.extra_repr()) or not inner
    own = module.parameters() if whole else [value for _, value in _found(attributes(module), name, Value, within=False)]
    new = {id(p) for p in own if p._operation is LEAF} - seen
    seen |= new
    if whole or new:
        yield name, module, len(new)
    if not whole:
        for part_name, part in inner:
            if id(part) not in seen:
                yield from _summarised(part, part_name, seen)
