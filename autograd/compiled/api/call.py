"""The calls of a compiled function, from the arguments to the result. A call like an earlier one takes a shortcut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autograd.compiled.api.arguments import Argument, Array, form_of, snapshot, split
from autograd.compiled.api.branch import Branch
from autograd.compiled.api.in_axes import Batch, Batching
from autograd.compiled.api.reading import FAILURES, Reading
from autograd.compiled.api.remembered import Item, Remembered
from autograd.compiled.api.results import collect, need_one_form, pull_back, push_forward, split_numbers
from autograd.compiled.api.shortcut import Derivative, Shortcut
from autograd.compiled.api.signature import Call
from autograd.compiled.api.specialisations import Run, Specialisations
from autograd.compiled.floating_errors import quietly
from autograd.errors import InputError
from autograd.trees import LEAF, Form

FEW_NUMBERS = 100
"""Up to so many numbers are added by Python rather than NumPy."""

SHORTCUTS, MEMORY, ALWAYS = 256, 2**24, 16
"""How many forms of calls a function remembers at most, how many bytes they take, and how many are remembered whatever they take."""

T = TypeVar("T", bound=Item)


class Computed(NamedTuple):
    """A call that was computed: the call, its arguments, the samples, and the runs."""

    call: Call
    arguments: list[Argument]
    batch: Batch
    runs: list[Run]


class Calls:
    """The calls of a function.

    Attributes:
        f: the function.
        name: its name in messages.
        batching: how its arguments are batched.
        specialisations: its programs.
        shortcuts, derivatives: by the form of an earlier call, the shortcut for its value, and for its derivatives.
    """

    def __init__(self, f: Callable[..., Any], name: str, batching: Batching, specialisations: Specialisations) -> None:
        self.f, self.name = f, name
        self.batching, self.specialisations = batching, specialisations
        self.shortcuts: Remembered[Shortcut] = Remembered(MEMORY, ALWAYS, SHORTCUTS)
        self.derivatives: Remembered[Derivative] = Remembered(MEMORY, ALWAYS, SHORTCUTS)
        specialisations.when_forgotten = self._forget_dependents

    def _forget_dependents(self) -> None:
        """Forget the shortcuts of programs that were forgotten, and the derivatives of shortcuts that were."""
        for key, shortcut in list(self.shortcuts.items()):
            if not shortcut.group.is_remembered:
                self.shortcuts.forget(key)
        for key, derivative in list(self.derivatives.items()):
            if not (derivative.shortcut.is_remembered and derivative.shortcut.group.is_remembered):
                self.derivatives.forget(key)

    def _remember(self, known: Remembered[T], key: Any, item: T) -> None:
        is_new = key not in known
        known[key] = item
        if is_new and known.trim():
            self._forget_dependents()

    def eagerly(self, call: Call) -> Any:
        """Call the plain function, once for each sample."""
        return self.guessing(call, self._eagerly)

    def _eagerly(self, call: Call) -> Any:
        call = replace(call, values=snapshot(call.values))
        arguments, batch = self.batching.arguments(call, (), False, values=True)
        if batch.shape is None:
            return call.of(self.f, call.values)
        parts = [split(call.of(self.f, [argument.sample(i) for argument in arguments]), "the result") for i in range(batch.size)]
        need_one_form(self.name, parts)
        columns = []
        for arrays in zip(*[arrays for arrays, _ in parts], strict=True):
            column = np.empty((batch.size, *arrays[0].shape), dtype=object if any(x.dtype == object for x in arrays) else np.float64)
            for i, array in enumerate(arrays):
                column[i] = array[()]
            columns.append(column.reshape(batch.shape + column.shape[1:]))
        return parts[0][1](columns)

    def value(self, call: Call) -> Any:
        """The value of the function."""
        key, leaves = _key(call, (), False, False)
        shortcut = self.shortcuts.get(key)
        data = None if shortcut is None else shortcut.run(leaves, True)
        return self._value_anew(call)[0] if shortcut is None or data is None else shortcut.result(data)

    def value_by(self, call: Call) -> tuple[Any, list[Branch]]:
        """The value of the function, and the branches that the samples took."""
        key, leaves = _key(call, (), False, False)
        shortcut = self.shortcuts.get(key)
        data = None if shortcut is None else shortcut.run(leaves, True)
        return self._value_anew(call) if shortcut is None or data is None else (shortcut.result(data), [shortcut.branch])

    def _value_anew(self, call: Call) -> tuple[Any, list[Branch]]:
        """The same without a shortcut."""
        _, _, batch, runs = self._run(call, (), False, anew=True)
        arrays, form = collect(self.name, runs, batch)
        return form([batch.shaped(array) for array in arrays]), [branch for branch, _, _ in runs]

    def value_and_grad(self, call: Call, wrt: Any, reduce: str | None, has_aux: bool) -> tuple[Any, Any]:
        """See `Function.value_and_grad`."""
        form_of_call, leaves = form_of(call.values)
        by = wrt if wrt is None or type(wrt) is int else (call.chosen(wrt), type(wrt))
        key = None if form_of_call is None else (call.how, form_of_call, by, reduce, has_aux)
        known = self.derivatives.get(key)
        quick = None if known is None else known.run(leaves)
        if quick is not None:
            return quick
        chosen = call.chosen(wrt)
        single = call.how.is_single if wrt is None else not isinstance(wrt, (tuple, list))
        call, arguments, batch, runs = self._run(call, chosen, reduce is None, has_aux)
        arrays, form = collect(self.name, runs, batch)
        _need_one_number(self.name, arrays, form, has_aux)
        weight = 1.0 / batch.size if reduce == "mean" else 1.0
        gradients = pull_back(runs, arguments, chosen, [weight] + [0.0] * (len(arrays) - 1), batch.size)

        def value(arrays: list[Array]) -> Any:
            first = batch.shaped(arrays[0]) if reduce is None else weight * _total(arrays[0])
            return form([first, *[batch.shaped(array) for array in arrays[1:]]]) if has_aux else form([first])

        shortcut = None if key is None else self.shortcuts.get((call.how, form_of_call, chosen, reduce is None, has_aux))
        kept = arguments if shortcut is None else shortcut.arguments
        restore = [self.batching.restorer(call.values[i], kept[i], batch, reduce is None) for i in chosen]
        if shortcut is not None:
            of_arrays = None if batch.shape is None and form is LEAF else value
            as_rows = self.batching.in_axes is None and reduce is None and batch.shape == (batch.size,)
            as_rows = as_rows and not any(argument.whole for argument in arguments)
            self._remember(self.derivatives, key, Derivative(shortcut, chosen, weight, of_arrays, restore, single, as_rows))
        parts = [restored(gradients[i]) for i, restored in zip(chosen, restore, strict=True)]
        return value(arrays), parts[0] if single else tuple(parts)

    def vjp(self, call: Call) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """See `Function.vjp`."""
        chosen = tuple(range(len(call.values)))
        call, arguments, batch, runs = self._run(call, chosen, False)
        arrays, form = collect(self.name, runs, batch)
        value = form([batch.shaped(array) for array in arrays])

        def pull(cotangent: Any) -> tuple[Any, ...]:
            seeds, own_form = split_numbers(cotangent, "the gradient with respect to the value")
            shapes = [np.shape(batch.shaped(array)) for array in arrays]
            if [np.shape(seed) for seed in seeds] != shapes or own_form != form:
                raise InputError("the gradient with respect to the value must have the form of the value")
            flat = [np.reshape(seed, array.shape) for seed, array in zip(seeds, arrays, strict=True)]
            gradients = pull_back(runs, arguments, chosen, flat, batch.size)
            return tuple([self.batching.restorer(call.values[i], arguments[i], batch, False)(gradients[i]) for i in chosen])

        return value, pull

    def computed(self, call: Call, chosen: tuple[int, ...]) -> tuple[list[Array], list[Argument], Batch, list[Run]]:
        """The arrays of the result of a call that is to be differentiated for each sample; its arguments, its samples, and the runs."""
        _, arguments, batch, runs = self._run(call, chosen, True)
        return collect(self.name, runs, batch)[0], arguments, batch, runs

    def jvp(self, call: Call, of_tangents: Call) -> tuple[Any, Any]:
        """See `Function.jvp`."""
        chosen = tuple(range(len(call.values)))
        call, arguments, batch, runs = self._run(call, chosen, False)
        has_all = len(of_tangents.values) == len(call.values)
        directions, other = self.batching.arguments(of_tangents, chosen, False) if has_all else ([], None)
        if other != batch or [argument.form for argument in arguments] != [direction.form for direction in directions]:
            raise InputError("jvp needs tangents of the same form as the primals")
        arrays, form = collect(self.name, runs, batch)
        moved = push_forward(runs, arrays, directions, batch)
        return form([batch.shaped(array) for array in arrays]), form([batch.shaped(array) for array in moved])

    def _run(self, call: Call, chosen: tuple[int, ...], each: bool, aux: bool = False, anew: bool = False) -> Computed:
        """Compute a call, by a shortcut if possible; `anew` says that it is not. The next call of its form can take a shortcut."""
        key, leaves = _key(call, chosen, each, aux)
        shortcut = None if anew else self.shortcuts.get(key)
        data = None if shortcut is None else shortcut.run(leaves)
        if shortcut is not None and data is not None:
            return Computed(call, shortcut.arguments, shortcut.batch, [(shortcut.branch, slice(None), data)])
        before = key
        call = replace(call, values=snapshot(call.values))
        key, leaves = _key(call, chosen, each, aux)
        reading = Reading(self.batching, call, partial(self._record, chosen=chosen, each=each))
        while True:
            try:
                with reading.context:
                    arguments, batch = self.batching.arguments(call, chosen, each)
                    runs = self.specialisations.run(call, arguments, batch, chosen, aux)
                break
            except FAILURES as failure:
                reading.fail(failure)
        if key is not None and key == before and len(runs) == 1 and not runs[0][0].draws:
            group = self.specialisations.group(call, arguments, chosen, aux)
            if any(branch is runs[0][0] for branch in group.branches):  # it was not forgotten meanwhile
                self._remember(self.shortcuts, key, Shortcut(leaves, arguments, batch, runs[0][0], group))
        return Computed(call, arguments, batch, runs)

    def record(self, call: Call, chosen: tuple[int, ...]) -> None:
        """Record the function for arguments of this form, unless it already was."""
        self.guessing(call, partial(self._record, chosen=chosen, each=False))

    def guessing(self, call: Call, attempt: Callable[[Call], Any]) -> Any:
        """What an attempt returns, as the function reads its arguments."""
        reading = Reading(self.batching, call, attempt)
        while True:
            try:
                with reading.context:
                    return attempt(call)
            except FAILURES as failure:
                reading.fail(failure)

    def _record(self, call: Call, chosen: tuple[int, ...], each: bool) -> None:
        self.specialisations.record(call, self.batching.arguments(call, chosen, each)[0], chosen)


def _need_one_number(name: str, arrays: list[Array], form: Form, has_aux: bool) -> None:
    """
    Raises:
        InputError: `value_and_grad` cannot differentiate a function with such a result.
    """
    if has_aux and not (form.kind is not None and issubclass(form.kind, tuple) and len(form.branches) == 2):
        raise InputError(f"has_aux needs a function that returns a pair of a number and something else, which {name} does not")
    if not arrays or arrays[0].ndim != 1 or (len(arrays) != 1 and not has_aux):
        raise InputError(f"value_and_grad needs a function that returns one number, which {name} does not: use vjp")


def _key(call: Call, chosen: tuple[int, ...], each: bool, aux: bool) -> tuple[Any, list[list[Any]]]:
    """What calls that may share a shortcut have in common, and the leaves of the arguments; None for unusual arguments."""
    form, leaves = form_of(call.values)
    return None if form is None else (call.how, form, chosen, each, aux), leaves


def _total(numbers: Sequence[float] | Array) -> float:
    if len(numbers) <= FEW_NUMBERS:  # a loop in C over Python's floats, without NumPy's overhead
        return float(sum(np.asarray(numbers).tolist()))
    return float(quietly(np.add.reduce, numbers))
