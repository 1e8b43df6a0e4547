"""compile(function): a function of scalars, recorded, as a function of arrays."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autograd.compiled import execute
from autograd.compiled.arguments import Argument, Array, as_argument, form_of, has_values, split
from autograd.compiled.as_source import source_of
from autograd.compiled.branch import Branch, record_branch
from autograd.compiled.execute import Storage
from autograd.compiled.executors import executor_named
from autograd.compiled.layout import Instruction
from autograd.compiled.printing import Line, describe, outline
from autograd.compiled.shortcut import Batch, Derivative, Shortcut
from autograd.errors import CompileError, DomainError, InputError
from autograd.recording import RECORDER

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
    """

    def __init__(self, f: Callable[..., Any], in_axes: Any = None, executor: str = "auto") -> None:
        self._executor = executor_named(executor)
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        functools.update_wrapper(self, f)
        self._f = f
        self._in_axes = in_axes
        self._names = _names_of(f)
        self._branches: dict[Any, list[Branch]] = {}
        self._shortcuts: dict[Any, Shortcut] = {}
        self._derivatives: dict[Any, Derivative] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function of numbers or arrays; of Values, what it was before.

        Raises:
            InputError: an argument is no number, or shapes do not fit together.
            DomainError, PoleError: what the function raises for these numbers. For arrays, an element outside of a domain is inf or
                nan, with a RuntimeWarning, as in NumPy; `np.errstate(invalid=…)` decides about it.
            CompileError: the function cannot be recorded, or takes too many branches.
        """
        args = self._positional(args, kwargs)
        if RECORDER.get() is not None or has_values(args):
            return self._f(*args)  # of Values it is the function that it was
        _, batch, runs = self._run(args, (), False)
        arrays, build = self._collect(runs, batch)
        return build([_shaped(array, batch) for array in arrays])

    def value_and_grad(
        self, *args: Any, wrt: int | tuple[int, ...] | None = None, reduce: str | None = None, has_aux: bool = False
    ) -> tuple[Any, Any]:
        """The value of a function that returns one number, and its derivatives by the arguments.

        Args:
            args: those of the function.
            wrt: by which argument; a tuple, or None for all of them, gives a tuple of gradients.
            reduce: None gives the value and the gradients of each sample (a number that is broadcast over 1,000 samples gets 1,000
                derivatives); "sum" and "mean" those of the sum or mean over the samples, where a shared argument's gradient has
                the shape of the argument.
            has_aux: the function returns a pair, of the number that is differentiated, and of anything else; then so is the value
                here. Of what stands beside the number all samples are given back, and none of it is differentiated.

        Raises:
            InputError: the function returns more than one number, or `wrt` or `reduce` is none of those.

        Example:
            >>> f = compile(lambda x, y: x * y)
            >>> f.value_and_grad(2.0, 5.0)
            (10.0, (5.0, 2.0))
            >>> f.value_and_grad(2.0, [1.0, 3.0], wrt=0, reduce="sum")
            (8.0, 4.0)
        """
        if reduce not in (None, "sum", "mean"):
            raise InputError(f'reduce must be None, "sum" or "mean", not {reduce!r}')
        form = form_of(args)
        by = wrt if wrt is None or type(wrt) is int else self._chosen(args, wrt)
        key = None if form is None else (form, by, reduce, has_aux)
        known = self._derivatives.get(key)
        quick = None if known is None else known.run(args)
        if quick is not None:
            return quick
        chosen, single = self._chosen(args, wrt), isinstance(wrt, int)
        arguments, batch, runs = self._run(args, chosen, reduce is None)
        arrays, build = self._collect(runs, batch)
        form = build([0] * len(arrays))
        if has_aux and not (isinstance(form, tuple) and len(form) == 2):
            raise InputError(f"has_aux needs a function that returns a pair, a number and something else; {self.__name__} does not")
        if not arrays or arrays[0].ndim != 1 or (len(arrays) != 1 and not has_aux):
            raise InputError(f"value_and_grad needs a function that returns one number; {self.__name__} returns something else: use vjp")
        weight = 1.0 / batch.size if reduce == "mean" else 1.0
        seeds = [weight] + [0.0] * (len(arrays) - 1)
        gradients = self._pull_back(runs, arguments, chosen, seeds, batch.size)

        def value(arrays: list[Array]) -> Any:
            first = _shaped(arrays[0], batch) if reduce is None else weight * _total(arrays[0])
            return build([first, *[_shaped(array, batch) for array in arrays[1:]]]) if has_aux else first

        shortcut = None if key is None else self._shortcuts.get((key[0], chosen, reduce is None))
        kept = arguments if shortcut is None else shortcut.arguments
        restore = [self._restorer(args[i], kept[i], batch, reduce is None) for i in chosen]
        if shortcut is not None:
            of_arrays = None if batch.shape is None and not has_aux else value
            as_rows = self._in_axes is None and reduce is None and batch.shape == (batch.size,)
            _remember(self._derivatives, key, Derivative(shortcut, chosen, weight, of_arrays, restore, single, as_rows))
        parts = [restored(gradients[i]) for i, restored in zip(chosen, restore, strict=True)]
        return value(arrays), parts[0] if single else tuple(parts)

    def record(self, *args: Any, wrt: int | tuple[int, ...] | None = ()) -> None:
        """Record the function now for arguments of this form, rather than at the first call, and run nothing.

        Args:
            args: those of the function; of several samples the first is recorded.
            wrt: by which arguments it will be differentiated with `reduce`; none for calls without derivatives.

        Raises:
            CompileError: the function cannot be recorded.
        """
        chosen = self._chosen(args, wrt)
        arguments, _ = self._arguments(args, chosen, False)
        with self._lock:
            branches = self._branches.setdefault(self._key(arguments, chosen), [])
            if not branches:
                branches.append(record_branch(self._f, arguments, 0, chosen))

    def vjp(self, *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """The value, and a function from the gradient of something by the value to its gradients by the arguments.

        A shared argument's gradient is the sum over the samples.

        Example:
            >>> value, pull_back = compile(lambda x, y: (x * y, x + y)).vjp(2.0, 5.0)
            >>> value, pull_back((1.0, 0.0))
            ((10.0, 7.0), (5.0, 2.0))
        """
        chosen = tuple(range(len(args)))
        arguments, batch, runs = self._run(args, chosen, False)
        arrays, build = self._collect(runs, batch)
        value = build([_shaped(array, batch) for array in arrays])

        def pull_back(cotangent: Any) -> tuple[Any, ...]:
            seeds, form = split(cotangent, "the gradient by the value")
            shapes = [np.shape(_shaped(array, batch)) for array in arrays]
            if [np.shape(seed) for seed in seeds] != shapes or _form(form, len(seeds)) != _form(build, len(arrays)):
                raise InputError("the gradient by the value must have the form of the value")
            flat = [np.reshape(seed, array.shape) for seed, array in zip(seeds, arrays, strict=True)]
            gradients = self._pull_back(runs, arguments, chosen, flat, batch.size)
            return tuple([self._restorer(args[i], arguments[i], batch, False)(gradients[i]) for i in chosen])

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
        chosen = tuple(range(len(primals)))
        arguments, batch, runs = self._run(primals, chosen, False)
        directions, other = self._arguments(tangents, chosen, False) if len(tangents) == len(primals) else ([], None)
        if other != batch or [a.form for a in arguments] != [d.form for d in directions]:
            raise InputError("jvp needs tangents of the same form as the primals")
        arrays, build = self._collect(runs, batch)
        moved = [np.empty_like(array) for array in arrays]
        for branch, samples, data in runs:
            tangent = execute.gradients(branch.layout, data.batched.shape[1])
            for direction, (used, places) in zip(directions, branch.inputs, strict=True):
                numbers = direction.numbers(batch.size)[used]
                if direction.batched:
                    tangent.batched[places] = numbers[:, samples]
                else:
                    tangent.shared[places] = numbers
            execute.push_forward(branch.layout, data.straight(), tangent)
            for array, part in zip(moved, branch.results(tangent), strict=True):
                array[samples] = part
        return build([_shaped(array, batch) for array in arrays]), build([_shaped(array, batch) for array in moved])

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)  # a method: its object is the first argument

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by their positions."""
        return inspect.signature(self._f).bind(*args, **kwargs).args if kwargs else args

    def outline(self) -> list[Line]:
        """The instructions of the program that was recorded last, in words; `draw(f)` makes a picture of them.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return outline(self._last.tape, self._last.layout)

    @property
    def source(self) -> str:
        """The program that was recorded last as NumPy source: `forward(x, xs)` and `backward(x, xs, d, ds)`, on arrays of all numbers.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return source_of(self._last.layout, f"The program of {self.__name__}.", self.outline(), [])

    @property
    def _last(self) -> Branch:
        programs = [branch for branches in self._branches.values() for branch in branches]
        if not programs:
            raise CompileError(f"{self.__name__} was not recorded yet: call it first")
        return programs[-1]

    def __str__(self) -> str:
        programs = [branch for branches in self._branches.values() for branch in branches]
        if not programs:
            return f"{self.__name__}: not recorded yet; it will be at the first call"
        texts = []
        for branch in programs:
            texts.append(describe(branch.tape, branch.layout))
            texts += [f"  where {check.line} was {check.truth}" for check in branch.checks]
        return "\n".join(texts)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    # -- arguments ------------------------------------------------------------------------------------------------------

    def _chosen(self, args: Sequence[Any], wrt: int | tuple[int, ...] | None) -> tuple[int, ...]:
        n = len(args)
        if wrt is None:
            return tuple(range(n))
        if type(wrt) is int and 0 <= wrt < n:
            return (wrt,)
        chosen = wrt if isinstance(wrt, tuple) else (wrt,)
        if any(not isinstance(i, int) or isinstance(i, bool) or not -n <= i < n for i in chosen):
            raise InputError(f"wrt={wrt!r} does not fit a call with {n} arguments: give a number, a tuple, or None for all")
        return tuple([i % n for i in chosen])

    def _arguments(self, args: Sequence[Any], chosen: tuple[int, ...], each: bool) -> tuple[list[Argument], Batch]:
        """The arguments as flat arrays; `each`: those that are differentiated by get one of their own for each sample."""
        names = [self._names[i] if i < len(self._names) else f"argument {i}" for i in range(len(args))]
        if self._in_axes is None:
            return self._broadcast(args, names, chosen, each)
        axes = [self._in_axes] * len(args) if isinstance(self._in_axes, int) else list(self._in_axes)
        if len(axes) != len(args):
            raise InputError(f"in_axes={self._in_axes!r} does not fit a call with {len(args)} arguments")
        found = [as_argument(name, x, axis == 0) for name, x, axis in zip(names, args, axes, strict=True)]
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

    def _broadcast(self, args: Sequence[Any], names: list[str], chosen: tuple[int, ...], each: bool) -> tuple[list[Argument], Batch]:
        """Numbers and arrays, as a NumPy ufunc takes them."""
        found = [as_argument(name, x, False) for name, x in zip(names, args, strict=True)]
        for argument in found:
            if argument.module is not None or len(argument.arrays) != 1 or isinstance(argument.source, (dict, tuple)):
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
                found[i] = as_argument(argument.name, np.broadcast_to(array, shape).ravel(), True)
            else:
                found[i] = as_argument(argument.name, array.reshape(()), False)
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
    def _key(arguments: list[Argument], chosen: tuple[int, ...]) -> Any:
        """What programs are recorded for: the form of the arguments, and by which of them to differentiate."""
        return tuple([argument.key for argument in arguments]), chosen

    # -- runs -----------------------------------------------------------------------------------------------------------

    def _run(self, args: Sequence[Any], chosen: tuple[int, ...], each: bool) -> tuple[list[Argument], Batch, list[Run]]:
        """The arguments, the samples, and what was computed for them; by a shortcut where there was a call of this form before."""
        form = form_of(args)
        key = None if form is None else (form, chosen, each)
        shortcut = self._shortcuts.get(key)
        data = None if shortcut is None else shortcut.run(args)
        if shortcut is not None and data is not None:
            return shortcut.arguments, shortcut.batch, [(shortcut.branch, slice(None), data)]
        arguments, batch = self._arguments(args, chosen, each)
        runs = self._runs(arguments, batch, chosen)
        if key is not None and len(runs) == 1 and not runs[0][0].draws:
            _remember(self._shortcuts, key, Shortcut(self._executor, args, arguments, batch, runs[0][0]))
        return arguments, batch, runs

    def _runs(self, arguments: list[Argument], batch: Batch, chosen: tuple[int, ...]) -> list[Run]:
        """Each sample computed on the program of its own branch: the branch, its samples, and what was computed."""
        branches = self._branches.setdefault(self._key(arguments, chosen), [])
        pending: Any = slice(None)
        done: list[Run] = []
        for i in count():
            fresh = False
            first = 0 if isinstance(pending, slice) else int(pending[0])
            with self._lock:
                if i < len(branches):
                    branch = branches[i]
                else:
                    branch, fresh = record_branch(self._f, arguments, first, chosen), True
                    known = [other for other in branches if other.way == branch.way]
                    if known:  # a sample whose comparison is rounded otherwise in eager code, which is right
                        branch = known[0]
                    elif len(branches) == BRANCHES:
                        self._too_many(branches)
                    else:
                        branches.append(branch)
            data, met = branch.run(self._executor, arguments, pending, batch.size)
            ok = branch.holds(data)
            if fresh:
                ok[0] = True
            if ok.all():
                self._report(arguments, met, batch, data.batched.shape[1])
                done.append((branch, pending, data))
                return done
            samples = np.arange(batch.size) if isinstance(pending, slice) else pending
            if ok.any():  # again without the others, whose numbers mean nothing here
                data, met = branch.run(self._executor, arguments, samples[ok], batch.size, data.batched[:, ok])
                self._report(arguments, met, batch, data.batched.shape[1])
                done.append((branch, samples[ok], data))
            pending = samples[~ok]
        raise AssertionError  # pragma: no cover - the loop ends by returning

    def _too_many(self, branches: list[Branch]) -> None:
        lines = sorted({check.line for branch in branches for check in branch.checks})
        raise CompileError(
            f"{self.__name__} takes more than {BRANCHES} different branches, at {'; '.join(lines[:3])}. Choose without a branch: "
            "where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined everywhere"
        )

    def _report(self, arguments: list[Argument], met: list[tuple[Instruction, Any]], batch: Batch, samples: int) -> None:
        """What left its domain is an error, or for arrays a warning."""
        if not met:
            return
        if batch.shape is None:
            self._f(
                *[argument.variables(0)[1] for argument in arguments]
            )  # raises the error with the operation, the numbers and the labels
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

    def _collect(self, runs: list[Run], batch: Batch) -> tuple[list[Array], Callable[[list[Any]], Any]]:
        """The arrays of the results, of all samples, and what puts them in the form of the result."""
        branch, samples, data = runs[0]
        arrays = branch.results(data)
        if len(runs) > 1:
            whole = [np.empty((batch.size, *array.shape[1:])) for array in arrays]
            for branch, samples, data in runs:
                parts = branch.results(data)
                shapes = [[array.shape[1:] for array in found] for found in (parts, whole)]
                if shapes[0] != shapes[1] or _form(branch.build, len(parts)) != _form(runs[0][0].build, len(whole)):
                    raise InputError(f"{self.__name__} returns results of different forms on different branches")
                for array, part in zip(whole, parts, strict=True):
                    array[samples] = part
            arrays = whole
        return arrays, branch.build

    def _pull_back(
        self, runs: list[Run], arguments: list[Argument], chosen: tuple[int, ...], seeds: Sequence[Array | float], size: int
    ) -> dict[int, Array]:
        """The gradients by the chosen arguments, as flat arrays in the order of their numbers; `size` is the number of samples."""
        found: dict[int, Array] = {}
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
        return found


def _remember(found: dict[Any, Any], key: Any, what: Any) -> None:
    if len(found) == SHORTCUTS:  # as many as there are numbers of samples, perhaps
        found.clear()
    found[key] = what


def _total(numbers: Array) -> float:
    if numbers.size <= FEW_NUMBERS:  # NumPy takes ten times as long to begin
        return float(sum(numbers.tolist()))
    with np.errstate(all="ignore"):
        return float(np.add.reduce(numbers))


def _form(build: Callable[[list[Any]], Any], n: int) -> str:
    return repr(build([0] * n))


def _names_of(f: Callable[..., Any]) -> list[str]:
    try:
        return [p.name for p in inspect.signature(f).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        return []


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
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple(axis for axis, n in enumerate(shape) if n == 1 and gradient.ndim and gradient.shape[axis] != 1)
    gradient = gradient.sum(axis=repeated, keepdims=True) if repeated else gradient
    return float(gradient) if shape == () else gradient.reshape(shape)
