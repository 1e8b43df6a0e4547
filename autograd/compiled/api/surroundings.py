"""Surroundings: what a function refers to besides its arguments, such as random generators, attributes, containers, outer variables.

A run of the function may draw from the generators and change the rest. A recording must detect this and undo it. The surroundings are found
by following references from the function through code and objects of the user: closures, defaults, global names, attributes, elements of
containers. Libraries are not searched.
"""

from __future__ import annotations

import io
import operator
import pickle
import random
import sys
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np

from autograd._runtime.bulk import are_values
from autograd._runtime.temporary import During, Temporary, afterwards, unless_done
from autograd._runtime.vectors import Vector
from autograd.contexts import current_line
from autograd.value import Value

T = TypeVar("T")

LIBRARIES = frozenset({*sys.stdlib_module_names, "autograd", "nn", "numpy", "scipy", "torch", "jax", "jaxlib", "sklearn", "pandas"}) - {
    "__main__"
}

MANY = 20_000
"""The largest number of objects to search, not counting Values and numbers."""

MOST_NUMBERS = 1_000_000
"""The largest array whose numbers are compared."""

RUNS = 5
"""How often a function is run again to see whether it is the one that draws."""

_PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic)


@dataclass(frozen=True)
class Place:
    """A place that holds numbers or objects: its name, and functions that read its contents (a dict, list or array) and write them back."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    of_object: bool = False  # whether it is the attributes of an object, to which a call may add some


class Surroundings:
    """What some functions and objects refer to.

    Attributes:
        generators: generators of random numbers, always including those of `random` and `numpy.random`.
        iterators: other iterators, which advance when they are used and cannot go back.
        buffers: what holds numbers or text that is not looked at, such as a file or a large array.
        places: everything that can be changed.
    """

    def __init__(self, *roots: Any) -> None:
        self.generators: list[Any] = [random, np.random]
        self.iterators: list[Any] = []
        self.buffers: list[Any] = []
        self.places: list[Place] = []
        seen: dict[int, Any] = {}  # keeps the objects alive, so that no `id` is reused
        pending = list(roots)
        while pending and len(seen) < MANY:
            x = pending.pop()
            if isinstance(x, (Value, *_PLAIN)) or id(x) in seen:
                continue
            seen[id(x)] = x
            if isinstance(x, (random.Random, np.random.Generator, np.random.RandomState)):
                self.generators.append(x)
            elif isinstance(x, (io.IOBase, memoryview)) or type(x).__module__ in ("array", "_ctypes", "ctypes"):
                self.buffers.append(x)
            elif isinstance(x, Iterator):
                self.iterators.append(x)
            else:
                pending.extend(self._look_into(x))

    def _look_into(self, x: Any) -> Iterator[Any]:
        """The objects to which it refers. Appends to `places` what can be changed."""
        name = f"a {type(x).__name__}"
        if isinstance(x, types.FunctionType):
            yield from self._function(x)
        elif isinstance(x, (types.MethodType, types.BuiltinMethodType)):
            yield from (getattr(x, "__func__", None), x.__self__)
        elif isinstance(x, weakref.ref):
            yield x()
        elif isinstance(x, partial):
            yield from (x.func, *x.args, *x.keywords.values())
        elif isinstance(x, _CACHED):
            self.places.append(Place(name, lambda: {"size": x.cache_info().currsize}, lambda old: x.cache_clear()))
            yield x.__wrapped__
        elif isinstance(x, dict):
            self.places.append(Place(name, lambda: dict(x), partial(_refill, x)))
            yield from x.values()
        elif isinstance(x, (list, deque, bytearray)):
            self.places.append(Place(name, lambda: list(x), partial(_refill_list, x)))
            yield from [] if are_values(list(x)) else x  # most lists of Values are long
        elif isinstance(x, set):
            self.places.append(Place(name, lambda: {id(item): item for item in x}, partial(_refill_set, x)))
            yield from x
        elif isinstance(x, (tuple, frozenset)):
            yield from x
        elif isinstance(x, np.ndarray):
            if x.size > MOST_NUMBERS:
                self.buffers.append(x)
            elif x.flags.writeable:
                self.places.append(Place(name, x.copy, partial(_refill_array, x)))
        elif isinstance(x, ContextVar):
            self.places.append(Place(name, lambda: _of_context(x), lambda old: [x.set(item) for item in old.values()]))
        elif isinstance(x, type):
            yield from self._class(x)
        elif not isinstance(x, types.ModuleType):
            yield from self._object(x)

    def _function(self, f: types.FunctionType) -> Iterator[Any]:
        cells = [(name, cell) for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True) if _is_set(cell)]
        if _is_library(f.__module__):
            # a function of a library, such as a layer's, can hold objects of the user
            yield from [cell.cell_contents for _, cell in cells]
            return
        for name, cell in cells:
            self.places.append(_of_cell(name, cell))
            yield cell.cell_contents
        yield from (f.__defaults__ or (), f.__kwdefaults__ or {}, vars(f))
        names = set(_names(f.__code__))
        for name in names.intersection(f.__globals__):
            value = f.__globals__[name]
            if not isinstance(value, types.ModuleType):
                self.places.append(_of_global(name, f.__globals__))
                yield value
            elif not _is_library(value.__name__):
                own = names.intersection(vars(value))
                self.places.extend([_of_global(other, vars(value)) for other in own])
                yield from [vars(value)[other] for other in own]

    def _class(self, cls: type) -> Iterator[Any]:
        for base in cls.__mro__:
            if not _is_library(base.__module__):
                own = [name for name, item in vars(base).items() if not (name.startswith("__") or isinstance(item, _DESCRIPTORS))]
                self.places.extend([Place(f"class {base.__name__}", *_of_class(base, name)) for name in own])
                yield from [_unwrapped(item) for item in vars(base).values() if not isinstance(item, types.MemberDescriptorType)]

    def _object(self, x: Any) -> Iterator[Any]:
        held = getattr(x, "__dict__", None)
        if isinstance(held, dict):
            self.places.append(Place(type(x).__name__, lambda: dict(held), partial(_refill, held), of_object=True))
            yield from held.values()
        for cls in type(x).__mro__:
            slots = [name for name, item in vars(cls).items() if isinstance(item, types.MemberDescriptorType)]
            if slots and not _is_library(cls.__module__):
                self.places.extend([Place(type(x).__name__, *_of_attribute(x, name), of_object=True) for name in slots])
                yield from [getattr(x, name) for name in slots if hasattr(x, name)]
        yield type(x)

    def states(self) -> list[bytes]:
        """The state of each generator."""
        return [pickle.dumps(_state(generator)) for generator in self.generators]

    def snapshot(self) -> Snapshot:
        """The present contents of all places."""
        return Snapshot([(place, place.read()) for place in self.places])

    def drawing(self, f: Callable[[], T]) -> tuple[T, bool]:
        """The result of `f`, and whether it draws from a generator. If it does, or raises an error, the states are restored.

        The generators belong to all threads, and another thread may draw while `f` runs: then `f` is called again, up to RUNS times. If it
        changes nothing, one run that leaves the generators as they were shows that it was not `f`, and the other thread keeps its numbers.
        """
        before, present = self.states(), self.snapshot() if threading.active_count() > 1 else None
        with unless_done(lambda: self.drawn_since(before)) as done:
            result = f()
            now = self.states()
            draws = now != before
            for _ in range(RUNS if draws and present is not None and not present.changed() else 0):
                f()
                last, now = now, self.states()
                if last == now:
                    draws = False
                    break
            if not draws:
                done()
        return result, draws

    def line_that_draws(self, f: Callable[[], Any]) -> str:
        """The line of the user's code that draws from a generator when `f` is called; "" if there is none. Restores the states."""
        before = self.states()
        drawing: list[str] = []
        last = [""]

        def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
            if _is_library(frame.f_globals.get("__name__")):
                return None if event == "call" else trace
            if not drawing and self.states() != before:
                drawing.append(last[0])
            last[0] = current_line(frame)
            return trace

        with afterwards(lambda: self.drawn_since(before)), During(lambda: _Traced(trace)):
            try:
                f()
            except Exception:  # the first run did not raise it: only the line stays unknown
                return ""
        return drawing[0] if drawing else last[0]

    def drawn_since(self, before: list[bytes]) -> bool:
        """Whether a generator has another state than before. Restores the states."""
        after = self.states()
        for generator, old, new in zip(self.generators, before, after, strict=True):
            if old != new:
                _set_state(generator, pickle.loads(old))
        return before != after


