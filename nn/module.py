"""Module, the base class of models and layers: it finds their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from autograd import NATIVE
from autograd._runtime.bulk import are_values, leaves_of, numbers_of, set_numbers
from autograd._runtime.coercion import real
from autograd._runtime.state import STATE
from autograd._runtime.temporary import unless_done
from autograd.errors import FileError, InputError
from autograd.ops import LEAF
from autograd.render.lettering import printable
from autograd.value import Value

T = TypeVar("T")


class Module:
    """The base class of models and layers. Its parameters are the Values among its attributes, and those of the Modules among them.

    They may be in lists, tuples, dicts and NumPy arrays, and attributes may be in `__slots__`. A subclass need not call
    `super().__init__()`.

    Attributes:
        training: whether the model is in training mode, in which layers such as `Dropout` behave differently. See `train` and `eval`.

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

    if TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """For type checkers only: a module that defines no `__call__` cannot be called."""

    # -- parameters -----------------------------------------------------------------------------------------------------

    def parameters(self) -> list[Value]:
        """All parameters, in the order in which they were assigned; for the order of slots see `attributes`."""
        if getattr(self.named_parameters, "__func__", None) is not Module.named_parameters:  # a class may define it in another way
            return [value for _, value in self.named_parameters()]
        return [value for _, values in _found(self, "", Value) for value in leaves_of(values)]

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Value]]:
        """Pairs of a name, such as ``layers.0.neurons.3.w.1``, and a parameter. Each parameter comes once."""
        return iter([(name, value) for name, value in _parts(self, prefix, Value) if value._operation is LEAF])

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0. Without it, the next `backward` adds to the gradients."""
        for p in self.parameters():
            p.grad = 0.0

    def __init_subclass__(cls, **options: Any) -> None:
        """A class with a `forward` and without a `__call__`, as in PyTorch, is called by it."""
        super().__init_subclass__(**options)
        if hasattr(cls, "forward") and not any("__call__" in base.__dict__ for base in cls.__mro__):
            cls.__call__ = lambda self, *args, **kwargs: self.forward(*args, **kwargs)  # type: ignore[method-assign]

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter, by its name.

        Raises:
            InputError: two parameters have the same name, as in ``{"a.b": Value(1.0), "a": {"b": Value(2.0)}}``.

        Example:
            >>> from nn import Linear
            >>> Linear(1, 1, initialiser=lambda fan_in, fan_out, rng: 0.5).state_dict()
            {'weight.0.0': 0.5, 'bias.0': 0.0}
        """
        return {name: value.data for name, value in by_name(self.named_parameters()).items()}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Set all parameters to the numbers of a `state_dict`, or none.

        Raises:
            FileError: names are missing or unknown; nothing was changed.
            InputError: `state` is not a dict of numbers by name; nothing was changed.
        """
        if not isinstance(state, dict):
            raise InputError(f"load_state_dict takes what state_dict() returns, a dict of numbers by name, not {state!r}")
        own = by_name(self.named_parameters())
        for name in state:
            if not isinstance(name, str):
                raise InputError(f"the names in a state are strings, as in {next(iter(own), 'weight.0.0')!r}, not {name!r}")
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            wrong = [
                f"{len(names)} {word}, such as {', '.join(map(printable, names[:3]))}"
                for names, word in ((missing, "missing"), (unknown, "unknown"))
                if names
            ]
            tensors = any(getattr(number, "ndim", 0) for number in state.values())
            hint = (
                "these are PyTorch's tensors: write nn.load(model, path)" if tensors else "make the model with the sizes it was saved with"
            )
            raise FileError(f"the weights do not fit this model: {'; '.join(wrong)}; {hint}")
        set_data(list(own.values()), [real(state[name]) for name in own])

    def torch_attributes(self) -> dict[str, Any]:
        """The attributes under the names that PyTorch has for them, as `save` and `load` use them: by default their own names.

        A layer that holds its parameters in another way than PyTorch's layer overrides this, and so does one that has other names for them.
        What the dict holds may be made for the call, such as a list of Values that stand in several lists.

        Example:
            >>> class Gain(Module):
            ...     def __init__(self):
            ...         self.factors = [Value(2.0), Value(3.0)]
            ...
            ...     def torch_attributes(self):
            ...         attributes = super().torch_attributes()
            ...         return {"weight": attributes.pop("factors"), **attributes}
            >>> list(Gain().torch_attributes())
            ['weight']
        """
        return dict(attributes(self))

    # -- modules --------------------------------------------------------------------------------------------------------

    def modules(self) -> list[Module]:
        """This module and all modules in it, each once.

        Example:
            >>> from nn import MLP
            >>> [type(module).__name__ for module in MLP(2, [1]).modules()]
            ['MLP', 'Layer', 'Neuron']
        """
        return [module for _, module in self.named_modules()]

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Pairs of a name, such as ``layers.0``, and a module: this one, whose name is the prefix, and all modules in it, each once."""
        return iter(_parts(self, prefix, Module))

    def train(self, mode: bool = True) -> Self:
        """Put this module and all modules in it in training mode.

        Args:
            mode: False for evaluation mode.

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
        modules = self.modules()
        before = [module.training for module in modules]
        with unless_done(partial(_set_modes, modules, before)) as done:
            _set_modes(modules, [mode] * len(modules))
            done()
        return self

    def eval(self) -> Self:
        """Put this module and all modules in it in evaluation mode, as for the answers of a trained model."""
        return self.train(False)

    # -- descriptions ---------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The settings that `repr` and `summary` show. A module without any is represented in `summary` by the modules in it."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def summary(self) -> str:
        """A table of the layers and the number of their parameters, to be printed.

        A parameter that layers share is counted once, in the first of them.

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
            (printable(name) or "(itself)", f"{type(module).__name__}({module.extra_repr()})", f"{count:,}")
            for name, module, count in summary_rows(self, "", set())
        ]
        head, total = ("layer", "description", "parameters"), ("total", "", f"{len(self.parameters()):,}")
        widths = [max(map(len, column)) for column in zip(head, *rows, total, strict=True)]
        lines = [f"{name:{widths[0]}}  {what:{widths[1]}}  {count:>{widths[2]}}" for name, what, count in (head, *rows, total)]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def by_name(named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """What belongs to names, such as those of parameters, which must differ.

    Raises:
        InputError: they do not.

    Example:
        >>> by_name([("weight", 2.0), ("bias", 0.5)])
        {'weight': 2.0, 'bias': 0.5}
    """
    result: dict[str, T] = {}
    for name, item in named:
        if name in result:
            raise InputError(f"two parameters have the name {name!r}: rename the attribute or the key that one of them has")
        result[name] = item
    return result


def set_data(values: list[Value], numbers: list[float]) -> None:
    """Set the `.data` of all Values, or of none where an interrupt comes in between.

    Example:
        >>> p = Value(1.0)
        >>> set_data([p], [2.0])
        >>> p.data
        2.0
    """
    with unless_done(partial(set_numbers, values, numbers_of(values))) as done:
        for value, number in zip(values, numbers, strict=True):
            value.data = number
        done()


def _set_modes(modules: list[Module], modes: list[bool]) -> None:
    for module, mode in zip(modules, modes, strict=True):
        module.training = mode


def attributes(module: Module) -> dict[str, Any]:
    """The attributes of a module by name: first those in its `__dict__`, then those in its slots.

    Slots come class by class, starting with the base class, and within a class in alphabetical order. Private names are mangled, as in
    `vars`. Slots without a value are left out.

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
        return vars(module)  # slots would make the object larger; without any, the classes need not be searched
    slots: dict[str, Any] = {}
    for base in reversed(type(module).__mro__):
        for name, member in sorted(vars(base).items()):
            if isinstance(member, MemberDescriptorType):
                with suppress(AttributeError):  # it has no value
                    slots[name] = member.__get__(module)
    return vars(module) | slots


Part = TypeVar("Part", Value, Module)


def _parts(item: Any, name: str, kind: type[Part], within: bool = True) -> list[tuple[str, Part]]:
    """The Values or the Modules in `item` and in its items, by name. Each comes once, also if modules share it or refer to each other.

    Args:
        item: a module, a container, or anything else.
        name: of `item`.
        kind: Value or Module.
        within: whether to search the Modules in `item` too.
    """
    if not isinstance(name, str):
        raise InputError(f"prefix must be a string, not {name!r}")
    parts: list[tuple[str, Part]] = []
    for own, found in _found(item, name, kind, within):
        if isinstance(own, str):
            parts.append((own, found[0]))
        else:
            start = own.start
            parts += [(f"{start}{i}", part) for i, part in enumerate(found)]
    return parts


class _Numbered(NamedTuple):
    """The names of the items of a list: their index after this start."""

    start: str


def _found(item: Any, name: str, kind: type[Part], within: bool = True) -> list[tuple[str | _Numbered, list[Part]]]:
    """The same as `_parts`, with the items of a list of Values together, because most parameters are in such lists."""
    groups: list[tuple[str | _Numbered, list[Any]]] = []
    _collect(item, name, kind, within, set(), groups, by_list=True)
    parts = [part for _, found in groups for part in found]
    # compiled, a hash is by identity and quicker than `id`; in plain Python it is a call, and in a traced function it is checked
    by_hash = kind is Value and NATIVE and not STATE.traced
    if len(set(parts if by_hash else map(id, parts))) < len(parts):  # some Values are in several lists
        groups.clear()
        _collect(item, name, kind, within, set(), groups, by_list=False)
    return groups


def _collect(
    item: Any, name: str, kind: type, within: bool, seen: set[int], groups: list[tuple[str | _Numbered, list[Any]]], by_list: bool
) -> None:
    branches: Any = ()
    start = f"{name}." if name else ""
    if isinstance(item, (Value, Module)):
        if id(item) in seen:
            return
        seen.add(id(item))
        if isinstance(item, kind):
            groups.append((name, [item]))
        if within and isinstance(item, Module):
            branches = attributes(item).items()
    elif isinstance(item, dict):
        branches = item.items()
    elif isinstance(item, (list, tuple)):
        if by_list and len(item) > 1 and type(item[0]) is Value:
            values = list(item)
            if are_values(values):
                if kind is Value:
                    groups.append((_Numbered(start), values))
                return
        branches = enumerate(item)
    elif str(getattr(item, "dtype", "")) == "object":  # NumPy's arrays of Values
        _collect(item.tolist(), name, kind, within, seen, groups, by_list)
    for key, branch in branches:
        if type(branch) is not Value:
            _collect(branch, f"{start}{key}", kind, within, seen, groups, by_list)
        elif kind is Value and id(branch) not in seen:
            seen.add(id(branch))
            groups.append((f"{start}{key}", [branch]))


def summary_rows(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module, int]]:
    """The rows of `summary`: name, module, and the number of its parameters that no row before has counted.

    A module that describes itself, or has no modules in it, is one row. Otherwise there is a row for its own parameters, if it has any,
    and the rows of its modules.
    """
    seen.add(id(module))
    inner = _parts(attributes(module), name, Module, within=False)
    whole = bool(module.extra_repr()) or not inner
    own = module.parameters() if whole else [value for _, value in _parts(attributes(module), name, Value, within=False)]
    new = {id(p) for p in own if p._operation is LEAF} - seen
    seen |= new
    if whole or new:
        yield name, module, len(new)
    if not whole:
        for part_name, part in inner:
            if id(part) not in seen:
                yield from summary_rows(part, part_name, seen)
