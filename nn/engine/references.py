"""What code and objects refer to, kind by kind, for fingerprints: nothing is overlooked, and what is unknown is refused."""

from __future__ import annotations

import dis
import functools
import hashlib
import random
import sys
import types
import weakref
from abc import ABCMeta
from array import array
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import EnumMeta
from typing import Any, cast

import numpy as np

from nn.module import Module

OURS = frozenset({"autograd", "nn"})

STABLE = frozenset(
    {"builtins", "math", "cmath", "operator", "_operator", "functools", "itertools", "collections", "abc", "_abc", "_collections_abc"}
    | {"typing", "types", "enum", "numbers", "dataclasses", "random", "numpy"}
)
"""Packages whose functions and classes do the same each time, except `READING`. Random numbers that are frozen are refused elsewhere."""

READING = (open, input, eval, exec, compile, globals, locals, vars, id, hash, dir, __import__, breakpoint)
"""Built-in functions whose results depend on more than their arguments and what these refer to."""

HIDDEN = frozenset({"__globals__", "__builtins__", "f_globals", "f_locals", "f_back", "__subclasses__", "import_module", "__closure__"})
"""Names with which code reaches what a search by references does not find."""

NUMPY_FUNCTIONS = frozenset({"array", "asarray", "zeros", "ones", "full", "eye", "arange", "linspace", "dot", "sum", "mean", "concatenate"})

LARGE = 2**24
"""The largest number of bytes of an array."""

ABOUT_CLASS = frozenset(
    {"__module__", "__qualname__", "__doc__", "__annotations__", "__dict__", "__weakref__", "__orig_bases__", "__parameters__"}
    | {"__dataclass_fields__", "__dataclass_params__", "__match_args__", "__static_attributes__", "__firstlineno__", "_abc_impl"}
    | {"__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__slots__", "_field_defaults"}
)
"""What a class holds about itself, which no call of a model uses."""

Found = tuple[Iterable[Any], Iterable[Any]]
"""The facts of an object, which are compared by `==`, and the objects that it refers to."""


class UnknownReferenceError(Exception):
    """An object may refer to more than can be found, or its behaviour may depend on something else."""


def references(x: Any) -> Found:
    """The facts of an object, and what it refers to, in an order that depends on nothing else.

    Facts do not keep objects of the user alive.

    Raises:
        UnknownReferenceError: it may refer to more, or its behaviour may depend on something else.

    Example:
        >>> references([1.0, "a"])
        ([2], [1.0, 'a'])
        >>> references(sys)
        Traceback (most recent call last):
        nn.engine.references.UnknownReferenceError: the module sys
    """
    rule = RULES.get(type(x))
    if rule is not None:
        return rule(x)
    if isinstance(x, type):
        return _class(x)
    if isinstance(x, np.generic):
        return (x.dtype.str, x.tobytes()), ()
    if isinstance(x, tuple) and type(x).__basicsize__ == tuple.__basicsize__:  # a namedtuple
        return (len(x),), (type(x), *x)
    return _object(x)


def package_of(module: str | None) -> str:
    """The outermost package of a module."""
    return (module or "").split(".")[0]


# -- containers ------------------------------------------------------------------------------------------------------------


def _items(x: Any) -> Found:
    if len(x) > 8 and set(map(type, x)) == {float}:
        return (len(x), _digest(array("d", x))), ()
    return [len(x)], x


def _pairs(x: Any) -> Found:
    return (len(x),), [part for pair in list(x.items()) for part in pair]


def _array(x: Any) -> Found:
    if x.dtype.kind == "O":
        return (x.shape,), (x.tolist(),)
    if x.dtype.kind not in "biufc" or x.nbytes > LARGE:
        raise UnknownReferenceError(f"an array of {x.dtype} with {x.nbytes:,} bytes")
    return (x.dtype.str, x.shape, _digest(np.ascontiguousarray(x).data)), ()


def _digest(numbers: Any) -> bytes:
    return hashlib.blake2b(numbers, digest_size=16).digest()


