"""A compiled function as a method of an object."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable
from typing import Any

from autograd.compiled.api.signature import Signature

Compiled = Callable[..., Any]
"""A `Function`."""


class Method:
    """A compiled function as a method of an object.

    Args:
        function: the compiled function.
        instance: the object.
        first: arguments that are passed before those of a call.
    """

    __func__: Any

    def __init__(self, function: Compiled, instance: Any, first: tuple[Any, ...]) -> None:
        self.__func__, self.__self__, self._first = function, instance, first
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `Function.__call__`."""
        return self.__func__(*self._first, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """See `Function`. A module is argument 0 of `value_and_grad` and the other methods."""
        attribute = getattr(self.__func__, name)
        return functools.partial(attribute, *self._first) if callable(attribute) and name != "jvp" else attribute

    def outline(self) -> Any:
        """See `Function`."""
        return self.__func__.outline()

    def branch_outlines(self, most: int) -> Any:
        """See `Function`."""
        return self.__func__.branch_outlines(most)

    def __str__(self) -> str:
        return str(self.__func__)

    def __repr__(self) -> str:
        return f"<compiled method {self.__func__.__name__} of {self.__self__!r}>"


class Methods:
    """A compiled function as a method of many objects.

    Args:
        f: the function.
        make: compiles the method of an object.
    """

    def __init__(self, f: Callable[..., Any], make: Callable[[Callable[..., Any]], Compiled]) -> None:
        self._f, self._make = f, make
        self._known: dict[int, tuple[Any, Compiled]] = {}

    def of(self, instance: Any) -> Compiled:
        """The method of an object. It is compiled once, and kept as long as the object exists."""
        key = id(instance)
        known = self._known.get(key)
        if known is None or known[0]() is not instance:
            try:
                reference: Any = weakref.ref(instance, lambda _: self._known.pop(key, None))
            except TypeError:  # without weak references nothing can be kept: the method is recorded at each call
                return self._make(_bound(self._f, lambda: instance, instance))
            known = self._known[key] = reference, self._make(_bound(self._f, reference, instance))
        return known[1]


def _bound(f: Callable[..., Any], reference: Callable[[], Any], instance: Any) -> Callable[..., Any]:
    """The method of an object, which does not keep the object alive."""
    signature = Signature.of(types.MethodType(f, instance))

    @functools.wraps(f)
    def method(*args: Any, **kwargs: Any) -> Any:
        return f(reference(), *args, **kwargs)

    method.__signature__ = signature  # type: ignore[attr-defined]
    return method
