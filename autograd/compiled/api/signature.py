"""The arguments of a compiled function, bound to its parameters as Python does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiled.export.rule_text import printable
from autograd.errors import InputError
from autograd.transforms import innermost

WAYS = 256
"""How many ways to pass arguments are kept at most."""


@dataclass(frozen=True, eq=False)
class Passing:
    """How the arguments of a call are passed. A `Signature` has one object for each way, so that it is a key by its identity.

    Attributes:
        positional: the number of arguments passed by position.
        keywords: the names of those passed by keyword.
        names: for each argument, the name of its parameter.
        positions: for each argument, the index of its parameter; -1 for what `**kwargs` receives.
        is_single: whether the function has this one parameter, so that a gradient stands by itself, not in a tuple.
        purpose: which function of these arguments is called, if it is not the user's own; see `directions`.
    """

    positional: int
    keywords: tuple[str, ...]
    names: tuple[str, ...]
    positions: tuple[int, ...]
    is_single: bool
    purpose: str = ""


@dataclass(slots=True)
class Call:
    """The arguments of one call.

    Attributes:
        values: the arguments passed by position, then those passed by keyword.
        how: how they are passed; the same object for all similar calls.
    """

    values: tuple[Any, ...]
    how: Passing

    def of(self, f: Callable[..., Any], values: Sequence[Any]) -> Any:
        """Call a function with other values, passed in the same way."""
        n = self.how.positional
        return f(*values[:n], **dict(zip(self.how.keywords, values[n:], strict=True)))

    def without_derivatives(self, f: Callable[..., Any]) -> Callable[[Sequence[Any]], Any] | None:
        """A call of the function that `f` differentiates, with other values; None if transforms have not made `f`."""
        plain = innermost(f)
        return None if plain is f else lambda values: self.of(plain, values)

    def index(self, which: int | str, name: str = "wrt") -> int:
        """The index of an argument in `values`, from the index or the name of its parameter.

        Raises:
            InputError: it was not passed, or there is no such parameter.
        """
        if isinstance(which, str):
            indices = [i for i, own in enumerate(self.how.names) if own == which]
        elif isinstance(which, (int, np.integer)) and not isinstance(which, bool):
            i = int(which)
            n = len(self.values)
            if not self.how.keywords:
                indices = [i % n] if -n <= i < n else []
            else:
                indices = [k for k, position in enumerate(self.how.positions) if position == i]
        else:
            indices = []
        if not indices:
            names = ", ".join(map(printable, self.how.names))
            raise InputError(
                f"{name}={which!r} does not fit a call with {len(self.values)} arguments, {names}: give the index "
                "or the name of one that is passed, a tuple of them, or None for all"
            )
        return indices[0]

    def chosen(self, wrt: int | str | tuple[int | str, ...] | None) -> tuple[int, ...]:
        """The indices of the arguments with respect to which to differentiate.

        Raises:
            InputError: one of them was not passed, or is named twice.
        """
        if wrt is None:
            return tuple(range(len(self.values)))
        chosen = tuple([self.index(which) for which in (wrt if isinstance(wrt, (tuple, list)) else (wrt,))])
        if len(set(chosen)) != len(chosen):
            raise InputError(f"wrt={wrt!r} names an argument twice")
        return chosen


class Signature:
    """The parameters of a function, for `bind`."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._signature = self.of(f)
        parameters = list(self._signature.parameters.values()) if self._signature else []
        by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self._names = [p.name for p in parameters if p.kind in by_position]
        self._positions = {
            p.name: i for i, p in enumerate([p for p in parameters if p.kind is not p.VAR_POSITIONAL]) if p.kind is not p.VAR_KEYWORD
        }
        self.count = len(self._positions)
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        self._is_single = len(parameters) == 1 and parameters[0].kind not in variable
        self._known: dict[Any, Passing] = {}  # by the number of arguments, or by this and the keywords

    @staticmethod
    def of(f: Callable[..., Any]) -> inspect.Signature | None:
        """The signature of a function; None if Python cannot tell it, as for some functions of other packages."""
        try:
            return inspect.signature(f)
        except (TypeError, ValueError):
            return None

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """The call with these arguments. A parameter with a default that is not passed is no argument of the call.

        Raises:
            TypeError: the function does not take these arguments.
        """
        if kwargs and self._signature is not None:
            bound = self._signature.bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        way = (len(args), *kwargs) if kwargs else len(args)
        how = self._known.get(way)
        if how is None:
            n, keywords = len(args), tuple(kwargs)
            names = (*self._names[:n], *[f"argument {i}" for i in range(len(self._names), n)], *keywords)
            if len(self._known) == WAYS:
                self._known.clear()
            positions = (*range(n), *[self._positions.get(name, -1) for name in keywords])
            how = self._known[way] = Passing(n, keywords, names, positions, self._is_single)
        return Call((*args, *kwargs.values()) if kwargs else args, how)

    def bind_all(self, name: str, arguments: Any) -> Call:
        """The call with these arguments, as `jvp` takes them.

        Raises:
            InputError: they are not a list or a tuple.
            TypeError: the function does not take them.
        """
        if not isinstance(arguments, (list, tuple)):
            raise InputError(f"{name} must be a tuple with one item for each argument, as in f.jvp((2.0,), (1.0,)), not {arguments!r}")
        return self.bind(tuple(arguments), {})
