"""The compiled function: a recorded function of scalars as a function of arrays."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from autograd._runtime.coercion import flag
from autograd._runtime.state import STATE
from autograd.compiled.api.arguments import Argument, has_values
from autograd.compiled.api.branch import Branch
from autograd.compiled.api.branch_outlines import BranchOutlines, outlines
from autograd.compiled.api.call import Calls
from autograd.compiled.api.compiled_jacobian import CompiledJacobian
from autograd.compiled.api.derivatives import Derivatives, refuse_traced
from autograd.compiled.api.in_axes import Batch, Batching
from autograd.compiled.api.method import Method, Methods
from autograd.compiled.api.signature import Signature
from autograd.compiled.api.specialisations import Specialisations, count_of
from autograd.compiled.backends.registry import backend_named
from autograd.compiled.export.listing import Line, outline
from autograd.compiled.export.numpy_source import source_of
from autograd.compiled.export.rule_text import printable
from autograd.errors import InputError
from autograd.tracing import here
from autograd.transforms import differentiated_by
from autograd.value import Value

Result = TypeVar("Result")

Numbers = float | Sequence[float] | npt.NDArray[Any]
"""One argument: one number, or one for each sample."""


class Function(Derivatives, Generic[Result]):
    """A compiled function; called on Values, the plain function returns a `Result`. See `compile`.

    `print(f)` shows the programs that it remembers. See `specialisations`.
    """

    def __init__(self, f: Callable[..., Result], in_axes: Any = None, executor: str = "auto", threads: int | None = None) -> None:
        super().__init__()
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        self._f, self._settings = f, (in_axes, executor, threads)
        self._compiled = functools.partial(Function, executor=executor, threads=threads)
        functools.update_wrapper(self, f)
        self._signature = Signature(f)
        self._specialisations = Specialisations(f, printable(self.__name__), backend_named(executor, threads))
        self._calls = Calls(f, printable(self.__name__), Batching(in_axes, self._signature.count), self._specialisations)
        of = differentiated_by(f)
        has_rows = of is not None and of.transform in ("jacobian", "hessian")
        self._jacobian = CompiledJacobian(self._calls, of) if of is not None and has_rows else None
        axes_of_method = in_axes[1:] if isinstance(in_axes, tuple) else in_axes
        self._methods = Methods(f, functools.partial(self._compiled, in_axes=axes_of_method))

    @overload  # floats are arrays too, and Values are objects: the first that fits counts
    def __call__(self: Function[Value], *args: float, **kwargs: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self: Function[Value], *args: Value | float, **kwargs: Value | float) -> Value: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self: Function[Value], *args: Numbers, **kwargs: Numbers) -> npt.NDArray[np.float64]: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function on numbers or arrays; on Values, or in a function that is differentiated or compiled, the plain function.

        Raises:
            InputError: an argument is not a number, or shapes do not fit together.
            DomainError, PoleError: the error of the plain function for these numbers. For arrays, an element outside a domain is inf or
                nan, with a RuntimeWarning, as in NumPy; `np.errstate(invalid=…)` can change that.
            CompileError: the function cannot be recorded, or takes too many branches.
        """
        call = self._signature.bind(args, kwargs)
        if (STATE.traced and here() is not None) or has_values(call.values):
            return self._calls.eagerly(call)
        return self._calls.value(call) if self._jacobian is None else self._jacobian.value(call)

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
            wrt: the argument with respect to which to differentiate, by the index or the name of its parameter. A tuple of them gives a
                tuple of gradients, and so does None, which means all arguments that are passed; but of a function with a single parameter
                it gives the gradient alone.
            reduce: None gives the value and the gradients of each sample: a number that is broadcast over 1,000 samples has 1,000
                derivatives. "sum" and "mean" give those of the sum or mean over the samples: the gradient with respect to a shared
                argument has the shape of the argument.
            has_aux: whether the function returns a pair of the number to differentiate and anything else. The value is then a pair too,
                whose second item has the results of all samples and is not differentiated.

        Raises:
            InputError: the function does not return one number; or `wrt` or `reduce` is invalid.
            CompileError: it is called within a function that is being differentiated or compiled.

        Example:
            >>> f = compile(lambda x, y: x * y)
            >>> f.value_and_grad(2.0, 5.0)
            (10.0, (5.0, 2.0))
            >>> f.value_and_grad(2.0, y=[1.0, 3.0], wrt="x", reduce="sum")
            (8.0, 4.0)
        """
        if not (reduce is None or (isinstance(reduce, str) and reduce in ("sum", "mean"))):
            raise InputError(f'reduce must be None, "sum" or "mean", not {reduce!r}')
        refuse_traced(self.__name__, "value_and_grad")
        return self._calls.value_and_grad(self._signature.bind(args, kwargs), wrt, reduce, flag("has_aux", has_aux))

    def record(self, *args: Any, wrt: int | str | tuple[int | str, ...] | None = (), **kwargs: Any) -> None:
        """Record the function for arguments of this form now rather than at the first call, without a run.

        Args:
            args, kwargs: those of the function; the first of several samples is recorded.
            wrt: the arguments with respect to which it will be differentiated with `reduce`; none for calls without derivatives.

        Raises:
            CompileError: the function cannot be recorded.
        """
        refuse_traced(self.__name__, "record")
        call = self._signature.bind(args, kwargs)
        chosen = call.chosen(wrt)
        if self._jacobian is None or chosen or not self._jacobian.record(call):
            self._calls.record(call, chosen)

    def specialise(self, *args: Any, **kwargs: Any) -> tuple[list[Argument], Batch, list[Branch]]:
        """The arguments, the samples, and the programs for arguments of this form, to be differentiated with respect to all of them.

        Raises:
            CompileError: the function cannot be recorded.
        """
        call = self._signature.bind(args, kwargs)
        chosen = tuple(range(len(call.values)))
        self._calls.record(call, chosen)
        arguments, batch = self._calls.batching.arguments(call, chosen, False)
        return arguments, batch, [branch for branch, _, _ in self._specialisations.run(call, arguments, batch, chosen, False)]

    @property
    def in_axes(self) -> Any:
        """See `compile`."""
        return self._calls.batching.in_axes

    def refresh(self, *args: Any, **kwargs: Any) -> bool:
        """Forget the programs for arguments of this form, if the function would now be recorded differently.

        A program contains the numbers, attributes and settings that the function referred to when it was recorded. To find out whether
        they have changed, the function is called once on Values for each of its branches.

        Returns:
            Whether programs were forgotten.
        """
        call = self._signature.bind(args, kwargs)
        arguments, _ = self._calls.batching.arguments(call, (), False)
        stale = self._specialisations.refresh(call, arguments)
        stale |= self._jacobian is not None and self._jacobian.refresh(call)
        if stale:
            self._derived.clear()
        return stale

    def forget(self) -> None:
        """Forget all programs."""
        self._specialisations.forget()
        self._derived.clear()
        if self._jacobian is not None:
            self._jacobian.forget()

    @property
    def specialisations(self) -> list[Branch]:
        """The programs that were recorded so far: one for each form of arguments, and each way through the `if`s.

        When they take much memory, those for the forms that were not used for longest are forgotten, and recorded anew when needed.
        """
        return self._specialisations.all

    def record_within(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        """Record the function within such a context from now on."""
        self._specialisations.record_within(context)

    @property
    def draws(self) -> int:
        """The largest number of random numbers that a sample draws on any branch recorded so far."""
        return max([count_of(branch.draws) for branch in self.specialisations], default=0)

    def branch_outlines(self, most: int) -> BranchOutlines:
        """The programs of the branches in words, of at most so many; `draw(f)` makes a picture of them.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return outlines(self._specialisations.recorded, most)

    def outline(self) -> list[Line]:
        """The instructions of the program that was recorded last, in words.

        Raises:
            CompileError: nothing was recorded yet.
        """
        last = self._specialisations.last
        return outline(last.tape, last.code, last.shapes)

    @property
    def source(self) -> str:
        """The program that was recorded last as NumPy source: `forward(x, xs)` and `backward(x, xs, d, ds)`, on arrays of all numbers.

        Raises:
            CompileError: nothing was recorded yet.
        """
        return source_of(self._specialisations.last.code, f"The program of {self.__name__}.", self.outline(), [])

    def __reduce__(self) -> Any:
        """A decorated function is found by its name; another one is compiled and recorded anew."""
        return _importable_name(self) or (Function, (self._f, *self._settings))

    def __str__(self) -> str:
        return str(self._specialisations)

    def __repr__(self) -> str:
        return f"<compiled function {printable(self.__name__)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The method of an object. A module is passed as the first argument; another object is one that the function refers to."""
        if instance is None or isinstance(self._f, staticmethod):
            return self
        if hasattr(instance, "named_parameters"):
            return Method(self, instance, (instance,))
        return Method(self._methods.of(instance), instance, ())


def _importable_name(function: Any) -> str:
    """The name under which the function's module holds this object, as pickle looks for it; "" if it holds another one or none."""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    name: str = getattr(function, "__qualname__", "")
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is function else ""
