"""to_jax: a compiled function as a pure function of JAX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd._runtime.coercion import flag
from autograd.compiled.api.arguments import Argument
from autograd.compiled.api.branch import Branch, Output
from autograd.compiled.api.function import Function
from autograd.compiled.api.in_axes import Batch
from autograd.compiled.backends.jax.xla import warn_if_long
from autograd.compiled.backends.jax.xla_namespace import Array, jax_package
from autograd.compiled.backends.jax.xla_numbers import Numbers, numbers_of, taken
from autograd.compiled.backends.jax.xla_program import leaves_of, outside_of, pure_function, starts_of, steps_of
from autograd.compiled.backends.numpy.reference import Reference
from autograd.errors import CompileError, InputError


class Checks(NamedTuple):
    """Checks that cannot raise an error while XLA runs: one bool for each sample.

    Attributes:
        branch: whether the sample takes the recorded branch. If it does not, the result is nan.
        domain: whether all operations are inside their domain. If one is not, the result is that of IEEE arithmetic, often inf or nan.
    """

    branch: Array
    domain: Array


def to_jax(function: Function[Any], *args: Any, dtype: Any = "float64", checked: bool = False) -> Callable[..., Any]:
    """A compiled function as a pure function of JAX: for `jax.jit`, `jax.grad`, `jax.sharding`, on CPUs, GPUs and TPUs.

    It takes the arguments of the compiled function, with any number of samples, and returns the same result. Instead of a module it takes
    one array, the numbers of `module.parameters()` in order. First derivatives are those of the op table, also at corners and poles. For
    second derivatives JAX differentiates its rules; if they have corners, write ``to_jax(compile(hessian(f)), …)``.

    XLA cannot raise errors. An element outside the domain of an operation is inf or nan, as for NumPy arrays. A sample that takes another
    branch than the recorded one is nan, and so are its gradients. Values that the function refers to are frozen, as numbers are: to
    differentiate with respect to the parameters of a module, pass it as an argument.

    To use many devices, shard the arrays of the samples, as in ``jax.jit(jax.value_and_grad(loss), in_shardings=…)``: the gradient is the
    same as on one device. If the devices cannot share a batch evenly, fill it up with samples of weight 0.

    Args:
        function: the compiled function.
        args: an example of its arguments, with one sample or more. The function is recorded for arguments of this form.
        dtype: "float64" or "float32". JAX has float64 only where it is enabled: call the pure function, or what JAX made of it, within
            ``with jax.enable_x64(True):``.
        checked: whether to return a pair of the result and `Checks`.

    Raises:
        MissingPackageError: JAX is not installed.
        CompileError: `function` is not a compiled function; it draws random numbers; the samples of the example take different branches;
            or the dtype is another one.
        InputError: raised by the pure function, if its arguments do not have the form of the example.

    Example:
        >>> import jax
        >>> from autograd import compile, tanh
        >>> loss = compile(lambda w, x, y: (tanh(w * x) - y) ** 2)
        >>> pure = to_jax(loss, 0.5, [1.0, 2.0], [0.0, 1.0])
        >>> mean = lambda w, x, y: pure(w, x, y).mean()
        >>> with jax.enable_x64(True):
        ...     value, slope = jax.jit(jax.value_and_grad(mean))(0.0, [1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 1.0])
        >>> float(value), float(slope)
        (0.5, -3.5)
    """
    jax = jax_package()
    jnp = jax.numpy
    kind = _dtype_of(dtype)
    checked = flag("checked", checked)
    arguments, batch, branch = _recorded(function, args)
    steps = steps_of(branch.code)
    warn_if_long(steps)
    sources = _sources(arguments, branch, leaves_of(branch.code, steps)[0])
    starts = ([source.start for source in sources[0]], [source.start for source in sources[1]])
    run = pure_function(steps, starts)

    def pure(*args: Any) -> Any:
        if jax.dtypes.canonicalize_dtype(kind) != kind:
            raise CompileError('JAX has no float64 here: write "with jax.enable_x64(True):" around the call, or to_jax(…, dtype="float32")')
        if len(args) != len(arguments):
            raise InputError(f"{function.__name__} was recorded for {len(arguments)} arguments, not {len(args)}")
        given = [_arrays(argument, x, kind) for argument, x in zip(arguments, args, strict=True)]
        given, shape = (_broadcast if function.in_axes is None else _batched)(arguments, given, batch)
        samples = math.prod(shape)
        columns = [[_flat(x, argument.batched) for x in arrays] for argument, arrays in zip(arguments, given, strict=True)]
        shared, batched = ([source.read(columns, kind) for source in of_kind] for of_kind in sources)
        numbers = numbers_of(starts_of(steps, starts), run((shared, batched)))
        still = numbers_of(numbers.starts, jax.lax.stop_gradient(numbers.arrays))
        holds = jnp.broadcast_to(_holds(branch, still), samples)
        arrays = [_result(numbers, output, samples) for output in branch.outputs]
        if branch.checks:  # multiplied rather than selected, so that the gradient is nan too
            arrays = [array * jnp.where(holds, 1.0, jnp.nan).reshape(samples, *[1] * (array.ndim - 1)) for array in arrays]
        result = branch.build([array.reshape(shape + array.shape[1:]) for array in arrays])
        if not checked:
            return result
        inside = jnp.broadcast_to(~outside_of(steps, still), samples)
        return result, Checks(holds.reshape(shape), inside.reshape(shape))

    return pure


def _dtype_of(dtype: Any) -> Any:
    """
    Raises:
        CompileError: it is neither float64 nor float32.
    """
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError):
        kind = np.dtype(object)
    if dtype is None or kind not in (np.float64, np.float32):
        raise CompileError(f'dtype must be "float64" or "float32", not {dtype!r}')
    return kind


def _recorded(function: Function[Any], args: Sequence[Any]) -> tuple[list[Argument], Batch, Branch]:
    """The program for arguments of this form, to be differentiated with respect to all of them."""
    if not isinstance(function, Function):
        raise CompileError(f"to_jax needs a compiled function, as in to_jax(compile(f), 2.0), not {function!r}")
    arguments, batch, branches = function.specialise(*args)
    branch = branches[0]
    if len(branches) > 1:
        raise CompileError(
            f"the samples of the example take different branches of {function.__name__}, at {branch.checks[0].line}, but a pure function "
            "has only one. Write where(x > 0, a, b), or where(x > 0, lambda: log(x), lambda: 0.0) if a side is not defined everywhere"
        )
    if branch.draws:
        raise CompileError(
            f"{function.__name__} draws random numbers, which a pure function cannot: pass them as an argument, or call model.eval() first"
        )
    return arguments, batch, branch


@dataclass(frozen=True)
class Source:
    """The source of the numbers of some leaves.

    Attributes:
        start, stop: the places of the leaves.
        array: the index of the argument, and that of its array, which has the numbers; None for frozen numbers.
        numbers: the positions in the array; or the frozen numbers.
    """

    start: int
    stop: int
    array: tuple[int, int] | None
    numbers: npt.NDArray[Any]

    def read(self, columns: Sequence[Sequence[Array]], kind: Any) -> Array:
        """The numbers, from the arrays of all arguments."""
        if self.array is None:
            return jax_package().numpy.asarray(self.numbers, kind)
        argument, n = self.array
        return taken(columns[argument][n], self.numbers)


def _sources(arguments: Sequence[Argument], branch: Branch, end: int) -> tuple[list[Source], list[Source]]:
    """The sources of the shared leaves, which are the first `end` places, and of the batched ones, in the order of their places."""
    frozen = Reference(branch.code).storage().shared[:end]
    for value, place in branch.captured:
        frozen[place] = value.data
    by_kind: tuple[list[Source], list[Source]] = ([], [])
    for i, (argument, (used, places)) in enumerate(zip(arguments, branch.inputs, strict=True)):
        if isinstance(places, np.ndarray) and places.size:  # the places are consecutive, unless some belong to an earlier argument
            raise _shared_by_two(argument)
        sizes = [math.prod(shape[argument.batched :]) for shape in _shapes(argument)]
        wanted = np.arange(sum(sizes))[used]
        position = places.start if isinstance(places, slice) else 0
        for n, (size, first) in enumerate(zip(sizes, np.cumsum([0, *sizes]), strict=False)):
            own = wanted[(wanted >= first) & (wanted < first + size)] - first
            if own.size:
                by_kind[argument.batched].append(Source(position, position + own.size, (i, n), own))
            position += own.size
    shared: list[Source] = []
    position = 0
    for source in sorted(by_kind[0], key=lambda source: source.start):
        if source.start < position:
            raise _shared_by_two(arguments[source.array[0] if source.array else 0])
        shared += [Source(position, source.start, None, frozen[position : source.start]), source]
        position = source.stop
    shared.append(Source(position, end, None, frozen[position:]))
    return [source for source in shared if source.numbers.size], sorted(by_kind[1], key=lambda source: source.start)


def _shapes(argument: Argument) -> list[tuple[int, ...]]:
    """The shapes of the arrays of an argument; a module's parameters are one array."""
    return [np.shape(argument.numbers(1))] if argument.module is not None else [array.shape for array in argument.arrays]


