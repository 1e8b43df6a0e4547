"""compile(function): a function of scalars, recorded, as a function of arrays."""

from __future__ import annotations

import functools
import types
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

import numpy as np

from autograd._runtime.state import STATE
from autograd.compiled import execute
from autograd.compiled.arguments import Argument, Array, as_argument, form_of, has_values, snapshot, split
from autograd.compiled.as_source import source_of
from autograd.compiled.branch import Branch, record_branch
from autograd.compiled.execute import Storage
from autograd.compiled.executors import executor_named
from autograd.compiled.layout import Instruction
from autograd.compiled.printing import Line, describe, outline
from autograd.compiled.shortcut import Batch, Derivative, Shortcut
from autograd.compiled.signature import Call, Signature
from autograd.errors import CompileError, DomainError, InputError
from autograd.recording import draw
from autograd.tracing import here, tracing
from autograd.trees import LEAF, Form

BRANCHES = 64
"""How many different ways through its `if`s a function may take, for arguments of one form."""

FEW_NUMBERS = 100
"""So many numbers are added up by Python."""

SHORTCUTS = 256
"""How many forms of calls a function remembers."""


Run = tuple[Branch, Any, Storage]
"""A program, the samples that it was run for, and what it computed."""


class Function:
    """A function that was compiled. See `compile`.

    `print(f)` shows the programs that were recorded so far.

    Attributes:
        recording_within: a context that the function is recorded in.
    """

    def __init__(self, f: Callable[..., Any], in_axes: Any = None, executor: str = "auto") -> None:
        self._executor = executor_named(executor)
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        functools.update_wrapper(self, f)
        self._f = f
        self._in_axes = in_axes
        self._signature = Signature(f)
        self.recording_within: Callable[[], AbstractContextManager[Any]] = nullcontext
        self._branches: dict[Any, list[Branch]] = {}
        self._shortcuts: dict[Any, Shortcut] = {}
        self._derivatives: dict[Any, Derivative] = {}
        self._methods: dict[int, tuple[Any, Function]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function of numbers or arrays. Of Values, and in a function that is differentiated or compiled, what it was before.

        Raises:
            InputError: an argument is no number, or shapes do not fit together.
            DomainError, PoleError: what the function raises for these numbers. For arrays, an element outside of a domain is inf or
                nan, with a RuntimeWarning, as in NumPy; `np.errstate(invalid=…)` decides about it.
            CompileError: the function cannot be recorded, or takes too many branches.
        """
        call = self._signature.bind(args, kwargs)
        if (STATE.traced and here() is not None) or has_values(call.values):
            return self._eagerly(call)
        _, _, batch, runs = self._run(call, (), False)
        arrays, build = self._collect(runs, batch)
        return build([_shaped(array, batch) for array in arrays])

    def _eagerly(self, call: Call) -> Any:
        """The function that was compiled, of the arguments of each sample."""
        call = Call(snapshot(call.values), call.how)
        arguments, batch = self._arguments(call, (), False, values=True)
        if batch.shape is None:
            return call.of(self._f, call.values)
        found = [split(call.of(self._f, [argument.sample(i) for argument in arguments]), "the result") for i in range(batch.size)]
        self._need_one_form([(arrays, form) for arrays, form in found])
        columns = []
        for arrays in zip(*[arrays for arrays, _ in found], strict=True):
            column = np.empty((batch.size, *arrays[0].shape), dtype=object if any(x.dtype == object for x in arrays) else np.float64)
            for i, array in enumerate(arrays):
                column[i] = array[()]
            columns.append(column.reshape(batch.shape + column.shape[1:]))
        return found[0][1](columns)

    def _refuse_traced(self, name: str) -> None:
        if STATE.traced and here() is not None:
            raise CompileError(
                f"{self.__name__}.{name} gives numbers, which have no derivative in the function around it, that is being differentiated "
                f"or compiled: write autograd.{name}({self.__name__}) there"
            )

    def value_and_grad(
        self,
        *args: Any,
        wrt: int | str | tuple[int | str, ...] | None = None,
        reduce: str | None = None,
        has_aux: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        """The value of a function that returns one number, and its derivatives with respect to the arguments.

        Args:
            args, kwargs: those of the function.
            wrt: with respect to which argument, by the number or the name of the parameter; a tuple, or None for all that are passed,
                gives a tuple of gradients.
            reduce: None gives the value and the gradients of each sample (a number that is broadcast over 1,000 samples gets 1,000
                derivatives); "sum" and "mean" those of the sum or mean over the samples, where a shared argument's gradient has
                the shape of the argument.
            has_aux: the function returns a pair, of the number that is differentiated, and of anything else; then so is the value
                here. Of what stands beside the number all samples are given back, and none of it is differentiated.

        Raises:
            InputError: the function returns more than one number, or `wrt` or `reduce` is none of those.
            CompileError: it is called within a function that is being differentiated or compiled.

        Example:
            >>> f = compile(lambda x, y: x * y)
            >>> f.value_and_grad(2.0, 5.0)
            (10.0, (5.0, 2.0))
            >>> f.value_and_grad(2.0, y=[1.0, 3.0], wrt="x", reduce="sum")
            (8.0, 4.0)
        """
        if reduce not in (None, "sum", "mean"):
            raise InputError(f'reduce must be None, "sum" or "mean", not {reduce!r}')
        self._refuse_traced("value_and_grad")
        call = self._signature.bind(args, kwargs)
        form, leaves = form_of(call.values)
        by = wrt if wrt is None or type(wrt) is int else (self._chosen(call, wrt), type(wrt))
        key = None if form is None else (call.how, form, by, reduce, has_aux)
        known = self._derivatives.get(key)
        quick = None if known is None else known.run(leaves)
        if quick is not None:
            return quick
        chosen, single = self._chosen(call, wrt), wrt is not None and not isinstance(wrt, (tuple, list))
        call, arguments, batch, runs = self._run(call, chosen, reduce is None, has_aux)
        arrays, build = self._collect(runs, batch)
        if has_aux and not (build.kind is not None and issubclass(build.kind, tuple) and len(build.branches) == 2):
            raise InputError(f"has_aux needs a function that returns a pair, a number and something else; {self.__name__} does not")
        if not arrays or arrays[0].ndim != 1 or (len(arrays) != 1 and not has_aux):
            raise InputError(f"value_and_grad needs a function that returns one number; {self.__name__} returns something else: use vjp")
        weight = 1.0 / batch.size if reduce == "mean" else 1.0
        seeds = [weight] + [0.0] * (len(arrays) - 1)
        gradients = self._pull_back(runs, arguments, chosen, seeds, batch.size)

        def value(arrays: list[Array]) -> Any:
            first = _shaped(arrays[0], batch) if reduce is None else weight * _total(arrays[0])
            return build([first, *[_shaped(array, batch) for array in arrays[1:]]]) if has_aux else build([first])

        shortcut = None if key is None else self._shortcuts.get((call.how, form, chosen, reduce is None, has_aux))
        kept = arguments if shortcut is None else shortcut.arguments
        restore = [self._restorer(call.values[i], kept[i], batch, reduce is None) for i in chosen]
        if shortcut is not None:
            of_arrays = None if batch.shape is None and build is LEAF else value
            as_rows = self._in_axes is None and reduce is None and batch.shape == (batch.size,)
            _remember(self._derivatives, key, Derivative(shortcut, chosen, weight, of_arrays, restore, single, as_rows))
        parts = [restored(gradients[i]) for i, restored in zip(chosen, restore, strict=True)]
        return value(arrays), parts[0] if single else tuple(parts)

    def record(self, *args: Any, wrt: int | str | tuple[int | str, ...] | None = (), **kwargs: Any) -> None:
        """Record the function now for arguments of this form, rather than at the first call, and run nothing.

        Args:
            args, kwargs: those of the function; of several samples the first is recorded.
            wrt: by which arguments it will be differentiated with `reduce`; none for calls without derivatives.

        Raises:
            CompileError: the function cannot be recorded.
        """
        self._refuse_traced("record")
        call = self._signature.bind(args, kwargs)
        chosen = self._chosen(call, wrt)
        arguments, _ = self._arguments(call, chosen, False)
        branches = self._branches.setdefault(self._key(call, arguments, chosen, False), [])
        if not branches:
            with self.recording_within():
                branches.append(record_branch(self._seen(call), self._f, arguments, 0, chosen, False))

    def refresh(self, *args: Any, **kwargs: Any) -> bool:
        """Forget what was recorded for arguments of this form, if the function would do something else now. Whether it was forgotten.

        A program holds what the function referred to when it was recorded: numbers, attributes, settings. This asks whether they are still
        the same, by running the function once on Values for each of its branches.
        """
        call = self._signature.bind(args, kwargs)
        arguments, _ = self._arguments(call, (), False)
        same = tuple([argument.key for argument in arguments])
        with self.recording_within():
            stale = [
                key
                for key, branches in self._branches.items()
                if key[:2] == (call.how, same) and not all(branch.is_current(self._seen(call), arguments) for branch in branches)
            ]
        for key in stale:
            del self._branches[key]
        if stale:
            self._shortcuts.clear()
            self._derivatives.clear()
        return bool(stale)

    def forget(self) -> None:
        """Forget all that was recorded."""
        for found in (self._branches, self._shortcuts, self._derivatives):
            found.clear()

    def vjp(self, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """The value, and a function from gradients with respect to the value to those with respect to the arguments.

        A shared argument's gradient is the sum over the samples.

        Example:
            >>> value, pull_back = compile(lambda x, y: (x * y, x + y)).vjp(2.0, 5.0)
            >>> value, pull_back((1.0, 0.0))
            ((10.0, 7.0), (5.0, 2.0))
        """
        self._refuse_traced("vjp")
        call = self._signature.bind(args, kwargs)
        chosen = tuple(range(len(call.values)))
        call, arguments, batch, runs = self._run(call, chosen, False)
        arrays, build = self._collect(runs, batch)
        value = build([_shaped(array, batch) for array in arrays])

        def pull_back(cotangent: Any) -> tuple[Any, ...]:
            seeds, form = split(cotangent, "the gradient by the value")
            shapes = [np.shape(_shaped(array, batch)) for array in arrays]
            if [np.shape(seed) for seed in seeds] != shapes or form != build:
                raise InputError("the gradient by the value must have the form of the value")
            flat = [np.reshape(seed, array.shape) for seed, array in zip(seeds, arrays, strict=True)]
            gradients = self._pull_back(runs, arguments, chosen, flat, batch.size)
            return tuple([self._restorer(call.values[i], arguments[i], batch, False)(gradients[i]) for i in chosen])

        return value, pull_back

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """The value, and its derivative in a direction: forward mode.

        Args:
            primals: the arguments of the function.
            tangents: the direction, of the same form.

        Example:
            >>> compile(lambda x, y: x * y).jvp((2.0, 5.0), (1.0, 0.0))
            (10.0, 5.0)
        """
        self._refuse_traced("jvp")
        call = self._signature.bind(tuple(primals), {})
        chosen = tuple(range(len(primals)))
        call, arguments, batch, runs = self._run(call, chosen, False)
        of_tangents = self._signature.bind(tuple(tangents), {})
        directions, other = self._arguments(of_tangents, chosen, False) if len(tangents) == len(primals) else ([], None)
        if other != batch or [a.form for a in arguments] != [d.form for d in directions]:
            raise InputError("jvp needs tangents of the same form as the primals")
        arrays, build = self._collect(runs, batch)
        moved = [np.empty_like(array) for array in arrays]
        for branch, samples, data in runs:
            tangent, moving = (execute.gradients(branch.layout, data.batched.shape[1]) for _ in range(2))
            for direction, (used, places) in zip(directions, branch.inputs, strict=True):
                numbers = direction.numbers(batch.size)[used]
                if direction.batched:
                    tangent.batched[places], moving.batched[places] = numbers[:, samples], 1.0
                else:
                    tangent.shared[places], moving.shared[places] = numbers, 1.0
            execute.push_forward(branch.layout, data.straight(), tangent, moving)
            for array, part in zip(moved, branch.results(tangent), strict=True):
                array[samples] = part
        return build([_shaped(array, batch) for array in arrays]), build([_shaped(array, batch) for array in moved])

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method. A module is its first argument; any other object is what the function refers to."""
        if instance is None:
            return self
        if hasattr(instance, "named_parameters"):
            return Method(self, instance, (instance,))
        key = id(instance)
        known = self._methods.get(key)
        if known is None or known[0]() is not instance:
            axes = self._in_axes[1:] if isinstance(self._in_axes, tuple) else self._in_axes
            try:
                reference: Any = weakref.ref(instance, lambda _: self._methods.pop(key, None))
            except TypeError:  # it can have no weak references, and is recorded at each call
                reference = lambda: instance  # noqa: E731
            known = reference, Function(_bound(self._f, reference, instance), axes)
            known[1]._executor = self._executor
            if isinstance(reference, weakref.ref):
                self._methods[key] = known
        return Method(known[1], instance, ())

    @property
    def draws(self) -> int:
        """How many random numbers a sample draws at most, on the branches that were recorded so far."""
        return max([len(branch.draws) for branch in self._programs], default=0)

    def outline(self) -> list[Line]:
        """The instructions of the program that was recorded last, in words; `draw(f)` makes a picture of them.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return outline(self._last.tape, self._last.layout, self._last.shapes)

    @property
    def source(self) -> str:
        """The program that was recorded last as NumPy source: `forward(x, xs)` and `backward(x, xs, d, ds)`, on arrays of all numbers.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return source_of(self._last.layout, f"The program of {self.__name__}.", self.outline(), [])

    @property
    def _programs(self) -> list[Branch]:
        """All that were recorded so far, those for arguments of one form together."""
        return [branch for branches in self._branches.values() for branch in branches]

    @property
    def _last(self) -> Branch:
        programs = self._programs
        if not programs:
            raise CompileError(f"{self.__name__} was not recorded yet: call it first")
        return programs[-1]

    def __str__(self) -> str:
        programs = self._programs
        if not programs:
            return f"{self.__name__}: not recorded yet; it will be at the first call"
        texts = []
        for branch in programs:
            texts.append(describe(branch.tape, branch.layout, branch.shapes, branch.returned))
            texts += [f"  where {check.line} was {check.truth}" for check in branch.checks]
        return "\n".join(texts)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    # -- arguments ------------------------------------------------------------------------------------------------------

    def _seen(self, call: Call) -> Callable[[Sequence[Any]], Any]:
        return lambda seen: call.of(self._f, seen)

    def _chosen(self, call: Call, wrt: int | str | tuple[int | str, ...] | None) -> tuple[int, ...]:
        """The numbers of the arguments to differentiate by.

        Raises:
            InputError: one of them was not passed, or is named twice.
        """
        if wrt is None:
            return tuple(range(len(call.values)))
        chosen = tuple([call.index(which) for which in (wrt if isinstance(wrt, (tuple, list)) else (wrt,))])
        if len(set(chosen)) != len(chosen):
            raise InputError(f"wrt={wrt!r} names an argument twice")
        return chosen

    def _arguments(self, call: Call, chosen: tuple[int, ...], each: bool, values: bool = False) -> tuple[list[Argument], Batch]:
        """The arguments as flat arrays; `each`: those that are differentiated by get one of their own for each sample."""
        if self._in_axes is None:
            return self._broadcast(call, chosen, each, values)
        axes: list[int | None]
        if isinstance(self._in_axes, int):
            axes = [self._in_axes] * len(call.values)
        else:
            if not call.how.positional <= len(self._in_axes) <= max(call.how.positional, self._signature.count):
                raise InputError(f"in_axes={self._in_axes!r} does not fit a call with {call.how.positional} arguments")
            # what is passed by keyword, and has no axis there, is the same for all samples
            axes = [self._in_axes[i] if 0 <= i < len(self._in_axes) else None for i in call.how.positions]
        found = [as_argument(name, x, axis == 0, values) for name, x, axis in zip(call.how.names, call.values, axes, strict=True)]
        sizes = [(argument.name, len(array)) for argument in found if argument.batched for array in argument.arrays]
        if len({n for _, n in sizes}) > 1:
            raise InputError(f"the arguments have different numbers of samples: {', '.join(f'{n} of {name}' for name, n in sizes)}")
        if not sizes:
            return found, Batch(1, None)
        size = sizes[0][1]
        if size == 0:
            raise InputError("there are no samples: the batch axis has length 0")
        if each:
            found = [x.for_each(size) if i in chosen else x for i, x in enumerate(found)]
        return found, Batch(size, (size,))

    def _broadcast(self, call: Call, chosen: tuple[int, ...], each: bool, values: bool) -> tuple[list[Argument], Batch]:
        """Numbers and arrays, as a NumPy ufunc takes them."""
        found = [as_argument(name, x, False, values) for name, x in zip(call.how.names, call.values, strict=True)]
        for argument in found:
            if argument.build.kind is type(None) and argument.module is None:
                raise InputError(f"{argument.name} must be a number, or numbers in arrays, lists, tuples and dicts, not None")
            if argument.build is not LEAF:
                raise InputError(
                    f"{argument.name} is more than a number or an array: say which axis has the samples, as in "
                    "compile(f, in_axes=(None, 0)), where None is for what is the same for all"
                )
        try:
            shape = np.broadcast_shapes(*[argument.arrays[0].shape for argument in found])
        except ValueError:
            shapes = ", ".join(f"{argument.name} {argument.arrays[0].shape}" for argument in found)
            raise InputError(f"the arguments cannot be broadcast together: {shapes}") from None
        if shape == ():
            return found, Batch(1, None)
        size = int(np.prod(shape))
        if size == 0:
            raise InputError(f"there is nothing to compute: the arguments broadcast to the shape {shape}")
        for i, argument in enumerate(found):
            array = argument.arrays[0]
            if array.size != 1 or (each and i in chosen):
                found[i] = as_argument(argument.name, np.broadcast_to(array, shape).ravel(), True, values)
            else:
                found[i] = as_argument(argument.name, array.reshape(()), False, values)
        return found, Batch(size, shape)

    def _restorer(self, source: Any, argument: Argument, batch: Batch, each: bool) -> Callable[[Array], Any]:
        """What puts a gradient in the form of the argument."""
        if self._in_axes is not None or batch.shape is None:
            return argument.restorer()
        shape, full = np.shape(source), batch.shape
        if not argument.batched:
            return lambda gradient: _summed(gradient.reshape(()), shape)
        return (lambda gradient: gradient.reshape(full)) if each else lambda gradient: _summed(gradient.reshape(full), shape)

    @staticmethod
    def _key(call: Call, arguments: list[Argument], chosen: tuple[int, ...], aux: bool) -> Any:
        """What programs are recorded for: how arguments are passed, their form, and what is differentiated by which of them."""
        return call.how, tuple([argument.key for argument in arguments]), chosen, aux

    # -- runs -----------------------------------------------------------------------------------------------------------

    def _run(self, call: Call, chosen: tuple[int, ...], each: bool, aux: bool = False) -> tuple[Call, list[Argument], Batch, list[Run]]:
        """The call, its arguments, the samples, and what was computed for them; by a shortcut where there was such a call before."""
        form, leaves = form_of(call.values)
        key = None if form is None else (call.how, form, chosen, each, aux)
        shortcut = self._shortcuts.get(key)
        data = None if shortcut is None else shortcut.run(leaves)
        if shortcut is not None and data is not None:
            return call, shortcut.arguments, shortcut.batch, [(shortcut.branch, slice(None), data)]
        call = Call(snapshot(call.values), call.how)
        form, leaves = form_of(call.values)
        arguments, batch = self._arguments(call, chosen, each)
        runs = self._runs(call, arguments, batch, chosen, aux)
        if key is not None and key[1] == form and len(runs) == 1 and not runs[0][0].draws:
            _remember(self._shortcuts, key, Shortcut(self._executor, leaves, arguments, batch, runs[0][0]))
        return call, arguments, batch, runs

    def _runs(self, call: Call, arguments: list[Argument], batch: Batch, chosen: tuple[int, ...], aux: bool) -> list[Run]:
        """Each sample computed on the program of its own branch: the branch, its samples, and what was computed."""
        branches = self._branches.setdefault(self._key(call, arguments, chosen, aux), [])
        every = slice(None)
        pending: Any = every
        done: list[tuple[Branch, Any, Storage, Any]] = []
        for i in count():
            fresh = i >= len(branches)
            branch = (
                self._next_branch(call, branches, arguments, 0 if pending is every else int(pending[0]), chosen, aux)
                if fresh
                else branches[i]
            )
            if branch.draws and not branch.checks and pending is every:  # no sample can be on another branch
                numbers = _drawn_by([(branch, every)], batch.size)[0]
                done.append((branch, every, *branch.run(self._executor, arguments, every, batch.size, numbers)))
                break
            data, met = branch.run(self._executor, arguments, pending, batch.size)
            ok = branch.holds(data)
            if fresh:
                ok[0] = True
            if ok.all():
                done.append((branch, pending, data, met))
                break
            samples = np.arange(batch.size) if pending is every else pending
            if ok.any():  # again without the others, whose numbers mean nothing here
                done.append((branch, samples[ok], *branch.run(self._executor, arguments, samples[ok], batch.size)))
            pending = samples[~ok]
        if any(
            branch.draws and (branch.checks or len(done) > 1) for branch, *_ in done
        ):  # only now that each sample has its branch, in the order in which eager code draws
            done = [
                (branch, samples, *branch.run(self._executor, arguments, samples, batch.size, numbers))
                for (branch, samples, *_), numbers in zip(
                    done, _drawn_by([(branch, samples) for branch, samples, *_ in done], batch.size), strict=True
                )
            ]
        for _, _, data, met in done:
            self._report(call, arguments, met, batch, data.batched.shape[1])
        return [(branch, samples, data) for branch, samples, data, _ in done]

    def _next_branch(
        self, call: Call, branches: list[Branch], arguments: list[Argument], sample: int, chosen: tuple[int, ...], aux: bool
    ) -> Branch:
        """The branch of a sample that went on none of those that are known, recorded."""
        with self.recording_within():
            branch = record_branch(self._seen(call), self._f, arguments, sample, chosen, aux)
        known = [other for other in branches if other.way == branch.way]
        if known:  # a sample whose comparison is rounded otherwise in eager code, which is right; or another thread was quicker
            return known[0]
        if len(branches) == BRANCHES:
            self._too_many(branches)
        branches.append(branch)
        return branch

    def _too_many(self, branches: list[Branch]) -> None:
        lines = sorted({check.line for branch in branches for check in branch.checks})
        raise CompileError(
            f"{self.__name__} takes more than {BRANCHES} different branches, at {'; '.join(lines[:3])}. Choose without a branch: "
            "where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined everywhere"
        )

    def _report(self, call: Call, arguments: list[Argument], met: list[tuple[Instruction, Any]], batch: Batch, samples: int) -> None:
        """What left its domain is an error, or for arrays a warning."""
        if not met:
            return
        if batch.shape is None:
            found = [argument.variables(0) for argument in arguments]
            with tracing(False, [leaf for leaves, _ in found for leaf in leaves]):
                call.of(self._f, [seen for _, seen in found])  # raises the error with the operation, the numbers and the labels
            raise DomainError("an operation left its domain in compiled code, though not in eager code")
        for step, bad in met:
            outside = bad.reshape(-1, bad.shape[-1]).any(axis=0)
            elements = outside.sum() if outside.size > 1 else samples  # of a shared number all of them
            needs = step.operation.requires or "inputs in its domain"
            message = f"{step.operation.name} needs {needs}: {elements:,} of {batch.size:,} elements are outside"
            how = np.geterr()["invalid"]
            if how == "raise":
                raise FloatingPointError(message)
            if how != "ignore":
                warnings.warn(message, RuntimeWarning, stacklevel=5)  # whoever called

    def _need_one_form(self, parts: list[tuple[list[Array], Form]]) -> None:
        """
        Raises:
            InputError: the results of branches differ in form.
        """
        shapes = [[array.shape for array in arrays] for arrays, _ in parts]
        if any(form != parts[0][1] for _, form in parts) or any(own != shapes[0] for own in shapes):
            raise InputError(f"{self.__name__} returns results of different forms on different branches")

    def _collect(self, runs: list[Run], batch: Batch) -> tuple[list[Array], Form]:
        """The arrays of the results, of all samples, and what puts them in the form of the result."""
        parts = [branch.results(data) for branch, _, data in runs]
        arrays, form = parts[0], runs[0][0].build
        if len(runs) > 1:
            self._need_one_form([([array[0] for array in own], branch.build) for own, (branch, _, _) in zip(parts, runs, strict=True)])
            arrays = [np.empty((batch.size, *array.shape[1:])) for array in parts[0]]
            for own, (_, samples, _) in zip(parts, runs, strict=True):
                for array, part in zip(arrays, own, strict=True):
                    array[samples] = part
        return arrays, form

    def _pull_back(
        self, runs: list[Run], arguments: list[Argument], chosen: tuple[int, ...], seeds: Sequence[Array | float], size: int
    ) -> dict[int, Array]:
        """The gradients by the chosen arguments, as flat arrays in the order of their numbers; `size` is the number of samples."""
        found: dict[int, Array] = {}
        with np.errstate(all="ignore"):
            self._add_gradients(found, runs, arguments, chosen, seeds, size)
        return found

    def _add_gradients(
        self,
        found: dict[int, Array],
        runs: list[Run],
        arguments: list[Argument],
        chosen: tuple[int, ...],
        seeds: Sequence[Array | float],
        size: int,
    ) -> None:
        for branch, samples, data in runs:
            whole = isinstance(samples, slice)
            grads = self._executor.gradients(branch.layout, data.batched.shape[1])
            branch.seed(grads, [seed if isinstance(seed, float) else seed[samples] for seed in seeds])
            self._executor.backward(branch.layout, data, grads)
            for i in chosen:
                used, places = branch.inputs[i]
                batched = arguments[i].batched
                part = (grads.batched if batched else grads.shared)[places]
                count = arguments[i].count
                if whole and len(part) == count:  # as in most calls
                    found[i] = part
                    continue
                if i not in found:
                    found[i] = np.zeros((count, size) if batched else count)
                if not batched:
                    found[i][used] += part
                elif whole:
                    found[i][used] = part
                else:
                    some = found[i][used]
                    some[:, samples] = part
                    found[i][used] = some


def _remember(found: dict[Any, Any], key: Any, what: Any) -> None:
    if len(found) == SHORTCUTS:  # as many as there are numbers of samples, perhaps
        found.clear()
    found[key] = what


def _total(numbers: Array) -> float:
    if numbers.size <= FEW_NUMBERS:  # NumPy takes ten times as long to begin
        return float(sum(numbers.tolist()))
    with np.errstate(all="ignore"):
        return float(np.add.reduce(numbers))


def _drawn_by(groups: list[tuple[Branch, Any]], size: int) -> list[Array]:
    """The random numbers of each group of samples on one branch: a sample draws all of its own before the next one does."""
    tables = [np.empty((len(branch.draws), size if isinstance(samples, slice) else len(samples))) for branch, samples in groups]
    place: list[tuple[int, int]] = [(0, 0)] * size
    for g, (_, samples) in enumerate(groups):
        for column, sample in enumerate(range(size) if isinstance(samples, slice) else samples.tolist()):
            place[sample] = g, column
    for g, column in place:
        for k, (_, sampler) in enumerate(groups[g][0].draws):
            tables[g][k, column] = draw(sampler)
    return tables


class Method:
    """A compiled function as a method of an object.

    Args:
        function: what was compiled.
        instance: the object.
        first: what the function gets before the arguments of a call.
    """

    def __init__(self, function: Function, instance: Any, first: tuple[Any, ...]) -> None:
        self.__func__, self.__self__, self._first = function, instance, first
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `Function.__call__`."""
        return self.__func__(*self._first, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """See `Function`; a module is argument 0 of `value_and_grad` and the others."""
        found = getattr(self.__func__, name)
        return functools.partial(found, *self._first) if callable(found) and name != "jvp" else found

    def __str__(self) -> str:
        return str(self.__func__)

    def __repr__(self) -> str:
        return f"<compiled method {self.__func__.__name__} of {self.__self__!r}>"


def _bound(f: Callable[..., Any], reference: Callable[[], Any], instance: Any) -> Callable[..., Any]:
    """The method of an object, which it does not keep alive."""
    signature = Signature.of(types.MethodType(f, instance))

    @functools.wraps(f)
    def method(*args: Any, **kwargs: Any) -> Any:
        return f(reference(), *args, **kwargs)

    method.__signature__ = signature  # type: ignore[attr-defined]
    return method


def _shaped(array: Array, batch: Batch) -> Any:
    """A result with the samples in the shape of the call."""
    if batch.shape is None:
        return float(array[0]) if array.ndim == 1 else array[0]
    if array.shape == batch.shape:
        return array
    return array.reshape(batch.shape + array.shape[1:])


def _summed(gradient: Array, shape: tuple[int, ...]) -> Any:
    """The gradient by an array that was broadcast: the sum over what it was repeated for."""
    extra = gradient.ndim - len(shape)
    with np.errstate(all="ignore"):
        if extra > 0:
            gradient = gradient.sum(axis=tuple(range(extra)))
        repeated = tuple(axis for axis, n in enumerate(shape) if n == 1 and gradient.ndim and gradient.shape[axis] != 1)
        gradient = gradient.sum(axis=repeated, keepdims=True) if repeated else gradient
    return float(gradient) if shape == () else gradient.reshape(shape)