class _Traced(Temporary[None]):
    """A trace function, which Python calls at each line."""

    def __init__(self, trace: Callable[[types.FrameType, str, Any], Any]) -> None:
        self._trace = trace
        self._before = sys.gettrace()

    def do(self) -> None:
        """See `Temporary`."""
        sys.settrace(self._trace)

    def undo(self) -> None:
        """See `Temporary`."""
        sys.settrace(self._before)


@dataclass(frozen=True)
class Snapshot:
    """The contents of places."""

    contents: list[tuple[Place, Any]]

    def changes(self) -> Iterator[tuple[Place, Any, Any, Any]]:
        """The differences to the present contents: place, key, contents before and after; `_NOTHING` if the key is missing."""
        for place, was in self.contents:
            now = place.read()
            if isinstance(was, np.ndarray):
                if was.tobytes() != now.tobytes():
                    yield place, "numbers", was, now
                continue
            if isinstance(was, list) and len(was) == len(now) and all(map(operator.is_, was, now)):
                continue
            old, new = (dict(enumerate(x)) if isinstance(x, list) else x for x in (was, now))
            for key in {**old, **new}:
                before, after = old.get(key, _NOTHING), new.get(key, _NOTHING)
                if before is not after and not (_is_plain(before) and _is_plain(after) and repr(before) == repr(after)):
                    yield place, key, before, after

    def restore(self) -> None:
        """Restore everything."""
        changed = {id(place) for place, *_ in self.changes()}
        for place, was in self.contents:
            if id(place) in changed:
                place.write(was)

    def changed(self) -> str:
        """The first difference in words; "" if there is none. What layers cache of their weights does not count."""
        for place, key, before, after in self.changes():
            if not (place.of_object and _is_cache(before if after is _NOTHING else after)):  # another thread may take it away
                return f"{key!r} of {place.name}" if isinstance(key, str) else place.name
        return ""


