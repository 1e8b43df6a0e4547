"""compile(function): a function of scalars, recorded, as a function of arrays."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.arguments import Argument, Array, as_argument, split
from autograd.compiled.execute import Storage, backward, forward, push_forward
from autograd.compiled.layout import Instruction, Layout, lay_out
from autograd.compiled.matrices import find_matrices
from autograd.compiled.printing import describe
from autograd.compiled.record import Tape, record
from autograd.compiled.roll import roll
from autograd.errors import CompileError, DomainError, InputError
from autograd.ops import CONSTANT
from autograd.recording import RECORDER, recording
from autograd.value import Value

BRANCHES = 64
"""How many different ways through its `if`s a function may take, for arguments of one form."""


@dataclass(frozen=True)
class Check:
    """A guard, found in storage: the condition, its truth while recording, the line that asked, and where it matters."""

    condition: tuple[bool, int]
    truth: bool
    line: str
    mask: tuple[bool, int] | None


@dataclass(frozen=True)
class Branch:
    """One way through the function: its program, and where its inputs and outputs are in storage.

    Attributes:
        tape, layout: the program.
        constants: places in shared storage and their numbers.
        inputs: for each argument which of its numbers the program needs, and their places.
        captured: Values that the function refers to, which are read anew at each run, and their places.
        draws: places of the random numbers, and what draws them.
        checks: what must hold for a run.
        outputs: for each array of the result, whether each number is batched, and its place.
        build: puts arrays into the form of the result.
    """

    tape: Tape
    layout: Layout
    constants: tuple[Array, Array]
    inputs: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]
    captured: list[tuple[Value, int]]
    draws: list[tuple[int, Callable[[], float]]]
    checks: list[Check]
    outputs: list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]]
    build: Callable[[list[Any]], Any]

    def run(self, arguments: Sequence[Argument], samples: Any, size: int) -> tuple[Storage, list[tuple[Instruction, Any]]]:
        """Compute the results for some of the samples. Returns what was computed, and where it left a domain."""
        n = size if isinstance(samples, slice) else len(samples)
        data = Storage.zeros(self.layout, n)
        data.shared[self.constants[0]] = self.constants[1]
        for argument, (used, places) in zip(arguments, self.inputs, strict=True):
            if not len(used):
                continue
            numbers = argument.numbers(size)
            if argument.batched:
                data.batched[places] = numbers[used][:, samples]
            else:
                data.shared[places] = numbers[used]
        for value, place in self.captured:
            data.shared[place] = value.data
        for sample in range(n if self.draws else 0):  # a sample draws all of its numbers before the next one does, as in eager code
            for place, sampler in self.draws:
                data.batched[place, sample] = sampler()
        return data, forward(self.layout, data)

    def holds(self, data: Storage) -> npt.NDArray[np.bool_]:
        """For which samples the run went the recorded way."""
        ok = np.ones(data.batched.shape[1], dtype=bool)
        for check in self.checks:
            same = (_at(data, check.condition) != 0.0) == check.truth
            ok &= same if check.mask is None else same | (_at(data, check.mask) == 0.0)
        return ok

    def results(self, data: Storage) -> list[Array]:
        """The arrays of the result, with the samples as their first axis."""
        n = data.batched.shape[1]
        found = []
        for batched, places in self.outputs:
            array = np.empty((n, *places.shape))
            array[:, batched] = data.batched[places[batched]].T
            array[:, ~batched] = data.shared[places[~batched]]
            found.append(array)
        return found

    def seed(self, grads: Storage, seeds: Sequence[Array]) -> None:
        """Set the gradients of the results, which have the form that `results` gives."""
        for (batched, places), seed in zip(self.outputs, seeds, strict=True):
            np.add.at(grads.batched, places[batched], seed[:, batched].T)
            np.add.at(grads.shared, places[~batched], seed[:, ~batched].sum(axis=0))


def _at(data: Storage, place: tuple[bool, int]) -> Any:
    batched, i = place
    return data.batched[i] if batched else data.shared[i]


@dataclass(frozen=True)
class Batch:
    """The samples of one call: how many, and the shape in which results are given back; None for a call without samples."""

    size: int
    shape: tuple[int, ...] | None


class Function:
    """A function that was compiled. See `compile`.

    `print(f)` shows the programs that were recorded so far.
    """

    def __init__(self, f: Callable[..., Any], in_axes: Any = None) -> None:
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        functools.update_wrapper(self, f)
        self._f = f
        self._in_axes = in_axes
        self._names = _names_of(f)
        self._branches: dict[Any, list[Branch]] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any) -> Any:
        """The function of numbers or arrays.

        Raises:
            InputError: an argument is no number, or shapes do not fit together.
            DomainError, PoleError: what the function raises for these numbers. For arrays, an element outside of a domain is inf or
                nan, with a RuntimeWarning, as in NumPy; `np.errstate(invalid=…)` decides about it.
            CompileError: the function cannot be recorded, or takes too many branches.
        """
        if RECORDER.get() is not None or any(isinstance(x, Value) for x in args):
            return self._f(*args)  # of Values it is the function that it was
        arguments, batch = self._arguments(args, (), False)
        arrays, build = self._collect(self._runs(args, arguments, batch, ()), batch)
        return build([_shaped(array, batch) for array in arrays])

    def value_and_grad(self, *args: Any, wrt: int | tuple[int, ...] | None = None, reduce: str | None = None) -> tuple[Any, Any]:
        """The value of a function that returns one number, and its derivatives by the arguments.

        Args:
            args: those of the function.
            wrt: by which argument; a tuple, or None for all of them, gives a tuple of gradients.
            reduce: None gives the value and the gradients of each sample (a number that is broadcast over 1,000 samples gets 1,000
                derivatives); "sum" and "mean" those of the sum or mean over the samples, where a shared argument's gradient has
                the shape of the argument.

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
        chosen = self._chosen(args, wrt)
        arguments, batch = self._arguments(args, chosen, reduce is None)
        runs = self._runs(args, arguments, batch, chosen)
        arrays, _ = self._collect(runs, batch)
        if len(arrays) != 1 or arrays[0].ndim != 1:
            raise InputError(f"value_and_grad needs a function that returns one number; {self.__name__} returns more: use vjp")
        weight = 1.0 / batch.size if reduce == "mean" else 1.0
        gradients = self._pull_back(runs, arguments, chosen, [np.full(batch.size, weight)])
        value = _shaped(arrays[0], batch) if reduce is None else weight * float(np.sum(arrays[0]))
        parts = [self._restored(args[i], arguments[i], gradients[i], batch, reduce is None) for i in chosen]
        return value, parts[0] if isinstance(wrt, int) else tuple(parts)

    def vjp(self, *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """The value, and a function from the gradient of something by the value to its gradients by the arguments.

        A shared argument's gradient is the sum over the samples.

        Example:
            >>> value, pull_back = compile(lambda x, y: (x * y, x + y)).vjp(2.0, 5.0)
            >>> value, pull_back((1.0, 0.0))
            ((10.0, 7.0), (5.0, 2.0))
        """
        chosen = tuple(range(len(args)))
        arguments, batch = self._arguments(args, chosen, False)
        runs = self._runs(args, arguments, batch, chosen)
        arrays, build = self._collect(runs, batch)
        value = build([_shaped(array, batch) for array in arrays])

        def pull_back(cotangent: Any) -> tuple[Any, ...]:
            seeds, _ = split(cotangent, "the gradient by the value")
            if [np.shape(seed) for seed in seeds] != [np.shape(_shaped(array, batch)) for array in arrays]:
                raise InputError("the gradient by the value must have the form of the value")
            flat = [np.reshape(seed, array.shape) for seed, array in zip(seeds, arrays, strict=True)]
            gradients = self._pull_back(runs, arguments, chosen, flat)
            return tuple(self._restored(args[i], arguments[i], gradients[i], batch, False) for i in chosen)

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
        arguments, batch = self._arguments(primals, chosen, False)
        directions, other = self._arguments(tangents, chosen, False) if len(tangents) == len(primals) else ([], None)
        if (other is not None and other != batch) or [a.key for a in arguments] != [d.key for d in directions]:
            raise InputError("jvp needs tangents of the same form as the primals")
        runs = self._runs(primals, arguments, batch, chosen)
        arrays, build = self._collect(runs, batch)
        moved = [np.empty_like(array) for array in arrays]
        for branch, samples, data in runs:
            tangent = Storage.zeros(branch.layout, data.batched.shape[1])
            for direction, (used, places) in zip(directions, branch.inputs, strict=True):
                numbers = direction.numbers(batch.size)[used]
                if direction.batched:
                    tangent.batched[places] = numbers[:, samples]
                else:
                    tangent.shared[places] = numbers
            push_forward(branch.layout, data, tangent)
            for array, part in zip(moved, branch.results(tangent), strict=True):
                array[samples] = part
        return build([_shaped(array, batch) for array in arrays]), build([_shaped(array, batch) for array in moved])

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
        chosen = tuple(range(len(args))) if wrt is None else (wrt,) if isinstance(wrt, int) else tuple(wrt)
        if any(not isinstance(i, int) or not -len(args) <= i < len(args) for i in chosen):
            raise InputError(f"wrt={wrt!r} does not fit a call with {len(args)} arguments")
        return tuple(i % len(args) for i in chosen)

    def _arguments(self, args: Sequence[Any], chosen: tuple[int, ...], each: bool) -> tuple[list[Argument], Batch]:
        """The arguments as flat arrays; `each`: those that are differentiated by get one of their own for each sample."""
        names = [self._names[i] if i < len(self._names) else f"argument {i}" for i in range(len(args))]
        if self._in_axes is None:
            return self._broadcast(args, names, chosen, each)
        axes = [self._in_axes] * len(args) if isinstance(self._in_axes, int) else list(self._in_axes)
        if len(axes) != len(args):
            raise InputError(f"in_axes={self._in_axes!r} does not fit a call with {len(args)} arguments")
        found = [as_argument(name, x, axis == 0) for name, x, axis in zip(names, args, axes, strict=True)]
        sizes = {argument.name: len(array) for argument in found if argument.batched for array in argument.arrays}
        if len(set(sizes.values())) > 1:
            raise InputError(f"the arguments have different numbers of samples: {', '.join(f'{n} of {name}' for name, n in sizes.items())}")
        if not sizes:
            return found, Batch(1, None)
        size = next(iter(sizes.values()))
        if size == 0:
            raise InputError("there are no samples: the batch axis has length 0")
        if each:
            found = [x.for_each(size) if i in chosen else x for i, x in enumerate(found)]
        return found, Batch(size, (size,))

    def _broadcast(self, args: Sequence[Any], names: list[str], chosen: tuple[int, ...], each: bool) -> tuple[list[Argument], Batch]:
        """Numbers and arrays, as a NumPy ufunc takes them."""
        found = [as_argument(name, x, False) for name, x in zip(names, args, strict=True)]
        for argument in found:
            if argument.module is not None or not isinstance(argument.build([0]), int):
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

    def _restored(self, source: Any, argument: Argument, gradient: Array, batch: Batch, each: bool) -> Any:
        """A gradient in the form of the argument."""
        if self._in_axes is not None or batch.shape is None:
            return argument.restore(gradient)
        if not argument.batched:
            return _summed(gradient.reshape(()), np.shape(source))
        full = gradient.reshape(batch.shape)
        return full if each else _summed(full, np.shape(source))

    # -- runs -----------------------------------------------------------------------------------------------------------

    def _runs(
        self, args: Sequence[Any], arguments: list[Argument], batch: Batch, chosen: tuple[int, ...]
    ) -> list[tuple[Branch, Any, Storage]]:
        """Each sample computed on the program of its own branch: the branch, its samples, and what was computed."""
        key = (tuple([argument.key for argument in arguments]), chosen)
        branches = self._branches.get(key)
        if branches is None:
            branches = self._branches.setdefault(key, [])
        pending: Any = slice(None)
        done: list[tuple[Branch, Any, Storage]] = []
        for i in count():
            fresh = False
            first = 0 if isinstance(pending, slice) else int(pending[0])
            with self._lock:
                if i == len(branches):
                    if i == BRANCHES:
                        self._too_many(branches)
                    branches.append(_record(self._f, arguments, first, chosen, batch))
                    fresh = True
            branch = branches[i]
            data, met = branch.run(arguments, pending, batch.size)
            ok = branch.holds(data)
            if fresh and not ok[0]:  # rounding may decide a comparison here and there otherwise; a random number must not
                if branch.draws:
                    raise CompileError(f"a branch depends on a random number: {branch.checks[0].line}; use where(condition, a, b) for it")
                ok[0] = True
            if ok.all():
                self._report(args, met, data, batch)
                done.append((branch, pending, data))
                return done
            samples = np.arange(batch.size) if isinstance(pending, slice) else pending
            if ok.any():  # again without the others, whose numbers mean nothing here
                data, met = branch.run(arguments, samples[ok], batch.size)
                self._report(args, met, data, batch)
                done.append((branch, samples[ok], data))
            pending = samples[~ok]
        raise AssertionError  # pragma: no cover - the loop ends by returning

    def _too_many(self, branches: list[Branch]) -> None:
        lines = sorted({check.line for branch in branches for check in branch.checks})
        raise CompileError(
            f"{self.__name__} takes more than {BRANCHES} different branches, at {'; '.join(lines[:3])}. Choose without a branch: "
            "where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined everywhere"
        )

    def _report(self, args: Sequence[Any], met: list[tuple[Instruction, Any]], data: Storage, batch: Batch) -> None:
        """What left its domain is an error, or for arrays a warning."""
        if not met:
            return
        if batch.shape is None:
            self._f(*args)  # raises the error with the operation, the numbers and the labels
            raise DomainError("an operation left its domain in compiled code, though not in eager code")
        for step, bad in met:
            elements = bad.reshape(-1, bad.shape[-1]).any(axis=0).sum() if step.batched else batch.size
            needs = step.operation.requires or "inputs in its domain"
            message = f"{step.operation.name} needs {needs}: {elements:,} of {batch.size:,} elements are outside"
            how = np.geterr()["invalid"]
            if how == "raise":
                raise FloatingPointError(message)
            if how != "ignore":
                warnings.warn(message, RuntimeWarning, stacklevel=4)

    def _collect(self, runs: list[tuple[Branch, Any, Storage]], batch: Batch) -> tuple[list[Array], Callable[[list[Any]], Any]]:
        """The arrays of the results, of all samples, and what puts them in the form of the result."""
        branch, samples, data = runs[0]
        arrays = branch.results(data)
        if len(runs) > 1:
            whole = [np.empty((batch.size, *array.shape[1:])) for array in arrays]
            for branch, samples, data in runs:
                parts = branch.results(data)
                if [part.shape[1:] for part in parts] != [array.shape[1:] for array in whole]:
                    raise InputError(f"{self.__name__} returns results of different forms on different branches")
                for array, part in zip(whole, parts, strict=True):
                    array[samples] = part
            arrays = whole
        return arrays, branch.build

    def _pull_back(
        self, runs: list[tuple[Branch, Any, Storage]], arguments: list[Argument], chosen: tuple[int, ...], seeds: Sequence[Array]
    ) -> dict[int, Array]:
        """The gradients by the chosen arguments, as flat arrays in the order of their numbers."""
        size = len(seeds[0]) if seeds else 1
        found: dict[int, Array] = {}
        for i in chosen:
            n = len(arguments[i].numbers(size))
            found[i] = np.zeros((n, size) if arguments[i].batched else n)
        for branch, samples, data in runs:
            grads = Storage.zeros(branch.layout, data.batched.shape[1])
            branch.seed(grads, [seed[samples] for seed in seeds])
            backward(branch.layout, data, grads)
            for i, gradient in found.items():
                used, places = branch.inputs[i]
                if not arguments[i].batched:
                    gradient[used] += grads.shared[places]
                elif isinstance(samples, slice):
                    gradient[used] = grads.batched[places]
                else:
                    gradient[np.ix_(used, samples)] = grads.batched[places]
        return found


def _record(f: Callable[..., Any], arguments: Sequence[Argument], sample: int, chosen: tuple[int, ...], batch: Batch) -> Branch:
    """Run the function once, on Values that stand for the numbers of one sample, and keep what it did."""
    with recording() as heard:
        variables, seen = zip(*[argument.variables(sample) for argument in arguments], strict=True) if arguments else ((), ())
        result = f(*seen)
        arrays, build = split(result, "the result")
    outputs = [[x if isinstance(x, Value) else Value(x, CONSTANT) for x in array.flat] for array in arrays]
    for leaf, _ in heard.draws if batch.shape is None else ():
        leaf.label = leaf.label or "drawn"
    batched = [leaf for argument, leaves in zip(arguments, variables, strict=True) if argument.batched for leaf in leaves]
    varying = {*batched, *[leaf for leaf, _ in heard.draws]}
    checked = [guard.node for guard in heard.guards]
    checked += [guard.mask for guard in heard.guards if guard.mask is not None]
    roots = [x for array in outputs for x in array] + checked
    tape = record(roots or [Value(0.0, CONSTANT)], varying, heard.masks)
    row = {node: i for i, node in enumerate(tape.nodes)}
    wanted = [row[leaf] for i in chosen for leaf in variables[i] if leaf in row]
    layout = lay_out(tape, find_matrices(roll(tape)), wanted)

    def place(node: Value) -> tuple[bool, int]:
        return tape.batched[row[node]], int(layout.place[row[node]])

    inputs = []
    for leaves in variables:
        used = [i for i, leaf in enumerate(leaves) if leaf in row and layout.place[row[leaf]] >= 0]
        places = [place(leaves[i])[1] for i in used]
        inputs.append((np.array(used, dtype=np.intp), np.array(places, dtype=np.intp)))
    own = {leaf for leaves in variables for leaf in leaves} | {leaf for leaf, _ in heard.draws}
    constants = [i for i in tape.constants() if layout.place[i] >= 0]
    found = [[place(x) for x in array] for array in outputs]
    return Branch(
        tape,
        layout,
        (layout.place[constants], np.array([tape.nodes[i]._data for i in constants])),
        inputs,
        [(tape.nodes[i], int(layout.place[i])) for i in tape.leaves() if tape.nodes[i] not in own and layout.place[i] >= 0],
        [(place(leaf)[1], sampler) for leaf, sampler in heard.draws if leaf in row and place(leaf)[1] >= 0],
        [Check(place(g.node), g.truth, g.line, None if g.mask is None else place(g.mask)) for g in heard.guards],
        [
            (
                np.array([b for b, _ in places], dtype=bool).reshape(array.shape),
                np.array([p for _, p in places], dtype=np.intp).reshape(array.shape),
            )
            for places, array in zip(found, arrays, strict=True)
        ],
        build,
    )


def _names_of(f: Callable[..., Any]) -> list[str]:
    try:
        return [p.name for p in inspect.signature(f).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        return []


def _shaped(array: Array, batch: Batch) -> Any:
    """A result with the samples in the shape of the call."""
    if batch.shape is None:
        return float(array[0]) if array.ndim == 1 else array[0]
    return array.reshape(batch.shape + array.shape[1:])


def _summed(gradient: Array, shape: tuple[int, ...]) -> Any:
    """The gradient by an array that was broadcast: the sum over what it was repeated for."""
    extra = gradient.ndim - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple(axis for axis, n in enumerate(shape) if n == 1 and gradient.ndim and gradient.shape[axis] != 1)
    gradient = gradient.sum(axis=repeated, keepdims=True) if repeated else gradient
    return float(gradient) if shape == () else gradient.reshape(shape)
