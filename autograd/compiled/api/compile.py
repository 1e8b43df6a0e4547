"""compile: record a graph or a function once, then run it as a tensor program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from autograd.compiled.api.function import Function
from autograd.compiled.api.replay import Program
from autograd.errors import CompileError
from autograd.value import Value

R = TypeVar("R")

InAxes = int | tuple[int | None, ...] | None
"""For each argument the axis of the samples: 0, or None for an argument that is the same for all of them."""


@overload
def compile(target: Value, *, executor: str = "auto", threads: int | None = None) -> Program: ...


@overload
def compile(target: Callable[..., R], *, in_axes: InAxes = None, executor: str = "auto", threads: int | None = None) -> Function[R]: ...


@overload
def compile(*, in_axes: InAxes = None, executor: str = "auto", threads: int | None = None) -> Callable[[Callable[..., R]], Function[R]]: ...


def compile(target: Any = None, *, in_axes: InAxes = None, executor: str = "auto", threads: int | None = None) -> Any:
    """Record a graph or a function, to run it many times as a tensor program.

    A *graph*: each run reads the `.data` of its leaves. Everything else is frozen: numbers in expressions, and the side that a Python `if`
    or a `where` took.

    A *function* of numbers becomes a function of numbers and arrays, which are broadcast as by a NumPy ufunc. `compile` can be its
    decorator, also that of a method. Arguments are passed as to the function itself, also by keyword. The function is recorded at the
    first call, and again for arguments of another form. It may branch on Values with `if`: a sample that takes a branch which was not
    recorded yet is recorded then, and each sample runs on its own branch. `where` needs no branches. What no result depends on is not
    computed, so it raises no errors. What is written twice is computed once. Sums, also those of gradients, may be added up in another
    order than by eager code. Values that the function refers to are read at every run; numbers that it refers to are frozen.

    An array stands for many samples of one number each. A function that cannot be recorded so, because it indexes, iterates or measures an
    argument, gets the whole array; so it does where `in_axes` says that. Everything is computed in float64: other numbers, such as NumPy's
    float32, integers, and the columns of pandas and polars, are converted.

    A function that `jacobian` or `hessian` has returned is recorded as it is, row by row, if it is small: if its rows or columns, whichever
    are fewer, times the nodes of the function that it differentiates are at most 5,000. A larger one is computed as by `f.jacobian`; its
    own derivatives, and exports of it, record all rows.

    The function is recorded at two points. Any difference between the two recordings is an error, because a program would freeze what the
    first one did. Random numbers must come from `autograd.drawn`. Computations within `no_grad` are part of every run, but no gradient
    passes through them.

    Args:
        target: the result of a computation, such as a loss; or a function of Values.
        executor: the backend that runs the program. "numpy"; "llvm", also called "native", whose kernels LLVM compiles when they are
            first run, and which are kept on disk (see `clear_cache`); "auto", which is "llvm" if llvmlite is installed
            (``pip install 'scalar-autograd[fast]'``), otherwise "numpy", and so never depends on the time that something takes; or
            "jax", for which XLA compiles each program. `to_jax` gives the program as a function of JAX, for other devices and precisions.
        threads: how many threads "llvm" uses for a batch that is large enough. By default that is the environment variable
            SCALAR_AUTOGRAD_THREADS, or the number of cores; 1 in a forked process. The result does not depend on it, bit for bit.
        in_axes: needed where samples are more than single numbers, and for tuples, dicts and modules. As in JAX's vmap, it is for each
            argument 0 if the samples are its first axis, and None if it is the same for all samples, as a module always is.

    Raises:
        CompileError: the target is neither a Value nor a function; or there is no such executor.
        MissingPackageError: a package that the executor needs is not installed.

    Example:
        >>> w = [Value(0.5), Value(-1.0)]
        >>> loss = (w[0] * 2.0 + w[1] * 3.0) ** 2
        >>> program = compile(loss)
        >>> program()
        4.0
        >>> w[0].data = 1.0
        >>> program()
        1.0

        >>> area = compile(lambda width, height: width * height)
        >>> area([1.0, 2.0, 3.0], 10.0)
        array([10., 20., 30.])
        >>> value, (of_width, of_height) = area.value_and_grad([1.0, 2.0, 3.0], 10.0)
        >>> of_height
        array([1., 2., 3.])

        >>> norm = compile(lambda x: sum(a * a for a in x))
        >>> norm.value_and_grad([3.0, 4.0])
        (25.0, array([6., 8.]))

        >>> line = compile(lambda p, x: p["slope"] * x + p["offset"], in_axes=(None, 0))
        >>> line({"slope": 2.0, "offset": 1.0}, [0.0, 1.0])
        array([1., 3.])
    """
    if isinstance(target, Value):
        return Program(target, executor, threads)
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,)
    if not all(axis is None or (type(axis) is int and axis == 0) for axis in axes):
        raise CompileError(f"in_axes must be 0 or None for each argument, not {in_axes!r}: move the axis of the samples to the front")
    if callable(target):
        return Function(target, in_axes, executor, threads)
    if target is None:
        return lambda f: compile(f, in_axes=in_axes, executor=executor, threads=threads)
    raise CompileError(f"compile takes a Value, the result of a computation, or a function, not {target!r}: write program = compile(loss)")