# -- code ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """The names in some code, with those in the functions within it.

    Attributes:
        loaded: the global names that it reads, each with the attributes that it reads at once, as in `("math", "pi")`.
        imported: the modules that it imports.
        used: all names of globals and attributes.
    """

    loaded: frozenset[tuple[str, ...]]
    imported: frozenset[str]
    used: frozenset[str]


@functools.lru_cache(maxsize=4096)
def _names_of(code: types.CodeType) -> _Names:
    loaded: set[tuple[str, ...]] = set()
    imported: set[str] = set()
    used = set(code.co_names)
    path: tuple[str, ...] = ()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and path:
            path += (instruction.argval,)
        elif instruction.opname != "EXTENDED_ARG":
            loaded |= {path} if path else set()
            path = (instruction.argval,) if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") else ()
            imported |= {instruction.argval} if instruction.opname == "IMPORT_NAME" else set()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _names_of(constant)
            loaded |= inner.loaded
            imported |= inner.imported
            used |= inner.used
    return _Names(frozenset(loaded), frozenset(imported), frozenset(used))


def names_used(x: Any) -> frozenset[str]:
    """The names that the code of a function of the user uses; none for other objects."""
    is_own = type(x) is types.FunctionType and package_of(x.__globals__.get("__name__")) not in OURS | STABLE
    return _names_of(x.__code__).used if is_own else frozenset()


def _function(f: types.FunctionType) -> Found:
    facts: list[Any] = [f.__code__]
    found: list[Any] = [f.__defaults__, f.__kwdefaults__, vars(f)]
    for cell in f.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            facts.append("an empty cell")
    package = package_of(f.__globals__.get("__name__"))
    if package in OURS or package in STABLE:  # what these find by global names does not change, or is in `library`
        return facts, found
    _refuse_standard(package, f"the function {f.__qualname__}")
    names = _names_of(f.__code__)
    if not HIDDEN.isdisjoint(names.used):
        raise UnknownReferenceError(f"{min(HIDDEN & names.used)} in {f.__qualname__}")
    for path in sorted(names.loaded):
        is_defined, held = _looked_up(path, f)
        facts.append((path, is_defined))
        found.append(held)
    for name in sorted(names.imported):
        if name not in sys.modules:
            raise UnknownReferenceError(f"the module {name!r}, which is imported within {f.__qualname__}")
        found += (sys.modules[name], sys.modules[package_of(name)])
    return facts, found


def _looked_up(path: tuple[str, ...], f: types.FunctionType) -> tuple[bool, Any]:
    """Whether a global name is defined, and what it stands for; with an attribute, if it is a module."""
    name, *attributes = path
    space = next((space for space in (f.__globals__, cast(Any, f).__builtins__) if name in space), None)
    if space is None:
        return False, None
    held = space[name]
    for attribute in attributes:
        if not isinstance(held, types.ModuleType):
            break
        _module(held)
        if attribute not in vars(held):
            if "__getattr__" in vars(held) and package_of(held.__name__) not in OURS | STABLE:
                raise UnknownReferenceError(f"{attribute} of the module {held.__name__}, which computes its attributes")
            return False, None
        held = vars(held)[attribute]
    return True, held


def _built_in(f: Any) -> Found:
    owner = f.__self__
    if owner is not None and not isinstance(owner, (types.ModuleType, type)):
        return (f.__name__,), (owner,)
    package = package_of(owner.__name__ if isinstance(owner, types.ModuleType) else f.__module__ or getattr(owner, "__module__", ""))
    is_known = f.__name__ in NUMPY_FUNCTIONS if package == "numpy" else package in STABLE and f not in READING
    if not is_known and package not in OURS:
        raise UnknownReferenceError(f"the function {f.__name__}")
    return (f,), ()


def _numpy_function(f: Any) -> Found:
    if f.__name__ not in NUMPY_FUNCTIONS:
        raise UnknownReferenceError(f"numpy's {f.__name__}")
    return (f,), ()


def _cached_function(f: Any) -> Found:
    if package_of(f.__module__) not in OURS:
        raise UnknownReferenceError(f"the results that {f.__name__} has cached")
    return (f,), ()


def _module(module: types.ModuleType) -> Found:
    package = package_of(module.__name__)
    if package not in STABLE:
        _refuse_standard(package, f"the module {module.__name__}")
    return (weakref.ref(module),), ()  # the search looks up names in it


def _class(cls: type) -> Found:
    package = package_of(cls.__module__)
    if package in STABLE and (package != "numpy" or issubclass(cls, (np.generic, np.ndarray))):
        return (cls,), ()
    if package in OURS:  # what it holds is in `library`
        return (weakref.ref(cls),), cls.__bases__
    _refuse_standard(package, f"the class {cls.__name__}")
    if package == "numpy" or _is_extension(cls.__module__) or type(cls) not in (type, ABCMeta, EnumMeta):
        raise UnknownReferenceError(f"the class {cls.__name__}")
    held = [(name, item) for name, item in vars(cls).items() if name not in ABOUT_CLASS]
    return (weakref.ref(cls), *[name for name, _ in held]), (*cls.__bases__, *[item for _, item in held])


# -- objects ---------------------------------------------------------------------------------------------------------------


def _object(x: Any) -> Found:
    kind = type(x)
    slots = [item for base in kind.__mro__ for item in vars(base).values() if isinstance(item, types.MemberDescriptorType)]
    is_plain = kind.__basicsize__ <= object.__basicsize__ + 8 * (len(slots) + 2)  # it has no parts that only compiled code sees
    if not is_plain or _is_extension(kind.__module__):
        raise UnknownReferenceError(f"a {kind.__name__}")
    _refuse_standard(package_of(kind.__module__), f"a {kind.__name__}")
    facts: list[Any] = [weakref.ref(x)] if isinstance(x, Module) else []
    found: list[Any] = [kind, getattr(x, "__dict__", None)]
    for slot in slots:
        try:
            found.append(slot.__get__(x))
        except AttributeError:
            facts.append(slot.__name__)
    return facts, found


def _refuse_standard(package: str, what: str) -> None:
    """Refuse parts of the standard library, which is not searched, as its modules can do anything."""
    if package in sys.stdlib_module_names and package != "__main__":
        raise UnknownReferenceError(what)


def _is_extension(module: str) -> bool:
    return str(getattr(sys.modules.get(module), "__file__", "")).endswith((".so", ".pyd"))


def _itself(x: Any) -> Found:
    return (x,), ()


def _attributes(*names: str) -> Callable[[Any], Found]:
    return lambda x: ((), [getattr(x, name) for name in names])


RULES: dict[type, Callable[[Any], Found]] = {
    list: _items,
    tuple: _items,
    set: _items,
    frozenset: _items,
    dict: _pairs,
    OrderedDict: _pairs,
    np.ndarray: _array,
    types.FunctionType: _function,
    types.MethodType: _attributes("__func__", "__self__"),
    types.BuiltinFunctionType: _built_in,
    functools.partial: _attributes("func", "args", "keywords", "__dict__"),
    functools.cached_property: _attributes("func"),
    property: _attributes("fget", "fset", "fdel"),
    classmethod: _attributes("__func__", "__dict__"),
    staticmethod: _attributes("__func__", "__dict__"),
    weakref.ref: lambda x: ((), (x(),)),
    types.ModuleType: _module,
    types.GenericAlias: lambda x: ((), (x.__origin__, x.__args__)),
    random.Random: lambda x: ((weakref.ref(x),), ()),  # its state does not matter: a function that draws while it is recorded is refused
    np.ufunc: _itself,
    type(np.sum): _numpy_function,
    type(functools.lru_cache(lambda: None)): _cached_function,
    type(namedtuple("_Pair", "a b").a): _itself,  # type: ignore[attr-defined]
    types.MemberDescriptorType: _itself,
    types.GetSetDescriptorType: _itself,
    types.MethodDescriptorType: _itself,
    types.WrapperDescriptorType: _itself,
    types.ClassMethodDescriptorType: _itself,
}
"""What to do with an object of exactly this class."""


# -- this project ----------------------------------------------------------------------------------------------------------


def library() -> dict[tuple[Any, ...], Any]:
    """What the names in the modules and classes of this project stand for, since a user may replace a function or a method.

    The entries of its public tables, such as `OPERATIONS`, are among it.

    Example:
        >>> from nn import MLP
        >>> library()["nn.layers.neurons", "MLP"] is MLP
        True
    """
    held: dict[tuple[Any, ...], Any] = {}
    for name, module in list(sys.modules.items()):
        if package_of(name) in OURS and isinstance(module, types.ModuleType):
            for key, item in _own(vars(module)):
                held[name, key] = item
                if isinstance(item, type) and item.__module__ == name:
                    held.update({(name, key, inner): member for inner, member in _own(vars(item))})
                elif type(item) is dict and key.isupper() and not key.startswith("_"):
                    held.update({(name, key, inner): member for inner, member in list(item.items())})
    return held


def _own(names: Any) -> Iterator[tuple[str, Any]]:
    for name, item in list(names.items()):
        if type(item) is types.FunctionType:
            yield name, weakref.ref(item)
            yield f"code of {name}", item.__code__
        elif not isinstance(item, types.ModuleType):
            yield name, item
