"""Fingerprints: everything that decides how a model, a loss and a penalty are recorded, in a form that can be compared later.

A recording is used again where recording anew would give the same. To find that out by running the model costs as much as a recording. A
fingerprint is made of what the code can read instead: attributes, containers, closures, defaults, global names, classes with their methods,
the code of functions. It is found by following references, see `references`, and is complete, or known not to be.

The numbers of Values are not part of it: a function that reads them is not recorded. Two fingerprints are also the same where a function, a
list, or an object other than a Module was replaced by an equal one, such as a lambda that is written in the call of `fit`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from operator import attrgetter, is_
from typing import Any

from autograd._runtime.attributes import attributes_of
from autograd._runtime.bulk import are_values
from autograd._runtime.state import STATE
from autograd._runtime.vectors import Vector
from autograd.value import Value
from nn.engine.references import OURS, STABLE, UnknownReferenceError, library, names_used, package_of, references
from nn.module import Module

MANY = 20_000
"""The largest number of objects to search, not counting Values."""

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented), range)


class Fingerprint:
    """What some roots depend on, at the time it is made. It does not keep the model alive.

    Args:
        roots: a model, functions, or None.
        modules: the modules whose mode a program depends on anyway, so that `training` is not compared.

    Attributes:
        problem: why it cannot be compared; "" if it can.

    Example:
        >>> from nn import MLP, mse
        >>> model = MLP(2, [1])
        >>> before = Fingerprint([model, mse], model.modules())
        >>> before.is_same(Fingerprint([model, mse], model.modules()))
        True
        >>> model.layers[0].neurons[0].activation = lambda x: 2.0 * x
        >>> before.is_same(Fingerprint([model, mse], model.modules()))
        False
    """

    def __init__(self, roots: Sequence[Any], modules: Iterable[Module]) -> None:
        search = _Search(set(map(id, modules)))
        self.problem = "a context such as detect_anomaly is active" if STATE.watched or STATE.traced else ""
        try:
            search.follow(list(roots))
        except UnknownReferenceError as unknown:
            self.problem = f"it cannot be known what it depends on: {unknown}"
        self._facts, self._values = search.facts, search.values
        self._labels = list(map(attrgetter("label"), search.values))
        self._library = library()

    def is_same(self, other: Fingerprint) -> bool:
        """Whether both were made of the same. False if that is unknown."""
        if self.problem or other.problem or len(self._values) != len(other._values):
            return False
        return (
            all(map(is_, self._values, other._values))
            and self._labels == other._labels
            and self._facts == other._facts
            and all(map(is_, self._library.values(), map(other._library.get, self._library)))  # other modules may have been imported since
        )


class _Search:
    """The search for everything to which some objects refer.

    Attributes:
        facts: what was found, in order; see `references`.
        values: the Values among it, with repetitions.
    """

    def __init__(self, moded: set[int]) -> None:
        self.facts: list[Any] = []
        self.values: list[Value] = []
        self._moded = moded  # the `id` of each module whose mode is not compared
        self._seen: dict[int, tuple[int, Any]] = {}  # the number of each object, and the object, so that no `id` is reused
        self._names: set[str] = set()  # that code of the user uses
        self._modules: list[types.ModuleType] = []
        self._looked_up: set[tuple[int, str]] = set()

    def follow(self, pending: list[Any]) -> None:
        """Search, depth first.

        Raises:
            UnknownReferenceError: something cannot be searched completely.
        """
        while pending:
            pending.reverse()
            while pending:
                x = pending.pop()
                kind = type(x)
                if kind is Value:
                    self.facts.append(Value)
                    self.values.append(x)
                    pending += [held] if (held := attributes_of(x)) else []
                elif kind in _PLAIN:
                    self.facts += (kind, x if kind is str or kind is bytes else repr(x))
                elif id(x) in self._seen:
                    self.facts.append(self._seen[id(x)][0])
                else:
                    pending += reversed(self._referred(x))
            pending = self._in_modules()

    def _referred(self, x: Any) -> Sequence[Any]:
        """The objects to which an object that was not seen before refers."""
        self._seen[id(x)] = len(self._seen), x
        if len(self._seen) > MANY:
            raise UnknownReferenceError(f"more than {MANY:,} objects")
        self.facts.append(type(x).__qualname__)
        if type(x) is list and x and are_values(x):
            self.facts.append(len(x))
            self.values += x
            hung = [(i, held) for i, value in enumerate(x) if (held := attributes_of(value))]
            self.facts.append([i for i, _ in hung])
            return [held for _, held in hung]
        self._names |= names_used(x)
        if isinstance(x, types.ModuleType):
            self._modules.append(x)
        facts, found = references(x)
        self.facts += facts
        if isinstance(x, Module):
            found = [self._attributes(x) if part is vars(x) else part for part in found]
        return list(found)

    def _attributes(self, module: Module) -> dict[str, Any]:
        """The attributes of a module, without its mode, and without what layers cache."""
        held = {name: item for name, item in list(vars(module).items()) if not is_cache(item)}
        if id(module) in self._moded:
            held.pop("training", None)
        return held

    def _in_modules(self) -> list[Any]:
        """What the modules that were found hold under the names that the code uses."""
        found: list[Any] = []
        for module in self._modules:
            if "getattr" in self._names and package_of(module.__name__) not in OURS | STABLE:
                raise UnknownReferenceError(f"getattr, perhaps of the module {module.__name__}")
            for name in sorted(self._names.intersection(vars(module))):
                if (id(module), name) not in self._looked_up:
                    self._looked_up.add((id(module), name))
                    found += (name, vars(module)[name])
        return found


def is_cache(x: Any) -> bool:
    """Whether it is what a layer caches of its weights, and compares with them before it uses it: one Vector or several.

    Example:
        >>> is_cache(Vector([])), is_cache([])
        (True, False)
    """
    return type(x) is Vector or (type(x) is list and bool(x) and type(x[0]) is Vector and set(map(type, x)) == {Vector})
