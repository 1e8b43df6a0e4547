"""compile: record once, run as a tensor program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from autograd.compiled.api.function import Function
from autograd.compiled.api.replay import Program
from autograd.errors import CompileError
from autograd.value import Value


@overload
def compile(target: Value, *, executor: str = "auto") -> Program: ...


@overload
def compile(target: Callable[..., Any], *, in_axes: int | tuple[int | None, ...] | None = None, executor: str = "auto") -> Function: ...


@overload
def compile(*, in_axes: int | tuple[int | None, ...] | None = None, executor: str = "auto") -> Callable[[Callable[..., Any]], Function]: ...


def compile(target: Any = None, *, in_axes: int | tuple[int | None, ...] | None = None, executor: str = "auto") -> Any:
    """Record a graph, or a function, to run it many times as a tensor program.

    A *graph*: the leaves are live, and each run reads their `.data`. Everything else is frozen: numbers in expressions, and the
    side that a Python `if` or `where` took.

    A *function* of numbers becomes one of numbers and arrays, which are broadcast as by a NumPy ufunc; `compile` can be its
    decorator, also of a method. Arguments are passed as to the function itself, also by keyword. It is recorded at the first call, and
    again for arguments of another form. An `if` on a Value is no problem: a run that would take another branch than the recorded one
    records that branch too, and each sample runs on its own branch; `where` makes do without branches. What no result depends on is not
    computed, and raises nothing. Values that the function refers to are read anew at every run, and numbers that it refers to are frozen.

    What is recorded is the function: it is run twice, at two points, and what differs between the two recordings is an error, because it
    would be frozen. Random numbers must come from `autograd.drawn`. What is computed within `no_grad` is computed at every run; no gradient
    passes through it.

    Args:
        target: the result of a computation, such as a loss; or a function of Values.
        executor: what runs the program: "numpy"; "llvm", also called "native", which Numba compiles once on a machine; "auto", that one
            where Numba is installed (``pip install 'scalar-autograd[fast]'``), else NumPy; "jax", by XLA, which compiles each program
            anew. `to_jax` gives the program as a function of JAX, for other devices and precisions.
        in_axes: for arguments that are more than single numbers, as in JAX's vmap: for each argument 0 if it has the samples as its
            first axis, None if it is the same for all samples. Nested lists, arrays, tuples, dicts, and modules (None only).

    Raises:
        CompileError: it is neither a Value nor a function, or there is no such executor.
        MissingPackageError: the package that the executor needs is not installed.

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
        >>> value, (by_width, by_height) = area.value_and_grad([1.0, 2.0, 3.0], 10.0)
        >>> by_height
        array([1., 2., 3.])

        >>> line = compile(lambda p, x: p["slope"] * x + p["offset"], in_axes=(None, 0))
        >>> line({"slope": 2.0, "offset": 1.0}, [0.0, 1.0])
        array([1., 3.])
    """
    if isinstance(target, Value):
        return Program(target, executor)
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,)
    if not all(axis is None or (type(axis) is int and axis == 0) for axis in axes):
        raise CompileError(f"in_axes has 0 or None for each argument, not {in_axes!r}: move the axis of the samples to the front")
    if callable(target):
        return Function(target, in_axes, executor)
    if target is None:
        return lambda f: compile(f, in_axes=in_axes, executor=executor)
    raise CompileError(f"compile takes a Value, the result of a computation, or a function, not {target!r}: write program = compile(loss)")
