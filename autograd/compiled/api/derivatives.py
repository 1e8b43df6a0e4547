"""The derivatives of a compiled function, as its methods: gradient, Jacobian, Hessian, and products with it, dense and sparse."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import sparse, transforms
from autograd._runtime.state import STATE
from autograd.compiled.api.arguments import has_values
from autograd.compiled.api.call import Calls
from autograd.compiled.api.dense_derivative import DenseDerivative
from autograd.compiled.api.results import split_numbers
from autograd.compiled.api.signature import Signature
from autograd.compiled.api.sparse_derivative import SparseDerivative
from autograd.compiled.export.rule_text import printable
from autograd.errors import CompileError, InputError
from autograd.tracing import here

Array = npt.NDArray[np.float64]


class Derivatives:
    """A function with these methods. `Function` inherits them; see there for the others."""

    value_and_grad: Callable[..., tuple[Any, Any]]
    __name__: str
    _f: Callable[..., Any]
    _calls: Calls
    _signature: Signature
    _compiled: Callable[..., Any]  # compiles another function for the same executor

    def __init__(self) -> None:
        self._derived: dict[Hashable, Any] = {}

    def _derived_as(self, key: Hashable, make: Callable[[], Callable[..., Any]], in_axes: Any) -> Any:
        """A function that is derived from this one, compiled once."""
        return self._known(key, lambda: self._compiled(make(), in_axes))

    def _known(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Something for derivatives that is made once."""
        if key not in self._derived:
            self._derived[key] = make()
        return self._derived[key]

    def grad(self, *args: Any, wrt: int | str | tuple[int | str, ...] = 0, **kwargs: Any) -> Any:
        """The gradient of a function that returns one number, as `value_and_grad` gives it, but of the first argument by default.

        So it is what SciPy's `minimize(f, x, args, jac=f.grad)` calls.

        Example:
            >>> rosenbrock = compile(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
            >>> rosenbrock.grad([0.0, 1.0])
            array([ -2., 200.])
        """
        return self.value_and_grad(*args, wrt=wrt, **kwargs)[1]

    def vjp(self, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """The value, and a function from gradients with respect to the value to gradients with respect to the arguments.

        The gradient with respect to a shared argument is the sum over the samples.

        Example:
            >>> value, pull_back = compile(lambda x, y: (x * y, x + y)).vjp(2.0, 5.0)
            >>> value, pull_back((1.0, 0.0))
            ((10.0, 7.0), (5.0, 2.0))
        """
        refuse_traced(self.__name__, "vjp")
        return self._calls.vjp(self._signature.bind(args, kwargs))

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """The value, and its derivative in a direction: forward mode.

        Args:
            primals: the arguments of the function.
            tangents: the direction, of the same form.

        Raises:
            InputError: `primals` or `tangents` is not a list or a tuple.

        Example:
            >>> compile(lambda x, y: x * y).jvp((2.0, 5.0), (1.0, 0.0))
            (10.0, 5.0)
        """
        refuse_traced(self.__name__, "jvp")
        return self._calls.jvp(self._signature.bind_all("primals", primals), self._signature.bind_all("tangents", tangents))

    def jacobian(self, *args: Any, wrt: int | str = 0, **kwargs: Any) -> Array:
        """The derivatives of all results with respect to all numbers of an argument, as one array: the axes of the result, then its.

        Where there are samples, they are the first axis, also if the argument is the same for all of them.

        Of m results and n numbers, up to 4 rows are backward passes of the program of the function. Otherwise the function is recorded
        with its derivative in a direction, and run with a sample for each of the n directions if n ≤ m; or with the gradient of a weighted
        sum of its results, and run with a sample for each of the m weights. If the call has samples of its own, rows are computed one after
        the other for all samples, unless n < m.

        Args:
            args, kwargs: those of the function.
            wrt: the argument, by the index or the name of its parameter: a number or an array.

        Raises:
            InputError: the argument or the result is neither a number nor an array.

        Example:
            >>> polar = compile(lambda p: [p[0] * cos(p[1]), p[0] * sin(p[1])])
            >>> polar.jacobian([2.0, 1.0]).round(2)
            array([[ 0.54, -1.68],
                   [ 0.84,  1.08]])
        """
        refuse_traced(self.__name__, "jacobian")
        call = self._signature.bind(args, kwargs)
        dense: DenseDerivative = self._known("jacobian", lambda: DenseDerivative(self._calls, None))
        return dense(call, call.index(wrt))

    def hessian(self, *args: Any, wrt: int | str = 0, **kwargs: Any) -> Array:
        """The second derivatives of a function that returns one number, with respect to an argument: a square array, one for each sample.

        Args:
            args, kwargs, wrt: as for `jacobian`.

        Raises:
            InputError: the function does not return one number; or as for `jacobian`.

        Example:
            >>> compile(lambda x: x[0] ** 2 * x[1]).hessian([3.0, 2.0])
            array([[4., 6.],
                   [6., 0.]])
        """
        call = self._signature.bind(args, kwargs)
        i = call.index(wrt)
        if i >= call.how.positional:
            raise InputError(f"hessian differentiates with respect to arguments that can be passed by position, not {wrt!r}")
        refuse_traced(self.__name__, "hessian")
        dense: DenseDerivative = self._known("hessian", lambda: DenseDerivative(self._calls, self._gradient))
        return dense(call, i)

    def _gradient(self, i: int) -> Calls:
        """The calls of the gradient with respect to an argument."""
        gradient = self._derived_as(("grad", i), lambda: transforms.grad(self._f, i), self._calls.batching.in_axes)
        gradient._calls.batching = self._calls.batching  # it takes the same arguments
        calls: Calls = gradient._calls
        return calls

    def hvp(self, primals: Any, tangents: Any, *args: Any) -> Any:
        """The Hessian times a vector, without the Hessian: the gradient of the first argument, differentiated in a direction.

        Args:
            primals: the arguments of the function, as a tuple. What is not a tuple is the first one, as SciPy's `hessp` passes it.
            tangents: the direction, of the same form.
            args: the other arguments, if the first one is passed by itself; the direction does not move them.

        Returns:
            It has the form of the first argument. With samples, for an argument that is the same for all of them, it is the sum.

        Raises:
            InputError: the function does not return one number, or the forms differ.

        Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

        Example:
            >>> compile(lambda x: x[0] ** 2 * x[1]).hvp([3.0, 2.0], [1.0, 0.0])
            array([4., 6.])
        """
        refuse_traced(self.__name__, "hvp")
        is_one = not isinstance(primals, tuple)
        if not is_one and (args or not isinstance(tangents, tuple) or len(tangents) != len(primals) or not primals):
            raise InputError(
                "hvp needs a direction for each argument: two tuples of the same length, as in f.hvp((x, y), (dx, dy)), or the first "
                "argument and its direction by themselves, as in f.hvp(x, dx, y)"
            )
        primals, tangents = ((primals, *args), (tangents,)) if is_one else (primals, tangents)
        moving = tuple(range(len(tangents)))
        gradient = self._derived_as(("grad", moving), lambda: transforms.grad(self._f, moving), self._calls.batching.in_axes)
        value, pull_back = gradient.vjp(*primals)
        return pull_back(tuple([_as_gradient(*pair, self.__name__) for pair in zip(tangents, value, strict=True)]))[
            0
        ]  # the Hessian is symmetric

    def sparse_jacobian(self, x: Any, *args: Any) -> Any:
        """The Jacobian with respect to the first argument, a vector, as an array of SciPy's in which zeros take no memory.

        Where numbers stand, and which of them are constant, is found when the function is recorded: once for each branch. One run computes
        the others. Where nodes depend on few variables, each derivative is recorded; if there are more than 100,000 derivatives of nodes
        with respect to variables, the columns are coloured, and the run has a sample for each colour; see `autograd.sparse_jacobian`.

        Raises:
            InputError: an argument contains Values.
            MissingPackageError: SciPy is not installed.

        Example:
            >>> f = compile(lambda x: [b - a * a for a, b in zip(x, x[1:])])
            >>> f.sparse_jacobian([1.0, 2.0, 3.0]).toarray()
            array([[-2.,  1.,  0.],
                   [ 0., -4.,  1.]])
        """
        return self._sparse(sparse.sparse_jacobian, (x, *args))

    def sparse_hessian(self, x: Any, *args: Any) -> Any:
        """The Hessian with respect to the first argument, a vector, as an array of SciPy's; see `sparse_jacobian`.

        Example:
            >>> f = compile(lambda x: sum((b - a * a) ** 2 for a, b in zip(x, x[1:])))
            >>> f.sparse_hessian([1.0] * 100).nnz
            298
        """
        return self._sparse(sparse.sparse_hessian, (x, *args))

    def _sparse(self, of: Callable[..., sparse.Sparse], args: tuple[Any, ...]) -> Any:
        refuse_traced(self.__name__, of.__name__)
        if has_values(args):
            name = f"{of.__name__}({printable(self.__name__)}, x)"
            raise InputError(f"the arguments of {printable(self.__name__)}.{of.__name__} contain Values: write autograd.{name} for these")
        in_axes = (None,) * len(args)
        return self._known((of, len(args)), lambda: SparseDerivative(of, self._f, lambda f: self._compiled(f, in_axes)))(*args)


def _as_gradient(tangent: Any, gradient: Any, name: str) -> Any:
    """A direction in the form of the gradient: that of an argument which all samples share is the same for each sample.

    Raises:
        InputError: it has another form.
    """
    given, form = split_numbers(tangent, "the direction")
    wanted, other = split_numbers(gradient, "the gradient")
    if form != other or any(x.shape != y.shape[max(0, y.ndim - x.ndim) :] for x, y in zip(given, wanted, strict=True)):
        raise InputError(f"the direction of {name}.hvp does not have the form of the argument that it moves")
    return other([np.broadcast_to(x, y.shape) for x, y in zip(given, wanted, strict=True)])


def refuse_traced(function: str, method: str) -> None:
    """
    Raises:
        CompileError: this is within a function that is being differentiated or compiled.
    """
    if STATE.traced and here() is not None:
        name = printable(function)
        raise CompileError(
            f"{name}.{method} returns numbers, which have no derivative in the enclosing function, which is being differentiated "
            f"or compiled: write autograd.{method}({name}) there"
        )