_NOTHING = type("Nothing", (), {"__repr__": lambda self: "nothing"})()
_CACHED = type(lru_cache(lambda: None))
_DESCRIPTORS = (types.FunctionType, types.MemberDescriptorType, types.GetSetDescriptorType, property, classmethod, staticmethod)


def _is_plain(x: Any) -> bool:
    return isinstance(x, _PLAIN)


def _is_cache(x: Any) -> bool:
    """Whether it is what layers cache of their weights: one vector or several."""
    return isinstance(x, Vector) or (isinstance(x, list) and len(x) > 0 and all(isinstance(item, Vector) for item in x))


def _unwrapped(item: Any) -> Any:
    """The function behind a property, or another descriptor."""
    return item.fget if isinstance(item, property) else getattr(item, "__func__", item)


def _refill(held: dict[Any, Any], old: dict[Any, Any]) -> None:
    """Make the contents those of `old`. What both have stays meanwhile: another thread may be using it."""
    for key in [key for key in held if key not in old]:
        held.pop(key, None)
    if list(held) != [key for key in old if key in held]:  # another order
        held.clear()
    for key, item in old.items():
        if key not in held or held[key] is not item:
            held[key] = item


def _of_context(variable: ContextVar[Any]) -> dict[str, Any]:
    try:
        return {variable.name: variable.get()}
    except LookupError:
        return {}


def _refill_list(held: Any, old: list[Any]) -> None:
    held.clear()
    held.extend(old)


def _refill_set(held: set[Any], old: dict[int, Any]) -> None:
    held.clear()
    held.update(old.values())


def _refill_array(array: Any, old: Any) -> None:
    array[...] = old


def _of_attribute(x: Any, name: str) -> tuple[Callable[[], dict[Any, Any]], Callable[[dict[Any, Any]], Any]]:
    def write(old: dict[Any, Any]) -> None:
        if name in old:
            setattr(x, name, old[name])
        elif hasattr(x, name):
            delattr(x, name)

    return lambda: {name: getattr(x, name)} if hasattr(x, name) else {}, write


def _of_class(cls: type, name: str) -> tuple[Callable[[], dict[Any, Any]], Callable[[dict[Any, Any]], Any]]:
    """An attribute of a class, read without `getattr`, which would call a descriptor."""

    def write(old: dict[Any, Any]) -> None:
        if name in old:
            setattr(cls, name, old[name])
        elif name in vars(cls):
            delattr(cls, name)

    return lambda: {name: vars(cls)[name]} if name in vars(cls) else {}, write


def _is_library(module: str | None) -> bool:
    return (module or "").split(".")[0] in LIBRARIES


def _is_set(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _of_cell(name: str, cell: types.CellType) -> Place:
    return Place("a function", lambda: {name: cell.cell_contents}, lambda old: setattr(cell, "cell_contents", old[name]))


def _of_global(name: str, names: dict[str, Any]) -> Place:
    return Place("a module", lambda: {name: names[name]}, lambda old: names.__setitem__(name, old[name]))


def _names(code: types.CodeType) -> Iterator[str]:
    """The global names and attributes that code uses, including the functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _state(generator: Any) -> Any:
    if generator is np.random or isinstance(generator, np.random.RandomState):
        return generator.get_state()
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate()


def _set_state(generator: Any, state: Any) -> None:
    if generator is np.random or isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.setstate(state)