def _shared_by_two(argument: Argument) -> CompileError:
    return CompileError(f"{argument.name} has parameters that another argument has too: pass each module once")


def _arrays(argument: Argument, given: Any, kind: Any) -> list[Array]:
    """The arrays of an argument, in the form of the example.

    Raises:
        InputError: the argument has another form.
    """
    if argument.module is not None:
        return _leaves_of(0, given, argument.name, kind)
    return _leaves_of(argument.build([*range(len(argument.arrays))]), given, argument.name, kind)


def _leaves_of(form: Any, given: Any, name: str, kind: Any) -> list[Array]:
    if form is None and given is None:
        return []
    if isinstance(form, dict):
        if not isinstance(given, dict) or given.keys() != form.keys():
            raise InputError(f"{name} must be a dict with the keys {', '.join(map(repr, form))}, as in the example, not {given!r}")
        return [x for key in form for x in _leaves_of(form[key], given[key], f"{name}[{key!r}]", kind)]
    if isinstance(form, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(form):
            raise InputError(f"{name} must be a {type(form).__name__} of {len(form)}, as in the example, not {given!r}")
        return [x for i, (own, x_given) in enumerate(zip(form, given, strict=True)) for x in _leaves_of(own, x_given, f"{name}[{i}]", kind)]
    try:
        return [jax_package().numpy.asarray(given, kind)]
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number or an array of numbers, not {given!r} of type {type(given).__name__}") from None


def _broadcast(arguments: Sequence[Argument], given: list[list[Array]], batch: Batch) -> tuple[list[list[Array]], tuple[int, ...]]:
    """Broadcast numbers and arrays as a NumPy ufunc does. Returns them, and the shape of those that were arrays in the example."""
    shapes = [arrays[0].shape for arrays in given]
    try:
        shape = np.broadcast_shapes(*[own for argument, own in zip(arguments, shapes, strict=True) if not argument.whole])
    except ValueError:
        listed = ", ".join(f"{argument.name} {own}" for argument, own in zip(arguments, shapes, strict=True))
        raise InputError(f"the arguments cannot be broadcast together: {listed}") from None
    for argument, arrays in zip(arguments, given, strict=True):
        if argument.whole:
            continue
        if argument.batched:
            arrays[0] = jax_package().numpy.broadcast_to(arrays[0], shape).ravel()
        elif arrays[0].size != 1 or (batch.shape is None and shape != ()):
            raise InputError(
                f"{argument.name} was a single number in the example, and now has the shape {arrays[0].shape}: pass an array in the example"
            )
        else:
            arrays[0] = arrays[0].reshape(())
    return given, shape


def _batched(arguments: Sequence[Argument], given: list[list[Array]], batch: Batch) -> tuple[list[list[Array]], tuple[int, ...]]:
    """Check the shapes of arrays. Returns the arrays, and the number of samples as a shape, which is () without a batch."""
    sizes: set[int] = set()
    for argument, arrays in zip(arguments, given, strict=True):
        for array, shape in zip(arrays, _shapes(argument), strict=True):
            if len(array.shape) != len(shape) or array.shape[argument.batched :] != shape[argument.batched :]:
                raise InputError(f"{argument.name} has an array of the shape {array.shape}, which does not fit the example's {shape}")
            sizes |= {len(array)} if argument.batched else set()
    if len(sizes) > 1:
        raise InputError(f"the arguments have different numbers of samples: {', '.join(map(str, sorted(sizes)))}")
    return given, tuple(sizes)


def _flat(array: Array, batched: bool) -> Array:
    """The numbers of an array along one axis; or, if it is batched, along two, with one column for each sample."""
    return array.reshape(len(array), math.prod(array.shape[1:])).T if batched else array.ravel()


def _holds(branch: Branch, numbers: Numbers) -> Array:
    """For which samples all guards hold."""
    holds: Array = jax_package().numpy.ones(numbers.samples, dtype=bool)
    for check in branch.checks:
        same = (_one(numbers, check.condition) != 0.0) == check.truth
        holds &= same if check.mask is None else same | (_one(numbers, check.mask) == 0.0)
    return holds


def _one(numbers: Numbers, place: tuple[bool, int]) -> Array:
    batched, i = place
    return numbers.at(batched, np.array([i]))[0]  # type: ignore[index]


def _result(numbers: Numbers, output: Output, samples: int) -> Array:
    """An array of the result, with the samples as its first axis."""
    jnp = jax_package().numpy
    batched = output.batched
    parts: list[Any] = []
    for kind in (True, False):
        own = output.places[batched == kind]
        if own.size:
            numbers_of_kind = numbers.at(kind, own)
            parts.append(numbers_of_kind if kind else jnp.broadcast_to(numbers_of_kind[:, None], (own.size, samples)))  # type: ignore[index]
    order = np.empty(batched.size, dtype=np.intp)
    order[batched] = np.arange(batched.sum())
    order[~batched] = np.arange(batched.sum(), batched.size)
    return taken(jnp.concatenate(parts), order).T.reshape(samples, *output.shape)
